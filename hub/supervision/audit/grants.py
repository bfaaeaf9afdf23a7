"""Every grant, code, delegation, request and ending is what was signed, stands on what it says, and adds up."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import orjson

from hub.steps.codes import person_mac, proof_context
from hub.steps.consent.signer_status import grant_context
from hub.store import tables
from hub.supervision.audit.everything import Check, Everything, Faults, Row, grant_content, signed_text
from schemas.asking import parse_asking
from schemas.delegation import parse_delegation, parse_delegation_confirmation, parse_delegation_withdrawal
from schemas.ending import parse_ending
from schemas.exchange import ON_SENTENCE
from schemas.grant import PERSON, Grant, parse_grant
from schemas.link_opening import parse_opening
from schemas.presentation import parse_confirmation, parse_presentation
from schemas.refusal import parse_refusal
from schemas.sentence import statement_digest
from signing.envelope import decrypt


def _grants(all_: Everything) -> Faults:
    """Every grant is the sentence its e-licence signed, and its uses are those its decisions took."""
    taken = Counter(
        row["basis_reference"]
        for row in all_.rows(tables.pull_decision)
        if row["basis"] in ON_SENTENCE and row["use_state"] in ("reserved", "used")
    )
    seconded = {row["seconds"] for row in all_.rows(tables.statement)}
    for row in all_.rows(tables.grant_table):
        digest, content = row["digest"], grant_content(row, all_)
        grant = (parse_presentation if row["basis"] == "presentation" else parse_grant)(content["text"])
        if row["basis"] == "window":
            signed_for = grant.holder_licence_number if row["statement"] in seconded else "one officer alone"
        else:
            signer = all_.hub.e_licence.verify(signed_text(content), at=row["recorded_at"])
            signed_for = signer.licence_number
        if (statement_digest(content["text"]), grant.holder_licence_number) != (digest, signed_for):
            yield f"grant {digest}: text or signer"
        requester = grant.requester if isinstance(grant, Grant) else grant.requester_licence_number or ""
        if (row["holder"], row["requester"]) != (grant.holder_licence_number, requester):
            yield f"grant {digest}: parties"
        if (
            row["uses"] != getattr(grant, "uses", 1)
            or row["uses_taken"] != taken[digest]
            or row["uses_taken"] > row["uses"]
        ):
            yield f"grant {digest}: uses"


def _codes(all_: Everything) -> Faults:
    """Every presentation has a code, redeemed once at most, and released as its sentences say."""
    presented = {row["digest"]: row for row in all_.rows(tables.grant_table) if row["basis"] == "presentation"}
    codes, redemptions = all_.by_key(tables.presentation_code, "digest"), all_.rows(tables.redemption)
    if presented.keys() != codes.keys():
        yield "presentations and codes are not one to one"
    allowed = {row["redemption"]: row["digest"] for row in redemptions if row["allowed"]}
    if allowed != {row["redemption"]: digest for digest, row in codes.items() if row["redemption"]}:
        yield "codes and redemptions differ"
    for digest, row in codes.items():
        if (row["killed_at"] is None) != (row["misses"] < all_.registry.terms.code_misses):
            yield f"code {digest}: misses"
        named = presented[digest]["requester"] != ""
        if row["released_at"] is not None and (row["confirmation"] is None) != named:
            yield f"code {digest}: released by nobody"
        if row["confirmation"] is not None and not _is_confirmed(row, all_):
            yield f"code {digest}: confirmed otherwise"


def _links(all_: Everything) -> Faults:
    """Every grant to a person has the link it names, opened by the one person that bears the name it names."""
    links = all_.by_key(tables.grant_link, "digest")
    given = {row["digest"]: row for row in all_.rows(tables.grant_table) if row["requester"] == PERSON}
    if links.keys() != given.keys():
        yield "grants to persons and links are not one to one"
    for digest, row in links.items():
        grant = parse_grant(grant_content(given[digest], all_)["text"])
        if (row["killed_at"] is None) != (row["misses"] < all_.registry.terms.code_misses):
            yield f"link {digest}: misses"
        if row["link_mac"] != grant.link:
            yield f"link {digest}: of another grant"
        if (row["person_mac"] is None) != (row["proof"] is None):
            yield f"link {digest}: opened by nobody"
        if row["proof"] is not None and not _is_opened(row, grant, all_):
            yield f"link {digest}: opened by another"
    opened = {digest for digest, row in links.items() if row["person_mac"] is not None}
    for decision in all_.rows(tables.pull_decision):
        if decision["requester"] == PERSON and decision["basis_reference"] not in opened:
            yield f"decision {decision['decision']}: of no link that was opened"


def _is_opened(row: Row, grant: Grant, all_: Everything) -> bool:
    registry = all_.registry
    kept = orjson.loads(decrypt(row["proof"], masters=registry.masters, context=proof_context(row["digest"])))
    person = all_.hub.persons.verify(kept["proof"], kept["text"], at=row["opened_at"])
    said = (parse_opening(kept["text"]).link, person_mac(person.number, registry), person.name)
    return said == (row["link_mac"], row["person_mac"], grant.requester_name)


def _delegations(all_: Everything) -> Faults:
    """Every delegation, its end and its confirmation is the holder's sentence; what an agent gave stands on one."""
    delegations = all_.by_key(tables.delegation, "digest")
    for row in delegations.values():
        delegation = parse_delegation(_said(row["envelope"], row["digest"], row["holder"], row["recorded_at"], all_))
        kept = (row["holder"], row["cert_serial"], row["item_code"], row["valid_until"])
        said = (delegation.holder_licence_number, delegation.cert_serial, delegation.item_code, delegation.valid_until)
        if said != kept:
            yield f"delegation {row['digest']}: says otherwise"
        if row["withdrawal"] is not None:
            text = _said(row["withdrawal"], row["withdrawal_digest"], row["holder"], row["ended_at"], all_)
            if parse_delegation_withdrawal(text).delegation != row["digest"]:
                yield f"delegation {row['digest']}: ended by another's withdrawal"
    for row in all_.rows(tables.delegation_confirmation):
        text = _said(row["envelope"], row["digest"], row["holder"], row["recorded_at"], all_)
        if list(parse_delegation_confirmation(text).delegations) != row["delegations"]:
            yield f"confirmation {row['digest']}: says otherwise"
    for row in all_.rows(tables.grant_table):
        stands_on = delegations.get(row["delegation"])
        if (row["signer_role"] == "agent") != (stands_on is not None):
            yield f"grant {row['digest']}: an agent's without a delegation"
        elif stands_on is not None and (
            (stands_on["holder"], stands_on["cert_serial"]) != (row["holder"], row["cert_serial"])
            or row["valid_until"] > stands_on["valid_until"]
        ):
            yield f"grant {row['digest']}: beyond its delegation"


