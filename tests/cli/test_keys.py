"""`yizhao keys`: a key of the hub is renewed, and the installation is whole afterwards."""

import pytest

from tests.cli.site import Site, run


def test_key_of_the_hub_is_renewed_and_listed_under_its_use(site: Site) -> None:
    before = _keys(site)
    renewed = run("keys", "renew", "tokens", *site.local, "--json")
    after = _keys(site)
    assert (renewed.code, renewed.json["key_id"]) == (0, after["hub:tokens"])
    assert {use for use in after if after[use] != before[use]} == {"hub:tokens"}
    assert run("doctor", *site.local).code == 0


@pytest.mark.parametrize("purpose", ["notes", "x"])
def test_key_of_what_is_kept_is_not_renewed(site: Site, purpose: str) -> None:
    refused = run("keys", "renew", purpose, *site.local)
    assert (refused.code, "key_not_renewable" in refused.err) == (1, True)


def _keys(site: Site) -> dict[str, str]:
    return {each["use"]: each["key_id"] for each in run("keys", "list", *site.keys, "--json").json}
