"""The pages of how the hub stands: each says what it shows and what does something about it; each table is a file too.

What needs a private key of the hub is done by a command, which the page names exactly: no such key comes near a page.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from hub.errors import NotFoundError
from hub.evidence.log import Panel
from hub.sharing.table import export_rules
from hub.steps.files.spreadsheet import BYTE_ORDER_MARK, csv_row
from hub.steps.log.proven_time import SealTimes
from hub.steps.registry import Registry
from hub.store.log import LogStore
from hub.supervision.figures.chores import Chore
from hub.supervision.figures.standing import Rows, look_over
from hub.web.callers import in_thread, moment
from hub.web.operator.changing import CHANGES
from hub.web.operator.dashboard import HOME, require_operator
from hub.web.operator.kinds import ROLES
from hub.web.operator.standing_words import SHOWN, STATES, Pair
from hub.web.operator.words import named_in_words
from hub.web.sessions import Guard, Visit, with_language
from schemas.certificate import SHANGHAI
from schemas.parties import Role, System
from signing.log_head import Revoked

_FALLEN_HEADS: Sequence[Pair] = (("证照标识", "Certificate"), ("颁发机构", "Issuing body"))
_MOST_PAGES = 2_000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T[0-9:.]+\+00:00)?")
_EXPORTS: Sequence[tuple[Pair, str]] = (
    (("共享规则年度使用情况", "How the lines of sharing were used"), "yizhao sharing report 2026 --out report.csv"),
    (("全部数据的备份", "A backup of everything"), "yizhao backup FILE"),
    (("审计", "An audit"), "yizhao audit"),
)


def routes(
    registry: Registry,
    log_store: LogStore,
    panel: Panel,
    revoked: Callable[[], Revoked],
    guard: Guard,
    *,
    times: SealTimes,
    chores: Callable[[], Mapping[str, Chore]],
    operator: str,
) -> APIRouter:
    """Return the doors; `revoked` returns the log's keys that count no more, `chores` what commands did last."""
    router = APIRouter(include_in_schema=False)

    def look(code: str, after: str) -> Rows:
        return look_over(
            code, after=after, log_store=log_store, witnesses=panel.witnesses, needed=panel.needed, revoked=revoked(),
            times=times, chores=chores(), registry=registry, now=moment(),
        )  # fmt: skip

    @guard.page
    async def standing(visit: Visit) -> Response:
        require_operator(visit, operator)
        side = _side(visit)
        pages = [
            {"href": with_language(f"{HOME}/standing/{code}", visit.language), "name": each.name[side]}
            | {"lead": each.lead[side]}
            for code, each in SHOWN.items()
        ]
        files = [
            {"href": with_language(f"{HOME}/standing/{code}?form=csv", visit.language), "name": each.name[side]}
            for code, each in SHOWN.items()
        ]
        exports = [{"name": name[side], "command": command} for name, command in _EXPORTS]
        given = {"pages": pages, "files": files, "exports": exports, "home": HOME}
        return guard.show(visit, "standing", given)

    @guard.page
    async def one(visit: Visit) -> Response:
        require_operator(visit, operator)
        code, after = visit.request.path_params["code"], visit.request.query_params.get("after", "")[:128]
        if code not in SHOWN:
            raise NotFoundError("figure_not_found")
        found = await in_thread(look, code, after)
        if visit.request.query_params.get("form") == "csv":
            every = [found] if code == "compromises" else _every(partial(look, code), found)
            return _file(code, after, every, _side(visit))
        older = with_language(f"{HOME}/standing/{code}?after={found.after}", visit.language) if found.after else ""
        return guard.show(visit, "standing_page", _shown(code, after, found.rows, visit) | {"older": older})

    @guard.page
    async def rules(visit: Visit) -> Response:
        """Return the sharing table as a sheet that can be put again."""
        require_operator(visit, operator)
        seat = System("", operator, "", b"", frozenset({Role.OPERATE}), active=True)
        lines = await in_thread(lambda: export_rules(seat, registry=registry, now=moment()))
        return _as_csv(lines, "sharing-rules")

    router.add_api_route(f"{HOME}/standing", standing, methods=["GET"])
    router.add_api_route(f"{HOME}/sharing-rules.csv", rules, methods=["GET"])
    router.add_api_route(f"{HOME}/standing/{{code}}", one, methods=["GET"])
    return router


def _side(visit: Visit) -> int:
    return ("zh", "en").index(visit.language)


def _every(look: Callable[[str], Rows], first: Rows) -> Iterator[Rows]:
    """Yield all pages of a table, the first of which is read already."""
    found = first
    yield found
    for _ in range(_MOST_PAGES):
        if found.after is None:
            return
        found = look(found.after)
        yield found


def _file(code: str, after: str, pages: Iterable[Rows], side: int) -> Response:
    """Return a table as a file for spreadsheets, with the words of its page."""

    def lines() -> Iterator[bytes]:
        yield BYTE_ORDER_MARK + csv_row([head[side] for head in _heads(code, after)])
        for page in pages:
            for row in page.rows:
                yield csv_row([_text(cell) for cell in _cells(code, after, row, side, "")])

    return _as_csv(lines(), code)


