"""``hub difference``: 对账差异, listed and settled by two."""

from typing import Annotated

import typer

from hub.cli.common import (
    AsJson,
    Home,
    Month,
    TokenFile,
    clean_errors,
    opened,
    show,
    token_of,
)  # fmt: skip
from hub.cli.progress import padded
from hub.kernel.money import show_yuan
from hub.kernel.periods import Period

app = typer.Typer(no_args_is_help=True, help="对账差异 · differences of the reconciliation")


@app.command("list")
@clean_errors
def list_open(month: Month, home: Home = None, as_json: AsJson = False) -> None:
    """列出一个期次未平的对账差异 · the open differences of a run."""
    from hub.app.orders import open_differences

    with opened(home) as hub:
        rows = open_differences(hub, Period.parse(month))
    text = "\n".join(
        f"{row['number']:>6}  {padded(str(row['title']), 22)}{padded(str(row['bank']), 6)}"
        f"{padded(str(row['item']), 22)}银行 {show_yuan(int(row['bank_fen']))} "
        f"中心 {show_yuan(int(row['hub_fen']))} 核心 {show_yuan(int(row['core_fen']))}  "
        f"{row['owner']}  {row['detail']}"
        for row in rows
    )
    show({"differences": rows}, as_json, text or "没有未平的对账差异 · none is open")


@app.command()
@clean_errors
def settle(
    number: Annotated[int, typer.Argument(help="差异号，见 hub difference list · its number")],
    how: Annotated[
        str,
        typer.Option(
            "--how", help="如何处理，写入审计 · how it is settled, and by which entry",
            prompt="如何处理 (how)",
        ),
    ],
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """申请处理一项差异，须另一人复核（hub approve）.

    Ask to settle a difference; another person confirms it.
    """
    from hub.app.orders import ask_settle

    with opened(home) as hub:
        approval = ask_settle(hub, token_of(token_file), number, how)
    show(
        {"approval": approval},
        as_json,
        f"已申请处理差异 {number}，审批号 {approval}；请另一人执行 hub approve {approval}",
    )
