"""The failures of `signing`: few kinds, each telling what was refused and never the content of it.

Messages name identifiers, digests and reasons; never a field's value, a key or a token.
"""


class SigningError(Exception):
    """Anything that `signing` refuses."""


class _ReasonedError(SigningError):
    """A refusal with a stable one-word reason that callers may branch on and translate."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SignatureInvalidError(SigningError):
    """The signature does not belong to these bytes and this key."""


class AlgorithmRefusedError(SigningError):
    """The algorithm is outside the closed list, or not the one the key is listed with."""


class MalformedTokenError(SigningError):
    """Bytes that are not the one strict form we accept (base64url, JSON, JWS, JWK, status list)."""


class KeyUnknownError(_ReasonedError):
    """No key of this name may sign this, now.

    `reason`: unlisted | not_yet | ended | revoked | wrong_use. `kid` is the name that was asked for; it may come from
    a stranger, so the message shows only its first characters, escaped.
    """

    def __init__(self, kid: str, reason: str = "unlisted") -> None:
        super().__init__(reason, f"key {kid[:64]!a} is not accepted: {reason}")
        self.kid = kid


class CertRefusedError(_ReasonedError):
    """An X.509 cert was refused.

    `reason`: malformed | missing | chain | dates | purpose | test_in_production | critical_extension | algorithm.
    """


class CmsRefusedError(_ReasonedError):
    """A CMS signature was refused. `reason`: form (not the one we write) | digest (it is over other content)."""


class TimestampRefusedError(_ReasonedError):
    """A timestamp was refused.

    `reason`: form | rejected (the authority gave none) | digest (of other content) | nonce | policy | time (not ours) |
    signer (not the cert it names) | cert (not a timestamp authority's, or of none we know) | signature.
    """


class PdfRefusedError(_ReasonedError):
    """A PDF that is not sealed, or is not of the form of a sealed one.

    `reason` of not sealing: malformed | encrypted | active | page | layout | byte_range | too_long. Of not reading: see
    `signing.pdf_reading`.
    """


class XmlRefusedError(_ReasonedError):
    """A sealed XML was refused. `reason`: too_long | foreign | form | digest | cert."""


class TrustListError(_ReasonedError):
    """A trust list was refused. `reason`: malformed | anchor | signature | mode | rollback | not_yet | expired."""


class DisclosureError(_ReasonedError):
    """A disclosure, or the digests of a record, break RFC 9901 section 7.1.

    `reason`: malformed | unreferenced | duplicate_digest | duplicate_disclosure | reserved_name | claim_exists |
    array_element | nested | algorithm | too_many.
    """


class EnvelopeError(SigningError):
    """An encrypted envelope does not open: changed, of another context, or under a master key we do not hold."""


class EnvelopeKeyError(EnvelopeError):
    """What is encrypted is under a master key that is not here."""


class RateCapError(SigningError):
    """A key was asked for more signatures than its rate cap allows."""


class KeyFileError(SigningError):
    """A key file is missing, already there, unreadable, wrongly named, or the passphrase is not its own."""
