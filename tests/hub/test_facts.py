"""What a scan says of a line it has judged before: the verdict of this moment, whatever was judged then."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from hub.decisions.facts import Surroundings, answer_verdict, facts_of, verdict_of_line
from hub.decisions.verification import judge, passed
from schemas.catalogue import load_catalogue
from schemas.certificate import SHANGHAI, Status
from schemas.parties import LicenceState
from schemas.verdict import Check, CheckName, Result, Surface

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
DAYS = [NOON.replace(day=day) for day in (19, 20, 25, 26)]
LINE: dict[str, Any] = {
    "serial": 1, "seal": "k", "type": "food_operation_permit", "origin": "native", "source": None,
    "status": "valid", "status_since": "2026-11-20", "until": None, "ends_by": "date",
    "valid_from": "2026-11-20", "valid_to": "2026-11-25",
}  # fmt: skip
SOUND = Surroundings(
    seals={"k": passed(CheckName.TRUST)}, sources={}, catalogue=load_catalogue(), origin="", mode="test",
    log=passed(CheckName.LOG),
)  # fmt: skip


class OlderThanItsEnd:
    def record(self, serial: int, key_id: str) -> bool:
        return True

    def act(self, act_id: str, sealed_digest: str, key_id: str) -> bool:
        return True

    def note(self, note: str, serial: str, key_id: str) -> bool:
        return True


ENDED = {"k": Check(CheckName.TRUST, Result.UNKNOWN, "seal_ended")}
PROVEN = replace(SOUND, seals=ENDED, in_time=OlderThanItsEnd())
BACK = Check(CheckName.LOG, Result.UNKNOWN, "store_rolled_back")


def judged(line: dict[str, Any], licence: LicenceState, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    return answer_verdict(judge(facts_of(line, licence, surroundings), surface=Surface.SCAN, now=now))


@pytest.mark.parametrize("now", DAYS)
@pytest.mark.parametrize("licence", [LicenceState.REGISTERED, LicenceState.STRIPPED, LicenceState.SUCCEEDED])
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(
    "said", [{}, {"type": "business_licence"}, {"until": "2026-11-22"}, {"works_from": "2026-11-24"}]
)
def test_line_is_told_as_it_is_judged(
    said: dict[str, Any], status: Status, licence: LicenceState, now: datetime
) -> None:
    line = LINE | {"status": status.value} | said
    assert verdict_of_line(line, licence, SOUND, now) == judged(line, licence, SOUND, now)
    assert verdict_of_line(line, licence, PROVEN, now) == judged(line, licence, PROVEN, now)


@pytest.mark.parametrize(
    ("line", "surroundings", "reason"),
    [
        (LINE, replace(SOUND, seals=ENDED), "seal_time_unproven"),
        (LINE, replace(SOUND, seals={}), "trust_list_missing"),
        (LINE, replace(SOUND, log=BACK), "store_rolled_back"),
        (LINE | {"origin": "collected", "source": "s"}, SOUND, "age_unknown"),
        (
            LINE | {"annotations": [{"kind": "moved_out", "from": "2026-11-21", "until": None}]}, SOUND,
            "licence_moved_out",
        ),
    ],
)  # fmt: skip
def test_line_that_was_good_a_moment_ago_is_doubtful_now(
    line: dict[str, Any], surroundings: Surroundings, reason: str
) -> None:
    assert verdict_of_line(LINE, LicenceState.REGISTERED, SOUND, NOON)["outcome"] == "valid"
    told = verdict_of_line(line, LicenceState.REGISTERED, surroundings, NOON)
    assert (told["outcome"], told["reason"]) == ("unknown", reason)
