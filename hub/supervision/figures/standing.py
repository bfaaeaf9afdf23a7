"""How the hub stands, a page of rows for each thing its operator looks after; read alone, nothing is done from here.

What is done about it is done by persons with keys of their own: changes of rights at their pages, all that needs a
private key of the hub from the command line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from hub.errors import NotFoundError
from hub.steps.log.proven_time import SealTimes
from hub.steps.registry import Registry
from hub.store.columns import microseconds, moment_of
from hub.store.figure import FigureReader
from hub.store.installation import InstallationReader
from hub.store.log import LogStore
from hub.store.parties import PartyReader
from hub.store.standing import StandingReader
from hub.supervision.figures.chores import CHORES, Chore
from hub.supervision.figures.compromised import MOST, list_compromised
from hub.supervision.figures.page_keys import read_number
from hub.supervision.figures.present import Counting, scope_of
from schemas.certificate import civil_date
from signing.log_head import Revoked
from signing.x509 import read_cert_unverified

PAGE = 50
ROTATE_BEFORE = timedelta(days=30)
"""So long before the end of a key or a cert it is to be followed by the next."""

_DIGEST = 64

Row = Sequence[str | int | None]
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a page, and behind which key the next page begins; None: there is none."""

    rows: Sequence[Row]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """What is looked at, and how: `after` is the key behind which the page begins, `needed` words make a head count."""

    connection: Connection
    reader: StandingReader
    counting: Counting
    installation: InstallationReader
    log_store: LogStore
    witnesses: Sequence[str]
    needed: int
    revoked: Revoked
    times: SealTimes
    chores: Mapping[str, Chore]
    after: str


def look_over(
    page: str,
    *,
    after: str,
    log_store: LogStore,
    witnesses: Sequence[str],
    needed: int,
    revoked: Revoked,
    times: SealTimes,
    chores: Mapping[str, Chore],
    registry: Registry,
    now: datetime,
) -> Rows:
    """Return the rows of one page, of those that `PAGES` names, behind the key `after` ("" for the first).

    Raises NotFoundError figure_not_found for another page, or a key that is none.
    """
    if page not in PAGES:
        raise NotFoundError("figure_not_found")
    with registry.database.snapshot() as connection:
        parties = PartyReader(connection)
        counting = Counting(FigureReader(connection), parties, scope_of(None, parties), registry, now)
        reader, installation = StandingReader(connection), InstallationReader(connection)
        try:
            looking = Looking(
                connection, reader, counting, installation, log_store, witnesses, needed, revoked, times, chores, after
            )  # fmt: skip
            return PAGES[page](looking)
        except ValueError:
            raise NotFoundError("figure_not_found") from None


def _changes(looking: Looking) -> Rows:
    moment, _, digest = looking.after.partition(".")
    behind = (moment_of(read_number(moment)), digest[:_DIGEST]) if looking.after else None
    found = looking.reader.approved(after=behind, most=PAGE + 1)
    rows = [(each.approved_at.isoformat(), each.change, each.persons, each.content_digest) for each in found[:PAGE]]
    last = found[PAGE - 1] if len(found) > PAGE else None
    return Rows(rows, f"{microseconds(last.approved_at)}.{last.content_digest}" if last else None)


def _systems(looking: Looking) -> Rows:
    names, now = looking.counting.reader.names(), looking.counting.now
    found = looking.reader.systems(after=looking.after, most=PAGE + 1)
    rows = [
        (
            each.code, names.get(each.department, (each.department, ""))[0], "、".join(each.roles),
            "active" if each.active else "inactive", (read_cert_unverified(each.cert_der).not_after - now).days,
        )
        for each in found[:PAGE]
    ]  # fmt: skip
    return Rows(rows, found[PAGE - 1].code if len(found) > PAGE else None)


def _types(looking: Looking) -> Rows:
    pinned = looking.installation.type_digests()
    return Rows(
        [
            (each.code, each.name_zh, each.version, pinned.get((each.code, each.version), "")[:16])
            for each in looking.counting.registry.catalogue.current()
        ]
    )


def _sharing(looking: Looking) -> Rows:
    names = looking.counting.reader.names()
    found = looking.reader.lines(after=looking.after, most=PAGE + 1)
    rows = [
        (
            each.code, each.version, names.get(each.requester, (each.requester, ""))[0], each.item_name,
            each.sharing_class, each.state, each.confirmed_until.isoformat() if each.confirmed_until else None,
        )
        for each in found[:PAGE]
    ]  # fmt: skip
    return Rows(rows, found[PAGE - 1].code if len(found) > PAGE else None)


