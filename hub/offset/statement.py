"""Bank statements of the paying account: read page by page, each entry kept once.

An entry is known by (bank, banking day, the bank's serial), so a day may be read as often as
needed while it is open.  A credit that answers an open item is that item's result.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.engine import Connection

from hub.bus import Delivery, Message
from hub.bus.places import maybe_at, place_of
from hub.crypto import Tokens
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import mask_account
from hub.offset.differences import Finding, open_difference
from hub.offset.everywhere import side_of
from hub.offset.handling import ReadHandler
from hub.offset.late import take_late
from hub.offset.letters import StatementAsk, pack, unpack
from hub.offset.office import Office, day_of
from hub.offset.results import apply_results
from hub.offset.tables import batch, item, run, statement_day, statement_entry
from hub.offset.words import DifferenceKind, ItemState, RunState
from hub.ports.bank import EntryKind, RowResult, RowStatus, StatementEntry, StatementPage
from hub.ports.line import PartnerRefused
from hub.store import Store, among, database_now_us
from hub.store.prepared import insert_of

KIND = "bank.statement"
_CHUNK = 2000


def read_day(
    tx: Connection, office: Office, run_id: int, period: Period, bank: str, day: int
) -> bool:
    """Order a fresh reading of one banking day; False while one is under way."""
    key = sa.and_(
        statement_day.c.run_id == run_id,
        statement_day.c.bank == bank,
        statement_day.c.day == day,
    )
    found = tx.execute(sa.select(statement_day).where(key)).first()
    if found is not None and found.state == "reading":
        return False
    turn = 1 if found is None else found.round + 1
    values = {"round": turn, "state": "reading", "asked_us": database_now_us(tx)}
    if found is None:
        tx.execute(
            sa.insert(statement_day).values(run_id=run_id, bank=bank, day=day, closed=0, **values)
        )
    else:
        tx.execute(sa.update(statement_day).where(key).values(**values))
    places = _places(tx, office, run_id, bank)
    at = places[0] if places else None
    ask = StatementAsk(run_id, bank, day, turn, 1, None, at, places[1:])
    _order_page(tx, office, period, ask)
    return True


def _places(tx: Connection, office: Office, run_id: int, bank: str) -> list[int]:
    """The addresses whose books decide what was credited: the one in use, and every one where
    instructions of this run may lie; none, for whichever is in use, where one book lies behind all.

    They are named when the reading is ordered: after a switch in between, the new address alone
    would say nothing of what went to the old one.
    """
    seat = office.seat(bank)
    if seat.places < 2 or seat.one_book:
        return []
    numbers = sa.select(batch.c.message_id).where(batch.c.run_id == run_id, batch.c.bank == bank)
    used = place_of(tx, seat.interface).place
    return [used, *sorted(maybe_at(tx, list(tx.scalars(numbers))) - {used})]


def _order_page(tx: Connection, office: Office, period: Period, ask: StatementAsk) -> None:
    side = "" if ask.at is None else f":{ask.at}"
    office.to_bank(
        tx, ask.bank, KIND, f"{ask.run_id}:{ask.day}:{ask.round}:{ask.page_no}{side}", pack(ask),
        period=period, subject=f"对账单 {ask.day} 第{ask.page_no}页", endless=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Got:
    ask: StatementAsk
    page: StatementPage


class StatementHandler(ReadHandler):
    """Bus handler of ``bank.statement``."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def send(self, delivery: Delivery) -> _Got:
        ask = unpack(delivery.payload, StatementAsk)
        port, line = side_of(delivery, ask.at)
        return _Got(ask, port.fetch_statement(line, day_of(ask.day), ask.tag))

    def apply(self, tx: Connection, message: Message, result: _Got) -> None:
        ask, page = result.ask, result.page
        fresh = _keep(tx, self._office, ask, page)
        _answer_items(tx, self._office, fresh)
        self._take_late(tx, ask, fresh)
        still_open = ask.open or (page.next_page is None and not page.closed)
        if page.next_page is not None:
            following = replace(ask, page_no=ask.page_no + 1, tag=page.next_page)
        elif ask.rest:
            following = replace(
                ask, page_no=1, tag=None, at=ask.rest[0], rest=ask.rest[1:], open=still_open
            )
        else:
            self._end(tx, ask, "read", int(not still_open))
            return
        period = Period.parse(str(tx.scalar(sa.select(run.c.period).where(run.c.id == ask.run_id))))
        _order_page(tx, self._office, period, following)

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        run_id, day, *_ = message.key.split(":")
        tx.execute(
            sa.update(statement_day)
            .where(
                statement_day.c.run_id == int(run_id),
                statement_day.c.day == int(day),
                statement_day.c.state == "reading",
            )
            .values(state="refused")
        )

    def _take_late(self, tx: Connection, ask: StatementAsk, fresh: list[StatementEntry]) -> None:
        if not fresh:
            return
        e = statement_entry.c
        came = sa.select(e.id).where(
            e.bank == ask.bank, e.day == ask.day, e.late == 1,
            e.serial.in_([entry.serial for entry in fresh]),
        )  # fmt: skip
        take_late(tx, self._office, list(tx.scalars(came)))

    def _end(self, tx: Connection, ask: StatementAsk, state: str, closed: int) -> None:
        tx.execute(
            sa.update(statement_day)
            .where(
                statement_day.c.run_id == ask.run_id,
                statement_day.c.bank == ask.bank,
                statement_day.c.day == ask.day,
            )
            .values(state=state, closed=closed, read_us=database_now_us(tx))
        )


