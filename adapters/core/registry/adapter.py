"""The registry port over the core's contract: signed JSON over HTTP, one call per operation."""

import json
from collections.abc import Mapping, Sequence

from adapters.core.registry import codec, requests
from adapters.core.registry.replies import (
    ApplicationsReply,
    PersonsReply,
)
from adapters.kit.core_calls import ChangesReply, CoreCalls, ProbeReply, R, changes
from adapters.kit.core_signing import Signer
from hub.contracts import Contract, load_contract
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import BadInput
from hub.ports.context import AdapterContext
from hub.ports.core import ChangesPage
from hub.ports.line import Line
from hub.ports.probe import ProbeResult
from hub.ports.registry import (
    Application,
    ApplicationKind,
    ApplicationResult,
    PersonsAnswer,
    RegistryPort,
)


class RegistryOffContract(BadInput):
    """What is to be asked cannot be said in the registry's contract; nothing was sent."""

    code = "registry.request_off_contract"
    hint = "The message names the place: what was entered does not fit the core's contract."


class Registry:
    """RegistryPort; holds no connection, safe across threads."""

    def __init__(self, contract: Contract, signer: Signer, clock: BusinessClock) -> None:
        self.application_limit = contract.limit("applications")
        self.persons_limit = contract.limit("persons")
        self._changes_limit = contract.limit("changes")
        self._contract = contract
        self._calls = CoreCalls(contract, signer, clock)

    def apply(
        self, line: Line, kind: ApplicationKind, applications: Sequence[Application]
    ) -> tuple[ApplicationResult, ...]:
        numbers = [one.number for one in applications]
        self._each_once(numbers)
        asked = {"SQ": requests.rows(kind, applications)}
        reply = self._call(line, kind.value, asked, ApplicationsReply)
        return codec.results(kind, numbers, reply, self._contract, line.drift)

    def cancel(
        self, line: Line, kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        return self._numbered(line, "cancel", kind, numbers)

    def inquire(
        self, line: Line, kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        return self._numbered(line, "inquire", kind, numbers)

    def persons(self, line: Line, papers: Sequence[tuple[str, str]]) -> PersonsAnswer:
        asked = list(dict.fromkeys(papers))
        rows = [{"ZJLX": kind, "ZJHM": number} for kind, number in asked]
        reply = self._call(line, "persons", {"ZJ": rows}, PersonsReply)
        return codec.persons(asked, reply, line.drift)

    def changes_since(self, line: Line, sequence: int, limit: int) -> ChangesPage:
        asked = {"XH": sequence, "TS": min(limit, self._changes_limit)}
        reply = self._call(line, "changes", asked, ChangesReply)
        return changes(sequence, reply, line.drift)

    def probe(self, line: Line) -> ProbeResult:
        return self._calls.probe(lambda: self._call(line, "probe", {}, ProbeReply))

    def _numbered(
        self, line: Line, operation: str, kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        self._each_once(numbers)
        reply = self._call(line, operation, {"SQBH": list(numbers)}, ApplicationsReply)
        return codec.results(kind, numbers, reply, self._contract, line.drift)

    def _each_once(self, numbers: Sequence[str]) -> None:
        if not 1 <= len(numbers) <= self.application_limit or len(set(numbers)) != len(numbers):
            most = self.application_limit
            raise RegistryOffContract(f"{len(numbers)} applications: 1 to {most}, each once")

    def _call(self, line: Line, operation: str, asked: Mapping[str, object], kind: type[R]) -> R:
        """One signed POST; answers a reply that says 0000 and is to this very request."""
        transaction = self._contract.transaction(operation)
        serial = requests.serial()
        whole = {"QQLSH": serial, **asked}
        # Places and rules only: a drift never holds the value, which may be somebody's name.
        wrong = self._contract.validate_json(str(transaction.extra["request"]), whole)
        if wrong:
            raise RegistryOffContract(f"{wrong[0].place}: {wrong[0].expected}")
        body = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        return self._calls.call(
            line, operation, body, serial,
            lambda schema, said: codec.read(kind, schema, said, self._contract, line.drift),
        )  # fmt: skip


def build(context: AdapterContext) -> Registry:
    """The port, from its contract, ``key_id`` and ``sign_key``."""
    registry = Registry(
        load_contract(context.contract_folder),
        Signer(context.value("key_id"), context.secret("sign_key")),
        context.clock,
    )
    port: RegistryPort = registry
    del port  # here only for mypy: the port is fully there
    return registry
