"""The words of the case port's scenarios: push, told, documents, core, applied.

What is tested is our own receiving port and what becomes of a case: pushed by a caller that signs
as the platform does, told back to the platform's mock, applied for at the mock core.  Cases are
named; each name is a number of its own.  At an address only what the answer to a push shows can be
tried: ``values: {caller_rid, caller_sid}``, ``secrets: {caller_secret: FILE}``.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from hub.app.demo_site import Site, facing
from hub.app.discover import FoundAdapter
from hub.bus import Rung
from hub.cases.tables import application
from hub.certify.acts import registry
from hub.certify.acts.stage import BadStep, Plain, Stage, Untried, opening
from hub.certify.called import Called, signature
from hub.certify.endpoint import Control, Endpoint, SteeredClock
from hub.certify.own import Act, Own, OwnControl, served
from hub.certify.suite import Suite
from hub.kernel.settings import read_secret
from hub.ports.context import AdapterContext
from hub.ports.line import HttpReply, Line

ENDPOINTS = ("inbound",)
"""What an address is given for: where the platform pushes."""
write_data = registry.write_data
HTML = "<html><body>系统繁忙</body></html>".encode()
_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_BOMB = 30_000_000
_TAKEN, _DONE = "200", "3"


@dataclass(frozen=True, slots=True)
class _Sent:
    headers: Mapping[str, str]
    body: bytes
    reply: bytes


class Acts(Stage):
    """One case under way at the receiving port."""

    signed_with: ClassVar[str] = "caller_secret"
    """What the caller signs with."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._numbered: dict[str, str] = {}
        self._sent: dict[str, _Sent] = {}
        extra = self.suite.contract.extra
        self._gateway, self._inbound = extra["gateway"], extra["inbound"]
        self._known: set[str] = set()

    def refer(self, name: str) -> str:
        """``account.NAME`` a person's account, otherwise a case's number."""
        if name.startswith("account."):
            return str(self.subject(name.removeprefix("account."))["account"])
        return self.number_of(name)

    # --- pushing ---

    def do_push(self, given: Plain) -> Plain:
        """``case`` (a name) of ``person`` by ``route``; ``version``, ``set`` and ``drop`` fields,
        ``files``: material code → pdf, liar, bomb, zip, link, nothing.

        ``as`` keeps it, ``again`` sends a kept one's headers (with ``set`` another body), ``secret:
        wrong``, ``unsigned``, ``late_s``, ``body: html|big``.  Answers ``http``, ``code``,
        ``conforms``, ``same`` as the kept one's bytes.
        """
        kept = self._sent.get(str(given.get("again", "")))
        route = str(given.get("route", "case.push"))
        plain = kept is not None and "set" not in given
        body = kept.body if kept is not None and plain else self._body(route, given)
        headers = kept.headers if kept else self.headers(given)
        path = str(self._inbound[route]["path"])

        def post(_port: Any, line: Line) -> HttpReply:
            return line.post("push", endpoint="inbound", path=path, headers=headers, body=body)

        ended, said = self.call({}, post)
        if said is None:
            return ended
        if "as" in given:
            self._sent[str(given["as"])] = _Sent(headers, body, said.body)
        found = ended | {"http": said.status, **self._read(route, said.body)}
        if kept is not None:
            found["same"] = kept.reply == said.body
        self.codes.add(str(found["code"]))
        if found["code"] == _TAKEN:
            self.rungs.add(Rung.ACCEPTED)
        return found

    def _read(self, route: str, reply: bytes) -> Plain:
        try:
            said = json.loads(reply)
        except ValueError:
            return {"code": "", "conforms": False}
        place = str(self._inbound[route]["reply"])
        drifts = self.suite.contract.validate_json(place, said)
        code = str(said.get("code", "")) if isinstance(said, dict) else ""
        return {"code": code, "conforms": not drifts}

    def _body(self, route: str, given: Plain) -> bytes:
        match given.get("body"):
            case "html":
                return HTML
            case "big":
                return b" " * 10_000_000
        folder = self.suite.contract.folder / "samples"
        sample = folder / f"{self._inbound[route]['request']}.json"
        said: Plain = json.loads(sample.read_text(encoding="utf-8"))
        number = self.number_of(str(given["case"]))
        said |= {"version": int(given.get("version", 1)), **self.filled(route, number, given)}
        said |= given.get("set", {})
        for name in given.get("drop", ()):
            del said[name]
        if self._own is not None and number not in self._known:
            self._known.add(number)
            self.tell_platform(self._own, route, number, said)
        return json.dumps(said, ensure_ascii=False).encode("utf-8")

    def filled(self, route: str, number: str, given: Plain) -> Plain:
        """The case's number in its field, the applicant, the files."""
        item = route.startswith("item.")
        said: Plain = {"sblsh" if item else "id": number}
        if route.endswith("push"):
            said |= self._applicant(str(given["person"]), item=item)
            if "files" in given:
                said["materials" if item else "attachmentList"] = self.files(given["files"])
        return said

    def files(self, given: Mapping[str, Any]) -> list[Plain]:
        """Material code → kind, as they go with the application."""
        return [self._file(str(material), str(kind)) for material, kind in given.items()]

    def _applicant(self, name: str, *, item: bool) -> Plain:
        person = self.subject(name)
        full, paper = str(person["name"]), str(person["id_number"])
        if item:
            return {"sqrmc": full, "sqrzjhm": paper}
        return {
            "name": full, "idCardNumber": paper, "applicantName": full,
            "applicantIdnumber": paper,
        }  # fmt: skip

    def _file(self, material: str, kind: str) -> Plain:
        name, content = f"{material}.pdf", _PDF
        match kind:
            case "link":
                number = f"DOC-{self.number(12)}"
                kept = {"fileid": number, "base64": base64.b64encode(_PDF).decode()}
                self._platform("documents", f"放一份材料 {number}", "/documents", kept)
                return {"attName": name, "attType": material, "fileId": number}
            case "liar":
                content = b"MZ\x90\x00" + b"\x00" * 60
            case "zip":
                name, content = f"{material}.zip", _zipped({"01-a.pdf": _PDF, "02-b.pdf": _PDF})
            case "bomb":
                name = f"{material}.zip"
                content = _zipped({"01-a.pdf": _PDF + b"0" * _BOMB, "02-b.pdf": _PDF})
        packed = base64.b64encode(content).decode()
        return {"attName": name, "attType": material, "fileBase64": packed}

    def headers(self, given: Plain) -> dict[str, str]:
        """The gateway's, as ``secret``, ``unsigned`` and ``late_s`` say."""
        if given.get("unsigned"):
            return {}
        port = self._port
        rid, sid = port.value("caller_rid"), port.value("caller_sid")
        key = port.secret(self.signed_with).reveal() + "x" * (given.get("secret") == "wrong")
        rtime = str(port.next_ms() - int(given.get("late_s", 0)) * 1000)
        prefix = self._gateway["prefix"]
        return {
            "Content-Type": "text/plain",
            f"{prefix}_rid": rid, f"{prefix}_sid": sid, f"{prefix}_rtime": rtime,
            f"{prefix}_sign": signature(self._gateway["algorithm"], key, f"{sid}{rid}{rtime}"),
        }  # fmt: skip

    def number_of(self, name: str) -> str:
        """The number of a case's own, from then on."""
        return self._numbered.setdefault(name, f"CERT-{self.number(16)}")

    def tell_platform(self, own: OwnControl, route: str, number: str, said: Plain) -> None:
        """The platform knows what it is told about; what is pushed here is filed there."""
        own.post("/platform/cases", {"route": route, "document": said, "sent": True})

    # --- what becomes of it ---

    def do_told(self, given: Plain) -> Plain:
        """What the platform was told of ``case``: ``last`` step, all ``steps``, ``whole`` (no
        number left out, each receipted), ``repeats``, ``lacking`` and ``why`` of the last, money
        as ``principal`` and ``interest_told``."""
        number = self.number_of(str(given["case"]))
        body = {"number": number}
        told = self._platform("told", f"查看办件 {number} 的进度反馈", "/told", body)["feedback"]
        said = [one["document"] for one in told]
        steps = [_step_of(one) for one in said]
        last: Plain = said[-1] if said else {}
        principal = last.get("withdrawalPrincipal", last.get("principal", ""))
        interest = last.get("withdrawalInterest", last.get("interest", ""))
        self.codes.update(steps)
        lacking = "；".join(last.get("lacking", ()))
        found = {
            "last": steps[-1] if steps else "", "steps": steps, "first": steps[:3],
            "whole": [one["seq"] for one in told] == list(range(1, len(told) + 1))
            and all(one["receipt"] for one in told),
            "repeats": sum(int(one["repeats"]) for one in told),
            "why": last.get("sjyy", ""), "principal": principal, "interest_told": bool(interest),
        }  # fmt: skip
        if found["whole"] and told:
            self.rungs.add(Rung.RECEIPTED)
        if found["last"] == _DONE:
            self.rungs.add(Rung.RESULT)
        found["lacks"] = {word: word in lacking for word in given.get("lacks", ())}
        return found

    def do_core(self, given: Plain) -> Plain:
        """The core's people: ``manual`` pace; ``held`` 分 on a ``person``'s account."""
        if "manual" in given:
            body: Plain = {"manual": bool(given["manual"])}
            self.need("core", f"核心登记改为人工推进：{body}").post("/core/registry/pace", body)
        if "held" in given:
            account = self.refer(f"account.{given['person']}")
            body = {"GRZH": account, "fen": int(given["held"])}
            self.need("core", f"账户 {account} 占用 {body['fen']} 分").post(
                "/core/registry/held", body
            )
        return {}

    def do_platform(self, given: Plain) -> Plain:
        """``faults``: rules for the platform's side from here on; ``well``: all of them end."""
        own = self.need("platform", f"政务服务网一侧：{given}")
        for rule in given.get("faults", ()):
            self.endpoint.steer("/faults", rule)
        if given.get("well"):
            own.post("/well", {})
        return {}

    def do_applied(self, given: Plain) -> Plain:
        """How many applications the account of ``person`` has: ``all`` and ``done``."""
        account = self.refer(f"account.{given['person']}")
        own = self.need("applied", f"查看账户 {account} 的申请")
        return own.post("/applied", {"account": account})

    @property
    def _own(self) -> OwnControl | None:
        control = self.endpoint.control
        return control if isinstance(control, OwnControl) else None

    @property
    def _port(self) -> "Port":
        if not isinstance(self.endpoint, Port):
            raise BadStep("这里没有接收端口")
        return self.endpoint

    def need(self, name: str, words: str) -> OwnControl:
        if self._own is None:
            raise Untried(f"须由中心安排（{name}）：{words}")
        return self._own

    def _platform(self, name: str, words: str, path: str, body: Plain) -> Plain:
        return self.need(name, words).post(f"/platform{path}", body)


