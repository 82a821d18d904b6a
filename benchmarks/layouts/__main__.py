"""``python -m benchmarks.layouts [rows]``: records a second, ours and by struct alone, in one run.

Both sides read the same due list (246 bytes a record, every name of Chinese characters) and write
the same payment file.  Struct alone cuts each record at its widths and decodes every field; it
knows one layout, checks no size, no total and no digest: the least that any reader has to do.
"""

import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from hub.contracts import load_contract
from hub.crypto import sm3_hex

GZNX = Path(__file__).parents[2] / "contracts_spec" / "banks" / "gznx"
DUE = struct.Struct("<x30s30s32s60s20s8s16s16s16s1s16s")
ORDER = struct.Struct("<1s6s20s32s60s16s30s24s40s")
TIMES = 5


def main(rows: int) -> None:
    """Print both, and their ratio."""
    contract = load_contract(GZNX)
    dues, batch = contract.layout("dues"), contract.layout("batch")
    data = dues.write(_DUE_HEAD, [_due(place) for place in range(rows)])
    orders = [_order(place) for place in range(rows)]
    _told("read a due list", rows, lambda: dues.read(data), lambda: _read_bare(data))
    _told(
        "write a payment file", rows,
        lambda: batch.write(_BATCH_HEAD, orders), lambda: _write_bare(orders),
    )  # fmt: skip
    digest = min(_timed(lambda: sm3_hex(data)) for _ in range(TIMES))
    print(f"of the first, SM3 over {len(data):,} bytes: {digest * 1000:.0f} ms")


def _told(what: str, rows: int, ours: Callable[[], object], bare: Callable[[], object]) -> None:
    # Turn about, so that a slow minute of the machine is both sides'.
    pairs = [(_timed(ours), _timed(bare)) for _ in range(TIMES)]
    mine, theirs = (min(column) for column in zip(*pairs, strict=True))
    print(
        f"{what}: {rows / mine:,.0f} records/s, struct alone {rows / theirs:,.0f}, "
        f"ratio {theirs / mine:.2f}"
    )


def _timed(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


def _read_bare(data: bytes) -> list[list[str]]:
    return [
        [value.decode("gb18030").rstrip(" ") for value in DUE.unpack(line)]
        for line in data.split(b"\r\n")[1:-2]
    ]


def _write_bare(rows: Sequence[dict[str, str]]) -> bytes:
    lines = []
    for row in rows:
        line = ORDER.pack(b"D", *[text.encode("gb18030") for text in row.values()])
        lines.append(line.replace(b"\0", b" "))
    return b"\r\n".join(lines)


_DUE_HEAD = {
    "ORG_NO": "GZ5227000001", "MONTH": "202510", "VERSION": "202510-0a1b2c3d", "PART": "1",
    "PARTS": "1", "LIST_NUM": "0", "LIST_AMT": "0",
}  # fmt: skip
_BATCH_HEAD = {
    "ORG_NO": "GZ5227000001", "BATCH_NO": "1" * 20, "MONTH": "202510", "ACC_NO": "2401",
    "ACC_NAME": "黔南州住房公积金管理中心",
}  # fmt: skip


def _due(place: int) -> dict[str, str]:
    return {
        "LOAN_NO": f"GZNX{place:014d}", "DKZH": f"DK{place:012d}", "HKZH": f"621779{place:013d}",
        "JKRXM": "欣信丽·红东俊娜" if place % 9 == 0 else "郑琪",
        "JKRZJH": "522700199001010017", "YHRQ": "20251020", "DQYHJE": str(100_000 + place),
        "DQYHBJ": "90000", "DQYHLX": "10000", "DKZT": "0", "YQJE": "0",
    }  # fmt: skip


def _order(place: int) -> dict[str, str]:
    number = f"2510{place:016d}"
    return {
        "ROW_NO": str(place), "NUMBER": number, "PAYEE_ACC": f"621779{place:013d}",
        "PAYEE_NAME": "欣信丽·红东俊娜" if place % 9 == 0 else "郑琪",
        "AMOUNT": str(100_000 + place), "LOAN_NO": f"GZNX{place:014d}",
        "PURPOSE": "商贷月对冲", "REMARK": number,
    }  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
