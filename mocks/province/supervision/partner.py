"""The mock of 省监管平台: it asks us by its catalogue, and takes what we upload."""

from collections.abc import Sequence
from typing import Any

from mocks.kit.messages import Answer
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
from mocks.province.site import DirectoryPlatform
from mocks.province.supervision.asking import Asking


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Supervision(site)


class Supervision(DirectoryPlatform):
    """The supervising platform."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, "upload")
        contract: dict[str, Any] = read_yaml(
            CONTRACTS / "province" / "supervision" / "contract.yaml"
        )
        self._asking = Asking(site.storage, site.notes, contract, site.clock)

    @property
    def outgoing(self) -> Outgoing:
        """The questions."""
        return self._asking

    def controls(self) -> Sequence[Control]:
        """Those of the directory, and of the questions."""
        return (
            *super().controls(),
            Control("POST", "/caller",
                    '向谁查询：{"url": 中心对外查询地址, "rid", "sid", "secret"}，照授权所给',
                    self._tell),
            Control("POST", "/ask",
                    '查一个功能：{"name": "get_yqqk_DataCx", "body": {…}}；zjbzxbm 自动填',
                    self._ask),
            Control("GET", "/answers", "各次查询及应答", self._answers),
        )  # fmt: skip

    def reset(self) -> None:
        """Nothing filed, nothing asked."""
        super().reset()
        self._asking.reset()

    def _tell(self, call: ControlCall) -> Answer:
        said = {name: str(call.body.get(name, "")) for name in ("url", "rid", "sid", "secret")}
        if not all(said.values()):
            raise ControlError("要 url、rid、sid、secret")
        if not said["url"].startswith("http://127.0.0.1:"):
            raise ControlError("挡板只向本机 http://127.0.0.1: 查询")
        self._asking.tell(said)
        return answer_json({"url": said["url"], "rid": said["rid"]})

    def _ask(self, call: ControlCall) -> Answer:
        name, body = str(call.body.get("name", "")), call.body.get("body", {})
        if not isinstance(body, dict):
            raise ControlError("body 是 JSON 对象")
        try:
            return answer_json({"id": self._asking.add(name, body)}, 201)
        except KeyError:
            raise ControlError(
                f"没有 {name}；可用：{'、'.join(self._asking.names())}", 404
            ) from None

    def _answers(self, _: ControlCall) -> Answer:
        return answer_json({"answers": self._asking.shown()})
