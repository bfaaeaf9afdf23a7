"""Grants: drafting the sentence, taking in what the enterprise signed, ending it at once.

What is signed is the Chinese sentence itself; a grant is known by its digest and by the hub-made nonce inside it, never
by signature bytes. Drafting stores nothing: the nonce proves by its own keyed digest that this hub made it.
1 the text is a grant (or withdrawal) of our template, byte for byte, with a nonce of this hub, not yet spent
2 the e-licence port verifies signature, cert chain and role; the cert is the holder's own, the role may do this
3 the signer's status is asked: good makes the grant usable, none leaves it pending, revoked refuses it
4 grant and entry are committed together            <- COMMIT POINT
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connectors.contract import ELicence, LicenceSigner, SignedText
from hub.decisions.answers import PAGE as LINES
from hub.decisions.answers import Line, line_of, types_of
from hub.decisions.facts import Surroundings
from hub.errors import GrantError, NotFoundError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.intentions import new_name
from hub.steps.codes import code_mac, make_code
from hub.steps.consent.drafts import BLANK_NONCE, drafted, verify_sentence
from hub.steps.consent.granting import VerifiedGrant, add_grant, compose_grant, enclose, filled_in, verify_grant
from hub.steps.consent.showing import show_given
from hub.steps.consent.signer_status import basis_of, opened_grant
from hub.steps.registry import Registry
from hub.store.answer import AnswerReader
from hub.store.certificate import CertificateReader
from hub.store.entry import EntryWriter
from hub.store.grant import GrantReader, GrantWriter, StoredGrant
from hub.store.statement import StatementWriter
from hub.store.subject import StoredSubject, SubjectReader
from schemas.certificate import ENDED
from schemas.evidence import ActFacts, Kind
from schemas.exchange import Basis
from schemas.fields import FieldClass, SharingClass
from schemas.grant import Grant, Withdrawal, parse_withdrawal, render_grant, render_withdrawal
from schemas.sentence import statement_digest

PAGE = 20
# Which link it would be matters to nothing that a preview shows.
_ANY_LINK = "0" * 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def draft_grant(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence an enterprise would sign for `wish`; stores nothing.

    To a `person` it goes with the one-time link that it names, this once: the link is kept nowhere.
    `wish`: licence_number, requester (licence number) or person (name), types {code: [field, …]}, certificates
    [identifier, …], item_code, item_name, case_number, valid_from?, valid_until (ISO 8601), uses, delegate?, future?
    (also what is issued later), template? (a code of `schemas/grant_templates.toml`, which fills in what is not said).
    """
    wish, code = filled_in(wish, now), ""
    if "person" in wish:
        code = make_code(registry)
        wish |= {"link": code_mac(code, registry), "uses": 1}
    answer = drafted(compose_grant(wish, registry=registry, now=now), render_grant, registry)
    # Behind the number sign, which no browser sends: the code stands in no server's log.
    return answer | {"code": code, "link": f"{registry.origin}/grant-links#{code}"} if code else answer


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
    verified = verify_grant(signed, registry=registry, e_licence=e_licence, now=now)
    return registry.database.write(partial(_commit_grant, verified, registry, now))


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


def preview_grant(
    wish: Mapping[str, Any], *, to_agent: bool, registry: Registry, surroundings: Surroundings, now: datetime
) -> dict[str, Any]:
    """Return what the other side would see under a grant of `wish`, as things are now (`showing.py`)."""
    wish = filled_in(wish, now)
    if "person" in wish:
        wish |= {"link": _ANY_LINK, "uses": 1}
    grant = compose_grant(wish, registry=registry, now=now)
    with registry.database.read() as connection:
        return show_given(
            grant, to_agent=to_agent, registry=registry, surroundings=surroundings, connection=connection, now=now
        )


