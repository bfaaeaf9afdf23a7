"""One verdict on an evidence bundle, in codes and in words, from the checks that its own plain verifier makes.

`yizhao verify` tells it. The checks are `verify_bundle.py`'s, gathered by what they are about, the worst of each told.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.bundles.packing import MEDIA
from hub.bundles.verify_bundle import Broken, Report, verify
from schemas.wording import RESULTS, Wording

_BEGINS = b"mimetype" + MEDIA.encode()
_NAME_AT = 30
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
}
_NEXT = {
    "valid": Wording("可与其中的指令、依据和交付单一并采信。", "Rely on it with the statement, basis and note inside."),
    "not_valid": Wording("请向用证方或平台重新索取。", "Ask the requester or the hub for it again."),
    "unknown": Wording("请稍后重新取得证据包。", "Fetch the bundle again later."),
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
}
_CONTAINER = Wording("容器、清单和签名", "Container, manifest and signature")
_RESULTS = {"OK": "passed", "FAIL": "failed", "MISSING": "unknown"}
_WORST_FIRST = ("FAIL", "MISSING", "OK")


def is_bundle(raw: bytes) -> bool:
    """Say whether these bytes begin as an evidence bundle does."""
    return raw[_NAME_AT:].startswith(_BEGINS)


def told_bundle(raw: bytes, *, anchor: str, trust_list: bytes) -> dict[str, Any]:
    """Return the verdict on a bundle as JSON values, in the members in which an examination is told.

    `anchor` is the pinned root set (SHA-256, hex), `trust_list` the verifier's own, whose revocations count too.
    """
    try:
        report = verify(raw, anchor, lambda line: None, trust_list)
    except Broken:
        return _told("not_valid", "bundle_damaged", [])
    outcome = ("valid", "not_valid", "unknown")[(0, 1, 3).index(report.exit_code())]
    return _told(outcome, outcome, _checks(report))


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
    words = {"outcome": _OUTCOMES[outcome], "reason": _REASONS[reason], "next": _NEXT[outcome]}
    told = {f"{name}_{language}": getattr(each, language) for name, each in words.items() for language in ("zh", "en")}
    kind = {"kind": "evidence_bundle", "kind_zh": "证照共享证据包", "kind_en": "Evidence bundle of a delivery"}
    return kind | told | {"outcome": outcome, "reason": reason, "checks": list(checks), "facts": [], "opens": []}
