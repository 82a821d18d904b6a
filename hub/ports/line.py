"""The line: the one way an adapter reaches its partner.

The bus opens a line for one attempt, after that attempt is stored, and stores a record of
every call made through it.  An adapter marks the one call that has the **effect**: what fails
before it was not sent; what fails in it, or after, is unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hub.kernel.errors import HubError, Refused, Retry, Unavailable


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An HTTP answer as it came: status, headers (lower-case names), body bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class LineNotSent(Unavailable):
    """The partner could not be reached; for certain nothing was sent."""

    code = "line.not_sent"
    hint = "Is the partner up, is its address in hub.toml right? The hub tries again by itself."


class LineUnknown(HubError):
    """The call broke after it may have been received."""

    code = "line.unknown"
    status = 502
    retry = Retry.INQUIRE_FIRST
    hint = "Never send it again by hand: the hub asks the partner what became of it."


class ReplyUnreadable(HubError):
    """The partner's answer is not what its contract says."""

    code = "line.reply_unreadable"
    status = 502
    retry = Retry.INQUIRE_FIRST
    hint = "See the drift rows of this interface; send the raw answer to the partner's engineers."


class ReplyTooLong(ReplyUnreadable):
    """The partner's answer is longer than any answer of its contract."""

    code = "line.reply_too_long"


class PartnerRefused(Refused):
    """The partner refused the whole call.

    ``final`` says whether the contract's code table marks the partner's code final: a refusal
    that is not final leaves the outcome unknown.
    """

    code = "line.partner_refused"
    status = 502
    hint = "Look the partner's code up in its contract page; it names what to do."

    def __init__(self, partner_code: str, text: str, *, final: bool) -> None:
        super().__init__(f"partner refused with {partner_code}: {text}")
        self.partner_code = partner_code
        self.text = text
        self.final = final


class HostKeyRefused(LineNotSent):
    """The server's host key is not the one in our known-hosts file; nothing was sent."""

    code = "line.host_key_refused"
    retry = Retry.AFTER_REPAIR
    hint = (
        "Ask the partner, by a way other than this line, what its new host key is; only then put "
        "it into the known-hosts file. Somebody may stand between."
    )


class LoginRefused(LineNotSent):
    """The server did not take our user name with our key or password; nothing was sent."""

    code = "line.login_refused"
    retry = Retry.AFTER_REPAIR
    hint = "Compare user name and key with what the partner has registered for us."


class CertificateUnknown(LineNotSent):
    """The partner's certificate is signed by no authority we trust; nothing was sent."""

    code = "line.certificate_unknown"
    retry = Retry.AFTER_REPAIR
    hint = (
        "Ask the partner, by another way than this line, which authority signs it now; put that "
        "into the file of tls.authorities in hub.toml. Somebody may stand between."
    )


class CertificateExpired(LineNotSent):
    """The partner's certificate is not valid at this time; nothing was sent."""

    code = "line.certificate_expired"
    retry = Retry.AFTER_REPAIR
    hint = "Tell the partner to renew it; is this machine's own clock right?"


class CertificateWrongName(LineNotSent):
    """The partner's certificate is for another host; nothing was sent."""

    code = "line.certificate_wrong_name"
    retry = Retry.AFTER_REPAIR
    hint = "The address in hub.toml must be a name that the certificate bears. Never switch it off."


class ClientCertificateRefused(LineNotSent):
    """The partner does not take our client certificate; nothing was sent."""

    code = "line.client_certificate_refused"
    retry = Retry.AFTER_REPAIR
    hint = (
        "Compare tls.certificate in hub.toml with what the partner has registered for us; "
        "`hub expiry list` shows until when it is valid."
    )


class FileRefused(HubError):
    """The server answered that it will not do this with that file."""

    code = "line.file_refused"
    status = 502
    hint = "Permissions, quota or a missing folder on the partner's server: tell its engineers."


class FileMissing(FileRefused):
    """There is no file of that name."""

    code = "line.file_missing"
    retry = Retry.LATER
    hint = "It may come later; the hub asks again by itself."


