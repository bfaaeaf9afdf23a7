"""One vector, and how it lies in the tree: a folder named after the fault, with the file and `expected.json`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Vector:
    """A file broken in one way. `reason` is why it is refused, None for one that is accepted."""

    name: str
    content: bytes
    reason: str | None = None

    @property
    def expected(self) -> dict[str, str]:
        """What has to become of it."""
        return {"expected": "accepted"} if self.reason is None else {"expected": "refused", "reason": self.reason}


def write_vectors(vectors: Iterable[Vector], folder: Path, file_name: str) -> None:
    """Write each into its folder below `folder`."""
    for vector in vectors:
        place = folder / vector.name
        place.mkdir(parents=True)
        (place / file_name).write_bytes(vector.content)
        (place / "expected.json").write_text(json.dumps(vector.expected) + "\n")
