"""Verifies an evidence bundle (电子证照共享证据包) without the hub: this file, Python 3.11 and `cryptography` suffice.

    python verify_bundle.py BUNDLE --anchor SHA256 [--record FILE]... [--time-anchor SHA256]... [--witness VKEY]...

`--anchor` is the SHA-256 (hex) of the root set, got from where you trust it and not from the bundle. Each check prints
one line: OK, FAIL, or MISSING for what is not there or in doubt. Exit codes: 0 everything holds, 1 something does not,
2 not a bundle or a wrong call, 3 nothing fails but something is missing or in doubt.
Whom you believe about times from outside you say yourself: `--time-anchor` is the SHA-256 (hex) of a cert that issues
timestamp authorities, `--witness` the line of a witness's key (C2SP signed-note). Without them such times are verified
in themselves and told, and nothing stands on them; with them a key that was revoked later is no doubt any more. So it
is with heads of the log: one by a key that is revoked counts only with a word from outside on this very head before.
What a record disclosed is left out once its delivery ended, the grant was withdrawn, or something of it was erased by
law; the signed bundle says so, and why is proven here. A file that was kept (a record, a delivered file or the answer
to a pull, JSON) is laid beside it with `--record`: it is the one that was delivered, or it is not.

Checked, in this order: the container, its manifest and every digest in it; the trust lists under the anchor; the hub's
signature over the manifest; the signed head of the evidence log; each act's leaf from its bytes and salt; times from
outside, over heads with those acts; each act's place under the log's head; the statement by the cert of the system that
signed it; the decision; its basis (the holder's sentences by its signer's cert, the officers' statements about a
sentence on paper, the order that put a line of the sharing table); the delivery note; each delivered record by its
seals and disclosures; the status lists; and at every step that all of them name one another: the same digests, case,
holder, requester and number.
Not checked: whether the log shows everybody the same head; revocation of a timestamp authority's cert; the scan of a
paper, which stays with the department; what the hub alone says of itself, which README.txt names.
Written for itself, after the published forms: RFC 7515 (JWS), 8785 (canonical JSON), 9901 (SD-JWT), 9162 section 2.1
(Merkle proofs), 5652 (CMS), 3161 and 5816 (timestamps); ETSI EN 319 162-1 (ASiC-E); C2SP tlog-checkpoint and
tlog-cosignature. It shares no line with the hub's code.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import math
import re
import struct
import sys
import tomllib
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

# --- what both verifiers of this hub are made of; word for word the same in verify_archive.py and verify_bundle.py ---

HOLDS, FAILS, UNREADABLE, INCOMPLETE = 0, 1, 2, 3
ARC = "2.25.64415357385420484476005102715817798255"
TEST_MARK = x509.ObjectIdentifier(f"{ARC}.1")
ROOT_USE, SYSTEM_USE, LICENCE_USE = (x509.ObjectIdentifier(f"{ARC}.2.{number}") for number in (1, 4, 7))
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_FIELD = 2**255 - 19
ED25519_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# The y coordinates of the points whose order divides the cofactor.
ED25519_SMALL = {0, 1, ED25519_FIELD - 1, ED25519_ORDER_8, ED25519_FIELD - ED25519_ORDER_8}
Row = dict[str, Any]


class Broken(Exception):
    """A check that does not hold, and why."""


class Doubt(Exception):
    """A check that cannot be made with what is here, or leaves a doubt."""


class Report:
    """What was found so far, told line by line."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self.found: list[tuple[str, str, str]] = []
        self.counts = {"OK": 0, "FAIL": 0, "MISSING": 0}

    def say(self, line: str) -> None:
        # A terminal obeys control characters, and whoever made the package may have put some into a name.
        self._say("".join(each if each.isprintable() else "?" for each in line))

    def tell(self, result: str, where: str, what: str) -> None:
        self.counts[result] += 1
        self.found.append((result, where, what))
        self.say(f"{result:8}{where}: {what}")

    @contextmanager
    def check(self, where: str, what: str) -> Iterator[None]:
        """Tell how one check ended; whatever goes wrong in it is its failure."""
        try:
            yield
        except Doubt as doubt:
            self.tell("MISSING", where, f"{what}: {doubt}")
        except Broken as fault:
            self.tell("FAIL", where, f"{what}: {fault}")
        except Exception as error:  # whoever made the package may have put anything into it
            self.tell("FAIL", where, f"{what}: not of the form it should have ({type(error).__name__})")
        else:
            self.tell("OK", where, what)

    def exit_code(self) -> int:
        if self.counts["FAIL"]:
            return FAILS
        return INCOMPLETE if self.counts["MISSING"] else HOLDS


# --- bytes ------------------------------------------------------------------------------------------------------


def strict_json(raw: bytes) -> object:
    """Return the value of a JSON text that every reader understands alike (RFC 7493).

    So no key stands twice, no number is beyond what a double holds exactly, and no character is half a one.
    """

    def members(pairs: list[tuple[str, object]]) -> Row:
        if len({key for key, _ in pairs}) != len(pairs):
            raise Broken("a key stands twice")
        return dict(pairs)

    def number(digits: str) -> int | float:
        read = int(digits) if digits.lstrip("-").isdigit() else float(digits)
        if not math.isfinite(read) or (isinstance(read, int) and abs(read) >= 2**53):
            raise Broken("a number is too large")
        return read

    def none(name: str) -> object:
        raise Broken(f"{name} is not JSON")

    text = raw.decode("utf-8")
    value: object = json.loads(
        text, object_pairs_hook=members, parse_int=number, parse_float=number, parse_constant=none
    )
    canonical(value)  # half a character has no bytes
    return value


def canonical(value: object) -> bytes:
    """RFC 8785 for what is used here: ASCII keys, no fractions."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def from_base64url(text: str) -> bytes:
    try:
        octets = base64.b64decode(
            text.encode("ascii").translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4)
        )
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Broken("not base64url") from error
    if to_base64url(octets) != text:
        raise Broken("not base64url in its one form")
    return octets


def to_base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def sha256_hex(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def moment(text: str) -> datetime:
    """Return a moment with its zone; ValueError for another form."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise Broken("a time has no zone")
    return read


# --- keys and signatures ----------------------------------------------------------------------------------------


def key_name(key: object) -> str:
    """`kid`: base64url of the SHA-256 of the SubjectPublicKeyInfo."""
    if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise Broken("a key is of no kind that is used here")
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return to_base64url(hashlib.sha256(spki).digest())


def require_signature(key: object, algorithm: str, signature: bytes, message: bytes) -> None:
    """Raise Broken unless the signature (64 bytes) over the message is the key's, by exactly this algorithm."""
    try:
        if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            if len(signature) != 64 or not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
                raise Broken("the signature is not two numbers of the curve")
            key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        elif algorithm == "Ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
            y = int.from_bytes(key.public_bytes_raw(), "little") % 2**255
            if y in ED25519_SMALL or y >= ED25519_FIELD:
                raise Broken("the key is one for which anybody can sign, or not in its one form")
            key.verify(signature, message)
        else:
            raise Broken("key and algorithm do not belong together")
    except InvalidSignature as error:
        raise Broken("the signature is not over these bytes") from error


def header_of(protected: str, typ: str) -> Row:
    header = strict_json(from_base64url(protected))
    if not isinstance(header, dict) or header.get("typ") != typ or "crit" in header or "b64" in header:
        raise Broken(f"its header is not one of {typ}")
    return header


def opened_jws(token: str, typ: str, find_key: Callable[[str], tuple[object, str]]) -> Row:
    """Return the payload of a compact JWS that is signed by the key `find_key` gives for its `kid`."""
    protected, payload, signature = token.split(".")
    header = header_of(protected, typ)
    key, algorithm = find_key(str(header.get("kid")))
    if header.get("alg") != algorithm:
        raise Broken("the header names another algorithm than the key's")
    require_signature(key, algorithm, from_base64url(signature), f"{protected}.{payload}".encode("ascii"))
    return object_of(strict_json(from_base64url(payload)))


def algorithm_of(key: object) -> str:
    return "ES256" if isinstance(key, ec.EllipticCurvePublicKey) else "Ed25519"


