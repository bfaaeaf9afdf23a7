"""Presentation codes: the enterprise signs what it will show, a window redeems the code, the enterprise confirms.

What is signed is a grant of one use that lasts minutes; it is kept, taken back and pulled under like any grant.
Presenting: 1 the text is a presentation this hub drafted, signed by the holder's e-licence, known good
2 code and digits are made; presentation, their keyed digests and entry are committed together      <- COMMIT POINT
Redeeming: 1 the statement names officer, window, case and fields; the code comes beside it and is kept nowhere
2 the try is counted before it is looked at: an officer's wrong digits of the day, and those of each live code
3 it is decided (`hub/decisions/authorisation.py`, pure); redemption, allowed or refused, and entry are committed
                                                                                                    <- COMMIT POINT
Confirming: 1 the sentence is the one drafted over that very redemption, signed by the holder's e-licence, known good
2 release and entry are committed together                                                          <- COMMIT POINT
Then the officer's system pulls on the basis `presentation` (`hub/sharing/exchange.py`). To refuse, the holder
withdraws.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hmac import compare_digest
from typing import Any

from sqlalchemy import Connection

from connectors.contract import ELicence, LicenceSigner, SignedText
from hub.decisions.authorisation import Decision, GrantStanding, decide_redemption
from hub.errors import GrantError, NotFoundError, PullError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.intentions import new_name
from hub.steps.codes import code_mac, digits_mac, make_code, make_digits, read_code
from hub.steps.consent.drafts import BLANK_NONCE, drafted, verify_sentence
from hub.steps.consent.granting import (
    NO_TRADE_NAME,
    check_given,
    enclose,
    granted_types,
    holder_named,
    refuse_succeeded,
    requester_named,
)
from hub.steps.consent.rights import require_right
from hub.steps.consent.signer_status import known_good, opened_grant, standing_of
from hub.steps.orders.repeats import earlier_act, open_act, spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.enterprise import EnterpriseReader
from hub.store.entry import EntryWriter
from hub.store.grant import GrantReader, GrantWriter, StoredGrant
from hub.store.presentation import PresentationReader, PresentationWriter, StoredCode, StoredRedemption
from hub.store.statement import StatementWriter
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.exchange import Basis, Redemption, RequestFormError
from schemas.granted import GrantedField, GrantedType
from schemas.parties import Officer, System
from schemas.presentation import (
    Confirmation,
    Presentation,
    parse_confirmation,
    parse_presentation,
    render_confirmation,
    render_presentation,
)
from schemas.sentence import SentenceFormError, check_plain, statement_digest
from schemas.signer_roles import Deed

# For so long a code that has ended is still known for what it was.
_REMEMBERED = timedelta(days=1)
_SKEW = timedelta(minutes=1)


# --- presenting -------------------------------------------------------------------------------------------------


def draft_presentation(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence an enterprise would sign to present what `wish` says; stores nothing. Raises GrantError.

    `wish`: licence_number, types {code: [field, …]}, certificates [identifier, …], requester? (a department's number).
    """
    with registry.database.read() as connection:
        enterprise = holder_named(str(wish.get("licence_number")), connection)
        number = wish.get("requester")
        kind, name = requester_named(str(number), connection) if number else ("department", None)
    if kind != "department":
        raise GrantError("grant_requester_unknown")
    begins = now.replace(microsecond=0)
    try:
        presentation = Presentation(
            holder_licence_number=enterprise.licence_number,
            holder_name=enterprise.name or NO_TRADE_NAME,
            requester_licence_number=str(number) if number else None,
            requester_name=name,
            certificates=tuple(map(str, wish.get("certificates") or ())),
            types=granted_types(wish.get("types") or {}, registry),
            valid_from=begins,
            valid_until=begins + registry.terms.presentation_term,
            nonce=BLANK_NONCE,
        )
        return drafted(presentation, render_presentation, registry)
    except (SentenceFormError, TypeError, ValueError) as error:
        raise GrantError("grant_form", member=getattr(error, "member", None)) from error


