"""What few scans need beside their own rows: other enterprises' heads, named sites, lines of one type, a site's page.

A scan is one query by key. Only where its rows name something else are more asked for, each by key and bounded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hub.decisions.answers import Head, Line, is_about, line_of, names_no_subject
from hub.public.lookup import About, Beside
from hub.store.scan import MOST, ScanReader, ScanRows
from schemas.identifiers import is_site_id
from schemas.parties import Subject

# More relations than these stand in a head by their numbers alone.
_MOST_NAMED = 20
_MOST_SITES = 50


async def gather_beside(reader: ScanReader, rows: ScanRows, lines: Sequence[Line] | None = None) -> Beside:
    """Read the heads of related enterprises and the sites named in lines; nothing for what most scans find."""
    heads: dict[str, Head] = {}
    if b'"relations"' in rows.head:
        head = orjson.loads(rows.head)
        for number in _related(head):
            found = await reader.search(number)
            if found is not None:
                heads[number] = orjson.loads(found.head)
    sites: dict[str, Subject] = {}
    if lines is not None or b'"S-' in (rows.detail or b""):
        for site in _named_sites(orjson.loads(rows.detail or b"[]") if lines is None else lines):
            for row in await reader.many("subject", site):
                sites[site] = subject_of(row)
    return Beside(heads, sites)


async def gather_chosen(
    reader: ScanReader, licence_number: str, *, code: str, site: str, after: int
) -> tuple[list[Line], int | None]:
    """Read a holder's lines of one type, or at one site, behind slot `after`; with where the next page begins."""
    what, second = ("of_type", code) if code else ("at_own_site", site)
    rows = await reader.many(what, licence_number, second=second, after=after)
    lines = [line_of(orjson.loads(row[0])) for row in rows]
    more = len(lines) == MOST
    chosen = [each for each in lines[: MOST - 1] if code or is_about(each, site)]
    return chosen, int(lines[MOST - 2]["slot"]) if more else None


async def gather_whole(reader: ScanReader, rows: ScanRows, licence_number: str) -> list[bytes]:
    """Read all pages of a holder that `is_judged_whole`, in the order of their slots."""
    if len(orjson.loads(rows.head)["pages"]) > 1:
        return [bytes(row[0]) for row in await reader.many("pages", licence_number)]
    return [rows.detail or b"[]"]


def is_judged_whole(head: Mapping[str, Any]) -> bool:
    """Say whether all that a holder has may be judged for one scan: some ten thousand certificates may, and no more."""
    return len(head["pages"]) < MOST


async def gather_branches(reader: ScanReader, licence_number: str) -> list[dict[str, str]]:
    """Read the branches of an enterprise: number, name and reference of each, the first hundred."""
    heads = [orjson.loads(row[0]) for row in await reader.many("branches", licence_number)]
    return [{name: head[name] for name in ("licence_number", "name", "reference")} for head in heads[: MOST - 1]]


async def gather_subject(reader: ScanReader, key: str, *, by: str) -> Subject | None:
    """Read a site or device: `by` "site" its reference, "subject" its id."""
    rows = await reader.many(by, key)
    return subject_of(rows[0]) if rows else None


async def gather_about(reader: ScanReader, subject: Subject, code: str = "") -> About:
    """Read the certificates about a site or device, of one type when `code` is given, each with its holder's head.

    Their chains are found by every site that a version of theirs was about; the one that counts may be about another.
    """
    what = "at_site" if subject.kind == "site" else "about_device"
    rows = await reader.many(what, subject.subject_id, second=code)
    found = [(orjson.loads(row[0]), orjson.loads(row[1])) for row in rows[: MOST - 1]]
    named = [(body, head) for body, head in found if is_about(body, subject.subject_id)]
    return About(named, is_whole=len(rows) < MOST)


async def gather_unnamed(reader: ScanReader, holder: str, code: str) -> bool:
    """Say whether a holder has, or may have, a certificate of a type in force that names its place only in words."""
    rows = await reader.many("of_type", holder, second=code)
    lines = [line_of(orjson.loads(row[0])) for row in rows]
    return len(lines) == MOST or any(names_no_subject(each) for each in lines)


def subject_of(row: Sequence[Any]) -> Subject:
    """Return a subject as its row tells it; the day it ended as text, in both databases."""
    subject_id, kind, reference, holder, name, address, ended_on = row
    return Subject(subject_id, kind, reference, holder, name, address, str(ended_on) if ended_on else None)


def _related(head: Mapping[str, Any]) -> list[str]:
    numbers = {each[end] for each in head["relations"] for end in ("from", "to")} - {head["licence_number"]}
    return sorted(numbers)[:_MOST_NAMED]


def _named_sites(lines: Sequence[Line]) -> list[str]:
    named = {site for line in lines for site in line["subject"].get("ids", [line["subject"]["id"]])}
    return sorted(site for site in named if is_site_id(site))[:_MOST_SITES]
