"""The core system's mock: gate, ledger and views behind one port.

``build(site)`` is what the kit calls; contracts_spec/core/reference says what goes over it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mocks.core.reference import codec
from mocks.core.reference.codec import Malformed
from mocks.core.reference.control import DAY_END, CoreControl
from mocks.core.reference.gate import Gate
from mocks.core.reference.ledger import Answer as ItemAnswer
from mocks.core.reference.ledger import Item, Ledger
from mocks.core.reference.load import digest, load
from mocks.core.reference.rules import Command, State
from mocks.core.reference.storage import Books
from mocks.core.reference.views import Views
from mocks.core.registry import codec as registry_codec
from mocks.core.registry import service as registry
from mocks.kit.faults import FaultKind, Hits
from mocks.kit.guard import MockRefusal
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.partner import Control, ControlError, Site

NO_OPERATION = "1007"
DAY_END_CODE = "9002"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAULTS = {
    "answer": FaultKind("以 answer: {code, text} 应答，什么都不记；按行时只拒这一条", rows=True),
    "omit": FaultKind("已处理，但应答里漏掉这一条", rows=True, calls=False),
    "twice": FaultKind("已处理，应答里这一条出现两次", rows=True, calls=False),
    "extra_field": FaultKind("应答里多出一个规范没有的字段"),
    "float_amount": FaultKind("账户金额写成带小数点的数（违反规范）"),
    "wrong_echo": FaultKind("应答的 QQLSH 不是请求的（张冠李戴）"),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request understood: its operation and content, or why not."""

    operation: str
    content: Any
    serial: str
    problem: Malformed | None


def build(site: Site) -> "CorePartner":
    """The partner, its books loaded from ``site.data`` if they were empty."""
    partner = CorePartner(site)
    partner.prepare()
    return partner


