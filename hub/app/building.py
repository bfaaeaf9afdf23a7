"""One running hub of all its parts: `build` puts it together, `Hub.close` finishes what waits and lets go of all."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from anyio import to_thread
from fastapi import FastAPI
from starlette.types import ASGIApp

from hub.app.doors import join_doors
from hub.app.opening import make_registry, open_e_licence, open_persons
from hub.app.parts import open_parts
from hub.app.working import Working
from hub.custody.installation import Installation, TrustInForce, load_installation
from hub.custody.recovery.reapplying import Deed
from hub.documents.worker import DocumentWorker
from hub.errors import SetupError
from hub.settings import Settings
from hub.steps.keyfolder import KeyFolder
from hub.steps.log.watch import LogWatch
from hub.steps.registry import Registry, Sealers
from hub.steps.sharing.delivery import Exchange
from hub.store.database import Database
from hub.store.files import DocumentFiles
from hub.store.log import LogStore
from hub.store.migrate import is_newest
from hub.store.places import place_to_read
from hub.supervision.audit.everything import Audited
from hub.web import problems
from hub.web.api.again import deeds
from hub.web.callers import moment
from hub.web.channel import PinnedChannel, load_secrets
from hub.web.observation import Application, Observation
from hub.web.pages.text_size import TextSize
from schemas.catalogue import load_catalogue


@dataclass(frozen=True, slots=True)
class Hub:
    """One running hub; `application` is the ASGI application, and its threads start with it."""

    application: ASGIApp
    registry: Registry
    sealers: Sealers
    exchange: Exchange
    documents: DocumentWorker
    files: DocumentFiles
    audited: Audited
    installation: Installation
    settings: Settings
    close: Callable[[], None]


def deeds_of(hub: Hub) -> Mapping[str, Deed]:
    """Return what does acts again that a recovered store lost, by their kinds."""
    return deeds(e_licence=hub.audited.e_licence, files=hub.files)


def build(settings: Settings) -> Hub:
    """Put a hub together; SetupError when the installation is not whole, and then nothing stays open."""
    with ExitStack() as opened:
        parts = open_parts(settings, opened)
        working = Working(parts)
        answering, api = join_doors(parts, working)

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            to_thread.current_default_thread_limiter().total_tokens = settings.threads
            working.start()
            try:
                yield
            finally:
                await parts.reader.close()

        api.router.lifespan_context = lifespan
        whole: Application = TextSize(answering, secure=parts.installation.origin.startswith("https:"))
        if settings.proxy_secret_file is not None:
            whole = PinnedChannel(whole, load_secrets(settings.proxy_secret_file))
        application = Observation(whole, metrics=parts.metrics, failure=problems.failure)
        # From here on the caller closes.
        held = opened.pop_all()

    def close() -> None:
        working.stop()
        held.close()

    return Hub(
        application=application,
        registry=parts.registry,
        sealers=parts.sealers,
        exchange=parts.exchange,
        documents=working.makers,
        files=parts.files,
        audited=parts.audited,
        installation=parts.installation,
        settings=settings,
        close=close,
    )


@contextmanager
def reading(settings: Settings) -> Iterator[Audited]:
    """Put together what an audit reads, opened so that nothing is written; SetupError when it is not whole."""
    database = Database(settings.database_url, pool_size=2, only_reads=True)
    with closing(database):
        with database.read() as connection:
            if not is_newest(connection):
                raise SetupError("database_not_migrated")
        installation = load_installation(database)
        keys = KeyFolder(settings.key_folder, settings.passphrase_file, seal_rate=settings.seal_rate)
        trust = TrustInForce(database, installation, moment)
        if trust.refresh(datetime.now(UTC)) is None:
            raise SetupError("trust_list_ended")
        with closing(LogStore(settings.log_folder, only_reads=True)) as log_store:
            watch = LogWatch(
                database, log_store, silence=timedelta(seconds=settings.log_silence), revoked=trust.revoked_log_keys
            )
            registry = make_registry(settings, database, keys, load_catalogue(), installation, trust, watch)
            e_licence = open_e_licence(settings, registry, installation)
            place = place_to_read(settings.document_place)
            files = DocumentFiles(place, master=registry.master, masters=registry.masters)
            persons = open_persons(settings, keys, installation)
            yield Audited(registry, installation.anchor, e_licence, files, log_store, persons)
