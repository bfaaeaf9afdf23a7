"""The sealed record: what opens, and every failure that RFC 9901 section 7.1 names."""

import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.algorithms import sign
from signing.base64url import decode, encode
from signing.errors import (
    AlgorithmRefusedError,
    DisclosureError,
    KeyUnknownError,
    MalformedTokenError,
    SignatureInvalidError,
)
from signing.jws import VerificationKey, json_bytes
from signing.sd_jwt import (
    OpenedRecord,
    Record,
    disclosure_digest,
    make_disclosure,
    make_payload,
    open_record,
    parse_record,
    seal,
)
from tests.signing.authority import new_signer

SIGNER = new_signer()
SECOND = new_signer("Ed25519")
KEYS = {
    signer.key_id: VerificationKey(signer.algorithm, signer.private_key.public_key()) for signer in (SIGNER, SECOND)
}
CLAIMS = {"licence_number": "91442000MA4W00001X", "status_list": {"uri": "https://hub.example/status/0", "idx": 7}}
FIELDS = {"经营场所": "示例市示例路1号", "主体业态": ["食品销售", "餐饮服务"], "法定代表人": {"name": "张示例"}}


def _find_key(kid: str) -> VerificationKey:
    if kid not in KEYS:
        raise KeyUnknownError(kid)
    return KEYS[kid]


def _disclosures() -> tuple[str, ...]:
    return tuple(make_disclosure(name, value, os.urandom(16)) for name, value in FIELDS.items())


def _record() -> Record:
    disclosures = _disclosures()
    payload = make_payload(CLAIMS, disclosures, digest_count=8, random=os.urandom)
    return Record(payload, (seal(payload, signer=SIGNER, statement=b"order"),), disclosures)


def _open(record: Record) -> OpenedRecord:
    return open_record(record, find_key=_find_key)


def _sealed(payload: Any, *disclosures: str) -> Record:
    """Return a truly sealed record over any payload at all."""
    payload_bytes = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Record(payload_bytes, (seal(payload_bytes, signer=SIGNER, statement=b"order"),), disclosures)


def _disclosure(content: Any) -> str:
    """Return a disclosure of any content at all."""
    return encode(content if isinstance(content, bytes) else json.dumps(content).encode())


def _referring(*disclosures: str, **claims: Any) -> Record:
    return _sealed({**claims, "_sd": [disclosure_digest(one) for one in disclosures]}, *disclosures)


def _reason(record: Record) -> str:
    with pytest.raises(DisclosureError) as refused:
        _open(record)
    return refused.value.reason


# --- making and opening ---


def test_a_record_opens_to_what_was_sealed() -> None:
    record = _record()
    opened = _open(record)
    assert opened.claims == CLAIMS
    assert opened.disclosed == FIELDS
    assert opened.key_ids == (SIGNER.key_id,)
    assert opened.payload_sha256 == hashlib.sha256(record.payload).hexdigest()


def test_digests_are_sorted_and_padded_to_their_count_whatever_is_disclosed() -> None:
    many, none = _record(), make_payload(CLAIMS, (), digest_count=8, random=os.urandom)
    digests = json.loads(many.payload)["_sd"]
    assert digests == sorted(digests)
    assert len(digests) == len(json.loads(none)["_sd"]) == 8
    assert {len(decode(digest)) for digest in digests} == {32}


def test_the_disclosure_of_rfc_9901_section_4_2_has_the_digest_printed_there() -> None:
    encoded = "WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert disclosure_digest(encoded) == "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY"


def test_the_payload_is_made_once_with_sorted_keys_and_utf_8() -> None:
    payload = make_payload({"b": 1, "a": "证照"}, (), digest_count=0, random=os.urandom)
    assert payload == '{"a":"证照","b":1}'.encode()


@settings(max_examples=40)
@given(st.sets(st.sampled_from(sorted(FIELDS))))
def test_a_presentation_shows_the_named_fields_under_the_same_seal(names: set[str]) -> None:
    record = _record()
    presented = record.presenting({*names, "not a field of this record"})
    assert _open(presented).disclosed == {name: FIELDS[name] for name in names}
    assert (presented.payload, presented.seals) == (record.payload, record.seals)


@pytest.mark.parametrize("form", [Record.to_json, lambda record: record.to_compact().encode()])
def test_a_record_comes_back_from_its_forms(form: Callable[[Record], bytes]) -> None:
    record = _record()
    assert parse_record(form(record)) == record
    assert parse_record(form(record.presenting(()))) == record.presenting(())


