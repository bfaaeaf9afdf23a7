"""The catalogue: every item of the reform has its type, and a wrong file is named by file, field and rule."""

import csv
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import (
    TYPES_FOLDER,
    Catalogue,
    CatalogueError,
    CertificateType,
    CertificateTypeUnknownError,
    FieldClass,
    FieldForm,
    FieldProblem,
    FieldsError,
    Kind,
    NumberFormError,
    Occasion,
    SharingClass,
    SubjectKind,
    ValidityError,
    load_catalogue,
)
from schemas.identifiers import make_identifier, parse_licence_number

CATALOGUE = load_catalogue()
TYPES = CATALOGUE.current()
FOOD = CATALOGUE.get("food_operation_permit")
VECTORS = Path(__file__).parent.parent / "vectors"
VALUES = {
    "legal_representative": "示例某",
    "business_premises": "中山市石岐街道示例路1号",
    "business_form": "餐饮服务经营者（网络经营）",
    "business_items": "热食类食品制售；\n冷食类食品制售",
    "supervision_body": "示例市场监督管理所",
}


def reform_items() -> dict[str, dict[str, str]]:
    with (VECTORS / "reform-items.csv").open(encoding="utf-8", newline="") as file:
        return {f"{row['batch']}.{row['number']}": row for row in csv.DictReader(file)}


def problems_of(
    certificate_type: CertificateType, values: dict[str, str], occasion: Occasion = Occasion.ISSUE
) -> set[str]:
    with pytest.raises(FieldsError) as refused:
        certificate_type.check_fields(values, occasion)
    return {f"{problem.field}: {problem.rule}" for problem in refused.value.problems}


def test_each_item_of_the_reform_is_one_type_and_the_licence_is_the_other() -> None:
    items = [item for each in TYPES for item in each.items]
    assert sorted(items) == sorted(reform_items())
    assert [each.code for each in TYPES if not each.items] == ["business_licence"]
    assert len(TYPES) == 38


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.code)
def test_type_bears_the_names_and_department_of_its_item(each: CertificateType) -> None:
    rows = [reform_items()[item] for item in each.items]
    assert each.item_names == tuple(row["item_name"] for row in rows)
    assert {row["competent_department"] for row in rows} <= {each.competent_department}
    assert each.competent_department in each.publicity.authorities


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.code)
def test_type_is_whole_and_its_codes_make_an_identifier(each: CertificateType) -> None:
    content = (TYPES_FOLDER / f"{each.code}.{each.version}.toml").read_bytes()
    assert each.digest == sha256(content).hexdigest()
    assert 6 <= len(each.fields) <= 12
    assert each.disclosure_count >= len(each.fields) + 4
    assert parse_licence_number(str(each.definer)) == each.type_code[:18]
    assert make_identifier(each.type_code, "11330105002500287C", "0000000001", 1).type_code == each.type_code
    assert each.check_number(each.number.example) == each.number.example


def test_fields_of_people_are_personal_and_none_is_an_identity_number() -> None:
    personal = {field.label_zh for each in TYPES for field in each.fields if field.field_class is FieldClass.PERSONAL}
    labels = "".join(field.label_zh + field.name for each in TYPES for field in each.fields)
    assert {"质量负责人", "食品安全管理员", "执业兽医"} <= personal
    assert "身份证" not in labels
    assert "id_number" not in labels


def test_what_the_reform_lists_as_filing_device_or_endless_is_so() -> None:
    filings = {each.items[0] for each in TYPES if each.kind is Kind.FILING}
    devices = {each.code for each in TYPES if each.subject is SubjectKind.DEVICE}
    assert filings == {"1.1", "1.8", "1.11", "1.15"}
    assert devices == {"lift_registration", "amusement_device_registration"}
    assert CATALOGUE.get("lift_registration").validity.end == "never"
    assert CATALOGUE.get("business_licence").kind is Kind.LICENCE


def test_national_codes_are_not_provisional_and_all_others_are() -> None:
    confirmed = {each.code for each in TYPES if not each.provisional}
    assert confirmed == {"road_freight_permit", "ride_hailing_permit"}
    assert CATALOGUE.by_type_code("11100000000019713D008").code == "road_freight_permit"
    with pytest.raises(CertificateTypeUnknownError):
        CATALOGUE.by_type_code("11100000000019713D016")


@pytest.mark.parametrize(
    ("code", "version"), [("no_such", None), ("food_operation_permit", 2), ("business_licence", 0)]
)
def test_type_or_version_nobody_made_is_unknown(code: str, version: int | None) -> None:
    with pytest.raises(CertificateTypeUnknownError):
        CATALOGUE.get(code, version)


