"""Enterprises that live: random acts, lawful and not, led in a hub and in `lives_model.Town`, and compared throughout.

Every rule below is one act. The model says which rules it breaks: an act that breaks none must be done, any other must
be refused by the code of one of them and leave nothing behind but its evidence. What was done is looked at as anybody
would who scans, now and about days gone by; at the end of a life the whole registry is verified anew.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from hub.app import scan_reader
from hub.grants import grant_state
from hub.lookup import look_up_certificate, look_up_enterprise
from hub.settings import Settings
from schemas.clocks import ClockCode
from schemas.identifiers import make_licence_number
from tests.flows import lives_model as model
from tests.flows.lives_model import FOOD, LICENCE, LIFT, Bond, Chain, Deed, Enterprise, Issue, Note, Town, Version
from tests.flows.refusals import REFUSALS, code_of, state_digests
from tests.flows.registry_check import check_registry
from tests.flows.world import (
    HEALTH,
    MARKET,
    World,
    food_number,
    food_order,
    granted_request,
    licence_order,
    lift_number,
    lift_order,
    statutory_request,
)

ENTERPRISES = 10
GRANTED_USES = 2
CODES_EXPECTED = frozenset({
    "decision_in_future", "works_from_future", "out_of_order", "transition_not_allowed", "not_current",
    "undo_not_last", "undo_not_possible", "number_taken", "device_elsewhere", "subject_unknown", "subject_registered",
    "subject_ended", "subject_not_found", "previous_of_another", "previous_not_current", "body_not_in_charge",
    "annotation_only_licence", "annotation_there", "annotation_lifted", "renewal_not_filed", "renewal_not_possible",
    "enterprise_not_found", "relation_itself", "relation_there", "relation_two_parents", "relation_two_successors",
    "relation_ring", "relation_not_found", "grant_withdrawn", "grant_ended", "grant_used_up",
})  # fmt: skip
MIDNIGHT = timedelta(hours=16)  # UTC, when a day begins in Shanghai
LEAP_EVE, LEAP_DAY, AFTER_LEAP = (datetime(2028, 2, day, 16, 0, tzinfo=UTC) for day in (27, 28, 29))
THE_END = datetime(2028, 9, 1, tzinfo=UTC)
ISSUERS_NOTES = {"renewal_accepted", "renewal_refused", "dormant", "abnormal", "moved_out"}
NOTES = [*sorted(ISSUERS_NOTES), "frozen", "business_halted", "execution_stayed"]
ACTS = ["suspend", "suspend", "reinstate", "reinstate", "withdraw", "annul", "strip", "cancel", "void", "void"]
CAUSES = ["renew", "change", "correct", "reissue", "exchange"]
ORDERS = {LICENCE: licence_order, FOOD: food_order, LIFT: lift_order}
LONGEST_TERM = 1826  # five years of a food permit
KINDS = ["branch", "conversion", "absorption", "merger", "split", "split", "spin_off"]

pick = st.integers(0, 99)
# How many days ago something is said to work; it may not be tomorrow.
ago = st.sampled_from([0, 0, 0, 1, 2, 9, -1])


class Lives(RuleBasedStateMachine):
    """One town's life. `open_world` opens a hub of its own for each."""

    open_world: ClassVar[Callable[[], AbstractContextManager[World]]]

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.world = self._open.enter_context(type(self).open_world())
        self._runner = self._open.enter_context(asyncio.Runner())
        database = self.world.registry.database
        self._reader = scan_reader(Settings(database=database.url), database)
        numbers = [make_licence_number("91442000", f"MA{place:06d}") for place in range(1, ENTERPRISES + 1)]
        self.town = Town(self.world.now, [Enterprise(number) for number in numbers])
        self._listed_at = self.world.now
        self._digest: dict[str, str] | None = None
        self._acts = 0
        self._signing: set[str] = set()
        self.world.share()
        self.world.enrol(
            "issuing-bodies", licence_number=HEALTH, department=HEALTH, name_zh="示例卫生健康局",
            name_en="Example health bureau", area="442000", from_on="2019-01-01",
            competences=[{"certificate_type": "public_place_hygiene_permit", "from_on": "2019-01-01"}],
            annotates=["frozen", "business_halted", "execution_stayed"],
        )  # fmt: skip

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                for version in self.town.versions():
                    self._look(version, back=self.town.today - timedelta(days=2))
                for enterprise in self.town.enterprises:
                    self._look_at(enterprise)
                check_registry(self.world)
        finally:
            self._runner.run(self._reader.close())
            self._open.close()

    # --- licences and permits -------------------------------------------------------------------------------------

    @initialize(leap=st.booleans(), licensed=st.integers(6, ENTERPRISES), recent=st.booleans())
    def begin(self, leap: bool, licensed: int, recent: bool) -> None:
        if leap:
            self._go_to(LEAP_EVE - timedelta(seconds=1))
        for place in range(licensed):
            self.open_shop(place, name=0, days=3 if recent else 2000)

    @rule(place=pick, name=st.integers(0, 2), days=st.sampled_from([0, 1, 400, -2]))
    def open_shop(self, place: int, name: int, days: int) -> None:
        holder = self._enterprise(place)
        begins = self._day(days)
        self._issue(
            Issue(LICENCE, holder, holder.number, min(begins, self.town.today), begins, None),
            self._name(holder, name), valid_from=begins, valid_to=None,
        )  # fmt: skip

    @rule(place=pick, name=st.integers(0, 2), days=ago, cause=st.sampled_from([None, "change", "correct"]))
    def rename(self, place: int, name: int, days: int, cause: str | None) -> None:
        old = self._licence(self._enterprise(place))
        if old is not None:
            works = self._day(days)
            order = Issue(LICENCE, old.holder, old.number, min(works, self.town.today), works, old, cause)
            self._issue(order, self._name(old.holder, name), valid_from=old.valid_from, valid_to=None)

    @rule(place=pick, number=pick, days=ago, term=st.sampled_from([5, 25, 60, 365, 1825]), site=pick)
    def open_kitchen(self, place: int, number: int, days: int, term: int, site: int) -> None:
        holder, begins = self._enterprise(place), self._day(days)
        sites = [each.subject_id for each in self.town.subjects if each.kind == "site"]
        chosen = [None, "S-000000000000", *sites][site % (2 + len(sites))] if site < 60 else None
        order = Issue(
            FOOD, holder, food_number(number % 24 + 1), min(begins, self.town.today), begins, None, site=chosen
        )
        self._issue(order, holder.name or self._name(holder, 0), begins, begins + timedelta(days=term))

    @rule(place=pick, number=pick, device=st.integers(0, 2), days=ago, decided=ago)
    def register_lift(self, place: int, number: int, device: int, days: int, decided: int) -> None:
        holder, begins = self._enterprise(place), self._day(days)
        order = Issue(
            LIFT, holder, lift_number(number % 9 + 1), self._day(max(decided, 0) if days < 0 else decided), begins,
            None, device=_device(device),
        )  # fmt: skip
        self._issue(order, holder.name or self._name(holder, 0), begins, None)

    @rule(
        chosen=pick,
        cause=st.sampled_from(CAUSES),
        days=ago,
        term=st.sampled_from([20, 90, 730]),
        number=pick,
        to=pick,
        device=st.integers(0, 8),
    )
    def replace(self, chosen: int, cause: str, days: int, term: int, number: int, to: int, device: int) -> None:
        """Renew, change, correct, reissue or exchange, lawfully or not: by any number, about any device, to anybody."""
        old = self._version(chosen, FOOD, LIFT)
        if old is not None:
            is_food = old.chain.certificate_type == FOOD
            other = food_number(number % 24 + 1) if is_food else lift_number(number % 9 + 1)
            other_device = None if is_food else _device(device) if device < 3 else old.device
            self._replace(
                old, cause, self._day(days), term, self._heir(old, to), other if number > 80 else old.number,
                other_device,
            )  # fmt: skip

    @rule(chosen=pick, cause=st.sampled_from(CAUSES), term=st.sampled_from([20, 90, 730]), to=pick, number=pick)
    def replace_lawfully(self, chosen: int, cause: str, term: int, to: int, number: int) -> None:
        """Replace what is in force from today on: for its holder, its successor, or the next user of its device."""
        live = [chain.current() for chain in self.town.chains if chain.certificate_type != LICENCE and chain.is_live()]
        old = live[chosen % len(live)] if live else None
        if old is None:
            return
        is_food = old.chain.certificate_type == FOOD
        holder = self._heir(old, min(to, 85)) if is_food or to < 50 else self._enterprise(to)
        free = food_number(number % 24 + 1) if is_food else lift_number(number % 9 + 1)
        is_taken = any(free in chain.numbers() for chain in self.town.chains)
        self._replace(
            old, cause, self.town.today, term, holder, old.number if is_taken or number < 60 else free, old.device
        )

    def _replace(
        self, old: Version, cause: str, works: date, term: int, holder: Enterprise, number: str, device: str | None
    ) -> None:
        order = Issue(
            old.chain.certificate_type, holder, number, min(works, self.town.today), works, old, cause, device=device
        )
        last = works + timedelta(days=term) if old.chain.certificate_type == FOOD else None
        begins = works if cause == "renew" else min(old.valid_from, works)
        if last is not None and (last - begins).days > LONGEST_TERM:
            begins = works
        self._issue(order, holder.name or self._name(holder, 0), begins, last)

    # --- changes of status ------------------------------------------------------------------------------------------

    @rule(
        chosen=pick,
        act=st.sampled_from(ACTS),
        days=ago,
        document=st.sampled_from([0, 0, 0, 3, -1]),
        until=st.sampled_from([None, 0, 4, 30]),
        public=st.sampled_from([None, None, 0, 60]),
    )
    def change(self, chosen: int, act: str, days: int, document: int, until: int | None, public: int | None) -> None:
        version = self._version(chosen)
        if version is not None:
            self._change(version, act, self._day(days), self._day(document), until, public)

    @rule(chosen=pick, which=pick, until=st.sampled_from([None, 4, 30]), public=st.sampled_from([None, 0, 60]))
    def change_lawfully(self, chosen: int, which: int, until: int | None, public: int | None) -> None:
        """Do what the state of a certificate allows; much more often suspend and reinstate than end it."""
        version = self._version(chosen)
        allowed = [act for act in ACTS if version and version.status() in model.ALLOWED_FROM[act]]
        if version is not None and allowed:
            self._change(version, allowed[which % len(allowed)], self.town.today, self.town.today, until, public)

    @rule(chosen=pick)
    def take_back(self, chosen: int) -> None:
        """Take a mistake back: the last act, or the last version of several."""
        current = [chain.current() for chain in self.town.chains]
        found = [each for each in current if each and (each.counting() or len(each.chain.versions) > 1)]
        if not found:
            return
        version, today = found[chosen % len(found)], self.town.today
        if version.counting():
            self._undo(version, version.counting()[-1], today)
        else:
            self._change(version, "void", today, today, None, None)

    def _change(
        self, version: Version, act: str, works: date, document: date, until: int | None, public: int | None
    ) -> None:
        broken = self.town.broken_by_change(version, act, works, document, None)
        deed = Deed(act, works, self.town.now, "")
        if act == "suspend" and until is not None:
            deed.until = works + timedelta(days=until)
        if act in ("suspend", "strip") and public is not None:
            deed.public_until = works + timedelta(days=public)
        days_said = {"until": deed.until, "public_until": deed.public_until}
        said = {name: day.isoformat() for name, day in days_said.items() if day is not None}
        done = self._act(
            broken,
            lambda: self.world.change(
                version.identifier, act, works_from=works.isoformat(),
                document_date=document.isoformat(), **said,
            ),
        )  # fmt: skip
        if done is None:
            return
        deed.act_id = done["act_id"]
        before = version.holder
        if act == "void":
            self.town.voided(version, deed)
            self._look_at(before)
            self._look_at(version.chain.holder)
            for each in version.chain.versions:
                self._look(each)
        else:
            version.deeds.append(deed)
        assert done["status"] == version.status()
        self._look(version)

    @rule(chosen=pick, which=st.sampled_from([-1, -1, -1, 0]), days=ago)
    def undo(self, chosen: int, which: int, days: int) -> None:
        done_to = [version for version in self.town.versions() if version.deeds]
        if done_to:
            version = done_to[chosen % len(done_to)]
            self._undo(version, version.deeds[which], self._day(days))

    def _undo(self, version: Version, wrong: Deed, works: date) -> None:
        broken = self.town.broken_by_change(version, "undo", works, self.town.today, wrong.act_id)
        done = self._act(
            broken,
            lambda: self.world.change(
                version.identifier, "undo", undoes=wrong.act_id, works_from=works.isoformat(),
                document_date=self.town.today.isoformat(),
            ),
        )  # fmt: skip
        if done is not None:
            wrong.undone_at = self.town.now
            assert done["status"] == version.status()
            self._look(version)

    # --- notes ------------------------------------------------------------------------------------------------------

    @rule(
        chosen=pick,
        kind=st.sampled_from(NOTES),
        wrong_author=st.sampled_from([False, False, False, False, True]),
        number=st.integers(1, 2),
        days=ago,
        term=st.sampled_from([None, None, 0, 20]),
    )
    def note(self, chosen: int, kind: str, wrong_author: bool, number: int, days: int, term: int | None) -> None:
        only_licence = kind in ("dormant", "abnormal", "moved_out") and chosen % 8 > 0
        version = self._version(chosen, LICENCE) if only_licence else self._version(chosen)
        if version is None:
            return
        system = "market" if (kind in ISSUERS_NOTES) != wrong_author else "health"
        from_on, renewal = self._day(days), kind.startswith("renewal")
        until = from_on + timedelta(days=term) if term is not None and not renewal else None
        document, by = f"示注〔2026〕{number}号", MARKET if system == "market" else HEALTH
        broken = self.town.broken_by_note(version, kind, by, document, from_on, not wrong_author)
        said = {"until_on": until.isoformat()} if until else {}
        done = self._act(
            broken,
            lambda: self.world.annotate(
                version.identifier, kind, system=system, document_number=document, from_on=from_on.isoformat(),
                document_date=min(from_on, self.town.today).isoformat(), **said,
            ),
        )  # fmt: skip
        if done is None:
            return
        if kind == "renewal_accepted":
            until = self._carried_until(version, from_on)
        if kind == "renewal_refused":
            for each in version.notes:
                if each.kind == "renewal_accepted" and each.lifted_on is None:
                    each.lifted_on, each.lifted_at = from_on, self.town.now
        version.notes.append(Note(kind, by, document, from_on, until, self.town.now, done["act_id"]))
        self._look(version)

    @rule(chosen=pick, wrong_author=st.sampled_from([False, False, False, True]), days=ago)
    def lift_note(self, chosen: int, wrong_author: bool, days: int) -> None:
        noted = [(version, note) for version in self.town.versions() for note in version.notes]
        if not noted:
            return
        version, note = noted[chosen % len(noted)]
        by = note.by if not wrong_author else HEALTH if note.by == MARKET else MARKET
        from_on = self._day(days)
        broken = self.town.broken_by_lift(note, by, from_on)
        done = self._act(
            broken,
            lambda: self.world.undo_note(
                version.identifier, "lift", note.act_id, system="market" if by == MARKET else "health",
                from_on=from_on.isoformat(), document_date=min(from_on, self.town.today).isoformat(),
            ),
        )  # fmt: skip
        if done is not None:
            note.lifted_on, note.lifted_at = from_on, self.town.now
            for each in version.chain.versions:
                self._look(each)

    # --- enterprises to one another ---------------------------------------------------------------------------------

    @rule(one=pick, other=pick, kind=st.sampled_from(KINDS), days=ago)
    def relate(self, one: int, other: int, kind: str, days: int) -> None:
        from_, to, works = self._enterprise(one), self._enterprise(other), self._day(days)
        broken = self.town.broken_by_bond(kind, from_, to, works)
        done = self._act(broken, lambda: self.world.relate(kind, from_.number, to.number, works_from=works.isoformat()))
        if done is None:
            return
        self.town.bonds.append(Bond(kind, from_, to, works, self.town.now))
        ended = [each for each in self.town.grants if each.holder is from_ and not each.ended]
        assert done.get("grants_ended", 0) == (len(ended) if kind in model.SUCCESSIONS else 0)
        if kind in model.SUCCESSIONS:
            for each in ended:
                each.ended = True
        self._look_at(from_)
        self._look_at(to)

    @precondition(lambda self: self.town.bonds)
    @rule(chosen=pick, days=ago)
    def end_relation(self, chosen: int, days: int) -> None:
        bond, until = self.town.bonds[chosen % len(self.town.bonds)], self._day(days)
        standing = bond if bond.until is None else None
        again = [
            each
            for each in self.town.bonds
            if (each.kind, each.from_, each.to) == (bond.kind, bond.from_, bond.to) and each.until is None
        ]
        standing = standing or next(iter(again), None)
        broken = self.town.broken_by_end_of_bond(standing, until)
        done = self._act(
            broken,
            lambda: self.world.relate(
                bond.kind, bond.from_.number, bond.to.number, step="end", works_from=until.isoformat()
            ),
        )
        if done is not None and standing is not None:
            standing.until, standing.ended_at = until, self.town.now
            self._look_at(bond.from_)
            self._look_at(bond.to)

    # --- sites and devices ------------------------------------------------------------------------------------------

    @rule(
        place=pick,
        kind=st.sampled_from(["site", "device"]),
        step=st.sampled_from(["register", "hand_on", "end"]),
        which=st.integers(0, 2),
        days=ago,
    )
    def site_or_device(self, place: int, kind: str, step: str, which: int, days: int) -> None:
        sites = [each.subject_id for each in self.town.subjects if each.kind == "site"]
        subject_id = _device(which) if kind == "device" else (sites or ["S-000000000000"])[which % (len(sites) or 1)]
        known = next((each for each in self.town.subjects if each.subject_id == subject_id), None)
        works = self._day(days)
        broken = {"works_from_future"} if works > self.town.today else set[str]()
        if step == "register" and kind == "device" and known is not None:
            broken.add("subject_registered")
        if step != "register" and known is None:
            broken.add("subject_not_found")
        if step != "register" and known is not None and known.ended:
            broken.add("subject_ended")
        said: dict[str, Any] = {"step": step, "works_from": works.isoformat()}
        if step != "register" or kind == "device":
            said["subject_id"] = subject_id
        if step != "end":
            said["licence_number"] = self._enterprise(place).number
        done = self._act(broken, lambda: self.world.register(kind, **said))
        if done is None:
            return
        if step == "register":
            self.town.subjects.append(model.Subject(done["subject_id"], kind))
        elif step == "end" and known is not None:
            known.ended = True

    # --- grants and pulls -------------------------------------------------------------------------------------------

    @rule(place=pick)
    def grant(self, place: int) -> None:
        holder = self._enterprise(place)
        if not holder.reference:
            return
        if holder.number not in self._signing:
            self.world.make_licence(holder.number)
            self._signing.add(holder.number)
        signed = self.world.sign_grant(signer=holder.number, licence_number=holder.number, uses=GRANTED_USES)
        digest = str(self.world.post(signed)["digest"])
        self._digest = None
        self.town.grants.append(model.Grant(digest, holder, self.town.now + timedelta(days=30), GRANTED_USES))

    @rule(place=pick, chosen=st.integers(0, 9))
    def pull(self, place: int, chosen: int) -> None:
        """Pull by law, or under a grant."""
        grant = self.town.grants[chosen] if chosen < len(self.town.grants) else None
        holder, broken = grant.holder if grant else self._enterprise(place), set[str]()
        request = statutory_request(licence_number=holder.number)
        if grant is not None:
            request = granted_request(grant.digest, licence_number=holder.number)
            if grant.ended:
                broken.add("grant_withdrawn")
            if self.town.now >= grant.valid_until:
                broken.add("grant_ended")
            if grant.uses_left == 0:
                broken.add("grant_used_up")
        done = self._act(broken, lambda: self.world.pull(request), beside="grant")
        if done is None:
            return
        found = {each["identifier"]: each for each in done["items"] if each["found"]}
        held = [each.current() for each in holder.chains if each.certificate_type == FOOD]
        assert found.keys() == {each.identifier for each in held if each}
        for each in filter(None, held):
            item, (outcome, _) = found[each.identifier], model.outcome_of(self.town.judged_now(each))
            assert (item["verdict"]["outcome"], item["file"] is not None) == (outcome, outcome == "valid")
        if grant is not None:
            grant.uses_left -= any(each["file"] for each in found.values())
            taken = grant_state(grant.digest, registry=self.world.registry, now=self.town.now)["uses_taken"]
            assert taken == GRANTED_USES - grant.uses_left

    # --- time, and looking ------------------------------------------------------------------------------------------

    @rule(how=st.sampled_from(["eve", "midnight", "midnight", "day", "days", "season", "leap"]))
    def pass_time(self, how: str) -> None:
        now = self.town.now
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + MIDNIGHT
        midnight += timedelta(days=midnight <= now)
        leap = next((each for each in (LEAP_DAY, AFTER_LEAP) if each > now), now + timedelta(days=1))
        to = {
            "eve": midnight - timedelta(seconds=1),
            "midnight": midnight,
            "day": now + timedelta(days=1),
            "days": now + timedelta(days=12),
            "season": now + timedelta(days=90),
            "leap": leap,
        }[how]
        if now < to < THE_END:
            self._go_to(to)

    @rule(chosen=pick, days=st.sampled_from([0, 0, 1, 2, 5, 12, 100]))
    def look_back(self, chosen: int, days: int) -> None:
        version = self._version(chosen)
        if version is not None:
            self._look(version, back=self._day(days))

    # --- how an act is done -----------------------------------------------------------------------------------------

    def _issue(self, order: Issue, name: str, valid_from: date, valid_to: date | None) -> None:
        content = {
            "licence_number": order.holder.number,
            "holder_name": name,
            "certificate_number": order.number,
            "decision_number": f"示许〔2026〕{self._acts}号",
            "decided_on": order.decided_on.isoformat(),
            "valid_from": valid_from.isoformat(),
            "valid_to": valid_to.isoformat() if valid_to else None,
            "works_from": order.works_from.isoformat(),
            "replaces": order.replaces.identifier if order.replaces else None,
            "cause": order.cause,
            "subject_id": order.site or order.device or "",
        }
        made = ORDERS[order.certificate_type]
        done = self._act(self.town.broken_by_issue(order), lambda: self.world.issue(made(**content)))
        if done is None:
            return
        chain = order.replaces.chain if order.replaces else Chain(order.certificate_type, order.holder)
        version = Version(
            done["identifier"], done["reference"], chain, order.holder, name, order.number, order.device,
            order.works_from, valid_from, valid_to, self.town.now, done["act_id"],
        )  # fmt: skip
        before = chain.holder
        order.holder.reference = done["holder_reference"]
        self.town.issued(order, version, name)
        assert done["version"] == len(chain.versions)
        self._look(version)
        self._look_at(order.holder)
        if order.replaces is not None:
            self._look(order.replaces)
            self._look_at(before)

    def _act(
        self, broken: set[str], act: Callable[[], dict[str, Any]], beside: str | None = None
    ) -> dict[str, Any] | None:
        """Do an act that breaks no rule; have any other refused by one of them, leaving nothing behind.

        `beside` names a table that may change: of a grant the hub may learn how its signer's cert stands now.
        """
        self._acts += 1
        if not broken:
            self._digest = None
            return act()
        assert broken <= CODES_EXPECTED
        before = self._everything(beside)
        try:
            act()
        except REFUSALS as error:
            code = code_of(error)
            assert code in broken, f"refused as {code}, not as one of {sorted(broken)}"
        else:
            raise AssertionError(f"was done, though {sorted(broken)}")
        self._digest = None
        assert self._everything(beside) == before, f"{code} left something behind"
        return None

    def _everything(self, beside: str | None) -> dict[str, str]:
        """Return a digest of each table but those of the evidence of refusals; read anew once an act was done."""
        if self._digest is None:
            with self.world.registry.database.read() as connection:
                self._digest = state_digests(connection)
        return {name: digest for name, digest in self._digest.items() if name != beside}

    def _go_to(self, moment: datetime) -> None:
        self.world.now = self.town.now = moment
        if moment - self._listed_at > timedelta(days=20):
            self.world.pass_days(0)
            self._listed_at, self._digest = moment, None

    def _carried_until(self, version: Version, filed_on: date) -> date:
        """Return until when a renewal that was filed carries a certificate: past its end only when filed in time."""
        assert version.valid_to is not None
        in_time = filed_on <= version.valid_to - model.RENEWAL_WINDOW
        decided = self.world.registry.due(ClockCode.RENEWAL_DECISION, version.valid_to).on
        return decided if in_time else version.valid_to

    # --- how it is compared -----------------------------------------------------------------------------------------

    def _look(self, version: Version, back: date | None = None) -> None:
        """Compare what a scan of one version answers with the model."""
        rows = self._runner.run(self._reader.certificate(version.reference))
        assert rows is not None
        answer = look_up_certificate(rows, surroundings=self.world.surroundings(), now=self.town.now, at=back)
        told = answer["certificate"]
        assert told["status"] == version.status()
        assert (told["holder_name"], told["number"]) == (version.holder_name, version.number)
        counting = version.counting()
        last = counting[-1] if counting else None
        assert told["status_since"] == (last.works_from if last else version.works_from).isoformat()
        assert told["until"] == (last.until.isoformat() if last and last.until else None)
        self._same(answer["verdict"], self.town.judged_now(version))
        if back is not None:
            for line, known_by in (
                ("recorded_then", min(model.end_of_day(back), self.town.now)),
                ("known_now", self.town.now),
            ):
                doubts, verdict = self.town.judged_on(version, back, known_by), answer["at"][line]
                assert (verdict is None) == (doubts is None), line
                if doubts is not None:
                    self._same(verdict, doubts, line)

    def _same(self, verdict: dict[str, Any], doubts: list[model.Doubt], line: str = "now") -> None:
        outcome, reasons = model.outcome_of(doubts)
        assert (verdict["outcome"], verdict["reason"] in reasons) == (outcome, True), (line, verdict, doubts)

    def _look_at(self, enterprise: Enterprise) -> None:
        """Compare what a scan of an enterprise answers with the model."""
        if not enterprise.reference:
            return
        rows = self._runner.run(self._reader.enterprise(enterprise.reference, None))
        assert rows is not None
        answer = look_up_enterprise(rows, surroundings=self.world.surroundings(), now=self.town.now)
        holder, current = answer["holder"], [each.current() for each in enterprise.chains]
        assert (holder["name"], answer["total"]) == (enterprise.name, len(current))
        former = [(each["name"], date.fromisoformat(each["until"])) for each in holder.get("former_names", [])]
        assert former == enterprise.former_names
        bonds = [
            each
            for each in self.town.bonds
            if each.from_ is enterprise or (each.to is enterprise and each.kind != "branch")
        ]
        told = [(each["kind"], each["from"], each["to"]) for each in holder.get("relations", [])]
        assert told == [(each.kind, each.from_.number, each.to.number) for each in bonds]
        shown = {each["identifier"]: each for each in answer["certificates"]}
        assert shown.keys() == {each.identifier for each in current if each}
        for version in filter(None, current):
            self._same(shown[version.identifier]["verdict"], self.town.judged_now(version))

    # --- who and what is meant --------------------------------------------------------------------------------------

    def _enterprise(self, place: int) -> Enterprise:
        return self.town.enterprises[place % ENTERPRISES]

    def _name(self, enterprise: Enterprise, which: int) -> str:
        return f"中山示例{'甲乙丙'[which]}{enterprise.number[-3:]}店"

    def _day(self, days_ago: int) -> date:
        return self.town.today - timedelta(days=days_ago)

    def _licence(self, enterprise: Enterprise) -> Version | None:
        licences = [each.current() for each in enterprise.chains if each.certificate_type == LICENCE]
        return licences[-1] if licences else None

    def _version(self, chosen: int, *types: str) -> Version | None:
        """Return a version: mostly a current one, now and then one that was replaced or a mistake."""
        chains = [each for each in self.town.chains if not types or each.certificate_type in types]
        if not chains:
            return None
        chain = chains[chosen % len(chains)]
        return chain.current() or chain.versions[-1] if chosen % 10 else chain.versions[0]

    def _heir(self, old: Version, to: int) -> Enterprise:
        """Return who is to hold a next version: mostly the same holder, else a successor or just anybody."""
        heirs = [each.to for each in self.town.bonds if each.from_ is old.chain.holder]
        if to > 85:
            return self._enterprise(to)
        return heirs[to % len(heirs)] if heirs and to > 30 else old.chain.holder


def _device(which: int) -> str:
    return f"3110442000202001000{which + 1}"
