"""Kinds of cases: a module here that has ``KIND`` is one, found by the kind's name."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Protocol, runtime_checkable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases.attachments import Problem
from hub.cases.office import CaseOffice
from hub.kernel.errors import Misconfigured
from hub.ports.case import Filing
from hub.ports.registry import Application, ApplicationResult, PersonsAnswer


class Kind(Protocol):
    """What a kind of case is about.  One object per process; works inside transactions."""

    name: str
    title: str
    """In Chinese, for pages."""

    def problems(self, filing: Filing, today: date) -> list[Problem]:
        """What is wrong with the form, whatever the core may say later."""
        ...

    def begin(self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> None:
        """The case is accepted: ask the core for what is needed, or apply."""
        ...

    def same(self, made: Application, filing: Filing) -> bool:
        """Whether a form wants what was already applied for."""
        ...

    def persons(
        self, tx: Connection, office: CaseOffice, row: sa.Row[Any],
        papers: Sequence[tuple[str, str]], answer: PersonsAnswer,
    ) -> None:  # fmt: skip
        """The core's answer about people asked for in ``begin``; the row is locked."""
        ...


@cache
def known() -> Mapping[str, Kind]:
    """Every kind by name."""
    found: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(__path__):
        kind: Kind = importlib.import_module(f"{__name__}.{module.name}").KIND
        found[kind.name] = kind
    return found


def find(name: str) -> Kind:
    """Raises Misconfigured for a kind that no module here is."""
    if name not in known():
        raise Misconfigured(f"nobody here handles cases of kind {name[:20]!r}")
    return known()[name]


@runtime_checkable
class EachKind(Kind, Protocol):
    """A kind whose cases stand behind many applications."""

    def each(
        self, tx: Connection, office: CaseOffice, head: sa.Row[Any], row: sa.Row[Any],
        said: ApplicationResult,
    ) -> bool:  # fmt: skip
        """One application has ended; False leaves it to the rule for a single one."""
        ...

    def goes_on(self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> bool:
        """A version, read and not yet checked, meets applications under way; False: none are."""
        ...

    def taken_back(self, tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> bool:
        """An open case is withdrawn; False leaves it to the rule for few applications."""
        ...


def takes_each(
    name: str, tx: Connection, office: CaseOffice, head: sa.Row[Any], row: sa.Row[Any],
    said: ApplicationResult,
) -> bool:  # fmt: skip
    """Whether the kind has dealt with the end of one of its applications itself."""
    kind = each_of(name)
    return kind is not None and kind.each(tx, office, head, row, said)


def each_of(name: str) -> EachKind | None:
    """The kind, if its cases stand behind many applications."""
    kind = find(name)
    return kind if isinstance(kind, EachKind) else None
