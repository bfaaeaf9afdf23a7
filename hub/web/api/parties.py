"""Doors of enrolment: the operator's system orders it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from hub.steps.registry import Registry
from hub.supervision.parties import ENROLMENTS, enrol
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, verify_call
from schemas.parties import Role
from schemas.statement import ENROLMENT_ACTS, Ordered

_SUMMARIES = {
    "departments": "Enrol a department 登记部门",
    "issuing-bodies": "Enrol an issuing body 登记颁发机构",
    "systems": "Enrol a system 登记业务系统",
    "officers": "Enrol an officer 登记经办人",
    "officer-codes": "Let an officer open his account 发放经办人开户码",
    "enterprises": "Enrol an enterprise 登记市场主体",
    "sources": "Enrol a source of collected data 登记归集来源",
    "coverage": "Declare what is held of a type 登记收录范围",
    "licence-number-overrides": "Admit a wrongly issued licence number 确认存量错码",
}


def routes(registry: Registry, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["operator 运营"])
    for noun in ENROLMENTS:
        act = partial(enrol, noun)
        router.add_api_route(
            f"/{noun}", _door(registry, receipted, act, ENROLMENT_ACTS[noun]), methods=["POST"], status_code=201,
            summary=_SUMMARIES[noun], operation_id=f"enrol_{noun.replace('-', '_')}",
        )  # fmt: skip
    return router


def _door(
    registry: Registry, receipted: Receipted, act: Callable[..., Mapping[str, Any]], ordered: Ordered
) -> Callable[..., Any]:
    async def door(request: Request, body: OrderBody) -> dict[str, Any]:
        def work() -> Mapping[str, Any]:
            called = verify_call(request, body, act=ordered, role=Role.OPERATE, registry=registry)
            return act(
                body.content,
                verified=called.verified,
                approvals=called.approvals,
                system=called.caller.system,
                registry=registry,
                now=called.now,
            )

        return await receipted.perform(request, work)

    return door
