"""What pages say beside the verdict's own words: dates, licence states, advice. Chinese first; it prevails.

The words of verdicts, checks, acts and statuses are those of `schemas/wording.py`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from schemas.certificate import SHANGHAI
from schemas.wording import (
    ACTS,
    ANNOTATIONS,
    AUTHORITIES,
    CAUSES,
    CHECKS,
    FLAGS,
    NOTICES,
    OUTCOMES,
    REASONS,
    RELATIONS,
    RESULTS,
    STATUSES,
    Wording,
)

SIGNS: Mapping[str, str] = {"valid": "✓", "not_valid": "✕", "suspended": "‖", "unknown": "?"}
RESULT_SIGNS: Mapping[str, str] = {
    "passed": "✓", "failed": "✕", "suspended": "‖", "unknown": "?", "not_possible": "–",
}  # fmt: skip
RESULT_OUTCOMES: Mapping[str, str] = {
    "passed": "valid", "failed": "not_valid", "suspended": "suspended", "unknown": "unknown", "not_possible": "none",
}  # fmt: skip

LICENCE_STATES: Mapping[str, tuple[str, Wording]] = {
    "registered": ("valid", Wording("登记在册", "On the register")),
    "suspended": ("suspended", Wording("已被暂扣", "Suspended")),
    "term_ended": ("unknown", Wording("营业期限已过，请向登记机关确认", "Operating term has ended; ask the registry")),
    "withdrawn": ("not_valid", Wording("已被撤回", "Withdrawn")),
    "annulled": ("not_valid", Wording("设立登记已被撤销", "Registration annulled")),
    "stripped": ("not_valid", Wording("已被吊销", "Stripped")),
    "cancelled": ("not_valid", Wording("已注销", "Deregistered")),
    "dormant": ("valid", Wording("登记在册，已歇业", "On the register, dormant")),
    "abnormal": ("valid", Wording("登记在册，已列入经营异常名录", "On the register; listed for abnormal operation")),
    "moved_out": (
        "unknown",
        Wording("登记已迁出本市，请向迁入地登记机关确认", "Moved out of the city; ask its new registry"),
    ),
    "succeeded": ("unknown", Wording("已由其他主体承继", "Succeeded by another enterprise")),
    "not_needed": (
        "none",
        Wording("不在市场主体登记范围（如学校、医院）", "Not needed (such as a school or hospital)"),
    ),
    "not_recorded": (
        "unknown",
        Wording("本平台暂无数据，不代表无照", "No data here; that does not mean there is none"),
    ),
}
"""State of the holder's business licence → the outcome whose colour and sign it bears, and its words."""

ADVICE: Mapping[str, Wording] = {
    "valid": Wording(
        "请核对名称、地址与您面前的门店一致。", "Check that name and address are those of the door you stand at."
    ),
    "not_valid": Wording(
        "请勿再以此证照为准。如有疑问，请联系颁发机构。",
        "Do not rely on this certificate. If in doubt, ask its issuing body.",
    ),
    "suspended": Wording(
        "暂停期间不能凭此证照经营。恢复后会在此显示。",
        "It may not be used while it is suspended. When it is reinstated this page will say so.",
    ),
    "unknown": Wording(
        "本平台现在不能下结论，不代表无证。请向颁发机构或持证主体核实。",
        "The hub cannot tell at the moment; that does not mean there is no permit. Ask the issuing body or the holder.",
    ),
}
CHOICES: Mapping[str, Wording] = {
    "valid": Wording("现在有效", "Good now"),
    "not_good": Wording("现在不能用", "Not good now"),
    "unknown": Wording("无法确认", "Not known now"),
}
"""What of many certificates a reader may choose to see (`hub/public/lookup.py`)."""
COPY_ADVICE: Mapping[str, Wording] = {
    "in_use": Wording(
        "请核对用证方、用途与您手中的一致；是否仍可据以办理，看下面原证照现在的状态。",
        "Check that requester and purpose are those in your hand; the certificate's present state stands below.",
    ),
    "ended": Wording("请勿再用。需要时请重新调用。", "Do not use it any more; pull the certificate again."),
    "taken_back": Wording(
        "请勿再用。需要时请持证主体重新授权。", "Do not use it any more; ask its holder for another authorisation."
    ),
    "erased": Wording("请勿再用，并请销毁。", "Do not use it any more, and destroy it."),
    "unknown": Wording("请稍后再查，或请运营方确认。", "Ask again later, or ask the operator."),
}
KINDS: Mapping[str, Wording] = {
    "permit": Wording("许可", "permit"),
    "filing": Wording("备案", "filing"),
    "registration": Wording("登记", "registration"),
    "licence": Wording("营业执照", "business licence"),
}
SUBJECTS: Mapping[str, Wording] = {
    "enterprise": Wording("市场主体", "enterprise"),
    "site": Wording("经营场所", "site"),
    "device": Wording("设备", "device"),
}
ORIGINS: Mapping[str, Wording] = {
    "native": Wording("原生签发", "issued and sealed by its issuing body"),
    "legacy": Wording("存量", "entered from its issuing body's former records"),
    "collected": Wording("公示归集", "collected from publication"),
    "self_declared": Wording("自行申报", "declared by the holder"),
}

