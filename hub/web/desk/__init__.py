"""The desk behind the pages: reads the hub's database, and carries out what people order."""

import sqlalchemy as sa

from hub.app import steps
from hub.app.hub import Hub
from hub.app.standing import read_standing
from hub.audit import record
from hub.audit.tables import audit_entry
from hub.kernel.errors import HubError, NotFound
from hub.kernel.logs import mask_text
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.offset import runs
from hub.store.durable import not_durable
from hub.web import model
from hub.web.desk import board, books, items
from hub.web.words import Language

_UNSEALED_LIMIT = 100_000
_LONGEST = 18
_INSTRUCTION = 20


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
        standing = read_standing(self._hub)
        with self._hub.store.read() as view:
            run_id = int(runs.find_run(view, Period.parse(month)).id)
            facets = items.run_facets(view, run_id)
            return board.board(self._hub, view, month, facets, standing)

    def book(self, month: str, name: str, language: Language) -> bytes:
        return books.make(self._hub, Period.parse(month), name, language)

    def items(self, month: str, wanted: model.ItemFilter, page: int, size: int) -> model.ItemPage:
        with self._hub.store.read() as view:
            found = items.list_items(self._hub, view, month, wanted, page, size)
        if wanted.query.strip() and page == 1:
            self._note_search(month, wanted.query, found.found.count)
        return found

    def _note_search(self, month: str, query: str, count: int) -> None:
        """Searching for a person is itself an act.  Nobody has signed in yet: the page asks."""
        text = " ".join(query.split())
        with self._hub.store.write() as tx:
            record(
                tx, act="item.search", actor="page", subject=month,
                detail={"query": _masked(text)},
                count=count,
            )  # fmt: skip

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
            weak = not_durable(self._hub.store)
        except HubError as error:
            return model.Health((model.HealthCheck("database", False, error.message),))
        sealed = int(waiting or 0) < _UNSEALED_LIMIT
        return model.Health(
            (
                model.HealthCheck("database", True),
                model.HealthCheck("durable", not weak, ", ".join(weak)),
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
        return steps.confirm(self._hub, token, _number(approval), reason)

    def refuse(self, token: Secret, approval: str, reason: str) -> str:
        return steps.refuse(self._hub, token, _number(approval), reason)


def _masked(query: str) -> str:
    """What was looked for, as the audit may hold it: of an account its end, as pages show it;
    numbers of agreements and instructions whole."""
    account = query.isdigit() and len(query) < _INSTRUCTION
    return f"****{query[-4:]}" if account else mask_text(query)


def _number(text: str) -> int:
    """A request's or a difference's number as a page gives it; raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        raise NotFound(f"there is no number {text[:_LONGEST]!r}")
    return int(text)
