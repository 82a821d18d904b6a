"""What is certified against: a bundled mock started for it, or an address.

Either way the adapter speaks over the real wire.  A control plane (the mock's own, or one given)
makes arrangements and sets the business clock; without one a person arranges by hand, or the case
stays untried.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.app.demo_site import Mocks, Site
from hub.app.discover import FoundAdapter
from hub.certify.ear import Ear, open_ear
from hub.certify.suite import Suite
from hub.certify.tamper import Keeper
from hub.contracts.yaml_files import read_yaml
from hub.kernel.clocks import SHANGHAI, BusinessClock, SystemClock
from hub.kernel.errors import BadInput, Misconfigured
from hub.kernel.secret import Secret
from hub.kernel.settings import PartnerSettings, read_secret
from hub.ports.context import AdapterContext
from hub.ports.line import Line
from hub.wire import CallOutcome, HttpPartner, NoRecorder, PartnerWire, sftp_access
from hub.wire.trust import Trust

_OK = 300
_LOOPBACK = "127.0.0.1"
_ARRANGE = {"subjects", "crowd", "arranged", "values", "secrets"}


class NobodyThere(BadInput):
    """Nobody answers at the address."""

    code = "certify.nobody_there"
    hint = "Is it up, is the address right?  Nothing was tried and no report was written."


class BadArrangement(BadInput):
    """The file of test accounts and arrangements cannot be used."""

    code = "certify.bad_arrangement"
    hint = "See docs/how-to/certify-an-interface.md for what stands in it."


class ControlRefused(BadInput):
    """The partner's control plane does not do what was asked of it."""

    code = "certify.control_refused"
    hint = "The message is the control plane's; compare the arrangement in scenarios.yaml."


@dataclass(frozen=True, slots=True)
class Arranged:
    """What the tester gives: test accounts by name, what is arranged already, deployment values.

    A YAML file: ``subjects: {good: {…}}``, ``crowd: […]``, ``arranged: [NAME]``,
    ``values: {CIS: …}``, ``secrets: {cert: FILE}`` (paths beside the file, mode 0600).
    """

    subjects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    crowd: tuple[Mapping[str, Any], ...] = ()
    arranged: frozenset[str] = frozenset()
    partner: PartnerSettings = field(default_factory=PartnerSettings)
    folder: Path = Path()

    @classmethod
    def read(cls, path: Path) -> "Arranged":
        """Raises BadArrangement."""
        try:
            raw = read_yaml(path) or {}
            strange = sorted(set(raw) - _ARRANGE)
            if strange:
                raise BadArrangement(f"{path.name}: there is no {strange[0]!r} in such a file")
            return cls(
                subjects=dict(raw.get("subjects") or {}),
                crowd=tuple(raw.get("crowd") or ()),
                arranged=frozenset(raw.get("arranged") or ()),
                partner=PartnerSettings(
                    values=raw.get("values") or {}, secrets=raw.get("secrets") or {}
                ),
                folder=path.parent.resolve(),
            )
        except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, TypeError) as error:
            raise BadArrangement(f"{path.name}: {error}") from None


class SteeredClock:
    """Business time that the certificate may move, together with the partner's."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """Aware, Asia/Shanghai."""
        return SystemClock().now() + self._offset

    def today(self) -> Any:
        """The calendar day there."""
        return self.now().date()

    def set(self, moment: datetime) -> None:
        """Make ``moment`` the present; time runs on."""
        self._offset = moment - SystemClock().now()


@dataclass(frozen=True, slots=True)
class AheadClock:
    """A clock that goes wrong by so much; for requests that are out of time."""

    inner: BusinessClock
    by: timedelta

    def now(self) -> datetime:
        """Aware, Asia/Shanghai."""
        return self.inner.now() + self.by

    def today(self) -> Any:
        """The calendar day there."""
        return self.now().date()


class Control:
    """A mock's control plane."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._partner = HttpPartner({"control": url}, timeout_s=60.0)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One request; raises ControlRefused, and LineNotSent when nobody listens."""
        line = self._partner.open_line(NoRecorder())
        content = json.dumps(body, ensure_ascii=False).encode()
        said = line.post("control", endpoint="control", path=path, body=content)
        text = said.body.decode("utf-8", "replace")
        if said.status >= _OK:
            raise ControlRefused(f"{path}: {text.strip()[:200]}")
        found: dict[str, Any] = json.loads(text)
        return found

    def close(self) -> None:
        """Close its connection."""
        self._partner.close()


