"""`yizhao archive`: the whole package of one certificate, which is verified without the hub."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, show


def archive(
    identifier: Annotated[str, typer.Argument(help="证照标识。 The identifier of any of its versions.")],
    system: SystemCode,
    out: Annotated[Path | None, typer.Option("--out", help="存为哪个文件。 The zip to write.")] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """取得一份证照的档案包。 Fetch a certificate's archive package; verify_archive.py inside verifies it."""
    file = out or Path(f"archive-{identifier}.zip")
    with open_client(url, system, keys, passphrase_file) as client:
        length = client.save(f"/api/v1/archives/{identifier}", file)
    show({"archive": str(file), "bytes": length}, as_json=as_json)