def _as_csv(lines: Iterable[bytes], name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _shown(code: str, after: str, rows: Sequence[Sequence[Any]], visit: Visit) -> dict[str, Any]:
    page, side = SHOWN[code], _side(visit)
    query = f"?after={after}&form=csv" if after and code == "compromises" else "?form=csv"
    return {
        "name": page.name[side],
        "lead": page.lead[side],
        "heads": [head[side] for head in _heads(code, after)],
        "rows": [_cells(code, after, row, side, visit.language) for row in rows],
        "notes": [each[side] for each in page.notes],
        "commands": page.commands,
        "file": with_language(f"{HOME}/standing/{code}{query}", visit.language),
        "sheet": with_language(f"{HOME}/sharing-rules.csv", visit.language) if code == "sharing" else "",
        "change": with_language(_CHANGED_AT[code], visit.language) if code in _CHANGED_AT else "",
        "home": HOME,
    }


_CHANGED_AT: Mapping[str, str] = {
    "systems": f"{CHANGES}/new/systems",
    "sharing": f"{CHANGES}/new/sharing-sheets",
    "changes": CHANGES,
}
"""Where the persons change what a page shows."""


def _heads(code: str, after: str) -> Sequence[Pair]:
    return _FALLEN_HEADS if code == "compromises" and after else SHOWN[code].heads


def _cells(code: str, after: str, row: Sequence[Any], side: int, language: str) -> list[Any]:
    """Return a row as it is shown: codes in words, and in a page's language links to what stands behind."""
    if code == "compromises":
        return _of_compromise(row, after, side, language)
    words: list[Any] = ["–" if cell is None else _in_words(code, cell, side, language) for cell in row]
    words[0] = _row_name(code, str(row[0]), side, language)
    if code == "queues" and row[-1] is not None:
        words[-1] = _lasting(int(row[-1]), side)
    if code == "keys":
        words.append(_how(str(row[0]))[side])
    if code == "systems" and language:
        path = with_language(f"{CHANGES}/new/systems?of={row[0]}", language)
        return [{"text": str(row[0]), "href": path}, *words[1:]]
    return words


def _in_words(code: str, cell: str | int, side: int, language: str) -> Any:
    text = str(cell)
    if _MOMENT.fullmatch(text):
        return _dated(text, language)
    if code == "systems" and text and all(each in list(Role) for each in text.split("、")):
        names = [ROLES[Role(each)] for each in text.split("、")]
        return ("、".join(each.zh for each in names), ", ".join(each.en for each in names))[side]
    return STATES.get(text, (text, text))[side]


def _dated(text: str, language: str) -> Any:
    """Return a day or a moment: in a file as it is, on a page in the city's time."""
    if not language:
        return text
    if "T" not in text:
        return {"text": text, "time": text}
    return {"text": f"{datetime.fromisoformat(text).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}", "time": text}


def _lasting(seconds: int, side: int) -> str:
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    return (f"{days} 天 {hours} 小时 {minutes} 分", f"{days} d {hours} h {minutes} min")[side]


def _of_compromise(row: Sequence[Any], after: str, side: int, language: str) -> list[Any]:
    if after:
        identifier, reference, body = row
        return [_linked(identifier, f"/c/{reference}", language), body]
    of, key_id, *rest = row
    name, since = _row_name("compromises", of, side, language), _dated(str(rest[0]), language)
    return [_linked(name, f"{HOME}/standing/compromises?after={key_id}", language), since, *map(str, rest[1:])]


def _linked(text: str, path: str, language: str) -> Any:
    return {"text": text, "href": with_language(path, language)} if language else text


def _text(cell: Any) -> str:
    return str(cell["text"]) if isinstance(cell, dict) else str(cell)


def _row_name(code: str, of: str, side: int, language: str) -> Any:
    names = SHOWN[code].row_names
    if names and of in names:
        return names[of][side]
    if code in ("keys", "compromises"):
        return named_in_words(of, {"name_zh": "", "name_en": ""})[("name_zh", "name_en")[side]] or of
    if of.startswith("witness:"):
        name = of.removeprefix("witness:")
        return (f"见证者 {name} 附签到第几项", f"Witness {name} cosigned up to")[side]
    return _in_words(code, of, side, language)


def _how(of: str) -> Pair:
    """Return by what a key is followed: the very command, or whoever does it."""
    owner, _, rest = of.partition(":")
    which = rest.partition(" ")[0]
    if owner == "trust_list":
        return "yizhao keys trust-list", "yizhao keys trust-list"
    if owner == "hub":
        return f"yizhao keys rotate {which}", f"yizhao keys rotate {which}"
    if owner == "seal":
        return f"yizhao keys rotate seal:{which}", f"yizhao keys rotate seal:{which}"
    if owner == "system":
        return "由该系统自行更换，或在“变更”登记新证书", "by the system itself, or a new cert under “Changes”"
    if owner == "person":
        return "本人在“我的签名”，或 yizhao keys officer", "himself at “My signature”, or yizhao keys officer"
    return "由根离线签发", "by the root, offline"
