"""``hub line``: the addresses of every interface, and going over from one to another."""

from typing import Annotated

import typer

from hub.cli.acting import Preview_, WhyOr, run_act
from hub.cli.common import AsJson, Home, TokenFile, clean_errors, opened, show
from hub.cli.progress import padded

app = typer.Typer(
    no_args_is_help=True, help="线路：主用与备用地址 · a partner's addresses, and switching"
)
Interface = Annotated[str, typer.Argument(help="接口代码，如 bank-icbc · the interface")]
To = Annotated[
    str,
    typer.Option("--to", help="primary 主用、standby 备用，或地址序号 · or an address's number"),
]


@app.command("list")
@clean_errors
def list_lines(home: Home = None, as_json: AsJson = False) -> None:
    """列出各接口的地址，正在用哪一个，谁何时为何切换 · every interface's addresses."""
    from hub.app.lines import place_name
    from hub.bus.places import place_of
    from hub.kernel.clocks import SHANGHAI, from_us

    said, lines = [], []
    with opened(home) as hub, hub.store.read() as view:
        for name in sorted(hub.adapters):
            known = hub.settings.partner(name)
            if not known.endpoints:
                continue
            used = place_of(view, name)
            addresses = [known.endpoints_at(place) for place in range(known.places)]
            said.append(
                {
                    "interface": name, "place": used.place, "since_us": used.since_us,
                    "by": used.by, "why": used.why, "addresses": addresses,
                }
            )  # fmt: skip
            since = ""
            if used.since_us is not None:
                at = from_us(used.since_us).astimezone(SHANGHAI)
                since = f"  {at:%Y-%m-%d %H:%M} {used.by} {used.why}"
            lines.append(f"{padded(name, 18)}{place_name(used.place)}{since}")
            for place, urls in enumerate(addresses):
                mark = "→" if place == used.place else " "
                lines.append(f"  {mark} {place} {'  '.join(sorted(set(urls.values())))}")
    show({"lines": said}, as_json, "\n".join(lines))


@app.command()
@clean_errors
def switch(
    interface: Interface,
    to: To,
    reason: WhyOr = "",
    preview: Preview_ = False,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """切换到另一地址：结果不明的先向两边查证；一人即可，切回也是.

    Go over to another address; what is unknown is asked about first, at both. One person is
    enough; going back is the same.
    """
    from hub.app.lines import subject_of

    run_act("channel.switch", subject_of(interface, to), home=home, token_file=token_file,
            as_json=as_json, preview=preview, reason=reason, expect="")  # fmt: skip
