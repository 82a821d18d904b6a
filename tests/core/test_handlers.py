"""Messages to the core through the bus: real databases, the real adapter, the mock."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from adapters.core.reference.adapter import ReferenceCore, build
from hub.bus import Bus, Effect, Handler, Message, MessageState, NewMessage, Worker
from hub.core import (
    ACCOUNTS,
    HOLDS,
    POSTINGS,
    AccountsHandler,
    AccountsLetter,
    CommandHandler,
    CommandsLetter,
    HoldsHandler,
    LedgerLetter,
    PostingsHandler,
    command_kind,
)
from hub.core import (
    handlers as core_handlers,
)
from hub.crypto.keyring import KeyRing
from hub.kernel.clocks import SystemClock
from hub.kernel.money import Fen
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.core import CommandKind, CommandResult, Payer
from hub.ports.line import Line
from hub.store import Store
from hub.store.vault import Vault
from hub.wire import CallRecorder, HttpPartner
from tests.bus.kit import QUICK, Book, wait_for
from tests.core.corekit import CONTRACT, KEY_ID, NOBODY, POOR, RICH, CoreMock, HandClient
from tests.tables import make_tables

INTERFACE = "core-reference"
N1, N2, N3 = (f"2025100000000000001{n}" for n in range(3))
HOLD, POST = CommandKind.HOLD, CommandKind.POST

ours = sa.MetaData()  # the hub's own tables are the hub's alone
taken = sa.Table(
    "test_core_taken",
    ours,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("number", sa.String(32)),
    sa.Column("said", sa.String(64)),
)


@dataclass
class CorePartner:
    """OpenPartner over the mock's socket."""

    http: HttpPartner
    port: ReferenceCore
    timeout_s: float = 1.0
    lease_s: float = 10.0
    concurrency: int = 2
    contract_version: str = "1.0.0"

    def open_line(self, recorder: CallRecorder) -> Line:
        return self.http.open_line(recorder)


@dataclass
class Rig:
    store: Store
    bus: Bus
    book: Any
    handlers: dict[str, Handler] = field(default_factory=dict)
    answers: list[Any] = field(default_factory=list)

    def put(self, kind: str, key: str, letter: msgspec.Struct, effect: Effect) -> int:
        items = len(getattr(letter, "rows", []))
        message = NewMessage(
            interface=INTERFACE, kind=kind, key=key, payload=msgspec.json.encode(letter),
            effect=effect, group="run:2025-10", subject=f"试 {items} 笔", month="2025-10",
            contract_version="1.0.0", items=items, fen=getattr(letter, "fen", 0),
        )  # fmt: skip
        with self.store.write() as tx:
            return self.bus.put(tx, [message])[0]

    def order(self, kind: CommandKind, key: str, *rows: tuple[str, int]) -> int:
        letter = CommandsLetter(
            "2025-10",
            "ICBC",
            "2025-10-10",
            [(number, "DC1", (Payer(RICH, Fen(fen)),)) for number, fen in rows],
        )
        return self.put(command_kind(kind), key, letter, Effect.COMMAND)

    def run(self) -> None:
        worker = Worker(self.store, self.bus, self.handlers, self.book, 2)
        wait_for(lambda: not worker.run_once() and not self._open(), 15)

    def _open(self) -> bool:
        return any(
            one.state in (MessageState.QUEUED, MessageState.WAITING, MessageState.IN_FLIGHT)
            for one in self.messages()
        )

    def messages(self) -> list[Message]:
        from hub.bus.tables import message  # noqa: PLC0415

        with self.store.read() as tx:
            numbers = list(tx.scalars(sa.select(message.c.id).order_by(message.c.id)))
            return [self.bus.message(tx, number) for number in numbers]

    def take(self, tx: sa.Connection, message: Message, results: tuple[CommandResult, ...]) -> None:
        for one in results:
            said = "done" if one.done else one.reason
            tx.execute(sa.insert(taken).values(message_id=message.id, number=one.number, said=said))

    def said(self) -> list[tuple[int, str, str]]:
        wanted = sa.select(taken.c.message_id, taken.c.number, taken.c.said).order_by(taken.c.id)
        with self.store.read() as tx:
            return [(row.message_id, row.number, row.said) for row in tx.execute(wanted)]


