"""A town led twice: each act is done in a hub and in the model, and what the hub answers is compared with the model.

An act that breaks no rule must be done. Any other must be refused by the code of one of those it breaks, and leave
nothing behind but its evidence. What a scan answers is compared outcome by outcome, now and about days gone by.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from hub.app.opening import scan_reader
from hub.public.lookup import look_up_certificate, look_up_enterprise
from hub.settings import Settings
from hub.web.public.gathering import gather_about, gather_subject
from schemas.identifiers import make_licence_number
from tests.flows import lives_model as model
from tests.flows.lives_model import Enterprise, Town, Version
from tests.flows.refusals import REFUSALS, code_of, state_digests
from tests.flows.registry_check import check_registry
from tests.flows.world import HEALTH, World

ENTERPRISES = 10
CODES_EXPECTED = {
    "decision_in_future", "works_from_future", "out_of_order", "transition_not_allowed", "not_current",
    "undo_not_last", "undo_not_possible", "number_taken", "device_elsewhere", "subject_unknown",
    "subject_registered", "subject_ended", "subject_not_found", "previous_of_another", "previous_not_current",
    "body_not_in_charge", "annotation_only_licence", "annotation_there", "annotation_lifted", "renewal_not_filed",
    "renewal_not_possible", "enterprise_not_found", "relation_itself", "relation_there", "relation_two_parents",
    "relation_two_successors", "relation_ring", "relation_not_found", "grant_withdrawn", "grant_ended",
    "grant_used_up", "grant_holder_ended",
}  # fmt: skip


class Led(RuleBasedStateMachine):
    """One hub, its model, and how they are held against each other. `open_world` opens a hub of its own for each."""

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
        self._listed_at = self._confirmed_at = self.world.now
        self._digest: dict[str, str] | None = None
        self._acts = 0
        self._signing: set[str] = set()
        self.world.share(many_holders=True)
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
                for subject in self.town.subjects:
                    self._look_about(subject.subject_id, subject.kind)
                check_registry(self.world)
        finally:
            self._runner.run(self._reader.close())
            self._open.close()

    # --- how an act is done -----------------------------------------------------------------------------------------

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
        if moment - self._confirmed_at > timedelta(days=300):
            self.world.answer_rule(answer="confirm")
            self._confirmed_at, self._digest = moment, None

    def _day(self, days_ago: int) -> date:
        return self.town.today - timedelta(days=days_ago)

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
        is_hidden = version.status() == "valid" and self.town.is_partly_silent(version)
        since = last.works_from if last and not is_hidden else version.works_from
        assert told["status_since"] == since.isoformat()
        assert told["until"] == (last.until.isoformat() if last and last.until else None)
        same_row = [] if version.status() == "voided" else [each.reference for each in version.chain.counting()]
        place = same_row.index(version.reference) if same_row else -1
        assert told["next"] == (same_row[place + 1] if same_row[place + 1 :] and same_row else None)
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

    def _look_about(self, subject_id: str, kind: model.SubjectKind) -> None:
        """Compare which certificates are told about a site or device with the model."""
        subject = self._runner.run(gather_subject(self._reader, subject_id, by="subject"))
        assert subject is not None
        found = self._runner.run(gather_about(self._reader, subject))
        told = {body["identifier"] for body, _ in found.found}
        about = [each for each in (chain.current() for chain in self.town.chains) if each]
        if kind == "site":
            assert told == {each.identifier for each in about if each.site == subject_id}
            return
        about = [each for each in about if each.device == subject_id]
        live = {each.identifier for each in about if each.status() in model.LIVE}
        assert len(live) <= 1
        assert told == live or (not live and told <= {each.identifier for each in about})
