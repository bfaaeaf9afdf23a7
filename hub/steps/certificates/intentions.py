"""What is about to be sealed: made from an order, kept encrypted, sealed, and opened again with the listed key.

The payload's bytes are made here, once; everything after works on these bytes. The digests, leaves and bindings of the
hub cover the issuer-signed part only, that is SHA-256 of the payload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hmac import digest as keyed_digest
from io import BytesIO
from typing import Any

import orjson

from hub.decisions.answers import LICENCE_TYPE, disclosed_values
from hub.errors import SetupError
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import COLLECTED_SEALER, Registry, Sealers
from hub.store.certificate import StoredChain
from hub.store.intention import StoredIntention
from schemas.canonical import canonical_json
from schemas.catalogue import FieldClass
from schemas.certificate import Act, Certificate, Status
from schemas.fields import COMMON_FIELDS
from schemas.identifiers import make_identifier, make_reference
from schemas.order import Order
from schemas.parties import System
from signing.base64url import encode
from signing.envelope import decrypt, encrypt
from signing.errors import DisclosureError, KeyUnknownError
from signing.jws import VerificationKey
from signing.sd_jwt import Record, Seal, disclosure_digest, make_disclosure, make_payload, open_record, seal
from signing.status_list import place_of

TRUST_LEVELS = {"native": "A", "legacy": "B", "collected": "C"}
_SALT_BYTES = 16
_REFERENCE_BYTES = 16
_DECOY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an order came from: its own body (native), a published file (collected) or an archive (legacy).

    `intake` names the intake whose outcome tells of `row`; `scan_sha256` is the digest (hex) of a paper's scan.
    """

    kind: str
    received_at: datetime
    source: str | None = None
    file_sha256: str | None = None
    row: int | None = None
    intake: str | None = None
    scan_sha256: str | None = None

    @classmethod
    def native(
        cls, now: datetime, *, file_sha256: str | None = None, row: int | None = None, intake: str | None = None
    ) -> "Origin":
        return cls("native", now, None, file_sha256, row, intake)

    @property
    def is_native(self) -> bool:
        return self.kind == "native"

    def claims(self) -> dict[str, Any]:
        """Return what the record says of its origin; a scan's digest only where there is one."""
        claims = {
            "kind": self.kind,
            "source": self.source,
            "file_sha256": self.file_sha256,
            "row": self.row,
            "received_at": self.received_at.isoformat(timespec="seconds"),
        }
        return claims | ({"scan_sha256": self.scan_sha256} if self.scan_sha256 else {})


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders under one statement, and those that stand beside it.

    `statement_number` is set once the statement is kept (the rows of a file).
    """

    name: str
    orders: Sequence[Order]
    origins: Sequence[Origin]
    verified: VerifiedStatement
    system: System
    statement_number: int | None = None
    seconds: tuple[Second, ...] = ()


@dataclass(frozen=True, slots=True)
class Intention:
    """One certificate about to be sealed, whole: `payload` is the JSON text that will be signed.

    `moved_from` is the place (holder, slot) that its chain leaves, where it goes from one holder to another.
    """

    serial: int
    batch: str
    chain: int
    slot: int
    version: int
    identifier: str
    reference: str
    holder_reference: str
    licence_number: str
    holder_name: str
    holder_address: str
    certificate_type: str
    type_version: int
    issuing_body: str
    certificate_number: str
    valid_from: date
    valid_to: date | None
    decided_on: date
    works_from: date
    facts_digest: str
    replaces: int | None
    names_holder: bool
    source: str | None
    intake: str | None
    row_number: int | None
    statement_number: int
    statement_digest: str
    act_id: str
    payload: str
    disclosures: tuple[str, ...]
    documents: tuple[str, ...] = ()
    cause: str | None = None
    address_is_home: bool = False
    moved_from: tuple[str, int] | None = None

    def chain_row(self) -> dict[str, Any]:
        """Return the row of a chain that begins with this version."""
        return {
            "chain": self.chain,
            "licence_number": self.licence_number,
            "certificate_type": self.certificate_type,
            "issuing_body": self.issuing_body,
            "number": self.certificate_number,
            "slot": self.slot,
            "versions": 0,
            "current": None,
            "open": self.serial,
        }

    def current_row(self) -> dict[str, Any]:
        """Return what a chain holds once this version is its current one."""
        return {
            "chain": self.chain,
            "licence_number": self.licence_number,
            "slot": self.slot,
            "issuing_body": self.issuing_body,
            "number": self.certificate_number,
            "versions": self.version,
            "current": self.serial,
        }

    def intake_row(self) -> dict[str, Any]:
        """Return what the intake's outcome says of the row this certificate was made of."""
        result = "issued" if self.version == 1 else "changed"
        return {
            "intake": self.intake,
            "row": self.row_number,
            "result": result,
            "identifier": self.identifier,
            "chain": self.chain,
            "problems": None,
        }

    def refused_intake_row(self) -> dict[str, Any]:
        """Return what the intake's outcome says when this certificate could not be sealed."""
        problems = [{"field": "order", "rule": "sealing_failed"}]
        return self.intake_row() | {"result": "refused", "identifier": None, "chain": None, "problems": problems}

    def name_row(self) -> dict[str, Any]:
        names = ("identifier", "reference", "licence_number", "serial")
        return {name: getattr(self, name) for name in names}

    def row(self, *, owner: str, lease_until: datetime, registry: Registry) -> dict[str, Any]:
        """Return the stored form: everything that could tell a field is inside the envelope."""
        content = orjson.dumps(self)
        return {
            "serial": self.serial,
            "batch": self.batch,
            "owner": owner,
            "lease_until": lease_until,
            "statement": self.statement_number,
            "envelope": encrypt(content, master=registry.master, context=_context("intention", self.serial)),
            "recorded_at": lease_until - registry.terms.lease,
        }


