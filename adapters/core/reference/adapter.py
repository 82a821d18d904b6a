"""The core's port over the reference contract: signed JSON over HTTP, one call per operation."""

from collections.abc import Sequence

from adapters.core.reference import codec, requests
from adapters.core.reference.replies import (
    AccountsReply,
    CommandReply,
    HoldsReply,
    PostingsReply,
)
from adapters.core.reference.requests import AccountsRequest, ChangesRequest, Request
from adapters.kit.core_calls import ChangesReply, CoreCalls, ProbeReply, R, changes
from adapters.kit.core_signing import Signer
from hub.contracts import Contract, load_contract
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import BadInput
from hub.kernel.periods import Period
from hub.ports.context import AdapterContext
from hub.ports.core import (
    AccountsAnswer,
    ChangesPage,
    CommandKind,
    CommandResult,
    CoreCommand,
    CorePort,
    HoldPage,
    PostingPage,
)
from hub.ports.line import Line
from hub.ports.probe import ProbeResult
from hub.ports.registry import ChangesPort


class TooMany(BadInput):
    """More rows than the core's contract takes at once; nothing was sent."""

    code = "core.too_many"


class ReferenceCore:
    """CorePort and ChangesPort; holds no connection, safe across threads."""

    def __init__(self, contract: Contract, signer: Signer, clock: BusinessClock) -> None:
        self.command_limit = contract.limit("command_items")
        self.accounts_limit = contract.limit("accounts")
        self._changes_limit = contract.limit("changes")
        self._contract = contract
        self._calls = CoreCalls(contract, signer, clock)
        self._clock = clock

    def command(
        self, line: Line, kind: CommandKind, commands: Sequence[CoreCommand]
    ) -> tuple[CommandResult, ...]:
        numbers = [one.number for one in commands]
        if not 1 <= len(numbers) <= self.command_limit or len(set(numbers)) != len(numbers):
            raise TooMany(f"{len(numbers)} items: 1 to {self.command_limit}, each once")
        reply = self._call(line, kind.value, requests.command(commands), CommandReply)
        return codec.command_results(kind, numbers, reply, self._contract, line.drift)

    def accounts(self, line: Line, numbers: Sequence[str]) -> AccountsAnswer:
        asked = list(dict.fromkeys(number for number in numbers if requests.askable(number)))
        if len(asked) > self.accounts_limit:
            raise TooMany(f"{len(asked)} accounts: {self.accounts_limit} at most")
        if not asked:
            return AccountsAnswer((), self._clock.now())
        request = AccountsRequest(requests.serial(), tuple(asked))
        reply = self._call(line, "accounts", request, AccountsReply)
        return codec.accounts(asked, reply, line.drift)

    def postings(self, line: Line, period: Period, bank: str, page: str | None) -> PostingPage:
        request = requests.page(period, bank, page)
        reply = self._call(line, "postings", request, PostingsReply)
        return codec.postings(period.compact, bank, reply, line.drift)

    def holds(self, line: Line, period: Period, bank: str, page: str | None) -> HoldPage:
        request = requests.page(period, bank, page)
        reply = self._call(line, "holds", request, HoldsReply)
        return codec.holds(period.compact, bank, reply, line.drift)

    def changes_since(self, line: Line, sequence: int, limit: int) -> ChangesPage:
        request = ChangesRequest(requests.serial(), sequence, min(limit, self._changes_limit))
        reply = self._call(line, "changes", request, ChangesReply)
        return changes(sequence, reply, line.drift)

    def probe(self, line: Line) -> ProbeResult:
        request = requests.ProbeRequest(requests.serial())
        return self._calls.probe(lambda: self._call(line, "probe", request, ProbeReply))

    def _call(self, line: Line, operation: str, request: Request, kind: type[R]) -> R:
        """One signed POST; answers a reply that says 0000 and is to this very request."""
        body = requests.encode(request)
        return self._calls.call(
            line, operation, body, request.QQLSH,
            lambda schema, said: codec.read(kind, schema, said, self._contract, line.drift),
        )  # fmt: skip


def build(context: AdapterContext) -> ReferenceCore:
    """The port, from its contract, ``key_id`` and ``sign_key``."""
    core = ReferenceCore(
        load_contract(context.contract_folder),
        Signer(context.value("key_id"), context.secret("sign_key")),
        context.clock,
    )
    as_core: CorePort = core
    as_feed: ChangesPort = core
    del as_core, as_feed  # here only for mypy: both ports are fully there
    return core
