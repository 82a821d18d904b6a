"""catalogue.yaml as values: functions, indicators, dimensions, tables of names.

A word of the file that nobody knows is found when it is read, not when somebody asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contracts.yaml_files import read_yaml
from hub.kernel.errors import Misconfigured
from hub.ports.figures import Cut, Figure, Reckoning, Source

ADAPTED, NOT_APPLICABLE, PENDING = "adapted", "not_applicable", "pending"
_ADAPTATIONS = (ADAPTED, NOT_APPLICABLE, PENDING)
_SHAPES = (
    "rows", "one", "last", "indicator.list", "indicator.tree", "indicator.value",
    "indicator.dimensions", "indicator.grid", "indicator.chart",
)  # fmt: skip
_RENDERINGS = (
    "text", "free", "yuan", "wan", "count", "percent", "permille", "date", "moment", "name", "id",
    "account", "address",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One field of a function's rows: where its value comes from, and how it is written.

    One of ``of`` (a column, a figure, ``record:…`` or ``@…``), ``share`` (of the sum of a figure
    over all rows), ``without`` (what of the second is not of the first) and ``ratio`` (a sum over
    one).
    ``figure`` of shape ``one``: its own; ``until``: of all days up to the last.
    """

    name: str
    what: str
    rendering: str
    of: str = ""
    suffix: str = ""
    share: str = ""
    without: tuple[str, str] | None = None
    ratio: tuple[tuple[str, ...], str] | None = None
    source: Source | None = None
    figure: Figure | None = None
    until: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the catalogue, as the file has it.

    ``days``: ``today`` for one that is always about the present day.  ``last``: the column whose
    largest value alone counts.
    """

    id: str
    module: str
    name: str
    title: str
    adaptation: str
    why: str
    request: str
    grant: str
    shape: str
    same_as: str
    source: Source | None
    by: tuple[str, ...]
    figures: tuple[Figure, ...]
    cuts: tuple[Cut, ...]
    listed: tuple[str, ...]
    days: str
    most: int
    last: str
    fields: tuple[Item, ...]

    @property
    def path(self) -> str:
        """Where it is asked."""
        return f"/JG/{self.module}/{self.name}.service"


@dataclass(frozen=True, slots=True)
class Dimension:
    """By what a figure may be told apart."""

    code: str
    what: str
    column: str
    table: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure with a code; ``rate`` of two others, times ``times``, instead of its own."""

    code: str
    name: str
    unit: str
    period: str
    dimensions: tuple[str, ...]
    source: Source | None
    figure: Figure | None
    last: str
    rate: tuple[str, str] | None
    times: int

    @property
    def money(self) -> bool:
        """Whether it is in yuan."""
        return self.unit == "01"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole file.  ``helpers`` are indicators that no one lists."""

    functions: tuple[Function, ...]
    indicators: Mapping[str, Indicator]
    helpers: Mapping[str, Indicator]
    dimensions: Mapping[str, Dimension]
    tables: Mapping[str, Mapping[str, str]]
    bands: Mapping[str, tuple[int, int | None]]

    def indicator(self, code: str) -> Indicator:
        """Of those listed or a helper; raises KeyError."""
        return self.indicators.get(code) or self.helpers[code]

    def named(self, table: str, code: str) -> str:
        """What a code is called; the code itself when the table does not have it."""
        return self.tables[table].get(code, code)


def read_catalogue(path: Path) -> Catalogue:
    """Raises Misconfigured with the place that nobody can read."""
    raw: Any = read_yaml(path)
    try:
        return _catalogue(raw)
    except (KeyError, ValueError, TypeError) as error:
        raise Misconfigured(f"{path.name}: {error!r}") from None


def _catalogue(raw: Mapping[str, Any]) -> Catalogue:
    made = Catalogue(
        functions=tuple(_function(one) for one in raw["functions"]),
        indicators={code: _indicator(code, one) for code, one in raw["indicators"].items()},
        helpers={code: _indicator(code, one) for code, one in raw["helpers"].items()},
        dimensions={
            code: Dimension(code, one["what"], one["column"], one["table"])
            for code, one in raw["dimensions"].items()
        },
        tables=raw["tables"],
        bands={code: (int(low), high) for code, (low, high) in raw["bands"].items()},
    )
    for function in made.functions:
        for item in function.fields:
            known, _, table = item.rendering.partition(":")
            if not (known in _RENDERINGS or (known == "table" and table in made.tables)):
                raise ValueError(f"{function.id} {item.name}: as {item.rendering}")
    return made


def _function(raw: Mapping[str, Any]) -> Function:
    adaptation, shape = raw.get("adaptation", ADAPTED), raw.get("shape", "")
    if adaptation not in _ADAPTATIONS or (adaptation == ADAPTED and shape not in _SHAPES):
        raise ValueError(f"{raw['id']}: {adaptation} {shape}")
    if adaptation != ADAPTED and not raw.get("why"):
        raise ValueError(f"{raw['id']}: why it is {adaptation}")
    return Function(
        id=raw["id"], module=raw["module"], name=raw["name"], title=raw["title"],
        adaptation=adaptation, why=raw.get("why", ""), request=raw.get("request", ""),
        grant=raw.get("grant", ""), shape=shape, same_as=raw.get("same_as", ""),
        source=Source(raw["source"]) if "source" in raw else None, by=tuple(raw.get("by", ())),
        figures=tuple(_figure(name, one) for name, one in raw.get("figures", {}).items()),
        cuts=_cuts(raw.get("cuts", ())), listed=tuple(raw.get("list", ())),
        days=raw.get("days", ""), most=int(raw.get("most", 0)), last=raw.get("last", ""),
        fields=tuple(_item(one) for one in raw.get("fields", ())),
    )  # fmt: skip


def _item(raw: Mapping[str, Any]) -> Item:
    ratio = raw.get("ratio")
    return Item(
        name=raw["name"], what=raw["what"], rendering=raw.get("as", "text"), of=raw.get("of", ""),
        suffix=raw.get("suffix", ""), share=raw.get("share", ""),
        without=(raw["without"][0], raw["without"][1]) if "without" in raw else None,
        ratio=(tuple(ratio[0]), ratio[1]) if ratio else None,
        source=Source(raw["source"]) if "source" in raw else None,
        figure=_figure(raw["name"], raw) if "how" in raw else None,
        until=raw.get("span") == "until",
    )  # fmt: skip


def _figure(name: str, raw: Mapping[str, Any]) -> Figure:
    return Figure(
        name, Reckoning(raw["how"]), raw.get("column", ""), _cuts(raw.get("cuts", ())),
        stock=bool(raw.get("stock", False)),
    )  # fmt: skip


def _cuts(raw: Sequence[Mapping[str, Any]]) -> tuple[Cut, ...]:
    return tuple(
        Cut(one["column"], tuple(one.get("values", ())), one.get("least"), one.get("below"))
        for one in raw
    )


def _indicator(code: str, raw: Mapping[str, Any]) -> Indicator:
    rate = raw.get("rate")
    return Indicator(
        code=code, name=raw.get("name", ""), unit=raw.get("unit", ""),
        period=raw.get("period", ""), dimensions=tuple(raw.get("dims", ())),
        source=Source(raw["source"]) if "source" in raw else None,
        figure=None if rate else _figure("value", raw), last=raw.get("last", ""),
        rate=(rate[0], rate[1]) if rate else None, times=int(raw.get("times", 1)),
    )  # fmt: skip
