"""What the hub says when something is not done: a row per stable code, in Chinese and English, with the next step.

Chinese comes first and prevails. A row never holds a value; what is safe to name (field, rule, identifier) is added by
`hub/web/problems.py`. A test holds this table against every code the hub can raise.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One problem: its HTTP status, what happened and what to do next, in both languages."""

    status: int
    zh: str
    en: str
    next_zh: str
    next_en: str


_ASK_OPERATOR = ("请联系平台运营方。", "Ask the operator of the hub.")
_NEW_STATEMENT = (
    "请用本系统登记的密钥重新签署一份指令后再提交。",
    "Sign a new statement with the key enrolled for this system and send it again.",
)
_NEW_APPROVAL = (
    "请由该人员用本人密钥对这份变更重新签名（平台页面，或 yizhao approve）。",
    "Have that person sign this change anew with the key of his own (at the hub's page, or `yizhao approve`).",
)
_RETRY = ("请稍后用同一幂等键重试。", "Try again in a moment with the same idempotency key.")
_NEW_DRAFT = (
    "请重新起草，由持证主体用电子营业执照签署原文，不作任何改动。",
    "Draft it again and have the enterprise sign the text with its electronic business licence, unchanged.",
)

ACCESS: Mapping[str, Row] = {
    "unsupported_grant_type": Row(
        400, "只支持 client_credentials 方式取得令牌。", "Only the client_credentials grant is supported.",
        "请按接口说明改用 client_credentials。", "Use client_credentials as the API description says.",
    ),
    "invalid_client": Row(
        401, "无法确认是哪个业务系统在请求，或该系统已停用。",
        "The calling system could not be confirmed, or is inactive.",
        "请核对系统编码、登记的密钥和客户端断言；每份断言只能用一次。",
        "Check the system code, the enrolled key and the client assertion; each assertion counts once.",
    ),
    "invalid_dpop_proof": Row(
        401, "DPoP 证明无效：与密钥、令牌、方法或地址不符，已过时，或已用过。",
        "The DPoP proof is not good: of another key, token, method or address, too old, or used before.",
        "请为每次请求新做一份证明，并核对本机时钟。", "Make a new proof for each request and check your clock.",
    ),
    "invalid_token": Row(
        401, "访问令牌无效或已到期。", "The access token is not good or has ended.",
        "请重新取得令牌。", "Get a new token.",
    ),
    "session_missing": Row(
        401, "请先登录。", "Sign in first.",
        "请登录后继续；已填写的内容不会丢失。", "Sign in and go on; nothing you typed is lost.",
    ),
    "session_ended": Row(
        401, "登录已过期或已退出。", "The session has ended.",
        "请重新登录后继续；已填写的内容不会丢失。", "Sign in again and go on; nothing you typed is lost.",
    ),
    "form_foreign": Row(
        403, "这次提交不是从本平台刚打开的页面发出的，没有办理。",
        "This was not sent from a page of this hub that you have open; nothing was done.",
        "请核对所填内容，在本页重新提交。", "Check what it says, and send it again from this page.",
    ),
    "sign_in_refused": Row(
        401, "编号、密码或动态码不对，没有登录。", "Number, password or code is not right; nobody was signed in.",
        "请核对后重试；动态码每 30 秒更换，用过的不能再用。连续多次不对会暂时锁定。",
        "Check them and try again; the code changes every 30 seconds and counts once. Too many misses lock you out.",
    ),
    "account_locked": Row(
        423, "多次登录不成功，帐户已暂时锁定。", "Too many wrong sign-ins: the account is locked for a while.",
        "请过一刻钟再试；如不是本人所为，请告知运营方重新发放开户码。",
        "Try again in a quarter of an hour; if that was not you, ask the operator for a new opening code.",
    ),
    "sign_in_elsewhere": Row(
        403, "本平台的编号和密码登录已经停用。", "Signing in by number and password is switched off here.",
        "请用页面上的统一身份认证登录。", "Sign in with the city's sign-in that the page shows.",
    ),
    "provider_away": Row(
        503, "统一身份认证现在不能用，没有登录。", "The city's sign-in cannot be used now; nobody was signed in.",
        "请稍后再试；急办业务请联系平台运营方。", "Try again in a moment; if it is urgent, ask the operator.",
    ),
    "provider_answer": Row(
        422, "这次登录不是从这个浏览器刚刚发起的，已过时，或已用过，没有登录。",
        "This sign-in was not begun in this browser a moment ago, or it was used; nobody was signed in.",
        "请在本页重新登录。", "Begin again on this page.",
    ),
    "provider_declined": Row(
        422, "统一身份认证没有让您登录，或您取消了登录。",
        "The city's sign-in did not let you in, or you cancelled it.",
        "请在本页重新登录；仍不能登录时，请联系统一身份认证的管理员。",
        "Begin again on this page; if it fails again, ask those who run the city's sign-in.",
    ),
    "provider_token": Row(
        422, "统一身份认证的回复不符合约定，没有登录。",
        "What the city's sign-in said is not as it must be; nobody was signed in.",
        "请重新登录；仍不能登录时，请告知平台运营方。", "Begin again; if it fails again, tell the operator of the hub.",
    ),
    "provider_stranger": Row(
        403, "您的身份已确认，但本平台没有登记您为经办人，或您已停用。",
        "You are who you say, but no officer of the hub is enrolled under that account, or he left.",
        "请由本部门向平台运营方登记您的帐号。", "Have your department ask the operator to enrol your account.",
    ),
    "provider_needs_app": Row(
        403, "还需要动态码，但您还没有在本平台绑定手机应用。",
        "The code of an app is needed as well, and you have bound none at the hub.",
        "请向运营方领取开户码，先开户绑定手机应用，再登录。",
        "Get an opening code from the operator, open your account with it, and sign in again.",
    ),
    "account_code": Row(
        403, "开户码不对，已用过或已过期。", "The opening code is not right, was used, or has ended.",
        "请核对编号和开户码，或请运营方重新发放。", "Check number and code, or ask the operator for a new one.",
    ),
    "password_form": Row(
        422, "这个密码太短、太简单或含有编号。", "The password is too short, too plain, or holds the number.",
        "请用 12 至 128 个字符，例如几个不相干的词。", "Use 12 to 128 characters, such as a few unrelated words.",
    ),
    "passwords_differ": Row(
        422, "两次输入的密码不一样。", "The two passwords differ.",
        "请重新输入两次相同的密码。", "Type the same password twice.",
    ),
    "app_code": Row(
        422, "手机应用显示的动态码不对。", "The code of the app is not right.",
        "请等应用显示下一个动态码后输入，并核对手机的时间。",
        "Wait for the app's next code, and check the phone's clock.",
    ),
    "terminal_proof": Row(
        403, "没有确认这台电脑是窗口终端。", "This browser did not show that it is a terminal.",
        "请刷新页面后重试，并核对本机时间。", "Load the page again, and check this machine's clock.",
    ),
    "terminal_unknown": Row(
        403, "这台电脑还不是本部门的窗口终端。", "This browser is not a terminal of your department.",
        "请把页面上的登记申请交给运营方；登记后再点一次。",
        "Give the request on the page to the operator; press again once it is enrolled.",
    ),
    "person_duty": Row(
        403, "您的职责不办理此类变更。", "Your duty makes no such change.",
        "请由系统管理员或安全管理员办理。", "Have a system or a security administrator do it.",
    ),
    "person_unknown": Row(
        403, "这个浏览器还没有登记为您签署。", "This browser is not enrolled to sign for you.",
        "请把页面上的登记申请交给运营方；登记后再点一次。",
        "Give the request on the page to the operator; press again once it is enrolled.",
    ),
    "person_key_elsewhere": Row(
        409, "您的签名密钥由命令行保管，不能改存到浏览器。", "Your key lies in the key folder, not in a browser.",
        "请用 yizhao approve 签名；或另行登记一名在浏览器签名的人员。",
        "Sign with `yizhao approve`, or have another person enrolled, who signs in a browser.",
    ),
    "terminal_missing": Row(
        403, "这台电脑没有登记为窗口终端，只能查看，不能办理。",
        "This browser is not a terminal: you can read here, and order nothing.",
        "请先登记为窗口终端，再提交一次；已填写的内容不会丢失。",
        "Have it enrolled as a terminal, then send it again; nothing you typed is lost.",
    ),
    "terminal_elsewhere": Row(
        403, "窗口终端只在本平台的页面上办理，不能调用接口。",
        "A terminal orders on the pages of the hub alone and calls no other door.",
        "请用业务系统自己的密钥调用接口。", "Call the API with the key of a business system.",
    ),
    "order_foreign": Row(
        403, "签署的内容不是由当前登录的经办人在这台终端上签署的，没有办理。",
        "This was not signed at this terminal by the officer who is signed in; nothing was done.",
        "请从头再办一次。", "Begin the act again.",
    ),
    "token_missing": Row(
        401, "请求没有带访问令牌。", "The request bears no access token.",
        "请先取得令牌，并以 Authorization: DPoP 方式携带。", "Get a token and send it as Authorization: DPoP.",
    ),
    "sign_ins_busy": Row(
        503, "同时取得令牌的请求过多，请稍后再试。", "Too many systems are signing in at once; try again in a moment.",
        "请按 Retry-After 所示的秒数等待后重新申请；令牌到期前请重复使用。",
        "Wait as many seconds as Retry-After says and ask again; use a token until it ends.",
    ),
    "role_missing": Row(
        403, "本系统没有办理此事的权限。", "This system may not use this door.",
        "请由本部门向平台运营方申请相应权限。", "Have your department ask the operator for the role.",
    ),
    "sandbox_only": Row(
        403, "沙箱系统只能颁发、变更、调用和比对沙箱主体的证照。",
        "A system of the sandbox issues, changes, pulls and compares for holders of the sandbox, and nothing else.",
        "请使用取得试用系统时给出的主体代码；正式接入请联系平台运营方。",
        "Use the holder that came with the system; to take part in earnest, ask the operator.",
    ),
    "sandbox_busy": Row(
        429, "今天沙箱的使用次数已到上限。", "The sandbox has been used as often as it may be for now.",
        "请稍后或明天再试。", "Try again later, or tomorrow.",
    ),
    "sandbox_absent": Row(
        404, "本平台没有沙箱。", "This hub has no sandbox.",
        "沙箱只在装入演示数据的测试平台上提供。", "Only a TEST hub with the demonstration has one.",
    ),
    "operator_only": Row(
        403, "这些页面只给平台运营方的人员看。", "These pages are for the operator's officers.",
        "本部门的指标请看 /department/figures。", "Your department's figures stand at /department/figures.",
    ),
    "idempotency_key_missing": Row(
        400, "缺少幂等键，或其格式不对（8 至 128 个可见 ASCII 字符）。",
        "The idempotency key is missing or of a wrong form (8 to 128 printable ASCII characters).",
        "请为每件事生成一个 Idempotency-Key，重试时保持不变。",
        "Make one Idempotency-Key per act and keep it when you try again.",
    ),
}  # fmt: skip

