"""Telling people, tied together: the seat from hub.toml, quiet hours, the wording."""

from datetime import datetime
from pathlib import Path

import pytest

from hub.app.assembly import open_hub
from hub.app.hub import Hub
from hub.app.notifying import notify_seat
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.errors import Misconfigured
from hub.offset.notify.asking import TEXTS
from hub.offset.notify.wording import BadTexts
from tests.app.conftest import make_home

SPOOL = "notify-spool"


def shut(hub: Hub, hour: int, interface: str = SPOOL) -> frozenset[str]:
    hub.clock = FixedClock(datetime(2025, 10, 9, hour, 0, tzinfo=SHANGHAI))
    with hub.store.read() as view:
        return hub.bus.shut(view, interface)


def test_nobody_is_told_while_they_sleep_and_reads_go_on(tmp_path: Path) -> None:
    with open_hub(make_home(tmp_path)) as hub:
        assert [shut(hub, hour) for hour in (7, 8, 20, 21, 23)] == [
            {TEXTS}, frozenset(), frozenset(), {TEXTS}, {TEXTS},
        ]  # fmt: skip
        assert shut(hub, 23, "core-reference") == frozenset()


def test_the_seat_is_the_one_interface_with_an_address(tmp_path: Path) -> None:
    with open_hub(make_home(tmp_path)) as hub:
        seat = hub.office.notify
        assert seat is not None
        assert (seat.interface, seat.batch_limit, seat.rules.who) == (SPOOL, 100, "problems")
        assert {"notify.phones", "notify.texts"} <= set(hub.handlers())
        found = hub.of_port("notify")
        assert notify_seat([], hub.partners, hub.settings) is None
        with pytest.raises(Misconfigured):
            notify_seat([*found, *found], hub.partners, hub.settings)


def test_a_wording_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    settings = make_home(tmp_path)
    (settings.home / "texts.yaml").write_text('templates: {after.failed: "{id}"}', "utf-8")
    other = settings.model_copy(
        update={"notify": settings.notify.model_copy(update={"texts": "texts.yaml"})}
    )
    with open_hub(settings) as hub, pytest.raises(BadTexts):
        notify_seat(hub.of_port("notify"), hub.partners, other)
