"""Verifies an archive package (电子证照档案包) without the hub: this file, Python 3.11 and `cryptography` are enough.

    python verify_archive.py PACKAGE.zip --anchor SHA256

`--anchor` is the SHA-256 (hex) of the root set, got from where you trust it and not from the package. Each check prints
one line: OK, FAIL, or MISSING for what is not there or in doubt. Exit codes: 0 everything holds, 1 something does not,
2 not a package or a wrong call, 3 nothing fails but something is missing or in doubt.

Checked: every file against the manifest; trust lists under the anchor; each seal over the exact payload bytes by the
key its trust list names; each disclosure by its digest; each statement by its system's cert; each leaf from act bytes
and salt; how acts, statements, records, changes and documents name each other; the status lists.
Not checked: the seals inside PDF and XML (their bytes are, by the evidence), and whether the log holds the leaves.
Written for itself, after the published forms (RFC 7515, 8785, 9901); it shares no line with the hub's own code.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import math
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

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

LARGEST_FILE = 512 * 1024 * 1024
LARGEST_LIST = 1 << 20
SHANGHAI = timezone(timedelta(hours=8))
STATUS_BITS = {"valid": 0, "suspended": 2, "superseded": 3}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Verify an archive package without the hub. 核验电子证照档案包。")
    parser.add_argument("package", help="the zip 档案包")
    parser.add_argument("--anchor", required=True, help="SHA-256 of the root set, in hex 信任锚摘要")
    try:
        given = parser.parse_args(arguments)
    except SystemExit as ended:
        return UNREADABLE if ended.code else HOLDS
    report = Report(say)
    try:
        with zipfile.ZipFile(given.package) as opened:
            Verification(Package(opened), given.anchor.lower(), report).run()
    except (OSError, zipfile.BadZipFile, Broken) as error:
        sys.stderr.write(f"not an archive package 不是档案包: {error}\n")
        return UNREADABLE
    counts = report.counts
    say(f"{counts['OK']} OK, {counts['FAIL']} FAIL, {counts['MISSING']} MISSING")
    return report.exit_code()


class Package:
    """The files of a zip; each is there once, and short enough to be read."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._zip = opened
        self.names = [each.filename for each in opened.infolist()]
        if len(set(self.names)) != len(self.names):
            raise Broken("a file is in it twice")
        if "manifest.json" not in self.names:
            raise Broken("it has no manifest.json")

    def read(self, name: str) -> bytes:
        if name not in self.names:
            raise Doubt("the file is not here")
        if self._zip.getinfo(name).file_size > LARGEST_FILE:
            raise Broken("the file is too long")
        try:
            return self._zip.read(name)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
            raise Broken("the zip is damaged here") from error

    def read_json(self, name: str) -> object:
        return strict_json(self.read(name))


# --- the package ------------------------------------------------------------------------------------------------


