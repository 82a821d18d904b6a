"""What the acts of every published query share: callers and their grants, the copy of the registry,
a question on its way, and the door served for a certificate.

What is tested is our own door, asked by a caller that signs as the gateway does.  Callers are
named; ``main`` is there from the beginning.  At an address a caller is what the tester was given:
``values: {sid, rid}`` and ``secrets: {app_secret: FILE}`` of the ``--arrange`` file.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from hub.app.demo_site import Site
from hub.app.discover import FoundAdapter
from hub.app.publishing import published
from hub.certify.acts.stage import BadStep, Plain, Stage, Untried, opening
from hub.certify.called import Called, signature
from hub.certify.endpoint import Endpoint, SteeredClock
from hub.certify.own import Act, Own, OwnControl, served
from hub.certify.suite import Suite
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.line import HttpReply, Line
from hub.queries.callers import Callers, Wanted
from hub.queries.tables import query_call, query_caller

ENDPOINTS = ("door",)
"""What an address is given for: the contract names none, since it calls nobody."""
HTML = "<html><body>系统繁忙</body></html>".encode()
BIG = b" " * 10_000_000
BOM = b"\xef\xbb\xbf"
_MAIN = "main"
_SECRET, _RID = "app_secret", "rid"
_GRANT_DAYS = 365


@dataclass(frozen=True, slots=True)
class Sent:
    """A question that a case has kept: where it went, what it was, what was answered."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    reply: bytes


class DoorActs(Stage):
    """One case under way at the door.  A port says where a question goes (``path_of``), what it is
    (``body_of``) and what is in an answer (``read``)."""

    shown: ClassVar[Sequence[str] | str] = "all"
    """What a caller is granted where a case does not say."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._callers: dict[str, tuple[str, Secret]] = {}
        self._asked: dict[str, Sent] = {}
        self._gateway = self.suite.contract.extra["gateway"]
        self.query = self.suite.contract.extra["query"]

    @abstractmethod
    def path_of(self, given: Plain) -> str:
        """Where it is asked."""

    @abstractmethod
    def body_of(self, given: Plain) -> bytes:
        """What is asked."""

    @abstractmethod
    def read(self, given: Plain, reply: bytes) -> Plain:
        """What the answer says, as far as the step wants to know; ``code`` is among it."""

    @property
    def own(self) -> OwnControl | None:
        """Our own side's, None at an address."""
        control = self.endpoint.control
        return control if isinstance(control, OwnControl) else None

    def need_own(self, name: str, words: str) -> OwnControl:
        """The same; raises Untried, with what a person would have to arrange."""
        if self.own is None:
            raise Untried(f"须由中心安排（{name}）：{words}")
        return self.own

    # --- callers ---

    def do_grant(self, given: Plain) -> Plain:
        """``caller`` (a name of the case's own) may ask: ``shown`` fields, ``all`` without; for
        ``days`` from today; ``per_minute``, ``addresses``."""
        name = str(given.get("caller", _MAIN))
        own = self.need_own("grant", f"授权调用方 {name}：{given}")
        rid = f"CERTIFY-{self.number(15)}"
        wanted = {"shown": self.shown, **given, "rid": rid}
        said = own.post("/grant", {**wanted, "interface": self.suite.contract.interface})
        self._callers[name] = rid, Secret(said["secret"])
        return {"granted": True}

    def do_revoke(self, given: Plain) -> Plain:
        """``caller``: its grant and it end at once."""
        rid, _ = self._caller(str(given["caller"]))
        self.need_own("revoke", f"撤销调用方 {rid}").post("/revoke", {"rid": rid})
        return {}

    def do_rotate(self, given: Plain) -> Plain:
        """``caller`` gets another secret under the name ``as``; the older holds ``keep_s`` more."""
        rid, _ = self._caller(str(given["caller"]))
        own = self.need_own("rotate", f"更换 {rid} 的应用密钥")
        said = own.post("/rotate", {"rid": rid, "keep_s": int(given.get("keep_s", 0))})
        self._callers[str(given["as"])] = rid, Secret(said["secret"])
        return {}

    def do_copy(self, given: Plain) -> Plain:
        """The copy of the registry: ``away`` (the core is not reached) or not."""
        away = bool(given["away"])
        words = "断开与核心登记的连接" if away else "恢复与核心登记的连接"
        self.need_own("copy", words).post("/core", {"away": away})
        return {}

    def do_reported(self, given: Plain) -> Plain:
        """What the centre has on record of a ``caller``: calls, misused signatures, and whether
        the words of the question stand anywhere in clear."""
        rid, _ = self._caller(str(given.get("caller", _MAIN)))
        own = self.need_own("reported", f"查看 {rid} 的调用记录")
        return own.post("/reported", {"rid": rid, "words": list(given.get("words", ()))})

    # --- asking ---

    def do_ask(self, given: Plain) -> Plain:
        """One question by ``caller``; ``set`` and ``drop`` fields.

        ``as`` keeps it, ``again`` sends a kept one's headers (with ``set``, ``drop`` or ``fn``
        another body or path, without the same); ``secret: wrong``, ``unsigned``, ``rid: nobody``,
        ``sid: other``, ``late_s``, ``body: html|big|bom``, ``path`` (behind the right one),
        ``times`` (so many questions, the last counts).

        Answers ``http``, ``same`` as the kept one's bytes, and what the port reads.
        """
        found: Plain = {}
        for _ in range(int(given.get("times", 1))):
            found = self._ask_once(given)
        return found

    def _ask_once(self, given: Plain) -> Plain:
        kept = self._asked.get(str(given.get("again", "")))
        other = kept is None or any(given.get(name) for name in ("set", "drop", "fn"))
        path = self.path_of(given) if other else kept.path  # type: ignore[union-attr]
        body = self.body_of(given) if other else kept.body  # type: ignore[union-attr]
        headers = kept.headers if kept else self._headers(given)

        def post(_port: Any, line: Line) -> HttpReply:
            return line.post("ask", endpoint="door", path=path, headers=headers, body=body)

        ended, said = self.call({}, post)
        if said is None:
            return ended
        if "as" in given:
            self._asked[str(given["as"])] = Sent(path, headers, body, said.body)
        found = ended | {"http": said.status, **self.read(given, said.body)}
        if kept is not None:
            found["same"] = kept.reply == said.body
        self.codes.add(str(found["code"]))
        return found

    def kept(self, name: str) -> Sent:
        """A question kept under that name; raises BadStep."""
        if name not in self._asked:
            raise BadStep(f"没有留下提问 {name}")
        return self._asked[name]

    def _headers(self, given: Plain) -> dict[str, str]:
        if given.get("unsigned"):
            return {}
        rid, secret = self._caller(str(given.get("caller", _MAIN)))
        rid = "NOBODY-KNOWS" if given.get("rid") == "nobody" else rid
        sid = self._door.value("sid") + ("-X" if given.get("sid") == "other" else "")
        key = secret.reveal() + ("x" if given.get("secret") == "wrong" else "")
        rtime = str(self._door.next_ms() - int(given.get("late_s", 0)) * 1000)
        prefix = self._gateway["prefix"]
        return {
            "Content-Type": "text/plain",
            f"{prefix}_rid": rid, f"{prefix}_sid": sid, f"{prefix}_rtime": rtime,
            f"{prefix}_sign": signature(self._gateway["algorithm"], key, f"{sid}{rid}{rtime}"),
        }  # fmt: skip

    def _caller(self, name: str) -> tuple[str, Secret]:
        if name in self._callers:
            return self._callers[name]
        if name != _MAIN:
            raise BadStep(f"没有调用方 {name}：先 grant")
        if self.own is not None:
            self.do_grant({"caller": _MAIN})
            return self._callers[_MAIN]
        return self._door.value(_RID), self._door.secret(_SECRET)

    @property
    def _door(self) -> "Door":
        if not isinstance(self.endpoint, Door):
            raise BadStep("这里没有对外查询端口")
        return self.endpoint


