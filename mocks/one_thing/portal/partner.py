"""The mock of 贵州政务服务网 put together, with its part of the control plane."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.outgoing import Outgoing
from mocks.kit.partner import (
    CONTRACTS,
    Control,
    ControlCall,
    ControlError,
    Partner,
    Site,
    answer_json,
)
from mocks.kit.yaml_files import read_yaml
from mocks.one_thing.portal.gateway import Books, Gateway
from mocks.one_thing.portal.keys import Keys
from mocks.one_thing.portal.purchase import FAULTS as PURCHASE_FAULTS
from mocks.one_thing.portal.purchase import Purchase
from mocks.one_thing.portal.pushes import SHAPES, Pushes

_INTERFACE = "onething-retirement"
_FOLDER = CONTRACTS / "one_thing" / "retirement"
FAULTS: Mapping[str, FaultKind] = {
    "answer": FaultKind("照 answer 的 code 回答，什么都不记"),
    "wrong_digest": FaultKind("材料内容与摘要不符"),
    **PURCHASE_FAULTS,
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Portal(site)


class Portal:
    """The platform: files cases, takes feedback, hands out documents."""

    def __init__(self, site: Site) -> None:
        contract: dict[str, Any] = read_yaml(_FOLDER / "contract.yaml")
        schemas = {
            name: json.loads((_FOLDER / one["file"]).read_text(encoding="utf-8"))
            for name, one in contract["schemas"].items()
        }
        self._storage = site.storage
        self._keys = Keys(site.notes, site.state.parent / _INTERFACE)
        self._books = Books(site.storage)
        self._pushes = Pushes(site.storage, site.notes, contract, self._keys, site.clock)
        self._gateway = Gateway(
            contract, schemas, self._keys, self._books, site.clock, self._pushes.known
        )
        self._purchase = Purchase(
            site, self._keys, self._books, self._gateway, lambda: self._pushes.address
        )

    @property
    def outgoing(self) -> Outgoing:
        """The pushes."""
        return self._pushes

    def services(self) -> Mapping[str, Service]:
        """``api`` and ``docs``: one gateway, two doors, a key each; ``web``: what people open."""
        return {"api": self._purchase, "docs": self._gateway, "web": self._purchase.web}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """See ``FAULTS``."""
        return FAULTS

    def controls(self) -> Sequence[Control]:
        """The platform's routes."""
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
            Control("POST", "/documents", '放一份材料 {"fileid", "base64"}', self._document),
            Control("POST", "/keys", '换密钥 {"name": "app_secret" | "caller_secret"}',
                    self._renew),
            Control("GET", "/callback", "推送往哪里", self._address),
            Control("POST", "/callback", '推送往 {"url": "http://127.0.0.1:8528"}',
                    self._set_address),
            *self._purchase.controls(),
        )  # fmt: skip

    def reset(self) -> None:
        """Nothing filed, nothing told; keys and address stay."""
        with self._storage.write():
            self._pushes.reset()
            self._purchase.reset()
            self._books.clear()

    def _file(self, call: ControlCall) -> Answer:
        route, shape = str(call.body.get("route", "case.push")), str(call.body.get("shape", ""))
        if shape and shape not in SHAPES:
            raise ControlError(f"没有 {shape}；可用：{'、'.join(SHAPES)}")
        document = call.body.get("document")
        if document is None:
            sample = _FOLDER / "samples" / f"{route}.request.json"
            if not sample.exists():
                raise ControlError(f"没有 {route} 的基准报文", 404)
            document = json.loads(sample.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ControlError("document 是 JSON 对象")
        document = {**document, **call.body.get("set", {})}
        filed = str(document.get("id") or document.get("sblsh") or "")
        if call.body.get("once") and self._pushes.known(filed):
            return answer_json({"known": filed})
        try:
            number = self._pushes.add(route, document, shape, sent=bool(call.body.get("sent")))
        except KeyError:
            raise ControlError(f"规范没有 {route}", 404) from None
        return answer_json({"id": number}, 201)

    def _filed(self, _: ControlCall) -> Answer:
        return answer_json({"cases": self._pushes.shown()})

    def _told(self, call: ControlCall) -> Answer:
        number = str(call.body.get("number", ""))
        return answer_json({"feedback": self._books.feedback(number)})

    def _feedback(self, call: ControlCall) -> Answer:
        return answer_json({"feedback": self._books.feedback(call.query.get("number"))})

    def _document(self, call: ControlCall) -> Answer:
        try:
            content = base64.b64decode(str(call.body["base64"]), validate=True)
        except (KeyError, binascii.Error):
            raise ControlError("要 fileid 与 base64") from None
        self._books.put_document(str(call.body["fileid"]), content)
        return answer_json({"bytes": len(content)})

    def _renew(self, call: ControlCall) -> Answer:
        name = str(call.body.get("name", ""))
        if name not in ("app_secret", "caller_secret"):
            raise ControlError("name 是 app_secret 或 caller_secret")
        self._keys.renew(name)
        return answer_json({"renewed": name})

    def _address(self, _: ControlCall) -> Answer:
        return answer_json({"url": self._pushes.address})

    def _set_address(self, call: ControlCall) -> Answer:
        url = str(call.body.get("url", ""))
        if url and not url.startswith("http://127.0.0.1:"):
            raise ControlError("挡板只往本机 http://127.0.0.1: 推送")
        self._pushes.send_to(url)
        return self._address(call)
