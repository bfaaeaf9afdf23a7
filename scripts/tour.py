"""Walks the whole job once: over HTTP, as strangers, departments and an enterprise would, on throw-away TEST data.

Of the hub the tour knows the client and the command line, and nothing behind the doors: local commands (`yizhao`) make
installation and keys and play the enterprise's phone. Each step is a line with its time; at the first thing that is not
as it should be, the tour says what it expected and what it found, and ends with 1.
"""

import csv
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pikepdf

from hub.client import Approver, Client, RefusedError, fetch_document
from schemas.catalogue import load_catalogue
from schemas.identifiers import make_licence_number
from schemas.parties import Duty
from schemas.statement import ENROLMENT_ACTS, Ordered
from schemas.tokens import ANSWER_TYP, RECEIPT_TYP
from scripts.example_city import DEPARTMENTS, TOWNS, ExampleEnterprise
from scripts.example_fields import field_values, make_number
from signing.base64url import decode, encode
from signing.checkpoint import NoteKey, read_checkpoint
from signing.commitment import leaf as leaf_of
from signing.jws import verify_compact
from signing.merkle import leaf_hash, verify_inclusion
from signing.signers.file import FileSigner, open_file_signer
from signing.trust import TrustList, verify_trust_list

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_STATUS_AS_SIGNED = 3
_XML_IDS = ("--id-attr:Id", "certificate", "--id-attr:Id", "SignedProperties")
_MARKET, _HEALTH = DEPARTMENTS[0], DEPARTMENTS[1]
_SHOP = ExampleEnterprise(
    make_licence_number("91442000", "MA900001"), "示例市东区示例晨光餐饮有限公司", "示例市东区示例路1号", TOWNS[1],
    "陈示例", "餐饮", {},
)  # fmt: skip
_ITEM, _ITEM_NAME, _CASE = "1.4", "公共场所卫生许可", "2026-000001"
_FOOD = "food_operation_permit"


class DifferenceError(Exception):
    """Something is not as it should be: what was looked at, what was expected, what was found."""

    def __init__(self, what: str, expected: object, found: object) -> None:
        super().__init__(what)
        self.what, self.expected, self.found = what, expected, found


def expect(what: str, found: object, expected: object) -> None:
    """Go on when what was found is what was expected; raises DifferenceError."""
    if found != expected:
        raise DifferenceError(what, expected, found)


@dataclass
class Tour:
    """One walk: the folder of throw-away data, the hub's URL, and what earlier steps found out."""

    folder: Path
    url: str
    http: httpx.Client
    server: subprocess.Popen[bytes] | None = None
    anchor: str = ""
    origin: str = ""
    version_seen: int = 0
    grant: str = ""
    food: dict[str, Any] = field(default_factory=dict)
    page: str = ""
    file: dict[str, Any] = field(default_factory=dict)
    delivery: str = ""
    _clients: dict[str, Client] = field(default_factory=dict)

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    def yizhao(self, *arguments: str, exits: int = 0) -> str:
        """Run a local command; return what it says."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "hub.cli.main", *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode != exits:
            raise DifferenceError(
                f"yizhao {arguments[0]}: exit code", exits, f"{done.returncode} {done.stderr.strip()}"
            )
        return done.stdout

    def client(self, system: str) -> Client:
        if system not in self._clients:
            signer = self.signer(f"system:{system}")
            self._clients[system] = Client(self.url, system, signer, http=self.http, approvers=self.approvers())
        return self._clients[system]

    def approvers(self) -> list[Approver]:
        """Return the operator's two persons, whose TEST keys lie in the key folder."""
        uses = [use.split(":") for use in json.loads((self.keys / "keys.json").read_text()) if use.count(":") == 2]
        return [Approver(number, Duty(duty), self.signer(f"officer:{number}:{duty}")) for _, number, duty in uses]

    def signer(self, use: str) -> FileSigner:
        uri = json.loads((self.keys / "keys.json").read_text())[use]
        return open_file_signer(uri, self.keys, (self.keys / "passphrase").read_bytes().strip(), rate_cap=None)

    def enrol(self, noun: str, **content: Any) -> None:
        self.client("operator").order(f"/api/v1/{noun}", ENROLMENT_ACTS[noun], content)

    def see(self, path: str, accept: str = "application/json") -> httpx.Response:
        """Ask as anybody may."""
        found = self.http.get(self.url + path, headers={"accept": accept}, follow_redirects=True)
        expect(f"GET {path}", found.status_code, 200)
        return found

    def trust_list(self) -> TrustList:
        raw = self.see("/.well-known/yizhao-trust-list").content
        (self.folder / "trust-list.json").write_bytes(raw)
        trust = verify_trust_list(
            raw,
            anchor_sha256=self.anchor,
            now=datetime.now(UTC),
            highest_version_seen=self.version_seen,
            allow_test=True,
        )
        self.version_seen = trust.version
        return trust

    def pull(self) -> dict[str, Any]:
        """Pull the food permit as the health bureau, under the grant."""
        request = {
            "licence_number": _SHOP.licence_number,
            "wanted": [{"certificate_type": _FOOD, "fields": ["business_items", "floor_area"]}],
            "basis": {"kind": "grant", "reference": self.grant},
            "item_code": _ITEM,
            "case_number": _CASE,
        }
        answer = self.client(_HEALTH.system).request("/api/v1/pulls", Ordered.PULL, request, officer=_HEALTH.officer)
        items: list[dict[str, Any]] = answer["items"]
        expect("items of the pull", len(items), 1)
        return items[0] | {"delivery": answer["delivery"]}

    def refused(self, what: str, work: Callable[[], object], code: str) -> None:
        try:
            work()
        except RefusedError as error:
            expect(what, error.code, code)
            return
        raise DifferenceError(what, code, "不拒绝 not refused")


