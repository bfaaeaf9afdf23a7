"""Files taken in whole: signed by the issuing body or collected, in each form and encoding."""

from pathlib import Path

import openpyxl
import pytest

from hub.errors import IntakeError, NotFoundError, OrderError, StatementError
from hub.store.parties import PartyReader
from schemas.catalogue import FieldsError
from schemas.statement import Ordered
from tests.flows.intake_world import (
    IDENTITY_NUMBER,
    Intakes,
    csv_file,
    numbers_of,
    permit_number,
    published_row,
    shop_number,
    signed_content,
    stored_in,
    type_row,
)
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, MARKET, World


@pytest.fixture
def intakes(hub_world: World, tmp_path: Path) -> Intakes:
    """The intake doors of a world with two departments."""
    return Intakes(hub_world, tmp_path)


def test_signed_file_becomes_the_certificates_of_its_body(intakes: Intakes) -> None:
    done = intakes.signed(numbers_of(range(1, 251)))

    assert (done["state"], done["rows"], done["counts"]) == ("done", 250, {"issued": 250})
    (certificate,) = intakes.certificates(shop_number(7))
    assert (certificate.issuing_body, certificate.source) == (MARKET, None)
    assert intakes.origin_of(certificate)["file_sha256"] == done["file_sha256"]
    assert intakes.origin_of(certificate)["row"] == 8
    assert not intakes.spool.holds(done["intake"])


def test_publicity_file_is_collected_and_its_source_is_seen(intakes: Intakes) -> None:
    done = intakes.collected([published_row(1), published_row(2)])

    assert done["counts"] == {"issued": 2}
    (certificate,) = intakes.certificates(shop_number(1))
    assert (certificate.source, certificate.valid_to.isoformat()) == ("publicity", "2031-11-01")  # type: ignore[union-attr]
    assert intakes.origin_of(certificate)["kind"] == "collected"
    with intakes.world.registry.database.read() as connection:
        assert PartyReader(connection).sources()["publicity"][1] == intakes.world.now


def test_publicity_row_without_a_number_takes_its_decisions_and_says_so(intakes: Intakes) -> None:
    intakes.collected([published_row(1, XK_XKBH="")])

    (certificate,) = intakes.certificates(shop_number(1))
    assert intakes.origin_of(certificate)["marks"] == ["number_from_decision"]


def test_gb18030_file_is_read(intakes: Intakes) -> None:
    file = csv_file([type_row(1, 持证主体名称="中山示例龘餐饮店")], encoding="gb18030")

    assert intakes.take_in(file, **signed_content())["counts"] == {"issued": 1}


def test_xlsx_file_is_read(intakes: Intakes, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(type_row(1)))  # type: ignore[union-attr]
    sheet.append(list(type_row(1).values()))  # type: ignore[union-attr]
    book.save(tmp_path / "orders.xlsx")

    assert intakes.take_in((tmp_path / "orders.xlsx").read_bytes(), **signed_content())["counts"] == {"issued": 1}


def test_wrong_rows_are_told_by_field_and_rule_while_the_others_go_through(intakes: Intakes) -> None:
    wrong_check = shop_number(2)[:-1] + ("0" if shop_number(2)[-1] != "0" else "1")
    rows = [type_row(1), type_row(2, 统一社会信用代码=wrong_check), type_row(3, 决定日期=""), type_row(4)]

    done = intakes.signed(rows)

    assert done["counts"] == {"issued": 2, "refused": 2}
    assert [(line["row"], line["field"], line["rule"]) for line in intakes.outcome(done["intake"])] == [
        ("2", "", ""),
        ("3", "licence_number", "check_digit"),
        ("4", "decided_on", "missing"),
        ("5", "", ""),
    ]
    assert all(line["next_step"] for line in intakes.outcome(done["intake"]) if line["rule"])


def test_same_file_again_changes_nothing(intakes: Intakes) -> None:
    intakes.signed(numbers_of([1, 2]))

    assert intakes.signed(numbers_of([1, 2]))["counts"] == {"unchanged": 2}


def test_later_decision_is_a_change_and_an_equal_one_a_conflict(intakes: Intakes) -> None:
    intakes.signed(numbers_of([1, 2, 3]))
    later = type_row(1, 决定日期="2026-11-20", 经营项目="热食类食品制售、冷食类食品制售")
    same_day = type_row(2, 经营项目="热食类食品制售、冷食类食品制售")
    earlier = type_row(3, 决定日期="2026-11-01", 有效期自="2026-11-01", 有效期至="2031-10-31")

    done = intakes.signed([later, same_day, earlier])

    assert intakes.results(done["intake"]) == [
        ("2", "changed", ""),
        ("3", "conflict", "not_later"),
        ("4", "conflict", "not_later"),
    ]
    assert [each.version for each in intakes.certificates(shop_number(1))] == [2]
    assert [each.version for each in intakes.certificates(shop_number(2))] == [1]


