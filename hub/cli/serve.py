"""`yizhao serve`: one hub process behind one port, until it is told to stop.

SIGTERM and SIGINT end it within five seconds: no new connection, requests under way get four seconds, then the hub
finishes its writes. What was acknowledged is on disk already. In TEST the trust list is renewed at the start when less
than half of its term is left.
"""

import gc
import signal
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import make_settings, open_database
from hub.cli.refusals import LocalRefusal

if TYPE_CHECKING:
    from hub.settings import Settings

_GRACE_SECONDS = 4
_KEEP_ALIVE_SECONDS = 20
_BACKLOG = 2048
# A 29×29 code at level M holds 352 bits: the scheme as bytes, the rest two characters to 11 bits.
_QR_BITS = 352
_REFERENCE_PART = len("/Q/") + 26


def serve(
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    host: Annotated[str | None, typer.Option("--host", help="监听地址。 The address to listen at.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="端口，0 为任一空闲端口。 0 is any free one.")] = None,
    public_origin: Annotated[
        str | None, typer.Option("--public-origin", help="核对对外地址；与初始化时不同则拒绝。 Must be that of init.")
    ] = None,
) -> None:
    """启动平台。 Serve the hub."""
    settings = make_settings(
        data=data, keys=keys, database=database, passphrase_file=passphrase_file,
        host=host, port=port, public_origin=public_origin,
    )  # fmt: skip
    run(settings, log=None, ready=lambda url: print(f"yizhao: {url}", file=sys.stderr, flush=True))


def run(settings: "Settings", *, log: Path | None, ready: Callable[[str], None]) -> None:
    """Serve until a signal; `ready` is called with the URL as soon as requests are answered."""
    listening = listen(settings.host, settings.port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)

    # All that is made until the first request stays for good: to look for garbage in it costs a third of the start.
    gc.disable()

    import uvicorn

    from hub.app.building import build
    from hub.cli.logs import configure_logs
    from hub.cli.server import AnnouncingServer

    configure_logs(log)
    renew_trust_list(settings, datetime.now(UTC))
    take_new_types(settings, datetime.now(UTC))
    hub = build(settings)
    # A collector that need not look at what stays leaves an eighth of a scan's time free, too.
    gc.collect()
    gc.freeze()
    gc.enable()
    if not fits_small_code(hub.installation.origin):
        print(
            f"! 对外地址较长，二维码将大于 29×29 格。 The QR will be larger than 29×29: {hub.installation.origin}",
            file=sys.stderr,
        )
    config = uvicorn.Config(
        hub.application,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who may say where a request comes from is decided in `hub/web/channel.py`
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    url = f"http://{settings.host}:{listening.getsockname()[1]}"
    try:
        AnnouncingServer(config, lambda: ready(url)).run(sockets=[listening])
    finally:
        hub.close()


def renew_trust_list(settings: "Settings", now: datetime) -> None:
    """In TEST, sign the next trust list when less than half of the present one's term is left."""
    from hub.cli.keys import sign_next_trust_list
    from hub.custody.installation import LIST_TERM, TrustInForce, load_installation
    from hub.steps.keyfolder import KeyFolder

    with open_database(settings) as database:
        installation = load_installation(database)
        listed = TrustInForce(database, installation).refresh(now)
        if installation.is_test and (listed is None or listed.expires_at - now < LIST_TERM / 2):
            keys = KeyFolder(settings.key_folder, settings.passphrase_file)
            sign_next_trust_list(database, keys, now)


def take_new_types(settings: "Settings", now: datetime) -> None:
    """In TEST, take a release's new certificate types into use by the approvals of the persons whose keys lie here."""
    from hub.cli.catalogue import admit_here, new_here

    for name, lines in (found := new_here(settings)).items():
        print(f"{name}: {'; '.join(lines)}", file=sys.stderr)
    if found:
        admit_here(settings, now)


def fits_small_code(origin: str) -> bool:
    """Say whether a reference under this origin fits a QR of 29×29 modules at level M."""
    scheme, _, host = origin.partition("//")
    as_bytes, rest = len(scheme) + 2, len(host) + _REFERENCE_PART
    return 4 + 8 + 8 * as_bytes + 4 + 9 + rest // 2 * 11 + rest % 2 * 6 <= _QR_BITS


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else, so that a taken one is said at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise LocalRefusal("port_taken", host=host, port=port) from None
    return listening


def leave(number: int, frame: FrameType | None) -> None:
    # uvicorn raises the signal once more when it has ended; to us it means: leave, and close on the way out.
    raise SystemExit(0)
