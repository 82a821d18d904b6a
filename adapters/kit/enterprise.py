"""企业缴存公积金信息查询 as a platform's gateway carries it: headers, question, answer.

What the two interfaces that publish it have in common; the contract's sections ``gateway``,
``query`` and its code table ``code`` say the rest.  The body is UTF-8 JSON whatever the request
calls it: gateways send it as text/plain and as a form, and some put a BOM before it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from adapters.kit.gateway_terms import Called, GatewayTerms, HeaderFault, HeadersRefused
from hub.contracts import BadDocument, Contract, load_contract
from hub.kernel.errors import Misconfigured
from hub.kernel.identity import is_id_card, is_uscc, normal_uscc
from hub.kernel.money import format_yuan
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.ports.line import Drift
from hub.ports.query import (
    FIGURE_WORDS,
    Claim,
    EnterpriseAnswer,
    EnterpriseQuestion,
    QueryRefused,
    QueryWord,
    UnitFacts,
)

_JSON: Mapping[str, str] = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
}
_BOM = b"\xef\xbb\xbf"
_HTTP = {"always_200": False, "by_code": True}
_FAULTS = {HeaderFault.STALE: QueryWord.STALE}


class EnterpriseQuery(ABC):
    """QueryPort but for the question, which is each interface's own.  Safe across threads."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        spec: Mapping[str, Any] = contract.extra["query"]
        self.route = str(spec["path"])
        self.headers = _JSON
        self.needs = ""
        self.largest = contract.limit("request_bytes")
        self.contract_version = contract.version
        self.max_age_s = int(spec["max_age_s"])
        self.most_units = contract.limit("units")
        self.most_rows = contract.limit("rows")
        self.most_months = contract.limit("period_months")
        self.grantable: Mapping[str, str] = {
            str(name): str(one["what"]) for name, one in spec["grantable"].items()
        }
        self._keys = {name: tuple(one["keys"]) for name, one in spec["grantable"].items()}
        self._contract = contract
        self._terms = GatewayTerms.of(contract)
        self._sid = context.value("sid")
        self._clock = context.clock
        self._request, self._reply = str(spec["request"]), str(spec["reply"])
        self._codes = _codes(contract)
        if spec["http_status"] not in _HTTP:
            raise Misconfigured(f"the contract of {contract.interface}: query.http_status")
        self._by_code = _HTTP[spec["http_status"]]

    @abstractmethod
    def question(self, said: Mapping[str, str]) -> EnterpriseQuestion:
        """From a body that is valid by its schema.  Raises QueryRefused."""

    def today(self) -> date:
        """Business day."""
        return self._clock.today()

    def claim(self, request: InboundRequest) -> Claim:
        """See QueryPort."""
        try:
            called = self._terms.named(request.headers)
        except HeadersRefused as no:
            raise _refused(no) from None
        return Claim(called.rid, f"{called.sid}\n{called.rid}\n{called.rtime}", called)

    def check(self, claim: Claim, secrets: Sequence[Secret]) -> None:
        """See QueryPort."""
        called: Called = claim.wire
        try:
            self._terms.check(called, self._clock.now(), secrets)
        except HeadersRefused as no:
            raise _refused(no) from None
        if called.sid != self._sid:  # signed by a caller of ours, for another's service
            raise QueryRefused(QueryWord.SIGNATURE, "another service's id")

    def read(self, body: bytes) -> EnterpriseQuestion:
        """See QueryPort."""
        try:
            said = self._contract.read_json(body.removeprefix(_BOM))
        except BadDocument as error:
            drift = Drift(self._request, "JSON in UTF-8", error.found)
            raise QueryRefused(QueryWord.OFF_CONTRACT, "no JSON in UTF-8", [drift]) from None
        drifts = self._contract.validate_json(self._request, said)
        if drifts or not isinstance(said, dict):
            where = drifts[0].place if drifts else self._request
            raise QueryRefused(QueryWord.OFF_CONTRACT, f"off the contract at {where}", drifts)
        if not is_uscc(said["tyshxydm"]):
            raise QueryRefused(QueryWord.BAD_USCC, "the check character is another")
        if not is_id_card(said["jbr_sfzh"]):
            drift = Drift(f"{self._request}/jbr_sfzh", "a number by GB 11643", "another")
            raise QueryRefused(QueryWord.OFF_CONTRACT, "jbr_sfzh is no ID number", [drift])
        return self.question(said | {"tyshxydm": normal_uscc(said["tyshxydm"])})

    def answer(
        self, word: QueryWord, found: EnterpriseAnswer | None = None,
        visible: frozenset[str] = frozenset(),
    ) -> InboundAnswer:  # fmt: skip
        """See QueryPort.  Raises RuntimeError for what its own contract does not allow."""
        code = self._codes[word]
        data = None if found is None else self._data(found, visible)
        said = {"code": code.code, "message": code.text, "data": data}
        drifts = self._contract.validate_json(self._reply, said)
        if drifts:  # never said: a defect of ours, or a record nobody foresaw
            raise RuntimeError(f"our answer is off its contract: {drifts[0]}")
        status = int(code.extra["http"]) if self._by_code else 200
        return InboundAnswer(status, self.headers, msgspec.json.encode(said))

    def _data(self, found: EnterpriseAnswer, visible: frozenset[str]) -> dict[str, Any]:
        shown = {"dwmc"}.union(*(self._keys[name] for name in visible if name in self._keys))
        return {
            "sfkh": "1" if found.units else "0",
            "sjsj": f"{found.as_of:%Y-%m-%d %H:%M:%S}",
            "dw": [
                {key: value for key, value in _unit(unit).items() if key in shown}
                for unit in found.units
            ],
        }


def _unit(unit: UnitFacts) -> dict[str, Any]:
    return {
        "dwmc": unit.name, "dwzh": unit.account, "dwzhzt": unit.state,
        "khrq": _day(unit.opened_on), "xhrq": _day(unit.closed_on),
        "jzny": unit.paid_until.compact if unit.paid_until else "", "jcrs": unit.people,
        "hj": [
            {"ny": one.month.compact, "yjrs": one.due_people, "sjrs": one.paid_people,
             "yjje": format_yuan(one.due), "sjje": format_yuan(one.paid)}
            for one in unit.contributions
        ],
        "qj": {
            "sfqj": "1" if unit.owed else "0", "qjje": format_yuan(unit.owed),
            "mx": [
                {"qsny": one.first.compact, "zzny": one.last.compact, "qjys": one.months,
                 "qjje": format_yuan(one.amount), "qjzt": "02" if one.cured else "01"}
                for one in unit.arrears
            ],
        },
        "cf": [
            {"cflx": one.kind, "wsh": one.document, "jdrq": _day(one.decided_on),
             "sy": one.ground, "je": format_yuan(one.amount),
             "cfzt": "02" if one.fulfilled else "01"}
            for one in unit.penalties
        ],
    }  # fmt: skip


def _day(day: int) -> str:
    return f"{day:08d}" if day else ""


def _codes(contract: Contract) -> dict[QueryWord, Any]:
    found = {QueryWord(one.reason): one for one in contract.table("code").codes.values()}
    lacking = sorted(set(QueryWord) - FIGURE_WORDS - set(found))
    if lacking:
        raise Misconfigured(f"the contract of {contract.interface} has no code for {lacking[0]}")
    return found


def _refused(no: HeadersRefused) -> QueryRefused:
    word = _FAULTS.get(no.fault, QueryWord.SIGNATURE)
    drift = Drift("gateway headers", "headers to be believed", str(no.fault))
    return QueryRefused(word, f"gateway headers: {no.fault}", [drift])
