"""What commands did beside the serving hub, and when: backups and drills, each noted once it is over, the last alone.

A note is a file of the data folder: none holds a path, a key or a field of a certificate. A drill tries things out on a
copy and touches nothing else of the site.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from signing.synced import replace_synced

CHORES = ("backup", "restore_drill", "recovery_drill", "rotation_drill")
_FOLDER = "chores"
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Chore:
    """One that was done: what, when it was over (UTC), whether it passed, and numbers that it told by name."""

    name: str
    done_at: datetime
    passed: bool
    told: Mapping[str, float]


def note_chore(folder: Path, chore: Chore) -> None:
    """Keep the note of a chore in the data folder `folder`, in place of the one before."""
    (folder / _FOLDER).mkdir(parents=True, exist_ok=True)
    content = {"done_at": chore.done_at.isoformat(), "passed": chore.passed, "told": dict(chore.told)}
    replace_synced(folder / _FOLDER / f"{chore.name}.json", json.dumps(content).encode())


def read_chores(folder: Path) -> dict[str, Chore]:
    """Return the last of each chore by its name; one that was never done, or whose note is broken, is not there."""
    found = ((name, _read(folder / _FOLDER / f"{name}.json", name)) for name in CHORES)
    return {name: chore for name, chore in found if chore is not None}


def _read(path: Path, name: str) -> Chore | None:
    try:
        if path.stat().st_size > _LONGEST:
            return None
        content = json.loads(path.read_bytes())
        told = {str(key): float(value) for key, value in content["told"].items()}
        done_at = datetime.fromisoformat(content["done_at"])
        return Chore(name, done_at, content["passed"] is True, told) if done_at.tzinfo is not None else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
