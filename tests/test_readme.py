"""The READMEs promise only what is there, and say the same in both languages."""

import re
from pathlib import Path

import typer

from hub.cli.main import app

ROOT = Path(__file__).parent.parent
ENGLISH, CHINESE = ((ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md"))


def commands_of(text: str) -> set[str]:
    """Return the first words of the `yizhao` commands a text names, also those listed behind the first one."""
    listed = re.findall(r"`yizhao ([a-z]+)[^`]*`((?:[、,] ?`[a-z]+`)*)", text)
    return {name for first, others in listed for name in (first, *re.findall(r"`([a-z]+)`", others))}


def files_of(text: str) -> set[str]:
    return set(re.findall(r"`((?:hub|docs|tests|schemas|scripts)/[A-Za-z0-9_./-]+\.(?:py|md))`", text))


def test_every_command_that_is_named_exists() -> None:
    assert commands_of(ENGLISH) <= set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_every_command_that_exists_is_named() -> None:
    assert set(typer.main.get_command(app).commands) <= commands_of(ENGLISH)  # type: ignore[attr-defined]


def test_every_file_that_is_named_exists() -> None:
    assert [name for name in sorted(files_of(ENGLISH)) if not (ROOT / name).exists()] == []


def test_both_languages_name_the_same_commands_and_files() -> None:
    assert (commands_of(ENGLISH), files_of(ENGLISH)) == (commands_of(CHINESE), files_of(CHINESE))


def test_options_of_run_are_those_it_takes() -> None:
    taken = set(re.findall(r'add_argument\("(--[a-z-]+)"', (ROOT / "scripts" / "start.py").read_text()))
    named = set(re.findall(r"`(--[a-z-]+)", ENGLISH.split("| option")[1].split("## What it promises")[0]))
    assert named == taken


def test_numbered_steps_of_the_ways_are_those_of_the_flows() -> None:
    for flow in ("hub/registry/issuance.py", "hub/sharing/exchange.py", "hub/public/lookup.py"):
        steps = re.findall(r"^(\d) ", (ROOT / flow).read_text().split('"""')[1], re.MULTILINE)
        told = ENGLISH.split(f"`{flow}`")[1].split("**")[0]
        assert re.findall(r"^(\d)\. ", told, re.MULTILINE) == steps
