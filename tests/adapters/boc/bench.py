"""A bank built on the golden samples' values, and lines that answer with the samples."""

from datetime import datetime
from pathlib import Path

from adapters.banks.boc.adapter import build
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import HttpReply
from tests.adapters.icbc.bench import PlayedLine

FOLDER = Path(__file__).parents[3] / "contracts_spec" / "banks" / "boc"
BATCH = "25101234567890123456"
ACCOUNT = "132012345678"
SERIAL = "251013093000a1b2c3d4"
NUMBERS = [f"2510{place:016d}" for place in range(1, 9)]
CLAIM = LoanClaim(
    "YL202500000001", "BOC2019000000001", "6216610000000000014", "郑琪", "522700199001010017"
)


def bank() -> BankPort:
    """The adapter with the samples' values, not signed in yet."""
    return build(
        AdapterContext(
            interface="bank-boc",
            contract_folder=FOLDER,
            values={
                "termid": "E052270001", "custid": "522700100001", "cusopr": "000301",
                "actacn": ACCOUNT, "actnam": "黔南州住房公积金管理中心",
            },
            secrets={"oprpwd": Secret("GOLDEN-PASS-0001")},
            clock=FixedClock(datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)),
        )
    )  # fmt: skip


def sample(name: str) -> bytes:
    """A golden sample's bytes."""
    return (FOLDER / "samples" / name).read_bytes()


def line(*names: str) -> PlayedLine:
    """A line that answers with samples in turn; ``+`` stands for a sign-in."""
    files = ["b2e0001.reply" if name == "+" else name for name in names]
    return PlayedLine([HttpReply(200, {}, sample(f"{name}.xml")) for name in files])


def said(body: bytes, status: int = 200) -> PlayedLine:
    """A line that signs in, then answers once with these bytes."""
    signed = HttpReply(200, {}, sample("b2e0001.reply.xml"))
    return PlayedLine([signed, HttpReply(status, {}, body)])


def batch() -> InstructionBatch:
    """The three rows of b2e0078.request."""
    payees = (
        ("BOC2019000000001", "6216610000000000014", "郑琪", 228414),
        ("BOC2019000000002", "6216610000000000022", "唐𬭩", 350000),
        ("BOC2019000000003", "6216610000000000030", "欣信丽·红东俊娜", 1),
    )
    rows = tuple(
        InstructionRow(number, loan, account, name, Fen(fen))
        for number, (loan, account, name, fen) in zip(NUMBERS, payees, strict=False)
    )
    return InstructionBatch(BATCH, Period(2025, 10), rows)
