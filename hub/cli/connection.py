"""How a command reaches a hub: its URL, in whose name, and where that key lies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import httpx

    from hub.client import Approver, Client
    from hub.steps.keyfolder import KeyFolder

DEFAULT_URL = "http://127.0.0.1:8000"
_TIMEOUT_SECONDS = 60.0

Url = Annotated[str, typer.Option("--url", help="平台的接口地址。 Where the hub listens.")]
SystemCode = Annotated[str, typer.Option("--system", help="以哪个业务系统的名义。 In the name of which system.")]
Officer = Annotated[str | None, typer.Option("--officer", help="经办人编号。 The officer's number.")]
SecondOfficer = Annotated[
    str | None,
    typer.Option("--second-officer", help="共同签署的第二名经办人。 The second officer, who signs the same."),
]
Keys = Annotated[
    Path | None, typer.Option("--keys", help="密钥目录。 The key folder; by default beside the data folder.")
]
Passphrase = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="口令文件。 The passphrase's file; by default in the key folder."),
]
Data = Annotated[Path | None, typer.Option("--data", help="数据目录。 The data folder.")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database", help="数据库地址。 SQLAlchemy URL; by default SQLite in the data folder.")
]


@contextmanager
def open_client(url: str, system: str, keys: Path | None, passphrase_file: Path | None = None) -> "Iterator[Client]":
    """Open the client of a system whose key lies in the key folder."""
    import httpx

    from hub.client import Client
    from hub.settings import Settings

    folder, keep = open_keys(keys, passphrase_file), Settings().kept_orders
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    approvers = approvers_in(folder)
    with httpx.Client(timeout=_TIMEOUT_SECONDS) as http:
        yield Client(
            url=url, system=system, signer=folder.signer(f"system:{system}"), http=http, keep=keep, approvers=approvers
        )


def approvers_in(folder: "KeyFolder") -> "list[Approver]":
    """Return who can sign here: in TEST keys of persons lie here; elsewhere each signs apart, and hands it over."""
    from hub.client import Approver
    from hub.steps.orders.persons import persons_here

    return [Approver(each.number, each.duty, folder.signer(each.use)) for each in persons_here(folder)]


def open_keys(keys: Path | None, passphrase_file: Path | None = None) -> "KeyFolder":
    from hub.settings import Settings
    from hub.steps.keyfolder import KeyFolder

    settings = Settings()
    return KeyFolder(keys or settings.key_folder, passphrase_file or settings.passphrase_file)


def open_http(url: str) -> "httpx.Client":
    """Return a plain HTTP client for what anybody may ask."""
    import httpx

    return httpx.Client(base_url=url.rstrip("/"), timeout=_TIMEOUT_SECONDS)


def public_json(http: "httpx.Client", path: str) -> dict[str, object]:
    """Return a public answer as JSON; RefusedError with the hub's problem."""
    from hub.client import RefusedError

    response = http.get(path, headers={"accept": "application/json"}, follow_redirects=True)
    content: dict[str, object] = response.json()
    if response.status_code >= 400:
        raise RefusedError(response.status_code, content)
    return content


def post_public(url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post JSON to a door that asks for no token; RefusedError with the hub's problem."""
    from hub.client import RefusedError, problem_of

    with open_http(url) as http:
        response = http.post(path, json=body)
    if response.status_code >= 400:
        raise RefusedError(response.status_code, problem_of(response))
    answer: dict[str, Any] = response.json()
    return answer
