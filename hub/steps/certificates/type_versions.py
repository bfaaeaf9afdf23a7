"""The certificate type versions this hub has used: pinned by their digests; a release's new ones two persons admit.

A type says which fields there are, how each is shared and who is competent. A version that was used is never edited
(what was sealed under it would change its meaning); one that a release brings counts once two persons of the operator
approved the digest over all the new ones (`hub/steps/orders/approvals.py`). Those of the first start come with the
installation.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import token_bytes

from sqlalchemy import Connection

from hub.errors import SetupError
from hub.steps.orders.approvals import VerifiedApproval, require_two
from hub.store.database import Database
from hub.store.entry import EntryWriter
from hub.store.installation import InstallationReader, InstallationWriter
from schemas.approval import Change
from schemas.canonical import canonical_digest
from schemas.catalogue import Catalogue
from schemas.evidence import ActFacts, Kind
from signing.base64url import encode

Versions = Mapping[tuple[str, int], str]
"""Digest of the file of each type version, by code and version."""

_ACT_ID_BYTES = 16


def pin_types(database: Database, catalogue: Catalogue) -> None:
    """Hold the catalogue against what this hub has used, and pin it at the first start.

    Raises SetupError type_edited, type_missing, types_not_admitted.
    """
    with database.read() as connection:
        first = not InstallationReader(connection).type_digests()
        new = new_types(connection, catalogue)
    if new and not first:
        raise SetupError("types_not_admitted", certificate_types=", ".join(_names(new)))
    if new:
        database.write(lambda connection: InstallationWriter(connection).add_types(new, admitted_by=None))


def new_types(connection: Connection, catalogue: Catalogue) -> Versions:
    """Return the type versions that this hub has not used; SetupError type_edited, type_missing for changed ones."""
    digests = {(each.code, each.version): each.digest for each in catalogue.all_versions()}
    known = InstallationReader(connection).type_digests()
    for key, digest in known.items():
        if digests.get(key, digest) != digest:
            raise SetupError("type_edited", certificate_type=f"{key[0]}.{key[1]}")
    if missing := [key for key in known if key not in digests]:
        raise SetupError("type_missing", certificate_type=f"{missing[0][0]}.{missing[0][1]}")
    return {key: digest for key, digest in digests.items() if key not in known}


def types_digest(versions: Versions) -> str:
    """Return what two persons approve, and the entry seals: SHA-256 (hex) over names and digests of the versions."""
    return canonical_digest(named_versions(versions))


def named_versions(versions: Versions) -> dict[str, str]:
    """Return versions by their names, `code.version`, as a draft for two persons tells them."""
    return {f"{code}.{version}": digest for (code, version), digest in versions.items()}


def differences(catalogue: Catalogue, versions: Versions) -> dict[str, list[str]]:
    """Return what two persons are to read of each new version: how its fields differ from those of the one before."""
    return {f"{code}.{version}": _difference(catalogue, code, version) for code, version in sorted(versions)}


def _difference(catalogue: Catalogue, code: str, version: int) -> list[str]:
    new = {each.name: each for each in catalogue.get(code, version).fields}
    earlier = [each.version for each in catalogue.all_versions() if each.code == code and each.version < version]
    if not earlier:
        return [f"+{name} {each.sharing_class}" for name, each in new.items()]
    old = {each.name: each for each in catalogue.get(code, max(earlier)).fields}
    told = [f"-{name}" for name in old.keys() - new.keys()]
    told += [f"+{name} {new[name].sharing_class}" for name in new.keys() - old.keys()]
    told += [
        f"{name} {old[name].sharing_class}→{new[name].sharing_class}"
        for name in new.keys() & old.keys()
        if new[name].sharing_class is not old[name].sharing_class
    ]
    return sorted(told)


def admit_types(
    connection: Connection, versions: Versions, *, approvals: Sequence[VerifiedApproval], now: datetime
) -> None:
    """Take a release's new type versions into use, by two persons' approvals of `types_digest`, with their entry."""
    require_two(approvals, change=Change.ADMIT_TYPE, connection=connection, now=now)
    act = ActFacts(
        Kind.ADMIT_TYPE, encode(token_bytes(_ACT_ID_BYTES)), now, None, None, types_digest(versions), None
    )  # fmt: skip
    InstallationWriter(connection).add_types(versions, admitted_by=act.act_id)
    EntryWriter(connection, token_bytes).add([act])


def _names(versions: Versions) -> list[str]:
    return sorted(f"{code}.{version}" for code, version in versions)
