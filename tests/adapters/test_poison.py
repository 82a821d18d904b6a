"""Each bank × each question × what no answer may hold: the answer is none, and nothing is read.

Documents are the golden samples with one thing put in; transactions and samples are the contracts'.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from hub.app.discover import discover
from hub.contracts import Contract, load_contract
from hub.kernel.periods import Period
from hub.kernel.settings import Settings
from hub.ports.bank import BankPort
from hub.ports.line import HttpReply, Line, ReplyUnreadable
from mocks.kit import envelope
from tests.adapters.abc import bench as abc
from tests.adapters.bgz import bench as bgz
from tests.adapters.boc import bench as boc
from tests.adapters.frozen import NONCE, benches, frozen
from tests.adapters.gyb import bench as gyb
from tests.adapters.gznx import bench as gznx
from tests.adapters.icbc import bench as icbc
from tests.adapters.playing import Played
from tests.adapters.psbc import bench as psbc

BENCHES = benches()
"""A bank is tried once it has a bench: FOLDER, CLAIM, NUMBERS, SERIAL, BATCH, batch(), bank().
What answers otherwise than by one HTTP reply has ``answering(code, document)``, a line, too."""
ASKED: dict[str, Callable[[BankPort, Line, ModuleType], object]] = {
    "verify_loan": lambda port, line, bench: port.verify_loan(line, bench.CLAIM),
    "register_agreement": lambda port, line, bench: port.register_agreement(line, bench.CLAIM),
    "fetch_dues": lambda port, line, _: port.fetch_dues(line, Period(2025, 10), None),
    "fetch_balance": lambda port, line, _: port.fetch_balance(line),
    "instruct": lambda port, line, bench: port.instruct(line, _batch(bench)),
    "inquire": lambda port, line, bench: port.inquire(line, bench.NUMBERS[:4]),
    "fetch_results": lambda port, line, bench: port.fetch_results(line, bench.BATCH),
    "fetch_statement": lambda port, line, _: port.fetch_statement(line, date(2025, 10, 10), None),
}
"""The port's operations, each with values of the golden samples."""
SECRET = "what only this machine knows"
_TEN = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
_LISTS = "[" * 100_000 + "]" * 100_000


def _batch(bench: ModuleType) -> Any:
    return bench.golden_batch() if bench is icbc else bench.batch()


def _doctype(inside: str, use: str) -> Callable[[str, Path], str]:
    """A declaration before the root, and ``use`` at the beginning of the first text."""

    def poisoned(text: str, file: Path) -> str:
        head, root, rest = re.split(r"(<(?!\?)[A-Za-z][^>]*>)", text, maxsplit=1)
        name = re.split(r"[\s>]", root[1:])[0]
        rest = re.sub(r">([^<>\s]+)<", lambda found: f">{use}{found[1]}<", rest, count=1)
        return f"{head}<!DOCTYPE {name} {inside.format(file=file.as_uri(), name=name)}>{root}{rest}"

    return poisoned


def _within(piece: str) -> Callable[[str, Path], str]:
    """``piece`` instead of the first text."""
    return lambda text, _: re.sub(r">([^<>\s]+)<", lambda _found: f">{piece}<", text, count=1)


def _member(piece: str) -> Callable[[str, Path], str]:
    """A further member of the document."""
    return lambda text, _: text.replace("{", "{" + piece + ",", 1)


