"""The hub, put together: the only file that joins settings, keys, store, flows and doors.

`build` makes one running hub out of settings; `Hub.application` is the ASGI application, `Hub.close` finishes what
waits and lets go of everything. Work that nobody asks for runs in one upkeep thread: completing orphaned intentions,
releasing lapsed reservations, forgetting what has expired.
"""

import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import structlog
from anyio import to_thread
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy import make_url
from starlette.types import ASGIApp

from connectors.authenticator_simulator import AuthenticatorSimulator
from connectors.contract import ELicence, PersonSignIn, TabularLimits
from connectors.e_licence import CertifiedELicence
from connectors.e_licence_simulator import ELicenceSimulator, SimulatorStatus
from connectors.notification_simulator import NotificationSimulator
from connectors.person_simulator import PersonSimulator
from connectors.tabular import open_table
from connectors.timestamp import HttpTimestamps
from connectors.timestamp_simulator import TimestampSimulator
from connectors.witness import HttpWitness
from hub import VERSION
from hub.custody.installation import Installation, TrustInForce, load_installation
from hub.custody.recovery.reapplying import Deed
from hub.decisions.facts import Source, Surroundings, complete_types, log_standing, seal_standing
from hub.documents.making import Workshop
from hub.documents.worker import DocumentWorker, Maker
from hub.enterprise.reminders import Reminding
from hub.errors import SetupError
from hub.evidence.cosigning import Cosigning
from hub.evidence.log import Panel
from hub.evidence.receipts import Receipts
from hub.evidence.sequencing import LogKey, Sequencer, SequencerThread, empty_head
from hub.public.examination.reader import Reader
from hub.public.status_lists import StatusLists
from hub.public.visitor_reports import Caps, forget_words
from hub.rates import Rates
from hub.registry.intake.run import Workplace
from hub.registry.intake.worker import IntakeWorker
from hub.registry.issuance import complete_orphans
from hub.registry.resealing import Sealing as Resealing
from hub.registry.resealing import complete_orphans as complete_resealings
from hub.settings import Settings
from hub.sharing.answers import escalate_silent
from hub.sharing.exchange import release_lapsed
from hub.sharing.pull_batches.run import Workplace as PullPlace
from hub.sharing.pull_batches.run import run_ready
from hub.sharing.pull_reviews import choose_of_the_day
from hub.sharing.report import keep_finished
from hub.steps.certificates.type_versions import pin_types
from hub.steps.documents.content import Content, face_of
from hub.steps.documents.erased_files import delete_erased_files
from hub.steps.documents.faces.drawing import Drawing, DrawnPages
from hub.steps.documents.faces.face import Face
from hub.steps.files.confined.foreign_seal import SealChecker
from hub.steps.files.spool import Spool
from hub.steps.keyfolder import OFFICER_FOLDER, PERSON_FOLDER, TIMESTAMP_FOLDER, KeyFolder
from hub.steps.keyfolder import SIMULATOR_FOLDER as SIMULATOR_FOLDER
from hub.steps.log.proven_time import Believed, InTime, Remembered, SealTimes, Stamping
from hub.steps.log.watch import LogWatch
from hub.steps.registry import HUB_SEALERS, Registry, Sealers
from hub.steps.sharing.delivery import Exchange
from hub.store.database import Database
from hub.store.entry import EntryReader
from hub.store.files import DocumentFiles
from hub.store.installation import InstallationWriter
from hub.store.log import LogStore
from hub.store.migrate import is_newest
from hub.store.parked_order import ParkedWriter
from hub.store.parties import PartyReader
from hub.store.places import open_place, place_to_read
from hub.store.pull_batch import BatchWriter
from hub.store.scan import PostgresScanReader, ScanReader, SqliteScanReader
from hub.store.statement import StatementWriter
from hub.supervision.audit.everything import Audited
from hub.supervision.figures.present import Figures
from hub.supervision.figures.sheets import Sheets
from hub.supervision.figures.sheets import keep_finished as keep_sheets
from hub.supervision.operator_desk import OperatorDesk
from hub.web import problems
from hub.web.api import (
    access,
    archives,
    change_feed,
    delegations,
    documents,
    endings,
    erasure,
    evidence,
    exchange,
    existing,
    figures,
    finding,
    grant_links,
    grant_requests,
    grants,
    intake,
    issuance,
    items,
    ledger,
    log,
    orders,
    parties,
    presentations,
    publication,
    pull_batches,
    receipts,
    resealing,
    sandbox,
    sharing,
    status,
    tasks,
)
from hub.web.api.again import deeds
from hub.web.api.documents import Counter
from hub.web.api.receipts import Receipted
from hub.web.callers import moment
from hub.web.channel import PinnedChannel, load_secrets
from hub.web.department import pages as department_pages
from hub.web.department.entrance import nobody_played
from hub.web.enterprise import pages as enterprise_pages
from hub.web.limits import AddressLimit, Places, Room, Turns, WholeLimit
from hub.web.observation import Application, Observation, Receive, Scope, Send
from hub.web.pages import Pages, doors
from hub.web.pages.static import static_app
from hub.web.pages.text_size import TextSize
from hub.web.photos import Photos
from hub.web.public import copies, examination, kept, qr, resolution, sheets, simulator, visitor_reports
from hub.web.public.lookup import Limits, LookupDoor, Render
from hub.web.public.qr import qr_svg, qr_text
from schemas.catalogue import Catalogue, load_catalogue
from schemas.certificate import civil_date
from schemas.clocks import Clock, load_clocks
from schemas.evidence import LogState
from schemas.exchange import NOTE_TYP
from schemas.licence_systems import load_licence_systems
from schemas.predicates import PREDICATE_TYP
from schemas.tokens import ANSWER_TYP, KEPT_TYP, RECEIPT_TYP, STATUS_LIST_TYP, TOKEN_TYP
from schemas.working_days import PeriodError, load_calendar
from signing.base64url import encode
from signing.checkpoint import NoteKey
from signing.errors import MalformedTokenError
from signing.jws import CompactSigner
from signing.signers import Signer
from signing.trust import TrustList
from signing.x509 import Purpose