STATEMENTS: Mapping[str, Row] = {
    "statement_key": Row(
        403, "指令不是由本系统登记的密钥签署的，或已被改动。",
        "The statement is not signed by this system's enrolled key, or has been altered.", *_NEW_STATEMENT,
    ),
    "statement_form": Row(
        400, "指令的格式不对。", "The statement cannot be read.",
        "请按接口说明的指令格式重新签署。", "Sign it again in the form that the API description gives.",
    ),
    "statement_act": Row(
        403, "指令写的是另一种行为。", "The statement orders another act.", *_NEW_STATEMENT,
    ),
    "statement_audience": Row(
        403, "指令不是写给本平台的。", "The statement is not for this hub.",
        "请以本平台的公开地址为受众重新签署。", "Sign it again with this hub's public origin as audience.",
    ),
    "statement_system": Row(
        403, "指令写的是另一个业务系统。", "The statement names another system.", *_NEW_STATEMENT,
    ),
    "statement_officer": Row(
        403, "指令所写的经办人不存在、已停用，或不属于本部门。",
        "The officer named in the statement is unknown, inactive, or of another department.",
        "请改由本部门在册的经办人办理。", "Name an active officer of your own department.",
    ),
    "statement_duty": Row(
        403, "经办人的职责不包括这件事。", "The officer's duty does not cover this act.",
        "请由有此职责的经办人办理；职责由平台运营方登记。",
        "Have an officer with the duty order it; the operator records who has which.",
    ),
    "duty_missing": Row(
        403, "您的职责或这台终端的权限不包括这个页面。",
        "Your duty, or this terminal's rights, do not cover this page.",
        "请由有此职责的经办人办理；职责和终端权限由平台运营方登记。",
        "Have an officer with the duty see to it; the operator records duties and what terminals may do.",
    ),
    "statement_time": Row(
        403, "指令的签署时间不在允许范围内。", "The statement was not signed just now.",
        "请校准本机时钟，重新签署。", "Set your clock and sign again.",
    ),
    "statement_content": Row(
        403, "提交的内容与指令所签的摘要不符。", "The content is not what the statement binds.",
        "请对实际提交的内容重新签署指令。", "Sign a statement over exactly the content you send.",
    ),
    "statement_body": Row(
        403, "指令签的是另一个颁发机构。", "The statement is for another issuing body.",
        "请核对颁发机构后重新签署。", "Check the issuing body and sign again.",
    ),
    "statement_replayed": Row(
        409, "这份指令已经用过，每份指令只办一件事。", "This statement was used before; each counts once.",
        "如需重试，请带原幂等键提交原指令；如为新事项，请签署新指令。",
        "To repeat the same act send it with its idempotency key; for a new act sign a new statement.",
    ),
}  # fmt: skip

APPROVALS: Mapping[str, Row] = {
    "approval_key": Row(
        403, "审批签名不是由该人员登记的本人密钥签署的，或已被改动。",
        "The approval is not signed by the key that the officer is enrolled with, or has been altered.", *_NEW_APPROVAL,
    ),
    "approval_form": Row(
        400, "审批签名的格式不对。", "The approval cannot be read.", *_NEW_APPROVAL,
    ),
    "approval_act": Row(
        403, "审批签名签的是另一种变更，或此事不需要审批签名。",
        "The approval is of another kind of change, or this act takes none.", *_NEW_APPROVAL,
    ),
    "approval_audience": Row(
        403, "审批签名不是写给本平台的。", "The approval is not for this hub.", *_NEW_APPROVAL,
    ),
    "approval_time": Row(
        403, "审批签名已过期，或签署时间在将来。", "The approval is too old, or of the future.", *_NEW_APPROVAL,
    ),
    "approval_content": Row(
        403, "审批签名签的不是这份内容。", "The approval is over another content.",
        "请由两名人员对同一份变更内容（含同一盐值）签名后重新提交。",
        "Have both persons sign the same change, with the same salt, and send it again.",
    ),
    "approval_officer": Row(
        403, "审批签名的人员不存在、已停用、没有登记本人密钥、刚被变更，或不属于有权审批的部门。",
        "The person who approved is unknown, inactive, without a key, was changed just now, or is of a department that "
        "has no say in this.",
        "请改由有权部门在册且登记了密钥的人员签名。",
        "Have an active person with a key, of the right department, sign.",
    ),
    "approval_duty": Row(
        403, "审批签名所写的职责不是该人员登记的职责，或该职责无权审批此类变更。",
        "The approval names another duty than the person's, or one that has no say in such a change.",
        "请由系统管理员和安全管理员分别签名。", "Have a person of each of the two duties sign.",
    ),
    "approval_replayed": Row(
        409, "这份审批签名已经用过，每份只用于一次变更。", "This approval was used before; each counts once.",
        *_NEW_APPROVAL,
    ),
    "approvals_needed": Row(
        403, "此项变更须由两名不同职责的人员各自签名。", "Two persons of different duties have to sign this change.",
        "请由系统管理员和安全管理员各签一份（平台页面，或 yizhao approve 后随指令一并提交）。",
        "Have a system and a security administrator each sign: at the hub's page, or by `yizhao approve`.",
    ),
    "approval_own": Row(
        403, "不得审批涉及本人的变更。", "Nobody approves a change of himself.",
        "请由另外两名人员签名。", "Have two other persons sign.",
    ),
    "approval_same_person": Row(
        403, "两份审批签名出自同一人。", "Both approvals are by one person.",
        "请换另一名不同职责的人员签第二份。", "Have another person, of another duty, make the second.",
    ),
    "approval_same_duty": Row(
        403, "两份审批签名的人员职责相同。", "Both approvals are by persons of one duty.",
        "请由系统管理员和安全管理员各签一份。", "Have one person of each of the two duties sign.",
    ),
    "last_of_duty": Row(
        409, "该人员是本部门唯一承担此职责的人，不能停用或改任。",
        "This is the department's only person with that duty, who cannot be switched off or given another.",
        "请先登记接任人员，再变更此人。", "Enrol the successor first, then change this one.",
    ),
}  # fmt: skip

