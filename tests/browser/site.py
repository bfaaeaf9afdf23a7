"""Every page in every state, served under the hub's own security headers: what browsers are shown."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from prometheus_client import CollectorRegistry

from hub.decisions.answers import Body
from hub.public.examination.forms import read_examined
from hub.public.examination.kept import kept_payload, read_kept, tell_kept
from hub.public.examination.report import told, without_verdict
from hub.public.lookup import About, look_up_subject
from hub.web import problems
from hub.web.observation import Observation
from hub.web.pages import Pages
from hub.web.pages.doors import language_of, routes
from hub.web.pages.static import static_app
from hub.web.pages.text_size import TextSize
from hub.web.public import qr
from schemas.parties import Subject
from schemas.wording import REASONS
from tests.browser.own_states import HOSTILE, LONG, own_states
from tests.web import shown

Answer = Mapping[str, Any]
SCREENS = Path(__file__).parents[2] / "var" / "pages"
_BODIES = {str(body["reference"]): body for body in shown.every_state()}
_PICTURE = (Path(__file__).parents[2] / "hub" / "web" / "static" / "mark.svg").read_bytes()


def states() -> dict[str, tuple[str, Answer]]:
    """Return a name for each page in each state → the page and its answer."""
    of_type = {body["type"]: shown.certificate(body) for body in _BODIES.values()}
    renewed = shown.certificate(shown.make_body(1))
    why = REASONS["renewal_deemed"]
    renewed["verdict"] |= {"reason": "renewal_deemed", "reason_zh": why.zh, "reason_en": why.en}
    return {
        "enterprise": ("enterprise", shown.enterprise(*_BODIES.values())),
        "enterprise-good": ("enterprise", shown.enterprise(shown.make_licence(), shown.make_body(1))),
        "enterprise-many": ("enterprise", shown.enterprise(shown.make_licence(), *map(shown.make_body, range(1, 250)))),
        "enterprise-of-many-not-good": ("enterprise", shown.chosen("not_good", *_BODIES.values())),
        "enterprise-of-5000-good": ("enterprise", shown.chosen("valid", *_five_thousand())),
        "enterprise-not-covered": ("enterprise", shown.enterprise()),
        "certificate-valid": ("certificate", of_type["food_operation_permit"]),
        "certificate-suspended": ("certificate", of_type["publication_retail_permit"]),
        "certificate-expired": ("certificate", of_type["fire_safety_inspection"]),
        "certificate-withdrawn": ("certificate", of_type["tobacco_retail_licence"]),
        "certificate-unknown": ("certificate", of_type["road_freight_permit"]),
        "certificate-being-renewed": ("certificate", renewed),
        "certificate-replaced": ("certificate", _replaced()),
        "certificate-hostile": ("certificate", _hostile(HOSTILE)),
        "certificate-long": ("certificate", _hostile(LONG)),
        "enterprise-hostile": ("enterprise", shown.enterprise(shown.make_body(1, number=HOSTILE), name=HOSTILE)),
        "copy": ("copy", shown.copy("ended")),
        "subject": ("subject", _site()),
        "kept": ("kept", _kept()),
        "report": ("report", _report(wrong={}, taken=None)),
        "report-wrong": ("report", _report(wrong={"trouble": "missing", "words": "short"}, taken=None)),
        "report-taken": ("report", _report(wrong={}, taken=_TAKEN)),
        "verify": ("verify", {"result": None}),
        "verify-result": ("verify", {"result": _RESULT}),
        "verify-not-ours": ("verify", {"result": told(without_verdict(read_examined(b"hello", origin=shown.ORIGIN)))}),
        "resolve": ("resolve", {"result": None}),
        "search": ("search", {}),
        "start": ("start", {}),
        "components": ("gallery", {}),
        "sheet": ("sheet", {"stickers": [shown.sticker()]}),
        **own_states(),
        "no-such-code": ("problem", _problem("reference_not_found")),
        "code-retired": ("problem", _problem("reference_retired")),
        "too-many-tries": ("problem", _problem("too_many_requests")),
        "rolled-back": ("problem", _problem("store_rolled_back")),
        "recovered": ("problem", _problem("store_recovered")),
        "log-silent": ("problem", _problem("log_silent")),
    }


_TAKEN = {
    "report": "A" * 43,
    "due_on": "2026-12-16",
    "recipient_zh": "示例市市场监督管理局",
    "recipient_en": "An office",
}
_RESULT = {
    "outcome": "not_valid", "outcome_zh": "不可采用", "outcome_en": "Do not rely on it",
    "reason_zh": "文件被改动过，请勿采用。", "reason_en": "It was altered; do not rely on it.",
    "next_zh": "请索取原件。", "next_en": "Ask for the original.", "opens": ["/q/" + shown.REFERENCE],
    "checks": [
        {"zh": "电子签章", "en": "Electronic seal", "result": "failed", "result_zh": "不通过", "result_en": "failed",
         "reason_zh": None, "reason_en": None},
    ],
    "facts": [{"zh": "证照类型", "en": "Type", "value": HOSTILE}],
}  # fmt: skip


def _five_thousand() -> list[Body]:
    """A holder of five thousand permits, one in ten of which has expired or is suspended."""
    ends: dict[int, dict[str, Any]] = {
        0: {"valid_to": "2026-01-31"},
        5: {"status": "suspended", "status_since": "2026-11-01"},
    }
    return [shown.make_licence(), *(shown.make_body(slot, **ends.get(slot % 20, {})) for slot in range(1, 5_000))]


def _problem(code: str) -> Answer:
    facts = {"retired_on": "2026-11-01"} if code == "reference_retired" else {}
    return {"problem": problems.document(code, "0123456789abcdef", facts)}


def _replaced() -> Answer:
    ends = {"status": "superseded", "status_since": "2026-09-01", "previous": "A" * 26, "next": "B" * 26}
    return shown.certificate(shown.make_body(3, **ends))


def _hostile(text: str) -> Answer:
    body = shown.make_body(1, body_name=text, number=text[:64], holder_name=text + "2")
    body["changes"] = [shown.make_change("withdraw", "2026-01-01") | {"ground": text}]
    return shown.certificate(body, name=text, address=text)


def _site() -> Answer:
    site = Subject("S-0123456789", "site", "0" * 26, shown.HOLDER, "示例分店", shown.ADDRESS, None)
    return look_up_subject(site, About([]), surroundings=shown.SURROUNDINGS, now=shown.NOW)


def _kept() -> Answer:
    """A kept result whose holder had a permit suspended since, and another that is not found any more."""
    then = shown.enterprise(shown.make_licence(), shown.make_body(1), shown.make_body(2))
    suspended = shown.make_body(1, status="suspended", status_since="2026-11-20", until="2027-01-31")
    now = shown.enterprise(shown.make_licence(), suspended)
    kept = read_kept(orjson.loads(kept_payload(then, origin=shown.ORIGIN)), None)
    verdicts = {each["reference"]: each["verdict"] for each in now["certificates"]}
    later = shown.NOW + timedelta(days=1)
    answer = tell_kept(kept, verdicts, name_now="示例新名有限公司", catalogue=shown.CATALOGUE, now=later)
    return answer | {"link": "/kept/x", "in_wechat": False}


def _report(**said: Any) -> Answer:
    return {"about": f"/q/{shown.REFERENCE}", "stamp": "x", "trouble": "false_code", "words_typed": HOSTILE} | said


def application() -> Observation:
    """Return the application: `/shown/{state}` for each state, and the pages that lead from one to another."""
    app = FastAPI(openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    pages, all_states = Pages("test", shown.ORIGIN), states()

    async def state(request: Request, name: str) -> HTMLResponse:
        page, answer = all_states[name]
        return HTMLResponse(pages.render(page, answer, language_of(request)))

    async def enterprise(request: Request) -> HTMLResponse:
        verdict = request.query_params.get("verdict", "")
        if not verdict:
            return await state(request, "enterprise")
        answer = shown.chosen(verdict, *_BODIES.values())
        return HTMLResponse(pages.render("enterprise", answer, language_of(request)))

    async def certificate(request: Request, reference: str) -> HTMLResponse:
        answer = shown.certificate(_BODIES[reference])
        return HTMLResponse(pages.render("certificate", answer, language_of(request)))

    async def picture() -> Response:
        return Response(_PICTURE, media_type="image/svg+xml")

    problems.register(app, pages.render)
    app.include_router(routes(pages, app.openapi))
    app.include_router(qr.routes(shown.ORIGIN))
    app.mount("/static", static_app())
    app.add_api_route("/shown/{name}", state)
    app.add_api_route(f"/q/{shown.REFERENCE}", enterprise)
    app.add_api_route("/c/{reference}", certificate)
    app.add_api_route("/kept/x/picture.png", picture)
    app.add_api_route("/search", partial(state, name="search"))
    observed = TextSize(app, secure=False)
    return Observation(observed, metrics=CollectorRegistry(), failure=problems.failure)
