"""Statements, balance, due lists, registrations of the mock of 工商银行."""

import pytest

from tests.mocks.conftest import loan_row, order
from tests.mocks.icbc_client import Client, credits_of, tags
from tests.mocks.running import Mock

BATCH = "25100000000000000001"
RTN = 9


def claim(number: int, **over: str) -> str:
    row = loan_row(number)
    fields = {"XYBH": f"DC{number:012d}"}
    fields |= {name: row[name] for name in ("JKHTBH", "HKZH", "JKRXM", "JKRZJH")}
    return tags(fields | over)


class TestStatement:
    def test_each_credit_exactly_once_and_sums_agree(self, bank: Mock, caller: Client) -> None:
        before = bank.control("GET", "/balance")["fen"]
        orders = [order(number, 10_000 + number) for number in range(1, 60)]
        reply = caller.pay(orders, BATCH)
        today = caller.today()
        booked = credits_of(bank)
        assert len(booked) == 59 - 4
        assert [row["PostScript"] for row in today] == [row["number"] for row in booked]
        assert sum(int(row["Amount"]) for row in today) == sum(
            int(row["amount_fen"]) for row in booked
        )
        assert before - bank.control("GET", "/balance")["fen"] == sum(
            int(row["Amount"]) for row in today
        )
        told = {row["iSeqno"]: row["OrderNo"] for row in reply.rows if row.get("OrderNo")}
        serials = {row["PostScript"]: row["OnlySequence"] for row in today}
        assert told.items() <= serials.items()
        assert len(set(serials.values())) == len(today)
        assert {row["RecipName"] for row in today} == {"韦𬭩·阿", "郑琪"}

    def test_yesterday_is_closed_today_is_not(self, bank: Mock, caller: Client) -> None:
        caller.pay([order(10), order(11)], BATCH)
        asked = {"AccNo": caller.me["PayAccNo"], "BeginDate": "20251014", "EndDate": "20251014"}
        assert caller.call("QHISD", tags(asked | {"NextTag": ""})).code == "B0114"
        open_day = caller.today()
        bank.clock("2025-10-15T00:00:01")
        closed = caller.history("20251014", "20251014")
        assert [(r["OnlySequence"], r["DebitAmount"], r["CreditAmount"]) for r in closed] == [
            (row["OnlySequence"], row["Amount"], "") for row in open_day
        ]
        assert caller.today() == []
        bad = asked | {"BeginDate": "20251013", "EndDate": "20251012"}
        assert caller.call("QHISD", tags(bad | {"NextTag": ""})).code == "B0110"

    def test_a_foreign_account_is_refused(self, caller: Client) -> None:
        assert caller.call("QPD", tags({"AccNo": "1", "NextTag": ""})).code == "B0110"

    def test_paging_with_a_thousand_a_page(self, bank: Mock, caller: Client) -> None:
        for batch in range(5):
            orders = [order(10 + n % 50, 1 + n, tries=batch * 10 + n // 50) for n in range(500)]
            assert caller.pay(orders, f"251000000000000001{batch:02d}").code == "0"
        pages = caller.pages("QPD", {"AccNo": caller.me["PayAccNo"]})
        assert [int(page.out["TotalNum"]) for page in pages] == [1000, 1000, 500]
        numbers = [row["PostScript"] for page in pages for row in page.rows]
        assert numbers == [row["number"] for row in credits_of(bank)]
        assert len(set(numbers)) == 2500
        stale = {"AccNo": caller.me["PayAccNo"], "NextTag": "20251013-20251013-20251013-7"}
        assert caller.call("QPD", tags(stale)).code == "B0113"


class TestReturns:
    def test_rtn_comes_back_on_the_third_banking_day(self, bank: Mock, caller: Client) -> None:
        bank.clock("2025-10-16T10:00:00")  # a Thursday: Friday, Monday, Tuesday
        caller.pay([order(RTN)], BATCH)
        bank.clock("2025-10-20T23:59:00")
        assert [row["kind"] for row in credits_of(bank)] == ["credit"]
        bank.clock("2025-10-21T00:00:01")
        back = caller.today()
        assert [(r["Drcrf"], r["BusType"], r["PostScript"]) for r in back] == [
            ("2", "002", order(RTN)["iSeqno"])
        ]
        assert [(r["kind"], r["booked_on"]) for r in credits_of(bank)] == [
            ("credit", "2025-10-16"),
            ("return", "2025-10-21"),
        ]
        assert caller.by_number(order(RTN)["iSeqno"]).rows[0]["Result"] == "7"

    def test_it_comes_back_on_its_day_even_when_nobody_looked(
        self, bank: Mock, caller: Client
    ) -> None:
        caller.pay([order(RTN)], BATCH)
        bank.clock("2025-11-03T09:00:00")
        rows = caller.history("20251014", "20251102")
        assert [(row["BusType"], row["Date"]) for row in rows] == [
            ("001", "20251014"),
            ("002", "20251017"),
        ]
        assert bank.control("GET", "/balance")["fen"] == 5_000_000_000_000

    def test_ordered_by_the_control_plane_in_both_shapes(self, bank: Mock, caller: Client) -> None:
        caller.pay([order(10), order(11), order(12)], BATCH)
        returned = {"day": "2025-10-15", "with_number": False, "shape": "退票"}
        bank.control("POST", "/returns", {"number": order(10)["iSeqno"], **returned})
        bank.control("POST", "/returns", {"number": order(11)["iSeqno"], "shape": "冲正"})
        bank.control("POST", "/returns", {"number": "0" * 20, "shape": "退票"}, status=404)
        red = caller.today()[-1]
        assert (red["BusType"], red["Drcrf"], red["Amount"]) == ("003", "1", "-10050")
        bank.clock("2025-10-15T09:00:00")
        back = caller.today()
        assert [(r["BusType"], r["PostScript"], r["RecipAccNo"]) for r in back] == [
            ("002", "", order(10)["RecAccNo"])
        ]


class TestPlanted:
    def test_differences_of_every_kind(self, bank: Mock, caller: Client) -> None:
        caller.pay([order(number) for number in range(10, 14)], BATCH)
        numbers = [order(number)["iSeqno"] for number in range(10, 14)]
        bank.control("POST", "/plant", {"shape": "unordered", "fen": 777, "number": "9" * 20})
        bank.control("POST", "/plant", {"shape": "missing", "number": numbers[0]})
        bank.control("POST", "/plant", {"shape": "off", "number": numbers[1], "fen": -1})
        bank.control("POST", "/plant", {"shape": "doubled", "number": numbers[2]})
        rows = credits_of(bank)
        assert [(row["number"], row["amount_fen"], row["times"]) for row in rows] == [
            (numbers[1], "10049", "1"),
            (numbers[2], "10050", "2"),
            (numbers[3], "10050", "1"),
            ("9" * 20, "777", "1"),
            (numbers[2], "10050", "2"),
        ]
        assert [row["PostScript"] for row in caller.today()] == [row["number"] for row in rows]
        spent = 5_000_000_000_000 - bank.control("GET", "/balance")["fen"]
        assert spent == sum(int(row["amount_fen"]) for row in rows)
        assert caller.by_number(numbers[0]).rows[0]["Result"] == "7"  # the bank still says so

    @pytest.mark.parametrize("bad", [{"shape": "other"}, {"shape": "off", "fen": 1.5}, {}])
    def test_what_cannot_be_planted(self, bank: Mock, bad: dict[str, object]) -> None:
        bank.control("POST", "/plant", {"number": "1", **bad}, status=400)


class TestDues:
    def test_the_list_with_its_dirt(self, caller: Client) -> None:
        caller.strict = False  # an unreadable amount goes out as it stands
        pages = caller.pages("QDKDUE", {"Month": "202510"})
        rows = [row for page in pages for row in page.rows]
        assert len(rows) == 63
        assert {page.out["TotalNum"] for page in pages} == {"63"}
        readable = [int(r["DQYHJE"]) for r in rows if r["DQYHJE"].lstrip("-").isdigit()]
        assert pages[0].out["TotalAmt"] == str(sum(readable))
        assert rows[0]["DQYHJE"] == "100150"
        assert rows[0]["JKRXM"] == "韦𬭩·阿"
        by_contract = [row["JKHTBH"] for row in rows]
        assert by_contract.count("HT000061") == 2
        assert by_contract.count("HT000063") == 0  # another bank's
        assert next(r for r in rows if r["JKHTBH"] == "HT000060")["DQYHJE"] == "-12057"
        assert next(r for r in rows if r["JKHTBH"] == "HT000062")["DQYHJE"] == "壹佰"

    def test_another_month_is_empty_and_an_old_tag_expires(self, caller: Client) -> None:
        empty = caller.call("QDKDUE", tags({"Month": "202511", "NextTag": ""}))
        assert (empty.code, empty.rows, empty.out["TotalNum"]) == ("0", [], "0")
        for tag in ("202510-deadbeef.7", "nonsense"):
            assert caller.call("QDKDUE", tags({"Month": "202510", "NextTag": tag})).code == "B0113"


class TestAgreements:
    def test_verification(self, caller: Client) -> None:
        cases = {
            "0000": {}, "2001": {"JKHTBH": "HT999999"}, "2002": {"HKZH": "1"},
            "2003": {"JKRXM": "别人"}, "2004": {"JKRZJH": "52272920030308334X"},
        }  # fmt: skip
        for code, over in cases.items():
            assert caller.call("QDKVER", claim(10, **over)).out["CheckCode"] == code

    def test_registration_and_cancellation_are_idempotent(self, caller: Client) -> None:
        def check(code: str, body: str) -> str:
            return caller.call(code, body).out["CheckCode"]

        assert check("DKXYCAN", claim(10)) == "2006"
        assert [check("DKXYREG", claim(10)) for _ in range(2)] == ["0000", "0000"]
        assert check("DKXYREG", claim(11, XYBH="DC000000000010")) == "2007"
        assert [check("DKXYCAN", claim(10)) for _ in range(2)] == ["0000", "0000"]

    def test_balance_and_probe(self, caller: Client) -> None:
        row = {"iSeqno": "1", "AccNo": caller.me["PayAccNo"], "CurrType": "001"}
        reply = caller.call("QACCBAL", f"<TotalNum>1</TotalNum><rd>{tags(row)}</rd>")
        assert reply.rows[0]["Balance"] == reply.rows[0]["UsableBalance"] == "5000000000000"
        assert reply.rows[0]["QueryTime"].startswith("20251014")
        assert caller.call("QNCTEST").out["QueryTime"].startswith("20251014")
