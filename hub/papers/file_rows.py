"""The fields of files and of records inside a field: by place and width, or by a separator."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.contracts import Contract, Layout
from hub.papers.rows import MUST, FieldRow, Widths, joined, labelled

_KINDS = {"text": "字符", "number": "整数", "digest": "摘要", "blank": "保留"}
_PADS = {"right": "右补空格", "left": "左补空格", "zero": "左补零"}
_RECORDS = {"header": "头记录", "detail": "明细记录", "trailer": "尾记录"}


def layout_rows(layout: Layout) -> Iterator[FieldRow]:
    """A fixed-width file: each kind of record, then its fields in their places."""
    for kind, words in _RECORDS.items():
        record = getattr(layout, kind)
        tag = record.tag.decode("ascii")
        yield FieldRow(
            0, f"（{words}）", "", "记录", f"{record.size} 字节", MUST, f"第 1 字节固定 {tag}"
        )
        for one in record.fields:
            label, more = labelled(one.what)
            place = f"第 {one.start}–{one.start + one.width - 1} 字节"
            yield FieldRow(
                1, one.name, label, _KINDS[one.kind], f"{one.width} 字节", MUST,
                joined(place, _PADS[one.pad], more),
            )  # fmt: skip


def sheet_rows(file: Mapping[str, Any], widths: Widths) -> Iterator[FieldRow]:
    """A file of separated rows, as the contract's ``files`` says it: head line, columns."""
    for part, words in (("header", "首行"), ("columns", "各列")):
        names: Sequence[str] = file.get(part, ())
        if not names:
            continue
        tag = f"以 {file['tag']} 开头" if part == "header" and "tag" in file else ""
        yield FieldRow(0, f"（{words}）", "", "记录", f"{len(names)} 域", MUST, tag)
        for name in names:
            label, more = labelled(widths.words(name))
            total = "合计的一列" if part == "columns" and name == file.get("sum") else ""
            yield FieldRow(1, name, label, "字符", widths.said(name), MUST, joined(more, total))


def column_rows(columns: Mapping[str, Any], widths: Widths) -> Iterator[FieldRow]:
    """Records inside one field of a message, as the contract's ``columns`` says them."""
    sure = columns.get("sure", ())
    for name, pattern in columns["values"].items():
        label, more = labelled(widths.words(name))
        strict = "不合即整份作废" if name in sure else "不合只记漂移"
        yield FieldRow(
            0, name, label, "字符", widths.said(name), MUST,
            joined(more, f"样式 {pattern}", strict),
        )  # fmt: skip


def files_of(contract: Contract) -> Mapping[str, Mapping[str, Any]]:
    """The contract's files by name; none where it exchanges none."""
    found = contract.extra.get("files", {})
    return found if isinstance(found, Mapping) else {}


def columns_of(contract: Contract, schema: str) -> Mapping[str, Any] | None:
    """The columns of the records inside this message, when the contract has such."""
    found = contract.extra.get("columns", {})
    one = found.get(schema) if isinstance(found, Mapping) else None
    return one if isinstance(one, Mapping) and "values" in one else None
