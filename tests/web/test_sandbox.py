"""The sandbox: anybody gets a system of the made-up department for a day, and does no harm with it.

The examples that the page shows are run as they stand, by a shell and by Python, against a served hub.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.client import Client, RefusedError
from hub.errors import NotFoundError
from hub.store.database import Database
from hub.store.parties import PartyReader
from hub.supervision.sandbox import prepare_system
from hub.web.pages.examples import read_examples
from schemas import sandbox
from schemas.certificate import civil_date
from schemas.statement import Ordered
from scripts.example_sandbox import enrol_sandbox, share_with_sandbox
from signing.algorithms import generate_private_key
from signing.base64url import decode
from signing.jws import jwk_of
from signing.signers.file import FileSigner
from tests.cli.site import run
from tests.flows.registry_check import faults_beside_a_server
from tests.flows.world import MARKET, ORIGIN, SHOP, food_order, make_world
from tests.web.served import Door, client_of, issue, served

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def door(sqlite_module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A served hub with a sandbox, and its world."""
    folder = tmp_path_factory.mktemp("sandbox")
    with closing(Database(sqlite_module_url)) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        with served(sqlite_module_url, folder, sandbox_rate="100/minute") as client:
            make_sandbox((client, world))
            yield client, world
            assert faults_beside_a_server(world) == []


def make_sandbox(door: Door) -> None:
    client, world = door
    operator = client_of(door, "operator")
    enrol_sandbox(operator, world.keys)
    world.now = datetime.now(UTC)
    world.pass_days(0)
    assert client.get("/readyz").json()["ready"]

    def approve(put: dict[str, Any]) -> None:
        answer = {"code": put["code"], "version": put["version"], "answer": "approve"}
        client_of(door, "market").order("/api/v1/sharing-answers", Ordered.ANSWER_SHARE, answer, officer="m-001")

    share_with_sandbox(operator, MARKET, approve)


def asked(door: Door, signer: FileSigner) -> httpx.Response:
    return door[0].post("/api/v1/sandbox/systems", json={"jwk": jwk_of(signer.private_key.public_key())})


def visitor(door: Door) -> tuple[Client, dict[str, Any]]:
    """Return the client of a system that a stranger got, and what came with it."""
    key = generate_private_key("ES256")
    rights = asked(door, FileSigner(key)).json()
    signer = FileSigner(key, decode(rights["cert"]))
    return Client(str(door[0].base_url), rights["system"], signer, origin=ORIGIN, http=door[0]), rights


def sandbox_order(rights: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "certificate_type": rights["certificate_type"],
        "issuing_body": rights["issuing_body"],
        "licence_number": rights["holder"],
        "holder_name": "示例沙箱单位",
        "holder_address": "示例市示例路1号",
        "certificate_number": f"L-GD-{rights['holder'][10:16]}",
        "decision_document": "准予行政许可决定书",
        "decision_number": "示许〔2026〕1号",
        "decided_on": civil_date(datetime.now(UTC)).isoformat(),
        "valid_from": civil_date(datetime.now(UTC)).isoformat(),
        "valid_to": None,
        "fields": {"legal_representative": "陈示例", "business_premises": "示例路", "permitted_business": "国内旅游"},
    } | changes


def refused(code: str, work: Any, *arguments: Any, **named: Any) -> None:
    with pytest.raises(RefusedError) as caught:
        work(*arguments, **named)
    assert caught.value.code == code


def test_stranger_gets_a_system_and_issues_for_the_holder_it_was_given(door: Door) -> None:
    client, rights = visitor(door)
    issued = issue(client, sandbox_order(rights))
    shown = door[0].get(f"/c/{issued['reference']}", headers={"accept": "application/json"}).json()
    assert shown["holder"]["licence_number"] == rights["holder"]
    assert sandbox.is_sandbox(rights["holder"])


def test_its_enrolment_is_approved_by_two_persons_like_any_other(door: Door) -> None:
    _, rights = visitor(door)
    receipt = door[0].get(f"/api/v1/receipts/{rights['act_id']}")
    assert receipt.status_code == 200


def test_same_key_again_is_the_same_system(door: Door) -> None:
    signer = FileSigner(generate_private_key("ES256"))
    first, second = asked(door, signer).json(), asked(door, signer).json()
    assert first["system"] == second["system"]
    assert first["holder"] != second["holder"]


def test_a_key_that_another_department_has_is_refused(door: Door) -> None:
    market = door[1].keys.public_key("system:market")
    response = door[0].post("/api/v1/sandbox/systems", json={"jwk": jwk_of(market)})
    assert response.json()["code"] == "key_enrolled"


