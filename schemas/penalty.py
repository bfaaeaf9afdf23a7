"""Penalty rows (双公示, 行政处罚): what the columns mean, and which certificate a suspension or stripping is about.

The 2018 edition is read (发改办财金〔2018〕424号), by field code or Chinese name. Most rows are fines and name no
certificate; one that does names it in free text (CF_NR_ZKDX 暂扣或吊销证照名称及编号). A certificate is taken for the
one that is meant only where the text names it alone: whatever else it may be is a person's to say.
Columns for the numbers of persons' identity papers are dropped at the door. What was done wrong and what was paid is
not read at all.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from schemas.catalogue import Catalogue, FieldProblem, FieldsError, folded
from schemas.certificate import ENDED, Status, end_of_validity, parse_day
from schemas.identifiers import LicenceNumberCheckError, LicenceNumberFormError, parse_licence_number
from schemas.plain_text import PlainTextError, parse_plain_text
from schemas.publicity import match_columns
from schemas.written import written_date

# Meaning → field code of 2018 and its Chinese names.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "holder_kind": ("CF_XDR_LB", "行政相对人类别"),
    "licence_number": ("CF_XDR_SHXYM", "统一社会信用代码"),
    "decision_number": ("CF_WSH", "行政处罚决定书文号", "行政处罚决定文书号", "决定书文号"),
    "category": ("CF_CFLB", "处罚类别"),
    "content": ("CF_NR", "处罚内容"),
    "object": ("CF_NR_ZKDX", "暂扣或吊销证照名称及编号"),
    "decided_on": ("CF_JDRQ", "处罚决定日期"),
    "public_until": ("CF_GSJZQ", "公示截止期"),
    "body_number": ("CF_CFJGDM", "处罚机关统一社会信用代码", "处罚机关代码"),
}
_UNUSED = frozenset(
    {
        *("CF_XDR_MC", "行政相对人名称", "CF_FRDB", "法定代表人", "法定代表人姓名"),
        *("CF_XDR_GSZC", "工商注册号", "CF_XDR_ZZJG", "组织机构代码", "CF_XDR_SWDJ", "税务登记号"),
        *("CF_XDR_SYDW", "事业单位证书号", "CF_XDR_SHZZ", "社会组织登记证号"),
        *("CF_WFXW", "违法行为类型", "CF_SY", "违法事实", "CF_YJ", "处罚依据", "CF_NR_FK", "罚款金额(万元)"),
        *("CF_NR_WFFF", "没收违法所得、没收非法财物的金额(万元)", "没收违法所得/非法财物金额(万元)"),
        *("CF_YXQ", "处罚有效期", "CF_CFJG", "处罚机关", "CF_SJLY", "数据来源单位"),
        *("CF_SJLYDM", "数据来源单位统一社会信用代码", "数据来源单位代码", "BZ", "备注"),
    }
)
_NOTHING = frozenset({"", "无", "/", "\\", "-", "--", "—", "——", "空", "NULL", "不涉及"})
_SUSPENDED, _STRIPPED = ("暂扣", "扣留"), ("吊销",)
# No certificate on record is named; several may be.
UNKNOWN, SEVERAL = "penalty_unknown", "penalty_several"
# A shorter number stands in any text by chance.
_SHORTEST_NUMBER = 6
_WORDS = re.compile(r"[0-9A-Z]+")
_DIGITS = re.compile(r"[0-9]{5}")
_WORD = re.compile(r"[0-9A-Z]")


class Asked(StrEnum):
    """What a penalty asks of the issuing body; UNCLEAR where its words say both or neither."""

    SUSPEND = "suspend"
    STRIP = "strip"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class PenaltyRow:
    """A row that suspends or strips something: whose, by which decision, as its text names it.

    `body_number` is the penal body's licence number, "" where the row has none; `public_until` None for no last day.
    """

    licence_number: str
    decision_number: str
    body_number: str
    decided_on: date
    public_until: date | None
    asked: Asked
    named: str


@dataclass(frozen=True, slots=True)
class HeldPermit:
    """What is on record of a holder's certificate, as far as a text can name it."""

    serial: int
    certificate_type: str
    number: str
    status: str


@dataclass(frozen=True, slots=True)
class Naming:
    """Which certificate a text means, or by which rule it cannot be told (penalty_unknown, penalty_several)."""

    serial: int | None
    rule: str | None = None


def read_penalty_header(header: Iterable[str]) -> dict[str, str]:
    """Return column → meaning for a penalty file's header; raises ColumnUnknownError."""
    known = {folded(name).upper(): meaning for meaning, spellings in _COLUMNS.items() for name in spellings}
    return match_columns(header, known, unused=_UNUSED)


def read_penalty_row(
    values: Mapping[str, str], columns: Mapping[str, str], *, overrides: Container[str]
) -> PenaltyRow | None:
    """Read one row (column name → text); None for one that names no certificate to suspend or strip.

    `overrides` are the wrongly issued licence numbers that an operator admitted. Raises FieldsError, which names no
    value.
    """
    row = dict.fromkeys(_COLUMNS, "") | {meaning: values.get(each, "").strip() for each, meaning in columns.items()}
    if folded(row["object"]).upper() in _NOTHING:
        return None
    if row["holder_kind"] == "自然人":
        raise FieldsError((FieldProblem("licence_number", "natural_person"),))
    problems: list[FieldProblem] = []
    read = PenaltyRow(
        licence_number=_number(row, "licence_number", overrides, problems),
        decision_number=_text(row, "decision_number", 128, problems),
        body_number=_number(row, "body_number", overrides, problems) if row["body_number"] else "",
        decided_on=_day(row, "decided_on", problems) or date.min,
        public_until=_last_day(row, problems),
        asked=_asked(row),
        named=_text(row, "object", 1_000, problems),
    )
    if problems:
        raise FieldsError(tuple(problems))
    return read


