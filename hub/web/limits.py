"""Limits of the public doors that do work: how often an address may call, and how much is done at once."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from anyio import Semaphore, fail_after
from fastapi import Request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from hub.errors import AccessError, ExaminationError
from hub.web.bodies import declared_length

_LONGEST_WAIT_SECONDS = 5.0


class AddressLimit:
    """At most so many calls of one address, such as "60/minute"; a FastAPI dependency."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, request: Request) -> None:
        """Count one call; AccessError too_many_requests past the limit."""
        if not self._limiter.hit(self._rate, _address(request)):
            raise AccessError("too_many_requests")


class WholeLimit:
    """At most so many calls of all addresses together, such as "200/day"; a FastAPI dependency."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, request: Request) -> None:
        """Count one call; AccessError sandbox_busy past the limit."""
        if not self._limiter.hit(self._rate):
            raise AccessError("sandbox_busy")


class Places:
    """At most so many at once; who comes when all places are taken is told so, and waits nowhere."""

    def __init__(self, most: int, code: str) -> None:
        """`code` is that of the refusal."""
        self._most = most
        self._taken = 0
        self._code = code

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place; AccessError when there is none. Only the event loop's thread may ask."""
        if self._taken >= self._most:
            raise AccessError(self._code)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


class Turns:
    """At most so many at once, and one less for any one address; who waits holds up no thread, and not for ever."""

    def __init__(self, most: int, *, longest_wait: float = _LONGEST_WAIT_SECONDS) -> None:
        self._free = Semaphore(most)
        self._most_of_one = max(1, most - 1)
        self._of_one: dict[str, Semaphore] = {}
        self._longest_wait = longest_wait

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait for a turn and hold it; ExaminationError reader_busy when none comes."""
        address = _address(request)
        own = self._of_one.setdefault(address, Semaphore(self._most_of_one))
        try:
            async with AsyncExitStack() as held:
                try:
                    with fail_after(self._longest_wait):
                        await held.enter_async_context(own)
                        await held.enter_async_context(self._free)
                except TimeoutError:
                    raise ExaminationError("reader_busy") from None
                yield
        finally:
            if own.value == self._most_of_one and not own.statistics().tasks_waiting:
                self._of_one.pop(address, None)


class Room:
    """Room in memory for the bodies of uploads: so much in all, a part of it for any one address."""

    def __init__(self, most: int) -> None:
        """`most` is in bytes."""
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def reserved(self, request: Request, longest: int) -> Iterator[None]:
        """Reserve room for a body of at most `longest` bytes until it is dealt with; ExaminationError reader_busy."""
        declared = declared_length(request)
        length, address = longest if declared is None else min(declared, longest), _address(request)
        own = self._taken[address] + length
        if own > max(self._most // 4, longest) or self._taken.total() + length > self._most:
            raise ExaminationError("reader_busy")
        self._taken[address] = own
        try:
            yield
        finally:
            self._taken[address] -= length
            if not self._taken[address]:
                del self._taken[address]


def _address(request: Request) -> str:
    return request.client.host if request.client else "-"
