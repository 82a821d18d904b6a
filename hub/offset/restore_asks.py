"""What a restored hub asks: statements of every day, postings and live holds of every period,
and what became of each number that is still open here.

Each question is a message of the bus that changes nothing at the partner; what is answered is
kept as facts of one turn, in the transaction that finishes the message.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Delivery, Effect, Handler, Message, NewMessage
from hub.core import HoldsHandler, LedgerLetter, PostingsHandler
from hub.kernel.periods import Period
from hub.offset.everywhere import ask_everywhere, side_of
from hub.offset.handling import ReadHandler
from hub.offset.letters import pack, unpack
from hub.offset.office import Office, day_number, day_of
from hub.offset.restore_tables import restore_ask, restore_fact
from hub.offset.tables import item, run
from hub.offset.words import ItemState, RunState
from hub.ports.bank import RowResult, StatementPage
from hub.ports.core import HoldPage, PostingPage
from hub.ports.line import LineNotSent

STATEMENT, POSTINGS, HOLDS, INQUIRY = (
    "restore.statement", "restore.postings", "restore.holds", "restore.inquire",
)  # fmt: skip
ASKED_STATES = (
    ItemState.PLANNED.value, ItemState.HELD.value, ItemState.INSTRUCTED.value,
    ItemState.UNKNOWN.value,
)  # fmt: skip
_GROUP = "restore"
_SIDE = 1_000_000
"""A key's last part is the page, from here on of the bank's next address."""


class DayAsk(msgspec.Struct, frozen=True):
    """One page of one banking day's statement; ``at`` which of the bank's addresses (None: the
    one in use), ``rest`` those to be read after it."""

    turn: int
    place: int
    bank: str
    day: int
    page_no: int
    tag: str | None
    at: int | None = None
    rest: list[int] = []


class NumbersAsk(msgspec.Struct, frozen=True):
    """What became of single instructions; ``sides``: all the bank's addresses, for this copy does
    not know to which of them they went."""

    turn: int
    place: int
    bank: str
    numbers: list[str]
    sides: list[int] = []


def order_reading(tx: Connection, office: Office, turn: int, from_day: int) -> None:
    """Order the statements and the core's books of everything since ``from_day``."""
    first, last = day_of(from_day), office.clock.today()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    periods = _periods(tx, from_day, office.today())
    place = 0
    for bank in sorted(office.banks):
        interface = office.seat(bank).interface
        for day in map(day_number, days):
            place += 1
            _note_ask(tx, turn, place, interface, "statement", bank, day=day)
            sides = _sides(office, bank)
            at = sides[0] if sides else None
            _order_day(tx, office, DayAsk(turn, place, bank, day, 1, None, at, sides[1:]))
        for period in periods:
            for kind in (POSTINGS, HOLDS):
                place += 1
                name = kind.partition(".")[2]
                _note_ask(tx, turn, place, office.core_interface, name, bank, period=period)
                _order_ledger(tx, office, kind, LedgerLetter(place, turn, period, bank, 1, None))


def order_inquiries(tx: Connection, office: Office, turn: int) -> int:
    """Ask the banks about every number without a final result here; how many questions.

    What the statement shows as credited needs no question.
    """
    fact = restore_fact.alias("seen")
    credited = sa.exists().where(
        fact.c.turn == turn, fact.c.number == item.c.number, fact.c.kind == "credit"
    )
    query = (
        sa.select(item.c.bank, item.c.number)
        .join(run, run.c.id == item.c.run_id)
        .where(run.c.state != RunState.CLOSED.value, item.c.state.in_(ASKED_STATES), ~credited)
        .order_by(item.c.bank, item.c.number)
    )
    waiting: dict[str, list[str]] = {}
    for bank, number in tx.execute(query):
        waiting.setdefault(bank, []).append(number)
    place = int(
        tx.scalar(sa.select(sa.func.max(restore_ask.c.place)).where(restore_ask.c.turn == turn))
        or 0
    )
    asked = 0
    for bank, numbers in waiting.items():
        seat = office.seat(bank)
        for start in range(0, len(numbers), seat.port.inquiry_limit):
            place, asked = place + 1, asked + 1
            part = numbers[start : start + seat.port.inquiry_limit]
            _note_ask(tx, turn, place, seat.interface, "inquiry", bank)
            _put(
                tx, office, seat.interface, seat.contract_version, INQUIRY, f"{turn}:{place}:1",
                pack(NumbersAsk(turn, place, bank, part, _sides(office, bank))),
                f"恢复后查证 {bank} {len(part)} 笔",
            )  # fmt: skip
    return asked