_FRESH = timedelta(seconds=1)
_UPKEEP_SECONDS = 5.0
_OUTSIDE_SECONDS = 1.0
_STOP_SECONDS = 1.0
# What uploads under way may take of the memory, all together.
_UPLOADED_BYTES = 160 * 1024 * 1024


class SharedView:
    """What answers share, read at most once a second: trust list, sources, how the evidence log stands."""

    def __init__(self, registry: Registry, trust: TrustInForce, installation: Installation, times: SealTimes) -> None:
        self._registry = registry
        self._trust = trust
        self._installation = installation
        self._times = times
        self._made: tuple[datetime, Surroundings, Surroundings] | None = None

    def __call__(self, now: datetime) -> Surroundings:
        return self._both(now)[1]

    def at_once(self, now: datetime) -> Surroundings:
        """Return the same for whoever may not wait: of seals that are over it knows what is in memory."""
        return self._both(now)[2]

    def _both(self, now: datetime) -> tuple[datetime, Surroundings, Surroundings]:
        made = self._made
        if made is None or not timedelta(0) <= now - made[0] < _FRESH:
            in_time = self._times.under(self._trust.refresh(now))
            read = self._read(now, in_time)
            made = self._made = (now, read, replace(read, in_time=Remembered(in_time)))
        return made

    def _read(self, now: datetime, in_time: InTime) -> Surroundings:
        log_state = self._registry.log(now)
        with self._registry.database.read() as connection:
            parties = PartyReader(connection)
            sources, coverage = parties.sources(), parties.coverage()
            # A store that was rolled back says of nothing that it is not there.
            coverage = coverage if log_state.doubt is None else []
            in_charge = parties.in_charge(civil_date(now)) if coverage else {}
        return Surroundings(
            seals=seal_standing(in_time.trust, now),
            sources={code: Source(*each) for code, each in sources.items()},
            catalogue=self._registry.catalogue,
            origin=self._installation.origin,
            mode=self._installation.mode,
            log=log_standing(log_state, now),
            doubt=log_state.doubt,
            complete=complete_types(coverage, in_charge, civil_date(now)),
            in_time=in_time,
            held=log_state.held,
        )


class Sealing:
    """Finds the seal signer of an issuing body: the key whose cert the trust list names for it."""

    def __init__(self, keys: KeyFolder) -> None:
        self._keys = keys

    def __call__(self, issuing_body: str) -> Signer:
        return self._keys.signer(f"hub:{issuing_body}" if issuing_body in HUB_SEALERS else f"seal:{issuing_body}")


