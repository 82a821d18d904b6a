"""A duty list, an incident that begins and ends as it is told, and whoever leads the watch."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from hub.app.delivering import Delivering
from hub.app.escalating import Escalating
from hub.app.paging import Paging
from hub.app.ways import open_ways
from hub.bus import Bus
from hub.crypto import KeyRing
from hub.kernel.clocks import SHANGHAI, FixedClock, to_us
from hub.kernel.notify_settings import NotifySettings
from hub.kernel.settings import Settings
from hub.monitor import duty, incidents
from hub.monitor.duty import Rung
from hub.monitor.hours import ALL_DAY
from hub.monitor.incident_tables import incident
from hub.monitor.incidents import Subject, Trouble
from hub.monitor.policy import WatchPolicy, read_watch_policy
from hub.monitor.reaching import ReachWay, put_reach
from hub.offset.notify.seat import NotifySeat
from hub.offset.notify.wording import read_texts
from hub.ports.notify import NotifyWay
from hub.store import Store
from hub.store.vault import Vault

MINUTE = 60_000_000
BEGIN = datetime(2025, 10, 1, 21, tzinfo=SHANGHAI)
SPOOL = "notify-spool"
LADDER = {Rung.PRIMARY: "wang", Rung.STANDBY: "li", Rung.LEAD: "zhao", Rung.CENTRE: "sun"}
PHONES = {"wang": "15758884921", "li": "15758884922", "zhao": "15758884923", "sun": "15758884924"}
SUBJECT = Subject("core-reference", "核心系统", "中心信息科", ALL_DAY)


@dataclass
class Post:
    """One database with a duty list, and what one process holds of it."""

    store: Store
    home: Path
    level: str = "ordinary"
    clock: FixedClock = field(default_factory=lambda: FixedClock(BEGIN))
    vault: Vault = field(init=False)
    bus: Bus = field(init=False)
    policy: WatchPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.vault = Vault(KeyRing.create(self.home / "keys"))
        self.bus = Bus(self.vault)
        self.policy = read_watch_policy(self.home)

    @property
    def now_us(self) -> int:
        return to_us(self.clock.moment)

    @property
    def channels(self) -> tuple[str, ...]:
        return ("spool", "mail", "sms")

    @property
    def subject(self) -> Subject:
        known = {name: getattr(SUBJECT, name) for name in ("interface", "name", "owner", "hours")}
        return Subject(**known, channels=self.channels)

    def list_up(self, ladder: dict[Rung, str] | None = None) -> None:
        """Everybody on their rung for a year, reached by SMS; 负责人 by mail, too."""
        chosen = LADDER if ladder is None else ladder
        with self.store.write() as tx:
            for rung, login in chosen.items():
                year = [(self.now_us, self.now_us + 365 * 1440 * MINUTE)]
                duty.put_turns(tx, rung, login, year, shift="", by="wang", why="十月排班",
                               now_us=self.now_us)  # fmt: skip
            for login in {*chosen.values()} - {""}:
                put_reach(tx, self.vault, login, ReachWay.SMS, PHONES[login], by="wang",
                          why="登记", now_us=self.now_us)  # fmt: skip
            put_reach(tx, self.vault, "zhao", ReachWay.MAIL, "zhao@centre.example", by="wang",
                      why="登记", now_us=self.now_us)  # fmt: skip

    def begin(self, *, key: str = "core-reference") -> int:
        trouble = Trouble(
            key=key, effect="unreachable", level=self.level, code="line.not_sent", detail="",
            begun_us=self.now_us, card=incidents.make_card(self.policy, self.subject),
        )  # fmt: skip
        with self.store.write() as tx:
            number = incidents.begin(tx, self.policy, self.subject, trouble, self.now_us)
        assert number is not None
        return number

    def end(self, number: int) -> None:
        with self.store.write() as tx:
            row = tx.execute(sa.select(incident).where(incident.c.id == number)).one()
            incidents.end(tx, self.subject, row, self.now_us, self.now_us)

    def remind(self, number: int) -> None:
        with self.store.write() as tx:
            row = tx.execute(sa.select(incident).where(incident.c.id == number)).one()
            incidents.remind(tx, self.subject, row, self.now_us)

    def escalating(self) -> Escalating:
        return Escalating(self.store, self.policy, {}, self.channels)

    def delivering(self) -> Delivering:
        """SMS by the bus, everything else into the spool folder; ``mail`` is a spool of its own."""
        seat = NotifySeat(SPOOL, "1.0.0", NotifyWay.SMS, 100, NotifySettings(), read_texts())
        ways = open_ways(Settings(home=self.home))
        other = open_ways(Settings(home=self.home / "mail"))["spool"]
        return Delivering(
            self.store, {**ways, "mail": other}, self.clock, "测试",
            Paging(self.vault, self.bus, seat),
        )  # fmt: skip
