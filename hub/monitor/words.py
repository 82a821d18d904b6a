"""The watch's words, stored as text: one may be added and none may change."""

from enum import StrEnum


class State(StrEnum):
    """What a sample shows, and what state an interface is in from a flip to the next."""

    UP = "up"
    UNUSABLE = "unusable"  # somebody answers, and does not serve us
    UNREACHABLE = "unreachable"
    OURS = "ours"  # it fails before it reaches the line: our settings, keys, program

    @property
    def good(self) -> bool:
        """Whether the interface serves."""
        return self is State.UP


class MinuteClass(StrEnum):
    """What a minute counts as; in order of precedence, the first that has a part in it wins."""

    AHEAD = "ahead"  # not over yet
    OUT_OF_HOURS = "out_of_hours"
    MAINTENANCE = "maintenance"
    FORCE_MAJEURE = "force_majeure"  # or outside the contract's scope
    CLIENT = "client"
    NO_DATA = "no_data"
    OURS = "ours"
    LINE = "line"
    PARTNER = "partner"
    NORMAL = "normal"


CLASS_OF = {
    State.UP: MinuteClass.NORMAL,
    State.UNUSABLE: MinuteClass.PARTNER,
    State.UNREACHABLE: MinuteClass.LINE,
    State.OURS: MinuteClass.OURS,
}
"""Which class a state proposes; both parties may sign another."""

MARKABLE = (
    MinuteClass.FORCE_MAJEURE, MinuteClass.CLIENT, MinuteClass.NO_DATA, MinuteClass.OURS,
    MinuteClass.LINE, MinuteClass.PARTNER, MinuteClass.NORMAL,
)  # fmt: skip
"""What a mark may say.  Hours and maintenance are rows and settings of their own."""


class Source(StrEnum):
    """Where a sample comes from."""

    PROBE = "probe"
    TRAFFIC = "traffic"
