"""Every statement verifies with its system's key, says what its row says, is spent, and orders what names it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Table

from connectors.contract import SignedText
from hub.steps.consent.applications import E_LICENCE_SYSTEM, PERSON_SYSTEM, OwnSentence
from hub.store import tables
from hub.supervision.audit.everything import Check, Everything, Faults, Row, opened_objection
from schemas.download import parse_download
from schemas.ledger import parse_reading
from schemas.link_opening import parse_opening
from schemas.objection import Objection, parse_objection
from schemas.sign_in import parse_sign_in
from schemas.statement import TYP, Ordered, read_statement
from signing.base64url import decode
from signing.errors import SigningError
from signing.jws import VerificationKey, parse_json, verify_compact
from signing.x509 import Purpose, read_cert_unverified


def _statements(all_: Everything) -> Faults:
    """Every statement verifies with its system's key, says what its row says, and is spent."""
    certs = _keys_of_systems(all_)
    spent = all_.pairs(tables.single_use, "kind", "party", "value")
    terms = all_.registry.terms
    for row in all_.rows(tables.statement):
        if row["system"] == PERSON_SYSTEM:
            yield from _opening(row, spent)
            continue
        if row["system"] == E_LICENCE_SYSTEM:
            yield from _application(row, spent, all_)
            continue
        try:
            statement = read_statement(parse_json(_verified(row, certs[row["system"]], all_)))
        except Exception as error:
            yield f"statement {row['number']} does not verify: {type(error).__name__}"
            continue
        said = (statement.system, str(statement.act), statement.audience)
        if said != (row["system"], row["act"], all_.registry.origin):
            yield f"statement {row['number']}: system, act or audience"
        if sha256(row["jws"].encode()).hexdigest() != row["digest"]:
            yield f"statement {row['number']}: digest"
        forgotten = row["recorded_at"] + terms.statement_age + terms.idempotency_term < all_.now
        if ("statement", statement.system, statement.jti) not in spent and not forgotten:
            yield f"statement {row['number']}: not spent"


def _application(row: Row, spent: set[tuple[Any, ...]], all_: Everything) -> Faults:
    """What an enterprise signed itself verifies by the e-licence port, and is spent under its own number."""
    try:
        said = _verified_application(row, all_)
    except Exception as error:
        yield f"statement {row['number']} does not verify: {type(error).__name__}"
        return
    if row["digest"] != sha256(row["jws"].encode()).hexdigest():
        yield f"statement {row['number']}: digest"
    if ("statement", E_LICENCE_SYSTEM, f"{said.applicant}.{said.nonce}") not in spent:
        yield f"statement {row['number']}: not spent"


def _opening(row: Row, spent: set[tuple[Any, ...]]) -> Faults:
    """What a person confirmed is an opening of a link, and is spent; whose it was is held against its grant."""
    try:
        said = parse_opening(orjson.loads(row["jws"])["text"])
    except Exception as error:
        yield f"statement {row['number']} does not verify: {type(error).__name__}"
        return
    if row["digest"] != sha256(row["jws"].encode()).hexdigest():
        yield f"statement {row['number']}: digest"
    if ("statement", PERSON_SYSTEM, said.nonce) not in spent:
        yield f"statement {row['number']}: not spent"


# What an enterprise orders by itself: how the sentence of each act is read.
_SENTENCES: Mapping[str, Callable[[str], OwnSentence]] = {
    Ordered.DOWNLOAD: parse_download,
    Ordered.READ_LEDGER: parse_reading,
    Ordered.OBJECT: parse_objection,
    Ordered.SIGN_IN: parse_sign_in,
}


def _verified_application(row: Mapping[str, Any], all_: Everything) -> OwnSentence:
    """Return what an e-licence signed to ask for what is its own, verified anew; raises what the port raises."""
    return verified_sentence(row["jws"], row["act"], row["recorded_at"], all_)


