"""农业银行's front machine over real sockets, asked by a client written by hand from the paper."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from tests.mocks.conftest import loan_row, write_loans
from tests.mocks.running import ROOT, Mock

SAMPLES = ROOT / "contracts_spec" / "banks" / "abc" / "samples"
NUMBERS = [f"2510{place:016d}" for place in range(1, 4)]
BATCH = "25101234567890123456"
GOLDEN = [
    # number, contract, account, name: the three rows of DCAF01.request
    ("ABC2019000000001", "6228480000000000011", "郑琪"),
    ("ABC2019000000002", "6228480000000000029", "唐𬭩"),
    ("ABC2019000000003", "6228480000000000037", "欣信丽·红东俊娜"),
]


def told(url: str, frame: bytes) -> etree._Element:
    """One exchange; the answer taken apart by hand, and that the bank closes behind it."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as bank:
        bank.sendall(frame)
        data = b""
        while more := bank.recv(65536):
            data += more
    flag, length = struct.unpack_from("1s6s", data)
    assert flag == b"0"
    assert length.decode() == f"{len(data) - 7:<6}"
    return etree.fromstring(data[7:].decode("gb18030"))


def frame(text: str) -> bytes:
    body = text.encode("gb18030")
    return struct.pack("1s6s", b"0", f"{len(body):<6}".encode()) + body


def request(code: str, cmp: str, number: str, **over: str) -> bytes:
    head = {
        "CCTransCode": code, "ProductID": "ICC", "ChannelType": "ERP",
        "CorpNo": "5227000000000001", "OpNo": "0001", "AuthNo": "GOLDEN-AUTH-0001",
        "ReqSeqNo": number, "ReqDate": "20251013", "ReqTime": "093000", "Sign": "",
        "FileFlag": "0",
    } | over  # fmt: skip
    fields = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in head.items())
    return frame(f"<ap>{fields}<Cmp>{cmp}</Cmp></ap>")


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.frame").read_bytes()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    folder = tmp_path_factory.mktemp("abc")
    rows = [
        loan_row(place, YHJC="ABC", JKHTBH=loan, HKZH=account, JKRXM=name)
        for place, (loan, account, name) in enumerate(GOLDEN, 1)
    ]
    mock = Mock("bank-abc", folder / "state", write_loans(folder / "data", rows))
    mock.start()
    mock.control("POST", "/client", {"auth_no": "GOLDEN-AUTH-0001"})
    yield mock
    assert mock.stop() == 0


@pytest.fixture
def bank(running: Mock) -> Mock:
    running.control("POST", "/reset")
    running.clock("2025-10-13T09:30:00")
    return running


def said(root: etree._Element, *names: str) -> tuple[str | None, ...]:
    return tuple(root.findtext(name) for name in names)


def test_the_golden_batch_from_its_frame_to_its_result(bank: Mock) -> None:
    url = bank.urls["front"]
    assert url.startswith("tcp://127.0.0.1:")
    unknown = told(url, sample("CQRT04.request"))
    assert said(unknown, "RespCode", "Cmp/TransSta") == ("0000", "0")
    taken = told(url, sample("DCAF01.request"))
    assert said(taken, "RespCode", "WaitFlag", "Cmp/TotalAmt", "ReqSeqNo") == (
        "0000", "1", "5784.15", BATCH,
    )  # fmt: skip
    whole = request("CQRT04", f"<OrgReqSeqNo>{BATCH}</OrgReqSeqNo>", "Q0000000000000000002")
    assert said(told(url, whole), "Cmp/TransSta") == ("1",)
    rows = told(url, request("CQRA61", f"<OrgReqSeqNo>{BATCH}</OrgReqSeqNo>", "Q" + "3" * 19))
    assert [said(row, "CustSeqNo", "Found", "RowSta", "Amt") for row in rows.iter("Row")] == [
        (number, "1", "0", amount)
        for number, amount in zip(NUMBERS, ["2284.14", "3500.00", "0.01"], strict=True)
    ]
    day = (
        "<AccNo>23710101040000001</AccNo><TrDate>20251013</TrDate>"
        "<StartNo>1</StartNo><RecNum>200</RecNum>"
    )
    entries = told(url, request("CQRA10", day, "Q" + "4" * 19))
    assert [said(row, "OppAccName", "Amt", "Postscript", "TrType") for row in entries.iter("Row")] \
        == [
            (name, amount, number, "DCHK")
            for (_, _, name), amount, number in zip(
                GOLDEN, ["2284.14", "3500.00", "0.01"], NUMBERS, strict=True
            )
        ]  # fmt: skip


