"""Results that a bank tells of itself (结果通知): applied like those we asked for.

They come in any order, any number of times, before our own attempt has had its reply: what is
applied depends only on (number, result).  A number that is none of ours at this bank is a
difference where money is said to have moved, and a record otherwise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import NoticeUser, Taken
from hub.offset.differences import Finding, open_difference
from hub.offset.inquiry import need_not_wait
from hub.offset.letters import NoticeLetter, pack, unpack
from hub.offset.office import NoSuchBank, Office
from hub.offset.restoration import open_row
from hub.offset.results import apply_results, keep_results
from hub.offset.strangers import newest_run
from hub.offset.tables import batch, item
from hub.offset.words import DifferenceKind
from hub.ports.bank import RESULTS_NOTICE, ResultsNotice, RowResult, RowStatus

_WAY = "callback"


def users(office: Office) -> Mapping[str, NoticeUser]:
    """By kind of notice, for the bus's receiving side."""
    return {RESULTS_NOTICE: ResultsUser(office)}


class ResultsUser:
    """Takes a bank's result notices into the books."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def pack(self, value: ResultsNotice) -> bytes:
        """See NoticeUser.pack."""
        return pack(NoticeLetter.of(value))

    def take(self, tx: Connection, taken: Taken) -> None:
        """See NoticeUser.take."""
        bank = self._bank(taken.interface)
        results = unpack(taken.content, NoticeLetter).results()
        found = _ours(tx, bank, [result.number for result in results])
        batches = sorted({number for number in found.values() if number})
        # First the batches: a reply, an answer and a notice about one come one after the other.
        tx.execute(
            sa.select(batch.c.number)
            .where(batch.c.number.in_(batches))
            .order_by(batch.c.number)
            .with_for_update()
        )
        ours = [result for result in results if result.number in found]
        if open_row(tx) is not None:
            # A restored copy does not know yet what it has sent: a result of what it takes for
            # planned would look like a contradiction.  Its own reading finds out, and adopts.
            keep_results(tx, self._office, ours, _WAY)
        else:
            apply_results(tx, self._office, ours, _WAY)
            need_not_wait(tx, batches)
        for result in results:
            if result.number not in found:
                self._stranger(tx, bank, taken, result)

    def _bank(self, interface: str) -> str:
        for seat in self._office.banks.values():
            if seat.interface == interface:
                return seat.code
        raise NoSuchBank(f"no bank is reached by {interface[:40]!r}")

    def _stranger(self, tx: Connection, bank: str, taken: Taken, result: RowResult) -> None:
        """Said of a number that is none of ours at this bank."""
        fen = result.amount or 0
        audit.record(
            tx, act="offset.notice_stranger", actor="hub", subject=result.number,
            detail={"bank": bank, "inbound": taken.id, "status": result.status.value}, count=1,
            fen=fen,
        )  # fmt: skip
        # A restored copy has not been told yet what it issued: its own reading finds out.
        run_id = newest_run(tx, bank) if result.status is RowStatus.DONE else 0
        if not run_id or open_row(tx) is not None:
            return
        said = f"银行通知入账（来报 {taken.id}），本中心没有发出过这个指令"
        finding = Finding(
            DifferenceKind.UNKNOWN_INSTRUCTION, bank, result.number, 0, fen, 0, said
        )  # fmt: skip
        open_difference(tx, run_id, finding, self._office.now_us())


def _ours(tx: Connection, bank: str, numbers: Sequence[str]) -> dict[str, str]:
    """Number → batch (empty: in none yet) of those that are items of this bank."""
    query = sa.select(item.c.number, item.c.batch).where(
        item.c.bank == bank, item.c.number.in_(sorted(set(numbers)))
    )
    rows: Sequence[Any] = tx.execute(query).all()
    return {row.number: row.batch or "" for row in rows}
