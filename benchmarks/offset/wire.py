"""ICBC's wire as the yardstick speaks it, both sides: contracts_spec/banks/icbc, version 1.0.0.

Written for speed: text is joined, not built as a tree; replies are parsed by lxml and read by
position.  No schema validation, no signature, no drift: the yardstick does only what the money
needs.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote_to_bytes
from xml.sax.saxutils import escape

from lxml import etree

_DECLARATION = '<?xml version="1.0" encoding="GBK"?>'
_PARSER = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
)
_FORM = (
    b"Version=0.0.1.0&TransCode=%s&BankCode=102&GroupCIS=240190001234567&ID=bench.c.2401"
    b"&PackageID=%s&Cert=bench&reqData="
)
_PAYER = (
    "<PayAccNo>2401000109200000001</PayAccNo><PayAccNameCN>示例住房公积金管理中心</PayAccNameCN>"
)

Texts = list[str | None]


def _document(code: str, number: str, body: str, *, reply: bool) -> bytes:
    end = "<RetCode>0</RetCode><RetMsg>成功</RetMsg></pub>" if reply else "</pub>"
    return (
        f"{_DECLARATION}<CMS><eb><pub><TransCode>{code}</TransCode><CIS>240190001234567</CIS>"
        f"<BankCode>102</BankCode><ID>bench.c.2401</ID><TranDate>20251013</TranDate>"
        f"<TranTime>093000125</TranTime><fSeqno>{number}</fSeqno>{end}{body}</eb></CMS>"
    ).encode("gb18030")


def _parse(document: bytes) -> etree._Element:
    # lxml's gb18030 disagrees with Python's on a few characters: decode in one place.
    text = document.decode("gb18030").partition("?>")[2]
    return etree.fromstring(text.encode(), _PARSER)[0][1]  # CMS/eb/(in|out)


def _rows(root: etree._Element) -> Iterator[Texts]:
    for row in root.iterfind("rd"):
        yield [cell.text for cell in row]


def form(code: str, number: str, document: bytes) -> bytes:
    """A request's form: the document travels as Base64, as a signed one does."""
    data = base64.b64encode(document)
    data = data.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")
    return _FORM % (code.encode(), number.encode()) + data


def open_form(body: bytes) -> bytes:
    """The document of a request's form."""
    data = body.rpartition(b"reqData=")[2]
    data = data.replace(b"%2B", b"+").replace(b"%2F", b"/").replace(b"%3D", b"=")
    return base64.b64decode(unquote_to_bytes(data) if b"%" in data else data)


def answer(document: bytes) -> bytes:
    """A reply's body."""
    return b"reqData=" + base64.b64encode(document)


def open_answer(body: bytes) -> bytes:
    """The document of a reply's body."""
    return base64.b64decode(body[8:])


# --- due list ---------------------------------------------------------------------------------


def due_page(rows: Iterable[Sequence[str]], total: int, amount: int, next_tag: str) -> bytes:
    """QDKDUE reply.  A row: loan, DKZH, HKZH, name, ID, due date, instalment, principal, interest
    (分), state, overdue."""
    body = "".join(
        f"<rd><JKHTBH>{r[0]}</JKHTBH><DKZH>{r[1]}</DKZH><HKZH>{r[2]}</HKZH>"
        f"<JKRXM>{escape(r[3])}</JKRXM><JKRZJH>{escape(r[4])}</JKRZJH><YHRQ>{r[5]}</YHRQ>"
        f"<DQYHJE>{r[6]}</DQYHJE><DQYHBJ>{r[7]}</DQYHBJ><DQYHLX>{r[8]}</DQYHLX>"
        f"<DKZT>{r[9]}</DKZT><YQJE>{r[10]}</YQJE></rd>"
        for r in rows
    )
    head = (
        f"<Month>202510</Month><ListVersion>1</ListVersion><TotalNum>{total}</TotalNum>"
        f"<TotalAmt>{amount}</TotalAmt><NextTag>{next_tag}</NextTag>"
    )
    document = _document("QDKDUE", "1", f"<out>{head}{body}</out>", reply=True)
    return answer(document)


def read_due_page(body: bytes) -> Iterator[Texts]:
    """The rows of a QDKDUE reply, each the texts of its eleven fields."""
    return _rows(_parse(open_answer(body)))


# --- instruction and result -------------------------------------------------------------------


def instruction(number: str, rows: Sequence[tuple[str, str, str, int, str]]) -> bytes:
    """PAYENT request.  A row: number, payee account, payee name, amount in 分, loan."""
    body = "".join(
        f"<rd><iSeqno>{n}</iSeqno><PayType>1</PayType>{_PAYER}<RecAccNo>{account}</RecAccNo>"
        f"<RecAccNameCN>{escape(name)}</RecAccNameCN><SysIOFlg>1</SysIOFlg><Prop>1</Prop>"
        f"<CurrType>001</CurrType><PayAmt>{fen}</PayAmt><UseCN>商贷月对冲</UseCN>"
        f"<PostScript>{n}</PostScript><Summary>对冲202510</Summary><Ref>{loan}</Ref></rd>"
        for n, account, name, fen, loan in rows
    )
    total = sum(row[3] for row in rows)
    head = (
        f"<OnlBatF>1</OnlBatF><SettleMode>0</SettleMode><TotalNum>{len(rows)}</TotalNum>"
        f"<TotalAmt>{total}</TotalAmt><SignTime>20251013093000125</SignTime>"
    )
    return form(
        "PAYENT", number, _document("PAYENT", number, f"<in>{head}{body}</in>", reply=False)
    )


