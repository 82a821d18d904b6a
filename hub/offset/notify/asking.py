"""From what is to be told to texts in the queue: by way of the core, which knows the numbers.

A telephone number is read when it is needed and kept nowhere but in the message that is sent to
it: what the core says today is righter than what it said when the month was planned.  One
question at a time, so that nobody's money waits behind it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Delivery, Effect, Message, NewMessage
from hub.crypto import sm3_hex
from hub.kernel.periods import Period
from hub.kernel.typed import read_json
from hub.offset.agreements import Accounts, open_accounts
from hub.offset.notify import wording
from hub.offset.notify.letters import PhonesLetter, TextsLetter
from hub.offset.notify.seat import NotifySeat
from hub.offset.notify.tables import told
from hub.offset.notify.words import ToldState
from hub.offset.office import Office, day_number
from hub.offset.tables import agreement, item, plan_line
from hub.ports.core import AccountsAnswer, CoreAccount, CorePort
from hub.ports.line import PartnerRefused
from hub.ports.notify import sms_parts

PHONES = "notify.phones"
TEXTS = "notify.texts"
MOST = 500
"""Most texts begun at once."""
_PHONE = re.compile(r"1[0-9]{10}")


def is_asking(view: Connection) -> bool:
    """Whether a question to the core is open."""
    asked = sa.select(told.c.id).where(told.c.state == ToldState.ASKED.value)
    return view.scalar(asked.limit(1)) is not None


def may_ask(view: Connection, office: Office) -> bool:
    """Whether something waits to be taken up and no question is open."""
    t = told.c
    waits = sa.select(t.id).where(t.state == ToldState.FOUND.value, t.not_before <= office.today())
    return not is_asking(view) and view.scalar(waits.limit(1)) is not None


def ask_some(tx: Connection, office: Office, seat: NotifySeat) -> int:
    """Take up what is to be told now and have the core say whom to reach; how many rows moved."""
    if not may_ask(tx, office):
        return 0
    t, today = told.c, office.today()
    rows = tx.execute(
        sa.select(t.id, t.person, t.period, agreement.c.key_id, agreement.c.sealed)
        .join(agreement, agreement.c.id == t.agreement_id)
        .where(t.state == ToldState.FOUND.value, t.not_before <= today)
        .order_by(t.id)
        .limit(min(MOST, office.core_accounts_limit))
    ).all()
    if not rows:
        return 0
    now, later = _within_ceiling(tx, rows, today, seat.rules.most_per_day)
    if later:
        tomorrow = day_number(office.clock.today() + timedelta(days=1))
        tx.execute(sa.update(told).where(t.id.in_(later)).values(not_before=tomorrow))
    if now:
        _ask(tx, office, [row for row in rows if row.id in set(now)], today)
    return len(rows)


def _within_ceiling(
    tx: Connection, rows: Sequence[Any], today: int, most: int
) -> tuple[list[int], list[int]]:
    t = told.c
    people = sorted({row.person for row in rows})
    counted = sa.select(t.person, sa.func.count()).where(t.person.in_(people), t.day == today)
    had = Counter({person: int(n) for person, n in tx.execute(counted.group_by(t.person))})
    now: list[int] = []
    later: list[int] = []
    for row in rows:
        had[row.person] += 1
        (now if had[row.person] <= most else later).append(row.id)
    return now, later


def _ask(tx: Connection, office: Office, rows: Sequence[Any], today: int) -> None:
    numbers = sorted({open_accounts(tx, office.vault, row.key_id, row.sealed).main for row in rows})
    (ask_id,) = office.bus.put(
        tx,
        [
            NewMessage(
                interface=office.core_interface, kind=PHONES,
                key=f"{today}:{rows[0].id}:{rows[-1].id}:{len(rows)}",
                payload=msgspec.json.encode(PhonesLetter(numbers)), effect=Effect.READ,
                group=group_of(rows[0].period), subject=f"告知：查手机号 {len(numbers)} 户",
                month=rows[0].period, contract_version=office.core_version, items=len(rows),
                endless=True,
            )
        ],
    )  # fmt: skip
    tx.execute(
        sa.update(told)
        .where(told.c.id.in_([row.id for row in rows]))
        .values(state=ToldState.ASKED.value, ask_id=ask_id, day=today)
    )


def group_of(period: str) -> str:
    """Under which a period's texts are gathered; apart from the run's, whose close waits for
    none of them."""
    return f"notify:{period}"


def number_of(period: str, agreement_no: str, occasion: str, item_no: str, turn: int) -> str:
    """A text's number: from what it is about, so that an older copy of this database makes the
    same one."""
    said = "|".join((period, agreement_no, occasion, item_no, str(turn)))
    return f"{period.replace('-', '')}-{sm3_hex(said.encode())[:24]}"


@dataclass(frozen=True, slots=True)
class _Written:
    number: str
    to: str
    text: str


class PhonesHandler:
    """Asks the core, and turns its answer into texts."""

    def __init__(self, office: Office, seat: NotifySeat) -> None:
        self._office, self._seat = office, seat

    def send(self, delivery: Delivery) -> AccountsAnswer:
        """See Handler.send."""
        letter = read_json(delivery.payload, PhonesLetter)
        port: CorePort = delivery.port
        return port.accounts(delivery.line, letter.numbers)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        """Texts into the queue; those without a usable number are put aside for people."""
        token = self._office.vault.tokens
        people = {token.whole("account", one.number): one for one in result.accounts}
        ready: list[tuple[Any, _Written]] = []
        for row in _facts(tx, message.id):
            made = self._write(tx, row, people.get(row.person))
            if isinstance(made, _Written):
                ready.append((row, made))
                continue
            tx.execute(
                sa.update(told)
                .where(told.c.id == row.id)
                .values(state=ToldState.NO_ADDRESS.value, detail=made)
            )
        size = self._seat.batch_limit
        for start in range(0, len(ready), size):
            self._put(tx, ready[start : start + size])

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """A contract fault: asked again on another day."""
        self.died(tx, message)

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """Back to be taken up tomorrow."""
        tomorrow = day_number(self._office.clock.today() + timedelta(days=1))
        tx.execute(
            sa.update(told)
            .where(told.c.ask_id == message.id, told.c.state == ToldState.ASKED.value)
            .values(state=ToldState.FOUND.value, not_before=tomorrow, day=0)
        )

    def _write(self, tx: Connection, row: Any, person: CoreAccount | None) -> str | _Written:
        """The text, or why there is none."""
        if person is None:
            return "account_not_found"
        if _PHONE.fullmatch(person.phone) is None:
            return "no_phone" if not person.phone else "bad_phone"
        text = compose(tx, self._office, self._seat, row, person.name)
        if not self._seat.texts.fits(text):
            return "too_long"
        return _Written(
            number_of(row.period, row.agreement_no, row.occasion, row.item, row.turn),
            person.phone, text,
        )  # fmt: skip

    def _put(self, tx: Connection, batch: Sequence[tuple[Any, _Written]]) -> None:
        seat, period = self._seat, batch[0][0].period
        letter = TextsLetter(
            seat.way.value, [(row.id, one.number, one.to, one.text) for row, one in batch]
        )
        (message_id,) = self._office.bus.put(
            tx,
            [
                NewMessage(
                    interface=seat.interface, kind=TEXTS,
                    key=f"{batch[0][0].id}:{batch[-1][0].id}:{batch[0][0].ask_id}",
                    payload=msgspec.json.encode(letter), effect=Effect.COMMAND,
                    group=group_of(period), subject=f"告知 {len(batch)} 条", month=period,
                    contract_version=seat.contract_version, items=len(batch),
                )
            ],
        )  # fmt: skip
        tx.execute(
            sa.update(told)
            .where(told.c.id == sa.bindparam("b_id"))
            .values(
                state=ToldState.QUEUED.value, message_id=message_id,
                number=sa.bindparam("b_number"), parts=sa.bindparam("b_parts"),
            ),
            [
                {"b_id": row.id, "b_number": one.number, "b_parts": sms_parts(one.text)}
                for row, one in batch
            ],
        )  # fmt: skip
        audit.record(
            tx, act="notify.queued", actor="hub", subject=f"message:{message_id}",
            detail={"texts_version": seat.texts.version}, count=len(batch),
            root=audit.merkle_root(
                [audit.digest(f"{one.number}|{one.text}".encode()) for _, one in batch]
            ),
        )  # fmt: skip


def facts_query() -> sa.Select[Any]:
    """Rows of ``told`` with what their templates may say."""
    t, line = told.c, plan_line.c
    return (
        sa.select(
            told, agreement.c.number.label("agreement_no"), agreement.c.key_id, agreement.c.sealed,
            line.due_on, line.due_fen, item.c.fen,
        )
        .join(agreement, agreement.c.id == t.agreement_id)
        .join(
            plan_line,
            sa.and_(line.wave_id == t.wave_id, line.agreement_id == t.agreement_id),
        )
        .outerjoin(item, item.c.number == t.item)
        .order_by(t.id)
    )  # fmt: skip


def _facts(tx: Connection, ask_id: int) -> Sequence[Any]:
    t = told.c
    query = facts_query().where(t.ask_id == ask_id, t.state == ToldState.ASKED.value)
    return tx.execute(query).all()


def compose(tx: Connection, office: Office, seat: NotifySeat, row: Any, name: str) -> str:
    """The wording for one row of ``facts_query``."""
    accounts = open_accounts(tx, office.vault, row.key_id, row.sealed)
    return seat.texts.render(row.template, facts_of(office, row, accounts, name))


def facts_of(office: Office, row: Any, accounts: Accounts, name: str) -> Mapping[str, str]:
    """What a template may say."""
    fen = int(row.fen or 0)
    bank = office.banks.get(row.bank)
    return {
        "name": wording.surname(name.strip()), "bank": row.bank if bank is None else bank.name,
        "month": str(Period.parse(row.period).month), "main": wording.tail(accounts.main),
        "repay": wording.tail(accounts.repayment), "amount": wording.money(fen),
        "due": wording.money(int(row.due_fen)),
        "lack": wording.money(max(int(row.due_fen) - fen, 0)), "day": wording.day(int(row.due_on)),
    }  # fmt: skip
