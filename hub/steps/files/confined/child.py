"""What a child gives up before it sees the first byte of a file, so that whoever takes it over has gained nothing.

Once its modules are loaded it gives up every means but some memory, some seconds of a processor and the pipes it was
started with: it is root no more, no file or socket can be opened (not even in place of one that was closed), nothing
written to a disk, no process started.
Sources: setrlimit(2), prctl(2) PR_SET_NO_NEW_PRIVS.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

READY = b"ready"
MEMORY_BYTES = 256 * 1024 * 1024
CPU_SECONDS = 5
_PR_SET_NO_NEW_PRIVS = 38
_NOBODY = 65_534
# User ids of nobody at all, one for each child: those of one user may send each other signals.
_OWN_USERS = 0x4000_0000


def serve(work: Callable[[bytes], bytes]) -> None:
    """Confine this process, then read what it is asked from standard input and answer on standard output.

    Whatever `work` needs must be loaded by now. What it raises ends the process: the parent sees no answer.
    """
    confine()
    _say(READY)
    _say(work(sys.stdin.buffer.read()))
    # An interpreter takes ten times as long to end in order as most files take to read, and the parent waits for it.
    os._exit(0)


def _say(said: bytes) -> None:
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()


def confine() -> None:
    """Give up everything that reading needs not; what cannot be given up ends this process."""
    os.chdir("/")
    _limit(resource.RLIMIT_AS, _mapped_bytes() + MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, round(sum(os.times()[:2])) + CPU_SECONDS)
    for forgone in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        _limit(forgone, 0)
    if os.geteuid() == 0:
        _leave_root()
    if ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("this system cannot forgo new privileges")


def _leave_root() -> None:
    """Become a user of one's own, or nobody where only the usual users exist; a container may allow neither."""
    for user in (_OWN_USERS + os.getpid(), _NOBODY):
        with suppress(OSError):
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            return


def _mapped_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return pages * resource.getpagesize()


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))
