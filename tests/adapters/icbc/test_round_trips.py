"""Whatever fits its field comes back as it went, through an independent reader and writer."""

from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.banks.icbc import codec, rows
from adapters.banks.icbc.codec import Customer
from adapters.banks.icbc.rows import Reader
from adapters.kit.replies import BadReply
from hub.contracts import load_contract
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import InstructionBatch, InstructionRow, RowStatus
from hub.ports.line import DriftNotes
from tests.adapters.icbc import bench

CONTRACT = load_contract(bench.FOLDER)
CUSTOMER = Customer("1", "1", "a", "102")
BANK = bench.bank()

HAN = st.sampled_from("郑琪唐欣信丽一药业") | st.characters(
    min_codepoint=0x4E00, max_codepoint=0x9FFF
)
FOUR_BYTES = st.sampled_from("𠮷𬭩𠅤䲜㑇䶮") | st.characters(
    min_codepoint=0x20000, max_codepoint=0x2A6DF
)
DOTTED = st.just("·")
MARKUP = st.sampled_from("<>&\"'] ")
NAMES = st.text(HAN | FOUR_BYTES | DOTTED | MARKUP | st.characters(), min_size=1, max_size=40)
AMOUNTS = st.integers(1, 10**17 - 1) | st.sampled_from([1, 10**17 - 1])
NUMBERS = st.from_regex(r"[0-9]{20}", fullmatch=True)
ACCOUNTS = st.from_regex(r"[0-9]{1,34}", fullmatch=True)


def _bank_reads(data: bytes) -> list[dict[str, str]]:
    """As the other side would: Python's codec, plain lxml."""
    root = etree.fromstring(data.decode("gb18030").split("?>", 1)[1])
    return [{str(e.tag): e.text or "" for e in rd} for rd in root.iter("rd")]


class TestInstructions:
    @settings(max_examples=300, deadline=None)
    @given(NAMES, ACCOUNTS, AMOUNTS, NUMBERS)
    def test_what_has_no_obstacle_arrives_unaltered(
        self, name: str, account: str, amount: int, number: str
    ) -> None:
        if BANK.obstacle(name, account) is not None:
            return
        row = InstructionRow(number, "ICBC<&>1", account, name, Fen(amount))
        body = rows.instruction(row, account="24", name="中心", month="202510")
        data = codec.request_xml(
            CONTRACT, CUSTOMER, code="PAYENT", serial="1", at=bench.NOW, body={}, rows=[body]
        )
        (read,) = _bank_reads(data)
        assert (read["RecAccNameCN"], read["RecAccNo"]) == (name, account)
        assert (read["iSeqno"], read["PostScript"], read["PayAmt"]) == (number, number, str(amount))
        assert read["Ref"] == "ICBC<&>1"

    @settings(max_examples=300, deadline=None)
    @given(NAMES)
    def test_a_name_is_an_obstacle_exactly_when_it_does_not_fit(self, name: str) -> None:
        unwritable = any(ord(c) < 32 or ord(c) == 127 or c in "\ufffe\uffff" for c in name)
        surrogate = any(0xD800 <= ord(c) < 0xE000 for c in name)
        fits = not surrogate and len(name.encode("gb18030")) <= 60
        expected = name.strip() != "" and fits and not unwritable
        assert (BANK.obstacle(name, "6222") is None) == expected

    def test_the_longest_names_there_may_be(self) -> None:
        assert BANK.obstacle("一" * 30, "6222") is None
        assert BANK.obstacle("一" * 30 + "a", "6222") == "name_not_representable"
        assert BANK.obstacle("𠮷" * 15, "6222") is None
        assert BANK.obstacle("𠮷" * 15 + "·", "6222") == "name_not_representable"
        assert BANK.obstacle("郑琪", "9" * 35) == "account_not_representable"
        assert BANK.obstacle("郑琪", "６２２２") == "account_not_representable"

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.tuples(NAMES, AMOUNTS), min_size=1, max_size=20))
    def test_a_batch_sent_twice_is_the_same_bytes(self, made: list[tuple[str, int]]) -> None:
        batch = InstructionBatch(
            bench.BATCH,
            Period(2025, 10),
            tuple(
                InstructionRow(f"{place:020d}", "I1", "6222", name, Fen(amount))
                for place, (name, amount) in enumerate(made)
                if BANK.obstacle(name, "6222") is None
            ),
        )
        if not batch.rows or batch.total >= 10**18:
            return
        sent = []
        for _ in range(2):
            line = bench.signed_line("PAYENT", bench.sample("PAYENT.reply.txt"))
            BANK.instruct(line, batch)
            sent.append(line.calls[0].body)
        assert sent[0] == sent[1]
        assert [row["RecAccNameCN"] for row in _bank_reads(sent[0])] == [
            row.payee_name for row in batch.rows
        ]


class TestReplies:
    @settings(max_examples=200, deadline=None)
    @given(NUMBERS, AMOUNTS, st.booleans())
    def test_a_credit(self, number: str, amount: int, zipped: bool) -> None:
        out = (
            f"<QryfSeqno>B1</QryfSeqno><rd><QryiSeqno>{number}</QryiSeqno><OrderNo>H1</OrderNo>"
            f"<PayAmt>{amount}</PayAmt><iRetCode>0</iRetCode><Result>7</Result></rd>"
        )
        body = bench.reply("QPAYENT", out, zipped=zipped)
        root = codec.reply_root(CONTRACT, "QPAYENT", body)
        found = root.find("eb/out")
        assert found is not None
        (row,) = codec.rows(found)
        notes = DriftNotes()
        got = Reader(CONTRACT, "QPAYENT", notes).result(row, number)
        assert (got.status, got.amount, notes.drifts) == (RowStatus.DONE, amount, [])

    @settings(max_examples=200, deadline=None)
    @given(
        st.text(HAN | FOUR_BYTES | DOTTED, min_size=1, max_size=15),
        st.integers(-(10**18) + 1, 10**18 - 1),
    )
    def test_a_due_record(self, name: str, amount: int) -> None:
        out = (
            f"<rd><JKHTBH>I1</JKHTBH><HKZH>6222</HKZH><JKRXM>{escape(name)}</JKRXM>"
            f"<JKRZJH>522729200303083343</JKRZJH><YHRQ>20251010</YHRQ><DQYHJE>{amount}</DQYHJE>"
            f"<DKZT>0</DKZT></rd>"
        )
        root = codec.reply_root(CONTRACT, "QDKDUE", bench.reply("QDKDUE", out))
        found = root.find("eb/out")
        assert found is not None
        (row,) = codec.rows(found)
        got = Reader(CONTRACT, "QDKDUE", DriftNotes()).due(row)
        assert (got.borrower_name, got.amount) == (name, amount)
        assert got.flaw == ("amount" if amount < 0 else "")

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=300), st.booleans())
    def test_any_bytes_end_in_a_document_or_a_bad_reply(self, data: bytes, marked: bool) -> None:
        try:
            codec.reply_root(CONTRACT, "PAYENT", b"reqData=" + data if marked else data)
        except BadReply:
            return
