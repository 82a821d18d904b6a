"""Resources on the platforms' directories: each step once, in order, with its receipt, whatever
the line does."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.province.sharing import adapter as sharing
from adapters.province.upload import adapter as upload
from hub.app.directory import resources
from hub.app.discover import discover
from hub.audit.tables import audit_entry
from hub.bus import Bus, Worker
from hub.bus import tables as bus_tables
from hub.crypto import KeyRing
from hub.kernel.clocks import FixedClock, SystemClock
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.people import Actor, Party
from hub.people.words import Role
from hub.ports.context import AdapterContext
from hub.ports.directory import DirectoryPort
from hub.ports.line import Line
from hub.queries import directory as d
from hub.queries import directory_words as w
from hub.queries.directory_steps import StepHandler
from hub.queries.resources import Resource
from hub.sample import FOLDER
from hub.store import Store
from hub.store.vault import Vault
from hub.wire import CallRecorder, HttpPartner, NoRecorder
from tests.bus.kit import QUICK, Book
from tests.mocks.running import ROOT, Mock
from tests.province.kit import NOON
from tests.tables import make_tables

ADAPTERS = discover(Settings.load(None))
LI = Actor("li.si", Party.CENTRE, frozenset({Role.HANDLER}), 1)
CODE = "onething-listing.enterprise"
EACH = {
    "sharing": ("province-sharing", "guizhou-sharing", sharing),
    "supervision": ("province-upload", "guizhou-supervision", upload),
}


@dataclass
class Office:
    """A directory's office over its own database, and the platform's mock at its socket."""

    to: str
    interface: str
    store: Store
    bus: Bus
    platform: Mock
    http: HttpPartner
    port: DirectoryPort
    book: Book = field(default_factory=Book)
    timeout_s: float = 1.0
    lease_s: float = 10.0
    concurrency: int = 2
    contract_version: str = "1.0.0"

    def __post_init__(self) -> None:
        self.book = Book(**{self.interface.replace("-", "_"): self})
        self.directory = d.Directory(self.bus, FixedClock(NOON))
        self.target = w.Target(self.interface, "1.0.0")
        self.resources = resources(ADAPTERS, self.to)

    def open_line(self, recorder: CallRecorder) -> Line:
        return self.http.open_line(recorder)

    def publish(self, *now: Resource, breaking: bool = False, reason: str = "") -> list[Any]:
        with self.store.write() as tx:
            return self.directory.publish(
                tx, self.target, now or self.resources, LI, reason, breaking=breaking
            )

    def work(self, times: int = 1) -> None:
        handlers = {w.STEP: StepHandler(self.directory, self.bus)}
        worker = Worker(self.store, self.bus, handlers, self.book, 2)
        m = bus_tables.message
        for _ in range(times):
            with self.store.write() as tx:
                tx.execute(sa.update(m).where(m.c.ready_us.is_not(None)).values(ready_us=0))
                tx.execute(sa.update(bus_tables.channel).values(rest_until_us=0))
            worker.run_once()

    def settle(self, most: int = 400) -> None:
        for _ in range(most):
            self.work()
            with self.store.read() as view:
                left = view.scalar(
                    sa.select(sa.func.count()).where(
                        bus_tables.message.c.state.in_(["queued", "waiting", "in_flight"])
                    )
                )
            if not left:
                return
        raise AssertionError("steps are left")

    def standing(self, code: str = CODE) -> w.Standing:
        with self.store.read() as view:
            (found,) = [one for one in d.standings(view, self.interface) if one.code == code]
        return found

    def there(self) -> dict[str, Any]:
        """Code → what the platform holds of it."""
        said = self.platform.control("GET", "/resources")["resources"]
        return {one["code"]: one for one in said}

    def got(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.platform.control("GET", "/steps")["steps"]
        return found

    def acts(self, code: str = CODE) -> list[str]:
        with self.store.read() as view:
            return [
                row.act
                for row in view.execute(
                    sa.select(audit_entry.c.act)
                    .where(audit_entry.c.subject == f"directory:{self.interface}:{code}")
                    .order_by(audit_entry.c.id)
                )
            ]


@pytest.fixture(params=sorted(EACH))
def office(request: Any, empty_store: Store, tmp_path: Path) -> Iterator[Office]:
    yield from office_of(request.param, empty_store, tmp_path)


@pytest.fixture
def shared(empty_store: Store, tmp_path: Path) -> Iterator[Office]:
    yield from office_of("sharing", empty_store, tmp_path)


def office_of(to: str, store: Store, folder: Path) -> Iterator[Office]:
    interface, partner, module = EACH[to]
    make_tables(store, "audit_", "store_", "data_key", "bus_", "directory_")
    bus = Bus(Vault(KeyRing.create(folder / "keys")), {interface: QUICK})
    mock = Mock(partner, folder / "mocks", FOLDER)
    mock.start()
    key = (folder / "mocks" / interface / "app_key").read_text("ascii").strip()
    context = AdapterContext(
        interface, ROOT / "contracts_spec" / ADAPTERS[interface].manifest.contract.folder,
        {"rid": "QNGJJ", "sid": "CATALOG"}, {"app_key": Secret(key)}, SystemClock(),
    )  # fmt: skip
    try:
        with HttpPartner({"api": mock.urls["api"]}, timeout_s=1.0) as http:
            yield Office(to, interface, store, bus, mock, http, module.build(context))
    finally:
        mock.kill()


def changed(one: Resource, **said: Any) -> Resource:
    return replace(one, content={**one.content, **said})


def mine(office: Office, code: str = CODE) -> Resource:
    (found,) = [one for one in office.resources if one.code == code]
    return found


def test_all_goes_up_step_by_step_with_receipts_in_the_audit(office: Office) -> None:
    ordered = office.publish()
    assert {one.kind.value for one in ordered} == {"new"}
    office.settle()
    there = office.there()
    assert set(there) == {one.code for one in office.resources}
    assert {one["stage"] for one in there.values()} == {"up"}
    stands = office.standing()
    assert (stands.state, [one["stage"] for one in stands.steps]) == (
        "up", ["compile", "attach", "review", "publish"],
    )  # fmt: skip
    receipts = {one["number"]: one["receipt"] for one in office.got()}
    assert {one["number"]: one["receipt"] for one in stands.steps}.items() <= receipts.items()
    assert office.acts() == ["directory.ordered", *["directory.receipted"] * 4]
    document = there[CODE]["document"]
    assert (document["share"], document["provider"], document["contract"]) == (
        "02", "住房公积金管理中心", "1.0.0",
    )  # fmt: skip
    names = {one["name"]: one for one in document["items"]}
    assert names["jbr_sfzh"]["sensitive"]
    assert names["tyshxydm"]["required"]
    with pytest.raises(w.NothingToPublish):
        office.publish()


def test_what_was_lost_on_the_way_is_told_once(shared: Office) -> None:
    one = mine(shared)
    for count, fault in enumerate(("回执丢失", "目录失败", "密钥过期"), 1):
        shared.platform.control("POST", "/faults", {"scenario": fault})
        shared.publish(changed(one, frequency=f"第 {count} 次"))
        shared.settle()
        assert shared.standing().state == "up", fault
        shared.platform.control("DELETE", "/faults")
    got = shared.got()
    assert [each["stage"] for each in got] == ["compile", "attach", "review", "publish"] * 3
    assert got[0]["repeats"] == 1  # its receipt was lost, and given again
    assert [each["repeats"] for each in got[1:]] == [0] * 11


def test_a_platform_that_is_away_for_a_day_loses_nothing(shared: Office) -> None:
    shared.platform.kill()
    shared.publish(mine(shared))
    shared.work(12)
    assert shared.standing().state == "on_way"
    with pytest.raises(w.ResourceOnItsWay):
        shared.publish(changed(mine(shared), conditions="另议"))
    shared.platform.start()
    with HttpPartner({"api": shared.platform.urls["api"]}, timeout_s=1.0) as http:
        shared.http = http
        shared.settle()
    assert shared.standing().state == "up"


def test_a_reviewer_passes_or_sends_back(shared: Office) -> None:
    shared.platform.control("POST", "/pace", {"manual": True})
    shared.publish(mine(shared))
    shared.work(6)
    stands = shared.standing()
    assert (stands.state, stands.stage) == ("on_way", "attach")
    assert stands.steps[2]["asks"] >= 2  # asked about again under the same number
    verdict = {"code": CODE, "state": "03", "remark": "共享条件请写明依据"}
    shared.platform.control("POST", "/review", verdict)
    shared.settle()
    stands = shared.standing()
    assert (stands.state, stands.remark) == ("rejected", "共享条件请写明依据")
    assert [one["state"] for one in stands.steps] == [
        "receipted", "receipted", "refused", "dropped",
    ]  # fmt: skip
    assert shared.acts()[-1] == "directory.rejected"
    again = shared.publish(changed(mine(shared), conditions="依据共享协议"))
    assert again[0].kind.value == "new"  # what was sent back was never up
    shared.work(6)
    shared.platform.control("POST", "/review", verdict | {"state": "02"})
    shared.settle()
    assert (shared.standing().state, shared.standing().round) == ("up", 2)


def test_what_breaks_is_named_and_needs_a_reason(shared: Office) -> None:
    one = mine(shared)
    shared.publish(one)
    shared.settle()
    items = [item for item in one.content["items"] if item["name"] != "dwzh"]
    items = [{**item, "required": True} if item["name"] == "qymc" else item for item in items]
    for breaks, words in (
        (changed(one, items=items), "应答 dwzh 删除"),
        (changed(one, path="/elsewhere"), "path"),
        (changed(one, share="03"), "共享属性 02 → 03"),
    ):
        with pytest.raises(w.BreakingChange, match=words):
            shared.publish(breaks)
        with pytest.raises(w.NoReason):
            shared.publish(breaks, breaking=True)
    widened = changed(one, share="01", frequency="每日")
    assert [(c.kind.value, c.breaking) for c in shared.publish(widened)] == [("changed", ())]
    shared.settle()
    broken = changed(widened, path="/elsewhere")
    said = shared.publish(broken, breaking=True, reason="与调用方商定")
    assert said[0].breaking
    shared.settle()
    assert shared.there()[CODE]["stage"] == "up"
    steps = shared.standing().steps
    assert {(one["reason"], one["breaking"]) for one in steps} == {("与调用方商定", 1)}


def test_a_resource_that_is_gone_or_withdrawn_comes_down(shared: Office) -> None:
    shared.publish()
    shared.settle()
    left = [one for one in shared.resources if one.code != CODE]
    with pytest.raises(w.BreakingChange, match="资源不再提供"):
        shared.publish(*left)
    shared.publish(*left, breaking=True, reason="停用")
    shared.settle()
    assert (shared.standing().state, shared.there()[CODE]["stage"]) == ("down", "down")
    with shared.store.write() as tx, pytest.raises(w.NoSuchResource):
        shared.directory.withdraw(tx, shared.target, CODE, LI, "再下一次")
    other = left[0].code
    with shared.store.write() as tx:
        with pytest.raises(w.NoReason):
            shared.directory.withdraw(tx, shared.target, other, LI, " ")
        shared.directory.withdraw(tx, shared.target, other, LI, "合并")
    shared.settle()
    assert shared.there()[other]["stage"] == "down"
    assert shared.publish()[0].kind.value == "new"  # it may come back


def test_what_was_sent_back_is_measured_by_what_stands(shared: Office) -> None:
    one = mine(shared)
    shared.publish(one)
    shared.settle()
    shared.platform.control("POST", "/pace", {"manual": True})
    shared.publish(changed(one, conditions="另议"))
    shared.work(4)
    shared.platform.control("POST", "/review", {"code": CODE, "state": "03", "remark": "不妥"})
    shared.settle()
    assert shared.standing().state == "rejected"
    with pytest.raises(w.BreakingChange, match="path"):
        shared.publish(changed(one, path="/elsewhere"))
    assert [each.kind.value for each in shared.publish(changed(one, frequency="每日"))] == [
        "changed"
    ]
    shared.work(4)
    shared.platform.control("POST", "/review", {"code": CODE, "state": "02", "remark": ""})
    shared.settle()
    assert shared.standing().state == "up"


def test_a_step_out_of_order_is_the_platform_s_last_word(shared: Office) -> None:
    shared.platform.control("POST", "/pace", {"manual": True})
    shared.publish(mine(shared))
    shared.work(3)
    shared.platform.control("POST", "/reset", {})  # over there nobody knows it any more
    shared.settle()
    stands = shared.standing()
    assert (stands.state, stands.remark.split(" ")[0]) == ("refused", "404")
    assert shared.acts()[-1] == "directory.refused"


def test_the_probe_fetches_a_secret(shared: Office) -> None:
    seen = shared.port.probe(shared.http.open_line(NoRecorder()))
    assert (seen.reachable, seen.usable) == (True, True)
