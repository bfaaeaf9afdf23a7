"""What somebody may do to the objects of a sealed PDF: each a change, laid after the seal or sealed along with it."""

from typing import Any
from zlib import compress

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from scripts.vectors.pdf_sealing import attached, attached_xml, empty_place, page_text

_OVER_THE_TEXT = Array([10, 140, 410, 180])
_FORGED = b"1 g 0 0 400 40 re f 0 g BT /F0 16 Tf 10 10 Td (EXAMPLE CERTIFICATE OF SHOP Z) Tj ET"


def nothing(pdf: Pdf) -> None:
    """Change no more than a date that nobody looks at."""
    pdf.Root.AcroForm.Fields[0].V.M = String("D:20300101000000+00'00'")


def page_swapped(pdf: Pdf) -> None:
    pdf.pages[0].obj.Contents.write(page_text("Z"))


def note_added(pdf: Pdf) -> None:
    """A text laid over the page, as a comment that is allowed (evil annotation attack)."""
    _annotate(pdf, Subtype=Name.FreeText, Contents=String("EXAMPLE CERTIFICATE OF SHOP Z"), DA=String("/F0 16 Tf"))


def link_added(pdf: Pdf) -> None:
    _annotate(pdf, Subtype=Name.Link, A=Dictionary(S=Name.URI, URI=String("https://phishing.example/")))


def text_field_added(pdf: Pdf) -> None:
    _add_field(pdf, FT=Name.Tx, T=String("holder"), V=String("SHOP Z"))


def signature_field_added(pdf: Pdf) -> None:
    """An unsigned field whose looks cover the page (sneaky signature attack)."""
    _add_field(pdf, FT=Name.Sig, T=String("seal2"))


def signature_added(pdf: Pdf) -> None:
    """A second signature, its place still empty."""
    byte_range, contents = empty_place()
    signature = Dictionary(
        Type=Name.Sig,
        Filter=Name("/Adobe.PPKLite"),
        SubFilter=Name("/ETSI.CAdES.detached"),
        ByteRange=byte_range,
        Contents=contents,
    )
    _add_field(pdf, FT=Name.Sig, T=String("seal2"), V=pdf.make_indirect(signature))


def certification_added(pdf: Pdf) -> None:
    """A second signature, which certifies in the place of the first."""
    signature_added(pdf)
    second = pdf.Root.AcroForm.Fields[1].V
    parameters = Dictionary(Type=Name.TransformParams, P=1, V=Name("/1.2"))
    second.Reference = Array([Dictionary(Type=Name.SigRef, TransformMethod=Name.DocMDP, TransformParams=parameters)])
    pdf.Root.Perms = Dictionary(DocMDP=second)


def field_shown_twice(pdf: Pdf) -> None:
    """The signature of the one field in a second one, which looks as it likes."""
    _add_field(pdf, FT=Name.Sig, T=String("seal2"), V=pdf.Root.AcroForm.Fields[0].V)


def seal_painted_over(pdf: Pdf) -> None:
    """Looks of its own for the signature's field."""
    pdf.Root.AcroForm.Fields[0].AP.N = _looks(pdf)


def picture_over_a_forged_page(pdf: Pdf) -> None:
    """The page of another shop, hidden below the page that was to be sealed (shadow attack: hide)."""
    font = pdf.pages[0].obj.Resources.Font
    look = b"1 g 0 0 400 40 re f 0 g BT /F0 16 Tf 10 10 Td (EXAMPLE CERTIFICATE OF SHOP A) Tj ET"
    picture = pdf.make_stream(
        look, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 400, 40]), Resources=Dictionary(Font=font)
    )
    pdf.pages[0].obj.Resources.XObject = Dictionary(X0=picture)
    pdf.pages[0].obj.Contents.write(page_text("Z") + b" q 1 0 0 1 10 140 cm /X0 Do Q")


