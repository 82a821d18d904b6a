"""省监管平台查询目录: every adapted function of catalogue.yaml, each asked at a path of its own.

Signature, codes and limits are the contract's; a function is data, this only carries it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.kit.gateway_terms import Called, GatewayTerms, HeaderFault, HeadersRefused
from adapters.province.supervision.answering import Answering
from adapters.province.supervision.asking import Asking, Limits
from adapters.province.supervision.terms import ADAPTED, Function, read_catalogue
from hub.contracts import BadDocument, Contract, load_contract
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.figures import FiguresAnswer, FiguresQuestion
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.ports.line import Drift
from hub.ports.query import FIRM_WORDS, CataloguePort, Claim, QueryPort, QueryRefused, QueryWord

_JSON: Mapping[str, str] = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
}
_BOM = b"\xef\xbb\xbf"
_PERSONS = "persons"
_FAULTS = {HeaderFault.STALE: QueryWord.STALE}


class Supervision:
    """The catalogue's adapted functions under one grant and one signature."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        spec: Mapping[str, Any] = contract.extra["query"]
        self.catalogue = read_catalogue(contract.folder / spec["catalogue"])
        self.grantable: Mapping[str, str] = {
            name: str(one["what"]) for name, one in spec["grantable"].items()
        }
        desk = _Desk(context, contract, self)
        functions: list[QueryPort] = [
            _Asked(desk, one)
            for one in self.catalogue.functions
            if one.adaptation == ADAPTED and not one.same_as
        ]
        self.functions = tuple(functions)


class _Desk:
    """What all functions share.  Safe across threads."""

    def __init__(
        self, context: AdapterContext, contract: Contract, supervision: Supervision
    ) -> None:
        self.contract, self.clock = contract, context.clock
        self.grantable = supervision.grantable
        self.terms, self.sid = GatewayTerms.of(contract), context.value("sid")
        self.centre = context.value("zjbzxbm")
        limits = Limits(contract.limit("list_rows"), contract.limit("periods"))
        self.asking = Asking(supervision.catalogue, limits)
        self.answering = Answering(supervision.catalogue, self.centre)
        self.codes = {QueryWord(one.reason): one for one in contract.table("code").codes.values()}
        lacking = sorted(set(QueryWord) - FIRM_WORDS - set(self.codes))
        if lacking:
            raise Misconfigured(
                f"the contract of {contract.interface} has no code for {lacking[0]}"
            )
        self.by_code = contract.extra["query"]["http_status"] == "by_code"


class _Asked:
    """QueryPort of one function."""

    def __init__(self, desk: _Desk, function: Function) -> None:
        self._desk, self._function = desk, function
        contract = desk.contract
        transaction = contract.transaction(function.name)
        self.route = str(transaction.extra["path"])
        self.largest = contract.limit("request_bytes")
        self.headers = _JSON
        self.contract_version = contract.version
        self.max_age_s = int(contract.extra["query"]["max_age_s"])
        self.most_units = 0
        self.most_rows = contract.limit("flawed")
        self.grantable = desk.grantable
        self.needs = function.grant
        self._request = str(transaction.extra["request"])
        self._reply = str(transaction.extra["reply"])

    def claim(self, request: InboundRequest) -> Claim:
        """See QueryPort."""
        try:
            called = self._desk.terms.named(request.headers)
        except HeadersRefused as no:
            raise _refused(no) from None
        return Claim(called.rid, f"{called.sid}\n{called.rid}\n{called.rtime}", called)

    def check(self, claim: Claim, secrets: Sequence[Secret]) -> None:
        """See QueryPort."""
        called: Called = claim.wire
        try:
            self._desk.terms.check(called, self._desk.clock.now(), secrets)
        except HeadersRefused as no:
            raise _refused(no) from None
        if called.sid != self._desk.sid:
            raise QueryRefused(QueryWord.SIGNATURE, "another service's id")

    def read(self, body: bytes) -> FiguresQuestion:
        """See QueryPort."""
        try:
            said = self._desk.contract.read_json(body.removeprefix(_BOM))
        except BadDocument as error:
            drift = Drift(self._request, "JSON in UTF-8", error.found)
            raise QueryRefused(QueryWord.OFF_CONTRACT, "no JSON in UTF-8", [drift]) from None
        drifts = self._desk.contract.validate_json(self._request, said)
        if drifts or not isinstance(said, dict):
            where = drifts[0].place if drifts else self._request
            raise QueryRefused(QueryWord.OFF_CONTRACT, f"off the contract at {where}", drifts)
        if said["zjbzxbm"] != self._desk.centre:
            raise QueryRefused(QueryWord.OTHER_CENTRE, "zjbzxbm is another centre's")
        return self._desk.asking.question(self._function, said, self._desk.clock.today())

    def answer(
        self, word: QueryWord, found: FiguresAnswer | None = None,
        visible: frozenset[str] = frozenset(),
    ) -> InboundAnswer:  # fmt: skip
        """See QueryPort.  Raises RuntimeError for what its own contract does not allow."""
        code = self._desk.codes[word]
        said: dict[str, Any] = {
            "success": word is QueryWord.ANSWERED, "code": code.code, "message": code.text,
            "data": None, "totalcount": 0, "sjsj": "", "wjl": 0,
        }  # fmt: skip
        if found is not None:
            rows, total = self._desk.answering.rows(
                self._function, found, clear=_PERSONS in visible
            )
            said |= {
                "data": rows, "totalcount": total, "sjsj": f"{found.as_of:%Y-%m-%d %H:%M:%S}",
                "wjl": found.left_out,
            }  # fmt: skip
        drifts = self._desk.contract.validate_json(self._reply, said)
        if drifts:  # never said: a defect of ours, or a record nobody foresaw
            raise RuntimeError(f"our answer is off its contract: {drifts[0]}")
        status = int(code.extra["http"]) if self._desk.by_code else 200
        return InboundAnswer(status, self.headers, msgspec.json.encode(said))


def _refused(no: HeadersRefused) -> QueryRefused:
    word = _FAULTS.get(no.fault, QueryWord.SIGNATURE)
    drift = Drift("gateway headers", "headers to be believed", str(no.fault))
    return QueryRefused(word, f"gateway headers: {no.fault}", [drift])


def build(context: AdapterContext) -> CataloguePort:
    """The port, from its contract, the service id we were given and the centre's code."""
    return Supervision(context)
