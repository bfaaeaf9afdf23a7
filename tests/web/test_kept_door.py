"""What a visitor keeps of a scan: signed, stored nowhere here, and on reopening then stands beside now."""

from io import BytesIO
from urllib.parse import urlsplit

import pytest
from httpx import Response
from PIL import Image
from sqlalchemy import func, select

from hub.store import tables
from schemas.statement import Ordered
from tests.flows.world import MARKET, ORIGIN, OTHER_SHOP, change_content, food_number, food_order, licence_order
from tests.web.served import Door, client_of, issue

# What is kept is read by the same queries as any scan, which are tested on both databases.
pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)
PAGE = {"accept": "text/html"}
DATA = {"accept": "application/json"}
Shop = tuple[str, str, str]


@pytest.fixture(scope="module")
def shop(door: Door) -> Shop:
    """A shop with a licence and a permit: the permit's identifier and reference, the shop's reference."""
    market = client_of(door, "market")
    issue(market, licence_order(licence_number=OTHER_SHOP, certificate_number=OTHER_SHOP))
    made = issue(market, food_order(licence_number=OTHER_SHOP, certificate_number=food_number(5)))
    answer = door[0].get(f"/c/{made['reference']}", headers=DATA).json()
    return str(made["identifier"]), str(made["reference"]), str(answer["holder"]["reference"])


def _keep(door: Door, path: str) -> str:
    """Keep what a page shows; return the address it leads to."""
    led = door[0].get(path, params={"keep": "1", "lang": "zh"}, headers=PAGE)
    assert led.status_code == 303
    return urlsplit(led.headers["location"]).path


def _get(door: Door, path: str, **headers: str) -> Response:
    return door[0].get(path, headers=headers)


def test_then_and_now_stand_side_by_side_after_a_suspension(door: Door, shop: Shop) -> None:
    identifier, reference, holder = shop
    kept = [_keep(door, f"/c/{reference}"), _keep(door, f"/q/{holder}")]
    same = _get(door, kept[0], **DATA).json()
    content = change_content(identifier, "suspend", until="2027-01-01")
    client_of(door, "market").order("/api/v1/status-changes", Ordered.CHANGE_STATUS, content, issuing_body=MARKET)
    alone, shown = (_get(door, path, **DATA).json() for path in kept)
    of_permit = next(each for each in shown["lines"] if each["reference"] == reference)
    assert (same["has_changed"], alone["has_changed"], shown["has_changed"]) == (False, True, True)
    assert [alone["lines"][0]["then"]["outcome"], alone["lines"][0]["now"]["outcome"]] == ["valid", "suspended"]
    assert (of_permit["then"]["outcome"], of_permit["now"]["outcome"]) == ("valid", "suspended")


def test_the_page_says_it_in_words_and_writes_nothing(door: Door, shop: Shop) -> None:
    database = door[1].registry.database
    with database.read() as connection:
        before = connection.execute(select(func.count()).select_from(tables.entry)).scalar_one()
    page = _get(door, _keep(door, f"/c/{shop[1]}"), **PAGE)
    with database.read() as connection:
        after = connection.execute(select(func.count()).select_from(tables.entry)).scalar_one()
    assert (page.status_code, before) == (200, after)
    assert "签名属实" in page.text
    assert "answer.pdf" in page.text


def test_in_wechat_there_is_a_picture_to_press_and_nothing_to_download(door: Door, shop: Shop) -> None:
    page = _get(door, _keep(door, f"/q/{shop[2]}"), **PAGE, **{"user-agent": "Mozilla/5.0 MicroMessenger/8.0.50"})
    assert "长按下面的图片" in page.text
    assert "picture.png" in page.text
    assert "answer.pdf" not in page.text


def test_picture_and_pdf_are_drawn_by_the_hub_and_the_code_leads_back(door: Door, shop: Shop) -> None:
    path = _keep(door, f"/c/{shop[1]}")
    picture, pdf = _get(door, f"{path}/picture.png"), _get(door, f"{path}/answer.pdf?lang=en")
    assert Image.open(BytesIO(picture.content)).width > 700
    assert pdf.content.startswith(b"%PDF-")
    assert 'filename="yizhao-answer.pdf"' in pdf.headers["content-disposition"]


@pytest.mark.parametrize("fault", ["altered", "cut", "unsigned", "a signed answer of another kind"])
def test_what_this_hub_did_not_sign_is_not_reopened(door: Door, shop: Shop, fault: str) -> None:
    path = _keep(door, f"/c/{shop[1]}")
    other = door[0].get(f"/c/{shop[1]}", headers={"accept": "application/jwt"}).text
    head, payload, signature = path.split(".")
    faulty = {
        "altered": ".".join((head, payload[:-6] + "AAAAAA", signature)),
        "cut": path[:-4],
        "unsigned": f"{head}.{payload}.",
        "a signed answer of another kind": f"/kept/{other}",
    }
    answer = _get(door, faulty[fault], **DATA)
    assert (answer.status_code, answer.json()["code"]) == (404, "kept_not_genuine")


@pytest.mark.parametrize("brought", ["the address", "the token alone"])
def test_what_was_kept_is_known_at_the_verify_door_too(door: Door, shop: Shop, brought: str) -> None:
    path = _keep(door, f"/c/{shop[1]}")
    text = {"the address": f"{ORIGIN}{path}?lang=zh", "the token alone": path.rpartition("/")[2]}[brought]
    result = door[0].post(
        "/api/v1/verifications", content=text.encode(), headers={"content-type": "application/octet-stream"}
    )
    assert result.json()["opens"] == [path]


def test_large_text_is_of_every_page_of_the_hub(door: Door, shop: Shop) -> None:
    asked = [_get(door, f"{path}?text=large", **PAGE).text for path in (f"/c/{shop[1]}", "/verify", "/c/nobody")]
    assert ['class="large"' in each[:120] for each in asked] == [True, True, True]
