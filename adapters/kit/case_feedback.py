"""Feedback of cases to a government platform, and its receipt.

Of a contract the code tables ``progress`` (each code's ``step``) and ``reply_code``, the section
``gateway``, and of each feedback transaction its ``path``.
"""

from collections.abc import Mapping

from adapters.kit.case_terms import case_terms
from adapters.kit.gateway import Gateway, GatewayReply
from adapters.kit.gateway_terms import GatewayTerms
from adapters.kit.probes import probe
from adapters.kit.replies import known, refuse
from hub.contracts import Code, CodeStatus, load_contract, shape
from hub.kernel.errors import Misconfigured
from hub.kernel.money import format_yuan
from hub.ports.case import Feedback, FeedbackReceipt, Step
from hub.ports.context import AdapterContext
from hub.ports.line import Line, ReplyUnreadable
from hub.ports.probe import ProbeResult

MOMENT = "%Y-%m-%d %H:%M:%S"
_ENDS = (Step.DONE, Step.FAILED, Step.WITHDRAWN)
_LONGEST = 200
_RECEIPT = 40


class CaseFeedback:
    """What every case interface does alike; holds no connection, safe across threads."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self.terms = case_terms(contract)
        self.contract, self.context = contract, context
        self.gateway_terms = GatewayTerms.of(contract)
        self._gateway = Gateway(
            self.gateway_terms, context.value("rid"), context.secret("app_key"), context.clock
        )
        codes = contract.table("progress").codes.values()
        self._progress = {one.extra["step"]: one for one in codes}

    def tell(self, line: Line, name: str, content: Mapping[str, object]) -> FeedbackReceipt:
        """One step by one transaction.  Raises PartnerRefused, ReplyUnreadable."""
        path = str(self.contract.transaction(name).extra["path"])
        sid = self.context.value("sid")
        reply = self._gateway.call(line, name, path, sid, content, effect=True)
        self.served(line, reply, "feedback.reply")
        data = reply.data if isinstance(reply.data, Mapping) else {}
        receipt = data.get("receiptno")
        if not isinstance(receipt, str) or not 0 < len(receipt) <= _RECEIPT:
            line.drift.note("feedback.reply/data/receiptno", "a receipt", shape(str(receipt)))
            raise ReplyUnreadable("the reply holds no receipt")
        return FeedbackReceipt(receipt)

    def served(self, line: Line, reply: GatewayReply, place: str) -> None:
        """Raises PartnerRefused unless the platform says that it is done."""
        code = known(self.contract, line, "reply_code", reply.code, f"{place}/code")
        if code.status is not CodeStatus.DONE:
            refuse(code)

    def fetch(self, line: Line, link: str) -> bytes:
        """Files come with the case where its platform keeps no store; see CasePort.fetch."""
        raise Misconfigured(f"{self.contract.interface} has no document store")

    def probe(self, line: Line) -> ProbeResult:
        """See ProbePort.probe."""
        sid = self.context.value("sid")
        return probe(lambda: self._gateway.alive(line, sid), code=self.gateway_terms.ok)

    def case_content(self, told: Feedback) -> dict[str, object]:
        """进度办理结果反馈: one form for every step."""
        said: dict[str, object] = {
            "busiid": told.number, "version": told.version, "seq": told.place,
            "cljg": self._code(told).code, "date": f"{told.at:{MOMENT}}",
            "jbr": self.context.value("operator"), "jbrxm": self.context.value("operator_name"),
        }  # fmt: skip
        if told.text:
            said["sjyy"] = told.text[:_LONGEST]
        if told.lacking:
            said["lacking"] = list(told.lacking)
        if told.promise_on is not None:
            said |= {"promiseDay": told.promise_days, "promiseDate": told.promise_on.isoformat()}
        return said

    def item_content(self, told: Feedback) -> tuple[str, dict[str, object]]:
        """受理、过程、结果, a transaction each: its name, and what it says."""
        head: dict[str, object] = {
            "project_no": told.number, "version": told.version, "seq": told.place,
            "handle_user_name": self.context.value("operator_name"),
        }  # fmt: skip
        at, code = f"{told.at:{MOMENT}}", self._code(told)
        if told.step is Step.CHECKED:
            day = {"promise_date": told.promise_on.isoformat()} if told.promise_on else {}
            return "accept", {**head, "task_code": "", "accept_date": at, **day}
        if told.step in _ENDS:
            return "result", {**head, "result_type": code.code, "result_date": at,
                              "result_explain": told.text[:_LONGEST],
                              **money_of(told, "principal", "interest")}  # fmt: skip
        lacking = {"lacking": list(told.lacking)} if told.lacking else {}
        return "process", {
            **head, "process_name": "公积金中心办理", "event_code": code.code,
            "event_name": code.text, "event_end_time": at,
            "handle_explain": told.text[:_LONGEST], **lacking,
        }  # fmt: skip

    def _code(self, told: Feedback) -> Code:
        return self._progress[told.step.value]


def money_of(told: Feedback, principal: str, interest: str) -> dict[str, object]:
    """Principal and interest under these names, in yuan; nothing while they are not known."""
    if told.principal is None or told.interest is None:
        return {}
    return {principal: format_yuan(told.principal), interest: format_yuan(told.interest)}
