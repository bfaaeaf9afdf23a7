"""The forms files come in, a type's own and the publicity form (双公示): a row becomes an order, or its problems.

Penalties (双公示, 行政处罚) become no orders: `penalties.py`.

Columns of a type's form are the members of an order and the type's fields, by Chinese or English name. Values are
written the way people write them; problems name field and rule, never a value. Columns for identity papers are dropped
before any row is read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.contract import Row, RowProblem, Table
from hub.store.certificate import DeviceKey, NumberKey
from hub.store.intake import StoredIntake
from schemas.catalogue import (
    Catalogue,
    CertificateType,
    FieldForm,
    FieldProblem,
    FieldsError,
    Occasion,
    SubjectKind,
    folded,
)
from schemas.identifiers import LicenceNumberCheckError, LicenceNumberFormError, parse_licence_number
from schemas.order import UNNAMED_SUBJECT, Order, read_order
from schemas.publicity import (
    NUMBER_FROM_DECISION,
    RowState,
    TypeNotFoundError,
    is_identity_column,
    match_columns,
    read_publicity_header,
    read_publicity_row,
)
from schemas.written import written_date

TYPE_FORM = "type"
PUBLICITY_FORM = "publicity"
PENALTY_FORM = "penalty"
LEGACY = "legacy"

# An order's members with the names departments give them in a table.
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "licence_number": ("统一社会信用代码",),
    "holder_name": ("持证主体名称", "持证主体"),
    "holder_address": ("住所", "持证主体住所"),
    "certificate_number": ("证照编号",),
    "decision_document": ("决定文书名称",),
    "decision_number": ("决定文书号",),
    "decided_on": ("决定日期",),
    "issued_on": ("发证日期",),
    "valid_from": ("有效期自",),
    "valid_to": ("有效期至",),
    "works_from": ("生效日期",),
    "subject_id": ("场所或设备编号",),
    "replaces": ("替代的证照标识",),
    "issuing_body": ("颁发机构统一社会信用代码", "颁发机构代码"),
    "issuing_body_name": ("颁发机构", "颁发机构名称"),
}
_DATES = frozenset({"decided_on", "issued_on", "valid_from", "valid_to", "works_from"})
# Only a file of an archive has it: each row was read from a paper, whose scan is kept elsewhere.
_SCAN = "scan_sha256"
_SCAN_NAMES = (_SCAN, "扫描件摘要")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_FIELD = "field:"


@dataclass(frozen=True, slots=True)
class RowContext:
    """What rows are read against. `bodies` are issuing bodies by name, `overrides` licence numbers once admitted."""

    catalogue: Catalogue
    overrides: frozenset[str]
    bodies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowReading:
    """One row as read: its order, or the result it has already (refused, conflict, queued) with its problems.

    `key` is the number the row names, where that much could be read, `device` the device; `scan_sha256` the digest of
    the paper's scan in a file of an archive.
    """

    number: int
    order: Order | None
    result: str | None
    problems: tuple[FieldProblem, ...] = ()
    key: NumberKey | None = None
    device: DeviceKey | None = None
    scan_sha256: str | None = None


ReadRow = Callable[[Row | RowProblem], RowReading]


def without_identity_columns(table: Table) -> Table:
    """Return the table with the cells of identity papers gone; the columns stay in the header, so positions hold."""
    dropped = [name for name in table.header if is_identity_column(name)]
    return replace(table, rows=_dropping(table.rows, dropped)) if dropped else table


def row_reader(intake: StoredIntake, header: tuple[str, ...], context: RowContext) -> ReadRow:
    """Return what reads the rows of an intake's file; raises ColumnUnknownError."""
    if intake.form == PUBLICITY_FORM:
        columns = read_publicity_header(header)

        def read_published(row: Row) -> RowReading:
            published = read_publicity_row(row.values, columns, catalogue=context.catalogue)
            body = _named_body(published.authority_number, published.authority, context)
            content = dict(published.content) | {"issuing_body": body}
            reading = _read(row.number, content, context, Occasion.IMPORT, published.marks)
            if published.state is RowState.NOT_IN_FORCE:
                problem = FieldProblem("status", "status_in_file")
                return RowReading(row.number, None, "conflict", (problem,), reading.key)
            return reading

        return _guarded(read_published)
    certificate_type = context.catalogue.get(intake.certificate_type or "")
    known = _type_columns(certificate_type)
    if intake.origin == LEGACY:
        known |= {folded(name).upper(): _SCAN for name in _SCAN_NAMES}
    meanings = match_columns(header, known)

    def read_own(row: Row) -> RowReading:
        content = _type_content(row.values, meanings, certificate_type)
        name, scan = content.pop("issuing_body_name", ""), content.pop(_SCAN, "")
        if intake.issuing_body is None:
            body = _named_body(content.get("issuing_body", ""), name, context)
        else:
            body = intake.issuing_body
            if content.get("issuing_body", body) not in ("", body):
                raise FieldsError((FieldProblem("issuing_body", "body_other"),))
        occasion = Occasion.IMPORT if intake.issuing_body is None else Occasion.ISSUE
        marks = _number_from_decision(content, certificate_type) if intake.issuing_body is None else ()
        reading = _read(row.number, content | {"issuing_body": body}, context, occasion, marks)
        return _with_scan(reading, scan) if intake.origin == LEGACY else reading

    return _guarded(read_own)


