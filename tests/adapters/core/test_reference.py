"""The adapter against the core's mock: real sockets, the real line, every fault it can meet."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.core.reference.adapter import ReferenceCore, TooMany, build
from adapters.core.reference.requests import RequestNotAsAgreed
from hub.kernel.clocks import SHANGHAI, BusinessClock, FixedClock, SystemClock
from hub.kernel.errors import Misconfigured
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.core import UNSETTLED, CommandKind, CoreCommand, Payer
from hub.ports.line import LineNotSent, LineUnknown, PartnerRefused, ReplyUnreadable
from hub.wire import HttpLine, HttpPartner, NoRecorder
from tests.core.corekit import (
    CONTRACT,
    KEY_ID,
    NOBODY,
    POOR,
    RICH,
    SEALED,
    CoreMock,
    HandClient,
    write_data,
)  # fmt: skip

HOLD, POST, RELEASE, REVERSE = CommandKind
OCTOBER = Period(2025, 10)
N1, N2, N3 = (f"2025100000000000001{n}" for n in range(3))


def order(number: str, *payers: tuple[str, int], bank: str = "ICBC") -> CoreCommand:
    given_payers = tuple(Payer(account, Fen(fen)) for account, fen in payers)
    return CoreCommand(number, OCTOBER, bank, "DC1", given_payers, date(2025, 10, 10))


@dataclass
class Bench:
    """The adapter, its mock, and a fresh line for each attempt."""

    mock: CoreMock
    hand: HandClient
    http: HttpPartner
    clock: BusinessClock = field(default_factory=SystemClock)
    last: HttpLine | None = None

    def port(self, key: str = "", key_id: str = KEY_ID) -> ReferenceCore:
        sign_key = Secret(key or self.mock.key_file.read_text(encoding="ascii"))
        return build(
            AdapterContext(
                "core-reference", CONTRACT, {"key_id": key_id}, {"sign_key": sign_key}, self.clock
            )
        )

    def line(self) -> HttpLine:
        self.last = self.http.open_line(NoRecorder())
        return self.last

    @property
    def drifts(self) -> list[str]:
        assert self.last is not None
        return [f"{one.place}: {one.expected}; {one.found}" for one in self.last.drift.drifts]

    def fault(self, **rule: object) -> None:
        assert self.hand.control("POST", "/faults", **rule).status_code == 201


@pytest.fixture(scope="module")
def core_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreMock]:
    folder = tmp_path_factory.mktemp("core-adapter")
    mock = CoreMock(folder / "state", write_data(folder / "data")).start()
    yield mock
    mock.stop()


@pytest.fixture
def bench(core_mock: CoreMock) -> Iterator[Bench]:
    with (
        core_mock.client() as hand,
        HttpPartner({"api": core_mock.ports["api"]}, timeout_s=1.0) as http,
    ):
        hand.reset()
        yield Bench(core_mock, hand, http)


class TestCommands:
    def test_an_item_s_life(self, bench: Bench) -> None:
        port, items = bench.port(), [order(N1, (RICH, 30_000), (POOR, 10_000))]
        for kind in (HOLD, HOLD, POST, POST, REVERSE, REVERSE):
            (result,) = port.command(bench.line(), kind, items)
            said = (result.number, result.done, result.code, result.reason)
            assert said == (N1, True, "0000", "")
        assert bench.drifts == []
        assert [row["CZBZ"] for row in bench.hand.csv("postings")] == ["01", "01", "02", "02"]
        assert bench.hand.money(RICH) == (1_000_000, 0)

    def test_each_item_succeeds_or_fails_alone(self, bench: Bench) -> None:
        items = [order(N1, (POOR, 50_001)), order(N2, (NOBODY, 1)), order(N3, (SEALED, 1))]
        results = bench.port().command(bench.line(), HOLD, items)
        said = [(one.number, one.done, one.reason) for one in results]
        assert said == [
            (N1, False, "balance"), (N2, False, "account_not_found"), (N3, True, "")
        ]  # fmt: skip

    def test_a_late_hold_is_no_hold(self, bench: Bench) -> None:
        """The core answers its old success; the hub must not pay on it."""
        port, items = bench.port(), [order(N1, (RICH, 5))]
        port.command(bench.line(), HOLD, items)
        port.command(bench.line(), RELEASE, items)
        (late,) = port.command(bench.line(), HOLD, items)
        assert (late.done, late.code, late.reason) == (False, "0000", "released_before")
        assert bench.drifts == []

    def test_a_hold_after_the_posting_is_done(self, bench: Bench) -> None:
        port, items = bench.port(), [order(N1, (RICH, 5))]
        for kind in (HOLD, POST):
            port.command(bench.line(), kind, items)
        assert port.command(bench.line(), HOLD, items)[0].done
        port.command(bench.line(), REVERSE, items)
        (late,) = port.command(bench.line(), HOLD, items)
        assert (late.done, late.reason) == (False, "reversed_before")

    @pytest.mark.parametrize(
        ("before", "kind", "reason"),
        [
            ((), POST, "not_held"),
            ((), REVERSE, "not_posted"),
            ((RELEASE,), HOLD, "released_before"),
            ((HOLD, RELEASE), POST, "released_before"),
            ((HOLD, POST), RELEASE, "posted_before"),
        ],
    )
    def test_refusals(
        self, bench: Bench, before: tuple[CommandKind, ...], kind: CommandKind, reason: str
    ) -> None:
        port, items = bench.port(), [order(N1, (RICH, 5))]
        for one in before:
            assert port.command(bench.line(), one, items)[0].done
        (result,) = port.command(bench.line(), kind, items)
        assert (result.done, result.reason) == (False, reason)

    def test_other_amounts_are_a_conflict(self, bench: Bench) -> None:
        port = bench.port()
        port.command(bench.line(), HOLD, [order(N1, (RICH, 5))])
        (result,) = port.command(bench.line(), POST, [order(N1, (RICH, 6))])
        assert (result.done, result.reason) == (False, "conflict")

    def test_what_cannot_be_said_is_not_sent(self, bench: Bench) -> None:
        port = bench.port()
        for bad in (order("1", (RICH, 5)), order(N1, (RICH, 0)), order(N1), order(N1, ("", 1))):
            with pytest.raises(RequestNotAsAgreed):
                port.command(bench.line(), HOLD, [bad])
        for many in ([], [order(N1, (RICH, 1))] * 2):
            with pytest.raises(TooMany):
                port.command(bench.line(), HOLD, many)
        assert bench.hand.control("GET", "/journal").json()["entries"] == []

    def test_a_thousand_at_once_is_quick(self, bench: Bench) -> None:
        items = [order(f"{n:020d}", (RICH, 1), (POOR, 1)) for n in range(1000)]
        started = time.perf_counter()
        results = bench.port().command(bench.line(), HOLD, items)
        assert time.perf_counter() - started < 1.0
        assert [one.number for one in results] == [one.number for one in items]
        assert all(one.done for one in results)


class TestReads:
    def test_accounts(self, bench: Bench) -> None:
        port = bench.port()
        port.command(bench.line(), HOLD, [order(N1, (POOR, 7))])
        asked = [POOR, NOBODY, SEALED, "含有汉字的账号", "", "x" * 21, POOR]
        answer = port.accounts(bench.line(), asked)
        found = {one.number: one for one in answer.accounts}
        assert found.keys() == {POOR, SEALED}
        poor = found[POOR]
        assert (poor.name, poor.id_type, poor.state) == ("阿依努尔·玉素甫", "01", "01")
        assert (poor.balance, poor.frozen, poor.held) == (50_000, 0, 7)
        assert abs(answer.as_of - datetime.now(SHANGHAI)) < timedelta(minutes=1)

    def test_nothing_askable_is_not_asked(self, bench: Bench) -> None:
        assert bench.port().accounts(bench.line(), ["含有汉字的账号"]).accounts == ()
        assert bench.hand.control("GET", "/journal").json()["entries"] == []

    def test_postings_and_holds(self, bench: Bench) -> None:
        port = bench.port()
        items = [order(N1, (RICH, 5), (POOR, 6)), order(N2, (RICH, 7)), order(N3, (RICH, 8))]
        port.command(bench.line(), HOLD, items)
        port.command(bench.line(), POST, items[:2])
        port.command(bench.line(), REVERSE, items[1:2])
        page = port.postings(bench.line(), OCTOBER, "ICBC", None)
        assert page.next_page is None
        assert [(one.number, one.amount, one.reversal) for one in page.postings] == [
            (N1, 5, False), (N1, 6, False), (N2, 7, False), (N2, 7, True)
        ]  # fmt: skip
        assert page.postings[0].booked_on == date(2025, 10, 10)
        holds = port.holds(bench.line(), OCTOBER, "ICBC", None)
        assert [(one.number, one.amount) for one in holds.holds] == [(N3, 8)]
        assert port.holds(bench.line(), OCTOBER, "CCB", None).holds == ()

    def test_pages_are_followed(self, bench: Bench) -> None:
        port = bench.port()
        for start in (0, 1000, 2000):
            many = [order(f"{n:020d}", (RICH, 1)) for n in range(start, start + 1000)]
            port.command(bench.line(), HOLD, many)
        first = port.holds(bench.line(), OCTOBER, "ICBC", None)
        second = port.holds(bench.line(), OCTOBER, "ICBC", first.next_page)
        assert (len(first.holds), len(second.holds), second.next_page) == (2000, 1000, None)

    def test_changes(self, bench: Bench) -> None:
        port = bench.port()
        page = port.changes_since(bench.line(), 0, 4)
        assert (len(page.changes), page.more) == (4, True)
        assert (page.changes[0].kind, page.changes[1].kind) == ("DW", "GR")
        rest = port.changes_since(bench.line(), page.changes[-1].sequence, 99_999)
        assert (len(rest.changes), rest.more) == (6, False)
        assert page.changes[1].fields["XingMing"] == "欧阳𠮷"
        assert page.changes[1].fields["GRZHYEFEN"] == "1000000"

    def test_probe(self, bench: Bench) -> None:
        found = bench.port().probe(bench.line())
        assert (found.reachable, found.usable, found.code) == (True, True, "0000")
        bench.hand.control("POST", "/core", HXZT="02")
        assert bench.port().probe(bench.line()).usable is False
        stranger = bench.port(key="0" * 64).probe(bench.line())
        assert (stranger.reachable, stranger.usable, stranger.code) == (True, False, "1001")
        bench.fault(fault="garbage", match={"first": 1})
        assert bench.port().probe(bench.line()).usable is False
        with HttpPartner({"api": "http://127.0.0.1:9"}) as nobody:
            assert bench.port().probe(nobody.open_line(NoRecorder())).reachable is False


class TestFaults:
    """None of them may count as done or refused; the same command again settles each."""

    @pytest.mark.parametrize(
        ("rule", "error"),
        [
            ({"fault": "reset", "when": "before"}, LineUnknown),
            ({"fault": "reset", "when": "after"}, LineUnknown),
            ({"fault": "never"}, LineUnknown),
            ({"fault": "half_reply"}, LineUnknown),
            ({"fault": "garbage"}, ReplyUnreadable),
            ({"fault": "http_error", "status": 502}, ReplyUnreadable),
            ({"fault": "http_error", "status": 404, "when": "before"}, ReplyUnreadable),
            ({"fault": "wrong_echo"}, ReplyUnreadable),
            ({"fault": "omit", "by": "row"}, ReplyUnreadable),
            ({"fault": "twice", "by": "row"}, ReplyUnreadable),
            ({"answer": {"code": "9000"}}, PartnerRefused),
            ({"answer": {"code": "7777"}}, PartnerRefused),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("kind", [HOLD, POST])
    def test_unknown_then_settled_by_the_same_again(
        self, bench: Bench, kind: CommandKind, rule: dict[str, object], error: type[Exception]
    ) -> None:
        port, items = bench.port(), [order(N1, (RICH, 5)), order(N2, (POOR, 6))]
        if kind is POST:
            port.command(bench.line(), HOLD, items)
        bench.fault(**{**rule, "match": {"code": kind.value, "first": 1}})
        with pytest.raises(error) as caught:
            port.command(bench.line(), kind, items)
        if isinstance(caught.value, PartnerRefused):
            assert not caught.value.final
        if error is ReplyUnreadable:
            assert bench.drifts
        assert all(one.done for one in port.command(bench.line(), kind, items))
        if kind is POST:
            booked = [(row["number"], row["amount_fen"]) for row in bench.hand.csv("postings")]
            assert sorted(booked) == [(N1, "5"), (N2, "6")]
        else:
            assert bench.hand.money(RICH)[1] == 5

    @pytest.mark.parametrize(("code", "drifts"), [("9101", 0), ("4321", 1)])
    def test_a_row_that_settles_nothing(self, bench: Bench, code: str, drifts: int) -> None:
        bench.fault(by="row", match={"where": {"MXBH": N2}, "first": 1}, answer={"code": code})
        port, items = bench.port(), [order(N1, (RICH, 5)), order(N2, (POOR, 6))]
        results = port.command(bench.line(), HOLD, items)
        assert [(one.done, one.reason) for one in results] == [(True, ""), (False, UNSETTLED)]
        assert len(bench.drifts) == drifts
        assert port.command(bench.line(), HOLD, items)[1].done

    def test_a_field_too_many_is_drift_and_no_trouble(self, bench: Bench) -> None:
        bench.fault(fault="extra_field")
        (result,) = bench.port().command(bench.line(), HOLD, [order(N1, (RICH, 5))])
        assert result.done
        assert bench.drifts == ["command.reply: nothing more here; also BZ"]
        assert len(bench.port().accounts(bench.line(), [RICH]).accounts) == 1
        assert len(bench.drifts) == 1

    def test_money_with_a_point_is_no_money(self, bench: Bench) -> None:
        bench.fault(fault="float_amount")
        with pytest.raises(ReplyUnreadable):
            bench.port().accounts(bench.line(), [RICH])
        assert len(bench.drifts) == 3
        assert all("type integer" in one and "10000" not in one for one in bench.drifts)

    def test_nobody_there(self, bench: Bench) -> None:
        with (
            HttpPartner({"api": "http://127.0.0.1:9"}) as nobody,
            pytest.raises(LineNotSent),
        ):
            bench.port().command(nobody.open_line(NoRecorder()), HOLD, [order(N1, (RICH, 5))])


class TestSigning:
    def test_a_wrong_key_is_refused_but_nothing_is_given_up(self, bench: Bench) -> None:
        for port, code in (
            (bench.port(key="0" * 64), "1001"),
            (bench.port(key_id="other"), "1006"),
        ):
            with pytest.raises(PartnerRefused) as caught:
                port.command(bench.line(), HOLD, [order(N1, (RICH, 5))])
            assert (caught.value.partner_code, caught.value.final) == (code, False)

    def test_a_clock_that_jumped(self, bench: Bench) -> None:
        bench.clock = FixedClock(datetime.now(SHANGHAI) + timedelta(hours=1))
        with pytest.raises(PartnerRefused) as caught:
            bench.port().accounts(bench.line(), [RICH])
        assert (caught.value.partner_code, caught.value.final) == ("1002", False)

    def test_a_key_file_that_is_none(self, bench: Bench, tmp_path: Path) -> None:
        with pytest.raises(Misconfigured, match="64 hex"):
            bench.port(key="secret")

    def test_two_calls_never_share_a_nonce(self, bench: Bench) -> None:
        port = bench.port()
        for _ in range(3):
            port.accounts(bench.line(), [RICH])


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=0, max_size=25))
def test_askable_is_the_contract_s_pattern(number: str) -> None:
    import json  # noqa: PLC0415
    import re  # noqa: PLC0415

    from adapters.core.reference.requests import askable  # noqa: PLC0415

    schema = json.loads((CONTRACT / "schemas/accounts.request.json").read_text("utf-8"))
    pattern = schema["$defs"]["GRZH"]["pattern"].replace("$", r"\Z")
    assert askable(number) == (re.search(pattern, number) is not None)
