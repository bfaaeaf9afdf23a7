"""The registry by commands alone: issue, change, pull, compare, import, grant, search and print."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from schemas.certificate import civil_date
from schemas.figures import FIGURES
from schemas.identifiers import make_licence_number
from schemas.tokens import PERSON_TYP, TERMINAL_TYP
from signing.algorithms import generate_private_key
from signing.jws import jwk_of, sign_compact
from signing.signers.file import FileSigner
from tests.cli.site import ORIGIN, Site, run
from tests.cli.town import CASE, HEALTH, ITEM, MARKET, change, issue, new_order, pull, put_rule

OPERATOR = make_licence_number("12442000", "00000001")


def test_issued_certificate_is_scanned_and_suspended_by_commands(town: Site) -> None:
    issued = issue(town, new_order())
    changed = change(town, issued.json["identifier"], "suspend", "--until", "2099-01-01")
    assert (issued.code, changed.code) == (0, 0)
    assert changed.json["status"] == "suspended"


def test_refused_order_says_what_is_wrong_and_the_next_step_in_both_languages(town: Site) -> None:
    refused = issue(town, new_order(valid_to="2020-01-01"))
    assert refused.code == 1
    assert "fields_wrong" in refused.err
    assert "valid_to: reversed" in refused.err
    assert "下一步 next:" in refused.err
    assert "追踪号 trace:" in refused.err


def test_issued_certificate_is_searched_for_by_a_command(town: Site) -> None:
    order = new_order()
    issue(town, order)
    found = run("search", "--system", "health", "--name", order["holder_name"], *town.over_api)
    assert found.code == 0, found.err
    assert [each["number"] for each in found.json["certificates"]] == [order["certificate_number"]]
    assert run("search", "--system", "health", "--name", "示", *town.over_api).code == 1


def test_same_order_under_another_key_is_refused_as_taken(town: Site) -> None:
    order = new_order()
    assert issue(town, order).code == 0
    assert issue(town, order).code == 1


def test_pull_on_a_sharing_rule_saves_a_file_that_verifies_offline(town: Site, tmp_path: Path) -> None:
    order = new_order()
    identifier = issue(town, order).json["identifier"]
    pulled = pull(town, order["licence_number"], "--rule", "rule-1", "--out", str(tmp_path))
    assert pulled.code == 0, pulled.err
    assert pulled.json["items"][0]["verdict"]["outcome"] == "valid"
    assert (tmp_path / f"{identifier}.json").exists()


def test_changes_are_read_on_from_a_kept_cursor(town: Site, tmp_path: Path) -> None:
    kept = str(tmp_path / "cursor")
    first = run("changes", "--system", "health", "--since", "now", *town.over_api)
    Path(kept).write_text(first.json["cursor"])
    identifier = issue(town, new_order()).json["identifier"]
    told = _changes_once_published(town, kept, identifier)
    # What was issued before may have come into the log a moment after the cursor was asked for.
    assert (told["happened"], told["identifier"]) == ("issued", identifier)
    again = run("changes", "--system", "health", "--cursor-file", kept, *town.over_api)
    assert (again.code, again.json["changes"]) == (0, [])
    refused = run("changes", "--system", "health", "--since", "0000000000000000.1", *town.over_api)
    assert (refused.code, "cursor_other_log" in refused.err) == (1, True)


def _changes_once_published(town: Site, kept: str, identifier: str) -> dict[str, Any]:
    """Read on until this certificate's change is told, the last one: an act is in the log a moment after it."""
    while True:
        ran = run("changes", "--system", "health", "--cursor-file", kept, *town.over_api)
        assert ran.code == 0, ran.err
        if ran.json["changes"] and ran.json["changes"][-1]["identifier"] == identifier:
            return dict(ran.json["changes"][-1])


