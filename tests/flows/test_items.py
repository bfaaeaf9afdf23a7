"""Stories of the item catalogue: what is put, what its difference is, and every contradiction refused by its place."""

from base64 import b64encode
from typing import Any

import pytest

from hub.sharing.items.putting import list_items
from tests.flows.items import ITEM, item, material, put
from tests.flows.refusals import refused, refused_whole
from tests.flows.world import HEALTH, MARKET, SHOP, World

SHEET = f"""事项编码,版本,事项名称,事项英文名称,实施部门统一社会信用代码,生效日期,失效日期,材料编码,材料名称,材料英文名称,多选一组,容缺工作日,证照类型,预填
1001,1,示例事项,Example item,{HEALTH},2026/1/1,,A,营业执照,Licence,,,business_licence,applicant=holder_name; who=legal_representative
1001,1,示例事项,Example item,{HEALTH},2026/1/1,,B,经营许可,Permit,one,10,food_operation_permit,items=business_items
1001,1,示例事项,Example item,{HEALTH},2026/1/1,,B,经营许可,Permit,one,10,packaged_food_filing,
1001,1,示例事项,Example item,{HEALTH},2026/1/1,,C,书面承诺,Paper,one,,,
"""  # noqa: E501
_ASKED = f"""1001,1,示例事项,Example item,{HEALTH},2026/1/1,,,,,,,food_operation_permit,,area-60,不少于,floor_area,60
1001,1,示例事项,Example item,{HEALTH},2026/1/1,,,,,,,food_operation_permit,,valid,valid_on,,
"""
ASKING = SHEET.replace("预填\n", "预填,判断编码,判断种类,判断字段,判断参数\n").replace(
    "\n1001,1,示例事项", ",,,,\n1001,1,示例事项"
)
ASKING = ASKING.replace("参数,,,,", "参数").removesuffix("\n") + ",,,,\n" + _ASKED
LICENCE = material("licence", "business_licence")
_FIRST = "items[0].materials[0]"
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a type nobody knows": (
        {"materials": [material("a", "dog_licence")]}, f"{_FIRST}.types[0].certificate_type", "type_unknown",
    ),
    "a field not of the type": (
        {"materials": [material("a", "business_licence", {"x": "colour"})]}, f"{_FIRST}.types[0].prefill",
        "field_unknown",
    ),
    "a field that is never shared": (
        {"materials": [material("a", "entertainment_venue_filing", {"x": "surveillance_points"})]},
        f"{_FIRST}.types[0].prefill", "not_shared",
    ),
    "a group of one": ({"materials": [LICENCE | {"group": "g"}]}, f"{_FIRST}.group", "group_of_one"),
    "one material twice": ({"materials": [LICENCE, LICENCE]}, "items[0].materials[1].code", "twice"),
    "no material": ({"materials": []}, "items[0].materials", "missing"),
    "no day to follow": ({"materials": [LICENCE | {"deferrable_days": 0}]}, f"{_FIRST}.deferrable_days", "form"),
    "an end before its beginning": ({"until_on": "2019-12-31"}, "items[0].until_on", "reversed"),
    "a second version without a first": ({"version": 2}, "items[0].version", "version_gap"),
    "a department nobody enrolled": ({"department": SHOP}, "items[0].department", "department_unknown"),
    "a member nobody knows": ({"colour": "red"}, "items[0].content", "unknown"),
}  # fmt: skip
ROWS: dict[str, tuple[tuple[str, str], str, str]] = {
    "a type nobody knows": (("packaged_food_filing", "dog_licence"), "row 4.certificate_type", "type_unknown"),
    "a field not of the type": (("items=business_items", "items=colour"), "row 3.prefill", "field_unknown"),
    "a group of one": (("Paper,one", "Paper,"), "row 3.group", "group_of_one"),
    "a name that changes": (("C,书面承诺,Paper", "B,书面承诺,Permit"), "row 5.name_zh", "differs"),
    "a day that changes": (("2026/1/1,,A", "2026/1/2,,A"), "row 3.from_on", "differs"),
    "a column nobody knows": (("容缺工作日", "颜色"), "column 12", "unknown"),
    "no column of versions": (("事项编码,版本", "事项编码,多余"), "column 2", "unknown"),
}