def post_presentation(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> dict[str, Any]:
    """Take in a signed presentation and return its code, once: the QR's text and eight digits. Raises GrantError.

    StoreError log_silent, store_rolled_back: its evidence would not follow.
    """
    registry.require_log(now)
    presentation, signer = verify_sentence(
        signed, parse_presentation, render_presentation, registry=registry, e_licence=e_licence, now=now
    )
    holder = presentation.holder_licence_number
    if not presentation.valid_from - _SKEW <= now < presentation.valid_until:
        raise GrantError("grant_term")
    with registry.database.read() as connection:
        check_given(presentation.certificates, presentation.types, holder, registry, connection)
    good_at = known_good(signer, registry=registry, e_licence=e_licence, now=now)
    return registry.database.write(partial(_commit_presentation, presentation, signed, signer, good_at, registry, now))


def presentation_state(digest: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return how a presentation stands, to the phone that shows it and to the window that waits; no names, no code."""
    with registry.database.read() as connection:
        stored, code = _presented(digest, connection)
    return {
        "digest": digest,
        "state": _state(stored, code, now),
        "valid_until": stored.valid_until.isoformat(),
        "misses": code.misses,
    }


def own_presentations(holder: str, *, agent: str | None, registry: Registry, now: datetime) -> list[dict[str, Any]]:
    """Return a holder's presentations whose code is not over, or an agent's own: digest, state, and until when."""
    told = []
    with registry.database.read() as connection:
        for code in PresentationReader(connection).of_holder(holder, since=now):
            stored = GrantReader(connection).get(code.digest)
            if stored is not None and agent in (None, stored.cert_serial):
                until = stored.valid_until.isoformat()
                told.append({"digest": code.digest, "state": _state(stored, code, now), "valid_until": until})
    return told


def own_presentation(
    digest: str, holder: str, *, agent: str | None, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Return a presentation to its holder, or to the agent who made it: what it shows, and who asks with its code.

    Another's is not found: NotFoundError presentation_not_found.
    """
    with registry.database.read() as connection:
        stored, code = _presented(digest, connection)
        if stored.holder != holder or agent not in (None, stored.cert_serial):
            raise NotFoundError("presentation_not_found")
        redemption = PresentationReader(connection).redemption(code.redemption or "")
        name = requester_named(redemption.requester, connection)[1] if redemption else ""
    presentation, _ = opened_grant(stored, registry)
    asked = redemption and {
        "requester": {"licence_number": redemption.requester, "name": name},
        "window": redemption.window,
        "officer": redemption.officer,
        "case_number": redemption.case_number,
        "types": [_told_type(_asked_type(each, None, names, registry)) for each, names in redemption.fields.items()],
    }
    return {
        "digest": digest,
        "state": _state(stored, code, now),
        "valid_until": stored.valid_until.isoformat(),
        "misses": code.misses,
        "types": [_told_type(each) for each in presentation.types],
        "requester_name": presentation.requester_name,
        "asked": asked,
        "act_id": code.confirmation_act or stored.act_id,
    }


def public_presentation(shown: str, *, registry: Registry, now: datetime) -> dict[str, Any] | None:
    """Return what anybody who holds a code may be told of it: whose, how it stands, who signed it and until when.

    Not what it shows, to whom, or for what; a look uses nothing up. `shown` is the code, never its eight digits; None
    for one that nobody was given.
    """
    code = read_code(shown)
    with registry.database.read() as connection:
        found = PresentationReader(connection).by_code(code_mac(code, registry)) if code else None
        stored = GrantReader(connection).get(found.digest) if found else None
        if found is None or stored is None:
            return None
        holder = EnterpriseReader(connection).get(stored.holder)
    return {
        "state": _state(stored, found, now),
        "holder": {
            "licence_number": stored.holder,
            "name": holder.name if holder else "",
            "reference": holder.reference if holder else "",
        },
        "role": stored.signer_role,
        "shown_at": stored.recorded_at.isoformat(),
        "valid_until": stored.valid_until.isoformat(),
    }


def redeemed_presentation(digest: str, department: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return to the department that asked with its code how a presentation stands, and what it may have of it.

    To any other it is not found: NotFoundError presentation_not_found.
    """
    with registry.database.read() as connection:
        stored, code = _presented(digest, connection)
        redemption = PresentationReader(connection).redemption(code.redemption or "")
        if redemption is None or redemption.requester != department:
            raise NotFoundError("presentation_not_found")
        holder = EnterpriseReader(connection).get(stored.holder)
    return {
        "digest": digest,
        "state": _state(stored, code, now),
        "valid_until": stored.valid_until.isoformat(),
        "holder": {"licence_number": stored.holder, "name": holder.name if holder else ""},
        "window": redemption.window,
        "officer": redemption.officer,
        "item_code": redemption.item_code,
        "case_number": redemption.case_number,
        "types": [_told_type(_asked_type(each, None, names, registry)) for each, names in redemption.fields.items()],
        "act_id": redemption.act_id,
    }


def _told_type(each: GrantedType) -> dict[str, Any]:
    fields = {"names": [field.name for field in each.fields], "labels": [field.label_zh for field in each.fields]}
    return {"code": each.code, "name_zh": each.name_zh, **fields}


def _commit_presentation(
    presentation: Presentation,
    signed: SignedText,
    signer: LicenceSigner,
    good_at: datetime,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    holder, digest = presentation.holder_licence_number, statement_digest(signed.text)
    lock_holder(holder, connection=connection, registry=registry, now=now)
    refuse_succeeded(holder, connection)
    # In which matter an agent may show it is asked when its redemption names one.
    until = presentation.valid_until
    delegation = require_right(Deed.PRESENT, signer, signed, connection=connection, now=now, until=until)
    if not StatementWriter(connection).spend("grant", holder, presentation.nonce, expires_at=None):
        raise GrantError("grant_posted")
    stored = StoredGrant(
        digest=digest,
        holder=holder,
        requester=presentation.requester_licence_number or "",
        envelope=enclose(signed, signer, registry, digest),
        valid_from=presentation.valid_from,
        valid_until=presentation.valid_until,
        uses=1,
        uses_taken=0,
        cert_serial=signer.cert_serial,
        signer_role=signer.role,
        cert_good_at=good_at,
        cert_revoked=False,
        withdrawn_at=None,
        recorded_at=now,
        act_id=new_name(registry),
        basis=Basis.PRESENTATION,
        delegation=delegation,
    )
    GrantWriter(connection).add(stored)
    code = make_code(registry)
    digits = _free_digits(holder, registry, now, connection)
    PresentationWriter(connection).add_code(_new_code(stored, code, digits, registry))
    act = ActFacts(Kind.PRESENTATION, stored.act_id, now, presentation.valid_from.isoformat(), digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    return {
        "digest": digest,
        "code": code,
        "digits": digits,
        "valid_until": presentation.valid_until.isoformat(),
        "act_id": stored.act_id,
    }


def _free_digits(holder: str, registry: Registry, now: datetime, connection: Connection) -> str:
    """Return digits that none of the holder's codes of late has: digits mean one presentation."""
    taken = {each.digits_mac for each in PresentationReader(connection).of_holder(holder, since=now - _REMEMBERED)}
    digits = make_digits(registry)
    while digits_mac(holder, digits, registry) in taken:
        digits = make_digits(registry)
    return digits


def _new_code(stored: StoredGrant, code: str, digits: str, registry: Registry) -> StoredCode:
    return StoredCode(
        digest=stored.digest,
        holder=stored.holder,
        code_mac=code_mac(code, registry),
        digits_mac=digits_mac(stored.holder, digits, registry),
        misses=0,
        killed_at=None,
        redemption=None,
        released_at=None,
        confirmation=None,
        confirmation_digest=None,
        confirmation_act=None,
        expires_at=stored.valid_until,
    )


def _state(stored: StoredGrant, code: StoredCode, now: datetime) -> str:
    if stored.withdrawn_at is not None:
        return "withdrawn"
    if stored.uses_taken >= stored.uses:
        return "used"
    if now >= stored.valid_until:
        return "ended"
    if code.killed_at is not None:
        return "killed"
    if code.redemption is None:
        return "open"
    return "unconfirmed" if code.released_at is None else "released"


def _presented(digest: str, connection: Connection) -> tuple[StoredGrant, StoredCode]:
    stored, code = GrantReader(connection).get(digest), PresentationReader(connection).code(digest)
    if stored is None or code is None:
        raise NotFoundError("presentation_not_found")
    return stored, code


# --- redeeming --------------------------------------------------------------------------------------------------


def redeem(
    redemption: Redemption,
    shown: str,
    *,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    e_licence: ELicence,
    now: datetime,
) -> dict[str, Any]:
    """Ask with the code that was `shown`: a QR's text, or eight digits with the holder's licence number.

    Raises PullError, with the redemption recorded, when it is refused; GrantError code_form, RequestFormError for what
    cannot be read, with nothing recorded. The same request under the same key is not counted again.
    """
    registry.require_log(now)
    code = read_code(shown)
    if code is None and redemption.licence_number is None:
        raise RequestFormError("licence_number")
    _check_readable(redemption, officer)
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        with registry.database.read() as connection:
            stored = PresentationReader(connection).redemption(earlier.act)
        if stored is None:
            raise RequestFormError("statement")
        return _answer(stored, registry, now)
    with registry.database.read() as connection:
        found = _matching(code, shown, redemption, registry, now, connection)
    standing = standing_of(found.digest, registry=registry, e_licence=e_licence, now=now) if found else None

    def record(connection: Connection) -> StoredRedemption:
        name = new_name(registry)
        open_act(connection, system.code, key, request_digest=verified.digest, act=name, registry=registry, now=now)
        statement = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        digest, decision = _counted(redemption, code, shown, system, officer, standing, registry, now, connection)
        stored = _stored_redemption(redemption, name, digest, decision, system, officer, statement, registry, now)
        _commit_redemption(stored, standing, verified, registry, now, connection)
        return stored

    return _answer(registry.database.write(record), registry, now)


def _check_readable(redemption: Redemption, officer: Officer | None) -> None:
    """Refuse what the holder could not be given to read and confirm, before anything is counted."""
    try:
        for text in (redemption.window, redemption.item_code, redemption.case_number):
            check_plain("request", text, 128)
        check_plain("request", officer.number if officer else "-", 64)
    except SentenceFormError:
        raise RequestFormError("request") from None


def _matching(
    code: str | None, shown: str, redemption: Redemption, registry: Registry, now: datetime, connection: Connection
) -> StoredCode | None:
    """Return the presentation code that this is; one that can still be redeemed before one that has ended."""
    reader, number = PresentationReader(connection), redemption.licence_number
    if code is not None:
        found = reader.by_code(code_mac(code, registry))
        return found if found is None or number in (None, found.holder) else None
    mac = digits_mac(number or "", shown.strip(), registry)
    known = reader.of_holder(number or "", since=now - _REMEMBERED)
    same = [each for each in known if compare_digest(each.digits_mac, mac)]
    return next((each for each in same if each.is_live(now)), same[0] if same else None)


def _counted(
    redemption: Redemption,
    code: str | None,
    shown: str,
    system: System,
    officer: Officer | None,
    standing: GrantStanding | None,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> tuple[str | None, Decision]:
    """Count the try, then look at it; return the presentation it found, and what is decided."""
    if officer is None:
        return None, _refused("officer_needed")
    writer, terms, today = PresentationWriter(connection), registry.terms, civil_date(now)
    # Digits can be guessed, 128 bits cannot. Counted first: a second try at the same moment sees the first.
    if code is None and not writer.take_miss(officer.number, today, most=terms.code_misses_a_day):
        return None, _refused("officer_stopped")
    holder = standing.holder if standing else redemption.licence_number
    # Whoever asks about a number that nobody has makes no enterprise of it.
    if holder is not None and EnterpriseReader(connection).get(holder) is not None:
        lock_holder(holder, connection=connection, registry=registry, now=now)
    found = _matching(code, shown, redemption, registry, now, connection)
    if found is None:
        if code is None:
            _count_against_codes(redemption.licence_number or "", registry, now, connection)
        return None, _refused("code_unknown")
    if code is None:
        writer.give_back_miss(officer.number, today)
    return found.digest, _decided(redemption, found, system, standing, registry, now, connection)


def _count_against_codes(holder: str, registry: Registry, now: datetime, connection: Connection) -> None:
    """Count wrong digits against every code they could have been meant for."""
    for each in PresentationReader(connection).of_holder(holder, since=now):
        if each.is_live(now):
            PresentationWriter(connection).miss(each.digest, most=registry.terms.code_misses, now=now)


def _decided(
    redemption: Redemption,
    found: StoredCode,
    system: System,
    standing: GrantStanding | None,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> Decision:
    if found.killed_at is not None:
        return _refused("code_killed")
    if found.redemption is not None:
        return _refused("code_redeemed")
    if standing is None or standing.digest != found.digest:
        return _refused("code_unknown")
    stored = GrantReader(connection).get(found.digest)
    # Read again under the holder's row: it may have been taken back a moment ago.
    withdrawn = stored is None or stored.withdrawn_at is not None
    return decide_redemption(
        redemption,
        system=system,
        presentation=replace(standing, withdrawn=withdrawn),
        catalogue=registry.catalogue,
        now=now,
    )


def _refused(reason: str) -> Decision:
    return Decision(False, reason, {})


def _stored_redemption(
    redemption: Redemption,
    name: str,
    digest: str | None,
    decision: Decision,
    system: System,
    officer: Officer | None,
    statement: int,
    registry: Registry,
    now: datetime,
) -> StoredRedemption:
    return StoredRedemption(
        redemption=name,
        digest=digest,
        system=system.code,
        requester=system.department,
        officer=officer.number if officer else None,
        window=redemption.window,
        item_code=redemption.item_code,
        case_number=redemption.case_number,
        fields={code: list(names) for code, names in decision.fields.items()},
        allowed=decision.allowed,
        reason=decision.reason,
        statement=statement,
        recorded_at=now,
        act_id=new_name(registry),
    )


def _commit_redemption(
    stored: StoredRedemption,
    standing: GrantStanding | None,
    verified: VerifiedStatement,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> None:
    writer = PresentationWriter(connection)
    writer.add_redemption(stored)
    if stored.allowed and stored.digest is not None:
        is_named = standing is not None and standing.requester != ""
        if not writer.redeem(stored.digest, stored.redemption, released_at=now if is_named else None):
            raise PullError("code_redeemed")  # the holder's row is held: nobody can have come between
    kind = Kind.REDEMPTION if stored.allowed else Kind.REDEMPTION_REFUSED
    act = ActFacts(kind, stored.act_id, now, None, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])


def _answer(stored: StoredRedemption, registry: Registry, now: datetime) -> dict[str, Any]:
    if not stored.allowed or stored.digest is None:
        raise PullError(stored.reason, redemption=stored.redemption, act_id=stored.act_id)
    with registry.database.read() as connection:
        grant, code = _presented(stored.digest, connection)
    return {
        "redemption": stored.redemption,
        "presentation": stored.digest,
        "licence_number": grant.holder,
        "state": _state(grant, code, now),
        "fields": dict(stored.fields),
        "valid_until": grant.valid_until.isoformat(),
        "act_id": stored.act_id,
    }


# --- confirming -------------------------------------------------------------------------------------------------


def draft_confirmation(digest: str, *, registry: Registry) -> dict[str, Any]:
    """Return the sentence that releases a presentation to who asked with its code; stores nothing.

    Raises NotFoundError presentation_not_found, GrantError presentation_not_redeemed, presentation_released.
    """
    with registry.database.read() as connection:
        stored, code = _presented(digest, connection)
        confirmation = _confirmation(stored, code, registry, connection)
    return drafted(confirmation, render_confirmation, registry)


def confirm(
    digest: str, signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime
) -> dict[str, Any]:
    """Release a presentation by the holder's signed confirmation of who asks, at which window, for which fields."""
    registry.require_log(now)
    confirmation, signer = verify_sentence(
        signed, parse_confirmation, render_confirmation, registry=registry, e_licence=e_licence, now=now
    )
    if confirmation.presentation != digest:
        raise GrantError("grant_text")
    known_good(signer, registry=registry, e_licence=e_licence, now=now)
    return registry.database.write(partial(_commit_confirmation, confirmation, signed, signer, registry, now))


def _commit_confirmation(
    confirmation: Confirmation,
    signed: SignedText,
    signer: LicenceSigner,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    digest, holder = confirmation.presentation, confirmation.holder_licence_number
    lock_holder(holder, connection=connection, registry=registry, now=now)
    stored, code = _presented(digest, connection)
    if not StatementWriter(connection).spend("grant", holder, confirmation.nonce, expires_at=None):
        raise GrantError("grant_posted")
    # What was drafted over one redemption never releases another.
    if replace(_confirmation(stored, code, registry, connection), nonce=confirmation.nonce) != confirmation:
        raise GrantError("grant_text")
    if stored.withdrawn_at is not None:
        raise GrantError("grant_withdrawn")
    if now >= stored.valid_until:
        raise GrantError("grant_ended")
    redemption = PresentationReader(connection).redemption(code.redemption or "")
    item_code = confirmation.item_code
    require_right(Deed.CONFIRM, signer, signed, connection=connection, now=now, item_code=item_code)
    said, act_id = statement_digest(signed.text), new_name(registry)
    enclosed = enclose(signed, signer, registry, said)
    PresentationWriter(connection).release(
        digest, confirmation=enclosed, confirmation_digest=said, act_id=act_id, now=now
    )
    act = ActFacts(Kind.CONFIRMATION, act_id, now, None, said, None, redemption.act_id if redemption else None)
    EntryWriter(connection, registry.random).add([act])
    return {"digest": digest, "state": "released", "act_id": act_id}


def _confirmation(stored: StoredGrant, code: StoredCode, registry: Registry, connection: Connection) -> Confirmation:
    """Return what the holder confirms, but for the nonce: the redemption as it is recorded."""
    redemption = PresentationReader(connection).redemption(code.redemption or "")
    if redemption is None:
        raise GrantError("presentation_not_redeemed")
    if code.released_at is not None:
        raise GrantError("presentation_released")
    presentation, _ = opened_grant(stored, registry)
    versions = {each.code: each.version for each in presentation.types}
    return Confirmation(
        holder_licence_number=stored.holder,
        presentation=stored.digest,
        requester_licence_number=redemption.requester,
        requester_name=requester_named(redemption.requester, connection)[1],
        window=redemption.window,
        officer=redemption.officer or "",
        item_code=redemption.item_code,
        case_number=redemption.case_number,
        types=tuple(
            _asked_type(each, versions.get(each), names, registry) for each, names in redemption.fields.items()
        ),
        nonce=BLANK_NONCE,
    )


def _asked_type(code: str, version: int | None, names: list[str], registry: Registry) -> GrantedType:
    kind = registry.catalogue.get(code, version)
    labels = {field.name: field.label_zh for field in kind.fields}
    fields = tuple(GrantedField(name, labels[name]) for name in names)
    return GrantedType(kind.code, kind.version, kind.name_zh, fields)
