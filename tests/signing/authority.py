"""Real keys, certs and a trust list of a fictional city, for the tests of `signing`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signing.algorithms import PrivateKey, generate_private_key, spki
from signing.signers.file import FileSigner
from signing.trust import Anchor, HubKey, RootSet, SealIssuer, TrustList
from signing.x509 import Purpose, certify, make_self_signed

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
ISSUING_BODY = "11442000MB2D00001X"


def new_signer(algorithm: str = "ES256") -> FileSigner:
    """Return a signer with a fresh key and no cert."""
    return FileSigner(generate_private_key(algorithm))


@dataclass(frozen=True, slots=True)
class Certified:
    """A key and the cert over it."""

    key: PrivateKey
    cert_der: bytes

    @property
    def signer(self) -> FileSigner:
        """The signer of the key, with its cert."""
        return FileSigner(self.key, cert_der=self.cert_der)


def new_root(*, test: bool = True, algorithm: str = "ES256", not_after: datetime = NOW + 10 * YEAR) -> Certified:
    """Return a self-signed root."""
    key = generate_private_key(algorithm)
    cert_der = make_self_signed(
        key,
        common_name="示例市根",
        purpose=Purpose.ROOT,
        serial=1,
        not_before=NOW - YEAR,
        not_after=not_after,
        test=test,
    )
    return Certified(key, cert_der)


def new_party(
    issuer: Certified,
    purpose: Purpose = Purpose.SEAL,
    *,
    test: bool = True,
    algorithm: str = "ES256",
    licence_number: str | None = ISSUING_BODY,
    not_after: datetime = NOW + 2 * YEAR,
    common_name: str = "示例市市场监督管理局",
) -> Certified:
    """Return a fresh key certified by `issuer` for `purpose`."""
    key = generate_private_key(algorithm)
    cert_der = certify(
        key.public_key(),
        common_name=common_name,
        licence_number=licence_number,
        purpose=purpose,
        issuer_cert=issuer.cert_der,
        issuer_key=issuer.key,
        serial=0x2026,
        not_before=NOW - YEAR,
        not_after=not_after,
        test=test,
    )
    return Certified(key, cert_der)


def new_authority(root: Certified, *, test: bool = True, algorithm: str = "ES256") -> Certified:
    """Return an authority certified by `root`, which may certify parties."""
    return new_party(
        root, Purpose.AUTHORITY, test=test, algorithm=algorithm, licence_number=None, common_name="示例市测试机构"
    )


def seal_entry(party: Certified, **changes: object) -> SealIssuer:
    """Return the list's entry of a seal key, with `changes`."""
    entry: dict[str, object] = {
        "issuing_body": ISSUING_BODY,
        "cert_der": party.cert_der,
        "key_id": party.signer.key_id,
        "algorithm": party.signer.algorithm,
        "from_at": NOW - timedelta(days=30),
    }
    return SealIssuer(**{**entry, **changes})  # type: ignore[arg-type]


def hub_entry(signer: FileSigner, purpose: str = "answers", **changes: object) -> HubKey:
    """Return the list's entry of a key of the hub, with `changes`."""
    from_at = NOW - timedelta(days=30)
    entry: dict[str, object] = {
        "purpose": purpose,
        "key_id": signer.key_id,
        "algorithm": signer.algorithm,
        "spki": spki(signer.private_key.public_key()),
        "from_at": from_at,
    }
    return HubKey(**{**entry, **changes})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class City:
    """A root set of three, an authority, a department's seal and a trust list of them."""

    roots: tuple[Certified, Certified, Certified]
    authority: Certified
    seal: Certified
    answers: FileSigner
    root_set: RootSet

    def trust_list(self, **changes: object) -> TrustList:
        """Return version 7 of the list, with `changes`."""
        entry: dict[str, object] = {
            "version": 7,
            "mode": "test",
            "origin": "https://hub.example",
            "issued_at": NOW - timedelta(hours=1),
            "expires_at": NOW + timedelta(days=7),
            "anchors": (
                Anchor(frozenset({"seal", "system", "officer"}), self.authority.cert_der, NOW - timedelta(days=60)),
            ),
            "seals": (seal_entry(self.seal),),
            "hub_keys": (hub_entry(self.answers),),
        }
        return TrustList(**{**entry, **changes})  # type: ignore[arg-type]


def new_city(*, test: bool = True) -> City:
    """Return a city all of whose certs are TEST certs, or none."""
    roots = (new_root(test=test), new_root(test=test, algorithm="Ed25519"), new_root(test=test))
    authority = new_authority(roots[0], test=test)
    return City(
        roots=roots,
        authority=authority,
        seal=new_party(authority, test=test),
        answers=new_signer(),
        root_set=RootSet(threshold=2, certs=tuple(root.cert_der for root in roots)),
    )
