"""All that a bank keeps behind its wire: customer, loan book, ledger, instructions, agreements."""

from collections.abc import Sequence

from mocks.kit.bank.book import LoanBook
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.orders import Say
from mocks.kit.bank.payments import Payments
from mocks.kit.bank.registrations import Registrations
from mocks.kit.clock import MockClock
from mocks.kit.partner import Site
from mocks.kit.storage import Storage


class Books:
    """The books of one bank."""

    def __init__(
        self,
        site: Site,
        contract: Contract,
        *,
        bank: str,
        payer: tuple[str, str],
        serial: str,
        say: Say,
        own: Sequence[str] = (),
    ) -> None:
        """``bank`` is the YHJC of its loans.

        ``payer`` names the contract's values for number and name of the paying account; ``serial``
        is how the bank numbers entries (see Ledger), ``say`` its words for a row under a rule,
        ``own`` the secrets it draws for itself.
        """
        self.contract: Contract = contract
        self.clock: MockClock = site.clock
        self.storage: Storage = site.storage
        self.clients = ClientFile(site, contract, payer, own)
        self.loans = LoanBook(site, bank)
        self.ledger = Ledger(site.storage, site.clock, serial)
        self.payments = Payments(site.storage, self.loans, self.ledger, site.clock, say)
        self.registrations = Registrations(site.storage, self.loans)

    def catch_up(self) -> None:
        """What became due since the last request: payments on their way, money coming back."""
        self.payments.sweep(self.clients.payer)
        self.ledger.settle_returns()

    def reset(self) -> None:
        """As after loading: no instruction, no credit, KKJG as in the file."""
        with self.storage.write():
            self.payments.reset()
            self.ledger.reset()
            self.registrations.reset()
            self.loans.reset()
