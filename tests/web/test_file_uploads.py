"""Files at the doors of a real server: as long as they like, as hostile as they like, and nobody else notices."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from hub.public.examination.forms import LARGEST_FILE
from hub.public.examination.reader import Reader
from hub.store.database import Database
from hub.web import problems
from hub.web.limits import AddressLimit, Room, Turns
from hub.web.public import examination
from hub.web.public.qr import qr_png
from tests.cli.site import ORIGIN, Site, start, stop, url_of
from tests.flows.test_examination import shown_page
from tests.flows.world import World, make_world
from tests.hub.examination.children import reading_children

DOOR = "/api/v1/verifications"
PICTURE = qr_png(f"{ORIGIN}/C/7A0ANDJWF0EGKSJKQND5VG86E3", 8)
ENDLESS = "import os, time; os.write(1, b'ready'); time.sleep(99)"
GIGABYTE = 1 << 30


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    with closing(make_world(Database(sqlite_url), tmp_path)) as made:
        yield made


@contextmanager
def doors(world: World, reader: Reader, turns: Turns) -> Iterator[str]:
    """Serve the doors of examination at a free port of this machine."""
    api = FastAPI()
    problems.register(api)
    limit, room = AddressLimit("1000/minute"), Room(100_000_000)
    api.include_router(
        examination.routes(world.registry, lambda _: world.surroundings(), shown_page, limit, reader.read, turns, room)
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(api, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        reader.close()


def test_other_requests_are_answered_while_a_file_takes_all_the_time_it_has(world: World) -> None:
    with doors(world, Reader(program=ENDLESS), Turns(2)) as url, ThreadPoolExecutor() as others:
        bombs = [others.submit(httpx.post, url + DOOR, content=PICTURE, timeout=30) for _ in range(2)]
        texts = [httpx.post(url + DOOR, content=b"hello").json()["reason"] for _ in range(5)]
        assert httpx.get(f"{url}/verify").status_code == 200
        assert (texts, [each.done() for each in bombs]) == (["not_ours"] * 5, [False, False])
        answers = [each.result() for each in bombs]
    assert [(each.status_code, each.json()["reason"]) for each in answers] == [(200, "too_slow")] * 2


def test_file_that_finds_no_turn_is_told_to_come_again(world: World) -> None:
    with doors(world, Reader(program=ENDLESS), Turns(1, longest_wait=0.1)) as url, ThreadPoolExecutor() as others:
        sent = [others.submit(httpx.post, url + DOOR, content=PICTURE, timeout=30) for _ in range(3)]
        answers = sorted((each.result() for each in sent), key=lambda each: each.status_code)
    assert [each.status_code for each in answers] == [200, 503, 503]
    assert (answers[1].json()["code"], answers[1].headers["retry-after"]) == ("reader_busy", "5")


def test_reader_that_cannot_start_is_a_failure_of_ours(world: World) -> None:
    with doors(world, Reader(program="raise SystemExit(1)"), Turns(1)) as url:
        answer = httpx.post(url + DOOR, content=PICTURE)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


# --- the whole hub ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, subprocess.Popen[str]]]:
    """A hub served by a process of its own."""
    site = Site(tmp_path_factory.mktemp("served"))
    assert site.init().code == 0
    server = start(site)
    yield Site(site.folder, url_of(server)), server
    assert stop(server) == 0


def most_memory(server: subprocess.Popen[str]) -> int:
    """Return the most memory a server has had at once (kB)."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def bytes_written(server: subprocess.Popen[str]) -> int:
    """Return what a server has caused to be written to a disk."""
    return int(Path(f"/proc/{server.pid}/io").read_text().partition("\nwrite_bytes:")[2].split()[0])


@pytest.mark.parametrize("headers", [{}, {"content-length": str(GIGABYTE)}], ids=["streamed", "declared"])
@pytest.mark.parametrize("path", [DOOR, "/verify"])
def test_gigabyte_costs_neither_memory_nor_disk(
    served: tuple[Site, subprocess.Popen[str]], path: str, headers: dict[str, str]
) -> None:
    site, server = served
    memory, written = most_memory(server), bytes_written(server)
    portions = (bytes(1 << 20) for _ in range(1 << 10))
    form = {"content-type": "multipart/form-data; boundary=x"} if path == "/verify" else {}
    answer = httpx.post(site.url + path, content=portions, headers=form | headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_long")
    assert most_memory(server) - memory < 5 * LARGEST_FILE // 1024
    assert bytes_written(server) - written < LARGEST_FILE


def test_form_of_a_page_at_the_door_of_programs_is_told_what_the_door_takes(
    served: tuple[Site, subprocess.Popen[str]],
) -> None:
    answer = httpx.post(served[0].url + DOOR, files={"file": ("照片.png", PICTURE, "image/png")})
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type")
    assert "application/octet-stream" in answer.text


def test_page_takes_a_photograph_and_leads_to_what_it_shows(served: tuple[Site, subprocess.Popen[str]]) -> None:
    site, _ = served
    page = httpx.post(f"{site.url}/verify", files={"file": ("照片.png", PICTURE, "image/png")})
    assert page.status_code == 200
    assert 'href="/c/7A0ANDJWF0EGKSJKQND5VG86E3"' in page.text
    assert 'accept=".pdf,.xml,' in httpx.get(f"{site.url}/verify").text


def test_children_of_a_hub_end_with_it_even_when_it_is_killed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert site.init().code == 0
    server = start(site)
    httpx.post(url_of(server) + DOOR, content=PICTURE)
    reading = reading_children(server.pid)
    server.kill()
    server.communicate()
    subprocess.run(["tail", *(f"--pid={each}" for each in reading), "-f", "/dev/null"], check=True, timeout=30)
    assert len(reading) == 2
