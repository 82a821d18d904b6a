"""The desk of the contracts' pages: over adapters, contracts and reports; it knows no table."""

from hub.app.adaptation import Adaptation, adaptations, has_catalogue
from hub.app.catalogue import NoSuchInterface, read_catalogue
from hub.app.discover import FoundAdapter, find_adapter
from hub.app.editions import every_edition, in_force, next_edition
from hub.app.hub import Hub
from hub.certify.quality import Quality, Tree, qualities
from hub.certify.shelf import Shelved, last_reports, reports_of
from hub.certify.spec_paper import spec_paper, suite_of
from hub.contracts import Contract, contract_files
from hub.papers import assumptions_of
from hub.papers.outline import outline
from hub.web.guard import NoPage
from hub.web.model.contracts import ContractLine, ContractView, Edition

_Key = tuple[tuple[str, str, str], ...]
"""(interface, version, last report) of each that was judged."""


class StoreContracts:
    """:class:`hub.web.contracts.ContractDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._reports = hub.settings.home / "certificates"
        self._catalogue = read_catalogue(hub.settings, hub.adapters)
        # Contracts, tests and mocks stay as they are while a process runs; reports do not.
        self._judged: tuple[_Key, dict[str, Quality]] = ((), {})

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def contracts(self) -> tuple[ContractLine, ...]:
        """Items in their order first, then what no item counts."""
        known = self._hub.adapters
        return tuple(
            self._line(known[name]) for name in self._catalogue.interfaces if name in known
        )

    def contract(self, interface: str, edition: str) -> ContractView:
        adapter, shown = self._find(interface, edition)
        contract = shown.contract
        digest, cases = suite_of(contract)
        return ContractView(
            self._line(adapter), contract, self._edition(adapter, shown),
            tuple(self._edition(adapter, one) for one in every_edition(adapter)), digest,
            outline(contract), (sum(must for *_, must in cases), len(cases)),
            assumptions_of(self._hub.settings.contracts, interface), _adapted(contract),
        )  # fmt: skip

    def paper(self, interface: str, edition: str) -> tuple[str, bytes]:
        contract = self._find(interface, edition)[1].contract
        made = spec_paper(contract, self._hub.settings.contracts)
        return f"{contract.interface}-{contract.version}.docx", made.content

    def file(self, interface: str, edition: str, path: str) -> bytes:
        folder = self._find(interface, edition)[1].contract.folder
        known = {one.relative_to(folder).as_posix(): one for one in contract_files(folder)}
        if path not in known:
            raise NoPage
        return known[path].read_bytes()

    def _find(self, interface: str, edition: str) -> tuple[FoundAdapter, FoundAdapter]:
        """The adapter, and the edition that is asked for: by default the one in force."""
        adapter = self._hub.adapters.get(interface)
        if adapter is None:
            raise NoSuchInterface(f"there is no contract of {interface[:40]!r}")
        if not edition:
            return adapter, in_force(adapter, self._hub.clock.today())
        return adapter, find_adapter({interface: adapter}, interface, edition)

    def _line(self, adapter: FoundAdapter) -> ContractLine:
        today = self._hub.clock.today()
        now, later = in_force(adapter, today), next_edition(adapter, today)
        contract = now.contract
        report = self._report(adapter.interface)
        return ContractLine(
            interface=adapter.interface, name=contract.name, partner=contract.partner.name,
            port=adapter.manifest.port, wire=contract.wire.format,
            charset=contract.wire.charset.declared, contract=self._edition(adapter, now),
            next=None if later is None else self._edition(adapter, later),
            items=self._catalogue.items_of(adapter.interface),
            transactions=len(contract.transactions),
            codes=sum(len(one.codes) for one in contract.code_tables.values()),
            claim=adapter.manifest.quality,
            quality=self._qualities().get(adapter.interface), report=report,
            current=_is_current(contract, report),
        )  # fmt: skip

    def _report(self, interface: str) -> Shelved | None:
        found = reports_of(self._reports, interface)
        return found[-1] if found else None

    def _qualities(self) -> dict[str, Quality]:
        """Of every interface; nothing where the evidence does not lie on this machine."""
        root = self._hub.settings.contracts.parent
        if not ((root / "tests").is_dir() and (root / "mocks").is_dir()):
            return {}
        today = self._hub.clock.today()
        now = {name: in_force(one, today) for name, one in self._hub.adapters.items()}
        last = {one.interface: one.stem for one in last_reports(self._reports)}
        key = tuple((name, one.contract.version, last.get(name, "")) for name, one in now.items())
        if self._judged[0] != key:
            tree = Tree(root, self._hub.settings.contracts, self._reports)
            found = qualities(now, tree, printing=False)
            self._judged = (key, {one.interface: one for one in found})
        return self._judged[1]

    def _edition(self, adapter: FoundAdapter, one: FoundAdapter) -> Edition:
        now = in_force(adapter, self._hub.clock.today())
        return Edition(one.contract.version, one.contract.effective_from, one is now)


def _is_current(contract: Contract, report: Shelved | None) -> bool:
    body = report.body if report is not None else None
    return body is not None and bool(body["contract"]["digest"] == suite_of(contract)[0])


def _adapted(contract: Contract) -> list[Adaptation]:
    return adaptations(contract) if has_catalogue(contract) else []
