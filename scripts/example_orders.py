"""How the stories of the example city give their orders: as two officers of a department would, over the API.

What a story did before it was stopped is simply met again: a number that is taken is looked up, an act that was done is
passed over. A permit's content is made from its type and its holder alone, so its later versions say the same.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from hub.client import Client, RefusedError
from schemas.catalogue import Catalogue
from schemas.identifiers import make_licence_number
from schemas.statement import Ordered
from scripts.example_city import BODIES, DEPARTMENTS, TOWNS, ExampleBody, ExampleDepartment, ExampleEnterprise
from scripts.example_fields import field_values, make_number
from scripts.example_files import COLUMNS

COURT = ExampleDepartment(
    "court", "市人民法院", "示例市人民法院", "Example City people's court", make_licence_number("11442000", "00030001")
)
MARKET = DEPARTMENTS[0]
LICENCE, FOOD, LIFT = "business_licence", "food_operation_permit", "lift_registration"
# What a story finds done when it is told a second time.
_DONE_BEFORE = frozenset(
    {"transition_not_allowed", "annotation_there", "annotation_lifted", "relation_there", "subject_registered"}
    | {"previous_not_current", "not_current", "undo_not_last", "out_of_order", "renewal_not_filed", "penalty_repaired"}
    | {"subject_ended", "reference_not_current", "renewal_not_possible", "already_erased"}
)
_FIRST_VERSION = "001"
_SELF_EMPLOYED = (15, 19)
# The company that a self-employed person became: it keeps the place and the name.
_CONVERTED = {16: 15}
# Branches, with the company that each is of.
_BRANCHES = {17: 18}


class Town(Protocol):
    """What a story needs of the city: clients by system, the catalogue, what anybody sees of a holder."""

    catalogue: Catalogue

    def client(self, system: str) -> Client: ...

    def holder(self, licence_number: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """Where a story's page is, in words."""

    words: str
    path: str


