"""A log of a few leaves, kept in a list and proven by the second implementation: what a witness is asked about."""

from collections.abc import Iterable

from signing.algorithms import generate_private_key
from signing.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from signing.signers.file import FileSigner
from signing.witness_request import make_witness_request
from tests.second import merkle


class SmallLog:
    """A log by `origin` with a key of its own."""

    def __init__(self, origin: str = "hub.example.test/log/TEST") -> None:
        private = generate_private_key("Ed25519")
        self._signer = FileSigner(private)
        self.key = NoteKey(origin, private.public_key())
        self.leaves: list[bytes] = []

    def fork(self) -> "SmallLog":
        """Return a log of the same name and key that will have other leaves from here on."""
        other = SmallLog(self.key.name)
        other._signer, other.key, other.leaves = self._signer, self.key, list(self.leaves)
        return other

    def add(self, *leaves: str) -> "SmallLog":
        self.leaves += [each.encode() for each in leaves]
        return self

    def note(self, size: int | None = None) -> str:
        """Return the signed head of the first `size` leaves."""
        at = len(self.leaves) if size is None else size
        head = Checkpoint(self.key.name, at, merkle.head(self.leaves[:at]))
        return sign_checkpoint(head, self._signer, self.key.public_key)

    def ask(self, old: int, size: int | None = None, path: Iterable[bytes] | None = None) -> bytes:
        """Return what this log sends to a witness that saw `old` leaves last."""
        at = len(self.leaves) if size is None else size
        proof = merkle.consistency_path(old, self.leaves[:at]) if path is None else path
        return make_witness_request(old, list(proof), self.note(at))
