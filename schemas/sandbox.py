"""The sandbox: the made-up department that anybody may try a TEST hub with, and what it is kept to.

Its area is one that no real division has. Whoever belongs to it deals with holders of that area only, by a closed list
of acts; what is of no such area is none of its business.
"""

from typing import Final

from schemas.identifiers import as_typed, make_licence_number
from schemas.statement import Ordered

AREA: Final = "990000"
DEPARTMENT: Final = make_licence_number(f"11{AREA}", "00010001")
OFFICER: Final = "sandbox-001"
CERTIFICATE_TYPE: Final = "travel_agency_permit"
RULE: Final = "rule-sandbox"
ITEM: Final = "1.13"
CASE_PATTERN: Final = "[0-9]{4}-[0-9]{6}"
FIELDS: Final = ("permitted_business", "quality_deposit")
ACTS: Final = frozenset({Ordered.ISSUE, Ordered.CHANGE_STATUS, Ordered.PULL, Ordered.COMPARE})
"""All that a system of the sandbox may order."""


def is_sandbox(licence_number: str) -> bool:
    """Say whether a department, body or holder belongs to the sandbox, by the area in its licence number."""
    return as_typed(licence_number)[2:8] == AREA


def holder_number(serial: int) -> str:
    """Return the licence number of a made-up holder of the sandbox; `serial` is below a hundred million.

    A public institution, so that its permits need no business licence to be valid.
    """
    return make_licence_number(f"12{AREA}", f"{serial:08d}")


def system_code(key_id: str) -> str:
    """Return the code of the sandbox's system that has this key, by the key's id (`signing/algorithms.py`)."""
    return f"sandbox-{key_id}"
