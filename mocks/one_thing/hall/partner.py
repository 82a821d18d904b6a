"""The mock hall put together, with its part of the control plane."""

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
from mocks.one_thing.hall.books import Books
from mocks.one_thing.hall.line import Hub
from mocks.one_thing.hall.web import Web

_INTERFACE = "onething-home-purchase"


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Hall(site)


class Hall:
    """Lets people in, files what they apply for."""

    def __init__(self, site: Site) -> None:
        contract: dict[str, Any] = read_yaml(
            CONTRACTS / "one_thing" / "home_purchase" / "contract.yaml"
        )
        self._storage = site.storage
        self._hub = Hub(site.notes, contract, site.clock, site.state.parent / _INTERFACE)
        self._books = Books(site.storage, contract, self._hub)
        self._web = Web(self._books, self._hub, contract, site.environment)

    @property
    def outgoing(self) -> Outgoing:
        """The applications."""
        return self._books

    def services(self) -> Mapping[str, Service]:
        """``web``: what people open."""
        return {"web": self._web}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """The kit's alone."""
        return {}

    def controls(self) -> Sequence[Control]:
        """The hall's routes."""
        return (
            Control("GET", "/filed", "送给中心的申请：编号、版本、送了几次、中心怎样回答",
                    self._filed),
            Control("GET", "/callback", "中心的接收端口", self._address),
            Control("POST", "/callback", '中心的接收端口 {"url": "http://127.0.0.1:8528"}',
                    self._set_address),
        )  # fmt: skip

    def reset(self) -> None:
        """Nobody came; key and address stay."""
        with self._storage.write():
            self._books.reset()

    def _filed(self, _: ControlCall) -> Answer:
        return answer_json({"filed": self._books.filed()})

    def _address(self, _: ControlCall) -> Answer:
        return answer_json({"url": self._hub.address})

    def _set_address(self, call: ControlCall) -> Answer:
        url = str(call.body.get("url", ""))
        if url and not url.startswith("http://127.0.0.1:"):
            raise ControlError("挡板只往本机 http://127.0.0.1: 送")
        self._hub.at(url)
        return self._address(call)
