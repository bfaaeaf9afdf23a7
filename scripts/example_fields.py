"""Made-up values for the fields and numbers of every certificate type, drawn from a seeded source of chance.

A value is chosen by the field's name, more closely by its type where one name means several things, and otherwise by
its form. Persons are called 示例 and their numbers are none.
"""

import re
from datetime import date, timedelta
from random import Random

from schemas.catalogue import CertificateType, Field, FieldForm, Occasion
from schemas.identifiers import mod11_10
from scripts.example_city import ExampleEnterprise

_LAST_RUN = re.compile(r"([0-9]{4,})(?!.*[0-9]{4,})")
_OPTIONAL_SHARE = 0.7

_REPRESENTATIVE = {"legal_representative", "principal"}
_ADDRESSES = {
    *("business_premises", "production_address", "practice_address", "cinema_address", "venue_address", "local_office"),
    *("place_of_use", "installation_place"),
}
_PERSONS = (
    *("food_safety_manager", "safety_manager", "vets", "quality_head", "security_head", "investors", "technical_head"),
    *("fire_safety_manager", "safety_staff", "rescue_staff", "qualified_staff", "site_head", "trained_head", "agents"),
    *("pharmacists", "hygiene_manager", "safety_head", "seed_inspectors", "trained_staff"),
)
_TEXTS: dict[str, tuple[str, ...]] = {
    "business_licence.entity_type": ("有限责任公司（自然人投资或控股）", "有限责任公司（法人独资）"),
    "business_licence.business_scope": ("许可项目以许可证为准；一般项目：示例服务、日用品销售、信息咨询服务。",),
    "food_operation_permit.business_form": (
        "餐饮服务经营者（中型餐馆）", "餐饮服务经营者（小型餐馆）", "食品销售经营者（便利店）", "单位食堂（学校食堂）",
    ),
    "food_operation_permit.business_items": (
        "热食类食品制售", "热食类食品制售、冷食类食品制售", "预包装食品销售、散装食品销售",
    ),
    "food_categories": ("糕点；饼干", "调味品；酱腌菜", "预包装食品（不含冷藏冷冻食品）"),
    "small_food_workshop_registration.food_varieties": ("米粉（示例）", "豆腐、豆干", "杏仁饼"),
    "production_mode": ("传统手工", "自繁自育", "机械加工"),
    "supervision_body": ("示例市市场监管局示例监管所",),
    "report_phone": ("12315",),
    "online_shop": ("https://shop.example.com/",),
    "warehouse_address": ("示例市示例仓库路1号",),
    "sales_channels": ("实体门店", "实体门店、网络经营"),
    "place_category": ("宾馆", "影剧院", "游泳场（馆）", "歌舞厅"),
    "permitted_items": ("宾馆（含美容美发）", "影剧院", "游泳馆", "歌舞厅"),
    "venue_use": ("宾馆、饭店", "商场", "歌舞娱乐场所", "影剧院"),
    "conclusion": ("经检查，符合公众聚集场所投入使用、营业前消防安全要求，决定准予投入使用、营业。",),
    "floors": ("1至3层", "地下1层至5层", "2层"),
    "fire_facilities": ("自动喷水灭火系统、火灾自动报警系统、应急照明",),
    "tobacco_retail_licence.enterprise_type": ("个体工商户",),
    "tobacco_retail_licence.permitted_scope": ("卷烟零售、雪茄烟零售",),
    "supplier": ("示例市烟草公司",),
    "retail_point_zone": ("示例单元", "商圈示例网格"),
    "drug_retail_permit.business_scope": ("中药饮片、中成药、化学药制剂、抗生素制剂、生化药品",),
    "drug_wholesale_permit.business_scope": ("中成药、化学原料药及其制剂、抗生素原料药及其制剂、生化药品",),
    "class_2_device_filing.business_scope": ("2002年分类目录：6820，6864；2017年分类目录：07，14，20",),
    "class_3_device_permit.business_scope": ("2017年分类目录：03，10，14，22（不含需冷链储运的体外诊断试剂）",),
    "chain_headquarters": ("示例连锁医药有限公司",),
    "hotel_trade_permit.business_scope": ("旅馆业（住宿）",),
    "seal_engraving_permit.business_scope": ("公章刻制",),
    "seal_kinds": ("单位公章、财务专用章、合同专用章",),
    "keeping_place": ("店内保险柜",),
    "real_estate_agency_filing.service_scope": ("房屋买卖、租赁经纪服务",),
    "parent_institution": ("示例房地产经纪有限公司",),
    "installation_form": ("墙面广告", "立柱广告", "楼顶广告"),
    "dimensions": ("12.0×4.0×0.3", "8.0×3.0×0.3"),
    "permitted_content": ("商业广告，附公益广告不少于20%",),
    "materials_and_lighting": ("钢结构喷绘，内光源",),
    "permitted_business": ("国内旅游业务和入境旅游业务",),
    "travel_agency_permit.investors": ("示例投资有限公司",),
    "travel_agency_permit.enterprise_type": ("有限责任公司",),
    "deposit_bank": ("示例银行示例支行",),
    "entertainment_venue_permit.business_items": ("歌舞娱乐", "游艺娱乐"),
    "video_system": ("示例点播系统",),
    "filed_items": ("歌舞娱乐场所治安管理备案",),
    "entertainment_permit_number": ("442000160001",),
    "surveillance_points": ("出入口、通道、前台共12处",),
    "permitted_scope": ("C级、D级烟花；C级爆竹",),
    "wholesaler": ("示例烟花爆竹批发有限公司",),
    "storage_place": ("店后专用储存间",),
    "product_details": ("糕点（烘烤类糕点、蒸煮类糕点）", "按目录明细"),
    "production_flow": ("配料—成型—烘烤—冷却—包装",),
    "treatment_scope": ("动物疫病预防、诊断、治疗和绝育手术", "动物颅腔、胸腔和腹腔手术"),
    "pesticide_operation_permit.business_scope": ("农药（限制使用农药除外）",),
    "crop_seed_permit.business_scope": ("常规稻种子、蔬菜种子生产经营",),
    "veterinary_drug_permit.business_scope": ("兽用中药、化学药品",),
    "crops": ("水稻、蔬菜",),
    "effective_area": ("示例省",),
    "varieties": ("示例丝苗1号、示例菜心2号",),
    "production_places": ("示例市示例镇示例村基地",),
    "branches": ("示例一分店",),
    "commissioning_makers": ("示例动物药业有限公司",),
    "internet_drug_information_certificate.service_scope": ("互联网药品信息服务（不含交易）",),
    "website_name": ("示例医药网",),
    "domain_names": ("yiyao.example.com",),
    "server_address": ("示例市示例数据中心",),
    "ip_addresses": ("192.0.2.10",),
    "cold_chain": ("冷库2座，冷藏车3辆",),
    "road_freight_permit.business_scope": ("道路普通货物运输",),
    "parking_place": ("示例停车场",),
    "vehicle_plates": ("粤T示001、粤T示002",),
    "contact_phone": ("0760-00000000",),
    "ride_hailing_permit.business_scope": ("网络预约出租汽车客运",),
    "platform_name": ("示例出行",),
    "business_area": ("示例市行政区域",),
    "online_capability_number": ("示认〔2024〕1号",),
    "gas_appliance_qualification.service_scope": ("家用燃气燃烧器具的安装、维修",),
    "institution_category": ("综合医院", "专科医院", "社区卫生服务中心"),
    "ownership": ("全民", "股份制"),
    "diagnosis_subjects": ("内科、外科、妇产科、儿科、急诊医学科、医学检验科",),
    "second_name": ("示例市示例互联网医院",),
    "sport_items": ("游泳",),
    "facilities": ("标准泳池1座、儿童池1座、救生器材齐全",),
    "publication_retail_permit.business_scope": ("图书、报纸、期刊、音像制品、电子出版物零售",),
    "projection_scope": ("电影放映",),
    "cinema_code": ("44200001", "44200002"),
    "cinema_chain": ("示例院线",),
    "human_resources_permit.service_scope": ("职业中介活动",),
    "filed_services": ("人力资源供求信息的收集和发布、就业和创业指导",),
    "institution_nature": ("经营性人力资源服务机构",),
    "website": ("https://hr.example.com/",),
    "product_names": ("食品用塑料包装容器工具等制品", "危险化学品包装物"),
    "group_members": ("无",),
    "key_equipment": ("注塑机、电子天平",),
    "production_items": ("卫生用品：抗（抑）菌制剂", "消毒剂：含氯消毒剂"),
    "production_categories": ("液体消毒剂", "抗（抑）菌制剂（液体）"),
    "main_equipment": ("灌装机、封口机",),
    "packaging_printing_permit.business_scope": ("包装装潢印刷品印刷",),
    "packaging_printing_permit.enterprise_type": ("包装装潢印刷企业",),
    "printing_equipment": ("四色胶印机2台",),
    "economic_nature": ("民营",),
    "registered_capital": ("人民币壹佰万元", "人民币伍佰万元", "人民币叁拾万元"),
    "lift_registration.device_category": ("曳引与强制驱动电梯", "自动扶梯与自动人行道"),
    "lift_registration.device_variety": ("曳引驱动乘客电梯", "自动扶梯", "曳引驱动载货电梯"),
    "lift_registration.device_name": ("客梯", "扶梯", "货梯"),
    "amusement_device_registration.device_category": ("观览车类", "滑行车类", "转马类"),
    "amusement_device_registration.device_variety": ("观览车系列", "滑行车系列", "转马系列"),
    "amusement_device_registration.device_name": ("示例摩天轮", "示例过山车", "示例旋转木马"),
    "model": ("EX-1000", "EX-2000", "EX-3000"),
    "manufacturer": ("示例电梯制造有限公司", "示例游乐设备有限公司"),
    "maintenance_unit": ("示例电梯维保有限公司",),
    "storeys_stops_doors": ("6/6/6", "12/12/12", "2/2/2"),
    "service_phone": ("0760-00000000",),
    "complaint_phone": ("12345",),
    "seal_system_number": ("示例系统编号",),
}  # fmt: skip

