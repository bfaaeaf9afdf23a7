"""Files for the stories of intake, and the acts around them as door and worker would do them."""

import csv
import io
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connectors.contract import TabularLimits
from connectors.tabular import open_table
from hub.registry.intake.admission import admit_intake, awaited_intake, keep_file, read_intake_order
from hub.registry.intake.outcome import outcome_csv, progress_of, readable_intake
from hub.registry.intake.run import Workplace, run_intake
from hub.registry.intake.undo import read_undo_order, undo_intake
from hub.steps.files.spool import Spool
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.store import tables
from hub.store.certificate import CertificateReader
from hub.store.notice import NoticeReader, StoredNotice
from schemas.certificate import Certificate
from schemas.identifiers import make_licence_number, mod11_10
from schemas.statement import Ordered
from signing.jws import parse_json
from tests.flows.world import CATALOGUE, HEALTH, MARKET, TODAY, World

TYPE_HEADER = (
    "统一社会信用代码", "持证主体名称", "住所", "证照编号", "决定文书名称", "决定文书号", "决定日期", "有效期自",
    "有效期至", "法定代表人（负责人）", "经营场所", "主体业态", "经营项目", "日常监督管理机构",
)  # fmt: skip
PUBLISHED_HEADER = (
    "XK_XDR_MC", "XK_XDR_LB", "XK_XDR_SHXYM", "XK_FRDB", "XK_FR_ZJLX", "XK_FR_ZJHM", "XK_XKWS", "XK_WSH", "XK_XKLB",
    "XK_XKZS", "XK_XKBH", "XK_NR", "XK_JDRQ", "XK_YXQZ", "XK_YXQZI", "XK_XKJG", "XK_XKJGDM", "XK_ZT", "XK_LYDW", "BZ",
)  # fmt: skip
IDENTITY_NUMBER = "11010519491231002X"
SCAN = "ab" * 32


def shop_number(place: int) -> str:
    """Return the licence number of a made-up shop."""
    return make_licence_number("91442000", f"MA{place:06d}")


def permit_number(place: int) -> str:
    digits = f"2442000{place:06d}"
    return f"JY{digits}{mod11_10(digits)}"


def type_row(place: int, **changes: str) -> dict[str, str]:
    """Return one row of the food permit's own form."""
    values = (
        shop_number(place), f"中山示例第{place}餐饮店", f"中山市示例路{place}号", permit_number(place),
        "准予行政许可决定书", f"示许〔2026〕{place}号", "2026-11-02", "2026/11/2", "2031年11月1日",
        "示例甲", f"中山市示例路{place}号首层", "餐饮服务经营者（小型餐馆）", "热食类食品制售", "示例监管所",
    )  # fmt: skip
    return dict(zip(TYPE_HEADER, values, strict=True)) | changes


def published_row(place: int, **changes: str) -> dict[str, str]:
    """Return one row of the publicity form, as of 2018, for a food permit."""
    values = (
        f"中山示例第{place}餐饮店", "法人及非法人组织", shop_number(place), "示例甲", "身份证", IDENTITY_NUMBER,
        "准予行政许可决定书", f"示许〔2026〕{place}号", "普通", "食品经营许可证", permit_number(place),
        "热食类食品制售", "2026/11/02", "2026/11/02", "2031/11/01", "中山市市场监督管理局", MARKET, "1",
        "示例数据来源单位", "",
    )  # fmt: skip
    return dict(zip(PUBLISHED_HEADER, values, strict=True)) | changes


def archive_row(place: int, **changes: str) -> dict[str, str]:
    """Return one row of the food permit's own form as an archive hands it in."""
    return type_row(place) | {"颁发机构": "示例市场监管局", "扫描件摘要": SCAN} | changes


def lift_row(place: int, **changes: str) -> dict[str, str]:
    """Return one row of the lift registration's own form; a device has a number of its own."""
    return {
        "统一社会信用代码": shop_number(place), "持证主体名称": f"中山示例第{place}物业公司", "住所": "中山市示例路1号",
        "证照编号": f"梯11粤T{place:05}（26）", "决定文书名称": "使用登记决定书",
        "决定文书号": f"示特〔2026〕{place}号", "决定日期": "2026-11-02",
        "有效期自": "2026-11-02", "有效期至": "", "场所或设备编号": f"LIFT-{place}", "颁发机构": "示例市场监管局",
    } | changes  # fmt: skip


