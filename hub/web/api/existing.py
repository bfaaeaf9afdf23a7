"""Door of existing documents (存量): a department's system hands in a PDF that its issuing body had sealed before."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import ValidationError

from hub.department.access import Caller, verify_caller
from hub.documents.existing import CheckSeal, read_existing_order, take_in
from hub.steps.registry import Registry
from hub.store.files import DocumentFiles
from hub.web.bodies import LONGEST_JSON, BodyError
from hub.web.callers import OrderBody, in_thread, moment, presented, verify_order
from hub.web.limits import Room, Turns
from hub.web.uploads import read_parts
from schemas.parties import Role
from schemas.statement import Ordered
from signing.errors import MalformedTokenError
from signing.jws import parse_json

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["order", "file"],
                    "properties": {
                        "order": {"type": "string", "contentMediaType": "application/json"},
                        "file": {"type": "string", "contentMediaType": "application/pdf"},
                    },
                }
            }
        },
    }
}


def routes(
    registry: Registry, files: DocumentFiles, check_seal: CheckSeal, turns: Turns, room: Room, *, longest: int
) -> APIRouter:
    """Return the door. `check_seal` runs in `turns`; `longest` is the longest file it takes, in bytes."""
    router = APIRouter(tags=["documents 证照文件"])

    def work(request: Request, caller: Caller, parts: Mapping[str, bytes]) -> dict[str, Any]:
        order = _read_order(parts.get("order", b""))
        called = verify_order(request, order, caller=caller, act=Ordered.TAKE_IN, registry=registry)
        return take_in(
            read_existing_order(order.content),
            parts.get("file", b""),
            verified=called.verified,
            system=caller.system,
            key=called.key,
            registry=registry,
            files=files,
            check_seal=check_seal,
            now=called.now,
        )

    @router.post(
        "/existing-documents",
        status_code=201,
        summary="Hand in an existing document 提交存量证照文件",
        openapi_extra=_BODY,
    )
    async def hand_in(request: Request, idempotency_key: Annotated[str | None, Header()] = None) -> dict[str, Any]:
        """Take in a sealed PDF as it is: `order` (statement, salt, content) as JSON, and the `file` it names by digest.

        The content holds identifier, issuing_body, file_sha256 and origin (where the file comes from).
        """
        caller = await in_thread(_caller, request, registry)
        with room.reserved(request, longest + LONGEST_JSON):
            parts = await read_parts(request, longest + LONGEST_JSON)
            if len(parts.get("file", b"")) > longest:
                raise BodyError("body_too_long", longest=longest)
            async with turns.turn(request):
                answer: dict[str, Any] = await in_thread(work, request, caller, parts)
        return answer

    return router


def _caller(request: Request, registry: Registry) -> Caller:
    return verify_caller(presented(request), role=Role.ISSUE, registry=registry, now=moment())


def _read_order(raw: bytes) -> OrderBody:
    try:
        return OrderBody.model_validate(parse_json(raw, max_bytes=LONGEST_JSON))
    except (MalformedTokenError, ValidationError):
        raise BodyError("body_malformed") from None
