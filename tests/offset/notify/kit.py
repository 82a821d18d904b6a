"""A centre that tells its people: the real spool adapter on a real folder."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.notify.spool.adapter import Spool
from hub.bus import Delivery, Lane
from hub.bus.attempts import delivered, failed
from hub.contracts import load_contract
from hub.kernel.notify_settings import NotifySettings
from hub.offset.conductor import Conductor
from hub.offset.handlers import handlers
from hub.offset.notify.seat import NotifySeat
from hub.offset.notify.tables import told
from hub.offset.notify.telling import Teller
from hub.offset.notify.wording import Texts, read_texts
from hub.offset.tables import agreement
from hub.wire import NoRecorder
from hub.wire.partner import PartnerWire
from tests.offset.kit import Centre

SPEC = Path(__file__).parents[3] / "contracts_spec" / "notify" / "spool"
SPOOL = "notify-spool"


class Telling:
    """Around a centre: its teller, its spool, and what was told."""

    def __init__(
        self, centre: Centre, texts: Texts | None = None, port: Any = None, **rules: Any
    ) -> None:
        self.centre = centre
        self.folder = centre.folder / "spool"
        self.wire = PartnerWire({"spool": self.folder.as_uri()})
        self.port = port or Spool(load_contract(SPEC))
        self.rules(texts, **rules)

    def rules(self, texts: Texts | None = None, **rules: Any) -> None:
        """As after a restart with other settings."""
        seat = NotifySeat(
            SPOOL, "1.0.0", self.port.way, self.port.batch_limit, NotifySettings(**rules),
            texts or read_texts(),
        )  # fmt: skip
        self.seat = seat
        self.centre.office = replace(self.centre.office, notify=seat)
        self.centre.handlers = handlers(self.centre.office)
        self.centre.conductor = Conductor(self.centre.office)
        self.teller = Teller(self.centre.office, seat)
        self.teller.step()  # from now on

    def tell(self, *, send: bool = True) -> None:
        """Until nothing is to be done any more."""
        self.teller = Teller(self.centre.office, self.seat)  # its looks are not paced
        for _ in range(60):
            done = self.teller.step()
            done |= self.deliver("core", "notify.phones") > 0
            if send:
                done |= self.deliver(SPOOL) > 0
            if not done:
                return

    def deliver(self, interface: str, *kinds: str) -> int:
        """As a worker does."""
        centre = self.centre
        with centre.store.write() as tx:
            claims = centre.bus.claim(tx, "t", [Lane(interface, 500, 500, 60.0)], kinds)
        for claim in claims:
            one, handler = claim.message, centre.handlers[claim.message.kind]
            with centre.store.read() as view:
                payload = centre.bus.payload(view, one.id)
            port: Any = centre.core if interface == "core" else self.port
            try:
                line = self.wire.open_line(NoRecorder())
                got = handler.send(Delivery(one, payload, port, line))
                outcome = delivered(got, (), (), maybe_sent=True)
            except Exception as error:  # noqa: BLE001  as the worker does
                outcome = failed(one.effect, error, (), (), maybe_sent=False)
            with centre.store.write() as tx:
                centre.bus.finish(tx, claim, outcome, handler)
        return len(claims)

    def phones(self, missing: Sequence[str] = ()) -> None:
        """Everybody has a number at the core, but for these accounts."""
        known = self.centre.core.accounts_by_number
        for place, (number, one) in enumerate(sorted(known.items())):
            phone = "" if number in missing else f"1000000{place:04d}"
            known[number] = replace(one, phone=phone)

    def files(self) -> dict[str, dict[str, Any]]:
        """Number → what stands in its file."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                assert path.suffix == ".json"
                found[path.stem] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def said(self) -> list[tuple[str, str, str, str]]:
        """(agreement, occasion, template, state), in the order they were noted."""
        query = (
            sa.select(agreement.c.number, told.c.occasion, told.c.template, told.c.state)
            .join(agreement, agreement.c.id == told.c.agreement_id)
            .order_by(told.c.id)
        )
        with self.centre.store.read() as view:
            return [tuple(row) for row in view.execute(query)]
