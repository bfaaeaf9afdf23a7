"""What enterprises and their certificates are after a row of acts, told from the rules alone: no code of the hub.

The lives of `tests/flows/lives.py` are led twice, in a hub and here. Three questions are answered: which rules an act
would break (their codes; an act that breaks none must be done), what a certificate is worth on a day as it was known at
a moment, and what an enterprise's page tells.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Literal

LICENCE, FOOD, LIFT = "business_licence", "food_operation_permit", "lift_registration"
ENDINGS = {"withdraw": "withdrawn", "annul": "annulled", "strip": "stripped", "cancel": "cancelled", "void": "voided"}
STATUS_OF = ENDINGS | {"suspend": "suspended", "reinstate": "valid", "supersede": "superseded"}
# The table of changes, by hand: from which states each act is allowed.
ALLOWED_FROM = {
    "suspend": {"valid"},
    "reinstate": {"suspended"},
    "withdraw": {"valid", "suspended"},
    "annul": {"valid", "suspended"},
    "strip": {"valid", "suspended"},
    "cancel": {"valid", "suspended", "withdrawn", "annulled", "stripped"},
    "void": {"valid", "suspended", "withdrawn", "annulled", "stripped", "cancelled"},
    "supersede": {"valid", "suspended"},
}
LIVE = {"valid", "suspended"}
# They decide nothing anew, and so do not lift a suspension.
UNDECIDING = {"correct", "reissue"}
SUCCESSIONS = {"conversion", "absorption", "merger", "split"}
# Notes that stand on the permit whatever its version; a renewal or a stay is about the one it was made on.
LASTING_NOTES = {"frozen", "business_halted", "dormant", "abnormal", "moved_out"}
RENEWAL_WINDOW = timedelta(days=30)
LICENCE_DOUBTS = {
    "suspended": ("suspended", "licence_suspended"),
    "withdrawn": ("not_valid", "licence_withdrawn"),
    "annulled": ("not_valid", "licence_annulled"),
    "stripped": ("not_valid", "licence_stripped"),
    "cancelled": ("not_valid", "licence_cancelled"),
}
SUCCEEDED, NOT_RECORDED = ("unknown", "licence_succeeded"), ("unknown", "licence_not_recorded")
_SHANGHAI = timezone(timedelta(hours=8))

SubjectKind = Literal["site", "device"]
Doubt = tuple[str, str]
"""An outcome that is not "valid", and its reason."""


@dataclass(slots=True)
class Deed:
    """One act on one version; `undone_at` is when it was taken back."""

    act: str
    works_from: date
    recorded_at: datetime
    act_id: str
    until: date | None = None
    public_until: date | None = None
    undone_at: datetime | None = None


@dataclass(slots=True)
class Note:
    kind: str
    by: str
    document_number: str
    from_on: date
    until_on: date | None
    recorded_at: datetime
    act_id: str
    lifted_on: date | None = None
    lifted_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Version:
    identifier: str
    reference: str
    chain: "Chain"
    holder: "Enterprise"
    holder_name: str
    number: str
    device: str | None
    site: str | None
    works_from: date
    valid_from: date
    valid_to: date | None
    recorded_at: datetime
    act_id: str
    deeds: list[Deed] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def counting(self) -> list[Deed]:
        """Return the acts that stand now, in the order they were recorded."""
        return [each for each in self.deeds if each.undone_at is None]

    def deed_on(self, day: date, known_by: datetime) -> Deed | None:
        """Return the act that made the status of a day, as it was known at a moment."""
        found = None
        for each in self.deeds:
            known = each.recorded_at <= known_by and (each.undone_at is None or each.undone_at > known_by)
            # What was a mistake was one from its first day.
            if known and (each.works_from <= day or each.act == "void"):
                found = each
        return found

    def status(self) -> str:
        """Return what stands now."""
        counting = self.counting()
        return STATUS_OF[counting[-1].act] if counting else "valid"

    def noted(self) -> list[Note]:
        """Return what is noted: the current version bears what was noted on the others, too."""
        others = [each for version in self.chain.versions if version is not self for each in version.notes]
        carried = [each for each in others if each.kind in LASTING_NOTES] if self.chain.current() is self else []
        return self.notes + carried


@dataclass(slots=True, eq=False)
class Chain:
    certificate_type: str
    holder: "Enterprise"
    versions: list[Version] = field(default_factory=list)

    def current(self) -> Version | None:
        """Return the last version that was no mistake."""
        return next((each for each in reversed(self.versions) if each.status() != "voided"), None)

    def counting(self) -> list[Version]:
        """Return the versions that were no mistakes."""
        return [each for each in self.versions if each.status() != "voided"]

    def is_live(self) -> bool:
        current = self.current()
        return current is not None and current.status() in LIVE

    def numbers(self) -> set[str]:
        """Return the numbers that are taken: of every version that was no mistake."""
        return {each.number for each in self.versions if each.status() != "voided"}


@dataclass(slots=True, eq=False)
class Enterprise:
    number: str
    name: str = ""
    reference: str = ""
    former_names: list[tuple[str, date]] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)


@dataclass(slots=True)
class Bond:
    kind: str
    from_: Enterprise
    to: Enterprise
    works_from: date
    recorded_at: datetime
    until: date | None = None
    ended_at: datetime | None = None


@dataclass(slots=True)
class Grant:
    digest: str
    holder: Enterprise
    valid_until: datetime
    uses_left: int
    ended: bool = False


@dataclass(slots=True)
class Subject:
    subject_id: str
    kind: SubjectKind
    since: date
    ended: bool = False


@dataclass(slots=True)
class Issue:
    """An order to issue, as far as a rule asks about it."""

    certificate_type: str
    holder: Enterprise
    number: str
    decided_on: date
    works_from: date
    replaces: Version | None
    site: str | None = None
    device: str | None = None
    cause: str | None = None


@dataclass(slots=True)
class Town:
    """All enterprises of one hub; `now` is the moment of the next act."""

    now: datetime
    enterprises: list[Enterprise]
    chains: list[Chain] = field(default_factory=list)
    bonds: list[Bond] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    in_order: list[Version] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.now.astimezone(_SHANGHAI).date()

    def versions(self) -> list[Version]:
        return [version for chain in self.chains for version in chain.versions]

    # --- which rules an act would break -----------------------------------------------------------------------------

    def broken_by_issue(self, order: Issue) -> set[str]:
        """Return the codes of the rules that an order to issue breaks."""
        broken = {"decision_in_future"} if order.decided_on > self.today else set()
        chain = order.replaces.chain if order.replaces else None
        if any(order.number in each.numbers() for each in self._others(chain, order.certificate_type)):
            broken.add("number_taken")
        if order.site is not None and order.site not in self._standing("site"):
            broken.add("subject_unknown")
        if order.device is not None and order.device in self._ended("device"):
            broken.add("subject_unknown")
        if order.device is not None and self._is_elsewhere(order.device, chain):
            broken.add("device_elsewhere")
        if order.replaces is not None:
            broken |= self._broken_by_replacing(order, order.replaces)
        return broken

    def _broken_by_replacing(self, order: Issue, old: Version) -> set[str]:
        chain, broken = old.chain, set()
        if chain.certificate_type != order.certificate_type:
            broken.add("previous_of_another")
        if chain.holder is not order.holder and not self._may_move(order, chain):
            broken.add("previous_of_another")
        if chain.current() is not old:
            broken.add("previous_not_current")
        if old.status() not in ALLOWED_FROM["supersede"]:
            broken.add("transition_not_allowed")
        if old.status() == "suspended" and order.cause in UNDECIDING:
            broken.add("transition_not_allowed")
        if order.works_from > self.today:
            broken.add("works_from_future")
        counting = old.counting()
        if counting and order.works_from < counting[-1].works_from:
            broken.add("out_of_order")
        return broken

    def _may_move(self, order: Issue, chain: Chain) -> bool:
        if chain.certificate_type == LICENCE:
            return False
        current = chain.current()
        if order.device is not None and current is not None and current.device == order.device and chain.is_live():
            return True
        return any(
            bond.from_ is chain.holder and bond.to is order.holder and bond.kind != "branch" and bond.until is None
            for bond in self.bonds
        )

    def broken_by_change(
        self, version: Version, act: str, works_from: date, document_date: date, undoes: str | None
    ) -> set[str]:
        """Return the codes of the rules that a change of status breaks."""
        broken = {"works_from_future"} if works_from > self.today else set()
        if document_date > self.today:
            broken.add("decision_in_future")
        counting = version.counting()
        if act == "undo":
            return broken | self._broken_by_undo(version, counting, undoes)
        if version.status() not in ALLOWED_FROM[act]:
            broken.add("transition_not_allowed")
        if act not in ("annul", "void") and counting and works_from < counting[-1].works_from:
            broken.add("out_of_order")
        if act == "void":
            broken |= self._broken_by_void(version)
        return broken

    def _broken_by_undo(self, version: Version, counting: Sequence[Deed], undoes: str | None) -> set[str]:
        if not counting or counting[-1].act_id != undoes:
            return {"undo_not_last"}
        if counting[-1].act in ("supersede", "void"):
            return {"undo_not_possible"}
        before = STATUS_OF[counting[-2].act] if len(counting) > 1 else "valid"
        revives = version.status() not in LIVE and before in LIVE
        if revives and version.device is not None and self._is_elsewhere(version.device, version.chain):
            return {"device_elsewhere"}
        return set()

    def _broken_by_void(self, version: Version) -> set[str]:
        chain = version.chain
        if chain.current() is not version:
            return {"not_current"}
        before = [each for each in chain.versions if each.status() != "voided" and each is not version]
        if not before:
            return set()
        restored = before[-1]
        counting = [each for each in restored.counting() if each.act_id != version.act_id]
        revives = not counting or STATUS_OF[counting[-1].act] in LIVE
        if revives and restored.device is not None and self._is_elsewhere(restored.device, chain):
            return {"device_elsewhere"}
        return set()

    def broken_by_note(
        self, version: Version, kind: str, by: str, document_number: str, from_on: date, may: bool
    ) -> set[str]:
        """Return the codes of the rules that a note breaks; `may` is whether its author is one of that kind."""
        broken = {"decision_in_future"} if from_on > self.today else set()
        if not may:
            broken.add("body_not_in_charge")
        if kind in ("dormant", "abnormal", "moved_out") and version.chain.certificate_type != LICENCE:
            broken.add("annotation_only_licence")
        if version.chain.current() is not version:
            broken.add("not_current")
        standing = [each for each in version.noted() if each.lifted_on is None]
        if any((each.kind, each.by, each.document_number) == (kind, by, document_number) for each in standing):
            broken.add("annotation_there")
        accepted = [each for each in standing if each.kind == "renewal_accepted"]
        if kind == "renewal_accepted":
            if accepted:
                broken.add("annotation_there")
            if version.valid_to is None or version.status() not in LIVE or from_on > version.valid_to:
                broken.add("renewal_not_possible")
        if kind == "renewal_refused":
            if not accepted:
                broken.add("renewal_not_filed")
            if any(from_on < each.from_on for each in accepted):
                broken.add("out_of_order")
        return broken

    def broken_by_lift(self, note: Note, by: str, from_on: date) -> set[str]:
        broken = {"decision_in_future"} if from_on > self.today else set()
        if note.by != by:
            broken.add("body_not_in_charge")
        if note.lifted_on is not None:
            broken.add("annotation_lifted")
        if from_on < note.from_on:
            broken.add("out_of_order")
        return broken

    def broken_by_bond(self, kind: str, from_: Enterprise, to: Enterprise, works_from: date) -> set[str]:
        """Return the codes of the rules that a new relation breaks."""
        broken = {"works_from_future"} if works_from > self.today else set()
        if not from_.reference or not to.reference:
            broken.add("enterprise_not_found")
        if from_ is to:
            broken.add("relation_itself")
        outward = [each for each in self.bonds if each.from_ is from_ and each.until is None]
        if any((each.kind, each.to) == (kind, to) for each in outward):
            broken.add("relation_there")
        if kind == "branch" and any(each.kind == "branch" for each in outward):
            broken.add("relation_two_parents")
        ending = [each for each in outward if each.kind in SUCCESSIONS]
        if kind != "branch" and any(not each.kind == kind == "split" for each in ending):
            broken.add("relation_two_successors")
        if from_ in self._line(to, kind == "branch"):
            broken.add("relation_ring")
        return broken

    def broken_by_end_of_bond(self, bond: Bond | None, until: date) -> set[str]:
        broken = {"works_from_future"} if until > self.today else set()
        if bond is None:
            broken.add("relation_not_found")
        elif until < bond.works_from:
            broken.add("out_of_order")
        return broken

    def _line(self, start: Enterprise, is_branch: bool) -> set[Enterprise]:
        """Return whom one comes to by parents of parents, or by successors of successors."""
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for each in self.bonds:
                same = (each.kind == "branch") == is_branch and each.until is None
                if each.from_ is here and same and each.to not in seen:
                    seen.add(each.to)
                    waiting.append(each.to)
        return seen

    def _others(self, chain: Chain | None, certificate_type: str) -> Iterator[Chain]:
        return (each for each in self.chains if each is not chain and each.certificate_type == certificate_type)

    def _is_elsewhere(self, device: str, chain: Chain | None) -> bool:
        others = [each.current() for each in self._others(chain, LIFT)]
        return any(each is not None and each.device == device and each.status() in LIVE for each in others)

    def _standing(self, kind: str) -> set[str]:
        return {each.subject_id for each in self.subjects if each.kind == kind and not each.ended}

    def _ended(self, kind: str) -> set[str]:
        return {each.subject_id for each in self.subjects if each.kind == kind and each.ended}

    # --- what is done -----------------------------------------------------------------------------------------------

    def issued(self, order: Issue, version: Version, name: str) -> None:
        """Do what an issue does."""
        chain, old = version.chain, order.replaces
        if old is not None:
            old.deeds.append(Deed("supersede", version.works_from, version.recorded_at, version.act_id))
        if chain not in self.chains:
            self.chains.append(chain)
        if chain.holder is not order.holder or chain not in order.holder.chains:
            chain.holder.chains = [each for each in chain.holder.chains if each is not chain]
            chain.holder = order.holder
            order.holder.chains.append(chain)
        chain.versions.append(version)
        self.in_order.append(version)
        if not order.holder.name:
            order.holder.name = name  # the first certificate of a holder names it until its licence does
        if chain.certificate_type == LICENCE and order.holder.name != name:
            order.holder.former_names.append((order.holder.name, version.works_from))
            order.holder.name = name

    def voided(self, version: Version, deed: Deed) -> None:
        """Do what a void does: the version before counts again, with its holder and its name."""
        chain = version.chain
        version.deeds.append(deed)
        restored = chain.current()
        if restored is None:
            chain.holder.chains.remove(chain)
            self._name_by_what_is_left(version, chain.holder)
            return
        for each in restored.deeds:
            if each.act_id == version.act_id:
                each.undone_at = deed.recorded_at
        if restored.holder is not chain.holder:
            chain.holder.chains.remove(chain)
            chain.holder = restored.holder
            restored.holder.chains.append(chain)
        if chain.certificate_type == LICENCE and restored.holder_name != version.holder_name:
            chain.holder.former_names.remove((restored.holder_name, version.works_from))
            chain.holder.name = restored.holder_name

    def _name_by_what_is_left(self, mistake: Version, holder: Enterprise) -> None:
        """Let a holder that the mistake named be named by its licence, or by the first of what else is left."""
        left = [each for each in self.in_order if each in [chain.current() for chain in holder.chains]]
        licences = [each for each in left if each.chain.certificate_type == LICENCE]
        is_named = bool(licences) and mistake.chain.certificate_type != LICENCE
        if is_named or holder.name != mistake.holder_name:
            return
        source = licences[-1] if licences else left[0] if left else None
        name = source.holder_name if source else ""
        if name != holder.name:
            given_up = (name, mistake.works_from)
            if given_up in holder.former_names:
                holder.former_names.remove(given_up)
            holder.name = name

    # --- what a certificate is worth --------------------------------------------------------------------------------

    def judged_now(self, version: Version) -> list[Doubt]:
        """Return all doubts about a certificate at this moment; none means valid."""
        return self._doubts(version, self.today, self.now)

    def judged_on(self, version: Version, day: date, known_by: datetime) -> list[Doubt] | None:
        """Return all doubts about a day gone by, as it was known at a moment; None: it was not recorded then."""
        if version.recorded_at > known_by:
            return None
        deed = version.deed_on(day, known_by)
        if deed is not None and deed in self._silent(version):
            others = self._doubts(version, day, known_by, is_past=True)
            told = [each for each in others if each[1] != STATUS_OF[deed.act] and each[1] != "suspension_past"]
            return [*told, ("unknown", "history_not_public")]
        return self._doubts(version, day, known_by, is_past=True)

    def is_partly_silent(self, version: Version) -> bool:
        """Say whether the public is not told of all that was done to a version."""
        return bool(self._silent(version))

    def _silent(self, version: Version) -> list[Deed]:
        """Return the acts the public is told of no more: a penalty past its term, and how it went on."""
        silent, found = False, []
        for each in version.deeds:
            if each.public_until is not None:
                silent = self.today > each.public_until
            elif each.act != "reinstate":
                silent = False
            if silent:
                found.append(each)
        return found

    def _doubts(self, version: Version, day: date, known_by: datetime, *, is_past: bool = False) -> list[Doubt]:
        notes = [each for each in version.noted() if each.recorded_at <= known_by]
        kinds = {each.kind for each in notes if _counts(each, day, known_by)}
        found = list(_status_doubts(version, day, known_by, kinds))
        found += _date_doubts(version, day, known_by, notes)
        if "business_halted" in kinds:
            found.append(("suspended", "business_halted"))
        if "moved_out" in kinds:
            found.append(("unknown", "licence_moved_out"))
        if version.chain.certificate_type != LICENCE:
            found += self._licence_doubts(version.holder, day, known_by, is_past)
        elif self.is_succeeded(version.holder, day, known_by):
            found.append(SUCCEEDED)
        return found

    def _licence_doubts(self, holder: Enterprise, day: date, known_by: datetime, is_past: bool) -> list[Doubt]:
        licence = self.licence_on(holder, day, known_by)
        deed = licence.deed_on(day, known_by) if licence else None
        if is_past and licence is not None and deed is not None and deed in self._silent(licence):
            return [("unknown", "history_not_public")]
        status = STATUS_OF[deed.act] if deed else "valid"
        if self.is_succeeded(holder, day, known_by) and status not in ("annulled", "stripped"):
            return [SUCCEEDED]
        if licence is None or status in ("superseded", "voided"):
            return [NOT_RECORDED]
        if status != "valid":
            return [LICENCE_DOUBTS[status]]
        current = licence.chain.current()
        notes = [each for each in (current or licence).noted() if each.recorded_at <= known_by]
        if any(each.kind == "moved_out" and _counts(each, day, known_by) for each in notes):
            return [("unknown", "licence_moved_out")]
        if licence.valid_to is not None and day > licence.valid_to:
            return [("unknown", "licence_term_ended")]
        return []

    def licence_on(self, holder: Enterprise, day: date, known_by: datetime) -> Version | None:
        """Return the version of the holder's licence that governs a day, as known at a moment."""
        known = [
            version
            for chain in holder.chains
            if chain.certificate_type == LICENCE
            for version in chain.versions
            if version.recorded_at <= known_by and version.works_from <= day and version.valid_from <= day
        ]
        known = [each for each in known if not _is_voided(each, known_by)]
        return known[-1] if known else None

    def is_succeeded(self, holder: Enterprise, day: date, known_by: datetime) -> bool:
        return any(
            bond.from_ is holder
            and bond.kind in SUCCESSIONS
            and bond.recorded_at <= known_by
            and bond.works_from <= day
            and (bond.ended_at is None or bond.ended_at > known_by or bond.until is None or day < bond.until)
            for bond in self.bonds
        )


