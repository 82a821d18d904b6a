"""邮储银行's platform over real sockets, asked by a client written by hand from the paper: gmalg
signs, cryptography encrypts, files are bytes put into the folder."""

import base64
import json
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import gmalg
import httpx
import pytest
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests.mocks.conftest import loan_row, write_loans
from tests.mocks.running import ROOT, Mock

SAMPLES = ROOT / "contracts_spec" / "banks" / "psbc" / "samples"
PATH = "/sfop/hc/trade"
NOW = datetime(2025, 10, 13, 9, 30, tzinfo=timezone(timedelta(hours=8)))
BATCH = "25101234567890123456"
NUMBERS = [f"2510{place:016d}" for place in range(1, 4)]
GOLDEN = [
    # contract, account, name: the three rows of HCPAY.batch.txt
    ("PSBC2019000000001", "6217990000000000017", "郑琪"),
    ("PSBC2019000000002", "6217990000000000025", "唐𬭩"),
    ("PSBC2019000000003", "6217990000000000033", "买买提|艾\\力·红东"),
]
PAYMENTS = (SAMPLES / "HCPAY.batch.txt").read_bytes()


def sm3(data: bytes) -> str:
    hasher = hashes.Hash(hashes.SM3())
    hasher.update(data)
    return hasher.finalize().hex()


