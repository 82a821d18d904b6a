"""Mail out: one message at a time, over TLS.  The only module that knows smtplib."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from hub.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in.  ``context`` is None where ``security`` is ``none``."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    context: ssl.SSLContext | None = None
    user: str = ""
    password: Secret | None = None
    timeout_s: float = 20.0

    def send(self, sender: str, to: tuple[str, ...], subject: str, text: str, number: str) -> None:
        """Hand one in.  ``number`` makes its Message-ID: the same mail twice has one.

        Raises OSError, which smtplib's own errors are, too.
        """
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, ", ".join(to), subject
        mail["Message-ID"] = f"<{number}@{sender.rpartition('@')[2] or 'hub'}>"
        mail.set_content(text)
        with self._connect() as server:
            if self.security == "starttls":
                server.starttls(context=self.context)
            if self.user and self.password is not None:
                server.login(self.user, self.password.reveal())
            server.send_message(mail)

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_s, context=self.context
            )
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
