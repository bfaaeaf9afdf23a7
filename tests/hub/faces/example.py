"""Faces of every type as the 示例 shop would hold them: made up, and always the same."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from hub.steps.documents.faces.drawing import Attachment, Drawing
from hub.steps.documents.faces.face import CopyMarking, Face, FaceRow
from hub.web.public.qr import qr_svg
from schemas.catalogue import CertificateType, load_catalogue
from scripts.example_city import ExampleEnterprise
from scripts.example_fields import field_values, make_number

CATALOGUE = load_catalogue()
MADE_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
URL = "https://HUB.EXAMPLE.CN/C/0123456789ABCDEFGHJKMNPQRS"
HOLDER = ExampleEnterprise(
    "91442000MAXN00016T", "示例市岐江畔茶饮有限公司", "示例市示例路88号", "东区", "张示例", "", {}
)
MARKING = CopyMarking(
    requester="示例市交通运输局 11442000MB2D00002Y",
    cause="办理示例许可",
    case="442000000000 EX-2026-000123",
    made="2026年11月24日 10:00:00",
    ends="2026年12月24日 10:00:00",
    maker="示例市政务服务数据管理局",
    serial="2G3K9M2QX4T8W1ZB5D6F0HJNPR",
)
XML = Attachment(
    "certificate.xml",
    "<certificate>一照通行</certificate>".encode(),
    "application/xml",
    "证照数据 certificate metadata",
)
DRAWING = Drawing()


def example_face(certificate_type: CertificateType) -> Face:
    """Return the original of a type as the 示例 shop would hold it, in Chinese."""
    values = field_values(certificate_type, HOLDER, HOLDER.address, 7, Random(1))
    labels = {each.name: each for each in certificate_type.fields}
    rows = [FaceRow(labels[name].label_zh, labels[name].label_en, value) for name, value in values.items()]
    return Face(
        layout=DRAWING.layout_of(certificate_type.code),
        language="zh",
        edition="original",
        is_test=True,
        non_statutory=True,
        title_zh=certificate_type.name_zh,
        title_en=certificate_type.name_en,
        number_label_zh="证照编号",
        number_label_en="Certificate number",
        number=make_number(certificate_type, 2026, 16),
        holder=HOLDER.name,
        licence_number=HOLDER.licence_number,
        rows=(FaceRow("住所", "Address", HOLDER.address), *rows),
        valid_from="2026年11月24日",
        valid_to="" if certificate_type.code.endswith("_registration") else "2031年11月23日",
        body="示例市市场监督管理局",
        issued_on="2026年11月24日",
        successor_body=None,
        identifier="1.2.156.3005.2.11100000MB0341032Y901.11442000MB2D00000X.91442000MAXN00016T.001.0",
        reference_url=URL,
        qr_svg=qr_svg(URL),
        recorded_at="2026年11月24日 10:00:00",
        sealed_at="2026年11月24日 10:00:02",
    )


def in_english(face: Face) -> Face:
    """Return the face as its English page."""
    return replace(
        face,
        language="en",
        valid_from="2026-11-24",
        valid_to="2031-11-23",
        issued_on="2026-11-24",
        recorded_at="2026-11-24 10:00:00 UTC+8",
        sealed_at="2026-11-24 10:00:02 UTC+8",
        body_en="Example Municipal Administration for Market Regulation",
    )