def read_instruction(body: bytes) -> list[tuple[str, str, str, int, str]]:
    """What ``instruction`` wrote, as the bank reads it; totals are checked."""
    root = _parse(open_form(body))
    rows = [(r[0], r[4], r[5], int(r[9] or ""), r[13]) for r in _rows(root)]
    if len(rows) != int(root[2].text or "") or sum(r[3] for r in rows) != int(root[3].text or ""):
        raise ValueError("totals differ from rows")
    return rows  # type: ignore[return-value]


def results(number: str, rows: Sequence[tuple[str, str, str, int, str, str]]) -> bytes:
    """PAYENT reply.  A row: number, serial, payee account, amount, Result, instrRetCode."""
    body = "".join(
        f"<rd><iSeqno>{n}</iSeqno><OrderNo>{serial}</OrderNo>"
        f"<PayAccNo>2401000109200000001</PayAccNo><RecAccNo>{account}</RecAccNo>"
        f"<PayAmt>{fen}</PayAmt><Result>{result}</Result><instrRetCode>{code}</instrRetCode>"
        f"<instrRetMsg></instrRetMsg></rd>"
        for n, serial, account, fen, result, code in rows
    )
    head = "<OnlBatF>1</OnlBatF><SettleMode>0</SettleMode>"
    head += f"<TotalNum>{len(rows)}</TotalNum><TotalAmt>{sum(r[3] for r in rows)}</TotalAmt>"
    return answer(_document("PAYENT", number, f"<out>{head}{body}</out>", reply=True))


def read_results(body: bytes) -> list[tuple[str, str, int, str, str]]:
    """(number, serial, amount, Result, instrRetCode) per row."""
    return [
        (r[0] or "", r[1] or "", int(r[4] or "0"), r[5] or "", r[6] or "")
        for r in _rows(_parse(open_answer(body)))
    ]


# --- inquiry ----------------------------------------------------------------------------------


def inquiry(serial: str, numbers: Sequence[str]) -> bytes:
    """QPAYENT request by instruction numbers."""
    body = "".join(
        f"<rd><iSeqno>{place}</iSeqno><QryiSeqno>{number}</QryiSeqno></rd>"
        for place, number in enumerate(numbers, 1)
    )
    document = _document("QPAYENT", serial, f"<in><QryfSeqno></QryfSeqno>{body}</in>", reply=False)
    return form("QPAYENT", serial, document)


def read_inquiry(body: bytes) -> list[str]:
    """The numbers asked for."""
    return [r[1] or "" for r in _rows(_parse(open_form(body)))]


def inquiry_answer(serial: str, rows: Sequence[tuple[str, str, str, int, str, str]]) -> bytes:
    """QPAYENT reply; rows as of ``results``."""
    body = "".join(
        f"<rd><QryiSeqno>{n}</QryiSeqno><OrderNo>{order}</OrderNo><RecAccNo>{account}</RecAccNo>"
        f"<PayAmt>{fen}</PayAmt><iRetCode>0</iRetCode><iRetMsg></iRetMsg><Result>{result}</Result>"
        f"<instrRetCode>{code}</instrRetCode><instrRetMsg></instrRetMsg></rd>"
        for n, order, account, fen, result, code in rows
    )
    return answer(
        _document("QPAYENT", serial, f"<out><QryfSeqno></QryfSeqno>{body}</out>", reply=True)
    )


def read_inquiry_answer(body: bytes) -> list[tuple[str, str, int, str, str]]:
    """(number, serial, amount, Result, instrRetCode) per row."""
    return [
        (r[0] or "", r[1] or "", int(r[3] or "0"), r[6] or "", r[7] or "")
        for r in _rows(_parse(open_answer(body)))
    ]


# --- statement --------------------------------------------------------------------------------


def statement_page(rows: Sequence[tuple[str, str, str, str, int]], next_tag: str) -> bytes:
    """QHISD reply.  A row: serial, number, counter account, counter name, amount in 分."""
    body = "".join(
        f"<rd><Drcrf>1</Drcrf><DebitAmount>{fen}</DebitAmount><CreditAmount></CreditAmount>"
        f"<RecipAccNo>{account}</RecipAccNo><RecipName>{escape(name)}</RecipName>"
        f"<PostScript>{number}</PostScript><BusType>001</BusType>"
        f"<OnlySequence>{serial}</OnlySequence><Date>20251013</Date><Time>093001</Time></rd>"
        for serial, number, account, name, fen in rows
    )
    head = f"<AccNo>2401000109200000001</AccNo><NextTag>{next_tag}</NextTag>"
    head += f"<TotalNum>{len(rows)}</TotalNum>"
    return answer(_document("QHISD", "1", f"<out>{head}{body}</out>", reply=True))


def read_statement_page(body: bytes) -> list[tuple[str, str, int, str]]:
    """(serial, number, amount, counter account) per entry."""
    return [
        (r[7] or "", r[5] or "", int(r[1] or "0"), r[3] or "")
        for r in _rows(_parse(open_answer(body)))
    ]