def test_the_file_form_is_canonical_ascii_with_disclosures_at_the_first_seal_only() -> None:
    record = _record()
    twice = Record(record.payload, (*record.seals, seal(record.payload, signer=SECOND, statement=b"o")), ())
    text = twice.to_json().decode("ascii")
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    first, second = json.loads(text)["signatures"]
    assert first["header"] == {"disclosures": []}
    assert set(second) == {"protected", "signature"}


def test_a_second_seal_of_another_algorithm_stands_beside_the_first() -> None:
    record = _record()
    both = Record(
        record.payload, (*record.seals, seal(record.payload, signer=SECOND, statement=b"o")), record.disclosures
    )
    assert _open(parse_record(both.to_json())).key_ids == (SIGNER.key_id, SECOND.key_id)
    assert _open(parse_record(both.to_compact(seal=1).encode())).key_ids == (SECOND.key_id,)


# --- seals ---


def test_one_broken_seal_of_two_spoils_the_record() -> None:
    record = _record()
    elsewhere = seal(b"{}", signer=SECOND, statement=b"order")
    with pytest.raises(SignatureInvalidError):
        _open(Record(record.payload, (*record.seals, elsewhere), record.disclosures))


def test_one_key_does_not_count_as_two_seals() -> None:
    record = _record()
    with pytest.raises(MalformedTokenError, match="one key"):
        _open(Record(record.payload, record.seals * 2, record.disclosures))


def test_a_record_without_a_seal_is_refused() -> None:
    with pytest.raises(MalformedTokenError, match="no seal"):
        _open(Record(b"{}", ()))


def test_a_payload_of_which_one_byte_changed_is_refused() -> None:
    record = _record()
    changed = record.payload.replace(b"91442000", b"91442001")
    with pytest.raises(SignatureInvalidError):
        _open(Record(changed, record.seals, record.disclosures))


def test_a_seal_by_an_unlisted_key_is_refused() -> None:
    payload = _record().payload
    with pytest.raises(KeyUnknownError):
        _open(Record(payload, (seal(payload, signer=new_signer(), statement=b"order"),)))


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ({"typ": "JWT"}, MalformedTokenError),
        ({"typ": "vc+sd-jwt"}, MalformedTokenError),
        ({"alg": "none"}, AlgorithmRefusedError),
        ({"alg": "Ed25519"}, AlgorithmRefusedError),
        ({"crit": ["b64"], "b64": False}, MalformedTokenError),
    ],
)
def test_a_seal_with_another_header_is_refused(header: dict[str, Any], kind: type[Exception]) -> None:
    record = _record()
    protected = encode(json_bytes({"alg": "ES256", "kid": SIGNER.key_id, "typ": "dc+sd-jwt", **header}))
    signature = sign("ES256", SIGNER.private_key, f"{protected}.{encode(record.payload)}".encode())
    forged = json.loads(record.to_json())
    forged["signatures"][0] |= {"protected": protected, "signature": encode(signature)}
    with pytest.raises(kind):
        _open(parse_record(json.dumps(forged).encode()))


# --- RFC 9901 section 7.1 ---


def test_a_forged_disclosure_is_refused_and_not_dropped() -> None:
    record = _record()
    forged = make_disclosure("许可范围", "全部", os.urandom(16))
    assert _reason(Record(record.payload, record.seals, (*record.disclosures, forged))) == "unreferenced"


def test_a_changed_value_makes_its_disclosure_a_forged_one() -> None:
    record = _record()
    salt, name, _ = json.loads(decode(record.disclosures[0]))
    changed = _disclosure([salt, name, "别处"])
    assert _reason(Record(record.payload, record.seals, (changed, *record.disclosures[1:]))) == "unreferenced"


def test_the_same_content_written_with_other_spaces_is_another_disclosure() -> None:
    record = _record()
    rewritten = _disclosure(json.loads(decode(record.disclosures[0])))
    assert _reason(Record(record.payload, record.seals, (rewritten,))) == "unreferenced"


def test_a_disclosure_given_twice_is_refused() -> None:
    record = _record()
    twice = (*record.disclosures, record.disclosures[0])
    assert _reason(Record(record.payload, record.seals, twice)) == "duplicate_disclosure"


def test_a_digest_that_stands_twice_is_refused() -> None:
    one = make_disclosure("a", 1, os.urandom(16))
    assert _reason(_sealed({"_sd": [disclosure_digest(one)] * 2}, one)) == "duplicate_digest"
    assert _reason(_sealed({"_sd": [disclosure_digest(one)] * 2})) == "duplicate_digest"


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
def test_a_reserved_name_is_refused_in_a_disclosure(name: str) -> None:
    assert _reason(_referring(_disclosure(["salt", name, "x"]))) == "reserved_name"