def test_it_issues_for_no_holder_of_the_city(door: Door) -> None:
    client, rights = visitor(door)
    refused("sandbox_only", issue, client, sandbox_order(rights, licence_number=SHOP))


def test_it_issues_in_no_other_bodys_name(door: Door) -> None:
    client, rights = visitor(door)
    refused("body_not_yours", issue, client, sandbox_order(rights, issuing_body=MARKET))


def test_it_pulls_nothing_of_the_city(door: Door) -> None:
    client, rights = visitor(door)
    request = {
        "licence_number": SHOP,
        "wanted": [{"certificate_type": rights["certificate_type"]}],
        "basis": {"kind": "statutory", "reference": rights["rule"]},
        "item_code": rights["item_code"],
        "case_number": "2026-000001",
    }
    refused("sandbox_only", client.request, "/api/v1/pulls", Ordered.PULL, request, officer=rights["officer"])


def test_it_orders_nothing_but_what_it_may_try(door: Door) -> None:
    client, _ = visitor(door)
    refused("role_missing", client.order, "/api/v1/departments", Ordered.ENROL, {})
    refused("sandbox_only", client.order, "/api/v1/annotations", Ordered.ANNOTATE, {})


def test_it_searches_and_follows_nothing_of_the_city(door: Door) -> None:
    client, _ = visitor(door)
    refused("sandbox_only", client.get, "/api/v1/certificates", licence_number=SHOP)
    refused("sandbox_only", client.get, "/api/v1/changes")


def test_its_orders_use_up_no_bodys_rate(door: Door) -> None:
    _, world = door
    client, rights = visitor(door)
    issue(client, sandbox_order(rights))
    issued = issue(client_of(door, "market"), food_order(licence_number=SHOP))
    assert issued["identifier"]
    with world.registry.database.read() as connection:
        in_charge = PartyReader(connection).in_charge(civil_date(world.now))
    assert sandbox.DEPARTMENT not in in_charge[sandbox.CERTIFICATE_TYPE]


def test_one_address_gets_so_many_and_no_more(door: Door, tmp_path: Path) -> None:
    with served(door[1].registry.database.url, door[1].settings.folder.parent, sandbox_rate="1/hour") as client:
        answers = [asked((client, door[1]), FileSigner(generate_private_key("ES256"))) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 429]


def test_all_together_get_so_many_and_no_more(door: Door) -> None:
    with served(door[1].registry.database.url, door[1].settings.folder.parent, sandbox_most="1/day") as client:
        answers = [asked((client, door[1]), FileSigner(generate_private_key("ES256"))) for _ in range(2)]
    assert [each.json().get("code") for each in answers] == [None, "sandbox_busy"]


def test_production_prepares_none(door: Door) -> None:
    world, jwk = door[1], jwk_of(generate_private_key("ES256").public_key())
    registry = replace(world.registry, mode="production")
    with pytest.raises(NotFoundError, match="sandbox_absent"):
        prepare_system(jwk, registry=registry, keys=world.keys, now=datetime.now(UTC))


# --- the examples ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk(door: Door, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where somebody has got a system with `yizhao sandbox`, and has `yizhao` to call."""
    folder = tmp_path_factory.mktemp("desk")
    done = run("sandbox", "--url", str(door[0].base_url).rstrip("/"), "--keys", str(folder / "sandbox-keys"))
    assert done.code == 0, done.err
    program = folder / "bin" / "yizhao"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m hub.cli.main "$@"\n')
    program.chmod(0o755)
    return folder


def ran(desk: Path, text: str, *program: str) -> str:
    """Run an example's text where the keys lie; return the last thing it says."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": f"{desk / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run(
        [*program], input=text, cwd=desk, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_python_examples_run_as_they_stand(desk: Path) -> None:
    said = [ran(desk, each.python, sys.executable, "-") for each in read_examples()]
    assert said[0].startswith("DPoP 300")
    assert said[2].endswith("valid")
    assert said[3] == "suspended"
    assert said[4] == "suspended"


def test_curl_examples_run_as_they_stand(desk: Path) -> None:
    said = [ran(desk, each.shell, "sh", "-s") for each in read_examples()]
    assert said[0] == "DPoP"
    assert said[3] == "suspended"
    assert said[4] == "suspended"


def test_page_shows_every_example_as_it_is_run(door: Door) -> None:
    page = unescape(door[0].get("/api/sandbox?lang=en").text)
    assert [each.name for each in read_examples() if each.python not in page or each.shell not in page] == []
    assert "yizhao sandbox" in page
