"""Seals of another maker's PDFs: checked in a child, by the site's anchors, and refused for a reason that is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.errors import DocumentError
from hub.steps.files.confined.foreign_seal import ForeignSeal, SealChecker
from tests.flows.foreign_maker import ForeignKey, SealKey, foreign_authority, foreign_page, foreign_seal, foreign_sealed

Check = Callable[[bytes], ForeignSeal]


@pytest.fixture(scope="module")
def authority() -> ForeignKey:
    return foreign_authority()


@pytest.fixture(scope="module")
def seal(authority: ForeignKey) -> ForeignKey:
    return foreign_seal(authority)


@pytest.fixture(scope="module")
def check(authority: ForeignKey) -> Check:
    checker = SealChecker([foreign_authority("示例另一根").der, authority.der])
    return lambda pdf: checker(pdf, datetime.now(UTC))


@contextmanager
def refused(reason: str) -> Iterator[None]:
    with pytest.raises(DocumentError) as caught:
        yield
    assert (caught.value.code, caught.value.facts) == ("existing_seal", {"reason": reason})


def test_seal_that_leads_to_an_anchor_is_told_with_its_time(check: Check, seal: ForeignKey) -> None:
    found = check(foreign_sealed(foreign_page(), seal))
    assert found.subject == "示例市场监管局旧章"
    assert found.claimed_at is not None
    assert abs(datetime.now(UTC) - found.claimed_at) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (generate_private_key(SECP256R1()), "sha256"),
        (generate_private_key(SECP384R1()), "sha384"),
        (Ed25519PrivateKey.generate(), "sha512"),
    ],
    ids=["P-256", "P-384", "Ed25519"],
)
def test_seals_of_other_algorithms_hold(check: Check, authority: ForeignKey, key: SealKey, digest: str) -> None:
    seal = foreign_seal(authority, "示例椭圆章", key=key)
    assert check(foreign_sealed(foreign_page(), seal, digest=digest)).subject == "示例椭圆章"


def test_two_seals_one_after_the_other_hold(check: Check, authority: ForeignKey, seal: ForeignKey) -> None:
    once = foreign_sealed(foreign_page(), seal)
    assert check(foreign_sealed(once, foreign_seal(authority, "示例复核章"), field="Seal2")).subject == "示例复核章"


def test_second_seal_by_a_stranger_spoils_the_first(check: Check, seal: ForeignKey) -> None:
    stranger = foreign_seal(foreign_authority("示例陌生根"))
    with refused("not_trusted"):
        check(foreign_sealed(foreign_sealed(foreign_page(), seal), stranger, field="Seal2"))


def test_look_alike_authority_is_not_the_anchor(check: Check) -> None:
    with refused("not_trusted"):
        check(foreign_sealed(foreign_page(), foreign_seal(foreign_authority())))


def test_cert_that_had_ended_when_it_sealed_is_not_trusted(check: Check, authority: ForeignKey) -> None:
    with refused("not_trusted"):
        check(foreign_sealed(foreign_page(), foreign_seal(authority, years=2)))


def test_weak_digest_is_refused(check: Check, seal: ForeignKey) -> None:
    with refused("weak"):
        check(foreign_sealed(foreign_page(), seal, digest="sha1"))


def test_changed_byte_is_seen(check: Check, seal: ForeignKey) -> None:
    raw = bytearray(foreign_sealed(foreign_page("original"), seal))
    raw[raw.index(b"original")] ^= 1
    with refused("changed"):
        check(bytes(raw))


def test_what_was_added_behind_the_seal_is_seen(check: Check, seal: ForeignKey) -> None:
    raw = foreign_sealed(foreign_page(), seal)
    with refused("changed"):
        check(raw + b"\n% more\n")


@pytest.mark.parametrize("raw", [b"", b"%PDF-1.7", b"x" * 100_000, b"%PDF-1.7\n%%EOF"])
def test_what_is_no_pdf_is_unreadable(check: Check, raw: bytes) -> None:
    with refused("unreadable"):
        check(raw)


def test_pdf_that_nobody_sealed_is_refused(check: Check) -> None:
    with refused("no_seal"):
        check(foreign_page())


def test_nothing_is_taken_in_without_an_anchor(seal: ForeignKey) -> None:
    with pytest.raises(DocumentError) as caught:
        SealChecker([])(foreign_sealed(foreign_page(), seal), datetime.now(UTC))
    assert caught.value.code == "existing_off"