def test_items_are_put_after_a_dry_run_and_a_pull_by_item_shows_what_is_missing(town: Site) -> None:
    order = new_order()
    issue(town, order)
    header = "事项编码,版本,事项名称,事项英文名称,实施部门统一社会信用代码,生效日期,材料编码,材料名称,材料英文名称,"
    header += "容缺工作日,证照类型,预填"
    item = f"{ITEM},1,公共场所卫生许可,Hygiene permit,{HEALTH},2020-01-01"
    rows = (
        f"{item},food,食品经营许可证,Food permit,,food_operation_permit,area=floor_area",
        f"{item},licence,营业执照,Licence,10,business_licence,",
    )
    sheet = town.write("items.csv", "\n".join((header, *rows)) + "\n")
    tried = run("items", "import", sheet, "--dry-run", *town.over_api)
    put = run("items", "import", sheet, "--difference", tried.json["difference"], *town.over_api)
    assert (tried.code, put.code, put.json["added"]) == (0, 0, tried.json["added"]), put.err
    listed = run("items", "list", "--system", "health", *town.over_api)
    assert [each["code"] for each in listed.json["items"]] == [ITEM]
    whose = ("--system", "health", "--officer", "health-001", "--item", ITEM, "--case", CASE, "--rule", "rule-1")
    pulled = run("pull", order["licence_number"], "--by-item", "--tell", *whose, *town.over_api)
    assert pulled.json["prefill"]["area"]["value"] == "120", pulled.err
    assert [each["state"] for each in pulled.json["materials"]] == ["met", "missing"]
    assert run("pull", order["licence_number"], *whose, *town.over_api).code == 2


def test_pull_without_a_basis_is_wrong_usage(town: Site) -> None:
    assert pull(town, new_order()["licence_number"]).code == 2


def test_comparison_answers_once_for_the_whole_set(town: Site) -> None:
    order = new_order()
    issue(town, order)
    what = (
        "--type",
        "food_operation_permit",
        "--value",
        "floor_area=120",
        "--value",
        f"holder_name={order['holder_name']}",
    )
    whose = ("--system", "health", "--officer", "health-001", "--item", ITEM, "--case", CASE, "--rule", "rule-1")
    compared = run("compare", order["licence_number"], *what, *whose, *town.over_api)
    assert compared.code == 0, compared.err
    assert compared.json["match"] is True


def test_questions_of_items_are_listed_and_asked_and_the_answer_verifies_offline(town: Site, tmp_path: Path) -> None:
    order = new_order()
    issue(town, order)
    asked = {"certificate_type": "food_operation_permit", "code": "area-60", "kind": "area_at_least"}
    item = _item("1.5", predicates=[asked | {"field": "floor_area", "argument": "60"}])
    put = run("items", "import", town.write("asked.json", {"items": [item]}), *town.over_api)
    put_rule(town, "rule-asked", item="1.5")
    listed = run("predicates", "list", "1.5", "--system", "health", *town.over_api)
    assert [each["code"] for each in listed.json["predicates"]] == ["area-60"], put.err
    whose = ("--system", "health", "--officer", "health-001", "--item", "1.5", "--case", CASE, "--rule", "rule-asked")
    out = str(tmp_path / "answer.jws")
    answered = run("predicates", "ask", order["licence_number"], "area-60", *whose, "--out", out, *town.over_api)
    assert answered.json["answer"] == "yes", answered.err
    page = httpx.post(f"{town.url}/verify?lang=en", data={"text": Path(out).read_text("ascii")}).text
    assert ("It says what was true at that time" in page, "是 yes · " in page) == (True, True)
    (tmp_path / "list.json").write_bytes(httpx.get(f"{town.url}/.well-known/yizhao-trust-list").content)
    looked = run("doctor", *town.local, "--json").json
    anchor = str(next(each["seen"] for each in looked if each["name"] == "anchor"))
    verified = run("verify", out, "--trust-list", str(tmp_path / "list.json"), "--anchor", anchor, "--json")
    assert (verified.code, verified.json["kind"], verified.json["reason"]) == (3, "predicate", "answer_as_signed")


