"""The whole application, served on a free port of this machine as `yizhao serve` does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from hub.app.building import build
from hub.client import Approver, Client
from hub.settings import Settings
from hub.steps.orders.persons import persons_here
from schemas.statement import Ordered
from tests.flows.world import ORIGIN, World, sharing_rule

Door = tuple[httpx.Client, World]
_OFTEN = "100000/minute"


@contextmanager
def served(url: str, folder: Path, **changes: Any) -> Iterator[httpx.Client]:
    """Serve a hub and yield a client of it."""
    given: dict[str, Any] = {"scan_misses": _OFTEN, "search_misses": _OFTEN, "upload_rate": _OFTEN}
    # To keep a child ready takes a third of a second of a processor: one does for most of the stories.
    given |= {"sandbox_rate": _OFTEN, "sandbox_most": _OFTEN, "readers": 1}
    hub = build(Settings(folder=folder / "data", keys=folder / "keys", database=url, **(given | changes)))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(hub.application, log_config=None, proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        hub.close()


def client_of(door: Door, system: str) -> Client:
    """Return the client of a department's system."""
    client, world = door
    signer = world.keys.signer(f"system:{system}")
    approvers = [Approver(each.number, each.duty, world.keys.signer(each.use)) for each in persons_here(world.keys)]
    return Client(
        url=str(client.base_url), system=system, signer=signer, origin=ORIGIN, http=client, approvers=approvers
    )


def share(door: Door, **changes: Any) -> dict[str, Any]:
    """Put a line of the sharing table over HTTP, and approve it for its provider where that has to be."""
    put = client_of(door, "operator").order("/api/v1/sharing-rules", Ordered.SHARE, sharing_rule(**changes))
    if put["state"] != "asked":
        return put
    answer = {"code": put["code"], "version": put["version"], "answer": "approve"}
    market = client_of(door, "market")
    return market.order("/api/v1/sharing-answers", Ordered.ANSWER_SHARE, answer, officer="m-001")


def issue(client: Client, content: dict[str, Any]) -> dict[str, Any]:
    """Order one certificate over HTTP."""
    return client.order(
        "/api/v1/certificates",
        Ordered.ISSUE,
        content,
        certificate_type=content["certificate_type"],
        issuing_body=content["issuing_body"],
    )
