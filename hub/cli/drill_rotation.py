"""What `yizhao drill rotation` does: every key is rotated on a copy, and everything old is verified under the new list.

1 data, log and keys are copied into a folder that is thrown away; the site is read and not touched
2 what there is before: the verdict on every record as it is shown, the outcome of every delivery note, a receipt for
  every certificate's act, an evidence bundle of each kind
3 every key is rotated, the log's too, and a head is signed by its new key
4 all of 2 is verified again, and the whole store audited: what is other than before, or holds no more, is named
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.cli.backup import back_up, bring_back
from hub.cli.init import make_settings
from hub.cli.keys import sign_next_trust_list

if TYPE_CHECKING:
    from hub.app.building import Hub
    from hub.settings import Settings
    from hub.supervision.audit.everything import Audited
    from signing.trust import TrustList

_AT_ONCE = 200
Told = tuple[str, str]
"""What a thing is called, and how it verifies."""


@dataclass(frozen=True, slots=True)
class Before:
    """What there was before the rotation; `receipts` is a file with one a line, `bundles` are by kind."""

    records: dict[str, str]
    notes: dict[str, str]
    receipts: Path
    bundles: dict[str, bytes]


def try_rotation(settings: "Settings", folder: Path) -> dict[str, Any]:
    """Rotate every key of a copy in `folder`, where there is nothing, and say what verifies afterwards."""
    from hub.app.building import build

    copy = copied(settings, folder)
    hub = build(copy)
    try:
        _sign_head(hub, copy)
        before = _taken(hub, copy, folder)
        rotated = _rotate_all(hub, copy)
    finally:
        hub.close()
    # Put together anew: the list that names the new keys is read, as every process does within a second.
    hub = build(copy)
    try:
        _sign_head(hub, copy)
        counts, failures = _verified(hub, before)
        with hub.registry.database.snapshot() as connection:
            failures += _audited(hub.audited, connection)
    finally:
        hub.close()
    return {"rotated": rotated, **counts, "failures": failures}


def copied(settings: "Settings", folder: Path) -> "Settings":
    """Copy data, log and keys of a site into a folder where there is nothing; return the copy's settings."""
    from hub.store.log import LogStore

    file = folder / "backup"
    live = LogStore(settings.log_folder)
    try:
        # Before the data: a log that knows less than they do goes on from there.
        live.copy(folder / "log")
    finally:
        live.close()
    back_up(settings, file)
    shutil.copytree(settings.key_folder, folder / "keys")
    copy = make_settings(
        data=folder / "data",
        keys=folder / "keys",
        passphrase_file=settings.passphrase_file,
        database=f"sqlite:///{folder / 'data' / 'hub.db'}",
        log=folder / "log",
        documents="",
    )
    bring_back(copy, file)
    return copy


def _sign_head(hub: "Hub", copy: "Settings") -> None:
    """Publish what waits under a head of the copy's log, signed by the key of this moment."""
    from hub.app.opening import open_log
    from hub.evidence.sequencing import Sequencer
    from hub.steps.keyfolder import KeyFolder
    from signing.log_head import revoked_log_keys

    database = hub.registry.database
    store, key = open_log(copy, database, KeyFolder(copy.key_folder, copy.passphrase_file), hub.installation, _now())
    try:
        sequencer = Sequencer(
            database=database, store=store, key=key, owner="drill", clock=_now,
            revoked=lambda: revoked_log_keys(hub.registry.trust()),
        )  # fmt: skip
        sequencer.round()
        while store.pulse().size and sequencer.round():
            pass
    finally:
        store.close()


def _taken(hub: "Hub", copy: "Settings", folder: Path) -> Before:
    return Before(
        dict(_record_verdicts(hub)),
        dict(_note_outcomes(hub)),
        _receipts(hub, copy, folder / "receipts"),
        _bundles(hub, copy),
    )


