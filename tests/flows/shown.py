"""What a person may show, made with real keys of a fictional city: records, delivered files, notes, answers, lists.

Everything is as the hub makes it, without its store, so that keys and times can be what no hub would allow.
"""

import secrets
from base64 import standard_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from hub.public.examination.offline import verify_offline
from hub.public.examination.online import finder
from hub.public.examination.report import Examination
from schemas.canonical import canonical_digest
from schemas.catalogue import load_catalogue
from schemas.exchange import NOTE_TYP
from schemas.tokens import ANSWER_TYP, STATUS_LIST_TYP
from signing.jws import sign_compact
from signing.sd_jwt import Record, make_disclosure, make_payload, seal
from signing.signers.file import FileSigner
from signing.status_list import encode_statuses
from signing.trust import TrustList
from tests.signing.authority import ISSUING_BODY, NOW, City, hub_entry, new_city, new_signer, seal_entry

CATALOGUE = load_catalogue()
ORIGIN = "https://hub.example"
HOLDER = "91442000MA0000019T"
IDENTIFIER = "1.2.156.3005.2.11100000MB2D00001X001.11442000MB2D00001X.0000000001.001.A"
PUBLIC = {"holder_name": "中山示例餐饮有限公司", "business_items": "热食类食品制售"}
PRIVATE = {"food_safety_manager": "示例乙"}
LIST_INDEX = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """The hub's own keys beside a city's, and what is made with them."""

    city: City
    notes: FileSigner
    answers: FileSigner
    status: FileSigner
    collected: FileSigner

    def trust(self, **changes: Any) -> TrustList:
        """Return the trust list with all keys of the desk, with `changes`."""
        return self.city.trust_list(**({"hub_keys": self.hub_keys()} | changes))

    def hub_keys(self, **notes_changes: Any) -> tuple[Any, ...]:
        """Return the entries of the hub's keys; `notes_changes` are those of the notes key."""
        return (
            hub_entry(self.notes, "notes", **notes_changes),
            hub_entry(self.answers, "answers"),
            hub_entry(self.status, "status"),
            hub_entry(self.collected, "collected"),
        )

    def record(self, fields: Mapping[str, str] = PUBLIC, *, signer: FileSigner | None = None, **claims: Any) -> Record:
        """Return a sealed food permit that shows `fields`."""
        disclosures = [make_disclosure(name, value, bytes(16)) for name, value in fields.items()]
        payload = make_payload(record_claims(**claims), disclosures, digest_count=16, random=secrets.token_bytes)
        signer = signer or self.city.seal.signer
        return Record(payload, (seal(payload, signer=signer, statement=b"order"),), tuple(disclosures))

    def note(self, records: Sequence[Record], *, signer: FileSigner | None = None, **changes: Any) -> str:
        """Return the delivery note over these records."""
        lines = [presentation(record) for record in records]
        payload = {
            "v": 1,
            "iss": ORIGIN,
            "serial": "delivery-1",
            "requester": {"licence_number": "11442000MB2D00002Y", "name": "示例卫生健康局"},
            "officer": "h-001",
            "cause": "公共场所卫生许可（示例法第1条）",
            "item_code": "440112001",
            "case_number": "2026-0001",
            "basis": {"kind": "statutory", "reference": "rule-1"},
            "holder": HOLDER,
            "maker": "11442000MB2D00003Z",
            "made_at": NOW.isoformat(),
            "ends_at": (NOW + timedelta(days=30)).isoformat(),
            "as_of": NOW.isoformat(),
            "presentations": lines,
        } | changes
        return sign_compact(orjson.dumps(payload), signer=signer or self.notes, typ=NOTE_TYP)

    def delivered(self, record: Record, *, note: str | None = None, certs: Sequence[bytes] | None = None) -> bytes:
        """Return the delivered file of a record."""
        shown = [self.city.seal.cert_der] if certs is None else certs
        document = {
            "record": orjson.loads(record.to_json()),
            "note": note or self.note([record]),
            "certs": [standard_b64encode(cert).decode() for cert in shown],
        }
        return orjson.dumps(document)

    def status_list(self, values: Mapping[int, int], *, signer: FileSigner | None = None, **changes: Any) -> str:
        """Return the status list of the desk's records."""
        issued_at = int(NOW.timestamp())
        payload = {
            "sub": f"{ORIGIN}/status/0",
            "iss": ORIGIN,
            "iat": issued_at,
            "exp": issued_at + 600,
            "ttl": 300,
            "status_list": {"bits": 2, "lst": encode_statuses(values)},
        } | changes
        return sign_compact(orjson.dumps(payload), signer=signer or self.status, typ=STATUS_LIST_TYP)

    def answer(self, outcome: str = "valid", reason: str = "good", **changes: Any) -> bytes:
        """Return a signed scan answer about one certificate."""
        issued_at = int(NOW.timestamp())
        payload = {
            "iss": ORIGIN,
            "iat": issued_at,
            "exp": issued_at + 600,
            "kind": "certificate",
            "as_of": NOW.isoformat(),
            "holder": {"licence_number": HOLDER, "name": "中山示例餐饮有限公司"},
            "certificate": told_certificate(),
            "verdict": {"outcome": outcome, "reason": reason, "since": None},
            "checks": [{"name": "status", "result": "passed", "reason": None}],
        } | changes
        return sign_compact(orjson.dumps(payload), signer=self.answers, typ=ANSWER_TYP).encode()

    def verify(
        self,
        raw: bytes,
        *,
        trust: TrustList | None = None,
        status: str | None = None,
        now: datetime = NOW,
        max_age: timedelta | None = None,
    ) -> Examination:
        """Verify offline, as the command does."""
        return verify_offline(
            raw,
            trust=trust or self.trust(),
            find_type=finder(CATALOGUE),
            status_token=status,
            now=now,
            max_age=max_age,
        )

    def outcome(self, raw: bytes, **conditions: Any) -> tuple[str, str]:
        """Return outcome and reason of what `verify` says."""
        verdict = self.verify(raw, **conditions).verdict
        return ("no verdict", "") if verdict is None else (verdict.outcome.value, verdict.reason)


