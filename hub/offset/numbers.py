"""Numbers that leave the hub follow from what they stand for, never from a counter.

An older copy of the hub, restored from a backup, counts again from an older value and would give
a number that is already known outside to something else.  So an item's number follows from
(period, bank, agreement, try), and a batch's from its rows.  One number stands for the item
at the core and for the instruction at the bank: the same 20 digits in all three ledgers.
"""

from collections.abc import Sequence

from hub.crypto import sm3_hex
from hub.kernel.periods import Period

LENGTH = 20
_HASHED_DIGITS = 16


def item_number(period: Period, bank: str, agreement: str, try_no: int) -> str:
    """20 digits: YYMM of the period, then 16 digits of SM3 over all four.

    Among 10⁶ items of a month two alike are expected once in 20,000 months; the database's
    unique key then makes the second an EXCEPTION number_collision.
    """
    seed = f"item|{period}|{bank}|{agreement}|{try_no}"
    return f"{period.compact[2:]}{_digits(seed)}"


def batch_number(period: Period, numbers: Sequence[str]) -> str:
    """20 digits: YYMM of the period, then 16 digits of SM3 over the rows in their order."""
    return f"{period.compact[2:]}{_digits('batch|' + '|'.join(numbers))}"


def _digits(seed: str) -> str:
    return f"{int(sm3_hex(seed.encode())[:24], 16) % 10**_HASHED_DIGITS:0{_HASHED_DIGITS}d}"
