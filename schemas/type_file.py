"""Reading one certificate type's file (TOML), every key checked.

A file is ours, not a stranger's, but a slip in it must stop the hub at start with words that say where: file, field
(with its place, `fields[3].pattern`) and rule.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from schemas.certificate_type import (
    CertificateType,
    Kind,
    NumberCheck,
    NumberFormError,
    NumberRule,
    PublicityRule,
    SubjectKind,
    SuspensionEnd,
    ValidityEnd,
    ValidityRule,
)
from schemas.fields import COMMON_FIELDS, Field, FieldClass, FieldForm, Occasion, SharingClass
from schemas.identifiers import parse_licence_number

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ITEM = re.compile(r"[1-9][0-9]?\.[1-9][0-9]?")
_TYPE_CODE = re.compile(r"[0-9A-Z]{18}[0-9]{3}")
_LONGEST = 10_000
# Forms whose length follows from the form: 2026年11月23日, 18 digits, 15 digits with 6 behind the point.
_LENGTHS = {FieldForm.DATE: 11, FieldForm.INTEGER: 18, FieldForm.DECIMAL: 22}
_FREE_FORMS = frozenset({FieldForm.TEXT, FieldForm.MULTILINE})

_ENDS: tuple[ValidityEnd, ...] = ("required", "optional", "never")
_SUSPENSION_ENDS: tuple[SuspensionEnd, ...] = ("act", "date")
_NUMBER_CHECKS: tuple[NumberCheck, ...] = ("mod11_10",)

Choice = TypeVar("Choice", bound=str)


class CatalogueError(ValueError):
    """A type file is wrong: which file, which field of it, which rule."""

    def __init__(self, file: str, field: str, rule: str) -> None:
        super().__init__(f"{file}: {field}: {rule}")
        self.file = file
        self.field = field
        self.rule = rule


class _Table:
    """One table of a file; every key is taken once, what is left at the end is unknown."""

    def __init__(self, file: str, place: str, content: Mapping[str, Any]) -> None:
        self._file, self._place, self._left = file, place, dict(content)

    def fault(self, key: str, rule: str) -> CatalogueError:
        return CatalogueError(self._file, f"{self._place}{key}", rule)

    def end(self) -> None:
        for key in self._left:
            raise self.fault(key, "unknown key")

    def text(self, key: str, form: re.Pattern[str] | None = None) -> str:
        value = self._take(key, str)
        if not value.strip() or (form is not None and not form.fullmatch(value)):
            raise self.fault(key, "empty, or not of its form")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self._left else None

    def texts(self, key: str, form: re.Pattern[str] | None = None) -> tuple[str, ...]:
        values = self._take(key, list)
        for value in values:
            if not isinstance(value, str) or not value.strip() or (form is not None and not form.fullmatch(value)):
                raise self.fault(key, "holds what is empty, no text, or not of its form")
        if len(set(values)) != len(values):
            raise self.fault(key, "holds a text twice")
        return tuple(values)

    def whole(self, key: str) -> int:
        value = self._take(key, int)
        if value < 1:
            raise self.fault(key, "not a positive whole number")
        return int(value)

    def optional_whole(self, key: str) -> int | None:
        return self.whole(key) if key in self._left else None

    def flag(self, key: str) -> bool:
        return bool(self._take(key, bool))

    def one_of(self, key: str, choices: Iterable[Choice]) -> Choice:
        return self._chosen(key, self.text(key), choices)

    def optional_one_of(self, key: str, choices: Iterable[Choice]) -> Choice | None:
        return self.one_of(key, choices) if key in self._left else None

    def some_of(self, key: str, choices: Iterable[Choice]) -> frozenset[Choice]:
        return frozenset(self._chosen(key, text, choices) for text in self.texts(key))

    def pattern(self, key: str) -> str:
        text = self.text(key)
        try:
            re.compile(text)
        except re.error:
            raise self.fault(key, "not a regular expression") from None
        return text

    def optional_pattern(self, key: str) -> str | None:
        return self.pattern(key) if key in self._left else None

    def table(self, key: str) -> "_Table":
        return _Table(self._file, f"{self._place}{key}.", self._take(key, dict))

    def tables(self, key: str) -> list["_Table"]:
        tables = self._take(key, list)
        if not tables or not all(isinstance(each, dict) for each in tables):
            raise self.fault(key, "not a list of tables")
        return [_Table(self._file, f"{self._place}{key}[{place}].", each) for place, each in enumerate(tables, 1)]

    def _take(self, key: str, kind: type) -> Any:
        if key not in self._left:
            raise self.fault(key, "missing key")
        value = self._left.pop(key)
        if type(value) is not kind:
            raise self.fault(key, f"not of the kind {kind.__name__}")
        return value

    def _chosen(self, key: str, text: str, choices: Iterable[Choice]) -> Choice:
        for choice in choices:
            if choice == text:
                return choice
        raise self.fault(key, f"none of {', '.join(choices)}")


def load_type(path: Path) -> CertificateType:
    """Load one type from `<code>.<version>.toml`; raises CatalogueError."""
    content = path.read_bytes()
    try:
        parsed = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(path.name, "file", "not TOML in UTF-8") from error
    table = _Table(path.name, "", parsed)
    loaded = _read_type(table, sha256(content).hexdigest())
    table.end()
    if path.name != f"{loaded.code}.{loaded.version}.toml":
        raise table.fault("code", "the file is not named <code>.<version>.toml")
    _check_type(loaded, table)
    return loaded


def _read_type(table: _Table, digest: str) -> CertificateType:
    return CertificateType(
        code=table.text("code", _SLUG),
        version=table.whole("version"),
        digest=digest,
        name_zh=table.text("name_zh"),
        name_en=table.text("name_en"),
        items=table.texts("items", _ITEM),
        item_names=table.texts("item_names"),
        competent_department=table.text("competent_department"),
        definer=table.optional_text("definer"),
        type_code=table.text("type_code", _TYPE_CODE),
        provisional=table.flag("provisional"),
        aliases=table.texts("aliases", _TYPE_CODE),
        kind=table.one_of("kind", Kind),
        subject=table.one_of("subject", SubjectKind),
        sharing_class=table.one_of("sharing_class", SharingClass),
        validity=_read_validity(table.table("validity")),
        number=_read_number(table.table("number")),
        renewal_window_days=table.optional_whole("renewal_window_days"),
        suspension_ends=table.one_of("suspension_ends", _SUSPENSION_ENDS),
        disclosure_count=table.whole("disclosure_count"),
        publicity=_read_publicity(table.table("publicity")),
        fields=tuple(_read_field(each) for each in table.tables("fields")),
    )


def _read_validity(table: _Table) -> ValidityRule:
    rule = ValidityRule(
        max_years=table.optional_whole("max_years"), end=table.one_of("end", _ENDS), source=table.text("source")
    )
    table.end()
    if rule.end == "never" and rule.max_years is not None:
        raise table.fault("max_years", "given although the validity never ends")
    return rule


def _read_number(table: _Table) -> NumberRule:
    rule = NumberRule(
        pattern=table.pattern("pattern"),
        check=table.optional_one_of("check", _NUMBER_CHECKS),
        example=table.text("example"),
    )
    table.end()
    return rule


def _read_publicity(table: _Table) -> PublicityRule:
    rule = PublicityRule(
        names=table.texts("names"),
        authorities=table.texts("authorities"),
        item_names=table.texts("item_names"),
        content_field=table.optional_text("content_field"),
    )
    table.end()
    return rule


def _read_field(table: _Table) -> Field:
    form = table.one_of("form", FieldForm)
    choices = table.texts("choices") if form is FieldForm.CHOICE else ()
    field = Field(
        name=table.text("name", _SLUG),
        label_zh=table.text("label_zh"),
        label_en=table.text("label_en"),
        form=form,
        field_class=table.one_of("class", FieldClass),
        sharing_class=table.one_of("sharing_class", SharingClass),
        required_on=table.some_of("required_on", Occasion),
        max_length=_LENGTHS.get(form) or max(map(len, choices), default=0) or table.whole("max_length"),
        pattern=table.optional_pattern("pattern") if form is FieldForm.TEXT else None,
        choices=choices,
    )
    table.end()
    if field.name in COMMON_FIELDS:
        raise table.fault("name", "a fact every certificate has, kept beside the fields")
    if form is FieldForm.CHOICE and len(choices) < 2:
        raise table.fault("choices", "fewer than two")
    if field.max_length > _LONGEST:
        raise table.fault("max_length", f"more than {_LONGEST}")
    return field


def _check_type(loaded: CertificateType, table: _Table) -> None:
    names = [each.name for each in loaded.fields]
    if len(set(names)) != len(names):
        raise table.fault("fields", "a name stands twice")
    if len(loaded.items) != len(loaded.item_names):
        raise table.fault("item_names", "not one for each of items")
    if loaded.disclosure_count < len(names) + len(COMMON_FIELDS):
        raise table.fault("disclosure_count", f"less than the fields and the {len(COMMON_FIELDS)} common facts")
    if (loaded.validity.end == "never") != (loaded.renewal_window_days is None):
        raise table.fault("renewal_window_days", "needed where the validity can end, and only there")
    _check_definer(loaded, table)
    try:
        loaded.check_number(loaded.number.example)
    except NumberFormError:
        raise table.fault("number.example", "breaks the rule it is an example of") from None
    content_field = loaded.publicity.content_field
    if content_field is not None and not any(
        each.name == content_field and each.form in _FREE_FORMS and each.pattern is None for each in loaded.fields
    ):
        raise table.fault("publicity.content_field", "no free text field of this type")


def _check_definer(loaded: CertificateType, table: _Table) -> None:
    if loaded.definer is None:
        return
    try:
        parse_licence_number(loaded.definer)
    except ValueError:
        raise table.fault("definer", "not a licence number") from None
    if not loaded.type_code.startswith(loaded.definer):
        raise table.fault("type_code", "does not begin with the definer")
