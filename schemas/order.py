"""An order to issue: the whole content of one certificate as its issuing body orders it, and how it is read.

The content travels as JSON with text values; what is read here is checked against its certificate type. The four
descriptive facts every certificate has (number, holder's name and address, issuing body's name) are disclosures beside
the type's own fields, so that each can be erased.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from schemas.catalogue import (
    Catalogue,
    CertificateType,
    FieldProblem,
    FieldsError,
    NumberFormError,
    Occasion,
    ValidityError,
)
from schemas.certificate import end_of_validity, parse_day
from schemas.identifiers import LicenceNumberCheckError, LicenceNumberFormError, parse_licence_number
from schemas.plain_text import PlainTextError, parse_plain_text

_MEMBERS = frozenset(
    {"certificate_type", "type_version", "issuing_body", "licence_number", "holder_name", "holder_address"}
    | {"certificate_number", "decision_document", "decision_number", "decided_on", "issued_on", "valid_from"}
    | {"valid_to", "works_from", "subject_id", "fields", "replaces", "documents"}
)
_LENGTHS = {
    "issuing_body": 18,
    "holder_name": 256,
    "holder_address": 512,
    "certificate_number": 128,
    "decision_document": 256,
    "decision_number": 128,
    "subject_id": 64,
    "replaces": 128,
}
_OPTIONAL_TEXTS = frozenset({"holder_address", "decision_document", "subject_id", "replaces"})
_EDITIONS = ("original", "duplicate")
_LONG_TERM = frozenset({"", "长期", "无固定期限", "永久"})


@dataclass(frozen=True, slots=True)
class Order:
    """One certificate to be issued. `replaces` is the identifier of the version it renews or changes.

    `documents` are the editions whose sealed documents are wanted at once; the others are made when first fetched.
    """

    certificate_type: CertificateType
    issuing_body: str
    licence_number: str
    holder_name: str
    holder_address: str
    certificate_number: str
    decision_document: str
    decision_number: str
    decided_on: date
    issued_on: date
    valid_from: date
    valid_to: date | None
    works_from: date
    subject_id: str
    fields: Mapping[str, str]
    replaces: str | None = None
    marks: tuple[str, ...] = field(default=())
    documents: tuple[str, ...] = field(default=())

    def facts(self) -> dict[str, Any]:
        """Return what makes two orders the same certificate version: its content, not what it replaces or is to be."""
        return {
            "certificate_type": self.certificate_type.code,
            "issuing_body": self.issuing_body,
            "licence_number": self.licence_number,
            "holder_name": self.holder_name,
            "holder_address": self.holder_address,
            "certificate_number": self.certificate_number,
            "decision": [self.decision_document, self.decision_number, self.decided_on.isoformat()],
            "dates": [str(self.issued_on), str(self.valid_from), str(self.valid_to), str(self.works_from)],
            "subject_id": self.subject_id,
            "fields": dict(self.fields),
        }


def read_order(
    content: Mapping[str, Any],
    *,
    catalogue: Catalogue,
    overrides: Container[str],
    occasion: Occasion = Occasion.ISSUE,
    marks: tuple[str, ...] = (),
) -> Order:
    """Read the content of an order.

    `overrides` are the wrongly issued licence numbers that an operator admitted. Raises FieldsError naming every member
    and rule that is wrong, never a value; CertificateTypeUnknownError for a type the catalogue does not hold.
    """
    problems: list[FieldProblem] = [FieldProblem("order", "unknown") for name in content if name not in _MEMBERS]
    certificate_type = catalogue.get(str(content.get("certificate_type")), content.get("type_version"))
    texts = _read_texts(content, problems)
    dates = _read_dates(content, problems)
    licence_number = _read_licence_number(content, overrides, problems)
    fields = _read_fields(content, certificate_type, occasion, problems)
    number = _read_number(texts["certificate_number"], certificate_type, occasion, problems)
    documents = _read_documents(content, problems)
    valid_to = end_of_validity(dates["valid_to"])
    if not problems:
        _read_validity(certificate_type, dates["valid_from"], valid_to, problems)
    if problems:
        raise FieldsError(tuple(problems))
    decided_on = _known(dates["decided_on"])
    return Order(
        certificate_type=certificate_type,
        issuing_body=texts["issuing_body"],
        licence_number=licence_number,
        holder_name=texts["holder_name"],
        holder_address=texts["holder_address"],
        certificate_number=number,
        decision_document=texts["decision_document"],
        decision_number=texts["decision_number"],
        decided_on=decided_on,
        issued_on=dates["issued_on"] or decided_on,
        valid_from=_known(dates["valid_from"]),
        valid_to=valid_to,
        works_from=dates["works_from"] or _known(dates["valid_from"]),
        subject_id=texts["subject_id"] or ("001" if certificate_type.subject != "enterprise" else licence_number),
        fields=fields,
        replaces=texts["replaces"] or None,
        marks=marks,
        documents=documents,
    )


def _known(day: date | None) -> date:
    if day is None:
        raise FieldsError((FieldProblem("valid_from", "missing"),))
    return day


def _read_texts(content: Mapping[str, Any], problems: list[FieldProblem]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, longest in _LENGTHS.items():
        value = content.get(name)
        texts[name] = ""
        if value is None or value == "":
            if name not in _OPTIONAL_TEXTS:
                problems.append(FieldProblem(name, "missing"))
        elif not isinstance(value, str):
            problems.append(FieldProblem(name, "form"))
        else:
            before = len(problems)
            texts[name] = _plain(name, value, longest, problems)
            if not texts[name] and len(problems) == before and name not in _OPTIONAL_TEXTS:
                problems.append(FieldProblem(name, "missing"))
    return texts


def _plain(name: str, value: str, longest: int, problems: list[FieldProblem]) -> str:
    try:
        return parse_plain_text(value, max_length=longest)
    except PlainTextError as error:
        problems.append(FieldProblem(name, error.rule))
    return ""


def _read_dates(content: Mapping[str, Any], problems: list[FieldProblem]) -> dict[str, date | None]:
    dates: dict[str, date | None] = {}
    for name, needed in (
        ("decided_on", True),
        ("valid_from", True),
        ("valid_to", False),
        ("issued_on", False),
        ("works_from", False),
    ):
        value = content.get(name)
        dates[name] = None
        if value is None or (isinstance(value, str) and value.strip() in _LONG_TERM):
            if needed:
                problems.append(FieldProblem(name, "missing"))
            continue
        try:
            dates[name] = parse_day(value)
        except (ValueError, TypeError):
            problems.append(FieldProblem(name, "form"))
    return dates


def _read_licence_number(content: Mapping[str, Any], overrides: Container[str], problems: list[FieldProblem]) -> str:
    value = content.get("licence_number")
    if not isinstance(value, str) or not value:
        problems.append(FieldProblem("licence_number", "missing"))
        return ""
    try:
        return parse_licence_number(value, overrides=overrides)
    except LicenceNumberCheckError:
        problems.append(FieldProblem("licence_number", "check_digit"))
    except LicenceNumberFormError:
        problems.append(FieldProblem("licence_number", "form"))
    return ""


def _read_fields(
    content: Mapping[str, Any], certificate_type: CertificateType, occasion: Occasion, problems: list[FieldProblem]
) -> dict[str, str]:
    values = content.get("fields")
    if not isinstance(values, dict):
        problems.append(FieldProblem("fields", "missing"))
        return {}
    try:
        return certificate_type.check_fields(values, occasion)
    except FieldsError as error:
        problems.extend(error.problems)
        return {}


def _read_documents(content: Mapping[str, Any], problems: list[FieldProblem]) -> tuple[str, ...]:
    wanted = content.get("documents", [])
    if not isinstance(wanted, list) or any(each not in _EDITIONS for each in wanted):
        problems.append(FieldProblem("documents", "choice"))
        return ()
    return tuple(edition for edition in _EDITIONS if edition in wanted)


def _read_number(
    number: str, certificate_type: CertificateType, occasion: Occasion, problems: list[FieldProblem]
) -> str:
    # Published files carry numbers of any age and form, or none; the form is asked of what is issued here.
    if not number or occasion is Occasion.IMPORT:
        return number
    try:
        return certificate_type.check_number(number)
    except NumberFormError:
        problems.append(FieldProblem("certificate_number", "form"))
        return ""


def _read_validity(
    certificate_type: CertificateType, valid_from: date | None, valid_to: date | None, problems: list[FieldProblem]
) -> None:
    try:
        certificate_type.check_validity(_known(valid_from), valid_to)
    except ValidityError as error:
        problems.append(FieldProblem("valid_to", error.rule))