# --- steps ------------------------------------------------------------------------------------------------------


def set_up(tour: Tour) -> None:
    data, keys = str(tour.folder / "data"), str(tour.keys)
    made = json.loads(tour.yizhao("init", "--data", data, "--keys", keys, "--public-origin", tour.url, "--json"))
    tour.anchor, tour.origin = made["anchor"], made["origin"]
    expect("mode", made["mode"], "test")


def serve(tour: Tour) -> None:
    tour.server = _served(tour, tour.folder / "data")
    expect("readyz", tour.http.get(f"{tour.url}/readyz").json()["ready"], True)


def take_part(tour: Tour) -> None:
    keys = ("--keys", str(tour.keys))
    for department in (_MARKET, _HEALTH):
        number = department.licence_number
        tour.enrol("departments", licence_number=number, name_zh=department.name_zh, name_en=department.name_en)
        tour.yizhao("keys", "system", department.system, "--department", number, *keys)
        cert = encode(tour.signer(f"system:{department.system}").cert_der or b"")
        name, roles = department.name_zh, ["issue", "pull"]
        tour.enrol("systems", code=department.system, department=number, name=name, roles=roles, cert=cert)
        for officer in (department.officer, department.second_officer):
            tour.enrol("officers", number=officer, department=number)


def make_seal(tour: Tour) -> None:
    number, keys = _MARKET.licence_number, str(tour.keys)
    names = {"name_zh": _MARKET.name_zh, "name_en": _MARKET.name_en}
    competences = [{"certificate_type": code, "from_on": "2000-01-01"} for code in ("business_licence", _FOOD)]
    tour.enrol(
        "issuing-bodies", licence_number=number, department=number, area="442000", from_on="2000-01-01",
        competences=competences, **names,
    )  # fmt: skip
    tour.yizhao("keys", "seal", number, "--name", _MARKET.name_zh, "--keys", keys)
    tour.yizhao("keys", "trust-list", "--data", str(tour.folder / "data"), "--keys", keys)
    expect("readyz", tour.see("/readyz").json()["ready"], True)
    expect("签章机构 seals in the trust list", [each.issuing_body for each in tour.trust_list().seals], [number])


def import_files(tour: Tour) -> None:
    for code in ("business_licence", _FOOD):
        path = _write_file(tour.folder / f"{code}.csv", code)
        found = tour.client(_MARKET.system).import_file(
            path, form="type", certificate_type=code, issuing_body=_MARKET.licence_number, officer=_MARKET.officer,
            second_officer=_MARKET.second_officer,
        )  # fmt: skip
        expect(f"{path.name}: 状态 state", found["state"], "done")
        expect(f"{path.name}: 结果 outcome", found["counts"], {"issued": 1})


def scan_page(tour: Tour) -> None:
    found = tour.see(f"/search?licence_number={_SHOP.licence_number}", "text/html")
    tour.page = found.url.path
    for text in (_SHOP.name, "食品经营许可证", "TEST"):
        expect(f"扫码页上的 on the page: {text}", text in found.text, True)


