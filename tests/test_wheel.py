"""The hub stands without its checkout: whatever it reads of its own is in the wheel."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_SOURCES = ("schemas", "signing", "connectors", "hub", "pyproject.toml", "README.md", "LICENSE")
_BUILD = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
_READ = "import hub.app.building; from hub.web.pages.examples import read_examples; read_examples()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(["cp", "-r", *(str(ROOT / name) for name in _SOURCES), folder], check=True)
    subprocess.run([sys.executable, "-c", _BUILD], cwd=folder, check=True, capture_output=True)
    return next((folder / "dist").glob("*.whl"))


def test_hub_is_read_from_the_wheel_alone_with_its_examples(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path, "zip")
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", _READ], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