ORDERS: Mapping[str, Row] = {
    "fields_wrong": Row(
        422, "有内容不符合要求，问题逐项列出。", "Some members break their rules; each is listed.",
        "请按所列字段与规则更正后重新提交。", "Mend the members named and send it again.",
    ),
    "type_unknown": Row(
        422, "目录中没有这种证照，或没有这个版本。", "The catalogue has no such certificate type or version.",
        "请查看 /api/v1/catalogue 中的证照类型编码。", "See the codes at /api/v1/catalogue.",
    ),
    "transition_not_allowed": Row(
        409, "证照现在的状态不允许这样变更。", "The certificate's present status does not allow this change.",
        "请先查询证照现状，再选择允许的行为。", "Look up the certificate and choose an act that its status allows.",
    ),
    "body_unknown": Row(
        422, "没有登记这个颁发机构。", "No such issuing body is enrolled.",
        "请核对颁发机构代码，或请运营方登记。", "Check its code, or have the operator enrol it.",
    ),
    "system_unknown": Row(
        422, "没有登记这个业务系统。", "No such system is enrolled.",
        "请核对系统代号，或请运营方登记。", "Check its code, or have the operator enrol it.",
    ),
    "body_not_yours": Row(
        403, "该颁发机构不属于本部门。", "That issuing body is of another department.",
        "请由该机构所属部门办理。", "Its own department must order this.",
    ),
    "body_not_in_charge": Row(
        403, "该机构不主管这项证照，或今天已不主管。", "That body is not in charge of this certificate today.",
        "请由主管机构、其承继机构或上级机构办理。",
        "The body in charge, its successor or its superior must order this.",
    ),
    "already_erased": Row(
        409, "这份证照的这项内容此前已经删除。", "That field of this certificate was erased before.",
        "无需再办。", "There is nothing more to do.",
    ),
    "field_not_held": Row(
        409, "这份证照没有这项内容。", "This certificate does not hold that field.",
        "请核对字段名和证照标识。", "Check the field's name and the identifier.",
    ),
    "import_under_way": Row(
        409, "这份证照所在的文件还在导入，导入结束后才能删除。",
        "The file that this certificate came in is still being read; it can be erased once that is done.",
        "请在导入结束后重试。", "Try again when the import has ended.",
    ),
    "second_officer_needed": Row(
        403, "此事须由两名经办人共同签署。", "Two officers have to sign this.",
        "请由本部门或上级部门的另一名经办人对同一内容签署指令，一并提交。",
        "Have another officer of your department, or of the superior's, sign a statement over the same content.",
    ),
    "second_officer_same": Row(
        403, "两份指令由同一名经办人签署。", "Both statements name the same officer.",
        "请换另一名经办人签署第二份指令。", "Have another person sign the second statement.",
    ),
    "rate_needs_second": Row(
        429, "该机构一小时内的单件指令已超过限额，超出部分须由两名经办人共同签署。",
        "That body has given more single orders this hour than one officer may sign for.",
        "请由第二名经办人共同签署，或改用批量文件。", "Have a second officer sign too, or hand in a file.",
    ),
    "nothing_to_reseal": Row(
        409, "没有证照因这把密钥待重新签章。", "No certificate waits to be sealed again because of this key.",
        "请核对密钥标识；已重新签章的无须再办。", "Check the key id; what was sealed again needs nothing more.",
    ),
    "not_to_reseal": Row(
        409, "所列证照中有一张不因这把密钥存疑，不得重新签章。",
        "One of the certificates is not in doubt because of this key and is not sealed again.",
        "请从清单中去掉这一张，或不列清单、按密钥办理。", "Take it off the list, or name the key alone.",
    ),
    "joint_body_silent": Row(
        403, "有联合颁发机构没有共同签署。", "A joint issuing body has not signed.",
        "请由每个联合颁发机构所属部门的业务系统对同一内容签署指令，一并提交。",
        "Have a system of each joint body's department sign a statement over the same content.",
    ),
    "out_of_order": Row(
        409, "该行为的生效日早于已登记的上一项行为，先后颠倒。",
        "This act would work from a day before that of the act recorded last.",
        "请核对生效日；如上一项登记有误，请先撤销该项误办。",
        "Check the day it works from; if the act before is wrong, undo that one first.",
    ),
    "undo_not_last": Row(
        409, "只能撤销该证照最近一项尚未撤销的行为。", "Only the last act that still counts can be undone.",
        "请从最近一项开始逐项撤销。", "Undo them one by one, the last one first.",
    ),
    "undo_not_possible": Row(
        409, "换发和误录作废不能撤销。", "Replacing and voiding cannot be undone.",
        "换发有误的，请将新证误录作废；作废有误的，请重新颁发。",
        "Void the new version if it was a mistake; issue anew what was voided by mistake.",
    ),
    "not_current": Row(
        409, "这不是该证照的现行版本。", "This is not the current version of the certificate.",
        "请对现行版本办理。", "Order it for the current version.",
    ),
    "licence_not_recorded": Row(
        404, "本平台没有该主体的营业执照，无从确认由哪个机构办理。",
        "This hub holds no business licence of that enterprise, so no body is in charge of its code.",
        "请先由登记机关颁发或导入营业执照。", "Have its registry issue or import the business licence first.",
    ),
    "reference_not_current": Row(
        409, "这不是该主体现行的查询码。", "That is not the enterprise's present reference.",
        "请先查询现行查询码；要停用的码如已更换过，则无需再办。",
        "Look up the present one; where the one to retire was replaced before there is nothing more to do.",
    ),
    "type_not_required": Row(
        409, "这种证照在决定之日已不再需要，或已改为备案。",
        "On the day of the decision this type was required no more, or had become a filing.",
        "请查看目录中该类型的说明；改为备案的请办理备案类型。",
        "See what the catalogue says of the type; where it became a filing, issue that.",
    ),
    "subject_unknown": Row(
        422, "没有登记这个场所或设备编号，或它已停用。", "No such site or device is registered, or it has ended.",
        "请先登记场所或设备，或核对编号。", "Register the site or device first, or check its id.",
    ),
    "device_elsewhere": Row(
        409, "该设备已在另一本有效证照上登记，一台设备不能同在两处。",
        "Another certificate that has not ended is about this device; a device is in one place.",
        "设备易主的，请以 replaces 指明原证照办理变更；否则请核对设备编号。",
        "If it changed hands name the certificate before in `replaces`; otherwise check the device's id.",
    ),
    "annotation_kind": Row(
        422, "标注的种类不对。", "The kind of the annotation is wrong.",
        "请按接口说明选择标注种类。", "Choose one of the kinds that the API description gives.",
    ),
    "annotation_only_licence": Row(
        422, "这种标注只能加在营业执照上。", "This kind of annotation stands on business licences only.",
        "请对营业执照办理。", "Order it for the business licence.",
    ),
    "annotation_there": Row(
        409, "已有同一标注且尚未解除。", "The same annotation is there and has not been lifted.",
        "如需更改，请先解除原标注。", "Lift the one that is there first.",
    ),
    "annotation_not_found": Row(
        404, "该证照没有这项标注。", "The certificate has no such annotation.",
        "请核对原标注的 act_id。", "Check the act_id of the annotation.",
    ),
    "annotation_lifted": Row(
        409, "该标注已经解除。", "The annotation has been lifted before.",
        "无须再办。", "Nothing is left to do.",
    ),
    "renewal_not_possible": Row(
        409, "该证照不能受理延续：没有届满日、已届满或已终止。",
        "A renewal cannot be accepted: the certificate has no last day, is past it, or has ended.",
        "请核对证照；已届满的须重新申请。", "Check the certificate; past its last day it is applied for anew.",
    ),
    "renewal_not_filed": Row(
        409, "没有登记过延续受理，不能登记不予延续。", "No renewal was accepted that could be refused.",
        "请先登记延续受理。", "Record that the renewal was accepted first.",
    ),
    "penalty_not_found": Row(
        404, "该证照没有这项处罚。", "The certificate has no such penalty.",
        "请核对处罚行为的 act_id。", "Check the act_id of the penalty.",
    ),
    "penalty_repaired": Row(
        409, "该处罚已登记信用修复。", "The repair of this penalty is recorded already.",
        "无须再办。", "Nothing is left to do.",
    ),
    "enterprise_not_found": Row(
        404, "没有登记这个市场主体。", "No such enterprise is recorded.",
        "请核对统一社会信用代码，或先登记主体或为其颁发营业执照。",
        "Check the licence number, or enrol the enterprise or issue its business licence first.",
    ),
    "relation_not_found": Row(
        404, "没有这项主体关系。", "There is no such relation.",
        "请核对双方代码和关系种类。", "Check both licence numbers and the kind.",
    ),
    "relation_itself": Row(
        422, "主体不能与自己合并、承继或隶属。", "An enterprise cannot merge with, succeed or belong to itself.",
        "请核对双方的统一社会信用代码。", "Check the two licence numbers.",
    ),
    "relation_there": Row(
        409, "该关系已经登记。", "That relation is recorded already.", "无须再办。", "Nothing is left to do.",
    ),
    "relation_two_successors": Row(
        409, "该主体已有承继者，除解散分立外只能有一个。",
        "The enterprise has a successor already; only a division leaves more than one.",
        "请核对；原登记有误的，请先终止原关系。", "Check; if the one recorded is wrong, end that relation first.",
    ),
    "relation_two_parents": Row(
        409, "该分支机构已有所属主体。", "The branch belongs to a parent already.",
        "请先终止原隶属关系。", "End the relation to its present parent first.",
    ),
    "relation_ring": Row(
        409, "承继或隶属关系不能首尾相接。", "Enterprises cannot succeed, or belong to, one another in a ring.",
        "请核对双方的先后或上下。", "Check which of the two comes first.",
    ),
    "subject_registered": Row(
        409, "该场所或设备编号已经登记。", "That site or device id is registered already.",
        "请直接使用该编号；易主的请登记移交。", "Use that id; if it changed hands order that it is handed on.",
    ),
    "subject_not_found": Row(
        404, "没有这个场所或设备编号。", "There is no site or device with that id.",
        "请核对编号和种类。", "Check the id and whether it is a site or a device.",
    ),
    "subject_ended": Row(
        409, "该场所或设备已停用。", "That site or device has ended.",
        "请登记新的场所或设备。", "Register a new one.",
    ),
    "figure_not_found": Row(
        404, "没有这项指标，或没有这一页、这一期。", "There is no such figure, page or period.",
        "请从指标页重新进入。", "Begin again from the page of figures.",
    ),
    "figure_same": Row(
        409, "这项指标已经是这个数值。", "The figure has this value already.",
        "请核对要更正的是哪一项；不需要更正就不必再提交。",
        "Check which figure is wrong; this one needs no correction.",
    ),
    "task_not_found": Row(
        404, "没有这项待办，或它不属于本部门。", "There is no such task, or it is another department's.",
        "请核对待办编号。", "Check the number.",
    ),
    "correction_asked": Row(
        409, "贵部门已就这一字段申请校核，颁发机构尚未办结。",
        "Your department has asked to correct this field; its body is not done with that.",
        "请等待办结；期限见待办。", "Wait for the answer; its last day stands in the task.",
    ),
    "task_not_open": Row(
        409, "这项待办已办结，或只是告知。", "The task is done, or it was only a notice.",
        "无须再办。", "Nothing is left to do.",
    ),
    "body_ended": Row(
        403, "该颁发机构已撤并。", "That issuing body is no longer in being.",
        "请由承继机构办理。", "Its successor must order this.",
    ),
    "number_taken": Row(
        409, "该证照编号已用于另一份证照。", "That certificate number belongs to another certificate.",
        "如为换证或变更，请注明所替代的证照标识；否则请核对编号。",
        "To renew or change it, name the identifier it replaces; otherwise check the number.",
    ),
    "decision_in_future": Row(
        422, "决定、发证或文书的日期晚于今天。", "The date of the decision, issue or document lies in the future.",
        "请核对日期。", "Check the date.",
    ),
    "versions_used_up": Row(
        409, "该证照已有 999 个版本，不能再换发。", "This certificate has 999 versions; no number is left.",
        "请注销后以新的证照编号颁发。", "Cancel it and issue one under a new certificate number.",
    ),
    "previous_unknown": Row(
        404, "找不到要替代的证照。", "The certificate to be replaced is not known here.",
        "请核对所替代的证照标识。", "Check the identifier it replaces.",
    ),
    "previous_of_another": Row(
        409, "要替代的证照属于另一主体或另一类型。", "The certificate to be replaced is of another holder or type.",
        "请核对所替代的证照标识。", "Check the identifier it replaces.",
    ),
    "previous_not_current": Row(
        409, "要替代的证照已不是最新版本。", "The certificate to be replaced is not the newest version.",
        "请查询最新版本的证照标识。", "Look up the identifier of the newest version.",
    ),
    "chain_busy": Row(
        409, "这份证照的另一次换发正在办理。", "Another renewal of this certificate is under way.",
        "请稍后查询结果，再决定是否重新提交。", "Look up the result in a moment before you send it again.",
    ),
    "act_under_way": Row(409, "这件事正在办理。", "This act is under way.", *_RETRY),
    "key_conflict": Row(
        409, "这个幂等键已用于另一份请求。", "This idempotency key belongs to another request.",
        "请为新的事项使用新的幂等键。", "Use a new key for a new act.",
    ),
    "cursor_form": Row(
        400, "游标的格式不对。", "That is no cursor of the change feed.",
        "请使用上一页给出的游标；首次查询可不带游标，或写 now。",
        "Send the cursor of the page before; the first time send none, or now.",
    ),
    "cursor_other_log": Row(
        409, "这个游标不是本平台存证日志的。", "That cursor is of another hub's log.",
        "请核对平台地址；如无本平台的游标，请从头查询。",
        "Check the hub's address; without a cursor of this hub begin anew.",
    ),
    "cursor_recovered": Row(
        410, "这个游标早于一次数据恢复，不能接着用：其间的变更可能已经丢失。",
        "That cursor is from before a recovery of the store and goes no further: changes of that time may be lost.",
        "请以 now 取得新的游标，并重新调用仍在使用的证照。",
        "Take a new cursor with now, and pull again the certificates still in use.",
    ),
    "cursor_ahead": Row(
        409, "这个游标超出了存证日志现有的长度。", "That cursor lies beyond the end of the log.",
        "请核对游标；确属本平台给出的，请立即告知运营方。",
        "Check it; if this hub gave it out, tell the operator at once.",
    ),
    "works_from_future": Row(
        422, "生效日期还没有到。", "The day from which it works is still to come.",
        "请在生效当日或之后提交。", "Send it on that day or later.",
    ),
    "certificate_not_found": Row(
        404, "找不到这份证照。", "No certificate is known by that identifier.",
        "请核对证照标识。", "Check the identifier.",
    ),
    "item_not_yours": Row(
        403, "事项由另一部门实施，本系统不能登记。", "The item is another department's; this system may not put it.",
        "请由实施部门或平台运营方登记。", "Have the item's department or the operator put it.",
    ),
    "difference_changed": Row(
        409, "登记内容与试运行时看到的差异已不相同。", "What this would change is no longer what the dry run showed.",
        "请重新试运行，核对差异后再提交。", "Do the dry run again, look at the difference and send it with that one.",
    ),
    "sheet_unreadable": Row(
        422, "表格文件无法读取。", "The sheet cannot be read.",
        "请提交 CSV（UTF-8 或 GB 18030）或 XLSX 文件，第一行为列名。",
        "Send CSV (UTF-8 or GB 18030) or XLSX whose first row names the columns.",
    ),
    "department_unknown": Row(
        422, "没有登记这个部门。", "No such department is enrolled.",
        "请先登记部门。", "Enrol the department first.",
    ),
    "key_enrolled": Row(
        409, "这个密钥已经登记过。", "That key is enrolled already, for this system or another.",
        "请为每个系统、每次更换使用新的密钥。", "Give each system a key of its own, and a new one each time.",
    ),
    "parked_too_many": Row(
        429, "本部门待会签的事项已达上限。", "As many orders of the department wait for a second officer as may.",
        "请先会签或撤下已有的事项。", "Countersign or take back some of them first.",
    ),
    "change_file_form": Row(
        422, "这不是本平台的变更文件，或所示差异与内容不符。",
        "This is no change file of this hub, or it does not show what it changes.",
        "请用 yizhao 命令的 --draft 重新写出。", "Write it again with the command's --draft.",
    ),
    "parked_not_found": Row(
        404, "没有这份待会签的事项，或已过期、已办结。", "No such order waits for a second officer, or it is over.",
        "请回到待会签列表查看。", "Look at the list of those that wait.",
    ),
    "officer_unknown": Row(
        404, "没有登记过这个编号的在岗经办人。", "No active officer of that number is enrolled.",
        "请先登记经办人（yizhao enrol officer）。", "Enrol the officer first (yizhao enrol officer).",
    ),
    "identity_taken": Row(
        409, "这个统一身份认证帐号已登记给另一位经办人。", "That account at the provider is another officer's.",
        "请核对帐号；须先从原经办人处撤下，再登记。", "Check the account; take it from the other officer first.",
    ),
    "already_admitted": Row(
        409, "这个代码已经确认过。", "That licence number was admitted before.",
        "无需再次提交。", "There is nothing more to do.",
    ),
}  # fmt: skip