def verified_sentence(kept_json: str | bytes, act: str, at: datetime, all_: Everything) -> OwnSentence:
    """Return what an e-licence signed to order `act`, verified anew as of `at`; raises what the port raises."""
    kept = orjson.loads(kept_json)
    signed = SignedText(kept["text"], kept["algorithm"], decode(kept["signature"]), decode(kept["cert"]), kept["role"])
    signer = all_.hub.e_licence.verify(signed, at=at)
    said = _SENTENCES[act](signed.text)
    if signer.licence_number != said.applicant:
        raise ValueError("signed by another enterprise")
    return said


def _objections(all_: Everything) -> Faults:
    """Every objection is what its e-licence signed, says what its row says, and became a task at least."""
    with_task = {row["objection"] for row in all_.rows(tables.objection_task)}
    for row in all_.rows(tables.objection):
        name = row["objection"]
        try:
            said = verified_sentence(opened_objection(row, all_), Ordered.OBJECT, row["recorded_at"], all_)
        except Exception as error:
            yield f"objection {name} does not verify: {type(error).__name__}"
            continue
        kept = (row["applicant"], row["road"], row["about"])
        if not isinstance(said, Objection) or (said.applicant, said.road, said.subject) != kept:
            yield f"objection {name}: applicant, road or subject"
        if name not in with_task:
            yield f"objection {name}: no task"


def _keys_of_systems(all_: Everything) -> dict[str, dict[str, bytes]]:
    """Return system → key id → cert, of every cert the system was ever enrolled with."""
    certs: dict[str, dict[str, bytes]] = {}
    for row in all_.rows(tables.system_cert):
        key_id = read_cert_unverified(row["cert_der"]).key_id
        certs.setdefault(row["system"], {})[key_id] = row["cert_der"]
    return certs


def _verified(row: Row, certs: Mapping[str, bytes], all_: Everything) -> bytes:
    def find_key(kid: str) -> VerificationKey:
        cert, at = certs[kid], row["recorded_at"]
        facts = all_.registry.trust().verify_party(cert, purpose=Purpose.SYSTEM, at=at)
        return VerificationKey(facts.algorithm, facts.public_key)

    return verify_compact(row["jws"], find_key=find_key, typ=TYP).payload


def _keys(all_: Everything) -> Faults:
    """A key bears the name of its cert's, and the one a system was enrolled with last is not retired."""
    kept = {row["key_id"]: row for row in all_.rows(tables.system_key)}
    for key_id, row in kept.items():
        try:
            if read_cert_unverified(row["cert_der"]).key_id == key_id:
                continue
        except SigningError:
            pass
        yield f"key {key_id}: not that of its cert"
    for row in all_.rows(tables.system):
        found = kept.get(row["key_id"], {})
        if (found.get("system"), found.get("until_at", "gone")) != (row["code"], None):
            yield f"system {row['code']}: its key is not kept as its own"


def _digests_of_statements(all_: Everything) -> Faults:
    """Every certificate, change and decision names a statement that orders such an act."""
    acts = {row["number"]: row["act"] for row in all_.rows(tables.statement)}
    for table, allowed in _ORDERED_BY.items():
        for row in all_.rows(table):
            if acts.get(row["statement"]) not in allowed:
                yield f"{table.name} {row.get('act_id', row['statement'])}: not ordered by its statement"


_ORDERED_BY: Mapping[Table, frozenset[str]] = {
    tables.certificate: frozenset({"issue", "import"}),
    tables.status_change: frozenset({"issue", "import", "change_status", "undo_import"}),
    tables.pull_decision: frozenset({"pull", "compare", "download", "open_link", "pull_batch", "ask_predicate"}),
    tables.pull_batch: frozenset({"pull_batch"}),
    tables.download: frozenset({"download"}),
    tables.erasure: frozenset({"erase"}),
    tables.redemption: frozenset({"redeem"}),
    tables.service_item: frozenset({"put_items"}),
    tables.ledger_reading: frozenset({"read_ledger"}),
    tables.sign_in: frozenset({"sign_in"}),
    tables.deferral: frozenset({"defer"}),
    tables.figure_correction: frozenset({"correct_figure"}),
}


CHECKS: Sequence[Check] = (
    _statements,
    _objections,
    _digests_of_statements,
    _keys,
)
