"""The trust list: who signed it, how old it is, and what it lets a key do."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from signing.algorithms import generate_private_key
from signing.base64url import decode, encode
from signing.errors import CertRefusedError, KeyUnknownError, TrustListError
from signing.jws import json_bytes
from signing.signers.file import FileSigner
from signing.trust import Anchor, RootSet, TrustList, sign_trust_list, verify_trust_list
from signing.x509 import Purpose, make_self_signed
from tests.signing.authority import (
    ISSUING_BODY,
    NOW,
    YEAR,
    Certified,
    City,
    hub_entry,
    new_authority,
    new_city,
    new_party,
    new_root,
    new_signer,
    seal_entry,
)

CITY = new_city()
LIST = CITY.trust_list()
DAY = timedelta(days=1)


def _signed(content: TrustList = LIST, *roots: Certified, city: City = CITY) -> bytes:
    signers = [root.signer for root in roots or city.roots[:2]]
    return sign_trust_list(content, root_set=city.root_set, signers=signers)


def _verify(raw: bytes, *, city: City = CITY, **changes: Any) -> TrustList:
    arguments: dict[str, Any] = {
        "anchor_sha256": city.root_set.anchor_sha256,
        "now": NOW,
        "highest_version_seen": 7,
        "allow_test": True,
    }
    return verify_trust_list(raw, **{**arguments, **changes})


def _reason(raw: bytes, **changes: Any) -> str:
    with pytest.raises(TrustListError) as refused:
        _verify(raw, **changes)
    return refused.value.reason


def _altered(change: Callable[[dict[str, Any]], object], raw: bytes | None = None) -> bytes:
    document = json.loads(raw or _signed())
    change(document)
    return json.dumps(document).encode()


def _resigned(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return a list whose content no honest tool would write, truly signed by two roots."""
    document = json.loads(_signed())
    content = json.loads(decode(document["payload"]))
    change(content)
    document["payload"] = encode(json_bytes(content))
    for root, signature in zip(CITY.roots[:2], document["signatures"], strict=True):
        message = f"{signature['protected']}.{document['payload']}".encode()
        signature["signature"] = encode(root.signer.sign(message, statement=None))
    return json.dumps(document).encode()


# --- the root's signature ---


def test_a_list_signed_by_two_of_three_roots_is_the_list_that_was_signed() -> None:
    assert _verify(_signed()) == LIST
    assert _verify(_signed(LIST, CITY.roots[2], CITY.roots[1])) == LIST
    assert _verify(_signed(LIST, *CITY.roots)) == LIST


def test_one_root_of_two_is_not_enough_however_often_it_signs() -> None:
    assert _reason(_signed(LIST, CITY.roots[0])) == "signature"
    assert _reason(_signed(LIST, CITY.roots[0], CITY.roots[0], CITY.roots[0])) == "signature"


def test_two_certs_over_one_key_are_one_root() -> None:
    root = CITY.roots[0]
    second_cert = make_self_signed(
        root.key, common_name="示例市根二", purpose=Purpose.ROOT, serial=2,
        not_before=NOW - YEAR, not_after=NOW + YEAR, test=True,
    )  # fmt: skip
    root_set = RootSet(2, (root.cert_der, second_cert))
    raw = sign_trust_list(LIST, root_set=root_set, signers=[root.signer, root.signer])
    assert _reason(raw, anchor_sha256=root_set.anchor_sha256) == "signature"


def test_a_broken_signature_beside_two_good_ones_does_no_harm() -> None:
    raw = _altered(lambda d: d["signatures"][0].update(signature="A" * 86), _signed(LIST, *CITY.roots))
    assert _verify(raw) == LIST


def test_an_altered_payload_has_no_signature() -> None:
    longer = json.loads(decode(json.loads(_signed())["payload"])) | {"expires_at": "2036-01-01T00:00:00Z"}
    assert _reason(_altered(lambda d: d.update(payload=encode(json_bytes(longer))))) == "signature"


