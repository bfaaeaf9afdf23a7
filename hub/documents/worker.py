"""The threads that make documents somebody wants, oldest first; any number of processes may have some.

A process has them beside its doors, or alone (`yizhao worker`). Who waits for a document asks the store.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from hub.documents.making import Workshop, make_wanted
from hub.steps.registry import Registry, Sealers
from hub.store.document import DocumentName, DocumentReader, DocumentWriter

_LOOK_SECONDS = 0.5
_AT_ONCE = 100
_PROBLEMS_KEPT = timedelta(days=1)
_UNFINISHED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes documents: the collaborators of `make_wanted`."""

    registry: Registry
    sealers: Sealers
    workshop: Workshop
    clock: Callable[[], datetime]

    def make(self, name: DocumentName) -> bool:
        """Make one that is wanted; say whether it was made here."""
        made = make_wanted(name, registry=self.registry, sealers=self.sealers, workshop=self.workshop, now=self.clock())
        return made is not None


class DocumentWorker:
    """Makes what is wanted. A document that breaks off is told in the log, without a value, and taken up again."""

    def __init__(self, maker: Maker, *, threads: int) -> None:
        self._maker = maker
        self._waiting: deque[DocumentName] = deque()
        self._looking = threading.Lock()
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._threads = [
            threading.Thread(target=self._serve, name=f"documents-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        """Sweep what a killed process left unfinished, and begin to work."""
        self._maker.workshop.files.sweep(before=(self._maker.clock() - _UNFINISHED_FOR).timestamp())
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Leave off after the documents under way and return when the threads have ended."""
        self._stopping.set()
        self._wanted.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def wake(self) -> None:
        """Look for work now: something is wanted."""
        self._wanted.set()

    def make_waiting(self) -> int:
        """Make what is waiting now, each by one of the threads; return how many were made by this one."""
        self._look()
        made = 0
        while self._waiting and not self._stopping.is_set():
            made += self._make_next()
        return made

    def forget_problems(self, now: datetime) -> None:
        """Drop what could not be made and nobody wanted again."""
        before = now - _PROBLEMS_KEPT
        self._maker.registry.database.write(lambda connection: DocumentWriter(connection).forget_problems(before))

    def _look(self) -> None:
        """Read what waits, unless something of what was read is left."""
        with self._looking:
            if not self._waiting:
                with self._maker.registry.database.read() as connection:
                    self._waiting.extend(DocumentReader(connection).waiting(self._maker.clock(), most=_AT_ONCE))

    def _make_next(self) -> bool:
        try:
            name = self._waiting.popleft()
        except IndexError:  # another thread was faster
            return False
        try:
            return self._is_free(name) and self._maker.make(name)
        except Exception as error:
            log = structlog.get_logger("hub.documents")
            told = {"kind": type(error).__name__, "code": getattr(error, "code", None)}
            log.error("document_broke_off", serial=name.serial, edition=name.edition, **told)
            return False

    def _is_free(self, name: DocumentName) -> bool:
        # Other processes read the same list: a look costs a tenth of a write that comes too late.
        with self._maker.registry.database.read() as connection:
            opened = DocumentReader(connection).open(name)
        return opened is not None and opened.lease_until <= self._maker.clock()

    def _serve(self) -> None:
        log = structlog.get_logger("hub.documents")
        while not self._stopping.is_set():
            made = 0
            try:
                made = self.make_waiting()
            except Exception as error:
                log.error("document_worker_failed", kind=type(error).__name__)
            # What breaks off at once is not tried again without a pause.
            if not made:
                self._wanted.wait(_LOOK_SECONDS)
                self._wanted.clear()
