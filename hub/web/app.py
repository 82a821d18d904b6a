"""The pages as one ASGI application over a desk."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from hub.contracts import Contract
from hub.kernel.settings import ENVIRONMENT_WORDS
from hub.web import (
    acts,
    agreements,
    certificates,
    differing,
    duty,
    find,
    guard,
    incidents,
    interfaces,
    metrics,
    routes,
)
from hub.web.agreements import AgreementDesk
from hub.web.errors import Errors
from hub.web.find import FindDesk
from hub.web.incidents import IncidentDesk
from hub.web.interfaces import InterfaceDesk
from hub.web.live import INTERVAL_S, Feeds
from hub.web.metrics import MeterDesk
from hub.web.model import Desk
from hub.web.model.differences import DifferenceDesk
from hub.web.model.duty import DutyDesk
from hub.web.render import STATIC, Pages

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def create_app(
    desk: Desk,
    *,
    on_duty: DutyDesk | None = None,
    environment: str,
    hosts: Sequence[str] = LOCAL_HOSTS,
    interval_s: float = INTERVAL_S,
    reports: Path | None = None,
    contracts: Callable[[], Iterable[Contract]] = tuple,
    differences: DifferenceDesk | None = None,
    on_agreements: AgreementDesk | None = None,
    on_find: FindDesk | None = None,
    on_interfaces: InterfaceDesk | None = None,
    on_incidents: IncidentDesk | None = None,
    meters: MeterDesk | None = None,
) -> FastAPI:
    """The pages.

    ``on_duty`` supplies the operators' pages; without it they are not served.
    ``environment`` is ``production``, ``test`` or ``demo``.  ``hosts`` are the names this hub
    answers to (``*``: any).  ``interval_s`` is how often a watched board is read.
    ``reports`` is the folder of certificates, ``contracts`` what they are held against.
    ``differences``, ``on_agreements``, ``on_find``, ``on_interfaces`` and ``on_incidents`` supply
    the pages of what they are named for, ``meters`` what monitoring asks.

    Serve it with :class:`hub.web.server.PageServer`: an open board never ends its stream by
    itself, and a plain server would wait for it.
    """
    if environment not in ENVIRONMENT_WORDS:
        raise ValueError(f"environment must be one of {', '.join(ENVIRONMENT_WORDS)}")
    app = FastAPI(
        title="hub",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # The native telemetry records exception messages; nothing of ours leaves by that way.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    pages = Pages(environment, duty=on_duty is not None)
    feeds = Feeds(desk, interval_s)
    app.include_router(routes.make_router(desk, pages, feeds))
    app.include_router(acts.make_router(desk))
    if on_duty is not None:
        app.include_router(duty.make_router(on_duty, pages))
    app.include_router(certificates.make_router(reports, pages, contracts))
    if differences is not None:
        app.include_router(differing.make_router(differences, pages))
    if on_agreements is not None:
        app.include_router(agreements.make_router(on_agreements, pages))
    if on_find is not None:
        app.include_router(find.make_router(on_find, pages))
    if on_interfaces is not None:
        app.include_router(interfaces.make_router(on_interfaces, pages))
    if on_incidents is not None:
        app.include_router(incidents.make_router(on_incidents, pages))
    if meters is not None:
        app.include_router(metrics.make_router(meters))
    app.mount("/static", Static(directory=STATIC), name="static")
    errors = Errors(pages)
    errors.install(app)
    app.add_middleware(guard.Guard, hosts=tuple(hosts), refuse=errors.answer)
    app.state.feeds = feeds
    return app


class Static(StaticFiles):
    """Vendored and own files; one asked for with its version never changes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=") or path.endswith(".woff2")
        age = "max-age=31536000, immutable" if versioned else "max-age=300"
        response.headers["cache-control"] = f"public, {age}"
        return response
