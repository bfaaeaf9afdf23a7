"""Figures (运行指标): what is counted of the hub's work, in the plan's three words, and how each is defined.

The three words are those of the plan's clause 16: timely 及时性, accurate 准确性, secure 安全性. A figure is counted
from recorded rows alone; it names departments, bodies, types and items, never a holder, and ranks nobody (clause 28).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from schemas.certificate import SHANGHAI, civil_date

SPAN = timedelta(days=30)
"""How far back the figures of the present look."""
# What happens in the last moments of a period is committed in the next one, and by clocks that are not all alike.
_SETTLED_AFTER = timedelta(days=1)
_PERIOD = re.compile(r"(2[0-9]{3})(?:-(0[1-9]|1[0-2]))?")


class Word(StrEnum):
    """The plan's three words."""

    TIMELY = "timely"
    ACCURATE = "accurate"
    SECURE = "secure"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure means. `columns` are the values of each of its lines, by their units; the first is drawn.

    `by` is what a line is of: a body, a department, a reason, a clock, a key. `listed`: its single cases can be listed.
    """

    code: str
    word: Word
    name_zh: str
    name_en: str
    meaning_zh: str
    meaning_en: str
    source: str
    by: str
    columns: tuple[str, ...] = ("count",)
    listed: bool = False


def _defined(*definitions: Definition) -> Mapping[str, Definition]:
    return {each.code: each for each in definitions}


FIGURES: Mapping[str, Definition] = _defined(
    Definition(
        "decided_to_visible", Word.TIMELY, "从决定到可查", "From decision to sight",
        "近30日由部门逐件下令颁发的证照，从作出决定之日到能扫码查到之日的自然日数；颁发与可查在同一次提交中完成。"
        "p50、p95 是按日数从小到大排在一半、百分之九十五处的值。不含文件导入、归集的数据，也不含更正与补发。",
        "Civil days from the day of the decision to the day a scan shows the certificate, for certificates"
        " ordered one by one in the last 30 days; issue and sight are one commit. p50 and p95 are the values"
        " half and 95 per cent of the way up. Files, collected records, corrections and replacements of lost"
        " ones are left out.",
        "certificate", "body", ("p50_days", "p95_days", "count"),
    ),
    Definition(
        "published_late", Word.TIMELY, "超过法定期限", "Past a legal period",
        "上述证照中，晚于双公示期限或颁发、送达期限才可查的件数；期限按工作日计算，来源见法定期限表。",
        "Of those certificates, how many came into sight after the last day to publish the decision, or to"
        " deliver the certificate; the periods are those of the table of legal clocks, in working days.",
        "certificate, schemas/clocks.toml", "body", ("late_publication", "late_delivery"), listed=True,
    ),
    Definition(
        "changed_to_visible", Word.TIMELY, "变更从决定到可查", "From a change decided to sight",
        "近30日登记的状态变更（暂扣、撤回、撤销、吊销、注销等），从决定文书日期到可查之日的自然日数。",
        "Civil days from the date of the document to the day it is seen, for changes of status recorded in"
        " the last 30 days.",
        "status_change", "body", ("p50_days", "p95_days", "count"),
    ),
    Definition(
        "filed_to_visible", Word.TIMELY, "从签署文件到可查", "From a signed file to sight",
        "近30日办结的批量文件，从收到签署到最后一行可查的秒数，按颁发机构或数据来源。",
        "Seconds from the signed order to the last row in sight, for the files that were finished in the last"
        " 30 days, by issuing body or source.",
        "intake", "body", ("p50_seconds", "p95_seconds", "count"),
    ),
    Definition(
        "overdue_tasks", Word.TIMELY, "逾期待办", "Tasks past their last day",
        "现在仍未办结、且最后一日已过的待办件数，按待办种类。",
        "Tasks that are open now and past their last day, by kind.",
        "notice", "task", ("count",), listed=True,
    ),
    Definition(
        "corrections", Word.ACCURATE, "更正与误录作废", "Corrections and voids",
        "近30日颁发机构更正的、因误录作废的证照件数。",
        "Certificates that their issuing bodies corrected, or voided as entered by mistake, in the last 30 days.",
        "status_change", "body", ("corrected", "voided"),
    ),
    Definition(
        "correction_requests", Word.ACCURATE, "校核申请", "Requests to correct",
        "近30日用证方提出的校核申请件数，及其中尚未办结的件数。",
        "Requests of users of the records to have one corrected, in the last 30 days, and how many of them are open.",
        "notice", "body", ("count", "open"), listed=True,
    ),
    Definition(
        "conflicts", Word.ACCURATE, "数据冲突", "Conflicts between sources",
        "近30日发现的数据冲突与待归类数据件数，及其中尚未处理的件数。",
        "Conflicts between sources and records of no known type found in the last 30 days, and how many are open.",
        "notice", "body", ("count", "open"), listed=True,
    ),
    Definition(
        "coverage", Word.ACCURATE, "收录范围", "Coverage",
        "每类证照有多少颁发机构已全部收录、部分收录、尚未接入；只在全部收录的范围内才说没有。",
        "For each type, how many of the bodies in charge of it are recorded completely, in part, or not yet."
        " Absence is said only where the record is complete.",
        "coverage, competence", "type", ("complete", "partial", "not_connected"),
    ),
    Definition(
        "refused_pulls", Word.SECURE, "未准予的调用", "Refused pulls",
        "近30日未准予的证照调用、比对与核验次数，按理由。",
        "Pulls, comparisons and questions that were refused in the last 30 days, by reason.",
        "pull_decision", "reason", ("count",), listed=True,
    ),
    Definition(
        "refused_codes", Word.SECURE, "未准予的出示码", "Refused presentation codes",
        "近30日窗口出示而未被接受的出示码次数，按理由。",
        "Presentation codes shown at a window and not accepted in the last 30 days, by reason.",
        "redemption", "reason", ("count",), listed=True,
    ),
    Definition(
        "refused_orders", Word.SECURE, "无权而被拒的指令", "Orders without right",
        "近30日因无权而被拒、并已存证的指令件数。格式错误的请求不计。",
        "Orders refused for want of a right and entered into the log in the last 30 days. Malformed requests"
        " do not count.",
        "entry", "kind",
    ),
    Definition(
        "shown_twice", Word.SECURE, "重复出示", "Shown a second time",
        "近30日已用过的出示码或授权书再次被出示而被拒的次数。重复提交的指令在入口即被拒，不留记录，不计在内。",
        "Refusals in the last 30 days because a presentation code or a grant had been used up before. An"
        " order sent twice is turned away at the door, leaves no record and is not counted.",
        "redemption, pull_decision", "reason", ("count",), listed=True,
    ),
    Definition(
        "unusual_readers", Word.SECURE, "异常调用", "Unusual readers",
        "近7日调用次数超过本人此前28日周均值3倍、且至少多出20次的经办人或系统。是提示，不是结论。",
        "Officers or systems whose pulls of the last 7 days are more than three times the weekly mean of"
        " their own 28 days before, and at least 20 more. A hint, not a finding.",
        "pull_decision", "reader", ("count", "usual"),
    ),
    Definition(
        "key_days", Word.SECURE, "密钥与信任列表剩余天数", "Days left of keys and of the trust list",
        "信任列表、签章密钥、平台密钥、业务系统证书距到期的天数，最先到期的在前。",
        "Days until the trust list, seal keys, the hub's keys and the certs of systems end; what ends first"
        " stands first.",
        "trust list, system", "key", ("days_left", "age_days"),
    ),
)  # fmt: skip
"""The figures of the present, by code, in the order they are shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a sheet: what its lines are of and which values each has, by their units, and what they mean."""

    code: str
    name_zh: str
    name_en: str
    meaning_zh: str
    meaning_en: str
    columns: tuple[str, ...]


PARTS: Mapping[str, Part] = {
    each.code: each
    for each in (
        Part(
            "items", "各证照类型的签发与收录", "Issue and coverage of each type",
            "这一期颁发机构签发（含按文件签发）的、归集的证照件数；制表时有效的件数；在职权内的颁发机构数及其收录情况。",
            "Certificates that issuing bodies issued in the period, from files too, and those collected; how many are"
            " in force when the sheet is made; the bodies in charge, and how far each type is recorded.",
            ("issued", "collected", "in_force", "bodies", "complete", "partial", "not_connected"),
        ),
        Part(
            "use", "各事项的用证与免提交", "Use for each service item",
            "这一期按事项准予、未准予的调用，交付次数，以及免提交件数：交付给部门、因而不必由企业提交的证照件数。",
            "Pulls allowed and refused for each item, deliveries, and documents spared: certificates handed to a"
            " department, which the enterprise did not have to bring.",
            ("allowed", "refused", "delivered", "spared"),
        ),
        Part(
            "departments", "各部门的签发与用证", "Issue and use of each department",
            "同上，按部门：签发、状态变更、准予与未准予的调用、交付、免提交件数。",
            "The same by department: issued, changes of status, pulls allowed and refused, deliveries, documents"
            " spared.",
            ("issued", "changed", "allowed", "refused", "delivered", "spared"),
        ),
        Part(
            "areas", "各镇街、区域的签发", "Issue by town and area",
            "签发与状态变更，按颁发机构登记的行政区划代码。",
            "Issued certificates and changes of status, by the area code that the issuing body is registered with.",
            ("issued", "changed"),
        ),
        Part(
            "seals", "用章场景", "What was sealed",
            "这一期加盖的电子印章次数，按场景：颁发机构的证照、平台归集的数据、证照文件、加注件、交付单、重新签章。",
            "Seals made in the period by what they are on: certificates of issuing bodies, collected records,"
            " documents, copies, delivery notes, records sealed again.",
            ("count",),
        ),
        Part(
            "receipts", "受理回执用章", "Receipts sealed",
            "这一期办理的每一项行为，以及其中已编入存证日志、可出具带签章回执的项数。",
            "Every act of the period, and how many of them have their place in the log, so that a sealed receipt of"
            " each can be given.",
            ("acts", "receipted"),
        ),
    )
}  # fmt: skip
"""The parts of a monthly or yearly sheet, in the order they are shown."""

COLUMNS: Mapping[str, tuple[str, str]] = {
    "issued": ("签发", "Issued"),
    "collected": ("归集", "Collected"),
    "in_force": ("有效", "In force"),
    "bodies": ("颁发机构", "Bodies"),
    "allowed": ("准予调用", "Pulls allowed"),
    "refused": ("未准予", "Refused"),
    "delivered": ("交付", "Delivered"),
    "spared": ("免提交（件）", "Documents spared"),
    "changed": ("状态变更", "Changes"),
    "acts": ("行为", "Acts"),
    "receipted": ("可出具回执", "Receipts"),
    "count": ("件数", "Count"),
    "open": ("未办结", "Open"),
    "p50_days": ("p50（天）", "p50 (days)"),
    "p95_days": ("p95（天）", "p95 (days)"),
    "p50_seconds": ("p50（秒）", "p50 (seconds)"),
    "p95_seconds": ("p95（秒）", "p95 (seconds)"),
    "late_publication": ("超过双公示期限", "After the period to publish"),
    "late_delivery": ("超过颁发送达期限", "After the period to deliver"),
    "corrected": ("更正", "Corrected"),
    "voided": ("误录作废", "Voided"),
    "complete": ("全部收录", "Complete"),
    "partial": ("部分收录", "Partial"),
    "not_connected": ("尚未接入", "Not connected"),
    "usual": ("往常一周", "A usual week"),
    "days_left": ("剩余天数", "Days left"),
    "age_days": ("已用天数", "Days in use"),
}
"""How the values of lines are called, with their units."""


@dataclass(frozen=True, slots=True)
class Period:
    """A civil month or year in Shanghai, from `since` up to `before`."""

    text: str
    since: datetime
    before: datetime

    def is_final(self, now: datetime) -> bool:
        """Say whether nothing more can come to its figures."""
        return now >= self.before + _SETTLED_AFTER


def parse_period(text: str) -> Period:
    """Read "2026-11" or "2026"; ValueError for anything else."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError("no month and no year")
    year, month = int(found[1]), int(found[2] or 1)
    after = (year + 1, 1) if found[2] is None or month == 12 else (year, month + 1)
    since, before = (datetime(*each, 1, tzinfo=SHANGHAI).astimezone(UTC) for each in ((year, month), after))
    return Period(text, since, before)


def finished_before(now: datetime) -> tuple[Period, Period]:
    """Return the month and the year before those of `now`."""
    today = civil_date(now)
    month = f"{today.year}-{today.month - 1:02}" if today.month > 1 else f"{today.year - 1}-12"
    return parse_period(month), parse_period(str(today.year - 1))


def percentile(counts: Mapping[int, int], per_cent: int) -> int | None:
    """Return the value that stands `per_cent` of the way up (nearest rank) among values with their counts."""
    total = sum(counts.values())
    wanted = -(-total * per_cent // 100)
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= max(wanted, 1):
            return value
    return None


def usual_week(days: Iterable[int]) -> float:
    """Return the weekly mean of the counts of 28 days."""
    return sum(days) / 4


def is_unusual(week: int, usual: float) -> bool:
    """Say whether a week's reading is far above what is usual for the same reader."""
    return week > 3 * usual and week - usual >= 20
