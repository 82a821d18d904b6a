"""A real hub with messages in every state, two people and one who may see wordings; its pages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import sqlalchemy as sa

from hub.app.assembly import open_hub
from hub.app.hub import Hub
from hub.bus import Effect, NewMessage
from hub.bus.tables import attempt, call, message
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.offset.tables import batch, item, run
from hub.people import Party
from hub.people.words import Role
from hub.web.app import create_app
from hub.web.desk import StoreDesk
from hub.web.desk.parts import all_parts
from tests.app.conftest import make_home
from tests.offset.kit import insert
from tests.web.server import serving

BANK, MONTH = "bank-icbc", "2025-10"
SCRIPT = "<script>alert('对方')</script>"
NAME, CARD = "欧阳国洋", "6222021234567894213"
REPLY = f"<reply><XM>{NAME}</XM><HKZH>{CARD}</HKZH><RetCode>B0131</RetCode></reply>"
PEOPLE = {
    "wang": {Role.HANDLER, Role.ADMINISTRATOR},
    "li": {Role.REVIEWER},
    "zhao": {Role.HANDLER, Role.RAW},
    "sun": {Role.QUERY},
}


@dataclass
class Duty:
    """The served pages over a hub, and a client that behaves like a browser."""

    hub: Hub
    base: str
    client: httpx.Client
    tokens: dict[str, Secret] = field(default_factory=dict)

    def form_key(self) -> str:
        found = re.search(r'name="form-key" content="([^"]+)"', self.client.get("/channels").text)
        assert found is not None
        return found[1]

    def send(self, path: str, by: str, **values: str) -> httpx.Response:
        """Submit a form as the page would."""
        given = {"form_key": self.form_key(), "token": self.tokens[by].reveal(), **values}
        headers = {"origin": self.base, "sec-fetch-site": "same-origin"}
        return self.client.post(path, data=given, headers=headers)

    def seen(self, path: str) -> str:
        """What a form on this page carries of what was shown."""
        found = re.search(r'name="seen" value="([^"]*)"', self.client.get(path).text)
        assert found is not None, path
        return found[1].replace("&#34;", '"')

    def put(
        self, key: str, effect: Effect = Effect.MONEY, kind: str = "bank.instruct", **more: object
    ) -> int:
        """One message of the bank's."""
        values = {
            "interface": BANK, "kind": kind, "key": key, "payload": key.encode(),
            "effect": effect, "group": f"run:{MONTH}", "subject": f"批次 {key}", "month": MONTH,
            "contract_version": "1.0", "items": 2, "fen": 150_00,
        }  # fmt: skip
        with self.hub.store.write() as tx:
            (number,) = self.hub.bus.put(tx, [NewMessage(**values | more)])  # type: ignore[arg-type]
        return number

    def batch(self, key: str) -> int:
        """A money message with its batch and two rows on hold."""
        number = self.put(key)
        with self.hub.store.write() as tx:
            run_id = tx.scalar(sa.select(run.c.id))
            if run_id is None:
                insert(tx, run, period=MONTH, state="running")
                run_id = tx.scalar(sa.select(run.c.id))
            insert(tx, batch, number=key, run_id=run_id, bank="ICBC", message_id=number,
                   rows_count=2, fen=150_00, state="cut", next_ask_us=2**62)  # fmt: skip
            for row in (1, 2):
                insert(tx, item, number=f"{key[:2]}{key[4:]}{row:02d}", run_id=run_id, bank="ICBC",
                       batch=key, row_no=row, state="held", fen=75_00,
                       asked="instruct", agreement_id=number * 10 + row,
                       live_key=f"{key}-{row}")  # fmt: skip
        return number

    def set(self, number: int, **values: object) -> None:
        """Put a message where a long day would have brought it."""
        with self.hub.store.write() as tx:
            tx.execute(sa.update(message).where(message.c.id == number).values(**values))

    def die(self, number: int, text: str = "系统忙") -> None:
        """A dead letter: it was tried once and the partner said ``text``."""
        self.set(number, state="dead", ready_us=None, error_code="line.partner_refused",
                 error_text=text, try_no=1, tries=1, epoch=1, ended_us=1)  # fmt: skip
        with self.hub.store.write() as tx:
            insert(tx, attempt, message_id=number, try_no=1, epoch=1, holder="h/1/x",
                   cause="first", started_us=1, ended_us=2, verdict="not_sent",
                   error_code="line.partner_refused", error_text=text)  # fmt: skip
            request = self.hub.vault.seal(tx, "message", MONTH, f"XM={NAME}".encode())
            reply = self.hub.vault.seal(tx, "message", MONTH, REPLY.encode("gb18030"))
            insert(tx, call, message_id=number, try_no=1, call_no=1, step="PAYENT", effect=1,
                   target="POST http://bank/api", started_us=1, ended_us=2, status=200,
                   outcome="answered", error=SCRIPT, key_id=request.key_id,
                   request=request.blob, reply=reply.blob)  # fmt: skip

    def state(self, number: int) -> str:
        with self.hub.store.read() as view:
            return self.hub.bus.message(view, number).state.value


@contextmanager
def on_duty(folder: Path, settings: Settings | None = None) -> Iterator[Duty]:
    """The pages of a hub of its own."""
    home = settings or make_home(folder / "centre")
    with open_hub(home) as hub:
        tokens: dict[str, Secret] = {}
        first = None
        for login, roles in PEOPLE.items():
            with hub.store.write() as tx:
                tokens[login] = hub.people.add(
                    tx, login=login, name=login, party=Party.CENTRE, roles=roles, by=first
                )
            first = first or hub.people.authenticate(tokens[login])
        app = create_app(
            StoreDesk(hub), parts=all_parts(hub), environment="test",
        )  # fmt: skip
        with serving(app) as base, httpx.Client(base_url=base, timeout=20) as client:
            yield Duty(hub, base, client, tokens)
