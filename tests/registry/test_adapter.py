"""The adapter at the mock's socket, and its reading of replies that are off the contract."""

import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from adapters.core.registry.adapter import RegistryOffContract
from adapters.core.registry.requests import WrongApplication
from hub.ports.line import DriftNotes, HttpReply, LineNotSent, PartnerRefused, ReplyUnreadable
from hub.ports.registry import ApplicationKind, ApplicationResult, Sealing
from tests.core.corekit import NOBODY, RICH, SEALED
from tests.registry.kit import CONTRACT, PAPER, UNIT, RegistryBench, withdrawal

N1, N2 = "20251000000000000081", "20251000000000000099"
WITHDRAWAL, SEAL = ApplicationKind.WITHDRAWAL, ApplicationKind.SEAL


def seal(number: str, account: str) -> Sealing:
    return Sealing(number, account, UNIT, "单位迁出", date(2025, 10, 10))


class TestAtTheMock:
    def test_each_stands_alone_in_the_order_asked(self, bench: RegistryBench) -> None:
        rows = [seal(N1, NOBODY), seal(N2, RICH)]
        said = bench.port.apply(bench.line(), SEAL, rows)
        assert [(one.number, one.reason, one.state.value) for one in said] == [
            (N1, "not_found", "04"), (N2, "", "03"),
        ]  # fmt: skip
        assert bench.drifts == []
        assert bench.hand.account(RICH)["GRZHZT"] == "02"

    def test_killed_in_the_middle_it_is_done_once(self, bench: RegistryBench) -> None:
        bench.control("/registry/pace", manual=True)
        row = [withdrawal(N1, SEALED, "潘䶮")]
        (first,) = bench.port.apply(bench.line(), WITHDRAWAL, row)
        bench.mock.kill()
        with pytest.raises(LineNotSent):
            bench.port.apply(bench.line(), WITHDRAWAL, row)
        bench.mock.start()
        (again,) = bench.port.apply(bench.line(), WITHDRAWAL, row)
        assert (first.state, again.state) == (again.state, first.state)
        assert len(bench.hand.csv("registry/applications")) == 1

    def test_the_feed_goes_on_where_it_stopped(self, bench: RegistryBench) -> None:
        page = bench.port.changes_since(bench.line(), 0, 4)
        assert page.more
        rest = bench.port.changes_since(bench.line(), page.changes[-1].sequence, 9_999)
        keys = [one.key for one in (*page.changes, *rest.changes)]
        assert not rest.more
        assert len(keys) == len(set(keys)) == 10  # nine people, one unit
        bench.port.apply(bench.line(), SEAL, [seal(N1, RICH)])
        after = bench.port.changes_since(bench.line(), rest.changes[-1].sequence, 10).changes
        assert {(one.kind, one.key) for one in after} == {("GR", RICH), ("DW", UNIT)}

    @pytest.mark.parametrize(
        ("row", "place"),
        [
            (withdrawal("short", RICH, "欧阳𠮷"), "SQBH"),
            (withdrawal(N1, "账户", "欧阳𠮷"), "GRZH"),
            (withdrawal(N1, RICH, ""), "XingMing"),
        ],
    )
    def test_what_the_contract_cannot_say_is_not_sent(
        self, bench: RegistryBench, row: Any, place: str
    ) -> None:
        with pytest.raises(RegistryOffContract, match=place) as wrong:
            bench.port.apply(bench.line(), WITHDRAWAL, [row])
        assert "欧阳" not in str(wrong.value)
        assert bench.hand.csv("registry/applications") == []

    def test_another_kind_s_application_is_not_sent(self, bench: RegistryBench) -> None:
        with pytest.raises(WrongApplication):
            bench.port.apply(bench.line(), WITHDRAWAL, [seal(N1, RICH)])

    def test_a_wrong_path_or_day_end_is_not_final(self, bench: RegistryBench) -> None:
        bench.control("/core", HXZT="02")
        with pytest.raises(PartnerRefused) as no:
            bench.port.apply(bench.line(), SEAL, [seal(N1, RICH)])
        assert (no.value.partner_code, no.value.final) == ("9002", False)
        assert not bench.port.probe(bench.line()).usable


@dataclass
class Canned:
    """A line whose partner answers the sample, changed, to whatever is asked."""

    change: Any
    sample: str
    drift: DriftNotes = field(default_factory=DriftNotes)

    def post(self, step: str, **given: Any) -> HttpReply:
        del step
        said = json.loads((CONTRACT / "samples" / f"{self.sample}.reply.json").read_bytes())
        said["QQLSH"] = json.loads(given["body"])["QQLSH"]
        self.change(said)
        return HttpReply(200, {}, json.dumps(said, ensure_ascii=False).encode())


def inquired(bench: RegistryBench, change: Any) -> tuple[ApplicationResult, DriftNotes]:
    line = Canned(change, "inquire")
    numbers = [f"20251014{n:012d}" for n in (7, 8, 10)]
    said = bench.port.inquire(line, WITHDRAWAL, numbers)  # type: ignore[arg-type]
    return said[0], line.drift


class TestOffTheContract:
    def test_as_the_sample_says(self, bench: RegistryBench) -> None:
        said, drift = inquired(bench, lambda _: None)
        assert (said.principal, said.interest, said.ended_on) == (
            4402227, 20912, date(2025, 10, 15)
        )  # fmt: skip
        assert said.settled
        assert drift.drifts == []

    @pytest.mark.parametrize("name", ["BJFEN", "LXFEN"])
    def test_done_without_its_sums_settles_nothing(self, bench: RegistryBench, name: str) -> None:
        said, drift = inquired(bench, lambda reply: reply["SQ"][0].pop(name))
        assert (said.settled, said.reason) == (False, "unsettled")
        assert drift.drifts

    @pytest.mark.parametrize("field_", ["FHM", "SQZT"])
    def test_what_no_table_holds_settles_nothing(self, bench: RegistryBench, field_: str) -> None:
        said, drift = inquired(bench, lambda reply: reply["SQ"][0].update({field_: "8877"[-4:]}))
        assert (said.settled, said.reason) == (False, "unsettled")
        assert drift.drifts

    @pytest.mark.parametrize(
        "change",
        [
            lambda reply: reply["SQ"].pop(),
            lambda reply: reply["SQ"].append(reply["SQ"][0]),
            lambda reply: reply["SQ"][0].update(SQBH="20251014999999999999"),
            lambda reply: reply["SQ"][0].update(BJFEN="44022.27"),
            lambda reply: reply.pop("SQ"),
            lambda reply: reply["SQ"][0].update(BJRQ="20251340"),
        ],
    )
    def test_a_reply_that_is_not_to_the_question(self, bench: RegistryBench, change: Any) -> None:
        with pytest.raises(ReplyUnreadable):
            inquired(bench, change)

    def test_somebody_else_s_account_is_no_answer(self, bench: RegistryBench) -> None:
        line = Canned(lambda _: None, "persons")
        with pytest.raises(ReplyUnreadable) as wrong:
            bench.port.persons(line, [("01", PAPER)])  # type: ignore[arg-type]
        assert not re.search(r"\d{6,}|欧阳", str(wrong.value))
