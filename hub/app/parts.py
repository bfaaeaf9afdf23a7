"""All that a hub is made of, opened once and in the order in which one part needs another."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
from prometheus_client import CollectorRegistry

from connectors.contract import ELicence, PersonSignIn
from connectors.notification_simulator import NotificationSimulator
from connectors.openid import OpenIdProvider
from connectors.witness import HttpWitness
from hub.app.opening import (
    document_files,
    make_panel,
    make_registry,
    open_e_licence,
    open_identity_provider,
    open_log,
    open_persons,
    open_timestamps,
    open_witnesses,
    scan_reader,
)
from hub.app.seeing import Drawn, Sealing, SharedView
from hub.custody.installation import Installation, TrustInForce, load_installation
from hub.errors import SetupError
from hub.evidence.log import Panel
from hub.evidence.receipts import Receipts
from hub.evidence.sequencing import LogKey
from hub.public.status_lists import StatusLists
from hub.public.visitor_reports import Caps
from hub.registry.resealing import Sealing as Resealing
from hub.settings import Settings
from hub.steps.certificates.type_versions import pin_types
from hub.steps.documents.faces.drawing import Drawing
from hub.steps.files.spool import Spool
from hub.steps.keyfolder import KeyFolder
from hub.steps.log.proven_time import Believed, SealTimes
from hub.steps.log.watch import LogWatch
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange
from hub.store.database import Database
from hub.store.files import DocumentFiles
from hub.store.log import LogStore
from hub.store.migrate import is_newest
from hub.store.scan import ScanReader
from hub.supervision.audit.everything import Audited
from hub.web.callers import moment
from hub.web.limits import Room
from hub.web.pages import Pages
from schemas.catalogue import load_catalogue
from schemas.exchange import NOTE_TYP
from schemas.predicates import PREDICATE_TYP
from schemas.tokens import RECEIPT_TYP, STATUS_LIST_TYP
from signing.jws import CompactSigner

# What uploads under way may take of the memory, all together.
_UPLOADED_BYTES = 160 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """A hub before it has threads and doors."""

    settings: Settings
    installation: Installation
    keys: KeyFolder
    trust: TrustInForce
    registry: Registry
    # The evidence log, who vouches for its heads, and whose word on their time is believed.
    log_store: LogStore
    log_key: LogKey
    witnesses: list[HttpWitness]
    panel: Panel
    believed: Believed
    # What is told now, and by whose word.
    reader: ScanReader
    times: SealTimes
    view: SharedView
    lists: StatusLists
    proofs: Receipts
    # What seals, hands over and signs in.
    sealers: Sealing
    resealed: Resealing
    exchange: Exchange
    e_licence: ELicence
    persons: PersonSignIn
    # Files of documents, of imports, of pulls by night; and how documents are drawn.
    files: DocumentFiles
    spool: Spool
    pull_spool: Spool
    drawing: Drawing
    drawn: Drawn
    audited: Audited
    # What pages are made with, and what is counted.
    pages: Pages
    messages: NotificationSimulator
    caps: Caps
    room: Room
    metrics: CollectorRegistry
    # Where officers sign in beside their passwords, if anywhere.
    identities: OpenIdProvider | None


def open_parts(settings: Settings, opened: ExitStack) -> Parts:
    """Open all parts; SetupError when the installation is not whole. What is open is let go of by `opened`."""
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
    log_store, log_key = open_log(settings, database, keys, installation, datetime.now(UTC))
    opened.callback(log_store.close)
    silence = timedelta(seconds=settings.log_silence)
    watch = LogWatch(database, log_store, silence=silence, revoked=trust.revoked_log_keys)
    registry = make_registry(settings, database, keys, catalogue, installation, trust, watch)
    sealers, times = Sealing(keys), SealTimes(database, log_store)
    view = SharedView(registry, trust, installation, times)
    e_licence, persons = open_e_licence(settings, registry, installation), open_persons(settings, keys, installation)
    exchange = Exchange(
        note_signer=CompactSigner(partial(keys.signer, "hub:notes"), NOTE_TYP),
        predicate_signer=CompactSigner(partial(keys.signer, "hub:notes"), PREDICATE_TYP),
        e_licence=e_licence,
        surroundings=lambda: view(datetime.now(UTC)),
        maker=installation.operator,
    )
    files, drawing = document_files(settings, registry), Drawing(font_folders=settings.font_folders)
    answers = CompactSigner(partial(keys.signer, "hub:answers"), RECEIPT_TYP)
    statuses = CompactSigner(partial(keys.signer, "hub:status"), STATUS_LIST_TYP)
    return Parts(
        settings=settings,
        installation=installation,
        keys=keys,
        trust=trust,
        registry=registry,
        log_store=log_store,
        log_key=log_key,
        witnesses=witnesses,
        panel=panel,
        believed=believed,
        reader=scan_reader(settings, database),
        times=times,
        view=view,
        lists=StatusLists(registry, statuses, timedelta(seconds=settings.status_list_term)),
        proofs=Receipts(registry, log_store, answers, latest=silence),
        sealers=sealers,
        resealed=Resealing(sealers, times),
        exchange=exchange,
        e_licence=e_licence,
        persons=persons,
        files=files,
        spool=Spool(settings.folder / "spool", master=registry.master, masters=registry.masters),
        pull_spool=Spool(settings.folder / "pull-batches", master=registry.master, masters=registry.masters),
        drawing=drawing,
        drawn=Drawn(drawing, catalogue),
        audited=Audited(registry, installation.anchor, e_licence, files, log_store, persons),
        pages=Pages(installation.mode, installation.origin),
        messages=NotificationSimulator(settings.folder / "messages", mode=installation.mode),
        caps=Caps(settings.reports_about_one, settings.reports_a_day, settings.report_words_days),
        room=Room(_UPLOADED_BYTES),
        metrics=CollectorRegistry(),
        identities=open_identity_provider(settings, keys, outward),
    )
