"""Stories of the figures: known acts, counted right, for all and for one department; a frozen sheet stays as it was."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connectors.contract import Row, TabularLimits
from connectors.tabular import open_table
from hub.store import tables
from hub.supervision.figures.cases import list_cases
from hub.supervision.figures.once_a_minute import OnceAMinute
from hub.supervision.figures.present import count_present
from hub.supervision.figures.sheets import Sheets, correct_figure, keep_finished, read_sheet, sheet_csv, sheet_xlsx
from schemas.statement import Ordered
from signing.base64url import encode
from tests.flows.figures_led import copy_decisions
from tests.flows.grant_world import present, redeem_at_window, wrong
from tests.flows.intake_world import Intakes, csv_file, published_row, signed_content, type_row
from tests.flows.plans import asked, plans_of
from tests.flows.refusals import refused
from tests.flows.registry_check import find_faults
from tests.flows.world import (
    HEALTH,
    MARKET,
    SHOP,
    World,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)

# Where the SQL is the same on both databases as that of another story here.
_ONE = pytest.mark.parametrize("unchecked_world", ["sqlite"], indirect=True)


def counted(world: World, code: str, department: str | None = None) -> Mapping[str, Any]:
    """Return a figure's total and, by what they are of, its lines."""
    told = count_present(department, registry=world.registry, now=world.now)
    figure = next(each for each in told["figures"] if each["code"] == code)
    return {"total": figure["total"]} | {each["of"]: each["values"] for each in figure["lines"]}


def test_days_from_the_decision_to_sight_are_counted_by_body(hub_world: World) -> None:
    hub_world.issue(licence_order(decided_on="2026-11-20"))
    hub_world.issue(food_order(decided_on="2026-11-05"))
    figure = counted(hub_world, "decided_to_visible")
    assert figure["total"] == figure[MARKET] == {"count": 2, "p50_days": 3, "p95_days": 18}
    assert counted(hub_world, "published_late")[MARKET] == {"late_publication": 1, "late_delivery": 1}
    assert counted(hub_world, "decided_to_visible", HEALTH)["total"] == {"count": 0}


@_ONE
def test_correction_is_no_decision_and_counts_as_a_correction(hub_world: World) -> None:
    issued = hub_world.issue(food_order(decided_on="2026-11-20"))
    hub_world.issue(food_order(decided_on="2026-11-20", replaces=issued["identifier"], cause="correct"))
    assert counted(hub_world, "decided_to_visible")["total"] == {"count": 1, "p50_days": 3, "p95_days": 3}
    assert counted(hub_world, "corrections")[MARKET] == {"corrected": 1, "voided": 0}


@_ONE
def test_signed_file_is_counted_by_its_wait_and_its_rows_by_no_decision(hub_world: World, tmp_path: Path) -> None:
    intakes, file = Intakes(hub_world, tmp_path), csv_file([type_row(1), type_row(2)])
    name = intakes.admit(file, **signed_content())
    hub_world.now += timedelta(seconds=90)
    intakes.send(name, file)
    intakes.run(name)
    assert counted(hub_world, "filed_to_visible")[MARKET] == {"p50_seconds": 90, "p95_seconds": 90, "count": 1}
    assert counted(hub_world, "decided_to_visible")["total"] == {"count": 0}
    sheet = read_sheet("2026-11", department=None, sheets=Sheets(hub_world.registry), now=hub_world.now)
    assert lines(sheet, "departments")[MARKET]["issued"] == 2


@_ONE
def test_change_of_status_is_counted_from_its_document(hub_world: World) -> None:
    issued = hub_world.issue(food_order())
    hub_world.change(issued["identifier"], "suspend", document_date="2026-11-21")
    assert counted(hub_world, "changed_to_visible")[MARKET] == {"count": 1, "p50_days": 2, "p95_days": 2}


def test_refused_pulls_are_counted_by_reason_without_a_holder(hub_world: World) -> None:
    hub_world.issue(food_order())
    hub_world.share()
    hub_world.pull(statutory_request())
    with refused("case_number_form"):
        hub_world.pull(statutory_request(case_number="XYZ"))
    assert counted(hub_world, "refused_pulls") == {"total": {"count": 1}, "case_number_form": {"count": 1}}
    assert counted(hub_world, "refused_pulls", MARKET)["total"] == {"count": 0}
    assert SHOP not in str(count_present(None, registry=hub_world.registry, now=hub_world.now))


