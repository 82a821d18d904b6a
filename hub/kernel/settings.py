"""The deployment's settings: ``hub.toml`` in the home folder, and ``HUB_*`` in the environment.

The environment wins over the file.  A key nobody knows is an error, in both: a misspelt
``HUB_DATABSE_URL`` would otherwise start the hub on an empty database beside the real one.
Secrets never stand in either: the file names files, which only their owner may read.
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from hub.kernel.alert_settings import AlertSettings
from hub.kernel.errors import Misconfigured
from hub.kernel.line_settings import (
    SYSTEM,
    SwitchSettings,
    TlsSettings,
    check_dates,
    check_standby,
    split_endpoints,
)
from hub.kernel.notify_settings import NotifySettings
from hub.kernel.secret import Secret

FILE_NAME = "hub.toml"
DEFAULT_HOME = Path("hub-home")
CONTRACTS = Path(__file__).resolve().parents[2] / "contracts_spec"
"""Beside ``hub`` both in a checkout and in an installed package."""

ENVIRONMENT_WORDS = {"production": "生产", "test": "测试", "demo": "演示"}
OTHER_VARIABLES = ("HUB_HOME", "HUB_TOKEN")
"""``HUB_*`` names that are read elsewhere: the home folder, and the personal token of the
command line.  ``HUB_TEST_*`` belongs to the test suites."""

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LOOPBACK = re.compile(r"127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|::1|localhost")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class PartnerSettings(BaseModel):
    """One interface's part of the file: ``[partners."bank-icbc"]``.

    ``endpoints``: the contract's endpoint names → address, its scheme saying which wire (``http``,
    ``https``, ``tcp``, ``tls``, ``sftp``); a list is the primary address, then those on standby
    (kept in ``standby``).  ``values``: deployment values that are no secrets;
    text only, since a customer number may begin with 0.
    ``secrets``: name → path of its file, relative to the home folder or absolute.
    ``tls`` and ``switch``: see there.  ``expires``: name of a secret, a licence, … → the last day
    on which it is good (2027-01-31), where nothing in it says so itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    endpoints: dict[str, str] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    standby: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    tls: TlsSettings = TlsSettings()
    switch: SwitchSettings = SwitchSettings()
    expires: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, given: Any) -> Any:
        return split_endpoints(given)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        check_standby(self.endpoints, self.standby)
        check_dates(self.expires)
        return self

    @property
    def places(self) -> int:
        """How many addresses there are: 1 without standby."""
        return check_standby(self.endpoints, self.standby)

    def endpoints_at(self, place: int) -> dict[str, str]:
        """Every endpoint's address at a place: 0 the primary, 1 the first on standby …"""
        return {
            name: url if place == 0 or not self.standby.get(name) else self.standby[name][place - 1]
            for name, url in self.endpoints.items()
        }


