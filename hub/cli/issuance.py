"""`yizhao issue` and `yizhao status`: an issuing body's system orders one certificate, or changes one's status."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SecondOfficer, SystemCode, Url, open_client
from hub.cli.output import AsJson, read_json, show

_BEIJING = timezone(timedelta(hours=8))
Act = Literal["suspend", "reinstate", "withdraw", "annul", "strip", "cancel", "void", "undo"]
IdempotencyKey = Annotated[
    str | None, typer.Option("--key", help="幂等键，重试时用同一个。 The idempotency key, the same when you try again.")
]


def issue(
    order: Annotated[Path, typer.Argument(help="制证指令（JSON），- 为标准输入。 The order's content as JSON.")],
    system: SystemCode,
    officer: Officer = None,
    second_officer: SecondOfficer = None,
    key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """颁发一张证照，或其下一版。 Issue one certificate, or its next version."""
    from schemas.statement import Ordered

    content = read_json(order)
    with open_client(url, system, keys, passphrase_file) as client:
        answer = client.order(
            "/api/v1/certificates",
            Ordered.ISSUE,
            content,
            officer=officer,
            certificate_type=_text(content.get("certificate_type")),
            issuing_body=_text(content.get("issuing_body")),
            key=key,
            second_officer=second_officer,
        )
        show(answer, as_json=as_json)


def status(
    identifier: Annotated[str, typer.Argument(help="证照标识。 The certificate's identifier.")],
    act: Annotated[Act, typer.Argument(help="暂扣、恢复、撤回、撤销、吊销、注销、误录作废、撤销误办。 What is done.")],
    system: SystemCode,
    body: Annotated[str, typer.Option("--body", help="作出决定的机构。 The acting body's licence number.")],
    ground: Annotated[str, typer.Option("--ground", help="事由。 The ground.")],
    document_name: Annotated[str, typer.Option("--document-name", help="决定文书名称。 The decision's name.")],
    document_number: Annotated[str, typer.Option("--document-number", help="决定文书号。 Its number.")],
    document_date: Annotated[str | None, typer.Option("--document-date", help="决定日期。 Its date; today.")] = None,
    works_from: Annotated[
        str | None, typer.Option("--works-from", help="生效日期。 From when it works; today.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="暂扣至。 Until when it is suspended.")] = None,
    public_until: Annotated[
        str | None, typer.Option("--public-until", help="处罚公示至。 Until when the public is told of the penalty.")
    ] = None,
    undoes: Annotated[
        str | None, typer.Option("--undoes", help="撤销的是哪一项行为（act_id）。 The act that an undo takes back.")
    ] = None,
    officer: Officer = None,
    second_officer: SecondOfficer = None,
    key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """变更一张证照的状态。 Change one certificate's status."""
    from schemas.statement import Ordered

    today = civil_today()
    content = {
        "identifier": identifier,
        "issuing_body": body,
        "act": act,
        "ground": ground,
        "document_name": document_name,
        "document_number": document_number,
        "document_date": document_date or today,
        "works_from": works_from or today,
    }
    rarer = {"until": until, "public_until": public_until, "undoes": undoes}
    content |= {name: value for name, value in rarer.items() if value}
    with open_client(url, system, keys, passphrase_file) as client:
        answer = client.order(
            "/api/v1/status-changes", Ordered.CHANGE_STATUS, content, officer=officer, issuing_body=body, key=key,
            second_officer=second_officer,
        )  # fmt: skip
        show(answer, as_json=as_json)


def civil_today() -> str:
    """Return the day it is in China."""
    return datetime.now(UTC).astimezone(_BEIJING).date().isoformat()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
