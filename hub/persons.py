"""Persons of a TEST site whose keys lie in its key folder: the operator's first two, and how they sign there.

In production each signs apart with a key of his own, and none lies here. The name of a key's use tells number and duty.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from hub.keyfolder import KeyFolder
from schemas.approval import TYP, Approval, Change, approval_payload, one_of_each
from schemas.parties import Duty, Officer
from signing.base64url import encode
from signing.jws import sign_compact
from signing.signers import Signer
from signing.x509 import Purpose

FIRST_PERSONS = {Duty.SYSTEM: "system-001", Duty.SECURITY: "security-001"}
"""The numbers of the operator's first two persons, by their duty."""

_USE = "officer"


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
) -> list[str]:
    """Return the approvals of a change by persons whose keys lie here, one for each duty it needs."""
    return [
        sign_approval(
            Approval(
                change, audience, each.number, each.duty, int(now.timestamp()), encode(random(16)), content_digest
            ),
            keys.signer(each.use),
        )
        for each in one_of_each(persons_here(keys), change, without=without)
    ]


def sign_approval(approval: Approval, signer: Signer) -> str:
    """Return an approval signed with the person's own key."""
    return sign_compact(orjson.dumps(approval_payload(approval)), signer=signer, typ=TYP)
