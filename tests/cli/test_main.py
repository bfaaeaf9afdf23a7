"""The command line as a whole: its help, its exit codes, and that it starts with little."""

import subprocess
import sys

import pytest

from tests.cli.site import Site, run

_COMMANDS = (
    *("init", "serve", "doctor", "keys", "verify", "enrol", "sharing", "import", "issue", "status", "pull", "compare"),
    *("catalogue", "qr", "grant", "simulator"),
)


@pytest.mark.parametrize("command", _COMMANDS)
def test_help_lists_the_command(command: str) -> None:
    listed = run("--help")
    assert listed.code == 0
    assert f" {command} " in listed.out
    assert run(command, "--help").code == 0


@pytest.mark.parametrize("noun", ["department", "body", "system", "officer", "enterprise", "source", "licence-number"])
def test_enrol_knows_the_noun(noun: str) -> None:
    assert run("enrol", noun, "--help").code == 0


def test_wrong_usage_ends_with_two() -> None:
    assert run("no-such-command").code == 2
    assert run("issue").code == 2


def test_hub_that_cannot_be_reached_ends_with_three(site: Site) -> None:
    asked = run("catalogue", "--url", "http://127.0.0.1:9")
    assert asked.code == 3
    assert "--url" in asked.err


def test_key_that_is_not_there_is_refused_by_name(site: Site) -> None:
    refused = run("enrol", "source", "x", "--name-zh", "示例", "--fresh-for", "60", "--system", "stranger", *site.keys)
    assert refused.code == 1
    assert "key_missing use=system:stranger" in refused.err


def test_file_that_is_no_json_is_refused(site: Site) -> None:
    path = site.write("order.json", "not json")
    refused = run("issue", path, "--system", "operator", *site.keys)
    assert (refused.code, "json_form" in refused.err) == (1, True)


def test_help_loads_neither_database_nor_web_framework() -> None:
    script = (
        "import sys; from hub.cli.main import main; main(['--help']); "
        "heavy = {'sqlalchemy', 'fastapi', 'pydantic', 'httpx', 'cryptography'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    ended = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
