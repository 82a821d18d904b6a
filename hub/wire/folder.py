"""Files into a folder of this machine, for another program to take: ``file:///srv/hub/notify``.

As over SFTP a file is written under a temporary name, and is there whole or not at all; only the
owner may read it.  A name that is taken is never written over: the link fails where a rename
would replace.
"""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hub.crypto import sm3_hex
from hub.kernel.errors import BadInput, Misconfigured
from hub.ports.line import (
    FileConflict,
    FileMissing,
    FilePut,
    RemoteFile,
)
from hub.wire.calls import OpenCall
from hub.wire.recorder import CallRecorder

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class BadFolderName(BadInput):
    """A name or folder that could lead elsewhere; nothing was written."""

    code = "line.bad_folder_name"
    hint = "A fault of the hub: tell its engineers."


class FolderPartner:
    """Endpoints that are folders; holds nothing open."""

    def __init__(self, endpoints: Mapping[str, str], *, timeout_s: float) -> None:
        """Raises Misconfigured for an address that names no absolute folder."""
        self.places = {name: _folder_of(name, url) for name, url in endpoints.items()}
        self.timeout_s = timeout_s


@dataclass(slots=True)
class FolderLine:
    """One attempt's way into the folders of one partner (``hub.ports.line.Line``)."""

    partner: FolderPartner
    recorder: CallRecorder

    def put_file(
        self, step: str, *, endpoint: str, folder: str, name: str, content: bytes,
        effect: bool = False,
    ) -> FilePut:  # fmt: skip
        """See Line.put_file.  Raises LineNotSent for a folder that cannot be written, a full disk
        too."""
        place = self._place(endpoint, folder)
        path = place / _plain(name)
        call = self._begin(step, f"PUT {endpoint}/{folder}/{name}", content, effect=effect)
        fresh = place / f".{name}.{secrets.token_hex(4)}.new"
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                _write(fresh, content)
                call.sending = True
                already = not _link(fresh, path)
            finally:
                with suppress(OSError):
                    fresh.unlink(missing_ok=True)
            _sync(place)
            if already and path.read_bytes() != content:
                raise FileConflict(f"{name} is there already, with other content")
        except FileConflict as error:
            raise call.stopped(error) from error
        except OSError as error:
            raise call.broken(_told(error)) from error
        digest = sm3_hex(content)
        call.came += f"{len(content)} {digest} {'already' if already else 'put'}\n".encode()
        call.answered()
        return FilePut(name, len(content), already=already, seen=True, digest=digest)

    def list_files(self, step: str, *, endpoint: str, folder: str) -> tuple[RemoteFile, ...]:
        """See Line.list_files.  The folder itself is made when it is asked for the first time."""
        place = self._place(endpoint, folder)
        call = self._begin(step, f"LIST {endpoint}/{folder}")
        call.sending = True
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
            found = [
                RemoteFile(one.name, one.stat().st_size, int(one.stat().st_mtime))
                for one in sorted(place.iterdir())
                if one.is_file() and _PLAIN.fullmatch(one.name)
            ]
        except OSError as error:
            call.sending = False
            raise call.broken(_told(error)) from error
        call.answered()
        return tuple(found)

    def get_file(self, step: str, *, endpoint: str, folder: str, name: str) -> bytes:
        """See Line.get_file."""
        path = self._place(endpoint, folder) / _plain(name)
        call = self._begin(step, f"GET {endpoint}/{folder}/{name}")
        call.sending = True
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise call.stopped(FileMissing(f"there is no file {name}")) from error
        except OSError as error:
            raise call.broken(_told(error)) from error
        call.came += content
        call.answered()
        return content

    def move_file(
        self, step: str, *, endpoint: str, folder: str, name: str, to: str, effect: bool = False
    ) -> None:
        """See Line.move_file."""
        source, target = self._place(endpoint, folder), self._place(endpoint, to)
        path, there = source / _plain(name), target / name
        call = self._begin(step, f"MOVE {endpoint}/{folder}/{name} TO {to}", effect=effect)
        try:
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
            content = path.read_bytes()
            call.sending = True
            if not _link(path, there) and there.read_bytes() != content:
                raise FileConflict(f"{name} lies in {to} already, with other content")
            path.unlink()
            _sync(target)
        except FileNotFoundError as error:
            raise call.stopped(FileMissing(f"there is no file {name}")) from error
        except FileConflict as error:
            raise call.stopped(error) from error
        except OSError as error:
            raise call.broken(_told(error)) from error
        call.answered()

    def _place(self, endpoint: str, folder: str) -> Path:
        base = self.partner.places.get(endpoint)
        if base is None:
            raise Misconfigured(f"hub.toml names no address for the endpoint {endpoint!r}")
        return base.joinpath(*(_plain(part) for part in folder.split("/") if folder))

    def _begin(
        self, step: str, target: str, content: bytes = b"", *, effect: bool = False
    ) -> OpenCall:
        return OpenCall.begin(
            self.recorder, step, effect=effect, target=target, request=content,
            timeout_s=self.partner.timeout_s,
        )  # fmt: skip


def _folder_of(name: str, url: str) -> Path:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    spare = parts.netloc or parts.query or parts.fragment
    if spare or not path.is_absolute() or ".." in path.parts or len(path.parts) == 1:
        raise Misconfigured(f"endpoint {name}: {url!r} is no file:///absolute/folder")
    return path


def _plain(name: str) -> str:
    if _PLAIN.fullmatch(name) is None:
        raise BadFolderName("a file or folder name with other than letters, digits, . _ -")
    return name


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _link(fresh: Path, path: Path) -> bool:
    """Give it its name; False when that is taken."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        return False
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _told(error: OSError) -> OSError:
    """Without the path, which is this machine's own business."""
    return OSError(error.strerror or type(error).__name__)
