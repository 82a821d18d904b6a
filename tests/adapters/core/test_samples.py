"""Golden samples, read twice: by hand with the standard library, and by the adapter."""

import json
from datetime import date
from typing import Any

import pytest
import yaml

from adapters.core.reference import codec, replies, requests
from adapters.core.reference.replies import Reply
from adapters.kit import core_calls
from adapters.kit.core_signing import Signer
from hub.contracts import load_contract
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.core import CommandKind, CoreCommand, Payer
from hub.ports.line import DriftNotes
from tests.core.corekit import CONTRACT

SAMPLES = CONTRACT / "samples"
SIGNATURES = yaml.safe_load((SAMPLES / "signatures.yaml").read_text(encoding="utf-8"))
OCTOBER = Period(2025, 10)
KINDS: dict[str, type[Reply]] = {
    **{kind.value: replies.CommandReply for kind in CommandKind},
    "accounts": replies.AccountsReply,
    "postings": replies.PostingsReply,
    "holds": replies.HoldsReply,
    "changes": core_calls.ChangesReply,
    "probe": core_calls.ProbeReply,
}


def by_hand(name: str) -> Any:
    """The standard library's JSON, with floats forbidden."""

    def no_float(text: str) -> float:
        raise AssertionError(f"a float on the wire: {text}")

    return json.loads((SAMPLES / name).read_bytes().decode("utf-8"), parse_float=no_float)


def read(name: str) -> tuple[Any, DriftNotes]:
    contract, drift = load_contract(CONTRACT), DriftNotes()
    schema = str(contract.transaction(name).extra["reply"])
    body = (SAMPLES / f"{name}.reply.json").read_bytes()
    return codec.read(KINDS[name], schema, body, contract, drift), drift


@pytest.mark.parametrize("name", sorted(KINDS))
def test_reply_has_no_drift(name: str) -> None:
    assert read(name)[1].drifts == []


@pytest.mark.parametrize("name", sorted(KINDS))
def test_request_and_reply_are_as_the_schemas_say(name: str) -> None:
    contract = load_contract(CONTRACT)
    for side in ("request", "reply"):
        schema = str(contract.transaction(name).extra[side])
        assert contract.validate_json(schema, by_hand(f"{name}.{side}.json")) == []


@pytest.mark.parametrize("name", sorted(SIGNATURES["requests"]))
def test_signature(name: str) -> None:
    one = SIGNATURES["requests"][name]
    signer = Signer("sample", Secret(SIGNATURES["key"]))
    body = (SAMPLES / one["body"]).read_bytes()
    made = signer.signature("POST", one["path"], one["timestamp"], one["nonce"], body)
    assert made == one["signature"]
    assert one["path"] == load_contract(CONTRACT).transaction(name).extra["path"]


def test_whole_http_request() -> None:
    head, _, body = (SAMPLES / "hold.request.http").read_bytes().partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    one = SIGNATURES["requests"]["hold"]
    assert first == f"POST {one['path']} HTTP/1.1"
    assert body == (SAMPLES / "hold.request.json").read_bytes()
    assert int(headers["Content-Length"]) == len(body)
    assert headers["X-Core-Signature"] == one["signature"]


def test_hold_request_is_what_the_adapter_says() -> None:
    wanted = by_hand("hold.request.json")
    commands = [
        CoreCommand(
            number=one["MXBH"],
            period=OCTOBER,
            bank=one["YHJC"],
            agreement=one["XYBH"],
            payers=tuple(Payer(payer["GRZH"], Fen(payer["FSEFEN"])) for payer in one["FKR"]),
            business_date=date(2025, 10, 10),
        )
        for one in wanted["MX"]
    ]
    made = json.loads(requests.encode(requests.command(commands)))
    assert made["QQLSH"] != wanted["QQLSH"]
    assert made["MX"] == wanted["MX"]


def test_hold_results() -> None:
    reply, drift = read("hold")
    rows = by_hand("hold.reply.json")["MX"]
    asked = [row["MXBH"] for row in reversed(rows)]
    results = codec.command_results(CommandKind.HOLD, asked, reply, load_contract(CONTRACT), drift)
    assert [one.number for one in results] == asked, "in the order asked, not as answered"
    assert [(one.done, one.reason) for one in results] == [
        (False, "balance"), (True, ""), (True, "")
    ]  # fmt: skip


def test_accounts() -> None:
    reply, drift = read("accounts")
    hand = by_hand("accounts.reply.json")
    asked = by_hand("accounts.request.json")["GRZH"]
    answer = codec.accounts(asked, reply, drift)
    assert len(answer.accounts) == len(hand["ZH"]) == 2
    for made, row in zip(answer.accounts, hand["ZH"], strict=True):
        assert made.number == row["GRZH"]
        assert made.name == row["XingMing"]
        assert (made.id_type, made.id_number, made.phone) == (
            row["ZJLX"], row["ZJHM"], row["SJHM"]
        )  # fmt: skip
        assert made.state == row["GRZHZT"]
        assert (made.balance, made.frozen, made.held) == (
            row["GRZHYEFEN"], row["DJJEFEN"], row["ZYJEFEN"]
        )  # fmt: skip
    assert answer.accounts[0].name == "欧阳𠮷"
    assert answer.as_of.isoformat(timespec="milliseconds") == hand["HXSJ"]
    assert "欧阳" not in repr(reply), "a name must not reach a log by accident"


def test_postings() -> None:
    reply, drift = read("postings")
    hand = by_hand("postings.reply.json")
    page = codec.postings("202510", "ICBC", reply, drift)
    assert [
        (one.serial, one.number, one.account, one.amount, f"{one.booked_on:%Y%m%d}")
        for one in page.postings
    ] == [
        (row["YWLSH"], row["MXBH"], row["GRZH"], row["FSEFEN"], row["JZRQ"]) for row in hand["LS"]
    ]
    assert [one.reversal for one in page.postings] == [False, False, False, True, True]
    assert page.next_page is None


def test_holds_and_changes() -> None:
    reply, drift = read("holds")
    page = codec.holds("202510", "ICBC", reply, drift)
    assert [(one.number, one.amount) for one in page.holds] == [("20251000000000000052", 150_000)]
    assert [(one.account, one.amount) for one in page.holds[0].payers] == [
        ("52270000000002", 100_000), ("52270000000003", 50_000),
    ]  # fmt: skip
    assert page.next_page == by_hand("holds.reply.json")["XYY"] == "6000"
    reply, drift = read("changes")
    changes = core_calls.changes(28_512, reply, drift)
    hand = by_hand("changes.reply.json")
    assert [one.fields for one in changes.changes] == [row["ZD"] for row in hand["BG"]]
    assert [one.sequence for one in changes.changes] == [28_514, 28_515]
    assert changes.more


def test_a_refusal_has_no_content() -> None:
    contract, drift = load_contract(CONTRACT), DriftNotes()
    body = (SAMPLES / "refused.reply.json").read_bytes()
    for kind, schema in (
        (replies.CommandReply, "command.reply"),
        (replies.HoldsReply, "holds.reply"),
    ):
        assert codec.read(kind, schema, body, contract, drift).FHM == "1001"
    assert drift.drifts == []


def test_limits_and_types_say_the_same() -> None:
    contract = load_contract(CONTRACT)
    assert contract.limit("command_items") == replies.MOST_ITEMS
    assert contract.limit("accounts") == contract.limit("page_rows") == replies.MOST_ROWS
    assert contract.numbers.extra["largest_amount"] == replies.LARGEST
    assert contract.numbers.idempotent
    assert contract.numbers.ordered