def _item(code: str, **changes: Any) -> dict[str, Any]:
    """Return an item of the health bureau that needs a food permit."""
    type_ = {"certificate_type": "food_operation_permit", "prefill": {}}
    material = {"code": "food", "name_zh": "食品经营许可证", "name_en": "Food permit", "types": [type_]}
    names = {"name_zh": "公共场所卫生许可", "name_en": "Hygiene permit", "department": HEALTH}
    return {"code": code, "version": 1, "from_on": "2020-01-01", "materials": [material]} | names | changes


def test_pull_by_law_waits_for_its_review_until_it_is_answered(town: Site) -> None:
    order = new_order()
    issue(town, order)
    pulled = pull(town, order["licence_number"], "--rule", "rule-1")
    whose = ("--system", "market", "--officer", "market-001")
    waiting = run("reviews", "list", "--system", "market", *town.over_api).json["reviews"]
    asked = next(each for each in waiting if each["decision"] == pulled.json["delivery"])
    assert (asked["case_number"], asked["licence_number"]) == (CASE, order["licence_number"])
    why = ("--words", "示例复核意见", "--not-justified", "no_such_case")
    answered = run("reviews", "answer", asked["decision"], *whose, *why, *town.over_api)
    assert answered.json["justified"] is False, answered.err
    left = run("reviews", "list", "--system", "market", *town.over_api).json["reviews"]
    assert asked["decision"] not in [each["decision"] for each in left]
    assert "no_such_case" in run("reviews", "list", "--all", "--system", "market", *town.over_api).out


def test_sheet_of_lines_is_tried_signed_by_two_and_answered_at_once(town: Site, tmp_path: Path) -> None:
    put_rule(town, "rule-sheet", item="1.6")
    out = tmp_path / "lines.csv"
    assert run("sharing", "export", str(out), *town.over_api).code == 0
    sheet = tmp_path / "changed.csv"
    sheet.write_text(out.read_text("utf-8-sig").replace("rule-sheet", "rule-next").replace(",1.6,", ",1.7,"), "utf-8")
    tried = run("sharing", "diff", str(sheet), *town.over_api).json
    assert [(each["code"], each["change"]) for each in tried["lines"]] == [("rule-next", "added")]
    what, draft = (str(sheet), "--difference", tried["difference"]), str(tmp_path / "change.json")
    assert run("sharing", "import", *what, "--draft", draft, *town.over_api).code == 0
    signing = ("approve", draft, "--yes", *town.keys, "--json", "--officer")
    first, second = run(*signing, "system-001"), run(*signing, "security-001")
    assert '"code": "rule-next"' in first.err
    both = ("--approval", first.json["approval"], "--approval", second.json["approval"])
    done = run("sharing", "import", *what, *both, *town.over_api)
    assert done.code == 0, done.err
    whose, name = ("--system", "market"), done.json["act_id"]
    waits = run("sharing", "waiting", name, *whose, *town.over_api).json
    said = ("approve", "--lines", waits["lines"], *whose, "--officer", "market-001")
    answered = run("sharing", "answer-sheet", name, *said, *town.over_api)
    assert [each["state"] for each in answered.json["lines"]] == ["approved"], answered.err


def test_sheet_is_not_approved_by_another_difference_than_its_own(town: Site, tmp_path: Path) -> None:
    out, draft = str(tmp_path / "lines.csv"), tmp_path / "change.json"
    run("sharing", "export", out, *town.over_api)
    wrong = run("sharing", "import", out, "--difference", "0" * 64, "--draft", str(draft), *town.over_api)
    assert (wrong.code, "difference_changed" in wrong.err, draft.exists()) == (1, True, False)
    shown = run("sharing", "diff", out, *town.over_api).json["difference"]
    run("sharing", "import", out, "--difference", shown, "--draft", str(draft), *town.over_api)
    draft.write_text(draft.read_text("utf-8").replace('"unchanged"', '"added"', 1), "utf-8")
    signed = run("approve", str(draft), "--officer", "system-001", "--yes", *town.keys)
    assert (signed.code, "change_form" in signed.err) == (1, True)


