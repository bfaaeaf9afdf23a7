"""The pages of how the hub stands: each says what it shows and which command does something about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.errors import NotFoundError
from hub.evidence.log import Panel
from hub.steps.registry import Registry
from hub.store.log import LogStore
from hub.supervision.figures.standing import look_over
from hub.web.callers import in_thread, moment
from hub.web.operator.dashboard import HOME, require_operator
from hub.web.operator.words import named_in_words
from hub.web.sessions import Guard, Visit, with_language
from signing.log_head import Revoked

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page: its name, what stands on it, the heads of its rows (Chinese, English), and the commands that act."""

    name: Pair
    lead: Pair
    heads: Sequence[Pair]
    commands: Sequence[str]
    row_names: Mapping[str, Pair] | None = None


SHOWN: Mapping[str, Shown] = {
    "changes": Shown(
        ("双人变更", "Changes by two persons"),
        (
            "已由两名不同职责的人员批准的权限变更。待批准的草稿由起草人保存；被拒的指令见“无权而被拒的指令”。",
            "Changes of rights two persons approved. Drafts lie with whoever made them; refused orders are counted.",
        ),
        (("批准时间", "Approved"), ("变更", "Change"), ("人数", "Persons"), ("内容摘要", "Content")),
        ("yizhao approve", "yizhao enrol … --draft"),
    ),
    "systems": Shown(
        ("业务系统", "Systems"),
        ("各部门接入的业务系统及其证书剩余天数。", "The systems of departments, and the days left of their certs."),
        (("代号", "Code"), ("部门", "Department"), ("权限", "Roles"), ("状态", "State"), ("剩余天数", "Days left")),
        ("yizhao enrol system", "yizhao keys system"),
    ),
    "types": Shown(
        ("证照类型", "Types"),
        ("现行的证照类型与版本。", "The types in use and their versions."),
        (("代码", "Code"), ("名称", "Name"), ("版本", "Version"), ("摘要", "Digest")),
        ("yizhao catalogue", "yizhao admit"),
    ),
    "sharing": Shown(
        ("共享规则", "The sharing table"),
        ("每条共享规则的最新版本。", "The newest version of each line."),
        (
            ("代号", "Code"), ("版本", "Version"), ("用证方", "Requester"), ("事项", "Item"), ("共享属性", "Class"),
            ("情况", "State"), ("确认至", "Confirmed until"),
        ),
        ("yizhao sharing list", "yizhao sharing report"),
    ),
    "keys": Shown(
        ("密钥与演练", "Keys and drills"),
        (
            "信任列表、平台密钥、签章密钥和业务系统证书的剩余天数，最先到期的在前。演练在副本上进行，结果由命令给出。",
            "Days left of each, what ends first at the top. Drills run on a copy; the command tells how they went.",
        ),
        (("密钥", "Key"), ("剩余天数", "Days left"), ("已用天数", "Days in use")),
        ("yizhao keys list", "yizhao keys trust-list", "yizhao drill rotation", "yizhao drill recovery"),
    ),
    "log": Shown(
        ("存证日志", "The evidence log"),
        ("存证日志的规模、最近一次续签、见证与可信时间。", "Its size, its last word, its witnesses and proven time."),
        (("项目", "Of"), ("所见", "Seen")),
        ("yizhao doctor", "yizhao audit", "yizhao witness"),
        {
            "size": ("行为数", "Acts"),
            "age_seconds": ("距最近一次签名（秒）", "Seconds since it last spoke"),
            "goes_on": ("正常续签", "It goes on"),
            "doubt": ("疑点", "Doubt"),
            "witnesses": ("需要的见证者／已设", "Witnesses needed / set"),
            "cosigned": ("已附签到第几项", "Cosigned up to"),
            "proven_time": ("最近的可信时间", "Newest proven time"),
        },
    ),
    "queues": Shown(
        ("后台任务与队列", "Workers and queues"),
        ("正在等待或进行中的后台任务件数。", "What waits, or is under way, in the background."),
        (("队列", "Queue"), ("件数", "Count")),
        ("yizhao doctor", "yizhao worker"),
        {
            "entries": ("待编入日志的行为", "Acts that wait for their place in the log"),
            "intentions": ("未了结的签发意向", "Open intentions to issue"),
            "resealings": ("待重新签章", "Records to be sealed again"),
            "reminders": ("待发送的到期提醒", "Reminders of endings to be sent"),
            "documents": ("待生成的证照文件", "Documents to be made"),
            "documents_failed": ("无法生成的证照文件", "Documents that cannot be made"),
            "intakes": ("进行中的批量导入", "Files being taken in"),
            "intakes_failed": ("失败的批量导入", "Files that failed"),
            "pull_batches": ("进行中的批量调用", "Files of pulls under way"),
            "pull_batches_failed": ("失败的批量调用", "Files of pulls that failed"),
        },
    ),
}  # fmt: skip
_EXPORTS: Sequence[tuple[Pair, str]] = (
    (("月报、年报", "Monthly and yearly sheets"), "yizhao figures --month 2026-11 --out sheet.xlsx"),
    (("共享规则年度使用情况", "How the lines of sharing were used"), "yizhao sharing report 2026 --out report.csv"),
    (("全部数据的备份", "A backup of everything"), "yizhao backup"),
    (("审计", "An audit"), "yizhao audit"),
)


