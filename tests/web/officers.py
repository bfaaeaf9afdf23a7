"""Officers at their pages, for the stories: an account, a workplace with its key, forms as a browser sends them."""

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from urllib.parse import urlencode

import httpx
import orjson

from hub.custody.installation import CERT_TERM
from hub.department.officers import SignIn, app_secret, open_account
from hub.steps.orders.persons import Person, make_person
from hub.web.callers import moment
from schemas.parties import DESK_DUTIES, Duty
from schemas.statement import TYP
from schemas.tokens import TERMINAL_TYP
from signing.algorithms import generate_private_key
from signing.base64url import encode
from signing.jws import jwk_of, sign_compact
from signing.signers.file import FileSigner
from signing.totp import code_at, step_at
from tests.flows.world import MARKET, ORIGIN, World
from tests.web.served import Door

PASSWORD = "copper lantern orchard"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Account:
    """An officer with his app, which shows the code of a step: 0 is the one of now, 1 the next."""

    number: str
    secret: bytes

    def code(self, ahead: int = 0) -> str:
        return code_at(self.secret, step_at(moment().timestamp()) + ahead)


def order_code(world: World, number: str) -> str:
    """Let the operator order a one-time code for an officer; return it."""
    code = encode(secrets.token_bytes(16))
    world.now = moment()
    world.enrol("officer-codes", number=number, code_sha256=sha256(code.encode()).hexdigest())
    return code


def open_officer(world: World, number: str, department: str = MARKET, duty: Duty = Duty.CASE) -> Account:
    """Enrol an officer and open his account, with the code of the step before this one."""
    world.now = moment()
    said = {"number": number, "department": department, "duty": str(duty)}
    if duty not in DESK_DUTIES:
        person = make_person(world.keys, Person(number, duty), department=department, now=world.now, term=CERT_TERM)
        said["cert"] = encode(person.cert_der or b"")
    world.enrol("officers", **said)
    code, now = order_code(world, number), moment()
    account = Account(number, app_secret(number, code, registry=world.registry, now=now))
    open_account(SignIn(number, PASSWORD, account.code(-1)), code, registry=world.registry, now=now)
    return account


def form_token(page: httpx.Response) -> str:
    return value_of(page, "form_token")


def value_of(page: httpx.Response, name: str) -> str:
    """Return what a form of a page holds under a name."""
    found = re.search(rf'name="{re.escape(name)}"[^>]*? value="([^"]*)"', page.text)
    return unescape(found[1]) if found else ""


def post(client: httpx.Client, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
    return client.post(path, content=urlencode(form), headers=FORM | headers)


def sign_in(client: httpx.Client, number: str, code: str, password: str = PASSWORD, **form: str) -> httpx.Response:
    page = client.get("/department/sign-in")
    typed = {"number": number, "password": password, "code": code, "form_token": form_token(page)}
    return post(client, "/department/sign-in", typed | form)


class Workplace:
    """A browser with a key of its own."""

    def __init__(self) -> None:
        self.signer = FileSigner(generate_private_key("ES256"))

    def proof(self, page: httpx.Response, **said: object) -> str:
        """Return what the script of the terminal's page sends."""
        claims = {"aud": ORIGIN, "iat": int(moment().timestamp()), "nonce": form_token(page)} | said
        jwk = jwk_of(self.signer.private_key.public_key())
        return sign_compact(orjson.dumps(claims), signer=self.signer, typ=TERMINAL_TYP, headers={"jwk": jwk})

    def sit_down(self, client: httpx.Client, **said: object) -> httpx.Response:
        """Show the browser's key on the terminal's page."""
        page = client.get("/department/terminal")
        return post(client, "/department/terminal", {"form_token": form_token(page), "proof": self.proof(page, **said)})

    def signed(self, page: httpx.Response, **said: object) -> dict[str, str]:
        """Return the form of a page to check and sign, signed as its script does; `said` changes the statement."""
        claims = orjson.loads(unescape(page.text.partition('data-statement="')[2].partition('"')[0]))
        names = ("form_token", "errand", "content", "salt", "key", "typed", "parked", "beside", "back")
        form = {name: value_of(page, name) for name in names}
        return form | {"statement": sign_compact(orjson.dumps(claims | said), signer=self.signer, typ=TYP)}

    def order(self, client: httpx.Client, page: httpx.Response, **said: object) -> httpx.Response:
        """Sign what a page shows and send it."""
        assert "data-statement" in page.text, page.text
        return post(client, "/department/orders", self.signed(page, **said))


def at_work(door: Door, number: str, department: str = MARKET, duty: Duty = Duty.CASE) -> tuple[Account, Workplace]:
    """Open an officer's account, sign him in, and sit him at a terminal."""
    client, world = door
    client.cookies.clear()
    account, workplace = open_officer(world, number, department, duty), Workplace()
    sign_in(client, number, account.code())
    assert workplace.sit_down(client).status_code == 303
    return account, workplace
