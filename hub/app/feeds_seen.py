"""What should have come this month, of every interface: 应到、实到、迟到、未到."""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from hub.app.catalogue import Catalogue
from hub.app.hub import Hub
from hub.kernel.clocks import from_us, to_us
from hub.monitor.feeds import FeedRule, FeedSeen, Tally, month_span, newest, tallies

_NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed of a manifest and this month's figures."""

    rule: FeedRule
    tally: Tally


@dataclass(frozen=True, slots=True)
class FeedsSeen:
    """One interface.  No ``lines``: its manifest declares nothing."""

    interface: str
    lines: tuple[FeedLine, ...] = ()
    rows: tuple[FeedSeen, ...] = ()


def see_feeds(hub: Hub, catalogue: Catalogue, view: Connection, interface: str) -> FeedsSeen:
    """One interface, with what is missing and what was due last."""
    adapter = catalogue.adapters.get(interface)
    if adapter is None or not adapter.manifest.feeds:
        return FeedsSeen(interface)
    span = month_span(from_us(to_us(hub.clock.now())).date())
    counted = tallies(view, *span)
    lines = tuple(
        FeedLine(rule, counted.get((interface, rule.feed), _NOTHING))
        for rule in adapter.manifest.feeds
    )
    return FeedsSeen(interface, lines, tuple(newest(view, interface)))
