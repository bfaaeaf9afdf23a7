"""When an enterprise's certificates end, and until when their renewal is to be asked for; reads only.

The last day to apply is the type's own window before the last day of validity, else that of the legal clock
`renewal_window` (行政许可法 art. 50). It is the holder's period and counts calendar days.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import types_of
from hub.steps.registry import Registry
from hub.store.answer import AnswerReader
from hub.store.certificate import AnsweredCertificate, CertificateReader
from schemas.annotation import AnnotationKind
from schemas.certificate import Certificate, Status, civil_date
from schemas.clocks import ClockCode

SOON = timedelta(days=90)
_RUNNING = frozenset({Status.VALID, Status.SUSPENDED})


def own_endings(holder: str, *, registry: Registry, now: datetime) -> list[dict[str, Any]]:
    """Return a holder's certificates in force that have an end, the first to end first.

    Each with `valid_to`, `apply_by`, and its `state`: "later", "soon" (within 90 days of the last day to apply),
    "late" (that day is over), "ended", or "renewing" (a renewal was filed and is not decided).
    """
    with registry.database.read() as connection:
        found = _running(holder, connection)
    told = [_describe(each, registry, civil_date(now)) for each in found]
    return sorted(told, key=lambda each: (each["valid_to"], each["identifier"]))


def ending_soon(holder: str, *, registry: Registry, now: datetime) -> int:
    """Return how many of a holder's certificates end within 90 days and are not being renewed."""
    today = civil_date(now)
    with registry.database.read() as connection:
        current = CertificateReader(connection).current_of(holder)
        ending = [each.serial for each in current if _is_running(each) and today <= _end(each) <= today + SOON]
        # Of a holder of thousands few end soon: the answers of those alone are read.
        answers = AnswerReader(connection).certificates(ending)
    return sum(not is_renewing(answer) for answer in answers.values())


def last_day_to_apply(certificate: Certificate, last_day: date, registry: Registry) -> date:
    """Return until when the renewal of a certificate that is valid until `last_day` is asked for in time."""
    window = registry.catalogue.get(certificate.certificate_type, certificate.type_version).renewal_window_days
    if window is None:
        return registry.due(ClockCode.RENEWAL_WINDOW, last_day).on
    return last_day - timedelta(days=window)


def is_renewing(answer: Mapping[str, Any]) -> bool:
    """Say whether the renewal of the certificate of this answer was filed and is not decided."""
    return any(
        each["kind"] == AnnotationKind.RENEWAL_ACCEPTED and "lifted_on" not in each
        for each in answer.get("annotations", ())
    )


def _running(holder: str, connection: Connection) -> Sequence[AnsweredCertificate]:
    head = AnswerReader(connection).heads([holder]).get(holder)
    found = CertificateReader(connection).current_answered(holder, sorted(types_of(head)) if head else [])
    return [each for each in found if _is_running(each.certificate)]


def _is_running(certificate: Certificate) -> bool:
    return certificate.valid_to is not None and Status(certificate.status) in _RUNNING


def _end(certificate: Certificate) -> date:
    return certificate.valid_to or date.max


def _describe(each: AnsweredCertificate, registry: Registry, today: date) -> dict[str, Any]:
    certificate, answer = each.certificate, each.answer
    kind = registry.catalogue.get(certificate.certificate_type, certificate.type_version)
    last_day = certificate.valid_to or today
    apply_by = last_day_to_apply(certificate, last_day, registry)
    return {
        "identifier": certificate.identifier,
        "reference": certificate.reference,
        "name_zh": kind.name_zh,
        "name_en": kind.name_en,
        "number": answer["number"],
        "body_name": answer["body_name"],
        "valid_to": last_day.isoformat(),
        "apply_by": apply_by.isoformat(),
        "state": _state(answer, last_day, apply_by, today),
    }


def _state(answer: dict[str, Any], last_day: date, apply_by: date, today: date) -> str:
    if is_renewing(answer):
        return "renewing"
    if last_day < today:
        return "ended"
    if apply_by < today:
        return "late"
    return "soon" if apply_by <= today + SOON else "later"
