"""``hub people`` and ``hub approve``: who acts, and the second person's yes."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.acting import Expect, Preview_, WhyOr, preview_text
from hub.cli.common import AsJson, Home, TokenFile, clean_errors, opened, show, token_of
from hub.cli.progress import padded
from hub.kernel.errors import BadInput
from hub.people.words import Party, Role

if TYPE_CHECKING:
    from hub.app.hub import Hub

app = typer.Typer(no_args_is_help=True, help="人员与令牌 · people and their tokens")


class NoSuchRole(BadInput):
    """There is no such role."""

    code = "people.no_such_role"
    hint = "The roles are " + ", ".join(f"{role.value} {role.label}" for role in Role) + "."


def roles_of(text: str) -> list[Role]:
    """``handler,reviewer`` → the roles.  Raises NoSuchRole."""
    found = []
    for word in filter(None, (each.strip() for each in text.split(","))):
        if word not in set(Role):
            raise NoSuchRole(f"there is no role {word[:20]!r}")
        found.append(Role(word))
    return found


@app.command()
@clean_errors
def add(
    login: Annotated[str, typer.Argument(help="登录名，如 zhang.min · 2–32 of a-z 0-9 . - _")],
    name: Annotated[str, typer.Option(help="姓名 · the person's name", prompt="姓名 (name)")],
    party: Annotated[
        Party,
        typer.Option(help="所属方 · whose: centre 中心, operator 运维方, supervisor 监督"),
    ] = Party.CENTRE,
    roles: Annotated[
        str,
        typer.Option(
            help="角色，逗号分隔 · " + ", ".join(f"{role.value} {role.label}" for role in Role)
        ),
    ] = "handler",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """添加人员，个人令牌只显示这一次；第一个人是系统管理员，不需要令牌，其后由管理员添加.

    Add a person; the token is shown once. The first becomes the administrator and needs no token.
    """
    wanted = roles_of(roles)
    with opened(home) as hub:
        with hub.store.read() as view:
            first = not hub.people.list_people(view)
        by = None if first else hub.people.authenticate(token_of(token_file))
        with hub.store.write() as tx:
            token = hub.people.add(
                tx, login=login, name=name, party=party, roles=wanted, by=by,
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
        {
            "login": r.login, "name": r.name_mask, "party": r.party.value,
            "roles": [role.value for role in Role if role in r.roles], "tokens": r.tokens,
        }
        for r in rows
    ]  # fmt: skip
    text = "\n".join(
        f"{padded(r.login, 20)}{padded(r.name_mask, 10)}{padded(r.party.label, 8)}"
        + "、".join(role.label for role in Role if role in r.roles)
        + ("" if r.tokens else "（令牌已作废 no valid token）")
        for r in rows
    )
    show({"people": said}, as_json, text or "还没有人员；hub people add 添加第一个人")


@app.command()
@clean_errors
def sessions(home: Home = None, as_json: AsJson = False) -> None:
    """列出此刻已登录页面的人 · who is signed in to the pages."""
    from hub.kernel.clocks import from_us

    with opened(home) as hub, hub.store.read() as view:
        rows = hub.sessions.open_ones(view)
    said = [
        {"login": r.login, "since_us": r.since_us, "used_us": r.used_us, "until_us": r.until_us}
        for r in rows
    ]
    text = "\n".join(
        f"{padded(r.login, 20)}登录 {from_us(r.since_us):%m-%d %H:%M}  最近 "
        f"{from_us(r.used_us):%H:%M}  至迟 {from_us(r.until_us):%m-%d %H:%M}"
        for r in rows
    )
    show({"sessions": said}, as_json, text or "没有人登录 · nobody is signed in")


@app.command("end-sessions")
@clean_errors
def end_sessions(
    login: Annotated[str, typer.Argument(help="登录名 · whose")],
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """让一个人在各处的登录立即失效（安全管理员或系统管理员）.

    End a person's sessions at once; a security or system administrator may.
    """
    with opened(home) as hub:
        by = hub.people.authenticate(token_of(token_file))
        count = hub.sessions.end(login=login, by=by)
    show({"login": login, "ended": count}, as_json, f"{login}：{count} 个登录已失效")


@clean_errors
def list_approvals(home: Home = None, as_json: AsJson = False) -> None:
    """列出等第二人复核的事项 · what waits for a second person."""
    from hub.app.confirming import list_waiting
    from hub.web.sentences import say
    from hub.web.words import Words

    with opened(home) as hub:
        found = list_waiting(hub)
    said = [
        {
            "approval": one.asked.id, "act": one.asked.act, "subject": one.asked.subject,
            "by": one.asked.requested_by, "reason": one.asked.reason, "moved": len(one.moved),
            "preview": one.preview.as_dict(),
        }
        for one in found
    ]  # fmt: skip
    words = Words("zh")
    text = "\n".join(
        f"{one.asked.id:>6}  {one.asked.title} {one.asked.subject}  {one.asked.requested_by}："
        f"{one.asked.reason}\n        {say(words, one.preview.effects[0])}"
        for one in found
    )
    show({"approvals": said}, as_json, text or "没有待复核的事项 · nothing waits")


def _show_waiting(hub: "Hub", number: int, as_json: bool) -> None:
    from hub.app.confirming import see_waiting
    from hub.web.sentences import say_change
    from hub.web.words import Words

    one = see_waiting(hub, number)
    moved = [f"  变化：{say_change(Words('zh'), each)}" for each in one.moved]
    trouble = [f"  现在不能：{one.trouble.message}"] if one.trouble else []
    head = f"№ {number} {one.asked.title} {one.asked.subject}（{one.asked.requested_by} 申请）"
    told = {
        "approval": number, "state": one.asked.state.value, "by": one.asked.requested_by,
        "moved": [{"name": m.name, "before": m.before, "now": m.now} for m in one.moved],
        "preview": one.preview.as_dict(),
    }  # fmt: skip
    show(told, as_json, "\n".join([head, *moved, *trouble, preview_text(one.preview)]))


@clean_errors
def approve(
    number: Annotated[int, typer.Argument(help="审批号 · the request's number")],
    reason: Annotated[str, typer.Option(help="意见 · remark")] = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """复核并执行一项待批事项；提出的人自己不能复核.

    Confirm what somebody else asked for; it is carried out in that moment.
    """
    from hub.app.confirming import confirm

    with opened(home) as hub:
        if preview:
            _show_waiting(hub, number, as_json)
            return
        said = confirm(hub, token_of(token_file), number, reason, expect)
    show({"done": said}, as_json, said)


@clean_errors
def refuse(
    number: Annotated[int, typer.Argument(help="审批号 · the request's number")],
    reason: WhyOr = "",
    preview: Preview_ = False,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """否决一项待批事项，什么都不执行 · say no to what somebody else asked for."""
    from hub.app.acts import NoReason
    from hub.app.steps import refuse as say_no

    with opened(home) as hub:
        if preview:
            _show_waiting(hub, number, as_json)
            return
        if not reason.strip():
            raise NoReason
        said = say_no(hub, token_of(token_file), number, reason)
    show({"refused": said}, as_json, said)
