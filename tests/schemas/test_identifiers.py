"""Identifiers: the real codes of living parties pass, and no slip of one character does."""

import secrets

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.identifiers import (
    IdentifierCheckError,
    IdentifierFormError,
    LicenceNumberCheckError,
    LicenceNumberFormError,
    ReferenceFormError,
    RegistrationNumberError,
    make_identifier,
    make_licence_number,
    make_reference,
    mod11_10,
    mod37_36,
    parse_identifier,
    parse_licence_number,
    parse_reference,
    parse_registration_number,
    read_identifier,
)

ENTERPRISES = [
    "9144030071526726XG",
    "914403001922038216",
    "91330100799655058B",
    "91330100716105852F",
    "91110000802100433B",
    "91440300192317458F",
    "91440606722473344C",
    "91440400192548256N",
    "9144030027939873X7",
    "91100000100003962T",
    "911100001000044477",
    "91440300192181490G",
    "91442000789438199M",
    "91442000686409571K",
    "91442000MA4UNN6R9A",
    "91442000MACDG8ADXC",
    "91350100M000100Y43",
]
DEPARTMENTS = [
    "11100000MB0341032Y",
    "11100000000013338W",
    "11100000000019713D",
    "11100000000013127D",
    "11100000MB03271699",
    "113700000045046442",
    "11330105002500287C",
    "11220000013544541J",
]
WRONGLY_ISSUED = ["91350203M0001QAY9B", "91350100M0001TGQXM", "91350211M0000XUF46", "91350203M0001FUE2P"]
REGISTRATION_NUMBERS = [
    "110108000000016",
    "310117003171688",
    "330282602082220",
    "430524600099555",
    "440301103097413",
    "440301104041144",
    "441900001868015",
    "445381600190918",
    "320300000174110",
]
ROOT = "1.2.156.3005.2."
CERTIFICATES = [
    f"{ROOT}11100000000013338W032.11220000013544541J.2430599.001.F",
    f"{ROOT}11100000000013338W011.11430000006122244L.20230000403.001.U",
    f"{ROOT}11100000000013338W009.11330105002500287C.2025052201.002.0",
    f"{ROOT}11100000MB03271699022.340100.000000016.001.9",
]
FAULTY_VARIANT = f"{ROOT}11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M"

LICENCE_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REFERENCE_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def changed(text: str, place: int, character: str) -> str:
    assume(text[place] != character)
    return text[:place] + character + text[place + 1 :]


@pytest.mark.parametrize("number", ENTERPRISES + DEPARTMENTS)
def test_licence_number_of_a_living_party_passes_both_checks(number: str) -> None:
    assert parse_licence_number(number) == number
    assert make_licence_number(number[:8], number[8:16]) == number


@pytest.mark.parametrize(
    "typed", [" 91442000ma4unn6r9a ", "９１４４２０００ＭＡ４ＵＮＮ６Ｒ９Ａ", "\u300091442000ｍａ4unn6r9a\n"]
)
def test_licence_number_is_read_as_people_type_it(typed: str) -> None:
    assert parse_licence_number(typed) == "91442000MA4UNN6R9A"


@pytest.mark.parametrize(
    "text", ["", "91442000MA5QRST345", "91442000MA4UNN6R9", "91442000MA4UNN6R9AA", "9144 2000MA4UNN6R9", "9" * 5000]
)
def test_text_of_another_form_is_no_licence_number(text: str) -> None:
    with pytest.raises(LicenceNumberFormError):
        parse_licence_number(text)


def test_letters_that_only_become_latin_by_upper_casing_are_refused() -> None:
    with pytest.raises(LicenceNumberFormError):
        parse_licence_number("91442000\u212aA4UNN6R9A")  # the kelvin sign


@pytest.mark.parametrize("number", WRONGLY_ISSUED)
def test_wrong_last_character_is_told_apart_from_a_wrong_form(number: str) -> None:
    with pytest.raises(LicenceNumberCheckError) as refused:
        parse_licence_number(number)
    assert refused.value.position == 18
    assert number not in str(refused.value)


@pytest.mark.parametrize("number", ["915200007143077041", "91442000MA4UNN6R8A"])
def test_wrong_organisation_check_is_told_by_its_position(number: str) -> None:
    with pytest.raises(LicenceNumberCheckError) as refused:
        parse_licence_number(number)
    assert refused.value.position == 17


@pytest.mark.parametrize("number", WRONGLY_ISSUED)
def test_wrongly_issued_number_enters_only_by_its_own_override(number: str) -> None:
    assert parse_licence_number(number.lower(), overrides={number}) == number
    with pytest.raises(LicenceNumberCheckError):
        parse_licence_number(number, overrides=set(WRONGLY_ISSUED) - {number})


def test_override_lifts_neither_the_form_nor_the_organisation_check() -> None:
    with pytest.raises(LicenceNumberFormError):
        parse_licence_number("91442000MA5QRST345", overrides={"91442000MA5QRST345"})
    with pytest.raises(LicenceNumberCheckError):
        parse_licence_number("91442000MA4UNN6R8A", overrides={"91442000MA4UNN6R8A"})


@given(st.sampled_from(ENTERPRISES + DEPARTMENTS), st.integers(0, 17), st.sampled_from(LICENCE_CHARACTERS))
def test_licence_number_with_any_one_character_changed_is_refused(number: str, place: int, character: str) -> None:
    with pytest.raises((LicenceNumberFormError, LicenceNumberCheckError)):
        parse_licence_number(changed(number, place, character))


