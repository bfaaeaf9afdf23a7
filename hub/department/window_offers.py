"""What a window can ask of the holder who stands before it: for which items, on which basis, prefilled.

1 what was scanned leads to its holder
2 the department's lines of the sharing table that stand today, and the holder's live grants to it, are its bases
3 of each item the version in force says whether one pull asks for all its materials
Nothing is decided or written here: the pull that follows is decided as any other (`hub/sharing/exchange.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.steps.consent.signer_status import basis_of, opened_grant
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.enterprise import EnterpriseReader
from hub.store.grant import GrantReader
from hub.store.item import ItemReader
from hub.store.reference import ReferenceReader
from hub.store.sharing import SharingReader
from hub.store.subject import SubjectReader
from schemas.certificate import civil_date
from schemas.exchange import Basis
from schemas.grant import Grant
from schemas.granted import NONE
from schemas.sharing import in_force


@dataclass(frozen=True, slots=True)
class Offer:
    """One basis for one item; `by_item` says that the item names its materials, else `types` are asked for.

    `case_number` is that of a grant for a single case, `case_pattern` the form of the item's case numbers, or "".
    """

    basis: Basis
    reference: str
    item_code: str
    item_name: str
    types: tuple[str, ...]
    by_item: bool
    case_number: str = ""
    case_pattern: str = ""

    @property
    def name(self) -> str:
        """What a form calls it."""
        return f"{self.basis}:{self.reference}"

    def request(self, licence_number: str, case_number: str) -> dict[str, Any]:
        """Return the request of a pull on it, as a statement carries it."""
        wanted = {"by_item": True} if self.by_item else {"wanted": [{"certificate_type": each} for each in self.types]}
        return {
            "licence_number": licence_number,
            "basis": {"kind": str(self.basis), "reference": self.reference},
            "item_code": self.item_code,
            "case_number": case_number,
            **wanted,
        }


@dataclass(frozen=True, slots=True)
class Before:
    """The holder before a window, and what may be asked for."""

    licence_number: str
    name: str
    offers: tuple[Offer, ...]


def holder_of(page: str, *, registry: Registry) -> str:
    """Return the licence number of the holder whose public page, or whose certificate's or site's, that is; or ""."""
    _, kind, reference = page.split("/", 2)
    with registry.database.read() as connection:
        if kind in ("q", "c"):
            claim = ReferenceReader(connection).get(reference)
            return claim.licence_number if claim else ""
        subject = SubjectReader(connection).by_reference(reference) if kind in ("s", "d") else None
    return subject.holder if subject else ""


def offers_for(licence_number: str, department: str, *, registry: Registry, now: datetime) -> Before:
    """Return who that is, and on which bases the department may ask for which items."""
    with registry.database.read() as connection:
        known = EnterpriseReader(connection).get(licence_number)
        offers = [*_lines(department, now, connection), *_grants(licence_number, department, registry, now, connection)]
        described = _items_in_force({each.item_code for each in offers}, now, connection)
    marked = tuple(replace(each, by_item=each.item_code in described) for each in offers)
    return Before(licence_number, known.name if known else "", marked)


@dataclass(frozen=True, slots=True)
class KnownItem:
    """An item that a window handles, and the certificate types it needs."""

    code: str
    name: str
    types: tuple[str, ...]


def known_items(department: str, *, registry: Registry, now: datetime) -> list[KnownItem]:
    """Return the items that a department decides or has a line of the sharing table for, by their codes."""
    today = civil_date(now)
    with registry.database.read() as connection:
        found = {
            each.item_code: KnownItem(each.item_code, each.item_name, each.types)
            for each in _lines(department, now, connection)
        }
        items = [each for each in ItemReader(connection).versions(None) if each.is_in_force(today)]
    for each in items:
        if each.department == department or each.code in found:
            found[each.code] = KnownItem(each.code, each.name_zh, tuple(each.asked_fields()))
    return [found[code] for code in sorted(found)]


def _lines(department: str, now: datetime, connection: Connection) -> Iterator[Offer]:
    today, versions = civil_date(now), SharingReader(connection).all(requester=department)
    for code in sorted({each.code for each in versions}):
        rule = in_force([each for each in versions if each.code == code], today)
        if rule is not None and rule.stands(today):
            types = tuple(rule.fields)
            yield Offer(
                Basis.STATUTORY, code, rule.item_code, rule.item_name, types, False, case_pattern=rule.case_pattern
            )


def _grants(
    licence_number: str, department: str, registry: Registry, now: datetime, connection: Connection
) -> Iterator[Offer]:
    for stored in GrantReader(connection).live([licence_number], department, now):
        grant = opened_grant(stored, registry)[0]
        if isinstance(grant, Grant) and stored.uses_taken < stored.uses:
            single = CertificateReader(connection).by_identifier(grant.certificates).values()
            types = dict.fromkeys([each.code for each in grant.types] + [each.certificate_type for each in single])
            case_number = "" if grant.case_number == NONE else grant.case_number
            yield Offer(
                basis_of(stored), stored.digest, grant.item_code, grant.item_name, tuple(types), False,
                case_number=case_number,
            )  # fmt: skip


def _items_in_force(codes: set[str], now: datetime, connection: Connection) -> set[str]:
    today = civil_date(now)
    return {each.code for each in ItemReader(connection).versions(sorted(codes)) if each.is_in_force(today)}
