"""Forms read strictly: the bytes of a file arrive as they were, and what is no form of ours is refused."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from hub.web.bodies import BodyError
from hub.web.uploads import read_upload

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
NAMED = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'


def upload(content_type: str, body: bytes, longest: int = 1000) -> bytes:
    """Return what a form with this body holds."""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", content_type.encode())]}
    return asyncio.run(read_upload(Request(scope, receive), longest_file=longest, longest_text=longest))


def test_pasted_text_arrives_in_its_own_bytes() -> None:
    assert upload(URLENCODED, b"text=%E6%9C%89%E6%95%88+%ff") == "有效 ".encode() + b"\xff"
    assert upload(URLENCODED, b"text=") == b""
    assert upload(URLENCODED, b"other=x") == b""


@given(st.binary(max_size=200))
def test_file_arrives_byte_for_byte(raw: bytes) -> None:
    assert upload(MULTIPART, NAMED % (b"file", raw.replace(b"--x", b"--y")) + b"--x--\r\n") == raw.replace(
        b"--x", b"--y"
    )


def test_file_comes_before_text_and_an_empty_file_does_not() -> None:
    both = NAMED % (b"text", b"pasted") + NAMED % (b"file", b"chosen") + b"--x--"
    none_chosen = NAMED % (b"file", b"") + NAMED % (b"text", b"pasted") + b"--x--"
    twice = NAMED % (b"file", b"first") + NAMED % (b"file", b"second") + b"--x--"
    assert [upload(MULTIPART, body) for body in (both, none_chosen, twice)] == [b"chosen", b"pasted", b"first"]


def test_file_name_is_not_read() -> None:
    body = b'--x\r\ncontent-disposition: form-data; filename="name=\\"y"; name="file"\r\n\r\nz\r\n--x--'
    assert upload('multipart/form-data; boundary="x"', body) == b"z"


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("", b"x", "media_type"),
        ("text/plain", b"x", "media_type"),
        ("multipart/form-data", b"--x\r\n\r\n", "body_malformed"),
        ("multipart/form-data; boundary=" + "x" * 71, b"", "body_malformed"),
        (MULTIPART, b"", "body_malformed"),
        (MULTIPART, b"--x", "body_malformed"),
        (MULTIPART, b"before" + NAMED % (b"file", b"x") + b"--x--", "body_malformed"),
        (MULTIPART, NAMED % (b"file", b"x"), "body_malformed"),
        (MULTIPART, NAMED % (b"file", b"x") + b"--x--after", "body_malformed"),
        (MULTIPART, b"--x\r\nContent-Type: text/plain\r\n\r\nx\r\n--x--", "body_malformed"),
        (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="file"\r\nx\r\n--x--', "body_malformed"),
        (MULTIPART, b"--xContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--x--", "body_malformed"),
        (MULTIPART, NAMED % (b"a", b"x") * 9 + b"--x--", "body_malformed"),
        (MULTIPART, NAMED % (b"file", b"x" * 20_000) + b"--x--", "body_too_long"),
        (URLENCODED, b"a=1&" * 20, "body_malformed"),
        (URLENCODED, b"text=\xff", "body_malformed"),
        (URLENCODED, b"text=" + b"x" * 20_000, "body_too_long"),
    ],
)  # fmt: skip
def test_what_is_no_form_of_ours_is_refused(content_type: str, body: bytes, code: str) -> None:
    with pytest.raises(BodyError) as refused:
        upload(content_type, body)
    assert refused.value.code == code
