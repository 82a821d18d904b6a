"""What the checkpoint lines say the chain was, accepted restores included.

Each line goes on from one before it: a regular one from the line just before, a restored one from
the line whose mark is its ``former``.  What the last line goes on from, step by step, are the
lines that count; the others saw a future that was lost when an older database was accepted.  So
a copy of a lost future may be restored again, and counts from then on.
"""

import json
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from hub.audit.lines import RESTORED, Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """An accepted restore that lost something.  Ranges include both ends."""

    line: int
    base: int
    """The line it goes on from; 0 for none."""
    superseded: tuple[int, int]
    """The first and the last line that count no more."""
    lost: tuple[int, int]
    """Entries: from the first that the base did not see to the furthest that any line saw."""
    note: str


@dataclass(slots=True)
class History:
    """``anchors``: number of an entry → the chain values seen there by lines that count."""

    anchors: dict[int, set[str]] = field(default_factory=dict)
    restores: list[Restore] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    """The numbers of the lines that count."""

    @property
    def furthest(self) -> int:
        return max(self.anchors, default=0)

    def note(self, line: Checkpoint) -> None:
        """A line that counts."""
        self.lines.add(line.number)
        self.anchors.setdefault(line.seq, set()).add(line.chain)

    def unexplained(self, told: Set[tuple[int, int]]) -> Restore | None:
        """A restore whose line counts and of which no entry tells: the last line there was, and
        the base.  The entry of one that was lost itself went with it."""
        return next(
            (
                one
                for one in self.restores
                if one.line in self.lines and (one.line - 1, one.base) not in told
            ),
            None,
        )

    def note_loss(
        self, restored: Checkpoint, base: Checkpoint | None, gone: Sequence[Checkpoint]
    ) -> None:
        """What a restored line cost; nothing when the lines gone saw no more than the base."""
        known, seen = base.seq if base else 0, max((line.seq for line in gone), default=0)
        if seen > known:
            self.restores.append(
                Restore(
                    line=restored.number,
                    base=base.number if base else 0,
                    superseded=(min(one.number for one in gone), max(one.number for one in gone)),
                    lost=(known + 1, seen),
                    note=restored.note,
                )
            )


def read_history(
    lines: Iterable[Checkpoint], parted: Sequence[Checkpoint], store_id: str
) -> History:
    """``parted``: lines of copies that do not stand in ``lines``; both are held against."""
    mine = [line for line in lines if line.store == store_id]
    history, before = History(), _bases(mine)
    for at, line in enumerate(mine):
        if line.kind == RESTORED:
            lost = _lost(before, at)
            base = mine[before[at]] if before[at] >= 0 else None
            history.note_loss(line, base, [mine[one] for one in lost])
    at = len(mine) - 1
    while at >= 0:
        history.note(mine[at])
        at = before[at]
    for line in parted:
        if line.store == store_id:
            history.anchors.setdefault(line.seq, set()).add(line.chain)
    return history


def _bases(mine: Sequence[Checkpoint]) -> list[int]:
    """The place of the line that each one goes on from; -1 for none.  None goes on from one that
    saw further than itself."""
    places = {"": -1}
    before: list[int] = []
    for at, line in enumerate(mine):
        base = places.get(line.former, at - 1) if line.kind == RESTORED else at - 1
        while line.kind == RESTORED and base >= 0 and mine[base].seq > line.seq:
            base = before[base]
        before.append(base)
        places.setdefault(line.mark, at)
    return before


def _lost(before: Sequence[int], restored: int) -> list[int]:
    """Which lines counted until then and count no more."""
    at, base, lost = restored - 1, before[restored], []
    while at != base:
        if at > base:
            lost.append(at)
            at = before[at]
        else:
            base = before[base]
    return lost


def explains(detail: str) -> tuple[int, int]:
    """What the entry of an accepted restore says: the last line there was, and the base."""
    try:
        said = json.loads(detail)
        return int(said["last_line"]), int(said["known_line"])
    except (ValueError, KeyError, TypeError):
        return -1, -1
