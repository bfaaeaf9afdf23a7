"""What the sentences by which an enterprise gives something have in common: who gives, to whom, which types and fields.

Grants, presentations and requests for them are drafted from names and labels the hub holds, and held against what it
knows once they are signed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from connectors.contract import LicenceSigner, SignedText
from hub.errors import GrantError
from hub.registry import Registry
from hub.signer_status import grant_context
from hub.store.certificate import CertificateReader
from hub.store.enterprise import EnterpriseReader
from hub.store.parties import PartyReader
from hub.store.relation import RelationReader
from schemas.catalogue import CertificateTypeUnknownError, SharingClass
from schemas.grant import RequesterKind
from schemas.granted import GrantedField, GrantedType
from schemas.parties import Enterprise
from signing.base64url import encode
from signing.envelope import encrypt

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


def check_given(certificates: Sequence[str], types: Sequence[GrantedType], holder: str, registry: Registry) -> None:
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
    with registry.database.read() as connection:
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
