"""Officers of the example city who sign in to pages: their accounts, opened as officers open them.

What each knows and what his app was given is kept for the sign-in page of this TEST hub, where a stranger finds it.
"""

import re
import secrets
import time
from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from html import unescape

import httpx

from connectors.authenticator_simulator import AuthenticatorSimulator, PlayedOfficer
from schemas.parties import Duty
from scripts.example_city import DEPARTMENTS, ExampleDepartment
from signing.base64url import encode
from signing.totp import code_at, step_at

AUDITOR = "audit-001"
SIGNERS = {"system-101": Duty.SYSTEM, "security-101": Duty.SECURITY}
"""The operator's two persons who sign changes at pages, each in a browser of his own, by their duties."""
PLAYED = ("operator", "market", "health", "police", "culture")
_PATH = "/department/sign-up"
_WORDS = ("灯塔", "木棉", "石桥", "荷塘", "渔火", "青砖", "榕树", "海风")
_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
_SECRET = re.compile(r'id="app-secret">([A-Z2-7 ]+)<')


@dataclass(frozen=True, slots=True)
class _Officer:
    """Who is played: of which system's department, and in words."""

    system: str
    number: str
    zh: str
    en: str


_OPERATORS = (
    _Officer("operator", AUDITOR, "平台运营方 审计员", "The hub's operator, its auditor"),
    _Officer("operator", "system-101", "平台运营方 系统管理员", "The hub's operator, its system administrator"),
    _Officer("operator", "security-101", "平台运营方 安全管理员", "The hub's operator, its security administrator"),
)


def _at_window(department: ExampleDepartment) -> _Officer:
    named = f"{department.name_zh} 窗口经办人", f"{department.name_en}, at the window"
    return _Officer(department.system, department.officer, *named)


def open_accounts(
    url: str, http: httpx.Client, enrol: Callable[..., object], simulator: AuthenticatorSimulator
) -> None:
    """Let the operator order a one-time code for each, and open the accounts with them."""
    for each in [*_OPERATORS, *map(_at_window, DEPARTMENTS)]:
        if each.system in PLAYED:
            _open(url, http, enrol, simulator, each)


def _open(
    url: str,
    http: httpx.Client,
    enrol: Callable[..., object],
    simulator: AuthenticatorSimulator,
    officer: _Officer,
) -> None:
    code, number = encode(secrets.token_bytes(16)), officer.number
    enrol("officer-codes", number=number, code_sha256=sha256(code.encode()).hexdigest())
    password = "-".join(["示例", *(secrets.choice(_WORDS) for _ in range(4))])
    typed = {"number": number, "opening_code": code, "password": password, "password_again": password}
    first = http.get(url + _PATH)
    shown = _post(url, http, typed | {"form_token": _found(_TOKEN, first)})
    secret = b32decode(_padded(_found(_SECRET, shown).replace(" ", "")))
    # The code of the step before: that of this moment is left for who signs in.
    app_code = code_at(secret, step_at(time.time()) - 1)
    _post(url, http, typed | {"form_token": _found(_TOKEN, shown), "code": app_code})
    simulator.keep(PlayedOfficer(number, password, secret.hex(), officer.zh, officer.en))


def _post(url: str, http: httpx.Client, form: dict[str, str]) -> httpx.Response:
    answer = http.post(url + _PATH, data=form)
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        raise RuntimeError(f"the account of {form['number']} was not opened: {answer.status_code}")
    return answer


def _found(pattern: re.Pattern[str], page: httpx.Response) -> str:
    found = pattern.search(page.text)
    if found is None:
        raise RuntimeError(f"{_PATH} has not what was expected")
    return unescape(found[1])


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 8)
