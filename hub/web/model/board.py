"""What the run board shows.  Amounts are integer 分, instants µs UTC of business time."""

from dataclasses import dataclass, fields
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Figure:
    """How many, and how much in 分."""

    count: int = 0
    fen: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(self.count + other.count, self.fen + other.fen)

    def __sub__(self, other: "Figure") -> "Figure":
        return Figure(self.count - other.count, self.fen - other.fen)

    @property
    def nothing(self) -> bool:
        """Neither a count nor an amount."""
        return self.count == 0 and self.fen == 0


class RunState(StrEnum):
    """A run's state; ``collecting`` is before there is any plan (取单中)."""

    COLLECTING = "collecting"
    PLANNED = "planned"
    APPROVED = "approved"
    RUNNING = "running"
    RECONCILED = "reconciled"
    CLOSED = "closed"


class PlanState(StrEnum):
    """A wave's plan: a trial until one person submits it and another approves."""

    TRIAL = "trial"
    SUBMITTED = "submitted"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Totals:
    """The control totals of totals.json, for one bank or for the run (design §6)."""

    agreements: Figure = Figure()
    agreements_planned: Figure = Figure()
    agreements_skipped: Figure = Figure()
    agreements_exception: Figure = Figure()
    due: Figure = Figure()
    planned: Figure = Figure()
    short: Figure = Figure()
    skipped: Figure = Figure()
    exception: Figure = Figure()
    unclaimed: Figure = Figure()
    held: Figure = Figure()
    not_held: Figure = Figure()
    instructed: Figure = Figure()
    withdrawn: Figure = Figure()
    succeeded: Figure = Figure()
    failed: Figure = Figure()
    unknown: Figure = Figure()
    posted: Figure = Figure()
    released: Figure = Figure()
    reversed: Figure = Figure()
    credited: Figure = Figure()
    returned: Figure = Figure()
    repaid: Figure = Figure()

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation E0–E7 at one moment.  ``bank`` is empty for the whole run."""

    name: str
    bank: str
    left: Figure
    right: Figure
    remainder: Figure

    @property
    def balanced(self) -> bool:
        """Nothing is between the two steps."""
        return self.remainder.nothing


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in the list of runs, newest first."""

    month: str
    state: RunState
    banks: int
    agreements: int
    planned: Figure
    succeeded: Figure
    unknown: Figure
    differences: int
    changed_us: int


@dataclass(frozen=True, slots=True)
class BankRow:
    """One bank of the run.

    ``due_list`` is the due list's state: ``waiting``, ``fetching``, ``complete`` or ``failed``,
    with ``due_list_note`` saying why when it failed.  ``due_list_us`` is when it became so.
    """

    code: str
    name: str
    totals: Totals
    due_list: str
    wave: int | None = None
    due_list_us: int | None = None
    due_list_note: str = ""


@dataclass(frozen=True, slots=True)
class LateDay:
    """A plan's items of one due date that cannot arrive in time; days as YYYY-MM-DD."""

    due_on: str
    latest_on: str
    planned: Figure


@dataclass(frozen=True, slots=True)
class PlanBank:
    """A bank's part of a wave's plan, as the approver must see it.

    ``last_month`` is what was planned in the month before, None when there was no run.
    ``paying_account`` is masked; ``balance_fen`` None when the bank did not tell it.
    ``arrives_on``: the day on which what is instructed now arrives, empty where the banking
    calendar does not say; ``late`` is what comes too late for its due date then, by ``late_days``.
    """

    code: str
    name: str
    planned: Figure
    digest: str
    due_list_version: str
    last_month: Figure | None
    paying_account: str
    balance_fen: int | None
    balance_us: int | None
    arrives_on: str = ""
    next_latest: str = ""
    late: Figure = Figure()
    late_days: tuple[LateDay, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanWave:
    """The plan of one wave.  ``digest`` covers all its banks and is what people approve.

    People are shown by name as the hub knows them (they are staff).  ``approval`` is the id
    under which the submitted plan waits, empty otherwise.
    """

    wave: int
    state: PlanState
    digest: str
    policy: str
    made_us: int
    banks: tuple[PlanBank, ...]
    approval: str = ""
    submitted_by: str = ""
    submitted_us: int | None = None
    approved_by: str = ""
    approved_us: int | None = None

    @property
    def total(self) -> Figure:
        """All banks of the wave."""
        return sum((bank.planned for bank in self.banks), Figure())


@dataclass(frozen=True, slots=True)
class Pending:
    """An act other than a plan that one person asked for and another must confirm."""

    approval: str
    kind: str
    subject: str
    reason: str
    requested_by: str
    requested_us: int


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A 对账差异.  ``item`` is an item's number, empty when it belongs to none; ``settled`` says
    how it was settled, empty while it is open."""

    number: str
    kind: str
    bank: str
    item: str
    fen: int
    owner: str
    opened_us: int
    note: str = ""
    settled: str = ""


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """An item whose outcome is not known.  ``inquiries`` is how often we asked."""

    item: str
    instruction: str
    bank: str
    fen: int
    since_us: int
    inquiries: int
    next_inquiry_us: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One interface's channel: running or stopped (停发), and what waits in it.

    ``money`` channels need two people to resume.  ``parked`` counts what the stop holds back.
    """

    interface: str
    name: str
    money: bool
    stopped: bool
    queued: int = 0
    in_flight: int = 0
    parked: int = 0
    reason: str = ""
    by: str = ""
    since_us: int | None = None


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One place where what was said differs from the contract (规范偏离)."""

    interface: str
    version: str
    place: str
    expected: str
    found: str
    times: int
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class AlertRow:
    """Something a person must look at.  ``kind`` is ``dead_letter`` (待人工处理) or an alert's.

    ``money`` says whether money may be in flight; ``item`` links to one item, if any.
    """

    kind: str
    at_us: int
    subject: str
    text: str
    hint: str = ""
    money: bool = False
    item: str = ""


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where the audit chain stands: last sealed number, its SM3, what waits, last checkpoint."""

    sealed: int
    digest: str
    unsealed: int
    checkpoint_us: int | None


@dataclass(frozen=True, slots=True)
class Facet:
    """How many of the run ended so.  ``outcome`` empty: still under way."""

    outcome: str
    reason: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Board:
    """Everything the run board shows, read at one moment: the figures are the equations'."""

    month: str
    state: RunState
    as_of_us: int
    totals: Totals
    banks: tuple[BankRow, ...]
    equations: tuple[Equation, ...]
    waves: tuple[PlanWave, ...] = ()
    pending: tuple[Pending, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    differences_total: int = 0
    """All that are open; ``differences`` may hold only the oldest fifty."""
    unknowns: tuple[UnknownRow, ...] = ()
    """The oldest fifty; how many there are in all is ``totals.unknown``."""
    channels: tuple[ChannelRow, ...] = ()
    drifts: tuple[DriftRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    facets: tuple[Facet, ...] = ()
    audit: AuditHead | None = None
    closed_us: int | None = None
    note: str = ""
    """One line on what the run waits for, from the conductor; empty when it just runs."""
    adjusted: tuple[Equation, ...] = ()
    """E7 with what came after the close; empty when nothing has."""
