"""The rules of the tree hold here, and each of them catches what is planted against it."""

from pathlib import Path

import pytest

from tests.layout import (
    RULES,
    Rule,
    Tree,
    files_name_no_machine_path,
    files_name_no_registry,
    flows_import_no_flow,
    flows_stand_in_rooms,
    imports_close_no_ring,
    imports_follow_the_arrows,
    imports_stand_at_the_top,
    load_tree,
    locks_hold_pins_and_hashes_alone,
    names_say_what_is_meant,
    only_jws_knows_pyjwt,
    only_settings_read_the_environment,
    only_the_edges_read_the_clock,
    the_test_lock_holds_the_other,
    the_tests_tell_the_truth,
    the_tour_speaks_http_only,
)

_REPOSITORY = Path(__file__).resolve().parent.parent
_IN_FUNCTION = "def open_door() -> None:\n    "

_PLANTED = [
    (imports_follow_the_arrows, "schemas/statement.py", "from signing.jws import verify_compact"),
    (imports_follow_the_arrows, "schemas/statement.py", "from signing import errors"),
    (imports_follow_the_arrows, "signing/trust.py", "import schemas.identifiers"),
    (imports_follow_the_arrows, "signing/trust.py", "from hub.errors import HubError"),
    (imports_follow_the_arrows, "connectors/tabular.py", "from hub.store import intake"),
    (imports_follow_the_arrows, "hub/errors.py", "from hub.store import entry"),
    (imports_follow_the_arrows, "hub/store/entry.py", "from hub.steps.orders.evidence import record"),
    (imports_follow_the_arrows, "hub/store/entry.py", "from hub.decisions.verification import judge"),
    (imports_follow_the_arrows, "hub/decisions/verification.py", "from hub.store.answer import Reader"),
    (imports_follow_the_arrows, "hub/decisions/answers.py", _IN_FUNCTION + "from hub.store.answer import Reader"),
    (imports_follow_the_arrows, "hub/enterprise/grants.py", "from connectors.e_licence import CertifiedELicence"),
    (imports_follow_the_arrows, "hub/enterprise/grants.py", "from hub.settings import Settings"),
    (imports_follow_the_arrows, "hub/enterprise/grants.py", "from hub import web"),
    (imports_follow_the_arrows, "hub/web/public/lookup.py", "from connectors.errors import ConnectorError"),
    (imports_follow_the_arrows, "hub/web/public/lookup.py", "from hub.app.building import build"),
    (imports_follow_the_arrows, "hub/steps/certificates/intentions.py", "from hub.registry.issuance import issue_many"),
    (imports_follow_the_arrows, "hub/client.py", "from hub.department.access import Caller"),
    (imports_follow_the_arrows, "hub/cli/serve.py", "from hub.web.public import lookup"),
    (imports_follow_the_arrows, "hub/app/building.py", "from scripts.start import main"),
    (imports_follow_the_arrows, "hub/app/building.py", "from tests.postgres import Cluster"),
    (imports_follow_the_arrows, "scripts/start.py", "from hub.web.public import lookup"),
    (flows_import_no_flow, "hub/sharing/exchange.py", "from hub.enterprise import grants"),
    (flows_import_no_flow, "hub/registry/status.py", "from hub.registry.issuance import issue_many"),
    (flows_import_no_flow, "hub/registry/intake/run.py", "from hub.registry.issuance import issue_alone"),
    (flows_stand_in_rooms, "hub/grants.py", ""),
    (flows_import_no_flow, "hub/public/publication.py", "import hub.evidence.log"),
    (imports_follow_the_arrows, "hub/steps/orders/evidence.py", "import hub.public.publication"),
    (the_tour_speaks_http_only, "scripts/tour.py", "from hub.registry.issuance import issue_many"),
    (imports_stand_at_the_top, "hub/sharing/exchange.py", _IN_FUNCTION + "from hub.steps.orders import evidence"),
    (imports_stand_at_the_top, "tests/test_exchange.py", _IN_FUNCTION + "import hub.sharing.exchange"),
    (imports_stand_at_the_top, "hub/store/entry.py", "rows = importlib.import_module('hub.store.tables')"),
    (only_settings_read_the_environment, "hub/app/building.py", "import os\nPORT = os.environ['PORT']"),
    (only_settings_read_the_environment, "tests/test_app.py", "from os import getenv"),
    (only_settings_read_the_environment, "hub/cli/main.py", "port = Option(envvar='PORT')"),
    (only_settings_read_the_environment, "signing/keys.py", "from pydantic_settings import BaseSettings"),
    (only_the_edges_read_the_clock, "hub/registry/issuance.py", _IN_FUNCTION + "started = datetime.now(UTC)"),
    (only_the_edges_read_the_clock, "signing/trust.py", _IN_FUNCTION + "started = time.time()"),
    (only_the_edges_read_the_clock, "schemas/certificate.py", _IN_FUNCTION + "today = datetime.date.today()"),
    (only_jws_knows_pyjwt, "hub/department/access.py", "import jwt"),
    (only_jws_knows_pyjwt, "signing/sd_jwt.py", _IN_FUNCTION + "from jwt.api_jws import PyJWS"),
    (names_say_what_is_meant, "hub/util.py", ""),
    (names_say_what_is_meant, "hub/helpers/grant.py", ""),
    (names_say_what_is_meant, "schemas/list.py", ""),
    (names_say_what_is_meant, "hub/enterprise/grants.py", "def process() -> None: ..."),
    (names_say_what_is_meant, "hub/enterprise/grants.py", "async def _process_grant() -> None: ..."),
    (names_say_what_is_meant, "hub/enterprise/grants.py", "class GrantManager: ..."),
    (names_say_what_is_meant, "hub/enterprise/grants.py", "class Grant:\n    def info(self) -> str: ..."),
    (names_say_what_is_meant, "hub/enterprise/grants.py", "def input() -> None: ..."),
    (the_tests_tell_the_truth, "tests/test_grants.py", "from unittest.mock import Mock"),
    (the_tests_tell_the_truth, "tests/test_grants.py", "@pytest.mark.skip\ndef test_grant() -> None: ..."),
    (the_tests_tell_the_truth, "tests/test_grants.py", _IN_FUNCTION + "time.sleep(1)"),
    (files_name_no_registry, "README.md", "pip install from https" + "://pypi.example.com/simple"),
    (files_name_no_registry, "scripts/setup", "https://" + "mirrors" + ".example.com/pypi"),
    (files_name_no_machine_path, "docs/start.md", "cd /" + "home/somebody/yizhao"),
    (files_name_no_machine_path, "pyproject.toml", "cache = '/" + "root/.cache'"),
    (locks_hold_pins_and_hashes_alone, "requirements.lock", "--index" + "-url https://packages.example"),
    (locks_hold_pins_and_hashes_alone, "requirements.lock", "thing @ https://packages.example/thing.whl"),
    (locks_hold_pins_and_hashes_alone, "requirements.lock", "thing>=1.0 \\"),
]

