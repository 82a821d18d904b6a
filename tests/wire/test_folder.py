"""Files into a folder of this machine: whole or not at all, and never over another."""

from pathlib import Path

import pytest

from hub.kernel.errors import BadInput, Misconfigured
from hub.ports.line import FileConflict, FileMissing
from hub.wire.partner import PartnerWire
from hub.wire.recorder import CallOutcome, CallRecord


class Ear:
    def __init__(self) -> None:
        self.calls: list[CallRecord] = []

    def before(self, step: str, *, effect: bool, timeout_s: float) -> None:
        pass

    def after(self, record: CallRecord) -> None:
        self.calls.append(record)


def wire(folder: Path) -> PartnerWire:
    return PartnerWire({"spool": folder.as_uri()})


def test_a_file_goes_round(tmp_path: Path) -> None:
    ear = Ear()
    line = wire(tmp_path).open_line(ear)
    put = line.put_file(
        "put", endpoint="spool", folder="a", name="x.json", content=b"1", effect=True
    )
    assert (put.already, put.seen, put.size) == (False, True, 1)
    assert [one.name for one in line.list_files("list", endpoint="spool", folder="a")] == ["x.json"]
    assert line.get_file("get", endpoint="spool", folder="a", name="x.json") == b"1"
    line.move_file("move", endpoint="spool", folder="a", name="x.json", to="b", effect=True)
    assert (tmp_path / "b" / "x.json").read_bytes() == b"1"
    assert not (tmp_path / "a" / "x.json").exists()
    assert [one.outcome for one in ear.calls] == [CallOutcome.ANSWERED] * 4
    assert ear.calls[0].target == "PUT spool/a/x.json"
    assert ear.calls[0].request == b"1"


def test_another_file_of_the_name_stays(tmp_path: Path) -> None:
    line = wire(tmp_path).open_line(Ear())
    line.put_file("put", endpoint="spool", folder="", name="x", content=b"1")
    with pytest.raises(FileConflict):
        line.put_file("put", endpoint="spool", folder="", name="x", content=b"2")
    line.put_file("put", endpoint="spool", folder="b", name="x", content=b"2")
    with pytest.raises(FileConflict):
        line.move_file("move", endpoint="spool", folder="", name="x", to="b")
    assert (tmp_path / "x").read_bytes() == b"1"
    assert (tmp_path / "b" / "x").read_bytes() == b"2"


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    line = wire(tmp_path).open_line(Ear())
    with pytest.raises(FileMissing):
        line.get_file("get", endpoint="spool", folder="", name="x")
    with pytest.raises(FileMissing):
        line.move_file("move", endpoint="spool", folder="", name="x", to="b")


@pytest.mark.parametrize("name", ["../x", ".x", "", "a/b", "x\n", "名"])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    line = wire(tmp_path).open_line(Ear())
    with pytest.raises(BadInput):
        line.put_file("put", endpoint="spool", folder="", name=name, content=b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["file://host/x", "file:///", "file:///a/../b", "file:///a?b", "folder:///a"]
)
def test_an_address_is_an_absolute_folder(url: str) -> None:
    with pytest.raises(Misconfigured):
        PartnerWire({"spool": url})
