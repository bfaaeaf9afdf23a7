"""Stories of the sharing table as a sheet: its difference, two signatures over it, providers who answer once each."""

import secrets
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, update

from connectors.tabular import open_table
from hub.sharing.answers import digest_of_lines, escalate_silent, list_waiting_lines
from hub.sharing.sheet import put_sheet
from hub.sharing.table import export_rules, list_rules
from hub.steps.orders.approvals import VerifiedApproval
from hub.steps.orders.statements import VerifiedStatement
from hub.store import tables
from schemas.approval import Change
from schemas.statement import Ordered
from signing.base64url import encode
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused, refused_whole
from tests.flows.registry_check import check_registry, find_faults
from tests.flows.test_bundles import HOLDS, Made, bundled, found
from tests.flows.world import (
    HEALTH,
    MARKET,
    OPERATOR,
    World,
    food_order,
    licence_order,
    sharing_rule,
    statutory_request,
)

HEADER = (
    "规则代号,用证部门统一社会信用代码,事项编码,事项名称,法律依据,共享属性,办件编号格式,证照类型,字段,"
    "数源部门统一社会信用代码,生效日期,失效日期,一件多主体,每日上限,复核部门统一社会信用代码"
)
FIRST = (
    rf"rule-1,{HEALTH},440112001,公共场所卫生许可,示例法第1条,有条件共享,\d{{4}}-\d{{4}},food_operation_permit,"
    "legal_representative；business_items,,2020/1/1,,否,,"
)
SECOND = (
    rf"rule-2,{HEALTH},440112002,示例事项,示例法第2条,有条件共享,\d{{4}}-\d{{4}},food_operation_permit,"
    f"floor_area,{MARKET},2020/1/1,,否,20,"
)
SECOND_TYPE = SECOND.replace("food_operation_permit,floor_area", "business_licence,")
SHEET = "\n".join((HEADER, FIRST, SECOND, SECOND_TYPE)) + "\n"


@pytest.fixture
def unchecked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A shop with its licence and permit, and an approved line."""
    with copied_world("sqlite", request, tmp_path) as world:
        _begin(world)
        yield world


@pytest.fixture
def world(unchecked: World) -> Iterator[World]:
    yield unchecked
    check_registry(unchecked)


def _begin(world: World) -> None:
    world.issue(licence_order())
    world.issue(food_order())
    world.share()


def order(
    world: World, content: dict[str, Any], approvals: tuple[VerifiedApproval, ...] = (), *, key: str | None = None,
    verified: VerifiedStatement | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Put a sheet by the operator's system, with these approvals."""
    return put_sheet(
        content, verified=verified or _ordered(world, content), approvals=approvals, system=world.system("operator"),
        key=key or encode(secrets.token_bytes(16)), registry=world.registry, open_table=open_table, now=world.now,
    )  # fmt: skip


def _ordered(world: World, content: dict[str, Any]) -> VerifiedStatement:
    return world.order(Ordered.SHARE_SHEET, content, system="operator")


def of(sheet: str, **more: Any) -> dict[str, Any]:
    return {"sheet": b64encode(sheet.encode()).decode()} | more


def dry(world: World, sheet: str, **more: Any) -> dict[str, Any]:
    return order(world, of(sheet, dry_run=True, **more))


def put(world: World, sheet: str, **more: Any) -> dict[str, Any]:
    """Put a sheet as its dry run showed it."""
    content = of(sheet, difference=dry(world, sheet, **more)["difference"], **more)
    verified = _ordered(world, content)
    return order(world, content, world.approved(verified), verified=verified)


def answer(world: World, put_: dict[str, Any], said: str = "approve", **more: Any) -> dict[str, Any]:
    """Answer all that waits of a sheet for the market bureau."""
    waits = list_waiting_lines(put_["act_id"], world.system("market"), registry=world.registry)
    content = {"sheet": put_["act_id"], "lines": waits["lines"], "answer": said} | more
    return world.give(Ordered.ANSWER_SHARE, content, alone=True)


def states(world: World) -> list[tuple[str, int, str]]:
    rules = list_rules(world.system("operator"), registry=world.registry)["rules"]
    return [(each["code"], each["version"], each["state"]) for each in rules]


def request_on(code: str, item: str, *fields: str) -> dict[str, Any]:
    wanted = [{"certificate_type": "food_operation_permit", "fields": list(fields)}]
    basis = {"kind": "statutory", "reference": code}
    return statutory_request(types=wanted, basis=basis, item_code=item)