class Verification:
    """One package being verified: what was proven is kept for the checks that build on it."""

    def __init__(self, package: Package, anchor: str, report: Report) -> None:
        self._package, self._anchor, self._report = package, anchor, report
        self._lists: list[TrustList] = []
        self._acts: dict[str, Row] = {}
        self._statements: dict[int, Row] = {}
        self._digests: dict[str, int] = {}
        self._payloads: dict[int, str] = {}
        self._places: list[tuple[str, int, Row]] = []
        self._issue_acts: dict[str, int] = {}

    def run(self) -> None:
        self._manifest()
        self._trust()
        if not self._lists:
            return
        self._systems = self._system_certs()
        self._entries()
        self._orders()
        folders = sorted({name.split("/")[1] for name in self._package.names if name.startswith("versions/")})
        payloads = [name for name in self._package.names if name.endswith("/payload.json")]
        self._sealed = {sha256_hex(self._package.read(name)) for name in payloads}
        previous: str | None = None
        for folder in folders:
            previous = self._version(f"versions/{folder}", previous)
        if not folders:
            self._report.tell("FAIL", "manifest.json", "the package holds no version")
        self._documents()
        self._status_lists()

    # --- manifest -----------------------------------------------------------------------------------------------

    def _manifest(self) -> None:
        manifest: Row = {}
        with self._report.check("manifest.json", "is the manifest of an archive"):
            read = self._package.read_json("manifest.json")
            written = json.dumps(read, ensure_ascii=False, sort_keys=True, indent=2).encode()
            if not isinstance(read, dict) or read.keys() != {"archive", "identifier", "files", "schemas"}:
                raise Broken("its members are others")
            if written != self._package.read("manifest.json"):
                raise Broken("it is not written in its one form")
            if read["archive"] != 1:
                raise Broken("it is of a form that this program does not know")
            manifest = read
        files = manifest.get("files")
        listed = files if isinstance(files, dict) else {}
        for name in sorted({*listed, *self._package.names} - {"manifest.json"}):
            with self._report.check(name, "is as manifest.json says"):
                if name not in listed:
                    raise Broken("manifest.json does not name it")
                if name not in self._package.names:
                    raise Broken("manifest.json names it and it is not here")
                if sha256_hex(self._package.read(name)) != listed[name]:
                    raise Broken("it has another digest than manifest.json says")
        with self._report.check("manifest.json", "names schemas and certificate that are here"):
            forms = {"archive": "1", "statement": "1", "evidence": "1"}
            digests = {n.removeprefix("schemas/"): d for n, d in listed.items() if n.startswith("schemas/")}
            if manifest["schemas"] != forms | digests:
                raise Broken("the schemas are others")
            named = [str(self._told(n)["identifier"]) for n in listed if n.endswith("/version.json")]
            if manifest["identifier"] not in named:
                raise Broken("no version here has that identifier")

    def _told(self, name: str) -> Row:
        return object_of(self._package.read_json(name))

    def _rows(self, name: str) -> list[Row]:
        return rows_of(self._package.read_json(name))

    # --- trust --------------------------------------------------------------------------------------------------

    def _trust(self) -> None:
        names = [name for name in self._package.names if name.startswith("trust/")]
        for name in sorted(names, key=lambda each: (len(each), each)):
            with self._report.check(name, "trust list, signed by roots of the anchor"):
                found = opened_trust_list(self._package.read(name), self._anchor)
                if name != f"trust/{found.version}.json":
                    raise Broken("it is of another version than its name")
                self._lists.append(found)
        if not self._lists:
            self._report.tell("FAIL", "trust/", "no trust list holds, so nothing else can be verified")
            return
        if len({(each.origin, each.mode) for each in self._lists}) != 1:
            self._report.tell("FAIL", "trust/", "the trust lists are of several hubs")
        if self._newest.mode == "test":
            self._report.say("        TEST: this is a package of a TEST hub 测试环境，不具法律效力")

    @property
    def _newest(self) -> TrustList:
        return max(self._lists, key=lambda each: each.version)

    def _list_at(self, at: datetime) -> TrustList:
        """Return the newest list in force at that moment."""
        fitting = [each for each in self._lists if each.issued_at <= at < each.expires_at]
        if not fitting:
            raise Doubt("no trust list of that time is here")
        return max(fitting, key=lambda each: each.version)

    def _system_certs(self) -> dict[str, x509.Certificate]:
        """Return the certs in the package by the name of their key; each file is named by its digest."""
        found: dict[str, x509.Certificate] = {}
        for name in sorted(each for each in self._package.names if each.startswith("certs/")):
            with self._report.check(name, "cert, named by its digest"):
                raw = self._package.read(name)
                if name != f"certs/{sha256_hex(raw)}.der":
                    raise Broken("its name is not its digest")
                cert = x509.load_der_x509_certificate(raw)
                found[key_name(cert.public_key())] = cert
        return found

    # --- evidence -----------------------------------------------------------------------------------------------

    def _entries(self) -> None:
        members = {"v", "kind", "act_id", "recorded_at", "works_from", "statement", "sealed", "previous"}
        with self._report.check("entries.json", "lists every entry once"):
            listed = [str(each["file"]) for each in self._rows("entries.json")]
            here = [name for name in self._package.names if name.startswith("entries/")]
            if sorted(listed) != sorted(here):
                raise Broken("it lists others than are here")
        rows: list[Row] = []
        with self._report.check("entries.json", "can be read"):
            rows = self._rows("entries.json")
        for row in rows:
            name = str(row.get("file"))
            with self._report.check(name, "act, whose leaf follows from its bytes and its salt"):
                raw, salt = self._package.read(name), bytes.fromhex(str(row["salt"]))
                leaf = b"\x01" + hmac.digest(salt, raw, hashlib.sha256)
                if len(salt) != 32 or leaf.hex() != row["leaf"]:
                    raise Broken("the leaf is another")
                act = strict_json(raw)
                if not isinstance(act, dict) or act.keys() != members or act["v"] != 1 or canonical(act) != raw:
                    raise Broken("the act's bytes are not of their form")
                if name != f"entries/{act['act_id']}.json":
                    raise Broken("it is another act's")
                self._acts[str(act["act_id"])] = act

    def _orders(self) -> None:
        rows: list[Row] = []
        with self._report.check("statements.json", "lists every statement once"):
            rows = self._rows("statements.json")
            listed = [f"statements/{each['number']}.jws" for each in rows]
            if sorted(listed) != sorted(name for name in self._package.names if name.startswith("statements/")):
                raise Broken("it lists others than are here")
        for row in rows:
            name = f"statements/{row.get('number')}.jws"
            with self._report.check(name, "statement, signed by its system and as its row says"):
                raw = self._package.read(name)
                said = self._opened_statement(raw.decode("ascii"), moment(row["recorded_at"]))
                if (said["iss"], said["act"], sha256_hex(raw)) != (row["system"], row["act"], row["digest"]):
                    raise Broken("its row says otherwise")
                self._statements[int(row["number"])] = said | {"seconds": row["seconds"]}
                self._digests[sha256_hex(raw)] = int(row["number"])
        for number, said in self._statements.items():
            if said["seconds"] is not None:
                with self._report.check(f"statements/{number}.jws", "binds the same as the statement it stands beside"):
                    first = self._statements[int(said["seconds"])]
                    if any(said.get(each) != first.get(each) for each in ("act", "content_digest", "issuing_body")):
                        raise Broken("it is over something else")

    def _opened_statement(self, token: str, at: datetime) -> Row:
        def find_key(kid: str) -> tuple[object, str]:
            cert = self._systems.get(kid)
            if cert is None:
                raise Doubt("the cert of its system is not here")
            lists = [each for each in self._lists if each.issued_at <= at] or self._lists
            authorities = [cert for each in lists for cert in each.authorities("system", at)]
            require_issued(cert, authorities, SYSTEM_USE, at)
            return cert.public_key(), algorithm_of(cert.public_key())

        said = opened_jws(token, "yizhao-statement+jwt", find_key)
        if said.get("aud") != self._newest.origin or said.get("v") != 1:
            raise Broken("it is not for this hub")
        if abs(int(said["iat"]) - at.timestamp()) > 7 * 86_400:
            raise Broken("it was not signed when it was recorded")
        return said

    def _act(self, act_id: object, kind: str, statement: object) -> Row:
        """Return an act of that kind that was ordered by that statement (None: by none)."""
        act = self._acts.get(str(act_id))
        if act is None:
            raise Doubt("its entry is not here, or does not hold")
        if act["kind"] != kind:
            raise Broken(f"its entry is of the kind {act['kind']}")
        ordered_by = None if act["statement"] is None else self._digests.get(str(act["statement"]))
        if ordered_by != statement:
            raise Broken("its entry names another statement")
        return act

    def _ordered(self, number: object, acts: tuple[str, ...]) -> Row:
        said = self._statements.get(int(str(number)))
        if said is None:
            raise Doubt("the statement that ordered it is not here, or does not hold")
        if said["act"] not in acts:
            raise Broken("its statement orders something else")
        return said

    # --- versions -----------------------------------------------------------------------------------------------

    def _version(self, folder: str, previous: str | None) -> str | None:
        """Verify one version; return its identifier, which the next one names."""
        report, name = self._report, f"{folder}/payload.json"
        payload: Row = {}
        told: Row = {}
        raw = b""
        with report.check(f"{folder}/version.json", "says what the sealed payload says"):
            told, raw = self._told(f"{folder}/version.json"), self._package.read(name)
            payload = self._told(name)
            self._require_same(told, payload, folder)
        if not told or not payload:
            return previous
        with report.check(
            f"{folder}/seals.json", "every seal is over the exact bytes of payload.json, by a listed key"
        ):
            self._require_seals(folder, raw, told)
        with report.check(f"{folder}/disclosures.json", "every disclosure is one of the sealed digests"):
            self._require_disclosures(folder, payload)
        with report.check(name, "the act of its issue is entered with its digest and its order"):
            orders = ("import",) if told["source"] is not None else ("issue", "import")
            said = self._ordered(told["statement"], orders)
            act = self._act(told["act_id"], "issue", told["statement"])
            if act["sealed"] != sha256_hex(raw) or moment(act["recorded_at"]) != moment(told["sealed_at"]):
                raise Broken("the entry is of another record or another time")
            if told["source"] is None and said.get("issuing_body") not in (None, told["issuing_body"]):
                raise Broken("its statement is by another issuing body")
        with report.check(name, "names the version before it"):
            if payload["previous_identifier"] != previous:
                raise Broken("the version before is another")
        self._changes(folder, told, payload)
        self._noted(folder)
        self._erased(folder)
        self._payloads[int(told["version"])] = sha256_hex(raw)
        return str(told["identifier"]) if told["status"] != "voided" else previous

    def _require_same(self, told: Row, payload: Row, folder: str) -> None:
        kind, origin, decision = payload["certificate_type"], payload["origin"], payload["decision"]
        sealed = {
            "identifier": payload["identifier"],
            "licence_number": payload["licence_number"],
            "certificate_type": kind["code"],
            "type_version": kind["version"],
            "issuing_body": payload["issuing_body"],
            "valid_from": payload["valid_from"],
            "valid_to": payload["valid_to"],
            "decided_on": decision["date"],
            "source": origin["source"],
        }
        for member, value in sealed.items():
            if told[member] != value:
                raise Broken(f"{member} is another")
        if payload["iss"] != self._newest.origin:
            raise Broken("it is of another hub")
        if folder != f"versions/{int(str(told['version'])):03d}":
            raise Broken("it is another version")
        if sha256_hex(self._package.read(f"{folder}/payload.json")) != told["payload_sha256"]:
            raise Broken("the payload's digest is another")
        type_file = f"schemas/{kind['code']}.{kind['version']}.toml"
        if sha256_hex(self._package.read(type_file)) != kind["digest"]:
            raise Broken("the file of its type is another than the one it was sealed under")
        place = payload["status"]["status_list"]
        self._places.append((str(place["uri"]), int(place["idx"]), told))

    def _require_seals(self, folder: str, raw: bytes, told: Row) -> None:
        sealed_at, seals = moment(told["sealed_at"]), self._rows(f"{folder}/seals.json")
        use = "hub:collected" if told["source"] is not None else str(told["issuing_body"])
        if not seals:
            raise Broken("there is none")
        doubts = []
        for number, each in enumerate(seals):
            header = header_of(str(each["protected"]), "dc+sd-jwt")
            kid = str(header.get("kid"))
            # A later seal stands beside the first by the body's order: its key was listed after the record was made.
            listed = self._newest if number else self._list_at(sealed_at)
            key, algorithm = listed.key(kid, use, max(sealed_at, listed.begins_at(kid)) if number else sealed_at)
            if header.get("alg") != algorithm:
                raise Broken("a seal names another algorithm than its key's")
            message = f"{each['protected']}.{to_base64url(raw)}".encode("ascii")
            require_signature(key, algorithm, from_base64url(each["signature"]), message)
            if (revoked_at := self._newest.revoked_at(kid)) is not None:
                doubts.append(revoked_at)
        if len(doubts) == len(seals):
            raise Doubt(f"it holds, but its key was revoked at {doubts[0]}: when it sealed must be proven otherwise")

    def _require_disclosures(self, folder: str, payload: Row) -> None:
        digests, names = texts_of(payload["_sd"]), set[str]()
        if payload["_sd_alg"] != "sha-256" or len(set(digests)) != len(digests):
            raise Broken("the sealed digests are not of their form")
        for encoded in texts_of(self._package.read_json(f"{folder}/disclosures.json")):
            if to_base64url(hashlib.sha256(encoded.encode("ascii")).digest()) not in digests:
                raise Broken("a disclosure is not one of this record's")
            triple = strict_json(from_base64url(encoded))
            if not isinstance(triple, list) or len(triple) != 3 or triple[1] in names or triple[1] in payload:
                raise Broken("a disclosure is not of its form, or names a field twice")
            names.add(triple[1])
        if gone := names & {str(each["field"]) for each in self._rows(f"{folder}/erasures.json")}:
            raise Broken(f"{', '.join(sorted(gone))} is said to be erased and is here")

    def _changes(self, folder: str, told: Row, payload: Row) -> None:
        name, status, since, until = f"{folder}/changes.json", "valid", payload["works_from"], None
        with self._report.check(name, "the changes lead to the status it has"):
            rows = self._rows(name)
            for each in rows:
                if each["undone_by"] is None and each["act"] != "undo":
                    status, since, until = str(each["to_status"]), each["works_from"], each["until"]
            if (told["status"], told["status_since"], told["suspended_until"]) != (status, since, until):
                raise Broken(f"they lead to {status} since {since}")
            acts = {str(each["act_id"]) for each in rows}
            if not {str(each["undone_by"]) for each in rows if each["undone_by"] is not None} <= acts:
                raise Broken("a change is undone by an act that is not here")
        for each in self._listed(name):
            with self._report.check(name, f"{each.get('act')} by act {each.get('act_id')} is ordered and entered"):
                if each["act"] == "supersede":
                    self._ordered(each["statement"], ("issue", "import"))
                    self._act(each["act_id"], "issue", each["statement"])
                    continue
                self._ordered(each["statement"], ("change_status", "undo_import"))
                act = self._act(each["act_id"], "change_status", each["statement"])
                # A version that counts again since the one after it was voided: that act's entry is about the latter.
                about = self._sealed if each["act"] == "undo" else {told["payload_sha256"]}
                if act["works_from"] != each["works_from"] or act["sealed"] not in about:
                    raise Broken("its entry says otherwise")

    def _noted(self, folder: str) -> None:
        name = f"{folder}/annotations.json"
        for each in self._listed(name):
            with self._report.check(name, f"{each.get('kind')} by act {each.get('act_id')} is ordered and entered"):
                self._ordered(each["statement"], ("annotate",))
                self._act(each["act_id"], "annotate", each["statement"])
                if each["lifted_by"] is not None:
                    lifting = self._acts.get(str(each["lifted_by"]))
                    if lifting is None or lifting["kind"] not in ("annotate", "issue"):
                        raise Broken("no act lifted it")

    def _erased(self, folder: str) -> None:
        name = f"{folder}/erasures.json"
        for each in self._listed(name):
            with self._report.check(
                name, f"{each.get('field')} erased by act {each.get('act_id')}: ordered and entered"
            ):
                self._ordered(each["statement"], ("erase",))
                act = self._act(each["act_id"], "erase", each["statement"])
                if act["sealed"] != sha256_hex(self._package.read(f"{folder}/payload.json")):
                    raise Broken("its entry is about another record")

    def _listed(self, name: str) -> list[Row]:
        try:
            return self._rows(name)
        except Exception as error:
            self._report.tell("FAIL", name, f"cannot be read ({type(error).__name__})")
            return []

    # --- documents and status -----------------------------------------------------------------------------------

    def _documents(self) -> None:
        named = set()
        for each in self._listed("documents.json"):
            where = f"documents/{each.get('sha256')}.pdf"
            named |= {where, f"documents/{each.get('xml_sha256')}.xml"}
            with self._report.check(where, f"{each.get('edition')}, entered with its digest"):
                self._require_document(each, where)
        for name in sorted(n for n in self._package.names if n.startswith("documents/")):
            if not any(name.startswith(each.removesuffix(".pdf").removesuffix(".xml")) for each in named):
                self._report.tell("FAIL", name, "documents.json does not name it")

    def _require_document(self, row: Row, where: str) -> None:
        act = self._acts.get(str(row["act_id"]))
        if act is None:
            raise Doubt("its entry is not here, or does not hold")
        if act["kind"] not in ("document", "existing_document") or act["sealed"] != row["sha256"]:
            raise Broken("its entry names another document")
        if row["payload_sha256"] != self._payloads.get(int(row["version"])):
            raise Broken("it was drawn from another record")
        if row["erased_by"] is not None:
            if where in self._package.names:
                raise Broken("it is said to be erased and is here")
            erasing = self._acts.get(str(row["erased_by"]))
            if erasing is None or erasing["kind"] != "erase":
                raise Broken("no act erased it")
            return
        if row["fault"] is not None:
            raise Doubt(f"the hub says that its file is {row['fault']}")
        if sha256_hex(self._package.read(where)) != row["sha256"]:
            raise Broken("it has another digest")
        if row["xml_sha256"] is not None:
            xml = self._package.read(f"documents/{row['sha256']}.xml")
            if sha256_hex(xml) != row["xml_sha256"]:
                raise Broken("the XML inside has another digest")

    def _status_lists(self) -> None:
        said: dict[str, Row] = {}
        for name in sorted(each for each in self._package.names if each.startswith("status/")):
            with self._report.check(name, "status list, signed by the hub"):
                token = self._package.read(name).decode("ascii")
                unproven = object_of(strict_json(from_base64url(token.split(".")[1])))
                at = datetime.fromtimestamp(unproven["iat"], UTC)
                use = self._newest if self._newest.issued_at <= at else self._list_at(at)
                opened = opened_jws(token, "statuslist+jwt", lambda kid: use.key(kid, "hub:status", at))  # noqa: B023
                if opened["sub"] != f"{self._newest.origin}/{name.removesuffix('.jwt')}":
                    raise Broken("it is another list")
                said[str(opened["sub"])] = opened
        for uri, index, told in self._places:
            with self._report.check(f"versions/{int(str(told['version'])):03d}/version.json", "the status list agrees"):
                if uri not in said:
                    raise Doubt("its status list is not here, or does not hold")
                self._require_status(said[uri], index, told)

    def _require_status(self, token: Row, index: int, told: Row) -> None:
        listed = token["status_list"]
        inflater = zlib.decompressobj()
        packed = inflater.decompress(from_base64url(listed["lst"]), LARGEST_LIST)
        if listed["bits"] != 2 or not inflater.eof or index >= 4 * len(packed):
            raise Broken("the list is not of its form")
        bits = packed[index // 4] >> index % 4 * 2 & 3
        today = datetime.fromtimestamp(int(token["iat"]), SHANGHAI).date().isoformat()
        ended = told["suspension_ends"] == "date" and str(told["suspended_until"] or "9999-12-31") < today
        expected = 0 if told["status"] == "suspended" and ended else STATUS_BITS.get(str(told["status"]), 1)
        if bits != expected:
            raise Broken(f"the list says {bits}, its status is {told['status']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
