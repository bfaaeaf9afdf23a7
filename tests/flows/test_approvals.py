"""Stories of four eyes: a change of rights counts when two persons of different duties have each signed its digest."""

import secrets
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from hub.custody.installation import CERT_TERM
from hub.steps.orders.persons import FIRST_PERSONS, Person, make_person, sign_approval
from hub.steps.orders.statements import VerifiedStatement
from hub.store import tables
from schemas.approval import Approval, Change
from schemas.parties import Duty
from schemas.statement import Ordered
from signing.base64url import encode
from tests.flows.processes import in_two_processes
from tests.flows.refusals import refused, refused_whole
from tests.flows.registry_check import find_faults
from tests.flows.world import HEALTH, OPERATOR, ORIGIN, World, sharing_rule

OFFICER: dict[str, Any] = {"number": "h-009", "department": HEALTH}
SYSTEM, SECURITY = (Person(number, duty) for duty, number in FIRST_PERSONS.items())


def test_officer_is_enrolled_by_two_persons_and_both_signatures_are_kept(hub_world: World) -> None:
    verified = _ordered(hub_world, OFFICER)
    tokens = [_sign(hub_world, person, verified) for person in (SYSTEM, SECURITY)]
    _enrol(hub_world, verified, tokens)
    with hub_world.registry.database.read() as connection:
        kept = connection.execute(tables.approval.select().where(tables.approval.c.jws.in_(tokens))).all()
    assert {row.officer for row in kept} == {SYSTEM.number, SECURITY.number}
    assert len({row.statement for row in kept}) == 1


@pytest.mark.parametrize("persons", [(), (SYSTEM,)])
def test_change_that_fewer_than_two_persons_signed_is_refused(
    lasting_world: World, persons: tuple[Person, ...]
) -> None:
    verified = _ordered(lasting_world, OFFICER)
    with refused_whole(lasting_world, "approvals_needed"):
        _enrol(lasting_world, verified, [_sign(lasting_world, each, verified) for each in persons])


def test_change_without_approvals_is_entered_as_refused(hub_world: World) -> None:
    verified = hub_world.order(Ordered.SHARE, sharing_rule(), system="operator")
    with refused("approvals_needed"):
        hub_world.put_approved(sharing_rule(), verified)
    with refused("statement_replayed"):
        hub_world.put_approved(sharing_rule(), verified, hub_world.approved(verified))


def test_same_person_twice_is_one_person(lasting_world: World) -> None:
    verified = _ordered(lasting_world, OFFICER)
    with refused_whole(lasting_world, "approval_same_person"):
        _enrol(lasting_world, verified, [_sign(lasting_world, SYSTEM, verified) for _ in range(2)])


def test_two_persons_of_one_duty_are_refused(hub_world: World) -> None:
    second = _second_of(hub_world, Duty.SYSTEM)
    verified = _ordered(hub_world, OFFICER)
    with refused("approval_same_duty"):
        _enrol(hub_world, verified, [_sign(hub_world, each, verified) for each in (SYSTEM, second)])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"content_digest": "0" * 64}, "approval_content"),
        ({"change": Change.SHARE}, "approval_act"),
        ({"audience": "http://other.example.test"}, "approval_audience"),
        ({"duty": Duty.SECURITY}, "approval_duty"),
        ({"officer": SECURITY.number}, "approval_key"),
        ({"officer": "nobody"}, "approval_officer"),
        ({"officer": "h-001"}, "approval_officer"),
        ({"issued_at": -3 * 86_400 - 1}, "approval_time"),
        ({"issued_at": 11}, "approval_time"),
    ],
)
def test_approval_that_says_something_else_is_refused(lasting_world: World, changes: dict[str, Any], code: str) -> None:
    verified = _ordered(lasting_world, OFFICER)
    tokens = [_sign(lasting_world, SYSTEM, verified, **changes), _sign(lasting_world, SECURITY, verified)]
    with refused_whole(lasting_world, code):
        _enrol(lasting_world, verified, tokens)


def test_statement_of_the_system_is_no_approval(lasting_world: World) -> None:
    verified = _ordered(lasting_world, OFFICER)
    with refused_whole(lasting_world, "approval_officer"):
        _enrol(lasting_world, verified, [verified.jws, _sign(lasting_world, SECURITY, verified)])


