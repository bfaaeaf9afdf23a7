"""`yizhao catalogue`: a hub's certificate types, or one with its fields; `admit`: a release's new ones."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.approval import Approvals, Draft, read_approvals, say_signed_here
from hub.cli.connection import (
    DEFAULT_URL,
    Data,
    DatabaseUrl,
    Keys,
    Passphrase,
    Url,
    open_http,
    public_json,
)
from hub.cli.init import make_settings, open_database
from hub.cli.output import AsJson, save_json, show, show_rows
from hub.cli.refusals import LocalRefusal

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.settings import Settings


def catalogue(
    code: Annotated[str | None, typer.Argument(help="证照类型。 A certificate type; all when left out.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """证照目录。 The certificate types, or one with its fields."""
    with open_http(url) as http:
        found: Any = public_json(http, "/api/v1/catalogue")
    types: list[dict[str, Any]] = found["certificate_types"]
    if code is None:
        _show_all(types, as_json)
        return
    wanted = next((each for each in types if each["code"] == code), None)
    if wanted is None:
        raise LocalRefusal("not_found", certificate_type=code[:64])
    _show_one(wanted, as_json)


def admit_types(
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    yes: Annotated[bool, typer.Option("--yes", help="已核对差异，不再询问。 The difference has been read.")] = False,
    draft: Draft = None,
    approvals: Approvals = None,
    as_json: AsJson = False,
) -> None:
    """启用新版本带来的证照类型：两人审批。 Take a release's new types into use: two persons approve them."""
    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    found = new_here(settings)
    if draft is not None and found:
        show(_write_draft(settings, draft, found), as_json=as_json)
        return
    for name, lines in found.items():
        print(f"{name}: {'; '.join(lines)}", file=sys.stderr)
    if found:
        if not yes:
            typer.confirm("启用以上证照类型？ Take these types into use?", abort=True, err=True)
        admit_here(settings, datetime.now(UTC), read_approvals(approvals or ())[0])
    show({"admitted": list(found)}, as_json=as_json)


def new_here(settings: "Settings") -> dict[str, list[str]]:
    """Return what a release brings: each new type version with how it differs from the one before."""
    from hub.steps.certificates.type_versions import differences, new_types
    from schemas.catalogue import load_catalogue

    known = load_catalogue()
    with open_database(settings) as opened, opened.read() as connection:
        return differences(known, new_types(connection, known))


def _write_draft(settings: "Settings", path: Path, shown: dict[str, list[str]]) -> dict[str, Any]:
    """Write what a release brings for two persons to sign at the operator's page, or by `yizhao approve`."""
    from hub.custody.installation import load_installation
    from hub.steps.certificates.type_versions import named_versions, new_types
    from schemas.approval import Change
    from schemas.catalogue import load_catalogue

    with open_database(settings) as opened, opened.read() as connection:
        audience, versions = load_installation(opened).origin, new_types(connection, load_catalogue())
    content = named_versions(versions)
    save_json(path, {"act": str(Change.ADMIT_TYPE), "audience": audience, "content": content, "shown": shown})
    return {"draft": str(path)}


def admit_here(settings: "Settings", now: datetime, tokens: Sequence[str] = ()) -> None:
    """Take what a release brings into use, by two persons' approvals; without any, in TEST, those made here."""
    from hub.custody.installation import TrustInForce, load_installation
    from hub.errors import SetupError
    from hub.steps.certificates.type_versions import admit_types as admit
    from hub.steps.certificates.type_versions import new_types, types_digest
    from hub.steps.keyfolder import KeyFolder
    from hub.steps.orders.persons import approve_here, approved_apart
    from schemas.approval import Change
    from schemas.catalogue import load_catalogue

    keys = KeyFolder(settings.key_folder, settings.passphrase_file)
    with open_database(settings) as opened:
        installation = load_installation(opened)
        trust = TrustInForce(opened, installation).refresh(now)
        if trust is None:
            raise SetupError("trust_list_ended")

        def record(connection: "Connection") -> None:
            new = new_types(connection, load_catalogue())
            digest = types_digest(new)
            if tokens:
                approvals = approved_apart(
                    tokens, Change.ADMIT_TYPE, digest, installation=installation, trust=trust, terms=settings.terms,
                    connection=connection, now=now,
                )  # fmt: skip
            else:
                approvals = approve_here(
                    Change.ADMIT_TYPE, digest, keys=keys, installation=installation, trust=trust,
                    connection=connection, now=now,
                )  # fmt: skip
            admit(connection, new, approvals=approvals, now=now)

        opened.write(record)
    if not tokens:
        say_signed_here()


def _show_all(types: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show(types, as_json=True)
        return
    rows = [(each["code"], each["name_zh"], each["competent_department"], "、".join(each["items"])) for each in types]
    show_rows(("类型 type", "名称 name", "主管部门 department", "事项 items"), rows)


def _show_one(wanted: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show(wanted, as_json=True)
        return
    show({name: value for name, value in wanted.items() if name != "fields"}, as_json=False)
    rows = [
        (each["name"], each["label_zh"], each["form"], each["class"], "、".join(each["required_on"]))
        for each in wanted["fields"]
    ]
    show_rows(("字段 field", "名称 label", "格式 form", "级别 class", "必填 required on"), rows)