class FileGrowing(HubError):
    """The file changed while it was read; nothing of it counts."""

    code = "line.file_growing"
    status = 502
    retry = Retry.LATER
    hint = "The partner is still writing it; the hub reads it again by itself."


class FileConflict(HubError):
    """A file of that name with other content is there already; it was not touched."""

    code = "line.file_conflict"
    status = 502
    retry = Retry.INQUIRE_FIRST
    hint = "Never send it under another name: first find out what the partner made of that one."


class FileTooLong(ReplyUnreadable):
    """The file is longer than any file of the contract."""

    code = "line.file_too_long"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A regular file in a partner's folder; ``modified`` is its server's time, seconds, 0 where
    it does not say."""

    name: str
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class FilePut:
    """A file that is at its destination under its final name.

    ``already``: it was there before, byte for byte, and nothing was sent.  ``seen``: its size was
    read there afterwards; False when the partner had taken it away by then.  ``digest``: SM3, in
    hex, of the bytes read back from there; empty where the contract does not ask for that.
    """

    name: str
    size: int
    already: bool
    seen: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Drift:
    """One place where what was said differs from the contract.

    ``place`` is a path in the contract (``PAYENT.reply/rd/Result``); ``found`` is masked.
    """

    place: str
    expected: str
    found: str


@dataclass(slots=True)
class DriftNotes:
    """Collects drifts during one attempt; the bus stores them afterwards."""

    drifts: list[Drift] = field(default_factory=list)

    def note(self, place: str, expected: str, found: str) -> None:
        """Note one mismatch.  Never raises: drift is a row on a page, not a crash."""
        self.drifts.append(Drift(place, expected, found))


class Line(Protocol):
    """One attempt's way to one partner.  Not shared between threads."""

    drift: DriftNotes

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
        """POST ``body`` and return the answer, whatever its status.

        ``step`` names the call in the record (``sign``, ``PAYENT``); ``endpoint`` is a name
        from the contract, resolved to a base URL by the deployment.  The timeout is the
        contract's.  Raises LineNotSent or LineUnknown.
        """
        ...

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
        """Send one whole frame over a connection of its own; return the whole frame answered.

        ``head`` is how many bytes the answer's head has; ``length_of(head)`` says how many
        follow it, and raises ReplyUnreadable or ValueError for bytes that are no head.  Step,
        endpoint and timeout as ``post``.  Raises LineNotSent (not connected, TLS not made: for
        certain nothing left), LineUnknown (anything after the first byte was handed over, an
        end in the middle of the answer included), ReplyUnreadable (no head, bytes beyond what
        it announces), ReplyTooLong.
        """
        ...

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
        """Upload under a temporary name, check its size, rename to ``name``.

        ``folder`` is relative to the endpoint's, ``/`` between its parts.  Until the rename
        nothing took effect: what fails before is LineNotSent; in or after it, LineUnknown.  An
        identical file of that name is a delivery; another one raises FileConflict and stays as it
        is.
        """
        ...

    def list_files(self, step: str, *, endpoint: str, folder: str) -> tuple[RemoteFile, ...]:
        """The regular files of a folder, by name.

        Names that are no plain names, or not in the contract's charset, are noted as drift and
        left out.  Raises FileMissing (no such folder), LineNotSent, LineUnknown.
        """
        ...

    def get_file(self, step: str, *, endpoint: str, folder: str, name: str) -> bytes:
        """A whole file that did not change while it was read.

        Raises FileMissing, FileGrowing, FileTooLong, LineNotSent, LineUnknown.
        """
        ...

    def move_file(
        self, step: str, *, endpoint: str, folder: str, name: str, to: str, effect: bool = False
    ) -> None:
        """Acknowledge a file that was picked up: rename it into the folder ``to``.

        Where an identical file lies there already, this one is removed.  Raises FileMissing,
        FileConflict (another one lies there; both stay), LineNotSent, LineUnknown.
        """
        ...
