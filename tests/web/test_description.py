"""The description of the API is whole in both languages, and a valid OpenAPI document in each."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.store.database import Database
from hub.web.description import operations_of
from tests.flows.world import make_world
from tests.web.served import served

ADDRESS = "/api/v1/openapi.json"


@pytest.fixture(scope="module")
def anybody(sqlite_module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("described")
    with closing(Database(sqlite_module_url)) as database:
        make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20)).close()
    with served(sqlite_module_url, folder) as client:
        yield client


def described(anybody: httpx.Client, language: str) -> dict[str, Any]:
    document: dict[str, Any] = anybody.get(ADDRESS, params={"lang": language}).json()
    return document


def is_chinese(text: str) -> bool:
    return any("\u3400" <= each <= "\u9fff" for each in text)


def texts_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return every text of a document that is there to be read, with the place it stands at."""
    found = [("info", document["info"]["description"])]
    for key, operation in operations_of(document):
        found += [
            (key, operation["summary"]),
            (key, operation["description"]),
            *((key, tag) for tag in operation["tags"]),
        ]
        found += [(f"{key} {each['name']}", each["description"]) for each in operation.get("parameters", ())]
        found += [(f"{key} {name}", each["description"]) for name, each in operation["responses"].items()]
    for group in document["x-problems"]:
        found += [(each["code"], each[name]) for each in group["codes"] for name in ("title", "next_step")]
    return found


def test_everything_is_said_in_chinese(anybody: httpx.Client) -> None:
    assert [place for place, text in texts_of(described(anybody, "zh")) if not is_chinese(text)] == []


def test_everything_is_said_in_english(anybody: httpx.Client) -> None:
    assert [place for place, text in texts_of(described(anybody, "en")) if not text or is_chinese(text[:12])] == []


def test_without_a_language_both_are_there_chinese_first(anybody: httpx.Client) -> None:
    operation = anybody.get(ADDRESS).json()["paths"]["/api/v1/pulls"]["post"]
    assert operation["summary"] == "调用证照 Pull verified certificates"
    assert operation["description"].index("交付指令") < operation["description"].index("Hand over")


def test_every_operation_describes_its_refusals(anybody: httpx.Client) -> None:
    document = described(anybody, "en")
    groups = {each["group"] for each in document["x-problems"]}
    told = {key: set(one["responses"]["default"]["x-problem-groups"]) for key, one in operations_of(document)}
    assert {key for key, named in told.items() if len(named) < 2 or not named <= groups} == set()


def test_page_tells_parameters_and_codes_in_the_language_asked_for(anybody: httpx.Client) -> None:
    chinese, english = (anybody.get("/api", params={"lang": each}).text for each in ("zh", "en"))
    assert "幂等键：每件事一个" in chinese
    assert "One per act, 8 to 128" in english
    assert "idempotency_key_missing" in english
    assert "没有这个查询码" not in english
