"""Composed answers: what a scan reads by key, rewritten by the acts that change it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_or_replace

_PAGE = tables.answer_page.c
_PAGES = select(_PAGE.licence_number, _PAGE.page, _PAGE.body).where(
    _PAGE.licence_number.in_(bindparam("numbers", expanding=True)), _PAGE.page.in_(bindparam("pages", expanding=True))
)


class AnswerReader:
    """Reads answers within a transaction; the scan door has a faster way of its own (`hub/store/scan.py`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def heads(self, licence_numbers: Sequence[str]) -> dict[str, dict[str, Any]]:
        if not licence_numbers:
            return {}
        table, columns = tables.answer_head, ("licence_number", "body")
        rows = select_among(self._connection, table, "licence_number", licence_numbers, columns=columns)
        return {row[0]: orjson.loads(row[1]) for row in rows}

    def pages(self, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], list[dict[str, Any]]]:
        """Return the lines of each page (licence number, page) that is there."""
        table = tables.answer_page
        if len(keys) == 1:
            ((number, page),) = keys
            body = select_by(self._connection, table, columns=("body",), licence_number=number, page=page).scalar()
            return {} if body is None else {keys[0]: list(orjson.loads(body))}
        if not keys:
            return {}
        # Not `(licence_number, page) IN (…)`: for several rows SQLite walks the whole table then. What the two lists
        # find beyond the keys are few pages of holders with many.
        numbers, places = sorted({number for number, _ in keys}), sorted({page for _, page in keys})
        rows = self._connection.execute(_PAGES, {"numbers": numbers, "pages": places})
        wanted = set(keys)
        return {(row[0], row[1]): list(orjson.loads(row[2])) for row in rows if (row[0], row[1]) in wanted}

    def certificates(self, serials: Sequence[int]) -> dict[int, dict[str, Any]]:
        if not serials:
            return {}
        table, columns = tables.answer_certificate, ("serial", "body")
        rows = select_among(self._connection, table, "serial", serials, columns=columns)
        return {row[0]: orjson.loads(row[1]) for row in rows}


class AnswerWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_certificates(self, bodies: Mapping[int, Mapping[str, Any]]) -> None:
        rows = [
            {"serial": serial, "licence_number": body["licence_number"], "body": orjson.dumps(body)}
            for serial, body in bodies.items()
        ]
        insert_or_replace(self._connection, tables.answer_certificate, rows)

    def put_heads(self, heads: Mapping[str, Mapping[str, Any]]) -> None:
        rows = [
            {"licence_number": number, "first_page": head["first_page"], "body": orjson.dumps(head)}
            for number, head in heads.items()
        ]
        insert_or_replace(self._connection, tables.answer_head, rows)

    def put_pages(self, pages: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]]) -> None:
        rows = [
            {"licence_number": number, "page": page, "body": orjson.dumps(lines)}
            for (number, page), lines in pages.items()
        ]
        insert_or_replace(self._connection, tables.answer_page, rows)
