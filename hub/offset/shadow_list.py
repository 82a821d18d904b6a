"""The list that today's scripts made (影子月): read from CSV, GBK or UTF-8, with errors by line."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from hub.kernel.errors import BadInput
from hub.kernel.money import Fen, parse_yuan

COLUMNS = {
    "XYBH": "XYBH", "协议编号": "XYBH", "YHJC": "YHJC", "银行": "YHJC",
    "JKHTBH": "JKHTBH", "借款合同编号": "JKHTBH", "借款合同号": "JKHTBH",
    "HKZH": "HKZH", "还款账号": "HKZH", "amount": "amount", "划款金额": "amount", "金额": "amount",
    "main": "main", "主借款人金额": "main", "spouse": "spouse", "配偶金额": "spouse",
}  # fmt: skip
"""A column's names → its own.  Others are left alone."""
_SHOWN = 10


class BadShadowList(BadInput):
    """The list to compare with cannot be used."""

    code = "shadow.bad_list"
    hint = "docs/how-to/shadow-month.md says which columns it needs; nothing was compared."


@dataclass(frozen=True, slots=True)
class Theirs:
    """One row.  ``agreement``, or ``loan`` with ``account``; ``split`` (main, spouse) in 分 where
    the list has both columns; ``bank`` may be empty."""

    line: int
    agreement: str
    bank: str
    loan: str
    account: str
    fen: Fen
    split: tuple[Fen, Fen] | None

    @property
    def name(self) -> str:
        """For people, without the account: the agreement, else the loan."""
        return self.agreement or self.loan


def read_shadow_list(path: Path) -> list[Theirs]:
    """Every row of the list.  Raises BadShadowList, with the first flaws by line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadShadowList(f"{path.name}: {error.strerror}") from None
    reader = csv.reader(io.StringIO(_text(path, raw), newline=""), strict=True)
    rows: list[Theirs] = []
    flaws: list[str] = []
    seen: dict[tuple[str, ...], int] = {}
    try:
        header = _header(path, next(reader, []))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            try:
                one = _row(reader.line_num, dict(zip(header, cells, strict=True)))
                before = seen.setdefault(_key(one), one.line)
                if before != one.line:
                    raise ValueError(f"is about the same as line {before}")
                rows.append(one)
            except ValueError as error:
                flaws.append(f"line {reader.line_num}: {_said(error)}")
    except csv.Error as error:
        flaws.append(f"line {reader.line_num}: {error}")
    if flaws:
        more = f"; and {len(flaws) - _SHOWN} more" if len(flaws) > _SHOWN else ""
        raise BadShadowList(f"{path.name}: {'; '.join(flaws[:_SHOWN])}{more}")
    if not rows:
        raise BadShadowList(f"{path.name} holds no row")
    return rows


def _text(path: Path, raw: bytes) -> str:
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    raise BadShadowList(f"{path.name} is neither UTF-8 nor GBK")


def _header(path: Path, cells: list[str]) -> list[str]:
    names = [COLUMNS.get(cell.strip(), f"?{place}") for place, cell in enumerate(cells)]
    known = [name for name in names if not name.startswith("?")]
    if len(known) != len(set(known)):
        raise BadShadowList(f"{path.name}: a column stands twice")
    if "amount" not in known or not ("XYBH" in known or {"JKHTBH", "HKZH"} <= set(known)):
        raise BadShadowList(
            f"{path.name}: needs the columns amount and XYBH, or amount, JKHTBH and HKZH"
        )
    return names


def _row(line: int, cells: dict[str, str]) -> Theirs:
    said = {name: value.strip() for name, value in cells.items()}
    one = Theirs(
        line=line, agreement=said.get("XYBH", ""), bank=said.get("YHJC", "").upper(),
        loan=said.get("JKHTBH", ""), account=said.get("HKZH", ""),
        fen=_fen("amount", said["amount"]), split=_split(said),
    )  # fmt: skip
    if not one.agreement and not (one.loan and one.account):
        raise ValueError("names neither an agreement nor loan and account")
    if one.split is not None and sum(one.split) != one.fen:
        raise ValueError("main and spouse do not add up to the amount")
    return one


def _split(said: dict[str, str]) -> tuple[Fen, Fen] | None:
    if not ("main" in said and "spouse" in said) or not (said["main"] or said["spouse"]):
        return None
    return _fen("main", said["main"] or "0"), _fen("spouse", said["spouse"] or "0")


def _fen(column: str, text: str) -> Fen:
    try:
        fen = parse_yuan(text)
    except (ValueError, BadInput):
        raise ValueError(f"{column} is no amount in yuan") from None
    if fen < 0:
        raise ValueError(f"{column} is negative")
    return fen


def _said(error: ValueError) -> str:
    return "has another number of cells than the header" if "zip()" in str(error) else str(error)


def _key(one: Theirs) -> tuple[str, ...]:
    return (one.agreement,) if one.agreement else (one.bank, one.loan, one.account)