def _rotate_all(hub: "Hub", copy: "Settings") -> list[str]:
    from hub.custody.installation import HUB_KEYS, rotate_key
    from hub.steps.keyfolder import KeyFolder

    keys, now = KeyFolder(copy.key_folder, copy.passphrase_file), _now()
    uses = [*(f"hub:{purpose}" for purpose in HUB_KEYS), *(use for use in keys.uses() if use.startswith("seal:"))]
    for use in uses:
        rotate_key(
            use, keys=keys, operator=hub.installation.operator,
            list_again=lambda: sign_next_trust_list(hub.registry.database, keys, now), pause=lambda: None, now=now,
        )  # fmt: skip
    return uses


def _verified(hub: "Hub", before: Before) -> tuple[dict[str, int], list[str]]:
    records, notes = dict(_record_verdicts(hub)), dict(_note_outcomes(hub))
    failures = [f"record {name}: {before.records.get(name)} → {now}" for name, now in records.items()
                if before.records.get(name) != now]  # fmt: skip
    failures += [f"record {name} is gone" for name in before.records.keys() - records.keys()]
    failures += [f"note {name}: {before.notes.get(name)} → {now}" for name, now in notes.items()
                 if before.notes.get(name) != now]  # fmt: skip
    trust, receipts = hub.registry.trust(), 0
    with before.receipts.open() as lines:
        for line in lines:
            receipts += 1
            name, receipt = line.split()
            if fault := _receipt_fault(receipt, trust):
                failures.append(f"receipt {name}: {fault}")
    for kind, bundle in before.bundles.items():
        failures += [f"bundle {kind}: {fault}" for fault in _bundle_faults(hub, bundle)]
    counts = {"records": len(records), "notes": len(notes), "receipts": receipts, "bundles": len(before.bundles)}
    return counts, failures


# --- records and notes ------------------------------------------------------------------------------------------


def _record_verdicts(hub: "Hub") -> Iterator[Told]:
    """Yield how every record reads at the door of examination, shown with what is public of it."""
    import orjson

    from hub.steps.sharing.delivery import delivered_file
    from hub.store.certificate import CertificateReader
    from hub.store.status import StatusReader
    from signing.sd_jwt import Record, Seal

    database = hub.registry.database
    with database.read() as connection:
        highest = StatusReader(connection).highest()
    for first in range(0, highest + 1, _AT_ONCE):
        with database.read() as connection:
            reader, serials = CertificateReader(connection), list(range(first, first + _AT_ONCE))
            certificates, records = reader.by_serial(serials), reader.records(serials)
        for serial, each in certificates.items():
            stored = records[serial]
            # The first seal alone: what was handed out before another was put beside it has no other.
            shown = Record(stored.payload, (Seal(**stored.seals[0]),), tuple(stored.public_disclosures))
            file = delivered_file(orjson.loads(shown.to_json()), None, hub.registry)
            yield each.identifier, _examined(hub, orjson.dumps(file))


def _note_outcomes(hub: "Hub") -> Iterator[Told]:
    """Yield how every delivery note reads at the door of examination."""
    from hub.store.exchange import ExchangeReader

    after = ""
    while True:
        with hub.registry.database.read() as connection:
            found = ExchangeReader(connection).notes(after, _AT_ONCE)
        for name, note in found:
            yield name, _examined(hub, note.encode())
        if len(found) < _AT_ONCE:
            return
        after = found[-1][0]


def _examined(hub: "Hub", raw: bytes) -> str:
    from hub.public.examination.online import examine

    def read(_: bytes) -> Any:
        raise OSError("nothing here is taken apart")

    made = examine(
        raw, registry=hub.registry, surroundings=hub.exchange.surroundings(), read=read, now=_now()
    )  # fmt: skip
    return ", ".join(f"{each.verdict.outcome} {each.verdict.reason}" for each in made.findings) or "none"


# --- receipts ---------------------------------------------------------------------------------------------------


