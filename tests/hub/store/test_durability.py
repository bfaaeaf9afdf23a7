"""What is acknowledged is on disk: the system calls between a request and its answer say so."""

import re
import subprocess
import sys
from pathlib import Path

from hub.store.database import Database
from tests.flows.world import make_world

_ISSUE = """
import os, sys
from pathlib import Path
from hub.store.database import Database
from tests.flows.world import food_order, open_world

world = open_world(Database(sys.argv[1]), Path(sys.argv[2]))
os.write(2, b"ASKED")
world.issue(food_order())
os.write(2, b"ANSWERED")
world.close()
"""


def test_every_commit_of_an_issue_is_synced_before_the_answer(sqlite_url: str, tmp_path: Path) -> None:
    make_world(Database(sqlite_url), tmp_path).close()
    trace = tmp_path / "trace"
    program = [sys.executable, "-c", _ISSUE, sqlite_url, str(tmp_path)]
    calls = "trace=fsync,fdatasync,write,pwrite64"
    root = Path(__file__).parents[3]
    subprocess.run(["strace", "-f", "-y", "-e", calls, "-o", str(trace), *program], check=True, cwd=root)
    _, _, after = trace.read_text().partition('"ASKED"')
    between, _, _ = after.partition('"ANSWERED"')
    written = re.findall(r"^\d+ +(pwrite64|fsync|fdatasync)\(\d+<[^>]*-wal>", between, re.MULTILINE)
    synced = [call for call in written if call != "pwrite64"]
    assert len(synced) >= 2, "the intention and the result are each synced"
    assert written[-1] != "pwrite64", "nothing of the log is left unsynced when the answer is given"
