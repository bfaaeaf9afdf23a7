"""The awkward cases of the example city: one small story each, ordered over the API as departments would.

Every story has enterprises of its own (their numbers begin 91442000MA8). What a story did before it was stopped is
simply met again: a number that is taken is looked up, an act that was done is passed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Protocol

from hub.client import Client, RefusedError
from schemas.catalogue import Catalogue
from schemas.identifiers import make_licence_number
from schemas.statement import Ordered
from scripts.example_city import AREA, DEPARTMENTS, TOWNS, ExampleDepartment, ExampleEnterprise
from scripts.example_fields import field_values, make_number

COURT = ExampleDepartment(
    "court", "市人民法院", "示例市人民法院", "Example City people's court", make_licence_number("11442000", "00030001")
)
_MARKET, _FIRE = DEPARTMENTS[0], DEPARTMENTS[2]
_LICENCE, _FOOD, _LIFT = "business_licence", "food_operation_permit", "lift_registration"
# What a story finds done when it is told a second time.
_DONE_BEFORE = frozenset(
    {"transition_not_allowed", "annotation_there", "annotation_lifted", "relation_there", "subject_registered"}
    | {"previous_not_current", "not_current", "undo_not_last", "out_of_order", "renewal_not_filed", "penalty_repaired"}
    | {"subject_ended", "reference_not_current", "renewal_not_possible"}
)


class Town(Protocol):
    """What a story needs of the city: clients by system, the catalogue, what anybody sees of a holder."""

    catalogue: Catalogue

    def client(self, system: str) -> Client: ...

    def holder(self, licence_number: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """Where a story's page is, in words."""

    words: str
    path: str


