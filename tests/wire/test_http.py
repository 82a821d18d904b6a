"""The HTTP line against real sockets that misbehave: what is certain, what is recorded."""

import socket
import threading
import time

import pytest

from hub.kernel.errors import Misconfigured
from hub.ports.line import LineNotSent, LineUnknown
from hub.wire import CallOutcome, HttpPartner
from tests.wire.kit import OK, Ear, answering, post, read_request, server


class TestAnswered:
    def test_what_goes_and_what_comes_is_recorded(self) -> None:
        seen: list[bytes] = []
        ear = Ear()
        with (
            server(answering(OK, seen=seen)) as url,
            HttpPartner({"nc": url + "/"}, timeout_s=2) as partner,
        ):
            reply = partner.open_line(ear).post(
                "PAY",
                endpoint="nc",
                path="/servlet",
                body=b"\xff\x00",
                headers={"Content-Type": "INFOSEC_SIGN/1.0"},
                query={"userID": "a b"},
                effect=True,
            )
        assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"ok", "2")
        assert seen[0].startswith(b"POST /servlet?userID=a+b HTTP/1.1") or seen[0].startswith(
            b"POST /servlet?userID=a%20b HTTP/1.1"
        )
        assert b"INFOSEC_SIGN/1.0" in seen[0]
        assert ear.told == [("PAY", True, 2)]
        (record,) = ear.records
        assert (record.outcome, record.status, record.request, record.reply) == (
            CallOutcome.ANSWERED, 200, b"\xff\x00", b"ok",
        )  # fmt: skip
        assert "a b" not in record.target
        assert record.ended_us >= record.started_us > 0

    @pytest.mark.parametrize("status", ["302 Found\r\nLocation: http://127.0.0.1:1/", "500 No"])
    def test_any_status_is_an_answer_and_redirects_are_not_followed(self, status: str) -> None:
        ear = Ear()
        answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
        with server(answering(answer)) as url:
            assert post(url, ear) == b""
        assert ear.records[0].status == int(status[:3])

    def test_the_environment_s_proxy_is_not_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
        with server(answering(OK)) as url:
            assert post(url, Ear()) == b"ok"

    def test_a_connection_is_kept_for_the_next_call(self) -> None:
        connections: list[int] = []

        def serve(connection: socket.socket) -> None:
            connections.append(1)
            for _ in range(2):
                read_request(connection)
                connection.sendall(OK)

        with server(serve) as url, HttpPartner({"nc": url}) as partner:
            for _ in range(2):
                line = partner.open_line(Ear())
                assert line.post("A", endpoint="nc", path="/", body=b"x").body == b"ok"
        assert len(connections) == 1

    def test_a_connection_the_partner_has_closed_is_not_written_to(self) -> None:
        """Every answer closes without saying so: a kept connection must be seen as dead."""
        with server(answering(OK)) as url, HttpPartner({"nc": url}) as partner:
            for _ in range(10):
                line = partner.open_line(Ear())
                assert line.post("A", endpoint="nc", path="/", body=b"x").body == b"ok"
                time.sleep(0.02)