def test_version_is_a_whole_number_and_nothing_equal_to_one() -> None:
    with pytest.raises(CertificateTypeUnknownError):
        CATALOGUE.get("business_licence", True)


def test_later_version_is_current_and_the_earlier_one_stays() -> None:
    second = replace(FOOD, version=2, aliases=("11100000MB0341032Y002",))
    catalogue = Catalogue([second, FOOD])
    assert catalogue.get("food_operation_permit") is second
    assert catalogue.get("food_operation_permit", 1) is FOOD
    assert catalogue.current() == (second,)
    assert catalogue.all_versions() == (FOOD, second)
    assert catalogue.by_type_code("11100000MB0341032Y002") is catalogue.by_type_code(FOOD.type_code) is second


@pytest.mark.parametrize(
    ("name", "authority", "item", "codes"),
    [
        ("食品经营许可证", "中山市市场监督管理局", "", ["food_operation_permit"]),
        ("食品经营许可证", "中山市市场监督管理局小榄分局", "", ["food_operation_permit"]),
        ("食品经营许可证", "广州市市场监督管理局", "", []),
        ("药品经营许可证", "广东省药品监督管理局", "", ["drug_wholesale_permit"]),
        ("药品经营许可证", "中山市市场监督管理局", "", ["drug_retail_permit"]),
        ("特种行业许可证", "中山市公安局", "准予旅馆业特种行业许可", ["hotel_trade_permit"]),
        ("特种行业许可证", "中山市公安局", "", ["hotel_trade_permit", "seal_engraving_permit"]),
        ("特种设备使用登记证", "中山市市场监督管理局", "使用登记：电梯 1 台", ["lift_registration"]),
        ("特种设备使用登记证", "中山市市场监督管理局", "", ["amusement_device_registration", "lift_registration"]),
        ("烟花爆竹经营(零售)许可证", "中山市应急管理局", "", ["fireworks_retail_permit"]),
        ("", "中山市农业农村局", "动物诊疗许可证核发", ["animal_clinic_permit"]),
        ("", "中山市农业农村局", "", []),
        ("示例许可证", "中山市市场监督管理局", "", []),
    ],
)
def test_publicity_row_means_one_type_or_says_it_cannot_tell(
    name: str, authority: str, item: str, codes: list[str]
) -> None:
    assert [each.code for each in CATALOGUE.match_publicity(name, authority, item)] == codes


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.code)
def test_row_with_a_type_s_own_words_means_that_type(each: CertificateType) -> None:
    words = each.publicity
    found = CATALOGUE.match_publicity(words.names[0], words.authorities[0], " ".join(words.item_names))
    assert found == (each,)


def test_values_come_back_in_one_form_without_the_blank_ones() -> None:
    checked = FOOD.check_fields(VALUES | {"floor_area": "0120.50", "report_phone": "  "}, Occasion.ISSUE)
    assert checked == VALUES | {"floor_area": "120.5"}
    assert list(checked) == [field.name for field in FOOD.fields if field.name in checked]


@pytest.mark.parametrize("text", ["2026-03-01", "2026/3/1", "2026/03/01", "2026年3月1日", " 2026年03月01日 "])
def test_date_is_read_in_the_forms_departments_write(text: str) -> None:
    licence = CATALOGUE.get("business_licence")
    values = {"legal_representative": "示例某", "entity_type": "有限责任公司", "business_scope": "示例"}
    assert licence.check_fields(values | {"established_on": text}, Occasion.ISSUE)["established_on"] == "2026-03-01"


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("floor_area", "约120", "form"),
        ("floor_area", "1,200", "form"),
        ("floor_area", "٣", "form"),
        ("floor_area", "9" * 30, "too_long"),
        ("legal_representative", "示" * 101, "too_long"),
        ("legal_representative", "", "missing"),
        ("legal_representative", "示\u202e例", "control_character"),
        ("legal_representative", "示\n例", "control_character"),
        ("business_premises", "Cafe\u0301", "not_nfc"),
        ("business_form", "其他业态", "pattern"),
        ("identity_number", "442000199001011234", "unknown"),
    ],
)
def test_wrong_value_is_named_by_field_and_rule(field: str, value: str, rule: str) -> None:
    assert problems_of(FOOD, VALUES | {field: value}) == {f"{field}: {rule}"}


@pytest.mark.parametrize("text", ["2026-02-30", "26-03-01", "2026-3-1", "20260301", "2026年3月", "明天"])
def test_text_that_is_no_date_is_refused(text: str) -> None:
    values = {"established_on": text, "legal_representative": "示例某", "entity_type": "有限", "business_scope": "示例"}
    assert problems_of(CATALOGUE.get("business_licence"), values) == {"established_on: form"}


