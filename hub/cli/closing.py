"""``hub close``: 日终 and 月结."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.common import (
    SAID_NO,
    AsJson,
    Home,
    Month,
    TokenFile,
    clean_errors,
    opened,
    show,
    token_of,
)
from hub.kernel.errors import BadInput
from hub.kernel.money import show_yuan
from hub.kernel.periods import Period

if TYPE_CHECKING:
    from hub.offset.day_end import BankDay

app = typer.Typer(no_args_is_help=True, help="日终、月结 · the end of a day, of a month")


class BadDay(BadInput):
    """Not a day."""

    code = "cli.bad_day"
    hint = "Write 2025-10-09."


@app.command("day")
@clean_errors
def day(
    day: Annotated[
        str, typer.Option(help="业务日，缺省今天 · YYYY-MM-DD, today when left out")
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="只核对，不结日 · look only; exit 1 when not clear")
    ] = False,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """日终：各行当日发生额与结日障碍；没有障碍时由本人结日，写入审计.

    The day at each bank and what stands in the way of its end. Without --check a clear day is
    closed by the acting person, in the audit; one that is not clear is refused (exit 1).
    """
    from hub.app.day_closing import close_day
    from hub.offset.day_end import read_day_end

    with opened(home) as hub:
        wanted = _day(day) if day else hub.clock.today()
        if check:
            with hub.store.read() as view:
                found = read_day_end(view, hub.office, wanted)
        else:
            found = close_day(hub, token_of(token_file), wanted)
    clear = all(each.clear for each in found)
    said = {"day": str(wanted), "clear": clear, "closed": clear and not check,
            "banks": [_as_dict(each) for each in found]}  # fmt: skip
    show(said, as_json, _day_text(wanted, found, closed=clear and not check))
    if not clear:
        raise typer.Exit(SAID_NO)


@app.command("month")
@clean_errors
def month(
    month: Month,
    out: Annotated[Path, typer.Option(help="输出目录 · the folder")] = Path(),
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """月报与余额调节表（XLSX）；期次未关账时写明现状.

    The month report and the balance reconciliation as workbooks; of an open run as it stands.
    """
    from hub.web.books import BOOKS, file_name
    from hub.web.desk import books

    period = Period.parse(month)
    written = []
    with opened(home) as hub:
        out.mkdir(parents=True, exist_ok=True)
        for name in BOOKS:
            body = books.make(hub, period, name)
            path = out / file_name(name, str(period))
            fresh = path.with_name(path.name + ".new")
            fresh.write_bytes(body)
            fresh.replace(path)
            written.append(str(path))
    show(
        {"files": written}, as_json, "\n".join(f"已写到 {Path(path).resolve()}" for path in written)
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDay(f"{text[:20]!r} is not a day") from None


def _as_dict(one: "BankDay") -> dict[str, Any]:
    def figure(name: str) -> dict[str, int]:
        found = getattr(one, name)
        return {"count": found.count, "fen": found.fen}

    names = ("instructed", "credited", "returned", "posted", "reversed")
    return {
        "bank": one.bank,
        **{name: figure(name) for name in names},
        "obstacles": [
            {"code": o.code, "count": o.figure.count, "fen": o.figure.fen, "what": o.what}
            for o in one.obstacles
        ],
    }


_WORDS = {
    "unknown": "结果不明 unknown", "between": "两步之间 between two steps",
    "difference": "对账差异未平 difference open",
    "statement_unread": "当日对账单未读 statement unread",
    "day_open": "银行未日终 the bank's day is open", "stopped": "通道已停发 channel stopped",
    "dead": "待人工处理 dead letters", "parked": "搁置 parked", "queued": "待发 to be sent",
}  # fmt: skip


def _day_text(day: date, found: "list[BankDay]", *, closed: bool) -> str:
    lines = [f"{day} 日终 day end" + ("：已结日 closed" if closed else "")]
    if not found:
        lines.append("  当日无发生 nothing moved")
    for each in found:
        lines.append(
            f"  {each.bank}  指令 {each.instructed.count} {show_yuan(each.instructed.fen)} · "
            f"入账 {each.credited.count} {show_yuan(each.credited.fen)} · "
            f"退回 {each.returned.count} {show_yuan(each.returned.fen)} · "
            f"记账 {each.posted.count} {show_yuan(each.posted.fen)} · "
            f"冲账 {each.reversed.count} {show_yuan(each.reversed.fen)}"
        )
        lines += [
            f"    ✗ {_WORDS[o.code]} {o.figure.count or ''} "
            f"{show_yuan(o.figure.fen) if o.figure.fen else ''} {o.what}".rstrip()
            for o in each.obstacles
        ]
    return "\n".join(lines)