@pytest.fixture
def rig(
    empty_store: Store, core_mock: CoreMock, core: HandClient, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rig]:  # fmt: skip
    monkeypatch.setattr(core_handlers, "_AGAIN_S", 0.05)
    make_tables(empty_store, "audit_", "store_", "data_key", "bus_")
    ours.create_all(empty_store.engine)
    bus = Bus(Vault(KeyRing.create(tmp_path / "keys")), {INTERFACE: QUICK})
    key = Secret(core_mock.key_file.read_text(encoding="ascii"))
    context = AdapterContext(
        INTERFACE, CONTRACT, {"key_id": KEY_ID}, {"sign_key": key}, SystemClock()
    )
    with HttpPartner({"api": core_mock.ports["api"]}, timeout_s=1.0) as http:
        partner: Any = CorePartner(http, build(context))
        made = Rig(empty_store, bus, Book(core_reference=partner))

        def answer(_tx: sa.Connection, letter: Any, value: Any) -> None:
            made.answers.append((letter, value))

        def gave_up(_tx: sa.Connection, letter: Any) -> None:
            made.answers.append((letter, "gave up"))

        made.handlers = {
            **{command_kind(k): CommandHandler(k, made.take, bus) for k in CommandKind},
            ACCOUNTS: AccountsHandler(answer),
            POSTINGS: PostingsHandler(answer, bus, gave_up),
            HOLDS: HoldsHandler(answer, bus, gave_up),
        }
        yield made


def test_done_and_refused_are_taken_once(rig: Rig, core: HandClient) -> None:
    number = rig.order(HOLD, "h1", (N1, 5), (N2, 2_000_000))
    rig.run()
    assert rig.said() == [(number, N1, "done"), (number, N2, "balance")]
    assert [one.state for one in rig.messages()] == [MessageState.DELIVERED]
    assert core.money(RICH) == (1_000_000, 5)


def test_a_lost_answer_is_settled_by_the_same_again(rig: Rig, core: HandClient) -> None:
    rig.order(HOLD, "h1", (N1, 5))
    rig.run()
    core.control("POST", "/faults", fault="reset", match={"code": "post", "first": 2})
    number = rig.order(POST, "p1", (N1, 5))
    rig.run()
    assert [one for one in rig.said() if one[0] == number] == [(number, N1, "done")]
    assert rig.messages()[-1].try_no == 3
    assert len(core.csv("postings")) == 1


def test_what_is_left_open_goes_on_alone(rig: Rig, core: HandClient) -> None:
    open_row = {"by": "row", "match": {"where": {"MXBH": N2}, "first": 2}}
    core.control("POST", "/faults", answer={"code": "9101"}, **open_row)
    first = rig.order(HOLD, "h1", (N1, 5), (N2, 6), (N3, 7))
    rig.run()
    messages = rig.messages()
    assert [(one.key, one.items, one.fen) for one in messages] == [
        ("h1", 3, 18), (f"h1~{first}", 1, 6)
    ]  # fmt: skip
    assert all(one.state is MessageState.DELIVERED for one in messages)
    assert messages[1].subject == "1 笔再送：试 3 笔"
    assert rig.said() == [
        (first, N1, "done"), (first, N3, "done"), (messages[1].id, N2, "done")
    ]  # fmt: skip
    assert messages[1].try_no == 2, "alone and still open: the message itself waits and repeats"
    assert core.money(RICH) == (1_000_000, 18)


def test_an_unknown_code_never_counts_as_refused(rig: Rig, core: HandClient) -> None:
    core.control(
        "POST", "/faults", by="row", match={"first": 1}, answer={"code": "2999", "text": "新"}
    )
    rig.order(HOLD, "h1", (N1, 5), (N2, 6))
    rig.run()
    assert sorted(said for _, _, said in rig.said()) == ["done", "done"]


def test_a_refused_signature_waits_for_its_repair(rig: Rig, core: HandClient) -> None:
    core.control("POST", "/faults", match={"first": 2}, answer={"code": "1001", "text": "签名不符"})
    rig.order(HOLD, "h1", (N1, 5))
    rig.run()
    (message,) = rig.messages()
    assert (message.state, message.try_no) == (MessageState.DELIVERED, 3)


def test_a_malformed_request_is_rejected_and_concludes_nothing(rig: Rig, core: HandClient) -> None:
    core.control("POST", "/faults", match={"first": 1}, answer={"code": "1004"})
    rig.order(HOLD, "h1", (N1, 5))
    rig.run()
    assert [one.state for one in rig.messages()] == [MessageState.REJECTED]
    assert rig.said() == []


def test_reads(rig: Rig, core: HandClient) -> None:
    rig.order(HOLD, "h1", (N1, 5), (N2, 6))
    rig.run()
    rig.order(POST, "p1", (N1, 5))
    rig.run()
    read = partial(rig.put, effect=Effect.READ)
    read(ACCOUNTS, "a1", AccountsLetter(7, [RICH, NOBODY, POOR]))
    read(POSTINGS, "s1", LedgerLetter(8, 1, "2025-10", "ICBC", 1, None))
    read(HOLDS, "l1", LedgerLetter(9, 1, "2025-10", "ICBC", 1, None))
    rig.run()
    found = {letter.reference: value for letter, value in rig.answers}
    assert [(one.number, one.balance, one.held) for one in found[7].accounts] == [
        (RICH, 999_995, 6), (POOR, 50_000, 0)
    ]  # fmt: skip
    assert [(one.number, one.amount) for one in found[8].postings] == [(N1, 5)]
    assert [(one.number, one.amount) for one in found[9].holds] == [(N2, 6)]
