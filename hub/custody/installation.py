"""The installation: made once by `init`, its mode and origin burnt in; and its trust lists.

Mode (test or production) and public origin stand in the database, in every trust list, statement and record, so neither
can be changed by a setting: another one is refused at start. A production installation takes keys and trust lists that
were made elsewhere; this file makes the TEST ones.
"""

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection

from hub.errors import SetupError
from hub.steps.keyfolder import KeyFolder, next_of
from hub.steps.orders.approvals import require_two
from hub.steps.orders.persons import FIRST_PERSONS, Person, approve_here, make_person
from hub.store.database import Database
from hub.store.entry import EntryWriter
from hub.store.installation import InstallationReader, InstallationWriter
from hub.store.parties import PartyReader, PartyWriter
from schemas.approval import Change
from schemas.evidence import ActFacts, Kind
from schemas.parties import Department, Role, System
from signing.algorithms import spki
from signing.base64url import encode
from signing.errors import TrustListError
from signing.log_head import Revoked, revoked_log_keys
from signing.trust import (
    Anchor,
    HubKey,
    RootSet,
    SealIssuer,
    TrustList,
    sign_trust_list,
    trust_list_payload,
    verify_trust_list,
)
from signing.x509 import Purpose, read_cert_unverified

HUB_KEYS = {
    "answers": "ES256",
    "collected": "ES256",
    "notes": "ES256",
    "tokens": "ES256",
    "status": "ES256",
    "log": "Ed25519",
    "copies": "ES256",
}
SHORT_LIVED = ("answers", "status", "tokens", "log")
"""What the hub signs for minutes, or signs anew all the time: a key that is followed by another ends after `OVERLAP`.

Keys of what is kept as evidence stay listed to their own end: what they signed counts on, and they sign no more.
"""

OVERLAP = timedelta(days=1)
COMPROMISED = "compromised"
AUTHORITY_PURPOSES = frozenset({Purpose.SEAL, Purpose.SYSTEM, Purpose.OFFICER, Purpose.OPERATOR})
LIST_TERM = timedelta(days=30)
CERT_TERM = timedelta(days=730)
_COPIES_NAME = "TEST 加注件专用章"
Listed = TypeVar("Listed", SealIssuer, HubKey)
_FRESH = timedelta(seconds=1)
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Installation:
    """What `init` fixed. `anchor` is the SHA-256 of the root set; `operator` the operator's licence number."""

    mode: str
    origin: str
    anchor: str
    operator: str

    @property
    def is_test(self) -> bool:
        return self.mode == "test"


@dataclass(frozen=True, slots=True)
class Revocation:
    """What a trust list is to say of a key from now on: it counts not from `at` on, for this reason."""

    key_id: str
    at: datetime
    reason: str


Also = Callable[[Connection, str, TrustList], None]
"""More to write in the transaction that keeps a trust list, given the act's name and the list."""


def load_installation(database: Database) -> Installation:
    """Return the installation; SetupError not_initialised when `init` has not run on this database."""
    with database.read() as connection:
        values = InstallationReader(connection).values()
    if not values:
        raise SetupError("not_initialised")
    return Installation(values["mode"], values["origin"], values["anchor"], values["operator"])