def _step_of(said: Mapping[str, Any]) -> str:
    """2 stands for accepted, which the older item says by a transaction of its own."""
    return str(said.get("cljg") or said.get("event_code") or said.get("result_type") or "2")


def _zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


class Port(Called):
    """Where the platform pushes; one caller through all cases: a millisecond is used once."""

    place = "inbound"
    owned_callers = False


ENDPOINT = Port


def open_own(
    adapter: FoundAdapter,
    adapters: Mapping[str, FoundAdapter],
    suite: Suite,
    folder: Path,
    timeout_s: float | None,
) -> AbstractContextManager[Endpoint]:
    """``hub serve`` over the mock core and the platform's mock, and its receiving port."""
    name = adapter.interface
    return open_port(Port, {}, [name], name, adapter, adapters, suite, folder, timeout_s)


@contextmanager
def open_port(
    made: type["Port"],
    acts: Mapping[str, Act],
    also: Sequence[str],
    platform: str,
    adapter: FoundAdapter,
    adapters: Mapping[str, FoundAdapter],
    suite: Suite,
    folder: Path,
    timeout_s: float | None,
) -> Iterator[Endpoint]:
    """The same with ``also`` as mocks beside the core's, of whom ``platform`` files cases and is
    told; ``acts`` are arrangements of the suite's own."""
    data, site, name = folder / "data", Site(folder), adapter.interface
    data.mkdir(parents=True)
    write_data(suite, data)
    contract = adapter.contract
    with served(adapters, name, data, site, opening(suite), also=also) as own:
        clock, state = SteeredClock(), site.mocks / name
        urls = facing(adapters, own.mocks, name)
        context = AdapterContext(
            name, contract.folder,
            {key: one.facing(urls) for key, one in contract.values.items()},
            {key: read_secret(state / key, key) for key in contract.secrets}, clock,
        )  # fmt: skip
        port = made(
            adapter, context, {"inbound": own.inbound}, kind="mock",
            control=_Sides(own, platform, acts), clock=clock, owned=True, timeout_s=timeout_s,
        )  # fmt: skip
        try:
            yield port
        finally:
            port.close()


class _Sides(OwnControl):
    """Our own side, the platform's (``/platform/…``, ``/faults``) and the core's (``/core/…``)."""

    def __init__(self, own: Own, platform: str, acts: Mapping[str, Act]) -> None:
        super().__init__(own, {"/applied": _applied, **acts})
        self._platform = Control(own.mocks[platform]["control"])
        self._rules: list[int] = []

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """See OwnControl."""
        if path.startswith("/platform/"):
            return self._platform.post(path.removeprefix("/platform"), body)
        if path.startswith("/core/"):
            return self._own.core(path.removeprefix("/core"), body)
        if path == "/faults":
            said = self._platform.post(path, body)
            self._rules.append(int(said["id"]))
            return said
        if path in ("/faults/drop", "/well"):
            while self._rules:  # the end of a case finds them gone where it ended them before
                self._platform.post("/faults/drop", {"id": self._rules.pop()})
            return {}
        return super().post(path, body)


def _applied(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    token = own.hub.vault.tokens.whole("account", str(body["account"]))
    a = application.c
    with own.hub.store.read() as view:
        states = list(view.scalars(sa.select(a.state).where(a.subject_token == token)))
    return {"all": len(states), "done": sum(state == "03" for state in states)}
