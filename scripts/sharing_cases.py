"""Pulls to be decided on: one for each basis in which all is right, and all that may be wrong with each of them.

Each circumstance names, for a basis, what it changes of the pull that is right: the system, the officer, the request,
or what the basis names (`standing`). Where a basis has no such circumstance it is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hub.decisions.authorisation import Decision, DelegationStanding, GrantStanding, decide
from schemas.catalogue import Catalogue, CertificateType, SharingClass, load_catalogue
from schemas.exchange import Basis, PullRequest, Wanted
from schemas.fields import FieldClass
from schemas.items import Material, ServiceItem
from schemas.parties import Officer, Role, System
from schemas.sharing import RuleState, SharingRule

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
TYPE, FIELD = "food_operation_permit", "floor_area"
ASKING, OTHER, HOLDER = "11442000EXAMPLE001", "11442000EXAMPLE002", "91442000EXAMPLE003"
SYSTEM = System("example", ASKING, "示例", b"", frozenset({Role.PULL}), True)
OFFICER = Officer("e-001", ASKING, True)
RULE = SharingRule(
    "line-1", ASKING, "item", "示例事项", "示例法", r"\d{4}-\d{4}", {TYPE: (FIELD,)}, TODAY, None,
    sharing_class=SharingClass.CONDITIONAL, state=RuleState.APPROVED, confirmed_until=TODAY,
)  # fmt: skip
GRANT = GrantStanding(
    digest="0" * 64,
    holder=HOLDER,
    requester=ASKING,
    fields={TYPE: (FIELD,)},
    item_code="item",
    case_number="2026-0001",
    valid_from=NOW,
    valid_until=NOW + timedelta(seconds=1),
    uses_left=1,
    withdrawn=False,
    signer_known_good=True,
    officer=OFFICER.number,
    delegation=DelegationStanding("item", withdrawn=False, frozen=False),
)
SENTENCES = (Basis.GRANT, Basis.PRESENTATION, Basis.WINDOW)
# On paper nobody signs by delegation.
SIGNED = (Basis.GRANT, Basis.PRESENTATION)


@dataclass(frozen=True, slots=True)
class Circumstance:
    """One thing that is not as it should be, in Chinese and English, and what it changes under each basis it is in."""

    zh: str
    en: str
    changes: Mapping[Basis, Mapping[str, Any]]


def _every(**changes: Any) -> dict[Basis, Mapping[str, Any]]:
    return dict.fromkeys(Basis, changes)


def _line(**changes: Any) -> dict[Basis, Mapping[str, Any]]:
    return {Basis.STATUTORY: {"standing": changes}}


def _sentence(*, only: tuple[Basis, ...] = SENTENCES, **changes: Any) -> dict[Basis, Mapping[str, Any]]:
    return {basis: {"standing": changes} for basis in only}


def _request(**changes: Any) -> dict[Basis, Mapping[str, Any]]:
    return _every(request=changes)


_UNLISTED = ServiceItem("item", 1, "示例事项", "example", OTHER, TODAY, None, ())
_ANOTHER_TYPE = Material("m-1", "示例材料", "example", None, {"drug_retail_permit": {}}, None)
CIRCUMSTANCES = (
    Circumstance("一切符合", "all is right", _every()),
    Circumstance("系统已停用", "the system is no longer active", _every(system={"active": False})),
    Circumstance("系统无调用权", "the system may not pull", _every(system={"roles": frozenset({Role.ISSUE})})),
    Circumstance("没有这条规则或授权", "there is no such line or grant", _every(missing=True)),
    Circumstance(
        "依据属于别的部门", "the basis is another requester's", _line(requester=OTHER) | _sentence(requester=OTHER)
    ),
    Circumstance(
        "依据是另一种", "the basis is of another kind", _every(other_kind=True) | {Basis.STATUTORY: {"missing": True}}
    ),
    Circumstance("规则待数源部门答复", "the provider has not answered yet", _line(state=RuleState.ASKED)),
    Circumstance("数源部门不同意", "the provider refused", _line(state=RuleState.REFUSED)),
    Circumstance("规则已终止", "the line was ended", _line(state=RuleState.ENDED)),
    Circumstance("规则尚未生效", "the line has not begun", _line(from_on=date(2026, 11, 24))),
    Circumstance("规则已过期", "the line is over", _line(until_on=date(2026, 11, 22))),
    Circumstance(
        "规则逾期未复核", "the line was not confirmed within its year", _line(confirmed_until=date(2026, 11, 22))
    ),
    Circumstance("未写明经办人", "no officer is named", _every(officer=None)),
    Circumstance(
        "经办人不是核销出示码的那一位",
        "the officer is not the one who redeemed the code",
        {Basis.PRESENTATION: {"officer": Officer("e-002", ASKING, True)}},
    ),
    Circumstance("授权的是别的企业", "the grant is another holder's", _sentence(holder=OTHER)),
    Circumstance("授权已撤回", "the grant was withdrawn", _sentence(withdrawn=True)),
    Circumstance(
        "签署人的电子营业执照已失效", "the signer's e-licence is no longer good", _sentence(signer_known_good=False)
    ),
    Circumstance(
        "签署人的电子营业执照状态不明", "the signer's e-licence has no recent status", _sentence(signer_known_good=None)
    ),
    Circumstance("授权尚未开始", "the grant has not begun", _sentence(valid_from=NOW + timedelta(microseconds=1))),
    Circumstance("授权已到期", "the grant is over", _sentence(valid_until=NOW)),
    Circumstance("授权次数已用完", "the grant is used up", _sentence(uses_left=0)),
    Circumstance(
        "办事人的委托已撤回",
        "the agent's delegation was withdrawn",
        _sentence(only=SIGNED, delegation=DelegationStanding("item", withdrawn=True, frozen=False)),
    ),
    Circumstance(
        "办事人的委托因变更冻结",
        "the agent's delegation is frozen by a change of representative",
        _sentence(only=SIGNED, delegation=DelegationStanding("item", withdrawn=False, frozen=True)),
    ),
    Circumstance(
        "企业尚未确认出示", "the holder has not confirmed", _sentence(only=(Basis.PRESENTATION,), released=False)
    ),
    Circumstance("事项不符", "it is for another item", _line(item_code="other") | _sentence(item_code="other")),
    Circumstance("办件编号不是这种格式", "the case number is of another form", _line(case_pattern=r"\d{4}")),
    Circumstance("办件不符", "it is for another case", _sentence(case_number="2026-0002")),
    Circumstance("没有这种证照", "there is no such type", _request(wanted=(Wanted("no_such_type", ()),))),
    Circumstance("依据未列这种证照", "the type is not listed", _line(fields={}) | _sentence(fields={})),
    Circumstance(
        "依据未列这个字段", "the field is not listed", _line(fields={TYPE: ()}) | _sentence(fields={TYPE: ()})
    ),
    Circumstance("字段不存在", "there is no such field", _request(wanted=(Wanted(TYPE, ("no_such_field",)),))),
    Circumstance(
        "按事项调用而事项未施行",
        "by item, and the item is not in force",
        _every(request={"wanted": (), "by_item": True}),
    ),
    Circumstance(
        "按事项调用而所需证照都未列",
        "by item, and no type that it needs is listed",
        _every(request={"wanted": (), "by_item": True}, item=replace(_UNLISTED, materials=(_ANOTHER_TYPE,))),
    ),
)


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


def decide_on(basis: Basis, circumstance: Circumstance) -> Decision:
    """Decide a pull on this basis in which one thing is not as it should be."""
    changes = circumstance.changes[basis]
    request = PullRequest(HOLDER, (Wanted(TYPE, (FIELD,)),), basis, "basis-1", "item", "2026-0001")
    standing = changes.get("standing", {})
    kind = Basis.GRANT if basis is not Basis.GRANT else Basis.WINDOW
    grant = replace(GRANT, basis=kind if changes.get("other_kind") else basis, **standing if basis in SENTENCES else {})
    is_there = not changes.get("missing")
    return decide(
        replace(request, **changes.get("request", {})),
        system=replace(SYSTEM, **changes.get("system", {})),
        officer=changes.get("officer", OFFICER),
        rule=replace(RULE, **standing) if basis is Basis.STATUTORY and is_there else None,
        grant=grant if basis in SENTENCES and is_there else None,
        catalogue=catalogue(),
        now=NOW,
        item=changes.get("item"),
    )


def decide_field(kind: CertificateType, field: str, sharing_class: SharingClass | None, is_listed: bool) -> Decision:
    """Decide a pull of one field of a type, on a line of that class (None: on a grant), where it is listed or not."""
    request = PullRequest(HOLDER, (Wanted(kind.code, (field,)),), Basis.STATUTORY, "line-1", "item", "2026-0001")
    fields = {kind.code: (field,) if is_listed else ()}
    rule = replace(RULE, fields=fields, sharing_class=sharing_class) if sharing_class else None
    grant = None if rule else replace(GRANT, fields=fields)
    return decide(
        replace(request, basis=Basis.STATUTORY if rule else Basis.GRANT), system=SYSTEM, officer=OFFICER, rule=rule,
        grant=grant, catalogue=Catalogue([kind]), now=NOW,
    )  # fmt: skip


def of_classes(type_class: SharingClass, field_class: SharingClass) -> CertificateType:
    """Return the type of the examples as if it, and its field, were shared so."""
    kind = catalogue().get(TYPE)
    fields = tuple(replace(each, sharing_class=field_class) if each.name == FIELD else each for each in kind.fields)
    return replace(kind, sharing_class=type_class, fields=fields)


def is_public(kind: CertificateType, name: str) -> bool:
    return any(each.name == name and each.field_class is FieldClass.PUBLIC for each in kind.fields)
