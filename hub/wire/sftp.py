"""Files over SFTP: uploaded under a temporary name and renamed, read only when they stand still.

What is certain when a call breaks: before the rename nothing took effect, for a partner picks up
final names alone (LineNotSent); in the rename or after it, it may have (LineUnknown).  One
connection per call, one deadline over all of it; nothing is repeated here.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.contracts import BadText, Charset, SftpTerms, shape
from hub.crypto import sm3_hex
from hub.kernel.errors import BadInput, HubError, Misconfigured
from hub.ports.line import (
    DriftNotes,
    FileConflict,
    FileGrowing,
    FileMissing,
    FilePut,
    FileRefused,
    FileTooLong,
    LineNotSent,
    LineUnknown,
    RemoteFile,
)
from hub.wire.calls import OpenCall
from hub.wire.recorder import CallRecorder
from hub.wire.sftp_partner import SftpAddress, SftpPartner

if TYPE_CHECKING:
    from hub.wire.sftp_session import Entry, Session

_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f]")
_LONGEST_NAME = 255


class BadFileName(BadInput):
    """A name or folder that could lead elsewhere; nothing was sent."""

    code = "line.bad_file_name"
    hint = "A fault of the hub or of the partner's answer: tell both sides' engineers."


@dataclass(slots=True)
class SftpLine:
    """One attempt's way to one partner's files (``hub.ports.line.Line``)."""

    partner: SftpPartner
    recorder: CallRecorder
    drift: DriftNotes = field(default_factory=DriftNotes)

    def put_file(
        self,
        step: str,
        *,
        endpoint: str,
        folder: str,
        name: str,
        content: bytes,
        effect: bool = False,
    ) -> FilePut:
        """See Line.put_file."""
        place = self._place(endpoint, folder)
        with self._call(step, endpoint, f"PUT {place}/{name}", content, effect=effect) as (
            at,
            call,
        ):
            return _Put(at, call, place, name, content).done()

    def list_files(self, step: str, *, endpoint: str, folder: str) -> tuple[RemoteFile, ...]:
        """See Line.list_files."""
        place = self._place(endpoint, folder)
        with self._call(step, endpoint, f"LIST {place}") as (at, call):
            call.sending = True
            found = [
                self._file(step, place, one) for one in at.entries(place.path()) if one.regular
            ]
            files = sorted((one for one in found if one), key=lambda one: one.name)
            lines = "".join(f"{one.size} {one.modified} {one.name}\n" for one in files)
            call.came += lines.encode()
        return tuple(files)

    def get_file(self, step: str, *, endpoint: str, folder: str, name: str) -> bytes:
        """See Line.get_file."""
        place = self._place(endpoint, folder)
        path = place.path(name)
        with self._call(step, endpoint, f"GET {place}/{name}") as (at, call):
            call.sending = True
            before = at.stat(path)
            if before is None or not before.regular:
                raise FileMissing(f"there is no file {name}")
            if before.size > place.terms.largest:
                raise FileTooLong(f"{name} has {before.size} bytes, {place.terms.largest} at most")
            call.came += at.read(path, before.size)
            after = at.stat(path)
            # Also when only its time changed: somebody wrote over it.
            if after != before or len(call.came) != before.size:
                raise FileGrowing(
                    f"{name}: {before.size} bytes before, {len(call.came)} read, "
                    f"{'none' if after is None else after.size} after"
                )
            return bytes(call.came)

    def move_file(
        self, step: str, *, endpoint: str, folder: str, name: str, to: str, effect: bool = False
    ) -> None:
        """See Line.move_file."""
        place, target = self._place(endpoint, folder), self._place(endpoint, to)
        told = f"MOVE {place}/{name} TO {to}"
        with self._call(step, endpoint, told, effect=effect) as (at, call):
            source, path = place.path(name), target.path(name)
            if at.stat(source) is None:
                raise FileMissing(f"there is no file {name}")
            there = at.stat(path)
            if there is not None and not _same(at, path, there, _content(at, source, place.terms)):
                raise FileConflict(f"{name} lies in {to} already, with other content")
            call.sending = True
            if there is None:
                at.rename(source, path)
            else:
                at.remove(source)

    def _place(self, endpoint: str, folder: str) -> "_Place":
        if endpoint not in self.partner.addresses:
            raise Misconfigured(f"hub.toml names no address for the endpoint {endpoint!r}")
        terms = self.partner.access[endpoint].terms
        return _Place(self.partner.addresses[endpoint], terms, _folder(folder))

    @contextmanager
    def _call(
        self, step: str, endpoint: str, target: str, content: bytes = b"", *, effect: bool = False
    ) -> Iterator[tuple["Session", OpenCall]]:
        who = self.partner.credentials(endpoint)
        call = OpenCall.begin(
            self.recorder, step, effect=effect, target=target, request=content,
            timeout_s=self.partner.timeout_s,
        )  # fmt: skip
        try:
            with self.partner.session(endpoint, who) as at:
                yield at, call
        # paramiko raises whatever the bytes of a foreign server make it raise.
        except Exception as error:
            raise _ended(error, call) from error
        call.answered()

    def _file(self, step: str, place: "_Place", one: "Entry") -> RemoteFile | None:
        try:
            return RemoteFile(_plain(place.charset.decode(one.name)), one.size, one.modified)
        except (BadText, BadFileName):
            found = shape(one.name.decode("latin-1"))
            self.drift.note(f"{step}/name", f"a plain name in {place.charset.declared}", found)
            return None


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder of an endpoint; its names in the contract's charset."""

    address: SftpAddress
    terms: SftpTerms
    folder: str

    @property
    def charset(self) -> Charset:
        return self.terms.names

    def path(self, name: str | None = None) -> bytes:
        """What the server is told.  Raises BadFileName."""
        parts = (self.address.base, self.folder, "" if name is None else _plain(name))
        try:
            return self.charset.encode("/".join(one for one in parts if one) or ".")
        except BadText as error:
            raise BadFileName(error.message) from None

    def __str__(self) -> str:
        return f"{self.address}/{self.folder}".rstrip("/")


