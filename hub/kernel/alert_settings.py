"""How people are told of incidents: what ``[alerts]`` in hub.toml says."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.kernel.line_settings import SYSTEM


class RobotSettings(BaseModel):
    """``[[alerts.robots]]``: a group chat's robot.

    ``kind``: ``wecom`` (企业微信) or ``dingtalk`` (钉钉).  ``url``: file with the robot's whole
    address, which is a secret, for it holds the key; ``secret``: file with 钉钉's signing secret.
    ``authorities``: PEM file of whom we believe, or ``system``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["wecom", "dingtalk"]
    url: str
    secret: str = ""
    authorities: str = SYSTEM


class MailSettings(BaseModel):
    """``[alerts.mail]``: a mail server.  ``password``: a file, where the server asks for one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int = Field(default=465, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    sender: str
    to: tuple[str, ...] = Field(min_length=1)
    user: str = ""
    password: str = ""
    authorities: str = SYSTEM

    @model_validator(mode="after")
    def _together(self) -> Self:
        if bool(self.user) != bool(self.password):
            raise ValueError("user and password go together")
        if self.user and self.security == "none":
            raise ValueError("a password is not sent without TLS")
        return self


class AlertSettings(BaseModel):
    """All ways out; the spool folder in the home is always one of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    robots: tuple[RobotSettings, ...] = ()
    mail: MailSettings | None = None
