"""The published-query port: questions that others ask us, and our answer as bytes.

Called in this order for one request, by several threads at once:

1. ``claim(request)``: who it says it is from; nothing is believed yet.
2. ``check(claim, secrets)``: believed, or :class:`QueryRefused`.
3. ``read(body)``: the question in plain values, or :class:`QueryRefused` with where it is off the
   contract.
4. ``answer(word, found, visible)``: our answer in the partner's form, validated.

The adapter stores nothing and looks nothing up: who may ask, what is answered and what of it is
seen is decided by whom it is handed to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from hub.kernel.errors import Refused
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.figures import FiguresAnswer, FiguresQuestion
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.ports.line import Drift


class QueryWord(StrEnum):
    """What we answer, before the adapter puts it into its contract's code."""

    ANSWERED = "answered"  # not opened here is an answer too
    BAD_USCC = "bad_uscc"
    NAME_MISMATCH = "name_mismatch"
    OFF_CONTRACT = "off_contract"
    BAD_PERIOD = "bad_period"
    NO_ROUTE = "no_route"
    TOO_LARGE = "too_large"
    UNSOUND = "unsound"  # a record of this firm cannot be read: a person looks first
    SIGNATURE = "signature"
    STALE = "stale"  # its time is out of the contract's skew
    NOT_GRANTED = "not_granted"
    ADDRESS = "address"
    REPLAYED = "replayed"  # this signature came before with another body
    QUOTA = "quota"
    TRY_LATER = "try_later"  # our copy is too old, or our database is away
    FAILED = "failed"  # a fault of ours
    OTHER_CENTRE = "other_centre"  # of another centre than this one
    NO_SUCH_FIGURE = "no_such_figure"  # an indicator or dimension nobody knows


FIRM_WORDS = frozenset({QueryWord.BAD_USCC, QueryWord.NAME_MISMATCH})
"""Said about firms alone."""

FIGURE_WORDS = frozenset({QueryWord.OTHER_CENTRE, QueryWord.NO_SUCH_FIGURE})
"""Said about figures alone."""


class QueryRefused(Refused):
    """A request that gets no answer; ``word`` says why, ``drifts`` where, without any value."""

    code = "query.refused"
    hint = "The caller is told the contract's code; its README says what to do about each."

    def __init__(self, word: QueryWord, why: str, drifts: Sequence[Drift] = ()) -> None:
        super().__init__(why)
        self.word = word
        self.drifts = tuple(drifts)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a request says it is from.

    ``mark`` names what the signature covers: one caller signs one mark once.  ``wire`` is the
    adapter's own.
    """

    caller: str
    mark: str
    wire: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class EnterpriseQuestion:
    """企业缴存公积金信息查询.

    ``handler_id``: the ID number of the person who asks.  Between ``begin`` and ``end``, both
    months included; without them: what is outstanding now.  ``reference``: the case it is asked
    for (案号), ``authority`` whose case that is.
    """

    uscc: str
    name: str = field(repr=False)
    handler_id: str = field(repr=False)
    begin: Period | None = None
    end: Period | None = None
    reference: str = ""
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Contribution:
    """汇缴 of one month; people and 分, due and paid."""

    month: Period
    due_people: int
    paid_people: int
    due: Fen
    paid: Fen


@dataclass(frozen=True, slots=True)
class Arrears:
    """欠缴 from ``first`` to ``last``; ``cured``: paid since."""

    first: Period
    last: Period
    months: int
    amount: Fen
    cured: bool


@dataclass(frozen=True, slots=True)
class Penalty:
    """行政处罚 (01) or 申请法院强制执行 (02); ``decided_on`` YYYYMMDD, 0 when the core has none."""

    kind: str
    document: str
    decided_on: int
    ground: str
    amount: Fen
    fulfilled: bool


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """One unit account of a firm.  Days YYYYMMDD, 0 for none; ``owed`` is what is outstanding."""

    account: str
    name: str
    state: str
    opened_on: int
    closed_on: int
    paid_until: Period | None
    people: int
    contributions: tuple[Contribution, ...]
    arrears: tuple[Arrears, ...]
    penalties: tuple[Penalty, ...]
    owed: Fen


@dataclass(frozen=True, slots=True)
class EnterpriseAnswer:
    """What our copy of the core's registry says, and as of when.  No units: not opened here."""

    as_of: datetime
    units: tuple[UnitFacts, ...]


Question = EnterpriseQuestion | FiguresQuestion
Answer = EnterpriseAnswer | FiguresAnswer


class QueryPort(Protocol):
    """Implemented by adapters that publish a query, or by each function of a catalogue of them."""

    route: str
    largest: int
    """Most bytes of a request."""

    headers: Mapping[str, str]
    """Of every answer."""

    contract_version: str
    max_age_s: int
    """How old our copy may be; older is "try later"."""

    most_units: int
    most_rows: int
    """Most units of one firm, and most arrears or penalties of one unit; with more of them a
    person answers."""

    grantable: Mapping[str, str]
    """What a grant may show, and what each is called: English name → Chinese."""

    needs: str
    """Of ``grantable``: without it nothing at all is answered; empty where every grant gets
    something."""

    def claim(self, request: InboundRequest) -> Claim:
        """Raises QueryRefused."""
        ...

    def check(self, claim: Claim, secrets: Sequence[Secret]) -> None:
        """Believe it under one of this caller's secrets in force, or raise QueryRefused."""
        ...

    def read(self, body: bytes) -> Question:
        """Raises QueryRefused."""
        ...

    def answer(
        self, word: QueryWord, found: Any = None,
        visible: frozenset[str] = frozenset(),
    ) -> InboundAnswer:  # fmt: skip
        """``visible``: names of ``grantable``; whatever else there is in ``found`` is left out."""
        ...


@runtime_checkable
class CataloguePort(Protocol):
    """Implemented by adapters that publish many functions under one grant and one signature."""

    grantable: Mapping[str, str]

    functions: tuple[QueryPort, ...]
    """Each with a route of its own; none twice."""