class Drawn:
    """Draws what a content says: its pages, or its public picture."""

    def __init__(self, drawing: Drawing, catalogue: Catalogue) -> None:
        self._drawing = drawing
        self._catalogue = catalogue

    def pages(self, content: Content) -> DrawnPages:
        face = self._face(content)
        return self._drawing.draw(face, attachments=content.attachments, made_at=content.sealed_at)

    def picture(self, content: Content) -> bytes:
        return self._drawing.draw_public_picture(self._face(content))

    def _face(self, content: Content) -> Face:
        kind = self._catalogue.get(content.certificate_type, content.type_version)
        copied = content.marking is not None and content.marking.serial
        text = qr_text(content.origin, "k", copied) if copied else qr_text(content.origin, "c", content.reference)
        layout = self._drawing.layout_of(content.certificate_type)
        return face_of(content, kind, layout=layout, qr_text=text, qr_svg=qr_svg(text))


@dataclass(frozen=True, slots=True)
class Hub:
    """One running hub."""

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


class Upkeep:
    """The thread that does what nobody asks for; a failed round is told in the log and tried again."""

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
            e_licence = _e_licence(settings, registry, installation)
            place = place_to_read(settings.document_place)
            files = DocumentFiles(place, master=registry.master, masters=registry.masters)
            persons = _persons(settings, keys, installation)
            yield Audited(registry, installation.anchor, e_licence, files, log_store, persons)


def build(settings: Settings) -> Hub:
    """Put a hub together; SetupError when the installation is not whole, and then nothing stays open."""
    with ExitStack() as opened:
        return _build(settings, opened)


