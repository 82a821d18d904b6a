"""The register of service items, and which adapter serves which: what the board shows."""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.app.discover import FoundAdapter
from hub.contracts.yaml_files import read_yaml
from hub.kernel.errors import Misconfigured, NotFound
from hub.kernel.settings import Settings

REGISTER = "service_items.yaml"
CENTRES_OWN = ("core", "registry")
"""Ports of the core system: the centre's own, no service item."""


class NoSuchInterface(NotFound):
    """There is no such interface."""

    code = "watch.no_such_interface"
    hint = "`hub watch status` lists every interface of the 21 service items."


@dataclass(frozen=True, slots=True)
class ServiceItem:
    """One of the 21: its number, what the contract says, the interfaces that make it.

    ``excluded``: what the contract leaves out of it, printed on its report.
    """

    number: int
    code: str
    name: str
    kind: str
    clause: str
    wording: str
    interfaces: tuple[str, ...]
    excluded: str = ""

    @property
    def group(self) -> str:
        """Under which heading the board has it."""
        if self.kind == "operate":
            return "operate"
        return {"1.(3)": "bank", "1.(5)": "onething"}.get(self.clause.partition("(二)")[2][:5],
                                                         "platform")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All items in their order, and every adapter by interface."""

    reading: str
    confirmed: str
    items: tuple[ServiceItem, ...]
    adapters: dict[str, FoundAdapter]

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Every interface: of the items first, then those that no item counts."""
        listed = [name for item in self.items for name in item.interfaces]
        return tuple(dict.fromkeys([*listed, *sorted(self.adapters)]))

    def items_of(self, interface: str) -> tuple[ServiceItem, ...]:
        """The items that an interface is a part of."""
        return tuple(item for item in self.items if interface in item.interfaces)

    def uncounted(self) -> tuple[str, ...]:
        """Adapters of no item: the core system, and what the centre connects besides."""
        return tuple(name for name in sorted(self.adapters) if not self.items_of(name))

    def name_of(self, interface: str) -> str:
        """What pages call it.  Raises NoSuchInterface."""
        adapter, items = self.adapters.get(interface), self.items_of(interface)
        if len(items) == 1 and len(items[0].interfaces) == 1:
            return items[0].name
        if adapter is not None:
            said = adapter.contract.name
            return str(said) or adapter.manifest.partner.name
        if items:
            return items[0].name
        raise NoSuchInterface(f"there is no interface {interface[:40]!r}")


def read_catalogue(settings: Settings, adapters: dict[str, FoundAdapter]) -> Catalogue:
    """Raises Misconfigured for a register that cannot be used."""
    path = settings.contracts / REGISTER
    try:
        said = read_yaml(path)
        items = tuple(_items(said["items"]))
        total = int(said["total"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Misconfigured(f"{REGISTER}: {type(error).__name__}: {error}") from error
    if [item.number for item in items] != list(range(1, total + 1)):
        raise Misconfigured(f"{REGISTER}: the items are not numbered 1 to {total}")
    return Catalogue(str(said["reading"]), str(said["confirmed"] or ""), items, adapters)


def _items(listed: list[dict[str, object]]) -> Iterator[ServiceItem]:
    for one in listed:
        made = one["interfaces"]
        if not isinstance(made, list):
            raise ValueError(f"item {one['number']}: interfaces must be a list")
        yield ServiceItem(
            number=int(str(one["number"])), code=str(one["code"]), name=str(one["name"]),
            kind=str(one["kind"]), clause=str(one["clause"]), wording=str(one["wording"]),
            interfaces=tuple(str(name) for name in made), excluded=str(one.get("excluded") or ""),
        )  # fmt: skip
