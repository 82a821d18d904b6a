"""The core's mock as a process, small data, and a client written by hand: no adapter in it."""

import csv
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "contracts_spec" / "core" / "reference"
PARTNER = "core-reference"
KEY_ID = "hub-2025"
PERIOD, BANK = "202510", "ICBC"

PERSON_HEADER = (
    "GRZH,DWZH,XingMing,ZJLX,ZJHM,SJHM,GRZHZT,GRJCJS,GRYJCE,DWYJCE,GRZHYE,DJJE,KHRQ,JZNY"
)
UNITS = (
    "DWZH,DWMC,TYSHXYDM,DWDZ,DWFRDBXM,DWFRDBZJHM,DWZHZT,DWJCBL,GRJCBL,JZNY\n"
    "522700000001,都匀样例有限公司,91522701MA6DM00001,都匀市,吴一,522701196501016661,01,0.12,0.12,"
    "202510\n"
)
RICH, POOR, SEALED, FROZEN, CLOSED, COURT = (f"5227000000000{n}" for n in range(1, 7))
MOVED, OUT, TINY = "52270000000007", "52270000000008", "52270000000009"
NOBODY = "52279999999999"


def person(grzh: str, name: str, state: str, balance: str, frozen: str = "0.00") -> str:
    """A line of persons.csv."""
    return (
        f"{grzh},522700000001,{name},01,522701199001011238,13900000001,{state},5000.00,600,600,"
        f"{balance},{frozen},20200101,202510"
    )


PEOPLE = (
    person(RICH, "欧阳𠮷", "01", "10000.00"),
    person(POOR, "阿依努尔·玉素甫", "01", "500.00"),
    person(SEALED, "潘䶮", "02", "300"),
    person(FROZEN, "韦三", "06", "9000.00", "9000.00"),
    person(CLOSED, "罗四", "05", "0.00"),
    person(COURT, "陆五", "01", "100.00", "80.5"),
    person(MOVED, "蒙六", "03", "1000.00"),
    person(OUT, "莫七", "04", "1000.00"),
    person(TINY, "石八", "01", "0.01"),
)


def write_data(folder: Path, people: Sequence[str] = PEOPLE) -> Path:
    """persons.csv and units.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    lines = [PERSON_HEADER, *people]
    (folder / "persons.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def sm3(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def sign(key: bytes, path: str, stamp: str, nonce: str, body: bytes) -> str:
    mac = HMAC(key, hashes.SM3())
    mac.update("\n".join(("POST", path, stamp, nonce, sm3(body))).encode())
    return mac.finalize().hex()


def item(
    number: str, *payers: tuple[str, int], agreement: str = "DC1", day: str = "20251010"
) -> dict[str, Any]:
    """One item of a command, as JSON has it."""
    return {
        "MXBH": number, "QCNY": PERIOD, "YHJC": BANK, "XYBH": agreement, "JZRQ": day,
        "FKR": [{"GRZH": account, "FSEFEN": fen} for account, fen in payers],
    }  # fmt: skip


@dataclass
class CoreMock:
    """The mock, running; ``kill`` and ``start`` again leave its books as they were committed."""

    state: Path
    data: Path
    process: subprocess.Popen[bytes] | None = None
    ports: dict[str, Any] = field(default_factory=dict)

    def start(self) -> Self:
        ports = self.state / "ports.json"
        ports.unlink(missing_ok=True)
        words = [sys.executable, "-m", "mocks", "serve", "--partner", PARTNER]
        words += ["--state", str(self.state), "--data", str(self.data), "--environment", "test"]
        words += ["--ports-file", str(ports), "--exit-with-parent"]
        self.process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("the core's mock did not start")
            time.sleep(0.02)
        self.ports = json.loads(ports.read_text(encoding="utf-8"))[PARTNER]
        return self

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self._ended()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self._ended()

    def _ended(self) -> None:
        if self.process is not None:
            self.process.wait(20)
            if self.process.stdin is not None:
                with suppress(OSError):
                    self.process.stdin.close()
            self.process = None

    @property
    def key_file(self) -> Path:
        """The shared key the mock made for itself."""
        return self.state / PARTNER / "sign_key"

    def client(self) -> "HandClient":
        key = bytes.fromhex(self.key_file.read_text(encoding="ascii"))
        return HandClient(self.ports["api"], self.ports["control"], key)


class HandClient:
    """What a vendor's own tester would write from the contract."""

    def __init__(self, api: str, control: str, key: bytes) -> None:
        self._http = httpx.Client(base_url=api, timeout=20, trust_env=False)
        self._control = httpx.Client(base_url=control, timeout=20, trust_env=False)
        self._key = key

    def close(self) -> None:
        self._http.close()
        self._control.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def raw(
        self,
        path: str,
        body: bytes,
        *,
        stamp: str | None = None,
        nonce: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        stamp, nonce = stamp or str(time.time_ns() // 10**6), nonce or secrets.token_hex(16)
        given = {
            "X-Core-Key": KEY_ID,
            "X-Core-Timestamp": stamp,
            "X-Core-Nonce": nonce,
            "X-Core-Signature": sign(self._key, path, stamp, nonce, body),
        }
        given.update({f"X-Core-{name.capitalize()}": value for name, value in headers.items()})
        return self._http.post(path, content=body, headers=given)

    def ask(self, path: str, **content: Any) -> dict[str, Any]:
        """A signed call; the whole reply."""
        body = json.dumps({"QQLSH": secrets.token_hex(8), **content}).encode()
        reply = self.raw("/core/v1/" + path, body)
        assert reply.status_code == 200
        found: dict[str, Any] = reply.json()
        return found

    def command(self, kind: str, *items: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(FHM, MXZT) of each item, in the order asked."""
        reply = self.ask(f"commands/{kind}", MX=list(items))
        assert reply["FHM"] == "0000", reply
        found = {row["MXBH"]: (row["FHM"], row["MXZT"]) for row in reply["MX"]}
        return [found[one["MXBH"]] for one in items]

    def account(self, grzh: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("accounts/query", GRZH=[grzh])["ZH"][0]
        return found

    def money(self, grzh: str) -> tuple[int, int]:
        """(balance, held) in 分."""
        found = self.account(grzh)
        return found["GRZHYEFEN"], found["ZYJEFEN"]

    def control(self, method: str, path: str, **body: Any) -> httpx.Response:
        return self._control.request(method, path, json=body or None)

    def csv(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.control("GET", f"/{name}.csv").text)))

    def reset(self) -> None:
        assert self.control("POST", "/reset").status_code == 200
