"""Items: the filtered list, and one item's whole life; everything personal is masked."""

from dataclasses import dataclass

from hub.web.model.board import DifferenceRow, Facet, Figure


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What to list.  ``query``: agreement or instruction number, or the tail of an account."""

    bank: str = ""
    outcome: str = ""
    reason: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One agreement of the run and what became of it.

    ``number`` is what ``item()`` takes (the item's number; for an agreement that was not
    planned whatever the desk will know again).  ``outcome`` is SUCCEEDED, FAILED, SKIPPED,
    EXCEPTION, UNKNOWN, RETURNED, or empty while it runs, with ``state`` the item's.
    """

    number: str
    agreement: str
    bank: str
    payer: str
    account: str
    due_date: str
    due_fen: int | None
    amount_fen: int
    outcome: str
    reason: str
    state: str
    changed_us: int


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One page of a filtered list; ``found`` are all that match, ``page`` counts from 1."""

    rows: tuple[ItemRow, ...]
    found: Figure
    page: int
    pages: int
    facets: tuple[Facet, ...]


@dataclass(frozen=True, slots=True)
class PayerLine:
    """One paying account: ``role`` is ``main`` or ``spouse``; name and account masked."""

    role: str
    name: str
    account: str
    fen: int


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of an item's state, why and by whom (a person, or a part of the hub)."""

    state: str
    at_us: int
    why: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class CallLife:
    """One call through a line: ``effect`` marks the one that moves money."""

    step: str
    effect: bool
    status: str
    sent_us: int
    answered_us: int | None
    bytes_out: int = 0
    bytes_in: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class AttemptLife:
    """One try, with its four timestamps: claimed, sent, answered, recorded."""

    number: int
    verdict: str
    claimed_us: int
    sent_us: int | None
    answered_us: int | None
    recorded_us: int | None
    code: str = ""
    text: str = ""
    worker: str = ""
    resend_of: int | None = None
    calls: tuple[CallLife, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageLife:
    """One message that carried this item; ``rung`` is how far beyond delivered it came."""

    number: str
    kind: str
    interface: str
    state: str
    rung: str
    queued_us: int
    contract: str = ""
    batch: str = ""
    attempts: tuple[AttemptLife, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One audit entry about this item; ``sealed`` once it is in the chain."""

    number: int
    at_us: int
    actor: str
    act: str
    text: str
    digest: str
    sealed: bool


@dataclass(frozen=True, slots=True)
class ItemLife:
    """One item's whole life on one page; everything personal is masked."""

    number: str
    month: str
    bank: str
    bank_name: str
    agreement: str
    loan_contract: str
    borrower: str
    repayment_account: str
    due_date: str
    due_fen: int | None
    amount_fen: int
    outcome: str
    reason: str
    state: str
    instruction: str = ""
    batch: str = ""
    bank_serial: str = ""
    detail: str = ""
    notices: tuple[str, ...] = ()
    wave: int | None = None
    attempt: int = 1
    previous: str = ""
    payers: tuple[PayerLine, ...] = ()
    transitions: tuple[Transition, ...] = ()
    messages: tuple[MessageLife, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    audit: tuple[AuditLine, ...] = ()
    latest_arrival: str = ""
