"""The short form of ``python -m tests.ledger_month``: three days, three interfaces."""

from pathlib import Path

from tests.ledger_month.judge import differences, expected
from tests.ledger_month.play import play
from tests.ledger_month.script import write_script

NAMES = ["bank-boc", "bank-icbc", "core-reference"]


def test_the_ledger_is_the_script_to_the_minute(database_url: str, tmp_path: Path) -> None:
    script = write_script(NAMES, days=3, restarts=2, seed=1, every=20)
    found = play(tmp_path / "month", database_url, script, seed=1)
    assert found.differ == {}
    assert found.restarts == 2
    assert sum(found.total.values()) == 3 * 1440 * len(NAMES)
    assert {"normal", "line", "partner", "ours", "no_data", "maintenance"} <= set(found.total)


def test_the_judge_sees_one_minute_that_is_off() -> None:
    script = write_script(NAMES, days=3, restarts=2, seed=1)
    wanted, _ = expected(script, script.parts["bank-boc"])
    off = ["client" if n == 700 else klass for n, klass in enumerate(wanted)]
    assert differences(wanted, off).total() == 1
