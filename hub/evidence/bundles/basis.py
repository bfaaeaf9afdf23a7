"""What a decision stands on, as it is kept: the signed sentence, the paper's witnesses, or the line of the table.

grant         the sentence that the holder signed
presentation  the sentence; who redeemed its code; and, where the requester was not named before, the confirmation
window        the printed sentence, what two officers witnessed of it, and the statement of each
statutory     the line of the sharing table, and the order that put it; of a sheet the digests of all its lines;
              what two persons approved
What is another's is not shown to who named it.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.evidence.bundles.members import Contents
from hub.steps.consent.signer_status import basis_of, grant_context
from hub.steps.registry import Registry
from hub.store.approval import ApprovalReader
from hub.store.entry import EntryReader
from hub.store.exchange import StoredDecision
from hub.store.grant import GrantReader, StoredGrant
from hub.store.parties import PartyReader
from hub.store.presentation import PresentationReader
from hub.store.sharing import SharingReader
from hub.store.statement import StatementReader
from schemas.evidence import Kind
from schemas.exchange import Basis
from schemas.sharing import ordered_line, sealed_line
from signing.envelope import decrypt


def put_basis(contents: Contents, decision: StoredDecision, registry: Registry, connection: Connection) -> None:
    """Put in what the decision names as its basis, where it is this requester's and this holder's."""
    if decision.basis == Basis.STATUTORY:
        _put_rule(contents, decision, connection)
        return
    stored = GrantReader(connection).get(decision.basis_reference or "")
    if stored is None or (basis_of(stored), stored.holder) != (decision.basis, decision.licence_number):
        return
    put = {Basis.GRANT: _put_grant, Basis.PRESENTATION: _put_presentation, Basis.WINDOW: _put_paper}
    put[basis_of(stored)](contents, stored, decision, registry, connection)


def _put_grant(
    contents: Contents, stored: StoredGrant, decision: StoredDecision, registry: Registry, connection: Connection
) -> None:
    if stored.requester == decision.requester:
        _put_sentence(contents, "grant", stored.envelope, stored.digest, registry)
        contents.acts["grant"] = stored.act_id


def _put_presentation(
    contents: Contents, stored: StoredGrant, decision: StoredDecision, registry: Registry, connection: Connection
) -> None:
    code = PresentationReader(connection).code(stored.digest)
    redemption = PresentationReader(connection).redemption(code.redemption or "") if code else None
    if code is None or redemption is None or redemption.requester != decision.requester:
        return
    _put_sentence(contents, "presentation", stored.envelope, stored.digest, registry)
    contents.acts |= {"grant": stored.act_id, "redemption": redemption.act_id}
    _put_statement(contents, "redemption", redemption.statement, connection)
    if code.confirmation is not None and code.confirmation_digest is not None:
        _put_sentence(contents, "confirmation", code.confirmation, code.confirmation_digest, registry)
        contents.acts["confirmation"] = code.confirmation_act


def _put_paper(
    contents: Contents, stored: StoredGrant, decision: StoredDecision, registry: Registry, connection: Connection
) -> None:
    if stored.requester != decision.requester or stored.statement is None:
        return
    paper = _opened(stored.envelope, stored.digest, registry)
    contents.files["basis/grant.txt"] = paper["text"].encode()
    contents.put_json("basis/paper.json", {name: paper[name] for name in ("identity_check", "scan_sha256")})
    _put_statement(contents, "witness", stored.statement, connection)
    contents.acts["grant"] = stored.act_id


def _put_rule(contents: Contents, decision: StoredDecision, connection: Connection) -> None:
    reader, code = SharingReader(connection), decision.basis_reference or ""
    rule = reader.get(code, decision.rule_version)
    if rule is None or rule.requester != decision.requester:
        return
    contents.put_json("basis/rule.json", ordered_line(rule))
    ordered = reader.order_of(code, rule.version)
    if ordered is not None:
        contents.acts["rule"] = ordered.act_id
        entry = EntryReader(connection).get(ordered.act_id)
        if entry is not None and entry.kind == Kind.SHARE_SHEET:
            lines = sorted(sealed_line(each, None) for each in reader.of_act(ordered.act_id))
            contents.put_json("basis/sheet.json", {"lines": lines})
        _put_statement(contents, "rule", ordered.statement, connection)
        _put_approvals(contents, "rule_approval", ordered.statement, connection)


def _put_sentence(contents: Contents, name: str, envelope: bytes, digest: str, registry: Registry) -> None:
    """Put in a sentence as an e-licence signed it: the text, and its signature with the cert."""
    signed = _opened(envelope, digest, registry)
    contents.files[f"basis/{name}.txt"] = signed["text"].encode()
    contents.put_json(f"basis/{name}.json", {each: signed[each] for each in ("algorithm", "signature", "cert")})


def _put_statement(contents: Contents, name: str, number: int, connection: Connection) -> None:
    """Put in a statement, those that stand beside it (`…_2`, `…_3`), and the certs of the systems that signed them."""
    for place, kept in enumerate(StatementReader(connection).all_of([number]), 1):
        contents.files[f"basis/{name}{f'_{place}' if place > 1 else ''}.jws"] = kept.jws.encode()
        contents.put_certs(PartyReader(connection).system_certs(kept.system))


def _put_approvals(contents: Contents, name: str, number: int, connection: Connection) -> None:
    """Put in what two persons approved by an order, where it needed them, and the certs they signed with."""
    for place, kept in enumerate(ApprovalReader(connection).of_statement(number), 1):
        contents.files[f"basis/{name}{f'_{place}' if place > 1 else ''}.jws"] = kept.jws.encode()
        contents.put_certs(PartyReader(connection).officer_certs(kept.officer))


def _opened(envelope: bytes, digest: str, registry: Registry) -> Mapping[str, Any]:
    opened: dict[str, Any] = orjson.loads(decrypt(envelope, masters=registry.masters, context=grant_context(digest)))
    return opened
