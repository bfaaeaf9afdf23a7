"""The ports: what flows are handed of the outside, and what it promises. Flows import this file and no other connector.

Electronic business licences (电子营业执照, standards 3): the national system signs on the holder's phone and says who
acted and whether the cert still stands; behind the port is an adapter of that system, or the TEST simulator.
Tables: rows of a file a department sent.
Providers of identities: who an officer is, and whether a session there has ended.
The evidence log's witnesses: parties who vouch that it has one history. Timestamp authorities: who says when.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from connectors.errors import (
    ELicenceCertError,
    ELicenceSignatureError,
    IdentityError,
    NotificationError,
    OutsideError,
    PersonSignInError,
    TabularCutError,
    TabularEncodingError,
    TabularError,
    TabularFormError,
    TabularHeaderError,
    TabularLimitError,
)
from signing.algorithms import PublicKey
from signing.checkpoint import NoteKey

__all__ = [
    "CertStatus",
    "CertifyKey",
    "ELicence",
    "ELicenceCertError",
    "ELicenceSignatureError",
    "EndedThere",
    "IdentityError",
    "IdentityProvider",
    "LicenceSigner",
    "LogWitness",
    "NotificationError",
    "OpenTable",
    "OutsideError",
    "PersonSignInError",
    "Row",
    "RowProblem",
    "RowRule",
    "Sending",
    "SignedText",
    "SignerRole",
    "StatusSource",
    "Table",
    "TabularCutError",
    "TabularEncodingError",
    "TabularError",
    "TabularFormError",
    "TabularHeaderError",
    "TabularLimitError",
    "TabularLimits",
    "TimestampAuthority",
    "Vouched",
    "WitnessAnswer",
]

# --- the electronic business licence ---

# 法定代表人, 证照管理员, 办事人: the national system's opertype 0, 1, 2.
SignerRole = Literal["legal_representative", "manager", "agent"]


@dataclass(frozen=True, slots=True)
class SignedText:
    """A text as a phone returned it: `signature` (ES256 as r‖s of 64 bytes, or Ed25519) over the text's UTF-8 bytes."""

    text: str
    algorithm: Literal["ES256", "Ed25519"]
    signature: bytes
    cert_der: bytes
    signer_role: SignerRole


@dataclass(frozen=True, slots=True)
class LicenceSigner:
    """Who signed, as the cert says: the enterprise's licence number and name, the role, the key and the cert.

    `name` may be cut by the cert's own limits; the licence number names the enterprise. `cert_serial` is in hex.
    """

    licence_number: str
    name: str
    role: SignerRole
    cert_key_id: str
    cert_serial: str


@dataclass(frozen=True, slots=True)
class CertStatus:
    """Whether a cert still stands, and as of when that is known; None when nobody could be asked."""

    state: Literal["good", "revoked", "unknown"]
    as_of: datetime | None


class StatusSource(Protocol):
    """Knows which e-licence certs are revoked."""

    def cert_status(self, signer: LicenceSigner, *, now: datetime) -> CertStatus:
        """Return the status; when it cannot be had, `unknown` and never an exception."""


class ELicence(Protocol):
    """The national electronic business licence system, as far as the hub needs it."""

    def verify(self, signed: SignedText, *, at: datetime) -> LicenceSigner:
        """Return who signed: the signature is the cert's, and the cert an e-licence's at `at`, in the role stated.

        Raises ELicenceCertError or ELicenceSignatureError. Revocation is `cert_status`'s, and whether the text is one
        to be signed its parser's.
        """

    def cert_status(self, signer: LicenceSigner, *, now: datetime) -> CertStatus:
        """Return the status of the signer's cert; when it cannot be had, `unknown` and never an exception."""


class CertifyKey(Protocol):
    """TEST ONLY: has a browser's key stand for an enterprise; `ELicenceSimulator.certify_key`."""

    def __call__(self, public_key: PublicKey, licence_number: str, name: str, role: SignerRole, now: datetime) -> bytes:
        """Return the cert (DER)."""


# --- notifications ---


@dataclass(frozen=True, slots=True)
class Notification:
    """What an enterprise is told by the city's message service: plain words in both languages, and where to look.

    `key` names it for good: sent again under the same key it is told once. `recipient` is a licence number.
    """

    key: str
    recipient: str
    title: str
    text: str
    url: str
    made_at: datetime


class Notifications(Protocol):
    """The city's message service (短信、粤商通), as far as the hub needs it."""

    def send(self, notification: Notification) -> None:
        """Hand a message over; when this returns the service has it. Raises NotificationError: it is tried again."""


class NotificationOutbox(Protocol):
    """TEST ONLY: a message service whose messages a page can show."""

    def sent_to(self, recipient: str) -> Sequence[Notification]:
        """Return what was sent to a licence number, the newest first."""


