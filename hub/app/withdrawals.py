"""Withdrawing a batch that surely was never sent: asked for by one, confirmed by another."""

from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.kernel.secret import Secret
from hub.offset.withdraw import withdraw_batch, withdrawal_of
from hub.people import Approval

ACT = "hold.release"


def register(hub: Hub) -> None:
    """Tell the approvals how a withdrawal is carried out."""

    def withdraw(tx: Connection, asked: Approval) -> None:
        number = str(asked.payload["batch"])
        withdraw_batch(tx, hub.office, number, actor=asked.confirmed_by, reason=asked.reason)

    def truth(tx: Connection, asked: Approval) -> dict[str, str | int]:
        return dict(withdrawal_of(tx, hub.office, str(asked.payload["batch"])))

    hub.approvals.on(ACT, withdraw, truth=truth)


def ask_withdrawal(hub: Hub, token: Secret, batch: str, reason: str) -> int:
    """Ask for a batch to be withdrawn; the approval's number.

    Raises NoSuchBatch, NotWithdrawable, and what people's rules refuse.
    """
    actor = hub.people.authenticate(token)
    with hub.store.write() as tx:
        payload = dict(withdrawal_of(tx, hub.office, batch))
        return hub.approvals.request(
            tx, actor, act=ACT, subject=f"批次 {batch}", payload=payload, reason=reason
        )