def require_issued(
    cert: x509.Certificate, issuers: list[x509.Certificate], use: x509.ObjectIdentifier, at: datetime
) -> None:
    """Raise Broken unless one of the issuers certified this cert, it is for this use, and all are in date at `at`."""
    uses = list(cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    if use not in uses:
        raise Broken("the cert is not for this use")
    for issuer in issuers:
        try:
            cert.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        if all(each.not_valid_before_utc <= at <= each.not_valid_after_utc for each in (cert, issuer)):
            return
        raise Broken("a cert was not in date then")
    raise Broken("no listed authority issued this cert")


# --- trust lists ------------------------------------------------------------------------------------------------


class TrustList:
    """One trust list that the anchored roots signed; times are aware."""

    def __init__(self, content: Row) -> None:
        self.version = int(content["version"])
        self.origin, self.mode = str(content["origin"]), str(content["mode"])
        self.issued_at, self.expires_at = moment(content["issued_at"]), moment(content["expires_at"])
        self.anchors = rows_of(content["anchors"])
        self.keys = {
            **{str(each["key_id"]): each | {"use": each["issuing_body"]} for each in rows_of(content["seals"])},
            **{str(each["key_id"]): each | {"use": f"hub:{each['purpose']}"} for each in rows_of(content["hub_keys"])},
        }

    def authorities(self, purpose: str, at: datetime) -> list[x509.Certificate]:
        chosen = [
            each
            for each in self.anchors
            if purpose in texts_of(each["purposes"])
            and moment(each["from_at"]) <= at
            and not (each["until_at"] and at >= moment(each["until_at"]))
        ]
        return [x509.load_der_x509_certificate(from_base64url(each["cert_der"])) for each in chosen]

    def key(self, kid: str, use: str, at: datetime) -> tuple[object, str]:
        """Return a key that may be used so at that moment, with its algorithm."""
        found = self.keys.get(kid)
        if found is None or found["use"] != use:
            raise Broken(f"trust list {self.version} names no such key for {use}")
        if at < moment(found["from_at"]) or (found["until_at"] and at >= moment(found["until_at"])):
            raise Broken("the key was not in force then")
        if found["revoked_at"] and at >= moment(found["revoked_at"]):
            raise Broken("the key was revoked before")
        key: Any
        if "cert_der" in found:
            key = x509.load_der_x509_certificate(from_base64url(found["cert_der"])).public_key()
        else:
            key = serialization.load_der_public_key(from_base64url(found["spki"]))
        if key_name(key) != kid:
            raise Broken("the listed key is not the one of that name")
        return key, str(found["algorithm"])

    def begins_at(self, kid: str) -> datetime:
        """Return when a key was first listed; of one that is not listed, the beginning of time."""
        return moment(self.keys[kid]["from_at"]) if kid in self.keys else datetime.min.replace(tzinfo=UTC)

    def revoked_at(self, kid: str) -> str | None:
        found = self.keys.get(kid)
        return str(found["revoked_at"]) if found and found["revoked_at"] else None


def opened_trust_list(raw: bytes, anchor: str) -> TrustList:
    """Return the list in `raw` when enough roots of the anchored set signed it, each in date when it was issued."""
    document = object_of(strict_json(raw))
    root_set, payload = document["root_set"], str(document["payload"])
    if not hmac.compare_digest(sha256_hex(canonical(root_set)), anchor):
        raise Broken("its roots are not those of the anchor")
    content = object_of(strict_json(from_base64url(payload)))
    issued_at = moment(content["issued_at"])
    roots: Row = {}
    for each in root_set["certs"]:
        cert = x509.load_der_x509_certificate(from_base64url(each))
        require_issued(cert, [cert], ROOT_USE, issued_at)
        is_test = any(extension.oid == TEST_MARK for extension in cert.extensions)
        if is_test != (content["mode"] == "test"):
            raise Broken("its roots are of another mode")
        roots[key_name(cert.public_key())] = cert.public_key()
    signed = {kid for each in document["signatures"] if (kid := _root_that_signed(each, payload, roots)) is not None}
    if len(signed) < max(1, root_set["threshold"]):
        raise Broken("too few roots signed it")
    return TrustList(content)


def _root_that_signed(signature: Row, payload: str, roots: Row) -> str | None:
    header = header_of(signature["protected"], "yizhao-trust-list+jws")
    kid, message = str(header.get("kid")), f"{signature['protected']}.{payload}".encode("ascii")
    if kid not in roots or header.get("alg") != algorithm_of(roots[kid]):
        return None
    try:
        require_signature(roots[kid], str(header["alg"]), from_base64url(signature["signature"]), message)
    except Broken:
        return None
    return kid


def object_of(value: object) -> Row:
    if not isinstance(value, dict):
        raise Broken("not an object")
    return value


def rows_of(value: object) -> list[Row]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Broken("not a list of objects")
    return value


def texts_of(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Broken("not a list of texts")
    return value


# --- end of what both verifiers are made of ---

LARGEST_BUNDLE = 64 * 1024 * 1024
MOST_MEMBERS = 10_000
LARGEST_LIST = 1 << 20
MIMETYPE, MEDIA = "mimetype", b"application/vnd.etsi.asic-e+zip"
MANIFEST, SIGNATURE = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"
NAME = re.compile(r"[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*")
REFERENCE = re.compile(
    r'<asic:DataObjectReference URI="([^"<>&]*)" MimeType="([^"<>&]*)">[^"]*"[^"]*"/>'
    r"<ds:DigestValue>([A-Za-z0-9+/=]*)</ds:DigestValue></asic:DataObjectReference>\n"
)
REFERENCE_FORM = (
    '<asic:DataObjectReference URI="{}" MimeType="{}">'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>{}</ds:DigestValue></asic:DataObjectReference>\n"
)
MANIFEST_FORM = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
    '<asic:SigReference URI="META-INF/signature001.p7s" MimeType="application/pkcs7-signature"/>\n'
    "{}</asic:ASiCManifest>\n"
)
# Object identifiers as DER writes them.
SIGNED_DATA, DATA = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010701")
CONTENT_TYPE, MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010903"), bytes.fromhex("2a864886f70d010904")
SIGNING_TIME, SIGNING_CERT = bytes.fromhex("2a864886f70d010905"), bytes.fromhex("2a864886f70d010910022f")
SHA256, ECDSA_SHA256 = bytes.fromhex("608648016503040201"), bytes.fromhex("2a8648ce3d040302")
TIME_USE = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.8")
OFFICER_USE = x509.ObjectIdentifier(f"{ARC}.2.5")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
SHA256_RSA, RSA = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010101")
# What ends a grant: the holder's own sentence; its word that all ends; a holder that is no more; a store set back.
GRANT_ENDS = ("grant_withdrawal", "end_all", "relate", "recover")
ACT_MEMBERS = {"v", "kind", "act_id", "recorded_at", "works_from", "statement", "sealed", "previous"}
# Beside the fields that were decided on, every record shows what is printed on every certificate.
# Which act of a statement each kind of refused decision answers.
REFUSED_AS = {"pull_refused": "pull", "comparison_refused": "compare", "predicate_refused": "ask_predicate"}
SHOWN_ON_ALL = {"certificate_number", "holder_name", "holder_address", "issuing_body_name"}
BEIJING = timezone(timedelta(hours=8))
STATUS_WORDS = ("valid", "not valid any more", "suspended", "superseded by a newer version")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Verify an evidence bundle without the hub. 核验电子证照共享证据包。")
    parser.add_argument("bundle", help="the .asice file 证据包")
    parser.add_argument("--anchor", required=True, help="SHA-256 of the root set, in hex 信任锚摘要")
    for name, told in (
        ("--time-anchor", "SHA-256 of a cert that issues timestamp authorities 时间戳信任锚摘要"),
        ("--witness", "key of a witness of the log (C2SP vkey) 见证方公钥"),
        ("--record", "a file that was kept of what was delivered (JSON) 自行留存的所交付文件"),
    ):
        parser.add_argument(name, action="append", default=[], help=told)
    try:
        given = parser.parse_args(arguments)
    except SystemExit as ended:
        return UNREADABLE if ended.code else HOLDS
    try:
        with Path(given.bundle).open("rb") as opened:
            believed = Believed({each.lower() for each in given.time_anchor}, given.witness)
            kept = [(each, read_kept(each)) for each in given.record]
            raw = opened.read(LARGEST_BUNDLE + 1)
            report = verify(raw, given.anchor.lower(), say, believed=believed, kept=kept)
    except (OSError, Broken) as error:
        sys.stderr.write(f"not an evidence bundle, or a damaged one 不是证据包，或已损坏: {error}\n")
        return UNREADABLE
    counts = report.counts
    say(f"{counts['OK']} OK, {counts['FAIL']} FAIL, {counts['MISSING']} MISSING")
    return report.exit_code()


def read_kept(name: str) -> bytes:
    with Path(name).open("rb") as opened:
        raw = opened.read(LARGEST_BUNDLE + 1)
    if len(raw) > LARGEST_BUNDLE:
        raise Broken("a file that was kept is too large")
    return raw


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


class Believed:
    """Whom the verifier believes about times: issuers of timestamp authorities by digest, witnesses by their keys."""

    def __init__(self, time_anchors: set[str] | None = None, witnesses: list[str] | None = None) -> None:
        self.time_anchors = time_anchors or set()
        self.witnesses = [opened_vkey(each) for each in witnesses or []]


def verify(
    raw: bytes,
    anchor: str,
    say: Callable[[str], object],
    later_list: bytes | None = None,
    believed: Believed | None = None,
    kept: Sequence[tuple[str, bytes]] = (),
) -> Report:
    """Return what was found of the bundle in `raw`, told line by line; Broken when it is none.

    `later_list` is a trust list got elsewhere: what it says of keys that were revoked since counts too. `kept` are
    files to lay beside the bundle, each with its name.
    """
    report = Report(say)
    Verification(Bundle(raw), anchor, report, later_list, believed or Believed(), kept).run()
    return report


# --- the container ----------------------------------------------------------------------------------------------


class Bundle:
    """The members of the container (EN 319 162-1, annex A.1): a zip of one form, and of no other.

    It is read from its beginning, member by member; from what was read the zip is written again, and must come out the
    same. So no list or header in it can tell another reader something else, and nothing stands between or after. A
    member that does not have the checksum the zip says is `damaged`.
    """

    def __init__(self, raw: bytes) -> None:
        self.members: dict[str, bytes] = {}
        self.damaged: set[str] = set()
        written, listed, place = list[bytes](), list[bytes](), 0
        if len(raw) > LARGEST_BUNDLE:
            raise Broken("it is too large")
        while raw[place : place + 4] == b"PK\x03\x04" and len(listed) < MOST_MEMBERS:
            header = raw[place : place + 30].ljust(30, b"\0")
            checksum, size, _, name_length, _ = struct.unpack("<3L2H", header[14:])
            content_at = place + 30 + name_length
            name, content = raw[place + 30 : content_at], raw[content_at : content_at + size]
            self._take(name.decode("latin-1"), content, checksum)
            told = struct.pack("<5H3L2H", 20, 0, 0, 0, 33, checksum, len(content), len(content), name_length, 0)
            written += [b"PK\x03\x04", told, name, content]
            # Version, the member as told above, no extra field, no comment, disk 0, a plain file, and where it begins.
            file = struct.pack("<3H2L", 0, 0, 0, 0o600 << 16, place)
            listed += [b"PK\x01\x02\x14\x03" + told + file + name]
            place = content_at + size
        count, length = len(listed), sum(map(len, listed))
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, length, place, 0)
        if next(iter(self.members), None) != MIMETYPE or b"".join([*written, *listed, end]) != raw:
            raise Broken("it is no zip of the form in which bundles are written")

    def _take(self, name: str, content: bytes, checksum: int) -> None:
        if not NAME.fullmatch(name) or name in self.members:
            raise Broken("a name is not of its form, or stands twice")
        self.members[name] = content
        if zlib.crc32(content) != checksum:
            self.damaged.add(name)

    def read(self, name: str) -> bytes:
        if name not in self.members:
            raise Doubt(f"{name} is not here")
        return self.members[name]

    def read_json(self, name: str) -> Row:
        return object_of(strict_json(self.read(name)))


