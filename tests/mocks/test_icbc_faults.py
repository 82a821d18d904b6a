"""Every fault, over real sockets: what the caller sees, and what stands in the books."""

import base64
from collections.abc import Callable

import httpx
import pytest

from tests.mocks.conftest import order
from tests.mocks.icbc_client import Client, credits_of, tags
from tests.mocks.running import Mock

BATCH = "25100000000000000001"
PAYENT = {"endpoint": "api", "code": "PAYENT"}


def rule(bank: Mock, fault: str, **more: object) -> dict[str, object]:
    spec = {"fault": fault, "match": {**PAYENT, "first": 1}} | more
    made: dict[str, object] = bank.control("POST", "/faults", spec, status=201)
    return made


class TestTheLine:
    @pytest.mark.parametrize(("when", "booked"), [("before", 0), ("after", 2)])
    def test_reset(self, bank: Mock, caller: Client, when: str, booked: int) -> None:
        rule(bank, "reset", when=when)
        with pytest.raises(httpx.ReadError):
            caller.pay([order(10), order(11)], BATCH)
        assert len(credits_of(bank)) == booked
        assert caller.pay([order(10), order(11)], BATCH).code == "0"
        assert len(credits_of(bank)) == 2

    def test_half_a_reply(self, bank: Mock, caller: Client) -> None:
        rule(bank, "half_reply")
        with pytest.raises(httpx.RemoteProtocolError):
            caller.pay([order(10)], BATCH)
        assert len(credits_of(bank)) == 1

    @pytest.mark.parametrize(("when", "booked"), [("before", 0), ("after", 1)])
    def test_never(self, bank: Mock, caller: Client, when: str, booked: int) -> None:
        rule(bank, "never", when=when)
        caller.http.timeout = httpx.Timeout(0.3)
        with pytest.raises(httpx.ReadTimeout):
            caller.pay([order(10)], BATCH)
        assert len(credits_of(bank)) == booked

    def test_delay_holds_up_nobody_else(self, bank: Mock, caller: Client) -> None:
        rule(bank, "delay", seconds=0.6)
        caller.http.timeout = httpx.Timeout(0.3)
        with pytest.raises(httpx.ReadTimeout):
            caller.pay([order(10)], BATCH)
        assert caller.by_batch(BATCH).rows[0]["Result"] == "7"

    @pytest.mark.parametrize(("fault", "status"), [("garbage", 200), ("http_error", 502)])
    def test_a_page_instead(self, bank: Mock, caller: Client, fault: str, status: int) -> None:
        rule(bank, fault)
        xml, serial = caller.request("PAYENT", caller.payent_body([order(10)]), BATCH)
        answer = caller.post("PAYENT", caller.sign(xml).encode(), serial)
        assert answer.status_code == status
        assert answer.content.startswith(b"<!DOCTYPE html>")
        assert len(credits_of(bank)) == 1

    def test_refused_connection_until_the_rule_goes(self, bank: Mock, caller: Client) -> None:
        made = rule(bank, "refuse", match={"endpoint": "api"})
        with pytest.raises(httpx.ConnectError):
            caller.by_batch(BATCH)
        xml, _ = caller.request("PAYENT", "", BATCH)
        assert caller.sign(xml)  # the other port goes on
        bank.control("DELETE", f"/faults/{made['id']}")
        assert caller.by_batch(BATCH).code == "B0115"

    def test_refused_connection_for_a_while(self, bank: Mock, caller: Client) -> None:
        rule(bank, "refuse", match={"endpoint": "api"}, seconds=0.4)
        with pytest.raises(httpx.ConnectError):
            caller.by_batch(BATCH)
        for _ in range(60):
            try:
                assert caller.by_batch(BATCH).code == "B0115"
                return
            except httpx.ConnectError:
                bank.control("GET", "/health")
        pytest.fail("the port stayed closed")


