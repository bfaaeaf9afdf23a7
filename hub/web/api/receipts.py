"""Door of receipts, and what every door of acts adds to its answer: the receipt, after a wait where one is preferred.

A refusal that is recorded is an act of its own: its problem document carries the act's name and receipt likewise.

`Prefer: wait=N` (RFC 7240) waits up to N seconds, ten at most, for the act to be under a signed checkpoint; without it
the receipt says by when it will be. Who knows an act's name has it from the answer to that act.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from anyio import sleep
from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.errors import HubError
from hub.evidence.receipts import Receipts
from hub.web.callers import in_thread, moment

MEDIA = "application/jwt"
_WAIT = re.compile(r"(?:^|[,;]\s*)wait\s*=\s*([0-9]{1,4})\b")
_LONGEST_WAIT = 10
_LOOK_SECONDS = 0.05
# What an answer names where it issued a certificate: its receipt says the same.
_NAMES = frozenset({"identifier", "reference", "holder_reference"})


class Receipted:
    """Runs what acts, and adds receipts to the answers."""

    def __init__(self, receipts: Receipts) -> None:
        self._receipts = receipts

    async def perform(self, request: Request, work: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Run an act in a thread, and return its answer with its receipt; a recorded refusal is raised with its own."""
        if not _preferred_wait(request):
            done: dict[str, Any] = await in_thread(partial(self._perform_at_once, work))
            return done
        try:
            answer = await in_thread(work)
        except HubError as error:
            if "act_id" in error.facts:
                error.facts["receipt"] = await self.receipt(request, str(error.facts["act_id"]))
            raise
        return await self.answer(request, answer)

    async def answer(self, request: Request, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer with the receipt of the act it names."""
        return {**answer, "receipt": await self.receipt(request, str(answer["act_id"]), _names_of(answer))}

    async def receipt(self, request: Request, act_id: str, names: Mapping[str, str] | None = None) -> str:
        """Return an act's receipt, once it is proven or the wait that is preferred is over."""
        for _ in range(int(_preferred_wait(request) / _LOOK_SECONDS)):
            if await in_thread(partial(self._receipts.is_proven, act_id)):
                break
            await sleep(_LOOK_SECONDS)
        made: str = await in_thread(partial(self._make, act_id, names))
        return made

    def _perform_at_once(self, work: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Do both in the thread that this runs in: a second change of threads costs as much as signing the receipt."""
        try:
            answer = work()
        except HubError as error:
            if "act_id" in error.facts:
                error.facts["receipt"] = self._make(str(error.facts["act_id"]))
            raise
        return {**answer, "receipt": self._make(str(answer["act_id"]), _names_of(answer))}

    def _make(self, act_id: str, names: Mapping[str, str] | None = None) -> str:
        return self._receipts.make(act_id, moment(), names)


def routes(receipted: Receipted) -> APIRouter:
    router = APIRouter(tags=["evidence 存证"])

    @router.get("/receipts/{act_id}", summary="The receipt of an act 办理回执")
    async def receipt(request: Request, act_id: str) -> Response:
        """The signed receipt (a JWT) of the act of that name, with its proof once it is in the log."""
        headers = {"cache-control": "no-store"}
        return Response(await receipted.receipt(request, act_id), media_type=MEDIA, headers=headers)

    return router


def _names_of(answer: Mapping[str, Any]) -> dict[str, str] | None:
    return {name: str(answer[name]) for name in _NAMES} if answer.keys() >= _NAMES else None


def _preferred_wait(request: Request) -> int:
    found = _WAIT.search(", ".join(request.headers.getlist("prefer")).lower())
    return min(int(found[1]), _LONGEST_WAIT) if found else 0