class Endpoint:
    """One partner as the certificate meets it."""

    def __init__(
        self,
        adapter: FoundAdapter,
        context: AdapterContext,
        urls: Mapping[str, str],
        *,
        kind: str,
        control: Control | None = None,
        clock: SteeredClock | None = None,
        owned: bool = False,
        arranged: Arranged | None = None,
        timeout_s: float | None = None,
        ear: Ear | None = None,
        trust: Trust | None = None,
    ) -> None:
        timing = adapter.contract.timing
        self.adapter = adapter
        self.kind = kind
        self.urls = dict(urls)
        self.control = control
        self.ear = ear
        self.clock: BusinessClock = context.clock
        self.arranged = arranged or Arranged()
        self.timeout_s = timeout_s or float(timing.call_timeout_s)
        self.port: Any = adapter.build_in(context)
        self._context = context
        self._steered = clock
        self._owned = owned
        self._rules: list[int] = []
        self._trust = trust
        self._wire = self._wired(context)

    @property
    def steers_clock(self) -> bool:
        """Whether business time can be moved."""
        return self._steered is not None

    def open_line(self, wire: PartnerWire | None = None) -> tuple[Line, Keeper]:
        """A line of its own for one call of the port, and what keeps its record."""
        keeper = Keeper()
        return (wire or self._wire).open_line(keeper), keeper

    def wrongly(
        self, *, wrong_secret: str = "", values: Mapping[str, str], ahead_s: int
    ) -> tuple[Any, PartnerWire]:
        """The same adapter and its wire on a deployment that is wrong: a secret, a value, the
        clock.  The wire is the caller's to close."""
        changed = replace(self._context, values={**self._context.values, **values})
        if wrong_secret:
            spoilt = Secret(_spoilt(changed.secret(wrong_secret).reveal()))
            changed = replace(changed, secrets={**changed.secrets, wrong_secret: spoilt})
        if ahead_s:
            changed = replace(changed, clock=AheadClock(self.clock, timedelta(seconds=ahead_s)))
        return self.adapter.build_in(changed), self._wired(changed)

    def _wired(self, context: AdapterContext) -> PartnerWire:
        access = sftp_access(self.adapter.contract, context.values, context.secrets)
        return PartnerWire(self.urls, access, timeout_s=self.timeout_s, context=self._trust)

    def credentials(self) -> list[str]:
        """What no report may show: the deployment's secrets, and what ``port_with`` makes of
        them."""
        known = [secret.reveal() for secret in self._context.secrets.values()]
        return [*known, *map(_spoilt, known)]

    def begin_case(self, moment: datetime) -> None:
        """A mock of our own as just loaded; business time where the suite wants it."""
        if self._owned and self.control is not None:
            self.control.post("/reset", {})
        self.set_clock(moment)
        if self.ear is not None:
            self.ear.new_case()

    def end_case(self) -> None:
        """Take back the rules this case has set, and only those."""
        if self.control is not None:
            for rule in self._rules:
                self.control.post("/faults/drop", {"id": rule})
        self._rules.clear()

    def steer(self, path: str, body: Mapping[str, Any]) -> None:
        """One arrangement's request to the control plane."""
        if self.control is None:
            raise Misconfigured("this endpoint has no control plane")
        said = self.control.post(path, body)
        if path == "/faults":
            self._rules.append(int(said["id"]))

    def set_clock(self, moment: datetime) -> None:
        """Move both sides' business time, where that can be done."""
        if self._steered is not None and self.control is not None:
            self._steered.set(moment)
            self.control.post("/clock", {"now": moment.astimezone(SHANGHAI).isoformat()})

    def tell_address(self) -> None:
        """Where we are to be called, to a control plane; a partner without one knows already."""
        if self.ear is not None and self.control is not None:
            self.control.post("/callback", {"url": self.ear.address})

    def require_answer(self) -> None:
        """Raises NobodyThere when a probe of the partner does not even leave this machine."""
        line, keeper = self.open_line()
        self.port.probe(line)
        last = keeper.calls[-1] if keeper.calls else None
        if last is not None and last.outcome is CallOutcome.NOT_SENT:
            raise NobodyThere(f"{last.target}: {last.error}")

    def close(self) -> None:
        """Close every connection."""
        self._wire.close()
        if self.control is not None:
            self.control.close()


