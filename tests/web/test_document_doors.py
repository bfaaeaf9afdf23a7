"""Documents over HTTP: a holder and a department fetch theirs, nobody else does, and a document is made only once."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
import zxingcpp
from sqlalchemy import select

from hub.cli.simulator import signed_body
from hub.client import RefusedError
from hub.store import tables
from hub.store.database import Database
from schemas.identifiers import make_licence_number
from schemas.statement import Ordered
from scripts.vectors.faces import shown
from tests.flows.world import (
    ORIGIN,
    SHOP,
    World,
    food_number,
    food_order,
    licence_order,
    make_world,
    statutory_request,
)
from tests.web.served import Door, client_of, issue, served, share

_HOLDERS = iter(range(100, 999))


@pytest.fixture
def holder(door: Door) -> str:
    """An enterprise with a food permit and its e-licence, another one each time."""
    serial = next(_HOLDERS)
    number = make_licence_number("91442000", f"MA000{serial}")
    issue(client_of(door, "market"), food_order(licence_number=number, certificate_number=food_number(serial)))
    door[1].simulator.make_licence(number, "中山示例餐饮有限公司", "legal_representative", datetime.now(UTC))
    return number


def _apply(door: Door, holder: str, **wish: Any) -> dict[str, Any]:
    drafted = door[0].post("/api/v1/downloads/drafts", json={"licence_number": holder} | wish).json()
    signed = door[1].simulator.sign(holder, drafted["text"], "legal_representative")
    answer: dict[str, Any] = door[0].post("/api/v1/downloads", json=signed_body(signed)).json()
    return answer


def _get(client: httpx.Client, path: str, token: str) -> httpx.Response:
    return client.get(path, headers={"authorization": f"Bearer {token}"})


def _document_path(opened: dict[str, Any]) -> str:
    return f"/api/v1/downloads/{opened['download']}/documents/{opened['documents'][0]['identifier']}"


def test_holder_fetches_its_document_and_gets_the_same_again(door: Door, holder: str) -> None:
    opened = _apply(door, holder)
    first = _get(door[0], _document_path(opened), opened["token"])
    again = _get(door[0], _document_path(opened), opened["token"])
    assert (first.status_code, first.headers["content-type"]) == (200, "application/pdf")
    assert first.headers["cache-control"] == "no-store"
    assert again.content == first.content
    with door[1].registry.database.read() as connection:
        kept = connection.execute(select(tables.document.c.sha256)).scalars().all()
    assert sha256(first.content).hexdigest() in kept


def test_holder_fetches_all_in_a_zip(door: Door, holder: str) -> None:
    opened = _apply(door, holder, edition="duplicate", language="en")
    response = _get(door[0], f"/api/v1/downloads/{opened['download']}/archive", opened["token"])
    with ZipFile(BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 2


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 5_000, "%00"])
def test_document_needs_its_token(door: Door, holder: str, token: str) -> None:
    response = _get(door[0], _document_path(_apply(door, holder)), token)
    assert (response.status_code, response.json()["code"]) == (404, "download_not_found")


def test_document_that_was_not_asked_for_is_not_found(door: Door, holder: str) -> None:
    opened = _apply(door, holder)
    response = _get(door[0], f"/api/v1/downloads/{opened['download']}/documents/1.2.3", opened["token"])
    assert response.json()["code"] == "document_not_found"


def test_department_fetches_the_copy_and_another_one_does_not(door: Door, holder: str) -> None:
    share(door, code=f"rule-{holder}")
    health, market = client_of(door, "health"), client_of(door, "market")
    request = statutory_request(licence_number=holder, basis={"kind": "statutory", "reference": f"rule-{holder}"})
    issue(market, licence_order(licence_number=holder, certificate_number=holder))
    answer = health.request("/api/v1/pulls", Ordered.PULL, request, officer="h-001")
    path = f"/api/v1/deliveries/{answer['delivery']}/copies/{answer['items'][0]['identifier']}"
    assert health.fetch(path).startswith(b"%PDF")
    with pytest.raises(RefusedError) as caught:
        market.fetch(path)
    assert caught.value.code == "delivery_not_found"
    assert door[0].get(path).json()["code"] == "token_missing"


def _copied(door: Door, holder: str) -> tuple[str, str]:
    """Pull a permit, fetch its copy, and return what its code says, with the certificate's identifier."""
    share(door, code=f"rule-{holder}")
    health = client_of(door, "health")
    issue(client_of(door, "market"), licence_order(licence_number=holder, certificate_number=holder))
    request = statutory_request(licence_number=holder, basis={"kind": "statutory", "reference": f"rule-{holder}"})
    answer = health.request("/api/v1/pulls", Ordered.PULL, request, officer="h-001")
    identifier = answer["items"][0]["identifier"]
    pdf = health.fetch(f"/api/v1/deliveries/{answer['delivery']}/copies/{identifier}")
    (found,) = zxingcpp.read_barcodes(shown(pdf, dots_per_inch=150))
    return found.text, identifier


