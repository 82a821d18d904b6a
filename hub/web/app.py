"""The pages as one ASGI application over a desk."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from hub.contracts import Contract
from hub.kernel.settings import ENVIRONMENT_WORDS
from hub.web import acts, certificates, gate, guard, rights, routes, signing_in
from hub.web.errors import Errors
from hub.web.live import INTERVAL_S, Feeds
from hub.web.model import Desk
from hub.web.render import STATIC, Pages

Part = Callable[[Pages], APIRouter]
"""Pages over a desk of their own: made once, with what makes a page."""
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def create_app(
    desk: Desk,
    *,
    parts: Sequence[Part] = (),
    environment: str,
    hosts: Sequence[str] = LOCAL_HOSTS,
    interval_s: float = INTERVAL_S,
    reports: Path | None = None,
    contracts: Callable[[], Iterable[Contract]] = tuple,
    signing: gate.SignInDesk | None = None,
    sign_in_needed: bool = False,
) -> FastAPI:
    """The pages.

    ``parts`` are the operators' pages (hub.web.desk.parts); without them the runs alone are served.
    ``environment`` is ``production``, ``test`` or ``demo``.  ``hosts`` are the names this hub
    answers to (``*``: any).  ``interval_s`` is how often a watched board is read.
    ``reports`` is the folder of certificates, ``contracts`` what they are held against.
    ``signing`` supplies sessions; where ``sign_in_needed``, nothing is shown without one.

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
    pages = Pages(environment, duty=bool(parts), signing=signing is not None)
    feeds = Feeds(desk, interval_s)
    app.include_router(routes.make_router(desk, pages, feeds))
    app.include_router(acts.make_router(desk))
    app.include_router(certificates.make_router(reports, pages, contracts))
    app.include_router(rights.make_router(pages))
    for part in parts:
        app.include_router(part(pages))
    if signing is not None:
        app.include_router(signing_in.make_router(signing, pages))
    app.mount("/static", Static(directory=STATIC), name="static")
    errors = Errors(pages)
    errors.install(app)
    if signing is not None:
        app.add_middleware(gate.Gate, desk=signing, needed=sign_in_needed, refuse=errors.answer)
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
