"""Writes the reference pages that follow from the code and the contracts: ``make docs``.

``python docs/generate.py --check`` writes nothing and fails when a page is not current.
"""

import argparse
import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
sys.path.insert(0, str(ROOT))  # runs as a script too

_NOTE = "<!-- Made by docs/generate.py from {source}; change that, then run `make docs`. -->"
_COMMANDS = (
    "The command stands at `.venv/bin/hub`. Exit codes: 0 done · 1 the rules or the data say no · 2"
    " asked wrongly · 3 not finished in time · 130 and 143 ended by Ctrl-C and SIGTERM."
)
_ELSEWHERE = ("certificate", "partner")
"""Evidence of an interface's quality that lies where a hub runs."""
_RETRY = {
    "never": "never · 再试无用",
    "later": "later · 系统稍后再试",
    "after_repair": "after repair · 修好再试",
    "inquire_first": "inquire first · 先查证",
}


def pages() -> dict[str, str]:
    """Name of each generated page in docs/reference → its text."""
    made = {
        "glossary.md": glossary(),
        "service-items.md": service_items(),
        "assumptions.md": assumptions(),
        "errors.md": errors(),
        "settings.md": settings(),
        "quality.md": quality(),
        "metrics.md": metrics(),
        "supervision.md": supervision(),
        "interfaces.md": interfaces(),
        "access.md": access(),
    }
    if (ROOT / "hub/cli/main.py").exists():
        made["commands.md"] = commands()
    return made


def _page(title: str, source: str, *parts: str) -> str:
    return "\n".join([f"# {title}", "", _NOTE.format(source=f"`{source}`"), "", *parts]) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def glossary() -> str:
    """One English word for one thing, and what pages call it."""
    source = "contracts_spec/glossary.yaml"
    known = _read(source)
    terms = [
        [term["en"], term["zh"], term["what"] + (f". Not {term['not']}" if "not" in term else "")]
        for term in known["terms"]
    ]
    outcomes = [[f"`{one['code']}`", one["zh"], one["what"]] for one in known["outcomes"]]
    return _page(
        "Glossary · 用语", source,
        "One English word for one thing, in code and docs; the Chinese is what pages say.", "",
        _table(["word", "中文", "what it is"], terms), "",
        "## Outcomes of an item · 明细的结果", "",
        _table(["outcome", "中文", "what it means"], outcomes),
    )  # fmt: skip


def service_items() -> str:
    """The 21 service items, each with the adapters that exist for it."""
    source = "contracts_spec/service_items.yaml"
    known = _read(source)
    there = _manifests()
    rows = []
    for item in known["items"]:
        made = [code for code in item["interfaces"] if code in there]
        wanted = "、".join(f"`{code}`" for code in item["interfaces"])
        kind = "开发" if item["kind"] == "build" else "运维"
        state = "有" if len(made) == len(item["interfaces"]) else "尚无"
        rows.append([str(item["number"]), item["name"], kind, item["clause"], wanted, state])
    confirmed = known["confirmed"] or "not yet"
    return _page(
        "Service items · 接口服务项", source,
        f"The contract buys {known['total']} items and does not list them; they are counted here"
        f" by reading {known['reading']} (by clause). Confirmed by the centre: {confirmed}.", "",
        _table(["#", "服务项", "", "条款", "接口", "适配器"], rows),
    )  # fmt: skip


def supervision() -> str:
    """The supervision platform's catalogue, function by function, and our indicators."""
    from hub.app.adaptation import adaptations, counted  # noqa: PLC0415
    from hub.contracts import load_contract  # noqa: PLC0415

    folder = "contracts_spec/province/supervision"
    rows = adaptations(load_contract(ROOT / folder))
    known = _read(f"{folder}/catalogue.yaml")
    units = known["tables"]["unit_of"]
    indicators = [
        [code, one["name"], units[one["unit"]], "、".join(one["dims"]), "已适配"]
        for code, one in known["indicators"].items()
    ] + [
        [code, one["name"], "", "", f"未适配：{one['why']}"]
        for code, one in known["missing"].items()
    ]
    return _page(
        "Supervision catalogue · 省监管平台适配对照表", f"{folder}/catalogue.yaml",
        f"{len(rows)} functions: " + ", ".join(f"{w} {n}" for w, n in counted(rows).items())
        + ". Every adapted one is asked over a socket by `tests/province/test_adaptation.py` and"
        " agrees with a count in SQL over the core's rows.", "",
        _table(
            ["#", "功能", "路径", "适配", "授权", "来源", "字段", "说明"],
            [[one.id, one.title, f"`{one.path}`", one.word, one.grant, one.source,
              str(one.fields or ""), one.why] for one in rows],
        ), "",
        "## Indicators · 指标", "",
        _table(["编码", "名称", "单位", "维度", "适配"], indicators),
    )  # fmt: skip


