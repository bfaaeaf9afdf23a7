"""Every composed answer, recomposed from scratch, is the stored one, byte for byte."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hub.decisions.answers import compose_head, line_of, page_of
from hub.steps.certificates.recomposition import bodies_from_store, compose_kin
from hub.store import tables
from hub.supervision.audit.everything import Check, Everything, Faults


def _answers(all_: Everything) -> Faults:
    """Every answer, recomposed from scratch, is the stored one, byte for byte."""
    catalogue = all_.registry.catalogue
    serials = [row["serial"] for row in all_.rows(tables.certificate)]
    bodies = {body["serial"]: body for body in bodies_from_store(all_.connection, serials, catalogue=catalogue)}
    stored = {row["serial"]: bytes(row["body"]) for row in all_.rows(tables.answer_certificate)}
    yield from _differing("certificate", stored, bodies)
    pages: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for chain in sorted(all_.rows(tables.chain), key=lambda row: int(row["slot"])):
        if chain["current"] is not None:
            key = (chain["licence_number"], page_of(chain["slot"]))
            pages.setdefault(key, []).append(line_of(bodies[chain["current"]]))
    kept = {(row["licence_number"], row["page"]): bytes(row["body"]) for row in all_.rows(tables.answer_page)}
    kept = {key: body for key, body in kept.items() if body != b"[]"}  # its certificates went elsewhere
    yield from _differing("page", kept, pages)
    heads = {row["licence_number"]: bytes(row["body"]) for row in all_.rows(tables.answer_head)}
    yield from _differing("head", heads, _heads(all_, pages, frozenset(heads)))


def _heads(
    all_: Everything, pages: Mapping[tuple[str, int], list[dict[str, Any]]], known: frozenset[str]
) -> dict[str, dict[str, Any]]:
    holders = {number for number, _ in pages} | known
    return {
        row["licence_number"]: compose_head(
            licence_number=row["licence_number"],
            reference=row["reference"],
            name=row["name"],
            address=row["address"],
            pages={page: lines for (number, page), lines in pages.items() if number == row["licence_number"]},
            earlier=None,
            kin=compose_kin(all_.connection, row["licence_number"]),
        )
        for row in all_.rows(tables.enterprise)
        if row["licence_number"] in holders
    }


def _differing(what: str, stored: Mapping[Any, bytes], recomposed: Mapping[Any, Any]) -> Faults:
    for key in stored.keys() | recomposed.keys():
        if key not in stored or key not in recomposed or stored[key] != orjson.dumps(recomposed[key]):
            yield f"answer of {what} {key} is not what is stored"


CHECKS: Sequence[Check] = (_answers,)
