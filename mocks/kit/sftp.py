"""An SFTP server on the loopback over a partner's folders; the only module that knows asyncssh.

A service stands behind it by a ``port`` of its own::

    def port(self, handle: Handler) -> Port:
        from mocks.kit.sftp import SftpPort
        return SftpPort(handle, self, SshKeys(site.state), user=…)

Every operation goes through the switch as a :class:`Request` (``mocks.kit.files``), so rules act
on it as on any call: a reset before or after a rename, silence, a delay.  Contents of an upload
alone do not: they are on disk under their temporary name as they come.
"""

import asyncio
import io
import json
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncssh

from mocks.kit.files import OTHER_KEY, FileStore
from mocks.kit.listening import LOOPBACK
from mocks.kit.messages import Answer, Half, Handler, Misframed, Request, Reset, Silence

_BACKLOG = 64
_KIND = "ssh-ed25519"


class SshKeys:
    """The server's host key and the one customer's key pair, drawn when they are first needed.

    ``handed``: the folder in which the customer's private key and the known-hosts line lie, under
    the names its contract gives them (mode 0600), as a bank would hand them over.
    """

    def __init__(self, handed: Path, *, key: str = "sftp_key", hosts: str = "sftp_known_hosts"):
        self._client_file, self._hosts_file = handed / key, handed / hosts
        self.host = _kept(handed / "ssh_host_key")
        self.other_host = _kept(handed / "ssh_other_host_key")
        self.client = _kept(self._client_file)

    def told(self, port: int) -> None:
        """Write the known-hosts line, now that the port is known."""
        public = self.host.export_public_key().decode("ascii").split()
        _write(self._hosts_file, f"[{LOOPBACK}]:{port} {public[0]} {public[1]}\n".encode())


class SftpPort:
    """One listening port; each connection is an SSH session of its own (``messages.Port``).

    ``user`` alone may log in, with its key.  ``names``: the charset of file names on the wire.
    """

    def __init__(
        self, handle: Handler, store: FileStore, keys: SshKeys, *, user: str, names: str = "utf-8"
    ) -> None:
        self.port = 0
        self._handle = handle
        self._store = store
        self._keys = keys
        self._user = user
        self._names = names
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"sftp://{LOOPBACK}:{self.port}"

    async def start(self, port: int) -> None:
        """Listen on ``port`` (0: any free one); ``OSError`` when it is taken."""
        listener = _bound(port)
        listener.listen(_BACKLOG)
        self._listener = listener
        self.port = listener.getsockname()[1]
        self._keys.told(self.port)
        self._accepting = asyncio.create_task(self._accept(listener))

    async def refuse(self) -> None:
        """Stop listening, keep the port: a bound socket that does not listen refuses."""
        await self.close()
        self._listener = _bound(self.port)

    async def accept(self) -> None:
        """Listen again after :meth:`refuse`."""
        if self._listener is not None and self._accepting is None:
            self._listener.close()
            await self.start(self.port)

    async def close(self) -> None:
        """Stop listening and drop what is open."""
        tasks = list(self._open)
        if self._accepting is not None:
            tasks.append(self._accepting)
            self._accepting = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(self._serve(connection))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _serve(self, connection: socket.socket) -> None:
        said: asyncssh.SSHServerConnection | None = None
        try:
            reply = await self._handle(Request("CONNECT", "/", {}, {}, b""))
            if not isinstance(reply, Answer):
                await _misbehave(reply, connection)
                return
            host = self._keys.other_host if reply.body == OTHER_KEY else self._keys.host
            said = await asyncssh.run_server(connection, options=self._options(host))
            await said.wait_closed()
        except (OSError, asyncssh.Error):
            pass  # the caller went away, or was not let in: its affair
        finally:
            if said is not None:
                said.abort()
                await said.wait_closed()  # what waits in it for ever is cancelled by then
            connection.close()

    def _options(self, host: asyncssh.SSHKey) -> asyncssh.SSHServerConnectionOptions:
        return asyncssh.SSHServerConnectionOptions(
            server_factory=lambda: _Door(self._user, self._keys.client),
            server_host_keys=[host],
            sftp_factory=lambda channel: _Files(channel, self._handle, self._store, self._names),
            allow_scp=False,
            agent_forwarding=False,
            password_auth=False,
            kbdint_auth=False,
        )


