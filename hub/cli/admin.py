"""``hub db`` and ``hub audit``."""

import typer

from hub.cli.common import SAID_NO, AsJson, Home, clean_errors, opened, show

database = typer.Typer(no_args_is_help=True, help="数据库 · the database")
chain = typer.Typer(no_args_is_help=True, help="审计链 · the audit chain")


@database.command()
@clean_errors
def upgrade(home: Home = None, as_json: AsJson = False) -> None:
    """把表结构升级到本程序的版本 · bring the schema to this program's."""
    from hub.schedule import seed_calendar
    from hub.store import schema

    with opened(home, schema=False) as hub:
        before = schema.current(hub.store)
        schema.upgrade(hub.store)
        with hub.store.write() as tx:
            seed_calendar(tx)
        after = schema.current(hub.store)
    show({"before": before, "after": after}, as_json, f"{before or '空'} → {after}")


@chain.command()
@clean_errors
def verify(home: Home = None, as_json: AsJson = False) -> None:
    """核对审计链与库外检查点；有问题退出码 1.

    Check the chain against the checkpoints outside the database.
    """
    from hub.audit import verify as verify_chain

    with opened(home) as hub, hub.store.read() as view:
        report = verify_chain(view, hub.checkpoints.log(), hub.checkpoints.public)
    said = report.as_dict()
    show(
        said,
        as_json,
        report.text(),
    )
    if not report.good:
        raise typer.Exit(SAID_NO)
