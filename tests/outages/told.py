"""What came of a script of outages, and what its alerts must have been."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Told:
    """``flaws``: what was not as it must be.

    ``slowest_us``: the longest from an outage to its incident, without the time in which no hub
    was there to look.  ``took_us``: of each outage, that time included; ``undisturbed``: how many
    of them had no kill in between.  ``starts_s``: each start of the hub to its first page.
    """

    outages: int = 0
    kills: int = 0
    slowest_us: int = 0
    undisturbed: int = 0
    took_us: list[int] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)


def judge_alerts(spool: Path, incidents: Iterable[int]) -> list[str]:
    """Of each of these incidents one alert begun and one ended, no more."""
    mine = set(incidents)
    told = [json.loads(path.read_text("utf-8")) for path in spool.glob("*.json")]
    counts = Counter((each["incident"], each["kind"]) for each in told if each["incident"] in mine)
    wanted = Counter({(one, kind): 1 for one in mine for kind in ("begin", "end")})
    odd = (counts - wanted) + (wanted - counts)
    return [f"alerts that are not one begun, one ended: {odd}"] if odd else []
