"""Every part of the pages that stands on the hub's database.  A new part is one line here."""

from functools import partial

from hub.app.hub import Hub
from hub.web import (
    agreements,
    audit,
    cases,
    contracts,
    differing,
    duty,
    find,
    gauges,
    inbox,
    incidents,
    interfaces,
    metrics,
    minutes,
    morning,
    notify,
    roster,
    schedule,
    status,
)
from hub.web.app import Part
from hub.web.desk.agreements import StoreAgreements
from hub.web.desk.audit import StoreAudit
from hub.web.desk.cases import StoreCases
from hub.web.desk.contracts import StoreContracts
from hub.web.desk.differences import StoreDifferences
from hub.web.desk.duty import StoreDutyDesk
from hub.web.desk.find import StoreFind
from hub.web.desk.inbox import StoreInbox
from hub.web.desk.incidents import StoreIncidents
from hub.web.desk.interfaces import StoreInterfaces
from hub.web.desk.meters import StoreMeters
from hub.web.desk.minutes import StoreMinutes
from hub.web.desk.morning import StoreMorning
from hub.web.desk.notify import StoreNotify
from hub.web.desk.roster import StoreRoster
from hub.web.desk.schedule import StoreSchedule
from hub.web.desk.status import StoreStatus


def all_parts(hub: Hub) -> tuple[Part, ...]:
    """The operators' pages of one hub."""
    return (
        partial(status.make_router, StoreStatus(hub)),
        partial(morning.make_router, StoreMorning(hub)),
        partial(duty.make_router, StoreDutyDesk(hub)),
        partial(inbox.make_router, StoreInbox(hub)),
        partial(differing.make_router, StoreDifferences(hub)),
        partial(agreements.make_router, StoreAgreements(hub)),
        partial(notify.make_router, StoreNotify(hub)),
        partial(cases.make_router, StoreCases(hub)),
        partial(find.make_router, StoreFind(hub)),
        partial(interfaces.make_router, StoreInterfaces(hub)),
        partial(contracts.make_router, StoreContracts(hub)),
        partial(schedule.make_router, StoreSchedule(hub)),
        partial(incidents.make_router, StoreIncidents(hub)),
        partial(roster.make_router, StoreRoster(hub)),
        partial(minutes.make_router, StoreMinutes(hub)),
        partial(audit.make_router, StoreAudit(hub)),
        partial(metrics.make_router, StoreMeters(hub)),
        partial(gauges.make_router, StoreMeters(hub)),
    )
