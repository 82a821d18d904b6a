"""Servers on real sockets that answer as they are told, and an ear for what the line tells."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.kernel.errors import HubError
from hub.wire import CallRecord, HttpPartner

Serve = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def server(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A listening socket whose every connection is given to ``serve``."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def accept() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                serve(connection)
            except OSError:
                pass
            finally:
                connection.close()

    threading.Thread(target=accept, daemon=True).start()
    scheme = "http" if context is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def self_signed(folder: Path, address: str = "127.0.0.1") -> Path:
    """A self-signed certificate for ``address`` with its key, one PEM."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", folder / "key", "-out", folder / "cert", "-days", "2",
            "-subj", "/CN=bank", "-addext", f"subjectAltName=IP:{address}",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    both = folder / f"{address}.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return both


def shown_by(certificate: Path) -> ssl.SSLContext:
    """A server's side of TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(*parts: bytes, pause: float = 0, seen: list[bytes] | None = None) -> Serve:
    """Reads a request, answers in parts with a pause between, closes."""

    def serve(connection: socket.socket) -> None:
        request = read_request(connection)
        if seen is not None:
            seen.append(request)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return serve


class Ear:
    """Keeps what the line tells."""

    def __init__(self, refuse: HubError | None = None) -> None:
        self.told: list[tuple[str, bool, float]] = []
        self.records: list[CallRecord] = []
        self.refuse = refuse

    def before(self, step: str, *, effect: bool, timeout_s: float) -> None:
        self.told.append((step, effect, timeout_s))
        if self.refuse:
            raise self.refuse

    def after(self, record: CallRecord) -> None:
        self.records.append(record)


def post(url: str, ear: Ear, *, body: bytes = b"hello", **more: object) -> bytes:
    values: dict[str, object] = {"timeout_s": 1.0} | more
    with HttpPartner({"nc": url}, **values) as partner:  # type: ignore[arg-type]
        line = partner.open_line(ear)
        return line.post("PAY", endpoint="nc", path="/p", body=body, effect=True).body
