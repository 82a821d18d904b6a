"""``hub offset plan --shadow``: our plan against the list that today's scripts made."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.common import opened, show
from hub.cli.progress import padded
from hub.kernel.errors import BadInput
from hub.kernel.money import show_yuan
from hub.kernel.periods import Period

if TYPE_CHECKING:
    from hub.offset.shadow import Comparison
    from hub.web.workbook import Sheet

_SHOWN = 20


class NoShadowOut(BadInput):
    """The differences can only be written to .csv or .xlsx."""

    code = "shadow.bad_out"


def run_shadow(
    path: Path | None, period: Period, banks: Sequence[str], patience_s: float, out: Path | None,
    home: Path | None, *, as_json: bool,
) -> None:  # fmt: skip
    """Compare, print, write ``out``."""
    from hub.app.shadowing import shadow_plan, standing_run
    from hub.offset.shadow import compare
    from hub.offset.shadow_list import BadShadowList, read_shadow_list

    if path is None:
        raise BadShadowList("--out needs --shadow LIST.csv")
    if out is not None and out.suffix not in (".csv", ".xlsx"):
        raise NoShadowOut(f"{out.name} ends in neither .csv nor .xlsx")
    rows = read_shadow_list(path)
    with opened(home) as hub:
        wanted = tuple(banks) or tuple(sorted(hub.office.banks))
        for bank in wanted:
            hub.office.seat(bank)
        token_of = hub.vault.tokens.whole
        run_id = standing_run(hub, period)
        if run_id is not None:
            source = "本月已有的计划"
            with hub.store.read() as view:
                done = compare(view, run_id, wanted, rows, lambda text: token_of("account", text))
        else:
            source = "为比对另行试算，已弃去"
            with (
                shadow_plan(hub, period, wanted, patience_s) as (store, fresh),
                store.read() as view,
            ):
                done = compare(view, fresh, wanted, rows, lambda text: token_of("account", text))
        made = hub.clock.now()
    if out is not None and out.suffix == ".csv":
        from hub.offset.shadow import write_csv

        write_csv(out, done)
    elif out is not None:
        from hub.web.workbook import write_workbook

        out.write_bytes(write_workbook([_sheet(done, period)], made=made))
    said = {
        "month": str(period), "banks": list(wanted), "fresh": run_id is None,
        "kinds": done.as_dict(), "rows": [list(one.cells()) for one in done.rows[:_SHOWN]],
        "differences": len(done.rows),
    }  # fmt: skip
    show(said, as_json, _text(done, period, wanted, source, out))


def _text(
    done: "Comparison", period: Period, banks: Sequence[str], source: str, out: Path | None
) -> str:
    from hub.offset.shadow import Kind
    from hub.web.words import Words

    words = Words("zh")
    lines = [f"影子月 {period}：{'、'.join(banks)}；我方计划：{source}。没有占用，没有发送。"]
    for kind in Kind:
        lines.append(
            f"{padded(words.of('shadow_kind', kind.value), 18)}{done.count[kind]:>9,} 笔  "
            f"我方 {show_yuan(done.ours[kind])}  对方清单 {show_yuan(done.theirs[kind])}"
        )
    for one in done.rows[:_SHOWN]:
        reason = words.of("reason", one.reason) if words.knows("reason", one.reason) else one.reason
        lines.append(
            f"  {words.of('shadow_kind', one.kind.value)} {one.bank} {one.agreement or one.loan}"
            f"  我方 {show_yuan(one.ours)}  清单 {show_yuan(one.theirs)}"
            + (f"  我方理由：{reason}" if one.reason else "")
            + (f"  清单第 {one.line} 行" if one.line else "")
        )
    if len(done.rows) > _SHOWN:
        lines.append(
            f"  …… 另有 {len(done.rows) - _SHOWN:,} 笔" + ("" if out else "，用 --out 写成文件")
        )
    if out is not None:
        lines.append(f"差异已写入 {out}")
    return "\n".join(lines)


def _sheet(done: "Comparison", period: Period) -> "Sheet":
    from hub.offset.shadow import COLUMNS
    from hub.web.workbook import Sheet, Yuan

    rows = [
        (
            one.kind.value, one.agreement, one.bank, one.loan, Yuan(one.ours),
            *map(Yuan, one.ours_split), Yuan(one.theirs),
            *((None, None) if one.theirs_split is None else map(Yuan, one.theirs_split)),
            one.reason, one.line or None,
        )
        for one in done.rows
    ]  # fmt: skip
    notes = [
        f"{kind}: {figures['count']} 笔，我方 {show_yuan(figures['ours_fen'])}，"
        f"清单 {show_yuan(figures['theirs_fen'])}"
        for kind, figures in done.as_dict().items()
    ]
    return Sheet(
        "影子月", f"影子月 {period} 差异", notes, COLUMNS, rows,
        (12, 22, 8, 26, 14, 14, 14, 14, 14, 14, 20, 8),
    )  # fmt: skip