def test_a_signature_of_another_type_does_not_count() -> None:
    protected = encode(json_bytes({"alg": "ES256", "kid": CITY.roots[0].signer.key_id, "typ": "JWT"}))

    def retype(document: dict[str, Any]) -> None:
        message = f"{protected}.{document['payload']}".encode()
        signature = encode(CITY.roots[0].signer.sign(message, statement=None))
        document["signatures"][0] = {"protected": protected, "signature": signature}

    assert _reason(_altered(retype)) == "signature"


def test_only_a_root_may_sign() -> None:
    with pytest.raises(KeyUnknownError):
        _signed(LIST, CITY.authority)


# --- the anchor ---


def test_a_list_under_another_root_set_is_refused_though_it_is_whole() -> None:
    other = new_city()
    assert _reason(_signed(other.trust_list(), city=other)) == "anchor"
    assert _reason(_signed(), anchor_sha256="0" * 64) == "anchor"


@pytest.mark.parametrize(
    "change", [lambda r: r.update(threshold=1), lambda r: r["certs"].pop(), lambda r: r["certs"].reverse()]
)
def test_a_root_set_that_was_changed_is_not_the_pinned_one(change: Callable[[dict[str, Any]], object]) -> None:
    assert _reason(_altered(lambda d: change(d["root_set"]))) == "anchor"


def test_an_expired_root_signs_nothing() -> None:
    assert _reason(_signed(), now=NOW + 20 * YEAR) == "anchor"


def test_a_cert_that_is_no_root_cannot_stand_in_the_root_set() -> None:
    seal = new_party(CITY.authority)
    root_set = RootSet(1, (seal.cert_der,))
    raw = sign_trust_list(LIST, root_set=root_set, signers=[seal.signer])
    assert _reason(raw, anchor_sha256=root_set.anchor_sha256) == "anchor"


@pytest.mark.parametrize("threshold", [0, -1, 4])
def test_a_root_set_with_an_impossible_threshold_is_refused(threshold: int) -> None:
    with pytest.raises(TrustListError):
        RootSet(threshold, CITY.root_set.certs)
    assert _reason(_altered(lambda d: d["root_set"].update(threshold=threshold))) == "malformed"


# --- TEST and production ---


def test_production_refuses_a_test_list() -> None:
    assert _reason(_signed(), allow_test=False) == "mode"


def test_production_accepts_its_own_list_and_so_does_a_test_tool() -> None:
    city = new_city(test=False)
    content = city.trust_list(mode="production")
    raw = _signed(content, city=city)
    assert _verify(raw, city=city, allow_test=False) == content
    assert _verify(raw, city=city, allow_test=True) == content


def test_test_roots_cannot_sign_a_production_list() -> None:
    content = LIST_WITHOUT_CERTS_IN_PRODUCTION
    assert _reason(_signed(content)) == "mode"


LIST_WITHOUT_CERTS_IN_PRODUCTION = CITY.trust_list(mode="production", anchors=(), seals=())


def test_a_production_list_cannot_name_a_test_authority_nor_a_test_list_a_real_one() -> None:
    real = new_authority(new_root(test=False), test=False)
    wrong = (Anchor(frozenset({"seal"}), real.cert_der, NOW - DAY),)
    with pytest.raises(TrustListError) as refused:
        _signed(CITY.trust_list(anchors=wrong, seals=()))
    assert refused.value.reason == "mode"
    with pytest.raises(TrustListError) as refused:
        _signed(CITY.trust_list(mode="production"))
    assert refused.value.reason == "mode"


# --- age ---


def test_an_older_version_than_seen_is_refused_and_the_same_is_not() -> None:
    assert _verify(_signed(), highest_version_seen=7).version == 7
    assert _reason(_signed(), highest_version_seen=8) == "rollback"


