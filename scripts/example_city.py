"""The example city: its fifteen departments, their issuing bodies, and its enterprises. All of it is made up.

Names say 示例. Codes are well-formed and computed, of the area 442000 (and 440000 for the provincial bureau), so that
both check characters hold; serials are low and dense, as no real code's are.
"""

from dataclasses import dataclass, field

from schemas.identifiers import make_licence_number

AREA = "442000"
TOWNS = ("石岐", "东区", "西区", "南区", "小榄", "古镇", "横栏", "沙溪", "大涌", "三乡", "坦洲", "南朗")


@dataclass(frozen=True, slots=True)
class ExampleDepartment:
    """One department with its business system and officer; `competent` is its name in the reform's list."""

    system: str
    competent: str
    name_zh: str
    name_en: str
    licence_number: str

    @property
    def officer(self) -> str:
        return f"{self.system}-001"

    @property
    def second_officer(self) -> str:
        return f"{self.system}-002"


@dataclass(frozen=True, slots=True)
class ExampleBody:
    """An issuing body of a department; a branch seals only the types delegated to it.

    `annotates` are the kinds of annotation it may make on certificates of others.
    """

    department: ExampleDepartment
    name_zh: str
    name_en: str
    licence_number: str
    delegated: tuple[str, ...] = ()
    annotates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExampleEnterprise:
    """A holder. `permits` maps a certificate type to how many of it the enterprise has; `town` is where it is."""

    licence_number: str
    name: str
    address: str
    town: str
    representative: str
    trade: str
    permits: dict[str, int] = field(hash=False)

    @property
    def has_business_licence(self) -> bool:
        return self.licence_number.startswith("9")


_DEPARTMENTS = (
    ("market", "市市场监管局", "示例市市场监管局", "Example City administration for market regulation"),
    ("health", "市卫生健康局", "示例市卫生健康局", "Example City health bureau"),
    ("fire", "市消防救援支队", "示例市消防救援支队", "Example City fire and rescue brigade"),
    ("tobacco", "市烟草专卖局", "示例市烟草专卖局", "Example City tobacco monopoly bureau"),
    ("police", "市公安局", "示例市公安局", "Example City public security bureau"),
    ("housing", "市住房城乡建设局", "示例市住房城乡建设局", "Example City housing and construction bureau"),
    ("urban", "城管和执法局", "示例市城管和执法局", "Example City urban management bureau"),
    ("culture", "市文化广电旅游局", "示例市文化广电旅游局", "Example City culture and tourism bureau"),
    ("emergency", "市应急管理局", "示例市应急管理局", "Example City emergency management bureau"),
    ("agriculture", "市农业农村局", "示例市农业农村局", "Example City agriculture bureau"),
    ("drugs", "省药品监管局", "示例省药品监管局", "Example Province drug administration"),
    ("transport", "市交通运输局", "示例市交通运输局", "Example City transport bureau"),
    ("sports", "市教育体育局", "示例市教育体育局", "Example City education and sports bureau"),
    ("press", "市委宣传部", "示例市委宣传部", "Example City publicity department"),
    ("labour", "市人力资源社会保障局", "示例市人力资源社会保障局", "Example City human resources bureau"),
)
DEPARTMENTS = tuple(
    ExampleDepartment(
        system, competent, name_zh, name_en,
        make_licence_number("11440000" if system == "drugs" else "11442000", f"0001{serial:04d}"),
    )
    for serial, (system, competent, name_zh, name_en) in enumerate(_DEPARTMENTS, start=1)
)  # fmt: skip
_MARKET = DEPARTMENTS[0]
_DELEGATED = ("food_operation_permit", "packaged_food_filing", "small_food_workshop_registration")
_BRANCHES = (
    ("示例市市场监管局示例小榄分局", "Example City market regulation, Xiaolan branch"),
    ("示例市市场监管局示例古镇分局", "Example City market regulation, Guzhen branch"),
)
_ANNOTATES = {"fire": ("business_halted",)}
BODIES = (
    *(
        ExampleBody(each, each.name_zh, each.name_en, each.licence_number, annotates=_ANNOTATES.get(each.system, ()))
        for each in DEPARTMENTS
    ),
    *(
        ExampleBody(_MARKET, zh, en, make_licence_number("11442000", f"0002{serial:04d}"), _DELEGATED)
        for serial, (zh, en) in enumerate(_BRANCHES, start=1)
    ),
)
_BRANCH_OF_TOWN = {"小榄": BODIES[-2], "古镇": BODIES[-1]}

