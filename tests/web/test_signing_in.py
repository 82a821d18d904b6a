"""Signing in from the page: who has not is shown nothing, who has acts without a token."""

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hub.app.assembly import open_hub
from hub.app.hub import Hub
from hub.kernel.secret import Secret
from hub.people import Party, Role
from hub.store import database_now_us
from hub.store.schema import upgrade
from hub.web.app import create_app
from hub.web.desk import StoreDesk
from hub.web.desk.parts import all_parts
from hub.web.desk.signing_in import StoreSignIn
from hub.web.gate import inside
from tests.app.conftest import make_home
from tests.web.server import serving

PASSWORD = "Mountains-7-Rivers"


@dataclass
class Door:
    """A production hub's pages, one person of it, and a browser."""

    hub: Hub
    token: Secret
    client: httpx.Client
    key: bytes = b""

    def post(self, path: str, **fields: str) -> httpx.Response:
        origin = str(self.client.base_url).rstrip("/")
        own = {"origin": origin, "sec-fetch-site": "same-origin", "accept": "text/html"}
        key = self.client.cookies.get("hub_form") or ""
        return self.client.post(path, data={"form_key": key, **fields}, headers=own)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path, headers={"accept": "text/html"})

    def code(self, ahead: int) -> str:
        with self.hub.store.read() as view:
            now = database_now_us(view) // 1_000_000
        return TOTP(self.key, 6, SHA1(), 30).generate(now + 30 * ahead).decode()

    def enrol(self) -> httpx.Response:
        """From the personal token to a session, as a person does it the first time."""
        self.get("/sign-in/first")
        shown = self.post(
            "/sign-in/first", token=self.token.reveal(), password=PASSWORD, again=PASSWORD
        )
        assert shown.status_code == 200
        found = re.search(r"<code>((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})</code>", shown.text)
        assert found is not None
        self.key = base64.b32decode(found[1].replace(" ", ""))
        assert "<svg" in shown.text
        return self.post("/sign-in/device", code=self.code(-1))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    settings = make_home(tmp_path).model_copy(update={"environment": "production"})
    with open_hub(settings) as hub:
        upgrade(hub.store)
        with hub.store.write() as tx:
            token = hub.people.add(
                tx, login="root", name="欧阳国洋", party=Party.CENTRE, roles=[Role.HANDLER], by=None
            )
        app = create_app(
            StoreDesk(hub), parts=all_parts(hub), environment="production",
            signing=StoreSignIn(hub), sign_in_needed=settings.pages_need_sign_in,
        )  # fmt: skip
        with serving(app) as base, httpx.Client(base_url=base, timeout=20) as client:
            yield Door(hub, token, client)


def test_who_has_not_signed_in_sees_nothing_but_the_door(door: Door) -> None:
    away = door.get("/channels?x=1")
    assert (away.status_code, away.headers["location"]) == (303, "/sign-in?next=/channels%3Fx%3D1")
    assert door.client.get("/messages").status_code == 401  # a program is told, not sent about
    assert door.client.get("/runs/2025-10/events").status_code == 401
    assert door.post("/acts/channel.stop/bank-icbc", reason="x").status_code == 401
    for path in ("/sign-in", "/sign-in/first", "/healthz", "/static/hub.css"):
        assert door.get(path).status_code == 200, path
    assert door.get("/sign-inner").status_code == 303


def test_from_the_personal_token_to_an_act_without_it(door: Door) -> None:
    opened = door.enrol()
    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    cookie = next(c for c in door.client.cookies.jar if c.name == "hub_session")
    assert cookie.has_nonstandard_attr("HttpOnly")
    page = door.get("/acts/channel.stop/bank-icbc")
    assert "data-signed" in page.text
    assert "欧阳国洋" not in page.text
    seen = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert seen is not None
    done = door.post(
        "/acts/channel.stop/bank-icbc", reason="演练", seen=html.unescape(seen[1]), token=""
    )
    assert done.status_code == 303, done.text
    assert "停发" in door.get("/channels").text

    session = door.client.cookies["hub_session"]
    out = door.post("/sign-in/out")
    assert out.headers["location"] == "/sign-in"
    door.client.cookies.set("hub_session", session)  # kept by a thief: worth nothing
    assert door.get("/channels").status_code == 303


def test_signing_in_again_and_where_it_leads(door: Door) -> None:
    door.enrol()
    door.post("/sign-in/out")
    wrong = door.post("/sign-in", login="root", password="nothing", code=door.code(0), next="/dead")
    assert wrong.status_code == 401
    assert "people.sign_in_refused" in wrong.text
    assert "nothing" not in wrong.text
    good = door.post("/sign-in", login="root", password=PASSWORD, code=door.code(0), next="/dead")
    assert (good.status_code, good.headers["location"]) == (303, "/dead")
    assert door.get("/dead").status_code == 200
    again = door.post("/sign-in", login="root", password=PASSWORD, code=door.code(0))
    assert again.status_code == 401  # the code is used up


def test_the_first_time_s_mistakes(door: Door) -> None:
    door.get("/sign-in/first")
    for fields, code in (
        ({"password": PASSWORD, "again": PASSWORD + "x"}, "people.password_unequal"),
        ({"password": "short", "again": "short"}, "people.password_weak"),
    ):
        said = door.post("/sign-in/first", token=door.token.reveal(), **fields)
        assert code in said.text
    said = door.post("/sign-in/first", token="hubp_x", password=PASSWORD, again=PASSWORD)
    assert (said.status_code, "people.token_refused" in said.text) == (401, True)
    assert door.post("/sign-in/device", code="123456").status_code == 401


def test_a_form_of_another_site_signs_nobody_in_or_out(door: Door) -> None:
    door.enrol()
    for path in ("/sign-in", "/sign-in/out", "/sign-in/first"):
        sent = door.client.post(path, data={}, headers={"origin": "https://evil.example"})
        assert sent.status_code == 403, path
    assert door.get("/dead").status_code == 200


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("/runs?x=1", "/runs?x=1"), ("//evil.example", "/"), ("https://evil.example", "/"),
        ("/\\evil.example", "/"), ("javascript:alert(1)", "/"), ("", "/"), ("/sign-in", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
    ],
)  # fmt: skip
def test_no_way_leads_out(asked: str, where: str) -> None:
    assert inside(asked) == where
