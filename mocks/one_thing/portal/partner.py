"""The mock of 贵州政务服务网 put together, with its part of the control plane."""

import base64
import binascii
from collections.abc import Mapping, Sequence

from mocks.kit.cases import FAULTS as PLATFORM_FAULTS
from mocks.kit.cases import CasePlatform
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.partner import Control, ControlCall, ControlError, Partner, Site, answer_json
from mocks.one_thing.portal.purchase import FAULTS as PURCHASE_FAULTS
from mocks.one_thing.portal.purchase import Purchase

_FAULTS: Mapping[str, FaultKind] = {
    **PLATFORM_FAULTS,
    "wrong_digest": FaultKind("材料内容与摘要不符"),
    **PURCHASE_FAULTS,
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Portal(site)


class Portal(CasePlatform):
    """The platform: files cases, takes feedback, hands out documents."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, "onething-retirement", "one_thing/retirement")
        self._purchase = Purchase(
            site, self.keys, self.books, self.gateway, lambda: self.pushes.address
        )

    def services(self) -> Mapping[str, Service]:
        """``api`` and ``docs``: one gateway, two doors, a key each; ``web``: what people open."""
        return {"api": self._purchase, "docs": self.gateway, "web": self._purchase.web}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """See ``_FAULTS``."""
        return _FAULTS

    def controls(self) -> Sequence[Control]:
        """The platform's routes."""
        return (
            *super().controls(),
            Control("POST", "/documents", '放一份材料 {"fileid", "base64"}', self._document),
            *self._purchase.controls(),
        )

    def clear(self) -> None:
        """See ``CasePlatform.clear``."""
        super().clear()
        self._purchase.reset()

    def _document(self, call: ControlCall) -> Answer:
        try:
            content = base64.b64decode(str(call.body["base64"]), validate=True)
        except (KeyError, binascii.Error):
            raise ControlError("要 fileid 与 base64") from None
        self.books.put_document(str(call.body["fileid"]), content)
        return answer_json({"bytes": len(content)})
