"""The offset's own words; what pages call them in Chinese stands beside each."""

from enum import StrEnum


class AgreementState(StrEnum):
    """对冲协议的状态; XYZT on the wire: 0 pending, 1 in force, 3 suspended, 2 ended."""

    PENDING = "pending"  # 待核验
    IN_FORCE = "in_force"  # 生效
    SUSPENDED = "suspended"  # 暂停
    ENDED = "ended"  # 终止


class SigningStep(StrEnum):
    """How far an agreement has come with its bank."""

    VERIFYING = "verifying"  # 核验中
    REGISTERING = "registering"  # 登记中
    REGISTERED = "registered"  # 已登记
    VERIFIED = "verified"  # 核验相符 (asked again, nothing registered by it)
    REFUSED = "refused"  # 银行不认
    CANCELLING = "cancelling"  # 解除中
    CANCELLED = "cancelled"  # 已解除


class RunState(StrEnum):
    """期次的状态."""

    PLANNED = "planned"  # 试算
    APPROVED = "approved"  # 已批准
    RUNNING = "running"  # 执行中
    RECONCILED = "reconciled"  # 已对平
    CLOSED = "closed"  # 已关账


class WaveState(StrEnum):
    """轮次的状态."""

    ASKING = "asking"  # 查询账户
    PLANNING = "planning"  # 试算中
    TRIAL = "trial"  # 待提交
    SUBMITTED = "submitted"  # 待复核
    APPROVED = "approved"  # 已批准
    DECLINED = "declined"  # 不做（只有第二轮）


class Decision(StrEnum):
    """What the plan decides for one agreement."""

    CANDIDATE = "candidate"  # only while a wave is being planned
    PLANNED = "planned"  # 列入划款
    SKIPPED = "skipped"  # 本期未对冲
    EXCEPTION = "exception"  # 待处理


class ItemState(StrEnum):
    """明细的状态: how far one item has come."""

    PLANNED = "planned"
    HELD = "held"
    INSTRUCTED = "instructed"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    POSTED = "posted"
    RELEASED = "released"
    REFUSED = "refused"  # hold refused, or withdrawn before its hold: nothing to release
    RECONCILED = "reconciled"
    RETURNED = "returned"
    REVERSED = "reversed"


class Outcome(StrEnum):
    """明细的结果."""

    NONE = ""
    SUCCEEDED = "SUCCEEDED"  # 对冲成功
    FAILED = "FAILED"  # 划款失败
    SKIPPED = "SKIPPED"  # 本期未对冲
    EXCEPTION = "EXCEPTION"  # 待处理
    UNKNOWN = "UNKNOWN"  # 结果不明
    RETURNED = "RETURNED"  # 已退票


class Reason(StrEnum):
    """Why, one word each, as written to outcomes.csv."""

    NONE = ""
    PARTIAL = "partial"
    AGREEMENT_NOT_IN_FORCE = "agreement_not_in_force"
    DUPLICATE_AGREEMENT = "duplicate_agreement"
    NO_DUE_RECORD = "no_due_record"
    DUPLICATE_DUE_RECORD = "duplicate_due_record"
    BAD_DUE_RECORD = "bad_due_record"
    LOAN_SETTLED = "loan_settled"
    ACCOUNT_NOT_FOUND = "account_not_found"
    IDENTITY_MISMATCH = "identity_mismatch"
    REPAYMENT_ACCOUNT_CHANGED = "repayment_account_changed"
    NOTHING_DUE = "nothing_due"
    NAME_NOT_REPRESENTABLE = "name_not_representable"
    ACCOUNT_NOT_REPRESENTABLE = "account_not_representable"
    NUMBER_COLLISION = "number_collision"
    NO_BALANCE = "no_balance"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    HOLD_REFUSED = "hold_refused"
    WITHDRAWN = "withdrawn"
    NOT_CREDITED = "not_credited"


class DifferenceKind(StrEnum):
    """对账差异的种类."""

    UNKNOWN_INSTRUCTION = "unknown_instruction"  # 非本中心指令的入账
    BANK_ONLY = "bank_only"  # 银行已入账、核心未记账
    CORE_ONLY = "core_only"  # 核心已记账、银行未入账
    AMOUNT = "amount"  # 金额不符
    DOUBLE_CREDIT = "double_credit"  # 重复入账
    CONTRADICTION = "contradiction"  # 终态后又来相反结果
