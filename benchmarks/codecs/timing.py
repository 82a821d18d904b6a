"""Two sides timed turn about, and which part of ours is not the codec's."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from adapters.banks.bcm import records
from adapters.banks.psbc import files
from adapters.kit import banks, envelope
from hub.contracts import Contract, layouts
from hub.crypto import Sm2PrivateKey, Sm2PublicKey
from hub.crypto import sm4 as cipher

TIMES = 5
Act = Callable[[], object]
PARTS: dict[str, tuple[tuple[object, str], ...]] = {
    "schema": (
        (Contract, "validate_xml"),
        (Contract, "validate_json"),
        (records, "off_layout"),
    ),
    "crypto": (
        (Sm2PrivateKey, "sign"),
        (Sm2PublicKey, "verify"),
        (cipher, "cbc_encrypt"),
        (cipher, "cbc_decrypt"),
        (envelope, "sm3_hex"),
        (layouts, "sm3_hex"),
        (files, "sm3_hex"),
    ),
    "base64": ((base64, "b64decode"), (base64, "b64encode")),
    "checks": ((banks, "check_batch"),),
}
"""Column → where what it names is called; all of them stand once in the printed table.

schema: a document against its contract, field lengths and drift included; crypto: SM2, SM4, SM3;
checks: what a batch must be before anything is written.
"""


@dataclass
class Meter:
    """Seconds by part; a part within another counts as the outer one's."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    inside: bool = False

    def around(self, part: str, act: Callable[..., object]) -> Callable[..., object]:
        """The same function, its time added up."""

        def timed(*args: object, **named: object) -> object:
            if self.inside:
                return act(*args, **named)
            self.inside, began = True, time.process_time()
            try:
                return act(*args, **named)
            finally:
                self.seconds[part] += time.process_time() - began
                self.inside = False

        return timed


@dataclass(frozen=True)
class Taken:
    """Processor seconds of one round: ours, the bare loop's, and ours by part."""

    ours: float
    bare: float
    parts: dict[str, float]

    @property
    def codec(self) -> float:
        """Ours without the parts."""
        return self.ours - sum(self.parts.values())


def taken(ours: Act, bare: Act) -> Taken:
    """Best of five rounds each, turn about: a slow minute of the machine is both sides'.

    The parts are told by rounds of their own, since looking costs too: their shares of such a
    round are laid on the best one.
    """
    ours(), bare()
    pairs = [(seconds(ours), seconds(bare)) for _ in range(TIMES)]
    mine, theirs = (min(column) for column in zip(*pairs, strict=True))
    rounds = []
    for _ in range(TIMES):
        with metered() as meter:
            rounds.append((seconds(ours), meter.seconds))
    whole, parts = min(rounds, key=lambda one: one[0])
    return Taken(mine, theirs, {name: mine * part / whole for name, part in parts.items()})


def seconds(act: Act) -> float:
    """Of this process: what other processes do meanwhile is not in it."""
    began = time.process_time()
    act()
    return time.process_time() - began


@contextmanager
def metered() -> Iterator[Meter]:
    """All that PARTS names is timed meanwhile."""
    meter = Meter()
    with ExitStack() as stack:
        for part, places in PARTS.items():
            for owner, name in places:
                act = getattr(owner, name)
                stack.enter_context(patch.object(owner, name, meter.around(part, act)))
        yield meter