def test_a_list_ends_at_its_time_and_does_not_begin_before_it() -> None:
    assert _verify(_signed(), now=LIST.expires_at - timedelta(seconds=1)) == LIST
    assert _reason(_signed(), now=LIST.expires_at) == "expired"
    assert _reason(_signed(), now=LIST.issued_at - timedelta(hours=1)) == "not_yet"


# --- form ---


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"payload":"","payload":"","root_set":{}}', b"{" * 9]
)
def test_bytes_that_are_no_list_are_refused(raw: bytes) -> None:
    assert _reason(raw) == "malformed"


DOCUMENT_CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "unknown member": lambda d: d.update(extra=1),
    "no root set": lambda d: d.pop("root_set"),
    "payload no text": lambda d: d.update(payload=None),
    "signatures no array": lambda d: d.update(signatures="x"),
    "too many signatures": lambda d: d.update(signatures=d["signatures"] * 9),
    "signature no object": lambda d: d.update(signatures=["x"]),
    "unprotected header": lambda d: d["signatures"][0].update(header={}),
    "certs no array": lambda d: d["root_set"].update(certs="x"),
    "cert no text": lambda d: d["root_set"].update(certs=[1]),
    "cert padded": lambda d: d["root_set"].update(certs=["AA=="]),
    "threshold no number": lambda d: d["root_set"].update(threshold=True),
}


@pytest.mark.parametrize("change", DOCUMENT_CHANGES.values(), ids=DOCUMENT_CHANGES.keys())
def test_a_list_in_another_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    assert _reason(_altered(change)) == "malformed"


CONTENT_CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "unknown member": lambda c: c.update(extra=1),
    "missing member": lambda c: c.pop("origin"),
    "version no number": lambda c: c.update(version="7"),
    "version true": lambda c: c.update(version=True),
    "version zero": lambda c: c.update(version=0),
    "unknown mode": lambda c: c.update(mode="staging"),
    "origin no text": lambda c: c.update(origin=1),
    "local time": lambda c: c.update(issued_at="2026-11-01T08:00:00+08:00"),
    "time without zone": lambda c: c.update(issued_at="2026-11-01T08:00:00"),
    "impossible time": lambda c: c.update(issued_at="2026-13-01T08:00:00Z"),
    "date only": lambda c: c.update(issued_at="2026-11-01"),
    "ends before it begins": lambda c: c.update(expires_at="2020-01-01T00:00:00Z"),
    "anchors no array": lambda c: c.update(anchors={}),
    "unknown purpose": lambda c: c["anchors"][0].update(purposes=["everything"]),
    "anchor no cert": lambda c: c["anchors"][0].update(cert_der="AAAA"),
    "seal no cert": lambda c: c["seals"][0].update(cert_der="AAAA"),
    "seal of another key": lambda c: c["seals"][0].update(key_id="A" * 43),
    "seal of another algorithm": lambda c: c["seals"][0].update(algorithm="Ed25519"),
    "seal twice": lambda c: c["seals"].append(c["seals"][0]),
    "seal ends before it begins": lambda c: c["seals"][0].update(until_at="2020-01-01T00:00:00Z"),
    "unknown hub purpose": lambda c: c["hub_keys"][0].update(purpose="everything"),
    "hub key no key": lambda c: c["hub_keys"][0].update(spki="AAAA"),
    "hub key of another algorithm": lambda c: c["hub_keys"][0].update(algorithm="Ed25519"),
    "hub key twice": lambda c: c["hub_keys"].append({**c["hub_keys"][0], "purpose": "notes"}),
}


@pytest.mark.parametrize("change", CONTENT_CHANGES.values(), ids=CONTENT_CHANGES.keys())
def test_content_that_does_not_hold_is_refused_though_the_roots_signed_it(
    change: Callable[[dict[str, Any]], object],
) -> None:
    assert _reason(_resigned(change)) == "malformed"


def test_a_key_that_seals_cannot_also_be_a_key_of_the_hub() -> None:
    with pytest.raises(TrustListError, match="twice"):
        CITY.trust_list(hub_keys=(hub_entry(CITY.seal.signer),))


