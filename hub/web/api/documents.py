"""Doors of documents: a holder fetches its own, a requester the copies of its delivery, anybody the public picture.

A document that is not made yet is waited for a little; then the answer is 202, and the same request asks again. Who
may fetch shows it each time: an enterprise by the token it got for its signed application, a department by its own
access token and proof.
"""

import asyncio
import time
from base64 import standard_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from hub.department.access import verify_caller
from hub.documents.archive import Archived, archive_of, file_name
from hub.documents.downloads import (
    Fetchable,
    copies_of_delivery,
    delivery_by_token,
    delivery_of,
    delivery_token,
    documents_of_download,
    download_of,
    open_download,
)
from hub.documents.making import Document, made_document, want_document
from hub.documents.picture import public_picture
from hub.errors import DocumentError, NotFoundError
from hub.sharing.exchange import pull
from hub.steps.consent.applications import draft_application, request_under_grant, verify_application
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange
from hub.store.document import StoredDocument
from hub.store.files import DocumentFiles
from hub.web.api.grants import Identifier, SignedBody
from hub.web.bodies import StrictRoute
from hub.web.callers import bearer, in_thread, moment, presented
from hub.web.limits import AddressLimit
from schemas.parties import Role

Name = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,43}$")]
OneIdentifier = Annotated[str, Path(pattern=r"^[0-9A-Z.]{1,128}$")]
Language = Annotated[Literal["zh", "en"], Query(alias="lang")]
_LOOK_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 1.0
_PICTURE_KEPT = {"cache-control": "no-store", "x-robots-tag": "noindex"}
_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}, 202: {"model": None}}
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}, 202: {"model": None}}


class DownloadWish(BaseModel):
    """What is to be fetched: one's own certificates (none named: all), or with `grant` what that grant gives."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    grant: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    certificates: list[Identifier] = Field(default=[], max_length=100)
    edition: Literal["original", "duplicate", "existing", "copy"] | None = None
    language: Literal["zh", "en"] = "zh"


@dataclass(frozen=True, slots=True)
class Counter:
    """What the doors hand documents out with. `wake` tells the makers; `wait_seconds` is how long a door waits."""

    registry: Registry
    files: DocumentFiles
    wake: Callable[[], None]
    wait_seconds: float

    async def hand_out(self, wanted: Fetchable) -> Response:
        """Answer with one document, or with 202 while it is being made."""
        found = await self._made([wanted])
        if not all(found):
            return _being_made(found)
        (stored,) = (each for each in found if each is not None)
        archived = self._archived(wanted, stored)
        digest = standard_b64encode(bytes.fromhex(stored.sha256)).decode()
        headers = _saved_as(file_name(archived)) | {"repr-digest": f"sha-256=:{digest}:"}
        pdf = await in_thread(self._still_permitted, archived)
        return Response(pdf, media_type="application/pdf", headers=headers)

    async def hand_out_all(self, wanted: Sequence[Fetchable], name: str) -> Response:
        """Answer with a zip of all, or with 202 while some are being made."""
        found = await self._made(wanted)
        if not all(found):
            return _being_made(found)
        archived = [self._archived(one, each) for one, each in zip(wanted, found, strict=True) if each is not None]
        return StreamingResponse(
            archive_of(archived, self._still_permitted, now=moment()),
            media_type="application/zip",
            headers=_saved_as(name),
        )

    async def _made(self, wanted: Sequence[Fetchable]) -> list[StoredDocument | None]:
        """Return what is made, all of it as it may be handed out at this moment; wait a little for what is not.

        Not its bytes: of hundreds they are more than the memory may hold at once.
        """
        ends, pause = time.monotonic() + self.wait_seconds, _LOOK_SECONDS
        found: list[StoredDocument | None] = await in_thread(self._want_all, wanted)
        waited = False
        while not all(found) and time.monotonic() < ends:
            self.wake()
            await asyncio.sleep(pause)
            pause, waited = min(pause * 1.5, _LONGEST_PAUSE_SECONDS), True
            found = await in_thread(self._look_again, wanted, found)
        # What was made first may have been withdrawn while the others were waited for.
        return await in_thread(self._look_again, wanted, [None] * len(found)) if waited else found

    def _want_all(self, wanted: Sequence[Fetchable]) -> list[StoredDocument | None]:
        return [_stored(self._want(each, moment())) for each in wanted]

    def _look_again(
        self, wanted: Sequence[Fetchable], found: Sequence[StoredDocument | None]
    ) -> list[StoredDocument | None]:
        return [each or _stored(self._look(one, moment())) for one, each in zip(wanted, found, strict=True)]

    def _still_permitted(self, each: Archived) -> bytes:
        """Return a document's bytes when its turn comes; what is not permitted any more breaks the answer off."""
        found = self._look(each.fetchable, moment())
        if found is None or found.stored != each.stored:
            raise DocumentError("document_status")
        return found.pdf

    def _want(self, wanted: Fetchable, now: datetime) -> Document | None:
        return want_document(wanted.name, registry=self.registry, files=self.files, now=now)

    def _look(self, wanted: Fetchable, now: datetime) -> Document | None:
        return made_document(wanted.name, registry=self.registry, files=self.files, now=now)

    def _archived(self, wanted: Fetchable, stored: StoredDocument) -> Archived:
        kind = self.registry.catalogue.get(wanted.certificate_type)
        return Archived(wanted, kind.name_zh, stored)


