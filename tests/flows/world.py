"""A small world for the stories: one hub on a throw-away database, two departments, real keys, real signatures.

Everything is made as a site would make it: `init`, enrolment by the operator's signed orders, a seal key, a trust list.
The flows are called as their doors call them.
"""

import asyncio
import secrets
from base64 import standard_b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import orjson

from connectors.contract import SignedText, SignerRole
from connectors.e_licence import CertifiedELicence
from connectors.e_licence_simulator import ELicenceSimulator, SimulatorStatus
from hub.app.opening import document_files, make_registry, open_log, scan_reader
from hub.app.seeing import Drawn, Sealing
from hub.custody.installation import (
    Installation,
    TrustInForce,
    load_installation,
    make_party_key,
    make_seal_key,
    make_test_installation,
    make_trust_list,
)
from hub.decisions.facts import Source, Surroundings, complete_types, log_standing, seal_standing
from hub.department.access import Caller
from hub.department.tasks import read_inbox
from hub.documents.downloads import open_download
from hub.documents.making import Document, Workshop, make_wanted, want_document
from hub.enterprise.grants import draft_grant, draft_withdrawal, post_grant, withdraw_grant
from hub.errors import StoreError
from hub.evidence.sequencing import LogKey, Sequencer
from hub.public.lookup import look_up_certificate, look_up_enterprise
from hub.registry.erasure import erase, read_erasure_order
from hub.registry.finding import Most, find
from hub.registry.issuance import issue
from hub.registry.references import read_retire_order, retire_reference
from hub.registry.status import change_status, read_status_order
from hub.settings import Settings
from hub.sharing.answers import answer_rule
from hub.sharing.exchange import compare, pull
from hub.sharing.predicates import ask_predicate
from hub.sharing.pull_reviews import answer_review
from hub.sharing.table import put_rule
from hub.steps.certificates.type_versions import pin_types
from hub.steps.consent.applications import Application, draft_application, request_under_grant, verify_application
from hub.steps.documents.faces.drawing import Drawing
from hub.steps.keyfolder import SIMULATOR_FOLDER, KeyFolder
from hub.steps.log.proven_time import SealTimes
from hub.steps.log.watch import LogWatch
from hub.steps.orders.approvals import VerifiedApproval, verify_approvals
from hub.steps.orders.persons import sign_here
from hub.steps.orders.statements import Second, VerifiedStatement, check_content, verify_statement
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange
from hub.store.certificate import CertificateReader
from hub.store.database import Database
from hub.store.document import DocumentName, StoredDocument
from hub.store.log import LogStore
from hub.store.parties import PartyReader
from hub.supervision.parties import enrol
from hub.web.api.orders import DOORS
from hub.web.callers import Called
from schemas.approval import Change
from schemas.catalogue import load_catalogue
from schemas.certificate import GRAVE, civil_date
from schemas.evidence import LogState
from schemas.exchange import NOTE_TYP, read_comparison, read_pull_request
from schemas.identifiers import make_licence_number, mod11_10
from schemas.order import read_order
from schemas.parties import Department, Officer, System
from schemas.predicates import PREDICATE_TYP, read_question
from schemas.search import read_search
from schemas.statement import ENROLMENT_ACTS, SALT_BYTES, TYP, Ordered, content_digest, statement_payload
from signing.base64url import decode, encode
from signing.jws import CompactSigner, VerificationKey, sign_compact
from signing.log_head import Revoked
from signing.x509 import Purpose, read_cert_unverified

ORIGIN = "http://hub.example.test"
CATALOGUE = load_catalogue()
DRAWN = Drawn(Drawing(), CATALOGUE)
OPERATOR = make_licence_number("11442000", "00000001")
MARKET = make_licence_number("11442000", "00000002")
HEALTH = make_licence_number("11442000", "00000003")
SHOP = make_licence_number("91442000", "MA000001")
OTHER_SHOP = make_licence_number("92442000", "MA000002")
DEPARTMENT_OF = {"market": MARKET, "health": HEALTH}
OFFICERS = {"market": ("m-001", "m-002"), "health": ("h-001", "h-002")}
LIFT = "31104420002020010001"
TODAY = date(2026, 11, 23)
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
READY = START + timedelta(seconds=3)
# Chance chooses what is reviewed: a story that is about reviews sets a share of its own.
_SETTINGS = Settings(review_percent=0)
_SILENCE = timedelta(minutes=15)
_MINUTE = timedelta(minutes=1)


