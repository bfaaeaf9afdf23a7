"""Publicity rows (双公示, 行政许可): what the columns mean, and how one row becomes the content of an order.

The 2018 edition is read (发改办财金〔2018〕424号), by field code or Chinese name; the names of 2016 are accepted too.
A row without a permit number is known by its decision's number, one without a first day by its decision's day; both are
marked. Columns for the numbers of persons' identity papers are named here so that the door can drop them.
Not checked here: the values (`schemas/order.py`), and whether the authority is one the hub knows.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.catalogue import Catalogue, CertificateType, FieldProblem, FieldsError, folded

NUMBER_FROM_DECISION = "number_from_decision"
FIRST_DAY_FROM_DECISION = "first_day_from_decision"

# Meaning → field code of 2018, its Chinese name, and the names of 2016.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "holder_name": ("XK_XDR_MC", "行政相对人名称", "XK_XDR"),
    "holder_kind": ("XK_XDR_LB", "行政相对人类别"),
    "licence_number": ("XK_XDR_SHXYM", "统一社会信用代码", "行政相对人代码_1(统一社会信用代码)"),
    "legal_representative": ("XK_FRDB", "法定代表人", "XK_FR", "法定代表人姓名"),
    "decision_document": ("XK_XKWS", "行政许可决定文书名称"),
    "decision_number": ("XK_WSH", "行政许可决定文书号"),
    "item": ("XK_XMMC", "项目名称"),
    "certificate_name": ("XK_XKZS", "许可证书名称"),
    "certificate_number": ("XK_XKBH", "许可编号"),
    "permitted": ("XK_NR", "许可内容"),
    "decided_on": ("XK_JDRQ", "许可决定日期"),
    "valid_from": ("XK_YXQZ", "有效期自"),
    "valid_to": ("XK_YXQZI", "有效期至", "XK_JZQ", "许可截止期"),
    "authority": ("XK_XKJG", "许可机关", "XK_XZJG"),
    "authority_number": ("XK_XKJGDM", "许可机关统一社会信用代码"),
    "state": ("XK_ZT", "当前状态"),
}
# Known columns that no certificate needs; a registration number is not a licence number.
_UNUSED = frozenset(
    {
        *("XK_XKLB", "许可类别", "XK_SPLB", "审批类别", "XK_SYFW", "使用范围"),
        *("XK_XDR_GSZC", "工商注册号", "XK_XDR_GSDJ", "工商登记码", "XK_XDR_ZZJG", "XK_XDR_ZDM", "组织机构代码"),
        *("XK_XDR_SWDJ", "税务登记号", "XK_XDR_SYDW", "事业单位证书号", "XK_XDR_SHZZ", "社会组织登记证号"),
        *("XK_LYDW", "数据来源单位", "XK_LYDWDM", "数据来源单位统一社会信用代码", "DFBM", "地方编码"),
        *("SJC", "数据更新时间戳", "SJGXSJ", "BZ", "备注"),
    }
)
_IDENTITY = re.compile(
    r"身份证|证件(号|类型|种类)|居民身份|护照|(^|_)(ZJHM|ZJLX|SFZ|SFZH|SFZHM)($|_)|(^|_)ID_?(CARD|NUMBER|NO)$|IDENTITY"
    r"|PASSPORT",
    re.IGNORECASE,
)
_IN_FORCE = frozenset({"", "1", "有效", "正常"})
_NOT_IN_FORCE = frozenset({"2", "无效", "撤销", "注销"})
# In the 2016 edition: 0 正常, 1 撤销, 2 异议, 3 其他.
_EDITION_2016 = frozenset({"XK_XDR", "XK_XZJG", "XK_JZQ", "XK_XMMC"})
_PERSONS = ("自然人",)


class TypeNotFoundError(ValueError):
    """The words of a row name no certificate type; `rule` is type_unknown or type_unclear (several fit)."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"publicity row: {rule}")
        self.rule = rule


class ColumnUnknownError(ValueError):
    """The header holds a column that nothing is known of, or two of one meaning; `position` counts from 1."""

    def __init__(self, position: int) -> None:
        super().__init__(f"column {position} is not known, or means what another one means")
        self.position = position


class RowState(StrEnum):
    """What the file says of a certificate: in force, or not any more."""

    IN_FORCE = "in_force"
    NOT_IN_FORCE = "not_in_force"


@dataclass(frozen=True, slots=True)
class PublicityColumns:
    """The header of a publicity file: column name → meaning, and whether the edition is that of 2016."""

    meanings: Mapping[str, str]
    edition_2016: bool


