"""The app's code of an officer's account, as each way of signing in sees it: of this moment, once, and not guessed.

Whoever misses too often is locked out for a while: a wrong code weighs twenty times a wrong password, so that a
stranger who knows a number cannot keep its officer out by five tries.
"""

from dataclasses import replace
from datetime import datetime

from hub.steps.registry import Registry
from hub.store.account import AccountWriter, StoredAccount
from signing.envelope import decrypt, encrypt
from signing.totp import step_of

CODE_MISS, PASSWORD_MISS = 20, 1


def sealed_secret(secret: bytes, officer: str, registry: Registry) -> bytes:
    """Return an app's secret as it is kept: encrypted, and of no use in another officer's account."""
    return encrypt(secret, master=registry.master, context=_context(officer))


def fresh_step(account: StoredAccount, code: str, *, registry: Registry, now: datetime) -> int | None:
    """Return the step that a code is of, if it is of this moment and later than any that was used; else None."""
    if account.totp is None:
        return None
    secret = decrypt(account.totp, masters=registry.masters, context=_context(account.officer))
    step = step_of(secret, code, now.timestamp())
    return step if step is not None and step > account.totp_step else None


def is_locked(account: StoredAccount, now: datetime) -> bool:
    return account.locked_until is not None and now < account.locked_until


def use_step(account: StoredAccount, step: int, writer: AccountWriter) -> None:
    """Note that the code of that step was used: it counts once, and what was missed before is forgotten."""
    writer.put(replace(account, totp_step=step, misses=0, locked_until=None))


def count_miss(
    account: StoredAccount, weight: int, writer: AccountWriter, *, registry: Registry, now: datetime
) -> None:
    """Count what was wrong; the last miss allowed locks the account."""
    misses = account.misses + weight
    is_last = misses >= registry.terms.sign_in_misses * CODE_MISS
    until = now + registry.terms.lockout_term if is_last else None
    writer.put(replace(account, misses=0 if is_last else misses, locked_until=until))


def _context(officer: str) -> bytes:
    return b"app secret\0" + officer.encode()
