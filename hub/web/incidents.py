"""The pages of the incidents: the list, and one with its clocks, card, timeline and acts."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from hub.kernel.secret import Secret
from hub.monitor.incident_reading import AlreadyAnswered, Incident, IncidentSeen
from hub.monitor.works import Works
from hub.web import guard
from hub.web.acts import (
    Reason,
    Short,
    Token,
    forget_said,
    own_form,
    secret_of,
    send_back,
    take_said,
)
from hub.web.incident_paper import MEDIA
from hub.web.render import Pages


class IncidentDesk(Protocol):
    """Supplies these pages."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def incidents(self) -> tuple[tuple[Incident, ...], tuple[Works, ...], int]:
        """Incidents, those that last first; maintenance of the days around now; how many alerts
        could not be delivered yet."""
        ...

    def incident(self, number: str) -> IncidentSeen:
        """One.  Raises NoSuchIncident."""
        ...

    def report(self, token: Secret, number: str, form: str) -> bytes:
        """The report's file, docx or pdf; noted in the audit.  Raises NoSuchIncident."""
        ...

    def act(self, token: Secret, number: str, act: str, said: str, to: str) -> str:
        """Respond, note, hand over or resolve; one line on it."""
        ...


def make_router(desk: IncidentDesk, pages: Pages) -> APIRouter:
    """``/incidents``, ``/incidents/{number}`` and what is done there."""

    def show(request: Request, template: str, **values: object) -> Response:
        said = take_said(request)
        shown = {"said": said, **values}
        response = pages.page(request, template, shown, now_us=desk.now_us())
        if said:
            forget_said(response)
        return response

    def listed(request: Request) -> Response:
        """Every incident, those that last first."""
        found, works, stuck = desk.incidents()
        return show(request, "incidents.html", incidents=found, works=works, stuck=stuck)

    def one(request: Request, number: str) -> Response:
        """One incident."""
        return show(request, "incident.html", seen=desk.incident(number))

    def act(
        request: Request,
        *,
        number: str,
        token: Token,
        act: Annotated[str, Form(pattern="^(respond|note|hand|resolve)$")],
        reason: Reason = "",
        to: Short = "",
    ) -> Response:
        """Respond, note, hand over or resolve.  Who answers second is told who was first."""
        try:
            said = desk.act(secret_of(token), number, act, reason, to.strip())
        except AlreadyAnswered as first:
            said = first.said
        return send_back(request, f"/incidents/{int(number)}", said)

    def report(
        *, number: str, token: Token, form: Annotated[str, Form(pattern="^(docx|pdf)$")]
    ) -> Response:
        """The report to take away.  A form, since who takes it is noted."""
        body = desk.report(secret_of(token), number, form)
        name = f"incident-{int(number)}.{form}"
        return Response(
            body, media_type=MEDIA[form],
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )  # fmt: skip

    router = APIRouter()
    for path, page in (("/incidents", listed), ("/incidents/{number}", one)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    posts = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    posts.add_api_route("/incidents/{number}", act, methods=["POST"], response_model=None)
    posts.add_api_route(
        "/incidents/{number}/report", report, methods=["POST"], response_model=None
    )  # fmt: skip
    router.include_router(posts)
    return router
