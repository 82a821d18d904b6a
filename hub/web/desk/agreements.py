"""The desk of the agreements' pages."""

from hub import audit
from hub.app import agreement_acts
from hub.app.hub import Hub
from hub.bus.preview import Preview
from hub.kernel.logs import mask_text
from hub.offset.agreement_looking import (
    AgreementFilter,
    AgreementPage,
    AgreementSeen,
    list_agreements,
    see_agreement,
)


class StoreAgreements:
    """:class:`hub.web.agreements.AgreementDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def banks(self) -> dict[str, str]:
        return {code: seat.name for code, seat in sorted(self._hub.office.banks.items())}

    def agreements(self, wanted: AgreementFilter, before: int | None, size: int) -> AgreementPage:
        hub = self._hub
        with hub.store.read() as view:
            found = list_agreements(view, hub.vault.tokens, wanted, before=before, size=size)
        if wanted.query and before is None:  # searching for a person is itself an act
            with hub.store.write() as tx:
                audit.record(
                    tx, act="agreement.search", actor="page", subject="agreements",
                    detail={"query": _masked(wanted.query)}, count=len(found.lines),
                )  # fmt: skip
        return found

    def agreement(self, number: str) -> tuple[AgreementSeen, tuple[Preview, ...]]:
        hub = self._hub
        with hub.store.read() as view:
            seen = see_agreement(view, number)
            acts = tuple(kind.look(hub, view, number) for kind in agreement_acts.KINDS.values())
        return seen, acts


def _masked(query: str) -> str:
    return f"****{query[-4:]}" if query.isdigit() else mask_text(query)
