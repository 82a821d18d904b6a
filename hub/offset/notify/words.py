"""Words of telling (告知); what pages call them stands beside each."""

from enum import StrEnum


class Occasion(StrEnum):
    """场合."""

    BEFORE = "before"  # 划款前
    AFTER = "after"  # 结果后
    CORRECTION = "correction"  # 更正


class ToldState(StrEnum):
    """A text's state."""

    FOUND = "found"  # 待告知
    ASKED = "asked"  # 查手机号
    QUEUED = "queued"  # 待发
    TOLD = "told"  # 已告知
    ALREADY = "already"  # 先前已告知
    NO_ADDRESS = "no_address"  # 无手机号
    REFUSED = "refused"  # 对方不收
    DEAD = "dead"  # 待人工处理


STILL_OPEN = (ToldState.FOUND, ToldState.ASKED, ToldState.QUEUED)
