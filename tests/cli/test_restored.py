"""`yizhao restored`: sign-ins begin again a minute after a restore, and the doctor says until when they are refused."""

from datetime import UTC, datetime, timedelta

from hub.cli.init import make_settings
from hub.store.database import Database
from hub.store.installation import InstallationWriter
from tests.cli.site import Site, run


def test_doctor_says_that_sign_ins_are_refused_for_a_minute_after_a_restore(site: Site) -> None:
    assert _sign_ins(site) == ("fine", "ok")
    told = run("restored", "--data", str(site.folder / "data"), "--json")
    begins = datetime.fromisoformat(told.json["sign_ins_from"])
    assert timedelta(seconds=50) < begins - datetime.now(UTC) <= timedelta(seconds=60)
    state, seen = _sign_ins(site)
    assert (state, "refused until" in seen) == ("watch", True)


def test_clock_that_was_days_ahead_keeps_nobody_out_once_it_is_right(site: Site) -> None:
    settings = make_settings(data=site.folder / "data", keys=site.folder / "keys")
    database = Database(settings.database_url)
    ahead = datetime.now(UTC) + timedelta(days=2)
    database.write(lambda connection: InstallationWriter(connection).note_forgotten(ahead))
    database.close()
    assert _sign_ins(site)[0] == "trouble"
    assert run("restored", "--data", str(site.folder / "data")).code == 0
    _, seen = _sign_ins(site)
    assert datetime.fromisoformat(seen.split()[2]) < datetime.now(UTC) + timedelta(seconds=61)


def test_what_is_not_there_cannot_be_restored(site: Site) -> None:
    refused = run("restored", "--data", str(site.folder / "elsewhere"))
    assert (refused.code, "not_initialised" in refused.err) == (1, True)


def _sign_ins(site: Site) -> tuple[str, str]:
    found = run("doctor", *site.local, "--json").json
    return next((each["state"], each["seen"]) for each in found if each["name"] == "sign_ins")
