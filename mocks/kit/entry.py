"""The command line: ``python -m mocks serve --partner bank-icbc --partner core …``.

One process per partner, so that one can be killed alone.  With several partners the command
only starts them, gathers their ports and waits.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mocks.kit.discover import manifest, manifests
from mocks.kit.guard import MockRefusal, environment_word
from mocks.kit.partner import CONTRACTS
from mocks.kit.runtime import Options, run, watch_stdin, write_whole

REFUSED = 2
_PORTS_PER_PARTNER = 20
_START_TIMEOUT_S = 120.0


def main(arguments: Sequence[str]) -> int:
    """Run the command; the exit status (2: refused as asked)."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "list":
            for one in manifests().values():
                print(f"{one.partner}\t{one.title}\t{','.join(one.endpoints)}")
            return 0
        return _serve(asked)
    except MockRefusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mocks", description="对接方与核心系统的挡板")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="列出全部挡板")
    serve = commands.add_parser("serve", help="启动挡板，直到被终止")
    add = serve.add_argument
    add("--partner", action="append", default=[], help="挡板名，可重复")
    add("--if-there", action="append", default=[], help="同上，没有这个挡板就不启动")
    add("--state", type=Path, required=True, help="存放挡板数据的目录")
    add("--data", type=Path, help="CSV 数据目录（loans.csv、persons.csv、units.csv）")
    add("--clock", type=Path, help="业务时钟文件；缺省 STATE/clock.json")
    add("--environment", default="demo", help="demo（演示）或 test（测试）")
    add("--ports-file", type=Path, help="监听之后把各端口写到此文件（JSON）")
    add("--exit-with-parent", action="store_true", help="标准输入结束即退出")
    add("--contracts", type=Path, help="接口规范目录；缺省随挡板的 contracts_spec")
    add(
        "--edition",
        action="append",
        default=[],
        metavar="banks/NAME@VERSION",
        help="按此版规范说话，不论日期；可重复",
    )
    add("--port-base", type=int, default=0, help="起始端口；0 为任选空闲端口")
    return parser


def _serve(asked: argparse.Namespace) -> int:
    word = environment_word(asked.environment, os.environ)
    partners: list[str] = list(dict.fromkeys([*asked.partner, *_there(asked.if_there)]))
    if not partners:
        raise MockRefusal("要启动哪个挡板？--partner 名字；python -m mocks list 列出全部。")
    hosts: dict[str, list[str]] = {}
    for partner in partners:
        hosts.setdefault(manifest(partner).partner, []).append(partner)
    if asked.ports_file is not None:
        asked.ports_file.unlink(missing_ok=True)
    if len(hosts) == 1:
        for host, names in hosts.items():
            run(_options(asked, host, names, word))
        return 0
    return _Family(asked, hosts).serve()


def _there(names: Sequence[str]) -> list[str]:
    """Those of them that some mock goes by."""
    known = {name for one in manifests().values() for name in (one.partner, *one.also)}
    return [name for name in names if name in known]


def _options(asked: argparse.Namespace, partner: str, names: Sequence[str], word: str) -> Options:
    return Options(
        partner=partner,
        names=tuple(names),
        state=asked.state,
        data=asked.data,
        clock=asked.clock or asked.state / "clock.json",
        environment=word,
        ports_file=asked.ports_file,
        exit_with_parent=asked.exit_with_parent,
        port_base=asked.port_base,
        contracts=asked.contracts or CONTRACTS,
        editions=tuple(asked.edition),
    )


class _Family:
    """Several partners, each a child process whose standard input we hold."""

    def __init__(self, asked: argparse.Namespace, hosts: Mapping[str, Sequence[str]]) -> None:
        self._asked = asked
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        for place, (host, names) in enumerate(hosts.items()):
            self._children[host] = self._spawn(host, names, place)

    def serve(self) -> int:
        each = [self._entries(partner) for partner in self._children]
        if all(each):
            found = {name: entry for entries in each for name, entry in entries.items()}
            if self._asked.ports_file is not None:
                write_whole(self._asked.ports_file, found)
            if self._asked.exit_with_parent:
                watch_stdin(self._end)
            self._wait()
        else:
            self._end()
        return max(abs(child.wait()) for child in self._children.values())

    def _spawn(self, partner: str, names: Sequence[str], place: int) -> subprocess.Popen[bytes]:
        asked = self._asked
        self._own_ports(partner).unlink(missing_ok=True)
        words = [sys.executable, "-m", "mocks", "serve", "--exit-with-parent"]
        for name in names:
            words += ["--partner", name]
        words += ["--state", str(asked.state), "--environment", asked.environment]
        if asked.data is not None:
            words += ["--data", str(asked.data)]
        if asked.clock is not None:
            words += ["--clock", str(asked.clock)]
        if asked.contracts is not None:
            words += ["--contracts", str(asked.contracts)]
        for edition in asked.edition:
            words += ["--edition", edition]
        if asked.port_base:
            words += ["--port-base", str(asked.port_base + place * _PORTS_PER_PARTNER)]
        return subprocess.Popen(words, stdin=subprocess.PIPE)  # noqa: S603 - our own command

    def _own_ports(self, partner: str) -> Path:
        return Path(self._asked.state) / partner / "ports.json"

    def _entries(self, partner: str) -> dict[str, dict[str, object]]:
        """What it listens on, under each of its names; empty when it did not come up."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        child, path = self._children[partner], self._own_ports(partner)
        while time.monotonic() < deadline and child.poll() is None:
            if path.exists():
                entries: dict[str, dict[str, object]] = json.loads(path.read_text("utf-8"))
                return entries
            time.sleep(0.02)
        return {}

    def _wait(self) -> None:
        stop = threading.Event()
        try:
            while any(child.poll() is None for child in self._children.values()):
                stop.wait(0.2)
        except KeyboardInterrupt:
            self._end()

    def _end(self) -> None:
        for child in self._children.values():
            if child.stdin is not None:
                child.stdin.close()
