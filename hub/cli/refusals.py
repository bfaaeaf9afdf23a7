"""Refusals on the command line: what went wrong in both languages, the code, the next step, the trace id; and the exit.

A refusal of the hub brings its own words (RFC 9457). What is refused on this machine has its words here.
"""

import sys
from collections.abc import Mapping
from typing import Any

REFUSED = 1
USAGE = 2
UNREACHABLE = 3

# code → what happened (zh, en), what to do (zh, en)
_LOCAL: Mapping[str, tuple[str, str, str, str]] = {
    "not_initialised": (
        "这个数据库还没有初始化。",
        "This database has not been initialised.",
        "先运行 yizhao init。",
        "Run `yizhao init` first.",
    ),
    "already_initialised": (
        "这个数据库已经初始化，模式与对外地址不能更改。",
        "This database is initialised; its mode and origin are fixed.",
        "另选数据目录，或直接运行 yizhao serve。",
        "Choose another data folder, or run `yizhao serve`.",
    ),
    "person_unknown": (
        "密钥目录里没有这名人员的审批密钥。",
        "The key folder holds no key of that person in a duty.",
        "核对编号；测试密钥用 yizhao keys officer N --duty 生成。",
        "Check the number; TEST keys are made by `yizhao keys officer N --duty`.",
    ),
    "change_form": (
        "不是变更文件。",
        "This is no change to sign.",
        "用下令的命令加 --draft 写出变更文件。",
        "Write it with --draft of the ordering command.",
    ),
    "difference_changed": (
        "这张表的差异与给出的摘要不符。",
        "What the sheet changes is not what the digest given names.",
        "重新运行 yizhao sharing diff，看过差异后用其摘要。",
        "Run `yizhao sharing diff` again, and use the digest of what it shows.",
    ),
    "approvals_differ": (
        "审批签名不是对同一份变更文件作出的。",
        "The approvals are not over one and the same change.",
        "两人对同一文件签名后重新提交。",
        "Have both persons sign the same file, and send it again.",
    ),
    "approvals_needed": (
        "须由运营方两名不同职责的人员各自签名。",
        "Two persons of the operator, of different duties, each sign this.",
        "用 --draft 写出变更文件，两人各用 yizhao approve 签名，再以 --approval 提交。",
        "Write it with --draft, let both sign with `yizhao approve`, and hand both in with --approval.",
    ),
    "approval_content": (
        "审批签名不是对现在这项变更作出的。",
        "The approval is over something else than what would be done now.",
        "重新用 --draft 写出变更文件，由两人签名。",
        "Write the change again with --draft and let both sign it.",
    ),
    "approval_time": (
        "审批签名已过期，或早于数据恢复后的一分钟。",
        "The approval is too old, or from before the minute after the restore.",
        "由两人重新签名。",
        "Let both sign again.",
    ),
    "approval_officer": (
        "签名人不是运营方的在职人员，或其证书无效。",
        "Who signed is no active person of the operator, or his cert is not good.",
        "核对人员编号与证书。",
        "Check the person's number and cert.",
    ),
    "approval_same_person": (
        "两份签名出自同一人。",
        "One person signed twice.",
        "由另一名不同职责的人员签名。",
        "Let another person, of another duty, sign.",
    ),
    "keys_missing": (
        "没有找到密钥目录。",
        "The key folder was not found.",
        "用 --keys 指明密钥目录，或先运行 yizhao init。",
        "Name it with --keys, or run `yizhao init` first.",
    ),
    "keys_exist": (
        "密钥目录里已有密钥，不会覆盖。",
        "There are keys in the key folder; they are never overwritten.",
        "另选密钥目录。",
        "Choose another key folder.",
    ),
    "anchor_needed": (
        "审计网址须给出根证书集的 SHA-256。",
        "To audit a URL the root set must be pinned.",
        "用 --anchor 给出；运营方用 yizhao doctor 查看。",
        "Give it with --anchor; `yizhao doctor` shows the operator's.",
    ),
    "trust_list_refused": (
        "平台的信任列表不能采信。",
        "The hub's trust list is not to be trusted.",
        "核对 --anchor，并向运营方查问。",
        "Check --anchor, and ask the operator.",
    ),
    "checkpoint_refused": (
        "存证日志的检查点没有可信的签名。",
        "No listed key has signed the log's checkpoint.",
        "保留所见内容，并向运营方查问。",
        "Keep what you saw, and ask the operator.",
    ),
    "checkpoint_revoked": (
        "存证日志的检查点由已吊销的密钥签署，不作为证明。",
        "The log's checkpoint is signed by a key that was revoked; it proves nothing.",
        "等日志由下一把密钥续签后再审计；保留所见内容，并向运营方查问。",
        "Audit again once the next key has signed on; keep what you saw, and ask the operator.",
    ),
    "state_other": (
        "所记的是另一套平台或另一份日志。",
        "What was kept is of another hub or another log.",
        "换一个 --state 文件；若确是同一平台，请保留两者并追问。",
        "Use another --state file; if it is the same hub, keep both and ask why.",
    ),
    "state_unreadable": (
        "所记的文件读不出来。",
        "The state file cannot be read.",
        "换一个 --state 文件。",
        "Use another --state file.",
    ),
    "log_exists": (
        "日志目录里已有存证日志，不会覆盖。",
        "There is an evidence log in the log folder; it is never overwritten.",
        "另选日志目录（YIZHAO_LOG）。",
        "Choose another log folder (YIZHAO_LOG).",
    ),
    "log_missing": (
        "找不到存证日志。",
        "The evidence log is missing.",
        "接上原来的日志目录（YIZHAO_LOG）。",
        "Connect the log folder again (YIZHAO_LOG).",
    ),
    "log_other": (
        "日志目录里是另一套平台的存证日志。",
        "The log folder holds the evidence log of another hub.",
        "接上原来的日志目录（YIZHAO_LOG）。",
        "Connect this hub's own log folder (YIZHAO_LOG).",
    ),
    "log_key_form": (
        "所给的不是日志的公钥。",
        "What was given is not the key of a log.",
        "给出 /log/key 所示的一行（名称+哈希+公钥），或写有这一行的文件。",
        "Give the line that /log/key shows (name+hash+key), or a file that holds it.",
    ),
    "oidc_setting": (
        "统一身份认证的一项设置缺失或不对。",
        "A setting of the provider of identities is missing or wrong.",
        "更正所列的 YIZHAO_ 设置，含义见 docs/operations.md。",
        "Mend the YIZHAO_ setting named; docs/operations.md says what each means.",
    ),
    "timestamp_setting": (
        "时间戳服务的一项设置缺失或不对。",
        "A setting of the timestamp authority is missing or wrong.",
        "更正所列的 YIZHAO_ 设置，含义见 hub/settings.py。",
        "Mend the YIZHAO_ setting named; hub/settings.py says what each means.",
    ),
    "witnesses_setting": (
        "YIZHAO_WITNESSES 或 YIZHAO_WITNESSES_NEEDED 不对。",
        "YIZHAO_WITNESSES or YIZHAO_WITNESSES_NEEDED is wrong.",
        "每项写成“地址 公钥”，如 yizhao witness 启动时所示；所需数目不超过见证者的数目。",
        "Write each as URL and key, as `yizhao witness` shows them; no more may be needed than there are.",
    ),
    "witness_name": (
        "见证者的名称在首次启动时已定。",
        "The witness's name was fixed at its first start.",
        "去掉 --name，或另选目录建立另一位见证者。",
        "Leave --name out, or choose another folder for another witness.",
    ),
    "witness_running": (
        "这个目录里已有见证者在运行。",
        "A witness runs on this folder already.",
        "先停掉它，或另选目录。",
        "Stop it first, or choose another folder.",
    ),
    "backup_exists": (
        "已有这个名称的文件，备份不会覆盖它。",
        "There is a file of this name; a backup never overwrites one.",
        "换一个文件名。",
        "Choose another name.",
    ),
    "backup_damaged": (
        "备份文件不完整或被改动过，没有恢复。",
        "The backup is not whole or was changed; nothing was restored from it.",
        "换用另一份备份。",
        "Use another backup.",
    ),
    "backup_key": (
        "备份是用另一套密钥加密的。",
        "The backup is encrypted under other keys.",
        "用 --keys 指明制作备份时的密钥目录。",
        "Name the key folder it was made with (--keys).",
    ),
    "backup_other": (
        "备份属于另一套平台。",
        "The backup is of another installation.",
        "核对密钥目录与日志目录，或换用本平台的备份。",
        "Check the key folder and the log folder, or use a backup of this hub.",
    ),
    "backup_version": (
        "备份由更新的版本制作，本版不能恢复。",
        "The backup was made by a later version; this one cannot restore it.",
        "用制作备份的版本恢复。",
        "Restore it with the version that made it.",
    ),
    "data_not_empty": (
        "数据目录或数据库里已有内容，不会覆盖。",
        "There is something in the data folder or database already; it is never overwritten.",
        "指定空的数据目录或数据库。",
        "Name an empty data folder or database.",
    ),
    "not_rolled_back": (
        "登记数据与存证日志一致，无需恢复。",
        "The data agree with the evidence log; there is nothing to recover.",
        "直接运行 yizhao serve。",
        "Run `yizhao serve`.",
    ),
    "drill_test_only": (
        "这项演练要办理各种事项，只在测试平台上进行。",
        "This drill does acts of every kind; it runs on a TEST site alone.",
        "在测试平台上运行；正式平台用 yizhao drill restore。",
        "Run it on a TEST site; elsewhere use `yizhao drill restore`.",
    ),
    "kept_orders_missing": (
        "没有留存指令的目录。",
        "There is no folder of kept orders.",
        "设定 YIZHAO_KEPT_ORDERS 后再下达指令，或用 --folder 指明目录。",
        "Set YIZHAO_KEPT_ORDERS before orders are given, or name the folder with --folder.",
    ),
    "not_recovered": (
        "登记数据未曾恢复，没有可补录的事项。",
        "The store was never recovered; there is nothing lost to do again.",
        "数据回退的，先运行 yizhao recover REPORT。",
        "After a restore run `yizhao recover REPORT` first.",
    ),
    "nothing_to_settle": (
        "没有待核对的恢复。",
        "There is no recovery that is not settled.",
        "无需操作。",
        "Nothing is to be done.",
    ),
    "hub_running": (
        "平台仍在运行，或停下不足十秒。",
        "A hub is running, or was stopped less than ten seconds ago.",
        "停下所有平台进程，十秒后再试。",
        "Stop every process of the hub and try again in ten seconds.",
    ),
    "report_exists": (
        "已有这个名称的文件，恢复报告不会覆盖它。",
        "There is a file of this name; a report never overwrites one.",
        "换一个文件名。",
        "Choose another name.",
    ),
    "drill_failed": (
        "演练没有通过。",
        "The drill did not pass.",
        "按所列的结果检查备份、日志与密钥。",
        "Look into backup, log and keys by what is shown.",
    ),
    "keys_inside": (
        "密钥目录不能放在数据目录之内（备份会带走密钥）。",
        "Keys may not lie inside the data folder, whose backups hold it.",
        "用 --keys 指定数据目录之外的目录。",
        "Name a folder outside the data folder with --keys.",
    ),
    "key_missing": (
        "密钥目录里没有这把密钥。",
        "The key folder does not hold this key.",
        "用 yizhao keys list 查看；用 --keys 指明另一目录。",
        "See `yizhao keys list`, or name another folder with --keys.",
    ),
    "proxy_secret_file": (
        "反向代理的密钥文件缺失、为空，或其中的密钥不足 32 个字符。",
        "The file of the proxy's secret is missing or empty, or a secret in it is shorter than 32 characters.",
        "核对 YIZHAO_PROXY_SECRET_FILE；可用 openssl rand -hex 32 生成。",
        "Check YIZHAO_PROXY_SECRET_FILE; `openssl rand -hex 32` makes one.",
    ),
    "key_not_rotatable": (
        "没有这种用途的密钥可更换。",
        "There is no key of this use to be followed by another.",
        "用途：answers、collected、copies、log、notes、status、tokens，或 seal:机构代码；见 yizhao keys list。",
        "Uses: answers, collected, copies, log, notes, status, tokens, or seal:BODY; see `yizhao keys list`.",
    ),
    "key_not_listed": (
        "信任列表上没有这把密钥。",
        "The trust list names no such key.",
        "请用 yizhao keys list 核对，或写出完整的 key id。",
        "Check `yizhao keys list`, or give the whole key id.",
    ),
    "compromise_future": (
        "泄露时间晚于现在。",
        "The moment of the compromise has not come yet.",
        "请核对时间与本机时钟。",
        "Check the moment and this machine's clock.",
    ),
    "compromise_early": (
        "泄露时间早于密钥列入信任列表的时间。",
        "The moment is before the key was first listed.",
        "请改用列入之时或其后的时间。",
        "Give the moment it was listed, or a later one.",
    ),
    "compromise_later": (
        "已登记了更早的泄露时间，不能改晚。",
        "An earlier moment was recorded; it is never moved later.",
        "如需更正，只能改得更早。",
        "It can only be moved earlier.",
    ),
    "since_form": (
        "--since 不是带时区的时间。",
        "--since is not a moment with its zone.",
        "写成 2026-11-23T09:00:00+08:00。",
        "Write it like 2026-11-23T09:00:00+08:00.",
    ),
    "rotation_failed": (
        "换钥演练未通过：有旧件核验失败。",
        "The drill failed: something old does not verify after the rotation.",
        "按所列逐件核查；真实密钥未动。",
        "Look into each that is named; the real keys were not touched.",
    ),
    "key_unusable": (
        "这把密钥打不开。",
        "This key does not open.",
        "检查口令文件与密钥文件。",
        "Check the passphrase file and the key file.",
    ),
    "cert_missing": (
        "这把密钥没有证书。",
        "This key has no cert.",
        "用 yizhao keys 重新签发。",
        "Have it certified again with `yizhao keys`.",
    ),
    "origin_form": (
        "对外地址的格式不对。",
        "The public origin has a wrong form.",
        "写成 https://主机名，可带端口，主机名用小写。",
        "Write https://HOST, with a port if need be, host in lower case.",
    ),
    "origin_fixed": (
        "对外地址在初始化时已定，不能另设。",
        "The public origin was fixed at init; another one is refused.",
        "去掉 --public-origin，或另建一套。",
        "Leave --public-origin out, or make another installation.",
    ),
    "production_needs_devices": (
        (
            "生产模式需要：签章密钥设备（PKCS#11 或签章平台）、在外离线生成的三个根证书及其三取二签发的信任列表、"
            "国家电子营业执照验证接口。本版只带测试用的文件密钥与模拟器，因此拒绝初始化生产环境。"
        ),
        (
            "Production needs: devices for seal keys (PKCS#11 or a seal platform), three root certs made offline "
            "elsewhere with a trust list signed by two of them, and the national e-licence service. This version "
            "has file keys and a simulator for TEST only, so it refuses."
        ),
        "试用请加 --mode test。",
        "To try it out, use --mode test.",
    ),
    "types_not_admitted": (
        "新版本带来的证照类型尚未经两人审批启用。",
        "Certificate types that this release brings have not been admitted by two persons.",
        "核对差异后运行 yizhao admit。",
        "Read the difference and admit them with `yizhao admit`.",
    ),
    "type_edited": (
        "一种已经使用的证照类型文件被改动过。",
        "A certificate type file that has been in use was edited.",
        "恢复原文件，改动写成新的版本文件。",
        "Restore it and write the change as a file of the next version.",
    ),
    "type_missing": (
        "一种已经使用的证照类型文件不见了。",
        "A certificate type file that has been in use is missing.",
        "恢复该文件。",
        "Restore the file.",
    ),
    "trust_list_ended": (
        "没有有效的信任列表。",
        "No trust list is in force.",
        "运行 yizhao keys trust-list 签发下一版。",
        "Sign the next one with `yizhao keys trust-list`.",
    ),
    "database_not_migrated": (
        "数据库的表结构不是这一版的。",
        "The database's tables are not those of this version.",
        "运行 yizhao init 所用的同一版本，或先升级。",
        "Use the version it was made with, or upgrade it first.",
    ),
    "database_unavailable": (
        "数据库打不开。",
        "The database cannot be opened.",
        "检查 --database、磁盘与权限。",
        "Check --database, the disk and its permissions.",
    ),
    "clock_setting": (
        "YIZHAO_CLOCK_DAYS 中有不认识的期限，或天数不对。",
        "YIZHAO_CLOCK_DAYS names a clock nobody knows, or a number of days that none may have.",
        "期限代号见 schemas/clocks.toml，天数为 1 至 1000。",
        "The codes stand in schemas/clocks.toml; days are 1 to 1,000.",
    ),
    "documents_setting": (
        "证照文件存放处的一项设置缺失或不对。",
        "A setting of the place where documents lie is missing or wrong.",
        "更正所列的 YIZHAO_ 设置，含义见 hub/settings.py；除本机外只能用 https。",
        "Mend the YIZHAO_ setting named; hub/settings.py says what each means. Beyond this machine it is https only.",
    ),
    "documents_refused": (
        "存放证照文件的地方拒绝存取。",
        "The place where documents lie refuses the hub.",
        "检查存储桶、访问密钥及其读、写、列举权限；默认的文件夹则检查磁盘与权限。",
        "Check the bucket, the key and its rights to read, write and list; of a folder the disk and its permissions.",
    ),
    "documents_unavailable": (
        "存放证照文件的地方暂时没有应答。",
        "The place where documents lie does not answer at this moment.",
        "检查 S3 服务器与网络，再试一次。",
        "Check the S3 server and the network, and try again.",
    ),
    "port_taken": (
        "这个端口已被占用。",
        "This port is taken.",
        "换一个 --port，或停掉占用它的程序。",
        "Choose another --port, or stop what holds it.",
    ),
    "sandbox_there": (
        "这个目录里已有密钥。",
        "That folder holds keys already.",
        "用 --keys 另选一个目录；沙箱系统一天后到期，届时也请另选。",
        "Choose another folder with --keys; also when the sandbox's day is over.",
    ),
    "file_unreadable": (
        "文件读不了。",
        "The file cannot be read.",
        "检查路径与权限。",
        "Check its path and permissions.",
    ),
    "answer_form": (
        "平台的答复不是所要的样子。",
        "The hub's answer is not of the form that it should be.",
        "核对 --url 是否是本平台。",
        "Check that --url is the hub.",
    ),
    "file_unwritable": (
        "文件或文件夹不能这样使用。",
        "The file or folder cannot be used like this.",
        "核对路径是否存在、可写，且不是文件夹。",
        "Check that the path exists, may be written, and is no folder.",
    ),
    "json_form": (
        "文件不是所要的 JSON。",
        "The file is not the JSON that is asked for.",
        "按 --help 中的说明修改。",
        "Mend it as --help says.",
    ),
    "not_found": (
        "没有这个名称。",
        "Nothing is known by this name.",
        "核对后再试。",
        "Check it and try again.",
    ),
    "simulator_unknown_licence": (
        "模拟器没有为这家主体、这个签署人身份发过电子营业执照。",
        "The simulator has made no e-licence for this enterprise and role.",
        "先运行 yizhao simulator make，或核对统一社会信用代码与 --role。",
        "Run `yizhao simulator make` first, or check the licence number and --role.",
    ),
    "simulator_exists": (
        "这家主体、这个签署人身份已有电子营业执照。",
        "This enterprise and role have an e-licence already.",
        "直接用 yizhao simulator sign 签署。",
        "Sign with `yizhao simulator sign`.",
    ),
    "simulator_licence_number": (
        "统一社会信用代码不对。",
        "The licence number is wrong.",
        "核对 18 位代码与校验位。",
        "Check its 18 characters and the check character.",
    ),
    "simulator_production": (
        "模拟器只用于测试环境。",
        "The simulator is for TEST installations only.",
        "",
        "",
    ),
    "intake_failed": (
        "文件没有导入。",
        "The file was not taken in.",
        "按问题代码修改文件后重新导入。",
        "Mend the file by the problem's code and import it again.",
    ),
}


