"""The bank's desk: each transaction's request as values, the books asked, the body written."""

from collections.abc import Callable, Mapping

from mocks.banks.bcm.listing import columns_of, listing, read
from mocks.banks.bcm.queries import Queries
from mocks.banks.bcm.words import CHECK_CODE, NOT_FOUND, stat
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import BankDesk, Codes, answered, counted, total_off
from mocks.kit.bank.front import Message
from mocks.kit.bank.orders import Order
from mocks.kit.bank.payments import Told
from mocks.kit.bank.said import Said
from mocks.kit.bank.yuan import fen, yuan
from mocks.kit.faults import Hits
from mocks.kit.xml import tags, values

CODES = Codes(
    off_format="P0110", wrong_totals="P0111", other_batch="P0112", unknown_batch="P0115",
    stale="P0113", out_of_hours="P0130",
)  # fmt: skip


class Desk(BankDesk):
    """Serves checked requests."""

    def __init__(self, books: Books) -> None:
        super().__init__(books, CODES)
        self._queries = Queries(books, CODES)
        agreements = books.registrations
        self._served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "310101": self._balance,
            "310201": self._today,
            "310301": self._day,
            "330008": self._pay,
            "330012": self._batch,
            "310204": self._numbers,
            "390001": self._dues,
            "390002": self._check(agreements.verify),
            "390003": self._check(agreements.register),
            "390004": self._check(agreements.cancel),
        }

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks."""
        return self._served[code](message, hits)

    def _pay(self, message: Message, hits: Hits) -> Said:
        head = values(message.body)
        orders = [_order(row, head) for row in read(self.contract, "330008.request", head)]
        batch, total = head["batch_no"], fen(head["sum_amt"])
        told = self.take(batch, orders, count=head["sum_num"], fen=total, hits=hits)
        top = (
            ("batch_no", batch), ("sum_num", str(len(orders))),
            ("sum_amt", yuan(str(total + total_off(hits)))),
        )  # fmt: skip
        return Said("", tags(top), counted(told, _state))

    def _batch(self, message: Message, hits: Hits) -> Said:
        number = values(message.body)["batch_no"]
        told = self.batch(number, hits)
        rows = self._listed("330012.reply", [self._told(one) for one in told], hits)
        return Said("", tags((("batch_no", number),)) + rows, counted(told, _state))

    def _numbers(self, message: Message, hits: Hits) -> Said:
        asked = read(self.contract, "310204.request", values(message.body))
        found = self.books.payments.by_number([row["cert_no"] for row in asked], hits)
        told = [_unknown(number) if one is None else self._told(one) for number, one in found]
        rows = self._listed("310204.reply", told, hits)
        return Said("", tags((("query_flag", "2"),)) + rows, answered(found, _state))

    def _told(self, told: Told) -> dict[str, str]:
        said, failed = stat(told)
        return {
            "cert_no": told.number,
            "stat": said,
            "amt": yuan(str(told.fen)),
            "err_code": failed,
            "err_msg": self.contract.text("err_code", failed) if failed else "",
            "serial_no": told.serial if said == "1" else "",
        }

    def _today(self, message: Message, hits: Hits) -> Said:
        return self._entries(values(message.body), self.now()[:8], hits)

    def _day(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        return self._entries(asked, asked["tr_date"], hits)

    def _entries(self, asked: Mapping[str, str], day: str, hits: Hits) -> Said:
        self.own_account(asked["acno"])
        return self._queries.entries(asked["acno"], day, int(asked["page_no"]), hits)

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        version = asked.get("list_ver", "")
        return self._queries.dues(asked["period"], version, int(asked["page_no"]), hits)

    def _balance(self, message: Message, hits: Hits) -> Said:
        account = values(message.body)["acno"]
        self.own_account(account)
        amount = yuan(str(self.books.ledger.balance()))
        row = {
            "acno": account, "acname": self.books.clients.payer[1], "cur_code": "CNY",
            "bal": amount, "avail_bal": amount, "bal_time": self.now(),
        }  # fmt: skip
        return Said("", self._listed("310101.reply", [row], hits), {"yuan": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            said = values(message.body)
            asked = {name.upper(): text for name, text in said.items()}
            asked |= {"JKHTBH": said["loan_no"]}
            code = self.claim(ask, asked, hits, CHECK_CODE, "check_code")
            text = self.contract.text("check_code", code)
            fields = (("xybh", said["xybh"]), ("check_code", code), ("check_msg", text))
            return Said("", tags(fields), {"check_code": code})

        return served

    def _listed(self, message: str, rows: list[dict[str, str]], hits: Hits) -> str:
        return listing(columns_of(self.contract, message), rows, hits)


def _order(row: Mapping[str, str], head: Mapping[str, str]) -> Order:
    return Order(
        number=row["cert_no"], pay_account=head["pay_acno"], pay_name=head["pay_acname"],
        account=row["rcv_acno"], name=row["rcv_acname"], fen=fen(row["amt"]),
        purpose=head["summary"], postscript=row["postscript"], summary="", loan=row["loan_no"],
    )  # fmt: skip


def _unknown(number: str) -> dict[str, str]:
    return {
        "cert_no": number, "stat": NOT_FOUND, "amt": "", "err_code": "", "err_msg": "",
        "serial_no": "",
    }  # fmt: skip


def _state(told: Told) -> str:
    return "/".join(stat(told))
