"""What each step of a document takes by itself, and the ordinary way to the same document, in a process of its own.

One thread makes documents as a worker does, its collaborators timed from outside; seals are made once more to be timed
alone. Then the same contents go the ordinary way, on the same core.
"""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import ParamSpec, TypeVar

from sqlalchemy import Connection

from hub.app.building import Hub, build
from hub.app.seeing import Drawn
from hub.documents.making import Workshop, make_wanted, want
from hub.settings import Settings
from hub.steps.documents.content import Content
from hub.steps.documents.faces.drawing import Attachment, Drawing, DrawnPages
from hub.steps.documents.faces.face import Face
from hub.steps.documents.xml import element_of
from hub.steps.registry import Registry
from hub.store.database import Database
from hub.store.document import DocumentName
from hub.store.files import DocumentFiles
from hub.store.places import open_place
from schemas.catalogue import Catalogue
from scripts.benchmarks.installation import environment_of
from scripts.benchmarks.ordinary import OrdinaryKey, OrdinaryPage, OrdinarySeal
from scripts.benchmarks.samples import Catching, sealed_pdf
from scripts.benchmarks.server import SERVER_CORE, pinned, told
from signing.signers import Signer
from signing.xml import seal_xml

P = ParamSpec("P")
T = TypeVar("T")
_Caught = tuple[Face, Content, DrawnPages]
Seconds = Mapping[str, Sequence[float]]
WHOLE = "whole"
INTENTION, XML, XML_KEPT, DRAWN, SEALED, FILE, RECORDED = (
    "intention", "xml", "xml kept", "drawn", "sealed", "file", "recorded",
)  # fmt: skip
ORDINARY_DRAWN, ORDINARY_SEALED, PYHANKO_SEALED = "ordinary drawn", "ordinary sealed", "sealed by pyHanko"
_ORDINARY_PAGES = 15
_WARMING = 3


def steps_of(names: Sequence[DocumentName], settings: Settings) -> Seconds:
    """Make the documents in one thread of a pinned process; return the seconds of each step, document by document."""
    job = [[name.serial, name.edition, name.language] for name in names]
    done = subprocess.run(
        told(environment_of(settings), [sys.executable, "-m", "scripts.benchmarks.document_steps", json.dumps(job)]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: pinned(SERVER_CORE),
    )
    seconds: Seconds = json.loads(done.stdout)
    return seconds


class _Watch:
    """Seconds by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def time(self, name: str, act: Callable[P, T], /, *given: P.args, **named: P.kwargs) -> T:
        started = time.perf_counter()
        result = act(*given, **named)
        self.seconds[name].append(time.perf_counter() - started)
        return result


class _WatchedDatabase(Database):
    """Times the three transactions of a document, which come in their order."""

    def __init__(self, url: str, watch: _Watch) -> None:
        super().__init__(url)
        self._watch = watch
        self._count = 0

    def write(self, work: Callable[[Connection], T]) -> T:
        name = (INTENTION, XML_KEPT, RECORDED)[self._count % 3]
        self._count += 1
        return self._watch.time(name, super().write, work)


class _WatchedFiles(DocumentFiles):
    """Times the keeping of a file: encrypted, written, synced, its folder synced."""

    def __init__(self, settings: Settings, registry: Registry, watch: _Watch) -> None:
        super().__init__(open_place(settings.document_place), master=registry.master, masters=registry.masters)
        self._watch = watch

    def put(self, document: bytes) -> str:
        return self._watch.time(FILE, super().put, document)


class _Faces(Drawing):
    """Remembers each face that is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[Face] = []

    def draw(self, face: Face, *, attachments: Sequence[Attachment], made_at: datetime) -> DrawnPages:
        self.drawn.append(face)
        return super().draw(face, attachments=attachments, made_at=made_at)


def _make(names: Sequence[DocumentName], hub: Hub, settings: Settings, watch: _Watch) -> list[_Caught]:
    database = _WatchedDatabase(settings.database_url, watch)
    faces = _Faces()
    pages = Drawn(faces, hub.registry.catalogue).pages
    drawing = Catching(lambda content: watch.time(DRAWN, pages, content))
    registry = replace(hub.registry, database=database)
    make = partial(
        make_wanted,
        registry=registry,
        sealers=hub.sealers,
        workshop=Workshop(_WatchedFiles(settings, registry, watch), drawing),
    )
    hub.registry.database.write(partial(want, names=dict.fromkeys(names), now=datetime.now(UTC)))
    for name in names:
        if watch.time(WHOLE, make, name, now=datetime.now(UTC)) is None:
            raise AssertionError("a document was not made")
    database.close()
    return [(face, *caught) for face, caught in zip(faces.drawn, drawing.caught, strict=True)]


def _seal(caught: Sequence[_Caught], hub: Hub, watch: _Watch) -> None:
    """Make the two seals of each document once more."""
    for _, content, pages in caught:
        signer = hub.sealers(content.sealer)
        watch.time(XML, _sealed_xml, content, signer, hub.registry.catalogue)
        watch.time(SEALED, sealed_pdf, content, pages, signer)


def _sealed_xml(content: Content, signer: Signer, catalogue: Catalogue) -> bytes:
    element = element_of(content, catalogue.get(content.certificate_type, content.type_version))
    return seal_xml(element, signer=signer, statement=None, sealed_at=content.sealed_at)


def _go_the_ordinary_way(caught: Sequence[_Caught], watch: _Watch) -> None:
    page, seal = OrdinaryPage(), OrdinarySeal(OrdinaryKey())
    for face, content, pages in caught[:_ORDINARY_PAGES]:
        drawn = watch.time(ORDINARY_DRAWN, page.draw, face, content.xml)
        watch.time(ORDINARY_SEALED, seal.seal, drawn)
        watch.time(PYHANKO_SEALED, seal.seal, pages.pdf)


def _main() -> None:
    names = [DocumentName(*each) for each in json.loads(sys.argv[1])]
    settings, watch = Settings(), _Watch()
    hub = build(settings)
    try:
        caught = _make(names, hub, settings, watch)
        _seal(caught, hub, watch)
        _go_the_ordinary_way(caught, watch)
    finally:
        hub.close()
    # The first ones read fonts and schemas.
    print(json.dumps({name: seconds[_WARMING:] for name, seconds in watch.seconds.items()}))


if __name__ == "__main__":
    _main()
