"""The part of the control plane that every bank has: its books shown, minds changed, faults of
the ledger planted."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from mocks.kit.bank.book import LoanBook
from mocks.kit.bank.ledger import (
    CREDIT,
    IN,
    OTHER,
    OUT,
    RETURN,
    SHAPES,
    Coming,
    Entry,
    Ledger,
)
from mocks.kit.bank.orders import minds
from mocks.kit.bank.payments import Payments
from mocks.kit.clock import MockClock
from mocks.kit.messages import Answer
from mocks.kit.partner import Control, ControlCall, ControlError, answer_csv, answer_json


class BankControls:
    """``catch_up`` books what became due; called before anything is shown."""

    def __init__(
        self,
        book: LoanBook,
        ledger: Ledger,
        payments: Payments,
        clock: MockClock,
        catch_up: Callable[[], None],
    ) -> None:
        self._book = book
        self._ledger = ledger
        self._payments = payments
        self._clock = clock
        self._catch_up = catch_up

    def routes(self) -> Sequence[Control]:
        """Every bank's routes."""
        return (
            Control("GET", "/credits.csv", "账户全部分录：入账、退票、冲正、其他", self._credits),
            Control("GET", "/batches.csv", "收到过的批次：批次号、行序、指令号", self._batches),
            Control("GET", "/totals", "各类分录的笔数与金额（分）", self._totals),
            Control("GET", "/balance", "划款账户余额（分）", self._balance),
            Control("POST", "/balance", '设余额 {"fen": 0}', self._set_balance),
            Control("GET", "/instructions/{number}", "银行怎样看一条指令", self._instruction),
            Control("GET", "/rows/{JKHTBH}", "一笔贷款在账上的样子，含 KKJG", self._row),
            Control("POST", "/rows/{JKHTBH}", '改 KKJG {"KKJG": "1001"}', self._set_row),
            Control("POST", "/returns", "退回一笔：number，day，shape 退票|冲正，with_number",
                    self._return),
            Control("POST", "/plant", "造差异：shape unordered|missing|off|doubled|back",
                    self._plant),
        )  # fmt: skip

    def _credits(self, _: ControlCall) -> Answer:
        self._catch_up()
        return answer_csv(self._ledger.export())

    def _batches(self, _: ControlCall) -> Answer:
        return answer_csv(self._payments.export_batches())

    def _totals(self, _: ControlCall) -> Answer:
        self._catch_up()
        return answer_json(self._ledger.totals())

    def _balance(self, _: ControlCall) -> Answer:
        self._catch_up()
        return answer_json({"fen": self._ledger.balance()})

    def _set_balance(self, call: ControlCall) -> Answer:
        self._ledger.set_balance(_integer(call, "fen"))
        return self._balance(call)

    def _instruction(self, call: ControlCall) -> Answer:
        held = self._payments.known(call.parts["number"])
        if held is None:
            raise ControlError(f"没有指令 {call.parts['number']}", 404)
        names = (
            "number",
            "batch",
            "loan",
            "fen",
            "credited",
            "verdict",
            "reason",
            "shape",
            "asked",
        )
        return answer_json({name: getattr(held, name) for name in (*names, "serial")})

    def _row(self, call: ControlCall) -> Answer:
        number = call.parts["JKHTBH"]
        found = self._book.find([number]).get(number, [])
        if not found:
            raise ControlError(f"没有借款合同 {number}", 404)
        return answer_json(
            {"rows": [{"JKHTBH": one.contract, "DKZT": one.state, "KKJG": one.mind}
                      for one in found]}
        )  # fmt: skip

    def _set_row(self, call: ControlCall) -> Answer:
        mind = str(call.body.get("KKJG", ""))
        if mind not in minds():
            raise ControlError(f"KKJG 只能是 {'、'.join(minds())}")
        if self._book.set_mind(call.parts["JKHTBH"], mind) == 0:
            raise ControlError(f"没有借款合同 {call.parts['JKHTBH']}", 404)
        return self._row(call)

    def _return(self, call: ControlCall) -> Answer:
        shape = SHAPES.get(str(call.body.get("shape", "退票")))
        if shape is None:
            raise ControlError("shape 只能是 退票 或 冲正")
        day = call.body.get("day")
        coming = Coming(
            number=str(call.body["number"]),
            day=self._clock.today() if day is None else date.fromisoformat(str(day)),
            kind=shape,
            with_number=bool(call.body.get("with_number", True)),
        )
        self._ledger.plan_return(coming)
        self._catch_up()
        return answer_json({"number": coming.number, "day": coming.day.isoformat()}, 201)

    def _plant(self, call: ControlCall) -> Answer:
        self._catch_up()
        shape, number = call.body.get("shape"), str(call.body.get("number", ""))
        done: dict[str, Any]
        match shape:
            case "unordered":
                done = {"serial": self._ledger.plant(_entry(call, number))}
            case "back":
                done = {"serial": self._ledger.plant(_back(call, number))}
            case "missing":
                done = {"changed": self._ledger.forget(number)}
            case "off":
                done = {"changed": self._ledger.shift(number, _integer(call, "fen"))}
            case "doubled":
                done = {"serial": self._ledger.double(number)}
            case _:
                raise ControlError("shape 只能是 unordered、missing、off、doubled、back")
        if done.get("changed") == 0:
            raise ControlError(f"没有指令 {number} 的入账", 404)
        return answer_json(done, 201)


def _entry(call: ControlCall, number: str) -> Entry:
    kind = OTHER if call.body.get("kind") == "other" else CREDIT
    return Entry(
        kind=kind, side=OUT, fen=_integer(call, "fen"), number=number, batch="", loan="",
        account=str(call.body.get("account", "6222000000000000000")),
        name=str(call.body.get("name", "无名")), postscript=number, summary="", purpose="",
    )  # fmt: skip


def _back(call: ControlCall, number: str) -> Entry:
    """Money that comes back as it pleases: part of a credit, or with no number."""
    return Entry(
        kind=RETURN, side=IN, fen=_integer(call, "fen"), number=number, batch="", loan="",
        account=str(call.body.get("account", "6222000000000000000")),
        name=str(call.body.get("name", "无名")), postscript=number, summary="退票", purpose="",
    )  # fmt: skip


def _integer(call: ControlCall, name: str) -> int:
    value = call.body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ControlError(f"{name} 必须是整数（分）")
    return value
