"""The vectors in the tree are those that the script makes, byte for byte."""

from pathlib import Path

from scripts.make_vectors import FOLDER, SIGNATURES, make
from scripts.vectors.jws import write_jws


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_script_makes_the_vectors_that_lie_in_the_tree(tmp_path: Path) -> None:
    make(tmp_path)
    assert _files(tmp_path) == _files(FOLDER)


def test_script_makes_the_signatures_that_lie_in_the_tree(tmp_path: Path) -> None:
    write_jws(tmp_path / "jws.json")
    assert (tmp_path / "jws.json").read_bytes() == SIGNATURES.read_bytes()
