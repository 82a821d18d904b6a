"""A bank on the golden samples' values and keys, and a line whose far end is the mock's envelope.

``split`` is neither the adapter's reader nor the mock's: one letter after the other.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.banks.psbc.adapter import build
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import DriftNotes, FileMissing, FilePut, HttpReply, RemoteFile
from mocks.kit import sm2
from mocks.kit.bank.contract import read_contract
from mocks.kit.envelope import Envelope, Party

FOLDER = Path(__file__).parents[3] / "contracts_spec" / "banks" / "psbc"
OURS = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
BANK = 0x128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263
SM4 = "0123456789abcdeffedcba9876543210"
NOW = datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)
SERIAL = "25101309300000a1b2c3d4e5f6"
BATCH = "25101234567890123456"
ACCOUNT = "952001010000527018"
NUMBERS = [f"2510{place:016d}" for place in range(1, 9)]
CLAIM = LoanClaim(
    "YL202500000001", "PSBC2019000000001", "6217990000000000017", "郑琪", "522700199001010017"
)
PARTY = Party(
    "8852270000001", "PSBC-SFOP-01", BANK, sm2.public_of(int(OURS, 16)), bytes.fromhex(SM4)
)
ENVELOPE = Envelope(read_contract("psbc").raw["envelope"])
FILES = {
    "HCRES.result.txt": f"HCRES_{BATCH}_0001.txt",
    "HCDUE.dues.txt": "HCDUE_202510_202510-0a1b2c3d_1.txt",
    "HCDUE.empty.txt": "HCDUE_202511_202511-00000000_1.txt",
    "HCACC.closed.txt": "HCACC_20251010_1_{}.txt",
    "HCACC.open.txt": "HCACC_20251013_1_{}.txt",
}


def context(now: datetime = NOW) -> AdapterContext:
    """The deployment of the golden samples."""
    return AdapterContext(
        interface="bank-psbc",
        contract_folder=FOLDER,
        values={
            "merchant_no": "8852270000001", "platform_no": "PSBC-SFOP-01", "pay_acct": ACCOUNT,
            "pay_name": "黔南州住房公积金管理中心", "sftp_user": "qnzfgjj_hc",
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


def raw(name: str) -> bytes:
    """A golden file's bytes."""
    return (FOLDER / "samples" / name).read_bytes()


def sample(name: str) -> Any:
    """A golden document."""
    return json.loads(raw(name))


@dataclass
class Call:
    """One call as the line was asked to make it: a document opened, or a file put."""

    step: str
    place: str
    content: Any
    effect: bool


@dataclass
class Played:
    """Answers messages with documents in turn; files lie in folders; an exception is raised.

    ``late``, ``nonce``, ``party``, ``spoil``, ``status``, ``whole`` alter what the far end answers.
    """

    answers: list[Any]
    files: dict[str, bytes] = field(default_factory=dict)
    refuse: dict[str, Exception] = field(default_factory=dict)
    late: timedelta = timedelta()
    nonce: str = ""
    party: Party = PARTY
    spoil: bool = False
    status: int = 200
    whole: bytes | None = None
    drift: DriftNotes = field(default_factory=DriftNotes)
    calls: list[Call] = field(default_factory=list)

    def post(
        self, step: str, *, endpoint: str, path: str, body: bytes,
        headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None,
        effect: bool = False,
    ) -> HttpReply:  # fmt: skip
        lower = {name.lower(): text for name, text in (headers or {}).items()}
        now_ms = int(NOW.timestamp() * 1000)
        asked = ENVELOPE.open(PARTY, path, lower, body, now_ms)
        self._call(step, f"{endpoint}{path}", asked, effect)
        sealed, said = ENVELOPE.seal(
            self.party, path, self.answers.pop(0),
            now_ms + int(self.late.total_seconds() * 1000), self.nonce or lower["psbc-trace-id"],
            spoil=self.spoil,
        )  # fmt: skip
        back = {name.lower(): text for name, text in sealed.items()}
        return HttpReply(self.status, back, said if self.whole is None else self.whole)

    def put_file(
        self, step: str, *, endpoint: str, folder: str, name: str, content: bytes,
        effect: bool = False,
    ) -> FilePut:  # fmt: skip
        self._call(step, f"{endpoint}:{folder}/{name}", content, effect)
        return FilePut(name, len(content), already=False, seen=True, digest="")

    def list_files(self, step: str, *, endpoint: str, folder: str) -> tuple[RemoteFile, ...]:
        self._call(step, f"{endpoint}:{folder}", b"", effect=False)
        return ()

    def get_file(self, step: str, *, endpoint: str, folder: str, name: str) -> bytes:
        self._call(step, f"{endpoint}:{folder}/{name}", b"", effect=False)
        if f"{folder}/{name}" not in self.files:
            raise FileMissing(name)
        return self.files[f"{folder}/{name}"]

    def _call(self, step: str, place: str, content: Any, effect: bool) -> None:
        self.calls.append(Call(step, place, content, effect))
        if step in self.refuse:
            raise self.refuse[step]


def line(*names: str, **more: Any) -> Played:
    """Samples answer in turn; every golden file of the bank's lies where it belongs."""
    found = {}
    for name, called in FILES.items():
        content = raw(name)
        found[f"download/{called.format(sm3(content)[:12])}"] = content
    return Played([sample(f"{name}.json") for name in names], found, **more)


def told(name: str, content: bytes, **change: Any) -> Played:
    """A line where the file that ``name`` (a reply) tells of has another content, told truly but
    for ``change``."""
    document = sample(f"{name}.reply.json")
    file = document["body"]["file"]
    before = file["fileSm3"][:12]
    file |= {"fileSize": len(content), "fileSm3": sm3(content)}
    file["fileName"] = file["fileName"].replace(before, file["fileSm3"][:12])
    there = {f"download/{file['fileName']}": content}
    file |= change
    return Played([document], there)


def stranger() -> Party:
    """Somebody with another key."""
    return replace(PARTY, secret=BANK + 1)


def batch() -> InstructionBatch:
    """The three rows of HCPAY.batch.txt."""
    rows = (
        InstructionRow(NUMBERS[0], "PSBC2019000000001", "6217990000000000017", "郑琪", Fen(228414)),
        InstructionRow(NUMBERS[1], "PSBC2019000000002", "6217990000000000025", "唐𬭩", Fen(350000)),
        InstructionRow(
            NUMBERS[2], "PSBC2019000000003", "6217990000000000033", "买买提|艾\\力·红东", Fen(1)
        ),
    )
    return InstructionBatch(BATCH, Period(2025, 10), rows)


def sm3(data: bytes) -> str:
    """OpenSSL's, by way of hashlib."""
    return hashlib.new("sm3", data).hexdigest()


def split(content: bytes) -> list[list[str]]:
    """Lines and values of a file, read letter by letter."""
    table: list[list[str]] = [[""]]
    letters = iter(content.decode("utf-8"))
    for letter in letters:
        if letter == "\n":
            table.append([""])
        elif letter == "|":
            table[-1].append("")
        else:
            table[-1][-1] += next(letters) if letter == "\\" else letter
    assert table.pop() == [""]
    return table
