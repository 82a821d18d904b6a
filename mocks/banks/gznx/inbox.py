"""Payment files: taken when the customer says that one is ready, or by looking into the folder.

A file whose notice was lost is found by the look, as the contract promises; what was refused for
good stays refused.
"""

import re
import time
from collections.abc import Mapping, Sequence

from mocks.kit.bank.desk import BankDesk
from mocks.kit.bank.orders import Order
from mocks.kit.bank.payments import Told
from mocks.kit.bank.said import CutOff, Refused
from mocks.kit.faults import Hits
from mocks.kit.files import FileStore
from mocks.kit.fixed import FixedLayout, Sheet, WrongDigest, WrongTotals
from mocks.kit.xml import Unreadable

FOLDER = "in"
_NAME = re.compile(r"HKWJ_([0-9]{20})\.txt")
_LOOK_AFTER_S = 3.0
"""A file lies there so long before the bank looks by itself: the notice comes first, if it comes.
A real bank's minute would only make tests slow."""
_DDL = """
CREATE TABLE IF NOT EXISTS payment_file(name TEXT PRIMARY KEY, refused TEXT NOT NULL)
  WITHOUT ROWID;
"""


class Inbox:
    """The folder the customer puts files into."""

    def __init__(self, desk: BankDesk, store: FileStore, layout: FixedLayout) -> None:
        self._desk = desk
        self._store = store
        self._layout = layout
        self._storage = desk.books.storage
        self._storage.script(_DDL)
        self._since: dict[str, float] = {}

    def arrived(self, path: str) -> None:
        """A file has got its final name."""
        folder, _, name = path.strip("/").rpartition("/")
        if folder == FOLDER:
            self._since[name] = time.monotonic()

    def take(self, said: Mapping[str, str], hits: Hits) -> list[Told]:
        """The file that a notice (GX1010) names.  Raises Refused, CutOff."""
        name = said["FILE_NAME"]
        content = self._store.read(f"{FOLDER}/{name}")
        if content is None or len(content) != int(said["FILE_SIZE"]):
            raise Refused("E00118", "目录里没有这个文件")
        return self._taken(name, content, said, hits)

    def look(self) -> None:
        """Take what lies there unannounced, in the hours of payment."""
        now = time.monotonic()
        for name in self._store.names(FOLDER):
            if not _NAME.fullmatch(name) or now - self._since.get(name, 0.0) < _LOOK_AFTER_S:
                continue
            if self._stood(name) is not None:
                continue
            content = self._store.read(f"{FOLDER}/{name}")
            try:
                self._taken(name, content or b"", {}, Hits([], [], [], lambda _, __: False))
            except (Refused, CutOff):
                continue  # nobody is there to be told: the customer will ask

    def set_aside(self, name: str, code: str) -> None:
        """A file that a rule has the bank refuse is not found by the look either."""
        self._remember(name, code)

    def reset(self) -> None:
        """Forget every file."""
        self._storage.run("DELETE FROM payment_file")
        self._since.clear()

    def _taken(self, name: str, content: bytes, said: Mapping[str, str], hits: Hits) -> list[Told]:
        refused = self._stood(name)
        if refused:
            raise Refused(refused, "已拒绝")
        try:
            told = self._booked(name, content, said, hits)
        except CutOff:
            self._remember(name, "")
            raise
        except Refused as refusal:
            if self._desk.contract.final_refusal("return_code", refusal.code):
                self._remember(name, refusal.code)
            raise
        self._remember(name, "")
        return told

    def _booked(self, name: str, content: bytes, said: Mapping[str, str], hits: Hits) -> list[Told]:
        self._desk.in_hours()
        sheet = _read(self._layout, content)
        batch = sheet.header["BATCH_NO"]
        own = self._desk.books.clients.client
        if name != f"HKWJ_{batch}.txt" or sheet.header["ORG_NO"] != own["ORG_NO"]:
            raise Refused("E00117", "文件名、机构号与内容不符")
        totals = (sheet.trailer["TOTAL_NUM"], sheet.trailer["TOTAL_AMT"])
        if said and (int(said["TOTAL_NUM"]), int(said["TOTAL_AMT"])) != tuple(map(int, totals)):
            raise Refused("E00111", "通知与文件不符")
        if not 0 < len(sheet.details) <= self._desk.contract.limit("batch_rows"):
            raise Refused("E00117", "明细笔数超限")
        return self._desk.take(
            batch, _orders(sheet), count=totals[0], fen=int(totals[1]), hits=hits
        )

    def _stood(self, name: str) -> str | None:
        found: str | None = self._storage.value(
            "SELECT refused FROM payment_file WHERE name=?", (name,)
        )
        return found

    def _remember(self, name: str, refused: str) -> None:
        self._storage.run(
            "INSERT INTO payment_file(name,refused) VALUES(?,?) "
            "ON CONFLICT(name) DO UPDATE SET refused=excluded.refused",
            (name, refused),
        )


def _read(layout: FixedLayout, content: bytes) -> Sheet:
    try:
        return layout.read(content)
    except WrongTotals as error:
        raise Refused("E00111", str(error)) from error
    except WrongDigest as error:
        raise Refused("E00116", str(error)) from error
    except (Unreadable, ValueError) as error:
        raise Refused("E00117", str(error)) from error


def _orders(sheet: Sheet) -> Sequence[Order]:
    top = sheet.header
    return [
        Order(
            number=one["NUMBER"], pay_account=top["ACC_NO"], pay_name=top["ACC_NAME"],
            account=one["PAYEE_ACC"], name=one["PAYEE_NAME"], fen=_amount(one["AMOUNT"]),
            purpose=one["PURPOSE"], postscript=one["REMARK"], summary="", loan=one["LOAN_NO"],
        )
        for one in sheet.details
    ]  # fmt: skip


def _amount(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise Refused("E00117", "金额不是数字")
    return int(text)
