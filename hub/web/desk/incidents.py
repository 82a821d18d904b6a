"""The desk of the incidents' pages."""

from hub.app import incident_acts, incident_report
from hub.app.hub import Hub
from hub.app.operators import hands_on
from hub.kernel.secret import Secret
from hub.monitor import alerts
from hub.monitor.incident_reading import Incident, IncidentSeen, list_incidents, see_incident
from hub.monitor.works import Works, read_works
from hub.web.incident_paper import paper_of

_AROUND_US = 14 * 86_400_000_000


class StoreIncidents:
    """:class:`hub.web.incidents.IncidentDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def incidents(self) -> tuple[tuple[Incident, ...], tuple[Works, ...], int]:
        now_us = self.now_us()
        with self._hub.store.read() as view:
            works = read_works(view, now_us - _AROUND_US, now_us + _AROUND_US)
            return tuple(list_incidents(view)), tuple(works), alerts.undelivered(view)

    def incident(self, number: str) -> IncidentSeen:
        with self._hub.store.read() as view:
            return see_incident(view, incident_acts.number_of(number))

    def report(self, token: Secret, number: str, form: str) -> bytes:
        actor = hands_on(self._hub.people.authenticate(token))
        made = incident_report.report_of(self._hub, incident_acts.number_of(number))
        content = paper_of(made, form)
        incident_report.keep(self._hub, made, by=actor.login, form=form, file=content)
        return content

    def act(self, token: Secret, number: str, act: str, said: str, to: str) -> str:
        return incident_acts.act_on(
            self._hub, token, incident_acts.number_of(number), act, said, to, way="page"
        )
