"""Sentences that an enterprise signs with its electronic business licence: what all of their templates have in common.

What is signed is the Chinese sentence itself, rendered from a versioned template, and read back only where it is
exactly what rendering makes: a text has one meaning and a meaning one text. Free text stands in 「」, codes in 〔〕; by
the rules of the values both stay unambiguous. Each kind of text has its own first line: none can be read as another.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

from schemas.plain_text import PlainTextError, parse_plain_text

MAX_TEXT_LENGTH = 64 * 1024
# The form only: a wrongly issued number an operator admitted (standards 1.1) fails its check and may still sign.
LICENCE_NUMBER = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
IDENTIFIER = re.compile(r"1\.2\.156\.3005\.2(?:\.[0-9A-Z]{1,40}){5}")
NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")
DIGEST = re.compile(r"[0-9a-f]{64}")

_BEIJING = timezone(timedelta(hours=8))
_EARLIEST_YEAR, _LATEST_YEAR = 2000, 2999
_TIME = re.compile(r"([0-9]{4})年([0-9]{2})月([0-9]{2})日 ([0-9]{2})时([0-9]{2})分([0-9]{2})秒")


class SentenceFormError(ValueError):
    """A member of a sentence breaks its rule; `member` names it, its value is never told."""

    def __init__(self, member: str, rule: str) -> None:
        super().__init__(f"{member}: {rule}")
        self.member = member
        self.rule = rule


class SentenceTextError(ValueError):
    """The text is not exactly one of its template; `reason` is one of
    length, encoding, not_nfc, template, value, not_canonical."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a text of this template: {reason}")
        self.reason = reason


def statement_digest(text: str) -> str:
    """Return the SHA-256, in hex, of the text's UTF-8 bytes: the name by which it is known.

    Raises SentenceTextError when the text holds a lone surrogate.
    """
    try:
        return sha256(text.encode()).hexdigest()
    except UnicodeEncodeError:
        raise SentenceTextError("encoding") from None


def template_pattern(template: str) -> re.Pattern[str]:
    """Return the template as an expression: each place holds what its own brackets may hold, lists one line."""
    inside, line = {"「": r"[^「」\n]*", "〔": r"[^〔〕\n]*"}, r"[^\n]*"
    parts = re.split(r"\{(\w+)\}", template)
    pattern = re.escape(parts[0])
    for name, literal, before in zip(parts[1::2], parts[2::2], parts[0::2], strict=False):
        pattern += f"(?P<{name}>{inside.get(before[-1:], line)}){re.escape(literal)}"
    return re.compile(pattern)


def read_members(text: str, pattern: re.Pattern[str]) -> dict[str, str]:
    """Return what stands in the places of a template; SentenceTextError when the text is not one of it."""
    if len(text) > MAX_TEXT_LENGTH:
        raise SentenceTextError("length")
    statement_digest(text)
    if not unicodedata.is_normalized("NFC", text):
        raise SentenceTextError("not_nfc")
    match = pattern.fullmatch(text)
    if match is None:
        raise SentenceTextError("template")
    return match.groupdict()


def render_moment(moment: datetime) -> str:
    """Return a moment as a sentence tells it: Beijing time, to the second."""
    return f"{moment.astimezone(_BEIJING):%Y年%m月%d日 %H时%M分%S秒}"


def parse_moment(text: str) -> datetime:
    """Return the moment (UTC) that `render_moment` told; SentenceFormError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise SentenceFormError("time", "form")
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=_BEIJING).astimezone(UTC)
    except (ValueError, OverflowError):
        raise SentenceFormError("time", "no such time") from None


def check_form(member: str, value: str, pattern: re.Pattern[str]) -> None:
    """Refuse a code of another form: SentenceFormError."""
    if not pattern.fullmatch(value):
        raise SentenceFormError(member, "form")


def check_plain(member: str, value: str, max_length: int) -> None:
    """Refuse what could hide, reorder or close a bracket: the signer must see what is signed."""
    try:
        plain = parse_plain_text(value, max_length=max_length)
    except PlainTextError:
        raise SentenceFormError(member, "not plain text") from None
    if not value or plain != value:
        raise SentenceFormError(member, "empty or with surrounding space")
    # The compatibility form also finds the half-width and vertical corner brackets, which look alike.
    if set("「」") & set(unicodedata.normalize("NFKC", value)):
        raise SentenceFormError(member, "holds a corner bracket")


def check_moment(member: str, moment: datetime) -> None:
    """Refuse a moment that `render_moment` cannot tell whole: SentenceFormError."""
    if moment.utcoffset() != timedelta(0) or moment.microsecond:
        raise SentenceFormError(member, "not UTC in whole seconds")
    if not _EARLIEST_YEAR <= moment.year < _LATEST_YEAR:
        raise SentenceFormError(member, "out of range")
