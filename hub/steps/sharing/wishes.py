"""Telling a department that a material it let come later (容缺受理) has been issued: one notice, and nothing else.

A wish is part of a pull's decision and is kept with its answer. The issue of a certificate of a type it names, to its
holder, by the end of the deferral, tells the requester once, in the issue's own transaction. The notice names the type
and the case, no field and no certificate; what was issued is had by another pull, whose basis is decided anew. Of a
basis that no longer holds nothing is told either.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from hub.steps.notices import NoticeKind, Notices
from hub.steps.registry import Registry
from hub.store.exchange import ExchangeReader, StoredDecision
from hub.store.grant import GrantReader
from hub.store.material_wish import MaterialWish, MaterialWishReader, MaterialWishWriter
from hub.store.sharing import SharingReader
from schemas.certificate import Certificate, civil_date
from schemas.exchange import Basis


def keep_wishes(decision: StoredDecision, answer: Mapping[str, Any], *, connection: Connection) -> None:
    """Keep what a by-item answer says will be told, and drop the case's wishes for materials that are met now."""
    case = (decision.requester, decision.item_code, decision.case_number)
    kept = [
        each
        for each in MaterialWishReader(connection).of_holders([decision.licence_number])
        if (each.requester, each.item_code, each.case_number) == case
    ]
    missing = {each["code"] for each in answer["materials"] if each["state"] == "missing"}
    wishes = [
        MaterialWish(
            decision.licence_number,
            *case,
            each["code"],
            each["told_of"],
            decision.decision,
            date.fromisoformat(each["deferrable_until"]),
        )
        for each in answer["materials"]
        if each["told_of"]
    ]
    writer = MaterialWishWriter(connection)
    writer.drop([each for each in kept if each.material not in missing])
    writer.put(wishes)


def tell_wished(issued: Sequence[Certificate], *, connection: Connection, registry: Registry, now: datetime) -> None:
    """Tell whoever waits for what was issued; each case is told once of one certificate, for all materials it meets."""
    wishes = MaterialWishReader(connection).of_holders(sorted({each.licence_number for each in issued}))
    today = civil_date(now)
    for certificate in issued if wishes else ():
        if certificate.valid_to is not None and certificate.valid_to < today:
            continue
        met = [each for each in wishes if _is_met(each, certificate) and today <= each.until_on]
        wishes = [each for each in wishes if each not in met]
        MaterialWishWriter(connection).drop(met)
        notices = Notices(connection, act_id=certificate.act_id, registry=registry, now=now)
        for case in dict.fromkeys(_case(each) for each in met):
            of_case = [each for each in met if _case(each) == case]
            told = [each for each in of_case if _holds(each, certificate.certificate_type, connection, now)]
            if told:
                _tell(told, certificate, notices)
        notices.keep()


def drop_lapsed(*, registry: Registry, now: datetime) -> None:
    """Drop the wishes whose deferral has ended."""
    today = civil_date(now)
    with registry.database.read() as connection:
        lapsed = MaterialWishReader(connection).has_ended(today)
    if lapsed:
        registry.database.write(lambda connection: MaterialWishWriter(connection).drop_ended(today))


def _tell(wishes: Sequence[MaterialWish], certificate: Certificate, notices: Notices) -> None:
    first = wishes[0]
    facts = {
        "certificate_type": certificate.certificate_type,
        "item_code": first.item_code,
        "case_number": first.case_number,
        "materials": [each.material for each in wishes],
        "until_on": min(each.until_on for each in wishes).isoformat(),
    }
    notices.add(first.requester, NoticeKind.MATERIAL_ISSUED, facts, licence_number=certificate.licence_number)


def _is_met(wish: MaterialWish, certificate: Certificate) -> bool:
    return wish.licence_number == certificate.licence_number and certificate.certificate_type in wish.certificate_types


def _case(wish: MaterialWish) -> tuple[str, str, str]:
    return wish.requester, wish.item_code, wish.case_number


def _holds(wish: MaterialWish, certificate_type: str, connection: Connection, now: datetime) -> bool:
    """Say whether what the wish's pull stood on would still let its requester ask for that type today."""
    decision, today = ExchangeReader(connection).decision(wish.decision), civil_date(now)
    if decision is None or decision.basis_reference is None:
        return False
    if decision.basis == Basis.GRANT:
        grant = GrantReader(connection).get(decision.basis_reference)
        return grant is not None and grant.withdrawn_at is None and not grant.cert_revoked and now < grant.valid_until
    rule = SharingReader(connection).in_force(decision.basis_reference, today)
    if rule is None or (rule.requester, rule.item_code) != (decision.requester, decision.item_code):
        return False
    return rule.stands(today) and certificate_type in rule.fields
