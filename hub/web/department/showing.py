"""What every page of an officer shows beside its own: who is signed in, at which terminal, the ways between pages."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from hub.department.places import place_at, places_of
from hub.errors import AccessError
from hub.steps.registry import Registry
from hub.steps.sessions import Session
from hub.web.sessions import Guard, Visit
from schemas.parties import System

HOME = "/department"
OFFICERS_HOMES = (HOME, "/operator")
"""Below these lie all pages that officers see once they signed in."""


def places_seen(session: Session, path: str, *, registry: Registry) -> frozenset[str]:
    """Return which pages an officer may see. Raises AccessError duty_missing where the one at `path` is none of them.

    A file that is sent and a copy that is fetched are parts of their pages.
    """
    may, place = places_of(session, registry=registry), place_at(path.removeprefix(HOME))
    if place and place not in may:
        raise AccessError("duty_missing")
    return may


def department_of(visit: Visit) -> System:
    """Return the department of who signed in, as flows that read for a department's system take it; it has no role."""
    stored = visit.session.stored
    return System(stored.terminal or "", stored.party, "", b"", frozenset(), active=True)


def show(
    guard: Guard, visit: Visit, page: str, place: str, shown: Mapping[str, Any] = {}, *, status: int = 200
) -> Response:
    """Return a page for the officer who signed in; `place` is which of the ways between pages it lies on."""
    stored = visit.session.stored
    own = {"officer": stored.officer, "terminal": stored.terminal, "place": place, "may": sorted(visit.may)}
    given = {**own, "problem": None, **shown}
    return guard.show(visit, page, given, status)
