"""Every way a reply can be broken: unknown and a drift, never a crash, never a result."""

import base64
import gzip
from collections.abc import Callable

import pytest

from hub.ports.bank import BankPort
from hub.ports.line import (
    Drift,
    HttpReply,
    LineNotSent,
    LineUnknown,
    PartnerRefused,
    ReplyUnreadable,
)
from tests.adapters.icbc import bench
from tests.adapters.icbc.bench import (
    BATCH,
    PlayedLine,
    line_of,
    reply,
    sample,
    signed_line,
)

GOOD = sample("PAYENT.reply.txt")
XML = sample("PAYENT.reply.xml")


def _wire(xml: bytes) -> bytes:
    return b"reqData=" + base64.b64encode(xml)


def _zip(content: bytes) -> bytes:
    head = XML.split(b"<out>")[0]
    return _wire(head + b"<zip>" + content + b"</zip></eb></CMS>")


_OUT = b"<out>" + XML.split(b"<out>")[1].split(b"</out>")[0] + b"</out>"
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "html": b"<html><body>502 Bad Gateway</body></html>",
    "html in Chinese": "<html>系统维护</html>".encode("gb18030"),
    "json": b'{"code": 200}',
    "bad base64": b"reqData=@@@@",
    "base64 cut in the middle of four": GOOD.rstrip()[:-1],
    "half the reply": GOOD[: len(GOOD) // 2],
    "half the xml": _wire(XML[: len(XML) // 2]),
    "no xml": _wire(b"OK"),
    "utf-8 inside gbk": _wire(XML.decode("gb18030").replace("成功", "处理成功了").encode()),
    "declares utf-8": _wire(XML.replace(b"GBK", b"UTF-8")),
    "a byte no gb18030 has": _wire(XML.replace(b"<Result>7", b"<Result>\xff7", 1)),
    "doctype": _wire(XML.replace(b"<CMS>", b'<!DOCTYPE CMS SYSTEM "http://x/y"><CMS>', 1)),
    "entity": _wire(XML.replace(b"<CMS>", b'<!DOCTYPE C [<!ENTITY a "b">]><CMS>', 1)),
    "another root": _wire(XML.replace(b"<CMS>", b"<ap>").replace(b"</CMS>", b"</ap>")),
    "no pub": _wire(XML.replace(b"pub>", b"bup>")),
    "no out": reply("PAYENT", None),
    "another package": _wire(XML.replace(BATCH.encode(), b"25109999999999999999")),
    "another transaction": _wire(XML.replace(b">PAYENT<", b">QPAYENT<")),
    "zip of nothing": _zip(b""),
    "zip that is no gzip": _zip(base64.b64encode(_OUT)),
    "half a zip": _zip(base64.b64encode(gzip.compress(_OUT)[:-9])),
    "zip of no out": _zip(base64.b64encode(gzip.compress(b"<in></in>"))),
    "zip of half an out": _zip(base64.b64encode(gzip.compress(_OUT[:-6]))),
    "zip and out": _wire(
        XML.replace(
            b"</out>", b"</out><zip>" + base64.b64encode(gzip.compress(_OUT)) + b"</zip>", 1
        )
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_reply_is_unreadable_and_a_drift(bank: BankPort, name: str) -> None:
    line = signed_line("PAYENT", BROKEN[name])
    with pytest.raises(ReplyUnreadable):
        bank.instruct(line, bench.golden_batch())
    assert line.drift.drifts
    assert line.calls[-1].effect


@pytest.mark.parametrize("status", [301, 404, 500, 502, 503])
def test_another_http_status_is_unreadable_even_with_a_good_body(
    bank: BankPort, status: int
) -> None:
    line = signed_line("PAYENT", b"")
    line.replies[1] = HttpReply(status, {}, GOOD)
    with pytest.raises(ReplyUnreadable):
        bank.instruct(line, bench.golden_batch())
    assert line.drift.drifts == [Drift("PAYENT.http", "200", str(status))]


def test_a_zip_bomb_is_not_unpacked(bank: BankPort) -> None:
    bomb = gzip.compress(b"<out>" + b" " * (80 * 1024 * 1024) + b"</out>")
    with pytest.raises(ReplyUnreadable):
        bank.instruct(signed_line("PAYENT", _zip(base64.b64encode(bomb))), bench.golden_batch())


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "code", "final"),
        [
            ("signature", "B0101", False),
            ("credential", "B0102", False),
            ("busy", "B0131", False),
            ("system", "B9999", False),
            ("format", "B0110", True),
        ],
    )
    def test_a_refusal_is_final_only_by_the_table(
        self, bank: BankPort, name: str, code: str, final: bool
    ) -> None:
        line = signed_line("PAYENT", sample(f"PAYENT.refused-{name}.reply.txt"))
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.golden_batch())
        assert (caught.value.partner_code, caught.value.final) == (code, final)
        assert line.drift.drifts == []

    @pytest.mark.parametrize("code", ["B7777", "", "成功", "00"])
    def test_a_code_nobody_knows_is_never_final_and_a_drift(
        self, bank: BankPort, code: str
    ) -> None:
        line = signed_line("PAYENT", reply("PAYENT", "", ret=code))
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.golden_batch())
        assert not caught.value.final
        assert any(d.place.endswith("RetCode") for d in line.drift.drifts)

    def test_a_failure_inside_200_is_a_failure_even_with_rows(self, bank: BankPort) -> None:
        xml = XML.replace(b"<RetCode>0<", b"<RetCode>B9999<")
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(signed_line("PAYENT", _wire(xml)), bench.golden_batch())
        assert not caught.value.final

    @pytest.mark.parametrize("body", [sample("nc-error.txt"), b"errorCode=-99", b"errorCode=-1"])
    def test_an_error_of_nc_is_not_final(self, bank: BankPort, body: bytes) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(signed_line("PAYENT", body), bench.golden_batch())
        assert not caught.value.final


