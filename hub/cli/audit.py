"""`yizhao audit`: proves the evidence log, from outside by its public bytes, or a whole store from inside.

With a URL: the signed head, every leaf and every tile are fetched, the tree is made anew, and it begins with the head
that was seen last (`--state`), so that nothing was taken out or changed since. Logs that recoveries have closed are
audited too: each begins with a leaf that commits to the last head of the one before. Nothing the hub says is believed
but what its keys signed, and those are named by a trust list whose anchor the auditor pins; a head of the present log
by a key that the list revokes is refused.
With a data folder: besides, every commitment is opened, every row is held against what was signed, and every act has
exactly one entry at its place. The store is opened so that nothing is written: an audit leaves no trace in it. Exit
code 1 when anything is wrong; each fault names the row or leaf. Where the clock was set back is told, and no fault.
"""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.connection import DatabaseUrl, Keys, Passphrase
from hub.cli.init import make_settings
from hub.cli.output import AsJson, show
from hub.cli.refusals import REFUSED, LocalRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from hub.supervision.audit.public import Fetch
    from signing.checkpoint import Checkpoint
    from signing.trust import TrustList

_MOST_TOLD = 200


def audit(
    target: Annotated[str, typer.Argument(metavar="URL|DATA", help="平台网址，或数据目录。 A hub's URL, or its data.")],
    anchor: Annotated[
        str | None, typer.Option(help="根证书集的 SHA-256（审计网址时必填）。 The pinned root set, for a URL.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="记住上次所见，下次核对没有倒退。 Keeps what was seen, to compare next time.")
    ] = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """审计存证日志：逐条重算，只认签名。 Audit the evidence log: all is recomputed, only signatures are believed."""
    if target.startswith(("http://", "https://")):
        found = _audit_public(target, anchor, state, datetime.now(UTC))
    else:
        settings = make_settings(data=Path(target), keys=keys, database=database, passphrase_file=passphrase_file)
        found = _audit_store(settings, datetime.now(UTC))
    faults: list[str] = found["faults"]
    if as_json:
        show(found, as_json=True)
    else:
        told = {name: value for name, value in found.items() if name != "faults"}
        show(told | {"问题 faults": len(faults)}, as_json=False)
        for each in faults[:_MOST_TOLD]:
            print(f"✕ {each}")
    if faults:
        raise typer.Exit(REFUSED)


def _audit_store(settings: Any, now: datetime) -> dict[str, Any]:
    from hub.app.building import reading
    from hub.store.entry import EntryReader
    from hub.supervision.audit.log import clock_steps
    from hub.supervision.audit.run import find_faults

    with reading(settings) as audited, audited.registry.database.snapshot() as connection:
        faults = find_faults(audited, connection, now)
        entries = EntryReader(connection)
        counted = {"acts": entries.count(), "in_log": entries.count() - entries.waiting()}
        steps = clock_steps(connection)
        return {"origin": audited.log.head().origin, **counted, "clock_steps": steps, "faults": faults}


def _audit_public(url: str, anchor: str | None, state: Path | None, now: datetime) -> dict[str, Any]:
    from hub.cli.connection import open_http

    if anchor is None:
        raise LocalRefusal("anchor_needed")
    before = _seen(state)
    if before.get("anchor", anchor) != anchor:
        raise LocalRefusal("state_other")
    with open_http(url) as http:
        trust = _trust(http, anchor, int(before.get("trust_list_version", 0)), now)
        checkpoint, heads = _heads(http, trust)
        if before.get("origin", checkpoint.origin) not in {each.origin for each, _ in heads}:
            raise LocalRefusal("state_other")
        earlier = {int(before["size"]): b64decode(before["root"])} if "size" in before else {}
        faults, note = list[str](), None
        for number, (head, said) in enumerate(heads, start=1):
            name, folder = ("log", "/log") if head is checkpoint else (f"log {number}", f"/log/{number}")
            seen = earlier if before.get("origin") == head.origin else {}
            faults += _faults_of(head, _tiles(http, folder), name, note, seen)
            note = said
    root = b64encode(checkpoint.root).decode()
    if state is not None and not faults:
        _keep(state, anchor, trust.version, checkpoint, root)
    return {
        "origin": checkpoint.origin,
        "mode": trust.mode,
        "trust_list_version": trust.version,
        "size": checkpoint.size,
        "root": root,
        "closed": [each.origin for each, _ in heads[:-1]],
        "seen_before": next(iter(earlier), None),
        "faults": faults,
    }


def _faults_of(
    head: "Checkpoint", fetch: "Fetch", name: str, note: str | None, seen: "Mapping[int, bytes]"
) -> list[str]:
    """Return what contradicts a head; `note` is the last of the log before, which the first leaf commits to."""
    from hub.supervision.audit.public import leaves_under, verify_tree
    from signing.commitment import following_leaf

    try:
        faults = list(verify_tree(head.size, head.root, fetch, seen=seen))
        if note is not None and next(leaves_under(head.size, fetch), None) != following_leaf(note):
            faults.append("log: does not begin with the end of the one before")
    except ValueError as error:
        faults = [f"log: {error}"]
    return [name + each.removeprefix("log") for each in faults]


def _heads(http: "httpx.Client", trust: "TrustList") -> "tuple[Checkpoint, list[tuple[Checkpoint, str]]]":
    """Return the present head, and those of all logs in order with the notes that the log itself signed."""
    first = trust.origin.partition("//")[2] + "/log" + ("/TEST" if trust.mode == "test" else "")
    newest = _checkpoint(http, trust, "/log")
    number = newest[0].origin.removeprefix(f"{first}/")
    closed = [_checkpoint(http, trust, f"/log/{each}") for each in range(1, int(number) if number.isdecimal() else 1)]
    named = [first, *(f"{first}/{each}" for each in range(2, len(closed) + 2))]
    if [each.origin for each, _ in [*closed, newest]] != named:
        raise LocalRefusal("checkpoint_refused")
    return newest[0], [*closed, newest]


def _trust(http: "httpx.Client", anchor: str, highest: int, now: datetime) -> "TrustList":
    from signing.errors import TrustListError
    from signing.trust import verify_trust_list

    raw = _fetched(http, "/.well-known/yizhao-trust-list")
    try:
        return verify_trust_list(raw, anchor_sha256=anchor, now=now, highest_version_seen=highest, allow_test=True)
    except TrustListError as error:
        raise LocalRefusal("trust_list_refused", reason=error.reason) from None


def _checkpoint(http: "httpx.Client", trust: "TrustList", folder: str) -> "tuple[Checkpoint, str]":
    """Return a log's head, and its note without the words of witnesses; of closed logs whatever revoked their key."""
    from signing.checkpoint import split_note
    from signing.errors import SigningError
    from signing.log_head import read_head

    note = _fetched(http, f"{folder}/checkpoint").decode()
    origin = note.partition("\n")[0]
    host = trust.origin.partition("//")[2]
    if not origin.startswith(f"{host}/log"):
        raise LocalRefusal("checkpoint_refused")
    try:
        signed = read_head(note, origin, trust)
    except SigningError:
        raise LocalRefusal("checkpoint_refused") from None
    if folder == "/log" and not signed.counts():
        raise LocalRefusal("checkpoint_revoked")
    # The log signs first; what witnesses add comes after.
    text, lines = split_note(note)
    return signed.checkpoint, f"{text}\n{lines[0]}\n"


def _tiles(http: "httpx.Client", folder: str) -> "Fetch":
    return lambda name: _fetched(http, f"{folder}/tile/{name}")


def _fetched(http: "httpx.Client", path: str) -> bytes:
    from hub.client import RefusedError

    response = http.get(path)
    if response.status_code >= 400:
        raise RefusedError(response.status_code, response.json())
    return response.content


def _seen(state: Path | None) -> dict[str, Any]:
    if state is None or not state.exists():
        return {}
    try:
        found: dict[str, Any] = json.loads(state.read_text())
    except (OSError, ValueError):
        raise LocalRefusal("state_unreadable", file=state.name) from None
    return found


def _keep(state: Path, anchor: str, version: int, checkpoint: "Checkpoint", root: str) -> None:
    from signing.synced import replace_synced

    kept = {
        "anchor": anchor,
        "trust_list_version": version,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": root,
    }
    try:
        replace_synced(state, json.dumps(kept, indent=1).encode())
    except OSError:
        raise LocalRefusal("file_unwritable", file=state.name) from None
