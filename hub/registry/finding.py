"""Searching: which certificates fit what an officer asks for, a page at a time; it writes nothing.

1 the filters are read, and with them the way through the registry (`schemas/search.py`)
2 rows are read along that way in portions, each by an index, until a page is full or a request has read its most
3 each certificate is judged by the one verdict, with its holder's licence as it stands in the holder's head
4 the page is put together: public facts only, and `after` where there is more

A page may be short and still say that there is more: what fits is rare then, and the next request looks on. Whoever
follows `after` meets every certificate once that is there from first page to last; those issued meanwhile stand before
the first page, or at the end of their holder's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hub.decisions.answers import PAGE, Head, Line
from hub.decisions.facts import Surroundings, answer_verdict, facts_of, head_licence_state
from hub.decisions.verification import judge
from hub.steps.registry import Registry
from hub.store.answer import AnswerReader
from hub.store.name_part import Holders, NamePartReader
from hub.store.search import Listed, Range, SearchReader
from schemas.catalogue import Catalogue
from schemas.certificate import Status, civil_date
from schemas.name_parts import parts_of
from schemas.search import CURRENT, Place, Wanted, Way
from schemas.verdict import Surface

_LAST_SLOT = 2**31
_SHOWN = (
    *("reference", "identifier", "number", "issuing_body", "body_name", "status", "status_since", "until"),
    *("decided_on", "valid_from", "valid_to", "origin", "source", "trust_level", "subject"),
)


@dataclass(frozen=True, slots=True)
class Most:
    """How much one request answers, and reads, at the most.

    Rows of the index, composed certificates and holders are read in portions, the first of what a page mostly needs;
    `lines` are those of holders' pages; `names` is how many holders with one part of a name are looked at for each
    portion of those with all.
    """

    page: int = PAGE
    rows: Sequence[int] = (128, 512, 1_408)
    bodies: Sequence[int] = (128, 384)
    holders: Sequence[int] = (48, 160, 400)
    lines: int = 2_000
    names: int = 8_000


_MOST = Most()


@dataclass(frozen=True, slots=True)
class _Step:
    """How far was looked, and what fits there: a serial, or the line that a page of its holder has of it."""

    place: Place
    serial: int | None = None
    line: Line | None = None
    holder: str = ""
    is_most: bool = False


@dataclass(slots=True)
class _Reading:
    """One search over one connection: its readers, and the heads that were read on the way."""

    wanted: Wanted
    today: date
    most: Most
    search: SearchReader
    parts: NamePartReader
    answers: AnswerReader
    catalogue: Catalogue
    heads: dict[str, Head] = field(default_factory=dict)

    def see_heads(self, numbers: Sequence[str]) -> None:
        self.heads |= self.answers.heads(sorted({each for each in numbers if each not in self.heads}))


def find(
    wanted: Wanted,
    after: Place | None,
    *,
    registry: Registry,
    surroundings: Surroundings,
    now: datetime,
    most: Most = _MOST,
) -> dict[str, Any]:
    """Return at most 100 certificates that fit, and what to send as `after` for more; None when there are none."""
    with registry.database.read() as connection:
        readers = SearchReader(connection), NamePartReader(connection), AnswerReader(connection)
        reading = _Reading(wanted, civil_date(now), most, *readers, registry.catalogue)
        steps, place = _page(reading, after)
        lines = _lines(steps, reading)
    return {
        "mode": surroundings.mode,
        "as_of": now.isoformat(),
        "certificates": [_answer(line, head, surroundings, now) for line, head in lines],
        "after": wanted.after(place) if place else None,
    }


# --- step 2: the rows -------------------------------------------------------------------------------------------


def _page(reading: _Reading, after: Place | None) -> tuple[list[_Step], Place | None]:
    """Take a page of what fits; with the place to look on from, None when everything was seen."""
    found: list[_Step] = []
    for step in _WAYS[reading.wanted.way](reading, after):
        if step.is_most:
            return found, step.place
        if len(found) == reading.most.page:
            return found, found[-1].place
        found.append(step)
    return found, None


def _by_chain(reading: _Reading, after: Place | None) -> Iterator[_Step]:
    before = after.number if after else None
    for most in reading.most.bodies:
        chains = _some_chains(reading, before, most)
        currents = reading.search.currents(chains)
        bodies = reading.answers.certificates(list(currents.values()))
        if reading.wanted.words:
            reading.see_heads([body["licence_number"] for body in bodies.values()])
        for chain in chains:
            body = bodies.get(currents.get(chain, 0))
            if body is not None and _fits(body, reading):
                yield _Step(Place(chain), line=body, holder=body["licence_number"])
        if len(chains) < most:
            return
        before = chains[-1]
    yield _Step(Place(before or 0), is_most=True)


def _some_chains(reading: _Reading, before: int | None, most: int) -> list[int]:
    search, wanted = reading.search, reading.wanted
    if wanted.number:
        return search.chains_of_number(wanted.number, before=before, most=most)
    if wanted.device:
        return search.chains_of_device(wanted.device, before=before, most=most)
    return search.chains_of_site(wanted.site or "", before=before, most=most)


def _by_serial(reading: _Reading, after: Place | None) -> Iterator[_Step]:
    before, ranges = after.number if after else None, _ranges(reading)
    for most in reading.most.rows:
        rows = _some_rows(ranges, reading, before, most)
        fitting = [row for row in rows if _row_fits(row, reading)]
        currents = reading.search.currents([row.chain for row in fitting])
        for row in fitting:
            if currents.get(row.chain) == row.serial:
                yield _Step(Place(row.serial), serial=row.serial)
        if len(rows) < most:
            return
        before = rows[-1].serial
    yield _Step(Place(before or 0), is_most=True)


def _ranges(reading: _Reading) -> list[Range]:
    """Return the ranges of the index to walk; none where walking all, newest first, meets what fits as soon."""
    wanted = reading.wanted
    status = wanted.state.status if wanted.state else None
    if wanted.certificate_type is not None:
        return [(wanted.certificate_type, each) for each in ([status] if status else CURRENT)]
    if status in (None, Status.VALID):
        return []
    return [(each.code, str(status)) for each in reading.catalogue.current()]


def _some_rows(ranges: Sequence[Range], reading: _Reading, before: int | None, most: int) -> list[Listed]:
    if ranges:
        return reading.search.listed(ranges, before=before, most=most)
    return reading.search.newest(before=before, most=most)


def _by_holder(reading: _Reading, after: Place | None) -> Iterator[_Step]:
    first, left = after.holder if after else "", reading.most.lines
    parts = _parts(reading)
    for most in reading.most.holders:
        holders = _some_holders(reading, parts, first, most)
        reading.see_heads(holders.numbers)
        for places in _page_groups(_named(holders.numbers, reading), reading.heads, after):
            for step in _on_pages(places, reading, after):
                left -= 1
                if step.line is not None:
                    yield step
                if left <= 0:
                    yield _Step(step.place, is_most=True)
        if holders.last is None:
            return
        first = holders.last
    yield _Step(Place(_LAST_SLOT, first), is_most=True)


def _parts(reading: _Reading) -> list[str]:
    if reading.wanted.licence_number:
        return []
    return reading.parts.rarest_first({part for word in reading.wanted.words for part in parts_of(word)})


def _some_holders(reading: _Reading, parts: Sequence[str], first: str, most: int) -> Holders:
    number = reading.wanted.licence_number
    return (
        Holders([number], None)
        if number
        else reading.parts.holders(parts, first=first, look=reading.most.names, most=most)
    )


def _named(numbers: Sequence[str], reading: _Reading) -> list[str]:
    """Keep the holders that have, or had, a name with every word in it; the parts alone may stand apart."""
    known = [number for number in numbers if number in reading.heads]
    return [number for number in known if reading.wanted.names(_names(reading.heads[number]))]


def _page_groups(
    numbers: Sequence[str], heads: Mapping[str, Head], after: Place | None
) -> Iterator[list[tuple[str, int]]]:
    """Yield the holders' pages in order, from where the page before ended, as many at once as are worth one read."""
    group: list[tuple[str, int]] = []
    lines = 0
    for number in numbers:
        for page in sorted(heads[number]["pages"], key=lambda each: int(each["page"])):
            if _is_behind(Place(page["page"] * PAGE + PAGE - 1, number), after):
                group.append((number, page["page"]))
                lines += page["lines"]
            if lines >= PAGE:
                yield group
                group, lines = [], 0
    if group:
        yield group