def _build(settings: Settings, opened: ExitStack) -> Hub:
    # A few connections more than worker threads: the scan door and upkeep read besides.
    database = Database(settings.database_url, pool_size=settings.threads + 4)
    opened.callback(database.close)
    with database.read() as connection:
        if not is_newest(connection):
            raise SetupError("database_not_migrated")
    installation = load_installation(database)
    if settings.public_origin not in (None, installation.origin):
        raise SetupError("origin_fixed", origin=installation.origin)
    if not installation.is_test:
        raise SetupError("production_needs_devices")
    keys = KeyFolder(settings.key_folder, settings.passphrase_file, seal_rate=settings.seal_rate)
    catalogue = load_catalogue()
    pin_types(database, catalogue)
    trust = TrustInForce(database, installation, moment)
    if trust.refresh(datetime.now(UTC)) is None:
        raise SetupError("trust_list_ended")
    outward = opened.enter_context(httpx.Client(follow_redirects=False))
    witnesses = open_witnesses(settings, outward)
    panel = make_panel(settings, witnesses)
    believed = open_timestamps(settings, keys, installation, outward)
    log_store, key = open_log(settings, database, keys, installation, datetime.now(UTC))
    opened.callback(log_store.close)
    silence, revoked = timedelta(seconds=settings.log_silence), trust.revoked_log_keys
    watch = LogWatch(database, log_store, silence=silence, revoked=revoked)
    registry = make_registry(settings, database, keys, catalogue, installation, trust, watch)
    sequencer = Sequencer(
        database=database, store=log_store, key=key, owner=registry.owner, clock=moment, revoked=revoked
    )  # fmt: skip
    sequencing = SequencerThread(sequencer)
    cosigning = Cosigning(store=log_store, witnesses=witnesses, owner=registry.owner, revoked=revoked)
    asking = Upkeep([cosigning.round], name="witnesses", seconds=_OUTSIDE_SECONDS)
    stamping = Stamping(
        store=log_store, believed=believed, owner=registry.owner, random=secrets.token_bytes, revoked=revoked
    )  # fmt: skip
    timing = Upkeep([stamping.round], name="timestamps", seconds=_OUTSIDE_SECONDS)
    sealers = Sealing(keys)
    times = SealTimes(database, log_store)
    view = SharedView(registry, trust, installation, times)
    resealed = Resealing(sealers, times)
    e_licence = _e_licence(settings, registry, installation)
    pulls = Exchange(
        note_signer=CompactSigner(partial(keys.signer, "hub:notes"), NOTE_TYP),
        predicate_signer=CompactSigner(partial(keys.signer, "hub:notes"), PREDICATE_TYP),
        e_licence=e_licence,
        surroundings=lambda: view(datetime.now(UTC)),
        maker=installation.operator,
    )
    reader = scan_reader(settings, database)
    metrics = CollectorRegistry()
    spool = Spool(settings.folder / "spool", master=registry.master, masters=registry.masters)
    worker = IntakeWorker(Workplace(registry, sealers, open_table, TabularLimits(), spool, moment))
    pull_spool = Spool(settings.folder / "pull-batches", master=registry.master, masters=registry.masters)
    leaving = threading.Event()
    by_night = PullPlace(registry, pulls, open_table, TabularLimits(), pull_spool, moment, leaving.is_set)
    pulling = Upkeep([lambda _: run_ready(by_night)], name="pull-batches", seconds=_OUTSIDE_SECONDS)
    files = document_files(settings, registry)
    persons = _persons(settings, keys, installation)
    audited = Audited(registry, installation.anchor, e_licence, files, log_store, persons)
    check_seal, room = SealChecker(existing_anchors(settings)), Room(_UPLOADED_BYTES)
    drawing = Drawing(font_folders=settings.font_folders)
    drawn = Drawn(drawing, catalogue)
    maker = Maker(registry, sealers, Workshop(files, drawn.pages), moment)
    makers = DocumentWorker(maker, threads=settings.document_threads)
    messages = NotificationSimulator(settings.folder / "messages", mode=installation.mode)
    caps = Caps(settings.reports_about_one, settings.reports_a_day, settings.report_words_days)
    upkeep = Upkeep(
        [
            *_rounds(registry, resealed, makers, files),
            *_sharing_rounds(registry),
            _forgetting(registry, caps),
            Reminding(registry, messages).round,
        ]
    )
    counter = Counter(registry, files, makers.wake, settings.document_wait)
    pages = Pages(installation.mode, installation.origin)
    lists = _status_lists(settings, registry, keys)
    api = _api(settings, registry, trust, keys, lists, metrics, pages.render)
    latest = timedelta(seconds=settings.log_silence)
    answers = CompactSigner(partial(keys.signer, "hub:answers"), RECEIPT_TYP)
    proofs = Receipts(registry, log_store, answers, latest=latest)
    receipted = Receipted(proofs)
    counted, kept_sheets = Figures(registry), Sheets(registry)
    for router in (
        issuance.routes(registry, sealers, receipted),
        status.routes(registry, receipted),
        resealing.routes(registry, resealed),
        receipts.routes(receipted),
        erasure.routes(registry, files, receipted),
        archives.routes(registry, files, lists.token),
        finding.routes(registry, view),
        intake.routes(registry, spool, upload_bytes=settings.upload_bytes, wake=worker.wake),
        change_feed.routes(registry, log_store, e_licence),
        pull_batches.routes(registry, pull_spool, upload_bytes=settings.upload_bytes),
        exchange.routes(registry, pulls, receipted),
        grants.routes(registry, e_licence, AddressLimit(settings.upload_rate), receipted),
        delegations.routes(registry, e_licence, AddressLimit(settings.upload_rate), receipted),
        grant_requests.routes(registry, e_licence, AddressLimit(settings.upload_rate), receipted),
        grant_links.routes(registry, pulls, persons, AddressLimit(settings.upload_rate), receipted),
        endings.routes(registry, e_licence, AddressLimit(settings.upload_rate), receipted),
        presentations.routes(registry, e_licence, AddressLimit(settings.upload_rate), receipted),
        ledger.routes(
            registry, e_licence, AddressLimit(settings.upload_rate), receipted, operator=installation.operator
        ),
        parties.routes(registry, receipted),
        items.routes(registry, open_table, receipted),
        orders.routes(registry, receipted),
        sharing.routes(registry, open_table, receipted),
        tasks.routes(registry),
        figures.routes(registry, counted, kept_sheets),
        visitor_reports.system_routes(registry),
        evidence.routes(registry, sealers, log_store, lists.token, believed.anchors),
        documents.routes(registry, pulls, counter, drawn.picture, AddressLimit(settings.upload_rate)),
        existing.routes(registry, files, check_seal, Turns(settings.readers), room, longest=settings.existing_bytes),
    ):
        api.include_router(router, prefix="/api/v1")
    if installation.is_test:
        together = WholeLimit(settings.sandbox_most)
        door = sandbox.routes(registry, keys, receipted, AddressLimit(settings.sandbox_rate), together)
        api.include_router(door, prefix="/api/v1")
    files_of_strangers, limit = Reader(ready=settings.readers), AddressLimit(settings.upload_rate)
    turns = Turns(settings.readers)
    api.include_router(examination.routes(registry, view, pages.render, limit, files_of_strangers.read, turns, room))
    api.include_router(qr.routes(installation.origin))
    api.include_router(doors.routes(pages, api.openapi))
    lookup = _lookup(settings, view, reader, keys, pages, proofs)
    for router in _public_doors(
        settings, installation, registry, keys, reader=reader, view=view, lookup=lookup, proofs=proofs,
        drawing=drawing, pages=pages, caps=caps, limit=limit,
    ):  # fmt: skip
        api.include_router(router)
    api.include_router(log.routes(log_store, lambda: key.text, panel, revoked))
    played, desk = nobody_played, None
    if installation.is_test:
        played = AuthenticatorSimulator(settings.key_folder / OFFICER_FOLDER, mode=installation.mode).shown
        desk = OperatorDesk(keys, origin=installation.origin, mode=installation.mode)
    for router in (
        *enterprise_pages.routers(
            registry, render=pages.render, e_licence=e_licence, limit=limit, proofs=proofs,
            surroundings=lambda: view(moment()), reader=reader, counter=counter, messages=messages,
            operator=installation.operator,
        ),
        *department_pages.routers(
            registry, render=pages.render, sealers=sealers, exchange=pulls, limit=limit,
            passwords=Places(settings.sign_ins, "sign_ins_busy"), played=played, desk=desk,
            enrolments=(AddressLimit(settings.sandbox_rate), WholeLimit(settings.sandbox_most)), counter=counter,
            proofs=proofs, photos=Photos(files_of_strangers.read, turns, room),
            spool=spool, upload_bytes=settings.upload_bytes, wake=worker.wake, operator=installation.operator,
            figures=counted, figure_sheets=kept_sheets, log_store=log_store, panel=panel, revoked=revoked,
        ),
    ):  # fmt: skip
        api.include_router(router)
    if installation.is_test:
        api.include_router(simulator.routes(registry, _simulator(settings, keys, datetime.now(UTC)).certify_key, limit))
    api.mount("/static", static_app())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = settings.threads
        sequencing.start()
        asking.start()
        timing.start()
        upkeep.start()
        worker.start()
        pulling.start()
        makers.start()
        files_of_strangers.start()
        try:
            yield
        finally:
            await reader.close()

    api.router.lifespan_context = lifespan

    def close() -> None:
        files_of_strangers.close()
        makers.stop()
        leaving.set()
        pulling.stop()
        worker.stop()
        upkeep.stop()
        asking.stop()
        # A server outside may be slow to answer; what it says after this is not kept.
        timing.stop(_STOP_SECONDS)
        cosigning.stop()
        sequencing.stop()
        held.close()

    doors_of_all: Application = TextSize(_dispatch(lookup, api), secure=installation.origin.startswith("https:"))
    if settings.proxy_secret_file is not None:
        doors_of_all = PinnedChannel(doors_of_all, load_secrets(settings.proxy_secret_file))
    application = Observation(doors_of_all, metrics=metrics, failure=problems.failure)
    # From here on the caller closes.
    held = opened.pop_all()
    return Hub(application, registry, sealers, pulls, makers, files, audited, installation, settings, close)


