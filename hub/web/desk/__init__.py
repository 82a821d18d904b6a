"""The desk behind the pages: reads the hub's database, and carries out what people order."""

import sqlalchemy as sa

from hub.app import orders, steps
from hub.app.hub import Hub
from hub.audit.tables import audit_entry
from hub.kernel.errors import HubError
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.offset import runs
from hub.web import model
from hub.web.desk import board, items

_UNSEALED_LIMIT = 100_000


class StoreDesk:
    """:class:`hub.web.model.Desk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def runs(self) -> tuple[model.RunSummary, ...]:
        with self._hub.store.read() as view:
            return board.summaries(view)

    def board(self, month: str) -> model.Board:
        with self._hub.store.read() as view:
            run_id = int(runs.find_run(view, Period.parse(month)).id)
            facets = items.run_facets(view, run_id)
            return board.board(self._hub, view, month, facets)

    def items(self, month: str, wanted: model.ItemFilter, page: int, size: int) -> model.ItemPage:
        with self._hub.store.read() as view:
            return items.list_items(self._hub, view, month, wanted, page, size)

    def item(self, number: str) -> model.ItemLife:
        with self._hub.store.read() as view:
            return items.item_life(self._hub, view, number)

    def health(self) -> model.Health:
        try:
            with self._hub.store.read() as view:
                waiting = view.scalar(
                    sa.select(sa.func.count())
                    .select_from(audit_entry)
                    .where(audit_entry.c.seq.is_(None))
                )
        except HubError as error:
            return model.Health((model.HealthCheck("database", False, error.message),))
        sealed = int(waiting or 0) < _UNSEALED_LIMIT
        return model.Health(
            (
                model.HealthCheck("database", True),
                model.HealthCheck("sealer", sealed, f"{waiting} entries wait to be sealed"),
            )
        )

    def submit_plan(self, token: Secret, month: str, wave: int, digest: str, reason: str) -> str:
        period = Period.parse(month)
        with self._hub.store.read() as view:
            found = runs.find_wave(view, runs.find_run(view, period).id, wave)
        if found.digest != digest:
            raise runs.PlanChanged
        return str(steps.request_plan(self._hub, token, period, wave, reason))

    def confirm(self, token: Secret, approval: str, reason: str) -> str:
        return steps.confirm(self._hub, token, int(approval), reason)

    def stop_channel(self, token: Secret, interface: str, reason: str) -> str:
        return orders.stop_channel(self._hub, token, interface, reason)

    def resume_channel(self, token: Secret, interface: str, reason: str) -> str:
        return orders.ask_resume(self._hub, token, interface, reason)
