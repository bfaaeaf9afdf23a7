"""One verdict on an evidence bundle, in codes and in words, from the checks that its own plain verifier makes.

`yizhao verify` tells it. The checks are `verify_bundle.py`'s, gathered by what they are about, the worst of each told.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.evidence.bundles.packing import MEDIA
from hub.evidence.bundles.verify_bundle import Broken, Report, verify
from schemas.wording import RESULTS, Wording

_BEGINS = b"mimetype" + MEDIA.encode()
_NAME_AT = 30
_KEPT = "--record"
_OUTCOMES = {
    "valid": Wording("证据成立", "The evidence holds"),
    "not_valid": Wording("证据不成立", "The evidence does not hold"),
    "unknown": Wording("证据有缺少或存疑", "Something is missing or in doubt"),
}
_REASONS = {
    "valid": Wording("全部核验成立。", "Every check holds."),
    "not_valid": Wording("至少一项核验不成立，请勿采信。", "At least one check does not hold: do not rely on it."),
    "unknown": Wording("没有不成立的，但材料不全或存疑。", "Nothing fails, but something is not here or in doubt."),
    "bundle_damaged": Wording("不是完好的证据包。", "It is not a whole evidence bundle."),
    "contents_left_out": Wording(
        "每项核验成立；所交付证照的内容已不在包内（交付已到期、授权已收回或内容已依法删除）。",
        "Every check holds; what the records disclosed is not in it any more: the delivery ended, the grant was "
        "withdrawn, or it was erased by law.",
    ),
    "file_delivered": Wording(
        "每项核验成立；您给出的文件就是当时交付的文件。",
        "Every check holds; the file you gave is the one that was delivered.",
    ),
    "file_other": Wording(
        "证据包本身成立，但您给出的文件不是当时交付的文件。",
        "The bundle itself holds; the file you gave is not the one that was delivered.",
    ),
}
_NEXT = {
    "valid": Wording("可与其中的指令、依据和交付单一并采信。", "Rely on it with the statement, basis and note inside."),
    "not_valid": Wording("请向用证方或平台重新索取。", "Ask the requester or the hub for it again."),
    "unknown": Wording("请稍后重新取得证据包。", "Fetch the bundle again later."),
    "contents_left_out": Wording(
        "可据以证明共享的经过；如自行留存了所交付的文件，请用 --record 与之对照。",
        "It proves what was done; if you kept the file that was delivered, lay it beside the bundle with --record.",
    ),
    "file_other": Wording("请核对是否选错了文件。", "Look whether another file was meant."),
}
# What a member is evidence of, by how its name begins; what is in none of them stands under the container.
_SUBJECTS = {
    "trust/": Wording("信任列表", "Trust lists"),
    "--trust-list": Wording("另行取得的信任列表", "Trust list got elsewhere"),
    "checkpoint.txt": Wording("存证日志的签名头", "Head of the evidence log"),
    "acts": Wording("存证", "Acts and their proofs"),
    "statement": Wording("指令", "Statement"),
    "decision": Wording("决定", "Decision"),
    "basis/": Wording("依据", "Basis"),
    "times": Wording("外部时间", "Times from outside"),
    "note": Wording("交付单", "Delivery note"),
    "records/": Wording("所交付的证照", "Delivered records"),
    "status/": Wording("状态列表", "Status lists"),
    _KEPT: Wording("您给出的文件", "The file you gave"),
}
_CONTAINER = Wording("容器、清单和签名", "Container, manifest and signature")
_LEFT_OUT = "contents are left out holds"
_RESULTS = {"OK": "passed", "FAIL": "failed", "MISSING": "unknown"}
_WORST_FIRST = ("FAIL", "MISSING", "OK")


def is_bundle(raw: bytes) -> bool:
    """Say whether these bytes begin as an evidence bundle does."""
    return raw[_NAME_AT:].startswith(_BEGINS)


def told_bundle(
    raw: bytes, *, anchor: str, trust_list: bytes, kept: Sequence[tuple[str, bytes]] = ()
) -> dict[str, Any]:
    """Return the verdict on a bundle as JSON values, in the members in which an examination is told.

    `anchor` is the pinned root set (SHA-256, hex), `trust_list` the verifier's own, whose revocations count too. `kept`
    are files that are laid beside it, each with its name.
    """
    try:
        report = verify(raw, anchor, lambda line: None, trust_list, kept=kept)
    except Broken:
        return _told("not_valid", "bundle_damaged", [])
    outcome = ("valid", "not_valid", "unknown")[(0, 1, 3).index(report.exit_code())]
    return _told(outcome, _reason(outcome, report, has_kept=bool(kept)), _checks(report))


def _reason(outcome: str, report: Report, *, has_kept: bool) -> str:
    """Return what stands behind the outcome: a file laid beside, or contents left out, are told as such."""
    at_fault = [where for result, where, _ in report.found if result == "FAIL"]
    if at_fault and all(where.startswith(_KEPT) for where in at_fault):
        return "file_other"
    if outcome == "valid" and has_kept:
        return "file_delivered"
    left_out = any(_LEFT_OUT in what for _, _, what in report.found)
    return "contents_left_out" if outcome == "valid" and left_out else outcome


def _checks(report: Report) -> list[dict[str, Any]]:
    found: dict[Wording, list[tuple[str, str, str]]] = {}
    for each in report.found:
        found.setdefault(_subject(each[1]), []).append(each)
    return [_told_check(subject, of_it) for subject, of_it in found.items()]


def _subject(where: str) -> Wording:
    return next((each for begins, each in _SUBJECTS.items() if where.startswith(begins)), _CONTAINER)


def _told_check(subject: Wording, found: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    worst = min((each[0] for each in found), key=_WORST_FIRST.index)
    result = RESULTS[_RESULTS[worst]]
    reason = None
    if worst != "OK":
        reason = "; ".join(f"{where}: {what}" for each, where, what in found if each == worst)
    return {
        "name": subject.en,
        "zh": subject.zh,
        "en": subject.en,
        "result": _RESULTS[worst],
        "result_zh": result.zh,
        "result_en": result.en,
        "reason": reason,
        "reason_zh": reason,
        "reason_en": reason,
    }


def _told(outcome: str, reason: str, checks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    words = {"outcome": _OUTCOMES[outcome], "reason": _REASONS[reason], "next": _NEXT.get(reason, _NEXT[outcome])}
    told = {f"{name}_{language}": getattr(each, language) for name, each in words.items() for language in ("zh", "en")}
    kind = {"kind": "evidence_bundle", "kind_zh": "证照共享证据包", "kind_en": "Evidence bundle of a delivery"}
    return kind | told | {"outcome": outcome, "reason": reason, "checks": list(checks), "facts": [], "opens": []}