def make_registry(
    settings: Settings,
    database: Database,
    keys: KeyFolder,
    catalogue: Catalogue,
    installation: Installation,
    trust: Callable[[], TrustList],
    log_state: Callable[[datetime], LogState],
) -> Registry:
    """Return the collaborators of every flow that acts."""
    master = keys.master()
    return Registry(
        database=database,
        catalogue=catalogue,
        origin=installation.origin,
        mode=installation.mode,
        trust=trust,
        master=master,
        masters={master.key_id: master},
        status_key=keys.secret("status places"),
        facts_key=keys.secret("equal facts"),
        code_key=keys.secret("codes"),
        random=secrets.token_bytes,
        owner=encode(secrets.token_bytes(16)),
        terms=settings.terms,
        clocks=_clocks(settings),
        calendar=load_calendar(),
        rates=Rates(settings.orders_an_hour),
        log=log_state,
    )


def open_log(
    settings: Settings, database: Database, keys: KeyFolder, installation: Installation, now: datetime
) -> tuple[LogStore, LogKey]:
    """Open the evidence log's store, made where nothing has a place in it yet; SetupError log_missing, log_other."""
    if not LogStore.is_at(settings.log_folder):
        with database.read() as connection:
            if EntryReader(connection).size():
                raise SetupError("log_missing")
        LogStore.create(settings.log_folder, empty_head(log_key(keys, installation, 1), now))
    store = LogStore(settings.log_folder)
    head = store.head()
    key = log_key(keys, installation, head.number)
    if head.origin != key.origin:
        store.close()
        raise SetupError("log_other")
    return store, key


