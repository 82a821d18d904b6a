"""Due lists (应还明细): fetched page by page, checked against the bank's own totals, sealed.

A list is complete only when its last page came and its count and amount agree with what the
bank says they are; otherwise it is set aside as bad and fetched again as a new attempt.  Names,
IDs and accounts go into one sealed blob per page; tokens beside it serve every comparison.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Delivery, Message
from hub.crypto import Tokens, sm3_hex
from hub.kernel.identity import normal_id, normal_id_card, normal_name
from hub.kernel.money import ZERO
from hub.kernel.periods import Period
from hub.kernel.typed import read_json
from hub.offset.handling import ReadHandler
from hub.offset.letters import DuesAsk, pack, unpack
from hub.offset.office import Office, day_number
from hub.offset.tables import due_list, due_page, due_record, run
from hub.ports.bank import BankPort, DuePage, DueRecord
from hub.ports.line import PartnerRefused
from hub.store import insert_row
from hub.store.prepared import insert_of

KIND = "bank.dues"


@dataclass(frozen=True, slots=True)
class _Got:
    """A page, with all that can be made of it before the transaction that keeps it."""

    ask: DuesAsk
    page: DuePage
    rows: list[tuple[object, ...]]
    private: bytes
    digest: str


def begin(tx: Connection, office: Office, run_id: int, period: Period, bank: str) -> int:
    """Open a new attempt at a bank's due list and order its first page; its row number."""
    before = tx.scalar(
        sa.select(sa.func.max(due_list.c.attempt)).where(
            due_list.c.run_id == run_id, due_list.c.bank == bank
        )
    )
    attempt = int(before or 0) + 1
    list_id = insert_row(
        tx, due_list, run_id=run_id, bank=bank, attempt=attempt, version="", state="fetching",
        records=0, fen=0, digest="", trouble="", begun_us=office.now_us(),
    )  # fmt: skip
    _order_page(tx, office, bank, DuesAsk(list_id, str(period), 1, None))
    return list_id


def _order_page(tx: Connection, office: Office, bank: str, ask: DuesAsk) -> None:
    period = Period.parse(ask.period)
    office.to_bank(
        tx, bank, KIND, f"{period}:{ask.due_list_id}:{ask.page_no}", pack(ask),
        period=period, subject=f"应还明细 {period} 第{ask.page_no}页",
    )  # fmt: skip


