"""Who is told of what is done to a record: one table of every kind of act, and of what each can do.

Told are all who were handed the record, by whatever way (pull, file of pulls, grant, presentation, window, their
copies), and all whom the hub answered that a value of it matches or a question is true of it.

They are told what says that their record never should have counted, was wrong, or is in doubt, and when that is taken
back; and that the holder's licence ended, with which all its certificates lose their ground. What counts from its own
day on (suspended, withdrawn, stripped, cancelled, replaced) tells nobody by itself: the record was right when it was
handed over, and whoever may still use it reads what changed (`schemas/change_feed.py`) or pulls again.
"""

from collections.abc import Mapping
from enum import StrEnum

from schemas.annotation import AnnotationKind
from schemas.certificate import Act, Cause
from schemas.evidence import Kind
from schemas.parties import ENDING_RELATIONS, RelationKind


class Telling(StrEnum):
    """What is told: of the record, to its recipients; or of the licence, to those of all its holder's records."""

    RECORD_WRONG = "record_wrong"
    RECORD_RIGHT_AGAIN = "record_right_again"
    LICENCE_ENDED = "licence_ended"
    LICENCE_GOES_ON = "licence_goes_on"


Tellings = tuple[Telling, ...]
_NOBODY: Tellings = ()
_ENDED: Tellings = (Telling.LICENCE_ENDED,)
FIRST, LIFT, REPAIR, ERASED, RESEALED, COMPROMISE = "first", "lift", "repair", "erase", "reseal", "compromise"

TELLINGS: Mapping[Kind, Mapping[str, Tellings]] = {
    Kind.ISSUE: {
        FIRST: _NOBODY,
        Cause.RENEW: _NOBODY,
        Cause.CHANGE: _NOBODY,
        Cause.REISSUE: _NOBODY,
        Cause.EXCHANGE: _NOBODY,
        Cause.CORRECT: (Telling.RECORD_WRONG,),
    },
    # What ends a business licence is told as that; a mistake of one is no end of it.
    Kind.CHANGE_STATUS: {
        Act.SUSPEND: _NOBODY,
        Act.REINSTATE: _NOBODY,
        Act.WITHDRAW: _ENDED,
        Act.STRIP: _ENDED,
        Act.CANCEL: _ENDED,
        Act.ANNUL: (Telling.RECORD_WRONG, Telling.LICENCE_ENDED),
        Act.VOID: (Telling.RECORD_WRONG,),
        # As what it undoes: `tellings`.
        Act.UNDO: _NOBODY,
    },
    Kind.ANNOTATE: {
        **dict.fromkeys(AnnotationKind, _NOBODY),
        AnnotationKind.MOVED_OUT: _ENDED,
        LIFT: _NOBODY,
        REPAIR: _NOBODY,
    },
    Kind.RELATE: {kind: _ENDED if kind in ENDING_RELATIONS else _NOBODY for kind in RelationKind},
    # Says nothing of the record's truth; who pulls again reads that the field is gone.
    Kind.ERASE: {ERASED: _NOBODY},
    Kind.RESEAL: {RESEALED: (Telling.RECORD_RIGHT_AGAIN,)},
    # A list by which a seal key counts no more since a moment; any other list tells nobody.
    Kind.TRUST_LIST: {COMPROMISE: (Telling.RECORD_WRONG,)},
}
"""Kind → what one act of it does → what is told."""

ABOUT_NO_RECORD = frozenset(
    {
        Kind.ENROL, Kind.SHARE, Kind.IMPORT, Kind.UNDO_IMPORT, Kind.GRANT, Kind.GRANT_WITHDRAWAL, Kind.PULL_ALLOWED,
        Kind.PULL_REFUSED, Kind.DELIVERY, Kind.RELEASE, Kind.COMPARISON, Kind.COMPARISON_REFUSED, Kind.ORDER_REFUSED,
        Kind.DOCUMENT, Kind.DOCUMENT_REFUSED, Kind.DOWNLOAD, Kind.EXISTING_DOCUMENT, Kind.REGISTER, Kind.ANSWER_TASK,
        Kind.ASK_CORRECTION, Kind.RETIRE, Kind.PUT_ITEMS, Kind.PRESENTATION, Kind.REDEMPTION, Kind.REDEMPTION_REFUSED,
        Kind.CONFIRMATION, Kind.DELEGATION, Kind.DELEGATION_WITHDRAWAL, Kind.DELEGATIONS_CONFIRMED, Kind.GRANT_REQUEST,
        Kind.END_ALL, Kind.WINDOW_GRANT, Kind.REQUEST_REFUSED, Kind.READ_LEDGER, Kind.DEFER, Kind.OBJECT,
        Kind.PULL_BATCH, Kind.CANCEL_BATCH, Kind.FETCH_BATCH, Kind.READ_CHANGES, Kind.ANSWER_SHARE, Kind.ANSWER_REVIEW,
        Kind.PREDICATE, Kind.PREDICATE_REFUSED, Kind.OPEN_LOG, Kind.RECOVER, Kind.SETTLE, Kind.ENTITLE, Kind.ADMIT_TYPE,
        Kind.PREDICATE_ANSWERED, Kind.SHARE_SHEET, Kind.REAPPLY, Kind.SIGN_IN, Kind.VISITOR_REPORT, Kind.CORRECT_FIGURE,
    }
)  # fmt: skip
"""Kinds that end and change no record; a file of rows, and its undoing, is an act beside those of its rows."""

_TAKEN_BACK: Mapping[Telling, Telling] = {
    Telling.RECORD_WRONG: Telling.RECORD_RIGHT_AGAIN,
    Telling.LICENCE_ENDED: Telling.LICENCE_GOES_ON,
}


def tellings(kind: Kind, act: str, *, undone: str | None = None) -> Tellings:
    """Return what is told of an act; of one that undoes another (`undone`) that what was told is taken back."""
    if act == Act.UNDO and undone is not None:
        return tuple(_TAKEN_BACK[each] for each in TELLINGS[kind][undone])
    return TELLINGS[kind][act]
