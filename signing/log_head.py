"""Whether a signed head of a hub's log counts as proof: by the key that signed it, and by the words of others on it.

The rule, for whoever judges a head (the hub itself, its audit, its drills; `verify_bundle.py` has a copy of its own):
1 a key that the trust list names for the log has signed the note, under the log's name
2 it counts when nothing has revoked that key
3 once the key is revoked since a moment, the head counts only where somebody outside who is believed, a witness or a
  timestamp authority, spoke of this very note before that moment; so do the leaves it covers. A later word, and no
  word, prove nothing: whoever had the key could have signed it
4 what counts no more is not false: a head by another key of the log proves the same leaves, from its own time on
A log that a recovery closed counts with the one that follows, whose first leaf commits to its last note.
A key that ended by age signs no more, and what it signed counts on.
"""

from dataclasses import dataclass
from datetime import datetime

from signing.algorithms import PublicKey, public_key_from_spki, spki
from signing.checkpoint import Checkpoint, NoteKey, read_checkpoint
from signing.errors import SignatureInvalidError
from signing.trust import TrustList

_PURPOSE = "log"


@dataclass(frozen=True, slots=True)
class RevokedKey:
    """A key of the log, by its public key in DER, that counts no more `since` a moment."""

    spki: bytes
    since: datetime

    def is_key(self, key: PublicKey) -> bool:
        """Say whether it is this one."""
        return spki(key) == self.spki

    def line_start(self, origin: str) -> str:
        """Return how its signature begins in a note of the log of that name."""
        return NoteKey(origin, public_key_from_spki(self.spki)).line_start


Revoked = tuple[RevokedKey, ...]
"""The log's keys that count no more, as a trust list names them."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head that a listed key signed; `revoked_at` is since when that key counts no more."""

    checkpoint: Checkpoint
    key_id: str
    revoked_at: datetime | None

    def counts(self, *words: datetime) -> bool:
        """Say whether it is proof; `words` are the moments at which others who are believed saw this very note."""
        return self.revoked_at is None or any(at < self.revoked_at for at in words)


def read_head(note: str, origin: str, trust: TrustList) -> SignedHead:
    """Return the head in the note of the log of that name, signed by a key of the log that the list names.

    Raises MalformedTokenError, SignatureInvalidError.
    """
    for each in trust.hub_keys:
        if each.purpose == _PURPOSE:
            try:
                checkpoint = read_checkpoint(note, NoteKey(origin, public_key_from_spki(each.spki)))
            except SignatureInvalidError:
                continue
            return SignedHead(checkpoint, each.key_id, each.revoked_at)
    raise SignatureInvalidError("no listed key of the log has signed this checkpoint")


def revoked_signer(note: str, origin: str, revoked: Revoked) -> RevokedKey | None:
    """Return the revoked key whose signature a note of one's own log bears; None when its key counts."""
    return next((each for each in revoked if f"\n{each.line_start(origin)}" in note), None)


def revoked_log_keys(trust: TrustList) -> Revoked:
    """Return the keys of the log that a list revokes, each since its moment."""
    its = [(each.spki, each.revoked_at) for each in trust.hub_keys if each.purpose == _PURPOSE]
    return tuple(RevokedKey(spki, since) for spki, since in its if since is not None)
