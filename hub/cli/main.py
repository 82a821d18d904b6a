"""``hub``: the command line's tree of commands."""

import typer

from hub import __version__
from hub.cli import admin, agreements, demo, messages, mocks, offset, people, serving

app = typer.Typer(
    name="hub",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help=(
        "公积金互联互通接口平台（中心端）· "
        "the interface hub of a housing provident fund centre.\n\n"
        "第一次使用：hub demo（自带挡板，跑完一个月）。First time: hub demo."
    ),
)
app.add_typer(agreements.app, name="agreements")
app.add_typer(offset.app, name="offset")
app.add_typer(people.app, name="people")
app.add_typer(mocks.app, name="mocks")
app.add_typer(admin.database, name="db")
app.add_typer(admin.chain, name="audit")
app.add_typer(messages.channel, name="channel")
app.command("demo")(demo.demo)
app.command("serve")(serving.serve)
app.command("worker")(serving.worker)
app.command("approve")(people.approve)
app.command("inquire")(messages.inquire)
app.command("resend")(messages.resend)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="版本 · the version"),
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def run() -> None:
    """The console script."""
    app()
