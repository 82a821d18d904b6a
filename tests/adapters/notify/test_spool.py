"""adapters.notify.spool: the port of telling people, over a real folder."""

import json
import stat
import threading
from pathlib import Path

import pytest

from adapters.notify.spool.adapter import Spool, write
from hub.contracts import load_contract
from hub.kernel.errors import BadInput
from hub.ports.line import LineNotSent
from hub.ports.notify import NotifyStatus, NotifyText, NotifyWay, sms_parts
from hub.wire import NoRecorder
from hub.wire.partner import PartnerWire

SPEC = Path(__file__).parents[3] / "contracts_spec" / "notify" / "spool"
CONTRACT = load_contract(SPEC)
LONG = NotifyText(
    "202510-0123456789abcdef01234567", NotifyWay.SMS, "10000000001",
    "【住房公积金】欧*您好：10月商贷月对冲余额不足，本期不划款。应还2284.14元，"
    "请于10月20日前自行存入尾号1238的还款账户，以免逾期。详询12329。",
)  # fmt: skip
SHORT = NotifyText(
    "202510-89abcdef0123456701234567", NotifyWay.SMS, "10000000002",
    "【住房公积金】𬭩*您好：10月商贷已划款100.00元。详询12329。",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "texts"


def tell(folder: Path, *texts: NotifyText) -> list[NotifyStatus]:
    with PartnerWire({"spool": folder.as_uri()}) as wire:
        found = Spool(CONTRACT).tell(wire.open_line(NoRecorder()), texts)
    assert [one.number for one in found] == [one.number for one in texts]
    return [one.status for one in found]


@pytest.mark.parametrize(
    ("name", "text"), [("TEXT.request.json", LONG), ("TEXT.short.request.json", SHORT)]
)
def test_a_text_is_its_golden_sample(folder: Path, name: str, text: NotifyText) -> None:
    sample = (SPEC / "samples" / name).read_bytes()
    assert CONTRACT.validate_json("TEXT.request", json.loads(sample)) == []
    assert tell(folder, text) == [NotifyStatus.TAKEN]
    assert (folder / "202510" / f"{text.number}.json").read_bytes() == sample


def test_only_the_owner_may_read_and_nothing_else_is_left(folder: Path) -> None:
    tell(folder, LONG, SHORT)
    there = sorted(one for one in folder.rglob("*") if one.is_file())
    assert [one.name for one in there] == [f"{LONG.number}.json", f"{SHORT.number}.json"]
    assert {stat.S_IMODE(one.stat().st_mode) for one in there} == {0o600}
    assert stat.S_IMODE(there[0].parent.stat().st_mode) == 0o700


def test_the_same_number_is_told_once_whatever_it_says(folder: Path) -> None:
    assert tell(folder, LONG) == [NotifyStatus.TAKEN]
    kept = (folder / "202510" / f"{LONG.number}.json").read_bytes()
    other = NotifyText(LONG.number, LONG.way, LONG.to, "别的话")
    assert tell(folder, LONG, other) == [NotifyStatus.ALREADY, NotifyStatus.ALREADY]
    assert (folder / "202510" / f"{LONG.number}.json").read_bytes() == kept


def test_a_program_may_leave_an_empty_file_for_one_it_took(folder: Path) -> None:
    tell(folder, LONG)
    (folder / "202510" / f"{LONG.number}.json").write_bytes(b"")
    assert tell(folder, LONG) == [NotifyStatus.ALREADY]


def test_two_at_once_make_one_file(folder: Path) -> None:
    found: list[NotifyStatus] = []
    threads = [threading.Thread(target=lambda: found.extend(tell(folder, LONG))) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == [NotifyStatus.ALREADY] * 5 + [NotifyStatus.TAKEN]
    assert len([one for one in folder.rglob("*") if one.is_file()]) == 1


def test_what_cannot_be_written_was_surely_not_sent(folder: Path) -> None:
    folder.write_text("in the way", encoding="utf-8")
    with pytest.raises(LineNotSent) as told:
        tell(folder, LONG)
    assert str(folder) not in told.value.message


@pytest.mark.parametrize(
    "bad",
    [
        NotifyText("202510-../../x", NotifyWay.SMS, "10000000001", "x"),
        NotifyText(LONG.number, NotifyWay.SMS, "12329", "x"),
        NotifyText(LONG.number, NotifyWay.SMS, "10000000001", ""),
        NotifyText(LONG.number, NotifyWay.SMS, "10000000001", "长" * 336),
    ],
)
def test_what_is_off_the_contract_is_not_written(folder: Path, bad: NotifyText) -> None:
    with pytest.raises(BadInput):
        tell(folder, bad)
    assert not folder.exists()


def test_a_probe_sees_a_folder_that_can_be_written(folder: Path) -> None:
    with PartnerWire({"spool": folder.as_uri()}) as wire:
        found = Spool(CONTRACT).probe(wire.open_line(NoRecorder()))
    assert (found.reachable, found.usable) == (True, True)
    assert list(folder.iterdir()) == []


def test_a_probe_sees_one_that_cannot(folder: Path) -> None:
    folder.write_text("in the way", encoding="utf-8")
    with PartnerWire({"spool": folder.as_uri()}) as wire:
        found = Spool(CONTRACT).probe(wire.open_line(NoRecorder()))
    assert (found.reachable, found.usable) == (False, False)


@pytest.mark.parametrize(("units", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_short_messages_are_counted_as_networks_do(units: int, parts: int) -> None:
    assert sms_parts("字" * units) == parts


def test_a_character_of_two_units_counts_twice() -> None:
    assert sms_parts("𬭩" * 35) == 1
    assert sms_parts("𬭩" * 36) == 2
    assert json.loads(write(SHORT))["TS"] == 1
