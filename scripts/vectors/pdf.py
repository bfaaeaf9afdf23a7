"""The PDF vectors: genuine sealed files, and every way in which one may be passed off that is not.

Three kinds of attacker: one who has no key and rearranges genuine files; one with a key and cert of his own, under the
names of others; and a listed seal whose key signs what sealing does not make ("sealed with"): software that takes every
PDF with a valid signature believes those.
"""

from collections.abc import Callable, Iterator
from functools import cache

import pikepdf
from pikepdf import Pdf

from scripts.vectors import pdf_changes as changes
from scripts.vectors import pdf_cms as cms
from scripts.vectors import pdf_octets as octets
from scripts.vectors.pdf_revisions import appended
from scripts.vectors.pdf_sealing import (
    Change,
    MakeCms,
    attached_xml,
    genuine_cms,
    page_text,
    seal_carelessly,
    sealed_page,
)
from scripts.vectors.seals import seal
from scripts.vectors.vector import Vector

FILE_NAME = "certificate.pdf"


def vectors() -> Iterator[Vector]:
    """Return all vectors that lie in the tree, the genuine ones first."""
    yield Vector("genuine", genuine())
    yield Vector("genuine_other", _other())
    for group in (_flips, _ranges, _wrappings, _revisions, _rewritings, _sealings, _shadows, _signatures, _cms, _frames):
        yield from group()


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
    yield Vector("flipped_signature", octets.cms_as(raw, octets.flipped(octets.cms_of(raw), octets.cms_of(raw))), "signature")
    yield Vector("flipped_dictionary", octets.flipped(raw, b"/M (D:2026"), "digest")
    yield Vector("flipped_trailer", octets.flipped(raw, b"trailer << /Root 1"), "digest")
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
    for name, contents in {
        "missing": b"",
        "null": b"/Contents null",
        "empty": b"/Contents <>",
        "zeros": b"/Contents <" + b"0" * (octets.GAP - 2) + b">",
        "text": b"/Contents ()",
        "not_hex": b"/Contents <" + b"g" * (octets.GAP - 2) + b">",
    }.items():
        yield Vector(f"contents_{name}", octets.contents_as(genuine(), contents), "contents")
    yield Vector("contents_in_capitals", octets.upper_case(genuine()), "contents")


def _wrappings() -> Iterator[Vector]:
    """What is signed stays as it was; something else stands where a reader looks."""
    raw = genuine()
    yield Vector("wrapped_signature_moved", octets.moved_signature(raw), "trailing")
    yield Vector("wrapped_entries_in_the_gap", octets.entries_in_the_gap(raw), "contents")
    yield Vector("wrapped_objects_in_the_gap", octets.objects_in_the_gap(raw), "contents")
    yield Vector("wrapped_second_part_moved", octets.moved_second_part(raw), "layout")


def _revisions() -> Iterator[Vector]:
    """A further revision behind the end."""
    raw = genuine()
    for name, change in _ALONG.items() | _AFTER.items():
        yield Vector(f"after_{name}", appended(raw, change), "revised")
    yield Vector("after_without_table", octets.without_table(raw), "trailing")
    yield Vector("after_without_trailer", octets.without_trailer(raw), "trailing")
    yield Vector("after_with_copied_signature", octets.with_copied_signature(raw), "revised")
