"""Flows that die on the way: a process of its own runs one with collaborators that kill it at a chosen step.

The steps are the calls that leave the process: writes to the database, signatures, and files, counted from 1 in the
order they happen. A process dies by SIGKILL before the call, after it, or (a write) inside its transaction: no product
code knows.
Every signature is written down, synced, before it is handed back: what was signed can be asked for afterwards.
The processes come from a server that has one thread and has imported everything, so none inherits a lock.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from hub.documents.existing import read_existing_order, take_in
from hub.registry.issuance import issue_many
from hub.steps.certificates.intentions import Batch, Origin
from hub.steps.files.confined.foreign_seal import SealChecker
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.store.database import Database
from hub.store.files import DocumentFiles
from schemas.exchange import NOTE_TYP
from schemas.order import read_order
from signing.jws import CompactSigner
from signing.signers import Signer
from tests.flows.intake_world import Intakes
from tests.flows.keys_led import reseal_verified
from tests.flows.world import CATALOGUE, World, food_number, food_order, open_world

T = TypeVar("T")
KEY = "the-same-key"
JOURNAL = "signed.journal"


@dataclass(frozen=True, slots=True)
class Step:
    """Where to die: the how-many-th call, and "before", "inside" or "after" it."""

    call: int
    when: str


@dataclass(frozen=True, slots=True)
class Request:
    """What one flow is asked, so that the same can be asked again: its name, content and verified statement."""

    flow: str
    content: Any
    verified: VerifiedStatement | None = None
    jws: str = ""
    batch: str = ""
    seconds: tuple[Second, ...] = ()


def ask(world: World, request: Request) -> Any:
    """Ask a hub once, under the one idempotency key of these stories."""
    return FLOWS[request.flow](world, request)


def _issue(world: World, request: Request) -> Any:
    assert request.verified is not None
    return world.issue_verified(request.content, request.verified, key=KEY)


def _change(world: World, request: Request) -> Any:
    assert request.verified is not None
    return world.change_verified(request.content, request.verified, key=KEY)


def _erase(world: World, request: Request) -> Any:
    assert request.verified is not None
    content, seconds = request.content
    return world.erase_verified(content, request.verified, key=KEY, seconds=seconds)


def _pull(world: World, request: Request) -> Any:
    return world.pull(request.content, jws=request.jws, key=KEY)


def _compare(world: World, request: Request) -> Any:
    return world.compare(request.content, jws=request.jws, key=KEY)


def _post(world: World, request: Request) -> Any:
    return world.post(request.content)


def _document(world: World, request: Request) -> Any:
    world.want(request.content)
    world.make(request.content)
    return world.want(request.content)


def _download(world: World, request: Request) -> Any:
    return world.download(request.content)


def _existing(world: World, request: Request) -> Any:
    order, pdf, anchor = request.content
    checker = SealChecker([anchor])
    assert request.verified is not None
    return take_in(
        read_existing_order(order),
        pdf,
        verified=request.verified,
        system=world.system("market"),
        key=KEY,
        registry=world.registry,
        files=world.workshop.files,
        check_seal=lambda raw, _: checker(raw, datetime.now(UTC)),
        now=world.now,
    )


def _undo(world: World, request: Request) -> Any:
    assert request.verified is not None
    intakes = Intakes(world, world.settings.folder.parent)
    return intakes.undo_verified(request.content, request.verified, seconds=request.seconds, key=KEY, batch_rows=2)


def _take_in_penalties(world: World, request: Request) -> Any:
    intakes = Intakes(world, world.settings.folder.parent, batch_rows=2)
    intakes.run(request.content)
    return intakes.outcome(request.content)


def _issue_batch(world: World, request: Request) -> Any:
    assert request.verified is not None
    orders = [read_order(each, catalogue=CATALOGUE, overrides=frozenset()) for each in request.content]
    origins = [Origin.native(world.now)] * len(orders)
    batch = Batch(request.batch, orders, origins, request.verified, world.system("market"))
    return issue_many(batch, registry=world.registry, sealers=world.sealers, now=world.now)


def _reseal(world: World, request: Request) -> Any:
    assert request.verified is not None
    return reseal_verified(world, request.content, (request.verified, request.seconds), key=KEY)


FLOWS: dict[str, Callable[[World, Request], Any]] = {
    "issue": _issue,
    "change": _change,
    "erase": _erase,
    "pull": _pull,
    "compare": _compare,
    "post": _post,
    "batch": _issue_batch,
    "document": _document,
    "download": _download,
    "existing": _existing,
    "undo": _undo,
    "penalties": _take_in_penalties,
    "reseal": _reseal,
}


def run_and_die(world: World, request: Request, step: Step) -> None:
    """Let another process of this hub run the flow, and see it die at that step."""
    arguments = (world.registry.database.url, world.settings.folder.parent, world.now, request, step)
    process = _SERVER.Process(target=_run, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, "the flow never came to that step"


def issue_until_killed(world: World, acknowledged: int) -> list[str]:
    """Let another process issue one certificate after the other; kill it after so many answers, return all answers."""
    mine, its = _SERVER.Pipe(duplex=False)
    arguments = (world.registry.database.url, world.settings.folder.parent, world.now, its)
    process = _SERVER.Process(target=_issue_for_ever, args=arguments)
    process.start()
    its.close()
    answers = [mine.recv() for _ in range(acknowledged)]
    process.kill()
    process.join()
    answers += _rest(mine)
    return answers


def signed_messages(world: World) -> list[bytes]:
    """Return what was signed by every signature that a killed process made."""
    journal = world.settings.folder.parent / JOURNAL
    return [bytes.fromhex(line) for line in journal.read_text().split()] if journal.exists() else []


def _rest(pipe: Pipe) -> list[str]:
    rest = []
    try:
        while True:
            rest.append(pipe.recv())
    except EOFError:
        return rest


class _Killer:
    """Counts the calls that leave the process and ends it at one of them."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._calls = 0

    def begin(self) -> int:
        self._calls += 1
        self.die(self._calls, "before")
        return self._calls

    def die(self, call: int, when: str) -> None:
        if (call, when) == (self._step.call, self._step.when):
            os.kill(os.getpid(), signal.SIGKILL)


