"""Delegations: an enterprise lets its agent (办事人) give and show for it, in one matter, until an end.

1 the text is one this hub drafted, signed by the holder's own e-licence, in a role that may delegate
2 under the holder's row: the right is asked again, the nonce spent
3 the delegation (its withdrawal, its confirmation) and the entry are committed together            <- COMMIT POINT
A change of the legal representative freezes what was delegated before (`hub/steps/consent/rights.py`); the new one
confirms by name. Taking back asks neither for the log nor for the signer's status: a right that ends is never waited
for.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection

from connectors.contract import ELicence, LicenceSigner, SignedText
from hub.errors import GrantError, NotFoundError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.drafts import BLANK_NONCE, drafted, verify_sentence
from hub.steps.consent.granting import NO_TRADE_NAME, enclose, holder_named, read_moment, refuse_succeeded
from hub.steps.consent.rights import is_frozen, representative_changed_at, require_right
from hub.steps.consent.signer_status import grant_context, known_good
from hub.steps.registry import Registry
from hub.store.delegation import DelegationReader, DelegationWriter, StoredConfirmation, StoredDelegation
from hub.store.entry import EntryWriter
from hub.store.statement import StatementWriter
from schemas.delegation import (
    Delegation,
    DelegationConfirmation,
    DelegationWithdrawal,
    parse_delegation,
    parse_delegation_confirmation,
    parse_delegation_withdrawal,
    render_delegation,
    render_delegation_confirmation,
    render_delegation_withdrawal,
)
from schemas.evidence import ActFacts, Kind
from schemas.sentence import SentenceFormError, statement_digest
from schemas.signer_roles import Deed
from signing.envelope import decrypt

_LONGEST = timedelta(days=366)
MOST = 100


def draft_delegation(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence an enterprise would sign to delegate; stores nothing. Raises GrantError.

    `wish`: licence_number, delegate (a name), cert_serial (of the agent's e-licence, in hex), item_code, item_name,
    valid_from?, valid_until (ISO 8601).
    """
    with registry.database.read() as connection:
        holder = holder_named(str(wish.get("licence_number")), connection)
    try:
        begins = read_moment(wish["valid_from"], "valid_from") if wish.get("valid_from") else now.replace(microsecond=0)
        delegation = Delegation(
            holder_licence_number=holder.licence_number,
            holder_name=holder.name or NO_TRADE_NAME,
            delegate=str(wish["delegate"]),
            cert_serial=str(wish["cert_serial"]),
            item_code=str(wish["item_code"]),
            item_name=str(wish["item_name"]),
            valid_from=begins,
            valid_until=read_moment(wish["valid_until"], "valid_until"),
            nonce=BLANK_NONCE,
        )
        return drafted(delegation, render_delegation, registry)
    except (SentenceFormError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise GrantError("grant_form", member=getattr(error, "member", None)) from error


def post_delegation(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> dict[str, Any]:
    """Take in a signed delegation. Raises GrantError; StoreError where its evidence would not follow."""
    registry.require_log(now)
    delegation, signer = verify_sentence(
        signed, parse_delegation, render_delegation, registry=registry, e_licence=e_licence, now=now
    )
    if not now < delegation.valid_until <= now + _LONGEST:
        raise GrantError("grant_term")
    known_good(signer, registry=registry, e_licence=e_licence, now=now)

    def commit(connection: Connection) -> dict[str, Any]:
        _begin(Deed.DELEGATE, signed, signer, delegation.nonce, registry, now, connection)
        refuse_succeeded(signer.licence_number, connection)
        digest = statement_digest(signed.text)
        stored = StoredDelegation(
            digest=digest,
            holder=delegation.holder_licence_number,
            cert_serial=delegation.cert_serial,
            item_code=delegation.item_code,
            valid_from=delegation.valid_from,
            valid_until=delegation.valid_until,
            envelope=enclose(signed, signer, registry, digest),
            recorded_at=now,
            act_id=new_name(registry),
        )
        DelegationWriter(connection).add(stored)
        works_from = delegation.valid_from.isoformat()
        act = ActFacts(Kind.DELEGATION, stored.act_id, now, works_from, digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return {"digest": digest, "state": "usable", "act_id": stored.act_id}

    return registry.database.write(commit)


def delegation_state(digest: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return how a delegation stands: usable, frozen, withdrawn or ended; not its text."""
    with registry.database.read() as connection:
        stored = _delegation(digest, connection)
        frozen = is_frozen(stored, representative_changed_at(stored.holder, connection), DelegationReader(connection))
    return {
        "digest": digest,
        "state": _state(stored, now, frozen=frozen),
        "valid_from": stored.valid_from.isoformat(),
        "valid_until": stored.valid_until.isoformat(),
    }


def own_delegations(holder: str, *, agent: str | None, registry: Registry, now: datetime) -> list[dict[str, Any]]:
    """Return the newest 100 delegations of a holder, ended ones too; to an agent those to his own cert."""
    with registry.database.read() as connection:
        reader, changed_at = DelegationReader(connection), representative_changed_at(holder, connection)
        found = [
            (each, is_frozen(each, changed_at, reader)) for each in reader.newest(holder, most=MOST, cert_serial=agent)
        ]
    return [_describe(each, registry, now, frozen=frozen) for each, frozen in found]


def own_delegation(digest: str, holder: str, *, agent: str | None, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return one delegation to its holder, or to its agent; another's is not found."""
    with registry.database.read() as connection:
        stored = _delegation(digest, connection)
        frozen = is_frozen(stored, representative_changed_at(stored.holder, connection), DelegationReader(connection))
    if stored.holder != holder or agent not in (None, stored.cert_serial):
        raise NotFoundError("delegation_not_found")
    return _describe(stored, registry, now, frozen=frozen)


def _describe(stored: StoredDelegation, registry: Registry, now: datetime, *, frozen: bool) -> dict[str, Any]:
    context = grant_context(stored.digest)
    content = orjson.loads(decrypt(stored.envelope, masters=registry.masters, context=context))
    said = parse_delegation(content["text"])
    return {
        "digest": stored.digest,
        "state": _state(stored, now, frozen=frozen),
        "delegate": said.delegate,
        "cert_serial": said.cert_serial,
        "item_code": said.item_code,
        "item_name": said.item_name,
        "valid_until": stored.valid_until.isoformat(),
        "recorded_at": stored.recorded_at.isoformat(),
        "act_id": stored.act_id,
    }


def _state(stored: StoredDelegation, now: datetime, *, frozen: bool) -> str:
    if stored.ended_at is not None:
        return "withdrawn"
    if now >= stored.valid_until:
        return "ended"
    return "frozen" if frozen else "usable"


def draft_delegation_withdrawal(digest: str, *, registry: Registry) -> dict[str, Any]:
    """Return the sentence that takes a delegation back; stores nothing. NotFoundError delegation_not_found."""
    with registry.database.read() as connection:
        stored = _delegation(digest, connection)
    withdrawal = DelegationWithdrawal(stored.holder, digest, BLANK_NONCE)
    return drafted(withdrawal, render_delegation_withdrawal, registry)


def withdraw_delegation(
    digest: str, signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime
) -> dict[str, Any]:
    """End a delegation by the holder's signed withdrawal, and with it what stands on it."""
    withdrawal, signer = verify_sentence(
        signed,
        parse_delegation_withdrawal,
        render_delegation_withdrawal,
        registry=registry,
        e_licence=e_licence,
        now=now,
    )
    if withdrawal.delegation != digest:
        raise GrantError("grant_text")
    if signer.role == "agent":
        raise GrantError("role_not_entitled", role=signer.role)
    return registry.database.write(partial(_commit_withdrawal, withdrawal, signed, signer, registry, now))


def draft_delegation_confirmation(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence by which a new legal representative confirms delegations; stores nothing.

    `wish`: licence_number, delegations? [digest, …] (all that stand when it is left out), managers? (true).
    """
    holder = str(wish.get("licence_number"))
    with registry.database.read() as connection:
        holder_named(holder, connection)
        standing = {each.digest for each in DelegationReader(connection).of(holder) if now < each.valid_until}
    chosen = wish.get("delegations")
    digests = sorted(standing) if chosen is None else list(chosen)
    if not set(digests) <= standing:
        raise NotFoundError("delegation_not_found")
    try:
        managers = bool(wish.get("managers", True))
        confirmation = DelegationConfirmation(holder, tuple(digests), managers, BLANK_NONCE)
    except SentenceFormError as error:
        raise GrantError("grant_form", member=error.member) from error
    return drafted(confirmation, render_delegation_confirmation, registry)


def confirm_delegations(
    signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime
) -> dict[str, Any]:
    """Let the delegations that a new legal representative named go on. Raises GrantError."""
    registry.require_log(now)
    confirmation, signer = verify_sentence(
        signed,
        parse_delegation_confirmation,
        render_delegation_confirmation,
        registry=registry,
        e_licence=e_licence,
        now=now,
    )
    known_good(signer, registry=registry, e_licence=e_licence, now=now)

    def commit(connection: Connection) -> dict[str, Any]:
        _begin(Deed.CONFIRM_DELEGATIONS, signed, signer, confirmation.nonce, registry, now, connection)
        digest = statement_digest(signed.text)
        stored = StoredConfirmation(
            digest=digest,
            holder=confirmation.holder_licence_number,
            delegations=list(confirmation.delegations),
            managers=confirmation.managers,
            envelope=enclose(signed, signer, registry, digest),
            recorded_at=now,
            act_id=new_name(registry),
        )
        DelegationWriter(connection).add_confirmation(stored)
        act = ActFacts(Kind.DELEGATIONS_CONFIRMED, stored.act_id, now, None, digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return {"digest": digest, "delegations": list(stored.delegations), "act_id": stored.act_id}

    return registry.database.write(commit)


def _begin(
    deed: Deed,
    signed: SignedText,
    signer: LicenceSigner,
    nonce: str,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> None:
    lock_holder(signer.licence_number, connection=connection, registry=registry, now=now)
    require_right(deed, signer, signed, connection=connection, now=now)
    if not StatementWriter(connection).spend("grant", signer.licence_number, nonce, expires_at=None):
        raise GrantError("grant_posted")


def _commit_withdrawal(
    withdrawal: DelegationWithdrawal,
    signed: SignedText,
    signer: LicenceSigner,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    holder = withdrawal.holder_licence_number
    lock_holder(holder, connection=connection, registry=registry, now=now)
    stored = _delegation(withdrawal.delegation, connection)
    if stored.holder != holder:
        raise NotFoundError("delegation_not_found")
    if not StatementWriter(connection).spend("grant", holder, withdrawal.nonce, expires_at=None):
        raise GrantError("grant_posted")
    said, act_id = statement_digest(signed.text), new_name(registry)
    enclosed = enclose(signed, signer, registry, said)
    if not DelegationWriter(connection).withdraw(stored.digest, enclosed, said, act_id, now):
        raise GrantError("delegation_withdrawn")
    act = ActFacts(Kind.DELEGATION_WITHDRAWAL, act_id, now, None, said, None, stored.act_id)
    EntryWriter(connection, registry.random).add([act])
    return {"digest": stored.digest, "state": "withdrawn", "act_id": act_id}


def _delegation(digest: str, connection: Connection) -> StoredDelegation:
    stored = DelegationReader(connection).get(digest)
    if stored is None:
        raise NotFoundError("delegation_not_found")
    return stored
