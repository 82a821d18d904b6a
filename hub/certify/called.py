"""Our own side as others meet it when they call: an address, and a caller that signs as the
gateway does.

The signature is made from the contract's text and shares no code with the adapter that checks it.
"""

import base64
import hmac
from datetime import datetime
from typing import ClassVar

from hub.certify.endpoint import Endpoint, NobodyThere
from hub.crypto import hmac_sm3
from hub.kernel.errors import HubError
from hub.kernel.secret import Secret


class Called(Endpoint):
    """``place`` is what its address goes by; the context is the caller's: ids and keys."""

    place: ClassVar[str]
    _last_ms = 0

    def next_ms(self) -> int:
        """No two requests of one moment: under one signature the second would be a forgery."""
        self._last_ms = max(self._last_ms + 1, int(self.clock.now().timestamp() * 1000))
        return self._last_ms

    def value(self, name: str) -> str:
        """One of the caller's; raises Misconfigured."""
        return self._context.value(name)

    def secret(self, name: str) -> Secret:
        """The same."""
        return self._context.secret(name)

    def require_answer(self) -> None:
        """Raises NobodyThere when nothing leaves this machine."""
        line, _ = self.open_line()
        try:
            line.post("ask", endpoint=self.place, path="/", headers={}, body=b"")
        except HubError as error:
            raise NobodyThere(f"{self.urls[self.place]}: {error.message}") from None

    def begin_case(self, moment: datetime) -> None:
        """Business time goes back to the morning; the caller's milliseconds begin anew where its
        callers do, and go on where it is the same for all cases."""
        if self.owned_callers:
            self._last_ms = 0
        super().begin_case(moment)

    owned_callers: ClassVar[bool] = True


def signature(algorithm: str, key: str, text: str) -> str:
    """Base64 of the gateway's HMAC over service, caller and time."""
    if algorithm == "HMAC-SM3":
        return base64.b64encode(hmac_sm3(key.encode(), text.encode())).decode()
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()
