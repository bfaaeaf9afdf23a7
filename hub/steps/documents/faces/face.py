"""What is drawn on a certificate's pages: plain texts, already in the words and the language they are shown in.

The face decides nothing: whether a value may be shown, and how a date reads, is settled by who makes it.
"""

from dataclasses import dataclass
from typing import Literal

Edition = Literal["original", "duplicate"]
Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class FaceRow:
    """One field with its label in both languages; `value` is shown as it stands."""

    label_zh: str
    label_en: str
    value: str


@dataclass(frozen=True, slots=True)
class CopyMarking:
    """For whom, why, by whom and for how long a copy was made; repeated across every page of it.

    By its `serial` whoever holds it asks whether it is genuine; "" of one that was begun before copies had one.
    """

    requester: str
    cause: str
    case: str
    made: str
    ends: str
    maker: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """One document's content.

    `layout` names a file of `hub/steps/documents/faces/layouts` (see `Drawing.layout_of`). `edition` is the original
    正本 or the duplicate 副本. `valid_to` is "" where there is no end. `identifier` is the e-certificate identifier;
    `reference_url` is what `qr_svg` (SVG, UTF-8) says. `is_test` marks every page and the seal TEST; `non_statutory`
    prints 非法定样式. `successor_body` is the body that took over the issuing body's matters; `body_en`, the
    issuing body's English name, is added on an English page.
    """

    layout: str
    language: Language
    edition: Edition
    is_test: bool
    non_statutory: bool
    title_zh: str
    title_en: str
    number_label_zh: str
    number_label_en: str
    number: str
    holder: str
    licence_number: str
    rows: tuple[FaceRow, ...]
    valid_from: str
    valid_to: str
    body: str
    issued_on: str
    successor_body: str | None
    identifier: str
    reference_url: str
    qr_svg: bytes
    recorded_at: str
    sealed_at: str
    marking: CopyMarking | None = None
    body_en: str = ""
