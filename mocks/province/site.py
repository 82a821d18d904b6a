"""A platform with a directory put together, and its part of the control plane."""

from collections.abc import Mapping, Sequence
from typing import Any

from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.partner import (
    CONTRACTS,
    Control,
    ControlCall,
    ControlError,
    Site,
    answer_json,
)
from mocks.kit.yaml_files import read_yaml
from mocks.province.directory import PASSED, REJECTED, Directory
from mocks.province.keys import Keys

FAULTS: Mapping[str, FaultKind] = {
    "answer": FaultKind("照 answer 的 code 回答，什么都不记"),
}


class DirectoryPlatform:
    """Takes catalogues; ``folder`` is its contract's below contracts_spec/province."""

    def __init__(self, site: Site, folder: str) -> None:
        contract: dict[str, Any] = read_yaml(CONTRACTS / "province" / folder / "contract.yaml")
        self._keys = Keys(site.notes, site.state.parent / str(contract["interface"]))
        self._storage = site.storage
        self.directory = Directory(contract, site.storage, site.notes, self._keys, site.clock)

    def services(self) -> Mapping[str, Service]:
        """``api``."""
        return {"api": self.directory}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """See ``FAULTS``."""
        return FAULTS

    def controls(self) -> Sequence[Control]:
        """The directory's routes."""
        return (
            Control("GET", "/resources", "各资源：编目内容、环节、审核", self._resources),
            Control("GET", "/steps", "收到的各环节及回执", self._steps),
            Control("POST", "/review",
                    '审核：{"code": 资源, "state": "02" 通过 | "03" 退回, "remark": ""}',
                    self._review),
            Control("POST", "/pace", '{"manual": true} 由人审核；false（缺省）自动通过',
                    self._pace),
            Control("POST", "/keys", "换应用密钥；旧的不再认", self._renew),
        )  # fmt: skip

    def reset(self) -> None:
        """Nothing filed; keys stay."""
        with self._storage.write():
            self.directory.reset()

    def _resources(self, _: ControlCall) -> Answer:
        return answer_json({"resources": self.directory.shown()})

    def _steps(self, _: ControlCall) -> Answer:
        return answer_json({"steps": self.directory.steps()})

    def _review(self, call: ControlCall) -> Answer:
        state, code = str(call.body.get("state", "")), str(call.body.get("code", ""))
        if state not in (PASSED, REJECTED):
            raise ControlError("state 是 02 或 03")
        if not self.directory.judge(code, state, str(call.body.get("remark", ""))):
            raise ControlError("这个资源不在审核中", 404)
        return answer_json({"code": code, "state": state})

    def _pace(self, call: ControlCall) -> Answer:
        manual = bool(call.body.get("manual", False))
        self.directory.set_manual(manual=manual)
        return answer_json({"manual": manual})

    def _renew(self, _: ControlCall) -> Answer:
        self._keys.renew()
        return answer_json({"renewed": "app_secret"})
