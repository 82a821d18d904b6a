"""The offset's policy: proposed by one person, put in force by another (变更对冲政策)."""

from pathlib import Path

from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.kernel.clocks import to_us
from hub.kernel.secret import Secret
from hub.offset.policy import Policy, choose_policy, current_policy, read_policy
from hub.people import Approval

ACT = "policy.change"


def register(hub: Hub) -> None:
    """Tell the approvals how a policy comes into force."""

    def put_in_force(tx: Connection, asked: Approval) -> None:
        choose_policy(
            tx, Policy(str(asked.payload["body"])), asked_by=asked.requested_by,
            agreed_by=asked.confirmed_by, why=asked.reason, now_us=to_us(hub.clock.now()),
        )  # fmt: skip

    def truth(tx: Connection, asked: Approval) -> dict[str, str | int]:
        return {"body": str(asked.payload["body"]), "replaces": current_policy(tx).digest}

    hub.approvals.on(ACT, put_in_force, truth=truth)


def propose(hub: Hub, token: Secret, path: Path, reason: str) -> tuple[int, Policy]:
    """Ask for a policy file to be put in force; the approval's number and what was read.

    Raises BadPolicy, and what people's rules refuse.
    """
    actor = hub.people.authenticate(token)
    wanted = read_policy(path)
    with hub.store.write() as tx:
        number = hub.approvals.request(
            tx, actor, act=ACT, subject="对冲政策",
            payload={"body": wanted.body, "replaces": current_policy(tx).digest}, reason=reason,
        )  # fmt: skip
    return number, wanted