def test_choice_outside_the_list_and_value_that_is_no_text_are_refused() -> None:
    values: dict[str, object] = {"retail_format": "网店", "legal_representative": 7}
    with pytest.raises(FieldsError) as refused:
        CATALOGUE.get("tobacco_retail_licence").check_fields(values, Occasion.IMPORT)  # type: ignore[arg-type]
    assert FieldProblem("retail_format", "choice") in refused.value.problems
    assert FieldProblem("legal_representative", "form") in refused.value.problems


def test_every_problem_is_named_at_once_and_no_value_is_repeated() -> None:
    with pytest.raises(FieldsError) as refused:
        FOOD.check_fields({"business_form": "机密业态", "机密列": "机密", "x_column": "机密"}, Occasion.ISSUE)
    named = {(problem.field, problem.rule) for problem in refused.value.problems}
    assert {("business_form", "pattern"), ("fields", "unknown"), ("x_column", "unknown")} <= named
    assert ("supervision_body", "missing") in named
    assert "机密" not in str(refused.value)


def test_import_asks_only_for_what_was_published() -> None:
    assert FOOD.check_fields({"business_items": "预包装食品销售"}, Occasion.IMPORT) == {
        "business_items": "预包装食品销售"
    }
    assert problems_of(FOOD, {}, Occasion.IMPORT) == {"business_items: missing"}


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.code)
def test_publicity_row_of_every_type_can_be_imported(each: CertificateType) -> None:
    content = {str(each.publicity.content_field): "许可内容示例"} if each.publicity.content_field else {}
    assert each.check_fields(content, Occasion.IMPORT) == content


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(sorted(VALUES)), st.text(max_size=20), max_size=6))
def test_no_text_of_a_stranger_ends_in_anything_but_a_result_or_named_problems(values: dict[str, str]) -> None:
    problems = problems_of(FOOD, values | {"identity_number": "1"})
    assert "identity_number: unknown" in problems


def test_number_is_read_as_typed_and_its_check_digit_counts() -> None:
    assert FOOD.check_number(" ｊｙ2442０００００００0１９ ") == "JY24420000000019"
    with pytest.raises(NumberFormError):
        FOOD.check_number("JY24420000000018")
    with pytest.raises(NumberFormError):
        FOOD.check_number("JY4442000000001")
    with pytest.raises(NumberFormError):
        FOOD.check_number("JY2442000\u200b0000019")


@pytest.mark.parametrize(
    ("code", "valid_to", "rule"),
    [
        ("food_operation_permit", None, "end_required"),
        ("food_operation_permit", date(2024, 2, 28), "reversed"),
        ("food_operation_permit", date(2029, 3, 1), "too_long"),
        ("lift_registration", date(2029, 1, 1), "end_forbidden"),
    ],
)
def test_validity_against_its_rule_is_refused(code: str, valid_to: date | None, rule: str) -> None:
    with pytest.raises(ValidityError) as refused:
        CATALOGUE.get(code).check_validity(date(2024, 2, 29), valid_to)
    assert refused.value.rule == rule


def test_validity_up_to_the_last_day_allowed_passes() -> None:
    FOOD.check_validity(date(2024, 2, 29), date(2029, 2, 28))
    FOOD.check_validity(date(2026, 1, 1), date(2031, 1, 1))
    FOOD.check_validity(date(9998, 1, 1), date(9999, 12, 31))
    CATALOGUE.get("business_licence").check_validity(date(2026, 1, 1), None)
    CATALOGUE.get("lift_registration").check_validity(date(2026, 1, 1), None)


def test_strictest_sharing_class_wins() -> None:
    free, asked, never = SharingClass.UNCONDITIONAL, SharingClass.CONDITIONAL, SharingClass.NOT_SHARED
    assert SharingClass.strictest(free, asked) is asked
    assert SharingClass.strictest(never, free, asked) is never
    assert SharingClass.strictest(free) is free


def test_type_may_say_since_when_it_is_required_no_more(tmp_path: Path) -> None:
    path = tmp_path / "food_operation_permit.1.toml"
    note = '[replaced]\nfrom_on = 2026-11-01\nzh = "已改为备案"\nen = "A filing now"\nsource = "示例决定"\n\n[validity]'
    path.write_text(GOOD.replace("[validity]", note), encoding="utf-8")
    replaced = load_catalogue(tmp_path).get("food_operation_permit").replaced
    assert replaced is not None
    assert (replaced.from_on, replaced.zh, replaced.en) == (date(2026, 11, 1), "已改为备案", "A filing now")


