"""Alerts on their way out: robots of group chats and a mail server, over real sockets with TLS."""

import base64
import hashlib
import hmac
import json
import socket
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from hub.app.ways import RobotRefused, open_ways
from hub.kernel.alert_settings import AlertSettings
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings, write_secret
from hub.monitor.alerts import Alert
from hub.monitor.telling import lines_of, title_of
from hub.ports.line import LineNotSent
from tests.wire.authorities import Authority, serving
from tests.wire.kit import answering, server

TOLD = {
    "incident": 12, "kind": "begin", "at_us": 0, "interface": "bank-icbc",
    "name": "工商银行商贷月对冲", "effect": "unreachable", "level": "serious",
    "code": "line.not_sent", "detail": "ConnectError", "begun_us": 0, "respond_by_us": 1,
    "restore_by_us": 2, "restored_us": None, "holder": "",
    "card": {"affected": "x", "money_count": 3, "money_fen": 150_00, "waiting": 7,
             "until_us": None, "until_word": "", "steps": ["一", "二", "三"], "never": "重发",
             "call": "信息科"},
}  # fmt: skip
ALERT = Alert(1, 12, "begin", 0, "x", 0, TOLD)


def reply(said: object) -> bytes:
    body = json.dumps(said).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def opened(home: Path, **alerts: Any) -> dict[str, Any]:
    return dict(open_ways(Settings(home=home, alerts=AlertSettings.model_validate(alerts))))


def deliver(way: Any, alert: Alert = ALERT) -> None:
    way.deliver(alert, title_of(alert.body, "测试"), lines_of(alert.body))


class TestRobots:
    """企业微信 and 钉钉."""

    @pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
    def test_one_message_with_the_card_signed_where_it_must_be(
        self, tmp_path: Path, kind: str
    ) -> None:
        ours, seen = Authority(), []  # type: ignore[var-annotated]
        ours.pair.write(tmp_path, "ca")
        write_secret(tmp_path / "sign.txt", Secret("SECabc"))
        signed = {"secret": "sign.txt"} if kind == "dingtalk" else {}
        answer = answering(reply({"errcode": 0, "errmsg": "ok"}), seen=seen)
        with server(answer, serving(tmp_path, ours.issue())) as url:
            write_secret(tmp_path / "url.txt", Secret(f"{url}/robot/send?key=k1"))
            robot = {"kind": kind, "url": "url.txt", "authorities": "ca.pem", **signed}
            deliver(opened(tmp_path, robots=[robot])[kind])
        head, _, body = seen[0].partition(b"\r\n\r\n")
        query = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
        said = json.loads(body)
        text = said["markdown"]["content" if kind == "wecom" else "text"]
        assert said["msgtype"] == "markdown"
        assert query["key"] == ["k1"]
        for part in (
            "【测试】[严重] 工商银行商贷月对冲 不通",
            "3 条 ¥150.00",
            "切勿：重发",
            "联系：信息科",
        ):
            assert part in text
        assert ("sign" in query) is (kind == "dingtalk")
        if kind == "dingtalk":
            mixed = f"{query['timestamp'][0]}\nSECabc".encode()
            mac = hmac.new(b"SECabc", mixed, hashlib.sha256).digest()
            assert query["sign"] == [base64.b64encode(mac).decode()]

    @pytest.mark.parametrize("said", [{"errcode": 93000}, {"errmsg": "x"}, [], "garbage"])
    def test_what_it_does_not_take_is_no_delivery(self, tmp_path: Path, said: object) -> None:
        with server(answering(reply(said))) as url:
            write_secret(tmp_path / "url.txt", Secret(f"{url}/send?key=k1"))
            way = opened(tmp_path, robots=[{"kind": "wecom", "url": "url.txt"}])["wecom"]
            with pytest.raises(RobotRefused) as refused:
                deliver(way)
        assert "k1" not in refused.value.message

    def test_nobody_there_and_a_long_text(self, tmp_path: Path) -> None:
        write_secret(tmp_path / "url.txt", Secret("http://127.0.0.1:9/send?key=k1"))
        way = opened(tmp_path, robots=[{"kind": "wecom", "url": "url.txt"}])["wecom"]
        with pytest.raises(LineNotSent):
            deliver(way)
        seen: list[bytes] = []
        long = TOLD | {"detail": "长" * 5000}
        with server(answering(reply({"errcode": 0}), seen=seen)) as url:
            write_secret(tmp_path / "url.txt", Secret(f"{url}/send?key=k1"))
            way = opened(tmp_path, robots=[{"kind": "wecom", "url": "url.txt"}])["wecom"]
            deliver(way, Alert(1, 12, "begin", 0, "x", 0, long))
        text = json.loads(seen[0].partition(b"\r\n\r\n")[2])["markdown"]["content"]
        assert len(text.encode()) <= 4096
        assert text.endswith("…")