def make_test_installation(
    *, database: Database, keys: KeyFolder, e_licence_cert: bytes, origin: str, operator: Department, now: datetime
) -> Installation:
    """Make a TEST installation in a migrated, empty database and a new key folder.

    `e_licence_cert` (DER) anchors the simulator's e-licences. Raises SetupError already_initialised, origin_form.
    """
    if not _ORIGIN.fullmatch(origin):
        raise SetupError("origin_form")
    until = now + CERT_TERM
    root = keys.make_authority("root", common_name="TEST 根", purpose=Purpose.ROOT, now=now, until=until)
    keys.make_authority("authority", common_name="TEST 政务证书", purpose=Purpose.AUTHORITY, now=now, until=until)
    for purpose in HUB_KEYS:
        _make_hub_key(keys, purpose, operator.licence_number, now)
    keys.make("system:operator")
    cert = keys.certify(
        "system:operator", by="authority", common_name="TEST 运营方", licence_number=operator.licence_number,
        purpose=Purpose.SYSTEM, now=now, until=until,
    )  # fmt: skip
    anchor = RootSet(1, (root,)).anchor_sha256
    installation = Installation("test", origin, anchor, operator.licence_number)
    persons = [
        make_person(keys, Person(number, duty), department=operator.licence_number, now=now, term=CERT_TERM)
        for duty, number in FIRST_PERSONS.items()
    ]
    system = System(
        "operator", operator.licence_number, "TEST 运营方", cert, frozenset({Role.OPERATE, Role.COLLECT}), True
    )

    def record(connection: Connection) -> None:
        if InstallationReader(connection).values():
            raise SetupError("already_initialised")
        values = {"mode": "test", "origin": origin, "anchor": anchor, "operator": operator.licence_number}
        InstallationWriter(connection).put(values)
        parties = PartyWriter(connection)
        parties.put_department(operator)
        parties.put_system(system, key_id=read_cert_unverified(cert).key_id)
        for each in persons:
            parties.put_officer(each, now)
        act = ActFacts(Kind.ENROL, _act_id(), now, None, None, None, None)
        EntryWriter(connection, secrets.token_bytes).add([act])

    database.write(record)
    make_trust_list(database=database, keys=keys, installation=installation, e_licence_cert=e_licence_cert, now=now)
    return installation


def make_trust_list(
    *,
    database: Database,
    keys: KeyFolder,
    installation: Installation,
    e_licence_cert: bytes,
    now: datetime,
    revoked: Revocation | None = None,
    also: Also | None = None,
) -> TrustList:
    """Make, sign and keep the next version of the TEST trust list, naming every enrolled body that has a seal key.

    A key that was listed before keeps its first day, so what it sealed stays provable. `revoked` is a key that counts
    no more; `also` writes more with the list. Two persons of the operator approve it with the keys that lie here; the
    first list is theirs too, under its own anchors. Raises OrderError approvals_needed where they do not lie here.
    """
    approved_at, now = now, now.replace(microsecond=0)
    root_set = RootSet(1, (keys.cert("root"),))
    with database.read() as connection:
        reader = InstallationReader(connection)
        version = reader.trust_list_version()
        raw = reader.trust_list(version)
        recorded_at = reader.trust_list_recorded_at(version) if raw else now
        bodies = PartyReader(connection).issuing_bodies()
    # The list before may have ended: what it named is still to be carried on.
    before = _verified(raw, installation, recorded_at) if raw else None
    authority, until = keys.cert("authority"), now + CERT_TERM
    content = TrustList(
        version=version + 1,
        mode=installation.mode,
        origin=installation.origin,
        issued_at=now,
        expires_at=now + LIST_TERM,
        anchors=before.anchors
        if before
        else (
            Anchor(frozenset(map(str, AUTHORITY_PURPOSES)), authority, now, until),
            Anchor(frozenset({str(Purpose.E_LICENCE)}), e_licence_cert, now, until),
        ),
        seals=_seals(before, keys, bodies, now),
        hub_keys=_hub_keys(before, keys, installation.operator, now),
    )
    if revoked is not None:
        content = _without(content, revoked)
    digest = sha256(trust_list_payload(content)).hexdigest()
    signed = sign_trust_list(content, root_set=root_set, signers=[keys.signer("root")])

    def record(connection: Connection) -> None:
        approvals = approve_here(
            Change.TRUST_LIST, digest, keys=keys, installation=installation, trust=before or content,
            connection=connection, now=approved_at,
        )  # fmt: skip
        require_two(approvals, change=Change.TRUST_LIST, connection=connection, now=approved_at)
        InstallationWriter(connection).add_trust_list(content.version, signed, now)
        act = ActFacts(Kind.TRUST_LIST, _act_id(), now, None, None, sha256(signed).hexdigest(), None)
        EntryWriter(connection, secrets.token_bytes).add([act])
        if also is not None:
            also(connection, act.act_id, content)

    database.write(record)
    return content


