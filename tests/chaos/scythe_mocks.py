"""The mocks' boundaries: a request noted, before a commit of money, after it.

A mock lives in one worker thread, so the request it has in hand is one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from mocks.kit.journal import Journal
from mocks.kit.messages import Call, Request
from mocks.kit.storage import Storage
from tests.chaos.boundaries import Boundary
from tests.chaos.scythe import Scythe

_NOTHING = "start"


def wrap(scythe: Scythe) -> None:
    """Set the boundaries around the mock's journal and storage."""
    in_hand = [_NOTHING]
    begin, write = Journal.begin, Storage.write

    def noting(
        self: Journal, endpoint: str, request: Request, call: Call, business_at: datetime
    ) -> int:
        entry = begin(self, endpoint, request, call, business_at)
        in_hand[0] = call.code or endpoint
        scythe.passing(Boundary.MOCK_ASKED, in_hand)
        return entry

    @contextmanager
    def writing(self: Storage) -> Iterator[Storage]:
        money = self.path.name != "journal.sqlite" and in_hand[0] != _NOTHING
        with write(self) as it:
            outermost = it._depth == 1
            yield it
            if money and outermost:
                scythe.passing(Boundary.MOCK_BEFORE_COMMIT, in_hand)
        if money and outermost:
            scythe.passing(Boundary.MOCK_AFTER_COMMIT, in_hand)

    Journal.begin = noting  # type: ignore[method-assign]
    Storage.write = writing  # type: ignore[method-assign]
