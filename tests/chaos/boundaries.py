"""The boundaries at which a process is killed, the orders to do so, and what was noted of them.

An order is one death: a boundary, the kind of message and whom it is for (``*``: any), and at
which passing of it.
It is carried out once, by whichever of a run's processes comes there first (tests.chaos.scythe),
and noted in a file before the process dies; the notes alone are counted.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

ANY = "*"


class Boundary(StrEnum):
    """Where in its work a process dies; the last four are the mock partners'."""

    BEFORE_COMMIT = "before-commit"
    AFTER_COMMIT = "after-commit"
    BEFORE_SEND = "before-send"
    AFTER_SEND = "after-send"
    IN_REPLY = "in-reply"
    AFTER_REPLY = "after-reply"
    IN_CHUNK = "in-chunk"
    IN_SEALING = "in-sealing"
    MOCK_ASKED = "mock-asked"
    MOCK_BEFORE_COMMIT = "mock-before-commit"
    MOCK_AFTER_COMMIT = "mock-after-commit"
    MOCK_ANY = "mock-any"


B = Boundary
MEANING: Mapping[Boundary, str] = {
    B.BEFORE_COMMIT: "提交之前 · all statements done, not committed",
    B.AFTER_COMMIT: "提交之后、领取之前 · message committed, nobody has claimed it",
    B.BEFORE_SEND: "领取之后、发送之前 · claim committed, no byte on the wire",
    B.AFTER_SEND: "发送之后、应答之前 · last byte of the request on the wire",
    B.IN_REPLY: "对方已办、应答未收 · the partner has acted, its answer is not taken in",
    B.AFTER_REPLY: "应答之后、提交之前 · answer decoded, its transaction not begun",
    B.IN_CHUNK: "一段写到一半 · between two writes of one transaction",
    B.IN_SEALING: "审计封存之中 · while the audit is chained or its checkpoint written",
    B.MOCK_ASKED: "挡板：收到、未办 · mock: request noted, nothing done",
    B.MOCK_BEFORE_COMMIT: "挡板：入账提交之前 · mock: before its commit",
    B.MOCK_AFTER_COMMIT: "挡板：入账提交之后、应答之前 · mock: booked, not answered",
    B.MOCK_ANY: "挡板：任意时刻 · mock: at a moment drawn by chance",
}
HUB_SIDE = tuple(B)[:8]
MOCK_SIDE = tuple(B)[8:]
CALL_SIDE = (B.BEFORE_SEND, B.AFTER_SEND, B.IN_REPLY, B.AFTER_REPLY)
"""Those around one call: of them it is known whom the message was for."""

KINDS = (
    "bank.dues", "core.accounts", "bank.balance", "core.hold", "bank.instruct", "bank.results",
    "core.post", "core.release", "bank.statement", "core.postings", "core.holds",
)  # fmt: skip
"""The messages every month has, in its order.  ``bank.inquire`` comes only after an unknown row."""
MOVES = ("bank.instruct", "core.hold", "core.post", "core.release")
"""Those that have an effect: half of all deaths are theirs."""
INSTRUCT = "bank.instruct"
CONDUCTOR = "conductor"
"""A transaction that puts no message: planning, a wave's or a run's next state."""
SEALING = ("entries-not-head", "chain-not-committed", "mark-not-line", "half-a-line", "line-out")
"""Moments of sealing: entries ordered and the head not; the chain not committed; the checkpoint's
mark committed and its line not written; half of the line written; all of it."""

