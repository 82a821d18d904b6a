"""Parties, roles and acts: who may ask for what, and who must agree.  Data, read by pages too."""

from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """Whose person it is.  Money is the centre's alone."""

    CENTRE = "centre"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"

    @property
    def label(self) -> str:
        """中心, 运维方 or 监督."""
        return {"centre": "中心", "operator": "运维方", "supervisor": "监督"}[self.value]


class Role(StrEnum):
    """What a person does.  One person may have several; two people are two people all the same."""

    QUERY = "query"
    HANDLER = "handler"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
    RAW = "raw"
    SECURITY = "security"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        """查询, 经办, 复核, 审批, 系统管理员, 报文原文, 安全管理员 or 审计管理员."""
        return {
            "query": "查询",
            "handler": "经办",
            "reviewer": "复核",
            "approver": "审批",
            "administrator": "系统管理员",
            "raw": "报文原文",
            "security": "安全管理员",
            "auditor": "审计管理员",
        }[self.value]


KEPT_APART = frozenset({Role.ADMINISTRATOR, Role.SECURITY, Role.AUDITOR})
"""Nobody has two of these: who runs the system, who rules over access, who audits both
(GB/T 22239-2019 8.1.5, 三员分立)."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that takes two people: one with a role of ``request_roles`` asks, another with
    one of ``confirm_roles`` agrees; both are of ``party``, but where ``asking`` says another one
    asks.  ``fresh_s``: how long the request may be confirmed, in seconds."""

    code: str
    title: str
    request_roles: frozenset[Role]
    confirm_roles: frozenset[Role]
    party: Party
    fresh_s: int
    asking: Party | None = None

    @property
    def request_party(self) -> Party:
        """Whose person asks."""
        return self.asking or self.party


_HANDLER = frozenset({Role.HANDLER})
_SECOND = frozenset({Role.REVIEWER, Role.APPROVER})
_APPROVER = frozenset({Role.APPROVER})
_ANY_HANDS = frozenset({Role.HANDLER, Role.REVIEWER, Role.APPROVER, Role.ADMINISTRATOR})

DAY_S = 86_400
# A plan may be submitted on the last day before the longest holiday (eight days of National Day
# and Mid-autumn in 2025) and signed on the first after it.  What it rests on is checked again
# when it is confirmed, so age alone makes it no more dangerous.
_PLAN_S = 10 * DAY_S
# Everything else answers to a state of today that a person has just looked at.
_TODAY_S = DAY_S

ACTS: dict[str, Act] = {
    act.code: act
    for act in (
        Act("plan.approve", "批准划款计划", _HANDLER, _APPROVER, Party.CENTRE, _PLAN_S),
        Act("message.resend_money", "重发资金报文", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act("message.unpark", "放行搁置的报文", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act("difference.settle", "处理对账差异", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act("entry.claim", "认定退回归属", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act("item.repay", "重付", _HANDLER, _APPROVER, Party.CENTRE, _TODAY_S),
        Act("hold.release", "人工解除占用", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act("policy.change", "变更对冲政策", _HANDLER, _APPROVER, Party.CENTRE, _TODAY_S),
        Act("channel.resume", "恢复资金通道", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act("agreement.resume", "恢复对冲协议", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act("case.unseal", "启封", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act("agreement.end", "终止对冲协议", _HANDLER, _SECOND, Party.CENTRE, _TODAY_S),
        Act(
            "session.remote",
            "开通远程运维会话",
            _ANY_HANDS,
            _SECOND | {Role.ADMINISTRATOR},
            Party.CENTRE,
            _TODAY_S,
            asking=Party.OPERATOR,
        ),
        Act("restore.release", "恢复数据后放行", _HANDLER, _APPROVER, Party.CENTRE, _TODAY_S),
    )
}
"""Every act that takes two people.  Who executes it is told to ``Approvals.on``."""
