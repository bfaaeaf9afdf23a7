"""Which facts an order would change: names only, for the outcome of a dry run."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import disclosed_values
from hub.steps.certificates.intentions import decrypt_disclosures
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from schemas.order import Order
from signing.jws import parse_json


def changed_names(
    connection: Connection, orders: Sequence[tuple[int, Order]], *, registry: Registry
) -> dict[int, list[str]]:
    """Return for each serial the sorted names of the members and fields in which its order differs from its record."""
    records = CertificateReader(connection).records(sorted(serial for serial, _ in orders))
    found = {}
    for serial, order in orders:
        record = records[serial]
        private = decrypt_disclosures(record.envelope, serial=serial, registry=registry)
        disclosed = disclosed_values([*record.public_disclosures, *private])
        held, ordered = _held_facts(parse_json(record.payload), disclosed), _ordered_facts(order)
        names = held.keys() | ordered.keys()
        found[serial] = sorted(name for name in names if (held.get(name) or "") != (ordered.get(name) or ""))
    return found


def _held_facts(claims: dict[str, Any], disclosed: dict[str, str]) -> dict[str, Any]:
    decision = claims["decision"]
    facts = {name: claims[name] for name in ("issued_on", "valid_from", "valid_to", "works_from", "issuing_body")}
    facts |= {"decision_document": decision["document"], "decision_number": decision["number"]}
    facts |= {"decided_on": decision["date"], "subject_id": claims["subject"]["id"]}
    return facts | {name: value for name, value in disclosed.items() if name != "issuing_body_name"}


def _ordered_facts(order: Order) -> dict[str, Any]:
    dates = ("decided_on", "issued_on", "valid_from", "valid_to", "works_from")
    texts = ("issuing_body", "decision_document", "decision_number", "subject_id")
    common = ("certificate_number", "holder_name", "holder_address")
    facts: dict[str, Any] = {name: str(getattr(order, name) or "") for name in dates}
    return facts | {name: getattr(order, name) for name in (*texts, *common)} | dict(order.fields)
