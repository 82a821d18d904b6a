"""A bank built on the golden samples' values, and lines that answer with the samples."""

from datetime import datetime
from pathlib import Path

from adapters.banks.ccb.adapter import build
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import HttpReply
from tests.adapters.icbc.bench import PlayedLine

FOLDER = Path(__file__).parents[3] / "contracts_spec" / "banks" / "ccb"
BATCH = "25101234567890123456"
ACCOUNT = "52001453600052500001"
SERIAL = "2510130930000001"
NUMBERS = [f"2510{place:016d}" for place in range(1, 8)]
CLAIM = LoanClaim(
    "YL202500000001", "CCB2019000000001", "6217000000000000017", "郑琪", "522700199001010017"
)


def bank() -> BankPort:
    """The adapter with the samples' values."""
    return build(
        AdapterContext(
            interface="bank-ccb",
            contract_folder=FOLDER,
            values={
                "CUST_ID": "GZ52270000000001", "USER_ID": "WLPT01", "ACC_NO": ACCOUNT,
                "ACC_NAME": "黔南州住房公积金管理中心",
            },
            secrets={"password": Secret("GOLDEN-PASS-0001")},
            clock=FixedClock(datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)),
        )
    )  # fmt: skip


def sample(name: str) -> bytes:
    """A golden sample's bytes."""
    return (FOLDER / "samples" / name).read_bytes()


def line(*names: str) -> PlayedLine:
    """A line that answers with samples in turn."""
    return PlayedLine([HttpReply(200, {}, sample(name)) for name in names])


def said(body: bytes, status: int = 200) -> PlayedLine:
    """A line that answers once, with these bytes."""
    return PlayedLine([HttpReply(status, {}, body)])


def batch() -> InstructionBatch:
    """The three rows of 6WD801.request."""
    rows = (
        InstructionRow(NUMBERS[0], "CCB2019000000001", "6217000000000000017", "郑琪", Fen(228414)),
        InstructionRow(NUMBERS[1], "CCB2019000000002", "6217000000000000025", "唐𬭩", Fen(350000)),
        InstructionRow(
            NUMBERS[2], "CCB2019000000003", "6217000000000000033", "欣信丽·红东俊娜", Fen(1)
        ),
    )
    return InstructionBatch(BATCH, Period(2025, 10), rows)