class LocalRefusal(Exception):
    """Something refused on this machine; `code` is one of the table above, `facts` are safe to show."""

    def __init__(self, code: str, /, **facts: object) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts


def exit_code_of(error: Exception) -> int | None:
    """Say on standard error what an error means and return the exit code; None when it is a fault of ours."""
    from httpx import HTTPError, InvalidURL
    from sqlalchemy.exc import SQLAlchemyError

    from connectors.errors import ConnectorError, SimulatorError
    from hub.client import RefusedError
    from hub.errors import HubError
    from schemas.canonical import CanonicalFormError
    from signing.errors import SigningError

    if isinstance(error, RefusedError):
        _say_problem(error.problem, error.status)
        return REFUSED
    if isinstance(error, (HTTPError, InvalidURL)):
        _say(
            "连接不上。 The hub cannot be reached.", "unreachable", {"kind": type(error).__name__},
            "核对 --url，并确认 yizhao serve 在运行。 Check --url, and that `yizhao serve` runs.",
        )  # fmt: skip
        return UNREACHABLE
    if isinstance(error, (LocalRefusal, HubError)):
        _say_local(error.code, error.facts)
        return REFUSED
    if isinstance(error, SimulatorError):
        _say_local(f"simulator_{error.reason}", {})
        return REFUSED
    if isinstance(error, SQLAlchemyError):
        _say_local("database_unavailable", {"kind": type(error).__name__})
        return REFUSED
    if isinstance(error, (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)):
        _say_local("file_unwritable", {"kind": type(error).__name__})
        return REFUSED
    if isinstance(error, CanonicalFormError):
        _say_local("json_form", {})
        return REFUSED
    if isinstance(error, (SigningError, ConnectorError)):
        _say(f"密钥或签名不成立。 {error}", type(error).__name__, {}, "")
        return REFUSED
    return None


