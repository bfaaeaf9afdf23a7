"""A record that was sealed and lost, brought back: is it the very one that its order makes, at its own place?

The order is planned anew, and what it makes is held against the sealed bytes: every claim and every disclosed value is
the same, but for what is drawn at random (salts, decoys). So nothing is believed of who brings it. The references alone
no record tells: for these there is the hub's own signed receipt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hub.decisions.answers import disclosed_values
from hub.errors import OrderError
from hub.steps.certificates.intentions import Intention, Sealed
from hub.steps.registry import Registry
from schemas.identifiers import parse_identifier
from signing.errors import DisclosureError, KeyUnknownError, SignatureInvalidError
from signing.jws import VerificationKey, parse_json
from signing.sd_jwt import OpenedRecord, Record, Seal, open_record
from signing.status_list import StatusPlace, serial_of

SKIPPED_VERSIONS = 10
"""So many versions of a chain may have been lost after the one that is known: theirs are given to no other."""
_RANDOM = frozenset({"_sd", "_sd_alg"})


@dataclass(frozen=True, slots=True)
class Remade:
    """A lost record as it was brought back, and the references that its receipt names: its own, its holder's."""

    record: Record
    reference: str
    holder_reference: str

    @property
    def claims(self) -> Mapping[str, Any]:
        """What its payload says; whether it is sealed is not looked at."""
        said: Mapping[str, Any] = parse_json(self.record.payload)
        return said

    @property
    def planned_at(self) -> datetime:
        """When its payload was made, to the second."""
        return datetime.fromtimestamp(int(self.claims["iat"]), UTC)

    @property
    def version(self) -> int:
        return int(parse_identifier(str(self.claims["identifier"])).version)

    def serial(self, status_key: bytes) -> int:
        """Return its serial: only one has its place in the status lists."""
        place = self.claims["status"]["status_list"]
        return serial_of(StatusPlace(int(str(place["uri"]).rpartition("/")[2]), int(place["idx"])), status_key)

    def adopt(self, made: Intention) -> Intention:
        """Return an intention of the same order with the bytes that were sealed; OrderError record_differs."""
        ours = parse_json(made.payload.encode())
        if _fixed(ours) != _fixed(self.claims) or len(ours["_sd"]) != len(self.claims["_sd"]):
            raise OrderError("record_differs")
        if disclosed_values(made.disclosures) != disclosed_values(self.record.disclosures):
            raise OrderError("record_not_whole")
        return replace(
            made,
            reference=self.reference,
            holder_reference=self.holder_reference,
            payload=self.record.payload.decode(),
            disclosures=self.record.disclosures,
        )

    def sealed(self, intention: Intention, *, registry: Registry, at: datetime) -> Sealed:
        """Return the intention with the seal that its body's key put on it then; SigningError where none did."""

        def find_key(kid: str) -> VerificationKey:
            return registry.trust().listed_key(kid, use=intention.issuing_body, at=at)

        seal, opened = _first_that_opens(self.record, find_key)
        return Sealed(intention, seal, opened.key_ids[0], opened.claims, opened.disclosed, opened.payload_sha256)


def _fixed(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name not in _RANDOM}


def _first_that_opens(record: Record, find_key: Any) -> tuple[Seal, OpenedRecord]:
    for each in record.seals:
        try:
            return each, open_record(replace(record, seals=(each,)), find_key=find_key)
        except (KeyUnknownError, SignatureInvalidError, DisclosureError):
            continue
    raise SignatureInvalidError("no seal of the record is its body's")
