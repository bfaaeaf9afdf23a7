"""The rules of the tree that a machine can check: each a function from the tree to its findings, `path:line: what`.

The arrows are those of the design, section 4; names and habits those of the house style. `test_layout.py` runs every
rule over this repository and over one planted violation at least.

Not checked here: form and types (ruff, mypy), sizes (a mirror, no rule).
"""

import ast
import builtins
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGES = ("schemas", "signing", "connectors", "hub", "scripts", "tests")
PRODUCT = ("schemas", "signing", "connectors", "hub")
# Programs of whoever calls the hub: shown as text, and no part of it.
_EXAMPLES = "hub/web/examples/"


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `from hub.store import entry` has the target `hub.store.entry`."""

    target: str
    line: int
    in_function: bool


@dataclass(frozen=True)  # no slots: what several rules ask is found once
class Module:
    """One parsed Python file; `path` is relative to the root, with slashes."""

    path: str
    syntax: ast.Module

    @property
    def name(self) -> str:
        """The dotted name; a package's is that of its folder."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """The first part of the name, such as `hub`."""
        return self.name.split(".")[0]

    @cached_property
    def imports(self) -> list[Import]:
        """All imports, those inside functions too."""
        return list(_imports(self.syntax, self.name, in_function=False))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Everything its syntax consists of."""
        return list(ast.walk(self.syntax))

    @cached_property
    def mentions(self) -> list[tuple[int, str]]:
        """Every imported name, dotted name in use, and keyword of a call, with its line."""
        return list(_mentions(self))

    def finding(self, line: int, what: str) -> str:
        """What stands in a rule's answer."""
        return f"{self.path}:{line}: {what}"


@dataclass(frozen=True, slots=True)
class Tree:
    """The files below `root` that belong to the project; `texts` has the content of all that are text, by path."""

    root: Path
    modules: tuple[Module, ...] = field(repr=False)
    texts: Mapping[str, str] = field(repr=False)


Rule = Callable[[Tree], list[str]]


def load_tree(root: Path) -> Tree:
    """Read every file below `root` that `.gitignore` does not name, and parse the Python ones of our packages."""
    contents = {path.relative_to(root).as_posix(): path.read_bytes() for path in _files(root)}
    # What holds a zero byte is no text: a picture, a workbook.
    texts = {path: raw.decode(errors="replace") for path, raw in contents.items() if b"\0" not in raw}
    modules = tuple(
        Module(path, ast.parse(text, path))
        for path, text in sorted(texts.items())
        if path.endswith(".py") and path.split("/")[0] in PACKAGES and not path.startswith(_EXAMPLES)
    )
    return Tree(root, modules, texts)


def _files(root: Path) -> Iterator[Path]:
    ignored = root / ".gitignore"
    patterns = [".git", *(ignored.read_text().split() if ignored.exists() else [])]
    for path in sorted(root.iterdir()):
        yield from _files_below(path, [pattern.rstrip("/") for pattern in patterns])


def _files_below(path: Path, ignored: list[str]) -> Iterator[Path]:
    if any(fnmatch(path.name, pattern) for pattern in ignored):
        return
    if path.is_dir():
        for child in sorted(path.iterdir()):
            yield from _files_below(child, ignored)
    elif path.is_file():
        yield path


def _imports(node: ast.AST, importer: str, *, in_function: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, in_function) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        source = node.module or ""
        if node.level:
            source = ".".join([*importer.split(".")[: -node.level], *filter(None, [node.module])])
        yield from (Import(f"{source}.{alias.name}", node.lineno, in_function) for alias in node.names)
    inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        # No expression holds an import.
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _imports(child, importer, in_function=inside)


def _is_ours(target: str) -> bool:
    return target.split(".")[0] in PACKAGES


