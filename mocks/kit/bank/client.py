"""The one customer of a bank: its numbers, its account, its secrets.

The numbers are the contract's examples until the control plane changes them; secrets are drawn at
random when the state is made and left in files (0600) beside the state, as a bank would hand them
over.
"""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mocks.kit.bank.contract import Contract
from mocks.kit.partner import ControlError, Site

_NOTE = "client"


@dataclass(frozen=True, slots=True)
class Client:
    """What the bank expects of its caller.

    ``values`` and ``handed`` are the contract's values and secrets; ``own`` are secrets that the
    bank keeps to itself and shows nobody.
    """

    values: dict[str, str]
    handed: dict[str, str]
    own: dict[str, str] = field(default_factory=dict)
    keep_hours: bool = True

    def __getitem__(self, name: str) -> str:
        """A value or a secret by its name."""
        return (self.values | self.handed | self.own)[name]


class ClientFile:
    """The client, kept among the state's notes.

    ``payer`` names the contract's values for number and name of the paying account; ``own`` the
    secrets the bank draws for itself.
    """

    def __init__(
        self, site: Site, contract: Contract, payer: tuple[str, str], own: Sequence[str] = ()
    ) -> None:
        self._site = site
        self._payer = payer
        kept = site.notes.get(_NOTE)
        if kept is None:
            self.client = Client(
                values={name: contract.example(name) for name in contract.raw["values"]},
                handed={
                    name: secrets.token_hex(int(one.get("longest", 64)) // 2)[:64]
                    for name, one in contract.raw["secrets"].items()
                    if one.get("made") != "sftp"  # keys: the SFTP port draws them
                },
                own={name: secrets.token_hex(32) for name in own},
            )
            self._keep()
        else:
            self.client = Client(**json.loads(kept))
        self._hand_over()

    @property
    def payer(self) -> tuple[str, str]:
        """Number and name of the paying account."""
        account, name = self._payer
        return (self.client[account], self.client[name])

    def change(self, wanted: dict[str, Any]) -> None:
        """Change what is named; unknown names are refused."""
        parts = asdict(self.client)
        for name, value in wanted.items():
            if name == "keep_hours":
                parts["keep_hours"] = bool(value)
                continue
            held = next((parts[k] for k in ("values", "handed", "own") if name in parts[k]), None)
            if held is None:
                raise ControlError(f"不能改：{name}")
            held[name] = str(value)
        self.client = replace(self.client, **parts)
        self._keep()
        self._hand_over()

    def shown(self) -> dict[str, Any]:
        """For the control plane: all but what the bank keeps to itself."""
        client = self.client
        return {**client.values, **client.handed, "keep_hours": client.keep_hours}

    def _keep(self) -> None:
        self._site.notes.put(_NOTE, json.dumps(asdict(self.client), ensure_ascii=False))

    def _hand_over(self) -> None:
        for name, secret in self.client.handed.items():
            path = self._site.state / name
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(path, flags, 0o600), "w") as file:
                file.write(secret)
