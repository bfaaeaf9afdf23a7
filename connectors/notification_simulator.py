"""TEST ONLY: plays the city's message service; what it is given lies in a folder, where a page reads it.

One file for each message, named by the digest of its key: a message that is sent again is there once.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import orjson

from connectors.contract import Notification
from connectors.errors import NotificationError, SimulatorError

_MOST = 200
_RECIPIENT = re.compile(r"[0-9A-Z]{18}")


class NotificationSimulator:
    """A TEST message service in `folder`. SimulatorError("production") in any mode but "test"."""

    def __init__(self, folder: Path, *, mode: str) -> None:
        if mode != "test":
            raise SimulatorError("production")
        self._folder = folder

    def send(self, notification: Notification) -> None:
        """See `Notifications.send`."""
        if not _RECIPIENT.fullmatch(notification.recipient):
            raise NotificationError
        folder = self._folder / notification.recipient
        path = folder / f"{sha256(notification.key.encode()).hexdigest()}.json"
        written = path.with_suffix(f".{os.getpid()}.part")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            written.write_bytes(orjson.dumps(asdict(notification)))
            written.replace(path)
        except OSError as error:
            raise NotificationError from error

    def sent_to(self, recipient: str) -> Sequence[Notification]:
        """See `NotificationOutbox.sent_to`."""
        if not _RECIPIENT.fullmatch(recipient):
            return []
        found = [orjson.loads(path.read_bytes()) for path in (self._folder / recipient).glob("*.json")]
        read = [Notification(**{**each, "made_at": datetime.fromisoformat(each["made_at"])}) for each in found]
        return sorted(read, key=lambda each: (each.made_at, each.key), reverse=True)[:_MOST]
