"""Ctrl-C and SIGTERM end a command in good order: what is begun is ended, then it leaves."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Told(BaseException):
    """Somebody told this command to end."""

    BY_CTRL_C: ClassVar[int] = 128 + signal.SIGINT

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Inside, the first Ctrl-C or SIGTERM raises Told in the main thread; a second one ends the
    process at once, as people expect who press it twice."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def told(number: int, _frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        raise Told(number)

    for number in _SIGNALS:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class UntilTold:
    """Waits for Ctrl-C or SIGTERM: what a service does, which then leaves with 0."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()

    def by_closed_input(self) -> None:
        """Be told by the end of standard input too: whoever started this process has gone."""

        def watch() -> None:
            while os.read(sys.stdin.fileno(), 4096):
                pass
            self._event.set()

        threading.Thread(target=watch, daemon=True, name="stdin").start()

    def wait(self) -> None:
        """Until told.  In short waits, for a lock that waits for ever lets no signal through."""
        while not self._event.wait(0.5):
            pass