class _Door(asyncssh.SSHServer):
    """Lets one user in, by one key."""

    def __init__(self, user: str, key: asyncssh.SSHKey) -> None:
        self._user = user
        self._known = key.export_public_key()

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._user and key.export_public_key() == self._known


class _Cut(io.BytesIO):
    """A file whose connection ends where its bytes do."""


class _Files(asyncssh.SFTPServer):
    """SFTP's operations as requests, answers as SFTP's statuses."""

    def __init__(self, channel: Any, handle: Handler, store: FileStore, names: str) -> None:
        super().__init__(channel)
        self._handle_request = handle
        self._store = store
        self._names = names

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & asyncssh.FXF_WRITE:
            await self._ask("PUT", path)
            return self._store.local(self._text(path)).open("xb")
        reply = await self._ask("GET", path)
        if isinstance(reply, Half):
            body = reply.answer.body
            return _Cut(body[: int(len(body) * reply.fraction)])
        return io.BytesIO(reply.body)

    def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        file_obj.seek(offset)
        found = bytes(file_obj.read(size))
        if isinstance(file_obj, _Cut) and not found:
            self._reset()
        return found

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        if self._text(path).strip("/.") == "":
            return _attributes(0, 0, folder=True)
        found = json.loads((await self._answer("STAT", path)).body)
        return _attributes(found["size"], found["modified"], folder=found["folder"])

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return await self.stat(path)

    def fstat(self, file_obj: Any) -> asyncssh.SFTPAttrs:
        return _attributes(file_obj.seek(0, os.SEEK_END), 0, folder=False)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        answer = await self._answer("LIST", path)
        for name, size, modified, folder in json.loads(answer.body):
            plain = name.encode(self._names)
            yield asyncssh.SFTPName(plain, plain, _attributes(size, modified, folder=folder))

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._answer("RENAME", oldpath, to=self._text(newpath))

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("not here")

    async def remove(self, path: bytes) -> None:
        await self._answer("REMOVE", path)

    def realpath(self, path: bytes) -> bytes:
        return b"/" + path.strip(b"/.")

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        raise asyncssh.SFTPPermissionDenied("folders are the bank's")

    def rmdir(self, path: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("folders are the bank's")

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("no links")

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("no links")

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        raise asyncssh.SFTPPermissionDenied("not here")

    async def _answer(self, word: str, path: bytes, **query: str) -> Answer:
        reply = await self._ask(word, path, **query)
        return reply.answer if isinstance(reply, Half) else reply

    async def _ask(self, word: str, path: bytes, **query: str) -> Answer | Half:
        reply = await self._handle_request(Request(word, self._text(path), query, {}, b""))
        match reply:
            case Silence():
                await asyncio.Event().wait()  # until the connection ends
            case Reset() | Answer(reset=True) | Misframed():
                self._reset()
                raise asyncssh.SFTPConnectionLost("cut")
            case Half() if word != "GET":
                self._reset()
                raise asyncssh.SFTPConnectionLost("cut")
            case Answer(status=403):
                raise asyncssh.SFTPPermissionDenied("no")
            case Answer(status=404):
                raise asyncssh.SFTPNoSuchFile("no such file")
            case Answer(status=status) if status >= 300:
                raise asyncssh.SFTPFailure("failure")
            case Answer() | Half():
                return reply
        raise asyncssh.SFTPConnectionLost("ended")

    def _text(self, path: bytes) -> str:
        try:
            return "/" + path.decode(self._names).strip("/")
        except UnicodeDecodeError:
            raise asyncssh.SFTPNoSuchFile("no such name") from None

    def _reset(self) -> None:
        _linger(self.connection.get_extra_info("socket"))
        self.connection.abort()


def _attributes(size: int, modified: int, *, folder: bool) -> asyncssh.SFTPAttrs:
    kind = stat.S_IFDIR | 0o755 if folder else stat.S_IFREG | 0o644
    return asyncssh.SFTPAttrs(
        size=size, uid=0, gid=0, permissions=kind, atime=modified, mtime=modified
    )


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((LOOPBACK, port))
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


async def _misbehave(reply: object, connection: socket.socket) -> None:
    if isinstance(reply, Silence):
        loop = asyncio.get_running_loop()
        while await loop.sock_recv(connection, 4096):
            pass  # until the caller gives up
    else:
        _linger(connection)


def _linger(bare: Any) -> None:
    if bare is not None:
        with suppress(OSError):
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _kept(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, asyncssh.generate_private_key(_KIND).export_private_key())
    return asyncssh.read_private_key(path)


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
