"""``hub expiry``: certificates, keys and what else ends on a day."""

from typing import Annotated, Any

import typer

from hub.cli.common import AsJson, Home, clean_errors, opened, show
from hub.cli.progress import padded

app = typer.Typer(
    no_args_is_help=True, help="到期：证书、密钥、令牌 · certificates and keys that end on a day"
)


@app.command("list")
@clean_errors
def list_expiry(
    within: Annotated[
        int,
        typer.Option("--within", min=0, help="只列这么多天内到期的；0 全列 · only within days"),
    ] = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """列出各接口的证书、密钥何时到期，主机密钥何时变过 · what ends when, the next first.

    What servers showed is known from calls that `hub serve` or a worker made; our own files are
    read now.
    """
    from hub.app.expiries import endings
    from hub.bus import expiry
    from hub.kernel.clocks import SHANGHAI, from_us
    from hub.store import database_now_us
    from hub.web.words import Words

    with opened(home) as hub:
        ours = endings(hub.settings, hub.partners)
        with hub.store.read() as view:
            now, kept = database_now_us(view), expiry.read(view)
    before = {one.key: one.changed_us for one in kept}
    found = {one.key: one for one in kept if one.kind in expiry.SEEN}
    found |= {one.key: one for one in ours}
    rows = sorted(found.values(), key=lambda one: (one.expires_us == 0, one.expires_us, one.key))
    if within:
        rows = [one for one in rows if one.expires_us and one.days(now) < within]
    words = Words("zh")
    said: list[dict[str, Any]] = [
        {
            "interface": one.interface, "kind": one.kind, "name": one.name,
            "fingerprint": one.fingerprint, "expires_us": one.expires_us or None,
            "days": one.days(now) if one.expires_us else None,
            "changed_us": before.get(one.key),
        }
        for one in rows
    ]  # fmt: skip
    lines = []
    for one in said:
        end = "不过期"
        if one["expires_us"]:
            on = from_us(one["expires_us"]).astimezone(SHANGHAI)
            left = f"还有 {one['days']} 天" if one["days"] >= 0 else f"已过期 {-one['days']} 天"
            end = f"{on:%Y-%m-%d %H:%M}  {left}"
        changed = ""
        if one["changed_us"]:
            changed = f"  {from_us(one['changed_us']).astimezone(SHANGHAI):%Y-%m-%d} 变更过"
        kind = words.of("expiry_kind", one["kind"])
        what = f"{padded(one['interface'], 18)}{padded(kind, 14)}{padded(one['name'], 34)}"
        lines.append(f"{what}{end}{changed}")
    show({"expiries": said}, as_json, "\n".join(lines) or "没有要到期的")
