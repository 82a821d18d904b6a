"""kill -9 of the core in the middle of bulk commands: each item is posted once, nothing is lost."""

import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.core.corekit import BANK, PERIOD, CoreMock, item, person, write_data

ACCOUNTS = [f"5227000001{n:04d}" for n in range(200)]
BATCHES = 24
SIZE = 100
KILLS = 6


def batch(place: int) -> list[dict[str, Any]]:
    """Items of one bulk command; every third names two payers."""
    items = []
    for n in range(place * SIZE, (place + 1) * SIZE):
        main, spouse = ACCOUNTS[n % 200], ACCOUNTS[(n + 7) % 200]
        payers = [(main, 100 + n % 5), (spouse, 50)] if n % 3 == 0 else [(main, 100 + n % 5)]
        items.append(item(f"{n:020d}", *payers))
    return items


class Caller(threading.Thread):
    """Says hold, then post, for each batch until it was answered, through every death."""

    def __init__(self, mock: CoreMock, batches: list[int]) -> None:
        super().__init__(daemon=True)
        self._mock, self._batches = mock, batches
        self.unanswered = 0

    def run(self) -> None:
        for place in self._batches:
            for command in ("hold", "post"):
                self._until_answered(command, batch(place))

    def _until_answered(self, command: str, items: list[dict[str, Any]]) -> None:
        while True:
            try:
                with self._mock.client() as client:
                    answers = client.command(command, *items)
            except httpx.TransportError:
                self.unanswered += 1
                time.sleep(0.02)
                continue
            assert {code for code, _ in answers} == {"0000"}
            return


def test_killed_again_and_again(tmp_path: Path) -> None:
    people = [person(one, "甲", "01", "100000.00") for one in ACCOUNTS]
    mock = CoreMock(tmp_path / "state", write_data(tmp_path / "data", people)).start()
    callers = [Caller(mock, list(range(n, BATCHES, 2))) for n in range(2)]
    dice = random.Random(20251010)
    for one in callers:
        one.start()
    kills = 0
    while any(one.is_alive() for one in callers) and kills < KILLS:
        time.sleep(dice.uniform(0.02, 0.25))
        mock.kill()
        kills += 1
        mock.start()
    for one in callers:
        one.join(60)
        assert not one.is_alive()
    try:
        assert kills >= 3
        assert sum(one.unanswered for one in callers) > 0
        _books_are_right(mock)
    finally:
        mock.stop()


def _books_are_right(mock: CoreMock) -> None:
    ordered = [one for place in range(BATCHES) for one in batch(place)]
    wanted = Counter(
        (one["MXBH"], payer["GRZH"], str(payer["FSEFEN"]), "01")
        for one in ordered
        for payer in one["FKR"]
    )
    with mock.client() as client:
        booked = client.csv("postings")
        found = Counter(
            (row["number"], row["GRZH"], row["amount_fen"], row["CZBZ"]) for row in booked
        )
        assert found == wanted
        assert client.csv("holds") == []
        assert client.ask("holds/query", QCNY=PERIOD, YHJC=BANK, YB=None)["ZY"] == []
        given: Counter[str] = Counter()
        for one in ordered:
            for payer in one["FKR"]:
                given[payer["GRZH"]] += payer["FSEFEN"]
        reply = client.ask("accounts/query", GRZH=ACCOUNTS)
        for row in reply["ZH"]:
            assert row["GRZHYEFEN"] == 10_000_000 - given[row["GRZH"]]
            assert row["ZYJEFEN"] == 0


def test_other_data_on_loaded_books_is_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    mock = CoreMock(tmp_path / "state", data).start()
    mock.stop()
    write_data(data, [person("52270000000001", "甲", "01", "1.00")])
    with pytest.raises(RuntimeError, match="did not start"):
        mock.start()


@pytest.mark.parametrize(
    "line",
    [
        person("52270000000001", "甲", "01", "1.005"),
        person("52270000000001", "甲", "01", "-1.00"),
        person("52270000000001", "甲", "01", "1e3"),
        "52270000000001,522700000001",
        "\n".join([person("52270000000001", "甲", "01", "1.00")] * 2),
    ],
)
def test_bad_data_is_refused_and_leaves_nothing(tmp_path: Path, line: str) -> None:
    data = write_data(tmp_path / "data", [person("52270000000002", "乙", "01", "1.00"), line])
    mock = CoreMock(tmp_path / "state", data)
    with pytest.raises(RuntimeError, match="did not start"):
        mock.start()
    write_data(data)
    mock.start()
    with mock.client() as client:
        assert client.money("52270000000002") == (50_000, 0)
    mock.stop()


def test_a_reset_onto_broken_data_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    mock = CoreMock(tmp_path / "state", data).start()
    with mock.client() as client:
        client.command("hold", item("20251000000000000011", ("52270000000001", 5)))
        write_data(data, ["broken"])
        assert client.control("POST", "/reset").status_code == 409
        assert client.money("52270000000001") == (1_000_000, 5)
    mock.stop()
