"""The catalogue of certificate types: all versions of all types, loaded and checked together at start.

A type is a file `<code>.<version>.toml` in `schemas/types`; versions count from 1 without a gap. `schemas/type_file.py`
reads one file; here stands what holds between them: no code has two types, every name of a publicity row is findable.
Comments in a file grade each fact: P primary text, R running systems, W a web page, M memory with its confidence (0 to
1), which is to be confirmed with the department before its type is used for real.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from schemas.certificate_type import (
    CertificateType,
    Kind,
    NumberFormError,
    NumberRule,
    PublicityRule,
    SubjectKind,
    ValidityError,
    ValidityRule,
)
from schemas.fields import Field, FieldClass, FieldForm, FieldProblem, FieldsError, Occasion, SharingClass
from schemas.type_file import CatalogueError, load_type

__all__ = [
    "Catalogue",
    "CatalogueError",
    "CertificateType",
    "CertificateTypeUnknownError",
    "Field",
    "FieldClass",
    "FieldForm",
    "FieldProblem",
    "FieldsError",
    "Kind",
    "NumberFormError",
    "NumberRule",
    "Occasion",
    "PublicityRule",
    "SharingClass",
    "SubjectKind",
    "ValidityError",
    "ValidityRule",
    "load_catalogue",
]

TYPES_FOLDER = Path(__file__).with_name("types")


class CertificateTypeUnknownError(ValueError):
    """No type has this code, or not in this version."""


class Catalogue:
    """All certificate types, found by code and version, by type code, or by the words of a publicity row."""

    def __init__(self, types: Iterable[CertificateType]) -> None:
        self._versions = {(each.code, each.version): each for each in sorted(types, key=_place)}
        # Later versions come later, so the last one under a code stays.
        self._current = {each.code: each for each in self._versions.values()}
        self._by_type_code = {
            code: each for each in self._versions.values() for code in (each.type_code, *each.aliases)
        }
        self._by_name: dict[str, list[CertificateType]] = {}
        self._by_item: dict[str, list[CertificateType]] = {}
        for each in self._current.values():
            for name in {folded(name) for name in each.publicity.names}:
                self._by_name.setdefault(name, []).append(each)
            for item in {folded(item) for item in each.publicity.item_names}:
                self._by_item.setdefault(item, []).append(each)

    def get(self, code: str, version: int | None = None) -> CertificateType:
        """Return a type, its latest version when none is named; raises CertificateTypeUnknownError."""
        if version is None:
            found = self._current.get(code)
        else:
            # True and 1.0 would find version 1; what a stranger sent must be a whole number.
            found = self._versions.get((code, version)) if type(version) is int else None
        if found is None:
            raise CertificateTypeUnknownError("no such certificate type, or not in this version")
        return found

    def has(self, code: str) -> bool:
        """Say whether there is such a type."""
        return code in self._current

    def all_versions(self) -> tuple[CertificateType, ...]:
        """Return every version of every type, by code and version."""
        return tuple(self._versions.values())

    def current(self) -> tuple[CertificateType, ...]:
        """Return the latest version of every type, by code."""
        return tuple(self._current.values())

    def by_type_code(self, code_or_alias: str) -> CertificateType:
        """Return the latest type known by a 21-character type code; raises CertificateTypeUnknownError."""
        try:
            return self._by_type_code[code_or_alias]
        except KeyError:
            raise CertificateTypeUnknownError("no certificate type has this type code") from None

    def match_publicity(self, name: str, authority: str, item: str) -> tuple[CertificateType, ...]:
        """Return the types a publicity row may mean: none unknown, one found, several when it cannot tell them apart.

        `name` is the certificate's name (许可证书名称; when blank the item must be a known one), `authority` the
        authority's name, `item` any text of the row that may name the item (文书名称, 许可内容).
        """
        spoken, office = folded(item), folded(authority)
        known = self._by_name.get(folded(name), []) if name.strip() else self._by_item.get(spoken, [])
        fitting = tuple(each for each in known if _in_charge(each, office))
        if len(fitting) < 2:
            return fitting
        return _told_apart(fitting, spoken) or fitting


def load_catalogue(folder: Path = TYPES_FOLDER) -> Catalogue:
    """Load and check all types of a folder; raises CatalogueError naming file, field and rule."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise CatalogueError(folder.name, "types", "no type file in the folder")
    types = [load_type(path) for path in files]
    _check_versions(types)
    _check_type_codes(types)
    return Catalogue(types)


def folded(text: str) -> str:
    """Return a name for comparison: NFKC (full-width brackets and digits become half-width), no white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _place(certificate_type: CertificateType) -> tuple[str, int]:
    return certificate_type.code, certificate_type.version


def _in_charge(certificate_type: CertificateType, office: str) -> bool:
    return any(office.startswith(folded(name)) for name in certificate_type.publicity.authorities)


def _told_apart(types: tuple[CertificateType, ...], spoken: str) -> tuple[CertificateType, ...]:
    # Only words that belong to one of them tell; two types may share the name of an item.
    words = [{folded(word) for word in each.publicity.item_names} for each in types]
    shared = set.intersection(*words)
    return tuple(each for each, own in zip(types, words, strict=True) if any(word in spoken for word in own - shared))


def _check_versions(types: list[CertificateType]) -> None:
    versions = {_place(each) for each in types}
    for each in types:
        if each.version > 1 and (each.code, each.version - 1) not in versions:
            raise CatalogueError(f"{each.code}.{each.version}.toml", "version", "a version before it is missing")


def _check_type_codes(types: list[CertificateType]) -> None:
    owners: dict[str, str] = {}
    for each in types:
        for field, code in (("type_code", each.type_code), *(("aliases", alias) for alias in each.aliases)):
            if owners.setdefault(code, each.code) != each.code:
                rule = f"already the code of {owners[code]}"
                raise CatalogueError(f"{each.code}.{each.version}.toml", field, rule)
