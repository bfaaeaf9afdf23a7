"""`yizhao evidence`: all that proves one delivery or refusal, in a bundle that is verified without the hub."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, show


def evidence(
    delivery: Annotated[
        str,
        typer.Argument(
            help="交付单号；被拒绝的，为决定编号。 The delivery, or the decision that refused.", metavar="DELIVERY"
        ),
    ],
    system: SystemCode,
    out: Annotated[Path | None, typer.Option("--out", help="存为哪个文件。 The .asice file to write.")] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """取得一次共享的证据包。 Fetch a delivery's evidence bundle; verify_bundle.py inside verifies it."""
    file = out or Path(f"evidence-{delivery}.asice")
    with open_client(url, system, keys, passphrase_file) as client:
        length = client.evidence(delivery, file)
    show({"evidence": str(file), "bytes": length}, as_json=as_json)
