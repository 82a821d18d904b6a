"""The desk behind the schedule's pages."""

from datetime import datetime

from hub.app import jobbing
from hub.app.hub import Hub
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.schedule.hands import NotADue
from hub.schedule.showing import Day, DueRow, JobRow


class StoreSchedule:
    """:class:`hub.web.schedule.ScheduleDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def schedule(self) -> jobbing.Schedule:
        return jobbing.read_schedule(self._hub)

    def month(self, period: Period) -> tuple[list[Day], list[DueRow]]:
        return jobbing.read_calendar(self._hub, period)

    def job(self, code: str) -> tuple[JobRow, list[DueRow]]:
        return jobbing.read_job(self._hub, code)

    def act(self, token: Secret, act: str, code: str, why: str, at: str) -> str:
        match act:
            case "run":
                return jobbing.start(self._hub, token, code, why)
            case "park":
                return jobbing.park(self._hub, token, code, why)
            case "resume":
                return jobbing.resume(self._hub, token, code, why)
            case _:
                return jobbing.skip(self._hub, token, code, why, _moment(at))


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise NotADue(f"{text[:25]!r} is not a moment") from None
    if found.tzinfo is not None:
        raise NotADue(f"{text[:25]!r} has a time zone")
    return found
