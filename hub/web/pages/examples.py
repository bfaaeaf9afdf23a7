"""The examples on the page of the sandbox: files of `hub/web/examples`; a test runs each as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "examples"
_CALLS = (
    ("1_sign_in", "取得令牌", "Sign in for a token"),
    ("2_issue", "颁发一份证照", "Issue a certificate"),
    ("3_pull", "为办件调用证照", "Pull it for a case"),
    ("4_change_status", "变更证照状态", "Change its status"),
    ("5_verify", "核验与回执", "Verify it, and get the receipt"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """One call that a department needs, in Python and for a shell with curl."""

    name: str
    zh: str
    en: str
    python: str
    shell: str


@cache
def read_examples() -> Sequence[Example]:
    """Return every example, in the order of the work."""
    return tuple(
        Example(name, zh, en, *((_FOLDER / f"{name}{ending}").read_text("utf-8") for ending in (".py", ".sh")))
        for name, zh, en in _CALLS
    )
