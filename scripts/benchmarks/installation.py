"""A throw-away installation to measure: TEST mode, two departments, one line of the sharing table, real keys.

Made as `init` and the operator's signed orders would make it, in a folder of its own and on the real clock.
"""

import secrets
from base64 import standard_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from connectors.e_licence_simulator import ELicenceSimulator
from hub.app.building import Hub, build
from hub.custody.installation import (
    load_installation,
    make_party_key,
    make_seal_key,
    make_test_installation,
    make_trust_list,
)
from hub.settings import Settings
from hub.sharing.answers import answer_rule
from hub.sharing.table import put_rule
from hub.steps.certificates.type_versions import pin_types
from hub.steps.keyfolder import SIMULATOR_FOLDER, KeyFolder
from hub.steps.orders.approvals import VerifiedApproval, verify_approvals
from hub.steps.orders.persons import sign_here
from hub.steps.orders.statements import VerifiedStatement, check_content, verify_statement
from hub.steps.registry import Registry
from hub.store.database import Database
from hub.store.migrate import upgrade
from hub.store.parties import PartyReader
from hub.supervision.parties import enrol
from schemas.approval import Change
from schemas.catalogue import load_catalogue
from schemas.identifiers import make_licence_number
from schemas.parties import Department, Officer, System
from schemas.statement import ENROLMENT_ACTS, SALT_BYTES, TYP, Ordered, content_digest, statement_payload
from signing.base64url import encode
from signing.jws import VerificationKey, sign_compact
from signing.x509 import Purpose, read_cert_unverified

ORIGIN = "http://hub.example.test"
OPERATOR = make_licence_number("11442000", "00000001")
MARKET = make_licence_number("11442000", "00000002")
HEALTH = make_licence_number("11442000", "00000003")
OFFICER = "h-001"
MARKET_OFFICER = "m-001"
RULE = "benchmark-rule"
ITEM = "440112001"
# One address asks for everything here: the limits stay switched on, and are set out of its way.
_RATE = "1000000000/minute"


