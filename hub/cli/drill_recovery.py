"""What `yizhao drill recovery` does: a whole loss and the whole way back, on a copy of a TEST site that is thrown away.

1 data, log and keys are copied; a department, its officers, a body and a holder are enrolled in the copy
2 the copy is backed up; then acts of every kind happen at its doors, and each party keeps what it is given: orders,
  sentences, receipts, archive packages; of one act nobody keeps anything
3 the backup is restored beside the log that went on: it must say unknown
4 it is recovered, with what the parties bring back: lost acts are done again, or named, or stay unknown
5 it is settled and audited, and what was withdrawn must read withdrawn
The site itself is read and not touched. RPO is what this backup would have cost, in seconds; RTO runs from the restore
until verdicts are told again.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from hub.cli.asking import ask, opened_hub
from hub.cli.backup import back_up, bring_back
from hub.cli.connection import approvers_in
from hub.cli.drill_rotation import copied
from hub.cli.init import make_settings, open_database
from hub.cli.receipts import complete
from hub.cli.recover import bring_lost_back, bring_on, settle_losses
from hub.cli.refusals import LocalRefusal

if TYPE_CHECKING:
    from connectors.e_licence_simulator import ELicenceSimulator
    from hub.client import Client
    from hub.settings import Settings
    from hub.steps.keyfolder import KeyFolder

_SYSTEM = "drill"
_OFFICERS = ("drill-001", "drill-002")
_TYPE = "food_operation_permit"
_NAMES = ("演练部门", "Drill department")
_PATIENCE_SECONDS = 15.0
_LIST_SECONDS = 1.1
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Drilled:
    """What was done at the doors of the copy: the certificate that was withdrawn after the backup, when it was made."""

    withdrawn: str
    backup: Path
    made_at: str


def try_recovery(settings: "Settings", folder: Path) -> dict[str, Any]:
    """Lose and recover a copy in `folder`, where there is nothing, and say what came back."""
    _require_test(settings)
    copy, kept = copied(settings, folder), folder / "kept"
    kept.mkdir()
    _let_sign_in(copy)
    _make_keys(copy)
    with _served(copy) as url:
        drilled = _happen(copy, url, kept, folder)
    newest = _newest_act(copy)
    return _come_back(copy, folder, kept, drilled, newest)


def _come_back(copy: "Settings", folder: Path, kept: Path, drilled: Drilled, newest: datetime) -> dict[str, Any]:
    again = _beside_its_log(copy, folder)
    began = monotonic()
    restored = bring_back(again, drilled.backup)
    shown = [ask(again)]
    answered = monotonic() - began
    recovered = bring_on(again, folder / "report.json", [kept])
    back = bring_lost_back(again, [kept])
    shown.append(ask(again))
    settle_losses(again)
    shown.append(ask(again))
    whole = monotonic() - began
    faults, outcome = _audited(again), _outcome(again, drilled.withdrawn)
    if (shown, outcome) != (["store_rolled_back", "store_recovered", "log"], "withdrawn") or faults:
        raise LocalRefusal("drill_failed", shown=f"{shown}, {outcome}, faults {len(faults)}")
    return {
        "made_at": restored["made_at"],
        "newest_act_at": newest.isoformat(),
        "rpo_seconds": round((newest - datetime.fromisoformat(drilled.made_at)).total_seconds(), 2),
        "rto_answers_seconds": round(answered, 2),
        "rto_seconds": round(whole, 2),
        "shown": shown,
        "lost": recovered["lost"],
        "again": _by_kind(back["again_now"]),
        "named_only": _by_kind(back["left"]),
        "unknown": back["lost"]["unknown"],
        "obstacles": {each["kind"]: each["obstacle"] for each in back["left"]},
    }


def _by_kind(acts: list[dict[str, Any]]) -> dict[str, int]:
    kinds = [str(each["kind"]) for each in acts]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


# --- the copies ---------------------------------------------------------------------------------------------------


def _require_test(settings: "Settings") -> None:
    from hub.custody.installation import load_installation

    with open_database(settings) as opened:
        if not load_installation(opened).is_test:
            raise LocalRefusal("drill_test_only")


def _keys_of(copy: "Settings") -> "KeyFolder":
    from hub.steps.keyfolder import KeyFolder

    return KeyFolder(copy.key_folder, copy.passphrase_file)


def _let_sign_in(copy: "Settings") -> None:
    """Let the minute be over in which a restored store takes no sign-in: nothing was spent in this one since."""
    from hub.store.installation import InstallationWriter

    before = datetime.now(UTC) - timedelta(minutes=2)
    with open_database(copy) as opened:
        opened.write(lambda connection: InstallationWriter(connection).note_restored(before))


def _make_keys(copy: "Settings") -> None:
    """Make the keys of the drill's department and body in the copied key folder."""
    from hub.cli.keys import make_key
    from signing.x509 import Purpose

    now, keys, (name, _) = datetime.now(UTC), _keys_of(copy), _NAMES
    make_key(keys, f"system:{_SYSTEM}", name, _department(), Purpose.SYSTEM, now)
    make_key(keys, f"seal:{_department()}", name, _department(), Purpose.SEAL, now)