def test_a_request_number_means_one_thing_for_a_year(bank: Mock) -> None:
    url, number = bank.urls["front"], "Q" + "7" * 19
    asked = request("CQRT04", f"<OrgReqSeqNo>{BATCH}</OrgReqSeqNo>", number)
    other = request("CQRT04", f"<OrgReqSeqNo>{'9' * 20}</OrgReqSeqNo>", number)
    assert said(told(url, asked), "RespCode") == ("0000",)
    assert said(told(url, asked), "RespCode") == ("0000",)
    assert said(told(url, other), "RespCode") == ("1012",)
    bank.clock("2026-10-13T09:30:00")
    assert said(told(url, other), "RespCode") == ("1012",)
    bank.clock("2026-10-15T09:30:00")
    assert said(told(url, other), "RespCode") == ("0000",)


def test_a_batch_s_number_is_never_another_batch_s(bank: Mock) -> None:
    url, golden = bank.urls["front"], sample("DCAF01.request")
    changed = golden.replace(b"<Amt>0.01", b"<Amt>0.02").replace(b"5784.15", b"5784.16")
    assert said(told(url, golden), "RespCode") == ("0000",)
    assert said(told(url, changed), "RespCode") == ("1012",)
    assert said(told(url, golden), "RespCode") == ("0000",)
    assert bank.control("GET", "/credits.csv").count(BATCH) == 3


def test_what_was_refused_for_good_is_told_with_its_code(bank: Mock) -> None:
    url = bank.urls["front"]
    wrong = sample("DCAF01.request").replace(b"5784.15", b"5784.16")
    assert said(told(url, wrong), "RespCode", "Cmp") == ("1011", None)
    state = told(url, sample("CQRT04.request"))
    assert said(state, "Cmp/TransSta", "Cmp/OrgRespCode") == ("3", "1011")


@pytest.mark.parametrize(
    "bad",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"1" + sample("CQLT01.request")[1:],
        frame("<ap>no"),
        frame("<other/>"),
        frame('<!DOCTYPE ap [<!ENTITY a "b">]><ap><Cmp/></ap>'),
        request("DCAF99", "", "Q" + "5" * 19),
        request("CQRT04", "<OrgReqSeqNo>short</OrgReqSeqNo>", "Q" + "6" * 19),
    ],
    ids=["HTTP", "encrypted", "no XML", "no ap", "DOCTYPE", "no such", "off its schema"],
)
def test_what_is_no_request_is_refused_in_a_frame(bank: Mock, bad: bytes) -> None:
    assert said(told(bank.urls["front"], bad), "RespCode", "Cmp") == ("1010", None)


def test_a_name_is_counted_in_bytes(bank: Mock) -> None:
    def paid(name: str, number: str) -> tuple[str | None, ...]:
        row = (
            f"<Row><CustSeqNo>{NUMBERS[0]}</CustSeqNo><CrAccNo>6228480000000000011</CrAccNo>"
            f"<CrAccName>{name}</CrAccName><Amt>1.00</Amt><WhyUse>商贷月对冲</WhyUse>"
            f"<LoanNo>ABC2019000000001</LoanNo><Postscript>{NUMBERS[0]}</Postscript></Row>"
        )
        top = (
            "<DbAccNo>23710101040000001</DbAccNo><DbAccName>黔南州住房公积金管理中心</DbAccName>"
            "<TotalNum>1</TotalNum><TotalAmt>1.00</TotalAmt>"
        )
        return said(told(bank.urls["front"], request("DCAF01", top + row, number)), "RespCode")

    assert paid("𬭩" * 16, "1" * 20) == ("1010",)  # 16 characters, 64 bytes
    assert paid("𬭩" * 15, "2" * 20) == ("0000",)


def test_another_authentication_is_refused(bank: Mock) -> None:
    asked = request("CQLT01", "", "Q" + "8" * 19, AuthNo="GOLDEN-AUTH-0002")
    assert said(told(bank.urls["front"], asked), "RespCode") == ("1001",)
    journal = bank.control("GET", "/journal")
    assert "GOLDEN-AUTH" not in str(journal)


def test_state_and_port_outlive_a_kill(tmp_path: Path) -> None:
    rows = [loan_row(1, YHJC="ABC")]
    mock = Mock("bank-abc", tmp_path / "state", write_loans(tmp_path / "data", rows))
    mock.start()
    before = mock.urls["front"]
    mock.control("POST", "/client", {"auth_no": "GOLDEN-AUTH-0001"})
    number = "Q" + "7" * 19
    asked = request("CQRT04", f"<OrgReqSeqNo>{BATCH}</OrgReqSeqNo>", number)
    assert said(told(before, asked), "RespCode") == ("0000",)
    mock.kill()
    mock.start()
    assert mock.urls["front"] == before
    other = request("CQRT04", f"<OrgReqSeqNo>{'9' * 20}</OrgReqSeqNo>", number)
    assert said(told(before, other), "RespCode") == ("1012",)
    assert mock.stop() == 0
