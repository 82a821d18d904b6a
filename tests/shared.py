"""What costs much and is only looked at, made once for all workers of a run."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def shared_place(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder of that name that all workers see; whoever holds it may fill it, others wait."""
    place = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place / name
