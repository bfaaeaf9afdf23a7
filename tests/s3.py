"""A throw-away S3 server on 127.0.0.1 for one test session: SeaweedFS, all of it in one process.

Rules:
- It knows one who may come: who may read, write and list, and make no bucket.
- It outlives nobody: the kernel kills it with the session.
- It gets a folder and ports of its own, nothing of our environment, and reports to nobody.
"""

import contextlib
import json
import secrets
import socket
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx
from obstore.exceptions import BaseError
from obstore.store import S3Store

from hub.store.bucket_address import BucketAddress

BUCKET = "documents"
REGION = "us-east-1"
TIMEOUT = timedelta(seconds=10)
_START_ATTEMPTS = 3
_CONNECT_RETRIES = 6
_READY_TIMEOUT = timedelta(seconds=30)
_PARTS = ("master", "volume", "filer", "s3")
# Some of its sockets have fixed places, by port.
_SOCKETS = Path("/tmp")  # noqa: S108
_prefixes = count(1)


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server; over https its cert is one that `authority` (PEM) vouches for."""

    endpoint: str
    https_endpoint: str
    authority: Path
    key_id: str
    secret: str
    pid: int = 0

    def new_address(self, *, timeout: timedelta = TIMEOUT) -> BucketAddress:
        """Return the address of a prefix under which there is nothing."""
        prefix = f"test-{next(_prefixes)}/documents"
        return BucketAddress(BUCKET, prefix, self.endpoint, REGION, self.key_id, self.secret, timeout)


@contextlib.contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """Start a server in an empty folder, with an empty bucket; yield it, and kill it in the end."""
    _make_cert(folder)
    for _ in range(_START_ATTEMPTS):
        # Between asking for free ports and taking them, another process may take one: then ask again.
        ports = _free_ports()
        server = _server_at(folder, ports)
        (folder / "s3.json").write_text(json.dumps({"identities": [_identity(server)]}))
        with _served(folder, ports) as pid:
            if _make_bucket(server, filer_port=ports["filer.port"]):
                yield replace(server, pid=pid)
                return
    raise AssertionError(f"the S3 server did not start: {(folder / 'log').read_text()[-2000:]}")


def _server_at(folder: Path, ports: Mapping[str, int]) -> S3Server:
    return S3Server(
        endpoint=f"http://127.0.0.1:{ports['s3.port']}",
        https_endpoint=f"https://127.0.0.1:{ports['s3.port.https']}",
        authority=folder / "cert.pem",
        key_id="hub",
        secret=secrets.token_hex(20),
    )


def _identity(server: S3Server) -> dict[str, object]:
    credentials = [{"accessKey": server.key_id, "secretKey": server.secret}]
    return {"name": "hub", "credentials": credentials, "actions": ["Read", "Write", "List"]}


@contextlib.contextmanager
def _served(folder: Path, ports: Mapping[str, int]) -> Iterator[int]:
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    options = {
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "dir": folder,
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 8,
        "filer": "true",
        "filer.localSocket": folder / "filer.sock",
        "s3": "true",
        "s3.config": folder / "s3.json",
        "s3.iam": "false",
        "s3.autoCreateBucket": "false",
        "s3.cert.file": folder / "cert.pem",
        "s3.key.file": folder / "key.pem",
        "s3.localSocket": folder / "s3.sock",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        **ports,
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", weed, "server", *arguments], env={}, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
        for port in ports.values():
            for left in _SOCKETS.glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)


def _make_bucket(server: S3Server, *, filer_port: int) -> bool:
    """Make the bucket behind the S3 door, and say whether the server keeps files in it."""
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=_CONNECT_RETRIES), trust_env=False) as client:
            client.post(f"http://127.0.0.1:{filer_port}/buckets/{BUCKET}/").raise_for_status()
        S3Store(
            BUCKET,
            endpoint=server.endpoint,
            access_key_id=server.key_id,
            secret_access_key=server.secret,
            client_options={"allow_http": True},
            retry_config={"max_retries": 100, "retry_timeout": _READY_TIMEOUT},
        ).put("ready", b"")
    except (httpx.HTTPError, BaseError):
        return False
    return True


def _make_cert(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def _free_ports() -> dict[str, int]:
    names = [f"{part}.port{kind}" for part in _PARTS for kind in ("", ".grpc")] + ["s3.port.https"]
    with contextlib.ExitStack() as probes:
        taken = {name: probes.enter_context(socket.socket()) for name in names}
        for probe in taken.values():
            probe.bind(("127.0.0.1", 0))
        return {name: int(probe.getsockname()[1]) for name, probe in taken.items()}
