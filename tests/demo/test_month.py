"""The month of the project's data for 工商银行, judged by the expected outcomes."""

from pathlib import Path

from tests.demo.kit import demo, outcomes, totals, unbalanced


def test_icbc_alone(month_data: Path, tmp_path: Path) -> None:
    done = demo(tmp_path, "--banks", "ICBC", "--data", str(month_data), "--month", "2025-10")
    assert done.code == 0, done.said
    wanted = outcomes(month_data, "expected-outcomes-icbc.csv")
    assert [{name: row[name] for name in wanted[0]} for row in outcomes(tmp_path)] == wanted
    said, expected = totals(tmp_path), totals(month_data, "expected-totals-icbc.json")
    ours = {**said["banks"], "total": said["total"]}
    both = [(bank, name) for bank, all_of in expected.items() for name in all_of
            if name in ours[bank]]  # fmt: skip
    assert len(both) > 20
    differing = [at for at in both if ours[at[0]][at[1]] != expected[at[0]][at[1]]]
    assert not differing
    assert (said["closed"], unbalanced(said)) == (True, [])
