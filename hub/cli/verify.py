"""`yizhao verify`: what a file is worth, offline, with a trust list whose anchor the verifier pins.

Exit codes: 0 valid, 1 not valid, 2 suspended, 3 unknown, 4 nothing that can be judged, 5 usage, trust list or status
list. No database, no network and no web framework is touched, and only this command's own modules are loaded.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from hub.public.examination.report import Examination
    from schemas.certificate_type import CertificateType
    from signing.trust import TrustList

EXITS = {"valid": 0, "not_valid": 1, "suspended": 2, "unknown": 3}
NOTHING_TO_JUDGE = 4
USAGE = 5
_USAGE_OF_TYPER = 2
_ZIP = b"PK\x03\x04"
_SIGNS = {"valid": "✓", "not_valid": "✕", "suspended": "‖", "unknown": "?"}
_TEST = {"zh": "TEST 测试环境：不具法律效力", "en": "TEST installation: of no legal effect"}


class VerifyCommand(TyperCommand):
    """A command whose wrong usage has an exit code of its own, as 1 to 3 are verdicts here."""

    def make_context(self, *arguments: Any, **extra: Any) -> Any:
        """Read the arguments; what is wrong with them ends with exit code 5."""
        try:
            return super().make_context(*arguments, **extra)
        except Exception as error:
            # typer carries its own copy of click and exports no name for an error of usage but this number.
            if getattr(error, "exit_code", None) == _USAGE_OF_TYPER:
                error.__dict__["exit_code"] = USAGE
            raise


def verify(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="要核验的文件；- 为标准输入。 What to verify.")],
    trust_list: Annotated[Path, typer.Option(help="信任列表文件。 The signed trust list.")],
    anchor: Annotated[str, typer.Option(help="根证书集的 SHA-256。 The pinned root set, SHA-256 in hex.")],
    status: Annotated[Path | None, typer.Option(help="状态列表文件。 A status list fetched before.")] = None,
    max_age: Annotated[
        int | None, typer.Option(min=0, help="状态列表最多多旧（秒）。 Its greatest age, seconds.")
    ] = None,
    seen: Annotated[
        Path | None, typer.Option(help="记住已见过的最高版本，防止回退。 Keeps the highest list version seen.")
    ] = None,
    record: Annotated[
        list[Path] | None,
        typer.Option(help="与证据包对照的自存文件（可重复）。 A file that was kept, to lay beside an evidence bundle."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。 Answer in JSON.")] = False,
    lang: Annotated[str, typer.Option(help="zh 或 en。 zh or en.")] = "zh",
) -> None:
    """离线核验一份文件。 Verify a file offline, PDF, XML and evidence bundles too, with a trust list alone."""
    from hub.public.examination.forms import LARGEST_FILE
    from hub.public.examination.report import told
    from signing.errors import SigningError

    if lang not in _TEST:
        _stop("--lang: zh, en")
    now = datetime.now(UTC)
    trust = _trust_in(trust_list, anchor, seen, now)
    raw = _shown(file, LARGEST_FILE)
    kept = [(str(each), _shown(str(each), LARGEST_FILE)) for each in record or ()]
    told_of = _told_bundle(raw, trust_list, anchor, kept)
    if kept and told_of is None:
        _stop("--record：只与证据包对照 lies beside an evidence bundle only")
    if told_of is None:
        try:
            examination = _examined(
                raw,
                trust=trust,
                find_type=_find_type(),
                status_token=_token_in(status) if status is not None else None,
                now=now,
                max_age=None if max_age is None else timedelta(seconds=max_age),
            )
        except SigningError as error:
            _stop(f"状态列表不可用 The status list is not usable: {error}")
        told_of = told(examination)
    result = told_of | {"mode": trust.mode, "trust_list_version": trust.version}
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        _print(result, lang)
    raise typer.Exit(EXITS.get(result["outcome"] or "", NOTHING_TO_JUDGE))


def _examined(raw: bytes, **conditions: Any) -> "Examination":
    """Examine a text here, a file with the help of a child: what only files need is loaded for them alone."""
    from hub.public.examination.forms import kind_of

    if kind_of(raw) is None:
        from hub.public.examination.offline import verify_offline

        return verify_offline(raw, **conditions)

    from hub.public.examination.offline_documents import verify_file_offline
    from hub.public.examination.reader import Reader

    return verify_file_offline(raw, read=Reader().read, **conditions)


def _told_bundle(raw: bytes, trust_list: Path, anchor: str, kept: Sequence[tuple[str, bytes]]) -> dict[str, Any] | None:
    """Return the verdict on an evidence bundle by the checks of its own plain verifier; None for anything else."""
    if not raw.startswith(_ZIP):
        return None
    from hub.evidence.bundles.telling import is_bundle, told_bundle

    if not is_bundle(raw):
        return None
    return told_bundle(raw, anchor=anchor.lower(), trust_list=trust_list.read_bytes(), kept=kept)


def _shown(file: str, longest: int) -> bytes:
    """Return what is to be verified, one byte more than is read at most: the reader says that it is too large."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(longest + 1)
        with Path(file).open("rb") as opened:
            return opened.read(longest + 1)
    except OSError as error:
        print(f"无法读取文件 The file cannot be read: {error.strerror}", file=sys.stderr)
        raise typer.Exit(NOTHING_TO_JUDGE) from None


