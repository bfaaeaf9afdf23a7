"""Loads the demonstration into a serving TEST hub over its API, as the departments of a city would.

1 the operator enrols departments, systems, officers, issuing bodies and a source; their TEST keys are made here
2 the next trust list names the seals
3 each issuing body signs and sends one order file per type; later acts follow as single orders
4 the operator hands in a publicity file that nobody signed, and records lines of the sharing table and service items
5 some officers open their accounts for the pages

A journal in the data folder keeps the day of the first start and what is done. What was under way when it was stopped
is simply done again: enrolling replaces, a file's rows are unchanged the second time, an act is skipped where its
certificate already shows it.
"""

import argparse
import json
import sys
import time
from base64 import standard_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from connectors.authenticator_simulator import AuthenticatorSimulator
from hub.cli.init import make_settings, open_database
from hub.cli.keys import make_key, sign_next_trust_list
from hub.client import Approver, Client
from hub.custody.installation import CERT_TERM, TrustInForce, load_installation
from hub.settings import Settings
from hub.steps.keyfolder import OFFICER_FOLDER, KeyFolder
from hub.steps.orders.persons import Person, make_person, persons_here
from hub.store.database import Database
from schemas.catalogue import Catalogue, load_catalogue
from schemas.certificate import civil_date
from schemas.parties import Duty
from schemas.sandbox import DEPARTMENT as SANDBOX
from schemas.statement import ENROLMENT_ACTS, Ordered
from scripts.example_city import AREA, BODIES, DEPARTMENTS, ExampleBody, ExampleDepartment
from scripts.example_files import ExampleOrder, OrderFile, make_order_files, write_order_file, write_publicity_file
from scripts.example_items import items_sheet
from scripts.example_life import ARCHIVE, STORIES, declare_coverage, enrol_court
from scripts.example_officers import AUDITOR, SIGNERS, open_accounts
from scripts.example_orders import COURT, Orders
from scripts.example_sandbox import enrol_sandbox, share_with_sandbox
from signing.algorithms import generate_private_key
from signing.base64url import encode
from signing.synced import replace_synced
from signing.x509 import Purpose

JOURNAL = "demonstration.json"
SOURCE = "credit-example"
_FRESH_SECONDS = 7 * 86_400
_SINCE = "2000-01-01"
# Departments that have declared all they have; of their types the hub says when a holder has none.
_COVERED = ("culture", "police")
_CASE_PATTERN = "[0-9]{4}-[0-9]{6}"