@dataclass(frozen=True)
class Sealed:
    """An intention with its seal, opened again: what the registry is about to hold."""

    intention: Intention
    seal: Seal
    key_id: str
    claims: Mapping[str, Any]
    disclosed: Mapping[str, str]
    payload_sha256: str

    def certificate(self, now: datetime) -> Certificate:
        return Certificate(**self.certificate_row(now))

    def certificate_row(self, now: datetime) -> dict[str, Any]:
        intention = self.intention
        copied = (
            "serial chain version identifier reference licence_number certificate_type type_version issuing_body "
            "valid_from valid_to decided_on facts_digest source act_id"
        )
        return {name: getattr(intention, name) for name in copied.split()} | {
            "status": Status.VALID.value,
            "status_since": intention.works_from,
            "suspended_until": None,
            "payload_sha256": self.payload_sha256,
            "statement": intention.statement_number,
            "sealed_at": now,
        }

    def record_row(self, registry: Registry) -> dict[str, Any]:
        public, private = self._split(registry)
        return {
            "serial": self.intention.serial,
            "payload": self.intention.payload.encode(),
            "seals": [{"protected": self.seal.protected, "signature": self.seal.signature}],
            "public_disclosures": public,
            "envelope": encrypt_disclosures(private, serial=self.intention.serial, registry=registry),
        }

    def change_row(self, old: Certificate, now: datetime) -> dict[str, Any]:
        """Return the change of the version this one replaces; the act is the issue itself."""
        decision = self.claims["decision"]
        return {
            "serial": old.serial,
            "act": Act.SUPERSEDE.value,
            "from_status": old.status,
            "to_status": Status.SUPERSEDED.value,
            "ground": "",
            "document_name": decision["document"],
            "document_number": decision["number"],
            "document_date": self.intention.decided_on,
            "works_from": self.intention.works_from,
            "until": None,
            "issuing_body": self.intention.issuing_body,
            "statement": self.intention.statement_number,
            "recorded_at": now,
            "act_id": self.intention.act_id,
            "cause": self.intention.cause,
        }

    def public_values(self, registry: Registry) -> dict[str, str]:
        public_names = self._public_names(registry)
        return {name: value for name, value in self.disclosed.items() if name in public_names}

    def _public_names(self, registry: Registry) -> frozenset[str]:
        names = public_fields(self.intention.certificate_type, self.intention.type_version, registry)
        if not self.intention.address_is_home:
            return names
        # A home is told by no other field either: whoever works at home has it for their premises.
        home = self.disclosed.get("holder_address", "")
        told = {name for name, value in self.disclosed.items() if home and home in value}
        return names - told - {"holder_address"}

    def _split(self, registry: Registry) -> tuple[list[str], list[str]]:
        public_names = self._public_names(registry)
        names = list(zip(self.disclosed, self.intention.disclosures, strict=True))
        public = [each for name, each in names if name in public_names]
        return public, [each for name, each in names if name not in public_names]


def new_name(registry: Registry) -> str:
    """Return a new random name for a batch or an act: 128 bits, base64url.

    None begins with a hyphen, which a command line would take for an option.
    """
    while (name := encode(registry.random(16))).startswith("-"):
        pass
    return name


