"""One partner, whatever its endpoints speak: the scheme of an address says which wire."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from hub.kernel.errors import Misconfigured
from hub.ports.line import DriftNotes, FilePut, HttpReply, RemoteFile
from hub.wire.calls import MAX_REPLY
from hub.wire.folder import FolderLine, FolderPartner
from hub.wire.framed import FramedPartner
from hub.wire.http import HttpPartner
from hub.wire.recorder import CallRecorder
from hub.wire.sftp import SftpLine
from hub.wire.sftp_partner import SftpAccess, SftpPartner
from hub.wire.trust import Sightings

SCHEMES: Mapping[str, str] = {
    "http": "http", "https": "http", "tcp": "framed", "tls": "framed", "sftp": "sftp",
    "file": "folder",
}  # fmt: skip
"""An address's scheme → the wire it is spoken over."""


class PartnerWire:
    """The connections to one partner; shared by threads, closed once.

    Parameters as ``HttpPartner``'s; ``timeout_s``, ``connections`` and ``max_reply`` hold for
    each wire.  ``access``: what each SFTP endpoint is entered with.  Raises Misconfigured for an
    address no wire speaks.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str],
        access: Mapping[str, SftpAccess] | None = None,
        *,
        timeout_s: float = 30.0,
        connect_s: float = 5.0,
        connections: int = 8,
        context: ssl.SSLContext | None = None,
        max_reply: int = MAX_REPLY,
    ) -> None:
        self.sightings = Sightings()
        self._wires = {name: _wire(name, url) for name, url in endpoints.items()}

        def spoken(wire: str) -> dict[str, str]:
            return {name: url for name, url in endpoints.items() if self._wires[name] == wire}

        self.http = HttpPartner(
            spoken("http"), timeout_s=timeout_s, connect_s=connect_s, connections=connections,
            context=context, max_reply=max_reply, sightings=self.sightings,
        )  # fmt: skip
        self.framed = FramedPartner(
            spoken("framed"), timeout_s=timeout_s, connect_s=connect_s, connections=connections,
            context=context, max_reply=max_reply, sightings=self.sightings,
        )  # fmt: skip
        self.files = SftpPartner(
            spoken("sftp"), access or {}, timeout_s=timeout_s, connect_s=connect_s,
            connections=connections, sightings=self.sightings,
        )  # fmt: skip
        self.folders = FolderPartner(spoken("folder"), timeout_s=timeout_s)

    def open_line(self, recorder: CallRecorder) -> "WireLine":
        """A line for one attempt."""
        return WireLine(self, recorder)

    def close(self) -> None:
        """Close every connection."""
        self.http.close()
        self.framed.close()
        self.files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def speaks(self, endpoint: str, wire: str) -> bool:
        """Whether the endpoint's address is of this wire."""
        return self._wires.get(endpoint) == wire

    def require(self, endpoint: str, wire: str) -> None:
        """Raises Misconfigured when the endpoint's address is of another wire."""
        spoken = self._wires.get(endpoint, wire)  # one without an address is told by its wire
        if spoken != wire:
            raise Misconfigured(f"hub.toml: the address of {endpoint} is {spoken}, not {wire}")


@dataclass(slots=True)
class WireLine:
    """One attempt's way to one partner (``hub.ports.line.Line``)."""

    partner: PartnerWire
    recorder: CallRecorder
    drift: DriftNotes = field(default_factory=DriftNotes)

    def post(
        self,
        step: str,
        *,
        endpoint: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        effect: bool = False,
    ) -> HttpReply:
        """See Line.post."""
        self.partner.require(endpoint, "http")
        return self.partner.http.open_line(self.recorder).post(
            step, endpoint=endpoint, path=path, body=body, headers=headers, query=query,
            effect=effect,
        )  # fmt: skip

    def exchange(
        self,
        step: str,
        *,
        endpoint: str,
        request: bytes,
        head: int,
        length_of: Callable[[bytes], int],
        effect: bool = False,
    ) -> bytes:
        """See Line.exchange."""
        self.partner.require(endpoint, "framed")
        return self.partner.framed.open_line(self.recorder).exchange(
            step, endpoint=endpoint, request=request, head=head, length_of=length_of,
            effect=effect,
        )  # fmt: skip

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
        return self._files(endpoint).put_file(
            step, endpoint=endpoint, folder=folder, name=name, content=content, effect=effect
        )

    def list_files(self, step: str, *, endpoint: str, folder: str) -> tuple[RemoteFile, ...]:
        """See Line.list_files."""
        return self._files(endpoint).list_files(step, endpoint=endpoint, folder=folder)

    def get_file(self, step: str, *, endpoint: str, folder: str, name: str) -> bytes:
        """See Line.get_file."""
        return self._files(endpoint).get_file(step, endpoint=endpoint, folder=folder, name=name)

    def move_file(
        self, step: str, *, endpoint: str, folder: str, name: str, to: str, effect: bool = False
    ) -> None:
        """See Line.move_file."""
        self._files(endpoint).move_file(
            step, endpoint=endpoint, folder=folder, name=name, to=to, effect=effect
        )

    def _files(self, endpoint: str) -> SftpLine | FolderLine:
        if self.partner.speaks(endpoint, "folder"):
            return FolderLine(self.partner.folders, self.recorder)
        self.partner.require(endpoint, "sftp")
        return SftpLine(self.partner.files, self.recorder, self.drift)


def _wire(name: str, url: str) -> str:
    scheme, mark, _ = url.partition("://")
    if not mark or scheme not in SCHEMES:
        known = ", ".join(f"{one}://" for one in SCHEMES)
        raise Misconfigured(f"endpoint {name}: {url!r} is no address of {known}")
    return SCHEMES[scheme]
