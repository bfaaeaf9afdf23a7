"""Officers at their pages: an account is opened with a one-time code, and begins sessions of one shift.

Opening: 1 the operator ordered the code (`hub/supervision/parties.py`), of which only the digest is here 2 the officer
chooses a password and puts the secret that the page shows into his app 3 a first code of the app proves it; password,
secret and the code's end are committed together            <- COMMIT POINT
Signing in: 1 the account is neither locked nor unopened 2 the password is the one that is kept 3 the app's code is of
this moment and of a later step than any that was used 4 the session is committed, or the miss     <- COMMIT POINT
Whoever misses too often is locked out for a while (`hub/steps/accounts.py`). What is wrong, number, password or code,
is told nobody, and that an account is locked only who has all three right.
A session orders nothing: each act is signed by the workplace's key (`hub/department/terminals.py`).
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as keyed_digest

from sqlalchemy import Connection

from hub.errors import AccessError
from hub.steps.accounts import CODE_MISS, PASSWORD_MISS, count_miss, fresh_step, is_locked, sealed_secret, use_step
from hub.steps.registry import Registry
from hub.steps.sessions import open_session
from hub.store.account import AccountReader, AccountWriter, StoredAccount
from hub.store.parties import PartyReader
from signing.password import SALT_BYTES, hash_password, is_password
from signing.totp import SECRET_BYTES, step_of

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
_LONGEST_NUMBER = 64
# What an unknown number's password is held against, so that it takes as long as a known one's: what is kept of the
# empty password under a salt of zeros.
KEPT_OF_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$+DMg0Hsxx2CZGOKL/waFFg82zXwGXdCIU5N1SN6XKPQ"


@dataclass(frozen=True, slots=True)
class SignIn:
    """What an officer typed to sign in."""

    number: str
    password: str
    code: str


def app_secret(number: str, code: str, *, registry: Registry, now: datetime) -> bytes:
    """Return the secret that the officer's app is given while he opens his account with the one-time `code`.

    It is drawn from the code and a key of the hub: the page can be shown again, and nothing is kept until it is proven.
    Raises AccessError account_code.
    """
    with registry.database.read() as connection:
        _require_code(AccountReader(connection).get(number[:_LONGEST_NUMBER]), code, now)
    drawn = keyed_digest(registry.code_key, b"app secret\0" + number.encode() + b"\0" + code.encode(), "sha256")
    return drawn[:SECRET_BYTES]


def check_password(password: str, number: str) -> None:
    """Refuse a password that is too short, too long, or the number itself: AccessError password_form."""
    fits = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD and len(set(password)) > SHORTEST_PASSWORD // 3
    if not fits or number.lower() in password.lower():
        raise AccessError("password_form", shortest=SHORTEST_PASSWORD)


def open_account(typed: SignIn, one_time_code: str, *, registry: Registry, now: datetime) -> None:
    """Open an account (steps 1 to 3). Raises AccessError account_code, password_form, app_code."""
    secret = app_secret(typed.number, one_time_code, registry=registry, now=now)
    check_password(typed.password, typed.number)
    step = step_of(secret, typed.code, now.timestamp())
    if step is None:
        raise AccessError("app_code")
    kept = hash_password(typed.password, registry.random(SALT_BYTES))
    sealed = sealed_secret(secret, typed.number, registry)

    def commit(connection: Connection) -> None:
        account = AccountReader(connection).lock(typed.number)
        _require_code(account, one_time_code, now)
        AccountWriter(connection).put(StoredAccount(typed.number, kept, sealed, step, 0, None, None, None, now))

    registry.database.write(commit)


def sign_in_officer(typed: SignIn, *, registry: Registry, now: datetime) -> str:
    """Begin a session (steps 1 to 4); return its token. Raises AccessError sign_in_refused, account_locked."""
    number = typed.number[:_LONGEST_NUMBER]
    with registry.database.read() as connection:
        account = AccountReader(connection).get(number)
    kept = account.password if account and account.password else KEPT_OF_NOBODY
    is_right = is_password(typed.password[:LONGEST_PASSWORD], kept)
    # What is wrong is committed as a miss: it is returned, not raised, which would roll it back.
    outcome = registry.database.write(partial(_settle, typed, kept if is_right else None, registry, now))
    if isinstance(outcome, AccessError):
        raise outcome
    return outcome


def _settle(
    typed: SignIn, password: str | None, registry: Registry, now: datetime, connection: Connection
) -> str | AccessError:
    """Begin the session, or count the miss; `password` is the hash that what was typed fits, None where it does not."""
    account = AccountReader(connection).lock(typed.number[:_LONGEST_NUMBER])
    officer = PartyReader(connection).officer(account.officer) if account else None
    if account is None or account.totp is None or officer is None or not officer.active:
        return AccessError("sign_in_refused")
    step = fresh_step(account, typed.code, registry=registry, now=now)
    is_known = password == account.password
    if is_locked(account, now):
        return AccessError("account_locked" if is_known and step is not None else "sign_in_refused")
    writer = AccountWriter(connection)
    if step is None or not is_known:
        weight = CODE_MISS if is_known else PASSWORD_MISS
        count_miss(account, weight, writer, registry=registry, now=now)
        return AccessError("sign_in_refused")
    use_step(account, step, writer)
    # The browser is a terminal once it shows the key of one (`hub/department/terminals.py`).
    return open_session(
        connection, officer.department, officer=officer.number, term=registry.terms.shift_term, registry=registry,
        now=now,
    )  # fmt: skip


def _require_code(account: StoredAccount | None, code: str, now: datetime) -> None:
    shown, ends_at = sha256(code.encode()).hexdigest(), account.code_ends_at if account else None
    kept = account.code_sha256 if account else None
    if not compare_digest(shown, kept or "-") or ends_at is None or not now < ends_at:
        raise AccessError("account_code")