def make_intention(
    order: Order,
    *,
    origin: Origin,
    body_name: str,
    serial: int,
    chain: StoredChain,
    replaced: Certificate | None,
    holder_reference: str,
    authority: Mapping[str, Any],
    moved_to: int | None,
    batch: str,
    statement_number: int,
    statement_digest: str,
    registry: Registry,
    now: datetime,
) -> Intention:
    """Make names, salts, disclosures and payload bytes of one certificate.

    `authority` are the claims that say by what right, and with whom, the body issues; empty where it is its own.
    `moved_to` is the slot that the chain gets at a new holder.
    """
    version = chain.versions + 1
    identifier = str(
        make_identifier(order.certificate_type.type_code, order.issuing_body, f"{chain.chain:010d}", version)
    )
    common = (order.certificate_number, order.holder_name, order.holder_address, body_name)
    values = dict(zip(COMMON_FIELDS, common, strict=True)) | dict(order.fields)
    count = order.certificate_type.disclosure_count
    # Drawn at once: a certificate needs some thirty random values, and each draw is a call of the system.
    draw = BytesIO(registry.random(_SALT_BYTES * len(values) + _DECOY_BYTES * count + _REFERENCE_BYTES)).read
    disclosures = tuple(make_disclosure(name, value, draw(_SALT_BYTES)) for name, value in values.items())
    claims = _claims(order, origin, identifier, replaced, serial, registry, now)
    claims |= {**_rarer_claims(order), **authority}
    payload = make_payload(claims, disclosures, digest_count=count, random=draw)
    return Intention(
        serial=serial,
        batch=batch,
        chain=chain.chain,
        slot=chain.slot if moved_to is None else moved_to,
        version=version,
        identifier=identifier,
        reference=make_reference(draw(_REFERENCE_BYTES)),
        holder_reference=holder_reference,
        licence_number=order.licence_number,
        holder_name=order.holder_name,
        # Where it is a home the registry keeps it in the record alone, for those with a right to it.
        holder_address="" if order.address_is_home else order.holder_address,
        certificate_type=order.certificate_type.code,
        type_version=order.certificate_type.version,
        issuing_body=order.issuing_body,
        certificate_number=order.certificate_number,
        valid_from=order.valid_from,
        valid_to=order.valid_to,
        decided_on=order.decided_on,
        works_from=order.works_from,
        facts_digest=facts_digest(order, registry),
        replaces=replaced.serial if replaced else None,
        names_holder=order.certificate_type.code == LICENCE_TYPE and origin.is_native,
        source=origin.source,
        intake=origin.intake,
        row_number=origin.row,
        statement_number=statement_number,
        statement_digest=statement_digest,
        act_id=new_name(registry),
        payload=payload.decode(),
        disclosures=disclosures,
        documents=order.documents,
        cause=order.cause.value if order.cause else None,
        address_is_home=order.address_is_home,
        moved_from=None if moved_to is None else (chain.licence_number, chain.slot),
    )


def facts_digest(order: Order, registry: Registry) -> str:
    """Return a keyed digest (HMAC-SHA-256, hex) of the order's facts: equal facts are known, values are not."""
    return keyed_digest(registry.facts_key, canonical_json(order.facts()), "sha256").hex()


def opened(stored: Sequence[StoredIntention], *, registry: Registry) -> list[Intention]:
    """Open stored intentions."""
    return [_opened(each, registry) for each in stored]


def unlisted_seals(
    orders: Sequence[Order], origins: Sequence[Origin], *, registry: Registry, sealers: Sealers, now: datetime
) -> frozenset[str]:
    """Return the bodies of these orders whose seal the trust list does not name, or whose key is not here."""
    bodies = {order.issuing_body for order, origin in zip(orders, origins, strict=True) if origin.is_native}
    return frozenset(body for body in bodies if not _has_listed_seal(body, registry, sealers, now))


def _has_listed_seal(body: str, registry: Registry, sealers: Sealers, now: datetime) -> bool:
    try:
        registry.trust().seal_key(sealers(body).key_id, issuing_body=body, at=now)
    except (KeyUnknownError, SetupError):
        return False
    return True


def seal_intention(
    intention: Intention, *, statement: bytes, registry: Registry, sealers: Sealers, now: datetime
) -> Sealed:
    """Seal the payload with the key its origin calls for, and open the record with the key the trust list names.

    The signer is shown `statement`, the bytes that order the seal.

    Raises a SigningError when the key refuses, or when what was made does not open: then nothing is committed and the
    intention stays listed.
    """
    payload = intention.payload.encode()
    signer = sealers(COLLECTED_SEALER if intention.source else intention.issuing_body)
    made = seal(payload, signer=signer, statement=statement)

    def find_key(kid: str) -> VerificationKey:
        if intention.source:
            return registry.trust().hub_key(kid, purpose="collected", at=now)
        return registry.trust().seal_key(kid, issuing_body=intention.issuing_body, at=now)

    record = open_record(Record(payload, (made,)), find_key=find_key)
    disclosed = _matched_disclosures(intention, record.claims)
    return Sealed(intention, made, signer.key_id, record.claims, disclosed, record.payload_sha256)


