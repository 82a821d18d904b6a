"""The golden samples through the adapter: pushes in, feedback out; what is off is refused."""

import base64
import hmac
import json
from datetime import datetime
from typing import Any

import pytest

from adapters.one_thing.change import adapter, inbound
from hub.cases.unit_fields import FIELDS
from hub.contracts import load_contract
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.secret import Secret
from hub.ports.case import FILED, TAKEN_BACK, Feedback, Filing, Step
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundRequest, NotTaken, Word
from tests.mocks.running import ROOT

FOLDER = ROOT / "contracts_spec" / "one_thing" / "change"
CONTRACT = load_contract(FOLDER)
NOW = datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)
SID, RID, KEY = "QNGJJ-CHANGE-01", "GZSJGX520000", "example-caller-secret"
CONTEXT = AdapterContext(
    "onething-change", FOLDER, {n: k.example for n, k in CONTRACT.values.items()},
    {"caller_secret": Secret(KEY), "app_key": Secret("a")}, FixedClock(NOW),
)  # fmt: skip


def sample(name: str) -> Any:
    return json.loads((FOLDER / "samples" / name).read_text(encoding="utf-8"))


def request(route: str, said: Any) -> InboundRequest:
    rtime = str(int(NOW.timestamp() * 1000))
    sign = base64.b64encode(hmac.digest(KEY.encode(), f"{SID}{RID}{rtime}".encode(), "sha256"))
    own = {"rid": RID, "sid": SID, "rtime": rtime, "sign": sign.decode()}
    headers = {f"gjgxjhpt_{name}": value for name, value in own.items()}
    body = json.dumps(said, ensure_ascii=False).encode()
    return InboundRequest(f"/onething-change/case/{route}", headers, body, "127.0.0.1")


def test_pushes_mean_this() -> None:
    port = inbound.build(CONTEXT)
    came = port.read(request("push", sample("case.push.request.json")))
    assert (came.kind, came.drifts) == (FILED, ())
    assert isinstance(came.value, Filing)
    said = came.value.fields
    assert (said["before.legal_person"], said["after.legal_person"]) == ("吴一", "韦青山")
    moved = port.read(request("push", sample("case.push.move.request.json")))
    assert isinstance(moved.value, Filing)
    assert moved.value.fields["after.address"] == "贵州省黔南州测试路 3 号𬭩"
    assert port.read(request("withdraw", sample("case.withdraw.request.json"))).kind == TAKEN_BACK


@pytest.mark.parametrize(
    "wrong",
    [
        {"item": "SHAREHOLDER", "before": "", "after": "某"},
        {"item": "DOM", "before": "", "after": 7},
        {"item": "DOM", "before": "", "after": "长" * 256},
        {"item": "ENTNAME", "before": "", "after": "又一次"},
        "DOM",
    ],
)
def test_an_item_that_is_off_is_refused(wrong: Any) -> None:
    said = sample("case.push.request.json")
    said["changes"].append(wrong)
    with pytest.raises(NotTaken) as no:
        inbound.build(CONTEXT).read(request("push", said))
    assert no.value.word is Word.REFUSED
    assert no.value.drifts


def test_the_contract_and_the_hub_mean_the_same_core_fields() -> None:
    codes = CONTRACT.table("change_item").codes.values()
    assert {c.extra["field"]: c.extra["core"] for c in codes} == {
        name: one.core for name, one in FIELDS.items()
    }


def test_what_became_of_each_field_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    port = adapter.build(CONTEXT)
    monkeypatch.setattr(port, "tell", lambda _line, _name, content: sent.append(content))
    golden = sample("feedback.done.request.json")
    port.feedback(
        None,  # type: ignore[arg-type]
        Feedback("regulator", golden["busiid"], golden["version"], golden["seq"], Step.DONE, NOW,
                 golden["sjyy"], tuple(golden["items"])),
    )  # fmt: skip
    assert sent == [golden]
