"""The offset's policy file: what a centre may choose, per bank, versioned by its digest.

Every parameter is an assumption until the centre confirms it ([A] in domain.md §3; the rules
known from a neighbouring centre are the defaults).  A run keeps the policy it was opened with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy.engine import Connection

from hub.contracts.yaml_files import read_yaml
from hub.crypto import sm3_hex
from hub.kernel.errors import BadInput
from hub.kernel.money import BadAmount, Fen, parse_yuan
from hub.offset.tables import policy as table
from hub.offset.tables import policy_choice
from hub.store import insert_row


class BadPolicy(BadInput):
    """The policy file cannot be used."""

    code = "policy.bad"
    hint = "Correct the key named in the message; docs/reference/policy.md lists them all."


class _Terms(BaseModel):
    """One bank's terms as written in the file; yuan as text."""

    model_config = ConfigDict(extra="forbid")

    retain: str | None = None
    partial: bool | None = None
    usable_states: list[str] | None = None
    cap: str | None = None
    order: list[str] | None = None
    arrival_days: int | None = Field(default=None, ge=0, le=10)
    second_wave: int | None = Field(default=None, ge=1, le=20)

    @field_validator("retain", "cap", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        if isinstance(value, bool | float):
            raise ValueError('write yuan as text in quotes, e.g. "0.01"')
        return str(value) if isinstance(value, int) else value


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    default: _Terms = _Terms()
    banks: dict[str, _Terms] = {}
    plan_at: str | None = Field(default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one bank: retain and cap in 分 (cap None: no limit).

    ``arrival_days``: banking days from an instruction to its credit.  ``second_wave``: how many
    banking days after the first plan those who had nothing are looked at again; None: never.
    ``arrives_on``: no parameter but the day (YYYYMMDD) on which what is planned now can arrive, 0
    when nobody knows.
    """

    retain: Fen
    partial: bool
    usable_states: frozenset[str]
    cap: Fen | None
    arrival_days: int = 0
    second_wave: int | None = None
    arrives_on: int = 0


_DEFAULT: Mapping[str, Any] = {
    "retain": "0.01",
    "partial": True,
    "usable_states": ["01", "02"],
    "cap": None,
}


PLAN_AT = time(11, 0)
"""The cut-off of a wave where the policy does not say [A]: after every bank's list, and early
enough for the banks' payment hours of the day."""

_LATER = ("arrival_days", "second_wave")
"""Parameters that came after the first policies were kept.  They stand in a body only when a file
says them: a default that is written down would change the digest of policies that runs keep."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy.  ``body`` is canonical JSON; ``digest`` its SM3."""

    body: str

    @property
    def digest(self) -> str:
        return sm3_hex(self.body.encode())

    @property
    def has_second_wave(self) -> bool:
        """Whether it has one for any bank; asked at every turn."""
        if '"second_wave"' not in self.body:
            return False
        said = json.loads(self.body)
        every = [said["default"], *said["banks"].values()]
        return any(terms.get("second_wave") is not None for terms in every)

    @property
    def plan_at(self) -> time:
        """The time of day (business time) at which late due lists are not waited for any more."""
        said = json.loads(self.body).get("plan_at")
        return PLAN_AT if said is None else time.fromisoformat(said)

    def terms(self, bank: str) -> Terms:
        """The default, overridden by what the file says for this bank."""
        said = json.loads(self.body)
        merged = {**said["default"], **said["banks"].get(bank, {})}
        return Terms(
            retain=parse_yuan(merged["retain"]),
            partial=bool(merged["partial"]),
            usable_states=frozenset(merged["usable_states"]),
            cap=None if merged["cap"] is None else parse_yuan(merged["cap"]),
            **{name: merged[name] for name in _LATER if name in merged},
        )


def read_policy(path: Path | None) -> Policy:
    """Read a YAML or JSON policy file; None gives the default.  Raises BadPolicy."""
    if path is None:
        return _canonical({})
    try:
        said = read_yaml(path) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadPolicy(f"{path.name}: {error}") from error
    return _canonical(said)


def _canonical(said: object) -> Policy:
    try:
        read = _File.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadPolicy(f"policy file, {place}: {first['msg']}") from error
    whole: dict[str, Any] = {
        "default": {**_DEFAULT, **_terms(read.default)},
        "banks": {bank: _terms(terms) for bank, terms in read.banks.items()},
    }
    if read.plan_at is not None:
        whole["plan_at"] = read.plan_at
    policy = Policy(json.dumps(whole, sort_keys=True, separators=(",", ":")))
    _check(policy, ["", *read.banks])
    return policy


def _terms(terms: _Terms) -> dict[str, Any]:
    said = terms.model_dump(exclude_unset=True)
    order = said.pop("order", None)
    if order not in (None, ["main", "spouse"]):
        raise BadPolicy("policy file, order: only [main, spouse] is carried out by this version")
    for name in ("retain", "partial", "usable_states", "arrival_days"):
        if name in said and said[name] is None:
            raise BadPolicy(f"policy file, {name}: may not be null")
    return said


def _check(policy: Policy, banks: list[str]) -> None:
    for bank in banks:
        try:
            terms = policy.terms(bank)
        except BadAmount as error:
            raise BadPolicy(f"policy file, {bank or 'default'}: {error.message}") from error
        if terms.retain < 0 or (terms.cap is not None and terms.cap <= 0):
            raise BadPolicy(f"policy file, {bank or 'default'}: retain ≥ 0 and cap > 0 are needed")


def keep_policy(tx: Connection, policy: Policy, now_us: int) -> int:
    """Store this version if it is new; its row number either way."""
    found = tx.scalar(sa.select(table.c.id).where(table.c.digest == policy.digest))
    if found is not None:
        return int(found)
    return insert_row(tx, table, digest=policy.digest, body=policy.body, added_us=now_us)


def kept_policy(tx: Connection, policy_id: int) -> Policy:
    """The version a run was opened with."""
    return Policy(str(tx.scalar(sa.select(table.c.body).where(table.c.id == policy_id))))


def current_policy(tx: Connection) -> Policy:
    """What new runs are opened with: the last one two people chose, else the default."""
    query = (
        sa.select(table.c.body)
        .join(policy_choice, policy_choice.c.policy_id == table.c.id)
        .order_by(policy_choice.c.id.desc())
        .limit(1)
    )
    body = tx.scalar(query)
    return read_policy(None) if body is None else Policy(str(body))


def choose_policy(
    tx: Connection, policy: Policy, *, asked_by: str, agreed_by: str, why: str, now_us: int
) -> None:
    """From now on new runs are opened with this one; runs that exist keep theirs."""
    tx.execute(
        sa.insert(policy_choice).values(
            policy_id=keep_policy(tx, policy, now_us), chosen_us=now_us, asked_by=asked_by,
            agreed_by=agreed_by, why=why[:200],
        )
    )  # fmt: skip
