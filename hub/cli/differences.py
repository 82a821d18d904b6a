"""``hub difference``: 对账差异, listed, taken over, and settled by two."""

from enum import StrEnum
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
from hub.cli.progress import padded
from hub.kernel.errors import BadInput
from hub.kernel.money import show_yuan
from hub.kernel.periods import Period

app = typer.Typer(no_args_is_help=True, help="对账差异 · differences of the reconciliation")


class BadWay(BadInput):
    """Either --tie or --adopt."""

    code = "cli.bad_way"
    hint = "--tie SERIAL names the correcting entry; --adopt takes what bank and core hold."


class Ending(StrEnum):
    """What becomes of the item, in words."""

    NOT_OURS = "两笔相抵，与本中心明细无关 · the two cancel each other"
    PAID = "对冲成功，三方一致 · paid, all three agree"
    TO_POST = "对冲成功，随后记账 · paid; the posting follows"
    TO_REVERSE = "已退票，随后冲账 · returned; the reversal follows"
    REVERSED = "已退票，已冲账 · returned and reversed"
    TO_RELEASE = "划款失败，随后解除占用 · failed; the release follows"
    AT_REST = "明细不变 · the item stays as it is"
    CLAIMED = "入账归此明细 · the credit becomes this item's"


Number = Annotated[int, typer.Argument(help="差异号，见 hub difference list · its number")]
Tie = Annotated[
    str, typer.Option("--tie", help="更正分录的流水号 · serial of the correcting entry")
]
Adopt = Annotated[
    bool, typer.Option("--adopt", help="以银行与核心所载为准 · take what bank and core hold")
]
Item = Annotated[
    str, typer.Option("--item", help="入账归哪条明细 · the item an unknown credit belongs to")
]


@app.command("list")
@clean_errors
def list_open(month: Month, home: Home = None, as_json: AsJson = False) -> None:
    """列出一个期次未平的对账差异 · the open differences of a run."""
    from hub.app.orders import open_differences

    with opened(home) as hub:
        rows = open_differences(hub, Period.parse(month))
    text = "\n".join(
        f"{row['number']:>6}  {padded(str(row['title']), 22)}{padded(str(row['bank']), 6)}"
        f"{padded(str(row['item']), 22)}银行 {show_yuan(int(row['bank_fen']))} "
        f"中心 {show_yuan(int(row['hub_fen']))} 核心 {show_yuan(int(row['core_fen']))}  "
        f"{row['owner']}  {row['detail']}"
        for row in rows
    )
    show({"differences": rows}, as_json, text or "没有未平的对账差异 · none is open")


@app.command("show")
@clean_errors
def show_one(number: Number, home: Home = None, as_json: AsJson = False) -> None:
    """一项差异：三方各自的记载、分录、经过 · one difference: three ledgers, entries, history."""
    from hub.app.differing import read_difference

    with opened(home) as hub:
        one = read_difference(hub, number)
    sides = "\n".join(
        f"  {padded(name, 6)}{show_yuan(fen)}"
        for name, fen in (("中心", one.hub_fen), ("银行", one.bank_fen), ("核心", one.core_fen))
    )
    entries = "\n".join(
        f"  {padded(e.ledger, 6)}{e.day}  {padded(e.kind, 10)}{padded(show_yuan(e.fen), 18)}"
        f"{e.serial}"
        for e in one.entries
    )
    acts = "\n".join(f"  {padded(a.actor, 12)}{padded(a.act, 12)}{a.text}" for a in one.acts)
    text = (
        f"差异 {number} {one.kind} {one.bank} {one.item}（{one.owner}）\n{sides}\n{entries}\n{acts}"
    )
    show(one.as_dict(), as_json, text)


@app.command()
@clean_errors
def take(
    number: Number,
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """由本人接手一项差异 · this difference is mine from now on."""
    from hub.app.settlements import take as take_it

    with opened(home) as hub:
        said = take_it(hub, token_of(token_file), number, reason)
    show({"difference": number}, as_json, said)


@app.command()
@clean_errors
def preview(
    number: Number,
    tie: Tie = "",
    adopt: Adopt = False,
    item: Item = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """这样处理会怎样，不改任何数据 · what settling so would do; changes nothing."""
    from hub.app.settlements import preview as look
    from hub.offset.settling import Way

    with opened(home) as hub:
        seen = look(hub, number, Way(_way(tie, adopt=adopt)), tie, item)
    show(dict(seen.payload()), as_json, Ending[seen.end.upper()].value)


@app.command()
@clean_errors
def settle(
    number: Number,
    how: Annotated[
        str,
        typer.Option(
            "--how", help="如何处理，写入审计 · how it is settled; goes into the audit",
            prompt="如何处理 (how)",
        ),
    ],
    tie: Tie = "",
    adopt: Adopt = False,
    item: Item = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """申请处理一项差异，须另一人复核（hub approve）.

    Ask to settle a difference, tied to a correcting entry or adopted; another person confirms it.
    """
    from hub.app.settlements import ask_settle
    from hub.offset.settling import Way

    way = Way(_way(tie, adopt=adopt))
    with opened(home) as hub:
        approval = ask_settle(hub, token_of(token_file), number, how, way=way, entry=tie, item=item)
    show(
        {"approval": approval},
        as_json,
        f"已申请处理差异 {number}，审批号 {approval}；请另一人执行 hub approve {approval}",
    )


@app.command()
@clean_errors
def proposals(month: Month, home: Home = None, as_json: AsJson = False) -> None:
    """列出没有我方编号的退回，及可能所属的明细.

    Returns without our number, and the items they may belong to by pair and amount.
    """
    from dataclasses import asdict

    from hub.app.settlements import list_proposals

    with opened(home) as hub:
        rows = list_proposals(hub, Period.parse(month))
    text = "\n".join(
        f"{row.entry:>6}  {row.day} {row.bank} {show_yuan(row.fen)} {row.account} {row.serial}  "
        f"→ {'、'.join(row.items) or '无相符明细 · no item fits'}"
        for row in rows
    )
    said = {"proposals": [asdict(row) for row in rows]}
    show(said, as_json, text or "没有待认定的退回 · none waits")


@app.command()
@clean_errors
def claim(
    entry: Annotated[int, typer.Argument(help="流水序号，见 hub difference proposals · entry")],
    item: Annotated[str, typer.Argument(help="明细号，20 位 · the item's number")],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """申请把一笔退回认定给一条明细，须另一人复核 · say whose a return is; another confirms."""
    from hub.app.settlements import ask_claim

    with opened(home) as hub:
        approval = ask_claim(hub, token_of(token_file), entry, item, reason)
    text = f"已申请认定，审批号 {approval}；请另一人执行 hub approve {approval}"
    show({"approval": approval}, as_json, text)


def _way(tie: str, *, adopt: bool) -> str:
    if bool(tie) == adopt:
        raise BadWay
    return "adopted" if adopt else "tied"
