"""The house's rules as functions: a source goes in, its breaches come out.

Each rule stands for something that went wrong elsewhere; the text of the breach says what to do
instead.  ``test_rules.py`` runs them over the project and proves on planted defects that each can
fail.
"""

import ast
from collections.abc import Callable, Iterator

from tests.house.tree import Breach, Source

Rule = Callable[[Source], Iterator[Breach]]

_NOW = {"now", "utcnow", "today"}
_DATE_TYPES = {"datetime", "date"}
_TIME_CALLS = {"time", "time_ns", "localtime", "gmtime", "ctime"}
_DOORS = {
    "aiohttp", "asyncssh", "ftplib", "httpx", "paramiko", "requests", "smtplib", "socket",
    "socketserver", "telnetlib", "urllib3", "xmlrpc",
}  # fmt: skip
_DOOR_MODULES = {"http.client", "http.server", "urllib.request"}
_MONEY = "hub.kernel.money"
_ADAPTERS_MAY = ("hub.kernel", "hub.crypto", "hub.contracts", "hub.ports")


def wall_clock(source: Source) -> Iterator[Breach]:
    """Two clocks, both handed in: nobody asks the machine what time it is."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            for name in node.names:
                if name.name in _TIME_CALLS:
                    yield _breach(source, node, f"time.{name.name}: take a clock as a parameter")
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = ast.unparse(node.func.value).rpartition(".")[2]
        name = node.func.attr
        timed = owner == "time" and name in _TIME_CALLS
        if timed or (owner in _DATE_TYPES and name in _NOW):
            yield _breach(source, node, f"{owner}.{name}(): take a clock as a parameter")


def float_near_money(source: Source) -> Iterator[Breach]:
    """A module that handles 分 makes no floats, decimals or roundings."""
    if source.path != "hub/kernel/money.py" and _MONEY not in _imported(source.tree):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in {"float", "Decimal", "round"}:
                yield _breach(source, node, f"{node.func.id}(): money is integer 分")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield _breach(source, node, f"{node.value}: no floats in a module that handles 分")


def prints(source: Source) -> Iterator[Breach]:
    """What is said goes to the log, or through the command line's console."""
    if source.path.startswith("hub/cli/"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "print", "sys.stdout.write", "sys.stderr.write",
        }:  # fmt: skip
            yield _breach(source, node, "print: use the log, or the console of hub.cli")


def transactions(source: Source) -> Iterator[Breach]:
    """Only the store opens and ends transactions; a service works in the one it is handed."""
    if source.path.startswith("hub/store/"):
        return
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"commit", "rollback", "begin"}
            and not node.args  # a connection's take none; other things begin too
        ):
            yield _breach(source, node, f".{node.func.attr}(): use store.write() or store.read()")


def connections(source: Source) -> Iterator[Breach]:
    """hub.wire is the only door to the network: what goes through it is recorded."""
    if source.path.startswith("hub/wire/"):
        return
    for node in ast.walk(source.tree):
        for name in _imports(node):
            if name.split(".")[0] in _DOORS or name in _DOOR_MODULES:
                yield _breach(source, node, f"import of {name}: call through a line (hub.wire)")


def adapter_imports(source: Source) -> Iterator[Breach]:
    """An adapter sees the kernel, the crypto, the contracts, the ports, its own folder, and what
    adapters read alike (``adapters.kit``, which knows no partner)."""
    folder = ".".join(source.path.split("/")[:3])
    own = ("adapters.kit",) if "/kit/" in source.path else (folder, "adapters.kit")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield _breach(source, node, "relative import: write the whole name")
        for name in _imports(node):
            root = name.split(".")[0]
            if root == "hub" and not name.startswith(_ADAPTERS_MAY):
                yield _breach(source, node, f"import of {name}: not an adapter's business")
            if root in {"mocks", "tests"} or (root == "adapters" and not name.startswith(own)):
                yield _breach(source, node, f"import of {name}: an adapter stands alone")


def open_to_the_world(source: Source) -> Iterator[Breach]:
    """Servers listen on 127.0.0.1 unless a deployment says otherwise."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and node.value in {"0.0.0.0", "::"}:
            yield _breach(source, node, f"{node.value}: listen on 127.0.0.1")


def too_long(source: Source, limit: int = 400) -> Iterator[Breach]:
    """A file has one subject; past this length it usually has two."""
    if source.lines > limit:
        yield Breach(source.path, source.lines, f"{source.lines} lines, the limit is {limit}")


def _breach(source: Source, node: ast.AST, what: str) -> Breach:
    return Breach(source.path, getattr(node, "lineno", 0), what)


def _imports(node: ast.AST) -> Iterator[str]:
    """Full names a statement imports; of ``from http import client`` also ``http.client``."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        if node.module in {"http", "urllib", "hub"}:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        else:
            yield node.module


def _imported(tree: ast.Module) -> set[str]:
    return {name for node in ast.walk(tree) for name in _imports(node)}
