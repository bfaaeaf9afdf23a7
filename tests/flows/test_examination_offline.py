"""Stories of verifying without the hub: what a file says of itself counts for nothing, what the trust list says counts.

The keys and times here are some that no hub would allow; files of a real hub are examined in `test_examination.py`.
"""

import json
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.public.examination.forms import LARGEST_BYTES, Form, read_examined
from hub.public.examination.report import told
from schemas.tokens import ANSWER_TYP
from schemas.verdict import Outcome, Result
from schemas.wording import NOT_READ
from signing.errors import MalformedTokenError, SignatureInvalidError
from signing.jws import sign_compact
from signing.sd_jwt import Record, make_disclosure, seal
from tests.flows.shown import (
    LIST_INDEX,
    ORIGIN,
    PRIVATE,
    PUBLIC,
    new_desk,
    other_seal,
    presentation,
    told_certificate,
)
from tests.signing.authority import NOW, YEAR, new_party, new_signer, seal_entry

DESK = new_desk()
ALL = PUBLIC | PRIVATE
DAY = timedelta(days=1)


def test_delivered_file_reads_as_signed_and_unknown_since() -> None:
    examination = DESK.verify(DESK.delivered(DESK.record(ALL)))
    verdict = examination.verdict
    assert verdict is not None
    assert (verdict.outcome, verdict.reason, verdict.as_of) == (Outcome.UNKNOWN, "status_as_signed", NOW)
    results = {check.name.value: check.result for check in verdict.checks}
    assert [results[name] for name in ("seal", "trust", "dates", "right_to_hold")] == [Result.PASSED] * 4
    assert [results[name] for name in ("statement", "licence", "data_age")] == [Result.NOT_POSSIBLE] * 3


def test_delivered_file_is_valid_with_a_fresh_status_list() -> None:
    raw = DESK.delivered(DESK.record(ALL))
    verdict = DESK.verify(raw, status=DESK.status_list({}), max_age=timedelta(minutes=5)).verdict
    assert verdict is not None
    assert (verdict.outcome, verdict.reason, verdict.as_of) == (Outcome.VALID, "good_by_list", NOW)


@pytest.mark.parametrize(
    ("listed", "outcome", "reason"),
    [(1, "not_valid", "status_ended"), (2, "suspended", "suspended"), (3, "not_valid", "superseded")],
)
def test_status_list_tells_what_happened_since(listed: int, outcome: str, reason: str) -> None:
    raw = DESK.delivered(DESK.record(ALL))
    assert DESK.outcome(raw, status=DESK.status_list({LIST_INDEX: listed})) == (outcome, reason)


@pytest.mark.parametrize(
    ("later", "max_age", "changes"),
    [
        (timedelta(minutes=11), None, {}),
        (timedelta(minutes=6), timedelta(minutes=5), {}),
        (timedelta(0), None, {"sub": f"{ORIGIN}/status/1"}),
        (-timedelta(minutes=6), None, {}),
    ],
    ids=["past its term", "older than allowed", "of other records", "from the future"],
)
def test_status_list_that_does_not_count_leaves_the_notes_status(
    later: timedelta, max_age: timedelta | None, changes: dict[str, Any]
) -> None:
    status = DESK.status_list({LIST_INDEX: 1}, **changes)
    raw = DESK.delivered(DESK.record(ALL))
    assert DESK.outcome(raw, status=status, now=NOW + later, max_age=max_age) == ("unknown", "status_as_signed")


def test_status_list_of_a_stranger_is_refused() -> None:
    raw = DESK.delivered(DESK.record(ALL))
    with pytest.raises(SignatureInvalidError):
        DESK.verify(raw, status=DESK.status_list({}, signer=new_signer()))
    with pytest.raises(SignatureInvalidError):
        DESK.verify(raw, status=DESK.status_list({}, signer=DESK.notes))


def test_status_list_of_another_form_is_refused() -> None:
    raw = DESK.delivered(DESK.record(ALL))
    with pytest.raises(MalformedTokenError):
        DESK.verify(raw, status=DESK.status_list({}, status_list={"bits": 1, "lst": "AA"}))
    with pytest.raises(MalformedTokenError):
        DESK.verify(raw, status=DESK.status_list({}, iat="now"))


def test_place_outside_the_status_list_is_not_read_as_valid() -> None:
    place = {"status_list": {"idx": 70_000, "uri": f"{ORIGIN}/status/0"}}
    raw = DESK.record(PUBLIC, status=place).to_json()
    assert DESK.outcome(raw, status=DESK.status_list({})) == ("unknown", "status_unknown")