def test_a_seal_whose_cert_no_anchor_issued_is_not_listed() -> None:
    stranger = new_party(new_authority(new_root()))
    with pytest.raises(TrustListError) as refused:
        _signed(CITY.trust_list(seals=(seal_entry(stranger),)))
    assert refused.value.reason == "malformed"


def test_a_seals_cert_must_be_one_for_seals() -> None:
    system = new_party(CITY.authority, Purpose.SYSTEM)
    with pytest.raises(TrustListError, match="purpose"):
        _signed(CITY.trust_list(seals=(seal_entry(system),)))


def test_times_keep_their_microseconds() -> None:
    content = CITY.trust_list(issued_at=NOW - timedelta(microseconds=1))
    assert _verify(_signed(content)).issued_at == content.issued_at


def test_a_time_without_its_zone_is_not_signed() -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(TrustListError, match="zone"):
        _signed(CITY.trust_list(issued_at=naive, expires_at=naive + DAY))


# --- what a key may do ---


def _why_not(act: Callable[[], object]) -> str:
    with pytest.raises(KeyUnknownError) as refused:
        act()
    return refused.value.reason


def _seal_reason(at: datetime, *, issuing_body: str | None = ISSUING_BODY, **changes: object) -> str:
    content = CITY.trust_list(seals=(seal_entry(CITY.seal, **changes),))
    kid = CITY.seal.signer.key_id
    return _why_not(lambda: content.seal_key(kid, issuing_body=issuing_body, at=at))


def test_a_seal_key_is_found_by_its_name_for_its_own_body() -> None:
    kid = CITY.seal.signer.key_id
    key = LIST.seal_key(kid, issuing_body=ISSUING_BODY, at=NOW)
    assert key.algorithm == "ES256"
    assert LIST.seal_key(kid, issuing_body=None, at=NOW) == key
    assert LIST.find_seal(kid).issuing_body == ISSUING_BODY


def test_a_seal_key_does_not_seal_for_another_body() -> None:
    assert _seal_reason(NOW, issuing_body="11442000MB2D00002X") == "wrong_use"


def test_a_seal_key_counts_from_its_beginning_to_its_end() -> None:
    kid, begin, end = CITY.seal.signer.key_id, NOW - DAY, NOW + DAY
    content = CITY.trust_list(seals=(seal_entry(CITY.seal, from_at=begin, until_at=end),))
    assert content.seal_key(kid, issuing_body=ISSUING_BODY, at=begin).algorithm == "ES256"
    assert content.seal_key(kid, issuing_body=ISSUING_BODY, at=end - timedelta(seconds=1)).algorithm == "ES256"
    assert _seal_reason(begin - timedelta(seconds=1), from_at=begin, until_at=end) == "not_yet"
    assert _seal_reason(end, from_at=begin, until_at=end) == "ended"


def test_a_revoked_seal_key_counts_until_it_was_revoked() -> None:
    content = CITY.trust_list(seals=(seal_entry(CITY.seal, revoked_at=NOW, revoke_reason="key lost"),))
    kid = CITY.seal.signer.key_id
    assert content.seal_key(kid, issuing_body=ISSUING_BODY, at=NOW - timedelta(seconds=1)).algorithm == "ES256"
    assert _seal_reason(NOW, revoked_at=NOW, revoke_reason="key lost") == "revoked"
    assert content.find_seal(kid).revoke_reason == "key lost"


def test_a_seal_key_does_not_outlive_its_cert() -> None:
    assert _seal_reason(NOW + 2 * YEAR + timedelta(seconds=1)) == "ended"
    assert LIST.seal_key(CITY.seal.signer.key_id, issuing_body=None, at=NOW + 2 * YEAR).algorithm == "ES256"


