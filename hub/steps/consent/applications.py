"""Applications: sentences that an enterprise signs with its e-licence to have what is its own, or what a grant gives.

1 the text is an application of our template, drafted by this hub word for word, and of this moment
2 the e-licence port verifies signature, cert chain and role; the cert is the applicant's own, and known good now
What it becomes is a `VerifiedStatement` like a department's: kept as evidence with signature and cert, spent once by
its nonce, in the transaction of the flow that acts on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest as keyed_digest
from typing import Any, Protocol

import orjson

from connectors.contract import ELicence, LicenceSigner, SignedText, SignerRole
from hub.errors import DocumentError, GrantError, NotFoundError
from hub.steps.consent.drafts import BLANK_NONCE, check_drafted, sign_draft, verified_signer
from hub.steps.consent.signer_status import ask_status, basis_of, opened_grant
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.grant import GrantReader
from schemas.download import Download, parse_download, render_download
from schemas.exchange import Basis, PullRequest, Wanted
from schemas.grant import PERSON, Grant
from schemas.parties import Role, System
from schemas.sentence import SentenceFormError, SentenceTextError, statement_digest
from schemas.statement import Ordered, Statement
from signing.base64url import encode

E_LICENCE_SYSTEM = "e-licence"
"""Stands where a department's system is named, in what an enterprise did by signing itself."""
PERSON_SYSTEM = "person-sign-in"
"""Stands there in what a person did who signed in and has no licence number."""
STRANGER = "other-person"
"""Stands where a requester does, in the refused try of a person for whom a link is not."""
UNNUMBERED = {PERSON: "个人（凭一次性链接）", STRANGER: "其他人（链接不是给其本人的）"}
"""How those are called who have no licence number."""
_SKEW = timedelta(minutes=1)


class OwnSentence(Protocol):
    """What every such sentence says of itself: whose it is, when it was drafted, and by which nonce it is known."""

    @property
    def applicant(self) -> str: ...

    @property
    def drafted_at(self) -> datetime: ...

    @property
    def nonce(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Application:
    """A verified application: what is asked, in which role it was signed, and the statement it is kept as."""

    download: Download
    role: SignerRole
    verified: VerifiedStatement

    @property
    def key(self) -> str:
        """The idempotency key: the same signed text is the same application."""
        return self.verified.digest

    @property
    def system(self) -> System:
        """The applicant, as a flow knows who asks."""
        return system_of(self.download.applicant)


def system_of(applicant: str) -> System:
    """Return an enterprise that signs by itself, as a flow knows who acts."""
    return System(E_LICENCE_SYSTEM, applicant, "电子营业执照", b"", frozenset({Role.PULL}), active=True)


def fetch_token(use: bytes, name: str, registry: Registry) -> str:
    """Return what opens a thing of that use and name: a keyed digest, so that nothing secret is stored."""
    return encode(keyed_digest(registry.facts_key, b"fetch " + use + b" " + name.encode(), "sha256"))


def draft_application(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence to sign for `wish`; stores nothing. Raises DocumentError application_form.

    `wish`: licence_number (the applicant's), grant? (digest), certificates? [identifier, …], edition?, language?.
    """
    grant = wish.get("grant")
    try:
        download = Download(
            applicant=str(wish["licence_number"]),
            grant=grant,
            certificates=tuple(wish.get("certificates") or ()),
            edition=str(wish.get("edition") or ("copy" if grant else "original")),
            language=str(wish.get("language") or "zh"),
            drafted_at=now.replace(microsecond=0),
            nonce=BLANK_NONCE,
        )
    except (SentenceFormError, KeyError) as error:
        raise DocumentError("application_form", member=getattr(error, "member", None)) from error
    text = sign_draft(lambda nonce: render_download(replace(download, nonce=nonce)), registry)
    return {"text": text, "digest": statement_digest(text)}


def verify_application(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> Application:
    """Verify a signed application. Raises DocumentError for its text and time, GrantError for its number and signer."""
    try:
        download = parse_download(signed.text)
    except SentenceTextError as error:
        raise DocumentError("application_text") from error
    verify_own(
        signed,
        download,
        lambda nonce: render_download(replace(download, nonce=nonce)),
        registry=registry,
        e_licence=e_licence,
        now=now,
    )
    return Application(download, signed.signer_role, own_statement(signed, download, Ordered.DOWNLOAD, registry))


def verify_own(
    signed: SignedText,
    said: OwnSentence,
    render: Callable[[str], str],
    *,
    registry: Registry,
    e_licence: ELicence,
    now: datetime,
) -> LicenceSigner:
    """Verify that `said`, read from the signed text, was drafted here just now and signed by its own applicant: return
    who signed.

    `render` makes the text of another nonce. Raises GrantError for number and signer, DocumentError for the rest.
    """
    check_drafted(said.nonce, render, registry)
    if not -_SKEW <= now - said.drafted_at <= registry.terms.application_age:
        raise DocumentError("application_late")
    signer = verified_signer(signed, said.applicant, e_licence=e_licence, now=now)
    good_at, revoked = ask_status(signer, None, registry=registry, e_licence=e_licence, now=now)
    if revoked:
        raise GrantError("e_licence_revoked")
    if good_at is None:
        raise DocumentError("e_licence_unconfirmed")
    return signer


def request_under_grant(digest: str, *, registry: Registry) -> PullRequest:
    """Return what is asked for under a grant by whom it names: all that it gives, for its own item and case.

    Raises NotFoundError grant_not_found. Whether who asks may have it is the pull's to decide.
    """
    with registry.database.read() as connection:
        stored = GrantReader(connection).get(digest)
        if stored is None:
            raise NotFoundError("grant_not_found")
        grant, _ = opened_grant(stored, registry)
        if not isinstance(grant, Grant) or basis_of(stored) is not Basis.GRANT:
            raise NotFoundError("grant_not_found")
        singles = CertificateReader(connection).by_identifier(grant.certificates)
    types = [*(each.code for each in grant.types), *(each.certificate_type for each in singles.values())]
    return PullRequest(
        licence_number=stored.holder,
        wanted=tuple(Wanted(code, None) for code in dict.fromkeys(types)),
        basis=Basis.GRANT,
        basis_reference=digest,
        item_code=grant.item_code,
        case_number=grant.case_number,
    )


def own_statement(signed: SignedText, said: OwnSentence, act: Ordered, registry: Registry) -> VerifiedStatement:
    """Return a verified sentence as the statement it is kept as: text, signature and cert, spent once by its nonce."""
    kept = orjson.dumps(
        {
            "text": signed.text,
            "algorithm": signed.algorithm,
            "signature": encode(signed.signature),
            "cert": encode(signed.cert_der),
            "role": signed.signer_role,
        }
    ).decode()
    statement = Statement(
        act=act,
        audience=registry.origin,
        system=E_LICENCE_SYSTEM,
        officer=None,
        issued_at=int(said.drafted_at.timestamp()),
        jti=f"{said.applicant}.{said.nonce}",
        certificate_type=None,
        issuing_body=None,
        content_digest=None,
        request=None,
    )
    return VerifiedStatement(statement, kept, sha256(kept.encode()).hexdigest())
