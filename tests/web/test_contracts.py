"""The contracts' pages over a real hub: every interface's, whole, in its editions, to sign."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest

from hub.crypto import sm3_hex
from hub.kernel.settings import CONTRACTS
from hub.web.prose import prose
from tests.app.conftest import make_home
from tests.web.duty_kit import BANK, Duty, on_duty

PAGES = ("bank-icbc", "bank-gznx", "bank-bgz", "onething-listing", "province-supervision",
         "core-registry", "notify-spool")  # fmt: skip


@pytest.fixture(scope="module")
def duty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duty]:
    with on_duty(tmp_path_factory.mktemp("contracts")) as opened:
        yield opened


def test_the_list_has_every_interface_with_its_edition_and_what_it_lacks(duty: Duty) -> None:
    page = duty.client.get("/contracts").text
    for interface, adapter in duty.hub.adapters.items():
        assert f'href="/contracts/{interface}"' in page
        assert adapter.contract.name in page
    row = page.partition('href="/contracts/bank-icbc"')[2].partition("</tr>")[0]
    assert "1.1.0" in row
    assert "已建成" in row
    assert "欠缺 3" in row
    assert "没有测过" in row


@pytest.mark.parametrize("interface", PAGES)
def test_a_contract_is_shown_whole(duty: Duty, interface: str) -> None:
    page = duty.client.get(f"/contracts/{interface}").text
    contract = duty.hub.adapters[interface].contract
    for transaction in contract.transactions.values():
        assert f"<code>{transaction.name}</code> <strong>{transaction.what}</strong>" in page
    for table in contract.code_tables.values():
        for code in table.codes:
            assert f'<th scope="row"><code>{code}</code></th>' in page
    for sample in (contract.folder / "samples").iterdir():
        if sample.name != "index.yaml" and not sample.name.startswith("."):
            assert f"<code>{sample.name}</code>" in page
            assert sm3_hex(sample.read_bytes()) in page
    assert f"<h3>{contract.version}</h3>" in page


def test_fields_and_codes_say_what_they_must(duty: Duty) -> None:
    page = duty.client.get(f"/contracts/{BANK}").text
    request = page.partition("<code>PAYENT</code>")[2].partition("</details>")[0]
    row = request.partition(">RecAccNameCN</code>")[2].partition("</tr>")[0]
    assert "≤60 字节" in row
    assert "必填" in row
    table = page.partition('id="codes"')[2]
    busy = table.partition("<code>B0131</code></th>")[2].partition("</tr>")[0]
    assert "可能再变" in busy
    english = duty.client.get(f"/contracts/{BANK}", params={"lang": "en"}).text
    duty.client.get("/contracts", params={"lang": "zh"})
    assert "Inquire first" in english
    assert ">required<" in english


def test_the_paper_to_sign_and_each_file_are_had_from_the_page(duty: Duty) -> None:
    paper = duty.client.get(f"/contracts/{BANK}/paper")
    assert f"{BANK}-1.1.0.docx" in paper.headers["content-disposition"]
    said = docx.Document(io.BytesIO(paper.content))
    assert any("接口规范说明书" in one.text for one in said.paragraphs)
    name = "samples/PAYENT.request.xml"
    folder = duty.hub.adapters[BANK].contract.folder
    assert (
        duty.client.get(f"/contracts/{BANK}/files/{name}").content == (folder / name).read_bytes()
    )
    for path in ("../scenarios.yaml", "%2e%2e/scenarios.yaml", "nothing", "/etc/passwd"):
        assert duty.client.get(f"/contracts/{BANK}/files/{path}").status_code == 404, path
    for path in ("/contracts/bank-nobody", f"/contracts/{BANK}?edition=9.9.9"):
        assert duty.client.get(path).status_code == 404, path


def test_an_announced_edition_is_told_and_can_be_read(tmp_path: Path) -> None:
    spec = tmp_path / "contracts_spec"
    shutil.copytree(CONTRACTS, spec)
    later = spec / "banks" / "icbc@1.2.0"
    shutil.copytree(spec / "banks" / "icbc", later)
    said = (later / "contract.yaml").read_text(encoding="utf-8")
    said = said.replace('version: "1.1.0"', 'version: "1.2.0"\neffective_from: 2099-01-01', 1)
    (later / "contract.yaml").write_text(said, encoding="utf-8")
    changes = (later / "CHANGES.md").read_text(encoding="utf-8")
    (later / "CHANGES.md").write_text(f"{changes}\n## 1.2.0\n- 新增 `QNEW`<b>\n", encoding="utf-8")
    home = make_home(tmp_path / "centre").model_copy(update={"contracts": spec})
    with on_duty(tmp_path, home) as duty:
        page = duty.client.get("/contracts").text
        row = page.partition('href="/contracts/bank-icbc"')[2].partition("</tr>")[0]
        assert "2099-01-01 起用 1.2.0" in row
        now = duty.client.get(f"/contracts/{BANK}").text
        assert f'href="/contracts/{BANK}?edition=1.2.0"' in now
        assert "QNEW" not in now
        then = duty.client.get(f"/contracts/{BANK}?edition=1.2.0").text
        assert "新增 <code>QNEW</code>&lt;b&gt;" in then
        assert "2099-01-01 起</span>" in then
        assert f'href="/contracts/{BANK}/paper?edition=1.2.0"' in then
        got = duty.client.get(f"/contracts/{BANK}/files/CHANGES.md?edition=1.2.0").text
        assert "QNEW" in got


def test_markdown_is_escaped_and_keeps_its_forms() -> None:
    made = str(
        prose("# 题\n\n## 节<i>\n\n- 一 `a<b`\n- 二\n\n| 甲 | 乙 |\n|---|---|\n| 1 | **2** |\n")
    )
    assert "<h3>节&lt;i&gt;</h3>" in made
    assert '<ul><li class="dotted deep-0">一 <code>a&lt;b</code></li>' in made
    assert "题" not in made
    assert '<th scope="col">甲</th>' in made
    assert "<td>2</td>" in made
