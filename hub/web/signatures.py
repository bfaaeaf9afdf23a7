"""What an e-licence signed, as a page sends it: one member of a form, filled in by the phone's side of the page."""

from pydantic import ValidationError

from connectors.contract import SignedText
from hub.errors import DocumentError
from hub.web.api.grants import SignedBody
from signing.errors import SigningError

LONGEST = 64 * 1024


def read_signed(text: str) -> SignedText:
    """Return a signed sentence from the JSON of `SignedBody`. Raises DocumentError signature_form."""
    if not 0 < len(text) <= LONGEST:
        raise DocumentError("signature_form")
    try:
        return SignedBody.model_validate_json(text).signed_text()
    except (ValidationError, SigningError, ValueError):
        raise DocumentError("signature_form") from None
