"""Reading what a browser's form sends: one pasted text or one file, held in memory and forgotten with the answer.

Only the two forms that our own pages send are read (application/x-www-form-urlencoded, and multipart/form-data as
RFC 7578 has it), strictly: a part is bytes between delimiters, its name is all that is read of its headers.
"""

import re
from urllib.parse import parse_qs

from fastapi import Request

from hub.web.bodies import BodyError, read_body

FORM = "application/x-www-form-urlencoded"
LONGEST_FORM = 65_536
_MOST_PARTS = 8
_LONGEST_HEADERS = 4096
# Delimiters and headers around a file, or the escapes of a pasted text, which triple it at worst.
_AROUND = 16_384
_BOUNDARY = re.compile(r'multipart/form-data\s*;\s*boundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70}?)"?\s*', re.IGNORECASE)
_NAME = re.compile(rb'\bcontent-disposition:\s*form-data\s*;[^\r\n]*?\bname="([^"\r\n]*)"', re.IGNORECASE)


async def read_upload(request: Request, *, longest_file: int, longest_text: int) -> bytes:
    """Return the form's member `file`, or `text` where that is empty; nothing is written to disk.

    Raises BodyError body_too_long, media_type, body_malformed.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        members = _urlencoded(await read_body(request, 3 * longest_text + _AROUND))
    elif kind == "multipart/form-data":
        members = _multipart(content_type, await read_body(request, longest_file + _AROUND))
    else:
        raise BodyError("media_type", expected="multipart/form-data")
    return members.get("file") or members.get("text", b"")


async def read_members(request: Request, *, longest: int) -> dict[str, str]:
    """Return the members of a form without files, each cut to `longest` characters.

    Raises BodyError media_type, body_too_long, body_malformed.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BodyError("media_type", expected=FORM)
    try:
        body = (await read_body(request, LONGEST_FORM)).decode("ascii")
        found = parse_qs(body, max_num_fields=_MOST_PARTS, errors="replace")
    except ValueError:
        raise BodyError("body_malformed") from None
    return {name: values[0][:longest] for name, values in found.items()}


async def read_parts(request: Request, longest: int) -> dict[str, bytes]:
    """Return the parts of a multipart body by name. Raises BodyError body_too_long, media_type, body_malformed."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise BodyError("media_type", expected="multipart/form-data")
    return _multipart(content_type, await read_body(request, longest + _AROUND))


def _urlencoded(body: bytes) -> dict[str, bytes]:
    try:
        # Latin-1 keeps every byte as it was sent.
        found = parse_qs(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_PARTS,
            encoding="latin-1",
            errors="strict",
        )
    except ValueError:
        raise BodyError("body_malformed") from None
    return {name: values[0].encode("latin-1") for name, values in found.items()}


def _multipart(content_type: str, body: bytes) -> dict[str, bytes]:
    declared = _BOUNDARY.fullmatch(content_type)
    if declared is None:
        raise BodyError("body_malformed")
    delimiter = b"\r\n--" + declared[1].encode("ascii")
    # One more than allowed, so that too many are seen without cutting them all.
    preamble, *parts = (b"\r\n" + body).split(delimiter, _MOST_PARTS + 2)
    if preamble or not parts or len(parts) > _MOST_PARTS + 1 or parts.pop().rstrip(b"\r\n") != b"--":
        raise BodyError("body_malformed")
    members: dict[str, bytes] = {}
    for part in parts:
        name, content = _part(part)
        members.setdefault(name, content)
    return members


def _part(part: bytes) -> tuple[str, bytes]:
    head, blank, content = part.partition(b"\r\n\r\n")
    name = _NAME.search(head) if len(head) <= _LONGEST_HEADERS else None
    if not blank or not head.startswith(b"\r\n") or name is None:
        raise BodyError("body_malformed")
    return name[1].decode("latin-1"), content
