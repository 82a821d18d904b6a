"""A bank built on the golden samples' values, lines that answer with the samples, and the samples
read by plain string code that is neither adapter nor mock."""

from datetime import datetime
from pathlib import Path

from lxml import etree

from adapters.banks.bcm.adapter import build
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import HttpReply
from tests.adapters.icbc.bench import PlayedLine

FOLDER = Path(__file__).parents[3] / "contracts_spec" / "banks" / "bcm"
BATCH = "25101234567890123456"
ACCOUNT = "523001201018170000001"
SERIAL = "251013093000a1b2c3d4"
NUMBERS = [f"2510{place:016d}" for place in range(1, 8)]
CLAIM = LoanClaim(
    "DC202500000001", "BCM2019000000001", "6222600000000000017", "郑琪", "522700199001010017"
)
NO_SECRETS: dict[str, Secret] = {}


def bank() -> BankPort:
    """The adapter with the samples' values; this wire has no secrets."""
    return build(
        AdapterContext(
            interface="bank-bcm",
            contract_folder=FOLDER,
            values={
                "corp_no": "5227000001", "user_no": "00001", "acno": ACCOUNT,
                "acname": "黔南州住房公积金管理中心",
            },
            secrets=NO_SECRETS,
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


def changed(name: str, *changes: tuple[str, str]) -> bytes:
    """A sample with each first piece in its text changed into the second, once."""
    text = sample(name).decode("gb18030")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode("gb18030")


def tree(data: bytes) -> etree._Element:
    """A document by lxml alone."""
    return etree.fromstring(data.decode("gb18030").split("?>", 1)[1])


def listed(data: bytes) -> list[dict[str, str]]:
    """The records of a document, cut by hand as the paper says."""
    body = tree(data).find("body")
    assert body is not None
    width, length = (int(body.findtext(name) or "") for name in ("field_num", "record_num"))
    cells = (body.findtext("serial_record") or "").split("|")
    assert cells.pop() == ""
    assert len(cells) == width * (length + 1)
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def batch() -> InstructionBatch:
    """The three rows of 330008.request."""
    rows = (
        InstructionRow(NUMBERS[0], "BCM2019000000001", "6222600000000000017", "郑琪", Fen(228414)),
        InstructionRow(NUMBERS[1], "BCM2019000000002", "6222600000000000025", "唐𬭩", Fen(350000)),
        InstructionRow(
            NUMBERS[2], "BCM2019000000003", "6222600000000000033", "欣信丽·红东俊娜", Fen(1)
        ),
    )
    return InstructionBatch(BATCH, Period(2025, 10), rows)
