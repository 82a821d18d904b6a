"""The registry behind the core mock's port: what its partner hands over to, by operation."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mocks.core.reference.codec import ChangesAsked, Malformed
from mocks.core.reference.storage import Books
from mocks.core.registry import codec, rules
from mocks.core.registry.codec import Asked, Numbers, Papers
from mocks.core.registry.control import RegistryControl
from mocks.core.registry.desk import Answered, Desk
from mocks.core.registry.load import load
from mocks.core.registry.storage import Register
from mocks.core.registry.views import RegistryViews
from mocks.kit.faults import Hits
from mocks.kit.partner import Control

_MATCHED = {"GRZH", "DWZH", "ZZJGDM"}


class RegistryService:
    """Applications and the feed over the core's books."""

    def __init__(
        self, books: Books, now_us: Callable[[], int], now: Callable[[], datetime]
    ) -> None:
        self._register = Register(books)
        self._views = RegistryViews(self._register)
        self._desk = Desk(self._register, now_us, now)
        self._control = RegistryControl(self._register, self._desk, self._views, now_us)
        self._now_us = now_us

    def controls(self) -> Sequence[Control]:
        """Its routes of the control plane."""
        return self._control.routes()

    def load(self, folder: Path) -> None:
        """Inside the caller's transaction, after persons and units."""
        load(self._register, folder, self._now_us())

    def clear(self) -> None:
        """Inside the caller's transaction."""
        self._register.clear()

    def do(self, operation: str, content: Any, hits: Hits) -> dict[str, object]:
        """The data of the answer; ``probe`` is the core's own."""
        self._register.ready()
        match content:
            case ChangesAsked():
                return self._views.changes(content)
            case Papers():
                return {"ZH": self._desk.persons(content)}
            case Numbers() if operation == "registry.cancel":
                return {"SQ": self._desk.cancel(content)}
            case Numbers():
                return {"SQ": self._desk.inquire(content)}
            case list():
                return {"SQ": self._applied(content, hits)}
        raise Malformed(f"没有 {operation}", "1007")

    def _applied(self, asked: Sequence[Asked], hits: Hits) -> list[Answered]:
        if not hits.any_rows:
            return self._desk.apply(asked)
        acting = {one.number: hits.on_row(fields([one])) for one in asked}
        said = {
            number: rule.answer for number, found in acting.items() for rule in found
            if rule.fault == "answer"
        }  # fmt: skip
        done = {
            answer["SQBH"]: answer
            for answer in self._desk.apply([one for one in asked if one.number not in said])
        }
        rows: list[Answered] = []
        for one in asked:
            row = done.get(one.number) or _said(one.number, said[one.number])
            kinds = {rule.fault for rule in acting[one.number]}
            rows.extend([row] * (0 if "omit" in kinds else 2 if "twice" in kinds else 1))
        return rows


def fields(content: object) -> dict[str, str]:
    """What a rule may look at."""
    match content:
        case [Asked() as first, *_]:
            texts = {k: v for k, v in first.content.items() if isinstance(v, str)}
            known = {k: v for k, v in texts.items() if k in _MATCHED}
            return {"SQBH": first.number, **known}
        case Numbers():
            return {"SQBH": content.numbers[0]}
        case _:
            return {}


def summary(content: object) -> dict[str, object]:
    """What the journal says of a request."""
    match content:
        case [Asked() as first, *_] if isinstance(content, list):
            return {"SQBH": first.number, "applications": len(content)}
        case Numbers():
            return {"SQBH": content.numbers[0], "applications": len(content.numbers)}
        case Papers():
            return {"papers": len(content.papers)}
        case _:
            return {}


def readers() -> Mapping[str, Callable[[dict[str, Any]], object]]:
    """Operation → what reads its request."""
    return {name: codec.reader(name) for name in codec.OPERATIONS.values()}


def _said(number: str, answer: Mapping[str, Any]) -> Answered:
    return {
        "SQBH": number, "FHM": str(answer.get("code", rules.TROUBLE)),
        "FHXX": str(answer.get("text", "按规则应答")), "SQZT": rules.ABSENT,
    }  # fmt: skip
