"""Verifying a PDF, an XML or a picture without the hub: taken apart by a child, the rest as for any other (`offline`).

A document is made only while its certificate is valid, so its status is "as sealed then, unknown since", unless a
status list that is still fresh tells of its record.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.decisions.verification import judge
from hub.public.examination.documents import DocumentProof, Read, ShownDocument, prove_document, read_shown
from hub.public.examination.offline import StatusList, fresh_list, judge_by_list, verify_examined
from hub.public.examination.proof import FindType
from hub.public.examination.report import Examination, Finding, document_facts
from schemas.certificate import Status
from schemas.verdict import Surface, Verdict
from signing.trust import TrustList


def verify_file_offline(
    raw: bytes,
    *,
    read: Read,
    trust: TrustList,
    find_type: FindType,
    status_token: str | None,
    now: datetime,
    max_age: timedelta | None,
) -> Examination:
    """Verify anything a person has, a PDF, XML or picture too; see `verify_offline`."""
    listed = fresh_list(status_token, trust=trust, now=now, max_age=max_age)
    shown = read_shown(raw, origin=trust.origin, read=read)
    if not isinstance(shown, ShownDocument):
        return verify_examined(shown, trust=trust, find_type=find_type, listed=listed, now=now)
    proven = prove_document(shown, find_type=find_type, trust=trust, now=now)
    said, verdict = proven.metadata, _judged(proven, listed, now)
    if said is None:
        return Examination(shown.form, (Finding(verdict),))
    # Its issuing body may have sealed it again since: only the hub knows.
    opens = (f"{said.origin}/c/{said.reference}",) if verdict.reason == "seal_time_unproven" else ()
    return Examination(shown.form, (Finding(verdict, document_facts(said)),), opens)


def _judged(proven: DocumentProof, listed: StatusList | None, now: datetime) -> Verdict:
    facts, said = proven.facts, proven.metadata
    if said is None:
        return judge(facts, surface=Surface.OFFLINE, now=now)
    if listed is not None and listed.uri == said.status_list_uri:
        # What was collected has no document.
        return judge_by_list(facts, listed, said.status_list_index, is_collected=False, now=now)
    facts = replace(facts, status=Status.VALID, status_as_of=said.sealed_at.astimezone(UTC))
    return judge(facts, surface=Surface.OFFLINE, now=now)