def _requests(all_: Everything) -> Faults:
    """Every answer to a request is a grant of that holder to that requester, or the holder's signed refusal."""
    grants = all_.by_key(tables.grant_table, "digest")
    requests = all_.by_key(tables.grant_request, "request")
    for row in requests.values():
        if (row["statement"] is None) != (row["asking"] is not None):
            yield f"request {row['request']}: asked by nobody"
        if row["asking"] is not None:
            parse_asking(_said(row["asking"], row["asking_digest"], row["requester"], row["recorded_at"], all_))
    for row in all_.rows(tables.grant_request_holder):
        name, requester = row["request"], requests[row["request"]]["requester"]
        if (row["state"] == "signed") != (row["grant_digest"] is not None):
            yield f"request {name}: signed without a grant"
        if row["grant_digest"] is not None:
            grant = grants[row["grant_digest"]]
            if (grant["holder"], grant["requester"], grant["act_id"]) != (row["holder"], requester, row["answered_by"]):
                yield f"request {name}: another's grant"
        if row["refusal"] is not None:
            text = _said(row["refusal"], row["refusal_digest"], row["holder"], row["answered_at"], all_)
            if parse_refusal(text).request != name:
                yield f"request {name}: another's refusal"


def _endings(all_: Everything) -> Faults:
    """Every ending is the holder's sentence or a seconded order, and nothing it could end goes on."""
    seconded = {row["seconds"] for row in all_.rows(tables.statement)}
    for row in all_.rows(tables.ending):
        if row["envelope"] is None and row["statement"] not in seconded:
            yield f"ending {row['act_id']}: by one officer alone"
        if row["envelope"] is not None:
            text = _said(row["envelope"], row["digest"], row["holder"], row["recorded_at"], all_)
            if parse_ending(text).since != row["since"]:
                yield f"ending {row['act_id']}: says otherwise"
        for table, ended_at in ((tables.grant_table, "withdrawn_at"), (tables.delegation, "ended_at")):
            for given in all_.rows(table):
                is_meant = (
                    given["holder"] == row["holder"] and row["since"] <= given["recorded_at"] < row["recorded_at"]
                )
                if is_meant and (given[ended_at] is None or given[ended_at] > row["recorded_at"]):
                    yield f"ending {row['act_id']}: {given['digest']} goes on"


def _said(envelope: bytes, digest: str, holder: str, at: datetime, all_: Everything) -> str:
    """Return the text of a kept sentence, once its e-licence has been verified anew as the holder's."""
    registry = all_.registry
    content = orjson.loads(decrypt(envelope, masters=registry.masters, context=grant_context(digest)))
    signer = all_.hub.e_licence.verify(signed_text(content), at=at)
    text = str(content["text"])
    if (signer.licence_number, statement_digest(text)) != (holder, digest):
        raise ValueError("another's sentence")
    return text


def _is_confirmed(row: Row, all_: Everything) -> bool:
    text = _said(row["confirmation"], row["confirmation_digest"], row["holder"], row["released_at"], all_)
    confirmation, asked = parse_confirmation(text), all_.by_key(tables.redemption, "redemption")
    redemption = asked[row["redemption"]]
    fields = {each.code: [field.name for field in each.fields] for each in confirmation.types}
    return (confirmation.presentation, fields) == (
        row["digest"], redemption["fields"],
    ) and (confirmation.requester_licence_number, confirmation.window, confirmation.officer) == (
        redemption["requester"], redemption["window"], redemption["officer"],
    )  # fmt: skip


CHECKS: Sequence[Check] = (_grants, _codes, _links, _delegations, _requests, _endings)
