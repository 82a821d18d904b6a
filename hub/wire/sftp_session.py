"""One SSH connection with its SFTP channel: the only module that knows paramiko.

Imported when the first call is made: paramiko takes a quarter of a second.  Paths are bytes
here, since an old server's file names may be GB18030; paramiko itself takes every name and every
message of the server for UTF-8, so the two places where it decodes them are written anew below.
"""

import io
import logging
import secrets
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR

from hub.kernel.clocks import monotonic
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.ports.line import HostKeyRefused, LoginRefused
from hub.wire.trust import Shown

# What goes wrong is in the call's record; paramiko would write a traceback of every cut line.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

_OK, _EOF, _NO_SUCH_FILE = 0, 1, 2
_KEY_KINDS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_CHUNK = 32 * 1024
_AHEAD = 64
"""Blocks asked for before the first has come: two megabytes under way, whatever the distance."""


class ServerRefusal(OSError):
    """The server's status: it will not do it.  ``missing``: there is no such file."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answers with status {status}")
        self.missing = status == _NO_SUCH_FILE


class OutOfTime(Exception):
    """The call's time is over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A directory entry; ``regular`` is False for folders, links and whatever else."""

    name: bytes
    size: int
    modified: int
    regular: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are, and whom we believe: parsed once per partner.

    ``hosts`` holds one known key each: of several keys of one kind for one host, which is how the
    next key is put beside the present one, paramiko would look at the first alone.
    """

    user: str
    hosts: tuple[HostKeys, ...]
    key: paramiko.PKey | None
    password: Secret | None


def credentials(
    user: str, known_hosts: Secret, key: Secret | None, password: Secret | None
) -> Credentials:
    """Raises Misconfigured for a file that holds no host key, or no private key."""
    if key is None and password is None:
        raise Misconfigured("SFTP needs a key or a password")
    private = None if key is None else _private_key(key)
    return Credentials(user, _host_keys(known_hosts), private, password)


def _host_keys(text: Secret) -> tuple[HostKeys, ...]:
    found = []
    for line in text.reveal().splitlines():
        clean = line.strip()
        if not clean or clean.startswith("#"):
            continue
        try:
            # A line that is left out, a revocation say, would mean more trust than was given.
            entry = None if clean.startswith("@") else HostKeyEntry.from_line(clean)
        except (InvalidHostKey, paramiko.SSHException, ValueError):
            entry = None
        if entry is None or entry.key is None:
            raise Misconfigured("the known-hosts file holds a line that is no host's key")
        hosts = HostKeys()
        for name in entry.hostnames or ():
            hosts.add(name, entry.key.get_name(), entry.key)
        found.append(hosts)
    if not found:
        raise Misconfigured("the known-hosts file holds no key")
    return tuple(found)


def _private_key(text: Secret) -> paramiko.PKey:
    for kind in _KEY_KINDS:
        with suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(io.StringIO(text.reveal() + "\n"))
    raise Misconfigured("the SFTP key file is no OpenSSH or PEM private key without passphrase")


class Session:
    """A connection for the time of one call.  Everything in it ends when the time is over."""

    def __init__(
        self, client: "_Client", transport: paramiko.Transport, watch: "_Watch", host_key: Shown
    ) -> None:
        self.host_key = host_key
        self._client = client
        self._transport = transport
        self._watch = watch

    def stat(self, path: bytes) -> Entry | None:
        """The file at a path, None when there is none."""
        try:
            found = self._client.stat(path)
        except ServerRefusal as error:
            if error.missing:
                return None
            raise
        return _entry(path.rpartition(b"/")[2], found)

    def read(self, path: bytes, size: int) -> bytes:
        """At most one byte more than ``size``; a shorter file is read to its end."""
        with self._client.open(path, "rb") as file:
            file.prefetch(size, _AHEAD)
            came = bytearray()
            while len(came) <= size:
                part = file.read(min(_CHUNK, size + 1 - len(came)))
                if not part:
                    break
                came += part
        return bytes(came)

    def write(self, path: bytes, content: bytes) -> None:
        """A new file; one that is there already is refused."""
        with self._client.open(path, "wbx") as file:
            file.set_pipelined(True)
            file.write(content)

    def rename(self, old: bytes, new: bytes) -> None:
        """Refused by the server where ``new`` exists."""
        self._client.rename(old, new)

    def remove(self, path: bytes) -> None:
        """Take a file away."""
        self._client.remove(path)

    def entries(self, path: bytes) -> list[Entry]:
        """What a folder holds, in the server's order."""
        return self._client.entries(path)