class CorePartner:
    """The centre's core system, as far as the hub meets it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._books = Books(site.storage)
        self._views = Views(self._books)
        self._ledger = Ledger(self._books, self._now_us)
        self._control = CoreControl(self._books, self._views, self._now_us)
        self._registry = registry.RegistryService(self._books, self._now_us, site.clock.now)
        self._gate = Gate(site.state / "keys", also=[site.state.parent / "core-registry"])

    def prepare(self) -> None:
        """Load the CSV files once; other files on loaded books are refused."""
        data, stands = self._site.data, self._site.loaded_digest
        if data is None:
            if stands is None:
                raise MockRefusal("核心挡板没有数据：用 --data 指明 persons.csv、units.csv 的目录")
            return
        offered = digest(data)
        if stands is None:
            with self._site.storage.write():
                load(self._books, data, self._now_us())
                self._registry.load(data)
                self._site.loaded(offered)
        elif stands != offered:
            raise MockRefusal("核心挡板里装的是另一份数据；换 --state，或先用控制接口 reset")

    def services(self) -> Mapping[str, "CorePartner"]:
        return {"api": self}

    def controls(self) -> Sequence[Control]:
        return (*self._control.routes(), *self._registry.controls())

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        return _FAULTS

    def reset(self) -> None:
        if self._site.data is None:
            raise ControlError("没有 --data，不能回到装载之后的状态", 409)
        environment = self._site.environment
        try:
            with self._site.storage.write():
                self._books.clear()
                self._registry.clear()
                self._site.notes.put("environment", environment)
                load(self._books, self._site.data, self._now_us())
                self._registry.load(self._site.data)
                self._site.loaded(digest(self._site.data))
        except MockRefusal as refusal:
            raise ControlError(str(refusal), 409) from refusal

    def describe(self, request: Request) -> Call:
        operation = _OPERATIONS.get(request.path, "")
        serial, content, problem = "0", None, None
        try:
            raw = codec.parse(request.body)
            serial = codec.serial(raw)
            if not operation or request.method != "POST":
                raise Malformed(f"没有 {request.method} {request.path}", NO_OPERATION)
            content = _READ[operation](raw)
        except Malformed as malformed:
            problem = malformed
        return Call(
            code=operation,
            trace="" if serial == "0" else serial,
            fields=_fields(content) or registry.fields(content),
            summary=_summary(content) or registry.summary(content),
            decoded=_Asked(operation, content, serial, problem),
        )

    def answer(self, request: Request, call: Call) -> Answer:
        asked, hits = call.decoded, call.hits
        if not isinstance(asked, _Asked) or hits is None:
            raise TypeError("a call that was not described")
        now = self._site.clock.now()
        said = hits.first("answer")
        try:
            self._gate.check(request, now)
            if asked.problem is not None:
                raise asked.problem
            if said is not None:
                code = str(said.answer.get("code", "9001"))
                raise Malformed(str(said.answer.get("text", "按规则应答")), code)
            if self._control.core_state() == DAY_END and asked.operation in _WRITES:
                raise Malformed("日终处理中，暂不受理", DAY_END_CODE)
            data = self._served(asked, hits, now)
        except Malformed as refusal:
            body = codec.write(refusal.code, str(refusal), asked.serial, now, {})
            return Answer(body, summary={"FHM": refusal.code, "FHXX": str(refusal)})
        return self._reply(asked, hits, now, data)

    def _served(self, asked: _Asked, hits: Hits, now: datetime) -> dict[str, object]:
        if asked.operation.startswith("registry.") and asked.operation != "registry.probe":
            return self._registry.do(asked.operation, asked.content, hits)
        return self._do(asked, hits, now)

    def _do(self, asked: _Asked, hits: Hits, now: datetime) -> dict[str, object]:
        match asked.operation:
            case "accounts":
                found = self._views.accounts(asked.content)
                return _floats(found) if hits.first("float_amount") else found
            case "postings":
                return self._views.postings(asked.content)
            case "holds":
                return self._views.holds(asked.content)
            case "changes":
                return self._views.changes(asked.content)
            case "probe" | "registry.probe":
                day = self._books.accounting_day() or f"{now:%Y%m%d}"
                return {"HXZT": self._control.core_state(), "KJRQ": day}
            case command:
                return {"MX": self._command(Command(command), asked.content, hits)}

    def _command(self, command: Command, items: Sequence[Item], hits: Hits) -> list[dict[str, str]]:
        if not hits.any_rows:
            return [_row(answer) for answer in self._ledger.run(command, items)]
        acting = {item.number: hits.on_row(_row_fields(item)) for item in items}
        said = {
            number: rule.answer
            for number, rules in acting.items()
            for rule in rules
            if rule.fault == "answer"
        }
        done = {
            answer.number: _row(answer)
            for answer in self._ledger.run(command, [i for i in items if i.number not in said])
        }
        rows: list[dict[str, str]] = []
        for item in items:
            row = done.get(item.number) or _said(item.number, said[item.number])
            kinds = {rule.fault for rule in acting[item.number]}
            rows.extend([row] * (0 if "omit" in kinds else 2 if "twice" in kinds else 1))
        return rows

    def _reply(self, asked: _Asked, hits: Hits, now: datetime, data: dict[str, object]) -> Answer:
        serial = "0" if hits.first("wrong_echo") else asked.serial
        if hits.first("extra_field"):
            data = {**data, "BZ": "规范里没有的字段"}
        body = codec.write("0000", "成功", serial, now, data)
        return Answer(body, summary={"FHM": "0000", **_counts(data)})

    def _now_us(self) -> int:
        return (self._site.clock.now().astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


_READ: Mapping[str, Callable[[dict[str, Any]], object]] = {
    **dict.fromkeys(codec.COMMANDS, codec.read_items),
    "accounts": codec.read_accounts,
    "postings": codec.read_page,
    "holds": codec.read_page,
    "changes": codec.read_changes,
    "probe": codec.read_probe,
    **registry.readers(),
}
_OPERATIONS = {**codec.OPERATIONS, **registry_codec.OPERATIONS}
_WRITES = {*codec.COMMANDS, *(f"registry.{name}" for name in registry_codec.WRITES)}
"""What the core does not do while its day-end runs."""


def _row(answer: ItemAnswer) -> dict[str, str]:
    return {
        "MXBH": answer.number,
        "FHM": answer.code,
        "FHXX": answer.text,
        "MXZT": answer.state.value,
    }


def _said(number: str, answer: Mapping[str, Any]) -> dict[str, str]:
    return {
        "MXBH": number,
        "FHM": str(answer.get("code", "9101")),
        "FHXX": str(answer.get("text", "按规则应答")),
        "MXZT": State.ABSENT.value,
    }


def _row_fields(item: Item) -> dict[str, str]:
    return {
        "MXBH": item.number,
        "QCNY": item.period,
        "YHJC": item.bank,
        "XYBH": item.agreement,
        "GRZH": item.payers[0][0],
    }


def _fields(content: object) -> dict[str, str]:
    match content:
        case [Item() as first, *_]:
            return _row_fields(first)
        case codec.PageAsked():
            return {"QCNY": content.period, "YHJC": content.bank}
        case _:
            return {}


def _summary(content: object) -> dict[str, object]:
    match content:
        case [Item() as first, *_] if isinstance(content, list):
            total = sum(item.total for item in content)
            return {"MXBH": first.number, "items": len(content), "fen": total}
        case [str(), *_] if isinstance(content, list):
            return {"accounts": len(content)}
        case codec.PageAsked():
            return {"QCNY": content.period, "YHJC": content.bank, "after": content.after}
        case codec.ChangesAsked():
            return {"after": content.after, "limit": content.limit}
        case _:
            return {}


def _counts(data: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {
        name: len(value) for name, value in data.items() if isinstance(value, list)
    }
    rows = data.get("MX") or data.get("SQ")
    if isinstance(rows, list):
        found["done"] = sum(row["FHM"] == "0000" for row in rows)
    return found


def _floats(found: dict[str, object]) -> dict[str, object]:
    listed = found["ZH"]
    if not isinstance(listed, list):
        raise TypeError("ZH is a list")
    money = ("GRZHYEFEN", "DJJEFEN", "ZYJEFEN")
    wrong = [{**row, **{name: row[name] / 1.0 for name in money}} for row in listed]
    return {**found, "ZH": wrong}