def _is_within(name: str, *prefixes: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


# --- the arrows ---

# A module's layer is that of the longest name here that it stands below; what else stands in a room of hub/ is a flow.
# Steps are what several flows do alike: they stand below the flows, import none of them, and have no door.
_LAYERS = {
    "schemas": "schemas",
    "signing": "signing",
    "signing.errors": "signing errors",
    "connectors": "connectors",
    "connectors.contract": "contract",
    "connectors.errors": "connector errors",
    "hub": "flows",
    "hub.app": "app",
    "hub.cli": "cli",
    "hub.client": "client",
    "hub.decisions": "decisions",
    "hub.errors": "errors",
    "hub.rates": "errors",
    "hub.settings": "settings",
    "hub.steps": "steps",
    "hub.store": "store",
    "hub.terms": "errors",
    "hub.web": "web",
    "hub.web.problems": "problems",
    "scripts": "scripts",
    "tests": "tests",
}
# The rooms of the flows, by who comes. `documents` is one flow in pieces.
_ROOMS = {
    "custody",
    "department",
    "documents",
    "enterprise",
    "evidence",
    "public",
    "registry",
    "sharing",
    "supervision",
}
_SIGNING = {"signing", "signing errors"}
_CONNECTORS = {"connectors", "contract", "connector errors"}
_BELOW_CONNECTORS = {"schemas", *_SIGNING, *_CONNECTORS}
_BELOW_FLOWS = {"schemas", *_SIGNING, "contract", "errors", "store", "decisions", "steps"}
_BELOW_APP = {*_BELOW_FLOWS, *_CONNECTORS, "flows", "settings", "client"}
_ALLOWED: dict[str, set[str]] = {
    "schemas": {"schemas"},
    "signing": _SIGNING,
    "signing errors": _SIGNING,
    "connectors": _BELOW_CONNECTORS,
    "contract": _BELOW_CONNECTORS,
    "connector errors": _BELOW_CONNECTORS,
    "errors": {"schemas", "errors"},
    "settings": {*_BELOW_FLOWS, "settings"},
    "decisions": {"schemas", *_SIGNING, "errors", "decisions"},
    "store": {"schemas", *_SIGNING, "errors", "store"},
    "steps": _BELOW_FLOWS,
    # Which flow may import which flow is a rule of its own.
    "flows": {*_BELOW_FLOWS, "flows"},
    "web": {*_BELOW_FLOWS, "flows", "web", "problems"},
    "problems": {*_BELOW_FLOWS, "flows", "web", "problems", "connector errors"},
    "client": {"schemas", *_SIGNING, "client"},
    "cli": {*_BELOW_APP, "app", "cli"},
    # Only the app joins doors and flows.
    "app": {*_BELOW_APP, "web", "problems", "app"},
    "scripts": {*_BELOW_APP, "app", "cli", "scripts", "tests"},
    "tests": {*_LAYERS.values()},
}
# A walk over HTTP is none when it reaches behind the doors.
_HTTP_ONLY = ("scripts.tour",)


def imports_follow_the_arrows(tree: Tree) -> list[str]:
    """web → flows → decisions → signing, schemas; flows → store → schemas; and so on, down only."""
    return [
        module.finding(found.line, f"{_layer(module.name)} may not import {found.target} ({_layer(found.target)})")
        for module in tree.modules
        for found in module.imports
        if _is_ours(found.target) and _layer(found.target) not in _ALLOWED[_layer(module.name)]
    ]


def _layer(name: str) -> str:
    # The package file of hub carries no more than its version.
    if re.fullmatch(r"hub(\.__\w+__)?", name):
        return "errors"
    while name not in _LAYERS:
        name = name.rpartition(".")[0]
    return _LAYERS[name]


def flows_import_no_flow(tree: Tree) -> list[str]:
    """What flows share are steps; only intake issues by the flow that issues one, `issue_many`."""
    return [
        module.finding(found.line, f"a flow may not import the flow {found.target}")
        for module in tree.modules
        for found in module.imports
        if _layer(module.name) == "flows" and _is_ours(found.target) and _layer(found.target) == "flows"
        if not _may_share(module.name, found.target)
    ]


def _may_share(importer: str, target: str) -> bool:
    issues = target == "hub.registry.issuance.issue_many" and _is_within(importer, "hub.registry.intake")
    return issues or _flow(importer) == _flow(target)


def _flow(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:2] if parts[1:2] == ["documents"] else parts[:3])


def flows_stand_in_rooms(tree: Tree) -> list[str]:
    """Beside the rooms, hub/ holds what is joined, set, or known to all; no flow stands alone in it."""
    return [
        module.finding(1, "a flow stands in a room: " + ", ".join(sorted(_ROOMS)))
        for module in tree.modules
        if _is_within(module.name, "hub") and "." in module.name
        if _layer(module.name) == "flows" and not _is_within(module.name, *(f"hub.{room}" for room in _ROOMS))
    ]


