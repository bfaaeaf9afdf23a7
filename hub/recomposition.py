"""Rewriting answers inside the transaction that changed what they tell; the caller holds the enterprises' rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.answers import (
    LICENCE_TYPE,
    Body,
    Line,
    compose_certificate,
    compose_head,
    disclosed_values,
    line_of,
    page_of,
    put_line,
)
from hub.store.answer import AnswerReader, AnswerWriter
from hub.store.certificate import CertificateReader, StoredChain
from hub.store.enterprise import LockedEnterprise
from schemas.catalogue import Catalogue
from schemas.certificate import Certificate, RecordedChange
from signing.base64url import decode
from signing.jws import parse_json


def bodies_from_store(connection: Connection, serials: Sequence[int], *, catalogue: Catalogue) -> list[Body]:
    """Compose the bodies of stored certificates from the sealed bytes and what was done to them."""
    reader = CertificateReader(connection)
    certificates, records = reader.by_serial(serials), reader.records(serials)
    changes = reader.changes(serials)
    numbers = sorted({each.chain for each in certificates.values()})
    chains, versions = reader.chains(numbers), reader.versions_of(numbers)
    return [
        body_of(
            certificates[serial],
            claims=parse_json(records[serial].payload),
            public=disclosed_values(records[serial].public_disclosures),
            key_id=seal_key_id(records[serial].seals[0]),
            changes=changes[serial],
            neighbours=versions[certificates[serial].chain],
            chain=chains[certificates[serial].chain],
            catalogue=catalogue,
        )
        for serial in serials
    ]


def body_of(
    certificate: Certificate,
    *,
    claims: Mapping[str, Any],
    public: Mapping[str, str],
    key_id: str,
    changes: Sequence[RecordedChange],
    neighbours: Sequence[Certificate],
    chain: StoredChain,
    catalogue: Catalogue,
) -> Body:
    """Compose one body; `neighbours` are the versions of its chain."""
    # Versions have gaps where one was refused: the neighbours are the nearest that came to be.
    earlier = [each for each in neighbours if each.version < certificate.version]
    later = [each for each in neighbours if each.version > certificate.version]
    return compose_certificate(
        certificate,
        claims=claims,
        public=public,
        key_id=key_id,
        changes=changes,
        previous=max(earlier, key=lambda each: each.version).reference if earlier else None,
        following=min(later, key=lambda each: each.version).reference if later else None,
        slot=chain.slot,
        suspension_ends=catalogue.get(certificate.certificate_type, certificate.type_version).suspension_ends,
    )


def rewrite(connection: Connection, bodies: Sequence[Body], enterprises: Mapping[str, LockedEnterprise]) -> None:
    """Rewrite the answers that these bodies change: each body, its line's page, its holder's head."""
    reader, writer = AnswerReader(connection), AnswerWriter(connection)
    writer.put_certificates({body["serial"]: body for body in bodies})
    # A holder's page has one line a chain: the newest version's, whatever became of the ones before.
    current = [body for body in bodies if body["next"] is None]
    numbers = sorted({body["licence_number"] for body in current})
    heads = reader.heads(numbers)
    stored = reader.pages(sorted({_page_key(body) for body in current}))
    changed: dict[str, dict[int, list[Line]]] = {number: {} for number in numbers}
    for body in current:
        number, page = _page_key(body)
        lines = changed[number].get(page, stored.get((number, page), []))
        changed[number][page] = put_line(lines, line_of(body))
    writer.put_pages({(number, page): lines for number in numbers for page, lines in changed[number].items()})
    writer.put_heads(
        {
            number: compose_head(
                licence_number=number,
                reference=enterprises[number].reference,
                name=enterprises[number].name,
                address=enterprises[number].address,
                pages=changed[number],
                earlier=heads.get(number),
            )
            for number in numbers
        }
    )


def _page_key(body: Body) -> tuple[str, int]:
    return str(body["licence_number"]), page_of(body["slot"])


def seal_key_id(seal: Mapping[str, str]) -> str:
    """Return the key id of a stored seal from its protected header."""
    header: dict[str, Any] = orjson.loads(decode(seal["protected"]))
    return str(header["kid"])


def names_holder(body: Body, *, has_licence: bool, is_new: bool) -> bool:
    """Say whether a certificate's holder name becomes the enterprise's: its licence's does, others only lacking one."""
    if body["origin"] == "collected":
        return is_new
    return body["type"] == LICENCE_TYPE or not has_licence
