"""The trust list: which keys and authorities count, for what, from when to when, under the root's signature.

Form: JWS in general JSON (RFC 7515 section 7.2.1), several root signatures over one payload, and the root set (certs
and threshold) beside it. A verifier pins the root set by its digest, the anchor, and keeps the highest version it has
seen. Nothing in this module trusts what stands inside the thing being verified.
TEST lists name TEST roots, authorities and seals only, production lists none of them.
Not checked here: whose list it is (`origin`), and revocation of parties' certs.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from signing.algorithms import algorithm_of, key_id, public_key_from_spki
from signing.base64url import decode, encode
from signing.errors import CertRefusedError, KeyUnknownError, MalformedTokenError, SigningError, TrustListError
from signing.jws import VerificationKey, json_bytes, parse_json, protected_header, verify_compact
from signing.signers import Signer
from signing.x509 import CertFacts, Purpose, read_cert_unverified, verify_cert

TYP = "yizhao-trust-list+jws"
MODES = frozenset({"test", "production"})
HUB_KEY_PURPOSES = frozenset({"answers", "collected", "copies", "notes", "tokens", "status", "log"})
LARGEST_LIST_BYTES = 8_000_000
_MOST_SIGNATURES = 16
_CLOCK_TOLERANCE = timedelta(minutes=5)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


@dataclass(frozen=True, slots=True)
class Anchor:
    """An authority whose certs are accepted for these purposes (values of `Purpose`), `from_at` ≤ t < `until_at`."""

    purposes: frozenset[str]
    cert_der: bytes
    from_at: datetime
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SealIssuer:
    """A key that seals in the name of one issuing body, `from_at` ≤ t < `until_at`, and not from `revoked_at` on."""

    issuing_body: str
    cert_der: bytes
    key_id: str
    algorithm: str
    from_at: datetime
    until_at: datetime | None = None
    revoked_at: datetime | None = None
    revoke_reason: str | None = None


@dataclass(frozen=True, slots=True)
class HubKey:
    """A key of the hub itself, for one of `HUB_KEY_PURPOSES`; `spki` is its public key in DER."""

    purpose: str
    key_id: str
    algorithm: str
    spki: bytes
    from_at: datetime
    until_at: datetime | None = None
    revoked_at: datetime | None = None
    revoke_reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Listed:
    """A key ready for use, with the time in which it counts (for a seal: also its cert's dates)."""

    use: str
    key: VerificationKey
    from_at: datetime
    until_at: datetime | None
    revoked_at: datetime | None

    def key_at(self, kid: str, at: datetime) -> VerificationKey:
        if at < self.from_at:
            raise KeyUnknownError(kid, "not_yet")
        if self.revoked_at is not None and at >= self.revoked_at:
            raise KeyUnknownError(kid, "revoked")
        if self.until_at is not None and at >= self.until_at:
            raise KeyUnknownError(kid, "ended")
        return self.key


@dataclass(frozen=True, slots=True)
class TrustList:
    """One version of the list. Making one checks it against itself: TrustListError (malformed) when it does not hold.

    `version` counts up from 1; `origin` names whose list it is; all times are aware.
    """

    version: int
    mode: str
    origin: str
    issued_at: datetime
    expires_at: datetime
    anchors: tuple[Anchor, ...] = ()
    seals: tuple[SealIssuer, ...] = ()
    hub_keys: tuple[HubKey, ...] = ()
    _seal_keys: dict[str, _Listed] = field(init=False, repr=False, compare=False)
    _hub_keys: dict[str, _Listed] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.version < 1 or self.mode not in MODES or self.expires_at <= self.issued_at:
            raise TrustListError("malformed", "version, mode or times of the trust list are not possible")
        object.__setattr__(self, "_seal_keys", {seal.key_id: _listed_seal(seal) for seal in self.seals})
        object.__setattr__(self, "_hub_keys", {key.key_id: _listed_hub_key(key) for key in self.hub_keys})
        # One key, one use: else what a key signed for one purpose could be shown as signed for another.
        if len(self._seal_keys.keys() | self._hub_keys.keys()) != len(self.seals) + len(self.hub_keys):
            raise TrustListError("malformed", "a key is listed twice")
        for anchor in self.anchors:
            _require_window(anchor.from_at, anchor.until_at, "an anchor")
            if not anchor.purposes <= set(Purpose):
                raise TrustListError("malformed", "an anchor is for a purpose that does not exist")

    def seal_key(self, kid: str, *, issuing_body: str | None, at: datetime) -> VerificationKey:
        """Return the key named `kid` if it may seal for `issuing_body` (None: for any) at `at`, else KeyUnknownError.

        `at` is the time at which the seal is proven to have existed; an earlier claim is not this module's to believe.
        """
        return _chosen(self._seal_keys, kid, issuing_body, at)

    def hub_key(self, kid: str, *, purpose: str, at: datetime) -> VerificationKey:
        """Return the hub's own key named `kid` if it is for `purpose` at `at`, else KeyUnknownError."""
        return _chosen(self._hub_keys, kid, purpose, at)

    def verify_party(self, cert_der: bytes, *, purpose: Purpose, at: datetime) -> CertFacts:
        """Return the facts of a party's cert (system, officer, e-licence …) that an anchor of this list issued.

        Raises CertRefusedError.
        """
        anchors = [
            anchor.cert_der
            for anchor in self.anchors
            if purpose in anchor.purposes and anchor.from_at <= at and (anchor.until_at is None or at < anchor.until_at)
        ]
        return verify_cert(cert_der, anchors=anchors, purpose=purpose, at=at, allow_test=self.mode == "test")

    def listed_key(self, kid: str, *, use: str | None, at: datetime) -> VerificationKey:
        """Return the key named `kid` if it was in its time for `use` (a body or a purpose; None: any body) at `at`.

        Whatever revoked it since: for those who ask how a record came to be, not whether it counts. KeyUnknownError.
        """
        listed = self._seal_keys.get(kid) or (self._hub_keys.get(kid) if use is not None else None)
        if listed is None or (use is not None and listed.use != use):
            raise KeyUnknownError(kid, "unlisted" if listed is None else "wrong_use")
        if at < listed.from_at or (listed.until_at is not None and at >= listed.until_at):
            raise KeyUnknownError(kid, "not_yet" if at < listed.from_at else "ended")
        return listed.key

    def ends_at(self, kid: str) -> datetime | None:
        """Return the moment from which nothing that the key named `kid` makes counts: its end or what revoked it.

        None where neither is known; KeyUnknownError (unlisted).
        """
        listed = self._seal_keys.get(kid) or self._hub_keys.get(kid)
        if listed is None:
            raise KeyUnknownError(kid, "unlisted")
        return min((each for each in (listed.until_at, listed.revoked_at) if each is not None), default=None)

    def find_seal(self, kid: str) -> SealIssuer:
        """Return the entry of the seal key `kid`, in force or not; KeyUnknownError (unlisted) when there is none."""
        for seal in self.seals:
            if seal.key_id == kid:
                return seal
        raise KeyUnknownError(kid, "unlisted")


@dataclass(frozen=True, slots=True)
class RootSet:
    """The root certs (DER, self-signed) and how many of them must sign a list."""

    threshold: int
    certs: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= len(self.certs) <= _MOST_SIGNATURES:
            raise TrustListError("malformed", "the root set's threshold is not possible")

    def to_json(self) -> bytes:
        """Return the canonical JSON: certs in the given order as base64url of DER, and the threshold."""
        return json_bytes(self.to_document())

    @property
    def anchor_sha256(self) -> str:
        """The anchor that verifiers pin: SHA-256 of the canonical JSON, in hex."""
        return sha256(self.to_json()).hexdigest()

    def to_document(self) -> dict[str, Any]:
        """Return what the canonical JSON holds."""
        return {"certs": [encode(cert) for cert in self.certs], "threshold": self.threshold}


def trust_list_payload(content: TrustList) -> bytes:
    """Return the bytes of a list that its roots sign: canonical JSON, without signatures."""
    return json_bytes(_to_document(content))


def sign_trust_list(content: TrustList, *, root_set: RootSet, signers: Sequence[Signer]) -> bytes:
    """Return the signed list: JSON with `payload`, `root_set` and one signature for each of the root `signers`.

    Raises KeyUnknownError for a signer outside the root set and TrustListError for content that would be refused.
    """
    root_keys = {read_cert_unverified(cert).key_id for cert in root_set.certs}
    _verify_certs(content)
    payload = trust_list_payload(content)
    signatures = []
    for signer in signers:
        if signer.key_id not in root_keys:
            raise KeyUnknownError(signer.key_id, "unlisted")
        protected = protected_header(signer, TYP)
        signature = signer.sign(f"{protected}.{encode(payload)}".encode("ascii"), statement=None)
        signatures.append({"protected": protected, "signature": encode(signature)})
    return json_bytes({"payload": encode(payload), "root_set": root_set.to_document(), "signatures": signatures})


def verify_trust_list(
    raw: bytes, *, anchor_sha256: str, now: datetime, highest_version_seen: int, allow_test: bool
) -> TrustList:
    """Return the list in `raw`, in these steps; TrustListError with the reason of the first that fails.

    1 form (malformed) 2 the root set is the pinned one (anchor), its certs are good now (anchor), TEST only where
    allowed (mode) 3 enough different roots signed (signature) 4 content (malformed) 5 its mode is that of the roots
    (mode) 6 version not below `highest_version_seen` (rollback) 7 in its dates (not_yet, expired) 8 each cert in it
    holds (malformed).
    """
    document = _parsed(raw)
    root_set = _root_set_of(document["root_set"])
    if root_set.anchor_sha256 != anchor_sha256:
        raise TrustListError("anchor", "the trust list's root set is not the pinned one")
    roots = _verified_roots(root_set, now, allow_test=allow_test)
    _require_signatures(document, root_set.threshold, roots)
    content = _from_document(document["payload"])
    if any(root.is_test != (content.mode == "test") for root in roots):
        raise TrustListError("mode", f"the roots of this {content.mode} list are of the other mode")
    if content.version < highest_version_seen:
        raise TrustListError("rollback", f"version {content.version} is older than {highest_version_seen}")
    if content.issued_at > now + _CLOCK_TOLERANCE:
        raise TrustListError("not_yet", f"version {content.version} is issued in the future")
    if now >= content.expires_at:
        raise TrustListError("expired", f"version {content.version} has expired")
    _verify_certs(content)
    return content


# --- entries ---


def _listed_seal(seal: SealIssuer) -> _Listed:
    _require_window(seal.from_at, seal.until_at, f"seal key {seal.key_id}")
    facts = _facts(seal.cert_der)
    if (facts.key_id, facts.algorithm) != (seal.key_id, seal.algorithm):
        raise TrustListError("malformed", f"seal key {seal.key_id} is not the key of its cert")
    # A cert counts to the end of its last second.
    cert_end = facts.not_after + timedelta(seconds=1)
    return _Listed(
        use=seal.issuing_body,
        key=VerificationKey(facts.algorithm, facts.public_key),
        from_at=max(seal.from_at, facts.not_before),
        until_at=cert_end if seal.until_at is None else min(seal.until_at, cert_end),
        revoked_at=seal.revoked_at,
    )


def _listed_hub_key(entry: HubKey) -> _Listed:
    _require_window(entry.from_at, entry.until_at, f"hub key {entry.key_id}")
    if entry.purpose not in HUB_KEY_PURPOSES:
        raise TrustListError("malformed", f"hub key {entry.key_id} is for a purpose that does not exist")
    try:
        public_key = public_key_from_spki(entry.spki)
    except SigningError as error:
        raise TrustListError("malformed", f"hub key {entry.key_id} is not a listed kind of key") from error
    if (key_id(public_key), algorithm_of(public_key)) != (entry.key_id, entry.algorithm):
        raise TrustListError("malformed", f"hub key {entry.key_id} is not what its entry says")
    key = VerificationKey(entry.algorithm, public_key)
    return _Listed(entry.purpose, key, entry.from_at, entry.until_at, entry.revoked_at)


def _chosen(keys: Mapping[str, _Listed], kid: str, use: str | None, at: datetime) -> VerificationKey:
    listed = keys.get(kid)
    if listed is None:
        raise KeyUnknownError(kid, "unlisted")
    if use is not None and use != listed.use:
        raise KeyUnknownError(kid, "wrong_use")
    return listed.key_at(kid, at)


def _require_window(from_at: datetime, until_at: datetime | None, what: str) -> None:
    if until_at is not None and until_at <= from_at:
        raise TrustListError("malformed", f"{what} ends before it begins")


def _facts(cert_der: bytes) -> CertFacts:
    try:
        return read_cert_unverified(cert_der)
    except CertRefusedError as error:
        raise TrustListError("malformed", f"a listed cert is not accepted: {error.reason}") from error


def _verify_certs(content: TrustList) -> None:
    is_test = content.mode == "test"
    listed_certs = [anchor.cert_der for anchor in content.anchors] + [seal.cert_der for seal in content.seals]
    for cert_der in listed_certs:
        if _facts(cert_der).is_test != is_test:
            raise TrustListError("mode", f"a {content.mode} list names a cert of the other mode")
    for seal in content.seals:
        try:
            at = max(seal.from_at, _facts(seal.cert_der).not_before)
            content.verify_party(seal.cert_der, purpose=Purpose.SEAL, at=at)
        except CertRefusedError as error:
            raise TrustListError(
                "malformed", f"the cert of seal key {seal.key_id} is refused: {error.reason}"
            ) from error


# --- the signed document ---


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        return _members(parse_json(raw, max_bytes=LARGEST_LIST_BYTES), {"payload", "root_set", "signatures"})
    except MalformedTokenError as error:
        raise TrustListError("malformed", f"the trust list is malformed: {error}") from error


def _root_set_of(value: Any) -> RootSet:
    members = _members(value, {"certs", "threshold"})
    certs, threshold = members["certs"], members["threshold"]
    if not isinstance(certs, list) or type(threshold) is not int:
        raise TrustListError("malformed", "the root set is malformed")
    return RootSet(threshold=threshold, certs=tuple(map(_octets, certs)))


def _verified_roots(root_set: RootSet, now: datetime, *, allow_test: bool) -> list[CertFacts]:
    roots = []
    for cert_der in root_set.certs:
        try:
            roots.append(verify_cert(cert_der, anchors=[cert_der], purpose=Purpose.ROOT, at=now, allow_test=allow_test))
        except CertRefusedError as error:
            reason = "mode" if error.reason == "test_in_production" else "anchor"
            raise TrustListError(reason, f"a root cert is refused: {error.reason}") from error
    return roots


def _require_signatures(document: Mapping[str, Any], threshold: int, roots: Sequence[CertFacts]) -> None:
    signatures, payload = document["signatures"], document["payload"]
    if not isinstance(signatures, list) or len(signatures) > _MOST_SIGNATURES or not isinstance(payload, str):
        raise TrustListError("malformed", "the trust list's signatures or payload are malformed")
    keys = {root.key_id: VerificationKey(root.algorithm, root.public_key) for root in roots}
    # Counted by key: a root that signs twice, or has two certs, is one root.
    signed_by = {kid for signature in signatures if (kid := _signing_root(signature, payload, keys)) is not None}
    if len(signed_by) < threshold:
        raise TrustListError("signature", f"{len(signed_by)} of {threshold} root signatures hold")


def _signing_root(signature: Any, payload: str, keys: Mapping[str, VerificationKey]) -> str | None:
    def find_key(kid: str) -> VerificationKey:
        if kid not in keys:
            raise KeyUnknownError(kid, "unlisted")
        return keys[kid]

    members = _members(signature, {"protected", "signature"})
    token = f"{members['protected']}.{payload}.{members['signature']}"
    try:
        return verify_compact(token, find_key=find_key, typ=TYP, max_bytes=LARGEST_LIST_BYTES).key_id
    except SigningError:
        # One broken signature does not spoil the others: while a root changes, not everybody holds its new key.
        return None


def _from_document(payload: str) -> TrustList:
    try:
        parsed = parse_json(decode(payload), max_bytes=LARGEST_LIST_BYTES)
    except MalformedTokenError as error:
        raise TrustListError("malformed", f"the trust list is malformed: {error}") from error
    return TrustList(**_entry(parsed, _LIST_FORM))


def _to_document(entry: Any) -> Any:
    """Return the JSON form of the list or an entry: times as UTC text, bytes in base64url, sets sorted."""
    if isinstance(entry, datetime):
        if entry.tzinfo is None:
            raise TrustListError("malformed", "a time without its zone cannot be listed")
        return entry.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(entry, bytes):
        return encode(entry)
    if isinstance(entry, frozenset):
        return sorted(entry)
    if isinstance(entry, tuple):
        return [_to_document(member) for member in entry]
    if isinstance(entry, TrustList | Anchor | SealIssuer | HubKey):
        return {part.name: _to_document(getattr(entry, part.name)) for part in fields(entry) if part.init}
    return entry


def _members(value: Any, names: Collection[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise TrustListError("malformed", f"a part of the list does not have exactly {', '.join(sorted(names))}")
    return value


def _entry(value: Any, form: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    members = _members(value, form.keys())
    return {name: parse(members[name]) for name, parse in form.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TrustListError("malformed", "a part of the list is not a text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TrustListError("malformed", "the version is not a number")
    return value


def _octets(value: Any) -> bytes:
    try:
        return decode(_text(value))
    except MalformedTokenError as error:
        raise TrustListError("malformed", f"a part of the list is {error}") from error


def _time(value: Any) -> datetime:
    text = _text(value)
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError as error:
        raise TrustListError("malformed", "a time in the list does not exist") from error
    raise TrustListError("malformed", "a time in the list is not of the form 2026-01-31T00:00:00Z")


def _optional(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else parse(value)


def _several(parse: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def parse_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TrustListError("malformed", "a part of the list is not an array")
        return tuple(map(parse, value))

    return parse_all


_ANCHOR_FORM: dict[str, Callable[[Any], Any]] = {
    "purposes": lambda value: frozenset(_several(_text)(value)),
    "cert_der": _octets,
    "from_at": _time,
    "until_at": _optional(_time),
}
_REVOCABLE_FORM: dict[str, Callable[[Any], Any]] = {
    "key_id": _text,
    "algorithm": _text,
    "from_at": _time,
    "until_at": _optional(_time),
    "revoked_at": _optional(_time),
    "revoke_reason": _optional(_text),
}
_SEAL_FORM = {**_REVOCABLE_FORM, "issuing_body": _text, "cert_der": _octets}
_HUB_KEY_FORM = {**_REVOCABLE_FORM, "purpose": _text, "spki": _octets}
_LIST_FORM: dict[str, Callable[[Any], Any]] = {
    "version": _number,
    "mode": _text,
    "origin": _text,
    "issued_at": _time,
    "expires_at": _time,
    "anchors": _several(lambda value: Anchor(**_entry(value, _ANCHOR_FORM))),
    "seals": _several(lambda value: SealIssuer(**_entry(value, _SEAL_FORM))),
    "hub_keys": _several(lambda value: HubKey(**_entry(value, _HUB_KEY_FORM))),
}
