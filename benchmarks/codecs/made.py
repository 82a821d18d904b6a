"""What a bank's page and batch are made of: golden documents, with other rows in them."""

from collections.abc import Callable
from types import ModuleType

from hub.contracts import load_contract
from hub.kernel.money import Fen, format_yuan
from hub.kernel.periods import Period
from hub.ports.bank import InstructionBatch, InstructionRow
from hub.ports.line import HttpReply
from tests.adapters.frozen import NONCE
from tests.adapters.playing import Played

PERIOD = Period(2025, 10)
FIRST = 228414
"""分 of the first row; each further one has one more."""


def full(bench: ModuleType) -> tuple[int, InstructionBatch]:
    """Rows of a full page, and a full batch, both as the contract says."""
    contract = load_contract(bench.FOLDER)
    rows = tuple(
        InstructionRow(
            f"2510{place:016d}", f"LOAN{place:012d}", f"621700{place:013d}", borrower(place),
            Fen(FIRST + place - 1),
        )
        for place in range(1, contract.limit("batch_rows") + 1)
    )  # fmt: skip
    return contract.limit("page_rows"), InstructionBatch(bench.BATCH, PERIOD, rows)


def due_rows(
    count: int, loan: str, name: str, amount: str, written: Callable[[int], str]
) -> list[dict[str, str]]:
    """What differs from row to row, by the wire's names."""
    return [
        {loan: f"LOAN{place:012d}", name: borrower(place), amount: written(FIRST + place)}
        for place in range(count)
    ]


def sum_of(count: int) -> int:
    """分 of so many due rows."""
    return sum(FIRST + place for place in range(count))


def borrower(place: int) -> str:
    """Two characters mostly, each ninth a long name with a dot."""
    return "欣信丽·红东俊娜" if place % 9 == 0 else "郑琪"


def agreed(data: bytes, charset: str, batch: InstructionBatch, total: str, count: str) -> bytes:
    """A golden answer to three rows of ``total``, made one to this batch."""
    text, rows = data.decode(charset), len(batch.rows)
    written = format_yuan(batch.total) if "." in total else str(batch.total)
    for old, new in ((f"<{count}>3<", f"<{count}>{rows}<"), (f">{total}<", f">{written}<")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text.encode(charset)


def sealed_reply(bench: ModuleType, path: str, document: object) -> HttpReply:
    """An answer in the mock's envelope, to the one nonce that is asked with."""
    headers, body = bench.ENVELOPE.seal(bench.PARTY, path, document, now_ms(bench), NONCE)
    return HttpReply(200, {name.lower(): text for name, text in headers.items()}, body)


def now_ms(bench: ModuleType) -> int:
    """The samples' moment."""
    return int(bench.NOW.timestamp() * 1000)


def answers(*bodies: bytes, **headers: str) -> Played:
    """A line that answers 200 with these bodies in turn."""
    return Played([HttpReply(200, headers, body) for body in bodies])
