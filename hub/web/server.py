"""The server of the pages: uvicorn that ends the live streams before it waits for them."""

import uvicorn
from fastapi import FastAPI

from hub.web.live import Feeds
from hub.wire.listening import Listener

GRACE_S = 5
"""Seconds an answer under way gets when the server goes down."""


class PageServer(uvicorn.Server):
    """Serves an application made by :func:`hub.web.app.create_app`."""

    def __init__(self, app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                ws="none",
                lifespan="off",
                log_config=None,  # the hub's own logging is set up already
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._feeds: Feeds = app.state.feeds

    async def shutdown(self, sockets: list[Listener] | None = None) -> None:
        """Send the viewers of live boards away, then go down as usual."""
        await self._feeds.end()
        await super().shutdown(sockets)
