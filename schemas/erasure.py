"""What an order to erase says, and what can be erased of a certificate.

Erasable is what describes: a type's own fields, and the holder's name and address. The certificate's number and its
issuing body's name are what a record is known by; they stay.
"""

from dataclasses import dataclass
from datetime import date

from schemas.certificate_type import CertificateType

HOLDER_FIELDS = ("holder_name", "holder_address")


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """What is to be erased, by which body, why and by which document."""

    identifier: str
    issuing_body: str
    field: str
    ground: str
    document_name: str
    document_number: str
    document_date: date

    @property
    def whole_ground(self) -> str:
        """The ground with its document, as it is kept."""
        return f"{self.ground}（{self.document_name}，{self.document_number}，{self.document_date.isoformat()}）"


def erasable(kind: CertificateType) -> frozenset[str]:
    """Return the names of the fields of a type that can be erased."""
    return frozenset({*HOLDER_FIELDS, *(field.name for field in kind.fields)})
