"""The changes that the operator's persons make at pages: how each is typed in, what is told of it, which flow does it.

What is typed is read into the content that the API takes, and refused by the flow's own reading before anybody signs.
What a change does is told beside how things stand now, read at that moment.
"""

from base64 import b64decode, standard_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from textwrap import wrap
from typing import Any, TypeVar

from hub.errors import NotFoundError
from hub.steps.registry import Registry
from hub.store.figure import FigureReader
from hub.store.parties import PartyReader
from hub.supervision.parties import check_enrolment, enrol
from hub.web.callers import Called
from hub.web.sessions import Visit
from schemas.annotation import ANNOTATION_RULES, AnnotationKind, Author
from schemas.approval import DUTIES_NEEDED, Change
from schemas.parties import DESK_DUTIES, Department, Duty, IssuingBody, Officer, Role, System
from schemas.statement import ENROLMENT_ACTS, Ordered
from schemas.wording import ANNOTATIONS, Wording
from signing.base64url import decode, encode
from signing.errors import SigningError
from signing.x509 import read_cert_unverified

Content = Mapping[str, Any]
Typed = Mapping[str, Any]
Words = str | Wording
T = TypeVar("T")

ROLES: Mapping[Role, Wording] = {
    Role.ISSUE: Wording("颁发、变更证照", "issue and change"),
    Role.COLLECT: Wording("归集公示数据", "collect"),
    Role.PULL: Wording("调用证照", "pull"),
    Role.OPERATE: Wording("运营", "operate"),
    Role.TERMINAL: Wording("窗口终端", "terminal"),
}
DUTIES: Mapping[Duty, Wording] = {
    Duty.CASE: Wording("经办", "handles cases"),
    Duty.ISSUE: Wording("只办颁发与变更", "issues and changes only"),
    Duty.PULL: Wording("只办窗口调证", "pulls at a window only"),
    Duty.SYSTEM: Wording("系统管理员", "system administrator"),
    Duty.SECURITY: Wording("安全管理员", "security administrator"),
    Duty.AUDIT: Wording("审计员", "auditor"),
    Duty.APPROVE: Wording("数源审批", "approves for a provider"),
}
ANNOTATING = tuple(kind for kind in AnnotationKind if ANNOTATION_RULES[kind].author is Author.AUTHORITY)
NOTHING = Wording("—", "—")
IN_USE, OFF = Wording("在用", "in use"), Wording("停用", "switched off")
_HEADS = (
    Wording("项目", "Of"), Wording("现在", "Now"), Wording("变更后", "After"), Wording("变动", "Change"),
)  # fmt: skip
_NEW, _SAME, _OTHER = Wording("新增", "new"), Wording("不变", "unchanged"), Wording("改变", "changed")


