"""Members of JSON documents, read with their types: texts, whole numbers, rows of texts.

An amount or a number of ours is a text on these wires; a JSON number where the contract has a
text says nothing.
"""

from collections.abc import Mapping

from adapters.kit.banks import UNWRITABLE
from adapters.kit.replies import BadReply


def text(said: Mapping[str, object], name: str) -> str:
    """A member that is text; anything else says nothing, and so does text with control
    characters, which JSON can carry and no book of ours."""
    found = said.get(name)
    return found if isinstance(found, str) and not UNWRITABLE.search(found) else ""


def texts(said: Mapping[str, object]) -> dict[str, str]:
    """All members that are text, as :func:`text` reads them."""
    return {name: text(said, name) for name in said}


def number(said: Mapping[str, object], name: str) -> str:
    """A member that is a whole number, as digits; empty for anything else."""
    found = said.get(name)
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def rows(said: Mapping[str, object], place: str) -> list[dict[str, str]]:
    """The document's rows.  Raises BadReply when it has none, or one that is no object."""
    found = said.get("rows")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadReply(f"{place}/rows", "a list of objects", "something else")
    return [texts(one) for one in found]
