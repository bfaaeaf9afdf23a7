"""What an enterprise's own pages show of names that are hostile or of 120 characters, as their doors hand it on."""

from typing import Any

Answer = dict[str, Any]
LONG = "超长名称" * 30
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7 * 7 }}"
_NUMBER = "91442000MA0000015B"
_AT = "2026-11-23T01:00:00+00:00"
_SEATED = {"seated": {"party": _NUMBER, "role": "manager", "beside": []}, "form_token": "x"}


def own_states() -> dict[str, tuple[str, Answer]]:
    """Return a name for each page in each state → the page and its answer."""
    made: dict[str, tuple[str, Answer]] = {
        "own-grant-long": ("own_grant", _grant(LONG)),
        "own-presentation-long": ("own_presentation", _presentation(LONG)),
        "own-request-hostile": ("own_request", _request(HOSTILE)),
        "own-ledger-hostile": ("own_ledger", _ledger(HOSTILE)),
        "own-requests-long": ("own_requests", _requests(LONG)),
        "own-requests-none": ("own_requests", {"requests": [], "after": None}),
    }
    for kind, text in (("hostile", HOSTILE), ("long", LONG)):
        made[f"window-waiting-{kind}"] = ("presentation_waiting", _AT_WORK | _redeemed(text))
        made[f"window-paper-{kind}"] = ("paper_sentence", _AT_WORK | _paper(text))
    links: dict[str, tuple[str, Answer]] = {
        "live-code": ("live_code", _live(LONG, "open")),
        "live-code-over": ("live_code", _live("示例餐饮", "used")),
        "live-code-unknown": ("live_code", {"kind": "live_code", "as_of": _AT, "code": None}),
        "link-code": ("grant_link", _link("code")),
        "link-sign-in": ("grant_link", _link("sign_in")),
        "link-confirmed": ("grant_link", _link("confirmed", name=LONG)),
        "link-of-another": ("grant_link", _link("code", is_anothers=True)),
        "link-opened-hostile": ("link_opened", _opened(HOSTILE)),
        "link-opened-long": ("link_opened", _opened(LONG)),
    }
    return {name: (page, answer | _SEATED) for name, (page, answer) in made.items()} | links


def _live(text: str, state: str) -> Answer:
    holder = {"licence_number": _NUMBER, "name": text, "reference": "0" * 26}
    code = {"state": state, "holder": holder, "role": "manager", "shown_at": _AT, "valid_until": _AT}
    return {"kind": "live_code", "as_of": _AT, "code": code}


def _requests(text: str) -> Answer:
    line = {
        "request": "A" * 22, "requester": {"licence_number": _NUMBER, "name": text}, "item_name": text,
        "case_number": text, "asked_at": _AT, "answer_until": _AT,
    }  # fmt: skip
    return {"requests": [line, line], "after": "1.A"}


def _link(step: str, **said: Any) -> Answer:
    page: Answer = {
        "step": step, "problem": None, "code": "", "text": "一照通行一次性链接查阅申请书\n" * 6, "proof": "x",
        "name": "", "number": "", "is_anothers": False, "form_token": "x",
    }  # fmt: skip
    return page | said


def _opened(text: str) -> Answer:
    verdict = {"outcome": "valid", "zh": "有效", "en": "Valid", "reason_zh": text, "reason_en": text}
    item = {
        "name_zh": text, "name_en": text, "number": text, "verdict": verdict, "copy": "/grant-links/x",
        "fields": [{"zh": text, "en": text, "value": text}],
    }  # fmt: skip
    absent: Answer = item | {"number": "", "verdict": None, "fields": [], "copy": ""}
    return {
        "holder": {"licence_number": _NUMBER, "name": text}, "items": [item, absent], "case_number": text,
        "delivery": "A", "ends_at": _AT,
    }  # fmt: skip


_AT_WORK = {"place": "window", "may": ["window"], "officer": "h-001", "terminal": "terminal-1", "problem": None}


def _redeemed(text: str) -> Answer:
    it = {
        "digest": "0" * 64, "state": "released", "valid_until": _AT,
        "holder": {"licence_number": _NUMBER, "name": text},
        "window": text[:64], "officer": text[:64], "item_code": text[:64], "case_number": text,
        "types": [{"code": "a", "name_zh": text, "names": ["a"], "labels": [text]}],
    }  # fmt: skip
    return {"it": it, "is_own": False}


def _paper(text: str) -> Answer:
    checks = [{"code": "representative_present", "zh": "到场", "en": "came"}]
    return {"text": text, "typed": [("item_name", text)], "checks": checks, "check": ""}


def _grant(text: str) -> Answer:
    it = {
        "digest": "0" * 64, "state": "usable", "on_paper": False, "signer_role": "manager",
        "requester": {"licence_number": _NUMBER, "name": text}, "item_code": "lease", "item_name": text,
        "case_number": text, "types": [{"name_zh": text, "fields": [text, text]}],
        "certificates": [_single(text)], "future": True, "valid_from": _AT, "valid_until": _AT,
        "uses": 3, "uses_taken": 1, "recorded_at": _AT, "act_id": "A" * 43,
    }  # fmt: skip
    return {"it": it, "link": "http://hub.example.test/grant-links#" + "A" * 26, "receipt": _RECEIPT}


def _single(text: str) -> Answer:
    return {"identifier": "1.2.156." + "9" * 90, "name_zh": text, "name_en": text, "number": text}


_RECEIPT = {"act_id": "A" * 43, "place": None, "by": _AT}


def _request(text: str) -> Answer:
    fields = [{"name": "a", "zh": text, "en": text, "value": text}, {"name": "b", "zh": "甲", "en": "b", "value": None}]
    shown = [{"name_zh": text, "name_en": text, "number": text, "outcome": "valid", "fields": fields}]
    return {
        "request": {"requester": {"licence_number": _NUMBER, "name": text}, "next": None, "holders": []},
        "is_asked": True,
        "asked": {"item_name": text, "case_number": text, "uses": 1, "valid_until": _AT},
        "preview": {"certificates": shown, "in_all": 60, "absent": [{"name_zh": text, "name_en": text}]},
        "text": text, "action": "/enterprise/requests", "pairs": [("a", text)], "licence_number": _NUMBER,
        "role": "manager", "back": "/enterprise", "refusal": "/enterprise/requests/refusal",
    }  # fmt: skip


def _presentation(text: str) -> Answer:
    asked = {
        "requester": {"licence_number": _NUMBER, "name": text}, "window": text, "officer": text, "case_number": text,
        "types": [{"code": "a", "name_zh": text, "names": ["a"], "labels": [text]}],
    }  # fmt: skip
    it = {"state": "unconfirmed", "valid_until": _AT, "asked": asked}
    signing = {
        "text": text, "action": "/x", "pairs": [], "licence_number": _NUMBER, "role": "manager", "back": "/x",
    }  # fmt: skip
    return {"it": it, "picture": "", "digits": "", "again": "/x", "path": "/x", "receipt": _RECEIPT} | signing


def _ledger(text: str) -> Answer:
    line = {
        "at": _AT, "act_id": "A" * 43, "kind": "pull", "requester": {"licence_number": _NUMBER, "name": text},
        "basis": {"kind": "grant", "reference": None, "words": text}, "case_number": text, "outcome": "refused",
        "types": [{"certificate_type": "a", "name": text, "fields": [{"name": "a", "label": text}]}], "why": text,
        "deferred": {"until_on": "2026-11-30", "legal_ground": text, "act_id": "A"},
        "review": {"reviewer": "x", "justified": False, "reason": None},
    }  # fmt: skip
    return {"lines": [line], "after": "1.0.a"}
