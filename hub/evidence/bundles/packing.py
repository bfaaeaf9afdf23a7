"""Handing out an evidence bundle: all that proves one delivery or refusal, in one container that the hub signs.

1 the decision is found, and it is the requester's own: a delivery, or a refusal
2 everything is read in one snapshot, then the head of the log, which is newer than all of it
3 the manifest is written over every member and signed with the key of copies (a seal of the hub's own)
4 the container is written (ASiC-E with CAdES baseline B-B, ETSI EN 319 162-1 sections 4.4.1 and 4.4.4)

It writes nothing. It is the requester's for as long as retention keeps the note: what is not to be handed over any more
is left out of it (`contents`).
"""

from base64 import standard_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from hub.errors import NotFoundError
from hub.evidence.bundles.contents import gather, put_log
from hub.evidence.bundles.members import FORM, Contents
from hub.evidence.bundles.times import put_times
from hub.steps.registry import COPIES_SEALER, Registry, Sealers
from hub.store.exchange import ExchangeReader
from hub.store.log import LogStore
from signing.cms import sign_digest
from signing.log_head import revoked_log_keys
from signing.signers import Signer

MEDIA = "application/vnd.etsi.asic-e+zip"
MANIFEST = "META-INF/ASiCManifest001.xml"
SIGNATURE = "META-INF/signature001.p7s"
StatusToken = Callable[[int], str]
"""Returns one status list of this moment as a signed token, by its number."""

# The first moment a zip can name: the bundle tells its own time.
_NO_MOMENT = (1980, 1, 1, 0, 0, 0)
_MEDIA_OF = {
    "json": "application/json",
    "jws": "application/jose",
    "jwt": "application/jwt",
    "toml": "application/toml",
    "txt": "text/plain",
    "py": "text/x-python",
    "der": "application/pkix-cert",
    "tsr": "application/timestamped-data",
}
_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
    f'<asic:SigReference URI="{SIGNATURE}" MimeType="application/pkcs7-signature"/>\n'
    "{}</asic:ASiCManifest>\n"
)
_REFERENCE = (
    '<asic:DataObjectReference URI="{}" MimeType="{}">'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>{}</ds:DigestValue></asic:DataObjectReference>\n"
)


def make_bundle(
    name: str,
    *,
    requester: str,
    registry: Registry,
    sealers: Sealers,
    log_store: LogStore,
    status_token: StatusToken,
    time_anchors: Sequence[bytes] = (),
    now: datetime,
) -> bytes:
    """Return the evidence bundle of `requester`'s delivery or refused pull of that name.

    `time_anchors` (DER) issue the timestamp authorities that the hub believes.

    Raises NotFoundError delivery_not_found: nobody's, another's, or a decision that led to no delivery.
    """
    now = now.replace(microsecond=0)
    with registry.database.snapshot() as connection:
        reader = ExchangeReader(connection)
        decision, delivery = reader.decision(name), reader.delivery(name)
        # An erased note proves nothing any more; a decision without a delivery may be a pull that is under way.
        if decision is None or decision.requester != requester or decision.allowed != bool(delivery and delivery.note):
            raise NotFoundError("delivery_not_found")
        contents = gather(decision, delivery, registry=registry, connection=connection, now=now)
    put_log(contents, log_store)
    put_times(contents, log_store, time_anchors, revoked_log_keys(registry.trust()))
    for number in sorted(contents.status_lists):
        contents.files[f"status/{number}.jwt"] = status_token(number).encode()
    _put_index(contents, registry, now)
    return write_container(contents.files, signer=sealers(COPIES_SEALER), now=now)


def write_container(files: Mapping[str, bytes], *, signer: Signer, now: datetime) -> bytes:
    """Return the container of these files, its manifest signed by `signer`, whose cert stands inside, at `now`."""
    manifest = _manifest(files)
    signature = sign_digest(sha256(manifest).digest(), signer=signer, statement=None, claimed_at=now)
    written = BytesIO()
    with ZipFile(written, "w", ZIP_STORED) as container:
        # The type stands first and unpacked, so that it can be read at a fixed place (annex A.1).
        members = {"mimetype": MEDIA.encode(), MANIFEST: manifest, SIGNATURE: signature}
        for name, content in (*members.items(), *sorted(files.items())):
            container.writestr(_member(name), content)
    return written.getvalue()


def _member(name: str) -> ZipInfo:
    """Return how a member is told of: alike on every system, as the verifier takes this one form and no other."""
    member = ZipInfo(name, _NO_MOMENT)
    member.create_system, member.external_attr = 3, 0o600 << 16
    return member


def _manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the ASiCManifest over these files (EN 319 162-1, annex A.4); no name in it needs escaping."""
    references = [
        _REFERENCE.format(
            name,
            _MEDIA_OF[name.rpartition(".")[2]],
            standard_b64encode(sha256(files[name]).digest()).decode(),
        )
        for name in sorted(files)
    ]
    return _MANIFEST.format("".join(references)).encode("ascii")


def _put_index(contents: Contents, registry: Registry, now: datetime) -> None:
    told = {
        "bundle": FORM,
        "kind": contents.kind,
        "origin": registry.origin,
        "decision": contents.decision,
        "made_at": now.astimezone(UTC),
        "acts": contents.acts,
        "records": contents.records,
    }
    contents.put_json("bundle.json", told)
