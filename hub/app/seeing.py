"""What doors, flows and drawings are handed that is put together of several parts: shared views, seals, faces."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.custody.installation import Installation, TrustInForce
from hub.decisions.facts import Source, Surroundings, complete_types, log_standing, seal_standing
from hub.steps.documents.content import Content, face_of
from hub.steps.documents.faces.drawing import Drawing, DrawnPages
from hub.steps.documents.faces.face import Face
from hub.steps.keyfolder import KeyFolder
from hub.steps.log.proven_time import InTime, Remembered, SealTimes
from hub.steps.registry import HUB_SEALERS, Registry
from hub.store.installation import InstallationWriter
from hub.store.parties import PartyReader
from hub.web.public.qr import qr_svg, qr_text
from schemas.catalogue import Catalogue
from schemas.certificate import civil_date
from signing.signers import Signer

_FRESH = timedelta(seconds=1)


class SharedView:
    """What answers share, read at most once a second: trust list, sources, how the evidence log stands."""

    def __init__(self, registry: Registry, trust: TrustInForce, installation: Installation, times: SealTimes) -> None:
        self._registry = registry
        self._trust = trust
        self._installation = installation
        self._times = times
        self._made: tuple[datetime, Surroundings, Surroundings] | None = None

    def __call__(self, now: datetime) -> Surroundings:
        return self._both(now)[1]

    def at_once(self, now: datetime) -> Surroundings:
        """Return the same for whoever may not wait: of seals that are over it knows what is in memory."""
        return self._both(now)[2]

    def _both(self, now: datetime) -> tuple[datetime, Surroundings, Surroundings]:
        made = self._made
        if made is None or not timedelta(0) <= now - made[0] < _FRESH:
            in_time = self._times.under(self._trust.refresh(now))
            read = self._read(now, in_time)
            made = self._made = (now, read, replace(read, in_time=Remembered(in_time)))
        return made

    def _read(self, now: datetime, in_time: InTime) -> Surroundings:
        log_state = self._registry.log(now)
        with self._registry.database.read() as connection:
            parties = PartyReader(connection)
            sources, coverage = parties.sources(), parties.coverage()
            # A store that was rolled back says of nothing that it is not there.
            coverage = coverage if log_state.doubt is None else []
            in_charge = parties.in_charge(civil_date(now)) if coverage else {}
        return Surroundings(
            seals=seal_standing(in_time.trust, now),
            sources={code: Source(*each) for code, each in sources.items()},
            catalogue=self._registry.catalogue,
            origin=self._installation.origin,
            mode=self._installation.mode,
            log=log_standing(log_state, now),
            doubt=log_state.doubt,
            complete=complete_types(coverage, in_charge, civil_date(now)),
            in_time=in_time,
            held=log_state.held,
        )


class Sealing:
    """Finds the seal signer of an issuing body: the key whose cert the trust list names for it."""

    def __init__(self, keys: KeyFolder) -> None:
        self._keys = keys

    def __call__(self, issuing_body: str) -> Signer:
        return self._keys.signer(f"hub:{issuing_body}" if issuing_body in HUB_SEALERS else f"seal:{issuing_body}")


class Drawn:
    """Draws what a content says: its pages, or its public picture."""

    def __init__(self, drawing: Drawing, catalogue: Catalogue) -> None:
        self._drawing = drawing
        self._catalogue = catalogue

    def pages(self, content: Content) -> DrawnPages:
        face = self._face(content)
        return self._drawing.draw(face, attachments=content.attachments, made_at=content.sealed_at)

    def picture(self, content: Content) -> bytes:
        return self._drawing.draw_public_picture(self._face(content))

    def _face(self, content: Content) -> Face:
        kind = self._catalogue.get(content.certificate_type, content.type_version)
        copied = content.marking is not None and content.marking.serial
        text = qr_text(content.origin, "k", copied) if copied else qr_text(content.origin, "c", content.reference)
        layout = self._drawing.layout_of(content.certificate_type)
        return face_of(content, kind, layout=layout, qr_text=text, qr_svg=qr_svg(text))


class Readiness:
    """Whether the hub can act now: it can write, its trust list is in force, its evidence log goes on and fits."""

    def __init__(self, registry: Registry, trust: TrustInForce) -> None:
        self._registry = registry
        self._trust = trust

    def __call__(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        listed = self._trust.refresh(now) is not None
        try:
            writes = self._registry.database.write(lambda connection: InstallationWriter(connection).touch())
        except Exception:
            writes = False
        state = self._registry.log(now)
        is_whole = state.rolled_back_to is None
        goes_on = state.key_revoked_at is None and not state.is_silent(now)
        return {
            "ready": listed and writes and is_whole and goes_on,
            "trust_list": listed,
            "database": writes,
            "log": goes_on,
            "store": is_whole,
        }