class Orders:
    """Gives the orders of the stories; `day` is the day of the first start, around which all dates lie."""

    def __init__(self, town: Town, day: date) -> None:
        self._town = town
        self._numbers = count(1)
        self.day = day
        self.today = day.isoformat()

    def issue(
        self,
        serial: int,
        code: str,
        *,
        body: ExampleBody = BODIES[0],
        begun: date | None = None,
        place: str = "",
        joint: Sequence[str] = (),
        **changes: Any,
    ) -> dict[str, Any]:
        """Issue a certificate of the enterprise `serial`; what is there already is looked up.

        `begun` is the day of the decision, `place` the address it is about where that is not the holder's own.
        """
        content = self.content(serial, code, body=body, begun=begun, place=place) | changes
        department = body.department
        try:
            return self.client(department.system).order(
                "/api/v1/certificates", Ordered.ISSUE, content, officer=department.officer, certificate_type=code,
                issuing_body=body.licence_number, joint=[self.client(each) for each in joint],
            )  # fmt: skip
        except RefusedError as error:
            if error.code not in ("number_taken", "device_elsewhere", *_DONE_BEFORE):
                raise
            # It may be another holder's by now, so it is looked up by its number.
            query = {"type": code, "number": content["certificate_number"]}
            found: dict[str, Any] = self.client(department.system).get("/api/v1/certificates", **query).json()
            certificate: dict[str, Any] = found["certificates"][0]
            return certificate

    def replace(
        self, before: Mapping[str, Any], serial: int, code: str, cause: str, **changes: Any
    ) -> Mapping[str, Any]:
        """Issue the next version of a certificate today. A correction or reissue decides nothing anew."""
        if before["identifier"].split(".")[-2] != _FIRST_VERSION:
            return before
        content = {"replaces": before["identifier"], "cause": cause, "issued_on": self.today}
        if cause != "correct":  # what is corrected was so from the first day
            content["works_from"] = self.today
        if cause == "change":
            number = f"示变〔{self.day.year}〕8{serial:03d}号"
            decision = {"decision_document": "准予变更决定书", "decision_number": number, "decided_on": self.today}
            content |= decision
        return self.issue(serial, code, **(content | changes))

    def order(
        self, path: str, act: Ordered, content: Mapping[str, Any], department: ExampleDepartment = MARKET
    ) -> dict[str, Any]:
        """Give any other order as two officers of a department; {} where it was done before."""
        try:
            return self.client(department.system).order(
                path, act, content, officer=department.officer, second_officer=department.second_officer,
                issuing_body=department.licence_number,
            )  # fmt: skip
        except RefusedError as error:
            if error.code not in _DONE_BEFORE:
                raise
            return {}

    def change(self, certificate: Mapping[str, Any], act: str, ground: str, **changes: Any) -> dict[str, Any]:
        content = self.decided(certificate) | {"act": act, "ground": ground, "works_from": self.today}
        return self.order("/api/v1/status-changes", Ordered.CHANGE_STATUS, content | changes)

    def note(
        self, certificate: Mapping[str, Any], kind: str, *, department: ExampleDepartment = MARKET, **changes: Any
    ) -> dict[str, Any]:
        content = self.decided(certificate, department) | {"step": "note", "kind": kind, "from_on": self.today}
        return self.order("/api/v1/annotations", Ordered.ANNOTATE, content | changes, department)

    def relate(self, kind: str, before: int, after: int) -> None:
        content = {
            "step": "record",
            "kind": kind,
            "from_number": enterprise(before).licence_number,
            "to_number": enterprise(after).licence_number,
            "issuing_body": MARKET.licence_number,
            "document_name": "核准登记通知书",
            "document_number": f"示登〔{self.day.year}〕8{before:03d}号",
            "works_from": self.today,
        }
        self.order("/api/v1/relations", Ordered.RELATE, content)

    def register(self, kind: str, serial: int, **changes: Any) -> dict[str, Any]:
        content = {
            "step": "register",
            "kind": kind,
            "issuing_body": MARKET.licence_number,
            "licence_number": enterprise(serial).licence_number,
            "name": "示例门店",
            "address": enterprise(serial).address,
            "works_from": self.today,
        }
        return self.order("/api/v1/subjects", Ordered.REGISTER, content | changes)

    def take_in(self, rows: Sequence[Mapping[str, str]], *, system: str = "operator", **how: Any) -> dict[str, Any]:
        """Hand in a file of rows and return what became of it."""
        with TemporaryDirectory(prefix="yizhao-story-") as folder:
            path = Path(folder) / "rows.csv"
            with path.open("w", newline="", encoding="utf-8") as opened:
                csv.writer(opened).writerows([rows[0].keys(), *(row.values() for row in rows)])
            found = self.client(system).import_file(path, **how)
        if found["state"] != "done" or found["counts"].get("refused"):
            raise RuntimeError(f"{how['form']}: {found}")
        return found

    def row(self, serial: int, code: str) -> dict[str, str]:
        """Return a certificate of the enterprise `serial` as a row of a file."""
        content = self.content(serial, code)
        row = {title: str(content[name]) for name, title in COLUMNS.items() if name in content}
        fields = {each.label_zh: content["fields"].get(each.name, "") for each in self._town.catalogue.get(code).fields}
        return row | {"场所或设备编号": "001"} | fields

    def client(self, system: str) -> Client:
        return self._town.client(system)

    def holder(self, serial: int) -> dict[str, Any]:
        """Return what anybody sees of an enterprise; of one that was succeeded, its successor."""
        return self._town.holder(enterprise(serial).licence_number)

    def page(self, serial: int, words: str) -> Told:
        found = self.holder(serial)
        # Who was succeeded answers with the successor; its own code is the one that was asked for.
        return Told(words, f"/q/{found.get('arrived_from', found['holder'])['reference']}")

    def content(
        self, serial: int, code: str, *, body: ExampleBody = BODIES[0], begun: date | None = None, place: str = ""
    ) -> dict[str, Any]:
        """Return the order of a first version."""
        kind, holder, is_licence = self._town.catalogue.get(code), enterprise(serial), code == LICENCE
        decided_on = begun or self.day - timedelta(days=400)
        valid_to = decided_on + timedelta(days=365 * (kind.validity.max_years or 2) - 1)
        fields = field_values(kind, holder, place or holder.address, 800 + serial, Random(f"{code} {serial}"))
        if is_licence:
            fields["established_on"] = decided_on.isoformat()
        number = holder.licence_number if is_licence else make_number(kind, decided_on.year, 8_000 + serial)
        return {
            "certificate_type": code,
            "issuing_body": body.licence_number,
            "licence_number": holder.licence_number,
            "holder_name": holder.name,
            "holder_address": holder.address,
            "certificate_number": number,
            "decision_document": "核准登记通知书" if is_licence else "准予行政许可决定书",
            "decision_number": f"示{'登' if is_licence else '许'}〔{decided_on.year}〕8{serial:03d}号",
            "decided_on": decided_on.isoformat(),
            "valid_from": decided_on.isoformat(),
            "valid_to": valid_to.isoformat() if kind.validity.end == "required" else "",
            "fields": fields,
        }

    def decided(self, certificate: Mapping[str, Any], department: ExampleDepartment = MARKET) -> dict[str, Any]:
        """Return what every act on a certificate names: by whom, and by which document of today."""
        return {"identifier": certificate["identifier"]} | self.decision(department)

    def decision(self, department: ExampleDepartment = MARKET) -> dict[str, Any]:
        return {
            "issuing_body": department.licence_number,
            "document_name": "行政决定书",
            "document_number": f"示决〔{self.day.year}〕8{next(self._numbers):03d}号",
            "document_date": self.today,
        }


def enterprise(serial: int) -> ExampleEnterprise:
    """Return the enterprise of a story."""
    kind, trade, ending = ("92", "小吃", "小吃店") if serial in _SELF_EMPLOYED else ("91", "餐饮", "餐饮有限公司")
    number = make_licence_number(f"{kind}442000", f"MA8{serial:05d}")
    named = _CONVERTED.get(serial, serial)
    town = TOWNS[named % len(TOWNS)]
    name = f"示例市{town}示例故事{named}号{ending}"
    if serial in _BRANCHES:
        name = f"{enterprise(_BRANCHES[serial]).name}{town}分公司"
    return ExampleEnterprise(number, name, f"示例市{town}示例故事路{named}号", town, "陈示例", trade, {})
