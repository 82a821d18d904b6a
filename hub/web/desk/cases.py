"""The desk of the cases' pages."""

from hub import audit
from hub.app import case_acts, field_acts
from hub.app.hub import Hub
from hub.bus.looking import see_message
from hub.cases.looking import CaseFilter, CasePage, CaseSeen, count_trays, list_cases, see_case
from hub.cases.office import day_number
from hub.kernel.logs import mask_text
from hub.kernel.secret import mask_id, mask_name
from hub.web.cases import CaseView
from hub.web.desk.find import newest_sealed
from hub.web.desk.shift import Shift
from hub.web.model.items import AuditLine

_TOLD_MOST = 50


class StoreCases:
    """:class:`hub.web.cases.CaseDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def trays(self) -> dict[str, int]:
        with self._hub.store.read() as view:
            return count_trays(view, self._today)

    def cases(self, wanted: CaseFilter, before: int | None, size: int) -> CasePage:
        hub = self._hub
        with hub.store.read() as view:
            found = list_cases(
                view, hub.vault.tokens, wanted, today=self._today, before=before, size=size
            )
        if wanted.query and before is None:  # searching for a person is itself an act
            with hub.store.write() as tx:
                audit.record(
                    tx, act="case.search", actor="page", subject="cases",
                    detail={"query": _masked(wanted.query)}, count=len(found.lines),
                )  # fmt: skip
        return found

    def case(self, number: str) -> CaseView:
        hub = self._hub
        with hub.store.read() as view:
            shift = Shift.now(hub, view)
            seen = see_case(view, number, today=self._today)
            kinds = case_acts.OF_EVERY if seen.unit is None else case_acts.KINDS
            acts = tuple(kind.look(hub, view, str(seen.line.id)) for kind in kinds.values())
            acts += tuple(
                kind.look(hub, view, f"{seen.line.id}:{one.place}")
                for one in seen.fields if one.waits for kind in field_acts.KINDS.values()
            )  # fmt: skip
            told = [one.message_id for one in seen.steps if one.message_id is not None]
            messages = {one: shift.all(see_message(view, one)) for one in told[-_TOLD_MOST:]}
        office = hub.cases
        known = office is not None and seen.line.interface in office.seats
        materials = office.seats[seen.line.interface].terms.materials if known and office else {}
        return CaseView(seen, acts, {code: one.what for code, one in materials.items()}, messages)

    def printed(self, number: str, by: str) -> tuple[CaseSeen, AuditLine | None]:
        hub = self._hub
        with hub.store.read() as view:
            seen = see_case(view, number, today=self._today)
            head = newest_sealed(view, f"case:{seen.line.id}", Shift.now(hub, view))
        with hub.store.write() as tx:
            audit.record(tx, act="case.printed", actor=by, subject=f"case:{seen.line.id}", count=1)
        return seen, head

    @property
    def _today(self) -> int:
        return day_number(self._hub.clock.today())


def _masked(query: str) -> str:
    if query[:-1].isdigit():
        return mask_id(query)
    return mask_text(query) if query.isascii() else mask_name(query)