def test_sheet_is_put_in_one_act_and_each_provider_answers_once_for_all_its_lines(hub_world: World) -> None:
    _begin(hub_world)
    wider = SHEET.replace("business_items,,2020", "business_items；floor_area,,2020")
    shown = dry(hub_world, wider)
    assert [(each["code"], each["change"]) for each in shown["lines"]] == [("rule-1", "widened"), ("rule-2", "added")]
    assert (shown["lines"][0]["fields_added"], shown["lines"][0]["changed"]) == (
        ["food_operation_permit:floor_area"], ["fields"],
    )  # fmt: skip
    done = put(hub_world, wider)
    assert (done["difference"], [each["version"] for each in done["put"]]) == (shown["difference"], [2, 1])
    (task,) = hub_world.inbox(kind="sharing_asked", state="open")
    assert (task["facts"], task["due_on"]) == ({"sheet": done["act_id"], "lines": 2}, "2026-12-07")
    with refused("field_not_covered"):
        hub_world.pull(request_on("rule-1", "440112001", "floor_area"))
    assert [each["state"] for each in answer(hub_world, done)["lines"]] == ["approved", "approved"]
    assert hub_world.inbox(kind="sharing_asked", state="open") == []
    assert hub_world.pull(request_on("rule-1", "440112001", "floor_area"))["delivery"]
    assert hub_world.pull(request_on("rule-2", "440112002", "floor_area"))["delivery"]


def test_what_narrows_stands_at_once_and_what_is_the_same_is_put_no_second_time(world: World) -> None:
    narrower = "\n".join((HEADER, FIRST.replace("legal_representative；", "")))
    done = put(world, narrower)
    assert (done["lines"][0]["change"], done["lines"][0]["fields_ended"]) == (
        "narrowed", ["food_operation_permit:legal_representative"],
    )  # fmt: skip
    assert states(world)[-1] == ("rule-1", 2, "approved")
    again = put(world, narrower)
    assert (again["lines"], again["counts"]["unchanged"], again["put"]) == ([], 1, [])
    last = put(world, narrower.replace("2020/1/1,,", "2020/1/1,2026/12/31,"))["lines"][0]
    assert (last["change"], last["until_on"]) == ("ended", "2026-12-31")


def test_sheet_that_fewer_than_two_persons_approved_is_refused_and_leaves_nothing(world: World) -> None:
    content = of(SHEET, difference=dry(world, SHEET)["difference"])
    with refused_whole(world, "approvals_needed"):
        order(world, content)
    verified = _ordered(world, content)
    with refused_whole(world, "approvals_needed"):
        order(world, content, world.approved(verified)[:1], verified=verified)
    with refused("statement_replayed"):
        order(world, content, world.approved(verified), verified=verified)


def test_sheet_whose_difference_is_another_by_now_is_refused_and_spends_no_approval(world: World) -> None:
    content = of(SHEET, difference=dry(world, SHEET)["difference"])
    verified = _ordered(world, content)
    approvals = world.approved(verified)
    with refused_whole(world, "difference_changed"):
        order(world, of(SHEET), approvals)
    world.share(fields={"food_operation_permit": ["business_items"]})
    with refused_whole(world, "difference_changed"):
        order(world, content, approvals, verified=verified)


def test_approval_of_a_line_or_of_another_sheet_approves_no_sheet(world: World) -> None:
    content = of(SHEET, difference=dry(world, SHEET)["difference"])
    verified, other = _ordered(world, content), _ordered(world, content)
    line = world.order(Ordered.SHARE, content, system="operator")
    with refused("approval_act"):
        world.verified_approvals([each.jws for each in world.approved(line)], verified)
    with refused("approval_content"):
        world.verified_approvals([each.jws for each in world.approved(other)], verified)


def test_line_that_the_sheet_leaves_out_is_told_and_ends_only_when_the_sheet_is_whole(world: World) -> None:
    alone = "\n".join((HEADER, SECOND))
    shown = dry(world, alone)
    assert (shown["left_out"], shown["counts"]["removed"]) == (["rule-1"], 0)
    done = put(world, alone, whole=True)
    assert [(each["code"], each["change"]) for each in done["lines"]] == [("rule-2", "added"), ("rule-1", "removed")]
    assert world.pull(statutory_request())["delivery"]
    world.pass_days(1)
    with refused("rule_not_in_force"):
        world.pull(statutory_request(case_number="2026-0002"))


