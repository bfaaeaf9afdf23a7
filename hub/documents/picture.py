"""The public picture of a certificate: its public fields, low resolution, no seal, marked 公示信息 非证照.

Drawn anew each time and kept nowhere; it is evidence of nothing, and says so. Only of what is valid now.
"""

from collections.abc import Callable
from datetime import datetime

from hub.documents.permission import require_valid
from hub.errors import NotFoundError
from hub.steps.documents.content import Content, public_content
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from schemas.identifiers import ReferenceFormError, parse_reference


def public_picture(
    reference: str, *, language: str, registry: Registry, draw: Callable[[Content], bytes], now: datetime
) -> bytes:
    """Return the picture (PNG) of the version with this reference.

    Raises NotFoundError reference_not_found, for what cannot be one as well; DocumentError document_status;
    StoreError store_rolled_back, store_recovered.
    """
    registry.refuse_doubtful(now)
    try:
        known = parse_reference(reference)
    except ReferenceFormError:
        raise NotFoundError("reference_not_found") from None
    with registry.database.read() as connection:
        certificate = CertificateReader(connection).by_reference(known)
        if certificate is None:
            raise NotFoundError("reference_not_found")
        require_valid(certificate, connection, now)
        content = public_content(certificate, language=language, registry=registry, connection=connection, now=now)
    return draw(content)
