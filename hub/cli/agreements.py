"""``hub agreements``: 对冲协议."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import Expect, Preview_, WhyOr, run_act
from hub.cli.common import SAID_NO, AsJson, Home, TokenFile, clean_errors, opened, show, token_of

if TYPE_CHECKING:
    from hub.offset.agreement_looking import AgreementLine
    from hub.offset.agreements import RefusedRow

app = typer.Typer(no_args_is_help=True, help="对冲协议 · the agreements")
_SHOWN = 20
_MOST = 200
Number = Annotated[str, typer.Argument(help="协议编号 · the agreement's number")]


@app.command("import")
@clean_errors
def import_file(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="agreements.csv，UTF-8，列名按规范 · the CSV file"),
    ],
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """导入对冲协议，逐行检查；有问题的行列出来（退出码 1），其余照常导入.

    Import agreements; every row is checked, bad rows are listed (exit 1), the rest goes in.
    """
    from hub.offset.agreements import import_agreements

    with opened(home) as hub:
        actor = hub.people.authenticate(token_of(token_file))
        month = f"{hub.clock.today():%Y-%m}"
        report = import_agreements(hub.store, hub.vault, file, actor=actor.login, month=month)
    refused = _as_dicts(report.refused)
    lines = [f"新增 {report.added}，未变 {report.unchanged}，拒绝 {len(refused)}"]
    said = {"added": report.added, "unchanged": report.unchanged, "refused": refused}
    show(said, as_json, "\n".join(lines + _refused_lines(refused)))
    if refused:
        raise typer.Exit(SAID_NO)


@app.command()
@clean_errors
def sign(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="待签订协议，UTF-8：XYBH,YHJC,JKHTBH,HKZH,JKRGJJZH,GTJKRGJJZH,QYRQ,JKRXM,JKRZJH,"
            "YXYBH · the CSV file",
        ),
    ],
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """签订：登记在册，请银行核验、登记，相符后生效；YXYBH 为被取代的原协议（如还款账户变更）.

    Sign agreements: the bank verifies and registers each, and it comes into force. One that
    replaces another (YXYBH) ends that one from the same period on. `hub serve` talks to the bank.
    """
    from hub.offset.signing import sign_file

    with opened(home) as hub:
        actor = hub.people.authenticate(token_of(token_file))
        report = sign_file(hub.office, file, actor=actor.login)
    refused = _as_dicts(report.refused)
    lines = [f"已请银行核验 {len(report.asked)}，未变 {report.unchanged}，拒绝 {len(refused)}"]
    said = {"asked": report.asked, "unchanged": report.unchanged, "refused": refused}
    show(said, as_json, "\n".join(lines + _refused_lines(refused)))
    if refused:
        raise typer.Exit(SAID_NO)


@app.command("list")
@clean_errors
def list_agreements(
    state: Annotated[str, typer.Option(help="pending | in_force | suspended | ended")] = "",
    bank: Annotated[str, typer.Option(help="银行代码 · a bank's code")] = "",
    find: Annotated[
        str, typer.Option(help="协议编号、合同号、账号或后四位 · number, loan, account or tail")
    ] = "",
    repair: Annotated[
        bool, typer.Option("--repair", help="本期未能列入、待修复的 · left out until repaired")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """列出对冲协议，新的在前 · the agreements, newest first."""
    from dataclasses import asdict

    from hub.offset.agreement_looking import AgreementFilter
    from hub.offset.agreement_looking import list_agreements as look

    wanted = AgreementFilter(state, bank, find, repair)
    with opened(home) as hub, hub.store.read() as view:
        found = look(view, hub.vault.tokens, wanted, before=None, size=_MOST)
    more = [f"…… 只列最新 {_MOST} 份，请缩小范围"] if found.before else []
    said = {"agreements": [asdict(one) for one in found.lines], "more": bool(found.before)}
    show(said, as_json, "\n".join([_line_text(one) for one in found.lines] + more))


@app.command("show")
@clean_errors
def show_one(number: Number, home: Home = None, as_json: AsJson = False) -> None:
    """一份协议：状态、银行答复、变更、各期结果 · one agreement, whole."""
    from dataclasses import asdict

    from hub.kernel.money import show_yuan
    from hub.offset.agreement_looking import see_agreement

    with opened(home) as hub, hub.store.read() as view:
        seen = see_agreement(view, number)
    lines = [_line_text(seen.line)]
    lines += [
        f"  自 {c.first_period} 期 {c.before} → {c.after}：{c.why} {c.evidence}（{c.actor}）"
        for c in seen.changes
    ]
    lines += [f"  {p.period} {p.outcome} {p.reason} {show_yuan(p.fen)}" for p in seen.periods]
    show(asdict(seen), as_json, "\n".join(lines))


@app.command()
@clean_errors
def suspend(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """暂停协议，自下一个未试算的期次起；一人即可.

    Suspend an agreement from the next period that is not planned; one person is enough.
    """
    _act("agreement.suspend", number, home, token_file, as_json, preview, reason, expect)


@app.command()
@clean_errors
def resume(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """申请恢复暂停的协议，须另一人复核（hub approve）.

    Ask to resume a suspended agreement; another person confirms it.
    """
    _act("agreement.resume", number, home, token_file, as_json, preview, reason, expect)


@app.command()
@clean_errors
def end(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """申请终止协议并通知银行解除登记，须另一人复核（hub approve）.

    Ask to end an agreement for good; another person confirms it, and the bank is told.
    """
    _act("agreement.end", number, home, token_file, as_json, preview, reason, expect)


@app.command()
@clean_errors
def verify(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """请银行再核验一次（身份不符、还款账户变更修复之后）.

    Ask the bank to verify again, once what it did not confirm has been put right.
    """
    _act("agreement.verify", number, home, token_file, as_json, preview, reason, expect)


def _act(
    act: str, number: str, home: Path | None, token_file: Path | None, as_json: bool,
    preview: bool, reason: str, expect: str,
) -> None:  # fmt: skip
    run_act(act, number, home=home, token_file=token_file, as_json=as_json, preview=preview,
            reason=reason, expect=expect)  # fmt: skip


def _as_dicts(refused: "list[RefusedRow]") -> list[dict[str, Any]]:
    return [
        {"line": row.line, "number": row.number, "code": row.code, "text": row.text}
        for row in refused
    ]


def _refused_lines(refused: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"  第{r['line']}行 {r['number']}: {r['text']} [{r['code']}]" for r in refused[:_SHOWN]
    ]
    more = len(refused) - _SHOWN
    return lines + ([f"  …… 其余 {more} 行用 --json 查看"] if more > 0 else [])


def _line_text(one: "AgreementLine") -> str:
    states = {"pending": "待核验", "in_force": "生效", "suspended": "暂停", "ended": "终止"}
    return (
        f"{one.number}  {one.bank}  {states[one.state]}  {one.loan_contract}  {one.said}".rstrip()
    )
