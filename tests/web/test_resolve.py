"""The door of any code: from what a person holds to the page, a choice, or the one step that is left."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.store.database import Database
from hub.store.subject import SubjectWriter
from schemas.identifiers import make_licence_number, make_reference, make_site_id
from schemas.statement import Ordered
from tests.flows.world import HEALTH, MARKET, ORIGIN, SHOP, World, food_number, food_order, licence_order, make_world
from tests.web.served import Door, client_of, issue, served

NOBODY = make_licence_number("91442000", "MA00009X")
UNKNOWN = str(make_reference(bytes(16)))
DEVICE, SITE = "31104420002026000010", make_site_id(bytes(range(8)))
SITE_REFERENCE, DEVICE_REFERENCE = (str(make_reference(bytes([number] * 16))) for number in (1, 2))
RETIRED_SHOP = make_licence_number("91442000", "MA0000R1")
PAGE, JSON = {"accept": "text/html"}, {"accept": "application/json"}


@pytest.fixture(scope="module")
def made(door: Door) -> dict[str, Any]:
    """What stands in the hub: a licensed shop with a permit, a number used twice, a site, a device, a retired code."""
    market, health = client_of(door, "market"), client_of(door, "health")
    licence, permit = issue(market, licence_order()), issue(market, food_order())
    twice = [
        issue(client, food_order(certificate_number=food_number(7), issuing_body=body))
        for client, body in ((market, MARKET), (health, HEALTH))
    ]
    lost = issue(market, licence_order(licence_number=RETIRED_SHOP))
    order = {
        "licence_number": RETIRED_SHOP, "reference": lost["holder_reference"], "issuing_body": MARKET,
    }  # fmt: skip
    replaced = market.order(
        "/api/v1/references", Ordered.RETIRE, order, officer="m-001", second_officer="m-002", issuing_body=MARKET
    )
    door[1].registry.database.write(lambda connection: _add_subjects(SubjectWriter(connection)))
    return {"licence": licence, "permit": permit, "twice": twice, "replaced": replaced}


def _add_subjects(writer: SubjectWriter) -> None:
    for kind, name, reference in (("site", SITE, SITE_REFERENCE), ("device", DEVICE, DEVICE_REFERENCE)):
        writer.add(
            {"subject_id": name, "kind": kind, "reference": reference, "holder": SHOP, "name": "示例分店",
             "address": "中山市示例路2号", "from_on": date(2026, 1, 5), "issuing_body": MARKET, "ended_on": None,
             "recorded_at": datetime.now(UTC), "act_id": f"act-{name}"}
        )  # fmt: skip


def _get(door: Door, code: str, **given: Any) -> httpx.Response:
    return door[0].get("/resolve", params={"code": code, **given}, headers=PAGE)


# --- what leads to a page ---------------------------------------------------------------------------------------


def test_every_code_of_an_enterprise_leads_to_its_page(door: Door, made: dict[str, Any]) -> None:
    reference = made["permit"]["holder_reference"]
    codes = [
        SHOP, SHOP.lower(), f"统一社会信用代码：{SHOP}", reference, reference.lower(),
        f"http://HUB.EXAMPLE.TEST/Q/{reference}", f"hub.example.test/q/{reference}",
    ]  # fmt: skip
    answers = [_get(door, code) for code in codes]
    assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, f"/q/{reference}")}


def test_every_code_of_a_certificate_leads_to_its_page(door: Door, made: dict[str, Any]) -> None:
    reference = made["permit"]["reference"]
    number = food_number(1)
    codes = [made["permit"]["identifier"], number, number.lower(), f"证照编号 ：{number}", reference]
    codes += [f"{ORIGIN}/c/{reference}", f"{ORIGIN}/q/{reference}"]
    assert {_get(door, code).headers["location"] for code in codes} == {f"/c/{reference}"}


def test_site_and_device_lead_to_their_pages(door: Door, made: dict[str, Any]) -> None:
    expected = {SITE: f"/s/{SITE_REFERENCE}", f"{ORIGIN}/S/{SITE_REFERENCE}": f"/s/{SITE_REFERENCE}"}
    expected |= {DEVICE: f"/d/{DEVICE_REFERENCE}", DEVICE_REFERENCE: f"/d/{DEVICE_REFERENCE}"}
    assert {code: _get(door, code).headers["location"] for code in expected} == expected


def test_language_that_was_chosen_goes_along(door: Door, made: dict[str, Any]) -> None:
    reference = made["permit"]["holder_reference"]
    assert _get(door, SHOP, lang="en").headers["location"] == f"/q/{reference}?lang=en"
    assert _get(door, SHOP, lang="//evil.com").headers["location"] == f"/q/{reference}"


def test_form_is_posted_and_answered_alike(door: Door, made: dict[str, Any]) -> None:
    response = door[0].post("/resolve", data={"code": SHOP, "lang": "en"}, headers=PAGE)
    assert response.headers["location"] == f"/q/{made['permit']['holder_reference']}?lang=en"
    followed = door[0].get(response.headers["location"])
    assert (followed.status_code, "Compare with the door" in followed.text) == (200, True)


# --- what leaves a choice or a step -----------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "name"), [("zh", "食品经营许可证"), ("en", "Food")])
def test_number_of_two_bodies_is_a_choice(door: Door, made: dict[str, Any], language: str, name: str) -> None:
    page = _get(door, food_number(7), lang=language)
    told = door[0].get("/resolve", params={"code": food_number(7)}, headers=JSON).json()
    assert page.status_code == 200
    assert name in page.text
    assert all(f'href="/c/{each["reference"]}?lang={language}"' in page.text for each in made["twice"])
    assert {each["opens"] for each in told["choices"]} == {f"/c/{each['reference']}" for each in made["twice"]}
    assert (told["kind"], {each["issuing_body"] for each in told["choices"]}) == ("choice", {MARKET, HEALTH})


@pytest.mark.parametrize(
    ("code", "kind", "zh", "en"),
    [
        ("https://gd.gsxt.gov.cn/%7BABC-1%7D", "system", "国家企业信用信息公示系统", "licence number printed"),
        ("http://gsxt.gzaic.gov.cn/x", "system", "广州市商事主体信息公示平台", "another system"),
        ("企业码", "system", "企业码（经营主体身份码）", "Enterprise code"),
        ("粤商码", "system", "粤商码", "merchant code"),
        ("441900001868015", "registration_number", "15 位注册号", "former licence"),
        (f"https://evil.example/q/{UNKNOWN}", "other_origin", "这不是本平台的网址", "not an address of this hub"),
        ("https://evil.example/x", "address", "其他网站的网址", "another site"),
        (f"{SHOP} {NOBODY}", "ambiguous", "不止一个代码", "more than one code"),
        (f"{SHOP}\u202e", "hidden", "看不见的字符", "cannot be seen"),
        ("9" * 2001, "too_long", "内容太长", "too long"),
    ],
)
def test_step_that_is_left_is_told_in_both_languages(
    door: Door, made: dict[str, Any], code: str, kind: str, zh: str, en: str
) -> None:
    pages = [_get(door, code, lang=language) for language in ("zh", "en")]
    told = door[0].get("/resolve", params={"code": code}, headers=JSON).json()
    assert [page.status_code for page in pages] == [200, 200]
    assert (zh in pages[0].text, en in pages[1].text, told["kind"]) == (True, True, kind)
    assert 'name="code"' in pages[0].text
    assert all("evil.example/" not in page.text for page in pages)


def test_only_link_to_another_host_is_the_official_site_of_our_data(door: Door) -> None:
    page = _get(door, "http://gsxt.gdgs.gov.cn/aiccips/GSpublicity/GSpublicityList.html?x=1").text
    assert 'href="https://www.gsxt.gov.cn/" rel="noreferrer noopener external">www.gsxt.gov.cn<' in page
    assert page.count("://") == 1


@pytest.mark.parametrize("path", ["/", "/search", "/resolve"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_has_the_one_box(door: Door, path: str, language: str) -> None:
    page = door[0].get(path, params={"lang": language}, headers=PAGE)
    assert (page.status_code, page.text.count('action="/resolve"')) == (200, 1)


# --- what is not found ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "problem"),
    [
        (UNKNOWN, 404, "reference_not_found"),
        (f"{ORIGIN}/c/{UNKNOWN}", 404, "reference_not_found"),
        (NOBODY, 404, "licence_number_not_found"),
        ("91442000789438199N", 422, "licence_number_check"),
        ("JY24420000099999", 404, "code_not_found"),
        ("中山示例餐饮有限公司", 404, "code_not_found"),
        (f"{ORIGIN}/verify", 404, "code_not_found"),
        ("1.2.156.3005.2.x", 422, "code_mistyped"),
        ("'; DROP TABLE chain; --", 404, "code_not_found"),
        ("<script>alert(1)</script>", 404, "code_not_found"),
    ],
)
def test_what_nobody_has_is_told_in_both_forms(door: Door, code: str, status: int, problem: str) -> None:
    told = door[0].get("/resolve", params={"code": code}, headers=JSON)
    page = _get(door, code)
    assert (told.status_code, told.json()["code"], page.status_code) == (status, problem, status)
    assert "<script>" not in page.text
    assert status == 422 or "不代表" in told.json()["title"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"code=" + b"9" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"code=" + b"9" * 60_000, "application/x-www-form-urlencoded", 200),
        ("code=示例".encode(), "application/x-www-form-urlencoded", 400),
        (b"&".join([b"a=1"] * 20), "application/x-www-form-urlencoded", 400),
        (b"code=%ff%00", "application/x-www-form-urlencoded", 200),
        (b"{}", "application/json", 415),
        (b"", "application/x-www-form-urlencoded", 200),
    ],
)
def test_hostile_form_is_refused(door: Door, content: bytes, kind: str, status: int) -> None:
    assert door[0].post("/resolve", content=content, headers={"content-type": kind}).status_code == status


def test_answers_are_not_kept_and_name_no_code_in_the_metrics(door: Door, made: dict[str, Any]) -> None:
    answers = [_get(door, code) for code in (SHOP, NOBODY, "粤商码", "")]
    assert {each.headers["cache-control"] for each in answers} == {"no-store"}
    assert SHOP not in door[0].get("/metrics").text


# --- a retired code ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["text/html", "application/json", "application/jwt"])
def test_retired_reference_says_so_and_nothing_else(door: Door, made: dict[str, Any], accept: str) -> None:
    replaced = made["replaced"]
    response = door[0].get(f"/q/{replaced['retired'].lower()}", headers={"accept": accept})
    assert response.status_code == 410
    assert all(hidden not in response.text for hidden in (replaced["reference"], RETIRED_SHOP, "示例餐饮"))
    assert "停用" in response.text
    assert door[0].get(f"/q/{replaced['reference']}", headers=JSON).status_code == 200


def test_retired_reference_tells_its_day(door: Door, made: dict[str, Any]) -> None:
    path, day = f"/q/{made['replaced']['retired']}", datetime.now(UTC) + timedelta(hours=8)
    assert door[0].get(path, headers=JSON).json()["retired_on"] == day.date().isoformat()
    assert f"停用日期：{day.year}年{day.month}月{day.day}日" in door[0].get(path, headers=PAGE).text
    assert "Retired on" in door[0].get(f"{path}?lang=en", headers=PAGE).text


def test_retired_reference_is_no_certificate_and_leads_where_it_is_told(door: Door, made: dict[str, Any]) -> None:
    retired = made["replaced"]["retired"]
    assert door[0].get(f"/c/{retired}", headers=JSON).json()["code"] == "reference_not_found"
    assert _get(door, retired).headers["location"] == f"/q/{retired}"
    assert door[0].get(f"/sheet/{retired}", headers=JSON).json()["code"] == "reference_retired"


# --- the sheet --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "sentence"), [("zh", "真码打开的网址以"), ("en", "genuine address begins with")])
def test_sheet_frames_name_code_domain_and_what_is_genuine(
    door: Door, made: dict[str, Any], language: str, sentence: str
) -> None:
    reference = made["permit"]["holder_reference"]
    page = door[0].get(f"/sheet/{reference}", params={"lang": language, "site": SITE}, headers=PAGE).text
    grouped = " ".join(reference[start : start + 4] for start in range(0, 26, 4))
    wanted = ["中山示例餐饮有限公司", grouped, "hub.example.test", f"{ORIGIN}/", "TEST", "<svg", "示例分店", SHOP]
    assert [text for text in [*wanted, sentence] if text not in page] == []
    assert "<script" not in page


def test_sheet_of_a_certificate_and_of_several(door: Door, made: dict[str, Any]) -> None:
    references = made["permit"]["reference"], made["licence"]["holder_reference"]
    page = door[0].get(f"/sheet/{references[0]}", params={"also": references[1]}, headers=PAGE).text
    assert (page.count("<figure>"), 'class="many"' in page, "食品经营许可证" in page) == (2, True, True)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/sheet/{UNKNOWN}", "reference_not_found"),
        ("/sheet/x", "reference_not_found"),
        (f"/sheet/{{}}?site={DEVICE}", "subject_unknown"),
        ("/sheet/{}?site=S-00000000000A", "subject_unknown"),
        ("/sheet/{}?site=%00", "subject_unknown"),
        ("/sheet/{}?" + "also=x&" * 60, "request_form"),
    ],
)
def test_sheet_of_what_there_is_not_is_refused(door: Door, made: dict[str, Any], path: str, code: str) -> None:
    response = door[0].get(path.format(made["permit"]["holder_reference"]), headers=JSON)
    assert response.json()["code"] == code


# --- limits -----------------------------------------------------------------------------------------------------


@pytest.fixture
def strict(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[httpx.Client, World]]:
    """A hub of its own that allows three misses, on SQLite: limits are counted in memory."""
    path = tmp_path / "hub.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with closing(Database(f"sqlite:///{path}")) as database:
        world = make_world(database, tmp_path, datetime.now(UTC) - timedelta(seconds=20))
        with served(f"sqlite:///{path}", tmp_path, search_misses="3/hour") as client:
            yield client, world


def test_misses_of_every_kind_count_in_one_window_with_those_of_the_search_door(
    strict: tuple[httpx.Client, World],
) -> None:
    client, _ = strict
    statuses = [client.get("/resolve", params={"code": code}).status_code for code in (NOBODY, "JY00", UNKNOWN)]
    assert statuses == [404, 404, 404]
    assert client.get("/resolve", params={"code": "粤商码"}).status_code == 429
    assert client.get("/search", params={"licence_number": SHOP}).status_code == 429
    assert client.get(f"/sheet/{UNKNOWN}").status_code == 429


def test_step_is_no_miss(strict: tuple[httpx.Client, World]) -> None:
    client, _ = strict
    assert {client.get("/resolve", params={"code": "粤商码"}).status_code for _ in range(6)} == {200}


@pytest.fixture
def without_search(sqlite_template: Path, tmp_path: Path) -> Iterator[Door]:
    """A hub whose searching is switched off."""
    path = tmp_path / "hub.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with closing(Database(f"sqlite:///{path}")) as database:
        world = make_world(database, tmp_path, datetime.now(UTC) - timedelta(seconds=20))
        with served(f"sqlite:///{path}", tmp_path, search_on=False) as client:
            yield client, world


def test_only_references_are_resolved_where_searching_is_off(without_search: Door) -> None:
    issued = issue(client_of(without_search, "market"), food_order())
    numbers = (SHOP, food_number(1), issued["identifier"])
    answers = [without_search[0].get("/resolve", params={"code": code}, headers=JSON).json() for code in numbers]
    assert {each["code"] for each in answers} == {"search_off"}
    assert _get(without_search, issued["reference"]).headers["location"] == f"/c/{issued['reference']}"


@pytest.mark.parametrize(("language", "said"), [("zh", "这是手机上出示的活码"), ("en", "This is a live code")])
def test_a_live_code_that_is_pasted_to_be_verified_leads_to_where_it_is_entered(
    door: Door, language: str, said: str
) -> None:
    page = door[0].post(f"/verify?lang={language}", data={"text": "yz-" + "0" * 26})
    assert (page.status_code, said in page.text, 'href="/resolve"' in page.text) == (200, True, True)
    told = door[0].post("/api/v1/verifications", content=b"YZ-" + b"0" * 26).json()
    assert (told["outcome"], told["reason"], told["opens"]) == (None, "live_code", ["/resolve"])
