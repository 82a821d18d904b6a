"""``/livez``, ``/readyz``, ``/metrics``: for load balancers and Prometheus, nobody's figures.

The text format is a name, labels and a number a line; it is written here in twenty lines, for
all readings are taken at the moment they are asked for and nothing is kept.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Protocol

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from hub.app.meters import METERS, Sample
from hub.web.model.desk import Health
from hub.web.render import Pages

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MeterDesk(Protocol):
    """Supplies them."""

    def samples(self) -> list[Sample]:
        """All readings, now."""
        ...

    def ready(self) -> Health:
        """Whether this process can serve."""
        ...


def make_router(desk: MeterDesk, _pages: Pages) -> APIRouter:
    """The three addresses; they are no pages, and no session is asked for (``hub.web.gate``)."""
    router = APIRouter()

    @router.api_route("/livez", methods=["GET", "HEAD"], response_model=None)
    def live() -> Response:
        """The process answers; no database is asked."""
        return PlainTextResponse("ok\n")

    @router.api_route("/readyz", methods=["GET", "HEAD"], response_model=None)
    def ready() -> Response:
        """200 when requests can be served, else 503; ``checks`` say what is wrong."""
        seen = desk.ready()
        checks = [{"name": c.name, "good": c.good, "text": c.text} for c in seen.checks]
        return JSONResponse({"good": seen.good, "checks": checks}, 200 if seen.good else 503)

    @router.api_route("/metrics", methods=["GET", "HEAD"], response_model=None)
    def metrics() -> Response:
        """The Prometheus text format."""
        return PlainTextResponse("".join(exposed(desk.samples())), media_type=CONTENT_TYPE)

    return router


def exposed(samples: Iterable[Sample]) -> Iterator[str]:
    """Lines, each name's together below its HELP and TYPE."""
    ordered = sorted(samples, key=lambda one: (one.name, one.labels))
    for name, group in groupby(ordered, key=lambda one: one.name):
        meter = METERS[name]
        yield f"# HELP {name} {meter.help}\n# TYPE {name} {meter.kind}\n"
        for one in group:
            pairs = zip(meter.labels, one.labels, strict=True)
            labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in pairs)
            yield (
                f"{name}{{{labels}}} {one.value:.15g}\n" if labels else f"{name} {one.value:.15g}\n"
            )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
