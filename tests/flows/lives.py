"""Enterprises that live: random acts, lawful and not, led in a hub and in `lives_model.Town`, and compared throughout.

Every rule below is one act, with whatever days, names and people come along; those that are called lawful give long
lives. How an act is judged and what is compared stands in `lives_led.py`.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from hub.enterprise.grants import grant_state
from schemas.clocks import ClockCode
from tests.flows import lives_model as model
from tests.flows.lives_led import ENTERPRISES, Led
from tests.flows.lives_model import FOOD, LICENCE, LIFT, Bond, Chain, Deed, Enterprise, Issue, Note, Version
from tests.flows.world import (
    HEALTH,
    MARKET,
    food_number,
    food_order,
    granted_request,
    licence_order,
    lift_number,
    lift_order,
    statutory_request,
)

GRANTED_USES = 2
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


class Lives(Led):
    """One town's life."""

    _recent: Chain | None = None

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
            order = Issue(LICENCE, old.holder, old.number, min(works, self.town.today), works, old, cause=cause)
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
        """Renew, change, correct, reissue or exchange, lawfully or not: any number, device or holder."""
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
        # Its own number, one it had before, or another.
        free = food_number(number % 24 + 1) if is_food else lift_number(number % 9 + 1)
        wanted = old.number if number < 40 else old.chain.versions[0].number if number < 60 else free
        is_taken = any(wanted in each.numbers() for each in self.town.chains if each is not old.chain)
        self._replace(old, cause, self.town.today, term, holder, old.number if is_taken else wanted, old.device)

    @rule(chosen=pick, to=pick, by_void=st.booleans())
    def put_elsewhere(self, chosen: int, to: int, by_void: bool) -> None:
        """Let a device go to another certificate, and then take back the act that let it go."""
        live = [each for each in self.town.chains if each.certificate_type == LIFT and each.is_live()]
        old = live[chosen % len(live)].current() if live else None
        if old is None:
            return
        today = self.town.today
        if by_void:
            spare = next((_device(which) for which in range(3) if _device(which) != old.device), None)
            self._replace(old, "correct", today, 0, old.holder, old.number, spare)
        else:
            self._change(old, "cancel", today, today, None, None)
        holder, numbers = self._enterprise(to), {number for chain in self.town.chains for number in chain.numbers()}
        number = next((lift_number(which) for which in range(1, 10) if lift_number(which) not in numbers), None)
        if number is not None:
            order = Issue(LIFT, holder, number, today, today, None, device=old.device)
            self._issue(order, holder.name or self._name(holder, 0), today, None)
        current = old.chain.current()
        if current is not None and current is not old:
            self._change(current, "void", today, today, None, None)
        elif old.counting():
            self._undo(old, old.counting()[-1], today)

    @rule(chosen=pick, to=pick, kind=st.sampled_from(KINDS), ended=st.sampled_from([None, 0, 1, 3]))
    def succeed(self, chosen: int, to: int, kind: str, ended: int | None) -> None:
        """Let an enterprise be succeeded, sometimes by mistake, and its permit go to whoever it was."""
        live = [each.current() for each in self.town.chains if each.certificate_type == FOOD and each.is_live()]
        old = live[chosen % len(live)] if live else None
        if old is None:
            return
        heir = self._enterprise(to)
        self._relate(old.chain.holder, heir, kind, self._day(1))
        if ended is not None and self.town.bonds:
            self._end(self.town.bonds[-1], self._day(ended))
        self._replace(old, "change", self.town.today, 90, heir, old.number, None)

    @rule(place=pick, chosen=st.integers(0, 23), stays=st.booleans())
    def move_kitchen(self, place: int, chosen: int, stays: bool) -> None:
        """Open a kitchen at a site of its own, and change its permit, for that site or another."""
        holder, today = self._enterprise(place), self.town.today
        made = self.world.register("site", licence_number=holder.number, works_from=today.isoformat())
        self._digest = None
        self.town.subjects.append(model.Subject(made["subject_id"], "site", self.town.today))
        order = Issue(FOOD, holder, food_number(chosen + 1), today, today, None, site=made["subject_id"])
        self._issue(order, holder.name or self._name(holder, 0), today, today + timedelta(days=90))
        current = self._recent.current() if self._recent else None
        if current is not None and current.site == made["subject_id"]:
            self._replace(current, "renew" if stays else "change", today, 90, holder, current.number, None)

    def _replace(
        self, old: Version, cause: str, works: date, term: int, holder: Enterprise, number: str, device: str | None
    ) -> None:
        site = None if cause == "change" or old.site in self._ended_sites() else old.site
        decided = min(works, self.town.today)
        order = Issue(old.chain.certificate_type, holder, number, decided, works, old, site, device, cause)
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

    @rule(act=st.sampled_from(["suspend", "reinstate", "reinstate", "annul", "cancel"]), days=st.integers(0, 2))
    def change_again(self, act: str, days: int) -> None:
        """Do something to what was acted on last, from today on or from a day before."""
        version = self._recent.current() if self._recent else None
        if version is not None:
            self._change(version, act, self._day(days), self.town.today, None, None)

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
        before, self._recent = version.holder, version.chain
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
        self._relate(self._enterprise(one), self._enterprise(other), kind, self._day(days))

    def _relate(self, from_: Enterprise, to: Enterprise, kind: str, works: date) -> None:
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
        self._end(self.town.bonds[-1 if chosen % 2 else chosen % len(self.town.bonds)], self._day(days))

    def _end(self, bond: Bond, until: date) -> None:
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
        kind=st.sampled_from(get_args(model.SubjectKind)),
        step=st.sampled_from(["register", "hand_on", "end"]),
        which=st.integers(0, 2),
        days=ago,
    )
    def site_or_device(self, place: int, kind: model.SubjectKind, step: str, which: int, days: int) -> None:
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
        if step != "register" and known is not None and works < known.since:
            broken.add("out_of_order")
        said: dict[str, Any] = {"step": step, "works_from": works.isoformat()}
        if step != "register" or kind == "device":
            said["subject_id"] = subject_id
        if step != "end":
            said["licence_number"] = self._enterprise(place).number
        done = self._act(broken, lambda: self.world.register(kind, **said))
        if done is None:
            return
        if step == "register":
            self.town.subjects.append(model.Subject(done["subject_id"], kind, works))
        elif known is not None:
            known.ended, known.since = step == "end", works

    # --- grants and pulls -------------------------------------------------------------------------------------------

    @rule(place=pick)
    def grant(self, place: int) -> None:
        holder = self._enterprise(place)
        if not holder.reference:
            return
        if holder.number not in self._signing:
            self.world.make_licence(holder.number)
            self._signing.add(holder.number)
        is_no_more = self.town.is_succeeded(holder, self.town.today, self.town.now)
        posted = self._act(
            {"grant_holder_ended"} if is_no_more else set(),
            lambda: self.world.post(
                self.world.sign_grant(
                    signer=holder.number, licence_number=holder.number, uses=GRANTED_USES, future=True
                )
            ),
        )
        if posted is None:
            return
        self.town.grants.append(model.Grant(posted["digest"], holder, self.town.now + timedelta(days=30), GRANTED_USES))

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
            done["identifier"], done["reference"], chain, order.holder, name, order.number, order.device, order.site,
            order.works_from, valid_from, valid_to, self.town.now, done["act_id"],
        )  # fmt: skip
        before, self._recent = chain.holder, chain
        order.holder.reference = done["holder_reference"]
        self.town.issued(order, version, name)
        assert done["version"] == len(chain.versions)
        self._look(version)
        self._look_at(order.holder)
        if order.replaces is not None:
            self._look(order.replaces)
            self._look_at(before)

    def _carried_until(self, version: Version, filed_on: date) -> date:
        """Return until when a renewal that was filed carries a certificate: past its end only when filed in time."""
        assert version.valid_to is not None
        in_time = filed_on <= version.valid_to - model.RENEWAL_WINDOW
        decided = self.world.registry.due(ClockCode.RENEWAL_DECISION, version.valid_to).on
        return decided if in_time else version.valid_to

    # --- who and what is meant --------------------------------------------------------------------------------------

    def _enterprise(self, place: int) -> Enterprise:
        return self.town.enterprises[place % ENTERPRISES]

    def _name(self, enterprise: Enterprise, which: int) -> str:
        return f"中山示例{'甲乙丙'[which]}{enterprise.number[-3:]}店"

    def _licence(self, enterprise: Enterprise) -> Version | None:
        licences = [each.current() for each in enterprise.chains if each.certificate_type == LICENCE]
        return licences[-1] if licences else None

    def _version(self, chosen: int, *types: str) -> Version | None:
        """Return a version: mostly a current one, every other time of the certificate that was last acted on."""
        chains = [each for each in self.town.chains if not types or each.certificate_type in types]
        if not chains:
            return None
        chain = self._recent if self._recent in chains and chosen % 2 else chains[chosen % len(chains)]
        return chain.current() or chain.versions[-1] if chosen % 10 else chain.versions[0]

    def _ended_sites(self) -> set[str]:
        return {each.subject_id for each in self.town.subjects if each.ended}

    def _heir(self, old: Version, to: int) -> Enterprise:
        """Return who is to hold a next version: mostly the same holder, else a successor or just anybody."""
        heirs = [each.to for each in self.town.bonds if each.from_ is old.chain.holder]
        if to > 85:
            return self._enterprise(to)
        return heirs[to % len(heirs)] if heirs and to > 30 else old.chain.holder


def _device(which: int) -> str:
    return f"3110442000202001000{which + 1}"
