"""The PyPI package `sd-jwt` reads our records, and we read its: an independent word on the form."""

import json
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from signing.errors import DisclosureError
from signing.jws import VerificationKey
from signing.sd_jwt import TYP, Record, make_disclosure, make_payload, open_record, parse_record, seal
from tests.signing.authority import new_signer

SIGNER = new_signer()
KEY = VerificationKey(SIGNER.algorithm, SIGNER.private_key.public_key())
LIBRARY_KEY = JWK.from_pem(
    SIGNER.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
)
CLAIMS = {"iss": "https://hub.example", "licence_number": "91442000MA4W00001X", "valid": {"from": "2026-01-01"}}
FIELDS = {"经营场所": "示例市示例路1号", "主体业态": ["食品销售", "餐饮服务"], "设备": {"code": "E1"}, "count": 3}


def _our_record() -> Record:
    disclosures = tuple(make_disclosure(name, value, os.urandom(16)) for name, value in FIELDS.items())
    payload = make_payload(CLAIMS, disclosures, digest_count=9, random=os.urandom)
    return Record(payload, (seal(payload, signer=SIGNER, statement=b"order"),), disclosures)


def _their_issuance(form: str) -> str:
    claims: dict[Any, Any] = {**CLAIMS, **{SDObj(name): value for name, value in FIELDS.items()}}
    headers = {"typ": TYP, "kid": SIGNER.key_id}
    # Without decoys: the package puts them into nested objects too, where we allow no digests.
    issuer = SDJWTIssuer(
        claims,
        LIBRARY_KEY,
        serialization_format=form,
        extra_header_parameters=headers,
    )
    return str(issuer.sd_jwt_issuance)


def _they_verify(presentation: str, form: str = "compact") -> dict[str, Any]:
    verifier = SDJWTVerifier(presentation, lambda issuer, header: LIBRARY_KEY, serialization_format=form)
    payload: dict[str, Any] = verifier.get_verified_payload()
    return payload


def _flattened(record: Record) -> str:
    """Return the one-seal JSON form as the package knows it, from the draft of its day."""
    seal_ = record.seals[0]
    general = json.loads(record.to_json())
    members = {"payload": general["payload"], "protected": seal_.protected, "signature": seal_.signature}
    return json.dumps({**members, "disclosures": list(record.disclosures)})


def test_the_package_reads_our_compact_record() -> None:
    assert _they_verify(_our_record().to_compact()) == {**CLAIMS, **FIELDS}


def test_the_package_reads_our_record_as_flattened_json() -> None:
    assert _they_verify(_flattened(_our_record()), "json") == {**CLAIMS, **FIELDS}


@pytest.mark.parametrize("names", [[], ["经营场所"], ["主体业态", "count"]])
def test_the_package_reads_our_presentation(names: list[str]) -> None:
    shown = {name: FIELDS[name] for name in names}
    assert _they_verify(_our_record().presenting(names).to_compact()) == {**CLAIMS, **shown}


def test_the_package_presents_our_record_and_we_read_that() -> None:
    holder = SDJWTHolder(_our_record().to_compact())
    holder.create_presentation({"经营场所": True})
    opened = open_record(parse_record(holder.sd_jwt_presentation.encode()), find_key=lambda kid: KEY)
    assert opened.disclosed == {"经营场所": FIELDS["经营场所"]}


def test_we_read_a_compact_record_of_the_package() -> None:
    opened = open_record(parse_record(_their_issuance("compact").encode()), find_key=lambda kid: KEY)
    assert (opened.claims, opened.disclosed) == (CLAIMS, FIELDS)


def test_we_read_a_flattened_record_of_the_package_as_a_record_of_one_seal() -> None:
    theirs = json.loads(_their_issuance("json"))
    signature = {"protected": theirs["protected"], "signature": theirs["signature"]}
    general = {
        "payload": theirs["payload"],
        "signatures": [{**signature, "header": {"disclosures": theirs["disclosures"]}}],
    }
    opened = open_record(parse_record(json.dumps(general).encode()), find_key=lambda kid: KEY)
    assert (opened.claims, opened.disclosed) == (CLAIMS, FIELDS)


def test_where_the_package_drops_a_forged_disclosure_we_refuse_it() -> None:
    forged = make_disclosure("许可范围", "全部", os.urandom(16))
    record = _our_record()
    with_forged = Record(record.payload, record.seals, (*record.disclosures, forged))
    assert "许可范围" not in _they_verify(with_forged.to_compact())
    with pytest.raises(DisclosureError):
        open_record(with_forged, find_key=lambda kid: KEY)
