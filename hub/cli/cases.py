"""``hub case``: 办件."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.acting import Expect, Preview_, WhyOr, run_act
from hub.cli.common import AsJson, Home, TokenFile, clean_errors, opened, show, token_of

if TYPE_CHECKING:
    from hub.cases.looking import CaseLine, CaseSeen

app = typer.Typer(no_args_is_help=True, help="办件 · cases filed by government platforms")
_MOST = 200
_LONGEST_PATH = 400
Number = Annotated[
    str, typer.Argument(help="办件编号，平台的或本中心的 · the platform's number, or the hub's")
]


@app.command("list")
@clean_errors
def list_all(
    tray: Annotated[
        str,
        typer.Option(help="open | applicant | hold | staff | overdue | untold | ended | all"),
    ] = "open",
    find: Annotated[
        str, typer.Option(help="编号、证件号或后四位、姓名 · number, document or its tail, name")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """列出办件：缺什么、为什么、承诺哪天办结，新的在前 · the inbox, newest first."""
    from dataclasses import asdict

    from hub import audit
    from hub.cases.looking import CaseFilter, Tray, list_cases
    from hub.cases.office import day_number
    from hub.kernel.errors import BadInput

    if tray not in {one.value for one in Tray}:
        raise BadInput(f"--tray is none of {', '.join(Tray)}")
    wanted = CaseFilter(Tray(tray), find)
    with opened(home) as hub:
        today = day_number(hub.clock.today())
        with hub.store.read() as view:
            found = list_cases(view, hub.vault.tokens, wanted, today=today, before=None, size=_MOST)
        if find:  # searching for a person is itself an act
            with hub.store.write() as tx:
                audit.record(tx, act="case.search", actor="cli", subject="cases",
                             count=len(found.lines))  # fmt: skip
    more = [f"…… 只列最新 {_MOST} 件，请缩小范围"] if found.before else []
    said = {"cases": [asdict(one) for one in found.lines], "more": bool(found.before)}
    show(said, as_json, "\n".join([_text(one) for one in found.lines] + more))


@app.command("show")
@clean_errors
def show_one(number: Number, home: Home = None, as_json: AsJson = False) -> None:
    """一个办件：材料、各步进度与回执、核心的申请 · one case, whole."""
    from dataclasses import asdict

    from hub.cases.looking import see_case
    from hub.cases.office import day_number

    with opened(home) as hub, hub.store.read() as view:
        seen = see_case(view, number, today=day_number(hub.clock.today()))
    show(asdict(seen), as_json, "\n".join(_whole(seen)))


@app.command()
@clean_errors
def visits(number: Number, home: Home = None, as_json: AsJson = False) -> None:
    """谁为这个办件从平台进过网厅，钥匙换了没有 · who entered the online hall for a case."""
    from dataclasses import asdict

    from hub.cases.visits import of_number
    from hub.kernel.clocks import from_us, to_us

    with opened(home) as hub, hub.store.read() as view:
        found = of_number(view, number)
        now_us = to_us(hub.clock.now())
    lines = []
    for one in found:
        stands = "钥匙未换" if now_us < one.until_us else "钥匙过期，未换"
        if one.redeemed_us is not None:
            stands = f"{from_us(one.redeemed_us):%H:%M:%S} 网厅已换"
        kind = "法人" if one.user_type == "2" else "个人"
        lines.append(
            f"{one.id}  {from_us(one.came_us):%Y-%m-%d %H:%M:%S}  {kind} {one.subject}  {stands}"
        )
    show({"visits": [asdict(one) for one in found]}, as_json, "\n".join(lines) or "没有人进来过")


@app.command()
@clean_errors
def withdraw(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """撤回办件：核心在办的先撤销；已办结的撤不回.

    Withdraw a case: what is at the core is cancelled there first; what is done stays done.
    """
    run_act("case.withdraw", number, home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect=expect)  # fmt: skip


@app.command()
@clean_errors
def recheck(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """再核验一次表单与材料（规则、日历修正之后）.

    Check form and attachments once more, after a rule or the calendar was put right.
    """
    run_act("case.recheck", number, home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect=expect)  # fmt: skip


@app.command()
@clean_errors
def approve(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """核准一家迁出单位的逐户封存（户数超过规定的才要核准）.

    Approve the sealing of a unit's accounts, where their number is above what needs a person.
    """
    run_act("case.approve", number, home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect=expect)  # fmt: skip


@app.command()
@clean_errors
def decide(
    number: Number,
    place: Annotated[int, typer.Argument(help="第几项，见 hub case show · which field")],
    take: Annotated[
        bool, typer.Option("--take/--keep", help="以推送为准，或保留核心的值 · whose value")
    ],
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """单位信息变更：核心为第三个值的一项，以推送为准，或保留核心的值.

    Decide one field of a unit: the pushed value, or the core's.
    """
    act = "case.field_take" if take else "case.field_keep"
    run_act(act, f"{number}:{place}", home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect=expect)  # fmt: skip


@app.command()
@clean_errors
def retry(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """再办未能封存（或启封）的户，各用新的申请编号.

    Try the accounts again that could not be sealed, or opened, each under a new number.
    """
    run_act("case.retry", number, home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect=expect)  # fmt: skip


@app.command()
@clean_errors
def close(
    number: Number,
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """按现状办结：未能封存（或启封）的户连同原因反馈给推送方.

    End it as it stands: what could not be sealed, or opened, is told with its reasons.
    """
    run_act("case.close", number, home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect=expect)  # fmt: skip


@app.command()
@clean_errors
def unseal(
    number: Number,
    evidence: Annotated[
        str,
        typer.Option(
            help="依据：文件（记文件名与 SM3）或文号 · a file (its SM3 is kept) or a number"
        ),
    ] = "",
    reason: WhyOr = "",
    preview: Preview_ = False,
    expect: Expect = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """启封一个已结束办件所封存的账户：一人申请，另一人用 hub approve 复核.

    Open the accounts that an ended case has sealed: one asks, another confirms.
    """
    run_act("case.unseal", number, home=home, token_file=token_file, as_json=as_json,
            preview=preview, reason=reason, expect=expect, evidence=_named(evidence))  # fmt: skip


def _named(evidence: str) -> str:
    """A file by its name and digest, or the words as they are."""
    from hub.crypto import sm3_hex

    path = Path(evidence)
    if not (0 < len(evidence) < _LONGEST_PATH and path.is_file()):
        return evidence
    return f"{path.name} SM3 {sm3_hex(path.read_bytes())}"


@app.command()
@clean_errors
def attachment(
    number: Annotated[int, typer.Argument(help="材料编号，见 hub case show · its number")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件 · the file to write")],
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """取出一份材料原件；须有“报文原文”角色，每次查看都进审计.

    Take out one attachment; for those with the role raw, and each look is in the audit.
    """
    from hub.app.operators import may_see_raw
    from hub.cases.attachments import open_file
    from hub.kernel.errors import Misconfigured

    with opened(home) as hub:
        actor = may_see_raw(hub.people.authenticate(token_of(token_file)))
        if hub.cases is None:
            raise Misconfigured("no platform files cases in this deployment")
        with hub.store.write() as tx:
            _name, content = open_file(tx, hub.cases, number, actor.login)
        out.write_bytes(content)
    show({"bytes": len(content), "out": str(out)}, as_json, f"{out}：{len(content)} 字节")


def _whole(seen: "CaseSeen") -> list[str]:
    from hub.kernel.clocks import from_us
    from hub.kernel.money import show_yuan

    lines = [_text(seen.line)]
    if seen.principal is not None and seen.interest is not None:
        lines.append(f"  本金 {show_yuan(seen.principal)} 利息 {show_yuan(seen.interest)}")
    if seen.unit is not None:
        lines.append(
            f"  封存 {seen.unit.sealed} / {seen.unit.wanted} 户，未能封存 {seen.unit.failed} 户"
        )
        lines += [f"  未成：{code} {count} 户" for code, count in seen.unit.reasons]
    lines += [
        f"  启封 {one.opened} / {one.wanted} 户，未能启封 {one.failed} 户 [{one.state}] "
        f"{one.ordered_by} → {one.confirmed_by}；{one.reason}；{one.evidence}"
        for one in seen.unsealings
    ]
    lines += [
        f"  第 {one.place} 项 {one.title} {one.unit}：变更前 {one.before}，核心 {one.core}，"
        f"变更后 {one.new} [{one.verdict}] {one.decided_by} {one.decided_why}".rstrip()
        for one in seen.fields
    ]
    lines += [
        f"  材料 {one.id}：v{one.version} 第 {one.place} 份 {one.material} {one.media} "
        f"{one.size} 字节 {one.word} SM3 {one.digest[:16]}"
        for one in seen.files
    ]
    lines += [
        f"  {one.place}. {from_us(one.at_us):%m-%d %H:%M} {one.step} {one.text}"
        f"{'；'.join(('', *one.lacking))} [{one.fed} {one.receipt}]"
        for one in seen.steps
    ]
    lines += [
        f"  申请 {one.number} {one.subject} {one.state} {one.code} {one.reason}".rstrip()
        for one in seen.applications
    ]
    return lines


def _text(one: "CaseLine") -> str:
    from hub.cases.words import REASON_ZH, STATE_ZH, WAITING_ZH, CaseState, Waiting

    why = WAITING_ZH[Waiting(one.waiting)] or REASON_ZH.get(one.reason, one.reason)
    promise = (
        f"承诺 {one.promise_on}{'（已超期）' if one.overdue else ''}" if one.promise_on else ""
    )
    head = f"{one.id}  {one.number} v{one.version}  {one.door}  {one.subject}  "
    head += f"{STATE_ZH[CaseState(one.state)]}  {why}  {promise}"
    untold = [f"未回执 {one.untold} 条"] if one.untold else []
    return "\n    ".join([head.rstrip(), *(text for _, text in one.problems), *untold])