class Customer:
    """The customer's side of the paper."""

    def __init__(self, bank: Mock) -> None:
        self.bank = bank
        own = bank.control("GET", "/client")
        self._own, self._key = bytes.fromhex(own["sign_key"]), bytes.fromhex(own["sm4_key"])
        self._bank_key = bytes.fromhex(own["bank_key"])

    def sealed(
        self, document: object, at: datetime = NOW, trace: str = ""
    ) -> tuple[dict[str, str], bytes]:
        plain = document if isinstance(document, bytes) else json.dumps(document).encode()
        filler, iv = padding.PKCS7(128).padder(), secrets.token_bytes(16)
        worker = Cipher(SM4(self._key), CBC(iv)).encryptor()
        padded = filler.update(plain) + filler.finalize()
        data = base64.b64encode(iv + worker.update(padded) + worker.finalize()).decode()
        head = [
            "8852270000001", "PSBC-SFOP-01", trace or secrets.token_hex(16),
            str(int(at.timestamp() * 1000)),
        ]  # fmt: skip
        signer = gmalg.SM2(sk=self._own, uid=b"QNZFGJJ@PSBC")
        signer = gmalg.SM2(sk=self._own, uid=b"QNZFGJJ@PSBC", pk=signer.generate_pk(self._own))
        r, s = signer.sign("\n".join([*head, PATH, sm3(data.encode())]).encode())
        signature = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        names = ("merchant-no", "platform-no", "trace-id", "request-time")
        headers = {f"psbc-{name}": text for name, text in zip(names, head, strict=True)}
        body = {"encryptedBody": data, "signature": base64.b64encode(signature).decode()}
        return headers, json.dumps(body).encode()

    def posted(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        answer = httpx.post(f"{self.bank.urls['api']}{PATH}", headers=headers, content=body)
        assert answer.status_code == 200
        outer, said = answer.json(), answer.headers
        head = [said[f"psbc-{name}"] for name in ("merchant-no", "platform-no", "trace-id",
                                                  "request-time")]  # fmt: skip
        data = outer["encryptedBody"]
        r, s = decode_dss_signature(base64.b64decode(outer["signature"]))
        text = "\n".join([*head, PATH, sm3(data.encode())]).encode()
        bank = gmalg.SM2(uid=b"QNZFGJJ@PSBC", pk=self._bank_key)
        assert bank.verify(text, r.to_bytes(32, "big"), s.to_bytes(32, "big"))
        assert head[2] == headers["psbc-trace-id"] or head[2] == "0" * 32
        blob = base64.b64decode(data)
        worker, filler = Cipher(SM4(self._key), CBC(blob[:16])).decryptor(), padding.PKCS7(128)
        last = filler.unpadder()
        plain = last.update(worker.update(blob[16:]) + worker.finalize()) + last.finalize()
        found: dict[str, Any] = json.loads(plain)
        return found

    def asked(self, code: str, body: object) -> dict[str, Any]:
        serial = secrets.token_hex(13)
        document = {"txCode": code, "reqSerial": serial, "reqTime": "20251013093000", "body": body}
        said = self.posted(*self.sealed(document))
        assert (said["txCode"], said["reqSerial"]) == (code, serial)
        return said

    def put(self, name: str, content: bytes) -> None:
        (self.folder("upload") / name).write_bytes(content)

    def folder(self, name: str) -> Path:
        return self.bank.state / "bank-psbc" / "files" / name

    def states(self) -> list[str]:
        said = self.asked("HC0203", {"orderNos": NUMBERS})
        return [row["state"] for row in said["body"]["rows"]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    folder = tmp_path_factory.mktemp("psbc")
    rows = [
        loan_row(place, YHJC="PSBC", JKHTBH=loan, HKZH=account, JKRXM=name)
        for place, (loan, account, name) in enumerate(GOLDEN, 1)
    ]
    mock = Mock("bank-psbc", folder / "state", write_loans(folder / "data", rows))
    mock.start()
    yield mock
    assert mock.stop() == 0


@pytest.fixture
def customer(running: Mock) -> Customer:
    running.control("POST", "/reset")
    running.clock("2025-10-13T09:30:00")
    return Customer(running)


def notice(content: bytes = PAYMENTS, **file: object) -> dict[str, Any]:
    """The golden notice of a file with that content, told truly but for ``file``."""
    body: dict[str, Any] = json.loads((SAMPLES / "HC0201.request.json").read_text("utf-8"))["body"]
    digest = sm3(content)
    body["file"] |= {
        "fileName": f"HCPAY_{BATCH}_{digest[:12]}.txt", "fileSize": len(content),
        "fileSm3": digest,
    }  # fmt: skip
    body["file"] |= file
    return body


def test_a_notice_starts_what_its_file_says(customer: Customer) -> None:
    body = notice()
    assert body == json.loads((SAMPLES / "HC0201.request.json").read_text("utf-8"))["body"]
    customer.put(body["file"]["fileName"], PAYMENTS)
    assert customer.states() == ["N"] * 3  # nobody has looked
    said = customer.asked("HC0201", body)
    assert (said["respCode"], said["body"]) == ("00000", {"batchId": BATCH, "file": body["file"]})
    assert customer.states() == ["S"] * 3
    assert customer.asked("HC0201", body)["respCode"] == "00000"
    told = customer.asked("HC0202", {"batchId": BATCH})["body"]
    content = (customer.folder("download") / told["file"]["fileName"]).read_bytes()
    assert (len(content), sm3(content)) == (told["file"]["fileSize"], told["file"]["fileSm3"])
    header, columns, *rows = [line.split("|") for line in content.decode().splitlines()]
    assert header == ["HCRES", BATCH, told["turn"], "3", "5784.15"]
    assert columns == ["orderNo", "state", "amt", "errCode", "hostSeq"]
    assert [row[:4] for row in rows] == [
        [NUMBERS[0], "S", "2284.14", ""], [NUMBERS[1], "S", "3500.00", ""],
        [NUMBERS[2], "S", "0.01", ""],
    ]  # fmt: skip
    ledger = customer.asked("HC0302", {"payAcct": "952001010000527018", "bookDate": "20251013",
                                       "pageNo": 1})["body"]  # fmt: skip
    assert (ledger["file"]["totalNum"], ledger["file"]["totalAmt"]) == (3, "5784.15")


TEXT = PAYMENTS.decode()


@pytest.mark.parametrize(
    ("content", "change", "code"),
    [
        (PAYMENTS, {"totalNum": 2}, "P0202"),
        (PAYMENTS, {"totalAmt": "5784.16"}, "P0202"),
        (TEXT.replace("|3|5784.15", "|4|5784.15").encode(), {}, "P0202"),
        (TEXT.replace("|3|5784.15", "|3|5784.14").encode(), {}, "P0202"),
        (PAYMENTS, {"fileSize": len(PAYMENTS) + 1}, "P0205"),
        (PAYMENTS, {"fileName": f"HCPAY_{BATCH}_000000000000.txt"}, "P0201"),
        (PAYMENTS, {"fileName": f"HCPAY_{'9' * 20}_{sm3(PAYMENTS)[:12]}.txt"}, "P0201"),
        (PAYMENTS, {"fileName": "../download/x.txt"}, "P0201"),
        (PAYMENTS, {"totalNum": "3"}, "P0201"),
        (TEXT.replace("|郑琪|", "|郑|琪|").encode(), {}, "P0206"),
        (TEXT.replace("郑琪", "一" * 41).encode(), {}, "P0206"),
        (TEXT.replace(NUMBERS[1] + "|6", NUMBERS[0] + "|6").encode(), {}, "P0206"),
        (TEXT.replace(f"|{BATCH}|", f"|{'9' * 20}|").encode(), {}, "P0206"),
        (TEXT.replace("|0.01|", "|0.00|").replace("5784.15", "5784.14").encode(),
         {"totalAmt": "5784.14"}, "P0206"),
        (TEXT.encode("gb18030"), {}, "P0206"),
        (PAYMENTS[: len(PAYMENTS) // 2], {}, "P0206"),
    ],
)  # fmt: skip
def test_a_notice_unlike_its_file_books_nothing(
    customer: Customer, content: bytes, change: dict[str, object], code: str
) -> None:
    body = notice(content, **change)
    if "/" not in body["file"]["fileName"]:
        customer.put(body["file"]["fileName"], content)
    said = customer.asked("HC0201", body)
    assert (said["respCode"], "body" in said) == (code, False)
    assert customer.states() == ["N"] * 3


def test_a_file_that_is_missing_or_damaged_can_come_again(customer: Customer) -> None:
    body = notice()
    name = body["file"]["fileName"]
    assert customer.asked("HC0201", body)["respCode"] == "P0204"
    customer.put(name, PAYMENTS[:-1] + b"x")
    assert customer.asked("HC0201", body)["respCode"] == "P0205"
    assert not (customer.folder("upload") / name).exists()
    assert (customer.folder("upload/bad") / name).read_bytes() == PAYMENTS[:-1] + b"x"
    customer.put(name, PAYMENTS)
    assert customer.asked("HC0201", body)["respCode"] == "00000"
    assert customer.states() == ["S"] * 3


def test_one_batch_number_has_one_content(customer: Customer) -> None:
    body = notice()
    customer.put(body["file"]["fileName"], PAYMENTS)
    assert customer.asked("HC0201", body)["respCode"] == "00000"
    other = TEXT.replace("|2284.14|", "|2284.15|").replace("5784.15", "5784.16").encode()
    body = notice(other, totalAmt="5784.16")
    customer.put(body["file"]["fileName"], other)
    assert customer.asked("HC0201", body)["respCode"] == "P0203"


@pytest.mark.parametrize(("seconds", "code"), [(179, "00000"), (-181, "P0104"), (181, "P0104")])
def test_a_stale_request_is_refused(customer: Customer, seconds: int, code: str) -> None:
    document = {"txCode": "HC0101", "reqSerial": "1", "reqTime": "20251013093000", "body": {}}
    sealed = customer.sealed(document, NOW + timedelta(seconds=seconds))
    assert customer.posted(*sealed)["respCode"] == code


def test_a_trace_id_belongs_to_one_request(customer: Customer) -> None:
    document = {"txCode": "HC0101", "reqSerial": "1", "reqTime": "20251013093000", "body": {}}
    sealed = customer.sealed(document, trace="ab" * 16)
    first, second = customer.posted(*sealed), customer.posted(*sealed)
    assert (first["respCode"], second["respCode"]) == ("00000", "00000")
    assert customer.posted(*customer.sealed(document, trace="ab" * 16))["respCode"] == "P0105"


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b'{"txCode": "HC0101", "txCode": "HC0101"}', b'{"txCode": "HC9999"}', b"\xff\xfe",
     b'{"txCode": "HC0101", "reqSerial": "1", "reqTime": "20251013093000", "body": {"x": 1}}'],
)  # fmt: skip
def test_what_is_no_request_is_refused_under_seal(customer: Customer, document: bytes) -> None:
    said = customer.posted(*customer.sealed(document))
    assert (said["respCode"], "body" in said) == ("P0201", False)


def test_an_altered_or_strange_envelope_is_refused_under_seal(customer: Customer) -> None:
    document = {"txCode": "HC0101", "reqSerial": "1", "reqTime": "20251013093000", "body": {}}
    headers, body = customer.sealed(document)
    assert customer.posted({**headers, "psbc-merchant-no": "1"}, body)["respCode"] == "P0101"
    assert customer.posted({**headers, "psbc-trace-id": "0" * 32}, body)["respCode"] == "P0102"
    assert customer.posted(headers, b"{}")["respCode"] == "P0201"
    said = customer.posted(headers, body.replace(b'"encryptedBody": "', b'"encryptedBody": "AAAA'))
    assert (said["respCode"], said["txCode"], said["reqSerial"]) == ("P0102", "", "")
