"""贵州农信 over real sockets: files by paramiko, messages by hand, neither by the adapter."""

import re
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paramiko
import pytest
from lxml import etree

from tests.adapters.gznx import bench
from tests.mocks.conftest import loan_row, write_loans
from tests.mocks.running import Mock

GOLDEN = [
    # contract, account, name: the three rows of HKWJ.batch.txt
    ("GZNX2019000000001", "6217790000000000012", "郑琪"),
    ("GZNX2019000000002", "6217790000000000020", "唐𬭩"),
    ("GZNX2019000000003", "6217790000000000038", "欣信丽·红东俊娜"),
]
PUT = f"in/HKWJ_{bench.BATCH}.txt"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    folder = tmp_path_factory.mktemp("gznx")
    rows = [
        loan_row(place, YHJC="GZNX", JKHTBH=loan, HKZH=account, JKRXM=name)
        for place, (loan, account, name) in enumerate(GOLDEN, 1)
    ]
    mock = Mock("bank-gznx", folder / "state", write_loans(folder / "data", rows))
    mock.start()
    yield mock
    assert mock.stop() == 0


@pytest.fixture
def bank(running: Mock) -> Mock:
    running.control("POST", "/reset")
    running.clock("2025-10-13T09:30:00")
    return running


def home(bank: Mock) -> Path:
    return bank.state / "bank-gznx"


@contextmanager
def entered(
    bank: Mock, user: str = "qnzfgjj", key: str = "sftp_key"
) -> Iterator[paramiko.SFTPClient]:
    """A session, the server's key compared with the line the mock handed over."""
    parts = urlsplit(bank.urls["files"])
    name, kind, shown = (home(bank) / "sftp_known_hosts").read_text().split()
    assert name == f"[{parts.hostname}]:{parts.port}"
    private = paramiko.Ed25519Key.from_private_key_file(str(home(bank) / key))
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5) as bare:
        transport = paramiko.Transport(bare)
        try:
            transport.start_client(timeout=5)
            host = transport.get_remote_server_key()
            assert (host.get_name(), host.get_base64()) == (kind, shown)
            transport.auth_publickey(user, private)
            found = paramiko.SFTPClient.from_transport(transport)
            assert found is not None
            yield found
        finally:
            transport.close()


def put(files: paramiko.SFTPClient, content: bytes, path: str = PUT) -> None:
    with files.open(path + ".tmp", "wbx") as file:
        file.write(content)
    files.rename(path + ".tmp", path)


def told(bank: Mock, frame: bytes) -> etree._Element:
    parts = urlsplit(bank.urls["link"])
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5) as link:
        link.sendall(frame)
        data = b""
        while more := link.recv(65536):
            data += more
    assert int(data[:8]) == len(data) - 8
    return etree.fromstring(data[8:].decode("gb18030").split("?>", 1)[1])


def asked(bank: Mock, name: str) -> dict[str, str]:
    """The answer to a golden request: every field of its head and body, by name."""
    found = told(bank, bench.framed(bench.sample(f"{name}.request.xml")))
    return {str(one.tag): one.text or "" for part in found for one in part}


def credits_of(bank: Mock) -> list[list[str]]:
    rows: Any = bank.control("GET", "/credits.csv")
    return [row.split(",") for row in rows.splitlines()[1:]]


