"""``hub channel``: what lies in every channel, and its stop switch."""

from typing import Annotated

import typer

from hub.cli.acting import Expect, Preview_, WhyOr, run_act
from hub.cli.common import AsJson, Home, TokenFile, clean_errors, opened, show
from hub.cli.progress import padded
from hub.kernel.money import show_yuan

app = typer.Typer(
    no_args_is_help=True, help="接口通道：查看、停发、恢复 · channels and their switch"
)
Interface = Annotated[str, typer.Argument(help="接口代码，如 bank-icbc · the interface")]


@app.command("list")
@clean_errors
def list_channels(home: Home = None, as_json: AsJson = False) -> None:
    """列出每个接口的通道：是否停发、谁停的、各状态的报文 · every interface's channel."""
    from hub.bus.channels import SHOWN, read_channels

    with opened(home) as hub, hub.store.read() as view:
        found = read_channels(view, hub.adapters)
    said = [
        {
            "interface": one.interface, "stopped": one.stopped, "by": one.stopped_by,
            "why": one.stopped_why, "misses": one.misses, "oldest_us": one.oldest_us,
            "held": one.held.count, "held_fen": one.held.fen,
            "states": {state.value: one.pile(state.value).count for state in SHOWN},
        }
        for one in found
    ]  # fmt: skip
    text = "\n".join(
        f"{padded(one.interface, 18)}{padded('停发' if one.stopped else '正常', 6)}"
        f"排队 {one.pile('queued', 'waiting').count}  在途 {one.pile('in_flight').count}  "
        f"搁置 {one.pile('parked').count}（{show_yuan(one.pile('parked').fen)}）  "
        f"不明 {one.pile('unknown').count}  待人工 {one.pile('dead').count}"
        + (f"  {one.stopped_by}：{one.stopped_why}" if one.stopped else "")
        for one in found
    )
    show({"channels": said}, as_json, text)


@app.command()
@clean_errors
def stop(
    interface: Interface,
    reason: WhyOr = "",
    preview: Preview_ = False,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """停发：会动账的报文马上停住，查证与对账照常；一人即可.

    Stop what has an effect on a channel; inquiries go on. One person is enough.
    """
    run_act("channel.stop", interface, home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect="")  # fmt: skip


@app.command()
@clean_errors
def resume(
    interface: Interface,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """申请恢复通道，须另一人复核（hub approve）.

    Ask to resume a channel; another person confirms it.
    """
    run_act("channel.resume", interface, home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect=expect)  # fmt: skip