def scan_json(tour: Tour) -> None:
    found = tour.see(tour.page).json()
    verdicts = {each["type"]: each["verdict"]["outcome"] for each in found["certificates"]}
    expect("结论 verdicts", verdicts, {"business_licence": "valid", _FOOD: "valid"})
    tour.food = next(each for each in found["certificates"] if each["type"] == _FOOD)


def scan_signed(tour: Tour) -> None:
    now, trust = datetime.now(UTC), tour.trust_list()
    token = tour.see(f"{tour.page}?nonce=tour-0001", "application/jwt").text
    answer = json.loads(
        verify_compact(
            token, find_key=lambda kid: trust.hub_key(kid, purpose="answers", at=now), typ=ANSWER_TYP
        ).payload
    )
    expect("签发者与随机数 issuer and nonce", (answer["iss"], answer["nonce"]), (tour.origin, "tour-0001"))
    expect("持证主体 holder", answer["holder"]["licence_number"], _SHOP.licence_number)


def grant(tour: Tour) -> None:
    keys, draft, signed = ("--keys", str(tour.keys)), tour.folder / "draft.json", tour.folder / "signed.json"
    tour.yizhao("simulator", "make", _SHOP.licence_number, "--name", _SHOP.name, *keys)
    wish = {
        "licence_number": _SHOP.licence_number,
        "requester": _HEALTH.licence_number,
        "types": {_FOOD: ["business_items", "floor_area"]},
        "item_code": _ITEM,
        "item_name": _ITEM_NAME,
        "case_number": _CASE,
        "valid_until": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
        "uses": 5,
    }
    draft.write_text(json.dumps(_post(tour, "/api/v1/grants/drafts", wish), ensure_ascii=False))
    tour.yizhao("simulator", "sign", _SHOP.licence_number, str(draft), "--out", str(signed), *keys)
    posted = _post(tour, "/api/v1/grants", json.loads(signed.read_text()))
    expect("授权书 grant", posted["state"], "usable")
    tour.grant = posted["digest"]


def pull(tour: Tour) -> None:
    item = tour.pull()
    expect("结论 verdict", item["verdict"]["outcome"], "valid")
    expect("证照标识 identifier", item["identifier"], tour.food["identifier"])
    tour.file, tour.delivery = item["file"], item["delivery"]
    (tour.folder / "copy.json").write_text(json.dumps(tour.file, ensure_ascii=False))


def replay(tour: Tour) -> None:
    request = {"statement": tour.client(_HEALTH.system).make_statement(Ordered.PULL, request={"wanted": []})}
    market = tour.client(_MARKET.system)
    tour.refused(
        "另一部门拿来用 used by another department", lambda: market.post("/api/v1/pulls", request), "statement_key"
    )


def verify_copy(tour: Tour) -> None:
    result = _verify(tour, "copy.json", exits=_STATUS_AS_SIGNED)
    expect("结论 verdict", (result["outcome"], result["reason"]), ("unknown", "status_as_signed"))


def flip_byte(tour: Tour) -> None:
    content = (tour.folder / "copy.json").read_text()
    payload = tour.file["record"]["payload"]
    # One bit of one character in the middle: still base64url, and something else than what was sealed.
    middle = len(payload) // 2
    changed = payload[:middle] + ("A" if payload[middle] != "A" else "B") + payload[middle + 1 :]
    (tour.folder / "flipped.json").write_text(content.replace(payload, changed))
    expect("结论 verdict", _verify(tour, "flipped.json", exits=1)["outcome"], "not_valid")


def download_master(tour: Tour) -> None:
    keys, draft, signed = ("--keys", str(tour.keys)), tour.folder / "wish.json", tour.folder / "wished.json"
    wish = {"licence_number": _SHOP.licence_number, "certificates": [tour.food["identifier"]]}
    draft.write_text(json.dumps(_post(tour, "/api/v1/downloads/drafts", wish), ensure_ascii=False))
    tour.yizhao("simulator", "sign", _SHOP.licence_number, str(draft), "--out", str(signed), *keys)
    opened = _post(tour, "/api/v1/downloads", json.loads(signed.read_text()))
    url = f"{tour.url}/api/v1/downloads/{opened['download']}/documents/{tour.food['identifier']}"
    headers = {"authorization": f"Bearer {opened['token']}"}
    (tour.folder / "master.pdf").write_bytes(fetch_document(lambda: tour.http.get(url, headers=headers)))
    expect("没有凭据 without the token", tour.http.get(url).status_code, 404)


