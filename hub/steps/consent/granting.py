"""What the sentences by which an enterprise gives something have in common: who gives, to whom, which types and fields.

Grants, presentations and requests for them are drafted from names and labels the hub holds, and held against what it
knows once they are signed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection

from connectors.contract import ELicence, LicenceSigner, SignedText
from hub.errors import GrantError
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.drafts import BLANK_NONCE, verify_sentence
from hub.steps.consent.rights import require_right
from hub.steps.consent.signer_status import ask_status, grant_context
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.enterprise import EnterpriseReader
from hub.store.entry import EntryWriter
from hub.store.grant import GrantWriter, StoredGrant
from hub.store.grant_link import GrantLinkWriter
from hub.store.parties import PartyReader
from hub.store.relation import RelationReader
from hub.store.statement import StatementWriter
from schemas.canonical import canonical_json
from schemas.catalogue import CertificateTypeUnknownError, SharingClass
from schemas.evidence import ActFacts, Kind
from schemas.grant import LINK_VERSION, TEMPLATE_VERSION, Grant, RequesterKind, parse_grant, render_grant
from schemas.grant_templates import load_grant_templates
from schemas.granted import NONE, GrantedField, GrantedType
from schemas.parties import Enterprise
from schemas.sentence import SentenceFormError, statement_digest
from schemas.signer_roles import Deed
from signing.base64url import encode
from signing.envelope import encrypt

LONGEST_GRANT = timedelta(days=366)
_TEMPLATES = load_grant_templates()
NO_TRADE_NAME = "（无字号）"


def holder_named(licence_number: str, connection: Connection) -> Enterprise:
    """Return who gives; GrantError grant_holder_unknown, grant_holder_ended."""
    enterprise = EnterpriseReader(connection).get(licence_number)
    if enterprise is None:
        raise GrantError("grant_holder_unknown")
    refuse_succeeded(licence_number, connection)
    return enterprise


def refuse_succeeded(holder: str, connection: Connection) -> None:
    """Refuse a grant of an enterprise whose place another has taken; raises GrantError grant_holder_ended."""
    if any(each.ends(holder) for each in RelationReader(connection).of(holder)):
        raise GrantError("grant_holder_ended")


def requester_named(licence_number: str, connection: Connection) -> tuple[RequesterKind, str]:
    """Return what kind of party a requester is, and its name; GrantError grant_requester_unknown."""
    department = PartyReader(connection).department(licence_number)
    if department is not None:
        return "department", department.name_zh
    enterprise = EnterpriseReader(connection).get(licence_number)
    if enterprise is None:
        raise GrantError("grant_requester_unknown")
    return "enterprise", enterprise.name or NO_TRADE_NAME


def filled_in(wish: Mapping[str, Any], now: datetime) -> dict[str, Any]:
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


def compose_grant(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> Grant:
    """Return the grant that a wish asks for, its nonce blank; GrantError for one that could not count.

    `wish` as `hub/enterprise/grants.py` has it, filled in.
    """
    with registry.database.read() as connection:
        enterprise = holder_named(str(wish.get("licence_number")), connection)
        requester_kind, requester_name = _given_to(wish, connection)
    try:
        return Grant(
            holder_licence_number=enterprise.licence_number,
            holder_name=enterprise.name or NO_TRADE_NAME,
            requester_kind=requester_kind,
            requester_licence_number=NONE if requester_kind == "person" else str(wish["requester"]),
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
            version=LINK_VERSION if requester_kind == "person" else TEMPLATE_VERSION,
            link=str(wish.get("link") or ""),
        )
    except (SentenceFormError, KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise GrantError("grant_form", member=getattr(error, "member", None)) from error


def _given_to(wish: Mapping[str, Any], connection: Connection) -> tuple[RequesterKind, str]:
    """Return what kind of party a wish gives to, and its name: a person it names itself, or who has a number."""
    if wish.get("person") is None:
        return requester_named(str(wish.get("requester")), connection)
    if wish.get("requester") is not None:
        raise GrantError("grant_form", member="person")
    return "person", str(wish["person"])


@dataclass(frozen=True, slots=True)
class VerifiedGrant:
    """A signed grant that counts, but for what is asked under the holder's row."""

    grant: Grant
    signed: SignedText
    signer: LicenceSigner
    stored: StoredGrant