GRANT_STATES: Mapping[str, Wording] = {
    "usable": Wording("使用中", "In force"),
    "pending": Wording(
        "待确认：签署人的执照状态尚未查到", "Waiting: the state of the signer's licence is not known yet"
    ),
    "used_up": Wording("次数已用完", "Used up"),
    "ended": Wording("已到期", "Ended"),
    "withdrawn": Wording("已撤回", "Taken back"),
    "refused": Wording("签署人的执照已失效", "The signer's licence is no longer good"),
}
PRESENTATION_STATES: Mapping[str, Wording] = {
    "open": Wording("等待对方扫码", "Waiting to be scanned"),
    "unconfirmed": Wording("有人扫了码，等您确认", "Scanned; waiting for your word"),
    "released": Wording("已确认，对方可以取用", "Confirmed: they may have it"),
    "used": Wording("对方已取用", "They have had it"),
    "killed": Wording("输错次数过多，已作废", "Too many wrong tries: void"),
    "withdrawn": Wording("已收回", "Taken back"),
    "ended": Wording("已过时", "Over"),
}
RULE_ANSWERS: Mapping[str, Wording] = {
    "approve": Wording("同意", "Approves"),
    "refuse": Wording("不同意", "Refuses"),
    "confirm": Wording("继续共享", "It goes on"),
    "end": Wording("终止共享", "Ends it"),
}
WINDOW_STATES: Mapping[str, Wording] = {
    "open": Wording("等待核验", "Not asked with yet"),
    "unconfirmed": Wording("等待对方在手机上确认", "Waiting for their word on the phone"),
    "released": Wording("对方已确认，可以取得证照", "They have confirmed: the certificates may be had"),
    "used": Wording("证照已取得", "The certificates were had"),
    "killed": Wording("输错次数过多，已作废", "Too many wrong tries: void"),
    "withdrawn": Wording("对方已收回，不再出示", "They took it back"),
    "ended": Wording("已过时", "Over"),
}
DELEGATION_STATES: Mapping[str, Wording] = {
    "usable": Wording("在任", "In office"),
    "frozen": Wording("已冻结：法定代表人变更后须确认", "Frozen: the new legal representative is to confirm it"),
    "withdrawn": Wording("已解除", "Ended by you"),
    "ended": Wording("已到期", "Ended"),
}
ROLES: Mapping[str, Wording] = {
    "legal_representative": Wording("法定代表人", "legal representative"),
    "manager": Wording("证照管理员", "licence manager"),
    "agent": Wording("办事人", "agent"),
}
ROADS: Mapping[str, Wording] = {
    "data_wrong": Wording("证照信息有误", "The certificate is wrong"),
    "access_not_allowed": Wording("不应查询或调取", "This access was not allowed"),
    "decision_wrong": Wording("决定有误", "The decision is wrong"),
    "window_refused": Wording("窗口拒收电子证照", "A window refused an e-certificate"),
}
TASK_STATES: Mapping[str, Wording] = {
    "open": Wording("待答复", "To be answered"),
    "done": Wording("已答复", "Answered"),
}
LINES: Mapping[str, Wording] = {
    "pull": Wording("调取", "asked for certificates"),
    "comparison": Wording("比对", "compared"),
    "predicate": Wording("核对判断", "asked yes or no"),
    "delivery": Wording("交付", "was handed certificates"),
    "download": Wording("本主体下载", "own download"),
    "changes": Wording("查询变更", "asked for changes"),
}
LINE_OUTCOMES: Mapping[str, Wording] = {
    "allowed": Wording("准予", "allowed"),
    "refused": Wording("未准予", "refused"),
    "delivered": Wording("已交付", "handed over"),
    "downloaded": Wording("已下载", "downloaded"),
    "told": Wording("已告知", "told"),
}
MEMBERS: Mapping[str, Wording] = {
    "requester": Wording("给谁：统一社会信用代码", "to whom: licence number"),
    "person": Wording("给谁：姓名", "to whom: name"),
    "person_named": Wording("姓名和证件号码", "name and number"),
    "types": Wording("给什么：至少选一项", "what: choose at least one"),
    "item_code": Wording("事项编码", "item code"),
    "item_name": Wording("办理什么事", "what for"),
    "case_number": Wording("办件编号", "case number"),
    "valid_until": Wording("到哪一天", "until which day"),
    "uses": Wording("使用次数", "how often"),
    "since": Wording("自哪一天起", "since which day"),
    "delegate": Wording("办事人姓名", "the agent's name"),
    "cert_serial": Wording("办事人执照编号", "number of the agent's licence"),
    "reason": Wording("说明", "what is wrong"),
    "about": Wording("所指", "what it is about"),
    "certificates": Wording("单张证照", "single certificates"),
    "future": Wording("以后颁发的也给：须先选种类", "issued later, too: choose a type first"),
    "days": Wording("何时提醒", "when to remind"),
    "licence_number": Wording("统一社会信用代码", "licence number"),
    "window": Wording("本窗口名称", "this window"),
    "wanted": Wording("要看哪些证照：至少选一种", "which certificates: tick one at least"),
}
"""What a refusal names of a form, as the form itself calls it."""
CHANGE_MEMBERS: Mapping[str, Wording] = {
    "code": Wording("系统代号", "code"),
    "department": Wording("所属部门", "department"),
    "name": Wording("名称", "name"),
    "roles": Wording("权限", "what it may do"),
    "cert": Wording("证书", "cert"),
    "previous_until": Wording("原证书继续有效至", "until when the former cert counts"),
    "number": Wording("人员编号", "number"),
    "duty": Wording("职责", "duty"),
    "licence_number": Wording("统一社会信用代码", "licence number"),
    "name_zh": Wording("中文名称", "Chinese name"),
    "name_en": Wording("英文名称", "English name"),
    "area": Wording("行政区划代码", "code of its area"),
    "from_on": Wording("起始日期", "first day"),
    "until_on": Wording("终止日期", "last day"),
    "superior": Wording("上级机构代码", "its superior"),
    "successor": Wording("承继机构代码", "its successor"),
    "competences": Wording("主管的证照类型", "its types"),
    "annotates": Wording("可作的标注", "what it may annotate"),
    "sheet": Wording("表格文件", "sheet"),
}
"""The members of a change, as its form calls them."""
ENDING_STATES: Mapping[str, Wording] = {
    "later": Wording("时间充裕", "Ample time"),
    "soon": Wording("请准备延续", "Prepare the renewal"),
    "late": Wording("已过最迟申请日", "The last day to apply is over"),
    "ended": Wording("已过有效期", "Its term is over"),
    "renewing": Wording("延续申请已受理", "A renewal was filed"),
}
ENDING_TONES: Mapping[str, str] = {
    "later": "valid", "soon": "suspended", "late": "not_valid", "ended": "not_valid", "renewing": "unknown",
}  # fmt: skip
STATE_TONES: Mapping[str, str] = {
    "usable": "valid", "open": "valid", "released": "valid", "used": "none", "used_up": "none", "ended": "none",
    "pending": "unknown", "unconfirmed": "suspended", "frozen": "suspended", "withdrawn": "not_valid",
    "refused": "not_valid", "killed": "not_valid", "done": "none",
}  # fmt: skip
"""State of what an enterprise gave → the tone in which pages show it."""

