"""One-time links: a person whom a grant names, and who has no licence number, signs in and has what it gives.

The grant's sentence names the person and its link, by a keyed digest; the link goes out once, with the draft.
1 the text is an opening this hub drafted a moment ago, of the link that is shown; the sign-in service vouches that a
  person confirmed it
2 the try is counted, then the link is looked at: it is bound, for good, to the first person that bears the name the
  grant names; anybody else is a miss of the link's                                                 <- COMMIT POINT
3 what is asked becomes a pull under the grant, decided and recorded like any (`hub/sharing/exchange.py`): it is used
  once, ends with the grant, is delivered as marked copies, and stands in the holder's ledger; so does the try of
  somebody else
Neither name nor number of a person is in a statement, an entry, an error or the log: the proof is kept encrypted.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from typing import Any

import orjson
from sqlalchemy import Connection

from connectors.contract import Person, PersonSignIn, PersonSignInError
from hub.errors import DocumentError, GrantError, NotFoundError
from hub.steps.codes import code_mac, person_mac, proof_context, read_code
from hub.steps.consent.applications import PERSON_SYSTEM, STRANGER
from hub.steps.consent.drafts import BLANK_NONCE, check_drafted, sign_draft
from hub.steps.consent.signer_status import opened_grant
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.grant import GrantReader
from hub.store.grant_link import GrantLinkReader, GrantLinkWriter
from hub.store.presentation import PresentationWriter
from schemas.canonical import canonical_json
from schemas.certificate import civil_date
from schemas.grant import PERSON, Grant
from schemas.link_opening import LinkOpening, parse_opening, render_opening
from schemas.parties import Role, System
from schemas.sentence import SentenceTextError
from schemas.statement import Ordered, Statement
from signing.envelope import encrypt

_SKEW = timedelta(minutes=1)
# The stopped day of a person stands where an officer's does, under a name no officer has.
_COUNTED = "person "


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that was opened: the grant behind it, who asks as a pull knows it, and the statement that is kept."""

    grant: str
    system: System
    verified: VerifiedStatement


def draft_opening(shown: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence a person confirms when signing in, to open the link that is `shown`; looks nothing up.

    Raises GrantError code_form.
    """
    opening = LinkOpening(_link(shown, registry), now.replace(microsecond=0), BLANK_NONCE)
    return {"text": sign_draft(_rendered(opening), registry)}


def open_link(shown: str, text: str, proof: str, *, registry: Registry, persons: PersonSignIn, now: datetime) -> Opened:
    """Open a link for who signed in by `proof`, or for the stranger that it is not for, whose pull is refused.

    Raises GrantError code_form, link_text, person_not_signed_in, link_stopped, link_killed; DocumentError
    application_late; NotFoundError link_not_found.
    """
    said = _read(text, registry, now)
    if not compare_digest(said.link, _link(shown, registry)):
        raise GrantError("link_text")
    try:
        person = persons.verify(proof, text, at=now)
    except PersonSignInError:
        raise GrantError("person_not_signed_in") from None
    found = registry.database.write(partial(_look, said, text, proof, person, registry, now))
    if isinstance(found, Exception):
        raise found
    grant, department = found
    system = System(PERSON_SYSTEM, department, "个人登录", b"", frozenset({Role.PULL}), active=True)
    return Opened(grant, system, _statement(said, text, proof, registry))


def _read(text: str, registry: Registry, now: datetime) -> LinkOpening:
    try:
        said = parse_opening(text)
    except SentenceTextError:
        raise GrantError("link_text") from None
    check_drafted(said.nonce, _rendered(said), registry)
    if not -_SKEW <= now - said.drafted_at <= registry.terms.application_age:
        raise DocumentError("application_late")
    return said


def _look(
    said: LinkOpening,
    text: str,
    proof: str,
    person: Person,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> tuple[str, str] | Exception:
    """Count the try, then look at the link; return its grant and as whom its pull is decided, or why there is none.

    A failure is returned and not raised: what was counted is kept.
    """
    writer, links = PresentationWriter(connection), GrantLinkWriter(connection)
    who, today, terms = person_mac(person.number, registry), civil_date(now), registry.terms
    counted = _COUNTED + who[:48]
    if not writer.take_miss(counted, today, most=terms.code_misses_a_day):
        return GrantError("link_stopped")
    link = GrantLinkReader(connection).by_link(said.link)
    stored = GrantReader(connection).get(link.digest) if link else None
    if link is None or stored is None:
        return NotFoundError("link_not_found")
    if link.killed_at is not None:
        return GrantError("link_killed")
    grant, _ = opened_grant(stored, registry)
    kept = encrypt(
        orjson.dumps({"text": text, "proof": proof}), master=registry.master, context=proof_context(link.digest)
    )
    is_named = isinstance(grant, Grant) and grant.requester_name == person.name
    # Read again is not bound again: the proof that is kept is that of the first opening.
    is_its = is_named and (link.person_mac == who or links.bind(link.digest, who, kept, now))
    if not is_its:
        links.miss(link.digest, most=terms.code_misses, now=now)
        return link.digest, STRANGER
    writer.give_back_miss(counted, today)
    return link.digest, PERSON


def _statement(said: LinkOpening, text: str, proof: str, registry: Registry) -> VerifiedStatement:
    """Return what is kept as the statement: the text, and the digest of the proof, which names the person."""
    kept = canonical_json({"text": text, "proof_sha256": sha256(proof.encode()).hexdigest()}).decode()
    statement = Statement(
        act=Ordered.OPEN_LINK,
        audience=registry.origin,
        system=PERSON_SYSTEM,
        officer=None,
        issued_at=int(said.drafted_at.timestamp()),
        jti=said.nonce,
        certificate_type=None,
        issuing_body=None,
        content_digest=None,
        request=None,
    )
    return VerifiedStatement(statement, kept, sha256(kept.encode()).hexdigest())


def _link(shown: str, registry: Registry) -> str:
    code = read_code(shown)
    if code is None:
        raise GrantError("code_form")
    return code_mac(code, registry)


def _rendered(said: LinkOpening) -> Callable[[str], str]:
    return lambda nonce: render_opening(replace(said, nonce=nonce))