def text_field_changed(pdf: Pdf) -> None:
    """Another value in a field that was there at the sealing (shadow attack: replace)."""
    field = pdf.Root.AcroForm.Fields[1]
    field.V = String("SHOP Z")
    field.AP.N.write(b"0 g BT /F0 16 Tf 10 10 Td (EXAMPLE CERTIFICATE OF SHOP Z) Tj ET")


def object_in_an_attachment(pdf: Pdf) -> None:
    """A forged page inside an attached file, written as an object (shadow attack: hide and replace)."""
    content = b"%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n"
    number, text = pdf.pages[0].obj.Contents.objgen[0], page_text("Z")
    _attach_instead(pdf, content % (number, len(text), text))


def words_of_a_range_attached(pdf: Pdf) -> None:
    """The words before a signature, a second time."""
    _attach_instead(pdf, b"/ByteRange [ 0 1 2 3 ] /Contents <00>")


def xfa_added(pdf: Pdf) -> None:
    pdf.Root.AcroForm.XFA = pdf.make_stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")


def script_added(pdf: Pdf) -> None:
    pdf.Root.Names.JavaScript = Dictionary(Names=Array([String("a"), _script()]))


def open_action_added(pdf: Pdf) -> None:
    pdf.Root.OpenAction = _script()


def page_action_added(pdf: Pdf) -> None:
    pdf.pages[0].obj.AA = Dictionary(O=_script())


def layer_added(pdf: Pdf) -> None:
    """Content that a reader shows or hides as it pleases."""
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("hidden")))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer]), Order=Array([layer])))
    page = pdf.pages[0].obj
    page.Resources.Properties = Dictionary(L0=layer)
    page.Contents = pdf.make_stream(b"/OC /L0 BDC " + page_text("Z") + b" EMC " + page_text("A"))


def layer_on_a_picture(pdf: Pdf) -> None:
    """The same without the catalogue saying so."""
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("hidden")))
    look = pdf.make_stream(_FORGED, Type=Name.XObject, Subtype=Name.Form, BBox=_OVER_THE_TEXT, OC=layer)
    pdf.pages[0].obj.Resources.XObject = Dictionary(X0=look)


def picture_for_the_printer_added(pdf: Pdf) -> None:
    """One picture on the screen, another one on paper."""
    picture = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1)
    picture.Alternates = Array([Dictionary(Image=pdf.make_stream(b""), DefaultForPrinting=True)])
    pdf.pages[0].obj.Resources.XObject = Dictionary(X0=picture)


def external_stream_added(pdf: Pdf) -> None:
    """A picture that lies in another file."""
    stream = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, F=String("other.bin"))
    pdf.pages[0].obj.Resources.XObject = Dictionary(X0=stream)


def attachment_swapped(pdf: Pdf) -> None:
    _attach_instead(pdf, attached_xml("Z"))


def attachment_removed(pdf: Pdf) -> None:
    del pdf.Root.Names
    del pdf.Root.AF


def attachment_added(pdf: Pdf) -> None:
    attach(pdf, "delivered.json", b'{"holder": "Z"}')


def attachment_added_to_the_names(pdf: Pdf) -> None:
    file = pdf.make_indirect(attached(pdf, "delivered.json", b'{"holder": "Z"}'))
    pdf.Root.Names.EmbeddedFiles.Names.extend([String("delivered.json"), file])


def attachment_added_to_the_associated(pdf: Pdf) -> None:
    pdf.Root.AF.append(pdf.make_indirect(attached(pdf, "delivered.json", b'{"holder": "Z"}')))


def attachment_twice_by_name(pdf: Pdf) -> None:
    """Two files of one name: which of them is read depends on the reader."""
    attach(pdf, "certificate.xml", attached_xml("Z"))


def attachment_of_two_contents(pdf: Pdf) -> None:
    """One file whose two names for its content differ."""
    file = pdf.Root.AF[0]
    file.EF.UF = pdf.make_indirect(attached(pdf, "certificate.xml", attached_xml("Z"))).EF.F


