"""What is counted at most once a minute for each key; while one counts it anew, others are handed what was counted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

MINUTE = timedelta(minutes=1)

T = TypeVar("T")


class OnceAMinute(Generic[T]):
    """Keeps the last count of each key, of which there are few; nobody waits but who finds none."""

    def __init__(self) -> None:
        self._locks: dict[str | None, Lock] = {}
        self._counted: dict[str | None, tuple[datetime, T]] = {}

    def __call__(self, key: str | None, count: Callable[[], T], now: datetime) -> tuple[datetime, T]:
        """Return when what belongs to a key was counted, and what it is."""
        last = self._counted.get(key)
        if last is not None and _is_fresh(last[0], now):
            return last
        lock = self._locks.setdefault(key, Lock())
        if not lock.acquire(blocking=last is None) and last is not None:
            return last
        try:
            # Who waited finds what the other counted.
            found = self._counted.get(key)
            if found is None or not _is_fresh(found[0], now):
                found = self._counted[key] = now, count()
            return found
        finally:
            lock.release()


def _is_fresh(counted: datetime, now: datetime) -> bool:
    return timedelta(0) <= now - counted < MINUTE
