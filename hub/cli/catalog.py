"""``hub catalog``: what the province's platforms are told of our interfaces."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import AsJson, Home, Reason, TokenFile, clean_errors, opened, show, token_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.queries.directory_words import Standing
    from hub.queries.resources import Change

app = typer.Typer(no_args_is_help=True, help="资源目录与适配对照 · catalogues for the province")

To = Annotated[
    str, typer.Option(help="哪个平台：supervision 省监管平台，sharing 省数据共享平台 · which one")
]
Why = Annotated[str, typer.Option(help="原因；有破坏性变更时必填 · why")]
_SHOWN = 6
_KINDS = {"new": "新增", "changed": "变更", "gone": "下架", "same": "无变化"}
_STATES = {
    "on_way": "在途", "up": "已上架", "down": "已下架", "rejected": "审核退回", "refused": "被拒",
}  # fmt: skip
_STAGES = {
    "compile": "编目", "attach": "挂接", "review": "审核", "publish": "上架", "withdraw": "下架",
}  # fmt: skip


@app.command()
@clean_errors
def publish(
    to: To,
    reason: Why = "",
    breaking: Annotated[
        bool, typer.Option("--breaking", help="允许破坏性变更，须写 --reason · let it break")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="只上报这个资源，可重复 · only this one")
    ] = None,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """把自上次以来新增、变更、下架的资源上报目录：编目、挂接、审核、上架，每步留回执.

    Order what is new, changed or gone since the last upload; what breaks is named and refused
    without --breaking and a reason.  The bus carries it: `hub catalog status` shows how far.
    """
    from hub.app.directory import publish as order

    with opened(home) as hub:
        token = token_of(token_file)
        found = order(hub, to, token, reason, breaking=breaking, only=tuple(only or ()))
    last = f"已交上报 {len(found)} 项，hub catalog status --to {to} 看进度"
    show(
        {"to": to, "ordered": [one.as_dict() for one in found]}, as_json,
        "\n".join([*map(_change_line, found), last]),
    )  # fmt: skip


@app.command()
@clean_errors
def withdraw(
    code: Annotated[str, typer.Argument(help="资源编码 · the resource")],
    to: To,
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """下架一个资源 · take one resource down."""
    from hub.app.directory import withdraw as order

    with opened(home) as hub:
        order(hub, to, code, token_of(token_file), reason)
    show({"to": to, "code": code}, as_json, f"{code}：已交下架")


@app.command()
@clean_errors
def diff(to: To, home: Home = None, as_json: AsJson = False) -> None:
    """自上次上报以来变了什么，哪些是破坏性的；什么都不送.

    What changed since the last upload, and what of it breaks; sends nothing.
    """
    from hub.app.directory import diff as compared

    with opened(home) as hub:
        found = [one for one in compared(hub, to) if one.kind.value != "same"]
    show(
        {"to": to, "changes": [one.as_dict() for one in found],
         "breaking": sum(bool(one.breaking) for one in found)},
        as_json, "\n".join(map(_change_line, found)) or "与上次上报相同",
    )  # fmt: skip


@app.command()
@clean_errors
def status(to: To, home: Home = None, as_json: AsJson = False) -> None:
    """目录上各资源到了哪一步，每步的回执 · where each resource stands, with its receipts."""
    from hub.app.directory import status as standing

    with opened(home) as hub:
        found = standing(hub, to)
    show(
        {"to": to, "resources": [_standing(one) for one in found]}, as_json,
        "\n".join(map(_standing_line, found)) or "还没有上报过",
    )  # fmt: skip


@app.command()
@clean_errors
def inventory(home: Home = None, as_json: AsJson = False) -> None:
    """接口梳理清单：每个对外接口标准化前（对接方的说法）与标准化后（本平台的说法）.

    Each interface before and after standardisation: as its partner says it, as the hub does.
    """
    from hub.app.discover import discover
    from hub.app.inventory import inventory as listed
    from hub.kernel.settings import Settings

    found = listed(discover(Settings.load(home)))
    lines = [
        f"{one.interface}\t{one.name}\t{one.before}\t→\t{one.after}" for one in found
    ]  # fmt: skip
    show({"interfaces": [one.as_dict() for one in found]}, as_json, "\n".join(lines))


def _change_line(one: "Change") -> str:
    breaks = "　破坏性：" + "；".join(one.breaking) if one.breaking else ""
    told = "；".join(one.details[:6]) + (
        f" …共 {len(one.details)} 处" if len(one.details) > 6 else ""
    )
    return f"{_KINDS[one.kind.value]}\t{one.code}\t{one.name}\t{told}{breaks}"


def _standing(one: "Standing") -> dict[str, object]:
    return {
        "code": one.code, "name": one.name, "version": one.version, "stage": one.stage,
        "state": one.state, "round": one.round, "remark": one.remark,
        "steps": [
            {
                "stage": step["stage"], "state": step["state"], "number": step["number"],
                "receipt": step["receipt"], "remark": step["remark"], "asks": step["asks"],
                "ordered_by": step["ordered_by"], "reason": step["reason"],
                "breaking": bool(step["breaking"]),
            }
            for step in one.steps
        ],
    }  # fmt: skip


def _step(step: "Mapping[str, object]") -> str:
    receipt = f"（{step['receipt']}）" if step["receipt"] else ""
    return f"{_STAGES[str(step['stage'])]}{receipt}"


def _standing_line(one: "Standing") -> str:
    steps = " → ".join(map(_step, one.steps))
    remark = f"　{one.remark}" if one.remark else ""
    return f"{_STATES[one.state]}\t{one.code}\t{one.name}\t{steps}{remark}"


@app.command()
@clean_errors
def adaptation(home: Home = None, as_json: AsJson = False) -> None:
    """适配对照表：省监管平台目录的每个功能，已适配、不适用（原因）、未适配，并计数.

    Every function of the supervision platform's catalogue: adapted, not applicable and why, or
    not yet.
    """
    from hub.app.adaptation import adaptations, counted, has_catalogue
    from hub.app.discover import discover
    from hub.kernel.settings import Settings

    tables = {
        name: adaptations(each.contract)
        for name, each in discover(Settings.load(home)).items()
        if has_catalogue(each.contract)
    }
    said = {
        name: {"counted": counted(rows), "functions": [one.as_dict() for one in rows]}
        for name, rows in tables.items()
    }
    lines = []
    for name, rows in tables.items():
        lines += [f"{one.id}\t{one.word}\t{one.path}\t{one.title}\t{one.why}" for one in rows]
        lines.append(f"{name}：" + "，".join(f"{w} {n}" for w, n in counted(rows).items()))
    show(said, as_json, "\n".join(lines))
