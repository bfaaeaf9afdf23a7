"""The whole audit of a store: every check, each telling what it finds wrong."""

from datetime import datetime

from sqlalchemy import Connection

from hub.supervision.audit import (
    acts,
    answers,
    approvals,
    chains,
    documents,
    exchange,
    grants,
    log,
    records,
    statements,
)
from hub.supervision.audit.everything import Audited, Check, Everything, Faults

CHECKS: tuple[Check, ...] = (
    *records.CHECKS,
    *chains.CHECKS,
    *statements.CHECKS,
    *approvals.CHECKS,
    *acts.CHECKS,
    *log.CHECKS,
    *grants.CHECKS,
    *exchange.CHECKS,
    *documents.CHECKS,
    *answers.CHECKS,
)


def find_faults(hub: Audited, connection: Connection, now: datetime) -> list[str]:
    """Return everything that is wrong with what is stored, as `connection` sees it; an empty list is a whole store."""
    everything = Everything(hub, connection, now)
    return [fault for check in CHECKS for fault in _findings(check, everything)]


def _findings(check: Check, everything: Everything) -> Faults:
    try:
        yield from check(everything)
    except Exception as error:  # what is stored is so wrong that it cannot even be read
        yield f"{check.__module__.rpartition('.')[2]}{check.__name__} stopped: {type(error).__name__}"
