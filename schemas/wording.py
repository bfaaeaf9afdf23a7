"""What the hub says to people about a verdict: one plain sentence per reason, in Chinese and English.

Chinese comes first and prevails. Every page, the command line and the API take their words from here; a test holds
this table against every reason the verdict can give.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Wording:
    zh: str
    en: str


OUTCOMES: Mapping[str, Wording] = {
    "valid": Wording("有效", "Valid"),
    "not_valid": Wording("无效", "Not valid"),
    "suspended": Wording("暂停使用", "Suspended"),
    "unknown": Wording("暂时无法确认", "Cannot be confirmed now"),
}

COPY_STATES: Mapping[str, Wording] = {
    "in_use": Wording("真实的加注件，在使用期限内", "A genuine copy, within its term"),
    "ended": Wording("真实的加注件，已过使用期限", "A genuine copy, past its term"),
    "taken_back": Wording("真实的加注件，授权已收回", "A genuine copy; the authorisation was taken back"),
    "erased": Wording("真实的加注件，所载内容已依法删除", "A genuine copy; what it shows was erased by law"),
    "unknown": Wording("暂时无法确认", "Cannot be confirmed now"),
}
"""How a printed copy (加注件) stands now."""

REASONS: Mapping[str, Wording] = {
    "good": Wording("登记在册，在有效期内。", "On record and within its period of validity."),
    "good_by_list": Wording(
        "按状态列表登记在册，在有效期内；持证主体的营业执照是否仍有效，脱机无法核对。",
        "On record by the status list and within its period; whether the holder's business licence still stands "
        "cannot be checked offline.",
    ),
    "good_no_end": Wording("登记在册，长期有效。", "On record; it has no end date."),
    "expired": Wording("有效期已过。", "Its period of validity has ended."),
    "not_yet_valid": Wording("尚未到生效日期。", "Its period of validity has not begun."),
    "suspended": Wording(
        "颁发机构已暂扣，暂扣期间不能使用。", "The issuing body has suspended it; it may not be used meanwhile."
    ),
    "suspension_past": Wording(
        "暂扣期限已过，颁发机构尚未办理恢复。",
        "The suspension's last day has passed; the issuing body has not reinstated it yet.",
    ),
    "withdrawn": Wording(
        "颁发机构已撤回：依据或条件发生变化，自撤回之日起不再有效。",
        "The issuing body withdrew it because its conditions changed; it does not count from that day on.",
    ),
    "annulled": Wording(
        "颁发机构已撤销：当初不应准予，不能作为凭据。",
        "The issuing body annulled it: it should not have been given in the first place.",
    ),
    "stripped": Wording(
        "已被吊销：因违法行为受到处罚，不得再使用。",
        "It was stripped as a penalty for an offence; it may no longer be used.",
    ),
    "cancelled": Wording("已注销，不再有效。", "It has been cancelled and no longer counts."),
    "superseded": Wording(
        "已有新版本，本版本不再使用。", "A newer version has replaced it; this version is no longer used."
    ),
    "voided": Wording("误录作废，从未生效。", "It was recorded by mistake and never took effect."),
    "renewal_deemed": Wording(
        "有效（延续审查中）：已在期限内提出延续申请，颁发机构尚未作出决定，依法视为准予延续。",
        "Valid while its renewal is examined: the renewal was filed in time and is not decided, so by law it is deemed "
        "renewed.",
    ),
    "renewal_undecided": Wording(
        "有效期已过，延续申请已受理，颁发机构逾期未作决定，请向颁发机构确认。",
        "Its period has ended; a renewal was accepted and the issuing body has not decided it in time. Ask it.",
    ),
    "renewal_accepted": Wording("已受理延续申请。", "An application to renew it has been accepted."),
    "renewal_refused": Wording(
        "颁发机构已决定不予延续，有效期届满后不再有效。",
        "The issuing body has refused to renew it; it does not count after its last day.",
    ),
    "business_halted": Wording(
        "持证主体被责令停产停业，期间不能凭此证照经营。",
        "The holder was ordered to halt business; the certificate may not be used meanwhile.",
    ),
    "frozen": Wording(
        "有机关要求协助冻结：冻结期间不得转让、变更或注销，不影响其效力。",
        "An authority has had it frozen: it may not be transferred, changed or cancelled meanwhile; it still counts.",
    ),
    "execution_stayed": Wording(
        "有机关决定停止执行针对此证照的处理决定，请向颁发机构确认。",
        "An authority has stayed the execution of a decision about this certificate; ask the issuing body.",
    ),
    "history_not_public": Wording(
        "当时的状态不公开，无法答复。",
        "The state of that time is not public, so it cannot be told.",
    ),
    "licence_suspended": Wording("持证主体的营业执照已被暂扣。", "The holder's business licence is suspended."),
    "licence_term_ended": Wording(
        "持证主体营业执照上的营业期限已过，请向登记机关确认。",
        "The operating term on the holder's business licence has ended; ask the registry.",
    ),
    "licence_withdrawn": Wording("持证主体的营业执照已被撤回。", "The holder's business licence has been withdrawn."),
    "licence_annulled": Wording("持证主体的设立登记已被撤销。", "The holder's registration has been annulled."),
    "licence_stripped": Wording("持证主体的营业执照已被吊销。", "The holder's business licence has been stripped."),
    "licence_cancelled": Wording("持证主体已注销。", "The holder has been deregistered."),
    "licence_dormant": Wording(
        "持证主体已办理歇业，证照本身不受影响。",
        "The holder has registered as dormant (歇业); that takes nothing from its certificates.",
    ),
    "licence_abnormal": Wording(
        "持证主体已被列入经营异常名录，证照本身不受影响。",
        "The holder is on the list of abnormal operations; that takes nothing from its certificates.",
    ),
    "licence_moved_out": Wording(
        "持证主体的登记已迁出本市，请向迁入地登记机关和颁发机构确认。",
        "The holder's registration has moved out of the city; ask the registry it moved to and the issuing body.",
    ),
    "licence_succeeded": Wording(
        "持证主体已由其他主体承继，证照待变更，请向颁发机构确认。",
        "Another enterprise has succeeded the holder and the certificate is still to be changed; ask the issuing body.",
    ),
    "licence_not_recorded": Wording(
        "本平台没有持证主体营业执照的数据，不代表无照。",
        "This hub holds no data on the holder's business licence; that does not mean there is none.",
    ),
    "source_stale": Wording(
        "数据来自公示归集，来源久未更新，暂时无法确认；不代表无证。",
        "The data were collected from publication and the source has not been heard for too long; that does not mean "
        "there is no permit.",
    ),
    "seal_broken": Wording("文件被改动过，请勿采用。", "The file has been altered; do not rely on it."),
    "seal_unlisted": Wording(
        "签章者不在受信任名单中，请勿采用。", "Whoever sealed this is not on the trust list; do not rely on it."
    ),
    "seal_ended": Wording("签章证书已到期。", "The seal's cert has ended."),
    "seal_revoked": Wording("签章证书已被吊销。", "The seal's cert was revoked."),
    "seal_time_proven": Wording(
        "签章证书已失效；第三方的时间证明，签章早于失效。",
        "The seal's cert counts no more; a time told by others proves that it sealed before.",
    ),
    "seal_time_unproven": Wording(
        "签章证书已失效，没有第三方的时间证明签章早于失效，暂时无法确认，请向颁发机构核实。",
        "The seal's cert counts no more and no time told by others proves that it sealed before; ask the issuing body.",
    ),
    "cert_other": Wording(
        "文件所附的签章证书与信任列表所列的不同，暂时无法确认。",
        "The seal's cert in the file is another than the listed one; it cannot be confirmed now.",
    ),
    "trust_list_missing": Wording("没有可用的信任列表，暂时无法确认。", "No usable trust list is at hand."),
    "statement_missing": Wording("没有找到颁发机构的签名指令。", "The issuing body's signed order was not found."),
    "collected": Wording(
        "公示归集数据，未经颁发机构电子签章。",
        "Collected from publication; the issuing body has not sealed it electronically.",
    ),
    "status_unknown": Wording("暂时查不到登记状态，不代表无证。", "Its present status is not known here."),
    "status_as_signed": Wording(
        "签章真实；状态以签章或交付时为准，此后情况未知，请联网核验。",
        "Sealed correctly; the status is as signed at sealing or delivery and unknown since. Verify online.",
    ),
    "answer_as_signed": Wording(
        "签章真实，是本平台当时的答复；只说明当时的情况，此后如何没有再问。",
        "Signed by this hub: what it answered then. It says what was true at that time; nobody has asked since.",
    ),
    "answer_not_recorded": Wording(
        "签章真实，但登记簿中没有这一答复，请勿采用。",
        "The signature is genuine, but the registry holds no such answer; do not rely on it.",
    ),
    "note_missing": Wording(
        "签章真实，但未出示持有依据（交付单）。",
        "The seal is genuine; the right to hold it is not shown (no delivery note).",
    ),
    "note_broken": Wording(
        "交付单与文件不符，请勿采用。", "The delivery note does not match this file; do not rely on it."
    ),
    "note_ended": Wording("加注件已过使用期限。", "The copy's period of use has ended."),
    "content_erased": Wording(
        "签章真实，确由本平台制发；其中有内容已依法从登记簿删除，本平台不再提供这份文件。",
        "The seal is genuine and this hub made it; something it shows has since been erased from the registry by law, "
        "and this file is no longer handed out.",
    ),
    "record_not_issued": Wording(
        "签章真实，但登记簿中没有这份证照，请勿采用。",
        "The seal is genuine but the registry holds no such certificate.",
    ),
    "not_issued_file": Wording(
        "签章真实，但不是登记簿颁发的那一份文件，请勿采用。",
        "The seal is genuine, but this is not the file that the registry issued; do not rely on it.",
    ),
    "record_malformed": Wording(
        "签章真实，但内容不是完整的证照数据，请勿采用。",
        "The seal is genuine, but what it covers is not a whole certificate; do not rely on it.",
    ),
    "own_document": Wording(
        "证照文件与纸质证照一样，由持证人自行出示。",
        "A certificate’s own document is shown by its holder, as paper is.",
    ),
    "existing_document": Wording(
        "存量文件：与颁发机构提交收存时逐字节一致，当时已核验其签章。",
        "A file from before this hub: byte for byte as the issuing body handed it in, its seal verified then.",
    ),
    "record_not_shown": Wording(
        "只出示了交付单，没有出示证照数据。", "Only the delivery note is shown, without the certificate itself."
    ),
    "status_ended": Wording(
        "状态列表显示：已不再有效（撤回、撤销、吊销、注销或作废）。",
        "The status list says that it no longer counts (withdrawn, annulled, stripped, cancelled or voided).",
    ),
    "public_only": Wording("只含公开内容，任何人都可以持有。", "It shows only what is public, which anybody may hold."),
    "age_unknown": Wording("数据来源的更新时间未知。", "It is not known when the source was last heard."),
    "store_rolled_back": Wording(
        "登记数据已回退到较早的时点，正在恢复，暂时无法确认；不代表无证。",
        "The register was set back to an earlier moment and is being recovered; nothing can be confirmed until then. "
        "That does not mean there is no permit.",
    ),
    "store_recovered": Wording(
        "登记数据曾回退并已恢复，其间丢失的办理事项尚在核对，暂时无法确认；不代表无证。",
        "The register was set back and has been recovered; what was lost in between is still being checked, and "
        "nothing can be confirmed until then. That does not mean there is no permit.",
    ),
    "act_lost": Wording(
        "登记数据曾回退，这份证照其间的一项办理尚待颁发机构补办，暂时无法确认；不代表无证。",
        "The register was set back, and an act on this certificate was lost with it; nothing can be confirmed until "
        "its issuing body has ordered it again. That does not mean there is no permit.",
    ),
    "recovered": Wording(
        "登记数据曾回退并已恢复，其间丢失的办理事项已核对完毕。",
        "The register was once set back and recovered; what was lost in between has been checked.",
    ),
    "log_silent": Wording(
        "存证日志暂停更新，期间不办理新的签发与调取。",
        "The evidence log is not being written at the moment; nothing is issued or handed over until it is.",
    ),
    "log_key_revoked": Wording(
        "存证日志正在更换签名，期间不办理新的签发与调取。",
        "The evidence log is changing to its next key; nothing is issued or handed over until it has.",
    ),
    "check_missing": Wording("有一项必要的核验未能完成。", "A required check could not be completed."),
}

CHECKS: Mapping[str, Wording] = {
    "seal": Wording("电子签章", "Electronic seal"),
    "trust": Wording("签章者受信任", "Sealer on the trust list"),
    "statement": Wording("颁发机构指令", "Issuing body's order"),
    "status": Wording("登记状态", "Status in the registry"),
    "dates": Wording("有效期", "Period of validity"),
    "licence": Wording("营业执照状态", "Holder's business licence"),
    "data_age": Wording("数据新鲜度", "Age of the data"),
    "right_to_hold": Wording("持有依据", "Right to hold"),
    "annotations": Wording("标注", "Notes"),
    "log": Wording("存证日志", "Evidence log"),
    "proven_time": Wording("签章时间证明", "Proven time of sealing"),
}

RESULTS: Mapping[str, Wording] = {
    "passed": Wording("通过", "passed"),
    "failed": Wording("不通过", "failed"),
    "suspended": Wording("暂停", "suspended"),
    "unknown": Wording("无法确认", "not known"),
    "not_possible": Wording("此处无法核验", "not possible here"),
}

STATUSES: Mapping[str, Wording] = {
    "valid": Wording("有效", "valid"),
    "suspended": Wording("暂扣", "suspended"),
    "withdrawn": Wording("撤回", "withdrawn"),
    "annulled": Wording("撤销", "annulled"),
    "stripped": Wording("吊销", "stripped"),
    "cancelled": Wording("注销", "cancelled"),
    "superseded": Wording("已换发", "superseded"),
    "voided": Wording("误录作废", "voided"),
}

ACTS: Mapping[str, Wording] = {
    "issue": Wording("颁发", "issued"),
    "suspend": Wording("暂扣", "suspended"),
    "reinstate": Wording("恢复", "reinstated"),
    "withdraw": Wording("撤回", "withdrawn"),
    "annul": Wording("撤销", "annulled"),
    "strip": Wording("吊销", "stripped"),
    "cancel": Wording("注销", "cancelled"),
    "supersede": Wording("换发新证", "replaced by a new version"),
    "void": Wording("误录作废", "voided as recorded by mistake"),
    "undo": Wording("撤销前项误办", "the act before was taken back"),
}

ANNOTATIONS: Mapping[str, Wording] = {
    "frozen": Wording("冻结", "Frozen"),
    "execution_stayed": Wording("停止执行", "Execution stayed"),
    "business_halted": Wording("责令停产停业", "Business halted"),
    "renewal_accepted": Wording("延续已受理", "Renewal accepted"),
    "renewal_refused": Wording("不予延续", "Renewal refused"),
    "dormant": Wording("歇业", "Dormant"),
    "abnormal": Wording("列入经营异常名录", "On the list of abnormal operations"),
    "moved_out": Wording("迁出", "Moved out of the city"),
}

AUTHORITIES: Mapping[str, Wording] = {
    "successor": Wording("由承继原颁发机构的机构作出", "by the body that took over from the issuing body"),
    "superior": Wording("由上级机构作出", "by the issuing body's superior"),
    "delegator": Wording("由委托颁发的机构作出", "by the body that had delegated the issuing"),
}

MISSING: Mapping[str, Wording] = {
    "never_held": Wording(
        "该类证照已全部收录，未见该主体持有。",
        "This type is held here completely, and no such certificate is on record.",
    ),
    "not_collected": Wording(
        "本平台尚未全部收录该类证照，未收录不代表未持证。",
        "This type is not held here completely; that none is found does not mean that there is none.",
    ),
    "suspended": Wording("持有，但在暂扣期间。", "It is held, but suspended."),
    "not_valid": Wording("有登记，但现不具效力。", "One is on record, but it does not count now."),
    "unknown": Wording(
        "有登记，但暂时无法确认其效力。", "One is on record; whether it counts cannot be confirmed now."
    ),
    "not_covered": Wording("本次调用的依据不包括该类证照。", "The basis of this pull does not cover it."),
    "not_shared": Wording("该类证照不予共享，由持证主体自行提供。", "This type is not shared; its holder hands it in."),
    "paper_only": Wording(
        "没有可替代该材料的证照，须由申请人提供。", "No certificate meets it; the applicant brings it."
    ),
}
"""Why a material of an item is not met by what a pull hands over."""

CAUSES: Mapping[str, Wording] = {
    "renew": Wording("延续", "renewed"),
    "change": Wording("变更", "changed"),
    "correct": Wording("更正", "corrected: the version before held a clerk's error"),
    "reissue": Wording("补发", "issued again: the version before was lost"),
    "exchange": Wording("换发", "exchanged"),
}

RELATIONS: Mapping[str, Wording] = {
    "branch": Wording("分支机构", "branch"),
    "conversion": Wording("个体工商户转型为企业", "conversion of a self-employed business into a company"),
    "absorption": Wording("吸收合并", "merger by absorption"),
    "merger": Wording("新设合并", "merger into a new company"),
    "split": Wording("解散分立", "division, the company before being dissolved"),
    "spin_off": Wording("派生分立", "division, the company before living on"),
}

FLAGS: Mapping[str, Wording] = {
    "commitment": Wording(
        "以告知承诺方式办理：持证主体已书面承诺符合条件。",
        "Given on the holder's written word that it meets the conditions (告知承诺).",
    ),
    "deferred": Wording("容缺受理：部分材料尚待补交。", "Given while some material is still to come (容缺受理)."),
}

PREDICATE_KINDS: Mapping[str, Wording] = {
    "valid_on": Wording("在这一天有效", "valid on this day"),
    "field_equals": Wording("等于", "equals"),
    "area_at_least": Wording("不少于", "is at least"),
    "scope_includes": Wording("包括", "includes"),
}

PREDICATE_ANSWERS: Mapping[str, Wording] = {
    "yes": Wording("是", "yes"),
    "no": Wording("否", "no"),
    "unknown": Wording("无法确认", "not known"),
}

# What a person brings to be verified, by form; the last three never get a verdict.
FORMS: Mapping[str, Wording] = {
    "delivered": Wording("交付的证照文件", "A delivered certificate file"),
    "record": Wording("证照数据", "A certificate record"),
    "pull_answer": Wording("一次调用交付的全部文件", "All files of one pull"),
    "scan_answer": Wording("带签名的查询结果", "A signed answer of a scan"),
    "note": Wording("交付单", "A delivery note"),
    "predicate": Wording("核对判断的签名答复", "A signed answer to a yes-or-no question"),
    "pdf": Wording("PDF 文件", "A PDF"),
    "xml": Wording("XML 文件", "An XML"),
    "picture": Wording("图片", "A picture"),
    "name": Wording("编号或查询码", "A number or code"),
    "unknown_form": Wording("无法识别的内容", "Something that is not recognised"),
}

# Why something gets no verdict.
NOT_READ: Mapping[str, Wording] = {
    "not_ours": Wording(
        "无法识别：不是本平台出具的文件、查询码或编号，或者内容已不完整。这不代表文件无效。",
        "Not recognised: it is no file, code or number of this hub, or it is no longer whole. This says nothing "
        "about its validity.",
    ),
    "empty": Wording("没有内容可核验。", "There is nothing to verify."),
    "too_large": Wording(
        "文件过大（PDF、XML、图片不超过 20 MB，其他不超过 2 MB），请只上传本平台出具的文件。",
        "The file is too large (20 MB for a PDF, XML or picture, 2 MB for others); upload files of this hub only.",
    ),
    "unreadable": Wording(
        "文件无法读取，可能已损坏。这不代表证照无效。",
        "The file cannot be read and may be damaged. This says nothing about the certificate’s validity.",
    ),
    "too_slow": Wording(
        "文件过于复杂，没有在限定时间内读完。", "The file is so involved that it was not read in the time allowed."
    ),
    "picture_too_large": Wording("图片尺寸过大。", "The picture has too many pixels."),
    "no_code": Wording("图片中没有找到二维码。", "No QR code was found in the picture."),
    "other_origin": Wording("这个网址不是本平台的。", "This address is not one of this hub."),
    "number_check": Wording(
        "号码的校验位不对，请核对是否抄录有误。",
        "The number's check character is wrong; see whether it was copied right.",
    ),
    "name": Wording(
        "这是一个编号或查询码，没有签章可核验；请打开它的查询页面查看当前状态。",
        "This is a number or code, with no seal to verify; open its page to see the present state.",
    ),
    "live_code": Wording(
        "这是手机上出示的活码（出示码），没有签章可核验；请在查询页面输入它，看它此刻是否有效、是谁的。",
        "This is a live code, shown on a phone, with no seal to verify; enter it on the page below to see whether it"
        " counts now and whose it is.",
    ),
    "name_not_found": Wording(
        "本平台没有这个证照标识的记录，不代表未持证。",
        "This hub has no record by this identifier; that does not mean there is no permit.",
    ),
}

# What to do next: by reason where one has its own, else by outcome.
NEXT_STEPS: Mapping[str, Wording] = {
    "valid": Wording(
        "可以采用。请核对名称和地址与您面前的单位是否一致。",
        "It can be relied on. Compare name and address with the party before you.",
    ),
    "not_valid": Wording(
        "请勿采用，并请出示人提供现行有效的文件，或向颁发机构询问。",
        "Do not rely on it. Ask whoever showed it for one in force, or ask the issuing body.",
    ),
    "suspended": Wording(
        "暂停期间不能采用。请向颁发机构询问何时恢复。",
        "It does not count meanwhile. Ask the issuing body when it will be reinstated.",
    ),
    "unknown": Wording(
        "暂时不能作出结论。请稍后再试，或向颁发机构询问。",
        "No conclusion can be drawn now. Try again later, or ask the issuing body.",
    ),
    "seal_broken": Wording(
        "请勿采用，并请出示人重新提供原始文件。", "Do not rely on it. Ask whoever showed it for the original file."
    ),
    "good_by_list": Wording(
        "采用前请联网在本平台核验页面再核验一次，以查看营业执照的当前状态。",
        "Before you rely on it verify it once more on this hub's page, online, to see how the business licence stands.",
    ),
    "status_as_signed": Wording(
        "请联网在本平台核验页面重新核验，以查看当前状态。",
        "Verify it again on this hub's page, online, to see its present state.",
    ),
    "status_unknown": Wording(
        "请联网在本平台核验页面重新核验，以查看当前状态。",
        "Verify it again on this hub's page, online, to see its present state.",
    ),
    "seal_time_unproven": Wording(
        "颁发机构可能已重新签章。请打开证照的查询页面（或扫描证照上的二维码）查看现状，并请出示人提供重新签章的文件；"
        "仍有疑问，请向颁发机构询问。",
        "Its issuing body may have sealed it again. Open the certificate's page (or scan its code) to see how it "
        "stands, ask whoever showed this for the file that was sealed again, and ask the issuing body where a doubt "
        "remains.",
    ),
    "answer_as_signed": Wording(
        "需要知道现在的情况，请用证部门按原事项再核对一次。",
        "To know how it is now the requesting department asks again, for the same item.",
    ),
    "note_missing": Wording(
        "请出示人提供连同交付单的完整文件。", "Ask whoever showed it for the whole file with its delivery note."
    ),
    "note_ended": Wording(
        "请用证部门重新调用，取得新的文件。", "The requesting department can pull it again for a new file."
    ),
    "content_erased": Wording(
        "请向出示人或颁发机构索取新的文件；状态以查询页面为准。",
        "Ask for a new file; how the certificate stands is told on its own page.",
    ),
    "record_not_shown": Wording(
        "请出示人提供连同证照数据的完整文件。", "Ask whoever showed it for the whole file with the certificate in it."
    ),
    "name": Wording("打开查询页面。", "Open its page."),
    "picture": Wording(
        "请靠近二维码重拍，或只截取二维码部分上传；也可以直接扫描二维码。",
        "Photograph the code from nearer, or crop the picture to it; or simply scan the code.",
    ),
    "unknown_form": Wording(
        "请上传收到的原始文件，或粘贴完整的查询码、证照标识、统一社会信用代码。",
        "Upload the file as you received it, or paste a whole code, certificate identifier or licence number.",
    ),
}

NOTICES: Mapping[str, Wording] = {
    "licence_ended": Wording("营业执照已终止，其许可待处理", "The business licence ended: decide on its permits"),
    "licence_ended_told": Wording("用过其证照的主体，营业执照已终止", "The licence of a holder you asked about ended"),
    "licence_goes_on_told": Wording("此前告知的营业执照终止已撤销", "The licence of a holder you asked about goes on"),
    "certificate_wrong": Wording("调用过的证照有误", "A certificate you pulled proved wrong"),
    "certificate_right_again": Wording("此前告知有误的证照已恢复", "A certificate told as wrong is right again"),
    "to_be_changed": Wording("证照待办理变更", "Certificates wait to be changed"),
    "penalty": Wording("处罚决定待落实到证照", "A penalty waits to be carried out on a certificate"),
    "conflict": Wording("数据冲突待处理", "Records conflict: decide which holds"),
    "unclassified": Wording("归集数据待归类", "Collected records wait to be classified"),
    "correction_asked": Wording("校核申请", "A correction is asked for"),
    "renewal_to_decide": Wording("延续申请待决定", "A renewal waits to be decided"),
    "annotated": Wording("证照被标注", "A certificate was annotated"),
    "published_late": Wording("公示迟于法定期限", "Something was published late"),
    "material_issued": Wording("容缺材料已颁发", "A material that was to follow was issued"),
    "visitor_report": Wording("扫码的人反映有误", "A visitor reported something wrong"),
    "access_disputed": Wording("持证主体对一次访问有异议", "The holder disputes an access"),
    "decision_disputed": Wording("持证主体对决定有异议", "The holder disputes a decision"),
    "window_refused": Wording("持证主体投诉窗口不予受理", "The holder says a window refused it"),
    "seal_compromised": Wording(
        "签章失信，证照待重新签章", "A seal counts no more: certificates wait to be sealed again"
    ),
    "sharing_asked": Wording("共享申请待答复", "Sharing is asked for"),
    "sharing_answered": Wording("共享申请已答复", "Your sharing request was answered"),
    "sharing_silent": Wording("数源部门逾期未答复", "A provider did not answer in time"),
    "sharing_to_confirm": Wording("共享规则年度确认", "A line of the sharing table waits for its yearly word"),
    "pull_to_review": Wording("依职能调用待复核", "A pull by law waits to be reviewed"),
    "pull_not_justified": Wording("本部门一次调用经复核不成立", "A pull of yours was found not justified"),
}
"""What a department is told, and its tasks."""

SHARING_STATES: Mapping[str, Wording] = {
    "asked": Wording("待答复", "waits for its providers"),
    "approved": Wording("已同意", "approved"),
    "refused": Wording("不同意", "refused"),
    "ended": Wording("已终止", "ended"),
}
"""How a version of a line of the sharing table stands."""

SHARING_CLASSES: Mapping[str, Wording] = {
    "unconditional": Wording("无条件共享", "shared without conditions"),
    "conditional": Wording("有条件共享", "shared under conditions"),
}
"""What a line of the sharing table may be asked as."""

ORDERS_GIVEN: Mapping[str, Wording] = {
    "issue": Wording("颁发证照", "issued a certificate"),
    "change_status": Wording("变更证照状态", "changed a status"),
    "import": Wording("批量导入", "imported a file"),
    "undo_import": Wording("撤销整批导入", "undid an import"),
    "pull": Wording("调用证照", "pulled certificates"),
    "compare": Wording("比对", "compared values"),
    "ask_predicate": Wording("核对判断", "asked a question"),
    "pull_batch": Wording("批量调用", "pulled by a file"),
    "cancel_batch": Wording("取消批量调用", "cancelled a file of pulls"),
    "answer_task": Wording("办结待办", "answered a task"),
    "ask_correction": Wording("申请校核", "asked for a correction"),
    "answer_share": Wording("答复共享申请", "answered a sharing request"),
    "answer_review": Wording("答复调用复核", "answered a review"),
    "share": Wording("申请共享", "asked for sharing"),
    "annotate": Wording("标注证照", "annotated a certificate"),
    "relate": Wording("登记主体关系", "related two enterprises"),
    "register": Wording("登记场所或设备", "registered a site or device"),
    "retire": Wording("停用并更换查询码", "retired a reference"),
    "erase": Wording("删除字段", "erased a field"),
    "renew_key": Wording("更换系统密钥", "renewed a system’s key"),
    "redeem": Wording("核销出示码", "redeemed a presentation"),
    "request_grant": Wording("申请授权", "asked for a grant"),
    "witness_grant": Wording("见证书面授权", "witnessed a paper grant"),
    "end_all": Wording("窗口收回授权", "ended all grants at a window"),
    "defer": Wording("推迟展示访问记录", "deferred lines of a ledger"),
    "take_in": Wording("收存存量文件", "took in an existing document"),
    "reseal": Wording("重新签章", "sealed again"),
}
"""What a department ordered, told to itself."""

COMMON_FIELDS: Mapping[str, Wording] = {
    "certificate_number": Wording("证照编号", "Certificate number"),
    "holder_name": Wording("持证主体", "Holder"),
    "holder_address": Wording("地址", "Address"),
    "issuing_body_name": Wording("颁发机构", "Issuing body"),
}
"""What every certificate tells beside the fields of its type (`schemas/fields.py`)."""


def sealed_again(day: date) -> Wording:
    """Return what to do with a file whose seal is in doubt when its certificate has been sealed again since."""
    return Wording(
        f"这份证照已于 {day.year}年{day.month}月{day.day}日重新签章，这份文件是此前的，请勿采用。"
        "请打开下面的页面查看证照现状，并请持证主体提供重新签章的文件。",
        f"This certificate was sealed again on {day.isoformat()}; this file is from before, do not rely on it. Open "
        "the page below to see how the certificate stands, and ask its holder for the file that was sealed again.",
    )