def _on_pages(places: Sequence[tuple[str, int]], reading: _Reading, after: Place | None) -> Iterator[_Step]:
    """Yield every line of these pages, those that do not fit without their line."""
    pages = reading.answers.pages(places)
    for number, page in places:
        for line in pages.get((number, page), []):
            place = Place(line["slot"], number)
            if _is_behind(place, after):
                yield _Step(place, line=line if _fits(line, reading) else None, holder=number)


def _is_behind(place: Place, after: Place | None) -> bool:
    return after is None or (place.holder, place.number) > (after.holder, after.number)


_WAYS = {Way.CHAIN: _by_chain, Way.HOLDER: _by_holder, Way.SERIAL: _by_serial}


def _row_fits(row: Listed, reading: _Reading) -> bool:
    days = row.valid_from.isoformat(), row.valid_to.isoformat() if row.valid_to else None
    return reading.wanted.fits(row.certificate_type, row.status, row.issuing_body, days, reading.today)


def _fits(line: Mapping[str, Any], reading: _Reading) -> bool:
    """Say whether a certificate as composed is wanted; of a holder's page its holder is known to be."""
    wanted, subject = reading.wanted, line["subject"]
    days = line["valid_from"], line["valid_to"]
    if not wanted.fits(line["type"], line["status"], line["issuing_body"], days, reading.today):
        return False
    if wanted.site and (subject["kind"] != "site" or wanted.site not in (subject["id"], *subject.get("ids", ()))):
        return False
    if wanted.device and (subject["kind"] != "device" or wanted.device != subject["id"]):
        return False
    if "licence_number" not in line:
        return True
    holder = line["licence_number"]
    return wanted.licence_number in (None, holder) and (not wanted.words or wanted.names(_names(reading.heads[holder])))


