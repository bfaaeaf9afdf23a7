"""The doors of a hub, each joined to its flow: the scan door straight, all others behind the API."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from fastapi import APIRouter, FastAPI

from connectors.authenticator_simulator import AuthenticatorSimulator
from connectors.openid import OpenIdProvider
from connectors.person_simulator import PersonSimulator
from connectors.tabular import open_table
from hub import VERSION
from hub.app.opening import existing_anchors, open_simulator
from hub.app.parts import Parts
from hub.app.seeing import Readiness
from hub.app.working import Working
from hub.settings import Settings
from hub.steps.files.confined.foreign_seal import SealChecker
from hub.steps.keyfolder import OFFICER_FOLDER
from hub.supervision.figures.chores import read_chores
from hub.supervision.figures.present import Figures
from hub.supervision.figures.sheets import Sheets
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
from hub.web.api.documents import Counter
from hub.web.api.receipts import Receipted
from hub.web.callers import moment
from hub.web.department import pages as department_pages
from hub.web.department.entrance import ProviderShown, nobody_played
from hub.web.department.provider import SignInThere
from hub.web.enterprise import pages as enterprise_pages
from hub.web.limits import AddressLimit, Places, Turns, WholeLimit
from hub.web.observation import Application, Receive, Scope, Send
from hub.web.pages import doors
from hub.web.pages.static import static_app
from hub.web.photos import Photos
from hub.web.public import copies, examination, kept, link_pages, qr, resolution, sheets, simulator, visitor_reports
from hub.web.public.lookup import Limits, LookupDoor
from schemas.licence_systems import load_licence_systems
from schemas.tokens import ANSWER_TYP, KEPT_TYP, TOKEN_TYP
from signing.jws import CompactSigner

_SCAN_PATHS = frozenset({"/q/", "/Q/", "/c/", "/C/", "/s/", "/S/", "/d/", "/D/"})
_SCANS_BY_QUERY = frozenset({"/search", "/holds"})


@dataclass(frozen=True, slots=True)
class Shared:
    """What doors have in common: one limit of uploads for each address, turns of readers, the counter of documents."""

    limit: AddressLimit
    turns: Turns
    counter: Counter
    receipted: Receipted
    figures: Figures
    sheets: Sheets


def join_doors(parts: Parts, working: Working) -> tuple[Application, FastAPI]:
    """Return what answers every request, and the API behind it, whose life is the server's."""
    settings, registry = parts.settings, parts.registry
    shared = Shared(
        limit=AddressLimit(settings.upload_rate),
        turns=Turns(settings.readers),
        counter=Counter(registry, parts.files, working.makers.wake, settings.document_wait),
        receipted=Receipted(parts.proofs),
        figures=Figures(registry),
        sheets=Sheets(registry),
    )
    lookup, api = _lookup(parts), _api(parts)
    for router in _doors_of_systems(parts, working, shared):
        api.include_router(router, prefix="/api/v1")
    for router in (
        *_public_doors(parts, working, lookup, shared),
        doors.routes(parts.pages, api.openapi),
        *_doors_of_people(parts, working, shared),
        *_doors_of_test(parts, shared),
    ):
        api.include_router(router)
    api.mount("/static", static_app())
    return _dispatch(lookup, api), api


def _api(parts: Parts) -> FastAPI:
    """Return the API with its problems, and the doors of access and publication."""
    api = FastAPI(
        title="一照通行电子证照共享中心 Yizhao Hub",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False},
    )
    settings, registry = parts.settings, parts.registry
    problems.register(api, render=parts.pages.render)
    tokens = CompactSigner(partial(parts.keys.signer, "hub:tokens"), TOKEN_TYP)
    sign_ins = Places(settings.sign_ins, "sign_ins_busy")
    term, proxied = timedelta(seconds=settings.token_term), settings.proxy_secret_file is not None
    api.include_router(access.routes(registry, tokens, term, sign_ins, behind_proxy=proxied))
    ready = Readiness(registry, parts.trust)
    api.include_router(publication.routes(registry, parts.trust, parts.lists, parts.metrics, ready))
    return api


