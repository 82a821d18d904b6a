"""A bank's front machine that takes and answers XML: journal, rules, checks; the envelope is the
bank's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lxml import etree

from mocks.kit.bank.contract import Contract
from mocks.kit.bank.said import CutOff, Refused, Said
from mocks.kit.faults import AFTER, BEFORE, Hits, Rule
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.xml import Unreadable, values


@dataclass(frozen=True, slots=True)
class Message:
    """A request: its head's fields, its body, the whole tree; ``row`` is the tag of rows."""

    head: Mapping[str, str]
    body: etree._Element
    root: etree._Element
    row: str

    @property
    def rows(self) -> list[etree._Element]:
        """The body's rows."""
        return list(self.body.iterchildren(self.row))


@dataclass(frozen=True, slots=True)
class Words:
    """How a front machine says what every one of them says.

    ``transaction`` and ``serial`` are fields of the head, ``batch`` of the body, ``number`` of a
    row; ``code`` and ``text`` are how an answer calls its code of ``table`` and the words for it;
    ``shown`` goes to the journal, ``hidden`` nowhere.  ``instead``: fault → the code that is
    answered under it ("" none); those in ``refusing`` act before anything is booked.
    """

    endpoint: str
    content_type: str
    charset: str
    transaction: str
    serial: str
    batch: str
    number: str
    code: str
    text: str
    table: str
    success: str
    off_format: str
    shown: Sequence[str]
    instead: Mapping[str, Callable[[Rule], str]]
    hidden: Sequence[str] = ()
    refusing: Sequence[str] = ()


class Desk(Protocol):
    """Who serves requests that passed the checks."""

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """The answer; raises Refused, CutOff, Unreadable."""
        ...


@dataclass(slots=True)
class _Asked:
    """A decoded call: ``problem`` is the code it must be refused with, ``why`` in words."""

    head: Mapping[str, str] = field(default_factory=dict)
    message: Message | None = None
    problem: str = ""
    why: str = ""


class XmlFront(ABC):
    """One endpoint: ``read`` and ``wrap`` are the bank's codec, ``caller`` checks who asks."""

    def __init__(
        self, contract: Contract, words: Words, desk: Desk, catch_up: Callable[[], None]
    ) -> None:
        self._contract = contract
        self._words = words
        self._desk = desk
        self._catch_up = catch_up

    @abstractmethod
    def read(self, body: bytes) -> Message:
        """The request; Unreadable for what is none."""

    @abstractmethod
    def wrap(
        self, head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
    ) -> bytes:
        """The whole answer; ``charset`` differs from the contract's only by a fault."""

    @abstractmethod
    def caller(self, message: Message, hits: Hits) -> tuple[str, str]:
        """Code and word of what is wrong with who asks; both empty when nothing is."""

    def numbers(self, message: Message) -> list[str]:
        """The rows' numbers, in order."""
        return [row.findtext(self._words.number) or "" for row in message.rows]

    def off_contract(self, message: Message) -> str:
        """What is wrong with a request by the contract, in a word that names nobody; or ""."""
        schema = self._contract.schema(f"{message.head[self._words.transaction]}.request")
        if not schema.validate(message.root):
            line = (str(schema.error_log).splitlines() or ["XSD"])[0]
            return line.partition("The value")[0]  # what follows may name a person
        for element in message.root.iter():  # the XSD has counted letters, this counts bytes
            text = element.text
            if text and not text.isascii() and self._contract.too_long(element.tag, text):
                return f"{element.tag} 超长"
        return ""

    def describe(self, request: Request) -> Call:
        """The transaction; the batch's number, else the serial, as the trace."""
        words, asked = self._words, self._read(request)
        serial = asked.head.get(words.serial, "")
        fields, shown = dict(asked.head), {words.serial: serial}
        summary: dict[str, object] = dict(shown)
        if asked.message is not None:
            body = values(asked.message.body)
            body.pop(asked.message.row, None)
            fields |= body
            numbers = self.numbers(asked.message)
            summary |= {"rows": len(numbers), "first": numbers[:1], "last": numbers[1:][-1:]}
            summary |= {name: body[name] for name in words.shown if name in body}
        if asked.why:
            summary["why"] = asked.why
        fields = {name: text for name, text in fields.items() if name not in words.hidden}
        trace = fields.get(words.batch) or serial
        return Call(asked.head.get(words.transaction, ""), trace, fields, summary, decoded=asked)

    def answer(self, request: Request, call: Call) -> Answer:
        """What the bank says; credits are on disk when this returns."""
        asked = call.decoded
        if not isinstance(asked, _Asked) or call.hits is None:
            raise TypeError("describe has not been called")
        hits = call.hits
        self._catch_up()
        if request.path != self._contract.raw["endpoints"][self._words.endpoint].get("path", ""):
            return Answer(b"404", 404, "text/plain", summary={"error": "path"})
        early = self._instead(asked, hits, BEFORE)
        if early is not None:
            return early
        try:
            said = self._serve(asked, hits)
        except CutOff as cut:
            return Answer(b"", summary=cut.summary, reset=True)
        late = self._instead(asked, hits, AFTER)
        return self._reply(asked, said, hits) if late is None else late

    def _read(self, request: Request) -> _Asked:
        off_format = self._words.off_format
        try:
            message = self.read(request.body)
        except Unreadable as error:
            return _Asked(problem=off_format, why=str(error))
        asked = _Asked(message.head, message)
        if not self._contract.knows(message.head[self._words.transaction]):
            asked.problem, asked.why = off_format, "没有这个交易"
        return asked

    def _serve(self, asked: _Asked, hits: Hits) -> Said:
        message, off_format = asked.message, self._words.off_format
        if asked.problem or message is None:
            return Said(asked.problem, None, {"why": asked.why})
        problem, why = self.caller(message, hits)
        if problem:
            return Said(problem, None, {"why": why})
        try:
            why = self.off_contract(message)
            if why:
                return Said(off_format, None, {"why": why})
            return self._desk.serve(asked.head[self._words.transaction], message, hits)
        except Refused as refused:
            return Said(refused.code, None, {"why": refused.why})
        except Unreadable as error:
            return Said(off_format, None, {"why": str(error)})

    def _instead(self, asked: _Asked, hits: Hits, when: str) -> Answer | None:
        words = self._words
        for rule in hits.rules:
            moment = BEFORE if rule.fault in words.refusing else rule.when
            code = words.instead[rule.fault](rule) if rule.fault in words.instead else ""
            if code and moment == when:
                text = str(rule.answer.get(words.text, self._text(code)))
                return self._answer(asked, code, text, None, {"rule": rule.fault}, words.charset)
        return None

    def _reply(self, asked: _Asked, said: Said, hits: Hits) -> Answer:
        code = said.code or self._words.success
        charset = "utf-16" if hits.first("wrong_charset") is not None else self._words.charset
        return self._answer(asked, code, self._text(code), said.out, said.summary, charset)

    def _text(self, code: str) -> str:
        return self._contract.text(self._words.table, code)

    def _answer(
        self,
        asked: _Asked,
        code: str,
        text: str,
        out: str | None,
        summary: Mapping[str, object],
        charset: str,
    ) -> Answer:
        body = self.wrap(asked.head, code, text, out, charset)
        return Answer(
            body, content_type=self._words.content_type, summary={self._words.code: code, **summary}
        )
