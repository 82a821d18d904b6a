"""The processes: guard, ports, restarts, kill -9, several partners, the clock file."""

import json
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.mocks.conftest import book_rows, loan_row, order, write_loans
from tests.mocks.icbc_client import Client, credits_of
from tests.mocks.running import ROOT, Mock, start, wait_for

BATCH = "25100000000000000001"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_loans(tmp_path / "data", book_rows())


def run(words: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mocks", *words], cwd=ROOT, env=environment or None,
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


class TestGuard:
    @pytest.mark.parametrize("word", ["生产", "production", "prod", "PROD", ""])
    def test_never_in_production(self, tmp_path: Path, data: Path, word: str) -> None:
        words = ["serve", "--partner", "bank-icbc", "--state", str(tmp_path / "s")]
        done = run([*words, "--data", str(data), "--environment", word])
        assert done.returncode == 2
        assert "拒绝启动" in done.stderr
        assert not (tmp_path / "s").exists()

    def test_never_on_a_machine_marked_as_production(self, tmp_path: Path, data: Path) -> None:
        words = ["serve", "--partner", "bank-icbc", "--state", str(tmp_path / "s")]
        done = run([*words, "--data", str(data)], HUB_ENVIRONMENT="production")
        assert done.returncode == 2

    def test_a_state_belongs_to_one_environment(self, tmp_path: Path, data: Path) -> None:
        mock = Mock("bank-icbc", tmp_path / "s", data)
        mock.start()
        mock.stop()
        words = ["serve", "--partner", "bank-icbc", "--state", str(tmp_path / "s")]
        done = run([*words, "--environment", "demo"])
        assert (done.returncode, "测试" in done.stderr) == (2, True)

    def test_bad_data_and_unknown_partners(self, tmp_path: Path, data: Path) -> None:
        words = ["serve", "--state", str(tmp_path / "s"), "--partner"]
        assert run([*words, "bank-nobody"]).returncode == 2
        assert run([*words, "bank-icbc"]).returncode == 2  # no data
        (data / "loans.csv").write_text("YHJC,JKHTBH\nICBC,1\n", encoding="utf-8")
        done = run([*words, "bank-icbc", "--data", str(data)])
        assert (done.returncode, "缺少列" in done.stderr) == (2, True)

    def test_other_data_on_an_old_state_is_refused(self, tmp_path: Path, data: Path) -> None:
        mock = Mock("bank-icbc", tmp_path / "s", data)
        mock.start()
        mock.stop()
        write_loans(data, [loan_row(1)])
        words = ["serve", "--partner", "bank-icbc", "--state", str(tmp_path / "s")]
        done = run([*words, "--environment", "test", "--data", str(data)])
        assert (done.returncode, "别的 loans.csv" in done.stderr) == (2, True)


class TestProcess:
    def test_the_same_ports_again_and_others_when_taken(self, tmp_path: Path, data: Path) -> None:
        mock = Mock("bank-icbc", tmp_path / "s", data)
        mock.start()
        before = dict(mock.urls)
        assert mock.stop() == 0
        mock.start()
        after = dict(mock.urls)
        assert mock.stop() == 0
        assert {k: v for k, v in after.items() if k != "pid"} == {
            k: v for k, v in before.items() if k != "pid"
        }
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", httpx.URL(before["api"]).port or 0))
            taken.listen()
            mock.start()
            assert mock.urls["api"] != before["api"]
            assert mock.urls["sign"] == before["sign"]
            assert mock.stop() == 0

    def test_only_the_loopback_listens(self, tmp_path: Path, data: Path) -> None:
        mock = Mock("bank-icbc", tmp_path / "s", data)
        mock.start()
        assert {httpx.URL(mock.urls[n]).host for n in ("api", "sign", "control")} == {"127.0.0.1"}
        mock.stop()

    def test_a_family_dies_with_its_parent_and_one_dies_alone(
        self, tmp_path: Path, data: Path
    ) -> None:
        # the bank twice over, under another name: a folder is all a partner needs
        copy = ROOT / "mocks" / "banks" / "icbc" / "manifest.yaml"
        twin = tmp_path / "mocks_copy"
        shutil.copytree(ROOT / "mocks", twin / "mocks", ignore=shutil.ignore_patterns("core"))
        shutil.copytree(ROOT / "contracts_spec", twin / "contracts_spec")
        folder = twin / "mocks" / "banks" / "twin"
        folder.mkdir()
        manifest = copy.read_text(encoding="utf-8").replace("bank-icbc", "bank-twin")
        (folder / "manifest.yaml").write_text(
            manifest.replace("scenarios: scenarios.yaml", ""), encoding="utf-8"
        )
        ports = tmp_path / "ports.json"
        command = [sys.executable, "-m", "mocks", "serve", "--partner", "bank-icbc"]
        command += ["--partner", "bank-twin", "--state", str(tmp_path / "s"), "--data", str(data)]
        command += ["--ports-file", str(ports), "--exit-with-parent"]
        with subprocess.Popen(
            command, cwd=twin, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as parent:
            found = wait_for(ports, parent)
            assert set(found) == {"bank-icbc", "bank-twin"}
            one, other = (Mock(n, tmp_path / "s", data, urls=found[n]) for n in found)
            assert len({one.urls["pid"], other.urls["pid"], parent.pid}) == 3
            one.control("POST", "/clock", {"now": "2025-10-14T09:30:00"})
            assert other.control("GET", "/clock")["now"].startswith("2025-10-14T09:30")
            subprocess.run(["kill", "-9", str(one.urls["pid"])], check=True)
            assert other.control("GET", "/health")["ok"] is True
            parent.kill()  # not even told: its pipes close
            assert parent.wait(10) == -9
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    other.control("GET", "/health")
                except httpx.TransportError:
                    return
                time.sleep(0.05)
            pytest.fail("a child outlived its parent")

    def test_the_clock_file_is_the_one_the_hub_reads(self, tmp_path: Path, data: Path) -> None:
        clock = tmp_path / "clock.json"
        clock.write_text(json.dumps({"offset_seconds": -86400 * 30}), encoding="utf-8")
        ports = tmp_path / "ports.json"
        words = ["--partner", "bank-icbc", "--data", str(data), "--clock", str(clock)]
        process = start(words, tmp_path / "s", ports)
        mock = Mock("bank-icbc", tmp_path / "s", data, process, {})
        mock.urls = wait_for(ports, process)["bank-icbc"]
        assert mock.control("GET", "/clock")["offset_seconds"] == -86400 * 30
        mock.clock("2025-10-14T09:30:00")
        assert json.loads(clock.read_text(encoding="utf-8"))["offset_seconds"] != -86400 * 30
        assert mock.stop() == 0


class TestKilled:
    def test_credits_survive_and_nothing_is_credited_twice(
        self, tmp_path: Path, data: Path
    ) -> None:
        """Batches are sent and resent while the bank is killed at random moments."""
        mock = Mock("bank-icbc", tmp_path / "s", data)
        mock.start()
        mock.clock("2025-10-14T09:30:00")
        batches = {
            f"2510000000000000{n:04d}": [order(10 + k, 100 + k, tries=n) for k in range(50)]
            for n in range(12)
        }
        draw = random.Random(7)
        acknowledged: set[str] = set()
        kills = 0
        client = Client(mock)
        for batch, orders in batches.items():
            while batch not in acknowledged:
                killer = None
                if kills < 8:
                    killer = threading.Timer(draw.uniform(0, 0.02), mock.process.kill)  # type: ignore[union-attr]
                    killer.start()
                try:
                    reply = client.pay(orders, batch)
                    assert {row["Result"] for row in reply.rows} == {"7"}
                    acknowledged.add(batch)
                except httpx.TransportError:
                    pass
                if killer is not None:
                    killer.join()
                    kills += 1
                    client.close()
                    mock.kill()
                    mock.start()
                    client = Client(mock)
                    # a credit that was acknowledged is there after every kill
                    held = {row["batch"] for row in credits_of(mock)}
                    assert acknowledged <= held
        booked = credits_of(mock)
        expected = {one["iSeqno"]: one["PayAmt"] for rows in batches.values() for one in rows}
        assert len(booked) == len(expected) == 600
        assert {row["number"]: row["amount_fen"] for row in booked} == expected
        spent = 5_000_000_000_000 - mock.control("GET", "/balance")["fen"]
        assert spent == sum(int(fen) for fen in expected.values())
        assert kills == 8
        client.close()
        assert mock.stop() == 0

    def test_rules_and_what_is_parked_survive_too(self, tmp_path: Path, data: Path) -> None:
        mock = Mock("bank-icbc", tmp_path / "s", data)
        mock.start()
        mock.clock("2025-10-14T09:30:00")
        client = Client(mock)
        match = {"code": "PAYENT", "first": 1}
        mock.control("POST", "/faults", {"fault": "book_after_not_found", "match": match})
        with pytest.raises(httpx.ReadError):
            client.pay([order(10)], BATCH)
        mock.kill()
        mock.start()
        client.close()
        client = Client(mock)
        assert [r["seen"] for r in mock.control("GET", "/faults")["rules"]] == [1]
        assert credits_of(mock) == []
        assert client.by_batch(BATCH).code == "B0115"
        mock.kill()
        mock.start()
        client.close()
        client = Client(mock)
        assert [row["number"] for row in credits_of(mock)] == [order(10)["iSeqno"]]
        codes = [e["code"] for e in mock.control("GET", "/journal?endpoint=api")["entries"]]
        assert codes == ["PAYENT", "QPAYENT"]
        client.close()
        assert mock.stop() == 0