def interfaces() -> str:
    """Each interface before and after standardisation."""
    from hub.app.discover import discover  # noqa: PLC0415
    from hub.app.inventory import inventory  # noqa: PLC0415
    from hub.kernel.settings import Settings  # noqa: PLC0415

    rows = [
        [f"`{one.interface}`", one.name, one.partner, one.before, one.after]
        for one in inventory(discover(Settings(home=ROOT / "no-home")))
    ]
    return _page(
        "Interfaces before and after · 接口梳理清单", "contracts_spec and the manifests",
        "What each partner says on its wire, and what the hub makes of it (`hub catalog"
        " inventory`). The core system's own interfaces are the centre's and stand elsewhere.", "",
        _table(["接口", "名称", "对接方", "标准化前", "标准化后"], rows),
    )  # fmt: skip


def _manifests() -> set[str]:
    found = (ROOT / "adapters").glob("*/*/manifest.yaml")
    return {str(yaml.safe_load(path.read_text(encoding="utf-8"))["interface"]) for path in found}


def assumptions() -> str:
    """What nobody has published and a partner must confirm."""
    source = "contracts_spec/assumptions.yaml"
    states = {"open": "待核实", "confirmed": "已核实", "changed": "已更正"}
    rows = [
        [one["id"], f"`{one['interface']}`", one["what"], one["why"], one["where"],
         states[one["state"]]]
        for one in _read(source)["assumptions"]
    ]  # fmt: skip
    return _page(
        "Assumptions · 假定登记", source,
        "What no public text says and the hub had to decide; each is to be confirmed with its"
        " partner before the interface goes live.", "",
        _table(["编号", "接口", "假定", "为什么", "在哪里", "状态"], rows),
    )  # fmt: skip


def quality() -> str:
    """What each manifest claims, whether it holds, and what is missing above it."""
    from hub.app.discover import discover  # noqa: PLC0415
    from hub.certify.quality import LEVELS, Tree, qualities  # noqa: PLC0415
    from hub.kernel.settings import Settings  # noqa: PLC0415

    spec = ROOT / "contracts_spec"
    judged = qualities(discover(Settings(contracts=spec)), Tree(ROOT, spec))
    rows = []
    for one in judged:
        # A certificate lies where the hub runs, never in the tree: there it is not a debt.
        debts = [check.found for check in one.debts if check.name not in _ELSEWHERE]
        there = [check.name for check in one.checks if check.level == "built" and check.met]
        holds = "yes" if one.holds else "**no**: " + "；".join(c.found for c in one.broken)
        rows.append([f"`{one.interface}`", one.version, one.claim, holds, ", ".join(there),
                     "；".join(debts)])  # fmt: skip
    return _page(
        "Quality · 成熟度", "adapters/*/*/manifest.yaml and the evidence (hub.certify.quality)",
        f"Each manifest claims one of {', '.join(f'`{one}`' for one in LEVELS)}; `hub quality`"
        " holds the claim against the evidence and fails when it does not hold. `built` needs"
        " golden samples for every transaction, a mock (a published query only to be"
        " certified), tests, README and change notes of this version, nothing left unwritten,"
        " assumptions in the register and a specification that can be printed."
        " `certified` needs mandatory scenarios and a signed green certificate of this"
        " very contract, `live` one against the partner's own address and no open assumption."
        " Certificates lie where the hub runs (`HOME/certificates`): run `hub quality` there.", "",
        _table(["interface", "contract", "claims", "holds", "evidence", "missing above it"], rows),
    )  # fmt: skip


def access() -> str:
    """Whose page is whose, who does what."""
    from hub.web import access as table  # noqa: PLC0415
    from hub.web.words import Words  # noqa: PLC0415

    words = Words("zh")
    rooms = [
        [words(f"nav.{room.name}"), " ".join(f"`{path}`" for path in room.paths),
         *table.labels(room)]
        for room in table.ROOMS
    ]  # fmt: skip
    ones = [[act.title, *table.labels(act)] for act in table.ACTS_OF_ONE]
    twos = [list(act) for act in table.acts_of_two()]
    return _page(
        "Access · 权限", "hub/web/access.py, hub/people/words.py",
        "Which roles of which party open which page, and who does what. `/access` shows the same"
        " and what of it is open to who has signed in; `/status` and `/sign-in` need no session."
        " Without a sign-in (demo, test) every page is open; acts ask for a personal token all"
        " the same.", "",
        "## Pages · 页", "", _table(["页", "address", "角色", "哪一方"], rooms), "",
        "## What takes two people · 双人复核", "",
        _table(["操作", "谁申请", "谁同意", "哪一方"], twos), "",
        "## What one person does · 一个人做的", "", _table(["操作", "角色", "哪一方"], ones),
    )  # fmt: skip


