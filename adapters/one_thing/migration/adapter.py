"""进度办理结果反馈 of migration cases, to the market regulator through the sharing platform.

Contract: ``contracts_spec/one_thing/migration``.
"""

from collections.abc import Mapping

from adapters.kit.case_terms import case_terms
from adapters.kit.gateway import Gateway
from adapters.kit.gateway_terms import GatewayTerms
from adapters.kit.probes import probe
from adapters.kit.replies import known, refuse
from hub.contracts import CodeStatus, load_contract, shape
from hub.kernel.errors import Misconfigured
from hub.ports.case import CasePort, Feedback, FeedbackReceipt
from hub.ports.context import AdapterContext
from hub.ports.line import Line, ReplyUnreadable
from hub.ports.probe import ProbeResult


class Migration:
    """CasePort; holds no connection, safe across threads."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self.terms = case_terms(contract)
        self._contract, self._context = contract, context
        self._terms = GatewayTerms.of(contract)
        self._gateway = Gateway(
            self._terms, context.value("rid"), context.secret("app_key"), context.clock
        )
        codes = contract.table("progress").codes.values()
        self._progress = {one.extra["step"]: one.code for one in codes}

    def feedback(self, line: Line, told: Feedback) -> FeedbackReceipt:
        path = str(self._contract.transaction("feedback").extra["path"])
        reply = self._gateway.call(
            line, "feedback", path, self._context.value("sid"), self._content(told), effect=True
        )
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
        raise Misconfigured("a migration has no attachments")

    def probe(self, line: Line) -> ProbeResult:
        sid = self._context.value("sid")
        return probe(lambda: self._gateway.alive(line, sid), code=self._terms.ok)

    def _content(self, told: Feedback) -> dict[str, object]:
        said: dict[str, object] = {
            "busiid": told.number, "version": told.version, "seq": told.place,
            "cljg": self._progress[told.step.value], "date": f"{told.at:%Y-%m-%d %H:%M:%S}",
            "jbr": self._context.value("operator"),
            "jbrxm": self._context.value("operator_name"),
        }  # fmt: skip
        if told.text:
            said["sjyy"] = told.text[:200]
        if told.lacking:
            said["lacking"] = list(told.lacking)
        if told.promise_on is not None:
            said |= {"promiseDay": told.promise_days, "promiseDate": told.promise_on.isoformat()}
        return said


def build(context: AdapterContext) -> CasePort:
    """The port, from its contract and the deployment's values and keys."""
    return Migration(context)
