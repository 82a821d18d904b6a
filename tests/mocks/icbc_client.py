"""A caller of the bank's NC, written by hand from the contract; not the hub's adapter."""

import base64
import csv
import gzip
import io
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
from lxml import etree

from tests.mocks.running import ROOT, Mock

SIGNED = {"PAYENT", "DKXYREG", "DKXYCAN", "QNCTEST"}
SCHEMAS = ROOT / "contracts_spec" / "banks" / "icbc" / "schemas"
PATH = "/servlet/ICBCCMPAPIReqServlet"
_serial = itertools.count(1)


@dataclass
class Reply:
    """A decoded reply."""

    code: str
    pub: dict[str, str]
    out: dict[str, str]
    rows: list[dict[str, str]]
    raw: bytes


def tags(fields: dict[str, str]) -> str:
    """Elements in order."""
    return "".join(
        f"<{k}>{v.replace('&', '&amp;').replace('<', '&lt;')}</{k}>" for k, v in fields.items()
    )


def text_of(element: etree._Element) -> dict[str, str]:
    """Leaf children as text."""
    return {str(c.tag): c.text or "" for c in element if len(c) == 0}


class Client:
    """Speaks as the centre would."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.http = httpx.Client(timeout=10, trust_env=False)
        self.me: dict[str, Any] = mock.control("GET", "/client")
        self.strict = True

    def close(self) -> None:
        self.http.close()

    def sign(self, xml: bytes) -> str:
        """The sign port's signature text; its result code as an AssertionError otherwise."""
        answer = self.http.post(
            self.mock.urls["sign"] + "/", content=xml,
            headers={"Content-Type": "INFOSEC_SIGN/1.0"},
        )  # fmt: skip
        found = re.search(r"<result>(.*?)</result>.*?<sign>(.*?)</sign>", answer.text, re.DOTALL)
        if found is None:
            raise AssertionError(answer.text)
        return "".join(found[2].split())

    def request(self, code: str, body: str, serial: str, **over: str) -> tuple[bytes, str]:
        """XML bytes and serial."""
        pub = {
            "TransCode": code, "CIS": self.me["CIS"], "BankCode": "102", "ID": self.me["ID"],
            "TranDate": "20251014", "TranTime": "093000125", "fSeqno": serial,
        } | over  # fmt: skip
        xml = (
            '<?xml version="1.0" encoding="GBK"?><CMS><eb>'
            f"<pub>{tags(pub)}</pub><in>{body}</in></eb></CMS>"
        )
        return xml.encode("gb18030"), serial

    def post(self, code: str, data: bytes, serial: str, **over: str) -> httpx.Response:
        """The form as the contract orders it."""
        form = {
            "Version": "0.0.1.0", "TransCode": code, "BankCode": "102",
            "GroupCIS": self.me["GroupCIS"], "ID": self.me["ID"], "PackageID": serial,
            "Cert": self.me["cert"],
        } | over  # fmt: skip
        pairs = [f"{k}={quote_from_bytes(v.encode('gb18030'), safe='')}" for k, v in form.items()]
        pairs.append("reqData=" + quote_from_bytes(data, safe=""))
        return self.http.post(
            self.mock.urls["api"] + PATH,
            params={"userID": self.me["ID"], "PackageID": serial, "SendTime": "20251014093000125"},
            content="&".join(pairs).encode("ascii"),
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=GBK"},
        )

    def call(self, code: str, body: str = "", serial: str = "") -> Reply:
        """Sign where it must be, post, decode."""
        xml, serial = self.request(code, body, serial or f"Q{next(_serial):012d}")
        data = self.sign(xml).encode() if code in SIGNED else xml
        return decode(self.post(code, data, serial), strict=self.strict)

    def payent_body(self, orders: Iterable[dict[str, str]], **over: str) -> str:
        """The ``in`` of PAYENT; an order has iSeqno, RecAccNo, RecAccNameCN, PayAmt, Ref."""
        rows = []
        total = 0
        for order in orders:
            total += int(order["PayAmt"])
            row = {
                "iSeqno": order["iSeqno"], "PayType": "1", "PayAccNo": self.me["PayAccNo"],
                "PayAccNameCN": self.me["PayAccName"], "RecAccNo": order["RecAccNo"],
                "RecAccNameCN": order["RecAccNameCN"], "SysIOFlg": "1", "Prop": "1",
                "CurrType": "001", "PayAmt": order["PayAmt"], "UseCN": "商贷月对冲",
                "PostScript": order["iSeqno"], "Summary": "对冲202510", "Ref": order["Ref"],
            }  # fmt: skip
            rows.append(f"<rd>{tags(row)}</rd>")
        head = {
            "OnlBatF": "1", "SettleMode": "0", "TotalNum": str(len(rows)), "TotalAmt": str(total),
            "SignTime": "20251014093000125",
        } | over  # fmt: skip
        return tags(head) + "".join(rows)

    def pay(self, orders: list[dict[str, str]], batch: str) -> Reply:
        """PAYENT."""
        return self.call("PAYENT", self.payent_body(orders), batch)

    def by_batch(self, batch: str) -> Reply:
        """QPAYENT by batch."""
        return self.call("QPAYENT", tags({"QryfSeqno": batch}))

    def by_number(self, *numbers: str) -> Reply:
        """QPAYENT by numbers."""
        rows = "".join(
            f"<rd>{tags({'iSeqno': str(i), 'QryiSeqno': n})}</rd>" for i, n in enumerate(numbers, 1)
        )
        return self.call("QPAYENT", tags({"QryfSeqno": ""}) + rows)

    def pages(self, code: str, fields: dict[str, str]) -> list[Reply]:
        """All pages of a query with NextTag last in its ``in``."""
        found, tag = [], ""
        while True:
            reply = self.call(code, tags(fields | {"NextTag": tag}))
            assert reply.code == "0", reply.raw
            found.append(reply)
            tag = reply.out["NextTag"]
            if not tag:
                return found

    def history(self, first: str, last: str) -> list[dict[str, str]]:
        """QHISD, all pages."""
        asked = {"AccNo": self.me["PayAccNo"], "BeginDate": first, "EndDate": last}
        return [row for page in self.pages("QHISD", asked) for row in page.rows]

    def today(self) -> list[dict[str, str]]:
        """QPD, all pages."""
        pages = self.pages("QPD", {"AccNo": self.me["PayAccNo"]})
        return [row for page in pages for row in page.rows]


