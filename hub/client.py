"""What a department's system needs to call the hub: a token, a proof, a signed statement, and the call.

One small client does all three (RFC 7523 private_key_jwt, RFC 9449 DPoP, the hub's statements). It holds one key of its
own, used to sign statements and assertions, and makes a throw-away key for the proofs.
"""

import secrets
import time
from base64 import standard_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson

from schemas.approval import TYP as APPROVAL_TYP
from schemas.approval import Approval, Change, approval_payload, one_of_each
from schemas.parties import Duty
from schemas.statement import SALT_BYTES, TYP, Ordered, content_digest, statement_payload
from schemas.tokens import ASSERTION_TYP, ASSERTION_TYPE, PROOF_TYP, access_token_hash
from signing.algorithms import generate_private_key
from signing.base64url import encode
from signing.jws import jwk_of, sign_compact
from signing.signers import Signer
from signing.signers.file import FileSigner
from signing.synced import create_synced, replace_synced

_RENEW_BEFORE_SECONDS = 30
_TIMEOUT_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 300.0
_CHUNK_BYTES = 64 * 1024
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.02, 1.0

Follow = Callable[[str, int, int | None], None]
"""Is told of long work: the step, how much of it is done, of how much."""


class RefusedError(Exception):
    """The hub refused: `status` and the problem document (RFC 9457) it answered with."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('title', '')}")
        self.status = status
        self.problem = dict(problem)

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))


@dataclass(frozen=True, slots=True)
class Approver:
    """A person who approves changes, with the key of his own."""

    number: str
    duty: Duty
    signer: Signer


@dataclass(slots=True)
class _Token:
    value: str
    expires_at: float


@dataclass(slots=True)
class Client:
    """One system's view of one hub. `origin` is the hub's public origin (from its metadata when not given).

    With `bound_to_cert` tokens are bound to the client cert of `http` (RFC 8705) instead of proofs (RFC 9449): for hubs
    whose metadata says `tls_client_certificate_bound_access_tokens`.
    In the folder `keep` every order lies before it is sent, then with its answer and the receipt: a hub that loses the
    act does it again from that file.
    `approvers` sign the changes that need two persons, where their keys are at hand; else approvals are handed over.
    """

    url: str
    system: str
    signer: Signer
    origin: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=_TIMEOUT_SECONDS))
    bound_to_cert: bool = False
    keep: Path | None = None
    approvers: Sequence[Approver] = ()
    proof_signer: FileSigner = field(default_factory=lambda: FileSigner(generate_private_key("ES256")))
    _token: _Token | None = None

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        if not self.origin:
            self.origin = self.http.get(f"{self.url}/.well-known/oauth-authorization-server").json()["issuer"]

    def order(
        self,
        path: str,
        act: Ordered,
        content: Mapping[str, Any],
        *,
        officer: str | None = None,
        certificate_type: str | None = None,
        issuing_body: str | None = None,
        key: str | None = None,
        second_officer: str | None = None,
        joint: Sequence["Client"] = (),
        salt: bytes | None = None,
        approvals: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Order an act: sign a statement that binds `content` by a salted digest, and post both to `path`.

        `second_officer` signs the same beside `officer`; `joint` are systems of other bodies that do. `approvals` are
        two persons' over the same content and `salt`; where none are given, `approvers` make them.
        """
        body = self.make_order(
            act, content, officer=officer, certificate_type=certificate_type, issuing_body=issuing_body,
            second_officer=second_officer, joint=joint, salt=salt, approvals=approvals,
        )  # fmt: skip
        if self.keep is None:
            return self.post(path, body, key=key)
        file = self.keep / f"{sha256(str(body['statement']).encode()).hexdigest()}.json"
        create_synced(file, orjson.dumps({"order": body}))
        answer = self.post(path, body, key=key)
        replace_synced(file, orjson.dumps({"order": body, "answer": answer}))
        return answer

    def request(
        self, path: str, act: Ordered, request: Mapping[str, Any], *, officer: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """Ask: sign a statement that carries `request`, and post it to `path`."""
        statement = self.make_statement(act, officer=officer, request=request)
        return self.post(path, {"statement": statement}, key=key)

    def make_order(
        self,
        act: Ordered,
        content: Mapping[str, Any],
        *,
        officer: str | None = None,
        certificate_type: str | None = None,
        issuing_body: str | None = None,
        second_officer: str | None = None,
        joint: Sequence["Client"] = (),
        salt: bytes | None = None,
        approvals: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Return an order's body: statement, salt, content, statements beside the first, two persons' approvals."""
        salt = salt or secrets.token_bytes(SALT_BYTES)
        digest = content_digest(content, salt)
        members = {
            "certificate_type": certificate_type,
            "issuing_body": issuing_body,
            "content_digest": digest,
        }
        body = {
            "statement": self.make_statement(act, officer=officer, **members),
            "salt": standard_b64encode(salt).decode(),
            "content": dict(content),
        }
        beside = [self.make_statement(act, officer=second_officer, **members)] if second_officer else []
        beside += [each.make_statement(act, **members) for each in joint]
        body |= {"countersignatures": beside} if beside else {}
        approved = [*approvals] or self._approvals(act, content, digest)
        return body | ({"approvals": approved} if approved else {})

    def _approvals(self, act: Ordered, content: Mapping[str, Any], digest: str) -> list[str]:
        """Let one person of each duty that the act needs sign, where it needs any; no trial, nobody about himself."""
        if act.value not in set(Change) or content.get("dry_run"):
            return []
        change, now = Change(act.value), int(time.time())
        return [
            sign_compact(
                orjson.dumps(approval_payload(_approval(change, self.origin, each, digest, now))),
                signer=each.signer, typ=APPROVAL_TYP,
            )
            for each in one_of_each(self.approvers, change, without=content.get("number"))
        ]  # fmt: skip

    def make_statement(self, act: Ordered, **members: Any) -> str:
        """Sign a statement of this moment."""
        payload = statement_payload(
            act=act,
            audience=self.origin,
            system=self.system,
            officer=members.pop("officer", None),
            issued_at=int(time.time()),
            jti=encode(secrets.token_bytes(16)),
            **members,
        )
        return sign_compact(orjson.dumps(payload), signer=self.signer, typ=TYP)

    def post(
        self, path: str, body: Mapping[str, Any], *, key: str | None = None, wait: int | None = None
    ) -> dict[str, Any]:
        """Post a body with token, proof and idempotency key (a new one when not given).

        `wait` is for how many seconds the answer may wait until its receipt proves the act's place in the log.
        """
        headers = self.headers("POST", path) | {"idempotency-key": key or encode(secrets.token_bytes(16))}
        headers |= {"content-type": "application/json"}
        headers |= {"prefer": f"wait={wait}"} if wait is not None else {}
        return self._answer(self.http.post(self.url + path, content=orjson.dumps(body), headers=headers))

    def put(self, path: str, content: bytes | Iterable[bytes]) -> dict[str, Any]:
        """Stream a file to `path`."""
        headers = self.headers("PUT", path) | {"content-type": "application/octet-stream"}
        return self._answer(self.http.put(self.url + path, content=content, headers=headers))

    def renew_key(self, signer: Signer, *, previous_until: date, officer: str | None = None) -> dict[str, Any]:
        """Enrol the key of `signer`, which has its cert, as this system's next one, and sign with it from now on.

        The present key counts to the end of the day `previous_until`, at most 90 days ahead.
        """
        if signer.cert_der is None:
            raise ValueError("the next key needs its cert")
        content = {"cert": encode(signer.cert_der), "previous_until": previous_until.isoformat()}
        body = self.make_order(Ordered.RENEW_KEY, content, officer=officer)
        answer = self.post("/api/v1/system-keys", body)
        self.signer = signer
        return answer

    def hand_in(
        self, document: bytes, *, identifier: str, issuing_body: str, origin: str, officer: str | None = None
    ) -> dict[str, Any]:
        """Hand in a PDF that the issuing body had sealed before, as a document of the certificate `identifier`."""
        path, content = "/api/v1/existing-documents", {
            "identifier": identifier,
            "issuing_body": issuing_body,
            "file_sha256": sha256(document).hexdigest(),
            "origin": origin,
        }  # fmt: skip
        order = self.make_order(Ordered.TAKE_IN, content, officer=officer, issuing_body=issuing_body)
        headers = self.headers("POST", path) | {"idempotency-key": encode(secrets.token_bytes(16))}
        parts = {"order": ("order.json", orjson.dumps(order)), "file": ("document.pdf", document)}
        return self._answer(self.http.post(self.url + path, files=parts, headers=headers))

    def import_file(
        self,
        file: Path,
        *,
        form: str,
        certificate_type: str | None = None,
        issuing_body: str | None = None,
        source: str | None = None,
        origin: str | None = None,
        officer: str | None = None,
        second_officer: str | None = None,
        dry_run: bool = False,
        follow: Follow = lambda step, done, of: None,
    ) -> dict[str, Any]:
        """Hand a file in, under the digest this system signs, and wait until its rows are done.

        `form` is "type", "publicity" or "penalty"; `issuing_body` signs the file as its own, `source` is where it was
        collected, `origin` "legacy" where that is an archive.
        `follow` is told the step, how much of it is done, and of how much (None while that is unknown). Returns the
        intake as the hub describes it, done or failed, with its name under "intake".
        """
        length, digest = _measure(file)
        content = {
            "form": form,
            "certificate_type": certificate_type,
            "issuing_body": issuing_body,
            "source": source,
            "origin": origin,
            "file_sha256": digest,
            "dry_run": dry_run,
        }
        given = {name: value for name, value in content.items() if value is not None}
        path = "/api/v1/intakes"
        body = self.make_order(
            Ordered.IMPORT, given, officer=officer, certificate_type=certificate_type, issuing_body=issuing_body,
            second_officer=second_officer,
        )  # fmt: skip
        intake = self.post(path, body)["intake"]
        self.put(f"{path}/{intake}/file", _chunks(file, length, follow))
        pause = _SHORTEST_PAUSE_SECONDS
        while True:
            found: dict[str, Any] = self.get(f"{path}/{intake}").json()
            follow("rows", found["rows_done"], found["rows"])
            if found["state"] in ("done", "failed"):
                return found | {"intake": intake}
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)

    def send_batch(self, file: Path, request: Mapping[str, Any], *, officer: str | None = None) -> dict[str, Any]:
        """Order a file of pulls under its digest and send it; return its name under "batch" and its state.

        `request` has `item_code`, `basis` and `wanted`; the rows are worked through by night.
        """
        length, digest = _measure(file)
        path = "/api/v1/pull-batches"
        asked = dict(request) | {"file_sha256": digest}
        batch = self.request(path, Ordered.PULL_BATCH, asked, officer=officer)["batch"]
        return self.put(f"{path}/{batch}/file", _chunks(file, length, lambda step, done, of: None))

    def changes(self, since: str | None = None, *, limit: int = 100) -> dict[str, Any]:
        """Return one page of what changed behind a cursor ("now": from here on; None: from the beginning).

        `changes`, the `cursor` to go on with, and whether `more` waits; a page may be empty while more does.
        """
        query = {"limit": str(limit)} | ({} if since is None else {"since": since})
        page: dict[str, Any] = self.get("/api/v1/changes", **query).json()
        return page

    def undo_import(
        self,
        content: Mapping[str, Any],
        *,
        officer: str | None = None,
        second_officer: str | None = None,
        key: str | None = None,
        follow: Follow = lambda step, done, of: None,
    ) -> dict[str, Any]:
        """Order an intake (`content["intake"]`) to be undone, and ask on until it is; return the last answer."""
        path, key = f"/api/v1/intakes/{content['intake']}/undo", key or encode(secrets.token_bytes(16))
        body = self.make_order(
            Ordered.UNDO_IMPORT, content, officer=officer, second_officer=second_officer,
            issuing_body=content["issuing_body"],
        )  # fmt: skip
        while (found := self.post(path, body, key=key))["state"] != "done":
            follow("undone", found["undone"], None)
        return found

    def get(self, path: str, **query: str) -> httpx.Response:
        """Get `path` with token and proof; `query` is what stands behind it."""
        response = self.http.get(self.url + path, params=query, headers=self.headers("GET", path))
        if response.status_code >= 400:
            self._answer(response)
        return response

    def save(self, path: str, file: Path, **query: str) -> int:
        """Get `path` into a file as it comes, and return its length; the file is there whole or not at all."""
        part = file.with_name(file.name + ".part")
        headers = self.headers("GET", path)
        with self.http.stream("GET", self.url + path, params=query, headers=headers) as response:
            if response.status_code >= 400:
                response.read()
                self._answer(response)
            try:
                with part.open("wb") as opened:
                    for chunk in response.iter_bytes():
                        opened.write(chunk)
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
        return file.stat().st_size

    def fetch(self, path: str, *, language: str = "zh") -> bytes:
        """Get a document, and wait while it is being made; `path` without its query."""
        return fetch_document(
            lambda: self.http.get(self.url + path, params={"lang": language}, headers=self.headers("GET", path))
        )

    def evidence(self, name: str, file: Path) -> int:
        """Get the evidence bundle of a delivery, or of a refusal by its decision, into a file; return its length."""
        return self.save(f"/api/v1/deliveries/{name}/evidence", file)

    def headers(self, method: str, path: str) -> dict[str, str]:
        """Return the headers of one call: the token (renewed in time) and a proof of its own."""
        token = self._usable_token()
        if self.bound_to_cert:
            return {"authorization": f"Bearer {token}", "accept": "application/json"}
        return {
            "authorization": f"DPoP {token}",
            "dpop": self.proof(method, path, token),
            "accept": "application/json",
        }

    def _usable_token(self) -> str:
        if self._token is None or time.time() > self._token.expires_at - _RENEW_BEFORE_SECONDS:
            now = int(time.time())
            headers = {} if self.bound_to_cert else {"dpop": self.proof("POST", "/oauth/token", None)}
            answer = self._answer(self.http.post(f"{self.url}/oauth/token", data=self.token_form(), headers=headers))
            self._token = _Token(answer["access_token"], now + answer["expires_in"])
        return self._token.value

    def token_form(self) -> dict[str, str]:
        """Return the form that asks for a token, with an assertion of this moment by the system's key (RFC 7523)."""
        now = int(time.time())
        claims = {"iss": self.system, "sub": self.system, "aud": self.origin, "iat": now, "exp": now + 60}
        claims["jti"] = encode(secrets.token_bytes(16))
        return {
            "grant_type": "client_credentials",
            "client_id": self.system,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_compact(orjson.dumps(claims), signer=self.signer, typ=ASSERTION_TYP),
        }

    def proof(self, method: str, path: str, token: str | None) -> str:
        """Return the proof (RFC 9449) of one call, with the token that goes with it."""
        claims: dict[str, Any] = {"htm": method, "htu": self.origin + path, "iat": int(time.time())}
        claims["jti"] = encode(secrets.token_bytes(16))
        if token is not None:
            claims["ath"] = access_token_hash(token)
        jwk = jwk_of(self.proof_signer.private_key.public_key())
        return sign_compact(orjson.dumps(claims), signer=self.proof_signer, typ=PROOF_TYP, headers={"jwk": jwk})

    def _answer(self, response: httpx.Response) -> dict[str, Any]:
        if response.status_code >= 400:
            raise RefusedError(response.status_code, problem_of(response))
        answer: dict[str, Any] = response.json()
        return answer


def _approval(change: Change, audience: str, by: Approver, digest: str, now: int) -> Approval:
    return Approval(change, audience, by.number, by.duty, now, encode(secrets.token_bytes(16)), digest)


def fetch_document(ask: Callable[[], httpx.Response]) -> bytes:
    """Ask again while the hub answers that a document is being made (202); return its bytes.

    Raises RefusedError, with status 202 when it is not made after minutes.
    """
    ends = time.monotonic() + _LONGEST_WAIT_SECONDS
    while (response := ask()).status_code == httpx.codes.ACCEPTED and time.monotonic() < ends:
        time.sleep(1.0)
    if response.status_code != httpx.codes.OK:
        raise RefusedError(response.status_code, problem_of(response))
    return response.content


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """Return the problem document of a refusal, or what stands for one where something else answered."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"title": response.text[:200]}


def _measure(file: Path) -> tuple[int, str]:
    """Return a file's length and the SHA-256 (hex) of its bytes, read in pieces."""
    length, digest = 0, sha256()
    for chunk in _chunks(file, None, lambda step, done, of: None):
        length += len(chunk)
        digest.update(chunk)
    return length, digest.hexdigest()


def _chunks(file: Path, length: int | None, follow: Follow) -> Iterator[bytes]:
    sent = 0
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            yield chunk
            sent += len(chunk)
            follow("upload", sent, length)