class Stories:
    """Tells the stories; `first_day` is the day of the first start, around which all dates lie."""

    def __init__(self, town: Town, first_day: date) -> None:
        self._town = town
        self._day = first_day
        self._chance = Random(20261124)

    # --- orders -------------------------------------------------------------------------------------------------

    def issue(
        self,
        serial: int,
        code: str,
        *,
        department: ExampleDepartment = _MARKET,
        joint: Sequence[str] = (),
        **changes: Any,
    ) -> dict[str, Any]:
        """Issue a certificate of the enterprise `serial`; what is there already is looked up."""
        content = self._content(serial, code, department) | changes
        client = self._town.client(department.system)
        try:
            return client.order(
                "/api/v1/certificates", Ordered.ISSUE, content, officer=department.officer, certificate_type=code,
                issuing_body=department.licence_number, joint=[self._town.client(each) for each in joint],
            )  # fmt: skip
        except RefusedError as error:
            if error.code not in ("number_taken", "device_elsewhere", *_DONE_BEFORE):
                raise
            lines = self._town.holder(content["licence_number"])["certificates"]
            return next(each for each in lines if each["type"] == code)

    def order(
        self, path: str, act: Ordered, content: Mapping[str, Any], department: ExampleDepartment
    ) -> dict[str, Any]:
        """Give any other order as two officers of a department; {} where it was done before."""
        try:
            return self._town.client(department.system).order(
                path, act, content, officer=department.officer, second_officer=department.second_officer,
                issuing_body=department.licence_number,
            )  # fmt: skip
        except RefusedError as error:
            if error.code not in _DONE_BEFORE:
                raise
            return {}

    def change(self, certificate: Mapping[str, Any], act: str, ground: str, **changes: Any) -> dict[str, Any]:
        content = self._decided(certificate) | {"act": act, "ground": ground, "works_from": self._day.isoformat()}
        return self.order("/api/v1/status-changes", Ordered.CHANGE_STATUS, content | changes, _MARKET)

    def note(
        self, certificate: Mapping[str, Any], kind: str, *, department: ExampleDepartment = _MARKET, **changes: Any
    ) -> dict[str, Any]:
        content = self._decided(certificate, department) | {"step": "note", "kind": kind}
        content |= {"from_on": self._day.isoformat()} | changes
        return self.order("/api/v1/annotations", Ordered.ANNOTATE, content, department)

    def relate(self, kind: str, before: int, after: int) -> None:
        content = {
            "step": "record",
            "kind": kind,
            "from_number": enterprise(before).licence_number,
            "to_number": enterprise(after).licence_number,
            "issuing_body": _MARKET.licence_number,
            "document_name": "核准登记通知书",
            "document_number": f"示登〔{self._day.year}〕{before}号",
            "works_from": self._day.isoformat(),
        }
        self.order("/api/v1/relations", Ordered.RELATE, content, _MARKET)

    def register(self, kind: str, serial: int, **changes: Any) -> dict[str, Any]:
        content = {
            "step": "register",
            "kind": kind,
            "issuing_body": _MARKET.licence_number,
            "licence_number": enterprise(serial).licence_number,
            "name": "示例门店",
            "address": enterprise(serial).address,
            "works_from": self._day.isoformat(),
        }
        return self.order("/api/v1/subjects", Ordered.REGISTER, content | changes, _MARKET)

    def page(self, serial: int, words: str) -> Told:
        found = self._town.holder(enterprise(serial).licence_number)
        # Who was succeeded answers with the successor; its own code is the one that was asked for.
        return Told(words, f"/q/{found.get('arrived_from', found['holder'])['reference']}")

    def _content(self, serial: int, code: str, department: ExampleDepartment) -> dict[str, Any]:
        kind, holder = self._town.catalogue.get(code), enterprise(serial)
        decided_on = self._day - timedelta(days=400)
        years = kind.validity.max_years or 2
        ends = kind.validity.end == "required"
        is_licence = code == _LICENCE
        return {
            "certificate_type": code,
            "issuing_body": department.licence_number,
            "licence_number": holder.licence_number,
            "holder_name": holder.name,
            "holder_address": holder.address,
            "certificate_number": holder.licence_number if is_licence else make_number(kind, 2025, 8_000 + serial),
            "decision_document": "核准登记通知书" if is_licence else "准予行政许可决定书",
            "decision_number": f"示许〔{decided_on.year}〕8{serial:03d}号",
            "decided_on": decided_on.isoformat(),
            "valid_from": decided_on.isoformat(),
            "valid_to": (decided_on + timedelta(days=365 * years - 1)).isoformat() if ends else "",
            "fields": field_values(kind, holder, holder.address, 800 + serial, self._chance),
        }

    def _decided(self, certificate: Mapping[str, Any], department: ExampleDepartment = _MARKET) -> dict[str, Any]:
        return {
            "identifier": certificate["identifier"],
            "issuing_body": department.licence_number,
            "document_name": "行政决定书",
            "document_number": f"示决〔{self._day.year}〕8号",
            "document_date": self._day.isoformat(),
        }

    def _ending(self, days: int) -> dict[str, Any]:
        """Return the dates of a five-year permit whose last day lies so many days from the first."""
        last_day = self._day + timedelta(days=days)
        begun = last_day - timedelta(days=365 * 5)
        names = ("decided_on", "valid_from")
        return {name: begun.isoformat() for name in names} | {"valid_to": last_day.isoformat()}

    # --- the stories --------------------------------------------------------------------------------------------

    def licence_states(self) -> list[Told]:
        told = []
        for serial, kind, words in (
            (1, "dormant", "歇业的企业 dormant"),
            (2, "abnormal", "列入经营异常名录 listed as abnormal"),
            (3, "moved_out", "迁出本市 moved out of the city"),
        ):
            licence = self.issue(serial, _LICENCE)
            self.issue(serial, _FOOD)
            self.note(licence, kind)
            told.append(self.page(serial, words))
        return told

    def renewals(self) -> list[Told]:
        told = []
        for serial, days, refused, words in (
            (4, -10, False, "有效（延续审查中） deemed renewed"),
            (5, -60, False, "延续逾期未决 renewal overdue"),
            (6, 40, True, "不予延续 renewal refused"),
        ):
            self.issue(serial, _LICENCE)
            permit = self.issue(serial, _FOOD, **self._ending(days))
            filed_on = self._day + timedelta(days=days - 45)
            self.note(permit, "renewal_accepted", from_on=min(filed_on, self._day).isoformat())
            if refused:
                self.note(permit, "renewal_refused", document_number=f"示不延〔{self._day.year}〕1号")
            told.append(Told(words, f"/c/{permit['reference']}"))
        return told

    def other_authorities(self) -> list[Told]:
        told = []
        for serial, kind, words in (
            (7, "frozen", "被法院冻结 frozen by a court"),
            (8, "business_halted", "责令停产停业 business halted"),
        ):
            self.issue(serial, _LICENCE)
            permit = self.issue(serial, _FOOD)
            self.note(permit, kind, department=COURT)
            told.append(Told(words, f"/c/{permit['reference']}"))
        self.issue(9, _LICENCE)
        annulled = self.issue(9, _FOOD)
        self.change(annulled, "annul", "示例：以欺骗手段取得")
        self.note(annulled, "execution_stayed", department=COURT)
        return [*told, Told("撤销被停止执行 an annulment stayed", f"/c/{annulled['reference']}")]

    def corrections(self) -> list[Told]:
        self.issue(10, _LICENCE)
        wrong = self.issue(10, _FOOD, holder_address="示例市错字路10号")
        right = self.issue(10, _FOOD, replaces=wrong["identifier"], cause="correct")
        self.issue(11, _LICENCE)
        mistaken = self.issue(11, _FOOD)
        self.change(mistaken, "void", "示例：录入了错误的持证主体")
        self.issue(12, _LICENCE)
        late = self.issue(12, _FOOD)
        back = (self._day - timedelta(days=200)).isoformat()
        self.change(late, "annul", "示例：追溯撤销", works_from=back)
        self.issue(13, _LICENCE)
        lost = self.issue(13, _FOOD)
        reissued = self.issue(13, _FOOD, replaces=lost["identifier"], cause="reissue")
        return [
            Told("更正后的新证 corrected", f"/c/{right['reference']}"),
            Told("误录作废 voided as a mistake", f"/c/{mistaken['reference']}"),
            Told("追溯撤销的两行答复 annulled from the start", f"/c/{late['reference']}?at={self._day}"),
            Told("补发 issued again", f"/c/{reissued['reference']}"),
        ]

    def enterprises(self) -> list[Told]:
        first = self.issue(14, _LICENCE, holder_name="示例市石岐示例旧名餐饮有限公司")
        self.issue(14, _FOOD, holder_name="示例市石岐示例旧名餐饮有限公司")
        self.issue(14, _LICENCE, replaces=first["identifier"], cause="change", works_from=self._day.isoformat())
        for serial in (15, 16, 17, 18):
            self.issue(serial, _LICENCE)
        self.issue(15, _FOOD)
        moved = self.issue(15, "packaged_food_filing")
        self.relate("conversion", 15, 16)
        self.issue(
            16, "packaged_food_filing", replaces=moved["identifier"], cause="change",
            certificate_number=self._content(15, "packaged_food_filing", _MARKET)["certificate_number"],
        )  # fmt: skip
        self.relate("branch", 17, 18)
        nameless = enterprise(19)
        self.issue(19, _LICENCE, holder_name="", address_is_home=True)
        self.issue(19, _FOOD, holder_name="", address_is_home=True)
        return [
            self.page(14, "更名的企业 renamed"),
            self.page(15, "个转企的旧码 an old code that opens the successor"),
            self.page(18, "有分支机构的企业 with a branch"),
            Told("无字号、住所为住宅的个体户 no trade name, at home", self.page(19, nameless.trade).path),
        ]

    def sites_and_devices(self) -> list[Told]:
        self.issue(20, _LICENCE)
        held = self._town.holder(enterprise(20).licence_number)
        if not any(each["type"] == _FOOD for each in held["certificates"]):
            sites = [self.register("site", 20, name=f"示例门店（{name}）")["subject_id"] for name in ("东区", "小榄")]
            self.issue(20, _FOOD, subject_ids=sites)
            self.issue(20, "fire_safety_inspection", department=_FIRE, subject_id=sites[0])
        for serial in (21, 22):
            self.issue(serial, _LICENCE)
        lift = self._content(21, _LIFT, _MARKET)
        device = {"subject_id": lift["fields"]["device_code"]}
        registered = self.register("device", 21, name="示例电梯", **device)
        first = self.issue(21, _LIFT, **device)
        self.register("device", 22, step="hand_on", **device)
        same = {name: lift[name] for name in ("certificate_number", "fields")}
        self.issue(22, _LIFT, replaces=first["identifier"], cause="change", **device, **same)
        told = [self.page(20, "一证多址 one permit, two sites")]
        if registered:
            told.append(Told("设备码 the code of a lift", f"/d/{registered['reference']}"))
        return told

    def words_and_terms(self) -> list[Told]:
        self.issue(23, _LICENCE)
        until = (self._day + timedelta(days=30)).isoformat()
        promised = self.issue(23, _FOOD, flags=["commitment", "deferred"], deferred_until=until)
        self.issue(24, _LICENCE)
        fined = self.issue(24, _FOOD)
        penalty = self.change(fined, "suspend", "示例：限期整改", public_until=until, until=until)
        self.change(fined, "reinstate", "示例：整改完成")
        if penalty:
            repair = self._decided(fined) | {"step": "repair", "earlier": penalty["act_id"]}
            repair |= {"from_on": self._day.isoformat()}
            self.order("/api/v1/annotations", Ordered.ANNOTATE, repair, _MARKET)
        self.issue(25, _LICENCE)
        joint = self.issue(25, _FOOD, joint=["fire"], joint_bodies=[_FIRE.licence_number])
        return [
            Told("告知承诺、容缺受理 on the holder's word", f"/c/{promised['reference']}"),
            Told("信用修复后只见现状 after credit repair", f"/c/{fined['reference']}"),
            Told("联合颁发 two bodies together", f"/c/{joint['reference']}"),
        ]


