"""The scan door: `/q/…` everything of one enterprise, `/c/…` one certificate version, `/search` by licence number.

Plain ASGI, as this is the door everybody uses: the rows are read inline (SQLite) or awaited (PostgreSQL), judged by
`hub/lookup.py`, and shown by `Accept`: a page, JSON, a signed answer (JWT) or a linkset (RFC 9264). `*/*` is a page.
A reference nobody has and one that cannot be a reference look alike. Limits count misses, not hits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
from limits import RateLimitItem, parse

from hub.facts import Surroundings
from hub.lookup import look_up_certificate, look_up_enterprise
from hub.store.scan import ScanReader, ScanRows
from hub.web.callers import moment
from hub.web.observation import Receive, Scope, Send
from schemas.certificate import civil_date, parse_day
from schemas.identifiers import (
    ADMISSIBLE_POSITION,
    LicenceNumberCheckError,
    LicenceNumberFormError,
    ReferenceFormError,
    as_typed,
    parse_licence_number,
    parse_reference,
)
from signing.jws import CompactSigner

_NO_STORE = (b"cache-control", b"no-store")
_VARY = (b"vary", b"accept, accept-language")
_KINDS = {
    "text/html": "page",
    "application/xhtml+xml": "page",
    "application/json": "json",
    "application/jwt": "jwt",
    "application/linkset+json": "linkset",
}
_MEDIA = {
    "page": b"text/html; charset=utf-8",
    "json": b"application/json",
    "jwt": b"application/jwt",
    "linkset": b"application/linkset+json",
}
Render = Callable[[str, Mapping[str, Any], str], bytes]
"""Renders a page: its name, what it shows, its language ("zh" or "en")."""
Problem = Callable[[str, str, str, str], tuple[int, bytes, bytes]]
"""Shows a problem: its code, how ("page" or other), the language, the trace id → status, media type, body."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The public doors' limits: all scans of an address, its misses, and its misses at the search door."""

    public_rate: RateLimitItem
    scan_misses: RateLimitItem
    search_misses: RateLimitItem
    search_on: bool

    @classmethod
    def of(cls, public_rate: str, scan_misses: str, search_misses: str, *, search_on: bool) -> "Limits":
        return cls(parse(public_rate), parse(scan_misses), parse(search_misses), search_on)