def named_certificate(text: str, held: Sequence[HeldPermit], *, licence_number: str, catalogue: Catalogue) -> Naming:
    """Say which of a holder's certificates a text names: one by its number, else the only one of a type it names.

    A text that names a number nobody recorded is not about the holder's other certificate of that type.
    """
    spoken, names = _spoken(text), _types_named(text, catalogue)
    numbered = [each for each in held if _is_number_in(each, spoken, names, licence_number)]
    # Two types may use one number; the name beside it tells which.
    both = [each for each in numbered if any(each.certificate_type in types for types in names)]
    numbered = both if len(numbered) > 1 and both else numbered
    # A type that is named beside the number of another certificate is a second thing that is asked for.
    others = [types for types in names if not any(each.certificate_type in types for each in numbered)]
    if len(numbered) + len(others) > 1:
        return Naming(None, SEVERAL)
    if numbered:
        return Naming(numbered[0].serial)
    if not others or _names_a_number(spoken, licence_number):
        return Naming(None, UNKNOWN)
    fitting = [each for each in held if each.certificate_type in others[0]]
    standing = [each for each in fitting if Status(each.status) not in ENDED] or fitting
    if len(standing) == 1:
        return Naming(standing[0].serial)
    return Naming(None, SEVERAL if standing else UNKNOWN)


def _spoken(text: str) -> str:
    """Return a text for comparison of numbers: NFKC, in capitals. White space stays, as it parts two numbers."""
    return unicodedata.normalize("NFKC", text).upper()


def _is_number_in(permit: HeldPermit, spoken: str, names: Sequence[frozenset[str]], licence_number: str) -> bool:
    number = _spoken(permit.number).strip()
    if len(number) < _SHORTEST_NUMBER:
        return False
    # A licence number says whose, and is the number of the business licence only where that is what is named.
    if number == licence_number and not any(permit.certificate_type in types for types in names):
        return False
    return any(_stands_alone(spoken, found, len(number)) for found in _places(spoken, number))


def _places(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _stands_alone(text: str, place: int, length: int) -> bool:
    """Say whether what stands there is whole: no letter or digit of the same word goes on before or behind it."""
    before, behind = text[place - 1 : place], text[place + length : place + length + 1]
    return not (_WORD.match(before) and _WORD.match(text[place])) and not (
        _WORD.match(behind) and _WORD.match(text[place + length - 1])
    )


def _names_a_number(spoken: str, licence_number: str) -> bool:
    return any(_DIGITS.search(word) and word != licence_number for word in _WORDS.findall(spoken))


def _types_named(text: str, catalogue: Catalogue) -> list[frozenset[str]]:
    """Return for each name of a type that stands in a text the types that bear it; within a longer name none stands."""
    spoken = folded(text)
    named: dict[str, set[str]] = {}
    for kind in catalogue.current():
        for name in {folded(name) for name in (*kind.publicity.names, kind.name_zh)}:
            if name in spoken:
                named.setdefault(name, set()).add(kind.code)
    found: list[frozenset[str]] = []
    for name in sorted(named, key=lambda each: (-len(each), each)):
        # Of several names of one type the text may hold more than one.
        if name in spoken and frozenset(named[name]) not in found:
            found.append(frozenset(named[name]))
        spoken = spoken.replace(name, "\n")
    return found


def _asked(row: Mapping[str, str]) -> Asked:
    """Return what is asked, by the first of category, content and text that says one of both and not the other."""
    for name in ("category", "content", "object"):
        suspends = any(word in row[name] for word in _SUSPENDED)
        strips = any(word in row[name] for word in _STRIPPED)
        if suspends != strips:
            return Asked.SUSPEND if suspends else Asked.STRIP
    return Asked.UNCLEAR


def _text(row: Mapping[str, str], name: str, longest: int, problems: list[FieldProblem]) -> str:
    try:
        text = parse_plain_text(row[name], max_length=longest)
    except PlainTextError as error:
        problems.append(FieldProblem(name, error.rule))
        return ""
    if not text:
        problems.append(FieldProblem(name, "missing"))
    return text


def _number(row: Mapping[str, str], name: str, overrides: Container[str], problems: list[FieldProblem]) -> str:
    if not row[name]:
        problems.append(FieldProblem(name, "missing"))
        return ""
    try:
        return parse_licence_number(row[name], overrides=overrides)
    except LicenceNumberCheckError:
        problems.append(FieldProblem(name, "check_digit"))
    except LicenceNumberFormError:
        problems.append(FieldProblem(name, "form"))
    return ""


def _day(row: Mapping[str, str], name: str, problems: list[FieldProblem]) -> date | None:
    if not row[name]:
        problems.append(FieldProblem(name, "missing"))
        return None
    try:
        return parse_day(written_date(row[name]))
    except ValueError:
        problems.append(FieldProblem(name, "form"))
    return None


def _last_day(row: Mapping[str, Any], problems: list[FieldProblem]) -> date | None:
    return end_of_validity(_day(row, "public_until", problems)) if row["public_until"] else None