def verify_grant(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> VerifiedGrant:
    """Verify a signed grant: text, nonce, signature, term, what it gives, the signer's status. Raises GrantError."""
    grant, signer = verify_sentence(signed, parse_grant, render_grant, registry=registry, e_licence=e_licence, now=now)
    if not now < grant.valid_until <= now + LONGEST_GRANT:
        raise GrantError("grant_term")
    with registry.database.read() as connection:
        check_given(grant.certificates, grant.types, grant.holder_licence_number, registry, connection)
    good_at, revoked = ask_status(signer, None, registry=registry, e_licence=e_licence, now=now)
    if revoked:
        raise GrantError("e_licence_revoked")
    digest = statement_digest(signed.text)
    stored = StoredGrant(
        digest=digest,
        holder=grant.holder_licence_number,
        requester=grant.requester,
        envelope=enclose(signed, signer, registry, digest),
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
    return VerifiedGrant(grant, signed, signer, stored)


def add_grant(verified: VerifiedGrant, *, registry: Registry, now: datetime, connection: Connection) -> dict[str, Any]:
    """Keep a verified grant with its entry, in a transaction that holds the holder's row; return what is answered.

    Raises GrantError grant_holder_ended, grant_posted, and what `require_right` refuses.
    """
    grant, stored = verified.grant, verified.stored
    refuse_succeeded(grant.holder_licence_number, connection)
    delegation = require_right(
        Deed.GRANT, verified.signer, verified.signed, connection=connection, now=now,
        item_code=grant.item_code, until=grant.valid_until,
    )  # fmt: skip
    writer = StatementWriter(connection)
    if not writer.spend("grant", grant.holder_licence_number, grant.nonce, expires_at=None):
        raise GrantError("grant_posted")
    GrantWriter(connection).add(replace(stored, delegation=delegation))
    if grant.link:
        GrantLinkWriter(connection).add(stored.digest, grant.link)
    act = ActFacts(Kind.GRANT, stored.act_id, now, grant.valid_from.isoformat(), stored.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    return {"digest": stored.digest, "state": "usable" if stored.cert_good_at else "pending", "act_id": stored.act_id}


def granted_types(types: Mapping[str, Any], registry: Registry) -> tuple[GrantedType, ...]:
    """Return types {code: [field, …]} with the version and the labels of today.

    Raises GrantError type_unknown, grant_form.
    """
    granted = []
    for code, names in types.items():
        try:
            kind = registry.catalogue.get(code)
        except CertificateTypeUnknownError:
            raise GrantError("type_unknown", certificate_type=str(code)[:64]) from None
        labels = {field.name: field.label_zh for field in kind.fields}
        if not isinstance(names, (list, tuple)) or any(name not in labels for name in names):
            raise GrantError("grant_form", member="types")
        fields = tuple(GrantedField(name, labels[name]) for name in names)
        granted.append(GrantedType(kind.code, kind.version, kind.name_zh, fields))
    return tuple(granted)


def check_given(
    certificates: Sequence[str],
    types: Sequence[GrantedType],
    holder: str,
    registry: Registry,
    connection: Connection,
) -> None:
    """Refuse what cannot be given: types and fields nobody knows, what is never shared, certificates of another.

    Raises GrantError type_unknown, grant_text, not_shared, grant_certificate_unknown.
    """
    for each in types:
        try:
            kind = registry.catalogue.get(each.code, each.version)
        except CertificateTypeUnknownError:
            raise GrantError("type_unknown", certificate_type=each.code) from None
        known = {field.name: field for field in kind.fields}
        if any(field.name not in known for field in each.fields):
            raise GrantError("grant_text")
        if kind.sharing_class is SharingClass.NOT_SHARED:
            raise GrantError("not_shared", certificate_type=each.code)
    found = CertificateReader(connection).by_identifier(certificates)
    if len(found) != len(certificates) or any(each.licence_number != holder for each in found.values()):
        raise GrantError("grant_certificate_unknown")


def enclose(signed: SignedText, signer: LicenceSigner, registry: Registry, digest: str) -> bytes:
    """Return a signed sentence with its signer in the stored form, bound to the digest of its own text."""
    content = {
        "text": signed.text,
        "algorithm": signed.algorithm,
        "signature": encode(signed.signature),
        "cert": encode(signed.cert_der),
        "signer": asdict(signer),
    }
    return encrypt(orjson.dumps(content), master=registry.master, context=grant_context(digest))


def read_moment(text: Any, member: str) -> datetime:
    """Return an ISO 8601 time with an offset as UTC in whole seconds; GrantError grant_form, ValueError, TypeError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise GrantError("grant_form", member=member)
    return moment.astimezone(UTC).replace(microsecond=0)


def sealed_digest(content: Mapping[str, str]) -> str:
    """Return what the entry seals of a grant on paper: SHA-256 (hex) over canonical JSON of what was witnessed."""
    return statement_digest(canonical_json(dict(content)).decode())
