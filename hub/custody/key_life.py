"""A key that is not its owner's alone any more: since when, what that puts in doubt, and who is told (`yizhao keys`).

1 the key is on the trust list, and the moment lies within its time; earlier than one that was named before, or the same
2 the key that is to follow it is made and waits, where it is the present one
3 the next trust list says since when it counts no more and names the one that follows; what falls under it is found,
  a task opened for each issuing body, all who were handed such a record are told             <- COMMIT POINT
4 every process has read the list; the key that follows takes its place
After 3 whatever the key sealed without another's word on an earlier time reads unknown at all doors, until the issuing
body orders it sealed again (`hub/registry/resealing.py`). A crash before 3 leaves a key that waits; after 3 the same
command finishes. What falls under a key of the hub itself: `CONSEQUENCES`. Under the log's key falls what a key that is
over sealed, and whose older word was only on a head that counts no more (`signing/log_head.py`); between 3 and 4 the
log signs nothing, and issues and pulls stop.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain

from sqlalchemy import Connection

from hub.errors import SetupError
from hub.steps.certificates.fallen import fallen_under
from hub.steps.log.proven_time import SealTimes
from hub.steps.notices import NoticeKind, Notices
from hub.steps.registry import COLLECTED_SEALER, Registry
from schemas.certificate import Certificate
from schemas.evidence import Kind
from schemas.telling import COMPROMISE
from signing.trust import HubKey, SealIssuer, TrustList

Tell = Callable[[Connection, str, TrustList], None]
"""What is written with a trust list, given the act's name and the list."""

Fallen = dict[str, list[Certificate]]
"""Certificates that read unknown, by the key whose seal they bear."""

_LOG = "log"

CONSEQUENCES: Mapping[str, tuple[str, str]] = {
    "tokens": ("令牌即刻失效，各系统须重新取得。", "Tokens end at once; systems sign in again."),
    "answers": ("此密钥签的答复与回执不再可信。", "Answers and receipts that it signed are unknown."),
    "status": ("此密钥签的状态列表不再采用。", "Status lists that it signed are refused."),
    "notes": (
        "在此之前没有第三方时间证明的交付单和判断答复，读作暂时无法确认。",
        "Delivery notes and answers to predicates without a proven time before it are unknown.",
    ),
    "copies": (
        "在此之前没有第三方时间证明的加注件，读作暂时无法确认。",
        "Copies without a proven time before it are unknown.",
    ),
    _LOG: (
        "此密钥签的树头，此前没有外部见证或时间戳的，不再作为证明；下一把密钥在同一棵树上续签，回执须重新取得。",
        "Heads that it signed prove nothing without a word from outside before it; ask for new receipts.",
    ),
    COLLECTED_SEALER: (
        "在此之前没有第三方时间证明的归集数据，读作暂时无法确认，须重新签章。",
        "Collected records without a proven time before it are unknown until they are sealed again.",
    ),
    "seal": (
        "在此之前没有第三方时间证明的证照，读作暂时无法确认，须由颁发机构下令重新签章。",
        "Certificates without a proven time before it are unknown until the issuing body orders them sealed again.",
    ),
}


@dataclass(frozen=True, slots=True)
class Compromise:
    """What a compromise came to: `fallen` are the identifiers that read unknown, by issuing body."""

    key_id: str
    use: str
    since: datetime
    trust_list: int
    fallen: Mapping[str, tuple[str, ...]]

    @property
    def consequence(self) -> tuple[str, str]:
        """What it means, in Chinese and English."""
        return CONSEQUENCES["seal" if self.use.startswith("seal:") else self.use.removeprefix("hub:")]


@dataclass(frozen=True, slots=True)
class KeySteps:
    """What a compromise does to keys and lists: TEST makes both here, a production site brings them.

    `make_next` makes the key that follows that of a use, `list_again` keeps the next trust list with this key revoked
    since a moment and writes more with it, `pause` waits until processes have read it, `adopt` puts the next in place.
    """

    present: Callable[[str], str | None]
    make_next: Callable[[str], None]
    list_again: Callable[[str, datetime, Tell], TrustList]
    pause: Callable[[], None]
    adopt: Callable[[str], None]


def compromise(
    key_id: str, *, since: datetime, operator: str, registry: Registry, times: SealTimes, steps: KeySteps, now: datetime
) -> Compromise:
    """Let a key count no more since a moment, by proven time.

    Raises SetupError key_not_listed, compromise_future, compromise_early, compromise_later.
    """
    trust = registry.trust()
    listed = _listed(key_id, trust)
    use = f"hub:{listed.purpose}" if isinstance(listed, HubKey) else f"seal:{listed.issuing_body}"
    _require_possible(listed, since, now)
    is_present = steps.present(use) == key_id
    if listed.revoked_at is None or since < listed.revoked_at:
        if is_present:
            steps.make_next(use)
        told = _fallen(listed, times, trust, registry, now) if listed.revoked_at is not None else {}
        told_before = frozenset(each.serial for under in told.values() for each in under)
        tell = partial(_tell, listed, told_before, since, operator, registry, times, now)
        trust = steps.list_again(key_id, since, tell)
    if is_present:
        steps.pause()
        steps.adopt(use)
    return Compromise(key_id, use, since, trust.version, _by_body(_fallen(listed, times, trust, registry, now)))


