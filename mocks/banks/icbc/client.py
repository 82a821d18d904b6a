"""The one customer of this bank: its numbers, its account, the NC's key and credential.

The numbers are the contract's examples until the control plane changes them; key and credential
are drawn at random when the state is made, and the credential is left in the file ``cert`` (0600)
beside the state, as a bank would hand it over.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Any

from mocks.banks.icbc.contract import Contract
from mocks.kit.partner import ControlError, Site

_NOTE = "client"


@dataclass(frozen=True, slots=True)
class Client:
    """What the bank expects of its caller."""

    CIS: str
    GroupCIS: str
    ID: str
    PayAccNo: str
    PayAccName: str
    cert: str
    seal_key: str
    keep_hours: bool = True

    @property
    def payer(self) -> tuple[str, str]:
        """Number and name of the paying account."""
        return (self.PayAccNo, self.PayAccName)


class ClientFile:
    """The client, kept among the state's notes."""

    def __init__(self, site: Site, contract: Contract) -> None:
        self._site = site
        kept = site.notes.get(_NOTE)
        if kept is None:
            self.client = Client(
                CIS=contract.example("CIS"),
                GroupCIS=contract.example("GroupCIS"),
                ID=contract.example("ID"),
                PayAccNo=contract.example("PayAccNo"),
                PayAccName=contract.example("PayAccName"),
                cert=secrets.token_hex(32),
                seal_key=secrets.token_hex(32),
            )
            self._keep()
        else:
            self.client = Client(**json.loads(kept))
        self._hand_over()

    def change(self, wanted: dict[str, Any]) -> None:
        """Change what is named; unknown names are refused.  ``seal_key`` is hexadecimal."""
        unknown = set(wanted) - set(asdict(self.client))
        bytes.fromhex(wanted.get("seal_key", ""))
        if unknown:
            raise ControlError(f"不能改：{'、'.join(sorted(unknown))}")
        self.client = replace(self.client, **wanted)
        self._keep()
        self._hand_over()

    def shown(self) -> dict[str, Any]:
        """For the control plane: all but the seal's key."""
        return {k: v for k, v in asdict(self.client).items() if k != "seal_key"}

    def _keep(self) -> None:
        self._site.notes.put(_NOTE, json.dumps(asdict(self.client), ensure_ascii=False))

    def _hand_over(self) -> None:
        path = self._site.state / "cert"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(self.client.cert)
