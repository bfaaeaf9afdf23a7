"""`yizhao witness`: another party's process, which vouches that a log shows everybody one and the same history.

It holds nothing of a hub: a key of its own, made at the first start, and the newest head it saw of each log it was told
to watch by that log's key. What it answers, and when, is `hub/evidence/witness.py`; this is its one door (C2SP
tlog-witness).
"""

import fcntl
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.refusals import LocalRefusal
from hub.cli.serve import leave, listen

if TYPE_CHECKING:
    from hub.evidence.witness import Witness, Word
    from hub.steps.keyfolder import KeyFolder
    from signing.checkpoint import NoteKey

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_KEY = "witness"
_PATH = "/add-checkpoint"
_STATUSES = {
    "cosigned": 200,
    "malformed": 400,
    "unknown_key": 403,
    "unknown_log": 404,
    "other_size": 409,
    "other_root": 409,
    "not_consistent": 422,
    "clock": 503,
}
# What is in a log's favour to hide: told to whoever runs the witness, as C2SP allows.
_ALARMS = frozenset({"other_root", "not_consistent", "clock"})


def witness(
    data: Annotated[
        Path, typer.Option("--data", help="见证者自己的目录：密钥与所见。 Its own folder: its key, and what it saw.")
    ],
    log: Annotated[
        list[str],
        typer.Option("--log", help="所见证日志的公钥（/log/key），或写有公钥的文件。 A log's key, or a file of keys."),
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="名称，首次启动时定下。 Its name, fixed at the first start.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="监听地址。 The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="端口，0 为任一空闲端口。 0 is any free one.")] = 0,
) -> None:
    """见证日志：由另一方运行，为日志的树头附签。 Run a witness, which is another party's than the hub's."""
    logs = [key for each in log for key in _keys_of(each)]
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(data):
        keys = _own_keys(data / "keys")
        _serve(data, logs, keys, _own_name(data, keys, name), host=host, port=port)


def _serve(data: Path, logs: "list[NoteKey]", keys: "KeyFolder", key: "NoteKey", *, host: str, port: int) -> None:
    listening = listen(host, port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)

    import uvicorn

    from hub.cli.logs import configure_logs
    from hub.cli.server import AnnouncingServer
    from hub.evidence.witness import Witness
    from hub.store.witness import WitnessStore

    configure_logs()
    store = WitnessStore(data)
    try:
        one = Witness(logs=logs, key=key, signer=keys.signer(_KEY), store=store, clock=lambda: datetime.now(UTC))
        config = uvicorn.Config(
            door(one), log_config=None, access_log=False, server_header=False, lifespan="off",
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        said = f"yizhao witness: http://{host}:{listening.getsockname()[1]} {key.text}"
        AnnouncingServer(config, lambda: print(said, file=sys.stderr, flush=True)).run(sockets=[listening])
    finally:
        store.close()


def door(one: "Witness") -> Application:
    """Return the witness's door as an ASGI application."""
    from anyio import to_thread

    from signing.witness_request import LARGEST_REQUEST_BYTES

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] != _PATH or scope["method"] != "POST":
            await _answer(send, 405 if scope["path"] == _PATH else 404, "")
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
            if len(body) > LARGEST_REQUEST_BYTES:
                await _answer(send, 413, "malformed\n")
                return
        word = await to_thread.run_sync(one.add_checkpoint, body)
        _tell(word)
        await _answer(send, _STATUSES[word.said], *_body_of(word))

    return application


def _body_of(word: "Word") -> tuple[str, str]:
    if word.said == "cosigned":
        return word.line, "text/plain; charset=utf-8"
    if word.said == "other_size":
        return f"{word.size}\n", "text/x.tlog.size"
    return f"{word.said}\n", "text/plain; charset=utf-8"


async def _answer(send: Send, status: int, body: str, media_type: str = "text/plain; charset=utf-8") -> None:
    content = body.encode()
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _tell(word: "Word") -> None:
    import structlog

    if word.said in _ALARMS and word.checkpoint is not None:
        shown = word.checkpoint
        structlog.get_logger("witness").error(
            "not_cosigned", reason=str(word.said), origin=shown.origin, size=shown.size, root=shown.root.hex(),
            remembered=word.size,
        )  # fmt: skip


def _keys_of(given: str) -> "list[NoteKey]":
    """Return the keys in a file, one a line, or the one key that is given itself."""
    from signing.checkpoint import NoteKey
    from signing.errors import MalformedTokenError

    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8") if len(given) < 256 and path.is_file() else given
        keys = [NoteKey.read(line) for line in text.splitlines() if line.strip()]
    except (MalformedTokenError, ValueError, OSError):
        raise LocalRefusal("log_key_form") from None
    if not keys or any(key.is_witness for key in keys):
        raise LocalRefusal("log_key_form")
    return keys


def _own_keys(folder: Path) -> "KeyFolder":
    """Open the witness's key folder; what a killed first start left is finished."""
    from hub.errors import SetupError
    from hub.steps.keyfolder import KeyFolder

    try:
        keys = KeyFolder(folder)
    except SetupError:
        keys = KeyFolder.create(folder)
    if _KEY not in keys.uses():
        keys.make(_KEY, "Ed25519")
    return keys


def _own_name(data: Path, keys: "KeyFolder", wanted: str | None) -> "NoteKey":
    """Return the witness's name and key; the name is part of what others were told to trust, and stays."""
    from signing.checkpoint import NoteKey
    from signing.synced import replace_synced

    path = data / "name"
    if not path.exists():
        public = keys.public_key(_KEY)
        short = keys.signer(_KEY).key_id[:8]
        key = NoteKey(wanted or f"yizhao-witness/{short}", public, is_witness=True)
        NoteKey.read(key.text)  # refuses a name that no note could bear
        replace_synced(path, key.name.encode())
    name = path.read_text(encoding="utf-8")
    if wanted not in (None, name):
        raise LocalRefusal("witness_name", name=name)
    return NoteKey(name, keys.public_key(_KEY), is_witness=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder: two witnesses with one key and one memory could speak past each other."""
    with (folder / "witness.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalRefusal("witness_running") from None
        yield
