"""What an examination found, and how it is told: one verdict for each thing in it, the worst one first.

Facts are told only of what a seal or a hub key covers and only once it held. Texts come from `schemas/wording.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.public.examination.claims import Note, Presentation, SignedAnswer, ToldCertificate, ToldPredicate
from hub.public.examination.forms import Examined, Form
from hub.public.examination.proof import FindType, NoteProof, SealProof
from schemas.certificate import SHANGHAI, Certificate
from schemas.document import CopyMark, DocumentMetadata
from schemas.grant import numbered
from schemas.verdict import Check, Outcome, Verdict
from schemas.wording import (
    CHECKS,
    FORMS,
    NEXT_STEPS,
    NOT_READ,
    OUTCOMES,
    PREDICATE_ANSWERS,
    PREDICATE_KINDS,
    REASONS,
    RESULTS,
    STATUSES,
    Wording,
    sealed_again,
)

_WORST_FIRST = (Outcome.NOT_VALID, Outcome.SUSPENDED, Outcome.UNKNOWN, Outcome.VALID)
_COMMON_LABELS = {
    "certificate_number": Wording("证照编号", "Certificate number"),
    "holder_name": Wording("持证主体", "Holder"),
    "holder_address": Wording("地址", "Address"),
    "issuing_body_name": Wording("颁发机构", "Issuing body"),
}
_EDITIONS = {
    "original": Wording("正本", "original"),
    "duplicate": Wording("副本", "duplicate"),
    "copy": Wording("加注件", "copy"),
}
_STEPS = {"no_code": "picture", "picture_too_large": "picture"}
_NO_END = ("长期", "no end date")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what a genuine thing says, labelled in both languages."""

    zh: str
    en: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict about one thing in what was shown.

    `sealed_again_at` is when the certificate's record was sealed again in place of the seal that is in doubt here.
    """

    verdict: Verdict
    facts: tuple[Fact, ...] = ()
    sealed_again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """The whole outcome. `verdict` is the worst of the findings; None where there is nothing to judge."""

    form: Form
    findings: tuple[Finding, ...] = ()
    opens: tuple[str, ...] = ()
    reason: str = ""

    @property
    def worst(self) -> Finding | None:
        """The finding with the worst outcome, the first of several."""
        return min(self.findings, key=lambda each: _WORST_FIRST.index(each.verdict.outcome), default=None)

    @property
    def verdict(self) -> Verdict | None:
        """The worst verdict."""
        return self.worst.verdict if self.worst else None


def without_verdict(examined: Examined, *, opens: Sequence[str] = (), reason: str = "") -> Examination:
    """Return the examination of a name, or of what is not recognised."""
    return Examination(examined.form, (), tuple(opens) or examined.opens, reason or examined.reason)


# --- in codes and words ---


def told(examination: Examination) -> dict[str, Any]:
    """Return the examination as JSON values: codes with Chinese and English words.

    `checks` and `facts` are those of the worst finding, after one line for each where there are several;
    `certificates` holds every finding in its order. `outcome` is None where there is no verdict: `reason` says why.
    """
    form, worst = FORMS[examination.form], examination.worst
    top = {"kind": examination.form.value, "kind_zh": form.zh, "kind_en": form.en}
    if worst is None:
        why, step = NOT_READ[examination.reason], NEXT_STEPS[_step_of(examination)]
        judged: dict[str, Any] = {
            "outcome": None,
            "outcome_zh": form.zh,
            "outcome_en": form.en,
            "reason": examination.reason,
            "reason_zh": why.zh,
            "reason_en": why.en,
            "since": None,
            "as_of": None,
            "sealed_again_at": None,
            "checks": [],
            "facts": [],
            "next_zh": step.zh,
            "next_en": step.en,
        }
    else:
        judged = _told_finding(worst)
        judged["facts"] = _told_facts(_summary(examination.findings)) + judged["facts"]
    certificates = [_told_finding(each) for each in examination.findings]
    return top | judged | {"opens": list(examination.opens), "certificates": certificates}


def _step_of(examination: Examination) -> str:
    return "name" if examination.opens else _STEPS.get(examination.reason, "unknown_form")


def _told_finding(finding: Finding) -> dict[str, Any]:
    verdict = finding.verdict
    outcome, reason = OUTCOMES[verdict.outcome], REASONS[verdict.reason]
    step = NEXT_STEPS.get(verdict.reason) or NEXT_STEPS[verdict.outcome]
    again_at = finding.sealed_again_at
    if again_at is not None:
        step = sealed_again(again_at.astimezone(SHANGHAI).date())
    return {
        "outcome": verdict.outcome.value,
        "outcome_zh": outcome.zh,
        "outcome_en": outcome.en,
        "reason": verdict.reason,
        "reason_zh": reason.zh,
        "reason_en": reason.en,
        "since": verdict.since.isoformat() if verdict.since else None,
        "as_of": verdict.as_of.isoformat() if verdict.as_of else None,
        "sealed_again_at": again_at.isoformat() if again_at else None,
        "checks": [_told_check(check) for check in verdict.checks],
        "facts": _told_facts(finding.facts),
        "next_zh": step.zh,
        "next_en": step.en,
    }


def _told_facts(facts: Iterable[Fact]) -> list[dict[str, str]]:
    return [{"zh": fact.zh, "en": fact.en, "value": fact.value} for fact in facts]


def _summary(findings: Sequence[Finding]) -> list[Fact]:
    """Return one line for each of several findings: what it is about, and its outcome."""
    if len(findings) < 2:
        return []
    lines = []
    for number, each in enumerate(findings, 1):
        outcome = OUTCOMES[each.verdict.outcome]
        about = each.facts[0].value if each.facts else ""
        lines.append(Fact(f"第 {number} 份", f"No. {number}", f"{outcome.zh} {outcome.en} {about}".strip()))
    return lines


def _told_check(check: Check) -> dict[str, Any]:
    name, result = CHECKS[check.name], RESULTS[check.result]
    reason = REASONS[check.reason] if check.reason else None
    return {
        "name": check.name.value,
        "zh": name.zh,
        "en": name.en,
        "result": check.result.value,
        "result_zh": result.zh,
        "result_en": result.en,
        "reason": check.reason,
        "reason_zh": reason.zh if reason else None,
        "reason_en": reason.en if reason else None,
    }


# --- facts ---


def record_facts(proven: SealProof, right: NoteProof, find_type: FindType) -> tuple[Fact, ...]:
    """Return what a genuine record and its genuine note say; nothing of a record whose seal did not hold."""
    claims, opened = proven.claims, proven.opened
    if claims is None or opened is None:
        return ()
    kind = find_type(claims.certificate_type, claims.type_version)
    labels = {field.name: Wording(field.label_zh, field.label_en) for field in kind.fields} if kind else {}
    until = claims.valid_to.isoformat() if claims.valid_to else " ".join(_NO_END)
    facts = [
        Fact("证照类型", "Certificate type", f"{kind.name_zh} {kind.name_en}" if kind else claims.certificate_type),
        Fact("统一社会信用代码", "Licence number", claims.licence_number),
        *_disclosed_facts(opened.disclosed, _COMMON_LABELS),
        Fact("有效期", "Validity", f"{claims.valid_from.isoformat()} – {until}"),
        Fact("证照标识", "Certificate identifier", claims.identifier),
        *_disclosed_facts(opened.disclosed, labels),
    ]
    if right.note is not None:
        facts += note_facts(right.note, right.presentation)
    return tuple(facts)


def note_facts(note: Note, presentation: Presentation | None = None) -> list[Fact]:
    """Return what a delivery note says: the marking of the copy."""
    facts = [
        Fact("用证方", "Requester", f"{note.requester_name} {numbered(note.requester) or ''}".strip()),
        Fact("用途", "Cause", note.cause),
        Fact("事项和办件编号", "Item and case", f"{note.item_code} {note.case_number}"),
        Fact("交付单号", "Delivery", note.serial),
        Fact("制作时间", "Made at", shown_moment(note.made_at)),
        Fact("使用期限", "Ends at", shown_moment(note.ends_at)),
    ]
    if presentation is not None:
        status = STATUSES[presentation.status]
        value = f"{status.zh} {status.en} · {shown_moment(note.as_of)}"
        facts.append(Fact("交付时状态", "Status at delivery", value))
    return facts


def presentation_facts(note: Note, presentation: Presentation, find_type: FindType) -> tuple[Fact, ...]:
    """Return what a note alone says of one record it names."""
    named = [
        Fact("证照类型", "Certificate type", _type_name(presentation.certificate_type, 0, find_type)),
        Fact("证照标识", "Certificate identifier", presentation.identifier),
        Fact("统一社会信用代码", "Licence number", note.holder),
    ]
    return (*named, *note_facts(note, presentation))


def answer_facts(answer: SignedAnswer, certificate: ToldCertificate, find_type: FindType) -> tuple[Fact, ...]:
    """Return what a signed answer said of one certificate, and when."""
    outcome = OUTCOMES[certificate.verdict.outcome]
    return (
        Fact(
            "证照类型",
            "Certificate type",
            _type_name(certificate.certificate_type, certificate.type_version, find_type),
        ),
        Fact("证照编号", "Certificate number", certificate.number),
        Fact("持证主体", "Holder", f"{answer.holder_name} {answer.holder}".strip()),
        Fact("颁发机构", "Issuing body", certificate.body_name),
        Fact("证照标识", "Certificate identifier", certificate.identifier),
        Fact("查询结果", "What the answer said", f"{outcome.zh} {outcome.en} · {shown_moment(answer.as_of)}"),
        Fact("结果有效至", "The answer counts until", shown_moment(answer.expires_at)),
    )


def predicate_facts(told: ToldPredicate, find_type: FindType, *, place: int | None = None) -> tuple[Fact, ...]:
    """Return what a signed answer to a predicate said: the question, the answer, when, to whom and for which case.

    `place` is that of its entry in the log, where it has one by now.
    """
    answer = PREDICATE_ANSWERS[told.answer]
    facts = [
        Fact("当时的答复", "What it answered", f"{answer.zh} {answer.en} · {shown_moment(told.as_of)}"),
        Fact("判断", "The question", _question(told, find_type)),
        Fact("统一社会信用代码", "Licence number", told.holder),
        Fact("用证方", "Requester", numbered(told.requester) or ""),
        Fact("事项和办件编号", "Item and case", f"{told.item_code} {told.case_number}"),
        Fact("决定编号", "Decision", told.decision),
        Fact("存证编号", "Act", told.act),
    ]
    if place is not None:
        facts.append(Fact("存证日志中的序号", "Place in the log", str(place)))
    return tuple(facts)


def _question(told: ToldPredicate, find_type: FindType) -> str:
    asked, kind = told.predicate, find_type(told.predicate.certificate_type, 0)
    words = PREDICATE_KINDS[asked.kind]
    field = next((each for each in kind.fields if each.name == asked.field), None) if kind else None
    about = f" {field.label_zh} {field.label_en}" if field else f" {asked.field}" if asked.field else ""
    name = _type_name(asked.certificate_type, 0, find_type)
    return f"{name}{about} · {words.zh} {words.en}：{asked.argument}"


def document_facts(said: DocumentMetadata) -> tuple[Fact, ...]:
    """Return what the sealed XML of a genuine document says."""
    edition = _EDITIONS[said.edition]
    until = said.valid_to.isoformat() if said.valid_to else " ".join(_NO_END)
    facts = [
        Fact("证照类型", "Certificate type", f"{said.name_zh} {said.name_en}"),
        Fact("文件", "Document", f"{edition.zh} {edition.en}"),
        Fact("统一社会信用代码", "Licence number", said.licence_number),
        Fact("证照编号", "Certificate number", said.certificate_number),
        Fact("持证主体", "Holder", said.holder_name),
        Fact("颁发机构", "Issuing body", said.issuing_body_name),
        Fact("有效期", "Validity", f"{said.valid_from.isoformat()} – {until}"),
        Fact("证照标识", "Certificate identifier", said.identifier),
        *(Fact(each.label_zh, each.label_en, each.value) for each in said.fields),
        Fact("签章时间", "Sealed at", shown_moment(said.sealed_at)),
    ]
    return (*facts, *_copy_facts(said.mark)) if isinstance(said.mark, CopyMark) else tuple(facts)


def _copy_facts(mark: CopyMark) -> list[Fact]:
    return [
        Fact("用证方", "Requester", f"{mark.requester_name or ''} {mark.requester or ''}".strip()),
        Fact("用途", "Cause", mark.cause or ""),
        Fact("事项和办件编号", "Item and case", f"{mark.item_code} {mark.case_number}"),
        Fact("交付单号", "Delivery", mark.delivery),
        Fact("制作方", "Maker", mark.maker),
        Fact("制作时间", "Made at", shown_moment(mark.made_at)),
        Fact("使用期限", "Ends at", shown_moment(mark.ends_at)),
    ]


def existing_facts(
    certificate: Certificate, seal_subject: str, sealed_at: datetime | None, find_type: FindType
) -> tuple[Fact, ...]:
    """Return what is on record of a file that was taken in as it was; what its page says was not read."""
    name = _type_name(certificate.certificate_type, certificate.type_version, find_type)
    claimed = shown_moment(sealed_at) if sealed_at else ""
    return (
        Fact("证照类型", "Certificate type", name),
        Fact("统一社会信用代码", "Licence number", certificate.licence_number),
        Fact("证照标识", "Certificate identifier", certificate.identifier),
        Fact("存量文件的签章", "The file's own seal", f"{seal_subject} {claimed}".strip()),
    )


def shown_moment(moment: datetime) -> str:
    """Return a moment as people in Shanghai read it, to the second."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S} UTC+8"


def _type_name(code: str, version: int, find_type: FindType) -> str:
    kind = find_type(code, version)
    return f"{kind.name_zh} {kind.name_en}" if kind else code


def _disclosed_facts(disclosed: Mapping[str, Any], labels: Mapping[str, Wording]) -> list[Fact]:
    return [
        Fact(label.zh, label.en, disclosed[name])
        for name, label in labels.items()
        if isinstance(disclosed.get(name), str) and disclosed[name]
    ]