@contextmanager
def session(host: str, port: int, who: Credentials, *, seconds: float) -> Iterator[Session]:
    """Connect, compare the host key, log in.  Raises HostKeyRefused, LoginRefused, OutOfTime."""
    watch = _Watch(seconds)
    try:
        with socket.create_connection((host, port), timeout=watch.left()) as connection:
            transport = paramiko.Transport(connection)
            with watch.over(connection, transport):
                shown = _enter(transport, host, port, who, watch)
                channel = transport.open_session(timeout=watch.left())
                channel.invoke_subsystem("sftp")
                yield Session(_Client(channel), transport, watch, shown)
    except Exception as error:
        if watch.is_over() and not isinstance(error, HostKeyRefused | LoginRefused):
            raise OutOfTime(f"not done within {seconds:g} s") from error
        raise


def _enter(
    transport: paramiko.Transport, host: str, port: int, who: Credentials, watch: "_Watch"
) -> Shown:
    name = host if port == 22 else f"[{host}]:{port}"
    known = [kind for hosts in who.hosts for kind in (hosts.lookup(name) or ())]
    if not known:
        raise HostKeyRefused(f"the known-hosts file has no key of {name}")
    options = transport.get_security_options()
    wanted = [one for kind in known for one in (_RSA if kind == "ssh-rsa" else (kind,))]
    # A server with several keys must show the one we know, if it has it.
    first = [one for one in wanted if one in options.key_types]
    options.key_types = tuple(dict.fromkeys([*first, *options.key_types]))
    transport.auth_timeout = transport.banner_timeout = watch.left()
    transport.start_client(timeout=watch.left())
    shown = transport.get_remote_server_key()
    if not any(hosts.check(name, shown) for hosts in who.hosts):
        raise HostKeyRefused(
            f"{name} shows another host key than ours: {shown.get_name()} {shown.fingerprint}"
        )
    try:
        if who.key is not None:
            transport.auth_publickey(who.user, who.key)
        elif who.password is not None:
            transport.auth_password(who.user, who.password.reveal(), fallback=False)
    except paramiko.AuthenticationException as error:
        raise LoginRefused(f"{name} refuses our login: {type(error).__name__}") from error
    if not transport.is_authenticated():
        raise LoginRefused(f"{name} wants more than one way of logging in")
    return Shown("host_key", name, shown.fingerprint, 0)


class _Watch:
    """One deadline over a whole call: paramiko's own timeouts begin anew with every packet."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds
        self._cut = False

    def left(self) -> float:
        """Seconds; raises OutOfTime."""
        rest = self._end - monotonic()
        if rest <= 0:
            raise OutOfTime("the call's time is over")
        return float(rest)

    def is_over(self) -> bool:
        """Whether what failed, failed because of this."""
        return self._cut or monotonic() >= self._end

    @contextmanager
    def over(self, connection: socket.socket, transport: paramiko.Transport) -> Iterator[None]:
        """Cut the connection when the time is over: whatever waits for it then fails."""

        def cut() -> None:
            self._cut = True
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            transport.close()

        timer = threading.Timer(self.left(), cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            transport.close()


class _Client(paramiko.SFTPClient):  # type: ignore[misc]
    """paramiko's client, whose listing and status texts are taken as the bytes they are."""

    def entries(self, path: bytes) -> list[Entry]:
        """A folder's entries."""
        kind, message = self._request(CMD_OPENDIR, path)
        if kind != CMD_HANDLE:
            raise paramiko.SFTPError("a handle was expected")
        handle = message.get_binary()
        found = []
        while True:
            try:
                kind, message = self._request(CMD_READDIR, handle)
            except EOFError:
                break
            if kind != CMD_NAME:
                raise paramiko.SFTPError("names were expected")
            for _ in range(message.get_int()):
                name, _long = message.get_string(), message.get_string()
                found.append(_entry(name, paramiko.SFTPAttributes._from_msg(message)))
        self._request(CMD_CLOSE, handle)
        return found

    def _convert_status(self, message: Any) -> None:
        status = message.get_int()
        if status == _EOF:
            raise EOFError
        if status != _OK:
            raise ServerRefusal(status)  # its text may be in any charset, and name anybody


def _entry(name: bytes, said: Any) -> Entry:
    mode = said.st_mode
    # A server that tells no mode lists files: nothing else is of use to anybody there.
    regular = mode is None or stat.S_IFMT(mode) in (0, stat.S_IFREG)
    return Entry(name, int(said.st_size or 0), int(said.st_mtime or 0), regular)


def chance() -> str:
    """A part of a temporary name that no other attempt has."""
    return secrets.token_hex(4)
