"""A bank built on the golden samples' values, lines that answer with the samples, and a measure.

``python -m tests.adapters.bgz.bench`` prints what zeep's objects cost beside the bare tree; what
the adapter takes, without them, ``python -m benchmarks.codecs`` tells.
"""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.banks.bgz.adapter import build
from adapters.banks.bgz.rows import PURPOSE
from hub.contracts import load_contract
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen, format_yuan
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from hub.ports.line import HttpReply
from tests.adapters.icbc.bench import PlayedLine

FOLDER = Path(__file__).parents[3] / "contracts_spec" / "banks" / "bgz"
BATCH = "25101234567890123456"
ACCOUNT = "0801001500000001"
PASSWORD = "GOLDEN-PASS-0001"
NONCE = "0123456789abcdef0123456789abcdef"
MESSAGE_ID = "urn:uuid:6f1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
NUMBERS = [f"2510{place:016d}" for place in range(1, 10)]
CLAIM = LoanClaim(
    "YL202500000001", "BGZ2019000000001", "6217350000000000017", "郑琪", "522700199001010017"
)
XML = {"content-type": "text/xml; charset=utf-8"}


def bank() -> BankPort:
    """The adapter with the samples' values."""
    return build(
        AdapterContext(
            interface="bank-bgz",
            contract_folder=FOLDER,
            values={
                "username": "QNZFGJJ01", "payAccount": ACCOUNT,
                "payAccountName": "黔南州住房公积金管理中心",
            },
            secrets={"password": Secret(PASSWORD)},
            clock=FixedClock(datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)),
        )
    )  # fmt: skip


def sample(name: str) -> bytes:
    """A golden sample's bytes."""
    return (FOLDER / "samples" / name).read_bytes()


def line(*names: str, status: int = 0) -> PlayedLine:
    """A line that answers with samples in turn; a Fault comes with 500 unless said otherwise."""
    bodies = [sample(f"{name}.xml") for name in names]
    return PlayedLine(
        [HttpReply(status or (500 if b":Fault>" in body else 200), XML, body) for body in bodies]
    )


def said(body: bytes, status: int = 200, **headers: str) -> PlayedLine:
    """A line that answers once, with these bytes."""
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    return PlayedLine([HttpReply(status, XML | given, body)])


def batch(count: int = 3) -> InstructionBatch:
    """The three rows of BatchPay.request, or as many as are wanted."""
    payees = (
        ("BGZ2019000000001", "6217350000000000017", "郑琪", 228414),
        ("BGZ2019000000002", "6217350000000000025", "唐𬭩", 350000),
        ("BGZ2019000000003", "6217350000000000033", "欣信丽·红东俊娜", 1),
    )
    rows = []
    for place in range(1, count + 1):
        loan, account, name, fen = payees[(place - 1) % 3]
        rows.append(InstructionRow(f"2510{place:016d}", loan, account, name, Fen(fen)))
    return InstructionBatch(BATCH, Period(2025, 10), tuple(rows))


def many_dues(count: int = 1000, total: int | None = None) -> bytes:
    """The golden page with its first row so many times."""
    text = sample("QueryDues.reply.xml").decode()
    head, _, rows = text.partition("\n<item>")
    row = "\n<item>" + rows.split("</item>")[0] + "</item>"
    tail = text[text.rindex("</item>") + len("</item>") :]
    total = count if total is None else total
    pages = -(-total // 1000)
    for name, value in (("itemCount", count), ("totalCount", total), ("pageCount", pages)):
        start, end = head.index(f"<{name}>") + len(name) + 2, head.index(f"</{name}>")
        head = f"{head[:start]}{value}{head[end:]}"
    return (head + row * count + tail).encode()


def _best(work: Callable[[], object], times: int = 7) -> float:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found) * 1000


def _zeep_rows(rows: InstructionBatch) -> list[dict[str, Any]]:
    return [
        {
            "instructionNo": row.number, "payeeAccount": row.payee_account,
            "payeeName": row.payee_name, "amount": format_yuan(row.amount), "purpose": PURPOSE,
            "loanContractNo": row.loan_contract, "postscript": row.number,
        }
        for row in rows.rows
    ]  # fmt: skip


def measure() -> None:
    """Best of seven, in milliseconds, and each as so many times the bare tree."""
    from adapters.banks.bgz.soap import load_soap  # noqa: PLC0415  costs what it measures

    soap: Any = load_soap(load_contract(FOLDER))
    client, binding = soap._client, soap._binding
    page, orders = many_dues(), batch(500)
    head = {
        "batchNo": BATCH, "payAccount": ACCOUNT, "payAccountName": "中心", "currency": "CNY",
        "totalCount": 500, "totalAmount": format_yuan(orders.total),
    }  # fmt: skip

    class Reply:
        status_code, headers, encoding, content = 200, {"Content-Type": "text/xml"}, "utf-8", page

    def bare_read() -> object:
        root = etree.fromstring(page)
        return [{child.tag: child.text for child in row} for row in root.iter("item")]

    def bare_write() -> object:
        body = etree.Element("body")
        for row in _zeep_rows(orders):
            item = etree.SubElement(body, "item")
            for name, value in row.items():
                etree.SubElement(item, name).text = str(value)
        return etree.tostring(body, encoding="utf-8")

    def zeep_write() -> object:
        made = client.create_message(client.service, "BatchPay", **head, item=_zeep_rows(orders))
        return etree.tostring(made, encoding="utf-8")

    read, write = _best(bare_read), _best(bare_write)
    measured = (
        ("读 1000 行：裸 lxml", read, read),
        ("读 1000 行：zeep 对象", _best(lambda: binding.process_reply(
            client, binding.get("QueryDues"), Reply)), read),
        ("写 500 行：裸 lxml", write, write),
        ("写 500 行：zeep 对象", _best(zeep_write), write),
    )  # fmt: skip
    for what, took, beside in measured:
        print(f"{what}\t{took:.1f} ms\t{took / beside:.1f} ×")


if __name__ == "__main__":
    measure()