def new_desk() -> Desk:
    """Return a desk with fresh keys."""
    return Desk(new_city(), new_signer(), new_signer(), new_signer(), new_signer())


def other_seal(desk: Desk, **changes: Any) -> tuple[Any, ...]:
    """Return the list's seals with the city's own changed."""
    return (seal_entry(desk.city.seal, **changes),)


def presentation(record: Record) -> dict[str, Any]:
    """Return how a note names a record."""
    claims = orjson.loads(record.payload)
    return {
        "identifier": claims["identifier"],
        "certificate_type": "food_operation_permit",
        "sha256": canonical_digest(orjson.loads(record.to_json())),
        "status": "valid",
        "outcome": "valid",
        "reason": "good",
    }


def record_claims(**changes: Any) -> dict[str, Any]:
    """Return what a record of the hub says openly, with `changes`."""
    kind = CATALOGUE.get("food_operation_permit")
    return {
        "iss": ORIGIN,
        "iat": int(NOW.timestamp()),
        "licence_number": HOLDER,
        "identifier": IDENTIFIER,
        "certificate_type": {"code": kind.code, "version": kind.version, "digest": kind.digest},
        "issuing_body": ISSUING_BODY,
        "valid_from": "2026-01-01",
        "valid_to": "2030-12-31",
        "origin": {"kind": "native"},
        "status": {"status_list": {"idx": LIST_INDEX, "uri": f"{ORIGIN}/status/0"}},
    } | changes


def told_certificate() -> dict[str, Any]:
    """Return a certificate as a signed answer tells of it."""
    return {
        "identifier": IDENTIFIER,
        "type": "food_operation_permit",
        "type_version": 1,
        "number": "JY24420000000018",
        "body_name": "示例市市场监督管理局",
    }
