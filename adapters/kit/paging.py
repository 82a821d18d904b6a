"""Pages of a list, and whether one follows.

Half a page would make a credit look as if it had never been: a page whose counts do not agree
with its rows is no page.
"""

from adapters.kit.amounts import count
from adapters.kit.replies import BadReply
from hub.contracts import shape


def page_follows(place: str, pages: str | None, *, page: int, here: int, full: int) -> bool:
    """Pages by number: whether one follows ``page`` (from 1), which has ``here`` rows.

    ``pages`` is the bank's number of pages, which stands at ``place`` (0 or 1 for an empty list);
    ``full`` is how many rows every page but the last has.  Raises BadReply.
    """
    every = count(pages)
    if every is None or page > max(every, 1):
        raise BadReply(place, "the number of pages", shape(pages))
    if page < every and here != full:
        raise BadReply(place, "a full page before the last", f"{here} rows")
    return page < every


def next_row(place: str, every: str | None, *, first: int, here: int) -> int | None:
    """Pages by row: where the next page begins, None on the last.

    ``every`` is the bank's number of rows in the whole list, which stands at ``place``; ``first``
    is this page's first row (from 1), ``here`` how many it has.  Raises BadReply.
    """
    total = count(every)
    if total is None or total < first - 1 + here:
        raise BadReply(place, "how many there are", shape(every))
    if total == first - 1 + here:
        return None
    if here == 0:
        raise BadReply(place, "the rows that follow", "none")
    return first + here
