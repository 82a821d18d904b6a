"""接口规范说明书: the document of an interface that both sides sign, from its contract alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hub.contracts import (
    Code,
    CodeRetry,
    CodeStatus,
    CodeTable,
    Contract,
    Transaction,
    contract_files,
)
from hub.contracts.yaml_files import read_yaml
from hub.crypto import sm3_hex
from hub.papers import markdown
from hub.papers.file_rows import files_of, layout_rows, sheet_rows
from hub.papers.messages import FieldTable, Messages
from hub.papers.paper import Cell, Paper
from hub.papers.rows import FieldRow, Widths
from hub.papers.said import Said, SaidFile
from hub.papers.samples import samples_of
from hub.papers.sections import KNOWN, title_of, transport_of

CENTRE = "住房公积金管理中心"
_FIELD_HEAD = ("域", "中文名", "类型", "长度", "必填", "说明")
_FIELD_WIDTHS = (3.6, 3.0, 1.3, 2.2, 1.3, 5.6)
_STATUS = {
    CodeStatus.DONE: "成功", CodeStatus.REFUSED: "拒绝", CodeStatus.PROCESSING: "处理中",
    CodeStatus.NOT_FOUND: "查无", CodeStatus.UNKNOWN: "不明",
}  # fmt: skip
_RETRY = {
    CodeRetry.NEVER: "不再试", CodeRetry.LATER: "稍后再试", CodeRetry.AFTER_REPAIR: "修好再试",
    CodeRetry.INQUIRE_FIRST: "先查证",
}  # fmt: skip
_STATES = {"open": "待核实", "confirmed": "已核实", "changed": "已更正"}


@dataclass(frozen=True, slots=True)
class Extras:
    """What is printed beside the contract: ``digest`` of all it says (as certificates write it),
    its ``assumptions`` as the register has them, test ``cases`` as (number, title, clause,
    mandatory), the ``centre``'s name."""

    digest: str
    assumptions: Sequence[Mapping[str, str]] = ()
    cases: Sequence[tuple[str, str, str, bool]] = ()
    centre: str = CENTRE


def specification(contract: Contract, extras: Extras) -> bytes:
    """The document as a DOCX file.  Raises SchemaNotPrintable for what it has no words for."""
    return _Specification(contract, extras).made()


