"""What a row means for the registry: a pure decision.

A chain is known by issuing body (or one it succeeds), type and number, or by the device it is about. None → new. The
same facts → unchanged. A later decision → change, and so is the issuing body's own word on what only the hub had sealed
(collected, legacy). Anything else is a conflict and stays untouched: an earlier or equal decision with other facts, a
certificate that has ended, another holder, a device that another holder's certificate is about, and a row of a source
about a certificate that its issuing body sealed.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from schemas.certificate import ENDED, Certificate, Status
from schemas.order import Order
from schemas.publicity import NUMBER_FROM_DECISION

_ENDED_VALUES = frozenset(status.value for status in ENDED)


class Meaning(StrEnum):
    """What is to be done with a row."""

    NEW = "new"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Held:
    """What the registry holds, as far as a decision needs it: the current version of one chain.

    `identifier` is empty, and `facts_digest` with it, while the first version's seal is under way. `is_collected`: the
    hub sealed it, from a publication or an archive.
    """

    chain: int
    licence_number: str
    certificate_type: str
    issuing_body: str
    identifier: str
    serial: int
    facts_digest: str
    decided_on: date
    has_ended: bool
    is_collected: bool
    is_busy: bool
    number: str

    @classmethod
    def of(cls, certificate: Certificate, *, number: str, is_busy: bool) -> "Held":
        return cls(
            chain=certificate.chain,
            licence_number=certificate.licence_number,
            certificate_type=certificate.certificate_type,
            issuing_body=certificate.issuing_body,
            identifier=certificate.identifier,
            serial=certificate.serial,
            facts_digest=certificate.facts_digest,
            decided_on=certificate.decided_on,
            has_ended=Status(certificate.status).value in _ENDED_VALUES,
            is_collected=certificate.source is not None,
            is_busy=is_busy,
            number=number,
        )

    def members(self) -> dict[str, Any]:
        """Return the members with the date as text, to be kept and read again by `from_members`."""
        return asdict(self) | {"decided_on": self.decided_on.isoformat()}

    @classmethod
    def from_members(cls, members: dict[str, Any]) -> "Held":
        return cls(**members | {"decided_on": date.fromisoformat(members["decided_on"])})


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, why not (`rule`, of which `field`), and which version a change replaces.

    `number` is the certificate number that counts, where the row has none of its own and its device tells it.
    """

    meaning: Meaning
    held: Held | None = None
    rule: str | None = None
    field: str = "certificate_number"
    number: str | None = None


def decide(
    order: Order,
    *,
    by_number: Held | None,
    by_device: Held | None,
    by_identifier: Held | None,
    digest_of: Callable[[Order], str],
    is_collected: bool,
) -> Decision:
    """Decide on one row.

    `by_number` is what the registry holds under the row's number, `by_device` under its device, `by_identifier` what
    the row says it replaces; `digest_of` returns the digest of an order's facts.
    """
    if by_device is not None and by_device.has_ended:
        by_device = None  # the device may be registered anew
    if by_number is None and by_device is not None and NUMBER_FROM_DECISION in order.marks:
        known = numbered(order, by_device.number)
        decision = _decide(known, by_device, by_device, by_identifier, digest_of, is_collected)
        return replace(decision, number=by_device.number)
    return _decide(order, by_number, by_device, by_identifier, digest_of, is_collected)


def numbered(order: Order, number: str) -> Order:
    """Return an order under the number its device is known by; the number no longer comes from its decision."""
    marks = tuple(mark for mark in order.marks if mark != NUMBER_FROM_DECISION)
    return replace(order, certificate_number=number, marks=marks)


def _decide(
    order: Order,
    by_number: Held | None,
    by_device: Held | None,
    by_identifier: Held | None,
    digest_of: Callable[[Order], str],
    is_collected: bool,
) -> Decision:
    held = by_number or by_identifier or by_device
    # What only the hub had sealed becomes the issuing body's own when it says the same.
    if held is not None and (is_collected or not held.is_collected):
        if _tells_same(order, by_number, digest_of):
            return Decision(Meaning.UNCHANGED, held)
        # Two channels may write one number in two ways; under its own way a source tells of no other certificate.
        if is_collected and by_device == held and _tells_same(numbered(order, held.number), held, digest_of):
            return Decision(Meaning.UNCHANGED, held)
    if order.replaces is not None and (refusal := _check_replaced(order, by_number, by_identifier)):
        return refusal
    if held is None:
        return Decision(Meaning.NEW)
    if held.is_busy:
        return Decision(Meaning.REFUSED, held, "chain_busy")
    if by_device is not None and (by_device.chain != held.chain or _is_anothers(order, by_device, by_number)):
        return Decision(Meaning.CONFLICT, by_device, "device_elsewhere", "subject_id")
    if held.licence_number != order.licence_number:
        return Decision(Meaning.CONFLICT, held, "another_holder", "licence_number")
    if held.has_ended:
        return Decision(Meaning.CONFLICT, held, "certificate_ended")
    if is_collected and not held.is_collected:
        return Decision(Meaning.CONFLICT, held, "sealed_by_body")
    # On one day the issuing body's own word is the better one.
    sealed_now = held.is_collected and not is_collected and order.decided_on == held.decided_on
    if order.decided_on > held.decided_on or sealed_now:
        return Decision(Meaning.CHANGE, held)
    return Decision(Meaning.CONFLICT, held, "not_later", "decided_on")


def _tells_same(order: Order, held: Held | None, digest_of: Callable[[Order], str]) -> bool:
    """Say whether an order tells the facts that are held, as if the body that issued them had ordered it."""
    return held is not None and digest_of(replace(order, issuing_body=held.issuing_body)) == held.facts_digest


def _is_anothers(order: Order, by_device: Held, by_number: Held | None) -> bool:
    return by_number is None and by_device.licence_number != order.licence_number


def _check_replaced(order: Order, by_number: Held | None, by_identifier: Held | None) -> Decision | None:
    if by_identifier is None:
        return Decision(Meaning.REFUSED, None, "previous_unknown", "replaces")
    if by_identifier.certificate_type != order.certificate_type.code:
        return Decision(Meaning.REFUSED, by_identifier, "previous_of_another", "replaces")
    if by_number is not None and by_number.chain != by_identifier.chain:
        return Decision(Meaning.REFUSED, by_number, "number_taken")
    if by_identifier.identifier != order.replaces:
        return Decision(Meaning.REFUSED, by_identifier, "previous_not_current", "replaces")
    return None