def test_use_of_the_lines_in_a_year_is_told_and_saved_for_its_provider(town: Site, tmp_path: Path) -> None:
    order, year = new_order(), str(datetime.now(UTC).year)
    issue(town, order)
    assert pull(town, order["licence_number"], "--rule", "rule-1").code == 0
    told = run("sharing", "report", year, "--system", "market", *town.over_api).json
    assert next(each["allowed"] for each in told["lines"] if each["code"] == "rule-1") >= 1
    file = tmp_path / "report.csv"
    saved = run("sharing", "report", year, "--system", "market", "--out", str(file), *town.over_api)
    assert (saved.code, "rule-1" in file.read_text("utf-8-sig")) == (0, True), saved.err
    assert run("sharing", "report", "2999", *town.over_api).code == 1


def test_imported_file_shows_its_rows_and_saves_the_outcome(town: Site) -> None:
    order = new_order()
    file = _order_file(town, order)
    what = ("--type", "food_operation_permit", "--body", MARKET, "--officer", "market-001")
    outcome = town.folder / "outcome.csv"
    tried = run("import", file, "--system", "market", *what, "--dry-run", "--outcome", str(outcome), *town.over_api)
    second = ("--second-officer", "market-002")
    imported = run("import", file, "--system", "market", *what, *second, "--outcome", str(outcome), *town.over_api)
    assert (tried.code, tried.json["counts"]["would_issue"]) == (0, 1)
    assert (imported.code, imported.json["counts"]["issued"]) == (0, 1)
    assert "issued" in outcome.read_text(encoding="utf-8-sig")
    assert order["holder_name"] not in outcome.read_text(encoding="utf-8-sig")


def test_imported_file_is_undone_by_command(town: Site) -> None:
    file = _order_file(town, new_order())
    officers = ("--officer", "market-001", "--second-officer", "market-002")
    what = ("--type", "food_operation_permit", "--body", MARKET, *officers)
    imported = run("import", file, "--system", "market", *what, *town.over_api)
    why = ("--ground", "示例误导入", "--document-name", "示例更正决定书", "--document-number", "示更〔2026〕1号")
    whose = ("--system", "market", "--body", MARKET)
    alone = run("undo", imported.json["intake"], *whose, *why, "--officer", "market-001", *town.over_api)
    undone = run("undo", imported.json["intake"], *whose, *why, *officers, *town.over_api)
    assert (alone.code, "second_officer_needed" in alone.err) == (1, True)
    assert (undone.code, undone.json["state"], undone.json["undone"]) == (0, "done", 1)


def test_penalties_and_an_archive_are_imported_by_command(town: Site) -> None:
    order = new_order()
    issue(town, order)
    run("enrol", "source", "archive", "--name-zh", "示例档案室", "--fresh-for", "86400", *town.over_api)
    row = f"{order['licence_number']},示罚1号,吊销许可证,食品经营许可证,2026-01-05"
    penalties = town.write("penalties.csv", f"CF_XDR_SHXYM,CF_WSH,CF_CFLB,CF_NR_ZKDX,CF_JDRQ\n{row}\n")
    source = ("--system", "market", "--source", "archive")
    told = run("import", penalties, "--penalty", *source, *town.over_api)
    archive = town.write("archive.csv", "统一社会信用代码,扫描件摘要\n1,2\n")
    tried = run("import", archive, "--legacy", "--type", "food_operation_permit", *source, *town.over_api)
    assert (told.code, told.json["counts"]) == (0, {"task": 1}), told.err
    assert (tried.code, tried.json["counts"]) == (0, {"refused": 1}), tried.err
    assert run("import", archive, "--legacy", "--publicity", *source, *town.over_api).code == 2


