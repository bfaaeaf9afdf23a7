"""TEST ONLY: the operator's desk at a site whose keys lie in its key folder; it enrols workplace browsers on the spot.

What it makes is the operator's signed order with two persons' approvals, as `yizhao enrol system --terminal` makes it;
the door verifies it as any other. In production the operator enrols a terminal from the request that its page shows.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from hub.errors import SetupError
from hub.steps.keyfolder import KeyFolder
from hub.steps.orders.persons import order_here
from schemas.parties import Role
from schemas.statement import Ordered
from signing.algorithms import PublicKey
from signing.base64url import encode
from signing.x509 import Purpose

_TERM = timedelta(days=365)
_ROLES = (Role.TERMINAL, Role.ISSUE, Role.PULL)


class OperatorDesk:
    """The operator's desk of a TEST site."""

    def __init__(self, keys: KeyFolder, *, origin: str, mode: str) -> None:
        """SetupError production_needs_devices in any mode but "test"."""
        if mode != "test":
            raise SetupError("production_needs_devices")
        self._keys = keys
        self._origin = origin

    def order_terminal(self, public_key: PublicKey, code: str, department: str, now: datetime) -> dict[str, Any]:
        """Return the body of the order that enrols a browser's key as a terminal of a department."""
        name = f"TEST {code}"
        cert_der = self._keys.certify_key(
            public_key, by="authority", common_name=name, licence_number=department, purpose=Purpose.SYSTEM,
            now=now, until=now + _TERM,
        )  # fmt: skip
        content = {
            "code": code,
            "department": department,
            "name": name,
            "roles": [str(each) for each in _ROLES],
            "cert": encode(cert_der),
        }
        return order_here(
            content, Ordered.ENTITLE, keys=self._keys, audience=self._origin, now=now, random=secrets.token_bytes
        )
