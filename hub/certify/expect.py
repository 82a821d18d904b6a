"""What must come of a step, held against what came: values, and a few words for ranges.

``{status: done}`` is met by a mapping that has at least that; ``{at_least: 2}``, ``{at_most: 2}``,
``{one_of: [a, b]}``, ``{not: a}``, ``{each: …}`` (every value of a mapping or list) are the words.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_WORDS = {"at_least", "at_most", "one_of", "not", "each"}
_MOST = 5


def misses(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Where they differ, in Chinese, at most a handful; empty when all is met."""
    told: list[str] = []
    for miss in _differ(expected, found, ""):
        if len(told) == _MOST:
            told.append("……")
            break
        told.append(miss)
    return told


def _differ(expected: Any, found: Any, place: str) -> Iterator[str]:
    if isinstance(expected, Mapping) and expected and set(expected) <= _WORDS:
        for word, value in expected.items():
            yield from _word(word, value, found, place)
    elif isinstance(expected, Mapping):
        if not isinstance(found, Mapping):
            yield _miss(place, expected, found)
            return
        for key, value in expected.items():
            inside = f"{place}.{key}" if place else str(key)
            if key not in found:
                yield f"{inside}：应为 {_shown(value)}，没有这一项"
            else:
                yield from _differ(value, found[key], inside)
    elif type(expected) is not type(found) or expected != found:
        yield _miss(place, expected, found)


def _word(word: str, value: Any, found: Any, place: str) -> Iterator[str]:
    match word:
        case "each":
            yield from _each(value, found, place)
        case "one_of" if found not in value:
            yield _miss(place, "、".join(map(_shown, value)) + " 之一", found)
        case "not" if found == value:
            yield f"{place}：不得为 {_shown(value)}"
        case "at_least" if not isinstance(found, int) or found < value:
            yield _miss(place, f"至少 {value}", found)
        case "at_most" if not isinstance(found, int) or found > value:
            yield _miss(place, f"至多 {value}", found)


def _each(value: Any, found: Any, place: str) -> Iterator[str]:
    if isinstance(found, Mapping):
        pairs: Sequence[tuple[Any, Any]] = list(found.items())
    elif isinstance(found, Sequence) and not isinstance(found, str):
        pairs = list(enumerate(found))
    else:
        pairs = []
    if not pairs:
        yield f"{place}：应至少有一项"
    for key, one in pairs:
        yield from _differ(value, one, f"{place}.{key}")


def _miss(place: str, expected: Any, found: Any) -> str:
    return f"{place}：应为 {_shown(expected)}，实为 {_shown(found)}"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "空"
        case True:
            return "是"
        case False:
            return "否"
        case _:
            text = str(value)
            return text if len(text) <= 120 else text[:117] + "…"
