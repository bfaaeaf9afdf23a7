"""The numbers and names things are known by: licence number, registration number, certificate identifier, reference.

`parse_` normalises what people type (surrounding white space, full-width and lower-case letters) and checks every check
character; `make_` computes them. No text that failed appears in a message: it may be a person's number.
Not checked here: whether a number was ever given out.
Sources: GB 32100-2015 and GB 11714-1997 (licence number), GS 15-2006 and GB/T 17710 MOD 11,10 (registration number),
GB/T 36904-2018 and ISO 7064 MOD 37,36 (certificate identifier), Crockford base32 (reference).
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import NewType

LicenceNumber = NewType("LicenceNumber", str)
Reference = NewType("Reference", str)

IDENTIFIER_ROOT = "1.2.156.3005.2"
REFERENCE_LENGTH = 26

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE = {character: value for value, character in enumerate(_ALPHANUMERIC)}

_LICENCE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LICENCE_VALUE = {character: value for value, character in enumerate(_LICENCE_ALPHABET)}
_LICENCE_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_LICENCE_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_REGISTRATION_FORM = re.compile(r"[0-9]{15}")
# One live issuer uses its six-digit area code instead of its licence number (standards 1.3).
_IDENTIFIER_FORM = re.compile(
    r"1\.2\.156\.3005\.2\.([0-9A-Z]{18}[0-9]{3})\.([0-9A-Z]{18}|[0-9]{6})"
    r"\.([0-9A-Z]{1,32})\.([0-9]{3})\.([0-9A-Z])"
)

_SITE_ID = re.compile(r"S-[0-9A-HJKMNP-TV-Z]{11}[0-9A-Z]")
_REFERENCE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE_VALUE = {character: value for value, character in enumerate(_REFERENCE_ALPHABET)}
_REFERENCE_READ_AS = str.maketrans("ILOabcdefghijklmnopqrstuvwxyz", "110ABCDEFGH1JK1MN0PQRSTUVWXYZ")

_SURROUNDING = " \t\r\n\u00a0\u3000"
_LONGEST_TYPED = 200
# ASCII letters only: str.upper() would turn foreign letters (ſ, ı, ß) into accepted ones.
_AS_TYPED = {0xFEE0 + code: code for code in range(0x21, 0x7F)}
_AS_TYPED |= {ord(lower): ord(lower) - 32 for lower in "abcdefghijklmnopqrstuvwxyz"}
_AS_TYPED |= {0xFEE0 + ord(lower): ord(lower) - 32 for lower in "abcdefghijklmnopqrstuvwxyz"}


class LicenceNumberFormError(ValueError):
    """The text has not the form of a licence number."""


# A version number in an identifier has three digits.
MOST_VERSIONS = 999
# Early pilots issued numbers whose last character is wrong; only that one can be admitted by an operator.
ADMISSIBLE_POSITION = 18


class LicenceNumberCheckError(ValueError):
    """A check character is wrong: `position` 17 (organisation code) or 18 (the whole number)."""

    def __init__(self, position: int) -> None:
        super().__init__(f"wrong check character at position {position} of the licence number")
        self.position = position


class RegistrationNumberError(ValueError):
    """The text is not a 15-digit registration number, or its check digit is wrong."""


class IdentifierFormError(ValueError):
    """The text, or a part to make it from, has not the form of a certificate identifier."""


class IdentifierCheckError(ValueError):
    """The check character of a certificate identifier is wrong."""


class ReferenceFormError(ValueError):
    """The text is not a reference: 26 characters of Crockford base32 whose first one is at most 7."""


@dataclass(frozen=True, slots=True)
class CertificateIdentifier:
    """A certificate identifier in its parts; str() gives the full form, the only key.

    `type_code` has 21 characters, `body_code` 18 (rarely 6), `serial` 1 to 32, `version` three digits. `variant` marks
    an imported identifier whose check character fits only the known faulty computation.
    """

    type_code: str
    body_code: str
    serial: str
    version: str
    check: str
    variant: bool = False

    def __str__(self) -> str:
        return f"{IDENTIFIER_ROOT}.{self.type_code}.{self.body_code}.{self.serial}.{self.version}.{self.check}"


def parse_licence_number(text: str, *, overrides: Container[str] = ()) -> LicenceNumber:
    """Return the licence number a person or file gave, normalised.

    `overrides` are exact codes an operator admitted although issued with a wrong character 18 (standards 1.1); nothing
    else can be overridden. Raises LicenceNumberFormError, LicenceNumberCheckError.
    """
    number = as_typed(text)
    if not _LICENCE_FORM.fullmatch(number):
        raise LicenceNumberFormError("not the form of a licence number (18 characters, no I O S V Z)")
    if number[16] != _organisation_check(number[8:16]):
        raise LicenceNumberCheckError(17)
    if number[17] != _licence_check(number[:17]) and number not in overrides:
        raise LicenceNumberCheckError(ADMISSIBLE_POSITION)
    return LicenceNumber(number)


def make_licence_number(authority_and_region: str, body8: str) -> LicenceNumber:
    """Return a licence number with both check characters computed, for fictional or synthetic parties.

    `authority_and_region` is the first eight characters ("91442000"), `body8` the eight of the organisation code before
    its check character. Raises LicenceNumberFormError.
    """
    body = authority_and_region + body8
    if not (len(authority_and_region) == len(body8) == 8 and _LICENCE_FORM.fullmatch(body + "00")):
        raise LicenceNumberFormError("not the parts of a licence number (8 and 8 characters, no I O S V Z)")
    first17 = body + _organisation_check(body8)
    return LicenceNumber(first17 + _licence_check(first17))


def parse_registration_number(text: str) -> str:
    """Return the 15-digit registration number of former licences; raises RegistrationNumberError."""
    number = as_typed(text)
    if not _REGISTRATION_FORM.fullmatch(number):
        raise RegistrationNumberError("not the form of a registration number (15 digits)")
    if number[14] != mod11_10(number[:14]):
        raise RegistrationNumberError("wrong check digit of the registration number")
    return number


def mod11_10(digits: str) -> str:
    """Return the check digit of `digits` (ASCII) by GB/T 17710 (ISO 7064) MOD 11,10."""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def make_identifier(type_code: str, body_code: str, serial: str, version: int) -> CertificateIdentifier:
    """Return the identifier of one version (1 to 999) of a certificate, its check character computed.

    `body_code` is the issuing body's licence number. Raises IdentifierFormError.
    """
    if not 1 <= version <= MOST_VERSIONS or len(body_code) != 18:
        raise IdentifierFormError("version outside 1 to 999, or body code not of 18 characters")
    check = (
        mod37_36(f"{type_code}{body_code}{serial}{version:03}")
        if _is_alphanumeric(type_code, body_code, serial)
        else ""
    )
    made = CertificateIdentifier(type_code, body_code, serial, f"{version:03}", check)
    if not _IDENTIFIER_FORM.fullmatch(str(made)):
        raise IdentifierFormError("not the parts of a certificate identifier")
    return made


def parse_identifier(text: str) -> CertificateIdentifier:
    """Return the identifier in its parts; raises IdentifierFormError, IdentifierCheckError."""
    identifier = read_identifier(text)
    if identifier.variant:
        raise IdentifierCheckError("wrong check character of the certificate identifier")
    return identifier


def read_identifier(text: str) -> CertificateIdentifier:
    """Return an identifier made elsewhere, `variant` set when only the known faulty computation gives its check.

    Raises IdentifierFormError, IdentifierCheckError (neither computation gives it).
    """
    form = _IDENTIFIER_FORM.fullmatch(as_typed(text))
    if form is None or form[4] == "000":
        raise IdentifierFormError("not the form of a certificate identifier")
    type_code, body_code, serial, version, check = form.groups()
    body = type_code + body_code + serial + version
    if check not in (mod37_36(body), _mod37_36_variant(body)):
        raise IdentifierCheckError("wrong check character of the certificate identifier")
    return CertificateIdentifier(type_code, body_code, serial, version, check, variant=check != mod37_36(body))


def mod37_36(body: str) -> str:
    """Return the check character of `body` (0-9, A-Z; no dots, no root) by ISO 7064 MOD 37,36."""
    product = 36
    for character in body:
        product = ((product + _VALUE[character]) % 36 or 36) * 2 % 37
    return _ALPHANUMERIC[(37 - product) % 36]


def make_reference(random16: bytes) -> Reference:
    """Return 16 random bytes as 26 characters of upper-case Crockford base32.

    The 128 bits are one big-endian number; two zero bits before it fill the 130, so the first character is 0 to 7.
    """
    if len(random16) != 16:
        raise ReferenceFormError("a reference is made from 16 bytes")
    number = int.from_bytes(random16, "big")
    return Reference("".join(_REFERENCE_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5)))


def reference_bytes(reference: Reference) -> bytes:
    """Return the 16 bytes a reference was made from."""
    number = 0
    for each in reference:
        number = number << 5 | _REFERENCE_VALUE[each]
    return number.to_bytes(16, "big")


def parse_reference(text: str) -> Reference:
    """Return the canonical form of a reference as scanned or typed (any case; I and L read as 1, O as 0).

    Raises ReferenceFormError, also for a first character above 7, which no 128 bits give.
    """
    reference = text.strip(_SURROUNDING)
    if len(reference) == REFERENCE_LENGTH:
        reference = reference.translate(_REFERENCE_READ_AS)
    if len(reference) != REFERENCE_LENGTH or reference[0] > "7" or not _REFERENCE_VALUE.keys() >= set(reference):
        raise ReferenceFormError("not the form of a reference")
    return Reference(reference)


def make_site_id(random8: bytes) -> str:
    """Return a site's id from 8 random bytes: S-, 11 characters of Crockford base32, a MOD 37,36 check character."""
    number = int.from_bytes(random8, "big")
    body = "".join(_REFERENCE_ALPHABET[number >> shift & 31] for shift in range(50, -1, -5))
    return f"S-{body}{mod37_36(body)}"