def test_imported_file_without_its_columns_is_refused(town: Site) -> None:
    file = town.write("wrong.csv", "甲,乙\n1,2\n")
    officers = ("--officer", "market-001", "--second-officer", "market-002")
    what = ("--type", "food_operation_permit", "--body", MARKET, *officers)
    refused = run("import", file, "--system", "market", *what, *town.over_api)
    assert refused.code == 1
    assert "intake_failed" in refused.err


def test_grant_is_drafted_signed_posted_used_and_withdrawn_by_commands(town: Site) -> None:
    order = new_order()
    holder = order["licence_number"]
    issue(town, order)
    run("simulator", "make", holder, "--name", order["holder_name"], *town.keys)
    digest = _post_grant(town, holder)
    pulled = pull(town, holder, "--grant", digest)
    draft = town.write("end.json", run("grant", "draft-withdrawal", digest, "--url", town.url, "--json").out)
    signed = town.write("ended.json", run("simulator", "sign", holder, draft, *town.keys).out)
    withdrawn = run("grant", "withdraw", digest, signed, "--url", town.url, "--json")
    refused = pull(town, holder, "--grant", digest)
    assert pulled.json["items"][0]["verdict"]["outcome"] == "valid"
    assert withdrawn.json["state"] == "withdrawn"
    assert (refused.code, "grant_withdrawn" in refused.err) == (1, True)
    assert run("grant", "show", digest, "--url", town.url, "--json").json["state"] == "withdrawn"


def test_grant_signed_during_an_outage_is_pending(town: Site) -> None:
    order = new_order()
    issue(town, order)
    run("simulator", "make", order["licence_number"], "--name", order["holder_name"], *town.keys)
    run("simulator", "outage", "on", *town.keys)
    try:
        digest = _post_grant(town, order["licence_number"])
        refused = pull(town, order["licence_number"], "--grant", digest)
    finally:
        run("simulator", "outage", "off", *town.keys)
    assert (refused.code, "grant_pending" in refused.err) == (1, True)


def test_codes_are_drawn_alone_and_on_a_sheet(town: Site, tmp_path: Path) -> None:
    order = new_order()
    reference = issue(town, order).json["reference"]
    picture, drawing, sheet = tmp_path / "code.png", tmp_path / "code.svg", tmp_path / "sheet.html"
    assert run("qr", order["licence_number"], "--out", str(picture), "--url", town.url).code == 0
    assert run("qr", reference, "--out", str(drawing), "--url", town.url).code == 0
    assert run("qr", order["licence_number"], reference, "--out", str(sheet), "--url", town.url).code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in drawing.read_bytes()
    assert sheet.read_text().count("<figure>") == 2
    assert ("@page" in sheet.read_text(), "/static/" in sheet.read_text()) == (True, False)
    assert order["holder_name"] in sheet.read_text()


def test_code_of_an_unknown_licence_number_is_refused(town: Site, tmp_path: Path) -> None:
    refused = run("qr", HEALTH, "--out", str(tmp_path / "code.svg"), "--url", town.url)
    assert (refused.code, "licence_number_not_found" in refused.err) == (1, True)


def test_catalogue_lists_38_types_and_shows_one(town: Site) -> None:
    listed = run("catalogue", "--url", town.url, "--json")
    shown = run("catalogue", "lift_registration", "--url", town.url)
    assert len(listed.json) == 38
    assert "设备代码" in shown.out
    assert run("catalogue", "no_such_type", "--url", town.url).code == 1


def test_enterprise_source_and_wrong_licence_number_are_enrolled(town: Site) -> None:
    order = new_order()
    names = ("--name", order["holder_name"], "--address", "中山市示例路9号")
    enterprise = run("enrol", "enterprise", order["licence_number"], *names, *town.over_api)
    source = run("enrol", "source", "credit", "--name-zh", "示例信用平台", "--fresh-for", "86400", *town.over_api)
    admitted = run("enrol", "licence-number", "91350203M0001QAY9B", "--reason", "登记机关误发", *town.over_api)
    assert (enterprise.code, source.code, admitted.code) == (0, 0, 0)


