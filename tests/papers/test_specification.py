"""接口规范说明书 of every contract, held against the contract's files by a reader of its own."""

import hashlib
import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from lxml import etree
from typer.testing import CliRunner

from hub.certify import load_suite
from hub.cli.main import app
from hub.contracts import contract_digest, load_contract
from hub.papers import Extras, SchemaNotPrintable, assumptions_of, specification
from hub.papers.json_rows import JsonRows
from hub.papers.rows import Widths, labelled
from hub.papers.said import SaidFile
from hub.papers.xsd_rows import XsdBook, XsdRows
from tests.cli.kit import run
from tests.papers import fields
from tests.papers.reader import Document, Table, parts, read

SPEC = Path(__file__).parents[2] / "contracts_spec"
PLACES = [path.parent.relative_to(SPEC) for path in SPEC.glob("*/*/contract.yaml")]
FOLDERS = sorted(place.as_posix() for place in PLACES)
XS = "http://www.w3.org/2001/XMLSchema"
HEAD = ["域", "中文名", "类型", "长度", "必填", "说明"]


@cache
def made(folder: str) -> bytes:
    contract = load_contract(SPEC / folder)
    register = assumptions_of(SPEC, contract.interface)
    return specification(contract, Extras(contract_digest(contract.folder), register))


@cache
def document(folder: str) -> Document:
    return read(made(folder))


def field_tables(folder: str) -> list[Table]:
    return [one for one in document(folder).tables if one.rows[0] == HEAD]


def table_of(folder: str, schema: str) -> Table:
    """Of a message, or of the one whose fields it shares."""
    doc = document(folder)
    side = {"request": "（请求）", "reply": "（应答）"}.get(schema.rpartition(".")[2], "")
    for said in doc.paragraphs:
        if said.startswith(f"{schema}{side}：与“"):
            return doc.captioned(said.split("“")[1].split("”")[0])
    return doc.captioned(f"{schema}{side}")


def row(table: Table, name: str) -> list[str]:
    (found,) = [one for one in table.rows if one[0] == name]
    return found


@pytest.mark.parametrize("folder", FOLDERS)
class TestEveryContract:
    def test_every_field_is_in_it(self, folder: str) -> None:
        told = {one[0] for table in field_tables(folder) for one in table.rows}
        wanted = fields.everything(SPEC / folder)
        assert wanted
        assert not sorted(wanted - told)

    def test_every_message_has_its_own_fields(self, folder: str) -> None:
        contract = load_contract(SPEC / folder)
        if "wsdl" in contract.wire.extra:
            return  # one envelope for all: see bank-bgz below
        for name, file in contract.schemas.items():
            told = {one[0] for one in table_of(folder, name).rows}
            own = (fields.in_xsd if file.kind == "xsd" else fields.in_json)(file.path)
            assert own <= told, name

    def test_what_may_be_left_out_says_so(self, folder: str) -> None:
        contract = load_contract(SPEC / folder)
        for name, file in contract.schemas.items():
            if file.kind == "xsd" and "wsdl" not in contract.wire.extra:
                table = table_of(folder, name)
                may = {one[0] for one in table.rows if one[4] in ("可选", "择一")}
                assert fields.optional_in_xsd(file.path) <= may, name

    def test_every_code_with_its_class_and_whether_it_is_final(self, folder: str) -> None:
        raw = yaml.safe_load((SPEC / folder / "contract.yaml").read_text("utf-8"))
        words = {"never": "不再试", "later": "稍后再试", "after_repair": "修好再试",
                 "inquire_first": "先查证"}  # fmt: skip
        doc = document(folder)
        for name, table in raw["code_tables"].items():
            told = doc.captioned(f"位置：{table['place']}").rows if _once(doc, table) else [
                line for one in doc.tables if one.caption == f"位置：{table['place']}"
                for line in one.rows
            ]  # fmt: skip
            assert f"{name}　{table['what']}" in doc.headings
            for code, one in table["codes"].items():
                line = [code, one["text"], "是" if one["final"] else "否", words[one["retry"]]]
                assert line in [[r[0], r[1], r[3], r[4]] for r in told], (name, code)

    def test_every_sample_has_size_digest_and_first_bytes(self, folder: str) -> None:
        doc = document(folder)
        rows = [one for table in doc.tables for one in table.rows]
        samples = [
            path for path in (SPEC / folder / "samples").iterdir()
            if path.name not in ("index.yaml", ".gitattributes")
        ]  # fmt: skip
        assert samples
        for path in samples:
            data = path.read_bytes()
            digest = hashlib.new("sm3", data).hexdigest()
            assert any(one[0] == path.name and one[2:] == [str(len(data)), digest] for one in rows)
            assert any(said.startswith(f"0000  {data[:16].hex(' ')}") for said in doc.paragraphs)

    def test_every_assumption_is_marked(self, folder: str) -> None:
        contract = load_contract(SPEC / folder)
        doc = document(folder)
        raw = yaml.safe_load((SPEC / "assumptions.yaml").read_text("utf-8"))["assumptions"]
        mine = [one for one in raw if one["interface"] == contract.interface]
        told = {one[0]: one for table in doc.tables for one in table.rows if len(one) == 5}
        for one in mine:
            assert told[one["id"]][1:4] == [one["what"], one["why"], one["where"]]
        for one in contract.transactions.values():
            assert f"{one.name}　{one.what}{' [A]' if one.assumed else ''}" in doc.headings

    def test_time_limits_and_prose(self, folder: str) -> None:
        doc, contract = document(folder), load_contract(SPEC / folder)
        rows = [one for table in doc.tables for one in table.rows]
        for key in ("call_timeout_s", "longest_lease_s", "settle_after_s"):
            value = str(getattr(contract.timing, key))
            assert any(one[0] == key and one[2] == value for one in rows)
        for name, limit in contract.limits.items():
            assert any(one[0] == name and one[2] == str(limit) for one in rows), name
        readme = (SPEC / folder / "README.md").read_text("utf-8").splitlines()
        titles = [line.lstrip("# ").replace("`", "") for line in readme if line.startswith("##")]
        assert set(titles) <= set(doc.headings)
        changes = (SPEC / folder / "CHANGES.md").read_text("utf-8").splitlines()
        assert {one[3:] for one in changes if one.startswith("## ")} <= set(doc.headings)

    def test_the_cover_says_which_contract_and_who_signs(self, folder: str) -> None:
        contract, doc = load_contract(SPEC / folder), document(folder)
        facts = dict(one for one in doc.tables[0].rows)
        assert facts["接口代码"] == contract.interface
        assert facts["规范版本"] == contract.version
        assert facts["规范摘要（SM3）"] == contract_digest(contract.folder)
        assert doc.tables[1].rows[0][2] == f"乙方：{contract.partner.name}"
        assert [one[0] for one in doc.tables[1].rows[1:]] == [
            "单位（盖章）", "代表签字", "姓名（正楷）", "职务", "日期",
        ]  # fmt: skip

    def test_it_is_a_sound_package(self, folder: str) -> None:
        found = parts(made(folder))
        roots = {name: etree.fromstring(data) for name, data in found.items()
                 if name.endswith((".xml", ".rels"))}  # fmt: skip
        text = found["word/document.xml"].decode("utf-8")
        anchors = set(_attributes(roots["word/document.xml"], "hyperlink", "anchor"))
        marks = set(_attributes(roots["word/document.xml"], "bookmarkStart", "name"))
        assert anchors
        assert anchors == marks
        assert "thumbnail" not in "".join(found)
        assert "python-docx" not in text + found["docProps/core.xml"].decode("utf-8")