class Settings(BaseSettings):
    """Everything that differs from one deployment to the next.  Relative paths are the home's."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    home: Path = DEFAULT_HOME

    # The strictest by default: mocks and a shifted clock are refused until somebody says
    # that this is not production.
    environment: Literal["production", "test", "demo"] = "production"

    # Hidden in repr: a PostgreSQL URL may hold a password.
    database_url: str = Field(default="", repr=False)

    # The hub speaks no TLS: tokens and names would pass in clear on any other interface.  What
    # others reach is a proxy on this machine.
    host: str = "127.0.0.1"
    port: int = Field(default=8527, ge=0, le=65535)

    # Where partners that call us are answered; the same holds: loopback, behind a proxy.
    inbound_host: str = "127.0.0.1"
    inbound_port: int = Field(default=8528, ge=0, le=65535)

    # Whether pages show anything before somebody has signed in; left out: in production they do
    # not, elsewhere they do.
    sign_in: bool | None = None

    # Where callers of published queries are answered: another road into the centre than the
    # banks' lines, so a port of its own for a firewall to tell apart.
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8529, ge=0, le=65535)

    # Eight is what design.md §12 measures the bus with; a worker mostly waits for a partner, and
    # each needs one of the engine's 32 connections at most.
    workers: int = Field(default=8, ge=1, le=24)

    # The shared business clock of demo and tests; business time is the machine's without it.
    clock_file: Path | None = None

    # Signed audit checkpoints must lie outside the database (design.md §9).  In production name
    # a disk that the database's administrator cannot write.
    checkpoints: Path = Path("checkpoints")
    keys: Path = Path("keys")
    out: Path = Path("out")

    # Whether partners are probed (拨测), each as often as its manifest says.  Off while a partner
    # counts our calls, say in a test of its own.
    probes: bool = True

    # Whether a command of somebody of 运维方 needs a confirmed remote session (远程运维会话).
    # "noted": it is marked with the session's number when there is one.  "required": none without.
    remote_sessions: Literal["noted", "required"] = "noted"

    # How people are told of incidents; files in the home's alerts/ are written in any case.
    alerts: AlertSettings = AlertSettings()

    # Whom the offset tells, when and how often; nobody where hub.toml gives no notify interface an
    # address.
    notify: NotifySettings = NotifySettings()

    # Days before an end (certificate, key, token) at which somebody is told.
    expiry_days: tuple[int, ...] = (30, 7, 1)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    # JSON lines are what log collectors of a centre take without a parser of their own.
    log_format: Literal["json", "console"] = "json"

    contracts: Path = CONTRACTS
    partners: dict[str, PartnerSettings] = Field(default_factory=dict)

    @classmethod
    def load(cls, home: Path | None = None) -> "Settings":
        """Settings of a home folder: the argument, else ``HUB_HOME``, else ``./hub-home``.

        The folder need not exist; without ``hub.toml`` the defaults hold.
        Raises Misconfigured, naming file or variable and key, never the value.
        """
        chosen = (home or Path(os.environ.get("HUB_HOME") or DEFAULT_HOME)).expanduser().resolve()
        path = chosen / FILE_NAME
        from_file = _read_file(path)
        _refuse_unknown_variables(cls)

        class Here(Settings):
            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
                file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return init_settings, env_settings, InitSettingsSource(settings_cls, from_file)

        try:
            return Here(home=chosen)
        except ValidationError as error:
            raise Misconfigured(_describe(error, path)) from None
        except SettingsError as error:
            raise Misconfigured(f"the environment: {error}") from None

    @field_validator("host", "inbound_host", "api_host")
    @classmethod
    def _only_loopback(cls, host: str) -> str:
        if _LOOPBACK.fullmatch(host) is None:
            raise ValueError("must be a loopback address; a proxy with TLS stands before the hub")
        return host

    @field_validator("partners")
    @classmethod
    def _interface_codes(cls, partners: dict[str, PartnerSettings]) -> dict[str, PartnerSettings]:
        for code in partners:
            if _CODE.fullmatch(code) is None:
                raise ValueError(f"{code[:40]!r} is no interface code such as bank-icbc")
        return partners

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        places = self.__dict__  # filled in here once; frozen for everybody after
        home = places["home"] = self.home.expanduser().resolve()
        for name in ("checkpoints", "keys", "out", "contracts", "clock_file"):
            if places[name] is not None:
                places[name] = home / places[name].expanduser()
        if not self.database_url:
            places["database_url"] = f"sqlite:///{home / 'hub.sqlite'}"
        if self.environment == "production" and self.clock_file is not None:
            raise ValueError("clock_file: business time cannot be shifted in production")
        return self

    @property
    def pages_need_sign_in(self) -> bool:
        """``sign_in``, or what the environment calls for."""
        return self.environment == "production" if self.sign_in is None else self.sign_in

    @property
    def environment_word(self) -> str:
        """生产, 测试 or 演示: a word on every page and in every store."""
        return ENVIRONMENT_WORDS[self.environment]

    def partner(self, interface: str) -> PartnerSettings:
        """An interface's part; an empty one where the file has none (its adapter says what is
        missing when it looks for it)."""
        return self.partners.get(interface, PartnerSettings())

    def partner_tls(self, interface: str) -> tuple[Path | None, Path | None, Path | None, bool]:
        """An interface's authorities, our certificate, its key; whether the machine's own store
        holds.  Misconfigured for a key that others may read."""
        said = self.partner(interface).tls
        system = said.authorities == SYSTEM
        authorities = self.home / said.authorities if said.authorities and not system else None
        if not said.certificate:
            return authorities, None, None, system
        key = self.home / said.key
        read_secret(key, f"partners.{interface}.tls.key")
        return authorities, self.home / said.certificate, key, system

    def partner_secrets(self, interface: str) -> dict[str, Secret]:
        """An interface's secrets, read from their files now."""
        return {
            name: read_secret(self.home / relative, f"partners.{interface}.secrets.{name}")
            for name, relative in self.partner(interface).secrets.items()
        }


