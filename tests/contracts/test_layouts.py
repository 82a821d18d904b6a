"""Fixed-width files by a layout: round trips, what does not fit, what is unsound."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contracts import BadDocument, ContractBroken, Layout, Unwritable, load_contract
from hub.contracts.layouts import read_layout
from mocks.kit import fixed

GZNX = Path(__file__).parents[2] / "contracts_spec" / "banks" / "gznx"
CONTRACT = load_contract(GZNX)
BATCH = CONTRACT.layout("batch")
HEADER = {
    "ORG_NO": "GZ5227000001", "BATCH_NO": "25101234567890123456", "MONTH": "202510",
    "ACC_NO": "2401", "ACC_NAME": "黔南州住房公积金管理中心",
}  # fmt: skip
# No blanks at an end: padding cannot be told from them.  No lone surrogates: no charset has them.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=70).filter(
    lambda text: text == text.rstrip(" ")
)


def _detail(**over: str) -> dict[str, str]:
    return {
        "ROW_NO": "1", "NUMBER": "2" * 20, "PAYEE_ACC": "6217", "PAYEE_NAME": "郑琪",
        "AMOUNT": "100", "LOAN_NO": "C1", "PURPOSE": "商贷月对冲", "REMARK": "2" * 20,
    } | over  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_a_name_comes_back_whole_or_is_not_written(name: str) -> None:
    fits = len(name.encode("gb18030")) <= 60
    try:
        data = BATCH.write(HEADER, [_detail(PAYEE_NAME=name)])
    except Unwritable:
        assert not fits
        return
    assert fits
    (row,) = BATCH.read(data).details
    assert row["PAYEE_NAME"] == name
    assert [len(line) for line in data.split(b"\r\n")] == [131, 229, 91, 0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**15 - 1), max_size=30))
def test_money_comes_back_to_the_fen_and_adds_up(amounts: list[int]) -> None:
    rows = [_detail(AMOUNT=str(one)) for one in amounts]
    found = BATCH.read(BATCH.write(HEADER, rows))
    assert [int(row["AMOUNT"]) for row in found.details] == amounts
    assert int(found.trailer["TOTAL_AMT"]) == sum(amounts)
    assert int(found.trailer["TOTAL_NUM"]) == len(amounts)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TEXT, st.integers(1, 10**15 - 1)), max_size=5))
def test_the_partner_s_own_reader_reads_the_same(rows: list[tuple[str, int]]) -> None:
    """Two readers that share a layout and no code."""
    wanted = [
        _detail(PAYEE_NAME=name.strip(), AMOUNT=str(fen))
        for name, fen in rows
        if len(name.encode("gb18030")) <= 60
    ]
    data = BATCH.write(HEADER, wanted)
    theirs = fixed.read_layout(GZNX / "layouts" / "batch.yaml")
    sheet = theirs.read(data)
    names = [one["PAYEE_NAME"] for one in wanted]
    assert [one["PAYEE_NAME"].strip() for one in sheet.details] == names
    assert theirs.write(HEADER, wanted) == data


@pytest.mark.parametrize(
    "over",
    [
        {"PAYEE_NAME": "一" * 31}, {"PAYEE_NAME": "𠮷" * 16}, {"PAYEE_NAME": "郑\n琪"},
        {"PAYEE_NAME": "郑\ud800"}, {"AMOUNT": "1.00"}, {"AMOUNT": ""}, {"AMOUNT": "1" * 17},
        {"AMOUNT": "壹佰"}, {"NUMBER": "3" * 21},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_not_written(over: dict[str, str]) -> None:
    with pytest.raises(Unwritable) as caught:
        BATCH.write(HEADER, [_detail(**over)])
    assert next(iter(over)) in caught.value.message
    assert "郑" not in caught.value.message


def test_padding_is_taken_from_its_own_side_alone() -> None:
    (row,) = BATCH.read(BATCH.write(HEADER, [_detail(PAYEE_NAME=" 郑 琪", REMARK="")])).details
    assert (row["PAYEE_NAME"], row["REMARK"]) == (" 郑 琪", "")


def test_a_field_that_ends_in_the_middle_of_a_character_is_no_text() -> None:
    """Two bytes further on the same bytes would be sound: what is counted are bytes."""
    data = BATCH.write(HEADER, [_detail(PAYEE_NAME="a" * 59)])
    for half in (b"\xd6", b"\x95"):
        cut = data.replace(b"a" * 59 + b" ", b"a" * 59 + half)
        assert cut != data
        with pytest.raises(BadDocument, match="GB18030"):
            BATCH.read(_signed(cut))


def test_utf_8_in_a_file_of_gb18030_is_told() -> None:
    data = BATCH.write(HEADER, [_detail(PAYEE_NAME="x" * 30)] * 3)
    utf8 = "黔南州公积金中心呀呀".encode()
    assert len(utf8) == 30
    with pytest.raises(BadDocument, match="UTF-8"):
        BATCH.read(_signed(data.replace(b"x" * 30, utf8)))


def test_a_glance_shows_what_can_be_read_of_a_broken_file() -> None:
    data = BATCH.write(HEADER, [_detail(), _detail()])
    shown = BATCH.glance(data[: 131 + 2 + 229 + 2 + 50], 10)
    assert shown is not None
    assert (shown[1]["AMOUNT"], shown[2]) == ("100", {"?": "50 bytes"})
    assert BATCH.glance(b"<html>", 10) is None


def _signed(data: bytes) -> bytes:
    start = data.rindex(b"\nT") + 1
    return data[: start + 27] + fixed.sm3_hex(data[:start]).encode() + data[start + 91 :]


def _field(raw: dict[str, Any], place: int) -> dict[str, Any]:
    found: dict[str, Any] = raw["records"]["detail"]["fields"][place]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: _field(raw, 3).update({"from": 61}),  # a gap
        lambda raw: _field(raw, 3).update({"from": 59}),  # an overlap
        lambda raw: _field(raw, 3).update(pad="middle"),
        lambda raw: _field(raw, 3).update(kind="float"),
        lambda raw: _field(raw, 3).update(name="NUMBER"),
        lambda raw: _field(raw, 7).update(bytes=0),
        lambda raw: raw["records"]["detail"].update(tag="H"),
        lambda raw: raw["records"].pop("trailer"),
        lambda raw: raw["controls"].update(of="NOBODY"),
        lambda raw: raw["controls"].update(digest="TOTAL_NUM"),
        lambda raw: raw.update(ends="cr"),
        lambda raw: raw.update(format=2),
    ],
)
def test_an_unsound_layout_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    raw = yaml.safe_load((GZNX / "layouts" / "batch.yaml").read_text("utf-8"))
    change(raw)
    path = tmp_path / "batch.yaml"
    path.write_text(yaml.safe_dump(raw), "utf-8")
    with pytest.raises((ValueError, KeyError)):
        read_layout("batch", path, CONTRACT.charset)


def test_a_width_that_its_field_does_not_have_stops_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "gznx"
    shutil.copytree(GZNX, folder)
    raw = yaml.safe_load((folder / "contract.yaml").read_text("utf-8"))
    raw["fields"]["PAYEE_NAME"]["bytes"] = 62
    (folder / "contract.yaml").write_text(yaml.safe_dump(raw), "utf-8")
    with pytest.raises(ContractBroken, match="PAYEE_NAME"):
        load_contract(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda sftp: sftp.update(temporary="{name}.tmp"),
        lambda sftp: sftp.pop("key"),
        lambda sftp: sftp.pop("known_hosts"),
        lambda sftp: sftp.update(read_back="yes"),
    ],
)
def test_an_sftp_door_that_is_not_sound(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    folder = tmp_path / "gznx"
    shutil.copytree(GZNX, folder)
    raw = yaml.safe_load((folder / "contract.yaml").read_text("utf-8"))
    change(raw["endpoints"]["files"]["sftp"])
    (folder / "contract.yaml").write_text(yaml.safe_dump(raw), "utf-8")
    with pytest.raises(ContractBroken):
        load_contract(folder)


def test_golden_files_are_read_alike_by_both_sides() -> None:
    kinds: list[tuple[str, Layout]] = [
        (name, CONTRACT.layout(layout))
        for name, layout in (
            ("HKWJ.batch", "batch"), ("HKJG.result", "result"), ("YHMX.dues", "dues"),
            ("YHMX.empty", "dues"), ("ZHMX.closed", "statement"), ("ZHMX.open", "statement"),
        )
    ]  # fmt: skip
    for name, layout in kinds:
        data = (GZNX / "samples" / f"{name}.txt").read_bytes()
        ours = layout.read(data)
        theirs = fixed.read_layout(GZNX / "layouts" / f"{layout.name}.yaml").read(data)
        assert not ours.mixed
        assert [_stripped(row) for row in ours.details] == [_stripped(r) for r in theirs.details]
        assert _stripped(ours.header) == _stripped(theirs.header)


def _stripped(row: Any) -> dict[str, str]:
    return {name: text.strip() for name, text in row.items()}