class DuesHandler(ReadHandler):
    """Bus handler of ``bank.dues``."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def send(self, delivery: Delivery) -> _Got:
        ask = unpack(delivery.payload, DuesAsk)
        port: BankPort = delivery.port
        page = port.fetch_dues(delivery.line, Period.parse(ask.period), ask.tag)
        tokens = self._office.vault.tokens
        rows = [
            _row(tokens, ask, place, one, port.obstacle(one.borrower_name, one.repayment_account))
            for place, one in enumerate(page.records)
        ]
        return _Got(ask, page, rows, _private(page), _digest(page))

    def apply(self, tx: Connection, message: Message, result: _Got) -> None:
        ask, page = result.ask, result.page
        found = tx.execute(sa.select(due_list).where(due_list.c.id == ask.due_list_id)).one()
        if found.state != "fetching":
            return  # this attempt was given up meanwhile; its pages no longer matter
        _keep_page(tx, self._office, ask, result)
        sums = {
            "records": found.records + len(page.records),
            "fen": found.fen + sum(record.amount or ZERO for record in page.records),
            "digest": sm3_hex((found.digest + result.digest).encode()),
            "version": page.list_version or found.version,
        }
        tx.execute(sa.update(due_list).where(due_list.c.id == ask.due_list_id).values(**sums))
        if found.version and page.list_version != found.version:
            give_up(
                tx, self._office, ask.due_list_id, "the bank changed the list while it was read"
            )
        elif page.next_page is not None:
            following = DuesAsk(ask.due_list_id, ask.period, ask.page_no + 1, page.next_page)
            _order_page(tx, self._office, found.bank, following)
        else:
            _complete(tx, self._office, ask.due_list_id, page, sums)

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        give_up(tx, self._office, _list_of(message), f"refused: {refusal.partner_code}")

    def died(self, tx: Connection, message: Message) -> None:
        give_up(tx, self._office, _list_of(message), "the bank could not be asked")


def _list_of(message: Message) -> int:
    return int(message.key.split(":")[1])


def give_up(tx: Connection, office: Office, list_id: int, why: str) -> None:
    """Set this attempt aside; the conductor begins another."""
    tx.execute(
        sa.update(due_list)
        .where(due_list.c.id == list_id, due_list.c.state == "fetching")
        .values(state="bad", trouble=why[:200], ended_us=office.now_us())
    )


def _complete(
    tx: Connection, office: Office, list_id: int, page: DuePage, sums: dict[str, Any]
) -> None:
    if page.total_count is not None and page.total_count != sums["records"]:
        why = f"the bank says {page.total_count} records, {sums['records']} came"
        give_up(tx, office, list_id, why)
        return
    if page.total_amount is not None and page.total_amount != sums["fen"]:
        why = f"the bank says {page.total_amount} 分, the records add up to {sums['fen']}"
        give_up(tx, office, list_id, why)
        return
    found = tx.execute(
        sa.update(due_list)
        .where(due_list.c.id == list_id)
        .values(state="complete", ended_us=office.now_us())
        .returning(due_list.c.bank, due_list.c.run_id)
    ).one()
    period = tx.scalar(sa.select(run.c.period).where(run.c.id == found.run_id))
    audit.record(
        tx, act="offset.dues_complete", actor="hub", subject=f"{period} {found.bank}",
        detail={"list_version": str(sums["version"])}, count=int(sums["records"]),
        fen=int(sums["fen"]), root=str(sums["digest"]),
    )  # fmt: skip


def _keep_page(tx: Connection, office: Office, ask: DuesAsk, got: _Got) -> None:
    sealed = office.vault.seal(tx, "due", ask.period, got.private)
    tx.execute(
        sa.insert(due_page).values(
            due_list_id=ask.due_list_id, page_no=ask.page_no, records=len(got.page.records),
            key_id=sealed.key_id, sealed=sealed.blob,
        )
    )  # fmt: skip
    _ADD.run(tx, got.rows)


def _private(page: DuePage) -> bytes:
    return msgspec.json.encode(
        [
            (r.loan_contract, r.repayment_account, r.borrower_name, r.borrower_id)
            for r in page.records
        ]
    )


_ADD = insert_of(
    due_record, "due_list_id", "page_no", "row_no", "loan_contract", "repay_token", "name_token",
    "id_token", "card_token", "due_on", "fen", "settled", "overdue", "flaw", "obstacle",
)  # fmt: skip


def _row(
    tokens: Tokens, ask: DuesAsk, row_no: int, record: DueRecord, obstacle: str | None
) -> tuple[object, ...]:
    flaw = record.flaw
    if not flaw and (record.amount is None or record.due_date is None):
        flaw = "amount" if record.amount is None else "due_date"
    plain, card = normal_id(record.borrower_id), normal_id_card(record.borrower_id)
    id_token = identity_token(tokens, "id", plain)
    card_token = id_token if card == plain else identity_token(tokens, "id", card)
    return (
        ask.due_list_id, ask.page_no, row_no, record.loan_contract[:30],
        tokens.whole("account", record.repayment_account),
        identity_token(tokens, "name", normal_name(record.borrower_name)), id_token, card_token,
        day_number(record.due_date) if record.due_date else 0, record.amount or ZERO,
        int(record.settled), int(record.overdue), flaw, obstacle or "",
    )  # fmt: skip


def identity_token(tokens: Tokens, kind: str, value: str) -> str:
    """The token identities are compared by; empty for a blank, which is like nobody's."""
    return tokens.whole(kind, value) if value else ""


def _digest(page: DuePage) -> str:
    """Over what the plan is made from, names and IDs included, so that no later page differs."""
    whole = "\n".join(
        f"{r.loan_contract}|{r.repayment_account}|{r.borrower_name}|{r.borrower_id}|"
        f"{r.due_date}|{r.amount}|{r.settled}"
        for r in page.records
    )
    return sm3_hex(whole.encode())


class Payee(NamedTuple):
    """Where an item's money goes, as the bank's due list has it."""

    loan_contract: str
    account: str
    name: str


class DuePageOpened:
    """One page of a due list, in clear, in row order."""

    def __init__(self, rows: list[list[str]]) -> None:
        self._rows = rows

    def payee(self, row_no: int) -> Payee:
        contract, account, name, _ = self._rows[row_no]
        return Payee(contract, account, name)

    def borrower(self, row_no: int) -> tuple[str, str]:
        """Name and document."""
        _, _, name, document = self._rows[row_no]
        return name, document


def open_page(tx: Connection, office: Office, due_list_id: int, page_no: int) -> DuePageOpened:
    """Open what was sealed when the page came."""
    found = tx.execute(
        sa.select(due_page.c.key_id, due_page.c.sealed).where(
            due_page.c.due_list_id == due_list_id, due_page.c.page_no == page_no
        )
    ).one()
    plain = office.vault.open(tx, found.key_id, found.sealed)
    return DuePageOpened(read_json(plain, list[list[str]]))
