"""Answers for the tests of pages: hand-made rows of fictional enterprises, looked up as the scan door does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from hub.decisions.answers import PAGE, Body, compose_head, line_of
from hub.decisions.facts import Source, Surroundings
from hub.decisions.verification import passed
from hub.public.lookup import choose, look_up_certificate, look_up_enterprise
from hub.store.scan import ScanRows
from schemas.catalogue import load_catalogue
from schemas.verdict import Check, CheckName, Result
from schemas.wording import COPY_STATES

NOW = datetime(2026, 11, 23, 12, 31, 5, tzinfo=UTC)
ORIGIN = "https://hub.example.test"
HOLDER = "91442000MAXN00016T"
NAME = "中山市示例餐饮管理有限公司"
ADDRESS = "广东省中山市石岐街道示例路 1 号首层 2 卡"
REFERENCE = "0123456789ABCDEFGHJKMNPQRS"
SERIAL = "2G3K9M2QX4T8W1ZB5D6F0HJNPR"
CATALOGUE = load_catalogue()
SURROUNDINGS = Surroundings(
    seals={
        "good": passed(CheckName.TRUST),
        "ended": Check(CheckName.TRUST, Result.UNKNOWN, "seal_ended"),
        "revoked": Check(CheckName.TRUST, Result.UNKNOWN, "seal_revoked"),
    },
    sources={
        "fresh": Source("示例公示平台", NOW - timedelta(hours=3), 86_400),
        "stale": Source("示例公示平台", NOW - timedelta(days=30), 86_400),
    },
    catalogue=CATALOGUE,
    origin=ORIGIN,
    mode="test",
    log=passed(CheckName.LOG),
)


def make_body(slot: int, kind: str = "food_operation_permit", **changed: Any) -> Body:
    """Return a composed certificate, valid unless `changed` says otherwise; `slot` gives it its own reference."""
    body: Body = {
        "serial": slot + 1,
        "slot": slot,
        "reference": f"{slot:026d}",
        "identifier": f"1.2.156.3005.2.11100000MB0341032Y903.11442000MB2C000018.{slot:06d}.001.7",
        "licence_number": HOLDER,
        "type": kind,
        "type_version": 1,
        "number": f"JY244200{slot:08d}",
        "issuing_body": "11442000MB2C000018",
        "body_name": "示例市市场监督管理局",
        "holder_name": NAME,
        "holder_address": ADDRESS,
        "decided_on": "2024-03-01",
        "issued_on": "2024-03-01",
        "works_from": "2024-03-01",
        "decision": {"document": "准予行政许可决定书", "number": "示例许准〔2024〕1 号", "date": "2024-03-01"},
        "valid_from": "2024-03-01",
        "valid_to": "2029-02-28",
        "status": "valid",
        "status_since": "2024-03-01",
        "until": None,
        "ends_by": "act",
        "origin": "native",
        "source": None,
        "trust_level": "A",
        "seal": "good",
        "sealed_at": "2024-03-01T02:00:00+00:00",
        "subject": {"kind": "enterprise", "id": HOLDER},
        "version": 1,
        "payload_sha256": "ab" * 32,
        "fields": {},
        "changes": [],
        "previous": None,
        "next": None,
    }
    return body | changed


def make_change(act: str, works_from: str, until: str | None = None) -> dict[str, Any]:
    """Return a change of status as it stands in a certificate's history."""
    return {
        "act": act,
        "ground": "日常检查发现经营条件不符合要求",
        "document_name": "行政决定书",
        "document_number": "示例市监罚〔2026〕7 号",
        "document_date": works_from,
        "works_from": works_from,
        "until": until,
        "recorded_at": f"{works_from}T01:00:00+00:00",
        "issuing_body": "11442000MB2C000018",
    }


def make_licence(**changed: Any) -> Body:
    """Return the holder's business licence, with the fields on its face."""
    fields = {
        "legal_representative": "张示例",
        "entity_type": "有限责任公司（自然人投资或控股）",
        "registered_capital": "壹佰万元人民币",
        "established_on": "2024-02-01",
        "business_scope": "餐饮管理；餐饮服务；食品销售。\n（依法须经批准的项目，经相关部门批准后方可开展经营活动）",
    }
    shown = {"valid_to": None, "number": HOLDER, "fields": fields} | changed
    return make_body(0, "business_licence", **shown)


def enterprise(*bodies: Body, name: str = NAME, address: str = ADDRESS, number: str = HOLDER) -> dict[str, Any]:
    """Return what a scan of `/q/…` answers for a holder of these certificates."""
    head, lines = _head(bodies, name, address, number)
    rows = ScanRows(orjson.dumps(head), orjson.dumps(lines))
    return look_up_enterprise(rows, surroundings=SURROUNDINGS, now=NOW)