class _Specification:
    def __init__(self, contract: Contract, extras: Extras) -> None:
        self._contract = contract
        self._extras = extras
        self._said = SaidFile(contract.folder / "contract.yaml")
        self._messages = Messages(contract)
        self._widths = Widths(contract.fields)
        self._paper = Paper(f"{contract.name}接口规范说明书", f"版本 {contract.version}")
        self._chapters = 0

    def made(self) -> bytes:
        """Cover to last page."""
        self._cover()
        self._paper.contents()
        self._prose("修订记录", "CHANGES.md")
        self._prose("业务与通信规则", "README.md")
        self._transport()
        self._exchanges()
        self._codes()
        self._limits()
        self._samples()
        self._cases()
        self._assumptions()
        self._files()
        return self._paper.bytes()

    def _cover(self) -> None:
        contract, extras = self._contract, self._extras
        still = sum(one["state"] == "open" for one in extras.assumptions)
        self._paper.cover(
            contract.name,
            "接口规范说明书",
            [
                ("接口代码", contract.interface),
                ("规范版本", contract.version),
                ("甲方", extras.centre),
                ("乙方", f"{contract.partner.name}（{contract.partner.code}）"),
                ("规范摘要（SM3）", extras.digest),
                ("假定 [A]", f"共 {len(extras.assumptions)} 条，{still} 条待核实"),
            ],
        )  # fmt: skip
        self._paper.text(
            "本说明书由接口规范的机器可读文件（清单在末章）生成，与之一字不差；"
            "摘要是对这些文件全部字节所做的 SM3，联调测试报告上的规范摘要与此相同即为同一份规范。",
            small=True,
        )
        self._paper.signatures([f"甲方：{extras.centre}", f"乙方：{contract.partner.name}"])

    def _chapter(self, title: str) -> None:
        self._chapters += 1
        self._paper.heading(f"第{_chinese(self._chapters)}章　{title}", 1)

    def _prose(self, title: str, file: str) -> None:
        path = self._contract.folder / file
        if path.is_file():
            self._chapter(title)
            markdown.onto(self._paper, path.read_text(encoding="utf-8"), 2)

    def _transport(self) -> None:
        self._chapter("通信与安全参数")
        for section in transport_of(self._contract):
            self._section(title_of(section), section)

    def _section(self, title: str, section: str) -> None:
        rows = self._said.section(section)
        note = self._said.notes(section)
        if not [one for one in rows if one.value or one.note]:
            return
        self._paper.heading(title, 2)
        if note:
            self._paper.text(note)
        self._paper.table(("项", "名称", "值", "说明"), map(_said_row, rows), (3.4, 3, 5, 5.6))

    def _exchanges(self) -> None:
        self._chapter("交易与报文")
        self._paper.text(
            "“必填”栏：必填、可选、择一（同组中只有一个）、条件（见该行）。长度以字节计的是线上字符集的字节数。"
            f"{'金额单位为元。' if self._contract.wire.amount_unit == 'yuan' else '金额单位为分。'}"
        )
        rows = [_transaction_row(one) for one in self._contract.transactions.values()]
        self._paper.table(
            ("交易", "名称", "用途（端口的方法）", "动账", "假定"), rows, (3.5, 5, 5, 1.5, 1.5)
        )
        for one in self._contract.transactions.values():
            mark = " [A]" if one.assumed else ""
            self._paper.heading(f"{one.name}　{one.what}{mark}", 2)
            self._tables(self._messages.names_of(one.name))
        for name, what, path, schemas in self._messages.inbound():
            self._paper.heading(f"{name}　{what}（由对方发起）", 2)
            self._paper.text(f"路径 `{path}`。")
            self._tables(schemas)
        self._section("由对方发起的报文", "inbound")
        self._exchanged_files()
        for table in self._leftovers():
            self._table(table)

    def _leftovers(self) -> Iterator[FieldTable]:
        rest = list(self._messages.rest())
        if rest:
            self._paper.heading("其他报文与公共部分", 2)
        yield from rest

    def _tables(self, schemas: Iterable[str]) -> None:
        for name in schemas:
            for table in self._messages.of(name):
                self._table(table)

    def _table(self, table: FieldTable) -> None:
        self._paper.text(f"**{table.caption}**" if table.rows else table.caption)
        if table.rows:
            self._paper.table(_FIELD_HEAD, map(_field_row, table.rows), _FIELD_WIDTHS)

    def _exchanged_files(self) -> None:
        files, layouts = files_of(self._contract), self._contract.layouts
        if not files and not layouts:
            return
        self._paper.heading("文件", 2)
        self._paper.text(self._said.notes("files"))
        for name, one in files.items():
            way = {"out": "中心放，对方取", "in": "对方放，中心取"}.get(str(one.get("way")), "")
            self._paper.text(
                f"**{name}　{one.get('what', '')}**：{way}；目录 `{one.get('folder', '')}`；"
                f"文件名 `{one.get('name', '')}`{'；生效的一步' if one.get('effect') else ''}"
            )
            if "columns" in one:
                rows = sheet_rows(one, self._widths)
                self._paper.table(_FIELD_HEAD, map(_field_row, rows), _FIELD_WIDTHS)
        for name, layout in layouts.items():
            controls = "、".join(f"{word} {at}" for word, at in layout.controls.items())
            ends = "CR LF" if layout.end == b"\r\n" else "LF"
            self._paper.text(f"**{name}　{layout.what}**：定长；行末 {ends}；控制 {controls}")
            self._paper.table(_FIELD_HEAD, map(_field_row, layout_rows(layout)), _FIELD_WIDTHS)

    def _codes(self) -> None:
        self._chapter("码表")
        self._paper.text(
            "状态：成功、拒绝、处理中、查无、不明。最终：结果不会再变。表里没有的码一律按“不明、不最终”处理，"
            "并记接口漂移。"
        )
        head = ("码", "含义", "状态", "最终", "再试", "处理")
        for table in self._contract.code_tables.values():
            self._paper.heading(f"{table.name}　{table.what}", 2)
            self._paper.text(f"位置：`{table.place}`")
            self._paper.table(head, _code_rows(table), (2, 5, 1.4, 1.2, 1.8, 5.6))

    def _limits(self) -> None:
        self._chapter("时限、限额与服务时间")
        for section, title in (
            ("timing", "时限"), ("limits", "限额"), ("numbers", "编号"), ("hours", "服务时间"),
        ):  # fmt: skip
            self._section(title, section)

    def _samples(self) -> None:
        found = list(samples_of(self._contract.folder / "samples", self._contract.charset))
        if not found:
            return
        self._chapter("基准报文")
        self._paper.text(
            "线上的原始字节，任何一方的编解码都以它为准；其中姓名、账号、证件号均为虚构。"
        )
        self._paper.table(
            ("文件", "内容", "字节", "SM3"),
            ((Cell(one.name, code=True), one.what, str(one.size), Cell(one.sm3, code=True))
             for one in found),
            (4.2, 4.8, 1.4, 6.6),
        )  # fmt: skip
        for one in found:
            self._paper.heading(one.name, 3)
            if one.text is not None:
                self._paper.code(one.text or "（空）")
            if one.hex:
                self._paper.code(one.hex)

    def _cases(self) -> None:
        if not self._extras.cases:
            return
        self._chapter("测试案例")
        self._paper.text(
            "必测案例全部测过且没有一项不通过，符合性测试才算通过。条款号指“业务与通信规则”一章的节。"
        )
        rows = [
            (number, title, clause, "必测" if must else "选测")
            for number, title, clause, must in self._extras.cases
        ]
        self._paper.table(("编号", "案例", "条款", ""), rows, (2.4, 8.4, 4.6, 1.6))

    def _assumptions(self) -> None:
        self._chapter("假定 [A]")
        if not self._extras.assumptions:
            self._paper.text("没有登记的假定。")
            return
        self._paper.text(
            "公开资料里没有、先由中心一侧定下的事，须由双方逐条核实；核实之前不得投产。"
        )
        rows = [
            (one["id"], one["what"], one["why"], one["where"], _STATES[one["state"]])
            for one in self._extras.assumptions
        ]
        self._paper.table(
            ("编号", "假定", "为什么", "在哪里", "状态"), rows, (2.2, 5.2, 4.4, 3.6, 1.6)
        )

    def _files(self) -> None:
        self._chapter("机器可读文件清单")
        folder = self._contract.folder
        rows = [
            (Cell(path.relative_to(folder).as_posix(), code=True), str(path.stat().st_size),
             Cell(sm3_hex(path.read_bytes()), code=True))
            for path in contract_files(folder)
        ]  # fmt: skip
        self._paper.table(("文件", "字节", "SM3"), rows, (7, 1.6, 8.4))