# --- the right to hold ---


@pytest.mark.parametrize("form", ["general", "compact"])
def test_record_with_more_than_public_fields_needs_a_note(form: str) -> None:
    record = DESK.record(ALL)
    raw = {"general": record.to_json(), "compact": record.to_compact().encode()}[form]
    assert DESK.outcome(raw) == ("unknown", "note_missing")
    assert DESK.outcome(raw, status=DESK.status_list({})) == ("unknown", "note_missing")


def test_record_with_public_fields_alone_needs_no_note() -> None:
    raw = DESK.record(PUBLIC).to_json()
    assert DESK.outcome(raw) == ("unknown", "status_unknown")
    assert DESK.outcome(raw, status=DESK.status_list({})) == ("valid", "good_by_list")


def test_fields_of_a_type_that_is_not_installed_are_not_taken_for_public() -> None:
    kind = {"code": "food_operation_permit", "version": 1, "digest": "0" * 64}
    raw = DESK.record(PUBLIC, certificate_type=kind).to_json()
    assert DESK.outcome(raw, status=DESK.status_list({})) == ("unknown", "note_missing")
    unknown = {"code": "../etc/passwd", "version": 1, "digest": "0" * 64}
    raw = DESK.record(PUBLIC, certificate_type=unknown).to_json()
    assert DESK.outcome(raw, status=DESK.status_list({})) == ("unknown", "note_missing")


def test_ended_copy_may_not_be_used() -> None:
    record = DESK.record(ALL)
    raw = DESK.delivered(record, note=DESK.note([record], ends_at=(NOW + DAY).isoformat()))
    assert DESK.outcome(raw, now=NOW + DAY) == ("not_valid", "note_ended")
    assert DESK.outcome(raw, now=NOW + DAY - timedelta(seconds=1)) == ("unknown", "status_as_signed")


def test_swapped_notes_of_two_genuine_files_are_broken() -> None:
    one, other = DESK.record(ALL), DESK.record(ALL)
    raw = DESK.delivered(one, note=DESK.note([other]))
    assert DESK.outcome(raw) == ("not_valid", "note_broken")


def test_note_of_a_copy_with_fewer_fields_does_not_cover_more() -> None:
    record = DESK.record(ALL)
    delivered = record.presenting({"holder_name"})
    assert DESK.outcome(DESK.delivered(delivered)) == ("unknown", "status_as_signed")
    assert DESK.outcome(DESK.delivered(record, note=DESK.note([delivered]))) == ("not_valid", "note_broken")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"holder": "92442000MA0000028X"},
        {"presentations": []},
        {"presentations": "none"},
        {"ends_at": "never"},
        {"ends_at": "2030-01-01T00:00:00"},
        {"v": 2},
    ],
    ids=["other hub", "other holder", "no record", "no array", "no time", "no time zone", "other version"],
)
def test_note_that_says_something_else_is_broken(changes: dict[str, Any]) -> None:
    record = DESK.record(ALL)
    assert DESK.outcome(DESK.delivered(record, note=DESK.note([record], **changes))) == ("not_valid", "note_broken")


def test_note_names_the_record_it_covers() -> None:
    record = DESK.record(ALL)
    note = DESK.note([record], presentations=[presentation(record) | {"identifier": "another"}])
    assert DESK.outcome(DESK.delivered(record, note=note)) == ("not_valid", "note_broken")


def test_note_by_a_key_that_is_for_something_else_is_broken() -> None:
    record = DESK.record(ALL)
    for_answers = DESK.note([record], signer=DESK.answers)
    by_the_body = DESK.note([record], signer=DESK.city.seal.signer)
    by_a_stranger = DESK.note([record], signer=new_signer())
    found = [DESK.outcome(DESK.delivered(record, note=note)) for note in (for_answers, by_the_body, by_a_stranger)]
    assert found == [("not_valid", "note_broken")] * 3


@pytest.mark.parametrize(
    ("changes", "reason"), [({"revoked_at": NOW}, "seal_revoked"), ({"until_at": NOW}, "seal_ended")]
)
def test_note_by_a_key_that_no_longer_counts_is_doubtful(changes: dict[str, Any], reason: str) -> None:
    trust = DESK.trust(hub_keys=DESK.hub_keys(**changes))
    raw = DESK.delivered(DESK.record(ALL))
    assert DESK.outcome(raw, trust=trust, status=DESK.status_list({})) == ("unknown", reason)


