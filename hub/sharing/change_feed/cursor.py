"""Cursors of the change feed: a place in the evidence log, bound to that log by a digest of its name.

Places are given once, in one order, after an act was committed: whoever has read up to one has missed nothing before
it. A log that was closed by a recovery takes its cursors with it, as what was lost of it may have been told.
"""

import re
from hashlib import sha256

from hub.errors import OrderError
from hub.store.log import Head, LogStore

NOW = "now"
_FORM = re.compile(r"([0-9a-f]{16})\.([0-9]{1,18})")


def cursor_at(place: int, head: Head) -> str:
    """Return the cursor of whoever has read all places before `place`."""
    return f"{_mark(head.origin)}.{place}"


def place_of(cursor: str | None, head: Head, store: LogStore) -> int:
    """Return the place a cursor goes on from: None is the first there is, NOW the one that comes next.

    Raises OrderError cursor_form, cursor_recovered, cursor_other_log, cursor_ahead.
    """
    end = head.first_place + head.size
    if cursor is None or cursor == NOW:
        return end if cursor else 0
    found = _FORM.fullmatch(cursor)
    if found is None:
        raise OrderError("cursor_form")
    mark, place = found[1], int(found[2])
    if mark != _mark(head.origin):
        raise OrderError("cursor_recovered" if mark in _former(head, store) else "cursor_other_log")
    if place > end:
        raise OrderError("cursor_ahead")
    return place


def _former(head: Head, store: LogStore) -> set[str]:
    closed = (store.former(number) for number in range(1, head.number))
    return {_mark(each.head().origin) for each in closed if each is not None}


def _mark(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()[:16]
