"""What the other side will see, before anything is signed: certificate by certificate, field by field, as it is now.

By the rules of the pull itself (`hub/decisions/authorisation.py`, `hub/steps/sharing/delivery.py`), so that a preview
and a pull at the same moment show the same. Only its holder is shown it; to an agent the values that are not public are
not.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import disclosed_values
from hub.decisions.authorisation import permitted_fields
from hub.decisions.facts import Surroundings, facts_of, head_licence_state
from hub.decisions.verification import judge
from hub.steps.certificates.intentions import decrypt_disclosures
from hub.steps.consent.signer_status import given_fields
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import given_names, scope_of
from hub.store.answer import AnswerReader
from hub.store.certificate import AnsweredCertificate, CertificateReader, StoredRecord
from schemas.exchange import Wanted
from schemas.fields import COMMON_FIELDS
from schemas.grant import Grant
from schemas.presentation import Presentation
from schemas.verdict import Outcome, Surface
from schemas.wording import COMMON_FIELDS as WORDS
from schemas.wording import Wording

MOST_SHOWN = 50


def show_given(
    grant: Grant | Presentation,
    *,
    to_agent: bool,
    registry: Registry,
    surroundings: Surroundings,
    connection: Connection,
    now: datetime,
) -> dict[str, Any]:
    """Return what a pull under this sentence would hand over now: `certificates`, the first 50, and how many `in_all`.

    A value is None where it is not public and an agent looks; a certificate that is not valid is told without fields.
    """
    given = given_fields(grant, registry)
    head = AnswerReader(connection).heads([grant.holder_licence_number]).get(grant.holder_licence_number)
    if head is None:
        return {"certificates": [], "in_all": 0, "absent": _names(sorted(given), registry)}
    within, licence = scope_of(grant, now), head_licence_state(head, now)
    found = [
        each
        for each in CertificateReader(connection).current_answered(grant.holder_licence_number, sorted(given))
        if within(each.certificate)
    ]
    shown, outcomes = (
        [],
        {
            each.certificate.serial: judge(
                facts_of(each.answer, licence, surroundings), surface=Surface.PULL, now=now
            ).outcome
            for each in found[:MOST_SHOWN]
        },
    )
    valid = [serial for serial, outcome in outcomes.items() if outcome is Outcome.VALID]
    records = CertificateReader(connection).records(valid)
    for each in found[:MOST_SHOWN]:
        serial = each.certificate.serial
        outcome = outcomes[serial]
        fields = _fields(each, records[serial], grant, given, to_agent, registry) if serial in records else []
        kind = registry.catalogue.get(each.certificate.certificate_type)
        shown.append(
            {
                "name_zh": kind.name_zh,
                "name_en": kind.name_en,
                "number": each.answer["number"],
                "outcome": outcome.value,
                "fields": fields,
            }
        )
    held = {each.certificate.certificate_type for each in found}
    absent = _names(sorted(given.keys() - held), registry)
    return {"certificates": shown, "in_all": len(found), "absent": absent}


def _fields(
    each: AnsweredCertificate,
    record: StoredRecord,
    grant: Grant | Presentation,
    given: dict[str, tuple[str, ...]],
    to_agent: bool,
    registry: Registry,
) -> list[dict[str, Any]]:
    certificate = each.certificate
    code, serial = certificate.certificate_type, certificate.serial
    versions = {one.code: one.version for one in grant.types}
    permitted = permitted_fields(Wanted(code, None), given, registry.catalogue, versions)
    if isinstance(permitted, str):
        return []
    names = given_names(certificate, permitted, grant, registry)
    public = disclosed_values(record.public_disclosures)
    private = disclosed_values(decrypt_disclosures(record.envelope, serial=serial, registry=registry))
    values = public | (dict.fromkeys(private, None) if to_agent else private)
    kind = registry.catalogue.get(code, certificate.type_version)
    labels = {**WORDS} | {one.name: Wording(one.label_zh, one.label_en) for one in kind.fields}
    return [
        {
            "name": name,
            "zh": labels[name].zh,
            "en": labels[name].en,
            "value": values[name],
        }
        for name in (*COMMON_FIELDS, *names)
        if name in values
    ]


def _names(codes: Sequence[str], registry: Registry) -> list[dict[str, str]]:
    kinds = [registry.catalogue.get(code) for code in codes]
    return [{"name_zh": each.name_zh, "name_en": each.name_en} for each in kinds]