LICENCE_OUTCOMES: Mapping[str, str] = {name: outcome for name, (outcome, _) in LICENCE_STATES.items()}

NAMELESS = Wording("（个体工商户，无字号）", "(self-employed, no trade name)")

TABLES: Mapping[str, Mapping[str, Wording]] = {
    "act": ACTS,
    "notice": NOTICES,
    "advice": ADVICE,
    "annotation": ANNOTATIONS,
    "authority": AUTHORITIES,
    "cause": CAUSES,
    "choice": CHOICES,
    "copy_advice": COPY_ADVICE,
    "flag": FLAGS,
    "relation": RELATIONS,
    "check": CHECKS,
    "delegation_state": DELEGATION_STATES,
    "ending_state": ENDING_STATES,
    "grant_state": GRANT_STATES,
    "kind": KINDS,
    "line": LINES,
    "line_outcome": LINE_OUTCOMES,
    "member": MEMBERS,
    "change_member": CHANGE_MEMBERS,
    "presentation_state": PRESENTATION_STATES,
    "window_state": WINDOW_STATES,
    "rule_answer": RULE_ANSWERS,
    "road": ROADS,
    "role": ROLES,
    "task_state": TASK_STATES,
    "licence_state": {name: wording for name, (_, wording) in LICENCE_STATES.items()},
    "origin": ORIGINS,
    "outcome": OUTCOMES,
    "reason": REASONS,
    "result": RESULTS,
    "status": STATUSES,
    "subject": SUBJECTS,
}


class Speaker:
    """Says dates and words in one language. `words` is kind → code → what is said."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.words = {
            kind: {code: wording.zh if language == "zh" else wording.en for code, wording in table.items()}
            for kind, table in TABLES.items()
        }
        self.nameless = NAMELESS.zh if language == "zh" else NAMELESS.en
        self.day = lru_cache(maxsize=4096)(self._day)

    def moment(self, text: str) -> str:
        """Return an ISO 8601 moment as a clock in China shows it."""
        there = datetime.fromisoformat(text).astimezone(SHANGHAI)
        return f"{self.day(there.date().isoformat())} {there:%H:%M:%S}"

    def _day(self, text: str) -> str:
        day = date.fromisoformat(text)
        return f"{day.year}年{day.month}月{day.day}日" if self._language == "zh" else f"{day.day} {day:%B} {day.year}"


SPEAKERS: Mapping[str, Speaker] = {language: Speaker(language) for language in ("zh", "en")}