def _once(doc: Document, table: dict[str, str]) -> bool:
    return [one.caption for one in doc.tables].count(f"位置：{table['place']}") == 1


def _attributes(root: etree._Element, tag: str, name: str) -> list[str]:
    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    return [str(one.get(space + name)) for one in root.iter(space + tag)]


class TestRowsByHand:
    """What the schemas say in their harder words, against rows written by hand."""

    def test_a_length_in_characters_and_in_bytes(self) -> None:
        told = row(table_of("banks/icbc", "PAYENT.request"), "RecAccNameCN")
        assert told[1:] == ["收方户名（借款人姓名）", "字符", "1–60 字符；≤60 字节", "必填", ""]

    def test_a_repeated_group(self) -> None:
        told = row(table_of("banks/icbc", "PAYENT.request"), "rd")
        assert told[2:] == ["组", "", "必填", "重复 1–500 次"]

    def test_an_attribute_group_and_a_named_group(self) -> None:
        table = table_of("banks/boc", "b2e0078.request")
        assert row(table, "@version")[2:] == ["字符", "", "必填", "固定 120；属性"]
        assert row(table, "termid")[1:4] == ["终端号", "字符", "1–15 字符；≤15 字节"]

    def test_a_choice(self) -> None:
        table = table_of("banks/abc", "CQRA61.request")
        either = [one[0] for one in table.rows if one[4] == "择一"]
        assert len(either) == 2

    def test_a_soap_body_a_fault_a_header_with_attributes(self) -> None:
        doc = document("banks/bgz")
        body = doc.captioned("QueryBalance.request（请求）")
        assert [one[0] for one in body.rows[1:]] == ["QueryBalanceRequest", "account"]
        assert "message" in {one[0] for one in doc.captioned("bgz.xsd · ServiceFault").rows}
        security = doc.captioned("wsse.xsd · Security")
        assert row(security, "Password")[2] == "字符"
        assert row(security, "@Type")[4] == "必填"
        assert row(security, "Created")[2] == "时刻"
        envelope = doc.captioned("envelope.xsd · Envelope").rows
        required = [one[4] for one in envelope if one[0] in ("*", "Fault")]
        assert required == ["可选", "择一", "择一", "可选"]

    def test_a_condition_and_what_it_adds(self) -> None:
        table = table_of("banks/gyb", "hc.pay.query.reply")
        assert row(table, "（当 code = 000000）")[5] == "须有 rows"
        changes = table_of("core/registry", "changes.reply")
        names = [one[0] for one in changes.rows]
        # Ten kinds of record, each with its own fields under the same name.
        assert [n for n in names if n.startswith("（当 JLLX")] == [
            f"（当 JLLX = {kind}）"
            for kind in ("GR", "DW", "HJ", "QJ", "CF", "DK", "YW", "JS", "ZH", "FW")
        ]
        assert [one[4] for one in changes.rows if one[0] == "ZD"] == ["必填"] * 11

    def test_a_place_in_a_fixed_width_record(self) -> None:
        tables = [one for one in field_tables("banks/gznx") if one.caption.startswith("batch　")]
        told = row(tables[0], "AMOUNT")
        assert told[2:5] == ["整数", "16 字节", "必填"]
        assert told[5].startswith("第 120–135 字节；左补零")

    def test_columns_inside_a_field(self) -> None:
        table = document("banks/bcm").captioned("330008.request 明细记录的各列")
        assert row(table, "cert_no")[5] == "填划款指令号；样式 [0-9]{20}；不合即整份作废"

    def test_comments_of_the_contract_are_part_of_it(self) -> None:
        said = SaidFile(SPEC / "banks/gyb/contract.yaml")
        notes = {one.path: one.note for one in said.section("envelope")}
        assert notes["clock_skew_s",] == "与本方业务时钟相差超过此数即拒绝"
        assert notes["signature", "text"].startswith("待签串：各行以一个换行（0x0A）相连")
        assert notes["cipher",].startswith("iv prefix：16 字节随机 IV")
        assert notes["cipher", "algorithm"] == ""


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("指令顺序号；PAYENT 为批次号", ("指令顺序号", "PAYENT 为批次号")),
        ("交易日期 yyyyMMdd", ("交易日期", "yyyyMMdd")),
        ("Base64(SHA-1(nonce + created))", ("", "Base64(SHA-1(nonce + created))")),
        ("", ("", "")),
    ],
)
def test_a_name_and_what_more_is_said(words: str, wanted: tuple[str, str]) -> None:
    assert labelled(words) == wanted