def test_dry_run_shows_the_difference_and_writes_nothing(hub_world: World) -> None:
    shown = put(hub_world, item(), dry_run=True)
    assert shown["added"] == [
        {"code": ITEM, "version": 1, "name_zh": "公共场所卫生许可", "materials": ["licence", "food"], "predicates": []}
    ]
    assert list_items(registry=hub_world.registry, now=hub_world.now) == {"items": []}


def test_items_are_put_in_one_act_as_the_dry_run_showed_them(hub_world: World) -> None:
    shown = put(hub_world, item(), dry_run=True)
    done = put(hub_world, item(), difference=shown["difference"])
    assert (done["added"], done["difference"]) == (shown["added"], shown["difference"])
    (listed,) = list_items(registry=hub_world.registry, now=hub_world.now)["items"]
    assert listed == item() | {"in_force": True}


def test_order_that_would_do_something_else_than_was_shown_is_refused(hub_world: World) -> None:
    shown = put(hub_world, item(), dry_run=True)
    put(hub_world, item())
    with refused("difference_changed"):
        put(hub_world, item(), difference=shown["difference"])


def test_next_version_ends_the_one_before_and_both_are_kept(hub_world: World) -> None:
    put(hub_world, item())
    following = item(version=2, from_on="2026-11-01", materials=[LICENCE, material("paper", None)])
    changed = put(hub_world, item(), following)
    assert changed["ended"] == [{"code": ITEM, "version": 1, "name_zh": "公共场所卫生许可", "until_on": "2026-10-31"}]
    (each,) = changed["changed"]
    assert (each["follows"], each["materials_added"], each["materials_changed"], each["materials_ended"]) == (
        1, ["paper"], ["licence"], ["food"],
    )  # fmt: skip
    versions = list_items(registry=hub_world.registry, now=hub_world.now, code=ITEM)["items"]
    assert [(one["version"], one["in_force"]) for one in versions] == [(1, False), (2, True)]


def test_item_is_ended_by_its_last_day_and_putting_it_again_changes_nothing(hub_world: World) -> None:
    put(hub_world, item())
    assert put(hub_world, item(until_on="2026-12-31"))["ended"][0]["until_on"] == "2026-12-31"
    again = put(hub_world, item())
    assert (again["ended"], again["unchanged"]) == ([], 1)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_item_is_refused_by_place_and_rule(lasting_world: World, name: str) -> None:
    changes, place, rule = WRONG[name]
    with refused("fields_wrong", (place, rule)):
        put(lasting_world, item(**changes), dry_run=True)


def test_recorded_version_never_changes(hub_world: World) -> None:
    put(hub_world, item())
    with refused("fields_wrong", ("items[0].version", "version_differs")):
        put(hub_world, item(name_zh="另一名称"))


@pytest.mark.parametrize("from_on", ["2020-01-01", "2026-06-30"])
def test_two_versions_on_one_day_are_refused(hub_world: World, from_on: str) -> None:
    with refused("fields_wrong", ("items[1].from_on", "versions_overlap")):
        put(hub_world, item(until_on="2026-06-30"), item(version=2, from_on=from_on))
    put(hub_world, item(until_on="2026-06-30"))
    with refused("fields_wrong", ("items[0].from_on", "versions_overlap")):
        put(hub_world, item(version=2, from_on=from_on))


def test_department_puts_its_own_items_and_no_other(hub_world: World) -> None:
    assert put(hub_world, item(), system="health")["added"]
    with refused_whole(hub_world, "item_not_yours"):
        put(hub_world, item(version=2, from_on="2027-01-01", department=MARKET), system="market")


