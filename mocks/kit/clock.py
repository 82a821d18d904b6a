"""The business clock of the mocks: the same small file the hub reads, read by code of our own.

The file holds ``{"offset_seconds": -34560000}`` and is replaced whole by renaming.
"""

import json
import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class MockClock:
    """Business time in Asia/Shanghai, shifted by a file; no file means no shift."""

    path: Path

    def offset(self) -> timedelta:
        """How far business time is from the machine's; negative is the past."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return timedelta(0)
        return timedelta(seconds=float(json.loads(text)["offset_seconds"]))

    def now(self) -> datetime:
        """Aware, Asia/Shanghai."""
        return datetime.now(SHANGHAI) + self.offset()

    def today(self) -> date:
        """The calendar day in Asia/Shanghai."""
        return self.now().date()

    def set(self, moment: datetime) -> None:
        """Make ``moment`` (without a zone: Asia/Shanghai) the present; time runs on."""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=SHANGHAI)
        self.set_offset(moment - datetime.now(SHANGHAI))

    def set_offset(self, offset: timedelta) -> None:
        """Shift business time; whoever shares the file sees it at the next look."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        fresh.write_text(json.dumps({"offset_seconds": offset.total_seconds()}), encoding="utf-8")
        fresh.replace(self.path)