def the_tour_speaks_http_only(tree: Tree) -> list[str]:
    """The tour reaches the hub as a stranger does: of `hub` it knows the client."""
    return [
        module.finding(found.line, f"the tour may not import {found.target}")
        for module in tree.modules
        for found in module.imports
        if module.name in _HTTP_ONLY and _is_within(found.target, "hub") and not _is_within(found.target, "hub.client")
    ]


def imports_stand_at_the_top(tree: Tree) -> list[str]:
    """Only the command line imports ours inside a function; nobody else hides an arrow, nor imports by a string."""
    hidden = [
        module.finding(found.line, f"{found.target} is imported inside a function")
        for module in tree.modules
        for found in module.imports
        if found.in_function and _is_ours(found.target) and not _is_within(module.name, "hub.cli")
    ]
    by_string = [
        module.finding(node.lineno, "a module is imported by a string")
        for module in tree.modules
        if not _is_within(module.name, "hub.cli")
        for node in module.nodes
        if isinstance(node, ast.Call) and _last_name(node.func) in {"import_module", "__import__"}
    ]
    return hidden + by_string


def imports_close_no_ring(tree: Tree) -> list[str]:
    """No module reaches itself through its imports."""
    modules = {module.name: module for module in tree.modules}
    graph = {
        module.name: {_module_of(found.target, modules) for found in module.imports} - {module.name, ""}
        for module in tree.modules
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return [modules[ring[0]].finding(1, f"imports close a ring: {' → '.join(reversed(ring))}")]
    return []


def _module_of(target: str, modules: Mapping[str, Module]) -> str:
    while target and target not in modules:
        target = target.rpartition(".")[0]
    return target


# --- who alone may ---


def only_settings_read_the_environment(tree: Tree) -> list[str]:
    """Settings come from one file; everybody else is handed them."""
    readers = {"environ", "environb", "getenv", "getenvb", "expandvars"}
    return [
        module.finding(line, f"{name} reads the environment outside hub/settings.py")
        for module in tree.modules
        if module.name != "hub.settings"
        for line, name in module.mentions
        if name.rpartition(".")[2] in readers | {"envvar"} or _is_within(name, "pydantic_settings")
    ]


def only_the_edges_read_the_clock(tree: Tree) -> list[str]:
    """`now` is an argument of everything below doors, app and command line."""
    clocks = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    return [
        module.finding(line, f"{name} reads the clock below the doors")
        for module in tree.modules
        if module.package in PRODUCT and not _is_within(module.name, "hub.web", "hub.app", "hub.cli", "hub.client")
        for line, name in module.mentions
        if ".".join(name.split(".")[-2:]) in clocks
    ]


def only_jws_knows_pyjwt(tree: Tree) -> list[str]:
    """PyJWT has one home, so that no second place verifies a token in its own way."""
    return [
        module.finding(found.line, "PyJWT is imported outside signing/jws.py")
        for module in tree.modules
        for found in module.imports
        if _is_within(found.target, "jwt") and module.package != "tests" and module.name != "signing.jws"
    ]


def _mentions(module: Module) -> Iterator[tuple[int, str]]:
    yield from ((found.line, found.target) for found in module.imports)
    for node in module.nodes:
        if isinstance(node, ast.Attribute):
            yield node.lineno, _dotted(node)
        elif isinstance(node, ast.keyword) and node.arg is not None:
            yield node.value.lineno, node.arg


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def _last_name(node: ast.expr) -> str:
    return _dotted(node).rpartition(".")[2]


# --- names and habits ---

_NEVER = {"util", "common", "helper", "manager", "handler", "base", "data", "info", "process", "do"}
_NEVER_A_PART = {"util", "helper", "manager", "handler"}
_NEVER_THE_VERB = {"process", "do"}
# Methods a framework asks for by this very name.
_ASKED_FOR = {"get_route_handler"}
_BUILTINS = {name for name in dir(builtins) if name.islower()}


def names_say_what_is_meant(tree: Tree) -> list[str]:
    """No module, class or function carries a word that says nothing, nor a built-in's name."""
    return [
        module.finding(line, f"{name} is a name of no meaning")
        for module in tree.modules
        for line, name, is_method in _named(module)
        if _says_nothing(name, is_method=is_method)
    ]


def _says_nothing(name: str, *, is_method: bool) -> bool:
    # A test's name is a sentence of the domain, which has its managers (证照管理员).
    if (is_method and name in _ASKED_FOR) or name.startswith("test_"):
        return False
    words = _words(name)
    whole = "_".join(words)
    singular = {word.removesuffix("s") for word in words}
    if whole in _NEVER or whole.removesuffix("s") in _NEVER or singular & _NEVER_A_PART:
        return True
    # Libraries ask for methods such as `process_bind_param`, and a reader may well `list`.
    return not is_method and (words[0] in _NEVER_THE_VERB or name in _BUILTINS)


def _named(module: Module) -> Iterator[tuple[int, str, bool]]:
    """Line, name and whether it is a method: of the folders, the module, its classes and functions."""
    yield from ((1, part, False) for part in module.name.split("."))
    nodes = module.nodes
    methods = {child for node in nodes if isinstance(node, ast.ClassDef) for child in node.body}
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name, node in methods


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word.lower() for word in spaced.split("_") if word] or [""]