class TestNotSent:
    def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        ear = Ear()
        with pytest.raises(LineNotSent):
            post(f"http://127.0.0.1:{port}", ear)
        assert ear.records[0].outcome is CallOutcome.NOT_SENT
        assert ear.records[0].request == b"hello"

    def test_a_name_nobody_knows(self) -> None:
        with pytest.raises(LineNotSent):
            post("http://nobody.invalid", Ear())

    def test_every_connection_is_busy(self) -> None:
        release = threading.Event()

        def serve(connection: socket.socket) -> None:
            read_request(connection)
            release.wait(5)
            connection.sendall(OK)

        with (
            server(serve) as url,
            HttpPartner({"nc": url}, timeout_s=5, connect_s=0.2, connections=1) as partner,
        ):
            first = threading.Thread(
                target=lambda: partner.open_line(Ear()).post(
                    "A", endpoint="nc", path="/", body=b"x"
                )
            )
            first.start()
            time.sleep(0.2)
            with pytest.raises(LineNotSent):
                partner.open_line(Ear()).post("B", endpoint="nc", path="/", body=b"x")
            release.set()
            first.join()

    def test_a_handshake_that_fails(self) -> None:
        ear = Ear()
        with server(answering(OK)) as url, pytest.raises(LineNotSent):
            post(url.replace("http:", "https:"), ear)
        assert ear.records[0].outcome is CallOutcome.NOT_SENT

    def test_a_handshake_that_never_ends(self) -> None:
        began = time.monotonic()
        with server(lambda _: time.sleep(5)) as url, pytest.raises(LineNotSent):
            post(url.replace("http:", "https:"), Ear(), timeout_s=0.3)
        assert time.monotonic() - began < 1.5

    def test_the_recorder_says_no(self) -> None:
        seen: list[bytes] = []
        ear = Ear(refuse=Misconfigured("no"))
        with server(answering(OK, seen=seen)) as url, pytest.raises(Misconfigured):
            post(url, ear)
        assert (seen, ear.records) == ([], [])

    def test_an_endpoint_nobody_configured(self) -> None:
        ear = Ear()
        with HttpPartner({"nc": "http://127.0.0.1:1"}) as partner, pytest.raises(Misconfigured):
            partner.open_line(ear).post("A", endpoint="sign", path="/", body=b"")
        assert ear.told == []

    @pytest.mark.parametrize("url", ["ftp://bank", "bank:80", ""])
    def test_an_address_that_is_none(self, url: str) -> None:
        with pytest.raises(Misconfigured):
            HttpPartner({"nc": url})


class TestUnknown:
    @pytest.mark.parametrize(
        "parts",
        [
            (),
            (b"HTTP/1.1 200 OK\r\nContent-",),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",),
            (b"\x00\x01garbage\r\n\r\n",),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",),
        ],
        ids=["closed", "half a head", "half a body", "garbage", "bad chunk"],
    )
    def test_an_answer_that_breaks(self, parts: tuple[bytes, ...]) -> None:
        ear = Ear()
        with server(answering(*parts)) as url, pytest.raises(LineUnknown):
            post(url, ear)
        assert ear.records[0].outcome is CallOutcome.UNKNOWN
        assert ear.records[0].error

    def test_half_a_body_is_kept_as_evidence(self) -> None:
        ear = Ear()
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<half"
        with server(answering(half)) as url, pytest.raises(LineUnknown):
            post(url, ear)
        assert (ear.records[0].reply, ear.records[0].status) == (b"<half", 200)

    def test_a_reset_after_the_request(self) -> None:
        def serve(connection: socket.socket) -> None:
            read_request(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

        with server(serve) as url, pytest.raises(LineUnknown):
            post(url, Ear())

    def test_a_reset_in_the_middle_of_the_request(self) -> None:
        def serve(connection: socket.socket) -> None:
            connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

        with server(serve) as url, pytest.raises(LineUnknown):
            post(url, Ear(), body=b"x" * 20_000_000)

    def test_silence(self) -> None:
        began = time.monotonic()
        with server(answering(b"", pause=5)) as url, pytest.raises(LineUnknown):
            post(url, Ear(), timeout_s=0.3)
        assert 0.2 < time.monotonic() - began < 1.5


class TestDeadline:
    """A partner that always sends a little more must not outlive the lease."""

    def test_a_body_that_drips(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        with server(answering(head, *[b"x"] * 100, pause=0.1)) as url:
            self._is_cut(url)

    def test_a_head_that_drips(self) -> None:
        with server(answering(*[b"H", b"T", b"T", b"P"] * 25, pause=0.1)) as url:
            self._is_cut(url)

    def test_a_partner_that_reads_slowly(self) -> None:
        def serve(connection: socket.socket) -> None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            while connection.recv(4096):
                time.sleep(0.01)

        with server(serve) as url:
            self._is_cut(url, body=b"x" * 50_000_000)

    def _is_cut(self, url: str, body: bytes = b"") -> None:
        began = time.monotonic()
        with pytest.raises(LineUnknown):
            post(url, Ear(), timeout_s=0.5, body=body)
        assert 0.4 < time.monotonic() - began < 1.5

    def test_other_threads_have_their_own(self) -> None:
        with server(answering(OK, pause=0)) as url, HttpPartner({"nc": url}) as partner:
            with partner.deadline.within(-1):
                got: list[bytes] = []
                other = threading.Thread(
                    target=lambda: got.append(
                        partner.open_line(Ear()).post("A", endpoint="nc", path="/", body=b"x").body
                    )
                )
                other.start()
                other.join()
            assert got == [b"ok"]
