"""Looking up a printed copy (加注件) by its serial: is it genuine, for whom, until when, and what became of it since.

1 the serial is read: the name of the act that sealed the copy, as it is printed, 128 random bits that nobody guesses
2 the copy, its delivery and its delivery note are read; what nobody has is unknown, and said of no store that was set
  back
3 its state now: in use, ended, its grant taken back, what it shows erased since; unknown while the store is in doubt
The door shows it beside the certificate's own public facts and verdict. Whoever asks learns whom and what the copy was
made for, as its face says, and nothing of the officer, the case or any field that is not public.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.errors import DocumentError, NotFoundError
from hub.steps.documents.content import act_of_serial
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import require_deliverable
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentReader, StoredDocument
from hub.store.exchange import ExchangeReader, StoredDelivery
from hub.store.parties import PartyReader
from schemas.grant import numbered
from schemas.identifiers import ReferenceFormError, parse_reference
from schemas.wording import COPY_STATES
from signing.jws import unverified_payload

Prove = Callable[[str], Mapping[str, Any]]
"""Returns an act with its place in the log and the proof of it, or by when it has one."""
_PAST: Mapping[str, str] = {"copy_ended": "ended", "copy_withdrawn": "taken_back"}


def look_up_copy(serial: str, *, registry: Registry, prove: Prove, now: datetime) -> dict[str, Any]:
    """Return a copy as its face and the register have it, and the `reference` of its certificate.

    Raises NotFoundError copy_unknown, StoreError store_rolled_back, store_recovered.
    """
    try:
        known = parse_reference(serial)
    except ReferenceFormError:
        raise NotFoundError("copy_unknown") from None
    with registry.database.read() as connection:
        copy = DocumentReader(connection).copy_by_act(act_of_serial(known))
        if copy is None:
            registry.refuse_doubtful(now)
            raise NotFoundError("copy_unknown")
        certificate = CertificateReader(connection).by_serial([copy.serial])[copy.serial]
        delivery = ExchangeReader(connection).delivery(copy.delivery)
        if delivery is None:
            raise NotFoundError("copy_unknown")
        state = "unknown" if registry.log(now).doubt else _state(copy, connection, now)
        made_for = _made_for(delivery, connection)
    wording = COPY_STATES[state]
    told = {"serial": known, "state": state, "zh": wording.zh, "en": wording.en, "identifier": certificate.identifier}
    told |= {"sealed_at": copy.sealed_at.isoformat(), "ends_at": delivery.ends_at.isoformat(), "sha256": copy.sha256}
    return {"reference": certificate.reference, "copy": told | made_for, "log": dict(prove(copy.act_id))}


def _state(copy: StoredDocument, connection: Connection, now: datetime) -> str:
    if copy.erased_by is not None:
        return "erased"
    try:
        require_deliverable(copy.delivery, connection, now)
    except DocumentError as error:
        return _PAST[error.code]
    return "in_use"


def _made_for(delivery: StoredDelivery, connection: Connection) -> dict[str, Any]:
    """Return what a copy's face says of its making; nothing of it once the note is past its term."""
    if not delivery.note:
        return {"made_at": None, "requester": None, "cause": None, "maker": None}
    note = unverified_payload(delivery.note)
    maker = PartyReader(connection).department(note["maker"])
    number = numbered(note["requester"]["licence_number"])
    return {
        "made_at": note["made_at"],
        "requester": {"licence_number": number, "name": note["requester"]["name"]},
        "cause": note["cause"],
        "maker": {"licence_number": note["maker"], "name": maker.name_zh if maker else ""},
    }
