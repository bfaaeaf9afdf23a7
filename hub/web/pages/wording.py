"""All that pages say, one list in Chinese and English: drawn from where it is said, so that nothing stands beside it.

Sentences stand in the templates, as pairs; words for states, acts and reasons in `hub/web/pages/words.py` and
`schemas/wording.py`; refusals in `hub/web/problem_table.py`. The tests hold the list against its rules and the pages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.web.pages.words import TABLES

_PAIR = re.compile(r"\[\[(.*?)\|(.*?)\]\]", re.DOTALL)
_MARKUP = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|<[^>]*>", re.DOTALL)

TECHNICAL_WORDS = (
    "SD-JWT", "JWS", "JWT", "JSON", "SHA-256", "HMAC", "ES256", "Ed25519", "DPoP", "OAuth", "RFC ", "PKCS", "X.509",
    "OID", "Accept:", "密钥", "摘要", "哈希", "散列", "公钥", "私钥", "证书链", "令牌", "digest", "hash", "private key",
    "public key", "token", "payload", "disclosure",
)  # fmt: skip
"""What stands on a page only behind 技术详情; the page of the API, which is for programmers, is free."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that is said. `place` is a template's name, or the table and code of a word."""

    place: str
    zh: str
    en: str


def in_templates(texts: Mapping[str, str]) -> Iterator[Said]:
    """Return each pair of the templates, given as name → text, without its markup."""
    for name, text in texts.items():
        for zh, en in _PAIR.findall(text):
            yield Said(name, _plain(zh), _plain(en))


def in_tables() -> Iterator[Said]:
    """Return each word for a state, an act, a reason."""
    for table, words in TABLES.items():
        for code, wording in words.items():
            yield Said(f"{table} {code}", wording.zh, wording.en)


def _plain(side: str) -> str:
    return " ".join(_MARKUP.sub(" ", side).split())