class TestWhatIsSaid:
    @pytest.mark.parametrize(
        ("fault", "code"),
        [("system_error", "B9999"), ("unknown_code", "Z7777"), ("answer", "B0131")],
    )
    @pytest.mark.parametrize(("when", "booked"), [("before", 0), ("after", 1)])
    def test_a_code_for_the_whole(
        self, bank: Mock, caller: Client, fault: str, code: str, when: str, booked: int
    ) -> None:
        more = {"answer": {"RetCode": "B0131"}} if fault == "answer" else {}
        rule(bank, fault, when=when, **more)
        reply = caller.pay([order(10)], BATCH)
        assert (reply.code, reply.rows) == (code, [])
        assert len(credits_of(bank)) == booked

    def test_refused_signature_and_credential(self, bank: Mock, caller: Client) -> None:
        rule(bank, "signature_refused")
        assert caller.pay([order(10)], BATCH).code == "B0101"
        rule(bank, "expired_token")
        assert caller.pay([order(10)], BATCH).code == "B0102"
        assert credits_of(bank) == []
        for fault, result in (("signature_refused", "-10"), ("expired_token", "-11")):
            rule(bank, fault, match={"endpoint": "sign", "first": 1})
            with pytest.raises(AssertionError, match=f"<result>{result}</result>"):
                caller.sign(b"<CMS/>")

    def test_an_error_of_the_nc(self, bank: Mock, caller: Client) -> None:
        rule(bank, "nc_error")
        xml, serial = caller.request("PAYENT", caller.payent_body([order(10)]), BATCH)
        answer = caller.post("PAYENT", caller.sign(xml).encode(), serial)
        assert answer.content == b"errorCode=-7"
        assert len(credits_of(bank)) == 1

    def test_wrong_charset(self, bank: Mock, caller: Client) -> None:
        rule(bank, "wrong_charset", match={"code": "QDKDUE", "first": 1})
        body = tags({"Month": "202510", "NextTag": ""})
        xml, serial = caller.request("QDKDUE", body, "Q0")
        raw = base64.b64decode(caller.post("QDKDUE", xml, serial).content[8:])
        assert b"\x00" in raw
        assert 'encoding="GBK"' in raw.decode("utf-16")

    def test_wrong_totals(self, bank: Mock, caller: Client) -> None:
        caller.strict = False  # an unreadable amount goes out as it stands
        rule(bank, "wrong_total", fen=250)
        reply = caller.pay([order(10)], BATCH)
        assert (reply.out["TotalNum"], reply.out["TotalAmt"]) == ("2", "10300")
        honest = caller.call("QDKDUE", tags({"Month": "202510", "NextTag": ""}))
        rule(bank, "wrong_total", match={"code": "QDKDUE"})
        lying = caller.call("QDKDUE", tags({"Month": "202510", "NextTag": ""}))
        assert int(lying.out["TotalAmt"]) - int(honest.out["TotalAmt"]) == 100

    def test_not_found_although_booked(self, bank: Mock, caller: Client) -> None:
        caller.pay([order(10)], BATCH)
        rule(bank, "not_found", match={"code": "QPAYENT", "first": 2})
        assert caller.by_batch(BATCH).code == "B0115"
        assert caller.by_number(order(10)["iSeqno"]).rows[0]["iRetCode"] == "B0116"
        assert caller.by_batch(BATCH).code == "0"


class TestBooksAndAnswers:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda caller: caller.by_batch(BATCH).code == "B0115",
            lambda caller: caller.by_number(order(11)["iSeqno"]).rows[0]["iRetCode"] == "B0116",
        ],
    )
    def test_booked_only_after_not_found(
        self, bank: Mock, caller: Client, ask: Callable[[Client], bool]
    ) -> None:
        rule(bank, "book_after_not_found")
        orders = [order(10), order(11)]
        with pytest.raises(httpx.ReadError):
            caller.pay(orders, BATCH)
        assert credits_of(bank) == []
        assert ask(caller)
        assert [row["number"] for row in credits_of(bank)] == [one["iSeqno"] for one in orders]
        again = caller.pay(orders, BATCH)
        assert {row["Result"] for row in again.rows} == {"7"}
        assert len(credits_of(bank)) == 2

    def test_one_row_booked_only_after_not_found(self, bank: Mock, caller: Client) -> None:
        match = {**PAYENT, "where": {"number": order(11)["iSeqno"]}, "first": 1}
        rule(bank, "book_after_not_found", match=match, by="row")
        reply = caller.pay([order(10), order(11)], BATCH)
        assert [row["iSeqno"] for row in reply.rows] == [order(10)["iSeqno"]]
        assert len(credits_of(bank)) == 1
        assert caller.by_number(order(11)["iSeqno"]).rows[0]["iRetCode"] == "B0116"
        assert len(credits_of(bank)) == 2
        assert caller.by_number(order(11)["iSeqno"]).rows[0]["Result"] == "7"

    def test_a_resend_before_the_parked_request_arrives(self, bank: Mock, caller: Client) -> None:
        rule(bank, "book_after_not_found")
        with pytest.raises(httpx.ReadError):
            caller.pay([order(10)], BATCH)
        assert caller.pay([order(10)], BATCH).rows[0]["Result"] == "7"
        assert caller.by_number(order(10)["iSeqno"], order(11)["iSeqno"]).code == "0"
        assert len(credits_of(bank)) == 1

    def test_a_whole_batch_lost(self, bank: Mock, caller: Client) -> None:
        rule(bank, "batch_lost")
        with pytest.raises(httpx.ReadError):
            caller.pay([order(10), order(11)], BATCH)
        assert caller.by_batch(BATCH).code == "B0115"
        assert caller.by_number(order(10)["iSeqno"]).rows[0]["Result"] == "7"
        assert len(credits_of(bank)) == 2

    def test_late_and_twice_for_a_whole_batch(self, bank: Mock, caller: Client) -> None:
        rule(bank, "late", seconds=60, inquiries=3)
        rule(bank, "twice")
        reply = caller.pay([order(10), order(11)], BATCH)
        assert [row["Result"] for row in reply.rows] == ["9"] * 4
        said = [caller.by_batch(BATCH).rows[0]["Result"] for _ in range(3)]
        assert said == ["9", "9", "7"]
        assert len(credits_of(bank)) == 2

    def test_rows_by_count_and_by_field(self, bank: Mock, caller: Client) -> None:
        rule(bank, "wrong_amount", match={**PAYENT, "every": 3}, by="row", fen=-5)
        rule(bank, "lost", match={"where": {"JKHTBH": "HT00001[12]"}}, by="row")
        rule(bank, "system_error", match={"where": {"account": "*13"}}, by="row", when="before")
        refused = {"Result": "8", "instrRetCode": ""}
        rule(bank, "answer", match={"where": {"fen": "888"}}, by="row", answer=refused)
        orders = [order(n) for n in range(10, 15)] + [order(15, 888)]
        said = {r["iSeqno"]: r for r in caller.pay(orders, BATCH).rows}
        assert order(11)["iSeqno"] not in said
        assert said[order(13)["iSeqno"]]["Result"] == "98"
        assert said[order(15)["iSeqno"]]["Result"] == "8"
        booked = {row["number"]: row["amount_fen"] for row in credits_of(bank)}
        assert booked == {
            order(10)["iSeqno"]: "10050", order(11)["iSeqno"]: "10050",
            order(12)["iSeqno"]: "10045", order(14)["iSeqno"]: "10050",
        }  # fmt: skip
        assert caller.by_number(order(13)["iSeqno"]).rows[0]["iRetCode"] == "B0116"
        assert caller.by_number(order(15)["iSeqno"]).rows[0]["Result"] == "8"

    def test_dirt_in_a_due_list(self, bank: Mock, caller: Client) -> None:
        caller.strict = False  # an unreadable amount goes out as it stands
        match = {"code": "QDKDUE", "where": {"JKHTBH": "HT000010"}}
        rule(bank, "answer", match=match, by="row", answer={"DQYHJE": "abc", "JKRZJH": "x"})
        rows = caller.call("QDKDUE", tags({"Month": "202510", "NextTag": ""})).rows
        dirty = next(row for row in rows if row["JKHTBH"] == "HT000010")
        assert (dirty["DQYHJE"], dirty["JKRZJH"]) == ("abc", "x")


