"""A platform's 资源目录 behind a government gateway: one call for each step of a resource's life.

What the platforms have in common; paths, prefix, codes and times are each one's contract.
"""

from collections.abc import Mapping
from typing import Any

from adapters.kit.gateway import Gateway
from adapters.kit.gateway_terms import GatewayTerms
from adapters.kit.probes import probe
from adapters.kit.replies import known, refuse
from hub.contracts import CodeStatus, load_contract, shape
from hub.ports.context import AdapterContext
from hub.ports.directory import DirectoryReceipt, DirectoryStage, DirectoryStep, Review
from hub.ports.line import Line, ReplyUnreadable
from hub.ports.probe import ProbeResult

_REVIEWS = {
    CodeStatus.PROCESSING: Review.PENDING, CodeStatus.DONE: Review.PASSED,
    CodeStatus.REFUSED: Review.REJECTED,
}  # fmt: skip
_MOST = 40
_LONGEST_REMARK = 400


class PlatformDirectory:
    """DirectoryPort; holds no connection, safe across threads."""

    def __init__(self, context: AdapterContext) -> None:
        self._contract = load_contract(context.contract_folder)
        self._terms = GatewayTerms.of(self._contract)
        self._gateway = Gateway(
            self._terms, context.value("rid"), context.secret("app_key"), context.clock
        )
        self._sid = context.value("sid")
        self.review_again_s = float(self._contract.limit("review_again_s"))

    def step(self, line: Line, step: DirectoryStep) -> DirectoryReceipt:
        """See DirectoryPort."""
        transaction = self._contract.transaction(step.stage.value)
        said = {
            "number": step.number, "code": step.resource, "version": step.version, **step.content,
        }  # fmt: skip
        drifts = self._contract.validate_json(str(transaction.extra["request"]), said)
        if drifts:  # never sent: a defect of ours
            raise RuntimeError(f"a step is off its contract: {drifts[0]}")
        reply = self._gateway.call(
            line, step.stage.value, str(transaction.extra["path"]), self._sid, said, effect=True
        )
        code = known(self._contract, line, "reply_code", reply.code, "step.reply/code")
        if code.status is not CodeStatus.DONE:
            refuse(code)
        data = reply.data if isinstance(reply.data, Mapping) else {}
        receipt = data.get("receiptno")
        if not isinstance(receipt, str) or not 0 < len(receipt) <= _MOST:
            line.drift.note("step.reply/data/receiptno", "a receipt", shape(str(receipt)))
            raise ReplyUnreadable("the reply holds no receipt")
        if step.stage is not DirectoryStage.REVIEW:
            return DirectoryReceipt(receipt)
        return DirectoryReceipt(receipt, self._review(line, data), _remark(data))

    def probe(self, line: Line) -> ProbeResult:
        """An app secret fetched anew changes nothing over there."""
        return probe(lambda: self._gateway.alive(line, self._sid), code=self._terms.ok)

    def _review(self, line: Line, data: Mapping[str, Any]) -> Review:
        said = str(data.get("state", ""))
        code = known(self._contract, line, "review_state", said, "step.reply/data/state")
        if code.status not in _REVIEWS:
            raise ReplyUnreadable("nobody knows this state of a review")
        return _REVIEWS[code.status]


def _remark(data: Mapping[str, Any]) -> str:
    remark = data.get("remark")
    return remark[:_LONGEST_REMARK] if isinstance(remark, str) else ""
