"""A system of the sandbox: whoever shows a public key may have it enrolled for a day, on a TEST hub and nowhere else.

1 the key is one of the closed list; its cert, for a day and for the sandbox's department, is made by the TEST authority
2 the operator's TEST system orders the enrolment and the operator's persons, whose TEST keys lie in the key folder,
  approve it: two of different duties, as every enrolment of a system needs
3 statement and approvals are verified as those of a caller are
What comes of it is enrolled by `hub/supervision/parties.py`, which commits it with its entry: an enrolment like any
other. The department itself, its body and its line of the sharing table are enrolled by whoever makes the
demonstration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from hub.errors import NotFoundError, OrderError
from hub.steps.keyfolder import KeyFolder
from hub.steps.orders.approvals import VerifiedApproval, verify_approvals
from hub.steps.orders.persons import OPERATOR_SYSTEM, order_here
from hub.steps.orders.statements import VerifiedStatement, check_content, verify_statement
from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from schemas import sandbox
from schemas.parties import Role, System
from schemas.statement import Ordered
from signing.algorithms import key_id
from signing.base64url import encode
from signing.jws import VerificationKey, load_jwk
from signing.x509 import Purpose, read_cert_unverified

TERM: Final = timedelta(days=1)
_SERIALS = 100_000_000


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment that is ready to be done: the order of the operator's system, approved by two persons."""

    content: Mapping[str, Any]
    verified: VerifiedStatement
    approvals: tuple[VerifiedApproval, ...]
    system: System


def prepare_system(jwk: Mapping[str, Any], *, registry: Registry, keys: KeyFolder, now: datetime) -> Enrolment:
    """Prepare the enrolment of the system that has the public key `jwk`; the same key again gives the same system.

    Raises NotFoundError sandbox_absent on a production hub, or where no sandbox was made; SigningError for a key that
    is none of the closed list.
    """
    key = load_jwk(jwk).public_key
    with registry.database.read() as connection:
        reader = PartyReader(connection)
        department, operator = reader.department(sandbox.DEPARTMENT), reader.system(OPERATOR_SYSTEM)
        code = sandbox.system_code(key_id(key))
        owner = reader.owner_of(key_id(key))
    if registry.mode != "test" or department is None or operator is None:
        raise NotFoundError("sandbox_absent")
    if owner not in (None, code):
        raise OrderError("key_enrolled")
    cert_der = keys.certify_key(
        key, by="authority", common_name=f"TEST {code}", licence_number=sandbox.DEPARTMENT, purpose=Purpose.SYSTEM,
        now=now, until=now + TERM,
    )  # fmt: skip
    content = {
        "code": code,
        "department": sandbox.DEPARTMENT,
        "name": f"沙箱系统 {code}",
        "roles": [Role.ISSUE, Role.PULL],
        "cert": encode(cert_der),
    }
    return _ordered(content, operator, registry, keys, now)


def rights_of(enrolment: Enrolment, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return what the new system may try, and a holder that nobody else has been given (one of a hundred million)."""
    serial = int.from_bytes(registry.random(4), "big") % _SERIALS
    return {
        "system": enrolment.content["code"],
        "cert": enrolment.content["cert"],
        "department": sandbox.DEPARTMENT,
        "issuing_body": sandbox.DEPARTMENT,
        "officer": sandbox.OFFICER,
        "certificate_type": sandbox.CERTIFICATE_TYPE,
        "item_code": sandbox.ITEM,
        "rule": sandbox.RULE,
        "holder": sandbox.holder_number(serial),
        "ends_at": (now + TERM).isoformat(),
    }


def _ordered(
    content: Mapping[str, Any], operator: System, registry: Registry, keys: KeyFolder, now: datetime
) -> Enrolment:
    order = order_here(
        content, Ordered.ENTITLE, keys=keys, audience=registry.origin, now=now, random=registry.random
    )  # fmt: skip
    facts = read_cert_unverified(operator.cert_der)
    verified = verify_statement(
        order["statement"], act=Ordered.ENTITLE, system=operator,
        key=VerificationKey(facts.algorithm, facts.public_key), key_id=facts.key_id, officer=None,
        audience=registry.origin, now=now, terms=registry.terms,
    )  # fmt: skip
    check_content(verified, content, order["salt"])
    digest = verified.statement.content_digest or ""
    approvals = verify_approvals(
        order["approvals"], change=Ordered.ENTITLE, content_digest=digest, registry=registry, now=now
    )  # fmt: skip
    return Enrolment(content, verified, approvals, operator)
