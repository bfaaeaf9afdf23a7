"""Doors of publication: trust list, keys, status lists, the catalogue, and whether the hub is well."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from hub.custody.installation import TrustInForce
from hub.errors import NotFoundError
from hub.public.publication import coverage, jwks
from hub.public.status_lists import SignedList, StatusLists
from hub.steps.registry import Registry
from hub.web.callers import in_thread, moment
from schemas.catalogue import CertificateType, CertificateTypeUnknownError


def routes(
    registry: Registry,
    trust: TrustInForce,
    lists: StatusLists,
    metrics: CollectorRegistry,
    readiness: Callable[[], dict[str, Any]],
) -> APIRouter:
    router = APIRouter(tags=["publication 公开"])

    @router.get("/.well-known/yizhao-trust-list", summary="Trust list 信任列表")
    async def trust_list() -> Response:
        """The signed trust list (JWS, JSON serialisation) that verifiers pin by its root set."""
        headers = {"cache-control": "public, max-age=60"}
        return Response(trust.raw, media_type="application/jose+json", headers=headers)

    @router.get("/.well-known/jwks.json", summary="Keys of the hub 平台公钥")
    async def keys() -> dict[str, Any]:
        return jwks(registry=registry, now=moment())

    @router.get("/status/{number}", summary="Status list 状态列表")
    async def status(number: int, request: Request) -> Response:
        """One status list of 65,536 places (IETF Token Status List); 304 for whoever names the ETag it has."""
        return _listed(await in_thread(lambda: lists.get(number, moment())), request, lists)

    @router.get("/api/v1/catalogue", summary="Certificate types 证照目录")
    async def catalogue() -> dict[str, Any]:
        """All certificate types, in their newest version."""
        return {"certificate_types": [_described(each) for each in registry.catalogue.current()]}

    @router.get("/api/v1/catalogue/{code}/{version}", summary="One certificate type 一种证照")
    async def certificate_type(code: str, version: int) -> dict[str, Any]:
        try:
            return _described(registry.catalogue.get(code, version))
        except CertificateTypeUnknownError:
            raise NotFoundError("type_not_found") from None

    @router.get("/api/v1/coverage", summary="What is held of each type and body 收录范围")
    async def covered() -> list[dict[str, Any]]:
        """Return the coverage that was declared: complete since a day, partial, or not connected; and last heard."""
        found: list[dict[str, Any]] = await in_thread(partial(coverage, registry=registry))
        return found

    @router.get("/healthz", summary="The process is alive 存活", include_in_schema=False)
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="The hub can act 就绪", include_in_schema=False)
    async def ready() -> Response:
        found = await in_thread(readiness)
        status_code = 200 if found["ready"] else 503
        return Response(orjson.dumps(found), status_code=status_code, media_type="application/json")

    @router.get("/metrics", include_in_schema=False)
    async def measured() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return router


def _listed(found: SignedList, request: Request, lists: StatusLists) -> Response:
    packed = _takes_gzip(request.headers.get("accept-encoding", ""))
    etag = f'"{found.etag}{"-gzip" if packed else ""}"'
    headers = {"cache-control": f"public, max-age={int(lists.term.total_seconds())}", "etag": etag}
    headers["vary"] = "accept-encoding"
    had = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if etag in had or "*" in had:
        return Response(status_code=304, headers=headers)
    if packed:
        headers["content-encoding"] = "gzip"
    content = found.gzipped if packed else found.token
    return Response(content, media_type="application/statuslist+jwt", headers=headers)


def _takes_gzip(accepted: str) -> bool:
    """Say whether an Accept-Encoding names gzip, and not with a weight of nought (RFC 9110 section 12.5.3)."""
    for each in accepted.split(","):
        name, _, weight = each.partition(";")
        if name.strip().lower() == "gzip":
            return re.fullmatch(r"\s*q=0(\.0{0,3})?\s*", weight.lower()) is None
    return False


def _described(kind: CertificateType) -> dict[str, Any]:
    return {
        "code": kind.code,
        "version": kind.version,
        "digest": kind.digest,
        "name_zh": kind.name_zh,
        "name_en": kind.name_en,
        "items": list(kind.items),
        "competent_department": kind.competent_department,
        "type_code": kind.type_code,
        "provisional": kind.provisional,
        "kind": str(kind.kind),
        "subject": str(kind.subject),
        "sharing_class": str(kind.sharing_class),
        "fields": [
            {
                "name": field.name, "label_zh": field.label_zh, "label_en": field.label_en, "form": str(field.form),
                "class": str(field.field_class), "sharing_class": str(field.sharing_class),
                "required_on": sorted(map(str, field.required_on)), "choices": list(field.choices),
            }
            for field in kind.fields
        ],
    }  # fmt: skip
