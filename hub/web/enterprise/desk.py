"""What every page of an enterprise is handed, and what they have alike: receipts, codes that stay in a browser.

A code is told once and kept by the hub as its keyed digest. So that a page may be loaded again, the browser that was
told keeps it in a cookie of that page alone, which no script reads, for as long as the code counts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from fastapi.responses import Response

from connectors.contract import ELicence
from hub.decisions.facts import Surroundings
from hub.evidence.receipts import Receipts
from hub.steps.registry import Registry
from hub.web.limits import AddressLimit
from hub.web.sessions import Guard, Visit
from schemas.certificate import SHANGHAI

_KEPT = "yizhao-shown"
# A code as it was made (`hub/steps/codes.py`), with its eight digits where it has any.
_CODE = re.compile(r"YZ-[0-9A-Z]{26}(\.[0-9]{8})?")


@dataclass(frozen=True, slots=True)
class Desk:
    """The collaborators of these pages; `surroundings` is what verdicts share, `operator` who runs the hub."""

    registry: Registry
    e_licence: ELicence
    guard: Guard
    limit: AddressLimit
    receipts: Receipts
    surroundings: Callable[[], Surroundings]
    operator: str

    def receipt(self, act_id: str) -> dict[str, Any]:
        """Return what a page tells of an act's receipt."""
        return self.receipts.told(act_id)

    def keep_shown(self, response: Response, path: str, text: str, until: datetime, now: datetime) -> Response:
        """Let the browser keep a code that it was shown once, for the page at `path` alone; anything else is let be."""
        if not _CODE.fullmatch(text):
            return response
        response.set_cookie(
            _KEPT, text, max_age=max(0, int((until - now).total_seconds())), path=path, httponly=True, samesite="lax",
            secure=self.registry.origin.startswith("https://"),
        )  # fmt: skip
        return response


def kept_shown(visit: Visit) -> str:
    """Return the code that the browser kept for this page, or ""."""
    kept = visit.request.cookies.get(_KEPT, "")
    return kept if _CODE.fullmatch(kept) else ""


def name_in(visit: Visit, name: str = "digest") -> str:
    """Return what a page's path names."""
    return str(visit.request.path_params[name])


def end_of_day(text: str) -> str:
    """Return the moment a day is over in China as ISO 8601, of what a form sends as a date; else the text itself."""
    try:
        day = date.fromisoformat(text) + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).isoformat()
    except (ValueError, OverflowError):
        return text