class Window:
    """Counts by address in windows of fixed length, all begun at once: what `limits` does at a tenth of its cost.

    Its own memory store keeps a lock and starts a thread a hundred times a second, a third of a whole scan. Here only
    the event loop counts, so there is nothing to lock, and what was counted is forgotten with its window.
    """

    def __init__(self, rate: RateLimitItem) -> None:
        self._most = rate.amount
        self._length = rate.get_expiry()
        self._number = -1
        self._counts: dict[str, int] = {}

    def is_open(self, address: str, now: float) -> bool:
        """Say whether the address may still come, at `now` in seconds; nothing is counted."""
        return self._current(now).get(address, 0) < self._most

    def count(self, address: str, now: float) -> bool:
        """Count one; say whether it was within the limit."""
        counts = self._current(now)
        counts[address] = counted = counts.get(address, 0) + 1
        return counted <= self._most

    def _current(self, now: float) -> dict[str, int]:
        number = int(now // self._length)
        if number != self._number:
            self._number, self._counts = number, {}
        return self._counts


class LookupDoor:
    """An ASGI application for the scan and search paths."""

    def __init__(
        self,
        *,
        reader: ScanReader,
        surroundings: Callable[[datetime], Surroundings],
        signer: CompactSigner,
        answer_term: timedelta,
        limits: Limits,
        render: Render,
        problem: Problem,
    ) -> None:
        self._reader = reader
        self._surroundings = surroundings
        self._signer = signer
        self._term = int(answer_term.total_seconds())
        self._search_on = limits.search_on
        self._scans = Window(limits.public_rate)
        self._scan_misses = Window(limits.scan_misses)
        self._search_misses = Window(limits.search_misses)
        self._render = render
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value for name, value in scope["headers"] if name in (b"accept", b"accept-language")}
        query = parse_qs(scope["query_string"].decode("latin-1")) if scope["query_string"] else {}
        shown, language = _shown_as(headers.get(b"accept", b"")), _language(headers.get(b"accept-language", b""), query)
        if scope["method"] not in ("GET", "HEAD"):
            await self._refuse("method_not_allowed", shown, language, scope, send)
            return
        address = scope["client"][0] if scope.get("client") else "-"
        now = moment()
        if not self._scans.count(address, now.timestamp()):
            await self._refuse("too_many_requests", shown, language, scope, send)
            return
        kind, _, name = scope["path"][1:].partition("/")
        if kind == "search":
            await self._search(query, shown, language, address, now, scope, send)
            return
        await self._scan(kind.lower(), name, query, shown, language, address, now, scope, send)

    async def _scan(
        self,
        kind: str,
        name: str,
        query: Mapping[str, list[str]],
        shown: str,
        language: str,
        address: str,
        now: datetime,
        scope: Scope,
        send: Send,
    ) -> None:
        if not self._scan_misses.is_open(address, now.timestamp()):
            await self._refuse("too_many_requests", shown, language, scope, send)
            return
        try:
            rows = await self._read(kind, parse_reference(name), query)
        except ReferenceFormError:
            rows = None
        if rows is None:
            self._scan_misses.count(address, now.timestamp())
            await self._refuse("reference_not_found", shown, language, scope, send)
            return
        try:
            at = _day_asked(query, now)
        except ValueError:
            await self._refuse("at_form", shown, language, scope, send)
            return
        surroundings = self._surroundings(now)
        if kind == "q":
            answer = look_up_enterprise(rows, surroundings=surroundings, now=now)
        else:
            answer = look_up_certificate(rows, surroundings=surroundings, now=now, at=at)
        await self._answer(answer, kind, name, query, shown, language, now, send)

    async def _read(self, kind: str, reference: str, query: Mapping[str, list[str]]) -> ScanRows | None:
        if kind == "c":
            return await self._reader.certificate(reference)
        asked = query.get("page", [""])[0]
        page = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else None
        rows = await self._reader.enterprise(reference, page)
        if page is not None and rows is not None and rows.detail is None:
            # A page nobody has is no page without certificates: the first one is shown, as if none had been asked for.
            rows = await self._reader.enterprise(reference, None)
        return rows

    async def _answer(
        self,
        answer: dict[str, Any],
        kind: str,
        name: str,
        query: Mapping[str, list[str]],
        shown: str,
        language: str,
        now: datetime,
        send: Send,
    ) -> None:
        if shown == "page":
            body = self._render("enterprise" if kind == "q" else "certificate", answer, language)
        elif shown == "jwt":
            body = self._signed(answer, query, now)
        elif shown == "linkset":
            body = orjson.dumps(_linkset(answer))
        else:
            body = orjson.dumps(answer)
        await _send(send, 200, _MEDIA[shown], body)

    def _signed(self, answer: dict[str, Any], query: Mapping[str, list[str]], now: datetime) -> bytes:
        issued_at = int(now.timestamp())
        payload = {"iss": answer["holder"]["url"].rpartition("/q/")[0], "iat": issued_at, "exp": issued_at + self._term}
        nonce = query.get("nonce", [""])[0]
        if nonce and len(nonce) <= 128 and nonce.isprintable():
            payload["nonce"] = nonce
        return self._signer.sign(orjson.dumps(payload | answer)).encode()

    async def _search(
        self,
        query: Mapping[str, list[str]],
        shown: str,
        language: str,
        address: str,
        now: datetime,
        scope: Scope,
        send: Send,
    ) -> None:
        if not self._search_on:
            await self._refuse("search_off", shown, language, scope, send)
            return
        wanted = query.get("licence_number", [""])[0]
        if not wanted:
            await _send(send, 200, _MEDIA["page"], self._render("search", {}, language))
            return
        if not self._search_misses.is_open(address, now.timestamp()):
            await self._refuse("too_many_requests", shown, language, scope, send)
            return
        rows, miss = await self._search_rows(wanted)
        if rows is None:
            self._search_misses.count(address, now.timestamp())
            await self._refuse(miss, shown, language, scope, send)
            return
        head = orjson.loads(rows.head)
        location = f"/q/{head['reference']}" + (f"?lang={language}" if "lang" in query else "")
        head_lines = [(b"location", location.encode()), _NO_STORE]
        await send({"type": "http.response.start", "status": 303, "headers": head_lines})
        await send({"type": "http.response.body", "body": b""})

    async def _search_rows(self, wanted: str) -> tuple[ScanRows | None, str]:
        """Read by licence number; where nobody is found, say why: its form, its check character, or just nobody."""
        try:
            return await self._reader.search(parse_licence_number(wanted)), "licence_number_not_found"
        except LicenceNumberFormError:
            return None, "licence_number_form"
        except LicenceNumberCheckError as error:
            if error.position != ADMISSIBLE_POSITION:
                return None, "licence_number_check"
            # Some numbers were issued with a wrong check character; an operator admitted those that stand here.
            admitted = parse_licence_number(wanted, overrides=(as_typed(wanted),))
            return await self._reader.search(admitted), "licence_number_check"

    async def _refuse(self, code: str, shown: str, language: str, scope: Scope, send: Send) -> None:
        status, media, body = self._problem(code, shown, language, scope.get("trace", ""))
        await _send(send, status, media, body)


