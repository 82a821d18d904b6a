"""Applications at the core: taken, cancelled, looked at, and brought to their end.

A withdrawal goes 受理 → 审核 → 办结.  The core's people do that; here an inquiry takes it one step
further, unless the control plane says that steps are taken by hand.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mocks.core.registry import rules
from mocks.core.registry.codec import Asked, Numbers, Papers
from mocks.core.registry.deciding import Deciding, long_id
from mocks.core.registry.storage import Register

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_MANUAL = "registry_manual"
_RATE, _YEAR = 150, 360
"""一年期定期存款基准利率 1.50%, counted in 1/10000 over a year of 360 days."""

Answered = dict[str, Any]


class Desk:
    """One call is one transaction, durable when it returns."""

    def __init__(
        self, register: Register, now_us: Callable[[], int], now: Callable[[], datetime]
    ) -> None:
        self._register = register
        self._storage = register.storage
        self._deciding = Deciding(register)
        self._now_us = now_us
        self._now = now

    @property
    def manual(self) -> bool:
        """Whether steps are taken by the control plane alone."""
        return self._register.books.notes.get(_MANUAL) == "1"

    def set_manual(self, on: bool) -> None:
        """Steps by hand, or one with every inquiry."""
        self._register.books.notes.put(_MANUAL, "1" if on else "0")

    def apply(self, asked: Sequence[Asked]) -> list[Answered]:
        """One answer for each."""
        with self._storage.write():
            day, now_us = f"{self._day():%Y%m%d}", self._now_us()
            return [self._apply(one, day, now_us) for one in asked]

    def cancel(self, asked: Numbers) -> list[Answered]:
        """One answer for each."""
        with self._storage.write():
            return [self._cancel(number) for number in asked.numbers]

    def inquire(self, asked: Numbers) -> list[Answered]:
        """One answer for each; a withdrawal under way goes a step further afterwards."""
        with self._storage.write():
            said = [self._shown(number) for number in asked.numbers]
            if not self.manual:
                for number in asked.numbers:
                    self.step(number)
            return said

    def persons(self, asked: Papers) -> list[Answered]:
        """Every account of those people."""
        names = ("GRZH", "DWZH", "XingMing", "ZJLX", "ZJHM", "GRZHZT", "GRZHYEFEN", "DJJEFEN",
                 "ZYJEFEN")  # fmt: skip
        found: dict[str, Answered] = {}
        for kind, number in asked.papers:
            full = long_id(number, kind)
            short = full[:6] + full[8:17] if kind == "01" and len(full) == 18 else full
            for row in self._storage.each(
                "SELECT grzh, dwzh, xingming, zjlx, zjhm, grzhzt, balance, frozen, held"
                " FROM persons WHERE zjhm IN (?, ?, ?, ?) AND zjlx = ?",
                (number, full, full.lower(), short, kind),
            ):
                if long_id(row[4], kind) == full:
                    found[row[0]] = dict(zip(names, row, strict=True))
        return list(found.values())

    def unit_changed(self, dwzh: str) -> None:
        """Inside the caller's transaction."""
        self._deciding.touch("units", "dwzh", dwzh, self._now_us())

    # --- steps of the core's own people ---

    def step(self, number: str) -> None:
        """受理 → 审核 → 办结; it stays in review while money is on hold."""
        match self._standing(number):
            case rules.ACCEPTED, _:
                self._set(number, rules.REVIEW, rules.OK, {})
            case rules.REVIEW, grzh:
                self.finish(number, str(grzh))

    def finish(self, number: str, grzh: str) -> bool:
        """办结: pay out, and close unless only a part was asked for; False while money is on hold
        (the answer says so)."""
        balance, held, dwzh = self._storage.row(
            "SELECT balance, held, dwzh FROM persons WHERE grzh = ?", (grzh,)
        ) or (0, 0, "")
        if held:
            self._set(number, rules.REVIEW, rules.OK, {"ZTDC": "01"})
            return False
        day, part = self._day(), self._part(number)
        told = {"BJFEN": balance, "LXFEN": interest(balance, day), "BJRQ": f"{day:%Y%m%d}"}
        if part:
            told |= {"BJFEN": part, "LXFEN": 0}
            self._storage.run(
                "UPDATE persons SET balance = balance - ?, open_case = 0 WHERE grzh = ?",
                (part, grzh),
            )
        else:
            self._close(grzh, told["BJRQ"])
        self._deciding.touch("persons", "grzh", grzh, self._now_us())
        self._deciding.touch("units", "dwzh", dwzh, self._now_us())
        self._set(number, rules.DONE, rules.OK, told)
        return True

    def _close(self, grzh: str, day: str) -> None:
        self._storage.run(
            "UPDATE persons SET balance = 0, grzhzt = '05', open_case = 0 WHERE grzh = ?", (grzh,)
        )
        self._storage.run(
            "INSERT OR REPLACE INTO closed_on (grzh, xhrq) VALUES (?, ?)", (grzh, day)
        )

    def _part(self, number: str) -> int:
        """The amount asked for; 0 for all of it."""
        content = self._storage.value("SELECT content FROM applications WHERE sqbh=?", (number,))
        return int(json.loads(content)[1].get("TQJEFEN", 0))

    def refuse(self, number: str, grzh: str) -> None:
        """不予办理, after it was accepted."""
        self._free(grzh)
        self._set(number, rules.REFUSED, rules.OK, {})

    def _apply(self, asked: Asked, day: str, now_us: int) -> Answered:
        row = self._storage.row(
            "SELECT content, state, code FROM applications WHERE sqbh = ?", (asked.number,)
        )
        if row is None:
            return self._first(asked, day, now_us)
        content, state, code = row
        if content and content != asked.sameness():
            return self._answer(asked.number, rules.CONFLICT, state, {})
        move = rules.again(state, code)
        if move is None:
            raise ValueError(state)
        return self._shown(asked.number, move.code)

    def _first(self, asked: Asked, day: str, now_us: int) -> Answered:
        first = self._deciding.first(asked.kind, asked.content, day, now_us)
        if first.state is None:
            return self._answer(asked.number, first.code, rules.ABSENT, {})
        self._storage.run(
            "INSERT INTO applications (sqbh, kind, content, grzh, state, code, told)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (asked.number, asked.kind, asked.sameness(), first.account, first.state, first.code,
             json.dumps(first.told, ensure_ascii=False)),
        )  # fmt: skip
        return self._answer(asked.number, first.code, first.state, first.told)

    def _cancel(self, number: str) -> Answered:
        state, grzh = self._standing(number)
        move = rules.cancel(state)
        if move.to == rules.BARRED:
            self._storage.run(
                "INSERT INTO applications (sqbh, kind, content, grzh, state, code, told)"
                " VALUES (?, '', '', '', ?, ?, '{}')",
                (number, rules.BARRED, rules.OK),
            )
        elif move.to is not None:
            self._free(grzh)
            self._set(number, move.to, rules.OK, {})
        return self._shown(number, move.code)

    def _free(self, grzh: str) -> None:
        self._storage.run("UPDATE persons SET open_case = 0 WHERE grzh = ?", (grzh,))

    def _standing(self, number: str) -> tuple[str, str]:
        row = self._storage.row("SELECT state, grzh FROM applications WHERE sqbh = ?", (number,))
        return (rules.ABSENT, "") if row is None else (row[0], row[1])

    def _set(self, number: str, state: str, code: str, told: Answered) -> None:
        self._storage.run(
            "UPDATE applications SET state = ?, code = ?, told = ? WHERE sqbh = ?",
            (state, code, json.dumps(told, ensure_ascii=False), number),
        )

    def _shown(self, number: str, code: str = rules.OK) -> Answered:
        row = self._storage.row("SELECT state, told FROM applications WHERE sqbh = ?", (number,))
        state, told = (rules.ABSENT, "{}") if row is None else row
        return self._answer(number, code, state, json.loads(told))

    def _answer(self, number: str, code: str, state: str, told: Answered) -> Answered:
        return {"SQBH": number, "FHM": code, "FHXX": rules.TEXTS[code], "SQZT": state, **told}

    def _day(self) -> date:
        stands = self._register.books.accounting_day()
        today = self._now().astimezone(_SHANGHAI).date()
        return max(today, date.fromisoformat(stands)) if stands else today


def interest(balance: int, day: date) -> int:
    """分 since the last 30 June (结息), rounded down."""
    last = date(day.year if (day.month, day.day) > (6, 30) else day.year - 1, 6, 30)
    return balance * _RATE * ((day - last) // timedelta(days=1)) // (10_000 * _YEAR)
