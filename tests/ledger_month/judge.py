"""Whose minutes they are, by the script alone: nothing of the hub's own reckoning is used here."""

from collections import Counter

from tests.ledger_month.script import DAY, Part, Script

CLASS = {
    "up": "normal", "unusable": "partner", "unreachable": "line", "ours": "ours",
    "misconfigured": "ours",
}  # fmt: skip


def expected(script: Script, part: Part) -> tuple[list[str], int]:
    """The class of each minute, and how many are undecided."""
    closed = _closed(part.hours)
    works = _minutes_of_works(script, part)
    signed: dict[int, str] = {}
    undecided: set[int] = set()
    for mark in part.marks:
        span = range(mark.begin, mark.end)
        if mark.answer == "signed":
            signed |= dict.fromkeys(span, mark.klass)
        elif not mark.answer:
            undecided |= set(span)
    seen = _seen(script, part)
    made = []
    for minute in range(script.minutes):
        if minute % DAY in closed:
            made.append("out_of_hours")
        elif minute in works:
            made.append("maintenance")
        else:
            made.append(signed.get(minute) or seen[minute])
    return made, len(undecided)


def differences(wanted: list[str], found: list[str]) -> Counter[str]:
    """Minutes that are of another class than they should be, by both."""
    pairs = zip(wanted, found, strict=True)
    return Counter(f"{a} counted as {b}" for a, b in pairs if a != b)


def _seen(script: Script, part: Part) -> list[str]:
    """What the last probe saw, while it is not older than two intervals."""
    probes = set(script.samples(part))
    made, last = [], -1
    for minute in range(script.minutes):
        if minute in probes:
            last = minute
        fresh = minute - last < 2 * part.every
        made.append(CLASS[part.at(last)] if fresh else "no_data")
    return made


def _minutes_of_works(script: Script, part: Part) -> set[int]:
    """A minute that has one second of it belongs to it."""
    return {
        minute
        for one in part.works
        for minute in range(one.begin_s // 60, min(-(-one.ends_s // 60), script.minutes))
    }


def _closed(hours: dict[str, str]) -> set[int]:
    day = set(range(DAY))
    shut = day - _window(hours["query"]) if "query" in hours else set()
    return shut | (_window(hours["day_cut"]) if "day_cut" in hours else set())


def _window(text: str) -> set[int]:
    begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return set(range(begin, end)) if begin < end else set(range(begin, DAY)) | set(range(end))