PULLS: Mapping[str, Row] = {
    "request_form": Row(
        422, "请求缺少内容，或内容格式不对。", "A member of the request is missing or of a wrong form.",
        "请按接口说明更正所列内容。", "Mend the members named as the API description says.",
    ),
    "rule_unknown": Row(
        403, "共享目录中没有这条依据，或不属于本部门。",
        "The sharing table has no such line for your department.",
        "请核对依据编号，或请运营方登记共享规则。", "Check the line's code, or have the operator record it.",
    ),
    "rule_not_in_force": Row(
        403, "这条共享依据现在不在有效期内。", "That line of the sharing table is not in force today.",
        "请改用有效的依据。", "Use a basis that is in force.",
    ),
    "rule_not_approved": Row(
        403, "这条共享依据还没有得到数源部门同意。", "The providers have not approved that line of the sharing table.",
        "请等数源部门答复；超期未答复的，平台运营方会督办。",
        "Wait for their answer; past its term the operator follows it up.",
    ),
    "rule_refused": Row(
        403, "数源部门不同意这条共享依据。", "A provider refused that line of the sharing table.",
        "请查看所附理由，修改后重新申请。", "Read the reason, change the line and ask again.",
    ),
    "rule_ended": Row(
        403, "数源部门已终止这条共享依据。", "A provider has ended that line of the sharing table.",
        "如仍需用证，请重新申请，或取得持证主体授权。", "Ask for a new line, or for the enterprise's grant.",
    ),
    "rule_unreviewed": Row(
        403, "这条共享依据未按年复核，已冻结。", "That line missed its yearly review and is frozen.",
        "请数源部门复核确认。", "Have its provider confirm it.",
    ),
    "predicate_not_listed": Row(
        403, "这个事项没有登记这项判断。", "The item lists no such predicate.",
        "请核对判断代号，或请事项的实施部门登记。", "Check its code, or have the item's department list it.",
    ),
    "predicate_argument": Row(
        422, "判断的参数缺少、格式不对，或与事项所定的不同。",
        "The predicate's argument is missing, of a wrong form, or not the one that the item fixes.",
        "请按事项目录填写参数。", "Give the argument as the catalogue of items says.",
    ),
    "cap_reached": Row(
        429, "今日依职能调用已达上限。", "Today's cap of statutory pulls is reached.",
        "请次日再调用；确需提高上限的，请运营方和数源部门调整。",
        "Pull again tomorrow; where the cap is too low, have the operator and the provider raise it.",
    ),
    "case_other_holder": Row(
        403, "这个办件编号已用于另一个主体。", "That case number has been used for another holder.",
        "请核对办件编号和统一社会信用代码。", "Check the case number and the licence number.",
    ),
    "class_stricter": Row(
        403, "这种证照已改为有条件共享，不能按无条件共享调用。",
        "The type is shared under conditions only; the line is an unconditional one.",
        "请按有条件共享重新申请。", "Ask for a line under conditions.",
    ),
    "rule_not_yours": Row(
        403, "共享规则只能由用证部门为自己申请，或由平台运营方登记。",
        "A line of the sharing table is put by its own requester or the operator.",
        "请由用证部门申请。", "Have the requester ask for it.",
    ),
    "rule_conflicts": Row(
        409, "与已有的一条共享规则冲突：同一部门、事项、证照在同一时间已另有类别或字段。",
        "It contradicts another line: same requester, item, type and days, another class or other fields.",
        "请修改或终止所列的那条规则。", "Change or end the line that is named.",
    ),
    "rule_not_found": Row(
        404, "没有这一版共享规则。", "There is no such version of a line.",
        "请核对规则代号和版本。", "Check its code and version.",
    ),
    "provider_only": Row(
        403, "只有数源部门可以答复。", "Only a provider of this line may answer.",
        "请由该证照的主管部门答复。", "Have the department that answers for the type do so.",
    ),
    "answer_officer_needed": Row(
        403, "答复须写明作出决定的人员。", "The answer has to name the person who decides.",
        "请在指令中写明本部门经办人后重新签署。", "Name your officer in the statement and sign again.",
    ),
    "rule_not_waiting": Row(
        409, "这一版规则不在等候本部门答复。", "That version does not wait for your answer.",
        "请核对版本；已同意的规则可以确认或终止。", "Check the version; what stands may be confirmed or ended.",
    ),
    "rule_not_standing": Row(
        409, "这一版规则没有生效，不能确认或终止。", "That version does not stand: there is nothing to confirm or end.",
        "请先同意或不同意。", "Approve or refuse it.",
    ),
    "task_by_order": Row(
        409, "这项待办由专门的指令办结。", "That task is closed by an order of its own.",
        "共享申请与年度复核请用“答复共享申请”，调用复核请用“答复调用复核”。",
        "Answer the line of the sharing table, or the review of the pull.",
    ),
    "officer_needed": Row(
        403, "依职能调用须写明经办人。", "A statutory pull must name its officer.",
        "请在指令中写明本部门经办人后重新签署。", "Name your officer in the statement and sign again.",
    ),
    "item_not_covered": Row(
        403, "依据不包括这个办理事项。", "The basis does not cover this service item.",
        "请核对事项编码，或取得包括该事项的授权。", "Check the item's code, or get a grant that covers it.",
    ),
    "item_not_in_force": Row(
        422, "事项目录中没有这个事项，或今天没有有效的版本。",
        "The catalogue of items has no such item, or no version of it is in force today.",
        "请核对事项编码，或由实施部门、运营方登记该事项；也可在 wanted 中逐一写明证照。",
        "Check the item's code or have it put; or name the certificate types in `wanted`.",
    ),
    "case_not_covered": Row(
        403, "授权书不是为这个案件出具的。", "The grant is for another case.",
        "请核对案件编号，或请持证主体另行授权。", "Check the case number, or ask the enterprise for another grant.",
    ),
    "case_number_form": Row(
        422, "案件编号不符合该事项的编号格式。", "The case number has not the form of this item's numbers.",
        "请填写真实的受理编号。", "Give the number under which the case was accepted.",
    ),
    "code_unknown": Row(
        403, "没有这个出示码。", "There is no such presentation code.",
        "请核对统一社会信用代码和 8 位数字；连续输错会使出示码作废，也会停用本经办人当日的核验。",
        "Check the licence number and the eight digits; wrong ones kill the code, and stop the officer for the day.",
    ),
    "code_killed": Row(
        403, "这个出示码因输错次数过多已经作废。", "This code was killed by too many wrong tries.",
        "请持证主体重新出示。", "Have the enterprise present anew.",
    ),
    "code_redeemed": Row(
        409, "这个出示码已经核验过，每个码只用一次。", "This code was redeemed before; each counts once.",
        "请用已有的核验结果调用证照，或请持证主体重新出示。",
        "Pull with the redemption that was made, or have the enterprise present anew.",
    ),
    "officer_stopped": Row(
        429, "该经办人今天输错次数过多，当日不能再以数字核验。",
        "This officer has tried too many wrong digits today.",
        "请扫描二维码，或改由其他经办人办理。", "Scan the QR, or have another officer see to it today.",
    ),
    "presentation_other_officer": Row(
        403, "这个出示码是由另一名经办人核验的。", "Another officer redeemed this code.",
        "请由核验的经办人调用。", "Have the officer who redeemed it pull.",
    ),
    "presentation_unconfirmed": Row(
        409, "持证主体还没有确认。", "The enterprise has not confirmed yet.",
        "请持证主体在手机上核对窗口和字段并签署确认书。",
        "Have the enterprise read window and fields on its phone, and sign.",
    ),
    "grant_unknown": Row(
        403, "没有这份授权书。", "There is no such grant.",
        "请核对授权书摘要，或请持证主体先提交授权书。",
        "Check its digest, or have the enterprise post the grant first.",
    ),
    "grant_other_requester": Row(
        403, "授权书授权的是另一用证方。", "The grant is for another requester.",
        "请由持证主体另行授权本部门。", "Ask the enterprise to authorise your department.",
    ),
    "grant_other_holder": Row(
        403, "授权书是另一持证主体出具的。", "The grant is another enterprise's.",
        "请核对统一社会信用代码。", "Check the licence number.",
    ),
    "grant_withdrawn": Row(
        403, "持证主体已撤回授权。", "The enterprise has withdrawn the grant.",
        "如仍需用证，请持证主体重新授权。", "If you still need the certificates ask for a new grant.",
    ),
    "grant_signer_revoked": Row(
        403, "签署授权书的电子营业执照已失效。", "The electronic business licence that signed the grant is revoked.",
        "请持证主体用有效的电子营业执照重新授权。", "Ask for a new grant signed with a licence in force.",
    ),
    "grant_pending": Row(
        403, "签署人的电子营业执照状态尚未确认，授权书待生效。",
        "The grant is pending: the status of its signer's electronic business licence is not known yet.",
        "请稍后再试；急需时可由持证主体出具书面授权，到窗口办理。",
        "Try again later; where it cannot wait, the enterprise may bring a paper authorisation to the counter.",
    ),
    "grant_not_begun": Row(
        403, "授权书尚未到生效时间。", "The grant has not begun.",
        "请在授权期间内调用。", "Pull within the grant's term.",
    ),
    "grant_ended": Row(
        403, "授权期限已过。", "The grant has ended.",
        "请持证主体重新授权。", "Ask the enterprise for a new grant.",
    ),
    "grant_used_up": Row(
        403, "授权书的使用次数已用完。", "The grant's uses are used up.",
        "请持证主体重新授权。", "Ask the enterprise for a new grant.",
    ),
    "type_not_covered": Row(
        403, "依据不包括这种证照。", "The basis does not cover this certificate type.",
        "请只调用依据所列的证照。", "Ask only for the types that the basis lists.",
    ),
    "field_not_covered": Row(
        403, "依据不包括所要的字段。", "The basis does not cover a field that was asked for.",
        "请只调用依据所列的字段。", "Ask only for the fields that the basis lists.",
    ),
    "not_shared": Row(
        403, "这种证照不予共享。", "This certificate type is not shared.",
        "请由持证主体自行提供。", "Ask the holder to hand it in.",
    ),
    "pull_lapsed": Row(
        409, "这次调用没有按时完成，已释放所占的次数。",
        "This pull was not finished in time; the use it had reserved was released.",
        "请签署新的指令重新调用。", "Sign a new statement and pull again.",
    ),
    "too_many_misses": Row(
        429, "今日对该主体的比对已多次不符，暂停比对。",
        "Too many comparisons about this enterprise failed today; comparing is stopped.",
        "请核对材料，次日再试，或改用调用。", "Check your material and try again tomorrow, or pull instead.",
    ),
}  # fmt: skip