@pytest.mark.parametrize("parts", [("9144200", "MA4UNN6R"), ("91442000", "MA4UNN6"), ("91442000", "MASIOVZ1")])
def test_licence_number_is_not_made_from_parts_of_another_form(parts: tuple[str, str]) -> None:
    with pytest.raises(LicenceNumberFormError):
        make_licence_number(*parts)


@pytest.mark.parametrize("number", REGISTRATION_NUMBERS)
def test_registration_number_of_a_former_licence_passes(number: str) -> None:
    assert parse_registration_number(f" {number}") == number
    assert mod11_10(number[:14]) == number[14]


@given(st.sampled_from(REGISTRATION_NUMBERS), st.integers(0, 14), st.sampled_from("0123456789"))
def test_registration_number_with_any_one_digit_changed_is_refused(number: str, place: int, digit: str) -> None:
    with pytest.raises(RegistrationNumberError):
        parse_registration_number(changed(number, place, digit))


@pytest.mark.parametrize("text", ["4419000018680", "44190000186801A", "٤٤١٩٠٠٠٠١٨٦٨٠١٥"])
def test_older_or_foreign_digits_are_no_registration_number(text: str) -> None:
    with pytest.raises(RegistrationNumberError):
        parse_registration_number(text)


@pytest.mark.parametrize("text", CERTIFICATES)
def test_identifier_of_a_living_certificate_passes_and_comes_back_whole(text: str) -> None:
    identifier = parse_identifier(text)
    assert str(identifier) == text
    assert identifier == read_identifier(text)
    assert not identifier.variant


def test_identifier_is_made_with_its_check_character() -> None:
    made = make_identifier("11100000000013338W009", "11330105002500287C", "2025052201", 2)
    assert str(made) == CERTIFICATES[2]
    assert mod37_36("11100000000013338W00211320482014138860P201807250201001") == "M"


def test_identifier_by_the_known_faulty_computation_is_read_with_a_flag_only() -> None:
    assert read_identifier(FAULTY_VARIANT).variant
    assert str(read_identifier(FAULTY_VARIANT)) == FAULTY_VARIANT
    with pytest.raises(IdentifierCheckError):
        parse_identifier(FAULTY_VARIANT)


def test_identifier_fitting_neither_computation_is_refused_on_import_too() -> None:
    with pytest.raises(IdentifierCheckError):
        read_identifier(FAULTY_VARIANT[:-1] + "N")


@given(st.sampled_from(CERTIFICATES), st.integers(15, 60), st.sampled_from(LICENCE_CHARACTERS))
def test_identifier_with_any_one_character_changed_is_refused(text: str, place: int, character: str) -> None:
    with pytest.raises((IdentifierFormError, IdentifierCheckError)):
        parse_identifier(changed(text, min(place, len(text) - 1), character))


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=32), st.integers(1, 999))
def test_every_identifier_made_is_read_back(serial: str, version: int) -> None:
    made = make_identifier("11100000MB0341032Y903", "11330105002500287C", serial, version)
    assert parse_identifier(str(made)) == made


@pytest.mark.parametrize(
    ("type_code", "body_code", "serial", "version"),
    [
        ("11100000MB0341032Y", "11330105002500287C", "1", 1),
        ("11100000MB0341032Y903", "340100", "1", 1),
        ("11100000MB0341032Y903", "示" * 18, "1", 1),
        ("11100000MB0341032Y903", "11330105002500287C", "", 1),
        ("11100000MB0341032Y903", "11330105002500287C", "a-1", 1),
        ("11100000MB0341032Y903", "11330105002500287C", "9" * 33, 1),
        ("11100000MB0341032Y903", "11330105002500287C", "1", 0),
        ("11100000MB0341032Y903", "11330105002500287C", "1", 1000),
    ],
)
def test_identifier_is_not_made_from_parts_of_another_form(
    type_code: str, body_code: str, serial: str, version: int
) -> None:
    with pytest.raises(IdentifierFormError):
        make_identifier(type_code, body_code, serial, version)


@pytest.mark.parametrize(
    "text", ["", "1.2.156.3005.3" + CERTIFICATES[0][14:], CERTIFICATES[0].replace(".001.", ".000.")]
)
def test_identifier_under_another_root_or_of_version_zero_is_refused(text: str) -> None:
    with pytest.raises(IdentifierFormError):
        read_identifier(text)


@given(st.binary(min_size=16, max_size=16))
def test_reference_holds_every_bit_it_was_made_from(random16: bytes) -> None:
    reference = make_reference(random16)
    places = [REFERENCE_CHARACTERS.index(character) for character in reversed(reference)]
    assert sum(value << 5 * place for place, value in enumerate(places)) == int.from_bytes(random16, "big")
    assert parse_reference(reference) == parse_reference(reference.lower()) == reference


def test_reference_is_read_as_people_mistake_it() -> None:
    reference = make_reference(bytes.fromhex("00443214c74254b635cf84653a56d7c6"))
    assert "1" in reference
    assert parse_reference(f" {reference.replace('1', 'l').replace('0', 'o')}\n") == reference
    assert parse_reference(reference.replace("1", "I").replace("0", "O")) == reference


@pytest.mark.parametrize("first", "89ABCDEFGHJKMNPQRSTVWXYZ")
def test_reference_with_bits_no_maker_sets_is_refused(first: str) -> None:
    with pytest.raises(ReferenceFormError):
        parse_reference(first + make_reference(secrets.token_bytes(16))[1:])


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "0" * 25 + "U", "0" * 25 + "-", "0" * 25 + "ſ"])
def test_text_of_another_form_is_no_reference(text: str) -> None:
    with pytest.raises(ReferenceFormError):
        parse_reference(text)


def test_reference_needs_sixteen_bytes() -> None:
    with pytest.raises(ReferenceFormError):
        make_reference(b"\x00" * 15)