class TestSigning:
    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"<html>",
            b"<html><head><title>x</title><result>0</result></head><body></body></html>",
            b"<html><head><title>x</title><result>0</result></head>"
            b"<body><sign>not base64!</sign></body></html>",
        ],
    )
    def test_an_unreadable_signature_sends_nothing(self, bank: BankPort, answer: bytes) -> None:
        line = line_of(answer)
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.golden_batch())
        assert [call.effect for call in line.calls] == [False]
        assert line.drift.drifts

    def test_a_refused_signature_sends_nothing(self, bank: BankPort) -> None:
        line = line_of(sample("sign-refused.html"))
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.golden_batch())
        assert not caught.value.final
        assert [call.step for call in line.calls] == ["sign"]

    def test_a_sign_port_that_answers_500_sends_nothing(self, bank: BankPort) -> None:
        line = PlayedLine([HttpReply(500, {}, sample("PAYENT.request.sign.html"))])
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.golden_batch())
        assert len(line.calls) == 1

    @pytest.mark.parametrize("error", [LineNotSent("away"), LineUnknown("cut")])
    def test_the_lines_errors_pass_through(
        self, bank: BankPort, error: LineNotSent | LineUnknown
    ) -> None:
        with pytest.raises(type(error)):
            bank.instruct(line_of(error), bench.golden_batch())
        with pytest.raises(type(error)):
            bank.instruct(line_of(sample("PAYENT.request.sign.html"), error), bench.golden_batch())


def test_no_drift_and_no_message_shows_what_was_found(bank: BankPort) -> None:
    secrets = ("郑琪", "6222083230853674213", "228414")
    told: list[str] = []

    def told_of(body: bytes, call: Callable[[PlayedLine], object]) -> None:
        line = signed_line("PAYENT", body)
        try:
            call(line)
        except (ReplyUnreadable, PartnerRefused) as error:
            told.append(error.message)
        told.extend(f"{drift}" for drift in line.drift.drifts)

    for secret in secrets:
        for tag in ("Result", "iSeqno", "PayAmt", "instrRetCode"):
            old = f"<{tag}>"
            text = XML.decode("gb18030").replace(old, f"{old}{secret}")
            body = _wire(text.encode("gb18030"))
            told_of(body, lambda line: bank.instruct(line, bench.golden_batch()))
        body = reply("PAYENT", "", ret=secret[:10])
        told_of(body, lambda line: bank.instruct(line, bench.golden_batch()))
    assert len(told) > 20
    assert not [text for text in told if any(secret in text for secret in ("郑琪", "6222083"))]
