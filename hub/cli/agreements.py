"""``hub agreements``: 对冲协议."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import SAID_NO, AsJson, Home, TokenFile, clean_errors, opened, show, token_of

app = typer.Typer(no_args_is_help=True, help="对冲协议 · the agreements")
_SHOWN = 20


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
    refused = [
        {"line": row.line, "number": row.number, "code": row.code, "text": row.text}
        for row in report.refused
    ]
    lines = [f"新增 {report.added}，未变 {report.unchanged}，拒绝 {len(refused)}"]
    lines += [
        f"  第{r['line']}行 {r['number']}: {r['text']} [{r['code']}]" for r in refused[:_SHOWN]
    ]
    if len(refused) > _SHOWN:
        lines.append(f"  …… 其余 {len(refused) - _SHOWN} 行用 --json 查看")
    said = {"added": report.added, "unchanged": report.unchanged, "refused": refused}
    show(said, as_json, "\n".join(lines))
    if refused:
        raise typer.Exit(SAID_NO)
