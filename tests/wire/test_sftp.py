"""Files over SFTP against a real server that misbehaves: what is certain, what is recorded."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crypto import sm3_hex
from hub.kernel.errors import HubError, Misconfigured
from hub.kernel.secret import Secret
from hub.ports.line import (
    FileConflict,
    FileGrowing,
    FileMissing,
    FilePut,
    FileRefused,
    FileTooLong,
    HostKeyRefused,
    LineNotSent,
    LineUnknown,
    LoginRefused,
    RemoteFile,
)
from hub.wire import CallOutcome, SftpLine, SftpPartner
from hub.wire.sftp import BadFileName, _folder
from hub.wire.sftp_partner import SftpAddress
from tests.wire.kit import Ear, server
from tests.wire.sftp_kit import TERMS, FileServer, get, only, put

BIG = os.urandom(300_000)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileServer]:
    made = FileServer(tmp_path_factory.mktemp("sftp"))
    yield made
    made.stop()


@pytest.fixture
def files(standing: FileServer) -> FileServer:
    standing.store.reset()
    standing._book.drop()
    return standing


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def line(files: FileServer, ear: Ear) -> Iterator[SftpLine]:
    with files.partner() as partner:
        yield SftpLine(partner, ear)


class TestPut:
    def test_a_file_is_at_its_destination_seen_and_recorded(
        self, files: FileServer, line: SftpLine, ear: Ear
    ) -> None:
        done = put(line, BIG)
        assert done == FilePut("a.txt", len(BIG), already=False, seen=True, digest=sm3_hex(BIG))
        assert files.store.read("in/a.txt") == BIG
        assert files.store.names("in") == ["a.txt"]  # the temporary name is gone
        assert ear.told == [("PUT", True, 5.0)]
        record = only(ear)
        assert (record.outcome, record.request) == (CallOutcome.ANSWERED, BIG)
        assert record.target == f"PUT {files.port.url}/in/a.txt"
        assert sm3_hex(BIG).encode() in record.reply

    def test_an_identical_file_there_is_a_delivery(
        self, files: FileServer, line: SftpLine, ear: Ear
    ) -> None:
        put(line, b"one")
        again = put(line, b"one")
        assert (again.already, again.seen) == (True, True)
        assert [one.outcome for one in ear.records] == [CallOutcome.ANSWERED] * 2

    @pytest.mark.parametrize("other", [b"two", b"longer than one", b""])
    def test_another_file_of_that_name_is_a_conflict_and_stays(
        self, files: FileServer, line: SftpLine, ear: Ear, other: bytes
    ) -> None:
        files.store.write("in/a.txt", other)
        with pytest.raises(FileConflict):
            put(line, b"one")
        assert files.store.read("in/a.txt") == other
        # Whoever put it there, an earlier attempt perhaps: never told as "surely not sent".
        assert only(ear).outcome is CallOutcome.ANSWERED

    @pytest.mark.parametrize("content", [b"one", b"two"])
    def test_a_file_that_came_between_the_look_and_the_rename(
        self, files: FileServer, line: SftpLine, content: bytes
    ) -> None:
        files.rule(match={"code": "STAT", "first": 1}, fault="late_file")
        files.store.write("in/a.txt", b"one")
        if content == b"one":
            assert put(line, content).already
        else:
            with pytest.raises(FileConflict):
                put(line, content)
        assert files.store.names("in") == ["a.txt"]

    @pytest.mark.parametrize(("code", "when"), [
        ("CONNECT", "before"), ("STAT", "before"), ("PUT", "before"), ("PUT", "after"),
        ("STAT", "after"),
    ])  # fmt: skip
    def test_what_breaks_before_the_rename_was_not_sent(
        self, files: FileServer, line: SftpLine, ear: Ear, code: str, when: str
    ) -> None:
        files.rule(match={"code": code, "first": 1}, fault="reset", when=when)
        with pytest.raises(LineNotSent):
            put(line, BIG)
        assert only(ear).outcome is CallOutcome.NOT_SENT
        assert files.store.read("in/a.txt") is None
        assert put(line, BIG).already is False  # what was left behind is in nobody's way

    @pytest.mark.parametrize(("when", "there"), [("before", False), ("after", True)])
    @pytest.mark.parametrize("fault", ["reset", "never"])
    def test_what_breaks_in_the_rename_is_unknown(
        self, files: FileServer, ear: Ear, fault: str, when: str, there: bool
    ) -> None:
        files.rule(match={"code": "RENAME", "first": 1}, fault=fault, when=when)
        with files.partner(timeout_s=1.0) as partner:
            line = SftpLine(partner, ear)
            with pytest.raises(LineUnknown):
                put(line, b"one")
            assert only(ear).outcome is CallOutcome.UNKNOWN
            assert (files.store.read("in/a.txt") is not None) is there
            assert put(line, b"one").already is there

    def test_what_breaks_after_the_rename_is_unknown(
        self, files: FileServer, line: SftpLine, ear: Ear
    ) -> None:
        files.rule(match={"code": "STAT", "after": 2, "first": 1}, fault="reset", when="before")
        with pytest.raises(LineUnknown):
            put(line, b"one")
        assert only(ear).outcome is CallOutcome.UNKNOWN

    def test_half_an_upload_is_never_renamed(
        self, files: FileServer, line: SftpLine, ear: Ear
    ) -> None:
        files.rule(match={"code": "STAT", "where": {"name": "*.tmp"}}, fault="half_file")
        with pytest.raises(LineNotSent, match="have arrived"):
            put(line, BIG)
        assert only(ear).outcome is CallOutcome.NOT_SENT
        assert files.store.names("in") == []

    def test_a_partner_that_takes_it_at_once_is_no_error(
        self, files: FileServer, line: SftpLine
    ) -> None:
        files.rule(match={"code": "STAT", "after": 2}, fault="late_file")
        done = put(line, b"one")
        assert (done.seen, done.digest) == (False, "")

    def test_a_destination_that_reads_back_otherwise_is_unknown(
        self, files: FileServer, line: SftpLine, ear: Ear
    ) -> None:
        files.rule(match={"code": "GET", "where": {"name": "a.txt"}}, fault="half_file")
        with pytest.raises(LineUnknown, match="reads back"):
            put(line, b"one")
        assert only(ear).outcome is CallOutcome.UNKNOWN

    def test_a_folder_that_is_not_there(self, line: SftpLine, ear: Ear) -> None:
        with pytest.raises(FileMissing):
            put(line, b"one", folder="nowhere")
        assert only(ear).outcome is CallOutcome.NOT_SENT


class TestReading:
    def test_files_are_listed_by_name_and_folders_left_out(
        self, files: FileServer, line: SftpLine
    ) -> None:
        for name in ("b.txt", "a.txt", "郑琪𬭩.txt"):
            files.store.write(f"out/{name}", name.encode())
        found = line.list_files("LIST", endpoint="files", folder="out")
        assert [one.name for one in found] == ["a.txt", "b.txt", "郑琪𬭩.txt"]
        assert (found[0].size, found[0].modified > 0) == (5, True)
        assert all(isinstance(one, RemoteFile) for one in found)
        assert get(line, "郑琪𬭩.txt") == "郑琪𬭩.txt".encode()
        assert line.drift.drifts == []

    def test_names_in_another_charset_are_drift_and_left_out(
        self, files: FileServer, ear: Ear
    ) -> None:
        files.store.write("out/郑琪郑.txt", b"x")  # its GB18030 is no UTF-8
        files.store.write("out/a.txt", b"x")
        with files.partner(terms=replace(TERMS, names=_utf8())) as partner:
            line = SftpLine(partner, ear)
            found = line.list_files("LIST", endpoint="files", folder="out")
        assert [one.name for one in found] == ["a.txt"]
        assert [one.place for one in line.drift.drifts] == ["LIST/name"]

    def test_a_file_is_read_whole(self, files: FileServer, line: SftpLine, ear: Ear) -> None:
        for content in (b"", b"x", BIG, b"\xff\x00" * 40_000):
            files.store.write("out/a.txt", content)
            assert get(line) == content
        assert ear.records[2].reply == BIG
        assert ear.records[2].effect is False

    def test_a_file_that_grows_counts_for_nothing(
        self, files: FileServer, line: SftpLine, ear: Ear
    ) -> None:
        files.store.write("out/a.txt", BIG)
        files.rule(match={"code": "STAT", "first": 1}, fault="growing_file")
        with pytest.raises(FileGrowing):
            get(line)
        assert only(ear).outcome is CallOutcome.ANSWERED
        assert get(line) == BIG

    def test_a_file_that_shrinks_while_it_is_read(self, files: FileServer, line: SftpLine) -> None:
        files.store.write("out/a.txt", BIG)
        files.rule(match={"code": "GET", "first": 1}, fault="half_file")
        with pytest.raises(FileGrowing):
            get(line)

    def test_a_file_that_is_not_there_yet(self, files: FileServer, line: SftpLine) -> None:
        with pytest.raises(FileMissing):
            get(line)
        with pytest.raises(FileMissing):
            line.list_files("LIST", endpoint="files", folder="nowhere")
        with pytest.raises(FileMissing):
            get(line, "done")  # a folder

    def test_a_file_beyond_the_contract_s_longest_is_not_read(
        self, files: FileServer, ear: Ear
    ) -> None:
        files.store.write("out/a.txt", BIG)
        with (
            files.partner(terms=replace(TERMS, largest=len(BIG) - 1)) as partner,
            pytest.raises(FileTooLong),
        ):
            get(SftpLine(partner, ear))
        assert only(ear).reply == b""

    @pytest.mark.parametrize("fault", ["half_reply", "reset"])
    def test_a_connection_that_ends_in_the_middle(
        self, files: FileServer, line: SftpLine, ear: Ear, fault: str
    ) -> None:
        files.store.write("out/a.txt", BIG)
        files.rule(match={"code": "GET", "first": 1}, fault=fault)
        with pytest.raises(LineUnknown):
            get(line)
        assert only(ear).outcome is CallOutcome.UNKNOWN
        assert get(line) == BIG


class TestMove:
    def move(self, line: SftpLine) -> None:
        line.move_file("ACK", endpoint="files", folder="out", name="a.txt", to="out/done")

    def test_a_picked_up_file_is_moved_away(self, files: FileServer, line: SftpLine) -> None:
        files.store.write("out/a.txt", b"one")
        self.move(line)
        assert files.store.read("out/done/a.txt") == b"one"
        assert files.store.names("out") == []
        with pytest.raises(FileMissing):
            self.move(line)

    def test_the_same_again_is_taken_away_and_another_stays(
        self, files: FileServer, line: SftpLine
    ) -> None:
        files.store.write("out/done/a.txt", b"one")
        files.store.write("out/a.txt", b"one")
        self.move(line)
        assert files.store.names("out") == []
        files.store.write("out/a.txt", b"two")
        with pytest.raises(FileConflict):
            self.move(line)
        assert files.store.read("out/a.txt") == b"two"
        assert files.store.read("out/done/a.txt") == b"one"


class TestWhoIsThere:
    def test_a_changed_host_key_ends_the_call(
        self, files: FileServer, line: SftpLine, ear: Ear
    ) -> None:
        files.rule(match={"code": "CONNECT"}, fault="host_key_changed")
        with pytest.raises(HostKeyRefused, match="SHA256:") as caught:
            put(line, b"one")
        assert isinstance(caught.value, LineNotSent)
        assert caught.value.code == "line.host_key_refused"
        assert only(ear).outcome is CallOutcome.NOT_SENT

    def test_an_unknown_host_is_not_believed(self, files: FileServer, ear: Ear) -> None:
        hosts = Secret(files.access().known_hosts.reveal().replace("127.0.0.1", "127.0.0.2"))
        with files.partner(known_hosts=hosts) as partner, pytest.raises(HostKeyRefused):
            get(SftpLine(partner, ear))
        assert only(ear).outcome is CallOutcome.NOT_SENT

    @pytest.mark.parametrize("hosts", ["", "# nothing\n", "@revoked * ssh-rsa AAAA\n", "junk"])
    def test_a_known_hosts_file_that_says_nothing(self, files: FileServer, hosts: str) -> None:
        with files.partner(known_hosts=Secret(hosts)) as partner, pytest.raises(Misconfigured):
            get(SftpLine(partner, Ear()))

    def test_a_key_the_server_does_not_know(self, files: FileServer, ear: Ear) -> None:
        other = Secret((files.folder / "ssh_other_host_key").read_text("utf-8"))
        for changed in ({"key": other}, {"user": "somebody"}, {"key": None, "password": other}):
            with files.partner(**changed) as partner, pytest.raises(LoginRefused):
                put(SftpLine(partner, ear), b"one")
        assert {one.outcome for one in ear.records} == {CallOutcome.NOT_SENT}
        with files.partner(key=Secret("junk")) as partner, pytest.raises(Misconfigured):
            put(SftpLine(partner, ear), b"one")

    def test_nobody_listens(self, files: FileServer, ear: Ear) -> None:
        free = socket.create_server(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        hosts = Secret(files.access().known_hosts.reveal().replace(str(files.port.port), str(port)))
        access = {"files": files.access(known_hosts=hosts)}
        with (
            SftpPartner({"files": f"sftp://127.0.0.1:{port}"}, access) as partner,
            pytest.raises(LineNotSent),
        ):
            put(SftpLine(partner, ear), b"one")

    def test_one_deadline_over_the_whole_call(self, files: FileServer, ear: Ear) -> None:
        def drip(connection: socket.socket) -> None:
            for _ in range(100):
                connection.sendall(b"hello\r\n")  # lines before the version are allowed by SSH
                time.sleep(0.1)

        with server(drip) as url:
            port = url.rpartition(":")[2]
            known = files.access().known_hosts.reveal().replace(str(files.port.port), port)
            access = {"files": files.access(known_hosts=Secret(known))}
            began = time.monotonic()
            with (
                SftpPartner({"files": f"sftp://127.0.0.1:{port}"}, access, timeout_s=0.7) as made,
                pytest.raises(LineNotSent),
            ):
                put(SftpLine(made, ear), b"one")
            assert time.monotonic() - began < 2
        assert only(ear).outcome is CallOutcome.NOT_SENT

    def test_a_slow_server_is_cut_off_in_the_middle(self, files: FileServer, ear: Ear) -> None:
        files.store.write("out/a.txt", BIG)
        files.rule(match={"code": "GET"}, fault="never", when="before")
        began = time.monotonic()
        with files.partner(timeout_s=0.8) as partner, pytest.raises(LineUnknown):
            get(SftpLine(partner, ear))
        assert time.monotonic() - began < 2
        assert "not done within" in only(ear).error

    def test_the_recorder_may_prevent_a_call(self, files: FileServer) -> None:
        ear = Ear(refuse=HubError("no lease"))
        with files.partner() as partner, pytest.raises(HubError, match="no lease"):
            put(SftpLine(partner, ear), b"one")
        assert ear.records == []
        assert files.store.names("in") == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "a/b", "a\\b", "a\0", "a\n", " ", "x" * 256]
)
def test_a_name_that_leads_elsewhere_is_refused(line: SftpLine, ear: Ear, name: str) -> None:
    with pytest.raises(BadFileName):
        put(line, b"one", name=name)
    with pytest.raises(BadFileName):
        get(line, name)
    assert all(one.outcome is CallOutcome.NOT_SENT for one in ear.records)


@given(st.text(max_size=40))
def test_no_folder_leads_above_its_base(folder: str) -> None:
    try:
        parts = _folder(folder).split("/")
    except BadFileName:
        return
    assert not {"..", "."} & set(parts)
    assert not folder.startswith("/")


@pytest.mark.parametrize("url", [
    "http://h/", "sftp://", "sftp://u@h:22", "sftp://u:p@h", "sftp://h:22/a/../b", "sftp://h:x",
    "sftp://h/?q",
])  # fmt: skip
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Misconfigured):
        SftpAddress.of("files", url)
    assert SftpAddress.of("files", "sftp://[::1]/base/") == SftpAddress("::1", 22, "/base")


def test_an_endpoint_its_contract_says_nothing_of(files: FileServer) -> None:
    with pytest.raises(Misconfigured):
        SftpPartner({"files": files.port.url}, {})
    assert issubclass(FileMissing, FileRefused)


def _utf8() -> object:
    return replace(TERMS.names, declared="UTF-8", written="utf-8")