def smtp(got: list[bytes]) -> Any:
    """A mail server of one mail."""

    def serve(connection: socket.socket) -> None:
        file = connection.makefile("rwb")

        def say(line: bytes) -> None:
            file.write(line + b"\r\n")
            file.flush()

        say(b"220 here")
        for raw in file:
            word = raw[:4].upper()
            if word == b"DATA":
                say(b"354 go on")
                mail = b""
                while (line := file.readline()) != b".\r\n":
                    mail += line
                got.append(mail)
                say(b"250 taken")
            elif word == b"QUIT":
                say(b"221 bye")
                return
            elif word == b"AUTH":
                say(b"235 you are")
            elif word == b"EHLO":
                say(b"250-here\r\n250 AUTH PLAIN")
            else:
                say(b"250 ok")

    return serve


def test_a_mail_over_tls_with_a_number_that_stays(tmp_path: Path) -> None:
    ours, got = Authority(), []  # type: ignore[var-annotated]
    ours.pair.write(tmp_path, "ca")
    write_secret(tmp_path / "password.txt", Secret("pw"))
    with server(smtp(got), serving(tmp_path, ours.issue())) as url:
        port = urlsplit(url).port
        mail = {"host": "127.0.0.1", "port": port, "sender": "hub@centre.test",
                "to": ["duty@centre.test"], "user": "hub", "password": "password.txt",
                "authorities": "ca.pem"}  # fmt: skip
        way = opened(tmp_path, mail=mail)["mail"]
        deliver(way)
        deliver(way)
    first, second = (message_from_bytes(raw, policy=policy.default) for raw in got)
    assert first["Message-ID"] == second["Message-ID"] == "<incident-000012-begin-0@centre.test>"
    assert first["Subject"] == "【测试】[严重] 工商银行商贷月对冲 不通"
    assert "切勿：重发" in first.get_content()


def test_a_server_that_is_not_who_it_should_be_or_not_there(tmp_path: Path) -> None:
    got: list[bytes] = []
    Authority().pair.write(tmp_path, "ca")
    said = {"host": "127.0.0.1", "sender": "a@b.c", "to": ["d@e.f"], "authorities": "ca.pem"}
    other = serving(tmp_path, Authority("Other").issue())
    with server(smtp(got), other) as url, pytest.raises(OSError, match="certificate"):
        deliver(opened(tmp_path, mail=said | {"port": urlsplit(url).port})["mail"])
    with pytest.raises(OSError, match="refused"):
        deliver(opened(tmp_path, mail=said | {"port": 9})["mail"])
    assert got == []


@pytest.mark.parametrize(
    "flaw",
    [
        {"robots": [{"kind": "slack", "url": "x"}]},
        {"mail": {"host": "h", "sender": "a@b", "to": []}},
        {"mail": {"host": "h", "sender": "a@b", "to": ["c"], "user": "u"}},
        {"mail": {"host": "h", "sender": "a@b", "to": ["c"], "user": "u", "password": "p",
                  "security": "none"}},
        {"pager": {}},
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(flaw: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AlertSettings.model_validate(flaw)


def test_a_secret_that_cannot_be_read_is_said_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"alerts\.robots\.1\.url"):
        opened(tmp_path, robots=[{"kind": "wecom", "url": "nowhere.txt"}])