def enterprise(serial: int) -> ExampleEnterprise:
    """Return the enterprise of a story; two are self-employed, one of them without a trade name."""
    kind = "92" if serial in (15, 19) else "91"
    number = make_licence_number(f"{kind}442000", f"MA8{serial:05d}")
    town = TOWNS[serial % len(TOWNS)]
    name = f"示例市{town}示例故事{serial}号餐饮有限公司"
    return ExampleEnterprise(number, name, f"示例市{town}示例故事路{serial}号", town, "陈示例", "餐饮", {})


def enrol_court(enrol: Callable[..., None], cert: str) -> None:
    """Enrol the court as an authority that may annotate what others issued."""
    number, names = COURT.licence_number, {"name_zh": COURT.name_zh, "name_en": COURT.name_en}
    enrol("departments", licence_number=number, **names)
    enrol("systems", code=COURT.system, department=number, name=f"{COURT.name_zh}系统", roles=["issue"], cert=cert)
    for officer in (COURT.officer, COURT.second_officer):
        enrol("officers", number=officer, department=number)
    enrol(
        "issuing-bodies", licence_number=number, department=number, area=AREA, from_on="2000-01-01", competences=[],
        annotates=["frozen", "execution_stayed", "business_halted"], **names,
    )  # fmt: skip


def declare_coverage(enrol: Callable[..., None], bodies: Sequence[tuple[str, str]], first_day: date) -> None:
    """Declare what is held completely: (type, issuing body)."""
    for code, body in bodies:
        enrol("coverage", certificate_type=code, issuing_body=body, state="complete", since_on=first_day.isoformat())


STORIES = (
    ("执照状态 licence states", Stories.licence_states),
    ("延续 renewals", Stories.renewals),
    ("其他机关的标注 notes of other authorities", Stories.other_authorities),
    ("更正、作废、补发 corrections", Stories.corrections),
    ("主体变更 enterprises that change", Stories.enterprises),
    ("场所与设备 sites and devices", Stories.sites_and_devices),
    ("承诺、处罚、联合 promises, penalties, joint bodies", Stories.words_and_terms),
)
