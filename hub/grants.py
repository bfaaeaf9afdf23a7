"""Grants: drafting the sentence, taking in what the enterprise signed, ending it at once.

What is signed is the Chinese sentence itself; a grant is known by its digest and by the hub-made nonce inside it, never
by signature bytes. Drafting stores nothing: the nonce proves by its own keyed digest that this hub made it.
1 the text is a grant (or withdrawal) of our template, byte for byte, with a nonce of this hub, not yet spent
2 the e-licence port verifies signature, cert chain and role; the cert is the holder's own, the role may do this
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
from hub.drafts import BLANK_NONCE, drafted, verify_sentence
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
from hub.rights import require_right
from hub.signer_status import ask_status
from hub.store.entry import EntryWriter
from hub.store.grant import GrantReader, GrantWriter, StoredGrant
from hub.store.statement import StatementWriter
from schemas.evidence import ActFacts, Kind
from schemas.grant import Grant, Withdrawal, parse_grant, parse_withdrawal, render_grant, render_withdrawal
from schemas.grant_templates import load_grant_templates
from schemas.granted import NONE
from schemas.sentence import SentenceFormError, statement_digest
from schemas.signer_roles import Deed

_TEMPLATES = load_grant_templates()
_LONGEST_GRANT = timedelta(days=366)


def draft_grant(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence an enterprise would sign for `wish`; stores nothing.

    `wish`: licence_number, requester (licence number), types {code: [field, …]}, certificates [identifier, …],
    item_code, item_name, case_number, valid_from?, valid_until (ISO 8601), uses, delegate?, future? (also what is
    issued later), template? (a code of `schemas/grant_templates.toml`, which fills in what is not said).
    """
    wish = _filled_in(wish, now)
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
            future=bool(wish.get("future")),
        )
        return drafted(grant, render_grant, registry)
    except (SentenceFormError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise GrantError("grant_form", member=getattr(error, "member", None)) from error


def _filled_in(wish: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a wish with what its template says where it says nothing itself; GrantError template_unknown."""
    said = {name: value for name, value in wish.items() if value is not None and value not in ({}, [], "")}
    code = said.pop("template", None)
    if code is None:
        return said
    template = _TEMPLATES.get(str(code))
    if template is None:
        raise GrantError("template_unknown")
    filled = {
        "types": {name: list(fields) for name, fields in template.types.items()} if "certificates" not in said else {},
        "item_code": template.item_code,
        "item_name": template.item_name,
        "uses": template.uses,
        "future": template.future and "certificates" not in said,
        "valid_until": (now + timedelta(days=template.days)).isoformat(),
    }
    return filled | said


def draft_withdrawal(digest: str, *, registry: Registry) -> dict[str, Any]:
    """Return the sentence an enterprise would sign to end a grant; stores nothing."""
    with registry.database.read() as connection:
        stored = GrantReader(connection).get(digest)
    if stored is None:
        raise NotFoundError("grant_not_found")
    return drafted(Withdrawal(digest, stored.holder, BLANK_NONCE), render_withdrawal, registry)


def post_grant(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> dict[str, Any]:
    """Take in a signed grant. Raises GrantError; a grant whose signer's status is unknown is kept as pending.

    StoreError log_silent, store_rolled_back: its evidence would not follow.
    """
    registry.require_log(now)
    grant, signer = verify_sentence(signed, parse_grant, render_grant, registry=registry, e_licence=e_licence, now=now)
    if not now < grant.valid_until <= now + _LONGEST_GRANT:
        raise GrantError("grant_term")
    check_given(grant.certificates, grant.types, grant.holder_licence_number, registry)
    good_at, revoked = ask_status(signer, None, registry=registry, e_licence=e_licence, now=now)
    if revoked:
        raise GrantError("e_licence_revoked")
    stored = _stored(grant, signed, signer, good_at, registry, now)
    registry.database.write(partial(_commit_grant, grant, stored, signed, signer, registry, now))
    return {"digest": stored.digest, "state": "usable" if good_at else "pending", "act_id": stored.act_id}


def withdraw_grant(
    digest: str, signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime
) -> dict[str, Any]:
    """End a grant by the holder's signed withdrawal: from the commit on no pull is allowed under it."""
    withdrawal, signer = verify_sentence(
        signed, parse_withdrawal, render_withdrawal, registry=registry, e_licence=e_licence, now=now
    )
    if withdrawal.grant_digest != digest:
        raise GrantError("grant_text")
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


def _commit_grant(
    grant: Grant,
    stored: StoredGrant,
    signed: SignedText,
    signer: LicenceSigner,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> None:
    # An act that ends the holder ends its grants: the two come one after the other.
    lock_holder(grant.holder_licence_number, connection=connection, registry=registry, now=now)
    refuse_succeeded(grant.holder_licence_number, connection)
    item_code, until = grant.item_code, grant.valid_until
    delegation = require_right(
        Deed.GRANT, signer, signed, connection=connection, now=now, item_code=item_code, until=until
    )
    writer = StatementWriter(connection)
    if not writer.spend("grant", grant.holder_licence_number, grant.nonce, expires_at=None):
        raise GrantError("grant_posted")
    GrantWriter(connection).add(replace(stored, delegation=delegation))
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
    # An agent takes back what he gave himself.
    if signer.role == "agent" and signer.cert_serial != stored.cert_serial:
        raise GrantError("role_not_entitled", role=signer.role)
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
