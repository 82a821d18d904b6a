"""A bank built on the golden samples' values, and lines that answer with the samples' frames."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from adapters.banks.abc.adapter import build
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import DriftNotes, LineUnknown, ReplyUnreadable

FOLDER = Path(__file__).parents[3] / "contracts_spec" / "banks" / "abc"
BATCH = "25101234567890123456"
ACCOUNT = "23710101040000001"
SERIAL = "Q2510130930000000001"
NUMBERS = [f"2510{place:016d}" for place in range(1, 8)]
CLAIM = LoanClaim(
    "YL202500000001", "ABC2019000000001", "6228480000000000011", "郑琪", "522700199001010017"
)


@dataclass
class Call:
    """One call as the line was asked to make it."""

    step: str
    endpoint: str
    request: bytes
    effect: bool


@dataclass
class PlayedFrames:
    """Answers with the given bytes in turn, read as a line reads them: head, then its length."""

    replies: list[bytes]
    drift: DriftNotes = field(default_factory=DriftNotes)
    calls: list[Call] = field(default_factory=list)

    def exchange(
        self,
        step: str,
        *,
        endpoint: str,
        request: bytes,
        head: int,
        length_of: Callable[[bytes], int],
        effect: bool = False,
    ) -> bytes:
        self.calls.append(Call(step, endpoint, request, effect))
        answer = self.replies.pop(0)
        if len(answer) < head:
            raise LineUnknown("closed in the head")
        whole = head + length_of(answer[:head])
        if len(answer) < whole:
            raise LineUnknown("closed in the body")
        if len(answer) > whole:
            raise ReplyUnreadable("more came than the head announces")
        return answer


def bank() -> BankPort:
    """The adapter with the samples' values."""
    return build(
        AdapterContext(
            interface="bank-abc",
            contract_folder=FOLDER,
            values={
                "CorpNo": "5227000000000001", "OpNo": "0001", "DbAccNo": ACCOUNT,
                "DbAccName": "黔南州住房公积金管理中心",
            },
            secrets={"auth_no": Secret("GOLDEN-AUTH-0001")},
            clock=FixedClock(datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)),
        )
    )  # fmt: skip


def sample(name: str) -> bytes:
    """A golden sample's bytes, its head included."""
    return (FOLDER / "samples" / f"{name}.frame").read_bytes()


def framed(body: bytes) -> bytes:
    """Bytes under a head that tells their number."""
    return b"0%-6d" % len(body) + body


def line(*names: str) -> PlayedFrames:
    """A line that answers with samples in turn."""
    return PlayedFrames([sample(name) for name in names])


def said(*replies: bytes) -> PlayedFrames:
    """A line that answers with these bytes in turn."""
    return PlayedFrames(list(replies))


def changed(name: str, old: str, new: str) -> bytes:
    """A sample with one place of its text changed, under a head that fits."""
    text = sample(name)[7:].decode("gb18030")
    assert old in text
    return framed(text.replace(old, new, 1).encode("gb18030"))


def batch() -> InstructionBatch:
    """The three rows of DCAF01.request."""
    rows = (
        InstructionRow(NUMBERS[0], "ABC2019000000001", "6228480000000000011", "郑琪", Fen(228414)),
        InstructionRow(NUMBERS[1], "ABC2019000000002", "6228480000000000029", "唐𬭩", Fen(350000)),
        InstructionRow(
            NUMBERS[2], "ABC2019000000003", "6228480000000000037", "欣信丽·红东俊娜", Fen(1)
        ),
    )
    return InstructionBatch(BATCH, Period(2025, 10), rows)
