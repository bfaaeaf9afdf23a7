"""Limits of the public doors that do work: how often an address may call, and how much is done at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import Semaphore, fail_after
from fastapi import Request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from hub.errors import AccessError, ExaminationError

_LONGEST_WAIT_SECONDS = 5.0


class AddressLimit:
    """At most so many calls of one address, such as "60/minute"; a FastAPI dependency."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, request: Request) -> None:
        """Count one call; AccessError too_many_requests past the limit."""
        if not self._limiter.hit(self._rate, request.client.host if request.client else "-"):
            raise AccessError("too_many_requests")


class Turns:
    """At most so many at once; who waits holds up no thread, and not for ever."""

    def __init__(self, most: int, *, longest_wait: float = _LONGEST_WAIT_SECONDS) -> None:
        self._free = Semaphore(most)
        self._longest_wait = longest_wait

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it; ExaminationError reader_busy when none comes."""
        try:
            with fail_after(self._longest_wait):
                await self._free.acquire()
        except TimeoutError:
            raise ExaminationError("reader_busy") from None
        try:
            yield
        finally:
            self._free.release()
