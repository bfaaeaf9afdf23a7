"""Annotations: what an authority notes on a certificate beside its status; what each kind says, and who may make it.

An annotation flags the verdict (`schemas.verdict.ANNOTATION_TABLE`) and never rewrites a status. It counts from its
first to its last day, or until it is lifted.
Sources: 市场主体登记管理条例 art. 30 (歇业), 企业信息公示暂行条例 art. 17 (经营异常名录), 行政许可法 art. 50 (延续),
行政处罚法 art. 9 (责令停产停业), 行政复议法 art. 42 and 行政诉讼法 art. 56 (停止执行).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class AnnotationKind(StrEnum):
    """What is noted. The registry's own kinds stand on a business licence."""

    FROZEN = "frozen"
    EXECUTION_STAYED = "execution_stayed"
    BUSINESS_HALTED = "business_halted"
    RENEWAL_ACCEPTED = "renewal_accepted"
    RENEWAL_REFUSED = "renewal_refused"
    DORMANT = "dormant"
    ABNORMAL = "abnormal"
    MOVED_OUT = "moved_out"


class Author(StrEnum):
    """Who may make an annotation: the certificate's own body, or an authority that was enrolled for that kind."""

    ISSUER = "issuer"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class AnnotationRule:
    """Who makes a kind, on what (`only_licence`: business licences), and by which law."""

    author: Author
    only_licence: bool
    source: str


ANNOTATION_RULES: Mapping[AnnotationKind, AnnotationRule] = {
    AnnotationKind.FROZEN: AnnotationRule(Author.AUTHORITY, False, "民事诉讼法 art. 253 协助执行 (M 0.7)"),
    AnnotationKind.EXECUTION_STAYED: AnnotationRule(
        Author.AUTHORITY, False, "行政复议法 art. 42, 行政诉讼法 art. 56 (M 0.8)"
    ),
    AnnotationKind.BUSINESS_HALTED: AnnotationRule(Author.AUTHORITY, False, "行政处罚法 art. 9 (4) (M 0.9)"),
    AnnotationKind.RENEWAL_ACCEPTED: AnnotationRule(Author.ISSUER, False, "行政许可法 art. 50 (P)"),
    AnnotationKind.RENEWAL_REFUSED: AnnotationRule(Author.ISSUER, False, "行政许可法 art. 50 (P)"),
    AnnotationKind.DORMANT: AnnotationRule(Author.ISSUER, True, "市场主体登记管理条例 art. 30 (M 0.9)"),
    AnnotationKind.ABNORMAL: AnnotationRule(Author.ISSUER, True, "企业信息公示暂行条例 art. 17 (M 0.9)"),
    AnnotationKind.MOVED_OUT: AnnotationRule(Author.ISSUER, True, "市场主体登记管理条例 art. 27 (M 0.7)"),
}


LASTING = frozenset(AnnotationKind) - {
    AnnotationKind.RENEWAL_ACCEPTED,
    AnnotationKind.RENEWAL_REFUSED,
    AnnotationKind.EXECUTION_STAYED,
}
"""Kinds that stand whatever version a certificate is in; the others are about the version they were made on."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What counts for a verdict: the kind, its first and last day (None: until lifted)."""

    kind: AnnotationKind
    from_on: date
    until_on: date | None

    def counts_on(self, day: date) -> bool:
        """Say whether the annotation counts on that day."""
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True, slots=True)
class RecordedAnnotation:
    """One annotation, as the registry holds it; `lifted_on` is the first day it no longer counts."""

    number: int
    serial: int
    kind: str
    authority: str
    authority_name: str
    document_name: str
    document_number: str
    document_date: date
    from_on: date
    until_on: date | None
    statement: int
    recorded_at: datetime
    act_id: str
    lifted_on: date | None
    lifted_at: datetime | None
    lifted_by: str | None