# --- CMS --------------------------------------------------------------------------------------------------------


def elements(octets: bytes) -> list[tuple[int, bytes, bytes]]:
    """Return the DER elements that stand one after another: tag, content, and the whole."""
    found, at = [], 0
    while at < len(octets):
        tag, length, begins = octets[at], octets[at + 1], at + 2
        if length >= 0x80:
            begins += length & 0x7F
            count, length = length & 0x7F, int.from_bytes(octets[at + 2 : begins], "big")
            if not 1 <= count <= 4 or length < 0x80 or octets[at + 2] == 0:
                raise Broken("a length in it is not in its one form")
        ends = begins + length
        if ends > len(octets):
            raise Broken("it is cut short")
        found.append((tag, octets[begins:ends], octets[at:ends]))
        at = ends
    return found


def inside(octets: bytes, *tags: int) -> bytes:
    """Return what stands inside elements of these tags, each the only one in the one before."""
    for tag in tags:
        ((found, octets, _),) = elements(octets)
        if found != tag:
            raise Broken("it is of another form")
    return octets


def opened_cms(raw: bytes, content: bytes) -> tuple[x509.Certificate, datetime]:
    """Return who signed `content`, and when by its own word, as a detached CMS says (RFC 5652, ES256, one signer)."""
    kind, wrapped = elements(inside(raw, 0x30))
    _, _, detached, certs, signers = elements(inside(wrapped[1], 0x30))
    _, _, digest_algorithm, signed, algorithm, signature = elements(inside(signers[1], 0x30))
    if (kind[1], inside(detached[1], 0x06)) != (SIGNED_DATA, DATA) or (certs[0], signed[0]) != (0xA0, 0xA0):
        raise Broken("it is no detached signature with its cert")
    if (inside(digest_algorithm[1], 0x06), inside(algorithm[1], 0x06)) != (SHA256, ECDSA_SHA256):
        raise Broken("it is by another algorithm")
    attributes: dict[bytes, bytes] = {}
    for _, attribute, _ in elements(signed[1]):
        (_, name, _), (_, values, _) = elements(attribute)
        if name in attributes:
            raise Broken("an attribute stands twice")
        attributes[name] = values
    cert = x509.load_der_x509_certificate(certs[1])
    if inside(attributes[CONTENT_TYPE], 0x06) != DATA:
        raise Broken("it is over content of another kind")
    if inside(attributes[MESSAGE_DIGEST], 0x04) != hashlib.sha256(content).digest():
        raise Broken("it is over other bytes")
    named_cert = elements(inside(attributes[SIGNING_CERT], 0x30, 0x30, 0x30))[0]
    if named_cert[:2] != (0x04, hashlib.sha256(certs[1]).digest()):
        raise Broken("it names another cert")
    key = cert.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise Broken("key and algorithm do not belong together")
    # Signed is the SET of the attributes, of which [0] stands in its place (RFC 5652, section 5.4).
    try:
        key.verify(signature[1], b"\x31" + signed[2][1:], ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Broken("the signature does not hold") from error
    claimed = inside(attributes[SIGNING_TIME], 0x17).decode("ascii")
    return cert, datetime.strptime(claimed, "%y%m%d%H%M%SZ").replace(tzinfo=UTC)


# --- times from outside -----------------------------------------------------------------------------------------


def opened_timestamp(raw: bytes, content: bytes) -> tuple[x509.Certificate, datetime]:
    """Return who says that `content` was there, and when: a TimeStampToken (RFC 3161, one signer, SHA-256).

    Whether its signer is one to believe is not looked at.
    """
    kind, wrapped = elements(inside(raw, 0x30))
    version, _, carried, certs, *_, signers = elements(inside(wrapped[1], 0x30))
    carries, octets = elements(carried[1])
    info = inside(octets[1], 0x04)
    if (inside(kind[2], 0x06), inside(carries[2], 0x06)) != (SIGNED_DATA, TST_INFO) or version[1] != b"\x03":
        raise Broken("it is no timestamp")
    _, signer_name, digest_algorithm, signed, algorithm, signature, *_ = elements(inside(signers[1], 0x30))
    if elements(digest_algorithm[1])[0][1] != SHA256 or (certs[0], signed[0]) != (0xA0, 0xA0):
        raise Broken("it is by another algorithm, or without its cert")
    attributes: dict[bytes, bytes] = {}
    for _, attribute, _ in elements(signed[1]):
        (_, name, _), (_, values, _) = elements(attribute)
        if name in attributes:
            raise Broken("an attribute stands twice")
        attributes[name] = values
    if inside(attributes[CONTENT_TYPE], 0x06) != TST_INFO:
        raise Broken("it is over content of another kind")
    if inside(attributes[MESSAGE_DIGEST], 0x04) != hashlib.sha256(info).digest():
        raise Broken("it is over other bytes")
    first = elements(elements(inside(attributes[SIGNING_CERT], 0x30))[0][1])[0]
    named = next(each for each in elements(first[1]) if each[0] == 0x04)
    found = [each for _, _, each in elements(certs[1]) if hashlib.sha256(each).digest() == named[1]]
    if not found:
        raise Broken("the cert that it names is not in it")
    cert = x509.load_der_x509_certificate(found[0])
    require_outside_signature(cert, elements(algorithm[1])[0][1], signature[1], b"\x31" + signed[2][1:])
    return cert, _stamped_at(info, content, signer_name)


def _stamped_at(info: bytes, content: bytes, signer_name: tuple[int, bytes, bytes]) -> datetime:
    """Return the time in a TSTInfo (RFC 3161, section 2.4.2) that is over `content`."""
    version, _, imprint, _, at, *_ = elements(inside(info, 0x30))
    digest_algorithm, digest = elements(imprint[1])
    if version[1] != b"\x01" or elements(digest_algorithm[1])[0][1] != SHA256 or not signer_name[1]:
        raise Broken("it is of another version or digest")
    if digest[1] != hashlib.sha256(content).digest():
        raise Broken("it is over another head")
    if at[0] != 0x18 or not re.fullmatch(rb"\d{14}(\.\d{1,6})?Z", at[1]):
        raise Broken("its time is not of its form")
    return datetime.strptime(at[1][:14].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def require_outside_signature(cert: x509.Certificate, algorithm: bytes, signature: bytes, message: bytes) -> None:
    key = cert.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm == ECDSA_SHA256:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm in (RSA, SHA256_RSA):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise Broken("key and algorithm do not belong together")
    except InvalidSignature as error:
        raise Broken("the signature does not hold") from error


def require_time_authority(cert: x509.Certificate, issuers: list[x509.Certificate], at: datetime) -> None:
    """Raise Broken unless the cert is for timestamps alone and one of the issuers certified it, all in date at `at`."""
    uses = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if not uses.critical or list(uses.value) != [TIME_USE]:
        raise Broken("its signer is not for timestamps alone")
    require_issued(cert, issuers, TIME_USE, at)


def opened_vkey(text: str) -> tuple[str, bytes, ed25519.Ed25519PublicKey]:
    """Return name, short id and key of a witness's line `name+id+key` (C2SP signed-note)."""
    name, _, rest = text.partition("+")
    short, _, encoded = rest.partition("+")
    try:
        typed = base64.b64decode(encoded, validate=True)
        key = ed25519.Ed25519PublicKey.from_public_bytes(typed[1:])
    except ValueError as error:
        raise Broken("--witness is no key of a witness") from error
    wanted = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
    if typed[:1] != b"\x04" or short != wanted.hex():
        raise Broken("--witness is no key of a witness")
    return name, wanted, key


def witnessed_at(note: str, witness: tuple[str, bytes, ed25519.Ed25519PublicKey]) -> datetime | None:
    """Return when a witness saw this head, by its own word (C2SP tlog-cosignature); None where it says nothing."""
    (name, short, key), (text, _, signatures) = witness, note.rpartition("\n\n")
    for line in signatures.split("\n"):
        if not line.startswith(f"\N{EM DASH} {name} "):
            continue
        blob = base64.b64decode(line.rpartition(" ")[2], validate=True)
        if blob[:4] == short and len(blob) == 76:
            second = int.from_bytes(blob[4:12], "big")
            require_signature(key, "Ed25519", blob[12:], f"cosignature/v1\ntime {second}\n{text}\n".encode())
            return datetime.fromtimestamp(second, UTC)
    return None


# --- the log ----------------------------------------------------------------------------------------------------


def log_keys(listed: TrustList) -> dict[str, Any]:
    """Return every key that signs or signed the log, by its name, whatever has ended or revoked it."""
    its = {kid: from_base64url(each["spki"]) for kid, each in listed.keys.items() if each["use"] == "hub:log"}
    keys = {kid: serialization.load_der_public_key(spki) for kid, spki in its.items()}
    if any(key_name(key) != kid for kid, key in keys.items()):
        raise Broken("the listed key is not the one of that name")
    return keys


def opened_checkpoint(note: str, origin: str, key: ed25519.Ed25519PublicKey) -> tuple[int, bytes]:
    """Return how many leaves the signed head of the log `origin` is over, and their root (C2SP tlog-checkpoint)."""
    text, gap, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not gap or len(lines) < 4 or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
        raise Broken("it is not of the form of a checkpoint")
    if lines[0] != origin:
        raise Broken("it is of another log")
    typed = b"\x01" + key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    short = hashlib.sha256(origin.encode() + b"\n" + typed).digest()[:4]
    for line in signatures.split("\n"):
        blob = base64.b64decode(line.rpartition(" ")[2], validate=True)
        # Lines of others, such as witnesses, are not looked at.
        if line.startswith(f"\N{EM DASH} {origin} ") and blob[:4] == short:
            require_signature(key, "Ed25519", blob[4:], text.encode())
            return int(lines[1]), base64.b64decode(lines[2], validate=True)
    raise Broken("the log has not signed it")


def require_place(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    """Raise Broken unless the leaf is the one at `index` of the tree of `size` leaves (RFC 9162, section 2.1.3.2)."""
    found = hashlib.sha256(b"\x00" + leaf).digest()
    at, last = index, size - 1
    if not 0 <= index < size or any(len(each) != 32 for each in path):
        raise Broken("its place is none of this head's")
    for each in path:
        if last == 0:
            raise Broken("its proof is too long")
        if at & 1 or at == last:
            found = hashlib.sha256(b"\x01" + each + found).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + each).digest()
        at, last = at >> 1, last >> 1
    if last != 0 or found != root:
        raise Broken("its proof leads to another head")


# --- what holders sign ------------------------------------------------------------------------------------------


def codes_in(line: str) -> list[str]:
    return re.findall("〔([^〔〕]*)〕", line)


def names_in(line: str) -> list[str]:
    return re.findall("「([^「」]*)」", line)


def fields_in(line: str) -> dict[str, set[str]]:
    """Return certificate type → fields, as a sentence names them."""
    named = [codes_in(each) for each in line.split("；")]
    return {codes[0]: set(codes[2:]) for codes in named if codes}


def term_in(line: str) -> tuple[datetime, datetime]:
    begins, ends = (
        datetime.strptime(each, "%Y年%m月%d日 %H时%M分%S秒").replace(tzinfo=BEIJING) for each in codes_in(line)
    )
    return begins, ends


class Grant:
    """What a signed grant says, read line by line: codes stand in 〔〕, names in 「」."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        self.later_too = False
        if len(lines) == 12 and lines[0] in ("一照通行电子证照授权书（第2版）", "一照通行电子证照授权书（第3版）"):
            self.later_too = lines.pop(5).endswith("：一并授权，授权期限内颁发的也包括在内。")
        elif len(lines) != 11 or lines[0] != "一照通行电子证照授权书（第1版）":
            raise Broken("it is no grant")
        (self.holder,), (self.requester,), self.certificates = (codes_in(line) for line in lines[1:4])
        # A person has no number: the third version names a one-time link in its place.
        self.link, self.requester = (self.requester, "person") if "（第3版）" in lines[0] else ("", self.requester)
        self.fields = fields_in(lines[4])
        (self.item,), self.case = codes_in(lines[5]), names_in(lines[5])[1]
        self.begins, self.ends = term_in(lines[6])


class Presentation:
    """What a signed presentation shows; `requester` is None where it is left to a confirmation."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        if len(lines) != 9 or lines[0] != "一照通行电子证照出示授权书（第1版）":
            raise Broken("it is no presentation")
        (self.holder,), self.certificates, self.fields = codes_in(lines[1]), codes_in(lines[3]), fields_in(lines[4])
        self.requester = next(iter(codes_in(lines[2])), None)
        self.begins, self.ends = term_in(lines[5])


class Confirmation:
    """To whom, where and for what a holder released what it presents."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        if len(lines) != 8 or lines[0] != "一照通行电子证照出示确认书（第1版）":
            raise Broken("it is no confirmation")
        (self.holder,), (self.presentation,), (self.requester,) = (codes_in(line) for line in lines[1:4])
        (_, self.window, self.officer), (self.item, self.case) = names_in(lines[3]), names_in(lines[4])
        self.fields = fields_in(lines[5])


def disclosed_name(encoded: str) -> str:
    """Return which field a disclosure is of: salt, name, value (RFC 9901, section 4.2.1)."""
    triple = strict_json(from_base64url(encoded))
    if not isinstance(triple, list) or len(triple) != 3 or not isinstance(triple[1], str):
        raise Broken("a disclosure is not of its form")
    return triple[1]


def kept_records(raw: bytes) -> list[tuple[Row, str | None]]:
    """Return the records in a file that was kept, each with the note beside it, if any.

    The file is the answer to a pull, a delivered file, or a record alone.
    """
    given = object_of(strict_json(raw))
    files = [each["file"] for each in rows_of(given["items"])] if "items" in given else [given]
    found = [(object_of(each.get("record", each)), each.get("note")) for each in files if each is not None]
    if not found:
        raise Broken("no record is in it")
    return found


def organisation_of(cert: x509.Certificate) -> str:
    (number,) = cert.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_IDENTIFIER)
    return str(number.value)


# --- the bundle -------------------------------------------------------------------------------------------------


class Verification:
    """One bundle being verified: what was proven is kept for the checks that build on it."""

    def __init__(
        self,
        bundle: Bundle,
        anchor: str,
        report: Report,
        later_list: bytes | None,
        believed: Believed,
        kept: Sequence[tuple[str, bytes]],
    ) -> None:
        self._bundle, self._anchor, self._report, self._later = bundle, anchor, report, later_list
        self._believed, self._kept = believed, kept
        self._leaves: dict[str, bytes] = {}
        self._proven: dict[str, datetime] = {}
        self._lists: list[TrustList] = []
        self._certs: dict[str, x509.Certificate] = {}
        self._heads: dict[str, tuple[int, bytes]] = {}
        self._head_revoked_at: dict[str, datetime] = {}
        self._rows: list[Row] = []
        self._acts: dict[str, Row] = {}
        self._told: Row = {}
        self._decision: Row = {}
        self._note: Row = {}
        self._gives: dict[str, set[str]] | None = None
        self._singly: list[str] = []
        self._given_until: datetime | None = None
        self._listed: dict[str, Row] = {}

    def run(self) -> None:
        self._container()
        self._trust()
        with self._report.check("bundle.json", "says what this bundle is of"):
            self._told = self._contents()
        if not self._lists or not self._told:
            return
        steps = [self._signature, self._certs_by_key, self._log, self._times, self._places, self._decided]
        steps += [self._stated, self._based]
        if self._told["kind"] == "delivery":
            steps += [self._noted, self._records, self._status_lists]
        elif extra := [each for each in self._bundle.members if each.startswith("records/") or each == "note.jws"]:
            self._report.tell("FAIL", extra[0], "nothing was delivered, and here it is")
        for step in [*steps, self._laid_beside]:
            try:
                step()
            except Exception as error:  # what stands between two checks may be of any form too
                self._report.tell("FAIL", "bundle.json", f"cannot be followed further ({type(error).__name__})")

    @property
    def _newest(self) -> TrustList:
        return max(self._lists, key=lambda each: each.version)

    def _list_at(self, at: datetime) -> TrustList:
        """Return the newest list in force at that moment."""
        fitting = [each for each in self._lists if each.issued_at <= at < each.expires_at]
        if not fitting:
            raise Doubt("no trust list of that time is here")
        return max(fitting, key=lambda each: each.version)

    def _require_unrevoked(self, kid: str, act_id: object = None) -> None:
        """Leave a doubt where a newer list says that the key was revoked after it signed.

        None is left where a time from outside proves that the act, and so what was signed for it, was there before.
        """
        proven = self._proven.get(str(act_id))
        for each in self._lists:
            if (revoked_at := each.revoked_at(kid)) is not None and not (proven and proven < moment(revoked_at)):
                raise Doubt(f"it holds, but its key was revoked at {moment(revoked_at)}: when it signed must be proven")

    # --- container, trust, signature ----------------------------------------------------------------------------

    def _container(self) -> None:
        members, listed = self._bundle.members, dict[str, str]()
        with self._report.check(MIMETYPE, "is that of an ASiC-E container"):
            if members[MIMETYPE] != MEDIA or MIMETYPE in self._bundle.damaged:
                raise Broken("it is another")
        with self._report.check(MANIFEST, "is a manifest in its one form"):
            text = self._bundle.read(MANIFEST).decode("ascii")
            references = REFERENCE.findall(text)
            if MANIFEST_FORM.format("".join(REFERENCE_FORM.format(*each) for each in references)) != text:
                raise Broken("it is not")
            listed = {name: digest for name, _, digest in references}
            if len(listed) != len(references) or not all(NAME.fullmatch(name) for name in listed):
                raise Broken("a name in it is not of its form, or stands twice")
        outside = {MIMETYPE, MANIFEST, SIGNATURE}
        for name in sorted({*listed, *members} - outside):
            if name.startswith("times/") and name not in listed:
                continue
            with self._report.check(name, "is as the manifest says"):
                if name not in listed:
                    raise Broken("the manifest does not name it")
                if name not in members:
                    raise Broken("the manifest names it and it is not here")
                if base64.b64encode(hashlib.sha256(members[name]).digest()).decode() != listed[name]:
                    raise Broken("it has another digest than the manifest says")
                if name in self._bundle.damaged:
                    raise Broken("its checksum in the zip is another")
        for name in sorted(self._bundle.damaged - listed.keys() - {MIMETYPE}):
            self._report.tell("FAIL", name, "its checksum in the zip is another")

    def _trust(self) -> None:
        for name in sorted(each for each in self._bundle.members if each.startswith("trust/")):
            with self._report.check(name, "trust list, signed by roots of the anchor"):
                found = opened_trust_list(self._bundle.read(name), self._anchor)
                if name != f"trust/{found.version}.json":
                    raise Broken("it is of another version than its name")
                self._lists.append(found)
        if self._later is not None:
            with self._report.check("--trust-list", "trust list got elsewhere, signed by roots of the anchor"):
                self._lists.append(opened_trust_list(self._later, self._anchor))
        if not self._lists:
            self._report.tell("FAIL", "trust/", "no trust list holds, so nothing else can be verified")
        elif len({(each.origin, each.mode) for each in self._lists}) != 1:
            self._report.tell("FAIL", "trust/", "the trust lists are of several hubs")
        elif self._newest.mode == "test":
            self._report.say("        TEST: this is a bundle of a TEST hub 测试环境，不具法律效力")

    def _contents(self) -> Row:
        told = self._bundle.read_json("bundle.json")
        if told.keys() != {"bundle", "kind", "origin", "decision", "made_at", "acts", "records"}:
            raise Broken("its members are others")
        # The first form left nothing out: what was erased of a record is a doubt in it.
        if told["bundle"] not in (1, 2) or told["kind"] not in ("delivery", "refusal"):
            raise Broken("it is of a form that this program does not know")
        if self._lists and told["origin"] != self._newest.origin:
            raise Broken("it is of another hub")
        object_of(told["acts"])
        rows_of(told["records"])
        moment(told["made_at"])
        return told

    def _signature(self) -> None:
        with self._report.check(SIGNATURE, "the hub's signature over the manifest, by its listed key"):
            if SIGNATURE not in self._bundle.members:
                raise Broken("it is not here")
            cert, claimed = opened_cms(self._bundle.read(SIGNATURE), self._bundle.read(MANIFEST))
            at, kid = moment(self._told["made_at"]), key_name(cert.public_key())
            if claimed != at:
                raise Broken("it says another time than bundle.json")
            self._list_at(at).key(kid, "hub:copies", at)
            self._require_unrevoked(kid)

    def _certs_by_key(self) -> None:
        for name in sorted(each for each in self._bundle.members if each.startswith("certs/")):
            with self._report.check(name, "cert, named by its digest"):
                raw = self._bundle.read(name)
                if name != f"certs/{sha256_hex(raw)}.der":
                    raise Broken("its name is not its digest")
                cert = x509.load_der_x509_certificate(raw)
                self._certs[key_name(cert.public_key())] = cert

    # --- evidence -----------------------------------------------------------------------------------------------

    def _log(self) -> None:
        # A log that a recovery closed has a head of its own, its last.
        heads = {"checkpoint.txt", *(name for name in self._bundle.members if name.startswith("checkpoint_"))}
        for name in sorted(heads):
            with self._report.check(name, "head of the evidence log, signed by its listed key"):
                self._heads[name] = self._opened_head(name)
        with self._report.check("acts.json", "lists every act once"):
            rows = rows_of(strict_json(self._bundle.read("acts.json")))
            here = sorted(name for name in self._bundle.members if name.startswith("acts/"))
            if sorted(str(each["file"]) for each in rows) != here:
                raise Broken("it lists others than are here")
            self._rows = rows
        for row in self._rows:
            with self._report.check(str(row["file"]), "act, whose leaf follows from its bytes and its salt"):
                self._leaf(str(row["file"]), row)

    def _places(self) -> None:
        """Verify that every act is in the log: under its head, or one that somebody who is believed saw in time."""
        for row in self._rows:
            act_id = str(row["file"]).removeprefix("acts/").removesuffix(".json")
            if act_id in self._leaves:
                with self._report.check(str(row["file"]), "its leaf is under the head of the log"):
                    self._require_place(act_id, row)

    def _opened_head(self, name: str) -> tuple[int, bytes]:
        """Return size and root of a head of the hub's log; logs after the first have a number at the end.

        One of the log's keys that are listed has signed it; that it ended by age takes nothing of what it signed. Once
        it is revoked, the head counts only if somebody outside who is believed saw it before: no earlier is kept of it
        than since when the key counts no more.
        """
        at, note = moment(self._told["made_at"]), self._bundle.read(name).decode()
        listed = self._list_at(at)
        host = listed.origin.partition("//")[2]
        origin = f"{host}/log" + ("/TEST" if listed.mode == "test" else "")
        said = note.partition("\n")[0]
        if said != origin and not re.fullmatch(rf"{re.escape(origin)}/[1-9][0-9]{{0,3}}", said):
            raise Broken("it is of another log")
        keys = log_keys(listed)
        for kid, key in keys.items():
            if not isinstance(key, ed25519.Ed25519PublicKey):
                raise Broken("the log's key is of another kind")
            try:
                head = opened_checkpoint(note, said, key)
            except (Broken, InvalidSignature):
                if kid == list(keys)[-1]:
                    raise
            else:
                revoked = [moment(each) for one in self._lists if (each := one.revoked_at(kid)) is not None]
                if revoked:
                    self._head_revoked_at[name] = min(revoked)
                return head
        raise Broken("no key of the log is listed")

    def _leaf(self, name: str, row: Row) -> bytes:
        """Keep an act whose leaf follows from it; return the leaf (0x01 ‖ HMAC-SHA-256(salt, act))."""
        raw, salt = self._bundle.read(name), bytes.fromhex(str(row["salt"]))
        leaf = b"\x01" + hmac.digest(salt, raw, hashlib.sha256)
        if len(salt) != 32 or leaf.hex() != row["leaf"]:
            raise Broken("the leaf is another")
        act = object_of(strict_json(raw))
        if act.keys() != ACT_MEMBERS or act["v"] != 1 or canonical(act) != raw:
            raise Broken("the act's bytes are not of their form")
        if name != f"acts/{act['act_id']}.json":
            raise Broken("its name is not that of the act")
        self._acts[str(act["act_id"])], self._leaves[str(act["act_id"])] = act, leaf
        return leaf

    def _require_place(self, act_id: str, row: Row) -> None:
        if row["index"] is None:
            raise Doubt("it was not under a head yet when this bundle was made")
        name = str(row.get("checkpoint", "checkpoint.txt"))
        self._require_under(name, self._leaves[act_id], row)
        if name in self._head_revoked_at and act_id not in self._proven:
            at = self._head_revoked_at[name]
            raise Doubt(f"it is, but the head's key was revoked at {at}: that the head was there before must be proven")

    def _require_under(self, head: str, leaf: bytes, row: Row) -> None:
        if head not in self._heads:
            raise Doubt("the head is not here, or does not hold")
        if type(row["index"]) is not int:
            raise Broken("its place is no number")
        (size, root), path = self._heads[head], [from_base64url(each) for each in texts_of(row["path"])]
        require_place(leaf, row["index"], size, path, root)

    # --- times from outside -------------------------------------------------------------------------------------

    def _times(self) -> None:
        """Verify the heads that others have vouched for, and keep of each act when it was there by a believed word."""
        told = {name for name in self._bundle.members if name.startswith("times/")}
        for row in (
            rows_of(strict_json(self._bundle.read("times.json"))) if "times.json" in self._bundle.members else []
        ):
            name, token = str(row["head"]), row["token"]
            told -= {name, str(token)}
            with self._report.check(name, "head that somebody outside has vouched for, and acts under it"):
                self._heads[name] = self._opened_head(name)
                for act in rows_of(row["acts"]):
                    self._require_under(name, self._leaves[str(act["act"])], act)
            seen = self._witnessed_times(name) if token is None else self._stamped_times(str(token), name)
            seen = self._before_revoked(name, seen)
            for act in rows_of(row["acts"]) if name in self._heads else []:
                for at in seen:
                    self._proven[str(act["act"])] = min(at, self._proven.get(str(act["act"]), at))
        for act_id, at in sorted(self._proven.items()):
            self._report.say(f"        acts/{act_id}.json: was there at {at}, by a word from outside that you believe")
        for name in sorted(each for each in told if not each.endswith(".der")):
            self._report.say(f"        {name}: a time from outside that nothing here is under; not checked")

    def _before_revoked(self, head: str, seen: list[datetime]) -> list[datetime]:
        """Return the times that prove anything: whoever had a revoked key could have signed the head after that."""
        revoked_at = self._head_revoked_at.get(head)
        counting = [at for at in seen if revoked_at is None or at < revoked_at]
        if seen and not counting:
            self._report.tell("MISSING", head, f"its key was revoked at {revoked_at}, and nobody saw it before")
        return counting

    def _stamped_times(self, name: str, head: str) -> list[datetime]:
        """Return the time of a token whose authority is believed; one of somebody unknown is told, and proves none."""
        said, proven = list[tuple[x509.Certificate, datetime]](), list[datetime]()
        with self._report.check(name, f"timestamp over {head}, which holds in itself"):
            said.append(opened_timestamp(self._bundle.read(name), self._bundle.read(head)))
        for cert, at in said:
            if not self._believed.time_anchors:
                self._report.say(f"        {name}: says {at}; no --time-anchor was given, so nothing stands on it")
                break
            with self._report.check(name, "its authority is issued by a --time-anchor"):
                certs = [each for where, each in self._bundle.members.items() if where.startswith("times/")]
                chosen = [each for each in certs if sha256_hex(each) in self._believed.time_anchors]
                require_time_authority(cert, [x509.load_der_x509_certificate(each) for each in chosen], at)
                proven.append(at)
        return proven

    def _witnessed_times(self, head: str) -> list[datetime]:
        """Return when the witnesses that are believed saw a head, by their own word."""
        seen: list[datetime] = []
        if not self._believed.witnesses:
            self._report.say(f"        {head}: a witness saw it; no --witness was given, so nothing stands on it")
            return seen
        with self._report.check(head, "a --witness saw it"):
            note = self._bundle.read(head).decode()
            seen += [at for each in self._believed.witnesses if (at := witnessed_at(note, each)) is not None]
            if not seen:
                raise Doubt("none of them has signed it")
        return seen

    def _act(self, act_id: object, *kinds: str) -> Row:
        act = self._acts.get(str(act_id))
        if act is None:
            raise Doubt("its act is not here, or does not hold")
        if act["kind"] not in kinds:
            raise Broken("its act is of another kind")
        return act

    # --- statement and decision ---------------------------------------------------------------------------------

    def _decided(self) -> None:
        is_delivery = self._told["kind"] == "delivery"
        with self._report.check("decision.json", "the decision is the one that the log has"):
            decision = self._bundle.read_json("decision.json")
            kinds = ("pull_allowed",) if is_delivery else tuple(REFUSED_AS)
            act = self._act(decision["act_id"], *kinds)
            if moment(act["recorded_at"]) != moment(decision["recorded_at"]):
                raise Broken("its act is of another time")
            if decision["act_id"] != self._told["acts"]["decision"] or decision["decision"] != self._told["decision"]:
                raise Broken("bundle.json names another decision")
            if decision["allowed"] is not is_delivery:
                raise Broken("it says otherwise than its act")
            self._decision = decision

    def _stated(self) -> None:
        name = "statement.json" if "statement.json" in self._bundle.members else "statement.jws"
        with self._report.check(name, "what was asked, signed by the requester's own key, and what was decided on"):
            if not self._decision:
                raise Doubt("the decision does not hold")
            raw, decision = self._bundle.read(name), self._decision
            at, act = moment(decision["recorded_at"]), self._acts[str(decision["act_id"])]
            if sha256_hex(raw) != act["statement"]:
                raise Broken("the decision was on another statement")
            authorised = self._applied if name == "statement.json" else self._ordered
            authorised(raw, at)

    def _ordered(self, raw: bytes, at: datetime) -> None:
        """A department's system asked: a JWS by the key of a cert that an authority gave it."""
        decision = self._decision
        wanted = REFUSED_AS.get(str(self._acts[str(decision["act_id"])]["kind"]), "pull")
        said = self._statement(raw, wanted, decision["requester"], at)
        asked = object_of(said["request"])
        if said["iss"] != decision["system"]:
            raise Broken("it is by another system")
        basis = {"kind": decision["basis"], "reference": decision["basis_reference"]}
        told = {name: decision[name] for name in ("licence_number", "item_code", "case_number")} | {"basis": basis}
        for name, value in told.items():
            if asked[name] != value:
                raise Broken(f"the decision has another {name}")
        if said.get("officer") != decision["officer"]:
            raise Broken("the decision names another officer")

    def _statement(self, raw: bytes, act: str, department: object, at: datetime) -> Row:
        """Return what a system of a department stated for this hub at that time; of any department where it is None."""

        def find_key(kid: str) -> tuple[object, str]:
            cert = self._certs.get(kid)
            if cert is None:
                raise Doubt("the cert of its system is not here")
            require_issued(cert, self._list_at(at).authorities("system", at), SYSTEM_USE, at)
            if department is not None and organisation_of(cert) != department:
                raise Broken("its system is another department's")
            return cert.public_key(), algorithm_of(cert.public_key())

        said = opened_jws(raw.decode("ascii"), "yizhao-statement+jwt", find_key)
        if (said["v"], said["aud"]) != (1, self._newest.origin):
            raise Broken("it is for another hub")
        if said["act"] != act:
            raise Broken("it asks for something else")
        if abs(int(said["iat"]) - at.timestamp()) > 86_400:
            raise Broken("it was not signed when it was acted on")
        return said

    def _applied(self, raw: bytes, at: datetime) -> None:
        """An enterprise asked: a sentence that it signed with its electronic business licence."""
        said = object_of(strict_json(raw))
        if "proof_sha256" in said:
            self._opened_by_link(str(said["text"]).split("\n"))
            return
        lines = self._signed_sentence(said, str(said["text"]), self._decision["requester"], at).split("\n")
        if lines[0] != "一照通行电子证照文件下载申请书（第1版）":
            raise Broken("it asks for something else")
        if f"授权书摘要（SHA-256）〔{self._decision['basis_reference']}〕" not in lines[2]:
            raise Broken("it names another grant")

    def _opened_by_link(self, lines: list[str]) -> None:
        """A person asked, who signed in: the opening of the link that the grant names."""
        if lines[0] != "一照通行电子证照一次性链接查阅申请书（第1版）":
            raise Broken("it asks for something else")
        if codes_in(lines[1]) != [Grant(self._bundle.read("basis/grant.txt").decode()).link]:
            raise Broken("it names another link")
        raise Doubt("who signed in is the sign-in service's to say: its proof names the person and stays with the hub")

    def _signed_sentence(self, signed: Row, text: str, licence_number: str, at: datetime) -> str:
        """Return the text when the electronic business licence of that enterprise signed it."""
        cert = x509.load_der_x509_certificate(from_base64url(signed["cert"]))
        require_issued(cert, self._list_at(at).authorities("e_licence", at), LICENCE_USE, at)
        if organisation_of(cert) != licence_number:
            raise Broken("its signer is another enterprise")
        if signed["algorithm"] != algorithm_of(cert.public_key()):
            raise Broken("it names another algorithm than its key's")
        signature = from_base64url(signed["signature"])
        require_signature(cert.public_key(), str(signed["algorithm"]), signature, text.encode())
        return text

    # --- basis --------------------------------------------------------------------------------------------------

    def _based(self) -> None:
        if not self._decision:
            return
        names, judge = {
            "grant": ("grant", self._granted),
            "presentation": ("presentation|confirmation|redemption", self._presented),
            "window": ("grant|paper|witness", self._witnessed),
            "statutory": ("rule|sheet|rule_approval", self._ruled),
        }[str(self._decision["basis"])]
        wanted = re.compile(rf"basis/({names})(_[2-9])?\.(txt|json|jws)")
        here = sorted(name for name in self._bundle.members if name.startswith("basis/"))
        for name in here:
            if not wanted.fullmatch(name):
                self._report.tell("FAIL", name, "the decision is on another basis")
        if here:
            judge()
        elif self._told["kind"] == "delivery":
            self._report.tell("MISSING", "basis/", "what the decision stands on is not here")
        else:
            self._report.say("        basis/: the requester had none of the kind it named; none is here")

    def _granted(self) -> None:
        with self._report.check("basis/grant.txt", "signed by the holder, and covers what was decided"):
            text, act = self._sentence("basis/grant.txt", "grant")
            holder, at = self._decision["licence_number"], moment(act["recorded_at"])
            self._signed_sentence(self._bundle.read_json("basis/grant.json"), text, holder, at)
            self._covers(Grant(text), at)

    def _sentence(self, name: str, kind: str) -> tuple[str, Row]:
        """Return the sentence that the decision names, and its act."""
        raw = self._bundle.read(name)
        if sha256_hex(raw) != self._decision["basis_reference"]:
            raise Broken("the decision names another")
        act = self._act(self._told["acts"]["grant"], kind)
        if kind != "window_grant" and act["statement"] != self._decision["basis_reference"]:
            raise Broken("its act is of another")
        return raw.decode(), act

    def _covers(self, grant: Grant, at: datetime) -> None:
        """Raise Broken unless a grant that was recorded at `at` gives what was decided; keep what it gives."""
        decision = self._decision
        if (grant.holder, grant.requester) != (decision["licence_number"], decision["requester"]):
            raise Broken("it is between others")
        if self._told["kind"] != "delivery":
            return  # why it gave no right is the decision's to say
        if (grant.item, grant.case) != (decision["item_code"], decision["case_number"]):
            raise Broken("it is for another item or case")
        self._require_in_force(grant, at)
        self._gives, self._singly = grant.fields, grant.certificates
        self._given_until = None if grant.later_too else at

    def _require_in_force(self, given: Grant | Presentation, at: datetime) -> None:
        decided_at = moment(self._decision["recorded_at"])
        if not given.begins <= decided_at < given.ends or at > decided_at:
            raise Broken("it was not in force then")

    # --- basis: a presentation ----------------------------------------------------------------------------------

    def _presented(self) -> None:
        shown: list[Presentation] = []
        decision, holder = self._decision, self._decision["licence_number"]
        with self._report.check("basis/presentation.txt", "signed by the holder, and shows what was decided"):
            text, act = self._sentence("basis/presentation.txt", "presentation")
            at = moment(act["recorded_at"])
            self._signed_sentence(self._bundle.read_json("basis/presentation.json"), text, holder, at)
            read = Presentation(text)
            if read.holder != holder or read.requester not in (None, decision["requester"]):
                raise Broken("it is between others")
            if self._told["kind"] == "delivery":
                self._require_in_force(read, at)
                self._gives, self._singly, self._given_until = read.fields, read.certificates, at
            shown.append(read)
        asked: Row = {}
        with self._report.check("basis/redemption.jws", "its code was redeemed by this requester, for this case"):
            raw, act = (
                self._bundle.read("basis/redemption.jws"),
                self._act(self._told["acts"]["redemption"], "redemption"),
            )
            if act["statement"] != sha256_hex(raw):
                raise Broken("its act is of another statement")
            said = self._statement(raw, "redeem", decision["requester"], moment(act["recorded_at"]))
            request = object_of(said["request"])
            told = (request["item_code"], request["case_number"], said["officer"])
            if self._told["kind"] == "delivery" and told != tuple(
                decision[name] for name in ("item_code", "case_number", "officer")
            ):
                raise Broken("it is for another item, case or officer")
            asked = request | {"officer": said["officer"]}
        if not shown or not asked:
            self._gives = None
        elif shown[0].requester is None and (self._told["kind"] == "delivery" or self._told["acts"]["confirmation"]):
            self._gives = None
            with self._report.check("basis/confirmation.txt", "by it the holder released what it shows to who asked"):
                self._confirmed(shown[0], asked)

    def _confirmed(self, shown: Presentation, asked: Row) -> None:
        decision, raw = self._decision, self._bundle.read("basis/confirmation.txt")
        act, redeemed = self._act(self._told["acts"]["confirmation"], "confirmation"), self._told["acts"]["redemption"]
        if (act["statement"], act["previous"]) != (sha256_hex(raw), redeemed):
            raise Broken("its act is of another confirmation or redemption")
        at, holder = moment(act["recorded_at"]), decision["licence_number"]
        self._signed_sentence(self._bundle.read_json("basis/confirmation.json"), raw.decode(), holder, at)
        said = Confirmation(raw.decode())
        told = (said.holder, said.presentation, said.requester, said.window, said.officer, said.item, said.case)
        asks = (asked["window"], asked["officer"], asked["item_code"], asked["case_number"])
        if told != (holder, decision["basis_reference"], decision["requester"], *asks):
            raise Broken("it is over another presentation, requester, window, officer, item or case")
        if self._told["kind"] != "delivery":
            return
        if at > moment(decision["recorded_at"]):
            raise Broken("it came after the decision")
        # What it names is what was released: of a certificate that is shown singly too.
        self._gives, self._singly = said.fields, []
        self._given_until = None if shown.certificates else self._given_until

    # --- basis: paper, and the sharing table --------------------------------------------------------------------

    def _witnessed(self) -> None:
        act: Row = {}
        with self._report.check("basis/grant.txt", "the sentence on paper covers what was decided"):
            text, act = self._sentence("basis/grant.txt", "window_grant")
            paper = self._bundle.read_json("basis/paper.json")
            sealed = {"text": text, "identity_check": paper["identity_check"], "scan_sha256": paper["scan_sha256"]}
            if act["sealed"] != sha256_hex(canonical(sealed)):
                raise Broken("its act is of another sentence, check of identity or scan")
            self._covers(Grant(text), moment(act["recorded_at"]))
            self._report.say(f"        basis/paper.json: the scan's SHA-256 is {paper['scan_sha256']}")
        officers, bound = set[str](), set[str]()
        names = sorted(name for name in self._bundle.members if name.startswith("basis/witness"))
        for name in names or ["basis/witness.jws"]:
            with self._report.check(name, "an officer of the requester witnessed the paper"):
                raw = self._bundle.read(name)
                if not act:
                    raise Doubt("the act of the paper is not here, or does not hold")
                if name == "basis/witness.jws" and act["statement"] != sha256_hex(raw):
                    raise Broken("the act is on another statement")
                at = moment(act["recorded_at"])
                said = self._statement(raw, "witness_grant", self._decision["requester"], at)
                officers.add(str(said["officer"]))
                bound.add(str(said["content_digest"]))
        with self._report.check("basis/witness.jws", "two officers witnessed the same"):
            if len(officers) < 2 or len(bound) != 1:
                self._gives = None
                raise Broken("they did not")

    def _ruled(self) -> None:
        with self._report.check("basis/rule.json", "the line of the sharing table covers what was decided"):
            decision, rule = self._decision, self._bundle.read_json("basis/rule.json")
            if (rule["code"], rule["requester"]) != (decision["basis_reference"], decision["requester"]):
                raise Broken("the decision names another line")
            if self._told["kind"] == "delivery":
                if rule["item_code"] != decision["item_code"]:
                    raise Doubt("it is for another item now: it was changed since")
                self._gives = {code: set(names) for code, names in object_of(rule["fields"]).items()}
        with self._report.check("basis/rule.jws", "the order that put this very line, and its place in the log"):
            kind = "share_sheet" if "basis/sheet.json" in self._bundle.members else "share"
            raw, act = self._bundle.read("basis/rule.jws"), self._act(self._told["acts"]["rule"], kind)
            if act["statement"] != sha256_hex(raw):
                raise Broken("its act is on another order")
            at, approvals = moment(act["recorded_at"]), self._approvals("basis/rule_approval")
            approved = sha256_hex(canonical({"approvals": sorted(map(sha256_hex, approvals.values()))}))
            line = self._bundle.read_json("basis/rule.json")
            put = line if kind == "share" else self._sheet_with(sha256_hex(canonical(line)))
            if act["sealed"] != sha256_hex(canonical(put | ({"approved": approved} if approvals else {}))):
                raise Broken("its act is of another line, or of one that others approved")
            if kind == "share_sheet" and not approvals:
                raise Broken("nobody approved the sheet")
            self._two_approved(approvals, self._statement(raw, kind, None, at), kind, at)
            if moment(act["recorded_at"]) > moment(self._decision["recorded_at"]):
                raise Doubt("the line was changed since")

    def _sheet_with(self, line: str) -> Row:
        """Return what the act of a sheet seals: its lines by their digests, this one among them."""
        sheet = self._bundle.read_json("basis/sheet.json")
        if sheet.keys() != {"lines"} or line not in sheet["lines"]:
            raise Broken("the sheet has no such line")
        return sheet

    def _approvals(self, name: str) -> dict[str, bytes]:
        """Return the approvals of an order by their file; none where a requester asked for itself."""
        return {each: self._bundle.read(each) for each in sorted(self._bundle.members) if each.startswith(name)}

    def _two_approved(self, approvals: dict[str, bytes], ordered: Row, act: str, at: datetime) -> None:
        """Where persons approved an order, they were two of different duties, each over what it binds."""
        said = [self._approval(each, act, at) for each in approvals.values()]
        if approvals and (len(said), *(len({each[name] for each in said}) for name in ("officer", "duty"))) != (
            2,
            2,
            2,
        ):
            raise Broken("it was not approved by two persons of different duties")
        if {each["content_digest"] for each in said} - {ordered["content_digest"]}:
            raise Broken("it was another order that they approved")

    def _approval(self, raw: bytes, act: str, at: datetime) -> Row:
        """Return what a person approved for this hub within the month before, by the key of a listed cert."""

        def find_key(kid: str) -> tuple[object, str]:
            cert = self._certs.get(kid)
            if cert is None:
                raise Doubt("the cert of a person who approved is not here")
            require_issued(cert, self._list_at(at).authorities("officer", at), OFFICER_USE, at)
            return cert.public_key(), algorithm_of(cert.public_key())

        said = opened_jws(raw.decode("ascii"), "yizhao-approval+jwt", find_key)
        if (said["v"], said["aud"], said["act"]) != (1, self._newest.origin, act):
            raise Broken("it approves something else")
        if not -3_600 <= at.timestamp() - int(said["iat"]) <= 31 * 86_400:
            raise Broken("it was not signed for what was done")
        return said

    # --- note and records ---------------------------------------------------------------------------------------

    def _noted(self) -> None:
        with self._report.check("note.jws", "delivery note, signed by the hub, on this decision"):
            raw, decision = self._bundle.read("note.jws"), self._decision
            act = self._act(self._told["acts"]["delivery"], "delivery")
            at = moment(act["recorded_at"])
            if act["sealed"] != sha256_hex(raw) or act["previous"] != self._told["acts"]["decision"]:
                raise Broken("the delivery that the log has is of another note or decision")
            kids: list[str] = []

            def find_key(kid: str) -> tuple[object, str]:
                kids.append(kid)
                return self._list_at(at).key(kid, "hub:notes", at)

            note = opened_jws(raw.decode("ascii"), "yizhao-delivery-note+jwt", find_key)
            basis = {"kind": decision["basis"], "reference": decision["basis_reference"]}
            told = {
                "v": 1, "iss": self._newest.origin, "serial": decision["decision"], "officer": decision["officer"],
                "item_code": decision["item_code"], "case_number": decision["case_number"], "basis": basis,
                "holder": decision["licence_number"],
            }  # fmt: skip
            for name, value in told.items():
                if note[name] != value:
                    raise Broken(f"it has another {name} than the decision")
            if note["requester"]["licence_number"] != decision["requester"]:
                raise Broken("it is for another requester")
            if not timedelta(0) <= at - moment(note["made_at"]) < timedelta(seconds=1):
                raise Broken("it is of another time than its act")
            self._note = note
            self._require_unrevoked(kids[0], act["act_id"])

    def _records(self) -> None:
        lines: list[Row] = []
        with self._report.check("bundle.json", "lists the records that the note names"):
            lines, rows = rows_of(self._note.get("presentations")), rows_of(self._told["records"])
            here = sorted(name for name in self._bundle.members if name.startswith("records/"))
            if sorted(str(each["file"]) for each in rows) != here:
                raise Broken("it lists others than are here")
            if [each["identifier"] for each in lines] != [each["identifier"] for each in rows]:
                raise Broken("the note names others")
        for line, row in zip(lines, self._told["records"], strict=False):
            self._record(str(row["file"]), line, row)

    def _record(self, name: str, line: Row, row: Row) -> None:
        record: Row = {}
        raw, payload = b"", Row()
        left_out = row.get("left_out") if self._told["bundle"] == 1 else row["left_out"]
        what = "is what the note and the log say was delivered"
        if left_out is not None:
            what = f"is the sealed part of what was delivered, and why its contents are left out holds ({left_out})"
        with self._report.check(name, what):
            record = self._bundle.read_json(name)
            raw = from_base64url(record["payload"])
            payload = object_of(strict_json(raw))
            issued = self._act(row["issue"], "issue")
            if issued["sealed"] != sha256_hex(raw):
                raise Broken("the act of its issue is of another record")
            code, holder = payload["certificate_type"]["code"], self._decision["licence_number"]
            told = (payload["identifier"], payload["licence_number"], code, payload["iss"])
            if told != (line["identifier"], holder, line["certificate_type"], self._newest.origin):
                raise Broken("it is another certificate, holder, type or hub")
            if canonical(record) != self._bundle.read(name):
                raise Broken("it is not written in its one form")
            if left_out is None:
                self._require_presented(name, line, row, sha256_hex(raw))
            else:
                self._require_left_out(str(left_out), record, row, sha256_hex(raw))
        if not payload:
            return
        with self._report.check(name, "every seal is over its exact bytes, by a listed key"):
            self._require_seals(record, raw, payload, self._act(row["issue"], "issue"))
        if left_out is None:
            self._disclosures(name, record, payload, line, row)
        else:
            self._report.say(f"        {name}: what it disclosed is not in it 所交付的内容不在包内; see --record")
        for act_id in texts_of(row["changes"]):
            with self._report.check(name, "a change of its status is in the log"):
                if self._act(act_id, "change_status")["sealed"] != sha256_hex(raw):
                    raise Broken("it is a change of another certificate")
        with self._report.check("note.jws", f"says that {name} was valid when it was delivered"):
            if (line["status"], line["outcome"]) != ("valid", "valid"):
                raise Broken("it says otherwise")
            self._listed[name] = object_of(payload["status"]["status_list"])

    def _disclosures(self, where: str, record: Row, payload: Row, line: Row, row: Row) -> None:
        with self._report.check(where, "every disclosure is one of the sealed digests, and decided"):
            decided = object_of(self._decision["fields"])
            self._require_disclosures(record, payload, set(texts_of(decided[line["certificate_type"]])))
        with self._report.check(where, "every disclosed field is public, or one that the basis gives"):
            self._require_given(record, payload, moment(self._act(row["issue"], "issue")["recorded_at"]))

    def _require_presented(self, name: str, line: Row, row: Row, payload_sha256: str) -> None:
        """Raise unless the file is, byte for byte, what the note is signed over."""
        if sha256_hex(self._bundle.read(name)) == line["sha256"]:
            return
        if self._told["bundle"] != 1 or not rows_of(row["erased"]):
            raise Broken("the note is signed over another record")
        raise Doubt(f"{self._erased(row, payload_sha256)} field(s) of it have been erased by law since")

    def _erased(self, row: Row, payload_sha256: str) -> int:
        """Return how many fields were erased of the record, each by an act that the log has."""
        erased = rows_of(row["erased"])
        for each in erased:
            if self._act(each["act"], "erase")["sealed"] != payload_sha256:
                raise Broken("what is said to be erased was erased of another record")
        return len(erased)

    def _require_left_out(self, why: str, record: Row, row: Row, payload_sha256: str) -> None:
        """Raise unless nothing is disclosed, and what is said of why is so: by note, by act of its end, of erasure."""
        if texts_of(record["signatures"][0]["header"]["disclosures"]):
            raise Broken("its contents are said to be left out, and some are here")
        erased = self._erased(row, payload_sha256)
        if why == "ended":
            if moment(self._note["ends_at"]) > moment(self._told["made_at"]):
                raise Broken("the delivery is said to have ended, and it had not")
        elif why == "withdrawn":
            end = self._act(self._told["acts"]["withdrawal"], *GRANT_ENDS)
            given = self._told["acts"]["grant"]
            if self._decision["basis"] == "statutory" or not given:
                raise Broken("the delivery stands on nothing that could be withdrawn")
            if end["kind"] == "grant_withdrawal" and end["previous"] != given:
                raise Broken("it was another grant that was withdrawn")
        elif why != "erased" or not erased:
            raise Broken("nothing gives the reason for which they are left out")

    def _laid_beside(self) -> None:
        """Hold each file that was kept against the note: is what it has the very record that was delivered."""
        lines, rows = rows_of(self._note.get("presentations", [])), self._told["records"]
        by_digest = {str(line["sha256"]): (line, row) for line, row in zip(lines, rows, strict=False)}
        for given, raw in self._kept:
            where, found = f"--record {given}", list[tuple[Row, Row, Row]]()
            with self._report.check(where, "the file you gave is the one that was delivered 所给文件即当时交付的文件"):
                if self._told["kind"] == "delivery" and not self._note:
                    raise Doubt("the delivery note does not hold")
                for record, note in kept_records(raw):
                    match = by_digest.get(sha256_hex(canonical(record)))
                    if match is None or note not in (None, self._bundle.read("note.jws").decode("ascii")):
                        raise Broken("it is not, nothing of this delivery is in it 不是当时交付的文件")
                    found.append((record, *match))
            for record, line, row in found:
                with self._report.check(where, "every seal is over its exact bytes, by a listed key"):
                    issued, octets = self._act(row["issue"], "issue"), from_base64url(record["payload"])
                    if issued["sealed"] != sha256_hex(octets):
                        raise Broken("the act of its issue is of another record")
                    self._require_seals(record, octets, object_of(strict_json(octets)), issued)
                payload = object_of(strict_json(from_base64url(record["payload"])))
                self._disclosures(where, record, payload, line, row)

    def _require_seals(self, record: Row, raw: bytes, payload: Row, issued: Row) -> None:
        signatures, kids, at = rows_of(record["signatures"]), list[str](), moment(issued["recorded_at"])
        use = "hub:collected" if payload["origin"]["source"] is not None else str(payload["issuing_body"])
        if not signatures:
            raise Broken("there is none")
        for number, each in enumerate(signatures):
            header = header_of(str(each["protected"]), "dc+sd-jwt")
            kids.append(str(header.get("kid")))
            # A later seal stands beside the first by the body's order: its key was listed after the record was made.
            listed = self._newest if number else self._list_at(at)
            key, algorithm = listed.key(kids[-1], use, max(at, listed.begins_at(kids[-1])) if number else at)
            if header.get("alg") != algorithm:
                raise Broken("a seal names another algorithm than its key's")
            message = f"{each['protected']}.{to_base64url(raw)}".encode("ascii")
            require_signature(key, algorithm, from_base64url(each["signature"]), message)
        # One seal that nobody revoked is enough.
        if all(any(listed.revoked_at(kid) for listed in self._lists) for kid in kids):
            self._require_unrevoked(kids[0], issued["act_id"])

    def _require_disclosures(self, record: Row, payload: Row, decided: set[str]) -> None:
        digests, names = texts_of(payload["_sd"]), set[str]()
        if payload["_sd_alg"] != "sha-256" or len(set(digests)) != len(digests):
            raise Broken("the sealed digests are not of their form")
        for number, signature in enumerate(rows_of(record["signatures"])):
            header = object_of(signature.get("header", {}))
            if header.keys() - ({"disclosures"} if number == 0 else set()):
                raise Broken("a seal carries what nobody signed")
        for encoded in texts_of(record["signatures"][0]["header"]["disclosures"]):
            if to_base64url(hashlib.sha256(encoded.encode("ascii")).digest()) not in digests:
                raise Broken("a disclosure is not one of this record's")
            field = disclosed_name(encoded)
            if field in names or field in payload:
                raise Broken("a disclosure names a field twice")
            names.add(field)
        if names - decided - SHOWN_ON_ALL:
            raise Broken("more was disclosed than was decided")

    def _require_given(self, record: Row, payload: Row, issued_at: datetime) -> None:
        """Hold what was disclosed against the basis; which fields are public says the type's file, which is sealed."""
        if self._gives is None:
            raise Doubt("the basis is not here, or does not hold")
        is_later = self._given_until is not None and issued_at > self._given_until
        if is_later and payload["identifier"] not in self._singly:
            raise Broken("it was issued after the grant, which gives nothing later")
        kind = payload["certificate_type"]
        type_file = self._bundle.read(f"schemas/{kind['code']}.{kind['version']}.toml")
        if sha256_hex(type_file) != kind["digest"]:
            raise Broken("the file of its type is another than the one it was sealed under")
        public = {each["name"] for each in tomllib.loads(type_file.decode())["fields"] if each["class"] == "public"}
        disclosed = {disclosed_name(each) for each in texts_of(record["signatures"][0]["header"]["disclosures"])}
        beyond = disclosed - SHOWN_ON_ALL - public - self._gives.get(kind["code"], set())
        if beyond and payload["identifier"] not in self._singly:
            if self._decision["basis"] != "statutory":
                raise Broken("more was disclosed than the holder granted")
            raise Doubt("the line of the sharing table gives less now: it was changed since")

    # --- status lists -------------------------------------------------------------------------------------------

    def _status_lists(self) -> None:
        for name in sorted(each for each in self._bundle.members if each.startswith("status/")):
            with self._report.check(name, "status list of the moment this bundle was made, signed by the hub"):
                token, at = self._bundle.read(name).decode("ascii"), moment(self._told["made_at"])
                use = self._list_at(at)
                said = opened_jws(token, "statuslist+jwt", lambda kid: use.key(kid, "hub:status", at))  # noqa: B023
                uri = f"{use.origin}/{name.removesuffix('.jwt')}"
                if said["sub"] != uri or abs(int(said["iat"]) - at.timestamp()) > 86_400:
                    raise Broken("it is another list, or of another time")
                inflater = zlib.decompressobj()
                packed = inflater.decompress(from_base64url(said["status_list"]["lst"]), LARGEST_LIST)
                if said["status_list"]["bits"] != 2 or not inflater.eof:
                    raise Broken("the list is not of its form")
                for record, place in self._listed.items():
                    if place["uri"] == uri:
                        index = int(place["idx"])
                        word = STATUS_WORDS[packed[index // 4] >> index % 4 * 2 & 3]
                        self._report.say(f"        {record}: {word} when this bundle was made ({at})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
