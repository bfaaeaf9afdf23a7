"""Stories of evidence bundles fetched when the delivery is over: a department goes on defending its pull."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.custody.installation import LIST_TERM
from hub.custody.retention import erase_past_term
from hub.documents.downloads import delivery_by_token, delivery_token
from hub.evidence.bundles import verify_bundle
from hub.evidence.bundles.telling import told_bundle
from tests.flows.conftest import copied_world
from tests.flows.grant_world import post_ending, sign_ending
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry
from tests.flows.test_bundles import (
    FAILS,
    HOLDS,
    INCOMPLETE,
    Files,
    Made,
    bundled,
    files_of,
    found,
    made,
    openssl_agrees,
    refused_pull,
    run_alone,
    settled,
)
from tests.flows.test_retention import YEARS, keeping
from tests.flows.world import World, granted_request, statutory_request

LONGER_THAN_A_COPY = 31


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A shop with its licence and a permit, a grant signer and a line of the sharing table, on SQLite."""
    with copied_world("sqlite", request, tmp_path) as opened:
        yield settled(opened)
        check_registry(opened)


def laid_beside(world: World, raw: bytes, *kept: Any) -> tuple[int, str]:
    """Verify a bundle with files that were kept; return exit code and lines."""
    lines: list[str] = []
    files = [(f"kept-{number}", orjson.dumps(each)) for number, each in enumerate(kept)]
    report = verify_bundle.verify(raw, world.installation.anchor, lines.append, kept=files)
    return report.exit_code(), "\n".join(lines)


def reason(world: World, raw: bytes, *kept: Any) -> tuple[str, str]:
    """Return outcome and reason as `yizhao verify` tells them."""
    files = [("kept", orjson.dumps(each)) for each in kept]
    told = told_bundle(raw, anchor=world.installation.anchor, trust_list=world.trust.raw, kept=files)
    return told["outcome"], told["reason"]


def left_out(raw: bytes) -> list[str | None]:
    return [each["left_out"] for each in orjson.loads(files_of(raw)["bundle.json"])["records"]]


def disclosed(raw: bytes) -> list[str]:
    disclosures: list[str] = orjson.loads(files_of(raw)["records/001.json"])["signatures"][0]["header"]["disclosures"]
    return disclosures


def told_again(of: Made, **row: Any) -> bytes:
    """Return the bundle with another word on its record, as who holds the hub's key of copies would make it."""
    told = orjson.loads(of.files["bundle.json"])
    told["records"][0] |= row
    return of.signed_again(of.files | {"bundle.json": orjson.dumps(told)})


def emptied(files: Files) -> Files:
    """Return the files with a record that discloses nothing."""
    record = orjson.loads(files["records/001.json"])
    record["signatures"][0]["header"]["disclosures"] = []
    return files | {"records/001.json": verify_bundle.canonical(record)}


# --- ended, withdrawn, erased -----------------------------------------------------------------------------------


def test_pull_is_proven_after_its_delivery_ended_without_what_was_disclosed(shop: World, tmp_path: Path) -> None:
    delivery = shop.pull(statutory_request())["delivery"]
    shop.pass_days(LONGER_THAN_A_COPY)
    raw = bundled(shop, delivery)
    code, lines = run_alone(raw, tmp_path, shop.installation.anchor)
    assert (code, "0 FAIL, 0 MISSING" in lines, "left out holds (ended)" in lines) == (HOLDS, True, True), lines
    assert (left_out(raw), disclosed(raw)) == (["ended"], [])
    assert {"statement.jws", "decision.json", "note.jws", "basis/rule.json", "status/0.jwt"} <= set(files_of(raw))
    assert "valid when this bundle was made" in lines
    assert reason(shop, raw) == ("valid", "contents_left_out")
    assert openssl_agrees(files_of(raw), tmp_path)
    with refused("copy_ended"):
        delivery_by_token(delivery, delivery_token(delivery, shop.registry), registry=shop.registry, now=shop.now)


