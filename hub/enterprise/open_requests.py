"""Requests that wait for an enterprise's answer, as it finds them on its own pages: listed by key, none twice.

Managers and the legal representative see all that is asked of the enterprise; an agent what his delegations that stand
now let him answer, and no more. Answering goes by `hub/enterprise/grant_requests.py`, as with a code.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from hub.steps.consent.asked import Addressed, wish_of
from hub.steps.consent.granting import requester_named
from hub.steps.consent.rights import delegated_items
from hub.steps.registry import Registry
from hub.store.grant_request import GrantRequestReader, StoredRequest

PAGE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# More than these are counted no further: there are that many, or more.
MOST_COUNTED = 100


def open_requests(
    holder: str, *, agent: str | None, after: str | None, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Return a page of what is asked of a holder and not answered, newest first, behind the place told as `after`.

    `agent` is the serial of an agent's cert, who sees what he may answer; None: all.
    """
    with registry.database.read() as connection:
        found = _within(holder, agent, _place(after), PAGE + 1, registry, now, connection)
        names = {
            requester: requester_named(requester, connection)[1] for requester in {each.requester for each, _ in found}
        }
    last = found[PAGE - 1][0] if len(found) > PAGE else None
    return {
        "requests": [
            {
                "request": stored.request,
                "requester": {"licence_number": stored.requester, "name": names[stored.requester]},
                "item_name": wish["item_name"],
                "case_number": wish["case_number"],
                "asked_at": stored.recorded_at.isoformat(),
                "answer_until": stored.valid_until.isoformat(),
            }
            for stored, wish in found[:PAGE]
        ],
        "after": f"{(last.recorded_at - _EPOCH) // _MICROSECOND}.{last.request}" if last else None,
    }


def count_open_requests(holder: str, *, agent: str | None, registry: Registry, now: datetime) -> int:
    """Return how many requests wait for a holder's answer, by `agent` those he may answer; at most MOST_COUNTED."""
    with registry.database.read() as connection:
        return len(_within(holder, agent, None, MOST_COUNTED, registry, now, connection))


def addressed(request: str, holder: str, *, agent: str | None, registry: Registry, now: datetime) -> Addressed:
    """Return a request by its name, as who is asked may open it: an agent within his delegations."""
    with registry.database.read() as connection:
        items = None if agent is None else delegated_items(holder, agent, connection=connection, now=now)
    return Addressed(request, holder, items)


def _within(
    holder: str,
    agent: str | None,
    place: tuple[datetime, str] | None,
    most: int,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> list[tuple[StoredRequest, dict[str, Any]]]:
    """Read so many open requests behind a place, with what each asks; what an agent may not see is passed over."""
    reader = GrantRequestReader(connection)
    items = None if agent is None else delegated_items(holder, agent, connection=connection, now=now)
    found: list[tuple[StoredRequest, dict[str, Any]]] = []
    while len(found) < most and items != frozenset():
        batch = reader.open_of(holder, behind=place, most=most, now=now)
        opened = [(each, wish_of(each, registry)) for each in batch]
        found += [(each, wish) for each, wish in opened if items is None or wish["item_code"] in items]
        if len(batch) < most:
            break
        place = (batch[-1].recorded_at, batch[-1].request)
    return found[:most]


def _place(after: str | None) -> tuple[datetime, str] | None:
    moment, _, request = (after or "").partition(".")
    return (_EPOCH + int(moment) * _MICROSECOND, request) if after else None