def test_the_golden_file_is_booked_once_and_told(bank: Mock) -> None:
    with entered(bank) as files:
        put(files, bench.sample("HKWJ.batch.txt"))
        assert credits_of(bank) == []
        for _ in range(2):
            said = asked(bank, "GX1010")
            assert (said["RET_CODE"], said["TOTAL_AMT"]) == ("000000", "578415")
        assert [(row[0], row[4]) for row in credits_of(bank)] == [
            (number, fen)
            for number, fen in zip(bench.NUMBERS, ("228414", "350000", "1"), strict=False)
        ]
        name = asked(bank, "GX1020")["FILE_NAME"]
        assert name == bench.RESULT
        with files.open(f"out/{name}", "rb") as file:
            header, *rows, trailer = bench.unpacked("HKJG", file.read())
        assert header == ["GZ5227000001", bench.BATCH, "001"]
        assert [(row[0], row[1], int(row[2])) for row in rows] == [
            (bench.NUMBERS[0], "2", 228414), (bench.NUMBERS[1], "2", 350000),
            (bench.NUMBERS[2], "2", 1),
        ]  # fmt: skip
        assert int(trailer[1]) == 578415
        files.rename(f"out/{name}", f"out/done/{name}")
        assert asked(bank, "GX1020")["FILE_NAME"] == name  # no news: no new file
        assert files.listdir("out") == ["done"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data[: len(data) // 2], "E00118"),  # not as long as was announced
        (lambda data: data.replace(b"T00000003", b"T00000004"), "E00111"),
        (lambda data: re.sub(rb"[0-9a-f]{64}\r\n$", b"0" * 64 + b"\r\n", data), "E00116"),
        (lambda data: data.replace(b"0000000000228414", b"0000000000228415"), "E00111"),
        (lambda data: data.replace("郑琪".encode("gb18030"), b"\xd6\xffab"), "E00117"),
        (lambda data: data.replace(b"HGZ5227000001", b"HGZ5227000009"), "E00116"),
    ],
)
def test_a_file_that_is_not_sound_books_nothing(bank: Mock, change: Any, code: str) -> None:
    with entered(bank) as files:
        put(files, change(bench.sample("HKWJ.batch.txt")))
    assert asked(bank, "GX1010")["RET_CODE"] == code
    assert credits_of(bank) == []
    assert asked(bank, "GX1020")["RET_CODE"] == "E00115"


def test_only_its_customer_comes_in_and_only_into_its_folders(bank: Mock) -> None:
    with pytest.raises(paramiko.AuthenticationException), entered(bank, user="somebody"):
        pass
    with pytest.raises(paramiko.AuthenticationException), entered(bank, key="ssh_other_host_key"):
        pass
    with entered(bank) as files:
        for path in ("../bank-gznx.sqlite", "in/../../journal.sqlite", "/../../etc/passwd"):
            with pytest.raises(OSError, match="no"):
                files.stat(path)
            with pytest.raises(OSError, match="no"):
                files.open(path, "rb")
        for act in (lambda: files.mkdir("in/x"), lambda: files.symlink("/etc", "in/x")):
            with pytest.raises(OSError, match=r"folders|links"):
                act()
        put(files, b"one", "in/a.txt")
        with pytest.raises(OSError, match="failure"):
            put(files, b"two", "in/a.txt")  # a rename never overwrites
        with files.open("in/a.txt", "rb") as file:
            assert file.read() == b"one"


def test_keys_stay_and_are_for_their_owner_alone(bank: Mock) -> None:
    names = ("sftp_key", "sftp_known_hosts", "ssh_host_key")
    before = [(home(bank) / name).read_bytes() for name in names]
    for name in names:
        assert stat.S_IMODE((home(bank) / name).stat().st_mode) == 0o600
    with entered(bank) as files:
        put(files, bench.sample("HKWJ.batch.txt"))
    assert asked(bank, "GX1010")["RET_CODE"] == "000000"
    bank.kill()
    bank.start()
    assert [(home(bank) / name).read_bytes() for name in names] == before
    with entered(bank) as files:
        assert files.listdir("in") == [PUT.removeprefix("in/")]
    assert len(credits_of(bank)) == 3


def test_what_the_server_was_asked_stands_in_the_journal(bank: Mock) -> None:
    with entered(bank) as files:
        put(files, b"x", "in/a.txt")
    found = bank.control("GET", "/journal?endpoint=files")["entries"]
    assert [(one["code"], one["trace"], one["ended"]) for one in found] == [
        ("CONNECT", "CONNECT", "answer"), ("PUT", "a.txt.tmp", "answer"),
        ("RENAME", "a.txt", "answer"),
    ]  # fmt: skip