def errors() -> str:
    """The HubError tree: every code, its HTTP status, whether to try again, what to do."""
    from hub.kernel.errors import HubError  # noqa: PLC0415

    for name in ("hub", "adapters"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not found.name.endswith("__main__") and ".migrations" not in found.name:
                importlib.import_module(found.name)
    rows = [
        [f"`{kind.code}`", (kind.__doc__ or "").strip().splitlines()[0], str(kind.status),
         _RETRY[kind.retry.value], kind.hint]
        for kind in sorted(_tree(HubError), key=lambda kind: (kind.code, kind.__module__))
    ]  # fmt: skip
    return _page(
        "Errors · 错误码", "hub.kernel.errors.HubError and what derives from it",
        "Codes are stable: scripts and partners may match on them. `--json` and every HTTP answer"
        " carry `code`, `message`, `retry` and `hint`.", "",
        _table(["code", "what happened", "HTTP", "try again?", "what to do"], rows),
    )  # fmt: skip


def _tree(kind: type[Any]) -> Iterator[type[Any]]:
    """``kind`` and its descendants that carry a code of their own, once each."""
    seen: set[type[Any]] = set()
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        waiting += one.__subclasses__()
        if "code" in vars(one) and one.__module__.partition(".")[0] in {"hub", "adapters"}:
            yield one


def metrics() -> str:
    """Every name of ``/metrics``."""
    from hub.app.meters import METERS  # noqa: PLC0415

    rows = [
        [f"`{name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.help]
        for name, one in METERS.items()
    ]
    return _page(
        "Metrics · 监控指标", "hub/app/meters.py",
        "`GET /metrics` of `hub serve`, in the Prometheus text format; read at the moment it is"
        " asked for, over all processes of the database. No personal data.", "",
        _table(["name", "type", "labels", "what"], rows),
    )  # fmt: skip


def settings() -> str:
    """The keys of hub.toml with their defaults and the reason beside them."""
    source = "hub/kernel/settings.py"
    lines = (ROOT / source).read_text(encoding="utf-8").splitlines()
    tree = ast.parse("\n".join(lines))
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings").body
    rows = []
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            default = "" if node.value is None else f"`{_default(node.value)}`"
            rows.append(
                [f"`{name}`", f"`{ast.unparse(node.annotation)}`", default,
                 f"`HUB_{name.upper()}`", _comment_above(lines, node.lineno)]
            )  # fmt: skip
    return _page(
        "Settings · 参数", source,
        "`hub.toml` in the home folder (`--home`, else `HUB_HOME`, else `./hub-home`); the"
        " environment wins over the file. A key nobody knows is an error. Secrets never stand in"
        " either: the file names files that only their owner may read.", "",
        _table(["key", "type", "default", "environment", "why"], rows), "",
        *_partner_tables(),
    )  # fmt: skip


def _partner_tables() -> list[str]:
    """What stands below ``[partners."bank-icbc"]``, from the classes' own words."""
    from hub.kernel.line_settings import SwitchSettings, TlsSettings  # noqa: PLC0415
    from hub.kernel.settings import PartnerSettings  # noqa: PLC0415

    parts = []
    for title, kind in (
        ('`[partners."bank-icbc"]`', PartnerSettings),
        ('`[partners."bank-icbc".tls]`', TlsSettings),
        ('`[partners."bank-icbc".switch]`', SwitchSettings),
    ):
        said = inspect.cleandoc(kind.__doc__ or "").replace("``", "`")
        rows = [
            [f"`{name}`", f"`{field.get_default(call_default_factory=True)!r}`"]
            for name, field in kind.model_fields.items()
            if field.annotation not in (TlsSettings, SwitchSettings)
        ]
        parts += [f"## {title}", "", said, "", _table(["key", "default"], rows), ""]
    return parts[:-1]


def _default(value: ast.expr) -> str:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "Field":
        for word in value.keywords:
            if word.arg == "default":
                return ast.unparse(word.value)
        return "{}"
    return ast.unparse(value)


def _comment_above(lines: list[str], number: int) -> str:
    found: list[str] = []
    place = number - 2
    while place >= 0 and lines[place].strip().startswith("#"):
        found.insert(0, lines[place].strip().removeprefix("#").strip())
        place -= 1
    return " ".join(found)


def commands() -> str:
    """Every command with its words, from the command line itself."""
    import typer  # noqa: PLC0415

    app = importlib.import_module("hub.cli.main").app
    parts: list[str] = []
    for path, command in _walk(typer.main.get_command(app), "hub"):
        parts += [f"## `{path}`", "", (command.help or "").strip(), ""]
        rows = [
            [_flags(option), str(option.help or ""), _shown_default(option.default)]
            for option in command.params
            if option.name != "help" and not getattr(option, "hidden", False)
        ]
        if rows:
            parts += [_table(["word", "what it does", "default"], rows), ""]
    return _page("Commands · 命令", "hub.cli", _COMMANDS, "", *parts).rstrip("\n") + "\n"


def _flags(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"`{option.name.upper()}`"
    return "`" + "`, `".join([*option.opts, *option.secondary_opts]) + "`"


def _shown_default(value: Any) -> str:
    return "" if value in (None, "", False) or callable(value) else f"`{value}`"


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield path, command
        return
    for name in sorted(subcommands):
        if not subcommands[name].hidden:
            yield from _walk(subcommands[name], f"{path} {name}")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    checking = parser.parse_args().check
    stale = 0
    for name, text in pages().items():
        path = REFERENCE / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        sys.stdout.write(f"{'stale' if checking else 'written'}: docs/reference/{name}\n")
        if not checking:
            path.write_text(text, encoding="utf-8")
    return 1 if checking and stale else 0


if __name__ == "__main__":
    sys.exit(main())
