"""Differences, returns without our number and repayments: shown, taken over, and by two people
settled, claimed or paid again."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.app.operators import hands_on
from hub.kernel.logs import mask_text
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.offset import afterwards, closing, runs
from hub.offset.claims import Proposal, claim_return, entry_of, proposals
from hub.offset.differences import take_over
from hub.offset.repay import Repayment, repay, repayment_of
from hub.offset.settled import look_again, settle
from hub.offset.settling import Outlook, Way, outlook
from hub.offset.tables import run
from hub.offset.words import RunState
from hub.people import Approval

_HOW = 200
SETTLE, CLAIM, REPAY = "difference.settle", "entry.claim", "item.repay"


def register(hub: Hub) -> None:
    """Tell the approvals how each of these acts is carried out."""

    def seen(tx: Connection, asked: Approval) -> Outlook:
        said = asked.payload
        way = Way(str(said["way"]))
        return outlook(tx, int(said["difference"]), way, str(said["entry"]), str(said["item"]))

    def do_settle(tx: Connection, asked: Approval) -> None:
        who = {"asked": asked.requested_by, "confirmed": asked.confirmed_by}
        settle(tx, hub.office, seen(tx, asked), asked.reason, who)

    def claimed(tx: Connection, asked: Approval) -> dict[str, str | int]:
        return _claim(tx, int(asked.payload["entry"]), str(asked.payload["item"]))

    def do_claim(tx: Connection, asked: Approval) -> None:
        entry, number = int(asked.payload["entry"]), str(asked.payload["item"])
        run_id = claim_return(tx, hub.office, entry, number, asked.confirmed_by)
        look_again(tx, run_id, str(asked.payload["bank"]))

    def repaid(tx: Connection, asked: Approval) -> dict[str, str | int]:
        return repayment_of(tx, str(asked.payload["parent"])).payload()

    def do_repay(tx: Connection, asked: Approval) -> None:
        order = repayment_of(tx, str(asked.payload["parent"]))
        repay(tx, hub.office, order, actor=asked.confirmed_by)

    hub.approvals.on(SETTLE, do_settle, truth=lambda tx, asked: seen(tx, asked).payload())
    hub.approvals.on(CLAIM, do_claim, truth=claimed)
    hub.approvals.on(REPAY, do_repay, truth=repaid)


def preview(hub: Hub, number: int, way: Way, entry: str, item: str) -> Outlook:
    """What settling would do; changes nothing.  Raises as ``outlook``."""
    with hub.store.read() as view:
        return outlook(view, number, way, entry.strip(), item.strip())


def ask_settle(
    hub: Hub, token: Secret, number: int, how: str, *, way: Way, entry: str = "", item: str = ""
) -> int:
    """Ask to settle a difference; the approval's number.  Raises as ``outlook``."""
    actor = hub.people.authenticate(token)
    clean = mask_text(" ".join(how.split()))[:_HOW]  # it stays in clear in the books
    with hub.store.write() as tx:
        seen = outlook(tx, number, way, entry.strip(), item.strip())
        return hub.approvals.request(
            tx, actor, act=SETTLE, subject=f"对账差异 {number}", payload=_asked(seen, item),
            reason=clean,
        )  # fmt: skip


def _asked(seen: Outlook, item: str) -> dict[str, str | int]:
    return {**seen.payload(), "item": seen.item or item.strip()}


def take(hub: Hub, token: Secret, number: int, why: str) -> str:
    """This person owns the difference from now on.  Raises NoSuchDifference, ActNotYours."""
    actor = hands_on(hub.people.authenticate(token))
    with hub.store.write() as tx:
        take_over(tx, number, actor.login, mask_text(why), hub.office.now_us())
    return f"对账差异 {number} 由 {actor.login} 处理"


def list_proposals(hub: Hub, period: Period) -> list[Proposal]:
    """A run's returns without our number.  Raises NoSuchRun."""
    with hub.store.read() as view:
        return proposals(view, int(runs.find_run(view, period).id))


def ask_claim(hub: Hub, token: Secret, entry: int, item: str, reason: str) -> int:
    """Ask to have a return taken for an item's; the approval's number."""
    actor = hub.people.authenticate(token)
    with hub.store.write() as tx:
        return hub.approvals.request(
            tx, actor, act=CLAIM, subject=f"退回流水 {entry}",
            payload=_claim(tx, entry, item.strip()), reason=reason,
        )  # fmt: skip


def _claim(tx: Connection, entry_id: int, number: str) -> dict[str, str | int]:
    entry = entry_of(tx, entry_id, number)
    return {
        "entry": entry_id, "item": number, "bank": entry.bank, "serial": entry.serial,
        "fen": int(entry.fen), "items": 1,
    }  # fmt: skip


def ask_repay(hub: Hub, token: Secret, number: str, reason: str) -> tuple[int, Repayment]:
    """Ask to pay an item again; the approval's number and what it would be."""
    actor = hub.people.authenticate(token)
    with hub.store.write() as tx:
        order = repayment_of(tx, number.strip())
        asked = hub.approvals.request(
            tx, actor, act=REPAY, subject=f"明细 {order.parent}", payload=order.payload(),
            reason=reason,
        )  # fmt: skip
    return asked, order


def read_statements(hub: Hub, period: Period) -> int:
    """Have the statements of a run read at the next step, of a closed one too; legs."""
    with hub.store.write() as tx:
        found: Any = runs.find_run(tx, period)
        state = tx.scalar(sa.select(run.c.state).where(run.c.id == found.id))
        if state == RunState.CLOSED.value:
            return afterwards.look_now(tx, int(found.id))
        return closing.read_again(tx, int(found.id))