def is_site_id(text: str) -> bool:
    """Say whether a text is a site's id as this hub makes them, its check character right."""
    return _SITE_ID.fullmatch(text) is not None and mod37_36(text[2:-1]) == text[-1]


def as_typed(text: str) -> str:
    """Return a code as a person meant it: surrounding space off, full-width to half-width, upper case; not checked."""
    trimmed = text.strip(_SURROUNDING)
    return trimmed.translate(_AS_TYPED) if len(trimmed) <= _LONGEST_TYPED else ""


def _is_alphanumeric(*texts: str) -> bool:
    return all(_VALUE.keys() >= set(text) for text in texts)


def _organisation_check(body8: str) -> str:
    total = sum(_VALUE[character] * weight for character, weight in zip(body8, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def _licence_check(first17: str) -> str:
    total = sum(_LICENCE_VALUE[character] * weight for character, weight in zip(first17, _LICENCE_WEIGHTS, strict=True))
    return _LICENCE_ALPHABET[-total % 31]


def _mod37_36_variant(body: str) -> str:
    # Seen in a Shandong share service: letters count from A = 11, their sums are reduced modulo 37 first, and the check
    # character is taken one place too low.
    product = 36
    for character in body:
        total = product + _VALUE[character]
        if character > "9":
            total = (total + 1) % 37 if total > 36 else total + 1
        product = (total % 36 or 36) * 2 % 37
    return _ALPHANUMERIC[36 - product]
