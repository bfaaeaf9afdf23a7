"""A type's own fields: their form and classes, and how the values ordered for them are read.

All values are text: dates become ISO 8601 (2026-11-23), whole and decimal numbers lose needless zeros. A problem names
field and rule, never the value. Rules: unknown, missing, too_long, form, choice, pattern, control_character, not_nfc.
Not checked here: whether a value is true.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from schemas.plain_text import PlainTextError, parse_plain_text

# What every certificate tells beside its type's own fields; disclosures too, so that each can be erased.
COMMON_FIELDS = ("certificate_number", "holder_name", "holder_address", "issuing_body_name")
# Texts of an order that were never a field's name may hold anything; problems must not repeat them.
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})-([0-9]{2})|/([0-9]{1,2})/([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)")
_INTEGER = re.compile(r"[0-9]{1,18}")
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")


class FieldClass(StrEnum):
    """Who may see a field: anyone, departments, departments with a named need, or nobody without a person's cause."""

    PUBLIC = "public"
    SHARED = "shared"
    RESTRICTED = "restricted"
    PERSONAL = "personal"


class SharingClass(StrEnum):
    """共享属性: how a type or field may be shared between departments."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NOT_SHARED = "not_shared"

    @staticmethod
    def strictest(*classes: "SharingClass") -> "SharingClass":
        """Return the class that wins where a type's and its fields' classes meet; at least one is given."""
        return max(classes, key=tuple(SharingClass).index)


class FieldForm(StrEnum):
    """What a value looks like."""

    TEXT = "text"
    MULTILINE = "multiline"
    DATE = "date"
    INTEGER = "integer"
    DECIMAL = "decimal"
    CHOICE = "choice"


class Occasion(StrEnum):
    """When values are checked: ordered now by the issuing body, or imported from what it published before."""

    ISSUE = "issue"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One broken rule of one field, both by name."""

    field: str
    rule: str


class FieldsError(ValueError):
    """Values break rules of their fields; `problems` names each."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.rule}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a certificate type. `max_length` counts code points; `pattern` is matched against the whole value;
    `choices` are the only values of a CHOICE.
    """

    name: str
    label_zh: str
    label_en: str
    form: FieldForm
    field_class: FieldClass
    sharing_class: SharingClass
    required_on: frozenset[Occasion]
    max_length: int
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    # Worked out once: an enum's member and a pattern's cache are looked up slowly, and each field of each row asks.
    _compiled: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _multiline: bool = field(init=False, repr=False, compare=False)
    _free: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", re.compile(self.pattern) if self.pattern is not None else None)
        object.__setattr__(self, "_multiline", self.form is FieldForm.MULTILINE)
        object.__setattr__(self, "_free", self._multiline or self.form is FieldForm.TEXT)

    def read(self, value: object) -> str:
        """Return the value in its one form, "" for a blank one or None; raises FieldsError."""
        if not isinstance(value, str):
            if value is None:
                return ""
            raise self._broken("form")
        try:
            text = parse_plain_text(value, max_length=self.max_length, multiline=self._multiline)
        except PlainTextError as error:
            raise self._broken(error.rule) from None
        if not text:
            return text
        if not self._free:
            return self._read_form(text)
        if self._compiled is not None and not self._compiled.fullmatch(text):
            raise self._broken("pattern")
        return text

    def _read_form(self, text: str) -> str:
        if self.form is FieldForm.CHOICE:
            if text not in self.choices:
                raise self._broken("choice")
            return text
        if self.form is FieldForm.DATE:
            return self._read_date(text)
        if not (_INTEGER if self.form is FieldForm.INTEGER else _DECIMAL).fullmatch(text):
            raise self._broken("form")
        whole, _, fraction = text.partition(".")
        whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
        return f"{whole}.{fraction}" if fraction else whole

    def _read_date(self, text: str) -> str:
        form = _DATE.fullmatch(text)
        if form is None:
            raise self._broken("form")
        year, month, day = (int(part) for part in form.groups() if part is not None)
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            raise self._broken("form") from None

    def _broken(self, rule: str) -> FieldsError:
        return FieldsError((FieldProblem(self.name, rule),))


def read_fields(fields: Mapping[str, Field], values: Mapping[str, str], occasion: Occasion) -> dict[str, str]:
    """Return the given values in their one form, blank ones left out, in the order of `fields` (by name).

    Raises FieldsError naming every problem.
    """
    found: dict[str, str] = {}
    problems: list[FieldProblem] = []
    met = 0
    for name, each in fields.items():
        text = ""
        if name in values:
            met += 1
            try:
                text = each.read(values[name])
            except FieldsError as error:
                problems += error.problems
                continue
        if text:
            found[name] = text
        elif occasion in each.required_on:
            problems.append(FieldProblem(name, "missing"))
    if met < len(values):
        problems += [
            FieldProblem(name, "unknown") for name in sorted({_spoken(name) for name in values if name not in fields})
        ]
    if problems:
        raise FieldsError(tuple(problems))
    return found


def _spoken(name: str) -> str:
    return name if _FIELD_NAME.fullmatch(name) else "fields"
