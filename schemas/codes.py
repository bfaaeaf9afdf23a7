"""Any code a person has, told apart: our address or reference, a number, another system's code. Pure; nothing is asked.

`read_code` takes what was typed, pasted or scanned, in any case, full width or half, with text around it. What a number
is good for, and whether anybody has it, is for `hub/public/resolution.py` to look up. An address that only looks like
ours is named, never followed.
Sources: GB 32100-2015, GS 15-2006 and GB/T 36904-2018 by `schemas/identifiers.py`; other systems' codes by
`schemas/licence_systems.py`.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from schemas.identifiers import (
    REFERENCE_LENGTH,
    IdentifierCheckError,
    IdentifierFormError,
    LicenceNumberCheckError,
    LicenceNumberFormError,
    ReferenceFormError,
    RegistrationNumberError,
    is_site_id,
    parse_licence_number,
    parse_reference,
    parse_registration_number,
    read_identifier,
)
from schemas.licence_systems import LicenceSystem

LONGEST_CODE = 2_000
LONGEST_NUMBER = 128
_LONGEST_HOST = 253
_LICENCE_LENGTH, _REGISTRATION_LENGTH = 18, 15

_HALF_WIDTH = {0xFEE0 + code: code for code in range(0x21, 0x7F)} | {0x3000: 0x20, 0xA0: 0x20}
_HYPHENS = dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212), 0x2D)
_CAPITALS = {ord(lower): ord(lower) - 32 for lower in "abcdefghijklmnopqrstuvwxyz"}
# What scanners and chat programs put before and after a text, and nobody sees.
_AROUND = " \t\r\n\ufeff\u200b"
_ALLOWED_CONTROLS = frozenset("\t\r\n")
_PUNCTUATION = ".,;:!?)]}>\"'"

# A scheme, an authority, and a path as far as it is ASCII. No part of it can match in two ways, so it is linear.
_ADDRESS = re.compile(r"(?<![a-z])[a-z][a-z0-9+.-]{0,15}://[^\s/?#]*(?:[/?#][!-~]*)?", re.IGNORECASE)
_OWN_PATH = re.compile(r"/([qcsdk])/([^/]{1,64})/?", re.IGNORECASE)
_BARE_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}(?::[0-9]{1,5})?", re.IGNORECASE)
_IDENTIFIER = re.compile(r"(?<![0-9A-Z.])1\.2\.156\.3005\.2\.[0-9A-Z.]{1,120}")
_SITE_ID = re.compile(r"(?<![0-9A-Z-])S-[0-9A-Z]{12}(?![0-9A-Z-])")
_NO_CODE = re.compile(r"[^0-9A-Z -]+")
_PORT = re.compile(r":[0-9]{1,5}\Z")
_IDENTIFIER_PARTS = 10
_OWN_PORTS = {"https": ":443", "http": ":80"}


class CodeKind(StrEnum):
    """What a text turned out to be."""

    REFERENCE = "reference"
    IDENTIFIER = "identifier"
    LICENCE_NUMBER = "licence_number"
    MISTYPED = "mistyped"
    SITE = "site"
    REGISTRATION_NUMBER = "registration_number"
    NUMBER = "number"
    SYSTEM = "system"
    OTHER_ORIGIN = "other_origin"
    ADDRESS = "address"
    AMBIGUOUS = "ambiguous"
    HIDDEN = "hidden"
    TOO_LONG = "too_long"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Code:
    """What was recognised. `value` is the reference, identifier, number or id in its one form, or an address's host.

    `numbers` are the ways the whole text may be written as a certificate number or a device's id; empty where it cannot
    be one. `position` is that of a mistyped licence number's wrong character (17 or 18), 0 of an identifier's.
    """

    kind: CodeKind
    value: str = ""
    numbers: tuple[str, ...] = ()
    system: LicenceSystem | None = None
    position: int = 0


def read_code(text: str, *, origin: str, systems: Sequence[LicenceSystem]) -> Code:
    """Say what a text is. `origin` is the hub's own ("https://…", no final slash); never raises, whatever the text."""
    if len(text) > LONGEST_CODE:
        # Half of it might name one enterprise where the whole names two, so none of it is read.
        return Code(CodeKind.TOO_LONG)
    typed = text.strip(_AROUND)
    shown = typed.translate(_HALF_WIDTH).strip()
    if not shown:
        return Code(CodeKind.EMPTY)
    if any(unicodedata.category(each) in ("Cc", "Cf", "Cs") and each not in _ALLOWED_CONTROLS for each in shown):
        return Code(CodeKind.HIDDEN)
    addresses = list(_addresses(shown, origin))
    left = shown
    for address in addresses:
        left = left.replace(address.text, " ")
    return (
        _foreign(addresses)
        or _one(CodeKind.REFERENCE, (each.reference for each in addresses if each.is_ours and each.reference))
        or _number_in(left.translate(_HYPHENS).translate(_CAPITALS), typed, shown)
        or _of_system(addresses, shown, systems)
        or _rest(addresses, typed, shown)
    )


