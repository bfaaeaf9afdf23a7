"""The throw-away S3 server: it is gone with the session that started it."""

import os
import select
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parent.parent
_SESSION = """
import sys
from pathlib import Path
from tests.s3 import running_s3
with running_s3(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    input()
"""


def test_a_killed_session_leaves_no_server(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", _SESSION, str(tmp_path)]
    with subprocess.Popen(
        arguments, cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        server = os.pidfd_open(int(session.stdout.readline()))
        session.kill()
    ended, _, _ = select.select([server], [], [], 30)
    os.close(server)
    assert ended
