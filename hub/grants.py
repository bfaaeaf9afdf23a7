"""Grants: drafting the sentence, taking in what the enterprise signed, ending it at once.

What is signed is the Chinese sentence itself; a grant is known by its digest and by the hub-made nonce inside it, never
by signature bytes. Drafting stores nothing: the nonce proves by its own keyed digest that this hub made it.
1 the text is a grant (or withdrawal) of our template, byte for byte, with a nonce of this hub, not yet spent
2 the e-licence port verifies signature, cert chain and role; the cert is the holder's own
3 the signer's status is asked: good makes the grant usable, none leaves it pending, revoked refuses it
4 grant and entry are committed together            <- COMMIT POINT
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connectors.contract import ELicence, LicenceSigner, SignedText
from hub.drafts import BLANK_NONCE, check_drafted, sign_draft, verified_signer
from hub.errors import GrantError, NotFoundError
from hub.granting import (
    NO_TRADE_NAME,
    check_given,
    enclose,
    granted_types,
    holder_named,
    read_moment,
    refuse_succeeded,
    requester_named,
)
from hub.holders import lock_holder
from hub.intentions import new_name
from hub.registry import Registry
from hub.signer_status import ask_status
from hub.store.entry import EntryWriter
from hub.store.grant import GrantReader, GrantWriter, StoredGrant
from hub.store.statement import StatementWriter
from schemas.evidence import ActFacts, Kind
from schemas.grant import Grant, Withdrawal, parse_grant, parse_withdrawal, render_grant, render_withdrawal
from schemas.granted import NONE
from schemas.sentence import SentenceFormError, SentenceTextError, statement_digest

_LONGEST_GRANT = timedelta(days=366)


def draft_grant(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence an enterprise would sign for `wish`; stores nothing.

    `wish`: licence_number, requester (licence number), types {code: [field, …]}, certificates [identifier, …],
    item_code, item_name, case_number, valid_from?, valid_until (ISO 8601), uses, delegate?.
    """
    with registry.database.read() as connection:
        enterprise = holder_named(str(wish.get("licence_number")), connection)
        requester_kind, requester_name = requester_named(str(wish.get("requester")), connection)
    try:
        grant = Grant(
            holder_licence_number=enterprise.licence_number,
            holder_name=enterprise.name or NO_TRADE_NAME,
            requester_kind=requester_kind,
            requester_licence_number=str(wish["requester"]),
            requester_name=requester_name,
            certificates=tuple(map(str, wish.get("certificates") or ())),
            types=granted_types(wish.get("types") or {}, registry),
            item_code=str(wish["item_code"]),
            item_name=str(wish["item_name"]),
            case_number=str(wish["case_number"]),
            valid_from=read_moment(wish["valid_from"], "valid_from")
            if wish.get("valid_from")
            else now.replace(microsecond=0),
            valid_until=read_moment(wish["valid_until"], "valid_until"),
            uses=int(wish["uses"]),
            delegate=str(wish.get("delegate") or NONE),
            nonce=BLANK_NONCE,
        )
        text = sign_draft(lambda nonce: render_grant(replace(grant, nonce=nonce)), registry)
    except (SentenceFormError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise GrantError("grant_form", member=getattr(error, "member", None)) from error
    return {"text": text, "digest": statement_digest(text)}


def draft_withdrawal(digest: str, *, registry: Registry) -> dict[str, Any]:
    """Return the sentence an enterprise would sign to end a grant; stores nothing."""
    with registry.database.read() as connection:
        stored = GrantReader(connection).get(digest)
    if stored is None:
        raise NotFoundError("grant_not_found")
    text = sign_draft(lambda nonce: render_withdrawal(Withdrawal(digest, stored.holder, nonce)), registry)
    return {"text": text, "digest": statement_digest(text)}


def post_grant(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> dict[str, Any]:
    """Take in a signed grant. Raises GrantError; a grant whose signer's status is unknown is kept as pending.

    StoreError log_silent, store_rolled_back: its evidence would not follow.
    """
    registry.require_log(now)
    try:
        grant = parse_grant(signed.text)
    except SentenceTextError as error:
        raise GrantError("grant_text") from error
    check_drafted(grant.nonce, lambda nonce: render_grant(replace(grant, nonce=nonce)), registry)
    signer = verified_signer(signed, grant.holder_licence_number, e_licence=e_licence, now=now)
    if not now < grant.valid_until <= now + _LONGEST_GRANT:
        raise GrantError("grant_term")
    check_given(grant.certificates, grant.types, grant.holder_licence_number, registry)
    good_at, revoked = ask_status(signer, None, registry=registry, e_licence=e_licence, now=now)
    if revoked:
        raise GrantError("e_licence_revoked")
    stored = _stored(grant, signed, signer, good_at, registry, now)
    registry.database.write(partial(_commit_grant, grant, stored, registry, now))
    return {"digest": stored.digest, "state": "usable" if good_at else "pending", "act_id": stored.act_id}


def withdraw_grant(
    digest: str, signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime
) -> dict[str, Any]:
    """End a grant by the holder's signed withdrawal: from the commit on no pull is allowed under it."""
    try:
        withdrawal = parse_withdrawal(signed.text)
    except SentenceTextError as error:
        raise GrantError("grant_text") from error
    if withdrawal.grant_digest != digest:
        raise GrantError("grant_text")
    check_drafted(withdrawal.nonce, lambda nonce: render_withdrawal(replace(withdrawal, nonce=nonce)), registry)
    signer = verified_signer(signed, withdrawal.holder_licence_number, e_licence=e_licence, now=now)
    return registry.database.write(partial(_commit_withdrawal, withdrawal, signed, signer, registry, now))


def grant_state(digest: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return how a grant stands: its term, uses and state; not its text."""
    with registry.database.read() as connection:
        stored = GrantReader(connection).get(digest)
    if stored is None:
        raise NotFoundError("grant_not_found")
    return {
        "digest": digest,
        "state": _state(stored, registry, now),
        "valid_from": stored.valid_from.isoformat(),
        "valid_until": stored.valid_until.isoformat(),
        "uses": stored.uses,
        "uses_taken": stored.uses_taken,
    }


def _stored(
    grant: Grant,
    signed: SignedText,
    signer: LicenceSigner,
    good_at: datetime | None,
    registry: Registry,
    now: datetime,
) -> StoredGrant:
    digest = statement_digest(signed.text)
    envelope = enclose(signed, signer, registry, digest)
    return StoredGrant(
        digest=digest,
        holder=grant.holder_licence_number,
        requester=grant.requester_licence_number,
        envelope=envelope,
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
        uses=grant.uses,
        uses_taken=0,
        cert_serial=signer.cert_serial,
        signer_role=signer.role,
        cert_good_at=good_at,
        cert_revoked=False,
        withdrawn_at=None,
        recorded_at=now,
        act_id=new_name(registry),
    )


def _commit_grant(grant: Grant, stored: StoredGrant, registry: Registry, now: datetime, connection: Connection) -> None:
    # An act that ends the holder ends its grants: the two come one after the other.
    lock_holder(grant.holder_licence_number, connection=connection, registry=registry, now=now)
    refuse_succeeded(grant.holder_licence_number, connection)
    writer = StatementWriter(connection)
    if not writer.spend("grant", grant.holder_licence_number, grant.nonce, expires_at=None):
        raise GrantError("grant_posted")
    GrantWriter(connection).add(stored)
    works_from = grant.valid_from.isoformat()
    act = ActFacts(Kind.GRANT, stored.act_id, now, works_from, stored.digest, None, None)
    EntryWriter(connection, registry.random).add([act])


def _commit_withdrawal(
    withdrawal: Withdrawal,
    signed: SignedText,
    signer: LicenceSigner,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    stored = GrantReader(connection).get(withdrawal.grant_digest)
    if stored is None or stored.holder != withdrawal.holder_licence_number:
        raise NotFoundError("grant_not_found")
    if not StatementWriter(connection).spend(
        "grant", withdrawal.holder_licence_number, withdrawal.nonce, expires_at=None
    ):
        raise GrantError("grant_posted")
    digest = statement_digest(signed.text)
    if not GrantWriter(connection).withdraw(withdrawal.grant_digest, enclose(signed, signer, registry, digest), now):
        raise GrantError("grant_withdrawn")
    act = ActFacts(Kind.GRANT_WITHDRAWAL, new_name(registry), now, None, digest, None, stored.act_id)
    EntryWriter(connection, registry.random).add([act])
    return {"digest": withdrawal.grant_digest, "state": "withdrawn", "act_id": act.act_id}


def _state(stored: StoredGrant, registry: Registry, now: datetime) -> str:
    if stored.withdrawn_at is not None:
        return "withdrawn"
    if now >= stored.valid_until:
        return "ended"
    if stored.uses_taken >= stored.uses:
        return "used_up"
    if stored.cert_revoked:
        return "refused"
    return "usable" if stored.cert_good_at is not None else "pending"
