"""The registry port (归集登记): the core's feed of changed records, and applications to it.

Source: contracts_spec/core/registry.  Amounts are integer 分.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from hub.kernel.money import Fen
from hub.ports.core import ChangesPage
from hub.ports.line import Line
from hub.ports.probe import ProbePort

UNSETTLED = "unsettled"
"""Reason of a result that settles nothing: the same application is to be sent again."""

HOLD = "hold"
"""Reason: money of the account is on hold for an offset (有在途对冲业务); nothing was recorded."""


class RecordKind(StrEnum):
    """JLLX: what kind of record a change of the feed tells of (:class:`RegistryChange`.kind)."""

    PERSON = "GR"
    UNIT = "DW"
    CONTRIBUTION = "HJ"  # a unit's month 汇缴
    ARREARS = "QJ"  # 欠缴
    PENALTY = "CF"  # 行政处罚, 强制执行
    LOAN = "DK"  # 公积金个贷
    BUSINESS = "YW"  # 业务流水
    SETTLEMENT = "JS"  # 银行结算流水
    FUND = "ZH"  # 银行专户
    SERVICE = "FW"  # 综合服务平台日统计


class ApplicationKind(StrEnum):
    """What is applied for; the contract's transaction has the same name."""

    UNIT_OPEN = "unit_open"  # 单位开户登记
    UNIT_CHANGE = "unit_change"  # 单位信息变更
    SEAL = "account_seal"  # 个人账户封存
    UNSEAL = "account_unseal"  # 个人账户启封
    WITHDRAWAL = "withdrawal"  # 提取申请


class ApplicationState(StrEnum):
    """SQZT: where an application stands at the core."""

    ABSENT = "00"  # 无记录
    ACCEPTED = "01"  # 已受理
    IN_REVIEW = "02"  # 审核中
    DONE = "03"  # 办结
    REFUSED = "04"  # 不予办理
    CANCELLED = "05"  # 已撤销
    BARRED = "06"  # 先行撤销（墓碑）

    @property
    def ended(self) -> bool:
        """Whether nothing further will happen to it."""
        return self in _ENDED


_ENDED = (
    ApplicationState.DONE, ApplicationState.REFUSED, ApplicationState.CANCELLED,
    ApplicationState.BARRED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitOpening:
    """单位开户登记.  ``number``: ours, 8 to 32 characters, never reused.  Ratios as ``0.12``."""

    number: str
    name: str = field(repr=False)
    uscc: str
    address: str = field(repr=False)
    legal_person: str = field(repr=False)
    legal_id_type: str
    legal_id_number: str = field(repr=False)
    handler_name: str = field(repr=False)
    handler_phone: str = field(repr=False)
    unit_ratio: str
    person_ratio: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a unit by its standard name (DWMC …): the value expected, the value wanted.

    In a result's ``conflicts`` ``old`` is what the core has.
    """

    name: str
    old: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnitChange:
    """单位信息变更: all fields or none; an ``old`` that is not the core's is answered."""

    number: str
    unit: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Sealing:
    """个人账户封存 or 启封 of one employee's account, which must be of that unit."""

    number: str
    account: str
    unit: str
    reason: str
    on: date


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """提取申请.  ``reason`` is TQYY; the payee is the account holder's own.

    ``amount`` in 分: a part is withdrawn (01 购买) and the account stays; None: all of it, and the
    account is closed (03 离退休).
    """

    number: str
    account: str
    name: str = field(repr=False)
    id_type: str
    id_number: str = field(repr=False)
    reason: str
    payee_account: str = field(repr=False)
    payee_name: str = field(repr=False)
    payee_bank: str
    payee_bank_code: str
    amount: Fen | None = None


Application = UnitOpening | UnitChange | Sealing | Withdrawal


@dataclass(frozen=True, slots=True)
class ApplicationResult:
    """What the core says of one application.

    ``reason`` is empty or why not (the contract's code table, :data:`HOLD`, :data:`UNSETTLED`).
    ``unit``: the unit opened, or open already; ``principal`` and ``interest`` in 分, of a
    withdrawal that is done; ``conflicts`` of a change that met other values than expected.
    ``held``: accepted, but the core waits for an offset to let go of the account's money.
    ``was``: GRZHZT before a sealing or unsealing that is done; empty if the core does not say.
    """

    number: str
    state: ApplicationState
    code: str
    reason: str
    text: str
    unit: str = ""
    principal: Fen | None = None
    interest: Fen | None = None
    ended_on: date | None = None
    held: bool = False
    conflicts: tuple[FieldChange, ...] = ()
    was: str = ""

    @property
    def settled(self) -> bool:
        """Whether the core has said its last word on this application."""
        return self.state.ended or self.reason not in ("", HOLD, UNSETTLED)


@dataclass(frozen=True, slots=True)
class PersonAccount:
    """A personal account as the core has it.  Amounts in 分."""

    number: str
    unit: str
    name: str = field(repr=False)
    id_type: str
    id_number: str = field(repr=False)
    state: str
    balance: Fen
    frozen: Fen
    held: Fen


@dataclass(frozen=True, slots=True)
class PersonsAnswer:
    """Every account of those asked for, and when the core said so."""

    accounts: tuple[PersonAccount, ...]
    as_of: datetime


class ChangesPort(Protocol):
    """The feed alone; the core's offset contract has one too, of fewer kinds and fields."""

    def changes_since(self, line: Line, sequence: int, limit: int) -> ChangesPage:
        """Changes with a sequence greater than ``sequence``, oldest first."""
        ...


class RegistryPort(ChangesPort, ProbePort, Protocol):
    """The core's registry.  A dated local copy is kept from its feed."""

    application_limit: int
    """Most applications of one call, by the contract."""

    persons_limit: int
    """Most people of one read, by the contract."""

    def apply(
        self, line: Line, kind: ApplicationKind, applications: Sequence[Application]
    ) -> tuple[ApplicationResult, ...]:
        """Applications of one kind; each stands alone.  Effect.

        The same application again is answered as before; another one under its number is refused.
        Exactly one result for every application, in the order given; else ReplyUnreadable.
        """
        ...

    def cancel(
        self, line: Line, kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        """Withdraw applications that are not done; one never seen is barred.  Effect."""
        ...

    def inquire(
        self, line: Line, kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        """Where applications of one kind stand; one never seen is ``ABSENT``."""
        ...

    def persons(self, line: Line, papers: Sequence[tuple[str, str]]) -> PersonsAnswer:
        """Personal accounts by (ZJLX, ZJHM)."""
        ...
