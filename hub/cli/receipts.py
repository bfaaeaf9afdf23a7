"""`yizhao receipts`: completes what a system keeps of its orders: a hub that lost them does them again from that.

The folder `YIZHAO_KEPT_ORDERS` has each order with its answer (`hub/client.py`). Beside them come the receipt of each
act with its proof in the log, and of each certificate that was issued its archive package. Run it every night; after a
loss the whole folder is what `yizhao recover --from` takes.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, show
from hub.cli.refusals import LocalRefusal

if TYPE_CHECKING:
    from hub.client import Client


def receipts(
    system: SystemCode,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="留存目录，默认为 YIZHAO_KEPT_ORDERS。 The folder with the kept orders."),
    ] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """补齐留存的回执与档案包，供数据丢失后补录。 Complete what is kept: proven receipts, archive packages."""
    from hub.settings import Settings

    kept = folder or Settings().kept_orders
    if kept is None or not kept.is_dir():
        raise LocalRefusal("kept_orders_missing")
    with open_client(url, system, keys, passphrase_file) as client:
        show(complete(kept, client), as_json=as_json)


def complete(kept: Path, client: "Client") -> dict[str, int]:
    """Fetch what is not in the folder yet; return how many orders it has, and how many of each were fetched."""
    import orjson

    told = {"orders": 0, "unanswered": 0, "receipts": 0, "archives": 0}
    for path in sorted(kept.glob("*.json")):
        answer = orjson.loads(path.read_bytes()).get("answer", {})
        told["orders"] += 1
        told["unanswered"] += "act_id" not in answer
        if "act_id" in answer:
            told["receipts"] += _complete_receipt(kept / f"{answer['act_id']}.jwt", answer["act_id"], client)
        if "payload_sha256" in answer:
            told["archives"] += _complete_archive(kept / f"{answer['identifier']}.zip", answer["identifier"], client)
    return told


def _complete_receipt(path: Path, act_id: str, client: "Client") -> bool:
    """Fetch a receipt unless it is here; one that is not proven yet is left to the next time."""
    import orjson

    from signing.base64url import decode
    from signing.synced import create_synced

    if path.exists():
        return False
    token = client.http.get(f"{client.url}/api/v1/receipts/{act_id}")
    if token.status_code != 200:
        return False
    said: dict[str, Any] = orjson.loads(decode(token.text.split(".")[1]))
    if "log" in said:
        create_synced(path, token.content)
    return "log" in said


def _complete_archive(path: Path, identifier: str, client: "Client") -> bool:
    if path.exists():
        return False
    client.save(f"/api/v1/archives/{identifier}", path)
    return True
