"""Requests for grants: the requester fills in the sentence, the holder reads one page and signs or refuses.

Asking: 1 the department's order names holders, matter, types and fields 2 every holder's sentence can be drafted
3 request, holders and entry are committed; the code goes out once, for QR or link, and is kept as HMAC <- COMMIT POINT
Answering, with the code: 1 the holder reads who asks for what, and its sentence 2 what it signed says what was asked,
and is a grant like any other (`hub/steps/consent/granting.py`), or a refusal 3 the answer and its entry are committed
                                                                                                    <- COMMIT POINT
An enterprise asks by a sentence of its own e-licence instead, and reads the answers by the token it got for it.
Several holders (a chain of shops) are asked in one request and sign one after another, each its own sentence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest
from hmac import digest as keyed_digest
from typing import Any

import orjson
from sqlalchemy import Connection

from connectors.contract import ELicence, SignedText
from hub.decisions.facts import Surroundings
from hub.errors import GrantError, NotFoundError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.intentions import new_name
from hub.steps.codes import code_mac, make_code
from hub.steps.consent.applications import E_LICENCE_SYSTEM
from hub.steps.consent.asked import Shown, find_asked, next_of, request_context, wish_of
from hub.steps.consent.drafts import BLANK_NONCE, drafted, verify_sentence
from hub.steps.consent.granting import add_grant, compose_grant, enclose, filled_in, requester_named, verify_grant
from hub.steps.consent.rights import require_right
from hub.steps.consent.showing import show_given
from hub.steps.consent.signer_status import grant_context, known_good
from hub.steps.orders.repeats import earlier_answer, keep_answer, open_act, spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.enterprise import EnterpriseReader
from hub.store.entry import EntryWriter
from hub.store.grant_request import AskedHolder, GrantRequestReader, GrantRequestWriter, StoredRequest
from hub.store.statement import StatementWriter
from schemas.asking import MOST_HOLDERS, Asking, parse_asking, render_asking
from schemas.evidence import ActFacts, Kind
from schemas.grant import Grant, render_grant
from schemas.parties import System
from schemas.refusal import Refusal, parse_refusal, render_refusal
from schemas.sentence import SentenceFormError, statement_digest
from schemas.signer_roles import Deed
from signing.base64url import encode
from signing.envelope import decrypt, encrypt

_HOLDER = re.compile(r"[0-9A-Z]{18}")
_ASKED = frozenset(
    {
        "types", "certificates", "item_code", "item_name", "case_number", "valid_from", "valid_until", "uses",
        "delegate", "future", "template",
    }
)  # fmt: skip


def ask_for_grant(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Keep a request and return its code and link, this once. Raises GrantError, StatementError, OrderError.

    `content`: holders [licence number, …], and what a wish for a grant says (`hub/enterprise/grants.py`), but for the
    parties. The same request under the same key gives the same answer without the code, which is kept nowhere.
    """
    registry.require_log(now)
    earlier = earlier_answer(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        return earlier
    holders, asked = _read(content, now)
    for each in holders:
        _composed(asked, each, system.department, registry, now)  # what could not be signed is not asked
    name, code = new_name(registry), make_code(registry)

    def commit(connection: Connection) -> dict[str, Any]:
        open_act(connection, system.code, key, request_digest=verified.digest, act=name, registry=registry, now=now)
        number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        stored = _new_request(name, code, asked, system.department, system.code, registry, now)
        answer = _keep(replace(stored, statement=number), holders, verified.digest, registry, now, connection)
        keep_answer(connection, system.code, key, answer, registry=registry)
        return answer

    return registry.database.write(commit) | _shown(code, registry)


def draft_asking(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence by which an enterprise asks holders for a grant; stores nothing. Raises GrantError.

    `wish`: licence_number (of who asks), holders, and what a department's request says, without single certificates.
    """
    requester = str(wish.get("licence_number"))
    holders, asked = _read({name: value for name, value in wish.items() if name != "licence_number"}, now)
    if asked.keys() & {"certificates", "valid_from", "delegate"}:
        raise GrantError("grant_form", member="content")
    grants = [_composed(asked, each, requester, registry, now) for each in holders]
    if grants[0].requester_kind != "enterprise":
        raise GrantError("grant_requester_unknown")
    try:
        first = grants[0]
        asking = Asking(
            requester_licence_number=requester,
            requester_name=first.requester_name,
            holders=tuple(holders),
            types=first.types,
            future=first.future,
            item_code=first.item_code,
            item_name=first.item_name,
            case_number=first.case_number,
            valid_until=first.valid_until,
            uses=first.uses,
            nonce=BLANK_NONCE,
        )
    except SentenceFormError as error:
        raise GrantError("grant_form", member=error.member) from error
    return drafted(asking, render_asking, registry)


def post_asking(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> dict[str, Any]:
    """Keep what an enterprise asks; return code and link for the holders, and the token for the answers, this once."""
    registry.require_log(now)
    asking, signer = verify_sentence(
        signed, parse_asking, render_asking, registry=registry, e_licence=e_licence, now=now
    )
    known_good(signer, registry=registry, e_licence=e_licence, now=now)
    requester, said = asking.requester_licence_number, statement_digest(signed.text)
    asked = {
        "types": {each.code: [field.name for field in each.fields] for each in asking.types},
        "future": asking.future,
        "item_code": asking.item_code,
        "item_name": asking.item_name,
        "case_number": asking.case_number,
        "valid_until": asking.valid_until.isoformat(),
        "uses": asking.uses,
    }
    name, code = new_name(registry), make_code(registry)

    def commit(connection: Connection) -> dict[str, Any]:
        lock_holder(requester, connection=connection, registry=registry, now=now)
        require_right(Deed.ASK, signer, signed, connection=connection, now=now)
        if not StatementWriter(connection).spend("grant", requester, asking.nonce, expires_at=None):
            raise GrantError("grant_posted")
        stored = _new_request(name, code, asked, requester, E_LICENCE_SYSTEM, registry, now)
        enclosed = enclose(signed, signer, registry, said)
        stored = replace(stored, asking=enclosed, asking_digest=said)
        return _keep(stored, list(asking.holders), said, registry, now, connection)

    return registry.database.write(commit) | _shown(code, registry) | {"token": _token(name, registry)}


def request_state_by_token(name: str, token: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return how each holder answered, to the enterprise that asked and was given this token."""
    with registry.database.read() as connection:
        stored = GrantRequestReader(connection).get(name)
        if stored is None or not compare_digest(token.encode(), _token(name, registry).encode()):
            raise NotFoundError("request_not_found")
        return _answers(stored, GrantRequestReader(connection).holders(name), registry, now)


def request_state(name: str, *, system: System, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return how each holder answered a request, to the department that asked; another's is not found."""
    with registry.database.read() as connection:
        stored = GrantRequestReader(connection).get(name)
        if stored is None or stored.requester != system.department:
            raise NotFoundError("request_not_found")
        return _answers(stored, GrantRequestReader(connection).holders(name), registry, now)


def read_request(shown: Shown, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the one page a holder reads: who asks, whom, and the sentences the next holder may sign. Stores nothing.

    Raises NotFoundError request_not_found, GrantError code_form, request_ended.
    """
    with registry.database.read() as connection:
        stored, holders = find_asked(shown, registry, now, connection)
        requester = requester_named(stored.requester, connection)[1]
        names = {each.holder: EnterpriseReader(connection).get(each.holder) for each in holders}
    following = next_of(shown, holders)
    page: dict[str, Any] = {
        "request": stored.request,
        "requester": {"licence_number": stored.requester, "name": requester},
        "valid_until": stored.valid_until.isoformat(),
        "holders": [
            {"licence_number": number, "name": found.name if found else "", "state": each.state}
            for each, (number, found) in zip(holders, names.items(), strict=True)
        ],
        "next": None,
    }
    if following is not None:
        grant = _composed(wish_of(stored, registry), following, stored.requester, registry, now)
        refusal = Refusal(following, stored.requester, stored.request, BLANK_NONCE)
        page["next"] = {
            "licence_number": following,
            "grant": drafted(grant, render_grant, registry),
            "refusal": drafted(refusal, render_refusal, registry),
        }
    return page


def preview_request(
    shown: Shown, *, to_agent: bool, registry: Registry, surroundings: Surroundings, now: datetime
) -> dict[str, Any]:
    """Return what the next holder of a request is `asked`, and what the requester would be `shown` (`showing.py`).

    Raises as `read_request` does; GrantError request_answered where nobody is left to answer.
    """
    with registry.database.read() as connection:
        stored, holders = find_asked(shown, registry, now, connection)
    following = next_of(shown, holders)
    if following is None:
        raise GrantError("request_answered")
    grant = _composed(wish_of(stored, registry), following, stored.requester, registry, now)
    asked = {"item_name": grant.item_name, "case_number": grant.case_number, "uses": grant.uses}
    with registry.database.read() as connection:
        given = show_given(
            grant, to_agent=to_agent, registry=registry, surroundings=surroundings, connection=connection, now=now
        )
    return {"asked": asked | {"valid_until": grant.valid_until.isoformat()}, "shown": given}


def draft_refusal(shown: Shown, holder: str, reason: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence by which a holder refuses a request and says why; stores nothing. Raises GrantError."""
    with registry.database.read() as connection:
        stored, holders = find_asked(shown, registry, now, connection)
    _require_asked(holder, holders)
    try:
        refusal = Refusal(holder, stored.requester, stored.request, BLANK_NONCE, reason)
    except SentenceFormError as error:
        raise GrantError("grant_form", member=error.member) from error
    return drafted(refusal, render_refusal, registry)


def sign_request(
    shown: Shown, signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime
) -> dict[str, Any]:
    """Take in what a holder signed upon a request: exactly what was asked of it, or nothing. Raises GrantError."""
    registry.require_log(now)
    verified = verify_grant(signed, registry=registry, e_licence=e_licence, now=now)
    grant = verified.grant
    with registry.database.read() as connection:
        stored, holders = find_asked(shown, registry, now, connection)
    _require_asked(grant.holder_licence_number, holders)
    wanted = _composed(wish_of(stored, registry), grant.holder_licence_number, stored.requester, registry, now)
    if replace(wanted, nonce=grant.nonce, valid_from=grant.valid_from) != grant:
        raise GrantError("request_other_grant")

    def commit(connection: Connection) -> dict[str, Any]:
        lock_holder(grant.holder_licence_number, connection=connection, registry=registry, now=now)
        # Read again under the holder's row: of two phones one signs.
        _require_asked(grant.holder_licence_number, GrantRequestReader(connection).holders(stored.request))
        answer = add_grant(verified, registry=registry, now=now, connection=connection)
        GrantRequestWriter(connection).answer(
            stored.request, grant.holder_licence_number, state="signed", answered_at=now,
            grant_digest=answer["digest"], answered_by=answer["act_id"],
        )  # fmt: skip
        return answer | {"next": next_of(shown, GrantRequestReader(connection).holders(stored.request))}

    return registry.database.write(commit)


def refuse_request(
    shown: Shown, signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime
) -> dict[str, Any]:
    """Keep a holder's signed refusal. It gives nothing, so neither log nor the signer's status is asked."""
    refusal, signer = verify_sentence(
        signed, parse_refusal, render_refusal, registry=registry, e_licence=e_licence, now=now
    )
    holder = refusal.holder_licence_number

    def commit(connection: Connection) -> dict[str, Any]:
        lock_holder(holder, connection=connection, registry=registry, now=now)
        stored, holders = find_asked(shown, registry, now, connection)
        if (refusal.request, refusal.requester_licence_number) != (stored.request, stored.requester):
            raise GrantError("grant_text")
        _require_asked(holder, holders)
        item_code = str(wish_of(stored, registry)["item_code"])
        require_right(Deed.ANSWER_REQUEST, signer, signed, connection=connection, now=now, item_code=item_code)
        if not StatementWriter(connection).spend("grant", holder, refusal.nonce, expires_at=None):
            raise GrantError("grant_posted")
        said, act_id = statement_digest(signed.text), new_name(registry)
        GrantRequestWriter(connection).answer(
            stored.request, holder, state="refused", answered_at=now, answered_by=act_id,
            refusal=enclose(signed, signer, registry, said), refusal_digest=said,
        )  # fmt: skip
        act = ActFacts(Kind.REQUEST_REFUSED, act_id, now, None, said, None, stored.act_id)
        EntryWriter(connection, registry.random).add([act])
        following = next_of(shown, GrantRequestReader(connection).holders(stored.request))
        return {"request": stored.request, "state": "refused", "act_id": act_id, "next": following}

    return registry.database.write(commit)


def _new_request(
    name: str, code: str, asked: Mapping[str, Any], requester: str, system: str, registry: Registry, now: datetime
) -> StoredRequest:
    return StoredRequest(
        request=name,
        requester=requester,
        system=system,
        code_mac=code_mac(code, registry),
        envelope=encrypt(orjson.dumps(asked), master=registry.master, context=request_context(name)),
        statement=None,
        valid_until=now + registry.terms.request_term,
        recorded_at=now,
        act_id=new_name(registry),
    )


def _keep(
    stored: StoredRequest,
    holders: Sequence[str],
    digest: str,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    """Keep a request with its entry; return what may be kept of the answer: not the code."""
    GrantRequestWriter(connection).add(stored, holders)
    act = ActFacts(Kind.GRANT_REQUEST, stored.act_id, now, None, digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    return {"request": stored.request, "valid_until": stored.valid_until.isoformat(), "act_id": stored.act_id}


def _shown(code: str, registry: Registry) -> dict[str, str]:
    # Behind the number sign, which no browser sends: the code stands in no server's log.
    return {"code": code, "link": f"{registry.origin}/grant-requests#{code}"}


def _answers(
    stored: StoredRequest, holders: Sequence[AskedHolder], registry: Registry, now: datetime
) -> dict[str, Any]:
    return {
        "request": stored.request,
        "valid_until": stored.valid_until.isoformat(),
        "holders": [
            {"licence_number": each.holder, "state": _state(stored, each, now), "grant": each.grant_digest}
            | ({"reason": reason} if (reason := _reason(each, registry)) else {})
            for each in holders
        ],
    }


def _reason(holder: AskedHolder, registry: Registry) -> str:
    """Return why a holder refused, in its own words; "" where it gave no reason."""
    if holder.refusal is None or holder.refusal_digest is None:
        return ""
    context = grant_context(holder.refusal_digest)
    return parse_refusal(
        orjson.loads(decrypt(holder.refusal, masters=registry.masters, context=context))["text"]
    ).reason


def _token(name: str, registry: Registry) -> str:
    return encode(keyed_digest(registry.code_key, b"answers\x00" + name.encode(), "sha256"))


def _read(content: Mapping[str, Any], now: datetime) -> tuple[list[str], dict[str, Any]]:
    """Return whom a request asks, and for what, its template filled in; GrantError grant_form, template_unknown."""
    holders = content.get("holders")
    if (
        not isinstance(holders, list)
        or not 1 <= len(holders) <= MOST_HOLDERS
        or not all(isinstance(each, str) and _HOLDER.fullmatch(each) for each in holders)
        or len(set(holders)) != len(holders)
    ):
        raise GrantError("grant_form", member="holders")
    if content.keys() - _ASKED - {"holders"}:
        raise GrantError("grant_form", member="content")
    if len(holders) > 1 and content.get("certificates"):
        raise GrantError("grant_form", member="certificates")
    return list(holders), filled_in({name: content[name] for name in content.keys() & _ASKED}, now)


def _composed(asked: Mapping[str, Any], holder: str, requester: str, registry: Registry, now: datetime) -> Grant:
    return compose_grant(dict(asked) | {"licence_number": holder, "requester": requester}, registry=registry, now=now)


def _require_asked(holder: str, holders: Sequence[AskedHolder]) -> None:
    own = [each for each in holders if each.holder == holder]
    if not own:
        raise GrantError("request_other_holder")
    if own[0].state != "open":
        raise GrantError("request_answered")


def _state(stored: StoredRequest, holder: AskedHolder, now: datetime) -> str:
    return "ended" if holder.state == "open" and now >= stored.valid_until else holder.state