def chosen(verdict: str, *bodies: Body) -> dict[str, Any]:
    """Return what a scan of `/q/…?verdict=…` answers for a holder of these certificates."""
    head, lines = _head(bodies, NAME, ADDRESS, HOLDER)
    found = choose(
        head, all_pages(bodies), verdict, code="", site="", after=-1, surroundings=SURROUNDINGS, now=NOW
    )  # fmt: skip
    rows = ScanRows(orjson.dumps(head), orjson.dumps(lines))
    answer = look_up_enterprise(rows, surroundings=SURROUNDINGS, now=NOW, chosen=found.lines)
    answer["chosen"] = {"type": "", "site": "", "after": found.after, "verdict": verdict, "tally": found.tally}
    return answer


def all_pages(bodies: Sequence[Body]) -> list[bytes]:
    """Return the pages of a holder of these certificates, in the order of their slots."""
    lines = [line_of(body) for body in bodies]
    return [orjson.dumps(lines[start : start + PAGE]) for start in range(0, len(lines), PAGE)]


def certificate(body: Body, licence: Body | None = None, *, name: str = NAME, address: str = ADDRESS) -> dict[str, Any]:
    """Return what a scan of `/c/…` answers for this certificate, its holder having this business licence."""
    head, _ = _head([licence or make_licence(), body], name, address, HOLDER)
    rows = ScanRows(orjson.dumps(head), orjson.dumps(body))
    return look_up_certificate(rows, surroundings=SURROUNDINGS, now=NOW)


def copy(state: str, body: Body | None = None, **changed: Any) -> dict[str, Any]:
    """Return what asking for a printed copy of this certificate (else a valid one) by its serial answers."""
    body = body or make_body(1)
    wording, made_at = COPY_STATES[state], (NOW - timedelta(days=3)).isoformat()
    told = {
        "serial": SERIAL, "state": state, "zh": wording.zh, "en": wording.en, "identifier": body["identifier"],
        "sealed_at": made_at, "ends_at": (NOW + timedelta(days=27)).isoformat(), "sha256": "0" * 64, "made_at": made_at,
        "requester": {"licence_number": "11442000MB2C10008P", "name": "示例卫生健康局"},
        "cause": "公共场所卫生许可", "maker": {"licence_number": "11442000MB2E000013", "name": "示例运营中心"},
    }  # fmt: skip
    return certificate(body) | {"kind": "copy", "copy": told | changed, "log": {"log": {"index": 7}}}


def sticker(**changed: str) -> dict[str, str]:
    """Return what one frame of a sheet shows."""
    frame = {
        "name": NAME, "licence_number": HOLDER, "type_zh": "", "type_en": "", "site_name": "", "site_address": "",
        "typed": "0123 4567", "host": "hub.example.test", "svg": "<svg></svg>",
    }  # fmt: skip
    return frame | changed


def every_state() -> list[Body]:
    """Return a licence and one certificate in every state a verdict of the scan door knows."""
    suspended = {"status": "suspended", "status_since": "2026-11-01", "until": "2027-01-31"}
    suspension = make_change("suspend", "2026-11-01", "2027-01-31")
    collected = {"origin": "collected", "trust_level": "C"}
    return [
        make_licence(),
        make_body(1, valid_to="2027-02-28"),
        make_body(2, "publication_retail_permit", **suspended, changes=[suspension]),
        make_body(3, "fire_safety_inspection", valid_to="2026-10-31"),
        make_body(4, "tobacco_retail_licence", status="withdrawn", status_since="2026-09-01"),
        make_body(5, "hotel_trade_permit", status="annulled", status_since="2026-09-01"),
        make_body(6, "travel_agency_permit", status="stripped", status_since="2026-09-01"),
        make_body(7, "public_place_hygiene_permit", status="cancelled", status_since="2026-09-01"),
        make_body(8, "outdoor_advertising_permit", **collected, source="fresh", valid_to=None),
        make_body(9, "road_freight_permit", **collected, source="stale"),
        make_body(10, "lift_registration", valid_to=None, subject={"kind": "device", "id": "31104420002026000010"}),
        make_body(11, "film_projection_permit", seal="revoked"),
        make_body(12, "high_risk_sport_permit", valid_from="2027-01-01", valid_to="2031-12-31"),
        make_body(13, "drug_retail_permit", seal="unlisted"),
        make_body(14, "gas_appliance_qualification", seal="ended"),
        make_body(15, "animal_clinic_permit", status="superseded", status_since="2026-09-01"),
        make_body(16, "crop_seed_permit", status="voided", status_since="2026-09-01"),
        make_body(17, "veterinary_drug_permit", **suspended | {"until": "2026-11-10"}),
    ]


def _head(bodies: Any, name: str, address: str, number: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    lines = [line_of(body) for body in bodies]
    pages: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        pages.setdefault(line["slot"] // 100, []).append(line)
    head = compose_head(
        licence_number=number, reference=REFERENCE, name=name, address=address, pages=pages, earlier=None
    )
    return head, pages.get(head["first_page"], [])
