"""The sentence by which somebody asks for documents with an electronic business licence: its own, or those of a grant.

Texts are those of `schemas/sentence.py`. It asks and grants nothing: its first line is no grant's, and it says so.
Not checked here: the signature, whether the certificates are there and whose they are; `hub/documents/` does.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from schemas.sentence import (
    DIGEST,
    IDENTIFIER,
    LICENCE_NUMBER,
    NONCE,
    SentenceFormError,
    SentenceTextError,
    check_form,
    check_moment,
    parse_moment,
    read_members,
    render_moment,
    template_pattern,
)

ALL = "全部现行有效证照"
OWN = "申请人是持证主体"
MOST_CERTIFICATES = 100
COPY, EXISTING = "copy", "existing"
EDITION_WORDS = {"original": "正本", "duplicate": "副本", COPY: "加注件", EXISTING: "存量原件"}
LANGUAGE_WORDS = {"zh": "中文", "en": "英文"}

_TEMPLATE = """\
一照通行电子证照文件下载申请书（第1版）
申请人：统一社会信用代码〔{applicant}〕。
依据：{basis}。
申请下载的证照：{certificates}。
文件：〔{edition}〕，〔{language}〕。
申请时间：〔{drafted_at}〕（北京时间）。
申请书编号：〔{nonce}〕。
本申请书只用于下载证照文件，不是授权书；下载的链接只供申请人在限定时间内使用。"""
_PATTERN = template_pattern(_TEMPLATE)
_GRANT_BASIS = re.compile("授权书摘要（SHA-256）〔([^〔〕]*)〕")


@dataclass(frozen=True, slots=True)
class Download:
    """What an applicant asks for. `grant` is the digest of the grant it asks under, None for its own certificates.

    `certificates` are identifiers, none for all that are valid now; under a grant always none: the grant names them.
    `edition` is "copy" under a grant, else "original", "duplicate" or "existing" (a file its issuing body had sealed
    before, in whatever language it is). Raises SentenceFormError.
    """

    applicant: str
    grant: str | None
    certificates: tuple[str, ...]
    edition: str
    language: str
    drafted_at: datetime
    nonce: str

    def __post_init__(self) -> None:
        check_form("applicant", self.applicant, LICENCE_NUMBER)
        if self.grant is not None:
            check_form("grant", self.grant, DIGEST)
        if (self.edition == COPY) != (self.grant is not None) or self.edition not in EDITION_WORDS:
            raise SentenceFormError("edition", "not of this basis")
        if self.language not in LANGUAGE_WORDS:
            raise SentenceFormError("language", "unknown")
        few = len(self.certificates) <= (MOST_CERTIFICATES if self.grant is None else 0)
        if not few or len(set(self.certificates)) != len(self.certificates):
            raise SentenceFormError("certificates", "too many or named twice")
        for identifier in self.certificates:
            check_form("certificates", identifier, IDENTIFIER)
        check_moment("drafted_at", self.drafted_at)
        check_form("nonce", self.nonce, NONCE)


def render_download(download: Download) -> str:
    """Return the text the applicant signs; its UTF-8 bytes are what the signature is over."""
    return _TEMPLATE.format(
        applicant=download.applicant,
        basis=OWN if download.grant is None else f"授权书摘要（SHA-256）〔{download.grant}〕",
        certificates="、".join(f"〔{identifier}〕" for identifier in download.certificates) or ALL,
        edition=EDITION_WORDS[download.edition],
        language=LANGUAGE_WORDS[download.language],
        drafted_at=render_moment(download.drafted_at),
        nonce=download.nonce,
    )


def parse_download(text: str) -> Download:
    """Read a request's text; SentenceTextError unless it is exactly what `render_download` makes of what was read."""
    members = read_members(text, _PATTERN)
    basis = _GRANT_BASIS.fullmatch(members["basis"])
    editions = {word: edition for edition, word in EDITION_WORDS.items()}
    languages = {word: language for language, word in LANGUAGE_WORDS.items()}
    try:
        download = Download(
            applicant=members["applicant"],
            grant=basis[1] if basis else None,
            certificates=tuple(re.findall("〔([^〔〕]*)〕", members["certificates"])),
            edition=editions[members["edition"]],
            language=languages[members["language"]],
            drafted_at=parse_moment(members["drafted_at"]),
            nonce=members["nonce"],
        )
    except (SentenceFormError, KeyError):
        raise SentenceTextError("value") from None
    if render_download(download) != text:
        raise SentenceTextError("not_canonical")
    return download
