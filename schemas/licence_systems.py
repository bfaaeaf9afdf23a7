"""Other systems' codes that stand for an enterprise: how each is recognised. Data, `schemas/licence_codes.toml`.

What an address of theirs means is theirs to say: nothing is read out of it, and nothing is ever asked of it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from schemas.toml_table import TomlFileError, TomlTable, read_toml

SYSTEMS_FILE = Path(__file__).with_name("licence_codes.toml")
_CODE = re.compile(r"[a-z][a-z_]{1,31}")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_SITE = re.compile(r"https://([a-z0-9.-]+)/")
_GRADE = re.compile(r"[PCRW]|M 0\.[0-9]{1,2}")


class LicenceSystemsError(TomlFileError):
    """The file of other systems is wrong: which file, which field of it, which rule."""


@dataclass(frozen=True, slots=True)
class LicenceSystem:
    """One system: the hosts (with `subdomains`, those below them too) or words it is known by.

    `form` is an example of a whole code, `site` the address a page may link to ("" for none), `source` where it was
    seen, `grade` how sure that is.
    """

    code: str
    name_zh: str
    name_en: str
    hosts: tuple[str, ...]
    subdomains: bool
    words: tuple[str, ...]
    form: str
    site: str
    source: str
    grade: str

    @property
    def site_host(self) -> str:
        """The host of the site, to be read before the link is followed; "" for none."""
        found = _SITE.fullmatch(self.site)
        return found[1] if found else ""

    def has_host(self, host: str) -> bool:
        """Say whether a host name (lower case, no port) is one of this system's."""
        return host in self.hosts or (self.subdomains and any(host.endswith(f".{each}") for each in self.hosts))


def load_licence_systems(path: Path = SYSTEMS_FILE) -> tuple[LicenceSystem, ...]:
    """Load and check all systems, in the file's order; LicenceSystemsError names file, field and rule."""
    table = read_toml(path.name, path.read_bytes(), LicenceSystemsError)
    tables = table.tables("systems")
    table.end()
    systems: list[LicenceSystem] = []
    for each in tables:
        system = _read(each)
        if system.code in {known.code for known in systems}:
            raise each.fault("code", "stands twice")
        systems.append(system)
    for system, each in zip(systems, tables, strict=True):
        if system.site and not _is_known(system.site_host, systems):
            raise each.fault("site", "its host is none of the file's")
    return tuple(systems)


def _read(table: TomlTable) -> LicenceSystem:
    system = LicenceSystem(
        code=table.text("code", _CODE),
        name_zh=table.text("name_zh"),
        name_en=table.text("name_en"),
        hosts=table.texts("hosts", _HOST),
        subdomains=table.flag("subdomains"),
        words=table.texts("words"),
        form=table.text("form"),
        site=table.optional_text("site") or "",
        source=table.text("source"),
        grade=table.text("grade", _GRADE),
    )
    table.end()
    if not system.hosts and not system.words:
        raise table.fault("hosts", "neither hosts nor words")
    return system


def _is_known(host: str, systems: Iterable[LicenceSystem]) -> bool:
    return any(system.has_host(host) for system in systems)