class Journal:
    """What was done, and on which day it began; on disk after every step."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content: dict[str, Any] = {"first_day": "", "done": [], "addresses": {}, "finished": False}
        if path.exists():
            self._content |= json.loads(path.read_text(encoding="utf-8"))

    def begin(self, now: datetime) -> None:
        """Fix the first day, once."""
        if not self._content["first_day"]:
            self._content["first_day"] = civil_date(now).isoformat()
            self._keep()

    @property
    def first_day(self) -> date:
        return date.fromisoformat(self._content["first_day"])

    @property
    def is_finished(self) -> bool:
        return bool(self._content["finished"])

    @property
    def addresses(self) -> dict[str, str]:
        """What to open: words → path."""
        return dict(self._content["addresses"])

    @property
    def told(self) -> dict[str, str]:
        """The pages of the awkward cases: words → path."""
        return dict(self._content.get("told", {}))

    def tell(self, pages: dict[str, str]) -> None:
        self._content["told"] = self.told | pages
        self._keep()

    def once(self, step: str, work: Callable[[], object]) -> None:
        """Do a step unless it was done."""
        if step not in self._content["done"]:
            work()
            self._content["done"].append(step)
            self._keep()

    def finish(self, addresses: dict[str, str]) -> None:
        self._content |= {"finished": True, "addresses": addresses}
        self._keep()

    def _keep(self) -> None:
        replace_synced(self._path, json.dumps(self._content, ensure_ascii=False, indent=1).encode())


@dataclass
class City:
    """The hub as the departments see it: its URL, their keys, one client a system."""

    url: str
    settings: Settings
    keys: KeyFolder
    catalogue: Catalogue
    http: httpx.Client
    _clients: dict[str, Client] = field(default_factory=dict)

    def client(self, system: str) -> Client:
        if system not in self._clients:
            signer, persons = self.keys.signer(f"system:{system}"), persons_here(self.keys)
            approvers = [Approver(each.number, each.duty, self.keys.signer(each.use)) for each in persons]
            self._clients[system] = Client(self.url, system, signer, http=self.http, approvers=approvers)
        return self._clients[system]

    def enrol(self, noun: str, **content: Any) -> None:
        self.client("operator").order(f"/api/v1/{noun}", ENROLMENT_ACTS[noun], content)

    def holder(self, licence_number: str) -> dict[str, Any]:
        """Return what anybody sees of an enterprise."""
        query = {"licence_number": licence_number}
        headers = {"accept": "application/json"}
        found = self.http.get(f"{self.url}/search", params=query, headers=headers, follow_redirects=True)
        found.raise_for_status()
        answer: dict[str, Any] = found.json()
        return answer

    def line(self, order: ExampleOrder) -> dict[str, Any]:
        """Return how the certificate of an order stands now."""
        found = self.holder(order.holder.licence_number)
        wanted = (order.certificate_type.code, order.content["certificate_number"])
        lines: list[dict[str, Any]] = found["certificates"]
        return next(each for each in lines if (each["type"], each["number"]) == wanted)


def load(city: City, journal: Journal, say: Callable[[str], None]) -> None:
    """Load what is not loaded yet; `say` is told each part with its time."""
    journal.begin(datetime.now(UTC))
    files = make_order_files(city.catalogue, journal.first_day)
    parts: Iterable[tuple[str, Callable[[], object]]] = (
        ("登记部门、系统、经办人、颁发机构 parties enrolled", lambda: enrol_all(city, journal)),
        ("签发信任列表 trust list signed", lambda: journal.once("trust list", lambda: name_seals(city))),
        ("各部门签名并导入证照文件 order files signed and imported", lambda: import_files(city, journal, files)),
        ("暂扣、撤回、吊销、延续、变更 later acts", lambda: order_acts(city, journal, files)),
        ("办理疑难情形 awkward cases", lambda: tell_stories(city, journal)),
        ("归集双公示文件 publicity file collected", lambda: journal.once("publicity", lambda: collect(city, journal))),
        ("登记共享规则 sharing rules", lambda: journal.once("sharing", lambda: share(city, journal))),
        ("经办人开户 officers' accounts", lambda: journal.once("accounts", lambda: open_officers(city))),
        ("登记事项与材料 service items", lambda: journal.once("items", lambda: put_items(city, journal))),
    )
    for words, work in parts:
        started = time.perf_counter()
        work()
        say(f"  ✓ {words} ({time.perf_counter() - started:.1f} s)")
    journal.finish(addresses(city, files, journal.first_day) | journal.told)


# --- parties ----------------------------------------------------------------------------------------------------


def enrol_all(city: City, journal: Journal) -> None:
    for department in DEPARTMENTS:
        journal.once(f"department {department.system}", lambda each=department: _enrol_department(city, each))  # type: ignore[misc]
    for body in BODIES:
        journal.once(f"body {body.licence_number}", lambda each=body: _enrol_body(city, each))  # type: ignore[misc]
    journal.once("auditor", lambda: _enrol_auditor(city))
    journal.once("signers", lambda: _enrol_persons(city))
    journal.once("sandbox", lambda: enrol_sandbox(city.client("operator"), city.keys))
    journal.once(
        "source",
        lambda: city.enrol("sources", code=SOURCE, name_zh="示例信用平台", fresh_for_seconds=_FRESH_SECONDS),
    )


def _enrol_department(city: City, department: ExampleDepartment) -> None:
    number, names = department.licence_number, {"name_zh": department.name_zh, "name_en": department.name_en}
    city.enrol("departments", licence_number=number, **names)
    cert = make_key(
        city.keys, f"system:{department.system}", department.name_zh, number, Purpose.SYSTEM, datetime.now(UTC)
    )
    name, roles = f"{department.name_zh}业务系统", ["issue", "pull"]
    city.enrol("systems", code=department.system, department=number, name=name, roles=roles, cert=encode(cert))
    for officer in (department.officer, department.second_officer):
        city.enrol("officers", number=officer, department=number)


def _enrol_auditor(city: City) -> None:
    """Enrol the operator's auditor, who reads how the hub does and changes nothing."""
    with open_database(city.settings) as database:
        operator = load_installation(database).operator
    person, now = Person(AUDITOR, Duty.AUDIT), datetime.now(UTC)
    made = make_person(city.keys, person, department=operator, now=now, term=CERT_TERM)
    city.enrol("officers", number=AUDITOR, department=operator, duty=made.duty, cert=encode(made.cert_der or b""))


