"""What is asked of the hub and what it hands over: pull requests, their basis, the delivery note of a copy (加注件).

Source of the note's members: the annotated copy of GB/T 36903 (加注件: maker, cause, made at, ends at).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NOTE_TYP = "yizhao-delivery-note+jwt"
_MOST_TYPES = 50
_MOST_FIELDS = 100


class RequestFormError(ValueError):
    """A pull or comparison request that cannot be read; `member` names what is wrong."""

    def __init__(self, member: str) -> None:
        super().__init__(f"{member} is missing or of a wrong form")
        self.member = member


class Basis(StrEnum):
    """Why a pull is allowed."""

    GRANT = "grant"
    PRESENTATION = "presentation"
    WINDOW = "window"
    STATUTORY = "statutory"


ON_SENTENCE = frozenset({Basis.GRANT, Basis.PRESENTATION, Basis.WINDOW})
"""Bases that are a sentence of the holder: they name what is given, count uses, and can be taken back."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One certificate type asked for; `fields` None: all that the basis allows."""

    certificate_type: str
    fields: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What one pull asks: of one holder, for one case, on one basis.

    `by_item`: nothing is named in `wanted`, but what the item needs is asked for. `tell_when_issued`:
    the requester wants to be told when a missing material that may follow (容缺) is issued.
    """

    licence_number: str
    wanted: tuple[Wanted, ...]
    basis: Basis
    basis_reference: str
    item_code: str
    case_number: str
    by_item: bool = False
    tell_when_issued: bool = False


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What a file of pulls asks: one item and one kind of basis for all its rows, the file by its SHA-256 (hex).

    `basis_reference` None: each row names its own grant. A row may want fewer types than `wanted`, never others.
    """

    file_sha256: str
    item_code: str
    basis: Basis
    basis_reference: str | None
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Values to be compared with one certificate of the holder: answered once, for the whole set."""

    pull: PullRequest
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Redemption:
    """What an officer asks with a presentation code: at which window, for which case; `licence_number` with digits.

    The code itself is no part of it: the statement that carries this is kept in the clear.
    """

    licence_number: str | None
    window: str
    wanted: tuple[Wanted, ...]
    item_code: str
    case_number: str


def read_pull_request(request: Mapping[str, Any]) -> PullRequest:
    """Read the request of a statement; RequestFormError names the member that is wrong.

    With `by_item` it has no `wanted`; without, `wanted` names one type at least.
    """
    by_item, basis = request.get("by_item", False), request.get("basis")
    if not isinstance(by_item, bool) or (by_item and "wanted" in request):
        raise RequestFormError("by_item")
    tell = request.get("tell_when_issued", False)
    if not isinstance(tell, bool) or (tell and not by_item):
        raise RequestFormError("tell_when_issued")
    wanted = () if by_item else _read_all_wanted(request)
    if not isinstance(basis, dict) or basis.get("kind") not in list(Basis):
        raise RequestFormError("basis")
    return PullRequest(
        licence_number=_text(request, "licence_number", 18),
        wanted=wanted,
        basis=Basis(basis["kind"]),
        basis_reference=_text(basis, "reference", 64),
        item_code=_text(request, "item_code", 64),
        case_number=_text(request, "case_number", 128),
        by_item=by_item,
        tell_when_issued=tell,
    )


def read_batch_request(request: Mapping[str, Any]) -> BatchRequest:
    """Read the request of a statement that orders a file of pulls; RequestFormError names the member that is wrong."""
    given = request.get("basis")
    basis: Mapping[str, Any] = given if isinstance(given, dict) else {}
    kind = basis.get("kind")
    # What is shown at a window is over in minutes: it waits for no night.
    if kind not in (Basis.STATUTORY, Basis.GRANT, Basis.WINDOW) or ("reference" in basis) != (kind == Basis.STATUTORY):
        raise RequestFormError("basis")
    digest = request.get("file_sha256")
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise RequestFormError("file_sha256")
    return BatchRequest(
        file_sha256=digest,
        item_code=_text(request, "item_code", 64),
        basis=Basis(kind),
        basis_reference=_text(basis, "reference", 64) if kind == Basis.STATUTORY else None,
        wanted=_read_all_wanted(request),
    )


def read_batch_row(row: Mapping[str, Any], batch: BatchRequest) -> PullRequest:
    """Read one row of a file as the pull that it asks for; RequestFormError names the member that is wrong.

    A row has `licence_number` and `case_number`, `grant` where the file has no basis of its own, and may have `types`,
    codes of what the file asks for.
    """
    types = row.get("types") or [each.certificate_type for each in batch.wanted]
    if not isinstance(types, list):
        raise RequestFormError("types")
    wanted = tuple(each for each in batch.wanted if each.certificate_type in types)
    if len(wanted) != len(types):
        raise RequestFormError("types")
    if row.keys() - {"licence_number", "case_number", "types", "grant"}:
        raise RequestFormError("row")
    if batch.basis_reference is not None and row.get("grant"):
        raise RequestFormError("grant")
    return PullRequest(
        licence_number=_text(row, "licence_number", 18),
        wanted=wanted,
        basis=batch.basis,
        basis_reference=batch.basis_reference or _text(row, "grant", 64),
        item_code=batch.item_code,
        case_number=_text(row, "case_number", 128),
    )


def read_comparison(request: Mapping[str, Any]) -> Comparison:
    """Read a comparison: a pull request of one type, with the values to compare instead of the fields."""
    values = request.get("values")
    if not isinstance(values, dict) or not 1 <= len(values) <= _MOST_FIELDS:
        raise RequestFormError("values")
    if not all(isinstance(value, str) and len(value) <= 10_000 for value in values.values()):
        raise RequestFormError("values")
    wanted = [{"certificate_type": request.get("certificate_type"), "fields": sorted(values)}]
    return Comparison(
        read_pull_request({**request, "wanted": wanted, "by_item": False, "tell_when_issued": False}), values
    )


def read_redemption(request: Mapping[str, Any]) -> Redemption:
    """Read what is asked with a presentation code; RequestFormError names the member that is wrong.

    Each type wants all that is shown, or at least one field: the holder reads which.
    """
    wanted = _read_all_wanted(request)
    if any(each.fields == () for each in wanted):
        raise RequestFormError("wanted")
    return Redemption(
        licence_number=_text(request, "licence_number", 18) if request.get("licence_number") is not None else None,
        window=_text(request, "window", 64),
        wanted=wanted,
        item_code=_text(request, "item_code", 64),
        case_number=_text(request, "case_number", 128),
    )


def note_payload(
    *,
    origin: str,
    serial: str,
    requester: Mapping[str, str],
    officer: str | None,
    cause: str,
    request: PullRequest,
    maker: str,
    made_at: str,
    ends_at: str,
    as_of: str,
    presentations: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what the hub signs over a delivery: the marking of the copies it hands over.

    Times are ISO 8601 in UTC; each presentation holds identifier, certificate_type, sha256 (hex, of the canonical JSON
    of the record as delivered), status, and the verdict's outcome and reason.
    """
    return {
        "v": 1,
        "iss": origin,
        "serial": serial,
        "requester": dict(requester),
        "officer": officer,
        "cause": cause,
        "item_code": request.item_code,
        "case_number": request.case_number,
        "basis": {"kind": str(request.basis), "reference": request.basis_reference},
        "holder": request.licence_number,
        "maker": maker,
        "made_at": made_at,
        "ends_at": ends_at,
        "as_of": as_of,
        "presentations": [dict(each) for each in presentations],
    }


def _read_all_wanted(request: Mapping[str, Any]) -> tuple[Wanted, ...]:
    wanted = request.get("wanted")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= _MOST_TYPES:
        raise RequestFormError("wanted")
    each = tuple(_read_wanted(one) for one in wanted)
    if len({one.certificate_type for one in each}) != len(each):
        raise RequestFormError("wanted")
    return each


def _read_wanted(one: Any) -> Wanted:
    if not isinstance(one, dict) or one.keys() - {"certificate_type", "fields"}:
        raise RequestFormError("wanted")
    fields = one.get("fields")
    if fields is None:
        return Wanted(_text(one, "certificate_type", 64), None)
    if not isinstance(fields, list) or len(fields) > _MOST_FIELDS or not all(isinstance(name, str) for name in fields):
        raise RequestFormError("wanted")
    return Wanted(_text(one, "certificate_type", 64), tuple(dict.fromkeys(fields)))


def _text(holder: Mapping[str, Any], name: str, longest: int) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
        raise RequestFormError(name)
    return value
