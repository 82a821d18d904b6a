"""From a moment to a message's number, without an index on moments.

Numbers are given in the order in which messages are put, so moments grow with them; half of the
numbers are left at each look (25 looks at 10⁷).  Two processes that put at once, or a clock that
was set a little, disorder the moments by seconds: whoever asks takes ``SLACK_US`` more on both
sides and compares the rows themselves.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.store.prepared import Prepared

SLACK_US = 600 * 1_000_000
"""Further than this no clock may have been set back, or what was put then is missed."""


class NumberAt:
    """For one table: ``number`` grows as ``moment`` does."""

    def __init__(self, number: "sa.Column[int]", moment: "sa.Column[int]") -> None:
        self._highest = Prepared(sa.select(sa.func.max(number)))
        self._next = Prepared(
            sa.select(number, moment)
            .where(number >= sa.bindparam("b_number"))
            .order_by(number)
            .limit(1)
        )

    def first(self, tx: Connection, instant_us: int) -> int:
        """The lowest number put at or after a moment; one beyond the highest when none was."""
        low, high = 0, int(self._highest.rows(tx)[0][0] or 0) + 1
        while low < high:
            middle = (low + high) // 2
            number, moment = next(iter(self._next.rows(tx, b_number=middle)), (high, instant_us))
            if moment < instant_us:
                low = int(number) + 1
            else:
                high = middle
        return low


def window(
    at: NumberAt, tx: Connection, since_us: int | None, until_us: int | None
) -> tuple[int, int | None]:
    """Numbers that may lie in a span of moments: from the first, up to and without the second."""
    low = 0 if since_us is None else at.first(tx, since_us - SLACK_US)
    return low, None if until_us is None else at.first(tx, until_us + SLACK_US)
