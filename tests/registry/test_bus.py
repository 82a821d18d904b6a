"""Applications as messages of the bus, to the mock core: once each, waiting where they must."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from hub.bus import Bus, Effect, Handler, Message, MessageState, NewMessage, Worker
from hub.bus.tables import message as messages
from hub.core import (
    APPLY,
    CANCEL,
    INQUIRE,
    PERSONS,
    ApplicationsLetter,
    ApplyHandler,
    CancelHandler,
    InquireHandler,
    NumbersLetter,
    PersonsHandler,
    PersonsLetter,
)
from hub.core import registry as registry_handlers
from hub.crypto import KeyRing
from hub.ports.registry import (
    ApplicationKind,
    ApplicationResult,
    FieldChange,
    PersonsAnswer,
    UnitChange,
)
from hub.store import Store
from hub.store.vault import Vault
from tests.bus.kit import QUICK, Book, wait_for
from tests.core.corekit import RICH, SEALED, item
from tests.registry.kit import INTERFACE, PAPER, UNIT, RegistryBench, withdrawal
from tests.tables import make_tables

W1, W2, W3 = (f"2025100000000000008{n}" for n in range(3))
KIND = ApplicationKind.WITHDRAWAL


@dataclass
class Desk:
    """A bus on its own database, and what was told of each application."""

    store: Store
    bus: Bus
    book: Book
    handlers: dict[str, Handler] = field(default_factory=dict)
    told: list[ApplicationResult] = field(default_factory=list)
    people: list[PersonsAnswer] = field(default_factory=list)

    def put(self, kind: str, key: str, letter: msgspec.Struct, effect: Effect) -> int:
        made = NewMessage(
            interface=INTERFACE, kind=kind, key=key, payload=msgspec.json.encode(letter),
            effect=effect, group="case:1", subject="试", month="2025-10", contract_version="1.0.0",
        )  # fmt: skip
        with self.store.write() as tx:
            return self.bus.put(tx, [made])[0]

    def apply(self, key: str, *numbers: str, account: str = RICH, name: str = "欧阳𠮷") -> int:
        rows = [withdrawal(number, account, name) for number in numbers]
        return self.put(APPLY, key, ApplicationsLetter.of(KIND, rows), Effect.COMMAND)

    def run(self, times: int = 1) -> None:
        worker = Worker(self.store, self.bus, self.handlers, self.book, 2)
        for _ in range(times):
            worker.run_once()

    def reasons(self, number: str) -> list[str]:
        return [one.reason for one in self.told if one.number == number]

    def states(self) -> list[str]:
        with self.store.read() as tx:
            return list(tx.scalars(sa.select(messages.c.state).order_by(messages.c.id)))

    def take(self, _tx: sa.Connection, _m: Message, said: tuple[ApplicationResult, ...]) -> None:
        self.told += said


@pytest.fixture
def desk(
    empty_store: Store, bench: RegistryBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.setattr(registry_handlers, "_AGAIN_S", 0.05)
    make_tables(empty_store, "audit_", "store_", "data_key", "bus_")
    bus = Bus(Vault(KeyRing.create(tmp_path / "keys")), {INTERFACE: QUICK})
    made = Desk(empty_store, bus, Book(core_registry=bench))
    made.handlers = {
        APPLY: ApplyHandler(made.take, bus, hold_again_s=0.01),
        CANCEL: CancelHandler(made.take, bus),
        INQUIRE: InquireHandler(made.take),
        PERSONS: PersonsHandler(lambda _tx, _letter, answer: made.people.append(answer)),
    }
    return made


def test_a_withdrawal_waits_while_an_offset_holds_the_money(
    desk: Desk, bench: RegistryBench
) -> None:
    held = item("20251000000000000019", (RICH, 500))
    assert bench.hand.command("hold", held) == [("0000", "01")]
    desk.apply("w1", W1)
    wait_for(lambda: (desk.run(), len(desk.told) >= 2)[1], 10)
    assert set(desk.reasons(W1)) == {"hold"}
    assert not any(one.settled for one in desk.told)
    assert bench.hand.money(RICH) == (1_000_000, 500)
    assert bench.hand.command("post", held) == [("0000", "02")]
    wait_for(lambda: (desk.run(), desk.told[-1].reason == "")[1], 10)
    assert desk.told[-1].state.value == "01"
    # From here on the core lets no offset touch the account.
    other = item("20251000000000000027", (RICH, 500))
    assert bench.hand.command("hold", other) == [("2008", "05")]
    assert [row["SQZT"] for row in bench.hand.csv("registry/applications")] == ["01"]


def test_the_end_is_told_with_principal_and_interest(desk: Desk, bench: RegistryBench) -> None:
    desk.apply("w1", W1)
    desk.run()
    for turn in range(3):  # each inquiry takes it a step further
        desk.put(INQUIRE, f"i{turn}", NumbersLetter(KIND.value, [W1]), Effect.READ)
        desk.run()
    last = desk.told[-1]
    assert (last.state.value, last.principal, last.settled) == ("03", 1_000_000, True)
    assert last.interest is not None
    assert last.interest > 0
    assert bench.hand.account(RICH)["GRZHZT"] == "05"
    assert bench.hand.money(RICH) == (0, 0)


def test_a_row_the_core_cannot_deal_with_holds_up_no_other(
    desk: Desk, bench: RegistryBench
) -> None:
    rule = {"code": "9101", "text": "单条处理失败"}
    bench.control("/faults", by="row", match={"code": "registry.withdrawal", "first": 1},
                  answer=rule)  # fmt: skip
    rows = [withdrawal(W1, RICH, "欧阳𠮷"), withdrawal(W2, SEALED, "潘䶮")]
    desk.put(APPLY, "w", ApplicationsLetter.of(KIND, rows), Effect.COMMAND)
    desk.run()
    assert [one.number for one in desk.told] == [W2]
    wait_for(lambda: (desk.run(), len(desk.told) == 2)[1], 10)
    assert {one.number: one.state.value for one in desk.told} == {W1: "01", W2: "01"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_settled_by_the_same_again(
    desk: Desk, bench: RegistryBench, when: str
) -> None:
    bench.control("/faults", match={"code": "registry.withdrawal", "first": 2}, fault="reset",
                  when=when)  # fmt: skip
    desk.apply("w1", W1)
    wait_for(lambda: (desk.run(), bool(desk.told))[1], 15)
    assert [(one.state.value, one.code) for one in desk.told] == [("01", "0000")]
    assert len(bench.hand.csv("registry/applications")) == 1
    assert desk.states() == [MessageState.DELIVERED]


def test_cancelled_before_it_arrives(desk: Desk) -> None:
    desk.put(CANCEL, "c", NumbersLetter(KIND.value, [W1]), Effect.COMMAND)
    desk.run()
    desk.apply("w1", W1)
    desk.run()
    assert [(one.state.value, one.reason) for one in desk.told] == [
        ("06", ""), ("06", "cancelled_before")
    ]  # fmt: skip


def test_a_conflict_tells_what_the_core_has(desk: Desk) -> None:
    change = UnitChange(W3, UNIT, (FieldChange("DWMC", "旧名", "新名"),))
    letter = ApplicationsLetter.of(ApplicationKind.UNIT_CHANGE, [change])
    desk.put(APPLY, "u", letter, Effect.COMMAND)
    desk.run()
    (one,) = desk.told
    assert (one.reason, [(c.name, c.old) for c in one.conflicts]) == (
        "old_value", [("DWMC", "都匀样例有限公司")]
    )  # fmt: skip


def test_people_by_their_papers(desk: Desk) -> None:
    letter = PersonsLetter(7, [("01", PAPER[:6] + PAPER[8:17])])
    desk.put(PERSONS, "p", letter, Effect.READ)
    desk.run()
    (answer,) = desk.people
    assert RICH in {one.number for one in answer.accounts}
    assert "欧阳" not in repr(answer)
