"""Periods as published queries are asked for them: two months YYYYMM, both included."""

from datetime import date

from hub.kernel.periods import Period
from hub.ports.query import QueryRefused, QueryWord


def span(first: str, last: str, most: int, today: date) -> tuple[Period, Period]:
    """The months asked for.  Raises QueryRefused: the wrong way round, not over yet beyond this
    month, or more of them than ``most``."""
    begin, end = Period.parse(first), Period.parse(last)
    months = (end.year - begin.year) * 12 + end.month - begin.month + 1
    if months < 1 or end > Period.of(today):
        raise QueryRefused(QueryWord.BAD_PERIOD, "the period ends before it begins, or ahead")
    if months > most:
        raise QueryRefused(QueryWord.BAD_PERIOD, f"{months} months, the most is {most}")
    return begin, end
