"""One certificate type in one version: what the document is, its fields, and the rules of its validity and number.

A type says what may be issued; who may issue it is the issuing body's matter (`schemas/parties.py`). The chapters are
those of the permit standards (证照类型要求, 证照信息项, 编目要求, 证书编号).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

from schemas.fields import Field, Occasion, SharingClass, read_fields
from schemas.identifiers import mod11_10
from schemas.plain_text import PlainTextError, parse_plain_text

NUMBER_LENGTH = 128

_HALF_WIDTH = {0xFEE0 + code: code for code in range(0x30, 0x5B) if chr(code).isalnum()}
_HALF_WIDTH |= {code: code - 32 for code in range(0x61, 0x7B)} | {
    0xFEE0 + code: code - 32 for code in range(0x61, 0x7B)
}
_NOT_DIGITS = re.compile(r"[^0-9]")

ValidityEnd = Literal["required", "optional", "never"]
SuspensionEnd = Literal["act", "date"]
NumberCheck = Literal["mod11_10"]
ValidityFault = Literal["reversed", "too_long", "end_required", "end_forbidden"]


class Kind(StrEnum):
    """What the certificate is in law: a permit 许可, a filing 备案, a registration 登记, or the business licence."""

    PERMIT = "permit"
    FILING = "filing"
    REGISTRATION = "registration"
    LICENCE = "licence"


class SubjectKind(StrEnum):
    """What one certificate is about; a holder may have one per site or per device."""

    ENTERPRISE = "enterprise"
    SITE = "site"
    DEVICE = "device"


class NumberFormError(ValueError):
    """The certificate number has not its type's form."""


class ValidityError(ValueError):
    """The validity breaks its type's rule; `rule` names it."""

    def __init__(self, rule: ValidityFault) -> None:
        super().__init__(f"validity {rule}")
        self.rule = rule


@dataclass(frozen=True, slots=True)
class ValidityRule:
    """How long a certificate may be valid. `max_years` None sets no limit; `source` says where the rule is from."""

    max_years: int | None
    end: ValidityEnd
    source: str


@dataclass(frozen=True, slots=True)
class NumberRule:
    """The form of the printed number: a pattern for the whole of it, and whether its last digit checks the others."""

    pattern: str
    check: NumberCheck | None
    example: str


@dataclass(frozen=True, slots=True)
class PublicityRule:
    """Under which words a row of a publicity file (双公示) means this type.

    `names` are certificate names; `authorities` how the authority's name may begin; `item_names` the words that tell
    types of one name and authority apart. `content_field` is the field that 许可内容 fills, where one fits.
    """

    names: tuple[str, ...]
    authorities: tuple[str, ...]
    item_names: tuple[str, ...]
    content_field: str | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """A type that is required no more from a day on, or became a filing: what to tell, and by which source."""

    from_on: date
    zh: str
    en: str
    source: str


@dataclass(frozen=True, slots=True)
class CertificateType:
    """One entry of the catalogue.

    `digest` is the SHA-256 (hex) of its file; `items` are batch.number of the reform's list with `item_names` beside;
    `definer` is the licence number of the body that defines the type; `type_code` has 21 characters, `aliases` are
    its other codes. `renewal_window_days` is how many days before the end a renewal is asked for at the
    latest. `replaced` says that the type is required no more. `disclosure_count` is the fixed number of digests in
    every record of this type.
    """

    code: str
    version: int
    digest: str
    name_zh: str
    name_en: str
    items: tuple[str, ...]
    item_names: tuple[str, ...]
    competent_department: str
    definer: str | None
    type_code: str
    provisional: bool
    aliases: tuple[str, ...]
    kind: Kind
    subject: SubjectKind
    sharing_class: SharingClass
    fields: tuple[Field, ...]
    validity: ValidityRule
    number: NumberRule
    renewal_window_days: int | None
    suspension_ends: SuspensionEnd
    disclosure_count: int
    publicity: PublicityRule
    replaced: Replaced | None = None
    _by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    _number_form: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name: each for each in self.fields})
        object.__setattr__(self, "_number_form", re.compile(self.number.pattern))

    def check_fields(self, values: Mapping[str, str], occasion: Occasion) -> dict[str, str]:
        """Return the values normalised, blank ones left out, in the order of `fields`; raises FieldsError."""
        return read_fields(self._by_name, values, occasion)

    def check_number(self, text: str) -> str:
        """Return the certificate number with half-width digits and capital letters; raises NumberFormError."""
        try:
            number = parse_plain_text(text, max_length=NUMBER_LENGTH).translate(_HALF_WIDTH)
        except PlainTextError:
            raise NumberFormError(f"not a certificate number of {self.code}") from None
        if not self._number_form.fullmatch(number):
            raise NumberFormError(f"not the form of a certificate number of {self.code}")
        if self.number.check == "mod11_10":
            digits = _NOT_DIGITS.sub("", number)
            if digits[-1:] != mod11_10(digits[:-1]):
                raise NumberFormError(f"wrong check digit in a certificate number of {self.code}")
        return number

    def check_validity(self, valid_from: date, valid_to: date | None) -> None:
        """Check the first and last day of validity (None: no end); raises ValidityError."""
        if valid_to is None:
            if self.validity.end == "required":
                raise ValidityError("end_required")
            return
        if self.validity.end == "never":
            raise ValidityError("end_forbidden")
        if valid_to < valid_from:
            raise ValidityError("reversed")
        if self.validity.max_years is not None and valid_to > _years_after(valid_from, self.validity.max_years):
            raise ValidityError("too_long")


def _years_after(day: date, years: int) -> date:
    # The same day that many years on: some authorities print it as the last day, others the day before.
    year = day.year + years
    if year > date.max.year:
        return date.max
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February in a common year
        return date(year, 2, 28)
