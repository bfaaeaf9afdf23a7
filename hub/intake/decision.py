"""What a row means for the registry: a pure decision.

A chain is known by issuing body (or one it succeeds), type and number. None → new. The same facts → unchanged. A later
decision → change. Anything else is a conflict and stays untouched: an earlier or equal decision with other facts, a
certificate that has ended, another holder, and a collected row about a certificate that its issuing body sealed.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from schemas.certificate import ENDED, Certificate, Status
from schemas.order import Order

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

    `identifier` is empty, and `facts_digest` with it, while the first version's seal is under way.
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

    @classmethod
    def of(cls, certificate: Certificate, *, is_busy: bool) -> "Held":
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
        )

    def members(self) -> dict[str, Any]:
        """Return the members with the date as text, to be kept and read again by `from_members`."""
        return asdict(self) | {"decided_on": self.decided_on.isoformat()}

    @classmethod
    def from_members(cls, members: dict[str, Any]) -> "Held":
        return cls(**members | {"decided_on": date.fromisoformat(members["decided_on"])})


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, why not (`rule`, of which `field`), and which version a change replaces."""

    meaning: Meaning
    held: Held | None = None
    rule: str | None = None
    field: str = "certificate_number"


def decide(
    order: Order,
    *,
    by_number: Held | None,
    by_identifier: Held | None,
    digest_under: Callable[[str], str],
    is_collected: bool,
) -> Decision:
    """Decide on one row.

    `by_number` is what the registry holds under the row's number, `by_identifier` what the row says it replaces;
    `digest_under` returns the digest of the order's facts as if ordered by the given issuing body.
    """
    held = by_number or by_identifier
    if by_number is not None and digest_under(by_number.issuing_body) == by_number.facts_digest:
        return Decision(Meaning.UNCHANGED, by_number)
    if order.replaces is not None and (refusal := _check_replaced(order, by_number, by_identifier)):
        return refusal
    if held is None:
        return Decision(Meaning.NEW)
    if held.is_busy:
        return Decision(Meaning.REFUSED, held, "chain_busy")
    if held.licence_number != order.licence_number:
        return Decision(Meaning.CONFLICT, held, "another_holder", "licence_number")
    if held.has_ended:
        return Decision(Meaning.CONFLICT, held, "certificate_ended")
    if is_collected and not held.is_collected:
        return Decision(Meaning.CONFLICT, held, "sealed_by_body")
    if order.decided_on > held.decided_on:
        return Decision(Meaning.CHANGE, held)
    return Decision(Meaning.CONFLICT, held, "not_later", "decided_on")


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
