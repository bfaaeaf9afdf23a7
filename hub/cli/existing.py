"""`yizhao existing`: an issuing body's system hands in a PDF that it had sealed before there was a hub (存量)."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, read_bytes, show


def existing(
    file: Annotated[Path, typer.Argument(help="已签章的 PDF。 The sealed PDF.")],
    identifier: Annotated[str, typer.Argument(help="它是哪张证照的：证照标识。 Of which certificate it is.")],
    system: SystemCode,
    body: Annotated[str, typer.Option("--body", help="颁发机构的统一社会信用代码。 The issuing body.")],
    origin: Annotated[str, typer.Option("--origin", help="文件来自何处。 Where the file comes from.")],
    officer: Officer = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """提交一份存量证照文件。 Hand in an existing document."""
    with open_client(url, system, keys, passphrase_file) as client:
        answer = client.hand_in(
            read_bytes(file), identifier=identifier, issuing_body=body, origin=origin, officer=officer
        )
        show(answer, as_json=as_json)
