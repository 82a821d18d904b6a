"""``hub new``: the skeleton of a new interface, and the next edition of a contract."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import AsJson, Home, clean_errors, show

app = typer.Typer(no_args_is_help=True, help="新接口的骨架 · the skeleton of something new")


@app.command("interface")
@clean_errors
def interface(
    place: Annotated[str, typer.Argument(help="组/目录名 · group and folder, e.g. banks/gyns")],
    code: Annotated[str, typer.Option(help="对接方代码 · the partner's code (YHJC), e.g. GYNS")],
    title: Annotated[str, typer.Option(help="对接方名称 · its name, e.g. 某某银行")],
    into: Annotated[Path, typer.Option(help="源码目录 · the checkout")] = Path(),
    as_json: AsJson = False,
) -> None:
    """新接口：规范、清单、适配器、编解码、挡板、案例、测试各一份骨架 · contract to tests."""
    from hub.scaffold import Wanted, scaffold

    files = [str(path) for path in scaffold(Wanted.parse(place, code, title), into)]
    name = place.partition("/")[2]
    hint = f"接着 next: make test ARGS=tests/adapters/{name}；docs/how-to/add-a-bank.md"
    show({"files": files}, as_json, "\n".join([*files, hint]))


@app.command("edition")
@clean_errors
def edition(
    interface: Annotated[
        str, typer.Argument(help="接口代码，如 bank-gznx · an interface code, e.g. bank-gznx")
    ],
    version: Annotated[str, typer.Argument(help="新版本号，如 2.0.0 · the new version")],
    begins: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="自哪天零时起 · from which day on"),
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """对接方通知某日起改接口：在现行规范旁放一份到日生效的新版 · a contract's next edition."""
    from hub.app.discover import discover, find_adapter
    from hub.kernel.settings import Settings
    from hub.scaffold.edition import new_edition

    settings = Settings.load(home)
    adapter = find_adapter(discover(settings), interface)
    made = new_edition(adapter.contract.folder, version, begins.date())
    said = {"interface": adapter.interface, "version": version,
            "effective_from": f"{begins:%Y-%m-%d}", "folder": str(made)}  # fmt: skip
    hint = (
        f"{made}\n按对接方的通知改这份规范；"
        f"接着 next: hub certify {interface} --edition {version}；"
        "docs/how-to/change-an-interface.md"
    )
    show(said, as_json, hint)
