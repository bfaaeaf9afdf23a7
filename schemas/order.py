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
from schemas.certificate import Cause, end_of_validity, parse_day
from schemas.identifiers import LicenceNumberCheckError, LicenceNumberFormError, parse_licence_number
from schemas.parties import may_lack_a_name
from schemas.plain_text import PlainTextError, parse_plain_text

_MEMBERS = frozenset(
    {"certificate_type", "type_version", "issuing_body", "licence_number", "holder_name", "holder_address"}
    | {"certificate_number", "decision_document", "decision_number", "decided_on", "issued_on", "valid_from"}
    | {"valid_to", "works_from", "subject_id", "subject_ids", "fields", "replaces", "cause", "documents"}
    | {"address_is_home", "flags", "deferred_until", "joint_bodies"}
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
_OPTIONAL_TEXTS = frozenset({"holder_name", "holder_address", "decision_document", "subject_id", "replaces"})
_EDITIONS = ("original", "duplicate")
# 告知承诺: given on the applicant's word; 容缺: some material is still to come, until a day.
FLAGS = ("commitment", "deferred")
# What stands for the site or device of an order that names none.
UNNAMED_SUBJECT = "001"
_MOST_SITES, _MOST_JOINT = 50, 5
_LONG_TERM = frozenset({"", "长期", "无固定期限", "永久"})


@dataclass(frozen=True, slots=True)
class Order:
    """One certificate to be issued. `replaces` is the identifier of the version it renews or changes.

    `cause` says why it replaces that version; `documents` are the editions whose sealed documents are wanted at once,
    the others are made when first fetched. `subject_ids` are the sites of one that is about several, `subject_id` the
    first of them. `address_is_home` keeps the holder's address from the public. `joint_bodies` order it together with
    `issuing_body`; `flags` are of FLAGS, `deferred_until` the last day for what is still to come.
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
    cause: Cause | None = None
    subject_ids: tuple[str, ...] = ()
    address_is_home: bool = False
    flags: tuple[str, ...] = ()
    deferred_until: date | None = None
    joint_bodies: tuple[str, ...] = ()

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
            **{name: value for name, value in self._rarer().items() if value},
        }

    def _rarer(self) -> dict[str, Any]:
        return {
            "subject_ids": list(self.subject_ids),
            "address_is_home": self.address_is_home,
            "flags": list(self.flags),
            "deferred_until": str(self.deferred_until) if self.deferred_until else None,
            "joint_bodies": list(self.joint_bodies),
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
    documents = _read_some(content, "documents", _EDITIONS, problems)
    flags = _read_some(content, "flags", FLAGS, problems)
    cause = _read_cause(content, problems)
    sites = _read_sites(content, certificate_type, problems)
    joint_bodies = _read_joint_bodies(content, texts["issuing_body"], problems)
    address_is_home = content.get("address_is_home", False)
    if not isinstance(address_is_home, bool):
        problems.append(FieldProblem("address_is_home", "form"))
    named = texts["holder_name"] or may_lack_a_name(licence_number)
    if not named and "holder_name" not in {each.field for each in problems}:
        problems.append(FieldProblem("holder_name", "missing"))
    if ("deferred" in flags) != (dates["deferred_until"] is not None):
        problems.append(FieldProblem("deferred_until", "only_with_deferred" if "deferred" not in flags else "missing"))
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
        subject_id=next(iter(sites), texts["subject_id"])
        or (UNNAMED_SUBJECT if certificate_type.subject != "enterprise" else licence_number),
        fields=fields,
        replaces=texts["replaces"] or None,
        marks=marks,
        documents=documents,
        cause=cause,
        subject_ids=sites if len(sites) > 1 else (),
        address_is_home=address_is_home is True,
        flags=flags,
        deferred_until=dates["deferred_until"],
        joint_bodies=joint_bodies,
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
        ("deferred_until", False),
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


def _read_some(
    content: Mapping[str, Any], name: str, choices: tuple[str, ...], problems: list[FieldProblem]
) -> tuple[str, ...]:
    wanted = content.get(name, [])
    if not isinstance(wanted, list) or any(each not in choices for each in wanted):
        problems.append(FieldProblem(name, "choice"))
        return ()
    return tuple(choice for choice in choices if choice in wanted)


def _read_cause(content: Mapping[str, Any], problems: list[FieldProblem]) -> Cause | None:
    written = content.get("cause")
    if written is None:
        return None
    if written not in list(Cause):
        problems.append(FieldProblem("cause", "choice"))
        return None
    if not content.get("replaces"):
        problems.append(FieldProblem("cause", "only_with_replaces"))
    return Cause(written)


def _read_sites(
    content: Mapping[str, Any], certificate_type: CertificateType, problems: list[FieldProblem]
) -> tuple[str, ...]:
    """Read the sites of a certificate about several; each id once, in the order given."""
    sites = content.get("subject_ids")
    if sites is None:
        return ()
    if certificate_type.subject != "site" or content.get("subject_id"):
        problems.append(FieldProblem("subject_ids", "only_sites"))
        return ()
    longest = _LENGTHS["subject_id"]
    if not isinstance(sites, list) or not 1 <= len(sites) <= _MOST_SITES or not all(
        isinstance(each, str) and 1 <= len(each) <= longest and each.isprintable() for each in sites
    ):  # fmt: skip
        problems.append(FieldProblem("subject_ids", "form"))
        return ()
    if len(set(sites)) != len(sites):
        problems.append(FieldProblem("subject_ids", "twice"))
    return tuple(sites)


def _read_joint_bodies(content: Mapping[str, Any], issuing_body: str, problems: list[FieldProblem]) -> tuple[str, ...]:
    bodies = content.get("joint_bodies", [])
    if not isinstance(bodies, list) or len(bodies) > _MOST_JOINT or not all(
        isinstance(each, str) and len(each) == _LENGTHS["issuing_body"] and each.isalnum() for each in bodies
    ):  # fmt: skip
        problems.append(FieldProblem("joint_bodies", "form"))
        return ()
    if len({*bodies, issuing_body}) != len(bodies) + 1:
        problems.append(FieldProblem("joint_bodies", "twice"))
    return tuple(bodies)


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