@contextmanager
def open_mock(
    adapter: FoundAdapter, suite: Suite, contracts: Path, folder: Path, timeout_s: float | None
) -> Iterator[Endpoint]:
    """The bundled mock of this interface as a process of its own, on the suite's own data.

    ``folder`` is empty and ours.  Raises MocksDidNotStart.
    """
    from hub.certify.acts import acts_of  # noqa: PLC0415  the acts know endpoints

    data, site = folder / "data", Site(folder)
    data.mkdir(parents=True)
    acts_of(suite.port).write_data(suite, data)
    said = adapter.manifest.contract.folder
    editions = [said] if "@" in said else []
    mocks = Mocks(site, data, [adapter.interface], contracts=contracts, editions=editions)
    try:
        urls = mocks.endpoints()[adapter.interface]
        clock = SteeredClock()
        state = site.mocks / adapter.interface
        contract = adapter.contract
        context = AdapterContext(
            interface=adapter.interface,
            contract_folder=contract.folder,
            values={name: key.example for name, key in contract.values.items()},
            secrets={name: read_secret(state / name, name) for name in contract.secrets},
            clock=clock,
        )
        with open_ear(adapter, context, _LOOPBACK, 0) as ear:
            endpoint = Endpoint(
                adapter, context, {name: urls[name] for name in contract.endpoints}, kind="mock",
                control=Control(urls["control"]), clock=clock, owned=True, timeout_s=timeout_s,
                ear=ear,
            )  # fmt: skip
            try:
                endpoint.tell_address()
                yield endpoint
            finally:
                endpoint.close()
    finally:
        mocks.end()


@contextmanager
def open_address(
    adapter: FoundAdapter,
    urls: Mapping[str, str],
    context: AdapterContext,
    arranged: Arranged,
    *,
    control: str = "",
    timeout_s: float | None = None,
    listen: tuple[str, int] = (_LOOPBACK, 0),
    trust: Trust | None = None,
) -> Iterator[Endpoint]:
    """A partner at an address.  ``context`` is the deployment's; ``arranged`` wins over it.

    ``listen``: host and port where a partner that calls us has been told to call.  Raises
    NobodyThere, Misconfigured (endpoints or values missing).
    """
    from hub.certify.acts import acts_of  # noqa: PLC0415  the acts know endpoints

    made = getattr(acts_of(adapter.manifest.port), "ENDPOINT", Endpoint)
    lacking = sorted(set(endpoint_names(adapter)) - set(urls))
    if lacking:
        raise Misconfigured(f"no address is given for: {', '.join(lacking)}")
    clock = SteeredClock() if control else None
    secrets = {
        name: read_secret(arranged.folder / path, f"secrets.{name}")
        for name, path in arranged.partner.secrets.items()
    }
    context = replace(
        context,
        values={**context.values, **arranged.partner.values},
        secrets={**context.secrets, **secrets},
        clock=clock or context.clock,
    )
    with open_ear(adapter, context, *listen) as ear:
        endpoint: Endpoint = made(
            adapter, context, urls, kind="address", control=Control(control) if control else None,
            clock=clock, arranged=arranged, timeout_s=timeout_s, ear=ear, trust=trust,
        )  # fmt: skip
        try:
            endpoint.require_answer()
            endpoint.tell_address()
            yield endpoint
        finally:
            endpoint.close()


def endpoint_names(adapter: FoundAdapter) -> tuple[str, ...]:
    """What addresses are given by: the contract's names; where we are called, the acts' own."""
    from hub.certify.acts import acts_of  # noqa: PLC0415  the acts know endpoints

    own: tuple[str, ...] | None = getattr(acts_of(adapter.manifest.port), "ENDPOINTS", None)
    return tuple(adapter.contract.endpoints) if own is None else own


def opened(
    adapter: FoundAdapter,
    adapters: Mapping[str, FoundAdapter],
    suite: Suite,
    contracts: Path,
    folder: Path,
    timeout_s: float | None,
) -> AbstractContextManager[Endpoint]:
    """What ``mock`` stands for: the bundled mock of whom we call, or our own side over the mock
    core where others call us."""
    from hub.certify.acts import acts_of  # noqa: PLC0415  the acts know endpoints

    own = getattr(acts_of(suite.port), "open_own", None)
    if own is None:
        return open_mock(adapter, suite, contracts, folder, timeout_s)
    served: AbstractContextManager[Endpoint] = own(adapter, adapters, suite, folder, timeout_s)
    return served


def _spoilt(text: str) -> str:
    """The same kind of secret, another value."""
    if "PRIVATE KEY-----" in text:
        return _another_key()
    last = text[-1:]
    return text[:-1] + ("1" if last != "1" else "0")


def _another_key() -> str:
    """A sound private key that nobody knows us by."""
    key = Ed25519PrivateKey.generate()
    shape = (Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return key.private_bytes(*shape).decode("ascii")
