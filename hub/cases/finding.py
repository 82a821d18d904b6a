"""Finding cases by one text, read as every number it may be; beside :mod:`hub.offset.finding`.

A text is tried as a platform's number (办件编号), a receipt's or a core application's serial, a
document, an account, the end of either, and a name.  Every look goes through an index
(tests/cases/test_finding.py); documents, accounts and names are compared as tokens.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases.looking import CaseLine, lines_of
from hub.cases.tables import application, case, link, step
from hub.crypto import Tokens
from hub.kernel.identity import normal_id, normal_id_card, normal_name
from hub.kernel.secret import mask_account
from hub.ports.registry import ApplicationKind
from hub.store import among

MOST = 50
_TAIL = 4
_NO_ACCOUNT = "0" * 12
"""Stands for the part of an account that a mask hides."""


@dataclass(frozen=True, slots=True)
class FoundCases:
    """Newest first.  ``ways``: what the text turned out to be (``case_number``, ``case_receipt``,
    ``case_application``, ``case_document``, ``case_document_tail``, ``case_account``,
    ``case_account_tail``, ``case_name``).  ``more``: there are others."""

    ways: tuple[str, ...] = ()
    lines: tuple[CaseLine, ...] = ()
    more: bool = False


def find_cases(view: Connection, tokens: Tokens, text: str, *, today: int) -> FoundCases:
    """Cases that a text leads to; ``text`` as :func:`hub.offset.finding.plain` gives it."""
    if not text:
        return FoundCases()
    ways: list[str] = []
    ids: dict[int, None] = {}
    more = False
    for way, query in _looks(tokens, text):
        found = list(view.scalars(query.limit(MOST + 1)))
        if found:
            ways.append(way)
            more |= len(found) > MOST
            ids.update(dict.fromkeys(found[:MOST]))
    if not ids:
        return FoundCases()
    rows = view.execute(
        sa.select(case).where(among(view, case.c.id, list(ids))).order_by(case.c.id.desc())
    ).all()
    return FoundCases(tuple(dict.fromkeys(ways)), lines_of(view, rows[:MOST], today), more)


_Look = tuple[str, "sa.Select[tuple[int]]"]


def _looks(tokens: Tokens, text: str) -> Iterable[_Look]:
    number = case.c.number == text
    yield "case_number", _newest(number)
    yield "case_receipt", _of_step(step.c.receipt == text)
    yield "case_application", _of_application(application.c.number == text)
    if len(text) == _TAIL and text[:-1].isdigit():
        tail = text.upper()
        yield "case_document_tail", _newest(case.c.subject_tail == tokens.tail("id", tail))
        shown = mask_account(_NO_ACCOUNT + tail)
        yield "case_account_tail", _of_application(application.c.subject_mask == shown)
        return
    for document in sorted({normal_id(text), normal_id_card(text)}):
        yield "case_document", _newest(case.c.subject_token == tokens.whole("id", document))
    yield "case_account", _of_application(_subject(tokens.whole("account", text)))
    yield "case_name", _newest(case.c.name_token == tokens.whole("name", normal_name(text)))


def _newest(condition: sa.ColumnElement[bool]) -> "sa.Select[tuple[int]]":
    return sa.select(case.c.id).where(condition).order_by(case.c.id.desc())


def _of_step(condition: sa.ColumnElement[bool]) -> "sa.Select[tuple[int]]":
    return sa.select(step.c.case_id).where(condition).order_by(step.c.case_id.desc())


def _of_application(condition: sa.ColumnElement[bool]) -> "sa.Select[tuple[int]]":
    return (
        sa.select(link.c.case_id)
        .join(application, application.c.id == link.c.application_id)
        .where(condition)
        .order_by(link.c.case_id.desc())
    )


def _subject(token: str) -> sa.ColumnElement[bool]:
    """Through the index (kind, subject)."""
    kinds = [kind.value for kind in ApplicationKind]
    return sa.and_(application.c.kind.in_(kinds), application.c.subject_token == token)