def download_copy(tour: Tour) -> None:
    path = f"/api/v1/deliveries/{tour.delivery}/copies/{tour.food['identifier']}"
    (tour.folder / "copy.pdf").write_bytes(tour.client(_HEALTH.system).fetch(path))
    market = tour.client(_MARKET.system)
    tour.refused("另一部门下载 fetched by another department", lambda: market.fetch(path), "delivery_not_found")


def check_documents(tour: Tour) -> None:
    for name in ("master.pdf", "copy.pdf"):
        found = _verify_online(tour, (tour.folder / name).read_bytes())
        expect(f"{name}: 结论 verdict", (found["outcome"], found["reason"]), ("valid", "good"))
        if pdfsig := shutil.which("pdfsig"):
            said = subprocess.run([pdfsig, name], cwd=tour.folder, capture_output=True, text=True, check=False).stdout
            expect(f"pdfsig {name}", ("Signature is Valid" in said, "Total document signed" in said), (True, True))
        if qpdf := shutil.which("qpdf"):
            checked = subprocess.run([qpdf, "--check", name], cwd=tour.folder, capture_output=True, check=False)
            expect(f"qpdf --check {name}", checked.returncode, 0)


def check_xml(tour: Tour) -> None:
    with pikepdf.open(tour.folder / "master.pdf") as pdf:
        xml = pdf.attachments["certificate.xml"].get_file().read_bytes()
    (tour.folder / "certificate.xml").write_bytes(xml)
    expect("证照标识 identifier", tour.food["identifier"].encode() in xml, True)
    expect("结论 verdict", _verify(tour, "certificate.xml", exits=_STATUS_AS_SIGNED)["reason"], "status_as_signed")
    if xmlsec1 := shutil.which("xmlsec1"):
        given = ["--verify", "--enabled-key-data", "x509", "--insecure", *_XML_IDS, "certificate.xml"]
        checked = subprocess.run([xmlsec1, *given], cwd=tour.folder, capture_output=True, check=False)
        expect("xmlsec1 --verify", checked.returncode, 0)


