"""What a certificate type is called on officers' pages."""

from hub.steps.registry import Registry
from schemas.catalogue import CertificateTypeUnknownError


def type_names(code: str | None, registry: Registry) -> dict[str, str]:
    """Return a type's names as {"zh", "en"}; one that nobody knows is called by its code."""
    try:
        kind = registry.catalogue.get(code or "")
    except CertificateTypeUnknownError:
        return {"zh": code or "", "en": code or ""}
    return {"zh": kind.name_zh, "en": kind.name_en}
