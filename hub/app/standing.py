"""Whether this database may move money: held against the checkpoints outside it at every start.

A restored or cloned backup does not know what it has paid since.  So an ``older`` or ``foreign``
one begins with every channel stopped, before anything is sent, and stays so until two people
release it.  Until then nobody can resume a single channel either.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.app.hub import Hub
from hub.audit import Checkpoint, StoreNotCurrent, Verdict
from hub.audit.checkpoints import judge
from hub.bus.tables import channel
from hub.kernel.errors import Refused
from hub.kernel.logs import get_logger
from hub.kernel.secret import Secret
from hub.people import Approval
from hub.store.durable import not_durable

_log = get_logger(__name__)

RELEASE = "restore.release"
STOPPED_BY = "hub:checkpoints"
"""Who stopped these channels; a release opens them and leaves alone what a person stopped."""

_WHY = {
    Verdict.OLDER: "数据库比库外最后一个检查点旧：疑为恢复或克隆的旧备份",
    Verdict.FOREIGN: "库外检查点不属于本数据库，或已丢失",
}


class NothingToRelease(Refused):
    """The database is the one of its last checkpoint; there is nothing to release."""

    code = "restore.nothing_to_release"
    hint = "A channel that a person stopped is resumed with `hub channel resume`."


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database is, held against the last checkpoint outside."""

    verdict: Verdict
    last: Checkpoint | None

    @property
    def good(self) -> bool:
        """It may work."""
        return self.verdict not in _WHY

    @property
    def text(self) -> str:
        """Why not, in Chinese; empty when it may."""
        return "" if self.good else f"{_WHY[self.verdict]} [{self.verdict.value}]"


def read_standing(hub: Hub) -> Standing:
    """Judge now.

    The last line is read before the database: the other way round, a checkpoint that another
    process writes in between would make a healthy database look older than its witness.
    """
    last = hub.checkpoints.last()
    with hub.store.read() as view:
        return Standing(judge(view, hub.checkpoints.folder, last), last)


def require_current_store(hub: Hub) -> None:
    """Raises StoreNotCurrent for a database that must not move money."""
    standing = read_standing(hub)
    if not standing.good:
        raise StoreNotCurrent(standing.text)


def stop_unless_current(hub: Hub) -> Standing:
    """Called before a process sends anything: stops every channel when the verdict is bad.

    Raises VaultLocked when the keys are another database's.
    """
    with hub.store.read() as view:
        hub.vault.check(view)
        weak = not_durable(view)
    if weak:
        _log.error("a power cut may take what this database has committed", settings=weak)
    standing = read_standing(hub)
    if standing.good:
        return standing
    _log.error("every channel is stopped", verdict=standing.verdict.value)
    with hub.store.write() as tx:
        known = set(tx.scalars(sa.select(channel.c.interface)))
        stopped = set(tx.scalars(sa.select(channel.c.interface).where(channel.c.stopped == 1)))
        reached = {name for name in hub.adapters if hub.settings.partner(name).endpoints}
        for interface in sorted((known | reached) - stopped):
            hub.bus.stop(tx, interface, STOPPED_BY, standing.text)
    return standing


def ask_release(hub: Hub, token: Secret, reason: str) -> int:
    """The first of two: go on with a restored database; the approval's number.

    Raises NothingToRelease and what people's rules refuse.
    """
    actor = hub.people.authenticate(token)
    standing = read_standing(hub)
    if standing.good:
        raise NothingToRelease
    line = standing.last.number if standing.last else 0
    with hub.store.write() as tx:
        return hub.approvals.request(
            tx, actor, act=RELEASE, subject="store",
            payload={"verdict": standing.verdict.value, "line": line}, reason=reason,
        )  # fmt: skip


def release(hub: Hub, done: Approval) -> None:
    """Accept the database as it is and open what ``stop_unless_current`` stopped.

    Runs after the confirmation is committed, for the new checkpoint's mark must be in the
    database before its line is outside.  Killed in between, the database is still not current:
    the channels stay stopped, and two people ask again.
    """
    hub.checkpoints.accept(hub.store, by=f"{done.requested_by},{done.ended_by}", why=done.reason)
    with hub.store.write() as tx:
        stopped = sa.select(channel.c.interface).where(
            channel.c.stopped == 1, channel.c.stopped_by == STOPPED_BY
        )
        for interface in sorted(tx.scalars(stopped)):
            hub.bus.resume(tx, interface, done.ended_by, done.reason)
