"""The scan door: `/q/…` one enterprise, `/c/…` one certificate version, `/s/…` a site, `/d/…` a device, `/search`.

`/holds` says whether a site or device has a good certificate of a type.

Plain ASGI, as this is the door everybody uses: the rows are read inline (SQLite) or awaited (PostgreSQL), judged by
`hub/public/lookup.py` (in a thread, when it must ask when a seal was made), and shown by `Accept`: a page, JSON, a
signed answer (JWT) or a linkset (RFC 9264). `*/*` is a page.
A signed answer carries its certificates' proofs in the evidence log when `?proofs` asks for them (a visitor's receipt).
`?keep=1` signs what a page would show and leads to it (`/kept/…`): the visitor keeps the address, the hub nothing.
A reference nobody has and one that cannot be a reference look alike. Limits count misses, not hits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import orjson
from limits import RateLimitItem, parse

from hub.decisions.answers import Line
from hub.decisions.facts import Surroundings
from hub.public.examination.kept import kept_payload
from hub.public.lookup import (
    CHOICES,
    About,
    answer_whether,
    choose,
    look_up_certificate,
    look_up_enterprise,
    look_up_subject,
    successors_of,
)
from hub.steps.log.proven_time import SealTimeUnreadError
from hub.store.columns import moment_of
from hub.store.scan import ScanReader, ScanRows
from hub.web.callers import in_thread, moment
from hub.web.observation import Receive, Scope, Send
from hub.web.public.gathering import (
    gather_about,
    gather_beside,
    gather_branches,
    gather_chosen,
    gather_subject,
    gather_unnamed,
    gather_whole,
    is_judged_whole,
)
from schemas.certificate import civil_date, parse_day
from schemas.identifiers import (
    ADMISSIBLE_POSITION,
    LicenceNumberCheckError,
    LicenceNumberFormError,
    ReferenceFormError,
    as_typed,
    is_site_id,
    parse_licence_number,
    parse_reference,
)
from signing.jws import CompactSigner

_NO_STORE = (b"cache-control", b"no-store")
_PROVEN = frozenset({"certificate", "enterprise"})
_CHOOSING = frozenset({"type", "site", "verdict"})
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
Prove = Callable[[Sequence[str], datetime], Mapping[str, Any]]
"""Returns the proofs in the evidence log of the certificates of these identifiers, as they stand now."""
Problem = Callable[..., tuple[int, bytes, bytes]]
"""Shows a problem: its code, how ("page" or other), the language, the trace id, `facts` → status, media type, body."""


ABSENT = frozenset({"reference_not_found", "licence_number_not_found", "code_not_found"})
"""What may not be said while the store was rolled back: it may have been there."""


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

    def count(self, address: str, now: float, times: int = 1) -> bool:
        """Count one, or as many as it is worth; say whether it was within the limit."""
        counts = self._current(now)
        counts[address] = counted = counts.get(address, 0) + times
        return counted <= self._most

    def _current(self, now: float) -> dict[str, int]:
        number = int(now // self._length)
        if number != self._number:
            self._number, self._counts = number, {}
        return self._counts


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what is asked for, how it is to be shown, who asks, when, and where the answer goes."""

    kind: str
    name: str
    query: Mapping[str, list[str]]
    shown: str
    language: str
    address: str
    now: datetime
    trace: str
    send: Send

    def one(self, name: str) -> str:
        """Return the first value of a parameter, "" for none."""
        return self.query.get(name, [""])[0]

    def number(self, name: str, *, longest: int) -> int | None:
        """Return a parameter that is a whole number of at most so many digits; None otherwise."""
        text = self.one(name)
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= longest else None


