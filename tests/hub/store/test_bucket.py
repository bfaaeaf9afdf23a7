"""A bucket of an S3 server: files under its prefix, never half there; an error of ours when the server is at fault."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import obstore
import pytest
from obstore.store import S3Store

from hub.errors import StoreError
from hub.store.bucket import FileBucket
from hub.store.bucket_address import BucketAddress
from tests.hub.store.loopback import answering, silent_server, unused_endpoint
from tests.s3 import S3Server

_NAME = "ab/abcd.enc"
_SHORT = timedelta(seconds=0.5)


@pytest.fixture
def address(s3_server: S3Server) -> BucketAddress:
    return s3_server.new_address()


def _whole_bucket(address: BucketAddress) -> S3Store:
    """Return the bucket as anybody else with the hub's key sees it."""
    return S3Store(
        address.bucket,
        endpoint=address.endpoint,
        access_key_id=address.key_id,
        secret_access_key=address.secret,
        client_options={"allow_http": True},
    )


def _refusal(address: BucketAddress) -> StoreError:
    with pytest.raises(StoreError) as refused:
        FileBucket(address).put(_NAME, b"content")
    return refused.value


def test_keys_lie_under_the_prefix_and_two_prefixes_know_nothing_of_each_other(
    address: BucketAddress, s3_server: S3Server
) -> None:
    FileBucket(address).put(_NAME, b"content")
    assert bytes(_whole_bucket(address).get(f"{address.prefix}/{_NAME}").bytes()) == b"content"
    other = FileBucket(s3_server.new_address())
    assert (list(other.names()), other.get(_NAME)) == ([], None)


def test_more_names_than_a_page_holds_come_all_and_in_order(address: BucketAddress) -> None:
    bucket = FileBucket(address)
    names = [f"{number % 256:02x}/{number:04x}.enc" for number in range(2_100)]
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(bucket.put, names, [b""] * len(names))) == {None}
    assert list(bucket.names()) == sorted(names)


def test_a_file_that_is_replaced_is_at_every_moment_the_old_or_the_new_one(address: BucketAddress) -> None:
    bucket, contents = FileBucket(address), [b"a" * 1_000_000, b"b" * 2_000_000]
    bucket.put(_NAME, contents[0])
    with ThreadPoolExecutor(4) as threads:
        written = threads.map(bucket.put, [_NAME] * 20, contents * 10)
        read = set(threads.map(bucket.get, [_NAME] * 40))
        assert set(written) == {None}
    assert read <= set(contents)


def test_a_file_whose_sender_is_gone_halfway_is_not_there(address: BucketAddress) -> None:
    bucket, content = FileBucket(address), b"x" * 2_000_000
    url = obstore.sign(_whole_bucket(address), "PUT", f"{address.prefix}/{_NAME}", timedelta(minutes=1))
    _, _, server, path = url.split("/", 3)
    host, port = server.split(":")
    head = f"PUT /{path} HTTP/1.1\r\nHost: {server}\r\nContent-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((host, int(port))) as sender:
        sender.sendall(head.encode() + content[:1_000_000])
    assert (bucket.get(_NAME), list(bucket.names())) == (None, [])
    assert httpx.put(url, content=content).status_code == 200
    assert bucket.get(_NAME) == content


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ({"secret": "of-another-key"}, "SignatureDoesNotMatch"),
        ({"key_id": "unknown"}, "InvalidAccessKeyId"),
        ({"bucket": "never-made"}, "NoSuchBucket"),
    ],
)
def test_a_server_that_refuses_us_is_told_with_its_code_and_nothing_else(
    address: BucketAddress, wrong: dict[str, Any], answer: str
) -> None:
    error = _refusal(replace(address, **wrong))
    assert (error.code, error.facts) == ("documents_refused", {"answer": answer})
    assert (error.__cause__, error.__suppress_context__) == (None, True)
    assert address.secret not in repr(address)


@pytest.mark.parametrize("lost", [{"bucket": "never-made"}, {"secret": "of-another-key"}])
def test_a_bucket_that_is_lost_never_looks_like_a_missing_file(address: BucketAddress, lost: dict[str, Any]) -> None:
    bucket = FileBucket(replace(address, **lost))
    with pytest.raises(StoreError):
        bucket.get(_NAME)
    with pytest.raises(StoreError):
        list(bucket.names())


def test_a_server_that_knows_no_such_page_never_looks_like_a_missing_file(address: BucketAddress) -> None:
    with answering(404) as endpoint, pytest.raises(StoreError) as refused:
        FileBucket(replace(address, endpoint=endpoint)).get(_NAME)
    assert refused.value.code == "documents_unavailable"


def test_a_server_that_is_away_is_told(address: BucketAddress) -> None:
    error = _refusal(replace(address, endpoint=unused_endpoint()))
    assert (error.code, error.facts) == ("documents_unavailable", {"answer": None})


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_is_told(address: BucketAddress, status: int) -> None:
    with answering(status) as endpoint:
        assert _refusal(replace(address, endpoint=endpoint)).code == "documents_unavailable"


def test_a_server_that_never_answers_is_left(address: BucketAddress) -> None:
    with silent_server() as endpoint:
        bucket = FileBucket(replace(address, endpoint=endpoint, timeout=_SHORT))
        with pytest.raises(StoreError):
            bucket.put(_NAME, b"content")
        with pytest.raises(StoreError):
            bucket.get(_NAME)
        with pytest.raises(StoreError):
            list(bucket.names())


def test_a_server_that_answers_in_drips_is_left(address: BucketAddress) -> None:
    with answering(length=1_000_000) as endpoint:
        bucket = FileBucket(replace(address, endpoint=endpoint, timeout=_SHORT))
        with pytest.raises(StoreError):
            bucket.get(_NAME)
        with pytest.raises(StoreError):
            list(bucket.names())


def test_what_is_longer_than_any_document_is_not_read(address: BucketAddress) -> None:
    with answering(length=1 << 40) as endpoint:
        assert FileBucket(replace(address, endpoint=endpoint, timeout=_SHORT)).get(_NAME) == b""


def test_over_https_only_a_server_that_an_authority_vouches_for_is_told_anything(s3_server: S3Server) -> None:
    address = replace(s3_server.new_address(), endpoint=s3_server.https_endpoint)
    assert _refusal(address).code == "documents_unavailable"
    bucket = FileBucket(replace(address, authority_pem=s3_server.authority.read_text()))
    bucket.put(_NAME, b"content")
    assert bucket.get(_NAME) == b"content"


def test_the_environment_changes_neither_whereto_nor_as_whom(
    address: BucketAddress, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = unused_endpoint()
    monkeypatch.setenv("HTTP_PROXY", nowhere)
    monkeypatch.setenv("HTTPS_PROXY", nowhere)
    monkeypatch.setenv("ALL_PROXY", nowhere)
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", nowhere)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "another")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_UNSIGNED_PAYLOAD", "true")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")
    monkeypatch.setenv("AWS_S3_EXPRESS", "true")
    monkeypatch.setenv("AWS_REGION", "elsewhere")
    monkeypatch.setenv("AWS_ALLOW_INVALID_CERTIFICATES", "true")
    bucket = FileBucket(address)
    bucket.put(_NAME, b"content")
    assert bucket.get(_NAME) == b"content"
    assert _refusal(replace(address, endpoint=s3_server.https_endpoint)).code == "documents_unavailable"
