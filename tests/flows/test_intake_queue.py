"""What of a file waits for a person: at whom, for what reason, once, and never as a flood."""

import signal
from pathlib import Path

import pytest

from tests.flows.intake_world import Intakes, csv_file, published_row, shop_number, stored_in, type_row
from tests.flows.test_intake_resume import BATCH, KillingTables, killed_in_a_child, restart
from tests.flows.world import HEALTH, MARKET, World


@pytest.fixture
def intakes(hub_world: World, tmp_path: Path) -> Intakes:
    """The intake doors of a world with two departments."""
    return Intakes(hub_world, tmp_path, batch_rows=BATCH)


def test_conflict_waits_at_the_body_whose_certificate_it_is_about(intakes: Intakes) -> None:
    intakes.signed([type_row(1)])
    file = csv_file([published_row(1, XK_JDRQ="2026/11/20")])

    done = intakes.take_in(file, form="publicity", source="publicity", system="health")

    (told,) = intakes.told()
    assert (told.recipient, told.kind, told.state) == (MARKET, "conflict", "open")
    assert told.facts == {
        "intake": done["intake"], "rule": "sealed_by_body", "field": "certificate_number", "count": 1, "rows": [2],
    }  # fmt: skip
    assert told.due_on is not None


def test_row_that_cannot_be_classified_waits_at_the_department_that_sent_it(intakes: Intakes) -> None:
    file = csv_file([published_row(1, XK_XKZS="示例许可证")])

    intakes.take_in(file, form="publicity", source="publicity", system="health")

    (told,) = intakes.told()
    assert (told.recipient, told.kind, told.facts["rule"]) == (HEALTH, "unclassified", "type_unknown")


def test_conflict_about_a_body_that_nobody_enrolled_waits_at_the_sender(intakes: Intakes) -> None:
    nobody = {"XK_XKJGDM": shop_number(77), "XK_ZT": "1"}
    intakes.collected([published_row(1, **nobody)])

    intakes.collected([published_row(1, **nobody | {"XK_ZT": "2"})])

    assert [(each.recipient, each.facts["rule"]) for each in intakes.told()] == [(MARKET, "status_in_file")]


def test_rows_that_wait_for_one_reason_are_one_task(intakes: Intakes) -> None:
    intakes.collected([published_row(place, XK_XKZS="示例许可证") for place in range(1, 106)])

    (told,) = intakes.told()
    assert told.facts["count"] == 105
    assert told.facts["rows"] == list(range(2, 22))


def test_refused_rows_are_the_senders_to_mend_and_no_task(intakes: Intakes) -> None:
    done = intakes.signed([type_row(place, 决定日期="") for place in range(1, 60)])

    assert done["counts"] == {"refused": 59}
    assert intakes.told() == []


def test_dry_run_tells_nobody(intakes: Intakes) -> None:
    assert intakes.collected([published_row(1, XK_XKZS="示例许可证")], dry_run=True)["counts"] == {"queued": 1}
    assert intakes.told() == []


def test_task_holds_no_value_of_the_row(intakes: Intakes) -> None:
    intakes.collected([published_row(1, XK_XKZS="示例许可证书名称", XK_WSH="示例文书号")])

    assert len(intakes.told()) == 1
    assert "示例许可证书名称".encode() not in stored_in(intakes.world)
    assert "示例文书号".encode() not in stored_in(intakes.world)


def test_killed_intake_tells_of_each_row_once(intakes: Intakes) -> None:
    file = csv_file([published_row(place, XK_XKZS="示例许可证") for place in range(1, 46)])
    name = intakes.admit(file, form="publicity", source="publicity")
    intakes.send(name, file)
    assert killed_in_a_child(intakes, name, lambda _: {"open_table": KillingTables(30)}) == signal.SIGKILL
    assert intakes.told() == []

    restart(intakes)
    intakes.run(name)
    intakes.run(name)

    assert [each.facts["count"] for each in intakes.told()] == [45]


def test_what_waits_is_told_also_of_a_file_that_turns_out_to_be_damaged(intakes: Intakes) -> None:
    file = csv_file([published_row(place, XK_XKZS="示例许可证") for place in range(1, 46)])
    name = intakes.admit(file, form="publicity", source="publicity")
    intakes.send(name, file)
    answers = iter([False, False, True])
    intakes.run(name, is_stopping=lambda: next(answers))

    next(intakes.folder.iterdir()).write_bytes(b"")
    failed = intakes.run(name)

    assert (failed["state"], [each.facts["count"] for each in intakes.told()]) == ("failed", [BATCH])