def flip_byte_of_document(tour: Tour) -> None:
    document = bytearray((tour.folder / "master.pdf").read_bytes())
    document[len(document) // 2] ^= 1
    found = _verify_online(tour, bytes(document))
    expect("联机：结论 online: verdict", found["outcome"], "not_valid")
    (tour.folder / "flipped.pdf").write_bytes(document)
    expect("脱机：结论 offline: verdict", _verify(tour, "flipped.pdf", exits=1)["outcome"], "not_valid")


def verify_bundle(tour: Tour) -> None:
    """Fetch all that proves the delivery, and verify it with one plain file and no hub; one byte changed fails."""
    bundle, touched = tour.folder / "evidence.asice", tour.folder / "touched.asice"
    tour.client(_HEALTH.system).evidence(tour.delivery, bundle)
    raw = bundle.read_bytes()
    touched.write_bytes(raw[: len(raw) // 2] + bytes([raw[len(raw) // 2] ^ 1]) + raw[len(raw) // 2 + 1 :])
    expect("证据包 bundle", _verify_bundle(tour, bundle), 0)
    expect("改动一个字节 touched", _verify_bundle(tour, touched) in (1, 2), True)


def suspend(tour: Tour) -> None:
    until = (_today() + timedelta(days=30)).isoformat()
    expect("状态 status", _change(tour, "suspend", "食品安全整改", until=until)["status"], "suspended")


def _change(tour: Tour, act: str, ground: str, **more: str) -> dict[str, Any]:
    content = {
        "identifier": tour.food["identifier"],
        "issuing_body": _MARKET.licence_number,
        "act": act,
        "ground": ground,
        "document_name": "行政决定书",
        "document_number": "示决〔2026〕1号",
        "document_date": _today().isoformat(),
        "works_from": _today().isoformat(),
        **more,
    }
    return tour.client(_MARKET.system).order(
        "/api/v1/status-changes", Ordered.CHANGE_STATUS, content,
        officer=_MARKET.officer, issuing_body=_MARKET.licence_number,
    )  # fmt: skip


def scan_again(tour: Tour) -> None:
    verdict = tour.see(f"/c/{tour.food['reference']}").json()["verdict"]
    expect("结论 verdict", verdict["outcome"], "suspended")


def pull_again(tour: Tour) -> None:
    item = tour.pull()
    expect("结论 verdict", item["verdict"]["outcome"], "suspended")
    expect("不再给出证照 no record", item["file"], None)


def withdraw_grant(tour: Tour) -> None:
    keys, draft, signed = ("--keys", str(tour.keys)), tour.folder / "end.json", tour.folder / "ended.json"
    path = f"/api/v1/grants/{tour.grant}"
    draft.write_text(tour.see(f"{path}/withdrawal-draft").text)
    tour.yizhao("simulator", "sign", _SHOP.licence_number, str(draft), "--out", str(signed), *keys)
    expect("授权书 grant", _post(tour, f"{path}/withdrawals", json.loads(signed.read_text()))["state"], "withdrawn")
    tour.refused("凭已撤回的授权 under the withdrawn grant", tour.pull, "grant_withdrawn")


def correct(tour: Tour) -> None:
    """The permit is corrected once it is reinstated: both values stay, and who pulled the wrong one is told."""
    kind, today = load_catalogue().get(_FOOD), _today()
    content = _order(_SHOP, _FOOD, make_number(kind, today.year, 1), today - timedelta(days=30), days=1800)
    content |= {"replaces": tour.food["identifier"], "cause": "correct", "works_from": today.isoformat()}
    content |= {"holder_address": "示例市东区示例路1号首层"}
    expect("恢复 reinstated", _change(tour, "reinstate", "整改完成")["status"], "valid")
    corrected = _issue(tour, content)
    right, wrong = (tour.see(f"/c/{each}").json()["certificate"] for each in (corrected, tour.food["reference"]))
    expect("更正后 corrected", (right["cause"], right["holder_address"]), ("correct", content["holder_address"]))
    expect("更正前 before", (wrong["status"], wrong["holder_address"]), ("superseded", _SHOP.address))
    told = tour.client(_HEALTH.system).get("/api/v1/notices").json()["notices"]
    found = [each["kind"] for each in told if each["facts"].get("identifier") == tour.food["identifier"]]
    expect("收到告知 told", found, ["certificate_wrong"])


def renew_late(tour: Tour) -> None:
    """A renewal filed in time and not decided carries a permit past its last day (行政许可法 art. 50)."""
    holder, today = _another(1, "91"), _today()
    _issue(tour, _order(holder, "business_licence", holder.licence_number, today - timedelta(days=2000)))
    begun = today - timedelta(days=1800)
    permit = _issue(tour, _order(holder, _FOOD, make_number(load_catalogue().get(_FOOD), 2025, 71), begun, days=1795))
    expect("届满 past its last day", tour.see(f"/c/{permit}").json()["verdict"]["reason"], "expired")
    content = {
        "step": "note",
        "kind": "renewal_accepted",
        "identifier": tour.see(f"/c/{permit}").json()["certificate"]["identifier"],
        "issuing_body": _MARKET.licence_number,
        "document_name": "受理通知书",
        "document_number": "示受〔2026〕1号",
        "document_date": (today - timedelta(days=60)).isoformat(),
        "from_on": (today - timedelta(days=60)).isoformat(),
    }
    _market_orders(tour, "/api/v1/annotations", Ordered.ANNOTATE, content)
    verdict = tour.see(f"/c/{permit}").json()["verdict"]
    expect("延续审查中 being renewed", (verdict["outcome"], verdict["reason"]), ("valid", "renewal_deemed"))


def convert(tour: Tour) -> None:
    """A self-employed business becomes a company: its old code opens the company, its old permit reads unknown."""
    before, after, today = _another(2, "92"), _another(3, "91"), _today()
    for each in (before, after):
        _issue(tour, _order(each, "business_licence", each.licence_number, today - timedelta(days=900)))
    number = make_number(load_catalogue().get(_FOOD), 2025, 72)
    permit = _issue(tour, _order(before, _FOOD, number, today - timedelta(days=90), days=1800))
    old_code = tour.see(f"/search?licence_number={before.licence_number}").json()["holder"]["reference"]
    content = {
        "step": "record",
        "kind": "conversion",
        "from_number": before.licence_number,
        "to_number": after.licence_number,
        "issuing_body": _MARKET.licence_number,
        "document_name": "核准登记通知书",
        "document_number": "示登〔2026〕3号",
        "works_from": today.isoformat(),
    }
    _market_orders(tour, "/api/v1/relations", Ordered.RELATE, content)
    opened = tour.see(f"/q/{old_code}").json()
    told = (opened["holder"]["licence_number"], opened["arrived_from"]["licence_number"])
    expect("旧码打开 the old code opens", told, (after.licence_number, before.licence_number))
    verdict = tour.see(f"/c/{permit}").json()["verdict"]
    expect("旧证 the old permit", (verdict["outcome"], verdict["reason"]), ("unknown", "licence_succeeded"))


def prove_act(tour: Tour) -> None:
    _prove_issue(tour, 9)


def _prove_issue(tour: Tour, serial: int) -> None:
    """Wait for the receipt of an issue, open its leaf by hand, and follow its path to the head the log signed."""
    number = make_number(load_catalogue().get(_FOOD), _today().year, serial)
    order = _order(_another(serial, "92"), _FOOD, number, _today(), days=1_825)
    body = tour.client(_MARKET.system).make_order(
        Ordered.ISSUE, order, officer=_MARKET.officer, certificate_type=_FOOD, issuing_body=_MARKET.licence_number
    )
    receipt = tour.client(_MARKET.system).post("/api/v1/certificates", body, wait=10)["receipt"]
    trust, now = tour.trust_list(), datetime.now(UTC)
    said = json.loads(
        verify_compact(
            receipt, find_key=lambda kid: trust.hub_key(kid, purpose="answers", at=now), typ=RECEIPT_TYP
        ).payload
    )
    leaf = leaf_of(decode(said["salt"]), decode(said["act"]))
    place = said["log"]
    key = NoteKey.read(tour.see("/log/key", "*/*").text)
    head = read_checkpoint(place["checkpoint"], key)
    path = [decode(each) for each in place["path"]]
    proven = verify_inclusion(leaf_hash(leaf), place["index"], head.size, path, head.root)
    expect("存在证明 the proof", proven, True)


def audit_as_stranger(tour: Tour) -> None:
    """Audit twice, an act between: all that was seen the first time is still there."""
    given = ("audit", tour.url, "--anchor", tour.anchor, "--state", str(tour.folder / "seen.json"), "--json")
    first = json.loads(tour.yizhao(*given))
    _copy_database(tour.folder / "data", tour.folder / "old.db")
    _prove_issue(tour, 10)
    again = json.loads(tour.yizhao(*given))
    expect("上次所见 seen before", again["seen_before"], first["size"])
    expect("又有新增 has grown", again["size"] > first["size"], True)


def touch_row(tour: Tour) -> None:
    """Change one row of a copy of the database: the audit names it."""
    copy = _copy_of(tour, "touched")
    with closing(sqlite3.connect(copy / "data" / "hub.db")) as database:
        database.execute("UPDATE certificate SET valid_to = '2099-01-01' WHERE serial = 2")
        database.commit()
    found = json.loads(tour.yizhao("audit", str(copy / "data"), "--keys", str(tour.keys), "--json", exits=1))
    expect("所指 named", "record 2: claim valid_to" in found["faults"], True)


def put_back(tour: Tour) -> None:
    """Serve an old copy of the database beside the log that has gone on: nothing of it reads valid."""
    copy = _copy_of(tour, "rolled-back")
    (copy / "data" / "hub.db").write_bytes((tour.folder / "old.db").read_bytes())
    old, tour.url = tour.url, f"http://127.0.0.1:{_free_port()}"
    tour.server = _served(tour, copy / "data")
    found = tour.http.get(tour.url + tour.page, headers={"accept": "application/json"}).json()
    verdicts = {(each["verdict"]["outcome"], each["verdict"]["reason"]) for each in found["certificates"]}
    expect("结论 verdicts", verdicts, {("unknown", "store_rolled_back")})
    expect("readyz", tour.http.get(f"{tour.url}/readyz").json()["ready"], False)
    stop(tour)
    tour.url = old


def stop(tour: Tour) -> None:
    assert tour.server is not None  # noqa: S101 - the steps before this one started it
    tour.server.terminate()
    try:
        expect("退出码 exit code", tour.server.wait(_STOP_SECONDS), 0)
    except subprocess.TimeoutExpired:
        raise DifferenceError("停止 stop", f"{_STOP_SECONDS} s 内 within", "仍在运行 still running") from None


STEPS: tuple[tuple[str, Callable[[Tour], None]], ...] = (
    ("初始化：数据目录、目录外的测试密钥、迁移、证照目录、信任列表", set_up),
    ("启动平台", serve),
    ("运营方登记两个部门及其业务系统、经办人", take_part),
    ("登记颁发机构，生成签章密钥，签发下一版信任列表", make_seal),
    ("市场监管部门签名并导入营业执照、食品经营许可证两个文件", import_files),
    ("扫码：页面", scan_page),
    ("扫码：数据，两张证照均有效", scan_json),
    ("扫码：签名回答，用信任列表中的公钥验过", scan_signed),
    ("企业用电子营业执照（模拟器）签授权书", grant),
    ("卫生健康部门的系统取得令牌，为办件调用证照", pull),
    ("一个部门的指令被另一部门拿来用：拒绝", replay),
    ("证照副本凭信任列表离线核验：封印真实，状态以签发时为准", verify_copy),
    ("副本改动一个字节：不通过", flip_byte),
    ("企业用电子营业执照申请，下载证照正本（PDF）", download_master),
    ("卫生健康部门下载加注件（PDF），另一部门下载：拒绝", download_copy),
    ("正本和加注件：平台核验有效，pdfsig、qpdf（装有时）验过", check_documents),
    ("取出正本里的 XML，离线核验，xmlsec1（装有时）验过", check_xml),
    ("正本改动一个字节：不通过", flip_byte_of_document),
    ("取得一次共享的证据包，脱离平台离线核验；改动一个字节：不通过", verify_bundle),
    ("颁发机构暂扣该证照", suspend),
    ("再次扫码：暂扣", scan_again),
    ("再次调用：暂扣，不再给出证照", pull_again),
    ("企业撤回授权书，再次调用：拒绝", withdraw_grant),
    ("更正证照：两个版本的内容都在，调用过原证的部门收到告知", correct),
    ("延续已受理、逾期未决：届满后仍有效（延续审查中）", renew_late),
    ("个转企：旧码打开承继的企业，旧证读作暂时无法确认", convert),
    ("签发并等到回执：亲手打开承诺，沿路径验到日志的签名树头", prove_act),
    ("陌生人审计存证日志：逐条重算，只增不改", audit_as_stranger),
    ("停止平台", stop),
    ("把数据库改动一行：审计指出是哪一行", touch_row),
    ("放回旧的数据库：处处读作暂时无法确认，平台不就绪", put_back),
)


def main() -> int:
    """Walk every step; returns the exit code."""
    began = time.perf_counter()
    with _throw_away() as tour:
        for number, (words, step) in enumerate(STEPS, start=1):
            started = time.perf_counter()
            try:
                step(tour)
            except Exception as error:
                _say_difference(number, words, error)
                return 1
            print(f"✓ {number:2d}  {(time.perf_counter() - started) * 1000:6.0f} ms  {words}", flush=True)
    print(f"全部 {len(STEPS)} 步符合预期 all as expected  ({time.perf_counter() - began:.1f} s)")
    return 0


@contextmanager
def _throw_away() -> Iterator[Tour]:
    with tempfile.TemporaryDirectory(prefix="yizhao-tour-") as folder, httpx.Client(timeout=30.0) as http:
        tour = Tour(Path(folder), f"http://127.0.0.1:{_free_port()}", http)
        try:
            yield tour
        finally:
            if tour.server is not None and tour.server.poll() is None:
                tour.server.kill()
                tour.server.wait()


def _say_difference(number: int, words: str, error: Exception) -> None:
    print(f"✕ {number:2d}  {words}", flush=True)
    if isinstance(error, DifferenceError):
        print(f"   看的是 looked at: {error.what}")
        print(f"   应为 expected:    {error.expected}")
        print(f"   实为 found:       {error.found}")
    elif isinstance(error, RefusedError):
        print(f"   被拒绝 refused: {json.dumps(error.problem, ensure_ascii=False)}")
    else:
        print(f"   {type(error).__name__}: {error}")


def _served(tour: Tour, data: Path) -> subprocess.Popen[bytes]:
    """Serve a data folder at the tour's URL and wait until it answers."""
    given = ["serve", "--data", str(data), "--keys", str(tour.keys), "--port", tour.url.rpartition(":")[2]]
    with (tour.folder / "log.jsonl").open("ab") as log:
        server = subprocess.Popen([sys.executable, "-P", "-m", "hub.cli.main", *given], stdout=log, stderr=log)
    ends = time.monotonic() + _START_SECONDS
    while True:
        try:
            tour.http.get(f"{tour.url}/healthz")
            return server
        except httpx.TransportError:
            if server.poll() is not None or time.monotonic() > ends:
                raise DifferenceError("yizhao serve", "应答 answers", "没有应答 does not answer") from None
            time.sleep(0.05)


def _copy_of(tour: Tour, name: str) -> Path:
    """Copy data and log of the stopped hub into a folder of their own."""
    for each in ("data", "data-log"):
        shutil.copytree(tour.folder / each, tour.folder / name / each)
    return tour.folder / name


def _copy_database(data: Path, into: Path) -> None:
    with closing(sqlite3.connect(data / "hub.db")) as database, closing(sqlite3.connect(into)) as copy:
        database.backup(copy)


def _verify_bundle(tour: Tour, bundle: Path) -> int:
    """Verify a bundle as a court's expert does: one file, Python and `cryptography`; return the exit code."""
    script = Path(__file__).resolve().parents[1] / "hub" / "evidence" / "bundles" / "verify_bundle.py"
    command = [sys.executable, "-I", str(script), str(bundle), "--anchor", tour.anchor]
    return subprocess.run(command, capture_output=True, check=False).returncode


def _verify(tour: Tour, name: str, *, exits: int) -> dict[str, Any]:
    given = ("--trust-list", str(tour.folder / "trust-list.json"), "--anchor", tour.anchor, "--json")
    result: dict[str, Any] = json.loads(tour.yizhao("verify", str(tour.folder / name), *given, exits=exits))
    return result


def _verify_online(tour: Tour, document: bytes) -> dict[str, Any]:
    headers = {"content-type": "application/pdf"}
    response = tour.http.post(f"{tour.url}/api/v1/verifications", content=document, headers=headers)
    expect("POST /api/v1/verifications", response.status_code, 200)
    found: dict[str, Any] = response.json()
    return found


def _write_file(path: Path, code: str) -> Path:
    """Write an order file of one row, in the type's own form."""
    kind, decided_on = load_catalogue().get(code), (datetime.now(UTC) - timedelta(days=30)).date()
    is_licence = code == "business_licence"
    row = {
        "licence_number": _SHOP.licence_number,
        "holder_name": _SHOP.name,
        "holder_address": _SHOP.address,
        "certificate_number": _SHOP.licence_number if is_licence else make_number(kind, decided_on.year, 1),
        "decision_document": "准予行政许可决定书",
        "decision_number": "示许〔2026〕1号",
        "decided_on": decided_on.isoformat(),
        "valid_from": decided_on.isoformat(),
        "valid_to": "长期" if is_licence else (decided_on + timedelta(days=1800)).isoformat(),
    } | field_values(kind, _SHOP, _SHOP.address, 1, Random(1))
    with path.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([row.keys(), row.values()])
    return path


def _today() -> date:
    return (datetime.now(UTC) + timedelta(hours=8)).date()


def _another(serial: int, kind: str) -> ExampleEnterprise:
    """Return one more 示例 enterprise: "91" a company, "92" self-employed."""
    number = make_licence_number(f"{kind}442000", f"MA9001{serial:02d}")
    return ExampleEnterprise(
        number, f"示例市东区示例巡览{serial}号店", f"示例市东区示例路{serial}号", TOWNS[1], "李示例", "餐饮", {}
    )


def _order(
    holder: ExampleEnterprise, code: str, number: str, decided_on: date, *, days: int | None = None
) -> dict[str, Any]:
    """Return the content of an order; `days` is how long it is valid, None without an end."""
    return {
        "certificate_type": code,
        "issuing_body": _MARKET.licence_number,
        "licence_number": holder.licence_number,
        "holder_name": holder.name,
        "holder_address": holder.address,
        "certificate_number": number,
        "decision_document": "准予行政许可决定书",
        "decision_number": "示许〔2026〕1号",
        "decided_on": decided_on.isoformat(),
        "valid_from": decided_on.isoformat(),
        "valid_to": (decided_on + timedelta(days=days)).isoformat() if days else None,
        "fields": field_values(load_catalogue().get(code), holder, holder.address, 1, Random(1)),
    }


def _issue(tour: Tour, content: dict[str, Any]) -> str:
    """Issue one certificate as the market bureau; return its reference."""
    issued = tour.client(_MARKET.system).order(
        "/api/v1/certificates", Ordered.ISSUE, content, officer=_MARKET.officer,
        certificate_type=content["certificate_type"], issuing_body=_MARKET.licence_number,
    )  # fmt: skip
    return str(issued["reference"])


def _market_orders(tour: Tour, path: str, act: Ordered, content: dict[str, Any]) -> None:
    """Give an order as two officers of the market bureau."""
    tour.client(_MARKET.system).order(
        path, act, content, officer=_MARKET.officer, second_officer=_MARKET.second_officer,
        issuing_body=_MARKET.licence_number,
    )  # fmt: skip


def _post(tour: Tour, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = tour.http.post(tour.url + path, json=body)
    answer: dict[str, Any] = response.json()
    if response.status_code >= 400:
        raise RefusedError(response.status_code, answer)
    return answer


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