# --- addresses ---


@dataclass(frozen=True, slots=True)
class _Address:
    """An address in a text: as it stands there, its host in lower case ("" where it is doubtful), whose it is."""

    text: str
    host: str
    is_ours: bool
    looks_ours: bool
    reference: str


def _addresses(text: str, origin: str) -> Iterator[_Address]:
    found = [each[0].rstrip(_PUNCTUATION) for each in _ADDRESS.finditer(text)]
    yield from (_judged(each, each, origin) for each in found)
    scheme, _, netloc = origin.partition("://")
    for word in text.split():
        authority, slash, _ = word.partition("/")
        if "://" in word or not slash or not 0 < len(authority) <= _LONGEST_HOST:
            continue
        if authority.lower() == netloc.lower() or _BARE_HOST.fullmatch(authority) or _own_reference(word):
            yield _judged(word, f"{scheme}://{word}", origin)


def _judged(text: str, address: str, origin: str) -> _Address:
    scheme, _, rest = address.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    reference = _own_reference(rest)
    start, own = f"{scheme}://{authority}".lower(), origin.lower()
    if start in (own, own + _OWN_PORTS.get(scheme.lower(), "")):
        return _Address(text, "", is_ours=True, looks_ours=True, reference=reference)
    odd = not authority.isascii() or "xn--" in authority.lower()
    looks_ours = bool(reference) or odd or _PORT.sub("", own.partition("://")[2]) in address.lower()
    return _Address(text, _host(scheme.lower(), authority.lower()), False, looks_ours, "")


def _own_reference(rest: str) -> str:
    """Return the reference in `authority/kind/reference`, "" where there is none. Nothing is percent-decoded."""
    found = _OWN_PATH.fullmatch(re.split(r"[?#]", rest[rest.find("/") :], maxsplit=1)[0]) if "/" in rest else None
    try:
        return parse_reference(found[2]) if found else ""
    except ReferenceFormError:
        return ""


def _host(scheme: str, authority: str) -> str:
    host = authority.removesuffix(_OWN_PORTS.get(scheme, "no port"))
    return host if len(host) <= _LONGEST_HOST and _BARE_HOST.fullmatch(host) else ""


def _foreign(addresses: Sequence[_Address]) -> Code | None:
    """Name a look-alike before anything else that stands beside it."""
    found = [each for each in addresses if each.looks_ours and not each.is_ours]
    return Code(CodeKind.OTHER_ORIGIN, found[0].host) if found else None


# --- numbers ---


