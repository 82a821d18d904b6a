"""``hub certify verify`` and ``hub certify coverage``: what was certified, looked at afterwards."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import SAID_NO, AsJson, Home, clean_errors, show
from hub.kernel.errors import BadInput

if TYPE_CHECKING:
    from hub.certify import Coverage, Verification
    from hub.crypto import Sm2PublicKey
    from hub.kernel.settings import Settings


class BadKeyFile(BadInput):
    """The expected public key cannot be read."""

    code = "certify.bad_key"
    hint = "Give a file with an SM2 public key, PEM or hexadecimal (hub audit export writes one)."


@clean_errors
def verify(
    report: Annotated[Path, typer.Argument(help="报告的 JSON 文件 · the report's JSON file")],
    key: Annotated[
        Path | None,
        typer.Option(
            help="预期的签名公钥文件；缺省本中心的，没有密钥就不核对是谁签的 · "
            "the expected public key; else this home's, if it has keys"
        ),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """核验一份测试报告：格式、摘要、签名及签名者、总评、旁边的网页与 DOCX；有问题退出码 1.

    Verify a report: form, digest, signature and whose it is, verdict, the page and paper beside it.
    """
    from hub.certify import verify_report
    from hub.kernel.settings import Settings

    expected = _key(key) if key is not None else _own_key(Settings.load(home))
    found = verify_report(report, expected)
    show(found.as_dict(), as_json, "\n".join(_lines(found)))
    if not found.good:
        raise typer.Exit(SAID_NO)


@clean_errors
def coverage(
    interface: Annotated[
        str, typer.Argument(help="接口代码；不写即全部 · an interface code; all when left out")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="报告目录；缺省 HOME/certificates · the reports' folder")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """覆盖计：规范的哪些码、阶梯的哪一级还没有任何案例碰到，按接口；只数现行规范的报告.

    The meter: contract codes and ladder rungs no scenario has touched yet, by interface; reports of
    the present contract alone count.
    """
    from hub.app.discover import discover, find_adapter
    from hub.certify import NoScenarios, coverage_of, suite_digest
    from hub.kernel.settings import Settings

    settings = Settings.load(home)
    adapters = discover(settings)
    chosen = [find_adapter(adapters, interface)] if interface else list(adapters.values())
    folder = out or settings.home / "certificates"
    found = []
    for adapter in sorted(chosen, key=lambda one: one.interface):
        try:
            digest = suite_digest(adapter.contract)
        except NoScenarios:
            digest = ""
        found.append(coverage_of(adapter.contract, digest, folder))
    said = {"interfaces": [one.as_dict() for one in found]}
    show(said, as_json, "\n".join(line for one in found for line in _gaps(one)))


def _gaps(one: "Coverage") -> list[str]:
    rungs = one.rungs
    levels = len(rungs["touched"]) + len(rungs["untouched"])
    head = (
        f"{one.interface} {one.version}：码 codes {one.touched}/{one.total}，"
        f"阶梯 rungs {len(rungs['touched'])}/{levels}，报告 reports {len(one.reports)}"
    )
    if one.older:
        head += f"（另有 {one.older} 份是别的规范的，不计 · of another contract）"
    if not one.reports:
        return [f"{head}；先测 first: hub certify {one.interface}"]
    lines = [f"  {name}：{'、'.join(codes)}" for name, codes in one.gaps.items()]
    if rungs["untouched"]:
        lines.append(f"  rungs：{'、'.join(rungs['untouched'])}")
    return [head, *lines]


def _key(path: Path) -> "Sm2PublicKey":
    from hub.crypto import KeyUnreadable, Sm2PublicKey

    try:
        return Sm2PublicKey.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, KeyUnreadable) as error:
        raise BadKeyFile(f"{path.name}: {error}") from None


def _own_key(settings: "Settings") -> "Sm2PublicKey | None":
    from hub.crypto import KeyRing

    folder = settings.keys
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    return KeyRing.load(folder).signer.public


def _lines(found: "Verification") -> list[str]:
    from hub.certify.report import WORDS

    lines = []
    body = found.body
    if body is not None:
        contract = body["contract"]
        lines.append(f"{body['name']}：{WORDS[body['verdict']]} · {body['verdict']}")
        lines.append(f"规范 contract {contract['version']}，SM3 {contract['digest']}")
        lines.append(f"报告 report SM3 {body['digest']}")
        whose = {
            None: "没有给出预期公钥：只证明未被改动 · no key expected: it shows no change, no more",
            True: "与预期公钥相同 · as expected",
            False: "不是预期的 · not the expected one",
        }[found.key_as_expected]
        lines.append(f"签名公钥 key {found.key or '（没有签名 unsigned）'}：{whose}")
        lines += [f"{suffix}：{said}" for suffix, said in found.beside.items()]
    lines += found.problems
    lines.append("核验通过 · verified" if found.good else "核验不通过 · not verified")
    return lines


def add_to(app: typer.Typer) -> None:
    """Put these beside ``hub certify run``."""
    app.command("verify")(verify)
    app.command("coverage")(coverage)
