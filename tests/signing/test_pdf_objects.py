"""What the objects of a sealed PDF may not say, each sealed by a listed key all the same: what is refused, and why."""

from collections.abc import Callable
from typing import Any
from zlib import compress

import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, String

from scripts.vectors.pdf_octets import with_new_table
from scripts.vectors.pdf_sealing import seal_carelessly, sealed_page
from signing.errors import PdfRefusedError
from signing.pdf_form import place_octets
from signing.pdf_reading import extract_pdf

SMALL = sealed_page()
Edit = Callable[[bytes], bytes]


def _field(pdf: Pdf) -> Object:
    return pdf.Root.AcroForm.Fields[0]


def _parameters(pdf: Pdf) -> Object:
    return _field(pdf).V.Reference[0].TransformParams


def _set(owner: Callable[[Pdf], Any], entry: str, value: Callable[[Pdf], Any]) -> Callable[[Pdf], None]:
    """Return the change that sets one entry of an object."""

    def change(pdf: Pdf) -> None:
        owner(pdf)[f"/{entry}"] = value(pdf)

    return change


def _root(pdf: Pdf) -> Object:
    return pdf.Root


def _page(pdf: Pdf) -> Object:
    return pdf.pages[0].obj


def _file(pdf: Pdf) -> Object:
    return pdf.Root.AF[0]


def _second_page_with_the_seal(pdf: Pdf) -> None:
    pdf.add_blank_page(page_size=(420, 200)).obj.Annots = Array([_field(pdf)])


def _names_in_a_tree(pdf: Pdf) -> None:
    names = pdf.Root.Names.EmbeddedFiles.Names
    pdf.Root.Names.EmbeddedFiles = Dictionary(Kids=Array([pdf.make_indirect(Dictionary(Names=names))]))


def _packed(octets: bytes) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        _file(pdf).EF.F.write(octets, filter=Name.FlateDecode)
        _file(pdf).EF.F.Params.Size = 57

    return change


_ACTION = Dictionary(S=Name.GoTo, D=Array([0, Name.Fit]))
_CONTENT = bytes(57)
_REFUSED: dict[str, tuple[Callable[[Pdf], None], str]] = {
    "page that turns by itself": (_set(_page, "Dur", lambda pdf: 1), "active"),
    "page with data of a program": (_set(_page, "PieceInfo", lambda pdf: Dictionary()), "active"),
    "outline": (_set(_root, "Outlines", lambda pdf: Dictionary(First=Dictionary(A=_ACTION))), "active"),
    "portfolio": (_set(_root, "Collection", lambda pdf: Dictionary()), "active"),
    "field in no form": (_set(_page, "Tabs", lambda pdf: Dictionary(FT=Name.Tx)), "signatures"),
    "form inside the form": (_set(_field, "AP", lambda pdf: Dictionary(AcroForm=1)), "signatures"),
    "form with further entries": (
        _set(lambda pdf: pdf.Root.AcroForm, "NeedAppearances", lambda pdf: True),
        "signatures",
    ),
    "field twice": (lambda pdf: pdf.Root.AcroForm.Fields.append(_field(pdf)), "signatures"),
    "field with further entries": (_set(_field, "A", lambda pdf: _ACTION), "signatures"),
    "field of another kind": (_set(_field, "FT", lambda pdf: Name.Btn), "signatures"),
    "field shown as another kind": (_set(_field, "Subtype", lambda pdf: Name.Stamp), "annotations"),
    "field with a look when pressed": (_set(lambda pdf: _field(pdf).AP, "D", lambda pdf: Dictionary()), "annotations"),
    "seal on two pages": (_second_page_with_the_seal, "annotations"),
    "time stamp": (_set(lambda pdf: _field(pdf).V, "Type", lambda pdf: Name.DocTimeStamp), "signatures"),
    "other software": (_set(lambda pdf: _field(pdf).V, "Filter", lambda pdf: Name("/Example.Sig")), "signatures"),
    "other signature certifies": (_set(lambda pdf: pdf.Root.Perms, "DocMDP", lambda pdf: _file(pdf)), "certification"),
    "two references": (lambda pdf: _field(pdf).V.Reference.append(Dictionary()), "certification"),
    "reference to data": (_set(lambda pdf: _field(pdf).V.Reference[0], "Data", _root), "certification"),
    "fields locked only": (
        _set(lambda pdf: _field(pdf).V.Reference[0], "TransformMethod", lambda pdf: Name.FieldMDP),
        "certification",
    ),
    "parameters with further entries": (_set(_parameters, "Fields2", lambda pdf: Array([])), "certification"),
    "names of pages": (_set(lambda pdf: pdf.Root.Names, "Dests", lambda pdf: Dictionary()), "attachments"),
    "names in a tree": (_names_in_a_tree, "attachments"),
    "file with further entries": (_set(_file, "ID", lambda pdf: String("x")), "attachments"),
    "file of another type": (_set(_file, "Type", lambda pdf: Name.F), "attachments"),
    "file for other systems": (_set(lambda pdf: _file(pdf).EF, "DOS", lambda pdf: _file(pdf).EF.F), "attachments"),
    "file unpacked in another way": (
        _set(lambda pdf: _file(pdf).EF.F, "DecodeParms", lambda pdf: Dictionary(Predictor=12)),
        "attachments",
    ),
    "file packed": (_packed(compress(_CONTENT)), "attachments"),
    "name of no file": (lambda pdf: pdf.Root.Names.EmbeddedFiles.Names.append(String("x")), "malformed"),
}


