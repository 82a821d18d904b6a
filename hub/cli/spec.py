"""``hub spec``: the document of an interface that both sides sign."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import AsJson, Home, clean_errors, show
from hub.kernel.errors import BadInput

app = typer.Typer(no_args_is_help=True, help="接口规范说明书 · an interface's specification")


class NoForm(BadInput):
    """The specification is asked for in no form."""

    code = "spec.no_form"
    hint = "Write --docx; it is the one form there is."


@app.callback()
def _group() -> None:
    """Keeps ``export`` a command of its own."""


@app.command("export")
@clean_errors
def export(
    interface: Annotated[
        str, typer.Argument(help="接口代码，如 bank-icbc · an interface code, e.g. bank-icbc")
    ],
    docx: Annotated[bool, typer.Option("--docx/--no-docx", help="DOCX 文件 · as DOCX")] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            help="输出文件，缺省 接口-版本.docx · the file; by default INTERFACE-VERSION.docx"
        ),
    ] = None,
    edition: Annotated[
        str, typer.Option(help="规范版本，缺省现行目录里的 · the contract's edition")
    ] = "",
    centre: Annotated[
        str, typer.Option(help="甲方名称，写在封面 · the centre's name on the cover")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """由接口规范生成双方签署的《接口规范说明书》；同一规范每次生成的文件逐字节相同.

    Write the specification both sides sign, from the contract; the same contract gives the same
    bytes.
    """
    from hub.app.discover import discover, find_adapter
    from hub.certify.spec_paper import spec_paper
    from hub.crypto import sm3_hex
    from hub.kernel.settings import Settings

    if not docx:
        raise NoForm
    settings = Settings.load(home)
    contract = find_adapter(discover(settings), interface, edition).contract
    paper = spec_paper(contract, settings.contracts, centre)
    content, digest = paper.content, paper.digest
    file = out or Path(f"{contract.interface}-{contract.version}.docx")
    fresh = file.with_name(file.name + ".new")
    fresh.write_bytes(content)
    fresh.replace(file)
    said = {
        "interface": contract.interface, "version": contract.version, "contract_digest": digest,
        "file": str(file), "bytes": len(content), "sm3": sm3_hex(content),
    }  # fmt: skip
    show(said, as_json, f"{contract.name} {contract.version}：{file}（{len(content)} 字节）\n"
         f"规范摘要 contract SM3 {digest}\n文件 file SM3 {said['sm3']}")  # fmt: skip