def test_line_is_compared_with_what_counts_until_a_later_version_takes_its_place(world: World) -> None:
    world.share(fields={"business_licence": []}, from_on="2027-01-01")
    other = FIRST.replace("rule-1", "rule-3").replace("legal_representative；", "")
    with refused("fields_wrong", ("row 2.code (rule-1)", "conflicts")):
        dry(world, "\n".join((HEADER, other)))
    with refused("rule_conflicts"):
        world.share(code="rule-3", fields={"food_operation_permit": ["business_items"]})
    assert dry(world, "\n".join((HEADER, other.replace("2020/1/1", "2027/1/1"))))["counts"]["added"] == 1


def test_line_that_only_waits_is_told_and_left_to_its_providers_by_a_whole_sheet_too(world: World) -> None:
    world.put_rule(sharing_rule(code="rule-9", item_code="440112009"), system="health")
    shown = dry(world, "\n".join((HEADER, FIRST)), whole=True)
    assert (shown["lines"], shown["counts"]["removed"], shown["left_out"]) == ([], 0, ["rule-9"])
    assert dry(world, SHEET)["left_out"] == ["rule-9"]


ROWS: dict[str, tuple[tuple[str, str], str, str]] = {
    "a type nobody knows": (("business_licence", "dog_licence"), "row 3.fields", "type_unknown"),
    "a law that changes": ((SECOND_TYPE, SECOND_TYPE.replace("第2条", "第3条")), "row 4.legal_basis", "differs"),
    "a type twice": (("business_licence,", "food_operation_permit,"), "row 4.certificate_type", "twice"),
    "a requester nobody enrolled": (
        (f"rule-2,{HEALTH}", "rule-2,91442000EXAMPLE003"), "row 3.requester", "department_unknown",
    ),
    "a cap that is no number": ((",20,", ",many,"), "row 3.daily_cap", "form"),
    "a column nobody knows": (("每日上限", "颜色"), "column 14", "unknown"),
    "a case form that is slow": ((FIRST, FIRST.replace(r"\d{4}-\d{4}", "(a+)+")), "row 2.case_pattern", "form"),
    "one code for two lines": ((f"rule-2,{HEALTH}", f"rule-1,{HEALTH}"), "row 3.item_code", "differs"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_wrong_row_is_refused_by_row_and_rule(world: World, name: str) -> None:
    (before, after), place, rule = ROWS[name]
    assert before in SHEET
    with refused("fields_wrong", (place, rule)):
        dry(world, SHEET.replace(before, after))


def test_row_wider_than_the_class_of_its_type_is_refused(world: World) -> None:
    with refused("fields_wrong", ("row 2.sharing_class", "class_wider")):
        dry(world, "\n".join((HEADER, SECOND.replace("有条件", "无条件"))))


def test_lines_that_contradict_are_refused_by_their_rows_and_by_the_recorded_one(world: World) -> None:
    other = FIRST.replace("rule-1", "rule-3").replace("legal_representative；", "")
    with refused("fields_wrong", ("row 3.code (row 2)", "conflicts")):
        dry(world, "\n".join((HEADER, FIRST, other)))
    with refused("fields_wrong", ("row 2.code (rule-1)", "conflicts")):
        dry(world, "\n".join((HEADER, other)))
    moved = "\n".join((HEADER, other.replace("2020/1/1", "2026/12/1")))
    assert dry(world, moved, whole=True)["counts"]["removed"] == 1


def test_wider_version_that_waits_takes_no_place_of_the_one_that_stands(world: World) -> None:
    elsewhere = FIRST.replace("food_operation_permit,legal_representative；business_items", "business_licence,")
    other = FIRST.replace("rule-1", "rule-3").replace("legal_representative；", "")
    with refused("fields_wrong", ("row 3.code (row 2)", "conflicts")):
        dry(world, "\n".join((HEADER, elsewhere, other)))


def test_export_is_the_sheet_that_was_put(world: World) -> None:
    answer(world, put(world, SHEET))
    world.share(code="rule-3", item_code="440112003", case_pattern="-{1}[0-9]{4}", reviewer=OPERATOR, many_holders=True)
    exported = b"".join(export_rules(world.system("operator"), registry=world.registry, now=world.now)).decode()
    again = dry(world, exported)
    assert (again["lines"], again["counts"]["unchanged"], again["left_out"]) == ([], 3, [])
    assert len(exported.splitlines()) == 5
    own = b"".join(export_rules(world.system("market"), registry=world.registry, now=world.now)).decode()
    assert own == exported


def test_provider_that_answered_one_line_alone_signs_anew_for_the_rest_and_its_task_waits(world: World) -> None:
    third = SECOND.replace("rule-2", "rule-3").replace("440112002", "440112003")
    done = put(world, f"{SHEET}{third}\n")
    seen = list_waiting_lines(done["act_id"], world.system("market"), registry=world.registry)["lines"]
    world.answer_rule(1, code="rule-2")
    assert len(world.inbox(kind="sharing_asked", state="open")) == 1
    with refused("difference_changed"):
        world.give(Ordered.ANSWER_SHARE, {"sheet": done["act_id"], "lines": seen, "answer": "approve"}, alone=True)
    answer(world, done, "refuse", reason="no_legal_basis", words="示例")
    assert states(world)[1:] == [("rule-2", 1, "approved"), ("rule-3", 1, "refused")]
    assert world.inbox(kind="sharing_asked", state="open") == []
    with refused("rule_not_found"):
        answer(world, done)


def test_only_a_provider_of_the_sheet_answers_it_and_neither_ends_nor_confirms_it(world: World) -> None:
    done = put(world, SHEET)
    with refused("rule_not_found"):
        list_waiting_lines(done["act_id"], world.system("health"), registry=world.registry)
    with refused("fields_wrong", ("answer", "choice")):
        answer(world, done, "end", reason="misused", words="示例")
    assert digest_of_lines("a", []) != digest_of_lines("b", [])


def test_silence_of_a_provider_on_a_sheet_is_one_task_of_the_operator(world: World) -> None:
    third = SECOND.replace("rule-2", "rule-3").replace("440112002", "440112003")
    done = put(world, f"{SHEET}{third}\n")
    world.now += timedelta(days=15)
    assert escalate_silent(registry=world.registry, now=world.now) == 2
    assert len(world.inbox("operator", kind="sharing_silent", state="open")) == 1
    world.answer_rule(1, code="rule-2")
    assert len(world.inbox("operator", kind="sharing_silent", state="open")) == 1
    answer(world, done)
    assert world.inbox("operator", kind="sharing_silent", state="open") == []


def test_same_sheet_sent_again_is_answered_the_same_and_its_statement_is_spent(world: World) -> None:
    content = of(SHEET, difference=dry(world, SHEET)["difference"])
    verified = _ordered(world, content)
    approvals = world.approved(verified)
    first = order(world, content, approvals, verified=verified, key="a-key-1234")
    assert order(world, content, approvals, verified=verified, key="a-key-1234") == first
    with refused("difference_changed"):
        order(world, content, approvals, verified=verified, key="b-key-1234")


def test_bundle_of_a_pull_on_a_line_of_a_sheet_proves_sheet_and_both_persons(world: World) -> None:
    answer(world, put(world, SHEET))
    pulled = world.pull(request_on("rule-2", "440112002", "floor_area"))
    made = Made(world, bundled(world, pulled["delivery"]))
    code, lines = found(made.raw, world.installation.anchor)
    assert (code, "OK      basis/rule.jws" in lines) == (HOLDS, True), lines
    alone = made.files | {"basis/rule_approval_2.jws": made.files["basis/rule_approval.jws"]}
    assert "FAIL    basis/rule.jws" in found(made.signed_again(alone), world.installation.anchor)[1]
    other = made.files | {"basis/sheet.json": orjson.dumps({"lines": ["ab" * 32]})}
    assert "FAIL    basis/rule.jws" in found(made.signed_again(other), world.installation.anchor)[1]


def test_audit_names_a_line_of_a_sheet_that_was_changed_and_one_that_nobody_approved(unchecked: World) -> None:
    done = put(unchecked, SHEET)
    rule = tables.sharing_rule
    changes = update(rule).where(rule.c.code == "rule-2").values(legal_basis="别的法", state="approved")
    unchecked.registry.database.write(lambda connection: connection.execute(changes))
    unchecked.log.round(unchecked.now)
    with unchecked.registry.database.read() as connection:
        assert find_faults(unchecked, connection) == [
            f"sheet {done['act_id']}: its lines are not those that were entered",
            "line rule-2 version 1: stands without its providers",
        ]


def test_audit_names_a_sheet_whose_approvals_are_not_there_any_more(unchecked: World) -> None:
    done = put(unchecked, SHEET)
    approval = tables.approval
    of_sheet = approval.c.change == Change.SHARE_SHEET
    unchecked.registry.database.write(lambda connection: connection.execute(delete(approval).where(of_sheet)))
    unchecked.log.round(unchecked.now)
    with unchecked.registry.database.read() as connection:
        faults = find_faults(unchecked, connection)
    assert [each.partition(": ")[2] for each in faults] == [
        "not approved by two persons of different duties",
        "its lines are not those that were entered",
    ]
    assert faults[1].startswith(f"sheet {done['act_id']}")
