"""What a person orders about messages, channels and differences: checked, audited, and by two
where money may move."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app import standing
from hub.app.hub import Hub
from hub.bus import Effect, MessageState
from hub.bus.tables import message
from hub.kernel.errors import Refused
from hub.kernel.logs import mask_text
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.offset import inquiry, runs
from hub.offset.differences import NoSuchDifference, settle_difference
from hub.offset.tables import difference
from hub.offset.words import DifferenceKind
from hub.people import Actor, Approval, Party
from hub.people.words import Role


class ActNotYours(Refused):
    """This act is for 中心 or 运维方 staff who handle, review or administer."""

    code = "people.act_not_yours"
    status = 403
    hint = "`hub people list` shows who may."


_HOW = 200
_TITLES = {
    DifferenceKind.UNKNOWN_INSTRUCTION.value: "非本中心指令的入账",
    DifferenceKind.BANK_ONLY.value: "银行已入账核心未记账",
    DifferenceKind.CORE_ONLY.value: "核心已记账银行未入账",
    DifferenceKind.AMOUNT.value: "金额不符",
    DifferenceKind.DOUBLE_CREDIT.value: "重复入账",
    DifferenceKind.CONTRADICTION.value: "终态后又来相反结果",
}
_HANDS_ON = {Role.HANDLER, Role.REVIEWER, Role.APPROVER, Role.ADMINISTRATOR}


def hands_on(actor: Actor) -> Actor:
    """Stopping and asking are safe, but not for lookers-on and the supervisor."""
    if actor.party is Party.SUPERVISOR or not actor.roles & _HANDS_ON:
        raise ActNotYours
    return actor


def register(hub: Hub) -> None:
    """Tell the approvals how each act that takes two is carried out."""

    def resend(tx: Connection, asked: Approval) -> None:
        number = int(asked.payload["message"])
        found = _last_inquiry(tx, hub, number)
        hub.bus.resend(tx, number, asked.confirmed_by, asked.reason, inquiry=found)

    def resume(tx: Connection, asked: Approval) -> None:
        standing.require_current_store(hub)
        hub.bus.resume(tx, str(asked.payload["interface"]), asked.confirmed_by, asked.reason)

    def settle(tx: Connection, asked: Approval) -> None:
        number = int(asked.payload["difference"])
        settle_difference(tx, number, str(asked.payload["how"]), hub.office.now_us())

    def approve_plan(tx: Connection, asked: Approval) -> None:
        wave_id, digest = int(asked.payload["wave_id"]), str(asked.payload["digest"])
        runs.approve(tx, hub.office, wave_id, digest)

    def release(_tx: Connection, _asked: Approval) -> None:
        standing.require_releasable(standing.read_standing(hub))

    hub.approvals.on("plan.approve", approve_plan)
    hub.approvals.on(standing.RELEASE, release)
    hub.approvals.on("message.resend_money", resend)
    hub.approvals.on("channel.resume", resume)
    hub.approvals.on("difference.settle", settle)


def inquire_now(hub: Hub, token: Secret, period: Period) -> int:
    """Bring every waiting inquiry of a run forward; batches."""
    hands_on(hub.people.authenticate(token))
    with hub.store.write() as tx:
        return inquiry.ask_now(tx, int(runs.find_run(tx, period).id))


def ask_resend(hub: Hub, token: Secret, number: int, reason: str) -> str:
    """Resend a message that moves nothing at once; for a money message ask a second person."""
    actor = hands_on(hub.people.authenticate(token))
    with hub.store.write() as tx:
        one = hub.bus.message(tx, number)
        if one.effect is not Effect.MONEY:
            hub.bus.resend(tx, number, actor.login, reason)
            return f"报文 {number} 已重新排队"
        ended = one.state in (MessageState.DELIVERED, MessageState.REJECTED)
        if ended or _last_inquiry(tx, hub, number) is None:
            # The bus refuses and names what to do: a new item, or asking the partner first.
            hub.bus.resend(tx, number, actor.login, reason)
        approval = hub.approvals.request(
            tx, actor, act="message.resend_money", subject=f"报文 {number}",
            payload={"message": number, "epoch": one.epoch}, reason=reason,
        )  # fmt: skip
    return f"已申请重发，审批号 {approval}；请另一人执行 hub approve {approval}"


def stop_channel(hub: Hub, token: Secret, interface: str, reason: str) -> str:
    """One person is enough to stop."""
    actor = hands_on(hub.people.authenticate(token))
    hub.partners.open(interface)
    with hub.store.write() as tx:
        done = hub.bus.stop(tx, interface, actor.login, reason)
    return f"{interface} 已停发：搁置 {done.parked} 条，正在途中 {done.in_flight} 条"


def ask_resume(hub: Hub, token: Secret, interface: str, reason: str) -> str:
    """Every channel of this hub may move money or accounts: two people resume it."""
    actor = hands_on(hub.people.authenticate(token))
    with hub.store.write() as tx:
        approval = hub.approvals.request(
            tx, actor, act="channel.resume", subject=interface, payload={"interface": interface},
            reason=reason,
        )  # fmt: skip
    return f"已申请恢复 {interface}，审批号 {approval}；请另一人执行 hub approve {approval}"


def ask_settle(hub: Hub, token: Secret, number: int, how: str) -> int:
    """Ask to settle a difference; the approval's number.  Raises NoSuchDifference."""
    actor = hub.people.authenticate(token)
    clean = mask_text(" ".join(how.split()))[:_HOW]  # it stays in clear in the books
    with hub.store.write() as tx:
        is_open = sa.select(difference.c.id).where(
            difference.c.id == number, difference.c.state == "open"
        )
        if tx.scalar(is_open) is None:
            raise NoSuchDifference(f"no difference {number} is open")
        return hub.approvals.request(
            tx, actor, act="difference.settle", subject=f"对账差异 {number}",
            payload={"difference": number, "how": clean}, reason=clean,
        )  # fmt: skip


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


def _last_inquiry(tx: Connection, hub: Hub, number: int) -> int | None:
    """The newest answered question about this batch."""
    one = hub.bus.message(tx, number)
    query = (
        sa.select(message.c.id)
        .where(message.c.interface == one.interface, message.c.state == "delivered")
        .where(message.c.kind.in_([inquiry.RESULTS, inquiry.INQUIRY]))
        .where(message.c.msg_key.startswith(f"{one.key}:"))
        .order_by(message.c.id.desc())
        .limit(1)
    )
    found = tx.scalar(query)
    return None if found is None else int(found)
