"""The words of a catalogue's scenarios: those of ``door``, ask of a function, pages, change.

The mock core holds the month that ships, which the contract's golden samples were answered from: a
function is held against its sample byte for byte, and against a row of the core that changes.
"""

import csv
import json
import re
import shutil
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from hub.certify.acts.door import BIG, BOM, ENDPOINTS, HTML, Door, DoorActs, open_door
from hub.certify.acts.stage import BadStep, Plain
from hub.certify.own import Own
from hub.certify.suite import Suite
from hub.kernel.money import format_yuan, parse_yuan
from hub.kernel.secret import mask_account, mask_id, mask_name
from hub.sample import FOLDER

__all__ = ["ENDPOINT", "ENDPOINTS", "Acts", "open_own", "write_data"]
ENDPOINT = Door
_AS_OF = "sjsj"
_MOST_PAGES = 200
_NUMBER = re.compile(r"(-?[0-9]+)(?:\.([0-9]{2}))?")
_HIDDEN = {
    "name": ("jkrxm", mask_name), "id_number": ("jkrzjh", mask_id),
    "account": ("jkrgjjzh", mask_account),
}  # fmt: skip
"""A subject's value, the field that tells of it, and what the field shows without the grant."""


class Acts(DoorActs):
    """One case under way at the door of a catalogue.

    ``ask`` is of ``fn``, with its golden question, which ``set`` and ``drop`` alter.  ``golden``:
    held against its golden answer; ``since``: against an answer that was kept; ``whom``: a subject
    whom the first row is about.

    Answers ``code``, ``conforms`` to the contract, ``empty`` (no data), ``rows``, ``total``,
    ``left_out``, ``first`` (row), ``fresh``; ``golden``: the very bytes but for the time of the
    data; ``moved``: by how much the sum of a field over all rows has, ``still``: where it has not;
    ``clear``, ``masked``: which of the subject's values stand as they are, which hidden.
    """

    shown: ClassVar[tuple[str, ...]] = ("figures", "funds", "details", "services")

    def path_of(self, given: Plain) -> str:
        """See DoorActs."""
        if "path" in given:
            return str(given["path"])
        return str(self.suite.contract.transaction(str(given["fn"])).extra["path"])

    def body_of(self, given: Plain) -> bytes:
        """See DoorActs."""
        match given.get("body"):
            case "html":
                return HTML
            case "big":
                return BIG
        body = self._sample(f"{given['fn']}.request.json")
        if given.get("set") or given.get("drop"):
            said = json.loads(body) | given.get("set", {})
            for name in given.get("drop", ()):
                del said[name]
            body = json.dumps(said, ensure_ascii=False).encode("utf-8")
        return BOM + body if given.get("body") == "bom" else body

    def read(self, given: Plain, reply: bytes) -> Plain:
        """See DoorActs."""
        try:
            said = json.loads(reply)
            data = said["data"]
        except (ValueError, KeyError, TypeError):
            return {"code": "", "conforms": False}
        found: Plain = {
            "code": str(said.get("code", "")), "empty": data is None, "rows": len(data or ()),
            "total": said.get("totalcount"), "left_out": said.get("wjl"),
            "conforms": not self.suite.contract.validate_json(self._reply_of(given), said),
            "first": data[0] if data else {}, "fresh": self._fresh(str(said.get(_AS_OF, ""))),
        }  # fmt: skip
        if given.get("golden"):
            found["golden"] = self._golden(given, reply, said)
        if "since" in given:
            found |= _moved(json.loads(self.kept(str(given["since"])).reply), said)
        if "whom" in given and data:
            found |= self._seen(self.subject(str(given["whom"])), data[0])
        return found

    def do_pages(self, given: Plain) -> Plain:
        """Every page of ``fn``, ``size`` rows each, and all of it at once: ``same`` rows in the
        same order, the ``total`` on every page, so many ``rows`` on so many ``pages``."""
        size, gathered, totals = int(given["size"]), [], set()
        for page in range(1, _MOST_PAGES):
            said = self._page(given, size, page)
            totals.add(said["totalcount"])
            if not said["data"]:
                break
            gathered += said["data"]
        whole = self._page(given, self.suite.contract.limit("page_rows"), 1)["data"]
        return {
            "same": gathered == whole, "rows": len(gathered), "pages": page - 1,
            "totals_agree": totals == {len(whole)},
        }  # fmt: skip

    def do_change(self, given: Plain) -> Plain:
        """A row of the core's ``table``, the first ``where`` its columns are so, written anew:
        ``put`` other values, ``add`` yuan to amounts; ``many``: so many rows, ``#`` in a value is
        their place."""
        words = f"核心登记 {given['table']} 改一行：{given.get('put', {})} {given.get('add', {})}"
        return self.need_own("change", words).post("/change", dict(given))

    def _page(self, given: Plain, size: int, page: int) -> Plain:
        paged = {"pageSize": size, "pageNumber": page, **given.get("set", {})}
        name = f"page {page}"
        found = self.do_ask({"fn": given["fn"], "set": paged, "as": name})
        if found["code"] != "200":
            raise BadStep(f"第 {page} 页答 {found['code']}")
        said: Plain = json.loads(self.kept(name).reply)
        return said

    def _sample(self, name: str) -> bytes:
        return (self.suite.contract.folder / "samples" / name).read_bytes()

    def _reply_of(self, given: Plain) -> str:
        """What is asked for where there is nothing has the shape that all answers share."""
        name = str(given.get("fn") or next(iter(self.suite.contract.transactions)))
        return str(self.suite.contract.transaction(name).extra["reply"])

    def _fresh(self, as_of: str) -> bool:
        oldest = self.endpoint.clock.now() - timedelta(seconds=int(self.query["max_age_s"]))
        return as_of >= f"{oldest:%Y-%m-%d %H:%M:%S}"

    def _golden(self, given: Plain, reply: bytes, said: Plain) -> bool:
        self.need_own("golden", "核心登记里是随附的样例月份")
        golden = self._sample(f"{given['fn']}.reply.json")
        times = zip(_times(said[_AS_OF]), _times(json.loads(golden)[_AS_OF]), strict=True)
        for now, then in times:
            reply = reply.replace(now, then)
        return reply == golden

    @staticmethod
    def _seen(subject: Mapping[str, Any], row: Plain) -> Plain:
        values = {
            name: (str(subject[name]), row[field], mask) for name, (field, mask) in _HIDDEN.items()
        }
        return {
            "clear": sorted(n for n, (value, told, _) in values.items() if told == value),
            "masked": sorted(n for n, (value, told, mask) in values.items() if told == mask(value)),
        }


