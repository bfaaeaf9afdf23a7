"""Stories of annotations: a renewal that is late in being decided, a stay, a halt, dormancy, credit repaired."""

from datetime import timedelta
from typing import Any

import pytest

from hub.public.status_lists import StatusLists
from hub.store.certificate import CertificateReader
from signing.base64url import decode
from signing.jws import CompactSigner, parse_json
from signing.status_list import SHARD_SIZE, StatusValue, decode_status, place_of
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, World, food_order, licence_order, statutory_request

COURT = HEALTH


def test_renewal_filed_in_time_carries_a_certificate_past_its_end_and_then_reads_unknown(hub_world: World) -> None:
    permit = _permit(hub_world, valid_from="2022-01-20", valid_to="2027-01-19", decided_on="2022-01-20")
    hub_world.annotate(permit["identifier"], "renewal_accepted")
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")
    hub_world.pass_days(58)  # 20 January 2027, the day after the last
    assert hub_world.outcome(permit["reference"]) == ("valid", "renewal_deemed")
    hub_world.pass_days(60)
    assert hub_world.outcome(permit["reference"]) == ("unknown", "renewal_undecided")


def test_renewal_that_was_filed_long_ago_is_overdue_from_its_filing_on(hub_world: World) -> None:
    permit = _permit(hub_world, valid_from="2021-11-16", valid_to="2026-11-15", decided_on="2021-11-16")
    hub_world.annotate(permit["identifier"], "renewal_accepted", from_on="2026-09-28")
    (task,) = hub_world.inbox(kind="renewal_to_decide")
    assert (task["overdue"], task["due_on"] < "2026-11-15") == (True, True)


def test_renewal_of_what_ends_with_the_last_day_there_is_is_refused(hub_world: World) -> None:
    licence = hub_world.issue(licence_order(valid_to="9999-12-30"))
    with refused("renewal_not_possible"):
        hub_world.annotate(licence["identifier"], "renewal_accepted")


def test_renewal_filed_late_carries_nothing(hub_world: World) -> None:
    permit = _permit(hub_world, valid_from="2021-12-01", valid_to="2026-11-30", decided_on="2021-12-01")
    hub_world.annotate(permit["identifier"], "renewal_accepted")
    hub_world.pass_days(8)
    assert hub_world.outcome(permit["reference"]) == ("not_valid", "expired")


def test_refused_renewal_ends_with_the_last_day(hub_world: World) -> None:
    permit = _permit(hub_world, valid_from="2022-01-20", valid_to="2027-01-19", decided_on="2022-01-20")
    with refused("renewal_not_filed"):
        hub_world.annotate(permit["identifier"], "renewal_refused")
    hub_world.annotate(permit["identifier"], "renewal_accepted")
    assert [each["kind"] for each in hub_world.inbox(state="open")] == ["renewal_to_decide"]
    hub_world.annotate(permit["identifier"], "renewal_refused", document_number="示不延〔2026〕1号")
    assert hub_world.inbox(state="open") == []
    assert hub_world.outcome(permit["reference"])[0] == "valid"
    hub_world.pass_days(58)
    assert hub_world.outcome(permit["reference"]) == ("not_valid", "expired")


