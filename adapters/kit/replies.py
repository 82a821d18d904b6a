"""A reply that is not what its contract says, inside an adapter: where, what, how it is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from hub.contracts import Code, Contract, shape
from hub.contracts.documents import XmlElement
from hub.ports.line import Line, PartnerRefused, ReplyUnreadable


class BadReply(Exception):
    """A reply that is not what the contract says: where, what was expected, what was found.

    Inside adapters only; it becomes a drift and a ReplyUnreadable.
    """

    def __init__(self, place: str, expected: str, found: str) -> None:
        super().__init__(place, expected, found)
        self.place = place
        self.expected = expected
        self.found = found


def unreadable(line: Line, bad: BadReply) -> NoReturn:
    """Note a drift and say that the reply is not the contract's."""
    line.drift.note(bad.place, bad.expected, bad.found)
    raise ReplyUnreadable(f"{bad.place}: expected {bad.expected}, found {bad.found}") from None


@contextmanager
def readable(line: Line) -> Iterator[None]:
    """What is read within is the contract's; a BadReply becomes a drift and ReplyUnreadable."""
    try:
        yield
    except BadReply as bad:
        unreadable(line, bad)


def known(contract: Contract, line: Line, table: str, code: str, place: str) -> Code:
    """A code of a table; one that the table lacks is noted."""
    found = contract.code(table, code)
    if not found.known:
        line.drift.note(place, f"a code of {table}", shape(code))
    return found


def refuse(code: Code) -> NoReturn:
    """The partner refused the whole call; final only by its table."""
    raise PartnerRefused(code.shown, code.text or "码表里没有的返回码", final=code.final)


def values(element: XmlElement) -> dict[str, str]:
    """Child name → text as it stands, the blanks around it included.

    A child that stands twice or has children says nothing, empty text: two amounts in one row
    must not come down to whichever stands last.
    """
    found: dict[str, str] = {}
    for child in element:
        name = str(child.tag)
        found[name] = "" if name in found or len(child) else (child.text or "")
    return found


def own(place: str, said: str | None, wanted: str) -> None:
    """Raises BadReply unless the reply repeats what the request said."""
    if (said or "").strip() != wanted:
        raise BadReply(place, "the request's own", shape(said))


def own_all(place: str, said: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """As ``own``, for each name that stands in ``wanted``; ``place`` is the element around them."""
    for name, text in wanted.items():
        own(f"{place}/{name}", said.get(name), text)
