"""What the objects of a sealed PDF may say: pages, files attached, one signature, and nothing that acts or hides.

The rules, each over all objects of the file, whether a page leads to them or not:
- catalogue, pages, field, signature and attached files have no entries but those that sealed documents have;
- no script, action, layer, form, second picture for the printer, external file or further annotation;
- the one field holds the one signature, which certifies against any change (DocMDP P=1);
- a file is attached in the names and in /AF alike, or not at all.

Not checked here: what the pages show, their fonts and pictures, PDF/A; the seal stands for these. Streams are not
decoded; attached files are not packed.
Sources: ISO 32000-1 sections 7.11 (file specifications), 12.6 (actions), 12.7.4.5 and 12.8 (signatures).
"""

from collections import Counter
from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from signing.errors import PdfRefusedError

_MOST_ATTACHMENTS = 8
_LARGEST_ATTACHMENT_BYTES = 4_194_304
_LONGEST_NAME = 100


def _entries(names: str) -> frozenset[str]:
    return frozenset(f"/{name}" for name in names.split())


_CATALOGUE = _entries(
    "Type Pages Metadata MarkInfo StructTreeRoot Lang ViewerPreferences OutputIntents Names AF AcroForm Perms"
)
_PAGE = _entries("Type Parent MediaBox Resources Contents StructParents Tabs Group Annots")
_FIELD = _entries("Type Subtype FT T V F Rect P AP")
_SIGNATURE = _entries("Type Filter SubFilter ByteRange Contents M Name Reason Reference")
_FILE = _entries("Type F UF EF Desc AFRelationship")
_FILE_STREAM = _entries("Type Subtype Params Length")
_NEVER = _entries("AA Alternates JS JavaScript OC OCGs OCProperties OpenAction OPI PS URI XFA")


def read_objects(pdf: Pdf) -> tuple[tuple[str, bytes], ...]:
    """Return name and content of each attached file of a PDF whose objects keep the rules.

    Raises PdfRefusedError: active, signatures, annotations, certification, external, attachments or
    too_large (an attached file).
    """
    entries: Counter[str] = Counter()
    for each in _dictionaries(pdf):
        keys = each.keys()
        entries.update(keys)
        _require(each.get("/Type") != Name.Page or keys <= _PAGE, "active", "a page has more than content")
    _require(entries.keys().isdisjoint(_NEVER) and pdf.Root.keys() <= _CATALOGUE, "active", "the file acts or hides")
    _require_certifying(pdf, _sole_field(pdf, entries).V)
    # Of what names a file: the field's /F are flags; an attached file has its name in one /F, its stream in another.
    _require(entries["/F"] == 1 + 2 * entries["/EF"], "external", "something names a file outside")
    return _attached_files(pdf, entries["/EF"])


def _require(holds: bool, reason: str, message: str) -> None:
    if not holds:
        raise PdfRefusedError(reason, message)


def _dictionaries(pdf: Pdf) -> Iterator[Object]:
    """Yield every dictionary of the file, those of streams and inside other objects too."""
    waiting: list[object] = list(pdf.objects)
    while waiting:
        each = waiting.pop()
        inner: list[object] = []
        if isinstance(each, Dictionary | Stream):
            yield each
            inner = [value for _, value in each.items()]
        elif isinstance(each, Array):
            inner = list(each)
        waiting += [value for value in inner if isinstance(value, Object) and not value.is_indirect]


# --- the signature ---


def _sole_field(pdf: Pdf, entries: Counter[str]) -> Object:
    """Return the one field, which is also the one annotation."""
    _require(entries["/FT"] == entries["/AcroForm"] == entries["/Fields"] == 1, "signatures", "not one field alone")
    _require(entries["/Annots"] == 1, "annotations", "annotations stand on more than one page")
    form = pdf.Root.AcroForm
    _require(form.keys() == {"/Fields", "/SigFlags"} and len(form.Fields) == 1, "signatures", "not one field alone")
    (field,) = form.Fields
    _require(field.keys() == _FIELD and field.get("/FT") == Name.Sig, "signatures", "the field holds no signature")
    _require(field.Subtype == Name.Widget and field.AP.keys() == {"/N"}, "annotations", "the field has other looks")
    # What the page shows as the seal is drawn; the field over it shows nothing.
    _require(field.AP.N.read_raw_bytes() == b"", "annotations", "the field has looks of its own")
    shown = [each.objgen for each in field.P.Annots]
    _require(shown == [field.objgen], "annotations", "the seal is not the one annotation")
    return field


def _require_certifying(pdf: Pdf, signature: Object) -> None:
    _require(
        signature.keys() == _SIGNATURE
        and signature.Type == Name.Sig
        and signature.Filter == Name("/Adobe.PPKLite")
        and signature.SubFilter == Name("/ETSI.CAdES.detached"),
        "signatures",
        "the signature is not one of the kind that seals",
    )
    permissions = pdf.Root.get("/Perms", Dictionary())
    _require(permissions.keys() == {"/DocMDP"}, "certification", "the signature does not certify")
    _require(permissions.DocMDP.objgen == signature.objgen, "certification", "another signature certifies")
    _require(len(signature.Reference) == 1, "certification", "the signature certifies more than one thing")
    (reference,) = signature.Reference
    _require(
        reference.keys() == {"/Type", "/TransformMethod", "/TransformParams"}
        and reference.TransformMethod == Name.DocMDP
        and reference.TransformParams.keys() == {"/Type", "/P", "/V"}
        and reference.TransformParams.P == 1,
        "certification",
        "the signature permits changes",
    )


# --- attached files ---


def _attached_files(pdf: Pdf, attached: int) -> tuple[tuple[str, bytes], ...]:
    listed = _list_of_names(pdf)
    _require(len(listed) <= 2 * _MOST_ATTACHMENTS, "too_large", "too many files are attached")
    files = {str(name): file for name, file in zip(listed[::2], listed[1::2], strict=True)}
    associated = [each.objgen for each in pdf.Root.get("/AF", Array())]
    _require(
        associated == [file.objgen for file in files.values()] and len(set(associated)) == len(listed) // 2 == attached,
        "attachments",
        "a file is attached in one place and not in the other, or twice",
    )
    return tuple((name, _content(name, file)) for name, file in files.items())


def _list_of_names(pdf: Pdf) -> list[Object]:
    names = pdf.Root.get("/Names")
    if names is None:
        return []
    _require(names.keys() == {"/EmbeddedFiles"}, "attachments", "the names are of more than attached files")
    _require(names.EmbeddedFiles.keys() == {"/Names"}, "attachments", "the names are not one list")
    return list(names.EmbeddedFiles.Names)


def _content(name: str, file: Object) -> bytes:
    _require(
        0 < len(name) <= _LONGEST_NAME
        and file.keys() <= _FILE
        and file.get("/Type") == Name.Filespec
        and file.F == file.UF == String(name)
        and file.EF.keys() == {"/F", "/UF"}
        and file.EF.F.objgen == file.EF.UF.objgen
        and file.EF.F.keys() <= _FILE_STREAM,
        "attachments",
        "a file is attached in another form",
    )
    stream = file.EF.F
    content = stream.read_raw_bytes()
    _require(len(content) <= _LARGEST_ATTACHMENT_BYTES, "too_large", "an attached file is too large")
    _require(stream.Params.Size == len(content), "attachments", "an attached file is not as long as it says")
    return content
