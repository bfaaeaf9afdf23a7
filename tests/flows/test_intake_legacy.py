"""Former permits (存量) entered from an archive, and one permit that two channels tell of."""

from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import FieldsError
from tests.flows.intake_world import SCAN, Intakes, archive_row, lift_row, published_row, shop_number, type_row
from tests.flows.world import MARKET, World, example_fields, food_order, licence_order

LIFT = "lift_registration"


@pytest.fixture
def intakes(hub_world: World, tmp_path: Path) -> Intakes:
    """The intake doors of a world that has an archive beside its departments."""
    hub_world.enrol("sources", code="archive", name_zh="示例档案室", fresh_for_seconds=86_400 * 365)
    return Intakes(hub_world, tmp_path)


def _lifts(intakes: Intakes, *rows: dict[str, str], **content: Any) -> list[tuple[str, str, str]]:
    done = intakes.legacy(rows, certificate_type=LIFT, **{"origin": None, "source": "publicity"} | content)
    return intakes.results(done["intake"])


def test_archive_row_becomes_a_legacy_record_with_its_scans_digest(intakes: Intakes) -> None:
    assert intakes.legacy([archive_row(1, 扫描件摘要=SCAN.upper())])["counts"] == {"issued": 1}

    (certificate,) = intakes.certificates(shop_number(1))
    origin = intakes.origin_of(certificate)
    assert (origin["kind"], origin["scan_sha256"], certificate.source) == ("legacy", SCAN, "archive")
    told = intakes.world.scan_certificate(certificate.reference)["certificate"]
    assert (told["origin"], told["trust_level"], told["source_name"]) == ("legacy", "B", "示例档案室")


def test_legacy_record_is_no_better_than_what_its_archive_knew_lately(intakes: Intakes) -> None:
    holder = shop_number(1)
    intakes.world.issue(licence_order(licence_number=holder, certificate_number=holder))
    intakes.legacy([archive_row(1)])
    (_, permit) = intakes.certificates(holder)
    assert intakes.world.outcome(permit.reference)[0] == "valid"

    intakes.world.enrol("sources", code="archive", name_zh="示例档案室", fresh_for_seconds=60)
    intakes.world.now = intakes.world.now.replace(hour=2)
    assert intakes.world.outcome(permit.reference) == ("unknown", "source_stale")


@pytest.mark.parametrize(("scan", "rule"), [("", "missing"), ("ab", "form"), ("示例" * 32, "form")])
def test_archive_row_without_a_scans_digest_is_refused(intakes: Intakes, scan: str, rule: str) -> None:
    done = intakes.legacy([archive_row(1, 扫描件摘要=scan), archive_row(2)])

    assert intakes.results(done["intake"]) == [("2", "refused", rule), ("3", "issued", "")]


def test_only_an_archives_file_has_scans(intakes: Intakes) -> None:
    assert intakes.signed([archive_row(1)])["problem"] == "column_unknown"
    with pytest.raises(FieldsError, match="origin: only_archive"):
        intakes.legacy([archive_row(1)], source=None, issuing_body=MARKET)
    with pytest.raises(FieldsError, match="origin: only_archive"):
        intakes.legacy([archive_row(1)], form="publicity", certificate_type=None)
    with pytest.raises(FieldsError, match="origin: choice"):
        intakes.legacy([archive_row(1)], origin="native")


@pytest.mark.parametrize("changes", [{}, {"住所": "中山市示例路9号"}])
def test_body_that_signs_a_legacy_permit_makes_it_its_own_once(intakes: Intakes, changes: dict[str, str]) -> None:
    intakes.legacy([archive_row(1)])

    assert intakes.signed([type_row(1, **changes)])["counts"] == {"changed": 1}
    assert intakes.signed([type_row(1, **changes)])["counts"] == {"unchanged": 1}
    (certificate,) = intakes.certificates(shop_number(1))
    told = intakes.world.scan_certificate(certificate.reference)["certificate"]
    assert (told["version"], told["origin"], told["trust_level"]) == (2, "native", "A")


def test_body_that_orders_the_same_permit_by_itself_makes_it_its_own(intakes: Intakes) -> None:
    holder = shop_number(1)
    intakes.legacy([archive_row(1)])
    (held,) = intakes.certificates(holder)
    order = food_order(
        licence_number=holder, certificate_number=type_row(1)["证照编号"], replaces=held.identifier,
        fields=example_fields("food_operation_permit"),
    )  # fmt: skip

    intakes.world.issue(order)

    (certificate,) = intakes.certificates(holder)
    assert (certificate.chain, certificate.version, certificate.source) == (held.chain, 2, None)