def test_a_disclosure_may_not_replace_a_claim_or_another_disclosure() -> None:
    one, other = make_disclosure("status", "valid", os.urandom(16)), make_disclosure("status", "x", os.urandom(16))
    assert _reason(_referring(one, status="annulled")) == "claim_exists"
    assert _reason(_referring(one, other)) == "claim_exists"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        {"salt": "s"},
        "text",
        None,
        [],
        ["s"],
        ["s", "name", 1, 2],
        [1, "name", "x"],
        [None, "name", "x"],
        ["s", 1, "x"],
        ["s", None, "x"],
        ["s", ["name"], "x"],
        b'["s","name",{"a":1,"a":2}]',
        b'["s","name",NaN]',
        b'["s","name","\\ud800"]',
    ],
)
def test_a_disclosure_that_is_not_salt_name_and_value_is_refused(content: Any) -> None:
    assert _reason(_referring(_disclosure(content))) == "malformed"


@pytest.mark.parametrize("change", [lambda d: d + "=", lambda d: d + "\n", lambda d: " " + d, lambda d: d + "!"])
def test_a_disclosure_that_is_not_canonical_base64url_is_refused(change: Callable[[str], str]) -> None:
    changed = change(make_disclosure("a", 1, os.urandom(16)))
    assert _reason(_referring(changed)) == "malformed"


def test_a_disclosure_of_an_array_element_is_refused() -> None:
    element = _disclosure(["salt", "value"])
    assert _reason(_referring(element)) == "array_element"
    assert _reason(_sealed({"list": [{"...": disclosure_digest(element)}]}, element)) == "nested"


@pytest.mark.parametrize(
    "claims",
    [
        {"a": {"_sd": []}},
        {"a": [{"_sd": ["x"]}]},
        {"a": [[{"...": "x"}]]},
        {"a": {"b": {"c": {"...": "x"}}}},
        {"a": {"_sd_alg": "sha-256"}},
    ],
)
def test_digests_below_the_top_level_are_refused(claims: dict[str, Any]) -> None:
    assert _reason(_sealed(claims)) == "nested"
    assert _reason(_referring(_disclosure(["salt", "name", claims["a"]]))) == "nested"


def test_the_array_marker_as_a_claim_is_refused() -> None:
    assert _reason(_sealed({"...": "x"})) == "reserved_name"


@pytest.mark.parametrize("algorithm", ["sha-512", "SHA-256", "sha256", "md5", "", None, 256, ["sha-256"]])
def test_another_digest_algorithm_is_refused(algorithm: object) -> None:
    assert _reason(_sealed({"_sd": [], "_sd_alg": algorithm})) == "algorithm"


@pytest.mark.parametrize(
    "digests",
    [
        "x",
        None,
        {},
        7,
        [7],
        [None],
        [["x"]],
        ["x"],
        [""],
        ["A" * 42],
        ["A" * 44],
        ["A" * 42 + "B"],
        ["A" * 42 + "="],
        ["A" * 43 + "\n"],
    ],
)
def test_digests_that_are_no_digests_are_refused(digests: object) -> None:
    assert _reason(_sealed({"_sd": digests, "_sd_alg": "sha-256"})) == "malformed"


def test_without_digests_nothing_may_be_disclosed() -> None:
    assert _reason(_sealed({"a": 1}, make_disclosure("b", 2, os.urandom(16)))) == "unreferenced"
    assert _open(_sealed({"a": 1})).disclosed == {}


@pytest.mark.parametrize("payload", [b"[]", b'"x"', b"null", b"", b'{"a":1,"a":2}', b"{", b"\xff", b"[" * 50_000])
def test_a_payload_that_is_no_strict_object_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        _open(_sealed(payload))


# --- forms ---