def _trust_in(path: Path, anchor: str, seen: Path | None, now: datetime) -> "TrustList":
    from signing.errors import TrustListError
    from signing.trust import verify_trust_list

    versions = _seen_versions(seen)
    try:
        raw = path.read_bytes()
        # Whose anchor it is, the verifier has said; a TEST list is told as such in every answer.
        trust = verify_trust_list(
            raw,
            anchor_sha256=anchor.lower(),
            now=now,
            highest_version_seen=versions.get(anchor.lower(), 0),
            allow_test=True,
        )
    except OSError as error:
        _stop(f"无法读取信任列表 The trust list cannot be read: {error.strerror}")
    except TrustListError as error:
        _stop(f"信任列表不可用 The trust list is not usable ({error.reason}): {error}")
    if seen is not None and trust.version > versions.get(anchor.lower(), 0):
        _keep_versions(seen, {**versions, anchor.lower(): trust.version})
    return trust


def _seen_versions(seen: Path | None) -> dict[str, int]:
    if seen is None or not seen.exists():
        return {}
    try:
        found: Any = json.loads(seen.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not all(type(version) is int for version in found.values()):
        # Starting again from nothing would let an older list in.
        _stop("--seen 文件无法读取 The file of --seen cannot be read")
    return found


def _keep_versions(seen: Path, versions: Mapping[str, int]) -> None:
    unfinished = seen.with_name(f".{seen.name}.{os.getpid()}")
    try:
        unfinished.write_text(json.dumps(versions, sort_keys=True), encoding="utf-8")
        unfinished.replace(seen)
    except OSError as error:
        _stop(f"--seen 文件无法写入 The file of --seen cannot be written: {error.strerror}")


def _token_in(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        _stop("无法读取状态列表 The status list cannot be read")


def _find_type() -> "Callable[[str, int], CertificateType | None]":
    """Return what loads one type of the installed catalogue: reading all of them would take longer than verifying."""
    from schemas.catalogue import TYPES_FOLDER
    from schemas.type_file import CatalogueError, load_type

    def find_type(code: str, version: int) -> "CertificateType | None":
        if not (code.isascii() and code.replace("_", "").isalnum()):
            return None
        numbers = [version] if version else range(99, 0, -1)
        paths = (TYPES_FOLDER / f"{code}.{number}.toml" for number in numbers)
        path = next((each for each in paths if each.exists()), None)
        try:
            return load_type(path) if path is not None else None
        except CatalogueError:
            return None

    return find_type


def _print(result: Mapping[str, Any], lang: str) -> None:
    if result["mode"] == "test":
        print(_TEST[lang])
    print(f"{_SIGNS.get(result['outcome'], '!')} {result[f'outcome_{lang}']}  {result[f'reason_{lang}']}")
    for check in result["checks"]:
        reason = f" · {check[f'reason_{lang}']}" if check[f"reason_{lang}"] else ""
        print(f"  {check[lang]}: {check[f'result_{lang}']}{reason}")
    for fact in result["facts"]:
        print(f"  {fact[lang]}: {_plain(fact['value'])}")
    print(f"→ {result[f'next_{lang}']} {' '.join(result['opens'])}".rstrip())


def _plain(text: str) -> str:
    # A terminal obeys control characters; a sealed text has none, and a stranger's is not printed raw.
    return "".join(character if character.isprintable() else " " for character in text)


def _stop(why: str) -> NoReturn:
    print(_plain(why), file=sys.stderr)
    raise typer.Exit(USAGE)