def test_two_rows_of_one_certificate_are_decided_one_after_the_other(intakes: Intakes) -> None:
    rows = [type_row(1), type_row(1), type_row(1, 决定日期="2026-11-20"), type_row(1, 住所="中山市示例路9号")]

    done = intakes.signed(rows)

    assert [result for _, result, _ in intakes.results(done["intake"])] == [
        "issued", "unchanged", "changed", "conflict",
    ]  # fmt: skip


def test_collected_row_never_changes_what_the_body_sealed(intakes: Intakes) -> None:
    intakes.signed([type_row(1)])

    done = intakes.collected([published_row(1, XK_JDRQ="2026/11/20")])

    assert intakes.results(done["intake"]) == [("2", "conflict", "sealed_by_body")]


def test_signed_row_takes_over_what_was_collected_when_it_is_later(intakes: Intakes) -> None:
    intakes.collected([published_row(1)])

    assert intakes.signed([type_row(1, 决定日期="2026-11-20")])["counts"] == {"changed": 1}
    assert [each.source for each in intakes.certificates(shop_number(1))] == [None]


def test_ended_certificate_does_not_come_back_by_a_file(intakes: Intakes) -> None:
    done = intakes.signed([type_row(1)])
    (line,) = intakes.outcome(done["intake"])
    intakes.world.change(line["identifier"], "withdraw")

    again = intakes.signed([type_row(1, 决定日期="2026-11-20")])

    assert intakes.results(again["intake"]) == [("2", "conflict", "certificate_ended")]


def test_invalid_state_in_a_publicity_file_is_told_and_changes_nothing(intakes: Intakes) -> None:
    intakes.collected([published_row(1)])

    done = intakes.collected([published_row(1, XK_ZT="2")])

    assert intakes.results(done["intake"]) == [("2", "conflict", "status_in_file")]
    assert [each.status for each in intakes.certificates(shop_number(1))] == ["valid"]


def test_row_whose_type_cannot_be_told_waits_in_the_queue(intakes: Intakes) -> None:
    done = intakes.collected([published_row(1, XK_XKZS="示例许可证"), published_row(2)])

    assert intakes.results(done["intake"]) == [("2", "queued", "type_unknown"), ("3", "issued", "")]


def test_natural_person_is_refused(intakes: Intakes) -> None:
    done = intakes.collected([published_row(1, XK_XDR_LB="自然人", XK_XDR_SHXYM="")])

    assert intakes.results(done["intake"]) == [("2", "refused", "natural_person")]


def test_what_a_newer_file_omits_is_reported_only(intakes: Intakes) -> None:
    first = intakes.signed(numbers_of([1, 2]))
    omitted = intakes.outcome(first["intake"])[1]["identifier"]

    done = intakes.signed(numbers_of([1]))

    assert done["counts"] == {"unchanged": 1, "missing": 1}
    assert [(line["row"], line["result"], line["identifier"]) for line in intakes.outcome(done["intake"])][1] == (
        "", "missing", omitted,
    )  # fmt: skip
    assert [each.status for each in intakes.certificates(shop_number(2))] == ["valid"]


def test_renewal_under_a_new_number_names_what_it_replaces(intakes: Intakes) -> None:
    first = intakes.signed([type_row(1)])
    (line,) = intakes.outcome(first["intake"])
    renewed = type_row(1, 证照编号=permit_number(91), 决定日期="2026-11-20") | {"替代的证照标识": line["identifier"]}

    assert intakes.signed([renewed])["counts"] == {"changed": 1}
    assert intakes.signed([renewed])["counts"] == {"unchanged": 1}


def test_successor_goes_on_with_the_chains_of_the_body_it_succeeds(intakes: Intakes) -> None:
    intakes.signed([type_row(1)])
    intakes.succeed(MARKET, HEALTH)
    file = csv_file([type_row(1), type_row(2)])

    done = intakes.take_in(file, **signed_content(issuing_body=HEALTH), system="health")

    assert [result for _, result, _ in intakes.results(done["intake"], system="health")] == ["unchanged", "issued"]


# --- identity numbers -------------------------------------------------------------------------------------------


def test_identity_numbers_are_dropped_at_the_door(intakes: Intakes, caplog: pytest.LogCaptureFixture) -> None:
    rows = [published_row(1), published_row(2, XK_XDR_SHXYM="无")]

    done = intakes.collected(rows)

    assert done["counts"] == {"issued": 1, "refused": 1}
    assert IDENTITY_NUMBER.encode() not in stored_in(intakes.world)
    assert IDENTITY_NUMBER.encode() not in intakes.outcome_bytes(done["intake"])
    assert IDENTITY_NUMBER not in caplog.text


def test_outcome_never_holds_a_value(intakes: Intakes) -> None:
    done = intakes.signed([type_row(1, 统一社会信用代码="示例错误代码", 决定日期="示例错误日期"), type_row(2)])

    outcome = intakes.outcome_bytes(done["intake"]).decode("utf-8-sig")
    assert "示例错误" not in outcome
    assert type_row(2)["持证主体名称"] not in outcome


