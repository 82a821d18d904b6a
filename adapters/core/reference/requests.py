"""The core's requests as bytes, checked against the contract before anything is sent."""

import secrets
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from adapters.core.reference.replies import (
    LARGEST,
    MOST_ITEMS,
    MOST_ROWS,
    Account,
    Agreement,
    Bank,
    Day,
    FenAboveZero,
    ItemNumber,
    Month,
    Page,
    Serial,
)
from hub.kernel.errors import BadInput
from hub.kernel.periods import Period
from hub.kernel.typed import read_json
from hub.ports.core import CoreCommand


class RequestNotAsAgreed(BadInput):
    """What is to be asked cannot be said in the core's contract; nothing was sent."""

    code = "core.request_not_as_agreed"
    hint = "The message names the place; numbers, accounts or amounts do not fit the contract."


class Request(Struct, forbid_unknown_fields=True):
    QQLSH: Serial


class ProbeRequest(Request):
    pass


class PayerRow(Struct, forbid_unknown_fields=True):
    GRZH: Account
    FSEFEN: FenAboveZero


class ItemRequest(Struct, forbid_unknown_fields=True):
    MXBH: ItemNumber
    QCNY: Month
    YHJC: Bank
    XYBH: Agreement
    JZRQ: Day
    FKR: Annotated[tuple[PayerRow, ...], Meta(min_length=1, max_length=10)]


class CommandRequest(Request):
    MX: Annotated[tuple[ItemRequest, ...], Meta(min_length=1, max_length=MOST_ITEMS)]


class AccountsRequest(Request):
    GRZH: Annotated[tuple[Account, ...], Meta(min_length=1, max_length=MOST_ROWS)]


class PageRequest(Request):
    QCNY: Month
    YHJC: Bank
    YB: Page | None


class ChangesRequest(Request):
    XH: Annotated[int, Meta(ge=0, le=LARGEST)]
    TS: Annotated[int, Meta(ge=1, le=MOST_ROWS)]


def serial() -> str:
    """A fresh QQLSH: it only ties a reply to its request."""
    return secrets.token_hex(16)


def encode(request: Request) -> bytes:
    """To bytes; raises RequestNotAsAgreed before anything is sent."""
    body = msgspec.json.encode(request)
    try:
        read_json(body, type(request))
    except msgspec.ValidationError as error:
        # msgspec names type, rule and place, never the value.
        raise RequestNotAsAgreed(f"{type(request).__name__}: {error}") from None
    return body


def command(commands: Sequence[CoreCommand]) -> CommandRequest:
    """The same form for all four commands."""
    return CommandRequest(serial(), tuple(_item(one) for one in commands))


def _item(one: CoreCommand) -> ItemRequest:
    return ItemRequest(
        MXBH=one.number,
        QCNY=_month(one.period),
        YHJC=one.bank,
        XYBH=one.agreement,
        JZRQ=_day(one.business_date),
        FKR=tuple(PayerRow(payer.account, payer.amount) for payer in one.payers),
    )


@lru_cache(maxsize=64)
def _month(period: Period) -> str:
    return period.compact


@lru_cache(maxsize=64)
def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def page(period: Period, bank: str, tag: str | None) -> PageRequest:
    """A page of postings or live holds."""
    return PageRequest(serial(), period.compact, bank, tag)


def askable(number: str) -> bool:
    """Whether the contract's GRZH can hold this number; the core surely knows no other."""
    return 1 <= len(number) <= 20 and all("!" <= char <= "~" for char in number)
