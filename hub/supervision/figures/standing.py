"""How the hub stands, a page of rows for each thing its operator looks after; read alone, nothing is done from here.

What is done about it is done from the command line by persons with keys of their own. A draft of a change that waits
for its second person lies with whoever made it: the hub knows a change once it was approved, or refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import NotFoundError
from hub.steps.registry import Registry
from hub.store.columns import microseconds, moment_of
from hub.store.figure import FigureReader
from hub.store.installation import InstallationReader
from hub.store.log import LogStore
from hub.store.parties import PartyReader
from hub.store.standing import StandingReader
from hub.supervision.figures.page_keys import read_number
from hub.supervision.figures.present import Counting, count_keys, scope_of
from signing.log_head import Revoked
from signing.x509 import read_cert_unverified

PAGE = 50
_DIGEST = 64

Row = Sequence[str | int | None]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a page, and behind which key the next page begins; None: there is none."""

    rows: Sequence[Row]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """What is looked at, and how: `after` is the key behind which the page begins, `needed` words make a head count."""

    reader: StandingReader
    counting: Counting
    installation: InstallationReader
    log_store: LogStore
    witnesses: Sequence[str]
    needed: int
    revoked: Revoked
    after: str


def look_over(
    page: str,
    *,
    after: str,
    log_store: LogStore,
    witnesses: Sequence[str],
    needed: int,
    revoked: Revoked,
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
            return PAGES[page](Looking(reader, counting, installation, log_store, witnesses, needed, revoked, after))
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
    return Rows([(of, values["days_left"], values["age_days"]) for of, values in count_keys(looking.counting)])


def _log(looking: Looking) -> Rows:
    now, store = looking.counting.now, looking.log_store
    state = looking.counting.registry.log(now)
    cosigned = store.newest_cosigned(looking.witnesses, looking.needed, looking.revoked) if looking.witnesses else None
    timed = store.newest_time(looking.revoked)
    return Rows(
        [
            ("size", state.size),
            ("age_seconds", max(int((now - state.heard_at).total_seconds()), 0)),
            ("goes_on", "no" if state.is_silent(now) or state.key_revoked_at is not None else "yes"),
            ("doubt", state.doubt[0] if state.doubt else "none"),
            ("witnesses", f"{looking.needed}/{len(looking.witnesses)}"),
            ("cosigned", cosigned[0].split("\n")[1] if cosigned else "none"),
            ("proven_time", timed.gen_time.isoformat() if timed else "none"),
        ]
    )


def _queues(looking: Looking) -> Rows:
    return Rows([(name, count) for name, count in looking.reader.queues().items()])


PAGES: Mapping[str, Callable[[Looking], Rows]] = {
    "changes": _changes,
    "systems": _systems,
    "types": _types,
    "sharing": _sharing,
    "keys": _keys,
    "log": _log,
    "queues": _queues,
}
"""The pages there are: approved changes, systems, types, lines of sharing, keys, the evidence log, workers' queues."""
