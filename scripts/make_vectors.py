"""Makes the vectors of documents anew: `tests/vectors/documents/FORM/FAULT/` with the file and what is expected.

The same bytes come out each time, so that a change of a form that documents are sealed in shows as a change of files.
So does a change of a layout, in the golden pictures of `tests/vectors/faces/` and in that of the README: look at them
before they are committed. The proofs of `tests/vectors/merkle.json` are made by the second
implementation; `tests/vectors/jws.json` has the tokens and keys that every verifier takes or refuses alike.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.vectors import pdf, xml
from scripts.vectors.faces import write_certificate_picture, write_pictures
from scripts.vectors.jws import write_jws
from scripts.vectors.merkle import write_proofs
from scripts.vectors.seals import LISTED, seal
from scripts.vectors.vector import Vector, write_vectors

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "documents"
PICTURES = FOLDER.parent / "faces"
SIGNATURES = FOLDER.parent / "jws.json"
PROOFS = FOLDER.parent / "merkle.json"
CERTIFICATE_PICTURE = FOLDER.parent.parent.parent / "docs" / "pictures" / "certificate.png"


@dataclass(frozen=True, slots=True)
class Form:
    """A form of documents: the folder of its vectors, how their file is called, and what makes them."""

    name: str
    file_name: str
    vectors: Callable[[], Iterable[Vector]]


FORMS = (Form("xml", xml.FILE_NAME, xml.vectors), Form("pdf", pdf.FILE_NAME, pdf.vectors))


def make(folder: Path) -> None:
    """Write the certs that are listed and the vectors of every form below `folder`, instead of those there."""
    for form in FORMS:
        shutil.rmtree(folder / form.name, ignore_errors=True)
        write_vectors(form.vectors(), folder / form.name, form.file_name)
    listed = folder / "listed"
    listed.mkdir(parents=True, exist_ok=True)
    for name in LISTED:
        (listed / f"{name}.cert.der").write_bytes(seal(name).cert_der)


if __name__ == "__main__":
    make(FOLDER)
    write_pictures(PICTURES)
    write_certificate_picture(CERTIFICATE_PICTURE)
    write_proofs(PROOFS)
    write_jws(SIGNATURES)
