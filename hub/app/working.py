"""The threads of a hub: they give places in the log, ask others for their word, and do what nobody asks for."""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from connectors.contract import TabularLimits
from connectors.tabular import open_table
from hub.app.parts import Parts
from hub.app.rounds import rounds_of
from hub.documents.making import Workshop
from hub.documents.worker import DocumentWorker, Maker
from hub.evidence.cosigning import Cosigning
from hub.evidence.sequencing import Sequencer, SequencerThread
from hub.public.examination.reader import Reader
from hub.registry.intake.run import Workplace
from hub.registry.intake.worker import IntakeWorker
from hub.sharing.pull_batches.run import Workplace as PullPlace
from hub.sharing.pull_batches.run import run_ready
from hub.steps.log.proven_time import Stamping
from hub.web.callers import moment

_UPKEEP_SECONDS = 5.0
_OUTSIDE_SECONDS = 1.0
_STOP_SECONDS = 1.0


class Upkeep:
    """A thread that does rounds; one that fails is told in the log and tried again."""

    def __init__(
        self,
        rounds: list[Callable[[datetime], object]],
        *,
        name: str = "upkeep",
        seconds: float = _UPKEEP_SECONDS,
    ) -> None:
        self._rounds = rounds
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float | None = None) -> None:
        """Begin no further round, and wait for the one under way, but not longer than `seconds`."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _serve(self) -> None:
        log = structlog.get_logger("hub.upkeep")
        while not self._stopping.is_set():
            for work in self._rounds:
                try:
                    work(datetime.now(UTC))
                except Exception as error:
                    log.error(
                        "upkeep_failed", thread=self._thread.name, work=getattr(work, "__name__", "work"),
                        kind=type(error).__name__, reason=getattr(error, "reason", None),
                    )  # fmt: skip
            self._stopping.wait(self._seconds)


class Working:
    """All threads of one hub, started and stopped together; `intakes`, `makers` and `strangers` are woken by doors."""

    def __init__(self, parts: Parts) -> None:
        settings, registry, revoked = parts.settings, parts.registry, parts.trust.revoked_log_keys
        sequencer = Sequencer(
            database=registry.database, store=parts.log_store, key=parts.log_key, owner=registry.owner, clock=moment,
            revoked=revoked,
        )  # fmt: skip
        stamping = Stamping(
            store=parts.log_store, believed=parts.believed, owner=registry.owner, random=secrets.token_bytes,
            revoked=revoked,
        )  # fmt: skip
        self._leaving = threading.Event()
        by_night = PullPlace(
            registry, parts.exchange, open_table, TabularLimits(), parts.pull_spool, moment, self._leaving.is_set
        )
        self._sequencing = SequencerThread(sequencer)
        self._cosigning = Cosigning(
            store=parts.log_store, witnesses=parts.witnesses, owner=registry.owner, revoked=revoked
        )  # fmt: skip
        self._asking = Upkeep([self._cosigning.round], name="witnesses", seconds=_OUTSIDE_SECONDS)
        self._timing = Upkeep([stamping.round], name="timestamps", seconds=_OUTSIDE_SECONDS)
        self._pulling = Upkeep([lambda _: run_ready(by_night)], name="pull-batches", seconds=_OUTSIDE_SECONDS)
        self.intakes = IntakeWorker(
            Workplace(registry, parts.sealers, open_table, TabularLimits(), parts.spool, moment)
        )  # fmt: skip
        maker = Maker(registry, parts.sealers, Workshop(parts.files, parts.drawn.pages), moment)
        self.makers = DocumentWorker(maker, threads=settings.document_threads)
        self.strangers = Reader(ready=settings.readers)
        self._upkeep = Upkeep(rounds_of(parts, self.makers))

    def start(self) -> None:
        for each in (
            self._sequencing, self._asking, self._timing, self._upkeep, self.intakes, self._pulling, self.makers,
            self.strangers,
        ):  # fmt: skip
            each.start()

    def stop(self) -> None:
        """Stop all; the sequencer last, so that what was acknowledged before is under the head."""
        self.strangers.close()
        self.makers.stop()
        self._leaving.set()
        for each in (self._pulling, self.intakes, self._upkeep, self._asking):
            each.stop()
        # A server outside may be slow to answer; what it says after this is not kept.
        self._timing.stop(_STOP_SECONDS)
        self._cosigning.stop()
        self._sequencing.stop()