def open_witnesses(settings: Settings, http: httpx.Client) -> list[HttpWitness]:
    """Return the log's witnesses; SetupError witnesses_setting for one that is not a URL and a witness's key."""
    found = []
    for number, each in enumerate(settings.witnesses, start=1):
        url, _, text = each.strip().partition(" ")
        try:
            key = NoteKey.read(text)
        except MalformedTokenError:
            raise SetupError("witnesses_setting", number=number) from None
        if not url.startswith(("https://", "http://")) or not key.is_witness:
            raise SetupError("witnesses_setting", number=number)
        found.append(HttpWitness(url, key, http=http, seconds=settings.witness_timeout))
    return found


def make_panel(settings: Settings, witnesses: Sequence[HttpWitness]) -> Panel:
    """Return the witnesses and how many make a head cosigned; SetupError witnesses_setting when fewer are there."""
    names = tuple(each.key.text for each in witnesses)
    if settings.witnesses_needed > len(names) or len(set(names)) != len(names):
        raise SetupError("witnesses_setting", number=len(names))
    return Panel(names, settings.witnesses_needed or len(names))


def open_timestamps(settings: Settings, keys: KeyFolder, installation: Installation, http: httpx.Client) -> Believed:
    """Return the timestamp authority and who is believed about it; in TEST it is our own, unless one is set.

    Raises SetupError timestamp_setting.
    """
    outside, policy = outside_timestamps(settings, http), settings.timestamp_policy or None
    if outside is not None:
        return Believed(*outside, policy, installation.is_test)
    folder, secret = keys.folder / TIMESTAMP_FOLDER, keys.secret("timestamps")
    simulator = TimestampSimulator(folder, passphrase=secret, mode=installation.mode, clock=moment)
    return Believed(simulator, [simulator.anchor_der], policy, installation.is_test)


def outside_timestamps(settings: Settings, http: httpx.Client) -> tuple[HttpTimestamps, list[bytes]] | None:
    """Return the outside authority that is set, with the certs (DER) that issue its own; None where none is.

    Raises SetupError timestamp_setting, which names the setting that is missing or wrong.
    """
    if not settings.timestamp_url:
        return None
    if not settings.timestamp_url.startswith(("https://", "http://")):
        raise SetupError("timestamp_setting", setting="timestamp_url")
    anchors = _anchors_in(settings.timestamp_anchors) if settings.timestamp_anchors else []
    if not anchors:
        raise SetupError("timestamp_setting", setting="timestamp_anchors")
    return HttpTimestamps(settings.timestamp_url, http=http, seconds=settings.timestamp_timeout), anchors


def _anchors_in(path: Path) -> list[bytes]:
    try:
        return [cert.public_bytes(Encoding.DER) for cert in load_pem_x509_certificates(path.read_bytes())]
    except (OSError, ValueError):
        return []


def log_key(keys: KeyFolder, installation: Installation, number: int) -> LogKey:
    """Return the name and key of the hub's log of that number; those after the first have it at the end."""
    host = installation.origin.partition("//")[2]
    origin = f"{host}/log" + ("/TEST" if installation.is_test else "") + (f"/{number}" if number > 1 else "")
    return LogKey(origin, partial(keys.signer, "hub:log"), partial(keys.public_key, "hub:log"))


def _clocks(settings: Settings) -> Mapping[str, Clock]:
    """Return the legal clocks, with the days the site counts; SetupError clock_setting for a wrong one."""
    clocks = load_clocks()
    try:
        return dict(clocks) | {code: clocks[code].with_days(days) for code, days in settings.clock_days.items()}
    except (KeyError, PeriodError):
        raise SetupError("clock_setting") from None


