"""What a probe saw, from how its call ended."""

from collections.abc import Callable

from hub.kernel.errors import HubError
from hub.ports.line import FileRefused, LineNotSent, LineUnknown, PartnerRefused, ReplyUnreadable
from hub.ports.probe import ProbeResult


def probe(ask: Callable[[], object], *, code: str, text: str = "") -> ProbeResult:
    """Ask, and say what was seen; ``code`` is the partner's word for success.

    An answer nobody can read, or a refusal, of a file too, still proves that somebody is there.
    """
    try:
        ask()
    except (LineNotSent, LineUnknown) as error:
        return _seen(error, reachable=False)
    except (ReplyUnreadable, FileRefused) as error:
        return _seen(error, reachable=True)
    except PartnerRefused as error:
        return ProbeResult(True, usable=False, code=error.partner_code, text=error.text)
    return ProbeResult(True, usable=True, code=code, text=text)


def _seen(error: HubError, *, reachable: bool) -> ProbeResult:
    return ProbeResult(reachable, usable=False, code=error.code, text=error.message)