def own_grants(
    holder: str, which: str, *, agent: str | None, after: str | None, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Return a page of what a holder gave, newest first: "live", "used" or "over", behind the place told as `after`.

    `agent` is the serial of an agent's cert, who sees what he gave himself; None: all.
    """
    with registry.database.read() as connection:
        found = GrantReader(connection).page(holder, which, signer=agent, behind=_place(after), most=PAGE + 1, now=now)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return {
        "grants": [_describe(each, registry, now) for each in found[:PAGE]],
        "after": _told(last) if last else None,
    }


def own_grant(digest: str, holder: str, *, agent: str | None, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return one grant to its holder, or to the agent who gave it; another's is not found."""
    with registry.database.read() as connection:
        stored = GrantReader(connection).get(digest)
    is_own = stored is not None and stored.holder == holder and agent in (None, stored.cert_serial)
    if stored is None or not is_own or basis_of(stored) is Basis.PRESENTATION:
        raise NotFoundError("grant_not_found")
    return _describe(stored, registry, now)


def grantable(holder: str, *, registry: Registry) -> list[dict[str, Any]]:
    """Return the types a holder has certificates of and may give, each with its fields that may be given.

    What anybody may see is given with any of them; such fields are marked `public`.
    """
    with registry.database.read() as connection:
        head = AnswerReader(connection).heads([holder]).get(holder)
    codes = [code for code in sorted(types_of(head) if head else ()) if _may_be_given(code, registry)]
    kinds = [registry.catalogue.get(code) for code in codes]
    return [
        {
            "code": kind.code,
            "name_zh": kind.name_zh,
            "name_en": kind.name_en,
            "fields": [
                {"name": each.name, "zh": each.label_zh, "en": each.label_en,
                 "public": each.field_class is FieldClass.PUBLIC}
                for each in kind.fields
                if each.sharing_class is not SharingClass.NOT_SHARED
            ],
        }
        for kind in kinds
    ]  # fmt: skip


def _named(identifiers: Sequence[str], holder: str, registry: Registry) -> list[dict[str, str]]:
    """Name the single certificates of a grant by type and number, in the order of its sentence."""
    with registry.database.read() as connection:
        lines = {line["identifier"]: line for line in _lines_of(identifiers, holder, connection)}
    told = []
    for identifier in identifiers:
        line = lines.get(identifier)
        kind = registry.catalogue.get(line["type"]) if line else None
        told.append(
            {
                "identifier": identifier,
                "name_zh": kind.name_zh if kind else "",
                "name_en": kind.name_en if kind else "",
                "number": line["number"] if line else "",
            }
        )
    return told


def grantable_singly(holder: str, chosen: Collection[str], *, registry: Registry) -> dict[str, Any]:
    """Return a holder's `certificates` that it may give one by one, by type: identifier, names, number and site.

    Of a holder of more than fit a page only those `chosen` (identifiers) are: `is_whole` says that all are there.
    """
    with registry.database.read() as connection:
        answers = AnswerReader(connection)
        head = answers.heads([holder]).get(holder)
        in_all = head["certificates"] if head else 0
        if head is not None and in_all <= LINES:
            pages = answers.pages([(holder, each["page"]) for each in head["pages"]])
            lines = [line for page in pages.values() for line in page]
        else:
            lines = _lines_of(chosen, holder, connection)
        sites = {line["subject"]["id"] for line in lines if line["subject"]["kind"] == "site"}
        places = SubjectReader(connection).among(sorted(sites))
    given = [line for line in lines if line["status"] not in ENDED and _may_be_given(line["type"], registry)]
    given.sort(key=lambda line: (line["type"], line["slot"]))
    return {"is_whole": in_all <= LINES, "certificates": [_single(line, places, registry) for line in given]}


def _single(line: Line, places: Mapping[str, StoredSubject], registry: Registry) -> dict[str, Any]:
    kind, subject = registry.catalogue.get(line["type"]), line["subject"]
    place, told = places.get(subject["id"]), subject["id"] if subject["kind"] != "enterprise" else ""
    return {
        "identifier": line["identifier"],
        "name_zh": kind.name_zh,
        "name_en": kind.name_en,
        "number": line["number"],
        # A site that was registered is told by its name; another, or a device, as its certificate tells it.
        "place": place.name or place.address if place else told,
    }


def _lines_of(identifiers: Collection[str], holder: str, connection: Connection) -> list[Line]:
    """Return the lines of a holder's own certificates among these."""
    found = CertificateReader(connection).by_identifier(sorted(identifiers)[:LINES])
    own = [each.serial for each in found.values() if each.licence_number == holder]
    return [line_of(body) for body in AnswerReader(connection).certificates(own).values()]


def _may_be_given(code: str, registry: Registry) -> bool:
    return registry.catalogue.get(code).sharing_class is not SharingClass.NOT_SHARED


def _told(stored: StoredGrant) -> str:
    return f"{(stored.recorded_at - _EPOCH) // _MICROSECOND}.{stored.digest}"


def _place(after: str | None) -> tuple[datetime, str] | None:
    moment, _, digest = (after or "").partition(".")
    return (_EPOCH + int(moment) * _MICROSECOND, digest) if after else None


def _describe(stored: StoredGrant, registry: Registry, now: datetime) -> dict[str, Any]:
    grant, _ = opened_grant(stored, registry)
    if not isinstance(grant, Grant):
        raise NotFoundError("grant_not_found")
    return {
        "digest": stored.digest,
        "state": _state(stored, registry, now),
        "on_paper": stored.basis is not None,
        "signer_role": stored.signer_role,
        "requester": {"licence_number": grant.requester_licence_number, "name": grant.requester_name},
        "item_code": grant.item_code,
        "item_name": grant.item_name,
        "case_number": grant.case_number,
        "types": [
            {"name_zh": each.name_zh, "fields": [field.label_zh for field in each.fields]} for each in grant.types
        ],
        "certificates": _named(grant.certificates, stored.holder, registry),
        "future": grant.future,
        "valid_from": stored.valid_from.isoformat(),
        "valid_until": stored.valid_until.isoformat(),
        "uses": stored.uses,
        "uses_taken": stored.uses_taken,
        "recorded_at": stored.recorded_at.isoformat(),
        "act_id": stored.act_id,
    }


def _commit_grant(verified: VerifiedGrant, registry: Registry, now: datetime, connection: Connection) -> dict[str, Any]:
    # An act that ends the holder ends its grants: the two come one after the other.
    holder = verified.grant.holder_licence_number
    lock_holder(holder, connection=connection, registry=registry, now=now)
    return add_grant(verified, registry=registry, now=now, connection=connection)


def _commit_withdrawal(
    withdrawal: Withdrawal,
    signed: SignedText,
    signer: LicenceSigner,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    stored, holder = GrantReader(connection).get(withdrawal.grant_digest), withdrawal.holder_licence_number
    if stored is None or stored.holder != holder:
        raise NotFoundError("grant_not_found")
    # A delivery that has read the grant holds the row until it is committed: none comes after a withdrawal.
    lock_holder(holder, connection=connection, registry=registry, now=now)
    # An agent takes back what he gave himself.
    if signer.role == "agent" and signer.cert_serial != stored.cert_serial:
        raise GrantError("role_not_entitled", role=signer.role)
    if not StatementWriter(connection).spend("grant", holder, withdrawal.nonce, expires_at=None):
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