def test_code_of_a_printed_copy_opens_its_page_and_an_altered_serial_none(door: Door, holder: str) -> None:
    text, identifier = _copied(door, holder)
    path = text.removeprefix(ORIGIN.upper().replace("HTTP", "http"))
    serial = path.removeprefix("/K/")
    told = door[0].get(path, headers={"accept": "application/json"}).json()
    assert (told["kind"], told["copy"]["serial"], told["copy"]["state"]) == ("copy", serial, "in_use")
    assert (told["copy"]["identifier"], told["verdict"]["outcome"]) == (identifier, "valid")
    page = door[0].get(path, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "真实的加注件" in page.text
    assert "h-001" not in page.text
    assert "A genuine copy" in door[0].get(path, params={"lang": "en"}).text
    typed = door[0].get("/resolve", params={"code": f"{serial[:13]} {serial[13:]}"}, follow_redirects=False)
    assert typed.headers["location"] == f"/k/{serial}"
    altered = door[0].get(f"/k/{serial[:-1]}{'01'[serial[-1] == '0']}", headers={"accept": "application/json"})
    assert (altered.status_code, altered.json()["code"]) == (404, "copy_unknown")


def test_who_guesses_serials_is_stopped_by_the_limit_of_scans(sqlite_url: str, tmp_path: Path) -> None:
    with closing(Database(sqlite_url)) as database:
        make_world(database, tmp_path, datetime.now(UTC) - timedelta(seconds=20)).close()
        with served(sqlite_url, tmp_path, scan_misses="2/minute") as client:
            asked = [client.get(f"/k/{number:026d}", headers={"accept": "application/json"}) for number in range(3)]
            scanned = client.get("/c/00000000000000000000000000", headers={"accept": "application/json"})
    assert [each.status_code for each in asked] == [404, 404, 429]
    assert scanned.status_code == 429


def test_documents_asked_for_at_once_are_made_once(door: Door, holder: str) -> None:
    opened = _apply(door, holder)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(_get, door[0], _document_path(opened), opened["token"]) for _ in range(16)]
        answers = {each.result().content for each in asked}
    assert len(answers) == 1
    assert _made(door[1], holder) == 1


def test_two_hubs_draw_one_document_once(door: Door, holder: str) -> None:
    opened, url = _apply(door, holder), door[1].registry.database.url
    with served(url, door[1].settings.folder.parent) as other, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(_get, each, _document_path(opened), opened["token"]) for each in (door[0], other) * 8]
        answers = {each.result().content for each in asked}
    assert len(answers) == 1
    assert _made(door[1], holder) == 1


def test_hub_without_makers_says_that_the_document_is_being_made(sqlite_template: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'hub.sqlite')}"
    now = datetime.now(UTC)
    with closing(Database(url)) as database:
        world = make_world(database, tmp_path, now - timedelta(seconds=20))
        world.now = now
        world.make_licence()
        name = world.named(world.issue(food_order())["identifier"])
        with served(url, tmp_path, document_threads=0, document_wait=0.1) as client:
            opened = _apply((client, world), SHOP)
            waiting = _get(client, _document_path(opened), opened["token"])
            world.now = datetime.now(UTC)
            world.make(name)
            made = _get(client, _document_path(opened), opened["token"])
    assert (waiting.status_code, waiting.headers["retry-after"]) == (202, "1")
    assert waiting.json() == {"state": "being_made", "made": 0, "of": 1}
    assert (made.status_code, made.headers["content-type"]) == (200, "application/pdf")


def test_public_picture_is_had_by_anybody(door: Door) -> None:
    serial = next(_HOLDERS)
    reference = issue(client_of(door, "market"), food_order(certificate_number=food_number(serial)))["reference"]
    picture = door[0].get(f"/api/v1/pictures/{reference}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")
    assert door[0].get("/api/v1/pictures/nobody").status_code == 404


def _made(world: World, holder: str) -> int:
    of_holder = (tables.document.c.serial == tables.certificate.c.serial) & (
        tables.certificate.c.licence_number == holder
    )
    with world.registry.database.read() as connection:
        return len(connection.execute(select(tables.document.c.sha256).where(of_holder)).all())
