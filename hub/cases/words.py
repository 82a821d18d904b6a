"""The words of a case: where it stands, what it waits for, why it is not taken, in Chinese too."""

from enum import StrEnum


class CaseState(StrEnum):
    """Where a case stands; the last three are its ends."""

    RECEIVED = "received"
    PARSED = "parsed"  # form and attachments are read; something may be missing
    CHECKED = "checked"  # accepted (受理): complete, the promise runs
    IN_CORE = "in_core"  # the core has the application
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def ended(self) -> bool:
        """Whether this version of the case goes no further."""
        return self in _ENDED


_ENDED = (CaseState.DONE, CaseState.FAILED, CaseState.WITHDRAWN)
OPEN = tuple(state for state in CaseState if not state.ended)


class Waiting(StrEnum):
    """What an open case waits for."""

    NOTHING = ""
    MATERIALS = "materials"  # the applicant must correct and send again
    DOCUMENTS = "documents"  # the platform's document store
    ACCOUNT = "account"  # the core is asked for the person's accounts
    CORE = "core"  # the application is on its way to the core
    REVIEW = "review"  # the core has it
    HOLD = "hold"  # money of the account is on hold for an offset
    CANCEL = "cancel"  # the core is asked to cancel
    STAFF = "staff"  # somebody here must look


class Unsealing(StrEnum):
    """Where the undoing of a sealing stands."""

    ASKED = "asked"  # another person must confirm
    RUNNING = "running"
    STAFF = "staff"  # some accounts could not be opened: people decide
    ENDED = "ended"


class Fed(StrEnum):
    """Where the feedback of one step stands."""

    WAITING = "waiting"  # its turn comes when those before it are receipted
    SENT = "sent"  # a message of the bus
    RECEIPTED = "receipted"
    REFUSED = "refused"  # the platform will not have it; told on the page


STATE_ZH = {
    CaseState.RECEIVED: "已接收",
    CaseState.PARSED: "已解析",
    CaseState.CHECKED: "已受理",
    CaseState.IN_CORE: "核心办理中",
    CaseState.DONE: "办结",
    CaseState.FAILED: "不予办理",
    CaseState.WITHDRAWN: "已撤回",
}
WAITING_ZH = {
    Waiting.NOTHING: "",
    Waiting.MATERIALS: "待申请人补正",
    Waiting.DOCUMENTS: "正在取电子材料",
    Waiting.ACCOUNT: "正在查个人账户",
    Waiting.CORE: "等核心受理",
    Waiting.REVIEW: "核心审核中",
    Waiting.HOLD: "有在途对冲业务，结束后自动办理",
    Waiting.CANCEL: "等核心撤销",
    Waiting.STAFF: "待人工处理",
}
PROBLEM_ZH = {
    # attachments
    "not_base64": "文件内容不是 Base64",
    "nothing": "没有文件内容，也没有材料编号",
    "bad_link": "材料编号不合规范",
    "not_in_store": "电子材料库里没有这份材料",
    "empty": "文件是空的",
    "too_large": "文件过大",
    "too_many": "文件过多",
    "type_unknown": "文件类型不收",
    "type_lies": "内容与扩展名所说的类型不符",
    "zip_broken": "压缩包损坏或有密码",
    "zip_bomb": "压缩包解开后过大",
    "zip_nested": "压缩包里还有压缩包",
    "no_material": "材料代码不认识",
    "missing_material": "缺少必需的材料",
    # forms
    "bad_id": "证件号码不合规则",
    "not_retired": "表单没有说明已退休",
    "bad_retired_on": "退休日期不是日期，或在今天之后",
    "bad_payee_account": "收款账号不合规则",
    "bad_payee_bank": "没有收款银行",
    "bad_payee_bank_code": "收款银行代码不是三位数字",
    "bad_amount": "提取金额不是大于零、两位小数的元",
    "amount_too_high": "提取金额大于账户余额",
    "bad_contract_no": "没有商品房买卖合同编号，或过长",
    "no_house": "没有房屋坐落、售房人或预售许可证号",
    "long_name": "姓名过长",
    "several_accounts": "名下有多个账户，表单须写明个人账号",
    "account_not_theirs": "表单所写的个人账号不是本人可提取的账户",
    "two_doors_differ": "另一渠道已按不同内容申请，先到的照办",
    "payee_differs": "另一渠道的收款账户不同，按先到的办理",
    "core_conflict": "核心已有同一编号而内容不同的申请，须查明是哪一个",
    "bad_uscc": "统一社会信用代码不合规则",
    "bad_direction": "没有说明是迁出还是迁入",
    "bad_movedate": "迁移登记日期不是日期，或在今天之后",
    "opening_lacks": "迁入开户缺少住所、法定代表人、经办人或缴存比例",
    "needs_approval": "要封存的户数超过规定，须经核准",
    "sealing_begun": "封存已经开始，按开始时的单位办完；这一版的内容与之不同，须人工核对",
    "sealing_failed": "未能封存，原因见各户；须人工决定再办或照此办结",
    "sealed_before": "较早的版本已封存另一单位的账户，不自动启封，须由人办理启封",
    "bad_business": "没有说明是变更登记还是迁移登记",
    "bad_changedate": "登记日期不是日期，或在今天之后",
    "no_change": "没有变更事项",
    "bad_field": "变更后的值不合规则",
    "field_conflict": "有事项须由人定：核心的值与变更前的不符，或核心不能自动变更",
    "no_promise": "工作日历没有这一年，不能算承诺日",
}
REASON_ZH = {
    "no_account": "名下没有住房公积金账户",
    "no_open_account": "名下没有可提取的账户",
    "identity_mismatch": "姓名或证件与登记不符",
    "not_signed_in": "申请不是由政务服务网登录进入网厅提出的",
    "not_a_person": "法人登录不能申请个人提取",
    "not_the_applicant": "申请人与政务服务网登录的本人不符",
    "contract_used": "这份购房合同已经提取过",
    "not_found": "账户不存在",
    "state": "账户状态不允许",
    "in_progress": "该账户另有在办的提取申请",
    "bad_application": "申请内容不合法",
    "no_unit": "没有以该统一社会信用代码开户的单位",
    "refused": "核心不予办理",
    "cancelled": "核心已撤销这个申请",
    "old_value": "原值与登记不符",
    "already_open": "该统一社会信用代码已开户",
    "conflict": "核心已有同一编号而内容不同的申请",
    "cancelled_before": "申请已撤销",
}
