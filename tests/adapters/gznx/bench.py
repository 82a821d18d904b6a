"""A bank built on the golden samples' values, a line that plays them, and their bytes read by hand.

``unpacked`` is neither the adapter's reader nor the mock's: struct on the widths of README.md §5,
written down here once more.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from adapters.banks.gznx.adapter import build
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import DriftNotes, FileMissing, FilePut, RemoteFile

FOLDER = Path(__file__).parents[3] / "contracts_spec" / "banks" / "gznx"
BATCH = "25101234567890123456"
ACCOUNT = "2401402000052700001"
SERIAL = "25101309300000000001"
NUMBERS = [f"2510{place:016d}" for place in range(1, 8)]
CLAIM = LoanClaim(
    "YL202500000001", "GZNX2019000000001", "6217790000000000012", "郑琪", "522700199001010017"
)
RESULT, DUES = f"HKJG_{BATCH}_001.txt", "YHMX_202510_202510-0a1b2c3d_0001.txt"
ENTRIES = "ZHMX_20251010_0001_4f5e6d7c8b9a.txt"
WIDTHS = {
    "HKWJ": ("12s20s6s32s60s", "6s20s32s60s16s30s24s40s"),
    "HKJG": ("12s20s3s", "20s1s16s6s24s"),
    "YHMX": ("12s6s24s4s4s8s18s", "30s30s32s60s20s8s16s16s16s1s16s"),
    "ZHMX": ("12s32s8s4s4s1s", "24s8s6s1s16s2s32s60s40s"),
}
TRAILER = "8s18s64s"


@dataclass
class Call:
    """One call as the line was asked to make it; ``content`` is a request or a file put."""

    step: str
    place: str
    content: bytes
    effect: bool


@dataclass
class Played:
    """A line: messages answer in turn, files lie in folders; an exception is raised instead."""

    replies: list[bytes | Exception]
    files: dict[str, bytes] = field(default_factory=dict)
    refuse: dict[str, Exception] = field(default_factory=dict)
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
        self._call(step, endpoint, request, effect)
        answer = self.replies.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert len(answer) == head + length_of(answer[:head])
        return answer

    def put_file(
        self,
        step: str,
        *,
        endpoint: str,
        folder: str,
        name: str,
        content: bytes,
        effect: bool = False,
    ) -> FilePut:
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

    def move_file(
        self, step: str, *, endpoint: str, folder: str, name: str, to: str, effect: bool = False
    ) -> None:
        self._call(step, f"{endpoint}:{folder}/{name}>{to}", b"", effect)
        self.files[f"{to}/{name}"] = self.files.pop(f"{folder}/{name}")

    def _call(self, step: str, place: str, content: bytes, effect: bool) -> None:
        self.calls.append(Call(step, place, content, effect))
        if step in self.refuse:
            raise self.refuse[step]


def bank() -> BankPort:
    """The adapter with the samples' values."""
    return build(
        AdapterContext(
            interface="bank-gznx",
            contract_folder=FOLDER,
            values={
                "ORG_NO": "GZ5227000001", "ACC_NO": ACCOUNT,
                "ACC_NAME": "黔南州住房公积金管理中心", "SFTP_USER": "qnzfgjj",
            },
            secrets={},
            clock=FixedClock(datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)),
        )
    )  # fmt: skip


def sample(name: str) -> bytes:
    """A golden sample's bytes."""
    return (FOLDER / "samples" / name).read_bytes()


def framed(body: bytes) -> bytes:
    """A message with its length."""
    return f"{len(body):08d}".encode() + body


def line(*names: str, **files: str) -> Played:
    """A line that answers with samples in turn; ``files``: place of RESULT, DUES or ENTRIES in
    ``out`` → sample."""
    places = {"result": RESULT, "dues": DUES, "entries": ENTRIES}
    there = {f"out/{places[key]}": sample(name) for key, name in files.items()}
    return Played([framed(sample(name)) for name in names], there)


def batch() -> InstructionBatch:
    """The three rows of HKWJ.batch.txt."""
    rows = (
        InstructionRow(NUMBERS[0], "GZNX2019000000001", "6217790000000000012", "郑琪", Fen(228414)),
        InstructionRow(NUMBERS[1], "GZNX2019000000002", "6217790000000000020", "唐𬭩", Fen(350000)),
        InstructionRow(
            NUMBERS[2], "GZNX2019000000003", "6217790000000000038", "欣信丽·红东俊娜", Fen(1)
        ),
    )
    return InstructionBatch(BATCH, Period(2025, 10), rows)


def unpacked(kind: str, data: bytes) -> list[list[str]]:
    """Every record's fields, tags and padding taken away, by struct alone."""
    lines = data.split(b"\r\n")
    assert lines.pop() == b""
    header, detail = WIDTHS[kind]
    shapes = [f"<x{header}", *[f"<x{detail}"] * (len(lines) - 2), f"<x{TRAILER}"]
    assert [line[:1] for line in lines] == [b"H", *[b"D"] * (len(lines) - 2), b"T"]
    return [
        [value.decode("gb18030").rstrip(" ") for value in struct.unpack(shape, line)]
        for shape, line in zip(shapes, lines, strict=True)
    ]
