"""How a channel retries, gives up and raises the alarm.  Figures are machine time in seconds."""

import random
from dataclasses import dataclass

from hub.kernel.errors import BadInput


class BadChannelPolicy(BadInput):
    """A channel's policy does not fit together."""

    code = "bus.bad_policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPolicy:
    """One interface's policy.  Lease, timeout and concurrency are its contract's (OpenPartner).

    ``retry_*``: back-off of one message.  ``rest_*``: back-off of the whole channel while its
    partner cannot be reached, so that a thousand queued messages do not each knock.
    ``max_tries`` and ``max_age_s`` (since queued) are the ceiling before the dead letters.
    ``margin_s``: a call starts only while the lease outlasts its timeout by this.
    ``places``: how many addresses the partner has; after ``switch_after`` calls in a row that
    surely were not sent the channel goes over to the next (0: only by hand), and by itself not
    again for ``switch_again_s``.
    ``alert_backlog`` messages ready, or one ready for ``alert_age_s``: the queue is growing.
    """

    retry_first_s: float = 0.5
    retry_max_s: float = 60.0
    rest_first_s: float = 0.25
    rest_max_s: float = 15.0
    max_tries: int = 2000
    max_age_s: float = 72 * 3600.0
    margin_s: float = 2.0
    places: int = 1
    switch_after: int = 0
    switch_again_s: float = 600.0
    alert_backlog: int = 5000
    alert_age_s: float = 300.0

    def __post_init__(self) -> None:
        if min(self.retry_first_s, self.rest_first_s) <= 0 or self.max_tries < 1:
            raise BadChannelPolicy("back-off must be above 0 and max_tries at least 1")

    def retry_us(self, tries: int) -> int:
        """How long a message waits after its ``tries``-th attempt, with jitter, in µs."""
        return _wait_us(self.retry_first_s, self.retry_max_s, tries)

    def rest_us(self, fails: int) -> int:
        """How long a channel rests after its ``fails``-th miss in a row, in µs."""
        return _wait_us(self.rest_first_s, self.rest_max_s, fails)


def _wait_us(first: float, most: float, number: int) -> int:
    """Doubling from ``first`` up to ``most``, less up to a quarter of jitter.

    Written out: tenacity's wait functions want a retrying call's state, which a row is not.
    """
    doubled = first * 2 ** min(max(number - 1, 0), 40)
    seconds = min(doubled, most) * (1 - random.random() / 4)  # noqa: S311  (no secret)
    return int(seconds * 1_000_000)
