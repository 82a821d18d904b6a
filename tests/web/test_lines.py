"""Over to the standby and back: the page with its preview, and the command."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.app.hub import Hub
from hub.bus import expiry
from hub.bus.expiry import DAY_US, Ending
from hub.bus.places import place_of
from hub.cli.main import app
from hub.kernel.settings import PartnerSettings, write_partners
from hub.store import database_now_us
from tests.app.conftest import make_home
from tests.web.duty_kit import BANK, Duty, on_duty

SWITCH, BACK = f"/acts/channel.switch/{BANK}@1", f"/acts/channel.switch/{BANK}@0"


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    """A hub whose bank has two addresses."""
    made = make_home(tmp_path / "centre")
    known = made.partner(BANK)
    two = {name: [url, f"http://127.0.0.1:{n}"] for n, (name, url) in
           enumerate(known.endpoints.items(), 1)}  # fmt: skip
    given = {**known.model_dump(), "endpoints": two, "standby": {}}
    partners = {**made.partners, BANK: PartnerSettings.model_validate(given)}
    top = {"environment": made.environment, "database_url": made.database_url}
    write_partners(made.home / "hub.toml", partners, top=top)
    with on_duty(tmp_path, made.load(made.home)) as opened:
        yield opened


def place(hub: Hub) -> int:
    with hub.store.read() as view:
        return place_of(view, BANK).place


def test_the_page_says_what_it_will_do_does_it_and_goes_back(duty: Duty) -> None:
    number = duty.put("k1")
    duty.set(duty.put("k2"), state="unknown", ready_us=None, maybe_sent=1, try_no=1)
    page = duty.client.get(SWITCH).text
    assert "此后使用地址 1：http://127.0.0.1:1" in page
    assert "结果不明的 1 条（¥150.00）先查证" in page
    assert "一人即可" in page
    done = duty.send(SWITCH, "wang", reason="主用机房停电")
    assert (done.status_code, done.headers["location"]) == (303, "/channels")
    shown = duty.client.get("/channels").text
    assert "备用地址 1" in shown
    assert "主用机房停电" in shown
    assert f'href="{BACK}"' in shown
    assert (place(duty.hub), duty.state(number)) == (1, "queued")
    assert duty.send(SWITCH, "wang", reason="再来").status_code == 409
    assert duty.send(BACK, "li", reason="主用恢复").status_code == 303
    assert place(duty.hub) == 0


def test_what_ends_soon_stands_beside_its_interface(duty: Duty) -> None:
    with duty.hub.store.write() as tx:
        near = Ending(BANK, "client_certificate", "me.pem", "a", database_now_us(tx) + 3 * DAY_US)
        expiry.keep(tx, [near, Ending(BANK, "host_key", "h:22", "b", 0)])
    page = duty.client.get("/channels").text
    assert re.search(r"我方证书 me\.pem \S+ \S+ 到期", page)


@pytest.mark.parametrize("subject", [f"{BANK}@2", "bank-ccb@1", "nobody@1", BANK, f"{BANK}@x"])
def test_what_is_no_address_is_not_found(duty: Duty, subject: str) -> None:
    assert duty.client.get(f"/acts/channel.switch/{subject}").status_code == 404


def test_who_may_only_look_may_not_switch(duty: Duty) -> None:
    assert duty.send(SWITCH, "sun", reason="x").status_code == 403
    assert place(duty.hub) == 0


def test_the_command(duty: Duty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", duty.tokens["wang"].reveal())
    home = ["--home", str(duty.hub.settings.home)]
    run = CliRunner().invoke
    seen = run(app, ["line", "switch", BANK, "--to", "standby", "--preview", *home])
    assert "切换线路" in seen.output
    assert place(duty.hub) == 0
    done = run(app, ["line", "switch", BANK, "--to", "standby", "--reason", "停电", *home])
    assert (done.exit_code, place(duty.hub)) == (0, 1)
    listed = run(app, ["line", "list", *home]).output
    assert re.search(rf"{BANK} +备用地址 1 .* wang 停电", listed)
    assert "→ 1 http://127.0.0.1:1" in listed
    assert run(app, ["line", "switch", BANK, "--to", "0", "--reason", "好了", *home]).exit_code == 0
    assert run(app, ["line", "switch", BANK, "--to", "elsewhere", *home]).exit_code == 2
    assert place(duty.hub) == 0
