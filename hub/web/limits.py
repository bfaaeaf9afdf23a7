"""Limits per address for the public doors that do work: posting grants, examining files."""

from fastapi import Request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from hub.errors import AccessError


class AddressLimit:
    """At most so many calls of one address, such as "60/minute"; a FastAPI dependency."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, request: Request) -> None:
        """Count one call; AccessError too_many_requests past the limit."""
        if not self._limiter.hit(self._rate, request.client.host if request.client else "-"):
            raise AccessError("too_many_requests")