def _sides(office: Office, bank: str) -> list[int]:
    seat = office.seat(bank)
    return [] if seat.places < 2 or seat.one_book else list(range(seat.places))


def _periods(tx: Connection, from_day: int, today: int) -> list[str]:
    """Months from the one before ``from_day`` to the one after today, and of every open run."""
    last = Period(today // 10000, today // 100 % 100).following()
    year, month = from_day // 10000, from_day // 100 % 100
    one = Period(year - 1, 12) if month == 1 else Period(year, month - 1)
    found = set(tx.scalars(sa.select(run.c.period).where(run.c.state != RunState.CLOSED.value)))
    while str(one) <= str(last):
        found.add(str(one))
        one = one.following()
    return sorted(found)


def _note_ask(
    tx: Connection, turn: int, place: int, interface: str, kind: str, bank: str, *,
    period: str = "", day: int = 0,
) -> None:  # fmt: skip
    tx.execute(
        sa.insert(restore_ask).values(
            turn=turn, place=place, interface=interface, kind=kind, bank=bank, period=period,
            on_day=day, state="open",
        )
    )  # fmt: skip


def _order_day(tx: Connection, office: Office, ask: DayAsk) -> None:
    seat = office.seat(ask.bank)
    _put(
        tx, office, seat.interface, seat.contract_version, STATEMENT,
        f"{ask.turn}:{ask.place}:{ask.page_no + _SIDE * (ask.at or 0)}", pack(ask),
        f"恢复后核对 {ask.bank} 对账单 {ask.day} 第{ask.page_no}页",
    )  # fmt: skip


def _order_ledger(tx: Connection, office: Office, kind: str, letter: LedgerLetter) -> None:
    title = "核心记账" if kind == POSTINGS else "核心占用"
    _put(
        tx, office, office.core_interface, office.core_version, kind,
        f"{letter.turn}:{letter.reference}:{letter.page_no}", pack(letter),
        f"恢复后核对 {title} {letter.period} {letter.bank} 第{letter.page_no}页",
    )  # fmt: skip


def _put(
    tx: Connection, office: Office, interface: str, version: str, kind: str, key: str,
    payload: bytes, subject: str,
) -> None:  # fmt: skip
    today = office.today()
    office.bus.put(
        tx,
        [
            NewMessage(
                interface=interface, kind=kind, key=key, payload=payload, effect=Effect.READ,
                group=_GROUP, subject=subject, month=f"{today // 10000}-{today // 100 % 100:02d}",
                contract_version=version, endless=True,
            )
        ],
    )  # fmt: skip


def _answered(tx: Connection, turn: int, place: int, state: str = "answered") -> None:
    tx.execute(
        sa.update(restore_ask)
        .where(restore_ask.c.turn == turn, restore_ask.c.place == place)
        .values(state=state)
    )


def _still_asked(tx: Connection, turn: int, place: int) -> bool:
    """Whether this turn is the one under way: an answer to an older one tells nothing."""
    query = sa.select(restore_ask.c.place).where(
        restore_ask.c.turn == turn, restore_ask.c.place == place, restore_ask.c.state == "open"
    )
    return tx.scalar(query) is not None


def _keep(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        tx.execute(sa.insert(restore_fact), list(rows))


def _fact(turn: int, kind: str, bank: str, number: str, fen: int, **more: Any) -> dict[str, Any]:
    blank = {"period": "", "serial": "", "account_token": "", "on_day": 0, "reason": "",
             "said": ""}  # fmt: skip
    known = {"turn": turn, "kind": kind, "bank": bank, "number": number[:64], "fen": fen}
    return {**blank, **known, **more}


class _Asked(ReadHandler):
    """Refused, or given up: this turn shows nothing of it, and another follows."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def refused(self, tx: Connection, message: Message, refusal: object) -> None:
        self.died(tx, message)

    def died(self, tx: Connection, message: Message) -> None:
        turn, place, _ = map(int, message.key.split(":"))
        _answered(tx, turn, place, "refused")


class DayHandler(_Asked):
    """Bus handler of ``restore.statement``."""

    def send(self, delivery: Delivery) -> tuple[DayAsk, StatementPage]:
        ask = unpack(delivery.payload, DayAsk)
        port, line = side_of(delivery, ask.at)
        return ask, port.fetch_statement(line, day_of(ask.day), ask.tag)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        ask, page = result
        if not _still_asked(tx, ask.turn, ask.place):
            return
        _keep(
            tx,
            [
                _fact(
                    ask.turn, one.kind.value, ask.bank, one.number or one.serial, one.amount,
                    serial=one.serial[:64], on_day=ask.day,
                )
                for one in page.entries
            ],
        )  # fmt: skip
        if page.next_page is None and ask.rest:
            following = msgspec.structs.replace(
                ask, page_no=1, tag=None, at=ask.rest[0], rest=ask.rest[1:]
            )
            _order_day(tx, self._office, following)
        elif page.next_page is None:
            _answered(tx, ask.turn, ask.place)
        else:
            following = msgspec.structs.replace(ask, page_no=ask.page_no + 1, tag=page.next_page)
            _order_day(tx, self._office, following)


class NumbersHandler(_Asked):
    """Bus handler of ``restore.inquire``."""

    def send(self, delivery: Delivery) -> tuple[NumbersAsk, tuple[RowResult, ...]]:
        ask = unpack(delivery.payload, NumbersAsk)
        rows, half = ask_everywhere(
            delivery, ask.sides, lambda port, line: port.inquire(line, ask.numbers)
        )
        if half:
            raise LineNotSent("one of the bank's addresses did not answer")
        return ask, rows

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        ask, rows = result
        if not _still_asked(tx, ask.turn, ask.place):
            return
        said = {row.number: row for row in rows}
        _keep(tx, [self._row(ask, number, said.get(number)) for number in ask.numbers])
        _answered(tx, ask.turn, ask.place)

    def _row(self, ask: NumbersAsk, number: str, row: RowResult | None) -> dict[str, Any]:
        if row is None:  # left out of the answer: nothing is known
            return _fact(ask.turn, "unknown", ask.bank, number, 0)
        reason = row.reason.value if row.reason else ""
        return _fact(
            ask.turn, row.status.value, ask.bank, number, int(row.amount or 0),
            serial=row.bank_serial[:64], reason=reason, said=f"{row.code} {row.text}".strip()[:200],
        )  # fmt: skip


class BooksReader:
    """Takes the core's postings and live holds."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def take_postings(self, tx: Connection, letter: LedgerLetter, page: PostingPage) -> None:
        tokens = self._office.vault.tokens
        rows = [
            _fact(
                letter.turn, "unposting" if one.reversal else "posting", letter.bank,
                one.number or one.serial, one.amount, period=letter.period, serial=one.serial,
                account_token=tokens.whole("account", one.account),
                on_day=day_number(one.booked_on),
            )
            for one in page.postings
        ]  # fmt: skip
        self._take(tx, POSTINGS, letter, rows, page.next_page)

    def take_holds(self, tx: Connection, letter: LedgerLetter, page: HoldPage) -> None:
        tokens, rows = self._office.vault.tokens, []
        for one in page.holds:
            payers = [(tokens.whole("account", p.account), int(p.amount)) for p in one.payers]
            rows += [
                _fact(letter.turn, "hold", letter.bank, one.number, fen, period=letter.period,
                      account_token=token)
                for token, fen in payers or [("", int(one.amount))]
            ]  # fmt: skip
        self._take(tx, HOLDS, letter, rows, page.next_page)

    def give_up(self, tx: Connection, letter: LedgerLetter) -> None:
        _answered(tx, letter.turn, letter.reference, "refused")

    def _take(
        self, tx: Connection, kind: str, letter: LedgerLetter, rows: Sequence[dict[str, Any]],
        following: str | None,
    ) -> None:  # fmt: skip
        if not _still_asked(tx, letter.turn, letter.reference):
            return
        _keep(tx, rows)
        if following is None:
            _answered(tx, letter.turn, letter.reference)
        else:
            after = msgspec.structs.replace(letter, page_no=letter.page_no + 1, page=following)
            _order_ledger(tx, self._office, kind, after)


def handlers(office: Office) -> dict[str, Handler]:
    """By message kind."""
    books = BooksReader(office)
    return {
        STATEMENT: DayHandler(office),
        INQUIRY: NumbersHandler(office),
        POSTINGS: PostingsHandler(books.take_postings, office.bus, books.give_up),
        HOLDS: HoldsHandler(books.take_holds, office.bus, books.give_up),
    }
