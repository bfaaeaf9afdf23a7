"""Notes of backups and drills: the last of each, and none that is broken."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.supervision.figures.chores import Chore, note_chore, read_chores

DONE = datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_the_last_of_each_chore_is_told(tmp_path: Path) -> None:
    assert read_chores(tmp_path) == {}
    note_chore(tmp_path, Chore("backup", DONE, passed=False, told={}))
    note_chore(tmp_path, Chore("backup", DONE, passed=True, told={"rows": 3.0}))
    assert read_chores(tmp_path) == {"backup": Chore("backup", DONE, passed=True, told={"rows": 3.0})}


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", '{"done_at": 1, "passed": true, "told": {}}', "x" * 70_000,
        '{"done_at": "2026-11-25T09:00:00", "passed": true, "told": {}}',
        '{"done_at": "2026-11-25T09:00:00+00:00", "passed": true, "told": {"a": "b"}}',
    ],
)  # fmt: skip
def test_broken_note_is_no_note(content: str, tmp_path: Path) -> None:
    (tmp_path / "chores").mkdir()
    (tmp_path / "chores" / "restore_drill.json").write_text(content)
    assert read_chores(tmp_path) == {}
