"""The rounds of upkeep: what nobody asks for, from completing orphaned intentions to forgetting what has expired."""

from collections.abc import Callable
from datetime import datetime

from hub.app.parts import Parts
from hub.documents.worker import DocumentWorker
from hub.enterprise.reminders import Reminding
from hub.public.visitor_reports import forget_words
from hub.registry.issuance import complete_orphans
from hub.registry.resealing import complete_orphans as complete_resealings
from hub.sharing.answers import escalate_silent
from hub.sharing.exchange import release_lapsed
from hub.sharing.pull_reviews import choose_of_the_day
from hub.sharing.report import keep_finished
from hub.steps.documents.erased_files import delete_erased_files
from hub.store.parked_order import ParkedWriter
from hub.store.pull_batch import BatchWriter
from hub.store.statement import StatementWriter
from hub.supervision.figures.sheets import keep_finished as keep_sheets

Round = Callable[[datetime], object]


def rounds_of(parts: Parts, makers: DocumentWorker) -> list[Round]:
    """Return all rounds of a hub, each a function of now whose name stands in the log when it fails."""
    return [
        *_completing(parts, makers),
        *_sharing(parts),
        *_forgetting(parts),
        Reminding(parts.registry, parts.messages).round,
    ]


def _completing(parts: Parts, makers: DocumentWorker) -> list[Round]:
    registry, resealed = parts.registry, parts.resealed

    def complete(now: datetime) -> object:
        return complete_orphans(registry=registry, sealers=parts.sealers, now=now)

    def seal_again(now: datetime) -> object:
        return complete_resealings(registry=registry, sealing=resealed, now=now)

    def release(now: datetime) -> object:
        return release_lapsed(registry=registry, now=now)

    def erase(now: datetime) -> object:
        return delete_erased_files(registry=registry, files=parts.files, now=now)

    return [complete, seal_again, release, erase, parts.times.settle, makers.forget_problems]


def _sharing(parts: Parts) -> list[Round]:
    registry = parts.registry

    def escalate(now: datetime) -> object:
        return escalate_silent(registry=registry, now=now)

    def choose(now: datetime) -> object:
        return choose_of_the_day(registry=registry, now=now)

    def report(now: datetime) -> object:
        return keep_finished(registry=registry, now=now)

    def freeze(now: datetime) -> object:
        return keep_sheets(registry=registry, now=now)

    return [escalate, choose, report, freeze]


def _forgetting(parts: Parts) -> list[Round]:
    registry = parts.registry

    def forget(now: datetime) -> object:
        return registry.database.write(lambda connection: StatementWriter(connection).forget_expired(now))

    def forget_parked(now: datetime) -> object:
        return registry.database.write(lambda connection: ParkedWriter(connection).forget_ended(now))

    def forget_results(now: datetime) -> object:
        return registry.database.write(lambda connection: BatchWriter(connection).forget_answers(now))

    def forget_reported(now: datetime) -> object:
        return forget_words(caps=parts.caps, registry=registry, now=now)

    return [forget, forget_parked, forget_results, forget_reported]
