"""TEST ONLY: the door of the simulated e-licence authority, where a browser has its own key certified.

The key is made in the browser and stays there. In production there is no such door.
"""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from connectors.contract import CertifyKey
from hub.errors import NotFoundError
from hub.steps.registry import Registry
from hub.store.enterprise import EnterpriseReader
from hub.web.bodies import StrictRoute
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit
from schemas.signer_roles import Role
from signing.base64url import encode
from signing.jws import load_jwk


class KeyToCertify(BaseModel):
    """For which enterprise, in which role, the browser's public key (a JWK) is to stand."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    role: Role
    jwk: dict[str, Any] = Field(max_length=16)


def routes(registry: Registry, certify_key: CertifyKey, limit: AddressLimit) -> APIRouter:
    router = APIRouter(
        prefix="/e-licence/simulator", route_class=StrictRoute, include_in_schema=False, dependencies=[Depends(limit)]
    )

    @router.post("/certs", status_code=201)
    async def certify(wanted: KeyToCertify) -> dict[str, str]:
        """Return the cert (DER, base64url) of a TEST e-licence."""

        def work() -> dict[str, str]:
            with registry.database.read() as connection:
                name = _name_of(wanted.licence_number, connection)
            key = load_jwk(wanted.jwk).public_key
            cert = certify_key(key, wanted.licence_number, name, wanted.role, moment())
            return {"cert": encode(cert)}

        return dict(await in_thread(work))

    return router


def _name_of(licence_number: str, connection: Connection) -> str:
    enterprise = EnterpriseReader(connection).get(licence_number)
    if enterprise is None:
        raise NotFoundError("enterprise_not_found")
    return enterprise.name or licence_number