def make_next_key(use: str, *, keys: KeyFolder, operator: str, now: datetime) -> None:
    """Make the key that is to follow that of `use` (TEST), with its cert where it needs one; it waits to be listed.

    `use` is "hub:" and one of `HUB_KEYS`, or "seal:" and an issuing body. What was killed on the way is finished by
    running it again. Raises SetupError key_not_rotatable, key_missing.
    """
    kind, _, name = use.partition(":")
    if kind == "hub" and name in HUB_KEYS:
        keys.make_next(use, HUB_KEYS[name])
        whose = (_COPIES_NAME, operator) if name == "copies" else None
    elif kind == "seal" and name:
        present = read_cert_unverified(keys.cert(use))
        keys.make_next(use)
        whose = (present.subject_name, name)
    else:
        raise SetupError("key_not_rotatable", purpose=use)
    waiting = next_of(use)
    if whose is not None and keys.signer(waiting).cert_der is None:
        keys.certify(
            waiting, by="authority", common_name=whose[0], licence_number=whose[1], purpose=Purpose.SEAL,
            now=now, until=now + CERT_TERM,
        )  # fmt: skip


def rotate_key(
    use: str, *, keys: KeyFolder, operator: str, list_again: Callable[[], TrustList], pause: Callable[[], None],
    now: datetime,
) -> TrustList:  # fmt: skip
    """Let a new key follow that of `use` (TEST); both are listed, and what the old one signed counts on.

    In this order, so that nothing is signed with a key that nobody can look up: 1 the next key is made and waits 2 a
    trust list (`list_again`) names it beside the present one 3 every process has read that list (`pause`: they do so
    once a second) 4 it takes the present one's place; processes sign with it from their next signature on. What was
    killed on the way is finished by running it again. Raises SetupError key_not_rotatable, key_missing.
    """
    make_next_key(use, keys=keys, operator=operator, now=now)
    made = list_again()
    pause()
    keys.adopt_next(use)
    return made


def make_seal_key(keys: KeyFolder, issuing_body: str, name: str, now: datetime) -> bytes:
    """Make a TEST seal key for an issuing body and its cert; it counts from the next trust list."""
    use = f"seal:{issuing_body}"
    keys.make(use)
    return keys.certify(
        use, by="authority", common_name=f"TEST {name}", licence_number=issuing_body, purpose=Purpose.SEAL,
        now=now, until=now + CERT_TERM,
    )  # fmt: skip


def make_party_key(keys: KeyFolder, use: str, *, name: str, department: str, purpose: Purpose, now: datetime) -> bytes:
    """Make a TEST key and cert for a system or officer of a department; return the cert for its enrolment."""
    keys.make(use)
    return keys.certify(
        use, by="authority", common_name=f"TEST {name}", licence_number=department, purpose=purpose,
        now=now, until=now + CERT_TERM,
    )  # fmt: skip


class TrustInForce:
    """The trust list in force: read from the store at most every second, verified, never an older version."""

    def __init__(
        self, database: Database, installation: Installation, clock: Callable[[], datetime] | None = None
    ) -> None:
        """`clock` tells the moment when a flow asks for the list; without one it is refreshed only when told."""
        self._database = database
        self._installation = installation
        self._clock = clock
        self._lock = Lock()
        self._list: TrustList | None = None
        self._read_at: datetime | None = None
        self.raw = b""

    def refresh(self, now: datetime) -> TrustList | None:
        """Read the newest version when there is one; return the list in force at `now`, or None when it has ended."""
        with self._database.read() as connection:
            reader = InstallationReader(connection)
            version = reader.trust_list_version()
            raw = reader.trust_list(version) if self._list is None or version > self._list.version else None
        with self._lock:
            self._read_at = now
            if raw is not None:
                try:
                    self._list = _verified(raw, self._installation, now, self._list.version if self._list else 0)
                    self.raw = raw
                except TrustListError:
                    # A list that does not verify is never used; the one before it counts until it ends.
                    pass
            if self._list is None or self._list.expires_at <= now:
                return None
            return self._list

    def __call__(self) -> TrustList:
        """Return the list in force; SetupError trust_list_ended when there is none."""
        listed = self._list
        if self._clock is not None:
            now = self._clock()
            fresh = self._read_at is not None and timedelta(0) <= now - self._read_at < _FRESH
            if not fresh or listed is None or listed.expires_at <= now:
                listed = self.refresh(now)
        if listed is None:
            raise SetupError("trust_list_ended")
        return listed

    def revoked_log_keys(self) -> Revoked:
        """Return the log's keys that count no more: a list that has ended says so too."""
        with suppress(SetupError):
            self()
        return revoked_log_keys(self._list) if self._list is not None else ()


