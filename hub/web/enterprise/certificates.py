"""Pages of one's own certificates: by site with their states, when they end (a page and a file), their documents."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from connectors.contract import SignedText
from hub.documents.downloads import documents_of_download, open_download, own_download
from hub.errors import NotFoundError
from hub.public.lookup import look_up_enterprise
from hub.steps.certificates.renewals import own_endings
from hub.steps.consent.applications import draft_application, verify_application
from hub.store.scan import ScanReader
from hub.web.api.documents import Counter
from hub.web.callers import in_thread, moment
from hub.web.enterprise.calendar_file import MEDIA, calendar_file
from hub.web.enterprise.desk import Desk, name_in
from hub.web.enterprise.entrance import HOME
from hub.web.enterprise.stepping import Step, Told, add_step, lead_to
from hub.web.public.gathering import gather_beside
from hub.web.sessions import Visit

CERTIFICATES = f"{HOME}/certificates"
DOWNLOADS = f"{HOME}/downloads"
_MENU = "certificates"
PAGE = 100
_LONGEST_PAGE = 6
_IDENTIFIER = re.compile(r"[0-9A-Z.]{1,128}")


def routes(desk: Desk, reader: ScanReader, counter: Counter) -> APIRouter:
    """Return the doors; `reader` reads composed answers, `counter` hands documents out."""
    router = APIRouter(include_in_schema=False)
    registry, guard = desk.registry, desk.guard

    @guard.page
    async def listed(visit: Visit) -> Response:
        asked = visit.request.query_params.get("page", "")
        page = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= _LONGEST_PAGE else None
        rows = await reader.holder(visit.session.party, page)
        if rows is None:
            return guard.show(visit, "own_certificates", {"place": _MENU, "sites": [], "pages": [], "total": 0})
        look_up = partial(look_up_enterprise, rows, beside=await gather_beside(reader, rows))
        answer = await in_thread(lambda: look_up(surroundings=desk.surroundings(), now=moment()))
        return guard.show(visit, "own_certificates", {**answer, "place": _MENU})

    @guard.page
    async def ends(visit: Visit) -> Response:
        endings = await in_thread(partial(own_endings, visit.session.party, registry=registry, now=moment()))
        behind = visit.request.query_params.get("after", "")
        left = [each for each in endings if _told(each) > behind]
        after = _told(left[PAGE - 1]) if len(left) > PAGE else ""
        return guard.show(visit, "own_calendar", {"endings": left[:PAGE], "after": after, "place": _MENU})

    @guard.page
    async def as_file(visit: Visit) -> Response:
        now = moment()
        endings = await in_thread(partial(own_endings, visit.session.party, registry=registry, now=now))
        headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="certificates.ics"'}
        return Response(calendar_file(endings, origin=registry.origin, now=now), media_type=MEDIA, headers=headers)

    @guard.page
    async def download(visit: Visit) -> Response:
        def read() -> Told:
            found = own_download(name_in(visit, "name"), visit.session.party, registry=registry, now=moment())
            documents = documents_of_download(found, registry=registry)
            kinds = {each.certificate_type: registry.catalogue.get(each.certificate_type) for each in documents}
            lines = [
                {
                    "identifier": each.identifier,
                    "number": each.certificate_number,
                    "name_zh": kinds[each.certificate_type].name_zh,
                    "name_en": kinds[each.certificate_type].name_en,
                }
                for each in documents
            ]
            receipt = desk.receipt(found.act_id)
            return {"name": found.download, "ends_at": found.ends_at.isoformat(), "lines": lines, "receipt": receipt}

        return guard.show(visit, "own_download", {**await in_thread(read), "place": _MENU})

    @guard.page
    async def document(visit: Visit) -> Response:
        def read() -> Any:
            found = own_download(name_in(visit, "name"), visit.session.party, registry=registry, now=moment())
            for each in documents_of_download(found, registry=registry):
                if each.identifier == name_in(visit, "identifier"):
                    return each
            raise NotFoundError("document_not_found")

        response = await counter.hand_out(await in_thread(read))
        if response.status_code != 202:
            return response
        # Being made: the page says so, and loads itself again.
        return guard.show(visit, "document_waiting", {"place": _MENU})

    router.add_api_route(CERTIFICATES, listed, methods=["GET"])
    router.add_api_route(f"{CERTIFICATES}/calendar", ends, methods=["GET"])
    router.add_api_route(f"{CERTIFICATES}/calendar.ics", as_file, methods=["GET"])
    add_step(router, desk, _downloading(desk))
    router.add_api_route(f"{DOWNLOADS}/{{name}}", download, methods=["GET"])
    router.add_api_route(f"{DOWNLOADS}/{{name}}/{{identifier}}", document, methods=["GET"])
    return router


def _told(ending: Told) -> str:
    """Return the place of one in the list: it is in the order of these."""
    return f"{ending['valid_to']}.{ending['identifier']}"


def _downloading(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        asked = visit.get("certificate") or visit.request.query_params.get("certificate", "")
        shown = {
            "certificate": asked if _IDENTIFIER.fullmatch(asked) else "",
            "edition": visit.get("edition") or "original",
            "problem": problem,
            "place": _MENU,
        }
        return desk.guard.show(visit, "download_form", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        wish = {
            "licence_number": visit.session.party,
            "certificates": [each for each in visit.all("certificate") if each],
            "edition": visit.get("edition"),
            "language": visit.language,
        }
        return draft_application(wish, registry=registry, now=moment())

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        now = moment()
        application = verify_application(signed, registry=registry, e_licence=desk.e_licence, now=now)
        return open_download(application, registry=registry, now=now)

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(f"{DOWNLOADS}/{answer['download']}" if answer else CERTIFICATES, visit)

    return Step(path=f"{DOWNLOADS}/new", form=form, draft=draft, perform=perform, done=done, menu=_MENU)