@pytest.mark.parametrize("kid", ["", "A" * 43, "../../etc/passwd", "\u0000"])
def test_a_key_that_is_not_listed_is_unknown_everywhere(kid: str) -> None:
    assert _why_not(lambda: LIST.seal_key(kid, issuing_body=None, at=NOW)) == "unlisted"
    assert _why_not(lambda: LIST.hub_key(kid, purpose="answers", at=NOW)) == "unlisted"
    assert _why_not(lambda: LIST.find_seal(kid)) == "unlisted"


def test_a_hub_key_is_for_one_purpose_and_never_seals() -> None:
    kid = CITY.answers.key_id
    assert LIST.hub_key(kid, purpose="answers", at=NOW).algorithm == "ES256"
    assert _why_not(lambda: LIST.hub_key(kid, purpose="tokens", at=NOW)) == "wrong_use"
    assert _why_not(lambda: LIST.seal_key(kid, issuing_body=None, at=NOW)) == "unlisted"
    assert _why_not(lambda: LIST.hub_key(CITY.seal.signer.key_id, purpose="answers", at=NOW)) == "unlisted"


def test_an_ended_or_revoked_hub_key_is_not_used() -> None:
    ended = CITY.trust_list(hub_keys=(hub_entry(CITY.answers, until_at=NOW),))
    revoked = CITY.trust_list(hub_keys=(hub_entry(CITY.answers, revoked_at=NOW),))
    kid = CITY.answers.key_id
    assert _why_not(lambda: ended.hub_key(kid, purpose="answers", at=NOW)) == "ended"
    assert _why_not(lambda: revoked.hub_key(kid, purpose="answers", at=NOW)) == "revoked"


def test_an_ed25519_hub_key_is_listed_under_its_own_name() -> None:
    log = new_signer("Ed25519")
    content = CITY.trust_list(hub_keys=(hub_entry(log, "log"),))
    assert _verify(_signed(content)).hub_key(log.key_id, purpose="log", at=NOW).algorithm == "Ed25519"


# --- parties ---


def test_a_partys_cert_is_accepted_for_the_purposes_its_anchor_has() -> None:
    system = new_party(CITY.authority, Purpose.SYSTEM)
    operator = new_party(CITY.authority, Purpose.OPERATOR)
    assert LIST.verify_party(system.cert_der, purpose=Purpose.SYSTEM, at=NOW).licence_number == ISSUING_BODY
    with pytest.raises(CertRefusedError) as refused:
        LIST.verify_party(operator.cert_der, purpose=Purpose.OPERATOR, at=NOW)
    assert refused.value.reason == "chain"


def test_an_anchor_counts_only_in_its_time() -> None:
    system = new_party(CITY.authority, Purpose.SYSTEM)
    window = (Anchor(frozenset({"system"}), CITY.authority.cert_der, NOW, NOW + DAY),)
    content = CITY.trust_list(anchors=window, seals=())
    assert content.verify_party(system.cert_der, purpose=Purpose.SYSTEM, at=NOW).is_test
    with pytest.raises(CertRefusedError):
        content.verify_party(system.cert_der, purpose=Purpose.SYSTEM, at=NOW - timedelta(seconds=1))
    with pytest.raises(CertRefusedError):
        content.verify_party(system.cert_der, purpose=Purpose.SYSTEM, at=NOW + DAY)


def test_an_anchor_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(TrustListError, match="before it begins"):
        CITY.trust_list(anchors=(Anchor(frozenset({"seal"}), CITY.authority.cert_der, NOW, NOW - DAY),))


def test_a_production_list_refuses_test_parties() -> None:
    city = new_city(test=False)
    content = city.trust_list(mode="production")
    test_party = new_party(city.authority, Purpose.SYSTEM, test=True)
    with pytest.raises(CertRefusedError) as refused:
        content.verify_party(test_party.cert_der, purpose=Purpose.SYSTEM, at=NOW)
    assert refused.value.reason == "test_in_production"


def test_a_root_signer_that_is_not_of_the_set_is_told_so() -> None:
    with pytest.raises(KeyUnknownError):
        sign_trust_list(LIST, root_set=CITY.root_set, signers=[FileSigner(generate_private_key("ES256"))])