def _names(head: Head) -> list[str]:
    return [head["name"], *(each["name"] for each in head.get("former_names", ()))]


# --- steps 3 and 4: the page ------------------------------------------------------------------------------------


def _lines(steps: Sequence[_Step], reading: _Reading) -> list[tuple[Line, Head]]:
    bodies = reading.answers.certificates([step.serial for step in steps if step.serial is not None])
    lines = [(step.line or bodies[step.serial or 0], step.holder) for step in steps]
    named = [(line, holder or str(line["licence_number"])) for line, holder in lines]
    reading.see_heads([holder for _, holder in named])
    return [(line, reading.heads[holder]) for line, holder in named]


def _answer(line: Line, head: Head, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    verdict = judge(facts_of(line, head_licence_state(head, now), surroundings), surface=Surface.SCAN, now=now)
    kind = surroundings.catalogue.get(line["type"], line["type_version"])
    return {
        "licence_number": head["licence_number"],
        "holder_name": head["name"],
        "holder_reference": head["reference"],
        "type": kind.code,
        "name_zh": kind.name_zh,
        "name_en": kind.name_en,
        **{name: line[name] for name in _SHOWN},
        "url": f"{surroundings.origin}/c/{line['reference']}",
        "verdict": answer_verdict(verdict),
    }
