"""Two departments of an example town, settled by commands alone, and the orders they give."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx

from schemas.identifiers import make_licence_number, mod11_10
from tests.cli.site import Ran, Site, run

MARKET = make_licence_number("11442000", "00000002")
HEALTH = make_licence_number("11442000", "00000003")
ITEM, CASE = "1.4", "2026-000001"
_serials: Iterator[int] = count(1)


def settle(site: Site) -> None:
    """Enrol both departments with systems, officers, keys, one issuing body, and a line of the sharing table."""
    for code, number, name in (("market", MARKET, "示例市场监管局"), ("health", HEALTH, "示例卫生健康局")):
        names = ("--name-zh", name, "--name-en", f"Example {code} bureau")
        _done(run("enrol", "department", number, *names, *site.over_api))
        _done(run("keys", "system", code, "--department", number, *site.keys))
        roles = ("--role", "issue", "--role", "pull", "--role", "collect")
        _done(run("enrol", "system", code, "--department", number, "--name", name, *roles, *site.over_api))
        for officer in (f"{code}-001", f"{code}-002"):
            _done(run("enrol", "officer", officer, "--department", number, *site.over_api))
    types = ("--type", "food_operation_permit", "--type", "business_licence:2010-01-01")
    whose = ("--department", MARKET, "--name-zh", "示例市场监管局", "--name-en", "Example market bureau")
    when = ("--area", "442000", "--from", "2019-01-01")
    _done(run("enrol", "body", MARKET, *whose, *when, *types, *site.over_api))
    _done(run("keys", "seal", MARKET, *site.keys))
    _done(run("keys", "trust-list", *site.local))
    # A serving hub goes by a new list within a second; asked whether it is ready, at once.
    httpx.get(f"{site.url}/readyz").raise_for_status()
    _done(put_rule(site))


def put_rule(site: Site, code: str = "rule-1", item: str = ITEM) -> Ran:
    named = (
        "--item",
        item,
        "--item-name",
        "公共场所卫生许可",
        "--law",
        "示例条例",
        "--case-pattern",
        "[0-9]{4}-[0-9]{6}",
    )
    what = ("--type", "food_operation_permit:floor_area", "--from", "2020-01-01", "--many-holders")
    _done(run("sharing", "put", code, "--requester", HEALTH, *named, *what, *site.over_api))
    return run(
        "sharing", "answer", code, "1", "approve", "--system", "market", "--officer", "market-001", *site.over_api
    )


def new_order(**changes: Any) -> dict[str, Any]:
    """Return the content of an order for a food permit of a new 示例 shop."""
    serial = next(_serials)
    digits = f"2442000{serial:06d}"
    return {
        "certificate_type": "food_operation_permit",
        "issuing_body": MARKET,
        "licence_number": make_licence_number("12442000", f"{serial:08d}"),
        "holder_name": f"示例第{serial}学校",
        "holder_address": "中山市示例路1号",
        "certificate_number": f"JY{digits}{mod11_10(digits)}",
        "decision_document": "准予行政许可决定书",
        "decision_number": f"示许〔2026〕{serial}号",
        "decided_on": "2026-01-20",
        "valid_from": "2026-01-20",
        "valid_to": "2031-01-19",
        "fields": {
            "legal_representative": "示例甲",
            "business_premises": "中山市示例路1号首层",
            "business_form": "单位食堂（学校食堂）",
            "business_items": "热食类食品制售",
            "supervision_body": "示例监管所",
            "floor_area": "120",
        },
    } | changes


def issue(site: Site, order: dict[str, Any], *more: str) -> Ran:
    path = site.write("order.json", order)
    return run("issue", path, "--system", "market", "--officer", "market-001", *more, *site.over_api)


def change(site: Site, identifier: str, act: str, *more: str) -> Ran:
    why = ("--ground", "示例事由", "--document-name", "示例决定书", "--document-number", "示决〔2026〕1号")
    return run("status", identifier, act, "--system", "market", "--body", MARKET, *why, *more, *site.over_api)


def pull(site: Site, licence_number: str, *more: str) -> Ran:
    which = ("--type", "food_operation_permit:floor_area", "--item", ITEM, "--case", CASE)
    whose = ("--system", "health", "--officer", "health-001")
    return run("pull", licence_number, *whose, *which, *more, *site.over_api)


def _done(ran: Ran) -> None:
    assert ran.code == 0, ran.err
