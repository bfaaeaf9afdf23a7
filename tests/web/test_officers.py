"""Officers at the doors: who gets in and who does not, when a session ends, and which browser is a terminal."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connectors.authenticator_simulator import AuthenticatorSimulator
from connectors.errors import SimulatorError
from hub.client import Client, RefusedError
from hub.department.officers import KEPT_OF_NOBODY, app_secret
from hub.steps.keyfolder import OFFICER_FOLDER
from hub.steps.sessions import open_session
from hub.store.session import SessionReader
from hub.web.callers import moment
from scripts.example_city import DEPARTMENTS
from scripts.example_officers import AUDITOR, PLAYED, SIGNERS, open_accounts
from signing.password import SALT_BYTES, hash_password
from tests.flows.world import HEALTH, MARKET, OPERATOR, ORIGIN, SHOP
from tests.web.officers import (
    PASSWORD,
    Account,
    Workplace,
    at_work,
    form_token,
    open_officer,
    order_code,
    post,
    sign_in,
)
from tests.web.served import Door, served


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    """A browser that has no cookie yet."""
    served, _ = door
    served.cookies.clear()
    yield served
    served.cookies.clear()


def test_nobodys_password_takes_as_long_as_anybodys() -> None:
    assert hash_password("", bytes(SALT_BYTES)) == KEPT_OF_NOBODY


def test_an_officer_opens_his_account_with_a_code_and_signs_in(client: httpx.Client, door: Door) -> None:
    _, world = door
    world.enrol("officers", number="o-open", department=MARKET)
    code, page = order_code(world, "o-open"), client.get("/department/sign-up")
    typed = {
        "number": "o-open", "opening_code": code, "password": PASSWORD, "password_again": PASSWORD,
        "form_token": form_token(page),
    }  # fmt: skip
    shown = post(client, "/department/sign-up", typed)
    assert 'id="app-secret"' in shown.text
    secret = app_secret("o-open", code, registry=world.registry, now=moment())
    app = Account("o-open", secret)
    assert post(client, "/department/sign-up", typed | {"code": app.code(-1)}).status_code == 303
    assert post(client, "/department/sign-up", typed | {"code": app.code()}).status_code == 422
    began = sign_in(client, "o-open", app.code())
    assert (began.status_code, began.headers["location"]) == (303, "/department/terminal?lang=zh")
    assert "o-open" in client.get("/department").text


def test_number_password_and_code_are_refused_alike_and_the_fifth_wrong_code_locks(
    client: httpx.Client, door: Door
) -> None:
    account = open_officer(door[1], "o-lock")
    answers = [
        sign_in(client, "o-nobody", account.code()),
        sign_in(client, "o-lock", account.code(), "another password here"),
        sign_in(client, "o-lock", account.code(), ""),
        *(sign_in(client, "o-lock", each) for each in (account.code(40), "一二三四五六", "", "1", "000000")),
        sign_in(client, "o-lock", account.code(), "another password here"),
    ]
    assert {each.status_code for each in answers} == {422}
    assert all("没有登录" in each.text for each in answers)
    assert "帐户已暂时锁定" in sign_in(client, "o-lock", account.code()).text
    assert client.get("/department").status_code == 303


def test_a_stranger_who_knows_a_number_keeps_nobody_out(client: httpx.Client, door: Door) -> None:
    account = open_officer(door[1], "o-known")
    tried = [sign_in(client, "o-known", "000000", "a password of a stranger") for _ in range(8)]
    assert all("没有登录" in each.text for each in tried)
    assert sign_in(client, "o-known", account.code()).status_code == 303


def test_so_many_browsers_of_an_address_become_terminals_on_the_spot_and_no_more(door: Door) -> None:
    _, world = door
    account, folder = open_officer(world, "o-many"), world.settings.folder.parent
    url = world.registry.database.url
    with served(url, folder, sandbox_rate="1/hour") as client:
        sign_in(client, "o-many", account.code())
        first = Workplace().sit_down(client)
        sign_in(client, "o-many", account.code(1))
        second = Workplace().sit_down(client)
    assert (first.status_code, second.status_code, "过于频繁" in second.text) == (303, 422, True)


def test_a_code_counts_once(client: httpx.Client, door: Door) -> None:
    account = open_officer(door[1], "o-once")
    code = account.code()
    assert sign_in(client, "o-once", code).status_code == 303
    assert "没有登录" in sign_in(client, "o-once", code).text
    assert sign_in(client, "o-once", account.code(1)).status_code == 303


def test_a_leaver_is_out_with_the_order_that_ends_him(client: httpx.Client, door: Door) -> None:
    _, world = door
    account, _ = at_work(door, "o-leaver")
    assert client.get("/department").status_code == 200
    world.now = moment()
    world.enrol("officers", number="o-leaver", department=MARKET, active=False)
    assert client.get("/department").status_code == 303
    assert "没有登录" in sign_in(client, "o-leaver", account.code(1)).text


def test_a_new_code_ends_what_was_known_before(client: httpx.Client, door: Door) -> None:
    _, world = door
    account, _ = at_work(door, "o-reset")
    order_code(world, "o-reset")
    assert client.get("/department").status_code == 303
    assert "没有登录" in sign_in(client, "o-reset", account.code(1)).text


def test_signing_out_everywhere_ends_every_session_of_the_officer(client: httpx.Client, door: Door) -> None:
    account, _ = at_work(door, "o-every")
    first = client.cookies["yizhao-department"]
    sign_in(client, "o-every", account.code(1))
    page = client.get("/department")
    assert page.text.count("未登记的电脑") == 1
    assert post(client, "/department/sign-out-everywhere", {"form_token": form_token(page)}).status_code == 303
    client.cookies.set("yizhao-department", first, domain="127.0.0.1")
    assert client.get("/department").status_code == 303


def test_the_session_of_an_enterprise_opens_no_officers_page(client: httpx.Client, door: Door) -> None:
    registry = door[1].registry
    term = registry.terms.session_term
    token = registry.database.write(
        lambda connection: open_session(connection, SHOP, role="manager", term=term, registry=registry, now=moment())
    )
    client.cookies.set("yizhao-department", token, domain="127.0.0.1")
    assert client.get("/department").headers["location"].startswith("/department/sign-in")


def test_a_terminal_of_another_department_seats_nobody(client: httpx.Client, door: Door) -> None:
    _, world = door
    _, workplace = at_work(door, "o-market")
    account = open_officer(world, "o-health", HEALTH)
    sign_in(client, "o-health", account.code())
    seated = workplace.sit_down(client)
    assert (seated.status_code, "不是本部门的窗口终端" in seated.text or "还不是" in seated.text) == (422, True)


@pytest.mark.parametrize("said", [{"nonce": "of another session"}, {"aud": "https://evil.example"}, {"iat": 0}])
def test_a_proof_for_another_session_hub_or_moment_seats_nobody(
    said: dict[str, object], client: httpx.Client, door: Door
) -> None:
    account = open_officer(door[1], f"o-proof-{next(iter(said))}")
    sign_in(client, account.number, account.code())
    assert "没有确认这台电脑是窗口终端" in Workplace().sit_down(client, **said).text


def test_the_key_of_a_terminal_opens_no_other_door(client: httpx.Client, door: Door) -> None:
    _, world = door
    _, workplace = at_work(door, "o-token")
    with world.registry.database.read() as connection:
        (session, *_) = [each for each in SessionReader(connection).open_of(MARKET, moment()) if each.terminal]
    url, code = str(client.base_url), session.terminal or ""
    stolen = Client(url=url, system=code, signer=workplace.signer, origin=ORIGIN, http=client)
    with pytest.raises(RefusedError) as found:
        stolen.get("/api/v1/notices")
    assert found.value.code == "terminal_elsewhere"


def test_a_stranger_finds_the_demonstrations_officers_on_the_sign_in_page(client: httpx.Client, door: Door) -> None:
    _, world = door
    world.now = moment()
    market, health, police, culture = (each for each in DEPARTMENTS if each.system in PLAYED)
    for number in (AUDITOR, *SIGNERS):
        world.enrol("officers", number=number, department=OPERATOR)
    world.enrol("officers", number=market.officer, department=MARKET)
    world.enrol("officers", number=health.officer, department=HEALTH)
    world.enrol("officers", number=police.officer, department=HEALTH)
    world.enrol("officers", number=culture.officer, department=HEALTH)
    simulator = AuthenticatorSimulator(world.settings.key_folder / OFFICER_FOLDER, mode="test")
    open_accounts(str(client.base_url).rstrip("/"), client, world.enrol, simulator)
    client.cookies.clear()
    played = next(each for each in simulator.shown(moment()) if each["number"] == "market-001")
    shown = client.get("/department/sign-in").text
    assert (played["password"] in shown, played["number"] in shown) == (True, True)
    assert sign_in(client, "market-001", played["code"], played["password"]).status_code == 303


def test_the_demonstrations_officers_are_played_in_no_production(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError):
        AuthenticatorSimulator(tmp_path, mode="production")
