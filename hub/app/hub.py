"""The hub put together: the one place where all packages meet.

``Hub`` holds what every process needs (command line, server, worker); ``Engine`` adds the
threads that do the work.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from sqlalchemy.engine import Connection

from hub import audit, cases
from hub.app import paging
from hub.app.alone import hold_alone
from hub.app.case_office import open_case_office
from hub.app.conducting import Conducting
from hub.app.discover import FoundAdapter, discover
from hub.app.expiries import ExpiryWatch
from hub.app.leading import give_back
from hub.app.notifying import notify_seat
from hub.app.partners import Partners
from hub.app.scheduling import Scheduling
from hub.app.seat_watch import SeatWatch
from hub.app.watching import Watching
from hub.bus import Bus, Handler, InboxWorker, NoticeUser, Reaper, Worker
from hub.bus.holder import this_holder
from hub.bus.policy import ChannelPolicy
from hub.cases import CaseOffice
from hub.crypto import KeyRing
from hub.kernel.clocks import BusinessClock, SharedClock, SystemClock, monotonic
from hub.kernel.errors import HubError, Misconfigured
from hub.kernel.logs import get_logger
from hub.kernel.settings import Settings
from hub.offset import notices
from hub.offset.handlers import handlers
from hub.offset.inquiry import ask_first
from hub.offset.instruct import KIND as INSTRUCT
from hub.offset.notify.asking import TEXTS
from hub.offset.office import BankSeat, Office
from hub.offset.opening import PaymentDays
from hub.people import Approvals, People
from hub.people.sessions import Sessions
from hub.queries.directory import Directory
from hub.queries.directory_steps import StepHandler
from hub.queries.directory_words import STEP
from hub.schedule import Leadership
from hub.store import Store
from hub.store.schema import require_current
from hub.store.vault import Vault

_log = get_logger(__name__)

_SEAL_S = 0.5
_NOTHING: frozenset[str] = frozenset()
_PAYMENTS = frozenset({INSTRUCT})
_TEXTS = frozenset({TEXTS})


class Hub:
    """One centre's hub on one database; owns its connections."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock: BusinessClock = (
            SharedClock(settings.clock_file) if settings.clock_file else SystemClock()
        )
        self._alone = hold_alone(settings.database_url)
        self.store = Store(settings.database_url)
        self.ring = KeyRing.create(settings.keys)
        self.vault = Vault(self.ring)
        self.bus = Bus(self.vault)
        self.people = People(self.store, self.vault)
        self.sessions = Sessions(self.store, self.vault, self.people)
        self.approvals = Approvals(self.people)
        self.adapters = discover(settings)
        self._hours = {
            name: one.manifest.payment_hours
            for name, one in self.adapters.items()
            if one.manifest.port == "bank"
        }
        self.bus.set_policies({name: self._policy(name) for name in self.adapters})
        self.days = PaymentDays(self.clock)
        self.bus.shut = self._shut
        self.bus.switched = lambda tx, name: ask_first(tx, self.office, name)
        self.partners = Partners(self.adapters, settings, self.clock)
        self.checkpoints = audit.Checkpoints(settings.checkpoints, self.ring.signer)
        self.keeper = audit.Keeper(self.store, self.checkpoints)
        self.bus.may_act = self.checkpoints.seat.holds
        self._office: Office | None = None
        self._cases: CaseOffice | None = None

    @property
    def office(self) -> Office:
        """The offset's office; opened at first use, for it needs every partner's settings."""
        if self._office is None:
            self._office = self._open_office()
        return self._office

    @property
    def cases(self) -> CaseOffice | None:
        """The office of cases; None where no platform files any here."""
        if self._cases is None:
            self._cases = open_case_office(self)
        return self._cases

    def handlers(self) -> Mapping[str, Handler]:
        """Every message kind this hub knows."""
        filed = {} if self.cases is None else cases.handlers(self.cases)
        told = {STEP: StepHandler(Directory(self.bus, self.clock), self.bus)}
        return {**handlers(self.office), **filed, **told, **paging.handlers(self.clock)}

    def users(self) -> Mapping[str, NoticeUser]:
        """Every kind of notice this hub takes in."""
        filed = {} if self.cases is None else cases.users(self.cases)
        return {**notices.users(self.office), **filed}

    def close(self) -> None:
        """Give everything back."""
        self.partners.close()
        self.store.close()
        if self._alone is not None:
            self._alone.close()

    def __enter__(self) -> "Hub":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _shut(self, tx: Connection, interface: str) -> frozenset[str]:
        """Payments of a bank that takes none now; texts to people while they sleep."""
        hours = self._hours.get(interface)
        if hours is None and self._tells(interface):
            return _TEXTS if self.settings.notify.is_quiet(self.clock.now().time()) else _NOTHING
        return _NOTHING if hours is None or self.days.open_now(tx, hours) else _PAYMENTS

    def _tells(self, interface: str) -> bool:
        found = self.adapters.get(interface)
        return found is not None and found.manifest.port == "notify"

    def _policy(self, interface: str) -> ChannelPolicy:
        known = self.settings.partner(interface)
        return ChannelPolicy(
            places=known.places,
            switch_after=known.switch.after,
            switch_again_s=float(known.switch.again_s),
        )

    def _open_office(self) -> Office:
        core = self._only("core")
        port = self.partners.open(core.interface).port
        seats = {}
        for adapter in self.of_port("bank"):
            self.partners.open(adapter.interface)
            code = adapter.manifest.partner.code
            seats[code] = BankSeat(
                code=code,
                name=adapter.manifest.partner.name,
                interface=adapter.interface,
                now=partial(self.partners.seat, adapter.interface),
                hours=adapter.manifest.payment_hours,
                places=self.settings.partner(adapter.interface).places,
                one_book=self.settings.partner(adapter.interface).switch.one_book,
            )
        return Office(
            store=self.store,
            vault=self.vault,
            bus=self.bus,
            clock=self.clock,
            banks=seats,
            core_interface=core.interface,
            core_version=core.contract.version,
            core_command_limit=port.command_limit,
            core_accounts_limit=port.accounts_limit,
            notify=notify_seat(self.of_port("notify"), self.partners, self.settings),
        )

    def of_port(self, port: str) -> list[FoundAdapter]:
        """Adapters of this port whose partners this deployment reaches."""
        return [
            each
            for each in self.adapters.values()
            if each.manifest.port == port and self.settings.partner(each.interface).endpoints
        ]

    def _only(self, port: str) -> FoundAdapter:
        found = self.of_port(port)
        if len(found) != 1:
            raise Misconfigured(f"hub.toml must give endpoints to exactly one {port} interface")
        return found[0]


