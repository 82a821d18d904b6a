"""``hub certify``: an interface's mandatory scenarios against a mock or an address; its report
verified."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from hub.cli.common import (
    DONE,
    NOT_FINISHED,
    SAID_NO,
    AsJson,
    Home,
    clean_errors,
    seconds,
    show,
    tell,
)
from hub.kernel.errors import BadInput

if TYPE_CHECKING:
    from hub.app.discover import FoundAdapter
    from hub.certify import Arranged, Endpoint, Report, Written
    from hub.kernel.settings import Settings

_MARK = {"passed": "通过", "failed": "不通过", "untried": "未测"}
_SKIP = "s"


class BadAddress(BadInput):
    """The address to certify against cannot be used."""

    code = "certify.bad_address"
    hint = "Write mock, home, URL, or NAME=URL,NAME=URL with the contract's endpoint names."


class _RunByDefault(TyperGroup):
    """``hub certify bank-icbc`` is ``hub certify run bank-icbc``: no interface is called run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    no_args_is_help=True,
    help="接口符合性测试；hub certify 接口 即 hub certify run 接口 · certify an interface: "
    "hub certify INTERFACE is hub certify run INTERFACE",
)


@app.command("run")
@clean_errors
def certify(
    interface: Annotated[
        str, typer.Argument(help="接口代码，如 bank-icbc；core 即核心 · an interface code, or core")
    ],
    against: Annotated[
        str,
        typer.Option(
            help="测试对象：mock 自带挡板；home 用 hub.toml 的地址；或 URL、名=URL,名=URL · "
            "mock, home, or addresses"
        ),
    ] = "mock",
    control: Annotated[
        str, typer.Option(help="对方的控制面地址（挡板才有）· its control plane, if it has one")
    ] = "",
    arrange: Annotated[
        Path | None,
        typer.Option(help="测试户与已安排情形的文件 · test accounts and what is arranged (YAML)"),
    ] = None,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="逐项提示由人安排情形 · ask a person to arrange")
    ] = False,
    case: Annotated[
        list[str] | None,
        typer.Option(help="只测编号以此开头的案例，可重复 · only cases that begin so"),
    ] = None,
    by: Annotated[str, typer.Option(help="由谁执行，写进报告 · who runs it")] = "",
    edition: Annotated[
        str, typer.Option(help="规范版本，缺省现行目录里的 · the contract's edition")
    ] = "",
    timeout: Annotated[
        str, typer.Option(help="缩短一次调用的时限，写进报告，如 3s · a shorter call timeout")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="报告目录；缺省 HOME/certificates · the reports' folder")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """按接口规范逐项测试一个接口，写出报告（JSON、网页、联调测试报告 DOCX）；run 可以不写.

    Run the contract's scenarios against an endpoint over its real wire and write a report.
    Exit codes: 0 every mandatory case passed, 1 a case failed, 3 a mandatory case was not tried.
    """
    from hub import certify as work
    from hub.app.discover import discover, find_adapter
    from hub.kernel import logs
    from hub.kernel.settings import Settings

    settings = Settings.load(home)
    logs.configure("warning", "console")
    adapters = discover(settings)
    adapter = find_adapter(adapters, interface, edition)
    suite = work.load_suite(adapter.contract)
    limit_s = seconds(timeout) if timeout else None
    with ExitStack() as begun:
        if against == "mock":
            folder = Path(begun.enter_context(tempfile.TemporaryDirectory(prefix="certify-")))
            opened: Any = work.opened(adapter, adapters, suite, settings.contracts, folder, limit_s)
            environment = "demo"
        else:
            given = work.Arranged.read(arrange) if arrange is not None else work.Arranged()
            opened = _address(adapter, settings, against, control, given, limit_s)
            environment = settings.environment
        endpoint: Endpoint = begun.enter_context(opened)
        report = work.run_suite(
            suite, endpoint, environment=environment, only=tuple(case or ()),
            ask=_ask if by_hand and sys.stdin.isatty() else None, each=_each, by=by,
        )  # fmt: skip
    report = report.signed(settings.keys)
    written = work.shelve(report, out or settings.home / "certificates")
    _show(report, written, as_json=as_json)
    raise typer.Exit({"green": DONE, "red": SAID_NO}.get(report.verdict, NOT_FINISHED))


def _address(
    adapter: "FoundAdapter",
    settings: "Settings",
    against: str,
    control: str,
    given: "Arranged",
    limit_s: float | None,
) -> Any:
    from hub.app.trusting import trust_of
    from hub.certify import open_address
    from hub.kernel.clocks import SharedClock, SystemClock

    urls, file = _urls(adapter, settings, against), settings.clock_file
    return open_address(
        adapter,
        urls,
        adapter.context(settings, SharedClock(file) if file else SystemClock()),
        given,
        control=control,
        timeout_s=limit_s,
        listen=(settings.inbound_host, settings.inbound_port),
        trust=trust_of(settings, adapter.interface, urls),
    )


def _urls(adapter: "FoundAdapter", settings: "Settings", against: str) -> dict[str, str]:
    """Endpoint name → URL.  Raises BadAddress."""
    from hub.certify import endpoint_names
    from hub.wire import SCHEMES

    names = endpoint_names(adapter)
    if against == "home":
        return dict(settings.partner(adapter.interface).endpoints)
    parts = [part.strip() for part in against.split(",") if part.strip()]
    given: dict[str, str] = {}
    for part in parts:
        name, mark, url = part.partition("=")
        if part.partition("://")[0] in SCHEMES and len(names) == 1:
            given[names[0]] = part
        elif mark and name in names and url.partition("://")[0] in SCHEMES:
            given[name] = url
        else:
            raise BadAddress(f"{part[:60]!r}: this interface has the endpoints {', '.join(names)}")
    return given


def _ask(text: str) -> bool:
    tell(f"请安排 · please arrange: {text}")
    said: str = typer.prompt("完成后回车，跳过输入 s · Enter when done, s to skip", default="",
                             show_default=False, err=True)  # fmt: skip
    return said.strip().lower() != _SKIP


def _each(case: dict[str, Any]) -> None:
    why = f"：{case['why']}" if case["why"] else ""
    tell(f"{case['number']}\t{_MARK[case['verdict']]}\t{case['title']}{why}")


def _show(report: "Report", written: "Written", *, as_json: bool) -> None:
    body = report.body
    kept = ("interface", "verdict", "counts", "failed", "mandatory_untried", "digest")
    files = {"json": str(written.data), "page": str(written.page), "docx": str(written.paper)}
    said = {name: body[name] for name in kept} | files
    show(said, as_json, "\n".join(_lines(body, written)))


def _lines(body: dict[str, Any], written: "Written") -> Iterator[str]:
    from hub.certify.report import WORDS

    counts = body["counts"]
    yield f"{body['name']}：{WORDS[body['verdict']]} · {body['verdict']}"
    yield (
        f"共 {counts['cases']} 项，必测 {counts['mandatory']} 项：通过 {counts['passed']}，"
        f"不通过 {counts['failed']}，未测 {counts['untried']}"
    )
    for name, table in body["coverage"]["codes"].items():
        if table["untouched"]:
            yield f"没有碰到的码 {name}：{'、'.join(table['untouched'])}"
    rungs = body["coverage"]["rungs"]["untouched"]
    if rungs:
        yield f"没有到达的一级：{'、'.join(rungs)}"
    yield f"报告 · report: {written.page}"
    yield f"联调测试报告 · to sign: {written.paper}"