def document_files(settings: Settings, registry: Registry) -> DocumentFiles:
    """Return where documents are kept; SetupError when that place is wrongly set, or refuses to keep one."""
    place = open_place(settings.document_place)
    return DocumentFiles(place, master=registry.master, masters=registry.masters)


def existing_anchors(settings: Settings) -> list[bytes]:
    """Return the certs (DER) that seals of existing documents may lead to; none while none are configured.

    Raises SetupError documents_setting for a file without certs.
    """
    if settings.existing_anchors is None:
        return []
    try:
        certs = load_pem_x509_certificates(settings.existing_anchors.read_bytes())
    except (OSError, ValueError):
        raise SetupError("documents_setting", setting="existing_anchors") from None
    return [cert.public_bytes(Encoding.DER) for cert in certs]


def scan_reader(settings: Settings, database: Database) -> ScanReader:
    """Return the fastest honest reader of composed answers for this database."""
    if database.dialect == "sqlite":
        return SqliteScanReader(database.path)
    conninfo = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgresScanReader(conninfo, pool_size=settings.threads)


def _e_licence(settings: Settings, registry: Registry, installation: Installation) -> ELicence:
    """Return the e-licence port; in TEST its status register is the simulator's."""

    def anchors() -> list[bytes]:
        return [each.cert_der for each in registry.trust().anchors if Purpose.E_LICENCE in each.purposes]

    status_source = SimulatorStatus(settings.key_folder / SIMULATOR_FOLDER)
    return CertifiedELicence(anchors, status_source, allow_test=installation.is_test)


def _simulator(settings: Settings, keys: KeyFolder, now: datetime) -> ELicenceSimulator:
    """Return the TEST authority of e-licences; SimulatorError in production."""
    folder = settings.key_folder / SIMULATOR_FOLDER
    return ELicenceSimulator(folder, passphrase=keys.secret("simulator"), mode="test", now=now)


def _persons(settings: Settings, keys: KeyFolder, installation: Installation) -> PersonSignIn:
    """Return how persons sign in; in TEST by a simulator. SimulatorError in production: none is connected yet."""
    folder = settings.key_folder / PERSON_FOLDER
    return PersonSimulator(folder, passphrase=keys.secret("persons"), mode=installation.mode)


def _rounds(
    registry: Registry, resealed: Resealing, makers: DocumentWorker, files: DocumentFiles
) -> list[Callable[[datetime], object]]:
    def complete(now: datetime) -> object:
        return complete_orphans(registry=registry, sealers=resealed.sealers, now=now)

    def seal_again(now: datetime) -> object:
        return complete_resealings(registry=registry, sealing=resealed, now=now)

    def release(now: datetime) -> object:
        return release_lapsed(registry=registry, now=now)

    def forget(now: datetime) -> object:
        return registry.database.write(lambda connection: StatementWriter(connection).forget_expired(now))

    def forget_parked(now: datetime) -> object:
        return registry.database.write(lambda connection: ParkedWriter(connection).forget_ended(now))

    def erase(now: datetime) -> object:
        return delete_erased_files(registry=registry, files=files, now=now)

    def forget_results(now: datetime) -> object:
        return registry.database.write(lambda connection: BatchWriter(connection).forget_answers(now))

    return [
        complete,
        seal_again,
        release,
        forget,
        forget_parked,
        forget_results,
        erase,
        resealed.times.settle,
        makers.forget_problems,
    ]


def _sharing_rounds(registry: Registry) -> list[Callable[[datetime], object]]:
    def escalate(now: datetime) -> object:
        return escalate_silent(registry=registry, now=now)

    def choose(now: datetime) -> object:
        return choose_of_the_day(registry=registry, now=now)

    def report(now: datetime) -> object:
        return keep_finished(registry=registry, now=now)

    def freeze(now: datetime) -> object:
        return keep_sheets(registry=registry, now=now)

    return [escalate, choose, report, freeze]


def _forgetting(registry: Registry, caps: Caps) -> Callable[[datetime], object]:
    def forget_reported(now: datetime) -> object:
        return forget_words(caps=caps, registry=registry, now=now)

    return forget_reported