def test_note_alone_is_no_certificate() -> None:
    note = DESK.note([DESK.record(ALL)])
    assert DESK.outcome(note.encode()) == ("unknown", "record_not_shown")
    broken = DESK.note([], signer=new_signer())
    assert DESK.outcome(broken.encode()) == ("not_valid", "seal_unlisted")
    assert DESK.outcome(DESK.note([], v=2).encode()) == ("not_valid", "record_malformed")


# --- who sealed ---


def test_seal_by_a_key_that_is_not_listed_is_refused_though_its_cert_lies_beside_it() -> None:
    stranger = new_party(DESK.city.authority)
    record = DESK.record(ALL, signer=stranger.signer)
    raw = DESK.delivered(record, certs=[stranger.cert_der])
    assert DESK.outcome(raw) == ("not_valid", "seal_unlisted")


def test_seal_for_another_body_is_refused() -> None:
    record = DESK.record(PUBLIC, issuing_body="11442000MB2D00009K")
    assert DESK.outcome(record.to_json()) == ("not_valid", "seal_unlisted")


def test_body_cannot_seal_as_the_hub_nor_the_hub_as_a_body() -> None:
    as_the_hub = DESK.record(PUBLIC, origin={"kind": "collected"})
    as_a_body = DESK.record(PUBLIC, signer=DESK.collected)
    assert DESK.outcome(as_the_hub.to_json()) == ("not_valid", "seal_unlisted")
    assert DESK.outcome(as_a_body.to_json()) == ("not_valid", "seal_unlisted")
    by_the_notes_key = DESK.record(PUBLIC, signer=DESK.notes)
    assert DESK.outcome(by_the_notes_key.to_json()) == ("not_valid", "seal_unlisted")


@pytest.mark.parametrize(
    ("changes", "outcome", "reason"),
    [
        ({"revoked_at": NOW}, "unknown", "seal_time_unproven"),
        ({"until_at": NOW}, "unknown", "seal_time_unproven"),
        ({"from_at": NOW + DAY}, "not_valid", "seal_unlisted"),
    ],
)
def test_seal_whose_key_does_not_count_now_proves_nothing_yet(
    changes: dict[str, Any], outcome: str, reason: str
) -> None:
    trust = DESK.trust(seals=other_seal(DESK, **changes))
    raw = DESK.delivered(DESK.record(ALL))
    assert DESK.outcome(raw, trust=trust, status=DESK.status_list({})) == (outcome, reason)


def test_seal_of_an_ended_cert_proves_nothing_yet() -> None:
    trust = DESK.trust(expires_at=NOW + 4 * YEAR)
    raw = DESK.record(PUBLIC, valid_to=None).to_json()
    assert DESK.outcome(raw, trust=trust, now=NOW + 3 * YEAR) == ("unknown", "seal_time_unproven")


def test_re_seal_by_a_listed_key_keeps_a_record_alive() -> None:
    renewed = new_party(DESK.city.authority)
    record = DESK.record(PUBLIC)
    again = seal(record.payload, signer=renewed.signer, statement=b"re-seal")
    twice = Record(record.payload, (*record.seals, again), record.disclosures).to_json()
    seals = (*other_seal(DESK, revoked_at=NOW), seal_entry(renewed))
    assert DESK.outcome(twice, trust=DESK.trust(seals=seals), status=DESK.status_list({})) == ("valid", "good_by_list")


def test_record_of_another_hub_is_refused() -> None:
    assert DESK.outcome(DESK.record(PUBLIC, iss="https://other.example").to_json()) == ("not_valid", "seal_unlisted")


def test_cert_in_the_file_is_compared_and_never_believed() -> None:
    record, status = DESK.record(ALL), DESK.status_list({})
    own, foreign = DESK.city.seal.cert_der, new_party(DESK.city.authority).cert_der
    files = [DESK.delivered(record, certs=certs) for certs in ([foreign], [own, foreign], [b"no cert"], [], [own])]
    found = [DESK.outcome(file, status=status) for file in files]
    assert found == [("unknown", "cert_other")] * 3 + [("valid", "good_by_list")] * 2


def test_sealed_content_that_is_no_certificate_is_refused() -> None:
    kind = {"code": "food_operation_permit", "version": "1", "digest": "0" * 64}
    assert DESK.outcome(DESK.record(certificate_type=kind).to_json()) == ("not_valid", "record_malformed")
    assert DESK.outcome(DESK.record(valid_from="soon").to_json()) == ("not_valid", "record_malformed")
    assert DESK.outcome(DESK.record(status={}).to_json()) == ("not_valid", "record_malformed")


