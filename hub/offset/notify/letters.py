"""What the messages carry, as they are stored (sealed) in the bus."""

import msgspec

from hub.ports.notify import NotifyText, NotifyWay


class TextsLetter(msgspec.Struct, frozen=True):
    """Texts to one destination: rows are (row in our books, number, to, text)."""

    way: str
    rows: list[tuple[int, str, str, str]]

    def as_texts(self) -> list[NotifyText]:
        """In the port's form."""
        way = NotifyWay(self.way)
        return [NotifyText(number, way, to, text) for _, number, to, text in self.rows]


class PhonesLetter(msgspec.Struct, frozen=True):
    """Personal accounts whose holders' telephone numbers the core is asked for."""

    numbers: list[str]
