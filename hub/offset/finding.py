"""Finding what somebody asks about: one text, read as every number it may be.

A text is tried as an instruction, batch, agreement, loan, bank or core serial, account, document,
or the end of one.  Every look goes through an index (tests/offset/test_finding.py), so it is as
fast after ten years as on the first day.  Accounts and documents are compared as tokens; what
comes back is masked.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.crypto import Tokens
from hub.kernel.identity import normal_id, normal_id_card
from hub.kernel.secret import mask_account
from hub.offset.found_rows import (
    FoundAgreement,
    FoundDue,
    FoundEntry,
    FoundItem,
    agreements_of,
    items_by_number,
    lives_of,
    unclaimed_dues,
)
from hub.offset.numbers import LENGTH
from hub.offset.tables import agreement, core_posting, item, statement_day, statement_entry
from hub.offset.tables_finding import account_owner
from hub.store import among

MOST = 50
"""Most agreements, and most items of one batch, that one text brings."""

_TAIL = re.compile(r"[0-9]{3}[0-9X]")
_SPACED = re.compile(r"[0-9X][0-9X \-]*[0-9X]")
_LONGEST = 64
_NO_ACCOUNT = "0" * 12
"""Stands for the part of an account that a mask hides."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a text led to, newest period first.

    ``ways``: what the text turned out to be (``instruction``, ``batch``, ``agreement``, ``loan``,
    ``bank_serial``, ``core_serial``, ``account``, ``account_tail``, ``document``,
    ``document_tail``).  ``entries`` are credits or returns at a bank that are no item's, ``dues``
    what a bank listed and no agreement asks for.  ``more``: there are others; a longer text finds
    them.
    """

    text: str
    ways: tuple[str, ...] = ()
    items: tuple[FoundItem, ...] = ()
    agreements: tuple[FoundAgreement, ...] = ()
    entries: tuple[FoundEntry, ...] = ()
    dues: tuple[FoundDue, ...] = ()
    more: bool = False

    @property
    def nothing(self) -> bool:
        """The text led nowhere."""
        return not (self.items or self.agreements or self.entries or self.dues)


def plain(text: str) -> str:
    """A text as it is looked for: full-width signs as half-width ones, no blanks around it, none
    inside a number that was written in groups."""
    whole = unicodedata.normalize("NFKC", text)
    # What no number holds (controls, halves of a pair) and no database takes.
    clean = "".join(c for c in whole if unicodedata.category(c)[0] != "C").strip()[:_LONGEST]
    if _SPACED.fullmatch(clean.upper()):
        return clean.replace(" ", "").replace("-", "")
    return clean


@dataclass(slots=True)
class _Gathered:
    """What the looks have brought so far."""

    ways: dict[str, None] = field(default_factory=dict)
    agreement_ids: dict[int, None] = field(default_factory=dict)
    numbers: dict[str, None] = field(default_factory=dict)
    more: bool = False

    def add_agreements(self, way: str, ids: Iterable[int]) -> None:
        found = list(ids)
        self.more |= len(found) > MOST
        self._note(way, found)
        self.agreement_ids.update(dict.fromkeys(found[:MOST]))

    def add_items(self, way: str, numbers: Iterable[str]) -> None:
        found = list(numbers)
        self.more |= len(found) > MOST
        self._note(way, found)
        self.numbers.update(dict.fromkeys(found[:MOST]))

    def _note(self, way: str, found: list[int] | list[str]) -> None:
        if found:
            self.ways[way] = None


def find(view: Connection, tokens: Tokens, text: str, banks: Iterable[str]) -> Found:
    """Everything of the offset that a text leads to; ``banks`` are the codes there are."""
    wanted = plain(text)
    if not wanted:
        return Found(wanted)
    got = _Gathered()
    if len(wanted) == LENGTH and wanted.isascii() and wanted.isdigit():
        _by_our_number(view, got, wanted)
    strangers = _by_serial(view, got, wanted)
    _by_agreement(view, got, wanted, list(banks))
    if _TAIL.fullmatch(wanted.upper()):
        _by_tail(view, got, tokens, wanted.upper())
    else:
        _by_whole(view, got, tokens, wanted)
    dues = () if "loan" in got.ways else unclaimed_dues(view, wanted, MOST)
    if dues:
        got.ways["loan"] = None
    items = {
        each.key: each
        for each in (*items_by_number(view, list(got.numbers)), *lives_of(view, got.agreement_ids))
    }
    shown = sorted(items.values(), key=lambda one: (one.agreement, -one.try_no))
    shown.sort(key=lambda one: one.period, reverse=True)
    return Found(
        wanted, tuple(got.ways), tuple(shown), agreements_of(view, got.agreement_ids),
        tuple(strangers), tuple(dues), got.more,
    )  # fmt: skip


def _by_our_number(view: Connection, got: _Gathered, number: str) -> None:
    """20 digits of ours: an instruction's or a batch's."""
    got.add_items("instruction", view.scalars(sa.select(item.c.number).filter_by(number=number)))
    rows = sa.select(item.c.number).where(item.c.batch == number).order_by(item.c.row_no)
    got.add_items("batch", view.scalars(rows.limit(MOST + 1)))


def _by_serial(view: Connection, got: _Gathered, text: str) -> list[FoundEntry]:
    """流水号 of bank or core; the entries that are no item's."""
    s = statement_entry.c
    columns = (s.bank, s.day, s.serial, s.kind, s.number, s.fen, s.counter_mask)
    # The unique key begins with bank and day: each day that was read is looked at, a few hundred.
    by_serial = sa.select(*columns).join(
        statement_day,
        sa.and_(statement_day.c.bank == s.bank, statement_day.c.day == s.day, s.serial == text),
    )
    by_number = sa.select(*columns).where(s.number == text).limit(MOST)
    rows = {row[:3]: row for query in (by_serial, by_number) for row in view.execute(query)}
    entries = [FoundEntry(*row) for row in rows.values()]
    posted = view.scalars(
        sa.select(core_posting.c.number).where(
            sa.or_(core_posting.c.serial == text, core_posting.c.number == text)
        )
    ).all()
    told = view.scalars(
        sa.select(item.c.number).where(item.c.bank_serial == text).limit(MOST + 1)
    ).all()
    numbers = sorted({one.number for one in entries if one.number} | set(posted))
    ours = set(view.scalars(sa.select(item.c.number).where(among(view, item.c.number, numbers))))
    of_bank = [one.number for one in entries if one.number in ours and one.serial == text]
    got.add_items("bank_serial", [*told, *of_bank])
    got.add_items("core_serial", [number for number in posted if number in ours - {text}])
    # An entry without our number is an item's all the same when a result told its serial.
    return [one for one in entries if one.number not in ours and (one.number or not told)]