def _field_row(row: FieldRow) -> list[str | Cell]:
    group = row.kind in {"组", "对象", "列表", "记录", "条件"}
    return [
        Cell(row.name, indent=row.depth, bold=group, code=True), row.label, row.kind, row.length,
        row.required, row.notes,
    ]  # fmt: skip


def _said_row(said: Said) -> list[str | Cell]:
    last = said.path[-1] if said.path else ""
    depth = max(len(said.path) - 1, 0)
    name = last if said.value or depth == 0 else f"{last}："
    if depth and said.value:
        name = ".".join(said.path)
        depth = 0
    return [Cell(name, indent=depth, code=True), KNOWN.get(last, ""), said.value, said.note]


def _transaction_row(one: Transaction) -> list[str | Cell]:
    return [
        Cell(one.name, code=True), one.what, "、".join(one.operations),
        "是" if one.effect else "否", "[A]" if one.assumed else "",
    ]  # fmt: skip


def _code_rows(table: CodeTable) -> Iterator[list[str | Cell]]:
    for one in table.codes.values():
        yield [
            Cell(one.code, code=True), one.text, _STATUS[one.status], "是" if one.final else "否",
            _RETRY[one.retry], _done_about(one),
        ]  # fmt: skip


def _done_about(code: Code) -> str:
    parts = [f"原因 {code.reason}"] if code.reason else []
    parts += [f"{key} {value}" for key, value in code.extra.items()]
    return "；".join([*parts, *([code.do] if code.do else [])])


def _chinese(number: int) -> str:
    digits = "零一二三四五六七八九十"
    return digits[number] if number <= 10 else f"十{digits[number - 10]}"


def assumptions_of(contracts: Path, interface: str) -> list[Mapping[str, str]]:
    """The register's entries of one interface."""
    path = contracts / "assumptions.yaml"
    found = _register(path, path.stat().st_mtime_ns)
    return [one for one in found if one["interface"] == interface]


@lru_cache(maxsize=4)
def _register(path: Path, _written_ns: int) -> tuple[Mapping[str, str], ...]:
    """Read once for as long as the file stays as it is."""
    return tuple(read_yaml(path)["assumptions"])
