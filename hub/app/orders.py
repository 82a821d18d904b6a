"""What a person orders about messages, channels and differences: checked, audited, and by two
where money may move."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app import acts, standing
from hub.app.hub import Hub
from hub.app.operators import hands_on
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.offset import inquiry, runs
from hub.offset.tables import difference
from hub.offset.words import DifferenceKind
from hub.people import Approval

_TITLES = {
    DifferenceKind.UNKNOWN_INSTRUCTION.value: "非本中心指令的入账",
    DifferenceKind.BANK_ONLY.value: "银行已入账核心未记账",
    DifferenceKind.CORE_ONLY.value: "核心已记账银行未入账",
    DifferenceKind.AMOUNT.value: "金额不符",
    DifferenceKind.DOUBLE_CREDIT.value: "重复入账",
    DifferenceKind.CONTRADICTION.value: "终态后又来相反结果",
}


def register(hub: Hub) -> None:
    """Tell the approvals how each act that takes two is carried out."""

    def approve_plan(tx: Connection, asked: Approval) -> None:
        wave_id, digest = int(asked.payload["wave_id"]), str(asked.payload["digest"])
        runs.approve(tx, hub.office, wave_id, digest)

    def release(_tx: Connection, _asked: Approval) -> None:
        standing.require_releasable(standing.read_standing(hub))

    hub.approvals.on("plan.approve", approve_plan)
    hub.approvals.on(standing.RELEASE, release)


def inquire_now(hub: Hub, token: Secret, period: Period) -> int:
    """Bring every waiting inquiry of a run forward; batches."""
    hands_on(hub.people.authenticate(token))
    with hub.store.write() as tx:
        return inquiry.ask_now(tx, int(runs.find_run(tx, period).id))


def ask_resend(hub: Hub, token: Secret, number: int, reason: str) -> str:
    """Resend a message that moves nothing at once; for any other ask a second person."""
    return acts.order(hub, token, "message.resend", str(number), reason).text


def open_differences(hub: Hub, period: Period) -> list[dict[str, str | int]]:
    """A run's open differences, oldest first; amounts in 分.  Raises NoSuchRun."""
    with hub.store.read() as view:
        run_id = int(runs.find_run(view, period).id)
        query = sa.select(difference).where(
            difference.c.run_id == run_id, difference.c.state == "open"
        )
        return [
            {
                "number": row.id, "kind": row.kind, "title": _TITLES[row.kind], "bank": row.bank,
                "item": row.number, "hub_fen": row.hub_fen, "bank_fen": row.bank_fen,
                "core_fen": row.core_fen, "owner": row.owner, "detail": row.detail,
            }
            for row in view.execute(query.order_by(difference.c.id))
        ]  # fmt: skip
