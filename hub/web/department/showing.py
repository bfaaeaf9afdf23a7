"""What every page of an officer shows beside its own: who is signed in, at which terminal, the ways between pages."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from hub.web.sessions import Guard, Visit
from schemas.parties import System

HOME = "/department"


def department_of(visit: Visit) -> System:
    """Return the department of who signed in, as flows that read for a department's system take it; it has no role."""
    stored = visit.session.stored
    return System(stored.terminal or "", stored.party, "", b"", frozenset(), active=True)


def show(
    guard: Guard, visit: Visit, page: str, place: str, shown: Mapping[str, Any] = {}, *, status: int = 200
) -> Response:
    """Return a page for the officer who signed in; `place` is which of the ways between pages it lies on."""
    stored = visit.session.stored
    given = {"officer": stored.officer, "terminal": stored.terminal, "place": place, "problem": None, **shown}
    return guard.show(visit, page, given, status)
