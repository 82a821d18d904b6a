"""Where texts go, and by which rules: what a deployment has said."""

from dataclasses import dataclass

from hub.kernel.notify_settings import NotifySettings
from hub.offset.notify.wording import Texts
from hub.ports.notify import NotifyWay


@dataclass(frozen=True, slots=True)
class NotifySeat:
    """The one notify interface this deployment reaches."""

    interface: str
    contract_version: str
    way: NotifyWay
    batch_limit: int
    rules: NotifySettings
    texts: Texts