class _MortalDatabase(Database):
    """A real database whose writes are counted."""

    def __init__(self, url: str, killer: _Killer) -> None:
        super().__init__(url)
        self._killer = killer

    def write(self, work: Callable[[Connection], T]) -> T:
        call = self._killer.begin()

        def mortal(connection: Connection) -> T:
            result = work(connection)
            self._killer.die(call, "inside")
            return result

        result = super().write(mortal)
        self._killer.die(call, "after")
        return result


class _MortalSigner:
    """A real signer whose signatures are counted and written down."""

    def __init__(self, signer: Signer, killer: _Killer, journal: Path) -> None:
        self._signer = signer
        self._killer = killer
        self._journal = journal
        self.key_id = signer.key_id
        self.algorithm = signer.algorithm
        self.cert_der = signer.cert_der

    def sign(self, message: bytes, *, statement: bytes | None) -> bytes:
        call = self._killer.begin()
        signature = self._signer.sign(message, statement=statement)
        with self._journal.open("ab") as journal:
            journal.write(message.hex().encode() + b"\n")
            journal.flush()
            os.fsync(journal.fileno())
        self._killer.die(call, "after")
        return signature


class _MortalFiles(DocumentFiles):
    """Real files whose keeping is counted."""

    def __init__(self, files: DocumentFiles, killer: _Killer) -> None:
        self.__dict__.update(files.__dict__)
        self._killer = killer

    def put(self, document: bytes) -> str:
        call = self._killer.begin()
        digest = super().put(document)
        self._killer.die(call, "after")
        return digest

    def delete(self, digest: str) -> None:
        call = self._killer.begin()
        super().delete(digest)
        self._killer.die(call, "after")


def _run(url: str, folder: Path, now: datetime, request: Request, step: Step) -> None:
    killer = _Killer(step)
    world = open_world(_MortalDatabase(url, killer), folder, now)
    sealers, notes, journal = world.sealers, world.keys.signer("hub:notes"), folder / JOURNAL
    world.sealers = lambda body: _MortalSigner(sealers(body), killer, journal)  # type: ignore[assignment]
    note_signer = CompactSigner(_MortalSigner(notes, killer, journal), NOTE_TYP)
    world.exchange = replace(world.exchange, note_signer=note_signer)
    world.workshop = replace(world.workshop, files=_MortalFiles(world.workshop.files, killer))
    ask(world, request)


def _issue_for_ever(url: str, folder: Path, now: datetime, answers: Pipe) -> None:
    world = open_world(Database(url), folder, now)
    for serial in range(1, 100_000):
        answers.send(world.issue(food_order(certificate_number=food_number(serial)))["identifier"])


def _server(preload: Sequence[str]) -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


_SERVER = _server([__name__])