def _keep(
    tx: Connection, office: Office, ask: StatementAsk, page: StatementPage
) -> list[StatementEntry]:
    """Insert the entries not seen before; they are returned.

    What was kept is never overwritten: an entry that comes again with another amount or another
    number is a difference for people.
    """
    e = statement_entry.c
    serials = [entry.serial for entry in page.entries]
    query = sa.select(e.serial, e.kind, e.number, e.fen, e.matched_us).where(
        e.bank == ask.bank, e.day == ask.day, among(tx, e.serial, serials)
    )
    rows = tx.execute(query).all()
    known = {row.serial: (row.kind, row.number, row.fen) for row in rows}
    matched = {row.serial: row.number for row in rows if row.matched_us is not None}
    fresh = []
    for entry in page.entries:
        said = (entry.kind.value, matched.get(entry.serial, entry.number), entry.amount)
        before = known.setdefault(entry.serial, said)
        if before is said:
            fresh.append(entry)
        elif before != said:
            _told_otherwise(tx, office, ask, entry, before[1], before[2])
    if fresh:
        home = _homes(tx, ask, fresh)
        _ADD.run(tx, [(*home(e.number), *_row(office.vault.tokens, ask, e)) for e in fresh])
    return fresh


def _homes(
    tx: Connection, ask: StatementAsk, entries: list[StatementEntry]
) -> Callable[[str], tuple[int, int | None]]:
    """The run an entry belongs to, and whether that run has closed (``late``): an entry with a
    number of ours belongs to its item's run, whichever run happened to read the day."""
    reading = tx.execute(sa.select(run.c.period, run.c.state).where(run.c.id == ask.run_id)).one()
    own = Period.parse(reading.period).compact[2:]
    others = [e.number for e in entries if e.number and not e.number.startswith(own)]
    found = {
        row.number: (int(row.run_id), row.state)
        for row in tx.execute(
            sa.select(item.c.number, item.c.run_id, run.c.state)
            .join(run, run.c.id == item.c.run_id)
            .where(among(tx, item.c.number, others))
        )
    } if others else {}  # fmt: skip

    def home(number: str) -> tuple[int, int | None]:
        run_id, state = found.get(number, (ask.run_id, reading.state))
        return run_id, 1 if state == RunState.CLOSED.value else None

    return home


def _told_otherwise(
    tx: Connection, office: Office, ask: StatementAsk, entry: StatementEntry, number: str, fen: int
) -> None:
    finding = Finding(
        DifferenceKind.AMOUNT, ask.bank, number or entry.number or entry.serial, fen,
        entry.amount, 0, f"银行流水 {entry.serial} 再次读取时内容变了",
    )  # fmt: skip
    open_difference(tx, ask.run_id, finding, office.now_us())


_ADD = insert_of(
    statement_entry, "run_id", "late", "bank", "day", "serial", "kind", "number", "fen",
    "counter_token", "counter_mask",
)  # fmt: skip


def _row(tokens: Tokens, ask: StatementAsk, entry: StatementEntry) -> tuple[object, ...]:
    return (
        ask.bank, ask.day, entry.serial, entry.kind.value, entry.number, entry.amount,
        tokens.whole("account", entry.counter_account), mask_account(entry.counter_account),
    )  # fmt: skip


def _answer_items(tx: Connection, office: Office, entries: list[StatementEntry]) -> None:
    """A credit is a result; only items still open listen to it, the rest is reconciliation's."""
    credited = {e.number: e for e in entries if e.kind is EntryKind.CREDIT and e.number}
    if not credited:
        return
    waiting = tx.scalars(
        sa.select(item.c.number).where(among(tx, item.c.number, credited), _LISTENS)
    )
    results = [_result(n, credited[n].amount, credited[n].serial) for n in waiting]
    apply_results(tx, office, results, "statement")


_LISTENS = sa.and_(
    item.c.state.in_([ItemState.INSTRUCTED.value, ItemState.UNKNOWN.value]), item.c.disputed == 0
)


def _result(number: str, fen: int, serial: str) -> RowResult:
    return RowResult(number, RowStatus.DONE, amount=Fen(fen), bank_serial=serial, text="对账单入账")


def answer_from_kept(store: Store, office: Office, run_id: int, bank: str) -> int:
    """Items still open whose credit was read before they listened; how many were answered."""
    s = statement_entry.c
    query = (
        sa.select(item.c.number, s.fen, s.serial)
        .join(item, item.c.number == s.number)
        .where(s.run_id == run_id, s.bank == bank, s.kind == EntryKind.CREDIT.value, _LISTENS)
        .order_by(item.c.number, s.id)
    )
    with store.read() as view:
        results = [_result(row.number, row.fen, row.serial) for row in view.execute(query)]
    for start in range(0, len(results), _CHUNK):
        with store.write() as tx:
            apply_results(tx, office, results[start : start + _CHUNK], "statement")
    return len({result.number for result in results})