GRANTS: Mapping[str, Row] = {
    "grant_holder_unknown": Row(
        404, "本平台没有这个市场主体。", "This hub knows no such enterprise.",
        "请核对统一社会信用代码。", "Check the licence number.",
    ),
    "grant_holder_ended": Row(
        409, "该市场主体已由其他主体承继，不能再授权。",
        "Another enterprise took this one's place; it grants nothing more.",
        "请由承继的主体授权。", "Have the successor grant it.",
    ),
    "grant_requester_unknown": Row(
        404, "没有登记这个用证方。", "No such requester is enrolled.",
        "请核对用证方代码。", "Check the requester's licence number.",
    ),
    "grant_certificate_unknown": Row(
        404, "授权书所列的证照不存在，或不属于该主体。",
        "A certificate named in the grant is unknown or not the holder's.",
        "请核对证照标识后重新起草。", "Check the identifiers and draft it again.",
    ),
    "ending_not_found": Row(
        404, "没有这次一键收回的记录。", "There is no such ending.",
        "请从“授权”页面查看现在的授权。", "See on the page of grants how they stand.",
    ),
    "grant_form": Row(
        422, "授权内容有缺项或格式不对。", "A member of the grant breaks its rule.",
        "请更正所列内容后重新起草。", "Mend the member named and draft it again.",
    ),
    "grant_text": Row(
        422, "签署的文字与授权书模板不一致，可能被改动过。",
        "The signed text is not exactly a sentence of this template; it may have been altered.", *_NEW_DRAFT,
    ),
    "grant_nonce": Row(
        422, "文本编号不是本平台出具的，或文字被改动过。",
        "The number of the text was not made by this hub for these words.", *_NEW_DRAFT,
    ),
    "grant_term": Row(
        422, "授权期限已过，或超出允许的最长期限。", "The grant's term has passed or is too long.", *_NEW_DRAFT,
    ),
    "grant_posted": Row(
        409, "这份授权书或撤回书已经提交过。", "This grant or withdrawal was posted before.",
        "可按摘要查询其状态。", "Look up its state by its digest.",
    ),
    "link_text": Row(
        422, "确认的文本不是本平台为这个链接起草的查阅申请书。",
        "What was confirmed is no opening of this link that this hub drafted.",
        "请重新打开链接并登录确认。", "Open the link again, sign in and confirm.",
    ),
    "link_not_found": Row(
        404, "没有这个一次性链接，或授权书还没有提交。", "There is no such link, or its grant was not posted yet.",
        "请核对链接，或请授权方提交授权书。", "Check the link, or have the enterprise post the grant.",
    ),
    "link_killed": Row(
        403, "这个链接被不相关的人多次打开，已经作废。", "Others opened this link too often: it counts no more.",
        "请授权方重新授权。", "Ask the enterprise for a new grant.",
    ),
    "link_stopped": Row(
        429, "今天打开不属于您的链接次数过多。", "You have opened too many links today that were not yours.",
        "请明天再试，并核对链接。", "Try again tomorrow, with the right link.",
    ),
    "person_not_signed_in": Row(
        403, "没有有效的实名登录确认。", "There is no valid proof of a person's sign-in.",
        "请重新登录并确认申请书。", "Sign in again and confirm the text.",
    ),
    "request_not_found": Row(
        404, "没有这个授权请求。", "There is no such request for a grant.",
        "请核对二维码或编号，或请用证方重新提出。", "Check the code, or have the requester ask anew.",
    ),
    "request_ended": Row(
        409, "这个授权请求已过期。", "The request for a grant has ended.",
        "请用证方重新提出。", "Have the requester ask anew.",
    ),
    "request_answered": Row(
        409, "这个主体已经答复过该请求。", "This enterprise has answered the request before.",
        "无须再办。", "Nothing is left to do.",
    ),
    "request_other_holder": Row(
        403, "该请求没有向这个主体提出。", "The request does not ask this enterprise.",
        "请由被请求的主体签署。", "Have an enterprise sign that is asked.",
    ),
    "request_other_grant": Row(
        409, "签署的授权书与请求的内容不符。", "What was signed is not what was asked.",
        "请重新查看请求，原样签署；内容不同意的请拒绝。", "Read the request again and sign it as it is, or refuse it.",
    ),
    "window_other_requester": Row(
        403, "纸质授权书写的是另一个用证方。", "The paper names another requester.",
        "请由授权书写明的部门的两名经办人见证。", "Have two officers of the department that it names witness it.",
    ),
    "template_unknown": Row(
        422, "没有这个授权书模板。", "There is no such template.",
        "请查看 /api/v1/grants/templates。", "See /api/v1/grants/templates.",
    ),
    "role_not_entitled": Row(
        403, "签署人的角色不能办理此事。", "Who signed may not do this in that role.",
        "请由法定代表人或证照管理员签署。", "Have the legal representative or the licence manager sign.",
    ),
    "representative_changed": Row(
        403, "法定代表人已经变更，这是变更之前的电子营业执照。",
        "The legal representative has changed; this e-licence is from before that.",
        "请新任法定代表人重新领取电子营业执照后签署。", "Have the new one get its own e-licence and sign.",
    ),
    "delegation_needed": Row(
        403, "办事人没有这个事项的有效委托。", "The agent holds no delegation in force for this matter.",
        "请法定代表人或证照管理员先签署委托书。", "Have the legal representative or the manager delegate it first.",
    ),
    "delegation_frozen": Row(
        403, "法定代表人已经变更，委托尚未经新任法定代表人确认。",
        "The legal representative has changed and the new one has not confirmed the delegation.",
        "请新任法定代表人签署委托确认书。", "Have the new legal representative sign a confirmation.",
    ),
    "delegation_ends_before": Row(
        403, "授权的期限超过了委托的期限。", "What is given would outlast the delegation.",
        "请缩短授权期限，或重新委托。", "Let it end earlier, or have it delegated for longer.",
    ),
    "delegation_withdrawn": Row(
        403, "该委托已经撤回。", "The delegation has been taken back.",
        "请由法定代表人或证照管理员签署，或重新委托。", "Have the legal representative sign, or delegate anew.",
    ),
    "delegation_not_found": Row(
        404, "没有这份委托书，或它已不能确认。", "There is no such delegation, or it can be confirmed no more.",
        "请核对摘要。", "Check its digest.",
    ),
    "code_form": Row(
        422, "这不是出示码：应为二维码中的文字，或 8 位数字。", "That is no code: it is a QR's text, or eight digits.",
        "请重新扫描或输入。", "Scan or type it again.",
    ),
    "presentation_not_found": Row(
        404, "没有这份出示授权书。", "There is no such presentation.",
        "请核对摘要。", "Check its digest.",
    ),
    "presentation_not_redeemed": Row(
        409, "还没有窗口核验过这个出示码。", "No window has asked with this code yet.",
        "请先向窗口出示二维码或 8 位数字。", "Show the QR or the eight digits at the window first.",
    ),
    "presentation_released": Row(
        409, "这次出示已经确认，或事先写明了用证方。",
        "This was confirmed before, or its requester was named from the start.",
        "无须再办。", "Nothing is left to do.",
    ),
    "grant_not_found": Row(
        404, "没有这份授权书。", "There is no such grant.",
        "请核对授权书摘要。", "Check its digest.",
    ),
    "e_licence_refused": Row(
        422, "电子营业执照的签名或证书未通过核验。",
        "The electronic business licence's signature or cert did not pass.",
        "请持证主体用有效的电子营业执照重新签署。", "Have it signed again with a licence in force.",
    ),
    "e_licence_of_another": Row(
        403, "签名的电子营业执照属于另一市场主体。",
        "The electronic business licence that signed is another enterprise's.",
        "请由授权书写明的持证主体签署。", "The holder named in the text must sign.",
    ),
    "e_licence_revoked": Row(
        403, "签名的电子营业执照已失效。", "The electronic business licence that signed is revoked.",
        "请持证主体重新领取电子营业执照后签署。", "Have the enterprise get a new licence and sign again.",
    ),
}  # fmt: skip

