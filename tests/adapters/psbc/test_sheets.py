"""Files of rows: golden bytes read by hand, round trips, and nothing of a broken file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.banks.psbc.sheets import SheetLayout, joined, parted
from adapters.kit.replies import BadReply
from hub.contracts import load_contract
from hub.kernel.errors import BadInput
from hub.ports.line import DriftNotes
from mocks.banks.psbc.sheets import SheetLayout as BankLayout
from mocks.kit.bank.contract import read_contract
from tests.adapters.psbc import bench

CONTRACT = load_contract(bench.FOLDER)
GOLDEN = {
    "batch": "HCPAY.batch.txt", "result": "HCRES.result.txt", "dues": "HCDUE.dues.txt",
    "statement": "HCACC.closed.txt",
}  # fmt: skip
LINES = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("|\\"), max_size=12),
    min_size=1, max_size=6,
)  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), GOLDEN.items())
def test_three_readers_find_the_same_in_a_golden_file(kind: str, name: str) -> None:
    content, notes = bench.raw(name), DriftNotes()
    mine = SheetLayout.of(CONTRACT, kind).read(content, notes)
    banks = BankLayout(read_contract("psbc").raw["files"][kind])
    theirs = banks.read(content)
    top, columns, *rows = bench.split(content)
    assert [top[1:], [list(row.values()) for row in mine.rows]] == [
        list(mine.header.values()), rows,
    ]  # fmt: skip
    assert (mine.header, list(mine.rows)) == (theirs.header, theirs.rows)
    assert [list(row) for row in mine.rows] == [columns] * len(rows)
    assert notes.drifts == []
    assert banks.write(theirs.header, theirs.rows) == content
    assert SheetLayout.of(CONTRACT, kind).write(mine.header, mine.rows) == content


@settings(max_examples=150, deadline=None)
@given(values=LINES)
def test_values_come_back_whatever_letters_they_have(values: list[str]) -> None:
    line = joined(values)
    assert parted(line) == values
    assert bench.split(f"{line}\n".encode()) == [values]


@settings(max_examples=80, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_a_name_reaches_the_bank_as_it_is(name: str) -> None:
    layout = SheetLayout.of(CONTRACT, "batch")
    _, _, first, *_ = bench.split(bench.raw("HCPAY.batch.txt"))
    row = dict(zip(layout.columns, first, strict=True)) | {"payeeName": name}
    header = dict.fromkeys(layout.header, "1")
    content = layout.write(header, [row])
    there = BankLayout(read_contract("psbc").raw["files"]["batch"]).read(content)
    assert there.rows == [row]


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, len(bench.raw("HCDUE.dues.txt")) - 1))
def test_a_part_of_a_file_is_no_file(cut: int) -> None:
    """Cut at a line's end only the totals tell; anywhere else the file itself does."""
    content = bench.raw("HCDUE.dues.txt")[:cut]
    layout = SheetLayout.of(CONTRACT, "dues")
    if content.endswith(b"\n") and content.count(b"\n") >= 2:
        sheet = layout.read(content, DriftNotes())
        assert str(len(sheet.rows)) != sheet.header["totalNum"]
    else:
        with pytest.raises(BadReply):
            layout.read(content, DriftNotes())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HCRES|", "HCDUE|"),
        ("|0001|7|", "|0001|"),
        ("orderNo|state", "orderNo|status"),  # a column is missing
        ("orderNo|state", "state|orderNo|state"),  # one stands twice
        ("|E01|", "|E01"),
        ("|E01|", "|E01||"),
        ("|E01|", "\\E01|"),  # a mark that marks nothing
        ("\n", "\r\n"),
    ],
)
def test_a_line_that_is_none_spoils_the_file(old: str, new: str) -> None:
    text = bench.raw("HCRES.result.txt").decode().replace(old, new)
    with pytest.raises(BadReply):
        SheetLayout.of(CONTRACT, "result").read(text.encode(), DriftNotes())
    for data in (b"", text.encode("utf-16"), b"\xef\xbb\xbf" + bench.raw("HCRES.result.txt")):
        with pytest.raises(BadReply):
            SheetLayout.of(CONTRACT, "result").read(data, DriftNotes())


def test_columns_are_found_by_name_and_a_new_one_is_noted() -> None:
    lines = bench.split(bench.raw("HCRES.result.txt"))
    turned = [lines[0], *([*reversed(line), "x"] for line in lines[1:])]
    notes = DriftNotes()
    content = "".join(f"{joined(line)}\n" for line in turned).encode()
    layout = SheetLayout.of(CONTRACT, "result")
    assert layout.read(content, notes) == layout.read(bench.raw("HCRES.result.txt"), DriftNotes())
    assert [one.place for one in notes.drifts] == ["result/columns"]


def test_a_value_longer_than_its_field_is_noted_and_never_written() -> None:
    layout, notes = SheetLayout.of(CONTRACT, "result"), DriftNotes()
    text = bench.raw("HCRES.result.txt").decode().replace("|E01|", "|E0001|")
    layout.read(text.encode(), notes)
    assert [one.place for one in notes.drifts] == ["result/errCode"]
    header = dict.fromkeys(layout.header, "1")
    for value in ("E0001", "E\n1"):
        with pytest.raises(BadInput):
            layout.write(header, [{**dict.fromkeys(layout.columns, ""), "errCode": value}])
