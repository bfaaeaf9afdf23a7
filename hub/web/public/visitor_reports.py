"""Doors of visitors' reports: `/report/{kind}/{reference}` for whoever scanned, and the words for whose task it is.

A form bears a stamp of ours: it was asked for some seconds ago and not yesterday, and sent twice it is one report.
That, a field nobody sees, and a limit of its own by address keep machines out without asking anybody who he is.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from hub.department.access import verify_caller
from hub.errors import AccessError, NotFoundError
from hub.public.visitor_reports import Caps, Scanned, report_for, take_in
from hub.steps.registry import Registry
from hub.store.scan import ScanReader
from hub.web.callers import in_thread, moment, presented
from hub.web.limits import AddressLimit
from hub.web.pages.doors import language_of
from hub.web.public.gathering import gather_subject
from hub.web.public.resolution import Windows
from hub.web.uploads import read_members
from schemas.identifiers import ReferenceFormError, parse_reference
from schemas.visitor_report import LONGEST_WORDS, Trouble, VisitorReport, report_problems
from signing.base64url import encode

Render = Callable[[str, Mapping[str, Any], str], bytes]
Name = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{43}$")]
Kind = Annotated[str, Path(pattern="^[qcsd]$")]
_HEADERS = {"cache-control": "no-store", "vary": "accept-language", "x-robots-tag": "noindex"}
_SOONEST_SECONDS = 2
_LATEST_SECONDS = 12 * 3600


class Stamps:
    """Marks forms with when they were asked for and about what; a stamp is 128 random bits, seconds and an HMAC."""

    def __init__(self, secret: bytes, random: Callable[[int], bytes]) -> None:
        self._secret = secret
        self._random = random

    def make(self, about: str, now: datetime) -> str:
        asked = f"{encode(self._random(16))}.{int(now.timestamp())}"
        return f"{asked}.{self._vouch(asked, about)}"

    def name_of(self, stamp: str, about: str, now: datetime) -> str | None:
        """Return the name of the report a form makes; None for a stamp that is not ours, too soon or too old."""
        asked, _, vouched = stamp.rpartition(".")
        if not hmac.compare_digest(vouched.encode(), self._vouch(asked, about).encode()):
            return None
        age = now.timestamp() - int(asked.rpartition(".")[2])
        return encode(hashlib.sha256(stamp.encode()).digest()) if _SOONEST_SECONDS <= age <= _LATEST_SECONDS else None

    def _vouch(self, asked: str, about: str) -> str:
        return encode(hmac.digest(self._secret, f"report\n{about}\n{asked}".encode(), "sha256"))


def routes(
    registry: Registry,
    reader: ScanReader,
    *,
    stamps: Stamps,
    caps: Caps,
    operator: str,
    render: Render,
    windows: Windows,
    limit: AddressLimit,
) -> APIRouter:
    """Return the public doors. `limit` is that of reports sent, by address."""
    router = APIRouter(include_in_schema=False)

    async def scanned(kind: str, reference: str, request: Request) -> tuple[str, Scanned]:
        if not windows.is_open(request):
            raise AccessError("too_many_requests")
        found = await _find(reader, kind, reference)
        if found is None:
            windows.miss(request)
            registry.refuse_doubtful(moment())
            raise NotFoundError("reference_not_found")
        return f"{kind}/{parse_reference(reference)}", found

    def page(about: str, request: Request, status: int = 200, **shown: Any) -> Response:
        form = {"about": f"/{about}", "stamp": stamps.make(about, moment()), "trouble": "", "words_typed": ""}
        whole = form | {"wrong": {}, "taken": None} | shown
        return Response(render("report", whole, language_of(request)), status, _HEADERS, "text/html; charset=utf-8")

    @router.get("/report/{kind}/{reference}")
    async def form(kind: Kind, reference: str, request: Request) -> Response:
        about, _ = await scanned(kind, reference, request)
        return page(about, request)

    @router.post("/report/{kind}/{reference}")
    async def send(kind: Kind, reference: str, request: Request) -> Response:
        about, found = await scanned(kind, reference, request)
        members = await read_members(request, longest=LONGEST_WORDS + 1)
        typed = {"trouble": members.get("trouble", ""), "words_typed": members.get("words", "")}
        wrong = dict(report_problems(trouble=typed["trouble"], words=typed["words_typed"]))
        name = stamps.name_of(members.get("stamp", ""), about, moment())
        if name is None or members.get("website"):
            # Too soon, too old, or filled in where a person sees nothing: what was typed comes back, to be sent again.
            wrong["stamp"] = "again"
        if wrong:
            return page(about, request, 422, wrong=wrong, **typed)
        await limit(request)
        said = VisitorReport(about, Trouble(typed["trouble"]), typed["words_typed"])
        taken = await in_thread(
            lambda: take_in(
                said, str(name), of=found, operator=operator, caps=caps, registry=registry, now=moment()
            )
        )  # fmt: skip
        return page(about, request, taken=taken)

    return router


def system_routes(registry: Registry) -> APIRouter:
    """Return the door by which the department reads a report whose task is its own."""
    router = APIRouter(tags=["registry 登记"])

    @router.get("/visitor-reports/{name}", summary="A visitor's report to be looked into 待核查的访客反映")
    async def report(request: Request, name: Name) -> dict[str, Any]:
        """Return what a visitor reported, to a system of the department whose task it is; `words` may be erased."""

        def work() -> dict[str, Any]:
            system = verify_caller(presented(request), role=None, registry=registry, now=moment()).system
            return report_for(name, system, registry=registry)

        return dict(await in_thread(work))

    return router


async def _find(reader: ScanReader, kind: str, typed: str) -> Scanned | None:
    """Return whose a reference is, and of a certificate its body; None where nobody has it."""
    try:
        reference = parse_reference(typed)
    except ReferenceFormError:
        return None
    if kind == "q":
        rows = await reader.enterprise(reference, None)
        return Scanned(orjson.loads(rows.head)["licence_number"], None) if rows else None
    if kind == "c":
        rows = await reader.certificate(reference)
        if rows is None:
            return None
        body = orjson.loads(rows.detail or b"{}")
        return Scanned(body["licence_number"], body["issuing_body"])
    subject = await gather_subject(reader, reference, by="site")
    return Scanned(subject.holder, None) if subject and subject.kind[0] == kind else None
