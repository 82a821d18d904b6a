"""From what was read to the rows of a function, as catalogue.yaml has them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.province.supervision.asking import BACK, groups_of
from adapters.province.supervision.rendering import hundredths, moment, rendered
from adapters.province.supervision.terms import Catalogue, Function, Indicator, Item
from hub.ports.figures import FiguresAnswer, Reading

Rows = list[dict[str, Any]]
_GROUPS = {"0301": "归集提取", "0302": "个人贷款"}
_TIMES = {"percent": 100, "permille": 1000}


class Answering:
    """Writes answers of one catalogue; ``centre`` is its code."""

    def __init__(self, catalogue: Catalogue, centre: str) -> None:
        self._catalogue, self._centre = catalogue, centre
        self._makers: Mapping[str, Callable[[FiguresAnswer], Rows]] = {
            "list": self._list, "tree": self._tree, "dimensions": self._dimensions,
            "value": self._value_row, "chart": self._chart, "grid": self._grid,
        }  # fmt: skip

    def rows(self, one: Function, found: FiguresAnswer, *, clear: bool) -> tuple[Rows, int]:
        """Rows, and how many there are in all.  ``clear``: personal data unmasked."""
        kind, _, what = one.shape.partition(".")
        if kind == "indicator":
            made = self._makers[what](found)
            return _cut(made, found.question.asked["said"].get("rows")), len(made)
        if one.shape == "one":
            return [self._of_one(one, found, clear=clear)], 1
        reading = found.readings[0]
        names = [*one.by, *filter(None, [one.last]), *(each.name for each in one.figures)]
        said = [dict(zip(names or one.listed, row, strict=True)) for row in reading.rows]
        if one.last:
            newest = max((row[one.last] for row in said), default=None)
            said = [row for row in said if row[one.last] == newest]
        whole = {name: sum(row.get(name) or 0 for row in said) for name in _shared(one)}
        first = found.question.looks[0].first
        rows = [
            {item.name: self._value(item, row, place, whole, found, clear=clear)
             for item in one.fields}
            for place, row in enumerate(said, first + 1)
        ]  # fmt: skip
        return rows, len(rows) if one.last else reading.total

    def _value(
        self, item: Item, row: Mapping[str, Any], place: int, whole: Mapping[str, int],
        found: FiguresAnswer, *, clear: bool,
    ) -> Any:  # fmt: skip
        if item.share:
            return hundredths(row[item.share], whole[item.share], 100)
        if item.without is not None:
            here, every = row[item.without[0]], row[item.without[1]]
            return hundredths(every - here, every, 100)
        if item.ratio is not None:
            above = sum(row[name] for name in item.ratio[0])
            return hundredths(above, row[item.ratio[1]], _TIMES[item.rendering])
        if item.of.startswith("@"):
            named = {"row": place, "centre": self._centre, **found.question.asked["said"]}
            value = named.get(item.of[1:], "")
        elif item.rendering == "moment":
            return moment(row[item.of], row["at_time"])
        else:
            value = row[item.of]
        made = rendered(value, item.rendering, self._catalogue.tables, clear=clear)
        return f"{made}{item.suffix}" if item.suffix else made

    def _of_one(self, one: Function, found: FiguresAnswer, *, clear: bool) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for group, reading in zip(groups_of(one), found.readings, strict=True):
            names = [item.name for item in one.fields if (item.source, item.until) == group]
            values |= zip(names, reading.rows[0], strict=True)
        tables = self._catalogue.tables
        return {
            item.name: rendered(values[item.name], item.rendering, tables, clear=clear)
            for item in one.fields
        }

    # --- indicators ---

    def _list(self, _: FiguresAnswer) -> Rows:
        units = self._catalogue.tables["unit_of"]
        return [
            {"bm": one.code, "mc": one.name, "xm_unit": units[one.unit], "tjzq": one.period}
            for one in self._catalogue.indicators.values()
        ]

    def _tree(self, _: FiguresAnswer) -> Rows:
        units = self._catalogue.tables["unit_of"]
        heads = [
            {"bm": code, "mc": name, "parent": "", "level": 1, "xmsm": "", "xsjd": 0,
             "tjlxbm": "", "xm_unit": "", "yybm": code}
            for code, name in _GROUPS.items()
        ]  # fmt: skip
        leaves = [
            {"bm": one.code, "mc": one.name, "parent": one.code[:4], "level": 2,
             "xmsm": _told(one), "xsjd": 2 if one.money or one.rate else 0, "tjlxbm": one.period,
             "xm_unit": units[one.unit], "yybm": one.code[:4]}
            for one in self._catalogue.indicators.values()
        ]  # fmt: skip
        return heads + leaves

    def _dimensions(self, found: FiguresAnswer) -> Rows:
        known = self._catalogue.dimensions
        return [
            {"bm": code, "mc": known[code].what, "zbm": value, "zmc": name}
            for code in found.question.asked["indicator"].dimensions
            for value, name in self._catalogue.tables[known[code].table].items()
        ]

    def _value_of(self, found: FiguresAnswer, place: int) -> tuple[Indicator, int | None, str]:
        """The value of the ``place``-th group of looks: as it is, and as it is written."""
        indicator: Indicator = found.question.asked["indicator"]
        if indicator.rate is None:
            value = _alone(found.readings[place], last=bool(indicator.last))
            return indicator, value, _written(indicator, value)
        above, below = (
            _alone(found.readings[2 * place + each], last=bool(part.last))
            for each, part in enumerate(map(self._catalogue.indicator, indicator.rate))
        )
        if above is None or below is None:
            return indicator, None, ""
        text = hundredths(above, below, indicator.times)
        return indicator, int(text.replace(".", "")) if text else None, text

    def _value_row(self, found: FiguresAnswer) -> Rows:
        here, before, year = (self._value_of(found, place) for place in range(len(BACK)))
        return [{"bqz": here[2], "hbl": _change(here[1], before[1]),
                 "tbl": _change(here[1], year[1])}]  # fmt: skip

    def _chart(self, found: FiguresAnswer) -> Rows:
        asked = found.question.asked
        return [
            {"dimension1": f"{part.span.begin:%Y-%m-%d}", "dimensionmc1": part.name,
             "value1": self._value_of(found, place)[2], "only": _only(found)}
            for place, part in enumerate(asked["parts"])
        ]  # fmt: skip

    def _grid(self, found: FiguresAnswer) -> Rows:
        asked = found.question.asked
        indicator: Indicator = asked["indicator"]
        dimensions = [self._catalogue.dimensions[code] for code in asked["dimensions"]]
        if indicator.rate is not None:
            values: list[tuple[tuple[Any, ...], str]] = [((), self._value_of(found, 0)[2])]
        else:
            rows = _newest(found.readings[0], last=bool(indicator.last))
            values = [(row[:-1], _written(indicator, row[-1])) for row in rows]
        made: Rows = []
        for codes, text in values:
            row = {"value1": text, "only": _only(found)}
            for place in range(3):
                code = str(codes[place]) if place < len(dimensions) else ""
                name = (
                    self._catalogue.named(dimensions[place].table, code)
                    if place < len(dimensions)
                    else ""
                )
                row |= {f"dimension{place + 1}": code, f"dimensionmc{place + 1}": name}
            made.append(row)
        return made


def _newest(reading: Reading, *, last: bool) -> list[tuple[Any, ...]]:
    """Rows without their last group, of the largest of it alone."""
    if not last:
        return list(reading.rows)
    newest = max((row[-2] for row in reading.rows), default=None)
    return [(*row[:-2], row[-1]) for row in reading.rows if row[-2] == newest]


def _alone(reading: Reading, *, last: bool) -> int | None:
    rows = _newest(reading, last=last)
    return rows[0][-1] if rows else 0


def _written(indicator: Indicator, value: int | None) -> str:
    return str(rendered(value, "yuan" if indicator.money else "text", {}, clear=False))


def _change(here: int | None, before: int | None) -> str:
    return "" if here is None or not before else hundredths(here - before, before, 100)


def _only(found: FiguresAnswer) -> str:
    said = found.question.asked["said"]
    return f"{said['target']}-{said['ksrq']}-{said['jsrq']}-{found.as_of:%Y%m%d%H%M%S}"


def _told(one: Indicator) -> str:
    if one.rate is not None:
        return "比率"
    stock = one.figure is not None and one.figure.stock
    return "存量，只有数据时点的数" if stock else "发生量，按记账日期"


def _shared(one: Function) -> Sequence[str]:
    return [item.share for item in one.fields if item.share]


def _cut(rows: Rows, most: Any) -> Rows:
    text = str(most or "")
    return rows[: int(text)] if text.isascii() and text.isdigit() and int(text) else rows
