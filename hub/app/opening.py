"""What a hub is made of, opened as its settings say; SetupError names the setting that is missing or wrong."""

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates
from sqlalchemy import make_url

from connectors.contract import ELicence, PersonSignIn
from connectors.e_licence import CertifiedELicence
from connectors.e_licence_simulator import ELicenceSimulator, SimulatorStatus
from connectors.openid import OpenIdProvider, Registration
from connectors.outward import is_confidential
from connectors.person_simulator import PersonSimulator
from connectors.timestamp import HttpTimestamps
from connectors.timestamp_simulator import TimestampSimulator
from connectors.witness import HttpWitness
from hub.custody.installation import Installation
from hub.errors import SetupError
from hub.evidence.log import Panel
from hub.evidence.sequencing import LogKey, empty_head
from hub.rates import Rates
from hub.settings import Settings
from hub.steps.keyfolder import PERSON_FOLDER, SIMULATOR_FOLDER, TIMESTAMP_FOLDER, KeyFolder
from hub.steps.log.proven_time import Believed
from hub.steps.registry import Registry
from hub.store.database import Database
from hub.store.entry import EntryReader
from hub.store.files import DocumentFiles
from hub.store.log import LogStore
from hub.store.places import open_place
from hub.store.scan import PostgresScanReader, ScanReader, SqliteScanReader
from hub.web.callers import moment
from schemas.catalogue import Catalogue
from schemas.clocks import Clock, load_clocks
from schemas.evidence import LogState
from schemas.working_days import PeriodError, load_calendar
from signing.base64url import encode
from signing.checkpoint import NoteKey
from signing.errors import MalformedTokenError
from signing.trust import TrustList
from signing.x509 import Purpose


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


def open_identity_provider(settings: Settings, keys: KeyFolder, http: httpx.Client) -> OpenIdProvider | None:
    """Return the provider of identities that is set; None where none is.

    Raises SetupError oidc_setting, which names the setting that is missing or wrong, and key_missing.
    """
    if not settings.oidc_issuer:
        if settings.oidc_alone:
            raise SetupError("oidc_setting", setting="oidc_issuer")
        return None
    factors, scopes = settings.oidc_second_factors, settings.oidc_scopes
    kept = {
        "oidc_issuer": is_confidential(settings.oidc_issuer) and "?" not in settings.oidc_issuer,
        "oidc_client_id": settings.oidc_client_id.isprintable() and settings.oidc_client_id != "",
        "oidc_scopes": "openid" in scopes and all(each.isascii() and each.isprintable() for each in scopes),
        "oidc_officer_claim": settings.oidc_officer_claim != "",
        "oidc_second_factors": all(re.fullmatch(r"(acr|amr)=\S+", each) for each in factors),
    }
    for setting, is_kept in kept.items():
        if not is_kept:
            raise SetupError("oidc_setting", setting=setting)
    registration = Registration(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        scopes=scopes,
        officer_claim=settings.oidc_officer_claim,
        second_factors=frozenset(factors),
        seconds=settings.oidc_timeout,
        skew_seconds=settings.clock_skew,
    )
    signer, clock = partial(keys.signer, settings.oidc_key), time.monotonic
    return OpenIdProvider(registration, signer=signer, http=http, random=secrets.token_bytes, clock=clock)


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


def open_e_licence(settings: Settings, registry: Registry, installation: Installation) -> ELicence:
    """Return the e-licence port; in TEST its status register is the simulator's."""

    def anchors() -> list[bytes]:
        return [each.cert_der for each in registry.trust().anchors if Purpose.E_LICENCE in each.purposes]

    status_source = SimulatorStatus(settings.key_folder / SIMULATOR_FOLDER)
    return CertifiedELicence(anchors, status_source, allow_test=installation.is_test)


def open_simulator(settings: Settings, keys: KeyFolder, now: datetime) -> ELicenceSimulator:
    """Return the TEST authority of e-licences; SimulatorError in production."""
    folder = settings.key_folder / SIMULATOR_FOLDER
    return ELicenceSimulator(folder, passphrase=keys.secret("simulator"), mode="test", now=now)


def open_persons(settings: Settings, keys: KeyFolder, installation: Installation) -> PersonSignIn:
    """Return how persons sign in; in TEST by a simulator. SimulatorError in production: none is connected yet."""
    folder = settings.key_folder / PERSON_FOLDER
    return PersonSimulator(folder, passphrase=keys.secret("persons"), mode=installation.mode)
