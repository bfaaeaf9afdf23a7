"""A change that a command drafted (`--draft`) is signed in a person's browser; the approval goes back to the command.

So are the certificate types of a release admitted, before which no hub of that release runs (`yizhao admit --draft`,
`--approval`), and any order that a command drafts. Nothing is kept or done here: the page shows what the file says, the
person's key signs the digest of that very content, and the approval is verified before it is handed out.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from hub.errors import HubError, OrderError
from hub.steps.orders.approvals import require_first, verify_approvals
from hub.steps.registry import Registry
from hub.web.callers import in_thread, moment
from hub.web.department.ordering import in_words
from hub.web.operator.changing import approval_to_sign, own_approval, person_of
from hub.web.operator.dashboard import HOME, require_operator
from hub.web.operator.kinds import DUTIES
from hub.web.operator.standing_words import STATES
from hub.web.problems import document
from hub.web.sessions import PRIVATE, Guard, Visit, told
from schemas.approval import DUTIES_NEEDED, TYP, Change
from schemas.canonical import CanonicalFormError, canonical_digest
from schemas.parties import Officer
from schemas.statement import SALT_BYTES, content_digest
from signing.errors import SigningError
from signing.jws import parse_json

CHANGE_FILE = f"{HOME}/change-file"
SIGNED = f"{CHANGE_FILE}/signed"
_SIGNABLE = (Change.ADMIT_TYPE, Change.ENTITLE, Change.SHARE, Change.SHARE_SHEET)


@dataclass(frozen=True, slots=True)
class _Drafted:
    """What a file says: the change, its rows, all of them, the salt ("" for a local act), the digest to be signed."""

    change: Change
    rows: Sequence[Sequence[str]]
    salt: str
    digest: str


def routes(registry: Registry, guard: Guard, *, operator: str) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def asked(visit: Visit) -> Response:
        require_operator(visit, operator)
        return _page(visit, None)

    @guard.page
    async def filled(visit: Visit) -> Response:
        require_operator(visit, operator)
        try:
            drafted = _read(visit.get("file"), registry.origin)
        except OrderError as error:
            return _page(visit, told(error, visit.request))
        officer = await in_thread(person_of, visit, registry)
        return _page(visit, None, drafted, officer)

    def _page(
        visit: Visit,
        problem: Mapping[str, Any] | None,
        drafted: _Drafted | None = None,
        officer: Officer | None = None,
    ) -> Response:
        given: dict[str, Any] = {"home": HOME, "problem": problem, "drafted": None}
        if drafted is not None and officer is not None:
            now, side = int(moment().timestamp()), ("zh", "en").index(visit.language)
            hindered = "" if officer.duty in DUTIES_NEEDED[drafted.change] else "person_duty"
            given["drafted"] = {
                "title": STATES[drafted.change][side],
                "rows": drafted.rows,
                "is_admission": drafted.change is Change.ADMIT_TYPE,
                "digest": drafted.digest,
                "file": visit.get("file"),
                "officer": officer.number,
                "duty": in_words(DUTIES[officer.duty], visit.language),
                "approval": approval_to_sign(
                    drafted.change, drafted.digest, officer, audience=registry.origin, now=now
                ),
                "approval_typ": TYP,
                "now": now,
                "hindered": document(hindered, "") if hindered else None,
            }
        return guard.show(visit, "change_file", given, 200 if problem is None else 422)

    @guard.page
    async def signed(visit: Visit) -> Response:
        """Hand the approval out, as the command takes it."""
        require_operator(visit, operator)
        drafted = _read(visit.get("file"), registry.origin)

        def verify() -> str:
            token, now = own_approval(visit), moment()
            (verified,) = verify_approvals(
                [token], change=str(drafted.change), content_digest=drafted.digest, registry=registry, now=now
            )
            with registry.database.read() as connection:
                require_first(verified, connection=connection)
            return token

        try:
            token = await in_thread(verify)
        except HubError as error:
            officer = await in_thread(person_of, visit, registry)
            return _page(visit, told(error, visit.request), drafted, officer)
        content = orjson.dumps({"approval": token} | ({"salt": drafted.salt} if drafted.salt else {}))
        name = f"{drafted.change}.{visit.session.stored.officer}.approval.json"
        headers = PRIVATE | {"content-disposition": f'attachment; filename="{name}"'}
        return Response(content, headers=headers, media_type="application/json")

    router.add_api_route(CHANGE_FILE, asked, methods=["GET"])
    router.add_api_route(CHANGE_FILE, filled, methods=["POST"])
    router.add_api_route(SIGNED, signed, methods=["POST"])
    return router


def _read(file_b64: str, origin: str) -> _Drafted:
    """Read a change file (base64); the digest is made of its own content. Raises OrderError change_file_form."""
    try:
        said = parse_json(b64decode(file_b64, validate=True))
        change, content, shown = Change(said["act"]), said["content"], said.get("shown")
        salt = str(said.get("salt") or "")
        if change not in _SIGNABLE or said["audience"] != origin or not isinstance(content, dict):
            raise OrderError("change_file_form")
        rows = [*_rows(content), *_rows(shown or {})]
        if change is Change.ADMIT_TYPE:
            return _Drafted(change, rows, "", canonical_digest(content))
        salt_octets = b64decode(salt, validate=True)
        # What a sheet changes is what is read: it has to be the very thing whose digest is ordered.
        is_told = "difference" not in content or canonical_digest(shown) == content["difference"]
        if len(salt_octets) != SALT_BYTES or not is_told:
            raise OrderError("change_file_form")
        return _Drafted(change, rows, salt, content_digest(content, salt_octets))
    except (
        SigningError,
        Base64Error,
        CanonicalFormError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
    ):
        raise OrderError("change_file_form") from None


def _rows(value: Any, name: str = "") -> Iterator[list[str]]:
    """Yield what a content says, a row for each of its values, named by where it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _rows(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _rows(inner, f"{name}[{at}]")
    else:
        # A sheet is read by what it changes, which stands beside it: here by its fingerprint.
        is_sheet = name == "sheet" and isinstance(value, str)
        yield [name, f"SHA-256 {sha256(b64decode(value, validate=True)).hexdigest()}" if is_sheet else str(value)]
