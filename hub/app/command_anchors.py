"""Anchors of the command log: how far it reached, noted in the audit's chain.

A serving hub notes it once a minute when there was something new, a remote session when it begins
and ends, an incident's report when it is written.  Lines that were cut off after the last anchor
cannot be told; all others can.
"""

import json
import threading

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.app.command_log import Flaw, Head, check_file, head_of
from hub.app.hub import Hub
from hub.audit.tables import audit_entry
from hub.kernel.logs import get_logger

ACT, SUBJECT = "commands.anchor", "command-log"
_EVERY_S = 60.0
_log = get_logger(__name__)


def read_anchors(view: Connection) -> list[Head]:
    """All of them, in order."""
    e = audit_entry.c
    query = sa.select(e.detail).where(e.subject == SUBJECT, e.act == ACT).order_by(e.id)
    said = [json.loads(row.detail) for row in view.execute(query)]
    return [Head(int(one["bytes"]), str(one["head"])) for one in said]


def anchor(hub: Hub, tx: Connection, *, by: str) -> Head:
    """Note how far the log reaches, in the caller's transaction."""
    head = head_of(hub.settings.home)
    audit.record(tx, act=ACT, actor=by, subject=SUBJECT,
                 detail={"bytes": head.size, "head": head.digest})  # fmt: skip
    return head


def check_log(hub: Hub) -> tuple[Head, int, list[Flaw]]:
    """Where the log ends, how many anchors there are, and what is wrong."""
    with hub.store.read() as view:
        anchors = read_anchors(view)
    return head_of(hub.settings.home), len(anchors), check_file(hub.settings.home, anchors)


class AnchorWatch:
    """A serving process's thread that notes what is new."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._last: Head | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="command-log", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def look(self) -> bool:
        """Note the log's end when it has grown since the last anchor; whether it had."""
        head = head_of(self._hub.settings.home)
        if self._last is None:
            with self._hub.store.read() as view:
                self._last = (read_anchors(view) or [Head(0, "")])[-1]
        if head == self._last:
            return False
        with self._hub.store.write() as tx:
            self._last = anchor(self._hub, tx, by="hub")
        return True

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_S):
            try:
                self.look()
            except Exception:  # noqa: BLE001  the next turn tries again
                _log.exception("the command log was not anchored")