def _list_seal(copy: "Settings", keys: "KeyFolder") -> None:
    """Sign the list that names the seal of the drill's body; the serving hub reads it within a second."""
    from hub.cli.keys import sign_next_trust_list

    with open_database(copy) as opened:
        sign_next_trust_list(opened, keys, datetime.now(UTC))
    time.sleep(_LIST_SECONDS)


def _department() -> str:
    from schemas.identifiers import make_licence_number

    return make_licence_number("11442000", "99999991")


def _holder() -> str:
    from schemas.identifiers import make_licence_number

    return make_licence_number("12442000", "99999992")


@contextmanager
def _served(copy: "Settings") -> Iterator[str]:
    """Serve the copy at any free port of this machine; yield its URL."""
    import uvicorn

    from hub.cli.serve import listen

    with opened_hub(copy) as hub:
        listening = listen("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(hub.application, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        # Until it has started nobody listens.
        while thread.is_alive() and not server.started:
            time.sleep(_LOOK_SECONDS)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _beside_its_log(copy: "Settings", folder: Path) -> "Settings":
    """Return where the copy is to be restored: empty, beside its log, which goes with no process that leads it."""
    from hub.store.log import LogStore

    again = make_settings(
        data=folder / "again",
        keys=copy.key_folder,
        passphrase_file=copy.passphrase_file,
        database=f"sqlite:///{folder / 'again' / 'hub.db'}",
        log=folder / "again-log",
        documents="",
    )
    store = LogStore(copy.log_folder)
    try:
        store.copy(again.log_folder)
    finally:
        store.close()
    return again


def _newest_act(copy: "Settings") -> datetime:
    from hub.store.entry import EntryReader

    with open_database(copy) as opened, opened.read() as connection:
        return EntryReader(connection).last_recorded_at() or datetime.now(UTC)


def _audited(again: "Settings") -> list[str]:
    from hub.app.building import reading
    from hub.supervision.audit.run import find_faults

    with reading(again) as audited, audited.registry.database.snapshot() as connection:
        return find_faults(audited, connection, datetime.now(UTC))


def _outcome(again: "Settings", reference: str) -> str:
    import httpx

    with _served(again) as url:
        answer = httpx.get(f"{url}/c/{reference}", headers={"accept": "application/json"}).json()
    return str(answer["verdict"]["reason"])


# --- the acts -----------------------------------------------------------------------------------------------------


def _happen(copy: "Settings", url: str, kept: Path, folder: Path) -> Drilled:
    """Enrol the drill's parties, back the copy up, and do acts of every kind that each party keeps."""
    import httpx

    from hub.client import Client

    keys = _keys_of(copy)
    phone = _phone(keys)
    with httpx.Client(timeout=60) as http:
        operator = Client(
            url=url, system="operator", signer=keys.signer("system:operator"), http=http, approvers=approvers_in(keys)
        )
        _enrol(operator, keys)
        _list_seal(copy, keys)
        client = Client(url=url, system=_SYSTEM, signer=keys.signer(f"system:{_SYSTEM}"), http=http)
        first, third = (_issue(client, number) for number in (1, 3))
        given = _grant(client, phone)
        _wait_for_log(client, given["act_id"])
        made = back_up(copy, folder / "backup-of-copy")
        client.keep = kept
        _change(client, first["identifier"], "withdraw")
        second = _issue(client, 2)
        _change(client, second["identifier"], "suspend")
        _erase(client, third["identifier"])
        _keep(kept, "withdrawal", _withdraw(client, given["digest"], phone))
        _keep(kept, "grant", _grant(client, phone))
        _keep(kept, "refusal", _refused_pull(client))
        client.keep = None
        newest = _register(client)
        _wait_for_log(client, newest["act_id"])
        complete(kept, client)
    return Drilled(first["reference"], folder / "backup-of-copy", made["made_at"])


def _enrol(operator: "Client", keys: "KeyFolder") -> None:
    from schemas.statement import ENROLMENT_ACTS
    from signing.base64url import encode

    number, (name_zh, name_en) = _department(), _NAMES
    named = {"licence_number": number, "name_zh": name_zh, "name_en": name_en}
    cert = encode(keys.cert(f"system:{_SYSTEM}"))
    competences = [{"certificate_type": _TYPE, "from_on": "2019-01-01"}]
    system = {"code": _SYSTEM, "department": number, "name": name_zh, "roles": ["issue", "pull"], "cert": cert}
    body = named | {"department": number, "area": "442000", "from_on": "2019-01-01", "competences": competences}
    orders: list[tuple[str, dict[str, Any]]] = [("departments", named), ("systems", system), ("issuing-bodies", body)]
    orders += [("officers", {"number": each, "department": number}) for each in _OFFICERS]
    for noun, content in orders:
        operator.order(f"/api/v1/{noun}", ENROLMENT_ACTS[noun], content)


def _issue(client: "Client", serial: int) -> dict[str, Any]:
    from schemas.identifiers import mod11_10
    from schemas.statement import Ordered

    today, digits = datetime.now(UTC).date(), f"2442000{999_000 + serial:06d}"
    content = {
        "certificate_type": _TYPE,
        "issuing_body": _department(),
        "licence_number": _holder(),
        "holder_name": "演练学校",
        "holder_address": "演练路1号",
        "certificate_number": f"JY{digits}{mod11_10(digits)}",
        "decision_document": "准予行政许可决定书",
        "decision_number": f"演练〔{serial}〕",
        "decided_on": (today - timedelta(days=2)).isoformat(),
        "valid_from": (today - timedelta(days=2)).isoformat(),
        "valid_to": (today + timedelta(days=365)).isoformat(),
        "fields": {
            "legal_representative": "演练甲",
            "business_premises": "演练路1号首层",
            "business_form": "单位食堂（学校食堂）",
            "business_items": "热食类食品制售",
            "supervision_body": "演练监管所",
            "floor_area": "120",
        },
    }
    return client.order(
        "/api/v1/certificates", Ordered.ISSUE, content, officer=_OFFICERS[0], certificate_type=_TYPE,
        issuing_body=_department(),
    )  # fmt: skip


def _change(client: "Client", identifier: str, act: str) -> dict[str, Any]:
    from schemas.statement import Ordered

    content = _decided() | {"identifier": identifier, "act": act, "works_from": _yesterday()}
    return client.order(
        "/api/v1/status-changes", Ordered.CHANGE_STATUS, content, officer=_OFFICERS[0], issuing_body=_department()
    )


def _erase(client: "Client", identifier: str) -> dict[str, Any]:
    from schemas.statement import Ordered

    content = _decided() | {"identifier": identifier, "field": "floor_area"}
    return client.order(
        "/api/v1/erasures", Ordered.ERASE, content, officer=_OFFICERS[0], second_officer=_OFFICERS[1],
        issuing_body=_department(),
    )  # fmt: skip


def _register(client: "Client") -> dict[str, Any]:
    """Register a site: an act of which nobody keeps anything."""
    from schemas.statement import Ordered

    content = {
        "step": "register", "kind": "site", "licence_number": _holder(), "name": "演练场所", "address": "演练路2号",
        "works_from": _yesterday(), "issuing_body": _department(),
    }  # fmt: skip
    return client.order("/api/v1/subjects", Ordered.REGISTER, content, officer=_OFFICERS[0], issuing_body=_department())


def _refused_pull(client: "Client") -> dict[str, Any]:
    """Pull on a line of the sharing table that is not there; return the receipt of the refusal."""
    from hub.client import RefusedError
    from schemas.statement import Ordered

    request = {
        "licence_number": _holder(), "wanted": [{"certificate_type": _TYPE}], "item_code": "drill",
        "basis": {"kind": "statutory", "reference": "drill"}, "case_number": "drill",
    }  # fmt: skip
    try:
        client.request("/api/v1/pulls", Ordered.PULL, request, officer=_OFFICERS[0])
    except RefusedError as refused:
        return {"receipt": refused.problem["receipt"]}
    raise LocalRefusal("drill_failed", shown="pull")


def _grant(client: "Client", phone: "ELicenceSimulator") -> dict[str, Any]:
    """Let the holder's e-licence sign a grant and post it; return what it signed, and the answer."""
    wish = {
        "licence_number": _holder(), "requester": _department(), "types": {_TYPE: ["business_items"]},
        "item_code": "drill", "item_name": "演练", "case_number": "drill", "uses": 1,
        "valid_until": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }  # fmt: skip
    text = _public(client, "/api/v1/grants/drafts", wish)["text"]
    return _post_sentence(client, phone, text, "/api/v1/grants")


def _withdraw(client: "Client", digest: str, phone: "ELicenceSimulator") -> dict[str, Any]:
    text = client.http.get(f"{client.url}/api/v1/grants/{digest}/withdrawal-draft").json()["text"]
    return _post_sentence(client, phone, text, f"/api/v1/grants/{digest}/withdrawals")


def _phone(keys: "KeyFolder") -> "ELicenceSimulator":
    """Return the TEST simulator, with an e-licence of the drill's holder."""
    from hub.cli.simulator import open_simulator

    now = datetime.now(UTC)
    simulator = open_simulator(keys, now)
    simulator.make_licence(_holder(), "演练学校", "legal_representative", now)
    return simulator


def _post_sentence(client: "Client", phone: "ELicenceSimulator", text: str, path: str) -> dict[str, Any]:
    from hub.cli.simulator import signed_body

    sentence = signed_body(phone.sign(_holder(), text, "legal_representative"))
    return {"sentence": sentence, **_public(client, path, sentence)}


def _public(client: "Client", path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    response = client.http.post(client.url + path, json=body)
    if response.status_code >= 400:
        raise LocalRefusal("drill_failed", shown=f"{path} {response.status_code}")
    answer: dict[str, Any] = response.json()
    return answer


def _keep(kept: Path, name: str, answer: Mapping[str, Any]) -> None:
    """Keep what an enterprise signed with the receipt it was given, as it would itself."""
    import orjson

    given = {part: answer[part] for part in ("sentence", "receipt") if part in answer}
    (kept / f"{name}.json").write_bytes(orjson.dumps(given))


def _wait_for_log(client: "Client", act_id: str) -> None:
    import orjson

    from signing.base64url import decode

    end = monotonic() + _PATIENCE_SECONDS
    while monotonic() < end:
        token = client.http.get(f"{client.url}/api/v1/receipts/{act_id}").text
        if "log" in orjson.loads(decode(token.split(".")[1])):
            return
        time.sleep(_LOOK_SECONDS)
    raise LocalRefusal("drill_failed", shown="log")


def _decided() -> dict[str, Any]:
    return {
        "issuing_body": _department(), "ground": "演练", "document_name": "演练决定书", "document_number": "演练1号",
        "document_date": _yesterday(),
    }  # fmt: skip


def _yesterday() -> str:
    return (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
