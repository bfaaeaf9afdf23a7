"""The pages: every state in plain words, both languages, nothing of a stranger's unescaped, nothing from elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from hub.public.examination.forms import read_examined
from hub.public.examination.report import told, without_verdict
from hub.web import problems
from hub.web.pages import LANGUAGES, TEMPLATES, Pages, words
from hub.web.pages.doors import routes
from hub.web.pages.examples import read_examples
from hub.web.pages.language import chosen_language
from hub.web.pages.static import address_of, static_app
from hub.web.problem_table import PROBLEMS
from schemas.wording import COPY_STATES, OUTCOMES, REASONS, STATUSES
from tests.browser.site import states
from tests.web import shown

_PAGES = Pages("test", shown.ORIGIN)
_HOSTILE = "<script>alert('示例')</script>\"'&{{ 7 * 7 }}[[a|b]]"
_HOSTILE_SHOWN = "&lt;script&gt;alert(&#39;示例&#39;)&lt;/script&gt;&#34;&#39;&amp;{{ 7 * 7 }}[[a|b]]"
_VERDICTS = [each["verdict"] for each in shown.enterprise(*shown.every_state())["certificates"]]


def _page(name: str, answer: Mapping[str, Any], language: str = "zh") -> str:
    return _PAGES.render(name, answer, language).decode()


def test_the_states_of_these_tests_are_every_outcome_of_a_scan() -> None:
    assert {verdict["outcome"] for verdict in _VERDICTS} == set(OUTCOMES)
    assert {verdict["reason"] for verdict in _VERDICTS} <= set(REASONS)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_there_is_can_be_said(reason: str, language: str) -> None:
    said = {"reason": reason, "reason_zh": REASONS[reason].zh, "reason_en": REASONS[reason].en}
    answer = shown.certificate(shown.make_body(1))
    answer["verdict"] |= said
    answer["checks"][0] |= {"result": "unknown", "reason": reason}
    page = _page("certificate", answer, language)
    assert page.count(_escaped(said[f"reason_{language}"])) == 2


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_says_each_verdict_in_word_and_sign_and_why(language: str) -> None:
    page = _page("enterprise", shown.enterprise(*shown.every_state()), language)
    for verdict in _VERDICTS:
        assert f"{words.SIGNS[verdict['outcome']]}</span>{verdict[language]}</p>" in page
        assert verdict["outcome"] == "valid" or _escaped(verdict[f"reason_{language}"]) in page


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("body", shown.every_state(), ids=lambda body: str(body["type"]))
def test_a_certificate_in_any_state_has_its_page(body: dict[str, object], language: str) -> None:
    answer = shown.certificate(body)
    page = _page("certificate", answer, language)
    verdict = answer["verdict"]
    assert verdict[language] in page
    assert _escaped(verdict[f"reason_{language}"]) in page
    assert words.SPEAKERS[language].words["advice"][verdict["outcome"]] in page
    assert str(body["payload_sha256"]) in page


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", sorted(COPY_STATES))
def test_a_printed_copy_in_any_state_has_its_page(state: str, language: str) -> None:
    page = _page("copy", shown.copy(state), language)
    assert getattr(COPY_STATES[state], language) in page
    assert _escaped(words.SPEAKERS[language].words["copy_advice"][state]) in page
    assert (shown.SERIAL in page, "示例卫生健康局" in page) == (True, True)


def test_a_copy_whose_certificate_was_withdrawn_since_says_so_beside_its_own_state() -> None:
    withdrawn = shown.make_body(1, status="withdrawn", status_since="2026-09-01")
    page = _page("copy", shown.copy("in_use", withdrawn))
    assert COPY_STATES["in_use"].zh in page
    assert OUTCOMES["not_valid"].zh in page


def test_a_copy_whose_note_is_past_its_term_is_told_without_whom_it_was_made_for() -> None:
    page = _page("copy", shown.copy("ended", made_at=None, requester=None, cause=None, maker=None), "en")
    assert "Only for" not in page
    assert "Sealed" in page


@pytest.mark.parametrize("status", ["suspended", "withdrawn", "annulled", "stripped", "cancelled"])
def test_the_state_of_the_licence_stands_on_the_enterprise_page(status: str) -> None:
    licence = shown.make_licence(status=status, status_since="2026-09-01")
    page = _page("enterprise", shown.enterprise(licence, shown.make_body(1)))
    assert words.LICENCE_STATES[status][1].zh in page
    assert REASONS[f"licence_{status}"].zh in page


def test_of_five_thousand_those_not_good_are_paged_by_key_and_the_whole_is_counted() -> None:
    ended = [shown.make_body(slot, valid_to="2026-01-31") for slot in range(1, 5_000, 20)]
    good = [shown.make_licence(), *(shown.make_body(slot) for slot in range(1, 5_000) if slot % 20 != 1)]
    bodies = sorted([*ended, *good], key=lambda each: int(each["slot"]))
    first = shown.chosen("not_good", *bodies)
    assert first["chosen"]["tally"] == {"valid": 4_750, "not_good": 250, "unknown": 0}
    assert (len(first["certificates"]), first["chosen"]["after"]) == (100, ended[99]["slot"])
    page = _page("enterprise", first)
    assert ("现在有效 4750" in page, "现在不能用 250" in page, "全部 5000 项" in page) == (True, True, True)
    assert f"?verdict=not_good&amp;after={ended[99]['slot']}&amp;own=1" in page
    assert len(page.encode()) < 150_000


def test_every_word_a_page_takes_exists_in_both_languages() -> None:
    chinese, english = words.SPEAKERS["zh"].words, words.SPEAKERS["en"].words
    assert {kind: set(table) for kind, table in chinese.items()} == {
        kind: set(table) for kind, table in english.items()
    }
    assert all(text for table in (*chinese.values(), *english.values()) for text in table.values())
    assert set(words.SIGNS) == set(words.ADVICE) == set(OUTCOMES)
    assert set(chinese["status"]) == set(STATUSES)


def test_a_scan_begins_with_the_name_the_place_and_the_door() -> None:
    main = _page("enterprise", shown.enterprise(shown.make_licence())).partition("<main")[2]
    assert re.findall(r">([^<>\n]+)<", main)[:3] == [
        "请与您面前的门店核对",
        shown.NAME,
        shown.ADDRESS,
    ]


def test_what_is_not_good_comes_after_the_licence_and_before_what_is() -> None:
    page = _page("enterprise", shown.enterprise(*shown.every_state()))
    assert re.findall(r'<section class="group" id="(\w+)"', page) == [
        "licence",
        "not_valid",
        "suspended",
        "unknown",
        "valid",
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_hostile_text_is_shown_and_never_run(language: str) -> None:
    body = shown.make_body(1, body_name=_HOSTILE, number=_HOSTILE, holder_name=_HOSTILE + "2", fields={})
    body["changes"] = [shown.make_change("withdraw", "2026-01-01") | {"ground": _HOSTILE}]
    enterprise = _page("enterprise", shown.enterprise(body, name=_HOSTILE, address=_HOSTILE), language)
    certificate = _page("certificate", shown.certificate(body, name=_HOSTILE, address=_HOSTILE), language)
    problem = _page("problem", {"problem": problems.document("internal", _HOSTILE)}, language)
    copy = _page("copy", shown.copy("in_use", cause=_HOSTILE), language)
    for page in (enterprise, certificate, problem, copy):
        assert "<script" not in page
        assert _HOSTILE_SHOWN in page


def test_a_page_of_many_certificates_leads_to_the_others() -> None:
    many = [shown.make_licence(), *(shown.make_body(slot) for slot in range(1, 250))]
    page = _page("enterprise", shown.enterprise(*many), "en")
    assert "250 in all" in page
    assert re.findall(r'href="\?page=(\d)&amp;lang=en"', page) == ["1", "2"]
    assert '<span aria-current="page">1</span>' in page


def test_outside_coverage_absence_is_not_said() -> None:
    page = _page("enterprise", shown.enterprise())
    assert "本平台暂未收录该主体的证照。" in page
    assert "本平台暂未收录的许可，不代表未持证。" in page


def test_versions_lead_to_each_other_and_the_earlier_name_is_told() -> None:
    body = shown.make_body(
        3,
        status="superseded",
        status_since="2026-09-01",
        previous="A" * 26,
        next="B" * 26,
        holder_name="示例旧名有限公司",
    )
    page = _page("certificate", shown.certificate(body))
    assert f'href="/c/{"A" * 26}?lang=zh"' in page
    assert f'href="/c/{"B" * 26}?lang=zh"' in page
    assert "示例旧名有限公司" in page


def test_collected_data_name_their_source_and_when_it_was_last_seen() -> None:
    answer = shown.certificate(shown.make_body(8, origin="collected", source="fresh", trust_level="C"))
    answer["certificate"]["source_seen_at"] = "2026-11-23T09:31:05+00:00"
    page = _page("certificate", answer)
    assert "示例公示平台" in page
    assert "2026年11月23日 17:31:05" in page


def test_what_an_archive_told_is_never_shown_as_its_bodys_word() -> None:
    answer = shown.certificate(shown.make_body(8, origin="legacy", source="fresh", trust_level="B"))
    answer["certificate"]["source_seen_at"] = "2026-11-23T09:31:05+00:00"
    page = _page("certificate", answer)
    assert "存量数据，尚未经颁发机构签发" in page
    assert "登记簿实时数据" not in page


def test_english_pages_say_that_the_chinese_text_prevails_and_dates_in_english() -> None:
    page = _page("certificate", shown.certificate(shown.make_body(1, fields={})), "en")
    assert "The Chinese text prevails." in page
    assert "1 March 2024 to 28 February 2029" in page
    assert '<html lang="en" ' in page


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("raw", [b"", b"hello", b"{}", shown.REFERENCE.encode(), shown.HOLDER.encode()])
def test_the_verify_page_shows_whatever_was_brought(raw: bytes, language: str) -> None:
    result = told(without_verdict(read_examined(raw, origin=shown.ORIGIN)))
    page = _page("verify", {"result": result}, language)
    assert _escaped(result[f"reason_{language}"]) in page
    assert _escaped(result[f"next_{language}"]) in page
    assert 'enctype="multipart/form-data"' in page


def test_the_verify_page_shows_named_checks() -> None:
    check = {"zh": "电子签章", "en": "Seal", "result": "failed", "result_zh": "不通过", "result_en": "failed"}
    result = {
        "outcome": "not_valid",
        "outcome_zh": "无效",
        "outcome_en": "Not valid",
        "reason_zh": "文件被改动过，请勿采用。",
        "reason_en": "Altered.",
        "next_zh": "请索取原件。",
        "next_en": "Ask for the original.",
        "checks": [check | {"reason_zh": None, "reason_en": None}],
        "facts": [{"zh": "证照类型", "en": "Type", "value": "<b>"}],
        "opens": ["/q/ABC"],
    }
    page = _page("verify", {"result": result})
    assert '<li class="not_valid"><span class="sign" aria-hidden="true">✕</span><span>电子签章</span>' in page
    assert '<dd class="value">&lt;b&gt;</dd>' in page


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_problem_has_a_page_with_its_next_step(code: str) -> None:
    _, media, body = problems.show(code, "page", "zh", "0123456789abcdef", render=_PAGES.render)
    assert media == b"text/html; charset=utf-8"
    assert _escaped(PROBLEMS[code].next_zh) in body.decode()
    assert "0123456789abcdef" in body.decode()


def _all_pages() -> list[str]:
    openapi = {
        "info": {"version": "1"},
        "paths": {"/api/v1/pulls": {"post": {"summary": "Pull 调用", "tags": ["x 共享"]}}},
    }
    named: list[tuple[str, Mapping[str, Any]]] = [
        ("start", {}),
        ("search", {}),
        ("verify", {"result": None}),
        ("resolve", {"result": None}),
        ("sheet", {"stickers": [shown.sticker(), shown.sticker(name="", site_name="示例分店")]}),
        ("api", {"openapi": openapi}),
        ("gallery", {}),
        states()["kept"],
        states()["report-wrong"],
        ("sandbox", {"examples": [asdict(each) for each in read_examples()]}),
        ("problem", {"problem": problems.document("not_found", "")}),
        ("enterprise", shown.enterprise(*shown.every_state())),
        ("certificate", shown.certificate(shown.make_licence())),
    ]
    return [_page(name, answer, language) for name, answer in named for language in ("zh", "en")]


class _Reader(HTMLParser):
    """Gathers tags and the addresses a browser would fetch or follow, and asks that every tag be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action")}
        self.open += [tag] * (tag not in ("meta", "link", "img", "input"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("page", _all_pages())
def test_a_page_holds_no_script_or_style_of_its_own_and_no_address_of_another_host(page: str) -> None:
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    assert not reader.tags & {"style", "iframe", "object"}
    assert page.count("<script") == len(re.findall(r'<script src="/static/[^"]+" defer></script>', page))
    assert not {name for name in reader.attributes if name == "style" or name.startswith("on")}
    assert all(re.match(r"[/?#](?!/)", address) for address in reader.addresses)


@pytest.mark.parametrize("page", _all_pages())
def test_test_shows_on_every_page(page: str) -> None:
    assert '<p class="test">' in page


def test_production_shows_no_test_banner() -> None:
    assert b'class="test"' not in Pages("production", shown.ORIGIN).render("start", {}, "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_compiles(language: str) -> None:
    made = {name: _PAGES._environments[language].get_template(f"{name}.html") for name in _PAGES.names}
    assert len(made) > 50


def test_no_side_of_a_pair_is_left_in_any_template() -> None:
    assert all("[[" not in page and "]]" not in page for page in _all_pages())
    texts = [path.read_text() for path in TEMPLATES.glob("*.html")]
    parts = {each for text in texts for each in re.findall(r'\{% (?:extends|include|from) "(\w+)\.html"', text)}
    assert {path.stem for path in TEMPLATES.glob("*.html")} == _PAGES.names | parts


@pytest.mark.parametrize(
    ("accepted", "asked", "language"),
    [
        ("", "", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.5", "", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh"),
        ("fr", "", "zh"),
        ("en", "zh", "zh"),
        ("zh", "en", "en"),
        ("zh", "xx", "zh"),
    ],
)
def test_the_language_is_chinese_unless_english_is_asked_for(accepted: str, asked: str, language: str) -> None:
    assert chosen_language(accepted, asked) == language


@pytest.mark.anyio
async def test_start_and_api_are_served_with_their_style() -> None:
    start, api, css = await _get("/"), await _get("/api?lang=en"), await _get(address_of("hub.css"))
    missing = await _get("/static/hub.css")
    assert address_of("hub.css") in start.text
    assert "openapi.json" in api.text
    assert css.headers["cache-control"].endswith("immutable")
    assert css.headers["content-type"] == "text/css; charset=utf-8"
    assert missing.status_code == 404


def test_the_style_fetches_nothing() -> None:
    css = (Path(TEMPLATES).parent / "static" / "hub.css").read_text(encoding="utf-8")
    assert "url(" not in css
    assert "@import" not in css


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def _get(path: str) -> Response:
    app = FastAPI(openapi_url="/api/v1/openapi.json")
    app.include_router(routes(_PAGES, app.openapi))
    app.mount("/static", static_app())
    async with AsyncClient(transport=ASGITransport(app), base_url=shown.ORIGIN) as client:
        return await client.get(path)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&#34;")
