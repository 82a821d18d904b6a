"""The ways by which alerts go out: a spool folder, group chats' robots, mail."""

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from hub.app.delivering import Way
from hub.kernel.alert_settings import RobotSettings
from hub.kernel.clocks import SystemClock, to_us
from hub.kernel.errors import Unavailable
from hub.kernel.line_settings import SYSTEM
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings, read_secret
from hub.monitor.alerts import SPOOL, Alert
from hub.wire import HttpPartner, NoRecorder, trust_store
from hub.wire.mail import MailServer

_TIMEOUT_S = 15.0
_OK = 200
_MOST_BYTES = 3800
"""企业微信 takes 4096 bytes of a text in markdown."""


class RobotRefused(Unavailable):
    """The group chat's robot did not take the alert."""

    code = "watch.robot_refused"
    hint = "Compare key, secret and the robot's word list with what the chat's settings say."


class Spool:
    """A folder on this machine: a JSON file with the text in it, under the alert's own name.

    Other programs may take files out; one written again before it is noted as delivered is the
    same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, one: Alert, title: str, lines: list[str], to: str = "") -> None:
        """Whole, on the disk, then under its name."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        said = {"title": title, "text": "\n".join(lines), **one.body}
        fresh = self._folder / f".{one.name}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(said, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / f"{one.name}.json")


class Robot:
    """企业微信's or 钉钉's robot of a group chat: one markdown message per alert."""

    def __init__(
        self, kind: str, url: Secret, secret: Secret | None, authorities: Path | None
    ) -> None:
        self._kind = kind
        self._url = url
        self._secret = secret
        self._authorities = authorities

    def deliver(self, one: Alert, title: str, lines: list[str], to: str = "") -> None:
        """Raises RobotRefused, LineNotSent, LineUnknown."""
        where = urlsplit(self._url.reveal())
        query = dict(parse_qsl(where.query)) | self._signed()
        context = None
        if where.scheme == "https":
            context = trust_store(self._authorities, system=self._authorities is None)
        address = {"robot": f"{where.scheme}://{where.netloc}"}
        with HttpPartner(address, timeout_s=_TIMEOUT_S, context=context) as http:
            reply = http.open_line(NoRecorder()).post(
                "alert", endpoint="robot", path=where.path, query=query,
                body=json.dumps(self._said(title, lines, one.name), ensure_ascii=False).encode(),
                headers={"content-type": "application/json"},
            )  # fmt: skip
        if reply.status != _OK or _errcode(reply.body) != 0:
            raise RobotRefused(f"HTTP {reply.status}, errcode {_errcode(reply.body)}")

    def _signed(self) -> dict[str, str]:
        if self._secret is None:
            return {}
        # 钉钉 compares with its own clock: the machine's time, never the business clock's.
        stamp = str(to_us(SystemClock().now()) // 1000)
        key = self._secret.reveal()
        mac = hmac.new(key.encode(), f"{stamp}\n{key}".encode(), hashlib.sha256).digest()
        return {"timestamp": stamp, "sign": base64.b64encode(mac).decode()}

    def _said(self, title: str, lines: list[str], name: str) -> dict[str, object]:
        text = _fit(f"**{title}**\n\n" + "\n\n".join([*lines, f"编号 {name}"]))
        if self._kind == "wecom":
            return {"msgtype": "markdown", "markdown": {"content": text}}
        return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}


class Mail:
    """One mail per alert; the same one twice has the same Message-ID."""

    def __init__(self, server: MailServer, sender: str, to: tuple[str, ...]) -> None:
        self._server = server
        self._sender = sender
        self._to = to

    def deliver(self, one: Alert, title: str, lines: list[str], to: str = "") -> None:
        """To the person the alert is for, else to everybody of the list.  Raises OSError."""
        self._server.send(
            self._sender, (to,) if to else self._to, title, "\n".join(lines) + "\n",
            f"incident-{one.name}",
        )  # fmt: skip


def open_ways(settings: Settings) -> dict[str, Way]:
    """Every way this deployment has, by the channel's name.  Raises Misconfigured for a secret
    that cannot be read."""
    ways: dict[str, Way] = {SPOOL: Spool(settings.home / "alerts")}
    for number, robot in enumerate(settings.alerts.robots, 1):
        name = robot.kind if robot.kind not in ways else f"{robot.kind}-{number}"
        ways[name] = _robot(settings, robot, f"alerts.robots.{number}")
    mail = settings.alerts.mail
    if mail is not None:
        context = None
        if mail.security != "none":
            pem = _authorities(settings, mail.authorities)
            context = trust_store(pem, system=pem is None)
        password = None
        if mail.password:
            password = read_secret(settings.home / mail.password, "alerts.mail.password")
        server = MailServer(mail.host, mail.port, mail.security, context, mail.user, password)
        ways["mail"] = Mail(server, mail.sender, mail.to)
    return ways


def _robot(settings: Settings, robot: RobotSettings, place: str) -> Robot:
    url = read_secret(settings.home / robot.url, f"{place}.url")
    secret = read_secret(settings.home / robot.secret, f"{place}.secret") if robot.secret else None
    return Robot(robot.kind, url, secret, _authorities(settings, robot.authorities))


def _authorities(settings: Settings, said: str) -> Path | None:
    return None if said == SYSTEM else settings.home / said


def _errcode(body: bytes) -> int | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    code = said.get("errcode") if isinstance(said, dict) else None
    return code if isinstance(code, int) else None


def _fit(text: str) -> str:
    """Cut where a robot would cut it, and say so."""
    raw = text.encode()
    if len(raw) <= _MOST_BYTES:
        return text
    return raw[:_MOST_BYTES].decode(errors="ignore") + "…"
