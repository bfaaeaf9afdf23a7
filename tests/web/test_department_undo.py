"""Import pages: an import undone by two officers, the collected ones listed, and orders above a rate seconded."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from hub.store.database import Database
from hub.web.callers import moment
from tests.flows.intake_world import Intakes, published_row, shop_number, type_row
from tests.flows.registry_check import faults_beside_a_server as faults
from tests.flows.world import HEALTH, MARKET, make_world
from tests.web.officers import Workplace, at_work, form_token, post
from tests.web.served import Door, served
from tests.web.test_department_acts import annulled, issue_form

_UNDOING = {
    "issuing_body": MARKET, "ground": "整份文件送错", "document_name": "更正决定书",
    "document_number": "示更〔2026〕1号", "document_date": "2026-11-20", "works_from": "2026-11-20",
}  # fmt: skip


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Door]:
    """A hub in which a body gives two orders an hour by one officer alone."""
    folder = tmp_path_factory.mktemp("rated")
    path = folder / "hub.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{path}"
    with closing(Database(url)) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        with served(url, folder, orders_an_hour=2) as client:
            yield client, world


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    served_, world = door
    world.now = moment()
    served_.cookies.clear()
    yield served_
    served_.cookies.clear()


@pytest.fixture
def intakes(door: Door, tmp_path: Path) -> Intakes:
    door[1].now = moment()
    return Intakes(door[1], tmp_path)


def waiting(client: httpx.Client) -> str:
    """Return the address of the newest order that waits for a second officer."""
    listed = client.get("/department/countersign")
    name = listed.text.rpartition('href="/department/countersign/')[2].partition('"')[0].partition("?")[0]
    return f"/department/countersign/{name}"


def undone(client: httpx.Client, page: str, **form: str) -> httpx.Response:
    """Fill in why an import is undone."""
    shown = client.get(f"{page}/undo")
    return post(client, f"{page}/undo", _UNDOING | {"form_token": form_token(shown)} | form)


def seconded(client: httpx.Client, door: Door, first: Workplace, checked: httpx.Response, second: str) -> str:
    """Let a first officer sign what is checked, then a second one; return what the second is answered."""
    assert "还差一名经办人会签" in first.order(client, checked).text
    path = waiting(client)
    _, other = at_work(door, second, MARKET)
    return other.order(client, client.get(path)).text


def test_an_import_is_undone_by_two_and_what_was_touched_is_left(
    client: httpx.Client, door: Door, intakes: Intakes
) -> None:
    made = intakes.signed([type_row(1), type_row(2)])
    page = f"/department/intakes/{made['intake']}"
    touched = intakes.certificates(shop_number(2))[0].identifier
    _, first = at_work(door, "u-first", MARKET)
    assert "撤销整批导入" in client.get(page).text
    seconded(client, door, first, annulled(client, touched), "u-annuls")
    _, first = at_work(door, "u-first-again", MARKET)
    answer = seconded(client, door, first, undone(client, page), "u-second")
    assert ("已作废" in answer, "后来变更过状态" in answer) == (True, True)
    assert ("已被整批撤销" in client.get(page).text, "已撤销" in client.get("/department/import").text) == (True, True)
    assert faults(door[1]) == []


def test_what_an_undoing_lacks_is_said_and_another_departments_import_is_not_found(
    client: httpx.Client, door: Door, intakes: Intakes
) -> None:
    page = f"/department/intakes/{intakes.signed([type_row(3)])['intake']}"
    at_work(door, "u-lacks", MARKET)
    wrong = undone(client, page, ground="", works_from="yesterday")
    assert (wrong.status_code, 'href="#f-ground"' in wrong.text, 'href="#f-works_from"' in wrong.text) == (
        422, True, True,
    )  # fmt: skip
    at_work(door, "u-stranger", HEALTH)
    assert client.get(f"{page}/undo").status_code == 404


def test_collected_imports_have_a_list_of_their_own(client: httpx.Client, door: Door, intakes: Intakes) -> None:
    collected, signed = intakes.collected([published_row(4)]), intakes.signed([type_row(5)])
    at_work(door, "u-collected", MARKET)
    own, others = client.get("/department/import").text, client.get("/department/import/collected").text
    assert (collected["intake"] in own, signed["intake"] in own) == (False, True)
    assert (collected["intake"] in others, signed["intake"] in others, "publicity" in others) == (True, False, True)
    assert "归集文件" in client.get(f"/department/intakes/{collected['intake']}").text
    for before in ("never", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-25"):
        assert client.get("/department/import/collected", params={"before": before}).status_code == 200
    early = client.get("/department/import/collected", params={"before": "2020-01-01T00:00:00+00:00"})
    assert collected["intake"] not in early.text


def test_an_order_above_the_rate_is_parked_for_a_second_officer(client: httpx.Client, door: Door) -> None:
    _, workplace = at_work(door, "u-rate", MARKET)
    token = {"form_token": form_token(client.get("/department/import"))}
    orders = [post(client, "/department/issue", issue_form(60 + each) | token) for each in range(3)]
    alone = ["已办妥" in workplace.order(client, each).text for each in orders]
    # Tests before this one ordered too: how many are left of the hour does not matter, that they end does.
    assert (alone[-1], sorted(alone, reverse=True)) == (False, alone)
    last = post(client, "/department/issue", issue_form(63) | token)
    assert "须由两名经办人签署" in last.text
    assert "已办妥" in seconded(client, door, workplace, last, "u-rate-second")
    # One that was open before the rate was used up is parked as well, not refused.
    _, workplace = at_work(door, "u-rate-late", MARKET)
    late = post(
        client, "/department/issue",
        issue_form(64) | {"form_token": form_token(client.get("/department/import"))},
    )  # fmt: skip
    assert "还差一名经办人会签" in workplace.order(client, late).text