# Trade: legal kind (91 company, 92 self-employed, 93 cooperative, 12 public institution), how many there are, how the
# name ends, and which permits each has.
_TRADES: tuple[tuple[str, str, int, str, dict[str, int]], ...] = (
    ("餐饮", "91", 5, "餐饮有限公司",
     {"food_operation_permit": 2, "fire_safety_inspection": 1, "outdoor_advertising_permit": 1}),
    ("小吃", "92", 3, "小吃店", {"food_operation_permit": 1}),
    ("便利店", "92", 4, "便利店",
     {"packaged_food_filing": 1, "tobacco_retail_licence": 1, "food_operation_permit": 1}),
    ("药店", "91", 3, "大药房有限公司",
     {"drug_retail_permit": 1, "class_2_device_filing": 1, "class_3_device_permit": 1, "packaged_food_filing": 1}),
    ("酒店", "91", 3, "酒店有限公司",
     {"hotel_trade_permit": 1, "public_place_hygiene_permit": 1, "fire_safety_inspection": 1,
      "food_operation_permit": 1, "lift_registration": 4, "outdoor_advertising_permit": 1}),
    ("歌舞", "91", 2, "文化娱乐有限公司",
     {"entertainment_venue_permit": 1, "entertainment_venue_filing": 1, "fire_safety_inspection": 1,
      "public_place_hygiene_permit": 1, "food_operation_permit": 1}),
    ("旅行社", "91", 2, "旅行社有限公司", {"travel_agency_permit": 1}),
    ("房产经纪", "91", 2, "房地产经纪有限公司", {"real_estate_agency_filing": 2}),
    ("刻章", "92", 2, "印章刻制店", {"seal_engraving_permit": 1}),
    ("烟花", "92", 2, "烟花爆竹专店", {"fireworks_retail_permit": 1}),
    ("食品厂", "91", 2, "食品有限公司",
     {"food_production_permit": 1, "industrial_product_permit": 1, "lift_registration": 2}),
    ("作坊", "92", 3, "食品加工坊", {"small_food_workshop_registration": 1}),
    ("动物医院", "91", 2, "动物医院有限公司", {"animal_clinic_permit": 1, "veterinary_drug_permit": 1}),
    ("农资", "93", 3, "农资专业合作社",
     {"pesticide_operation_permit": 1, "crop_seed_permit": 1, "veterinary_drug_permit": 1}),
    ("医药批发", "91", 2, "医药有限公司",
     {"drug_wholesale_permit": 1, "internet_drug_information_certificate": 1, "class_2_device_filing": 1,
      "class_3_device_permit": 1}),
    ("物流", "91", 3, "物流有限公司", {"road_freight_permit": 1}),
    ("出行", "91", 2, "出行科技有限公司", {"ride_hailing_permit": 1}),
    ("游乐园", "91", 2, "游乐园有限公司",
     {"amusement_device_registration": 8, "food_operation_permit": 1, "fire_safety_inspection": 1,
      "lift_registration": 2, "outdoor_advertising_permit": 1}),
    ("燃气", "91", 2, "燃气具服务有限公司", {"gas_appliance_qualification": 1}),
    ("医院", "12", 3, "医院", {"medical_institution_licence": 1, "lift_registration": 6, "food_operation_permit": 1}),
    ("学校", "12", 3, "学校", {"food_operation_permit": 1, "lift_registration": 2, "high_risk_sport_permit": 1}),
    ("泳馆", "91", 2, "体育发展有限公司", {"high_risk_sport_permit": 1, "public_place_hygiene_permit": 1}),
    ("书店", "91", 2, "书城有限公司", {"publication_retail_permit": 1, "packaged_food_filing": 1}),
    ("影院", "91", 2, "影城有限公司",
     {"film_projection_permit": 1, "public_place_hygiene_permit": 1, "fire_safety_inspection": 1,
      "food_operation_permit": 1, "lift_registration": 3}),
    ("印刷", "91", 2, "包装印刷有限公司", {"packaging_printing_permit": 1}),
    ("人力", "91", 2, "人力资源有限公司", {"human_resources_permit": 1}),
    ("消毒", "91", 2, "消毒用品有限公司", {"disinfection_product_permit": 1, "industrial_product_permit": 1}),
    ("商场", "91", 1, "商业管理有限公司", {"lift_registration": 120, "fire_safety_inspection": 2}),
)  # fmt: skip
_STEMS = (
    *("安和", "百惠", "春晖", "德润", "恩泽", "福临", "广源", "恒盛", "吉祥", "嘉禾", "康宁"),
    *("隆昌", "明德", "宁远", "鹏程", "启明", "瑞丰", "顺达", "泰和", "万悦", "祥云", "永兴"),
)
_SURNAMES = ("陈", "李", "黄", "梁", "林", "何", "郑", "冯", "苏", "谢", "罗", "邓", "萧", "欧", "郭", "吴")


def make_enterprises() -> tuple[ExampleEnterprise, ...]:
    """Return the enterprises of the example city, always the same ones."""
    made: list[ExampleEnterprise] = []
    for trade, kind, count, ending, permits in _TRADES:
        for _ in range(count):
            made.append(_enterprise(len(made) + 1, trade, kind, ending, permits))
    return tuple(made)


def _enterprise(serial: int, trade: str, kind: str, ending: str, permits: dict[str, int]) -> ExampleEnterprise:
    town = TOWNS[serial % len(TOWNS)]
    letters = "" if kind == "12" else "MA"
    number = make_licence_number(f"{kind}442000", f"{letters}{serial:0{8 - len(letters)}d}")
    return ExampleEnterprise(
        licence_number=number,
        name=f"示例市{town}示例{_STEMS[serial % len(_STEMS)]}{ending}",
        address=f"示例市{town}示例路{serial}号",
        town=town,
        representative=f"{_SURNAMES[serial % len(_SURNAMES)]}示例",
        trade=trade,
        permits=permits,
    )


def body_for(certificate_type: str, competent: str, town: str) -> ExampleBody:
    """Return who issues a type in a town: the competent department, or the branch it delegated the type to."""
    branch = _BRANCH_OF_TOWN.get(town)
    if branch is not None and certificate_type in branch.delegated:
        return branch
    return next(each for each in BODIES if each.department.competent == competent)
