"""What a platform's mock is put together from; see :mod:`mocks.kit.cases`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mocks.kit.cases.gateway import Books, Gateway
from mocks.kit.cases.keys import Keys
from mocks.kit.cases.pushes import SHAPES, Pushes
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer
from mocks.kit.outgoing import Outgoing
from mocks.kit.partner import CONTRACTS, Control, ControlCall, ControlError, Site, answer_json
from mocks.kit.yaml_files import read_yaml

FAULTS: Mapping[str, FaultKind] = {
    "answer": FaultKind("照 answer 的 code 回答，什么都不记"),
}


class CasePlatform:
    """Files cases of one interface, takes their feedback."""

    def __init__(self, site: Site, interface: str, folder: str) -> None:
        """``folder`` of the contract in contracts_spec (``one_thing/retirement``)."""
        self._folder = CONTRACTS / folder
        contract: dict[str, Any] = read_yaml(self._folder / "contract.yaml")
        schemas = {
            name: json.loads((self._folder / one["file"]).read_text(encoding="utf-8"))
            for name, one in contract["schemas"].items()
        }
        self.storage = site.storage
        self.keys = Keys(site.notes, site.state.parent / interface)
        self.books = Books(site.storage)
        self.pushes = Pushes(site.storage, site.notes, contract, self.keys, site.clock)
        self.gateway = Gateway(
            contract, schemas, self.keys, self.books, site.clock, self.pushes.known
        )

    @property
    def outgoing(self) -> Outgoing:
        """The pushes."""
        return self.pushes

    def controls(self) -> Sequence[Control]:
        """The routes every platform has."""
        shapes = "、".join(f"{name} {one.description}" for name, one in SHAPES.items())
        return (
            Control("POST", "/cases",
                    '推送：{"route": "case.push", "document": {…}, "shape": ""}；没有 document '
                    "时用基准报文，set 改其中的域；once 为真时同一编号只推一次；sent 为真时只登记，"
                    f"由别处推送；shape：{shapes}",
                    self._file),
            Control("POST", "/told", '一个办件收到的进度反馈：{"number"}', self._told),
            Control("GET", "/cases", "各次推送：编号、版本、送了几次、中心怎样回答", self._filed),
            Control("GET", "/feedback", "收到的进度反馈：?number=", self._feedback),
            Control("POST", "/keys", '换密钥 {"name": "app_secret" | "caller_secret"}',
                    self._renew),
            Control("GET", "/callback", "推送往哪里", self._address),
            Control("POST", "/callback", '推送往 {"url": "http://127.0.0.1:8528"}',
                    self._set_address),
        )  # fmt: skip

    def reset(self) -> None:
        """Nothing filed, nothing told; keys and address stay."""
        with self.storage.write():
            self.clear()

    def clear(self) -> None:
        """What ``reset`` takes away, in its transaction."""
        self.pushes.reset()
        self.books.clear()

    def _file(self, call: ControlCall) -> Answer:
        route, shape = str(call.body.get("route", "case.push")), str(call.body.get("shape", ""))
        if shape and shape not in SHAPES:
            raise ControlError(f"没有 {shape}；可用：{'、'.join(SHAPES)}")
        document = call.body.get("document")
        if document is None:
            sample = self._folder / "samples" / f"{route}.request.json"
            if not sample.exists():
                raise ControlError(f"没有 {route} 的基准报文", 404)
            document = json.loads(sample.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ControlError("document 是 JSON 对象")
        document = {**document, **call.body.get("set", {})}
        filed = str(document.get("id") or document.get("sblsh") or "")
        if call.body.get("once") and self.pushes.known(filed):
            return answer_json({"known": filed})
        try:
            number = self.pushes.add(route, document, shape, sent=bool(call.body.get("sent")))
        except KeyError:
            raise ControlError(f"规范没有 {route}", 404) from None
        return answer_json({"id": number}, 201)

    def _filed(self, _: ControlCall) -> Answer:
        return answer_json({"cases": self.pushes.shown()})

    def _told(self, call: ControlCall) -> Answer:
        number = str(call.body.get("number", ""))
        return answer_json({"feedback": self.books.feedback(number)})

    def _feedback(self, call: ControlCall) -> Answer:
        return answer_json({"feedback": self.books.feedback(call.query.get("number"))})

    def _renew(self, call: ControlCall) -> Answer:
        name = str(call.body.get("name", ""))
        if name not in ("app_secret", "caller_secret"):
            raise ControlError("name 是 app_secret 或 caller_secret")
        self.keys.renew(name)
        return answer_json({"renewed": name})

    def _address(self, _: ControlCall) -> Answer:
        return answer_json({"url": self.pushes.address})

    def _set_address(self, call: ControlCall) -> Answer:
        url = str(call.body.get("url", ""))
        if url and not url.startswith("http://127.0.0.1:"):
            raise ControlError("挡板只往本机 http://127.0.0.1: 推送")
        self.pushes.send_to(url)
        return self._address(call)
