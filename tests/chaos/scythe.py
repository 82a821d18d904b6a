"""``python -m tests.chaos.scythe hub|mocks …``: the real command, which dies where it is told to.

The product holds no code for this.  Its doors (Store.write, Bus.put, a handler's send and apply,
the sending on each wire, the sealer, the checkpoint's line; the mocks' journal and storage) are
wrapped from outside before the command starts.  At the ordered passing of a boundary the process
notes it and sends SIGKILL to itself: no ``finally``, no flush, no rollback of its own.
"""

import fcntl
import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from tests.chaos.boundaries import ANY, Boundary, Death, Notes, Order, read_orders

ORDERS, NOTES, NAME = "CHAOS_ORDERS", "CHAOS_NOTES", "CHAOS_NAME"
"""In the environment: the orders (JSON), the notes' file, and what this process is called."""


class Scythe:
    """Counts the passings of boundaries and dies at the ordered one."""

    def __init__(self, orders: Iterable[Order], notes: Path, name: str) -> None:
        self._orders = list(orders)
        self._notes = Notes(notes)
        self._name = name
        self._seen: Counter[tuple[Boundary, str, str]] = Counter()
        self._lock = threading.Lock()
        self._file = os.open(notes, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def passing(
        self, boundary: Boundary, kinds: Iterable[str], last: Callable[[], object] | None = None,
        partner: str = "",
    ) -> None:  # fmt: skip
        """A thread is at this boundary with messages of these kinds (for one ``partner``, where
        that is known); ``last`` is done before the death, if there is one."""
        with self._lock:
            for kind in sorted(set(kinds)):
                self._count(boundary, kind, partner)
                for one in list(self._orders):
                    if self._is_due(one, boundary, kind, partner) and self._claim(one):
                        if last is not None:
                            last()
                        self.die(one, kind, partner)

    def _count(self, boundary: Boundary, kind: str, partner: str) -> None:
        for whom in {partner, ANY} - {""}:
            self._seen[boundary, kind, whom] += 1
            self._seen[boundary, ANY, whom] += 1

    def _is_due(self, one: Order, boundary: Boundary, kind: str, partner: str) -> bool:
        meant = one.boundary == boundary and one.kind in (kind, ANY)
        seen = self._seen[boundary, one.kind, one.partner]
        return meant and one.partner in (partner, ANY) and seen >= one.nth

    def _claim(self, one: Order) -> bool:
        """Whether no other process has carried this order out; if so nobody else may any more.

        The lock goes with the process.
        """
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if any(death.order == one.number for death in self._notes.deaths()):
            self._orders.remove(one)
            fcntl.flock(self._file, fcntl.LOCK_UN)
            return False
        return True

    def die(self, one: Order, kind: str, partner: str) -> None:
        """Note it, and be gone."""
        nth = self._seen[one.boundary, one.kind, one.partner]
        self.note(asdict(Death(one.number, one.boundary, kind, nth, self._name, partner)))
        os.kill(os.getpid(), signal.SIGKILL)

    def note(self, line: dict[str, object]) -> None:
        """One line into the notes; it outlives the process, and need not outlive the machine."""
        os.write(self._file, (json.dumps(line) + "\n").encode())


def main() -> None:
    """Wrap, then run the command whose words follow."""
    what, words = sys.argv[1], sys.argv[2:]
    scythe = Scythe(read_orders(os.environ[ORDERS]), Path(os.environ[NOTES]), os.environ[NAME])
    if what == "mocks":
        from mocks.kit.entry import main as serve_mocks  # noqa: PLC0415
        from tests.chaos.scythe_mocks import wrap as wrap_mocks  # noqa: PLC0415

        wrap_mocks(scythe)
        sys.exit(serve_mocks(words))
    from hub.cli.main import run  # noqa: PLC0415
    from tests.chaos.scythe_hub import wrap as wrap_hub  # noqa: PLC0415

    wrap_hub(scythe)
    sys.argv = ["hub", *words]
    run()


if __name__ == "__main__":
    main()