def the_tests_tell_the_truth(tree: Tree) -> list[str]:
    """No mocks, no skips, no sleeps."""
    untrue = {"skip", "skipif", "skipIf", "importorskip", "sleep"}
    return [
        module.finding(line, f"{name} has no place in a test")
        for module in tree.modules
        if module.package == "tests"
        for line, name in module.mentions
        if _is_within(name, "unittest.mock", "mock") or name.rpartition(".")[2] in untrue
    ]


# --- texts ---

_REGISTRY = re.compile(
    # An address where packages come from, known by its first name; the names themselves are not written here either.
    r"https?://(?:pypi|files|registry|mirrors?|proxy|deb|archive|security|ports|repo)\.[\w.-]+|--(?:extra-)?index-url"
)
_MACHINE_PATH = re.compile(r"(?<![\w.~/-])(?:/(?:home|root|work|Users)/[\w.]|[A-Z]:\\Users\\)")
_LOCK_LINE = re.compile(r"[a-z0-9][a-z0-9-]*==\w[\w.!+]*( ;[^@:]+)?( \\)?|    --hash=sha256:[0-9a-f]{64}( \\)?")
_PIN = re.compile(r"^([a-z0-9-]+==\S+)", re.MULTILINE)


def files_name_no_registry(tree: Tree) -> list[str]:
    """Where packages and images come from is each machine's own setting."""
    return _text_findings(tree, _REGISTRY, "names a registry")


def files_name_no_machine_path(tree: Tree) -> list[str]:
    """No file knows whose machine it was written on."""
    return _text_findings(tree, _MACHINE_PATH, "names a path of one machine")


def _text_findings(tree: Tree, pattern: re.Pattern[str], what: str) -> list[str]:
    return [
        f"{path}:{number}: {what}"
        for path, text in tree.texts.items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def locks_hold_pins_and_hashes_alone(tree: Tree) -> list[str]:
    """A lock line is a pinned version or its SHA-256; nothing in it is an address or an option."""
    return [
        f"{path}:{number}: is neither a pin nor a hash"
        for path, text in tree.texts.items()
        if path.endswith(".lock")
        for number, line in enumerate(text.splitlines(), start=1)
        if not _LOCK_LINE.fullmatch(line)
    ]


def the_test_lock_holds_the_other(tree: Tree) -> list[str]:
    """`scripts/setup --test` serves for running too, so what is tested is what runs."""
    tested = set(_PIN.findall(tree.texts.get("requirements-test.lock", "")))
    run = set(_PIN.findall(tree.texts.get("requirements.lock", "")))
    return [f"requirements-test.lock:1: lacks {pin}" for pin in sorted(run - tested)]


RULES: tuple[Rule, ...] = (
    imports_follow_the_arrows,
    flows_import_no_flow,
    flows_stand_in_rooms,
    the_tour_speaks_http_only,
    imports_stand_at_the_top,
    imports_close_no_ring,
    only_settings_read_the_environment,
    only_the_edges_read_the_clock,
    only_jws_knows_pyjwt,
    names_say_what_is_meant,
    the_tests_tell_the_truth,
    files_name_no_registry,
    files_name_no_machine_path,
    locks_hold_pins_and_hashes_alone,
    the_test_lock_holds_the_other,
)
