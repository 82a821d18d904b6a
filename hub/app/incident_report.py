"""The incident report (故障处理报告) as plain values: everything the hub knows of one incident.

The contract asks for it after every fault, together with the command log (``contract.md`` §2,
远程登录).  ``report_of`` gathers it in one view; ``keep`` files the values in the home and their
digest in the audit, so that a paper made from them can be checked years later.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.app.catalogue import read_catalogue
from hub.app.command_anchors import anchor
from hub.app.command_log import head_of, read_commands
from hub.app.hub import Hub
from hub.app.overview import ledger_of
from hub.audit.tables import audit_entry
from hub.bus.affected import read_affected
from hub.bus.channels import Pile
from hub.crypto import sm3_hex
from hub.kernel.clocks import to_us
from hub.kernel.errors import BadInput
from hub.monitor.incident_reading import Incident, see_incident
from hub.monitor.ledger import MINUTE_US
from hub.monitor.policy import read_watch_policy
from hub.monitor.words import State
from hub.people import remote
from hub.store import database_now_us

SCHEMA = "incident-report/1"
FOLDER = "incident-reports"
ACT = "incident.report"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_WINDOW = 31 * 1440
Plain = dict[str, Any]


class BadDigest(BadInput):
    """This is neither a file of a report nor the digest that is printed on one."""

    code = "incident.bad_digest"
    hint = "Give the DOCX, PDF or JSON file, or the 64 hex digits (SM3) from the paper."


@dataclass(frozen=True, slots=True)
class Made:
    """A report: its values, their canonical bytes and the SM3 digest of these."""

    number: int
    body: Plain
    text: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """An audit entry that knows a digest.  ``seq`` None: not sealed yet."""

    at_us: int
    actor: str
    digest: str
    form: str
    file: str
    seq: int | None


def report_of(hub: Hub, number: int) -> Made:
    """Everything known now.  Raises NoSuchIncident."""
    with hub.store.read() as view:
        seen = see_incident(view, number)
        one, now_us = seen.incident, to_us(hub.clock.now())
        shift = now_us - database_now_us(view)
        until_us = one.restored_us if one.restored_us is not None else now_us
        body: Plain = {
            "schema": SCHEMA, "environment": hub.settings.environment_word, "as_of_us": now_us,
            "incident": _incident(one), "window": {"from_us": one.begun_us, "until_us": until_us},
            "service_items": _items(hub, one.interface),
            "severity": _severity(hub, one), "clocks": _clocks(one, now_us),
            "timeline": [asdict(line) for line in seen.lines],
            "messages": _messages(view, one, one.begun_us - shift, until_us - shift),
            "money_at_opening": {"count": one.card.money[0], "fen": one.card.money[1]},
            "alerts": [asdict(alert) for alert in seen.alerts],
            "minutes": _minutes(hub, view, one, until_us, now_us),
            "audit": _audit(view, number),
            "sessions": _sessions(view, one.begun_us - shift, until_us - shift, shift),
            "commands": _commands(hub, one.begun_us - shift, until_us - shift, shift),
        }  # fmt: skip
    text = canonical(body)
    return Made(number, body, text, sm3_hex(text))


def canonical(body: Plain) -> bytes:
    """The bytes a report's digest is of: keys sorted, no blanks, UTF-8."""
    said = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return said.encode()


def keep(hub: Hub, made: Made, *, by: str, form: str, file: bytes) -> Path:
    """File the values in the home and both digests in the audit; where the values lie."""
    folder = hub.settings.home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{made.number:06d}-{made.digest[:16]}.json"
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(made.text)
    fresh.chmod(0o600)
    fresh.replace(path)
    with hub.store.write() as tx:
        anchor(hub, tx, by=by)
        audit.record(
            tx, act=ACT, actor=by, subject=f"incident:{made.number}",
            detail={"digest": made.digest, "form": form, "file": sm3_hex(file),
                    "as_of_us": made.body["as_of_us"]},
        )  # fmt: skip
    return path


def evidence_of(hub: Hub, number: int, wanted: str) -> list[Evidence]:
    """Every entry of an incident's reports that knows this digest, of values or of a file.

    Raises BadDigest.
    """
    if _DIGEST.fullmatch(wanted) is None:
        raise BadDigest
    e = audit_entry.c
    query = (
        sa.select(e.instant_us, e.actor, e.detail, e.seq)
        .where(e.subject == f"incident:{number}", e.act == ACT)
        .order_by(e.id)
    )
    with hub.store.read() as view:
        rows = view.execute(query).all()
    found = []
    for row in rows:
        said = json.loads(row.detail)
        if wanted in (said["digest"], said["file"]):
            found.append(Evidence(row.instant_us, row.actor, said["digest"], said["form"],
                                  said["file"], row.seq))  # fmt: skip
    return found