def _say_problem(problem: Mapping[str, Any], status: int) -> None:
    title = f"{problem.get('title', '')} {problem.get('title_en', '')}".strip()
    known = {
        "type",
        "title",
        "title_en",
        "detail",
        "status",
        "code",
        "next_step",
        "next_step_en",
        "trace_id",
        "problems",
    }
    facts = {name: value for name, value in problem.items() if name not in known}
    next_step = f"{problem.get('next_step', '')} {problem.get('next_step_en', '')}".strip()
    _say(title or str(status), str(problem.get("code", status)), facts, next_step)
    for each in problem.get("problems", ()):
        member = each.get("member") or each.get("field")
        rule = each.get("rule_zh", "")
        print(f"  · {member}: {each.get('rule')} {rule}", file=sys.stderr)
    if problem.get("trace_id"):
        print(f"  追踪号 trace: {problem['trace_id']}", file=sys.stderr)


def _say_local(code: str, facts: Mapping[str, object]) -> None:
    zh, en, next_zh, next_en = _LOCAL.get(code, ("没有完成。", "Not done.", "", ""))
    _say(f"{zh} {en}", code, facts, f"{next_zh} {next_en}".strip())


def _say(title: str, code: str, facts: Mapping[str, object], next_step: str) -> None:
    print(f"✕ {title}", file=sys.stderr)
    shown = "".join(f" {name}={value}" for name, value in facts.items() if value is not None)
    print(f"  代码 code: {code}{shown}", file=sys.stderr)
    if next_step:
        print(f"  下一步 next: {next_step}", file=sys.stderr)
