"""The watch's policy, a versioned file: grades, clocks, reminders, cards, limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.contracts.yaml_files import read_yaml
from hub.kernel.clocks import from_us
from hub.kernel.errors import Misconfigured
from hub.monitor.hours import BadServiceHours, Window
from hub.monitor.limits import Limit
from hub.monitor.words import State

SHIPPED = Path(__file__).parent / "watch_policy.yaml"
LEVELS = ("major", "serious", "ordinary")
"""Gravest first."""


class BadWatchPolicy(Misconfigured):
    """The watch's policy file cannot be used."""

    code = "watch.bad_policy"
    hint = "Compare watch.yaml in the home folder with hub/monitor/watch_policy.yaml."


class Level(BaseModel):
    """A grade's clocks, in minutes from when the trouble began."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    respond_minutes: int = Field(gt=0)
    restore_minutes: int = Field(gt=0)


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    interface: str = "*"
    effect: tuple[State, ...] = ()
    days: str = ""
    money: bool | None = None
    level: str

    @model_validator(mode="after")
    def _known(self) -> "_Rule":
        if self.level not in LEVELS:
            raise ValueError(f"level is one of {', '.join(LEVELS)}")
        _days(self.days)
        return self


class _Card(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    interface: str = "*"
    steps: tuple[str, str, str]
    never: str


class Shift(BaseModel):
    """One shift of the duty list: on which days it begins, from when until when; a ``hours`` that
    ends before it begins passes midnight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=20)
    days: Literal["working", "rest", "every"]
    hours: str

    @model_validator(mode="after")
    def _readable(self) -> "Shift":
        try:
            Window.parse(self.hours)
        except BadServiceHours as error:
            raise ValueError(error.message) from None
        return self

    @property
    def window(self) -> Window:
        """``hours`` in minutes of the day."""
        return Window.parse(self.hours)


class Duty(BaseModel):
    """The duty list's shifts, and when an alert that nobody answered climbs.

    ``climb``: by level, after how many minutes from the beginning the second, third and fourth
    rung are told.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shifts: tuple[Shift, ...]
    climb: Mapping[str, tuple[int, int, int]]

    @model_validator(mode="after")
    def _whole(self) -> "Duty":
        if set(self.climb) != set(LEVELS):
            raise ValueError(f"climb: {', '.join(LEVELS)}")
        for level, steps in self.climb.items():
            if not 0 < steps[0] < steps[1] < steps[2]:
                raise ValueError(f"climb.{level}: each step is later than the one before")
        names = [shift.name for shift in self.shifts]
        if len(set(names)) != len(names):
            raise ValueError("shifts: each has a name of its own")
        return self

    def shift(self, name: str) -> Shift | None:
        """By name."""
        return next((shift for shift in self.shifts if shift.name == name), None)


MARGIN = 0.8
"""The last rung must be told before this part of the time to answer is over."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the severity table: its number from 1, the level, the conditions it states."""

    number: int
    level: str
    conditions: Mapping[str, Any]


class WatchPolicy(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    levels: Mapping[str, Level]
    severity: tuple[_Rule, ...]
    remind_minutes: int = Field(gt=0)
    cards: tuple[_Card, ...]
    meters: tuple[Limit, ...]
    duty: Duty

    @model_validator(mode="after")
    def _whole(self) -> "WatchPolicy":
        if set(self.levels) != set(LEVELS):
            raise ValueError(f"levels: {', '.join(LEVELS)}")
        for name, rules in (("severity", self.severity), ("cards", self.cards)):
            if not rules or rules[-1].interface != "*":
                raise ValueError(f"{name}: the last rule must fit every interface")
        names = [limit.name for limit in self.meters]
        if len(set(names)) != len(names):
            raise ValueError("meters: each limit has a name of its own")
        for level, clocks in self.levels.items():
            if self.duty.climb[level][-1] > clocks.respond_minutes * MARGIN:
                raise ValueError(f"duty.climb.{level}: the last step leaves no time to answer")
        last = self.severity[-1]
        if last.effect or last.days or last.money is not None:
            raise ValueError("severity: the last rule must have no condition")
        return self

    def level_of(self, interface: str, effect: State, at_us: int, *, money: bool) -> str:
        """The first rule that fits."""
        return self.row_of(interface, effect, at_us, money=money).level

    def row_of(self, interface: str, effect: State, at_us: int, *, money: bool) -> "Row":
        """The first rule that fits, as people can look it up."""
        day = from_us(at_us).day
        for number, rule in enumerate(self.severity, 1):
            if (
                fnmatchcase(interface, rule.interface)
                and (not rule.effect or effect in rule.effect)
                and day in _days(rule.days)
                and (rule.money is None or rule.money is money)
            ):
                said = rule.model_dump(mode="json", exclude_defaults=True, exclude={"level"})
                return Row(number, rule.level, said)
        raise AssertionError("the last rule fits everything")

    def card_of(self, interface: str) -> _Card:
        """The first card that fits."""
        return next(card for card in self.cards if fnmatchcase(interface, card.interface))


@dataclass(frozen=True, slots=True)
class Card:
    """What whoever is told needs to know at once.

    ``money``: (messages, 分) in flight or unknown; ``until_us``: it can wait until then, for
    ``until_word`` comes due; None when nothing is due.
    """

    affected: str
    money: tuple[int, int]
    waiting: int
    until_us: int | None
    until_word: str
    steps: tuple[str, ...]
    never: str
    call: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "affected": self.affected, "money_count": self.money[0], "money_fen": self.money[1],
            "waiting": self.waiting, "until_us": self.until_us, "until_word": self.until_word,
            "steps": list(self.steps), "never": self.never, "call": self.call,
        }  # fmt: skip

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Card":
        """From JSON."""
        return cls(
            said["affected"], (said["money_count"], said["money_fen"]), said["waiting"],
            said["until_us"], said["until_word"], tuple(said["steps"]), said["never"],
            said["call"],
        )  # fmt: skip


def read_watch_policy(home: Path) -> WatchPolicy:
    """The home's ``watch.yaml``, else what is shipped.  Raises BadWatchPolicy."""
    path = home / "watch.yaml"
    path = path if path.exists() else SHIPPED
    try:
        said = read_yaml(path)
        if isinstance(said, dict):
            for name in ("meters", "duty"):  # a file written before there were any
                said.setdefault(name, read_yaml(SHIPPED)[name])
        return WatchPolicy.model_validate(said)
    except (OSError, yaml.YAMLError) as error:
        raise BadWatchPolicy(f"{path.name}: {type(error).__name__}") from error
    except ValidationError as error:
        flaw = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in flaw["loc"])
        raise BadWatchPolicy(f"{path.name}: {place}: {flaw['msg']}") from error


def _days(text: str) -> range:
    """``8-25`` or ``15``; empty is every day.  Raises ValueError."""
    if not text:
        return range(1, 32)
    first, _, last = text.partition("-")
    begins, ends = int(first), int(last or first)
    if not 1 <= begins <= ends <= 31:
        raise ValueError(f"days {text[:12]!r}: write 8-25")
    return range(begins, ends + 1)