class Door(Called):
    """Where published queries are asked."""

    place = "door"


@contextmanager
def open_door(
    write_data: Callable[[Suite, Path], None],
    acts: Mapping[str, Act],
    adapter: FoundAdapter,
    adapters: Mapping[str, FoundAdapter],
    suite: Suite,
    folder: Path,
    timeout_s: float | None,
) -> Iterator[Endpoint]:
    """``hub serve`` over the mock core on the suite's data, and the door it opens; ``acts`` are
    arrangements of the port's own."""
    data, site = folder / "data", Site(folder)
    data.mkdir(parents=True)
    write_data(suite, data)
    contract = adapter.contract
    with served(adapters, adapter.interface, data, site, opening(suite)) as own:
        context = AdapterContext(
            adapter.interface, contract.folder,
            {name: key.example for name, key in contract.values.items()}, {}, SteeredClock(),
        )  # fmt: skip
        door = Door(
            adapter, context, {"door": own.door}, kind="mock",
            control=OwnControl(own, {**_OWN_ACTS, **acts}),
            clock=context.clock, owned=True, timeout_s=timeout_s,  # type: ignore[arg-type]
        )  # fmt: skip
        try:
            yield door
        finally:
            door.close()


def _grant(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    interface, rid = str(body["interface"]), str(body["rid"])
    grantable = {name: port.grantable for name, port in published(own.hub).items()}
    shown = body.get("shown", "all")
    wanted = Wanted(
        rid=rid, interface=interface, purpose="接口符合性测试", basis="接口规范",
        until=own.clock.today() + timedelta(days=int(body.get("days", _GRANT_DAYS))),
        shown=tuple(grantable[interface]) if shown == "all" else tuple(shown), title=rid,
        addresses=tuple(body.get("addresses", ())),
        per_minute=int(body.get("per_minute", 10_000)),
    )  # fmt: skip
    with own.hub.store.write() as tx:
        done = Callers(own.hub.vault, own.clock).grant(tx, wanted, grantable, own.by)
    return {"secret": "" if done.secret is None else done.secret.reveal()}


def _revoke(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    with own.hub.store.write() as tx:
        Callers(own.hub.vault, own.clock).revoke(tx, str(body["rid"]), "", "测试", own.by)
    return {}


def _rotate(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    keep = timedelta(seconds=int(body["keep_s"]))
    with own.hub.store.write() as tx:
        made = Callers(own.hub.vault, own.clock).rotate(tx, str(body["rid"]), keep, own.by)
    return {"secret": made.reveal()}


def _core(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    own.core_away(bool(body["away"]))
    return {}


def _reported(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    calls, callers = query_call.c, query_caller.c
    sums = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(calls.misused), 0))
    mine = sums.join_from(query_call, query_caller, calls.caller_id == callers.id)
    with own.hub.store.read() as view:
        count, misused = view.execute(mine.where(callers.rid == str(body["rid"]))).one()
    whole = b"".join(path.read_bytes() for path in own.site.home.glob("hub.sqlite*"))
    in_clear = [word for word in body["words"] if str(word).encode() in whole]
    return {"calls": int(count), "misused": int(misused), "in_clear": len(in_clear)}


_OWN_ACTS = {
    "/grant": _grant, "/revoke": _revoke, "/rotate": _rotate, "/core": _core,
    "/reported": _reported,
}  # fmt: skip