_ENTITY_TYPES = {"92": "个体工商户", "93": "农民专业合作社"}
_FOOD_BUSINESSES = {
    "餐饮": "餐饮服务经营者（中型餐馆）", "小吃": "餐饮服务经营者（小型餐馆）", "便利店": "食品销售经营者（便利店）",
    "学校": "单位食堂（学校食堂）", "医院": "单位食堂（职工食堂）",
}  # fmt: skip


def field_value(
    each: Field, certificate_type: CertificateType, holder: ExampleEnterprise, place: str, serial: int, chance: Random
) -> str:
    """Return one value: `place` is the address the certificate is about, `serial` its number within its type."""
    if each.name in _REPRESENTATIVE:
        return holder.representative
    if each.name in _ADDRESSES:
        return place
    if each.name in _PERSONS:
        return f"{chance.choice('甲乙丙丁戊己庚辛')}示例"
    if each.form is FieldForm.CHOICE:
        return chance.choice(each.choices)
    if each.form is FieldForm.INTEGER:
        return str(chance.randint(2, 180))
    if each.form is FieldForm.DECIMAL:
        return f"{chance.randint(20, 2400)}.{chance.randint(1, 9)}"
    if each.form is FieldForm.DATE:
        return (date(2024, 1, 1) + timedelta(days=chance.randint(0, 500))).isoformat()
    return _text(each, certificate_type, holder, serial, chance)


