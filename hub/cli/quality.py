"""``hub quality``: what every interface claims to be, held against the evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import SAID_NO, AsJson, Home, clean_errors, show
from hub.kernel.errors import BadInput

if TYPE_CHECKING:
    from hub.certify.quality import Quality


class NoCheckout(BadInput):
    """The evidence lies in a checkout, and there is none here."""

    code = "quality.no_checkout"
    hint = "Give --tree: the folder that holds adapters, mocks and tests."


@clean_errors
def quality(
    interface: Annotated[
        str, typer.Argument(help="接口代码；不写即全部 · an interface code; all when left out")
    ] = "",
    tree: Annotated[
        Path | None, typer.Option(help="源码目录；缺省是程序所在的 · the checkout")
    ] = None,
    certificates: Annotated[
        Path | None, typer.Option(help="测试报告目录；缺省 HOME/certificates · the reports")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """成熟度：清单所称（drafted、built、certified、live）与证据核对，列出欠缺；不实则退出码 1.

    Hold each manifest's claim against contract, samples, mock, tests, docs and certificates; list
    what is missing above it.  Exit 1 when a claim does not hold.
    """
    from hub.app.discover import discover, find_adapter
    from hub.certify.quality import Tree, qualities
    from hub.kernel.settings import Settings

    settings = Settings.load(home)
    root = tree or settings.contracts.parent
    if not (root / "tests").is_dir() or not (root / "mocks").is_dir():
        raise NoCheckout(f"no tests and mocks below {root.name or root}")
    adapters = discover(settings)
    if interface:
        found = find_adapter(adapters, interface)
        adapters = {found.interface: found}
    place = Tree(root, settings.contracts, certificates or settings.home / "certificates")
    judged = qualities(adapters, place)
    said = {"holds": all(one.holds for one in judged),
            "interfaces": [one.as_dict() for one in judged]}  # fmt: skip
    show(said, as_json, "\n".join(line for one in judged for line in _lines(one)))
    if not said["holds"]:
        raise typer.Exit(SAID_NO)


def _lines(one: "Quality") -> list[str]:
    mark = "属实 holds" if one.holds else "不实 DOES NOT HOLD"
    lines = [f"{one.interface} {one.version}：{one.claim}，{mark}；够得上 reached {one.reached}"]
    lines += [f"  ✗ {check.level} {check.name}：{check.found}" for check in one.broken]
    lines += [f"  · {check.level} {check.name}：{check.found}" for check in one.debts]
    if one.untouched:
        lines.append(f"  · 码 codes：{one.untouched}/{one.codes} 没有案例碰到 untouched")
    return lines