@dataclass(frozen=True, slots=True)
class Told:
    """What a change does: a table of words. `about` is the one thing it is of, "" for many."""

    about: str
    heads: Sequence[Wording]
    rows: Sequence[Sequence[Words]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change.

    `read` makes the content of what was typed and `check` refuses a wrong one as its flow would (FieldsError);
    `present` is what a form holds at first, of what is enrolled under a name. `tell` says what the change does, `run`
    does it. `about` names the officer whom it is about, who does not sign it.
    """

    code: str
    act: Ordered
    title: Wording
    lead: Wording
    read: Callable[[Visit, Registry, datetime], Content]
    present: Callable[[str, Registry], Typed]
    check: Callable[[Content, Registry, datetime], None]
    tell: Callable[[Content, Registry, datetime], Told]
    run: Callable[[Called, Content], Mapping[str, Any]]
    about: Callable[[Content], str | None] = lambda content: None

    @property
    def change(self) -> Change | None:
        """What two persons approve; None where one person orders it."""
        return next((each for each in DUTIES_NEEDED if str(each) == str(self.act)), None)


def enrolments(registry: Registry) -> list[Kind]:
    """Return the kinds that enrol a party or change one that is enrolled."""
    given: tuple[tuple[str, Wording, Wording, Any, Any, Any], ...] = (
        (
            "systems",
            Wording("接入、变更或停用业务系统", "Enrol, change or switch off a system"),
            Wording(
                "部门、权限与证书；也用于更换证书", "Its department, what it may, its cert; a new cert too"
            ),
            _read_system, _present_system, _tell_system,
        ),
        (
            "officers",
            Wording("登记、变更或停用人员", "Enrol, change or switch off a person"),
            Wording("经办人及其职责；离岗即停用", "An officer and his duty; a leaver is switched off"),
            _read_officer, _present_officer, _tell_officer,
        ),
        (
            "issuing-bodies",
            Wording("登记或变更颁发机构", "Enrol or change an issuing body"),
            Wording("主管的证照类型、上级、承继与起止日", "Its types, its superior, its successor and its days"),
            _read_body, _present_body, _tell_body,
        ),
        (
            "departments",
            Wording("登记或更名部门", "Enrol or rename a department"),
            Wording("部门本身不带权限，一人签署即可", "It gives no right by itself: one person signs"),
            _read_department, _present_department, _tell_department,
        ),
    )  # fmt: skip
    return [
        Kind(
            noun, ENROLMENT_ACTS[noun], title, lead, read, present, partial(_check, noun), tell,
            partial(_enrol, noun, registry), _number if noun == "officers" else lambda content: None,
        )
        for noun, title, lead, read, present, tell in given
    ]  # fmt: skip


def _check(noun: str, content: Content, registry: Registry, now: datetime) -> None:
    check_enrolment(noun, content, registry=registry, now=now)


def _enrol(noun: str, registry: Registry, called: Called, content: Content) -> Mapping[str, Any]:
    return enrol(
        noun, content, verified=called.verified, approvals=called.approvals, system=called.caller.system,
        registry=registry, now=called.now,
    )  # fmt: skip


def _number(content: Content) -> str | None:
    return str(content.get("number"))


# --- what is typed ----------------------------------------------------------------------------------------------


def _texts(visit: Visit, *names: str) -> dict[str, Any]:
    """Return what stands in these fields; one that is empty is left out."""
    return {name: visit.get(name) for name in names if visit.get(name)}


def _read_system(visit: Visit, registry: Registry, now: datetime) -> Content:
    return {
        **_texts(visit, "code", "department", "name", "previous_until"),
        "roles": sorted({*visit.all("roles")}),
        "cert": _cert_typed(visit.get("cert")),
        "active": visit.get("inactive") != "yes",
    }


def _read_officer(visit: Visit, registry: Registry, now: datetime) -> Content:
    cert = visit.get("cert") if visit.get("duty") not in DESK_DUTIES else ""
    return {
        **_texts(visit, "number", "department", "duty"),
        **({"cert": _cert_typed(cert)} if cert else {}),
        "active": visit.get("inactive") != "yes",
    }


def _read_body(visit: Visit, registry: Registry, now: datetime) -> Content:
    names = ("licence_number", "department", "name_zh", "name_en", "area", "from_on", "until_on", "successor")
    lines = [line.split() for line in visit.get("competences").splitlines() if line.strip()]
    annotates = sorted({*visit.all("annotates")})
    given = {**_texts(visit, *names, "superior"), "competences": [_competence(each) for each in lines]}
    return given | ({"annotates": annotates} if annotates else {})


def _competence(words: Sequence[str]) -> dict[str, str]:
    """Read a line of types: the type, its first day, its last day or a hyphen, who delegated it."""
    named = zip(("certificate_type", "from_on", "until_on", "delegated_by"), words, strict=False)
    found = {name: word for name, word in named if word != "-"}
    # What stands behind is no line of ours: it is said to be of a wrong form.
    return found if len(words) <= 4 else found | {"from_on": ""}


def _read_department(visit: Visit, registry: Registry, now: datetime) -> Content:
    return _texts(visit, "licence_number", "name_zh", "name_en")


def _cert_typed(text: str) -> str:
    """Return a cert (PEM, or base64url of its DER) as an order carries it: base64url; as it is where it is neither."""
    if "BEGIN CERTIFICATE" not in text:
        return "".join(text.split())
    inside = text.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END CERTIFICATE-----")[0]
    try:
        return encode(b64decode("".join(inside.split()), validate=True))
    except (Base64Error, ValueError):
        return ""


def pem(cert_der: bytes | None) -> str:
    """Return a cert as text that people copy; "" for none."""
    if cert_der is None:
        return ""
    lines = wrap(standard_b64encode(cert_der).decode(), 64)
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"])


# --- what is enrolled -------------------------------------------------------------------------------------------


def _present_system(code: str, registry: Registry) -> Typed:
    found = _stored(lambda reader: reader.system(code), registry) if code else None
    _refuse_missing(code, found)
    if found is None:
        return {"code": "", "department": "", "name": "", "roles": [], "cert": "", "inactive": ""}
    return {
        "code": found.code,
        "department": found.department,
        "name": found.name,
        "roles": [str(each) for each in sorted(found.roles)],
        "cert": pem(found.cert_der),
        "inactive": "" if found.active else "yes",
    }


def _present_officer(number: str, registry: Registry) -> Typed:
    found = _stored(lambda reader: reader.officer(number), registry) if number else None
    _refuse_missing(number, found)
    if found is None:
        return {"number": "", "department": "", "duty": "case", "cert": "", "inactive": ""}
    return {
        "number": found.number,
        "department": found.department,
        "duty": str(found.duty),
        "cert": pem(found.cert_der),
        "inactive": "" if found.active else "yes",
    }


def _present_body(number: str, registry: Registry) -> Typed:
    found = _stored(lambda reader: reader.issuing_body(number), registry) if number else None
    _refuse_missing(number, found)
    names = ("licence_number", "department", "name_zh", "name_en", "area", "from_on", "until_on", "successor")
    if found is None:
        return dict.fromkeys((*names, "superior", "competences"), "") | {"annotates": []}
    given: dict[str, Any] = {name: str(getattr(found, name) or "") for name in (*names, "superior")}
    return given | {
        "competences": "\n".join(_competences(found)),
        "annotates": [str(each) for each in sorted(found.annotates)],
    }


def _competences(body: IssuingBody) -> Iterator[str]:
    for code, (first, last) in sorted(body.competences.items()):
        words = [code, first.isoformat(), last.isoformat() if last else "-", body.delegated.get(code, "-")]
        while words[-1] == "-":
            words.pop()
        yield " ".join(words)


def _present_department(number: str, registry: Registry) -> Typed:
    found = _stored(lambda reader: reader.department(number), registry) if number else None
    _refuse_missing(number, found)
    names = ("licence_number", "name_zh", "name_en")
    return {name: getattr(found, name) if found else "" for name in names}


def _refuse_missing(named: str, found: object | None) -> None:
    if named and found is None:
        raise NotFoundError("not_found")


def _stored(read: Callable[[PartyReader], T], registry: Registry) -> T:
    with registry.database.read() as connection:
        return read(PartyReader(connection))


# --- what it does -----------------------------------------------------------------------------------------------


def compared(about: str, rows: Sequence[tuple[Wording, Words | None, Words]], *, is_new: bool) -> Told:
    """Return a change of one thing: each of its lines as it is now (None for what is not there) and as it will be."""
    return Told(
        about,
        _HEADS,
        [
            (label, NOTHING if was is None else was, becomes, _NEW if is_new else _SAME if was == becomes else _OTHER)
            for label, was, becomes in rows
        ],
    )


def _tell_system(content: Content, registry: Registry, now: datetime) -> Told:
    code, names = str(content["code"]), _names(registry)
    found = _stored(lambda reader: reader.system(code), registry)
    after = System(
        code, str(content["department"]), str(content["name"]), _cert_of(content) or b"",
        frozenset(Role(each) for each in content["roles"]), content["active"] is True,
    )  # fmt: skip
    rows = _rows_of(found, after, (
        (Wording("部门", "Department"), lambda each: _named(each.department, names)),
        (Wording("名称", "Name"), lambda each: each.name),
        (Wording("权限", "May"), lambda each: _joined(ROLES[role] for role in sorted(each.roles))),
        (Wording("证书", "Cert"), lambda each: cert_in_words(each.cert_der)),
        (Wording("状态", "State"), lambda each: IN_USE if each.active else OFF),
    ))  # fmt: skip
    if content.get("previous_until"):
        rows.append((Wording("原证书继续有效至", "The former cert counts until"), None, str(content["previous_until"])))
    return compared(code, rows, is_new=found is None)


def _tell_officer(content: Content, registry: Registry, now: datetime) -> Told:
    number, names = str(content["number"]), _names(registry)
    found = _stored(lambda reader: reader.officer(number), registry)
    duty = Duty(content.get("duty") or Duty.CASE)
    after = Officer(number, str(content["department"]), content["active"] is True, duty, _cert_of(content))
    rows = _rows_of(found, after, (
        (Wording("部门", "Department"), lambda each: _named(each.department, names)),
        (Wording("职责", "Duty"), lambda each: DUTIES[each.duty]),
        (Wording("本人证书", "His cert"), lambda each: cert_in_words(each.cert_der)),
        (Wording("状态", "State"), lambda each: IN_USE if each.active else OFF),
    ))  # fmt: skip
    return compared(number, rows, is_new=found is None)


def _tell_body(content: Content, registry: Registry, now: datetime) -> Told:
    number, names = str(content["licence_number"]), _names(registry)
    found = _present_body(number, registry) if _stored(lambda reader: reader.issuing_body(number), registry) else None
    lines = [" ".join(str(each.get(name) or "-") for name in _OF_TYPE) for each in content["competences"]]
    after = {**content, "competences": "\n".join(sorted(line.rstrip(" -") for line in lines))}

    def words(each: Mapping[str, Any], name: str) -> str:
        value = each.get(name) or ""
        return _named(value, names) if name in ("department", "successor", "superior") else str(value)

    def kinds(each: Mapping[str, Any]) -> Words:
        return _joined(ANNOTATIONS[kind] for kind in each.get("annotates") or ())

    rows = [
        (label, None if found is None else words(found, name), words(after, name)) for name, label in _OF_BODY.items()
    ]
    marks: list[tuple[Wording, Words | None, Words]] = [
        (Wording("可作的标注", "May annotate"), None if found is None else kinds(found), kinds(after))
    ]
    return compared(number, [*rows, *marks], is_new=found is None)


_OF_TYPE = ("certificate_type", "from_on", "until_on", "delegated_by")
_OF_BODY: Mapping[str, Wording] = {
    "department": Wording("部门", "Department"),
    "name_zh": Wording("中文名称", "Chinese name"),
    "name_en": Wording("英文名称", "English name"),
    "area": Wording("行政区划", "Area"),
    "from_on": Wording("成立日期", "From"),
    "until_on": Wording("终止日期", "Until"),
    "successor": Wording("承继机构", "Successor"),
    "superior": Wording("上级机构", "Superior"),
    "competences": Wording("主管的证照类型", "Types"),
}


def _tell_department(content: Content, registry: Registry, now: datetime) -> Told:
    number = str(content["licence_number"])
    found = _stored(lambda reader: reader.department(number), registry)
    after = Department(number, str(content["name_zh"]), str(content["name_en"]))
    rows = _rows_of(found, after, (
        (Wording("中文名称", "Chinese name"), lambda each: each.name_zh),
        (Wording("英文名称", "English name"), lambda each: each.name_en),
    ))  # fmt: skip
    return compared(number, rows, is_new=found is None)


def _rows_of(
    before: T | None, after: T, lines: Sequence[tuple[Wording, Callable[[T], Words]]]
) -> list[tuple[Wording, Words | None, Words]]:
    return [(label, None if before is None else said(before), said(after)) for label, said in lines]


def _cert_of(content: Content) -> bytes | None:
    try:
        return decode(str(content["cert"])) if content.get("cert") else None
    except SigningError:
        return None


def cert_in_words(cert_der: bytes | None) -> Words:
    """Return by what a cert is told from others: the first letters of its key's name, and its last day."""
    if not cert_der:
        return NOTHING
    facts = read_cert_unverified(cert_der)
    end = facts.not_after.date().isoformat()
    return Wording(f"{facts.key_id[:12]}，至 {end}", f"{facts.key_id[:12]}, until {end}")


def _names(registry: Registry) -> Mapping[str, str]:
    with registry.database.read() as connection:
        return {number: zh for number, (zh, _) in FigureReader(connection).names().items()}


def _named(number: str, names: Mapping[str, str]) -> str:
    return f"{names[number]} {number}" if number in names else number


def _joined(words: Iterator[Wording]) -> Words:
    found = list(words)
    if not found:
        return NOTHING
    return Wording("、".join(each.zh for each in found), ", ".join(each.en for each in found))
