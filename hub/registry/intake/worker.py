"""The thread that works through intakes, oldest first; any number of hub processes may have one."""

import threading
from dataclasses import replace
from datetime import timedelta

import structlog

from hub.registry.intake.run import Workplace, run_intake
from hub.store.intake import IntakeReader

_LOOK_SECONDS = 1.0
_ABANDONED = timedelta(days=1)


class IntakeWorker:
    """Runs the intakes whose files are in its spool. A broken run is told in the log, without a value, and goes on."""

    def __init__(self, place: Workplace) -> None:
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._place = replace(place, is_stopping=self._stopping.is_set)
        self._thread = threading.Thread(target=self._serve, name="intake", daemon=True)

    def start(self) -> None:
        """Tidy the spool and begin to work."""
        self.tidy()
        self._thread.start()

    def stop(self) -> None:
        """Leave off after the batch under way and return when the thread has ended."""
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Look for work now: a file has come."""
        self._wanted.set()

    def run_ready(self) -> list[str]:
        """Run every intake that is ready now, each once; return those that came to an end."""
        with self._place.registry.database.read() as connection:
            ready = IntakeReader(connection).ready(self._place.clock())
        return [name for name in ready if self._place.spool.holds(name) and self._run(name) in ("done", "failed")]

    def tidy(self) -> None:
        """Delete spooled files whose outcome is closed, and uploads that broke off long ago."""
        spool = self._place.spool
        spool.sweep(before=(self._place.clock() - _ABANDONED).timestamp())
        with self._place.registry.database.read() as connection:
            states = {name: IntakeReader(connection).state(name) for name in spool.names()}
        for name, state in states.items():
            if state in ("done", "failed"):
                spool.delete(name)

    def _run(self, name: str) -> str | None:
        if self._stopping.is_set():
            return None
        log = structlog.get_logger("hub.intake")
        try:
            state = run_intake(name, place=self._place)
        except Exception as error:
            log.error("intake_broke_off", intake=name, kind=type(error).__name__)
            return None
        log.info("intake_run", intake=name, state=state)
        return state

    def _serve(self) -> None:
        log = structlog.get_logger("hub.intake")
        while not self._stopping.is_set():
            try:
                self.run_ready()
            except Exception as error:
                log.error("intake_worker_failed", kind=type(error).__name__)
            self._wanted.wait(_LOOK_SECONDS)
            self._wanted.clear()
