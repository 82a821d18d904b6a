"""What is said: templates as data, checked when they are read."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hub.contracts.yaml_files import read_yaml
from hub.kernel.errors import Misconfigured
from hub.kernel.money import Fen, format_yuan
from hub.ports.notify import sms_units

OWN = Path(__file__).with_name("texts.yaml")
FIELDS = (
    "centre", "name", "bank", "month", "main", "repay", "amount", "due", "lack", "day", "phone",
)  # fmt: skip
_SECTIONS = {"version", "longest", "values", "silent", "templates"}
_PERSONAL = {
    "name": "欧**", "bank": "中国农业银行", "month": "12", "main": "0000", "repay": "0000",
    "amount": "99999999.99", "due": "99999999.99", "lack": "99999999.99", "day": "12月31日",
}  # fmt: skip
"""The longest of each, for a look at a template's length."""


class BadTexts(Misconfigured):
    """The wording of what people are told cannot be used."""

    code = "notify.bad_texts"
    hint = "The message names template and field; correct the file that [notify] texts names."


@dataclass(frozen=True, slots=True)
class Texts:
    """A wording: templates by ``occasion.what``; ``silent`` are reasons nobody is told of."""

    version: int
    longest: int
    values: Mapping[str, str]
    silent: frozenset[str]
    templates: Mapping[str, str]

    def render(self, template: str, facts: Mapping[str, str]) -> str:
        """The text; ``facts`` may lack what the template does not use."""
        return self.templates[template].format(**self.values, **facts)

    def example(self, template: str) -> str:
        """With the longest values there are."""
        return self.render(template, _PERSONAL)

    def fits(self, text: str) -> bool:
        """Whether it is no longer than may be sent."""
        return sms_units(text) <= self.longest


@cache
def read_texts(own: Path | None = None) -> Texts:
    """The wording that ships, with what a centre's own file puts in its place.  Raises BadTexts."""
    raw = _read(OWN)
    if own is not None:
        theirs = _read(own)
        for section in ("values", "templates"):
            raw[section] = {**raw[section], **_mapping(theirs.get(section) or {}, section)}
        raw.update({k: v for k, v in theirs.items() if k not in ("values", "templates")})
    try:
        made = Texts(
            int(raw["version"]), int(raw["longest"]),
            {str(k): str(v) for k, v in raw["values"].items()},
            frozenset(map(str, raw["silent"])),
            {str(k): str(v) for k, v in raw["templates"].items()},
        )  # fmt: skip
    except (TypeError, ValueError) as error:
        raise BadTexts(f"the texts: {error}") from error
    _check(made)
    return made


def _read(path: Path) -> dict[str, Any]:
    try:
        said = read_yaml(path)
    except (OSError, yaml.YAMLError) as error:
        raise BadTexts(f"{path.name}: {type(error).__name__}") from error
    found = dict(_mapping(said, path.name))
    unknown = sorted(set(found) - _SECTIONS)
    if unknown:
        raise BadTexts(f"{path.name}: {unknown[0]!r} is no section of it")
    return found


def _mapping(said: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(said, Mapping):
        raise BadTexts(f"{place} is no mapping")
    return said


def _check(made: Texts) -> None:
    known = set(_read(OWN)["templates"])
    unknown = sorted(set(made.templates) - known) or sorted(set(made.values) - {"centre", "phone"})
    if unknown:
        raise BadTexts(f"{unknown[0]!r} is no template or value that there is")
    for name, template in made.templates.items():
        try:
            asked = {field for _, field, _, _ in string.Formatter().parse(template) if field}
        except ValueError as error:
            raise BadTexts(f"{name}: {error}") from error
        strange = sorted(asked - set(FIELDS))
        if strange or not template.strip():
            raise BadTexts(f"{name}: {strange[0] if strange else 'empty'} is no field it may use")
        if not made.fits(made.example(name)):
            raise BadTexts(f"{name} can be longer than {made.longest} units")


def money(fen: int) -> str:
    """分 → ``2284.14``."""
    return format_yuan(Fen(fen))


def tail(account: str) -> str:
    """The last four of an account."""
    return account[-4:]


def day(number: int) -> str:
    """20251020 → ``10月20日``; ``本月还款日`` where the day is not known."""
    return f"{number // 100 % 100}月{number % 100}日" if number else "本月还款日"


def surname(name: str) -> str:
    """``欧**``: the first character alone."""
    return f"{name[0]}**" if name else "客户"
