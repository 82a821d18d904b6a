"""The golden samples through the adapter: pushes in, feedback out; what is unsigned is refused."""

import base64
import hmac
import json
from datetime import datetime
from typing import Any

import pytest

from adapters.one_thing.migration import adapter, inbound
from hub.contracts import load_contract
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.secret import Secret
from hub.ports.case import FILED, TAKEN_BACK, Feedback, Filing, Step, TakenBack
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundRequest, NotTaken, Word
from tests.mocks.running import ROOT

FOLDER = ROOT / "contracts_spec" / "one_thing" / "migration"
CONTRACT = load_contract(FOLDER)
NOW = datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)
SID, RID, KEY = "QNGJJ-REGISTRY-01", "GZSJGX520000", "example-caller-secret"
CONTEXT = AdapterContext(
    "onething-migration", FOLDER, {n: k.example for n, k in CONTRACT.values.items()},
    {"caller_secret": Secret(KEY), "app_key": Secret("a")}, FixedClock(NOW),
)  # fmt: skip


def sample(name: str) -> Any:
    return json.loads((FOLDER / "samples" / name).read_text(encoding="utf-8"))


def request(route: str, said: Any, key: str = KEY) -> InboundRequest:
    rtime = str(int(NOW.timestamp() * 1000))
    sign = base64.b64encode(hmac.digest(key.encode(), f"{SID}{RID}{rtime}".encode(), "sha256"))
    own = {"rid": RID, "sid": SID, "rtime": rtime, "sign": sign.decode()}
    headers = {f"gjgxjhpt_{name}": value for name, value in own.items()}
    body = json.dumps(said, ensure_ascii=False).encode()
    return InboundRequest(f"/onething-migration/case/{route}", headers, body, "127.0.0.1")


def test_pushes_mean_this() -> None:
    port = inbound.build(CONTEXT)
    came = port.read(request("push", sample("case.push.in.request.json")))
    assert (came.kind, came.drifts) == (FILED, ())
    assert isinstance(came.value, Filing)
    assert came.value.fields["legal_person"] == "韦青山"
    back = port.read(request("withdraw", sample("case.withdraw.request.json")))
    assert back.kind == TAKEN_BACK
    assert isinstance(back.value, TakenBack)


def test_what_is_off_is_refused() -> None:
    port = inbound.build(CONTEXT)
    with pytest.raises(NotTaken) as no:
        port.read(request("push", sample("case.push.request.json"), key="other"))
    assert no.value.word is Word.SIGNATURE
    with pytest.raises(NotTaken) as no:
        port.read(request("push", sample("case.push.request.json") | {"entname": ""}))
    assert no.value.word is Word.REFUSED


def test_feedback_is_the_golden_sample() -> None:
    made = adapter.Migration(CONTEXT)
    text = "应封存 3 户，已封存 2 户，未能封存 1 户（账户状态不允许 1 户）"
    told = Feedback("regulator", "QY20251013000001", 1, 5, Step.DONE, NOW, text)
    assert made.case_content(told) == sample("feedback.done.request.json")
    at, text = (
        datetime(2025, 10, 15, 10, 0, tzinfo=SHANGHAI),
        "应启封 2 户，已启封 2 户，未能启封 0 户",
    )
    told = Feedback("regulator", "QY20251013000001", 1, 7, Step.UNDONE, at, text)
    assert made.case_content(told) == sample("feedback.undone.request.json")


@pytest.mark.parametrize("step", list(Step))
def test_every_step_has_a_code(step: Step) -> None:
    said = adapter.Migration(CONTEXT).case_content(Feedback("regulator", "QY1", 1, 1, step, NOW))
    assert CONTRACT.validate_json("feedback.request", said) == []
