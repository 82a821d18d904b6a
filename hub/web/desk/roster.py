"""The desk of the duty list's page."""

from hub.app import duty_acts
from hub.app.duty_acts import DutyBoard
from hub.app.hub import Hub
from hub.kernel.secret import Secret


class StoreRoster:
    """:class:`hub.web.roster.RosterDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def board(self) -> DutyBoard:
        return duty_acts.read_board(self._hub)

    def set(
        self, token: Secret, rung: str, login: str, begins: str, ends: str, shift: str, why: str
    ) -> str:
        return duty_acts.set_duty(
            self._hub, token, rung, login, begins, ends, shift=shift, why=why
        )  # fmt: skip

    def swap(self, token: Secret, one: str, other: str, begins: str, ends: str, why: str) -> str:
        return duty_acts.swap_duty(self._hub, token, one, other, begins, ends, why=why)

    def reach(self, token: Secret, login: str, way: str, to: Secret, why: str) -> str:
        return duty_acts.reach(self._hub, token, login, way, to.reveal(), why=why)
