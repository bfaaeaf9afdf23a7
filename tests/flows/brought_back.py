"""What departments and enterprises keep of their acts, and a world that loses those acts and gets the files back."""

import secrets
from base64 import standard_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from connectors.contract import SignedText
from hub.app.opening import log_key
from hub.custody.recovery.reapplying import Attempt, Deed, Lost, reapply
from hub.custody.recovery.recovering import Approve, Recovering, recover, settle
from hub.custody.recovery.returned import Returned
from hub.enterprise.grants import draft_withdrawal, withdraw_grant
from hub.evidence.receipts import Receipts
from hub.steps.orders.approvals import VerifiedApproval
from hub.steps.orders.persons import approve_here
from hub.steps.orders.statements import Second
from hub.store.database import Database
from hub.web.api.again import deeds
from schemas.approval import Change
from schemas.certificate import GRAVE
from schemas.statement import SALT_BYTES, Ordered, content_digest
from schemas.tokens import RECEIPT_TYP
from signing.base64url import encode
from signing.jws import CompactSigner
from tests.flows.backed_up import NewUrl, back_up, reference_of, restored
from tests.flows.test_archives import packed
from tests.flows.world import MARKET, OFFICERS, OPERATOR, SHOP, World, change_content, open_world

SECOND = timedelta(seconds=1)