class TestRules:
    def test_percent_is_drawn_from_the_seed(self, bank: Mock, caller: Client) -> None:
        def drawn() -> list[int]:
            bank.control("DELETE", "/faults")
            match = {"code": "QPAYENT", "percent": 30, "seed": 7}
            rule(bank, "answer", match=match, answer={"RetCode": "B0131"})
            return [n for n in range(40) if caller.by_batch(BATCH).code == "B0131"]

        first = drawn()
        assert 4 <= len(first) <= 20
        assert drawn() == first

    def test_scenarios_of_the_library(self, bank: Mock, caller: Client) -> None:
        listed = bank.control("GET", "/faults")["scenarios"]
        for name in listed:
            bank.control("POST", "/faults", {"scenario": name}, status=201)
        bank.control("DELETE", "/faults")
        bank.control("POST", "/faults", {"scenario": "入账后断开"}, status=201)
        with pytest.raises(httpx.ReadError):
            caller.pay([order(10)], BATCH)
        assert len(credits_of(bank)) == 1
        bank.control("POST", "/faults", {"scenario": "没有的"}, status=404)

    @pytest.mark.parametrize(
        "bad",
        [
            {"fault": "explode"},
            {"fault": "reset", "by": "row"},
            {"fault": "lost"},
            {"fault": "reset", "when": "sometime"},
            {"fault": "reset", "match": {"colour": "red"}},
            {"fault": "reset", "wen": "before"},
            {"fault": "reset", "match": {"first": "two"}},
        ],
    )
    def test_a_rule_nobody_understands(self, bank: Mock, bad: dict[str, object]) -> None:
        assert "error" in bank.control("POST", "/faults", bad, status=400)

    def test_the_journal_says_what_came_and_why_a_rule_did_not_act(
        self, bank: Mock, caller: Client
    ) -> None:
        rule(bank, "reset", match={**PAYENT, "where": {"fSeqno": "X*"}}, name="别的批次")
        caller.pay([order(10)], BATCH)
        entries = bank.control("GET", f"/journal?trace={BATCH}")["entries"]
        assert [entry["code"] for entry in entries] == ["SIGN", "PAYENT"]
        paid = entries[1]
        assert paid["near"] == [f"#{paid['near'][0][1:].split(' ')[0]} 别的批次：fSeqno 应为 X*"]
        assert paid["asked"]["first"] == [order(10)["iSeqno"]]
        assert paid["answered"] == {"RetCode": "0", "rows": 1, "results": {"7/0": 1}}
        assert (paid["status"], paid["ended"]) == (200, "answer")
        text = str(entries)
        assert "郑琪" not in text
        assert order(10)["RecAccNo"] not in text