def _matched_disclosures(intention: Intention, claims: Mapping[str, Any]) -> dict[str, str]:
    """Return name → value of the disclosures; DisclosureError when one is not this payload's, or names a claim.

    They are our own bytes, so their form is not asked again: opening them as a stranger's costs as much as the seal.
    """
    if not all(disclosure_digest(each) in intention.payload for each in intention.disclosures):
        raise DisclosureError("unreferenced", "a disclosure is not one of this record's")
    disclosed = disclosed_values(intention.disclosures)
    if len(disclosed) != len(intention.disclosures) or not claims.keys().isdisjoint(disclosed):
        raise DisclosureError("claim_exists", "a disclosure names what is there already")
    return disclosed


def encrypt_disclosures(disclosures: Sequence[str], *, serial: int, registry: Registry) -> bytes:
    """Return non-public disclosures in their stored form."""
    return encrypt(orjson.dumps(list(disclosures)), master=registry.master, context=_context("record", serial))


def decrypt_disclosures(envelope: bytes, *, serial: int, registry: Registry) -> list[str]:
    """Return the non-public disclosures of a record."""
    content = decrypt(envelope, masters=registry.masters, context=_context("record", serial))
    return list(orjson.loads(content))


def public_fields(code: str, version: int, registry: Registry) -> frozenset[str]:
    """Return the names of a type's disclosures that anybody may see."""
    certificate_type = registry.catalogue.get(code, version)
    public = {field.name for field in certificate_type.fields if field.field_class is FieldClass.PUBLIC}
    return frozenset(public) | frozenset(COMMON_FIELDS)


def disclosed_names(disclosures: Sequence[str]) -> list[tuple[str, str]]:
    """Return (name, encoded disclosure) of disclosures that this hub made."""
    return list(zip(disclosed_values(disclosures), disclosures, strict=True))


def _claims(
    order: Order,
    origin: Origin,
    identifier: str,
    replaced: Certificate | None,
    serial: int,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    kind = order.certificate_type
    place = place_of(serial, registry.status_key)
    return {
        "iss": registry.origin,
        "iat": int(now.timestamp()),
        "vct": f"{registry.origin}/api/v1/catalogue/{kind.code}/{kind.version}",
        "licence_number": order.licence_number,
        "identifier": identifier,
        "previous_identifier": replaced.identifier if replaced else None,
        "certificate_type": {
            "code": kind.code, "version": kind.version, "type_code": kind.type_code, "digest": kind.digest,
        },
        "subject": {"kind": str(kind.subject), "id": order.subject_id}
        | ({"ids": list(order.subject_ids)} if order.subject_ids else {}),
        "issuing_body": order.issuing_body,
        "decision": {
            "document": order.decision_document, "number": order.decision_number,
            "date": order.decided_on.isoformat(),
        },
        "issued_on": order.issued_on.isoformat(),
        "valid_from": order.valid_from.isoformat(),
        "valid_to": order.valid_to.isoformat() if order.valid_to else None,
        "works_from": order.works_from.isoformat(),
        "origin": origin.claims() | {"marks": list(order.marks)},
        "trust_level": TRUST_LEVELS[origin.kind],
        "status": {
            "status_list": {"idx": place.index, "uri": f"{registry.origin}/status/{place.list_number}"},
        },
    }  # fmt: skip


def _rarer_claims(order: Order) -> dict[str, Any]:
    """Return the claims that few certificates have; what would be empty is left out."""
    claims = {
        "cause": order.cause.value if order.cause else None,
        "flags": list(order.flags),
        "deferred_until": order.deferred_until.isoformat() if order.deferred_until else None,
        "joint_bodies": list(order.joint_bodies),
        "address_is_home": order.address_is_home,
    }
    return {name: value for name, value in claims.items() if value}


def _opened(stored: StoredIntention, registry: Registry) -> Intention:
    content = orjson.loads(
        decrypt(stored.envelope, masters=registry.masters, context=_context("intention", stored.serial))
    )
    for name in ("valid_from", "valid_to", "decided_on", "works_from"):
        content[name] = date.fromisoformat(content[name]) if content[name] else None
    content["disclosures"] = tuple(content["disclosures"])
    content["documents"] = tuple(content.get("documents", ()))
    if content.get("moved_from"):
        content["moved_from"] = tuple(content["moved_from"])
    return Intention(**content)


def _context(kind: str, serial: int) -> bytes:
    return f"{kind}:{serial}".encode()
