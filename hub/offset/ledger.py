"""What the core shows of itself: accounts before a wave is planned, postings and live holds
before a run is reconciled."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Effect, NewMessage
from hub.core import ACCOUNTS, HOLDS, POSTINGS, AccountsLetter, LedgerLetter
from hub.kernel.identity import ID_CARD, comparable_id, normal_name
from hub.kernel.periods import Period
from hub.offset.agreements import open_accounts
from hub.offset.changes import state_in
from hub.offset.dues import identity_token
from hub.offset.letters import pack
from hub.offset.office import Office, day_number, run_group
from hub.offset.owners import note_owners
from hub.offset.parts import Part, given_nothing, parts_of
from hub.offset.tables import account_seen, agreement, core_posting, leg, wave
from hub.offset.words import AgreementState
from hub.ports.core import AccountsAnswer, CoreAccount, HoldPage, PostingPage
from hub.store import among, database_now_us
from hub.store.prepared import insert_of


def ask_accounts(tx: Connection, office: Office, wave_id: int, period: Period) -> int:
    """Order the next chunk of account look-ups of a wave; agreements in it, 0 at the end."""
    found = tx.execute(sa.select(wave).where(wave.c.id == wave_id)).one()
    here = [_asked_by(part) for part in parts_of(tx, wave_id)]
    query = (
        sa.select(
            agreement.c.id, state_in(period).label("state"), agreement.c.key_id, agreement.c.sealed
        )
        .where(agreement.c.id > found.last_asked, sa.or_(sa.false(), *here))
        .order_by(agreement.c.id)
        .limit(office.core_accounts_limit // 2)  # two payers each at most
    )
    rows = tx.execute(query).all()
    if not rows:
        return 0
    numbers = sorted(
        {
            account
            for row in rows
            if row.state == AgreementState.IN_FORCE
            for account in open_accounts(tx, office.vault, row.key_id, row.sealed).payers
        }
    )
    if numbers:
        letter = AccountsLetter(wave_id, numbers)
        _to_core(tx, office, period, ACCOUNTS, f"{wave_id}:{rows[-1].id}", pack(letter),
                 f"账户查询 {len(numbers)} 户")  # fmt: skip
    tx.execute(
        sa.update(wave)
        .where(wave.c.id == wave_id)
        .values(last_asked=rows[-1].id, asks_open=wave.c.asks_open + (1 if numbers else 0))
    )
    return len(rows)


def _asked_by(part: Part) -> sa.ColumnElement[bool]:
    if part.first_wave is None:
        # Not the bare column: SQLite would take the index on it, and then gather and sort all of
        # the bank's agreements anew for each chunk.
        return agreement.c.bank + "" == part.bank
    given = given_nothing(part.first_wave, part.bank).subquery()
    return agreement.c.id.in_(sa.select(given.c.agreement_id))


def ask_ledger(tx: Connection, office: Office, run_id: int, period: Period, bank: str) -> None:
    """Order a fresh reading of the core's postings and live holds for one leg."""
    found = tx.execute(
        sa.update(leg)
        .where(leg.c.run_id == run_id, leg.c.bank == bank)
        .values(core_round=leg.c.core_round + 1, core_open=2, core_live_holds=0)
        .returning(leg.c.id, leg.c.core_round)
    ).one()
    for kind in (POSTINGS, HOLDS):
        letter = LedgerLetter(found.id, found.core_round, str(period), bank, 1, None)
        _order_page(tx, office, kind, letter)


def _order_page(tx: Connection, office: Office, kind: str, letter: LedgerLetter) -> None:
    title = "核心记账" if kind == POSTINGS else "核心占用"
    _to_core(
        tx, office, Period.parse(letter.period), kind,
        f"{letter.reference}:{letter.turn}:{letter.page_no}", pack(letter),
        f"{title} {letter.bank} 第{letter.page_no}页",
    )  # fmt: skip


def _to_core(
    tx: Connection, office: Office, period: Period, kind: str, key: str, payload: bytes,
    subject: str,
) -> None:  # fmt: skip
    office.bus.put(
        tx,
        [
            NewMessage(
                interface=office.core_interface, kind=kind, key=key, payload=payload,
                effect=Effect.READ, group=run_group(period), subject=subject, month=str(period),
                contract_version=office.core_version, endless=True,
            )
        ],
    )  # fmt: skip


