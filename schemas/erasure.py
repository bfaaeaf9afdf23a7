"""An order to erase: one field of one record, the ground and the document it is erased by, and how it is read.

Erasable is what describes: a type's own fields, and the holder's name and address. The certificate's number and its
issuing body's name are what a record is known by; they stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.certificate import parse_day
from schemas.certificate_type import CertificateType
from schemas.fields import FieldProblem, FieldsError
from schemas.plain_text import PlainTextError, parse_plain_text

HOLDER_FIELDS = ("holder_name", "holder_address")
_LONGEST = {
    "identifier": 128,
    "issuing_body": 18,
    "field": 64,
    "ground": 500,
    "document_name": 256,
    "document_number": 128,
}


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """What is to be erased, by which body, why and by which document."""

    identifier: str
    issuing_body: str
    field: str
    ground: str
    document_name: str
    document_number: str
    document_date: date

    @property
    def whole_ground(self) -> str:
        """The ground with its document, as it is kept."""
        return f"{self.ground}（{self.document_name}，{self.document_number}，{self.document_date.isoformat()}）"


def read_erasure_order(content: Mapping[str, Any]) -> ErasureOrder:
    """Read the content of an order to erase; FieldsError names every member and rule that is wrong."""
    problems = [
        FieldProblem("order", "unknown") for name in content if name not in _LONGEST and name != "document_date"
    ]
    texts = {name: _text(content.get(name), name, longest, problems) for name, longest in _LONGEST.items()}
    document_date = _day(content.get("document_date"), problems)
    if problems or document_date is None:
        raise FieldsError(tuple(problems))
    return ErasureOrder(**texts, document_date=document_date)


def erasable(kind: CertificateType) -> frozenset[str]:
    """Return the names of the fields of a type that can be erased."""
    return frozenset({*HOLDER_FIELDS, *(field.name for field in kind.fields)})


def _text(value: Any, name: str, longest: int, problems: list[FieldProblem]) -> str:
    if not isinstance(value, str) or not value.strip():
        problems.append(FieldProblem(name, "missing"))
        return ""
    try:
        return parse_plain_text(value, max_length=longest, multiline=name == "ground")
    except PlainTextError as error:
        problems.append(FieldProblem(name, error.rule))
    return ""


def _day(value: Any, problems: list[FieldProblem]) -> date | None:
    try:
        return parse_day(value)
    except (ValueError, TypeError):
        problems.append(FieldProblem("document_date", "missing" if value is None else "form"))
    return None