@dataclass(slots=True)
class _Put:
    """One upload, step by step."""

    at: "Session"
    call: OpenCall
    place: _Place
    name: str
    content: bytes

    def done(self) -> FilePut:
        path = self.place.path(self.name)
        there = self.at.stat(path)
        if there is not None:
            return self._already(path, there)
        temporary = self._uploaded()
        self.call.sending = True  # from here on the partner may have it
        try:
            self.at.rename(temporary, path)
        except OSError as error:
            return self._refused(error, temporary, path)
        return self._seen(path, already=False)

    def _uploaded(self) -> bytes:
        from hub.wire.sftp_session import chance  # noqa: PLC0415

        name = self.place.terms.temporary.format(name=self.name, chance=chance())
        path = self.place.path(name)
        try:
            self.at.write(path, self.content)
            there = self.at.stat(path)
            if there is None or there.size != len(self.content):
                size = None if there is None else there.size
                raise LineNotSent(f"{len(self.content)} bytes were sent, {size} have arrived")
        except Exception:
            with suppress(Exception):
                self.at.remove(path)
            raise
        return path

    def _refused(self, error: OSError, temporary: bytes, path: bytes) -> FilePut:
        """The server says no to the rename: a file of that name came meanwhile, or its rules."""
        from hub.wire.sftp_session import ServerRefusal  # noqa: PLC0415

        if not isinstance(error, ServerRefusal):
            raise error
        there, kept = self.at.stat(path), self.at.stat(temporary)
        if kept is not None:
            with suppress(OSError):
                self.at.remove(temporary)
        if there is not None:
            return self._already(path, there)
        if kept is not None:
            self.call.sending = False  # still under its temporary name: nobody has taken it
            raise LineNotSent(f"the server does not rename {self.name}") from error
        raise LineUnknown(f"{self.name}: the rename was refused and the file is gone") from error

    def _already(self, path: bytes, there: "Entry") -> FilePut:
        self.call.sending = True  # an earlier attempt's, or another's: nobody knows what came of it
        if not _same(self.at, path, there, self.content):
            raise FileConflict(f"{self.name} is there already, with other content")
        return self._seen(path, already=True)

    def _seen(self, path: bytes, *, already: bool) -> FilePut:
        there = self.at.stat(path)
        if there is not None and there.size != len(self.content):
            raise LineUnknown(
                f"{self.name} has {there.size} bytes at its destination, not {len(self.content)}"
            )
        digest = ""
        if there is not None and self.place.terms.read_back:
            read = self.at.read(path, there.size)
            digest = sm3_hex(read)
            if read != self.content:
                raise LineUnknown(f"{self.name} reads back otherwise than it was sent")
        seen = f"{len(self.content)} {digest or '-'} {'already' if already else 'put'}\n"
        self.call.came += seen.encode()
        return FilePut(
            self.name, len(self.content), already=already, seen=there is not None, digest=digest
        )


def _ended(error: Exception, call: OpenCall) -> Exception:
    """The call's record, and what to raise."""
    from hub.wire.sftp_session import ServerRefusal  # noqa: PLC0415

    if isinstance(error, ServerRefusal):
        kind = FileMissing if error.missing else FileRefused
        error = kind(str(error))
    return call.stopped(error) if isinstance(error, HubError) else call.broken(error)


def _content(at: "Session", path: bytes, terms: SftpTerms) -> bytes:
    there = at.stat(path)
    if there is None or there.size > terms.largest:
        raise FileTooLong("a file that is longer than any of its contract")
    return at.read(path, there.size)


def _same(at: "Session", path: bytes, there: "Entry", content: bytes) -> bool:
    return there.size == len(content) and at.read(path, there.size) == content


def _folder(folder: str) -> str:
    return "/".join(_plain(part) for part in folder.split("/")) if folder else ""


def _plain(name: str) -> str:
    """A name that leads nowhere else.  Raises BadFileName."""
    if not name.strip(". ") or _UNSAFE.search(name) or len(name) > _LONGEST_NAME:
        raise BadFileName(f"{shape(name)} is no plain file name")
    return name
