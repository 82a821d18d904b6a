"""Nine banks on the values of their golden samples, with a full page and a full batch each.

Pages are golden documents with their first row repeated: another loan, name and amount in each.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from benchmarks.codecs import bare
from benchmarks.codecs.made import (
    FIRST,
    PERIOD,
    agreed,
    answers,
    due_rows,
    full,
    now_ms,
    sealed_reply,
    sum_of,
)
from hub.contracts import load_contract
from hub.kernel.money import format_yuan
from hub.ports.bank import BankPort, InstructionBatch
from hub.ports.line import ReplyUnreadable
from tests.adapters.abc import bench as abc
from tests.adapters.bcm import bench as bcm
from tests.adapters.bgz import bench as bgz
from tests.adapters.boc import bench as boc
from tests.adapters.ccb import bench as ccb
from tests.adapters.gyb import bench as gyb
from tests.adapters.gznx import bench as gznx
from tests.adapters.icbc import bench as icbc
from tests.adapters.playing import Played, multiplied
from tests.adapters.psbc import bench as psbc

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Bank:
    """One bank's two legs.

    ``due_line`` and ``pay_line`` answer one call of the port each; ``read_bare`` reads the page
    that ``due_line`` answers with, ``read_sent`` the rows of what went over a ``pay_line``,
    ``write_bare`` writes such rows.
    """

    name: str
    yardstick: str
    port: BankPort
    page: int
    batch: InstructionBatch
    due_line: Callable[[], Played]
    read_bare: Callable[[], Sequence[object]]
    pay_line: Callable[[], Played]
    read_sent: Callable[[Played], Sequence[Mapping[str, str]]]
    write_bare: Callable[[Rows], bytes]


def every_bank() -> Iterator[Bank]:
    """In the order of their wires.  Within ``frozen`` only."""
    yield gznx_bank()
    yield icbc_bank()
    yield ccb_bank()
    yield boc_bank()
    yield abc_bank()
    yield bcm_bank()
    yield bgz_bank()
    yield gyb_bank()
    yield psbc_bank()


def proven(bank: Bank) -> Sequence[Mapping[str, str]]:
    """That both sides do the same, before either is timed; the fields of a batch's rows.

    Raises AssertionError for a page that one of them reads otherwise, for a drift, for a row that
    went out with other values than ordered.
    """
    line = bank.due_line()
    page = bank.port.fetch_dues(line, PERIOD, None)
    assert not line.drift.drifts, line.drift.drifts[0]
    assert len(page.records) == len(bank.read_bare()) == page.total_count == bank.page
    assert sum(one.amount or 0 for one in page.records) == page.total_amount
    assert not any(one.flaw for one in page.records)
    line = bank.pay_line()
    bank.port.instruct(line, bank.batch)
    assert not line.drift.drifts, line.drift.drifts[0]
    fields = bank.read_sent(line)
    assert len(fields) == len(bank.batch.rows)
    for row, order in zip(fields, bank.batch.rows, strict=True):
        assert {order.number, order.payee_account, order.payee_name} <= set(row.values())
    return fields


def icbc_bank() -> Bank:
    """HTTP form, Base64, XML; a batch is signed by a call of its own."""
    page, batch = full(icbc)
    golden = base64.b64decode(icbc.sample("QDKDUE.page1.reply.txt").removeprefix(b"reqData="))
    due = multiplied(
        golden.decode("gb18030"), "rd", due_rows(page, "JKHTBH", "JKRXM", "DQYHJE", str),
        {"TotalNum": str(page), "TotalAmt": str(sum_of(page)), "NextTag": ""},
    ).encode("gb18030")  # fmt: skip
    paid = base64.b64decode(icbc.sample("PAYENT.reply.txt").removeprefix(b"reqData="))
    first = {"PayAmt": str(FIRST), "RecAccNo": batch.rows[0].payee_account}
    taken = multiplied(paid.decode("gb18030"), "rd", [first], {})
    port, unsigned = icbc.bank(), icbc.sample("PAYENT.request.sign.html")
    reply = b"reqData=" + base64.b64encode(taken.encode("gb18030"))
    line = answers(unsigned, reply)
    port.instruct(line, batch)
    # What the sign port gives back holds all that it signed.
    head, _, rest = unsigned.partition(b"<sign>")
    tail = rest[rest.index(b"</sign>") :]
    signed = head + b"<sign>" + base64.b64encode(line.sent[0][0]) + tail
    return Bank(
        "icbc", "lxml", port, page, batch,
        due_line=lambda: answers(b"reqData=" + base64.b64encode(due)),
        read_bare=lambda: bare.read_xml(due, "gb18030", "rd"),
        pay_line=lambda: answers(signed, reply),
        read_sent=lambda line: bare.read_xml(line.sent[0][0], "gb18030", "rd"),
        write_bare=lambda rows: bare.write_xml(rows, "gb18030", "rd"),
    )  # fmt: skip


def ccb_bank() -> Bank:
    """HTTP form, XML."""
    page, batch = full(ccb)
    due = multiplied(
        ccb.sample("6WD901.reply.xml").decode("gb18030"), "LIST",
        due_rows(page, "LOAN_NO", "JKRXM", "DQYHJE", format_yuan),
        {"PAGES": "1", "TOTAL_NUM": str(page), "TOTAL_AMT": format_yuan(sum_of(page))},
    ).encode("gb18030")  # fmt: skip
    taken = agreed(ccb.sample("6WD801.reply.xml"), "gb18030", batch, "5784.15", "TOTAL_NUM")

    def read_sent(line: Played) -> Rows:
        (document,) = parse_qs(line.sent[0][0].decode("ascii"), encoding="gb18030")["requestXml"]
        return bare.read_xml(document.encode("gb18030"), "gb18030", "LIST")

    return Bank(
        "ccb", "lxml", ccb.bank(), page, batch,
        due_line=lambda: answers(due),
        read_bare=lambda: bare.read_xml(due, "gb18030", "LIST"),
        pay_line=lambda: answers(taken),
        read_sent=read_sent,
        write_bare=lambda rows: bare.write_xml(rows, "gb18030", "LIST"),
    )  # fmt: skip


def boc_bank() -> Bank:
    """HTTP, XML; signed in already."""
    page, batch = full(boc)
    due = multiplied(
        boc.sample("b2e9001.reply.xml").decode(), "detail",
        due_rows(page, "loanno", "jkrxm", "dqyhje", format_yuan),
        {"recnum": str(page), "notenum": str(page), "totamt": format_yuan(sum_of(page))},
    ).encode()  # fmt: skip
    taken = multiplied(
        boc.sample("b2e0078.reply.xml").decode(), "detail", [{"trnamt": format_yuan(FIRST)}],
        {"pybnum": str(len(batch.rows)), "pybamt": format_yuan(batch.total)},
    ).encode()  # fmt: skip
    port = boc.bank()
    port.probe(answers(boc.sample("b2e0001.reply.xml")))
    return Bank(
        "boc", "lxml", port, page, batch,
        due_line=lambda: answers(due),
        read_bare=lambda: bare.read_xml(due, "utf-8", "detail"),
        pay_line=lambda: answers(taken),
        read_sent=lambda line: bare.read_xml(line.sent[0][0], "utf-8", "detail"),
        write_bare=lambda rows: bare.write_xml(rows, "utf-8", "detail"),
    )  # fmt: skip


def abc_bank() -> Bank:
    """TCP, XML."""
    page, batch = full(abc)
    due = multiplied(
        abc.sample("DCQR01.reply")[7:].decode("gb18030"), "Row",
        due_rows(page, "LoanNo", "JKRXM", "DQYHJE", format_yuan),
        {"RecNum": str(page), "TotalNum": str(page), "TotalAmt": format_yuan(sum_of(page))},
    ).encode("gb18030")  # fmt: skip
    taken = agreed(abc.sample("DCAF01.reply")[7:], "gb18030", batch, "5784.15", "TotalNum")
    return Bank(
        "abc", "lxml", abc.bank(), page, batch,
        due_line=lambda: Played([abc.framed(due)]),
        read_bare=lambda: bare.read_xml(due, "gb18030", "Row"),
        pay_line=lambda: Played([abc.framed(taken)]),
        read_sent=lambda line: bare.read_xml(line.sent[0][0][7:], "gb18030", "Row"),
        write_bare=lambda rows: bare.write_xml(rows, "gb18030", "Row"),
    )  # fmt: skip


def bcm_bank() -> Bank:
    """HTTP, XML around records between pipes."""
    page, batch = full(bcm)
    text = bcm.sample("390001.reply.xml").decode("gb18030")
    head, _, rest = text.partition("<serial_record>")
    cells = rest[: rest.index("<")].split("|")
    names, first = cells[:11], dict(zip(cells[:11], cells[11:22], strict=True))
    records = [first | one for one in due_rows(page, "loan_no", "jkrxm", "dqyhje", format_yuan)]
    listed = "|".join([*names, *("|".join(one[name] for name in names) for one in records), ""])
    changes = {
        "page_count": "1", "sum_num": str(page), "sum_amt": format_yuan(sum_of(page)),
        "record_num": str(page),
    }  # fmt: skip
    begun = multiplied(f"{head}<cut></cut>", "cut", [{}], changes).removesuffix("<cut></cut>")
    due = f"{begun}<serial_record>{listed}{rest[rest.index('<') :]}".encode("gb18030")
    taken = agreed(bcm.sample("330008.reply.xml"), "gb18030", batch, "5784.15", "sum_num")
    return Bank(
        "bcm", "lxml, split", bcm.bank(), page, batch,
        due_line=lambda: answers(due),
        read_bare=lambda: bare.read_piped(due, "gb18030", 11),
        pay_line=lambda: answers(taken),
        read_sent=lambda line: bare.read_piped(line.sent[0][0], "gb18030", 6),
        write_bare=lambda rows: bare.write_piped(rows, "gb18030"),
    )  # fmt: skip


def bgz_bank() -> Bank:
    """SOAP, XML."""
    page, batch = full(bgz)
    due = multiplied(
        bgz.sample("QueryDues.reply.xml").decode(), "item",
        due_rows(page, "loanContractNo", "borrowerName", "dueAmount", format_yuan),
        {
            "totalCount": str(page), "totalAmount": format_yuan(sum_of(page)),
            "itemCount": str(page),
        },
    ).encode()  # fmt: skip
    taken = multiplied(
        bgz.sample("BatchPay.reply.xml").decode(), "item", [{"amount": format_yuan(FIRST)}],
        {"totalCount": str(len(batch.rows)), "totalAmount": format_yuan(batch.total)},
    ).encode()  # fmt: skip
    return Bank(
        "bgz", "lxml", bgz.bank(), page, batch,
        due_line=lambda: answers(due, **bgz.XML),
        read_bare=lambda: bare.read_xml(due, "utf-8", "item"),
        pay_line=lambda: answers(taken, **bgz.XML),
        read_sent=lambda line: bare.read_xml(line.sent[0][0], "utf-8", "item"),
        write_bare=lambda rows: bare.write_xml(rows, "utf-8", "item"),
    )  # fmt: skip


def gyb_bank() -> Bank:
    """HTTP, JSON in a sealed envelope."""
    page, batch = full(gyb)
    door = load_contract(gyb.FOLDER).endpoints["gw"].path
    listed = gyb.sample("hc.due.query.reply.json")
    listed |= {"totalCount": page, "totalAmount": str(sum_of(page))}
    listed["rows"] = [
        listed["rows"][0] | one
        for one in due_rows(page, "loanNo", "borrowerName", "dueAmount", str)
    ]
    plain = json.dumps(listed, ensure_ascii=False).encode()
    said = gyb.sample("hc.pay.submit.reply.json")
    said |= {"totalCount": len(batch.rows), "totalAmount": str(batch.total)}
    due, taken = (
        sealed_reply(gyb, f"{door}/hc.due.query", listed),
        sealed_reply(gyb, f"{door}/hc.pay.submit", said),
    )

    def read_sent(line: Played) -> Rows:
        body, headers = line.sent[0]
        lower = {name.lower(): text for name, text in headers.items()}
        opened = gyb.ENVELOPE.open(gyb.PARTY, f"{door}/hc.pay.submit", lower, body, now_ms(gyb))
        rows: Rows = opened["rows"]
        return rows

    return Bank(
        "gyb", "json", gyb.bank(), page, batch,
        due_line=lambda: Played([due]),
        read_bare=lambda: bare.read_json(plain),
        pay_line=lambda: Played([taken]),
        read_sent=read_sent,
        write_bare=bare.write_json,
    )  # fmt: skip


def psbc_bank() -> Bank:
    """Files of lines, told of by sealed JSON."""
    page, batch = full(psbc)
    path = load_contract(psbc.FOLDER).endpoints["api"].path
    _, names, golden, *_ = psbc.raw("HCDUE.dues.txt").decode().split("\n")
    columns = names.split("|")
    first = dict(zip(columns, golden.split("|"), strict=True))
    dues = [first | one for one in due_rows(page, "contractNo", "borrower", "dueAmt", format_yuan)]
    head = f"HCDUE|202510|202510-0a1b2c3d|1|1|{page}|{format_yuan(sum_of(page))}"
    lines = [head, names, *("|".join(one[name] for name in columns) for one in dues), ""]
    content = "\n".join(lines).encode()
    listed = psbc.sample("HC0301.reply.json")
    totals = {"totalNum": page, "totalAmt": format_yuan(sum_of(page))}
    listed["body"] |= {"listNum": page, "listAmt": totals["totalAmt"]}
    listed["body"]["file"] |= {
        "fileSize": len(content), "fileSm3": psbc.sm3(content), **totals,
    }  # fmt: skip
    name = listed["body"]["file"]["fileName"]
    port = psbc.bank()
    due, taken = (
        sealed_reply(psbc, path, listed),
        sealed_reply(psbc, path, _psbc_taken(port, batch)),
    )
    return Bank(
        "psbc", "split, join", port, page, batch,
        due_line=lambda: Played([due], {name: content}),
        read_bare=lambda: bare.read_bars(content),
        pay_line=lambda: Played([taken]),
        read_sent=lambda line: bare.read_bars(line.sent[0][0]),
        write_bare=bare.write_bars,
    )  # fmt: skip


def _psbc_taken(port: BankPort, batch: InstructionBatch) -> dict[str, Any]:
    """The answer to a batch: the file as the notice told of it, which the mock's envelope opens."""
    said: dict[str, Any] = psbc.sample("HC0201.reply.json")
    line: Any = psbc.Played([said])
    with suppress(ReplyUnreadable):  # the golden answer is another file's
        port.instruct(line, batch)
    said["body"]["file"] = line.calls[-1].content["body"]["file"]
    return said


def gznx_bank() -> Bank:
    """Fixed-width files, told of by XML over TCP."""
    page, batch = full(gznx)
    contract = load_contract(gznx.FOLDER)
    layout = contract.layout("dues")
    golden = layout.read(gznx.sample("YHMX.dues.txt"))
    dues = [
        {**golden.details[0], **one} for one in due_rows(page, "LOAN_NO", "JKRXM", "DQYHJE", str)
    ]
    totals = {"LIST_NUM": str(page), "LIST_AMT": str(sum_of(page))}
    content = layout.write({**golden.header, **totals}, dues)
    due = gznx.framed(gznx.sample("GX2010.reply.xml"))
    taken = gznx.framed(
        agreed(gznx.sample("GX1010.reply.xml"), "gb18030", batch, "578415", "TOTAL_NUM")
    )
    return Bank(
        "gznx", "struct", gznx.bank(), page, batch,
        due_line=lambda: Played([due], {gznx.DUES: content}),
        read_bare=lambda: bare.read_fixed(content),
        pay_line=lambda: Played([taken]),
        read_sent=lambda line: [dict(one) for one in contract.layout("batch").read(
            line.sent[0][0]).details],
        write_bare=bare.write_fixed,
    )  # fmt: skip