def test_sheet_is_put_row_by_row(hub_world: World) -> None:
    shown = put(hub_world, sheet=_encoded(SHEET), dry_run=True)
    assert shown["added"][0]["materials"] == ["A", "B", "C"]
    put(hub_world, sheet=_encoded(SHEET), difference=shown["difference"])
    (listed,) = list_items(registry=hub_world.registry, now=hub_world.now)["items"]
    assert [each["certificate_type"] for each in listed["materials"][1]["types"]] == [
        "food_operation_permit", "packaged_food_filing",
    ]  # fmt: skip
    assert listed["materials"][0]["types"][0]["prefill"] == {"applicant": "holder_name", "who": "legal_representative"}
    assert (listed["materials"][1]["deferrable_days"], listed["from_on"]) == (10, "2026-01-01")


@pytest.mark.parametrize("name", ROWS)
def test_wrong_row_is_refused_by_row_and_rule(lasting_world: World, name: str) -> None:
    (before, after), place, rule = ROWS[name]
    assert before in SHEET
    with refused("fields_wrong", (place, rule)):
        put(lasting_world, sheet=_encoded(SHEET.replace(before, after, 1)), dry_run=True)


ASKED_WRONG: dict[str, tuple[tuple[str, str], str, str]] = {
    "a kind nobody knows": (("不少于", "多于"), "row 6.kind", "choice"),
    "a field not of the type": (("floor_area,60", "colour,60"), "row 6.field", "field_unknown"),
    "no number": (("floor_area,60", "floor_area,大"), "row 6.argument", "form"),
    "a question about validity with a field": (("valid_on,,", "valid_on,floor_area,"), "row 7.field", "form"),
    "one code twice": ((",valid,valid_on", ",area-60,valid_on"), "row 2.predicates.code", "twice"),
    "no code": ((",area-60,", ",,"), "row 6.code", "form"),
    "a material beside it": ((",,,,,,,food_operation_permit,,area", ",,A,,,,,food_operation_permit,,area"),
                             "row 6.material_code", "not_here"),
}  # fmt: skip


def test_sheet_carries_the_questions_of_an_item_and_their_difference_is_shown(hub_world: World) -> None:
    shown = put(hub_world, sheet=_encoded(ASKING), dry_run=True)
    assert shown["added"][0]["predicates"] == ["area-60", "valid"]
    put(hub_world, sheet=_encoded(ASKING), difference=shown["difference"])
    (listed,) = list_items(registry=hub_world.registry, now=hub_world.now)["items"]
    area = {"code": "area-60", "kind": "area_at_least", "certificate_type": "food_operation_permit"}
    assert listed["predicates"][0] == area | {"field": "floor_area", "argument": "60"}
    with refused("fields_wrong", ("row 2.version", "version_differs")):
        put(hub_world, sheet=_encoded(ASKING.replace("floor_area,60", "floor_area,61")))
    later = (
        ASKING.replace("1001,1,", "1001,2,").replace("2026/1/1", "2026/12/1").replace("floor_area,60", "floor_area,61")
    )
    (changed,) = put(hub_world, sheet=_encoded(later.replace(",valid,valid_on", ",still,valid_on")), dry_run=True)[
        "changed"
    ]
    told = [changed[f"predicates_{name}"] for name in ("added", "changed", "ended")]
    assert told == [["still"], ["area-60"], ["valid"]]


@pytest.mark.parametrize("name", ASKED_WRONG)
def test_wrong_question_is_refused_by_row_and_rule(lasting_world: World, name: str) -> None:
    (before, after), place, rule = ASKED_WRONG[name]
    assert before in ASKING
    with refused("fields_wrong", (place, rule)):
        put(lasting_world, sheet=_encoded(ASKING.replace(before, after, 1)), dry_run=True)


def test_file_that_is_no_sheet_is_refused(lasting_world: World) -> None:
    with refused("sheet_unreadable"):
        put(lasting_world, sheet=b64encode(b"PK\x03\x04 nothing").decode(), dry_run=True)
    with refused("fields_wrong", ("sheet", "form")):
        put(lasting_world, sheet="示例", dry_run=True)
    with refused("fields_wrong", ("items", "one_of")):
        put(lasting_world, dry_run=True)


def _encoded(sheet: str) -> str:
    return b64encode(sheet.encode()).decode()
