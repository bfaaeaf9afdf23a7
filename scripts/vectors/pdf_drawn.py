"""A page as the hub draws it, with a sealed XML inside: what the small pages of the vectors stand for."""

from functools import cache

from hub.steps.documents.faces.drawing import Attachment, Drawing
from hub.steps.documents.faces.face import Face, FaceRow
from scripts.vectors.seals import BODY_NAME, SEALED_AT, seal
from signing.pdf import seal_pdf

# What the QR says is of no matter here: a square stands in its place.
_SQUARE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29"><path d="M0 0h29v29H0z"/></svg>'
_FACE = Face(
    layout="food_operation_permit",
    language="zh",
    edition="original",
    is_test=True,
    non_statutory=True,
    title_zh="食品经营许可证",
    title_en="Food operation permit",
    number_label_zh="证照编号",
    number_label_en="Certificate number",
    number="JY24420000000019",
    holder="中山示例餐饮有限公司",
    licence_number="91442000MA0000015B",
    rows=(FaceRow("经营项目", "Permitted items", "热食类食品制售\n冷食类食品制售"),),
    valid_from="2026年11月20日",
    valid_to="2031年11月19日",
    body=BODY_NAME,
    issued_on="2026年11月20日",
    successor_body=None,
    identifier="1.2.156.3005.2.11100000MB0341032Y903.11442000000000027P.0000000001.001.A",
    reference_url="https://HUB.EXAMPLE/C/3TB95JND2B4VKT14K6VHNKG8JJ",
    qr_svg=_SQUARE,
    recorded_at="2026年11月24日 09:02:03",
    sealed_at="2026年11月24日 09:02:03",
)


@cache
def drawn_page(xml: bytes) -> bytes:
    """Return the page of the permit that `xml` is of, drawn and sealed."""
    attached = Attachment("certificate.xml", xml, "application/xml", "证照数据 certificate metadata, sealed")
    drawn = Drawing().draw(_FACE, attachments=[attached], made_at=SEALED_AT)
    return seal_pdf(
        drawn.pdf,
        signer=seal("seal"),
        statement=None,
        sealed_at=SEALED_AT,
        page=drawn.seal_page,
        rect=drawn.seal_rect,
        name=BODY_NAME,
        reason="电子证照 certificate 1.2.156.3005.2.11100000MB0341032Y903.11442000000000027P.0000000001.001.A",
    )
