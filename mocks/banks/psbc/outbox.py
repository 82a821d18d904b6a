"""Files the bank makes: results, due lists, statements; and how a rule spoils one, or what is
told of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mocks.banks.psbc.sheets import Row, SheetLayout
from mocks.kit import sm2
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.yuan import yuan
from mocks.kit.faults import FaultKind, Hits
from mocks.kit.files import FileStore
from mocks.kit.storage import Storage

FOLDER = "download"
SPOILT: Mapping[str, FaultKind] = {
    "told_size": FaultKind("应答里的 fileSize 与文件不符"),
    "told_digest": FaultKind("应答里的 fileSm3 与文件不符"),
    "told_count": FaultKind("应答里的 totalNum 与文件不符"),
    "told_sum": FaultKind("应答里的 totalAmt 与文件不符"),
    "wrong_header": FaultKind("文件头一行的笔数比明细多一"),
    "short_row": FaultKind("文件的末一行少一列"),
    "more_columns": FaultKind("文件多一列，规范里没有"),
    "other_name": FaultKind("结果文件放在下一个序号的名字之下，内容是原来的"),
    "changed_file": FaultKind("应答之后结果文件换了内容：状态全是 S、金额 0.01"),
    "not_ready": FaultKind("文件正在生成（P0209）"),
}
"""Faults of a file the bank makes; they act on the message that tells of it."""
_DDL = """
CREATE TABLE IF NOT EXISTS result_file(
  batch TEXT PRIMARY KEY, turn INTEGER NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID;
"""
Rows = Sequence[Row]


class Outbox:
    """The folder the customer fetches files from."""

    def __init__(self, contract: Contract, storage: Storage, store: FileStore) -> None:
        files: Mapping[str, Any] = contract.raw["files"]
        self._layouts = {kind: SheetLayout(raw) for kind, raw in files.items()}
        self._storage = storage
        self._store = store
        storage.script(_DDL)

    @property
    def payments(self) -> SheetLayout:
        """The layout of the customer's own files."""
        return self._layouts["batch"]

    def result(self, batch: str, rows: Rows, hits: Hits) -> tuple[str, dict[str, Any]]:
        """Turn of the last result file, and what to tell of it; news begin a new turn."""
        digest = sm2.sm3(repr([sorted(row.items()) for row in rows]).encode())
        stood = self._storage.row("SELECT turn,digest FROM result_file WHERE batch=?", (batch,))
        turn = 0 if stood is None else int(stood[0])
        if stood is None or bytes(stood[1]) != digest:
            turn += 1
            self._storage.run(
                "INSERT INTO result_file(batch,turn,digest) VALUES(?,?,?) ON CONFLICT(batch) "
                "DO UPDATE SET turn=excluded.turn,digest=excluded.digest",
                (batch, turn, digest),
            )
        named = f"{turn + (hits.first('other_name') is not None):04d}"
        header = {"batchId": batch, "turn": f"{turn:04d}"}
        told = self._put(f"HCRES_{batch}_{named}.txt", "result", header, rows, hits)
        if hits.first("changed_file") is not None:
            changed = [{**row, "state": "S", "amt": "0.01"} for row in rows]
            content, _ = self._made("result", header, changed, hits)
            self._store.write(f"{FOLDER}/{told['fileName']}", content)
        return named, told

    def dues(self, header: Mapping[str, str], rows: Rows, hits: Hits) -> dict[str, Any]:
        """What to tell of one part of a due list."""
        name = f"HCDUE_{header['period']}_{header['version']}_{header['pageNo']}.txt"
        return self._put(name, "dues", header, rows, hits)

    def statement(self, header: Mapping[str, str], rows: Rows, hits: Hits) -> dict[str, Any]:
        """What to tell of one part of a day's statement; other content has another name."""
        name = f"HCACC_{header['bookDate']}_{header['pageNo']}_{{digest}}.txt"
        return self._put(name, "statement", header, rows, hits)

    def reset(self) -> None:
        """Forget every result file."""
        self._storage.run("DELETE FROM result_file")

    def _put(
        self, name: str, kind: str, header: Mapping[str, str], rows: Rows, hits: Hits
    ) -> dict[str, Any]:
        content, (count, total) = self._made(kind, header, rows, hits)
        digest = sm2.sm3(content).hex()
        name = name.replace("{digest}", digest[:12])
        # Not written again as it is: somebody may be reading it.
        if self._store.read(f"{FOLDER}/{name}") != content:
            self._store.write(f"{FOLDER}/{name}", content)
        told: dict[str, Any] = {
            "fileName": name, "fileSize": len(content), "fileSm3": digest, "totalNum": count,
            "totalAmt": yuan(str(total)),
        }  # fmt: skip
        for fault, false in _FALSE.items():
            if hits.first(fault) is not None:
                false(told)
        return told

    def _made(
        self, kind: str, header: Mapping[str, str], rows: Rows, hits: Hits
    ) -> tuple[bytes, tuple[int, int]]:
        layout = self._layouts[kind]
        count, total = layout.totals(rows)
        written = count + (hits.first("wrong_header") is not None)
        whole = {**header, "totalNum": str(written), "totalAmt": yuan(str(total))}
        more = {"newColumn": "1"} if hits.first("more_columns") is not None else None
        content = layout.write(whole, rows, more)
        if hits.first("short_row") is not None and rows:
            content = content[: content.rindex(b"|")] + b"\n"
        return content, (count, total)


def _other_digest(told: dict[str, Any]) -> None:
    digest = str(told["fileSm3"])
    told["fileSm3"] = digest[:-1] + ("0" if digest[-1] != "0" else "1")


_FALSE: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "told_size": lambda told: told.update(fileSize=told["fileSize"] + 1),
    "told_digest": _other_digest,
    "told_count": lambda told: told.update(totalNum=told["totalNum"] + 1),
    "told_sum": lambda told: told.update(totalAmt="12345678.90"),
}
"""What is told, still well formed, no longer true."""