def _receipts(hub: "Hub", copy: "Settings", file: Path) -> Path:
    """Write a receipt for every certificate's act into a file, one a line."""
    from datetime import timedelta

    from hub.evidence.receipts import Receipts
    from hub.steps.keyfolder import KeyFolder
    from hub.store.certificate import CertificateReader
    from hub.store.status import StatusReader
    from schemas.tokens import RECEIPT_TYP
    from signing.jws import CompactSigner

    keys = KeyFolder(copy.key_folder, copy.passphrase_file)
    signer = CompactSigner(keys.signer("hub:answers"), RECEIPT_TYP)
    receipts = Receipts(hub.registry, hub.audited.log, signer, latest=timedelta(seconds=copy.log_silence))
    with hub.registry.database.read() as connection:
        highest = StatusReader(connection).highest()
    with file.open("w") as written:
        for first in range(0, highest + 1, _AT_ONCE):
            with hub.registry.database.read() as connection:
                found = CertificateReader(connection).by_serial(list(range(first, first + _AT_ONCE)))
            for each in found.values():
                written.write(f"{each.identifier} {receipts.make(each.act_id, _now())}\n")
    return file


def _receipt_fault(receipt: str, trust: "TrustList") -> str | None:
    """Return why a receipt does not hold under a list: its own signature, the log's, or the path between."""
    from hub.public.examination.proof import prove_token
    from schemas.tokens import RECEIPT_TYP
    from schemas.verdict import Result
    from signing.base64url import decode
    from signing.commitment import leaf
    from signing.errors import SigningError
    from signing.log_head import read_head
    from signing.merkle import leaf_hash, verify_inclusion

    proof = prove_token(receipt, typ=RECEIPT_TYP, purpose="answers", trust=trust, now=_now())
    if not (proof.seal.result is proof.trust.result is Result.PASSED):
        return "its signature"
    told = proof.payload
    if leaf(decode(told["salt"]), decode(told["act"])) != decode(told["leaf"]):
        return "its leaf"
    if "by" in told:
        return None
    place = told["log"]
    path, note = [decode(each) for each in place["path"]], place["checkpoint"]
    try:
        signed = read_head(note, note.partition("\n")[0], trust)
    except SigningError:
        return "its head"
    if not signed.counts():
        return "its head's key is revoked"
    head = signed.checkpoint
    held = verify_inclusion(leaf_hash(decode(told["leaf"])), place["index"], head.size, path, head.root)
    return None if held else "its place"


# --- bundles and audit ------------------------------------------------------------------------------------------


def _bundles(hub: "Hub", copy: "Settings") -> dict[str, bytes]:
    """Make an evidence bundle of each kind there is one of: the newest delivery, the newest refusal."""
    from datetime import timedelta

    from hub.evidence.bundles.packing import make_bundle
    from hub.public.status_lists import StatusLists
    from hub.steps.keyfolder import KeyFolder
    from hub.store.exchange import ExchangeReader
    from schemas.tokens import STATUS_LIST_TYP
    from signing.jws import CompactSigner

    now = _now()
    keys = KeyFolder(copy.key_folder, copy.passphrase_file)
    signer, term = CompactSigner(keys.signer("hub:status"), STATUS_LIST_TYP), timedelta(seconds=copy.status_list_term)
    lists = StatusLists(hub.registry, signer, term)
    with hub.registry.database.read() as connection:
        newest = ExchangeReader(connection).newest_by_kind()
    return {
        kind: make_bundle(
            decision, requester=requester, registry=hub.registry, sealers=hub.sealers, log_store=hub.audited.log,
            status_token=lambda number: lists.token(number, now), now=now,
        )
        for kind, (decision, requester) in newest.items()
    }  # fmt: skip


def _bundle_faults(hub: "Hub", bundle: bytes) -> list[str]:
    from hub.evidence.bundles.verify_bundle import verify
    from hub.store.installation import InstallationReader

    with hub.registry.database.read() as connection:
        reader = InstallationReader(connection)
        newest = reader.trust_list(reader.trust_list_version())
    report = verify(bundle, hub.installation.anchor, lambda _: None, newest)
    return [f"{where}: {what}" for result, where, what in report.found if result != "OK"]


def _audited(hub: "Audited", connection: Any) -> list[str]:
    from hub.supervision.audit.run import find_faults

    return find_faults(hub, connection, _now())


def _now() -> datetime:
    return datetime.now(UTC)