def _times(as_of: str) -> tuple[bytes, bytes]:
    """As it stands, and as a mark of digits alone."""
    return as_of.encode(), "".join(filter(str.isdigit, as_of)).encode()


def _moved(before: Plain, after: Plain) -> Plain:
    """Of fields that are numbers in all rows of both, those whose sum has moved and those whose
    has not."""
    sums = [_sums(said["data"]) for said in (before, after)]
    names = sorted(sums[0].keys() & sums[1].keys())
    moves = {name: sums[1][name] - sums[0][name] for name in names}
    return {
        "moved": [
            f"{name} {'+' * (move > 0)}{format_yuan(move)}" for name, move in moves.items() if move
        ],
        "still": [name for name, move in moves.items() if not move],
    }


def _sums(rows: Any) -> dict[str, int]:
    """Of fields that are numbers in all rows, in hundredths."""
    found = {}
    for name in rows[0] if rows else ():
        parts = [_NUMBER.fullmatch(str(row[name])) for row in rows]
        if all(parts):
            found[name] = sum(int(one[1] + (one[2] or "00")) for one in parts if one)
    return found


def write_data(_: Suite, folder: Path) -> None:
    """The month that ships; the suite's own subjects are people of it."""
    for path in FOLDER.glob("*.csv"):
        shutil.copyfile(path, folder / path.name)


def _change(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    table, many = str(body["table"]), int(body.get("many", 1))
    with (FOLDER / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = {**body.get("where", {})}
    row = next((one for one in rows if wanted.items() <= one.items()), None)
    if row is None:
        raise BadStep(f"{table} 里没有 {wanted}")
    row |= {name: str(value) for name, value in body.get("put", {}).items()}
    for name, yuan in body.get("add", {}).items():
        row[name] = format_yuan(parse_yuan(row[name]) + parse_yuan(str(yuan)))
    own.core(f"/registry/{table}/records", {"set": [_placed(row, n) for n in range(many)]})
    return {}


def _placed(row: Mapping[str, str], place: int) -> dict[str, str]:
    return {name: value.replace("#", f"{place:04d}") for name, value in row.items()}


open_own = partial(open_door, write_data, {"/change": _change})
