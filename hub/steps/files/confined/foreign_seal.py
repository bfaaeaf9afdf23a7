"""Whether the seal of a PDF that another system made holds, by the anchors a site has configured (存量).

The file is taken apart and checked in a confined child (`foreign_seal_child`). It comes from a department that signed
for it, and what the child says is told as what it is: a check made when the file was taken in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import DocumentError
from hub.steps.files.confined.children import LARGEST_ANSWER, Children, program_of
from hub.steps.files.confined.octets import joined, split

CHECK_ONE_SEAL = program_of("hub.steps.files.confined.foreign_seal_child")
_LONGEST_SUBJECT = 256
_REASONS = frozenset({"unreadable", "no_seal", "seal", "changed", "weak", "not_trusted", "time", "too_slow"})


@dataclass(frozen=True, slots=True)
class ForeignSeal:
    """Whose seal a file bears: its subject's name, its cert (SHA-256, hex), and when it was made by its own claim."""

    subject: str
    cert_sha256: str
    claimed_at: datetime | None


class SealChecker:
    """Checks files against `anchors` (DER certs), each in a child of its own."""

    def __init__(self, anchors: Sequence[bytes]) -> None:
        self._anchors = tuple(anchors)
        self._children = Children(CHECK_ONE_SEAL)

    def __call__(self, pdf: bytes, now: datetime) -> ForeignSeal:
        """Return the last seal of a file all of whose seals hold.

        Raises DocumentError existing_off where there is no anchor, existing_seal with the reason; OSError when no child
        can be started.
        """
        if not self._anchors:
            raise DocumentError("existing_off")
        said = self._children.ask(joined(*self._anchors, now.isoformat().encode(), pdf))
        if said is None:
            raise DocumentError("existing_seal", reason="too_slow")
        try:
            return _seal(split(said, most=LARGEST_ANSWER))
        except ValueError:
            raise DocumentError("existing_seal", reason="unreadable") from None


def _seal(said: list[bytes]) -> ForeignSeal:
    match said:
        case [b"sealed", subject, digest, claimed]:
            name = "".join(each if each.isprintable() else " " for each in subject.decode())[:_LONGEST_SUBJECT]
            moment = datetime.fromisoformat(claimed.decode()) if claimed else None
            return ForeignSeal(name, bytes.fromhex(digest.decode()).hex(), moment)
        case [b"refused", reason] if reason.decode() in _REASONS:
            raise DocumentError("existing_seal", reason=reason.decode())
    raise ValueError("an answer of no kind")