GOOD = (TYPES_FOLDER / "food_operation_permit.1.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ('name_en = "Food operation permit"\n', "", "name_en", "missing key"),
        ("version = 1", "version = 1\nvaluable = 2", "valuable", "unknown key"),
        ("version = 1", "version = true", "version", "not of the kind int"),
        ("version = 1", "version = 0", "version", "not a positive whole number"),
        ("version = 1", "version = 2", "code", "the file is not named <code>.<version>.toml"),
        ('"permit"', '"permission"', "kind", "none of permit, filing, registration, licence"),
        ('definer = "11100000MB0341032Y"', 'definer = "11100000MB0341032X"', "definer", "not a licence number"),
        ("11100000MB0341032Y903", "11100000000013127D903", "type_code", "does not begin with the definer"),
        (
            "disclosure_count = 16",
            "disclosure_count = 13",
            "disclosure_count",
            "less than the fields and the 4 common facts",
        ),
        ("renewal_window_days = 30\n", "", "renewal_window_days", "needed where the validity can end, and only there"),
        ('end = "required"', 'end = "never"', "validity.max_years", "given although the validity never ends"),
        ("'JY[1-3][0-9]{13}'", "'JY[1-3'", "number.pattern", "not a regular expression"),
        ("JY24420000000019", "JY24420000000018", "number.example", "breaks the rule it is an example of"),
        ('"mod11_10"', '"mod97"', "number.check", "none of mod11_10"),
        ('"business_items"\n\n', '"floor_area"\n\n', "publicity.content_field", "no free text field of this type"),
        ("'(食品", "'((食品", "fields[3].pattern", "not a regular expression"),
        (
            'form = "decimal"',
            'form = "number"',
            "fields[9].form",
            "none of text, multiline, date, integer, decimal, choice",
        ),
        ('"supervision_body"', '"business_form"', "fields", "a name stands twice"),
        (
            '"supervision_body"',
            '"holder_name"',
            "fields[7].name",
            "a fact every certificate has, kept beside the fields",
        ),
        ('["issue", "import"]', '["renew"]', "fields[4].required_on", "none of issue, import"),
        ("max_length = 30", "max_length = 30000", "fields[8].max_length", "more than 10000"),
        ('form = "decimal"', 'form = "choice"\nchoices = ["有"]', "fields[9].choices", "fewer than two"),
        ('items = ["1.2"]', "items = []", "item_names", "not one for each of items"),
        ('label_zh = "主体业态"', 'label_zh = " "', "fields[3].label_zh", "empty, or not of its form"),
        ("[validity]", "[validity", "file", "not TOML in UTF-8"),
    ],
)
def test_wrong_file_is_named_by_file_field_and_rule(tmp_path: Path, old: str, new: str, field: str, rule: str) -> None:
    assert old in GOOD
    (tmp_path / "food_operation_permit.1.toml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        load_catalogue(tmp_path)
    assert (refused.value.file, refused.value.field, refused.value.rule) == (
        "food_operation_permit.1.toml",
        field,
        rule,
    )
    assert str(refused.value) == f"food_operation_permit.1.toml: {field}: {rule}"


def test_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "food_operation_permit.1.toml").write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(CatalogueError) as refused:
        load_catalogue(tmp_path)
    assert refused.value.field == "file"


def test_missing_version_between_two_is_named(tmp_path: Path) -> None:
    (tmp_path / "food_operation_permit.1.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "food_operation_permit.3.toml").write_text(GOOD.replace("version = 1", "version = 3"), encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        load_catalogue(tmp_path)
    assert (refused.value.file, refused.value.field) == ("food_operation_permit.3.toml", "version")


def test_code_of_another_type_taken_as_alias_is_named(tmp_path: Path) -> None:
    other = GOOD.replace('"food_operation_permit"', '"other_permit"').replace("Y903", "Y999")
    other = other.replace("aliases = []", 'aliases = ["11100000MB0341032Y903"]')
    (tmp_path / "food_operation_permit.1.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other_permit.1.toml").write_text(other, encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        load_catalogue(tmp_path)
    assert str(refused.value) == "other_permit.1.toml: aliases: already the code of food_operation_permit"


def test_new_type_is_a_new_file(tmp_path: Path) -> None:
    other = GOOD.replace('"food_operation_permit"', '"other_permit"').replace("Y903", "Y999")
    (tmp_path / "food_operation_permit.1.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other_permit.1.toml").write_text(other, encoding="utf-8")
    assert [each.code for each in load_catalogue(tmp_path).current()] == ["food_operation_permit", "other_permit"]


def test_folder_without_types_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError):
        load_catalogue(tmp_path)


def test_choice_s_length_follows_from_its_choices() -> None:
    fields = [field for each in TYPES for field in each.fields if field.form is FieldForm.CHOICE]
    assert [field.max_length for field in fields] == [max(map(len, field.choices)) for field in fields]