_SEE = insert_of(
    account_seen, "wave_id", "account_token", "state", "balance_fen", "frozen_fen", "held_fen",
    "name_token", "id_token", "is_card",
)  # fmt: skip
_POST = insert_of(
    core_posting, "run_id", "bank", "serial", "number", "account_token", "fen", "reversal",
    "booked_on",
)  # fmt: skip


class LedgerReader:
    """Takes the core's answers into the books."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def take_accounts(self, tx: Connection, letter: AccountsLetter, answer: AccountsAnswer) -> None:
        """Keep what the core showed of these accounts for the wave that asked."""
        # First of all, so that two chunks that name one account wait for each other here.
        tx.execute(
            sa.update(wave)
            .where(wave.c.id == letter.reference)
            .values(asks_open=wave.c.asks_open - 1)
        )
        rows = [self._account_row(letter.reference, account) for account in answer.accounts]
        # Two chunks may name the same account (a couple with two agreements): the first answer
        # stands, so that a plan is made from one reading of each account.
        known = set(
            tx.scalars(
                sa.select(account_seen.c.account_token).where(
                    account_seen.c.wave_id == letter.reference,
                    among(tx, account_seen.c.account_token, [row[1] for row in rows]),
                )
            )
        )
        _SEE.run(tx, [row for row in rows if row[1] not in known])
        seen = {
            str(row[1]): account
            for row, account in zip(rows, answer.accounts, strict=True)
            if row[1] not in known
        }
        note_owners(tx, self._office.vault.tokens, seen)

    def _account_row(self, wave_id: int, account: CoreAccount) -> tuple[Any, ...]:
        tokens = self._office.vault.tokens
        document = comparable_id(account.id_number, account.id_type)
        return (
            wave_id, tokens.whole("account", account.number), account.state, account.balance,
            account.frozen, account.held,
            identity_token(tokens, "name", normal_name(account.name)),
            identity_token(tokens, "id", document), int(account.id_type == ID_CARD),
        )  # fmt: skip

    def take_postings(self, tx: Connection, letter: LedgerLetter, page: PostingPage) -> None:
        """Keep the postings not seen before."""
        run_id = tx.scalar(sa.select(leg.c.run_id).where(leg.c.id == letter.reference))
        serials = [posting.serial for posting in page.postings]
        known = set(
            tx.scalars(
                sa.select(core_posting.c.serial).where(among(tx, core_posting.c.serial, serials))
            )
        )
        tokens = self._office.vault.tokens
        rows = [
            (
                run_id, letter.bank, posting.serial, posting.number,
                tokens.whole("account", posting.account), posting.amount, int(posting.reversal),
                day_number(posting.booked_on),
            )
            for posting in page.postings
            if posting.serial not in known
        ]  # fmt: skip
        _POST.run(tx, rows)
        self._next(tx, POSTINGS, letter, page.next_page)

    def take_holds(self, tx: Connection, letter: LedgerLetter, page: HoldPage) -> None:
        """Count what the core still holds for this leg."""
        tx.execute(
            sa.update(leg)
            .where(_this_reading(letter))
            .values(core_live_holds=leg.c.core_live_holds + len(page.holds))
        )
        self._next(tx, HOLDS, letter, page.next_page)

    def give_up(self, tx: Connection, letter: LedgerLetter) -> None:
        """Half a reading shows nothing: what still comes of it is not counted, and the conductor
        begins another in its own time."""
        tx.execute(
            sa.update(leg)
            .where(_this_reading(letter))
            .values(core_round=leg.c.core_round + 1, core_open=0)
        )

    def _next(self, tx: Connection, kind: str, letter: LedgerLetter, page: str | None) -> None:
        if page is None:
            # Postings without holds, or holds without postings, are no reading.
            whole = leg.c.core_open == 1
            seen = sa.case((whole, database_now_us(tx)), else_=leg.c.core_seen_us)
            tx.execute(
                sa.update(leg)
                .where(_this_reading(letter))
                .values(core_open=leg.c.core_open - 1, core_seen_us=seen)
            )
            return
        following = LedgerLetter(
            letter.reference, letter.turn, letter.period, letter.bank, letter.page_no + 1, page
        )
        _order_page(tx, self._office, kind, following)


def _this_reading(letter: LedgerLetter) -> sa.ColumnElement[bool]:
    """The leg, while the reading this page belongs to is the one under way."""
    return sa.and_(leg.c.id == letter.reference, leg.c.core_round == letter.turn)
