"""Verification: every entry against the chain, the chain against its witnesses outside.

What is told apart:
- *altered*: an entry's text, or its chain value, is not what was chained;
- *missing*: numbers are gone in the middle;
- *truncated*: the end is gone, while head or marks show that the database was further once;
- *rewritten*: the chain is sound in itself, but not the one a checkpoint outside saw;
- *older*: the whole database is as it was before the last checkpoint: a restored copy;
- *foreign*: the checkpoints are another database's, or its own are gone;
- *witness*: the checkpoint lines themselves are damaged, or the last one's signature is wrong.
With copies of the checkpoints that were kept elsewhere, what was written anew in the hub's own
folder is told as well: one of all these must be the beginning of the others.
Not faults, but shown: entries not yet sealed, sealed ones that no checkpoint covers yet, and
what was lost when a restored copy was accepted.

What an accepted restore lost is no *rewriting*, when both say so: a line of the kind ``restored``,
which names the line it goes on from, and an entry of the chain that names the same two lines.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy.engine import Connection

from hub.audit.chain import BODY_LINES, Head, genesis, link, read_head, sealed_rows
from hub.audit.checkpoints import ACCEPTED, Verdict, classify_marks
from hub.audit.history import History, Restore, explains, read_history
from hub.audit.identity import Identity, read_identity
from hub.audit.lines import Checkpoint, CheckpointLog
from hub.audit.sealing import count_unsealed
from hub.crypto import Sm2PublicKey

LISTED = 100
"""Most altered or missing places a report names one by one."""


_CHINESE = {
    "altered": "内容被改",
    "missing": "中间缺失",
    "truncated": "末尾被截",
    "rewritten": "整链重写",
    "older": "数据库比检查点旧",
    "foreign": "检查点不属于本库或已丢失",
    "witness": "检查点文件受损或签名不符",
}


def _range(found: tuple[int, int] | None) -> str:
    return f"{found[0]}-{found[1]}" if found else ""


def _listed(numbers: tuple[int, ...]) -> str:
    more = "…" if len(numbers) == LISTED else ""
    return ", ".join(map(str, numbers)) + more


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What verification found.  Numbers are ``seq``; ranges include both ends."""

    store_id: str = ""
    sealed: int = 0
    unsealed: int = 0
    unanchored: int = 0
    checkpoints: int = 0
    altered: tuple[int, ...] = ()
    altered_count: int = 0
    missing: tuple[tuple[int, int], ...] = ()
    truncated: tuple[int, int] | None = None
    rewritten: tuple[int, int] | None = None
    older_than_checkpoint: bool = False
    foreign: bool = False
    witness_faults: tuple[str, ...] = ()
    restores: tuple[Restore, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings()

    @property
    def lost(self) -> tuple[tuple[int, int], ...]:
        """The entries that accepted restores lost."""
        return tuple(one.lost for one in self.restores)

    def findings(self) -> tuple[str, ...]:
        """What is wrong, in the words above."""
        wrong = {
            "altered": bool(self.altered_count),
            "missing": bool(self.missing),
            "truncated": self.truncated is not None,
            "rewritten": self.rewritten is not None,
            "older": self.older_than_checkpoint,
            "foreign": self.foreign,
            "witness": bool(self.witness_faults),
        }
        return tuple(word for word, found in wrong.items() if found)

    def text(self) -> str:
        """For a person at a terminal, Chinese first: one line, then one for each finding."""
        head = (
            f"审计链{'完好' if self.good else '有问题'}：已封 {self.sealed} 条，"
            f"待封 {self.unsealed} 条，最后检查点之后 {self.unanchored} 条，"
            f"库外检查点 {self.checkpoints} 个 · {'sound' if self.good else 'WRONG'}: "
            f"{self.sealed} sealed, {self.unsealed} waiting, "
            f"{self.unanchored} after the last of {self.checkpoints} checkpoints"
        )
        places = {
            "altered": f"{self.altered_count}: {_listed(self.altered)}",
            "missing": ", ".join(f"{first}-{last}" for first, last in self.missing),
            "truncated": _range(self.truncated),
            "rewritten": _range(self.rewritten),
            "witness": "; ".join(self.witness_faults),
        }
        found = [
            f"{_CHINESE[word]} {word} {places.get(word, '')}".rstrip() for word in self.findings()
        ]
        lost = [
            f"恢复旧库时丢失 lost by an accepted restore {_range(one.lost)}："
            f"检查点 checkpoints {_range(one.superseded)}，放行 released {one.note}"
            for one in self.restores
        ]
        return "\n".join((head, *found, *lost))

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        told = {"good": self.good, "findings": list(self.findings()), "lost": self.lost}
        return {**told, **asdict(self)}


@dataclass(slots=True)
class _Walk:
    """One pass over the sealed entries."""

    chain: str | None
    history: History
    told: set[tuple[int, int]] = field(default_factory=set)
    seq: int = 0
    altered: list[int] = field(default_factory=list)
    altered_count: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)
    sound_until: int = 0
    rewritten: tuple[int, int] | None = None

    def take(self, seq: int, chain: str, body: str) -> None:
        if seq <= self.seq:  # two entries with one number: no index allows it by itself
            self.alter(seq)
        elif seq != self.seq + 1:
            if len(self.missing) < LISTED:
                self.missing.append((self.seq + 1, seq - 1))
            self.chain = None  # what stood before is gone; the next link can still be checked
        if body.count("\n") != BODY_LINES or (
            self.chain is not None and link(self.chain, body) != chain
        ):
            self.alter(seq)
        self.seq, self.chain = seq, chain
        seen = self.history.anchors.get(seq)
        if seen is not None:
            self.hold_against(seq, {chain} == seen)

    def close(self, head: Head) -> None:
        """The head must name the last entry, or one that is gone; and a loss is excused only by
        the chain itself."""
        unexplained = self.history.unexplained(self.told)
        if unexplained is not None and self.rewritten is None:
            self.rewritten = unexplained.lost
        if self.seq > head.seq:
            self.alter(head.seq + 1)
        elif self.seq == head.seq and self.chain not in (None, head.chain):
            self.alter(head.seq)

    def alter(self, seq: int) -> None:
        if self.altered and self.altered[-1] == seq:
            return
        self.altered_count += 1
        if len(self.altered) < LISTED:
            self.altered.append(seq)

    def hold_against(self, seq: int, same: bool) -> None:
        if same:
            self.sound_until = seq
        elif self.rewritten is None:
            self.rewritten = (self.sound_until + 1, seq)


