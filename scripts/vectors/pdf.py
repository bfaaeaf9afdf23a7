"""The PDF vectors: genuine sealed files, and every way in which one may be passed off that is not.

Three kinds of attacker: one who has no key and rearranges genuine files; one with a key and cert of his own, under the
names of others; and a listed seal whose key signs what sealing does not make ("sealed_with"): software that takes every
PDF with a valid signature believes those.
Sources: those of `scripts.vectors.pdf_octets`; "Shadow Attacks" (NDSS 2021); "Breaking the Specification: PDF
Certification" (IEEE S&P 2021) for annotations and fields added to what is certified.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import pikepdf

from scripts.vectors import pdf_changes as changes
from scripts.vectors import pdf_cms as cms
from scripts.vectors import pdf_octets as octets
from scripts.vectors.pdf_drawn import drawn_page
from scripts.vectors.pdf_revisions import appended
from scripts.vectors.pdf_sealing import (
    GAP,
    Change,
    attached_xml,
    fill_place,
    genuine_cms,
    page_text,
    plain_page,
    seal_carelessly,
    sealed_page,
)
from scripts.vectors.sealed_xml import genuine as genuine_xml
from scripts.vectors.seals import seal
from scripts.vectors.vector import Vector
from signing.pdf_form import LARGEST_PDF_BYTES

FILE_NAME = "certificate.pdf"

# What a file may be changed into and still be of the form that is sealed.
_OTHER_CONTENT: dict[str, Change] = {
    "page_swapped": changes.page_swapped,
    "attachment_swapped": changes.attachment_swapped,
    "attachment_removed": changes.attachment_removed,
    "attachment_added": changes.attachment_added,
}
# What no sealed file has, and why it is refused where a key seals it all the same.
_NEVER_SEALED: dict[str, tuple[Change, str]] = {
    "note": (changes.note_added, "annotations"),
    "link": (changes.link_added, "active"),
    "text_field": (changes.text_field_added, "signatures"),
    "signature_field": (changes.signature_field_added, "signatures"),
    "seal_painted_over": (changes.seal_painted_over, "annotations"),
    "script": (changes.script_added, "active"),
    "open_action": (changes.open_action_added, "active"),
    "layer": (changes.layer_added, "active"),
    "attachment_annotated": (changes.attachment_annotated, "annotations"),
    "comments_permitted": (changes.comments_permitted, "certification"),
    "permissions_removed": (changes.permissions_removed, "certification"),
}
_NEVER_SEALED_ONLY: dict[str, tuple[Change, str]] = {
    "page_action": (changes.page_action_added, "active"),
    "field_shown_twice": (changes.field_shown_twice, "signatures"),
    "layer_on_a_picture": (changes.layer_on_a_picture, "active"),
    "picture_for_the_printer": (changes.picture_for_the_printer_added, "active"),
    "xfa": (changes.xfa_added, "active"),
    "external_stream": (changes.external_stream_added, "external"),
    "attachment_in_the_names_only": (changes.attachment_added_to_the_names, "attachments"),
    "attachment_associated_only": (changes.attachment_added_to_the_associated, "attachments"),
    "attachment_twice_by_name": (changes.attachment_twice_by_name, "attachments"),
    "attachment_of_two_contents": (changes.attachment_of_two_contents, "attachments"),
    "attachment_of_two_names": (changes.attachment_of_two_names, "attachments"),
    "attachment_packed_twice": (changes.attachment_packed_twice, "attachments"),
    "attachment_longer_than_told": (changes.attachment_longer_than_told, "attachments"),
    "filling_permitted": (changes.filling_permitted, "certification"),
    "usage_rights": (changes.usage_rights_added, "certification"),
    "no_reference": (changes.reference_removed, "signatures"),
    "another_kind_of_signature": (changes.kind_changed, "signatures"),
    "words_of_a_range": (changes.words_of_a_range_attached, "byte_range"),
}
# Those that are too large to lie in the tree, each made when it is asked for: seconds for them all.
LARGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "attachment_too_large": (partial(seal_carelessly, change=changes.attachment_too_large), "too_large"),
    "many_attachments": (partial(seal_carelessly, change=changes.attachments_added), "too_large"),
    "many_objects": (partial(seal_carelessly, change=changes.many_objects), "too_large"),
    "many_values": (partial(seal_carelessly, change=changes.many_values), "too_large"),
    "attachment_bomb": (partial(seal_carelessly, change=changes.attachment_bomb), "attachments"),
    "nested_deep": (partial(seal_carelessly, change=changes.nested_deep), "malformed"),
    "table_bomb": (octets.table_bomb, "layout"),
    "too_long": (lambda raw: raw + b" " * LARGEST_PDF_BYTES, "too_large"),
}


def vectors() -> Iterator[Vector]:
    """Return all vectors that lie in the tree, the genuine ones first."""
    yield Vector("genuine", genuine())
    yield Vector("genuine_other", _other())
    yield Vector("genuine_drawn", drawn_page(genuine_xml()))
    for group in (_flips, _ranges, _wrappings, _revisions, _shadows, _forgeries, _seals, _signatures, _frames):
        yield from group()


def large_vector(name: str) -> Vector:
    """Return one of LARGE."""
    make, reason = LARGE[name]
    return Vector(name, make(genuine()), reason)


@cache
def genuine() -> bytes:
    """Return a small page, as the hub seals it."""
    return sealed_page("A")


@cache
def _other() -> bytes:
    return sealed_page("B")


# --- without a key ---


def _flips() -> Iterator[Vector]:
    """One bit."""
    raw = genuine()
    yield Vector("flipped_page", octets.flipped(raw, b"CERTIFICATE OF SHOP A"), "digest")
    yield Vector("flipped_attachment", octets.flipped(raw, "示例商店A".encode()), "digest")
    yield Vector("flipped_dictionary", octets.flipped(raw, b"/M (D:2026"), "digest")
    yield Vector("flipped_trailer", octets.flipped(raw, b"trailer << /Root 1"), "malformed")
    yield Vector("flipped_table", octets.flipped(raw, b"xref\n0 10\n0"), "layout")
    signature = octets.cms_of(raw)
    yield Vector("flipped_signature", octets.cms_as(raw, octets.flipped(signature, signature)), "signature")
    yield Vector("flipped_filler", octets.exchanged(raw, b"000>", b"001>"), "contents")


def _ranges() -> Iterator[Vector]:
    """A byte range or a signature that cannot be checked, or not as it stands."""
    for name, written in {
        "missing": "",
        "null": "/ByteRange null",
        "empty": "/ByteRange [ ]",
        "zeros": "/ByteRange [ 0 0 0 0 ]",
        "negative": "/ByteRange [ 0 {a} -{b} {c} ]",
        "overlapping": "/ByteRange [ 0 {b} {a} {c} ]",
        "too_long": "/ByteRange [ 0 {a} {b} 9{c} ]",
        "too_short": "/ByteRange [ 0 {a} {b} 400 ]",
        "not_from_the_start": "/ByteRange [ 9 {a} {b} {c} ]",
        "first_part_only": "/ByteRange [ 0 {a} ]",
        "of_three_numbers": "/ByteRange [ 0 {a} {b} ]",
        "of_three_parts": "/ByteRange [ 0 {a} {b} {c} 0 0 ]",
        "of_reals": "/ByteRange [ 0.0 {a}.0 {b}.0 {c}.0 ]",
        "indirect": "/ByteRange 1 0 R",
        "written_closer": "/ByteRange[0 {a} {b} {c}]",
        "in_another_name": "/Byte#52ange [ 0 {a} {b} {c} ]",
    }.items():
        yield Vector(f"range_{name}", octets.range_as(genuine(), written), "byte_range")
    yield Vector("contents_missing", octets.contents_as(genuine(), b""), "byte_range")
    for name, contents in {
        "null": b"/Contents null",
        "empty": b"/Contents <>",
        "zeros": b"/Contents <" + b"0" * (GAP - 2) + b">",
        "not_hex": b"/Contents <" + b"g" * (GAP - 2) + b">",
        "in_capitals": b"/Contents " + octets.contents_of(genuine()).upper(),
    }.items():
        yield Vector(f"contents_{name}", octets.contents_as(genuine(), contents), "contents")


def _wrappings() -> Iterator[Vector]:
    """What is signed stays as it was; something else stands where a reader looks."""
    raw = genuine()
    yield Vector("wrapped_signature_moved", octets.moved_signature(raw), "layout")
    yield Vector("wrapped_entries_in_the_gap", octets.entries_in_the_gap(raw), "contents")
    yield Vector("wrapped_objects_in_the_gap", octets.objects_in_the_gap(raw), "contents")
    yield Vector("wrapped_second_part_moved", octets.moved_second_part(raw), "layout")


def _revisions() -> Iterator[Vector]:
    """Something behind the end, which leaves every signed octet in its place."""
    raw = genuine()
    for name, change in _OTHER_CONTENT.items():
        yield Vector(f"after_{name}", appended(raw, change), "revised")
    for name, (change, _) in _NEVER_SEALED.items():
        yield Vector(f"after_{name}", appended(raw, change), "revised")
    yield Vector("after_without_table", octets.without_table(raw), "trailing")
    yield Vector("after_without_trailer", octets.without_trailer(raw), "trailing")
    yield Vector("after_with_copied_signature", octets.with_copied_signature(raw), "revised")
    yield Vector("after_nothing_new", appended(raw, changes.nothing), "revised")


def _shadows() -> Iterator[Vector]:
    """What was prepared before the sealing is shown after it."""
    raw = genuine()
    hiding = seal_carelessly(raw, changes.picture_over_a_forged_page)
    yield Vector("shadow_hidden", octets.picture_freed(hiding), "revised")
    replacing = seal_carelessly(raw, changes.text_field_added)
    yield Vector("shadow_replaced", appended(replacing, changes.text_field_changed), "revised")
    both = seal_carelessly(raw, changes.object_in_an_attachment)
    yield Vector("shadow_hidden_and_replaced", octets.page_found_in_an_attachment(both), "revised")


def _forgeries() -> Iterator[Vector]:
    """Other content in the very form of a sealed file, under a genuine signature or that of a stranger."""
    raw, other = genuine(), _other()
    stolen = octets.cms_of(raw)
    for name, change in _OTHER_CONTENT.items():
        yield Vector(f"rewritten_{name}", seal_carelessly(raw, change, make_cms=lambda *_: stolen), "digest")
    yield Vector("page_of_another", octets.exchanged(raw, page_text("A"), page_text("B")), "digest")
    yield Vector("attachment_of_another", octets.exchanged(raw, attached_xml("A"), attached_xml("B")), "digest")
    yield Vector("signature_of_another", octets.cms_as(raw, octets.cms_of(other)), "digest")
    stranger = seal("look_alike")
    resealed = seal_carelessly(raw, changes.attachment_swapped, signer=stranger)
    yield Vector("attachment_of_another_by_a_stranger", resealed, "unlisted")
    yield Vector("look_alike_seal", sealed_page("A", signer=stranger), "unlisted")
    yield Vector("unlisted_seal", sealed_page("A", signer=seal("unlisted")), "unlisted")


# --- with the seal's key ---


def _seals() -> Iterator[Vector]:
    """What sealing never makes, sealed whole."""
    raw = genuine()
    for name, (change, reason) in (_NEVER_SEALED | _NEVER_SEALED_ONLY).items():
        yield Vector(f"sealed_with_{name}", seal_carelessly(raw, change), reason)
    trailing = seal_carelessly(raw, edit=lambda prepared: prepared + b"% octets\n")
    yield Vector("sealed_with_trailing_octets", trailing, "trailing")
    leading = seal_carelessly(raw, edit=lambda prepared: b"% octets\n" + prepared)
    yield Vector("sealed_with_leading_octets", leading, "leading")
    between = seal_carelessly(raw, edit=octets.comment_before_the_table)
    yield Vector("sealed_with_octets_between", between, "layout")
    streams = seal_carelessly(raw, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    yield Vector("sealed_with_object_streams", streams, "layout")
    yield Vector("sealed_and_linearized", seal_carelessly(raw, linearize=True), "revised")
    yield Vector("sealed_and_encrypted", seal_carelessly(raw, **_ENCRYPTED), "encrypted")


def _signatures() -> Iterator[Vector]:
    """Signatures of another form, and further ones."""
    raw = genuine()
    for name, change in {
        "signing_time": cms.signing_time_added,
        "attribute_added": cms.attribute_added,
        "attributes_stripped": cms.attributes_removed,
        "no_signing_cert": cms.signing_cert_removed,
        "signing_cert_of_another": cms.signing_cert_of_another,
        "signing_cert_without_its_issuer": cms.signing_cert_without_its_issuer,
        "named_by_key": cms.named_by_key,
        "no_cert": cms.cert_removed,
        "second_cert": cms.cert_added,
        "second_signer": cms.signer_added,
        "content_inside": cms.content_added,
        "unsigned_attribute": cms.unsigned_attribute_added,
    }.items():
        yield Vector(f"cms_{name}", seal_carelessly(raw, make_cms=cms.changed_cms(change)), "form")
    for digest in ("sha1", "sha384"):
        made = cms.changed_cms(cms.unchanged, digest=digest)
        yield Vector(f"cms_{digest}", seal_carelessly(raw, make_cms=made), "form")
    other_digest = cms.changed_cms(cms.digest_of_another)
    yield Vector("cms_digest_of_another", seal_carelessly(raw, make_cms=other_digest), "digest")
    yield Vector("cms_by_another_key", seal_carelessly(raw, make_cms=cms.by_another_key), "signature")
    yield Vector("cms_cert_exchanged", seal_carelessly(raw, make_cms=cms.with_cert_of_another), "form")
    yield Vector("cms_cert_of_the_same_key", octets.cms_as(raw, cms.renewed(octets.cms_of(raw))), "form")
    yield Vector("cms_twin", octets.cms_as(raw, cms.twin_of(octets.cms_of(raw))), "form")
    grown = cms.with_unsigned_attribute(octets.cms_of(raw))
    yield Vector("cms_unsigned_attribute_added_later", octets.cms_as(raw, grown), "form")
    endless = cms.without_lengths(octets.cms_of(raw))
    yield Vector("cms_without_lengths", octets.cms_as(raw, endless), "contents")
    yield Vector("second_signature", _signed_again(raw, changes.signature_added, "look_alike"), "revised")
    first = seal_carelessly(raw, changes.permissions_removed, signer=seal("look_alike"))
    yield Vector("second_signature_before", _signed_again(first, changes.certification_added, "seal"), "revised")


def _signed_again(raw: bytes, change: Change, signer: str) -> bytes:
    prepared = appended(raw, change)
    return fill_place(prepared, prepared.rindex(b"/ByteRange"), partial(genuine_cms, seal(signer)))


# --- the written form ---

_ENCRYPTED: dict[str, Any] = {
    "deterministic_id": False,
    "static_id": True,
    "stream_decode_level": None,
    "encryption": pikepdf.Encryption(owner="owner", user="", R=4, aes=False, metadata=False),
}
_LOCKED = _ENCRYPTED | {"encryption": pikepdf.Encryption(owner="owner", user="user", R=4, aes=False, metadata=False)}


def _frames() -> Iterator[Vector]:
    """More, less or other octets around the same."""
    raw = genuine()
    yield Vector("leading_comment", b"% octets\n" + raw, "leading")
    yield Vector("earlier_version", octets.exchanged(raw, b"%PDF-1.7", b"%PDF-1.3"), "leading")
    yield Vector("trailing_newline", raw + b"\n", "trailing")
    yield Vector("trailing_comment", raw + b"% octets\n", "trailing")
    yield Vector("trailing_end", raw + b"startxref\n%d\n%%%%EOF\n" % raw.rindex(b"xref\n0 "), "revised")
    yield Vector("cut_short", raw[:-1], "trailing")
    yield Vector("cut_in_half", raw[: len(raw) // 2], "trailing")
    yield Vector("returns", raw.replace(b"\n", b"\r\n"), "leading")
    yield Vector("not_sealed", plain_page("A"), "byte_range")
    yield Vector("encrypted", octets.encrypted(raw, **_ENCRYPTED), "encrypted")
    yield Vector("encrypted_with_a_password", octets.encrypted(raw, **_LOCKED), "encrypted")
    yield Vector("nothing", b"", "leading")
    yield Vector("no_pdf", b"<certificate/>", "leading")
