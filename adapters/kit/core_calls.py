"""What the core system's contracts have in common: a signed call, its answer's head, the feed.

Source: contracts_spec/core/reference and contracts_spec/core/registry, §2 and §3 of each.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from adapters.kit.core_signing import Signer
from adapters.kit.probes import probe
from hub.contracts import CodeRetry, Contract, shape
from hub.kernel.clocks import BusinessClock
from hub.ports.core import ChangesPage, RegistryChange
from hub.ports.line import DriftNotes, Line, PartnerRefused, ReplyUnreadable
from hub.ports.probe import ProbeResult

OK = "0000"
_HTTP_OK = 200
_OPEN = "01"
"""HXZT 正常受理."""


class Reply(Struct):
    """What every reply has."""

    FHM: str
    FHXX: str
    QQLSH: str
    HXSJ: str


class ChangeRow(Struct):
    XH: int
    JLLX: str
    JLBH: str
    BGSJ: str
    ZD: dict[str, str]

    def __repr__(self) -> str:  # its fields are somebody's
        return f"ChangeRow({self.XH}, {self.JLLX})"


class ChangesReply(Reply):
    BG: tuple[ChangeRow, ...] | UnsetType = UNSET
    GD: bool | UnsetType = UNSET


class ProbeReply(Reply):
    HXZT: str | UnsetType = UNSET
    KJRQ: str | UnsetType = UNSET


R = TypeVar("R", bound=Reply)


class CoreCalls:
    """Calls by one contract; holds no connection, safe across threads."""

    def __init__(self, contract: Contract, signer: Signer, clock: BusinessClock) -> None:
        self._contract = contract
        self._signer = signer
        self._clock = clock

    def call(
        self, line: Line, operation: str, body: bytes, serial: str,
        read: Callable[[str, bytes], R],
    ) -> R:  # fmt: skip
        """One signed POST; a reply that says 0000 and is to the request with this ``serial``.

        ``read`` makes a reply of (schema, body).  Raises PartnerRefused, ReplyUnreadable with a
        drift, and the line's own errors.
        """
        transaction = self._contract.transaction(operation)
        path, schema = str(transaction.extra["path"]), str(transaction.extra["reply"])
        answer = line.post(
            operation,
            endpoint="api",
            path=path,
            body=body,
            headers=self._signer.headers(path, body, self._clock.now()),
            effect=transaction.effect,
        )
        if answer.status != _HTTP_OK:
            raise unreadable(line.drift, schema, f"HTTP {_HTTP_OK}", f"HTTP {answer.status}")
        reply = read(schema, answer.body)
        self._refuse(reply, schema, line)
        if serial != reply.QQLSH:
            raise unreadable(line.drift, f"{schema}/QQLSH", "the request's", "another")
        return reply

    def probe(self, ask: Callable[[], ProbeReply]) -> ProbeResult:
        """What a probe saw; usable while the core says that it takes commands."""
        said: list[ProbeReply] = []
        seen = probe(lambda: said.append(ask()), code=OK)
        if not said:
            return seen
        state = said[0].HXZT if isinstance(said[0].HXZT, str) else ""
        text = self._contract.code("core_state", state).text or f"HXZT {shape(state)}"
        return ProbeResult(reachable=True, usable=state == _OPEN, code=said[0].FHM, text=text)

    def _refuse(self, reply: Reply, schema: str, line: Line) -> None:
        """A refusal of the whole call is final only where trying again can never help."""
        if reply.FHM == OK:
            return
        code = self._contract.code("message", reply.FHM)
        if not code.known:
            line.drift.note(f"{schema}/FHM", "a code of the table", shape(reply.FHM))
        final = code.final and code.retry is CodeRetry.NEVER
        raise PartnerRefused(reply.FHM, code.text or shape(reply.FHXX), final=final)


def hollow(reply: Reply) -> bool:
    """Whether a reply says success and leaves out what was asked for."""
    return reply.FHM == OK and any(
        getattr(reply, name) is UNSET for name in reply.__struct_fields__
    )


def unreadable(drift: DriftNotes, place: str, expected: str, found: str) -> ReplyUnreadable:
    """Note a mismatch that leaves nothing to go on, and the error to raise."""
    drift.note(place, expected, found)
    return ReplyUnreadable(f"{place}: {expected}, found {found}")


def moment(text: str, drift: DriftNotes, place: str) -> datetime:
    """An aware time of the core."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise unreadable(drift, place, "a time with its zone", shape(text))
    return found


def changes(after: int, reply: ChangesReply, drift: DriftNotes) -> ChangesPage:
    """Changes in rising order, all after the one asked for."""
    rows = () if reply.BG is UNSET else reply.BG
    sequences = [after, *(row.XH for row in rows)]
    if any(later <= earlier for earlier, later in pairwise(sequences)):
        raise unreadable(drift, "changes.reply/BG/XH", "rising numbers", "another order")
    return ChangesPage(
        tuple(
            RegistryChange(
                row.XH, row.JLLX, row.JLBH, row.ZD, moment(row.BGSJ, drift, "changes.reply/BG/BGSJ")
            )
            for row in rows
        ),
        reply.GD is True,
    )