def _enrol_persons(city: City) -> None:
    """Enrol two of the operator's persons who sign changes in browsers: of the key each begins with nobody has more."""
    with open_database(city.settings) as database:
        operator = load_installation(database).operator
    now = datetime.now(UTC)
    for number, duty in SIGNERS.items():
        cert = city.keys.certify_key(
            generate_private_key("ES256").public_key(), by="authority", common_name=f"TEST {number}",
            licence_number=operator, purpose=Purpose.OFFICER, now=now, until=now + CERT_TERM,
        )  # fmt: skip
        city.enrol("officers", number=number, department=operator, duty=duty, cert=encode(cert))


def open_officers(city: City) -> None:
    """Open the accounts of the officers whom a stranger may play."""
    simulator = AuthenticatorSimulator(city.settings.key_folder / OFFICER_FOLDER, mode="test")
    open_accounts(city.url, city.http, city.enrol, simulator)


def _enrol_body(city: City, body: ExampleBody) -> None:
    own = [each.code for each in city.catalogue.current() if each.competent_department == body.department.competent]
    superior = (
        {} if body.department.licence_number == body.licence_number else {"superior": body.department.licence_number}
    )
    city.enrol(
        "issuing-bodies",
        licence_number=body.licence_number,
        department=body.department.licence_number,
        name_zh=body.name_zh,
        name_en=body.name_en,
        area=AREA,
        from_on=_SINCE,
        competences=[
            {"certificate_type": code, "from_on": _SINCE}
            | ({"delegated_by": body.department.licence_number} if body.delegated else {})
            for code in body.delegated or own
        ],
        annotates=list(body.annotates),
        **superior,
    )
    make_key(
        city.keys, f"seal:{body.licence_number}", body.name_zh, body.licence_number, Purpose.SEAL, datetime.now(UTC)
    )


def name_seals(city: City) -> None:
    """Sign the next trust list unless the present one names every body, and wait until the hub goes by it."""
    database = Database(city.settings.database_url, pool_size=2)
    try:
        listed = TrustInForce(database, load_installation(database)).refresh(datetime.now(UTC))
        named = {each.issuing_body for each in listed.seals} if listed else set()
        if not {SANDBOX, *(each.licence_number for each in BODIES)} <= named:
            sign_next_trust_list(database, city.keys, datetime.now(UTC))
    finally:
        database.close()
    # Readiness reads the list anew; the seals count for orders from then on.
    city.http.get(f"{city.url}/readyz").raise_for_status()


# --- certificates -----------------------------------------------------------------------------------------------


def import_files(city: City, journal: Journal, files: tuple[OrderFile, ...]) -> None:
    with TemporaryDirectory(prefix="yizhao-demonstration-") as folder:
        for number, file in enumerate(files, start=1):
            path = write_order_file(file, Path(folder), number)
            journal.once(f"file {path.name}", lambda each=file, where=path: _import(city, each, where))  # type: ignore[misc]


