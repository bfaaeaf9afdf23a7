"""The ledger (访问记录): an enterprise reads, by its e-licence, who had what of its certificates, why, and when.

1 the application is verified (`hub/steps/consent/applications.py`): drafted here, of this moment, signed by the
  enterprise itself
2 statement, reading and entry are committed            <- COMMIT POINT
3 pages and exports are read by the reading's name and token until it ends, each line with its act's receipt by name

A line is every decision on a pull, a comparison or a predicate, allowed or refused, every delivery, every download,
and what each page of the change feed told of the enterprise on one basis.
It names the requester, never its officer. A line that was deferred (`hub/enterprise/deferrals.py`) is there once its
day is over, with ground and end; before, nothing tells of it. Reading is an act with its entry and no line: nobody else
had a thing. Names and the words of a basis are those of today's register: what was said then stands in the delivery's
own note.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hmac import compare_digest
from typing import Any

import orjson
from sqlalchemy import Connection

from connectors.contract import ELicence, SignedText
from hub.errors import DocumentError, NotFoundError
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.applications import UNNUMBERED, fetch_token, own_statement, system_of, verify_own
from hub.steps.consent.drafts import BLANK_NONCE, sign_draft
from hub.steps.files.spreadsheet import BYTE_ORDER_MARK, csv_row
from hub.steps.orders.evidence import act_once
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.change_feed import StoredChangeReading
from hub.store.deferral import DeferralReader, StoredDeferral
from hub.store.document import StoredDownload
from hub.store.enterprise import EnterpriseReader
from hub.store.entry import EntryWriter
from hub.store.exchange import StoredDecision
from hub.store.ledger import LedgerPlace, LedgerReader, LedgerWriter, StoredLine, StoredReading
from hub.store.parties import PartyReader
from hub.store.pull_review import PullReviewReader, StoredReview
from hub.store.sharing import SharingReader
from schemas.catalogue import CertificateTypeUnknownError
from schemas.certificate import SHANGHAI, civil_date
from schemas.change_feed import DELIVERED
from schemas.evidence import ActFacts, Kind
from schemas.exchange import Basis, RequestFormError, read_comparison, read_pull_request
from schemas.ledger import LedgerReading, parse_reading, render_reading
from schemas.sentence import SentenceFormError, SentenceTextError, statement_digest
from schemas.sharing import SharingRule
from schemas.statement import Ordered
from signing.errors import SigningError
from signing.jws import unverified_payload

PAGE = 100
_SOURCES = ("decision", "delivery", "download", "changes")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
KINDS_ZH = {
    "pull": "调取", "comparison": "比对", "predicate": "核对判断", "delivery": "交付", "download": "本主体下载",
    "changes": "查询变更",
}  # fmt: skip
_ASKED_BY: Mapping[str, str] = {Ordered.COMPARE: "comparison", Ordered.ASK_PREDICATE: "predicate"}
OUTCOMES_ZH = {"allowed": "准予", "refused": "未准予", "delivered": "已交付", "downloaded": "已下载", "told": "已告知"}
_TITLES = (
    "时间 at", "事由 kind", "用证方 requester", "用证方代码 requester number", "依据 basis", "依据编号 reference",
    "事项编码 item", "事项名称 item name", "案件编号 case", "证照与字段 certificates and fields",
    "证照标识 identifiers", "结果 outcome", "原因 reason", "推迟至 deferred until", "推迟依据 legal ground",
    "复核 review", "回执 receipt",
)  # fmt: skip


def draft_reading(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence that `wish["licence_number"]` signs to read its ledger; stores nothing.

    Raises DocumentError application_form.
    """
    try:
        reading = LedgerReading(str(wish["licence_number"]), now.replace(microsecond=0), BLANK_NONCE)
    except (SentenceFormError, KeyError) as error:
        raise DocumentError("application_form", member=getattr(error, "member", None)) from error
    text = sign_draft(lambda nonce: render_reading(replace(reading, nonce=nonce)), registry)
    return {"text": text, "digest": statement_digest(text)}