def _reason(raw: bytes) -> str:
    with pytest.raises(PdfRefusedError) as refused:
        extract_pdf(raw)
    return refused.value.reason


@pytest.mark.parametrize(("change", "reason"), _REFUSED.values(), ids=list(_REFUSED))
def test_what_sealed_documents_do_not_say_is_refused(change: Callable[[Pdf], None], reason: str) -> None:
    assert _reason(seal_carelessly(SMALL, change)) == reason


def _moved(old: bytes, new: bytes) -> Edit:
    """Return the edit that puts `new` for the one `old` and makes the table anew."""
    return lambda raw: with_new_table(raw.replace(old, new, 1))


_WRITTEN: dict[str, tuple[Edit, str]] = {
    "octets before the objects": (_moved(b"\xfe\n", b"\xfe\n% octets\n"), "layout"),
    "octets between the objects": (_moved(b"\nendobj\n2 0", b"\nendobj\n% octets\n2 0"), "layout"),
    "objects numbered with a gap": (_moved(b"\n9 0 obj", b"\n10 0 obj"), "layout"),
    "table of another size": (lambda raw: raw.replace(b"xref\n0 10\n", b"xref\n0 11\n"), "layout"),
    "table shorter than told": (
        lambda raw: raw.replace(b"xref\n0 10\n", b"xref\n0 11\n").replace(b"/Size 10", b"/Size 11"),
        "layout",
    ),
    "entry twice": (_moved(b"/Lang (zh)", b"/Lang (zh) /Lang (en)"), "malformed"),
    "stream longer than told": (_moved(b"/Length 60 >>", b"/Length 59 >>"), "malformed"),
    "object that is none": (_moved(b"/Lang (zh)", b"/Lang <</A>>"), "malformed"),
}


@pytest.mark.parametrize(("edit", "reason"), _WRITTEN.values(), ids=list(_WRITTEN))
def test_what_is_not_written_as_sealing_writes_is_refused(edit: Edit, reason: str) -> None:
    assert _reason(seal_carelessly(SMALL, edit=edit)) == reason


def test_a_table_made_anew_is_the_same() -> None:
    assert with_new_table(SMALL) == SMALL


@pytest.mark.parametrize("change", [(0, 0, -9), (9, 0, 0), (0, 9, -9), (0, -9, 9)])
def test_a_byte_range_that_is_not_the_file_is_refused_before_anything_is_verified(change: tuple[int, ...]) -> None:
    stated = extract_pdf(SMALL).byte_range[1:]
    other = [number + more for number, more in zip(stated, change, strict=True)]
    reason = _reason(SMALL.replace(place_octets(*stated), place_octets(*other)))
    assert reason in {"byte_range", "contents"}
