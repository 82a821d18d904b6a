"""``hub registry``: the copy of the core's registry that queries are answered from."""

import typer

from hub.cli.common import AsJson, Home, Reason, TokenFile, clean_errors, opened, show, token_of
from hub.kernel.errors import Misconfigured

app = typer.Typer(no_args_is_help=True, help="核心登记副本 · the copy of the core's registry")


class NoRegistry(Misconfigured):
    """This deployment reaches no registry of a core system."""

    code = "registry.none"
    hint = 'Give hub.toml the endpoints of [partners."core-registry"].'


@app.command()
@clean_errors
def status(home: Home = None, as_json: AsJson = False) -> None:
    """副本截至何时、读到第几号变更 · as of when the copy is, and how far it was read."""
    from hub.app.publishing import feed_standing

    with opened(home) as hub:
        stands = feed_standing(hub)
        if stands is None:
            raise NoRegistry
        age = (
            None if stands.as_of is None else int((hub.clock.now() - stands.as_of).total_seconds())
        )
    as_of = "" if stands.as_of is None else f"{stands.as_of:%Y-%m-%d %H:%M:%S}"
    show(
        {"interface": stands.interface, "sequence": stands.seq, "records": stands.records,
         "as_of": as_of, "age_s": age},
        as_json,
        f"{stands.interface}：第 {stands.seq} 号变更，截至 {as_of or '尚未取全'}",
    )  # fmt: skip


@app.command()
@clean_errors
def rebuild(
    reason: Reason, home: Home = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """从头重取核心登记；取全之前对外查询答“请稍后再查”.

    Read the registry anew from the beginning; until it is whole, queries answer "try later".
    """
    from hub.app.publishing import rebuild_copy

    with opened(home) as hub:
        if rebuild_copy(hub, token_of(token_file), reason) is None:
            raise NoRegistry
    show({"rebuild": True}, as_json, "已从头重取，hub registry status 看进度")