def settings_for(folder: Path, database_url: str | None) -> Settings:
    """Return the settings of the hub in `folder`; without a URL its database is SQLite in the folder."""
    return Settings(
        pulls_a_day_system=10_000_000,
        pulls_a_day_officer=10_000_000,
        folder=folder / "data",
        keys=folder / "keys",
        database=database_url,
        public_rate=_RATE,
        scan_misses=_RATE,
        upload_rate=_RATE,
        seal_rate=100_000,
        orders_an_hour=1_000_000,
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the settings as the environment of a hub in a process of its own."""
    told = settings.model_dump(exclude_none=True, exclude_unset=True)
    return {f"YIZHAO_{name.upper()}": str(value) for name, value in told.items()}


def make_installation(settings: Settings) -> None:
    """Make keys, tables, parties, seals and the sharing rule in an empty database."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    keys, now = KeyFolder.create(settings.key_folder), datetime.now(UTC)
    simulator = ELicenceSimulator(
        settings.key_folder / SIMULATOR_FOLDER, passphrase=keys.secret("simulator"), mode="test", now=now
    )
    database = Database(settings.database_url)
    try:
        make_test_installation(
            database=database,
            keys=keys,
            e_licence_cert=simulator.anchor_der,
            origin=ORIGIN,
            operator=Department(OPERATOR, "示例运营中心", "Example operations centre"),
            now=now,
        )
        pin_types(database, load_catalogue())
        _enrol_all(settings, keys)
        make_trust_list(
            database=database,
            keys=keys,
            installation=load_installation(database),
            e_licence_cert=simulator.anchor_der,
            now=datetime.now(UTC),
        )
    finally:
        database.close()


def system_of(registry: Registry, code: str) -> System:
    """Return an enrolled system."""
    with registry.database.read() as connection:
        found = PartyReader(connection).system(code)
    if found is None:
        raise LookupError(code)
    return found


def officer_of(registry: Registry, number: str | None) -> Officer | None:
    """Return an enrolled officer; None for nobody."""
    with registry.database.read() as connection:
        return PartyReader(connection).officer(number) if number else None


def order(
    registry: Registry,
    keys: KeyFolder,
    act: Ordered,
    content: Mapping[str, Any],
    *,
    system: str,
    officer: str | None = None,
    **members: Any,
) -> VerifiedStatement:
    """Sign a statement over `content` with a system's key, and verify it as its door would."""
    salt, now, caller = secrets.token_bytes(SALT_BYTES), datetime.now(UTC), system_of(registry, system)
    payload = statement_payload(
        act=act,
        audience=registry.origin,
        system=system,
        officer=officer,
        issued_at=int(now.timestamp()),
        jti=encode(secrets.token_bytes(16)),
        content_digest=content_digest(content, salt),
        **members,
    )
    jws = sign_compact(orjson.dumps(payload), signer=keys.signer(f"system:{system}"), typ=TYP)
    facts = read_cert_unverified(caller.cert_der)
    verified = verify_statement(
        jws,
        act=act,
        system=caller,
        key=VerificationKey(facts.algorithm, facts.public_key),
        key_id=facts.key_id,
        officer=officer_of(registry, officer),
        audience=registry.origin,
        now=now,
        terms=registry.terms,
    )
    check_content(verified, content, standard_b64encode(salt).decode())
    return verified


def _enrol_all(settings: Settings, keys: KeyFolder) -> None:
    hub = build(settings)
    try:
        _enrol_department(hub, keys, MARKET, "market", "示例市场监管局")
        _enrol_department(hub, keys, HEALTH, "health", "示例卫生健康局")
        _enrol(hub, keys, "officers", number=OFFICER, department=HEALTH)
        _enrol(hub, keys, "officers", number=MARKET_OFFICER, department=MARKET)
        rule = {
            "code": RULE,
            "requester": HEALTH,
            "item_code": ITEM,
            "item_name": "公共场所卫生许可",
            "legal_basis": "示例法第一条",
            "case_pattern": r"\d{4}-\d{4,9}",
            "fields": {"food_operation_permit": ["legal_representative", "business_items"]},
            "from_on": "2020-01-01",
        }
        _order_line(hub, keys, put_rule, Ordered.SHARE, rule, "operator", None)
        answer = {"code": RULE, "version": 1, "answer": "approve"}
        _order_line(hub, keys, answer_rule, Ordered.ANSWER_SHARE, answer, "market", MARKET_OFFICER)
    finally:
        hub.close()


def _order_line(
    hub: Hub,
    keys: KeyFolder,
    flow: Callable[..., object],
    act: Ordered,
    content: Mapping[str, Any],
    system: str,
    officer: str | None,
) -> None:
    verified = order(hub.registry, keys, act, content, system=system, officer=officer)
    approved = {"approvals": _approved(hub, keys, verified)} if act is Ordered.SHARE else {}
    caller, key = system_of(hub.registry, system), encode(secrets.token_bytes(16))
    flow(content, verified=verified, system=caller, key=key, registry=hub.registry, now=datetime.now(UTC), **approved)


def _enrol_department(hub: Hub, keys: KeyFolder, number: str, system: str, name: str) -> None:
    now, name_en = datetime.now(UTC), f"Example {system} bureau"
    _enrol(hub, keys, "departments", licence_number=number, name_zh=name, name_en=name_en)
    cert = make_party_key(keys, f"system:{system}", name=name, department=number, purpose=Purpose.SYSTEM, now=now)
    roles = ["issue", "pull", "collect"]
    _enrol(hub, keys, "systems", code=system, department=number, name=name, roles=roles, cert=encode(cert))
    competences = [
        {"certificate_type": each.code, "from_on": "2019-01-01"} for each in hub.registry.catalogue.current()
    ]
    _enrol(
        hub, keys, "issuing-bodies", licence_number=number, department=number, name_zh=name, name_en=name_en,
        area="442000", from_on="2019-01-01", competences=competences,
    )  # fmt: skip
    make_seal_key(keys, number, name, now)


def _enrol(hub: Hub, keys: KeyFolder, noun: str, **content: Any) -> None:
    verified = order(hub.registry, keys, ENROLMENT_ACTS[noun], content, system="operator")
    enrol(
        noun, content, verified=verified, approvals=_approved(hub, keys, verified),
        system=system_of(hub.registry, "operator"), registry=hub.registry, now=datetime.now(UTC),
    )  # fmt: skip


def _approved(hub: Hub, keys: KeyFolder, verified: VerifiedStatement) -> tuple[VerifiedApproval, ...]:
    """Let the operator's two persons approve what a statement orders, where that needs it."""
    act, digest, now = str(verified.statement.act), verified.statement.content_digest or "", datetime.now(UTC)
    if act not in set(Change):
        return ()
    tokens = sign_here(
        Change(act), digest, keys=keys, audience=hub.registry.origin, now=now, random=secrets.token_bytes
    )
    return verify_approvals(tokens, change=act, content_digest=digest, registry=hub.registry, now=now)