_KINDS_OF: Mapping[Boundary, Sequence[str]] = {
    B.BEFORE_COMMIT: (*KINDS, CONDUCTOR), B.IN_CHUNK: (*KINDS, CONDUCTOR), B.IN_SEALING: SEALING,
    **dict.fromkeys(MOCK_SIDE, (ANY,)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """One death: at the ``nth`` passing of the boundary with this kind, counted per process;
    ``partner`` is the interface the message is for, where the boundary is one around its call."""

    number: int
    boundary: Boundary
    kind: str
    nth: int = 1
    partner: str = ANY


@dataclass(frozen=True, slots=True)
class Death:
    """One death as noted by the process that died (or by the parent that killed it);
    ``partner`` as in Order, empty where a transaction is of several."""

    order: int
    boundary: Boundary
    kind: str
    nth: int
    process: str
    partner: str = ""


def deck(boundaries: Iterable[Boundary], each: int, seed: int) -> list[Order]:
    """``each`` orders per boundary, spread over its kinds, in an order drawn from the seed."""
    chance = random.Random(f"deck:{seed}")
    orders: list[Order] = []
    for boundary in boundaries:
        for kind in _spread(_KINDS_OF.get(boundary, KINDS), each, chance):
            orders.append(Order(len(orders) + 1, boundary, kind))
    chance.shuffle(orders)
    return orders


def deck_of_banks(partners: Iterable[str]) -> list[Order]:
    """One death for each bank and each boundary around the call that moves its money."""
    pairs = [(boundary, partner) for boundary in CALL_SIDE for partner in partners]
    return [
        Order(number, boundary, INSTRUCT, partner=partner)
        for number, (boundary, partner) in enumerate(pairs, 1)
    ]


def _spread(kinds: Sequence[str], each: int, chance: random.Random) -> list[str]:
    """Money and commands take every second place; the others take turns from a drawn start."""
    moves = [kind for kind in kinds if kind in MOVES]
    others = [kind for kind in kinds if kind not in MOVES]
    for names in (moves, others):
        chance.shuffle(names)
    if not moves or not others:
        both = moves or others
        return [both[place % len(both)] for place in range(each)]
    return [
        (moves if place % 2 == 0 else others)[place // 2 % len(moves if place % 2 == 0 else others)]
        for place in range(each)
    ]


def as_text(orders: Iterable[Order]) -> str:
    """For the environment of the process that is to carry them out."""
    return json.dumps([asdict(one) for one in orders])


def read_orders(text: str) -> list[Order]:
    """What ``as_text`` wrote."""
    return [
        Order(
            one["number"], Boundary(one["boundary"]), one["kind"], one["nth"], one["partner"]
        )
        for one in json.loads(text)
    ]  # fmt: skip


@dataclass(slots=True)
class Notes:
    """The file into which every process of a run writes its death and the settings it ran with."""

    path: Path

    def deaths(self) -> list[Death]:
        """All of them, in order."""
        return [
            Death(
                one["order"], Boundary(one["boundary"]), one["kind"], one["nth"], one["process"],
                one["partner"],
            )
            for one in self._lines()
            if "order" in one
        ]  # fmt: skip

    def settings(self) -> list[dict[str, str]]:
        """The different sets of durability settings that processes read from their database."""
        found: list[dict[str, str]] = []
        for one in self._lines():
            if "settings" in one and one["settings"] not in found:
                found.append(one["settings"])
        return found

    def add(self, death: Death) -> None:
        """Note a death of the parent's doing."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(death)) + "\n")

    def left(self, orders: Iterable[Order]) -> list[Order]:
        """The orders that nobody has carried out yet."""
        done = {death.order for death in self.deaths()}
        return [one for one in orders if one.number not in done]

    def _lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]


def by_boundary(deaths: Iterable[Death]) -> Counter[Boundary]:
    """How often each boundary was hit."""
    return Counter(death.boundary for death in deaths)


def by_kind(deaths: Iterable[Death]) -> dict[Boundary, Counter[str]]:
    """The same by kind of message."""
    found: dict[Boundary, Counter[str]] = {}
    for death in deaths:
        found.setdefault(death.boundary, Counter())[death.kind] += 1
    return found


def by_bank(deaths: Iterable[Death]) -> dict[str, Counter[Boundary]]:
    """How often the call that moves a bank's money was cut, by interface and boundary."""
    found: dict[str, Counter[Boundary]] = {}
    for death in deaths:
        if death.kind == INSTRUCT and death.boundary in CALL_SIDE:
            found.setdefault(death.partner, Counter())[death.boundary] += 1
    return found
