"""Sentences the hub drafts and an enterprise signs: the draft vouches for itself, so that none need be kept.

The nonce inside a draft is random bytes and a keyed digest of the whole text around them: only a text that this hub
drafted, word for word, is taken back. Drafting stores nothing; that a text is used once is the flow's to see to.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest
from hmac import digest as keyed_digest
from typing import Any, ClassVar, Protocol, TypeVar

from connectors.contract import ELicence, ELicenceCertError, ELicenceSignatureError, LicenceSigner, SignedText
from hub.errors import GrantError
from hub.steps.registry import Registry
from schemas.sentence import SentenceTextError, statement_digest
from signing.base64url import decode, encode
from signing.errors import SigningError

_NONCE_BYTES = 16
_PROOF_BYTES = 16
BLANK_NONCE = encode(bytes(_NONCE_BYTES + _PROOF_BYTES))
"""Stands in a sentence until it is drafted."""


class Sentence(Protocol):
    """What an enterprise signs: it names its holder and bears the hub's nonce."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def holder_licence_number(self) -> str:
        """Whose e-licence signs it."""

    @property
    def nonce(self) -> str:
        """What this hub made it known by."""


S = TypeVar("S", bound=Sentence)


def sign_draft(render: Callable[[str], str], registry: Registry) -> str:
    """Return the text that `render` makes of a nonce, which vouches for every word of it without being kept."""
    random = registry.random(_NONCE_BYTES)
    return render(encode(random + _vouch(random, render, registry)))


def check_drafted(nonce: str, render: Callable[[str], str], registry: Registry) -> None:
    """Refuse a text that is not, word for word, one this hub drafted: names beside codes would else say anything.

    Raises GrantError grant_nonce.
    """
    try:
        octets = decode(nonce)
    except SigningError:
        octets = b""
    random, proof = octets[:_NONCE_BYTES], octets[_NONCE_BYTES:]
    if len(random) != _NONCE_BYTES or not compare_digest(proof, _vouch(random, render, registry)):
        raise GrantError("grant_nonce")


def drafted(sentence: Sentence, render: Callable[[Any], str], registry: Registry) -> dict[str, Any]:
    """Return the text to sign of a sentence whose nonce is blank, and the digest by which it will be known."""
    text = sign_draft(lambda nonce: render(replace(sentence, nonce=nonce)), registry)
    return {"text": text, "digest": statement_digest(text)}


def verify_sentence(
    signed: SignedText,
    parse: Callable[[str], S],
    render: Callable[[S], str],
    *,
    registry: Registry,
    e_licence: ELicence,
    now: datetime,
) -> tuple[S, LicenceSigner]:
    """Return what an enterprise signed, exactly as this hub drafted it, and who signed: its holder's own e-licence.

    Raises GrantError grant_text, grant_nonce, e_licence_refused, e_licence_of_another.
    """
    try:
        sentence = parse(signed.text)
    except SentenceTextError as error:
        raise GrantError("grant_text") from error
    check_drafted(sentence.nonce, lambda nonce: render(replace(sentence, nonce=nonce)), registry)
    return sentence, verified_signer(signed, sentence.holder_licence_number, e_licence=e_licence, now=now)


def verified_signer(signed: SignedText, licence_number: str, *, e_licence: ELicence, now: datetime) -> LicenceSigner:
    """Return who signed; GrantError e_licence_refused, or e_licence_of_another than `licence_number`'s."""
    try:
        signer = e_licence.verify(signed, at=now)
    except (ELicenceCertError, ELicenceSignatureError, SigningError) as error:
        raise GrantError("e_licence_refused") from error
    if signer.licence_number != licence_number:
        raise GrantError("e_licence_of_another")
    return signer


def _vouch(random: bytes, render: Callable[[str], str], registry: Registry) -> bytes:
    blank = render(encode(random + bytes(_PROOF_BYTES)))
    return keyed_digest(registry.facts_key, b"drafted" + random + blank.encode(), "sha256")[:_PROOF_BYTES]