def field_values(
    certificate_type: CertificateType, holder: ExampleEnterprise, place: str, serial: int, chance: Random
) -> dict[str, str]:
    """Return values for all that a type requires on issue and most of what it may hold."""
    drawn = {
        each.name: field_value(each, certificate_type, holder, place, serial, chance)
        for each in certificate_type.fields
        if Occasion.ISSUE in each.required_on or chance.random() < _OPTIONAL_SHARE
    }
    if certificate_type.code == "business_licence":
        return _as_licensed(drawn, holder)
    if certificate_type.code == "food_operation_permit":
        drawn["business_form"] = _FOOD_BUSINESSES.get(holder.trade, drawn["business_form"])
    return drawn


def _as_licensed(fields: dict[str, str], holder: ExampleEnterprise) -> dict[str, str]:
    """Return a licence's fields as its holder's kind has them: only the self-employed have a form, and no capital."""
    kind = holder.licence_number[:2]
    if kind == "92":
        form = {"composition_form": fields.get("composition_form", "个人经营")}
        own = {name: value for name, value in fields.items() if name != "registered_capital"} | form
    else:
        own = {name: value for name, value in fields.items() if name != "composition_form"}
    return own | ({"entity_type": _ENTITY_TYPES[kind]} if kind in _ENTITY_TYPES else {})


def make_number(certificate_type: CertificateType, year: int, serial: int) -> str:
    """Return a certificate number of the type's own form: its example with another serial, year and check digit."""
    example = certificate_type.number.example
    run = _LAST_RUN.search(example)
    if run is None:
        raise ValueError(f"the example number of {certificate_type.code} holds no serial")
    before, after = example[: run.start()], example[run.end() :]
    digits = run[1][:-4] + f"{serial:04d}"
    if certificate_type.number.check == "mod11_10":
        # The last digit checks the others, so the serial stands before it.
        body = run[1][:-5] + f"{serial:04d}"
        digits = body + mod11_10(body)
    return before.replace("2026", str(year)) + digits + after.replace("（26）", f"（{year % 100:02d}）")


def _text(
    each: Field, certificate_type: CertificateType, holder: ExampleEnterprise, serial: int, chance: Random
) -> str:
    if each.name == "device_code":
        return f"{'31' if certificate_type.code == 'lift_registration' else '60'}1044200020{serial:08d}"
    if each.name == "registration_number":
        return f"4420006{chance.randint(0, 999999):06d}"
    if each.name.endswith("_name") and f"{certificate_type.code}.{each.name}" not in _TEXTS and each.name not in _TEXTS:
        return holder.name
    if each.name == "industry_code":
        return str(chance.choice((5211, 6210, 6110, 7291)))
    known = _TEXTS.get(f"{certificate_type.code}.{each.name}") or _TEXTS.get(each.name)
    return chance.choice(known) if known else f"示例{serial:04d}"
