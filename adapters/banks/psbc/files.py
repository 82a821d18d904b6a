"""Files and what a control message tells of them: name, size, digest, count, total.

A file counts only when what was told, its header and its rows agree; else none of it does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.banks.psbc.sheets import Sheet, SheetLayout, Values
from adapters.kit.amounts import Amounts, amount, count
from adapters.kit.files import NamedFiles
from adapters.kit.replies import BadReply, own_all, readable
from hub.contracts import Contract, shape
from hub.crypto import sm3_hex
from hub.ports.line import Line

ENDPOINT = "files"
_DIGEST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says of a file; ``total`` as the wire writes it."""

    name: str
    size: int
    digest: str
    count: int
    total: str

    @classmethod
    def of(cls, said: object, place: str) -> "Told":
        """The member ``file`` of a message's body.  Raises BadReply."""
        raw: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        texts = [raw.get(name) for name in ("fileName", "fileSm3", "totalAmt")]
        numbers = [raw.get(name) for name in ("fileSize", "totalNum")]
        if not all(isinstance(one, str) for one in texts) or not all(map(_whole, numbers)):
            raise BadReply(place, "name, size, digest, count and total of a file", "not all of it")
        (name, digest, total), (size, rows) = map(str, texts), numbers
        return cls(name, int(size or 0), digest, int(rows or 0), total)

    def written(self) -> dict[str, object]:
        """The same as a message says it."""
        return {
            "fileName": self.name, "fileSize": self.size, "fileSm3": self.digest,
            "totalNum": self.count, "totalAmt": self.total,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SheetFiles:
    """One kind of file: what it is called, where it lies, what is in it."""

    names: NamedFiles
    layout: SheetLayout
    amounts: Amounts

    @classmethod
    def of(cls, contract: Contract, kind: str) -> "SheetFiles":
        """From the contract's section ``files``."""
        raw = contract.extra["files"][kind]
        return cls(
            NamedFiles(kind, ENDPOINT, str(raw["folder"]), str(raw["name"])),
            SheetLayout.of(contract, kind), Amounts.of(contract),
        )  # fmt: skip

    def made(self, header: Values, rows: Sequence[Values], **names: str) -> tuple[bytes, Told]:
        """A file of ours, and what to tell of it.  The same rows give the same bytes and name."""
        total = self.amounts.write(self.layout.total(rows))
        content = self.layout.write({**header, "totalNum": str(len(rows)), "totalAmt": total}, rows)
        digest = sm3_hex(content)
        name = self.names.name(digest=digest[:_DIGEST_SHOWN], **names)
        return content, Told(name, len(content), digest, len(rows), total)

    def told(self, said: object, place: str, **names: str) -> Told:
        """What a reply tells of a file of this kind; BadReply where its name is another's."""
        told = Told.of(said, f"{place}/file")
        found = self.names.named(told.name, **names)
        if found.get("digest", told.digest[:_DIGEST_SHOWN]) != told.digest[:_DIGEST_SHOWN]:
            raise BadReply(f"{place}/file/fileName", "its own digest", "another")
        return told

    def get(self, line: Line, told: Told, own: Values) -> Sheet:
        """The file that was told of, whole, with ``own`` in its header.

        Raises ReplyUnreadable (with a drift) and what Line.get_file raises.
        """
        content = self.names.fetched(line, told.name)
        with readable(line):
            kind = self.names.kind
            if len(content) != told.size:
                raise BadReply(f"{kind}/size", f"{told.size} bytes", f"{len(content)} bytes")
            if sm3_hex(content) != told.digest:
                raise BadReply(f"{kind}/digest", "the digest that was told", "another")
            sheet = self.layout.read(content, line.drift)
            own_all(f"{kind}/header", sheet.header, own)
            self._add_up(sheet, told)
        return sheet

    def _add_up(self, sheet: Sheet, told: Told) -> None:
        """Rows, header and what was told have one count and one total."""
        place, header = f"{self.names.kind}/header", sheet.header
        rows, total = len(sheet.rows), self.layout.total(sheet.rows)
        if not rows == count(header["totalNum"]) == told.count:
            raise BadReply(f"{place}/totalNum", f"{rows} rows", shape(header["totalNum"]))
        contract = self.layout.contract
        if not total == amount(contract, header["totalAmt"]) == amount(contract, told.total):
            raise BadReply(f"{place}/totalAmt", "the sum of its rows", shape(header["totalAmt"]))


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0
