"""The doors once more, for acts that a recovered store lost: each kind of act with the flow that does it again.

What was brought back is verified as its door verified it then: a statement by the key that counted at that moment, a
sentence by the e-licence's cert of that moment. Whether the very same act comes of it the recovery asks itself.
A pull that handed something over is recorded again by its note, as `hub/sharing/pulls_again.py` says, with what is lost
of it. Kinds that are not here are named only: other pulls, changes of rights (two persons sign them anew), what draws a
name at random (sites, new references), what a person or a worker does; and imports. The act of an import could be made
again from its order, but not what makes it worth anything: each row's reference was drawn at random, and only the
answer to a single issue comes with a signed receipt that names it, so no row can be told again as the certificate that
it was. An intake without its rows would take the file once more and issue others beside them: it is ordered and sent
anew.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from connectors.contract import ELicence, SignedText
from hub.custody.recovery.reapplying import Attempt, Deed, Lost
from hub.enterprise.delegations import withdraw_delegation
from hub.enterprise.endings import end_all
from hub.enterprise.grants import post_grant, withdraw_grant
from hub.errors import OrderError
from hub.registry.erasure import erase, read_erasure_order
from hub.registry.issuance import issue_again
from hub.registry.status import change_status, read_status_order
from hub.sharing.pulls_again import decide_again, deliver_again, read_note
from hub.steps.certificates.remaking import Remade
from hub.steps.registry import Registry
from hub.store.files import DocumentFiles
from hub.store.lost_act import LostActReader
from hub.store.parties import AdmittedNumbers
from hub.web.api.grants import SignedBody
from hub.web.api.orders import DOORS, Run
from hub.web.callers import Called, OrderBody, RequestBody, verify_again
from schemas.delegation import parse_delegation_withdrawal
from schemas.evidence import Kind
from schemas.exchange import read_pull_request
from schemas.grant import parse_withdrawal
from schemas.identifiers import parse_reference
from schemas.order import read_order
from schemas.statement import Ordered
from schemas.tokens import RECEIPT_TYP
from signing.errors import SigningError
from signing.jws import VerificationKey, parse_json, verify_compact

Content = Mapping[str, Any]
Ordering = Callable[[Content, Called, Lost, Registry], object]
Saying = Callable[[SignedText, Lost, Registry], object]

_PLAIN = (Ordered.ANNOTATE, Ordered.RELATE, Ordered.END_ALL)
"""Orders that are posted alike and leave nothing outside the store."""


def deeds(*, e_licence: ELicence, files: DocumentFiles) -> Mapping[str, Deed]:
    """Return what does lost acts again, by their kinds."""
    ordered: dict[str, Deed] = {
        Kind.CHANGE_STATUS: _by_order(Ordered.CHANGE_STATUS, _change_status),
        Kind.ERASE: _by_order(Ordered.ERASE, partial(_erase, files)),
        Kind.ISSUE: _by_order(Ordered.ISSUE, _issue),
        Kind.PULL_ALLOWED: _pull,
        Kind.DELIVERY: _deliver,
    }
    ordered |= {str(each.act): _by_order(each.act, partial(_plain, each.run)) for each in DOORS if each.act in _PLAIN}
    said: dict[str, Deed] = {
        Kind.GRANT: _by_sentence(partial(_grant, e_licence)),
        Kind.GRANT_WITHDRAWAL: _by_sentence(partial(_withdraw_grant, e_licence)),
        Kind.DELEGATION_WITHDRAWAL: _by_sentence(partial(_withdraw_delegation, e_licence)),
        # An enterprise ends all by its own sentence, or by a window's order.
        Kind.END_ALL: _by_sentence(partial(_end_all, e_licence)),
    }
    both = {kind: partial(_either, ordered[kind], said[kind]) for kind in ordered.keys() & said.keys()}
    return {**ordered, **said, **both}


def _by_order(act: Ordered, run: Ordering) -> Deed:
    def attempts(lost: Lost) -> list[Attempt]:
        return [partial(_order, each, act, run, lost) for each in lost.orders]

    return attempts


def _by_sentence(run: Saying) -> Deed:
    def attempts(lost: Lost) -> list[Attempt]:
        return [partial(_say, each, run, lost) for each in lost.sentences]

    return attempts


def _either(one: Deed, other: Deed, lost: Lost) -> list[Attempt]:
    return [*one(lost), *other(lost)]


def _order(raw: Content, act: Ordered, run: Ordering, lost: Lost, registry: Registry) -> object:
    body = OrderBody(**raw)
    called = verify_again(body, act=act, key=lost.key, registry=registry, now=lost.at)
    return run(body.content, called, lost, registry)


def _say(raw: Content, run: Saying, lost: Lost, registry: Registry) -> object:
    return run(SignedBody(**raw).signed_text(), lost, registry)


def _plain(run: Run, content: Content, called: Called, lost: Lost, registry: Registry) -> object:
    return run(content, called, registry)


def _change_status(content: Content, called: Called, lost: Lost, registry: Registry) -> object:
    return change_status(read_status_order(content), seconds=called.seconds, **_who(called, registry))


def _erase(files: DocumentFiles, content: Content, called: Called, lost: Lost, registry: Registry) -> object:
    return erase(read_erasure_order(content), seconds=called.seconds, files=files, **_who(called, registry))


def _issue(content: Content, called: Called, lost: Lost, registry: Registry) -> None:
    record = lost.returned.records.get(str(lost.act["sealed"]))
    if record is None:
        raise OrderError("record_missing")
    names = _names_of(lost, registry)
    order = read_order(content, catalogue=registry.catalogue, overrides=AdmittedNumbers(registry.database))
    issue_again(
        order,
        Remade(record, names["reference"], names["holder_reference"]),
        verified=called.verified,
        seconds=called.seconds,
        system=called.caller.system,
        registry=registry,
        now=lost.at,
    )


def _names_of(lost: Lost, registry: Registry) -> Mapping[str, str]:
    """Return the references that a receipt of an issue names, where this hub signed it; OrderError names_missing."""

    def find_key(kid: str) -> VerificationKey:
        return registry.trust().listed_key(kid, use="answers", at=lost.at)

    for token in lost.receipts:
        try:
            said = parse_json(verify_compact(token, find_key=find_key, typ=RECEIPT_TYP).payload)
            names = said["certificate"]
            return {name: parse_reference(names[name]) for name in ("reference", "holder_reference")}
        except (SigningError, ValueError, KeyError, TypeError):
            continue
    raise OrderError("names_missing")


def _pull(lost: Lost) -> list[Attempt]:
    """Return the ways to decide a pull again: by its request, and the note of a delivery that names its act."""
    request = lost.returned.requests.get(str(lost.act.get("statement")))
    led_to = {
        leaf: lost.returned.notes.get(str(each.act.get("sealed")))
        for leaf, each in lost.returned.openings.items()
        if (each.act.get("kind"), each.act.get("previous")) == (Kind.DELIVERY, lost.act["act_id"])
    }
    notes = [(leaf, note) for leaf, note in led_to.items() if note is not None]
    return [partial(_decide, request, leaf, note, lost) for leaf, note in notes if request is not None]


def _decide(statement: str, leaf: bytes, jws: str, lost: Lost, registry: Registry) -> object:
    with registry.database.read() as connection:
        # Whoever brings the note does not say to which decision it belongs: the lost log does.
        if not LostActReader(connection).by_leaf([leaf]):
            raise OrderError("note_differs")
    body = RequestBody(statement=statement)
    called = verify_again(body, act=Ordered.PULL, key=lost.key, registry=registry, now=lost.at)
    return decide_again(
        read_pull_request(called.verified.statement.request or {}),
        read_note(jws, registry=registry, at=lost.at),
        officer=called.officer,
        **_who(called, registry),
    )


def _deliver(lost: Lost) -> list[Attempt]:
    jws = lost.returned.notes.get(str(lost.act.get("sealed")))
    return [] if jws is None else [partial(_deliver_by, jws, lost)]


def _deliver_by(jws: str, lost: Lost, registry: Registry) -> None:
    deliver_again(read_note(jws, registry=registry, at=lost.at), registry=registry, now=lost.at)


def _grant(e_licence: ELicence, signed: SignedText, lost: Lost, registry: Registry) -> object:
    return post_grant(signed, registry=registry, e_licence=e_licence, now=lost.at)


def _withdraw_grant(e_licence: ELicence, signed: SignedText, lost: Lost, registry: Registry) -> object:
    digest = parse_withdrawal(signed.text).grant_digest
    return withdraw_grant(digest, signed, registry=registry, e_licence=e_licence, now=lost.at)


def _withdraw_delegation(e_licence: ELicence, signed: SignedText, lost: Lost, registry: Registry) -> object:
    digest = parse_delegation_withdrawal(signed.text).delegation
    return withdraw_delegation(digest, signed, registry=registry, e_licence=e_licence, now=lost.at)


def _end_all(e_licence: ELicence, signed: SignedText, lost: Lost, registry: Registry) -> object:
    return end_all(signed, registry=registry, e_licence=e_licence, now=lost.at)


def _who(called: Called, registry: Registry) -> dict[str, Any]:
    return {
        "verified": called.verified,
        "system": called.caller.system,
        "key": called.key,
        "registry": registry,
        "now": called.now,
    }