@dataclass
class Keeper:
    """A department or enterprise that keeps what it ordered and what it was answered: its files, by the acts' names."""

    world: World
    files: dict[str, list[bytes]] = field(default_factory=dict)

    def change(self, identifier: str, act: str, **content: Any) -> str:
        """Order a change of status and keep order and receipt; return the act's name."""
        full = change_content(identifier, act, **content)
        body = self._body(Ordered.CHANGE_STATUS, full, seconded=act in GRAVE, issuing_body=MARKET)
        first, *others = (
            self.world.verified(jws, act=Ordered.CHANGE_STATUS, system="market")
            for jws in (body["statement"], *body.get("countersignatures", ()))
        )
        beside = tuple(Second(each, MARKET) for each in others)
        return self._keep({"order": body}, self.world.change_verified(full, first, seconds=beside))

    def issue(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Order one certificate; keep order, receipt and archive package; return the answer."""
        code = content["certificate_type"]
        body = self._body(Ordered.ISSUE, content, seconded=False, issuing_body=MARKET, certificate_type=code)
        verified = self.world.verified(body["statement"], act=Ordered.ISSUE, system="market")
        answer = self.world.issue_verified(content, verified)
        act = self._keep({"order": body}, answer)
        self.files[act].append(packed(self.world, str(answer["identifier"])))
        return answer

    def grant(self) -> str:
        """Give a grant and keep sentence and receipt; return its digest."""
        signed = self.world.sign_grant()
        answer = self.world.post(signed)
        self._keep({"sentence": _sentence(signed)}, answer)
        return str(answer["digest"])

    def withdraw(self, digest: str) -> str:
        """End a grant and keep sentence and receipt; return the act's name."""
        text = draft_withdrawal(digest, registry=self.world.registry)["text"]
        signed = self.world.simulator.sign(SHOP, text, "legal_representative")
        e_licence = self.world.exchange.e_licence
        answer = withdraw_grant(
            digest, signed, registry=self.world.registry, e_licence=e_licence, now=self.world.now
        )  # fmt: skip
        return self._keep({"sentence": _sentence(signed)}, answer)

    def receipt(self, act: str) -> bytes:
        """Return a kept act's receipt alone."""
        return str(orjson.loads(self.files[act][0])["answer"]["receipt"]).encode()

    def all(self) -> list[bytes]:
        return [each for files in self.files.values() for each in files]

    def _body(self, act: Ordered, content: Mapping[str, Any], *, seconded: bool, **members: Any) -> dict[str, Any]:
        salt = secrets.token_bytes(SALT_BYTES)
        members |= {"content_digest": content_digest(content, salt)}
        first, other = OFFICERS["market"]
        body = {
            "statement": self.world.sign(act, system="market", officer=first, **members),
            "salt": standard_b64encode(salt).decode(),
            "content": dict(content),
        }
        beside = [self.world.sign(act, system="market", officer=other, **members)] if seconded else []
        return body | ({"countersignatures": beside} if beside else {})

    def _keep(self, what: dict[str, Any], answer: Mapping[str, Any]) -> str:
        signer = CompactSigner(self.world.keys.signer("hub:answers"), RECEIPT_TYP)
        made = Receipts(self.world.registry, self.world.log.store, signer, latest=timedelta(minutes=15))
        names = {name: str(answer[name]) for name in ("identifier", "reference", "holder_reference") if name in answer}
        act = str(answer["act_id"])
        receipt = made.make(act, self.world.now, names if "reference" in names else None)
        self.files[act] = [orjson.dumps(what | {"answer": dict(answer) | {"receipt": receipt}})]
        return act


def approving(world: World, now: datetime) -> Approve:
    """Return how the operator's first two persons sign for a recovery."""

    def approve(change: Change, digest: str) -> Sequence[VerifiedApproval]:
        with world.registry.database.read() as connection:
            return approve_here(
                change, digest, keys=world.keys, installation=world.installation, trust=world.registry.trust(),
                connection=connection, now=now,
            )  # fmt: skip

    return approve


@contextmanager
def lost_after(world: World, folder: Path, new_url: NewUrl, do: Callable[[Keeper], object]) -> Iterator["Recovered"]:
    """Back a world up, let `do` happen, restore the backup and recover: yield the world as it goes on, unsettled."""
    world.log.round(world.now)
    back_up(world, folder / "backup")
    world.now += SECOND
    keeper = Keeper(world)
    do(keeper)
    world.log.round(world.now)
    now, url = world.now + timedelta(minutes=1), new_url(world.registry.database.dialect)
    with restored(world, folder / "backup", folder / "again", url, now) as set_back:
        recover(
            Recovering(
                set_back.registry.database, set_back.log.store,
                lambda number: log_key(set_back.keys, set_back.installation, number),
                OPERATOR, secrets.token_bytes, "recovery",
            ),
            folder / "report", returned=Returned(), approve=approving(set_back, now), now=now,
        )  # fmt: skip
        again = open_world(Database(set_back.registry.database.url), folder / "again", now + timedelta(minutes=2))
        again.log.round(again.now)
        yield Recovered(again, keeper)
        again.close()


@dataclass
class Recovered:
    """A world that was recovered, and who kept what it lost."""

    world: World
    keeper: Keeper

    def bring(self, *files: bytes, dying_at: int = 0, meanwhile: Callable[[], object] | None = None) -> dict[str, Any]:
        """Bring files back, as the command does; it is killed at its act number `dying_at`.

        `meanwhile` happens when a flow is about to do an act again.
        """
        world, returned = self.world, Returned()
        for each in files:
            returned.take(each)
        made = deeds(e_licence=world.exchange.e_licence, files=world.workshop.files)
        if dying_at or meanwhile is not None:
            made = _disturbed(made, dying_at, meanwhile or (lambda: None))
        told = reapply(returned, deeds=made, registry=world.registry, store=world.log.store, now=world.now)
        world.now += 2 * SECOND
        return told

    def settle(self) -> None:
        world = self.world
        settle(
            database=world.registry.database, operator=OPERATOR, approve=approving(world, world.now),
            random=secrets.token_bytes, now=world.now,
        )  # fmt: skip
        world.now += 2 * SECOND

    def outcome(self, identifier: str) -> tuple[str, str]:
        return self.world.outcome(reference_of(self.world, identifier))


def _disturbed(made: Mapping[str, Deed], dying_at: int, meanwhile: Callable[[], object]) -> Mapping[str, Deed]:
    turns = count(1)

    def disturbed(deed: Deed, lost: Lost) -> Sequence[Attempt]:
        if next(turns) == dying_at:
            raise KeyboardInterrupt
        meanwhile()
        return deed(lost)

    return {kind: partial(disturbed, each) for kind, each in made.items()}


def _sentence(signed: SignedText) -> dict[str, Any]:
    return {
        "text": signed.text,
        "algorithm": signed.algorithm,
        "signature": encode(signed.signature),
        "cert": encode(signed.cert_der),
        "role": signed.signer_role,
    }
