"""What the adapter sends is the golden bytes, signed before it is sent, marked where it counts."""

import base64
from datetime import date
from urllib.parse import unquote_to_bytes

import pytest
from lxml import etree

from adapters.banks.icbc.adapter import build
from hub.kernel.errors import BadInput, Misconfigured
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow
from hub.ports.context import AdapterContext
from hub.ports.line import LineUnknown
from tests.adapters.icbc import bench
from tests.adapters.icbc.bench import CLAIM, NUMBERS, line_of, sample, signed_line


def _same_xml(sent: bytes, golden: bytes) -> None:
    def plain(data: bytes) -> bytes:
        text = data.decode("gb18030").split("?>", 1)[1]
        root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
        return etree.tostring(root, method="c14n")

    assert b'encoding="GBK"' in sent.split(b"?>")[0]
    assert plain(sent) == plain(golden)


def _form(body: bytes) -> dict[str, bytes]:
    pairs = [pair.split(b"=", 1) for pair in body.split(b"&")]
    return {name.decode(): unquote_to_bytes(text.replace(b"+", b" ")) for name, text in pairs}


class TestInstruct:
    def test_it_signs_first_and_only_the_form_has_the_effect(self, bank: BankPort) -> None:
        line = signed_line("PAYENT", sample("PAYENT.reply.txt"))
        bank.instruct(line, bench.golden_batch())
        sign, post = line.calls
        assert (sign.endpoint, sign.path, sign.effect) == ("sign", "/", False)
        assert sign.headers["content-type"] == "INFOSEC_SIGN/1.0"
        assert (post.endpoint, post.effect) == ("api", True)
        assert post.path == "/servlet/ICBCCMPAPIReqServlet"
        assert post.query == {
            "userID": "qnzfgjj.c.2401",
            "PackageID": bench.BATCH,
            "SendTime": "20251013093000125",
        }
        assert line.drift.drifts == []

    def test_the_bytes_are_the_golden_ones(self, bank: BankPort) -> None:
        line = signed_line("PAYENT", sample("PAYENT.reply.txt"))
        bank.instruct(line, bench.golden_batch())
        _same_xml(line.calls[0].body, sample("PAYENT.request.xml"))
        assert line.calls[1].body == sample("PAYENT.request.form.txt")

    def test_the_same_batch_is_the_same_body_another_day(self, bank: BankPort) -> None:
        first = signed_line("PAYENT", sample("PAYENT.reply.txt"))
        second = signed_line("PAYENT", sample("PAYENT.reply.txt"))
        bank.instruct(first, bench.golden_batch())
        bank.instruct(second, bench.golden_batch())
        assert first.calls[0].body == second.calls[0].body

    @pytest.mark.parametrize(
        ("number", "name", "account", "amount"),
        [
            (NUMBERS[0], "郑琪", "6222", 0),
            (NUMBERS[0], "郑琪", "6222", -5),
            ("123", "郑琪", "6222", 5),
            (NUMBERS[0], "一" * 31, "6222", 5),
            (NUMBERS[0], "郑\x00琪", "6222", 5),
            (NUMBERS[0], "郑琪", "62 22", 5),
        ],
    )
    def test_a_row_that_cannot_be_said_is_refused_before_anything_is_sent(
        self, bank: BankPort, number: str, name: str, account: str, amount: int
    ) -> None:
        line = line_of()
        row = InstructionRow(number, "ICBC1", account, name, Fen(amount))
        with pytest.raises(BadInput):
            bank.instruct(line, InstructionBatch(bench.BATCH, Period(2025, 10), (row,)))
        assert line.calls == []

    def test_too_many_rows_or_a_number_twice_are_refused(self, bank: BankPort) -> None:
        def batch(numbers: list[str]) -> InstructionBatch:
            rows = tuple(InstructionRow(one, "I1", "6222", "郑琪", Fen(1)) for one in numbers)
            return InstructionBatch(bench.BATCH, Period(2025, 10), rows)

        for numbers in ([], [NUMBERS[0]] * 2, [f"{n:020d}" for n in range(501)]):
            with pytest.raises(BadInput):
                bank.instruct(line_of(), batch(numbers))

    def test_a_loan_contract_too_long_for_its_field_is_not_sent(self, bank: BankPort) -> None:
        line = line_of()
        row = InstructionRow(NUMBERS[0], "I" * 31, "6222", "郑琪", Fen(1))
        with pytest.raises(BadInput, match="PAYENT"):
            bank.instruct(line, InstructionBatch(bench.BATCH, Period(2025, 10), (row,)))
        assert line.calls == []
        assert line.drift.drifts[0].place == "PAYENT.request/CMS/eb/in/rd/Ref"