def test_permit_without_an_end_has_no_renewal(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    with refused("renewal_not_possible"):
        hub_world.annotate(licence["identifier"], "renewal_accepted")


@pytest.mark.parametrize(
    ("kind", "verdict", "noted"),
    [
        ("frozen", ("valid", "good"), "frozen"),
        ("business_halted", ("suspended", "business_halted"), "business_halted"),
        ("execution_stayed", ("valid", "good"), "execution_stayed"),
    ],
)
def test_note_of_another_authority_flags_the_verdict_and_changes_no_status(
    hub_world: World, kind: str, verdict: tuple[str, str], noted: str
) -> None:
    _let_annotate(hub_world, kind)
    permit = _permit(hub_world)
    made = hub_world.annotate(permit["identifier"], kind, system="health")
    answer = hub_world.scan_certificate(permit["reference"])
    assert (answer["verdict"]["outcome"], answer["verdict"]["reason"]) == verdict
    assert answer["certificate"]["status"] == "valid"
    assert {each["name"]: each["reason"] for each in answer["checks"]}["annotations"] == noted
    assert [each["kind"] for each in hub_world.inbox(kind="annotated")] == ["annotated"]
    hub_world.undo_note(permit["identifier"], "lift", made["act_id"], system="health")
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")


def test_list_for_those_who_verify_offline_says_that_business_was_halted(hub_world: World) -> None:
    _let_annotate(hub_world, "business_halted")
    permit = _permit(hub_world)
    made = hub_world.annotate(permit["identifier"], "business_halted", system="health")
    assert _listed(hub_world, permit) == StatusValue.SUSPENDED
    hub_world.undo_note(permit["identifier"], "lift", made["act_id"], system="health")
    assert _listed(hub_world, permit) == StatusValue.VALID


def test_stay_of_an_annulment_makes_it_doubtful_and_never_valid(hub_world: World) -> None:
    _let_annotate(hub_world, "execution_stayed")
    permit = _permit(hub_world)
    hub_world.change(permit["identifier"], "annul")
    hub_world.annotate(permit["identifier"], "execution_stayed", system="health")
    assert hub_world.outcome(permit["reference"]) == ("unknown", "execution_stayed")


def test_authority_notes_only_what_it_was_enrolled_for(hub_world: World) -> None:
    _let_annotate(hub_world, "frozen")
    permit = _permit(hub_world)
    with refused("body_not_in_charge"):
        hub_world.annotate(permit["identifier"], "business_halted", system="health")
    with refused("body_not_in_charge"):
        hub_world.annotate(permit["identifier"], "renewal_accepted", system="health")


@pytest.mark.parametrize(
    ("kind", "state", "verdict"),
    [
        ("dormant", "dormant", ("valid", "good")),
        ("abnormal", "abnormal", ("valid", "good")),
        ("moved_out", "moved_out", ("unknown", "licence_moved_out")),
    ],
)
def test_note_on_a_licence_is_the_state_its_permits_feel(
    hub_world: World, kind: str, state: str, verdict: tuple[str, str]
) -> None:
    licence, permit = hub_world.issue(licence_order()), hub_world.issue(food_order())
    with refused("annotation_only_licence"):
        hub_world.annotate(permit["identifier"], kind)
    hub_world.annotate(licence["identifier"], kind)
    answer = hub_world.scan_certificate(permit["reference"])
    assert answer["holder"]["licence_state"] == state
    assert (answer["verdict"]["outcome"], answer["verdict"]["reason"]) == verdict


def test_end_of_a_licence_opens_a_task_and_tells_who_pulled(hub_world: World) -> None:
    hub_world.share()
    licence = hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.pull(statutory_request())
    hub_world.change(licence["identifier"], "cancel")
    (task,) = hub_world.inbox(state="open", kind="licence_ended")
    assert (task["kind"], task["facts"]) == ("licence_ended", {"why": "cancelled", "certificates": 1})
    assert (task["due_on"], task["provisional"]) == ("2026-12-21", False)
    assert [each["kind"] for each in hub_world.inbox("health")][-1] == "licence_ended_told"


def test_pull_between_a_note_and_its_delivery_is_judged_anew(hub_world: World) -> None:
    hub_world.share()
    licence = hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.annotate(licence["identifier"], "moved_out")
    (item,) = hub_world.pull(statutory_request())["items"]
    assert (item["verdict"]["outcome"], item["file"]) == ("unknown", None)


def test_penalty_is_public_until_its_term_or_the_repair_of_credit(hub_world: World) -> None:
    permit = _permit(hub_world)
    change = hub_world.change(permit["identifier"], "suspend", public_until="2027-11-22")
    hub_world.change(permit["identifier"], "reinstate")
    assert [each["act"] for each in _history(hub_world, permit)] == ["suspend", "reinstate"]
    hub_world.undo_note(permit["identifier"], "repair", change["act_id"])
    assert _history(hub_world, permit) == []
    with refused("penalty_repaired"):
        hub_world.undo_note(permit["identifier"], "repair", change["act_id"])


def test_penalty_past_its_publicity_term_is_told_no_more(hub_world: World) -> None:
    permit = _permit(hub_world)
    hub_world.change(permit["identifier"], "suspend", public_until="2027-02-22")
    assert [each["act"] for each in _history(hub_world, permit)] == ["suspend"]
    hub_world.change(permit["identifier"], "reinstate")
    hub_world.pass_days(92)
    assert _history(hub_world, permit) == []


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"kind": "bewitched"}, "kind", "choice"),
        ({"step": "erase"}, "step", "choice"),
        ({"until_on": "2026-01-01"}, "until_on", "reversed"),
        ({"from_on": "2026-02-29"}, "from_on", "form"),
        ({"kind": "renewal_accepted", "until_on": "2027-01-01"}, "until_on", "not_here"),
        ({"document_number": ""}, "document_number", "missing"),
    ],
)
def test_wrong_order_is_refused_by_member_and_rule(
    hub_world: World, changes: dict[str, Any], member: str, rule: str
) -> None:
    permit = _permit(hub_world)
    with refused("fields_wrong", (member, rule)):
        hub_world.annotate(permit["identifier"], **({"kind": "frozen"} | changes))


