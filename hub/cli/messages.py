"""``hub inquire``, ``hub resend``, ``hub channel``: what people do about messages."""

from typing import Annotated

import typer

from hub.cli.common import (
    AsJson,
    Home,
    Month,
    Reason,
    TokenFile,
    clean_errors,
    opened,
    show,
    token_of,
)  # fmt: skip
from hub.kernel.periods import Period

channel = typer.Typer(no_args_is_help=True, help="停发与恢复 · stop and resume a channel")


@clean_errors
def inquire(
    month: Month,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """马上查证结果不明的批次，不等下一个时点.

    Ask the bank now about everything without a final result.
    """
    from hub.app.orders import inquire_now

    with opened(home) as hub:
        count = inquire_now(hub, token_of(token_file), Period.parse(month))
    show({"batches": count}, as_json, f"{count} 个批次马上查证（hub serve 执行）")


@clean_errors
def resend(
    message: Annotated[int, typer.Argument(help="报文号 · the message's number")],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """重发一条报文。资金报文先查证，再由另一人复核（hub approve）.

    Resend one message; a money message needs an inquiry first and a second person.
    """
    from hub.app.orders import ask_resend

    with opened(home) as hub:
        said = ask_resend(hub, token_of(token_file), message, reason)
    show({"said": said}, as_json, said)


@channel.command()
@clean_errors
def stop(
    interface: Annotated[str, typer.Argument(help="接口代码，如 bank-icbc · the interface")],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """停发：会动账的报文马上停住，查证与对账照常；一人即可.

    Stop what has an effect on a channel; inquiries go on. One person is enough.
    """
    from hub.app.orders import stop_channel

    with opened(home) as hub:
        said = stop_channel(hub, token_of(token_file), interface, reason)
    show({"said": said}, as_json, said)


@channel.command()
@clean_errors
def resume(
    interface: Annotated[str, typer.Argument(help="接口代码，如 bank-icbc · the interface")],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """申请恢复通道，须另一人复核（hub approve）.

    Ask to resume a channel; another person confirms it.
    """
    from hub.app.orders import ask_resume

    with opened(home) as hub:
        said = ask_resume(hub, token_of(token_file), interface, reason)
    show({"said": said}, as_json, said)