def _keys(looking: Looking) -> Rows:
    """List what counts and ends: of, since, age in days, end, days left, when it is to be followed; the first first."""
    trust, now = looking.counting.registry.trust(), looking.counting.now
    found = [("trust_list", trust.issued_at, trust.expires_at)]
    for anchor in trust.anchors:
        facts = read_cert_unverified(anchor.cert_der)
        found.append((f"anchor:{facts.subject_name}", anchor.from_at, min(anchor.until_at or _EVER, facts.not_after)))
    counting = [key for key in trust.hub_keys if key.revoked_at is None]
    found += [(f"hub:{key.purpose} {key.key_id[:8]}", key.from_at, key.until_at or _EVER) for key in counting]
    for seal in trust.seals:
        if seal.revoked_at is None:
            ends_at = min(seal.until_at or _EVER, read_cert_unverified(seal.cert_der).not_after)
            found.append((f"seal:{seal.issuing_body} {seal.key_id[:8]}", seal.from_at, ends_at))
    certs = [(f"system:{code}", cert) for code, cert in looking.counting.reader.system_certs(None)]
    certs += [(f"person:{number} {duty}", cert) for number, duty, cert in looking.reader.persons()]
    for of, cert_der in certs:
        facts = read_cert_unverified(cert_der)
        found.append((of, facts.not_before, facts.not_after))
    rows = sorted((ends_at, of, since) for of, since, ends_at in found if ends_at > now)
    return Rows([_key_row(of, since, ends_at, now) for ends_at, of, since in rows])


def _key_row(of: str, since: datetime, ends_at: datetime, now: datetime) -> Row:
    if ends_at == _EVER:
        return of, _day(since), (now - since).days, None, None, None
    # A list of thirty days is followed sooner than a key of years.
    due_at = max(ends_at - ROTATE_BEFORE, since + (ends_at - since) / 2)
    return of, _day(since), (now - since).days, _day(ends_at), (ends_at - now).days, _day(due_at)


def _day(moment: datetime) -> str:
    return civil_date(moment).isoformat()


def _compromises(looking: Looking) -> Rows:
    """List revoked keys; `after` names one by its key's id: then what fell because of it."""
    trust = looking.counting.registry.trust()
    found = list_compromised(looking.times, trust, looking.connection)
    if looking.after:
        one = next((each for each in found if each.key_id == looking.after), None)
        if one is None:
            raise NotFoundError("figure_not_found")
        names = looking.counting.reader.names()
        return Rows(
            [
                (each.identifier, each.reference, names.get(each.issuing_body, (each.issuing_body, ""))[0])
                for each in one.fallen[:MOST]
            ]
        )
    return Rows(
        [
            (
                f"{each.of} {each.key_id[:8]}", each.key_id, each.since.isoformat(),
                f"{MOST}+" if len(each.fallen) > MOST else len(each.fallen), each.under_way, each.sealed,
            )
            for each in found
        ]
    )  # fmt: skip


def _upkeep(looking: Looking) -> Rows:
    """List backups and drills: what, when it was last over, days ago, whether it passed, what it told."""
    rows: list[Row] = []
    for name in CHORES:
        chore = looking.chores.get(name)
        if chore is None:
            rows.append((name, None, None, "never", None))
            continue
        told = "; ".join(f"{key} {value:g}" for key, value in sorted(chore.told.items()))
        days = (looking.counting.now - chore.done_at).days
        rows.append((name, chore.done_at.isoformat(), days, "passed" if chore.passed else "failed", told))
    return Rows(rows)


def _log(looking: Looking) -> Rows:
    now, store = looking.counting.now, looking.log_store
    state = looking.counting.registry.log(now)
    cosigned = store.newest_cosigned(looking.witnesses, looking.needed, looking.revoked) if looking.witnesses else None
    said = [(each, store.newest_cosigned([each], 1, looking.revoked)) for each in looking.witnesses]
    timed, waits = store.newest_time(looking.revoked), looking.reader.queues()["entries"]
    return Rows(
        [
            ("size", state.size),
            ("age_seconds", max(int((now - state.heard_at).total_seconds()), 0)),
            ("goes_on", "no" if state.is_silent(now) or state.key_revoked_at is not None else "yes"),
            ("doubt", state.doubt[0] if state.doubt else "none"),
            ("waiting", waits.count),
            ("lag_seconds", _seconds_since(waits.oldest_at, now)),
            ("witnesses", f"{looking.needed}/{len(looking.witnesses)}"),
            ("cosigned", _size_of(cosigned)),
            *((f"witness:{each.partition('+')[0]}", _size_of(one)) for each, one in said),
            ("proven_time", timed.gen_time.isoformat() if timed else "none"),
        ]
    )


def _seconds_since(moment: datetime | None, now: datetime) -> int:
    return max(int((now - moment).total_seconds()), 0) if moment else 0


def _size_of(cosigned: tuple[str, list[str]] | None) -> str:
    """Return up to which entry a head goes that others signed."""
    return cosigned[0].split("\n")[1] if cosigned else "none"


def _queues(looking: Looking) -> Rows:
    """List how much of each queue there is, since when the oldest waits, and for how many seconds that is."""
    now = looking.counting.now
    return Rows(
        [
            (
                name,
                each.count,
                each.oldest_at.isoformat() if each.oldest_at else None,
                _seconds_since(each.oldest_at, now) if each.oldest_at else None,
            )
            for name, each in looking.reader.queues().items()
        ]
    )


PAGES: Mapping[str, Callable[[Looking], Rows]] = {
    "changes": _changes,
    "systems": _systems,
    "types": _types,
    "sharing": _sharing,
    "keys": _keys,
    "compromises": _compromises,
    "upkeep": _upkeep,
    "log": _log,
    "queues": _queues,
}
"""The pages there are: approved changes, systems, types, lines of sharing, keys, what is compromised, chores, the
evidence log, workers' queues."""
