"""An older copy of the database restored in the middle of a run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.armed import ArmedSite


class Restoring:
    """Takes a copy at one stage of the run and puts it back at a later one."""

    def __init__(self, site: "ArmedSite") -> None:
        self._site = site
        self.done = False

    def look(self) -> None:
        """Called again and again while the run lives."""
        raise NotImplementedError
