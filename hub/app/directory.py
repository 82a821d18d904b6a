"""The province's directories: which resources we tell of, from manifests and contracts alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from hub.app.discover import FoundAdapter
from hub.app.hub import Hub
from hub.app.operators import hands_on
from hub.contracts import Contract, contract_digest
from hub.kernel.errors import Misconfigured, NotFound
from hub.kernel.secret import Secret
from hub.papers import CENTRE
from hub.papers.messages import Messages
from hub.papers.rows import MUST, FieldRow
from hub.queries.directory import Directory, changes, standings, uploaded
from hub.queries.directory_words import Standing, Target
from hub.queries.resources import Change, Resource

_PORT = "directory"
_OWN = ("core", "registry", _PORT)
"""Ports that are told to nobody: the core system's, and the directories themselves."""
_PERSONAL = re.compile(
    r"(?i)xingming|zjhm|zjh$|sfzh|sjhm|xm$|zhhm|zhmc|gjjzh|grzh|hkzh|fwzl|"
    r"name$|mobile|phone|id_?card|id_?number|acct|accno|account|birthday|attachment|filebase64"
)
_FREQUENCY = {"bank": "每月", "query": "实时", "case": "实时"}
_MOST_WORDS = 200


class NoSuchTarget(NotFound):
    """There is no such directory."""

    code = "directory.no_such_target"
    hint = "Name one: --to supervision or --to sharing."


def directories(adapters: Mapping[str, FoundAdapter]) -> dict[str, FoundAdapter]:
    """``supervision``, ``sharing`` → the adapter of that platform's directory."""
    return {
        str(_said(each).get("target", each.interface)): each
        for each in adapters.values()
        if each.manifest.port == _PORT
    }


def directory_of(adapters: Mapping[str, FoundAdapter], to: str) -> FoundAdapter:
    """Raises NoSuchTarget."""
    found = directories(adapters)
    if to not in found:
        raise NoSuchTarget(f"{to[:40]!r}: there is {', '.join(sorted(found))}")
    return found[to]


def resources(adapters: Mapping[str, FoundAdapter], to: str) -> list[Resource]:
    """All that a platform is to be told of, by code.  Raises Misconfigured for a manifest whose
    section ``directory`` cannot be read."""
    found = []
    for each in adapters.values():
        targets = _said(each).get("targets", ["supervision"])
        if each.manifest.port in _OWN or to not in targets:
            continue
        found += list(_resources(each))
    return sorted(found, key=lambda one: one.code)


def diff(hub: Hub, to: str) -> list[Change]:
    """What differs from the last upload."""
    target = directory_of(hub.adapters, to)
    with hub.store.read() as view:
        return changes(view, target.interface, resources(hub.adapters, to))


def status(hub: Hub, to: str) -> list[Standing]:
    """What was uploaded, step by step."""
    target = directory_of(hub.adapters, to)
    with hub.store.read() as view:
        return standings(view, target.interface)


def publish(
    hub: Hub, to: str, token: Secret, reason: str, *, breaking: bool, only: Sequence[str] = ()
) -> list[Change]:
    """Order what changed; ``only`` these resources, the others stay as they are.  Raises what
    people's rules and :meth:`Directory.publish` refuse."""
    actor, target = hands_on(hub.people.authenticate(token)), _reached(hub, to)
    wanted = resources(hub.adapters, to)
    with hub.store.write() as tx:
        if only:
            wanted = _only(tx, target.interface, wanted, only)
        return Directory(hub.bus, hub.clock).publish(
            tx, target, wanted, actor, reason, breaking=breaking
        )


def withdraw(hub: Hub, to: str, code: str, token: Secret, reason: str) -> None:
    """Order one taken down."""
    actor, target = hands_on(hub.people.authenticate(token)), _reached(hub, to)
    with hub.store.write() as tx:
        Directory(hub.bus, hub.clock).withdraw(tx, target, code, actor, reason)