class Part(Protocol):
    """A thread of a serving process."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End in good order."""
        ...


class Engine:
    """The threads of a serving process: workers, inbox, reaper, conductor, sealer, watch.

    Made by :func:`hub.app.assembly.start_engine`, which judges the database first.
    """

    def __init__(
        self, hub: Hub, contested: Callable[[], object], workers: int,
        beside: Sequence["Part"] = (),
    ) -> None:  # fmt: skip
        """``beside``: further threads of this process, which need the whole hub."""
        require_current(hub.store)
        self._hub = hub
        known = hub.handlers()
        self._worker = Worker(hub.store, hub.bus, known, hub.partners, threads=workers)
        self._reaper = Reaper(hub.store, hub.bus, known)
        self._inbox = InboxWorker(hub.store, hub.bus, hub.users())
        self._scheduling = Scheduling(hub)
        self._conducting = Conducting(
            hub.store, hub.office, seat=hub.checkpoints.seat.beat_shown,
            opened=self._scheduling.opened.read,
        )  # fmt: skip
        self._seals = Leadership(hub.store, "sealer", this_holder())
        self._stopping = threading.Event()
        self._sealer = threading.Thread(target=self._seal, name="sealer", daemon=True)
        self._expiry = ExpiryWatch(hub.store, hub.settings, hub.partners)
        self._seat_watch = SeatWatch(hub.store, hub.checkpoints.seat, contested)
        self._watching = Watching(
            hub.store, hub.adapters, hub.settings, hub.partners, hub.clock,
            paging.open_paging(hub),
        )  # fmt: skip
        self._beside = tuple(beside)

    def start(self) -> None:
        """Begin all of it."""
        self._worker.start()
        self._reaper.start()
        self._inbox.start()
        self._scheduling.start()
        self._conducting.start()
        self._sealer.start()
        self._seat_watch.start()
        self._expiry.start()
        for part in self._beside:
            part.start()
        if self._hub.settings.probes:
            self._watching.start()

    def stop(self) -> None:
        """End in good order: nothing new is claimed, what is in flight ends."""
        self._stopping.set()
        for part in self._beside:
            part.stop()
        self._seat_watch.stop()
        self._watching.stop()
        self._expiry.stop()
        self._conducting.stop()
        self._scheduling.stop()
        self._inbox.stop()
        self._sealer.join(10)
        self._worker.stop()
        self._reaper.stop()
        self._witness_all()
        give_back(self._seals)

    def _witness_all(self) -> None:
        """What was written while the others ended is sealed and witnessed, too: nothing of an
        orderly end waits for the next start."""
        try:
            if self._seals.hold():
                self._hub.keeper.stage_end("stop")
        except HubError as error:
            _log.warning("the last entries wait for the next start", why=error.message)

    def _seal(self) -> None:
        while not self._stopping.wait(_SEAL_S):
            try:
                if self._seals.hold():
                    self._hub.keeper.tick(monotonic())
            except Exception:  # noqa: BLE001  the next turn tries again
                _log.exception("sealing the audit failed")
