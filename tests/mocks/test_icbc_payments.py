"""PAYENT and QPAYENT of the mock of 工商银行, over real sockets."""

import time

from tests.mocks.conftest import order
from tests.mocks.icbc_client import Client, credits_of, decode
from tests.mocks.running import Mock

REFUSALS = {2: "A1101", 3: "A1102", 4: "A1103", 5: "A1199"}
LATE, LOST, TWICE, RTN = 6, 7, 8, 9
BATCH = "25100000000000000001"


def results(rows: list[dict[str, str]], key: str = "iSeqno") -> dict[str, tuple[str, str]]:
    return {row[key]: (row["Result"], row["instrRetCode"]) for row in rows}


class TestKkjg:
    def test_every_mind_in_one_batch(self, bank: Mock, caller: Client) -> None:
        orders = [order(number) for number in range(1, 10)]
        reply = caller.pay(orders, BATCH)
        assert reply.code == "0"
        assert reply.pub["fSeqno"] == BATCH
        assert (reply.out["TotalNum"], reply.out["TotalAmt"]) == ("9", str(9 * 10_050))
        said = results(reply.rows)
        assert said[order(1)["iSeqno"]] == ("7", "0")
        for number, code in REFUSALS.items():
            assert said[order(number)["iSeqno"]] == ("6", code)
        assert said[order(LATE)["iSeqno"]] == ("9", "")
        assert order(LOST)["iSeqno"] not in said
        assert [row["iSeqno"] for row in reply.rows].count(order(TWICE)["iSeqno"]) == 2
        assert said[order(RTN)["iSeqno"]] == ("7", "0")
        booked = credits_of(bank)
        assert [row["number"] for row in booked] == [
            order(number)["iSeqno"] for number in (1, LATE, LOST, TWICE, RTN)
        ]
        assert {row["times"] for row in booked} == {"1"}
        assert {row["kind"] for row in booked} == {"credit"}

    def test_the_mind_itself_never_leaves(self, caller: Client) -> None:
        caller.strict = False  # an unreadable amount goes out as it stands
        due = caller.call("QDKDUE", "<Month>202510</Month><NextTag></NextTag>")
        reply = caller.pay([order(n) for n in range(1, 10)], BATCH)
        for raw in (due.raw, reply.raw):
            for word in (b"KKJG", b"LATE", b"LOST", b"TWICE", b"RTN", b"1001", b"9999"):
                # 1001 and 9999 may stand inside longer numbers, never as a field
                assert b">" + word + b"<" not in raw

    def test_late_until_the_second_inquiry(self, caller: Client) -> None:
        caller.pay([order(LATE)], BATCH)
        number = order(LATE)["iSeqno"]
        first = caller.by_number(number).rows[0]
        assert first["Result"] == "9"
        assert first.get("OrderNo") is None
        second = caller.by_number(number).rows[0]
        assert (second["Result"], second["PayAmt"]) == ("7", "10050")
        assert second["OrderNo"]

    def test_late_until_two_seconds(self, caller: Client) -> None:
        caller.pay([order(LATE)], BATCH)
        time.sleep(2.05)
        assert caller.by_batch(BATCH).rows[0]["Result"] == "7"

    def test_lost_only_by_number(self, caller: Client) -> None:
        orders = [order(LOST), order(10)]
        for reply in (caller.pay(orders, BATCH), caller.pay(orders, BATCH)):
            assert [row["iSeqno"] for row in reply.rows] == [order(10)["iSeqno"]]
        assert [row["QryiSeqno"] for row in caller.by_batch(BATCH).rows] == [order(10)["iSeqno"]]
        row = caller.by_number(order(LOST)["iSeqno"]).rows[0]
        assert (row["Result"], row["PayAmt"]) == ("7", "10050")

    def test_a_changed_mind_counts_from_the_next_order(self, bank: Mock, caller: Client) -> None:
        bank.control("POST", "/rows/HT000010", {"KKJG": "1003"})
        assert results(caller.pay([order(10)], BATCH).rows) == {order(10)["iSeqno"]: ("6", "A1103")}
        assert bank.control("GET", "/rows/HT000010")["rows"][0]["KKJG"] == "1003"
        bank.control("POST", "/rows/HT000010", {"KKJG": "MAYBE"}, status=400)
        bank.control("POST", "/rows/NOBODY", {"KKJG": "0000"}, status=404)