def _with(record: Record, change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(record.to_json())
    change(document)
    return json.dumps(document).encode()


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no payload": lambda d: d.pop("payload"),
    "no signatures": lambda d: d.pop("signatures"),
    "empty signatures": lambda d: d.update(signatures=[]),
    "signatures no array": lambda d: d.update(signatures={}),
    "flattened beside": lambda d: d.update(signature="AA"),
    "unknown member": lambda d: d.update(disclosures=[]),
    "payload no text": lambda d: d.update(payload=1),
    "payload padded": lambda d: d.update(payload=d["payload"] + "="),
    "no protected": lambda d: d["signatures"][0].pop("protected"),
    "no header": lambda d: d["signatures"][0].pop("header"),
    "unprotected alg": lambda d: d["signatures"][0]["header"].update(alg="none"),
    "unprotected kid": lambda d: d["signatures"][0]["header"].update(kid="x"),
    "key binding": lambda d: d["signatures"][0]["header"].update(kb_jwt="a.b.c"),
    "disclosures no array": lambda d: d["signatures"][0]["header"].update(disclosures="x"),
    "disclosure no text": lambda d: d["signatures"][0]["header"].update(disclosures=[1]),
    "too many disclosures": lambda d: d["signatures"][0]["header"].update(disclosures=["x"] * 1001),
    "header at the second": lambda d: d["signatures"].append(d["signatures"][0]),
    "nine seals": lambda d: d["signatures"].extend(
        [{"protected": d["signatures"][0]["protected"], "signature": d["signatures"][0]["signature"]}] * 8
    ),
    "signature no text": lambda d: d["signatures"][0].update(signature=None),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_another_json_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(MalformedTokenError):
        parse_record(_with(_record(), change))


def test_a_doubled_member_of_the_file_is_refused() -> None:
    raw = _record().to_json()
    with pytest.raises(MalformedTokenError):
        parse_record(raw.replace(b'{"payload":', b'{"payload":"e30","payload":', 1))


@pytest.mark.parametrize(
    "raw",
    [b"", b"~", b"a.b~", b"a.b.c.d~", b"x", "示例".encode(), b"{", b"[]", b"null", b"{}", b"e30.e30.AA", b"." * 99],
)
def test_bytes_that_are_no_record_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        parse_record(raw)


def test_a_compact_form_with_a_key_binding_token_or_without_its_end_is_refused() -> None:
    compact = _record().to_compact()
    with pytest.raises(MalformedTokenError, match="key binding"):
        parse_record((compact + "e30.e30.AA").encode())
    with pytest.raises(MalformedTokenError):
        parse_record(compact.rstrip("~").encode())


def test_a_compact_form_with_an_empty_disclosure_does_not_open() -> None:
    compact = _record().to_compact()
    assert _reason(parse_record((compact + "~").encode())) == "malformed"


def test_a_record_over_a_megabyte_is_refused() -> None:
    with pytest.raises(MalformedTokenError, match="long"):
        parse_record(b'{"payload":"' + b"A" * 1_000_000)


# --- what may be made ---


def test_more_disclosures_than_places_are_refused() -> None:
    with pytest.raises(DisclosureError) as refused:
        make_payload(CLAIMS, _disclosures(), digest_count=2, random=os.urandom)
    assert refused.value.reason == "too_many"


def test_a_disclosure_is_not_put_in_twice() -> None:
    one = make_disclosure("a", 1, os.urandom(16))
    with pytest.raises(DisclosureError) as refused:
        make_payload(CLAIMS, [one, one], digest_count=4, random=os.urandom)
    assert refused.value.reason == "duplicate_disclosure"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"_sd": []}, "reserved_name"),
        ({"...": 1}, "reserved_name"),
        ({"_sd_alg": "x"}, "reserved_name"),
        ({"a": {"_sd": []}}, "nested"),
        ({"a": [{"...": 1}]}, "nested"),
    ],
)
def test_claims_of_a_reserved_name_are_not_made(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(DisclosureError) as refused:
        make_payload(claims, (), digest_count=1, random=os.urandom)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("name", "value", "salt", "reason"),
    [
        ("_sd", 1, bytes(16), "reserved_name"),
        ("...", 1, bytes(16), "reserved_name"),
        ("a", {"_sd": []}, bytes(16), "nested"),
        ("a", 1, bytes(15), "malformed"),
        ("a", 1, b"", "malformed"),
        ("a", float("nan"), bytes(16), "malformed"),
        ("a", 2**60, bytes(16), "malformed"),
        ("a", "\ud800", bytes(16), "malformed"),
    ],
)
def test_a_disclosure_that_would_not_open_is_not_made(name: str, value: Any, salt: bytes, reason: str) -> None:
    with pytest.raises(DisclosureError) as refused:
        make_disclosure(name, value, salt)
    assert refused.value.reason == reason


def test_a_refusal_never_quotes_a_fields_value() -> None:
    with pytest.raises(DisclosureError) as refused:
        make_disclosure("身份证号", ["44200019900101001X", object()], bytes(16))
    assert "4420001" not in repr(refused.value)
    assert refused.value.__cause__ is None


def test_claims_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises(MalformedTokenError):
        make_payload({"a": float("inf")}, (), digest_count=1, random=os.urandom)
