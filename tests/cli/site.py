"""A site for the stories of the command line: a folder, the commands run in it, and a server of its own."""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.cli.main import main

ORIGIN = "http://hub.example.test"
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Site:
    """An installation in a folder of its own; `url` is where it is served, if it is."""

    folder: Path
    url: str = ""

    @property
    def local(self) -> tuple[str, ...]:
        return "--data", str(self.folder / "data"), "--keys", str(self.folder / "keys")

    @property
    def keys(self) -> tuple[str, ...]:
        return "--keys", str(self.folder / "keys")

    @property
    def over_api(self) -> tuple[str, ...]:
        return *self.keys, "--url", self.url, "--json"

    def init(self) -> Ran:
        return run("init", *self.local, "--public-origin", ORIGIN, "--json")

    def write(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)


def run(*arguments: str) -> Ran:
    """Run a command in this process, as the entry point would."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return Ran(code, out.getvalue(), err.getvalue())


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """Serve a site in a process of its own, at any free port; it must end well when it is told to."""
    server = start(site)
    try:
        yield Site(site.folder, url_of(server))
    finally:
        stop(server)


def start(site: Site, *more: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-P", "-m", "hub.cli.main", "serve", *site.local, "--port", "0", *more]
    with (site.folder / "log.jsonl").open("ab") as log:
        return subprocess.Popen(arguments, stdout=log, stderr=subprocess.PIPE, text=True)


def url_of(server: subprocess.Popen[str]) -> str:
    """Wait until the server says where it answers."""
    assert server.stderr is not None
    lines = iter(server.stderr.readline, "")
    said = next((line for line in lines if line.startswith("yizhao: ")), "")
    assert said, "the server ended before it answered"
    return said.removeprefix("yizhao: ").strip()


def stop(server: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> int:
    """Tell the server to end; return its exit code. Five seconds are what it has."""
    server.send_signal(number)
    try:
        return server.wait(STOP_SECONDS)
    finally:
        server.kill()
        server.wait()
        assert server.stderr is not None
        server.stderr.close()