def _post_grant(site: Site, holder: str) -> str:
    what = (
        "--type",
        "food_operation_permit:floor_area",
        "--item",
        ITEM,
        "--item-name",
        "公共场所卫生许可",
        "--case",
        CASE,
    )
    when = ("--until", "2027-03-01T00:00:00+08:00", "--uses", "2")
    drafted = run("grant", "draft", holder, "--requester", HEALTH, *what, *when, "--url", site.url, "--json")
    draft = site.write("draft.json", drafted.out)
    signed = site.write("signed.json", run("simulator", "sign", holder, draft, *site.keys).out)
    digest: str = run("grant", "post", signed, "--url", site.url, "--json").json["digest"]
    return digest


def _order_file(site: Site, order: dict[str, object]) -> str:
    fields = order["fields"]
    assert isinstance(fields, dict)
    row = {name: value for name, value in order.items() if name not in ("fields", "certificate_type", "issuing_body")}
    path = site.folder / "orders.csv"
    with path.open("w", newline="", encoding="gb18030") as opened:
        csv.writer(opened).writerows([[*row, *fields], [*row.values(), *fields.values()]])
    return str(path)


def test_two_persons_sign_a_change_apart_and_it_counts(town: Site) -> None:
    whose, draft = ("officer", "apart-001", "--department", MARKET), str(town.folder / "change.json")
    assert run("enrol", *whose, "--draft", draft, *town.over_api).code == 0
    signed = [
        run("approve", draft, "--officer", number, "--yes", *town.keys, "--json")
        for number in ("system-001", "security-001")
    ]
    first, second = ("--approval", signed[0].json["approval"]), ("--approval", signed[1].json["approval"])
    alone = run("enrol", *whose, *first, *town.over_api)
    both = run("enrol", *whose, *first, *second, *town.over_api)
    again = run("enrol", *whose, *first, *second, *town.over_api)
    assert (alone.code, both.code, again.code) == (1, 0, 1)
    assert ("approvals_needed" in alone.err, "approval_replayed" in again.err) == (True, True)


def test_approvals_of_another_change_are_refused(town: Site) -> None:
    draft = str(town.folder / "other.json")
    run("enrol", "officer", "apart-002", "--department", MARKET, "--draft", draft, *town.over_api)
    signed = [
        run("approve", draft, "--officer", number, "--yes", *town.keys, "--json").json["approval"]
        for number in ("system-001", "security-001")
    ]
    given = ("--approval", signed[0], "--approval", signed[1])
    refused = run("enrol", "officer", "apart-003", "--department", MARKET, *given, *town.over_api)
    assert (refused.code, "approval_content" in refused.err) == (1, True)


def test_signatures_made_with_keys_of_this_machine_are_told_as_such(town: Site) -> None:
    identity = ("--issuer", "https://id.example.test", "--account", "7")
    enrolled = run("enrol", "officer", "told-001", "--department", MARKET, *identity, *town.over_api)
    assert (enrolled.code, "本机测试密钥代签" in enrolled.err) == (0, True)


def test_officer_of_a_desk_needs_no_key(town: Site) -> None:
    assert run("enrol", "officer", "desk-001", "--department", MARKET, "--duty", "issue", *town.over_api).code == 0


def test_person_with_a_duty_is_enrolled_and_approves(town: Site) -> None:
    second = ("system-002", "--department", OPERATOR, "--duty", "system")
    made = run("keys", "officer", *second, *town.keys)
    enrolled = run("enrol", "officer", *second, *town.over_api)
    first = ("system-001", "--department", OPERATOR, "--duty", "system", "--inactive")
    gone = run("enrol", "officer", *first, *town.over_api)
    only = ("security-001", "--department", OPERATOR, "--duty", "security", "--inactive")
    last = run("enrol", "officer", *only, *town.over_api)
    assert (made.code, enrolled.code, gone.code, last.code) == (0, 0, 0, 1)
    assert "last_of_duty" in last.err


