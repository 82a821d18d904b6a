"""``hub serve`` and ``hub worker``: the processes that do the work."""

import signal
import socket
import threading
from typing import TYPE_CHECKING

import typer

from hub.cli.common import Home, clean_errors, opened
from hub.kernel.errors import Misconfigured

if TYPE_CHECKING:
    from hub.app.hub import Hub


class PortTaken(Misconfigured):
    """The page's port is taken by another program."""

    code = "serve.port_taken"
    hint = "Choose another with --port or in hub.toml, or end the program that holds it."


def free_port(wanted: int) -> int:
    """``wanted`` if it is free, else any free one (0 asks for any)."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PortTaken


class Page:
    """The pages on a port of their own thread."""

    def __init__(self, hub: "Hub", port: int) -> None:
        from hub.web.app import create_app
        from hub.web.desk import StoreDesk
        from hub.web.server import PageServer

        app = create_app(StoreDesk(hub), environment=hub.settings.environment)
        self.address = f"http://{hub.settings.host}:{port}"
        self._server = PageServer(app, host=hub.settings.host, port=port)
        self._thread = threading.Thread(target=self._server.run, name="pages", daemon=True)

    def start(self) -> None:
        """Serve; raises PortTaken when it cannot listen."""
        self._thread.start()
        while self._thread.is_alive() and not self._server.started:
            threading.Event().wait(0.02)
        if not self._server.started:
            raise PortTaken(f"{self.address} cannot be listened on")

    def stop(self) -> None:
        """End, open streams included."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(6)


def _until_told() -> None:
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    while not stop.wait(0.5):
        pass


@clean_errors
def serve(home: Home = None, port: int = typer.Option(0, help="页面端口；缺省按 hub.toml")) -> None:
    """页面、发送、日程、审计都在这一个进程里；可再开 hub worker.

    Pages and workers in one process; more `hub worker` processes may join.
    """
    from hub.app.hub import Engine

    with opened(home) as hub:
        engine = Engine(hub)
        page = Page(hub, port or hub.settings.port)
        engine.start()
        try:
            page.start()
            typer.echo(f"{hub.settings.environment_word} · {page.address}")
            _until_told()
        finally:
            page.stop()
            engine.stop()


@clean_errors
def worker(home: Home = None) -> None:
    """再加一个发送进程（同一数据库）.

    One more worker process on the same database.
    """
    from hub.app.hub import Engine

    with opened(home) as hub:
        engine = Engine(hub)
        engine.start()
        try:
            typer.echo("worker 已启动 · started")
            _until_told()
        finally:
            engine.stop()
