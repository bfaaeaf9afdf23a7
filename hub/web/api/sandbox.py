"""Door of the sandbox: a stranger's key becomes a system of the made-up department, on a TEST hub only."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from hub.steps.keyfolder import KeyFolder
from hub.steps.registry import Registry
from hub.supervision.parties import enrol
from hub.supervision.sandbox import prepare_system, rights_of
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import moment
from hub.web.limits import AddressLimit, WholeLimit


class SandboxBody(BaseModel):
    """The public key of the system to be, as a JWK: EC P-256 or OKP Ed25519."""

    model_config = ConfigDict(extra="forbid")

    jwk: dict[str, str]


def routes(
    registry: Registry, keys: KeyFolder, receipted: Receipted, limit: AddressLimit, together: WholeLimit
) -> APIRouter:
    """Return the door; `limit` is that of one address, `together` that of all."""
    router = APIRouter(route_class=StrictRoute, tags=["sandbox 沙箱"], dependencies=[Depends(limit), Depends(together)])

    @router.post("/sandbox/systems", status_code=201, summary="Get a system to try with 取得试用系统")
    async def sandbox_system(request: Request, body: SandboxBody) -> dict[str, Any]:
        """Enrol a public key for a day as a system of the made-up department; the private key stays with its maker."""

        def work() -> Mapping[str, Any]:
            now = moment()
            ready = prepare_system(body.jwk, registry=registry, keys=keys, now=now)
            enrolled = enrol(
                "systems", ready.content, verified=ready.verified, approvals=ready.approvals, system=ready.system,
                registry=registry, now=now,
            )  # fmt: skip
            return rights_of(ready, registry=registry, now=now) | {"act_id": enrolled["act_id"]}

        return await receipted.perform(request, work)

    return router
