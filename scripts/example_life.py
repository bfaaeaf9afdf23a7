"""The awkward cases of the example city: one small story each, ordered over the API as departments would.

Every story has enterprises of its own (their numbers begin 91442000MA8 or 92442000MA8) and returns the pages that show
it. What it did before it was stopped is simply met again.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from schemas.statement import Ordered
from scripts.example_city import AREA, BODIES, DEPARTMENTS
from scripts.example_orders import COURT, FOOD, LICENCE, LIFT, MARKET, Orders, Told, enterprise

_FIRE_BODY = next(each for each in BODIES if each.department.system == "fire")
_FIRE = _FIRE_BODY.department
# The branch that the market department delegated food permits to.
_BRANCH = next(each for each in BODIES if FOOD in each.delegated)
_ENFORCEMENT = next(each for each in DEPARTMENTS if each.system == "urban")
PUBLISHED, ARCHIVE = "credit-example", "archive-example"
_FIRE_INSPECTION, _FILING = "fire_safety_inspection", "packaged_food_filing"
PARTLY_HELD = (_FIRE_INSPECTION, _FIRE_BODY.licence_number)
"""Of this type, and what this body gave, not all is recorded."""


def licence_states(orders: Orders) -> list[Told]:
    told = []
    for serial, kind, words in (
        (1, "dormant", "歇业的企业 dormant"),
        (2, "abnormal", "列入经营异常名录 listed as abnormal"),
        (3, "moved_out", "迁出本市 moved out of the city"),
    ):
        licence = orders.issue(serial, LICENCE)
        orders.issue(serial, FOOD)
        orders.note(licence, kind)
        told.append(orders.page(serial, words))
    licence = orders.issue(38, LICENCE)
    orders.issue(38, FOOD)
    orders.change(licence, "cancel", "示例：企业申请注销")
    return [*told, orders.page(38, "执照注销、许可随之失效 a cancelled licence")]


def renewals(orders: Orders) -> list[Told]:
    told = []
    for serial, days, refused, words in (
        (4, -10, False, "有效（延续审查中） deemed renewed"),
        (5, -60, False, "延续逾期未决 renewal overdue"),
        (6, 40, True, "不予延续 renewal refused"),
    ):
        last_day = orders.day + timedelta(days=days)
        begun = last_day - timedelta(days=365 * 5 - 1)
        orders.issue(serial, LICENCE, begun=begun)
        permit = orders.issue(serial, FOOD, begun=begun)
        filed = last_day - timedelta(days=45)
        receipt: dict[str, Any] = {
            "document_name": "受理通知书",
            "document_number": f"示受〔{filed.year}〕8{serial:03d}号",
        }
        receipt |= dict.fromkeys(("document_date", "from_on"), filed.isoformat())
        orders.note(permit, "renewal_accepted", **receipt)
        if refused:
            orders.note(permit, "renewal_refused", document_name="不予延续决定书")
        told.append(Told(words, f"/c/{permit['reference']}"))
    return told


def other_authorities(orders: Orders) -> list[Told]:
    year, told = orders.day.year, []
    for serial, kind, department, document, number, words in (
        (7, "frozen", COURT, "协助执行通知书", f"（{year}）示执协1号", "被法院冻结 frozen by a court"),
        (8, "business_halted", _FIRE, "行政处罚决定书", f"示消罚〔{year}〕1号", "责令停产停业 business halted"),
    ):
        orders.issue(serial, LICENCE)
        permit = orders.issue(serial, FOOD)
        orders.note(permit, kind, department=department, document_name=document, document_number=number)
        told.append(Told(words, f"/c/{permit['reference']}"))
    orders.issue(9, LICENCE)
    annulled = orders.issue(9, FOOD)
    orders.change(annulled, "annul", "示例：以欺骗手段取得")
    ruling: dict[str, Any] = {"document_name": "行政裁定书", "document_number": f"（{year}）示行停1号"}
    orders.note(annulled, "execution_stayed", department=COURT, **ruling)
    return [*told, Told("撤销被停止执行 an annulment stayed", f"/c/{annulled['reference']}")]


def corrections(orders: Orders) -> list[Told]:
    orders.issue(10, LICENCE)
    wrong = orders.issue(10, FOOD, holder_address="示例市错字路10号")
    right = orders.replace(wrong, 10, FOOD, "correct")
    orders.issue(12, LICENCE)
    late = orders.issue(12, FOOD)
    orders.change(late, "annul", "示例：追溯撤销", works_from=(orders.day - timedelta(days=200)).isoformat())
    # The day before anything was recorded here: what was known then, and what is known of it now, are two answers.
    before = orders.day - timedelta(days=1)
    orders.issue(13, LICENCE)
    lost = orders.issue(13, FOOD)
    reissued = orders.replace(lost, 13, FOOD, "reissue")
    return [
        Told("更正后的新证 corrected", f"/c/{right['reference']}"),
        Told("追溯撤销的两行答复 annulled from the start", f"/c/{late['reference']}?at={before}"),
        Told("补发 issued again", f"/c/{reissued['reference']}"),
    ]


def mistakes(orders: Orders) -> list[Told]:
    """An act is taken back; so is a whole file; a certificate of the wrong holder is void."""
    orders.issue(39, LICENCE)
    kept = orders.issue(39, FOOD)
    wrong = orders.change(kept, "annul", "示例：误将他人的决定录入")
    if wrong:
        orders.change(kept, "undo", "示例：撤销误办", undoes=wrong["act_id"])
    for serial in (41, 42):
        orders.issue(serial, LICENCE)
    officer, second_officer = MARKET.officer, MARKET.second_officer
    found = orders.take_in(
        [orders.row(serial, FOOD) for serial in (41, 42)], system=MARKET.system, form="type", certificate_type=FOOD,
        issuing_body=MARKET.licence_number, officer=officer, second_officer=second_officer,
    )  # fmt: skip
    in_file = next(each for each in orders.holder(41)["certificates"] if each["type"] == FOOD)
    undo = {"intake": found["intake"], "ground": "示例：整批文件误导入", "works_from": orders.today}
    undo |= orders.decision()
    orders.client(MARKET.system).undo_import(undo, officer=officer, second_officer=second_officer)
    orders.issue(11, LICENCE)
    mistaken = orders.issue(11, FOOD)
    orders.change(mistaken, "void", "示例：录入了错误的持证主体")
    return [
        Told("误办撤销、两项行为都在 an act taken back", f"/c/{kept['reference']}"),
        Told("整批撤销的一张 one of a file taken back", f"/c/{in_file['reference']}"),
        Told("误录作废 voided as a mistake", f"/c/{mistaken['reference']}"),
    ]


def enterprises(orders: Orders) -> list[Told]:
    former = f"示例市{enterprise(14).town}示例旧名餐饮有限公司"
    first = orders.issue(14, LICENCE, holder_name=former)
    orders.issue(14, FOOD, holder_name=former)
    orders.replace(first, 14, LICENCE, "change")
    orders.issue(15, LICENCE)
    orders.issue(15, FOOD)
    moved = orders.issue(15, _FILING)
    orders.issue(16, LICENCE, begun=orders.day)
    orders.relate("conversion", 15, 16)
    filed = orders.content(15, _FILING)
    same = {name: filed[name] for name in ("certificate_number", "valid_from", "fields")}
    orders.replace(moved, 16, _FILING, "change", **same)
    for serial in (17, 18):
        orders.issue(serial, LICENCE)
    orders.relate("branch", 17, 18)
    # At home without a name, at work on a market: what the permit says of the place is not the home.
    orders.issue(19, LICENCE, holder_name="", address_is_home=True)
    stall = f"示例市{enterprise(19).town}示例市场19号档"
    orders.issue(19, FOOD, place=stall, holder_name="", address_is_home=True)
    return [
        orders.page(14, "更名的企业 renamed"),
        orders.page(15, "个转企的旧码 an old code that opens the successor"),
        orders.page(18, "有分支机构的企业 with a branch"),
        orders.page(19, "无字号、住所为住宅的个体户 no trade name, at home"),
    ]


def mergers_and_divisions(orders: Orders) -> list[Told]:
    """Two become one, one becomes two, and one gives off another and lives on."""
    for serial in (30, 31, 33, 36):
        orders.issue(serial, LICENCE)
        orders.issue(serial, FOOD)
    for serial in (32, 34, 35, 37):
        orders.issue(serial, LICENCE, begun=orders.day)
    for kind, before, after in (
        ("merger", 30, 32), ("merger", 31, 32), ("split", 33, 34), ("split", 33, 35), ("spin_off", 36, 37),
    ):  # fmt: skip
        orders.relate(kind, before, after)
    return [
        orders.page(30, "新设合并的旧码 merged: an old code that opens the new company"),
        orders.page(33, "解散分立、许可待变更 divided into two, its permit still to be changed"),
        orders.page(36, "派生分立后存续 spun off a company, and lives on"),
    ]


def sites_and_devices(orders: Orders) -> list[Told]:
    orders.issue(20, LICENCE)
    places = {"示例门店（东区）": "示例市东区示例东路1号", "示例门店（小榄）": "示例市小榄示例西路2号"}
    known = orders.holder(20).get("sites", {})
    site_ids = {each["name"]: site for site, each in known.items()} or {
        name: orders.register("site", 20, name=name, address=address)["subject_id"] for name, address in places.items()
    }
    first, second = (site_ids[name] for name in places)
    orders.issue(20, FOOD, place="；".join(places.values()), subject_ids=[first, second])
    inspected = next(iter(places.values()))
    orders.issue(20, _FIRE_INSPECTION, body=_FIRE_BODY, place=inspected, subject_id=first)
    found = orders.holder(20)
    for serial in (21, 22):
        orders.issue(serial, LICENCE)
    lift = orders.content(21, LIFT)
    device = {"subject_id": lift["fields"]["device_code"]}
    same = {name: lift[name] for name in ("certificate_number", "fields")}
    orders.register("device", 21, name="示例电梯", **device)
    used = orders.issue(21, LIFT, **device, **same)
    orders.register("device", 22, step="hand_on", **device)
    orders.replace(used, 22, LIFT, "change", **device, **same)
    return [
        orders.page(20, "一证多址 one permit, two sites"),
        Told("场所码 the code of a site", f"/s/{found['sites'][first]['reference']}"),
        Told("张贴页 a sheet to print for that site", f"/sheet/{found['holder']['reference']}?site={first}"),
        Told("此处有无食品许可：有 does it hold one: yes", f"/holds?type={FOOD}&subject={second}"),
        Told("全量收录的种类：无 held completely: no", f"/holds?type=hotel_trade_permit&subject={second}"),
        Told("部分收录的种类：不知 held in part: unknown", f"/holds?type={PARTLY_HELD[0]}&subject={second}"),
        Told("设备编号通到易主的电梯 the number of a lift that changed hands", f"/resolve?code={device['subject_id']}"),
    ]


def words_and_terms(orders: Orders) -> list[Told]:
    orders.issue(23, LICENCE)
    until = (orders.day + timedelta(days=30)).isoformat()
    promised = orders.issue(23, FOOD, flags=["commitment", "deferred"], deferred_until=until)
    orders.issue(24, LICENCE)
    fined = orders.issue(24, FOOD)
    penalty = orders.change(fined, "suspend", "示例：限期整改", public_until=until, until=until)
    orders.change(fined, "reinstate", "示例：整改完成")
    if penalty:
        repair = orders.decided(fined) | {"step": "repair", "earlier": penalty["act_id"], "from_on": orders.today}
        orders.order("/api/v1/annotations", Ordered.ANNOTATE, repair)
    orders.issue(25, LICENCE)
    joint = orders.issue(25, FOOD, joint=["fire"], joint_bodies=[_FIRE.licence_number])
    orders.issue(40, LICENCE)
    delegated = orders.issue(40, FOOD, body=_BRANCH)
    orders.change(delegated, "suspend", "示例：上级机关责令暂停", until=until)
    return [
        Told("告知承诺、容缺受理 on the holder's word", f"/c/{promised['reference']}"),
        Told("信用修复后只见现状 after credit repair", f"/c/{fined['reference']}"),
        Told("联合颁发 two bodies together", f"/c/{joint['reference']}"),
        Told("受委托颁发、上级暂扣 given by delegation, suspended by the superior", f"/c/{delegated['reference']}"),
    ]


def files_of_others(orders: Orders) -> list[Told]:
    """A published penalty opens a task and changes nothing; an archive's permit enters at trust level B."""
    orders.issue(26, LICENCE)
    fined = orders.issue(26, FOOD)
    penalty = {
        "CF_XDR_MC": enterprise(26).name,
        "CF_XDR_SHXYM": enterprise(26).licence_number,
        "CF_WSH": f"示城罚〔{orders.day.year}〕1号",
        "CF_CFLB": "吊销许可证",
        "CF_NR": "吊销许可证",
        "CF_NR_ZKDX": f"食品经营许可证（{orders.content(26, FOOD)['certificate_number']}）",
        "CF_JDRQ": f"{orders.day:%Y/%m/%d}",
        "CF_GSJZQ": f"{orders.day + timedelta(days=1095):%Y/%m/%d}",
        "CF_CFJG": _ENFORCEMENT.name_zh,
        "CF_CFJGDM": _ENFORCEMENT.licence_number,
    }
    orders.take_in([penalty], form="penalty", source=PUBLISHED)
    orders.issue(27, LICENCE)
    scanned = {"颁发机构代码": MARKET.licence_number, "扫描件摘要": sha256(b"scan").hexdigest()}
    row = orders.row(27, FOOD) | scanned
    orders.take_in([row], form="type", certificate_type=FOOD, source=ARCHIVE, origin="legacy")
    return [
        Told("处罚公示只开待办 a penalty that opened a task", f"/c/{fined['reference']}"),
        orders.page(27, "存量档案的许可 a permit from an archive"),
    ]


