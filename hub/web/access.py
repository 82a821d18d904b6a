"""Whose page is whose: one table, read by the gate, the menu and docs/reference/access.md.

A page is found by its longest pattern; ``*`` is one part of an address.  Acts are refused where
they are done (hub.people.words.ACTS, hub.app); ``ACTS_OF_ONE`` says in the same words what those
places ask for.  The most general rule is that of GB/T 22239-2019 8.1.5: who runs the system, who
rules over access and who audits are different people, and none of them needs citizens' files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from hub.kernel.errors import NotAllowed
from hub.people.words import ACTS, Party, Role

WORK = frozenset({Role.QUERY, Role.HANDLER, Role.REVIEWER, Role.APPROVER, Role.RAW})
RUN = WORK | {Role.ADMINISTRATOR}
EVERY_ROLE = frozenset(Role)
HANDS = frozenset({Role.HANDLER, Role.REVIEWER, Role.APPROVER, Role.ADMINISTRATOR})
WATCH = frozenset({Role.AUDITOR, Role.SECURITY, Role.ADMINISTRATOR})
EVERYBODY = frozenset(Party)
BOTH = frozenset({Party.CENTRE, Party.OPERATOR})
CENTRE = frozenset({Party.CENTRE})


@dataclass(frozen=True, slots=True)
class Room:
    """One page with what lies below it.  ``name`` is its word in the catalogue's ``nav``."""

    name: str
    paths: tuple[str, ...]
    roles: frozenset[Role]
    parties: frozenset[Party]

    def admits(self, party: Party, roles: Iterable[Role]) -> bool:
        """Whether somebody of this party with these roles may open it."""
        return party in self.parties and not self.roles.isdisjoint(roles)


ROOMS = (
    Room("board", ("/", "/runs/*", "/runs/*/events"), EVERY_ROLE, EVERYBODY),
    Room("runs", ("/runs",), EVERY_ROLE, EVERYBODY),
    Room("items", ("/items", "/runs/*/items", "/runs/*/books", "/runs/*/plans"), WORK, BOTH),
    Room("morning", ("/morning",), RUN, EVERYBODY),
    Room("interfaces", ("/interfaces",), EVERY_ROLE, EVERYBODY),
    Room("incidents", ("/incidents",), EVERY_ROLE, EVERYBODY),
    Room("maintenance", ("/maintenance",), EVERY_ROLE, EVERYBODY),
    Room("duty", ("/duty",), RUN, BOTH),
    Room("minutes", ("/minutes",), EVERY_ROLE, EVERYBODY),
    Room("meters", ("/meters",), EVERY_ROLE, EVERYBODY),
    Room("schedule", ("/schedule",), EVERY_ROLE, EVERYBODY),
    Room("contracts", ("/contracts",), EVERY_ROLE, EVERYBODY),
    Room("certificates", ("/certificates",), EVERY_ROLE, EVERYBODY),
    Room("access", ("/access",), EVERY_ROLE, EVERYBODY),
    Room("channels", ("/channels", "/acts"), RUN, EVERYBODY),
    Room("messages", ("/messages",), RUN, BOTH),
    Room("inbox", ("/inbox",), RUN, BOTH),
    Room("dead", ("/dead",), RUN, BOTH),
    Room("approvals", ("/approvals",), RUN, BOTH),
    Room("differences", ("/differences", "/returns"), WORK | {Role.AUDITOR}, EVERYBODY),
    Room("find", ("/find",), WORK, BOTH),
    Room("agreements", ("/agreements",), WORK, BOTH),
    Room("notify", ("/notify",), WORK, BOTH),
    Room("cases", ("/cases",), WORK, BOTH),
    Room("audit", ("/audit",), WATCH, EVERYBODY),
)  # fmt: skip
"""Every page behind the sign-in.  Without a sign-in (demo, test) all of them are open."""


@dataclass(frozen=True, slots=True)
class OneAct:
    """An act one person does, where the hub refuses others."""

    title: str
    roles: frozenset[Role]
    parties: frozenset[Party]


ACTS_OF_ONE = (
    OneAct("停发通道、查证、重发与办结非资金报文", HANDS, BOTH),
    OneAct("响应、记录、交接、办结故障", HANDS, BOTH),
    OneAct("排班、换班、登记联系方式", HANDS, BOTH),
    OneAct("搁置作业", HANDS, BOTH),
    OneAct("立即执行、恢复、跳过作业", HANDS, CENTRE),
    OneAct("登记与取消计划维护", HANDS, CENTRE),
    OneAct("提议与签认改归类（双方各一人）", HANDS, BOTH),
    OneAct("看报文原文", frozenset({Role.RAW}), EVERYBODY),
    OneAct("增加人员、换发与作废令牌", frozenset({Role.ADMINISTRATOR}), EVERYBODY),
)


class PageNotYours(NotAllowed):
    """This page is for people with other roles or of another party."""

    code: ClassVar[str] = "web.page_not_yours"
    hint: ClassVar[str] = "/access shows whose page it is; an administrator gives roles."

    def __init__(self, room: Room) -> None:
        super().__init__(f"the page {room.name} is not open to this person")
        self.room = room


def room_of(path: str) -> Room | None:
    """The room an address lies in; None for one that no room has."""
    parts = _parts(path)
    best: tuple[int, Room] | None = None
    for room in ROOMS:
        for pattern in room.paths:
            wanted = _parts(pattern)
            if _fits(wanted, parts) and (best is None or len(wanted) > best[0]):
                best = (len(wanted), room)
    return best[1] if best else None


def labels(room: "Room | OneAct") -> tuple[str, str]:
    """Roles and parties in Chinese, as people and documents name them."""
    roles = "全部角色" if room.roles == EVERY_ROLE else "、".join(
        role.label for role in Role if role in room.roles
    )  # fmt: skip
    parties = "各方" if room.parties == EVERYBODY else "、".join(
        party.label for party in Party if party in room.parties
    )  # fmt: skip
    return roles, parties


def acts_of_two() -> tuple[tuple[str, str, str, str], ...]:
    """(title, who asks, who agrees, party) of every act that takes two people."""
    return tuple(
        (act.title, _said(act.request_roles), _said(act.confirm_roles), act.party.label)
        for act in ACTS.values()
    )


def _said(roles: Iterable[Role]) -> str:
    chosen = frozenset(roles)
    return "、".join(role.label for role in Role if role in chosen)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _fits(wanted: list[str], parts: list[str]) -> bool:
    """Below a pattern lies what begins with it; below ``/`` nothing but itself."""
    if not wanted:
        return not parts
    return len(wanted) <= len(parts) and all(
        one in ("*", part) for one, part in zip(wanted, parts, strict=False)
    )