def outcome_of(doubts: Sequence[Doubt]) -> tuple[str, set[str]]:
    """Return the outcome that the worst doubt makes, and the reasons that may be told for it."""
    for outcome in ("not_valid", "suspended", "unknown"):
        reasons = {reason for worst, reason in doubts if worst == outcome}
        if reasons:
            return outcome, reasons
    return "valid", {"good", "good_no_end", "renewal_deemed"}


def end_of_day(day: date) -> datetime:
    """Return the last moment of a day in Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=_SHANGHAI) + timedelta(days=1) - timedelta(microseconds=1)


def _is_voided(version: Version, known_by: datetime) -> bool:
    return any(each.act == "void" and each.recorded_at <= known_by for each in version.deeds)


def _status_doubts(version: Version, day: date, known_by: datetime, kinds: set[str]) -> Iterator[Doubt]:
    deed = version.deed_on(day, known_by)
    status = STATUS_OF[deed.act] if deed else "valid"
    if status == "suspended":
        past = deed is not None and deed.until is not None and day > deed.until
        yield "suspended", "suspension_past" if past else "suspended"
    elif status != "valid":
        yield ("unknown", "execution_stayed") if "execution_stayed" in kinds else ("not_valid", status)


def _date_doubts(version: Version, day: date, known_by: datetime, notes: Sequence[Note]) -> Iterator[Doubt]:
    last_day = version.valid_to
    if day < max(version.valid_from, version.works_from):
        yield "not_valid", "not_yet_valid"
    if last_day is None or day <= last_day:
        return
    until = max([last_day, *(_last_day(each, known_by) for each in notes if each.kind == "renewal_accepted")])
    if until == last_day:
        yield "not_valid", "expired"
    elif day > until:
        refused = any(
            each.kind == "renewal_refused" and _counts(each, day, known_by) and each.from_on > until for each in notes
        )
        yield ("not_valid", "expired") if refused else ("unknown", "renewal_undecided")


def _last_day(note: Note, known_by: datetime) -> date:
    days = [note.until_on] if note.until_on else []
    if note.lifted_on is not None and note.lifted_at is not None and note.lifted_at <= known_by:
        days.append(note.lifted_on - timedelta(days=1))
    return min(days, default=date.max)


def _counts(note: Note, day: date, known_by: datetime) -> bool:
    return note.from_on <= day <= _last_day(note, known_by)
