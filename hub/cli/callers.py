"""``hub caller``: who may ask our published queries, and what they asked."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.common import (
    AsJson,
    Home,
    Reason,
    TokenFile,
    clean_errors,
    listed,
    opened,
    seconds,
    show,
    token_of,
)
from hub.cli.progress import padded
from hub.kernel.errors import BadInput

if TYPE_CHECKING:
    from hub.queries.callers import CallerRow

app = typer.Typer(no_args_is_help=True, help="对外查询的调用方与授权 · callers and their grants")

Rid = Annotated[str, typer.Argument(help="请求方标识 rid · the caller's id")]


class BadDay(BadInput):
    """The day is not written YYYY-MM-DD."""

    code = "cli.bad_day"
    hint = "Write a day as 2026-12-31."


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDay(f"not a day: {text[:12]!r}") from None


@app.command()
@clean_errors
def grant(
    rid: Rid,
    interface: Annotated[str, typer.Option(help="接口，如 onething-listing · what it may ask")],
    purpose: Annotated[str, typer.Option(help="用途 · what for")],
    basis: Annotated[str, typer.Option(help="依据，如文号、协议 · on what basis")],
    until: Annotated[str, typer.Option(help="有效期最后一天，2026-12-31 · the last day")],
    fields: Annotated[
        str, typer.Option(help="可见字段，逗号分隔，见接口规范 grantable · what it sees")
    ],
    title: Annotated[str, typer.Option(help="单位名称，新调用方必填 · whose it is")] = "",
    addresses: Annotated[
        str, typer.Option(help="来源地址或网段，逗号分隔；空为不限 · where it may call from")
    ] = "",
    per_minute: Annotated[int, typer.Option(min=1, help="每分钟最多次数 · calls a minute")] = 60,
    per_day: Annotated[int, typer.Option(min=1, help="每日最多次数 · calls a day")] = 10_000,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """授权一个调用方查询一个接口；新调用方的应用密钥只显示这一次.

    Let a caller ask one interface; a new caller's app secret is shown once.
    """
    from hub.app.publishing import published
    from hub.queries.callers import Callers, Wanted, networks

    wanted = Wanted(
        rid=rid, interface=interface, purpose=purpose, basis=basis, until=_day(until),
        shown=listed(fields), title=title, addresses=networks(listed(addresses)),
        per_minute=per_minute, per_day=per_day,
    )  # fmt: skip
    with opened(home) as hub:
        by = hub.people.authenticate(token_of(token_file))
        grantable = {name: port.grantable for name, port in published(hub).items()}
        with hub.store.write() as tx:
            done = Callers(hub.vault, hub.clock).grant(tx, wanted, grantable, by)
    said: dict[str, Any] = {"grant": done.grant_id, "rid": rid, "interface": interface}
    text = f"授权 {done.grant_id}：{rid} 可查 {interface}，至 {until}"
    if done.secret is not None:
        said["secret"] = done.secret.reveal()
        text += f"\n应用密钥（只显示这一次，请以安全方式交给对方）：\n{done.secret.reveal()}"
    show(said, as_json, text)


@clean_errors
def openapi(
    out: Annotated[
        Path | None, typer.Option(help="写到文件；缺省打印 · into a file, else printed")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """导出对外查询的 OpenAPI 3.1 文档，由接口规范生成.

    The OpenAPI document of every published query, from the contracts; the door serves those of
    this deployment at /openapi.json.
    """
    from hub.api.openapi import document
    from hub.app.discover import discover
    from hub.kernel.settings import Settings

    found = discover(Settings.load(home)).values()
    said = document([each.contract for each in found if each.manifest.port == "query"])
    text = json.dumps(said, ensure_ascii=False, indent=2)
    if out is None:
        typer.echo(text)
        return
    out.write_text(text + "\n", encoding="utf-8")
    show({"out": str(out), "paths": len(said["paths"])}, as_json, f"已写入 {out}")


@app.command()
@clean_errors
def revoke(
    rid: Rid,
    reason: Reason,
    interface: Annotated[
        str, typer.Option(help="只撤销这个接口的授权；缺省撤销调用方 · only this; else all")
    ] = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """撤销授权，立即生效 · take a grant back, or the caller with all of its grants, at once."""
    from hub.queries.callers import Callers

    with opened(home) as hub:
        by = hub.people.authenticate(token_of(token_file))
        with hub.store.write() as tx:
            count = Callers(hub.vault, hub.clock).revoke(tx, rid, interface, reason, by)
    show({"rid": rid, "revoked": count}, as_json, f"{rid}：已撤销 {count} 项授权")


@app.command()
@clean_errors
def rotate(
    rid: Rid,
    keep: Annotated[
        str, typer.Option(help="旧密钥再用多久，如 24h · how long the old one still holds")
    ] = "24h",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """更换应用密钥，旧的在 --keep 之内仍可用 · a new app secret; the old one holds a while."""
    from hub.queries.callers import Callers

    with opened(home) as hub:
        by = hub.people.authenticate(token_of(token_file))
        with hub.store.write() as tx:
            callers, kept = Callers(hub.vault, hub.clock), timedelta(seconds=seconds(keep))
            secret = callers.rotate(tx, rid, kept, by)
    show({"rid": rid, "secret": secret.reveal()}, as_json,
         f"{rid} 的新应用密钥（只显示这一次）：\n{secret.reveal()}")  # fmt: skip


@app.command("list")
@clean_errors
def list_all(home: Home = None, as_json: AsJson = False) -> None:
    """列出调用方与授权 · callers, what each may ask, until when."""
    from hub.queries.callers import expired, list_callers

    with opened(home) as hub, hub.store.read() as view:
        rows, now = list_callers(view), hub.clock.now()
        said = [
            _told(row) | {"over": row.grant is not None and expired(row.grant.until_day, now)}
            for row in rows
        ]
    text = "\n".join(
        f"{padded(one['rid'], 24)}{padded(one['title'], 26)}{padded(_state(one), 8)}"
        + (f"{one['interface']} 至 {one['until']} · {one['purpose']}" if one["grant"] else "")
        for one in said
    )
    show({"callers": said}, as_json, text or "还没有调用方；hub caller grant 授权")


def _told(row: "CallerRow") -> dict[str, Any]:
    held = row.grant
    return {
        "rid": row.rid, "title": row.title, "addresses": row.addresses,
        "per_minute": row.per_minute, "per_day": row.per_day,
        "caller_revoked": row.revoked_us is not None,
        "grant": None if held is None else held.id,
        "interface": "" if held is None else held.interface,
        "purpose": "" if held is None else held.purpose,
        "basis": "" if held is None else held.basis,
        "fields": [] if held is None else list(held.shown),
        "until": "" if held is None else held.until_day,
        "by": "" if held is None else held.granted_by,
        "revoked": held is not None and held.revoked_us is not None,
        "why": "" if held is None else held.revoked_why,
    }  # fmt: skip


def _state(one: dict[str, Any]) -> str:
    if one["caller_revoked"] or one["revoked"]:
        return "已撤销"
    return "已到期" if one["over"] else "有效" if one["grant"] else "无授权"


@app.command("calls")
@clean_errors
def list_them(
    rid: Rid,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="最多几条 · how many")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """列出一个调用方最近的调用 · what a caller asked lately, without its content."""
    from hub.kernel.clocks import from_us
    from hub.queries.callers import caller_id
    from hub.queries.calls import list_calls

    with opened(home) as hub, hub.store.read() as view:
        rows = list_calls(view, caller_id(view, rid), most)
    text = "\n".join(
        f"{from_us(int(str(row['asked_us']))):%Y-%m-%d %H:%M:%S}  "
        f"{padded(str(row['interface']), 22)}"
        f"{padded(str(row['word']), 14)}{row['units']} 户  {row['took_us']} µs  {row['remote']}"
        + ("  签名被另一报文重用 replayed" if row["misused"] else "")
        for row in rows
    )
    show({"rid": rid, "calls": rows}, as_json, text or f"{rid} 还没有调用")
