"""Penalty files: a suspension or stripping is a task at the issuing body, never a change that nobody ordered."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from tests.flows.intake_world import (
    IDENTITY_NUMBER,
    Intakes,
    csv_file,
    numbers_of,
    penalty_row,
    permit_number,
    published_row,
    shop_number,
    stored_in,
    type_row,
)
from tests.flows.test_intake_resume import BATCH, KillingTables, killed_in_a_child, restart
from tests.flows.world import HEALTH, MARKET, World


@pytest.fixture
def intakes(hub_world: World, tmp_path: Path) -> Intakes:
    """The intake doors of a world in which two shops have food permits of the market bureau."""
    made = Intakes(hub_world, tmp_path, batch_rows=BATCH)
    made.signed(numbers_of([1, 2]))
    return made


def test_row_that_strips_opens_a_task_at_the_issuing_body_and_changes_nothing(intakes: Intakes) -> None:
    (before,) = intakes.certificates(shop_number(1))

    done = intakes.penal([penalty_row(1)])

    (told,) = intakes.told()
    assert (told.recipient, told.kind, told.state, told.serial) == (MARKET, "penalty", "open", before.serial)
    assert told.facts == {
        "decision_number": "示罚〔2026〕1号", "penal_body": HEALTH, "decided_on": "2026-11-20", "asked": "strip",
        "public_until": "2029-11-20", "intake": done["intake"], "row": 2,
    }  # fmt: skip
    assert intakes.results(done["intake"], system="health") == [("2", "task", "")]
    assert intakes.certificates(shop_number(1)) == [before]


def test_act_of_the_issuing_body_closes_the_task(intakes: Intakes) -> None:
    intakes.penal([penalty_row(1)])
    (held,) = intakes.certificates(shop_number(1))

    intakes.world.change(held.identifier, "strip")

    assert [each.state for each in intakes.told()] == ["done"]


def test_row_that_names_no_certificate_is_nothing_to_do(intakes: Intakes) -> None:
    done = intakes.penal([penalty_row(1, CF_NR_ZKDX=""), penalty_row(2, CF_NR_ZKDX="无")])

    assert done["counts"] == {"nothing": 2}
    assert intakes.told() == []


def test_row_that_names_none_on_record_or_several_waits_with_its_reason(intakes: Intakes) -> None:
    intakes.signed([type_row(2, 证照编号=permit_number(92))])
    rows = [
        penalty_row(1, CF_NR_ZKDX="烟草专卖零售许可证"),
        penalty_row(2, CF_NR_ZKDX="食品经营许可证"),
        penalty_row(3),
        penalty_row(1, CF_JDRQ="示例日期"),
    ]

    done = intakes.penal(rows)

    assert [rule for _, result, rule in intakes.results(done["intake"], system="health") if result == "queued"] == [
        "penalty_unknown", "penalty_several", "penalty_unknown", "form",
    ]  # fmt: skip
    told = {(each.recipient, each.kind, each.facts["rule"], each.facts["count"]) for each in intakes.told()}
    assert told == {
        (HEALTH, "unclassified", "penalty_unknown", 2),
        (HEALTH, "unclassified", "penalty_several", 1),
        (HEALTH, "unclassified", "form", 1),
    }


def test_penalty_decided_on_a_day_to_come_waits_and_opens_no_task(intakes: Intakes) -> None:
    done = intakes.penal([penalty_row(1, CF_JDRQ="9999/12/31")])
    assert intakes.results(done["intake"], system="health") == [("2", "queued", "decided_in_future")]
    assert [each.kind for each in intakes.told()] == ["unclassified"]


def test_same_decision_opens_no_second_task_by_any_file(intakes: Intakes) -> None:
    first = intakes.penal([penalty_row(1), penalty_row(1, BZ="示例")])
    again = intakes.penal([penalty_row(1)])

    assert first["counts"] == {"task": 1, "nothing": 1}
    assert intakes.results(again["intake"], system="health") == [("2", "nothing", "penalty_told")]
    assert len(intakes.told()) == 1


def test_same_decision_opens_no_second_task_after_the_certificate_was_renewed_or_stripped(intakes: Intakes) -> None:
    intakes.penal([penalty_row(1)])
    intakes.signed([type_row(1, 决定日期="2026-11-20")])
    (renewed,) = intakes.certificates(shop_number(1))
    assert intakes.penal([penalty_row(1)])["counts"] == {"nothing": 1}
    intakes.world.change(renewed.identifier, "strip")

    assert intakes.penal([penalty_row(1)])["counts"] == {"nothing": 1}
    other = intakes.penal([penalty_row(1, CF_WSH="示罚〔2026〕9号")])
    assert intakes.results(other["intake"], system="health") == [("2", "nothing", "penalty_ended")]


def test_another_decision_about_the_same_certificate_is_another_task(intakes: Intakes) -> None:
    intakes.penal([penalty_row(1), penalty_row(1, CF_WSH="示罚〔2026〕9号", CF_CFLB="暂扣许可证")])

    assert [each.facts["asked"] for each in intakes.told()] == ["strip", "suspend"]


def test_penalty_about_a_body_that_nobody_enrolled_waits_at_the_sender(intakes: Intakes) -> None:
    intakes.collected([published_row(3, XK_XKJGDM=shop_number(77))])

    intakes.penal([penalty_row(3)])

    assert [(each.recipient, each.kind) for each in intakes.told()] == [(HEALTH, "penalty")]


def test_dry_run_says_what_it_would_open_and_opens_nothing(intakes: Intakes) -> None:
    rows = [penalty_row(1), penalty_row(1), penalty_row(2, CF_NR_ZKDX=""), penalty_row(3)]

    assert intakes.penal(rows, dry_run=True)["counts"] == {"would_task": 1, "nothing": 2, "queued": 1}
    assert intakes.told() == []
    assert intakes.penal(rows)["counts"] == {"task": 1, "nothing": 2, "queued": 1}


def test_only_a_collected_file_has_penalties(intakes: Intakes) -> None:
    with pytest.raises(ValueError, match="issuing_body: only_collected"):
        intakes.penal([penalty_row(1)], source=None, issuing_body=MARKET)
    with pytest.raises(ValueError, match="certificate_type: unknown"):
        intakes.penal([penalty_row(1)], certificate_type="food_operation_permit")


def test_persons_numbers_and_what_was_done_wrong_are_kept_nowhere(intakes: Intakes) -> None:
    done = intakes.penal([penalty_row(1), penalty_row(2, CF_XDR_SHXYM=IDENTITY_NUMBER, CF_XDR_LB="自然人")])

    assert done["counts"] == {"task": 1, "refused": 1}
    stored = stored_in(intakes.world)
    assert IDENTITY_NUMBER.encode() not in stored
    assert not any(each.encode() in stored for each in ("示例违法事实", "示例违法行为", "示例法第1条"))


@pytest.mark.parametrize(
    "file",
    [
        b'CF_WSH,CF_NR_ZKDX\r\n"cut',
        b"CF_WSH,CF_WSH\r\n1,2\r\n",
        b"CF_WSH,XK_WSH\r\n1,2\r\n",
        b"\xff\xfe\x00",
        b"PK\x03\x04not a workbook",
        b"",
    ],
)
def test_hostile_file_does_nothing_at_all(intakes: Intakes, file: bytes) -> None:
    failed = intakes.take_in(file, form="penalty", source="publicity", system="health")

    assert failed["state"] == "failed"
    assert intakes.told() == []


def test_hostile_rows_are_queued_or_refused_and_the_others_go_through(intakes: Intakes) -> None:
    rows = [
        penalty_row(1, CF_NR_ZKDX="食品经营许可证" + "1A" * 4_000),
        penalty_row(1, CF_WSH="=cmd()\x07"),
        penalty_row(1, CF_NR_ZKDX="'; DROP TABLE notice; --"),
        penalty_row(1, CF_XDR_SHXYM="\u202e" * 18),
        penalty_row(1, CF_JDRQ="9999-99-99"),
        penalty_row(2),
    ]

    done = intakes.penal(rows)

    assert (done["state"], done["counts"]["task"], sum(done["counts"].values())) == ("done", 1, 6)


@pytest.mark.parametrize("rows", [0, 20, 39, 44])
def test_killed_penalty_file_opens_each_task_once(intakes: Intakes, rows: int) -> None:
    intakes.signed(numbers_of(range(3, 46)))
    file = csv_file([penalty_row(place) for place in range(1, 46)])
    name = intakes.admit(file, form="penalty", source="publicity", system="health")
    intakes.send(name, file, system="health")
    assert killed_in_a_child(intakes, name, lambda _: {"open_table": KillingTables(rows)}) == signal.SIGKILL

    restart(intakes)
    done = intakes.run(name, system="health")

    assert done["counts"] == {"task": 45}
    assert sorted(each.facts["row"] for each in intakes.told()) == list(range(2, 47))


def test_task_is_due_by_its_clock(intakes: Intakes) -> None:
    intakes.penal([penalty_row(1)])

    (told,) = intakes.told()
    assert told.due_on is not None
    assert told.due_on > (intakes.world.now + timedelta(days=1)).date()