def _import(city: City, file: OrderFile, path: Path) -> None:
    department = file.body.department
    found = city.client(department.system).import_file(
        path,
        form="type",
        certificate_type=file.certificate_type.code,
        issuing_body=file.body.licence_number,
        officer=department.officer,
        second_officer=department.second_officer,
    )
    _require_done(found, path)
    if found["counts"].get("refused"):
        raise RuntimeError(f"{path.name}: rows were refused: {found['counts']}")


def collect(city: City, journal: Journal) -> None:
    with TemporaryDirectory(prefix="yizhao-demonstration-") as folder:
        path = write_publicity_file(Path(folder), journal.first_day)
        _require_done(city.client("operator").import_file(path, form="publicity", source=SOURCE), path)


def _require_done(found: dict[str, Any], path: Path) -> None:
    if found["state"] != "done":
        raise RuntimeError(f"{path.name} was not taken in: {found['problem']}")


# --- later acts -------------------------------------------------------------------------------------------------

# Which certificate (type, and which of those still in their term), the act, the ground, days until it ends by itself.
_CHANGES = (
    ("food_operation_permit", 0, "suspend", "食品安全整改", 30),
    ("public_place_hygiene_permit", 0, "suspend", "卫生检测不合格，限期整改", 60),
    ("drug_retail_permit", 0, "suspend", "药学人员不在岗，限期整改", 30),
    ("drug_retail_permit", 0, "reinstate", "整改完成", None),
    ("fire_safety_inspection", 0, "withdraw", "场所重新装修，检查所依据的情况已变", None),
    ("travel_agency_permit", 1, "annul", "以欺骗手段取得许可", None),
    ("tobacco_retail_licence", 0, "cancel", "持证人申请停业", None),
    ("amusement_device_registration", 0, "cancel", "设备报废", None),
    ("business_licence", -1, "strip", "长期停业未经营，依法吊销", None),
)
_SHOWN_AFTER = {
    "suspend": "suspended", "reinstate": "valid", "withdraw": "withdrawn", "annul": "annulled", "cancel": "cancelled",
    "strip": "stripped",
}  # fmt: skip
_RENEWED = ("food_production_permit", "gas_appliance_qualification", "road_freight_permit")
_CHANGED = ("outdoor_advertising_permit", "hotel_trade_permit", "seal_engraving_permit")
# The business whose licence is stripped: one with several permits, which then read not valid.
_STRIPPED_TRADE = "歌舞"


def order_acts(city: City, journal: Journal, files: tuple[OrderFile, ...]) -> None:
    for number, (code, which, act, ground, days) in enumerate(_CHANGES, start=1):
        order = pick(files, code, which, journal.first_day)
        content = _change(order, act, ground, days, number, journal.first_day)
        journal.once(f"act {number}", lambda order=order, content=content: _change_once(city, order, content))  # type: ignore[misc]
    for number, code in enumerate((*_RENEWED, *_CHANGED), start=1):
        order = pick(files, code, 1, journal.first_day)
        renews = code in _RENEWED
        content = _next_version(order, number, journal.first_day, renews=renews)
        journal.once(f"version {number}", lambda order=order, content=content: _reissue_once(city, order, content))  # type: ignore[misc]


def pick(files: tuple[OrderFile, ...], code: str, which: int, first_day: date) -> ExampleOrder:
    """Return one order of a type whose certificate is still in its term; -1 the business that is stripped."""
    orders = [order for file in files if file.certificate_type.code == code for order in file.orders]
    if which < 0:
        return next(each for each in orders if each.holder.trade == _STRIPPED_TRADE)
    later = (first_day + timedelta(days=1)).isoformat()
    return [each for each in orders if not each.content["valid_to"] or str(each.content["valid_to"]) > later][which]


