"""适配对照表: every function of a partner's catalogue, whether it is adapted, and why not.

Read from the catalogue file that the contract names (``query.catalogue``); the tests ask each
adapted function over a socket and count its values by hand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.contracts import Contract
from hub.contracts.yaml_files import read_yaml

WORDS: Mapping[str, str] = {
    "adapted": "已适配", "not_applicable": "不适用", "pending": "未适配",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One function.  ``word`` is one of WORDS; ``source`` the copy's table it is added up from."""

    id: str
    title: str
    path: str
    word: str
    grant: str
    source: str
    fields: int
    why: str

    def as_dict(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "id": self.id, "title": self.title, "path": self.path, "adaptation": self.word,
            "grant": self.grant, "source": self.source, "fields": self.fields, "why": self.why,
        }  # fmt: skip


def has_catalogue(contract: Contract) -> bool:
    """Whether a contract publishes many functions."""
    return "catalogue" in contract.extra.get("query", {})


def adaptations(contract: Contract) -> list[Adaptation]:
    """In the catalogue's order."""
    raw = read_yaml(contract.folder / contract.extra["query"]["catalogue"])
    grants = contract.extra["query"]["grantable"]
    by_id = {one["id"]: one for one in raw["functions"]}
    return [_row(one, by_id.get(one.get("same_as", ""), one), grants) for one in raw["functions"]]


def counted(rows: list[Adaptation]) -> dict[str, int]:
    """How many of each word, those with none too."""
    return {word: sum(one.word == word for one in rows) for word in WORDS.values()}


def _row(
    one: Mapping[str, Any], said: Mapping[str, Any], grants: Mapping[str, Any]
) -> Adaptation:  # fmt: skip
    why = one.get("why", "") or (f"同 {one['same_as']}" if "same_as" in one else "")
    return Adaptation(
        one["id"], one["title"], f"/JG/{one['module']}/{one['name']}.service",
        WORDS[one.get("adaptation", "adapted")],
        str(grants[one["grant"]]["what"]) if "grant" in one else "", "、".join(_sources(said)),
        len(said.get("fields", ())), why,
    )  # fmt: skip


def _sources(said: Mapping[str, Any]) -> Iterator[str]:
    if "source" in said:
        yield str(said["source"])
    elif str(said.get("shape", "")).startswith("indicator."):
        yield "indicators"
    yield from dict.fromkeys(one["source"] for one in said.get("fields", ()) if "source" in one)