@dataclass
class World:
    """One hub and who uses it. `now` is the moment the next act happens.

    `open_intentions` is how many intentions the test leaves open on purpose, for the check that follows it.
    """

    registry: Registry
    keys: KeyFolder
    sealers: Sealing
    simulator: ELicenceSimulator
    exchange: Exchange
    workshop: Workshop
    trust: TrustInForce
    installation: Installation
    settings: Settings
    log: "Log"
    now: datetime
    open_intentions: int = 0

    def another(self) -> "World":
        """Return a second process of the same hub: the same store and keys, its own connections and memory."""
        return open_world(Database(self.registry.database.url), self.settings.folder.parent, self.now)

    def close(self) -> None:
        self.log.store.close()
        self.registry.database.close()

    # --- statements ---------------------------------------------------------------------------------------------

    def system(self, code: str) -> System:
        with self.registry.database.read() as connection:
            found = PartyReader(connection).system(code)
        assert found is not None
        return found

    def officer(self, number: str | None) -> Officer | None:
        with self.registry.database.read() as connection:
            return PartyReader(connection).officer(number) if number else None

    def sign(self, act: Ordered, *, system: str, use: str | None = None, **members: Any) -> str:
        """Sign a statement with a system's key, or that of `use`, at `now`."""
        defaults: dict[str, Any] = {
            "audience": ORIGIN,
            "officer": None,
            "jti": encode(secrets.token_bytes(16)),
            "issued_at": int(self.now.timestamp()),
        }
        payload = statement_payload(act=act, system=system, **(defaults | members))
        return sign_compact(orjson.dumps(payload), signer=self.keys.signer(use or f"system:{system}"), typ=TYP)

    def verified(self, jws: str, *, act: Ordered, system: str) -> VerifiedStatement:
        caller = self.system(system)
        facts = read_cert_unverified(caller.cert_der)
        claims = orjson.loads(_part(jws))
        return verify_statement(
            jws,
            act=act,
            system=caller,
            key=VerificationKey(facts.algorithm, facts.public_key),
            key_id=facts.key_id,
            officer=self.officer(claims.get("officer")),
            audience=ORIGIN,
            now=self.now,
            terms=self.registry.terms,
        )

    def order(self, act: Ordered, content: Mapping[str, Any], *, system: str, **members: Any) -> VerifiedStatement:
        """Sign and verify an order as client and door would."""
        salt = members.pop("salt", None) or secrets.token_bytes(SALT_BYTES)
        jws = self.sign(act, system=system, content_digest=content_digest(content, salt), **members)
        verified = self.verified(jws, act=act, system=system)
        check_content(verified, content, standard_b64encode(salt).decode())
        return verified

    def approved(self, verified: VerifiedStatement, *, without: str | None = None) -> tuple[VerifiedApproval, ...]:
        """Let the operator's two persons approve what a statement orders, where that needs it, and verify it."""
        act, digest = str(verified.statement.act), verified.statement.content_digest
        if act not in set(Change) or digest is None:
            return ()
        tokens = sign_here(
            Change(act), digest, keys=self.keys, audience=ORIGIN, now=self.now, random=secrets.token_bytes,
            without=without,
        )  # fmt: skip
        return self.verified_approvals(tokens, verified)

    def verified_approvals(self, tokens: Sequence[str], verified: VerifiedStatement) -> tuple[VerifiedApproval, ...]:
        statement = verified.statement
        return verify_approvals(
            tokens, change=statement.act, content_digest=statement.content_digest or "", registry=self.registry,
            now=self.now,
        )  # fmt: skip

    def seconded(
        self, act: Ordered, content: Mapping[str, Any], *, system: str, second: str | None = None, **members: Any
    ) -> tuple[VerifiedStatement, tuple[Second, ...]]:
        """Sign an order as two officers of a system's department do, its first and its second."""
        salt, (first, other) = secrets.token_bytes(SALT_BYTES), OFFICERS[system]
        members |= {"content_digest": content_digest(content, salt)}
        made = [self.sign(act, system=system, officer=each, **members) for each in (first, second or other)]
        verified, beside = (self.verified(jws, act=act, system=system) for jws in made)
        return verified, (Second(beside, self.system(system).department),)

    # --- acts ---------------------------------------------------------------------------------------------------

    def enrol(self, noun: str, **content: Any) -> dict[str, Any]:
        verified = self.order(ENROLMENT_ACTS[noun], content, system="operator")
        approvals = self.approved(verified, without=content.get("number"))
        return self.enrol_approved(noun, content, verified, approvals)

    def enrol_approved(
        self,
        noun: str,
        content: Mapping[str, Any],
        verified: VerifiedStatement,
        approvals: tuple[VerifiedApproval, ...] = (),
    ) -> dict[str, Any]:
        return enrol(
            noun, content, verified=verified, approvals=approvals, system=self.system("operator"),
            registry=self.registry, now=self.now,
        )  # fmt: skip

    def issue(self, content: Mapping[str, Any], *, system: str = "market", key: str | None = None) -> dict[str, Any]:
        """Order one certificate to be issued."""
        code, body = content["certificate_type"], content["issuing_body"]
        verified = self.order(Ordered.ISSUE, content, system=system, certificate_type=code, issuing_body=body)
        return self.issue_verified(content, verified, system=system, key=key)

    def issue_jointly(self, content: Mapping[str, Any], *others: str, system: str = "market") -> dict[str, Any]:
        """Order one certificate together with other systems' departments, each signing the same."""
        salt = secrets.token_bytes(SALT_BYTES)
        members = {"certificate_type": content["certificate_type"], "issuing_body": content["issuing_body"]}
        bound = members | {"content_digest": content_digest(content, salt)}
        verified, *beside = (
            self.verified(self.sign(Ordered.ISSUE, system=each, **bound), act=Ordered.ISSUE, system=each)
            for each in (system, *others)
        )
        seconds = tuple(Second(each, self.system(code).department) for each, code in zip(beside, others, strict=True))
        return self.issue_verified(content, verified, system=system, seconds=seconds)

    def issue_verified(
        self,
        content: Mapping[str, Any],
        verified: VerifiedStatement,
        *,
        system: str = "market",
        key: str | None = None,
        seconds: tuple[Second, ...] = (),
    ) -> dict[str, Any]:
        with self.registry.database.read() as connection:
            overrides = PartyReader(connection).overrides()
        return issue(
            read_order(content, catalogue=CATALOGUE, overrides=overrides),
            verified=verified,
            seconds=seconds,
            system=self.system(system),
            key=key or encode(secrets.token_bytes(16)),
            registry=self.registry,
            sealers=self.sealers,
            now=self.now,
        )

    def change(
        self, identifier: str, act: str, *, system: str = "market", body: str = MARKET, **content: Any
    ) -> dict[str, Any]:
        """Order a change of status."""
        full = change_content(identifier, act, issuing_body=body, **content)
        if act in GRAVE:
            verified, seconds = self.seconded(Ordered.CHANGE_STATUS, full, system=system, issuing_body=body)
        else:
            verified, seconds = self.order(Ordered.CHANGE_STATUS, full, system=system, issuing_body=body), ()
        return self.change_verified(full, verified, system=system, seconds=seconds)

    def change_verified(
        self,
        content: Mapping[str, Any],
        verified: VerifiedStatement,
        *,
        system: str = "market",
        key: str | None = None,
        seconds: tuple[Second, ...] = (),
    ) -> dict[str, Any]:
        return change_status(
            read_status_order(content),
            verified=verified,
            seconds=seconds,
            system=self.system(system),
            key=key or encode(secrets.token_bytes(16)),
            registry=self.registry,
            now=self.now,
        )

    def erase(
        self, identifier: str, field: str, *, system: str = "market", body: str = MARKET, **content: Any
    ) -> dict[str, Any]:
        """Order one field of one record to be erased, as two officers."""
        full = erasure_content(identifier, field, issuing_body=body, **content)
        verified, seconds = self.seconded(Ordered.ERASE, full, system=system, issuing_body=body)
        return self.erase_verified(full, verified, system=system, seconds=seconds)

    def erase_verified(
        self,
        content: Mapping[str, Any],
        verified: VerifiedStatement,
        *,
        system: str = "market",
        key: str | None = None,
        seconds: tuple[Second, ...] = (),
    ) -> dict[str, Any]:
        return erase(
            read_erasure_order(content),
            verified=verified,
            seconds=seconds,
            system=self.system(system),
            key=key or encode(secrets.token_bytes(16)),
            registry=self.registry,
            files=self.workshop.files,
            now=self.now,
        )

    def give(
        self,
        act: Ordered,
        content: Mapping[str, Any],
        *,
        system: str = "market",
        alone: bool = False,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Give an order that is posted like all others: by two officers, or by one `alone`."""
        bound = {"issuing_body": content["issuing_body"]} if "issuing_body" in content else {}
        seconds: tuple[Second, ...] = ()
        if alone:
            verified = self.order(act, content, system=system, officer=OFFICERS[system][0], **bound)
        else:
            verified, seconds = self.seconded(act, content, system=system, **bound)
        caller = Caller(self.system(system), {})
        called = Called(caller, verified, None, key or encode(secrets.token_bytes(16)), self.now, seconds)
        door = next(each for each in DOORS if each.act is act)
        return door.run(content, called, self.registry)

    def annotate(self, identifier: str, kind: str, *, system: str = "market", **changes: Any) -> dict[str, Any]:
        """Note something on a certificate."""
        content = {
            "step": "note",
            "identifier": identifier,
            "issuing_body": DEPARTMENT_OF[system],
            "kind": kind,
            "document_name": "示例决定书",
            "document_number": "示注〔2026〕1号",
            "document_date": TODAY.isoformat(),
            "from_on": TODAY.isoformat(),
        }
        return self.give(Ordered.ANNOTATE, content | changes, system=system, alone=True)

    def undo_note(self, identifier: str, step: str, earlier: str, **changes: Any) -> dict[str, Any]:
        """Lift what was noted, or repair the credit after a penalty."""
        return self.annotate(identifier, "", **({"step": step, "earlier": earlier} | changes))

    def pass_days(self, days: int) -> None:
        """Let days go by; the trust list is renewed meanwhile, as an operator does."""
        self.now += timedelta(days=days)
        make_trust_list(
            database=self.registry.database,
            keys=self.keys,
            installation=self.installation,
            e_licence_cert=self.simulator.anchor_der,
            now=self.now,
        )
        self.trust.refresh(self.now)

    def relate(self, kind: str, from_number: str, to_number: str, **changes: Any) -> dict[str, Any]:
        """Record how two enterprises stand to one another."""
        content = {
            "step": "record",
            "kind": kind,
            "from_number": from_number,
            "to_number": to_number,
            "issuing_body": MARKET,
            "document_name": "核准登记通知书",
            "document_number": "示登〔2026〕1号",
            "works_from": TODAY.isoformat(),
        }
        return self.give(Ordered.RELATE, content | changes)

    def register(self, kind: str, *, system: str = "market", **changes: Any) -> dict[str, Any]:
        """Register a site or device of the 示例 shop."""
        content = {
            "step": "register",
            "kind": kind,
            "issuing_body": MARKET,
            "licence_number": SHOP,
            "name": "示例门店",
            "address": "中山市示例路1号",
            "works_from": TODAY.isoformat(),
        }
        return self.give(Ordered.REGISTER, content | changes, system=system, alone=True)

    def inbox(self, system: str = "market", **filters: Any) -> list[dict[str, Any]]:
        """Return what a system's department and its bodies were told."""
        filters = {"after": 0, "state": None, "kind": None} | filters
        found = read_inbox(self.system(system), registry=self.registry, now=self.now, **filters)
        return list(found["notices"])

    def retire(
        self, reference: str, *, system: str = "market", body: str = MARKET, key: str | None = None, **content: Any
    ) -> dict[str, Any]:
        """Order, as two officers, that a holder's reference is retired and replaced."""
        full = {"licence_number": SHOP, "reference": reference, "issuing_body": body} | content
        verified, seconds = self.seconded(Ordered.RETIRE, full, system=system, issuing_body=body)
        return self.retire_verified(full, verified, seconds=seconds, system=system, key=key)

    def retire_verified(
        self,
        content: Mapping[str, Any],
        verified: VerifiedStatement,
        *,
        seconds: tuple[Second, ...] = (),
        system: str = "market",
        key: str | None = None,
    ) -> dict[str, Any]:
        return retire_reference(
            read_retire_order(content),
            verified=verified,
            seconds=seconds,
            system=self.system(system),
            key=key or encode(secrets.token_bytes(16)),
            registry=self.registry,
            now=self.now,
        )

    def pull(
        self,
        request: Mapping[str, Any],
        *,
        system: str = "health",
        officer: str | None = "h-001",
        jws: str | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Pull as a requester's system."""
        jws = jws or self.sign(Ordered.PULL, system=system, officer=officer, request=request)
        return pull(
            read_pull_request(request),
            verified=self.verified(jws, act=Ordered.PULL, system=system),
            system=self.system(system),
            officer=self.officer(officer),
            key=key or encode(secrets.token_bytes(16)),
            registry=self.registry,
            exchange=self.exchange,
            now=self.now,
        )

    def compare(self, request: Mapping[str, Any], *, jws: str | None = None, key: str | None = None) -> dict[str, Any]:
        """Compare as the health bureau's system."""
        jws = jws or self.sign(Ordered.COMPARE, system="health", officer="h-001", request=request)
        return compare(
            read_comparison(request),
            verified=self.verified(jws, act=Ordered.COMPARE, system="health"),
            system=self.system("health"),
            officer=self.officer("h-001"),
            key=key or encode(secrets.token_bytes(16)),
            registry=self.registry,
            exchange=self.exchange,
            now=self.now,
        )

    def ask(self, request: Mapping[str, Any], *, jws: str | None = None, key: str | None = None) -> dict[str, Any]:
        """Ask a predicate as the health bureau's system."""
        jws = jws or self.sign(Ordered.ASK_PREDICATE, system="health", officer="h-001", request=request)
        return ask_predicate(
            read_question(request),
            verified=self.verified(jws, act=Ordered.ASK_PREDICATE, system="health"),
            system=self.system("health"),
            officer=self.officer("h-001"),
            key=key or encode(secrets.token_bytes(16)),
            registry=self.registry,
            exchange=self.exchange,
            now=self.now,
        )

    def share(self, **changes: Any) -> dict[str, Any]:
        """Let the operator put a line of the sharing table, and the market bureau approve it where it has to."""
        put = self.put_rule(sharing_rule(**changes))
        return self.answer_rule(put["version"], code=put["code"]) if put["state"] == "asked" else put

    def put_rule(self, rule: Mapping[str, Any], *, system: str = "operator") -> dict[str, Any]:
        """Put a line of the sharing table, or ask for it; no provider has approved it yet."""
        verified = self.order(Ordered.SHARE, rule, system=system)
        return self.put_approved(rule, verified, self.approved(verified), system=system)

    def put_approved(
        self,
        rule: Mapping[str, Any],
        verified: VerifiedStatement,
        approvals: tuple[VerifiedApproval, ...] = (),
        *,
        system: str = "operator",
    ) -> dict[str, Any]:
        return put_rule(rule, verified=verified, approvals=approvals, **self._who(system))

    def answer_rule(
        self,
        version: int = 1,
        answer: str = "approve",
        *,
        system: str = "market",
        officer: str | None = "m-001",
        **content: Any,
    ) -> dict[str, Any]:
        """Answer a line of the sharing table for one of its providers."""
        full = {"code": "rule-1", "version": version, "answer": answer} | content
        officer = OFFICERS[system][0] if officer else None
        verified = self.order(Ordered.ANSWER_SHARE, full, system=system, officer=officer)
        return answer_rule(full, verified=verified, **self._who(system))

    def review(self, decision: str, *, system: str = "market", **content: Any) -> dict[str, Any]:
        """Answer the review of a pull for the department that makes it."""
        full = {"decision": decision, "words": "示例复核意见"} | content
        verified = self.order(Ordered.ANSWER_REVIEW, full, system=system, officer=OFFICERS[system][0])
        return answer_review(full, verified=verified, **self._who(system))

    def _who(self, system: str) -> dict[str, Any]:
        key = encode(secrets.token_bytes(16))
        return {"system": self.system(system), "key": key, "registry": self.registry, "now": self.now}

    # --- grants -------------------------------------------------------------------------------------------------

    def make_licence(self, licence_number: str = SHOP, role: SignerRole = "legal_representative") -> None:
        """Give an enterprise its electronic business licence."""
        self.simulator.make_licence(licence_number, "中山示例餐饮有限公司", role, self.now)

    def sign_grant(
        self, *, signer: str = SHOP, role: SignerRole = "legal_representative", **changes: Any
    ) -> SignedText:
        """Draft a grant and have an e-licence sign it."""
        text = draft_grant(grant_wish(self.now, **changes), registry=self.registry, now=self.now)["text"]
        return self.simulator.sign(signer, text, role)

    def post(self, signed: SignedText) -> dict[str, Any]:
        return post_grant(signed, registry=self.registry, e_licence=self.exchange.e_licence, now=self.now)

    def grant(self, **changes: Any) -> str:
        """Post a grant of the 示例 shop to the health bureau; return its digest."""
        return str(self.post(self.sign_grant(**changes))["digest"])

    def withdraw(self, digest: str, *, signer: str = SHOP, role: SignerRole = "legal_representative") -> dict[str, Any]:
        """End a grant by a withdrawal that `signer` signs."""
        text = draft_withdrawal(digest, registry=self.registry)["text"]
        signed = self.simulator.sign(signer, text, role)
        return withdraw_grant(digest, signed, registry=self.registry, e_licence=self.exchange.e_licence, now=self.now)

    # --- documents ----------------------------------------------------------------------------------------------

    def named(
        self, identifier: str, edition: str = "original", language: str = "zh", delivery: str = ""
    ) -> DocumentName:
        """Return the name of a document of the version with this identifier."""
        with self.registry.database.read() as connection:
            serial = CertificateReader(connection).by_identifier([identifier])[identifier].serial
        return DocumentName(serial, edition, language)

    def want(self, name: DocumentName) -> Document | None:
        """Ask for a document as a door does."""
        return want_document(name, registry=self.registry, files=self.workshop.files, now=self.now)

    def make(self, name: DocumentName) -> StoredDocument | None:
        """Make a document that is wanted, as a worker does."""
        return make_wanted(name, registry=self.registry, sealers=self.sealers, workshop=self.workshop, now=self.now)

    def document(self, name: DocumentName) -> Document:
        """Want a document, make it, and return it."""
        self.want(name)
        self.make(name)
        made = self.want(name)
        assert made is not None, "the document was not made"
        return made

    def sign_application(
        self, *, signer: str = SHOP, role: SignerRole = "legal_representative", **wish: Any
    ) -> SignedText:
        """Draft an application for documents and have an e-licence sign it."""
        drafted = draft_application({"licence_number": signer} | wish, registry=self.registry, now=self.now)
        return self.simulator.sign(signer, drafted["text"], role)

    def application(self, signed: SignedText) -> Application:
        return verify_application(signed, registry=self.registry, e_licence=self.exchange.e_licence, now=self.now)

    def download(self, signed: SignedText) -> dict[str, Any]:
        """Post an application for one's own documents."""
        return open_download(self.application(signed), registry=self.registry, now=self.now)

    def pull_by_application(self, signed: SignedText) -> dict[str, Any]:
        """Post an application under a grant."""
        application = self.application(signed)
        return pull(
            request_under_grant(application.download.grant or "", registry=self.registry),
            verified=application.verified,
            system=application.system,
            officer=None,
            key=application.key,
            registry=self.registry,
            exchange=self.exchange,
            now=self.now,
        )

    # --- looking up ---------------------------------------------------------------------------------------------

    def scan_certificate(self, reference: str, at: date | None = None) -> dict[str, Any]:
        """Return what a scan of one certificate version answers now, and about a day gone by."""
        rows = self._read("certificate", reference)
        return look_up_certificate(rows, surroundings=self.surroundings(), now=self.now, at=at)

    def scan_enterprise(self, reference: str, page: int | None = None) -> dict[str, Any]:
        """Return what a scan of one enterprise answers now."""
        rows = self._read("enterprise", reference, page)
        return look_up_enterprise(rows, surroundings=self.surroundings(), now=self.now)

    def search(self, filters: Mapping[str, str], most: Most = Most()) -> dict[str, Any]:  # noqa: B008
        """Return one page of a search now, as the door reads its filters."""
        wanted, after = read_search(filters.items(), catalogue=CATALOGUE, overrides=frozenset())
        surroundings = self.surroundings()
        return find(wanted, after, registry=self.registry, surroundings=surroundings, now=self.now, most=most)

    def outcome(self, reference: str) -> tuple[str, str]:
        """Return outcome and reason of one certificate version now."""
        verdict = self.scan_certificate(reference)["verdict"]
        return verdict["outcome"], verdict["reason"]

    def _read(self, what: str, *key: Any) -> Any:
        async def read() -> Any:
            reader = scan_reader(Settings(database=self.registry.database.url), self.registry.database)
            try:
                return await getattr(reader, what)(*key)
            finally:
                await reader.close()

        rows = asyncio.run(read())
        assert rows is not None, "nobody has this reference"
        return rows

    def surroundings(self) -> Surroundings:
        with self.registry.database.read() as connection:
            parties, today = PartyReader(connection), civil_date(self.now)
            sources, coverage = parties.sources(), parties.coverage()
            in_charge = parties.in_charge(today)
        return Surroundings(
            seal_standing(self.trust.refresh(self.now), self.now),
            {code: Source(*each) for code, each in sources.items()},
            CATALOGUE,
            ORIGIN,
            "test",
            log_standing(self.registry.log(self.now), self.now),
            self.registry.log(self.now).doubt,
            complete_types(coverage, in_charge, today),
            SealTimes(self.registry.database, self.log.store).under(self.trust.refresh(self.now)),
            self.registry.log(self.now).held,
        )


class Log:
    """The evidence log as a process of this hub keeps it: a round a minute of the story's time, while it `goes_on`."""

    def __init__(
        self, database: Database, store: LogStore, key: LogKey, watch: LogWatch, revoked: Callable[[], Revoked],
        now: datetime,
    ) -> None:  # fmt: skip
        self.store = store
        self.revoked = revoked
        self.key = key
        self.goes_on = True
        self._database = database
        self._watch = watch
        self._now = now
        self._owner = encode(secrets.token_bytes(8))

    def state(self, now: datetime) -> LogState:
        if self.goes_on and abs(now - self._now) >= _MINUTE:
            with suppress(StoreError):  # a thread of the hub tells it, and tries again
                self.round(now)
        return self._watch(now)

    def round(self, now: datetime) -> int:
        """Publish what waits at this moment of the story; return how many leaves that were."""
        self._now = now
        return self.sequencer(now).round()

    def sequencer(
        self, now: datetime, owner: str | None = None, monotonic: Callable[[], float] = monotonic
    ) -> Sequencer:
        """Return a sequencer as a process has it, whose clock stands at `now`."""
        return Sequencer(
            database=self._database, store=self.store, key=self.key, owner=owner or self._owner, clock=lambda: now,
            monotonic=monotonic, revoked=self.revoked,
        )  # fmt: skip


def food_order(**changes: Any) -> dict[str, Any]:
    """Return the content of an order for a food operation permit of the 示例 shop."""
    return {
        "certificate_type": "food_operation_permit",
        "issuing_body": MARKET,
        "licence_number": SHOP,
        "holder_name": "中山示例餐饮有限公司",
        "holder_address": "中山市示例路1号",
        "certificate_number": food_number(1),
        "decision_document": "准予行政许可决定书",
        "decision_number": "示许〔2026〕1号",
        "decided_on": "2026-11-20",
        "valid_from": "2026-11-20",
        "valid_to": "2031-11-19",
        "fields": example_fields("food_operation_permit"),
    } | changes


def licence_order(**changes: Any) -> dict[str, Any]:
    """Return the content of an order for the business licence of the 示例 shop."""
    content = food_order(
        certificate_type="business_licence",
        certificate_number=changes.get("licence_number", SHOP),
        decision_document="核准登记通知书",
        decision_number="示登〔2020〕1号",
        decided_on="2020-05-06",
        valid_from="2020-05-06",
        valid_to=None,
        fields=example_fields("business_licence"),
    )
    return content | changes


def lift_order(**changes: Any) -> dict[str, Any]:
    """Return the content of an order for the registration of a lift that the 示例 shop uses."""
    content = food_order(
        certificate_type="lift_registration",
        certificate_number=lift_number(1),
        valid_to=None,
        subject_id=LIFT,
        fields=example_fields("lift_registration"),
    )
    return content | changes


def lift_number(serial: int) -> str:
    """Return a well-formed number of a lift's registration."""
    return f"梯11粤T{serial:05d}(26)"


def food_number(serial: int) -> str:
    """Return a well-formed food permit number (JY, kind, area, serial, check)."""
    digits = f"2442000{serial:06d}"
    return f"JY{digits}{mod11_10(digits)}"


def example_fields(code: str, **changes: str) -> dict[str, str]:
    """Return made-up values for the fields that a type requires on issue."""
    return _FIELDS[code] | changes


def statutory_request(*, types: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a pull request of the health bureau on the line of the sharing table that the world holds."""
    return {
        "licence_number": SHOP,
        "wanted": types or [{"certificate_type": "food_operation_permit"}],
        "basis": {"kind": "statutory", "reference": "rule-1"},
        "item_code": "440112001",
        "case_number": "2026-0001",
    } | changes


def change_content(identifier: str, act: str, **changes: Any) -> dict[str, Any]:
    """Return the content of an order to change a status."""
    return {
        "identifier": identifier,
        "issuing_body": MARKET,
        "act": act,
        "ground": "示例事由",
        "document_name": "示例决定书",
        "document_number": "示决〔2026〕9号",
        "document_date": TODAY.isoformat(),
        "works_from": TODAY.isoformat(),
    } | changes


def erasure_content(identifier: str, field: str, **changes: Any) -> dict[str, Any]:
    """Return the content of an order to erase one field of one record."""
    return {
        "identifier": identifier,
        "issuing_body": MARKET,
        "field": field,
        "ground": "当事人依法请求删除",
        "document_name": "示例删除决定书",
        "document_number": "示删〔2026〕1号",
        "document_date": TODAY.isoformat(),
    } | changes


def sharing_rule(**changes: Any) -> dict[str, Any]:
    """Return the line of the sharing table that `statutory_request` stands on."""
    return {
        "code": "rule-1",
        "requester": HEALTH,
        "item_code": "440112001",
        "item_name": "公共场所卫生许可",
        "legal_basis": "示例法第1条",
        "case_pattern": r"\d{4}-\d{4}",
        "fields": {"food_operation_permit": ["legal_representative", "business_items"]},
        "from_on": "2020-01-01",
    } | changes


def grant_wish(now: datetime, **changes: Any) -> dict[str, Any]:
    """Return what a grant of the 示例 shop to the health bureau is to say."""
    return {
        "licence_number": SHOP,
        "requester": HEALTH,
        "types": {"food_operation_permit": ["business_items", "floor_area"]},
        "item_code": "440112001",
        "item_name": "公共场所卫生许可",
        "case_number": "2026-0001",
        "valid_until": (now + timedelta(days=30)).isoformat(),
        "uses": 2,
    } | changes


def granted_request(digest: str, **changes: Any) -> dict[str, Any]:
    """Return a pull request of the health bureau under a grant."""
    return statutory_request() | {"basis": {"kind": "grant", "reference": digest}} | changes


def make_world(database: Database, folder: Path, start: datetime = START) -> World:
    """Make the hub, its parties and its first trust lists, beginning at `start`."""
    settings = _settings(folder)
    keys = KeyFolder.create(settings.key_folder)
    simulator = _simulator(settings, keys, start)
    operator = Department(OPERATOR, "示例运营中心", "Example operations centre")
    make_test_installation(
        database=database, keys=keys, e_licence_cert=simulator.anchor_der, origin=ORIGIN, operator=operator, now=start
    )
    pin_types(database, CATALOGUE)
    world = open_world(database, folder, start)
    _enrol_all(world)
    world.now += timedelta(seconds=2)
    make_trust_list(
        database=database,
        keys=keys,
        installation=world.installation,
        e_licence_cert=simulator.anchor_der,
        now=world.now,
    )
    world.now += timedelta(seconds=1)
    world.trust.refresh(world.now)
    return world


def open_world(database: Database, folder: Path, now: datetime = READY) -> World:
    """Open a hub that was made, as a process does when it starts."""
    settings = _settings(folder)
    keys = KeyFolder(settings.key_folder)
    installation = load_installation(database)
    trust = TrustInForce(database, installation)
    trust.refresh(now)
    log_store, log_key = open_log(settings, database, keys, installation, now)
    watch = LogWatch(database, log_store, silence=_SILENCE, revoked=trust.revoked_log_keys)
    log = Log(database, log_store, log_key, watch, trust.revoked_log_keys, now)
    registry = make_registry(settings, database, keys, CATALOGUE, installation, trust, log.state)
    e_licence = CertifiedELicence(
        lambda: [each.cert_der for each in trust().anchors if Purpose.E_LICENCE in each.purposes],
        SimulatorStatus(settings.key_folder / SIMULATOR_FOLDER),
        allow_test=True,
    )

    def surroundings() -> Surroundings:
        return world.surroundings()

    exchange = Exchange(
        note_signer=CompactSigner(keys.signer("hub:notes"), NOTE_TYP),
        predicate_signer=CompactSigner(keys.signer("hub:notes"), PREDICATE_TYP),
        e_licence=e_licence,
        surroundings=surroundings,
        maker=OPERATOR,
    )
    simulator = _simulator(settings, keys, now)
    workshop = Workshop(document_files(settings, registry), DRAWN.pages)
    world = World(
        registry,
        keys,
        Sealing(keys),
        simulator,
        exchange,
        workshop,
        trust,
        installation,
        settings,
        log,
        now,
    )
    return world


def _settings(folder: Path) -> Settings:
    return _SETTINGS.model_copy(update={"folder": folder / "data", "keys": folder / "keys"})


def _simulator(settings: Settings, keys: KeyFolder, now: datetime) -> ELicenceSimulator:
    folder = settings.key_folder / SIMULATOR_FOLDER
    return ELicenceSimulator(folder, passphrase=keys.secret("simulator"), mode="test", now=now)


def _enrol_all(world: World) -> None:
    for department, system, name in ((MARKET, "market", "示例市场监管局"), (HEALTH, "health", "示例卫生健康局")):
        world.enrol("departments", licence_number=department, name_zh=name, name_en=f"Example {system} bureau")
        cert = make_party_key(
            world.keys, f"system:{system}", name=name, department=department, purpose=Purpose.SYSTEM, now=world.now
        )
        roles = ["issue", "pull", "collect"]
        world.enrol("systems", code=system, department=department, name=name, roles=roles, cert=encode(cert))
        types = [each.code for each in CATALOGUE.current()]
        world.enrol(
            "issuing-bodies",
            licence_number=department,
            department=department,
            name_zh=name,
            name_en=f"Example {system} bureau",
            area="442000",
            from_on="2019-01-01",
            competences=[{"certificate_type": code, "from_on": "2019-01-01"} for code in types],
        )
        make_seal_key(world.keys, department, name, world.now)
        for number in OFFICERS[system]:
            world.enrol("officers", number=number, department=department)
    world.enrol("sources", code="publicity", name_zh="示例公示", fresh_for_seconds=86_400)


def _part(jws: str) -> bytes:
    return decode(jws.split(".")[1])


_FIELDS: dict[str, dict[str, str]] = {
    "food_operation_permit": {
        "legal_representative": "示例甲",
        "business_premises": "中山市示例路1号首层",
        "business_form": "餐饮服务经营者（小型餐馆）",
        "business_items": "热食类食品制售",
        "supervision_body": "示例监管所",
        "floor_area": "120",
        "food_safety_manager": "示例乙",
    },
    "business_licence": {
        "legal_representative": "示例甲",
        "entity_type": "有限责任公司",
        "established_on": "2020-05-06",
        "business_scope": "餐饮服务",
    },
    "lift_registration": {
        "device_code": LIFT,
        "device_category": "曳引与强制驱动电梯",
        "device_variety": "曳引驱动乘客电梯",
        "product_number": "示例0001",
        "place_of_use": "中山市示例路1号",
        "manufacturer": "示例电梯厂",
    },
}
