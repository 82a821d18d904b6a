"""The core's mock with a few units and people for the registry, and the adapter at its socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from adapters.core.registry.adapter import Registry, build
from hub.kernel.clocks import SystemClock
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.line import Line
from hub.ports.registry import Withdrawal
from hub.wire import CallRecorder, HttpPartner, NoRecorder
from tests.core.corekit import CoreMock, HandClient, write_data
from tests.mocks.running import ROOT

CONTRACT = ROOT / "contracts_spec" / "core" / "registry"
INTERFACE = "core-registry"
PAPER = "522701199001011238"
UNIT = "522700000001"


@dataclass
class RegistryBench:
    """The mock, a client written by hand for the other contract, and the adapter."""

    mock: CoreMock
    hand: HandClient
    http: HttpPartner
    port: Registry
    timeout_s: float = 1.0
    lease_s: float = 10.0
    concurrency: int = 2
    contract_version: str = "1.0.0"
    lines: list[Line] = field(default_factory=list)

    def open_line(self, recorder: CallRecorder) -> Line:
        """OpenPartner, for the bus."""
        return self.http.open_line(recorder)

    def line(self) -> Line:
        """For one call of a test's own."""
        self.lines.append(self.http.open_line(NoRecorder()))
        return self.lines[-1]

    @property
    def drifts(self) -> list[str]:
        """Places and shapes noted on the last line."""
        return [f"{one.place}: {one.expected}; {one.found}" for one in self.lines[-1].drift.drifts]

    def control(self, path: str, **body: object) -> httpx.Response:
        """One act on the mock's control plane."""
        said = self.hand.control("POST", path, **body)
        assert said.status_code < 300, said.text
        return said


@contextmanager
def registry_bench(folder: Path) -> Iterator[RegistryBench]:
    """Up until the block ends."""
    mock = CoreMock(folder / "state", write_data(folder / "data")).start()
    try:
        key = Secret(mock.key_file.read_text(encoding="ascii").strip())
        with (
            HttpPartner({"api": mock.ports["api"]}, timeout_s=1.0) as http,
            mock.client() as hand,
        ):
            context = AdapterContext(
                INTERFACE, CONTRACT, {"key_id": "hub-2025"}, {"sign_key": key}, SystemClock()
            )
            yield RegistryBench(mock, hand, http, build(context))
    finally:
        mock.stop()


def withdrawal(number: str, account: str, name: str) -> Withdrawal:
    """Of somebody in the small data."""
    payee = "6222080000000000015"
    return Withdrawal(number, account, name, "01", PAPER, "03", payee, name, "工商银行", "102")
