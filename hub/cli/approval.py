"""`yizhao approve`: one of two persons signs a change with the key of his own; and how a change gets both signatures.

1 the ordering command writes the change to a file (`--draft`): the act, content and salt; of a sheet what it changes
2 each person signs that file where his key lies (`yizhao approve`), having read what it says; the salt goes along
3 the ordering command sends the same content with both approvals (`--approval`, twice)
In TEST, where the keys of both lie in one folder, the ordering command signs for them, and says so.
"""

import json
import secrets
import sys
from base64 import b64decode, standard_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.connection import Keys, Passphrase, open_client, open_keys
from hub.cli.output import AsJson, read_json, save_json, show
from hub.cli.refusals import LocalRefusal

if TYPE_CHECKING:
    from hub.client import Client
    from schemas.approval import Change
    from schemas.statement import Ordered

Draft = Annotated[
    Path | None, typer.Option("--draft", help="只写出变更文件，供两人签名，不提交。 Write the change, to be signed.")
]
Approvals = Annotated[
    list[Path] | None, typer.Option("--approval", help="审批签名文件，给两次。 An approval; give both.")
]


def approve(
    file: Annotated[Path, typer.Argument(help="变更文件（--draft 所写）。 The change, as --draft wrote it.")],
    officer: Annotated[str, typer.Option("--officer", help="审批人员编号。 Who signs.")],
    out: Annotated[Path | None, typer.Option("--out", help="签名存到哪里。 Where the approval goes.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="已核对内容，不再询问。 The content has been read.")] = False,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """审批一项变更：以本人密钥签名。 Approve a change: sign its digest with the key of one's own."""
    from hub.steps.orders.persons import persons_here, sign_approval
    from schemas.approval import Approval
    from signing.base64url import encode

    change, said, digest = _read_change(read_json(file))
    folder = open_keys(keys, passphrase_file)
    person = next((each for each in persons_here(folder) if each.number == officer), None)
    if person is None:
        raise LocalRefusal("person_unknown", officer=officer[:64])
    print(json.dumps(_to_read(said), ensure_ascii=False, indent=1), file=sys.stderr)
    if not yes:
        typer.confirm(f"以上变更（{change}）由 {officer} 审批？ Approve this change?", abort=True, err=True)
    approval = Approval(
        change, said["audience"], officer, person.duty, int(datetime.now(UTC).timestamp()),
        encode(secrets.token_bytes(16)), digest,
    )  # fmt: skip
    kept = {"approval": sign_approval(approval, folder.signer(person.use)), "salt": said["salt"]}
    path = out or file.with_name(f"{file.stem}.{officer}.approval.json")
    save_json(path, kept)
    show({"approval": str(path), "officer": officer, "duty": person.duty, "content_digest": digest}, as_json=as_json)


def order_change(
    path: str,
    act: "Ordered",
    content: dict[str, Any],
    *,
    url: str,
    system: str,
    keys: Path | None,
    passphrase_file: Path | None,
    draft: Path | None,
    approvals: Sequence[Path] | None,
    as_json: bool,
) -> None:
    """Order a change that two persons approve, or write it for them to sign."""
    with open_client(url, system, keys, passphrase_file) as client:
        if draft is not None:
            show(write_draft(draft, act, content, client.origin), as_json=as_json)
            return
        show(send_change(client, path, act, content, approvals), as_json=as_json)


def write_draft(
    path: Path, act: "Ordered", content: Mapping[str, Any], audience: str, *, shown: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Write a change for two persons to sign; `shown` is what they read of one that names the digest of it."""
    from schemas.approval import Change
    from schemas.statement import SALT_BYTES

    draft = draft_of(Change(act.value), content, secrets.token_bytes(SALT_BYTES), audience)
    save_json(path, draft | ({"shown": shown} if shown is not None else {}))
    return {"draft": str(path)}


def send_change(
    client: "Client", path: str, act: "Ordered", content: Mapping[str, Any], approvals: Sequence[Path] | None
) -> dict[str, Any]:
    """Order a change with the approvals in these files, or with those that are made here; return the hub's answer."""
    tokens, salt = read_approvals(approvals or ())
    if not tokens and client.approvers:
        say_signed_here()
    return client.order(path, act, content, salt=salt, approvals=tokens)


def say_signed_here() -> None:
    """Say on the command's face that both signatures come from this machine."""
    print(
        "TEST：两人签名由本机测试密钥代签，生产环境须各自签名。 "
        "TEST: both persons' signatures are made with test keys of this machine; in production each signs apart.",
        file=sys.stderr,
    )


def draft_of(change: "Change", content: Mapping[str, Any], salt: bytes, audience: str) -> dict[str, Any]:
    """Return a change as two persons are to sign it."""
    return {
        "act": str(change),
        "audience": audience,
        "content": dict(content),
        "salt": standard_b64encode(salt).decode(),
    }


def read_approvals(files: Sequence[Path]) -> tuple[list[str], bytes | None]:
    """Return the approvals in files, with the salt they were made over; none for no files."""
    found = [read_json(each) for each in files]
    salts = {each.get("salt") for each in found}
    if len(salts) > 1 or not all(isinstance(each.get("approval"), str) for each in found):
        raise LocalRefusal("approvals_differ")
    salt = next(iter(salts), None)
    return [each["approval"] for each in found], b64decode(salt) if isinstance(salt, str) and salt else None


def _to_read(said: dict[str, Any]) -> dict[str, Any]:
    """Return what a person reads before he signs: of a sheet what it changes, the very thing whose digest it names."""
    from hashlib import sha256

    from schemas.canonical import canonical_digest

    content: dict[str, Any] = said["content"]
    shown = said.get("shown")
    if "difference" not in content:
        return content
    if not isinstance(shown, dict) or canonical_digest(shown) != content["difference"]:
        raise LocalRefusal("change_form")
    sheet = content.get("sheet")
    digest = {"sheet": f"SHA-256 {sha256(b64decode(sheet)).hexdigest()}"} if isinstance(sheet, str) else {}
    return content | digest | {"shown": shown}


def _read_change(said: dict[str, Any]) -> tuple["Change", dict[str, Any], str]:
    """Return what a change file says and the digest that is signed: of its own content, never a told one."""
    import binascii

    from schemas.approval import Change
    from schemas.statement import content_digest

    try:
        digest = content_digest(said["content"], b64decode(said["salt"], validate=True))
        change, audience = Change(said["act"]), said["audience"]
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise LocalRefusal("change_form") from None
    if not isinstance(audience, str):
        raise LocalRefusal("change_form")
    return change, said, digest
