"""Sealed streams: every length comes back; what was cut, changed, moved or appended does not open."""

import io

import pytest

from signing.envelope import MasterKey
from signing.errors import EnvelopeError, EnvelopeKeyError
from signing.sealed_stream import CHUNK_BYTES, HEADER_BYTES, OpeningStream, SealingStream

KEY = MasterKey.from_secret(b"k" * 32)
MASTERS = {KEY.key_id: KEY}
SEALED_CHUNK = CHUNK_BYTES + 16
CONTENT = bytes(range(256)) * 4096 * 3 + b"the last chunk is a short one"


def sealed(content: bytes, context: bytes = b"test") -> bytes:
    file = io.BytesIO()
    stream = SealingStream(file, master=KEY, context=context)
    for at in range(0, len(content), 700_001):
        stream.write(content[at : at + 700_001])
    stream.close()
    return file.getvalue()


def opened(raw: bytes, context: bytes = b"test") -> bytes:
    return OpeningStream(io.BytesIO(raw), masters=MASTERS, context=context).read(1 << 30)


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])
def test_what_was_sealed_comes_back(length: int) -> None:
    assert opened(sealed(CONTENT[:length])) == CONTENT[:length]


def test_content_is_not_in_the_stream_and_no_stream_is_like_another() -> None:
    raw = sealed(CONTENT)
    assert CONTENT[-20:] not in raw
    assert raw[HEADER_BYTES:] != sealed(CONTENT)[HEADER_BYTES:]


def test_stream_may_be_read_in_any_steps() -> None:
    stream = OpeningStream(io.BytesIO(sealed(CONTENT)), masters=MASTERS, context=b"test")
    assert stream.read(5) + stream.read(CHUNK_BYTES) + stream.read(1 << 30) == CONTENT
    assert stream.read(1) == b""


def _chunks(raw: bytes) -> list[bytes]:
    return [raw[at : at + SEALED_CHUNK] for at in range(HEADER_BYTES, len(raw), SEALED_CHUNK)]


RAW = sealed(CONTENT)
HEADER, (FIRST, SECOND, THIRD, LAST) = RAW[:HEADER_BYTES], _chunks(RAW)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        HEADER[:-1],
        HEADER,
        HEADER + FIRST,
        HEADER + FIRST + SECOND + THIRD,
        RAW[:-1],
        RAW + b"x",
        RAW + LAST,
        HEADER + SECOND + FIRST + THIRD + LAST,
        HEADER + FIRST + THIRD + LAST,
        HEADER + FIRST + FIRST + SECOND + THIRD + LAST,
        HEADER + LAST,
        HEADER + FIRST[:-1] + bytes((FIRST[-1] ^ 1,)) + SECOND + THIRD + LAST,
        b"yizhao stream 2\n" + RAW[16:],
        RAW[:30] + bytes((RAW[30] ^ 1,)) + RAW[31:],
        sealed(CONTENT)[:HEADER_BYTES] + RAW[HEADER_BYTES:],
    ],
    # The bytes are other ones in every process of a run; its cases are known by their place.
    ids=[f"case-{number}" for number in range(16)],
)
def test_what_is_not_the_whole_stream_does_not_open(broken: bytes) -> None:
    with pytest.raises(EnvelopeError):
        opened(broken)


def test_stream_of_another_context_does_not_open() -> None:
    with pytest.raises(EnvelopeError):
        opened(RAW, b"other")


def test_stream_under_another_key_is_told_apart() -> None:
    other = MasterKey.from_secret(b"o" * 32)
    with pytest.raises(EnvelopeKeyError):
        OpeningStream(io.BytesIO(RAW), masters={other.key_id: other}, context=b"test")
