"""A file server on a real socket, told to misbehave by rules, and a line to it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hub.contracts import Charset, SftpTerms
from hub.kernel.secret import Secret
from hub.wire import CallRecord, SftpAccess, SftpLine, SftpPartner
from mocks.kit.clock import MockClock
from mocks.kit.faults import FaultBook, parse_rule
from mocks.kit.files import FILE_KINDS, FileStore
from mocks.kit.journal import Journal
from mocks.kit.sftp import SftpPort, SshKeys
from mocks.kit.switch import Switch, Worker
from tests.wire.kit import Ear

USER = "hpf"
TERMS = SftpTerms(
    user="SFTP_USER", known_hosts="sftp_known_hosts", key="sftp_key", password="",
    names=Charset("GB18030", "gb18030"), temporary="{name}.{chance}.tmp", read_back=True,
    largest=4 * 1024 * 1024,
)  # fmt: skip


class FileServer:
    """One SFTP server in a thread of its own; ``rules`` come and go as in a mock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FileStore(folder / "files", ("in", "out", "out/done"))
        self.keys = SshKeys(folder)
        self._kinds = FILE_KINDS
        self._book = FaultBook(FILE_KINDS, keep=lambda _: None)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def rule(self, **spec: Any) -> None:
        """As a mock's control plane takes it."""
        rule = parse_rule(spec, self._book.kinds)
        self._book.put(replace(rule, id=len(self._book.all()) + 1))

    def access(self, **changed: Any) -> SftpAccess:
        """What we enter it with."""
        values = {
            "terms": TERMS,
            "user": USER,
            "known_hosts": Secret((self.folder / "sftp_known_hosts").read_text("utf-8")),
            "key": Secret((self.folder / "sftp_key").read_text("utf-8")),
        } | changed
        return SftpAccess(**values)

    @contextmanager
    def partner(self, *, timeout_s: float = 5.0, **changed: Any) -> Iterator[SftpPartner]:
        """A partner that knows it."""
        with SftpPartner(
            {"files": self.port.url}, {"files": self.access(**changed)}, timeout_s=timeout_s
        ) as made:
            yield made

    def stop(self) -> None:
        """Close what is open."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        worker, journal = Worker(), Journal(self.folder / "journal.sqlite")
        switch = Switch(
            endpoint="files", service=self.store, journal=journal, faults=lambda: self._book,
            clock=MockClock(self.folder / "clock.json"), worker=worker,
        )  # fmt: skip
        self.port = SftpPort(switch.handle, self.store, self.keys, user=USER, names="gb18030")
        await self.port.start(0)
        self._ready.set()
        await self._stop.wait()
        await self.port.close()
        worker.close()
        journal.storage.close()


def put(line: SftpLine, content: bytes, name: str = "a.txt", folder: str = "in") -> Any:
    """Upload with effect."""
    return line.put_file(
        "PUT", endpoint="files", folder=folder, name=name, content=content, effect=True
    )


def get(line: SftpLine, name: str = "a.txt", folder: str = "out") -> bytes:
    """Download."""
    return line.get_file("GET", endpoint="files", folder=folder, name=name)


def only(ear: Ear) -> CallRecord:
    """The one call that was recorded."""
    (record,) = ear.records
    return record
