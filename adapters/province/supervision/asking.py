"""From a request that is valid by its schema to what is to be read.

A question's ``asked`` is for :mod:`adapters.province.supervision.answering` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.province.supervision.periods import Part, Span, parts
from adapters.province.supervision.terms import Catalogue, Function, Indicator
from hub.ports.figures import Cut, FiguresQuestion, Look, Source
from hub.ports.query import QueryRefused, QueryWord

BACK = (0, 1, 12)
"""Of a value: the days asked for, a month before (环比), a year before (同比)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The contract's: most rows of a list without pages, most periods of a chart."""

    list_rows: int
    periods: int


class Asking:
    """Makes questions of one catalogue."""

    def __init__(self, catalogue: Catalogue, limits: Limits) -> None:
        self._catalogue, self._limits = catalogue, limits

    def question(self, one: Function, said: Mapping[str, Any], today: date) -> FiguresQuestion:
        """Raises QueryRefused."""
        span = _span(said)
        if one.shape.startswith("indicator."):
            return self._indicators(one, said, span)
        name = f"{one.module}/{one.name}"
        if one.shape == "one":
            return FiguresQuestion(name, _of_one(one, span), {"said": said})
        if one.days == "today":
            span = Span(today, today)
        first, most = self._page(one, said)
        look = Look(
            one.source or Source.UNIT, one.figures, (*one.by, *filter(None, [one.last])),
            one.listed, (*one.cuts, *self._band(said)), span.first if span else 0,
            span.last if span else 0, first, most,
        )  # fmt: skip
        return FiguresQuestion(name, (look,), {"said": said})

    def _page(self, one: Function, said: Mapping[str, Any]) -> tuple[int, int]:
        if "pageSize" in said:
            return (said["pageNumber"] - 1) * said["pageSize"], said["pageSize"]
        if not one.listed:
            return 0, 0
        return 0, min(one.most or self._limits.list_rows, self._limits.list_rows)

    def _band(self, said: Mapping[str, Any]) -> tuple[Cut, ...]:
        if "bm" not in said:
            return ()
        least, below = self._catalogue.bands[said["bm"]]
        return (Cut("amount_of", least=least, below=below),)

    def _indicators(
        self, one: Function, said: Mapping[str, Any], span: Span | None
    ) -> FiguresQuestion:
        name = f"{one.module}/{one.name}"
        code = said.get("xmbm") or said.get("target")
        if code is None:
            return FiguresQuestion(name, (), {"said": said})
        indicator = self._catalogue.indicators.get(code)
        if indicator is None:
            raise QueryRefused(QueryWord.NO_SUCH_FIGURE, "an indicator nobody knows")
        asked: dict[str, Any] = {"said": said, "indicator": indicator}
        if one.shape == "indicator.dimensions":
            return FiguresQuestion(name, (), asked)
        if span is None:
            raise QueryRefused(QueryWord.BAD_PERIOD, "a value is of some days")
        if one.shape == "indicator.value":
            spans = [span.back(months) for months in BACK]
            looks = [look for each in spans for look in self._looks(indicator, each, ())]
            return FiguresQuestion(name, tuple(looks), asked)
        if one.shape == "indicator.chart":
            asked["parts"] = self._parts(span, str(said.get("tjzq") or indicator.period))
            looks = [
                look for part in asked["parts"] for look in self._looks(indicator, part.span, ())
            ]
            return FiguresQuestion(name, tuple(looks), asked)
        asked["dimensions"] = dimensions = self._dimensions(indicator, said)
        columns = tuple(self._catalogue.dimensions[each].column for each in dimensions)
        return FiguresQuestion(name, tuple(self._looks(indicator, span, columns)), asked)

    def _parts(self, span: Span, period: str) -> list[Part]:
        found = []
        for part in parts(span, period):
            found.append(part)
            if len(found) > self._limits.periods:
                most = self._limits.periods
                raise QueryRefused(QueryWord.BAD_PERIOD, f"more than {most} periods")
        return found

    def _dimensions(self, indicator: Indicator, said: Mapping[str, Any]) -> list[str]:
        wanted = [said.get(f"dimension{place}") or "" for place in (1, 2, 3)]
        found = [code for code in wanted if code]
        if len(set(found)) != len(found) or not set(found) <= set(indicator.dimensions):
            raise QueryRefused(QueryWord.NO_SUCH_FIGURE, "the indicator has no such dimension")
        return found

    def _looks(self, indicator: Indicator, span: Span, by: tuple[str, ...]) -> list[Look]:
        if indicator.rate is not None:
            each = [self._catalogue.indicator(code) for code in indicator.rate]
            return [look for one in each for look in self._looks(one, span, ())]
        if indicator.source is None or indicator.figure is None:
            raise RuntimeError(f"indicator {indicator.code} has neither figure nor rate")
        groups = (*by, *filter(None, [indicator.last]))
        return [
            Look(indicator.source, (indicator.figure,), groups, begin=span.first, end=span.last)
        ]


def _of_one(one: Function, span: Span | None) -> tuple[Look, ...]:
    """One look for each source and kind of days, in the order in which the fields need them."""
    return tuple(
        Look(
            source,
            tuple(
                item.figure for item in one.fields
                if (item.source, item.until) == (source, until) and item.figure is not None
            ),
            begin=0 if until or span is None else span.first, end=span.last if span else 0,
        )
        for source, until in groups_of(one)
    )  # fmt: skip


def groups_of(one: Function) -> list[tuple[Source, bool]]:
    """(source, whether of all days up to the last) of the looks of a function of shape one."""
    found = [(item.source, item.until) for item in one.fields if item.source is not None]
    return list(dict.fromkeys(found))


def _span(said: Mapping[str, Any]) -> Span | None:
    """Raises QueryRefused for days that are none, or turned."""
    if not said.get("ksrq") or not said.get("jsrq"):
        return None
    try:
        span = Span(date.fromisoformat(said["ksrq"]), date.fromisoformat(said["jsrq"]))
    except ValueError:
        raise QueryRefused(QueryWord.BAD_PERIOD, "a day that is none") from None
    if span.begin > span.end:
        raise QueryRefused(QueryWord.BAD_PERIOD, "it ends before it begins")
    return span
