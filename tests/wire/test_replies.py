"""Answers that are packed, too long, or come through TLS."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.kernel.errors import Misconfigured
from hub.ports.line import LineNotSent, ReplyUnreadable
from hub.wire import CallOutcome, ReplyTooLong, trust_store
from tests.wire.kit import OK, Ear, answering, post, self_signed, server, shown_by


def _packed(coding: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class TestPacked:
    @pytest.mark.parametrize(
        ("coding", "pack"),
        [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)],
    )
    def test_what_a_partner_may_use_unasked(
        self, coding: str, pack: Callable[[bytes], bytes]
    ) -> None:
        with server(answering(_packed(coding, pack(b"hello" * 99)))) as url:
            assert post(url, Ear()) == b"hello" * 99

    @pytest.mark.parametrize(
        "answer",
        [
            _packed("gzip", b"nope"),
            _packed("gzip", gzip.compress(b"hello" * 99)[:-12]),
            _packed("gzip, gzip", gzip.compress(gzip.compress(b"x"))),
            _packed("br", b"x"),
        ],
        ids=["no gzip", "half", "twice", "unknown"],
    )
    def test_what_cannot_be_unpacked(self, answer: bytes) -> None:
        ear = Ear()
        with server(answering(answer)) as url, pytest.raises(ReplyUnreadable):
            post(url, ear)
        assert ear.records[0].outcome is CallOutcome.UNKNOWN
        assert ear.records[0].reply


class TestTooLong:
    def test_plain(self) -> None:
        ear = Ear()
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
        with server(answering(answer)) as url, pytest.raises(ReplyTooLong):
            post(url, ear, max_reply=100_000)
        assert ear.records[0].outcome is CallOutcome.UNKNOWN

    def test_a_bomb(self) -> None:
        bomb = _packed("gzip", gzip.compress(b"\0" * 50_000_000))
        with server(answering(bomb)) as url, pytest.raises(ReplyTooLong):
            post(url, Ear(), max_reply=1_000_000)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, one PEM."""
    return self_signed(tmp_path_factory.mktemp("tls"))


class TestTls:
    def test_our_own_authority(self, certificate: Path) -> None:
        with server(answering(OK), shown_by(certificate)) as url:
            assert post(url, Ear(), context=trust_store(certificate)) == b"ok"

    def test_nobody_else_is_trusted(self, certificate: Path) -> None:
        with server(answering(OK), shown_by(certificate)) as url:
            with pytest.raises(LineNotSent):
                post(url, Ear())
            name = url.replace("127.0.0.1", "localhost")
            with pytest.raises(LineNotSent):
                post(name, Ear(), context=trust_store(certificate))

    def test_files_that_cannot_be_used(self, tmp_path: Path) -> None:
        (tmp_path / "no.pem").write_text("no")
        for path in (tmp_path / "no.pem", tmp_path / "missing.pem"):
            with pytest.raises(Misconfigured):
                trust_store(path)
            with pytest.raises(Misconfigured):
                trust_store(identity=path)