def _by_agreement(view: Connection, got: _Gathered, text: str, banks: list[str]) -> None:
    a = agreement.c
    got.add_agreements("agreement", view.scalars(sa.select(a.id).where(a.number == text)))
    loans = sa.select(a.id).where(among(view, a.bank, banks), a.loan_contract == text)
    got.add_agreements("loan", view.scalars(loans.order_by(a.id.desc()).limit(MOST + 1)))


def _by_whole(view: Connection, got: _Gathered, tokens: Tokens, text: str) -> None:
    """A whole account, or a whole document in either of an ID card's forms."""
    token, a = tokens.whole("account", text), agreement.c
    for column in (a.repay_token, a.main_token, a.spouse_token):
        _add(view, got, "account", column == token)
    for document in sorted({normal_id(text), normal_id_card(text)}):
        owned = account_owner.c.id_token == tokens.whole("id", document)
        _add_owned(view, got, "document", owned)


def _by_tail(view: Connection, got: _Gathered, tokens: Tokens, tail: str) -> None:
    """The last four signs of an account or a document: candidates, no proof."""
    a, shown = agreement.c, mask_account(_NO_ACCOUNT + tail)
    if tail.isdigit():
        for condition in (
            a.repay_tail == tokens.tail("account", tail), a.main_mask == shown,
            a.spouse_mask == shown,
        ):  # fmt: skip
            _add(view, got, "account_tail", condition)
    _add_owned(view, got, "document_tail", account_owner.c.id_tail == tokens.tail("id", tail))


def _add(view: Connection, got: _Gathered, way: str, condition: sa.ColumnElement[bool]) -> None:
    newest = sa.select(agreement.c.id).where(condition).order_by(agreement.c.id.desc())
    got.add_agreements(way, view.scalars(newest.limit(MOST + 1)))


def _add_owned(
    view: Connection, got: _Gathered, way: str, condition: sa.ColumnElement[bool]
) -> None:
    """Agreements in which an account of these owners pays."""
    owned = list(
        view.scalars(sa.select(account_owner.c.account_token).where(condition).limit(MOST + 1))
    )
    got.more |= len(owned) > MOST
    for column in (agreement.c.main_token, agreement.c.spouse_token):
        _add(view, got, way, among(view, column, owned[:MOST]))