@_ONE
def test_reader_far_above_his_own_past_is_named_and_a_steady_one_is_not(unchecked_world: World) -> None:
    unchecked_world.issue(food_order())
    unchecked_world.share()
    unchecked_world.pull(statutory_request())
    copy_decisions(unchecked_world, 22)
    assert counted(unchecked_world, "unusual_readers")[f"{HEALTH} h-001"] == {"count": 23, "usual": 0}
    assert counted(unchecked_world, "unusual_readers", MARKET)["total"] == {"count": 0}
    unchecked_world.pass_days(10)
    unchecked_world.pull(statutory_request(case_number="2026-0099"))
    assert counted(unchecked_world, "unusual_readers")["total"] == {"count": 0}


@_ONE
def test_what_ends_first_stands_first_among_the_keys(hub_world: World) -> None:
    keys = counted(hub_world, "key_days")
    days = [values["days_left"] for of, values in keys.items() if of != "total"]
    assert days == sorted(days)
    assert keys["total"]["days_left"] == days[0]
    assert {"trust_list", "system:market"} <= keys.keys()
    assert "trust_list" not in counted(hub_world, "key_days", HEALTH)


@_ONE
def test_coverage_counts_the_bodies_in_charge_by_how_far_they_are_recorded(hub_world: World) -> None:
    assert counted(hub_world, "coverage")["food_operation_permit"] == {
        "complete": 0, "partial": 0, "not_connected": 2,
    }  # fmt: skip
    coverage = {"certificate_type": "food_operation_permit", "issuing_body": MARKET, "state": "partial"}
    hub_world.enrol("coverage", **coverage)
    assert counted(hub_world, "coverage", MARKET)["food_operation_permit"]["partial"] == 1


@_ONE
def test_request_to_correct_is_counted_open_and_then_done_and_overdue(hub_world: World) -> None:
    issued = hub_world.issue(food_order())
    content = {"identifier": issued["identifier"], "field": "holder_name", "reason": "示例"}
    hub_world.give(Ordered.ASK_CORRECTION, content, system="health", alone=True)
    assert counted(hub_world, "correction_requests")[MARKET] == {"count": 1, "open": 1}
    hub_world.pass_days(25)
    assert counted(hub_world, "overdue_tasks") == {"total": {"count": 1}, "correction_asked": {"count": 1}}
    case = list_cases("overdue_tasks", MARKET, after="", registry=hub_world.registry, now=hub_world.now)["cases"][0]
    assert (case["who"], case["what"]) == (MARKET, "correction_asked")
    hub_world.issue(food_order(replaces=issued["identifier"], cause="correct"))
    assert counted(hub_world, "correction_requests")[MARKET] == {"count": 1, "open": 0}


@_ONE
@pytest.mark.parametrize("column", ["certificate.decided_on", "undone_by", "pull_decision.reason", "redemption.reason"])
def test_what_several_figures_are_counted_from_is_read_once(hub_world: World, column: str) -> None:
    with asked() as questions:
        count_present(None, registry=hub_world.registry, now=hub_world.now)
    assert len([question for question, _ in questions if f"{column}," in question or f"{column} IS" in question]) == 1


def test_while_one_counts_anew_others_are_handed_the_last_count_and_other_keys_wait_for_nobody() -> None:
    now, counted, seen = datetime(2026, 11, 23, tzinfo=UTC), OnceAMinute[str](), list[str]()
    later = now + timedelta(minutes=1)

    def count_again() -> str:
        seen.append(counted("mine", lambda: "never", later)[1])
        seen.append(counted("another", lambda: "other", later)[1])
        return "second"

    assert counted("mine", lambda: "first", now) == (now, "first")
    assert counted("mine", count_again, later) == (later, "second")
    assert seen == ["first", "other"]


def test_overdue_tasks_are_found_by_the_index_of_open_ones(unchecked_world: World) -> None:
    with asked() as questions:
        counted(unchecked_world, "overdue_tasks")
        list_cases("overdue_tasks", None, after="", registry=unchecked_world.registry, now=unchecked_world.now)
    plans = [*plans_of(unchecked_world, [each for each in questions if "due_on <" in each[0]])]
    assert ["notice_open" in plan for plan in plans] == [True, True]


