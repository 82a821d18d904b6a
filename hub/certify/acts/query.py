"""The words of the query port's scenarios: grant, revoke, ask, copy, reported.

What is tested is our own door, asked by a caller that signs as the gateway does.  Callers are
named; ``main`` is there from the beginning.  At an address a caller is what the tester was given:
``values: {sid, rid}`` and ``secrets: {app_secret: FILE}`` of the ``--arrange`` file.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.app.demo_site import Site
from hub.app.discover import FoundAdapter
from hub.app.publishing import published
from hub.certify.acts import registry
from hub.certify.acts.stage import BadStep, Plain, Stage, Untried, opening
from hub.certify.called import Called, signature
from hub.certify.endpoint import Endpoint, SteeredClock
from hub.certify.expect import misses
from hub.certify.own import Own, OwnControl, served
from hub.certify.suite import Suite
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.line import HttpReply, Line
from hub.queries.callers import Callers, Wanted
from hub.queries.tables import query_call, query_caller

ENDPOINTS = ("door",)
"""What an address is given for: the contract names none, since it calls nobody."""
write_data = registry.write_data
_MAIN = "main"
_HTML = "<html><body>系统繁忙</body></html>".encode()
_SECRET, _RID = "app_secret", "rid"
_GRANT_DAYS = 365


@dataclass(frozen=True, slots=True)
class _Sent:
    headers: Mapping[str, str]
    body: bytes
    reply: bytes


class Acts(Stage):
    """One case under way at the door."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._callers: dict[str, tuple[str, Secret]] = {}
        self._asked: dict[str, _Sent] = {}
        self._gateway = self.suite.contract.extra["gateway"]
        self._query = self.suite.contract.extra["query"]
        sample = self.suite.contract.folder / "samples" / f"{self._query['request']}.json"
        self._sample = sample.read_text(encoding="utf-8")

    @property
    def _door(self) -> "Door":
        if not isinstance(self.endpoint, Door):
            raise BadStep("这里没有对外查询端口")
        return self.endpoint

    @property
    def _own(self) -> OwnControl | None:
        control = self.endpoint.control
        return control if isinstance(control, OwnControl) else None

    # --- callers ---

    def do_grant(self, given: Plain) -> Plain:
        """``caller`` (a name of the case's own) may ask: ``shown`` fields, ``all`` without; for
        ``days`` from today; ``per_minute``, ``addresses``."""
        name = str(given.get("caller", _MAIN))
        own = self._need_own("grant", f"授权调用方 {name}：{given}")
        rid = f"CERTIFY-{self.number(15)}"
        said = own.post("/grant", {**given, "rid": rid, "interface": self._interface})
        self._callers[name] = rid, Secret(said["secret"])
        return {"granted": True}

    def do_revoke(self, given: Plain) -> Plain:
        """``caller``: its grant and it end at once."""
        rid, _ = self._caller(str(given["caller"]))
        self._need_own("revoke", f"撤销调用方 {rid}").post("/revoke", {"rid": rid})
        return {}

    def do_rotate(self, given: Plain) -> Plain:
        """``caller`` gets another secret under the name ``as``; the older holds ``keep_s`` more."""
        rid, _ = self._caller(str(given["caller"]))
        own = self._need_own("rotate", f"更换 {rid} 的应用密钥")
        said = own.post("/rotate", {"rid": rid, "keep_s": int(given.get("keep_s", 0))})
        self._callers[str(given["as"])] = rid, Secret(said["secret"])
        return {}

    def do_copy(self, given: Plain) -> Plain:
        """The copy of the registry: ``away`` (the core is not reached) or not."""
        away = bool(given["away"])
        words = "断开与核心登记的连接" if away else "恢复与核心登记的连接"
        self._need_own("copy", words).post("/core", {"away": away})
        return {}

    def do_reported(self, given: Plain) -> Plain:
        """What the centre has on record of a ``caller``: calls, misused signatures, and whether
        the words of the question stand anywhere in clear."""
        rid, _ = self._caller(str(given.get("caller", _MAIN)))
        own = self._need_own("reported", f"查看 {rid} 的调用记录")
        return own.post("/reported", {"rid": rid, "words": list(given.get("words", ()))})

    # --- asking ---

    def do_ask(self, given: Plain) -> Plain:
        """One question about ``firm`` (a subject), by ``caller``; ``set`` and ``drop`` fields.

        ``facts``: what of the firm's own unit must be so (at an address: the subject's ``facts``,
        or what ``facts_named`` says); ``written: loosely``: half-width brackets, spaces, lower
        case.  ``as`` keeps it, ``again`` sends a kept one's headers (with ``set`` or ``drop``
        another body, without the same); ``secret: wrong``, ``unsigned``, ``rid: nobody``,
        ``sid: other``, ``late_s``, ``body: html|big|bom``, ``times`` (so many questions, the last
        counts).

        Answers ``code``, ``http``, ``conforms`` to the contract, ``empty`` (no data), ``same`` as
        the kept one's bytes; of data ``opened``, ``units``, ``keys`` of a unit, ``unit`` (the
        named firm's own), ``differs`` from the facts, ``fresh`` (as of within the contract's age).
        """
        found: Plain = {}
        for _ in range(int(given.get("times", 1))):
            found = self._ask_once(given)
        return found

    def _ask_once(self, given: Plain) -> Plain:
        kept = self._asked.get(str(given.get("again", "")))
        changed = bool(given.get("set") or given.get("drop"))
        body = kept.body if kept and not changed else self._body(given)
        headers = kept.headers if kept else self._headers(given)
        path = str(self._query["path"]) + str(given.get("path", ""))

        def post(_port: Any, line: Line) -> HttpReply:
            return line.post("ask", endpoint="door", path=path, headers=headers, body=body)

        ended, said = self.call({}, post)
        if said is None:
            return ended
        if "as" in given:
            self._asked[str(given["as"])] = _Sent(headers, body, said.body)
        found = ended | {"http": said.status, **self._read(said.body)}
        if kept is not None:
            found["same"] = kept.reply == said.body
        if "firm" in given and found.get("units"):
            found |= self._of_firm(given, said.body)
        self.codes.add(str(found["code"]))
        return found

    def _read(self, reply: bytes) -> Plain:
        contract = self.suite.contract
        try:
            said = json.loads(reply)
        except ValueError:
            return {"code": "", "conforms": False}
        drifts = contract.validate_json(str(self._query["reply"]), said)
        data = said.get("data") if isinstance(said, dict) else None
        found: Plain = {
            "code": str(said.get("code", "")) if isinstance(said, dict) else "",
            "conforms": not drifts, "empty": data is None,
        }  # fmt: skip
        if isinstance(data, dict):
            as_of = f"{self.endpoint.clock.now() - self._age:%Y-%m-%d %H:%M:%S}"
            found |= {
                "opened": data["sfkh"], "units": len(data["dw"]),
                "keys": sorted({key for one in data["dw"] for key in one}),
                "fresh": data["sjsj"] >= as_of,
            }  # fmt: skip
        return found

    def _of_firm(self, given: Plain, reply: bytes) -> Plain:
        firm = self.subject(str(given["firm"]))
        units = json.loads(reply)["data"]["dw"]
        unit: Plain = next((one for one in units if one["dwmc"] == firm["unit_name"]), {})
        if "facts" not in given:
            return {"unit": unit}
        wanted = given["facts"]
        if self._own is None:
            name = str(given.get("facts_named", "facts"))
            if name not in firm:
                raise Untried(f"没有给出 {given['firm']} 的登记：写进 --arrange 文件的 {name}")
            wanted = firm[name]
        return {"unit": unit, "differs": misses(wanted, unit)}

    @property
    def _age(self) -> timedelta:
        return timedelta(seconds=int(self._query["max_age_s"]))

    @property
    def _interface(self) -> str:
        return self.suite.contract.interface

    def _body(self, given: Plain) -> bytes:
        match given.get("body"):
            case "html":
                return _HTML
            case "big":
                return b" " * 10_000_000
        said: Plain = json.loads(self._sample)
        if "firm" in given:
            firm = self.subject(str(given["firm"]))
            said |= {"tyshxydm": str(firm["uscc"]), "qymc": str(firm["unit_name"])}
        if given.get("written") == "loosely":
            name = said["qymc"].replace("（", "(").replace("）", ")")
            said |= {"tyshxydm": said["tyshxydm"].lower(), "qymc": f" {name[:2]} {name[2:]}"}
        said |= given.get("set", {})
        for name in given.get("drop", ()):
            del said[name]
        body = json.dumps(said, ensure_ascii=False).encode("utf-8")
        return b"\xef\xbb\xbf" + body if given.get("body") == "bom" else body

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
        if self._own is not None:
            self.do_grant({"caller": _MAIN})
            return self._callers[_MAIN]
        return self._door.value(_RID), self._door.secret(_SECRET)

    def _need_own(self, name: str, words: str) -> OwnControl:
        if self._own is None:
            raise Untried(f"须由中心安排（{name}）：{words}")
        return self._own


class Door(Called):
    """Where published queries are asked."""

    place = "door"


ENDPOINT = Door


@contextmanager
def open_own(
    adapter: FoundAdapter,
    adapters: Mapping[str, FoundAdapter],
    suite: Suite,
    folder: Path,
    timeout_s: float | None,
) -> Iterator[Endpoint]:
    """``hub serve`` over the mock core on the suite's data, and the door it opens."""
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
            adapter, context, {"door": own.door}, kind="mock", control=OwnControl(own, _OWN_ACTS),
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
