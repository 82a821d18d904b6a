"""What the pages show and what they can order: plain values, and the desk that supplies them.

The pages know no table.  ``hub.app`` implements :class:`Desk` on top of the store; tests have
one of their own.  Amounts are integer 分, instants integer µs UTC of **business time** (so that
an age is ``board.as_of_us - row.since_us``), personal data is already masked when it gets here.
Words such as states and reasons are codes; the pages translate them.

Every method may raise a :class:`hub.kernel.errors.HubError`; its code, message and hint become
the page.  Methods are called from worker threads, several at once.
"""

from hub.web.model.board import (
    AlertRow,
    AuditHead,
    BankRow,
    Board,
    ChannelRow,
    DifferenceRow,
    DriftRow,
    Equation,
    Facet,
    Figure,
    LateDay,
    Pending,
    PlanBank,
    PlanState,
    PlanWave,
    RunState,
    RunSummary,
    Totals,
    UnknownRow,
)
from hub.web.model.desk import (
    Desk,
    Health,
    HealthCheck,
)
from hub.web.model.items import (
    AttemptLife,
    AuditLine,
    CallLife,
    ItemFilter,
    ItemLife,
    ItemPage,
    ItemRow,
    MessageLife,
    PayerLine,
    Transition,
)

__all__ = [
    "AlertRow",
    "AttemptLife",
    "AuditHead",
    "AuditLine",
    "BankRow",
    "Board",
    "CallLife",
    "ChannelRow",
    "Desk",
    "DifferenceRow",
    "DriftRow",
    "Equation",
    "Facet",
    "Figure",
    "Health",
    "HealthCheck",
    "ItemFilter",
    "ItemLife",
    "ItemPage",
    "ItemRow",
    "LateDay",
    "MessageLife",
    "PayerLine",
    "Pending",
    "PlanBank",
    "PlanState",
    "PlanWave",
    "RunState",
    "RunSummary",
    "Totals",
    "Transition",
    "UnknownRow",
]