def read_secret(path: Path, place: str) -> Secret:
    """A secret's file; one newline at its end does not count.

    ``place`` names the setting in errors.  Misconfigured when the file is missing, empty, or may
    be read by others than its owner (its mode must be 0600 or 0400).
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except OSError as error:
        raise Misconfigured(f"{place}: cannot read {path.name}: {error.strerror}") from None
    if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o177:
        raise Misconfigured(
            f"{place}: {path.name} has mode {stat.S_IMODE(mode):04o}; run chmod 600 on it"
        )
    try:
        text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Misconfigured(f"{place}: {path.name} is not UTF-8 text") from None
    if not text:
        raise Misconfigured(f"{place}: {path.name} is empty")
    return Secret(text)


def write_secret(path: Path, secret: Secret) -> None:
    """A secret's file, mode 0600 from its first byte on; an older one is replaced whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(path, secret.reveal() + "\n")


def write_partners(
    path: Path,
    partners: Mapping[str, PartnerSettings],
    *,
    top: Mapping[str, str | int] | None = None,
) -> None:
    """Write a whole ``hub.toml``: ``top`` are the plain settings, then each interface's part.

    What stood there before is replaced, by rename, so that a reader sees the old or the new.
    """
    lines = ["# Written by the hub."]
    lines += [f"{_key(name)} = {_value(value)}" for name, value in (top or {}).items()]
    for interface, partner in partners.items():
        for table, whole in partner.model_dump().items():
            entries = _said(whole, table)
            if not entries and table not in _ALWAYS:
                continue
            lines += ["", f"[partners.{_key(interface)}.{table}]"]
            lines += [f"{_key(name)} = {_value(value)}" for name, value in entries.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, "\n".join(lines) + "\n")


_ALWAYS = ("endpoints", "values", "secrets")


def _said(entries: Mapping[str, Any], table: str) -> dict[str, Any]:
    """What of a table differs from its defaults."""
    default = getattr(PartnerSettings(), table)
    known = default.model_dump() if isinstance(default, BaseModel) else {}
    return {name: value for name, value in entries.items() if known.get(name) != value}


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _value(name)


def _value(value: str | int | tuple[str, ...]) -> str:
    # TOML's basic strings are JSON's, but that DEL must be escaped as well.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Misconfigured(f"cannot read {path}: {error.strerror}") from None
    try:
        found = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is not TOML in UTF-8: {error}") from None
    if "home" in found:
        raise Misconfigured(f"{path}: home: is where this file lies; it cannot be set in it")
    return found


def _refuse_unknown_variables(settings: type[Settings]) -> None:
    known = {f"HUB_{name}".upper() for name in settings.model_fields} | set(OTHER_VARIABLES)
    for name in sorted(os.environ):
        upper = name.upper()  # pydantic-settings reads them in any case
        if upper.startswith("HUB_") and not upper.startswith("HUB_TEST_") and upper not in known:
            raise Misconfigured(f"environment variable {name}: there is no such setting")


def _describe(error: ValidationError, path: Path) -> str:
    said = []
    for flaw in error.errors(include_url=False, include_context=False, include_input=False):
        place = [str(part) for part in flaw["loc"]]
        variable = f"HUB_{place[0].upper()}" if place else ""
        source = variable if variable in os.environ else str(path)
        what = "there is no such setting" if flaw["type"] == "extra_forbidden" else flaw["msg"]
        said.append(": ".join(filter(None, [source, ".".join(place), what])))
    return "; ".join(said)
