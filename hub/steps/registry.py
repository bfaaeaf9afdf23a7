"""What every flow that acts on the registry is handed: where things are kept, what counts, and for which hub."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from hub.errors import StoreError
from hub.rates import Rates
from hub.store.database import Database
from hub.terms import Terms
from schemas.catalogue import Catalogue
from schemas.clocks import Clock, ClockCode
from schemas.evidence import LogState
from schemas.working_days import Due, WorkingDays
from signing.envelope import MasterKey
from signing.signers import Signer
from signing.trust import TrustList


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry's collaborators. It holds no key that seals or signs: those are handed to the flows that need them.

    `trust` returns the trust list in force (at most a second old); `masters` decrypts, `master` encrypts what is not
    public; `status_key` permutes status list places; `facts_key` keys the digests that tell equal facts, `code_key`
    those under which codes are kept; `random` returns that many random bytes; `owner` names this process in leases;
    `clocks` and `calendar` count legal terms, `rates` the orders of each body; `log` tells how the evidence log stands
    (at most a second old).
    """

    database: Database
    catalogue: Catalogue
    origin: str
    mode: str
    trust: Callable[[], TrustList]
    master: MasterKey
    masters: Mapping[bytes, MasterKey]
    status_key: bytes
    facts_key: bytes
    code_key: bytes
    random: Callable[[int], bytes]
    owner: str
    terms: Terms
    clocks: Mapping[str, Clock]
    calendar: WorkingDays
    rates: Rates
    log: Callable[[datetime], LogState]

    def require_log(self, now: datetime) -> None:
        """Let an issue, a grant or a pull go on only while its evidence is sure to follow.

        Raises StoreError store_rolled_back, log_key_revoked, log_silent. What withdraws a certificate or a right never
        asks.
        """
        self.refuse_rolled_back(now)
        state = self.log(now)
        if state.key_revoked_at is not None:
            raise StoreError("log_key_revoked", since=state.key_revoked_at.isoformat(timespec="seconds"))
        if state.is_silent(now):
            raise StoreError("log_silent", since=state.heard_at.isoformat(timespec="seconds"))

    def refuse_rolled_back(self, now: datetime) -> None:
        """Let nothing be said or done by a store that does not know all that the log knows; StoreError."""
        back_to = self.log(now).rolled_back_to
        if back_to is not None:
            raise StoreError("store_rolled_back", to=back_to.isoformat(timespec="seconds"))

    def refuse_doubtful(self, now: datetime) -> None:
        """Let nothing be listed or handed over either while what the store lost is not settled; StoreError."""
        self.refuse_rolled_back(now)
        state = self.log(now)
        if state.doubt is not None:
            raise StoreError("store_recovered", to=state.doubt[1].isoformat(timespec="seconds"))

    def due(self, clock: ClockCode, start: date) -> Due:
        """Return the last day of a legal clock that starts on `start` (which is not counted)."""
        return self.clocks[clock].due(start, self.calendar)


COLLECTED_SEALER = "collected"
COPIES_SEALER = "copies"
HUB_SEALERS = frozenset({COLLECTED_SEALER, COPIES_SEALER})
"""What the hub seals with keys of its own, where an issuing body is named else."""

Sealers = Callable[[str], Signer]
"""Returns the seal signer of an issuing body by its licence number, or raises SetupError."""
