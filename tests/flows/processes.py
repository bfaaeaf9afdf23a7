"""The same shown to two other processes of a hub at once: each tells what it answered, one by one."""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from hub.errors import HubError
from hub.store.database import Database
from schemas.statement import Ordered
from tests.flows.grant_world import redeem_at_window
from tests.flows.signing_in import call, sign_in
from tests.flows.world import World, open_world


def in_two_processes(
    world: World, work: str, given: Sequence[Any], *, meanwhile: tuple[str, Sequence[Any]] | None = None
) -> list[list[str]]:
    """Let two processes do `work` on each of `given`, in step; return what each answered, or the code of a refusal.

    `meanwhile` is what the second one does instead, on as many.
    """
    barrier, pipes, processes = _SERVER.Barrier(2), [], []
    for its_work, its_given in ((work, given), meanwhile or (work, given)):
        mine, its = _SERVER.Pipe(duplex=False)
        place = (world.registry.database.url, world.settings.folder.parent, world.now)
        arguments = (*place, its_work, its_given, barrier, its)
        process = _SERVER.Process(target=_run, args=arguments)
        process.start()
        its.close()
        pipes.append(mine)
        processes.append(process)
    answers = [mine.recv() for mine in pipes]
    for process in processes:
        process.join()
    return answers


def _sign_in(world: World, assertion: str) -> str:
    sign_in(world, assertion=assertion)
    return "accepted"


def _call(world: World, given: tuple[str, str]) -> str:
    call(world, given[0], proof=given[1])
    return "accepted"


def _issue(world: World, given: tuple[Any, Any, str]) -> str:
    content, verified, key = given
    return str(world.issue_verified(content, verified, key=key)["identifier"])


def _pull(world: World, given: tuple[Any, str | None, str | None]) -> str:
    request, jws, key = given
    return "delivered" if world.pull(request, jws=jws, key=key)["delivery"] else "nothing"


def _redeem(world: World, shown: str) -> str:
    redeem_at_window(world, shown)
    return "redeemed"


def _withdraw(world: World, digest: str) -> str:
    return str(world.withdraw(digest)["state"])


def _enrol(world: World, given: tuple[Any, bytes, list[str]]) -> str:
    content, salt, tokens = given
    verified = world.order(Ordered.ENTITLE, content, system="operator", salt=salt)
    world.enrol_approved("officers", content, verified, world.verified_approvals(tokens, verified))
    return "accepted"


_WORKS: Mapping[str, Callable[[World, Any], str]] = {
    "sign_in": _sign_in,
    "call": _call,
    "issue": _issue,
    "pull": _pull,
    "redeem": _redeem,
    "withdraw": _withdraw,
    "enrol": _enrol,
}


def _run(url: str, folder: Path, now: datetime, work: str, given: Sequence[Any], barrier: Any, its: Pipe) -> None:
    world, answers = open_world(Database(url), folder, now), []
    for each in given:
        barrier.wait(timeout=60)
        try:
            answers.append(_WORKS[work](world, each))
        except HubError as error:
            answers.append(error.code)
    its.send(answers)
    world.close()


# Children of a server with one thread, which has imported everything: none inherits a lock.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([__name__])