@pytest.mark.parametrize(
    "inside",
    [
        '<xs:element name="a"><xs:simpleType><xs:list itemType="xs:string"/></xs:simpleType>'
        "</xs:element>",
        '<xs:element name="a"><xs:complexType><xs:sequence maxOccurs="3">'
        '<xs:element name="b"/></xs:sequence></xs:complexType></xs:element>',
        '<xs:element name="a" type="Missing"/>',
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element ref="a"/></xs:sequence>'
        "</xs:complexType></xs:element>",
        '<xs:element name="a"><xs:simpleType><xs:restriction base="xs:string">'
        '<xs:assertion test="1"/></xs:restriction></xs:simpleType></xs:element>',
    ],
)
def test_what_there_are_no_words_for_is_an_error(inside: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xsd"
    path.write_text(f'<xs:schema xmlns:xs="{XS}">{inside}</xs:schema>', "utf-8")
    with pytest.raises(SchemaNotPrintable):
        XsdRows(XsdBook.open(path), Widths({})).of("{}a")


@pytest.mark.parametrize(
    "schema",
    [
        {"patternProperties": {"a": {}}},
        {"properties": {"a": {"$ref": "#/$defs/none"}}},
        {"properties": {"a": {"$ref": "other.json"}}},
        {"$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a"},
        {"properties": {"a": {"not": {"const": 1}}}},
    ],
)
def test_nor_is_a_json_schema_s_word_left_out(schema: object, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(schema), "utf-8")
    with pytest.raises(SchemaNotPrintable):
        JsonRows(path, Widths({})).rows()


def test_the_command_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    out = tmp_path / "one.docx"
    answer = run("spec", "export", "bank-icbc", "--docx", "--out", str(out), "--json")
    assert answer.code == 0, answer.err
    contract = load_contract(SPEC / "banks/icbc")
    suite = load_suite(contract)
    cases = [(one.number, one.title, one.clause, one.mandatory) for one in suite.cases]
    register = assumptions_of(SPEC, "bank-icbc")
    content = out.read_bytes()
    assert content == specification(contract, Extras(suite.digest, register, cases))
    assert answer.said["contract_digest"] == suite.digest
    assert answer.said["sm3"] == hashlib.new("sm3", content).hexdigest()
    assert {case.number for case in suite.cases} <= read(content).cells()


def test_an_unknown_interface(tmp_path: Path) -> None:
    out = tmp_path / "x.docx"
    done = CliRunner().invoke(app, ["spec", "export", "bank-none", "--out", str(out), "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stderr)["code"] == "input.not_found"
    assert not out.exists()
