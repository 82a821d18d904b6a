"""``hub people`` and ``hub approve``: who acts, and the second person's yes."""

from typing import Annotated

import typer

from hub.cli.common import AsJson, Home, TokenFile, clean_errors, opened, show, token_of

app = typer.Typer(no_args_is_help=True, help="人员与令牌 · people and their tokens")


@app.command()
@clean_errors
def add(
    login: Annotated[str, typer.Argument(help="登录名，如 zhang.min")],
    name: Annotated[str, typer.Option(help="姓名", prompt="姓名 (name)")],
    party: Annotated[
        str, typer.Option(help="centre 中心 | operator 运维方 | supervisor 监督")
    ] = "centre",
    roles: Annotated[
        str, typer.Option(help="query,handler,reviewer,approver,administrator，逗号分隔")
    ] = "handler",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """添加人员，个人令牌只显示这一次. 第一个人自动成为系统管理员，不需要令牌.

    Add a person; the token is shown once. The first person becomes the administrator.
    """
    from hub.people import Party, Role

    with opened(home) as hub:
        with hub.store.read() as view:
            first = not hub.people.list_people(view)
        by = None if first else hub.people.authenticate(token_of(token_file))
        with hub.store.write() as tx:
            token = hub.people.add(
                tx, login=login, name=name, party=Party(party),
                roles=[Role(role) for role in roles.split(",") if role], by=by,
            )  # fmt: skip
    show({"login": login, "token": token.reveal()}, as_json,
         f"{login} 的个人令牌（只显示这一次，请本人保存）：\n{token.reveal()}")  # fmt: skip


@app.command("list")
@clean_errors
def list_people(home: Home = None, as_json: AsJson = False) -> None:
    """列出人员、所属方与角色 · people, parties, roles."""
    with opened(home) as hub, hub.store.read() as view:
        rows = hub.people.list_people(view)
    said = [
        {"login": r.login, "party": r.party.value, "roles": sorted(role.value for role in r.roles)}
        for r in rows
    ]
    text = "\n".join(
        f"{r.login}\t{r.party.label}\t{'、'.join(sorted(role.label for role in r.roles))}"
        for r in rows
    )
    show({"people": said}, as_json, text or "还没有人员；hub people add 添加第一个人")


@clean_errors
def approve(
    number: Annotated[int, typer.Argument(help="审批号 · the request's number")],
    reason: Annotated[str, typer.Option(help="意见 · remark")] = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """复核并执行一项待批事项；提出的人自己不能复核.

    Confirm what somebody else asked for; it is carried out in that moment.
    """
    from hub.app.steps import confirm

    with opened(home) as hub:
        said = confirm(hub, token_of(token_file), number, reason)
    show({"done": said}, as_json, said)