def _incident(one: Incident) -> Plain:
    said = asdict(one)
    return {**said, "card": one.card.as_dict(), "state": one.state}


def _items(hub: Hub, interface: str) -> list[Plain]:
    catalogue = read_catalogue(hub.settings, hub.adapters)
    return [
        {"number": item.number, "name": item.name, "clause": item.clause,
         "wording": item.wording, "excluded": item.excluded}
        for item in catalogue.items_of(interface)
    ]  # fmt: skip


def _severity(hub: Hub, one: Incident) -> Plain:
    """The row is looked up in the table as it is today: another version may have had others."""
    policy = read_watch_policy(hub.settings.home)
    same = policy.version == one.policy_version
    row = None
    if same:
        found = policy.row_of(
            one.interface, State(one.effect), one.begun_us, money=one.card.money[0] > 0
        )
        row = {"number": found.number, "level": found.level, "conditions": dict(found.conditions)}
    return {
        "level": one.level, "policy_version": one.policy_version,
        "policy_today": policy.version, "row": row,
        "respond_minutes": (one.respond_by_us - one.begun_us) // MINUTE_US,
        "restore_minutes": (one.restore_by_us - one.begun_us) // MINUTE_US,
    }  # fmt: skip


def _clocks(one: Incident, now_us: int) -> Plain:
    late = one.late(now_us)
    answered = one.responded_us if one.responded_us is not None else one.restored_us
    return {
        "respond": {"by_us": one.respond_by_us, "at_us": one.responded_us,
                    "who": one.responded_by, "running": answered is None, "late": late[0]},
        "restore": {"by_us": one.restore_by_us, "at_us": one.restored_us, "who": "",
                    "running": one.restored_us is None, "late": late[1]},
    }  # fmt: skip


def _messages(view: Connection, one: Incident, from_us: int, until_us: int) -> Plain:
    found = read_affected(view, one.interface, from_us, until_us)
    return {
        "count": found.count, "by_state": {k: _pile(p) for k, p in found.by_state.items()},
        "money": {"whole": _pile(found.money_whole),
                  "by_state": {k: _pile(p) for k, p in found.money.items()}},
        "attempts": dict(found.verdicts), "shown": [asdict(row) for row in found.shown],
        "left_out": found.left_out,
    }  # fmt: skip


def _pile(pile: Pile) -> Plain:
    return {"count": pile.count, "items": pile.items, "fen": pile.fen}


def _minutes(hub: Hub, view: Connection, one: Incident, until_us: int, now_us: int) -> Plain:
    """Whole minutes that the window has a part in; without an adapter nothing is counted."""
    from_us = one.begun_us - one.begun_us % MINUTE_US
    count = min(-((from_us - until_us) // MINUTE_US), _LONGEST_WINDOW)
    adapter = hub.adapters.get(one.interface)
    if adapter is None or count <= 0:
        return {"from_us": from_us, "count": 0, "classes": {}, "undecided": 0}
    made = ledger_of(view, adapter, from_us, count, now_us)
    classes = {klass.value: minutes for klass, minutes in made.counts().items() if minutes}
    return {"from_us": from_us, "count": count, "classes": classes,
            "undecided": made.undecided_count()}  # fmt: skip


def _sessions(view: Connection, from_us: int, until_us: int, shift: int) -> list[Plain]:
    """Remote sessions of the window, their instants the business's."""
    return [
        {"number": one.id, "login": one.login, "reason": one.reason, "evidence": one.evidence,
         "evidence_sm3": one.evidence_sm3, "confirmed_by": one.confirmed_by,
         "confirmed_us": (one.confirmed_us or 0) + shift, "until_us": (one.until_us or 0) + shift,
         "closed_us": None if one.closed_us is None else one.closed_us + shift}
        for one in remote.sessions_between(view, from_us, until_us)
    ]  # fmt: skip


def _commands(hub: Hub, from_us: int, until_us: int, shift: int) -> Plain:
    """The command log of the window; its instants are the machine's and are shown as the
    business's.  ``bytes`` and ``head``: how far the log reached."""
    head = head_of(hub.settings.home)
    listed = [
        {**asdict(one), "argv": list(one.argv), "begun_us": one.begun_us + shift,
         "ended_us": None if one.ended_us is None else one.ended_us + shift}
        for one in read_commands(hub.settings.home, from_us, until_us)
    ]  # fmt: skip
    return {"listed": listed, "bytes": head.size, "head": head.digest}


def _audit(view: Connection, number: int) -> Plain:
    """What the chain holds of this incident, the reports themselves left out."""
    e = audit_entry.c
    here = (e.subject == f"incident:{number}", e.act != ACT)
    row = view.execute(
        sa.select(sa.func.count(), sa.func.min(e.seq), sa.func.max(e.seq)).where(*here)
    ).one()
    return {"entries": int(row[0]), "first_seq": row[1], "last_seq": row[2]}
