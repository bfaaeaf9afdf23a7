"""The operator's persons at their pages, for the stories: each with a browser, a workplace's key and one of his own."""

from html import unescape
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from hub.custody.installation import CERT_TERM
from hub.web.callers import moment
from schemas.approval import TYP as APPROVAL_TYP
from schemas.statement import TYP
from schemas.tokens import PERSON_TYP
from signing.algorithms import generate_private_key
from signing.base64url import encode
from signing.jws import jwk_of, sign_compact
from signing.signers.file import FileSigner
from signing.x509 import Purpose
from tests.flows.world import OPERATOR, ORIGIN, World
from tests.web.officers import Workplace, form_token, post, value_of
from tests.web.seated_officer import seat
from tests.web.served import Door

_HIDDEN = ("form_token", "kind", "content", "salt", "digest", "parked", "key", "typed")


def enrol_person(world: World, number: str, duty: str) -> None:
    """Enrol a person of the operator whose first key nobody has: his browser's takes its place."""
    world.now = moment()
    cert = world.keys.certify_key(
        generate_private_key("ES256").public_key(), by="authority", common_name=f"TEST {number}",
        licence_number=OPERATOR, purpose=Purpose.OFFICER, now=world.now, until=world.now + CERT_TERM,
    )  # fmt: skip
    world.enrol("officers", number=number, department=OPERATOR, duty=duty, cert=encode(cert))


class Person:
    """A person of the operator who sits at a browser of his own; as a context, it is closed at the end."""

    def __init__(self, door: Door, number: str, duty: str) -> None:
        client, world = door
        enrol_person(world, number, duty)
        self.number, self.duty = number, duty
        self.browser = httpx.Client(base_url=client.base_url, timeout=60)
        self.workplace, self.signer = Workplace(), FileSigner(generate_private_key("ES256"))
        seat(self.browser, world, OPERATOR, number)
        assert self.workplace.sit_down(self.browser).status_code == 303
        assert self.show_key().status_code == 303

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.browser.close()

    def show_key(self, **said: object) -> httpx.Response:
        """Send what the script of the page of one's signature sends."""
        page = self.browser.get("/operator/signing")
        claims = {"aud": ORIGIN, "iat": int(moment().timestamp()), "nonce": form_token(page)} | said
        jwk = jwk_of(self.signer.private_key.public_key())
        proof = sign_compact(orjson.dumps(claims), signer=self.signer, typ=PERSON_TYP, headers={"jwk": jwk})
        return post(self.browser, "/operator/signing", {"form_token": form_token(page), "proof": proof})

    def draft(self, kind: str, **form: Any) -> httpx.Response:
        """Fill in the form of a change; return the page on which it is checked and signed."""
        page = self.browser.get(f"/operator/changes/new/{kind}")
        given = {"form_token": form_token(page)} | form
        return self.browser.post(f"/operator/changes/new/{kind}", data=given)

    def signed(self, page: httpx.Response, **said: object) -> dict[str, str]:
        """Return the form of a page to check and sign, signed as its script does; `said` changes the approval."""
        form = {name: value_of(page, name) for name in _HIDDEN}
        approval, statement = _signable(page, "approval"), _signable(page, "statement")
        if approval:
            claims = orjson.loads(approval) | said
            form["approval"] = sign_compact(orjson.dumps(claims), signer=self.signer, typ=APPROVAL_TYP)
        if statement:
            signer = self.workplace.signer
            form["statement"] = sign_compact(orjson.dumps(orjson.loads(statement)), signer=signer, typ=TYP)
        return form

    def sign(self, page: httpx.Response, **said: object) -> httpx.Response:
        """Sign what a page shows and send it."""
        assert "data-approval" in page.text, page.text
        return post(self.browser, "/operator/sign", self.signed(page, **said))

    def waiting(self) -> list[str]:
        """Return the paths of the drafts that wait."""
        parts = self.browser.get("/operator/changes").text.split('<h3><a href="')[1:]
        return [part.partition("?")[0] for part in parts]


def _signable(page: httpx.Response, name: str) -> str:
    return unescape(page.text.partition(f' data-{name}="')[2].partition('"')[0])
