"""The page of attacks names only files and tests that there are, and every attack of the list."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
ROWS = [
    line.strip("|").split(" | ")
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.endswith("| shown by |")
]
FILES = sorted(set(re.findall(r"`((?:tests|hub|signing|schemas)/[\w./]+)`", TEXT)))
NAMED = {
    (file, name)
    for row in ROWS
    for file, names in re.findall(r"`(tests/[\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", row[-1])
    for name in re.findall(r"`(test_\w+)`", names)
}


def test_every_file_that_is_named_exists() -> None:
    assert [name for name in FILES if not (ROOT / name).exists()] == []


def test_every_test_that_is_named_is_collected() -> None:
    collected = {(file, name) for file, _ in NAMED for name in _tests_of(ROOT / file)}
    assert sorted(NAMED - collected) == []


def test_every_name_of_a_test_belongs_to_a_file() -> None:
    assert {name for _, name in NAMED} == set(re.findall(r"`(test_\w+)`", TEXT))


def test_every_attack_of_the_list_and_no_row_without_a_test_stands_on_the_page() -> None:
    assert {f"A2-{number}" for number in range(1, 10)} == set(re.findall(r"A2-\d+", TEXT))
    assert [row[0] for row in ROWS if "`test_" not in row[-1]] == []


def _tests_of(file: Path) -> list[str]:
    """Return the tests pytest collects of a file: its functions of such a name at the top level."""
    parsed = ast.parse(file.read_text(encoding="utf-8"))
    return [each.name for each in parsed.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")]
