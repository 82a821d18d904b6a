"""Whose page is whose: every page × role × party, the menu, the refusal, the acts' own rules."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount

from hub.kernel.secret import Secret
from hub.people.errors import SessionOver
from hub.people.words import Party, Role
from hub.web import access, gate
from hub.web.app import create_app
from hub.web.desk import StoreDesk
from hub.web.desk.parts import all_parts
from hub.web.nav import PLACES
from hub.web.words import Words
from tests.web.duty_kit import BANK, Duty, on_duty
from tests.web.find_kit import ITEM
from tests.web.server import serving

PEOPLE = list(product(Party, Role))
PAGES = {
    "items": f"/items/{ITEM}", "find": f"/find/{ITEM}", "channels": f"/acts/channel.stop/{BANK}",
}  # fmt: skip
"""A page of each room, where it is not its first pattern."""


class Sessions:
    """A session names its person: ``centre.handler``."""

    def who(self, session: Secret) -> gate.Me:
        party, _, role = session.reveal().partition(".")
        if party not in set(Party):
            raise SessionOver
        side, may = Party(party), Role(role)
        return gate.Me("x", "张**", side.label, (may.label,), side, frozenset({may}))

    def sign_in(self, login: str, password: Secret, code: str) -> Secret:
        raise SessionOver

    def set_password(self, token: Secret, password: Secret) -> tuple[str, Secret, Secret, str]:
        raise SessionOver

    def enrol(self, enrol: Secret, code: str) -> Secret:
        raise SessionOver

    def sign_out(self, session: Secret) -> None:
        raise SessionOver


@dataclass
class House:
    app: FastAPI
    base: str

    def get(self, path: str, party: Party, role: Role) -> httpx.Response:
        cookie = {"cookie": f"hub_session={party}.{role}", "accept": "text/html"}
        return httpx.get(self.base + path, headers=cookie, timeout=20)


@pytest.fixture(scope="module")
def duty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duty]:
    with on_duty(tmp_path_factory.mktemp("duty")) as opened:
        opened.die(opened.put("k1"))
        yield opened


@pytest.fixture(scope="module")
def house(duty: Duty) -> Iterator[House]:
    app = create_app(
        StoreDesk(duty.hub), parts=all_parts(duty.hub), environment="production",
        signing=Sessions(), sign_in_needed=True,
    )  # fmt: skip
    with serving(app) as base:
        yield House(app, base)


def addresses(routes: list[BaseRoute]) -> Iterator[str]:
    """Every address that is served, however deep its router lies."""
    for route in routes:
        if isinstance(route, Mount):
            continue
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner is not None:
            yield from addresses(inner)
        elif getattr(route, "path", ""):
            yield str(route.path)  # type: ignore[attr-defined]


def test_every_address_has_a_room_or_is_open_to_all(house: House) -> None:
    found = set(addresses(house.app.routes))
    assert {"/channels", "/runs/{month}", "/morning"} <= found
    lost = [
        path
        for path in sorted(found)
        if access.room_of(path) is None and not path.startswith(gate.OPEN)
    ]
    assert lost == [], "say in hub/web/access.py whose page it is"


@pytest.mark.parametrize("room", access.ROOMS, ids=lambda room: room.name)
def test_every_page_for_every_role_of_every_party(house: House, room: access.Room) -> None:
    path = PAGES.get(room.name, room.paths[0])
    assert access.room_of(path) is room
    for party, role in PEOPLE:
        answer = house.get(path, party, role)
        there = 404 if ITEM in path else 200  # nobody's item, but past the gate
        wanted = there if room.admits(party, [role]) else 403
        assert answer.status_code == wanted, (room.name, party, role)


def test_the_menu_shows_what_one_may_open_and_nothing_else(house: House) -> None:
    for party, role in PEOPLE:
        page = house.get("/access", party, role).text
        menu = re.findall(r'<a href="([^"]+)"', page.partition("<nav")[2].partition("</nav>")[0])
        may = [
            place.path
            for place in PLACES
            if (room := access.room_of(place.path)) is None or room.admits(party, [role])
        ]
        assert menu == may, (party, role)


def test_who_is_refused_is_told_whose_it_is_and_whom_to_ask(house: House) -> None:
    said = house.get("/agreements", Party.SUPERVISOR, Role.AUDITOR)
    assert said.status_code == 403
    for words in ("《对冲协议》", "查询、经办、复核、审批", "中心、运维方", "监督 · 审计管理员",
                  "系统管理员", "web.page_not_yours"):  # fmt: skip
        assert words in said.text, words
    asked = {"cookie": "hub_session=supervisor.auditor", "accept": "application/json"}
    program = httpx.get(house.base + "/agreements", headers=asked)
    assert (program.status_code, program.json()["code"]) == (403, "web.page_not_yours")


def test_a_longer_pattern_goes_before_a_shorter_one() -> None:
    for path, name in (
        ("/", "board"), ("/runs", "runs"), ("/runs/2025-10", "board"),
        ("/runs/2025-10/items", "items"), ("/runs/2025-10/books/day.xlsx", "items"),
        ("/minutes/marks/1", "minutes"),
    ):  # fmt: skip
        room = access.room_of(path)
        assert room is not None, path
        assert room.name == name, path
    assert access.room_of("/nowhere") is None


def test_every_room_and_place_has_its_word() -> None:
    names = [room.name for room in access.ROOMS] + [place.name for place in PLACES]
    assert all(Words("zh").knows("nav", name) for name in names)


@pytest.mark.parametrize(
    ("title", "path", "fields"),
    [
        ("停发通道、查证、重发与办结非资金报文", f"/acts/channel.stop/{BANK}", {}),
        ("登记与取消计划维护", "/maintenance/new",
         {"interface": BANK, "begins": "2099-01-01 22:00", "ends": "+1h"}),
        ("提议与签认改归类（双方各一人）", "/minutes/marks/new",
         {"interface": BANK, "begins": "2025-10-14 22:00", "ends": "+1m", "klass": "client",
          "seen": "no_data=1"}),
        ("看报文原文", "/messages/1/raw", {"try_no": "1", "call_no": "1"}),
    ],
)  # fmt: skip
def test_what_the_table_says_of_acts_is_what_the_hub_does(
    duty: Duty, tokens: dict[tuple[Party, Role], str], title: str, path: str,
    fields: dict[str, str],
) -> None:  # fmt: skip
    act = next(one for one in access.ACTS_OF_ONE if one.title == title)
    for (party, role), login in tokens.items():
        done = duty.send(path, login, reason="演练", **fields)
        refused = party not in act.parties or role not in act.roles
        assert (done.status_code == 403) is refused, (title, party, role, done.status_code)


@pytest.fixture(scope="module")
def tokens(duty: Duty) -> dict[tuple[Party, Role], str]:
    """A person for each party and role, and the login."""
    made = {}
    first = duty.hub.people.authenticate(duty.tokens["wang"])
    for party, role in PEOPLE:
        login = f"{party}.{role}"
        with duty.hub.store.write() as tx:
            duty.tokens[login] = duty.hub.people.add(
                tx, login=login, name=login, party=party, roles={role}, by=first
            )
        made[party, role] = login
    return made
