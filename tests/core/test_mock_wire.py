"""The wire as the contract has it: signature, clock, replay, form, paging, the change feed."""

import json
import time
from typing import Any

import pytest
import yaml

from tests.core.corekit import (
    BANK,
    CONTRACT,
    KEY_ID,
    NOBODY,
    PERIOD,
    POOR,
    RICH,
    SEALED,
    HandClient,
    item,
    sign,
)  # fmt: skip

PROBE = "/core/v1/probe"
HOLD = "/core/v1/commands/hold"
BODY = b'{"QQLSH":"1"}'
N = "20251000000000000011"


def said(reply: Any) -> str:
    assert reply.status_code == 200
    return str(reply.json()["FHM"])


class TestSignature:
    def test_samples_verify_with_the_sample_key(self) -> None:
        samples = yaml.safe_load((CONTRACT / "samples/signatures.yaml").read_text("utf-8"))
        key = bytes.fromhex(samples["key"])
        for one in samples["requests"].values():
            body = (CONTRACT / "samples" / one["body"]).read_bytes()
            made = sign(key, one["path"], one["timestamp"], one["nonce"], body)
            assert made == one["signature"]

    def test_good(self, core: HandClient) -> None:
        assert said(core.raw(PROBE, BODY)) == "0000"

    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({"signature": "0" * 64}, "1001"),
            ({"signature": ""}, "1001"),
            ({"key": "nobody"}, "1006"),
            ({"key": "../sign_key"}, "1006"),
            ({"key": ""}, "1006"),
        ],
    )
    def test_bad(self, core: HandClient, headers: dict[str, str], code: str) -> None:
        body = json.dumps({"QQLSH": "1", "MX": [item(N, (RICH, 1))]}).encode()
        reply = core.raw(HOLD, body, **headers)
        assert (said(reply), reply.json()["QQLSH"], "MX" in reply.json()) == (code, "1", False)
        assert core.csv("items") == []

    def test_covers_body_and_path(self, core: HandClient) -> None:
        stamp, nonce = str(time.time_ns() // 10**6), "a" * 32
        good = core.raw(PROBE, BODY, stamp=stamp, nonce=nonce).request.headers["x-core-signature"]
        given = {"stamp": stamp, "nonce": nonce, "signature": good}
        assert said(core.raw(PROBE, BODY + b" ", **given)) == "1001"
        assert said(core.raw(HOLD, BODY, **given)) == "1001"
        assert said(core.raw(PROBE, BODY, **given)) == "1003", "the very same again is a replay"

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_skew(self, core: HandClient, minutes: int) -> None:
        stamp = str(time.time_ns() // 10**6 + minutes * 60_000)
        assert said(core.raw(PROBE, BODY, stamp=stamp)) == "1002"
        near = str(time.time_ns() // 10**6 + minutes * 40_000)
        assert said(core.raw(PROBE, BODY, stamp=near)) == "0000"

    def test_a_badly_signed_nonce_is_not_used_up(self, core: HandClient) -> None:
        assert said(core.raw(PROBE, BODY, nonce="b" * 32, signature="0" * 64)) == "1001"
        assert said(core.raw(PROBE, BODY, nonce="b" * 32)) == "0000"


GOOD = item(N, (RICH, 1))


class TestForm:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>",
            b"[]",
            b"\xff\xfe",
            json.dumps({"QQLSH": "1"}).encode(),
            json.dumps({"QQLSH": "1", "MX": []}).encode(),
            json.dumps({"QQLSH": "1", "MX": [GOOD, GOOD]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [{**GOOD, "BZ": ""}]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [{**GOOD, "MXBH": "1"}]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [{**GOOD, "MXBH": "12345678\n"}]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [{**GOOD, "JZRQ": "2025-10-10"}]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [item(N, (RICH, 0))]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [item(N, (RICH, -1))]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [item(N, (RICH, 2**53))]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [item(N, (RICH, True))]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [item(N)]}).encode(),
            json.dumps({"QQLSH": "1", "MX": [GOOD]}).replace(": 1}", ": 1.0}").encode(),
            json.dumps({"QQLSH": "1", "MX": [GOOD]}).replace(": 1}", ": 1e0}").encode(),
            json.dumps({"QQLSH": "1", "MX": [GOOD]}).replace(": 1}", ': "1"}').encode(),
        ],
    )
    def test_not_as_agreed(self, core: HandClient, body: bytes) -> None:
        assert said(core.raw(HOLD, body)) == "1004"
        assert core.csv("items") == []

    def test_more_than_the_limits(self, core: HandClient) -> None:
        items = [item(f"{n:020d}", (RICH, 1)) for n in range(1001)]
        assert core.ask("commands/hold", MX=items)["FHM"] == "1005"
        assert core.csv("items") == []
        assert core.ask("commands/hold", MX=items[:1000])["FHM"] == "0000"
        assert core.money(RICH) == (1_000_000, 1000)
        accounts = [f"{n:014d}" for n in range(2001)]
        assert core.ask("accounts/query", GRZH=accounts)["FHM"] == "1005"
        assert len(core.ask("accounts/query", GRZH=accounts[:2000])["WZH"]) == 2000

    def test_unknown_path(self, core: HandClient) -> None:
        assert said(core.raw("/core/v1/commands/close", BODY)) == "1007"

    def test_day_end(self, core: HandClient) -> None:
        core.control("POST", "/core", HXZT="02")
        assert core.ask("probe")["HXZT"] == "02"
        assert core.ask("commands/hold", MX=[GOOD])["FHM"] == "9002"
        assert core.money(RICH) == (1_000_000, 0)
        core.control("POST", "/core", HXZT="01", accounting_day="20251011")
        assert core.command("hold", GOOD) == [("0000", "01")]
        core.command("post", GOOD)
        assert core.csv("postings")[0]["booked_on"] == "20251011", "the 10th is closed"


class TestReads:
    def test_accounts(self, core: HandClient) -> None:
        core.command("hold", item(N, (POOR, 123)))
        reply = core.ask("accounts/query", GRZH=[POOR, NOBODY, SEALED])
        assert reply["WZH"] == [NOBODY]
        assert reply["ZH"][0] == {
            "GRZH": POOR, "XingMing": "阿依努尔·玉素甫", "ZJLX": "01",
            "ZJHM": "522701199001011238", "SJHM": "13900000001", "GRZHZT": "01",
            "GRZHYEFEN": 50_000, "DJJEFEN": 0, "ZYJEFEN": 123,
        }  # fmt: skip
        assert [one["GRZHYEFEN"] for one in reply["ZH"]] == [50_000, 30_000]

    def test_postings_and_holds_page_by_page(self, core: HandClient) -> None:
        items = [item(f"{n:020d}", (RICH, 1), (POOR, 2)) for n in range(1, 1501)]
        for kind in ("hold", "post"):
            for start in (0, 1000):
                core.command(kind, *items[start : start + 1000])
        assert self._pages(core, "postings", "LS") == [2000, 1000]
        more = [item(f"{n:020d}", (RICH, 1)) for n in range(2001, 4102)]
        for start in (0, 1000, 2000):
            core.command("hold", *more[start : start + 1000])
        assert self._pages(core, "holds", "ZY") == [2000, 101]

    def _pages(self, core: HandClient, what: str, name: str) -> list[int]:
        sizes, seen, page = [], [], None
        while True:
            reply = core.ask(f"{what}/query", QCNY=PERIOD, YHJC=BANK, YB=page)
            sizes.append(len(reply[name]))
            seen += [(one["MXBH"], one.get("GRZH")) for one in reply[name]]
            page = reply["XYY"]
            if page is None:
                assert len(set(seen)) == len(seen)
                assert seen == sorted(seen)
                return sizes

    def test_other_banks_and_periods_are_not_mixed_in(self, core: HandClient) -> None:
        other = {**item(N, (RICH, 5)), "YHJC": "CCB"}
        core.command("hold", other)
        assert core.ask("holds/query", QCNY=PERIOD, YHJC=BANK, YB=None)["ZY"] == []
        core.command("post", other)
        assert core.ask("postings/query", QCNY=PERIOD, YHJC=BANK, YB=None)["LS"] == []
        assert len(core.ask("postings/query", QCNY=PERIOD, YHJC="CCB", YB=None)["LS"]) == 1

    def test_a_planted_posting(self, core: HandClient) -> None:
        core.control(
            "POST", "/postings", number="", GRZH=RICH, amount_fen=77, CZBZ="01",
            booked_on="20251010", bank=BANK, period=PERIOD,
        )  # fmt: skip
        found = core.ask("postings/query", QCNY=PERIOD, YHJC=BANK, YB=None)["LS"]
        assert [(one["MXBH"], one["FSEFEN"]) for one in found] == [("", 77)]
        assert core.money(RICH) == (999_923, 0)

    def test_changes_tell_everyone_once_then_what_changed(self, core: HandClient) -> None:
        everyone = self._changes(core, 0)
        assert [one["JLLX"] for one in everyone] == ["DW"] + ["GR"] * 9
        last = everyone[-1]["XH"]
        assert self._changes(core, last) == []
        one = item(N, (RICH, 30), (POOR, 20))
        core.command("hold", one)
        assert self._changes(core, last) == [], "a hold is no change of the registry"
        core.command("post", one)
        core.control("POST", "/accounts", set=[{"GRZH": SEALED, "GRZHZT": "01"}])
        core.control("POST", "/units", set=[{"DWZH": "522700000001", "DWZHZT": "04"}])
        changed = {one["JLBH"]: one["ZD"] for one in self._changes(core, last)}
        assert changed.keys() == {RICH, POOR, SEALED, "522700000001"}
        assert changed[RICH]["GRZHYEFEN"] == "999970"
        assert changed[SEALED]["GRZHZT"] == "01"
        assert changed["522700000001"]["DWZHZT"] == "04"

    def _changes(self, core: HandClient, after: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            reply = core.ask("registry/changes", XH=after, TS=4)
            found += reply["BG"]
            if not reply["GD"]:
                return found
            after = reply["BG"][-1]["XH"]


def test_replies_are_as_the_schemas_say(core: HandClient) -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    one = item(N, (RICH, 30), (POOR, 20))
    replies = [
        ("command", core.ask("commands/hold", MX=[one, item("20251000000000000012", (NOBODY, 1))])),
        ("command", core.ask("commands/post", MX=[one])),
        ("accounts", core.ask("accounts/query", GRZH=[RICH, NOBODY])),
        ("postings", core.ask("postings/query", QCNY=PERIOD, YHJC=BANK, YB=None)),
        ("holds", core.ask("holds/query", QCNY=PERIOD, YHJC=BANK, YB=None)),
        ("changes", core.ask("registry/changes", XH=0, TS=2000)),
        ("probe", core.ask("probe")),
        ("probe", core.raw(PROBE, BODY, signature="0").json()),
    ]
    for name, reply in replies:
        schema = json.loads((CONTRACT / f"schemas/{name}.reply.json").read_text("utf-8"))
        Draft202012Validator(schema).validate(reply)


def test_the_journal_shows_no_person(core: HandClient) -> None:
    core.ask("accounts/query", GRZH=[RICH])
    core.command("hold", item(N, (RICH, 1)))
    shown = core.control("GET", "/journal").text
    assert "欧阳" not in shown
    assert RICH not in shown
    assert KEY_ID not in shown