def _dropping(rows: Iterator[Row | RowProblem], names: list[str]) -> Iterator[Row | RowProblem]:
    for row in rows:
        if isinstance(row, Row):
            for name in names:
                del row.values[name]
        yield row


def _guarded(read: Callable[[Row], RowReading]) -> ReadRow:
    def read_guarded(row: Row | RowProblem) -> RowReading:
        if isinstance(row, RowProblem):
            place = f"column:{row.column}" if row.column is not None else "row"
            return RowReading(row.number, None, "refused", (FieldProblem(place, str(row.rule)),))
        try:
            return read(row)
        except FieldsError as error:
            return RowReading(row.number, None, "refused", error.problems)
        except TypeNotFoundError as error:
            return RowReading(row.number, None, "queued", (FieldProblem("certificate_type", error.rule),))

    return read_guarded


def _read(
    number: int, content: Mapping[str, Any], context: RowContext, occasion: Occasion, marks: tuple[str, ...]
) -> RowReading:
    written = {name: written_date(value) if name in _DATES else value for name, value in content.items()}
    key = (str(content["issuing_body"]), str(content["certificate_type"]), str(content.get("certificate_number", "")))
    try:
        order = read_order(
            written, catalogue=context.catalogue, overrides=context.overrides, occasion=occasion, marks=marks
        )
    except FieldsError as error:
        return RowReading(number, None, "refused", error.problems, key)
    key = (key[0], key[1], order.certificate_number)
    return RowReading(number, order, None, (), key, _device_of(order))


def _device_of(order: Order) -> DeviceKey | None:
    names_one = order.certificate_type.subject is SubjectKind.DEVICE and order.subject_id != UNNAMED_SUBJECT
    return (order.subject_id, order.certificate_type.code) if names_one else None


def _number_from_decision(content: dict[str, Any], certificate_type: CertificateType) -> tuple[str, ...]:
    """Let a device's row without a number be known by its decision's, as in the publicity form; return its marks."""
    if certificate_type.subject is not SubjectKind.DEVICE or "subject_id" not in content:
        return ()
    if "certificate_number" in content or "decision_number" not in content:
        return ()
    content["certificate_number"] = content["decision_number"]
    return (NUMBER_FROM_DECISION,)


def _with_scan(reading: RowReading, scan: str) -> RowReading:
    if _SHA256.fullmatch(scan):
        return replace(reading, scan_sha256=scan.lower())
    problem = FieldProblem(_SCAN, "form") if scan else FieldProblem(_SCAN, "missing")
    return replace(reading, order=None, result="refused", problems=(*reading.problems, problem))


def _named_body(number: str, name: str, context: RowContext) -> str:
    """Return the issuing body a row names by its licence number, or else by its name."""
    try:
        if number:
            return parse_licence_number(number, overrides=context.overrides)
    except LicenceNumberCheckError:
        raise FieldsError((FieldProblem("issuing_body", "check_digit"),)) from None
    except LicenceNumberFormError:
        raise FieldsError((FieldProblem("issuing_body", "form"),)) from None
    if not name:
        raise FieldsError((FieldProblem("issuing_body", "missing"),))
    if name not in context.bodies:
        raise FieldsError((FieldProblem("issuing_body", "body_unknown"),))
    return context.bodies[name]


def _type_columns(certificate_type: CertificateType) -> dict[str, str]:
    """Return folded column name → member of an order, or `field:` and the field's name."""
    known = {}
    for each in certificate_type.fields:
        for name in (each.name, each.label_zh, each.label_en):
            known[folded(name).upper()] = _FIELD + each.name
    # An order's own members win over a field that bears the same label.
    for member, names in _MEMBERS.items():
        for name in (member, *names):
            known[folded(name).upper()] = member
    return known


def _type_content(
    values: Mapping[str, str], meanings: Mapping[str, str], certificate_type: CertificateType
) -> dict[str, Any]:
    dates = {each.name for each in certificate_type.fields if each.form is FieldForm.DATE}
    content: dict[str, Any] = {"certificate_type": certificate_type.code}
    fields: dict[str, str] = {}
    for column, meaning in meanings.items():
        value = values[column].strip()
        if meaning.startswith(_FIELD):
            name = meaning.removeprefix(_FIELD)
            fields[name] = written_date(value) if name in dates else value
        elif value:
            content[meaning] = value
    return content | {"fields": fields}
