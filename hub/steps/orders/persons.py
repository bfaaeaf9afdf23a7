"""Persons of a TEST site whose keys lie in its key folder: the operator's first two, and how they sign there.

A local act (the next trust list, the types of a release) they approve on the spot; each approval is verified as at a
door, and what is done keeps it.

In production each signs apart with a key of his own, and none lies here. The name of a key's use tells number and duty.
"""

from base64 import standard_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any, Final, Protocol

import orjson
from sqlalchemy import Connection

from hub.steps.keyfolder import KeyFolder
from hub.steps.orders.approvals import ApprovalTerms, VerifiedApproval, unverified_officer, verify_approval
from hub.store.parties import PartyReader
from hub.terms import Terms
from schemas import statement
from schemas.approval import TYP, Approval, Change, approval_payload, one_of_each
from schemas.parties import Duty, Officer
from schemas.statement import SALT_BYTES, Ordered, content_digest, statement_payload
from signing.base64url import encode
from signing.jws import sign_compact
from signing.signers import Signer
from signing.trust import TrustList
from signing.x509 import Purpose

FIRST_PERSONS = {Duty.SYSTEM: "system-001", Duty.SECURITY: "security-001"}
"""The numbers of the operator's first two persons, by their duty."""

OPERATOR_SYSTEM: Final = "operator"
_USE = "officer"
# What is signed on the spot is done at once.
_TERMS = ApprovalTerms(age=timedelta(minutes=5), clock_skew=timedelta(seconds=10))


class Installation(Protocol):
    """Whose site it is, and under which public origin."""

    @property
    def operator(self) -> str: ...
    @property
    def origin(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Person:
    """A person whose key lies in the key folder, under `use`."""

    number: str
    duty: Duty

    @property
    def use(self) -> str:
        return _USE + f":{self.number}" + ("" if self.duty is Duty.CASE else f":{self.duty}")


def make_person(keys: KeyFolder, person: Person, *, department: str, now: datetime, term: timedelta) -> Officer:
    """Make a TEST key and cert for a person; return the officer as he is to be enrolled."""
    if person.use not in keys.uses():
        keys.make(person.use)
    cert_der = keys.certify(
        person.use, by="authority", common_name=f"TEST {person.number}", licence_number=department,
        purpose=Purpose.OFFICER, now=now, until=now + term,
    )  # fmt: skip
    return Officer(person.number, department, True, person.duty, cert_der)


def persons_here(keys: KeyFolder) -> list[Person]:
    """Return the persons whose keys lie here and who have a duty, by number."""
    found = (use.split(":") for use in keys.uses())
    return [Person(named[0], Duty(named[1])) for kind, *named in found if kind == _USE and named[1:]]


def sign_here(
    change: Change,
    content_digest: str,
    *,
    keys: KeyFolder,
    audience: str,
    now: datetime,
    random: Callable[[int], bytes],
    without: str | None = None,
    persons: Sequence[Person] | None = None,
) -> list[str]:
    """Return the approvals of a change, one for each duty it needs, by `persons` (None: all whose keys lie here)."""
    return [
        sign_approval(
            Approval(
                change, audience, each.number, each.duty, int(now.timestamp()), encode(random(16)), content_digest
            ),
            keys.signer(each.use),
        )
        for each in one_of_each(persons_here(keys) if persons is None else persons, change, without=without)
    ]


def order_here(
    content: Mapping[str, Any],
    act: Ordered,
    *,
    keys: KeyFolder,
    audience: str,
    now: datetime,
    random: Callable[[int], bytes],
    without: str | None = None,
) -> dict[str, Any]:
    """Return the body of an order by the operator's TEST system, approved by the persons whose keys lie here.

    `without` is the number of whom it is about, who approves nothing of it.
    """
    salt = random(SALT_BYTES)
    digest = content_digest(content, salt)
    payload = statement_payload(
        act=act, audience=audience, system=OPERATOR_SYSTEM, officer=None, issued_at=int(now.timestamp()),
        jti=encode(random(16)), content_digest=digest,
    )  # fmt: skip
    signer = keys.signer(f"system:{OPERATOR_SYSTEM}")
    return {
        "statement": sign_compact(orjson.dumps(payload), signer=signer, typ=statement.TYP),
        "salt": standard_b64encode(salt).decode(),
        "content": content,
        "approvals": sign_here(
            Change(act), digest, keys=keys, audience=audience, now=now, random=random, without=without
        ),
    }


def approve_here(
    change: Change,
    content_digest: str,
    *,
    keys: KeyFolder,
    installation: Installation,
    trust: TrustList,
    connection: Connection,
    now: datetime,
) -> list[VerifiedApproval]:
    """Let the operator's persons whose keys lie here approve a local act, and verify it under the list `trust`."""
    reader = PartyReader(connection)
    enrolled = {each.number: reader.officer(each.number) for each in persons_here(keys)}
    persons = [each for each in persons_here(keys) if _counts(each, enrolled[each.number], installation.operator)]
    tokens = sign_here(
        change, content_digest, keys=keys, audience=installation.origin, now=now, random=token_bytes, persons=persons
    )
    return [
        verify_approval(
            token, change=change, content_digest=content_digest, officer=enrolled[unverified_officer(token)],
            trust=trust, audience=installation.origin, terms=_TERMS, now=now,
        )
        for token in tokens
    ]  # fmt: skip


def approved_apart(
    tokens: Sequence[str],
    change: Change,
    content_digest: str,
    *,
    installation: Installation,
    trust: TrustList,
    terms: Terms,
    connection: Connection,
    now: datetime,
) -> list[VerifiedApproval]:
    """Verify the approvals of a local act that persons made where their keys lie, as a door does.

    Raises StatementError as `verify_approval` does.
    """
    reader, held_to = PartyReader(connection), ApprovalTerms(terms.approval_age, terms.clock_skew)
    return [
        verify_approval(
            token, change=change, content_digest=content_digest, officer=reader.officer(unverified_officer(token)),
            trust=trust, audience=installation.origin, terms=held_to, now=now,
        )
        for token in tokens
    ]  # fmt: skip


def _counts(person: Person, enrolled: Officer | None, operator: str) -> bool:
    return enrolled is not None and (enrolled.department, enrolled.active, enrolled.duty) == (
        operator,
        True,
        person.duty,
    )


def sign_approval(approval: Approval, signer: Signer) -> str:
    """Return an approval signed with the person's own key."""
    return sign_compact(orjson.dumps(approval_payload(approval)), signer=signer, typ=TYP)
