"""TEST ONLY: plays the authenticator apps of the demonstration's officers, and remembers their passwords.

A stranger who tries the hub has no phone with these secrets on it. They lie in the clear in a file of the key folder:
that is what makes it a simulator; it refuses production.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from connectors.errors import SimulatorError
from signing.synced import replace_synced
from signing.totp import code_at, step_at

_FILE = "officers.json"


@dataclass(frozen=True, slots=True)
class PlayedOfficer:
    """An officer of the demonstration; `secret` (hex) is what his app was given, `zh` and `en` say who he is."""

    number: str
    password: str
    secret: str
    zh: str
    en: str


class AuthenticatorSimulator:
    """The officers in `folder`."""

    def __init__(self, folder: Path, *, mode: str) -> None:
        """SimulatorError("production") in any mode but "test"."""
        if mode != "test":
            raise SimulatorError("production")
        self._path = folder / _FILE

    def keep(self, officer: PlayedOfficer) -> None:
        """Keep an officer in place of one of the same number."""
        kept = {each.number: each for each in self.officers()} | {officer.number: officer}
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_synced(self._path, json.dumps([asdict(each) for each in kept.values()], ensure_ascii=False).encode())

    def officers(self) -> list[PlayedOfficer]:
        """Return who is played; nobody where the demonstration was not loaded."""
        if not self._path.exists():
            return []
        return [PlayedOfficer(**each) for each in json.loads(self._path.read_text(encoding="utf-8"))]

    def shown(self, now: datetime) -> list[Mapping[str, str]]:
        """Return what the sign-in page shows of each: who he is, number, password, and his app's code of the moment."""
        step = step_at(now.timestamp())
        return [
            {"number": each.number, "password": each.password, "zh": each.zh, "en": each.en}
            | {"code": code_at(bytes.fromhex(each.secret), step)}
            for each in self.officers()
        ]