DOCUMENTS: Mapping[str, Row] = {
    "document_not_native": Row(
        409, "这份证照不是由颁发机构在本平台签发的，没有证照文件。",
        "This certificate was not ordered here by its issuing body; there is no document of it.",
        "请向颁发机构申请电子证照。", "Ask its issuing body for an e-certificate.",
    ),
    "document_status": Row(
        409, "这份证照现在不是有效状态，不能出具证照文件。",
        "The certificate is not valid now; no document of it is made or handed out.",
        "请先查询证照现状；如已换发，请下载新证。", "Look the certificate up; if it was replaced fetch the new one.",
    ),
    "document_not_found": Row(
        404, "这次下载或交付中没有这份证照。", "That certificate is not among what may be fetched here.",
        "请核对证照标识。", "Check the identifier.",
    ),
    "glyph_missing": Row(
        409, "证照内容中有一个字，平台的字体里没有，文件没有生成。",
        "No font of the hub has one of the characters; no document was made.",
        "请平台运营方在字体目录中加入含有该字的字体，然后重新下载。",
        "Have the operator add a font with this character to the font folder, then fetch it again.",
    ),
    "document_form": Row(
        409, "证照内容不符合证照文件的元数据规范，文件没有生成。",
        "The certificate's content does not fit the metadata schema of documents; no document was made.",
        "请颁发机构核对并更正证照内容。", "Have its issuing body check and correct the content.",
    ),
    "existing_none": Row(
        404, "这份证照没有存量原件。", "No document of this certificate was taken in.",
        "请下载正本或副本。", "Fetch the original or the duplicate instead.",
    ),
    "existing_damaged": Row(
        409, "所存的存量原件已丢失或损坏，不能重新生成。",
        "The document that was taken in is lost or damaged; it cannot be drawn again.",
        "请颁发机构重新提交原件。", "Have its issuing body send the file again.",
    ),
    "existing_digest": Row(
        422, "提交的文件与指令所写的摘要不符。", "The file is not the one whose digest was signed.",
        "请核对文件后重新签署指令。", "Check the file and sign a new statement.",
    ),
    "existing_seal": Row(
        422, "文件自带的签章未通过核验，没有收存。", "The file's own seal did not pass; it was not taken in.",
        "请提交未改动过、由已配置的证书体系签章的原件。",
        "Send the unaltered original, sealed under one of the anchors that this hub is configured with.",
    ),
    "existing_known": Row(
        409, "这个文件已经收存在一份证照之下（见 identifier）。",
        "This file was taken in before, as a document of a certificate (see identifier).",
        "如果是那份证照的文件，无需再次提交；如果不是，请联系平台运营方。",
        "If it belongs to that certificate there is nothing more to do; if not, ask the operator.",
    ),
    "existing_off": Row(
        503, "平台没有配置存量文件的信任证书。", "The hub is configured with no anchors for existing documents.",
        "请平台运营方配置后再提交。", "Have the operator configure them, then send it again.",
    ),
    "copy_erased": Row(
        410, "这次交付的内容中有一项已依法删除，不再提供加注件。",
        "Something that this delivery gave has been erased by law; its copies are no longer handed out.",
        "如仍需用证，请重新调用。", "If you still need the certificate, pull it again.",
    ),
    "document_holder_erased": Row(
        409, "持证主体名称已依法删除，不能再制作证照文件。",
        "The holder's name has been erased by law; no document can be made any more.",
        "请以查询页面为准，或请颁发机构换发。", "Rely on its page, or have the issuing body issue a new version.",
    ),
    "copy_ended": Row(
        410, "加注件的使用期限已过。", "The copy's term has ended.",
        "如仍需用证，请重新调用。", "If you still need the certificate, pull it again.",
    ),
    "copy_withdrawn": Row(
        410, "持证主体已撤回授权，不再提供加注件。",
        "The holder has withdrawn the grant; its copies are no longer handed out.",
        "如仍需用证，请持证主体重新授权。", "If you still need the certificates ask for a new grant.",
    ),
    "copy_not_delivered": Row(
        404, "这次交付不包括这份证照。", "That certificate was not part of this delivery.",
        "请核对交付单号和证照标识。", "Check the delivery and the identifier.",
    ),
    "delivery_not_found": Row(
        404, "没有这次交付，或不是交付给您的。", "There is no such delivery, or it was not made to you.",
        "请核对交付单号，并以当时的用证方身份下载。", "Check its number and fetch it as the requester it was made to.",
    ),
    "download_not_found": Row(
        404, "没有这次下载，或下载凭据不对。", "There is no such download, or its token is wrong.",
        "请使用申请时得到的下载凭据；遗失的请重新申请。",
        "Use the token that came with the application; if it is lost, apply again.",
    ),
    "download_ended": Row(
        410, "下载时限已过。", "The time to fetch these documents has ended.",
        "请用电子营业执照重新申请下载。", "Apply again with the electronic business licence.",
    ),
    "download_certificate_unknown": Row(
        404, "申请所列的证照不存在，或不属于申请人。",
        "A certificate named in the application is unknown or another's.",
        "请核对证照标识后重新申请。", "Check the identifiers and apply again.",
    ),
    "download_nothing": Row(
        409, "申请人现在没有可下载的有效证照。", "The applicant has no valid certificate to fetch now.",
        "请先查询证照现状。", "Look up your certificates first.",
    ),
    "download_too_many": Row(
        422, "一次下载的证照太多。", "These are too many documents for one download.",
        "请在申请中列明证照标识，分次下载。", "Name the certificates and fetch them in several downloads.",
    ),
    "download_role": Row(
        403, "办事人不能以自己的电子营业执照身份下载证照原件。",
        "An agent's e-licence may not fetch the enterprise's own documents.",
        "请由法定代表人或证照管理员申请下载，或凭授权书取得加注件。",
        "Have the legal representative or licence manager apply, or fetch copies under a grant.",
    ),
    "ledger_not_found": Row(
        404, "没有这次查阅，或查阅凭据不对。", "There is no such reading of a ledger, or its token is wrong.",
        "请使用申请时得到的查阅凭据；遗失的请重新申请。",
        "Use the token that came with the application; if it is lost, apply again.",
    ),
    "ledger_ended": Row(
        410, "查阅时限已过。", "The time to read this ledger has ended.",
        "请用电子营业执照重新申请查阅。", "Apply again with the electronic business licence.",
    ),
    "objection_role": Row(
        403, "办事人只能报告窗口拒收，不能提出其他异议。",
        "An agent's e-licence may report a window, and object to nothing else.",
        "请由法定代表人或证照管理员签署。", "Have the legal representative or licence manager sign.",
    ),
    "objection_not_found": Row(
        404, "没有这件异议，或不由本部门答复。", "There is no such objection, or it is not yours to answer.",
        "请核对待办中的异议编号。", "Check its name in the task.",
    ),
    "objection_about_unknown": Row(
        404, "所指的证照、访问记录或部门不存在，或不属于提出人。",
        "The certificate, line or department named is unknown, or not the enterprise's own.",
        "请在证照或访问记录上直接发起异议；窗口拒收请核对部门和日期。",
        "Object from the certificate or the line itself; of a window check department and day.",
    ),
    "objection_open": Row(
        409, "同一事由的异议正在办理。", "The same objection is being answered.",
        "请等待答复；期限见访问记录中的异议。", "Wait for the answer; its last day stands with the objection.",
    ),
    "objection_nobody": Row(
        422, "作出决定的不是部门，平台无法转交。", "What decided is no department that could answer here.",
        "请改选“不应查询或调取”，由平台运营方处理。", "Choose access_not_allowed: the operator will answer.",
    ),
    "ledger_role": Row(
        403, "办事人不能查阅本主体的全部访问记录。", "An agent's e-licence may not read the enterprise's ledger.",
        "请由法定代表人或证照管理员申请查阅。", "Have the legal representative or licence manager apply.",
    ),
    "application_form": Row(
        422, "申请或格式不对。", "A member of the application breaks its rule.",
        "请更正所列内容后重新起草。", "Mend the member named and draft it again.",
    ),
    "signature_form": Row(
        422, "没有收到完整的签名。", "There was no whole signature.",
        "请在手机（测试环境为本页的模拟器）上重新签署。", "Sign again on the phone (in TEST the simulator here).",
    ),
    "application_text": Row(
        422, "签署的文字与申请书模板不一致，可能被改动过。",
        "The signed text is not exactly an application of this template; it may have been altered.", *_NEW_DRAFT,
    ),
    "application_late": Row(
        422, "申请的签署时间不在允许范围内。", "The application was not signed just now.",
        "请重新起草并立即签署提交。", "Draft it again, sign it and send it at once.",
    ),
    "e_licence_unconfirmed": Row(
        503, "签署人的电子营业执照状态暂时无法确认。",
        "The status of the signer's electronic business licence is not known now.",
        "请稍后再试。", "Try again in a moment.",
    ),
}  # fmt: skip

INTAKES: Mapping[str, Row] = {
    "source_unknown": Row(
        404, "没有登记这个归集来源。", "No such source of collected data is enrolled.",
        "请核对来源编码，或请运营方登记。", "Check its code, or have the operator enrol it.",
    ),
    "intake_not_found": Row(
        404, "没有这次导入，或不属于本部门。", "There is no such import of your department.",
        "请核对导入编号。", "Check the import's name.",
    ),
    "file_received": Row(
        409, "这次导入的文件已经收到。", "The file of this import has been received.",
        "请查询进度；如需另传文件，请签署新的指令。",
        "Look up its progress; for another file sign a new statement.",
    ),
    "intake_not_finished": Row(
        409, "这次导入还没有结束，不能整批撤销。", "This import has not come to its end; it cannot be undone yet.",
        "请等导入结束后，用同一指令再次提交。", "Wait for its end and send the same order again.",
    ),
    "undo_taken_over": Row(
        409, "另一份更晚的指令正在撤销这次导入。", "A later order is undoing this import.",
        "请以更晚的那份指令继续。", "Go on with the later order.",
    ),
    "batch_not_found": Row(
        404, "没有这批调用，或不是本系统提交的。", "There is no such file of pulls of this system.",
        "请核对批次编号，并以提交它的业务系统查询。", "Check its name and ask as the system that ordered it.",
    ),
    "batch_file_received": Row(
        409, "这批调用的文件已经收到，或已取消。", "The file of these pulls has been received, or was cancelled.",
        "请查询进度；如需另传文件，请签署新的指令。",
        "Look up its progress; for another file sign a new statement.",
    ),
    "batch_finished": Row(
        409, "这批调用已经结束，不能取消。", "These pulls have come to their end and cannot be cancelled.",
        "请查询进度并取回结果。", "Look up the progress and fetch the results.",
    ),
    "batch_results_ended": Row(
        410, "这批调用的结果已过保存期。", "The results of these pulls are past their term.",
        "仍需要的，请重新提交。", "Order again what is still needed.",
    ),
    "file_digest": Row(
        422, "文件与指令所签的摘要不符，没有保存。", "The file is not the one that was signed; nothing was kept.",
        "请核对文件是否完整，再次上传。", "Check that the file is whole and send it again.",
    ),
}  # fmt: skip

PUBLIC: Mapping[str, Row] = {
    "copy_unknown": Row(
        404, "没有这个编号的加注件。", "There is no copy with this serial.",
        "请逐位核对编号；确无误的，请勿采信这份加注件。",
        "Compare the serial character by character; if it is right, do not rely on that copy.",
    ),
    "reference_not_found": Row(
        404, "没有找到这个查询码。这不代表没有证照。",
        "Nothing is known by this code. That does not mean that there is no permit.",
        "请重新扫描，或按统一社会信用代码查询。", "Scan again, or search by licence number.",
    ),
    "reference_retired": Row(
        410, "这个查询码已经停用，请勿再以它为准。", "This code was retired; do not rely on it.",
        "请向对方索要现行的查询码，或按统一社会信用代码查询；张贴停用码的，请告知市场监管部门。",
        "Ask for the present code, or search by licence number; tell the market regulator who still shows this one.",
    ),
    "reports_enough": Row(
        409, "已有多人反映同一问题，正在核查。", "Several others have reported the same; it is being looked into.",
        "不必再提交；紧急情况请拨打 12345。", "There is no need to send it again; if it is urgent call 12345.",
    ),
    "reports_full": Row(
        429, "今天收到的反映已达上限。", "No more reports can be taken in today.",
        "请明天再提交；紧急情况请拨打 12345。", "Send it again tomorrow; if it is urgent call 12345.",
    ),
    "report_not_found": Row(
        404, "没有这一访客反映，或不由本部门核查。", "There is no such report, or it is not for this department.",
        "请核对编号；待办见 /api/v1/notices。", "Check its number; tasks are listed at /api/v1/notices.",
    ),
    "kept_not_genuine": Row(
        404, "这份留存的结果不是本平台签发的，或已被改动，请勿采用。",
        "This kept result was not signed by this hub, or was altered; do not rely on it.",
        "请重新扫描证照上的二维码，并重新留存。", "Scan the code on the certificate again and keep the result anew.",
    ),
    "code_not_found": Row(
        404, "本平台没有收录这个代码，不代表未持证。",
        "This hub holds nothing under this code; that does not mean that there is no permit.",
        "请逐位核对，或改用营业执照上的统一社会信用代码。",
        "Check it character by character, or use the licence number on the business licence.",
    ),
    "code_mistyped": Row(
        422, "证照标识的校验位不对，可能输错了一位。",
        "The check character of the certificate identifier is wrong: a character may be mistyped.",
        "请对照证照逐位核对。", "Compare it with the certificate, character by character.",
    ),
    "licence_number_not_found": Row(
        404, "本平台没有收录这个统一社会信用代码，不代表该主体不存在或未持证。",
        "This hub holds nothing under that licence number; that does not mean there is no such enterprise or permit.",
        "请核对代码，或到国家企业信用信息公示系统查询。",
        "Check the number, or ask the national enterprise credit publicity system.",
    ),
    "licence_number_form": Row(
        422, "统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z）。",
        "A licence number has 18 digits or capital letters (no I, O, S, V, Z).",
        "请对照营业执照重新输入。", "Read it again from the business licence.",
    ),
    "licence_number_check": Row(
        422, "统一社会信用代码的校验位不对，可能输错了一位。",
        "A check character of the licence number is wrong: a character may be mistyped.",
        "请对照营业执照逐位核对。", "Compare it with the business licence, character by character.",
    ),
    "predicate_form": Row(
        422, "须指明证照类型（type）和场所或设备编号（subject）。",
        "A certificate type (type) and the id of a site or device (subject) are needed.",
        "类型编码见 /api/v1/catalogue；编号印在场所或设备的查询页上。",
        "Types stand at /api/v1/catalogue; the id stands on the page of the site or device.",
    ),
    "at_form": Row(
        422, "查询日期应为 YYYY-MM-DD，且不晚于今天。", "The day must be YYYY-MM-DD and not after today.",
        "请更正日期后再查。", "Mend the day and ask again.",
    ),
    "search_off": Row(
        403, "按代码查询目前没有开放。", "Searching by licence number is switched off.",
        "请扫描证照上的二维码。", "Scan the code on the certificate.",
    ),
    "too_many_requests": Row(
        429, "查询过于频繁，请稍候。", "Too many requests from this address.",
        "请过一分钟再试。", "Try again in a minute.",
    ),
    "type_not_found": Row(
        404, "目录中没有这种证照，或没有这个版本。", "The catalogue has no such certificate type or version.",
        "请查看 /api/v1/catalogue。", "See /api/v1/catalogue.",
    ),
    "status_list_not_found": Row(
        404, "没有这个状态列表。", "There is no such status list.",
        "请使用证照中写明的列表地址。", "Use the list's address as the certificate names it.",
    ),
    "not_found": Row(
        404, "没有这个页面或接口。", "There is no such page or door.",
        "请从首页进入，或查看接口说明。", "Begin at the start page, or see the API description.",
    ),
    "method_not_allowed": Row(
        405, "这里不支持这种请求方法。", "This door does not answer that method.",
        "请按接口说明使用正确的方法。", "Use the method that the API description names.",
    ),
}  # fmt: skip

