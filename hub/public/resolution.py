"""Resolving any code a person has: the page it leads to, a choice, or the one manual step that is left.

1 the door has told what the code is (`schemas/codes.py`)
2 what names something is looked up by key; nothing is searched, guessed or asked elsewhere
3 one page, a choice of certificates that bear the same number, a step, or a miss
Nothing is written. A miss is the same whether or not anything with such a form exists. With `numbers_on` false only
references are looked up, as where searching is switched off.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from hub.steps.documents.content import act_of_serial
from hub.steps.registry import Registry
from hub.store.answer import AnswerReader
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentReader
from hub.store.parties import PartyReader
from hub.store.reference import ReferenceReader
from hub.store.subject import StoredSubject, SubjectReader
from schemas.catalogue import Catalogue
from schemas.certificate import Certificate
from schemas.codes import Code, CodeKind
from schemas.identifiers import ADMISSIBLE_POSITION, Reference
from schemas.wording import Wording

MOST_CHOICES = 20

_TYPE_THE_NUMBER = (
    "请输入营业执照上印的 18 位统一社会信用代码",
    "Please type the 18 characters of the licence number printed on the business licence",
)
STEPS: Mapping[CodeKind, Wording] = {
    CodeKind.SYSTEM: Wording(
        f"这是其他系统的码，本平台读不出它指的是哪一家。{_TYPE_THE_NUMBER[0]}，也可以在该系统的官方网站上查到这个代码。",
        f"This is another system's code; it does not tell this hub whom it stands for. {_TYPE_THE_NUMBER[1]}; that "
        "system's official site shows it too.",
    ),
    CodeKind.OTHER_ORIGIN: Wording(
        f"这不是本平台的网址，只是看起来像，请勿打开，也不要相信它显示的结论。{_TYPE_THE_NUMBER[0]}。",
        f"This is not an address of this hub, although it looks like one. Do not open it, and do not rely on what it "
        f"shows. {_TYPE_THE_NUMBER[1]}.",
    ),
    CodeKind.ADDRESS: Wording(
        f"这是其他网站的网址，本平台不认识，也不会去打开。{_TYPE_THE_NUMBER[0]}。",
        f"This is an address of another site, which this hub does not know and does not open. {_TYPE_THE_NUMBER[1]}.",
    ),
    CodeKind.REGISTRATION_NUMBER: Wording(
        f"这是旧执照上的 15 位注册号，已不再使用。{_TYPE_THE_NUMBER[0]}；手边只有旧执照的，请向对方索要现行执照。",
        f"This is the 15-digit registration number of a former licence, no longer in use. {_TYPE_THE_NUMBER[1]}; where "
        "there is only the former one, ask for the present licence.",
    ),
    CodeKind.AMBIGUOUS: Wording(
        "内容里有不止一个代码，分不清要查哪一个。请只输入其中一个。",
        "There is more than one code in this text. Please enter only one of them.",
    ),
    CodeKind.HIDDEN: Wording(
        "内容里有看不见的字符，可能被人动过手脚。请照着看到的逐位手工输入。",
        "There are characters in this text that cannot be seen; somebody may have meant to mislead you. Please type by "
        "hand what you see.",
    ),
    CodeKind.TOO_LONG: Wording(
        "内容太长。请只输入代码本身。",
        "This text is too long. Please enter the code alone.",
    ),
}
CHOOSE = Wording(
    "有几份证照使用这个编号。请按证照类型和颁发机构选择。",
    "Several certificates bear this number. Please choose by type and issuing body.",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several certificates that bear a number: its page, type and issuing body."""

    opens: str
    certificate_type: str
    name_zh: str
    name_en: str
    issuing_body: str
    body_zh: str
    body_en: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a code leads; exactly one of the members is set, `miss` being the code of a problem."""

    opens: str = ""
    choices: tuple[Choice, ...] = ()
    step: CodeKind | None = None
    miss: str = ""


def resolve(code: Code, *, registry: Registry, numbers_on: bool = True) -> Resolved:
    """Return the page of a code, a choice, or the step that is left; a miss where nothing here has that name."""
    with registry.database.read() as connection:
        found = _find(code, connection, registry.catalogue, numbers_on=numbers_on)
    if found is not None:
        return found
    if code.kind in STEPS:
        return Resolved(step=code.kind)
    if not numbers_on and code.kind is not CodeKind.REFERENCE:
        return Resolved(miss="search_off")
    return Resolved(miss=_miss(code))


def _find(code: Code, connection: Connection, catalogue: Catalogue, *, numbers_on: bool) -> Resolved | None:
    if code.kind is CodeKind.REFERENCE and (opened := _of_reference(code.value, connection)):
        return Resolved(opens=opened)
    if not numbers_on:
        return None
    opener = _OPENERS.get(code.kind)
    if opener is not None and (opened := opener(code, connection)):
        return Resolved(opens=opened)
    return _numbered(code.numbers, connection, catalogue)


def _of_reference(reference: str, connection: Connection) -> str:
    claim = ReferenceReader(connection).get(reference)
    if claim is not None and claim.serial is None:
        # A retired one too: the page itself tells that it was retired.
        return f"/q/{reference}"
    if claim is not None:
        return _page_of(CertificateReader(connection).by_reference(reference))
    opened = _page_of_subject(SubjectReader(connection).by_reference(reference))
    # The serial of a printed copy has the same form.
    copy = None if opened else DocumentReader(connection).copy_by_act(act_of_serial(Reference(reference)))
    return f"/k/{reference}" if copy else opened


def _of_licence_number(code: Code, connection: Connection) -> str:
    if code.kind is CodeKind.MISTYPED and code.position != ADMISSIBLE_POSITION:
        return ""
    # Some numbers were issued with a wrong check character; those that an operator admitted stand here.
    head = AnswerReader(connection).heads([code.value]).get(code.value)
    return f"/q/{head['reference']}" if head else ""


def _of_identifier(code: Code, connection: Connection) -> str:
    return _page_of(CertificateReader(connection).by_identifier([code.value]).get(code.value))


def _of_site(code: Code, connection: Connection) -> str:
    return _page_of_subject(SubjectReader(connection).among([code.value]).get(code.value))


def _numbered(numbers: Sequence[str], connection: Connection, catalogue: Catalogue) -> Resolved | None:
    """Look up a certificate number by every way it may be written; then a device's id, which is written likewise."""
    if not numbers:
        return None
    reader = CertificateReader(connection)
    chains = reader.chains_numbered(numbers, most=MOST_CHOICES)
    found = reader.by_serial([each.current for each in chains if each.current is not None])
    current = [found[serial] for serial in sorted(found)]
    if len(current) == 1:
        return Resolved(opens=_page_of(current[0]))
    if current:
        return Resolved(choices=tuple(_choice(each, connection, catalogue) for each in current))
    subjects = list(SubjectReader(connection).among(numbers).values())
    return Resolved(opens=_page_of_subject(subjects[0])) if subjects else None