def codes_and_fields(orders: Orders) -> list[Told]:
    """A stolen sticker is retired and replaced; a field is forgotten while its seal stays good."""
    orders.issue(28, LICENCE)
    stolen = orders.holder(28)["holder"]["reference"]
    retired = {"reference": stolen, "licence_number": enterprise(28).licence_number}
    orders.order("/api/v1/references", Ordered.RETIRE, retired | {"issuing_body": MARKET.licence_number})
    orders.issue(29, LICENCE)
    permit = orders.issue(29, FOOD)
    erased = orders.decided(permit) | {"field": "legal_representative", "ground": "示例：依申请删除"}
    orders.order("/api/v1/erasures", Ordered.ERASE, erased)
    return [
        Told("停用的查询码 a retired code", f"/q/{stolen}"),
        orders.page(28, "换上的新码 the code in its place"),
        Told("其他系统的码：还差一步 another system's code: the one step left", f"/resolve?code={quote('粤商码')}"),
        Told("删去一个字段的证照 a field forgotten", f"/c/{permit['reference']}"),
    ]


def enrol_court(enrol: Callable[..., None], cert: str) -> None:
    """Enrol the court as an authority that may annotate what others issued."""
    number, names = COURT.licence_number, {"name_zh": COURT.name_zh, "name_en": COURT.name_en}
    enrol("departments", licence_number=number, **names)
    enrol("systems", code=COURT.system, department=number, name=f"{COURT.name_zh}系统", roles=["issue"], cert=cert)
    for officer in (COURT.officer, COURT.second_officer):
        enrol("officers", number=officer, department=number)
    enrol(
        "issuing-bodies", licence_number=number, department=number, area=AREA, from_on="2000-01-01", competences=[],
        annotates=["frozen", "execution_stayed"], **names,
    )  # fmt: skip


def declare_coverage(enrol: Callable[..., None], bodies: Sequence[tuple[str, str]], first_day: date) -> None:
    """Declare what is held completely: (type, issuing body); and the one that is held in part."""
    for code, body in bodies:
        enrol("coverage", certificate_type=code, issuing_body=body, state="complete", since_on=first_day.isoformat())
    code, body = PARTLY_HELD
    enrol("coverage", certificate_type=code, issuing_body=body, state="partial")


STORIES: tuple[tuple[str, Callable[[Orders], list[Told]]], ...] = (
    ("执照状态 licence states", licence_states),
    ("延续 renewals", renewals),
    ("其他机关的标注 notes of other authorities", other_authorities),
    ("更正、补发 corrections", corrections),
    ("误办、作废 mistakes", mistakes),
    ("主体变更 enterprises that change", enterprises),
    ("合并、分立 mergers and divisions", mergers_and_divisions),
    ("场所与设备 sites and devices", sites_and_devices),
    ("承诺、处罚、联合、委托 promises, penalties, joint and delegated bodies", words_and_terms),
    ("双公示处罚与存量档案 others' files", files_of_others),
    ("查询码与字段 codes and fields", codes_and_fields),
)