def test_pull_is_proven_years_later_until_retention_lets_its_note_go(shop: World, tmp_path: Path) -> None:
    delivery = shop.pull(statutory_request())["delivery"]
    shop.pass_days(700)
    assert found(bundled(shop, delivery), shop.installation.anchor)[0] == HOLDS
    shop.now += 2 * YEARS + LIST_TERM
    erase_past_term(keeping(shop, tmp_path), registry=shop.registry, now=shop.now)
    with refused("delivery_not_found"):
        made(shop, delivery)


def test_pull_is_proven_after_its_grant_was_withdrawn_and_the_log_has_the_withdrawal(shop: World) -> None:
    grant = shop.grant()
    delivery = shop.pull(granted_request(grant))["delivery"]
    withdrawal = shop.withdraw(grant)["act_id"]
    raw = bundled(shop, delivery)
    code, lines = found(raw, shop.installation.anchor)
    assert (code, "left out holds (withdrawn)" in lines) == (HOLDS, True), lines
    assert (left_out(raw), disclosed(raw)) == (["withdrawn"], [])
    assert orjson.loads(files_of(raw)["bundle.json"])["acts"]["withdrawal"] == withdrawal
    with refused("copy_withdrawn"):
        delivery_by_token(delivery, delivery_token(delivery, shop.registry), registry=shop.registry, now=shop.now)


def test_pull_is_proven_after_the_holder_ended_everything_with_one_button(shop: World) -> None:
    delivery = shop.pull(granted_request(shop.grant()))["delivery"]
    post_ending(shop, sign_ending(shop))
    raw = bundled(shop, delivery)
    assert (found(raw, shop.installation.anchor)[0], left_out(raw)) == (HOLDS, ["withdrawn"])


def test_pull_is_proven_after_something_it_delivered_was_erased(shop: World) -> None:
    answer = shop.pull(statutory_request())
    shop.erase(answer["items"][0]["identifier"], "legal_representative")
    raw = bundled(shop, answer["delivery"])
    code, lines = found(raw, shop.installation.anchor)
    assert (code, "left out holds (erased)" in lines) == (HOLDS, True), lines
    assert (left_out(raw), disclosed(raw)) == (["erased"], [])
    assert laid_beside(shop, raw, answer["items"][0]["file"])[0] == HOLDS


# --- the file that was kept -------------------------------------------------------------------------------------


def test_file_that_was_kept_is_told_to_be_the_one_delivered_or_not(shop: World) -> None:
    answer = shop.pull(statutory_request())
    other = shop.pull(statutory_request(case_number="2026-0002"))["items"][0]["file"]
    shop.pass_days(LONGER_THAN_A_COPY)
    raw, file = bundled(shop, answer["delivery"]), answer["items"][0]["file"]
    code, lines = laid_beside(shop, raw, answer, file, file["record"])
    assert (code, lines.count("OK      --record")) == (HOLDS, 12), lines
    assert reason(shop, raw, file) == ("valid", "file_delivered")
    changed = file | {"record": file["record"] | {"payload": file["record"]["payload"][:-4] + "AAAA"}}
    others: tuple[Any, ...] = (changed, other, {}, [], {"items": []})
    for each in others:
        code, lines = laid_beside(shop, raw, each)
        assert (code, "FAIL    --record kept-0" in lines) == (FAILS, True), lines
    assert reason(shop, raw, other) == ("not_valid", "file_other")


def test_program_takes_a_kept_file_on_its_command_line(shop: World, tmp_path: Path) -> None:
    answer = shop.pull(statutory_request())
    bundle, kept, other = (tmp_path / name for name in ("bundle.asice", "kept.json", "other.json"))
    bundle.write_bytes(bundled(shop, answer["delivery"]))
    kept.write_bytes(orjson.dumps(answer))
    other.write_bytes(b"{}")
    command = [str(bundle), "--anchor", shop.installation.anchor, "--record"]
    assert [verify_bundle.main([*command, str(each)]) for each in (kept, other)] == [HOLDS, FAILS]
    assert verify_bundle.main([*command, str(tmp_path / "none")]) == verify_bundle.UNREADABLE


