"""TEST ONLY: the operator's desk at a site whose keys lie in its key folder; it enrols browsers on the spot.

What it makes is the operator's signed order with two persons' approvals, as `yizhao enrol system --terminal` and
`yizhao enrol officer --browser` make it; the door verifies it as any other. In production the operator enrols a
terminal, or a person's browser, from the request that its page shows.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from hub.errors import AccessError, SetupError
from hub.steps.keyfolder import KeyFolder
from hub.steps.orders.persons import order_here, persons_here
from schemas.parties import Officer, Role
from schemas.statement import Ordered
from signing.algorithms import PublicKey
from signing.base64url import encode
from signing.x509 import Purpose

_TERM = timedelta(days=365)
_ROLES = (Role.TERMINAL, Role.ISSUE, Role.PULL)
# The operator is content-blind: at its workplaces nothing is issued or pulled.
_OPERATORS_ROLES = (Role.TERMINAL, Role.OPERATE)


class OperatorDesk:
    """The operator's desk of a TEST site; `operator` is the operator's licence number."""

    def __init__(self, keys: KeyFolder, *, origin: str, mode: str, operator: str) -> None:
        """SetupError production_needs_devices in any mode but "test"."""
        if mode != "test":
            raise SetupError("production_needs_devices")
        self._keys = keys
        self._origin = origin
        self._operator = operator

    def order_terminal(self, public_key: PublicKey, code: str, department: str, now: datetime) -> dict[str, Any]:
        """Return the body of the order that enrols a browser's key as a terminal of a department."""
        name = f"TEST {code}"
        cert_der = self._certified(public_key, name, department, Purpose.SYSTEM, now)
        content = {
            "code": code,
            "department": department,
            "name": name,
            "roles": [str(each) for each in (_OPERATORS_ROLES if department == self._operator else _ROLES)],
            "cert": encode(cert_der),
        }
        return self._ordered(content, now)

    def order_person(self, public_key: PublicKey, officer: Officer, now: datetime) -> dict[str, Any]:
        """Return the body of the order that makes a browser's key that of an officer, who keeps his duty.

        Raises AccessError person_key_elsewhere for one whose key lies in the key folder: commands sign with that.
        """
        number = officer.number
        if number in {each.number for each in persons_here(self._keys)}:
            raise AccessError("person_key_elsewhere")
        cert_der = self._certified(public_key, f"TEST {number}", officer.department, Purpose.OFFICER, now)
        content = {
            "number": number,
            "department": officer.department,
            "duty": str(officer.duty),
            "cert": encode(cert_der),
        }
        return self._ordered(content, now, without=number)

    def _certified(self, public_key: PublicKey, name: str, department: str, purpose: Purpose, now: datetime) -> bytes:
        return self._keys.certify_key(
            public_key, by="authority", common_name=name, licence_number=department, purpose=purpose, now=now,
            until=now + _TERM,
        )  # fmt: skip

    def _ordered(self, content: dict[str, Any], now: datetime, *, without: str | None = None) -> dict[str, Any]:
        return order_here(
            content, Ordered.ENTITLE, keys=self._keys, audience=self._origin, now=now, random=secrets.token_bytes,
            without=without,
        )  # fmt: skip
