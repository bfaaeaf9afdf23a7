"""Door of archives: a system of the issuing body, its successor or superior fetches a certificate's whole package."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse

from hub.department.access import verify_caller
from hub.evidence.archives.packing import Archive, open_archive, write_archive
from hub.steps.registry import Registry
from hub.store.files import DocumentFiles
from hub.web.callers import in_thread, moment, presented
from schemas.parties import Role

OneIdentifier = Annotated[str, Path(pattern=r"^[0-9A-Z.]{1,128}$")]
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}


def routes(registry: Registry, files: DocumentFiles, status_token: Callable[[int, datetime], str]) -> APIRouter:
    """Return the door; `status_token` signs one status list of a moment, by its number."""
    router = APIRouter(tags=["certificates 证照"])

    @router.get("/archives/{identifier}", summary="Archive package of a certificate 证照档案包", responses=_ZIP)
    async def archive(request: Request, identifier: OneIdentifier) -> StreamingResponse:
        """Send everything of one certificate in a zip that is verified without the hub (verify_archive.py inside)."""

        def work() -> Archive:
            caller = verify_caller(presented(request), role=Role.ISSUE, registry=registry, now=moment())
            now = moment()
            return open_archive(
                identifier,
                system=caller.system,
                registry=registry,
                status_token=lambda number: status_token(number, now),
                now=now,
            )

        headers = {
            "content-disposition": f'attachment; filename="archive-{identifier}.zip"',
            "cache-control": "no-store",
        }
        opened = await in_thread(work)
        return StreamingResponse(write_archive(opened, files=files), media_type="application/zip", headers=headers)

    return router
