"""Tasks: what the department was told and is to do, each with its last day, and its answer by a signed word."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.tasks import answer_task, read_inbox, read_notice
from hub.errors import NotFoundError
from hub.sharing.answers import answer_rule, list_waiting_lines
from hub.sharing.pull_reviews import answer_review
from hub.steps.notices import ANSWERED_BY_ORDER
from hub.steps.registry import Registry
from hub.web.callers import Called, in_thread, moment
from hub.web.department.ordering import Content, Errand, Ordering, Row, who_orders
from hub.web.department.showing import HOME, department_of, show
from hub.web.sessions import Guard, Visit
from schemas.sharing import AnswerReason, ReviewReason
from schemas.statement import Ordered
from schemas.wording import Wording

TASKS, TASK = f"{HOME}/tasks", f"{HOME}/task"
_STATES = ("open", "told", "done")
_ANSWER, _SHARE, _REVIEW = "answer_task", "answer_share", "answer_review"
_FACTS: Mapping[str, Wording] = {
    "identifier": Wording("证照标识", "Certificate"),
    "field": Wording("字段", "Field"),
    "asked_by": Wording("申请部门", "Asked by"),
    "requester": Wording("用证部门", "Requester"),
    "item_code": Wording("事项编码", "Item"),
    "case_number": Wording("办件编号", "Case"),
    "types": Wording("证照类型", "Types"),
    "rule": Wording("共享规则", "Line of the sharing table"),
    "version": Wording("版本", "Version"),
    "reason": Wording("理由", "Reason"),
    "decision": Wording("调用编号", "Pull"),
    "provider": Wording("数源部门", "Provider"),
    "answer": Wording("答复", "Answer"),
    "sharing_class": Wording("共享属性", "Sharing class"),
}
_ANSWERS: Mapping[str, Wording] = {
    "approve": Wording("同意", "Approve"),
    "refuse": Wording("不同意", "Refuse"),
    "confirm": Wording("继续共享", "It goes on"),
    "end": Wording("终止共享", "End it"),
    "yes": Wording("调用成立", "The pull was justified"),
    "no": Wording("调用不成立", "It was not justified"),
}
ANSWER_REASONS: Mapping[str, Wording] = {
    "no_legal_basis": Wording("没有法律依据", "no legal basis"),
    "beyond_duties": Wording("超出履职需要", "beyond the requester’s duties"),
    "not_held": Wording("本部门没有这项数据", "not held here"),
    "not_to_be_shared": Wording("依法不予共享", "by law not to be shared"),
    "unclear": Wording("用途或范围不清", "purpose or extent unclear"),
    "not_needed": Wording("不再需要", "not needed"),
    "misused": Wording("曾被滥用", "it was misused"),
    "no_such_case": Wording("没有这个办件", "no such case"),
    "other_holder": Wording("不是这家主体的办件", "the case is another holder’s"),
    "beyond_item": Wording("超出事项所需", "beyond what the item needs"),
    "no_answer": Wording("用证部门没有说明", "the requester gave no answer"),
}


def errands(registry: Registry) -> list[Errand]:
    """Return what is ordered about tasks."""

    def answer(called: Called, content: Content) -> Mapping[str, Any]:
        return answer_task(content, **who_orders(called, registry))

    def share(called: Called, content: Content) -> Mapping[str, Any]:
        return answer_rule(content, **who_orders(called, registry))

    def review(called: Called, content: Content) -> Mapping[str, Any]:
        return answer_review(content, **who_orders(called, registry))

    def tell(content: Content, answer: Mapping[str, Any], visit: Visit) -> Mapping[str, Any]:
        return {
            "rows": [],
            "links": [{"href": f"{TASKS}?lang={visit.language}", "zh": "回到待办", "en": "Back to the tasks"}],
        }

    made = (
        (_ANSWER, Ordered.ANSWER_TASK, Wording("办结待办", "Answer a task"), answer),
        (_SHARE, Ordered.ANSWER_SHARE, Wording("答复共享申请", "Answer a sharing request"), share),
        (_REVIEW, Ordered.ANSWER_REVIEW, Wording("答复调用复核", "Answer a review"), review),
    )
    return [Errand(name, act, None, TASK, "tasks", title, _described, run, tell=tell) for name, act, title, run in made]


def routes(registry: Registry, guard: Guard, ordering: Ordering) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def tasks(visit: Visit) -> Response:
        asked = visit.request.query_params
        state = asked.get("state", "") if asked.get("state") in _STATES else _STATES[0]
        after = int(text) if (text := asked.get("after", "0")).isdecimal() and len(text) < 16 else 0

        def read() -> dict[str, Any]:
            system = department_of(visit)
            return read_inbox(system, after=after, state=state, kind=None, registry=registry, now=moment())

        found = await in_thread(read)
        shown = {"tasks": found["notices"], "state": state, "after": found["after"]}
        return show(guard, visit, "department_tasks", "tasks", shown)

    @guard.page
    async def task(visit: Visit) -> Response:
        return await one(visit, visit.request.query_params.get("number", ""))

    @guard.page
    async def answered(visit: Visit) -> Response:
        """Show what is to be signed, or the task again with what was filled in."""
        if visit.get("again"):
            return await one(visit, visit.get("number"))
        notice = await in_thread(_notice, visit.get("number"), visit, registry)
        name, content = await in_thread(_content, notice, visit, registry)
        return ordering.check(visit, name, content)

    async def one(visit: Visit, number: str) -> Response:
        notice = await in_thread(_notice, number, visit, registry)
        shown = {
            "task": notice,
            "facts": list(_facts(notice["facts"])),
            "typed": {name: visit.get(name) for name in ("answer", "reason", "words")},
            **_form_of(notice),
            "may_answer": ("approve" if notice["kind"] in ANSWERED_BY_ORDER else "answer") in visit.may,
        }
        return show(guard, visit, "department_task", "tasks", shown)

    router.add_api_route(TASKS, tasks, methods=["GET"])
    router.add_api_route(TASK, task, methods=["GET"])
    router.add_api_route(TASK, answered, methods=["POST"])
    return router


def _notice(number: str, visit: Visit, registry: Registry) -> dict[str, Any]:
    if not number.isdecimal() or len(number) > 15:
        raise NotFoundError("task_not_found")
    return read_notice(int(number), department_of(visit), registry=registry, now=moment())


def _form_of(notice: Mapping[str, Any]) -> dict[str, Any]:
    """Return which answers and reasons a task's form offers; none where it is answered in words alone."""
    kind = notice["kind"]
    if kind not in ANSWERED_BY_ORDER:
        return {"answers": [], "reasons": []}
    if kind == "pull_to_review":
        return {"answers": _worded(("yes", "no"), _ANSWERS), "reasons": _worded(ReviewReason, ANSWER_REASONS)}
    answers = ("confirm", "end") if kind == "sharing_to_confirm" else ("approve", "refuse")
    return {"answers": _worded(answers, _ANSWERS), "reasons": _worded(AnswerReason, ANSWER_REASONS)}