class TestQueries:
    @pytest.mark.parametrize(
        ("name", "answer"),
        [
            ("QPAYENT.batch", "QPAYENT.batch.reply.txt"),
            ("QPAYENT.numbers", "QPAYENT.numbers.reply.txt"),
            ("QPD", "QPD.reply.txt"),
            ("QHISD", "QHISD.reply.txt"),
            ("QACCBAL", "QACCBAL.reply.txt"),
            ("QDKDUE", "QDKDUE.page1.reply.txt"),
            ("QDKVER", "QDKVER.reply.txt"),
        ],
    )
    def test_a_query_is_one_unsigned_call_with_the_golden_xml(
        self, bank: BankPort, name: str, answer: str
    ) -> None:
        line = line_of(sample(answer))
        match name:
            case "QPAYENT.batch":
                bank.fetch_results(line, bench.BATCH)
            case "QPAYENT.numbers":
                bank.inquire(line, NUMBERS[:4])
            case "QPD":
                bank.fetch_statement(line, date(2025, 10, 13), None)
            case "QHISD":
                bank.fetch_statement(line, date(2025, 10, 10), None)
            case "QACCBAL":
                bank.fetch_balance(line)
            case "QDKDUE":
                bank.fetch_dues(line, Period(2025, 10), None)
            case _:
                bank.verify_loan(line, CLAIM)
        (call,) = line.calls
        assert (call.endpoint, call.effect) == ("api", False)
        form, golden = _form(call.body), _form(sample(f"{name}.request.form.txt"))
        _same_xml(form.pop("reqData"), golden.pop("reqData"))
        assert form == golden

    @pytest.mark.parametrize(("name", "effect"), [("DKXYREG", True), ("DKXYCAN", True)])
    def test_agreements_are_signed_and_have_an_effect(
        self, bank: BankPort, name: str, effect: bool
    ) -> None:
        line = signed_line(name, sample(f"{name}.reply.txt"))
        order = bank.register_agreement if name == "DKXYREG" else bank.cancel_agreement
        assert order(line, CLAIM).matches
        assert [call.effect for call in line.calls] == [False, effect]
        _same_xml(line.calls[0].body, sample(f"{name}.request.xml"))

    def test_the_page_tag_goes_back_as_it_came(self, bank: BankPort) -> None:
        line = line_of(sample("QDKDUE.page2.reply.txt"))
        bank.fetch_dues(line, Period(2025, 10), "202510-1.4")
        assert b"<NextTag>202510-1.4</NextTag>" in _form(line.calls[0].body)["reqData"]

    def test_an_inquiry_takes_no_more_than_its_limit(self, bank: BankPort) -> None:
        with pytest.raises(BadInput):
            bank.inquire(line_of(), [f"{n:020d}" for n in range(101)])
        with pytest.raises(BadInput):
            bank.inquire(line_of(), [NUMBERS[0], NUMBERS[0]])
        assert bank.inquire(line_of(), []) == ()

    def test_tomorrow_has_no_statement(self, bank: BankPort) -> None:
        with pytest.raises(BadInput):
            bank.fetch_statement(line_of(), date(2025, 10, 14), None)


class TestSerials:
    def test_each_call_that_is_no_batch_has_a_new_one(self) -> None:
        bank, serials = bench.bank(), set()
        for _ in range(20):
            line = line_of(LineUnknown("cut"))
            with pytest.raises(LineUnknown):
                bank.fetch_balance(line)
            serials.add(line.calls[0].query["PackageID"])
        assert len(serials) == 20
        assert all(len(one) <= 35 and one.isalnum() for one in serials)


class TestBuild:
    @pytest.mark.parametrize("name", ["CIS", "GroupCIS", "ID", "PayAccNo", "PayAccName"])
    def test_a_missing_value_is_named(self, name: str) -> None:
        whole = bench.context()
        values = {key: text for key, text in whole.values.items() if key != name}
        lacking = AdapterContext(
            whole.interface, whole.contract_folder, values, whole.secrets, whole.clock
        )
        with pytest.raises(Misconfigured, match=name):
            build(lacking)

    def test_limits_and_times_are_the_contracts(self, bank: BankPort) -> None:
        assert (bank.batch_limit, bank.inquiry_limit) == (500, 100)
        assert bank.settle_after_s == 60
        assert bank.numbers_idempotent is True


def test_the_golden_form_holds_the_golden_xml_signed() -> None:
    form = _form(sample("PAYENT.request.form.txt"))
    assert base64.b64decode(form["reqData"])[32:] == sample("PAYENT.request.xml")
    assert form["Cert"] == b"GOLDEN-CERT-0001+/="