def routes(
    registry: Registry,
    log_store: LogStore,
    panel: Panel,
    revoked: Callable[[], Revoked],
    guard: Guard,
    *,
    operator: str,
) -> APIRouter:
    """Return the doors; `revoked` returns the log's keys that count no more."""
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def standing(visit: Visit) -> Response:
        require_operator(visit, operator)
        side = _side(visit)
        pages = [
            {"href": with_language(f"{HOME}/standing/{code}", visit.language), "name": each.name[side]}
            | {"lead": each.lead[side]}
            for code, each in SHOWN.items()
        ]
        exports = [{"name": name[side], "command": command} for name, command in _EXPORTS]
        return guard.show(visit, "standing", {"pages": pages, "exports": exports, "home": HOME})

    @guard.page
    async def one(visit: Visit) -> Response:
        require_operator(visit, operator)
        code, after = visit.request.path_params["code"], visit.request.query_params.get("after", "")[:128]
        if code not in SHOWN:
            raise NotFoundError("figure_not_found")
        found = await in_thread(
            lambda: look_over(
                code, after=after, log_store=log_store, witnesses=panel.witnesses, needed=panel.needed,
                revoked=revoked(), registry=registry, now=moment(),
            )
        )  # fmt: skip
        older = with_language(f"{HOME}/standing/{code}?after={found.after}", visit.language) if found.after else ""
        return guard.show(visit, "standing_page", _shown(SHOWN[code], found.rows, _side(visit)) | {"older": older})

    router.add_api_route(f"{HOME}/standing", standing, methods=["GET"])
    router.add_api_route(f"{HOME}/standing/{{code}}", one, methods=["GET"])
    return router


def _side(visit: Visit) -> int:
    return ("zh", "en").index(visit.language)


def _shown(page: Shown, rows: Sequence[Sequence[Any]], side: int) -> dict[str, Any]:
    cells = [["–" if cell is None else str(cell) for cell in row] for row in rows]
    return {
        "name": page.name[side],
        "lead": page.lead[side],
        "heads": [head[side] for head in page.heads],
        "rows": [[_row_name(page, row[0], side), *row[1:]] for row in cells],
        "commands": page.commands,
        "home": HOME,
    }


def _row_name(page: Shown, of: str, side: int) -> str:
    if page.row_names and of in page.row_names:
        return page.row_names[of][side]
    if page is SHOWN["keys"]:
        return named_in_words(of, {"name_zh": "", "name_en": ""})[("name_zh", "name_en")[side]] or of
    return of
