"""The two servers: our door, and the yardstick.  Each is a process of its own.

The yardstick is what somebody would write who only wants the row out: a FastAPI route that reads
the firm's unit by its token and answers it, with no signature, no check, no record.
"""

import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from adapters.one_thing.listing.adapter import build
from hub.api.door import CREWS, MOST
from hub.api.gate import Gate, Published
from hub.core.copy_tables import registry_unit
from hub.crypto import KeyRing
from hub.kernel.clocks import SystemClock
from hub.ports.context import AdapterContext
from hub.queries.enterprise import Enterprises
from hub.store import Store
from hub.store.vault import Vault
from hub.wire.http_in import HttpListener
from hub.wire.together import Together

CONTRACT = Path(__file__).resolve().parents[2] / "contracts_spec" / "one_thing" / "listing"
INTERFACE, SID = "onething-listing", "SID-1"
BARE = "/unit/"


def ours(url: str, folder: Path, port: int) -> None:
    """The door, until it is killed."""
    store, vault, clock = Store(url), Vault(KeyRing.create(folder / "keys")), SystemClock()
    adapter = build(AdapterContext(INTERFACE, CONTRACT, {"sid": SID}, {}, clock))
    gate = Gate(
        store, vault, clock, Enterprises(vault, "core-registry"), [Published(INTERFACE, adapter)]
    )
    listener = HttpListener(
        Together(gate.take, CREWS, MOST), gate.routes, host="127.0.0.1", port=port, say=gate.say
    )
    listener.start()
    sys.stdin.read()  # until the measuring process lets go


def bare(url: str, port: int) -> None:
    """The yardstick, until it is killed."""
    store, app = Store(url), FastAPI()
    query = sa.select(registry_unit).where(registry_unit.c.uscc_token == sa.bindparam("token"))
    shown = [column.name for column in registry_unit.columns if column.name != "sealed"]

    @app.post(BARE + "{token}")
    def unit(token: str) -> dict[str, Any]:
        with store.read() as view:
            row = view.execute(query, {"token": token}).one()
        return {name: getattr(row, name) for name in shown}

    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    side, given_url, given_folder, given_port = sys.argv[1:5]
    if side == "ours":
        ours(given_url, Path(given_folder), int(given_port))
    else:
        bare(given_url, int(given_port))