def attachment_of_two_names(pdf: Pdf) -> None:
    pdf.Root.AF[0].UF = String("other.xml")


def attachment_packed_twice(pdf: Pdf) -> None:
    pdf.Root.AF[0].EF.F.Filter = Array([Name.ASCIIHexDecode, Name.FlateDecode])


def attachment_longer_than_told(pdf: Pdf) -> None:
    pdf.Root.AF[0].EF.F.Params.Size = 10


def attachment_annotated(pdf: Pdf) -> None:
    """A file that hangs on the page and in no list."""
    _annotate(pdf, Subtype=Name.FileAttachment, FS=attached(pdf, "delivered.json", b'{"holder": "Z"}'))


def many_values(pdf: Pdf) -> None:
    pdf.Root.Lang = Array([0] * 800_000)


def many_objects(pdf: Pdf) -> None:
    pdf.Root.Lang = Array([pdf.make_indirect(Dictionary()) for _ in range(50_000)])


def nested_deep(pdf: Pdf) -> None:
    nested = Array()
    for _ in range(1000):
        nested = Array([nested])
    pdf.Root.Lang = nested


def attachment_bomb(pdf: Pdf) -> None:
    """A small file that is a large one when it is unpacked."""
    attach(pdf, "delivered.json", compress(bytes(200_000_000)), Filter=Name.FlateDecode)


def attachment_too_large(pdf: Pdf) -> None:
    attach(pdf, "delivered.json", bytes(4_194_305))


def attachments_added(pdf: Pdf) -> None:
    """More than any document has."""
    for number in range(8):
        attach(pdf, f"{number}.json", b"{}")


def filling_permitted(pdf: Pdf) -> None:
    _parameters(pdf).P = 2


def comments_permitted(pdf: Pdf) -> None:
    _parameters(pdf).P = 3


def permissions_removed(pdf: Pdf) -> None:
    del pdf.Root.Perms


def usage_rights_added(pdf: Pdf) -> None:
    pdf.Root.Perms.UR3 = pdf.Root.Perms.DocMDP


def reference_removed(pdf: Pdf) -> None:
    del pdf.Root.AcroForm.Fields[0].V.Reference


def kind_changed(pdf: Pdf) -> None:
    pdf.Root.AcroForm.Fields[0].V.SubFilter = Name("/adbe.pkcs7.detached")


def attach(pdf: Pdf, name: str, content: bytes, **entries: Any) -> None:
    """Attach a file as sealing has them."""
    file = pdf.make_indirect(attached(pdf, name, content, **entries))
    pdf.Root.Names.EmbeddedFiles.Names.extend([String(name), file])
    pdf.Root.AF.append(file)


def _attach_instead(pdf: Pdf, content: bytes) -> None:
    del pdf.Root.Names.EmbeddedFiles.Names[0:2]
    del pdf.Root.AF[0]
    attach(pdf, "certificate.xml", content)


def _annotate(pdf: Pdf, **entries: Any) -> None:
    annotation = Dictionary(Type=Name.Annot, Rect=_OVER_THE_TEXT, F=4, AP=Dictionary(N=_looks(pdf)), **entries)
    pdf.pages[0].obj.Annots.append(pdf.make_indirect(annotation))


def _add_field(pdf: Pdf, **entries: Any) -> None:
    _annotate(pdf, Subtype=Name.Widget, P=pdf.pages[0].obj, **entries)
    pdf.Root.AcroForm.Fields.append(pdf.pages[0].obj.Annots[-1])


def _looks(pdf: Pdf) -> Stream:
    font = pdf.pages[0].obj.Resources.Font
    return pdf.make_stream(
        _FORGED, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 400, 40]), Resources=Dictionary(Font=font)
    )


def _script() -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert('example')"))


def _parameters(pdf: Pdf) -> Object:
    return pdf.Root.AcroForm.Fields[0].V.Reference[0].TransformParams
