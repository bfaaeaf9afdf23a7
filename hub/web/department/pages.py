"""All pages of officers, behind one guard: a department's own, and those of the operator and of departments' heads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from connectors.contract import OpenTable
from hub.evidence.log import Panel
from hub.evidence.receipts import Receipts
from hub.steps.files.spool import Spool
from hub.steps.log.proven_time import SealTimes
from hub.steps.registry import Registry, Sealers
from hub.steps.sharing.delivery import Exchange
from hub.store.log import LogStore
from hub.supervision.figures.chores import Chore
from hub.supervision.figures.present import Figures
from hub.supervision.figures.sheets import Sheets
from hub.supervision.operator_desk import OperatorDesk
from hub.web.api.documents import Counter
from hub.web.department import (
    asking,
    entrance,
    home,
    importing,
    issue,
    own,
    paper,
    presented,
    provider,
    seat,
    status,
    tasks,
    undoing,
    window,
)
from hub.web.department.ordering import Ordering
from hub.web.department.showing import HOME, OFFICERS_HOMES, places_seen
from hub.web.limits import AddressLimit, Places
from hub.web.operator import change_file, changing, dashboard, kinds, person, put_sheets, sheets, standing
from hub.web.photos import Photos
from hub.web.sessions import Guard, Render
from schemas.licence_systems import load_licence_systems
from signing.log_head import Revoked


def routers(
    registry: Registry,
    *,
    render: Render,
    sealers: Sealers,
    exchange: Exchange,
    limit: AddressLimit,
    passwords: Places,
    played: entrance.Played,
    sign_in_there: provider.SignInThere | None,
    desk: OperatorDesk | None,
    enrolments: Sequence[Callable[[Request], Any]],
    counter: Counter,
    proofs: Receipts,
    photos: Photos,
    spool: Spool,
    upload_bytes: int,
    wake: Callable[[], None],
    operator: str,
    figures: Figures,
    figure_sheets: Sheets,
    log_store: LogStore,
    panel: Panel,
    revoked: Callable[[], Revoked],
    open_table: OpenTable,
    times: SealTimes,
    chores: Callable[[], Mapping[str, Chore]],
) -> Iterator[APIRouter]:
    """Yield the doors. `passwords` are how many may be held against their hash at once; `desk` is a TEST operator's,
    which enrols so many browsers (`enrolments`)."""
    guard = Guard(
        HOME,
        registry,
        render,
        of_officers=True,
        others=OFFICERS_HOMES[1:],
        places=partial(places_seen, registry=registry),
    )
    systems = load_licence_systems()
    errands = [
        *window.errands(registry, exchange, proofs),
        *presented.errands(registry, exchange.e_licence),
        *paper.errands(registry),
        *asking.errands(registry),
        *tasks.errands(registry),
        *status.errands(registry),
        *issue.errands(registry, sealers),
        *importing.errands(registry),
        *undoing.errands(registry),
    ]
    ordering = Ordering(registry, guard, errands)
    shown = entrance.SignInPage(guard, played, sign_in_there.shown if sign_in_there is not None else None)
    yield entrance.routes(registry, guard, limit, passwords, shown)
    if sign_in_there is not None:
        yield provider.routes(registry, guard, limit, sign_in_there, shown)
    yield home.routes(registry, guard)
    yield seat.routes(registry, guard, desk, enrolments)
    yield ordering.routes()
    doors, present = presented.routes(registry, guard, ordering)
    yield doors
    yield window.routes(registry, guard, ordering, counter, systems, present, photos)
    yield paper.routes(registry, guard, ordering, systems)
    yield asking.routes(registry, guard, ordering)
    yield tasks.routes(registry, guard, ordering)
    yield status.routes(registry, guard, ordering, systems)
    yield issue.routes(registry, guard, ordering, systems)
    yield own.routes(registry, guard)
    yield importing.routes(registry, guard, ordering, spool, upload_bytes=upload_bytes, wake=wake)
    yield undoing.routes(registry, guard, ordering)
    yield dashboard.routes(registry, figures, guard, operator=operator)
    yield sheets.routes(registry, figure_sheets, guard, operator=operator)
    changes = [*kinds.enrolments(registry), *put_sheets.kinds(registry, open_table, operator=operator)]
    yield changing.Changing(registry, guard, changes, operator=operator).routes()
    yield change_file.routes(registry, guard, operator=operator)
    yield person.routes(registry, guard, desk, enrolments, operator=operator)
    yield standing.routes(registry, log_store, panel, revoked, guard, times=times, chores=chores, operator=operator)