def decode(answer: httpx.Response, *, strict: bool = True) -> Reply:
    """``reqData=`` + Base64, GB18030, ``zip`` unpacked, held against the contract's XSD."""
    assert answer.status_code == 200
    assert answer.content.startswith(b"reqData="), answer.content[:80]
    raw = base64.b64decode(answer.content[8:])
    root = etree.fromstring(raw.decode("gb18030").split("?>", 1)[1].encode("utf-8"))
    packed = root.find("eb/zip")
    if packed is not None:
        inner = gzip.decompress(base64.b64decode(packed.text or "")).decode("gb18030")
        parent = packed.getparent()
        assert parent is not None
        parent.replace(packed, etree.fromstring(inner.encode("utf-8")))
    pub_element, out = root.find("eb/pub"), root.find("eb/out")
    assert pub_element is not None
    pub = text_of(pub_element)
    if strict:
        schema = etree.XMLSchema(etree.parse(str(SCHEMAS / f"{pub['TransCode']}.reply.xsd")))
        schema.assertValid(root)
    rows = [] if out is None else [text_of(row) for row in out.iterchildren("rd")]
    return Reply(pub["RetCode"], pub, {} if out is None else text_of(out), rows, raw)


def credits_of(mock: Mock) -> list[dict[str, str]]:
    """credits.csv as rows."""
    return list(csv.DictReader(io.StringIO(mock.control("GET", "/credits.csv"))))
