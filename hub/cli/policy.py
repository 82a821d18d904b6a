"""``hub policy``: 对冲政策, changed by two people."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import AsJson, Home, Reason, TokenFile, clean_errors, opened, show, token_of

app = typer.Typer(no_args_is_help=True, help="对冲政策 · the offset's policy")


@app.command("show")
@clean_errors
def show_current(home: Home = None, as_json: AsJson = False) -> None:
    """现行政策：新建期次按它办；已建立的期次不变 · what new runs are opened with."""
    from hub.offset.policy import current_policy

    with opened(home) as hub, hub.store.read() as view:
        policy = current_policy(view)
    said = {"digest": policy.digest, "policy": json.loads(policy.body)}
    text = json.dumps(said["policy"], ensure_ascii=False, indent=1)
    show(said, as_json, f"{text}\n摘要 digest {policy.digest[:16]}")


@app.command()
@clean_errors
def propose(
    file: Annotated[Path, typer.Argument(help="政策文件 YAML/JSON · the policy file")],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """申请变更政策，须另一人批准（hub approve）后对新期次生效.

    Propose a policy; once another person approves it, new runs are opened with it.
    """
    from hub.app.policies import propose as ask

    with opened(home) as hub:
        number, wanted = ask(hub, token_of(token_file), file, reason)
    said = {"approval": number, "digest": wanted.digest}
    show(said, as_json, f"已申请变更政策，审批号 {number}；请另一人执行 hub approve {number}")
