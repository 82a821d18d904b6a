"""The platform's single sign-on: people, their cases, and assertions of who they are.

Written from the contract's section ``sso``, apart from the adapter.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mocks.kit.clock import MockClock
from mocks.kit.storage import Notes, Storage

_DDL = """
CREATE TABLE IF NOT EXISTS sso_person(
  id INTEGER PRIMARY KEY, user_type TEXT NOT NULL, name TEXT NOT NULL, id_number TEXT NOT NULL,
  company TEXT NOT NULL, uscc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sso_session(token TEXT PRIMARY KEY, person INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sso_case(
  id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, person INTEGER NOT NULL);
"""
_FIRST = (
    ("1", "𠮷田𬭩·阿依努尔", "522701196501010000", "", ""),
    ("2", "蒙朝阳", "522701196502020008", "都匀样例置业有限公司", "91522700MA0000097C"),
)
"""Invented: the person of the golden samples, and a developer's agent."""
TAMPERED, OLD, AHEAD, ELSEWHERE = "sso_tampered", "sso_old", "sso_ahead", "sso_elsewhere"
_OLD_MS, _AHEAD_MS = 31 * 60_000, 20 * 60_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the platform knows."""

    id: int
    user_type: str
    name: str
    id_number: str
    company: str
    uscc: str


class SignOn:
    """People and cases on disk; assertions under the key handed to the centre."""

    def __init__(
        self, storage: Storage, notes: Notes, contract: Mapping[str, Any], secret: str,
        clock: MockClock,
    ) -> None:  # fmt: skip
        self._storage, self._notes, self._secret, self._clock = storage, notes, secret, clock
        self._fields: Mapping[str, str] = contract["sso"]["fields"]
        self.client = str(contract["values"]["client_id"]["example"])
        self.callback = str(contract["sso"]["callback"])
        self._last_ms = 0
        storage.script(_DDL)
        if not storage.value("SELECT COUNT(*) FROM sso_person"):
            for one in _FIRST:
                self.add_person(*one)

    def add_person(
        self, user_type: str, name: str, id_number: str, company: str = "", uscc: str = ""
    ) -> int:
        """One more; the id.  Whom it knows already keeps the id there is."""
        known = self._storage.value(
            "SELECT id FROM sso_person WHERE user_type=? AND id_number=? AND uscc=?",
            (user_type, id_number, uscc),
        )
        return (
            int(known)
            if known
            else self._storage.insert(
                "INSERT INTO sso_person(user_type,name,id_number,company,uscc) VALUES(?,?,?,?,?)",
                (user_type, name, id_number, company, uscc),
            )
        )

    def people(self) -> list[Person]:
        """Everybody."""
        rows = self._storage.rows(
            "SELECT id,user_type,name,id_number,company,uscc FROM sso_person ORDER BY id"
        )
        return [Person(*row) for row in rows]

    def sign_in(self, person: int) -> str:
        """A session's token."""
        token = secrets.token_urlsafe(24)
        self._storage.run("INSERT INTO sso_session(token,person) VALUES(?,?)", (token, person))
        return token

    def who(self, token: str) -> Person | None:
        """Whose session it is."""
        row = self._storage.row(
            "SELECT p.id,p.user_type,p.name,p.id_number,p.company,p.uscc FROM sso_session s"
            " JOIN sso_person p ON p.id = s.person WHERE s.token=?",
            (token,),
        )
        return None if row is None else Person(*row)

    def open_case(self, person: Person) -> str:
        """A new case's number."""
        with self._storage.write():
            count = self._storage.value("SELECT COUNT(*) FROM sso_case") + 1
            number = f"GF{self._clock.now():%Y%m%d}{count:06d}"
            self._storage.run(
                "INSERT INTO sso_case(number,person) VALUES(?,?)", (number, person.id)
            )
        return number

    def begin(self, number: str) -> None:
        """A case under a number that somebody else gave, of nobody who can sign in here."""
        self._storage.run("INSERT OR IGNORE INTO sso_case(number,person) VALUES(?,0)", (number,))

    def cases(self, person: Person) -> list[str]:
        """A person's cases, newest first."""
        rows = self._storage.rows(
            "SELECT number FROM sso_case WHERE person=? ORDER BY id DESC", (person.id,)
        )
        return [str(row[0]) for row in rows]

    def known(self, number: str) -> bool:
        """Whether somebody has begun a case of that number here."""
        sql = "SELECT EXISTS(SELECT 1 FROM sso_case WHERE number=?)"
        return bool(self._storage.value(sql, (number,)))

    def assertion(self, person: Person, number: str, wrong: str = "") -> str:
        """Base64 of the signed items; ``wrong`` is one of the faults."""
        said = {
            "user_type": person.user_type, "name": person.name, "id_type": "01",
            "id_number": person.id_number, "corporate_name": person.company,
            "corporate_code": person.uscc, "number": number,
            "audience": "QTJG-SSO-99" if wrong == ELSEWHERE else self.client,
        }  # fmt: skip
        items = {self._fields[ours]: text for ours, text in said.items() if text}
        self._last_ms = max(self._last_ms + 1, int(self._clock.now().timestamp() * 1000))
        ts = str(self._last_ms + {OLD: -_OLD_MS, AHEAD: _AHEAD_MS}.get(wrong, 0))
        parts = sorted(f"{name}={text}|" for name, text in items.items())
        signed = ("".join(parts) + self._secret + ts).encode()
        digest = hashlib.sha1(signed, usedforsecurity=False).digest()
        if wrong == TAMPERED:
            items[self._fields["id_number"]] = "522701196503030005"
        whole = "".join(f"{name}={text}|" for name, text in items.items())
        whole += f"Signature=AF{ts}AF{base64.b64encode(digest).decode()}"
        return base64.b64encode(whole.encode()).decode()

    def reset(self) -> None:
        """No sessions, no cases; people stay."""
        self._storage.run("DELETE FROM sso_session")
        self._storage.run("DELETE FROM sso_case")