# --- persons ---


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in: the number by which the service knows this person to the hub, and the name it vouches for."""

    number: str
    name: str


class PersonSignIn(Protocol):
    """A public service of identity by which persons sign in, as far as the hub needs it."""

    def verify(self, proof: str, text: str, *, at: datetime) -> Person:
        """Return who confirmed this very text a moment before `at`; raises PersonSignInError."""


# --- identities of officers ---


@dataclass(frozen=True, slots=True)
class Sending:
    """One way of a browser to the provider and back: secrets of it alone (`nonce`, `verifier`), and when it began.

    `return_url` is where the provider sends the browser back to.
    """

    nonce: str
    verifier: str
    return_url: str
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Vouched:
    """For whom the provider vouches: its `issuer`, and the `account` by which the hub's records name an officer there.

    `subject` is the provider's own name for him, `session` that of his session there, where it says one. `is_twofold`:
    by its word he proved himself by a second factor.
    """

    issuer: str
    account: str
    subject: str
    session: str | None
    is_twofold: bool


@dataclass(frozen=True, slots=True)
class EndedThere:
    """The provider says that a session there ended, or all of a subject's; at least one is named. `number` is once."""

    issuer: str
    subject: str | None
    session: str | None
    number: str
    issued_at: datetime


class IdentityProvider(Protocol):
    """The city's provider of identities (统一身份认证), as far as the hub needs it."""

    def address(self, sending: Sending, state: str) -> str:
        """Return where the browser is sent; it comes back with `state`. Raises IdentityError away."""

    def redeem(self, code: str, issuer: str | None, sending: Sending, *, now: datetime) -> Vouched:
        """Return for whom the provider vouches, given the code that the browser brought, and whose it said it is.

        Raises IdentityError away, answer, token.
        """

    def read_ending(self, token: str, *, now: datetime) -> EndedThere:
        """Return what a token of the provider says has ended. Raises IdentityError away, token."""


# --- tables ---


class RowRule(StrEnum):
    """What a row can break."""

    CELL_COUNT = "cell_count"
    CELL_TOO_LONG = "cell_too_long"
    NUL = "nul"
    QUOTE = "quote"
    FORMULA = "formula"
    ERROR_VALUE = "error_value"
    NUMBER_AS_TEXT = "number_as_text"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class TabularLimits:
    """What a file may be. The file's own size is limited where it is received.

    `max_cell_length` in characters. For XLSX, in bytes once unpacked: all parts together, and the part that holds the
    texts cells share, which alone is kept in memory; `max_ratio` is unpacked to packed size of one part.
    """

    max_columns: int = 200
    max_cell_length: int = 10_000
    max_uncompressed_bytes: int = 2 * 1024**3
    max_shared_text_bytes: int = 128 * 1024**2
    max_ratio: int = 200

    @property
    def max_row_length(self) -> int:
        """Characters of the longest row that could be well formed, and the most held in memory to find its end."""
        return self.max_columns * (self.max_cell_length + 3)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `number` as a spreadsheet program shows it (the header is 1), cell texts by column name."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row that cannot be used: which, what rule, and at which column (from 1) where one cell is at fault."""

    number: int
    rule: RowRule
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """An opened table: the names of its columns, and its rows, to be read once."""

    header: tuple[str, ...]
    rows: Iterator[Row | RowProblem]


class OpenTable(Protocol):
    """Opens a file as a table: `connectors.tabular.open_table`."""

    def __call__(self, path: Path, *, limits: TabularLimits) -> Table:
        """Return the header and the rows still to come; both may raise the TabularError family."""


# --- witnesses of the evidence log ---


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What a witness answered: signature lines, nobody's word yet, or the `size` it saw last where that is another."""

    lines: tuple[str, ...] = ()
    size: int | None = None


class LogWitness(Protocol):
    """A witness of the log (C2SP tlog-witness), known by its key."""

    @property
    def key(self) -> NoteKey:
        """The key by which its words are known."""

    def add_checkpoint(self, old: int, path: Sequence[bytes], note: str) -> WitnessAnswer:
        """Show it a head, and the proof that the head begins with the `old` leaves it saw; return what it answers.

        Raises OutsideError: it cannot be reached, takes too long, or refuses.
        """


# --- timestamps ---


class TimestampAuthority(Protocol):
    """An authority that says when a digest was there (RFC 3161)."""

    def stamp(self, digest: bytes, nonce: int) -> bytes:
        """Return the token (DER) over a SHA-256 `digest`, which must repeat the `nonce`; it is not verified.

        Raises OutsideError or TimestampRefusedError: there is none.
        """