class LookupDoor:
    """An ASGI application for the scan and search paths."""

    def __init__(
        self,
        *,
        reader: ScanReader,
        surroundings: Callable[[datetime], Surroundings],
        at_once: Callable[[datetime], Surroundings],
        signer: CompactSigner,
        keeper: CompactSigner,
        answer_term: timedelta,
        limits: Limits,
        render: Render,
        problem: Problem,
        prove: Prove,
    ) -> None:
        self._reader = reader
        self._surroundings = surroundings
        self._at_once = at_once
        self._signer = signer
        self._keeper = keeper
        self._term = int(answer_term.total_seconds())
        self._search_on = limits.search_on
        self._scans = Window(limits.public_rate)
        self._scan_misses = Window(limits.scan_misses)
        self._search_misses = Window(limits.search_misses)
        self._render = render
        self._problem = problem
        self._prove = prove

    @property
    def counted(self) -> tuple[Window, Window]:
        """All scans, and the misses of searching, by address: other doors that look up count in the same windows."""
        return self._scans, self._search_misses

    @property
    def scan_counted(self) -> tuple[Window, Window]:
        """All scans, and the misses of scanning, by address."""
        return self._scans, self._scan_misses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value for name, value in scope["headers"] if name in (b"accept", b"accept-language")}
        query = parse_qs(scope["query_string"].decode("latin-1")) if scope["query_string"] else {}
        kind, _, name = scope["path"][1:].partition("/")
        asked = Asked(
            kind=kind.lower(),
            name=name,
            query=query,
            shown=_shown_as(headers.get(b"accept", b"")),
            language=_language(headers.get(b"accept-language", b""), query),
            address=scope["client"][0] if scope.get("client") else "-",
            now=moment(),
            trace=scope.get("trace", ""),
            send=send,
        )
        if scope["method"] not in ("GET", "HEAD"):
            await self._refuse(asked, "method_not_allowed")
        elif not self._scans.count(asked.address, asked.now.timestamp()):
            await self._refuse(asked, "too_many_requests")
        elif asked.kind == "search":
            await self._search(asked)
        elif not self._scan_misses.is_open(asked.address, asked.now.timestamp()):
            await self._refuse(asked, "too_many_requests")
        else:
            await self._scan(asked)

    async def _scan(self, asked: Asked) -> None:
        if asked.kind == "holds":
            await self._holds(asked)
            return
        try:
            reference = parse_reference(asked.name)
        except ReferenceFormError:
            await self._miss(asked)
            return
        if asked.kind == "q":
            await self._enterprise(asked, reference)
        elif asked.kind == "c":
            await self._certificate(asked, reference)
        else:
            await self._subject(asked, reference)

    async def _certificate(self, asked: Asked, reference: str) -> None:
        rows = await self._reader.certificate(reference)
        if rows is None:
            await self._miss(asked)
            return
        try:
            at = _day_asked(asked.query, asked.now)
        except ValueError:
            await self._refuse(asked, "at_form")
            return
        await self._answer(asked, "certificate", await self._judged(asked, partial(look_up_certificate, rows, at=at)))

    async def _enterprise(self, asked: Asked, reference: str) -> None:
        rows = await self._rows_of_page(asked, reference)
        if rows is None:
            retired = await self._reader.many("retired", reference)
            if retired:
                # It was somebody's once and is printed somewhere: no miss, and nothing of whose it was.
                await self._refuse(
                    asked, "reference_retired", retired_on=civil_date(moment_of(retired[0][0])).isoformat()
                )
            else:
                await self._miss(asked)
            return
        predecessor = None
        if b'"relations"' in rows.head and "own" not in asked.query:
            # An old code opens whoever took that enterprise's place; where there are several, its own page names them.
            head = orjson.loads(rows.head)
            successors = successors_of(head, civil_date(asked.now))
            found = await self._reader.holder(successors[0], None) if len(successors) == 1 else None
            if found is not None:
                rows, predecessor = found, head
        chosen, told = await self._chosen(asked, rows)
        beside = await gather_beside(self._reader, rows, chosen)
        look_up = partial(look_up_enterprise, rows, beside=beside, arrived_from=predecessor, chosen=chosen)
        answer = await self._judged(asked, look_up)
        if chosen is not None:
            answer["chosen"] = told
        if answer["holder"].get("branches") and "branches" in asked.query:
            answer["branches"] = await gather_branches(self._reader, answer["holder"]["licence_number"])
        await self._answer(asked, "enterprise", answer)

    async def _rows_of_page(self, asked: Asked, reference: str) -> ScanRows | None:
        page = asked.number("page", longest=6)
        rows = await self._reader.enterprise(reference, page)
        if page is not None and rows is not None and rows.detail is None:
            # A page nobody has is no page without certificates: the first one is shown, as if none had been asked for.
            rows = await self._reader.enterprise(reference, None)
        return rows

    async def _chosen(self, asked: Asked, rows: ScanRows) -> tuple[Sequence[Line] | None, dict[str, Any]]:
        """Read the lines of one type, at one site or of one verdict; None where nothing was chosen.

        A type, site or verdict that there is not chooses nothing: the page is shown as if it had not been asked for.
        """
        if not asked.query.keys() & _CHOOSING:
            return None, {}
        head = orjson.loads(rows.head)
        code = asked.one("type") if self._about(asked).catalogue.has(asked.one("type")) else ""
        site = asked.one("site") if is_site_id(asked.one("site")) else ""
        verdict = asked.one("verdict") if asked.one("verdict") in CHOICES and is_judged_whole(head) else ""
        number = asked.number("after", longest=9)
        after, told = -1 if number is None else number, {"type": code, "site": site}
        if verdict:
            # A page that is read and judged is worth a scan.
            self._scans.count(asked.address, asked.now.timestamp(), len(head["pages"]))
            bodies = await gather_whole(self._reader, rows, head["licence_number"])
            find = partial(choose, head, bodies, verdict, code=code, site=site, after=after)
            found = await in_thread(partial(find, surroundings=self._about(asked), now=asked.now))
            return found.lines, told | {"after": found.after, "verdict": verdict, "tally": found.tally}
        if code or site:
            lines, following = await gather_chosen(
                self._reader, head["licence_number"], code=code, site=site, after=after
            )
            return lines, told | {"after": following}
        return None, {}

    async def _subject(self, asked: Asked, reference: str) -> None:
        subject = await gather_subject(self._reader, reference, by="site")
        if subject is None or subject.kind[0] != asked.kind:
            await self._miss(asked)
            return
        found = await gather_about(self._reader, subject)
        answer = await self._judged(asked, partial(look_up_subject, subject, found))
        await self._answer(asked, "subject", answer)

    async def _holds(self, asked: Asked) -> None:
        """Answer whether a site or device has a good certificate of a type; as data or signed, there is no page."""
        code, subject_id = asked.one("type"), asked.one("subject")
        about = self._about(asked)
        if not about.catalogue.has(code) or not subject_id:
            await self._refuse(asked, "predicate_form")
            return
        is_name = len(subject_id) <= 64 and subject_id.isprintable()
        subject = await gather_subject(self._reader, subject_id, by="subject") if is_name else None
        if subject is None:
            self._scan_misses.count(asked.address, asked.now.timestamp())
        found = await gather_about(self._reader, subject, code) if subject else About([])
        unnamed = await gather_unnamed(self._reader, subject.holder, code) if subject else False
        answer = await self._judged(asked, partial(answer_whether, code, subject, found, unnamed=unnamed))
        shown = "jwt" if asked.shown == "jwt" else "json"
        await self._answer(replace(asked, shown=shown), "predicate", answer | {"subject_id": subject_id})

    async def _answer(self, asked: Asked, page: str, answer: dict[str, Any]) -> None:
        origin = self._about(asked).origin
        if asked.shown == "page" and "keep" in asked.query and page in _PROVEN:
            token = self._keeper.sign(kept_payload(answer, origin=origin))
            await _lead(asked.send, f"/kept/{token}?lang={asked.language}")
            return
        if asked.shown == "page":
            body = self._render(page, answer, asked.language)
        elif asked.shown == "jwt":
            if "proofs" in asked.query and page in _PROVEN:
                answer["proofs"] = await in_thread(self._prove, _identifiers(answer), asked.now)
            body = self._signed(asked, answer, origin)
        elif asked.shown == "linkset":
            body = orjson.dumps(_linkset(answer, origin))
        else:
            body = orjson.dumps(answer)
        await _send(asked.send, 200, _MEDIA[asked.shown], body)

    def _signed(self, asked: Asked, answer: dict[str, Any], origin: str) -> bytes:
        issued_at = int(asked.now.timestamp())
        payload = {"iss": origin, "iat": issued_at, "exp": issued_at + self._term}
        nonce = asked.one("nonce")
        if nonce and len(nonce) <= 128 and nonce.isprintable():
            payload["nonce"] = nonce
        return self._signer.sign(orjson.dumps(payload | answer)).encode()

    async def _search(self, asked: Asked) -> None:
        if not self._search_on:
            await self._refuse(asked, "search_off")
            return
        wanted = asked.one("licence_number")
        if not wanted:
            await _send(asked.send, 200, _MEDIA["page"], self._render("search", {}, asked.language))
            return
        if not self._search_misses.is_open(asked.address, asked.now.timestamp()):
            await self._refuse(asked, "too_many_requests")
            return
        rows, miss = await self._search_rows(wanted)
        if rows is None:
            self._search_misses.count(asked.address, asked.now.timestamp())
            await self._refuse(asked, miss)
            return
        head = orjson.loads(rows.head)
        kept = f"?lang={asked.language}" if "lang" in asked.query else ""
        await _lead(asked.send, f"/q/{head['reference']}" + kept)

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

    async def _judged(self, asked: Asked, look_up: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        """Judge at once; or in a thread, where the store must be asked about the time of a seal that is over."""
        try:
            return look_up(surroundings=self._at_once(asked.now), now=asked.now)
        except SealTimeUnreadError:
            judged: dict[str, Any] = await in_thread(partial(look_up, surroundings=self._about(asked), now=asked.now))
            return judged

    def _about(self, asked: Asked) -> Surroundings:
        return self._surroundings(asked.now)

    async def _miss(self, asked: Asked) -> None:
        """Answer what nobody has, and what cannot be a reference, alike; and count it."""
        self._scan_misses.count(asked.address, asked.now.timestamp())
        await self._refuse(asked, "reference_not_found")

    async def _refuse(self, asked: Asked, code: str, **facts: str) -> None:
        doubt = self._about(asked).doubt if code in ABSENT else None
        if doubt is not None:
            code, facts = doubt[0], {"to": doubt[1].isoformat(timespec="seconds")}
        status, media, body = self._problem(code, asked.shown, asked.language, asked.trace, facts=facts)
        await _send(asked.send, status, media, body)


async def _lead(send: Send, location: str) -> None:
    headers = [(b"location", location.encode()), _NO_STORE]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


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


def _identifiers(answer: Mapping[str, Any]) -> list[str]:
    """Return the identifiers of the certificates an answer shows."""
    shown = [answer["certificate"]] if answer["kind"] == "certificate" else answer["certificates"]
    return [each["identifier"] for each in shown]


def _linkset(answer: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Return the links of an answer as a linkset (RFC 9264): its forms, and the certificates it leads to."""
    if answer["kind"] != "certificate":
        anchor = answer["holder"]["url"] if answer["kind"] == "enterprise" else answer["url"]
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
