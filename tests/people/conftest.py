"""A store with tables, on each kind of database, and its people."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import hub.audit
import hub.people
import hub.store.vault  # noqa: F401  (their tables)
from hub.crypto.keyring import KeyRing
from hub.kernel.secret import Secret
from hub.people import Actor, Approvals, Party, People, Role
from hub.store import Store
from hub.store.vault import Vault
from tests.tables import make_tables


@dataclass
class House:
    """One database with people in it; ``tokens`` by login."""

    store: Store
    people: People
    approvals: Approvals
    tokens: dict[str, Secret]

    def actor(self, login: str) -> Actor:
        return self.people.authenticate(self.tokens[login])

    def add(self, login: str, *roles: Role, party: Party = Party.CENTRE) -> Actor:
        root = self.actor("root")
        with self.store.write() as tx:
            self.tokens[login] = self.people.add(
                tx, login=login, name="欧阳国洋", party=party, roles=roles, by=root
            )
        return self.actor(login)


@pytest.fixture
def bare(empty_store: Store, tmp_path: Path) -> House:
    """Tables, and nobody."""
    make_tables(empty_store, "audit_", "store_", "data_key", "person", "approval")
    people = People(empty_store, Vault(KeyRing.create(tmp_path / "keys")))
    return House(empty_store, people, Approvals(people), {})


@pytest.fixture
def house(bare: House) -> House:
    """The founder (root), one who handles (wang), and one who agrees to anything (li)."""
    with bare.store.write() as tx:
        bare.tokens["root"] = bare.people.add(
            tx, login="root", name="郑琪", party=Party.CENTRE, roles=[], by=None
        )
    bare.add("wang", Role.HANDLER)
    bare.add("li", Role.REVIEWER, Role.APPROVER)
    return bare