def _fallen(
    listed: SealIssuer | HubKey, times: SealTimes, trust: TrustList, registry: Registry, now: datetime
) -> Fallen:
    with registry.database.read() as connection:
        return _fallen_because_of(listed, times, trust, connection, now)


def _fallen_because_of(
    listed: SealIssuer | HubKey, times: SealTimes, trust: TrustList, connection: Connection, now: datetime
) -> Fallen:
    """Return what reads unknown because of a key: because of the log's, what would not if that were sound."""
    if not _is_log_key(listed):
        return {listed.key_id: fallen_under(listed.key_id, times=times, trust=trust, connection=connection)}
    sound, found = _with_sound(listed.key_id, trust), Fallen()
    for key_id in _sealers_that_ended(trust, now):
        otherwise = {each.serial for each in fallen_under(key_id, times=times, trust=sound, connection=connection)}
        under = fallen_under(key_id, times=times, trust=trust, connection=connection)
        found[key_id] = [each for each in under if each.serial not in otherwise]
    return found


def _is_log_key(listed: SealIssuer | HubKey) -> bool:
    return isinstance(listed, HubKey) and listed.purpose == _LOG


def _with_sound(key_id: str, trust: TrustList) -> TrustList:
    """Return the list as it would be if nothing revoked this key of the hub."""
    hub_keys = tuple(replace(each, revoked_at=None) if each.key_id == key_id else each for each in trust.hub_keys)
    return replace(trust, hub_keys=hub_keys)


def _sealers_that_ended(trust: TrustList, now: datetime) -> list[str]:
    """Return the keys that sealed records and are over, by age or revoked."""
    sealers = [each.key_id for each in trust.seals]
    sealers += [each.key_id for each in trust.hub_keys if each.purpose == COLLECTED_SEALER]
    return [each for each in sealers if (ends_at := trust.ends_at(each)) is not None and ends_at <= now]


def _listed(key_id: str, trust: TrustList) -> SealIssuer | HubKey:
    listed: list[SealIssuer | HubKey] = [*trust.seals, *trust.hub_keys]
    for each in listed:
        if each.key_id == key_id:
            return each
    raise SetupError("key_not_listed")


def _require_possible(listed: SealIssuer | HubKey, since: datetime, now: datetime) -> None:
    if since > now:
        raise SetupError("compromise_future")
    if since < listed.from_at:
        raise SetupError("compromise_early", from_at=listed.from_at.isoformat())
    if listed.revoked_at is not None and since > listed.revoked_at:
        raise SetupError("compromise_later", revoked_at=listed.revoked_at.isoformat())


def _tell(
    listed: SealIssuer | HubKey,
    told_before: frozenset[int],
    since: datetime,
    operator: str,
    registry: Registry,
    times: SealTimes,
    now: datetime,
    connection: Connection,
    act_id: str,
    trust: TrustList,
) -> None:
    """Open a task for each body that has records under the key, and tell whoever was handed one of them.

    `told_before` are certificates (serials) that a later moment of the same key had put in doubt: of those all know.
    """
    notices = Notices(connection, act_id=act_id, registry=registry, now=now)
    counts: dict[tuple[str, str], int] = {}
    for key_id, under in _fallen_because_of(listed, times, trust, connection, now).items():
        for each in under:
            # What the hub itself sealed nobody else can seal again.
            body = operator if each.source else each.issuing_body
            counts[body, key_id] = counts.get((body, key_id), 0) + 1
            if each.serial not in told_before:
                notices.tell_recipients(Kind.TRUST_LIST, COMPROMISE, of=each)
    for (body, key_id), count in sorted(counts.items()):
        # The task names the key whose seals are to be made again, and since when it counts no more.
        over = since if key_id == listed.key_id else trust.ends_at(key_id) or since
        facts = {"key_id": key_id, "since": over.isoformat(), "certificates": count}
        notices.add(body, NoticeKind.SEAL_COMPROMISED, facts)
    notices.keep()


def _by_body(fallen: Fallen) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for each in chain.from_iterable(fallen.values()):
        found.setdefault(each.issuing_body, []).append(each.identifier)
    return {body: tuple(identifiers) for body, identifiers in found.items()}