@_ONE
def test_late_certificates_are_listed_page_by_page(hub_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.supervision.figures.cases.PAGE", 2)
    first = hub_world.issue(licence_order(decided_on="2026-11-03"))["identifier"]
    second = hub_world.issue(food_order(decided_on="2026-11-03"))["identifier"]
    page = listed(hub_world, "")
    assert {each["about"] for each in page["cases"]} == {second}
    following = listed(hub_world, page["after"])
    assert ({each["about"] for each in following["cases"]}, following["after"]) == ({first}, None)


def listed(world: World, after: str) -> Mapping[str, Any]:
    return list_cases("published_late", None, after=after, registry=world.registry, now=world.now)


# --- sheets of months and years ---------------------------------------------------------------------------------


def lines(sheet: Mapping[str, Any], part: str) -> dict[str, Mapping[str, int]]:
    return {each["of"]: each["values"] for each in sheet["parts"][part]}


def test_sheet_of_a_month_adds_up_issue_use_and_what_was_spared(hub_world: World) -> None:
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.share()
    hub_world.pull(statutory_request())
    with refused("case_number_form"):
        hub_world.pull(statutory_request(case_number="XYZ"))
    sheet = read_sheet("2026-11", department=None, sheets=Sheets(hub_world.registry), now=hub_world.now)
    assert (sheet["final"], sheet["corrections"]) == (False, [])
    assert lines(sheet, "departments")[HEALTH] == {
        "issued": 0, "changed": 0, "allowed": 1, "refused": 1, "delivered": 1, "spared": 1,
    }  # fmt: skip
    food = lines(sheet, "items")["food_operation_permit"]
    assert (food["issued"], food["in_force"], food["bodies"]) == (1, 1, 2)
    assert lines(sheet, "seals")["certificate"] == {"count": 2}
    assert lines(sheet, "receipts")["all"]["acts"] > 5
    assert SHOP not in str(sheet)


@_ONE
def test_running_sheet_is_added_up_once_a_minute(hub_world: World) -> None:
    sheets, when = Sheets(hub_world.registry), hub_world.now
    hub_world.issue(licence_order())
    first = read_sheet("2026-11", department=None, sheets=sheets, now=when)
    hub_world.issue(food_order())
    assert read_sheet("2026-11", department=None, sheets=sheets, now=when + timedelta(seconds=59)) == first
    later = read_sheet("2026-11", department=None, sheets=sheets, now=when + timedelta(seconds=60))
    assert [each["areas"][0]["values"]["issued"] for each in (first["parts"], later["parts"])] == [1, 2]


@_ONE
def test_finished_month_stays_as_it_was_made_and_the_next_begins_anew(hub_world: World) -> None:
    hub_world.issue(licence_order())
    hub_world.pass_days(9)
    other = hub_world.another()
    assert [keep_finished(registry=each.registry, now=hub_world.now) for each in (hub_world, other)] == [True, False]
    other.close()
    made = read_sheet("2026-11", department=None, sheets=Sheets(hub_world.registry), now=hub_world.now)
    hub_world.issue(food_order())
    later = read_sheet("2026-12", department=HEALTH, sheets=Sheets(hub_world.registry), now=hub_world.now)
    assert read_sheet("2026-11", department=None, sheets=Sheets(hub_world.registry), now=hub_world.now) == made
    assert (made["final"], lines(later, "items")["food_operation_permit"]["issued"]) == (True, 1)
    assert lines(later, "departments") == {}
    with refused("figure_not_found"):
        read_sheet("2027-01", department=None, sheets=Sheets(hub_world.registry), now=hub_world.now)


@_ONE
def test_kept_sheet_is_not_read_again_only_to_know_that_it_is_there(hub_world: World) -> None:
    hub_world.pass_days(9)
    keep_finished(registry=hub_world.registry, now=hub_world.now)
    with asked() as questions:
        keep_finished(registry=hub_world.registry, now=hub_world.now)
    assert ["content" in question for question, _ in questions] == [False, False]


def correct(world: World, value: int, **changes: Any) -> dict[str, Any]:
    content = {
        "period": "2026-11", "part": "departments", "line": MARKET, "name": "issued", "value": value,
        "reason": "示例：一件为演示数据",
    } | changes  # fmt: skip
    verified = world.order(Ordered.CORRECT_FIGURE, content, system="operator")
    return correct_figure(
        content, verified=verified, system=world.system("operator"), key=encode(secrets.token_bytes(16)),
        registry=world.registry, now=world.now,
    )  # fmt: skip


@_ONE
def test_correction_stands_beside_the_kept_figure_with_date_and_reason(hub_world: World, tmp_path: Path) -> None:
    hub_world.issue(licence_order())
    hub_world.pass_days(9)
    keep_finished(registry=hub_world.registry, now=hub_world.now)
    correct(hub_world, 0)
    sheet = read_sheet("2026-11", department=MARKET, sheets=Sheets(hub_world.registry), now=hub_world.now)
    assert lines(sheet, "departments")[MARKET]["issued"] == 1
    assert [(each["value"], each["recorded_at"][:10]) for each in sheet["corrections"]] == [(0, "2026-12-02")]
    assert "示例：一件为演示数据" in b"".join(sheet_csv(sheet)).decode()
    (tmp_path / "sheet.xlsx").write_bytes(sheet_xlsx(sheet))
    table = open_table(tmp_path / "sheet.xlsx", limits=TabularLimits())
    assert [
        row.values["理由 reason"] for row in table.rows if isinstance(row, Row) and row.values["更正为 corrected"]
    ] == ["示例：一件为演示数据"]
    with refused("figure_same"):
        correct(hub_world, 0)
    with refused("figure_not_found"):
        correct(hub_world, 3, line="nobody")


@_ONE
def test_audit_names_a_kept_sheet_whose_figures_were_changed(unchecked_world: World) -> None:
    unchecked_world.issue(licence_order())
    unchecked_world.pass_days(9)
    registry, table = unchecked_world.registry, tables.figure_sheet
    keep_finished(registry=registry, now=unchecked_world.now)
    content = read_sheet("2026-11", department=None, sheets=Sheets(registry), now=unchecked_world.now)["parts"]
    content["departments"][0]["values"]["issued"] = 7
    changed = update(table).where(table.c.period == "2026-11").values(content=content)
    registry.database.write(lambda connection: connection.execute(changed))
    unchecked_world.log.round(unchecked_world.now)
    with registry.database.read() as connection:
        faults = find_faults(unchecked_world, connection)
    assert faults == [f"figure sheet 2026-11: departments {MARKET} has other figures"]


# --- what is refused, shown twice and in conflict -----------------------------------------------------------------


@pytest.fixture
def shop(hub_world: World) -> World:
    """A shop with licence, permit and electronic business licence."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.make_licence()
    return hub_world


def cases_of(world: World, code: str, department: str | None = None) -> list[tuple[str, str]]:
    """Return who and what of the single cases of a figure."""
    found = list_cases(code, department, after="", registry=world.registry, now=world.now)["cases"]
    return [(each["who"], each["what"]) for each in found]


def test_code_that_was_not_accepted_is_counted_by_its_reason_and_listed_without_its_holder(shop: World) -> None:
    digits = present(shop)["digits"]
    with refused("code_unknown"):
        redeem_at_window(shop, wrong(digits))
    shop.now += timedelta(hours=1)
    with refused("grant_ended"):
        redeem_at_window(shop, digits)
    reasons = {"code_unknown": {"count": 1}, "grant_ended": {"count": 1}}
    assert counted(shop, "refused_codes") == {"total": {"count": 2}} | reasons
    assert cases_of(shop, "refused_codes") == [(HEALTH, "grant_ended"), (HEALTH, "code_unknown")]
    assert (counted(shop, "refused_codes", MARKET)["total"], cases_of(shop, "refused_codes", MARKET)) == (
        {"count": 0}, [],
    )  # fmt: skip
    listed_too = list_cases("refused_codes", HEALTH, after="", registry=shop.registry, now=shop.now)
    assert (len(listed_too["cases"]), SHOP in str(listed_too), digits in str(listed_too)) == (2, False, False)


def test_code_and_grant_that_are_shown_a_second_time_are_counted_and_listed_page_by_page(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = present(shop)
    redeem_at_window(shop, shown["code"])
    with refused("code_redeemed"):
        redeem_at_window(shop, shown["code"], case_number="2026-0002")
    digest = shop.grant(uses=1)
    shop.pull(granted_request(digest))
    shop.now += timedelta(seconds=1)
    with refused("grant_used_up"):
        shop.pull(granted_request(digest))
    assert counted(shop, "shown_twice") == {
        "total": {"count": 2}, "code_redeemed": {"count": 1}, "grant_used_up": {"count": 1},
    }  # fmt: skip
    monkeypatch.setattr("hub.supervision.figures.cases.PAGE", 1)
    first = list_cases("shown_twice", None, after="", registry=shop.registry, now=shop.now)
    second = list_cases("shown_twice", None, after=first["after"], registry=shop.registry, now=shop.now)
    assert [each["cases"][0]["what"] for each in (first, second)] == ["grant_used_up", "code_redeemed"]
    assert second["after"] is None


def test_conflict_of_two_sources_is_counted_open_at_its_body_and_listed(hub_world: World, tmp_path: Path) -> None:
    intakes = Intakes(hub_world, tmp_path)
    intakes.signed([type_row(1)])
    file = csv_file([published_row(1, XK_JDRQ="2026/11/20")])
    intakes.take_in(file, form="publicity", source="publicity", system="health")
    assert counted(hub_world, "conflicts") == {"total": {"count": 1, "open": 1}, MARKET: {"count": 1, "open": 1}}
    assert cases_of(hub_world, "conflicts") == cases_of(hub_world, "conflicts", MARKET) == [(MARKET, "open")]
    assert (counted(hub_world, "conflicts", HEALTH)["total"], cases_of(hub_world, "conflicts", HEALTH)) == (
        {"count": 0, "open": 0}, [],
    )  # fmt: skip
