"""``python -m benchmarks.query``: published queries a second, against a bare route.

Ours is all of it: signature, quota, replay, grant, validation both ways, a firm with its months,
arrears and a penalty, masking, the sealed record and its audit entry committed before the answer.
The yardstick is a FastAPI route that reads the same row and answers it.  Same server, same run, in
turns; the better of each counts, since the machine is shared.  design.md §12 wants ≥ ½.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from benchmarks.query.load import Took, drive
from benchmarks.query.sides import BARE, CONTRACT, INTERFACE, SID
from hub.contracts import load_contract
from hub.core.copying import Follower
from hub.crypto import KeyRing
from hub.kernel.clocks import SystemClock
from hub.people import Actor, Party
from hub.people.words import Role
from hub.ports.core import ChangesPage, RegistryChange
from hub.ports.line import DriftNotes
from hub.queries.callers import Callers, Wanted
from hub.store import Store, schema
from hub.store.vault import Vault
from hub.wire.listening import free_port

_ROUTE = "/sysapi/onething/listing/enterprise"
_RID, _WHO = "bench", Actor("bench", Party.CENTRE, frozenset({Role.HANDLER}), 1)
_WARM = 200
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--firms", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--postgres", default="", help="URL of a server; else SQLite alone")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        _measure("SQLite", f"sqlite:///{folder}/hub.sqlite", Path(folder), chosen)
    if chosen.postgres:
        with (
            tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder,
            _fresh_schema(chosen.postgres) as url,
        ):
            _measure("PostgreSQL", url, Path(folder), chosen)


def _measure(name: str, url: str, folder: Path, chosen: argparse.Namespace) -> None:
    tokens, secret = _fill(url, folder, chosen.firms)
    best: dict[str, Took] = {}
    for _ in range(chosen.rounds):
        for side in ("bare", "ours"):
            with _server(side, url, folder) as (port, pid):
                made = [
                    _bare(tokens[n % len(tokens)]) if side == "bare"
                    else _signed(secret, n, n % chosen.firms)
                    for n in range(chosen.requests + _WARM)
                ]  # fmt: skip
                mark = b'"state"' if side == "bare" else b'"code":"200"'
                drive(port, made[:_WARM], chosen.connections, mark)
                before = _used(pid)
                took = drive(port, made[_WARM:], chosen.connections, mark)
                took = replace(took, used=_used(pid) - before)
            if took.bad:
                sys.exit(f"{side}: {took.bad} answers were none")
            if side not in best or took.rate > best[side].rate:
                best[side] = took
    for side, took in best.items():
        print(
            f"{name:11} {side:5} {took.rate:7.0f} requests/s   "
            f"p50 {took.quantile(0.5) * 1000:5.1f} ms   p99 {took.quantile(0.99) * 1000:5.1f} ms   "
            f"{took.used / len(took.each) * 1000:5.2f} ms processor each",
            flush=True,
        )
    by_use = (best["bare"].used / len(best["bare"].each)) / (
        best["ours"].used / len(best["ours"].each)
    )
    print(
        f"{name:11} ratio {best['ours'].rate / best['bare'].rate:5.2f} (wanted 0.50), "
        f"by processor time {by_use:4.2f}",
        flush=True,
    )


def _used(pid: int) -> float:
    """Seconds of processor time of a process so far: a busy machine changes it little."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _fill(url: str, folder: Path, firms: int) -> tuple[list[str], str]:
    store, vault, clock = Store(url), Vault(KeyRing.create(folder / "keys")), SystemClock()
    schema.upgrade(store)
    changes = [change for firm in range(firms) for change in _firm(firm, clock)]

    class Feed:
        def changes_since(self, _line: Any, sequence: int, limit: int) -> ChangesPage:
            page = changes[sequence : sequence + limit]
            return ChangesPage(tuple(page), sequence + limit < len(changes))

    follower = Follower(
        store, vault, clock, "core-registry", Feed(),
        lambda: SimpleNamespace(drift=DriftNotes()), "1.0.0",
    )  # fmt: skip
    while follower.step():
        pass
    known = load_contract(CONTRACT).extra["query"]["grantable"]
    with store.write() as tx:
        wanted = Wanted(
            rid=_RID, interface=INTERFACE, purpose="测", basis="测", shown=tuple(sorted(known)),
            until=clock.today() + timedelta(days=30), title="测", per_minute=1_000_000,
            per_day=100_000_000,
        )  # fmt: skip
        made = Callers(vault, clock).grant(tx, wanted, {INTERFACE: known}, _WHO)
    store.close()
    assert made.secret is not None
    return [vault.tokens.whole("uscc", _uscc(n)) for n in range(firms)], made.secret.reveal()


