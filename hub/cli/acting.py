"""What the commands of operators share: a preview, or the act itself with a token and a reason."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import opened, show, token_of

if TYPE_CHECKING:
    from hub.bus.preview import Preview

Preview_ = Annotated[
    bool,
    typer.Option("--preview", help="只预览将会发生什么，不执行 · only say what would happen"),
]
Expect = Annotated[
    str,
    typer.Option(
        "--expect",
        help="仅当预览摘要仍是这个时执行 · only if the preview's digest is still this one",
    ),
]
WhyOr = Annotated[
    str, typer.Option("--reason", help="事由，写入审计；执行时必填 · why; needed to act")
]


def preview_text(preview: "Preview") -> str:
    """A preview as the page has it, for a terminal."""
    from hub.web.sentences import lines_of
    from hub.web.words import Words

    words = Words("zh")
    title = f"{words.of('act_name', preview.act)} {preview.subject}"
    return "\n".join([title, *(f"  {line}" for line in lines_of(words, preview))])


def run_act(
    act: str, subject: str, *, home: Path | None, token_file: Path | None, as_json: bool,
    preview: bool, reason: str, expect: str, evidence: str = "",
) -> None:  # fmt: skip
    """Say what the act would do, or have it done."""
    from hub.app import acts

    with opened(home) as hub:
        if preview:
            found = acts.look(hub, act, subject)
            show(found.as_dict(), as_json, preview_text(found))
            return
        why = reason or ("" if as_json else typer.prompt("事由 (reason)", err=True))
        done = acts.order(hub, token_of(token_file), act, subject, why, seen=expect,
                          evidence=evidence)  # fmt: skip
    said = {"said": done.text, "approval": done.approval, "preview": done.preview.as_dict()}
    show(said, as_json, done.text)
