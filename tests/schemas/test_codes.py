"""Any code a person has: what each form of text is told to be, and that nothing of a stranger's passes for ours."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes import LONGEST_CODE, Code, CodeKind, read_code
from schemas.identifiers import make_identifier, make_reference, make_site_id
from schemas.licence_systems import load_licence_systems

ORIGIN = "https://hub.example.test"
SYSTEMS = load_licence_systems()
REFERENCE = str(make_reference(bytes(range(16))))
OTHER_REFERENCE = str(make_reference(bytes(range(1, 17))))
LICENCE, OTHER_LICENCE = "91442000789438199M", "91442000686409571K"
IDENTIFIER = str(make_identifier("11100000MB0341032Y002", "11220000013544541J", "2430599", 1))
SITE = make_site_id(bytes(range(8)))
REGISTRATION = "441900001868015"
GROUPED = " ".join(REFERENCE[start : start + 4] for start in range(0, 26, 4))

FULL_WIDTH = {code: 0xFEE0 + code for code in range(0x21, 0x7F)}

FOUND: list[tuple[str, CodeKind, str]] = [
    # our own address, as scanned, typed or pasted
    (f"{ORIGIN}/q/{REFERENCE}", CodeKind.REFERENCE, REFERENCE),
    (f"https://HUB.EXAMPLE.TEST/Q/{REFERENCE}", CodeKind.REFERENCE, REFERENCE),
    (f"HTTPS://HUB.EXAMPLE.TEST/C/{REFERENCE}", CodeKind.REFERENCE, REFERENCE),
    (f"{ORIGIN}/s/{REFERENCE.lower()}", CodeKind.REFERENCE, REFERENCE),
    (f"{ORIGIN}/d/{REFERENCE}/", CodeKind.REFERENCE, REFERENCE),
    (f"{ORIGIN}:443/q/{REFERENCE}?lang=en#top", CodeKind.REFERENCE, REFERENCE),
    (f"请扫码 {ORIGIN}/q/{REFERENCE}，谢谢", CodeKind.REFERENCE, REFERENCE),
    (f"核验：{ORIGIN}/q/{REFERENCE}。", CodeKind.REFERENCE, REFERENCE),
    (f"hub.example.test/q/{REFERENCE}", CodeKind.REFERENCE, REFERENCE),
    (f"{ORIGIN}/q/{REFERENCE}".translate(FULL_WIDTH), CodeKind.REFERENCE, REFERENCE),
    (f"{ORIGIN}/q/{REFERENCE} {ORIGIN}/Q/{REFERENCE.lower()}", CodeKind.REFERENCE, REFERENCE),
    (f"/q/{REFERENCE}", CodeKind.REFERENCE, REFERENCE),
    # a bare reference
    (REFERENCE, CodeKind.REFERENCE, REFERENCE),
    (f"\ufeff {REFERENCE.lower()}\r\n", CodeKind.REFERENCE, REFERENCE),
    (GROUPED, CodeKind.REFERENCE, REFERENCE),
    (GROUPED.replace(" ", "-"), CodeKind.REFERENCE, REFERENCE),
    (f"查询码：{GROUPED}", CodeKind.REFERENCE, REFERENCE),
    (REFERENCE.translate(FULL_WIDTH), CodeKind.REFERENCE, REFERENCE),
    # a licence number
    (LICENCE, CodeKind.LICENCE_NUMBER, LICENCE),
    (f"　{LICENCE.lower()} ", CodeKind.LICENCE_NUMBER, LICENCE),
    (LICENCE.translate(FULL_WIDTH), CodeKind.LICENCE_NUMBER, LICENCE),
    ("9144 2000 7894 3819 9M", CodeKind.LICENCE_NUMBER, LICENCE),
    ("91442000-78943819-9M", CodeKind.LICENCE_NUMBER, LICENCE),
    (f"名称:示例;统一社会信用代码:{LICENCE};网址:http://gsxt.gdgs.gov.cn/x", CodeKind.LICENCE_NUMBER, LICENCE),
    (f"统一社会信用代码\n{LICENCE}\n名称 示例公司\n登记机关 示例局", CodeKind.LICENCE_NUMBER, LICENCE),
    (f"企业码 {LICENCE}", CodeKind.LICENCE_NUMBER, LICENCE),
    (f"{LICENCE} {LICENCE.lower()}", CodeKind.LICENCE_NUMBER, LICENCE),
    (f"{LICENCE} 915200007143077041", CodeKind.LICENCE_NUMBER, LICENCE),
    # the others
    (IDENTIFIER, CodeKind.IDENTIFIER, IDENTIFIER),
    (f"证照标识 {IDENTIFIER.lower()}.ofd", CodeKind.IDENTIFIER, IDENTIFIER),
    (f"{IDENTIFIER}.", CodeKind.IDENTIFIER, IDENTIFIER),
    (SITE, CodeKind.SITE, SITE),
    (f"场所 {SITE.lower()}", CodeKind.SITE, SITE),
    (REGISTRATION, CodeKind.REGISTRATION_NUMBER, REGISTRATION),
    (f"注册号：{REGISTRATION}", CodeKind.REGISTRATION_NUMBER, REGISTRATION),
]  # fmt: skip

NOT_OURS: list[tuple[str, str]] = [
    (f"https://hub.example.evil/q/{REFERENCE}", "hub.example.evil"),
    (f"https://hub.example.test.evil.com/q/{REFERENCE}", "hub.example.test.evil.com"),
    (f"HTTPS://HUB.EXAMPLE.TEST@evil.com/q/{REFERENCE}", ""),
    (f"https://hub.example.test:x@evil.com/q/{REFERENCE}", ""),
    (f"https://hub.example.test＠evil.com/q/{REFERENCE}", ""),
    (f"https://hub.example.test%40evil.com/q/{REFERENCE}", ""),
    (f"https://hub.example.test\\@evil.com/q/{REFERENCE}", ""),
    (f"https://hub.example.test:8443/q/{REFERENCE}", "hub.example.test:8443"),
    (f"https://hub.example.test:80/q/{REFERENCE}", "hub.example.test:80"),
    (f"http://hub.example.test/q/{REFERENCE}", "hub.example.test"),
    (f"https://hub.example.test./q/{REFERENCE}", ""),
    (f"https://hub.example.test。evil.com/q/{REFERENCE}", ""),
    (f"https://hub.еxample.test/q/{REFERENCE}", ""),
    (f"https://xn--hub-example-9ig.test/q/{REFERENCE}", "xn--hub-example-9ig.test"),
    ("https://evil.com/?u=https://hub.example.test/verify", "evil.com"),
    (f"https://evil.com#@hub.example.test/q/{REFERENCE}", "evil.com"),
    (f"https:///q/{REFERENCE}", ""),
    (f"evil.com/q/{REFERENCE}", "evil.com"),
    (f"һub.example.test/q/{REFERENCE}", ""),
    (f"ftp://hub.example.test/q/{REFERENCE}", "hub.example.test"),
    (f"{LICENCE} https://evil.com/q/{REFERENCE}", "evil.com"),
    (f"{ORIGIN}/q/{REFERENCE} https://evil.com/q/{REFERENCE}", "evil.com"),
]  # fmt: skip

STEPS: list[tuple[str, CodeKind]] = [
    ("", CodeKind.EMPTY),
    (" \ufeff\u200b\u3000\r\n", CodeKind.EMPTY),
    ("https://example.com/a", CodeKind.ADDRESS),
    ("example.com/a", CodeKind.ADDRESS),
    ("https://gsxt.gov.cn@evil.com/", CodeKind.ADDRESS),
    ("https://gsxt.gov.cn.evil.com/", CodeKind.ADDRESS),
    ("https://notgsxt.gov.cn/", CodeKind.ADDRESS),
    ("https://www.gsxt.gov.cn:8080/", CodeKind.ADDRESS),
    ("weixin://dl/business", CodeKind.ADDRESS),
    (f"https://example.com/?uscc={LICENCE}", CodeKind.ADDRESS),
    (f"{LICENCE} {OTHER_LICENCE}", CodeKind.AMBIGUOUS),
    (f"{ORIGIN}/q/{REFERENCE} {ORIGIN}/q/{OTHER_REFERENCE}", CodeKind.AMBIGUOUS),
    (f"{REFERENCE}\n{OTHER_REFERENCE}", CodeKind.AMBIGUOUS),
    (f"{LICENCE[:9]}\u202e{LICENCE[9:]}", CodeKind.HIDDEN),
    (f"{ORIGIN}/q/\u2066{REFERENCE}", CodeKind.HIDDEN),
    (f"{LICENCE[:9]}\u200b{LICENCE[9:]}", CodeKind.HIDDEN),
    (f"{LICENCE}\x00", CodeKind.HIDDEN),
    (f"{LICENCE}\ud800", CodeKind.HIDDEN),
    ("9" * 65_536, CodeKind.TOO_LONG),
    (LICENCE + " " * LONGEST_CODE, CodeKind.TOO_LONG),
    (f"{IDENTIFIER[:-1]}{'0' if IDENTIFIER[-1] != '0' else '1'}", CodeKind.MISTYPED),
    ("1.2.156.3005.2.x", CodeKind.MISTYPED),
    ("JY24420000000019", CodeKind.NUMBER),
    ("javascript:alert(1)", CodeKind.NUMBER),
    ("中山示例餐饮有限公司", CodeKind.NUMBER),
    ("S-00000000000A", CodeKind.NUMBER),
    ("441900001868016", CodeKind.NUMBER),
    (f"{ORIGIN}/verify", CodeKind.NUMBER),
    (f"{ORIGIN}/q/{REFERENCE[:-1]}%41", CodeKind.NUMBER),
    (f"{ORIGIN}/%71/{REFERENCE}", CodeKind.NUMBER),
    (f"{ORIGIN}/q/../q/{REFERENCE}", CodeKind.NUMBER),
    (f"{ORIGIN}/q/8{REFERENCE[1:]}", CodeKind.NUMBER),
]  # fmt: skip


def _read(text: str) -> Code:
    return read_code(text, origin=ORIGIN, systems=SYSTEMS)


@pytest.mark.parametrize(("text", "kind", "value"), FOUND)
def test_what_names_something_is_told_in_its_one_form(text: str, kind: CodeKind, value: str) -> None:
    found = _read(text)
    assert (found.kind, found.value) == (kind, value)


@pytest.mark.parametrize(("text", "host"), NOT_OURS)
def test_address_that_only_looks_like_ours_is_named_as_not_ours(text: str, host: str) -> None:
    found = _read(text)
    assert (found.kind, found.value) == (CodeKind.OTHER_ORIGIN, host)


@pytest.mark.parametrize(("text", "kind"), STEPS)
def test_what_names_nothing_says_why(text: str, kind: CodeKind) -> None:
    found = _read(text)
    assert found.kind is kind
    assert found.kind is CodeKind.ADDRESS or found.value == ""


@pytest.mark.parametrize(
    ("text", "position"),
    [("91442000789438199N", 18), ("91442000789438198M", 17), ("9144 2000 7894 3819 9n", 18)],
)
def test_mistyped_licence_number_tells_which_character(text: str, position: int) -> None:
    found = _read(text)
    assert (found.kind, found.position, len(found.value)) == (CodeKind.MISTYPED, position, 18)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("jy24420000000019", "JY24420000000019"),
        ("ＪＹ２４４２００００００００１９", "JY24420000000019"),
        ("证照编号：JY24420000000019", "JY24420000000019"),
        ("JY2442 0000 0000 19", "JY24420000000019"),
        ("粤中食许〔2026〕第1号", "粤中食许〔2026〕第1号"),
        ("粤（2026）1号", "粤（2026）1号"),
        ("粤B/123-4", "粤B/123-4"),
        (REGISTRATION, REGISTRATION),
    ],
)
def test_certificate_number_is_looked_up_by_every_way_it_is_written(text: str, number: str) -> None:
    assert number in _read(text).numbers


@pytest.mark.parametrize("text", ["x" * 129, "one line\nand another", "https://example.com/a", ""])
def test_what_cannot_be_a_certificate_number_is_not_looked_up(text: str) -> None:
    assert _read(text).numbers == ()


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: str(system.code))
def test_every_known_form_of_another_system_is_recognised(system: object) -> None:
    form = next(each.form for each in SYSTEMS if each is system)
    assert (_read(form).kind, _read(form).system) == (CodeKind.SYSTEM, system)
    assert _read(f"请看 {form} 。").system is system


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("http://gsxt.gov.cn/", "gsxt"),
        ("HTTP://GD.GSXT.GOV.CN:80/%7BABC-1%7D", "gsxt"),
        ("www.gsxt.gov.cn/index.html", "gsxt"),
        ("https://szcredit.com.cn/web/x", "szcredit"),
        ("请用粤商通打开", "merchant_code"),
        ("经营主体身份码 示例", "enterprise_code"),
    ],
)
def test_system_is_known_by_host_or_name(text: str, code: str) -> None:
    system = _read(text).system
    assert system is not None
    assert system.code == code


@given(st.text(max_size=LONGEST_CODE + 20))
def test_any_text_is_told_to_be_something(text: str) -> None:
    found = _read(text)
    assert all(len(number) <= LONGEST_CODE and "\0" not in number for number in found.numbers)


@pytest.mark.parametrize(
    "text",
    ["a" * 2000, "a." * 1000, "https://" * 250, "1.2.156.3005.2." * 130, "-" * 2000, "a:" * 1000, "S-" * 1000,
     "9 " * 1000, "/q/" * 660, "a.b/" * 500, "http://a/" * 220, "9" * 18 + " " + "A" * 1981],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began = time.perf_counter()
    _read(text)
    assert time.perf_counter() - began < 1
