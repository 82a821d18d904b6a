"""A bank on the golden samples' values and keys, and a line whose far end is the mock's envelope:
what the adapter seals is opened, and answered, by code that shares nothing with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.banks.gyb.adapter import build
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import DriftNotes, HttpReply
from mocks.kit import sm2
from mocks.kit.bank.contract import read_contract
from mocks.kit.envelope import Envelope, Party

FOLDER = Path(__file__).parents[3] / "contracts_spec" / "banks" / "gyb"
OURS = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
BANK = 0x128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263
SM4 = "0123456789abcdeffedcba9876543210"
NOW = datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)
SERIAL = "251013093000a1b2c3d4e5f60718"
BATCH = "25101234567890123456"
NUMBERS = [f"2510{place:016d}" for place in range(1, 9)]
CLAIM = LoanClaim(
    "YL202500000001", "GYB2019000000001", "6221000000000000017", "郑琪", "522700199001010017"
)
PARTY = Party("QNGJJ-HC-01", "GYB52270", BANK, sm2.public_of(int(OURS, 16)), bytes.fromhex(SM4))
ENVELOPE = Envelope(read_contract("gyb").raw["envelope"])


def context(now: datetime = NOW) -> AdapterContext:
    """The deployment of the golden samples."""
    return AdapterContext(
        interface="bank-gyb",
        contract_folder=FOLDER,
        values={
            "app_id": "QNGJJ-HC-01", "bank_id": "GYB52270", "pay_account": "10010120030000527",
            "pay_name": "黔南州住房公积金管理中心",
        },
        secrets={
            "sign_key": Secret(OURS), "sm4_key": Secret(SM4),
            "bank_key": Secret("04" + sm2.public_of(BANK).hex()),
        },
        clock=FixedClock(now),
    )  # fmt: skip


def bank() -> BankPort:
    """The adapter under test."""
    return build(context())


def sample(name: str) -> Any:
    """A golden document."""
    return json.loads((FOLDER / "samples" / name).read_text(encoding="utf-8"))


@dataclass
class SealedLine:
    """Answers with documents in turn; keeps what it was asked, opened.

    ``late``: the answer's time is so far off.  ``nonce``: answers that nonce instead of the
    request's.  ``party``: who seals the answer.  ``spoil``: signs something else.
    """

    answers: list[Any]
    late: timedelta = timedelta()
    nonce: str = ""
    party: Party = PARTY
    spoil: bool = False
    charset: str = "utf-8"
    status: int = 200
    raw: bytes | None = None
    drift: DriftNotes = field(default_factory=DriftNotes)
    asked: list[Any] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)

    def post(
        self, step: str, *, endpoint: str, path: str, body: bytes,
        headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None,
        effect: bool = False,
    ) -> HttpReply:  # fmt: skip
        lower = {name.lower(): text for name, text in (headers or {}).items()}
        now_ms = int(NOW.timestamp() * 1000)
        self.calls.append((step, endpoint, path, effect))
        self.asked.append(ENVELOPE.open(PARTY, path, lower, body, now_ms))
        at_ms = now_ms + int(self.late.total_seconds() * 1000)
        sealed, said = ENVELOPE.seal(
            self.party, path, self.answers.pop(0), at_ms,
            self.nonce or lower["x-gyb-nonce"], charset=self.charset, spoil=self.spoil,
        )  # fmt: skip
        back = {name.lower(): text for name, text in sealed.items()}
        return HttpReply(self.status, back, said if self.raw is None else self.raw)


def line(*names: str, **more: Any) -> SealedLine:
    """A line that answers with samples in turn."""
    return SealedLine([sample(f"{name}.json") for name in names], **more)


def stranger() -> Party:
    """Somebody with another key."""
    return replace(PARTY, secret=BANK + 1)


def batch() -> InstructionBatch:
    """The three rows of hc.pay.submit.request."""
    rows = (
        InstructionRow(NUMBERS[0], "GYB2019000000001", "6221000000000000017", "郑琪", Fen(228414)),
        InstructionRow(NUMBERS[1], "GYB2019000000002", "6221000000000000025", "唐𬭩", Fen(350000)),
        InstructionRow(
            NUMBERS[2], "GYB2019000000003", "6221000000000000033", "欣信丽·红东俊娜", Fen(1)
        ),
    )
    return InstructionBatch(BATCH, Period(2025, 10), rows)
