"""`yizhao init`: once, keys outside the data folder, finished when it was interrupted; production is refused."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.cli.init import initialise, initialise_once, make_settings
from hub.errors import SetupError
from tests.cli.site import ORIGIN, Site, run

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_init_makes_a_test_installation_with_its_keys_outside(tmp_path: Path) -> None:
    made = Site(tmp_path).init()
    assert made.code == 0
    assert (made.json["mode"], made.json["origin"]) == ("test", ORIGIN)
    assert not list((tmp_path / "data").rglob("*.pem"))
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_second_init_is_refused_and_changes_nothing(site: Site) -> None:
    before = (site.folder / "keys" / "keys.json").read_bytes()
    again = site.init()
    assert (again.code, "already_initialised" in again.err) == (1, True)
    assert (site.folder / "keys" / "keys.json").read_bytes() == before


def test_keys_inside_the_data_folder_are_refused(tmp_path: Path) -> None:
    refused = run("init", "--data", str(tmp_path / "data"), "--keys", str(tmp_path / "data" / "keys"))
    assert (refused.code, "keys_inside" in refused.err) == (1, True)


def test_production_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    refused = run("init", "--data", str(tmp_path / "data"), "--mode", "production")
    assert refused.code == 1
    assert "PKCS#11" in refused.err
    assert not (tmp_path / "data").exists()


def test_origin_of_a_wrong_form_is_refused_and_init_can_be_run_again(tmp_path: Path) -> None:
    site = Site(tmp_path)
    refused = run("init", *site.local, "--public-origin", "https://HUB.example.test/")
    assert (refused.code, "origin_form" in refused.err) == (1, True)
    assert site.init().code == 0


def test_init_killed_before_the_keys_had_their_name_is_finished_by_the_next(site: Site) -> None:
    settings = make_settings(data=site.folder / "data", keys=site.folder / "keys")
    (site.folder / "keys").rename(site.folder / "keys.unfinished")
    assert initialise_once(settings, origin=ORIGIN, now=NOW) is True
    assert initialise_once(settings, origin=ORIGIN, now=NOW) is False
    assert run("doctor", *site.local).code == 0


def test_database_without_its_keys_is_refused(site: Site) -> None:
    settings = make_settings(data=site.folder / "data", keys=site.folder / "other")
    with pytest.raises(SetupError, match="keys_missing"):
        initialise(settings, origin=ORIGIN, now=NOW)
