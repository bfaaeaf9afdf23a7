"""Signing in for an enterprise: a sentence signed with its electronic business licence begins a session.

1 the text is one this hub drafted a moment ago for its own origin, word for word; the e-licence port says who signed
2 statement, sign-in, session and entry are committed; a sentence begins one session            <- COMMIT POINT
What the session shows is the enterprise's own; each act it does there is signed by itself (`hub/enterprise/grants.py`
and others).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connectors.contract import ELicence, LicenceSigner, SignedText, SignerRole
from hub.errors import AccessError, DocumentError
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.applications import E_LICENCE_SYSTEM, own_statement, verify_own
from hub.steps.consent.drafts import BLANK_NONCE, sign_draft
from hub.steps.consent.rights import representative_changed_at
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.steps.sessions import Session, leave, open_session
from hub.store.enterprise import EnterpriseReader
from hub.store.entry import EntryWriter
from hub.store.session import SessionWriter, StoredSignIn
from schemas.evidence import ActFacts, Kind
from schemas.parties import Enterprise
from schemas.sentence import SentenceFormError, SentenceTextError, statement_digest
from schemas.sign_in import SignIn, parse_sign_in, render_sign_in
from schemas.statement import Ordered

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and the token of the session that began: for the cookie and for nothing else."""

    licence_number: str
    role: str
    token: str


def draft_sign_in(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence that `wish["licence_number"]` signs to sign in; stores nothing.

    Raises DocumentError application_form.
    """
    try:
        said = SignIn(str(wish["licence_number"]), registry.origin, now.replace(microsecond=0), BLANK_NONCE)
    except (SentenceFormError, KeyError) as error:
        raise DocumentError("application_form", member=getattr(error, "member", None)) from error
    text = sign_draft(partial(_render, said), registry)
    return {"text": text, "digest": statement_digest(text)}


def examples(registry: Registry) -> list[Enterprise]:
    """TEST ONLY: return a few enterprises as which a stranger may try the pages; in production none."""
    if registry.mode != "test":
        return []
    with registry.database.read() as connection:
        return EnterpriseReader(connection).first(_EXAMPLES)


def sign_in(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> SignedIn:
    """Begin a session for who signed.

    Raises DocumentError application_text, application_late, e_licence_unconfirmed; GrantError; StatementError
    statement_replayed for a sentence that began one.
    """
    try:
        said = parse_sign_in(signed.text)
    except SentenceTextError as error:
        raise DocumentError("application_text") from error
    if said.origin != registry.origin:
        raise DocumentError("application_text")
    signer = verify_own(signed, said, partial(_render, said), registry=registry, e_licence=e_licence, now=now)
    verified = own_statement(signed, said, Ordered.SIGN_IN, registry)
    return registry.database.write(partial(_begin, said, signer, verified, registry, now))


def check_standing(session: Session, *, registry: Registry, e_licence: ELicence, now: datetime) -> None:
    """End a session whose e-licence was revoked, or whose enterprise has had another representative since.

    The port is asked at most once a minute; where it does not know, a session goes on: it reads, and acts ask anew.
    Raises AccessError session_ended.
    """
    stored = session.stored
    with registry.database.read() as connection:
        changed_at = representative_changed_at(stored.party, connection)
    is_over = changed_at is not None and changed_at > stored.started_at
    if not is_over and session.is_stale:
        role: SignerRole = stored.role  # type: ignore[assignment]
        signer = LicenceSigner(stored.party, "", role, "", stored.cert_serial or "")
        is_over = e_licence.cert_status(signer, now=now).state == "revoked"
    if is_over:
        leave(session, registry=registry, now=now)
        raise AccessError("session_ended")


def _render(said: SignIn, nonce: str) -> str:
    return render_sign_in(replace(said, nonce=nonce))


def _begin(
    said: SignIn,
    signer: LicenceSigner,
    verified: VerifiedStatement,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> SignedIn:
    number = spend_statement(connection, verified, system=E_LICENCE_SYSTEM, registry=registry, now=now)
    act_id = new_name(registry)
    SessionWriter(connection).add_sign_in(StoredSignIn(act_id, said.applicant, signer.role, number, now))
    EntryWriter(connection, registry.random).add(
        [ActFacts(Kind.SIGN_IN, act_id, now, None, verified.digest, None, None)]
    )
    token = open_session(
        connection, said.applicant, role=signer.role, cert_serial=signer.cert_serial,
        term=registry.terms.session_term, registry=registry, now=now,
    )  # fmt: skip
    return SignedIn(said.applicant, signer.role, token)
