"""The message catalogue: Chinese first, English at a switch; one file holds every word."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from hub.contracts.yaml_files import read_yaml

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
HTML_LANG: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
CATALOGUE = Path(__file__).parent / "messages.yaml"


@cache
def catalogue() -> dict[str, dict[Language, str]]:
    """``section.key`` → text in each language; read once."""
    sections = read_yaml(CATALOGUE)
    return {
        f"{section}.{key}": dict(zip(LANGUAGES, texts, strict=True))
        for section, entries in sections.items()
        for key, texts in entries.items()
    }


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue in one language."""

    language: Language

    def __call__(self, key: str, **values: Any) -> str:
        """The text of a key that must exist, with its ``{names}`` filled in."""
        text = catalogue()[key][self.language]
        return text.format(**values) if values else text

    def of(self, section: str, code: str) -> str:
        """A code from outside in words; one the catalogue does not know shows as it is."""
        found = catalogue().get(f"{section}.{code}")
        return found[self.language] if found else code

    def knows(self, section: str, code: str) -> bool:
        """Whether the catalogue has words for this code."""
        return f"{section}.{code}" in catalogue()

    def span(self, from_us: int, to_us: int) -> str:
        """How long a step took: in milliseconds, tenths of a second, or as an age."""
        took_ms = max(to_us - from_us, 0) // 1000
        if took_ms < 1000:
            return self("age.ms", n=took_ms)
        if took_ms < 60_000:
            return self("age.seconds", n=f"{took_ms // 1000}.{took_ms % 1000 // 100}")
        return self.age(from_us, to_us)

    def age(self, from_us: int, to_us: int) -> str:
        """How long between two instants, in the two largest units; never negative."""
        seconds = max(to_us - from_us, 0) // 1_000_000
        minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
        if days:
            return self("age.days", n=days, m=hours % 24)
        if hours:
            return self("age.hours", n=hours, m=minutes % 60)
        if minutes:
            return self("age.minutes", n=minutes)
        # In steps of ten: an age that ticked every second would redraw its row every second.
        return self("age.seconds", n=seconds // 10 * 10)
