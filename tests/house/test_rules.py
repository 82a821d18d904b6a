"""The rules over the project's own sources, and planted defects that prove each can fail."""

import pytest

from tests.house import rules
from tests.house.tree import Source, excused, sources

PRODUCT = ("hub/", "adapters/")
EVERYTHING = ("hub/", "adapters/", "mocks/", "tests/", "benchmarks/")
CASES = [
    (rules.wall_clock, ("hub/", "adapters/", "mocks/")),
    (rules.float_near_money, PRODUCT),
    (rules.prints, PRODUCT),
    (rules.transactions, PRODUCT),
    (rules.connections, PRODUCT),
    (rules.adapter_imports, ("adapters/",)),
    (rules.open_to_the_world, ("hub/", "adapters/", "mocks/")),
    (rules.too_long, EVERYTHING),
]
PLANTED = [
    (rules.wall_clock, "from datetime import datetime\nx = datetime.now()"),
    (rules.wall_clock, "import datetime as d\nx = d.datetime.utcnow()"),
    (rules.wall_clock, "import time\nx = time.time()"),
    (rules.wall_clock, "from time import time_ns"),
    (rules.float_near_money, "from hub.kernel.money import Fen\nx = float('1.1')"),
    (rules.float_near_money, "from hub.kernel.money import Fen\nx = 0.01"),
    (rules.prints, "print('hello')"),
    (rules.transactions, "def f(tx):\n    tx.commit()"),
    (rules.transactions, "def f(connection):\n    with connection.begin():\n        pass"),
    (rules.connections, "import socket"),
    (rules.connections, "from urllib.request import urlopen"),
    (rules.connections, "from http import client"),
    (rules.adapter_imports, "from hub.store import Store"),
    (rules.adapter_imports, "from hub import bus"),
    (rules.adapter_imports, "from adapters.banks.ccb.codec import decode"),
    (rules.adapter_imports, "from .codec import decode"),
    (rules.open_to_the_world, "HOST = '0.0.0.0'"),
    (rules.too_long, "x = 1\n" * 401),
]
HARMLESS = [
    (rules.wall_clock, "def f(clock):\n    return clock.now()"),
    (rules.wall_clock, "import time\nx = time.monotonic()"),
    (rules.float_near_money, "x = float('1.1')"),
    (rules.transactions, "def f(demo, wanted):\n    demo.begin(wanted)"),
    (rules.connections, "from urllib.parse import urlencode\nfrom http import HTTPStatus"),
    (rules.adapter_imports, "from hub.ports.bank import BankPort\nfrom hub.kernel import money"),
    (rules.adapter_imports, "from adapters.banks.icbc.codec import decode"),
    (rules.too_long, "x = 1\n" * 400),
]


def _name(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize(("rule", "folders"), CASES, ids=_name)
def test_the_project_keeps_the_rule(rule: rules.Rule, folders: tuple[str, ...]) -> None:
    pardoned = excused(rule.__name__)
    breaches = [
        breach
        for source in sources(*folders)
        for breach in rule(source)
        if not source.path.startswith(tuple(pardoned))
    ]
    assert not breaches, "\n" + "\n".join(map(str, breaches))


@pytest.mark.parametrize(("rule", "folders"), CASES, ids=_name)
def test_an_excuse_is_still_needed(rule: rules.Rule, folders: tuple[str, ...]) -> None:
    """An excuse that covers nothing any more hides the next breach: take it out."""
    breached = {breach.path for source in sources(*folders) for breach in rule(source)}
    for path, reason in excused(rule.__name__).items():
        assert any(one.startswith(path) for one in breached), f"{path} needs no excuse any more"
        assert len(reason) > 20, f"{path}: say why"


@pytest.mark.parametrize(("rule", "text"), PLANTED, ids=_name)
def test_a_planted_defect_is_found(rule: rules.Rule, text: str) -> None:
    assert list(rule(Source("adapters/banks/icbc/planted.py", text)))


@pytest.mark.parametrize(("rule", "text"), HARMLESS, ids=_name)
def test_what_is_right_is_left_alone(rule: rules.Rule, text: str) -> None:
    assert not list(rule(Source("adapters/banks/icbc/harmless.py", text)))