_ALLOWED = [
    (
        "hub/registry/issuance.py",
        "from hub.steps.orders import evidence\nfrom hub.store.certificate import Writer\nimport signing.sd_jwt",
    ),
    ("hub/registry/intake/run.py", "from hub.registry.issuance import issue_many\nfrom connectors.contract import Row"),
    (
        "hub/decisions/verification.py",
        "from hub import __version__\nfrom hub.errors import HubError\nfrom schemas import verdict",
    ),
    ("hub/web/problems.py", "from connectors import errors\nfrom signing.errors import SigningError"),
    ("hub/web/public/lookup.py", "from hub.public.lookup import look_up\nnow = datetime.now(UTC)"),
    ("hub/app/building.py", "from hub.web.public import lookup\nfrom hub.settings import Settings"),
    ("hub/settings.py", "from pydantic_settings import BaseSettings"),
    ("hub/cli/verify.py", _IN_FUNCTION + "from hub.decisions.verification import judge"),
    ("scripts/tour.py", "from hub.client import Client\nfrom connectors.e_licence_simulator import Simulator"),
    ("signing/jws.py", "import jwt"),
    ("signing/base64url.py", "def encode(raw: bytes) -> str: ..."),
    ("hub/store/columns.py", "class Bytes:\n    def process_bind_param(self) -> None: ..."),
    ("requirements-test.lock", "thing-x==1.0.post1 \\\n    --hash=sha256:" + "0" * 64),
]


@pytest.fixture(scope="module")
def repository() -> Tree:
    """This repository, parsed once."""
    return load_tree(_REPOSITORY)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_this_repository_keeps_the_rule(rule: Rule, repository: Tree) -> None:
    findings = rule(repository)
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(("rule", "path", "text"), _PLANTED)
def test_a_planted_violation_is_caught(rule: Rule, path: str, text: str, tmp_path: Path) -> None:
    _plant(tmp_path, path, text)
    findings = rule(load_tree(tmp_path))
    assert [finding.split(":")[0] for finding in findings] == [path]


@pytest.mark.parametrize(("path", "text"), _ALLOWED)
def test_what_the_design_allows_is_let_through(path: str, text: str, tmp_path: Path) -> None:
    _plant(tmp_path, path, text)
    tree = load_tree(tmp_path)
    assert [finding for rule in RULES for finding in rule(tree)] == []


def test_every_rule_has_a_planted_violation() -> None:
    planted = {rule for rule, _, _ in _PLANTED}
    tested_alone: set[Rule] = {imports_close_no_ring, the_test_lock_holds_the_other}
    assert set(RULES) == planted | tested_alone


def test_a_ring_of_three_modules_is_caught(tmp_path: Path) -> None:
    _plant(tmp_path, "schemas/grant.py", "from schemas.parties import Enterprise")
    _plant(tmp_path, "schemas/parties.py", "from schemas import statement")
    _plant(tmp_path, "schemas/statement.py", _IN_FUNCTION + "import schemas.grant")
    [finding] = imports_close_no_ring(load_tree(tmp_path))
    assert "schemas.grant" in finding
    assert "schemas.parties" in finding
    assert "schemas.statement" in finding


def test_a_test_lock_that_lacks_a_pin_is_caught(tmp_path: Path) -> None:
    _plant(tmp_path, "requirements.lock", "one==1.0 \\\ntwo==2.0 \\")
    _plant(tmp_path, "requirements-test.lock", "one==1.0 \\\ntwo==2.1 \\")
    assert the_test_lock_holds_the_other(load_tree(tmp_path)) == ["requirements-test.lock:1: lacks two==2.0"]


def test_what_git_ignores_is_not_read(tmp_path: Path) -> None:
    _plant(tmp_path, ".gitignore", ".venv/\n*.egg-info/\n")
    _plant(tmp_path, ".venv/lib/six.py", "import os")
    _plant(tmp_path, "yizhao.egg-info/top.txt", "hub")
    _plant(tmp_path, "hub/app/building.py", "import sys")
    assert sorted(load_tree(tmp_path).texts) == [".gitignore", "hub/app/building.py"]


def _plant(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")
