"""``hub backup``, ``hub restore`` and ``hub status``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.common import SAID_NO, AsJson, Home, clean_errors, opened, show
from hub.kernel.money import show_yuan

Passphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="口令文件（0600）；给出则连密钥一起封装 · seals the keys into the backup too",
    ),
]


@clean_errors
def backup(
    target: Annotated[Path, typer.Argument(help="新建的备份目录 · a folder that is new")],
    passphrase_file: Passphrase = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """联机备份数据库（hub serve 可照常运行），写完即核验；密钥默认不在其中.

    Copy the database while it works, verified after writing; without keys unless sealed.
    """
    from hub.app.backups import take_backup
    from hub.kernel.settings import read_secret

    secret = read_secret(passphrase_file, "--passphrase-file") if passphrase_file else None
    with opened(home) as hub:
        made = take_backup(hub, target, secret)
    keys = "密钥已用口令封装在内" if secret else "不含密钥：密钥目录另行保管，缺了它备份打不开"
    show(
        {"backup": str(target), "taken_us": made.taken_us, "seq": made.seq, "kind": made.kind,
         "keys": secret is not None},
        as_json, f"已备份到 {target}（{made.text}）；{keys}",
    )  # fmt: skip


@clean_errors
def restore(
    source: Annotated[Path, typer.Argument(help="备份目录 · a folder hub backup wrote")],
    replace: Annotated[
        bool, typer.Option("--replace", help="替换已有数据库（须写事由）· replace what is there")
    ] = False,
    reason: Annotated[str, typer.Option(help="事由 · why")] = "",
    passphrase_file: Passphrase = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """恢复备份。恢复后的库停发全部通道，先向银行、核心核对，再由两人放行.

    Restore a backup.  It starts with every channel stopped, asks banks and core, adopts what they
    hold, and goes on when two people release it.
    """
    from hub.app.backups import restore_backup
    from hub.kernel.settings import Settings, read_secret

    secret = read_secret(passphrase_file, "--passphrase-file") if passphrase_file else None
    made = restore_backup(
        Settings.load(home), source, replace=replace, reason=reason, passphrase=secret
    )
    show(
        {"restored": str(source), "taken_us": made.taken_us, "seq": made.seq}, as_json,
        f"已恢复 {made.text}\n通道全部停发。下一步：hub serve（自动核对）→ hub status → "
        "hub audit release → 另一人 hub approve",
    )  # fmt: skip


@clean_errors
def status(home: Home = None, as_json: AsJson = False) -> None:
    """本库能否动账、恢复后的核对到了哪一步、还差什么；不能动账时退出码 1.

    Whether this database may move money, how far a restored one's way back is, and what stands
    in the way; exit 1 while it may not.
    """
    from hub.app.backups import last_backup_us
    from hub.app.standing import read_standing

    with opened(home) as hub:
        standing, backup_us = read_standing(hub), last_backup_us(hub)
    said: dict[str, Any] = {
        "good": standing.good, "verdict": standing.verdict.value, "last_backup_us": backup_us,
    }  # fmt: skip
    lines = [standing.text or "数据库与库外检查点一致，可以动账"]
    way = standing.way
    if way is not None:
        said["restoration"] = {
            "cause": way.cause, "source": way.source, "from_day": way.from_day, "lost": way.lost,
            "turn": way.turn, "firm": way.firm, "clean": way.clean, "asked": way.asked,
            "answered": way.answered, "partners": way.partners,
            "partners_answered": way.partners_answered, "adopted": way.adopted,
            "adopted_fen": way.adopted_fen, "unadopted": way.unadopted,
            "unadopted_fen": way.unadopted_fen,
            "obstacles": [
                {"kind": o.kind, "bank": o.bank, "number": o.number, "fen": o.fen,
                 "detail": o.detail} for o in way.obstacles
            ],
        }  # fmt: skip
        lines.append(way.text)
        lines += [f"  {o.bank} {o.number} {show_yuan(o.fen)} {o.detail}" for o in way.obstacles]
        if way.lost:
            lines.append(f"  副本之后的 {way.lost} 条审计条目已丢失：其中的授权、撤回须重新办理")
    elif not standing.good:
        lines.append("下一步：启动 hub serve，它会自动向银行和核心核对")
    show(said, as_json, "\n".join(lines))
    if not standing.good:
        raise typer.Exit(SAID_NO)