def test_system_that_signs_as_a_person_is_refused(lasting_world: World) -> None:
    verified = _ordered(lasting_world, OFFICER)
    forged = _sign(lasting_world, SYSTEM, verified, use="system:operator")
    with refused_whole(lasting_world, "approval_key"):
        _enrol(lasting_world, verified, [forged, _sign(lasting_world, SECURITY, verified)])


@pytest.mark.parametrize("token", ["", "a.e30.c", "x" * 9_000 + ".e30.", "e30.e30"])
def test_what_is_no_approval_is_refused(lasting_world: World, token: str) -> None:
    verified = _ordered(lasting_world, OFFICER)
    with refused_whole(lasting_world, "approval_officer"):
        _enrol(lasting_world, verified, [token, _sign(lasting_world, SECURITY, verified)])


def test_replayed_approval_is_refused_with_another_statement_over_the_same_digest(hub_world: World) -> None:
    first, second = (_ordered(hub_world, OFFICER, salt=bytes(16)) for _ in range(2))
    tokens = [_sign(hub_world, person, first) for person in (SYSTEM, SECURITY)]
    _enrol(hub_world, first, tokens)
    with refused("approval_replayed"):
        _enrol(hub_world, second, tokens)


def test_approval_spent_by_two_processes_at_once_counts_in_one(hub_world: World) -> None:
    signed = _ordered(hub_world, OFFICER, salt=bytes(16))
    tokens = [_sign(hub_world, person, signed) for person in (SYSTEM, SECURITY)]
    answers = in_two_processes(hub_world, "enrol", [(OFFICER, bytes(16), tokens)])
    assert sorted(answer for (answer,) in answers) == ["accepted", "approval_replayed"]


def test_officer_switched_off_after_signing_approves_nothing(hub_world: World) -> None:
    third = _second_of(hub_world, Duty.SYSTEM)
    verified = _ordered(hub_world, OFFICER)
    approvals = hub_world.verified_approvals(
        [_sign(hub_world, each, verified) for each in (SYSTEM, SECURITY)], verified
    )
    hub_world.enrol("officers", **_person(hub_world, SYSTEM), active=False)
    with refused("approval_officer"):
        hub_world.enrol_approved("officers", OFFICER, verified, approvals)
    with refused("approval_officer"):
        _enrol(hub_world, verified, [_sign(hub_world, each, verified) for each in (SYSTEM, SECURITY)])
    _enrol(hub_world, _ordered(hub_world, OFFICER), [], by=(third, SECURITY))


def test_persons_of_another_department_have_no_say(hub_world: World) -> None:
    others = [Person("h-sys", Duty.SYSTEM), Person("h-sec", Duty.SECURITY)]
    for each in others:
        _enrol_person(hub_world, each, department=HEALTH)
    with refused("approval_officer"):
        _enrol(hub_world, _ordered(hub_world, OFFICER), [], by=(others[0], others[1]))


def test_person_with_a_cert_of_another_department_is_not_enrolled(hub_world: World) -> None:
    cert = make_person(hub_world.keys, Person("x", Duty.SYSTEM), department=HEALTH, now=hub_world.now, term=CERT_TERM)
    content = {"number": "x", "department": OPERATOR, "duty": "system", "cert": encode(cert.cert_der or b"")}
    with refused("fields_wrong", ("cert", "other_department")):
        hub_world.enrol("officers", **content)


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"duty": "system"}, "cert", "missing"),
        ({"duty": "king"}, "duty", "choice"),
        ({"cert": "AAAA"}, "cert", "not_trusted"),
    ],
)
def test_person_is_not_enrolled_in_a_duty_without_a_key(
    lasting_world: World, changes: dict[str, Any], member: str, rule: str
) -> None:
    with refused("fields_wrong", (member, rule)):
        lasting_world.enrol("officers", **(OFFICER | changes))


def test_nobody_approves_a_change_of_himself(lasting_world: World) -> None:
    content = _person(lasting_world, SYSTEM)
    with refused_whole(lasting_world, "approval_own"):
        _enrol(lasting_world, _ordered(lasting_world, content), [], by=(SYSTEM, SECURITY), content=content)


@pytest.mark.parametrize("changes", [{"active": False}, {"duty": "audit"}, {"duty": None, "cert": None}])
def test_last_person_of_a_duty_is_not_removed(lasting_world: World, changes: dict[str, Any]) -> None:
    content = _person(lasting_world, SECURITY) | changes
    with refused_whole(lasting_world, "last_of_duty"):
        _enrol(lasting_world, _ordered(lasting_world, content), [], by=(SYSTEM, SECURITY), content=content)


