"""The notify port over a folder: a file per text, under the text's own number.

Contract: ``contracts_spec/notify/spool``.  Holds no state.
"""

import json
from collections.abc import Sequence

from adapters.kit.probes import probe
from hub.contracts import Contract, load_contract
from hub.kernel.errors import BadInput
from hub.ports.context import AdapterContext
from hub.ports.line import FileConflict, Line
from hub.ports.notify import (
    NotifyPort,
    NotifyResult,
    NotifyStatus,
    NotifyText,
    NotifyWay,
    sms_parts,
)
from hub.ports.probe import ProbeResult

_ENDPOINT = "spool"
_STEP = "TEXT"
_MONTH = 6


def build(context: AdapterContext) -> NotifyPort:
    """The adapter of one deployment."""
    return Spool(load_contract(context.contract_folder))


class Spool:
    """告知文件夹."""

    way = NotifyWay.SMS

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.batch_limit = contract.limit("batch_texts")

    def tell(self, line: Line, texts: Sequence[NotifyText]) -> tuple[NotifyResult, ...]:
        """See NotifyPort.tell."""
        return tuple(self._put(line, one) for one in texts)

    def probe(self, line: Line) -> ProbeResult:
        """See ProbePort.probe: the folder can be read and written."""
        return probe(lambda: line.list_files("probe", endpoint=_ENDPOINT, folder=""), code="PUT")

    def _put(self, line: Line, one: NotifyText) -> NotifyResult:
        content = write(one)
        drifts = self._contract.validate_json("TEXT.request", json.loads(content))
        if drifts:
            raise BadInput(f"{one.number}: {drifts[0].place} is off the contract")
        try:
            put = line.put_file(
                _STEP, endpoint=_ENDPOINT, folder=one.number[:_MONTH],
                name=f"{one.number}.json", content=content, effect=True,
            )  # fmt: skip
        except FileConflict:
            # Told before by another copy of the database, in other words: never twice.
            return self._result(one, "ALREADY")
        return self._result(one, "ALREADY" if put.already else "PUT")

    def _result(self, one: NotifyText, code: str) -> NotifyResult:
        known = self._contract.code("result", code)
        return NotifyResult(one.number, NotifyStatus(known.reason), known.code)


def write(one: NotifyText) -> bytes:
    """A text as its file."""
    said = {
        "BH": one.number, "FS": one.way.value, "SJHM": one.to, "NR": one.text,
        "TS": sms_parts(one.text),
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