def _change(
    order: ExampleOrder, act: str, ground: str, days: int | None, number: int, first_day: date
) -> dict[str, Any]:
    content = {
        "issuing_body": order.body.licence_number,
        "act": act,
        "ground": ground,
        "document_name": "行政决定书",
        "document_number": f"示决〔{first_day.year}〕{number}号",
        "document_date": first_day.isoformat(),
        "works_from": first_day.isoformat(),
    }
    return content | ({"until": (first_day + timedelta(days=days)).isoformat()} if days else {})


def _change_once(city: City, order: ExampleOrder, content: dict[str, Any]) -> None:
    line = city.line(order)
    if line["status"] == _SHOWN_AFTER[content["act"]]:
        return
    department = order.body.department
    city.client(department.system).order(
        "/api/v1/status-changes",
        Ordered.CHANGE_STATUS,
        {"identifier": line["identifier"]} | content,
        officer=department.officer,
        second_officer=department.second_officer,
        issuing_body=order.body.licence_number,
    )


def _next_version(order: ExampleOrder, number: int, first_day: date, *, renews: bool) -> dict[str, Any]:
    """Return the order of the next version: renewed from the first day for its whole term, or with another address."""
    content = dict(order.content) | {
        "decision_document": "准予延续决定书" if renews else "准予变更决定书",
        "decision_number": f"示{'续' if renews else '变'}〔{first_day.year}〕{number}号",
        "decided_on": first_day.isoformat(),
        "works_from": first_day.isoformat(),
        "cause": "renew" if renews else "change",
    }
    if not renews:
        return content | {"holder_address": f"{order.holder.address}（变更后）"}
    years = order.certificate_type.validity.max_years or 2
    valid_to = first_day + timedelta(days=365 * years - 1)
    return content | {"valid_from": first_day.isoformat(), "valid_to": valid_to.isoformat()}


def _reissue_once(city: City, order: ExampleOrder, content: dict[str, Any]) -> None:
    line = city.line(order)
    if line["decided_on"] == content["decided_on"]:
        return
    department = order.body.department
    city.client(department.system).order(
        "/api/v1/certificates",
        Ordered.ISSUE,
        content | {"replaces": line["identifier"]},
        officer=department.officer,
        certificate_type=order.certificate_type.code,
        issuing_body=order.body.licence_number,
    )


# --- awkward cases ----------------------------------------------------------------------------------------------


def tell_stories(city: City, journal: Journal) -> None:
    journal.once("court", lambda: _enrol_court(city))
    journal.once(
        "archive",
        lambda: city.enrol("sources", code=ARCHIVE, name_zh="示例市档案馆", fresh_for_seconds=366 * 86_400),
    )
    covered = [
        (each.code, body.licence_number)
        for body in BODIES
        if body.department.system in _COVERED and not body.delegated
        for each in city.catalogue.current()
        if each.competent_department == body.department.competent
    ]
    journal.once("coverage", lambda: declare_coverage(city.enrol, covered, journal.first_day))
    orders = Orders(city, journal.first_day)
    for words, story in STORIES:
        journal.once(
            f"story {words}",
            lambda story=story: journal.tell({each.words: each.path for each in story(orders)}),  # type: ignore[misc]
        )


def _enrol_court(city: City) -> None:
    cert = make_key(
        city.keys, f"system:{COURT.system}", COURT.name_zh, COURT.licence_number, Purpose.SYSTEM, datetime.now(UTC)
    )
    enrol_court(city.enrol, encode(cert))


# --- sharing, and what to open ----------------------------------------------------------------------------------

