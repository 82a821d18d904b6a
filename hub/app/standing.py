"""Whether this database may move money: held against what stands outside it, all the time.

A restored or cloned copy does not know what has been paid since.  So an ``older``, ``foreign`` or
``restored`` one begins with every channel stopped, before anything is sent, and its restoration
asks banks and core about everything since.  It stays so until that is clean and two people
release it; until then nobody can resume a single channel either.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.audit import Checkpoint, SeatTaken, StoreNotCurrent, Verdict
from hub.audit.checkpoints import BAD, judge
from hub.audit.identity import read_identity
from hub.audit.seat import WATCH_S, read_inside
from hub.audit.tables import audit_entry, audit_head
from hub.bus.tables import channel
from hub.kernel.errors import Refused
from hub.kernel.logs import get_logger
from hub.kernel.secret import Secret
from hub.offset import restoration
from hub.offset.restoration import Grounds, Way
from hub.people import Approval
from hub.store.durable import not_durable

_log = get_logger(__name__)

RELEASE = "restore.release"
STOPPED_BY = "hub:checkpoints"
"""Who stopped these channels; a release opens them and leaves alone what a person stopped."""

_WHY = {
    Verdict.OLDER: "数据库比库外的检查点旧：疑为恢复或克隆的副本",
    Verdict.FOREIGN: "库外检查点不属于本数据库，或已丢失",
    Verdict.RESTORED: "数据库由备份恢复，尚未放行",
}
_SHOWN = 5


class NothingToRelease(Refused):
    """The database is the one of its last checkpoint; there is nothing to release."""

    code = "restore.nothing_to_release"
    hint = "A channel that a person stopped is resumed with `hub channel resume`."


class NotClean(Refused):
    """What bank and core hold is not adopted yet."""

    code = "restore.not_clean"
    hint = "`hub status` shows what stands in the way; `hub serve` must run to ask on."


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database is, held against what stands outside; ``way`` back, if it is on one."""

    verdict: Verdict
    last: Checkpoint | None
    way: Way | None = None

    @property
    def good(self) -> bool:
        """It may work."""
        return self.verdict not in BAD and self.way is None

    @property
    def text(self) -> str:
        """Why not, in Chinese; empty when it may."""
        if self.good:
            return ""
        why = _WHY.get(self.verdict, "数据库恢复后尚未放行")
        source = f"（{self.way.source}）" if self.way is not None and self.way.source else ""
        return f"{why}{source} [{self.verdict.value}]"

    @property
    def next_step(self) -> str:
        """How far the way back is and what to do next, in Chinese."""
        return "" if self.way is None else self.way.text


def read_standing(hub: Hub) -> Standing:
    """Judge now.

    What stands outside is read before the database: the other way round, what another process
    writes in between would make a healthy database look older than its witness.
    """
    found = _look(hub)
    for _ in range(2):  # two processes of ours may beat between our two looks
        if found.verdict is not Verdict.OLDER:
            break
        found = _look(hub)
    return found


def _look(hub: Hub) -> Standing:
    last, outside = hub.checkpoints.last(), hub.checkpoints.seat.outside()
    with hub.store.read() as view:
        verdict = judge(view, hub.checkpoints.folder, last, outside)
        return Standing(verdict, last, restoration.read_way(view))


def require_current_store(hub: Hub) -> None:
    """Raises StoreNotCurrent for a database that must not move money."""
    standing = read_standing(hub)
    if not standing.good:
        raise StoreNotCurrent(standing.text)


def take_seat(hub: Hub) -> Standing:
    """Called before a process sends anything: sits down, or stops every channel and begins the
    way back.  Raises VaultLocked when the keys are another database's."""
    with hub.store.read() as view:
        hub.vault.check(view)
    weak = not_durable(hub.store)
    if weak:
        _log.error("a power cut may take what this database has committed", settings=weak)
    standing = read_standing(hub)
    if not standing.good:
        return stop_everything(hub, standing)
    try:
        hub.checkpoints.seat.enter(hub.store)
    except SeatTaken as error:
        _log.error("another hub works with a copy of this database", code=error.code)
        return stop_everything(hub, Standing(Verdict.OLDER, standing.last))
    except OSError as error:  # shown on the page by the keeper, as for checkpoints
        _log.error("the seat cannot be taken", error=error.strerror or "")
    return standing


