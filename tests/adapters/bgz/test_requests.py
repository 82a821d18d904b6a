"""What the adapter sends is the golden envelope, in one call, marked where it counts."""

import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.banks.bgz.rows import instruction
from adapters.banks.bgz.soap import Caller, NotInPackage, PackageFiles, Soap
from hub.contracts import load_contract
from hub.kernel.clocks import SHANGHAI
from hub.kernel.errors import BadInput
from hub.kernel.money import Fen, parse_yuan
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow
from tests.adapters.bgz import bench
from tests.adapters.bgz.bench import CLAIM, NUMBERS, PlayedLine

Ask = Callable[[BankPort, PlayedLine], object]
OCTOBER = Period(2025, 10)
PAGE_2 = "2:202510-0a1b2c3d"
TENTH = date(2025, 10, 10)
ASKED: list[tuple[str, str, Ask]] = [
    ("Ping", "Ping.reply", lambda b, li: b.probe(li)),
    ("BatchPay", "BatchPay.reply", lambda b, li: b.instruct(li, bench.batch())),
    ("QueryBatch", "QueryBatch.reply", lambda b, li: b.fetch_results(li, bench.BATCH)),
    ("QueryPayments", "QueryPayments.reply", lambda b, li: b.inquire(li, NUMBERS[:4])),
    ("QueryBalance", "QueryBalance.reply", lambda b, li: b.fetch_balance(li)),
    ("QueryStatement", "QueryStatement.reply", lambda b, li: b.fetch_statement(li, TENTH, None)),
    ("QueryDues", "QueryDues.reply", lambda b, li: b.fetch_dues(li, OCTOBER, None)),
    ("QueryDues.page2", "QueryDues.page2.reply", lambda b, li: b.fetch_dues(li, OCTOBER, PAGE_2)),
    ("VerifyLoan", "VerifyLoan.reply", lambda b, li: b.verify_loan(li, CLAIM)),
    ("RegisterAgreement", "RegisterAgreement.reply", lambda b, li: b.register_agreement(li, CLAIM)),
    ("CancelAgreement", "CancelAgreement.reply", lambda b, li: b.cancel_agreement(li, CLAIM)),
]
EFFECTS = {"BatchPay", "RegisterAgreement", "CancelAgreement"}


def _plain(data: bytes) -> str:
    text = data.decode("utf-8").split("?>", 1)[1]
    return str(etree.canonicalize(text, strip_text=True, rewrite_prefixes=True))


@pytest.mark.parametrize(("name", "answer", "ask"), ASKED, ids=[one[0] for one in ASKED])
def test_one_call_with_the_golden_envelope(
    bank: BankPort, name: str, answer: str, ask: Ask
) -> None:
    line = bench.line(answer)
    ask(bank, line)
    (call,) = line.calls
    operation = name.partition(".")[0]
    assert _plain(call.body) == _plain(bench.sample(f"{name}.request.xml"))
    assert (call.endpoint, call.path) == ("esb", "/esb/hpf/OffsetService")
    assert call.headers["soapaction"] == f'"urn:bgz:hpf:offset:v1/{operation}"'
    assert call.headers["content-type"] == "text/xml; charset=utf-8"
    assert call.effect == (operation in EFFECTS)
    assert line.drift.drifts == [] or name in {"QueryBatch", "QueryDues.page2"}


@pytest.mark.parametrize(
    ("number", "name", "account", "amount"),
    [
        (NUMBERS[0], "郑琪", "6217", 0),
        ("123", "郑琪", "6217", 5),
        (NUMBERS[0], "一" * 31, "6217", 5),
        (NUMBERS[0], "郑\x00琪", "6217", 5),
        (NUMBERS[0], "郑琪", "62 17", 5),
    ],
)
def test_a_row_that_cannot_be_said_is_refused_before_anything_is_sent(
    bank: BankPort, number: str, name: str, account: str, amount: int
) -> None:
    line = bench.line()
    row = InstructionRow(number, "BGZ1", account, name, Fen(amount))
    with pytest.raises(BadInput):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert line.calls == []


def test_a_loan_contract_too_long_for_its_field_is_not_sent(bank: BankPort) -> None:
    line = bench.line()
    row = InstructionRow(NUMBERS[0], "B" * 31, "6217", "郑琪", Fen(1))
    with pytest.raises(BadInput, match="BatchPay"):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert line.calls == []
    assert line.drift.drifts[0].place == (
        "BatchPay.request/Envelope/Body/BatchPayRequest/item/loanContractNo"
    )


def test_names_are_counted_in_bytes(bank: BankPort) -> None:
    assert bank.obstacle("一" * 30, "6217") is None
    assert bank.obstacle("𬭩" * 23, "6217") == "name_not_representable"


class TestZeep:
    """It reads the release, and nothing else in the world."""

    def test_no_socket_is_opened(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: object, **__: object) -> None:
            raise AssertionError("a socket")

        monkeypatch.setattr(socket, "socket", refused)
        monkeypatch.setattr(socket, "create_connection", refused)
        soap = Soap(load_contract(bench.FOLDER))
        assert soap.action("Ping") == '"urn:bgz:hpf:offset:v1/Ping"'

    @pytest.mark.parametrize(
        "url",
        [
            "http://bgz.invalid/x.xsd",
            "https://bgz.invalid/bgz.wsdl",
            "../contract.yaml",
            "/etc/hosts",
        ],
    )
    def test_other_files_and_addresses_are_refused(self, url: str) -> None:
        files = PackageFiles(bench.FOLDER / "schemas")
        with pytest.raises(NotInPackage):
            files.load(url)
        with pytest.raises(NotInPackage):
            files.post_xml(url, None, {})

    def test_it_is_imported_by_the_first_call_only(self) -> None:
        code = "import sys, adapters.banks.bgz.adapter; sys.exit('zeep' in sys.modules)"
        root = Path(__file__).parents[3]
        assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20
).filter(lambda text: bool(text.strip()))
ROWS = st.builds(
    InstructionRow,
    number=st.from_regex("[0-9]{20}", fullmatch=True),
    loan_contract=TEXT,
    payee_account=st.from_regex("[0-9A-Za-z-]{1,32}", fullmatch=True),
    payee_name=TEXT,
    amount=st.integers(1, 10**17 - 1).map(Fen),
)
SOAP = Soap(load_contract(bench.FOLDER))


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_rows_come_out_of_the_envelope_as_they_went_in(rows: list[InstructionRow]) -> None:
    caller = Caller(
        "u", "p", "n" * 16, datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI), "urn:uuid:1"
    )
    head: dict[str, Any] = dict.fromkeys(
        ("batchNo", "payAccount", "payAccountName", "currency"), "1"
    )
    head |= {"totalCount": len(rows), "totalAmount": "1.00"}
    made = SOAP.request("BatchPay", caller, head, [instruction(row) for row in rows])
    read = etree.fromstring(etree.tostring(made, encoding="utf-8"))
    found = [{one.tag: one.text for one in item} for item in read.iter("item")]
    assert [
        (one["instructionNo"], one["loanContractNo"], one["payeeAccount"], one["payeeName"])
        for one in found
    ] == [(row.number, row.loan_contract, row.payee_account, row.payee_name) for row in rows]
    assert [parse_yuan(one["amount"] or "") for one in found] == [row.amount for row in rows]