# Who asks, the item (batch.number of the reform's list) and its name, the law, and what it may see.
SHARED: tuple[tuple[str, str, str, str, dict[str, list[str]]], ...] = (
    ("health", "1.4", "公共场所卫生许可", "公共场所卫生管理条例", {
        "business_licence": [], "food_operation_permit": ["floor_area"],
    }),
    ("culture", "1.14", "设立娱乐场所审批", "娱乐场所管理条例", {
        "business_licence": [], "fire_safety_inspection": ["floor_area"],
        "public_place_hygiene_permit": ["floor_area"],
    }),
    ("police", "1.10", "旅馆业特种行业许可证核发", "旅馆业治安管理办法", {
        "business_licence": [], "fire_safety_inspection": ["floor_area"], "public_place_hygiene_permit": [],
    }),
    ("market", "1.2", "食品经营许可", "食品安全法", {"public_place_hygiene_permit": [], "lift_registration": []}),
)  # fmt: skip


def share(city: City, journal: Journal) -> None:
    numbers = {each.system: each.licence_number for each in DEPARTMENTS}
    for system, item, name, law, fields in SHARED:
        content = {
            "code": f"rule-{system}",
            "requester": numbers[system],
            "item_code": item,
            "item_name": name,
            "legal_basis": law,
            "case_pattern": _CASE_PATTERN,
            "fields": fields,
            "from_on": journal.first_day.isoformat(),
        }
        put = city.client("operator").order("/api/v1/sharing-rules", Ordered.SHARE, content)
        if put["state"] == "asked":
            _approve(city, put)
    share_with_sandbox(city.client("operator"), numbers["culture"], lambda put: _approve(city, put))


def _approve(city: City, put: dict[str, Any]) -> None:
    for department in DEPARTMENTS:
        if department.licence_number in put["providers"]:
            answer = {"code": put["code"], "version": put["version"], "answer": "approve"}
            city.client(department.system).order(
                "/api/v1/sharing-answers", Ordered.ANSWER_SHARE, answer, officer=department.officer
            )


def put_items(city: City, journal: Journal) -> None:
    content = {"sheet": standard_b64encode(items_sheet(journal.first_day)).decode()}
    city.client("operator").order("/api/v1/items", Ordered.PUT_ITEMS, content)


def addresses(city: City, files: tuple[OrderFile, ...], first_day: date) -> dict[str, str]:
    """Return the pages worth opening: words → path."""
    orders = [order for file in files for order in file.orders]
    by_trade = {order.holder.trade: order for order in reversed(orders)}
    suspended = city.line(pick(files, "food_operation_permit", 0, first_day))
    stripped = city.holder(pick(files, "business_licence", -1, first_day).holder.licence_number)
    hotel = city.holder(by_trade["酒店"].holder.licence_number)
    mall, farmers, school = (
        city.holder(by_trade[trade].holder.licence_number)["holder"]["reference"] for trade in ("商场", "农资", "学校")
    )
    good = next(each for each in hotel["certificates"] if each["verdict"]["outcome"] == "valid")
    return {
        "营业执照扫码页 a licence's scan page": f"/q/{hotel['holder']['reference']}",
        "一张证照 a certificate": f"/c/{good['reference']}",
        "暂扣的证照 a suspended one": f"/c/{suspended['reference']}",
        "执照被吊销的企业 a stripped licence": f"/q/{stripped['holder']['reference']}",
        "百台电梯的企业 a holder of 120 lifts": f"/q/{mall}",
        "合作社 a cooperative": f"/q/{farmers}",
        "没有营业执照的学校 a school, which needs no licence": f"/q/{school}",
        "扫码二维码 its QR": f"/qr/q/{hotel['holder']['reference']}.svg",
        "按代码查询 search": f"/search?licence_number={hotel['holder']['licence_number']}",
        "核验文件 verify a file": "/verify",
        "接口说明 the API": "/api",
        "沙箱与示例 the sandbox": "/api/sandbox",
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--url", required=True)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--keys", type=Path)
    options.add_argument("--database")
    given = options.parse_args()
    settings = make_settings(data=given.data, keys=given.keys, database=given.database)
    keys = KeyFolder(settings.key_folder, settings.passphrase_file)
    with httpx.Client(timeout=60.0) as http:
        city = City(given.url, settings, keys, load_catalogue(), http)
        load(city, Journal(settings.folder / JOURNAL), lambda text: print(text, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
