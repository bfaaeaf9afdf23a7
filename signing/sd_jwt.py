"""The sealed record: an SD-JWT (RFC 9901) whose payload bytes are made once, with the seals beside them.

Rules kept here: flat records only (digests stand at the top level; nested ones and array elements are refused); every
seal present must verify; every disclosure must be referenced, once; digests are sorted and padded with decoys so that
their number tells nothing. Key binding is not used: what a requester holds is bound by its delivery note.
Not checked here: dates, status, who may seal what (the caller's `find_key` and verdict).
Forms: the general JSON serialisation of section 8 as the file form, and the compact form of one seal.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from signing.base64url import decode, encode
from signing.errors import DisclosureError, MalformedTokenError
from signing.jws import VerificationKey, json_bytes, parse_json, protected_header, verify_compact
from signing.signers import Signer

TYP = "dc+sd-jwt"
SALT_BYTES = 16
LARGEST_RECORD_BYTES = 1_000_000
_LARGEST_DISCLOSURE_BYTES = 100_000
_MOST_SEALS = 8
_MOST_DISCLOSURES = 1_000
_DIGEST_BYTES = 32
_DIGEST_CHARACTERS = 43
_DIGESTS = re.compile(r"(?:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])*")  # each 32 bytes in canonical base64url
_RESERVED = frozenset({"_sd", "_sd_alg", "..."})


@dataclass(frozen=True, slots=True)
class Seal:
    """One signature over the payload: its protected header and the signature, both as base64url texts."""

    protected: str
    signature: str


@dataclass(frozen=True, slots=True)
class Record:
    """A sealed record as it is kept and handed over: payload bytes, seals, and those disclosures that go with it."""

    payload: bytes
    seals: tuple[Seal, ...]
    disclosures: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Return the general JSON serialisation (RFC 9901 section 8): ASCII, sorted keys, no spaces."""
        signatures: list[dict[str, Any]] = [
            {"protected": seal_.protected, "signature": seal_.signature} for seal_ in self.seals
        ]
        # Disclosures belong in the unprotected header of the first signature, and of no other.
        signatures[0]["header"] = {"disclosures": list(self.disclosures)}
        return json_bytes({"payload": encode(self.payload), "signatures": signatures})

    def to_compact(self, seal: int = 0) -> str:
        """Return the compact serialisation with the seal of this index (RFC 9901 section 4)."""
        chosen = self.seals[seal]
        token = f"{chosen.protected}.{encode(self.payload)}.{chosen.signature}"
        return "~".join((token, *self.disclosures, ""))

    def presenting(self, names: Collection[str]) -> "Record":
        """Return the record with only the disclosures of these names; a name it does not have is passed over."""
        kept = tuple(encoded for encoded in self.disclosures if _parse_disclosure(encoded)[0] in names)
        return replace(self, disclosures=kept)


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record whose every seal and disclosure held: what was sealed, what was disclosed, and by which keys."""

    claims: dict[str, Any]
    disclosed: dict[str, Any]
    key_ids: tuple[str, ...]
    payload_sha256: str


# --- making ---


def make_disclosure(name: str, value: Any, salt: bytes) -> str:
    """Return the disclosure of one field (section 4.2.1): base64url of the UTF-8 JSON array [salt, name, value].

    `salt` is 16 random bytes, used for nothing else. `value` is anything JSON holds. Raises DisclosureError.
    """
    if len(salt) != SALT_BYTES:
        raise DisclosureError("malformed", f"the salt of a disclosure is {SALT_BYTES} bytes")
    if name in _RESERVED:
        raise DisclosureError("reserved_name", "the field's name is reserved by RFC 9901")
    _refuse_nested(value)
    try:
        return encode(json_bytes([encode(salt), name, value]))
    except ValueError:
        # The cause is left out: it would quote the field's value.
        raise DisclosureError("malformed", f"field {name} cannot be written as JSON") from None


def disclosure_digest(encoded: str) -> str:
    """Return the digest of a disclosure (section 4.2.3): SHA-256 over its base64url text, in base64url."""
    return encode(sha256(encoded.encode("ascii")).digest())


def make_payload(
    claims: Mapping[str, Any],
    disclosures: Sequence[str],
    *,
    digest_count: int,
    random: Callable[[int], bytes],
) -> bytes:
    """Return the payload's bytes, made once: `claims` with `_sd` and `_sd_alg`, compact JSON, UTF-8, sorted keys.

    `_sd` holds the digests of `disclosures` and decoys up to `digest_count`, sorted. `random(n)` returns n random
    bytes. Raises DisclosureError for more disclosures than places, reserved names and doubled disclosures. That no two
    name one field is seen when the record is opened, as issuing does before it commits: reading all of them twice
    would cost half of the making.
    """
    if len(disclosures) > digest_count:
        raise DisclosureError("too_many", f"{len(disclosures)} disclosures in {digest_count} places")
    if _RESERVED & claims.keys():
        raise DisclosureError("reserved_name", "a claim's name is reserved by RFC 9901")
    _refuse_nested(dict(claims))
    if len(set(disclosures)) != len(disclosures):
        raise DisclosureError("duplicate_disclosure", "a disclosure is given twice")
    digests = [disclosure_digest(encoded) for encoded in disclosures]
    decoys = [encode(sha256(random(_DIGEST_BYTES)).digest()) for _ in range(digest_count - len(digests))]
    places = {"_sd": sorted(digests + decoys), "_sd_alg": "sha-256"} if digest_count else {}
    try:
        return json_bytes({**claims, **places})
    except ValueError:
        raise MalformedTokenError("the claims cannot be written as JSON") from None


def seal(payload: bytes, *, signer: Signer, statement: bytes) -> Seal:
    """Return the signer's seal over the payload's bytes; the signer is shown the `statement` that orders it."""
    protected = protected_header(signer, TYP)
    signature = signer.sign(f"{protected}.{encode(payload)}".encode("ascii"), statement=statement)
    return Seal(protected=protected, signature=encode(signature))


# --- reading ---


def parse_record(raw: bytes) -> Record:
    """Return the record in `raw`: the general JSON serialisation, or the compact one. Nothing is verified yet.

    Raises MalformedTokenError for another form, members that are not ours, a key-binding token, over 1,000,000 bytes.
    """
    if len(raw) > LARGEST_RECORD_BYTES:
        raise MalformedTokenError("the record is too long")
    record = _parse_general(raw) if raw.lstrip()[:1] == b"{" else _parse_compact(raw)
    if not 0 < len(record.seals) <= _MOST_SEALS:
        raise MalformedTokenError(f"a record has 1 to {_MOST_SEALS} seals")
    if len(record.disclosures) > _MOST_DISCLOSURES:
        raise MalformedTokenError(f"a record has at most {_MOST_DISCLOSURES} disclosures")
    return record


def open_record(record: Record, *, find_key: Callable[[str], VerificationKey]) -> OpenedRecord:
    """Return what the record says, after the steps of RFC 9901 section 7.1.

    `find_key` gets a seal's `kid` and returns the key a trust list has for it, or raises KeyUnknownError.
    1 each seal verifies, no key twice 2 digests are well formed, none twice 3 each disclosure is well formed,
    referenced, given once, and names no claim that is already there.
    Raises SignatureInvalidError, AlgorithmRefusedError, MalformedTokenError, DisclosureError, what `find_key` raises.
    """
    key_ids = _verify_seals(record, find_key)
    payload = parse_json(record.payload)
    if not isinstance(payload, dict):
        raise MalformedTokenError("the payload is not an object")
    digests = _digests_of(payload)
    claims = {name: value for name, value in payload.items() if name not in ("_sd", "_sd_alg")}
    if "..." in claims:
        raise DisclosureError("reserved_name", "a claim's name is reserved by RFC 9901")
    _refuse_nested(claims)
    disclosed = _match_disclosures(record.disclosures, digests, claims)
    return OpenedRecord(
        claims=claims,
        disclosed=disclosed,
        key_ids=key_ids,
        payload_sha256=sha256(record.payload).hexdigest(),
    )


def _verify_seals(record: Record, find_key: Callable[[str], VerificationKey]) -> tuple[str, ...]:
    if not record.seals:
        raise MalformedTokenError("the record has no seal")
    payload_part = encode(record.payload)
    key_ids = tuple(
        verify_compact(
            f"{seal_.protected}.{payload_part}.{seal_.signature}",
            find_key=find_key,
            typ=TYP,
            max_bytes=2 * LARGEST_RECORD_BYTES,
        ).key_id
        for seal_ in record.seals
    )
    if len(set(key_ids)) != len(key_ids):
        raise MalformedTokenError("two seals of the record are by one key")
    return key_ids


def _digests_of(payload: Mapping[str, Any]) -> frozenset[str]:
    if payload.get("_sd_alg", "sha-256") != "sha-256":
        raise DisclosureError("algorithm", "the record's digest algorithm is not sha-256")
    digests = payload.get("_sd", [])
    if not isinstance(digests, list) or not _are_digests(digests):
        raise DisclosureError("malformed", "_sd is not an array of digests")
    if len(set(digests)) != len(digests):
        raise DisclosureError("duplicate_digest", "a digest stands twice in the record")
    return frozenset(digests)


def _are_digests(values: Sequence[object]) -> bool:
    if not all(isinstance(value, str) and len(value) == _DIGEST_CHARACTERS for value in values):
        return False
    return _DIGESTS.fullmatch("".join(map(str, values))) is not None


def _match_disclosures(
    disclosures: Sequence[str], digests: frozenset[str], claims: Mapping[str, Any]
) -> dict[str, Any]:
    if len(set(disclosures)) != len(disclosures):
        raise DisclosureError("duplicate_disclosure", "a disclosure is given twice")
    disclosed: dict[str, Any] = {}
    for encoded in disclosures:
        name, value = _parse_disclosure(encoded)
        if disclosure_digest(encoded) not in digests:
            raise DisclosureError("unreferenced", "a disclosure is not one of this record's")
        if name in claims or name in disclosed:
            raise DisclosureError("claim_exists", "a disclosure names a claim that is already there")
        disclosed[name] = value
    return disclosed


def _parse_disclosure(encoded: str) -> tuple[str, Any]:
    try:
        triple = parse_json(decode(encoded), max_bytes=_LARGEST_DISCLOSURE_BYTES)
    except MalformedTokenError as error:
        raise DisclosureError("malformed", f"a disclosure is malformed: {error}") from error
    if not isinstance(triple, list) or len(triple) not in (2, 3):
        raise DisclosureError("malformed", "a disclosure is not an array of salt, name and value")
    if len(triple) == 2:
        raise DisclosureError("array_element", "disclosures of array elements are not used")
    salt, name, value = triple
    if not isinstance(salt, str) or not isinstance(name, str):
        raise DisclosureError("malformed", "a disclosure's salt and name are not texts")
    if name in _RESERVED:
        raise DisclosureError("reserved_name", "a disclosure's name is reserved by RFC 9901")
    if not isinstance(value, str):
        _refuse_nested(value)
    return name, value


def _refuse_nested(value: Any) -> None:
    if isinstance(value, dict):
        if not _RESERVED.isdisjoint(value):
            raise DisclosureError("nested", "digests inside a claim are not used")
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for member in value:
        # Most members are texts; a call for each would cost as much as all the rest.
        if not isinstance(member, str):
            _refuse_nested(member)


def _parse_general(raw: bytes) -> Record:
    document = _members(parse_json(raw, max_bytes=LARGEST_RECORD_BYTES), {"payload", "signatures"})
    signatures = document["signatures"]
    if not isinstance(signatures, list) or not signatures:
        raise MalformedTokenError("the record has no seals")
    first = _members(signatures[0], {"header", "protected", "signature"})
    disclosures = _members(first.pop("header"), {"disclosures"})["disclosures"]
    if not isinstance(disclosures, list):
        raise MalformedTokenError("the disclosures are not an array")
    return Record(
        payload=decode(_text(document["payload"])),
        seals=tuple(map(_parse_seal, (first, *signatures[1:]))),
        disclosures=tuple(map(_text, disclosures)),
    )


def _parse_seal(value: Any) -> Seal:
    members = _members(value, {"protected", "signature"})
    return Seal(protected=_text(members["protected"]), signature=_text(members["signature"]))


def _parse_compact(raw: bytes) -> Record:
    try:
        token, *disclosures, key_binding = raw.decode("ascii").split("~")
        protected, payload, signature = token.split(".")
    except ValueError as error:
        raise MalformedTokenError("not a record in JSON or compact form") from error
    if key_binding:
        raise MalformedTokenError("key binding is not used")
    return Record(decode(payload), (Seal(protected, signature),), tuple(disclosures))


def _members(value: Any, names: set[str]) -> dict[str, Any]:
    # Exactly these: a member we do not know may be one that somebody relied on (an unprotected alg, a key binding).
    if not isinstance(value, dict) or value.keys() != names:
        raise MalformedTokenError(f"a part of the record does not have exactly the members {', '.join(sorted(names))}")
    return dict(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedTokenError("a part of the record is not a text")
    return value
