"""What is no document of ours is not read, though a seal's key should have signed it."""

import subprocess
import sys

import pytest

from hub.steps.documents.metadata import MetadataFormError, read_document
from tests.hub.contents import content_of_type, octets_of

_BROKEN: dict[str, tuple[str, str]] = {
    "an element too few": ("<ZZMC>食品经营许可证</ZZMC>", ""),
    "an element twice": ("<KZ_YXMS>test</KZ_YXMS>", "<KZ_YXMS>test</KZ_YXMS><KZ_YXMS>test</KZ_YXMS>"),
    "another element too few": ("<KZ_WJYY>zh</KZ_WJYY>\n  <KZ_WJBB>", "<KZ_WJBB>"),
    "an element nobody knows": ("</certificate>", "<KZ_NEW>1</KZ_NEW></certificate>"),
    "an element of another namespace": ("</certificate>", '<a xmlns="urn:a"></a></certificate>'),
    "an attribute nobody knows": ("<ZZMC>", '<ZZMC lang="zh">'),
    "an Id below": ("<ZZMC>", '<ZZMC Id="certificate">'),
    "another Id": ('Id="certificate"', 'Id="other"'),
    "an empty value": ("<CZZT>中山示例有限公司</CZZT>", "<CZZT></CZZT>"),
    "an element inside a value": ("<CZZT>中山", "<CZZT><ZZMC>中山</ZZMC>"),
    "text between elements": ("<CZZT>", "文<CZZT>"),
    "a day that is none": ("2026-11-21", "2026-02-30"),
    "a year before any certificate": ("2026-11-21", "0001-01-01"),
    "a day of another form": ("2026-11-21", "20261121"),
    "a moment of another zone": ("+08:00</ZZQZSJ>", "Z</ZZQZSJ>"),
    "a digest cut short": ("0a0a</KZ_SJZY>", "0a</KZ_SJZY>"),
    "a licence number of another form": ("91442000MA0000015B", "91442000ma0000015b"),
    "another kind of holder code": ("<CZZTDMLXDM>001<", "<CZZTDMLXDM>111<"),
    "an edition nobody knows": ("<KZ_WJBB>original<", "<KZ_WJBB>copy<"),
    "no mark": ("<KZ_WJBB>original</KZ_WJBB>\n  <ZZQZR>示例市场监管局</ZZQZR>", ""),
    "a mode nobody knows": ("<KZ_YXMS>test<", "<KZ_YXMS>demo<"),
    "a version of the type that is none": ("<KZ_ZZLXBB>1<", "<KZ_ZZLXBB>0<"),
    "one field twice": ('name="KZ_holder_address"', 'name="KZ_floor_area"'),
    "a field without a label": ('label_zh="住所" ', ""),
    "a field of another name": ('name="KZ_holder_address"', 'name="holder_address"'),
}  # fmt: skip
_NOT_CANONICAL: dict[str, tuple[str, str]] = {
    "a comment": ("<CZZT>中山", "<CZZT>中<!-- -->山"),
    "an instruction": ("<CZZT>中山", "<CZZT>中<?php?>山"),
    "a CDATA section": ("中山示例有限公司", "<![CDATA[中山示例有限公司]]>"),
    "an entity": ("<CZZT>中山", "<CZZT>&#20013;山"),
    "an entity nobody declared": ("<CZZT>中山", "<CZZT>&a;"),
    "an unused namespace": (' Id="certificate"', ' xmlns:a="urn:a" Id="certificate"'),
    "no end": ("</certificate>", ""),
    "a document type": ("<certificate ", "<!DOCTYPE certificate><certificate "),
    "a declared entity": ("<certificate ", '<!DOCTYPE certificate [<!ENTITY a "b">]><certificate '),
    "a default attribute": ("<certificate ", '<!DOCTYPE certificate [<!ATTLIST ZZMC a CDATA "b">]><certificate '),
    "an encoding": ("<certificate ", '<?xml version="1.0" encoding="GBK"?><certificate '),
    "nesting": ("</certificate>", "<KZ>" * 1000 + "</KZ>" * 1000 + "</certificate>"),
}


def _refusal(octets: bytes) -> str:
    with pytest.raises(MetadataFormError) as refused:
        read_document(octets)
    assert "中山" not in str(refused.value)
    return refused.value.rule


def _changed(old: str, new: str) -> bytes:
    octets = octets_of(content_of_type()).decode()
    assert old in octets
    return octets.replace(old, new).encode()


@pytest.mark.parametrize("change", _BROKEN.values(), ids=_BROKEN)
def test_what_breaks_the_schema_is_not_read(change: tuple[str, str]) -> None:
    assert _refusal(_changed(*change)) == "schema"


@pytest.mark.parametrize("change", _NOT_CANONICAL.values(), ids=_NOT_CANONICAL)
def test_what_is_not_canonical_is_not_read(change: tuple[str, str]) -> None:
    assert _refusal(_changed(*change)) == "xml"


def test_another_root_is_not_read() -> None:
    assert _refusal(b'<document xmlns="urn:yizhao:certificate:1"></document>') == "schema"


def test_another_version_is_not_read() -> None:
    assert _refusal(_changed("urn:yizhao:certificate:1", "urn:yizhao:certificate:2")) == "version"
    assert _refusal(b'<certificate Id="certificate"></certificate>') == "version"


def test_midnight_at_the_end_of_a_day_is_no_moment() -> None:
    assert _refusal(_changed("T09:02:03+08:00", "T24:00:00+08:00")) == "value"


def test_reading_needs_neither_database_nor_web() -> None:
    script = (
        "import sys, hub.steps.documents.metadata; print({'sqlalchemy', 'fastapi', 'starlette'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


_AT_ONCE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from hub.steps.documents.metadata import read_document

sys.setswitchinterval(1e-5)
octets, start = sys.stdin.buffer.read(), threading.Barrier(4)

def read(_):
    start.wait()
    return read_document(octets).identifier

with ThreadPoolExecutor(4) as threads:
    print(len(set(threads.map(read, range(4)))))
"""


@pytest.mark.parametrize("process", range(24))
def test_threads_that_read_their_first_documents_at_once_all_read_them(process: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AT_ONCE], input=octets_of(content_of_type()), capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, b"1\n"), done.stderr
