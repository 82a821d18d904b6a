"""``hub new interface``: the skeleton of a new interface in a checkout."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import AsJson, clean_errors, show

app = typer.Typer(no_args_is_help=True, help="新接口的骨架 · the skeleton of something new")


@app.callback()
def _group() -> None:
    """Keeps ``interface`` a command of its own."""


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
