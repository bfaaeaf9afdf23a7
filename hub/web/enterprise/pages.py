"""All pages of an enterprise, behind one guard."""

from collections.abc import Callable, Iterator
from datetime import datetime

from fastapi import APIRouter

from connectors.contract import ELicence, NotificationOutbox
from hub.decisions.facts import Surroundings
from hub.enterprise.sign_in import check_standing
from hub.evidence.receipts import Receipts
from hub.steps.registry import Registry
from hub.steps.sessions import Session
from hub.store.scan import ScanReader
from hub.web.api.documents import Counter
from hub.web.enterprise import agents, certificates, entrance, grants, home, ledger, presentations, reminders, requests
from hub.web.enterprise.desk import Desk
from hub.web.limits import AddressLimit
from hub.web.sessions import Guard, Render


def routers(
    registry: Registry,
    *,
    render: Render,
    e_licence: ELicence,
    limit: AddressLimit,
    proofs: Receipts,
    surroundings: Callable[[], Surroundings],
    reader: ScanReader,
    counter: Counter,
    messages: NotificationOutbox | None,
    operator: str,
) -> Iterator[APIRouter]:
    """Yield the doors; `operator` is who runs the hub, to whom some objections go."""

    def check(session: Session, now: datetime) -> None:
        check_standing(session, registry=registry, e_licence=e_licence, now=now)

    guard = Guard(entrance.HOME, registry, render, of_officers=False, check=check)
    desk = Desk(registry, e_licence, guard, limit, proofs, surroundings, operator)
    yield entrance.routes(registry, e_licence, guard, limit)
    yield home.routes(desk)
    yield certificates.routes(desk, reader, counter)
    yield reminders.routes(desk, messages)
    yield grants.routes(desk)
    yield requests.routes(desk)
    yield presentations.routes(desk)
    yield ledger.routes(desk)
    yield agents.routes(desk)
