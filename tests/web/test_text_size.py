"""大字版: asked for once, remembered without script, and nothing of a page changes but the size of its text."""

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from hub.web.pages import Pages
from hub.web.pages.arranging import pairs, placed
from hub.web.pages.doors import routes
from hub.web.pages.text_size import TextSize
from tests.web import shown


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _visitor(*, secure: bool = True) -> AsyncClient:
    app = FastAPI()
    app.include_router(routes(Pages("test", shown.ORIGIN), app.openapi))
    return AsyncClient(transport=ASGITransport(TextSize(app, secure=secure)), base_url=shown.ORIGIN)


@pytest.mark.anyio
async def test_large_text_is_asked_for_once_and_stays_until_the_usual_is_asked_for() -> None:
    async with _visitor() as visitor:
        before = await visitor.get("/")
        asked = await visitor.get("/?text=large&lang=zh")
        next_time = await visitor.get("/components")
        back = await visitor.get("/?text=standard")
        after = await visitor.get("/components")
    assert ['class="large"' in each.text[:120] for each in (before, asked, next_time, back, after)] == [
        False, True, True, False, False,
    ]  # fmt: skip
    assert len(before.content) == len(asked.content)
    assert "set-cookie" not in before.headers
    assert "set-cookie" not in next_time.headers


@pytest.mark.anyio
async def test_the_cookie_says_a_size_and_no_more() -> None:
    async with _visitor() as visitor:
        cookie = (await visitor.get("/?text=large")).headers["set-cookie"]
        strange = await visitor.get("/?text=huge<script>")
    assert cookie == "text=large; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure"
    assert "set-cookie" not in strange.headers


@pytest.mark.anyio
async def test_what_is_no_page_is_left_as_it_is() -> None:
    async with _visitor(secure=False) as visitor:
        answer = await visitor.get("/openapi.json?text=large")
    assert "set-cookie" not in answer.headers


def test_the_steps_of_a_task_are_over_now_and_next() -> None:
    assert [place for _, place in placed(("a", "b", "c"), "b")] == ["over", "now", "next"]


def test_a_row_has_as_many_cells_as_there_are_heads() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(pairs(("a", "b"), ("1",)))
