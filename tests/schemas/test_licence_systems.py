"""The file of other systems: every slip in it is told with file, field and rule."""

from pathlib import Path

import pytest

from schemas.licence_systems import SYSTEMS_FILE, LicenceSystemsError, load_licence_systems

WRONG = {
    'code = "gdgs"': ('code = "gsxt"', "code: stands twice"),
    'code = "gzaic"': ('code = "G Z"', "code: empty, or not of its form"),
    'hosts = ["qyxy.baic.gov.cn"]': ('hosts = ["QYXY"]', "hosts: holds what is empty"),
    'grade = "M 0.6"': ('grade = "sure"', "grade: empty, or not of its form"),
    'words = ["粤商码", "粤商通"]': ("words = []", "hosts: neither hosts nor words"),
    'form = "粤商码"': ('form = "粤商码"\nsite = "https://evil.example/"', "site: its host is none of the file's"),
    'form = "企业码"': ('form = "企业码"\ncolour = "red"', "colour: unknown key"),
}


def test_every_system_has_a_source_a_grade_and_an_example() -> None:
    systems = load_licence_systems()
    assert {"gsxt", "gdgs", "gzaic", "szcredit", "baic", "enterprise_code", "merchant_code"} <= {
        each.code for each in systems
    }
    assert all(each.source and each.grade and each.form for each in systems)


@pytest.mark.parametrize("line", WRONG)
def test_slip_in_the_file_is_told(tmp_path: Path, line: str) -> None:
    changed, told = WRONG[line]
    text = SYSTEMS_FILE.read_text(encoding="utf-8")
    assert text.count(line) == 1
    path = tmp_path / SYSTEMS_FILE.name
    path.write_text(text.replace(line, changed), encoding="utf-8")
    with pytest.raises(LicenceSystemsError, match=told):
        load_licence_systems(path)


@pytest.mark.parametrize(
    ("host", "is_theirs"), [("gd.gsxt.gov.cn", True), ("gsxt.gov.cn", True), ("xgsxt.gov.cn", False)]
)
def test_hosts_below_are_theirs_where_the_file_says_so(host: str, is_theirs: bool) -> None:
    national = next(each for each in load_licence_systems() if each.code == "gsxt")
    assert national.has_host(host) is is_theirs
    assert national.site_host == "www.gsxt.gov.cn"
