"""Files the bank makes: results, due lists, statements; and how a rule spoils one."""

from collections.abc import Mapping, Sequence

from mocks.kit.bank.contract import Contract
from mocks.kit.faults import FaultKind, Hits
from mocks.kit.files import FileStore
from mocks.kit.fixed import FixedLayout, read_layout
from mocks.kit.storage import Storage

FOLDER, DONE = "out", "out/done"
SPOILT: Mapping[str, FaultKind] = {
    "wrong_trailer": FaultKind("文件的控制总笔数不对"),
    "wrong_digest": FaultKind("文件的摘要不对"),
    "short_record": FaultKind("文件的头一条记录少一个字节"),
    "mixed_ends": FaultKind("文件里 CRLF、LF 混用（摘要按实际字节）"),
    "other_name": FaultKind("结果文件放在下一个序号的名字之下，内容是原来的"),
    "changed_file": FaultKind("取走过的结果文件又放一次，同名而状态全是 2、金额差 1 分"),
}
"""Faults of a file the bank makes; they act on the message that tells its name."""
_DDL = """
CREATE TABLE IF NOT EXISTS result_file(
  batch TEXT PRIMARY KEY, turn INTEGER NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;
"""
Rows = Sequence[Mapping[str, str]]


class Outbox:
    """The folder the customer picks files up from."""

    def __init__(self, contract: Contract, storage: Storage, store: FileStore) -> None:
        self._layouts = {
            name: read_layout(contract.folder / one["file"])
            for name, one in contract.raw["layouts"].items()
        }
        self._storage = storage
        self._store = store
        storage.script(_DDL)

    @property
    def payments(self) -> FixedLayout:
        """The layout of the customer's own files."""
        return self._layouts["batch"]

    def result(self, org: str, batch: str, rows: Rows, hits: Hits) -> tuple[str, str]:
        """Turn and name of the last result file; a new turn begins when there is news."""
        stood = self._storage.row("SELECT turn,content FROM result_file WHERE batch=?", (batch,))
        turn, before = (0, b"") if stood is None else (int(stood[0]), bytes(stood[1]))
        content = self._result(org, batch, turn, rows)
        if content != before:
            turn += 1
            content = self._result(org, batch, turn, rows)
            self._storage.run(
                "INSERT INTO result_file(batch,turn,content) VALUES(?,?,?) ON CONFLICT(batch) "
                "DO UPDATE SET turn=excluded.turn,content=excluded.content",
                (batch, turn, content),
            )
        shown = turn + (hits.first("other_name") is not None)
        name = f"HKJG_{batch}_{shown:03d}.txt"
        if hits.first("changed_file") is not None:
            changed = [{**row, "STATE": "2", "AMOUNT": str(int(row["AMOUNT"]) + 1)} for row in rows]
            self._store.write(f"{FOLDER}/{name}", self._result(org, batch, turn, changed))
        elif self._store.read(f"{DONE}/{name}") is None:
            self._put(name, "result", content, hits)
        return f"{shown:03d}", name

    def dues(self, header: Mapping[str, str], rows: Rows, hits: Hits) -> str:
        """The name of one part of a due list."""
        part = int(header["PART"])
        name = f"YHMX_{header['MONTH']}_{header['VERSION']}_{part:04d}.txt"
        self._put(name, "dues", self._layouts["dues"].write(header, rows), hits)
        return name

    def statement(self, header: Mapping[str, str], rows: Rows, hits: Hits) -> str:
        """The name of one part of a day's statement; other content has another name."""
        content = self._layouts["statement"].write(header, rows)
        last = self._layouts["statement"].trailer_place("DIGEST")
        turn = content.rstrip()[-93:][last][:12].decode("ascii")
        name = f"ZHMX_{header['DATE']}_{int(header['PART']):04d}_{turn}.txt"
        self._put(name, "statement", content, hits)
        return name

    def reset(self) -> None:
        """Forget every result file."""
        self._storage.run("DELETE FROM result_file")

    def _result(self, org: str, batch: str, turn: int, rows: Rows) -> bytes:
        header = {"ORG_NO": org, "BATCH_NO": batch, "TURN": f"{turn:03d}"}
        return self._layouts["result"].write(header, rows)

    def _put(self, name: str, layout: str, content: bytes, hits: Hits) -> None:
        content = _spoilt(self._layouts[layout], content, hits)
        # Not written again as it is: somebody may be reading it.
        if self._store.read(f"{FOLDER}/{name}") != content:
            self._store.write(f"{FOLDER}/{name}", content)


def _spoilt(layout: FixedLayout, content: bytes, hits: Hits) -> bytes:
    lines = content.split(b"\r\n")
    if hits.first("wrong_trailer") is not None:
        lines[-2] = _changed(lines[-2], layout.trailer_place("TOTAL_NUM"))
    if hits.first("wrong_digest") is not None:
        lines[-2] = _changed(lines[-2], layout.trailer_place("DIGEST"))
    if hits.first("short_record") is not None:
        lines[0] = lines[0][:-1]
    if hits.first("mixed_ends") is not None:
        return layout.with_ends(lines[:-2], b"\n")
    return b"\r\n".join(lines)


def _changed(line: bytes, place: slice) -> bytes:
    """Another digit where the field ends."""
    last = line[place.stop - 1 : place.stop]
    return line[: place.stop - 1] + (b"1" if last != b"1" else b"2") + line[place.stop :]
