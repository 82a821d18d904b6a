"""What ends on a day (到期): certificates, keys and whatever a deployment names, known beforehand.

A row per thing; what a server showed in calls stands beside what our own files hold.  Instants
are real time (µs UTC of the database's clock): a partner's TLS knows no business clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from hub.bus import alerts
from hub.bus.tables import alert, expiry
from hub.store import database_now_us

log = structlog.get_logger(__name__)

EXPIRING = "expiring"
SEEN = ("server_certificate", "host_key")
"""Kinds that are known from calls; the others from the deployment's files."""

DAY_US = 86_400_000_000
_FORGET_US = 30 * DAY_US
"""A server that showed itself last so long ago is not called any more."""
_SOON = 30 * 60_000_000
"""How old ``seen_us`` may be before an unchanged row is written again."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing.  ``expires_us`` 0: it never ends by itself (an SSH host key).  ``changed_us``:
    when it was first seen with this ``fingerprint``, None while it has had no other."""

    interface: str
    kind: str
    name: str
    fingerprint: str = ""
    expires_us: int = 0
    changed_us: int | None = None
    id: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is, whatever its date."""
        return self.interface, self.kind, self.name

    def days(self, now_us: int) -> int:
        """Whole days left; below 0 when it is over."""
        return (self.expires_us - now_us) // DAY_US


def keep(tx: Connection, found: Iterable[Ending]) -> int:
    """Write what is known now; rows that changed.

    Of the deployment's own kinds a row that is not found any more goes; of what servers showed,
    one that was not seen for a month.
    """
    now, e = database_now_us(tx), expiry.c
    known = {(row.interface, row.kind, row.name): row for row in tx.execute(sa.select(expiry))}
    written = 0
    wanted = {one.key: one for one in found}
    for key, one in wanted.items():
        row = known.get(key)
        same = row is not None and (row.fingerprint, row.expires_us) == (
            one.fingerprint, one.expires_us
        )  # fmt: skip
        if row is None:
            _add(tx, one, now)
            written += 1
        elif not same:
            values = {"fingerprint": one.fingerprint, "expires_us": one.expires_us,
                      "seen_us": now, "changed_us": now}  # fmt: skip
            tx.execute(sa.update(expiry).where(e.id == row.id).values(**values))
            log.warning("trust.changed", interface=one.interface, kind=one.kind, name=one.name,
                        before=row.fingerprint, now=one.fingerprint)  # fmt: skip
            written += 1
        elif now - row.seen_us > _SOON:
            tx.execute(sa.update(expiry).where(e.id == row.id).values(seen_us=now))
    gone = [
        row for key, row in known.items()
        if key not in wanted and (row.kind not in SEEN or now - row.seen_us > _FORGET_US)
    ]  # fmt: skip
    for row in gone:
        _close(tx, row.interface, row.id, now, but="")
        tx.execute(sa.delete(expiry).where(e.id == row.id))
    return written + len(gone)


def _add(tx: Connection, one: Ending, now: int) -> None:
    tx.execute(
        sa.insert(expiry).values(
            interface=one.interface, kind=one.kind, name=one.name, fingerprint=one.fingerprint,
            expires_us=one.expires_us, seen_us=now, changed_us=None,
        )
    )  # fmt: skip


def read(tx: Connection) -> list[Ending]:
    """Every row, what ends first before the others."""
    never = sa.case((expiry.c.expires_us == 0, 1), else_=0)
    e = expiry.c
    query = sa.select(e.interface, e.kind, e.name, e.fingerprint, e.expires_us, e.changed_us, e.id)
    return [Ending(*row) for row in tx.execute(query.order_by(never, e.expires_us, e.id))]


def watch(tx: Connection, days: Sequence[int]) -> int:
    """One alert per thing at the tightest of the thresholds it has crossed; changes made.

    Crossing the next threshold is a new alert, a later date ends it.
    """
    now, changed = database_now_us(tx), 0
    for one in read(tx):
        crossed = [limit for limit in (*days, 0) if one.expires_us - now <= limit * DAY_US]
        part = f"{one.id}:{min(crossed)}" if crossed and one.expires_us else ""
        changed += _close(tx, one.interface, one.id, now, but=part)
        if part and not _is_open(tx, one.interface, part):
            detail = _says(one, now)
            changed += alerts.begin(tx, one.interface, EXPIRING, detail, now, part=part)
            log.warning("trust.expiring", interface=one.interface, detail=detail)
    return changed


def _says(one: Ending, now: int) -> str:
    left = one.days(now)
    said = f"还有 {left} 天" if left >= 0 else f"已过期 {-left} 天"
    return f"{one.kind} {one.name}：{said}"[:200]


def _is_open(tx: Connection, interface: str, part: str) -> bool:
    key = alerts.open_key(interface, EXPIRING, part)
    return tx.scalar(sa.select(alert.c.id).where(alert.c.open_key == key)) is not None


def _close(tx: Connection, interface: str, number: int, now: int, *, but: str) -> int:
    """End this thing's alerts of other thresholds."""
    stem = alerts.open_key(interface, EXPIRING, f"{number}:")
    kept = alerts.open_key(interface, EXPIRING, but)
    done = tx.execute(
        sa.update(alert)
        .where(
            # Between "stem:" and "stem;" lie the keys that begin so.
            alert.c.open_key >= stem, alert.c.open_key < stem[:-1] + ";", alert.c.open_key != kept
        )
        .values(open_key=None, ended_us=now)
    )  # fmt: skip
    return int(done.rowcount)