def test_forged_disclosure_is_seen() -> None:
    record = DESK.record(PUBLIC)
    forged = make_disclosure("business_items", "冷食类食品制售", bytes(16))
    added = Record(record.payload, record.seals, (*record.disclosures, forged))
    exchanged = Record(record.payload, record.seals, (record.disclosures[0], forged))
    doubled = Record(record.payload, record.seals, (*record.disclosures, record.disclosures[0]))
    found = [DESK.outcome(each.to_json()) for each in (added, exchanged, doubled)]
    assert found == [("not_valid", "seal_broken")] * 3


def test_dates_are_judged_by_what_is_sealed() -> None:
    status = DESK.status_list({})
    expired = DESK.record(PUBLIC, valid_to="2026-10-31").to_json()
    last_day = DESK.record(PUBLIC, valid_to="2026-11-01").to_json()
    early = DESK.record(PUBLIC, valid_from="2026-11-02").to_json()
    endless = DESK.record(PUBLIC, valid_to=None).to_json()
    assert DESK.outcome(expired, status=status) == ("not_valid", "expired")
    assert DESK.outcome(last_day, status=status) == ("valid", "good_by_list")
    assert DESK.outcome(early, status=status) == ("not_valid", "not_yet_valid")
    assert DESK.outcome(endless, status=status) == ("valid", "good_by_list")


def test_collected_record_is_never_valid_offline_as_nobody_knows_how_old_its_source_is() -> None:
    record = DESK.record(PUBLIC, signer=DESK.collected, origin={"kind": "collected"})
    assert DESK.outcome(record.to_json(), status=DESK.status_list({})) == ("unknown", "age_unknown")
    ended = DESK.status_list({LIST_INDEX: 1})
    assert DESK.outcome(record.to_json(), status=ended) == ("not_valid", "status_ended")


# --- signed answers ---


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("valid", "good_by_list"), ("not_valid", "withdrawn"), ("suspended", "suspended"), ("unknown", "source_stale")],
)
def test_signed_answer_says_what_it_said_while_its_term_runs(outcome: str, reason: str) -> None:
    raw = DESK.answer(outcome, reason)
    assert DESK.outcome(raw) == (outcome, reason)
    assert DESK.outcome(raw, now=NOW + timedelta(seconds=600)) == ("unknown", "status_as_signed")


def test_signed_answer_of_a_stranger_or_another_hub_is_refused() -> None:
    by_the_status_key = sign_compact(orjson.dumps({"kind": "certificate"}), signer=DESK.status, typ=ANSWER_TYP)
    assert DESK.outcome(by_the_status_key.encode()) == ("not_valid", "seal_unlisted")
    assert DESK.outcome(DESK.answer(iss="https://other.example")) == ("not_valid", "seal_unlisted")
    assert DESK.outcome(DESK.answer("green")) == ("not_valid", "record_malformed")


def test_signed_answer_with_a_reason_we_do_not_know_stays_readable() -> None:
    examination = DESK.verify(DESK.answer("not_valid", "struck_by_lightning"))
    assert told(examination)["outcome"] == "not_valid"


def test_signed_answer_about_an_enterprise_reads_as_its_worst_certificate() -> None:
    line = told_certificate()
    good = {"verdict": {"outcome": "valid", "reason": "good"}}
    bad = {"verdict": {"outcome": "suspended", "reason": "suspended"}}
    raw = DESK.answer(kind="enterprise", certificates=[line | good, line | bad])
    examination = DESK.verify(raw)
    assert [each.verdict.outcome for each in examination.findings] == [Outcome.VALID, Outcome.SUSPENDED]
    assert told(examination)["reason"] == "suspended"
    assert DESK.outcome(DESK.answer(kind="enterprise", certificates=[])) == ("unknown", "status_unknown")