XML: dict[str, Callable[[str, Path], str]] = {
    "an external entity": _doctype('[<!ENTITY x SYSTEM "{file}">]', "&x;"),
    "an external DTD": _doctype('SYSTEM "{file}"', ""),
    "a parameter entity": _doctype('[<!ENTITY % x SYSTEM "{file}"> %x;]', ""),
    "a bomb": _doctype(f'[<!ENTITY a0 "ha">{_TEN}]', "&a9;"),
    "an empty declaration": _doctype("[]", ""),
    "an entity nobody declared": _within("&x;"),
    "elements without end": _within("<a>" * 100_000 + "</a>" * 100_000),
    "a character that is none": _within("&#0;"),
    "half a document": lambda text, _: text[: len(text) // 2],
    "nothing": lambda _text, _file: "",
}
JSON: dict[str, Callable[[str, Path], str]] = {
    "lists without end": _member(f'"more":{_LISTS}'),
    "a number of 5,000 digits": _member(f'"more":{"9" * 5000}'),
    "a number out of range": _member('"more":1e999'),
    "what is no number": _member('"more":NaN'),
    "half a character": _member('"more":"\\ud800"'),
    "a name twice": _member('"more":1,"more":2'),
    "half a document": lambda text, _: text[: len(text) // 2],
    "nothing": lambda _text, _file: "",
}


class Door:
    """How a bank's documents get to it: read from its samples, packed for its line."""

    def __init__(self, name: str) -> None:
        self.bench = BENCHES[name]
        self.contract: Contract = load_contract(self.bench.FOLDER)
        self.sealed = "envelope" in self.contract.extra
        self.charset = self.contract.charset.written

    def golden(self, code: str) -> str:
        """The first good answer among a transaction's samples."""
        found = sorted(
            file for file in (self.bench.FOLDER / "samples").glob(f"{code}.*reply.*")
            if file.suffix != ".txt" and not re.search("refused|unknown|waiting|empty", file.name)
            and "envelope" not in file.name
        )  # fmt: skip
        exact = [file for file in found if file.name.startswith(f"{code}.reply.")]
        data = (exact or found)[0].read_bytes()
        return (data[7:] if self.bench is abc else data).decode(self.charset)

    def line(self, code: str, text: str) -> Played:
        """Answers a call of ``code`` with this document, after what has to come before it."""
        data = text.encode(self.charset)
        if hasattr(self.bench, "answering"):
            said: Played = self.bench.answering(code, data)
            return said
        if self.sealed:
            return Played([self._sealed(code, text)], _Files(self.bench))
        if self.bench in (abc, gznx):
            after = [abc.sample("CQRA61.batch.reply")] if code == "CQRT04" else []
            return Played([self.bench.framed(data), *after], _Files(self.bench))
        if self.bench is icbc:
            data = b"reqData=" + base64.b64encode(data)
        before = []
        if self.contract.transaction(code).signed:
            before.append(HttpReply(200, {}, icbc.sample(f"{code}.request.sign.html")))
        if self.bench is boc:
            before.append(HttpReply(200, {}, boc.sample("b2e0001.reply.xml")))
        return Played([*before, HttpReply(200, dict(bgz.XML), data)])

    def _sealed(self, code: str, text: str) -> HttpReply:
        """In the mock's envelope, rightly signed: the document alone is wrong."""
        path = self.contract.endpoints["gw" if self.bench is gyb else "api"].path
        path += f"/{code}" if self.bench is gyb else ""
        at_ms = int(self.bench.NOW.timestamp() * 1000)

        def written(value: object, **named: Any) -> str:
            return text if value is None else json.dumps(value, **named)

        with patch.object(envelope, "json", SimpleNamespace(dumps=written)):
            said, body = envelope.Envelope.seal(
                self.bench.ENVELOPE, self.bench.PARTY, path, None, at_ms, NONCE
            )
        return HttpReply(200, {name.lower(): value for name, value in said.items()}, body)


class _Files(dict[str, bytes]):
    """Golden files by the names that golden answers tell."""

    def __init__(self, bench: ModuleType) -> None:
        if bench is psbc:
            samples = {name: psbc.raw(name) for name in psbc.FILES}
            super().__init__({
                called.format(psbc.sm3(samples[name])[:12]): samples[name]
                for name, called in psbc.FILES.items()
            })  # fmt: skip
        if bench is gznx:
            names = {gznx.RESULT: "HKJG.result.txt", gznx.DUES: "YHMX.dues.txt",
                     gznx.ENTRIES: "ZHMX.closed.txt"}  # fmt: skip
            super().__init__({name: gznx.sample(file) for name, file in names.items()})


def _questions() -> Iterator[tuple[str, str, str]]:
    """Bank, operation and the transaction that answers it, as its contract says."""
    for name, bench in BENCHES.items():
        contract = load_contract(bench.FOLDER)
        for operation in ASKED:
            codes = [
                code for code, one in contract.transactions.items() if operation in one.operations
            ]
            # Where today has a transaction of its own, the one of days gone by is asked.
            code = codes[-1] if operation == "fetch_statement" else codes[0]
            yield name, operation, code


@pytest.fixture(autouse=True)
def golden_numbers() -> Iterator[None]:
    with frozen():
        yield


def test_the_banks_of_the_month_are_here() -> None:
    found = discover(Settings(home=Path("nowhere")))
    banks = {name.removeprefix("bank-") for name, one in found.items()
             if one.manifest.port == "bank"}  # fmt: skip
    assert len(BENCHES) >= 9
    assert set(BENCHES) <= banks


@pytest.mark.parametrize(("name", "operation", "code"), list(_questions()))
def test_no_answer_holds_what_none_may_hold(
    name: str, operation: str, code: str, tmp_path: Path
) -> None:
    door = Door(name)
    text, secret = door.golden(code), tmp_path / "secret"
    secret.write_text(SECRET, "utf-8")
    line = door.line(code, text)
    ASKED[operation](door.bench.bank(), line, door.bench)  # as it stands it is an answer
    for what, poisoned in (JSON if door.sealed else XML).items():
        wrong = poisoned(text, secret)
        assert wrong != text, what
        line = door.line(code, wrong)
        with pytest.raises(ReplyUnreadable) as caught:
            ASKED[operation](door.bench.bank(), line, door.bench)
        assert line.drift.drifts, what
        told = json.dumps([caught.value.message, *map(str, line.drift.drifts)])
        assert SECRET not in told, what
        assert len(told) < 2000, what
