"""What the offset works with: its store, vault, bus and clock, and a seat for every bank."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.engine import Connection

from hub.bus import Bus, Effect, NewMessage
from hub.kernel.clocks import BusinessClock, to_us
from hub.kernel.errors import BadInput, Refused
from hub.kernel.periods import Period
from hub.offset.arrival import ALL_DAY, PaymentHours
from hub.offset.notify.seat import NotifySeat
from hub.ports.bank import BankPort
from hub.store import Store
from hub.store.vault import Vault


class NoSuchBank(BadInput):
    """No adapter serves this bank."""

    code = "offset.no_such_bank"
    hint = "`hub offset status` lists the banks that have an adapter."


class ItemsMoved(Refused):
    """Items that were waiting have been taken on by somebody else meanwhile."""

    code = "offset.items_moved"
    hint = "Nothing to do: the hub looks again by itself."


@dataclass(frozen=True, slots=True)
class SeatPartner:
    """A bank's port and the version of the contract it speaks."""

    port: BankPort
    contract_version: str


@dataclass(frozen=True, slots=True)
class BankSeat:
    """A bank the hub can reach: the partner's code (ICBC), our interface, and what is spoken now.

    ``now`` answers the contract in force on this business day.  ``places``: how many addresses
    it has; ``one_book``: it has confirmed that behind all of them lies one book, so that one
    statement speaks for all.
    """

    code: str
    name: str
    interface: str
    now: Callable[[], SeatPartner]
    hours: PaymentHours = ALL_DAY
    places: int = 1
    one_book: bool = False

    @property
    def port(self) -> BankPort:
        """The adapter's port as of now; its limits are the contract's in force."""
        return self.now().port

    @property
    def contract_version(self) -> str:
        """Of the contract in force."""
        return self.now().contract_version


@dataclass(frozen=True, slots=True)
class Office:
    """Handed to every part of the offset."""

    store: Store
    vault: Vault
    bus: Bus
    clock: BusinessClock
    banks: Mapping[str, BankSeat]
    core_interface: str
    core_version: str
    core_command_limit: int
    core_accounts_limit: int
    notify: NotifySeat | None = None
    """Where people are told; None where this deployment tells nobody."""

    def now_us(self) -> int:
        """The business moment, as stored."""
        return to_us(self.clock.now())

    def today(self) -> int:
        """The business day as YYYYMMDD."""
        return day_number(self.clock.today())

    def seat(self, bank: str) -> BankSeat:
        """Raises NoSuchBank."""
        if bank not in self.banks:
            raise NoSuchBank(f"no adapter serves {bank[:8]!r}")
        return self.banks[bank]

    def to_bank(
        self, tx: Connection, bank: str, kind: str, key: str, payload: bytes, *,
        period: Period, subject: str, effect: Effect = Effect.READ, items: int = 0, fen: int = 0,
        endless: bool = False,
    ) -> int:  # fmt: skip
        """Put one message for a bank; the same key again answers the message that exists."""
        seat = self.seat(bank)
        (found,) = self.bus.put(
            tx,
            [
                NewMessage(
                    interface=seat.interface, kind=kind, key=key, payload=payload, effect=effect,
                    group=run_group(period), subject=subject, items=items, fen=fen,
                    month=str(period), contract_version=seat.contract_version, endless=endless,
                )
            ],
        )  # fmt: skip
        return found


RUN_GROUP = "run:"


def run_group(period: Period) -> str:
    """Under which a run's messages are gathered."""
    return f"{RUN_GROUP}{period}"


def day_number(day: date) -> int:
    """2025-10-09 → 20251009."""
    return day.year * 10000 + day.month * 100 + day.day


def day_of(number: int) -> date:
    """20251009 → 2025-10-09."""
    return date(number // 10000, number // 100 % 100, number % 100)
