"""The hub's boundaries, set around its public doors from outside."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from hub.app.hub import Hub
from hub.audit import lines
from hub.audit.lines import Checkpoint
from hub.audit.sealing import Sealer
from hub.bus import Bus, Delivery, Handler, Message
from hub.bus.values import Claim, NewMessage
from hub.store import Store
from tests.chaos.boundaries import CONDUCTOR, Boundary
from tests.chaos.scythe import Scythe
from tests.chaos.scythe_wires import Calls, wrap_wires

B = Boundary
_DURABLE = {
    "sqlite": {name: f"PRAGMA {name}" for name in ("journal_mode", "synchronous")},
    "postgresql": {
        name: f"SHOW {name}" for name in ("fsync", "synchronous_commit", "full_page_writes")
    },
}
_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(slots=True)
class _Doing:
    """What a thread's write transaction has done: kinds it touched and put, statements written."""

    kinds: set[str] = field(default_factory=set)
    put: set[str] = field(default_factory=set)
    writes: int = 0
    sealing: bool = False


class _Here(threading.local):
    """Per thread: its write transaction, whether it seals."""

    doing: _Doing | None = None
    sealing: bool = False


class _Hooks:
    """All wrappers; they share what each thread is doing."""

    def __init__(self, scythe: Scythe) -> None:
        self.scythe = scythe
        self.here = _Here()
        self.calls = Calls(scythe)
        self.told_settings = False

    def kinds(self, doing: _Doing) -> set[str]:
        """Message kinds of a transaction; the conductor's own when it puts none."""
        if doing.kinds or threading.current_thread().name != CONDUCTOR or not doing.writes:
            return doing.kinds
        return {CONDUCTOR}

    def before_commit(self, tx: Connection, doing: _Doing) -> None:
        if not self.told_settings:
            self.told_settings = True
            self.scythe.note({"settings": read_durability(tx)})
        if doing.sealing:
            if doing.writes > 1:
                self.scythe.passing(B.IN_SEALING, ["chain-not-committed"])
        else:
            self.scythe.passing(B.BEFORE_COMMIT, self.kinds(doing))

    def before_statement(self, connection: Connection, statement: str) -> None:
        """Between two writes: one is done, another is about to be."""
        doing = self.here.doing
        if doing is None or not connection.get_execution_options().get("hub_write"):
            return
        if not statement.lstrip().upper().startswith(_WRITES):
            return
        if doing.sealing:
            if doing.writes == 2 and "audit_head" in statement:
                self.scythe.passing(B.IN_SEALING, ["entries-not-head"])
        elif doing.writes:
            self.scythe.passing(B.IN_CHUNK, self.kinds(doing))
        doing.writes += 1


def read_durability(tx: Connection) -> dict[str, str]:
    """The settings that decide whether a commit is on disk, as this very connection has them."""
    return {
        name: str(tx.exec_driver_sql(query).scalar())
        for name, query in _DURABLE[tx.dialect.name].items()
    }


def wrap(scythe: Scythe) -> None:
    """Set all boundaries."""
    hooks = _Hooks(scythe)
    _wrap_store(hooks)
    _wrap_bus(hooks)
    wrap_wires(hooks.calls)
    _wrap_audit(hooks)


def _wrap_store(hooks: _Hooks) -> None:
    write = Store.write

    @contextmanager
    def writing(self: Store) -> Iterator[Connection]:
        doing = _Doing(sealing=hooks.here.sealing)
        hooks.here.doing = doing
        try:
            with write(self) as tx:
                yield tx
                hooks.before_commit(tx, doing)
        finally:
            hooks.here.doing = None
        hooks.scythe.passing(B.AFTER_COMMIT, doing.put)

    def before_statement(
        connection: Connection, _cursor: Any, statement: str, *_more: object
    ) -> None:
        hooks.before_statement(connection, statement)

    Store.write = writing  # type: ignore[method-assign]
    sa.event.listen(Engine, "before_cursor_execute", before_statement)


def _wrap_bus(hooks: _Hooks) -> None:
    put, claim, handlers = Bus.put, Bus.claim, Hub.handlers

    def putting(self: Bus, tx: Connection, messages: Sequence[NewMessage]) -> list[int]:
        if hooks.here.doing is not None:
            hooks.here.doing.kinds |= {one.kind for one in messages}
            hooks.here.doing.put |= {one.kind for one in messages}
        return put(self, tx, messages)

    def claiming(self: Bus, *args: Any, **named: Any) -> list[Claim]:
        claims = claim(self, *args, **named)
        if hooks.here.doing is not None:
            hooks.here.doing.kinds |= {one.message.kind for one in claims}
        return claims

    def handling(self: Hub) -> Mapping[str, Handler]:
        return {kind: _Handled(hooks, kind, one) for kind, one in handlers(self).items()}

    Bus.put = putting  # type: ignore[method-assign]
    Bus.claim = claiming  # type: ignore[method-assign]
    Hub.handlers = handling  # type: ignore[method-assign]


class _Handled:
    """A handler whose sending and taking in are seen."""

    def __init__(self, hooks: _Hooks, kind: str, inner: Handler) -> None:
        self._hooks, self._kind, self._inner = hooks, kind, inner

    def send(self, delivery: Delivery) -> Any:
        with self._hooks.calls.of(delivery.message):
            result = self._inner.send(delivery)
        whom = delivery.message.interface
        self._hooks.scythe.passing(B.AFTER_REPLY, [self._kind], partner=whom)
        return result

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._touch()
        self._inner.apply(tx, message, result)

    def refused(self, tx: Connection, message: Message, refusal: Any) -> None:
        self._touch()
        self._inner.refused(tx, message, refusal)

    def unknown(self, tx: Connection, message: Message) -> None:
        self._touch()
        self._inner.unknown(tx, message)

    def died(self, tx: Connection, message: Message) -> None:
        self._touch()
        self._inner.died(tx, message)

    def _touch(self) -> None:
        if self._hooks.here.doing is not None:
            self._hooks.here.doing.kinds.add(self._kind)


def _wrap_audit(hooks: _Hooks) -> None:
    seal, append, scythe = Sealer.seal, lines.append, hooks.scythe

    def sealing(self: Sealer, *args: Any, **named: Any) -> int:
        hooks.here.sealing = True
        try:
            return seal(self, *args, **named)
        finally:
            hooks.here.sealing = False

    def appending(folder: Path, checkpoint: Checkpoint) -> None:
        scythe.passing(B.IN_SEALING, ["mark-not-line"])
        scythe.passing(B.IN_SEALING, ["half-a-line"], lambda: _half(folder, checkpoint))
        append(folder, checkpoint)
        scythe.passing(B.IN_SEALING, ["line-out"])

    Sealer.seal = sealing  # type: ignore[method-assign]
    lines.append = appending


def _half(folder: Path, checkpoint: Checkpoint) -> None:
    """What a write cut off in the middle leaves."""
    files = sorted(folder.glob("checkpoints-*.jsonl"))
    if files:
        line = checkpoint.line()
        with files[-1].open("ab", buffering=0) as file:
            file.write(line[: len(line) // 2])