# --- what is not ours, and what was changed ---


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"\x00" * 64, "not_ours"),
        ("﻿{}".encode(), "not_ours"),
        ("有效".encode("gb18030"), "not_ours"),
        ("{}".encode("utf-16"), "not_ours"),
        ("91442000\u202eMA0000019T".encode(), "not_ours"),
        (b"{", "not_ours"),
        (b"{}", "not_ours"),
        (b"[]", "not_ours"),
        (b'{"record":1,"record":2}', "not_ours"),
        (b"[" * 100_000, "not_ours"),
        (b'{"payload":' * 100_000, "not_ours"),
        (b'{"payload":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not_ours"),
        (b"~" * 1000, "not_ours"),
        (b"a.b.c", "not_ours"),
        (b"e30.e30.e30", "not_ours"),
        (b"a" * (LARGEST_BYTES + 1), "too_large"),
        (b"https://other.example/q/0123456789ABCDEFGHJKMNPQRS", "other_origin"),
        (b"91442000MA0000019X", "number_check"),
    ],
)
def test_what_is_not_ours_gets_a_sentence_and_no_verdict(raw: bytes, reason: str) -> None:
    examination = DESK.verify(raw)
    assert (examination.form, examination.verdict, examination.reason) == (Form.UNKNOWN_FORM, None, reason)
    assert told(examination)["reason_zh"] == NOT_READ[reason].zh


@pytest.mark.parametrize(
    ("raw", "opens"),
    [
        (b"https://hub.example/q/0123456789ABCDEFGHJKMNPQRS", ("/q/0123456789ABCDEFGHJKMNPQRS",)),
        (b"https://HUB.EXAMPLE/C/0123456789abcdefghjkmnpqrs?lang=en", ("/c/0123456789ABCDEFGHJKMNPQRS",)),
        (b"https://HUB.EXAMPLE/K/0123456789ABCDEFGHJKMNPQRS", ("/k/0123456789ABCDEFGHJKMNPQRS",)),
        (b" 0123456789ABCDEFGHJKMNPQRS\n", ("/q/0123456789ABCDEFGHJKMNPQRS", "/c/0123456789ABCDEFGHJKMNPQRS")),
        ("９１３５０１００Ｍ０００１００Ｙ４３".encode(), ("/search?licence_number=91350100M000100Y43",)),
    ],
)
def test_name_leads_to_its_page(raw: bytes, opens: tuple[str, ...]) -> None:
    examination = DESK.verify(raw)
    assert (examination.form, examination.verdict, examination.opens) == (Form.NAME, None, opens)


def test_delivered_file_altered_at_any_place_is_never_accepted() -> None:
    raw, status = DESK.delivered(DESK.record(ALL)), DESK.status_list({})
    changed = [raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :] for place in range(0, len(raw), 3)]
    found = {DESK.outcome(each, status=status) for each in changed}
    assert found <= {
        ("no verdict", ""),
        ("not_valid", "seal_broken"),
        ("not_valid", "seal_unlisted"),
        ("not_valid", "note_broken"),
        ("unknown", "cert_other"),
    }


def test_delivered_file_cut_anywhere_is_never_accepted() -> None:
    raw = DESK.delivered(DESK.record(ALL))
    found = {DESK.outcome(raw[:length])[0] for length in range(0, len(raw), 97)}
    assert found == {"no verdict"}


def test_second_text_of_the_same_cert_is_an_alteration() -> None:
    file = orjson.loads(DESK.delivered(DESK.record(ALL)))
    assert DESK.outcome(orjson.dumps(file | {"certs": ["AA=="]})) == ("unknown", "cert_other")
    assert DESK.outcome(orjson.dumps(file | {"certs": ["AB=="]})) == ("not_valid", "seal_broken")


@pytest.mark.parametrize("member", ["record", "note", "certs"])
@pytest.mark.parametrize("value", [1, 1.5, "", [], {}, ["x"], {"x": 1}, True])
def test_member_of_another_kind_is_never_accepted(member: str, value: Any) -> None:
    file = orjson.loads(DESK.delivered(DESK.record(ALL))) | {member: value}
    outcome = DESK.outcome(orjson.dumps(file), status=DESK.status_list({}))[0]
    assert outcome == ("valid" if (member, value) == ("certs", []) else "not_valid")


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_whatever_is_shown_something_is_said_of_it(raw: bytes) -> None:
    examined = read_examined(raw, origin=ORIGIN)
    assert (examined.form is Form.UNKNOWN_FORM) == (
        examined.reason in NOT_READ and examined.reason not in ("name", "live_code")
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )
)
def test_whatever_stands_in_a_file_it_is_not_accepted(value: Any) -> None:
    genuine = orjson.loads(DESK.record(PUBLIC).to_json())
    shown = [
        {"record": value, "note": None, "certs": []},
        genuine | {"payload": value},
        genuine | {"signatures": value},
    ]
    found = {DESK.outcome(json.dumps(each).encode(), status=DESK.status_list({}))[0] for each in shown}
    assert found <= {"no verdict", "not_valid"}
