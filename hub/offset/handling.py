"""What the offset's bus handlers have in common."""

from sqlalchemy.engine import Connection

from hub.bus import Message
from hub.ports.line import PartnerRefused


class ReadHandler:
    """A handler of messages that change nothing at the partner."""

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """Nothing to undo; the conductor asks again in its own time."""

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: a read that broke is simply asked again."""

    def died(self, tx: Connection, message: Message) -> None:
        """Nothing to undo; the dead letter is on the page."""