def _worded(codes: Sequence[str] | type[Any], words: Mapping[str, Wording]) -> list[dict[str, str]]:
    return [{"code": str(each), "zh": words[each].zh, "en": words[each].en} for each in codes]


def _content(notice: Mapping[str, Any], visit: Visit, registry: Registry) -> tuple[str, dict[str, Any]]:
    """Return which errand an answer is, and its content as the API takes it."""
    kind, facts = notice["kind"], notice["facts"]
    answer, reason, words = visit.get("answer"), visit.get("reason"), visit.get("words")
    why = {name: value for name, value in (("reason", reason), ("words", words)) if value}
    if kind not in ANSWERED_BY_ORDER:
        return _ANSWER, {"number": notice["number"], "answer": words}
    if kind == "pull_to_review":
        return _REVIEW, {"decision": facts["decision"], "justified": answer == "yes", "words": words} | (
            {"reason": reason} if answer != "yes" else {}
        )
    said = {"answer": answer} | (why if answer in ("refuse", "end") else {})
    if "sheet" in facts:
        lines = list_waiting_lines(facts["sheet"], department_of(visit), registry=registry)["lines"]
        return _SHARE, {"sheet": facts["sheet"], "lines": lines} | said
    return _SHARE, {"code": facts["rule"], "version": facts["version"]} | said


def _facts(facts: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for name, value in facts.items():
        words = _FACTS.get(name)
        if words is not None and value is not None:
            shown = "、".join(map(str, value)) if isinstance(value, list) else str(value)
            yield {"zh": words.zh, "en": words.en, "value": shown}


def _described(content: Content) -> list[Row]:
    return list(_rows(content))


def _rows(content: Content) -> Iterator[Row]:
    """Tell what is signed about a task."""
    for name, words in (
        ("number", Wording("待办编号", "Task")), ("code", _FACTS["rule"]), ("version", _FACTS["version"]),
        ("sheet", Wording("共享规则表", "Sheet of lines")), ("decision", _FACTS["decision"]),
    ):  # fmt: skip
        if name in content:
            yield words, str(content[name])
    answer = content.get("answer")
    if "justified" in content:
        answer = "yes" if content["justified"] else "no"
    chosen = _ANSWERS.get(str(answer))
    yield Wording("答复", "Answer"), chosen or str(answer or "")
    if reason := ANSWER_REASONS.get(str(content.get("reason"))):
        yield Wording("理由", "Reason"), reason
    if content.get("words"):
        yield Wording("说明", "In words"), str(content["words"])