def penalty_row(place: int, **changes: str) -> dict[str, str]:
    """Return one row of the penalty form that strips a shop of its food permit."""
    return {
        "CF_XDR_MC": f"中山示例第{place}餐饮店", "CF_XDR_LB": "", "CF_XDR_SHXYM": shop_number(place),
        "CF_XDR_ZJHM": IDENTITY_NUMBER, "CF_WSH": f"示罚〔2026〕{place}号", "CF_WFXW": "示例违法行为",
        "CF_SY": "示例违法事实", "CF_YJ": "示例法第1条",
        "CF_CFLB": "吊销许可证", "CF_NR": "吊销许可证，罚款", "CF_NR_FK": "1.0", "CF_NR_WFFF": "",
        "CF_NR_ZKDX": f"食品经营许可证（{permit_number(place)}）", "CF_JDRQ": "2026/11/20", "CF_YXQ": "2099/12/31",
        "CF_GSJZQ": "2029/11/20", "CF_CFJG": "示例卫生健康局", "CF_CFJGDM": HEALTH, "CF_SJLY": "示例数据来源单位",
        "CF_SJLYDM": HEALTH, "BZ": "",
    } | changes  # fmt: skip


def csv_file(rows: Iterable[Mapping[str, str]], *, encoding: str = "utf-8") -> bytes:
    """Return rows as a CSV file; the first row's names are the header."""
    kept = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(kept[0]))
    writer.writeheader()
    writer.writerows(kept)
    return text.getvalue().encode(encoding)


