"""TEST ONLY: the operator's desk at a site whose keys lie in its key folder; it enrols workplace browsers on the spot.

What it makes is the operator's signed order with two persons' approvals, as `yizhao enrol system --terminal` makes it;
the door verifies it as any other. In production the operator enrols a terminal from the request that its page shows.
"""

import secrets
from base64 import standard_b64encode
from datetime import datetime, timedelta
from typing import Any

import orjson

from hub.errors import SetupError
from hub.keyfolder import KeyFolder
from hub.persons import sign_here
from schemas.approval import Change
from schemas.parties import Role
from schemas.statement import SALT_BYTES, TYP, Ordered, content_digest, statement_payload
from signing.algorithms import PublicKey
from signing.base64url import encode
from signing.jws import sign_compact
from signing.x509 import Purpose

OPERATOR_SYSTEM = "operator"
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
        return self._signed(content, now)

    def _signed(self, content: dict[str, Any], now: datetime) -> dict[str, Any]:
        salt = secrets.token_bytes(SALT_BYTES)
        digest = content_digest(content, salt)
        payload = statement_payload(
            act=Ordered.ENTITLE, audience=self._origin, system=OPERATOR_SYSTEM, officer=None,
            issued_at=int(now.timestamp()), jti=encode(secrets.token_bytes(16)), content_digest=digest,
        )  # fmt: skip
        signer = self._keys.signer(f"system:{OPERATOR_SYSTEM}")
        approvals = sign_here(
            Change.ENTITLE, digest, keys=self._keys, audience=self._origin, now=now, random=secrets.token_bytes
        )
        return {
            "statement": sign_compact(orjson.dumps(payload), signer=signer, typ=TYP),
            "salt": standard_b64encode(salt).decode(),
            "content": content,
            "approvals": approvals,
        }