def test_waiting_file_lies_encrypted(intakes: Intakes) -> None:
    file = csv_file(numbers_of(range(1, 600)))
    name = intakes.admit(file, **signed_content())
    intakes.send(name, file)

    spooled = b"".join(path.read_bytes() for path in intakes.folder.iterdir())
    assert len(spooled) > len(file)
    assert "中山示例".encode() not in spooled
    intakes.run(name)
    assert list(intakes.folder.iterdir()) == []


# --- files that are refused whole -------------------------------------------------------------------------------


def test_file_with_another_digest_is_not_kept(intakes: Intakes) -> None:
    name = intakes.admit(csv_file([type_row(1)]), **signed_content())

    with pytest.raises(IntakeError, match="file_digest"):
        intakes.send(name, csv_file([type_row(2)]))

    assert list(intakes.folder.iterdir()) == []
    assert intakes.progress(name)["state"] == "awaiting_file"
    intakes.send(name, csv_file([type_row(1)]))


def test_file_is_sent_once(intakes: Intakes) -> None:
    done = intakes.signed([type_row(1)])

    with pytest.raises(IntakeError, match="file_received"):
        intakes.send(done["intake"], csv_file([type_row(1)]))


def test_file_that_is_cut_does_nothing_at_all(intakes: Intakes) -> None:
    file = csv_file(numbers_of(range(1, 300))) + b'"91442000'

    done = intakes.take_in(file, **signed_content())

    assert (done["state"], done["problem"]) == ("failed", "file_cut")
    assert intakes.certificates(shop_number(1)) == []
    assert not intakes.spool.holds(done["intake"])


def test_file_with_a_column_nobody_knows_does_nothing_at_all(intakes: Intakes) -> None:
    done = intakes.signed([type_row(1) | {"示例未知列": "示例"}])

    assert (done["state"], done["problem"]) == ("failed", "column_unknown")
    assert [(line["field"], line["rule"]) for line in intakes.outcome(done["intake"])] == [
        (f"column:{len(type_row(1)) + 1}", "column_unknown")
    ]


def test_file_in_an_unknown_encoding_is_refused(intakes: Intakes) -> None:
    assert intakes.take_in(b"\xff\xff\xff\n\x80\n", **signed_content())["problem"] == "file_encoding"


# --- who may ----------------------------------------------------------------------------------------------------


def test_statement_is_spent_once(intakes: Intakes) -> None:
    content = signed_content(file_sha256="0" * 64)
    members = {"issuing_body": MARKET, "certificate_type": "food_operation_permit"}
    verified, seconds = intakes.world.seconded(Ordered.IMPORT, content, system="market", **members)
    name = intakes.admit_verified(content, verified, seconds=seconds)

    assert intakes.admit_verified(content, verified, seconds=seconds) == name
    with pytest.raises(StatementError, match="statement_replayed"):
        intakes.admit_verified(content, verified, key="another-key", seconds=seconds)


def test_signed_file_needs_two_officers_and_trying_it_out_one(intakes: Intakes) -> None:
    content = signed_content(file_sha256="0" * 64)
    members = {"issuing_body": MARKET, "certificate_type": "food_operation_permit", "officer": "m-001"}
    alone = intakes.world.order(Ordered.IMPORT, content, system="market", **members)
    with refused("second_officer_needed"):
        intakes.admit_verified(content, alone)

    tried = content | {"dry_run": True}
    assert intakes.admit_verified(tried, intakes.world.order(Ordered.IMPORT, tried, system="market", **members))


def test_statement_for_another_body_or_type_is_refused(intakes: Intakes) -> None:
    content = signed_content(file_sha256="0" * 64)

    with pytest.raises(StatementError, match="statement_body"):
        intakes.admit_content(content, issuing_body=HEALTH)
    with pytest.raises(StatementError, match="statement_content"):
        intakes.admit_content(content, certificate_type="business_licence")


def test_file_for_another_departments_body_is_refused_and_entered(intakes: Intakes) -> None:
    with pytest.raises(OrderError, match="body_not_yours"):
        intakes.admit(csv_file([type_row(1)]), **signed_content(issuing_body=HEALTH))


def test_order_must_name_body_or_source_and_a_type_of_the_catalogue(intakes: Intakes) -> None:
    with pytest.raises(FieldsError, match="issuing_body: one_of"):
        intakes.admit(b"-", form="publicity")
    with pytest.raises(FieldsError, match="certificate_type: type_unknown"):
        intakes.admit(b"-", **signed_content(certificate_type="no_such_type"))
    with pytest.raises(NotFoundError, match="source_unknown"):
        intakes.admit(b"-", form="publicity", source="nobody")


def test_only_the_department_that_sent_it_reads_an_intake(intakes: Intakes) -> None:
    done = intakes.signed([type_row(1)])

    with pytest.raises(NotFoundError, match="intake_not_found"):
        intakes.progress(done["intake"], system="health")
    with pytest.raises(NotFoundError, match="intake_not_found"):
        intakes.outcome(done["intake"], system="health")


def test_row_that_names_another_body_than_the_signer_is_refused(intakes: Intakes) -> None:
    done = intakes.signed([type_row(1) | {"颁发机构统一社会信用代码": HEALTH}])

    assert intakes.results(done["intake"]) == [("2", "refused", "body_other")]