def _choice(certificate: Certificate, connection: Connection, catalogue: Catalogue) -> Choice:
    kind = catalogue.get(certificate.certificate_type, certificate.type_version)
    body = PartyReader(connection).body_names(certificate.issuing_body)
    names = (body.name_zh, body.name_en) if body else ("", "")
    return Choice(
        _page_of(certificate),
        certificate.certificate_type,
        kind.name_zh,
        kind.name_en,
        certificate.issuing_body,
        *names,
    )


def _page_of(certificate: Certificate | None) -> str:
    return f"/c/{certificate.reference}" if certificate else ""


def _page_of_subject(subject: StoredSubject | None) -> str:
    return f"/{'s' if subject.kind == 'site' else 'd'}/{subject.reference}" if subject else ""


def _miss(code: Code) -> str:
    if code.kind is CodeKind.REFERENCE:
        return "reference_not_found"
    if code.kind is CodeKind.MISTYPED:
        return "licence_number_check" if code.value else "code_mistyped"
    return "licence_number_not_found" if code.kind is CodeKind.LICENCE_NUMBER else "code_not_found"


_OPENERS: Mapping[CodeKind, Callable[[Code, Connection], str]] = {
    CodeKind.LICENCE_NUMBER: _of_licence_number,
    CodeKind.MISTYPED: _of_licence_number,
    CodeKind.IDENTIFIER: _of_identifier,
    CodeKind.SITE: _of_site,
}
