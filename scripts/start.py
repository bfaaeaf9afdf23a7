"""What `scripts/run` starts: makes the installation when there is none, serves it, and shows a city at work in it.

At the first start the demonstration is loaded over the API by a process of its own, beside the server that answers
already; one that was interrupted goes on at the next start. `--tour` walks the whole job once on throw-away data.
Ctrl-C and SIGTERM end everything within five seconds.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.cli.init import initialise_once, make_settings, open_database
from hub.cli.refusals import exit_code_of
from hub.cli.serve import run
from hub.custody.installation import load_installation
from hub.settings import Settings
from signing.synced import replace_synced

_ROOT = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 2.0
JOURNAL = "demonstration.json"


class Demonstration:
    """The loading process beside the server: started when the server answers, ended with it."""

    def __init__(self, settings: Settings, started: float) -> None:
        self._settings = settings
        self._started = started
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def start(self, url: str, *, load: bool) -> None:
        """Say where the hub answers; load what is not loaded; say what to open."""
        print(f"已启动 serving {url}  ({time.perf_counter() - self._started:.1f} s)", flush=True)
        self._thread = threading.Thread(target=self._run, args=(url, load), name="demonstration", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()

    def _run(self, url: str, load: bool) -> None:
        if load:
            print("装入演示数据 loading the demonstration:", flush=True)
            self._child = subprocess.Popen(self._command(url))
            if self._child.wait() != 0 and not self._stopping.is_set():
                print("! 演示数据没有装完，下次启动接着装。 Unfinished; the next start goes on.", flush=True)
        if not self._stopping.is_set():
            self._show(url)

    def _command(self, url: str) -> list[str]:
        settings = self._settings
        given = ["--url", url, "--data", str(settings.folder), "--keys", str(settings.key_folder)]
        database = ["--database", settings.database] if settings.database else []
        return [sys.executable, "-P", str(_ROOT / "scripts" / "demonstration.py"), *given, *database]

    def _show(self, url: str) -> None:
        found = read_journal(self._settings.folder / JOURNAL).get("addresses")
        addresses = found or {"接口说明 the API": "/api", "核验文件 verify a file": "/verify"}
        print(f"共用时 in all {time.perf_counter() - self._started:.1f} s。可以打开 Open:", flush=True)
        for words, path in addresses.items():
            print(f"  {url}{path}  {words}", flush=True)
        with open_database(self._settings) as database:
            anchor = load_installation(database).anchor
        print(f"离线核验用 to verify offline: yizhao verify FILE --trust-list L --anchor {anchor}", flush=True)
        print(f"  信任列表 L, the trust list: {url}/.well-known/yizhao-trust-list", flush=True)
        print(f"日志 log: {log_path(self._settings)}  停止 stop: Ctrl-C", flush=True)


def start(settings: Settings, *, origin: str, demonstrate: bool, started: float) -> None:
    """Serve the installation that `settings` name, made first when there is none."""
    journal = settings.folder / JOURNAL
    is_first = initialise_once(settings, origin=origin, now=datetime.now(UTC))
    if is_first:
        print(f"已初始化（测试） initialised (TEST): {settings.folder}", flush=True)
        if demonstrate:
            # Tells the next start, should this one be killed, that there is something to load.
            replace_synced(journal, b"{}")
    load = demonstrate and journal.exists() and not read_journal(journal).get("finished", False)
    demonstration = Demonstration(settings, started)
    try:
        run(settings, log=log_path(settings), ready=lambda url: demonstration.start(url, load=load))
    finally:
        demonstration.stop()


def log_path(settings: Settings) -> Path:
    return settings.folder / "log.jsonl"


def read_journal(path: Path) -> dict[str, Any]:
    """Return what the demonstration's journal says; nothing when there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def main() -> int:
    """Read the options and start; returns the exit code."""
    started = time.perf_counter()
    given = _options().parse_args()
    if given.tour:
        return subprocess.call([sys.executable, "-P", str(_ROOT / "scripts" / "tour.py")])
    # At any free port there is no origin to guess: the first start then asks for one.
    guessed = f"http://{given.host}:{given.port}" if given.port else ""
    origin = given.public_origin or guessed
    settings = make_settings(
        data=given.data, database=given.database, host=given.host, port=given.port, public_origin=given.public_origin
    )
    try:
        start(settings, origin=origin, demonstrate=not given.no_demo, started=started)
    except SystemExit:
        return 0
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        return code
    return 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="scripts/run", description="一照通行（测试）。 Yizhao Hub, TEST.")
    options.add_argument("--data", type=Path, default=_ROOT / "var" / "data", help="data folder; keys lie beside it")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8000)
    options.add_argument("--public-origin", help="fixed at the first start; http://HOST:PORT by default")
    options.add_argument("--database", help="SQLAlchemy URL; SQLite in the data folder by default")
    options.add_argument("--no-demo", action="store_true", help="no demonstration at the first start")
    options.add_argument("--tour", action="store_true", help="walk the whole job once, on throw-away data")
    return options


if __name__ == "__main__":
    sys.exit(main())
