"""A year of messages and months, invented and put in bulk: rows as the hub would have left them.

Every message has its attempt, call and audit entry; nine banks' agreements are offset in twelve
runs of which the last is still open.  Nothing personal stands in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.audit.identity import ensure_identity
from hub.audit.tables import audit_entry, audit_head
from hub.bus.tables import attempt, call, channel, message
from hub.offset.policy import keep_policy, read_policy
from hub.offset.tables import (
    agreement,
    batch,
    core_posting,
    due_list,
    due_page,
    due_record,
    item,
    leg,
    plan_line,
    result_seen,
    run,
    statement_day,
    statement_entry,
    wave,
)
from hub.offset.tables_finding import account_owner
from hub.store import Store
from hub.store.prepared import insert_of

RUNS = 12
CHUNK = 20_000
PER_BATCH = 500
_YEAR_US = 365 * 86_400 * 1_000_000
_DONE_KINDS = ("core.hold", "core.post", "core.postings", "bank.results", "bank.inquire")
_STATES = ("dead", "unknown", "parked", "rejected", "queued")
"""One of each among so many messages; all others have been delivered."""
_STATE_EVERY = 20_000


@dataclass(frozen=True, slots=True)
class Filled:
    """What to ask the pages for."""

    month: str
    item: str
    bank_serial: str
    account: str
    tail: str
    agreement: str
    batch: str
    middle_us: int


class Loader:
    """Rows into one table at a time: COPY where the database has it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
        """Each row with what is given; every other column that must be filled gets 0 or nothing."""
        blank = {c.name: _blank(c) for c in table.columns}
        names: list[str] | None = None
        chunk: list[tuple[Any, ...]] = []
        for row in rows:
            if names is None:
                given = {c.name for c in table.columns if not c.nullable} - {"id"} | set(row)
                names = [c.name for c in table.columns if c.name in given]
            chunk.append(tuple(row.get(name, blank[name]) for name in names))
            if len(chunk) == CHUNK:
                self._flush(table, names, chunk)
                chunk = []
        if chunk and names:
            self._flush(table, names, chunk)

    def _flush(self, table: sa.Table, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        with self._store.write() as tx:
            if self._store.is_sqlite:
                insert_of(table, *names).run(tx, rows)
                return
            raw: Any = tx.connection.driver_connection
            columns = ", ".join(f'"{name}"' for name in names)
            with raw.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)


def _blank(column: "sa.Column[Any]") -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, sa.Integer):
        return 0
    return b"" if isinstance(column.type, sa.LargeBinary) else ""