def stop_everything(hub: Hub, standing: Standing) -> Standing:
    """Stop every channel and begin the way back, if that is not under way."""
    _log.error("every channel is stopped", verdict=standing.verdict.value)
    with hub.store.write() as tx:
        known = set(tx.scalars(sa.select(channel.c.interface)))
        stopped = set(tx.scalars(sa.select(channel.c.interface).where(channel.c.stopped == 1)))
        reached = {name for name in hub.adapters if hub.settings.partner(name).endpoints}
        for interface in sorted((known | reached) - stopped):
            hub.bus.stop(tx, interface, STOPPED_BY, standing.text)
        restoration.begin(tx, hub.office, _grounds(hub, tx, standing))
    return read_standing(hub)


def _grounds(hub: Hub, tx: Connection, standing: Standing) -> Grounds:
    inside, head = read_inside(tx), tx.execute(sa.select(audit_head.c.seq)).scalar()
    witnessed = standing.last.seq if standing.last else 0
    partners = [
        hub.partners.open(name)
        for name in sorted(hub.adapters)
        if hub.settings.partner(name).endpoints
    ]
    settle_s = max((seat.port.settle_after_s for seat in hub.office.banks.values()), default=0.0)
    return Grounds(
        cause=standing.verdict.value,
        source=inside.restored_from,
        since_us=_since_us(hub, tx),
        lost=(int(head or 0) + 1, witnessed),
        quiet_s=max([settle_s, *(p.lease_s + p.timeout_s for p in partners)]),
    )


def _since_us(hub: Hub, tx: Connection) -> int:
    """The moment of the newest checkpoint this database knows; without one, of its first entry."""
    known = read_identity(tx)
    marks = {known.mark, known.former_mark} if known else set()
    line = hub.checkpoints.log().newest_known(known.store_id, marks) if known else None
    if line is not None:
        return line.at_us
    first = tx.scalar(sa.select(sa.func.min(audit_entry.c.instant_us)))
    return int(first or 0) or hub.office.now_us()


def ask_release(hub: Hub, token: Secret, reason: str) -> int:
    """The first of two: go on with a restored database; the approval's number.

    Raises NothingToRelease, NotClean, SeatTaken, and what people's rules refuse.
    """
    actor = hub.people.authenticate(token)
    standing = read_standing(hub)
    require_releasable(standing)
    if hub.checkpoints.seat.moves(WATCH_S):
        raise SeatTaken("a hub works with another copy of this database")
    with hub.store.write() as tx:
        return hub.approvals.request(
            tx, actor, act=RELEASE, subject="store", payload=payload_of(standing), reason=reason
        )


def payload_of(standing: Standing) -> dict[str, str | int]:
    """What two people agree on."""
    way = standing.way
    return {
        "line": standing.last.number if standing.last else 0,
        "items": way.adopted if way else 0, "fen": way.adopted_fen if way else 0,
    }  # fmt: skip


def require_releasable(standing: Standing) -> None:
    """Raises NothingToRelease, or NotClean with what stands in the way."""
    if standing.good:
        raise NothingToRelease
    way = standing.way
    if way is None:
        raise NotClean("核对尚未开始：先启动 hub serve")
    if not way.clean:
        shown = [f"{one.bank} {one.number} {one.detail}" for one in way.obstacles[:_SHOWN]]
        listed = f"：{'；'.join(shown)}" if shown else ""
        raise NotClean(f"未认回 {way.unadopted} 笔{listed}" if shown else way.text)


def release(hub: Hub, done: Approval) -> None:
    """Accept the database as it is and open what was stopped for it.

    Runs after the confirmation is committed, for the new checkpoint's mark must be in the
    database before its line is outside.  Killed in between, the channels stay stopped, and two
    people ask again.
    """
    by = f"{done.requested_by},{done.ended_by}"
    if read_standing(hub).verdict in BAD:  # else a release before this one was cut short here
        hub.checkpoints.accept(hub.store, by=by, why=done.reason)
    with hub.store.write() as tx:
        restoration.end(tx, by)
        stopped = sa.select(channel.c.interface).where(
            channel.c.stopped == 1, channel.c.stopped_by == STOPPED_BY
        )
        for interface in sorted(tx.scalars(stopped)):
            hub.bus.resume(tx, interface, done.ended_by, done.reason)
