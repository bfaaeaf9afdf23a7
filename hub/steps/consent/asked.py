"""A request for a grant, as it is found: by the code that its requester sent, or by who is asked, on its own pages.

Its holders are named when it is kept, so each finds what is asked of it without the code; a code opens it for whoever
was sent it. What it asks is kept encrypted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.errors import GrantError, NotFoundError
from hub.steps.codes import code_mac, read_code
from hub.steps.registry import Registry
from hub.store.grant_request import AskedHolder, GrantRequestReader, StoredRequest
from signing.envelope import decrypt


@dataclass(frozen=True, slots=True)
class Addressed:
    """A request by its name, as `holder` (licence number), who is asked, opens it. `items` limit an agent's sight."""

    request: str
    holder: str
    items: frozenset[str] | None = None


Shown = str | Addressed
"""By what a request is opened: the code that was sent, or as who is asked."""


def find_asked(
    shown: Shown, registry: Registry, now: datetime, connection: Connection
) -> tuple[StoredRequest, list[AskedHolder]]:
    """Return an open request and whom it asks. Raises NotFoundError request_not_found, GrantError code_form,
    request_ended.
    """
    reader = GrantRequestReader(connection)
    stored = _by_name(shown, registry, reader) if isinstance(shown, Addressed) else _by_code(shown, registry, reader)
    if stored is None:
        raise NotFoundError("request_not_found")
    if now >= stored.valid_until:
        raise GrantError("request_ended")
    return stored, reader.holders(stored.request)


def next_of(shown: Shown, holders: Sequence[AskedHolder]) -> str | None:
    """Return who is to answer: of who opened it by its name itself, of a code the first that has not; None for nobody.

    Several holders sign in their order when one code goes round; none waits for another on its own pages.
    """
    own = [each for each in holders if not isinstance(shown, Addressed) or each.holder == shown.holder]
    return next((each.holder for each in own if each.state == "open"), None)


def wish_of(stored: StoredRequest, registry: Registry) -> dict[str, Any]:
    """Return what a request asks, as a wish for a grant (`hub/enterprise/grants.py`) without the parties."""
    opened = decrypt(stored.envelope, masters=registry.masters, context=request_context(stored.request))
    wish: dict[str, Any] = orjson.loads(opened)
    return wish


def request_context(name: str) -> bytes:
    """Return what binds the kept content of a request to its name."""
    return b"request:" + name.encode()


def _by_code(shown: str, registry: Registry, reader: GrantRequestReader) -> StoredRequest | None:
    code = read_code(shown)
    return reader.by_code(code_mac(code, registry)) if code else None


def _by_name(shown: Addressed, registry: Registry, reader: GrantRequestReader) -> StoredRequest | None:
    """Return the request where it asks this holder, within what an agent may see; what it does not is not found."""
    stored = reader.get(shown.request)
    if stored is None or all(each.holder != shown.holder for each in reader.holders(stored.request)):
        return None
    return stored if shown.items is None or wish_of(stored, registry)["item_code"] in shown.items else None
