"""What is known of a thing from its bytes alone, before anybody is asked how it stands."""

from datetime import date

from hub.decisions.verification import restate
from hub.public.examination.forms import Examined
from hub.public.examination.proof import NoteProof, SealProof, TokenProof
from hub.public.examination.report import Examination, Finding
from schemas.verdict import Check, CheckName, Facts, Outcome, Result, Verdict

_NOTHING_TOLD = Verdict(Outcome.UNKNOWN, "status_unknown", None, (), None)


def facts_of_bytes(proven: SealProof, right: NoteProof) -> Facts:
    """Return the facts of a record: the findings on its bytes, and the dates that it seals."""
    claims = proven.claims
    return facts_of_findings(
        proven.seal,
        proven.trust,
        right.right_to_hold,
        valid_from=claims.valid_from if claims else None,
        valid_to=claims.valid_to if claims else None,
        collected=claims is not None and claims.is_collected,
    )


def facts_of_findings(
    seal: Check,
    trust: Check,
    right_to_hold: Check,
    *,
    valid_from: date | None,
    valid_to: date | None,
    collected: bool = False,
) -> Facts:
    """Return the facts of anything before anybody is asked: findings on its bytes, and the dates that are sealed."""
    return Facts(
        seal=seal,
        trust=trust,
        statement=Check(CheckName.STATEMENT, Result.NOT_POSSIBLE, "collected" if collected else None),
        right_to_hold=right_to_hold,
        log=Check(CheckName.LOG, Result.NOT_POSSIBLE),
        status=None,
        status_since=None,
        suspended_until=None,
        suspension_ends="act",
        valid_from=valid_from,
        valid_to=valid_to,
        licence=None,
        collected=collected,
        seen_at=None,
        fresh_for_seconds=None,
        status_as_of=None,
    )


def facts_of_note(token: TokenProof, right_to_hold: Check) -> Facts:
    """Return the facts of a record that a genuine note names and nobody shows."""
    seal = Check(CheckName.SEAL, Result.UNKNOWN, "record_not_shown")
    return facts_of_bytes(SealProof(seal, token.trust), NoteProof(right_to_hold))


def refused_token(examined: Examined, token: TokenProof) -> Examination:
    """Return the examination of a token that does not hold, or holds what no token of the hub says."""
    seal = token.seal
    if seal.result is token.trust.result is Result.PASSED:
        seal = Check(CheckName.SEAL, Result.FAILED, "record_malformed")
    return Examination(examined.form, (Finding(restate(_NOTHING_TOLD, seal=seal, trust=token.trust, current=True)),))


def empty_answer(examined: Examined, token: TokenProof, *, current: bool) -> Examination:
    """Return the examination of a genuine answer about a holder without certificates."""
    verdict = restate(_NOTHING_TOLD, seal=token.seal, trust=token.trust, current=current)
    return Examination(examined.form, (Finding(verdict),))
