"""``hub demo --once`` over the sample: both databases, again, and what is refused."""

import json
import subprocess
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tests.conftest import postgres_schema
from tests.demo.kit import command, demo, environment, hub, outcomes, totals, unbalanced


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of the sample, closed; of this worker alone, for tests take files away."""
    out = tmp_path_factory.mktemp("sample")
    done = demo(out, "--banks", "ICBC")
    assert done.code == 0, done.said
    return out


def test_it_closes_in_balance(closed: Path) -> None:
    said = totals(closed)
    assert (said["month"], said["closed"], unbalanced(said)) == ("2025-10", True, [])
    assert said["total"]["unknown"] == {"count": 0, "fen": 0}
    assert {row["outcome"] for row in outcomes(closed)} == {
        "SUCCEEDED", "FAILED", "SKIPPED", "EXCEPTION",
    }  # fmt: skip
    assert len(outcomes(closed)) == said["total"]["agreements"]["count"]


def test_postgresql_writes_the_same_bytes(closed: Path, tmp_path: Path) -> None:
    for url in postgres_schema():
        done = demo(tmp_path / "out", "--banks", "ICBC", database_url=url)
        assert done.code == 0, done.said
        for name in ("outcomes.csv", "totals.json"):
            assert (tmp_path / "out" / name).read_bytes() == (closed / name).read_bytes()
        assert not (tmp_path / "out" / "hub" / "hub.sqlite").exists()


def test_again_it_writes_the_same(closed: Path) -> None:
    before = {name: (closed / name).read_bytes() for name in ("outcomes.csv", "totals.json")}
    for name in before:
        (closed / name).unlink()
    done = demo(closed, "--banks", "ICBC")
    assert done.code == 0, done.said
    assert {name: (closed / name).read_bytes() for name in before} == before


def test_the_month_on_paper(closed: Path, tmp_path: Path) -> None:
    home = ("--home", str(closed / "hub"))
    for _ in range(2):
        written = hub("close", "month", "--month", "2025-10", "--out", str(tmp_path), *home)
        assert written.code == 0, written.said
    report = CalamineWorkbook.from_path(tmp_path / "月报-2025-10.xlsx")
    whole = report.get_sheet_by_name("分行汇总").to_python()[-1]
    assert (whole[0], whole[1]) == ("合计", totals(closed)["total"]["agreements"]["count"])
    balance = CalamineWorkbook.from_path(tmp_path / "余额调节表-2025-10.xlsx")
    rows = balance.get_sheet_by_name("工商银行").to_python()
    assert [row[1] for row in rows if row[0] == "差额"] == [0]


def test_a_day_the_bank_has_not_closed_is_not_closed(closed: Path) -> None:
    words = ("--day", "2025-10-09", "--home", str(closed / "hub"), "--json")
    looked = hub("close", "day", "--check", *words)
    assert looked.code == 1, looked.said
    (bank,) = json.loads(looked.said)["banks"]
    whole = totals(closed)["total"]
    assert [bank[name] for name in ("credited", "posted")] == [whole["credited"], whole["posted"]]
    assert [each["code"] for each in bank["obstacles"]] == ["day_open"]
    token = ("--token-file", str(closed / "hub" / "people" / "demo-handler.token"))
    refused = hub("close", "day", *words, *token)
    assert (refused.code, json.loads(refused.said)["closed"]) == (1, False)
    assert "offset.day_ahead" in hub("close", "day", "--day", "2099-01-01", *words[2:], *token).said


class TestRefused:
    @pytest.mark.parametrize("words", [("--month", "2025-11"), ("--banks", "")])
    def test_another_month_or_other_banks(self, closed: Path, words: tuple[str, str]) -> None:
        banks = () if "--banks" in words else ("--banks", "ICBC")
        self._refused(closed, *banks, *words)

    def test_another_policy(self, closed: Path, tmp_path: Path) -> None:
        policy = tmp_path / "policy.yaml"
        policy.write_text('default: {retain: "0.02"}\n', encoding="utf-8")
        self._refused(closed, "--banks", "ICBC", "--policy", str(policy))

    def test_other_data(self, closed: Path, month_data: Path) -> None:
        self._refused(closed, "--banks", "ICBC", "--data", str(month_data))

    def _refused(self, out: Path, *words: str) -> None:
        before = (out / "outcomes.csv").read_bytes()
        done = demo(out, *words)
        assert done.code == 2, done.said
        assert "demo.other" in done.said
        assert (out / "outcomes.csv").read_bytes() == before

    def test_a_policy_that_cannot_be_read(self, tmp_path: Path) -> None:
        policy = tmp_path / "policy.yaml"
        policy.write_text("default: {retain: 0.01}\n", encoding="utf-8")
        done = demo(tmp_path / "out", "--policy", str(policy))
        assert done.code == 2, done.said
        assert "policy.bad" in done.said

    def test_data_that_lacks_a_file(self, tmp_path: Path) -> None:
        done = demo(tmp_path / "out", "--data", str(tmp_path))
        assert done.code == 2, done.said
        assert "demo.no_data" in done.said

    def test_a_bank_without_adapter(self, tmp_path: Path) -> None:
        assert demo(tmp_path / "out", "--banks", "XYZ").code == 2

    def test_a_second_one_in_the_same_folder(self, closed: Path) -> None:
        words = command("demo", "--out", str(closed), "--port", "0", "--banks", "ICBC")
        with subprocess.Popen(
            words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as first:
            try:
                assert first.stdout is not None
                for line in first.stdout:  # until it holds the folder
                    if "run board" in line:
                        break
                second = ("demo", "--once", "--out", str(closed), "--port", "0", "--banks", "ICBC")
                done = hub(*second)
                assert done.code == 2, done.said
                assert "demo.busy" in done.said
            finally:
                first.terminate()
                first.communicate(timeout=60)