def test_earlier_decision_of_the_body_is_held_against_the_archive_by_a_person(intakes: Intakes) -> None:
    intakes.legacy([archive_row(1)])

    done = intakes.signed([type_row(1, 决定日期="2026-11-01", 有效期自="2026-11-01", 有效期至="2031-10-31")])

    assert intakes.results(done["intake"]) == [("2", "conflict", "not_later")]


def test_archive_never_changes_what_the_body_sealed(intakes: Intakes) -> None:
    intakes.signed([type_row(1), type_row(2)])

    done = intakes.legacy([archive_row(1), archive_row(2, 决定日期="2026-11-20")])

    assert intakes.results(done["intake"]) == [("2", "unchanged", ""), ("3", "conflict", "sealed_by_body")]


def test_dry_run_of_an_archive_tells_what_the_run_then_does(intakes: Intakes) -> None:
    rows = [archive_row(1), archive_row(1), archive_row(2, 扫描件摘要="")]

    assert intakes.legacy(rows, dry_run=True)["counts"] == {"would_issue": 1, "unchanged": 1, "refused": 1}
    assert intakes.legacy(rows)["counts"] == {"issued": 1, "unchanged": 1, "refused": 1}


# --- one permit by two channels ---------------------------------------------------------------------------------


def test_permit_of_two_channels_is_matched_by_its_bodys_number(intakes: Intakes) -> None:
    intakes.legacy([archive_row(1)])

    done = intakes.collected([published_row(1, XK_JDRQ="2026/11/20")])

    assert done["counts"] == {"changed": 1}
    assert [each.version for each in intakes.certificates(shop_number(1))] == [2]


@pytest.mark.parametrize("number", ["", "梯11粤T 00001 (26)"])
def test_device_is_matched_by_its_id_when_the_number_differs_or_is_missing(intakes: Intakes, number: str) -> None:
    assert _lifts(intakes, lift_row(1)) == [("2", "issued", "")]

    again = _lifts(intakes, lift_row(1, 证照编号=number), lift_row(1, 证照编号=number, 决定日期="2026-11-20"))

    assert again == [("2", "unchanged", ""), ("3", "changed", "")]
    assert [each.version for each in intakes.certificates(shop_number(1))] == [2]


def test_number_that_a_device_has_already_is_kept(intakes: Intakes) -> None:
    _lifts(intakes, lift_row(1))
    _lifts(intakes, lift_row(1, 证照编号="", 决定日期="2026-11-20"))

    (certificate,) = intakes.certificates(shop_number(1))
    assert intakes.world.scan_certificate(certificate.reference)["certificate"]["number"] == "梯11粤T00001（26）"
    assert intakes.origin_of(certificate)["marks"] == []


def test_device_of_another_holder_under_another_number_is_a_conflict(intakes: Intakes) -> None:
    _lifts(intakes, lift_row(1), lift_row(2))
    elsewhere, swapped = lift_row(3, 场所或设备编号="LIFT-1"), lift_row(2, 场所或设备编号="LIFT-1")

    assert _lifts(intakes, elsewhere, swapped) == [
        ("2", "conflict", "device_elsewhere"),
        ("3", "conflict", "device_elsewhere"),
    ]
    assert [each.recipient for each in intakes.told("conflict")] == [MARKET]


def test_two_rows_of_one_device_are_decided_one_after_the_other(intakes: Intakes) -> None:
    rows = [lift_row(1), lift_row(1, 证照编号="梯11粤T00009（26）", 决定日期="2026-11-20")]

    rehearsed = intakes.legacy(rows, certificate_type=LIFT, origin=None, source="publicity", dry_run=True)

    assert rehearsed["counts"] == {"would_issue": 1, "would_change": 1}
    assert _lifts(intakes, *rows) == [("2", "issued", ""), ("3", "changed", "")]


def test_device_whose_certificate_has_ended_is_registered_anew(intakes: Intakes) -> None:
    _lifts(intakes, lift_row(1))
    (certificate,) = intakes.certificates(shop_number(1))
    intakes.world.change(certificate.identifier, "cancel")

    assert _lifts(intakes, lift_row(3, 场所或设备编号="LIFT-1")) == [("2", "issued", "")]
