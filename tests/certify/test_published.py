"""Our own side under test: the certificates of what others call, and what they cannot try at an
address that is not ours to arrange."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from hub.app.demo_site import Site
from hub.app.discover import discover
from hub.app.publishing import published
from hub.certify import Report
from hub.certify.acts.query import write_data
from hub.certify.called import signature
from hub.certify.own import Own, served
from hub.kernel.clocks import SystemClock
from hub.kernel.settings import Settings
from hub.queries.callers import Callers, Wanted
from tests.certify.kit import QUICK, Certificate, certify, suite_of, verdicts, why
from tests.papers.reader import read
from tests.shared import shared_place

RETIREMENT, SUPERVISION = "onething-retirement", "province-supervision"
PURCHASE, MIGRATION = "onething-home-purchase", "onething-migration"
LEAST = {
    "onething-listing": 34, "onething-bankruptcy": 34, RETIREMENT: 22, SUPERVISION: 63,
    PURCHASE: 36, MIGRATION: 22,
}  # fmt: skip
"""Interface → how many cases at least are mandatory."""


@pytest.fixture(scope="module", params=LEAST)
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    interface: str = request.param
    with shared_place(tmp_path_factory, f"certificate-{interface}") as home:
        home.mkdir(exist_ok=True)
        return certify(home, interface, *QUICK)


def test_every_mandatory_case_is_tried_and_passes(done: Certificate) -> None:
    interface = done.body["interface"]
    assert done.answer.code == 0, done.answer.err
    assert done.body["verdict"] == "green"
    cases = suite_of(interface).cases
    assert verdicts(done.body) == {case.number: "passed" for case in cases}
    assert done.body["counts"]["mandatory"] >= LEAST[interface]
    codes = done.body["coverage"]["codes"]
    expected = {
        "onething-listing": {"code": ["300"]},
        "onething-bankruptcy": {"code": ["300", "304"]},
        SUPERVISION: {"code": ["300"]},
        PURCHASE: {
            "entry_code": ["S09"], "redeem_code": ["503"], "push_code": ["302", "406", "503"],
        },
        # Busy and cannot-store are ours alone; nothing here is enciphered; nobody is refused.
        RETIREMENT: {
            "push_code": ["302", "406", "503"], "reply_code": ["404", "409"], "progress": ["4"],
        },
        MIGRATION: {"push_code": ["302", "406", "503"], "reply_code": ["404", "409"]},
    }  # fmt: skip
    untouched = {name: table["untouched"] for name, table in codes.items() if table["untouched"]}
    assert {name: set(said) for name, said in untouched.items()} == {
        name: set(said) for name, said in expected[interface].items()
    }


def test_nobody_is_in_the_report(done: Certificate) -> None:
    text = json.dumps(done.body, ensure_ascii=False) + Report(done.body).html()
    text += read(Report(done.body).paper()).text()
    for private in ("522701199001011238", "𠮷田𬭩·阿依努尔", "522700196501010004",
                    "冯微风", "52270019870228000X", "52279900000044"):  # fmt: skip
        assert private not in text


@pytest.mark.parametrize("algorithm", ["HMAC-SHA256", "HMAC-SM3"])
def test_the_caller_signs_as_the_golden_headers_say(algorithm: str) -> None:
    """The certificate's caller shares no code with the adapter; both meet the contract's sample."""
    folder = suite_of("onething-listing").contract.folder
    golden = yaml.safe_load((folder / "samples" / "signatures.yaml").read_text("utf-8"))
    assert signature(algorithm, golden["secret"], golden["text"]) == golden["sign"][algorithm]


@dataclass(frozen=True)
class Elsewhere:
    """A door that is somebody else's to arrange: its address, and what the tester was given."""

    own: Own
    arranged: Path


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    adapters = discover(Settings(home=folder))
    listing = suite_of("onething-listing")
    (folder / "data").mkdir()
    write_data(listing, folder / "data")
    now = SystemClock().now()
    with served(adapters, "onething-listing", folder / "data", Site(folder), now) as own:
        grantable = {name: port.grantable for name, port in published(own.hub).items()}
        wanted = Wanted(
            rid="TESTER-1", interface="onething-listing", purpose="联调", basis="联调",
            until=now.date() + timedelta(days=1), shown=("state",), title="联调方",
            per_minute=10_000,
        )  # fmt: skip
        with own.hub.store.write() as tx:
            given = Callers(own.hub.vault, own.clock).grant(tx, wanted, grantable, own.by)
        assert given.secret is not None
        secret = folder / "app-secret"
        secret.touch(mode=0o600)
        secret.write_text(given.secret.reveal() + "\n", "ascii")
        firm = listing.subjects["firm"]
        said = {
            "values": {"rid": "TESTER-1",
                       "sid": listing.contract.values["sid"].example},
            "secrets": {"app_secret": "app-secret"},
            "subjects": {"firm": {"unit_name": firm["unit_name"], "uscc": firm["uscc"]}},
        }  # fmt: skip
        arranged = folder / "arranged.yaml"
        arranged.write_text(yaml.safe_dump(said, allow_unicode=True), "utf-8")
        yield Elsewhere(own, arranged)


def test_an_address_is_tried_as_far_as_a_caller_can(elsewhere: Elsewhere, tmp_path: Path) -> None:
    cases = [word for case in ("Q1", "Q2", "Q301", "Q305") for word in ("--case", case)]
    done = certify(
        tmp_path, "onething-listing", "--against", elsewhere.own.door, "--arrange",
        str(elsewhere.arranged), *cases,
    )  # fmt: skip
    said = verdicts(done.body)
    assert (done.answer.code, done.body["verdict"], done.body["failed"]) == (3, "incomplete", [])
    for number in ("Q101", "Q105", "Q201", "Q202", "Q203", "Q204", "Q205", "Q305", "Q301-qymc"):
        assert said[number] == "passed", why(done.body, number)
    assert "测试户 clean" in why(done.body, "Q104")
    assert "的登记" in why(done.body, "Q107")
    assert "须由中心安排（grant）" in why(done.body, "Q206")
    assert done.body["against"]["endpoints"] == {"door": elsewhere.own.door}


def test_nobody_at_the_address(elsewhere: Elsewhere, tmp_path: Path) -> None:
    words = ["--against", "http://127.0.0.1:9", "--arrange", str(elsewhere.arranged)]
    certify(tmp_path, "onething-listing", *words).answer.refused("certify.nobody_there", 2)
