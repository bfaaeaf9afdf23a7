"""Doors of orders that are all posted alike: content, salt and statement in; what became of it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request

from hub.department.tasks import answer_task, ask_correction
from hub.department.window_grants import read_witness_order, witness_grant
from hub.enterprise.deferrals import defer
from hub.enterprise.endings import end_all_at_window, read_ending_order
from hub.registry.annotations import annotate, read_annotation_order
from hub.registry.references import read_retire_order, retire_reference
from hub.registry.relations import read_relation_order, relate
from hub.registry.subjects import read_subject_order, register_subject
from hub.sharing.answers import answer_rule
from hub.sharing.pull_reviews import answer_review
from hub.sharing.table import put_rule
from hub.steps.registry import Registry
from hub.store.parties import AdmittedNumbers
from hub.supervision.figures.sheets import correct_figure
from hub.supervision.parties import renew_key
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import Called, OrderBody, verify_call
from schemas.parties import Role
from schemas.statement import Ordered

Content = Mapping[str, Any]
Run = Callable[[Content, Called, Registry], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OrderDoor:
    """One door: its path, the act its statement orders, the role it asks for (None: any), its name, what it does."""

    path: str
    act: Ordered
    role: Role | None
    summary: str
    run: Run


def _annotate(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return annotate(read_annotation_order(content), seconds=called.seconds, **_who_orders(called, registry))


def _relate(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    order = read_relation_order(content, overrides=AdmittedNumbers(registry.database))
    return relate(order, seconds=called.seconds, **_who_orders(called, registry))


def _register(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    order = read_subject_order(content, overrides=AdmittedNumbers(registry.database))
    return register_subject(order, **_who_orders(called, registry))


def _retire(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return retire_reference(read_retire_order(content), seconds=called.seconds, **_who_orders(called, registry))


def _end_all(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    order = read_ending_order(content, overrides=AdmittedNumbers(registry.database))
    return end_all_at_window(order, seconds=called.seconds, **_who_orders(called, registry))


def _witness_grant(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return witness_grant(read_witness_order(content), seconds=called.seconds, **_who_orders(called, registry))


def _answer_task(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return answer_task(content, **_who_orders(called, registry))


def _ask_correction(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return ask_correction(content, **_who_orders(called, registry))


def _defer(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return defer(content, seconds=called.seconds, **_who_orders(called, registry))


def _put_rule(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return put_rule(content, approvals=called.approvals, **_who_orders(called, registry))


def _answer_rule(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return answer_rule(content, **_who_orders(called, registry))


def _answer_review(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return answer_review(content, **_who_orders(called, registry))


def _correct_figure(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    return correct_figure(content, **_who_orders(called, registry))


def _renew_key(content: Content, called: Called, registry: Registry) -> dict[str, Any]:
    system = called.caller.system
    return renew_key(content, verified=called.verified, system=system, registry=registry, now=called.now)


DOORS = (
    OrderDoor("/annotations", Ordered.ANNOTATE, Role.ISSUE, "Annotate a certificate 标注证照", _annotate),
    OrderDoor("/relations", Ordered.RELATE, Role.ISSUE, "Relate two enterprises 登记主体关系", _relate),
    OrderDoor("/references", Ordered.RETIRE, Role.ISSUE, "Retire and replace a reference 停用并更换查询码", _retire),
    OrderDoor("/window-endings", Ordered.END_ALL, Role.ISSUE, "End all at a window 窗口收回授权", _end_all),
    OrderDoor("/window-grants", Ordered.WITNESS_GRANT, Role.PULL, "Witness a paper grant 窗口纸质授权", _witness_grant),
    OrderDoor("/subjects", Ordered.REGISTER, Role.ISSUE, "Register a site or device 登记场所或设备", _register),
    OrderDoor("/task-answers", Ordered.ANSWER_TASK, None, "Answer a task 办结待办", _answer_task),
    OrderDoor("/correction-requests", Ordered.ASK_CORRECTION, Role.PULL, "Ask to correct 申请校核", _ask_correction),
    OrderDoor("/deferrals", Ordered.DEFER, Role.PULL, "Defer lines of a ledger 推迟展示访问记录", _defer),
    OrderDoor(
        "/sharing-rules",
        Ordered.SHARE,
        None,
        "Put or ask for a line of the sharing table 登记、申请共享规则",
        _put_rule,
    ),
    OrderDoor(
        "/sharing-answers", Ordered.ANSWER_SHARE, None, "Answer for a provider 数源部门答复共享申请", _answer_rule
    ),
    OrderDoor("/review-answers", Ordered.ANSWER_REVIEW, None, "Answer a review of a pull 答复调用复核", _answer_review),
    OrderDoor(
        "/figure-corrections",
        Ordered.CORRECT_FIGURE,
        Role.OPERATE,
        "Correct a kept figure 更正已存的指标",
        _correct_figure,
    ),
    OrderDoor("/system-keys", Ordered.RENEW_KEY, None, "Enrol one's next key 更换本系统密钥", _renew_key),
)


def routes(registry: Registry, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["registry 登记"])
    for each in DOORS:
        name = each.path.strip("/").replace("-", "_")
        router.add_api_route(
            each.path, _door(each, registry, receipted), methods=["POST"], status_code=201, summary=each.summary,
            operation_id=f"order_{name}",
        )  # fmt: skip
    return router


def _door(door: OrderDoor, registry: Registry, receipted: Receipted) -> Callable[..., Any]:
    async def post(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=door.act, role=door.role, registry=registry)
            return door.run(body.content, called, registry)

        return await receipted.perform(request, work)

    return post


def _who_orders(called: Called, registry: Registry) -> dict[str, Any]:
    return {
        "verified": called.verified,
        "system": called.caller.system,
        "key": called.key,
        "registry": registry,
        "now": called.now,
    }
