"""Draws `docs/life-of-a-certificate.md` from the tables the code itself goes by; nothing in it is written by hand.

`./scripts/draw_life` writes it, `--check` says whether it is what the tables say now.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from hub.decisions.verification import judge, passed
from hub.steps.notices import CLOCKS
from schemas.annotation import ANNOTATION_RULES, Annotation, AnnotationKind, Author
from schemas.catalogue import load_catalogue
from schemas.certificate import CHANGES, GRAVE, REACHING_BACK, SHANGHAI, UNDECIDING, Act, Cause, Status
from schemas.clocks import load_clocks
from schemas.parties import ENDING_RELATIONS, LicenceState, RelationKind
from schemas.verdict import ANNOTATION_TABLE, LICENCE_TABLE, CheckName, Facts, Outcome, Surface
from schemas.wording import ACTS, ANNOTATIONS, CAUSES, OUTCOMES, REASONS, RELATIONS, STATUSES
from schemas.working_days import load_calendar

PAGE = Path(__file__).parent.parent / "docs" / "life-of-a-certificate.md"
_NOON = datetime(2026, 11, 24, 12, tzinfo=SHANGHAI)
_SIGNS = {Outcome.VALID: "✓", Outcome.NOT_VALID: "✕", Outcome.SUSPENDED: "‖", Outcome.UNKNOWN: "?"}


def draw() -> str:
    """Return the whole page."""
    parts = (_head(), _changes(), _causes(), _licence(), _annotations(), _renewal(), _relations(), _clocks(), _types())
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head() -> Iterator[str]:
    yield "# The life of a certificate"
    yield ""
    yield "Drawn by `./scripts/draw_life` from `schemas/certificate.py`, `schemas/verdict.py`, `schemas/annotation.py`,"
    yield "`schemas/parties.py`, `schemas/clocks.toml` and `hub/decisions/verification.py`; a test holds it to them."
    yield (
        "Signs: "
        + ", ".join(f"{sign} {OUTCOMES[outcome].zh} {outcome.value}" for outcome, sign in _SIGNS.items())
        + "."
    )


def _changes() -> Iterator[str]:
    yield "## Statuses, and the acts between them"
    yield ""
    yield "```mermaid"
    yield "stateDiagram-v2"
    for status in Status:
        yield f"    {status.value}: {STATUSES[status].zh} {status.value}"
    yield "    [*] --> valid: 颁发 issue"
    for (before, act), after in CHANGES.items():
        yield f"    {before.value} --> {after.value}: {ACTS[act].zh} {act.value}"
    yield "```"
    yield ""
    yield "| from | act | to | two officers | may reach back |"
    yield "|---|---|---|---|---|"
    for (before, act), after in sorted(CHANGES.items()):
        grave, back = _yes(act in GRAVE), _yes(act in REACHING_BACK)
        yield f"| {_named(before)} | {ACTS[act].zh} {act.value} | {_named(after)} | {grave} | {back} |"
    yield ""
    yield f"`{Act.UNDO.value}` ({ACTS[Act.UNDO].zh}) takes the last act that still counts back, whatever it was but a"
    yield "replacement or a voiding; both acts stay. Expired is never a status: it follows from the last day."


def _causes() -> Iterator[str]:
    yield "## Why a version replaces another"
    yield ""
    yield "| cause | 中文 | in words |"
    yield "|---|---|---|"
    for cause in Cause:
        yield f"| {cause.value} | {CAUSES[cause].zh} | {CAUSES[cause].en} |"
    waiting = ", ".join(cause.value for cause in Cause if cause in UNDECIDING)
    yield ""
    yield f"A suspended certificate is not replaced by {waiting}: they decide nothing, and would lift the suspension."


def _licence() -> Iterator[str]:
    yield "## State of the holder's licence × status of the permit"
    yield ""
    yield "| licence | " + " | ".join(_named(status) for status in Status) + " | what is told |"
    yield "|---|" + "---|" * (len(Status) + 1)
    for state in LicenceState:
        signs = [_SIGNS[_outcome(status=status, licence=state)] for status in Status]
        reason = LICENCE_TABLE[state][1]
        yield f"| {state.value} | " + " | ".join(signs) + f" | {REASONS[reason].zh if reason else ''} |"


def _annotations() -> Iterator[str]:
    yield "## Annotations"
    yield ""
    yield "| annotation | by whom | on | good permit | annulled permit | what is told | source |"
    yield "|---|---|---|---|---|---|---|"
    for kind, rule in ANNOTATION_RULES.items():
        noted = (Annotation(kind, date(2026, 1, 1), None),)
        good = _SIGNS[_outcome(annotations=noted)]
        ended = _SIGNS[_outcome(status=Status.ANNULLED, annotations=noted)]
        by = "its own body" if rule.author is Author.ISSUER else "an authority enrolled for it"
        where = "business licence" if rule.only_licence else "any"
        told = REASONS[ANNOTATION_TABLE[kind][1]].zh
        yield f"| {ANNOTATIONS[kind].zh} {kind.value} | {by} | {where} | {good} | {ended} | {told} | {rule.source} |"


def _renewal() -> Iterator[str]:
    last_day, until = date(2026, 11, 20), date(2026, 12, 18)
    cases = (
        ("before the last day, renewal accepted", date(2026, 12, 1), date(2027, 1, 4)),
        ("past the last day, filed in time, not decided", last_day, until),
        ("past the last day, filed late", last_day, last_day),
        ("past the last day and the term of the decision", date(2026, 8, 3), date(2026, 8, 31)),
    )
    yield "## A renewal that is late in being decided (行政许可法 art. 50)"
    yield ""
    yield "| case | verdict | what is told |"
    yield "|---|---|---|"
    for words, valid_to, carried_until in cases:
        noted = (Annotation(AnnotationKind.RENEWAL_ACCEPTED, date(2026, 6, 1), carried_until),)
        verdict = judge(_facts(valid_to=valid_to, annotations=noted), surface=Surface.SCAN, now=_NOON)
        yield f"| {words} | {_SIGNS[verdict.outcome]} | {REASONS[verdict.reason].zh} |"


def _relations() -> Iterator[str]:
    yield "## Enterprises that change"
    yield ""
    yield "| relation | 中文 | the enterprise before |"
    yield "|---|---|---|"
    for kind in RelationKind:
        after = (
            "is no more: its grants end, its permits read ? until they are changed"
            if kind in ENDING_RELATIONS
            else ("lives on")
        )
        yield f"| {kind.value} | {RELATIONS[kind].zh} | {after} |"


def _clocks() -> Iterator[str]:
    used = {clock: kind for kind, clock in CLOCKS.items()}
    calendar = load_calendar()
    yield "## Clocks"
    yield ""
    yield f"Working days are known for {', '.join(map(str, sorted(calendar.sources)))}; another year makes a day 暂估."
    yield ""
    yield "| clock | days | opens with | source | grade |"
    yield "|---|---|---|---|---|"
    for code, clock in load_clocks().items():
        unit = clock.unit.replace("_", " ")
        task = used[clock.code].value if clock.code in used else ""
        yield f"| {clock.name_zh} {code} | {clock.days} {unit} | {task} | {clock.source} | {clock.grade} |"


def _types() -> Iterator[str]:
    yield "## What each type says of it"
    yield ""
    yield "| type | kind | about a | a suspension ends by | last day | renewal asked for | required |"
    yield "|---|---|---|---|---|---|---|"
    for kind in load_catalogue().current():
        window = f"{kind.renewal_window_days} days before" if kind.renewal_window_days else "–"
        required = f"until {kind.replaced.from_on}" if kind.replaced else "yes"
        yield (
            f"| {kind.name_zh} | {kind.kind.value} | {kind.subject.value} | {kind.suspension_ends} | "
            f"{kind.validity.end} | {window} | {required} |"
        )


def _outcome(
    *,
    status: Status = Status.VALID,
    licence: LicenceState = LicenceState.REGISTERED,
    annotations: Iterable[Annotation] = (),
) -> Outcome:
    facts = _facts(status=status, licence=licence, annotations=tuple(annotations))
    return judge(facts, surface=Surface.SCAN, now=_NOON).outcome


def _facts(
    *,
    status: Status = Status.VALID,
    licence: LicenceState = LicenceState.REGISTERED,
    valid_to: date | None = None,
    annotations: tuple[Annotation, ...] = (),
) -> Facts:
    return Facts(
        seal=passed(CheckName.SEAL),
        trust=passed(CheckName.TRUST),
        statement=passed(CheckName.STATEMENT),
        right_to_hold=passed(CheckName.RIGHT_TO_HOLD),
        log=passed(CheckName.LOG),
        status=status,
        status_since=date(2026, 1, 1),
        suspended_until=None,
        suspension_ends="act",
        valid_from=date(2020, 1, 1),
        valid_to=valid_to,
        licence=licence,
        collected=False,
        seen_at=None,
        fresh_for_seconds=None,
        status_as_of=None,
        annotations=annotations,
    )


def _named(status: Status) -> str:
    return f"{STATUSES[status].zh} {status.value}"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else ""


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is up to date."""
    drawn = draw()
    if arguments == ["--check"]:
        return 0 if PAGE.read_text(encoding="utf-8") == drawn else 1
    PAGE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
