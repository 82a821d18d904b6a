"""Every bank's calls under the numbers and nonces of its golden samples: they answer them."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import patch

from adapters.kit import envelope

NONCE = "0123456789abcdef0123456789abcdef"
_NUMBERS = {"new_serial": "SERIAL", "new_id": "MESSAGE_ID", "new_nonce": "NONCE"}
"""What a channel makes anew for every call → what a bench calls the samples' own."""


@cache
def benches() -> Mapping[str, ModuleType]:
    """Bank → its bench; a bank that is added is here as soon as it has one."""
    found = sorted(Path(__file__).parent.glob("*/bench.py"))
    return {
        path.parent.name: import_module(f"tests.adapters.{path.parent.name}.bench")
        for path in found
    }  # fmt: skip


@contextmanager
def frozen() -> Iterator[None]:
    """Meanwhile no call has a number of its own."""
    chance = SimpleNamespace(token_bytes=secrets.token_bytes, token_hex=lambda _count: NONCE)
    with ExitStack() as stack:
        for name, bench in benches().items():
            channel = import_module(f"adapters.banks.{name}.channel").Channel
            for made, golden in _NUMBERS.items():
                if hasattr(channel, made):
                    said = _always(str(getattr(bench, golden)))
                    stack.enter_context(patch.object(channel, made, said))
        stack.enter_context(patch.object(envelope, "secrets", chance))
        yield


def _always(text: str) -> Callable[..., str]:
    def said(*_: object) -> str:
        return text

    return said
