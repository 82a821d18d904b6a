"""The mock of the market regulator put together, with its part of the control plane.

The sharing platform's gateway speaks as 贵州政务服务网's does; keys, books and journal are its own.
"""

import csv
import io
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
from mocks.one_thing.portal.pushes import SHAPES, Pushes

_INTERFACE = "onething-migration"
_FOLDER = CONTRACTS / "one_thing" / "migration"
FAULTS: Mapping[str, FaultKind] = {
    "answer": FaultKind("照 answer 的 code 回答，什么都不记"),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Regulator(site)


class Regulator:
    """The regulator: files migrations, takes feedback."""

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

    @property
    def outgoing(self) -> Outgoing:
        """The pushes."""
        return self._pushes

    def services(self) -> Mapping[str, Service]:
        """``api``: the gateway."""
        return {"api": self._gateway}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """See ``FAULTS``."""
        return FAULTS

    def controls(self) -> Sequence[Control]:
        """The platform's routes."""
        shapes = "、".join(f"{name} {one.description}" for name, one in SHAPES.items())
        return (
            Control("POST", "/cases",
                    '推送：{"route": "case.push", "document": {…}, "shape": ""}；没有 document '
                    f"时用基准报文，set 改其中的域；shape：{shapes}", self._file),
            Control("GET", "/cases", "各次推送：编号、版本、送了几次、中心怎样回答", self._filed),
            Control("GET", "/feedback", "收到的进度反馈：?number=", self._feedback),
            Control("GET", "/feedback.csv", "收到的进度反馈，一行一条", self._feedback_csv),
            Control("POST", "/keys", '换密钥 {"name": "app_secret" | "caller_secret"}',
                    self._renew),
            Control("GET", "/callback", "推送往哪里", self._address),
            Control("POST", "/callback", '推送往 {"url": "http://127.0.0.1:8528"}',
                    self._set_address),
        )  # fmt: skip

    def reset(self) -> None:
        """Nothing filed, nothing told; keys and address stay."""
        with self._storage.write():
            self._pushes.reset()
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
        changes = call.body.get("set", {})
        try:
            number = self._pushes.add(route, {**document, **changes}, shape)
        except KeyError:
            raise ControlError(f"规范没有 {route}", 404) from None
        return answer_json({"id": number}, 201)

    def _filed(self, _: ControlCall) -> Answer:
        return answer_json({"cases": self._pushes.shown()})

    def _feedback(self, call: ControlCall) -> Answer:
        return answer_json({"feedback": self._books.feedback(call.query.get("number"))})

    def _feedback_csv(self, _: ControlCall) -> Answer:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("number", "version", "seq", "cljg", "sjyy", "receipt", "repeats"))
        for one in self._books.feedback(None):
            said = one["document"]
            writer.writerow((one["number"], said["version"], one["seq"], said["cljg"],
                             said.get("sjyy", ""), one["receipt"], one["repeats"]))  # fmt: skip
        return Answer(out.getvalue().encode("utf-8"), content_type="text/csv; charset=utf-8")

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
