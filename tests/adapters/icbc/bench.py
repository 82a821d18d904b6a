"""A line that plays back what a partner said, and a bank built on the golden samples' values."""

import base64
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from adapters.banks.icbc.adapter import build
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import DriftNotes, HttpReply

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "contracts_spec" / "banks" / "icbc"
SAMPLES = FOLDER / "samples"
BATCH = "25101234567890123456"
ACCOUNT = "2401000109200000001"
NOW = datetime(2025, 10, 13, 9, 30, 0, 125000, tzinfo=SHANGHAI)
NUMBERS = [f"2510{place:016d}" for place in range(1, 13)]
SERIAL = "Q20251013093000125a1b2c3d4e5f6"
CLAIM = LoanClaim(
    "DC202500000001", "ICBC2021661853180", "6222083230853674213", "唐𬭩", "522729200303083343"
)


@dataclass
class Call:
    """One call as the line was asked to make it."""

    step: str
    endpoint: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
    effect: bool


@dataclass
class PlayedLine:
    """Answers with the given replies in turn; an exception among them is raised instead."""

    replies: list[HttpReply | Exception]
    drift: DriftNotes = field(default_factory=DriftNotes)
    calls: list[Call] = field(default_factory=list)

    def post(
        self,
        step: str,
        *,
        endpoint: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        effect: bool = False,
    ) -> HttpReply:
        self.calls.append(Call(step, endpoint, path, body, headers or {}, query or {}, effect))
        answer = self.replies.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def sample(name: str) -> bytes:
    """A golden sample's bytes."""
    return (SAMPLES / name).read_bytes()


def said(body: bytes, status: int = 200) -> HttpReply:
    """An HTTP answer."""
    return HttpReply(status, {}, body)


def line_of(*bodies: bytes | Exception) -> PlayedLine:
    """A line that answers 200 with these bodies."""
    return PlayedLine([one if isinstance(one, Exception) else said(one) for one in bodies])


def signed_line(transaction: str, body: bytes) -> PlayedLine:
    """The golden signature of a transaction, then this body."""
    return line_of(sample(f"{transaction}.request.sign.html"), body)


def reply(
    code: str,
    out: str | None,
    *,
    serial: str = BATCH,
    ret: str = "0",
    charset: str = "gb18030",
    zipped: bool = False,
) -> bytes:
    """A reply put together by hand: what the adapter must cope with beside the samples."""
    pub = (
        f"<TransCode>{code}</TransCode><CIS>240190001234567</CIS><BankCode>102</BankCode>"
        f"<ID>qnzfgjj.c.2401</ID><TranDate>20251013</TranDate><TranTime>093000125</TranTime>"
        f"<fSeqno>{serial}</fSeqno><RetCode>{ret}</RetCode><RetMsg>交易成功</RetMsg>"
    )
    tail = "" if out is None else f"<out>{out}</out>"
    if zipped:
        packed = base64.b64encode(gzip.compress(tail.encode(charset))).decode()
        tail = f"<zip>{packed}</zip>"
    text = f'<?xml version="1.0" encoding="GBK"?><CMS><eb><pub>{pub}</pub>{tail}</eb></CMS>'
    return b"reqData=" + base64.b64encode(text.encode(charset))


def context(**changes: str) -> AdapterContext:
    """The deployment of the golden samples."""
    values = {
        "CIS": "240190001234567",
        "GroupCIS": "240190001234567",
        "ID": "qnzfgjj.c.2401",
        "PayAccNo": ACCOUNT,
        "PayAccName": "黔南州住房公积金管理中心",
    }
    return AdapterContext(
        interface="bank-icbc",
        contract_folder=FOLDER,
        values=values | changes,
        secrets={"cert": Secret("GOLDEN-CERT-0001+/=")},
        clock=FixedClock(NOW),
    )


def golden_batch() -> InstructionBatch:
    """The three instructions of PAYENT.request."""
    rows = (
        ("6222083230853674213", "郑琪", 228414, "ICBC2021661853180"),
        ("6222081234500000021", "唐𬭩", 1, "ICBC2020000000002"),
        ("6222081234500000039", "欣信丽·红东俊娜", 99999999999999999, "ICBC2019000000003"),
    )
    return InstructionBatch(
        BATCH,
        Period(2025, 10),
        tuple(
            InstructionRow(number, loan, account, name, Fen(amount))
            for number, (account, name, amount, loan) in zip(NUMBERS, rows, strict=False)
        ),
    )


def mixed_batch() -> InstructionBatch:
    """Twelve instructions of 100, 200 … 分 for PAYENT.mixed.reply."""
    return InstructionBatch(
        BATCH,
        Period(2025, 10),
        tuple(
            InstructionRow(number, "ICBC1", "6222081234500000021", "唐𬭩", Fen(100 * place))
            for place, number in enumerate(NUMBERS, start=1)
        ),
    )


def bank() -> BankPort:
    """The adapter under test."""
    return build(context())
