"""What a sentence gives: single certificates, and types with their fields, as every sentence of ours names them.

A type is named in one version with the labels the signer read; a list has one text and a text one list.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.sentence import IDENTIFIER, SentenceFormError, check_form, check_plain

NONE = "无"
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")


@dataclass(frozen=True, slots=True)
class GrantedField:
    """One field of a type: its name in the catalogue and the label the signer read."""

    name: str
    label_zh: str

    def __post_init__(self) -> None:
        check_form("field name", self.name, _SLUG)
        check_plain("field label", self.label_zh, 40)


@dataclass(frozen=True, slots=True)
class GrantedType:
    """One certificate type in one version, and which of its fields are granted."""

    code: str
    version: int
    name_zh: str
    fields: tuple[GrantedField, ...]

    def __post_init__(self) -> None:
        check_form("type code", self.code, _SLUG)
        check_count("type version", self.version, 999_999)
        check_plain("type name", self.name_zh, 80)
        _distinct("fields", [field.name for field in self.fields], at_least=1)


def check_scope(certificates: Sequence[str], types: Sequence[GrantedType]) -> None:
    """Refuse a scope of nothing, or that names something twice or in another form: SentenceFormError."""
    for identifier in certificates:
        check_form("certificates", identifier, IDENTIFIER)
    _distinct("certificates", certificates)
    _distinct("types", [granted.code for granted in types], at_least=0 if certificates else 1)


def render_certificates(certificates: Sequence[str]) -> str:
    """Return identifiers as a sentence names them; 无 for none."""
    return "、".join(f"〔{identifier}〕" for identifier in certificates) or NONE


def parse_certificates(text: str) -> tuple[str, ...]:
    """Return the identifiers a sentence names; what is no identifier is left to `check_scope` and to rendering."""
    return tuple(re.findall("〔([^〔〕]*)〕", text))


def render_types(types: Sequence[GrantedType]) -> str:
    """Return types with version and fields as a sentence names them; 无 for none."""
    return "；".join(map(_render_type, types)) or NONE


def parse_types(text: str) -> tuple[GrantedType, ...]:
    """Return the types a sentence names; SentenceFormError for one that breaks its rule."""
    return tuple(map(_parse_type, _TYPE.finditer(text)))


def parse_number(text: str) -> int:
    """Return a number of at most seven digits without a leading zero; SentenceFormError."""
    if not _NUMBER.fullmatch(text):
        raise SentenceFormError("number", "form")
    return int(text)


def check_count(member: str, value: int, most: int) -> None:
    """Refuse what is no whole number from 1 to `most`: SentenceFormError."""
    if type(value) is not int or not 1 <= value <= most:
        raise SentenceFormError(member, "out of range")


_FIELD = re.compile("「([^「」]*)」〔([^〔〕]*)〕")
_TYPE = re.compile(f"「([^「」]*)」〔([^〔〕]*)〕第〔([^〔〕]*)〕版，字段：((?:{_FIELD.pattern}、?)+)")


def _render_type(granted: GrantedType) -> str:
    fields = "、".join(f"「{field.label_zh}」〔{field.name}〕" for field in granted.fields)
    return f"「{granted.name_zh}」〔{granted.code}〕第〔{granted.version}〕版，字段：{fields}"


def _parse_type(match: re.Match[str]) -> GrantedType:
    name_zh, code, version, fields = match.group(1, 2, 3, 4)
    named = tuple(GrantedField(name=name, label_zh=label) for label, name in _FIELD.findall(fields))
    return GrantedType(code=code, version=parse_number(version), name_zh=name_zh, fields=named)


def _distinct(member: str, values: Sequence[str], *, at_least: int = 0) -> None:
    if len(values) < at_least or len(set(values)) != len(values):
        raise SentenceFormError(member, "empty or named twice")