BODIES: Mapping[str, Row] = {
    "reader_busy": Row(
        503, "正在核验的文件较多，暂时轮不到。", "Too many files are being verified at this moment.", *_RETRY,
    ),
    "photo_no_code": Row(
        422, "照片里没有读到二维码。", "No QR code could be read in the photograph.",
        "请对准、靠近、避开反光再拍一张（PNG 或 JPEG）；也可以输入统一社会信用代码。",
        "Come closer, avoid glare and take another (PNG or JPEG), or type the licence number.",
    ),
    "body_too_slow": Row(
        408, "提交的内容没有在一分钟内传完。", "The body did not arrive within a minute.",
        "请检查网络后重试。", "Check the connection and send it again.",
    ),
    "body_too_long": Row(
        413, "提交的内容过长。", "The body is too long.",
        "请缩短内容，最多的字节数见 longest；成批数据请用文件导入。",
        "Send less: `longest` says how many bytes are taken; large amounts go by a file import.",
    ),
    "body_malformed": Row(
        400, "提交的内容无法读取：不是规范的 UTF-8 文本，层次过深，或有重名。",
        "The body cannot be read: not proper UTF-8, nested too deep, or a member is named twice.",
        "请检查编码与格式后重新提交。", "Check encoding and form and send it again.",
    ),
    "media_type": Row(
        415, "不支持这种内容类型。", "This media type is not taken here.",
        "请按 expected 所列的类型提交。", "Send the type named in expected.",
    ),
    "object_malformed": Row(
        400, "提交的签名对象无法读取或未通过核验。",
        "A signed object in the request cannot be read or does not verify.",
        "请检查证书、签名与编码后重新提交。", "Check cert, signature and encoding and send it again.",
    ),
}  # fmt: skip

HUB: Mapping[str, Row] = {
    "internal": Row(
        500, "平台出现了意外情况，没有完成这件事。", "Something unexpected happened; the act was not finished.",
        "请带追踪号联系平台运营方。", "Ask the operator and give the trace id.",
    ),
    "sealing_failed": Row(
        503, "签章服务暂时不可用，没有签发。", "Sealing is not available at the moment; nothing was issued.", *_RETRY,
    ),
    "seal_rate_cap": Row(
        503, "签章请求已达速率上限。", "The seal key has reached its rate cap.", *_RETRY,
    ),
    "database_unavailable": Row(
        503, "数据库暂时不可用，没有办理任何事项。", "The database is not available; nothing was done.", *_RETRY,
    ),
    "database_busy": Row(
        503, "数据库繁忙，没有办理任何事项。", "The database is busy; nothing was done.", *_RETRY,
    ),
    "database_closed": Row(
        503, "平台正在停止服务。", "The hub is stopping.", *_RETRY,
    ),
    "database_only_read": Row(
        503, "这个数据库只供读取，不能写入。", "This database is opened for reading only.",
        "请用 yizhao serve 运行平台后再办理。", "Run the hub with yizhao serve, and try again.",
    ),
    "database_unsupported": Row(
        503, "不支持这种数据库。", "This kind of database is not supported.",
        "请改用 SQLite 或 PostgreSQL 15 以上版本。", "Use SQLite, or PostgreSQL 15 or newer.",
    ),
    "database_not_durable": Row(
        503, "数据库不能保证断电不丢数据，平台拒绝运行。",
        "The database would lose acknowledged data in a power cut; the hub refuses to run.",
        "请把数据目录放在本地磁盘上。", "Put the data folder on a local disk.",
    ),
    "documents_unavailable": Row(
        503, "存放证照文件的地方暂时没有应答。", "The place where documents lie does not answer at this moment.",
        "请稍后再试；未完成的文件会自动补做。", "Try again in a moment; documents under way are made by themselves.",
    ),
    "documents_refused": Row(
        503, "存放证照文件的地方拒绝存取。", "The place where documents lie refuses the hub.", *_ASK_OPERATOR,
    ),
    "clock_setting": Row(
        503, "法定期限的一项设置不对。", "A setting of a legal clock is wrong.", *_ASK_OPERATOR,
    ),
    "key_not_rotatable": Row(
        503, "没有这种用途的密钥可更换。", "There is no key of this use to be followed by another.",
        "用途：answers、collected、copies、log、notes、status、tokens，或 seal:机构代码；见 yizhao keys list。",
        "Uses: answers, collected, copies, log, notes, status, tokens, or seal:BODY; see `yizhao keys list`.",
    ),
    "key_not_listed": Row(
        503, "信任列表上没有这把密钥。", "The trust list names no such key.",
        "请用 yizhao keys list 核对，或写出完整的 key id。", "Check `yizhao keys list`, or give the whole key id.",
    ),
    "compromise_future": Row(
        503, "泄露时间晚于现在。", "The moment of the compromise has not come yet.",
        "请核对时间与本机时钟。", "Check the moment and this machine's clock.",
    ),
    "compromise_early": Row(
        503, "泄露时间早于密钥列入信任列表的时间。", "The moment is before the key was first listed.",
        "请改用列入之时或其后的时间。", "Give the moment it was listed, or a later one.",
    ),
    "compromise_later": Row(
        503, "已登记了更早的泄露时间，不能改晚。", "An earlier moment was recorded; it is never moved later.",
        "如需更正，只能改得更早。", "It can only be moved earlier.",
    ),
    "proxy_secret_file": Row(
        503, "反向代理的密钥文件缺失、为空，或其中的密钥不足 32 个字符。",
        "The file of the proxy's secret is missing or empty, or a secret in it is shorter than 32 characters.",
        *_ASK_OPERATOR,
    ),
    "documents_setting": Row(
        503, "证照文件存放处的一项设置缺失或不对。", "A setting of the place where documents lie is missing or wrong.",
        *_ASK_OPERATOR,
    ),
    "seal_not_listed": Row(
        503, "颁发机构的签章证书尚未列入信任列表。", "The issuing body's seal is not in the trust list yet.",
        "请运营方签发下一版信任列表（yizhao keys trust-list）；签发后一秒内生效。",
        "The operator must sign the next trust list (yizhao keys trust-list); it counts within a second.",
    ),
    "log_silent": Row(
        503, "存证日志暂停更新，暂停办理签发、授权与调取；撤销、撤回等照常办理。",
        "The evidence log is not being written; nothing is issued, granted or handed over until it is. "
        "Withdrawals go on.",
        *_RETRY,
    ),
    "log_key_revoked": Row(
        503, "存证日志的密钥已登记泄露，正由下一把密钥续签；期间暂停办理签发、授权与调取，撤销、撤回等照常办理。",
        "The key of the evidence log was found compromised and the next one has yet to sign on; nothing is issued, "
        "granted or handed over until it has. Withdrawals go on.",
        *_RETRY,
    ),
    "store_rolled_back": Row(
        503, "登记数据已回退到较早的时点，正在恢复，暂时无法确认；不代表无证。",
        "The register was set back to an earlier moment and is being recovered; nothing can be confirmed until then. "
        "That does not mean there is no permit.",
        "请稍后再试，或向颁发机构核实。", "Try again later, or ask the issuing body.",
    ),
    "log_damaged": Row(
        503, "存证日志的文件缺失或损坏。", "A file of the evidence log is missing or damaged.", *_ASK_OPERATOR,
    ),
    "log_missing": Row(
        503, "找不到存证日志，平台拒绝运行。", "The evidence log is missing; the hub refuses to run.",
        "请接上原来的日志目录（YIZHAO_LOG）。", "Connect the log folder again (YIZHAO_LOG).",
    ),
    "backup_exists": Row(
        409, "已有这个名称的文件，备份不会覆盖它。", "There is a file of this name; a backup never overwrites one.",
        "请换一个文件名。", "Choose another name.",
    ),
    "backup_damaged": Row(
        409, "备份文件不完整或被改动过，没有恢复。",
        "The backup is not whole or was changed; nothing was restored from it.",
        "请换用另一份备份。", "Use another backup.",
    ),
    "backup_key": Row(
        409, "备份是用另一套密钥加密的。", "The backup is encrypted under other keys.",
        "请用 --keys 指明制作备份时的密钥目录。", "Name the key folder it was made with (--keys).",
    ),
    "backup_other": Row(
        409, "备份属于另一套平台。", "The backup is of another installation.",
        "请核对密钥目录与日志目录，或换用本平台的备份。",
        "Check the key folder and the log folder, or use a backup of this hub.",
    ),
    "backup_version": Row(
        409, "备份由更新的版本制作，本版不能恢复。",
        "The backup was made by a later version; this one cannot restore it.",
        "请用制作备份的版本恢复。", "Restore it with the version that made it.",
    ),
    "data_not_empty": Row(
        409, "数据目录或数据库里已有内容，不会覆盖。",
        "There is something in the data folder or database already; it is never overwritten.",
        "请指定空的数据目录或数据库。", "Name an empty data folder or database.",
    ),
    "store_recovered": Row(
        503, "登记数据曾回退并已恢复，其间丢失的办理事项尚在核对，暂时无法确认；不代表无证。",
        "The register was set back and has been recovered; what was lost in between is still being checked. "
        "That does not mean there is no permit.",
        "请稍后再试，或向颁发机构核实。", "Try again later, or ask the issuing body.",
    ),
    "log_not_found": Row(
        404, "没有这一期日志。",
        "There is no log of this number.",
        "请从 /log/checkpoint 读取当前日志。", "Read the present log at /log/checkpoint.",
    ),
    "not_rolled_back": Row(
        409, "登记数据与存证日志一致，无需恢复。",
        "The data agree with the evidence log; there is nothing to recover.",
        "直接运行 yizhao serve。", "Run `yizhao serve`.",
    ),
    "not_recovered": Row(
        409, "登记数据未曾恢复，没有可补录的事项。",
        "The store was never recovered; there is nothing lost to do again.",
        "数据回退的，先运行 yizhao recover REPORT。", "After a restore run `yizhao recover REPORT` first.",
    ),
    "act_differs": Row(
        409, "交回的材料与日志中丢失的事项不符，或其后已有新的办理，未补录。",
        "What was brought back makes another act than the one that was lost, or others came since: it is not done.",
        "由原办理机构重新下达指令。", "Its body orders it anew.",
    ),
    "drawn_at_random": Row(
        409, "该事项当时生成了随机的编号或查询码，无法原样补录。",
        "That act drew an id or a reference at random, which cannot be told again: it is not done.",
        "由原办理机构重新下达指令。", "Its body orders it anew.",
    ),
    "done_again": Row(
        409, "该事项已经补录。", "That act was done again already.",
        "无需操作。", "Nothing is to be done.",
    ),
    "names_taken": Row(
        409, "该事项的名称或查询码已被其他办理占用，未补录。",
        "A name or reference of that act belongs to another by now: it is not done.",
        "由原办理机构重新下达指令。", "Its body orders it anew.",
    ),
    "record_missing": Row(
        409, "没有交回该证照的数据，未补录。", "The certificate's record was not brought back: it is not issued again.",
        "交回该证照的档案包。", "Bring back its archive package.",
    ),
    "record_not_whole": Row(
        409, "交回的证照数据不完整，或与指令不符，未补录。",
        "The record that was brought back is not whole, or says other than its order: it is not issued again.",
        "交回该证照的档案包。", "Bring back its archive package.",
    ),
    "record_differs": Row(
        409, "交回的证照数据不是该指令所颁发的，未补录。",
        "The record that was brought back is not what its order makes: it is not issued again.",
        "交回该证照的档案包，或重新颁发。", "Bring back its archive package, or issue it anew.",
    ),
    "names_missing": Row(
        409, "没有交回写明查询码的颁发回执，未补录。",
        "The signed receipt that names its references was not brought back: it is not issued again.",
        "交回颁发时收到的回执。", "Bring back the receipt that came with the answer.",
    ),
    "note_differs": Row(
        409, "交回的交付单与该次用证不符，未补录。",
        "The delivery note that was brought back is not of that pull: it is not recorded again.",
        "交回该次交付的证据包。", "Bring back the evidence bundle of that delivery.",
    ),
    "decision_missing": Row(
        409, "这次交付所依据的用证决定还没有补录，未补录。",
        "The decision that this delivery stands on is not here: it is not recorded again.",
        "交回该次交付的证据包。", "Bring back the evidence bundle of that delivery.",
    ),
    "pull_by_item": Row(
        409, "按事项的用证还包含未签名的内容，无法原样补录。",
        "A pull by item asked for more than anybody signed, which cannot be told again: it is not recorded.",
        "由用证方重新调用。", "Its requester asks anew.",
    ),
    "nothing_to_settle": Row(
        409, "没有待核对的恢复。",
        "There is no recovery that is not settled.",
        "无需操作。", "Nothing is to be done.",
    ),
    "hub_running": Row(
        409, "平台仍在运行，或停下不足十秒。",
        "A hub is running, or was stopped less than ten seconds ago.",
        "停下所有平台进程，十秒后再试。", "Stop every process of the hub and try again in ten seconds.",
    ),
    "report_exists": Row(
        409, "已有这个名称的文件，恢复报告不会覆盖它。",
        "There is a file of this name; a report never overwrites one.",
        "请换一个文件名。", "Choose another name.",
    ),
    "log_other": Row(
        503, "日志目录里是另一套平台的存证日志。", "The log folder holds the evidence log of another hub.",
        "请接上原来的日志目录（YIZHAO_LOG）。", "Connect this hub's own log folder (YIZHAO_LOG).",
    ),
    "receipt_not_found": Row(
        404, "没有这个名称的办理事项。", "There is no act of that name.",
        "请使用办理答复中的 act_id。", "Use the act_id of the answer to the act.",
    ),
    "tile_not_found": Row(
        404, "日志里还没有这一块。", "The log has no such tile yet.",
        "请先读取最新的检查点，按它的条目数取块。", "Read the newest checkpoint and ask within its size.",
    ),
    "proof_not_found": Row(
        404, "日志里还没有这一条，不能证明。", "The log has no such leaf or size yet.",
        "请先读取最新的检查点，按它的条目数索取证明。", "Read the newest checkpoint and ask within its size.",
    ),
    "not_cosigned": Row(
        404, "还没有见证者共同附签的检查点。", "No checkpoint has been signed by enough witnesses yet.",
        "请稍后再试，或改取 /log/checkpoint。", "Try again in a moment, or read /log/checkpoint.",
    ),
    "time_not_found": Row(
        404, "日志还没有覆盖这一条的可信时间戳。", "No timestamp covers this leaf of the log yet.",
        "时间戳至少每分钟取得一次，请稍后再试。", "They are had once a minute; try again in a moment.",
    ),
    "oidc_setting": Row(
        503, "统一身份认证的一项设置缺失或不对。", "A setting of the provider of identities is missing or wrong.",
        *_ASK_OPERATOR,
    ),
    "timestamp_setting": Row(
        503, "时间戳服务的一项设置缺失或不对。", "A setting of the timestamp authority is missing or wrong.",
        *_ASK_OPERATOR,
    ),
    "witnesses_setting": Row(
        503, "见证者的设置不对（每项为“地址 公钥”）。", "A witness is not set as it should be (each is URL and key).",
        *_ASK_OPERATOR,
    ),
    "database_not_migrated": Row(
        503, "数据库结构不是最新版本。", "The database is not at the newest revision.",
        "请用 ./scripts/run 启动，它会先行迁移；或换用与数据库相符的版本。",
        "Start it with ./scripts/run, which migrates first, or use the version the database was made with.",
    ),
    "trust_list_ended": Row(
        503, "信任列表已到期，平台暂停办理。", "The trust list has ended; the hub does not act.",
        "请运营方用 yizhao keys trust-list 换发信任列表。", "The operator must renew it with yizhao keys trust-list.",
    ),
    "not_initialised": Row(
        503, "平台尚未初始化。", "The hub has not been initialised.",
        "请先运行 yizhao init。", "Run yizhao init first.",
    ),
    "already_initialised": Row(
        409, "平台已经初始化过。", "The hub has been initialised before.",
        "如需重来，请换一个数据目录。", "To begin anew choose another data folder.",
    ),
    "origin_form": Row(
        422, "公开地址的格式不对（应为 https://主机名，不带路径）。",
        "The public origin is of a wrong form (https://HOST, without a path).",
        "请更正后重新初始化。", "Mend it and initialise again.",
    ),
    "origin_fixed": Row(
        503, "公开地址在初始化时已经固定，不能更改。", "The public origin was fixed at init and cannot change.",
        "请使用初始化时的公开地址。", "Use the origin given at init.",
    ),
    "production_needs_devices": Row(
        503, "正式环境须使用密码设备，不能使用文件密钥。", "Production needs key devices; file keys are TEST only.",
        "请接入密码设备，或以 TEST 环境初始化。", "Connect a device, or initialise a TEST hub.",
    ),
    "types_not_admitted": Row(
        503, "新版本带来的证照类型尚未经两人审批启用。", "Certificate types of this release are not admitted yet.",
        "请核对差异后运行 yizhao admit。", "Read the difference, then run `yizhao admit`.",
    ),
    "type_edited": Row(
        503, "已启用的证照类型文件被改动过。", "The file of a certificate type in use has been edited.",
        "请还原该文件，改动应以新版本提交。", "Restore the file; a change is a new version.",
    ),
    "type_missing": Row(
        503, "已启用的证照类型文件不见了。", "The file of a certificate type in use is gone.",
        "请还原该文件。", "Restore the file.",
    ),
    "keys_missing": Row(503, "找不到密钥目录。", "The key folder is missing.", *_ASK_OPERATOR),
    "keys_exist": Row(
        409, "密钥目录里已有密钥。", "The key folder holds keys already.",
        "请换一个空目录。", "Choose an empty folder.",
    ),
    "key_missing": Row(503, "找不到所需的密钥。", "A key that is needed is missing.", *_ASK_OPERATOR),
    "key_unusable": Row(503, "所需的密钥无法使用。", "A key that is needed cannot be used.", *_ASK_OPERATOR),
    "cert_missing": Row(503, "找不到所需的证书。", "A cert that is needed is missing.", *_ASK_OPERATOR),
}  # fmt: skip

