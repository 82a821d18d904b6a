"""``hub``: the command line's tree of commands."""

import gc
import os
import sys
from typing import Annotated

import typer

from hub import __version__
from hub.cli import (
    admin,
    agreements,
    backup,
    callers,
    cases,
    catalog,
    certificates,
    certify,
    channels,
    closing,
    commands,
    demo,
    differences,
    duty,
    expiry,
    find,
    incidents,
    jobs,
    lines,
    messages,
    mocks,
    new,
    notify,
    offset,
    people,
    policy,
    quality,
    registry,
    remote,
    serving,
    spec,
    watch,
)
from hub.cli.command_log import LoggedGroup

app = typer.Typer(
    name="hub",
    cls=LoggedGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=(
        "公积金互联互通接口平台（中心端）· "
        "the interface hub of a housing provident fund centre.\n\n"
        "第一次使用：hub demo，自带挡板，跑完一个月的商贷月对冲。"
        "First time: hub demo, a whole month against bundled mock partners.\n\n"
        "退出码 exit codes：0 完成 done · 1 规则或数据不允许 refused · "
        "2 用法或配置有误 asked wrongly · 3 未在时限内完成 not finished in time。"
    ),
)
app.command("demo")(demo.demo)
app.command("serve")(serving.serve)
app.command("worker")(serving.worker)
app.add_typer(agreements.app, name="agreements")
app.add_typer(offset.app, name="offset")
app.add_typer(cases.app, name="case")
app.add_typer(policy.app, name="policy")
app.add_typer(notify.app, name="notify")
app.command("approve")(people.approve)
app.command("refuse")(people.refuse)
app.command("find")(find.find)
app.command("inquire")(messages.inquire)
app.command("resend")(messages.resend)
app.command("approvals")(people.list_approvals)
app.add_typer(channels.app, name="channel")
app.add_typer(lines.app, name="line")
app.add_typer(expiry.app, name="expiry")
app.add_typer(callers.app, name="caller")
app.command("openapi")(callers.openapi)
app.add_typer(registry.app, name="registry")
app.add_typer(catalog.app, name="catalog")
app.add_typer(watch.app, name="watch")
app.add_typer(incidents.app, name="incident")
app.add_typer(incidents.planned, name="maintenance")
app.add_typer(duty.app, name="duty")
app.add_typer(duty.alerts, name="alert")
app.add_typer(messages.app, name="message")
app.add_typer(differences.app, name="difference")
app.add_typer(closing.app, name="close")
app.add_typer(jobs.app, name="job")
app.command("status")(backup.status)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(certify.app, name="certify")
certificates.add_to(certify.app)
app.add_typer(spec.app, name="spec")
app.command("quality")(quality.quality)
app.add_typer(people.app, name="people")
app.add_typer(mocks.app, name="mocks")
app.add_typer(new.app, name="new")
app.add_typer(admin.database, name="db")
app.add_typer(admin.chain, name="audit")
app.add_typer(commands.app, name="commands")
app.add_typer(remote.app, name="session")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="版本 · the version")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


_COLLECT_AFTER = 20_000
"""New objects after which Python looks for circles of them: a page of a thousand rows makes more
than its own 700, and nothing on the way of a row is one."""


def run() -> None:
    """The console script."""
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    try:
        app()
    except BrokenPipeError:  # `hub --help | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    finally:
        gc.freeze()  # else the interpreter's last collections go through all that was imported
