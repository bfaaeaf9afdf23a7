"""Templates of grants: what enterprises are often asked for, filled in beforehand (`schemas/grant_templates.toml`)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("grant_templates.toml")


@dataclass(frozen=True, slots=True)
class GrantTemplate:
    """One template: names, the matter, which types and fields, how long in days, how often, and whether later ones."""

    code: str
    name_zh: str
    name_en: str
    item_code: str
    item_name: str
    days: int
    uses: int
    future: bool
    types: Mapping[str, tuple[str, ...]]


def load_grant_templates() -> dict[str, GrantTemplate]:
    """Return the templates by code."""
    read = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        code: GrantTemplate(
            code=code, **{**each, "types": {name: tuple(fields) for name, fields in each["types"].items()}}
        )
        for code, each in read.items()
    }