def _doors_of_systems(parts: Parts, working: Working, shared: Shared) -> Iterator[APIRouter]:
    """Yield what departments' systems call, and enterprises by what they signed."""
    settings, registry, receipted, e_licence = parts.settings, parts.registry, shared.receipted, parts.e_licence
    operator, uploads = parts.installation.operator, settings.upload_rate
    yield issuance.routes(registry, parts.sealers, receipted)
    yield status.routes(registry, receipted)
    yield resealing.routes(registry, parts.resealed)
    yield receipts.routes(receipted)
    yield erasure.routes(registry, parts.files, receipted)
    yield archives.routes(registry, parts.files, parts.lists.token)
    yield finding.routes(registry, parts.view)
    yield intake.routes(registry, parts.spool, upload_bytes=settings.upload_bytes, wake=working.intakes.wake)
    yield change_feed.routes(registry, parts.log_store, e_licence)
    yield pull_batches.routes(registry, parts.pull_spool, upload_bytes=settings.upload_bytes)
    yield exchange.routes(registry, parts.exchange, receipted)
    yield grants.routes(registry, e_licence, AddressLimit(uploads), receipted)
    yield delegations.routes(registry, e_licence, AddressLimit(uploads), receipted)
    yield grant_requests.routes(registry, e_licence, AddressLimit(uploads), receipted)
    yield grant_links.routes(registry, parts.exchange, parts.persons, AddressLimit(uploads), receipted)
    yield endings.routes(registry, e_licence, AddressLimit(uploads), receipted)
    yield presentations.routes(registry, e_licence, AddressLimit(uploads), receipted)
    yield ledger.routes(registry, e_licence, AddressLimit(uploads), receipted, operator=operator)
    yield parties.routes(registry, receipted)
    yield items.routes(registry, open_table, receipted)
    yield orders.routes(registry, receipted)
    yield sharing.routes(registry, open_table, receipted)
    yield tasks.routes(registry)
    yield figures.routes(registry, shared.figures, shared.sheets)
    yield visitor_reports.system_routes(registry)
    yield evidence.routes(registry, parts.sealers, parts.log_store, parts.lists.token, parts.believed.anchors)
    yield documents.routes(registry, parts.exchange, shared.counter, parts.drawn.picture, AddressLimit(uploads))
    check_seal = SealChecker(existing_anchors(settings))
    yield existing.routes(
        registry, parts.files, check_seal, Turns(settings.readers), parts.room, longest=settings.existing_bytes
    )
    if parts.installation.is_test:
        together = WholeLimit(settings.sandbox_most)
        yield sandbox.routes(registry, parts.keys, receipted, AddressLimit(settings.sandbox_rate), together)


def _public_doors(parts: Parts, working: Working, lookup: LookupDoor, shared: Shared) -> Iterator[APIRouter]:
    """Yield the doors beside the scan door that anybody may use; they count in its windows."""
    settings, registry, reader, view, render = (
        parts.settings, parts.registry, parts.reader, parts.view, parts.pages.render,
    )  # fmt: skip
    searched, scanned = resolution.Windows(*lookup.counted), resolution.Windows(*lookup.scan_counted)
    yield examination.routes(registry, view, render, shared.limit, working.strangers.read, shared.turns, parts.room)
    yield qr.routes(parts.installation.origin)
    yield resolution.routes(
        registry, load_licence_systems(), render=render, problem=partial(problems.show, render=render),
        windows=searched, search_on=settings.search_on,
    )  # fmt: skip
    yield copies.routes(registry, reader, view, prove=parts.proofs.prove, render=render, windows=scanned)
    yield kept.routes(registry, reader, view, parts.drawing, render=render, windows=scanned, limit=shared.limit)
    stamps = visitor_reports.Stamps(parts.keys.secret("report forms"), registry.random)
    yield visitor_reports.routes(
        registry, reader, stamps=stamps, caps=parts.caps, operator=parts.installation.operator, render=render,
        windows=scanned, limit=AddressLimit(settings.report_rate),
    )  # fmt: skip
    yield sheets.routes(registry, render=render, windows=searched)
    yield log.routes(parts.log_store, lambda: parts.log_key.text, parts.panel, parts.trust.revoked_log_keys)


