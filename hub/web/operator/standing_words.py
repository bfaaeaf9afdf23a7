"""What the pages of how the hub stands say: their names, heads, rows and codes in words, and the commands that act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page: its name, what stands on it, the heads of its rows (Chinese, English), and the commands that act."""

    name: Pair
    lead: Pair
    heads: Sequence[Pair]
    commands: Sequence[str]
    row_names: Mapping[str, Pair] | None = None
    notes: Sequence[Pair] = ()


SHOWN: Mapping[str, Shown] = {
    "changes": Shown(
        ("双人变更", "Changes by two persons"),
        (
            "已由两名不同职责的人员批准的权限变更。等第二人签署的见“变更”；被拒的指令见“无权而被拒的指令”。",
            "Changes of rights two persons approved. What waits stands under “Changes”; refused orders are counted.",
        ),
        (("批准时间", "Approved"), ("变更", "Change"), ("人数", "Persons"), ("内容摘要", "Content")),
        ("yizhao approve", "yizhao enrol … --draft"),
    ),
    "systems": Shown(
        ("业务系统", "Systems"),
        (
            "各部门接入的业务系统及其证书剩余天数；点代号起草变更或停用。",
            "The systems of departments, and the days left of their certs; a code opens its change.",
        ),
        (("代号", "Code"), ("部门", "Department"), ("权限", "Roles"), ("状态", "State"), ("剩余天数", "Days left")),
        ("yizhao enrol system", "yizhao keys system"),
    ),
    "types": Shown(
        ("证照类型", "Types"),
        ("现行的证照类型与版本。", "The types in use and their versions."),
        (("代码", "Code"), ("名称", "Name"), ("版本", "Version"), ("摘要", "Digest")),
        ("yizhao catalogue", "yizhao admit --draft FILE", "yizhao admit --approval A --approval B"),
        notes=(
            (
                "新版本带来的证照类型，启用前平台不启动：用新版本写出草稿，两人在“变更”里各签一份文件，再启用。",
                "A release with new types starts once they are admitted: write a draft with it, two sign it, admit it.",
            ),
        ),
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
            "信任列表、信任锚、平台密钥、签章密钥、业务系统与人员的证书，最先到期的在前。已泄露的另列。",
            "The list, its anchors, keys of hub and seals, certs of systems and persons; what ends first at the top.",
        ),
        (
            ("密钥", "Key"), ("启用", "Since"), ("已用天数", "Days in use"), ("到期", "Ends"),
            ("剩余天数", "Days left"), ("最迟更换", "To be followed by"), ("更换方式", "How"),
        ),
        ("yizhao keys list", "yizhao drill rotation", "yizhao keys rotate USE"),
        notes=(
            (
                "更换一把密钥：先演练（yizhao drill rotation），再在密钥所在的机器上执行命令；两人审批下一版信任列表。",
                "First a drill (yizhao drill rotation), then the command where the keys lie; two approve the list.",
            ),
            (
                "新旧密钥同时在列表上，各进程两秒内起用新的；更换存证日志的密钥后，把新公钥交给各见证者。",
                "Both stand on the list; processes take the new one at once; the log's goes to its witnesses too.",
            ),
            (
                "签章密钥到期前，由颁发机构决定更换；没有时间证明的旧件须由它下令重新签章。",
                "A seal's key is followed before its end; what has no proven time is sealed again by its body's order.",
            ),
        ),
    ),
    "compromises": Shown(
        ("泄露的密钥", "Compromised keys"),
        (
            "不再可信的密钥，自何时起；因它而暂时无法确认的证照数，重新签章的进度。点密钥看是哪些证照。",
            "Keys that count no more, how many certificates read unknown, how far sealing again is; a key opens them.",
        ),
        (
            ("密钥", "Key"), ("不可信自", "Since"), ("暂时无法确认", "Read unknown"), ("正在重新签章", "Under way"),
            ("已重新签章", "Sealed again"),
        ),
        ("yizhao keys compromise USE --since TIME", "yizhao order resealings FILE"),
        notes=(
            (
                "列出后平台为各颁发机构建立待办，由它下令重新签章；平台运营方不能代办。",
                "Each issuing body has a task to order sealing again; the operator cannot do it for them.",
            ),
        ),
    ),
    "upkeep": Shown(
        ("备份与演练", "Backups and drills"),
        (
            "最近一次备份和各项演练：何时完成、是否通过、测得的数值。",
            "The last backup and the last of each drill: when it was over, whether it passed, what it measured.",
        ),
        (("项目", "What"), ("完成时间", "Done"), ("距今天数", "Days ago"), ("结果", "Result"), ("数值", "Measured")),
        ("yizhao backup FILE", "yizhao drill restore --backup FILE", "yizhao drill rotation", "yizhao drill recovery"),
        {
            "backup": ("备份（每小时）", "Backup (every hour)"),
            "restore_drill": ("恢复演练（每周）", "Restore drill (every week)"),
            "rotation_drill": ("换钥演练（每季度、每次更换前）", "Rotation drill (a quarter; before each rotation)"),
            "recovery_drill": ("丢失与补录演练（每季度）", "Recovery drill (a quarter)"),
        },
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
            "waiting": ("待编入的行为数", "Acts that wait for their place"),
            "lag_seconds": ("最早一条已等待（秒）", "Seconds the oldest of them has waited"),
            "doubt": ("疑点", "Doubt"),
            "witnesses": ("需要的见证者／已设", "Witnesses needed / set"),
            "cosigned": ("已附签到第几项", "Cosigned up to"),
            "proven_time": ("最近的可信时间", "Newest proven time"),
        },
    ),
    "queues": Shown(
        ("后台任务与队列", "Workers and queues"),
        (
            "正在等待或进行中的后台任务件数，以及各队列里最早一件已等了多久。",
            "What waits, or is under way, in the background, and for how long the oldest of each has waited.",
        ),
        (("队列", "Queue"), ("件数", "Count"), ("最早一件", "The oldest"), ("已等", "Has waited")),
        ("yizhao doctor", "yizhao worker"),
        {
            "entries": ("待编入日志的行为", "Acts that wait for their place in the log"),
            "intentions": ("未了结的签发意向", "Open intentions to issue"),
            "resealings": ("待重新签章", "Records to be sealed again"),
            "reminders": ("待发送的到期提醒", "Reminders of endings to be sent"),
            "outbox": ("待推送的告知（尚无接收系统）", "Notices to be pushed (nobody takes them yet)"),
            "documents": ("待生成的证照文件", "Documents to be made"),
            "documents_failed": ("无法生成的证照文件", "Documents that cannot be made"),
            "intakes": ("进行中的批量导入", "Files being taken in"),
            "intakes_failed": ("失败的批量导入", "Files that failed"),
            "pull_batches": ("进行中的批量调用", "Files of pulls under way"),
            "pull_batches_failed": ("失败的批量调用", "Files of pulls that failed"),
        },
    ),
}  # fmt: skip

STATES: Mapping[str, Pair] = {
    "active": ("在用", "in use"),
    "inactive": ("停用", "switched off"),
    "passed": ("通过", "passed"),
    "failed": ("未通过", "failed"),
    "never": ("没有记录", "no record"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "none": ("无", "none"),
    "asked": ("待同意", "asked"),
    "approved": ("已同意", "approved"),
    "refused": ("不同意", "refused"),
    "ended": ("已终止", "ended"),
    "unconditional": ("无条件共享", "unconditional"),
    "conditional": ("有条件共享", "conditional"),
    "not_shared": ("不予共享", "not shared"),
    "entitle": ("权限登记", "Rights"),
    "share": ("共享规则", "A line of sharing"),
    "share_sheet": ("共享规则表", "A sheet of sharing"),
    "trust_list": ("信任列表", "Trust list"),
    "admit_type": ("启用证照类型", "Types admitted"),
    "recover": ("恢复", "Recovery"),
    "settle": ("了结恢复", "Recovery settled"),
}
"""Codes in cells → words."""
