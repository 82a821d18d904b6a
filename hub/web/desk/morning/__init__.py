"""The desk behind the morning page: a few indexed questions, no table read through."""

from datetime import date, timedelta

from hub.app.hub import Hub
from hub.app.jobbing import read_schedule
from hub.app.overview import midnight
from hub.app.standing import read_standing
from hub.kernel.clocks import from_us
from hub.schedule import CalendarUnknown, load_span
from hub.web.desk import watch
from hub.web.desk.morning import deciding, night, today
from hub.web.desk.shift import Shift
from hub.web.morning import Line, Morning

EVENING_US = 18 * 3_600_000_000
_LONGEST_CLOSED = timedelta(days=20)


class StoreMorning:
    """:class:`hub.web.morning.MorningDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def morning(self) -> Morning:
        hub = self._hub
        now_us, standing, schedule = hub.office.now_us(), read_standing(hub), read_schedule(hub)
        with hub.store.read() as view:
            shift = Shift.now(hub, view)
            day = from_us(now_us).date()
            calendar = load_span(view, day - _LONGEST_CLOSED, day)
            try:
                evening = calendar.previous_banking_day(day)
            except CalendarUnknown:  # the schedule's page and an alarm say what is missing
                evening = day - timedelta(days=1)
            since_us = _evening(evening)
            troubles = tuple(
                Line("trouble", "/", {"text": one.text}, "bad")
                for one in watch.troubles(hub, standing)
            )
            return Morning(
                since_us, now_us,
                night=tuple(night.lines(hub, view, shift, since_us, now_us)),
                decide=(*troubles, *deciding.lines(hub, view, shift, now_us)),
                today=tuple(today.lines(hub, view, schedule)),
            )  # fmt: skip


def _evening(day: date) -> int:
    return midnight(day) + EVENING_US
