"""When the month begins."""

from datetime import datetime

from hub.kernel.clocks import SHANGHAI

START = datetime(2025, 10, 1, tzinfo=SHANGHAI)