async def _send(send: Send, status: int, media: bytes, body: bytes) -> None:
    headers = [(b"content-type", media), (b"content-length", str(len(body)).encode()), _NO_STORE, _VARY]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _shown_as(accept: bytes) -> str:
    """Choose by `Accept`: the first named type we have, in the caller's order; anything else is a page."""
    for part in accept.decode("latin-1").split(","):
        kind = _KINDS.get(part.partition(";")[0].strip().lower())
        if kind is not None:
            return kind
    return "page"


def _language(accept: bytes, query: Mapping[str, list[str]]) -> str:
    """Choose Chinese unless English is asked for, by `?lang=en` or before any Chinese in `Accept-Language`."""
    asked = query.get("lang", [""])[0]
    if asked in ("zh", "en"):
        return asked
    for part in accept.decode("latin-1").lower().split(","):
        code = part.strip()[:2]
        if code in ("zh", "en"):
            return code
    return "zh"


def _day_asked(query: Mapping[str, list[str]], now: datetime) -> date | None:
    """Return the day `?at=` asks about; ValueError for what is no day, or a day to come."""
    asked = query.get("at", [""])[0]
    if not asked:
        return None
    day = parse_day(asked)
    if day > civil_date(now):
        raise ValueError("a day to come")
    return day


def _linkset(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the links of an answer as a linkset (RFC 9264): its forms, and the certificates it leads to."""
    origin = answer["holder"]["url"].rpartition("/q/")[0]
    if answer["kind"] == "enterprise":
        anchor = answer["holder"]["url"]
        items = [
            {"href": f"{origin}/c/{each['reference']}", "title": each["name_zh"], "type": "application/jwt"}
            for each in answer["certificates"]
        ]
        links: dict[str, Any] = {"item": items}
    else:
        certificate = answer["certificate"]
        anchor = f"{origin}/c/{certificate['reference']}"
        links = {"collection": [{"href": answer["holder"]["url"]}]}
        for relation, name in (("predecessor-version", "previous"), ("successor-version", "next")):
            if certificate[name]:
                links[relation] = [{"href": f"{origin}/c/{certificate[name]}"}]
    links["alternate"] = [{"href": anchor, "type": media} for media in ("text/html", "application/json")]
    links["describedby"] = [{"href": f"{origin}/.well-known/yizhao-trust-list"}]
    return {"linkset": [{"anchor": anchor, **links}]}
