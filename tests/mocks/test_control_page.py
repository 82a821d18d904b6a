"""The control plane as a page: what a browser sees and does; programs keep their JSON."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.kit import until
from tests.mocks.conftest import book_rows, write_loans
from tests.mocks.running import Mock

HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def control(tmp_path: Path) -> Iterator[httpx.Client]:
    mock = Mock("bank-icbc", tmp_path / "s", write_loans(tmp_path / "data", book_rows()))
    mock.start()
    try:
        with httpx.Client(base_url=mock.urls["control"], timeout=20) as client:
            client.headers["x-api"] = mock.urls["api"]
            yield client
    finally:
        mock.stop()


def press(client: httpx.Client, do: str, name: str = "", **headers: str) -> httpx.Response:
    return client.post("/page", data={"do": do, "name": name}, headers=headers)


def refuses(address: str) -> bool:
    try:
        httpx.get(address, timeout=5)
    except httpx.ConnectError:
        return True
    return False


def test_a_browser_breaks_and_repairs_it(control: httpx.Client) -> None:
    api = control.headers["x-api"]
    shown = control.get("/", headers=HTML)
    assert shown.headers["content-type"].startswith("text/html")
    assert "正常应答" in shown.text
    done = press(control, "break")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert "拒绝一切连接：" in control.get("/", headers=HTML).text
    until(lambda: refuses(api))
    press(control, "repair")
    assert "正常应答" in control.get("/", headers=HTML).text
    until(lambda: not refuses(api))


def test_scenarios_and_single_rules(control: httpx.Client) -> None:
    name = next(iter(control.get("/faults").json()["scenarios"]))
    assert press(control, "scenario", name).status_code == 303
    (rule,) = control.get("/faults").json()["rules"]
    assert "1 条故障规则生效" in control.get("/", headers=HTML).text
    assert press(control, "drop", str(rule["id"])).status_code == 303
    assert control.get("/faults").json()["rules"] == []


def test_what_no_button_sends_is_refused(control: httpx.Client) -> None:
    assert press(control, "explode").status_code == 400
    assert press(control, "scenario", "<none>").status_code == 404
    assert press(control, "drop", "x").status_code == 400
    assert press(control, "break", origin="http://elsewhere.example").status_code == 403
    assert control.get("/faults").json()["rules"] == []


def test_programs_get_the_index_as_before(control: httpx.Client) -> None:
    said = control.get("/").json()
    assert said["partner"] == "bank-icbc"
    assert any(route.startswith("POST /faults") for route in said["routes"])