PROBLEMS: Mapping[str, Row] = {
    **ACCESS, **STATEMENTS, **APPROVALS, **ORDERS, **PULLS, **GRANTS, **DOCUMENTS, **INTAKES, **PUBLIC, **BODIES, **HUB
}  # fmt: skip

RULES: Mapping[str, tuple[str, str]] = {
    "missing": ("必填", "it is missing"),
    "unknown": ("没有这一项", "no such member"),
    "form": ("格式不对", "it is of a wrong form"),
    "pattern": ("不符合规定格式", "it has not the form laid down"),
    "choice": ("不在可选范围内", "it is not one of the choices"),
    "too_long": ("过长", "it is too long"),
    "control_character": ("含有控制字符或不可见字符", "it holds a control or invisible character"),
    "not_nfc": ("不是规范的文字编码形式（NFC）", "the text is not in normalisation form C"),
    "check_digit": ("校验位不对", "a check character is wrong"),
    "reversed": ("截止早于起始", "it ends before it begins"),
    "end_required": ("须有截止日期", "it needs an end date"),
    "end_forbidden": ("不应有截止日期", "it has no end date"),
    "only_for_suspend": ("只有暂扣可以填写", "only a suspension has it"),
    "only_for_penalty": ("只有暂扣、吊销可以填写", "only a suspension or a stripping has it"),
    "only_with_replaces": ("只有换发时可以填写", "only what replaces a version has it"),
    "only_with_deferred": ("只有容缺受理可以填写", "only what is deferred has it"),
    "only_sites": (
        "只用于按场所发证的类型，且不与 subject_id 同填",
        "only types by site have it, and not with subject_id",
    ),
    "not_here": ("此处不填", "has no place here"),
    "too_far": ("离今天太远", "is too far ahead"),
    "in_future": ("不能晚于今天", "is in the future"),
    "twice": ("有重复", "something stands twice"),
    "type_unknown": ("目录中没有这种证照", "the catalogue has no such type"),
    "not_erasable": ("不能删除：证照以此识别", "it cannot be erased: the certificate is known by it"),
    "tells_the_value": ("写出了要删除的内容", "it tells what is to be erased"),
    "field_unknown": ("这种证照没有这个字段", "the type has no such field"),
    "not_shared": ("不予共享", "it is not shared"),
    "class_wider": ("比证照或字段的共享属性更宽", "it is wider than the class of a type or field"),
    "own_review": ("不能由用证部门自己复核", "a requester does not review itself"),
    "conflicts": ("与所列的另一条规则冲突", "it contradicts the other line that is named"),
    "provider_unclear": ("主管部门不止一个，须写明", "several departments answer for a type: name one"),
    "provider_unknown": ("不是这种证照的主管部门", "that department does not answer for the type"),
    "not_trusted": ("证书不在信任范围内", "the cert is not trusted"),
    "one_at_least": ("须填至少一项", "one of several at least must be given"),
    "one_character": ("每部分至少两个字", "each part of it needs two characters at least"),
    "other_search": ("不属于这次查询", "it belongs to another search"),
    "one_of": ("须在几项中恰好填一项", "exactly one of several must be given"),
    "only_archive": ("只用于由档案录入的证照类型表", "only a type's own form from an archive has it"),
    "only_collected": ("只用于归集的文件", "only a collected file has it"),
    "body_unknown": ("颁发机构未登记", "the issuing body is not enrolled"),
    "body_other": ("不是签署文件的颁发机构", "it is not the issuing body that signed the file"),
    "decided_in_future": ("决定日期晚于今天", "it was decided on a day to come"),
    "natural_person": ("自然人，没有统一社会信用代码", "a natural person has no licence number"),
    "status_in_file": ("文件不能变更证照状态", "a file cannot change a certificate's status"),
    "type_unclear": ("对应多种证照，无法区分", "several types fit and cannot be told apart"),
    "department_unknown": ("没有登记这个部门", "no such department is enrolled"),
    "group_of_one": ("一组至少要有两项材料", "a group needs two materials at least"),
    "version_gap": ("版本号须紧接上一版本（首个为 1）", "versions count from 1 without a gap"),
    "version_differs": (
        "已登记的版本不能改动，只能写明失效日期",
        "a recorded version never changes; it may only be given its end",
    ),
    "versions_overlap": ("同一天有两个版本有效", "two versions would be in force on one day"),
    "differs": ("与同一事项或材料的前一行不一致", "it is not what an earlier row of the same thing says"),
    "other_department": ("证书属于另一部门", "the cert is another department's"),
}
"""What each rule of a member says, zh and en: for the answers that name member and rule."""
