"""Feedback of home purchase cases to 贵州政务服务网: 受理、过程、结果.

Contract: ``contracts_spec/one_thing/home_purchase``.
"""

from collections.abc import Mapping

from adapters.kit.case_terms import case_terms
from adapters.kit.gateway import Gateway
from adapters.kit.gateway_terms import GatewayTerms
from adapters.kit.probes import probe
from adapters.kit.replies import known, refuse
from hub.contracts import CodeStatus, load_contract, shape
from hub.kernel.money import format_yuan
from hub.ports.case import CasePort, Feedback, FeedbackReceipt, Step
from hub.ports.context import AdapterContext
from hub.ports.line import Line, PartnerRefused, ReplyUnreadable
from hub.ports.probe import ProbeResult

_MOMENT = "%Y-%m-%d %H:%M:%S"
_ENDS = (Step.DONE, Step.FAILED, Step.WITHDRAWN)


class HomePurchase:
    """CasePort; holds no connection, safe across threads."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self.terms = case_terms(contract)
        self._contract, self._context = contract, context
        self._gateway_terms = GatewayTerms.of(contract)
        self._gateway = Gateway(
            self._gateway_terms, context.value("rid"), context.secret("app_key"), context.clock
        )
        codes = contract.table("progress").codes.values()
        self._progress = {one.extra["step"]: one for one in codes}

    def feedback(self, line: Line, told: Feedback) -> FeedbackReceipt:
        name, content = self._content(told)
        transaction = self._contract.transaction(name)
        reply = self._gateway.call(
            line, name, str(transaction.extra["path"]), self._context.value("sid"), content,
            effect=True,
        )  # fmt: skip
        code = known(self._contract, line, "reply_code", reply.code, "feedback.reply/code")
        if code.status is not CodeStatus.DONE:
            refuse(code)
        data = reply.data if isinstance(reply.data, Mapping) else {}
        receipt = data.get("receiptno")
        if not isinstance(receipt, str) or not 0 < len(receipt) <= 40:
            line.drift.note("feedback.reply/data/receiptno", "a receipt", shape(str(receipt)))
            raise ReplyUnreadable("the reply holds no receipt")
        return FeedbackReceipt(receipt)

    def fetch(self, line: Line, link: str) -> bytes:
        """The hall sends every file with the application; there is no store to ask."""
        raise PartnerRefused("", "no document store", final=True)

    def probe(self, line: Line) -> ProbeResult:
        terms = self._gateway_terms
        return probe(lambda: self._gateway.alive(line, self._context.value("sid")), code=terms.ok)

    def _content(self, told: Feedback) -> tuple[str, dict[str, object]]:
        """Which transaction tells this step, and what it says."""
        head: dict[str, object] = {
            "project_no": told.number, "version": told.version, "seq": told.place,
            "handle_user_name": self._context.value("operator_name"),
        }  # fmt: skip
        at, code = f"{told.at:{_MOMENT}}", self._progress[told.step.value]
        if told.step is Step.CHECKED:
            day = {"promise_date": told.promise_on.isoformat()} if told.promise_on else {}
            return "accept", {**head, "task_code": "", "accept_date": at, **day}
        if told.step in _ENDS:
            money: dict[str, object] = {}
            if told.principal is not None and told.interest is not None:
                money = {"principal": format_yuan(told.principal),
                         "interest": format_yuan(told.interest)}  # fmt: skip
            return "result", {**head, "result_type": code.code, "result_date": at,
                              "result_explain": told.text[:200], **money}  # fmt: skip
        lacking = {"lacking": list(told.lacking)} if told.lacking else {}
        return "process", {
            **head, "process_name": "公积金中心办理", "event_code": code.code,
            "event_name": code.text, "event_end_time": at, "handle_explain": told.text[:200],
            **lacking,
        }  # fmt: skip


def build(context: AdapterContext) -> CasePort:
    """The port, from its contract and the deployment's values and keys."""
    return HomePurchase(context)
