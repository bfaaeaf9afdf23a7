"""Which pages an officer sees: those of what his duty lets him order, where his terminal has the right it needs.

Pages of reading alone (home, tasks, the department itself, figures) are everybody's. The doors decide again when
something is ordered (`schemas/duties.py`, roles of systems): a page that is not shown is no lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.steps.registry import Registry
from hub.steps.sessions import Session
from hub.store.parties import PartyReader
from schemas.duties import may_order, may_second
from schemas.parties import Duty, Role
from schemas.statement import Ordered


@dataclass(frozen=True, slots=True)
class _Place:
    """What is ordered there, and the right that a terminal needs for it; `paths` are below the officers' own."""

    act: Ordered
    role: Role | None
    paths: tuple[str, ...]


_PLACES: Mapping[str, _Place] = {
    "window": _Place(Ordered.PULL, Role.PULL, ("window", "presentations", "paper", "deliveries")),
    "issue": _Place(Ordered.ISSUE, Role.ISSUE, ("issue",)),
    "status": _Place(Ordered.CHANGE_STATUS, Role.ISSUE, ("status",)),
    "import": _Place(Ordered.IMPORT, Role.ISSUE, ("import", "intakes")),
    "ask": _Place(Ordered.SHARE, Role.PULL, ("ask",)),
    # Parts of pages that everybody sees: the forms by which tasks are answered.
    "answer": _Place(Ordered.ANSWER_TASK, None, ()),
    "approve": _Place(Ordered.ANSWER_SHARE, None, ()),
}
_SECONDED = (Ordered.CHANGE_STATUS, Ordered.WITNESS_GRANT)
_COUNTERSIGN = "countersign"
_NOT_AT_A_DESK = frozenset({Duty.SYSTEM, Duty.SECURITY, Duty.AUDIT})
PLACES = frozenset({*_PLACES, _COUNTERSIGN})
"""The pages, and forms on them, that not everybody sees."""


def places_of_duty(duty: Duty, roles: frozenset[Role] | None) -> frozenset[str]:
    """Return where an officer of this duty may work at a terminal with these roles; None: he sits at none yet."""
    if duty in _NOT_AT_A_DESK:
        return frozenset()
    found = {
        name
        for name, each in _PLACES.items()
        if may_order(duty, each.act) and (roles is None or each.role is None or each.role in roles)
    }
    seconds = any(may_second(duty, act) for act in _SECONDED)
    return frozenset(found | ({_COUNTERSIGN} if seconds else set()))


def places_of(session: Session, *, registry: Registry) -> frozenset[str]:
    """Return where the officer of a session may work now, at the terminal it is bound to."""
    stored = session.stored
    with registry.database.read() as connection:
        reader = PartyReader(connection)
        officer = reader.officer(stored.officer or "")
        terminal = reader.system(stored.terminal) if stored.terminal is not None else None
    if officer is None:
        return frozenset()
    roles = None if stored.terminal is None else terminal.roles if terminal is not None else frozenset[Role]()
    return places_of_duty(officer.duty, roles)


def place_at(path: str) -> str:
    """Return which of those pages a path below the officers' own lies on, or "" for one that everybody sees."""
    first = path.strip("/").partition("/")[0]
    if first == _COUNTERSIGN:
        return first
    return next((name for name, each in _PLACES.items() if first in each.paths), "")
