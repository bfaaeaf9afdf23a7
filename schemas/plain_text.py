"""Plain text: the rule every text of a stranger meets before it is kept, sealed or shown.

Refused: control characters, bidirectional and invisible format characters, fillers that show nothing, unpaired
surrogates, private use, noncharacters, unassigned code points, and text that is not NFC (Unicode Standard Annex 15).
Nothing is mended but surrounding white space. Ideographs of planes 2 and 3 that are newer than this Python's tables are
taken, and variation selectors too: rare characters of names need them.
"""

import re
from unicodedata import category, is_normalized

_SURROUNDING = " \t\r\n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# Assigned and "printable", yet nothing is seen: joiner, Hangul and Khmer fillers, Mongolian selectors, blank braille.
_find_unseen = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]").search
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class PlainTextError(ValueError):
    """The text breaks a rule: `rule` is the one it breaks."""

    rule = "form"


class TextControlError(PlainTextError):
    """The text holds a control, bidirectional, invisible, private or unassigned character."""

    rule = "control_character"


class TextFormError(PlainTextError):
    """The text is not in Unicode normalisation form C."""

    rule = "not_nfc"


class TextLengthError(PlainTextError):
    """The text is longer than allowed."""

    rule = "too_long"


def parse_plain_text(text: str, *, max_length: int, multiline: bool = False) -> str:
    """Return `text` without surrounding white space; `max_length` counts code points of what is returned.

    With `multiline` a line feed is allowed inside. Raises TextLengthError, TextControlError, TextFormError, each a
    PlainTextError.
    """
    text = text.strip(_SURROUNDING)
    if len(text) > max_length:
        raise TextLengthError(f"text of more than {max_length} characters")
    if text.isascii() and text.isprintable():
        return text
    shown = text.replace("\n", " ") if multiline else text
    if not shown.isprintable() and any(_is_refused(character) for character in shown):
        raise TextControlError("text with a control or invisible character")
    if _find_unseen(text):
        raise TextControlError("text with a control or invisible character")
    if not is_normalized("NFC", text):
        raise TextFormError("text not in normalisation form C")
    return text


def _is_refused(character: str) -> bool:
    if category(character) == "Cn":
        return not (0x20000 <= ord(character) <= 0x3FFFD and ord(character) & 0xFFFE != 0xFFFE)
    return category(character) in _REFUSED_CATEGORIES