def _only(
    tx: Connection, target: str, wanted: Sequence[Resource], only: Sequence[str]
) -> list[Resource]:
    """Those named as they are now, the rest as they were uploaded."""
    before = uploaded(tx, target)
    unknown = sorted(set(only) - {one.code for one in wanted} - set(before))
    if unknown:
        raise NoSuchTarget(f"there is no resource {unknown[0][:60]!r}")
    now = {one.code: one for one in wanted if one.code in only}
    kept = {code: Resource(code, said) for code, said in before.items() if code not in only}
    return list({**kept, **now}.values())


def _reached(hub: Hub, to: str) -> Target:
    found = directory_of(hub.adapters, to)
    if not hub.settings.partner(found.interface).endpoints:
        raise Misconfigured(f'hub.toml gives no endpoints to [partners."{found.interface}"]')
    return Target(found.interface, found.contract.version)


def _said(found: FoundAdapter) -> Mapping[str, Any]:
    said = (found.manifest.model_extra or {}).get("directory", {})
    if not isinstance(said, Mapping):
        raise Misconfigured(f"{found.interface}: the manifest's directory is no mapping")
    return said


def _resources(found: FoundAdapter) -> Iterator[Resource]:
    """A published query is one resource for each of its transactions, anything else is one."""
    contract = found.contract
    if found.manifest.port == "query":
        for name, one in contract.transactions.items():
            items = _items(contract, [name])
            content = _content(found, one.what or contract.name, "api", items)
            content |= {"path": str(one.extra["path"]), "method": "POST"}
            yield Resource(f"{found.interface}.{name}".lower(), content)
        return
    kind = "message" if found.manifest.port == "bank" else "api"
    content = _content(found, contract.name, kind, _items(contract, list(contract.transactions)))
    inbound = [str(one["path"]) for one in contract.extra.get("inbound", {}).values()
               if isinstance(one, Mapping) and one.get("path")]  # fmt: skip
    content |= {"path": inbound[0] if inbound else f"/{found.interface}", "method": "exchange"}
    yield Resource(found.interface, content)


def _content(
    found: FoundAdapter, name: str, kind: str, items: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    said, contract = _said(found), found.contract
    personal = any(one["sensitive"] for one in items)
    return {
        "name": name, "provider": CENTRE, "type": kind, "items": list(items),
        "sensitivity": str(said.get("sensitivity", "3" if personal else "2")),
        "share": str(said.get("share", "03")), "conditions": str(said.get("conditions", "")),
        "frequency": str(said.get("frequency", _FREQUENCY.get(found.manifest.port, "实时"))),
        "contact": found.manifest.owner or CENTRE,
        "service_item": str((found.manifest.model_extra or {}).get("service_item", "")),
        "contract": contract.version, "format": contract.wire.format,
        "digest": contract_digest(contract.folder),
    }  # fmt: skip


def _items(contract: Contract, transactions: Sequence[str]) -> list[dict[str, Any]]:
    """Fields of the messages, each once on its side; conditions and the message itself are none."""
    messages = Messages(contract)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for transaction in transactions:
        for schema in messages.names_of(transaction):
            side = "request" if schema.endswith("request") else "reply"
            for table in messages.of(schema):
                for row in table.rows:
                    if row.depth and not row.name.startswith("（"):
                        found.setdefault((side, row.name), _item(side, row))
    return [found[key] for key in sorted(found)] or [_whole(contract)]


def _item(side: str, row: FieldRow) -> dict[str, Any]:
    return {
        "name": row.name[:120], "what": (row.label or row.notes or row.name)[:_MOST_WORDS],
        "type": row.kind[:20] or "字符", "length": row.length[:60],
        "required": row.required == MUST, "side": side,
        "sensitive": _PERSONAL.search(row.name) is not None,
    }  # fmt: skip


def _whole(contract: Contract) -> dict[str, Any]:
    """Of a contract whose messages are files or frames alone: what is exchanged."""
    return {
        "name": contract.interface, "what": contract.name[:_MOST_WORDS],
        "type": contract.wire.format, "length": "", "required": True, "side": "request",
        "sensitive": True,
    }  # fmt: skip