def open_ledger(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> dict[str, Any]:
    """Open a signer's own ledger to it; the same signed text again gives the same answer.

    Raises DocumentError application_text, application_late, e_licence_unconfirmed, ledger_role; GrantError.
    """
    try:
        said = parse_reading(signed.text)
    except SentenceTextError as error:
        raise DocumentError("application_text") from error
    render = partial(_render, said)
    verify_own(signed, said, render, registry=registry, e_licence=e_licence, now=now)
    # 办事人 of the enterprise act for it in one matter; all its matters are the representative's and manager's to see.
    if signed.signer_role == "agent":
        raise DocumentError("ledger_role")
    verified = own_statement(signed, said, Ordered.READ_LEDGER, registry)
    return act_once(
        partial(_open, said, verified, registry, now),
        issuing_body=None,
        verified=verified,
        system=system_of(said.applicant),
        key=verified.digest,
        registry=registry,
        now=now,
    )


def reading_of(name: str, token: str, *, registry: Registry, now: datetime) -> StoredReading:
    """Return a reading that is open now. NotFoundError for a wrong name or token, DocumentError when it ended."""
    with registry.database.read() as connection:
        reading = LedgerReader(connection).reading(name)
    if reading is None or not compare_digest(token.encode(), fetch_token(b"ledger", name, registry).encode()):
        raise NotFoundError("ledger_not_found")
    if now >= reading.ends_at:
        raise DocumentError("ledger_ended")
    return reading


def read_lines(applicant: str, *, after: str | None, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return a page of an enterprise's lines, newest first, behind the place that the page before told as `after`."""
    found = _page(applicant, _place(after), PAGE + 1, registry, civil_date(now))
    behind = _told(found[PAGE - 1].place) if len(found) > PAGE else None
    return {
        "licence_number": applicant,
        "lines": _describe_all(found[:PAGE], applicant, registry),
        "after": behind,
    }


def export_json(applicant: str, *, registry: Registry, now: datetime) -> Iterator[bytes]:
    """Yield the whole ledger as one JSON document, page by page."""
    head = {"licence_number": applicant, "exported_at": now.isoformat()}
    yield orjson.dumps(head)[:-1] + b',"lines":['
    comma = b""
    for each in _all_lines(applicant, registry, now):
        yield comma + orjson.dumps(each)
        comma = b","
    yield b"]}"


def export_csv(applicant: str, *, explain: Callable[[str], str], registry: Registry, now: datetime) -> Iterator[bytes]:
    """Yield the whole ledger as CSV; `explain` says a refusal's code in Chinese."""
    yield BYTE_ORDER_MARK + csv_row(_TITLES)
    for each in _all_lines(applicant, registry, now):
        yield csv_row(_cells(each, explain))


# --- step 2 -----------------------------------------------------------------------------------------------------


def _render(said: LedgerReading, nonce: str) -> str:
    return render_reading(replace(said, nonce=nonce))


def _open(
    said: LedgerReading,
    verified: VerifiedStatement,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    system, name = system_of(said.applicant).code, new_name(registry)
    statement = spend_statement(connection, verified, system=system, registry=registry, now=now)
    reading = StoredReading(name, said.applicant, statement, now + registry.terms.download_term, now, act_id)
    LedgerWriter(connection).add_reading(reading)
    act = ActFacts(Kind.READ_LEDGER, act_id, now, None, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    return {
        "ledger": name,
        "token": fetch_token(b"ledger", name, registry),
        "ends_at": reading.ends_at.isoformat(),
        "act_id": act_id,
    }


# --- step 3 -----------------------------------------------------------------------------------------------------


def _page(applicant: str, behind: LedgerPlace | None, most: int, registry: Registry, today: date) -> list[StoredLine]:
    with registry.database.read() as connection:
        return LedgerReader(connection).lines(applicant, behind=behind, most=most, today=today)


def _all_lines(applicant: str, registry: Registry, now: datetime) -> Iterator[dict[str, Any]]:
    behind: LedgerPlace | None = None
    while found := _page(applicant, behind, PAGE, registry, civil_date(now)):
        yield from _describe_all(found, applicant, registry)
        behind = found[-1].place


def _told(place: LedgerPlace) -> str:
    moment = (place.recorded_at - _EPOCH) // _MICROSECOND
    return f"{moment}.{_SOURCES.index(place.source)}.{place.act_id}"


def _place(after: str | None) -> LedgerPlace | None:
    if after is None:
        return None
    moment, source, act_id = after.split(".", 2)
    return LedgerPlace(_EPOCH + int(moment) * _MICROSECOND, _SOURCES[int(source)], act_id)


@dataclass(frozen=True, slots=True)
class _Named:
    """What the lines of one page are told with: requesters, rules of the sharing table, identifiers, deferrals."""

    requesters: Mapping[str, str]
    rules: Mapping[tuple[str, int | None], SharingRule | None]
    identifiers: Mapping[int, tuple[str, str]]
    deferrals: Sequence[StoredDeferral]
    reviews: Mapping[str, StoredReview]


def _describe_all(lines: Sequence[StoredLine], applicant: str, registry: Registry) -> list[dict[str, Any]]:
    decisions = [each.of for each in lines if isinstance(each.of, StoredDecision)]
    readings = [each.of for each in lines if isinstance(each.of, StoredChangeReading)]
    serials = {serial for each in lines if isinstance(each.of, StoredDownload) for serial in each.of.serials}
    rules = {(each.basis_reference or "", each.rule_version) for each in decisions if each.basis == Basis.STATUTORY}
    with registry.database.read() as connection:
        certificates = CertificateReader(connection).by_serial(sorted(serials)) if serials else {}
        named = _Named(
            {
                number: _name_of(number, connection)
                for number in {each.requester for each in decisions} | {each.requester for each in readings}
            },
            {each: SharingReader(connection).get(*each) for each in rules},
            {serial: (each.identifier, each.certificate_type) for serial, each in certificates.items()},
            DeferralReader(connection).of(applicant),
            PullReviewReader(connection).answered([each.decision for each in decisions]),
        )
    return [_describe(each, named, registry) for each in lines]


def _name_of(number: str, connection: Connection) -> str:
    """Return how a requester is called: a department, or the enterprise a grant was given to."""
    if number in UNNUMBERED:
        return UNNUMBERED[number]
    department = PartyReader(connection).department(number)
    if department is not None:
        return department.name_zh
    enterprise = EnterpriseReader(connection).get(number)
    return enterprise.name if enterprise else ""


def _describe(line: StoredLine, named: _Named, registry: Registry) -> dict[str, Any]:
    told = {"at": line.place.recorded_at.isoformat(), "act_id": line.place.act_id}
    if isinstance(line.of, StoredChangeReading):
        return told | {"act_id": line.of.act_id} | _describe_changes(line.of, named, registry)
    if isinstance(line.of, StoredDownload):
        return told | _describe_download(line.of, named, registry)
    return told | _describe_access(line.of, line, named, registry)


def _describe_download(download: StoredDownload, named: _Named, registry: Registry) -> dict[str, Any]:
    pairs = [named.identifiers[serial] for serial in download.serials]
    return {
        "kind": "download",
        "requester": None,
        "basis": {"kind": "own", "reference": None, "words": "持证主体本人申请"},
        "item": None,
        "case_number": None,
        "types": _types({code: None for _, code in pairs}, registry),
        "identifiers": [identifier for identifier, _ in pairs],
        "outcome": "downloaded",
        "reason": None,
        "deferred": None,
        "review": None,
    }


def _describe_access(decision: StoredDecision, line: StoredLine, named: _Named, registry: Registry) -> dict[str, Any]:
    rule = named.rules.get((decision.basis_reference or "", decision.rule_version))
    is_delivery, asked_by = line.delivery is not None, _ASKED_BY.get(line.statement_act, "pull")
    shown = decision.fields if decision.allowed else _asked(line.statement)
    return {
        "kind": "delivery" if is_delivery else asked_by,
        "requester": {"licence_number": decision.requester, "name": named.requesters[decision.requester]},
        "basis": _basis(decision.basis, decision.basis_reference, rule),
        "item": {"code": decision.item_code, "name": rule.item_name if rule else None},
        "case_number": decision.case_number,
        "types": _types(shown, registry),
        "identifiers": _delivered(line.delivery.note) if line.delivery else [],
        "outcome": "delivered" if is_delivery else "allowed" if decision.allowed else "refused",
        "reason": None if decision.allowed else decision.reason,
        "deferred": _deferred(decision, named.deferrals),
        "review": _review(named.reviews.get(decision.decision)),
    }


def _describe_changes(reading: StoredChangeReading, named: _Named, registry: Registry) -> dict[str, Any]:
    """Return what a page of the change feed told: which certificates were changed, and no field of them."""
    return {
        "kind": "changes",
        "requester": {"licence_number": reading.requester, "name": named.requesters[reading.requester]},
        "basis": {"kind": reading.basis, "reference": reading.basis_reference, "words": _FOLLOWED[reading.basis]},
        "item": None,
        "case_number": None,
        "types": _types(dict.fromkeys(reading.told, ()), registry),
        "identifiers": [name for names in reading.told.values() for name in names],
        "outcome": "told",
        "reason": None,
        "deferred": None,
        "review": None,
    }


def _review(review: StoredReview | None) -> dict[str, Any] | None:
    """Return what another department found about a pull by law: whether it was justified, and else why not."""
    if review is None:
        return None
    return {"reviewer": review.reviewer, "justified": review.justified, "reason": review.reason}


def _deferred(decision: StoredDecision, deferrals: Sequence[StoredDeferral]) -> dict[str, Any] | None:
    """Return until when, and on what ground, this line was kept back: by the order that did so longest."""
    found = max((each for each in deferrals if each.covers(decision)), key=lambda each: each.until_on, default=None)
    if found is None:
        return None
    return {"until_on": found.until_on.isoformat(), "legal_ground": found.legal_ground, "act_id": found.act_id}


def _basis(kind: str, reference: str | None, rule: SharingRule | None) -> dict[str, Any]:
    if kind in _SENTENCES:
        words = _SENTENCES[kind]
    elif rule is not None:
        words = f"依职能：{rule.item_name}（{rule.legal_basis}）"
    else:
        words = "依职能：共享清单中没有这一条"
    return {"kind": kind, "reference": reference, "words": words}


_SENTENCES: Mapping[str, str] = {
    Basis.GRANT: "持证主体授权",
    Basis.PRESENTATION: "持证主体出示",
    Basis.WINDOW: "持证主体书面授权（窗口见证）",
}


_FOLLOWED: Mapping[str, str] = {
    Basis.STATUTORY: "依职能：共享清单中已同意的一条",
    Basis.GRANT: "持证主体授权",
    Basis.WINDOW: "持证主体书面授权（窗口见证）",
    DELIVERED: "此前已交付、仍在使用期限内的加注件",
}


def _types(shown: Mapping[str, Sequence[str] | None], registry: Registry) -> list[dict[str, Any]]:
    """Return types and fields by code and name; fields None: the whole certificate, or all that the basis allows."""
    told: list[dict[str, Any]] = []
    for code, names in shown.items():
        try:
            kind = registry.catalogue.get(code)
        except CertificateTypeUnknownError:
            told.append({"certificate_type": code, "name": None, "fields": None})
            continue
        labels = {field.name: field.label_zh for field in kind.fields}
        fields = None if names is None else [{"name": name, "label": labels.get(name, name)} for name in names]
        told.append({"certificate_type": code, "name": kind.name_zh, "fields": fields})
    return told


def _asked(jws: str) -> dict[str, list[str] | None]:
    """Return what a refused request asked for, as its statement says; nothing where an e-licence's sentence asked."""
    try:
        request = unverified_payload(jws)["request"]
        # Of a comparison its fields are named, and never the values that were tried.
        asked = read_comparison(request).pull if "values" in request else read_pull_request(request)
    except (SigningError, RequestFormError, IndexError, KeyError, TypeError):
        return {}
    return {each.certificate_type: None if each.fields is None else list(each.fields) for each in asked.wanted}


def _delivered(note: str) -> list[str]:
    """Return the identifiers a delivery's note names; none once the note is past its term."""
    if not note:
        return []
    return [each["identifier"] for each in unverified_payload(note)["presentations"]]


def _cells(line: Mapping[str, Any], explain: Callable[[str], str]) -> list[str]:
    requester, item, deferred = line["requester"] or {}, line["item"] or {}, line["deferred"] or {}
    types = "；".join(
        f"{each['name'] or each['certificate_type']}（{_fields_in_words(each['fields'])}）" for each in line["types"]
    )
    return [
        datetime.fromisoformat(line["at"]).astimezone(SHANGHAI).isoformat(timespec="seconds"),
        KINDS_ZH[line["kind"]],
        requester.get("name") or "",
        requester.get("licence_number") or "",
        line["basis"]["words"],
        line["basis"]["reference"] or "",
        item.get("code") or "",
        item.get("name") or "",
        line["case_number"] or "",
        types,
        "；".join(line["identifiers"]),
        OUTCOMES_ZH[line["outcome"]],
        explain(line["reason"]) if line["reason"] else "",
        deferred.get("until_on") or "",
        deferred.get("legal_ground") or "",
        "" if line["review"] is None else "复核：有据" if line["review"]["justified"] else "复核：依据不足",
        line["act_id"],
    ]


def _fields_in_words(fields: Sequence[Mapping[str, str]] | None) -> str:
    if fields is None:
        return "全部"
    return "、".join(each["label"] for each in fields) or "公共字段"
