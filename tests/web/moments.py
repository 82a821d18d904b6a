"""The run's day, and a digest, as the desk in memory has them."""

from datetime import datetime

from hub.kernel.clocks import SHANGHAI, to_us

MONTH = "2025-10"
DIGEST = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def at(hour: int, minute: int, second: int = 0, ms: int = 0) -> int:
    """An instant of the run's day."""
    moment = datetime(2025, 10, 15, hour, minute, second, ms * 1000, tzinfo=SHANGHAI)
    return to_us(moment)
