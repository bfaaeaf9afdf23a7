"""A browser without scripts at an enterprise's pages: it fills in forms, and a simulated phone signs what they show."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson

from connectors.contract import SignerRole
from signing.base64url import encode
from tests.flows.world import SHOP, World

_FORM = {"content-type": "application/x-www-form-urlencoded"}
Fields = Mapping[str, str | Sequence[str]]
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def form_token(page: httpx.Response) -> str:
    return page.text.partition('name="form_token" value="')[2].partition('"')[0]


def post(client: httpx.Client, path: str, form: Fields, **headers: str) -> httpx.Response:
    return client.post(path, content=urlencode(form, doseq=True), headers=_FORM | headers)


def drafted(client: httpx.Client, **form: str) -> httpx.Response:
    page = client.get("/enterprise/sign-in")
    wish = {"licence_number": SHOP, "role": "legal_representative", "form_token": form_token(page)}
    return post(client, "/enterprise/sign-in", wish | form)


def sentence(page: httpx.Response) -> str:
    return unescape(page.text.partition('id="sentence">')[2].partition("</pre>")[0])


def signed(world: World, page: httpx.Response, *, signer: str = SHOP, role: SignerRole = "legal_representative") -> str:
    text = sentence(page)
    made = world.simulator.sign(signer, text, role)
    body: dict[str, Any] = {
        "text": text, "algorithm": made.algorithm, "signature": encode(made.signature), "cert": encode(made.cert_der),
        "role": made.signer_role,
    }  # fmt: skip
    return orjson.dumps(body).decode()


def sign_in(
    client: httpx.Client, world: World, *, role: SignerRole = "legal_representative", **form: str
) -> httpx.Response:
    signer = form.get("licence_number", SHOP)
    page = drafted(client, role=role, **form)
    given = {"signed": signed(world, page, signer=signer, role=role), "form_token": form_token(page), **form}
    return post(client, "/enterprise/sign-in", given)


def ask(client: httpx.Client, path: str, form: Fields) -> httpx.Response:
    """Open a form, fill it in and send it; return the page with the sentence, or the form with its refusal."""
    page = client.get(path)
    return post(client, path.partition("?")[0], {"form_token": form_token(page)} | dict(form))


def signing(
    world: World, page: httpx.Response, *, signer: str = SHOP, role: SignerRole = "legal_representative"
) -> tuple[str, dict[str, list[str]]]:
    """Sign the sentence of a page; return where its form goes, and what with."""
    form = page.text.partition('<form class="form" id="sign" action="')[2]
    action, inside = form.partition("?")[0], form.partition("</form>")[0]
    fields: dict[str, list[str]] = {"signed": [signed(world, page, signer=signer, role=role)]}
    for name, value in _HIDDEN.findall(inside):
        fields.setdefault(unescape(name), []).append(unescape(value))
    return action, fields


def act(
    client: httpx.Client,
    world: World,
    path: str,
    form: Fields,
    *,
    role: SignerRole = "legal_representative",
) -> httpx.Response:
    """Fill a form in, sign its sentence, and return the page of what was done."""
    action, fields = signing(world, ask(client, path, form), role=role)
    return follow(client, post(client, action, fields))


def follow(client: httpx.Client, answer: httpx.Response) -> httpx.Response:
    return client.get(answer.headers["location"]) if answer.status_code == 303 else answer
