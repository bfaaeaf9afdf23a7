"""Documents in a bucket: made, given and proven there; a server that is away costs a wait and no document."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.documents.checking import check_documents
from hub.documents.making import Workshop
from hub.errors import StoreError
from hub.store.bucket import FileBucket
from hub.store.bucket_address import BucketAddress
from hub.store.files import DocumentFiles
from tests.flows.world import World, food_order
from tests.s3 import S3Server

_NOWHERE = "http://127.0.0.1:1"
_LEASE_OVER = timedelta(seconds=60)


@pytest.fixture
def address(s3_server: S3Server) -> BucketAddress:
    return s3_server.new_address()


def _kept_in(address: BucketAddress, world: World) -> Workshop:
    registry = world.registry
    files = DocumentFiles(FileBucket(address), master=registry.master, masters=registry.masters)
    return replace(world.workshop, files=files)


def _issued(world: World) -> str:
    return str(world.issue(food_order())["identifier"])


def test_document_is_made_given_and_proven_in_a_bucket(hub_world: World, address: BucketAddress) -> None:
    hub_world.workshop = _kept_in(address, hub_world)
    made = hub_world.document(hub_world.named(_issued(hub_world)))
    assert list(hub_world.workshop.files.names()) == [made.stored.sha256]
    checked = check_documents(registry=hub_world.registry, files=hub_world.workshop.files, now=hub_world.now)
    assert [each.fault for each in checked] == [None]


def test_document_that_found_its_bucket_away_is_made_once_it_is_back(hub_world: World, address: BucketAddress) -> None:
    name = hub_world.named(_issued(hub_world))
    hub_world.want(name)
    hub_world.workshop = _kept_in(replace(address, endpoint=_NOWHERE), hub_world)
    with pytest.raises(StoreError):
        hub_world.make(name)
    hub_world.workshop = _kept_in(address, hub_world)
    hub_world.now += _LEASE_OVER
    made = hub_world.make(name)
    assert made is not None
    assert list(hub_world.workshop.files.names()) == [made.sha256]


@pytest.mark.parametrize("gone", [{"endpoint": _NOWHERE}, {"bucket": "never-made"}])
def test_bucket_that_is_away_or_lost_has_no_document_drawn_again(
    hub_world: World, address: BucketAddress, gone: dict[str, Any]
) -> None:
    hub_world.workshop = _kept_in(address, hub_world)
    name = hub_world.named(_issued(hub_world))
    made = hub_world.document(name)
    hub_world.workshop = _kept_in(replace(address, **gone), hub_world)
    with pytest.raises(StoreError):
        hub_world.want(name)
    with pytest.raises(StoreError):
        list(check_documents(registry=hub_world.registry, files=hub_world.workshop.files, now=hub_world.now))
    hub_world.workshop = _kept_in(address, hub_world)
    assert (hub_world.make(name), hub_world.want(name)) == (None, made)