def _number_in(capitals: str, typed: str, shown: str) -> Code | None:
    """Find what has check characters or a form of its own; `capitals` is the text without its addresses."""
    identifiers = list(_identifiers(capitals))
    if "" in identifiers:
        return Code(CodeKind.MISTYPED)
    segments = [each.strip(" -") for each in _NO_CODE.split(capitals)]
    numbers = _numbers(typed, shown)
    return (
        _one(CodeKind.IDENTIFIER, identifiers)
        or _one(CodeKind.LICENCE_NUMBER, chain.from_iterable(map(_licence_numbers, segments)))
        or _one(CodeKind.REFERENCE, chain.from_iterable(map(_references, segments)), numbers)
        or _one(CodeKind.SITE, filter(is_site_id, _SITE_ID.findall(capitals)))
        or _mistyped(capitals, numbers)
    )


def _one(kind: CodeKind, values: Iterator[str] | Sequence[str], numbers: tuple[str, ...] = ()) -> Code | None:
    found = set(values)
    if not found:
        return None
    return Code(kind, found.pop(), numbers) if len(found) == 1 else Code(CodeKind.AMBIGUOUS)


def _identifiers(capitals: str) -> Iterator[str]:
    """Yield identifiers, also with a file's ending behind; "" for one whose form or check character is wrong."""
    for found in _IDENTIFIER.findall(capitals):
        try:
            yield str(read_identifier(".".join(found.split(".")[:_IDENTIFIER_PARTS])))
        except (IdentifierFormError, IdentifierCheckError):
            yield ""


def _words(segment: str, length: int) -> Iterator[str]:
    """Yield what has this length: the segment written in groups, or each run of it."""
    runs = segment.replace("-", " ").split()
    together = "".join(runs)
    yield from ([together] if len(together) == length else (run for run in runs if len(run) == length))


def _licence_numbers(segment: str) -> Iterator[str]:
    for word in _words(segment, _LICENCE_LENGTH):
        try:
            yield parse_licence_number(word)
        except (LicenceNumberFormError, LicenceNumberCheckError):
            continue


def _references(segment: str) -> Iterator[str]:
    for word in _words(segment, REFERENCE_LENGTH):
        try:
            yield parse_reference(word)
        except ReferenceFormError:
            continue


def _mistyped(capitals: str, numbers: tuple[str, ...]) -> Code | None:
    """Tell a licence number with a wrong check character, where it is the whole text."""
    together = capitals.replace("-", " ").split()
    try:
        parse_licence_number("".join(together))
    except LicenceNumberCheckError as error:
        return Code(CodeKind.MISTYPED, "".join(together), numbers, position=error.position)
    except LicenceNumberFormError:
        pass
    return None


def _numbers(typed: str, shown: str) -> tuple[str, ...]:
    """Return the ways a text may be written as a certificate number, as it stands first."""
    if len(typed) > LONGEST_NUMBER or len(shown.splitlines()) != 1:
        return ()
    labelled = shown.rpartition(":")[2].strip()
    ways = (typed.strip(), shown, shown.translate(_CAPITALS), labelled, labelled.translate(_CAPITALS))
    return tuple(dict.fromkeys(filter(None, (*ways, "".join(labelled.translate(_CAPITALS).split())))))


# --- the rest ---


def _of_system(addresses: Sequence[_Address], shown: str, systems: Sequence[LicenceSystem]) -> Code | None:
    hosts = [each.host for each in addresses if each.host]
    named = [system for system in systems if any(map(system.has_host, hosts))]
    named += [system for system in systems if any(word in shown for word in system.words)]
    return Code(CodeKind.SYSTEM, system=named[0]) if named else None


def _rest(addresses: Sequence[_Address], typed: str, shown: str) -> Code:
    if any(each.is_ours for each in addresses):
        return Code(CodeKind.NUMBER)
    if addresses:
        return Code(CodeKind.ADDRESS, addresses[0].host)
    numbers = _numbers(typed, shown)
    for word in _words(_NO_CODE.sub(" ", shown.translate(_HYPHENS)), _REGISTRATION_LENGTH):
        try:
            return Code(CodeKind.REGISTRATION_NUMBER, parse_registration_number(word), numbers)
        except RegistrationNumberError:
            continue
    return Code(CodeKind.NUMBER, numbers=numbers)