class Intakes:
    """The intake doors and the worker of one world."""

    def __init__(self, world: World, folder: Path, *, batch_rows: int = 200) -> None:
        self.world = world
        self.batch_rows = batch_rows
        self.folder = folder / "spool"
        registry = world.registry
        self.spool = Spool(self.folder, master=registry.master, masters=registry.masters)

    def admit(self, file: bytes, *, system: str = "market", **content: Any) -> str:
        """Order an intake of `file`; return its name."""
        return self.admit_content({"file_sha256": sha256(file).hexdigest()} | content, system=system)

    def admit_content(self, content: Mapping[str, Any], *, system: str = "market", **members: Any) -> str:
        bound = {name: content[name] for name in ("issuing_body", "certificate_type") if name in content} | members
        verified, seconds = self.world.seconded(Ordered.IMPORT, content, system=system, **bound)
        return self.admit_verified(content, verified, system=system, seconds=seconds)

    def admit_verified(
        self,
        content: Mapping[str, Any],
        verified: VerifiedStatement,
        *,
        system: str = "market",
        key: str | None = None,
        seconds: tuple[Second, ...] = (),
    ) -> str:
        answer = admit_intake(
            read_intake_order(content, catalogue=CATALOGUE),
            verified=verified,
            seconds=seconds,
            system=self.world.system(system),
            key=key or verified.statement.jti,
            registry=self.world.registry,
            now=self.world.now,
        )
        return str(answer["intake"])

    def send(self, name: str, file: bytes, *, system: str = "market") -> None:
        """Send the file as its door receives it, in odd portions."""
        intake = awaited_intake(name, system=self.world.system(system), registry=self.world.registry)
        incoming = self.spool.receive(name)
        for start in range(0, len(file), 50_001):
            incoming.write(file[start : start + 50_001])
        keep_file(intake, incoming, registry=self.world.registry)

    def place(self, **changes: Any) -> Workplace:
        usual: dict[str, Any] = {
            "registry": self.world.registry,
            "sealers": self.world.sealers,
            "open_table": open_table,
            "limits": TabularLimits(),
            "spool": self.spool,
            "clock": lambda: self.world.now,
            "batch_rows": self.batch_rows,
        }
        return Workplace(**usual | changes)

    def run(self, name: str, *, system: str = "market", **changes: Any) -> dict[str, Any]:
        """Work through an intake; return its progress."""
        run_intake(name, place=self.place(**changes))
        return self.progress(name, system=system)

    def progress(self, name: str, *, system: str = "market") -> dict[str, Any]:
        return progress_of(name, system=self.world.system(system), registry=self.world.registry)

    def signed(self, rows: Iterable[Mapping[str, str]], **content: Any) -> dict[str, Any]:
        """Take in food permits signed by the market bureau; return the progress."""
        return self.take_in(csv_file(rows), **signed_content(**content))

    def collected(self, rows: Iterable[Mapping[str, str]], **content: Any) -> dict[str, Any]:
        """Take in a publicity file that nobody signed; return the progress."""
        return self.take_in(csv_file(rows), **{"form": "publicity", "source": "publicity"} | content)

    def legacy(self, rows: Iterable[Mapping[str, str]], **content: Any) -> dict[str, Any]:
        """Take in permits of the market bureau as its archive tells them; return the progress."""
        given = {"form": "type", "certificate_type": "food_operation_permit", "source": "archive", "origin": "legacy"}
        return self.take_in(csv_file(rows), **given | content)

    def undo(self, name: str, *, system: str = "market", **changes: Any) -> dict[str, Any]:
        """Undo what an intake made, in one call."""
        content = undo_content(name, **changes)
        verified, seconds = self.order_undo(content, system=system)
        return self.undo_verified(content, verified, seconds=seconds, system=system)

    def order_undo(
        self, content: Mapping[str, Any], *, system: str = "market"
    ) -> tuple[VerifiedStatement, tuple[Second, ...]]:
        body = content["issuing_body"]
        return self.world.seconded(Ordered.UNDO_IMPORT, content, system=system, issuing_body=body)

    def undo_verified(
        self,
        content: Mapping[str, Any],
        verified: VerifiedStatement,
        *,
        seconds: tuple[Second, ...] = (),
        system: str = "market",
        key: str | None = None,
        **limits: int,
    ) -> dict[str, Any]:
        return undo_intake(
            read_undo_order(content),
            verified=verified,
            seconds=seconds,
            system=self.world.system(system),
            key=key or verified.statement.jti,
            registry=self.world.registry,
            now=self.world.now,
            **limits,
        )

    def penal(self, rows: Iterable[Mapping[str, str]], **content: Any) -> dict[str, Any]:
        """Take in a penalty file that the health bureau collected; return the progress."""
        given = {"form": "penalty", "source": "publicity", "system": "health"}
        return self.take_in(csv_file(rows), **given | content)

    def told(self, kind: str | None = None) -> list[StoredNotice]:
        """Return what everybody was told, of one kind where one is given."""
        with self.world.registry.database.read() as connection:
            return NoticeReader(connection).of([MARKET, HEALTH], after=0, most=1_000, kind=kind)

    def take_in(self, file: bytes, *, system: str = "market", **content: Any) -> dict[str, Any]:
        name = self.admit(file, system=system, **content)
        self.send(name, file, system=system)
        return self.run(name, system=system)

    def outcome(self, name: str, *, system: str = "market") -> list[dict[str, str]]:
        """Return the outcome's lines, read as a spreadsheet program reads them."""
        return list(csv.DictReader(io.StringIO(self.outcome_bytes(name, system=system).decode("utf-8-sig"))))

    def outcome_bytes(self, name: str, *, system: str = "market") -> bytes:
        intake = readable_intake(name, system=self.world.system(system), registry=self.world.registry)
        return b"".join(outcome_csv(intake, registry=self.world.registry))

    def results(self, name: str, *, system: str = "market") -> list[tuple[str, str, str]]:
        """Return (row, result, rule) of each line of the outcome."""
        return [(line["row"], line["result"], line["rule"]) for line in self.outcome(name, system=system)]

    def certificates(self, licence_number: str) -> list[Certificate]:
        """Return the current version of each certificate that a holder has."""
        with self.world.registry.database.read() as connection:
            return CertificateReader(connection).current_of(licence_number)

    def origin_of(self, certificate: Certificate) -> dict[str, Any]:
        """Return the origin as it is sealed in a certificate's record."""
        with self.world.registry.database.read() as connection:
            record = CertificateReader(connection).records([certificate.serial])[certificate.serial]
        return dict(parse_json(record.payload)["origin"])

    def succeed(self, body: str, successor: str) -> None:
        """Enrol a body again as one that another succeeds."""
        self.world.enrol(
            "issuing-bodies",
            licence_number=body,
            department=body,
            name_zh="示例机构",
            name_en="Example body",
            area="442000",
            from_on="2019-01-01",
            until_on="2026-11-22",
            successor=successor,
            competences=[{"certificate_type": "food_operation_permit", "from_on": "2019-01-01"}],
        )


def signed_content(**changes: Any) -> dict[str, Any]:
    return {"form": "type", "certificate_type": "food_operation_permit", "issuing_body": MARKET} | changes


def undo_content(name: str, **changes: Any) -> dict[str, Any]:
    """Return the content of the market bureau's order to undo an intake."""
    return {
        "intake": name,
        "issuing_body": MARKET,
        "ground": "示例误导入",
        "document_name": "示例更正决定书",
        "document_number": "示更〔2026〕1号",
        "document_date": TODAY.isoformat(),
        "works_from": TODAY.isoformat(),
    } | changes


def numbers_of(places: Iterable[int]) -> list[dict[str, str]]:
    """Return the type form's rows of these places."""
    return [type_row(place) for place in places]


def stored_in(world: World) -> bytes:
    """Return every cell of every table, one after the other: to look for what must not be there."""
    with world.registry.database.read() as connection:
        cells = [
            cell for table in tables.metadata.sorted_tables for row in connection.execute(select(table)) for cell in row
        ]
    return b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells)
