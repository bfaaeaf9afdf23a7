"""Door of the change feed: a requester's system reads what was done, since a cursor, to what it has a basis for."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from connectors.contract import ELicence
from hub.department.access import verify_caller
from hub.sharing.change_feed.reading import read_changes
from hub.steps.registry import Registry
from hub.store.log import LogStore
from hub.web.callers import in_thread, moment, presented, refuse_sandbox
from schemas.parties import Role

Since = Annotated[str | None, Query(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=500)]


class ChangeBasis(BaseModel):
    """On what a change is told: "statutory", "grant", "window", or "delivery" of a copy that may still be used."""

    kind: str
    reference: str


class ToldChange(BaseModel):
    """What happened to one certificate, at which place of the log; `act_id` names its receipt. No field is told."""

    place: int
    at: str
    act_id: str
    licence_number: str
    certificate_type: str
    identifier: str
    happened: str
    status: str | None
    cause: str | None
    replaced_by: str | None
    basis: ChangeBasis


class ChangePage(BaseModel):
    """A page, the cursor to go on with, whether more waits, and the act that it is; None where it tells nothing."""

    changes: list[ToldChange]
    cursor: str
    more: bool
    act_id: str | None


def routes(registry: Registry, store: LogStore, e_licence: ELicence) -> APIRouter:
    router = APIRouter(tags=["exchange 共享"])

    @router.get("/changes", summary="What changed since a cursor 证照变更")
    async def changes(request: Request, since: Since = None, limit: Limit = 100) -> ChangePage:
        """Return the next page behind `since`: a cursor, "now", or nothing for the beginning.

        A page may be empty while more waits: what stood there is nothing that this system may be told.
        """

        def work() -> dict[str, Any]:
            now = moment()
            caller = verify_caller(presented(request), role=Role.PULL, registry=registry, now=now)
            refuse_sandbox(caller)
            return read_changes(
                since, limit=limit, system=caller.system, registry=registry, store=store, e_licence=e_licence, now=now
            )

        return ChangePage(**await in_thread(work))

    return router