def fill(hub: Hub, messages: int) -> Filled:
    """Put everything; ``messages`` in all."""
    load, agreements = Loader(hub.store), max(90, messages // 200)
    banks = sorted(hub.office.banks)
    tokens = hub.vault.tokens
    accounts = [f"52279900{n:08d}" for n in range(agreements)]
    load.put(agreement, _agreements(tokens, banks, accounts))
    load.put(account_owner, (
        {"account_token": tokens.whole("account", a), "id_token": tokens.whole("id", f"D{a}"),
         "id_tail": tokens.tail("id", f"D{a}")} for a in accounts
    ))  # fmt: skip
    now_us = hub.office.now_us()
    with hub.store.write() as tx:
        policy_id = keep_policy(tx, read_policy(None), now_us)
        key = hub.vault.seal(tx, "due", "2025-01", b'[["L","A","N","D"]]')
        sealed = (key.key_id, key.blob)
    months = [f"2025-{n:02d}" for n in range(1, RUNS + 1)]
    year = _Year(hub, load, banks, agreements, now_us - _YEAR_US, messages, policy_id, sealed)
    for place, month in enumerate(months):
        year.month(place, month)
    year.rest()
    with hub.store.write() as tx:
        _finish(tx, hub, messages)
    hub.keeper.stage_end("filled")
    number = year.number(RUNS // 2, 1)
    return Filled(
        month=months[-1], item=number, bank_serial=f"S{number}", account=accounts[1],
        tail=accounts[1][-4:], agreement="A000000001", batch=year.batch(RUNS // 2, banks[1], 0),
        middle_us=now_us - _YEAR_US // 2,
    )  # fmt: skip


def _agreements(tokens: Any, banks: Sequence[str], accounts: list[str]) -> Iterator[dict[str, Any]]:
    for n, account in enumerate(accounts):
        yield {
            "id": n + 1, "number": f"A{n:09d}", "bank": banks[n % len(banks)],
            "loan_contract": f"L{n:09d}", "repay_token": tokens.whole("account", f"R{n}"),
            "repay_tail": tokens.tail("account", f"R{n:04d}"),
            "main_token": tokens.whole("account", account), "main_mask": f"****{account[-4:]}",
            "repay_mask": f"****{n % 10_000:04d}", "signed_on": 20240101, "state": "in_force",
        }  # fmt: skip


@dataclass(slots=True)
class _Year:
    """Twelve runs, each with its share of the messages."""

    hub: Hub
    load: Loader
    banks: Sequence[str]
    agreements: int
    from_us: int
    messages: int
    policy_id: int
    sealed: tuple[int, bytes]
    put: int = 0
    records: int = 0

    def number(self, place: int, n: int) -> str:
        """An item's."""
        return f"25{place + 1:02d}{n:016d}"

    def batch(self, place: int, bank: str, n: int) -> str:
        """A batch's."""
        return f"25{place + 1:02d}9{self.banks.index(bank)}{n:014d}"

    def at(self, number: int) -> int:
        """When a message was put."""
        return self.from_us + number * _YEAR_US // self.messages

    def month(self, place: int, month: str) -> None:
        """One run with all its rows."""
        run_id, at = place + 1, self.from_us + place * _YEAR_US // RUNS
        closed = place < RUNS - 1
        self.load.put(run, iter([{
            "id": run_id, "period": month, "state": "closed" if closed else "running",
            "policy_id": self.policy_id, "opened_us": at, "closed_us": at if closed else None,
        }]))  # fmt: skip
        self.load.put(wave, iter([{
            "id": run_id, "run_id": run_id, "number": 1, "state": "approved", "opened_us": at,
            "planned_us": at, "approved_us": at, "digest": f"{place:064d}",
        }]))  # fmt: skip
        lists = {bank: run_id * 100 + n for n, bank in enumerate(self.banks)}
        self._bank_rows(run_id, month, at, lists)
        first = self.records + 1
        self.load.put(due_record, self._records(lists))
        self.load.put(plan_line, self._lines(run_id, first))
        held, booked = self.put + 1, self.put + 2
        self._messages(self._special(place, month, lists))
        self.load.put(item, self._items(run_id, place, first, at, held, booked))
        self.load.put(result_seen, (
            {"id": first + n, "number": self.number(place, n), "status": "done", "fen": 100_000,
             "code": "0", "text": "ok", "came_by": "reply", "digest": "d", "times": 1,
             "first_us": at}
            for n in range(self.agreements)
        ))  # fmt: skip
        day = 20250009 + 100 * (place + 1)
        self.load.put(statement_entry, (
            {"id": first + n, "run_id": run_id, "bank": self._bank(n), "day": day,
             "serial": f"S{self.number(place, n)}", "kind": "credit",
             "number": self.number(place, n), "fen": 100_000, "counter_mask": "****0000"}
            for n in range(self.agreements)
        ))  # fmt: skip
        self.load.put(core_posting, (
            {"id": first + n, "run_id": run_id, "bank": self._bank(n),
             "serial": f"P{self.number(place, n)}", "number": self.number(place, n),
             "fen": 100_000, "booked_on": day}
            for n in range(self.agreements)
        ))  # fmt: skip
        share = self.messages * (place + 1) // RUNS
        self._messages(self._plain(place, month, share - self.put))

    def rest(self) -> None:
        """What the months have left over."""
        self._messages(self._plain(RUNS - 1, "2025-12", self.messages - self.put))

    def _bank(self, n: int) -> str:
        return self.banks[n % len(self.banks)]

    def _bank_rows(self, run_id: int, month: str, at: int, lists: dict[str, int]) -> None:
        count = self.agreements // len(self.banks)
        day = 20250009 + 100 * run_id
        self.load.put(leg, (
            {"run_id": run_id, "bank": bank, "interface": self._interface(bank),
             "wave_id": run_id, "due_list_id": lists[bank], "funded": 1}
            for bank in self.banks
        ))  # fmt: skip
        self.load.put(due_list, (
            {"id": number, "run_id": run_id, "bank": bank, "attempt": 1, "version": "v1",
             "state": "complete", "records": count, "fen": count * 100_000, "begun_us": at,
             "ended_us": at}
            for bank, number in lists.items()
        ))  # fmt: skip
        self.load.put(due_page, (
            {"due_list_id": number, "page_no": 1, "records": count, "key_id": self.sealed[0],
             "sealed": self.sealed[1]}
            for number in lists.values()
        ))  # fmt: skip
        self.load.put(statement_day, (
            {"run_id": run_id, "bank": bank, "day": day, "round": 1, "state": "read",
             "closed": 1, "asked_us": at, "read_us": at}
            for bank in self.banks
        ))  # fmt: skip

    def _records(self, lists: dict[str, int]) -> Iterator[dict[str, Any]]:
        for n in range(self.agreements):
            self.records += 1
            yield {
                "id": self.records, "due_list_id": lists[self._bank(n)], "page_no": 1,
                "loan_contract": f"L{n:09d}", "due_on": 20250120, "fen": 100_000,
            }  # fmt: skip

    def _lines(self, run_id: int, first: int) -> Iterator[dict[str, Any]]:
        for n in range(self.agreements):
            yield {
                "wave_id": run_id, "agreement_id": n + 1, "bank": self._bank(n),
                "number": f"A{n:09d}", "decision": "planned", "due_record_id": first + n,
                "due_on": 20250120, "due_fen": 100_000, "signed_on": 20240101,
            }  # fmt: skip

    def _items(
        self, run_id: int, place: int, first: int, at: int, held: int, booked: int
    ) -> Iterator[dict[str, Any]]:
        closed = place < RUNS - 1
        for n in range(self.agreements):
            number, bank = self.number(place, n), self._bank(n)
            of_bank = n // len(self.banks)
            unknown = not closed and n % 1000 == 0
            yield {
                "number": number, "run_id": run_id, "wave_id": run_id, "bank": bank,
                "agreement_id": n + 1, "try_no": 1, "live_key": f"{run_id}|{n}",
                "due_record_id": first + n, "due_fen": 100_000, "fen": 100_000,
                "main_fen": 100_000, "batch": self.batch(place, bank, of_bank // PER_BATCH),
                "row_no": of_bank % PER_BATCH, "was_held": 1, "was_instructed": 1,
                "held_us": at, "instructed_us": at, "hold_msg": held, "book_msg": booked,
                "state": "unknown" if unknown else "reconciled" if closed else "posted",
                "outcome": "UNKNOWN" if unknown else "SUCCEEDED",
                "was_posted": int(not unknown), "bank_serial": "" if unknown else f"S{number}",
                "result_us": None if unknown else at, "booked_us": None if unknown else at,
                "reconciled_us": at if closed else None,
            }  # fmt: skip

    def _special(
        self, place: int, month: str, lists: dict[str, int]
    ) -> Iterator[tuple[str, str, str]]:
        """(interface, kind, key) of the messages that stories name; the first two are the core's,
        and each batch has its row."""
        yield "core-reference", "core.hold", f"h{place}"
        yield "core-reference", "core.post", f"p{place}"
        for bank, number in lists.items():
            interface = self._interface(bank)
            yield interface, "bank.dues", f"{month}:{number}:1"
            yield interface, "bank.statement", f"{place + 1}:{20250109 + 100 * place}:1:1"
            size = -(-self.agreements // len(self.banks))
            numbers = [self.batch(place, bank, n) for n in range(-(-size // PER_BATCH))]
            before = self.put
            self.load.put(batch, (
                {"number": number, "run_id": place + 1, "bank": bank, "rows_count": PER_BATCH,
                 "message_id": before + 2 + n + 1, "state": "sent", "fen": 1, "asks": 1,
                 "next_ask_us": 2**62, "cut_us": 1}
                for n, number in enumerate(numbers)
            ))  # fmt: skip
            for each in numbers:
                yield interface, "bank.instruct", each
            yield interface, "bank.results", f"{numbers[0]}:1:0"

    def _plain(self, place: int, month: str, count: int) -> Iterator[tuple[str, str, str]]:
        names = [self._interface(bank) for bank in self.banks]
        for n in range(max(count, 0)):
            kind = _DONE_KINDS[n % len(_DONE_KINDS)]
            core = kind.startswith("core.")
            yield "core-reference" if core else names[n % len(names)], kind, f"{place:02d}x{n:016d}"

    def _interface(self, bank: str) -> str:
        return self.hub.office.banks[bank].interface

    def _messages(self, wanted: Iterator[tuple[str, str, str]]) -> None:
        """A chunk of messages at a time, each with its attempt, call and audit entry."""
        chunk: list[tuple[int, str, str, str]] = []
        for each in wanted:
            self.put += 1
            chunk.append((self.put, *each))
            if len(chunk) == CHUNK:
                self._chunk(chunk)
                chunk = []
        self._chunk(chunk)

    def _chunk(self, chunk: list[tuple[int, str, str, str]]) -> None:
        period = f"2025-{min(self.put * RUNS // self.messages, RUNS - 1) + 1:02d}"
        self.load.put(message, (self._message(period, *each) for each in chunk))
        self.load.put(attempt, (
            {"message_id": n, "try_no": 1, "epoch": 1, "holder": "h/1/x", "cause": "first",
             "started_us": self.at(n), "ended_us": self.at(n) + 2000, "verdict": "delivered"}
            for n, *_ in chunk
        ))  # fmt: skip
        blob = b"\x5a" * 80
        self.load.put(call, (
            {"message_id": n, "try_no": 1, "call_no": 1, "step": "call", "effect": 1,
             "target": "POST /", "started_us": self.at(n), "ended_us": self.at(n) + 1000,
             "status": 200, "outcome": "answered", "key_id": 1, "request": blob, "reply": blob}
            for n, *_ in chunk
        ))  # fmt: skip
        self.load.put(audit_entry, (
            {"id": n, "instant_us": self.at(n), "act": "bus.attempt", "actor": "hub",
             "subject": f"message:{n}", "detail": "{}", "seq": n, "chain": f"{n:064x}"}
            for n, *_ in chunk
        ))  # fmt: skip

    def _message(self, period: str, n: int, interface: str, kind: str, key: str) -> dict[str, Any]:
        state = "delivered"
        if n % _STATE_EVERY < len(_STATES) and n > _STATE_EVERY:
            state = _STATES[n % _STATE_EVERY]
        effect = {"bank.instruct": "money", "core.hold": "command", "core.post": "command"}
        return {
            "id": n, "interface": interface, "kind": kind, "msg_key": key,
            "effect": effect.get(kind, "read"), "state": state, "rung": "accepted",
            "msg_group": f"run:{period}", "subject": f"{kind} {key}", "vault_month": period,
            "contract_version": "1.0", "items": 500, "fen": 1, "try_no": 1, "tries": 1,
            "epoch": 1, "maybe_sent": 1, "cause": "first", "created_us": self.at(n),
            "queued_us": self.at(n), "ready_us": self.at(n) if state == "queued" else None,
            "ended_us": self.at(n) + 2000, "key_id": 1, "payload": b"\x5a" * 80,
        }  # fmt: skip


def _finish(tx: Connection, hub: Hub, messages: int) -> None:
    """The channels, the head of the chain, and what the planner wants to know of the tables."""
    ensure_identity(tx)
    tx.execute(sa.update(audit_head).values(seq=messages, chain=f"{messages:064x}"))
    for interface in (*(s.interface for s in hub.office.banks.values()), "core-reference"):
        tx.execute(sa.insert(channel).values(
            interface=interface, stopped=0, stopped_by="", stopped_why="", misses=0,
            rest_until_us=0,
        ))  # fmt: skip
    if not hub.store.is_sqlite:  # rows that came with their numbers did not count up
        tx.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('audit_entry', 'id'), max(id)) FROM audit_entry"
        )
    tx.exec_driver_sql("ANALYZE")
