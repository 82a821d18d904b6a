"""What happens to a call on its way: kept, and where a case says so, altered on the line.

The altering is the certificate's own, never the partner's: a byte of a signature, a control
total before it is signed, the same bytes sent twice, an earlier answer in place of this one's.
A report says of such a step that it was done.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hub.ports.line import DriftNotes, FilePut, HttpReply, Line, LineNotSent, RemoteFile
from hub.wire import CallOutcome, CallRecord

Said = TypeVar("Said")


class Keeper:
    """Keeps every call in memory.  ``maybe_sent``: an effect call may have reached the partner."""

    def __init__(self) -> None:
        self.calls: list[CallRecord] = []
        self.effects = 0
        self.maybe_sent = False

    def before(self, step: str, *, effect: bool, timeout_s: float) -> None:
        """Lets every call through."""
        self.effects += effect
        self.maybe_sent = self.maybe_sent or effect

    def after(self, record: CallRecord) -> None:
        """As the bus: an effect call that surely did not leave is taken back."""
        self.calls.append(record)
        if record.effect and record.outcome is CallOutcome.NOT_SENT:
            self.effects -= 1
            self.maybe_sent = self.effects > 0


@dataclass(slots=True)
class AlteredLine:
    """A line that alters what a case says, and remembers answers for cases that swap them.

    ``spec`` is one of the suite's ``tampers``: ``call`` (which step of the adapter, all when
    left out), and one of ``find`` (a pattern over the body's bytes, its one group is altered),
    ``header`` (its value is altered), ``reply`` (a pattern over the answer), ``twice: true``,
    ``replay: true``, ``block: true`` (never leaves).  ``plus`` adds to a number; without it
    characters are turned to others.
    """

    line: Line
    spec: Mapping[str, Any]
    earlier: dict[str, Any]
    done: int = 0
    drift: DriftNotes = field(init=False)

    def __post_init__(self) -> None:
        self.drift = self.line.drift

    def post(
        self,
        step: str,
        *,
        endpoint: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        effect: bool = False,
    ) -> HttpReply:
        """See Line.post."""
        spec, given = self._spec(step), dict(headers or {})
        if "header" in spec and spec["header"] in given:
            given[spec["header"]] = _turned(given[spec["header"]].encode()).decode()
            self.done += 1

        def send(altered: bytes) -> HttpReply:
            return self.line.post(
                step, endpoint=endpoint, path=path, body=altered, headers=given, query=query,
                effect=effect,
            )  # fmt: skip

        reply = self._pass(step, body, send)
        if "reply" in spec:
            altered = self._alter(str(spec["reply"]), reply.body, spec)
            return HttpReply(reply.status, reply.headers, altered)
        return reply

    def exchange(
        self,
        step: str,
        *,
        endpoint: str,
        request: bytes,
        head: int,
        length_of: Callable[[bytes], int],
        effect: bool = False,
    ) -> bytes:
        """See Line.exchange.  What is altered keeps its length: the frame's head has told it."""

        def send(altered: bytes) -> bytes:
            return self.line.exchange(
                step, endpoint=endpoint, request=altered, head=head, length_of=length_of,
                effect=effect,
            )  # fmt: skip

        reply = self._pass(step, request, send)
        spec = self._spec(step)
        return self._alter(str(spec["reply"]), reply, spec) if "reply" in spec else reply

    def put_file(
        self,
        step: str,
        *,
        endpoint: str,
        folder: str,
        name: str,
        content: bytes,
        effect: bool = False,
    ) -> FilePut:
        """See Line.put_file."""

        def send(altered: bytes) -> FilePut:
            return self.line.put_file(
                step, endpoint=endpoint, folder=folder, name=name, content=altered, effect=effect
            )

        return self._pass(step, content, send)

    def list_files(self, step: str, *, endpoint: str, folder: str) -> tuple[RemoteFile, ...]:
        """See Line.list_files."""
        return self.line.list_files(step, endpoint=endpoint, folder=folder)

    def get_file(self, step: str, *, endpoint: str, folder: str, name: str) -> bytes:
        """See Line.get_file."""

        def send(_: bytes) -> bytes:
            return self.line.get_file(step, endpoint=endpoint, folder=folder, name=name)

        content, spec = self._pass(step, b"", send), self._spec(step)
        return self._alter(str(spec["reply"]), content, spec) if "reply" in spec else content

    def move_file(
        self, step: str, *, endpoint: str, folder: str, name: str, to: str, effect: bool = False
    ) -> None:
        """See Line.move_file."""
        self.line.move_file(step, endpoint=endpoint, folder=folder, name=name, to=to, effect=effect)

    def _spec(self, step: str) -> Mapping[str, Any]:
        return self.spec if self.spec.get("call", step) == step else {}

    def _pass(self, step: str, content: bytes, send: Callable[[bytes], Said]) -> Said:
        """Send ``content`` as the case wants it; the answer, or an earlier one in its place."""
        spec = self._spec(step)
        if spec.get("block"):
            self.done += 1
            raise LineNotSent("held back by the certificate")
        if "find" in spec:
            content = self._alter(str(spec["find"]), content, spec)
        reply = send(content)
        if spec.get("twice"):
            reply = send(content)
            self.done += 1
        if spec.get("replay"):
            self.done += step in self.earlier
            found: Said = self.earlier.get(step, reply)
            return found
        self.earlier[step] = reply
        return reply

    def _alter(self, pattern: str, body: bytes, spec: Mapping[str, Any]) -> bytes:
        found = re.search(pattern.encode(), body)
        if found is None:
            return body
        self.done += 1
        old = found[1]
        new = _sum(old, int(spec["plus"])) if "plus" in spec else _turned(old)
        return body[: found.start(1)] + new + body[found.end(1) :]


def _sum(digits: bytes, plus: int) -> bytes:
    """As many digits as before."""
    return str(int(digits) + plus).zfill(len(digits))[-len(digits) :].encode()


def _turned(text: bytes) -> bytes:
    """Every letter and digit becomes another of its kind: still well formed, never the same."""
    return bytes(_next(byte) for byte in text)


def _next(byte: int) -> int:
    for first, last in ((48, 57), (65, 70), (71, 90), (97, 102), (103, 122)):
        if first <= byte <= last:
            return first if byte == last else byte + 1
    return byte