def test_new_key_of_a_person_counts_after_its_own_change(hub_world: World) -> None:
    second = _second_of(hub_world, Duty.SYSTEM)
    old = hub_world.keys.signer(SYSTEM.use)
    content = _person(hub_world, SYSTEM, renewed=True)
    verified = _ordered(hub_world, OFFICER)
    with refused("approval_key"):
        _enrol(hub_world, verified, [], by=(SYSTEM, SECURITY))
    _enrol(hub_world, _ordered(hub_world, content), [], by=(second, SECURITY), content=content)
    with refused("approval_key"):
        hub_world.verified_approvals([sign_approval(_said(hub_world, SYSTEM, verified), old)], verified)
    _enrol(hub_world, _ordered(hub_world, OFFICER), [], by=(SYSTEM, SECURITY))


def test_audit_names_an_approval_that_was_removed_or_touched(unchecked_world: World) -> None:
    world = unchecked_world
    _enrol(world, _ordered(world, OFFICER), [], by=(SYSTEM, SECURITY))
    assert _faults(world) == []
    table = tables.approval
    last = (table.c.officer == SYSTEM.number) & (table.c.content_digest == _last_digest(world))
    world.registry.database.write(lambda c: c.execute(update(table).where(last).values(jti="touched")))
    assert "approval system-001 touched: officer, change, content or audience" in _faults(world)
    touched = table.c.jti == "touched"
    world.registry.database.write(lambda c: c.execute(delete(table).where(touched)))
    assert any("not approved by two persons" in fault for fault in _faults(world))
    assert any(fault.startswith("no entry for ('entitle'") for fault in _faults(world))


def _ordered(world: World, content: dict[str, Any], *, salt: bytes | None = None) -> VerifiedStatement:
    return world.order(Ordered.ENTITLE, content, system="operator", **({"salt": salt} if salt else {}))


def _said(world: World, person: Person, verified: VerifiedStatement, **changes: Any) -> Approval:
    digest, seconds = verified.statement.content_digest or "", changes.pop("issued_at", 0)
    said: dict[str, Any] = {
        "change": Change.ENTITLE,
        "audience": ORIGIN,
        "officer": person.number,
        "duty": person.duty,
        "issued_at": int(world.now.timestamp()) + seconds,
        "jti": encode(secrets.token_bytes(16)),
        "content_digest": digest,
    }
    return Approval(**(said | changes))


def _sign(world: World, person: Person, verified: VerifiedStatement, *, use: str | None = None, **changes: Any) -> str:
    return sign_approval(_said(world, person, verified, **changes), world.keys.signer(use or person.use))


def _enrol(
    world: World,
    verified: VerifiedStatement,
    tokens: list[str],
    *,
    by: tuple[Person, ...] = (),
    content: dict[str, Any] = OFFICER,
) -> None:
    tokens = tokens + [_sign(world, each, verified) for each in by]
    world.enrol_approved("officers", content, verified, world.verified_approvals(tokens, verified))


def _person(world: World, person: Person, *, department: str = OPERATOR, renewed: bool = False) -> dict[str, Any]:
    """Return the content that enrols a person, whose key is made when there is none, or anew."""
    if renewed:
        world.keys.make_next(person.use, "ES256")
        world.keys.adopt_next(person.use)
    if renewed or person.use not in world.keys.uses():
        make_person(world.keys, person, department=department, now=world.now, term=CERT_TERM)
    cert = encode(world.keys.cert(person.use))
    return {"number": person.number, "department": department, "duty": str(person.duty), "cert": cert}


def _second_of(world: World, duty: Duty) -> Person:
    person = Person(f"another-{duty}", duty)
    content = _person(world, person)
    _enrol(world, _ordered(world, content), [], by=(SYSTEM, SECURITY), content=content)
    return person


def _enrol_person(world: World, person: Person, *, department: str) -> None:
    content = _person(world, person, department=department)
    _enrol(world, _ordered(world, content), [], by=(SYSTEM, SECURITY), content=content)


def _last_digest(world: World) -> str:
    with world.registry.database.read() as connection:
        column = tables.approval.c.statement
        query = select(tables.approval.c.content_digest).where(column.is_not(None)).order_by(column.desc()).limit(1)
        return str(connection.execute(query).scalar())


def _faults(world: World) -> list[str]:
    world.log.round(world.now)
    with world.registry.database.read() as connection:
        return find_faults(world, connection)
