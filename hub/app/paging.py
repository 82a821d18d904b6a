"""One person told: by SMS, which goes over the bus to the notify interface, or by mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy.engine import Connection

from hub.bus import Bus, Delivery, Effect, Handler, Message, NewMessage
from hub.crypto import sm3_hex
from hub.kernel.clocks import BusinessClock, from_us, to_us
from hub.kernel.typed import read_json
from hub.monitor import alerts
from hub.monitor.alerts import Alert
from hub.monitor.reaching import ReachWay, open_reach
from hub.offset.notify.seat import NotifySeat
from hub.ports.line import PartnerRefused, ReplyUnreadable
from hub.ports.notify import NotifyPort, NotifyResult, NotifyStatus, NotifyText, NotifyWay
from hub.store.vault import Vault

if TYPE_CHECKING:
    from hub.app.hub import Hub

KIND = "alert.text"


class TextLetter(msgspec.Struct, frozen=True):
    """One text as it is stored (sealed) in the bus."""

    number: str
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Paging:
    """The ways to one person.  ``seat``: the notify interface, where there is one that sends
    SMS."""

    vault: Vault
    bus: Bus
    seat: NotifySeat | None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it adds."""
        return () if self.seat is None else (ReachWay.SMS.value,)

    def address(self, tx: Connection, one: Alert) -> str | None:
        """Where the person of an alert is reached by its channel; None: nowhere any more."""
        return open_reach(tx, self.vault, one.person, one.channel)

    def hand(self, tx: Connection, one: Alert, to: str, text: str) -> None:
        """Give the bus the message and note it, in one transaction."""
        if self.seat is None:
            raise ValueError("there is no way for SMS")
        begun = from_us(one.body["begun_us"])
        # Not the row's own number: an older copy of the database gives that to another alert, and
        # the destination would take it for one it has.
        digest = sm3_hex(f"{one.name}|{one.body['begun_us']}|{one.body['interface']}".encode())
        letter = TextLetter(f"{begun:%Y%m}-{digest[:24]}", to, text)
        (message_id,) = self.bus.put(
            tx,
            [
                NewMessage(
                    interface=self.seat.interface, kind=KIND, key=letter.number,
                    payload=msgspec.json.encode(letter), effect=Effect.COMMAND,
                    group=f"incident:{one.incident}", subject=f"告警短信 {one.name}",
                    month=f"{begun:%Y-%m}", contract_version=self.seat.contract_version, items=1,
                )
            ],
        )  # fmt: skip
        alerts.handed(tx, one.id, message_id)


def open_paging(hub: "Hub") -> Paging:
    """The ways of this deployment."""
    seat = hub.office.notify
    if seat is not None and seat.way is not NotifyWay.SMS:
        seat = None
    return Paging(hub.vault, hub.bus, seat)


def handlers(clock: BusinessClock) -> Mapping[str, Handler]:
    """By message kind."""
    return {KIND: TextHandler(clock)}


class TextHandler:
    """One text to one telephone.  Repeated as it is: its number makes it idempotent."""

    def __init__(self, clock: BusinessClock) -> None:
        self._clock = clock

    def send(self, delivery: Delivery) -> NotifyResult:
        """See Handler.send."""
        letter = read_json(delivery.payload, TextLetter)
        port: NotifyPort = delivery.port
        results = port.tell(
            delivery.line, [NotifyText(letter.number, NotifyWay.SMS, letter.to, letter.text)]
        )
        if [one.number for one in results] != [letter.number]:
            raise ReplyUnreadable("the destination did not answer for the text")
        return results[0]

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        """Taken, or refused for good."""
        refused = result.status is NotifyStatus.REFUSED
        self._note(tx, message, f"短信平台不收 {result.code}".strip() if refused else "")

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The destination does not take it."""
        self._note(tx, message, f"短信平台不收 {refusal.partner_code}".strip())

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """A dead letter: somebody has it sent again, or rings."""
        self._note(tx, message, "短信未送出，待人工处理")

    def _note(self, tx: Connection, message: Message, error: str) -> None:
        alerts.arrived(tx, message.id, to_us(self._clock.now()), error)
