"""A shadow month: reading the other list, and how our plan differs from it."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.money import Fen, format_yuan
from hub.offset.shadow import Comparison, Difference, Kind, compare, write_csv
from hub.offset.shadow_list import BadShadowList, Theirs, read_shadow_list
from tests.offset.kit import Centre, Person


def written(folder: Path, text: str, charset: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode(charset))
    return path


class TestList:
    @pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gbk"])
    def test_either_charset_and_either_language(self, tmp_path: Path, charset: str) -> None:
        text = '协议编号,银行,划款金额,经办\nA1,icbc,"1234.50",张三\n\nA2,ICBC,0,李四\n'
        one, two = read_shadow_list(written(tmp_path, text, charset))
        assert one == Theirs(2, "A1", "ICBC", "", "", Fen(123450), None)
        assert (two.line, two.fen) == (4, 0)

    def test_by_loan_and_account_with_payers(self, tmp_path: Path) -> None:
        text = "JKHTBH,HKZH,amount,main,spouse\nL1,6222,3.00,1,2.00\nL1,6223,3.00,,\n"
        one, two = read_shadow_list(written(tmp_path, text))
        assert (one.loan, one.account, one.split) == ("L1", "6222", (100, 200))
        assert two.split is None

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "needs the columns"),
            ("XYBH,money\nA1,1\n", "needs the columns"),
            ("JKHTBH,amount\nL1,1\n", "needs the columns"),
            ("XYBH,amount,划款金额\nA1,1,1\n", "stands twice"),
            ("XYBH,amount\n", "holds no row"),
            ("XYBH,amount\nA1,12.345\n", "line 2: amount is no amount in yuan"),
            ("XYBH,amount\nA1,\n", "line 2: amount is no amount in yuan"),
            ("XYBH,amount\nA1,-1\n", "line 2"),
            ("XYBH,amount\nA1,1,2\n", "line 2: has another number of cells"),
            ("XYBH,amount\nA1,1\nA1,1\n", "line 3: is about the same as line 2"),
            ("XYBH,amount\n,1\n", "line 2: names neither"),
            ("XYBH,amount,main,spouse\nA1,3,1,1\n", "line 2: main and spouse do not add up"),
            ('XYBH,amount\n"A1,1\n', "line"),
        ],
    )
    def test_a_bad_list_says_where(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(BadShadowList) as caught:
            read_shadow_list(written(tmp_path, text))
        assert said in caught.value.message

    def test_many_flaws_are_told_and_counted(self, tmp_path: Path) -> None:
        rows = "".join(f"A{n},x\n" for n in range(15))
        with pytest.raises(BadShadowList, match="and 5 more"):
            read_shadow_list(written(tmp_path, f"XYBH,amount\n{rows}"))

    def test_neither_charset_and_no_file(self, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_bytes(b"XYBH,amount\n\xff\xff,1\n")
        with pytest.raises(BadShadowList, match="neither UTF-8 nor GBK"):
            read_shadow_list(path)
        with pytest.raises(BadShadowList):
            read_shadow_list(tmp_path / "none.csv")

    @given(st.integers(min_value=0, max_value=10**12))
    def test_every_amount_comes_back(self, fen: int) -> None:
        import tempfile  # noqa: PLC0415  hypothesis and tmp_path do not go together

        with tempfile.TemporaryDirectory() as folder:
            path = written(Path(folder), f"XYBH,amount\nA1,{format_yuan(fen)}\n")
            (one,) = read_shadow_list(path)
        assert one.fen == fen


def against(centre: Centre, folder: Path, text: str) -> Comparison:
    """Our plan of October against a list."""
    rows = read_shadow_list(written(folder, text))
    tokens = centre.vault.tokens
    with centre.store.read() as view:
        return compare(
            view, centre.run_id, ("ICBC",), rows, lambda account: tokens.whole("account", account)
        )


@pytest.fixture
def planned(centre: Centre) -> Centre:
    """Same, other amount, other split, nobody's balance, ours alone."""
    centre.add(
        Person("A0"),
        Person("A1", balance=60_001),
        Person("A2", balance=40_001, spouse="S2", spouse_balance=900_000),
        Person("A3", balance=0),
        Person("A4"),
        Person("A5"),
    )
    centre.open()
    centre.planned()
    return centre


def test_each_kind_with_our_reason(planned: Centre, tmp_path: Path) -> None:
    text = (
        "XYBH,JKHTBH,HKZH,amount,main,spouse\n"
        "A0,,,1000.00,,\n"  # the same
        "A1,,,1000.00,,\n"  # ours is partial
        "A2,,,1000.00,0,1000.00\n"  # the spouse pays all there
        "A3,,,1000.00,,\n"  # nothing free by our rules
        ",LA4,6222A4,1000.00,,\n"  # by loan and account
        "A9,,,5.00,,\n"  # no agreement of ours
    )
    done = against(planned, tmp_path, text)
    said = {one.agreement: (one.kind, one.ours, one.theirs, one.reason) for one in done.rows}
    assert said == {
        "A1": (Kind.AMOUNT, 60_000, 100_000, "partial"),
        "A2": (Kind.SPLIT, 100_000, 100_000, ""),
        "A3": (Kind.ONLY_THEIRS, 0, 100_000, "no_balance"),
        "A5": (Kind.ONLY_OURS, 100_000, 0, ""),
        "A9": (Kind.ONLY_THEIRS, 0, 500, "no_agreement"),
    }
    assert dict(done.count) == {
        Kind.SAME: 2, Kind.AMOUNT: 1, Kind.SPLIT: 1, Kind.ONLY_THEIRS: 2, Kind.ONLY_OURS: 1,
    }  # fmt: skip
    # What is compared is the whole of both: nothing falls between the kinds.
    assert sum(done.ours.values()) == 4 * 100_000 + 60_000
    assert sum(done.theirs.values()) == 500_500


def test_another_account_of_the_loan_is_no_match(planned: Centre, tmp_path: Path) -> None:
    done = against(planned, tmp_path, "JKHTBH,HKZH,amount\nLA0,6222A1,1000.00\n")
    assert done.count[Kind.SAME] == 0
    assert done.count[Kind.ONLY_THEIRS] == 1


def test_the_file_holds_every_difference(planned: Centre, tmp_path: Path) -> None:
    done = against(planned, tmp_path, "XYBH,amount\nA1,1000.00\n")
    write_csv(tmp_path / "out.csv", done)
    head, *rows = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert head.startswith("kind,XYBH,YHJC")
    assert "amount,A1,ICBC,LA1,600.00,600.00,0.00,1000.00,,,partial,2" in rows
    assert len(rows) == len(done.rows)


def test_what_came_with_the_list_is_no_formula(tmp_path: Path) -> None:
    done = Comparison()
    done.add(Difference(Kind.ONLY_THEIRS, "=1+1", "ICBC", "@L", theirs=5))
    write_csv(tmp_path / "out.csv", done)
    (row,) = csv.reader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines()[1:])
    assert (row[1], row[3], row[7]) == ("'=1+1", "'@L", "0.05")
