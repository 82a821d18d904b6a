"""Payment files: read when a notice names one, and only then."""

import re
from collections.abc import Mapping
from typing import Any

from mocks.banks.psbc.sheets import Sheet, SheetLayout
from mocks.kit import sm2
from mocks.kit.bank.desk import BankDesk
from mocks.kit.bank.orders import Order
from mocks.kit.bank.payments import Told
from mocks.kit.bank.said import Refused
from mocks.kit.bank.yuan import fen
from mocks.kit.faults import Hits
from mocks.kit.files import FileStore
from mocks.kit.xml import Unreadable

FOLDER, BAD = "upload", "upload/bad"
_NAME = re.compile(r"HCPAY_([0-9]{20})_([0-9a-f]{12})\.txt")


class Inbox:
    """The folder the customer puts files into; nobody looks there unasked."""

    def __init__(self, desk: BankDesk, store: FileStore, layout: SheetLayout) -> None:
        self._desk = desk
        self._store = store
        self._layout = layout

    def take(self, notice: Mapping[str, Any], hits: Hits) -> list[Told]:
        """The file that a notice (HC0201) names.  Raises Refused, CutOff."""
        self._desk.in_hours()
        told = notice["file"]
        named = _NAME.fullmatch(told["fileName"])
        if named is None or named[1] != notice["batchId"] or named[2] != told["fileSm3"][:12]:
            raise Refused("P0201", "文件名与批次、摘要不符")
        sheet = self._read(told)
        self._agrees(sheet, notice)
        orders = self._orders(sheet)
        return self._desk.take(
            notice["batchId"], orders, count=str(told["totalNum"]), fen=fen(told["totalAmt"]),
            hits=hits,
        )  # fmt: skip

    def _read(self, told: Mapping[str, Any]) -> Sheet:
        path = f"{FOLDER}/{told['fileName']}"
        content = self._store.read(path)
        if content is None:
            raise Refused("P0204", "没有这个文件")
        if len(content) != told["fileSize"] or sm2.sm3(content).hex() != told["fileSm3"]:
            # Out of the way, so that the right one can be put under the same name.
            self._store.local(path).replace(self._store.local(f"{BAD}/{told['fileName']}"))
            raise Refused("P0205", "大小或摘要与通知不符")
        try:
            return self._layout.read(content)
        except Unreadable as error:
            raise Refused("P0206", str(error)) from error

    def _agrees(self, sheet: Sheet, notice: Mapping[str, Any]) -> None:
        told, header = notice["file"], sheet.header
        names = ("batchId", "period", "payAcct", "payName")
        if any(header[name] != notice[name] for name in names):
            raise Refused("P0206", "头一行与通知不符")
        if not 0 < len(sheet.rows) <= self._desk.contract.limit("batch_rows"):
            raise Refused("P0206", "明细笔数超限")
        count, total = self._layout.totals(sheet.rows)
        wanted = (str(count), total)
        if (header["totalNum"], fen(header["totalAmt"])) != wanted:
            raise Refused("P0202", "头一行的合计与明细不符")
        if (str(told["totalNum"]), fen(told["totalAmt"])) != wanted:
            raise Refused("P0202", "通知的合计与文件不符")

    def _orders(self, sheet: Sheet) -> list[Order]:
        too_long = self._desk.contract.too_long
        for row in sheet.rows:
            wrong = [name for name, value in row.items() if too_long(name, value)]
            if wrong or not re.fullmatch("[0-9]{20}", row["orderNo"]):
                raise Refused("P0206", f"{wrong or ['orderNo']} 不符合域长或写法")
        if len({row["orderNo"] for row in sheet.rows}) != len(sheet.rows):
            raise Refused("P0206", "同一批里指令号重复")
        try:
            amounts = self._layout.amounts_of(sheet.rows)
        except Unreadable as error:
            raise Refused("P0206", str(error)) from error
        header = sheet.header
        return [
            Order(
                number=row["orderNo"], pay_account=header["payAcct"], pay_name=header["payName"],
                account=row["payeeAcct"], name=row["payeeName"], fen=amount,
                purpose=row["usage"], postscript=row["postscript"], summary="",
                loan=row["contractNo"],
            )
            for row, amount in zip(sheet.rows, amounts, strict=True)
        ]  # fmt: skip
