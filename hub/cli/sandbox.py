"""`yizhao sandbox` and `yizhao sign`: a TEST system to try the API with, and one call made ready for curl.

The private key is made here and stays here. `sign` writes a configuration for `curl --config -`: address, token, proof,
idempotency key and the signed body of one call. Its proofs are made with the system's own key, so that a token which
one command asked for can be shown by the next.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SystemCode, Url, open_client, post_public
from hub.cli.output import AsJson, read_json, show
from hub.cli.refusals import LocalRefusal

if TYPE_CHECKING:
    from hub.client import Client

RIGHTS = "sandbox.env"
_TOKEN_DOOR = "/oauth/token"  # noqa: S105 - a path


def sandbox(
    keys: Annotated[Path, typer.Option("--keys", help="新密钥目录。 The key folder to make.")] = Path("sandbox-keys"),
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """取得沙箱试用系统（仅测试平台，一天有效）。 Get a system of the sandbox (TEST hubs only, for a day)."""
    from hub.steps.keyfolder import KeyFolder
    from schemas.sandbox import system_code
    from signing.algorithms import generate_private_key, key_id
    from signing.base64url import decode
    from signing.jws import jwk_of

    if (keys / "keys.json").exists():
        raise LocalRefusal("sandbox_there", file=str(keys))
    key = generate_private_key("ES256")
    rights = post_public(url, "/api/v1/sandbox/systems", {"jwk": jwk_of(key.public_key())})
    folder, use = KeyFolder.create(keys), f"system:{system_code(key_id(key.public_key()))}"
    folder.keep(use, key)
    folder.put_cert(use, decode(rights.pop("cert")))
    told = {name: value for name, value in rights.items() if name not in ("act_id", "receipt")} | {"url": url}
    (keys / RIGHTS).write_text("".join(f"{name.upper()}={value}\n" for name, value in told.items()), encoding="utf-8")
    show(told, as_json=as_json)


def sign(
    method: Annotated[str, typer.Argument(help="GET、POST 等。 The HTTP method.")],
    path: Annotated[str, typer.Argument(help="接口路径，如 /api/v1/pulls。 The path of the door.")],
    system: SystemCode,
    token: Annotated[
        Path | None, typer.Option("--token", help="令牌答复（JSON）。 The answer of /oauth/token, as a file.")
    ] = None,
    act: Annotated[str | None, typer.Option("--act", help="指令，如 issue、pull。 What is ordered or asked.")] = None,
    content: Annotated[
        Path | None, typer.Option("--content", help="指令内容（JSON）。 An order's content, bound by its digest.")
    ] = None,
    request: Annotated[
        Path | None, typer.Option("--request", help="请求内容（JSON）。 A request, carried by the statement.")
    ] = None,
    officer: Officer = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """写出一次调用的 curl 配置，接 curl --config -。 Write one call for `curl --config -`: token, proof, statement."""
    from signing.signers.file import FileSigner

    with open_client(url, system, keys, passphrase_file) as client:
        if isinstance(client.signer, FileSigner):
            client.proof_signer = client.signer
        if path == _TOKEN_DOOR:
            _write(f"{client.url}{path}", method, {"dpop": client.proof(method, path, None)}, client.token_form())
            return
        if token is None or (act is None) != (content is None and request is None):
            raise typer.BadParameter("--token；--act 须与 --content 或 --request 同用 --act with one of the others")
        shown = read_json(token)["access_token"]
        headers = {
            "authorization": f"DPoP {shown}",
            "dpop": client.proof(method, path, shown),
            "accept": "application/json",
        }
        body = _body(client, act, content, request, officer) if act is not None else None
        _write(f"{client.url}{path}", method, headers, body)


def _body(
    client: "Client", act: str, content: Path | None, request: Path | None, officer: str | None
) -> dict[str, Any]:
    from schemas.statement import Ordered

    if request is not None:
        return {"statement": client.make_statement(Ordered(act), officer=officer, request=read_json(request))}
    given = read_json(content or Path("-"))
    bound = {name: given[name] for name in ("certificate_type", "issuing_body") if isinstance(given.get(name), str)}
    return client.make_order(Ordered(act), given, officer=officer, **bound)


def _write(url: str, method: str, headers: dict[str, str], body: dict[str, Any] | None) -> None:
    """Write one call as curl reads it: an option a line, values in quotation marks."""
    import json
    import secrets
    from urllib.parse import urlencode

    lines = [f"url = {_quoted(url)}", f"request = {_quoted(method)}"]
    sent = ""
    if body is not None and "grant_type" in body:
        sent = urlencode(body)
    elif body is not None:
        headers = headers | {"content-type": "application/json", "idempotency-key": secrets.token_urlsafe(16)}
        sent = json.dumps(body, ensure_ascii=False)
    lines += [f"header = {_quoted(f'{name}: {value}')}" for name, value in headers.items()]
    lines += [f"data-raw = {_quoted(sent)}"] if sent else []
    print("\n".join(lines))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
