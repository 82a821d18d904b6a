"""``hub db`` and ``hub audit``."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import (
    SAID_NO,
    AsJson,
    Home,
    Reason,
    TokenFile,
    clean_errors,
    opened,
    show,
    token_of,
)  # fmt: skip

database = typer.Typer(no_args_is_help=True, help="数据库 · the database")
chain = typer.Typer(no_args_is_help=True, help="审计链 · the audit chain")


@database.command()
@clean_errors
def upgrade(home: Home = None, as_json: AsJson = False) -> None:
    """建表，或把表结构升级到本程序的版本；第一次使用先做这一步.

    Make the tables, or bring the schema to this program's version; the first step of all.
    """
    from hub.schedule import seed_calendar
    from hub.store import schema

    with opened(home, schema=False) as hub:
        before = schema.current(hub.store)
        schema.upgrade(hub.store)
        with hub.store.write() as tx:
            seed_calendar(tx)
        after = schema.current(hub.store)
    show({"before": before, "after": after}, as_json, f"表结构 schema：{before or '空'} → {after}")


@chain.command()
@clean_errors
def verify(
    copy: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="另存别处的检查点目录，可重复 · checkpoints kept elsewhere, may be repeated",
        ),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """核对审计链与库外检查点；有问题退出码 1.

    Check the chain against the checkpoints outside the database; exit 1 when it is not sound.
    """
    from hub.app.waiting import stopped_channels
    from hub.audit import read_identity, read_log
    from hub.audit import verify as verify_chain

    with opened(home) as hub, hub.store.read() as view:
        with hub.checkpoints.still():
            log = hub.checkpoints.log()
            read_identity(view)  # from here on the view shows what these lines were written for
        copies = [read_log(folder) for folder in copy or []]
        report = verify_chain(view, log, hub.checkpoints.public, copies)
        stopped = stopped_channels(view)
    lines = [report.text()]
    if report.older_than_checkpoint or report.foreign:
        lines.append(
            f"资金通道停发：{'、'.join(stopped) or '下次启动时停发'}；对账后两人放行：hub audit "
            "release · its channels are stopped until two people release it"
        )
    show({**report.as_dict(), "stopped": list(stopped)}, as_json, "\n".join(lines))
    if not report.good:
        raise typer.Exit(SAID_NO)


@chain.command()
@clean_errors
def export(
    out: Annotated[
        Path, typer.Option(help="输出目录，须为空或不存在 · a folder that is empty or new")
    ] = Path("audit-export"),
    first: Annotated[int, typer.Option(min=1, help="从第几条起 · from this entry on")] = 1,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """导出审计条目、检查点、公钥和独立核验程序，可离线核验.

    Write entries, checkpoints, the public key and a verifier that runs without the hub.
    """
    from hub.app.audit_pack import write_pack

    with opened(home) as hub:
        count = write_pack(hub, out, first)
    command = "python verify.py entries.jsonl --checkpoints checkpoints --key public.pem"
    show(
        {"out": str(out), "entries": count, "verify": command},
        as_json,
        f"已写出 {count} 条到 {out.resolve()}\n在该目录核验 · verify there: {command}",
    )


@chain.command()
@clean_errors
def release(
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """恢复的数据库对账无误后申请放行，须另一人批准（hub approve）.

    Ask to go on with a restored database after its reconciliation; another person approves.
    """
    from hub.app.standing import ask_release

    with opened(home) as hub:
        number = ask_release(hub, token_of(token_file), reason)
    show(
        {"approval": number},
        as_json,
        f"已申请放行，审批号 {number}；请另一人执行 hub approve {number}",
    )