def test_file_laid_beside_a_refusal_was_not_delivered(shop: World) -> None:
    file = shop.pull(statutory_request())["items"][0]["file"]
    name = refused_pull(shop, statutory_request(item_code="999"))
    code, lines = laid_beside(shop, bundled(shop, name), file)
    assert (code, "FAIL    --record" in lines) == (FAILS, True), lines


# --- nothing is left out without a reason that holds ------------------------------------------------------------


def test_contents_left_out_of_a_delivery_that_runs_are_a_failure_whatever_is_said(shop: World) -> None:
    grant = shop.grant()
    delivery, other = (shop.pull(granted_request(grant))["delivery"] for _ in range(2))
    running = Made(shop, bundled(shop, delivery))
    empty = Made(shop, running.signed_again(emptied(running.files)))
    erasing = {"left_out": "erased", "erased": [{"field": "floor_area", "act": "x"}]}
    for row in ({"left_out": None}, {"left_out": "ended"}, {"left_out": "withdrawn"}, {"left_out": "erased"}, erasing):
        assert found(told_again(empty, **row), shop.installation.anchor)[0] in (FAILS, INCOMPLETE), row
    for row in ({"left_out": None}, {"left_out": "ended"}, {"left_out": "erased"}, {"left_out": "because"}):
        assert found(told_again(empty, **row), shop.installation.anchor)[0] == FAILS, row
    shop.withdraw(grant)
    withdrawn = Made(shop, bundled(shop, other))
    code, lines = found(told_again(Made(shop, withdrawn.raw), left_out=None), shop.installation.anchor)
    assert (code, "note is signed over another record" in lines) == (FAILS, True), lines


def test_withdrawal_of_another_grant_is_no_reason(shop: World) -> None:
    grant, other = shop.grant(), shop.grant(case_number="2026-0009")
    delivery, second = (
        shop.pull(granted_request(grant))["delivery"],
        shop.pull(granted_request(other, case_number="2026-0009"))["delivery"],
    )
    shop.withdraw(grant)
    shop.withdraw(other)
    one, two = Made(shop, bundled(shop, delivery)), files_of(bundled(shop, second))
    act = orjson.loads(two["bundle.json"])["acts"]["withdrawal"]
    told = orjson.loads(one.files["bundle.json"])
    told["acts"]["withdrawal"] = act
    rows = orjson.loads(one.files["acts.json"]) + [
        each for each in orjson.loads(two["acts.json"]) if each["file"] == f"acts/{act}.json"
    ]
    files = one.files | {
        "bundle.json": orjson.dumps(told),
        "acts.json": orjson.dumps(rows),
        f"acts/{act}.json": two[f"acts/{act}.json"],
    }
    code, lines = found(one.signed_again(files), shop.installation.anchor)
    assert (code, "it was another grant that was withdrawn" in lines) == (FAILS, True), lines


def test_contents_that_are_here_though_they_are_said_to_be_left_out_are_a_failure(shop: World) -> None:
    delivery = shop.pull(statutory_request())["delivery"]
    running = Made(shop, bundled(shop, delivery))
    code, lines = found(told_again(running, left_out="ended"), shop.installation.anchor)
    assert (code, "and some are here" in lines) == (FAILS, True), lines


def test_bundle_of_the_first_form_reads_as_it_did(shop: World) -> None:
    answer = shop.pull(statutory_request())
    running = Made(shop, bundled(shop, answer["delivery"]))
    told = orjson.loads(running.files["bundle.json"])
    del told["records"][0]["left_out"], told["acts"]["withdrawal"]
    old = running.files | {"bundle.json": orjson.dumps(told | {"bundle": 1})}
    assert found(running.signed_again(old), shop.installation.anchor)[0] == HOLDS
    del told["records"][0]["erased"]
    assert found(running.signed_again(emptied(old)), shop.installation.anchor)[0] == FAILS
