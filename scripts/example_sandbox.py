"""The sandbox of a TEST hub: its department, officers, issuing body and seal, and its line of the sharing table.

Systems are not enrolled here: whoever wants one gets it from `/api/v1/sandbox/systems`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hub.cli.keys import make_key
from hub.client import Client
from hub.steps.keyfolder import KeyFolder
from schemas.sandbox import (
    AREA,
    CASE_PATTERN,
    CERTIFICATE_TYPE,
    DEPARTMENT,
    FIELDS,
    ITEM,
    OFFICER,
    RULE,
)
from schemas.statement import ENROLMENT_ACTS, Ordered
from signing.x509 import Purpose

_NAME_ZH, _NAME_EN = "示例沙箱部门", "Example sandbox department"
_SINCE = "2000-01-01"


def enrol_sandbox(operator: Client, keys: KeyFolder) -> None:
    """Enrol the department and body and make its seal key, which counts from the next trust list."""

    def enrol(noun: str, **content: Any) -> None:
        operator.order(f"/api/v1/{noun}", ENROLMENT_ACTS[noun], content)

    names = {"licence_number": DEPARTMENT, "name_zh": _NAME_ZH, "name_en": _NAME_EN}
    enrol("departments", **names)
    enrol("officers", number=OFFICER, department=DEPARTMENT)
    enrol(
        "issuing-bodies", department=DEPARTMENT, area=AREA, from_on=_SINCE,
        competences=[{"certificate_type": CERTIFICATE_TYPE, "from_on": _SINCE}], **names,
    )  # fmt: skip
    make_key(keys, f"seal:{DEPARTMENT}", _NAME_ZH, DEPARTMENT, Purpose.SEAL, datetime.now(UTC))


def share_with_sandbox(operator: Client, provider: str, approve: Callable[[dict[str, Any]], object]) -> None:
    """Put the sandbox's line of the sharing table; `approve` answers for `provider`, the department of the type."""
    content = {
        "code": RULE,
        "requester": DEPARTMENT,
        "item_code": ITEM,
        "item_name": "沙箱试用事项",
        "legal_basis": "沙箱试用，无法律依据",
        "case_pattern": CASE_PATTERN,
        "fields": {CERTIFICATE_TYPE: list(FIELDS)},
        "from_on": _SINCE,
        "providers": {CERTIFICATE_TYPE: provider},
    }
    put = operator.order("/api/v1/sharing-rules", Ordered.SHARE, content)
    if put["state"] == "asked":
        approve(put)