def _firm(n: int, clock: SystemClock) -> list[RegistryChange]:
    """A unit, nine months, arrears and a penalty."""
    unit, now = f"5227{n:08d}", clock.now()
    said: list[tuple[str, str, dict[str, str]]] = [
        ("DW", unit, {
            "DWZH": unit, "DWMC": f"样例{n}有限公司", "ZZJGDM": _uscc(n), "DWZHZT": "01",
            "JZNY": "202509", "DWJCRS": "25", "DWFCRS": "2", "DWZHYEFEN": "440222701",
            "DWKHRQ": "20100401", "DWXHRQ": "",
        }),
        ("QJ", f"QJ{n}", {"DWZH": unit, "QSNY": "202508", "ZZNY": "202509", "QJYS": "2",
                          "QJJEFEN": "282400", "QJZT": "01"}),
        ("CF", f"CF{n}", {"DWZH": unit, "CFLX": "01", "WSH": f"罚〔2025〕{n} 号",
                          "JDRQ": "20250701", "SY": "逾期不缴", "JEFEN": "10000", "CFZT": "02"}),
        *(
            ("HJ", f"{unit}-2025{month:02d}",
             {"DWZH": unit, "HJNY": f"2025{month:02d}", "YJRS": "27", "SJRS": "25",
              "YJJEFEN": "3812400", "SJJEFEN": "3530000", "JZRQ": f"2025{month:02d}15"})
            for month in range(1, 10)
        ),
    ]  # fmt: skip
    first = n * len(said)
    return [
        RegistryChange(first + place + 1, kind, key, fields, now)
        for place, (kind, key, fields) in enumerate(said)
    ]


def _uscc(n: int) -> str:
    code = f"91522700MA6{n:06d}"
    total = sum(_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code))
    return code + _ALPHABET[(31 - total % 31) % 31]


def _signed(secret: str, serial: int, firm: int) -> bytes:
    """Every request a millisecond of its own."""
    rtime = str(time.time_ns() // 1_000_000 + serial)
    sign = hmac.new(secret.encode(), f"{SID}{_RID}{rtime}".encode(), hashlib.sha256).digest()
    body = json.dumps(
        {"tyshxydm": _uscc(firm), "qymc": f"样例{firm}有限公司", "jbr_sfzh": "522701199001011238",
         "ksny": "202501", "jsny": f"{date(2025, 9, 1):%Y%m}"}, ensure_ascii=False,
    ).encode()  # fmt: skip
    head = (
        f"POST {_ROUTE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"gjgxjhpt_rid: {_RID}\r\ngjgxjhpt_sid: {SID}\r\ngjgxjhpt_rtime: {rtime}\r\n"
        f"gjgxjhpt_sign: {base64.b64encode(sign).decode()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _bare(token: str) -> bytes:
    return f"POST {BARE}{token} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()


@contextmanager
def _server(side: str, url: str, folder: Path) -> Iterator[tuple[int, int]]:
    port = free_port(0)
    words = [sys.executable, "-m", "benchmarks.query.sides", side, url, str(folder), str(port)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 60
            while port is None or free_port(port) is not None:
                if process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"{side} did not come up")
                time.sleep(0.05)
            assert port is not None
            yield port, process.pid
        finally:
            process.terminate()


@contextmanager
def _fresh_schema(server: str) -> Iterator[str]:
    name = "bench" + uuid.uuid4().hex[:12]
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    try:
        yield f"{server}?options=-csearch_path%3D{name}"
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        admin.dispose()


if __name__ == "__main__":
    main()