@pytest.mark.parametrize(("kind", "outcome"), [("business_halted", "suspended"), ("frozen", "valid")])
def test_note_of_another_authority_stands_on_the_version_that_follows(
    hub_world: World, kind: str, outcome: str
) -> None:
    _let_annotate(hub_world, kind)
    first = _permit(hub_world)
    made = hub_world.annotate(first["identifier"], kind, system="health")
    second = hub_world.issue(food_order(replaces=first["identifier"], cause="change"))
    answer = hub_world.scan_certificate(second["reference"])
    assert (answer["verdict"]["outcome"], len(answer["certificate"]["annotations"])) == (outcome, 1)
    with refused("annotation_there"):
        hub_world.annotate(second["identifier"], kind, system="health")
    hub_world.undo_note(second["identifier"], "lift", made["act_id"], system="health")
    assert hub_world.outcome(second["reference"]) == ("valid", "good")


def test_note_on_a_version_that_was_a_mistake_stands_on_the_one_before(hub_world: World) -> None:
    _let_annotate(hub_world, "business_halted")
    first = _permit(hub_world)
    wrong = hub_world.issue(food_order(replaces=first["identifier"], cause="change"))
    hub_world.annotate(wrong["identifier"], "business_halted", system="health")
    hub_world.change(wrong["identifier"], "void")
    assert hub_world.outcome(first["reference"]) == ("suspended", "business_halted")


def test_moved_out_licence_stays_so_when_it_is_issued_anew(hub_world: World) -> None:
    licence, permit = hub_world.issue(licence_order()), hub_world.issue(food_order())
    hub_world.annotate(licence["identifier"], "moved_out")
    hub_world.issue(licence_order(replaces=licence["identifier"], cause="reissue"))
    assert hub_world.outcome(permit["reference"]) == ("unknown", "licence_moved_out")


def test_renewal_refused_while_it_was_deemed_is_the_end_and_not_before_it_was_filed(hub_world: World) -> None:
    permit = _permit(hub_world, valid_from="2022-01-20", valid_to="2027-01-19", decided_on="2022-01-20")
    hub_world.annotate(permit["identifier"], "renewal_accepted")
    with refused("out_of_order"):
        hub_world.annotate(permit["identifier"], "renewal_refused", from_on="2026-11-22")
    hub_world.pass_days(60)
    hub_world.annotate(permit["identifier"], "renewal_refused", from_on="2027-01-22", document_number="2")
    assert hub_world.outcome(permit["reference"]) == ("not_valid", "expired")


def test_note_from_a_day_to_come_is_refused(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    with refused("decision_in_future"):
        hub_world.annotate(licence["identifier"], "dormant", from_on="2026-11-24")


def test_note_from_before_all_registries_is_refused_and_hides_no_page(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    with refused("fields_wrong", ("from_on", "form")):
        hub_world.annotate(licence["identifier"], "dormant", from_on="0001-01-01", document_date="0001-01-01")
    assert hub_world.scan_certificate(licence["reference"])["certificate"]


def test_note_cannot_be_lifted_before_it_began_nor_twice(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    made = hub_world.annotate(licence["identifier"], "dormant")
    with refused("out_of_order"):
        hub_world.undo_note(licence["identifier"], "lift", made["act_id"], from_on="2026-11-22")
    hub_world.undo_note(licence["identifier"], "lift", made["act_id"])
    with refused("annotation_lifted"):
        hub_world.undo_note(licence["identifier"], "lift", made["act_id"])


def _permit(world: World, **changes: Any) -> dict[str, Any]:
    world.issue(licence_order())
    return world.issue(food_order(**changes))


def _history(world: World, permit: dict[str, Any]) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = world.scan_certificate(permit["reference"])["certificate"]["changes"]
    return changes


def _listed(world: World, permit: dict[str, Any]) -> int:
    """Return what the published status list says of a certificate."""
    with world.registry.database.read() as connection:
        serial = CertificateReader(connection).by_identifier([permit["identifier"]])[permit["identifier"]].serial
    signer = CompactSigner(world.keys.signer("hub:status"), "statuslist+jwt")
    term = timedelta(minutes=5)
    token = StatusLists(world.registry, signer, term).token(serial // SHARD_SIZE, world.now)
    listed = parse_json(decode(token.split(".")[1]))["status_list"]["lst"]
    return decode_status(listed, place_of(serial, world.registry.status_key).index)


def _let_annotate(world: World, *kinds: str) -> None:
    """Enrol the other department's body again, as an authority that may make these annotations."""
    world.enrol(
        "issuing-bodies",
        licence_number=COURT,
        department=COURT,
        name_zh="示例卫生健康局",
        name_en="Example health bureau",
        area="442000",
        from_on="2019-01-01",
        competences=[{"certificate_type": "public_place_hygiene_permit", "from_on": "2019-01-01"}],
        annotates=list(kinds),
    )
