"""A reading child from inside: whoever has taken it over can do nothing, and what it is for it does well."""

import signal
import subprocess
import sys
from errno import EFBIG, EMFILE
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hub.public.examination.extracted import PictureRead, Unread
from hub.public.examination.reading_child import extract
from hub.web.public.qr import qr_png

CONFINED = """
import ctypes, os, resource, socket, sys
sys.path[:] = sys.argv[1:]
from hub.steps.files.confined.child import confine
confine()
try:
    {attempt}
except (OSError, ValueError, MemoryError) as error:
    os.write(1, f"{{type(error).__name__}} {{getattr(error, 'errno', '')}}".encode())
"""
TEXT = "https://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRS"


def confined(attempt: str, *, errors: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    """Run an attempt in a process that has confined itself; it says what came of it."""
    command = [sys.executable, "-I", "-S", "-c", CONFINED.format(attempt=attempt), *sys.path]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, env={}, check=False)


# --- what it may not do ---


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/hostname')",
        "os.open('/', os.O_RDONLY)",
        "os.listdir('/')",
        "os.pipe()",
        "os.memfd_create('x')",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "os.close(0); socket.socket()",
        "os.close(2); os.open('/etc/hostname', os.O_RDONLY)",
    ],
)
def test_no_file_and_no_socket_can_be_opened_even_in_place_of_another(attempt: str) -> None:
    assert confined(attempt).stdout == f"OSError {EMFILE}"


def test_nothing_is_open_but_what_it_was_started_with() -> None:
    attempt = "[each for each in range(3, 99) if os.path.exists(each)]"
    assert confined(f"os.write(1, str({attempt}).encode())").stdout == "[]"


@pytest.mark.parametrize("attempt", ["os.fork()", "os.forkpty()", "os.posix_spawn('/bin/true', ['true'], {})"])
def test_no_process_can_be_started(attempt: str) -> None:
    assert "Error" in confined(attempt).stdout


def test_memory_ends_long_before_a_gigabyte() -> None:
    assert confined("bytearray(1 << 30)").stdout == "MemoryError "


def test_processor_time_ends() -> None:
    assert confined("while True: pass").returncode == -signal.SIGKILL


def test_nothing_is_written_to_a_file_that_was_open(tmp_path: Path) -> None:
    with (tmp_path / "open").open("wb") as file:
        assert confined("os.write(2, b'x')", errors=file.fileno()).stdout == f"OSError {EFBIG}"
    assert (tmp_path / "open").read_bytes() == b""


@pytest.mark.parametrize("limit", ["NOFILE", "NPROC", "FSIZE", "CORE", "AS", "CPU"])
def test_what_was_given_up_is_not_to_be_had_again(limit: str) -> None:
    attempt = f"resource.setrlimit(resource.RLIMIT_{limit}, (1 << 40, 1 << 40))"
    assert confined(attempt).stdout.startswith("ValueError")


def test_it_is_not_root_and_never_will_be() -> None:
    assert confined("os.write(1, str(0 in os.getresuid()).encode())").stdout == "False"
    assert confined("os.setuid(0)").stdout.startswith("PermissionError")
    assert confined("os.write(1, b'%d' % ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))").stdout == "1"


# --- what it is for ---


def picture(kind: str, *, width: int, height: int, code_width: int = 400) -> bytes:
    """Return a picture with our QR code somewhere in it."""
    drawn = Image.new("RGB", (width, height), "grey")
    code = Image.open(BytesIO(qr_png(TEXT, 8))).resize((code_width, code_width))
    drawn.paste(code, (width // 3, height // 4))
    written = BytesIO()
    drawn.save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_qr_code_in_a_picture_is_read(kind: str) -> None:
    assert extract(picture(kind, width=1200, height=900)) == PictureRead((TEXT,))


def test_large_photograph_is_read_and_a_picture_too_large_for_memory_is_not() -> None:
    assert extract(picture("JPEG", width=8160, height=6120, code_width=900)) == PictureRead((TEXT,))
    assert extract(picture("PNG", width=5100, height=5000)) == Unread("picture_too_large")


def test_picture_without_a_code_has_no_texts() -> None:
    blank = BytesIO()
    Image.new("L", (300, 300), "white").save(blank, "PNG")
    assert extract(blank.getvalue()) == PictureRead(())
