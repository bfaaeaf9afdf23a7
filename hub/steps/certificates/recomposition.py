"""Rewriting answers inside the transaction that changed what they tell; the caller holds the enterprises' rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.decisions.answers import (
    LICENCE_TYPE,
    Body,
    Line,
    Past,
    compose_certificate,
    compose_head,
    compose_past,
    disclosed_values,
    kin_of,
    line_of,
    page_of,
    put_line,
)
from hub.store.annotation import AnnotationReader
from hub.store.answer import AnswerReader, AnswerWriter
from hub.store.certificate import CertificateReader, StoredChain
from hub.store.enterprise import LockedEnterprise
from hub.store.relation import RelationReader
from hub.store.status import StatusWriter
from schemas.annotation import LASTING, AnnotationKind, RecordedAnnotation
from schemas.catalogue import Catalogue
from schemas.certificate import Certificate, RecordedChange, Status
from signing.base64url import decode
from signing.jws import parse_json

Place = tuple[str, int]
"""A holder's licence number and a slot on its pages."""


def bodies_from_store(connection: Connection, serials: Sequence[int], *, catalogue: Catalogue) -> list[Body]:
    """Compose the bodies of stored certificates from the sealed bytes and what was done to them."""
    reader = CertificateReader(connection)
    certificates, records = reader.by_serial(serials), reader.records(serials)
    numbers = sorted({each.chain for each in certificates.values()})
    chains, versions = reader.chains(numbers), reader.versions_of(numbers)
    changes, noted = reader.changes(serials), AnnotationReader(connection).of(_serials_of(versions))
    pasts = _pasts({number: versions[number] for number in numbers if _is_licence(chains[number])}, reader)
    return [
        body_of(
            certificates[serial],
            claims=parse_json(records[serial].payload),
            public=disclosed_values(records[serial].public_disclosures),
            key_id=seal_key_id(records[serial].seals[-1]),
            changes=changes[serial],
            neighbours=versions[certificates[serial].chain],
            chain=chains[certificates[serial].chain],
            catalogue=catalogue,
            annotations=_noted_on(certificates[serial], chains[certificates[serial].chain], versions, noted),
            past=pasts.get(certificates[serial].chain, ()),
        )
        for serial in serials
    ]


def _noted_on(
    certificate: Certificate,
    chain: StoredChain,
    versions: Mapping[int, Sequence[Certificate]],
    noted: Mapping[int, Sequence[RecordedAnnotation]],
) -> list[RecordedAnnotation]:
    """Return what is noted on a version: the one that counts bears what lasts of all others, too.

    An authority's word on a permit does not end because its body issues the permit anew.
    """
    own = list(noted.get(certificate.serial, ()))
    if chain.current != certificate.serial:
        return own
    others = [each.serial for each in versions[chain.chain] if each.serial != certificate.serial]
    own += [each for serial in others for each in noted.get(serial, ()) if AnnotationKind(each.kind) in LASTING]
    return sorted(own, key=lambda each: each.number)


def _pasts(versions: Mapping[int, Sequence[Certificate]], reader: CertificateReader) -> dict[int, list[Past]]:
    """Compose what holders' permits were worth by other versions of their licences, by chain."""
    several = {number: found for number, found in versions.items() if len(found) > 1}
    serials = _serials_of(several)
    changes, records = reader.changes(serials), reader.records(serials)
    return {
        number: [
            compose_past(each, claims=parse_json(records[each.serial].payload), changes=changes[each.serial])
            for each in found
        ]
        for number, found in several.items()
    }


def _serials_of(versions: Mapping[int, Sequence[Certificate]]) -> list[int]:
    return [each.serial for found in versions.values() for each in found]


def _is_licence(chain: StoredChain) -> bool:
    return chain.certificate_type == LICENCE_TYPE


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
    annotations: Sequence[RecordedAnnotation] = (),
    past: Sequence[Past] = (),
) -> Body:
    """Compose one body; `neighbours` are the versions of its chain, `past` what a licence that counts was before."""
    # Versions have gaps where one was refused: the neighbours are the nearest that came to be and were no mistake.
    counting = [each for each in neighbours if each.status != Status.VOIDED]
    earlier = [each for each in counting if each.version < certificate.version]
    later = [each for each in counting if each.version > certificate.version]
    if certificate.status == Status.VOIDED:
        later = []  # it never was in the row, so nothing came after it
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
        annotations=annotations,
        past=[each for each in past if each["version"] != certificate.version and chain.current == certificate.serial],
    )


def rewrite(
    connection: Connection,
    bodies: Sequence[Body],
    enterprises: Mapping[str, LockedEnterprise],
    *,
    left: Sequence[Place] = (),
    kin: Mapping[str, Mapping[str, Any]] | None = None,
    first: Collection[int] = (),
) -> None:
    """Rewrite the answers that these bodies change: each body, its line's page, its holder's head, its status list.

    `left` are places (holder, slot) whose line goes: a mistake's, or of a chain that moved to another holder; `kin`
    what heads tell anew beside certificates (`compose_kin`), by holder; `first` are the serials of certificates that
    are new and replace none: a list tells of them what it told of their places before.
    """
    reader, writer = AnswerReader(connection), AnswerWriter(connection)
    writer.put_certificates({body["serial"]: body for body in bodies})
    # A holder's page has one line a chain, the newest version's, whatever became of those before; a mistake has none.
    current = [body for body in bodies if body["next"] is None and body["status"] != Status.VOIDED]
    places = [*left, *(_place(body) for body in current)]
    numbers = sorted({number for number, _ in places} | (kin or {}).keys())
    heads = reader.heads(numbers)
    stored = reader.pages(sorted({(number, page_of(slot)) for number, slot in places}))
    changed: dict[str, dict[int, list[Line]]] = {number: {} for number in numbers}
    for number, slot in left:
        lines = changed[number].get(page_of(slot), stored.get((number, page_of(slot)), []))
        changed[number][page_of(slot)] = [line for line in lines if line["slot"] != slot]
    for body in current:
        number, slot = _place(body)
        lines = changed[number].get(page_of(slot), stored.get((number, page_of(slot)), []))
        changed[number][page_of(slot)] = put_line(lines, line_of(body))
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
                kin=(kin or {}).get(number),
            )
            for number in numbers
        }
    )
    StatusWriter(connection).note_change(body["serial"] for body in bodies if body["serial"] not in first)


def compose_kin(connection: Connection, licence_number: str) -> dict[str, Any]:
    """Compose what a head tells beside its certificates, from what is stored."""
    reader = RelationReader(connection)
    names, relations = reader.former_names(licence_number), reader.of(licence_number)
    return kin_of(names, relations, branches=reader.branch_count(licence_number))


def _place(body: Body) -> Place:
    return str(body["licence_number"]), int(body["slot"])


def seal_key_id(seal: Mapping[str, str]) -> str:
    """Return the key id of a stored seal from its protected header."""
    header: dict[str, Any] = orjson.loads(decode(seal["protected"]))
    return str(header["kid"])
