"""Verification: records and sealed files by the functions that verify them, then whole files at the door.

A file is taken apart by a child of its own, which has to be started: kept ready, that is done before anybody waits for
it; when one file follows another it is what decides. Both are measured. pyHanko and signxml verify the same bytes; for
pyHanko they are sealed under a cert whose path it can find.
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from hub.app.building import Hub, build
from hub.app.seeing import Drawn
from hub.decisions.verification import judge, passed
from hub.public.examination.listed import ListedKeys
from hub.public.examination.offline import verify_offline
from hub.settings import Settings
from hub.steps.certificates.intentions import decrypt_disclosures
from hub.steps.documents.faces.drawing import Drawing
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentName
from schemas.certificate import Status
from schemas.parties import LicenceState
from schemas.verdict import CheckName, Facts, Outcome, Surface
from scripts.benchmarks import raw
from scripts.benchmarks.installation import environment_of
from scripts.benchmarks.ordinary import OrdinaryKey, OrdinaryReader
from scripts.benchmarks.samples import large_pdf, make, sealed_pdf
from scripts.benchmarks.server import running_hub
from scripts.benchmarks.table import Bar, percentiles
from signing.jws import FindCertKey, VerificationKey
from signing.pdf_reading import extract_pdf, verify_pdf
from signing.sd_jwt import Record, Seal, open_record, parse_record
from signing.signers.file import FileSigner
from signing.trust import TrustList
from signing.xml import extract_xml, verify_xml

_RECORDS = 500
_SHOWN = 10
_CALLERS = 4
_PAUSE_SECONDS = 0.7
_MOST_MS = 100


@dataclass(frozen=True, slots=True)
class _Files:
    """What is shown: an issued PDF, the XML in it, the same document of 1 MB, and the PDF under an ordinary cert."""

    pdf: bytes
    xml: bytes
    large: bytes
    ordinary: bytes


class Verifying:
    """The rows of verification on one filled installation of so many certificates."""

    def __init__(
        self, settings: Settings, *, certificates: int, seconds: float, log: Path, say: Callable[..., None]
    ) -> None:
        self._settings = settings
        self._certificates = certificates
        self._seconds = seconds
        self._log = log
        self._say = say
        self._key = OrdinaryKey()

    def run(self) -> None:
        hub = build(self._settings)
        try:
            records, files, trust = self._records(hub), self._files(hub), hub.registry.trust()
        finally:
            hub.close()
        self._verify_records(records, trust, hub)
        self._verify_files(files, trust)
        self._show(files)

    # --- records --------------------------------------------------------------------------------------------------

    def _records(self, hub: Hub) -> list[bytes]:
        """Return whole records, every disclosure with them, as a holder might keep them."""
        chosen = random.Random(1).sample(range(1, self._certificates), min(_RECORDS, self._certificates - 1))
        with hub.registry.database.read() as connection:
            stored = CertificateReader(connection).records(sorted(chosen))
        return [
            Record(
                each.payload,
                tuple(Seal(**seal) for seal in each.seals),
                (*each.public_disclosures, *decrypt_disclosures(each.envelope, serial=serial, registry=hub.registry)),
            ).to_json()
            for serial, each in stored.items()
        ]

    def _verify_records(self, records: Sequence[bytes], trust: TrustList, hub: Hub) -> None:
        now, catalogue = datetime.now(UTC), hub.registry.catalogue

        def find_key(kid: str) -> VerificationKey:
            return trust.seal_key(kid, issuing_body=None, at=now)

        def verify(record: bytes) -> None:
            claims = open_record(parse_record(record), find_key=find_key).claims
            verdict = judge(_facts(claims), surface=Surface.OFFLINE, now=now)
            if verdict.outcome is not Outcome.VALID:
                raise AssertionError(verdict.reason)

        def examine(record: bytes) -> None:
            verify_offline(record, trust=trust, find_type=catalogue.get, status_token=None, now=now, max_age=None)

        _, raw_rate = raw.signatures(0.5)
        baseline = (f"raw ES256 verify {raw_rate:,.0f}/s", raw_rate)
        self._say_rate("verify a record", self._timed(verify, records), baseline, (Bar("value", least=3_000),))
        self._say_rate("verify a record, whole report", self._timed(examine, records), baseline)

    # --- files ----------------------------------------------------------------------------------------------------

    def _files(self, hub: Hub) -> _Files:
        draw = Drawn(Drawing(), hub.registry.catalogue).pages
        # The English pages are nobody else's here.
        ((content, pages, pdf),) = make([DocumentName(1, "original", "en")], hub, draw)
        signer = FileSigner(self._key.private_key, cert_der=self._key.cert_der)
        return _Files(
            pdf=pdf,
            xml=content.xml,
            large=large_pdf(content, draw, hub.sealers(content.sealer)),
            ordinary=sealed_pdf(content, pages, signer),
        )

    def _verify_files(self, files: _Files, trust: TrustList) -> None:
        find_key, reader = ListedKeys(trust).document_key, OrdinaryReader(self._key.cert_der)
        own_key = FileSigner(self._key.private_key)

        def find_own(_: bytes) -> VerificationKey:
            return VerificationKey(own_key.algorithm, self._key.private_key.public_key())

        def verified_pdf(sealed: bytes, find: FindCertKey = find_key) -> None:
            verify_pdf(sealed, extract_pdf(sealed), find_key=find)

        def verified_xml(sealed: bytes) -> None:
            verify_xml(extract_xml(sealed), find_key=find_key)

        ours = self._timed(lambda sealed: verified_pdf(sealed, find_own), [files.ordinary])
        pyhanko = _rate(self._timed(reader.verify_pdf, [files.ordinary]))
        self._say_rate(
            f"verify a sealed PDF of {len(files.pdf) // 1000} KB", ours, (f"pyHanko {pyhanko:,.0f}/s", pyhanko)
        )
        seal_cert = extract_xml(files.xml).cert_der
        signxml = _rate(self._timed(lambda sealed: reader.verify_xml(sealed, seal_cert), [files.xml]))
        ours = self._timed(verified_xml, [files.xml])
        self._say_rate("verify a sealed XML", ours, (f"signxml {signxml:,.0f}/s", signxml))
        self._say_ms(
            "verify a sealed PDF of 1 MB", self._timed(verified_pdf, [files.large]), Bar("value", most=_MOST_MS)
        )

    # --- at the door ----------------------------------------------------------------------------------------------

    def _show(self, files: _Files) -> None:
        """Show files at the door of a running hub: each when a child is ready, then as many as it takes."""
        with running_hub(environment_of(self._settings), self._log) as server, httpx.Client(timeout=30) as http:

            def show(shown: bytes) -> float:
                started = time.perf_counter()
                answer: Any = http.post(f"{server.url}/api/v1/verifications", content=shown).raise_for_status().json()
                if answer["outcome"] != "valid" and shown is not files.large:
                    raise AssertionError(f"an issued file is {answer['outcome']}")
                return time.perf_counter() - started

            def show_later(shown: bytes) -> float:
                time.sleep(_PAUSE_SECONDS)
                return show(shown)

            show_later(files.pdf)
            for name, shown, bars in (
                ("door, a sealed PDF", files.pdf, ()),
                ("door, a sealed PDF of 1 MB", files.large, (Bar("value", most=_MOST_MS),)),
                ("door, a sealed XML", files.xml, ()),
            ):
                self._say_ms(name, [show_later(shown) for _ in range(_SHOWN)], *bars)
            with ThreadPoolExecutor(_CALLERS) as callers:
                started = time.perf_counter()
                seconds = list(callers.map(show, [files.pdf] * _SHOWN * _CALLERS))
                rate = len(seconds) / (time.perf_counter() - started)
            p50, p95, p99 = percentiles(seconds)
            self._say(f"door, sealed PDFs of {_CALLERS} callers", rate, "/s", p50=p50, p95=p95, p99=p99)

    # --- around ---------------------------------------------------------------------------------------------------

    def _timed(self, act: Callable[[bytes], None], shown: Sequence[bytes]) -> list[float]:
        taken: list[float] = []
        until = time.perf_counter() + self._seconds
        while (started := time.perf_counter()) < until:
            act(shown[len(taken) % len(shown)])
            taken.append(time.perf_counter() - started)
        return taken

    def _say_rate(
        self, name: str, seconds: Sequence[float], baseline: tuple[str, float], bars: tuple[Bar, ...] = ()
    ) -> None:
        p50, p95, p99 = percentiles(seconds)
        told, rate = baseline
        self._say(
            name, _rate(seconds), "/s", p50=p50, p95=p95, p99=p99, baseline=told, ratio=_rate(seconds) / rate, bars=bars
        )

    def _say_ms(self, name: str, seconds: Sequence[float], *bars: Bar) -> None:
        p50, p95, p99 = percentiles(seconds)
        self._say(name, 1000 / _rate(seconds), "ms", p50=p50, p95=p95, p99=p99, bars=bars)


def _rate(seconds: Sequence[float]) -> float:
    return len(seconds) / sum(seconds)


def _facts(claims: dict[str, object]) -> Facts:
    """Return the facts of an opened record as an offline verifier has them, its note having told the status."""
    valid_to = claims["valid_to"]
    return Facts(
        seal=passed(CheckName.SEAL),
        trust=passed(CheckName.TRUST),
        statement=passed(CheckName.STATEMENT),
        right_to_hold=passed(CheckName.RIGHT_TO_HOLD),
        log=passed(CheckName.LOG),
        status=Status.VALID,
        status_since=None,
        suspended_until=None,
        suspension_ends="act",
        valid_from=datetime.fromisoformat(str(claims["valid_from"])).date(),
        valid_to=datetime.fromisoformat(str(valid_to)).date() if valid_to else None,
        licence=LicenceState.REGISTERED,
        collected=False,
        seen_at=None,
        fresh_for_seconds=None,
        status_as_of=None,
    )