def routes(
    registry: Registry, exchange: Exchange, counter: Counter, draw: Callable[[Any], bytes], limit: AddressLimit
) -> APIRouter:
    """Return the doors; `draw` draws a face as a picture."""
    router = APIRouter(tags=["documents 证照文件"])
    signed = APIRouter(route_class=StrictRoute, dependencies=[Depends(limit)])

    @signed.post("/downloads/drafts", summary="Draft the sentence that asks for documents 起草下载申请")
    async def draft(wish: DownloadWish) -> dict[str, Any]:
        """Return the Chinese sentence that the applicant's e-licence signs. Nothing is stored."""
        return dict(await in_thread(lambda: draft_application(wish.model_dump(), registry=registry, now=moment())))

    @signed.post("/downloads", status_code=201, summary="Ask for documents with an e-licence 申请下载证照文件")
    async def apply(body: SignedBody) -> dict[str, Any]:
        """Take in a signed application. Its own documents: a download with its token. Under a grant: a delivery."""
        return dict(await in_thread(_apply, body, registry, exchange))

    @router.get("/downloads/{name}/documents/{identifier}", summary="One document 下载一份", responses=_PDF)
    async def document(request: Request, name: Name, identifier: OneIdentifier) -> Response:
        """Send the sealed PDF, by the token of the application (Authorization: Bearer)."""
        wanted = await in_thread(_of_download, request, name, registry)
        return await counter.hand_out(_one(wanted, identifier))

    @router.get("/downloads/{name}/archive", summary="All documents in a zip 打包下载", responses=_ZIP)
    async def archive(request: Request, name: Name) -> Response:
        """Send all documents of the application in a zip, with a list of contents."""
        wanted = await in_thread(_of_download, request, name, registry)
        return await counter.hand_out_all(wanted, "证照文件.zip")

    @router.get("/deliveries/{name}/copies/{identifier}", summary="One copy 下载一份加注件", responses=_PDF)
    async def copy(request: Request, name: Name, identifier: OneIdentifier, language: Language = "zh") -> Response:
        """Send the copy of one record of a delivery, to the requester it was delivered to, until it ends."""
        wanted = await in_thread(_of_delivery, request, name, language, registry)
        return await counter.hand_out(_one(wanted, identifier))

    @router.get("/deliveries/{name}/archive", summary="All copies in a zip 打包下载加注件", responses=_ZIP)
    async def copies(request: Request, name: Name, language: Language = "zh") -> Response:
        """Send the copies of a delivery in a zip, with a list of contents."""
        wanted = await in_thread(_of_delivery, request, name, language, registry)
        return await counter.hand_out_all(wanted, "加注件.zip")

    @router.get(
        "/pictures/{reference}",
        summary="The public picture of a certificate 公示图片",
        dependencies=[Depends(limit)],
        responses={200: {"content": {"image/png": {}}}},
    )
    async def picture(reference: str, language: Language = "zh") -> Response:
        """Send a low-resolution picture with the public fields, marked 公示信息 非证照; it bears no seal."""

        def work() -> bytes:
            return public_picture(reference, language=language, registry=registry, draw=draw, now=moment())

        return Response(await in_thread(work), media_type="image/png", headers=_PICTURE_KEPT)

    router.include_router(signed)
    return router


def _apply(body: SignedBody, registry: Registry, exchange: Exchange) -> dict[str, Any]:
    now = moment()
    application = verify_application(body.signed_text(), registry=registry, e_licence=exchange.e_licence, now=now)
    if application.download.grant is None:
        return open_download(application, registry=registry, now=now)
    answer = pull(
        request_under_grant(application.download.grant, registry=registry),
        verified=application.verified,
        system=application.system,
        officer=None,
        key=application.key,
        registry=registry,
        exchange=exchange,
        now=now,
    )
    token = delivery_token(answer["delivery"], registry) if answer["delivery"] else None
    return answer | {"token": token}


def _of_download(request: Request, name: str, registry: Registry) -> list[Fetchable]:
    download = download_of(name, bearer(request), registry=registry, now=moment())
    return documents_of_download(download, registry=registry)


def _of_delivery(request: Request, name: str, language: str, registry: Registry) -> list[Fetchable]:
    now = moment()
    if token := bearer(request):
        delivery = delivery_by_token(name, token, registry=registry, now=now)
    else:
        caller = verify_caller(presented(request), role=Role.PULL, registry=registry, now=now)
        delivery = delivery_of(name, requester=caller.system.department, registry=registry, now=now)
    return copies_of_delivery(delivery, language=language, registry=registry)


def _one(wanted: Sequence[Fetchable], identifier: str) -> Fetchable:
    found = next((each for each in wanted if each.identifier == identifier), None)
    if found is None:
        raise NotFoundError("document_not_found")
    return found


def _stored(found: Document | None) -> StoredDocument | None:
    return found.stored if found else None


def _being_made(found: Sequence[StoredDocument | None]) -> Response:
    state = {"state": "being_made", "made": sum(each is not None for each in found), "of": len(found)}
    return JSONResponse(state, status_code=202, headers={"retry-after": "1", "cache-control": "no-store"})


def _saved_as(name: str) -> dict[str, str]:
    return {
        "content-disposition": f"attachment; filename=\"certificate\"; filename*=UTF-8''{quote(name)}",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
