"""Documents to measure with: made as a worker makes them, with what was drawn on the way; one of them a large one."""

import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from hub.app.building import Hub
from hub.documents.making import Workshop, make_wanted, want
from hub.steps.documents.content import Content
from hub.steps.documents.faces.drawing import DrawnPages
from hub.store.document import DocumentName
from signing.pdf import seal_pdf
from signing.signers import Signer

Draw = Callable[[Content], DrawnPages]
_NOISE_BYTES = 950_000


@dataclass(frozen=True, slots=True)
class Catching:
    """A drawing that remembers what it drew."""

    draw: Draw
    caught: list[tuple[Content, DrawnPages]] = field(default_factory=list)

    def __call__(self, content: Content) -> DrawnPages:
        pages = self.draw(content)
        self.caught.append((content, pages))
        return pages


def make(names: Sequence[DocumentName], hub: Hub, draw: Draw) -> list[tuple[Content, DrawnPages, bytes]]:
    """Make documents; return of each what it says, its pages before the seal, and the file that was kept."""
    drawing, files = Catching(draw), []
    hub.registry.database.write(partial(want, names=dict.fromkeys(names), now=datetime.now(UTC)))
    for name in names:
        made = make_wanted(
            name,
            registry=hub.registry,
            sealers=hub.sealers,
            workshop=Workshop(hub.files, drawing),
            now=datetime.now(UTC),
        )
        if made is None:
            raise AssertionError("a document was not made")
        files.append(hub.files.get(made.sha256))
    return [(*each, file) for each, file in zip(drawing.caught, files, strict=True)]


def sealed_pdf(content: Content, pages: DrawnPages, signer: Signer) -> bytes:
    """Seal drawn pages as the making of documents does."""
    return seal_pdf(
        pages.pdf,
        signer=signer,
        statement=None,
        sealed_at=content.sealed_at,
        page=pages.seal_page,
        rect=pages.seal_rect,
        name=content.issuing_body_name,
        reason=content.reason,
    )


def large_pdf(content: Content, draw: Draw, signer: Signer) -> bytes:
    """Return the same document of 1 MB: a second file is attached, which no packing makes smaller."""
    noise = b64encode(secrets.token_bytes(_NOISE_BYTES)).decode()
    larger = replace(content, delivered=noise)
    return sealed_pdf(larger, draw(larger), signer)
