"""Files in and out: agreements, policies, outcomes."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.kernel.money import Fen
from hub.offset.agreements import BadAgreementFile, import_agreements, open_accounts
from hub.offset.export import export_run
from hub.offset.policy import BadPolicy, keep_policy, kept_policy, read_policy
from hub.offset.tables import agreement
from tests.offset.kit import HEADER, Centre, Person

GOOD = "DC1,ICBC,L1,6222,52A,52B,20240229,1,\n"


def first_code(centre: Centre, row: str) -> list[tuple[int, str]]:
    return [(one.line, one.code) for one in centre.agreements(HEADER + GOOD + row).refused]


class TestAgreements:
    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ("DC2,ICBC,L1,6222,52A,,2024-01-01,1,\n", "agreements.bad_date"),
            ("DC2,ICBC,L1,6222,52A,,20240230,1,\n", "agreements.bad_date"),
            ("DC2,ICBC,L1,6222,52A,,２０２４０１０１,1,\n", "agreements.bad_date"),
            ("DC2,ICBC,L1,6222,52A,,20240101,2,x\n", "agreements.bad_date"),
            ("DC2,ICBC,L1,6222,52A,,20240101,9,\n", "agreements.unknown_state"),
            ("DC2,ICBC,L1,6222,52A,,20240101,,\n", "agreements.unknown_state"),
            ("DC1,ICBC,L2,6222,52A,,20240101,1,\n", "agreements.number_twice"),
            (",ICBC,L1,6222,52A,,20240101,1,\n", "agreements.empty_field"),
            ("DC2,ICBC,L1,,52A,,20240101,1,\n", "agreements.empty_field"),
            ("DC2,ICBC\n", "agreements.empty_field"),
            (f"DC2,ICBC,{'L' * 31},6222,52A,,20240101,1,\n", "agreements.too_long"),
        ],
    )
    def test_a_row_that_cannot_be_used(self, quick: Centre, row: str, code: str) -> None:
        assert first_code(quick, row) == [(3, code)]
        assert [one.number for one in quick.rows(agreement)] == ["DC1"]

    def test_a_number_that_stands_again_far_below_is_refused_too(self, quick: Centre) -> None:
        between = "".join(f"DC{n},ICBC,L{n},6222,52A,,20240101,1,\n" for n in range(2, 4100))
        again = "DC1,ICBC,L1,6222,52A,52B,20240229,1,\n" + "DC7,ICBC,L9,6222,52A,,20240101,1,\n"
        report = quick.agreements(HEADER + GOOD + between + again)
        assert [(one.line, one.code) for one in report.refused] == [
            (4101, "agreements.number_twice"), (4102, "agreements.number_twice"),
        ]  # fmt: skip
        assert report.added == 4099
        assert report.unchanged == 0

    def test_a_column_is_missing(self, quick: Centre) -> None:
        with pytest.raises(BadAgreementFile, match="QYRQ"):
            quick.agreements(HEADER.replace("QYRQ,", "") + GOOD)
        assert quick.rows(agreement) == []

    def test_no_header_no_file(self, quick: Centre, tmp_path: Path) -> None:
        with pytest.raises(BadAgreementFile):
            quick.agreements("")
        with pytest.raises(BadAgreementFile):
            import_agreements(
                quick.store, quick.vault, tmp_path / "none.csv", actor="t", month="2025-10"
            )

    def test_a_byte_order_mark_is_no_part_of_the_header(self, quick: Centre) -> None:
        assert quick.agreements("\ufeff" + HEADER + GOOD).added == 1

    def test_a_gb18030_file_is_refused_whole(self, quick: Centre, tmp_path: Path) -> None:
        path = tmp_path / "gb.csv"
        path.write_bytes((HEADER + GOOD.replace("L1", "合同一")).encode("gb18030"))
        with pytest.raises(BadAgreementFile) as refused:
            import_agreements(quick.store, quick.vault, path, actor="t", month="2025-10")
        assert "UTF-8" in refused.value.hint
        assert quick.rows(agreement) == []

    def test_again_it_changes_nothing(self, quick: Centre) -> None:
        assert quick.agreements(HEADER + GOOD).added == 1
        before = quick.rows(agreement)
        report = quick.agreements(HEADER + GOOD)
        assert (report.added, report.unchanged, report.refused) == (0, 1, [])
        assert quick.rows(agreement) == before

    @pytest.mark.parametrize(
        ("was", "now"), [("6222", "6223"), ("52A", "52C"), ("52B", ""), ("L1", "L2"),
                         ("ICBC", "CCB"), ("20240229", "20240228")],
    )  # fmt: skip
    def test_a_known_number_with_other_values(self, quick: Centre, was: str, now: str) -> None:
        quick.agreements(HEADER + GOOD)
        before = quick.rows(agreement)
        (refused,) = quick.agreements(HEADER + GOOD.replace(was, now)).refused
        assert refused.code == "agreements.differs"
        assert quick.rows(agreement) == before

    def test_accounts_stand_nowhere_in_clear(self, quick: Centre) -> None:
        quick.agreements(HEADER + "DC1,ICBC,L1,6222083230853674213,52270000000001,,20240229,1,\n")
        (one,) = quick.rows(agreement)
        plain = b"6222083230853674213"
        assert all(plain not in str(value).encode() for value in one)
        assert plain not in one.sealed
        with quick.store.read() as view:
            accounts = open_accounts(view, quick.vault, one.key_id, one.sealed)
        assert (accounts.repayment, accounts.payers) == (plain.decode(), ("52270000000001",))


class TestPolicy:
    def write(self, folder: Path, text: str) -> Path:
        path = folder / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_the_default_and_a_banks_own(self, tmp_path: Path) -> None:
        text = 'default: {retain: "1.50", cap: "10"}\nbanks: {CCB: {partial: false, cap: null}}\n'
        found = read_policy(self.write(tmp_path, text))
        icbc, ccb = found.terms("ICBC"), found.terms("CCB")
        assert (icbc.retain, icbc.partial, icbc.cap) == (Fen(150), True, Fen(1000))
        assert (ccb.retain, ccb.partial, ccb.cap) == (Fen(150), False, None)
        assert ccb.usable_states == {"01", "02"}

    def test_json_says_the_same(self, tmp_path: Path) -> None:
        as_json = self.write(tmp_path, json.dumps({"default": {"retain": "0.01"}}))
        assert read_policy(as_json).digest == read_policy(None).digest

    @pytest.mark.parametrize(
        "text",
        [
            "default: {retain: 0.01}", "default: {retain: '-1'}", "default: {cap: '0'}",
            "default: {cap: x}", "default: {retian: '1'}", "bank: {}", "- 1", "default: [",
            "default: {retain: '0.001'}", "default: {order: [spouse, main]}",
            "default: {partial: null}", "banks: {CCB: {cap: '1e3'}}", "default: {retain: true}",
            "default: {partial: maybe}",
        ],
    )  # fmt: skip
    def test_a_bad_one_is_refused(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(BadPolicy):
            read_policy(self.write(tmp_path, text))

    def test_a_run_keeps_its_version(self, centre: Centre) -> None:
        with centre.store.write() as tx:
            one = keep_policy(tx, read_policy(None), 1)
            assert keep_policy(tx, read_policy(None), 2) == one
            assert kept_policy(tx, one) == read_policy(None)


class TestExport:
    def test_before_anything_is_planned_every_agreement_reads_unknown(
        self, quick: Centre, tmp_path: Path
    ) -> None:
        quick.add(Person("A0"), Person("B0", bank="CCB"))
        quick.open()
        export_run(quick.store, quick.run_id, tmp_path)
        assert (tmp_path / "outcomes.csv").read_text().splitlines()[1:] == [
            "A0,ICBC,UNKNOWN,,0.00,0.00,0.00"
        ]
        said = json.loads((tmp_path / "totals.json").read_text())
        assert said["equations"][0]["remainder"] == {"count": 1, "fen": 0}
        assert said["closed"] is False

    def test_its_bytes(self, centre: Centre, tmp_path: Path) -> None:
        centre.add(Person("A0"), Person("A1", balance=1), Person("A2"))
        centre.icbc.minds = {"LA2": "refuse"}
        centre.finish()
        centre.agreements(HEADER + "Z9,ICBC,L9,6222,52A,,20240101,1,\n")  # too late for October
        export_run(centre.store, centre.run_id, tmp_path)
        assert (tmp_path / "outcomes.csv").read_bytes() == (
            b"XYBH,YHJC,outcome,reason,amount,main,spouse\n"
            b"A0,ICBC,SUCCEEDED,,1000.00,1000.00,0.00\n"
            b"A1,ICBC,SKIPPED,no_balance,0.00,0.00,0.00\n"
            b"A2,ICBC,FAILED,account_closed,1000.00,1000.00,0.00\n"
        )
        said = json.loads((tmp_path / "totals.json").read_bytes())
        assert said["closed"] is True
        assert said["banks"]["ICBC"]["short"] == {"count": 1, "fen": 100_000} or said["banks"][
            "ICBC"
        ]["skipped"] == {"count": 1, "fen": 100_000}
        assert not list(tmp_path.glob("*.new"))

    def test_nothing_personal_in_the_tables(self, quick: Centre) -> None:
        quick.add(Person("A0"))
        quick.finish()
        with quick.store.read() as view:
            for name in sa.inspect(view).get_table_names():
                for row in view.execute(sa.text(f"SELECT * FROM {name}")):
                    said = " ".join(
                        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                        for value in row
                    )
                    assert not {p for p in ("52A0", "6222A0", "名52A0") if p in said}, name