def _verified(raw: bytes, installation: Installation, now: datetime, highest: int = 0) -> TrustList:
    return verify_trust_list(
        raw, anchor_sha256=installation.anchor, now=now, highest_version_seen=highest, allow_test=installation.is_test
    )


def _seals(before: TrustList | None, keys: KeyFolder, bodies: list[str], now: datetime) -> tuple[SealIssuer, ...]:
    """Return the seals listed before, and those made since: a body's first one, or one that waits to follow it."""
    listed = before.seals if before else ()
    known, new = {seal.key_id for seal in listed}, []
    for body, use in sorted((each, use) for each in bodies for use in _uses_of(f"seal:{each}", keys)):
        facts = read_cert_unverified(keys.cert(use))
        if facts.key_id not in known:
            new.append(SealIssuer(body, keys.cert(use), facts.key_id, facts.algorithm, now, facts.not_after))
    return (*listed, *new)


def _uses_of(use: str, keys: KeyFolder) -> list[str]:
    there, waiting = keys.uses(), next_of(use)
    is_certified = waiting in there and keys.signer(waiting).cert_der is not None
    return [use] * (use in there) + [waiting] * is_certified


def _hub_keys(before: TrustList | None, keys: KeyFolder, operator: str, now: datetime) -> tuple[HubKey, ...]:
    """Return the hub's keys: those listed before, and what this version of the hub needs beside them."""
    listed = before.hub_keys if before else ()
    waiting = [purpose for purpose in HUB_KEYS if next_of(f"hub:{purpose}") in keys.uses()]
    for purpose in waiting:
        following = _hub_key(keys, purpose, now, use=next_of(f"hub:{purpose}"))
        listed = _followed(listed, following)
    new = [purpose for purpose in HUB_KEYS if purpose not in {each.purpose for each in listed}]
    for purpose in new:
        if f"hub:{purpose}" not in keys.uses():
            _make_hub_key(keys, purpose, operator, now)
    return (*listed, *(_hub_key(keys, purpose, now) for purpose in new))


def _followed(listed: tuple[HubKey, ...], following: HubKey) -> tuple[HubKey, ...]:
    """Return the keys with the one that follows, which may be listed already; others that are short-lived end."""
    ends = following.from_at + OVERLAP
    does_end = following.purpose in SHORT_LIVED
    kept = tuple(
        replace(each, until_at=min(each.until_at or ends, ends))
        if does_end and each.purpose == following.purpose
        else each
        for each in listed
        if each.key_id != following.key_id
    )
    already = [each for each in listed if each.key_id == following.key_id]
    return (*kept, *(already or [following]))


def _without(content: TrustList, revoked: Revocation) -> TrustList:
    """Return the list with a key revoked; an earlier revocation stands."""

    def mark(each: Listed) -> Listed:
        if each.key_id != revoked.key_id or (each.revoked_at is not None and each.revoked_at <= revoked.at):
            return each
        return replace(each, revoked_at=revoked.at, revoke_reason=revoked.reason)

    return replace(content, seals=tuple(map(mark, content.seals)), hub_keys=tuple(map(mark, content.hub_keys)))


def _make_hub_key(keys: KeyFolder, purpose: str, operator: str, now: datetime) -> None:
    keys.make(f"hub:{purpose}", HUB_KEYS[purpose])
    if purpose == "copies":
        # A signature inside a PDF or XML names its cert; the key itself counts by the trust list, as all do.
        keys.certify(
            "hub:copies", by="authority", common_name=_COPIES_NAME, licence_number=operator,
            purpose=Purpose.SEAL, now=now, until=now + CERT_TERM,
        )  # fmt: skip


def _hub_key(keys: KeyFolder, purpose: str, now: datetime, *, use: str | None = None) -> HubKey:
    use = use or f"hub:{purpose}"
    signer, der = keys.signer(use), spki(keys.public_key(use))
    return HubKey(purpose, signer.key_id, signer.algorithm, der, now, now + CERT_TERM)


def _act_id() -> str:
    return encode(secrets.token_bytes(16))
