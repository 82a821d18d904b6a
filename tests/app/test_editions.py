"""Two editions of one contract: which is spoken when, and which sets are refused."""

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.app.discover import FoundAdapter, discover, find_adapter
from hub.app.editions import InboundInForce, in_force, next_edition
from hub.app.expiries import endings
from hub.app.partners import Partners
from hub.cli.main import app
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.errors import Misconfigured, NotFound
from hub.kernel.secret import Secret
from hub.kernel.settings import (
    CONTRACTS,
    PartnerSettings,
    Settings,
    write_partners,
    write_secret,
)
from hub.ports.inbound import InboundAnswer, InboundRequest, Word
from hub.scaffold import AlreadyThere, BadScaffold
from hub.scaffold.edition import new_edition

GZNX = "bank-gznx"
BEGINS = date(2025, 10, 10)
BEFORE, AFTER = date(2025, 10, 9), BEGINS
NEXT = "2.0.0"


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A copy of every contract, to lay editions into."""
    return Path(shutil.copytree(CONTRACTS, tmp_path / "contracts"))


@pytest.fixture
def laid(contracts: Path) -> Path:
    return new_edition(contracts / "banks" / "gznx", NEXT, BEGINS)


def home(folder: Path, contracts: Path) -> Settings:
    """A deployment that reaches GZNX as the contract of today wants it."""
    contract = found(contracts).contract
    for name in contract.secrets:
        write_secret(folder / name, Secret("secret"))
    partner = PartnerSettings.model_validate(
        {
            "endpoints": {"link": "tcp://127.0.0.1:9", "files": "sftp://127.0.0.1:9/x"},
            "values": {name: key.example for name, key in contract.values.items()},
            "secrets": {name: name for name in contract.secrets},
        }
    )
    write_partners(folder / "hub.toml", {GZNX: partner}, top={"contracts": str(contracts)})
    return Settings.load(folder)


def found(contracts: Path, name: str = GZNX) -> FoundAdapter:
    return discover(Settings(contracts=contracts))[name]


def test_an_edition_is_in_force_from_its_day_on(contracts: Path, laid: Path) -> None:
    adapter = found(contracts)
    assert in_force(adapter, BEFORE).contract.version == "1.0.0"
    assert in_force(adapter, AFTER).contract.version == NEXT
    coming = next_edition(adapter, BEFORE)
    assert coming is not None
    assert coming.contract.effective_from == BEGINS
    assert next_edition(adapter, AFTER) is None
    assert find_adapter({GZNX: adapter}, GZNX, NEXT).contract.folder == laid.resolve()
    with pytest.raises(NotFound, match=r"1\.0\.0, 2\.0\.0"):
        find_adapter({GZNX: adapter}, GZNX, "3.0.0")


def test_a_partner_is_opened_as_the_day_says(contracts: Path, laid: Path, tmp_path: Path) -> None:
    text = (laid / "contract.yaml").read_text("utf-8")
    (laid / "contract.yaml").write_text(text.replace("batch_rows: 500", "batch_rows: 60"), "utf-8")
    settings = home(tmp_path, contracts)
    clock = FixedClock(datetime(2025, 10, 9, 23, 59, 59, tzinfo=SHANGHAI))
    partners = Partners(discover(settings), settings, clock)
    old = partners.seat(GZNX)
    assert (old.contract_version, old.port.batch_limit) == ("1.0.0", 500)
    assert partners.open(GZNX).contract_version == "1.0.0"
    clock.moment = datetime(2025, 10, 10, 0, 0, tzinfo=SHANGHAI)
    new = partners.seat(GZNX)
    assert (new.contract_version, new.port.batch_limit) == (NEXT, 60)
    assert partners.open(GZNX).contract_version == NEXT
    partners.close()


def test_what_an_edition_lacks_is_told_before_its_day_and_holds_up_nobody_on_it(
    contracts: Path, laid: Path, tmp_path: Path
) -> None:
    text = (laid / "contract.yaml").read_text("utf-8")
    second = "  second: {what: 新增的端口}\n"
    (laid / "contract.yaml").write_text(text.replace("  link:\n", f"{second}  link:\n", 1), "utf-8")
    settings = home(tmp_path, contracts)
    clock = FixedClock(datetime(2025, 9, 20, 9, tzinfo=SHANGHAI))
    partners = Partners(discover(settings), settings, clock)
    (told,) = [one for one in endings(settings, partners) if one.kind == "edition"]
    assert told.name.startswith(NEXT)
    assert "second" in told.name
    clock.moment = datetime(2025, 10, 10, 9, tzinfo=SHANGHAI)
    # What is written is of the new edition and waits; the terms are those that can be read.
    seat = partners.seat(GZNX)
    assert (seat.contract_version, seat.port.batch_limit) == (NEXT, 500)
    with pytest.raises(Misconfigured, match="second"):
        partners.open(GZNX)
    assert [one for one in endings(settings, partners) if one.kind == "edition"] == []
    partners.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("effective_from: 2025-10-10", "# when?"), "effective_from"),
        (lambda text: text.replace("bank-gznx", "bank-other", 1), "bank-other"),
        (lambda text: text.replace('version: "2.0.0"', 'version: "2.1.0"'), "NAME@VERSION"),
        (lambda text: text.replace("longest_lease_s: 30", "longest_lease_s: 115"), "settle_after"),
    ],
)
def test_a_set_that_cannot_follow_each_other_is_refused(
    contracts: Path, laid: Path, change: Callable[[str], str], said: str
) -> None:
    text = (laid / "contract.yaml").read_text("utf-8")
    changed = change(text)
    assert changed != text
    (laid / "contract.yaml").write_text(changed, "utf-8")
    with pytest.raises(Misconfigured, match=said):
        found(contracts)


def test_only_a_bank_has_editions(contracts: Path) -> None:
    new_edition(contracts / "one_thing" / "listing", NEXT, BEGINS)
    with pytest.raises(Misconfigured, match="only a bank"):
        found(contracts, "onething-listing")


def test_a_new_edition_is_a_copy_and_changes_nothing_that_holds(contracts: Path) -> None:
    home = contracts / "banks" / "gznx"
    before = (home / "contract.yaml").read_bytes()
    made = new_edition(home, NEXT, BEGINS)
    assert (home / "contract.yaml").read_bytes() == before
    assert {p.name for p in made.iterdir()} == {p.name for p in home.iterdir()}
    with pytest.raises(AlreadyThere):
        new_edition(home, NEXT, BEGINS)
    with pytest.raises(BadScaffold):
        new_edition(made, "3.0.0", BEGINS)
    with pytest.raises(BadScaffold):
        new_edition(home, "two", BEGINS)


def test_the_command_lays_an_edition_beside(
    contracts: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUB_CONTRACTS", str(contracts))
    words = ["new", "edition", GZNX, NEXT, "--from", "2025-10-10", "--home", str(tmp_path)]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    assert in_force(found(contracts), AFTER).contract.version == NEXT
    again = CliRunner().invoke(app, words)
    assert again.exit_code != 0
    assert "scaffold.already_there" in again.output


class _Ear:
    """A listening half that says which it is."""

    def __init__(self, version: str, routes: dict[str, int]) -> None:
        self.contract_version = version
        self.routes = routes

    def read(self, request: InboundRequest) -> object:
        raise AssertionError(request)

    def answer(self, request: InboundRequest, word: Word, sender_id: str = "") -> InboundAnswer:
        del request, word, sender_id
        return InboundAnswer(200, {}, self.contract_version.encode())


def test_the_listening_half_changes_with_the_day(contracts: Path, laid: Path) -> None:
    assert laid.exists()
    ears = {"1.0.0": _Ear("1.0.0", {"/a": 10}), NEXT: _Ear(NEXT, {"/a": 20, "/b": 5})}
    clock = FixedClock(datetime(2025, 10, 9, 12, tzinfo=SHANGHAI))
    both = InboundInForce(found(contracts), ears, clock)  # type: ignore[arg-type]
    asked = InboundRequest("/a", {}, b"", "127.0.0.1")
    assert both.answer(asked, Word.ACCEPTED).body == b"1.0.0"
    clock.moment = datetime(2025, 10, 10, 12, tzinfo=SHANGHAI)
    assert both.answer(asked, Word.ACCEPTED).body == NEXT.encode()
    assert both.contract_version == NEXT
    assert both.routes == {"/a": 20, "/b": 5}
