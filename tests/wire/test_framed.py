"""Framed TCP against real sockets that misbehave: what is certain, what is recorded."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.errors import Misconfigured
from hub.ports.line import LineNotSent, LineUnknown, ReplyUnreadable
from hub.wire import CallOutcome, PartnerWire, ReplyTooLong, trust_store
from hub.wire.framed import Address
from tests.wire.kit import OK, Ear, Serve, self_signed, server, shown_by
from tests.wire.kit import answering as web

HEAD = 7
RESET = b"\x01\0\0\0\0\0\0\0"


def frame(body: bytes, length: str | None = None) -> bytes:
    """A flag and six characters of length, as 农业银行 frames."""
    said = str(len(body)) if length is None else length
    return f"0{said:<6}".encode() + body


def length_of(head: bytes) -> int:
    if not re.fullmatch(rb"[01]-?[0-9]+ *", head):
        raise ReplyUnreadable("no head")
    return int(head[1:])


def exchange(url: str, ear: Ear, *, body: bytes = b"<ap/>", **more: object) -> bytes:
    values: dict[str, object] = {"timeout_s": 1.0} | more
    with PartnerWire({"front": url}, **values) as partner:  # type: ignore[arg-type]
        return partner.open_line(ear).exchange(
            "PAY", endpoint="front", request=frame(body), head=HEAD, length_of=length_of,
            effect=True,
        )  # fmt: skip


def read_frame(connection: socket.socket) -> bytes:
    data = b""
    while len(data) < HEAD or len(data) < HEAD + length_of(data[:HEAD]):
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def answering(*parts: bytes, pause: float = 0, seen: list[bytes] | None = None) -> Serve:
    def serve(connection: socket.socket) -> None:
        request = read_frame(connection)
        if seen is not None:
            seen.append(request)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return serve


@contextmanager
def bank(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[str]:
    with server(serve, context) as url:
        yield url.replace("https:", "tls:").replace("http:", "tcp:")


def outcome(ear: Ear) -> CallOutcome:
    (record,) = ear.records
    return record.outcome


class TestAnswered:
    def test_what_goes_and_what_comes_is_recorded(self) -> None:
        seen: list[bytes] = []
        ear = Ear()
        answer = frame("<ap>唐𬭩</ap>".encode("gb18030"))
        parts = [answer[:3], answer[3:12], answer[12:]]
        with bank(answering(*parts, pause=0.02, seen=seen)) as url:
            assert exchange(url, ear) == answer
        assert seen == [b"05     <ap/>"]
        assert ear.told == [("PAY", True, 1.0)]
        (record,) = ear.records
        assert (record.outcome, record.status, record.request, record.reply, record.error) == (
            CallOutcome.ANSWERED, 0, b"05     <ap/>", answer, "",
        )  # fmt: skip
        assert record.target == url.replace("tcp://", "TCP ")
        assert record.ended_us >= record.started_us > 0

    def test_a_partner_that_leaves_the_closing_to_us_is_not_waited_for(self) -> None:
        began = time.monotonic()
        with bank(answering(frame(b"ok"), pause=3)) as url:
            assert exchange(url, Ear()) == frame(b"ok")
        assert time.monotonic() - began < 0.8

    def test_a_reset_behind_a_whole_answer_takes_nothing_away(self) -> None:
        def serve(connection: socket.socket) -> None:
            read_frame(connection)
            connection.sendall(frame(b"ok"))
            time.sleep(0.02)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

        with bank(serve) as url:
            assert exchange(url, Ear()) == frame(b"ok")

    def test_a_body_of_nothing(self) -> None:
        with bank(answering(frame(b""))) as url:
            assert exchange(url, Ear()) == frame(b"")

    def test_one_line_speaks_to_endpoints_of_several_wires(self) -> None:
        with (
            bank(answering(frame(b"ok"))) as tcp,
            server(web(OK)) as http,
            PartnerWire({"front": tcp, "web": http}, timeout_s=2) as partner,
        ):
            line = partner.open_line(Ear())
            asked = {"request": frame(b"?"), "head": HEAD, "length_of": length_of}
            assert line.exchange("A", endpoint="front", **asked) == frame(b"ok")
            assert line.post("B", endpoint="web", path="/", body=b"x").body == b"ok"
            with pytest.raises(Misconfigured):
                line.post("B", endpoint="front", path="/", body=b"x")
            with pytest.raises(Misconfigured):
                line.exchange("A", endpoint="web", **asked)


class TestNotSent:
    def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        ear = Ear()
        with pytest.raises(LineNotSent):
            exchange(f"tcp://127.0.0.1:{port}", ear)
        assert outcome(ear) is CallOutcome.NOT_SENT
        assert ear.records[0].request == frame(b"<ap/>")

    @pytest.mark.parametrize("host", ["nobody.invalid", "no..body"])
    def test_a_name_nobody_knows(self, host: str) -> None:
        ear = Ear()
        with pytest.raises(LineNotSent):
            exchange(f"tcp://{host}:1", ear)
        assert outcome(ear) is CallOutcome.NOT_SENT

    def test_every_connection_is_busy(self) -> None:
        release, reached = threading.Event(), threading.Event()

        def serve(connection: socket.socket) -> None:
            read_frame(connection)
            reached.set()
            release.wait(5)
            connection.sendall(frame(b"ok"))

        with (
            bank(serve) as url,
            PartnerWire({"front": url}, timeout_s=5, connect_s=0.1, connections=1) as partner,
        ):

            def ask(step: str, ear: Ear) -> bytes:
                return partner.open_line(ear).exchange(
                    step, endpoint="front", request=frame(b"?"), head=HEAD, length_of=length_of
                )

            first = threading.Thread(target=ask, args=("A", Ear()))
            first.start()
            assert reached.wait(5)
            ear = Ear()
            with pytest.raises(LineNotSent):
                ask("B", ear)
            assert outcome(ear) is CallOutcome.NOT_SENT
            release.set()
            first.join()
            assert ask("C", Ear()) == frame(b"ok")

    def test_the_recorder_says_no(self) -> None:
        seen: list[bytes] = []
        ear = Ear(refuse=Misconfigured("no"))
        with bank(answering(frame(b"ok"), seen=seen)) as url, pytest.raises(Misconfigured):
            exchange(url, ear)
        assert (seen, ear.records) == ([], [])

    @pytest.mark.parametrize(
        "url", ["ftp://bank:1", "bank:80", "", "tcp://bank", "tcp://bank:x", "tcp://b:1/path"]
    )
    def test_an_address_that_is_none(self, url: str) -> None:
        with pytest.raises(Misconfigured):
            PartnerWire({"front": url})

    def test_addresses_as_they_are_shown(self) -> None:
        assert str(Address.of("front", "tls://[::1]:7001/")) == "TLS [::1]:7001"
        with PartnerWire({}) as partner, pytest.raises(Misconfigured):
            partner.open_line(Ear()).exchange(
                "A", endpoint="front", request=b"", head=HEAD, length_of=length_of
            )


class TestUnknown:
    @pytest.mark.parametrize(
        "parts", [(), (b"01",), (frame(b"<ap>", "100"),)], ids=["closed", "half a head", "half"]
    )
    def test_an_answer_that_ends_in_the_middle(self, parts: tuple[bytes, ...]) -> None:
        ear = Ear()
        with bank(answering(*parts)) as url, pytest.raises(LineUnknown):
            exchange(url, ear)
        assert outcome(ear) is CallOutcome.UNKNOWN
        assert (ear.records[0].reply, ear.records[0].error != "") == (b"".join(parts), True)

    @pytest.mark.parametrize("sent", [b"", b"01", frame(b"<ap>", "100")])
    def test_a_reset_after_the_request(self, sent: bytes) -> None:
        def serve(connection: socket.socket) -> None:
            read_frame(connection)
            connection.sendall(sent)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

        ear = Ear()
        with bank(serve) as url, pytest.raises(LineUnknown):
            exchange(url, ear)
        assert outcome(ear) is CallOutcome.UNKNOWN

    def test_a_reset_in_the_middle_of_the_request(self) -> None:
        def serve(connection: socket.socket) -> None:
            connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

        ear = Ear()
        with bank(serve) as url, pytest.raises(LineUnknown):
            exchange(url, ear, body=b"x" * 20_000_000)
        assert outcome(ear) is CallOutcome.UNKNOWN

    def test_a_reset_before_anything_is_read(self) -> None:
        """It may be seen while connecting or only after writing: what is told has to agree."""

        def serve(connection: socket.socket) -> None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

        ear = Ear()
        with bank(serve) as url, pytest.raises((LineNotSent, LineUnknown)) as told:
            exchange(url, ear)
        assert (outcome(ear) is CallOutcome.NOT_SENT) == isinstance(told.value, LineNotSent)


class TestUnreadable:
    @pytest.mark.parametrize(
        "answer",
        [
            frame(b"<ap/>", "abc"),
            frame(b"<ap/>", ""),
            frame(b"<ap/>", "-5"),
            frame(b"<ap/>", " 5"),
            b"<!DOCTYPE html><html>",
            frame(b"<ap/>") + b"!",
            frame(b"<ap/>") * 2,
            frame(b"<ap/>", "4"),
        ],
        ids=["letters", "blank", "negative", "right", "html", "one more", "twice", "short"],
    )
    def test_a_frame_that_is_none(self, answer: bytes) -> None:
        ear = Ear()
        with bank(answering(answer)) as url, pytest.raises(ReplyUnreadable):
            exchange(url, ear)
        assert outcome(ear) is CallOutcome.UNKNOWN
        assert ear.records[0].reply == answer
        assert ear.records[0].error

    def test_a_length_that_goes_wrong_in_the_reading_is_the_partner_s_fault(self) -> None:
        with (
            bank(answering(frame(b"", "abc"))) as url,
            PartnerWire({"front": url}, timeout_s=1) as partner,
            pytest.raises(ReplyUnreadable),
        ):
            partner.open_line(Ear()).exchange(
                "A", endpoint="front", request=frame(b""), head=HEAD,
                length_of=lambda head: int(head[1:]),
            )  # fmt: skip

    def test_more_than_any_answer_has(self) -> None:
        began = time.monotonic()
        ear = Ear()
        answer = b"099999999"  # eight figures where six belong: two of them are body already
        with bank(answering(answer, pause=3)) as url, pytest.raises(ReplyTooLong):
            exchange(url, ear, max_reply=900_000)
        assert time.monotonic() - began < 0.8  # told by the head alone
        assert outcome(ear) is CallOutcome.UNKNOWN

    @settings(max_examples=60, deadline=None)  # a socket each, beside whatever else runs here
    @given(answer=st.binary(max_size=40))
    def test_whatever_comes_is_an_answer_or_an_error_of_the_line(self, answer: bytes) -> None:
        with bank(answering(answer)) as url:
            ear = Ear()
            try:
                assert exchange(url, ear) == answer
            except (LineUnknown, ReplyUnreadable):
                assert outcome(ear) is CallOutcome.UNKNOWN


class TestDeadline:
    """A partner that always sends a little more must not outlive the lease."""

    def test_silence(self) -> None:
        with bank(answering(b"", pause=5)) as url:
            self._is_cut(url)

    def test_a_body_that_drips(self) -> None:
        with bank(answering(frame(b"", "1000"), *[b"x"] * 100, pause=0.1)) as url:
            self._is_cut(url)

    def test_a_head_that_drips(self) -> None:
        with bank(answering(*[b"0"] * 6, pause=0.2)) as url:
            self._is_cut(url)

    def test_a_partner_that_reads_slowly(self) -> None:
        def serve(connection: socket.socket) -> None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            while connection.recv(4096):
                time.sleep(0.01)

        with bank(serve) as url:
            self._is_cut(url, body=b"x" * 50_000_000)

    def _is_cut(self, url: str, body: bytes = b"") -> None:
        began = time.monotonic()
        ear = Ear()
        with pytest.raises(LineUnknown):
            exchange(url, ear, timeout_s=0.4, body=body)
        assert 0.3 < time.monotonic() - began < 1.2
        assert outcome(ear) is CallOutcome.UNKNOWN


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def other_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("other"), "10.0.0.1")


class TestTls:
    def test_our_own_authority_is_believed(self, own: Path) -> None:
        ear = Ear()
        with bank(answering(frame(b"ok")), shown_by(own)) as url:
            assert exchange(url, ear, context=trust_store(own)) == frame(b"ok")
        assert ear.records[0].target.startswith("TLS 127.0.0.1:")

    def test_a_foreign_certificate_is_not_and_nothing_leaves(
        self, own: Path, other_place: Path
    ) -> None:
        seen: list[bytes] = []
        serve = answering(frame(b"ok"), seen=seen)
        for shown, believed in ((own, None), (own, other_place), (other_place, other_place)):
            ear = Ear()
            with bank(serve, shown_by(shown)) as url, pytest.raises(LineNotSent):
                exchange(url, ear, context=trust_store(believed))
            assert outcome(ear) is CallOutcome.NOT_SENT
        assert seen == []

    def test_plain_where_tls_is_wanted(self) -> None:
        with bank(lambda it: it.sendall(frame(b"no"))) as url, pytest.raises(LineNotSent):
            exchange(url.replace("tcp:", "tls:"), Ear())

    def test_a_handshake_that_never_ends(self) -> None:
        began = time.monotonic()
        with bank(lambda _: time.sleep(5)) as url, pytest.raises(LineNotSent):
            exchange(url.replace("tcp:", "tls:"), Ear(), timeout_s=0.3)
        assert time.monotonic() - began < 1.2
