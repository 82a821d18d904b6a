"""``hub serve`` and ``hub worker``: the processes that do the work."""

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import AsJson, Home, clean_errors, opened, show, tell
from hub.cli.signals import UntilTold
from hub.kernel.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from hub.app.hub import Hub


class PortTaken(Misconfigured):
    """The page's port is taken by another program."""

    code = "serve.port_taken"
    hint = "Choose another with --port or in hub.toml, or end the program that holds it."


class Page:
    """The pages, on a thread of their own.  ``port`` 0 takes any free one."""

    def __init__(self, hub: "Hub", port: int) -> None:
        from hub.web.app import create_app
        from hub.web.desk import StoreDesk
        from hub.web.desk.parts import all_parts
        from hub.web.desk.signing_in import StoreSignIn
        from hub.web.server import PageServer
        from hub.wire.listening import free_port

        host = hub.settings.host
        chosen = free_port(port, host)
        if chosen is None:
            raise PortTaken(f"port {port} is taken")
        app = create_app(
            StoreDesk(hub),
            parts=all_parts(hub),
            environment=hub.settings.environment,
            reports=hub.settings.home / "certificates",
            signing=StoreSignIn(hub),
            sign_in_needed=hub.settings.pages_need_sign_in,
            contracts=lambda: [one.contract for one in hub.adapters.values()],
        )
        self.port = chosen
        self.address = f"http://{host}:{chosen}"
        self._server = PageServer(app, host=host, port=chosen)
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


def say_standing(hub: "Hub") -> None:
    """A restored or foreign database is said at once, on stderr.

    One that does not answer just now is said too, and ends nobody: the engine waits for it, and
    stops what must not leave by itself.
    """
    from hub.app.standing import read_standing

    try:
        standing = read_standing(hub)
    except Unavailable as error:
        tell(f"{error.message}\n  [{error.code}] {error.hint}")
        return
    if not standing.good:
        tell(
            f"{standing.text}\n{standing.next_step}\n通道已停发；hub status 查看后两人放行："
            "hub audit release → hub approve · every channel is stopped until two people release it"
        )


@clean_errors
def serve(
    home: Home = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="页面端口，0 任选；缺省按 hub.toml · the page's port"),
    ] = None,
    inbound_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="接收对接方来报的端口，0 任选；缺省按 hub.toml · where partners call us",
        ),
    ] = None,
    api_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="对外查询的端口，0 任选；缺省按 hub.toml · where published queries are asked",
        ),
    ] = None,
    exit_with_parent: Annotated[
        bool,
        typer.Option(
            "--exit-with-parent", help="标准输入关闭时结束 · end when standard input is closed"
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """启动中心端：页面、收发、试算、对账、审计都在这一个进程里，Ctrl-C 结束.

    Run the hub: pages and workers in one process until Ctrl-C; more `hub worker` may join.
    """
    from hub.api.door import open_door
    from hub.app.assembly import start_engine
    from hub.app.receiving import open_receiving

    with opened(home, serving=True) as hub:
        page = Page(hub, hub.settings.port if port is None else port)
        receiving = open_receiving(hub, inbound_port)
        door = open_door(hub, api_port)
        engine = start_engine(hub)
        with UntilTold() as told:
            if exit_with_parent:
                told.by_closed_input()
            try:
                page.start()
                if receiving is not None:
                    receiving.start()
                if door is not None:
                    door.start()
                say_standing(hub)
                word = hub.settings.environment_word
                said = {"environment": hub.settings.environment, "address": page.address}
                text = f"{word} · {page.address}"
                if receiving is not None:
                    said["inbound"] = receiving.address
                    text += f"\n接收 · inbound: {receiving.address}"
                if door is not None:
                    said["api"] = door.address
                    text += f"\n对外查询 · published queries: {door.address}"
                show(said, as_json, text)
                told.wait()
            finally:
                if door is not None:
                    door.stop()
                if receiving is not None:
                    receiving.stop()
                page.stop()
                engine.stop()


@clean_errors
def worker(
    home: Home = None,
    exit_with_parent: Annotated[
        bool,
        typer.Option(
            "--exit-with-parent", help="标准输入关闭时结束 · end when standard input is closed"
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """再加一个收发进程（与 hub serve 同一数据库），Ctrl-C 结束.

    One more worker process on the same database, until Ctrl-C.
    """
    from hub.app.assembly import start_engine

    with opened(home, serving=True) as hub:
        engine = start_engine(hub)
        with UntilTold() as told:
            if exit_with_parent:
                told.by_closed_input()
            try:
                say_standing(hub)
                show({"worker": "started"}, as_json, "worker 已启动 · started")
                told.wait()
            finally:
                engine.stop()
