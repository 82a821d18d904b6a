"""Whom the offset tells of what, and when: what ``[notify]`` in hub.toml says."""

import re
from datetime import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class NotifySettings(BaseModel):
    """``[notify]``: telling people before and after an offset.

    ``who``: ``problems`` tells only those who must know or do something (skipped, waiting, partly
    paid, failed, returned), ``all`` everybody, ``none`` nobody.  ``quiet``: business time in which
    nothing is handed over, ``21:00-08:00``, empty for none.  ``most_per_day``: most texts to one
    person on one day; what is above waits for the next.  ``texts``: a file with a centre's own
    wording, relative to the home; what it leaves out keeps the wording that ships.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: Literal["all", "problems", "none"] = "problems"
    quiet: str = "21:00-08:00"
    most_per_day: int = Field(default=3, ge=1, le=50)
    texts: str = ""

    @field_validator("quiet")
    @classmethod
    def _span(cls, said: str) -> str:
        if said and _SPAN.fullmatch(said) is None:
            raise ValueError("quiet is a span such as 21:00-08:00, or empty")
        return said

    def is_quiet(self, now: time) -> bool:
        """Whether nothing may be handed over at this time of day; the end does not count in."""
        found = _SPAN.fullmatch(self.quiet)
        if found is None:
            return False
        begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        moment = now.replace(tzinfo=None)
        if begin <= end:
            return begin <= moment < end
        return moment >= begin or moment < end
