"""What drills ask of a hub that they put together: may it be relied on, and if not, why.

It is built as `yizhao serve` builds it, and asked in this process: no port is opened.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.settings import Settings


@contextmanager
def opened_hub(settings: "Settings") -> Iterator[Any]:
    """Put a hub together; its trust list is renewed first, where that is due."""
    from hub.app.building import build
    from hub.cli.serve import renew_trust_list

    renew_trust_list(settings, datetime.now(UTC))
    hub = build(settings)
    try:
        yield hub
    finally:
        hub.close()


def ask(settings: "Settings") -> str:
    """Put a hub together and ask it; return why nothing of it can be relied on, or "log" when all is well."""
    import httpx

    async def ask_all(application: Any) -> str:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://drill.example.test") as http:
            ready = (await http.get("/readyz")).json()
            listed = await http.get("/status/0")
        if listed.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return str(listed.json()["code"])
        return "log" if ready["store"] else "store"

    with opened_hub(settings) as hub:
        return asyncio.run(ask_all(hub.application))