def _api(
    settings: Settings,
    registry: Registry,
    trust: TrustInForce,
    keys: KeyFolder,
    lists: StatusLists,
    metrics: CollectorRegistry,
    render: Render,
) -> FastAPI:
    """Return the API with the doors of access and publication; the departments' doors are added by the caller."""
    api = FastAPI(
        title="一照通行电子证照共享中心 Yizhao Hub",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False},
    )
    problems.register(api, render=render)
    tokens = CompactSigner(partial(keys.signer, "hub:tokens"), TOKEN_TYP)
    sign_ins = Places(settings.sign_ins, "sign_ins_busy")
    term, proxied = timedelta(seconds=settings.token_term), settings.proxy_secret_file is not None
    api.include_router(access.routes(registry, tokens, term, sign_ins, behind_proxy=proxied))
    ready = Readiness(registry, trust)
    api.include_router(publication.routes(registry, trust, lists, metrics, ready))
    return api


def _status_lists(settings: Settings, registry: Registry, keys: KeyFolder) -> StatusLists:
    signer = CompactSigner(partial(keys.signer, "hub:status"), STATUS_LIST_TYP)
    return StatusLists(registry, signer, timedelta(seconds=settings.status_list_term))


class Readiness:
    """Whether the hub can act now: it can write, its trust list is in force, its evidence log goes on and fits."""

    def __init__(self, registry: Registry, trust: TrustInForce) -> None:
        self._registry = registry
        self._trust = trust

    def __call__(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        listed = self._trust.refresh(now) is not None
        try:
            writes = self._registry.database.write(lambda connection: InstallationWriter(connection).touch())
        except Exception:
            writes = False
        state = self._registry.log(now)
        is_whole = state.rolled_back_to is None
        goes_on = state.key_revoked_at is None and not state.is_silent(now)
        return {
            "ready": listed and writes and is_whole and goes_on,
            "trust_list": listed,
            "database": writes,
            "log": goes_on,
            "store": is_whole,
        }


def _lookup(
    settings: Settings, view: SharedView, reader: ScanReader, keys: KeyFolder, pages: Pages, proofs: Receipts
) -> LookupDoor:
    return LookupDoor(
        reader=reader,
        surroundings=view,
        at_once=view.at_once,
        signer=CompactSigner(partial(keys.signer, "hub:answers"), ANSWER_TYP),
        keeper=CompactSigner(partial(keys.signer, "hub:answers"), KEPT_TYP),
        answer_term=timedelta(seconds=settings.answer_term),
        limits=Limits.of(
            settings.public_rate, settings.scan_misses, settings.search_misses, search_on=settings.search_on
        ),
        render=pages.render,
        problem=partial(problems.show, render=pages.render),
        prove=proofs.prove_certificates,
    )


def _public_doors(
    settings: Settings,
    installation: Installation,
    registry: Registry,
    keys: KeyFolder,
    *,
    reader: ScanReader,
    view: SharedView,
    lookup: LookupDoor,
    proofs: Receipts,
    drawing: Drawing,
    pages: Pages,
    caps: Caps,
    limit: AddressLimit,
) -> Iterator[APIRouter]:
    """Yield the doors beside the scan door that anybody may use; they count in its windows."""
    searched, scanned = resolution.Windows(*lookup.counted), resolution.Windows(*lookup.scan_counted)
    yield resolution.routes(
        registry, load_licence_systems(), render=pages.render, problem=partial(problems.show, render=pages.render),
        windows=searched, search_on=settings.search_on,
    )  # fmt: skip
    yield copies.routes(registry, reader, view, prove=proofs.prove, render=pages.render, windows=scanned)
    yield kept.routes(registry, reader, view, drawing, render=pages.render, windows=scanned, limit=limit)
    yield visitor_reports.routes(
        registry, reader, stamps=visitor_reports.Stamps(keys.secret("report forms"), registry.random), caps=caps,
        operator=installation.operator, render=pages.render, windows=scanned, limit=AddressLimit(settings.report_rate),
    )  # fmt: skip
    yield sheets.routes(registry, render=pages.render, windows=searched)


def _dispatch(lookup: LookupDoor, api: FastAPI) -> Application:
    """Send scans straight to their door, everything else to the API."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["path"][:3] in _SCAN_PATHS or scope["path"] in _SCANS_BY_QUERY):
            await lookup(scope, receive, send)
        else:
            await api(scope, receive, send)

    return dispatch


_SCAN_PATHS = frozenset({"/q/", "/Q/", "/c/", "/C/", "/s/", "/S/", "/d/", "/D/"})
_SCANS_BY_QUERY = frozenset({"/search", "/holds"})