def test_person_without_a_key_here_approves_nothing(town: Site) -> None:
    draft = town.write("no-change.json", {"act": "entitle"})
    assert "change_form" in run("approve", draft, "--officer", "system-001", "--yes", *town.keys).err
    run("enrol", "officer", "x-001", "--department", MARKET, "--draft", draft, *town.over_api)
    assert "person_unknown" in run("approve", draft, "--officer", "nobody", "--yes", *town.keys).err


def test_figures_and_the_sheet_of_a_month_are_told_and_written(town: Site, tmp_path: Path) -> None:
    issue(town, new_order())
    month, out = f"{civil_date(datetime.now(UTC)):%Y-%m}", tmp_path / "sheet.csv"
    shown, written = (run("figures", *more, *town.over_api) for more in ((), ("--month", month, "--out", str(out))))
    assert (shown.code, [each["code"] for each in shown.json["figures"]]) == (0, [*FIGURES])
    assert (written.code, out.read_bytes().count(b"\n") > 20) == (0, True)
    told = town.write(
        "correction.json",
        {"period": "2020-01", "part": "use", "line": "x", "name": "spared", "value": 1, "reason": "示例"},
    )
    assert run("order", "figure-corrections", told, "--system", "operator", *town.over_api).code == 1


def test_the_browser_of_a_workplace_is_enrolled_from_the_request_its_page_shows(town: Site) -> None:
    signer = FileSigner(generate_private_key("ES256"))
    jwk = {"jwk": jwk_of(signer.private_key.public_key())}
    shown = sign_compact(orjson.dumps({"aud": ORIGIN}), signer=signer, typ=TERMINAL_TYP, headers=jwk)
    elsewhere = sign_compact(orjson.dumps({"aud": "https://other.test"}), signer=signer, typ=TERMINAL_TYP, headers=jwk)
    whose = ("system", "window-1", "--department", MARKET, "--name", "一号窗口", "--role", "pull")
    refused = run("enrol", *whose, "--terminal", elsewhere, *town.over_api)
    enrolled = run("enrol", *whose, "--terminal", shown, *town.over_api)
    assert (refused.code, "terminal_proof" in refused.err) == (1, True)
    assert (enrolled.code, enrolled.json["key_id"]) == (0, signer.key_id)


def test_a_persons_browser_is_enrolled_from_the_request_its_page_shows(town: Site) -> None:
    signer = FileSigner(generate_private_key("ES256"))
    jwk = {"jwk": jwk_of(signer.private_key.public_key())}
    shown = sign_compact(orjson.dumps({"aud": ORIGIN}), signer=signer, typ=PERSON_TYP, headers=jwk)
    workplace = sign_compact(orjson.dumps({"aud": ORIGIN}), signer=signer, typ=TERMINAL_TYP, headers=jwk)
    whose = ("officer", "signer-1", "--department", MARKET, "--duty", "approve")
    refused = run("enrol", *whose, "--browser", workplace, *town.over_api)
    enrolled = run("enrol", *whose, "--browser", shown, *town.over_api)
    assert (refused.code, "terminal_proof" in refused.err) == (1, True)
    assert (enrolled.code, enrolled.json["duty"]) == (0, "approve")


def test_an_officer_is_given_a_code_that_the_hub_does_not_know(town: Site) -> None:
    run("enrol", "officer", "code-001", "--department", MARKET, *town.over_api)
    given = run("enrol", "officer-code", "code-001", "--code", "a-code-of-the-operators", *town.over_api)
    nobody = run("enrol", "officer-code", "code-000", *town.over_api)
    assert (given.code, "a-code-of-the-operators" in given.err) == (0, True)
    assert "a-code-of-the-operators" not in given.out
    assert (nobody.code, "officer_unknown" in nobody.err, "opening code" in nobody.err) == (1, True, False)
