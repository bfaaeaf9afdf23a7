"""What lines and cases of figures are called: a reason by its refusal, a task, a clock, a state, a key in words."""

from collections.abc import Mapping
from typing import Any

from hub.web.problem_table import PROBLEMS
from schemas.clocks import load_clocks
from schemas.wording import NOTICES

_CLOCKS = {str(code): (each.name_zh, each.name_en) for code, each in load_clocks().items()}
_CODES: Mapping[str, tuple[str, str]] = {
    "order_refused": ("无权而被拒", "Refused for want of a right"),
    "open": ("未办结", "Open"),
    "done": ("已办结", "Done"),
    "told": ("已告知", "Told"),
    "trust_list": ("信任列表", "Trust list"),
}
_PURPOSES: Mapping[str, tuple[str, str]] = {
    "tokens": ("令牌", "tokens"),
    "answers": ("答复", "answers"),
    "notes": ("交付单", "delivery notes"),
    "status": ("状态列表", "status lists"),
    "log": ("存证日志", "the log"),
    "collected": ("归集数据", "collected records"),
    "copies": ("加注件", "copies"),
}


def named_in_words(of: str, names: Mapping[str, Any]) -> dict[str, str]:
    """Return `name_zh` and `name_en` of what a line is of; "" where nothing says more than its code does."""
    if names["name_zh"]:
        return {side: names[side] + _further(of, names[side]) for side in ("name_zh", "name_en")}
    if of in PROBLEMS:
        return {"name_zh": PROBLEMS[of].zh.rstrip("。"), "name_en": PROBLEMS[of].en.rstrip(".")}
    owner, _, rest = of.partition(":")
    if owner == "hub":
        purpose, _, which = rest.partition(" ")
        zh, en = _PURPOSES.get(purpose, (purpose, purpose))
        return {"name_zh": f"平台 · {zh} {which}", "name_en": f"The hub: {en} {which}"}
    if owner == "seal":
        return {"name_zh": f"签章 {rest}", "name_en": f"Seal {rest}"}
    if owner == "person":
        return {"name_zh": f"人员 {rest.partition(' ')[0]}", "name_en": f"Person {rest.partition(' ')[0]}"}
    if owner == "anchor":
        return {"name_zh": f"信任锚 {rest}", "name_en": f"Anchor {rest}"}
    if owner == "system":
        return {"name_zh": f"业务系统 {rest}", "name_en": f"System {rest}"}
    if of in NOTICES:
        return {"name_zh": NOTICES[of].zh, "name_en": NOTICES[of].en}
    zh, en = _CODES.get(of) or _CLOCKS.get(of, ("", ""))
    return {"name_zh": zh, "name_en": en}


def _further(of: str, name: str) -> str:
    """Return which of a body's keys, or of a department's readers, a line is of."""
    _, _, which = of.partition(" ")
    return f" {which}" if which and name else ""
