"""`yizhao order`: any order that has no command of its own, from a file of its content."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SecondOfficer, SystemCode, Url, open_client
from hub.cli.output import AsJson, read_json, show

Noun = Literal[
    "annotations", "relations", "subjects", "coverage", "references", "erasures", "resealings", "figure-corrections"
]
_ACTS = {
    "annotations": "annotate", "relations": "relate", "subjects": "register", "coverage": "enrol",
    "references": "retire", "erasures": "erase", "resealings": "reseal",
    "figure-corrections": "correct_figure",
}  # fmt: skip


def order(
    noun: Annotated[
        Noun,
        typer.Argument(
            help="标注、主体关系、场所与设备、收录范围、停用查询码、删除一项内容、重新签章、更正指标。 What is ordered."
        ),
    ],
    content: Annotated[Path, typer.Argument(help="指令内容（JSON），- 为标准输入。 The content as JSON.")],
    system: SystemCode,
    officer: Officer = None,
    second_officer: SecondOfficer = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """下达一项指令。 Give an order in the name of a system, signed over its content."""
    from schemas.statement import Ordered

    given = read_json(content)
    body = given.get("issuing_body")
    with open_client(url, system, keys, passphrase_file) as client:
        answer = client.order(
            f"/api/v1/{noun}", Ordered(_ACTS[noun]), given, officer=officer, second_officer=second_officer,
            issuing_body=body if isinstance(body, str) else None,
        )  # fmt: skip
        show(answer, as_json=as_json)