def _doors_of_people(parts: Parts, working: Working, shared: Shared) -> Iterator[APIRouter]:
    """Yield the pages behind a sign-in: the enterprise's, and the department's with the operator's."""
    settings, registry, render = parts.settings, parts.registry, parts.pages.render
    installation = parts.installation
    yield from enterprise_pages.routers(
        registry, render=render, e_licence=parts.e_licence, limit=shared.limit, proofs=parts.proofs,
        surroundings=lambda: parts.view(moment()), reader=parts.reader, counter=shared.counter,
        messages=parts.messages, operator=installation.operator,
    )  # fmt: skip
    confirm = parts.persons.confirm if isinstance(parts.persons, PersonSimulator) else None
    yield link_pages.routes(
        registry, parts.exchange, parts.persons, confirm=confirm, counter=shared.counter, render=render,
        limit=shared.limit,
    )  # fmt: skip
    played, desk = nobody_played, None
    if installation.is_test:
        played = AuthenticatorSimulator(settings.key_folder / OFFICER_FOLDER, mode=installation.mode).shown
        desk = OperatorDesk(
            parts.keys, origin=installation.origin, mode=installation.mode, operator=installation.operator
        )
    yield from department_pages.routers(
        registry, render=render, sealers=parts.sealers, exchange=parts.exchange, limit=shared.limit,
        passwords=Places(settings.sign_ins, "sign_ins_busy"), played=played, desk=desk,
        sign_in_there=_sign_in_there(settings, parts.identities),
        enrolments=(AddressLimit(settings.sandbox_rate), WholeLimit(settings.sandbox_most)), counter=shared.counter,
        proofs=parts.proofs, photos=Photos(working.strangers.read, shared.turns, parts.room), spool=parts.spool,
        upload_bytes=settings.upload_bytes, wake=working.intakes.wake,
        operator=installation.operator, figures=shared.figures, figure_sheets=shared.sheets,
        log_store=parts.log_store, panel=parts.panel, revoked=parts.trust.revoked_log_keys,
        open_table=open_table, times=parts.times, chores=partial(read_chores, settings.folder),
    )  # fmt: skip


def _sign_in_there(settings: Settings, provider: OpenIdProvider | None) -> SignInThere | None:
    """Return how officers sign in at the provider; a slow one holds up a quarter of the worker threads at most."""
    if provider is None:
        return None
    places = Places(max(1, settings.threads // 4), "sign_ins_busy")
    shown = ProviderShown(settings.oidc_name_zh, settings.oidc_name_en, settings.oidc_alone)
    return SignInThere(provider, shown, places)


def _doors_of_test(parts: Parts, shared: Shared) -> Iterator[APIRouter]:
    """Yield what only a TEST hub has: the simulated authority of e-licences."""
    if parts.installation.is_test:
        authority = open_simulator(parts.settings, parts.keys, datetime.now(UTC))
        yield simulator.routes(parts.registry, authority.certify_key, shared.limit)


def _lookup(parts: Parts) -> LookupDoor:
    settings, signer = parts.settings, partial(parts.keys.signer, "hub:answers")
    return LookupDoor(
        reader=parts.reader,
        surroundings=parts.view,
        at_once=parts.view.at_once,
        signer=CompactSigner(signer, ANSWER_TYP),
        keeper=CompactSigner(signer, KEPT_TYP),
        answer_term=timedelta(seconds=settings.answer_term),
        limits=Limits.of(
            settings.public_rate, settings.scan_misses, settings.search_misses, search_on=settings.search_on
        ),
        render=parts.pages.render,
        problem=partial(problems.show, render=parts.pages.render),
        prove=parts.proofs.prove_certificates,
    )


def _dispatch(lookup: LookupDoor, api: FastAPI) -> Application:
    """Send scans straight to their door, everything else to the API."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["path"][:3] in _SCAN_PATHS or scope["path"] in _SCANS_BY_QUERY):
            await lookup(scope, receive, send)
        else:
            await api(scope, receive, send)

    return dispatch
