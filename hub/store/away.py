"""The database does not answer: told apart from a mistake of the hub's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError

from hub.kernel.errors import Unavailable

_AWAY = ("disk", "full", "locked", "busy", "unable to open", "readonly", "malformed", "closed")
"""What SQLite says when the fault is not in the statement."""


class DatabaseAway(Unavailable):
    """The database does not answer."""

    code = "store.away"
    hint = "Start the database or free its disk; the hub goes on by itself, nothing is lost."


@contextmanager
def told_away(*, sqlite: bool) -> Iterator[None]:
    """Raises DatabaseAway for a driver's error that says so; others pass as they are."""
    try:
        yield
    except OperationalError as error:
        if sqlite and not any(word in str(error.orig) for word in _AWAY):
            raise  # SQLite calls a mistake of ours "operational" too
        raise DatabaseAway(
            f"the database does not answer: {type(error.orig).__name__}: {str(error.orig)[:200]}"
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseAway from error
        raise