def verify(
    tx: Connection, log: CheckpointLog, public: Sm2PublicKey, copies: Sequence[CheckpointLog] = ()
) -> AuditReport:
    """Check every sealed entry; ``log`` is ``Checkpoints.log()``, ``copies`` are such logs from
    elsewhere.  Memory does not grow with the entries.  ``benchmarks.audit`` measures the speed."""
    known, head = read_identity(tx), read_head(tx)
    log, parted, faults = _agreed([log, *copies], public)
    if known is None or head is None:
        return AuditReport(
            checkpoints=len(log.lines), foreign=bool(log.lines), witness_faults=faults
        )
    verdict = _verdict(known, log)
    history = read_history(log.lines, parted, known.store_id)
    walk = _Walk(genesis(known.store_id), history)
    for row in sealed_rows(tx, 1):
        one, us, act, actor, subject, quantity, fen, root, detail, seq, chain = row
        body = f"\n{one}\n{us}\n{act}\n{actor}\n{subject}\n{quantity}\n{fen}\n{root}\n{detail}"
        walk.take(seq, chain, body)
        if act == ACCEPTED:
            walk.told.add(explains(detail))
    walk.close(head)
    once = max(head.seq, history.furthest if verdict is Verdict.CURRENT else 0)
    return AuditReport(
        store_id=known.store_id,
        sealed=walk.seq - sum(last - first + 1 for first, last in walk.missing),
        unsealed=count_unsealed(tx),
        unanchored=max(0, walk.seq - history.furthest),
        checkpoints=len(log.lines),
        altered=tuple(walk.altered),
        altered_count=walk.altered_count,
        missing=tuple(walk.missing),
        truncated=(walk.seq + 1, once) if once > walk.seq else None,
        rewritten=walk.rewritten,
        older_than_checkpoint=verdict is Verdict.OLDER,
        foreign=verdict is Verdict.FOREIGN,
        witness_faults=faults,
        restores=tuple(history.restores),
    )


def _agreed(
    logs: Sequence[CheckpointLog], public: Sm2PublicKey
) -> tuple[CheckpointLog, list[Checkpoint], tuple[str, ...]]:
    """The longest log, what the others hold beside it, and every log's faults."""
    longest = max(logs, key=lambda log: len(log.lines))
    faults = [fault for log in logs for fault in _faults(log, public)]
    beside: list[Checkpoint] = []
    for log in logs:
        pairs = zip(log.lines, longest.lines, strict=False)
        at = next((n for n, (one, other) in enumerate(pairs) if one != other), None)
        if at is not None:
            faults.append(f"a copy of the checkpoints parts from the others at line {at + 1}")
            beside += log.lines[at:]
    return longest, beside, tuple(faults[:LISTED])


def _faults(log: CheckpointLog, public: Sm2PublicKey) -> list[str]:
    """The lines are linked, so the last one's signature vouches for them all."""
    last = log.last
    if last is None or last.signed_by(public):
        return log.faults
    return [*log.faults, f"checkpoint {last.number}: the signature is not this key's"]


def _verdict(known: Identity, log: CheckpointLog) -> Verdict:
    """Who is ahead of whom, by the marks alone: whether entries are gone, the walk shows."""
    last = log.last
    if last is None:
        return Verdict.FOREIGN if known.former_mark else Verdict.FRESH
    if last.store != known.store_id:
        return Verdict.FOREIGN
    if last.mark in (known.mark, known.former_mark):
        return Verdict.CURRENT
    return classify_marks(known, log)