@dataclass(frozen=True, slots=True)
class PublicityRow:
    """One row: `authority_number` may be blank, then the authority is known by its name only."""

    certificate_type: CertificateType
    authority: str
    authority_number: str
    state: RowState
    content: Mapping[str, Any]
    marks: tuple[str, ...]


def is_identity_column(name: str) -> bool:
    """Say whether a column holds kinds or numbers of persons' identity papers: never read, kept or shown."""
    return _IDENTITY.search(name.strip()) is not None


def match_columns(header: Iterable[str], known: Mapping[str, str], *, unused: Iterable[str] = ()) -> dict[str, str]:
    """Return column → meaning for a header without identity columns. `known` maps a folded name to its meaning.

    Raises ColumnUnknownError for a column that is neither known nor unused, and for two of one meaning.
    """
    passed_over = {folded(name).upper() for name in unused}
    meanings: dict[str, str] = {}
    for position, name in enumerate(header, start=1):
        if is_identity_column(name) or folded(name).upper() in passed_over:
            continue
        meaning = known.get(folded(name).upper())
        if meaning is None or meaning in meanings.values():
            raise ColumnUnknownError(position)
        meanings[name] = meaning
    return meanings


def read_publicity_header(header: Iterable[str]) -> PublicityColumns:
    """Return what the columns of a publicity file mean; raises ColumnUnknownError."""
    names = tuple(header)
    known = {folded(name).upper(): meaning for meaning, spellings in _COLUMNS.items() for name in spellings}
    is_old = not _EDITION_2016.isdisjoint(name.upper() for name in names)
    return PublicityColumns(match_columns(names, known, unused=_UNUSED), is_old)


def read_publicity_row(values: Mapping[str, str], columns: PublicityColumns, *, catalogue: Catalogue) -> PublicityRow:
    """Read one row (column name → text).

    Raises TypeNotFoundError when the catalogue does not tell which type is meant, FieldsError for a natural person or a
    state that is not of the edition.
    """
    known = {meaning: values.get(column, "").strip() for column, meaning in columns.meanings.items()}
    row = {meaning: known.get(meaning, "") for meaning in _COLUMNS}
    state = _state(row["state"], columns.edition_2016)
    if row["holder_kind"] in _PERSONS:
        raise FieldsError((FieldProblem("licence_number", "natural_person"),))
    certificate_type = _certificate_type(row, catalogue)
    content = {name: row[name] for name in _COPIED} | {
        "certificate_type": certificate_type.code,
        "decision_document": row["decision_document"] or row["item"],
        "certificate_number": row["certificate_number"] or row["decision_number"],
        "valid_from": row["valid_from"] or row["decided_on"],
        "fields": _fields(row, certificate_type),
    }
    taken = ((NUMBER_FROM_DECISION, "certificate_number"), (FIRST_DAY_FROM_DECISION, "valid_from"))
    marks = tuple(mark for mark, name in taken if not row[name])
    return PublicityRow(certificate_type, row["authority"], row["authority_number"], state, content, marks)


def _state(written: str, edition_2016: bool) -> RowState:
    if edition_2016 and written.isdigit():
        return RowState.IN_FORCE if written == "0" else RowState.NOT_IN_FORCE
    if written in _IN_FORCE:
        return RowState.IN_FORCE
    if written in _NOT_IN_FORCE:
        return RowState.NOT_IN_FORCE
    raise FieldsError((FieldProblem("state", "choice"),))


def _certificate_type(row: Mapping[str, str], catalogue: Catalogue) -> CertificateType:
    hints = [row[name] for name in ("item", "decision_document", "permitted") if row[name]]
    if row["certificate_name"]:
        found = catalogue.match_publicity(row["certificate_name"], row["authority"], " ".join(hints))
    else:
        # Without a name the item must be a known one, so each text that may name it is asked by itself.
        each = [catalogue.match_publicity("", row["authority"], hint) for hint in hints]
        found = next((types for types in each if types), ())
    if len(found) != 1:
        raise TypeNotFoundError("type_unclear" if found else "type_unknown")
    return found[0]


def _fields(row: Mapping[str, str], certificate_type: CertificateType) -> dict[str, str]:
    """Return the type's own fields that a publicity row can tell: what is permitted, and the legal representative."""
    fields = {}
    if certificate_type.publicity.content_field and row["permitted"]:
        fields[certificate_type.publicity.content_field] = row["permitted"]
    if row["legal_representative"] and any(each.name == "legal_representative" for each in certificate_type.fields):
        fields["legal_representative"] = row["legal_representative"]
    return fields


_COPIED = ("licence_number", "holder_name", "decision_number", "decided_on", "valid_to")
