"""The bus: stores intents, hands them out under leases, and takes what became of them.

Every method works inside the caller's transaction (``Store.write()``) and talks to nobody.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import finishing, intake, leases, orders, places, reaping
from hub.bus.attempts import Outcome
from hub.bus.policy import ChannelPolicy
from hub.bus.rows import HEAD, to_message
from hub.bus.tables import message
from hub.bus.values import Claim, Handler, Lane, Message, NewMessage, NoSuchMessage
from hub.bus.words import MessageState, Rung, Verdict
from hub.store import database_now_us
from hub.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Tally:
    """How many messages of a group stand in a state, and what they carry (items, 分)."""

    kind: str
    state: MessageState
    count: int
    items: int
    fen: int


class Bus:
    """One per process; holds no connection and no state of its own but keys and policies."""

    def __init__(
        self,
        vault: Vault,
        policy: Mapping[str, ChannelPolicy] | None = None,
        *,
        now: Callable[[Connection], int] = database_now_us,
    ) -> None:
        """``policy`` by interface, the default for those it lacks; ``now`` is machine time."""
        self.vault = vault
        self.now = now
        self._policy = dict(policy or {})
        self._default = ChannelPolicy()
        self.may_act: Callable[[Connection], bool] = lambda _tx: True
        """Asked inside every claim: False holds back whatever has an effect, reads go on."""
        self.shut: Callable[[Connection, str], frozenset[str]] = lambda _tx, _interface: frozenset()
        """Asked inside every claim of an interface and before every send: kinds of message that
        may not go out now (a bank takes no payments at night).  They wait, and do not age."""
        self.switched: Callable[[Connection, str], object] = lambda _tx, _interface: None
        """Told inside the transaction in which an interface went over to another address, or
        repeats were called back for it: what is unknown is to be asked about first."""

    def set_policies(self, policies: Mapping[str, ChannelPolicy]) -> None:
        """How each interface retries, gives up and switches, in place of what was known."""
        self._policy = dict(policies)

    def policy(self, interface: str) -> ChannelPolicy:
        """How this interface retries and gives up."""
        return self._policy.get(interface, self._default)

    # --- in: with the business change ---

    def put(self, tx: Connection, messages: Sequence[NewMessage]) -> list[int]:
        """Store intents; answers their numbers in the same order.

        The same interface, kind and key again answers the number that exists and changes
        nothing; with another payload it raises SameKeyOtherBody.  On a stopped channel what has
        an effect is stored parked.  Workers of this process are woken after the commit.
        """
        return intake.put(self, tx, messages)

    # --- asking ---

    def message(self, tx: Connection, message_id: int) -> Message:
        """One message; raises NoSuchMessage."""
        row = tx.execute(sa.select(*HEAD).where(message.c.id == message_id)).one_or_none()
        if row is None:
            raise NoSuchMessage(f"there is no message {message_id}")
        return to_message(row)

    def find(self, tx: Connection, interface: str, kind: str, key: str) -> Message | None:
        """One message by its key."""
        row = tx.execute(
            sa.select(*HEAD).where(
                message.c.interface == interface,
                message.c.kind == kind,
                message.c.msg_key == key,
            )
        ).one_or_none()
        return None if row is None else to_message(row)

    def payload(self, tx: Connection, message_id: int) -> bytes:
        """What a message carries, opened; raises NoSuchMessage."""
        return intake.payload(self, tx, message_id)

    def tally(self, tx: Connection, group: str) -> list[Tally]:
        """A group's messages by kind and state."""
        rows = tx.execute(
            sa.select(
                message.c.kind,
                message.c.state,
                sa.func.count(),
                sa.func.sum(message.c["items"]),
                sa.func.sum(message.c.fen),
            )
            .where(message.c.msg_group == group)
            .group_by(message.c.kind, message.c.state)
            .order_by(message.c.kind, message.c.state)
        )
        return [
            Tally(kind, MessageState(state), int(count), int(items), int(fen))
            for kind, state, count, items, fen in rows
        ]

    # --- what settles, repeats, stops ---

    def settle(self, tx: Connection, message_id: int, verdict: Verdict, why: str) -> bool:
        """An inquiry, a result or a statement says what became of an unknown message.

        To DELIVERED or REJECTED, from UNKNOWN or from a repeat of an unknown that has not
        started; False when it was in no such state (settled before, or in flight).
        """
        return orders.settle(self, tx, message_id, verdict, why)

    def adopt(self, tx: Connection, message_id: int, why: str) -> bool:
        """After a restore: the partner has this message, which this copy never sent (or knows
        nothing of it).  To DELIVERED from whatever waits or is unknown; it is never sent."""
        return orders.adopt(self, tx, message_id, why)

    def send_again(
        self, tx: Connection, message_id: int, why: str, *, asked_us: int | None = None
    ) -> bool:
        """Rule 3, the machine's: UNKNOWN → QUEUED, same number and same body.

        The caller has waited for the contract's ``settle_after`` and the contract marks the
        number idempotent.  ``asked_us``: when the question was put that found nothing; one put
        before the channel went over to another address is no ground.  False when it was not
        UNKNOWN any more, or on such a ground.
        """
        return orders.send_again(self, tx, message_id, why, asked_us)

    def resend(
        self,
        tx: Connection,
        message_id: int,
        actor: str,
        reason: str,
        inquiry: int | None = None,
    ) -> None:
        """A person orders a new attempt; that two agreed for money is the caller's check.

        For MONEY ``inquiry`` is a READ message of the same interface, delivered since the last
        attempt ended; without it raises InquiryFirst.  A money message that is delivered or
        rejected is never sent again: that takes a new item.  Raises WrongState.
        """
        orders.resend(self, tx, message_id, actor=actor, reason=reason, inquiry=inquiry)

    def stop(self, tx: Connection, interface: str, actor: str, reason: str) -> orders.Stopped:
        """Stop what has an effect and park what is queued of it; reads go on.

        After this commit nothing with an effect starts; what is in flight then is counted.
        """
        return orders.stop(self, tx, interface, actor, reason)

    def resume(self, tx: Connection, interface: str, actor: str, reason: str) -> int:
        """Open a stopped channel; answers how many messages it puts back into the queue.

        That two agreed for a money channel is the caller's check.
        """
        return orders.resume(self, tx, interface, actor, reason)

    def switch(self, tx: Connection, interface: str, place: int, by: str, why: str) -> None:
        """Use another of the partner's addresses from this commit on; repeats of money that may
        have been sent are unknown again.  Raises NoSuchPlace."""
        places.switch(self, tx, interface, place, by, why)

    def stopped(self, tx: Connection, interface: str) -> bool:
        """Whether the channel's stop switch is on."""
        return orders.stopped(tx, interface)

    def park(self, tx: Connection, message_id: int, actor: str, reason: str) -> bool:
        """Hold one message back; False when it has started, ended or is parked already."""
        return orders.park(self, tx, message_id, actor, reason)

    def unpark(self, tx: Connection, message_id: int, actor: str, reason: str) -> bool:
        """Let a parked message go; False when it is not parked."""
        return orders.unpark(self, tx, message_id, actor, reason)

    def close_dead(self, tx: Connection, message_id: int, actor: str, reason: str) -> bool:
        """Put a dead letter away.  Says nothing about its business: no item changes by it."""
        return orders.close_dead(self, tx, message_id, actor, reason)

    def cancel(self, tx: Connection, message_id: int, actor: str, reason: str) -> bool:
        """Close a parked or dead message that no attempt can have delivered: it is never sent.

        False when it may have been sent, or is in another state.  The caller withdraws, in the
        same transaction, what the message was to do.
        """
        return orders.cancel(self, tx, message_id, actor, reason)

    def climb(self, tx: Connection, message_ids: Sequence[int], rung: Rung) -> int:
        """Raise messages to a rung of the ladder; those already there or above stay."""
        return orders.climb(tx, message_ids, rung)

    # --- leases ---

    def ready(self, tx: Connection) -> list[str]:
        """Interfaces that have something to claim now; a read, takes no lock."""
        return leases.ready(self, tx)

    def claim(
        self, tx: Connection, holder: str, lanes: Sequence[Lane], kinds: Collection[str] = ()
    ) -> list[Claim]:
        """Take messages under a lease, each with its attempt stored; nothing is sent yet.

        ``kinds`` are those the caller can send; empty for all.
        """
        return leases.claim(self, tx, holder, lanes, kinds)

    def reopen(self, tx: Connection, interface: str, kind: str) -> int:
        """What was held back as ``shut`` may go now: at once, its age counted from here unless it
        may have been sent; messages."""
        return leases.reopen(self, tx, interface, kind)

    def extend(self, tx: Connection, claim: Claim, lease_s: float) -> bool:
        """Prolong a lease from now; False when it has passed to somebody else."""
        return leases.extend(self, tx, claim, lease_s)

    def finish(
        self, tx: Connection, claim: Claim, outcome: Outcome, handler: Handler
    ) -> MessageState:
        """Take what became of an attempt.  Raises LeaseLost when epoch or holder are not ours."""
        return finishing.finish(self, tx, claim, outcome, handler)

    def reap(self, tx: Connection, handlers: Mapping[str, Handler]) -> int:
        """Take back messages whose lease is over or whose process is provably dead."""
        return reaping.reap(self, tx, handlers)
