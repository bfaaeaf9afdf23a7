"""Reading one certificate type's file (TOML, `schemas/toml_table.py`): every key, and what holds between them."""

import re
from hashlib import sha256
from pathlib import Path

from schemas.certificate_type import (
    CertificateType,
    Kind,
    NumberCheck,
    NumberFormError,
    NumberRule,
    PublicityRule,
    Replaced,
    SubjectKind,
    SuspensionEnd,
    ValidityEnd,
    ValidityRule,
)
from schemas.fields import COMMON_FIELDS, Field, FieldClass, FieldForm, Occasion, SharingClass
from schemas.identifiers import parse_licence_number
from schemas.toml_table import TomlFileError, TomlTable, read_toml

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


class CatalogueError(TomlFileError):
    """A type file is wrong: which file, which field of it, which rule."""


def load_type(path: Path) -> CertificateType:
    """Load one type from `<code>.<version>.toml`; raises CatalogueError."""
    content = path.read_bytes()
    table = read_toml(path.name, content, CatalogueError)
    loaded = _read_type(table, sha256(content).hexdigest())
    table.end()
    if path.name != f"{loaded.code}.{loaded.version}.toml":
        raise table.fault("code", "the file is not named <code>.<version>.toml")
    _check_type(loaded, table)
    return loaded


def _read_type(table: TomlTable, digest: str) -> CertificateType:
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
        replaced=_read_replaced(table.table("replaced")) if table.holds("replaced") else None,
        fields=tuple(_read_field(each) for each in table.tables("fields")),
    )


def _read_replaced(table: TomlTable) -> Replaced:
    replaced = Replaced(
        from_on=table.day("from_on"), zh=table.text("zh"), en=table.text("en"), source=table.text("source")
    )
    table.end()
    return replaced


def _read_validity(table: TomlTable) -> ValidityRule:
    rule = ValidityRule(
        max_years=table.optional_whole("max_years"), end=table.one_of("end", _ENDS), source=table.text("source")
    )
    table.end()
    if rule.end == "never" and rule.max_years is not None:
        raise table.fault("max_years", "given although the validity never ends")
    return rule


def _read_number(table: TomlTable) -> NumberRule:
    rule = NumberRule(
        pattern=table.pattern("pattern"),
        check=table.optional_one_of("check", _NUMBER_CHECKS),
        example=table.text("example"),
    )
    table.end()
    return rule


def _read_publicity(table: TomlTable) -> PublicityRule:
    rule = PublicityRule(
        names=table.texts("names"),
        authorities=table.texts("authorities"),
        item_names=table.texts("item_names"),
        content_field=table.optional_text("content_field"),
    )
    table.end()
    return rule


def _read_field(table: TomlTable) -> Field:
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


def _check_type(loaded: CertificateType, table: TomlTable) -> None:
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


def _check_definer(loaded: CertificateType, table: TomlTable) -> None:
    if loaded.definer is None:
        return
    try:
        parse_licence_number(loaded.definer)
    except ValueError:
        raise table.fault("definer", "not a licence number") from None
    if not loaded.type_code.startswith(loaded.definer):
        raise table.fault("type_code", "does not begin with the definer")
