"""`yizhao catalogue`: the certificate types a hub knows, or one of them with its fields."""

from typing import Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Url, open_http, public_json
from hub.cli.output import AsJson, show, show_rows
from hub.cli.refusals import LocalRefusal


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
