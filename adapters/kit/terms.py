"""What a bank's contract promises, as the bank port wants it."""

from collections.abc import Sequence

from adapters.kit import banks
from hub.contracts import Contract
from hub.ports.bank import InstructionBatch


class BankTerms:
    """The port's attributes that follow from the contract alone.

    ``payee_fields``: the contract's fields for a payee's name and account; ``delimiters``:
    characters that separate values on this wire.
    """

    def __init__(
        self, contract: Contract, *, payee_fields: Sequence[str], delimiters: str = ""
    ) -> None:
        self._contract = contract
        self._payee_fields = payee_fields
        self._delimiters = delimiters
        self.batch_limit: int = contract.limit("batch_rows")
        self.inquiry_limit: int = contract.limit("inquiry_rows")
        self.settle_after_s: float = contract.timing.settle_after_s
        self.numbers_idempotent: bool = contract.numbers.idempotent

    def obstacle(self, name: str, account: str) -> str | None:
        """See ``adapters.kit.banks.obstacle``."""
        return banks.obstacle(
            self._contract, name, account, fields=self._payee_fields, delimiters=self._delimiters
        )

    def check_batch(self, batch: InstructionBatch) -> None:
        """See ``adapters.kit.banks.check_batch``."""
        banks.check_batch(
            self._contract, batch, self.batch_limit, fields=self._payee_fields,
            delimiters=self._delimiters,
        )  # fmt: skip