class TestIdempotency:
    def test_the_same_batch_again(self, bank: Mock, caller: Client) -> None:
        orders = [order(number) for number in range(10, 40)]
        first = caller.pay(orders, BATCH)
        again = caller.pay(orders, BATCH)
        assert again.rows == first.rows
        assert len(credits_of(bank)) == 30
        assert bank.control("GET", "/totals") == {"credit": {"count": 30, "fen": 30 * 10_050}}

    def test_the_same_number_in_another_batch(self, bank: Mock, caller: Client) -> None:
        first = caller.pay([order(10)], BATCH)
        other = caller.pay([order(10), order(11)], "25100000000000000002")
        assert other.rows[0] == first.rows[0]
        assert len(credits_of(bank)) == 2

    def test_the_same_number_with_other_fields(self, bank: Mock, caller: Client) -> None:
        caller.pay([order(10)], BATCH)
        changed = order(11, iSeqno=order(10)["iSeqno"])
        reply = caller.pay([changed, order(10, 99)], "25100000000000000002")
        assert {(r["Result"], r["instrRetCode"]) for r in reply.rows} == {("6", "A1302")}
        assert len(credits_of(bank)) == 1
        assert caller.by_number(order(10)["iSeqno"]).rows[0]["PayAmt"] == "10050"

    def test_the_same_batch_number_with_other_rows(self, bank: Mock, caller: Client) -> None:
        caller.pay([order(10), order(11)], BATCH)
        for orders in ([order(10)], [order(11), order(10)], [order(10), order(11, 5)]):
            assert caller.pay(orders, BATCH).code == "B0112"
        assert len(credits_of(bank)) == 2

    def test_one_number_twice_in_one_batch(self, bank: Mock, caller: Client) -> None:
        reply = caller.pay([order(10), order(10), order(10, 7)], BATCH)
        assert [row["instrRetCode"] for row in reply.rows] == ["0", "0", "A1302"]
        assert len(credits_of(bank)) == 1


class TestRefusals:
    def test_what_is_not_in_the_book(self, bank: Mock, caller: Client) -> None:
        orders = [
            order(10, Ref="HT999999"),
            order(11, RecAccNo="6222000000000000000"),
            order(12, RecAccNameCN="别人"),
            order(63),  # another bank's loan
            order(13, 0),
        ]
        reply = caller.pay(orders, BATCH)
        assert [row["instrRetCode"] for row in reply.rows] == [
            "A1199", "A1199", "A1102", "A1199", "A1199",
        ]  # fmt: skip
        assert credits_of(bank) == []

    def test_totals_are_checked(self, bank: Mock, caller: Client) -> None:
        for wrong in ({"TotalNum": "3"}, {"TotalAmt": "1"}):
            body = caller.payent_body([order(10), order(11)], **wrong)
            assert caller.call("PAYENT", body, BATCH).code == "B0111"
        assert credits_of(bank) == []

    def test_the_schema_is_checked(self, bank: Mock, caller: Client) -> None:
        body = caller.payent_body([order(10)]).replace("<CurrType>001", "<CurrType>840")
        assert caller.call("PAYENT", body, BATCH).code == "B0110"
        too_many = [order(10, tries=n) for n in range(99)] * 6
        assert caller.call("PAYENT", caller.payent_body(too_many), BATCH).code == "B0110"
        long_name = caller.payent_body([order(10, RecAccNameCN="名" * 31)])
        assert caller.call("PAYENT", long_name, BATCH).code == "B0110"
        assert credits_of(bank) == []

    def test_a_dry_account(self, bank: Mock, caller: Client) -> None:
        bank.control("POST", "/balance", {"fen": 25_000})
        reply = caller.pay([order(10), order(11), order(12)], BATCH)
        assert [row["instrRetCode"] for row in reply.rows] == ["0", "0", "A1301"]
        assert bank.control("GET", "/balance") == {"fen": 25_000 - 20_100}

    def test_outside_the_hours(self, bank: Mock, caller: Client) -> None:
        bank.clock("2025-10-14T22:00:30")
        assert caller.pay([order(10)], BATCH).code == "B0130"
        assert caller.by_batch(BATCH).code == "B0115"
        assert credits_of(bank) == []

    def test_an_unknown_number_and_batch(self, caller: Client) -> None:
        caller.pay([order(10)], BATCH)
        assert caller.by_batch("25109999999999999999").code == "B0115"
        rows = caller.by_number("25109999999999999999", order(10)["iSeqno"]).rows
        assert [row["iRetCode"] for row in rows] == ["B0116", "0"]
        assert "Result" not in rows[0]
        assert rows[1]["Result"] == "7"


class TestSignature:
    def test_none_or_a_wrong_one_is_refused(self, bank: Mock, caller: Client) -> None:
        xml, serial = caller.request("PAYENT", caller.payent_body([order(10)]), BATCH)
        good = caller.sign(xml)
        middle = len(good) // 2
        bad = good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :]
        for data in (xml, b"", bad.encode(), good[4:].encode()):
            assert decode(caller.post("PAYENT", data, serial)).code == "B0101"
        assert credits_of(bank) == []
        assert decode(caller.post("PAYENT", good.encode(), serial)).code == "0"
        assert len(credits_of(bank)) == 1

    def test_credential_and_customer_are_checked(self, bank: Mock, caller: Client) -> None:
        xml, serial = caller.request("PAYENT", caller.payent_body([order(10)]), BATCH)
        data = caller.sign(xml).encode()
        for wrong in ({"Cert": "guess"}, {"GroupCIS": "1"}, {"ID": "other"}):
            assert decode(caller.post("PAYENT", data, serial, **wrong)).code == "B0102"
        other, _ = caller.request("PAYENT", caller.payent_body([order(10)]), BATCH, CIS="1")
        signed = caller.sign(other).encode()
        assert decode(caller.post("PAYENT", signed, serial)).code == "B0102"
        assert credits_of(bank) == []
